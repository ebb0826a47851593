//! What the provider would refuse, or what makes a new key ambiguous: the key limit, twins by label, the privilege ceiling.
use super::compare::day;
use super::draft::Draft;
use super::standing::{Index, Key, Seen};
use super::{EditField, PlanStep};
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Name, Scope, ScopeSet};
use crate::profile::Catalogue;

/// How many keys an account may still get, and what its own key covers by wildcard only.
pub(super) struct Room {
    used: usize,
    limit: Option<usize>,
    by_wildcard: ScopeSet,
}

impl Room {
    pub fn new(index: &Index, limit: Option<u32>) -> Self {
        let used = index.snapshot.map_or(0, |snapshot| snapshot.keys.len());
        Self { used, limit: limit.and_then(|limit| usize::try_from(limit).ok()), by_wildcard: ScopeSet::new() }
    }

    /// The warning about scopes that our own key covers by wildcard only, which a provider may not accept.
    pub fn finding(&self, account: &Name) -> Option<Diagnostic> {
        if self.by_wildcard.is_empty() {
            return None;
        }
        let message = format!("the admin credential of `{account}` covers {} by wildcard only", list(&self.by_wildcard));
        Some(Diagnostic::warning(Code::ProviderCeilingWildcard, message).help("grant it these scopes by name if the provider refuses"))
    }
}

/// Refuses a draft that cannot come about.
pub(super) fn check(key: &Key, draft: &mut Draft, room: &mut Room) {
    if let Some(refusal) = ceiling(key, draft, room).or_else(|| twin(key, draft)).or_else(|| limit(key, draft, room)) {
        draft.findings.extend(outlives(key, draft));
        draft.refuse(refusal);
    }
}

/// A key whose provider does not end it, and whose next generation cannot come: it works past its end.
fn outlives(key: &Key, draft: &Draft) -> Option<Diagnostic> {
    let (capabilities, current) = (key.account.capabilities, key.current()?);
    let end = current.expires_at.filter(|_| draft.issues() && !capabilities.expiry.settable)?;
    if end > key.now || key.seen(current) != Seen::Live {
        return None;
    }
    let message = format!("`{}` has passed its end of {} and lives on: its rotation is blocked", key.address, day(end));
    let help = format!("make room for its next generation, or disable it: `{}` does not end keys by itself", key.account.provider);
    Some(key.warning(Code::PlanExpired, message).help(help))
}

/// Our own key must hold every scope that it hands out.
fn ceiling(key: &Key, draft: &Draft, room: &mut Room) -> Option<Diagnostic> {
    let own = key.index.snapshot?.own_scopes.as_ref()?;
    let after = &draft.after.as_ref()?.scopes;
    let edits = |step: &PlanStep| matches!(step, PlanStep::Edit { fields, .. } if fields.contains(&EditField::Scopes));
    let catalogue = key.account.catalogue;
    let had = match &draft.before {
        Some(before) if !draft.issues() => &before.scopes,
        Some(_) | None => &ScopeSet::new(),
    };
    if !draft.issues() && !draft.steps.iter().any(edits) {
        return None;
    }
    let handed: Vec<&Scope> = after.iter().filter(|scope| !catalogue.any_covers(had, scope)).collect();
    let beyond: ScopeSet = handed.iter().filter(|scope| !catalogue.any_covers(own, scope)).map(|scope| (*scope).clone()).collect();
    if beyond.is_empty() {
        room.by_wildcard.extend(handed.into_iter().filter(|scope| !holds(catalogue, own, scope)).cloned());
        return None;
    }
    let message =
        format!("the admin credential of `{}` cannot hand out {}: it does not hold them itself", key.address.account, list(&beyond));
    Some(key.place(Diagnostic::error(Code::ProviderCeiling, message)).help("grant these scopes to the admin credential, or leave them out"))
}

/// Whether the very scope is held, not only a wildcard over it.
fn holds(catalogue: &Catalogue, own: &ScopeSet, scope: &Scope) -> bool {
    let scope = catalogue.canonical(scope);
    own.iter().any(|held| catalogue.canonical(held) == scope)
}

/// A live key with our label: with a marker that we do not know it blocks a creation, without one it was made by hand.
fn twin(key: &Key, draft: &mut Draft) -> Option<Diagnostic> {
    let desired = key.desired.filter(|desired| draft.issues() && !desired.label.is_empty())?;
    let twins = key.index.strangers.get(&*desired.label)?;
    for twin in twins.iter().filter(|twin| twin.enabled != Some(false)) {
        match twin.marker() {
            Some(marker) if !key.index.known.contains(&marker) => {
                let message = format!("a live key `{}` bears the label of `{}` and the unknown marker `{marker}`", twin.id, key.address);
                let help = "pull the ledger that knows it, or merge its rescue branch; only a key that nobody knows is to be disabled at the provider";
                return Some(key.warning(Code::ProviderLabelTwin, message).help(help));
            }
            Some(_) => {}
            None => draft.notes.push(format!("a key with the same label, made by hand, is there already: `{}`", twin.id)),
        }
    }
    None
}

fn limit(key: &Key, draft: &Draft, room: &mut Room) -> Option<Diagnostic> {
    if !draft.issues() {
        return None;
    }
    match room.limit {
        Some(limit) if room.used >= limit => {
            let message = format!("`{}` needs a new key, and `{}` has {} of {limit}", key.address, key.address.account, room.used);
            Some(key.warning(Code::ProviderKeyLimit, message).help("delete keys that are not needed, or have the limit raised"))
        }
        Some(_) | None => {
            room.used += 1;
            None
        }
    }
}

fn list(scopes: &ScopeSet) -> String {
    scopes.iter().map(|scope| format!("`{scope}`")).collect::<Vec<_>>().join(", ")
}
