//! Each row of what a person is asked to do, and that it stands until it is confirmed.
use super::super::testing::*;
use super::super::*;
use crate::model::*;

/// A key as `fulfil` leaves it: live, named, sealed.
fn made(number: u32) -> Generation {
    Generation { id: None, ..generation(number) }
}

/// What a person was asked for.
fn opened(number: u32) -> Generation {
    Generation { id: None, sealed: None, state: GenerationState::Attended, ..generation(number) }
}

fn world(generations: Vec<Generation>) -> World {
    let mut world = World::attended();
    if !generations.is_empty() {
        world.record(generations);
    }
    world
}

/// Action, reason, steps of apply, and the titles of what a person does.
fn told(world: &World) -> (Action, String, Vec<PlanStep>, Vec<String>) {
    let plan = world.plan();
    let change = plan.changes.first();
    let titles = plan.attended.iter().map(|step| format!("{}: {}", step.kind, step.title)).collect();
    (
        change.map_or(Action::None, |change| change.action),
        change.map(|change| change.reason.clone()).unwrap_or_default(),
        change.map(|change| change.steps.clone()).unwrap_or_default(),
        titles,
    )
}

fn name(number: u32) -> String {
    format!("`{}`", marker(number).label("Hooks"))
}

#[test]
fn a_declared_key_is_opened_once_and_then_waited_for() {
    let unopened = "create: make `Hooks …`".to_owned();
    let reason = "create: declared, and not made yet".to_owned();
    assert_eq!(told(&world(vec![])), (Action::Attended, reason.clone(), vec![PlanStep::Open { generation: 1 }], vec![unopened]));
    let open = world(vec![opened(1)]);
    assert_eq!(told(&open), (Action::Attended, reason, vec![], vec![format!("create: make {}", name(1))]));
    let plan = open.plan();
    assert_eq!((plan.summary.attended, plan.summary.access_gained, plan.attended[0].generation), (1, 1, Some(1)));
    assert_eq!((plan.attended[0].command.as_str(), plan.attended[0].owner.as_deref()), ("keywright fulfil acct/hooks", Some("@pay")));
    assert_eq!(plan.attended[0].steps, ["tick x:hooks:read"]);
    assert_eq!(told(&world(vec![made(1)])).0, Action::None, "made as wanted");
}

#[test]
fn other_wishes_are_written_down_under_the_same_name() {
    for change in [
        |key: &mut DesiredKey| key.scopes = scopes(&["x:pay:read"]),
        |key: &mut DesiredKey| key.label = "Other".into(),
        |key: &mut DesiredKey| drop(key.options.insert("m".to_owned(), serde_json::json!("A"))),
    ] {
        let mut world = world(vec![opened(1)]);
        change(world.wanted());
        assert_eq!(told(&world).2, [PlanStep::Open { generation: 1 }]);
    }
    let mut world = world(vec![opened(1)]);
    world.capabilities.expiry.settable = true;
    assert_eq!(told(&world).2, [], "its end is as asked for");
    world.now = at(80 * DAY);
    assert_eq!(told(&world).2, [PlanStep::Open { generation: 1 }], "the end that was asked for is near");
}

#[test]
fn nothing_can_be_edited_so_a_difference_asks_for_another() {
    let mut world = world(vec![made(1)]);
    world.wanted().scopes = scopes(&["x:pay:read"]);
    let plan = world.plan();
    let change = &plan.changes[0];
    assert_eq!((change.action, change.reason.as_str()), (Action::Attended, "replace: scopes differ; `scopes` cannot be edited in place"));
    assert_eq!((change.steps.as_slice(), change.generation), (&[PlanStep::Open { generation: 2 }][..], 2));
    assert_eq!((change.access.gained.len(), change.access.lost.len()), (1, 1));
    assert_eq!(plan.attended[0].kind, "replace");
    assert_eq!(plan.attended[0].steps, ["tick x:pay:read".to_owned(), format!("keep {}", name(1))]);
    let mut world = self::world(vec![made(1)]);
    world.wanted().recipients = std::sync::Arc::new(recipients(&[("ops", &["age1a"])]));
    assert!(told(&world).1.starts_with("rotate: a recipient was removed"));
}

