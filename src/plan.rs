//! Decides what to do. A total, pure function over plain values: knows no clock, network or files, and cannot fail.
mod access;
pub mod asked;
mod attended;
pub mod bound;
#[cfg(test)]
mod by_hand;
pub mod change;
mod compare;
mod decide;
mod deliveries;
mod disuse;
mod doubtful;
mod draft;
mod drift;
mod grants;
mod guards;
#[cfg(test)]
mod guards_tests;
mod idle;
mod later;
#[cfg(test)]
mod laws;
mod limits;
mod moves;
#[cfg(test)]
mod moving;
mod notes;
mod older;
mod options;
mod requests;
pub mod review;
#[cfg(test)]
pub(crate) mod rich;
mod rows;
mod standing;
pub mod step;
mod summary;
#[cfg(test)]
mod table;
#[cfg(test)]
mod testing;
pub mod verdict;

pub use access::{AccessDiff, AccessEntry, LineKind, LongerLife, LongerOverlap, PROTECTION, ScopeLine, difference, worst};
pub use asked::{Asked, Before, Guarding, Manifests};
pub use attended::asks_the_same;
pub use bound::{exceeds, exceeds_after_recovery};
pub use change::*;
pub use compare::{Rolling, expires_at};
pub use idle::{UnusedKey, last_used_at, unused_since};
pub use options::OptionGain;
pub use review::{BaseView, Origin, PendingAccess, TrustedChange, TrustedKind, attribute};
pub use step::{EditField, PlanStep, RecordedState};
pub use verdict::{Deferred, GuardVerdict, Verdict};

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::model::{Address, DesiredKey, Expiry, Held, KeyRecord, Listing, Name, Target, Unmanaged};
use crate::profile::{Capabilities, Catalogue, Grants, KeyOption, Runbook, Runbooks};
use decide::Deciding;
use moves::Moving;
use standing::{Index, Key};

/// How long a saved plan can be applied.
const VALID_FOR: SignedDuration = SignedDuration::from_hours(24);

/// Everything the planner looks at.
#[derive(Debug, Clone)]
pub struct PlanInput<'a> {
    pub now: Timestamp,
    pub mode: Mode,
    pub accounts: BTreeMap<Name, AccountInput<'a>>,
    /// Only these keys; empty: all.
    pub only: BTreeSet<Address>,
    /// Whether plaintexts can be opened (`-i IDENTITY`).
    pub can_open: bool,
    /// Binds a saved plan to manifests, trusted configuration and profiles.
    pub digest: String,
    pub asked: Asked,
    pub before: Before,
    pub guarding: Guarding,
    /// Places that consume secrets, by name.
    pub deliveries: BTreeMap<Name, DeliveryInput<'a>>,
}

/// One account's side of the input.
#[derive(Debug, Clone)]
pub struct AccountInput<'a> {
    pub provider: &'a str,
    pub capabilities: &'a Capabilities,
    pub catalogue: &'a Catalogue,
    /// The names of a secret's parts.
    pub parts: &'a [String],
    pub listing: Listing,
    pub desired: BTreeMap<Name, &'a DesiredKey>,
    pub ledger: BTreeMap<Name, &'a KeyRecord>,
    /// Where a person makes the keys.
    pub attended: Option<AttendedInput<'a>>,
    /// Keys that got another address, by their new names: the old ones.
    pub moved: BTreeMap<Name, Name>,
    /// What to do about keys that neither of them knows.
    pub unmanaged: &'a Unmanaged,
    /// Nothing tells which of its keys is that of our own credential.
    pub own_untold: bool,
    /// What a key can have beside its scopes.
    pub options: &'a BTreeMap<String, KeyOption>,
}

/// One place that consumes secrets.
#[derive(Debug, Clone)]
pub struct DeliveryInput<'a> {
    pub target: &'a Target,
    /// What a person does there; absent where there is an API.
    pub runbook: Option<Runbook>,
    /// What it says it holds; absent where it was not asked.
    pub held: Option<Held>,
    /// Whether a call through it shows that a secret works there.
    pub tries: bool,
}

/// What runbooks are filled with beside the key itself.
#[derive(Debug, Clone, Copy)]
pub struct AttendedInput<'a> {
    pub runbooks: &'a Runbooks,
    pub environment: Option<&'a str>,
    pub params: &'a BTreeMap<String, String>,
    /// Keys that a person grants in a browser.
    pub grants: Option<&'a Grants>,
    /// Names of all options that keys can have there.
    pub options: &'a BTreeSet<String>,
}

