//! Makes text from outside safe to show: no character of it can move a cursor, hide or reorder what a reader sees.
use std::borrow::Cow;

/// The text with control, bidirectional and invisible characters as visible escapes.
pub fn safe(text: &str) -> Cow<'_, str> {
    if text.chars().any(steers_terminals) {
        Cow::Owned(text.chars().map(|c| if steers_terminals(c) { c.escape_unicode().to_string() } else { c.to_string() }).collect())
    } else {
        Cow::Borrowed(text)
    }
}

/// Whether a character can steer a terminal, or change the order or the look of its neighbours.
pub fn steers_terminals(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}
