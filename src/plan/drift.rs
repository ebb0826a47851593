//! What somebody else did to a key: the provider shows something else than the ledger, and no manifest asked for it. Decides nothing.
use std::collections::{BTreeMap, BTreeSet};

use super::access::{difference, reach};
use super::compare::{Differences, compare, day, expires_at, granted, is_close, is_editable, shown_scopes};
use super::older::{self, Pace};
use super::rows::{BEYOND, is_over};
use super::standing::{Key, Seen, Wanted};
use super::{AccessDiff, Action, Change, EditField, KeyView, Plan, PlanStep, options, summary};
use crate::diagnostics::Code;
use crate::model::key::same_option;
use crate::model::{Address, DesiredKey, Generation, GenerationState, Listing, ObservedKey, Risk, ScopeSet};
use crate::profile::{Capabilities, Disable};

impl Plan {
    /// The plan as far as it concerns keys that somebody else has changed: drift, what corrects it, and accounts that cannot be read or believed.
    pub fn only_drift(mut self) -> Self {
        let drifted: BTreeSet<&Address> = self.drift.iter().map(|change| &change.address).collect();
        let all = self.changes.len();
        self.changes.retain(|change| drifted.contains(&change.address));
        self.summary = summary::summary(&self.changes, self.summary.none + all - self.changes.len());
        self.attended.clear();
        self.unmanaged.clear();
        self.due.clear();
        // A listing that lacks most keys may be that of another account: then nothing of this is drift.
        let doubts = [Code::ProviderUnavailable, Code::CredentialMissing, Code::CredentialInvalid, Code::GuardShrunk];
        self.diagnostics.retain(|diagnostic| doubts.contains(&diagnostic.code));
        self.findings.retain(|finding| doubts.contains(&finding.code));
        self
    }
}

/// One entry for each thing that was done by hand, corrected by this action of the key's change; `blocked`: not now. before, as the ledger says; after, as the provider shows.
/// What is gained and lost is what the deed gave and took, not what its correction does. A note says when it ends where nothing corrects it now.
pub(super) fn drift(key: &Key, action: Action) -> Vec<Change> {
    let Listing::Complete(_) = key.account.listing else { return Vec::new() };
    let mut found = Vec::new();
    let mut generations: Vec<&Generation> = key.generations().filter(|generation| key.index.untouchable(generation).is_none()).collect();
    generations.sort_by_key(|generation| std::cmp::Reverse(generation.number));
    for generation in generations {
        found.extend(switched(key, action, generation));
    }
    if let (Wanted::Active, Some(desired), Some(current)) = (key.wanted(), key.desired, key.current())
        && current.state == GenerationState::Active
        && key.index.untouchable(current).is_none()
        && let Some(observed) = key.observed(current)
    {
        let Differences { drifted, contested, beyond: is_beyond, .. } = compare(key, desired, current);
        found.extend(is_beyond.then(|| beyond(key, action, current)));
        let fields = drifted.into_iter().chain(contested);
        found.extend(fields.map(|field| edited(key, action, current, observed, field)));
    }
    found
}

/// The same for predecessors that live through their overlap: they are not brought back. What was given more is narrowed again, where the provider can;
/// nothing else is corrected before the overlap has passed.
pub(super) fn retiring(key: &Key, change: Option<&Change>) -> Vec<Change> {
    let steps = change.map_or(&[][..], |change| &change.steps);
    let mut generations: Vec<&Generation> = key.generations().filter(|other| other.state == GenerationState::Retiring).collect();
    generations.sort_by_key(|generation| std::cmp::Reverse(generation.number));
    let mut found = Vec::new();
    for generation in generations {
        let number = generation.number;
        let ends = steps.contains(&PlanStep::Disable { generation: number });
        let untouchable = key.observed(generation).is_some_and(|observed| observed.untouchable) && key.seen(generation) == Seen::Live;
        found.extend(untouchable.then(|| {
            let action = if ends { Action::Disable } else { Action::None };
            let mut deed = Change { action, ..beyond(key, action, generation) };
            deed.notes.extend((!ends).then(|| ends_later(key, generation)));
            deed
        }));
        for (field, mut deed) in by_hand(key, generation) {
            let narrows =
                |step: &PlanStep| matches!(step, PlanStep::Edit { generation, fields } if *generation == number && fields.contains(&field));
            deed.action = match (ends, steps.iter().any(narrows)) {
                (true, _) => Action::Disable,
                (false, true) => Action::Edit,
                (false, false) => Action::None,
            };
            if deed.action == Action::None {
                deed.notes.push(ends_later(key, generation));
            }
            found.push(deed);
        }
    }
    found
}

