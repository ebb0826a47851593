//! Tests of keys that got another address.
use super::testing::*;
use super::*;
use crate::model::*;
use crate::profile::Disable;

fn step(keeps_label: bool) -> PlanStep {
    PlanStep::Move { generation: 1, from: "acct/former".parse().unwrap(), keeps_label }
}

/// A settled key under another name, changed.
fn moving(change: impl FnOnce(&mut World)) -> World {
    let mut world = World::settled();
    change(&mut world);
    world.move_from("former");
    world
}

fn decides(world: &World, action: Action, steps: &[PlanStep]) {
    assert_eq!(world.decision(), (action, steps.to_vec()), "{:#?}", world.plan().findings);
    assert!(world.plan().changes.iter().all(|change| change.address == address()), "nothing is planned for the old address");
}

fn reason(world: &World) -> String {
    world.change().unwrap().reason
}

#[test]
fn a_move_alone_is_an_edit_that_asks_nobody() {
    let world = moving(|_| {});
    decides(&world, Action::Edit, &[step(false)]);
    let change = world.change().unwrap();
    assert_eq!((change.reason.as_str(), change.words), ("moved from `acct/former`", vec!["move".to_owned()]));
    assert_eq!((change.access.gained.len(), change.access.lost.len(), change.before == change.after), (0, 0, true));
    assert_eq!(world.plan().summary.edit, 1);
}

#[test]
fn what_else_differs_goes_with_it() {
    let relabelled = moving(|world| world.wanted().label = "Other".into());
    let edit = PlanStep::Edit { generation: 1, fields: vec![EditField::Label] };
    decides(&relabelled, Action::Edit, &[step(false), edit]);
    assert_eq!(reason(&relabelled), "moved from `acct/former`; label differs");
    let replaced = moving(|world| {
        world.capabilities.editable.scopes = false;
        world.wanted().scopes = scopes(&["x:pay:read"]);
    });
    decides(&replaced, Action::Replace, &[step(false), PlanStep::Create { generation: 2 }]);
    let disabled = moving(|world| world.wanted().state = DesiredState::Disabled);
    decides(&disabled, Action::Disable, &[step(false), PlanStep::Disable { generation: 1 }]);
    let protected = moving(|world| world.ledger.as_mut().unwrap().protect = true);
    let recorded = PlanStep::Record { generation: 1, state: RecordedState::Protect };
    decides(&protected, Action::Edit, &[step(false), recorded]);
    let returning = moving(|world| {
        world.first().state = GenerationState::Disabled;
        world.live(1).enabled = Some(false);
    });
    decides(&returning, Action::Enable, &[step(false), PlanStep::Enable { generation: 1 }]);
    let unfinished = moving(|world| {
        let created = Generation { state: GenerationState::Created, ..generation(2) };
        world.record(vec![created, generation(1)]);
    });
    decides(&unfinished, Action::Rotate, &[PlanStep::Recover { generation: 2 }, step(false), PlanStep::Create { generation: 3 }]);
}

#[test]
fn a_label_that_cannot_be_edited_stays() {
    let world = moving(|world| {
        world.capabilities.editable.label = false;
        world.wanted().label = "Other".into();
    });
    decides(&world, Action::Edit, &[step(true)]);
    assert_eq!(world.change().unwrap().notes, ["`x` cannot edit labels: the next rotation brings the new one"]);
    let mut moved = World::settled();
    moved.capabilities.editable.label = false;
    moved.wanted().label = "Other".into();
    assert_eq!(moved.decision().0, Action::Replace, "without a move");
    moved.first().accepted_label = Some("Other".to_owned());
    assert_eq!(moved.decision().0, Action::None);
    moved.wanted().label = "Another".into();
    assert_eq!(moved.decision().0, Action::Replace, "that one was asked for afterwards");
}

