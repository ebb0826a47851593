//! Tests of guards, of rotations that wait, and of rotations that a person asks for.
use super::testing::*;
use super::*;
use crate::diagnostics::Severity;
use crate::model::*;

use Action::{Blocked, Create, Disable as DisableIt, Edit, None as Nothing, Rotate};

fn create(generation: u32) -> PlanStep {
    PlanStep::Create { generation }
}

fn disable(generation: u32) -> PlanStep {
    PlanStep::Disable { generation }
}

fn key_address(name: &str) -> Address {
    format!("acct/{name}").parse().unwrap()
}

/// `count` more keys, declared and issued with ids of their own; the last parameter changes each.
fn with_others(world: &mut World, count: u32, mut change: impl FnMut(u32, &mut DesiredKey, &mut Generation)) {
    for number in 0..count {
        let address = key_address(&format!("key-{number}"));
        let mut wanted = DesiredKey { address: address.clone(), ..desired() };
        let mut made = Generation { id: Some(format!("other-{number}")), marker: Some(marker(500 + number)), ..generation(1) };
        made.label = marker(500 + number).label(&wanted.label);
        change(number, &mut wanted, &mut made);
        world.observe(shown(&made));
        let mut record = KeyRecord::new(address.clone(), "x");
        record.put(made);
        world.others.insert(address.name, (Some(wanted), Some(record)));
    }
}

fn undeclare(world: &mut World, names: std::ops::Range<u32>) {
    for number in names {
        world.others.get_mut(&format!("key-{number}").parse::<Name>().unwrap()).unwrap().0 = None;
    }
}

fn allow(world: &mut World, words: &[&str]) {
    world.asked.allow = words.iter().map(|word| word.parse().unwrap()).collect();
}

fn verdict(plan: &Plan, guard: &str) -> (usize, usize, Verdict) {
    let found = plan.guards.iter().find(|verdict| verdict.guard == guard).unwrap_or_else(|| panic!("{guard}: {:?}", plan.guards));
    (found.count, found.allows, found.verdict)
}

fn message(plan: &Plan, code: &str) -> String {
    plan.findings.iter().find(|finding| finding.code.as_str() == code).map(|finding| finding.message.clone()).unwrap_or_default()
}

#[test]
fn too_many_creations_refuse_the_plan() {
    let mut world = World::new();
    for number in 0..4 {
        let wanted = DesiredKey { address: key_address(&format!("new-{number}")), label: format!("New {number}").into(), ..desired() };
        world.others.insert(wanted.address.name.clone(), (Some(wanted), None));
    }
    assert!(world.plan().guards.is_empty(), "without a limit nothing is counted");
    world.guarding.guards.max_creates = Some(Limit::Count(5));
    assert_eq!(verdict(&world.plan(), "max_creates"), (5, 5, Verdict::Passed));
    world.guarding.guards.max_creates = Some(Limit::Count(4));
    let plan = world.plan();
    assert!(plan.is_refused());
    assert_eq!(verdict(&plan, "max_creates"), (5, 4, Verdict::Refused));
    let expected = "the plan creates 5 keys, and `max_creates` allows 4: `acct/hooks`, `acct/new-0`, `acct/new-1`, and 2 more";
    assert_eq!(message(&plan, "guard/max-creates"), expected);
    let finding = plan.findings.iter().find(|finding| finding.code.as_str() == "guard/max-creates").unwrap();
    assert_eq!((finding.severity, finding.place.is_some()), (Severity::Error, true));
    assert!(finding.help.as_ref().unwrap().contains("`--allow max_creates=5`"));
    allow(&mut world, &["max_creates=5"]);
    assert_eq!((verdict(&world.plan(), "max_creates"), world.plan().is_refused()), ((5, 5, Verdict::Allowed), false));
    allow(&mut world, &["max_creates=1"]);
    assert_eq!(verdict(&world.plan(), "max_creates"), (5, 4, Verdict::Refused), "lifting never restricts");
    allow(&mut world, &["max_disables=9"]);
    assert!(world.plan().is_refused(), "that is another guard");
    world.asked.allow.clear();
    world.only.insert(address());
    assert_eq!(verdict(&world.plan(), "max_creates"), (1, 4, Verdict::Passed), "what was not chosen does not count");
}

