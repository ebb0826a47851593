//! Where one key stands: what is wanted, what the ledger holds, what the provider shows. Decides nothing.
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::moves::Moving;
use super::{AccountInput, DeliveryInput, compare};
use crate::model::{
    Address, DesiredKey, DesiredState, Expiry, Generation, GenerationState, KeyRecord, Listing, Marker, Name, ObservedKey, Request,
    Snapshot,
};
use crate::profile::ReadBack;

/// What the manifests want.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    Active,
    /// Declared, but its fixed expiry has passed.
    Ended,
    Disabled,
    /// In no manifest.
    Gone,
}

/// The state of the current generation in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Held {
    /// Nothing was ever published, or all of it was deleted.
    Nothing,
    Active,
    Disabled,
    Expired,
    Vanished,
    /// Nothing is live, and a person has yet to act.
    Attended,
}

/// What the provider shows of one generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    Live,
    Off,
    /// The provider says that it does not exist.
    Missing,
    /// Neither shown nor denied: nothing may be concluded.
    Unknown,
}

/// What is asked of a whole account many times, found once.
pub(super) struct Index<'a> {
    pub snapshot: Option<&'a Snapshot>,
    /// Listed keys that no record knows, by label without marker; our own key is left out.
    pub strangers: BTreeMap<&'a str, Vec<&'a ObservedKey>>,
    /// Live keys that no record knows, by a marker of the ledger: each is a second one of that marker.
    pub twins: BTreeMap<Marker, Vec<&'a ObservedKey>>,
    /// Markers at the end of listed labels.
    markers: BTreeSet<Marker>,
    /// Markers of the ledger.
    pub known: BTreeSet<&'a Marker>,
    /// Ids that more than one generation claims.
    shared: BTreeSet<&'a str>,
}

/// One key with everything that decides about it.
pub(super) struct Key<'a> {
    pub address: Address,
    pub account: &'a AccountInput<'a>,
    pub index: &'a Index<'a>,
    pub now: Timestamp,
    pub can_open: bool,
    pub deliveries: &'a BTreeMap<Name, DeliveryInput<'a>>,
    pub desired: Option<&'a DesiredKey>,
    /// Of the old address, when the key is moving.
    pub record: Option<&'a KeyRecord>,
    pub moved: Option<&'a Moving<'a>>,
    /// What a person asks for now.
    pub request: Option<Request>,
    /// Whether an interrupted apply was at work on the key.
    pub resumed: bool,
    /// As the manifests of a base declare it, if they do. The outer `None`: there is no base.
    pub base: Option<Option<&'a DesiredKey>>,
}

impl<'a> Index<'a> {
    pub fn new(account: &'a AccountInput<'a>) -> Self {
        let snapshot = account.listing.snapshot();
        let generations = || account.ledger.values().flat_map(|record| &record.generations);
        let mut ids: BTreeMap<&str, usize> = BTreeMap::new();
        for id in generations().filter_map(|generation| generation.id.as_deref()) {
            *ids.entry(id).or_default() += 1;
        }
        let listed = || snapshot.into_iter().flat_map(|snapshot| snapshot.keys.values());
        let mut strangers: BTreeMap<&str, Vec<&ObservedKey>> = BTreeMap::new();
        for key in listed().filter(|key| !key.own && !ids.contains_key(key.id.as_str())) {
            strangers.entry(Marker::strip_from(&key.label)).or_default().push(key);
        }
        let known: BTreeSet<&Marker> = generations().filter_map(|generation| generation.marker.as_ref()).collect();
        let mut twins: BTreeMap<Marker, Vec<&ObservedKey>> = BTreeMap::new();
        for key in strangers.values().flatten().filter(|key| key.enabled != Some(false)) {
            if let Some(marker) = key.marker().filter(|marker| known.contains(marker)) {
                twins.entry(marker).or_default().push(key);
            }
        }
        Self {
            snapshot,
            strangers,
            twins,
            markers: listed().filter_map(ObservedKey::marker).collect(),
            known,
            shared: ids.into_iter().filter(|(_, count)| *count > 1).map(|(id, _)| id).collect(),
        }
    }

    /// Why a generation must not be touched, whatever the manifests say.
    pub fn untouchable(&self, generation: &Generation) -> Option<&'static str> {
        let id = generation.id.as_deref()?;
        if self.snapshot.and_then(|snapshot| snapshot.keys.get(id)).is_some_and(|key| key.own) {
            return Some("it is the key of our own admin credential");
        }
        self.shared.contains(id).then_some("more than one generation in the ledger has its id")
    }
}

