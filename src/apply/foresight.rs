//! What recovery would do, told without doing it.
use std::collections::BTreeMap;

use jiff::Timestamp;

use super::staging::Staging;
use crate::ledger::Ledger;
use crate::model::{DesiredKey, DesiredState, Generation, GenerationState, KeyRecord, Marker, ObservedKey, Snapshot};
use crate::profile::Capabilities;

/// One thing that recovery would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foreseen {
    pub generation: u32,
    pub state: GenerationState,
    /// The provider's id, where it is known or was found by the marker. More than one where any of them may be it.
    pub ids: Vec<String>,
    pub outcome: Prospect,
}

/// How it would end, as far as the listing shows. The words are for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prospect {
    /// Its secret is read again, sealed, tried and published.
    Finish,
    /// Its secret is sealed: it is tried, where it can be, and published.
    Publish,
    /// Unpublished, and its secret is gone or not wanted: it is disabled.
    Disable,
    /// Not listed yet: looked for once more when the provider's list must tell the truth.
    LookAgain,
    /// Not listed, and that is the truth: it was never created.
    NeverCreated,
    /// A listed key may be it, and no marker tells: a person has to say.
    InDoubt,
    /// A secret file that was being encrypted anew is put into place.
    PutInPlace,
}

impl Prospect {
    /// A sentence without its subject.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Finish => "its secret is read again, sealed, tried and published",
            Self::Publish => "its sealed secret is tried and published",
            Self::Disable => "it is disabled: its secret is gone, or it is not wanted",
            Self::LookAgain => "it is looked for until the provider's list must show it",
            Self::NeverCreated => "it was never created",
            Self::InDoubt => "nothing tells whether it is one of these: say `--found ID`, or `--absent`",
            Self::PutInPlace => "its newly encrypted secret file is put into place",
        }
    }
}

/// What the account is like, for [`foresee`].
#[derive(Clone, Copy)]
pub struct Circumstances<'a> {
    pub ledger: &'a Ledger,
    pub seen: &'a Snapshot,
    pub capabilities: &'a Capabilities,
    /// As [`super::strays`] says, of the whole account.
    pub strays: &'a BTreeMap<Marker, Vec<String>>,
    /// As [`super::strangers`] says, of the whole account.
    pub strangers: &'a [&'a ObservedKey],
    /// Whether an identity is at hand.
    pub can_open: bool,
    pub now: Timestamp,
}

/// What recovery would do with one key. Asks nobody and changes nothing; the provider may show more when it is done.
pub fn foresee(record: &KeyRecord, key: Option<&DesiredKey>, at: Circumstances<'_>) -> Vec<Foreseen> {
    let mut all = Vec::new();
    for generation in &record.generations {
        let told = |outcome, ids| Foreseen { generation: generation.number, state: generation.state, ids, outcome };
        if generation.resealing.is_some() {
            all.push(told(Prospect::PutInPlace, generation.id.iter().cloned().collect()));
        }
        if generation.state.is_unfinished() {
            let wanted = key.is_some_and(|key| key.state == DesiredState::Active) && !record.supersedes(generation);
            let (outcome, ids) = prospect(record, generation, wanted, at);
            all.push(told(outcome, ids));
        }
        let twins = generation.marker.as_ref().and_then(|marker| at.strays.get(marker)).into_iter().flatten();
        if generation.id.is_some() {
            all.extend(twins.map(|id| told(Prospect::Disable, vec![id.clone()])));
        }
    }
    all
}