#[test]
fn too_many_disablings_refuse_the_plan() {
    let mut world = World::settled();
    with_others(&mut world, 9, |_, _, _| {});
    undeclare(&mut world, 0..3);
    world.guarding.guards.max_disables = Some(Limit::Percent(30));
    assert_eq!(verdict(&world.plan(), "max_disables"), (3, 3, Verdict::Passed), "of ten keys, declared or live");
    undeclare(&mut world, 3..4);
    let plan = world.plan();
    assert_eq!(verdict(&plan, "max_disables"), (4, 3, Verdict::Refused));
    assert!(message(&plan, "guard/max-disables").contains("disables 4 keys, and `max_disables` allows 30%, which is 3"));
    world.guarding.guards.max_disables = Some(Limit::Count(0));
    undeclare(&mut world, 0..0);
    world.others.clear();
    world.guarding.manifests = Manifests::Declare;
    // A predecessor whose overlap has passed, and what somebody else has disabled, take nothing away.
    let retiring = Generation { state: GenerationState::Retiring, disable_after: Some(at(-1)), ..generation(1) };
    world.record(vec![generation(2), retiring]);
    world.observe(observed(2));
    assert_eq!((world.decision().0, verdict(&world.plan(), "max_disables")), (DisableIt, (0, 0, Verdict::Passed)));
    world.desired = None;
    world.live(2).enabled = Some(false);
    assert_eq!(verdict(&world.plan(), "max_disables"), (0, 0, Verdict::Passed));
    world.live(2).enabled = Some(true);
    assert_eq!(verdict(&world.plan(), "max_disables"), (1, 0, Verdict::Refused));
    world.ledger.as_mut().unwrap().protect = true;
    world.generation(1).disable_after = Some(at(1));
    assert_eq!((world.decision().0, verdict(&world.plan(), "max_disables").0), (Blocked, 0), "what is blocked does not happen");
}

#[test]
fn recovery_counts_nothing() {
    let mut world = World::new();
    world.guarding.guards =
        Guards { max_creates: Some(Limit::Count(0)), max_disables: Some(Limit::Count(0)), max_rotations: Some(Limit::Count(0)) };
    assert!(world.plan().is_refused());
    world.record(vec![Generation { state: GenerationState::Intended, id: None, ..generation(1) }]);
    assert_eq!((world.decision().0, world.plan().is_refused()), (Create, false));
    let undone = Generation { state: GenerationState::Disabled, sealed: None, ..generation(1) };
    world.record(vec![undone]);
    world.observe(ObservedKey { enabled: Some(false), ..observed(1) });
    assert!(world.plan().is_refused());
    world.before.recovered.insert(address());
    assert!(!world.plan().is_refused(), "this apply has just undone it");
    let mut rotating = World::settled();
    rotating.guarding.guards.max_rotations = Some(Limit::Count(0));
    rotating.record(vec![Generation { state: GenerationState::Intended, id: None, ..generation(2) }, generation(1)]);
    assert_eq!((rotating.decision().0, rotating.plan().deferred.len()), (Rotate, 0));
}

/// Five keys that are due, ending one after the other: key-0 last.
fn due() -> World {
    let mut world = World::settled();
    with_others(&mut world, 4, |number, _, made| made.created_at = at(-DAY - i64::from(4 - number) * 3600));
    for (_, record) in world.others.values_mut() {
        let made = &mut record.as_mut().unwrap().generations[0];
        made.expires_at = desired().expiry.end(made.created_at);
        let made = made.clone();
        world.snapshot.keys.insert(made.id.clone().unwrap(), shown(&made));
    }
    world.now = at(85 * DAY);
    world
}

fn rotated(plan: &Plan) -> Vec<String> {
    plan.changes.iter().filter(|change| change.action == Rotate).map(|change| change.address.name.to_string()).collect()
}

fn waiting(plan: &Plan) -> Vec<String> {
    plan.deferred.iter().map(|deferred| deferred.address.name.to_string()).collect()
}

