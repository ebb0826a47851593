//! What guards say of a plan, as data.
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Action, Plan};
use crate::diagnostics::{Code, Located, Severity};
use crate::model::{Address, Limit, Name};

/// A rotation that waits for a later plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Deferred {
    pub address: Address,
    /// `rotate` or `replace`.
    pub action: Action,
    /// Why a new generation is due.
    pub reason: String,
    /// When the generation in use ends; absent: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// A person asked for it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub requested: bool,
}

/// What a guard says of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GuardVerdict {
    /// `max_creates`, `max_disables`, `max_rotations`, `empty`, `account-gone` or `shrunk`.
    pub guard: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<Name>,
    /// As `keywright.yaml` says it; absent for what is built in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<Limit>,
    /// The number that this plan may reach, `--allow` included.
    pub allows: usize,
    /// The number that it reaches.
    pub count: usize,
    pub verdict: Verdict,
}

/// How a guard decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    Passed,
    /// Beyond the limit; `--allow` lets it be.
    Allowed,
    /// Some rotations wait for a later plan.
    Deferred,
    /// Nothing of the plan may be done.
    Refused,
}

impl Plan {
    /// How many violations of the policy are not waived.
    pub fn violations(&self) -> usize {
        let violation = |found: &&Located| found.severity == Severity::Error && found.code.as_str().starts_with("policy/");
        self.diagnostics.iter().filter(violation).count()
    }

    /// Whether a guard, the policy, or a key that nobody declares, refuses the whole plan: nothing of it may be carried out.
    pub fn is_refused(&self) -> bool {
        self.violations() > 0
            || self.guards.iter().any(|guard| guard.verdict == Verdict::Refused)
            || self.findings.iter().any(|finding| finding.code == Code::PlanUnmanaged)
    }

    /// Whether a rotation that a person asked for waits for a later plan.
    pub fn defers_a_request(&self) -> bool {
        self.deferred.iter().any(|deferred| deferred.requested)
    }
}
