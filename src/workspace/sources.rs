//! The bytes of a workspace's files, and the places of routes in them.
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::diagnostics::{Locate, Part, Route, SourceSpan};
use crate::yaml::{self, Places};

/// Every text file that was read, by path below the workspace.
#[derive(Default)]
pub struct Sources {
    files: BTreeMap<Arc<str>, Vec<u8>>,
}

/// Answers where routes are. Keeps what it found out of the last file: diagnostics come file by file.
pub struct Locator<'a> {
    sources: &'a Sources,
    last: RefCell<Option<Indexed<'a>>>,
}

/// One file prepared for questions.
struct Indexed<'a> {
    file: &'a str,
    bytes: &'a [u8],
    /// Where each line begins.
    starts: Vec<usize>,
    places: Option<Places<'a>>,
}

impl Sources {
    pub fn add(&mut self, file: Arc<str>, bytes: Vec<u8>) {
        self.files.insert(file, bytes);
    }

    /// The bytes of a file that was read.
    pub fn bytes(&self, file: &str) -> Option<&[u8]> {
        self.files.get(file).map(Vec::as_slice)
    }

    /// Answers for one report.
    pub fn locator(&self) -> Locator<'_> {
        Locator { sources: self, last: RefCell::new(None) }
    }
}

impl<'a> Locator<'a> {
    fn ask<T>(&self, file: &str, question: impl FnOnce(&mut Indexed<'a>) -> Option<T>) -> Option<T> {
        let mut last = self.last.borrow_mut();
        if last.as_ref().is_none_or(|indexed| indexed.file != file) {
            let (file, bytes) = self.sources.files.get_key_value(file)?;
            *last = Some(Indexed { file, bytes, starts: line_starts(bytes), places: None });
        }
        question(last.as_mut()?)
    }
}

impl Locate for Locator<'_> {
    fn locate(&self, file: &str, route: &Route, part: Part) -> Option<SourceSpan> {
        self.ask(file, |indexed| {
            if indexed.places.is_none() {
                indexed.places = yaml::text_of(indexed.bytes).map(Places::of);
            }
            indexed.places.as_ref()?.locate(route, part)
        })
    }

    fn line(&self, file: &str, line: u32) -> Option<String> {
        self.ask(file, |indexed| {
            let index = usize::try_from(line).ok()?.checked_sub(1)?;
            let start = *indexed.starts.get(index)?;
            let end = indexed.starts.get(index + 1).copied().unwrap_or(indexed.bytes.len());
            let line = String::from_utf8_lossy(&indexed.bytes[start..end]);
            Some(line.trim_start_matches('\u{feff}').trim_end_matches(['\n', '\r']).to_owned())
        })
    }
}

/// Lines end with a line feed, a carriage return, or both, as in YAML.
fn line_starts(bytes: &[u8]) -> Vec<usize> {
    let ends = bytes.iter().enumerate().filter(|(i, byte)| **byte == b'\n' || (**byte == b'\r' && bytes.get(i + 1) != Some(&b'\n')));
    std::iter::once(0).chain(ends.map(|(i, _)| i + 1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_told_without_their_ends() {
        let mut sources = Sources::default();
        sources.add("a".into(), b"one\r\ntwo\nthree\rfour".to_vec());
        sources.add("b".into(), b"other".to_vec());
        let locator = sources.locator();
        let lines: Vec<Option<String>> = (0..=5).map(|line| locator.line("a", line)).collect();
        let expected = [None, Some("one"), Some("two"), Some("three"), Some("four"), None];
        assert_eq!(lines, expected.map(|line| line.map(str::to_owned)));
        assert_eq!(locator.line("b", 1).as_deref(), Some("other"));
        assert_eq!(locator.line("c", 1), None);
    }
}