#[test]
fn the_most_urgent_rotations_come_first_and_the_others_are_shown() {
    let mut world = due();
    assert_eq!((rotated(&world.plan()).len(), world.plan().guards.len()), (5, 0));
    world.guarding.guards.max_rotations = Some(Limit::Count(2));
    let plan = world.plan();
    assert_eq!(
        (rotated(&plan), waiting(&plan)),
        (vec!["key-0".to_owned(), "key-1".to_owned()], ["hooks", "key-2", "key-3"].map(str::to_owned).to_vec())
    );
    assert_eq!((verdict(&plan, "max_rotations"), plan.is_refused()), ((5, 2, Verdict::Deferred), false));
    assert_eq!(message(&plan, "guard/max-rotations"), "3 of 5 rotations wait for a later plan: `max_rotations` allows 2");
    assert!(plan.deferred[0].reason.starts_with("expires 2027-02-18; due since"), "{:?}", plan.deferred[0]);
    assert!(plan.due.iter().any(|due| due.address == address()), "what waits is due all the same");
    assert_eq!((plan.summary.rotate, plan.summary.none), (2, 3));
    // What a person asks for comes before what time asks for.
    world.asked.rotate.insert(address(), Request::Rotate);
    assert_eq!(rotated(&world.plan()), ["hooks", "key-0"]);
    // What is dead comes before that; it stays within the number.
    world.guarding.guards.max_rotations = Some(Limit::Count(1));
    assert_eq!(rotated(&world.plan()), ["hooks"]);
    world.snapshot.keys.get_mut("other-3").unwrap().expires_at = Some(Some(at(0)));
    assert_eq!(rotated(&world.plan()), ["key-3"]);
    assert!(world.plan().defers_a_request());
    world.asked.rotate.insert(address(), Request::Compromised);
    assert_eq!(rotated(&world.plan()), ["hooks"], "what leaked comes before what is dead");
    allow(&mut world, &["max_rotations=100%"]);
    let plan = world.plan();
    assert_eq!((rotated(&plan).len(), plan.deferred.len(), verdict(&plan, "max_rotations").2), (5, 0, Verdict::Allowed));
}

#[test]
fn who_can_still_read_a_secret_comes_before_what_time_asks_for() {
    let mut world = due();
    world.wanted().expiry = Expiry::Never;
    world.first().expires_at = None;
    world.live(1).expires_at = Some(None);
    world.wanted().recipients = std::sync::Arc::new(recipients(&[("ops", &["age1a"]), ("recovery", &["age1c"])]));
    world.guarding.guards.max_rotations = Some(Limit::Count(1));
    assert_eq!(rotated(&world.plan()), ["hooks"], "it never ends, and cannot wait for ever");
    world.guarding.guards.max_rotations = Some(Limit::Count(0));
    let plan = world.plan();
    let warned = plan.findings.iter().filter(|finding| finding.severity == Severity::Warning).map(|finding| finding.message.as_str());
    let expected = "a removed recipient can still open the secret of `acct/hooks`, and its rotation is deferred";
    assert_eq!(warned.collect::<Vec<_>>(), [expected]);
}

#[test]
fn the_last_room_of_an_account_goes_to_the_most_urgent() {
    let mut world = due();
    world.asked.rotate.insert(key_address("key-3"), Request::Compromised);
    world.capabilities.key_limit = Some(6);
    let plan = world.plan();
    assert_eq!(rotated(&plan), ["key-3"], "{:?}", plan.changes.iter().map(|change| &change.reason).collect::<Vec<_>>());
    world.asked.rotate.clear();
    assert_eq!(rotated(&world.plan()), ["key-0"], "what ends first");
    let wanted = DesiredKey { address: key_address("a-new"), label: "New".into(), ..desired() };
    world.others.insert(wanted.address.name.clone(), (Some(wanted), None));
    assert_eq!((rotated(&world.plan()), world.plan().summary.create), (vec!["key-0".to_owned()], 0), "nobody uses it yet");
}

