//! Decides what to do. A total, pure function over plain values: knows no clock, network or files, and cannot fail.
mod access;
pub mod bound;
#[cfg(test)]
mod by_hand;
pub mod change;
mod compare;
mod decide;
mod draft;
mod drift;
mod idle;
#[cfg(test)]
mod laws;
mod limits;
mod moves;
#[cfg(test)]
mod moving;
mod older;
mod rows;
mod standing;
mod summary;
#[cfg(test)]
mod table;
#[cfg(test)]
mod testing;

pub use access::difference;
pub use bound::{exceeds, exceeds_after_recovery};
pub use change::*;
pub use compare::{expires_at, rotation_at};
pub use idle::{UnusedKey, last_used_at, unused_since};

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::diagnostics::Code;
use crate::model::{Address, DesiredKey, Expiry, KeyRecord, Listing, Name, Unmanaged};
use crate::profile::{Capabilities, Catalogue};
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
}

/// One account's side of the input.
#[derive(Debug, Clone)]
pub struct AccountInput<'a> {
    pub provider: &'a str,
    pub capabilities: &'a Capabilities,
    pub catalogue: &'a Catalogue,
    pub listing: Listing,
    pub desired: BTreeMap<Name, &'a DesiredKey>,
    pub ledger: BTreeMap<Name, &'a KeyRecord>,
    /// Keys that got another address, by their new names: the old ones.
    pub moved: BTreeMap<Name, Name>,
    /// What to do about keys that neither of them knows.
    pub unmanaged: &'a Unmanaged,
}

/// Plans. The same input gives the same plan, byte for byte, and every input gives one.
///
/// An unavailable listing yields only `blocked` changes; what cannot be decided is `blocked` and has a finding that says why.
pub fn plan(input: &PlanInput) -> Plan {
    let mut plan = Plan {
        format_version: "1.0".to_owned(),
        digest: input.digest.clone(),
        mode: input.mode,
        created_at: input.now,
        expires_at: input.now.checked_add(VALID_FOR).unwrap_or(Timestamp::MAX),
        only: input.only.clone(),
        accounts: BTreeMap::new(),
        changes: Vec::new(),
        attended: Vec::new(),
        drift: Vec::new(),
        unmanaged: Vec::new(),
        due: Vec::new(),
        unused: Vec::new(),
        diagnostics: Vec::new(),
        summary: Summary::default(),
        findings: Vec::new(),
    };
    let mut declared = BTreeSet::new();
    for (name, account) in &input.accounts {
        plan.accounts.insert(name.clone(), summary::account_view(account));
        declared.extend(plan_account(input, name, account, &mut plan));
    }
    plan.due.sort_by(|a, b| (a.at, &a.address, &a.kind).cmp(&(b.at, &b.address, &b.kind)));
    plan.summary = summary::summary(&plan.changes, &declared);
    plan
}

impl Plan {
    /// Whether the plan is refused as a whole: nothing of it may be carried out.
    pub fn is_refused(&self) -> bool {
        self.findings.iter().any(|finding| finding.code == Code::PlanUnmanaged)
    }
}

/// Adds one account to the plan. Returns its selected declared keys.
fn plan_account<'a>(input: &'a PlanInput, name: &'a Name, account: &'a AccountInput, plan: &mut Plan) -> BTreeSet<(&'a Name, &'a Name)> {
    let index = Index::new(account);
    let mut room = limits::Room::new(&index, account.capabilities.key_limit);
    let moving = moves::pending(name, account);
    let moved_away: BTreeSet<&Name> = moving.values().map(|moving| &moving.from.name).collect();
    let names: BTreeSet<&Name> = account.desired.keys().chain(account.ledger.keys()).filter(|name| !moved_away.contains(name)).collect();
    let (mut declared, mut selected, mut expires) = (BTreeSet::new(), false, false);
    let mut findings = Vec::new();
    let mut keys = Vec::with_capacity(names.len());
    for key_name in names {
        let address = Address::new(name.clone(), key_name.clone());
        if !input.only.is_empty() && !input.only.contains(&address) {
            continue;
        }
        let desired = account.desired.get(key_name).copied();
        let moved = moving.get(key_name);
        let record = moved.filter(|moved| !moved.occupied).map(|moved| moved.record).or_else(|| account.ledger.get(key_name).copied());
        let key = Key { address, account, index: &index, now: input.now, can_open: input.can_open, desired, record, moved };
        keys.push(key);
        selected = true;
        declared.extend(desired.map(|_| (name, key_name)));
        expires |= desired.is_some_and(|desired| desired.expiry != Expiry::Never);
    }
    for (key, decision) in keys.iter().zip(decide::decide_all(&keys, &mut room)) {
        let is_renewed =
            decision.change.as_ref().is_some_and(|change| change.steps.iter().any(|step| matches!(step, PlanStep::Create { .. })));
        plan.due.extend(summary::due(key).filter(|_| !is_renewed));
        plan.due.extend(summary::review_due(key));
        plan.unused.extend(idle::unused(key));
        plan.changes.extend(decision.change);
        plan.drift.extend(decision.drift);
        findings.extend(decision.findings);
    }
    if selected {
        plan.findings.extend(summary::account_findings(name, account, expires));
        plan.findings.extend(room.finding(name));
        plan.findings.extend(summary::without_secret(name, &keys));
    }
    plan.findings.append(&mut findings);
    let (unmanaged, ignored) = summary::unmanaged(name, account, &index);
    if let Some(view) = plan.accounts.get_mut(name) {
        view.ignored = ignored;
    }
    plan.findings.extend(summary::refused_for_unmanaged(name, &unmanaged));
    plan.unmanaged.extend(unmanaged);
    declared
}
