//! Tests of drift: each thing that is done by hand is named, with its risk, apart from what manifests ask for.
use serde_json::json;

use super::testing::*;
use super::*;
use crate::model::*;

/// A settled world, changed by hand: what is said of each deed, and the action that corrects it.
fn deeds(world: &World) -> Vec<(String, Action)> {
    world.plan().drift.into_iter().map(|change| (change.reason, change.action)).collect()
}

fn one(change: impl FnOnce(&mut World)) -> (Change, Change) {
    let mut world = World::settled();
    change(&mut world);
    let mut plan = world.plan();
    assert_eq!(plan.drift.len(), 1, "{:?}", plan.drift);
    let correction = plan.changes.remove(0);
    assert!(correction.reason.starts_with("drift: "), "{}", correction.reason);
    (plan.drift.remove(0), correction)
}

#[test]
fn scopes_that_were_added_carry_their_risk() {
    let (deed, correction) = one(|world| world.live(1).scopes = Some(scopes(&["x:hooks:read", "x:key:read"])));
    assert_eq!((deed.reason.as_str(), deed.action), ("scopes widened by hand", Action::Edit));
    let gained = &deed.access.gained[0];
    assert_eq!((gained.scope.as_str(), gained.risk, deed.access.lost.len()), ("x:key:read", Risk::Critical, 0));
    assert_eq!(
        (correction.access.gained.len(), correction.access.lost[0].scope.as_str()),
        (0, "x:key:read"),
        "the correction takes it back"
    );
    assert_eq!((deed.steps.len(), deed.words.len(), correction.words), (0, 0, vec!["edit".to_owned()]));
}

#[test]
fn each_deed_has_its_words() {
    let said = |change: fn(&mut World)| {
        let (deed, _) = one(change);
        (deed.reason, deed.access.gained.len(), deed.access.lost.len(), deed.access.expiry_extended)
    };
    let words = |reason: &str, gained, lost, extended| (reason.to_owned(), gained, lost, extended);
    assert_eq!(said(|world| world.live(1).scopes = Some(scopes(&["x:pay:read"]))), words("scopes changed by hand", 1, 1, false));
    assert_eq!(
        said(|world| {
            world.wanted().scopes = scopes(&["x:hooks:read", "x:pay:read"]);
            world.first().scopes = world.wanted().scopes.clone();
        }),
        words("scopes narrowed by hand", 0, 1, false)
    );
    assert_eq!(said(|world| world.live(1).expires_at = Some(None)), words("expiry removed by hand", 0, 0, true));
    assert_eq!(said(|world| world.live(1).expires_at = Some(Some(at(200 * DAY)))), words("expiry moved later by hand", 0, 0, true));
    assert_eq!(said(|world| world.live(1).expires_at = Some(Some(at(50 * DAY)))), words("expiry moved earlier by hand", 0, 0, false));
    let set = |world: &mut World| {
        world.wanted().expiry = Expiry::Never;
        world.first().expires_at = None;
    };
    assert_eq!(said(set), words("expiry set by hand", 0, 0, false));
    assert_eq!(said(|world| world.live(1).label = marker(1).label("Other")), words("label changed by hand", 0, 0, false));
    assert_eq!(said(|world| world.live(1).enabled = Some(false)), words("disabled by hand", 0, 1, false));
    assert_eq!(said(|world| world.vanish(1)), words("vanished", 0, 1, false));
    let options = |world: &mut World| {
        world.wanted().options.insert("methods".to_owned(), json!("A"));
        world.first().options.insert("methods".to_owned(), json!("A"));
        world.live(1).options.insert("methods".to_owned(), json!("B"));
    };
    assert_eq!(said(options), words("options changed by hand", 0, 0, false));
    let enabled = |world: &mut World| {
        world.wanted().state = DesiredState::Disabled;
        world.first().state = GenerationState::Disabled;
        world.live(1).scopes = Some(scopes(&["x:key:read"]));
    };
    assert_eq!(said(enabled), words("enabled by hand", 1, 0, false), "what it can do is what the provider shows");
}

