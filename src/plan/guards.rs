//! Rules that refuse a whole plan, with numbers and the word that lifts them; and the rotations that wait for a later plan.
use std::collections::BTreeSet;

use jiff::Timestamp;

use super::compare::{day, expires_at, wanted_end};
use super::decide::Deciding;
use super::draft::Draft;
use super::standing::{Key, Seen};
use super::{AccountInput, Action, Change, Deferred, GuardVerdict, KeyView, Manifests, Plan, PlanInput, PlanStep, Verdict};
use super::{moves, rows};
use crate::diagnostics::{Code, Diagnostic, Part, Place, Route, Severity, Step};
use crate::model::{Address, Allowance, KeyRecord, Limit, Listing, Name, Request};

/// Fewer live keys than this are no measure of a listing.
const MANY: usize = 4;
/// Addresses that a message names.
const NAMED: usize = 3;

/// Defers the least urgent rotations beyond `max_rotations`. What recovery has to finish waits for nobody.
pub(super) fn defer(input: &PlanInput, accounts: &mut [Deciding<'_>], plan: &mut Plan) {
    let configured = input.guarding.guards.max_rotations;
    if configured.is_none() && input.before.deferred.is_empty() {
        return;
    }
    let mut waiting: Vec<(Urgency, usize, usize)> = Vec::new();
    for (at, account) in accounts.iter().enumerate() {
        for (number, (key, draft)) in account.keys.iter().zip(&account.drafts).enumerate() {
            let rotates = matches!(draft.action, Action::Rotate | Action::Replace) && draft.refusal.is_none() && draft.issues();
            if rotates && draft.recovery.is_empty() && !input.before.recovered.contains(&key.address) {
                waiting.push((urgency(key, draft), at, number));
            }
        }
    }
    waiting.sort();
    let count = waiting.len();
    let room = configured.map_or(usize::MAX, |limit| allowed(limit, lifted(input, Guard::Rotations), keys(input)));
    let mut taken = 0;
    let mut readable = BTreeSet::new();
    for (_, at, number) in waiting {
        let (key, draft) = (&accounts[at].keys[number], &mut accounts[at].drafts[number]);
        if taken < room && !input.before.deferred.contains(&key.address) {
            taken += 1;
            continue;
        }
        let end = end_of(key);
        readable.extend((!draft.removed.is_empty()).then(|| key.address.clone()));
        plan.deferred.push(Deferred {
            address: key.address.clone(),
            action: draft.action,
            reason: std::mem::take(&mut draft.reason),
            expires_at: end,
            requested: key.request.is_some(),
        });
        let findings = std::mem::take(&mut draft.findings);
        *draft = Draft { findings, deferred: true, ..rows::without_new(key) };
        moves::add(key, draft);
    }
    plan.deferred.sort_by(|a, b| a.address.cmp(&b.address));
    let Some(limit) = configured else { return };
    let within = if count <= limit.of(keys(input)) { Verdict::Passed } else { Verdict::Allowed };
    let verdict = if plan.deferred.is_empty() { within } else { Verdict::Deferred };
    plan.guards.push(GuardVerdict {
        guard: Guard::Rotations.word().to_owned(),
        account: None,
        limit: Some(limit),
        allows: room,
        count,
        verdict,
    });
    if !plan.deferred.is_empty() {
        let message = format!(
            "{} of {count} rotations wait for a later plan: `max_rotations` allows {}",
            plan.deferred.len(),
            shown(limit, limit.of(keys(input)))
        );
        let help = format!("to let this run do them all, add `--allow max_rotations={count}`");
        plan.findings.push(Diagnostic::new(Code::GuardMaxRotations, Severity::Note, message).at(place(Guard::Rotations)).help(help));
    }
    // A plan is valid for a day: until then nothing else need happen.
    let soon = plan.expires_at;
    for deferred in &plan.deferred {
        let message = match deferred.expires_at.filter(|end| *end <= soon) {
            Some(end) if end <= input.now => format!("`{}` ended on {}, and its rotation is deferred", deferred.address, day(end)),
            Some(end) => format!("`{}` ends on {}, and its rotation is deferred", deferred.address, day(end)),
            None if deferred.requested => format!("`{}` was asked to be rotated, and that is deferred", deferred.address),
            None if readable.contains(&deferred.address) => {
                format!("a removed recipient can still open the secret of `{}`, and its rotation is deferred", deferred.address)
            }
            None => continue,
        };
        let help = "raise `max_rotations`, or allow more for this run: `--allow max_rotations=N`";
        plan.findings.push(Diagnostic::warning(Code::GuardMaxRotations, message).at(place(Guard::Rotations)).help(help));
    }
}

/// Most urgent first.
type Urgency = (Class, Timestamp, Address);

/// Why a new generation cannot wait, most urgent first; within a class, what ends first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    /// An earlier apply began it.
    Begun,
    Compromised,
    /// Nobody can use the key now.
    Dead,
    Requested,
    /// Somebody who shall not can open its secret.
    Removed,
    Timed,
    /// Nobody uses it yet.
    New,
}

