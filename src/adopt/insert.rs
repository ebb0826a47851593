//! Puts entries into the text of a manifest. What is there stays as it is, comments and line ends included.
use crate::diagnostics::{Part, Route};
use crate::yaml::{self, Places};

/// The text of a manifest with more entries at the end of its `keys`. `None`: it is not written in a form that can be extended.
///
/// `entries`: lines without indentation. `before`: a manifest that was read without errors; without one, a new file is made.
pub fn insert(before: Option<&[u8]>, account: &str, entries: &[String]) -> Option<String> {
    let Some(bytes) = before else {
        let account = yaml::write(&account);
        let head = format!("# begun by `keywright import`; this file is yours to edit\naccount: {}\nkeys:\n", account.trim_end());
        return Some(head + &lines(entries, 2, "\n"));
    };
    let text = yaml::text_of(bytes)?;
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    // A carriage return alone ends a line, too, and would be counted otherwise here.
    if text.replace("\r\n", "").contains('\r') {
        return None;
    }
    let rows: Vec<&str> = text.split_inclusive('\n').collect();
    let keys = Route::default().field("keys");
    let mut places = Places::of(text);
    if places.locate(&Route::default().field("account"), Part::Field)?.column != 1 {
        return None;
    }
    let Some(name) = places.locate(&keys, Part::Field) else {
        return Some(joined(&rows, rows.len(), &format!("keys:{end}{}", lines(entries, 2, end)), end));
    };
    let value = places.locate(&keys, Part::Value)?;
    if name.column != 1 {
        return None;
    }
    let row = name.line as usize - 1;
    if value.line == name.line {
        // Nothing but an empty mapping can stand there and be extended.
        let (head, empty) = rows.get(row)?.split_once("{}")?;
        let line = format!("{}{}", head.trim_end(), empty.trim_end_matches(['\r', '\n']));
        let line = if line.trim_end().ends_with(':') { line.trim_end().to_owned() } else { line };
        let text = format!("{line}{end}{}", lines(entries, 2, end));
        return Some(format!("{}{text}{}", rows[..row].concat(), rows[row + 1..].concat()));
    }
    let indent = value.column as usize - 1;
    if indent == 0 {
        return None;
    }
    let inside = |line: &str| line.starts_with(' ') && !line.trim().is_empty();
    let outside = |line: &&str| !line.trim().is_empty() && !line.starts_with(' ') && !line.starts_with('#');
    let after = rows.iter().skip(row + 1).position(outside).map_or(rows.len(), |at| at + row + 1);
    let last = rows[..after].iter().rposition(|line| inside(line))? + 1;
    Some(joined(&rows, last, &lines(entries, indent, end), end))
}

fn lines(entries: &[String], indent: usize, end: &str) -> String {
    let mut text = String::new();
    for line in entries.iter().flat_map(|entry| entry.lines()) {
        text.extend(std::iter::repeat_n(' ', indent));
        text.push_str(line);
        text.push_str(end);
    }
    text
}

/// The rows with a text before one of them.
fn joined(rows: &[&str], at: usize, text: &str, end: &str) -> String {
    let (head, tail) = rows.split_at(at);
    let head = head.concat();
    let gap = if head.is_empty() || head.ends_with('\n') { "" } else { end };
    format!("{head}{gap}{text}{}", tail.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn becomes(before: &str, after: &str) {
        let entries = ["# note\nnew:\n  scopes: [a]\n".to_owned()];
        assert_eq!(insert(Some(before.as_bytes()), "pay", &entries).as_deref(), Some(after));
    }

    #[test]
    fn entries_come_at_the_end_of_the_keys() {
        becomes(
            "account: pay\nkeys:\n  a: { scopes: [x] } # one\n  # two\n\n# three\nmoved: []\n",
            "account: pay\nkeys:\n  a: { scopes: [x] } # one\n  # two\n  # note\n  new:\n    scopes: [a]\n\n# three\nmoved: []\n",
        );
        becomes(
            "# top\nkeys:\n    a:\n        scopes: [x]\naccount: pay",
            "# top\nkeys:\n    a:\n        scopes: [x]\n    # note\n    new:\n      scopes: [a]\naccount: pay",
        );
        becomes("account: pay\nkeys:\n  a: {scopes: [x]}", "account: pay\nkeys:\n  a: {scopes: [x]}\n  # note\n  new:\n    scopes: [a]\n");
        becomes("account: pay\n", "account: pay\nkeys:\n  # note\n  new:\n    scopes: [a]\n");
        becomes("account: pay\nkeys: {}  # none\n# end\n", "account: pay\nkeys:  # none\n  # note\n  new:\n    scopes: [a]\n# end\n");
        becomes("keys: {}\naccount: pay\n", "keys:\n  # note\n  new:\n    scopes: [a]\naccount: pay\n");
        becomes(
            "account: pay\r\nkeys:\r\n  a: {scopes: [x]}\r\n",
            "account: pay\r\nkeys:\r\n  a: {scopes: [x]}\r\n  # note\r\n  new:\r\n    scopes: [a]\r\n",
        );
    }

    #[test]
    fn other_forms_are_left_alone() {
        for text in ["{ account: pay, keys: {} }\n", "account: pay\nkeys: { a: { scopes: [x] } }\n", "account: pay\rkeys: {}\r"] {
            assert_eq!(insert(Some(text.as_bytes()), "pay", &["new: {}".to_owned()]), None, "{text}");
        }
    }

    #[test]
    fn a_new_file_names_its_account() {
        let text = insert(None, "no", &["a: {}\n".to_owned()]).expect("a new file");
        assert!(text.ends_with("keys:\n  a: {}\n") && (text.contains("account: 'no'") || text.contains("account: \"no\"")), "{text}");
    }
}
