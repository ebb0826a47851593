//! Keys that only a person can make. Nothing can be asked of their provider: the ledger, and what a person confirmed, is all that is known of them.
mod runbook;

use super::compare::{Differences, compare, ends_as_wanted, rotation_at, wanted_end};
use super::decide::{Decision, record_protection};
use super::draft::Draft;
use super::notes::issue_notes;
use super::older::{Pace, pace};
use super::rows::{self, INTERRUPTED};
use super::standing::{Held, Key, Wanted};
use super::{Action, AttendedInput, EditField, KeyView, PlanStep, RecordedState, deliveries, grants, later, moves, requests};
use crate::diagnostics::Code;
use crate::model::key::same_option;
use crate::model::{DesiredKey, Generation, GenerationState, KeyRecord, Options, Request, Span};
use crate::profile::Catalogue;
use crate::profile::runbook::RunbookValues;

/// What a person is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Create,
    Rotate,
    Replace,
    Revoke,
}

/// One piece of work for a person.
#[derive(Debug, Clone, Copy)]
struct Work<'a> {
    kind: Kind,
    /// The generation that the work is on; `None`: apply has not opened it yet.
    generation: Option<&'a Generation>,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Rotate => "rotate",
            Self::Replace => "replace",
            Self::Revoke => "revoke",
        }
    }
}

/// Decides about one key. Whatever a person has to do stands in the plan until it is confirmed, whether or not apply has work of its own.
pub(super) fn decide(key: &Key, attended: &AttendedInput) -> Decision {
    let left: Vec<u32> = key.unfinished().iter().map(|generation| generation.number).collect();
    match key.record.filter(|_| !left.is_empty()) {
        None => settled(key, attended, &left),
        Some(record) => {
            // What recovery makes of it is known: a secret that was taken over is published, anything else is asked for again.
            let after = recovered(key, record, &left);
            settled(&Key { address: key.address.clone(), record: Some(&after), ..*key }, attended, &left)
        }
    }
}

/// The record as recovery leaves it.
fn recovered(key: &Key, record: &KeyRecord, left: &[u32]) -> KeyRecord {
    let mut record = record.clone();
    for number in left {
        let taken = record.generation(*number);
        let published = taken.is_some_and(|taken| taken.state == GenerationState::Sealed && taken.sealed.is_some());
        let compromised = taken.is_some_and(|taken| taken.request == Some(Request::Compromised));
        for generation in &mut record.generations {
            if generation.number == *number {
                generation.state = if published { GenerationState::Active } else { GenerationState::Attended };
            } else if published && generation.state == GenerationState::Active {
                generation.state = GenerationState::Retiring;
                let overlap = key.desired.map_or(Span::seconds(0), |desired| desired.overlap);
                let overlap = if compromised { Span::seconds(0) } else { overlap };
                generation.disable_after = key.now.checked_add(overlap.duration()).ok();
            }
        }
    }
    record
}

/// Decides about a key that no interrupted run has left in between; `left`: what recovery finishes first.
fn settled(key: &Key, attended: &AttendedInput, left: &[u32]) -> Decision {
    let mut draft = Draft::rest(key);
    let (mut work, mut places) = (Vec::new(), Vec::new());
    current(key, &mut draft, &mut work);
    deliveries::add(key, &mut draft, &mut places);
    older(key, &mut draft, &mut work);
    let ends = !work.is_empty() || draft.steps.iter().any(|step| matches!(step, PlanStep::Disable { .. }));
    if ends && key.wanted() != Wanted::Active && key.is_protected() {
        work.clear();
        draft.refuse(
            key.warning(Code::PlanProtected, format!("`{}` is protected: it would be revoked otherwise", key.address))
                .help("set `protect: false`, apply, and then remove or disable the key"),
        );
    }
    moves::add(key, &mut draft);
    record_protection(key, &mut draft);
    later::add(key, &mut draft);
    unverified(key, &mut draft);
    if let Some(last) = left.last() {
        if draft.action == Action::None {
            (draft.action, draft.reason, draft.generation) = (Action::Attended, INTERRUPTED.to_owned(), *last);
            draft.stay(key);
        }
        draft.recovery = left.iter().map(|number| PlanStep::Recover { generation: *number }).collect();
    }
    let mut steps = Vec::new();
    if draft.refusal.is_none() {
        steps.extend(work.iter().map(|work| runbook::runbook(key, attended, *work)));
        steps.append(&mut places);
    }
    let (change, mut findings) = draft.finish(key);
    findings.extend(requests::answer(key, change.as_ref(), false));
    // Nothing is listed there, so nothing is seen to have been done by hand.
    Decision { change, findings, attended: steps, drift: Vec::new() }
}

