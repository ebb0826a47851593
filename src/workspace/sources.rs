//! The bytes of a workspace's files, and the places of routes in them.
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::diagnostics::{Locate, Part, Route, SourceSpan};
use crate::yaml;

/// Every text file that was read, by path below the workspace.
#[derive(Default)]
pub struct Sources {
    files: BTreeMap<Arc<str>, Vec<u8>>,
    /// Diagnostics come file by file: what was found out of the last file serves the next question.
    last: RefCell<Option<Indexed>>,
}

/// One file prepared for questions.
struct Indexed {
    file: Arc<str>,
    /// Where each line begins.
    starts: Vec<usize>,
    tree: Option<yaml::Tree>,
}

impl Sources {
    pub fn add(&mut self, file: Arc<str>, bytes: Vec<u8>) {
        self.files.insert(file, bytes);
    }

    /// The bytes of a file that was read.
    pub fn bytes(&self, file: &str) -> Option<&[u8]> {
        self.files.get(file).map(Vec::as_slice)
    }

    fn ask<T>(&self, file: &str, question: impl FnOnce(&[u8], &mut Indexed) -> Option<T>) -> Option<T> {
        let (file, bytes) = self.files.get_key_value(file)?;
        let mut last = self.last.borrow_mut();
        let indexed = match last.take() {
            Some(indexed) if indexed.file == *file => last.insert(indexed),
            Some(_) | None => last.insert(Indexed { file: file.clone(), starts: line_starts(bytes), tree: None }),
        };
        question(bytes, indexed)
    }
}

impl Locate for Sources {
    fn locate(&self, file: &str, route: &Route, part: Part) -> Option<SourceSpan> {
        self.ask(file, |bytes, indexed| {
            let tree = indexed.tree.get_or_insert_with(|| yaml::Tree::new(bytes));
            tree.locate(route, part)
        })
    }

    fn line(&self, file: &str, line: u32) -> Option<String> {
        self.ask(file, |bytes, indexed| {
            let index = usize::try_from(line).ok()?.checked_sub(1)?;
            let start = *indexed.starts.get(index)?;
            let end = indexed.starts.get(index + 1).copied().unwrap_or(bytes.len());
            let line = String::from_utf8_lossy(&bytes[start..end]);
            Some(line.trim_end_matches(['\n', '\r']).to_owned())
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
        let lines: Vec<Option<String>> = (0..=5).map(|line| sources.line("a", line)).collect();
        let expected = [None, Some("one"), Some("two"), Some("three"), Some("four"), None];
        assert_eq!(lines, expected.map(|line| line.map(str::to_owned)));
        assert_eq!(sources.line("b", 1).as_deref(), Some("other"));
        assert_eq!(sources.line("c", 1), None);
    }
}