fn urgency(key: &Key, draft: &Draft) -> Urgency {
    let end = end_of(key);
    let is_dead = key.has_passed(end) || key.current().is_none_or(|current| key.seen(current) != Seen::Live);
    let class = match key.request {
        _ if !draft.recovery.is_empty() => Class::Begun,
        Some(Request::Compromised) => Class::Compromised,
        Some(Request::Rotate) | None if key.current().is_none() => Class::New,
        Some(Request::Rotate) | None if is_dead => Class::Dead,
        Some(Request::Rotate) => Class::Requested,
        None if !draft.removed.is_empty() => Class::Removed,
        None => Class::Timed,
    };
    (class, end.unwrap_or(Timestamp::MAX), key.address.clone())
}

/// The places of keys in the order in which they get the room that an account has left.
pub(super) fn by_urgency(account: &AccountInput, keys: &[Key], drafts: &[Draft]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..keys.len()).collect();
    if account.capabilities.key_limit.is_some() {
        order.sort_by_cached_key(|at| drafts[*at].issues().then(|| urgency(&keys[*at], &drafts[*at])));
    }
    order
}

fn end_of(key: &Key) -> Option<Timestamp> {
    let (current, capabilities) = (key.current()?, key.account.capabilities);
    let wanted = key.desired.and_then(|desired| wanted_end(capabilities, desired.expiry, current.created_at));
    expires_at(capabilities, current, key.observed(current)).or(wanted)
}

/// A guard that is a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Guard {
    Creates,
    Disables,
    Rotations,
}

impl Guard {
    fn word(self) -> &'static str {
        match self {
            Self::Creates => "max_creates",
            Self::Disables => "max_disables",
            Self::Rotations => "max_rotations",
        }
    }
}

/// Counts the finished plan, and refuses it where it goes too far. Recovery of an earlier apply counts nothing.
pub(super) fn check(input: &PlanInput, plan: &mut Plan) {
    let recovers = |change: &Change| {
        let unfinished = change.steps.iter().any(|step| matches!(step, PlanStep::Recover { .. }));
        unfinished || input.before.recovered.contains(&change.address)
    };
    let creates = plan.changes.iter().filter(|change| change.action == Action::Create && !recovers(change));
    let creates: Vec<Address> = creates.map(|change| change.address.clone()).collect();
    let disables: Vec<Address> = plan.changes.iter().filter(|change| ends(change)).map(|change| change.address.clone()).collect();
    let rotations = std::mem::take(&mut plan.guards);
    number(input, plan, Guard::Creates, input.guarding.guards.max_creates, &creates);
    number(input, plan, Guard::Disables, input.guarding.guards.max_disables, &disables);
    plan.guards.extend(rotations);
    empty(input, plan);
    gone(input, plan);
    for (name, account) in &input.accounts {
        shrunk(input, name, account, plan);
    }
}

/// Whether the change takes the working generation of a key away.
fn ends(change: &Change) -> bool {
    let works = change.before.as_ref().is_some_and(KeyView::is_active);
    let stays = change.after.as_ref().is_some_and(KeyView::is_active);
    let ended = |step: &PlanStep| matches!(step, PlanStep::Disable { generation } | PlanStep::Delete { generation } if *generation == change.generation);
    change.action != Action::Blocked && works && !stays && change.steps.iter().any(ended)
}

