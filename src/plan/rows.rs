//! What each row of the decision table does: action, steps, reason, and the key before and after.
use super::compare::{Differences, compare, day, expires_at, granted};
use super::decide::{Row, current_row};
use super::draft::Draft;
use super::standing::{Held, Key, Seen, Wanted};
use super::{Action, EditField, PlanStep, RecordedState};
use crate::diagnostics::Code;
use crate::model::{DesiredKey, Expiry, Generation, GenerationState};
use crate::profile::Disable;

pub(super) const INTERRUPTED: &str = "an earlier apply was interrupted";
const ALREADY_DELETED: &str = "already deleted: only the ledger changes";
const KEPT: &str = "it is in the manifests again and is not deleted: only the ledger changes";
/// What somebody has done to a key that the profile has no words for.
pub(super) const BEYOND: &str = "changed by hand in a way that the profile cannot say";
const REMOVED_RECIPIENT: &str = "a recipient was removed: re-encrypting is not revocation";

/// Carries out one row of the table.
pub(super) fn draft(key: &Key, row: Row) -> Draft {
    if row == Row::Rest {
        return Draft::empty(key);
    }
    if let (Row::Compare, Some(desired), Some(current)) = (row, key.desired, key.current()) {
        return live(key, desired, current);
    }
    let rest = Draft::rest(key);
    match (row, key.desired, key.current()) {
        (Row::Issue, Some(desired), _) => rest.issue(key, desired, Action::Create, "declared, and not issued yet"),
        (Row::Reenable, Some(desired), Some(current)) => {
            let reason = if current.switching.is_some() { INTERRUPTED } else { "drift: disabled by hand" };
            returning(key, desired, current, rest, reason)
        }
        (Row::Replenish, Some(desired), Some(current)) => {
            let predecessor = key.generations().any(|other| other.number != current.number && key.seen(other) == Seen::Live);
            let action = if predecessor { Action::Rotate } else { Action::Create };
            let mut draft = rest.issue(key, desired, action, "drift: the key vanished");
            draft.steps.insert(0, record(current, RecordedState::Vanished));
            draft
        }
        (Row::Return, Some(desired), Some(current)) => {
            let reason = match key.seen(current) {
                Seen::Live if current.switching.is_some() => INTERRUPTED,
                Seen::Live if is_over(key, current) => "wanted again",
                Seen::Live => "drift: enabled by hand",
                Seen::Off | Seen::Missing | Seen::Unknown => "wanted again",
            };
            returning(key, desired, current, rest, reason)
        }
        (Row::Reissue, Some(desired), Some(current)) => {
            let how = match key.held() {
                Held::Expired => "has expired",
                Held::Vanished => "vanished",
                Held::Nothing | Held::Active | Held::Disabled | Held::Attended => "is gone",
            };
            rest.issue(key, desired, Action::Create, &format!("generation {} {how}", current.number))
        }
        (Row::Expire, Some(desired), Some(current)) => {
            let steps = vec![PlanStep::Disable { generation: current.number }, record(current, RecordedState::Expired)];
            expired(key, desired, rest.end(key, Action::Disable, current, steps, "its expiry has passed"))
        }
        (Row::Expired, Some(desired), Some(current)) if key.held() == Held::Active => {
            let steps = vec![record(current, RecordedState::Expired)];
            expired(key, desired, rest.end(key, Action::Disable, current, steps, "its expiry has passed: only the ledger changes"))
        }
        (Row::Expired, Some(desired), Some(current)) if cools_down(current) => {
            let steps = vec![record(current, RecordedState::Expired)];
            let mut draft = rest.end(key, Action::Edit, current, steps, &format!("its expiry has passed; {KEPT}"));
            draft.stay(key);
            expired(key, desired, draft)
        }
        (Row::Expired, Some(desired), _) => expired(key, desired, rest),
        // Something was begun, or retired: that ends, and no more is said than that the key has expired.
        (Row::NeverIssued, Some(desired), _) if key.generations().next().is_some() => expired(key, desired, rest),
        (Row::NeverIssued, Some(desired), _) => {
            let mut draft = rest.issue(key, desired, Action::Create, "declared, and not issued yet");
            draft.refuse(
                key.warning(Code::PlanExpired, format!("`{}` has expired before it was issued", key.address))
                    .help("move `expires` to a later day, or remove the key"),
            );
            draft
        }
        (Row::Disable, _, Some(current)) => {
            let reason = if key.desired.is_some() { "`state: disabled`" } else { "no longer in the manifests" };
            let steps = vec![PlanStep::Disable { generation: current.number }];
            rest.end(key, Action::Disable, current, steps, reason)
        }
        (Row::DisableAgain, _, Some(current)) => {
            let steps = vec![PlanStep::Disable { generation: current.number }];
            let reason = match current.switching {
                Some(_) => INTERRUPTED,
                None if is_over(key, current) => "its expiry has passed",
                None => "drift: enabled by hand",
            };
            rest.end(key, Action::Disable, current, steps, reason)
        }
        (Row::RecordDisabled, _, Some(current)) => {
            let steps = vec![record(current, RecordedState::Disabled)];
            let how = if key.seen(current) == Seen::Live { "its expiry has passed" } else { "already disabled by hand" };
            rest.end(key, Action::Disable, current, steps, &format!("{how}: only the ledger changes"))
        }
        (Row::RecordVanished, _, Some(current)) => {
            let steps = vec![record(current, RecordedState::Vanished)];
            rest.end(key, Action::Disable, current, steps, "the key vanished: only the ledger changes")
        }
        // What cannot be enabled again may be denied by a provider that has it still.
        (Row::RecordDeleted, _, Some(current)) if key.account.capabilities.disable == Disable::Reversible => {
            rest.end(key, Action::Delete, current, vec![record(current, RecordedState::Deleted)], ALREADY_DELETED)
        }
        (Row::Park, Some(_), Some(current)) if cools_down(current) => {
            let state = if current.state == GenerationState::Expired { RecordedState::Expired } else { RecordedState::Disabled };
            rest.end(key, Action::Edit, current, vec![record(current, state)], &format!("`state: disabled`; {KEPT}"))
        }
        (Row::Cooldown, _, Some(current)) => cooldown(key, current, rest),
        (Row::Unsure, _, Some(current)) => unsure(key, current, rest),
        (Row::Attended, _, _) => {
            let mut draft = rest;
            draft.refuse(
                key.warning(Code::PlanUnfinished, format!("`{}` waits for a person to finish it", key.address))
                    .help("finish the generation that the ledger shows as `attended`"),
            );
            draft
        }
        // The table gives these rows only with a manifest entry, or with a current generation; the first two are done above.
        (
            Row::Rest
            | Row::Issue
            | Row::Compare
            | Row::Reenable
            | Row::Replenish
            | Row::Return
            | Row::Reissue
            | Row::Expire
            | Row::Expired
            | Row::NeverIssued
            | Row::Disable
            | Row::DisableAgain
            | Row::RecordDisabled
            | Row::RecordVanished
            | Row::RecordDeleted
            | Row::Park
            | Row::Cooldown
            | Row::Unsure,
            _,
            _,
        ) => rest,
    }
}