/// The generation that a person was asked to make.
fn open<'a>(key: &Key<'a>) -> Option<&'a Generation> {
    let waits = |generation: &&Generation| generation.state == GenerationState::Attended && generation.asking_since.is_none();
    key.generations().filter(waits).max_by_key(|generation| generation.number)
}

/// What has to happen to the key itself.
fn current<'a>(key: &Key<'a>, draft: &mut Draft, work: &mut Vec<Work<'a>>) {
    let live = key.current().filter(|current| current.state == GenerationState::Active);
    match (key.wanted(), key.desired, live) {
        (Wanted::Active, Some(desired), Some(live)) => compared(key, desired, live, draft, work),
        (Wanted::Active, Some(desired), None) => {
            let reason = match key.held() {
                Held::Nothing | Held::Attended | Held::Active => "declared, and not made yet",
                Held::Disabled => "wanted again; a revoked key cannot be enabled",
                Held::Expired | Held::Vanished => "wanted again, and what was there is gone",
            };
            make(key, desired, draft, work, Kind::Create, reason);
        }
        (Wanted::Ended, Some(desired), live) => {
            let never = live.is_none() && key.held() == Held::Nothing && key.generations().next().is_none();
            if never {
                let message = format!("`{}` has expired before it was made", key.address);
                draft.refuse(key.warning(Code::PlanExpired, message).help("move `expires` to a later day, or remove the key"));
                return;
            }
            let rest = std::mem::replace(draft, Draft::empty(key));
            *draft = rows::expired(key, desired, rest);
            let lives = live.filter(|_| !key.account.capabilities.expiry.settable);
            unwanted(key, lives, draft, work, "its expiry has passed");
        }
        (Wanted::Disabled, _, live) => unwanted(key, live, draft, work, "`state: disabled`"),
        (Wanted::Gone, _, live) => {
            unwanted(key, live, draft, work, "no longer in the manifests");
            let ended = work.is_empty() && draft.steps.is_empty();
            if let (None, true, Some(dead)) = (live, ended, key.current()) {
                draft.action = Action::Delete;
                draft.reason = "no longer in the manifests, and revoked: only the ledger changes".to_owned();
                draft.generation = dead.number;
                draft.after = None;
                draft.steps.push(PlanStep::Record { generation: dead.number, state: RecordedState::Deleted });
                unproven(key, dead, draft);
            }
        }
        // Wanted, ended and yet not declared: cannot be.
        (Wanted::Active | Wanted::Ended, None, _) => {}
    }
}

/// A live key that is wanted: nothing of it can be edited at the provider, so most differences ask for another.
fn compared<'a>(key: &Key<'a>, desired: &DesiredKey, live: &Generation, draft: &mut Draft, work: &mut Vec<Work<'a>>) {
    let found = differences(key, desired, live);
    if let Some(reason) = grants::lapsed(key, live) {
        make(key, desired, draft, work, Kind::Rotate, &reason);
        return;
    }
    if found == Differences::default() {
        grants::refresh(key, live, draft);
        return;
    }
    if let Some((action, reason)) = rows::new_generation(&found) {
        let kind = if action == Action::Rotate { Kind::Rotate } else { Kind::Replace };
        make(key, desired, draft, work, kind, &reason);
        (draft.added, draft.removed) = (found.added, found.removed);
        return;
    }
    if !found.fields.is_empty() {
        draft.action = Action::Edit;
        draft.reason = format!("{} in the ledger alone: the provider keeps no end", rows::differ(&found));
        draft.edit(key, desired, live, &found);
    }
    draft.reseal(key, desired, live, &found);
    grants::refresh(key, live, draft);
    let drafted = std::mem::replace(draft, Draft::empty(key));
    *draft = drafted.widen(key, desired, live, &found);
}

