//! The decision table: what one key's manifest, ledger and provider together call for.
use rayon::prelude::*;

use super::draft::Draft;
use super::standing::{Held, Index, Key, Seen, Wanted};
use super::{
    AccountInput, Action, AttendedStep, Change, PlanStep, RecordedState, attended, deliveries, doubtful, drift, guards, later, limits,
    moves, older, requests, rows,
};
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Generation, GenerationState, Listing, Name};
use crate::profile::Disable;

/// The rows of the table, by what has to happen to the current generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Row {
    /// Nothing to do.
    Rest,
    /// Wanted, never published: issue it.
    Issue,
    /// Live as wanted: compare it, and see whether a new generation is due.
    Compare,
    /// Live in the ledger, switched off by somebody else: enable it.
    Reenable,
    /// Live in the ledger, gone at the provider: record that and issue the next.
    Replenish,
    /// Disabled or vanished in the ledger, wanted again and still there: enable it.
    Return,
    /// Wanted again, and what was there is gone or over: issue the next.
    Reissue,
    /// Its fixed expiry has passed and it still lives: disable it and record the end.
    Expire,
    /// Its fixed expiry has passed, and it is dead.
    Expired,
    /// Its fixed expiry has passed before it was ever issued.
    NeverIssued,
    /// Live and not wanted: disable it.
    Disable,
    /// Disabled before, live again: disable it again.
    DisableAgain,
    /// Not wanted, and somebody else has disabled it: record that.
    RecordDisabled,
    /// Not wanted, and gone at the provider: record that.
    RecordVanished,
    /// Declared as disabled, and gone at the provider: record that.
    RecordDeleted,
    /// Declared as disabled, and disabled: kept, so that a cooldown that a removal began is over.
    Park,
    /// Disabled, and in no manifest: delete it when its time is over.
    Cooldown,
    /// The provider neither shows nor denies it: do nothing that could be wrong.
    Unsure,
    /// A person has yet to act.
    Attended,
}

/// The table. Every combination is named; `seen` means nothing where nothing is held.
pub(super) fn row(wanted: Wanted, held: Held, seen: Seen) -> Row {
    use Seen::{Live, Missing, Off, Unknown};
    match (wanted, held, seen) {
        (Wanted::Active, Held::Nothing, Live | Off | Missing | Unknown) => Row::Issue,
        (Wanted::Active, Held::Active, Live) => Row::Compare,
        (Wanted::Active, Held::Active, Off) => Row::Reenable,
        (Wanted::Active, Held::Active, Missing) => Row::Replenish,
        (Wanted::Active, Held::Active, Unknown) => Row::Unsure,
        (Wanted::Active, Held::Disabled, Live | Off) => Row::Return,
        (Wanted::Active, Held::Disabled, Missing) => Row::Reissue,
        (Wanted::Active, Held::Disabled, Unknown) => Row::Unsure,
        (Wanted::Active, Held::Expired, Live | Off | Missing | Unknown) => Row::Reissue,
        (Wanted::Active, Held::Vanished, Live) => Row::Return,
        (Wanted::Active, Held::Vanished, Off | Missing | Unknown) => Row::Reissue,

        (Wanted::Ended, Held::Nothing, Live | Off | Missing | Unknown) => Row::NeverIssued,
        (Wanted::Ended, Held::Active | Held::Disabled | Held::Expired | Held::Vanished, Live) => Row::Expire,
        (Wanted::Ended, Held::Active, Off | Missing) => Row::Expired,
        (Wanted::Ended, Held::Active, Unknown) => Row::Unsure,
        (Wanted::Ended, Held::Disabled | Held::Expired | Held::Vanished, Off | Missing | Unknown) => Row::Expired,

        (Wanted::Disabled | Wanted::Gone, Held::Nothing, Live | Off | Missing | Unknown) => Row::Rest,
        (Wanted::Disabled | Wanted::Gone, Held::Active, Live) => Row::Disable,
        (Wanted::Disabled | Wanted::Gone, Held::Active, Off) => Row::RecordDisabled,
        (Wanted::Disabled | Wanted::Gone, Held::Active, Missing) => Row::RecordVanished,
        (Wanted::Disabled | Wanted::Gone, Held::Active, Unknown) => Row::Unsure,
        (Wanted::Disabled | Wanted::Gone, Held::Disabled | Held::Expired | Held::Vanished, Live) => Row::DisableAgain,
        (Wanted::Disabled, Held::Disabled, Missing) => Row::RecordDeleted,
        (Wanted::Disabled, Held::Disabled | Held::Expired, Off | Unknown) => Row::Park,
        (Wanted::Disabled, Held::Expired, Missing) => Row::Rest,
        (Wanted::Disabled, Held::Vanished, Off | Missing | Unknown) => Row::Rest,
        (Wanted::Gone, Held::Disabled | Held::Expired, Off | Missing) => Row::Cooldown,
        (Wanted::Gone, Held::Disabled | Held::Expired, Unknown) => Row::Rest,
        (Wanted::Gone, Held::Vanished, Off | Missing | Unknown) => Row::Rest,

        (Wanted::Active | Wanted::Ended | Wanted::Disabled | Wanted::Gone, Held::Attended, Live | Off | Missing | Unknown) => Row::Attended,
    }
}