#[test]
fn what_the_profile_cannot_say_is_drift_and_replaced() {
    let (deed, correction) = one(|world| {
        let live = world.live(1);
        (live.untouchable, live.scopes) = (true, None);
    });
    assert_eq!((deed.reason.as_str(), deed.action), ("changed by hand in a way that the profile cannot say", Action::Replace));
    assert_eq!(deed.access.gains().map(|(risk, _)| risk).max(), Some(Risk::Critical));
    assert_eq!((correction.action, correction.words), (Action::Replace, vec!["create".to_owned()]));
    let mut retiring = World::settled();
    retiring.record(vec![generation(2), Generation { state: GenerationState::Retiring, disable_after: Some(at(DAY)), ..generation(1) }]);
    retiring.observe(observed(2));
    retiring.live(1).untouchable = true;
    assert_eq!(deeds(&retiring), [(format!("generation 1 {}", rows::BEYOND), Action::None)], "nothing corrects it before its overlap ends");
    let mut unwanted = World::settled();
    unwanted.desired = None;
    unwanted.live(1).untouchable = true;
    assert_eq!(unwanted.change().unwrap().action, Action::Disable, "ending it needs no words");
}

#[test]
fn a_key_without_its_marker_is_found_by_its_id() {
    let mut world = World::settled();
    world.live(1).label = "renamed".to_owned();
    assert_eq!(deeds(&world), [("label changed by hand, and its marker is gone".to_owned(), Action::Edit)]);
    assert_eq!(world.plan().unmanaged, []);
}

#[test]
fn every_deed_has_a_line_of_its_own() {
    let mut world = World::settled();
    world.live(1).label = "renamed".to_owned();
    world.live(1).scopes = Some(scopes(&["x:hooks:*"]));
    world.live(1).enabled = Some(false);
    let words: Vec<String> = deeds(&world).into_iter().map(|(reason, _)| reason).collect();
    assert_eq!(words, ["disabled by hand", "label changed by hand, and its marker is gone", "scopes widened by hand"]);
    assert_eq!(world.change().unwrap().reason, "drift: disabled by hand; drift: label, scopes differ");
}

#[test]
fn what_a_manifest_asks_for_is_told_apart() {
    let mut world = World::settled();
    world.wanted().label = "Other".into();
    assert_eq!(deeds(&world), [], "a manifest's own change");
    world.live(1).scopes = Some(scopes(&["x:hooks:*"]));
    assert_eq!(deeds(&world), [("scopes widened by hand".to_owned(), Action::Edit)]);
    assert_eq!(world.change().unwrap().reason, "label differs; drift: scopes differ");
    world.wanted().scopes = scopes(&["x:pay:read"]);
    assert_eq!(deeds(&world).len(), 1, "both have changed it");
    assert_eq!(world.change().unwrap().reason, "label, scopes differ; changed by hand, too: scopes");
    world.live(1).scopes = Some(scopes(&["x:pay:read"]));
    assert_eq!(deeds(&world), [], "it is as the manifest asks");
    let mut removed = World::settled();
    removed.desired = None;
    removed.live(1).enabled = Some(false);
    assert_eq!(deeds(&removed), [("disabled by hand".to_owned(), Action::Disable)]);
}

#[test]
fn an_older_generation_is_named() {
    let mut world = World::settled();
    world.record(vec![generation(2), Generation { state: GenerationState::Disabled, ..generation(1) }]);
    world.observe(observed(2));
    assert_eq!(deeds(&world), [("generation 1 enabled by hand".to_owned(), Action::Disable)]);
    assert_eq!(world.plan().drift[0].access.gained.len(), 1);
}

#[test]
fn what_is_not_known_is_no_drift() {
    let mut world = World::settled();
    world.live(1).scopes = Some(scopes(&["x:hooks:*"]));
    let with = |change: fn(&mut World)| {
        let mut world = world.clone();
        change(&mut world);
        world
    };
    assert_eq!(deeds(&with(|world| world.listing = Kind::Unavailable)), []);
    assert_eq!(deeds(&with(|world| world.live(1).own = true)), [], "our own key");
    let asked = with(|world| {
        world.first().switching = Some(Switching::Disabling);
        world.live(1).enabled = Some(false);
        world.live(1).scopes = None;
    });
    assert_eq!(deeds(&asked), [], "an apply was interrupted");
    let over = with(|world| {
        world.now = at(100 * DAY);
        world.vanish(1);
    });
    assert_eq!(deeds(&over), [], "its end has passed");
    let rounded = with(|world| {
        world.live(1).scopes = None;
        world.live(1).expires_at = Some(Some(at(89 * DAY + 60)));
    });
    assert_eq!(deeds(&rounded), []);
}