/// Fields in which somebody else has given more to a generation that lives through its overlap, or that is about to, and that can be edited back.
pub(super) fn widened(key: &Key, generation: &Generation, is_followed: bool) -> Vec<EditField> {
    let lives_on = generation.state == GenerationState::Retiring || is_followed && generation.may_carry();
    let (true, Some(_)) = (lives_on, key.desired) else { return Vec::new() };
    let gains = |deed: &Change| !deed.access.gained.is_empty() || !deed.access.options_gained.is_empty();
    let mut deeds = by_hand(key, generation);
    deeds.retain(|(field, deed)| gains(deed) && is_editable(key.account.capabilities, generation, *field));
    deeds.into_iter().map(|(field, _)| field).collect()
}

/// What was done by hand to a live generation, apart from what any manifest says.
fn by_hand(key: &Key, generation: &Generation) -> Vec<(EditField, Change)> {
    let Listing::Complete(_) = key.account.listing else { return Vec::new() };
    let lives = key.seen(generation) == Seen::Live && !is_over(key, generation);
    let Some(observed) = key.observed(generation).filter(|_| lives && key.index.untouchable(generation).is_none()) else {
        return Vec::new();
    };
    let capabilities = key.account.capabilities;
    let scopes = shown_scopes(Some(observed)).is_some_and(|shown| !key.read_back().stands(generation, shown));
    let end = !is_close(capabilities, expires_at(capabilities, generation, Some(observed)), generation.expires_at);
    let options = generation.options.keys().any(|name| option_edited(capabilities, generation, observed, name));
    let fields = [(EditField::Scopes, scopes), (EditField::Expiry, end), (EditField::Options, options)];
    let edits = fields.into_iter().filter(|(_, is_edited)| *is_edited);
    edits.map(|(field, _)| (field, edited(key, Action::None, generation, observed, field))).collect()
}

/// Whether an option is not what was written last: where answers tell it, one that is absent was taken away.
fn option_edited(capabilities: &Capabilities, generation: &Generation, observed: &ObservedKey, name: &str) -> bool {
    generation.options.get(name).is_some_and(|known| match observed.options.get(name) {
        Some(shown) => !same_option(shown, known),
        None => capabilities.told.options.contains(name) && !known.is_null(),
    })
}

/// When a predecessor ends that nothing ends now.
fn ends_later(key: &Key, generation: &Generation) -> String {
    if !key.account.capabilities.can_end() {
        return format!("`{}` cannot disable keys: revoke it there by hand", key.account.provider);
    }
    match (older::pace(key, key.current()), generation.disable_after) {
        (Pace::Keep, _) | (_, None) => "it is disabled when its successor works and is delivered".to_owned(),
        (Pace::Overlap | Pace::Now, Some(end)) => format!("it is disabled when its overlap ends ({})", day(end)),
    }
}

/// Fields of a generation that somebody else has changed at the provider, to something that no manifest asks for either. `differs`: those in which
/// the provider differs from the manifest.
pub(super) fn edited_by_hand(key: &Key, desired: &DesiredKey, generation: &Generation, differs: &[EditField]) -> Vec<EditField> {
    let Some(observed) = key.observed(generation) else { return Vec::new() };
    let capabilities = key.account.capabilities;
    let is_edited = |field: &EditField| match field {
        EditField::Label => observed.label != generation.label,
        EditField::Scopes => shown_scopes(Some(observed)).is_some_and(|shown| !key.read_back().stands(generation, shown)),
        EditField::Expiry => !is_close(capabilities, expires_at(capabilities, generation, Some(observed)), generation.expires_at),
        EditField::Options => {
            desired.options.keys().chain(generation.options.keys()).any(|name| option_edited(capabilities, generation, observed, name))
        }
    };
    differs.iter().copied().filter(is_edited).collect()
}

/// A generation that somebody else has disabled, enabled or deleted.
fn switched(key: &Key, action: Action, generation: &Generation) -> Option<Change> {
    use GenerationState::{Active, Ambiguous, Attended, Created, Deleted, Disabled, Expired, Intended, Lost, Retiring, Sealed, Vanished};
    if generation.switching.is_some() || generation.id.is_none() {
        return None;
    }
    let before = ledger_view(generation);
    let gives = || granted(key, generation, key.observed(generation));
    let (what, after) = match (generation.state, key.seen(generation)) {
        // What has passed its end is dead by itself.
        (Active, Seen::Off | Seen::Missing) if key.has_passed(generation.expires_at) => return None,
        (Active, Seen::Off) => ("disabled by hand", Some(KeyView { state: "disabled".to_owned(), ..before.clone() })),
        (Active, Seen::Missing) => ("vanished", None),
        // The provider ends keys by itself, and goes on to list them as they were.
        (Disabled | Expired, Seen::Live) if is_over(key, generation) => return None,
        (Disabled | Expired, Seen::Live) => {
            ("enabled by hand", Some(KeyView { state: "active".to_owned(), scopes: gives(), ..before.clone() }))
        }
        (Disabled, Seen::Missing) if key.desired.is_some() && key.account.capabilities.disable == Disable::Reversible => {
            ("deleted by hand", None)
        }
        (Vanished | Deleted, Seen::Live) => {
            ("live again, after it was gone", Some(KeyView { state: "active".to_owned(), scopes: gives(), ..before.clone() }))
        }
        (Active, Seen::Live | Seen::Unknown)
        | (Disabled | Expired | Vanished | Deleted, Seen::Off | Seen::Missing | Seen::Unknown)
        // A predecessor that ended before its time is not brought back; the rest is for recovery, or for a person.
        | (
            Retiring | Intended | Created | Sealed | Ambiguous | Lost | Attended,
            Seen::Live | Seen::Off | Seen::Missing | Seen::Unknown,
        ) => return None,
    };
    let none = ScopeSet::new();
    let grants = |view: Option<&KeyView>| view.filter(|view| view.is_active()).map_or(none.clone(), |view| view.scopes.clone());
    let access = difference(key.account.catalogue, &grants(Some(&before)), &grants(after.as_ref()));
    Some(entry(key, action, generation, what, before, after, access))
}

