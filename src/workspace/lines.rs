//! Finds lines and columns of a file again, in time and memory that no file can make large: many lines, or one line of many million characters.
use crate::diagnostics::{Excerpt, SourceSpan};

/// Line ends are counted once in pieces of this many bytes: what is searched for each line.
const BLOCK: usize = 256;
/// Bytes of a line kept before a place and after its beginning: more than is ever drawn.
const BEFORE: usize = 2048;
const AFTER: usize = 4096;

/// The lines of one file. Lines end with a line feed, a carriage return, or both, as in YAML.
pub(super) struct Lines<'a> {
    /// Without a byte-order mark, which is no column.
    bytes: &'a [u8],
    /// Line ends before each block.
    before: Vec<u32>,
    /// Line, column and offset of the place last asked for: the next one is mostly near.
    last: Option<(u32, u32, usize)>,
}

impl<'a> Lines<'a> {
    pub fn of(bytes: &'a [u8]) -> Self {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let mut lines = Self { bytes, before: Vec::new(), last: None };
        let mut count = 0;
        for start in (0..bytes.len()).step_by(BLOCK) {
            lines.before.push(count);
            let ends = (start..bytes.len().min(start + BLOCK)).filter(|&offset| lines.ends_at(offset)).count();
            count += u32::try_from(ends).expect("a block is small");
        }
        lines
    }

    /// The line of a place, as much of it as may be drawn. `None` when the file has no such line.
    pub fn excerpt(&mut self, at: SourceSpan) -> Option<Excerpt> {
        let offset = self.offset(at)?;
        let in_line = |offset: &usize| !self.is_break(*offset);
        let start = (offset.saturating_sub(BEFORE)..offset).rev().take_while(in_line).last().unwrap_or(offset);
        let start = (start..offset).find(|&offset| self.begins_character(offset)).unwrap_or(offset);
        let end = (offset..self.bytes.len().min(offset + AFTER)).take_while(in_line).last().map_or(offset, |last| last + 1);
        let before = (start..offset).filter(|&offset| self.begins_character(offset)).count();
        Some(Excerpt {
            text: String::from_utf8_lossy(&self.bytes[start..end]).into_owned(),
            column: u32::try_from(before).expect("an excerpt is short") + 1,
        })
    }

    /// The offset of a place: of its column, or of the end of its line.
    fn offset(&mut self, at: SourceSpan) -> Option<usize> {
        // Asked for beside many places: what is known of the last one stays.
        if at.column <= 1 {
            return self.start(at.line);
        }
        let (mut column, mut offset) = match self.last {
            Some((line, column, offset)) if line == at.line => (column, offset),
            Some(_) | None => (1, self.start(at.line)?),
        };
        while column < at.column && offset < self.bytes.len() && !self.is_break(offset) {
            offset += 1;
            column += u32::from(self.begins_character(offset));
        }
        while column > at.column {
            offset -= 1;
            column -= u32::from(self.begins_character(offset));
        }
        self.last = Some((at.line, column, offset));
        Some(offset)
    }

    fn start(&self, line: u32) -> Option<usize> {
        let ends = line.checked_sub(1)?;
        if ends == 0 {
            return Some(0);
        }
        let block = self.before.partition_point(|before| *before < ends).checked_sub(1)?;
        let more = usize::try_from(ends - self.before[block]).ok()?;
        let mut found = (block * BLOCK..self.bytes.len().min((block + 1) * BLOCK)).filter(|&offset| self.ends_at(offset));
        found.nth(more - 1).map(|end| end + 1)
    }

    /// Whether a line end is complete with this byte.
    fn ends_at(&self, offset: usize) -> bool {
        match self.bytes[offset] {
            b'\n' => true,
            b'\r' => self.bytes.get(offset + 1) != Some(&b'\n'),
            _ => false,
        }
    }

    fn is_break(&self, offset: usize) -> bool {
        matches!(self.bytes[offset], b'\n' | b'\r')
    }

    /// The end of the file counts as one.
    fn begins_character(&self, offset: usize) -> bool {
        self.bytes.get(offset).is_none_or(|byte| byte & 0xc0 != 0x80)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(line: u32, column: u32) -> SourceSpan {
        SourceSpan { line, column, length: 1 }
    }

    fn told(lines: &mut Lines, line: u32, column: u32) -> Option<(String, u32)> {
        lines.excerpt(at(line, column)).map(|excerpt| (excerpt.text, excerpt.column))
    }

    #[test]
    fn lines_are_told_without_their_ends() {
        let mut lines = Lines::of("\u{feff}one\r\ntwé\n\nthree\rfour".as_bytes());
        let texts: Vec<Option<String>> = (0..=6).map(|line| told(&mut lines, line, 1).map(|(text, _)| text)).collect();
        let expected = [None, Some("one"), Some("twé"), Some(""), Some("three"), Some("four"), None];
        assert_eq!(texts, expected.map(|line| line.map(str::to_owned)));
        for (line, column, expected) in [(2, 3, 3), (2, 4, 4), (2, 9, 4), (2, 1, 1), (5, 2, 2), (3, 1, 1)] {
            assert_eq!(told(&mut lines, line, column).map(|(_, column)| column), Some(expected), "{line}:{column}");
        }
        assert_eq!(told(&mut Lines::of(b""), 1, 1), Some((String::new(), 1)));
    }

    #[test]
    fn long_lines_are_told_around_the_place() {
        let text = format!("{}HERE{}\nnext", "é".repeat(100_000), "y".repeat(100_000));
        let mut lines = Lines::of(text.as_bytes());
        for column in [100_001, 100_003, 1, 150_000, 100_001] {
            let (text, within) = told(&mut lines, 1, column).expect("a line");
            assert!(text.len() <= BEFORE + AFTER, "{}", text.len());
            let shown = text.chars().nth(within as usize - 1);
            let expected = ['H', 'R', 'é', 'y'][[100_001, 100_003, 1, 150_000].iter().position(|known| *known == column).expect("listed")];
            assert_eq!(shown, Some(expected), "{column}");
        }
    }

    #[test]
    fn the_beginning_of_a_line_is_told_beside_every_place() {
        let text = "x".repeat(100_000);
        let mut lines = Lines::of(text.as_bytes());
        for column in [40_000, 90_000, 90_001] {
            told(&mut lines, 1, column).expect("a line");
            let near = lines.last;
            assert_eq!(told(&mut lines, 1, 1), Some((text[..AFTER].to_owned(), 1)));
            assert_eq!(lines.last, near, "or else the next one is far again");
        }
    }

    #[test]
    fn every_line_of_many_is_found() {
        let text: String = (1..=10_000).map(|number| format!("line {number}\r\n")).collect();
        let mut lines = Lines::of(text.as_bytes());
        for number in (1..=10_000).rev().chain([1, 9_999, 2]) {
            assert_eq!(told(&mut lines, number, 1), Some((format!("line {number}"), 1)));
        }
    }
}
