//! Why one change could not be carried out, and whether it is over or only not finished.
use super::journal::JournalError;
use crate::diagnostics::Code;
use crate::files::FileError;
use crate::provider::ProviderError;

/// A change that did not come to its end. What was durable stays; the next apply goes on from there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    pub code: Code,
    pub message: String,
    pub help: Option<String>,
    /// Our own credential was refused: nothing else of the account can work.
    pub halts_account: bool,
}

impl Failure {
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), help: None, halts_account: false }
    }

    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// A fault of this machine.
    pub fn local(message: impl Into<String>) -> Self {
        Self::new(Code::ApplyWriteFailed, message)
    }

    /// A call that the provider refused or did not answer. `what` completes "could not …".
    pub fn provider(what: &str, error: ProviderError) -> Self {
        let code = match &error {
            ProviderError::Unanswered(_) => Code::ProviderUnanswered,
            ProviderError::Unauthenticated(_)
            | ProviderError::Forbidden(_)
            | ProviderError::NotFound(_)
            | ProviderError::Refused(_)
            | ProviderError::Throttled(_)
            | ProviderError::Unreachable(_)
            | ProviderError::Unsupported(_) => Code::ProviderWriteRefused,
            ProviderError::Local(_) => Code::ApplyWriteFailed,
        };
        let halts_account = matches!(error, ProviderError::Unauthenticated(_));
        Self { halts_account, ..Self::new(code, format!("could not {what}: {error}")) }
    }
}

impl From<JournalError> for Failure {
    fn from(error: JournalError) -> Self {
        match error {
            JournalError::File(error) => error.into(),
            JournalError::Damaged { .. } => Self::new(Code::ApplyJournal, error.to_string()),
            JournalError::Remote(_) => Self { halts_account: true, ..Self::new(Code::ApplyNotDurable, error.to_string()) }
                .help("apply again: nothing was asked of the provider that is not recorded"),
        }
    }
}

impl From<FileError> for Failure {
    fn from(error: FileError) -> Self {
        Self::local(error.to_string()).help("free the disk or mend the permissions, then apply again: what was done so far is recorded")
    }
}
