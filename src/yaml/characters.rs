//! Bytes before grammar: UTF-8, and the characters that no file may hold, literally or as an escape. Knows no YAML structure.
use super::problems::Problems;
use crate::diagnostics::{Code, Diagnostic, SourceSpan};

/// The code under which a character is refused in source text; `None`: it is welcome.
pub(super) fn refused(character: char) -> Option<Code> {
    match character {
        '\t' | '\n' | '\r' => None,
        '\u{feff}' => Some(Code::YamlByteOrderMark),
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => Some(Code::YamlBidiCharacter),
        '\u{2028}' | '\u{2029}' | '\u{fffe}' | '\u{ffff}' => Some(Code::YamlControlCharacter),
        other => other.is_control().then_some(Code::YamlControlCharacter),
    }
}

/// As [`refused`], for the result of an escape: a carriage return written as `\r` is no line end.
fn refused_by_escape(character: char) -> Option<Code> {
    if character == '\r' { Some(Code::YamlControlCharacter) } else { refused(character) }
}

/// Whether decoded text holds a character that only an escape can have brought in.
pub(super) fn needs_escape_check(text: &str) -> bool {
    text.as_bytes().contains(&b'\r') || suspects(text).any(|(_, character)| refused(character).is_some())
}

/// A walk through text that knows its line and column.
#[derive(Debug, Clone, Copy)]
pub(super) struct Walk {
    offset: usize,
    line: u32,
    column: u32,
}

impl Walk {
    pub(super) fn start() -> Self {
        Self { offset: 0, line: 1, column: 1 }
    }

    fn at(offset: usize, span: SourceSpan) -> Self {
        Self { offset, line: span.line, column: span.column }
    }

    /// Moves on to a byte offset, which must be a character boundary at or after the present one.
    pub(super) fn to(&mut self, text: &str, offset: usize) -> SourceSpan {
        let bytes = text.as_bytes();
        for position in self.offset..offset {
            match bytes[position] {
                b'\n' => self.next_line(),
                b'\r' if bytes.get(position + 1) != Some(&b'\n') => self.next_line(),
                byte if byte & 0xc0 != 0x80 => self.column = self.column.saturating_add(1),
                _ => {}
            }
        }
        self.offset = offset;
        SourceSpan { line: self.line, column: self.column, length: 1 }
    }

    fn next_line(&mut self) {
        self.line += 1;
        self.column = 1;
    }
}

/// The text of a file without a leading byte-order mark. `None` when it is not UTF-8; refused characters are reported, and the text still given.
pub(super) fn text<'a>(bytes: &'a [u8], problems: &mut Problems) -> Option<&'a str> {
    let (valid, bad) = match std::str::from_utf8(bytes) {
        Ok(text) => (text, None),
        Err(error) => {
            let (valid, rest) = bytes.split_at(error.valid_up_to());
            (std::str::from_utf8(valid).unwrap_or_default(), rest.first().copied())
        }
    };
    let text = valid.strip_prefix('\u{feff}').unwrap_or(valid);
    if text.len() < valid.len() {
        problems.add(|| character_problem(Code::YamlByteOrderMark, '\u{feff}', ""), SourceSpan { line: 1, column: 1, length: 1 });
    }
    let mut walk = Walk::start();
    let plain = is_plain(text);
    for (offset, character) in suspects(if plain { "" } else { text }) {
        if let Some(code) = refused(character) {
            let place = walk.to(text, offset);
            problems.add(|| character_problem(code, character, ""), place);
        }
    }
    let Some(byte) = bad else { return Some(text) };
    let place = walk.to(text, text.len());
    problems.add(
        || {
            Diagnostic::error(Code::YamlInvalidUtf8, format!("the file is not valid UTF-8: unexpected byte 0x{byte:02x}"))
                .label("not UTF-8")
                .help("save the file as UTF-8")
        },
        place,
    );
    None
}

/// Reports the escapes of a double-quoted scalar that stand for refused characters. `source` begins at `offset` of `text`, at `place`.
pub(super) fn escapes(text: &str, range: std::ops::Range<usize>, place: SourceSpan, problems: &mut Problems) {
    let mut walk = Walk::at(range.start, place);
    let source = text.get(range.clone()).unwrap_or_default();
    let mut rest = 0;
    while let Some(found) = source[rest..].find('\\') {
        let start = rest + found;
        let digits = match source.as_bytes().get(start + 1) {
            Some(b'x') => 2,
            Some(b'u') => 4,
            Some(b'U') => 8,
            _ => 0,
        };
        let end = start + 2 + digits;
        let Some(escape) = source.get(start + 1..end) else {
            rest = start + 1 + source[start + 1..].chars().next().map_or(0, char::len_utf8);
            continue;
        };
        if let Some(character) = meaning(escape)
            && let Some(code) = refused_by_escape(character)
        {
            let span = SourceSpan { length: u32::try_from(2 + digits).unwrap_or(2), ..walk.to(text, range.start + start) };
            problems.add(|| character_problem(code, character, &format!(", written as `\\{escape}`")), span);
        }
        rest = end;
    }
}

fn meaning(escape: &str) -> Option<char> {
    let mut characters = escape.chars();
    match characters.next()? {
        '0' => Some('\0'),
        'a' => Some('\u{7}'),
        'b' => Some('\u{8}'),
        'v' => Some('\u{b}'),
        'f' => Some('\u{c}'),
        'r' => Some('\r'),
        'e' => Some('\u{1b}'),
        'N' => Some('\u{85}'),
        'L' => Some('\u{2028}'),
        'P' => Some('\u{2029}'),
        'x' | 'u' | 'U' => u32::from_str_radix(characters.as_str(), 16).ok().and_then(char::from_u32),
        _ => None,
    }
}

fn character_problem(code: Code, character: char, how: &str) -> Diagnostic {
    let number = character as u32;
    let (what, help) = match code {
        Code::YamlByteOrderMark => ("byte-order mark", "save the file as UTF-8 without a byte-order mark"),
        Code::YamlBidiCharacter => ("bidirectional control character", "remove it: it makes text look other than it is"),
        _ => ("control character", "remove it"),
    };
    Diagnostic::error(code, format!("{what} U+{number:04X}{how}")).label(format!("U+{number:04X}")).help(help)
}

/// Characters that may be refused, with their offsets: a cheap look at bytes that lets ordinary text pass.
fn suspects(text: &str) -> impl Iterator<Item = (usize, char)> {
    let bytes = text.as_bytes().iter().enumerate();
    let suspect = bytes.filter(|(_, byte)| SUSPECT[usize::from(**byte)]);
    suspect.filter_map(|(offset, _)| Some((offset, text.get(offset..)?.chars().next()?)))
}

/// Whether all of it is printable ASCII, tabs and line ends: the case of nearly all files, looked at many bytes at a time.
fn is_plain(text: &str) -> bool {
    let plain = |byte: &u8| matches!(byte, b' '..=b'~' | b'\t' | b'\n' | b'\r');
    // Without an early end within a chunk, which would keep it from being looked at as a whole.
    text.as_bytes().chunks(256).all(|chunk| chunk.iter().fold(true, |all, byte| all & plain(byte)))
}

/// First bytes of refused characters.
const SUSPECT: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 0x20 {
        table[byte] = byte != 0x09 && byte != 0x0a && byte != 0x0d;
        byte += 1;
    }
    table[0x7f] = true;
    table[0xc2] = true;
    table[0xd8] = true;
    table[0xe2] = true;
    table[0xef] = true;
    table
};
