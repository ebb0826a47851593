//! Exit codes, and the ways a command stops early.
use std::process::ExitCode;

use crate::diagnostics::{Code, Diagnostic, Located};
use crate::files::FileError;

/// How a command ends; the first that applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: done, or nothing to do.
    Done,
    /// 1: an error, usage included.
    Error,
    /// 2: changes present (only with `--detailed-exitcode`).
    Changes,
    /// 3: refused by policy, a guard or a stale plan; nothing was written.
    Refused,
    /// 4: done in part: an account unavailable, something blocked or pending, interrupted.
    Partial,
}

impl Exit {
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Error => 1,
            Self::Changes => 2,
            Self::Refused => 3,
            Self::Partial => 4,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// A command that stops early, with what to say on standard error.
#[derive(Debug)]
pub struct Stop {
    pub exit: Exit,
    pub diagnostics: Vec<Located>,
}

impl Stop {
    /// Stops with diagnostics that have their lines.
    pub fn located(exit: Exit, diagnostics: Vec<Located>) -> Self {
        Self { exit, diagnostics }
    }

    /// Stops with diagnostics that belong to no file.
    pub fn with(exit: Exit, diagnostic: Diagnostic) -> Self {
        let located = Located {
            code: diagnostic.code,
            severity: diagnostic.severity,
            message: diagnostic.message,
            file: diagnostic.place.as_ref().map(|place| place.file().clone()),
            line: None,
            column: None,
            length: 0,
            source: None,
            label: None,
            help: diagnostic.help,
            replacement: diagnostic.replacement,
            notes: diagnostic.notes,
        };
        Self { exit, diagnostics: vec![located] }
    }

    /// Stops with a usage error.
    pub fn message(message: impl Into<String>) -> Self {
        Self::with(Exit::Error, Diagnostic::error(Code::CommandUsage, message))
    }
}

impl From<FileError> for Stop {
    fn from(error: FileError) -> Self {
        Self::with(
            Exit::Error,
            Diagnostic::error(Code::ApplyWriteFailed, error.to_string())
                .help("look at the path and its permissions, then run the command again"),
        )
    }
}
