//! The inventory: what is known of each key, from manifests, ledger and, where it was asked, the provider. Knows no clock, network or files.
pub mod dates;
pub mod select;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

pub use dates::{DateKind, Dated};
pub use select::{Pattern, Selection, Sort};

use crate::model::{
    Address, DesiredKey, DesiredState, Generation, GenerationState, KeyRecord, Listing, Name, ObservedKey, Position, Risk, ScopeSet,
    Snapshot, Span,
};
use crate::plan;
use crate::profile::{Capabilities, Catalogue};

/// What a provider shows of a key's current generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Observed {
    Live,
    Disabled,
    /// The provider says that there is no such key.
    Missing,
    /// Neither shown nor denied.
    Unknown,
    /// The account could not be read.
    Unavailable,
}

/// One key of the inventory. Instants are UTC; a field that is not known, or does not apply, is `null`.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Row {
    pub address: Address,
    pub provider: String,
    /// The current generation's state, or `declared` when none was issued yet. `expired`, too, when its provider has ended it and no apply has written that down.
    pub state: String,
    /// What the provider shows; absent when it was not asked, or nothing was issued.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed: Option<Observed>,
    pub owner: Option<String>,
    pub purpose: Option<String>,
    /// As granted; as declared when none was issued yet.
    pub scopes: ScopeSet,
    /// The highest of these scopes, wildcards expanded.
    pub risk: Option<Risk>,
    /// When the first generation was created.
    pub created_at: Option<Timestamp>,
    /// When the current generation followed an earlier one.
    pub rotated_at: Option<Timestamp>,
    /// The end of the current generation; `null` when it never ends.
    pub expires_at: Option<Timestamp>,
    /// When the next rotation is due.
    pub rotates_at: Option<Timestamp>,
    pub last_verified_at: Option<Timestamp>,
    /// Of all generations, as far as the ledger and, when it was asked, the provider tell.
    pub last_used_at: Option<Timestamp>,
    pub review_every: Option<Span>,
    pub reviewed_at: Option<Timestamp>,
    pub reviewed_by: Option<String>,
    pub review_due_at: Option<Timestamp>,
    pub review_overdue: bool,
    pub unused_after: Option<Span>,
    /// Since when it has not been used, when that is longer than `unused_after`.
    pub unused_since: Option<Timestamp>,
    /// The change of the manifest that disables an unused key, as a unified diff.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disable_change: Option<String>,
    /// Disabling and deleting are refused.
    pub protect: bool,
    /// The number of the current generation.
    pub generation: Option<u32>,
    /// The provider's id of the current generation.
    pub id: Option<String>,
    /// `null`: in no manifest any more.
    pub declared_at: Option<Position>,
    /// Places that get its secrets; those of the manifest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub deliveries: Vec<Delivery>,
    /// What lies ahead, and what is overdue, soonest first.
    pub dates: Vec<Dated>,
}

/// One place that gets a key's secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Delivery {
    pub name: Name,
    /// Whether it has yet to get the current secret.
    pub pending: bool,
    /// The newest generation that it has got; `null`: none of those that are left.
    pub generation: Option<u32>,
    pub at: Option<Timestamp>,
    /// Who did it, where a person had to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// It took the secret, and a call with it has shown nothing.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unverified: bool,
    /// The place that it stood for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// What a row is made of.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    pub address: &'a Address,
    /// `None`: no account of that name is left.
    pub account: Option<AccountFacts<'a>>,
    pub desired: Option<&'a DesiredKey>,
    pub record: Option<&'a KeyRecord>,
    /// `None`: the provider was not asked.
    pub listing: Option<&'a Listing>,
    pub now: Timestamp,
}

/// The account of a key.
#[derive(Debug, Clone, Copy)]
pub struct AccountFacts<'a> {
    pub provider: &'a str,
    pub capabilities: &'a Capabilities,
    pub catalogue: &'a Catalogue,
    /// Whether a person makes the keys there.
    pub attended: bool,
}

impl Row {
    /// The row of one key.
    pub fn new(facts: Facts<'_>) -> Self {
        let Facts { desired, record, account, now, .. } = facts;
        let snapshot = facts.snapshot();
        let current = facts.shown();
        let shown = current.and_then(|current| facts.observation(current));
        let held = |generation: &'_ Generation| generation.grant.as_ref().map_or(generation.scopes.clone(), |grant| grant.scopes.clone());
        let granted = shown.and_then(|shown| shown.scopes.clone()).or(current.map(held));
        let scopes = granted.or(desired.map(|desired| desired.scopes.clone())).unwrap_or_default();
        let review_due_at = facts.review_due_at();
        let reviewed = record.and_then(|record| record.reviewed.as_ref());
        let created_at = record.and_then(KeyRecord::first_created_at);
        let unused_since = || plan::unused_since(desired?, record?, account?.capabilities, snapshot?, now);
        Self {
            address: facts.address.clone(),
            provider: account.map_or("unknown", |account| account.provider).to_owned(),
            state: current.map_or("declared", |current| facts.state(current).as_str()).to_owned(),
            observed: current.and_then(|current| facts.observed(current)),
            owner: desired.and_then(|desired| desired.owner.as_deref()).map(str::to_owned),
            purpose: desired.and_then(|desired| desired.purpose.as_deref()).map(str::to_owned),
            risk: account.and_then(|account| account.catalogue.highest_risk(&scopes)),
            scopes,
            created_at,
            rotated_at: current.map(|current| current.created_at).filter(|at| Some(*at) != created_at),
            expires_at: current.and_then(|current| facts.expires_at(current)),
            rotates_at: facts.rotates_at(),
            last_verified_at: current.and_then(|generation| generation.last_verified_at),
            last_used_at: record.and_then(|record| plan::last_used_at(record, snapshot)),
            review_every: desired.and_then(|desired| desired.review_every),
            reviewed_at: reviewed.map(|reviewed| reviewed.at),
            reviewed_by: reviewed.map(|reviewed| reviewed.by.clone()),
            review_due_at,
            review_overdue: review_due_at.is_some_and(|at| at <= now),
            unused_after: desired.and_then(|desired| desired.unused_after),
            unused_since: unused_since(),
            disable_change: None,
            protect: desired.map_or_else(|| record.is_some_and(|record| record.protect), |desired| desired.protect),
            generation: current.map(|current| current.number),
            id: current.and_then(|current| current.id.clone()),
            declared_at: desired.map(|desired| desired.declared_at.clone()),
            deliveries: deliveries(desired, record),
            dates: dates::of(facts),
        }
    }
}

