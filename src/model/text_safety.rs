//! Makes text from files and providers safe to show: what would steer a terminal, or make text look other than it is, becomes visible.
use std::borrow::Cow;

/// The text with control, bidirectional and zero-width characters written as `\u{…}`, line breaks and tabs included; and `##`, which begins a
/// command where CI reads along, with its second `#` so.
pub fn safe(text: &str) -> Cow<'_, str> {
    if is_safe(text) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    let mut before = ' ';
    for character in text.chars() {
        if is_unsafe(character) || (character == '#' && before == '#') {
            shown.extend(character.escape_unicode());
        } else {
            shown.push(character);
        }
        before = character;
    }
    Cow::Owned(shown)
}

/// Whether nothing in a text needs to be made visible. Nearly all text is plain ASCII, which a look at its bytes settles.
pub fn is_safe(text: &str) -> bool {
    // Looked at to the end even when one is found: so the processor takes many at a time.
    let plain = text.bytes().fold(true, |plain, byte| plain & matches!(byte, b' '..=b'"' | b'$'..=b'~'));
    plain || !(text.contains("##") || text.chars().any(is_unsafe))
}

/// Whether a character is invisible, steers the terminal or reorders its neighbours.
pub fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{fffe}' | '\u{ffff}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// A text of others between backticks, which nothing in it can end: the words around it are ours.
pub fn quoted(text: &str) -> String {
    format!("`{}`", safe(text).replace('`', "\\u{60}"))
}

/// How many of several things a sentence names.
const NAMED: usize = 4;

/// Ids of which one is meant: "`a` or `b`"; what are many is counted.
pub fn one_of<'a>(ids: impl IntoIterator<Item = &'a str>) -> String {
    let mut ids = ids.into_iter().map(|id| format!("`{}`", safe(id)));
    let mut named: Vec<String> = ids.by_ref().take(NAMED).collect();
    match ids.count() {
        0 => {}
        more => named.push(format!("{more} others")),
    }
    named.join(" or ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_text_ends_where_we_end_it() {
        assert_eq!(quoted("@team` (approved) `x"), "`@team\\u{60} (approved) \\u{60}x`");
        assert_eq!(quoted("plain"), "`plain`");
    }

    #[test]
    fn steering_characters_become_visible() {
        for (text, shown) in [
            ("plain é 日本 😀", "plain é 日本 😀"),
            ("a #1 ##[add-mask]x ###", "a #1 #\\u{23}[add-mask]x #\\u{23}\\u{23}"),
            ("a\x1b[31mb", "a\\u{1b}[31mb"),
            ("a\u{202e}b\u{200b}", "a\\u{202e}b\\u{200b}"),
            ("a\nb\tc\r", "a\\u{a}b\\u{9}c\\u{d}"),
            ("\u{9b}1m\u{7f}\u{e0041}", "\\u{9b}1m\\u{7f}\\u{e0041}"),
        ] {
            assert_eq!(safe(text), shown);
        }
        assert!(matches!(safe("plain"), Cow::Borrowed(_)));
    }
}