fn number(input: &PlanInput, plan: &mut Plan, guard: Guard, limit: Option<Limit>, found: &[Address]) {
    let Some(limit) = limit else { return };
    let (code, verb) = match guard {
        Guard::Creates => (Code::GuardMaxCreates, "creates"),
        Guard::Disables => (Code::GuardMaxDisables, "disables"),
        Guard::Rotations => (Code::GuardMaxRotations, "rotates"),
    };
    let all = keys(input);
    let (own, allows, count) = (limit.of(all), allowed(limit, lifted(input, guard), all), found.len());
    let verdict = match count {
        _ if count <= own => Verdict::Passed,
        _ if count <= allows => Verdict::Allowed,
        _ => Verdict::Refused,
    };
    let verdict = GuardVerdict { guard: guard.word().to_owned(), account: None, limit: Some(limit), allows, count, verdict };
    let message = format!("the plan {verb} {}, and `{}` allows {}: {}", keys_of(count), guard.word(), shown(limit, own), listed(found));
    let help = format!("look at them; to let this run do it, add `--allow {}={count}`", guard.word());
    conclude(plan, verdict, Diagnostic::error(code, message).at(place(guard)).help(help));
}

/// No manifest declares a key, while the ledger has live ones. The last key of all may go by a manifest that says so.
fn empty(input: &PlanInput, plan: &mut Plan) {
    let live: Vec<Address> = live(input).collect();
    let refused = match input.guarding.manifests {
        Manifests::Declare => false,
        // Whatever was chosen: one address after the other would be all of them in the end.
        Manifests::Empty => input.guarding.live > 1 && !live.is_empty(),
        Manifests::Absent => !live.is_empty(),
    };
    if !refused {
        return;
    }
    let message = format!("no manifest declares a key, and the ledger has {}: {}", living(live.len()), listed(&live));
    let help = "look for the manifests in `keys/`; to disable them all in this run, add `--allow empty`";
    let verdict = builtin(input, "empty", None, live.len(), &Allowance::Empty);
    conclude(plan, verdict, Diagnostic::error(Code::GuardEmpty, message).help(help));
}

/// An account is not configured any more, while its ledger has live keys.
fn gone(input: &PlanInput, plan: &mut Plan) {
    for (name, live) in &input.guarding.gone {
        let live: Vec<Address> = live.iter().filter(|address| input.only.is_empty() || input.only.contains(*address)).cloned().collect();
        if live.is_empty() {
            continue;
        }
        let message =
            format!("account `{name}` is not in `keywright.yaml` any more, and its ledger has {}: {}", living(live.len()), listed(&live));
        let help = format!("put the account back and remove its keys first; to go on without it once, add `--allow account-gone={name}`");
        let verdict = builtin(input, "account-gone", Some(name), live.len(), &Allowance::AccountGone(name.clone()));
        conclude(plan, verdict, Diagnostic::error(Code::GuardAccountGone, message).help(help));
    }
}

/// A complete listing lacks more than half of the keys that the ledger has as live. What it may only not show yet does not count.
fn shrunk(input: &PlanInput, name: &Name, account: &AccountInput, plan: &mut Plan) {
    let Listing::Complete(snapshot) = &account.listing else { return };
    let generations = account.ledger.values().flat_map(|record| &record.generations).filter(|generation| generation.state.works());
    let ids: BTreeSet<&str> = generations.filter_map(|generation| generation.id.as_deref()).collect();
    let found = ids.iter().filter(|id| snapshot.keys.contains_key(**id)).count();
    let all = found + ids.iter().filter(|id| snapshot.absent.contains(**id)).count();
    if all < MANY || found * 2 >= all {
        return;
    }
    let message = format!("account `{name}` shows {found} of {all} keys that the ledger has as live");
    let help = format!("look whether it is the right account; if the keys are gone, add `--allow shrunk={name}` for this run");
    let verdict = builtin(input, "shrunk", Some(name), all - found, &Allowance::Shrunk(name.clone()));
    conclude(plan, verdict, Diagnostic::error(Code::GuardShrunk, message).help(help));
}