#[test]
fn drift_alone_can_be_shown() {
    let mut world = World::settled();
    let other = DesiredKey { address: "acct/aaa".parse().unwrap(), label: "Other".into(), ..desired() };
    world.others.insert(other.address.name.clone(), (Some(other), None));
    let plan = world.plan().only_drift();
    assert_eq!((plan.drift.len(), plan.changes.len(), plan.summary.none, plan.summary.create), (0, 0, 2, 0));
    world.live(1).enabled = Some(false);
    let plan = world.plan().only_drift();
    assert_eq!((plan.drift.len(), plan.changes.len(), plan.summary.none, plan.summary.enable), (1, 1, 1, 1));
}

#[test]
fn a_predecessor_that_still_lives_is_watched() {
    let mut world = World::settled();
    let retiring = Generation { state: GenerationState::Retiring, disable_after: Some(at(DAY)), ..generation(1) };
    world.record(vec![generation(2), retiring]);
    world.observe(observed(2));
    assert_eq!(deeds(&world), []);
    world.live(1).expires_at = Some(None);
    let expiry = "generation 1 expiry removed by hand".to_owned();
    assert_eq!(deeds(&world), [(expiry.clone(), Action::None)]);
    let plan = world.plan();
    assert_eq!((plan.changes.len(), &plan.drift[0].notes[..]), (0, &["it is disabled when its overlap ends (2026-11-22)".to_owned()][..]));
    let mut narrowed = world.clone();
    narrowed.live(1).scopes = Some(ScopeSet::new());
    assert_eq!(narrowed.plan().changes, [], "nothing to take away");
    // What somebody widened does not wait for the end.
    world.live(1).scopes = Some(scopes(&["x:*"]));
    assert_eq!(deeds(&world), [("generation 1 scopes widened by hand".to_owned(), Action::Edit), (expiry, Action::None)]);
    let narrow = |field| (Action::Edit, vec![PlanStep::Edit { generation: 1, fields: vec![field] }]);
    assert_eq!(world.decision(), narrow(EditField::Scopes));
    let reason = "drift: generation 1 was widened by hand: it has its own access until its overlap has passed";
    assert_eq!(world.change().unwrap().reason, reason);
    let mut uneditable = world.clone();
    uneditable.capabilities.editable.scopes = false;
    assert_eq!((uneditable.decision().0, uneditable.plan().drift[0].action), (Action::None, Action::None));
    let mut over = world.clone();
    over.generation(1).disable_after = Some(now());
    assert_eq!(over.decision(), (Action::Disable, vec![PlanStep::Disable { generation: 1 }]));
    assert!(over.plan().drift.iter().all(|deed| deed.action == Action::Disable && deed.notes.is_empty()));
    let mut options = world.clone();
    options.live(1).scopes = Some(generation(1).scopes);
    options.key_options = BTreeMap::from([super::rich::confining()]);
    let name = options.key_options.keys().next().unwrap().clone();
    options.generation(1).options.insert(name.clone(), json!(["a"]));
    options.live(1).options.insert(name, json!([]));
    assert_eq!(options.decision(), narrow(EditField::Options), "{:?}", options.plan().drift);
    // Whoever has not got the successor's secret still uses it: it lives on, with what it had.
    let mut waits = world.clone();
    waits.deliver_to("place", "api");
    let told: Vec<_> = waits.plan().drift.iter().map(|deed| (deed.action, deed.notes.join(" "))).collect();
    let later = "it is disabled when its successor works and is delivered".to_owned();
    assert_eq!(told, [(Action::Edit, String::new()), (Action::None, later)]);
    // A key that is followed now is narrowed then.
    let mut followed = World::settled();
    followed.live(1).scopes = Some(scopes(&["x:*"]));
    followed.asked.rotate.insert(address(), Request::Rotate);
    let steps = vec![PlanStep::Create { generation: 2 }, PlanStep::Edit { generation: 1, fields: vec![EditField::Scopes] }];
    assert_eq!(followed.decision(), (Action::Rotate, steps));
    let mut off = World::settled();
    off.wanted().state = DesiredState::Disabled;
    off.first().state = GenerationState::Disabled;
    off.vanish(1);
    assert_eq!(deeds(&off), [("deleted by hand".to_owned(), Action::Delete)]);
}