impl<'a> Facts<'a> {
    fn snapshot(&self) -> Option<&'a Snapshot> {
        self.listing.and_then(Listing::snapshot)
    }

    /// The generation that the row speaks of: the current one, else the newest.
    fn shown(&self) -> Option<&'a Generation> {
        self.record.and_then(|record| record.current().or_else(|| record.generations.first()))
    }

    /// The current generation, when it is live by the ledger.
    fn live(&self) -> Option<&'a Generation> {
        self.record?.current().filter(|current| current.state == GenerationState::Active)
    }

    /// The manifest, when it wants the key to work.
    fn wanted(&self) -> Option<&'a DesiredKey> {
        self.desired.filter(|desired| desired.state == DesiredState::Active)
    }

    /// The generation as the provider shows it.
    fn observation(&self, generation: &Generation) -> Option<&'a ObservedKey> {
        self.snapshot()?.keys.get(generation.id.as_ref()?)
    }

    fn expires_at(&self, generation: &Generation) -> Option<Timestamp> {
        match self.account {
            Some(account) => plan::expires_at(account.capabilities, generation, self.observation(generation)),
            None => generation.expires_at,
        }
    }

    /// The state by the ledger, unless the provider has ended it by itself.
    fn state(&self, generation: &Generation) -> GenerationState {
        let ends = self.account.is_some_and(|account| account.capabilities.expiry.settable);
        let is_over = ends && self.expires_at(generation).is_some_and(|end| end <= self.now);
        if is_over && generation.state == GenerationState::Active { GenerationState::Expired } else { generation.state }
    }

    /// When the next rotation is due.
    pub fn rotates_at(&self) -> Option<Timestamp> {
        let (desired, current) = self.wanted().zip(self.live())?;
        let AccountFacts { capabilities, attended, .. } = self.account?;
        let (address, observed) = (self.address, self.observation(current));
        plan::Rolling { address, desired, capabilities, generation: current, observed, attended }.rotates_at(Timestamp::MAX)
    }

    /// When a person has to confirm the key again.
    pub fn review_due_at(&self) -> Option<Timestamp> {
        self.live()?;
        self.record?.review_due(self.wanted()?.review_every?)
    }

    fn observed(&self, current: &Generation) -> Option<Observed> {
        Some(match self.listing? {
            Listing::Unavailable(_) => Observed::Unavailable,
            Listing::Assumed(_) | Listing::Attended => return None,
            Listing::Complete(snapshot) => match current.id.as_ref() {
                Some(id) => match snapshot.keys.get(id).map(|shown| shown.enabled) {
                    Some(Some(false)) => Observed::Disabled,
                    Some(Some(true) | None) => Observed::Live,
                    None if snapshot.absent.contains(id) => Observed::Missing,
                    None => Observed::Unknown,
                },
                None => Observed::Unknown,
            },
        })
    }
}

/// The places that a key names, and those that still have its current secret.
fn deliveries(desired: Option<&DesiredKey>, record: Option<&KeyRecord>) -> Vec<Delivery> {
    let current = record.and_then(KeyRecord::current).filter(|current| current.state == GenerationState::Active);
    let named = desired.into_iter().flat_map(|desired| &desired.deliver);
    let left = current.into_iter().flat_map(|current| current.deliveries.keys());
    let mut all: Vec<Delivery> = Vec::new();
    for name in named.chain(left) {
        if all.iter().any(|known| known.name == *name) {
            continue;
        }
        let generations = record.into_iter().flat_map(|record| &record.generations);
        let newest = generations.filter_map(|generation| Some((generation.number, generation.deliveries.get(name)?)));
        let newest = newest.max_by_key(|(number, _)| *number);
        all.push(Delivery {
            name: name.clone(),
            pending: current.is_some_and(|current| newest.is_none_or(|(number, _)| number != current.number)),
            generation: newest.map(|(number, _)| number),
            at: newest.map(|(_, known)| known.at),
            by: newest.and_then(|(_, known)| known.by.clone()),
            unverified: newest.is_some_and(|(_, known)| known.unverified),
            to: newest.map(|(_, known)| known.to.clone()),
        });
    }
    all
}

impl Delivery {
    /// In words: `nango-finance (generation 2 on 2026-11-21)`.
    pub fn words(&self) -> String {
        let has = self.generation.zip(self.at).map(|(number, at)| format!("generation {number} on {}", at.strftime("%Y-%m-%d")));
        let by = self.by.as_ref().map(|by| format!("by {by}"));
        let pending = self.pending.then(|| "pending".to_owned());
        let unverified = self.unverified.then(|| "unverified".to_owned());
        let words: Vec<String> = [pending, has, by, unverified].into_iter().flatten().collect();
        if words.is_empty() { self.name.to_string() } else { format!("{} ({})", self.name, words.join(", ")) }
    }
}
