//! Keys that got another address: which record a declared key has, and the step that moves it. The provider has no part in it.
use std::collections::BTreeMap;

use super::draft::Draft;
use super::standing::Key;
use super::{AccountInput, Action, PlanStep, compare};
use crate::diagnostics::suggest::did_you_mean;
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Address, GenerationState, KeyRecord, Name};

/// A move that has yet to be carried out.
pub(super) struct Moving<'a> {
    pub from: Address,
    /// What the ledger has at the old address.
    pub record: &'a KeyRecord,
    /// The new address has a record of its own.
    pub occupied: bool,
}

/// The moves that have yet to be carried out, by the new name. Where the ledger does not have the old address, that was done; where nothing of the
/// old one lives and the new one has a record, there is nothing to do.
pub(super) fn pending<'a>(name: &Name, account: &'a AccountInput) -> BTreeMap<&'a Name, Moving<'a>> {
    let moving = |(to, from): (&'a Name, &'a Name)| {
        let record = *account.ledger.get(from).filter(|record| !record.generations.is_empty())?;
        let occupied = account.ledger.contains_key(to);
        let declared = account.desired.contains_key(to) && !account.desired.contains_key(from);
        let from = Address::new(name.clone(), from.clone());
        (declared && (!occupied || lives(record))).then_some((to, Moving { from, record, occupied }))
    };
    account.moved.iter().filter_map(moving).collect()
}

/// Moves of which nobody knows what they begin with: neither address was ever issued, as far as the ledger tells. The new key would be made beside the
/// one that was meant.
pub(super) fn unknown(account: &AccountInput, keys: &[Key]) -> Vec<Diagnostic> {
    let strange = |key: &Key| {
        let from = account.moved.get(&key.address.name).filter(|from| !account.ledger.contains_key(from))?;
        if key.record.is_some() || key.desired.is_none() {
            return None;
        }
        let from = Address::new(key.address.account.clone(), from.clone());
        let message = format!("`{}` is moved from `{from}`, which neither the ledger nor a manifest knows: it is a new key", key.address);
        let left = account.ledger.iter().filter(|(name, record)| lives(record) && !account.desired.contains_key(name));
        let meant = did_you_mean(from.name.as_str(), left.map(|(name, _)| name.as_str()));
        Some(
            key.warning(Code::PlanMoved, message)
                .help(meant.unwrap_or_else(|| "remove the `moved` entry, or correct its `from`".to_owned())),
        )
    };
    keys.iter().filter_map(strange).collect()
}

/// Whether something of a key may live, or a person may yet make it.
fn lives(record: &KeyRecord) -> bool {
    record.generations.iter().any(|generation| generation.state.may_live() || generation.state == GenerationState::Attended)
}

/// Puts the move before everything else that happens to the key, or refuses it.
pub(super) fn add(key: &Key, draft: &mut Draft) {
    let (Some(moving), Some(desired)) = (key.moved, key.desired) else { return };
    let from = &moving.from;
    if moving.occupied {
        let message = format!("`{from}` cannot move to `{}`: the ledger has a key there, too", key.address);
        draft.refuse(key.warning(Code::PlanMoved, message).help("remove the `moved` entry, and declare the keys that should live"));
        return;
    }
    let current = key.current();
    let newest = || key.generations().map(|generation| generation.number).max().unwrap_or(0);
    let number = current.map_or_else(newest, |current| current.number);
    let keeps_label = current.is_some_and(|current| compare::keeps_label(key, desired, current));
    match draft.action {
        Action::None => {
            draft.action = Action::Edit;
            draft.generation = number;
            draft.stay(key);
            draft.reason = format!("moved from `{from}`");
        }
        // What is refused may leave work on older generations, which comes after the move.
        Action::Blocked => {}
        Action::Create
        | Action::Edit
        | Action::Rotate
        | Action::Replace
        | Action::Disable
        | Action::Enable
        | Action::Delete
        | Action::Reseal
        | Action::Deliver
        | Action::Attended => draft.reason = format!("moved from `{from}`; {}", draft.reason),
    }
    if keeps_label && !draft.issues() && !draft.opens() && draft.refusal.is_none() {
        draft.notes.push(format!("`{}` cannot edit labels: the next rotation brings the new one", key.account.provider));
    }
    draft.steps.insert(0, PlanStep::Move { generation: number, from: from.clone(), keeps_label });
}