/// Plans. The same input gives the same plan, byte for byte, and every input gives one.
///
/// An unavailable listing yields only `blocked` changes; what cannot be decided is `blocked` and has a finding that says why. A plan that a guard
/// refuses says so, and must not be applied.
pub fn plan(input: &PlanInput) -> Plan {
    let mut plan = Plan {
        format_version: "1.0".to_owned(),
        digest: input.digest.clone(),
        mode: input.mode,
        created_at: input.now,
        expires_at: input.now.checked_add(VALID_FOR).unwrap_or(Timestamp::MAX),
        only: input.only.clone(),
        requests: input.asked.rotate.clone(),
        allowed: input.asked.allow.clone(),
        base: None,
        trusted: Vec::new(),
        accounts: BTreeMap::new(),
        changes: Vec::new(),
        attended: Vec::new(),
        drift: Vec::new(),
        unmanaged: Vec::new(),
        due: Vec::new(),
        unused: Vec::new(),
        deferred: Vec::new(),
        guards: Vec::new(),
        kept_risks: BTreeMap::new(),
        diagnostics: Vec::new(),
        summary: Summary::default(),
        findings: Vec::new(),
    };
    let indices: BTreeMap<&Name, Index> = input.accounts.iter().map(|(name, account)| (name, Index::new(account))).collect();
    let moving: BTreeMap<&Name, BTreeMap<&Name, Moving>> =
        input.accounts.iter().map(|(name, account)| (name, moves::pending(name, account))).collect();
    let mut accounts: Vec<Deciding> =
        input.accounts.iter().map(|(name, account)| begin(input, name, account, &indices[name], &moving[name])).collect();
    guards::defer(input, &mut accounts, &mut plan);
    let mut unchanged = 0;
    for account in accounts {
        plan.accounts.insert(account.name.clone(), summary::account_view(account.account));
        unchanged += conclude(account, &mut plan);
    }
    plan.due.sort_by(|a, b| (a.at, &a.address, &a.kind).cmp(&(b.at, &b.address, &b.kind)));
    plan.summary = summary::summary(&plan.changes, unchanged);
    plan.kept_risks = summary::kept_risks(input, &plan.changes);
    guards::check(input, &mut plan);
    plan
}

/// Takes an account's selected keys, and drafts what happens to each.
fn begin<'a>(
    input: &'a PlanInput,
    name: &'a Name,
    account: &'a AccountInput,
    index: &'a Index<'a>,
    moving: &'a BTreeMap<&'a Name, Moving<'a>>,
) -> Deciding<'a> {
    let moved_away: BTreeSet<&Name> = moving.values().map(|moving| &moving.from.name).collect();
    let names: BTreeSet<&Name> = account.desired.keys().chain(account.ledger.keys()).filter(|name| !moved_away.contains(name)).collect();
    let mut keys = Vec::with_capacity(names.len());
    for key_name in names {
        let address = Address::new(name.clone(), key_name.clone());
        if !input.only.is_empty() && !input.only.contains(&address) {
            continue;
        }
        let moved = moving.get(key_name);
        let record = moved.filter(|moved| !moved.occupied).map(|moved| moved.record).or_else(|| account.ledger.get(key_name).copied());
        keys.push(Key {
            account,
            index,
            now: input.now,
            can_open: input.can_open,
            deliveries: &input.deliveries,
            desired: account.desired.get(key_name).copied(),
            record,
            moved,
            request: input.asked.rotate.get(&address).copied(),
            resumed: input.before.interrupted.contains(&address),
            base: input.before.declared.as_ref().map(|declared| declared.get(&address)),
            address,
        });
    }
    decide::begin_all(name, account, index, keys)
}

/// Adds one account to the plan. Returns how many of its selected declared keys have no change.
fn conclude(account: Deciding, plan: &mut Plan) -> usize {
    let Deciding { name, account, index, keys, drafts, room } = account;
    let mut findings = Vec::new();
    let mut unchanged = 0;
    let decisions = decide::conclude_all(&keys, drafts);
    plan.changes.reserve(decisions.iter().filter(|decision| decision.change.is_some()).count());
    for (key, decision) in keys.iter().zip(decisions) {
        // What a date was computed from is gone then: of a fixed end it is the new one.
        let endless = key.desired.is_some_and(|desired| desired.expiry == Expiry::Never);
        let gives_an_end = |step: &PlanStep| matches!(step, PlanStep::Create { .. }) || endless && step.edits(EditField::Expiry);
        let is_renewed = decision.change.as_ref().is_some_and(|change| change.steps.iter().any(gives_an_end));
        plan.due.extend(summary::due(key).filter(|_| !is_renewed));
        plan.due.extend(summary::review_due(key));
        plan.due.extend(disuse::due(key));
        findings.extend(disuse::finding(key));
        findings.extend(disuse::refused(key));
        findings.extend(grants::findings(key));
        plan.unused.extend(idle::unused(key));
        unchanged += usize::from(key.desired.is_some() && decision.change.is_none());
        plan.changes.extend(decision.change);
        plan.attended.extend(decision.attended);
        plan.drift.extend(decision.drift);
        findings.extend(decision.findings);
    }
    if !keys.is_empty() {
        let expires = keys.iter().filter_map(|key| key.desired).any(|desired| desired.expiry != Expiry::Never);
        plan.findings.extend(summary::account_findings(name, account, expires));
        plan.findings.extend(room.finding(name));
        plan.findings.extend(summary::without_secret(name, &keys));
        plan.findings.extend(moves::unknown(account, &keys));
    }
    plan.findings.append(&mut findings);
    let (unmanaged, ignored) = summary::unmanaged(name, account, index);
    if let Some(view) = plan.accounts.get_mut(name) {
        view.ignored = ignored;
    }
    plan.findings.extend(summary::refused_for_unmanaged(name, &unmanaged));
    plan.unmanaged.extend(unmanaged);
    unchanged
}