/// What happens to one key: its change, unless there is none, and what has to be said about it.
pub(super) struct Decision {
    pub change: Option<Change>,
    pub findings: Vec<Diagnostic>,
    /// Work for a person.
    pub attended: Vec<AttendedStep>,
    pub drift: Vec<Change>,
}

/// The keys of one account that are being decided about, in their order, each with its draft.
pub(super) struct Deciding<'a> {
    pub name: &'a Name,
    pub account: &'a AccountInput<'a>,
    pub index: &'a Index<'a>,
    pub keys: Vec<Key<'a>>,
    pub drafts: Vec<Draft>,
    pub room: limits::Room,
}

/// Drafts what happens to the keys of an account. Room is counted over all of them, the most urgent first; everything else about a key depends on
/// nothing but the key, and is decided for many at a time.
pub(super) fn begin_all<'a>(name: &'a Name, account: &'a AccountInput<'a>, index: &'a Index<'a>, keys: Vec<Key<'a>>) -> Deciding<'a> {
    let mut room = limits::Room::new(index, account.capabilities.key_limit);
    let mut drafts: Vec<Draft> = keys.par_iter().map(begin).collect();
    for at in guards::by_urgency(account, &keys, &drafts) {
        limit(&keys[at], &mut drafts[at], &mut room);
    }
    Deciding { name, account, index, keys, drafts, room }
}

/// What the drafts come to.
pub(super) fn conclude_all(keys: &[Key], drafts: Vec<Draft>) -> Vec<Decision> {
    keys.par_iter().zip(drafts).map(|(key, draft)| conclude(key, draft)).collect()
}

fn begin(key: &Key) -> Draft {
    if key.account.attended.is_some() {
        return Draft::empty(key);
    }
    let mut draft = rows::draft(key, current_row(key));
    continue_unfinished(key, &mut draft);
    end_twins(key, &mut draft);
    moves::add(key, &mut draft);
    guard(key, &mut draft);
    draft
}

fn limit(key: &Key, draft: &mut Draft, room: &mut limits::Room) {
    if draft.refusal.is_none() && matches!(key.account.listing, Listing::Complete(_) | Listing::Assumed(_)) {
        limits::check(key, draft, room);
    }
}

fn conclude(key: &Key, mut draft: Draft) -> Decision {
    if let Some(attended) = &key.account.attended {
        return attended::decide(key, attended);
    }
    let mut work = Vec::new();
    deliveries::add(key, &mut draft, &mut work);
    let issues = draft.refusal.is_none() && draft.issues();
    let ends = older::Ends { superseded: issues || key.held() == Held::Attended, at_once: key.ends_at_once(issues), issues };
    let (steps, mut findings) = older::steps(key, ends);
    append_older(key, &mut draft, steps);
    record_protection(key, &mut draft);
    if let Listing::Unavailable(_) = &key.account.listing {
        withhold(key, &mut draft);
        findings.clear();
        work.clear();
    }
    later::add(key, &mut draft);
    let deferred = draft.deferred;
    let (change, said) = draft.finish(key);
    findings.extend(said);
    findings.extend(requests::answer(key, change.as_ref(), deferred));
    // What was done by hand and calls for no change is nobody's business.
    let corrected = change.as_ref().map(|change| change.action).or(deferred.then_some(Action::Blocked));
    let mut drift = corrected.map(|action| drift::drift(key, action)).unwrap_or_default();
    drift.extend(drift::retiring(key, change.as_ref()));
    Decision { change, findings, attended: work, drift }
}

/// The row of the key's current generation.
pub(super) fn current_row(key: &Key) -> Row {
    let wanted = key.wanted();
    let seen = key.current().map_or(Seen::Unknown, |current| match (wanted, key.seen(current)) {
        // An end that the provider itself has enforced.
        (Wanted::Ended, Seen::Live) if rows::is_over(key, current) => Seen::Off,
        (Wanted::Disabled | Wanted::Gone, Seen::Live) if rows::is_dead(key, current) => Seen::Off,
        (Wanted::Active | Wanted::Ended | Wanted::Disabled | Wanted::Gone, seen) => seen,
    });
    row(wanted, key.held(), seen)
}

