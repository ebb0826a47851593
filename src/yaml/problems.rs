//! Collects what is wrong with one file, at most so many, each at its line and column.
use std::sync::Arc;

use crate::diagnostics::{Code, Diagnostic, Place, Report, SourceSpan};

/// How many problems of one file are told apart; more are counted.
pub(super) const MAX_PROBLEMS: usize = 100;

/// The problems of one file.
#[derive(Debug, Default)]
pub(super) struct Problems {
    told: Vec<(SourceSpan, Diagnostic)>,
    untold: usize,
    untold_code: Option<Code>,
}

/// A point to come back to after a trial.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    told: usize,
    untold: usize,
}

impl Problems {
    /// Adds one problem; what is over the limit is counted and not built.
    pub(super) fn add(&mut self, build: impl FnOnce() -> Diagnostic, place: SourceSpan) {
        if self.told.len() < MAX_PROBLEMS {
            self.told.push((place, build()));
        } else {
            self.untold += 1;
            self.untold_code.get_or_insert_with(|| build().code);
        }
    }

    pub(super) fn count(&self) -> usize {
        self.told.len() + self.untold
    }

    pub(super) fn mark(&self) -> Mark {
        Mark { told: self.told.len(), untold: self.untold }
    }

    /// Forgets everything added since the mark.
    pub(super) fn rewind(&mut self, mark: Mark) {
        self.told.truncate(mark.told);
        self.untold = mark.untold;
    }

    /// Hands everything to the report.
    pub(super) fn into_report(self, file: &Arc<str>, report: &mut Report) {
        for (span, diagnostic) in self.told {
            report.push(diagnostic.at(Place::Span { file: file.clone(), span }));
        }
        if let Some(code) = self.untold_code.filter(|_| self.untold > 0) {
            let message = format!("{} more problems in this file", self.untold);
            report.push(Diagnostic::error(code, message).at(Place::File(file.clone())));
        }
    }
}