#[test]
fn an_end_that_the_provider_does_not_keep_is_the_ledgers() {
    let mut world = world(vec![made(1)]);
    world.wanted().expiry = Expiry::Lifetime(Span::days(120));
    assert_eq!(told(&world).2, [PlanStep::Edit { generation: 1, fields: vec![EditField::Expiry] }]);
    assert_eq!(told(&world).0, Action::Edit);
}

#[test]
fn a_rolling_key_is_rotated_in_time() {
    let mut world = world(vec![made(1)]);
    world.now = at(70 * DAY);
    assert_eq!(told(&world).0, Action::None);
    world.now = at(80 * DAY);
    assert!(told(&world).1.starts_with("rotate: expires "), "{:?}", told(&world));
    // A person may have chosen an earlier end.
    let mut world = self::world(vec![Generation { expires_at: Some(at(30 * DAY)), ..made(1) }]);
    world.capabilities.expiry.settable = true;
    assert_eq!(told(&world).0, Action::None, "earlier than asked for is no difference");
    world.now = at(20 * DAY);
    assert!(told(&world).1.starts_with("rotate: "), "it counts from there");
    world.first().expires_at = Some(at(200 * DAY));
    assert!(told(&world).1.starts_with("replace: "), "later than asked for is one");
}

#[test]
fn a_predecessor_is_revoked_when_its_overlap_has_passed() {
    let retiring = |at| Generation { state: GenerationState::Retiring, disable_after: Some(at), sealed: None, ..made(1) };
    let waiting = world(vec![made(2), retiring(at(DAY))]);
    assert_eq!(told(&waiting).0, Action::None);
    let over = world(vec![made(2), retiring(at(-DAY))]);
    let reason = "revoke: generation 1 has been replaced, and its overlap has passed".to_owned();
    assert_eq!(told(&over), (Action::Attended, reason, vec![], vec![format!("revoke: revoke {}", name(1))]));
    assert_eq!(over.plan().attended[0].command, "keywright fulfil acct/hooks --revoked --generation 1", "another may be due by then");
    let mut unpublished = world(vec![opened(2), retiring(at(-DAY))]);
    assert_eq!(told(&unpublished).3.len(), 1, "without a successor it goes on: {:?}", told(&unpublished));
    unpublished.desired = None;
    assert_eq!(told(&unpublished).3, [format!("revoke: look for {}", name(2)), format!("revoke: revoke {}", name(1))]);
    assert_eq!(unpublished.plan().attended[1].command, "keywright fulfil acct/hooks --revoked --generation 1");
}

#[test]
fn what_is_not_wanted_is_revoked_until_that_is_confirmed() {
    let mut gone = world(vec![made(1)]);
    gone.desired = None;
    assert_eq!(told(&gone).3, [format!("revoke: revoke {}", name(1))]);
    assert_eq!(gone.plan().changes[0].access.lost.len(), 1);
    gone.first().state = GenerationState::Disabled;
    assert_eq!(told(&gone).2, [PlanStep::Record { generation: 1, state: RecordedState::Deleted }], "nobody needs it again");
    let mut off = world(vec![made(1)]);
    off.wanted().state = DesiredState::Disabled;
    assert_eq!(told(&off).1, "revoke: `state: disabled`");
    off.first().state = GenerationState::Disabled;
    assert_eq!(told(&off).0, Action::None, "kept while it is declared");
    off.wanted().state = DesiredState::Active;
    assert_eq!(told(&off).1, "create: wanted again; a revoked key cannot be enabled");
    let mut undone = world(vec![opened(1)]);
    undone.desired = None;
    assert_eq!(told(&undone).3, [format!("revoke: look for {}", name(1))], "it may have been made");
}

#[test]
fn an_end_is_enforced_by_a_person_where_nobody_else_does() {
    let mut world = world(vec![made(1)]);
    world.wanted().expiry = Expiry::At(at(-60));
    world.first().expires_at = Some(at(-60));
    assert_eq!((told(&world).1.as_str(), told(&world).3.len()), ("revoke: its expiry has passed", 1));
    world.capabilities.expiry.settable = true;
    assert_eq!(told(&world).0, Action::None, "the provider has ended it");
    assert_eq!(world.codes(), ["plan/expired"]);
    let mut never = World::attended();
    never.wanted().expiry = Expiry::At(at(-60));
    assert_eq!((told(&never).0, told(&never).3.len()), (Action::Blocked, 0));
}