/// Row `Compare`: a live generation, edited in place, resealed, or followed by a new one.
fn live(key: &Key, desired: &DesiredKey, current: &Generation) -> Draft {
    let found = compare(key, desired, current);
    if found == Differences::default() {
        return Draft::empty(key);
    }
    let rest = Draft::rest(key);
    if let Some((action, reason)) = new_generation(&found) {
        return rest.issue(key, desired, action, &reason).widen(key, desired, current, &found);
    }
    let mut draft = rest;
    if !found.fields.is_empty() {
        draft.action = Action::Edit;
        draft.reason = differ(&found);
        draft.edit(key, desired, current, &found);
    }
    draft.reseal(key, desired, current, &found);
    draft.widen(key, desired, current, &found)
}

/// A key whose new generation waits for a later plan. What else can be edited in place is; its end stays until then.
pub(super) fn without_new(key: &Key) -> Draft {
    let mut draft = Draft::rest(key);
    let (Row::Compare, Some(desired), Some(current)) = (current_row(key), key.desired, key.current()) else { return draft };
    let mut found = compare(key, desired, current);
    if found.beyond {
        // It cannot be edited at all.
        return draft;
    }
    let forced = std::mem::take(&mut found.forced);
    for fields in [&mut found.fields, &mut found.drifted, &mut found.contested] {
        fields.retain(|field| *field != EditField::Expiry && !forced.contains(field));
    }
    if !found.fields.is_empty() {
        draft.action = Action::Edit;
        draft.reason = differ(&found);
        draft.edit(key, desired, current, &found);
    }
    draft
}

