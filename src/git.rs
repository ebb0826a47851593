//! Runs the user's `git` program: write-back of files that apply wrote, and the journal that machines share. Knows no plan, no provider, no ledger.
//!
//! Every call is made with hooks, filters, submodules, signing and automatic maintenance off, with an environment of which only what
//! authenticates a user is left ([`Environment`]), without a terminal, and ends after a time limit. Nothing is ever forced: a ref moves by
//! compare-and-swap, or it does not move.
mod environment;
mod held;
mod journal;
mod program;
mod remote;
mod repository;
mod snapshot;
mod wording;
mod write_back;

#[cfg(test)]
#[cfg(unix)]
mod tests;

use std::fmt;
use std::str::FromStr;

pub use environment::Environment;
pub use held::{Held, Rest};
pub use journal::{Holder, JOURNAL_REF, JournalRef, LEASE, State};
pub use remote::Target;
pub use repository::{Repository, is_plain_path};
pub use snapshot::{Entries, Entry, EntryKind};
pub use write_back::{Committed, Outcome};

/// The name of an object in git's database: lower-case hexadecimal, of SHA-1 or SHA-256.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Oid(String);

impl Oid {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands for "no object" beside this one.
    fn zero(&self) -> String {
        "0".repeat(self.0.len())
    }
}

impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Oid {
    type Err = GitError;
    fn from_str(text: &str) -> Result<Self, GitError> {
        let hexadecimal = text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        if hexadecimal && matches!(text.len(), 40 | 64) {
            return Ok(Self(text.to_owned()));
        }
        Err(GitError::Other("`git` answered something else than the name of an object".to_owned()))
    }
}

/// Why git did not do what was asked. Never holds a remote's address or a credential.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GitError {
    #[error("the workspace is not in the working tree of a git repository")]
    NoRepository,
    #[error("there is no `git` program in any directory of `PATH`")]
    NoProgram,
    #[error("git knows no remote `{0}`")]
    NoRemote(String),
    #[error("this clone has no commit `{0}`")]
    NoCommit(String),
    /// HEAD is detached and nobody named a branch.
    #[error("HEAD is on no branch")]
    NoBranch,
    /// Others have changed a file of ours since this clone got it.
    #[error("`{branch}` of the remote has another `{path}` than this clone")]
    Behind { branch: String, path: String },
    /// Somebody else moved the ref first; nothing was changed.
    #[error("`{0}` was moved by somebody else")]
    Moved(String),
    /// The remote understood and refused: a protected branch, a hook, a missing permission.
    #[error("the remote refused `{reference}`: {reason}")]
    Refused { reference: String, reason: String },
    /// The remote gave no answer: network, authentication, or an address that leads nowhere. It may have acted.
    #[error("the remote cannot be used: {0}")]
    Unreachable(String),
    #[error("`git {0}` did not end within its time limit")]
    TimedOut(String),
    /// Another apply holds the journal ref, and is alive or may be.
    #[error("another apply holds the journal: {0}")]
    HeldBy(Box<Holder>),
    /// The journal ref was ours and is not any more: another apply took it for dead.
    #[error("another apply has taken over the journal: this one held it no longer")]
    TakenOver,
    /// The journal ref holds something that no apply has written.
    #[error("the journal of the remote is damaged: {0}")]
    Damaged(String),
    #[error("{0}")]
    Other(String),
}

impl GitError {
    /// What to do next.
    pub fn help(&self) -> &'static str {
        match self {
            Self::NoRepository => "run `git init` at the top of the project, or leave out what needs git",
            Self::NoProgram => "install git",
            Self::NoRemote(_) => "add it with `git remote add`",
            Self::NoCommit(_) => "fetch it, such as with `git fetch origin main`; in CI, check out with enough history",
            Self::NoBranch => "check out a branch",
            Self::Behind { .. } => {
                "bring this clone up with `git pull --rebase`, then run the command again: what was recorded here is not lost by that"
            }
            Self::Moved(_) => "run the command again",
            Self::Refused { .. } => "ask whoever looks after the repository for permission to push there",
            Self::Unreachable(_) => {
                "try `git ls-remote` by hand: there is no terminal to ask for a password, so that a credential helper, an agent or a token must be set up"
            }
            Self::TimedOut(_) => "look whether `git` waits for a password or a slow network, then run the command again",
            Self::HeldBy(_) => "wait until it has ended; a holder that died is taken over when its lease has passed",
            Self::TakenOver => "run the command again when the other apply has ended: it knows what this one had recorded",
            Self::Damaged(_) => "look at the ref `refs/keywright/journal` of the remote",
            Self::Other(_) => "mend it and run the command again",
        }
    }
}
