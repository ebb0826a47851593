//! How a listing comes in pages, and when its pages make one whole. Arithmetic only.
use std::collections::HashSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::pointer::Pointer;

/// How a listing comes in pages.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Paging {
    /// One answer holds everything.
    #[default]
    None,
    /// Pages by number.
    Page(PageNumbers),
    /// Pages by how many items have been read.
    Offset(Offsets),
    /// Each answer says where the next one begins.
    Cursor(Cursor),
    /// Each answer gives the URL of the next one.
    Next(NextUrl),
}

/// Pages by number; the query names `{page}` and `{limit}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PageNumbers {
    /// The number of the first page.
    #[serde(default = "one")]
    pub first: u32,
    /// How many items to ask for.
    #[schemars(range(min = 1))]
    pub size: u32,
    /// Where an answer tells how many items there are in all. Without it pages are read one by one.
    #[serde(default)]
    pub total: Option<Source>,
}

/// Pages by how many items have been read; the query or the body names `{offset}` and `{limit}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Offsets {
    /// How many items to ask for.
    #[schemars(range(min = 1))]
    pub size: u32,
    /// Where an answer tells how many items there are in all. Without it pages are read one by one.
    #[serde(default)]
    pub total: Option<Source>,
}

/// Each answer says where the next one begins; the query or the body names `{cursor}`, which the first request leaves out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cursor {
    pub next: CursorSource,
    /// Where an answer says whether there is more: a boolean. Absent: there is more while `next` gives a value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub more: Option<Pointer>,
}

/// Where an answer says where the next one begins. Absent, null and empty: nowhere, it was the last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum CursorSource {
    /// A place in the answer.
    Body(Pointer),
    /// A header of the answer.
    Header(String),
    /// A value of the last entry.
    Last(Pointer),
}

/// Where an answer gives the URL of the next one, absolute or relative. Absent, null and empty: it was the last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum NextUrl {
    /// A place in the answer.
    Body(Pointer),
    /// The `Link` header, by the relation, such as `next`.
    Link(String),
}

/// Where an answer holds a number beside its items.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Source {
    /// A header of the answer.
    Header(String),
    /// A place in the answer.
    Body(Pointer),
}

fn one() -> u32 {
    1
}

/// Listings with more pages than this are taken for a provider that never ends.
pub const MOST_PAGES: u32 = 100_000;

/// How many pages there are, by the total and the number of items on the first page.
///
/// The items on the first page, not the size asked for, are the step: providers lower a size they find too large. `None` when the first page is
/// empty although there is something, or when there would be more than [`MOST_PAGES`].
pub fn pages(total: u64, on_first: usize) -> Option<u32> {
    let on_first = on_first as u64;
    if total <= on_first {
        return Some(1);
    }
    let pages = total.checked_div(on_first)? + u64::from(!total.is_multiple_of(on_first));
    u32::try_from(pages).ok().filter(|pages| *pages <= MOST_PAGES)
}

/// Whether the pages make one whole: all tell the same total, it is the number of items, and no item comes twice.
pub fn is_whole<'a>(totals: &[Option<u64>], items: impl Iterator<Item = &'a str>) -> bool {
    let items: Vec<&str> = items.collect();
    let fits = match totals.first() {
        Some(Some(total)) => *total == items.len() as u64 && totals.iter().all(|other| *other == Some(*total)),
        Some(None) | None => totals.iter().all(Option::is_none),
    };
    fits && items.iter().collect::<HashSet<_>>().len() == items.len()
}

/// The target of a relation in the values of `Link` headers (RFC 8288).
pub fn link<'a>(headers: impl Iterator<Item = &'a str>, relation: &str) -> Option<&'a str> {
    headers
        .flat_map(links)
        .find(|(_, relations)| relations.split_ascii_whitespace().any(|one| one.eq_ignore_ascii_case(relation)))
        .map(|(target, _)| target)
}

/// Each target with its relations. A comma or a semicolon inside `<…>` or quotes separates nothing.
fn links(header: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    let mut rest = header;
    while let Some((target, after)) = rest.split_once('<').and_then(|(_, after)| after.split_once('>')) {
        let mut quoted = false;
        let end = after.find(|c| {
            quoted ^= c == '"';
            c == ',' && !quoted
        });
        let (params, next) = after.split_at(end.unwrap_or(after.len()));
        let relation =
            params.split(';').filter_map(|param| param.split_once('=')).find(|(name, _)| name.trim().eq_ignore_ascii_case("rel"));
        found.push((target, relation.map_or("", |(_, value)| value.trim().trim_matches('"'))));
        rest = next;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_counted_by_what_the_first_held() {
        for (total, on_first, expected) in [
            (250, 100, Some(3)),
            (200, 100, Some(2)),
            (100, 100, Some(1)),
            (0, 0, Some(1)),
            (250, 50, Some(5)),
            (7, 0, None),
            (u64::MAX, 1, None),
        ] {
            assert_eq!(pages(total, on_first), expected, "{total} {on_first}");
        }
    }

    #[test]
    fn a_link_is_found_by_its_relation() {
        let of = |header: &'static str| link(std::iter::once(header), "next");
        assert_eq!(
            of(r#"<https://a/x?c=1>; rel="previous"; results="false", <https://a/x?c=2,3;4>; title="a, b"; rel="last next""#),
            Some("https://a/x?c=2,3;4")
        );
        assert_eq!(of("</x?page=2>; REL=NEXT"), Some("/x?page=2"));
        for none in ["", "<", "<https://a>", r#"<https://a>; rel="prev""#, r#"<https://a>; title="rel=next""#, "https://a; rel=next"] {
            assert_eq!(of(none), None, "{none}");
        }
        assert_eq!(link(["<a>; rel=prev", "<b>; rel=next"].into_iter(), "next"), Some("b"));
    }

    #[test]
    fn doubt_is_not_whole() {
        let whole = |totals: &[Option<u64>], ids: &[&str]| is_whole(totals, ids.iter().copied());
        assert!(whole(&[Some(2), Some(2)], &["a", "b"]));
        assert!(whole(&[None, None], &["a", "b"]));
        assert!(whole(&[Some(0)], &[]));
        assert!(!whole(&[Some(2), Some(3)], &["a", "b"]));
        assert!(!whole(&[Some(3), Some(3)], &["a", "b"]));
        assert!(!whole(&[Some(2), Some(2)], &["a", "a"]));
        assert!(!whole(&[Some(2), None], &["a", "b"]));
        assert!(!whole(&[None], &["a", "a"]));
    }
}