#[test]
fn what_would_end_while_it_waits_is_a_warning() {
    let mut world = due();
    world.guarding.guards.max_rotations = Some(Limit::Count(0));
    let warnings = |world: &World| {
        let plan = world.plan();
        plan.findings
            .iter()
            .filter(|finding| finding.severity == Severity::Warning)
            .map(|finding| finding.message.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(warnings(&world), [""; 0], "there is time");
    world.now = at(89 * DAY - 3601);
    let said = warnings(&world);
    assert_eq!(said.len(), 5, "{said:?}");
    assert!(said.contains(&"`acct/hooks` ends on 2027-02-18, and its rotation is deferred".to_owned()), "{said:?}");
    assert!(said.contains(&"`acct/key-0` ended on 2027-02-18, and its rotation is deferred".to_owned()), "{said:?}");
    let mut asked = World::settled();
    asked.wanted().expiry = Expiry::Never;
    asked.first().expires_at = None;
    asked.live(1).expires_at = Some(None);
    asked.guarding.guards.max_rotations = Some(Limit::Count(0));
    asked.asked.rotate.insert(address(), Request::Rotate);
    assert_eq!(warnings(&asked), ["`acct/hooks` was asked to be rotated, and that is deferred"]);
}

#[test]
fn what_waits_leaves_the_rest_of_its_key_alone() {
    let mut world = due();
    world.guarding.guards.max_rotations = Some(Limit::Count(0));
    world.wanted().label = "Other".into();
    let retired = Generation { state: GenerationState::Retiring, disable_after: Some(at(-1)), ..generation(1) };
    world.record(vec![Generation { expires_at: generation(1).expires_at, ..generation(2) }, retired]);
    world.observe(observed(2));
    let label = PlanStep::Edit { generation: 2, fields: vec![EditField::Label] };
    assert_eq!(world.decision(), (Edit, vec![label, disable(1)]), "a predecessor ends in its time, and what can be edited is");
    assert_eq!(world.plan().deferred.len(), 5);
    let mut uneditable = world.clone();
    uneditable.capabilities.editable = crate::profile::EditableFields { label: false, ..uneditable.capabilities.editable };
    assert_eq!(uneditable.decision(), (DisableIt, vec![disable(1)]));
    uneditable.live(2).scopes = Some(scopes(&["x:key:read"]));
    uneditable.capabilities.editable.scopes = false;
    let drift = uneditable.plan().drift;
    assert_eq!((drift.len(), drift[0].action, drift[0].reason.as_str()), (1, DisableIt, "scopes changed by hand"));
    world.move_from("former");
    let moves = PlanStep::Move { generation: 2, from: "acct/former".parse().unwrap(), keeps_label: false };
    assert_eq!(world.decision().1[0], moves, "what waits is moved all the same");
    world.moved.clear();
    world.before.deferred.insert(key_address("key-1"));
    world.guarding.guards.max_rotations = None;
    assert_eq!(waiting(&world.plan()), ["key-1"], "the approved plan defers it");
}

#[test]
fn an_empty_tree_ends_nothing() {
    let mut world = World::settled();
    with_others(&mut world, 1, |_, _, _| {});
    undeclare(&mut world, 0..1);
    world.desired = None;
    world.guarding.manifests = Manifests::Empty;
    let plan = world.plan();
    assert!(plan.is_refused());
    assert_eq!(message(&plan, "guard/empty"), "no manifest declares a key, and the ledger has 2 live keys: `acct/hooks`, `acct/key-0`");
    world.only.insert(address());
    assert!(world.plan().is_refused(), "one address after the other");
    world.only.clear();
    allow(&mut world, &["empty"]);
    assert_eq!((world.plan().is_refused(), verdict(&world.plan(), "empty").2, world.plan().summary.disable), (false, Verdict::Allowed, 2));
    world.asked.allow.clear();
    world.others.clear();
    assert!(!world.plan().is_refused(), "the last key may go by a manifest that says so");
    world.guarding.manifests = Manifests::Absent;
    assert!(world.plan().is_refused());
    world.first().state = GenerationState::Disabled;
    world.live(1).enabled = Some(false);
    assert!(!world.plan().is_refused(), "nothing lives");
}

#[test]
fn an_account_that_is_gone_ends_nothing() {
    let mut world = World::settled();
    let gone = ["old/a", "old/b"].map(|address| address.parse::<Address>().unwrap());
    world.guarding.gone.insert("old".parse().unwrap(), gone.iter().cloned().collect());
    let plan = world.plan();
    assert!(plan.is_refused());
    let expected = "account `old` is not in `keywright.yaml` any more, and its ledger has 2 live keys: `old/a`, `old/b`";
    assert_eq!(message(&plan, "guard/account-gone"), expected);
    allow(&mut world, &["account-gone=other"]);
    assert!(world.plan().is_refused());
    allow(&mut world, &["account-gone=old"]);
    assert!(!world.plan().is_refused());
    world.asked.allow.clear();
    world.only.insert(address());
    assert!(!world.plan().is_refused(), "it was not chosen");
}

#[test]
fn a_listing_that_shrank_by_more_than_half_is_not_believed() {
    let mut world = World::settled();
    with_others(&mut world, 4, |_, _, _| {});
    let lose = |world: &mut World, numbers: std::ops::Range<u32>| {
        for number in numbers {
            let id = format!("other-{number}");
            world.snapshot.keys.remove(&id);
            world.snapshot.absent.insert(id);
        }
    };
    lose(&mut world, 0..2);
    assert!(!world.plan().is_refused(), "three of five are there");
    lose(&mut world, 2..3);
    let plan = world.plan();
    assert!(plan.is_refused());
    assert_eq!(message(&plan, "guard/shrunk"), "account `acct` shows 2 of 5 keys that the ledger has as live");
    assert_eq!(verdict(&plan, "shrunk"), (3, 0, Verdict::Refused));
    let mut allowed = world.clone();
    allow(&mut allowed, &["shrunk=acct"]);
    assert_eq!((allowed.plan().is_refused(), allowed.plan().summary.create), (false, 3));
    let mut disabled = world.clone();
    for (_, record) in disabled.others.values_mut() {
        record.as_mut().unwrap().generations[0].state = GenerationState::Disabled;
    }
    assert!(!disabled.plan().is_refused(), "only live ones count");
    let mut fresh = world.clone();
    fresh.snapshot.absent.clear();
    assert!(!fresh.plan().is_refused(), "silence is no absence");
    let mut unavailable = world.clone();
    unavailable.listing = Kind::Unavailable;
    assert!(!unavailable.plan().is_refused());
    world.others.retain(|name, _| name.as_str() < "key-3");
    world.snapshot.keys.remove("other-3");
    assert!(world.plan().is_refused(), "one of four");
    world.others.retain(|name, _| name.as_str() < "key-2");
    assert!(!world.plan().is_refused(), "three keys are no measure");
}

fn asking(request: Request, change: impl FnOnce(&mut World)) -> World {
    let mut world = World::settled();
    world.asked.rotate.insert(address(), request);
    change(&mut world);
    world
}

fn codes(world: &World) -> Vec<&'static str> {
    world.codes()
}

/// Generation 2 was asked for, and generation 1 retires.
fn asked_before(world: &mut World, request: Option<Request>) {
    let retiring = Generation { state: GenerationState::Retiring, disable_after: Some(at(DAY)), ..generation(1) };
    world.record(vec![Generation { request, ..generation(2) }, retiring]);
    world.observe(observed(2));
}

#[test]
fn a_person_asks_for_a_new_generation() {
    let world = asking(Request::Rotate, |_| {});
    let change = world.change().unwrap();
    assert_eq!(
        (change.action, change.steps, change.reason.as_str(), change.request),
        (Rotate, vec![create(2)], "asked for", Some(Request::Rotate))
    );
    assert!(change.notes.contains(&"generation 1 stays valid for 3 days more, then it is disabled".to_owned()));
    assert_eq!((codes(&world), world.plan().requests), (vec![], world.asked.rotate.clone()));
    let edited = asking(Request::Rotate, |world| world.wanted().label = "Other".into());
    assert_eq!((edited.decision().0, edited.change().unwrap().reason.as_str()), (Rotate, "asked for; label differs"));
    let new = asking(Request::Rotate, |world| {
        world.ledger = None;
        world.snapshot = Snapshot::default();
    });
    assert_eq!((new.decision(), codes(&new).len()), ((Create, vec![create(1)]), 0));
    let off = asking(Request::Rotate, |world| {
        world.first().state = GenerationState::Disabled;
        world.live(1).enabled = Some(false);
    });
    assert_eq!(off.decision(), (Create, vec![create(2)]), "not enabled again");
}

#[test]
fn asking_again_while_it_is_open_does_nothing_and_says_so() {
    let open = asking(Request::Rotate, |world| asked_before(world, Some(Request::Rotate)));
    assert_eq!((open.decision(), codes(&open)), ((Nothing, vec![]), vec!["plan/rotation-open"]));
    let over = asking(Request::Rotate, |world| {
        asked_before(world, Some(Request::Rotate));
        world.generation(1).disable_after = Some(at(-1));
        world.generation(2).created_at = at(-4 * DAY);
        world.generation(2).expires_at = desired().expiry.end(at(-4 * DAY));
        world.live(2).expires_at = None;
    });
    assert_eq!(over.decision(), (Rotate, vec![create(3), disable(1)]), "its overlap has passed: that is a new request");
    let timed = asking(Request::Rotate, |world| asked_before(world, None));
    assert_eq!(timed.decision(), (Rotate, vec![create(3)]), "nobody asked for generation 2");
    let mut unfinished = asking(Request::Rotate, |world| {
        world.record(vec![Generation { state: GenerationState::Intended, id: None, ..generation(2) }, generation(1)]);
    });
    assert_eq!(unfinished.decision(), (Rotate, vec![PlanStep::Recover { generation: 2 }, create(3)]));
    unfinished.generation(2).request = Some(Request::Compromised);
    unfinished.asked = Asked::default();
    let steps = vec![PlanStep::Recover { generation: 2 }, create(3), disable(1)];
    assert_eq!((unfinished.decision(), unfinished.change().unwrap().request), ((Rotate, steps), Some(Request::Compromised)));
}

#[test]
fn a_request_that_was_interrupted_is_neither_forgotten_nor_doubled() {
    let undone = Generation { state: GenerationState::Disabled, sealed: None, request: Some(Request::Rotate), ..generation(2) };
    let mut world = World::settled();
    world.record(vec![undone, generation(1)]);
    world.observe(ObservedKey { enabled: Some(false), ..observed(2) });
    assert_eq!((world.decision(), world.change().unwrap().reason.as_str()), ((Rotate, vec![create(3)]), "asked for, and interrupted"));
    world.asked.rotate.insert(address(), Request::Rotate);
    assert_eq!(world.decision(), (Rotate, vec![create(3)]));
    // Everything was done but the end of the apply: its journal names the key.
    let mut done = asking(Request::Compromised, |world| {
        let ended = Generation { state: GenerationState::Disabled, ..generation(1) };
        world.record(vec![Generation { request: Some(Request::Compromised), ..generation(2) }, ended]);
        world.live(1).enabled = Some(false);
        world.observe(observed(2));
    });
    assert_eq!(done.decision(), (Rotate, vec![create(3), disable(2)]));
    let mut repeated = done.clone();
    repeated.generation(2).created_at = at(-3599);
    repeated.generation(2).expires_at = desired().expiry.end(at(-3599));
    repeated.live(2).expires_at = None;
    assert_eq!((repeated.decision(), codes(&repeated)), ((Nothing, vec![]), vec!["plan/rotation-open"]), "the command was repeated");
    repeated.now = at(1);
    assert_eq!(repeated.decision().0, Rotate);
    done.before.interrupted.insert(address());
    assert_eq!((done.decision(), codes(&done)), ((Nothing, vec![]), vec!["plan/rotation-open"]));
    // Recovery has finished what time asked for: that is the new generation.
    let mut finished = asking(Request::Rotate, |world| asked_before(world, None));
    finished.before.interrupted.insert(address());
    assert_eq!((finished.decision(), codes(&finished)), ((Nothing, vec![]), vec!["plan/rotation-open"]));
}

#[test]
fn compromised_takes_the_overlap_away_and_nothing_else() {
    let plain = asking(Request::Rotate, |_| {}).change().unwrap();
    let world = asking(Request::Compromised, |_| {});
    let change = world.change().unwrap();
    assert_eq!((change.action, change.steps.clone(), change.reason.as_str()), (Rotate, vec![create(2), disable(1)], "compromised"));
    assert!(change.notes.contains(&"generation 1 is compromised: it ends without an overlap".to_owned()), "{change:?}");
    assert!(!change.notes.iter().any(|note| note.contains("stays valid")));
    assert_eq!((change.before, change.after, change.access), (plain.before, plain.after, plain.access));
    let older = asking(Request::Compromised, |world| asked_before(world, None));
    assert_eq!(older.decision(), (Rotate, vec![create(3), disable(1), disable(2)]), "what is retiring ends, too");
    let open = asking(Request::Compromised, |world| asked_before(world, Some(Request::Rotate)));
    assert_eq!(open.decision(), (Rotate, vec![create(3), disable(1), disable(2)]), "what was asked for before the leak may have leaked");
    let repeated = asking(Request::Compromised, |world| asked_before(world, Some(Request::Compromised)));
    assert_eq!((repeated.decision(), codes(&repeated)), ((DisableIt, vec![disable(1)]), vec!["plan/rotation-open"]));
    let protected = asking(Request::Compromised, |world| {
        world.wanted().protect = true;
        world.ledger.as_mut().unwrap().protect = true;
    });
    assert_eq!(protected.decision(), (Rotate, vec![create(2), disable(1)]), "the key itself lives on");
    let cannot = asking(Request::Compromised, |world| {
        (world.capabilities.disable, world.capabilities.delete) = (crate::profile::Disable::None, false);
    });
    assert_eq!(cannot.decision(), (Rotate, vec![create(2)]));
    assert!(codes(&cannot).contains(&"plan/cannot-disable"));
    let mut limited = asking(Request::Compromised, |world| world.capabilities.key_limit = Some(1));
    assert_eq!(limited.decision(), (Blocked, vec![]), "the last good key is not touched without a successor");
    assert!(codes(&limited).contains(&"plan/cannot-rotate"));
    limited.capabilities.key_limit = Some(2);
    assert_eq!(limited.decision().0, Rotate);
    let mut guarded = asking(Request::Compromised, |_| {});
    guarded.guarding.guards.max_disables = Some(Limit::Count(0));
    assert!(!guarded.plan().is_refused(), "the key goes on");
}

#[test]
fn what_nobody_wants_to_live_cannot_be_rotated() {
    for change in [
        (|world: &mut World| world.wanted().state = DesiredState::Disabled) as fn(&mut World),
        |world| world.desired = None,
        |world| {
            world.wanted().expiry = Expiry::At(at(-1));
            world.first().expires_at = Some(at(-1));
        },
    ] {
        let world = asking(Request::Rotate, change);
        assert!(codes(&world).contains(&"plan/cannot-rotate"), "{:?}", codes(&world));
        assert!(!world.decision().1.contains(&create(2)));
    }
    let unavailable = asking(Request::Rotate, |world| world.listing = Kind::Unavailable);
    assert_eq!((unavailable.decision().0, codes(&unavailable).contains(&"plan/cannot-rotate")), (Blocked, true));
}

#[test]
fn a_request_is_part_of_what_was_approved() {
    let (plain, compromised) = (asking(Request::Rotate, |_| {}).plan(), asking(Request::Compromised, |_| {}).plan());
    assert_eq!(exceeds(&compromised, &plain), [""; 0]);
    let lines = exceeds(&plain, &compromised);
    assert!(
        lines.iter().any(|line| line.contains("disabling generation 1")) && lines.iter().any(|line| line.contains("a person asks")),
        "{lines:?}"
    );
    assert_eq!(exceeds(&World::settled().plan(), &plain).len(), 1);
    let edit = World::settled().change();
    assert!(edit.is_none_or(|change| change.action != Edit));
}

#[test]
fn a_request_that_is_not_carried_out_says_how_to_ask_again() {
    let mut world = World::settled();
    world.capabilities.key_limit = Some(1);
    world.asked.rotate.insert(address(), Request::Compromised);
    let plan = world.plan();
    let finding = plan.findings.iter().find(|finding| finding.code == crate::diagnostics::Code::PlanCannotRotate).unwrap();
    assert!(finding.help.as_ref().unwrap().contains("`keywright apply --rotate acct/hooks --compromised`"), "{finding:?}");
}