fn prospect(record: &KeyRecord, generation: &Generation, wanted: bool, at: Circumstances<'_>) -> (Prospect, Vec<String>) {
    let may_be = |key: &&&ObservedKey| at.capabilities.label.none && key.may_be(generation);
    let candidates: Vec<String> = at.strangers.iter().filter(may_be).map(|key| key.id.clone()).collect();
    if !candidates.is_empty() {
        return (Prospect::InDoubt, candidates);
    }
    let bearing = || at.seen.keys.values().find(|key| !key.own && generation.marker.is_some() && key.marker() == generation.marker);
    let found = generation.id.clone().or_else(|| bearing().map(|key| key.id.clone()));
    let again = if wanted && at.capabilities.reveal { Prospect::Finish } else { Prospect::Disable };
    let outcome = match (generation.state, &found) {
        (GenerationState::Intended | GenerationState::Ambiguous, None) if generation.is_settled(at.capabilities.consistency, at.now) => {
            Prospect::NeverCreated
        }
        (GenerationState::Lost, _) => Prospect::Disable,
        (_, None) => Prospect::LookAgain,
        (GenerationState::Sealed, Some(_)) => {
            let staging = Staging::of(at.ledger);
            let sealed = generation.sealed.as_ref();
            let published = sealed.is_some_and(|sealed| staging.is_published(&record.address, sealed));
            let staged = sealed.is_some_and(|sealed| staging.holds(&record.address, sealed));
            let proven = generation.last_verified_at.is_some() || !at.capabilities.verify || at.capabilities.reveal || at.can_open;
            if published || (wanted && staged && proven) { Prospect::Publish } else { again }
        }
        (
            GenerationState::Intended
            | GenerationState::Ambiguous
            | GenerationState::Created
            | GenerationState::Active
            | GenerationState::Retiring
            | GenerationState::Disabled
            | GenerationState::Deleted
            | GenerationState::Attended
            | GenerationState::Vanished
            | GenerationState::Expired,
            Some(_),
        ) => again,
    };
    (outcome, found.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ScopeSet;
    use crate::profile::Profile;

    fn foreseen(state: GenerationState, id: Option<&str>, seconds: i64, listed: bool, reveal: bool, wanted: bool) -> Prospect {
        let marker = Marker::from_random([7; 5]);
        let label = marker.label("one");
        let created = Timestamp::UNIX_EPOCH;
        let generation = Generation {
            id: id.map(str::to_owned),
            marker: Some(marker),
            ..Generation::new(1, state, label.clone(), ScopeSet::new(), created)
        };
        let record = KeyRecord { generations: vec![generation], ..KeyRecord::new("pay/one".parse().expect("an address"), "payconex") };
        let mut seen = Snapshot::default();
        if listed {
            seen.keys.insert("id-1".to_owned(), ObservedKey::new("id-1", label));
        }
        let mut capabilities = Profile::builtin("payconex").expect("built in").capabilities;
        capabilities.reveal = reveal;
        let now = created + jiff::SignedDuration::from_secs(seconds);
        let ledger = Ledger::new(std::path::Path::new("nowhere"));
        let at = Circumstances {
            ledger: &ledger,
            seen: &seen,
            capabilities: &capabilities,
            strays: &BTreeMap::new(),
            strangers: &[],
            can_open: false,
            now,
        };
        let outcome = prospect(&record, &record.generations[0], wanted, at).0;
        assert!(!outcome.as_str().is_empty());
        outcome
    }

    #[test]
    fn each_state_has_its_prospect() {
        use GenerationState::{Ambiguous, Created, Intended, Lost, Sealed};
        assert_eq!(foreseen(Intended, None, 0, false, true, true), Prospect::LookAgain);
        assert_eq!(foreseen(Ambiguous, None, 3600, false, true, true), Prospect::NeverCreated);
        assert_eq!(foreseen(Ambiguous, None, 3600, true, true, true), Prospect::Finish, "a late arrival");
        assert_eq!(foreseen(Intended, None, 0, true, false, true), Prospect::Disable, "nobody can read its secret");
        assert_eq!(foreseen(Created, Some("id-1"), 0, true, true, true), Prospect::Finish);
        assert_eq!(foreseen(Created, Some("id-1"), 0, true, true, false), Prospect::Disable, "not wanted");
        assert_eq!(foreseen(Sealed, Some("id-1"), 0, true, false, true), Prospect::Disable, "its ciphertext is gone");
        assert_eq!(foreseen(Lost, Some("id-1"), 0, true, true, true), Prospect::Disable);
    }
}
