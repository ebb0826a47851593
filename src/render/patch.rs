//! What a suggested replacement changes, as the lines of a patch.
use similar::{ChangeTag, TextDiff};

use crate::diagnostics::Located;

/// The marked line before and after, each line with its sign; absent where nothing is suggested or the whole line is not known.
pub fn patch(diagnostic: &Located) -> Option<String> {
    let (before, after) = sides(diagnostic)?;
    let difference = TextDiff::from_lines(&before, &after);
    let mut out = String::new();
    for change in difference.iter_all_changes() {
        let sign = match change.tag() {
            ChangeTag::Delete => '-',
            ChangeTag::Insert => '+',
            ChangeTag::Equal => ' ',
        };
        out.push_str(&format!("{sign} {}\n", change.value().trim_end_matches('\n')));
    }
    Some(out)
}

/// The line as it is, and with the replacement in it; each ends with a line feed.
fn sides(diagnostic: &Located) -> Option<(String, String)> {
    let (replacement, source) = (diagnostic.replacement.as_deref()?, diagnostic.source.as_ref()?);
    // Of a long line only a part is there.
    if Some(source.column) != diagnostic.column {
        return None;
    }
    let (start, length) = (source.column as usize - 1, diagnostic.length as usize);
    let before: String = source.text.chars().take(start).collect();
    let after: String = source.text.chars().skip(start + length).collect();
    Some((format!("{}\n", source.text), format!("{before}{replacement}{after}\n")))
}

#[cfg(test)]
pub(crate) mod samples {
    use super::*;
    use crate::diagnostics::{Code, Excerpt, Severity};

    /// A wildcard that is not allowed, and what may stand instead.
    pub fn open_ended() -> Located {
        Located {
            // Rules of the policy have their own codes.
            code: "policy/open-ended".parse().unwrap_or(Code::ManifestUnknownScope),
            severity: Severity::Error,
            message: "wildcard `pcx:webhooks:*` is not allowed".to_owned(),
            file: Some("keys/payconex.yaml".into()),
            line: Some(34),
            column: Some(16),
            length: 16,
            source: Some(Excerpt { text: "      scopes: [\"pcx:webhooks:*\"]".to_owned(), column: 16 }),
            label: Some("also grants every webhook scope added later".to_owned()),
            help: Some("list the scopes that it grants today".to_owned()),
            replacement: Some("pcx:webhooks:create, pcx:webhooks:read".to_owned()),
            notes: vec!["policy: keywright.yaml:27 at origin/main".to_owned()],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replacement_is_shown_in_its_line() {
        let patch = patch(&samples::open_ended()).expect("a patch");
        assert_eq!(patch, "-       scopes: [\"pcx:webhooks:*\"]\n+       scopes: [pcx:webhooks:create, pcx:webhooks:read]\n");
    }

    #[test]
    fn several_lines_may_take_the_place_of_one() {
        let mut diagnostic = samples::open_ended();
        diagnostic.replacement = Some("a,\n        b".to_owned());
        let patch = patch(&diagnostic).expect("a patch");
        assert_eq!(patch.lines().count(), 3, "{patch}");
        assert!(patch.contains("+       scopes: [a,\n+         b]\n"), "{patch}");
    }

    #[test]
    fn without_the_whole_line_there_is_none() {
        let diagnostic = Located { column: Some(4000), ..samples::open_ended() };
        assert_eq!(patch(&diagnostic), None);
        assert_eq!(patch(&Located { replacement: None, ..samples::open_ended() }), None);
        assert_eq!(patch(&Located { source: None, ..samples::open_ended() }), None);
    }
}