#[test]
fn a_protected_key_is_not_revoked() {
    let mut world = world(vec![made(1)]);
    world.wanted().protect = true;
    world.ledger.as_mut().unwrap().protect = true;
    world.desired = None;
    assert_eq!((told(&world).0, told(&world).3.len()), (Action::Blocked, 0));
    assert_eq!(world.codes(), ["plan/protected"]);
}

#[test]
fn what_an_interrupted_run_took_over_is_finished_first() {
    let world = world(vec![Generation { state: GenerationState::Sealed, ..made(1) }]);
    assert_eq!((told(&world).2, told(&world).3.len()), (vec![PlanStep::Recover { generation: 1 }], 0));
}

#[test]
fn a_key_that_nobody_uses_or_tried_is_named() {
    let mut world = world(vec![Generation { unverified: true, ..made(1) }]);
    world.capabilities.expiry.settable = true;
    assert_eq!(world.codes(), ["plan/unverified"]);
    world.first().unverified = false;
    world.capabilities.idle_expiry = Some(crate::profile::IdleExpiry { after: Span::days(90), warn: Span::days(20) });
    assert_eq!((world.codes().len(), world.plan().due.len()), (0, 0));
    world.wanted().expiry = Expiry::Never;
    world.first().expires_at = None;
    world.now = at(19 * DAY);
    assert_eq!(world.codes(), ["plan/idle"]);
    world.first().last_verified_at = Some(at(18 * DAY));
    assert_eq!((world.codes().len(), world.plan().due.len()), (0, 0));
    world.now = at(80 * DAY);
    assert_eq!(world.plan().due.iter().map(|due| (due.kind.as_str(), due.at)).collect::<Vec<_>>(), [("idle", at(108 * DAY))]);
}

#[test]
fn unavailable_is_no_word_for_what_can_never_be_listed() {
    let plan = world(vec![made(1)]).plan();
    assert_eq!(plan.accounts.values().map(|account| account.listing.as_str()).collect::<Vec<_>>(), ["attended"]);
    assert_eq!(plan.findings.iter().filter(|finding| finding.code.as_str() == "provider/unavailable").count(), 0);
}

/// A plan in which a person asks for a rotation of the key.
fn requested(mut world: World, request: Request) -> World {
    world.asked.rotate.insert(address(), request);
    world
}

fn codes(world: &World) -> Vec<(crate::diagnostics::Code, crate::diagnostics::Severity)> {
    world.plan().findings.iter().map(|finding| (finding.code, finding.severity)).collect()
}

#[test]
fn a_requested_rotation_is_opened_and_asked_for_until_it_is_done() {
    use crate::diagnostics::{Code, Severity};
    let first = requested(world(vec![made(1)]), Request::Rotate);
    let (action, reason, steps, titles) = told(&first);
    assert_eq!(
        (action, reason.as_str(), steps.as_slice()),
        (Action::Attended, "rotate: asked for", &[PlanStep::Open { generation: 2 }][..])
    );
    assert!(titles[0].starts_with("rotate: make `Hooks …`"), "{titles:?}");
    assert_eq!(first.plan().changes[0].request, Some(Request::Rotate), "apply writes it down");
    let open = Generation { request: Some(Request::Rotate), ..opened(2) };
    let waiting = world(vec![open.clone(), made(1)]);
    assert_eq!(told(&waiting), (Action::Attended, "rotate: asked for".to_owned(), vec![], vec![format!("rotate: make {}", name(2))]));
    let again = requested(world(vec![open.clone(), made(1)]), Request::Rotate);
    assert_eq!(told(&again).2, [], "asking twice opens one");
    assert!(codes(&again).contains(&(Code::PlanRotationOpen, Severity::Note)), "{:?}", codes(&again));
    let done = world(vec![
        Generation { request: Some(Request::Rotate), ..made(2) },
        Generation { state: GenerationState::Retiring, disable_after: Some(at(DAY)), sealed: None, ..made(1) },
    ]);
    assert_eq!(told(&done).0, Action::None);
    // What is open for another reason is told of the request, under the same name.
    let replaced = requested(world(vec![opened(2), made(1)]), Request::Rotate);
    assert_eq!(told(&replaced).2, [PlanStep::Open { generation: 2 }]);
}