/// As for other keys, but for the end: a person may have chosen an earlier one, and that is no difference.
fn differences(key: &Key, desired: &DesiredKey, live: &Generation) -> Differences {
    let capabilities = key.account.capabilities;
    let wanted = wanted_end(capabilities, desired.expiry, live.created_at);
    let is_earlier = live.expires_at.is_some_and(|end| wanted.is_none_or(|wanted| end < wanted));
    let mut found = compare(key, desired, live);
    grants::excuse(key, desired, live, &mut found);
    if !capabilities.expiry.settable || !is_earlier {
        return found;
    }
    let other = |field: &EditField| *field != EditField::Expiry;
    found.fields.retain(other);
    found.forced.retain(other);
    found
}

/// A person makes the next generation; apply opens the work first, so that the name is known.
fn make<'a>(key: &Key<'a>, desired: &DesiredKey, draft: &mut Draft, work: &mut Vec<Work<'a>>, kind: Kind, reason: &str) {
    let open = open(key);
    let ready = open.filter(|open| fits(key, desired, open));
    draft.action = Action::Attended;
    draft.reason = format!("{}: {reason}", kind.as_str());
    draft.generation = open.map_or_else(|| key.next_number(), |open| open.number);
    draft.request = key.carried();
    if ready.is_none() {
        draft.steps.push(PlanStep::Open { generation: draft.generation });
        if open.is_some() {
            draft.notes.push("what is wanted has changed since this was opened: apply writes the new wishes down".to_owned());
        }
    }
    draft.after = Some(KeyView {
        scopes: desired.scopes.clone(),
        expires_at: ready.and_then(|open| open.expires_at).or_else(|| wanted_end(key.account.capabilities, desired.expiry, key.now)),
        state: "active".to_owned(),
        label: Some(ready.map_or_else(|| desired.label.to_string(), |open| open.label.clone())),
        options: desired.options.clone(),
    });
    let notes = issue_notes(key, desired, draft);
    draft.notes.extend(notes);
    work.push(Work { kind, generation: ready });
}

/// Whether what a person was asked for is still what is wanted.
fn fits(key: &Key, desired: &DesiredKey, open: &Generation) -> bool {
    let capabilities = key.account.capabilities;
    let label = open.marker.as_ref().is_some_and(|marker| open.label == marker.declared_label(&desired.label));
    let end = !capabilities.expiry.settable
        || ends_as_wanted(capabilities, desired, open, open.expires_at)
            && rotation_at(&key.address, desired, capabilities, open.created_at, key.now).is_none();
    label && end && open.request == key.carried() && asks_the_same(key.account.catalogue, desired, open)
}

/// Whether a key made for an open step has the scopes and options that are wanted now.
pub fn asks_the_same(catalogue: &Catalogue, desired: &DesiredKey, open: &Generation) -> bool {
    catalogue.is_equivalent(&desired.scopes, &open.scopes) && agree(&desired.options, &open.options)
}

fn agree(left: &Options, right: &Options) -> bool {
    left.len() == right.len() && left.iter().all(|(name, value)| right.get(name).is_some_and(|other| same_option(value, other)))
}

/// A person revokes what lives, and looks for what may have been made.
fn unwanted<'a>(key: &Key<'a>, live: Option<&'a Generation>, draft: &mut Draft, work: &mut Vec<Work<'a>>, reason: &str) {
    let ends: Vec<&Generation> = live.into_iter().chain(open(key)).collect();
    let Some(first) = ends.first() else { return };
    (draft.action, draft.reason, draft.generation) = (Action::Attended, format!("revoke: {reason}"), first.number);
    let mut by_person = Vec::new();
    for generation in &ends {
        match grants::end(key, generation) {
            None | Some(grants::End::Person) => by_person.push(*generation),
            Some(grants::End::Revoke) => draft.steps.push(PlanStep::Disable { generation: generation.number }),
            Some(grants::End::Over) => {
                let kept = key.desired.is_some() && generation.state == GenerationState::Active;
                let state = if kept { RecordedState::Disabled } else { RecordedState::Deleted };
                draft.steps.push(PlanStep::Record { generation: generation.number, state });
            }
        }
    }
    if by_person.is_empty() {
        let lives = draft.steps.iter().any(|step| matches!(step, PlanStep::Disable { .. })) || key.desired.is_some();
        draft.action = if lives { Action::Disable } else { Action::Delete };
        draft.reason = reason.to_owned();
    }
    if live.is_some() {
        let stays = key.desired.is_some();
        draft.after = draft.before.clone().filter(|_| stays).map(|view| KeyView { state: "disabled".to_owned(), ..view });
    }
    work.extend(by_person.into_iter().map(|generation| Work { kind: Kind::Revoke, generation: Some(generation) }));
}

