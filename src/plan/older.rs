//! What happens to the generations before the current one. A predecessor ends only while its successor lives.
use super::rows::is_over;
use super::standing::{Key, Seen, Wanted};
use super::{PlanStep, RecordedState, drift, grants};
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Generation, GenerationState, KeyRecord, Switching};

const BY_HAND: &str = "was enabled by hand";
const WIDENED: &str = "was widened by hand: it has its own access until its overlap has passed";

/// What is to be done about one older generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Older {
    Rest,
    /// Its overlap has passed, or its key is not wanted.
    Retire,
    /// Disabled before, live again.
    DisableAgain,
    /// Deleted by the ledger, live all the same.
    EndAgain,
    Delete,
    RecordDisabled,
    RecordDeleted,
}

/// When the generations before the current one have to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    /// The successor is not proven to live: nothing is retired.
    Keep,
    /// When the overlap has passed.
    Overlap,
    /// The key is not wanted, or compromised and followed by another.
    Now,
}

/// How the generations before the newest end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ends {
    /// A current one that was dead already counts as older.
    pub superseded: bool,
    /// They are compromised: the overlap is zero.
    pub at_once: bool,
    /// The plan makes a new generation: even the current one ends when that is published.
    pub issues: bool,
}

/// The table for one older generation. `over`: its overlap has passed; `due`: its cooldown has passed and it can be deleted.
pub(super) fn row(state: GenerationState, seen: Seen, pace: Pace, over: bool, due: bool) -> Older {
    use GenerationState::{Active, Ambiguous, Attended, Created, Deleted, Disabled, Expired, Intended, Lost, Retiring, Sealed, Vanished};
    match (state, seen, pace) {
        (Retiring, Seen::Live, Pace::Overlap) if over => Older::Retire,
        (Retiring, Seen::Off, Pace::Overlap) if over => Older::RecordDisabled,
        (Retiring, Seen::Missing, Pace::Overlap) if over => Older::RecordDeleted,
        (Retiring | Active, Seen::Live, Pace::Now) => Older::Retire,
        (Retiring, Seen::Off, Pace::Now) | (Active, Seen::Off, Pace::Keep | Pace::Overlap | Pace::Now) => Older::RecordDisabled,
        (Retiring, Seen::Missing, Pace::Now) | (Active, Seen::Missing, Pace::Keep | Pace::Overlap | Pace::Now) => Older::RecordDeleted,
        (Retiring | Active, Seen::Live | Seen::Off | Seen::Missing | Seen::Unknown, Pace::Keep | Pace::Overlap | Pace::Now) => Older::Rest,
        (Disabled | Vanished | Expired, Seen::Live, Pace::Keep | Pace::Overlap | Pace::Now) => Older::DisableAgain,
        (Deleted, Seen::Live, Pace::Keep | Pace::Overlap | Pace::Now) => Older::EndAgain,
        (Disabled | Expired, Seen::Off, Pace::Keep | Pace::Overlap | Pace::Now) if due => Older::Delete,
        (Disabled | Expired, Seen::Missing, Pace::Keep | Pace::Overlap | Pace::Now) if due => Older::RecordDeleted,
        (Disabled | Deleted | Vanished | Expired, Seen::Off | Seen::Missing | Seen::Unknown, Pace::Keep | Pace::Overlap | Pace::Now) => {
            Older::Rest
        }
        // Recovery looks after the unfinished, a person after the attended.
        (
            Intended | Created | Sealed | Ambiguous | Lost | Attended,
            Seen::Live | Seen::Off | Seen::Missing | Seen::Unknown,
            Pace::Keep | Pace::Overlap | Pace::Now,
        ) => Older::Rest,
    }
}

