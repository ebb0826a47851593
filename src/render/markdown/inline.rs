//! Text of others as Markdown that shows exactly that: no markup, HTML, mention, reference, link, emoji or command comes out of it.
use std::borrow::Cow;
use std::fmt::Write as _;

use crate::model::text_safety::{is_unsafe, safe};

/// Breaks what GitHub and GitLab would turn into a mention, a reference or a link when the page is made already.
const BREAK: &str = "&#8203;";
/// Runs of so many hexadecimal digits are taken for commits.
const COMMIT: usize = 7;

/// Text whose backticks enclose code.
pub fn prose(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for (is_code, piece) in pieces(text) {
        if is_code {
            out.push_str(&code(piece));
        } else {
            for (i, part) in piece.split('`').enumerate() {
                out.push_str(if i > 0 { "&#96;" } else { "" });
                plain(&mut out, part);
            }
        }
    }
    out
}

/// The pieces of a text, and whether each stood between backticks. A backtick within a word is a part of it: names may have some.
pub fn pieces(text: &str) -> Vec<(bool, &str)> {
    let (mut pieces, mut rest, mut done) = (Vec::new(), text, 0);
    let bytes = text.as_bytes();
    let inside = |at: Option<&u8>| at.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte >= 0x80 || *byte == b'`');
    let at = |from: usize| text[from..].match_indices('`').map(move |(n, _)| from + n);
    let mut from = 0;
    while let Some(open) = at(from).find(|open| *open == 0 || !inside(bytes.get(open - 1))) {
        // Where this one has no partner, no later one has.
        let Some(close) = at(open + 1).find(|close| *close > open + 1 && !inside(bytes.get(close + 1))) else { break };
        pieces.push((false, &text[done..open]));
        pieces.push((true, &text[open + 1..close]));
        done = close + 1;
        from = done;
        rest = &text[done..];
    }
    pieces.push((false, rest));
    pieces.retain(|(is_code, piece)| *is_code || !piece.is_empty());
    pieces
}

/// Longest text of others in a row, in characters. What happens to a trusted file is shorter: it has been cut around its difference.
const SHOWN: usize = 500;

/// A text as it is shown: a long one is cut, and says how long it is. Nobody may fill a page so that the rows of others are folded away.
pub fn shortened(text: &str, most: usize) -> Cow<'_, str> {
    match text.char_indices().nth(most) {
        None => text.into(),
        Some((at, _)) => format!("{}… ({} characters)", &text[..at], text.chars().count()).into(),
    }
}

/// Code that nothing can end early: a span where the text is harmless, an HTML element elsewhere, since backticks do not hold in every place.
pub fn code(text: &str) -> String {
    let text = &*shortened(text, SHOWN);
    let harmless = |c: char| c.is_ascii_alphanumeric() || " .,:;/_-*@#=+?!%()$'~^".contains(c);
    if !text.is_empty() && text.trim() == text && text.chars().all(harmless) {
        return format!("`{text}`");
    }
    // Addresses become links within the element, too.
    let mut out = "<code>".to_owned();
    plain(&mut out, text);
    out + "</code>"
}

/// A block of code in a language, its lines as they are. No text in it can end it, or look like the comment that marks the whole.
pub fn fence(language: &str, lines: &str, indent: &str) -> String {
    let longest = lines.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let ticks = "`".repeat(longest.max(2) + 1);
    let mut out = format!("{indent}{ticks}{language}\n");
    for line in lines.lines() {
        let line = safe(line);
        let line = if line.contains("<!--") || line.contains("-->") {
            line.replace("<!--", "\\u{3c}!--").replace("-->", "--\\u{3e}")
        } else {
            line.into_owned()
        };
        let _ = writeln!(out, "{}", format!("{indent}{line}").trim_end());
    }
    out + indent + &ticks + "\n"
}

/// Whether it can stand between `<` and `>`.
pub fn is_link(text: &str) -> bool {
    text.starts_with("https://") && text.chars().all(|c| c.is_ascii_graphic() && !matches!(c, '<' | '>' | '`' | '\\' | '"'))
}

/// Prose without code. What is escaped here would still be found in the finished page, so it is broken as well.
fn plain(out: &mut String, text: &str) {
    let mut hexadecimal = 0;
    let mut before = ' ';
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        hexadecimal = if character.is_ascii_hexdigit() { hexadecimal + 1 } else { 0 };
        if hexadecimal == COMMIT {
            out.push_str(BREAK);
            hexadecimal = 1;
        }
        push(out, character);
        let next = characters.peek().copied().unwrap_or(' ');
        let refers = match character {
            '@' | '#' | '!' | '$' | '~' | '%' | '^' | '&' | ':' | '/' => !next.is_whitespace(),
            '.' => matches!(before, 'w' | 'W') && !next.is_whitespace(),
            '-' => matches!(before, 'h' | 'H') && next.is_ascii_digit(),
            _ => false,
        };
        if refers {
            out.push_str(BREAK);
            hexadecimal = 0;
        }
        before = character;
    }
}