/// Predecessors whose overlap has passed, and all of them when the key is not wanted.
fn older<'a>(key: &Key<'a>, draft: &mut Draft, work: &mut Vec<Work<'a>>) {
    let current = key.current();
    let at_once = key.ends_at_once(draft.opens());
    let pace = match pace(key, current) {
        Pace::Overlap if at_once => Pace::Now,
        pace @ (Pace::Keep | Pace::Overlap | Pace::Now) => pace,
    };
    let is_current = |generation: &Generation| current.is_some_and(|current| current.number == generation.number);
    let mut others: Vec<&Generation> = key.generations().filter(|generation| !is_current(generation)).collect();
    others.sort_by_key(|generation| generation.number);
    for generation in others {
        // Nobody has the tokens of one that was being redeemed when a run ended: nobody needs it.
        let doubtful = generation.state == GenerationState::Attended && generation.asking_since.is_some();
        let live = matches!(generation.state, GenerationState::Retiring | GenerationState::Active) || doubtful;
        let over = pace == Pace::Now
            || doubtful
            || pace == Pace::Overlap && (key.has_passed(generation.disable_after) || generation.state == GenerationState::Active);
        let expired = key.account.capabilities.expiry.settable && key.has_passed(generation.expires_at);
        let dead =
            matches!(generation.state, GenerationState::Disabled | GenerationState::Expired | GenerationState::Vanished) || live && expired;
        let end = grants::end(key, generation).filter(|_| live);
        let dead = dead || over && end == Some(grants::End::Over);
        let revoked = live && over && !dead && end == Some(grants::End::Revoke);
        let reason = if dead {
            draft.steps.push(PlanStep::Record { generation: generation.number, state: RecordedState::Deleted });
            unproven(key, generation, draft);
            format!("generation {} is over: only the ledger changes", generation.number)
        } else if revoked {
            draft.steps.push(PlanStep::Disable { generation: generation.number });
            format!("generation {} has been replaced, and its overlap has passed", generation.number)
        } else if live && over {
            work.push(Work { kind: Kind::Revoke, generation: Some(generation) });
            if doubtful {
                format!("whether generation {} was granted is not known", generation.number)
            } else if at_once && !key.has_passed(generation.disable_after) {
                // The request is not made again: what it says of this generation has to last until a person has revoked it.
                draft.steps.push(PlanStep::Record { generation: generation.number, state: RecordedState::Over });
                format!("generation {} is compromised: it ends without an overlap", generation.number)
            } else {
                format!("generation {} has been replaced, and its overlap has passed", generation.number)
            }
        } else {
            continue;
        };
        if draft.action == Action::None {
            draft.action = match (dead, revoked) {
                (true, _) => Action::Delete,
                (false, true) => Action::Disable,
                (false, false) => Action::Attended,
            };
            draft.reason = if dead || revoked { reason } else { format!("revoke: {reason}") };
            draft.generation = generation.number;
            draft.stay(key);
        } else {
            if matches!(draft.action, Action::Delete | Action::Disable) && !dead && !revoked {
                draft.action = Action::Attended;
            }
            draft.notes.push(reason);
        }
    }
}

/// A revocation that was taken on a person's word is named once, by the plan that takes the generation from the ledger.
fn unproven(key: &Key, generation: &Generation, draft: &mut Draft) {
    if !generation.unproven {
        return;
    }
    let (number, address) = (generation.number, &key.address);
    let message = format!("that generation {number} of `{address}` is revoked stands on a person's word: no call has shown it");
    draft.findings.push(key.warning(Code::PlanUnproven, message).help(format!(
        "look for {} at the provider; after the next apply nothing says so any more",
        RunbookValues::exactly(&generation.label)
    )));
}

/// A key that was taken on a person's word is named by every plan.
fn unverified(key: &Key, draft: &mut Draft) {
    let taken = key.current().filter(|current| current.unverified && current.state == GenerationState::Active);
    let Some(current) = taken else { return };
    let how = if current.grant.is_some() { "was not seen to work" } else { "was accepted without being tried" };
    let message = format!("generation {} of `{}` {how} at `{}`", current.number, key.address, key.account.provider);
    let finding = key.warning(Code::PlanUnverified, message);
    draft.findings.push(finding.help(format!("run `keywright verify {} -i IDENTITY`", key.address)));
}

#[cfg(test)]
mod tests;