/// Steps on older generations, oldest first, each with its reason. They come after the creation of a successor: where that fails, none is done.
pub(super) fn steps(key: &Key, ends: Ends) -> (Vec<(PlanStep, String)>, Vec<Diagnostic>) {
    let (mut steps, mut findings) = (Vec::new(), Vec::new());
    let current = key.record.and_then(KeyRecord::current);
    let pace = match pace(key, current) {
        // Without a successor to come, the current one must live.
        Pace::Overlap if ends.at_once => Pace::Now,
        Pace::Keep if ends.at_once && ends.issues => Pace::Now,
        pace @ (Pace::Keep | Pace::Overlap | Pace::Now) => pace,
    };
    let stays = |current: &&Generation| {
        let gone = ends.issues && ends.at_once && key.seen(current) != Seen::Missing;
        !ends.superseded || (current.state == GenerationState::Active && !gone)
    };
    let stays = current.filter(stays).map(|current| current.number);
    let mut older: Vec<&Generation> = key.generations().collect();
    older.sort_by_key(|generation| generation.number);
    for generation in older {
        let narrowed = || Some(drift::widened(key, generation, ends.issues)).filter(|fields| !fields.is_empty());
        let narrow = |fields| (PlanStep::Edit { generation: generation.number, fields }, WIDENED);
        let unkept = key.wanted() == Wanted::Gone && generation.delete_after.is_none() && key.seen(generation) == Seen::Missing;
        // What an interrupted deletion has ended is recorded, whatever is wanted by now.
        let may_delete = may_delete(key.wanted()) || key.seen(generation) == Seen::Missing;
        let due = (key.has_passed(generation.delete_after) || unkept) && key.account.capabilities.delete && may_delete;
        let over = key.has_passed(generation.disable_after);
        let number = generation.number;
        let is_current = stays == Some(number);
        let what = if is_current { Older::Rest } else { row(generation.state, key.seen(generation), pace, over, due) };
        let (step, reason) = match what {
            Older::Rest => match narrowed() {
                Some(fields) => narrow(fields),
                None => continue,
            },
            Older::Retire if ends.at_once => (PlanStep::Disable { generation: number }, "is compromised: it ends without an overlap"),
            Older::Retire if pace == Pace::Now => (PlanStep::Disable { generation: number }, "is not wanted any more"),
            Older::Retire => (PlanStep::Disable { generation: number }, "has been replaced, and its overlap has passed"),
            // It may carry the load since: its successor's publication retires it, and it gets the whole overlap.
            Older::DisableAgain if ends.superseded && !ends.at_once && generation.switching == Some(Switching::Enabling) => {
                match narrowed() {
                    Some(fields) => narrow(fields),
                    None => continue,
                }
            }
            // The provider has ended it, whatever it is called there: as for the current one.
            Older::DisableAgain if key.wanted() == Wanted::Ended && is_over(key, generation) => continue,
            Older::DisableAgain if generation.switching.is_some() => {
                (PlanStep::Disable { generation: number }, "was being enabled when an apply was interrupted")
            }
            Older::DisableAgain if is_over(key, generation) => (PlanStep::Disable { generation: number }, "has expired"),
            Older::DisableAgain => (PlanStep::Disable { generation: number }, BY_HAND),
            Older::EndAgain if key.account.capabilities.delete => (PlanStep::Delete { generation: number }, "was deleted, and is live"),
            Older::EndAgain => (PlanStep::Disable { generation: number }, "was deleted, and is live"),
            Older::Delete => (PlanStep::Delete { generation: number }, "is disabled, and its cooldown has passed"),
            Older::RecordDisabled => (recorded(number, RecordedState::Disabled), "is disabled already"),
            Older::RecordDeleted => (recorded(number, RecordedState::Deleted), "is gone already"),
        };
        if let Some(why) = key.index.untouchable(generation) {
            let message = format!("generation {number} of `{}` must not be touched: {why}", key.address);
            findings.push(key.warning(Code::PlanProtected, message).help("look at the ledger entry"));
        } else if matches!(step, PlanStep::Disable { .. }) && !key.account.capabilities.can_end() {
            let message = format!("generation {number} of `{}` {reason}, and `{}` cannot disable keys", key.address, key.account.provider);
            findings.push(key.warning(Code::PlanCannotDisable, message).help("revoke the key at the provider by hand"));
        } else {
            let drift = if [BY_HAND, WIDENED].contains(&reason) { "drift: " } else { "" };
            steps.push((step, format!("{drift}generation {number} {reason}")));
        }
    }
    (steps, findings)
}

/// A key that is declared and kept dead loses none of its generations.
fn may_delete(wanted: Wanted) -> bool {
    match wanted {
        Wanted::Active | Wanted::Gone => true,
        Wanted::Ended | Wanted::Disabled => false,
    }
}

pub(super) fn pace(key: &Key, current: Option<&Generation>) -> Pace {
    // A protected key that is not wanted goes on as before.
    match key.wanted() {
        Wanted::Ended | Wanted::Disabled | Wanted::Gone if !key.is_protected() => Pace::Now,
        Wanted::Active | Wanted::Ended | Wanted::Disabled | Wanted::Gone => match current {
            // Whoever has not got the successor's secret still uses the one before.
            Some(current) if current.may_carry() && key.seen(current) == Seen::Live => {
                if key.waits_for_deliveries(current) || grants::waits_for_proof(key, current) { Pace::Keep } else { Pace::Overlap }
            }
            Some(_) | None => Pace::Keep,
        },
    }
}

fn recorded(generation: u32, state: RecordedState) -> PlanStep {
    PlanStep::Record { generation, state }
}