/// Rows `Reenable` and `Return`: enables a generation where that is possible and enough, and issues the next otherwise.
fn returning(key: &Key, desired: &DesiredKey, current: &Generation, rest: Draft, reason: &str) -> Draft {
    let found = compare(key, desired, current);
    // A provider that was seen not to enable a key again is not asked twice.
    let off = key.seen(current) != Seen::Live || current.switching.is_some();
    let refused_before = off && current.uneditable.iter().any(|field| field == Generation::STATE_FIELD);
    let reversible = key.account.capabilities.disable == Disable::Reversible && !refused_before;
    let usable = reversible && current.is_in_use() && !key.has_passed(current.delete_after);
    let replaced = new_generation(&found);
    if !usable || replaced.is_some() {
        let cannot = if key.has_passed(current.delete_after) { "its cooldown has passed" } else { "it cannot be enabled again" };
        let more = replaced.map_or(cannot.to_owned(), |(_, reason)| reason);
        return rest.issue(key, desired, Action::Create, &format!("{reason}; {more}")).widen(key, desired, current, &found);
    }
    let mut draft = rest;
    draft.action = Action::Enable;
    draft.reason = if found.fields.is_empty() { reason.to_owned() } else { format!("{reason}; {}", differ(&found)) };
    // What was widened meanwhile is narrowed before it lives again.
    let catalogue = key.account.catalogue;
    let widened = granted(key, current, key.observed(current)).iter().any(|scope| !catalogue.any_covers(&desired.scopes, scope));
    let enable = PlanStep::Enable { generation: current.number };
    draft.steps.extend((!widened).then(|| enable.clone()));
    draft.edit(key, desired, current, &found);
    draft.steps.extend(widened.then_some(enable));
    draft.reseal(key, desired, current, &found);
    draft.widen(key, desired, current, &found)
}

/// Whether the differences ask for a new generation, and why. What is due anyway covers what cannot be edited.
pub(super) fn new_generation(found: &Differences) -> Option<(Action, String)> {
    let mut reasons: Vec<String> = found.asked.iter().cloned().collect();
    if !found.removed.is_empty() {
        reasons.push(REMOVED_RECIPIENT.to_owned());
    }
    reasons.extend(found.due.clone());
    let action = if reasons.is_empty() { Action::Replace } else { Action::Rotate };
    if found.beyond {
        reasons.push(format!("drift: {BEYOND}"));
    }
    if reasons.is_empty() && found.forced.is_empty() {
        return None;
    }
    if !found.fields.is_empty() {
        reasons.push(differ(found));
    }
    if !found.forced.is_empty() {
        let names: Vec<String> = found.forced.iter().map(|field| format!("`{}`", field.as_str())).collect();
        reasons.push(format!("{} cannot be edited in place", names.join(", ")));
    }
    Some((action, reasons.join("; ")))
}

/// In which fields a key differs, and whether somebody else has a part in that.
pub(super) fn differ(found: &Differences) -> String {
    let words = |fields: &[EditField]| {
        let names: Vec<&str> = fields.iter().map(|field| field.as_str()).collect();
        let verb = if names == ["scopes"] || names == ["options"] || names.len() > 1 { "differ" } else { "differs" };
        (names.join(", "), verb)
    };
    let asked: Vec<EditField> = found.fields.iter().copied().filter(|field| !found.drifted.contains(field)).collect();
    let mut parts = Vec::new();
    if !asked.is_empty() {
        let (names, verb) = words(&asked);
        let ledger = if found.ledger_only { " in the ledger only" } else { "" };
        parts.push(format!("{names} {verb}{ledger}"));
    }
    if !found.contested.is_empty() {
        parts.push(format!("changed by hand, too: {}", words(&found.contested).0));
    }
    if !found.drifted.is_empty() {
        let (names, verb) = words(&found.drifted);
        parts.push(format!("drift: {names} {verb}"));
    }
    parts.join("; ")
}

