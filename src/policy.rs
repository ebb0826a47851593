//! What a team allows: judges declared keys and what a plan does to their access. Pure: knows no clock, no file and no secret.
#[cfg(feature = "policy")]
mod cel;
mod expression;
mod facts;
mod finding;
mod judge;
mod pattern;
mod place;
mod rule;
mod stack;
mod waiver;
mod wording;

pub use expression::{Expression, LONGEST, Mistake};
pub use facts::{AccountFacts, JudgedKey};
pub use finding::can_mean;
pub use judge::Judging;
pub use place::{Replaced, Written, WrittenKey, WrittenScope};
pub use rule::{Asked, Check, Effect, Rule};
pub use waiver::Waiver;

use std::sync::Arc;

use crate::diagnostics::Code;

/// The rules of a workspace, and what is excused from them.
#[derive(Debug, Default)]
pub struct Policy {
    /// The trusted file that says so; only for messages.
    pub file: Arc<str>,
    pub rules: Vec<Rule>,
    pub waivers: Vec<Waiver>,
}

impl Policy {
    /// Whether it has nothing to say to any key.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty() && self.waivers.is_empty()
    }
}

/// The codes that a waiver can name.
pub const VERDICTS: [Code; 11] = [
    Code::PolicyMaxLifetime,
    Code::PolicyMissingField,
    Code::PolicyNoExpiry,
    Code::PolicyDeniedScope,
    Code::PolicyRisk,
    Code::PolicyOpenEnded,
    Code::PolicyUnknownScope,
    Code::PolicyRecipients,
    Code::PolicyMinRecipients,
    Code::PolicyRule,
    Code::PolicyRuleFailed,
];

#[cfg(all(test, feature = "policy"))]
mod tests;