/// A field of the current generation that somebody else has edited.
fn edited(key: &Key, action: Action, generation: &Generation, observed: &ObservedKey, field: EditField) -> Change {
    let mut before = ledger_view(generation);
    if field == EditField::Scopes {
        before.scopes = key.read_back().expected(generation);
    }
    let mut after = before.clone();
    let capabilities = key.account.capabilities;
    match field {
        EditField::Label => after.label = Some(observed.label.clone()),
        EditField::Scopes => after.scopes = observed.scopes.clone().unwrap_or_default(),
        EditField::Expiry => after.expires_at = expires_at(capabilities, generation, Some(observed)),
        EditField::Options => after.options.clone_from(&observed.options),
    }
    let mut access = difference(key.account.catalogue, &before.scopes, &after.scopes);
    let what = match field {
        EditField::Label if generation.marker.is_some() && observed.marker() != generation.marker => {
            "label changed by hand, and its marker is gone"
        }
        EditField::Label => "label changed by hand",
        EditField::Scopes => match (access.gained.is_empty(), access.lost.is_empty()) {
            (false, true) => "scopes widened by hand",
            (true, false) => "scopes narrowed by hand",
            (true, true) | (false, false) => "scopes changed by hand",
        },
        EditField::Expiry => match (before.expires_at, after.expires_at) {
            (Some(_), None) => "expiry removed by hand",
            (Some(old), Some(new)) if new > old => "expiry moved later by hand",
            (Some(_), Some(_)) => "expiry moved earlier by hand",
            (None, _) => "expiry set by hand",
        },
        EditField::Options => "options changed by hand",
    };
    access.expiry_extended =
        field == EditField::Expiry && before.expires_at.is_some_and(|old| after.expires_at.is_none_or(|new| new > old));
    if access.expiry_extended {
        access.reach = reach(key.account.catalogue, &granted(key, generation, Some(observed)));
    }
    if field == EditField::Options && after.is_active() {
        access.options_gained = options::gained(key.account.options, key.account.catalogue, before.had(), (&after.scopes, &after.options));
    }
    entry(key, action, generation, what, before, Some(after), access)
}

/// A generation that somebody else has made more than the profile can say.
fn beyond(key: &Key, action: Action, generation: &Generation) -> Change {
    let view = ledger_view(generation);
    let access = AccessDiff { unsaid: true, reach: Some(Risk::Critical), ..difference(key.account.catalogue, &view.scopes, &view.scopes) };
    entry(key, action, generation, BEYOND, view.clone(), Some(view), access)
}

fn ledger_view(generation: &Generation) -> KeyView {
    let live = matches!(generation.state, GenerationState::Active | GenerationState::Retiring);
    let state = if live { "active" } else { "disabled" };
    KeyView {
        scopes: generation.scopes.clone(),
        expires_at: generation.expires_at,
        state: state.to_owned(),
        label: Some(generation.label.clone()),
        options: generation.options.clone(),
    }
}

fn entry(
    key: &Key,
    action: Action,
    generation: &Generation,
    what: &str,
    before: KeyView,
    after: Option<KeyView>,
    access: AccessDiff,
) -> Change {
    let older = key.current().is_some_and(|current| current.number != generation.number);
    Change {
        address: key.address.clone(),
        // The action of its change concerns the current generation.
        action: if older && action != Action::Blocked { Action::Disable } else { action },
        reason: if older { format!("generation {} {what}", generation.number) } else { what.to_owned() },
        origin: None,
        generation: generation.number,
        declared_at: key.desired.map(|desired| desired.declared_at.clone()),
        before: Some(before),
        after,
        access,
        words: Vec::new(),
        steps: Vec::new(),
        generations: BTreeMap::new(),
        request: None,
        owner: key.desired.and_then(|desired| desired.owner.as_deref().map(str::to_owned)),
        notes: Vec::new(),
    }
}
