//! Builds the places of diagnostics, only when there is something to say.
use std::sync::Arc;

use crate::diagnostics::{Part, Place, Route, Step};

/// An entry of a file that checks point into: file and route, borrowed.
#[derive(Clone, Copy)]
pub(super) struct Entry<'a> {
    pub file: &'a Arc<str>,
    pub route: &'a [&'a str],
}

impl Entry<'_> {
    /// The entry's own name, or the file when the entry is the whole document.
    pub fn name(&self) -> Place {
        if self.route.is_empty() { Place::File(self.file.clone()) } else { self.place(&[], None, Part::Field) }
    }

    /// The name of a field below the entry.
    pub fn field(&self, below: &[&str]) -> Place {
        self.place(below, None, Part::Field)
    }

    /// The value of a field below the entry.
    pub fn value(&self, below: &[&str]) -> Place {
        self.place(below, None, Part::Value)
    }

    /// One item of a list below the entry.
    pub fn item(&self, below: &[&str], index: usize) -> Place {
        self.place(below, Some(index), Part::Value)
    }

    fn place(&self, below: &[&str], index: Option<usize>, part: Part) -> Place {
        let fields = self.route.iter().chain(below).map(|name| Step::Field(Arc::from(*name)));
        let route = Route(fields.chain(index.map(Step::Index)).collect());
        Place::Route { file: self.file.clone(), route, part }
    }
}

/// A text as messages show it: escaped and cut to a length that people read.
pub(super) fn short(text: &str) -> String {
    const LIMIT: usize = 80;
    let mut shown: String = text.chars().take(LIMIT).flat_map(char::escape_debug).collect();
    if text.chars().nth(LIMIT).is_some() {
        shown.push('…');
    }
    shown
}
