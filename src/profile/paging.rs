//! How a listing comes in pages, and when its pages make one whole. Arithmetic only.
use std::collections::BTreeSet;
use std::ops::Range;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::reader::Pointer;

/// How a listing comes in pages.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Paging {
    /// One answer holds everything.
    #[default]
    None,
    /// Pages by number.
    Page(PageNumbers),
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

/// Where an answer holds a number beside its items.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Source {
    Header(String),
    Body(Pointer),
}

fn one() -> u32 {
    1
}

/// Listings with more pages than this are taken for a provider that never ends.
pub const MOST_PAGES: u32 = 100_000;

/// The pages after the first one, by the total and the number of items on the first page.
///
/// The items on the first page, not the size asked for, are the step: providers lower a size they find too large. `None` when the first page is
/// empty although there is something, or when there would be more than [`MOST_PAGES`].
pub fn following(first: u32, total: u64, on_first: usize) -> Option<Range<u32>> {
    let on_first = on_first as u64;
    if total <= on_first {
        return Some(first + 1..first + 1);
    }
    let pages = total.checked_div(on_first)? + u64::from(!total.is_multiple_of(on_first));
    let pages = u32::try_from(pages).ok().filter(|pages| *pages <= MOST_PAGES)?;
    Some(first + 1..first.checked_add(pages)?)
}

/// Whether the pages make one whole: all tell the same total, it is the number of items, and no id comes twice.
pub fn is_whole<'a>(totals: &[Option<u64>], ids: impl Iterator<Item = &'a str>) -> bool {
    let mut seen = BTreeSet::new();
    let mut count = 0_u64;
    for id in ids {
        count += 1;
        if !seen.insert(id) {
            return false;
        }
    }
    match totals.first() {
        Some(Some(total)) => *total == count && totals.iter().all(|other| *other == Some(*total)),
        Some(None) | None => totals.iter().all(Option::is_none),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pages_after_the_first_are_counted_by_what_it_held() {
        assert_eq!(following(1, 250, 100), Some(2..4));
        assert_eq!(following(1, 200, 100), Some(2..3));
        assert_eq!(following(1, 100, 100), Some(2..2));
        assert_eq!(following(1, 0, 0), Some(2..2));
        assert_eq!(following(0, 250, 50), Some(1..5));
        assert_eq!(following(1, 7, 0), None);
        assert_eq!(following(1, u64::MAX, 1), None);
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