#[test]
fn a_compromised_key_gets_no_overlap() {
    let first = requested(world(vec![made(1)]), Request::Compromised);
    let plan = first.plan();
    assert_eq!((plan.changes[0].reason.as_str(), plan.changes[0].request), ("rotate: compromised", Some(Request::Compromised)));
    assert_eq!(plan.attended[0].steps, ["tick x:hooks:read"], "nobody is told to keep the old one");
    let worse = requested(world(vec![Generation { request: Some(Request::Rotate), ..opened(2) }, made(1)]), Request::Compromised);
    assert_eq!(told(&worse).2, [PlanStep::Open { generation: 2 }], "the open step becomes the worse one");
    let retiring = Generation { state: GenerationState::Retiring, disable_after: Some(at(DAY)), sealed: None, ..made(1) };
    let older = requested(world(vec![made(2), retiring.clone()]), Request::Compromised);
    assert_eq!(told(&older).3[1], format!("revoke: revoke {}", name(1)), "{:?}", told(&older).3);
    let over = PlanStep::Record { generation: 1, state: RecordedState::Over };
    assert_eq!(told(&older).2, [PlanStep::Open { generation: 3 }, over.clone()], "that lasts when nobody asks any more");
    // One that was made on request a moment ago is not made again, and what was before it ends all the same.
    let fresh = Generation { request: Some(Request::Compromised), ..made(2) };
    let made_already = requested(world(vec![fresh, retiring]), Request::Compromised);
    let (action, reason, steps, titles) = told(&made_already);
    assert_eq!((action, steps, titles), (Action::Attended, vec![over], vec![format!("revoke: revoke {}", name(1))]));
    assert_eq!(reason, "revoke: generation 1 is compromised: it ends without an overlap");
}

#[test]
fn guards_count_only_what_apply_does() {
    let mut world = requested(world(vec![made(1)]), Request::Rotate);
    let none = Some(Limit::Count(0));
    world.guarding.guards = Guards { max_creates: none, max_disables: none, max_rotations: none };
    let plan = world.plan();
    assert_eq!((plan.deferred.len(), plan.is_refused()), (0, false));
    world.desired = None;
    world.asked.rotate.clear();
    assert!(!world.plan().is_refused(), "a person revokes it, and reads what: {:?}", world.plan().guards);
    world.guarding.manifests = Manifests::Absent;
    assert!(world.plan().is_refused(), "no manifest at all is refused here, too");
}

#[test]
fn a_moved_key_keeps_its_name_at_the_provider() {
    let mut world = world(vec![]);
    let old: Name = "old".parse().unwrap();
    let mut record = KeyRecord::new(Address::new(address().account, old.clone()), "x");
    record.generations = vec![made(1)];
    world.others.insert(old.clone(), (None, Some(record)));
    world.moved.insert(address().name, old.clone());
    world.wanted().label = "Renamed".into();
    let from = Address::new(address().account, old);
    let (action, reason, steps, titles) = told(&world);
    assert_eq!((action, reason.as_str(), titles.as_slice()), (Action::Edit, "moved from `acct/old`", &[][..]));
    assert_eq!(steps, [PlanStep::Move { generation: 1, from, keeps_label: true }]);
    world.wanted().scopes = scopes(&["x:pay:read"]);
    let (action, reason, steps, _) = told(&world);
    assert_eq!(action, Action::Attended);
    assert!(reason.starts_with("moved from `acct/old`; replace: "), "{reason}");
    assert!(matches!(steps.as_slice(), [PlanStep::Move { .. }, PlanStep::Open { generation: 2 }]), "{steps:?}");
}

#[test]
fn a_revocation_on_a_persons_word_is_said_once() {
    let dead = |unproven| Generation { state: GenerationState::Disabled, sealed: None, unproven, ..made(1) };
    let gone = world(vec![made(2), dead(true)]);
    assert_eq!(told(&gone).2, [PlanStep::Record { generation: 1, state: RecordedState::Deleted }]);
    let says = |world: &World| world.codes().contains(&"plan/unproven");
    assert!(says(&gone) && !says(&world(vec![made(2), dead(false)])));
    let mut removed = world(vec![dead(true)]);
    removed.desired = None;
    assert_eq!((told(&removed).2.len(), says(&removed)), (1, true));
}

#[test]
fn the_end_is_what_the_provider_grants() {
    let mut world = world(vec![]);
    world.capabilities.expiry.settable = true;
    world.capabilities.expiry.max = Some(Span::days(30));
    assert_eq!(world.plan().changes[0].after.as_ref().unwrap().expires_at, Some(at(30 * DAY)));
}