impl<'a> Key<'a> {
    /// The address that the record has before the move.
    pub fn moved_from(&self) -> Option<&'a Address> {
        self.moved.filter(|moving| !moving.occupied).map(|moving| &moving.from)
    }

    pub fn wanted(&self) -> Wanted {
        match self.desired {
            None => Wanted::Gone,
            Some(desired) => match (desired.state, desired.expiry) {
                (DesiredState::Disabled, Expiry::Never | Expiry::At(_) | Expiry::Lifetime(_)) => Wanted::Disabled,
                (DesiredState::Active, Expiry::At(end)) if end <= self.now || self.has_ended_for(end) || self.has_ended_early(end) => {
                    Wanted::Ended
                }
                (DesiredState::Active, Expiry::Never | Expiry::At(_) | Expiry::Lifetime(_)) => Wanted::Active,
            },
        }
    }

    /// Whether the current generation was adopted with this end in its manifest, and its own is over.
    fn has_ended_for(&self, end: Timestamp) -> bool {
        self.current().is_some_and(|current| current.stands_for(end) && self.has_passed(current.expires_at))
    }

    /// Whether the provider has ended the current generation before `end`, and that is only its rounding.
    fn has_ended_early(&self, end: Timestamp) -> bool {
        let capabilities = self.account.capabilities;
        let granted = self.current().and_then(|current| compare::expires_at(capabilities, current, self.observed(current)));
        capabilities.expiry.settable && self.has_passed(granted) && compare::is_close(capabilities, granted, Some(end))
    }

    /// How the scopes that the provider shows are compared.
    pub fn read_back(&self) -> ReadBack<'a> {
        ReadBack { rule: self.account.capabilities.scopes, catalogue: self.account.catalogue }
    }

    pub fn generations(&self) -> impl Iterator<Item = &'a Generation> {
        self.record.into_iter().flat_map(|record| &record.generations)
    }

    pub fn current(&self) -> Option<&'a Generation> {
        self.record.and_then(KeyRecord::current)
    }

    pub fn next_number(&self) -> u32 {
        self.record.map_or(1, KeyRecord::next_number)
    }

    pub fn held(&self) -> Held {
        use GenerationState::{
            Active, Ambiguous, Attended, Created, Deleted, Disabled, Expired, Intended, Lost, Retiring, Sealed, Vanished,
        };
        let attended = self.generations().any(|generation| generation.state == Attended);
        match self.current().map(|generation| generation.state) {
            Some(Active) => Held::Active,
            None | Some(Disabled | Expired | Vanished) if attended => Held::Attended,
            Some(Disabled) => Held::Disabled,
            Some(Expired) => Held::Expired,
            Some(Vanished) => Held::Vanished,
            None | Some(Intended | Created | Sealed | Retiring | Deleted | Attended | Ambiguous | Lost) => Held::Nothing,
        }
    }

    /// The generation as the provider reports it.
    pub fn observed(&self, generation: &Generation) -> Option<&'a ObservedKey> {
        self.index.snapshot?.keys.get(generation.id.as_deref()?)
    }

    /// What the provider shows of a generation; what it leaves open is taken from the ledger only where that cannot mislead.
    pub fn seen(&self, generation: &Generation) -> Seen {
        if let Some(observed) = self.observed(generation) {
            return match observed.enabled {
                Some(true) => Seen::Live,
                Some(false) => Seen::Off,
                None if generation.is_switching() => self.switching(generation),
                // It is there, and no more is said.
                None => match from_ledger(generation.state) {
                    Seen::Off => Seen::Off,
                    Seen::Missing if generation.state == GenerationState::Deleted => Seen::Off,
                    Seen::Live | Seen::Missing | Seen::Unknown => Seen::Live,
                },
            };
        }
        let absent = generation.id.as_ref().is_some_and(|id| self.index.snapshot.is_some_and(|snapshot| snapshot.absent.contains(id)));
        let hidden = generation.id.as_ref().is_some_and(|id| self.index.snapshot.is_some_and(|snapshot| snapshot.hidden.contains(id)));
        match self.account.listing {
            Listing::Complete(_) | Listing::Assumed(_) if absent => Seen::Missing,
            Listing::Complete(_) | Listing::Assumed(_) if generation.is_switching() => self.switching(generation),
            // Without a listing, the question is only what the ledger alone would make of the manifest.
            Listing::Assumed(_) | Listing::Unavailable(_) | Listing::Attended => from_ledger(generation.state),
            Listing::Complete(_) if hidden || generation.id.is_some() && self.may_be_hidden(generation.state) => Seen::Off,
            Listing::Complete(_) => Seen::Unknown,
        }
    }

    /// What a generation counts as that was being disabled or enabled when an apply was interrupted, and of which the provider tells nothing: the
    /// opposite of what is wanted, so that it is asked for.
    fn switching(&self, generation: &Generation) -> Seen {
        let is_current = self.current().is_some_and(|current| current.number == generation.number);
        match (self.wanted(), generation.state) {
            (Wanted::Active, GenerationState::Active) if is_current => Seen::Off,
            (Wanted::Active | Wanted::Ended | Wanted::Disabled | Wanted::Gone, _) => Seen::Live,
        }
    }

    /// Whether the provider may leave a disabled key out of its listing.
    fn may_be_hidden(&self, state: GenerationState) -> bool {
        state == GenerationState::Disabled && self.account.capabilities.may_hide_disabled()
    }

    /// Generations that an interrupted apply left and that recovery must look at, oldest first.
    pub fn unfinished(&self) -> Vec<&'a Generation> {
        let mut found: Vec<&Generation> =
            self.generations().filter(|generation| generation.state.is_unfinished() && !self.is_settled(generation)).collect();
        found.sort_by_key(|generation| generation.number);
        found
    }

    /// Listed keys that an unanswered create may have made, where keys have no labels.
    pub fn candidates(&self, generation: &Generation) -> Vec<&'a ObservedKey> {
        let complete = match self.account.listing {
            Listing::Complete(_) => self.account.capabilities.label.none,
            Listing::Unavailable(_) | Listing::Assumed(_) | Listing::Attended => false,
        };
        let unknown = self.index.strangers.values().flatten().filter(|_| complete);
        unknown.copied().filter(|stranger| stranger.may_be(generation)).collect()
    }

    /// Whether time has shown that an ambiguous generation was never created: the consistency time is over and nothing bears its marker.
    fn is_settled(&self, generation: &Generation) -> bool {
        let complete = match self.account.listing {
            Listing::Complete(_) => true,
            Listing::Unavailable(_) | Listing::Assumed(_) | Listing::Attended => false,
        };
        let shown =
            generation.marker.as_ref().is_some_and(|marker| self.index.markers.contains(marker)) || self.observed(generation).is_some();
        // Where keys bear no marker, apply has looked already.
        generation.is_settled(self.account.capabilities.consistency, self.now) && (complete || generation.unseen) && !shown
    }

    /// Whether the key may be neither disabled nor deleted.
    pub fn is_protected(&self) -> bool {
        self.desired.map_or_else(|| self.record.is_some_and(|record| record.protect), |desired| desired.protect)
    }

    pub fn has_passed(&self, instant: Option<Timestamp>) -> bool {
        instant.is_some_and(|instant| instant <= self.now)
    }
}