fn builtin(input: &PlanInput, guard: &str, account: Option<&Name>, count: usize, allowance: &Allowance) -> GuardVerdict {
    let is_allowed = input.asked.allow.contains(allowance);
    let (allows, verdict) = if is_allowed { (count, Verdict::Allowed) } else { (0, Verdict::Refused) };
    GuardVerdict { guard: guard.to_owned(), account: account.cloned(), limit: None, allows, count, verdict }
}

/// Records a verdict, and says what stands against the plan.
fn conclude(plan: &mut Plan, verdict: GuardVerdict, mut refusal: Diagnostic) {
    match verdict.verdict {
        Verdict::Passed | Verdict::Deferred => {}
        Verdict::Allowed => {
            refusal.severity = Severity::Note;
            refusal.help = Some("`--allow` lets this run do it".to_owned());
            plan.findings.push(refusal);
        }
        Verdict::Refused => plan.findings.push(refusal),
    }
    plan.guards.push(verdict);
}

/// What `--allow` says of a guard; the greatest.
fn lifted(input: &PlanInput, guard: Guard) -> Option<usize> {
    let of = |allowance: &Allowance| match (allowance, guard) {
        (Allowance::MaxCreates(limit), Guard::Creates)
        | (Allowance::MaxDisables(limit), Guard::Disables)
        | (Allowance::MaxRotations(limit), Guard::Rotations) => Some(limit.of(keys(input))),
        (
            Allowance::MaxCreates(_)
            | Allowance::MaxDisables(_)
            | Allowance::MaxRotations(_)
            | Allowance::Empty
            | Allowance::AccountGone(_)
            | Allowance::Shrunk(_),
            _,
        ) => None,
    };
    input.asked.allow.iter().filter_map(of).max()
}

/// Lifting never restricts.
fn allowed(limit: Limit, lifted: Option<usize>, keys: usize) -> usize {
    limit.of(keys).max(lifted.unwrap_or(0))
}

/// How many keys are declared or live in the ledger, in the accounts of the plan: what a percentage is of.
fn keys(input: &PlanInput) -> usize {
    let of = |account: &AccountInput| {
        let live = account.ledger.iter().filter(|(_, record)| lives(record)).map(|(name, _)| name);
        account.desired.keys().chain(live).collect::<BTreeSet<_>>().len()
    };
    input.accounts.values().map(of).sum()
}

/// The chosen keys that the ledger has as live.
fn live<'a>(input: &'a PlanInput) -> impl Iterator<Item = Address> + 'a {
    let records = input.accounts.values().flat_map(|account| account.ledger.values()).filter(|record| lives(record));
    let chosen = |address: &Address| input.only.is_empty() || input.only.contains(address);
    records.map(|record| record.address.clone()).filter(chosen)
}

fn lives(record: &KeyRecord) -> bool {
    record.generations.iter().any(|generation| generation.state.works())
}

fn place(guard: Guard) -> Place {
    let route = Route(["guards", guard.word()].map(|name| Step::Field(name.into())).to_vec());
    Place::Route { file: "keywright.yaml".into(), route, part: Part::Value }
}

/// `3`, or `20%, which is 3`.
fn shown(limit: Limit, allows: usize) -> String {
    match limit {
        Limit::Percent(_) => format!("{limit}, which is {allows}"),
        Limit::Count(_) => allows.to_string(),
    }
}

fn keys_of(count: usize) -> String {
    if count == 1 { "1 key".to_owned() } else { format!("{count} keys") }
}

fn living(count: usize) -> String {
    if count == 1 { "1 live key".to_owned() } else { format!("{count} live keys") }
}

fn listed(addresses: &[Address]) -> String {
    let mut words: Vec<String> = addresses.iter().take(NAMED).map(|address| format!("`{address}`")).collect();
    if addresses.len() > NAMED {
        words.push(format!("and {} more", addresses.len() - NAMED));
    }
    words.join(", ")
}
