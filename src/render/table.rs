//! Aligned columns: one line a row, the last column wrapped to the terminal.
use unicode_width::UnicodeWidthStr;

use super::palette::{Ink, Style};

/// One cell: text that is already safe to show, and its colour.
#[derive(Debug, Clone)]
pub struct Cell {
    pub text: String,
    pub ink: Option<Ink>,
}

impl Cell {
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), ink: None }
    }

    pub fn inked(text: impl Into<String>, ink: Ink) -> Self {
        Self { text: text.into(), ink: Some(ink) }
    }
}

/// Lays rows out under dimmed headings, two spaces between columns. No row: no text.
pub fn table(headings: &[&str], rows: &[Vec<Cell>], style: Style) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let mut widths: Vec<usize> = headings.iter().map(|heading| heading.width()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.text.width());
        }
    }
    let heading: Vec<Cell> = headings.iter().map(|text| Cell::inked(*text, Ink::Dim)).collect();
    let mut out = String::new();
    for row in std::iter::once(&heading).chain(rows) {
        line(&mut out, row, &widths, style);
    }
    out
}

fn line(out: &mut String, row: &[Cell], widths: &[usize], style: Style) {
    let before: usize = widths.iter().rev().skip(1).map(|width| width + 2).sum();
    // A column narrower than this would break every word.
    let room = style.width.saturating_sub(before).max(24);
    let mut pending = 0;
    for (i, cell) in row.iter().enumerate() {
        let last = i + 1 == widths.len();
        let parts = if last { wrap(&cell.text, room) } else { vec![cell.text.clone()] };
        for (n, part) in parts.iter().enumerate() {
            if n > 0 {
                out.push('\n');
                pending = before;
            }
            if !part.is_empty() {
                out.extend(std::iter::repeat_n(' ', std::mem::take(&mut pending)));
                out.push_str(&cell.ink.map_or_else(|| part.clone(), |ink| style.paint(ink, part)));
            }
            pending += (widths[i] + 2).saturating_sub(part.width());
        }
    }
    out.push('\n');
}

/// Breaks text at spaces into lines of at most `room` columns; a longer word stays whole.
pub fn wrap(text: &str, room: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let width = word.width();
        let current = lines.last_mut().expect("there is always a line");
        // A line that begins with `::` would be a command where CI reads along.
        if used > 0 && used + 1 + width > room && !word.starts_with("::") {
            lines.push(word.to_owned());
            used = width;
        } else {
            if used > 0 {
                current.push(' ');
                used += 1;
            }
            current.push_str(word);
            used += width;
        }
    }
    lines
}

/// The text followed by spaces up to `width` columns; at least one space when it is longer.
pub fn pad(text: &str, width: usize) -> String {
    let mut out = String::with_capacity(text.len().max(width) + 1);
    push_padded(&mut out, text, width);
    out
}

/// As [`pad`], onto the end of a text.
pub fn push_padded(out: &mut String, text: &str, width: usize) {
    let spaces = width.saturating_sub(columns(text)).max(1);
    out.push_str(text);
    out.extend(std::iter::repeat_n(' ', spaces));
}

/// The columns that a text takes. Plain ASCII, which is nearly all text, takes one a byte.
pub fn columns(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.width() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_align_by_what_the_eye_sees() {
        let rows = [vec![Cell::new("a"), Cell::new("x")], vec![Cell::new("日本"), Cell::new("y")], vec![Cell::new("b"), Cell::new("")]];
        assert_eq!(table(&["K", "V"], &rows, Style::PLAIN), "K     V\na     x\n日本  y\nb\n");
    }

    #[test]
    fn no_line_begins_as_a_command() {
        assert_eq!(wrap("one two three ::add-mask::x four", 14), ["one two three ::add-mask::x", "four"]);
    }

    #[test]
    fn the_last_column_wraps() {
        let rows = [vec![Cell::new("a"), Cell::new("one two three four five six seven")]];
        let text = table(&["K", "SAYS"], &rows, Style { colour: false, width: 27 });
        assert_eq!(text, "K  SAYS\na  one two three four five\n   six seven\n");
    }
}