pub(super) fn expired(key: &Key, desired: &DesiredKey, mut draft: Draft) -> Draft {
    let end = match desired.expiry {
        Expiry::At(end) => format!(" on {}", day(end)),
        Expiry::Never | Expiry::Lifetime(_) => String::new(),
    };
    let finding = key.warning(Code::PlanExpired, format!("`{}` expired{end}", key.address));
    draft.findings.push(finding.help("move `expires` to a later day, or remove the key"));
    draft
}

/// Whether a removal from the manifests has begun the cooldown of a published generation. It ends where the key is declared again: the next removal
/// begins another.
fn cools_down(current: &Generation) -> bool {
    current.delete_after.is_some() && current.is_in_use()
}

fn cooldown(key: &Key, current: &Generation, rest: Draft) -> Draft {
    if key.account.capabilities.delete && current.delete_after.is_none() && key.seen(current) != Seen::Missing {
        let steps = vec![record(current, RecordedState::Disabled)];
        return rest.end(
            key,
            Action::Disable,
            current,
            steps,
            "no longer in the manifests: its cooldown begins, and only the ledger changes",
        );
    }
    let missing = current.delete_after.is_none() && key.seen(current) == Seen::Missing;
    if !(missing || key.has_passed(current.delete_after)) || !key.account.capabilities.delete {
        return rest;
    }
    let (step, reason) = match key.seen(current) {
        Seen::Missing => (record(current, RecordedState::Deleted), ALREADY_DELETED),
        Seen::Live | Seen::Off | Seen::Unknown => (PlanStep::Delete { generation: current.number }, "its cooldown has passed"),
    };
    rest.end(key, Action::Delete, current, vec![step], reason)
}

/// Row `Unsure`: quiet while the ledger says what the manifest says, blocked otherwise.
fn unsure(key: &Key, current: &Generation, rest: Draft) -> Draft {
    let mut draft = match key.desired {
        Some(desired) => live(key, desired, current),
        None => rest,
    };
    let settled = draft.action == Action::None && key.wanted() == Wanted::Active && key.held() == Held::Active;
    if !settled {
        if draft.action == Action::None {
            draft.stay(key);
        }
        let message = format!("`{}` must change, and `{}` neither shows its key nor denies it", key.address, key.account.provider);
        draft.refuse(key.warning(Code::PlanAmbiguous, message).help("plan again in a minute, or look for the key at the provider"));
    }
    draft
}

/// Goes on with a creation that an earlier apply began.
pub(super) fn continue_issue(key: &Key, desired: &DesiredKey, draft: &mut Draft) {
    let action = if key.current().is_some_and(|current| key.seen(current) == Seen::Live) { Action::Rotate } else { Action::Create };
    let mut rest = Draft::rest(key);
    rest.notes.append(&mut draft.notes);
    let issued = rest.issue(key, desired, action, INTERRUPTED);
    *draft = match key.current() {
        Some(current) => issued.widen(key, desired, current, &compare(key, desired, current)),
        None => issued,
    };
}

/// Whether the provider shows that the generation's end has passed.
pub(super) fn is_over(key: &Key, generation: &Generation) -> bool {
    let capabilities = key.account.capabilities;
    capabilities.expiry.settable && key.has_passed(expires_at(capabilities, generation, key.observed(generation)))
}

/// The same, where the ledger says so, too: what nobody wants needs no disabling. A mark of an interrupted apply is settled first.
pub(super) fn is_dead(key: &Key, generation: &Generation) -> bool {
    is_over(key, generation) && key.has_passed(generation.expires_at) && generation.switching.is_none()
}

fn record(generation: &Generation, state: RecordedState) -> PlanStep {
    PlanStep::Record { generation: generation.number, state }
}
