//! New generations that a person asked for: whether one is open already, and what the plan answers. Asking twice rotates once.
use jiff::SignedDuration;

use super::standing::{Key, Seen, Wanted};
use super::{Action, Change, PlanStep};
use crate::diagnostics::{Code, Diagnostic, Severity};
use crate::model::{Generation, GenerationState, Request};

/// A command that is repeated within this time asks for nothing new: whoever repeats it may not know that it was carried out.
const REPEATED: SignedDuration = SignedDuration::from_hours(1);

/// Why the request is carried out already.
enum Open<'a> {
    /// A generation was begun and not finished.
    Unfinished(u32),
    /// A person was asked to make it, and has not yet.
    Waiting(u32),
    /// A person asked for the current generation, or an interrupted apply made it.
    Made(&'a Generation),
}

impl Key<'_> {
    /// The request that a generation made now carries: the person's, or one that an interrupted apply left in the ledger.
    pub(super) fn carried(&self) -> Option<Request> {
        if self.wanted() != Wanted::Active {
            return None;
        }
        let current = self.current().map_or(0, |current| current.number);
        let left = self.generations().filter(|generation| generation.number > current).filter_map(|generation| generation.request).max();
        self.request.max(left)
    }

    /// Why a new generation is due because a person asked for one.
    pub(super) fn asked(&self) -> Option<String> {
        let carried = self.carried()?;
        match self.open() {
            Some(Open::Unfinished(_) | Open::Made(_)) => return None,
            // It is asked of the person until it is handed over.
            Some(Open::Waiting(_)) | None => {}
        }
        Some(match (self.request, carried) {
            (None, _) if self.account.attended.is_none() => "asked for, and interrupted".to_owned(),
            (Some(_) | None, Request::Rotate) => "asked for".to_owned(),
            (Some(_) | None, Request::Compromised) => "compromised".to_owned(),
        })
    }

    /// Whether generations before the newest end without an overlap. `issues`: the plan makes a new one.
    pub(super) fn ends_at_once(&self, issues: bool) -> bool {
        self.carried() == Some(Request::Compromised) && (issues || self.open().is_some())
    }

    fn open(&self) -> Option<Open<'_>> {
        let current = self.current();
        if let Some(last) = self.unfinished().last().filter(|last| current.is_none_or(|current| current.number < last.number)) {
            return Some(Open::Unfinished(last.number));
        }
        let waits = |other: &&Generation| {
            self.account.attended.is_some()
                && other.state == GenerationState::Attended
                && current.is_none_or(|current| current.number < other.number)
        };
        if let Some(waiting) = self.generations().filter(waits).map(|waiting| waiting.number).max() {
            return Some(Open::Waiting(waiting));
        }
        let current = current.filter(|current| current.state == GenerationState::Active)?;
        let overlap = self.desired.and_then(|desired| current.created_at.checked_add(desired.overlap.duration()).ok());
        let fresh = |end| !self.has_passed(Some(end));
        let overlaps = |other: &Generation| {
            other.state == GenerationState::Retiring
                && matches!(self.seen(other), Seen::Live | Seen::Unknown)
                && (other.disable_after.is_some_and(fresh) || overlap.is_some_and(fresh))
        };
        let followed = self.generations().any(overlaps);
        let within = |span: SignedDuration| current.created_at.checked_add(span).is_ok_and(fresh);
        let repeated = within(REPEATED);
        // A journal may be kept for long: what it names was made by the run that is resumed only while it is young.
        let resumed = self.resumed && within(self.desired.map_or(REPEATED, |desired| desired.overlap.duration() + REPEATED));
        let open = match (self.request, current.request) {
            // What is asked for after a leak must be younger than the leak.
            (Some(Request::Compromised), Some(Request::Compromised)) => repeated || followed || resumed,
            (Some(Request::Compromised), Some(Request::Rotate) | None) => false,
            (Some(Request::Rotate) | None, Some(_)) => followed || repeated || resumed,
            (Some(Request::Rotate) | None, None) => followed && resumed,
        };
        open.then_some(Open::Made(current))
    }
}

/// The command that asks for the same.
fn again(key: &Key, request: Request) -> String {
    let flag = if request == Request::Compromised { " --compromised" } else { "" };
    format!("`keywright apply --rotate {}{flag}`", key.address)
}

/// What is said about a person's request that the change does not carry out. An error: nothing at all is to be done for the key now.
pub(super) fn answer(key: &Key, change: Option<&Change>, deferred: bool) -> Option<Diagnostic> {
    key.request.filter(|_| !deferred)?;
    let address = &key.address;
    let refused = |why: &str| key.place(Diagnostic::error(Code::PlanCannotRotate, format!("`{address}` cannot be rotated: {why}")));
    match key.wanted() {
        Wanted::Active => {}
        Wanted::Ended => return Some(refused("it has expired").help("move `expires` to a later day: that creates it anew")),
        Wanted::Disabled => return Some(refused("the manifests want it disabled").help("set `state: active` first")),
        Wanted::Gone => return Some(refused("no manifest declares it").help("declare it first, or leave it out")),
    }
    if let Some(change) = change.filter(|change| change.action == Action::Blocked) {
        let again = key.request.map_or_else(String::new, |request| again(key, request));
        return Some(
            refused(&change.reason)
                .help(format!("settle that first, and ask again: {again}; nothing was changed, and nobody remembers the request")),
        );
    }
    if change.is_some_and(|change| change.steps.iter().any(|step| matches!(step, PlanStep::Create { .. } | PlanStep::Open { .. }))) {
        return None;
    }
    let Some(open) = key.open() else {
        let mut waits = refused("other work on it comes first");
        waits.severity = Severity::Warning;
        let again = key.request.map_or_else(String::new, |request| again(key, request));
        return Some(waits.help(format!("apply, and ask again: {again}")));
    };
    let said = match open {
        Open::Unfinished(number) => format!("generation {number} is not finished, and becomes the new one"),
        Open::Waiting(number) => format!("generation {number} waits for a person to make it"),
        Open::Made(current) if current.request.is_some() => {
            format!("generation {} was asked for on {}", current.number, current.created_at)
        }
        Open::Made(current) => format!("generation {} has just been made", current.number),
    };
    let message = format!("a rotation of `{address}` is open already: {said}, and no other is made");
    let help = match key.request {
        Some(Request::Compromised) => "if the new secret leaked, too, ask again when an hour and the overlap have passed",
        Some(Request::Rotate) | None => {
            "to rotate once more, ask again when an hour and the overlap have passed; if the new secret leaked, add `--compromised`"
        }
    };
    Some(key.place(Diagnostic::new(Code::PlanRotationOpen, Severity::Note, message)).help(help))
}
