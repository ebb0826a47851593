//! Collects diagnostics and turns routes into lines.
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::secrecy::may_hold_secret;
use super::{Code, Diagnostic, Part, Place, Route, Severity};

/// A place on one line. Lines and columns count from 1; columns and length in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourceSpan {
    pub line: u32,
    pub column: u32,
    pub length: u32,
}

/// Turns a route into a place in the source text.
pub trait Locate {
    /// The span of a route's field name or value; `None` when the file or the route is unknown.
    fn locate(&self, file: &str, route: &Route, part: Part) -> Option<SourceSpan>;
    /// The line of a place, as much of it as is worth drawing.
    fn excerpt(&self, file: &str, at: SourceSpan) -> Option<Excerpt>;
    /// The same answers from something that prepares files once, for many questions in a row.
    fn prepared(&self) -> Option<Box<dyn Locate + '_>> {
        None
    }
}

/// A line of a file without its line end, or what of a long one stands around a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    pub text: String,
    /// Where the place begins within the text, in characters from 1.
    pub column: u32,
}

/// A diagnostic with its line, fit for every output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Located {
    pub code: Code,
    pub severity: Severity,
    pub message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<Arc<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// Characters underlined.
    #[serde(skip)]
    pub length: u32,
    /// The source line, for drawing; absent when it may hold a secret.
    #[serde(skip)]
    pub source: Option<Excerpt>,
    #[serde(skip)]
    pub label: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// What may stand instead of the marked source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replacement: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// Everything that one run found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    diagnostics: Vec<Diagnostic>,
    limit: Option<usize>,
    untold: Option<Untold>,
}

/// What went over a report's limit.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Untold {
    count: usize,
    /// Of the first and most severe one.
    code: Code,
    severity: Severity,
}

impl Report {
    /// A report that keeps at most so many diagnostics and counts the others.
    pub fn limited(limit: usize) -> Self {
        Self { limit: Some(limit), ..Self::default() }
    }

    pub fn push(&mut self, diagnostic: Diagnostic) {
        if self.has_room() {
            self.diagnostics.push(diagnostic);
        } else {
            self.count(diagnostic.code, diagnostic.severity);
        }
    }

    /// The same for what a file may hold by the hundred thousand: it is built only when it will be told.
    pub fn push_warning(&mut self, code: Code, build: impl FnOnce(Code) -> Diagnostic) {
        if self.has_room() { self.push(build(code)) } else { self.count(code, Severity::Warning) }
    }

    /// As if it had been limited like this from the beginning, where its limit was larger.
    pub fn limit_to(&mut self, limit: usize) {
        self.limit = Some(limit);
        let later = self.untold.take();
        for diagnostic in self.diagnostics.split_off(limit.min(self.diagnostics.len())) {
            self.count(diagnostic.code, diagnostic.severity);
        }
        self.diagnostics.shrink_to_fit();
        if let Some(later) = later {
            self.count(later.code, later.severity);
            self.untold.iter_mut().for_each(|untold| untold.count += later.count - 1);
        }
    }

    /// Turns what is an error for one who only checks into a warning: whoever goes on decides about it.
    pub fn soften(&mut self, code: Code) {
        for diagnostic in self.diagnostics.iter_mut().filter(|diagnostic| diagnostic.code == code) {
            diagnostic.severity = Severity::Warning;
        }
    }

    fn has_room(&self) -> bool {
        self.limit.is_none_or(|limit| self.diagnostics.len() < limit)
    }

    fn count(&mut self, code: Code, severity: Severity) {
        let untold = self.untold.get_or_insert(Untold { count: 0, code, severity });
        untold.count += 1;
        if severity < untold.severity {
            (untold.code, untold.severity) = (code, severity);
        }
    }

    /// Takes over what another report holds.
    pub fn extend(&mut self, other: Report) {
        for diagnostic in other.diagnostics {
            self.push(diagnostic);
        }
    }

    /// Takes over a limited report about one file; what went over its limit becomes one line.
    pub fn extend_from_file(&mut self, mut other: Report, file: &Arc<str>) {
        if let Some(Untold { count, code, severity }) = other.untold.take() {
            let message = format!("{count} or more further problems in this file");
            self.push(Diagnostic::new(code, severity, message).at(Place::File(file.clone())));
        }
        self.extend(other);
    }

