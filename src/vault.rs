//! age files: who can open a secret, how it is written, sealing, opening. Knows no provider, no file and no environment.
pub mod format;
pub mod identity;
pub mod open;
pub mod recipient;
pub mod seal;

pub use format::FormatProblem;
pub use identity::{Identities, IdentityProblem, generate};
pub use open::{OpenProblem, open};
pub use recipient::{Recipient, RecipientProblem, UnusableRecipient, distinct};
pub use seal::{SealProblem, Sealing, seal, trial};

#[cfg(test)]
pub(crate) mod examples;
