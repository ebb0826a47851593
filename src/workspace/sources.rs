//! The bytes of a workspace's files, and the places of routes in them.
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::lines::Lines;
use crate::diagnostics::{Excerpt, Locate, Part, Route, SourceSpan};
use crate::yaml::{self, Places};

/// Every text file that was read, by path below the workspace.
#[derive(Default)]
pub struct Sources {
    files: BTreeMap<Arc<str>, Vec<u8>>,
}

/// Answers for one report. Keeps what it found out of the last file: diagnostics come file by file.
struct Locator<'a> {
    sources: &'a Sources,
    last: RefCell<Option<Indexed<'a>>>,
}

/// One file prepared for questions.
struct Indexed<'a> {
    file: &'a str,
    bytes: &'a [u8],
    lines: Lines<'a>,
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

    /// The paths of all of them, in order.
    pub fn names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.files.keys()
    }

    fn locator(&self) -> Locator<'_> {
        Locator { sources: self, last: RefCell::new(None) }
    }
}

impl<'a> Locator<'a> {
    fn ask<T>(&self, file: &str, question: impl FnOnce(&mut Indexed<'a>) -> Option<T>) -> Option<T> {
        let mut last = self.last.borrow_mut();
        if last.as_ref().is_none_or(|indexed| indexed.file != file) {
            let (file, bytes) = self.sources.files.get_key_value(file)?;
            *last = Some(Indexed { file, bytes, lines: Lines::of(bytes), places: None });
        }
        question(last.as_mut()?)
    }
}

impl Locate for Sources {
    fn locate(&self, file: &str, route: &Route, part: Part) -> Option<SourceSpan> {
        self.locator().locate(file, route, part)
    }

    fn excerpt(&self, file: &str, at: SourceSpan) -> Option<Excerpt> {
        self.locator().excerpt(file, at)
    }

    fn prepared(&self) -> Option<Box<dyn Locate + '_>> {
        Some(Box::new(self.locator()))
    }
}

impl Locate for Locator<'_> {
    fn locate(&self, file: &str, route: &Route, part: Part) -> Option<SourceSpan> {
        self.ask(file, |indexed| {
            if indexed.places.is_none() {
                indexed.places = yaml::text_of(indexed.bytes).map(Places::of);
            }
            indexed.places.as_mut()?.locate(route, part)
        })
    }

    fn excerpt(&self, file: &str, at: SourceSpan) -> Option<Excerpt> {
        self.ask(file, |indexed| indexed.lines.excerpt(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_has_its_own_lines() {
        let mut sources = Sources::default();
        sources.add("a".into(), b"one".to_vec());
        sources.add("b".into(), b"other".to_vec());
        let locator = sources.locator();
        let first = SourceSpan { line: 1, column: 1, length: 1 };
        let lines = ["a", "b", "a", "c"].map(|file| locator.excerpt(file, first).map(|excerpt| excerpt.text));
        assert_eq!(lines, [Some("one"), Some("other"), Some("one"), None].map(|line| line.map(str::to_owned)));
    }
}