/// What a generation is, if the provider agrees with the ledger.
fn from_ledger(state: GenerationState) -> Seen {
    use GenerationState::{Active, Ambiguous, Attended, Created, Deleted, Disabled, Expired, Intended, Lost, Retiring, Sealed, Vanished};
    match state {
        Active | Retiring | Created | Sealed | Lost => Seen::Live,
        Disabled | Expired => Seen::Off,
        Deleted | Vanished => Seen::Missing,
        Intended | Attended | Ambiguous => Seen::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    /// What is seen of generation 1 in this state.
    fn seen(world: &World, state: GenerationState) -> Seen {
        let mut world = world.clone();
        world.record(vec![Generation { state, ..generation(1) }]);
        world.with_key(|key| key.seen(key.generations().next().unwrap()))
    }

    #[test]
    fn the_provider_is_believed_and_silence_is_not() {
        use GenerationState::{Active, Deleted, Disabled, Expired, Vanished};
        let mut world = World::new();
        assert_eq!(seen(&world, Active), Seen::Unknown, "neither listed nor denied");
        assert_eq!(seen(&world, Disabled), Seen::Unknown, "the listing would show it");
        world.capabilities.lists_disabled = None;
        assert_eq!(seen(&world, Disabled), Seen::Off, "the listing may hide it");
        world.snapshot.absent.insert(id(1));
        assert_eq!(seen(&world, Active), Seen::Missing);
        world.snapshot.absent.clear();
        for (enabled, state, expected) in [
            (Some(true), Disabled, Seen::Live),
            (Some(false), Active, Seen::Off),
            (None, Active, Seen::Live),
            (None, Disabled, Seen::Off),
            (None, Expired, Seen::Off),
            (None, Vanished, Seen::Live),
            (None, Deleted, Seen::Off),
        ] {
            world.observe(ObservedKey { enabled, ..observed(1) });
            assert_eq!(seen(&world, state), expected, "{enabled:?} {state:?}");
        }
        world.snapshot = Snapshot::default();
        world.listing = Kind::Assumed;
        assert_eq!((seen(&world, Active), seen(&world, Disabled)), (Seen::Live, Seen::Off), "the ledger stands in");
    }

    #[test]
    fn an_ambiguous_generation_settles_with_time() {
        let unfinished = |world: &World| world.with_key(|key| key.unfinished().len());
        let mut world = World::new();
        world.record(vec![Generation { state: GenerationState::Ambiguous, id: None, created_at: now(), ..generation(1) }]);
        assert_eq!(unfinished(&world), 1, "the consistency time is not over");
        world.ledger.as_mut().unwrap().generations[0].created_at = at(-60);
        assert_eq!(unfinished(&world), 0);
        world.observe(ObservedKey { id: "other".to_owned(), ..observed(1) });
        assert_eq!(unfinished(&world), 1, "a listed key bears its marker");
        world.snapshot = Snapshot::default();
        world.listing = Kind::Assumed;
        assert_eq!(unfinished(&world), 1, "nothing is known offline");
    }
}