/// Puts recovery first, and goes on with what an interrupted apply began.
fn continue_unfinished(key: &Key, draft: &mut Draft) {
    let (doubtful, unfinished): (Vec<_>, Vec<_>) =
        key.unfinished().into_iter().partition(|generation| !key.candidates(generation).is_empty());
    for generation in doubtful {
        doubtful::in_doubt(key, draft, generation);
    }
    for generation in key.generations().filter(|generation| generation.unseen) {
        doubtful::came_late(key, draft, generation);
    }
    let Some(last) = unfinished.last() else { return };
    let recover = |generation: &&Generation| PlanStep::Recover { generation: generation.number };
    let mut steps: Vec<PlanStep> = unfinished.iter().map(recover).collect();
    draft.notes.extend(unfinished.iter().map(|generation| left_behind(generation)));
    let is_newer = key.current().is_none_or(|current| current.number < last.number);
    match (key.wanted(), key.desired) {
        (Wanted::Active, Some(desired)) if is_newer => {
            if draft.refusal.is_none() && !draft.issues() {
                rows::continue_issue(key, desired, draft);
            } else if draft.refusal.is_none() && key.current().is_some() {
                draft.reason = format!("{}; {}", rows::INTERRUPTED, draft.reason);
            } else {
                draft.reason = rows::INTERRUPTED.to_owned();
            }
        }
        (Wanted::Active, Some(_) | None) => {}
        (Wanted::Ended | Wanted::Disabled | Wanted::Gone, Some(_) | None) => {
            let can_end = key.account.capabilities.can_end();
            steps.extend(unfinished.iter().filter(|_| can_end).map(|generation| PlanStep::Disable { generation: generation.number }));
        }
    }
    if draft.action == Action::None && draft.refusal.is_none() {
        draft.action = Action::Disable;
        draft.generation = last.number;
        draft.reason = rows::INTERRUPTED.to_owned();
        draft.stay(key);
    }
    draft.recovery = steps;
}

/// Tells of live keys that bear a marker of the key a second time: the recovery of the next apply disables them, whatever else is planned.
fn end_twins(key: &Key, draft: &mut Draft) {
    if key.index.twins.is_empty() {
        return;
    }
    let unfinished: Vec<u32> = key.unfinished().iter().map(|generation| generation.number).collect();
    // What bears the marker of an unfinished generation may be that very one.
    let mut finished: Vec<&Generation> = key.generations().filter(|generation| !unfinished.contains(&generation.number)).collect();
    finished.sort_by_key(|generation| generation.number);
    for generation in finished {
        for twin in generation.marker.as_ref().and_then(|marker| key.index.twins.get(marker)).into_iter().flatten() {
            let number = generation.number;
            let told = format!("a second live key, `{}`, bears the marker of generation {number}: recovery disables it", twin.id);
            if draft.action == Action::None && draft.refusal.is_none() {
                draft.action = Action::Disable;
                draft.generation = number;
                draft.reason = told;
                draft.stay(key);
            } else {
                draft.notes.push(told);
            }
        }
    }
}

fn left_behind(generation: &Generation) -> String {
    use GenerationState::{Active, Ambiguous, Attended, Created, Deleted, Disabled, Expired, Intended, Lost, Retiring, Sealed, Vanished};
    let number = generation.number;
    match generation.state {
        Lost => format!("the secret of generation {number} is lost: it is disabled first"),
        Intended | Ambiguous => format!("whether generation {number} was created is unknown: it is looked for first"),
        Created | Sealed => format!("generation {number} was not finished: it is finished or undone first"),
        Active | Retiring | Disabled | Deleted | Attended | Vanished | Expired => format!("generation {number} is looked at first"),
    }
}

/// Refuses what must not happen to this key.
fn guard(key: &Key, draft: &mut Draft) {
    if draft.refusal.is_some() || draft.action == Action::None {
        return;
    }
    let address = &key.address;
    let ends = |step: &PlanStep| matches!(step, PlanStep::Disable { .. } | PlanStep::Delete { .. });
    // Where ending is deleting, a key that is to come back must not be ended.
    let capabilities = key.account.capabilities;
    let parked = key.wanted() == Wanted::Disabled && capabilities.disable == Disable::None;
    let cannot = parked || !capabilities.can_end();
    let refusal = if let Some((generation, why)) = untouchable(key, draft.recovery.iter().chain(&draft.steps)) {
        let message = format!("generation {generation} of `{address}` must not be touched: {why}");
        key.warning(Code::PlanProtected, message).help("look at the ledger entry; two keys cannot share a generation")
    } else if draft.steps.iter().any(ends) && key.is_protected() {
        key.warning(Code::PlanProtected, format!("`{address}` is protected: it would be {} otherwise", past(draft.action)))
            .help("set `protect: false`, apply, and then remove or disable the key")
    } else if cannot && draft.steps.iter().any(|step| matches!(step, PlanStep::Disable { .. })) {
        let message = format!("`{address}` must be disabled, and `{}` cannot disable keys", key.account.provider);
        let help = if capabilities.can_end() {
            "remove the key from the manifests: it is deleted then"
        } else {
            "revoke the key at the provider by hand"
        };
        key.warning(Code::PlanCannotDisable, message).help(help)
    } else {
        return;
    };
    draft.refuse(refusal);
}

