//! What lies ahead of a key, as dates: rotation, expiry, review, and the end of its older generations.
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::Facts;
use crate::model::GenerationState;

/// What happens on a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DateKind {
    /// The next generation is due.
    Rotation,
    /// The current generation ends.
    Expiry,
    /// A person has to confirm the key.
    Review,
    /// A predecessor may be disabled.
    OverlapEnd,
    /// A disabled generation may be deleted.
    Deletion,
}

/// One date of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Dated {
    pub at: Timestamp,
    pub kind: DateKind,
    /// The generation that it concerns.
    pub generation: u32,
}

impl DateKind {
    /// The word as it stands in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rotation => "rotation",
            Self::Expiry => "expiry",
            Self::Review => "review",
            Self::OverlapEnd => "overlap-end",
            Self::Deletion => "deletion",
        }
    }
}

/// The dates of a key, soonest first.
pub(super) fn of(facts: Facts<'_>) -> Vec<Dated> {
    let mut dates = Vec::new();
    if let Some(current) = facts.live() {
        let of_current = [
            (DateKind::Rotation, facts.rotates_at()),
            (DateKind::Expiry, facts.expires_at(current)),
            (DateKind::Review, facts.review_due_at()),
        ];
        dates.extend(of_current.into_iter().filter_map(|(kind, at)| Some(Dated { at: at?, kind, generation: current.number })));
    }
    let shown = facts.record.and_then(|record| record.current()).map(|current| current.number);
    let deletes = facts.account.is_some_and(|account| account.capabilities.delete);
    for generation in facts.record.into_iter().flat_map(|record| &record.generations) {
        // What stands in a manifest is kept.
        let is_kept = facts.desired.is_some() && shown == Some(generation.number);
        let (kind, at) = match generation.state {
            GenerationState::Retiring => (DateKind::OverlapEnd, generation.disable_after),
            GenerationState::Disabled if deletes && !is_kept => (DateKind::Deletion, generation.delete_after),
            GenerationState::Intended
            | GenerationState::Created
            | GenerationState::Sealed
            | GenerationState::Active
            | GenerationState::Disabled
            | GenerationState::Deleted
            | GenerationState::Attended
            | GenerationState::Ambiguous
            | GenerationState::Lost
            | GenerationState::Vanished
            | GenerationState::Expired => continue,
        };
        dates.extend(at.map(|at| Dated { at, kind, generation: generation.number }));
    }
    dates.sort_by_key(|dated| (dated.at, dated.kind, dated.generation));
    dates
}