    /// Whether errors went over the limit: looking further finds nothing that would be told.
    pub fn is_overfull(&self) -> bool {
        self.untold.as_ref().is_some_and(|untold| untold.severity == Severity::Error)
    }

    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    pub fn is_empty(&self) -> bool {
        self.diagnostics.is_empty()
    }

    pub fn has_errors(&self) -> bool {
        self.is_overfull() || self.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// All diagnostics with their lines, sorted by file, line, column, code and message; repeated ones once.
    pub fn locate(&self, sources: &dyn Locate) -> Vec<Located> {
        let prepared = sources.prepared();
        let sources = prepared.as_deref().unwrap_or(sources);
        let mut located: Vec<Located> = self.diagnostics.iter().map(|diagnostic| place(diagnostic, sources)).collect();
        located.sort_by(|a, b| {
            let key = |d: &Located| (d.file.clone(), d.line, d.column, d.severity, d.code.as_str(), d.message.clone());
            key(a).cmp(&key(b))
        });
        located.dedup();
        located
    }
}

fn place(diagnostic: &Diagnostic, sources: &dyn Locate) -> Located {
    let (file, span) = match &diagnostic.place {
        None => (None, None),
        Some(Place::File(file)) => (Some(file.clone()), None),
        Some(Place::Route { file, route, part }) => (Some(file.clone()), sources.locate(file, route, *part)),
        Some(Place::Span { file, span }) => (Some(file.clone()), Some(*span)),
    };
    let drawable = |(file, span): (&str, SourceSpan)| {
        let excerpt = sources.excerpt(file, span)?;
        let beginning = |line| sources.excerpt(file, SourceSpan { line, column: 1, length: 1 }).map(|excerpt| excerpt.text);
        let here = |line| if line == span.line { Some(excerpt.text.clone()) } else { beginning(line) };
        let is_long = beginning(span.line).is_some_and(|text| text != excerpt.text);
        let hidden = may_hold_secret(span.line, beginning) || is_long && may_hold_secret(span.line, here);
        (!hidden).then_some(excerpt)
    };
    let source = file.as_deref().zip(span).and_then(drawable);
    Located {
        code: diagnostic.code,
        severity: diagnostic.severity,
        message: diagnostic.message.clone(),
        file,
        line: span.map(|span| span.line),
        column: span.map(|span| span.column),
        length: span.map_or(0, |span| span.length),
        source,
        label: diagnostic.label.clone(),
        help: diagnostic.help.clone(),
        replacement: diagnostic.replacement.clone(),
        notes: diagnostic.notes.clone(),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// A file of so many lines, all of them below one field.
    struct Counting {
        asked: Cell<usize>,
    }

    impl Locate for Counting {
        fn locate(&self, _: &str, _: &Route, _: Part) -> Option<SourceSpan> {
            None
        }

        fn excerpt(&self, _: &str, at: SourceSpan) -> Option<Excerpt> {
            self.asked.set(self.asked.get() + 1);
            Some(Excerpt { text: format!("  line-{}: 1", at.line), column: at.column })
        }
    }

    #[test]
    fn a_limit_that_comes_later_counts_the_same() {
        let problems = [Severity::Note, Severity::Warning, Severity::Error, Severity::Warning, Severity::Error];
        let codes = [Code::YamlSyntax, Code::YamlTag, Code::YamlAlias, Code::YamlAnchor, Code::YamlTooDeep];
        for (first, then) in (0..7).flat_map(|first| (0..=first).map(move |then| (first, then))) {
            let (mut late, mut early) = (Report::limited(first), Report::limited(then));
            for (code, severity) in codes.into_iter().zip(problems) {
                late.push(Diagnostic::new(code, severity, "it is wrong"));
                early.push(Diagnostic::new(code, severity, "it is wrong"));
            }
            late.limit_to(then);
            assert_eq!(late, early, "{first}, then {then}");
        }
    }

    #[test]
    fn lines_around_a_place_are_looked_at_once() {
        let span = SourceSpan { line: 500, column: 3, length: 1 };
        let mut report = Report::default();
        report.push(Diagnostic::error(Code::YamlSyntax, "wrong").at(Place::Span { file: "a".into(), span }));
        let lines = Counting { asked: Cell::new(0) };
        let located = report.locate(&lines);
        assert!(located[0].source.is_some());
        assert!(lines.asked.get() < 80, "{} questions about one place", lines.asked.get());
    }
}
