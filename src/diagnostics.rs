//! What is wrong, said by its meaning: a code, a sentence, a place as file and YAML route. Knows neither terminals nor formats.
pub mod codes;
pub mod file;
pub mod report;
mod secrecy;
pub mod suggest;

use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use codes::Code;
pub use report::{Excerpt, Locate, Located, Report, SourceSpan};

use crate::model::Position;

/// How much a diagnostic matters. Errors stop a command before it writes anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    Error,
    Warning,
    Note,
}

/// One step of a route through a YAML document.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    Field(Arc<str>),
    Index(usize),
}

/// A route through a YAML document, such as `keys.billing-webhooks.scopes[1]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Route(pub Vec<Step>);

/// Which part of the routed entry is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The field's name.
    Field,
    Value,
}

/// Where a diagnostic belongs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// A whole file, by its path below the workspace.
    File(Arc<str>),
    /// By meaning; lines are computed when drawn.
    Route { file: Arc<str>, route: Route, part: Part },
    /// By position, for what has no route (syntax, bytes).
    Span { file: Arc<str>, span: SourceSpan },
}

/// One problem or remark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    pub code: Code,
    pub severity: Severity,
    /// What happened, to what: lower case, no full stop, names in backticks.
    pub message: String,
    pub place: Option<Place>,
    /// A few words beside the underlined source.
    pub label: Option<String>,
    /// What to do next, beginning with a verb or a question.
    pub help: Option<String>,
    /// What may stand instead of the marked source, as a patch.
    pub replacement: Option<String>,
    pub notes: Vec<String>,
}

impl Diagnostic {
    pub fn new(code: Code, severity: Severity, message: impl Into<String>) -> Self {
        Self { code, severity, message: message.into(), place: None, label: None, help: None, replacement: None, notes: Vec::new() }
    }

    pub fn error(code: Code, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Error, message)
    }

    pub fn warning(code: Code, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Warning, message)
    }

    pub fn at(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }

    pub fn at_position(self, position: &Position) -> Self {
        let span = SourceSpan { line: position.line, column: position.column, length: 1 };
        self.at(Place::Span { file: position.file.clone(), span })
    }

    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub fn replacement(mut self, text: impl Into<String>) -> Self {
        self.replacement = Some(text.into());
        self
    }

    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }
}

impl Route {
    pub fn field(&self, name: impl Into<Arc<str>>) -> Self {
        let mut steps = self.0.clone();
        steps.push(Step::Field(name.into()));
        Self(steps)
    }

    pub fn index(&self, index: usize) -> Self {
        let mut steps = self.0.clone();
        steps.push(Step::Index(index));
        Self(steps)
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, step) in self.0.iter().enumerate() {
            match step {
                Step::Field(name) if i == 0 => f.write_str(name)?,
                Step::Field(name) => write!(f, ".{name}")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

impl Place {
    pub fn file(&self) -> &Arc<str> {
        match self {
            Self::File(file) | Self::Route { file, .. } | Self::Span { file, .. } => file,
        }
    }
}