/// One character that Markdown and HTML show as it is.
fn push(out: &mut String, character: char) {
    match character {
        _ if is_unsafe(character) => out.extend(character.escape_unicode()),
        '&' => out.push_str("&amp;"),
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        // As a numeric reference nothing is a mark any more.
        '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '#' | '+' | '!' | '|' | '~' | '@' | ':' | '"' | '\'' | '$' | '^' => {
            let _ = write!(out, "&#{};", u32::from(character));
        }
        _ => out.push(character),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn harmless_text_stays_readable() {
        assert_eq!(code("pcx:webhooks:*"), "`pcx:webhooks:*`");
        assert_eq!(code("@acme/payments"), "`@acme/payments`", "nobody is called from within code");
        assert_eq!(prose("scopes differ; `a:b` is gone, 3 -> 4"), "scopes differ; `a:b` is gone, 3 -&gt; 4");
        assert_eq!(code(&"x".repeat(70_000)), format!("<code>{}… &#40;70000 characters&#41;</code>", "x".repeat(500)));
        assert_eq!(code(""), "<code></code>");
        assert_eq!(code("a|b"), "<code>a&#124;b</code>");
        assert_eq!(code("日本 `x`"), "<code>日本 &#96;x&#96;</code>");
        let linked = "<code>www.&#8203;evil.example/&#8203;x &#91;a&#93; b&#64;&#8203;c.example</code>";
        assert_eq!(code("www.evil.example/x [a] b@c.example"), linked, "no address becomes a link");
    }

    #[test]
    fn names_with_backticks_stay_whole() {
        for (text, expected) in [
            ("the label `a`b` is long", vec![(false, "the label "), (true, "a`b"), (false, " is long")]),
            ("`x`: `y` -> `z`", vec![(true, "x"), (false, ": "), (true, "y"), (false, " -> "), (true, "z")]),
            ("don`t", vec![(false, "don`t")]),
            ("one ` alone", vec![(false, "one ` alone")]),
            ("`", vec![(false, "`")]),
            ("", vec![]),
            ("`é`ü` ok", vec![(true, "é`ü"), (false, " ok")]),
        ] {
            assert_eq!(pieces(text), expected, "{text}");
        }
        assert_eq!(prose("`a`b`"), "<code>a&#96;b</code>");
        let long = "`a".repeat(100_000);
        assert_eq!(pieces(&long).len(), 1, "and it takes no time");
    }

    #[test]
    fn nothing_refers_to_anything() {
        for (text, shown) in [
            ("@everyone", "&#64;&#8203;everyone"),
            ("see #1", "see &#35;&#8203;1"),
            ("GH-12", "GH-&#8203;12"),
            ("acme/repo#1", "acme/&#8203;repo&#35;&#8203;1"),
            ("!3 $4 %5", "&#33;&#8203;3 &#36;&#8203;4 %&#8203;5"),
            (":smile:", "&#58;&#8203;smile&#58;"),
            ("https://evil.example", "https&#58;&#8203;/&#8203;/&#8203;evil.example"),
            ("www.evil.example", "www.&#8203;evil.example"),
            ("41d07ab8", "41d07a&#8203;b8"),
            ("one ` alone @x", "one &#96; alone &#64;&#8203;x"),
            ("due: today", "due&#58; today"),
        ] {
            assert_eq!(prose(text), shown);
        }
    }

    #[test]
    fn no_text_ends_a_block_of_code() {
        for n in 1..12 {
            let ticks = "`".repeat(n);
            let block = fence("diff", &format!("+ a {ticks} b\n{ticks}\n"), "");
            let (first, last) = (block.lines().next().expect("a line"), block.lines().last().expect("a line"));
            assert_eq!(first, format!("{last}diff"));
            assert!(
                !block.lines().rev().skip(1).any(|line| line.trim().chars().all(|c| c == '`') && line.trim().len() >= last.len()),
                "{block}"
            );
        }
        let block = fence("diff", "+ <!-- keywright:plan {} -->\u{202e}\u{1b}[2J\n", "  ");
        assert_eq!(block, "  ```diff\n  + \\u{3c}!-- keywright:plan {} --\\u{3e}\\u{202e}\\u{1b}[2J\n  ```\n");
    }
}