fn past(action: Action) -> &'static str {
    match action {
        Action::Delete => "deleted",
        Action::Create
        | Action::Edit
        | Action::Rotate
        | Action::Replace
        | Action::Disable
        | Action::Enable
        | Action::Reseal
        | Action::Deliver
        | Action::Attended
        | Action::Blocked
        | Action::None => "disabled",
    }
}

/// A generation that the steps concern, or that they would retire, and that is not ours to touch.
fn untouchable<'a>(key: &Key, steps: impl Iterator<Item = &'a PlanStep>) -> Option<(u32, &'static str)> {
    // A move asks nothing of the provider.
    let asked = steps.filter(|step| !matches!(step, PlanStep::Move { .. }));
    let numbers: Vec<u32> = asked.map(PlanStep::generation).chain(key.current().map(|current| current.number)).collect();
    let concerned = |generation: &&Generation| numbers.contains(&generation.number);
    key.generations().filter(concerned).find_map(|generation| Some((generation.number, key.index.untouchable(generation)?)))
}

/// Adds the work on older generations. It stands alone when nothing else happens, or when that is refused.
fn append_older(key: &Key, draft: &mut Draft, steps: Vec<(PlanStep, String)>) {
    let Some((first, reason)) = steps.first() else { return };
    if draft.action == Action::None || draft.refusal.is_some() {
        if let Some(refusal) = draft.refusal.take() {
            draft.notes.push(refusal.message.clone());
            draft.findings.push(refusal);
        }
        if draft.action == Action::Blocked {
            draft.recovery.clear();
        }
        draft.steps.retain(|step| matches!(step, PlanStep::Move { .. }));
        draft.action = match first {
            PlanStep::Delete { .. } | PlanStep::Record { state: RecordedState::Deleted, .. } => Action::Delete,
            PlanStep::Edit { .. } => Action::Edit,
            PlanStep::Recover { .. }
            | PlanStep::Create { .. }
            | PlanStep::Open { .. }
            | PlanStep::Enable { .. }
            | PlanStep::Disable { .. }
            | PlanStep::Reseal { .. }
            | PlanStep::Deliver { .. }
            | PlanStep::Move { .. }
            | PlanStep::Record { .. } => Action::Disable,
        };
        draft.generation = first.generation();
        draft.reason.clone_from(reason);
        draft.stay(key);
    } else {
        draft.notes.extend(steps.iter().map(|(_, reason)| reason.clone()));
    }
    draft.steps.extend(steps.into_iter().map(|(step, _)| step));
}

/// Writes a changed `protect` flag down, so that it survives the removal of the entry.
pub(super) fn record_protection(key: &Key, draft: &mut Draft) {
    let (Some(desired), Some(record)) = (key.desired, key.record) else { return };
    let Some(generation) = key.current().or_else(|| key.generations().max_by_key(|generation| generation.number)) else { return };
    if desired.protect == record.protect || draft.refusal.is_some() {
        return;
    }
    if draft.action == Action::None {
        draft.action = Action::Edit;
        draft.generation = generation.number;
        draft.reason = if record.protect { "protection removed" } else { "protection set" }.to_owned();
        draft.stay(key);
    }
    draft.unprotected = record.protect;
    draft.steps.push(PlanStep::Record { generation: generation.number, state: RecordedState::Protect });
}

/// Absence is not ignorance: without a listing, whatever would change is blocked.
fn withhold(key: &Key, draft: &mut Draft) {
    draft.findings.clear();
    let refused = draft.refusal.take().is_some();
    if draft.action == Action::None && !refused {
        return;
    }
    let needed = if draft.reason.is_empty() { String::new() } else { format!(" ({})", draft.reason) };
    let message = format!("`{}` needs a change{needed}, and its account cannot be listed", key.address);
    draft.refuse(key.warning(Code::ProviderUnavailable, message).help("plan again when the provider answers"));
}