#[test]
fn names_in_a_dotenv_file_are_written_anew_when_the_plaintext_is_to_be_had() {
    let dotenv = |world: &mut World| {
        world.wanted().format = Format::Dotenv;
        world.first().sealed.as_mut().unwrap().format = Format::Dotenv;
    };
    let mut world = moving(dotenv);
    decides(&world, Action::Edit, &[step(false)]);
    assert_eq!(world.codes(), ["plan/reseal-pending"]);
    world.can_open = true;
    decides(&world, Action::Reseal, &[step(false), PlanStep::Reseal { generation: 1 }]);
    let mut moved = World::settled();
    dotenv(&mut moved);
    moved.first().named_after = Some("acct/former".parse().unwrap());
    assert_eq!(moved.codes(), ["plan/reseal-pending"]);
    moved.first().named_after = Some(address());
    assert_eq!(moved.codes(), [""; 0]);
}

#[test]
fn what_the_ledger_does_not_have_was_moved_before() {
    let mut world = World::settled();
    world.moved.insert(address().name, "former".parse().unwrap());
    assert_eq!(world.plan().changes, []);
    let new = World { ledger: None, snapshot: Snapshot::default(), ..world };
    assert_eq!(new.decision(), (Action::Create, vec![PlanStep::Create { generation: 1 }]));
}

#[test]
fn two_keys_cannot_have_one_address() {
    let mut world = moving(|_| {});
    let label = marker(2).label("Hooks");
    world.record(vec![Generation { id: Some(id(2)), marker: Some(marker(2)), label, ..generation(1) }]);
    world.observe(observed(2));
    decides(&world, Action::Blocked, &[]);
    assert_eq!(world.codes(), ["plan/moved"]);
    assert!(world.plan().findings[0].place.is_some());
    world.capabilities.disable = Disable::None;
    assert_eq!(world.codes(), ["plan/degraded", "plan/moved"]);
    // Of the old one, nothing lives: nothing is moved, and each goes its way.
    let former: Name = "former".parse().unwrap();
    world.others.get_mut(&former).unwrap().1.as_mut().unwrap().generations[0].state = GenerationState::Disabled;
    world.live(1).enabled = Some(false);
    assert!(!world.codes().contains(&"plan/moved"));
    assert!(world.plan().changes.iter().all(|change| change.address.name == former), "{:?}", world.plan().changes);
}

#[test]
fn without_a_listing_a_move_waits() {
    let mut world = moving(|_| {});
    world.listing = Kind::Unavailable;
    decides(&world, Action::Blocked, &[]);
    world.listing = Kind::Assumed;
    decides(&world, Action::Edit, &[step(false)]);
}

#[test]
fn a_move_has_to_be_approved() {
    let world = moving(|world| world.wanted().label = "Other".into());
    let plan = world.plan();
    assert_eq!(exceeds(&plan, &plan), [""; 0]);
    let mut unmoved = World::settled();
    unmoved.wanted().label = "Other".into();
    assert_eq!(exceeds(&unmoved.plan(), &plan), ["`acct/hooks`: moving the key from `acct/former` was not approved"]);
    assert_eq!(exceeds(&plan, &unmoved.plan()), [""; 0], "it was moved in the meantime");
}

#[test]
fn work_on_older_generations_waits_for_no_refusal() {
    let mut world = World::settled();
    let retiring = Generation { state: GenerationState::Retiring, disable_after: Some(now()), ..generation(1) };
    world.record(vec![generation(2), retiring]);
    world.observe(observed(2));
    world.capabilities.key_limit = Some(2);
    world.now = at(80 * DAY);
    world.move_from("former");
    let moves = PlanStep::Move { generation: 2, from: "acct/former".parse().unwrap(), keeps_label: false };
    decides(&world, Action::Disable, &[moves, PlanStep::Disable { generation: 1 }]);
}

#[test]
fn a_move_from_nowhere_is_a_warning() {
    let mut world = World::new();
    world.moved.insert(address().name, "hoks-old".parse().unwrap());
    assert_eq!((world.decision().0, world.codes()), (Action::Create, vec!["plan/moved"]));
    world.others.insert(
        "hooks-old".parse().unwrap(),
        (None, Some(KeyRecord { generations: vec![generation(1)], ..KeyRecord::new("acct/hooks-old".parse().unwrap(), "x") })),
    );
    let plan = world.plan();
    let finding = plan.findings.iter().find(|finding| finding.code.as_str() == "plan/moved").unwrap();
    assert_eq!(finding.help.as_deref(), Some("did you mean `hooks-old`?"));
    world.record(vec![generation(1)]);
    assert!(!world.codes().contains(&"plan/moved"), "it was carried out");
}
