//! Tests of every row of the decision table, and of what stands beside it.
use std::sync::Arc;

use super::decide::{Row, current_row, row};
use super::older::{Older, Pace};
use super::standing::{Held, Seen, Wanted};
use super::testing::*;
use super::*;
use crate::diagnostics::{Code, Diagnostic, Severity};
use crate::model::*;
use crate::profile::{Disable, ScopeRule};

use Action::{Blocked, Create, Delete, Disable as DisableIt, Edit, Enable, None as Nothing, Replace, Reseal, Rotate};

fn create(generation: u32) -> PlanStep {
    PlanStep::Create { generation }
}

fn disable(generation: u32) -> PlanStep {
    PlanStep::Disable { generation }
}

fn enable(generation: u32) -> PlanStep {
    PlanStep::Enable { generation }
}

fn recover(generation: u32) -> PlanStep {
    PlanStep::Recover { generation }
}

fn edit(fields: &[EditField]) -> PlanStep {
    PlanStep::Edit { generation: 1, fields: fields.to_vec() }
}

fn record(generation: u32, state: RecordedState) -> PlanStep {
    PlanStep::Record { generation, state }
}

/// A settled world, changed; its row is checked first.
fn in_row(expected: Row, change: impl FnOnce(&mut World)) -> World {
    let mut world = World::settled();
    change(&mut world);
    assert_eq!(world.with_key(current_row), expected);
    world
}

/// A settled world, changed, in row `Compare`.
fn live(change: impl FnOnce(&mut World)) -> World {
    in_row(Row::Compare, change)
}

fn decides(world: &World, action: Action, steps: &[PlanStep]) {
    assert_eq!(world.decision(), (action, steps.to_vec()), "{:#?}", world.plan().findings);
}

fn blocked(world: &World, code: &str) -> Diagnostic {
    decides(world, Blocked, &[]);
    let reason = reason(world);
    let mut found = world.plan().findings.into_iter().filter(|finding| finding.code.as_str() == code && finding.message == reason);
    let finding = found.next().unwrap_or_else(|| panic!("{code}: {:?}", world.codes()));
    if world.desired.is_some() {
        assert!(finding.place.is_some(), "{finding:?}");
    }
    finding
}

fn reason(world: &World) -> String {
    world.change().unwrap().reason
}

fn hold(world: &mut World, state: GenerationState) {
    world.first().state = state;
}

#[test]
fn every_combination_has_its_row() {
    let seen = [Seen::Live, Seen::Off, Seen::Missing, Seen::Unknown];
    let rows = |wanted, held| seen.map(|seen| row(wanted, held, seen));
    use Row::*;
    for (wanted, held, expected) in [
        (Wanted::Active, Held::Nothing, [Issue; 4]),
        (Wanted::Active, Held::Active, [Compare, Reenable, Replenish, Unsure]),
        (Wanted::Active, Held::Disabled, [Return, Return, Reissue, Unsure]),
        (Wanted::Active, Held::Expired, [Reissue; 4]),
        (Wanted::Active, Held::Vanished, [Return, Reissue, Reissue, Reissue]),
        (Wanted::Active, Held::Attended, [Attended; 4]),
        (Wanted::Ended, Held::Nothing, [NeverIssued; 4]),
        (Wanted::Ended, Held::Active, [Expire, Expired, Expired, Unsure]),
        (Wanted::Ended, Held::Disabled, [Expire, Expired, Expired, Expired]),
        (Wanted::Ended, Held::Expired, [Expire, Expired, Expired, Expired]),
        (Wanted::Ended, Held::Vanished, [Expire, Expired, Expired, Expired]),
        (Wanted::Ended, Held::Attended, [Attended; 4]),
        (Wanted::Disabled, Held::Nothing, [Rest; 4]),
        (Wanted::Disabled, Held::Active, [Disable, RecordDisabled, RecordVanished, Unsure]),
        (Wanted::Disabled, Held::Disabled, [DisableAgain, Park, RecordDeleted, Park]),
        (Wanted::Disabled, Held::Expired, [DisableAgain, Park, Rest, Park]),
        (Wanted::Disabled, Held::Vanished, [DisableAgain, Rest, Rest, Rest]),
        (Wanted::Disabled, Held::Attended, [Attended; 4]),
        (Wanted::Gone, Held::Nothing, [Rest; 4]),
        (Wanted::Gone, Held::Active, [Disable, RecordDisabled, RecordVanished, Unsure]),
        (Wanted::Gone, Held::Disabled, [DisableAgain, Cooldown, Cooldown, Rest]),
        (Wanted::Gone, Held::Expired, [DisableAgain, Cooldown, Cooldown, Rest]),
        (Wanted::Gone, Held::Vanished, [DisableAgain, Rest, Rest, Rest]),
        (Wanted::Gone, Held::Attended, [Attended; 4]),
    ] {
        assert_eq!(rows(wanted, held), expected, "{wanted:?} {held:?}");
    }
}

#[test]
fn issue() {
    let world = World::new();
    decides(&world, Create, &[create(1)]);
    let change = world.change().unwrap();
    assert_eq!((change.generation, change.before.is_none(), change.access.gained.len()), (1, true, 1));
    assert_eq!(change.after.unwrap().expires_at, Some(at(90 * DAY)));
    let notes = ["secret -> secrets/acct/hooks.age (ops, recovery: 3 recipients)", "expires 2027-02-19 (90 days), then rotates"];
    assert_eq!(change.notes, notes);
    assert_eq!((change.owner.as_deref(), change.declared_at.unwrap().line), (Some("@pay"), 4));
    let mut open = World::new();
    open.wanted().scopes = scopes(&["x:hooks:*"]);
    assert_eq!(open.change().unwrap().notes[2], "open-ended: `*` also grants what x adds later");
}

#[test]
fn compare_finds_nothing() {
    let world = live(|_| {});
    decides(&world, Nothing, &[]);
    assert_eq!((world.plan().summary.none, world.codes().len()), (1, 0));
}

#[test]
fn compare_edits_in_place() {
    let world = live(|world| world.wanted().scopes = scopes(&["x:hooks:*"]));
    decides(&world, Edit, &[edit(&[EditField::Scopes])]);
    let change = world.change().unwrap();
    assert_eq!((change.reason.as_str(), change.generation, change.access.gained.len()), ("scopes differ", 1, 2));
    assert!(!change.access.expiry_extended);
    let world = live(|world| {
        world.wanted().label = "Other".into();
        world.wanted().expiry = Expiry::Lifetime(Span::days(120));
    });
    decides(&world, Edit, &[edit(&[EditField::Label, EditField::Expiry])]);
    let change = world.change().unwrap();
    assert_eq!((change.reason.as_str(), change.access.expiry_extended), ("label, expiry differ", true));
    let after = change.after.unwrap();
    assert_eq!((after.expires_at, after.label), (Some(at(119 * DAY)), Some(marker(1).label("Other"))));
    let world = live(|world| world.wanted().expiry = Expiry::Lifetime(Span::days(60)));
    assert!(!world.change().unwrap().access.expiry_extended, "shorter");
}

#[test]
fn compare_names_drift_and_a_ledger_that_is_behind() {
    let world = live(|world| world.live(1).scopes = Some(scopes(&["x:hooks:read", "x:key:read"])));
    decides(&world, Edit, &[edit(&[EditField::Scopes])]);
    assert_eq!(reason(&world), "drift: scopes differ");
    assert_eq!(world.change().unwrap().access.lost[0].scope, "x:key:read".into());
    let world = live(|world| {
        world.wanted().scopes = scopes(&["x:pay:read"]);
        world.live(1).scopes = Some(scopes(&["x:pay:read"]));
    });
    decides(&world, Edit, &[edit(&[EditField::Scopes])]);
    assert_eq!(reason(&world), "scopes differ in the ledger only");
}

#[test]
fn compare_replaces_what_cannot_be_edited() {
    let by_provider = live(|world| {
        world.capabilities.editable.scopes = false;
        world.wanted().scopes = scopes(&["x:pay:read"]);
    });
    decides(&by_provider, Replace, &[create(2)]);
    assert_eq!(reason(&by_provider), "scopes differ; `scopes` cannot be edited in place");
    assert!(by_provider.change().unwrap().notes.contains(&"generation 1 stays valid for 3 days more, then it is disabled".to_owned()));
    let by_experience = live(|world| {
        world.first().uneditable = vec!["scopes".to_owned()];
        world.wanted().scopes = scopes(&["x:pay:read"]);
    });
    decides(&by_experience, Replace, &[create(2)]);
}

#[test]
fn compare_rotates_when_due() {
    let mut world = live(|_| {});
    world.now = at(89 * DAY - 14 * DAY - 1);
    decides(&world, Nothing, &[]);
    world.now = at(89 * DAY - 14 * DAY + 14 * DAY / 8);
    decides(&world, Rotate, &[create(2)]);
    assert!(reason(&world).starts_with("expires 2027-02-18; due since 2027-02-"), "{}", reason(&world));
    let change = world.change().unwrap();
    assert_eq!((change.access.gained.len(), change.access.lost.len(), change.access.expiry_extended), (0, 0, false));
    world.wanted().expiry = Expiry::Never;
    decides(&world, Edit, &[edit(&[EditField::Expiry])]);
    world.wanted().expiry = Expiry::At(at(300 * DAY));
    decides(&world, Edit, &[edit(&[EditField::Expiry])]);
    world.wanted().expiry = Expiry::Lifetime(Span::days(90));
    world.capabilities.editable.scopes = false;
    world.wanted().scopes = scopes(&["x:pay:read"]);
    decides(&world, Rotate, &[create(2)]);
    assert!(reason(&world).ends_with("`scopes` cannot be edited in place"));
}

#[test]
fn compare_rotates_a_key_that_the_provider_ended() {
    let world = live(|world| world.live(1).expires_at = Some(Some(at(-1))));
    decides(&world, Rotate, &[create(2)]);
    assert!(reason(&world).starts_with("expired 2026-11-21"));
    let shorter = live(|world| world.wanted().expiry = Expiry::Lifetime(Span::hours(12)));
    decides(&shorter, Rotate, &[create(2)]);
}

#[test]
fn compare_rotates_when_a_recipient_was_removed() {
    let world = live(|world| world.wanted().recipients = Arc::new(recipients(&[("ops", &["age1a"]), ("recovery", &["age1c"])])));
    decides(&world, Rotate, &[create(2)]);
    assert_eq!(reason(&world), "a recipient was removed: re-encrypting is not revocation");
    assert_eq!(world.change().unwrap().access.recipients_removed, ["age1b"]);
    let regrouped = live(|world| world.wanted().recipients = Arc::new(recipients(&[("all", &["age1c", "age1b", "age1a"])])));
    decides(&regrouped, Nothing, &[]);
    let adopted = live(|world| {
        world.first().sealed = None;
        world.wanted().recipients = Arc::default();
    });
    decides(&adopted, Nothing, &[]);
}

#[test]
fn compare_reseals_when_the_plaintext_is_to_be_had() {
    let more = Arc::new(recipients(&[("ops", &["age1a", "age1b", "age1d"]), ("recovery", &["age1c"])]));
    let mut world = live(|world| world.wanted().recipients = more);
    decides(&world, Nothing, &[]);
    assert_eq!(world.codes(), ["plan/reseal-pending"]);
    world.can_open = true;
    decides(&world, Reseal, &[PlanStep::Reseal { generation: 1 }]);
    assert_eq!((world.change().unwrap().access.recipients_added, world.codes().len()), (vec!["age1d".to_owned()], 0));
    world.can_open = false;
    world.capabilities.reveal = true;
    world.wanted().label = "Other".into();
    decides(&world, Edit, &[edit(&[EditField::Label]), PlanStep::Reseal { generation: 1 }]);
    let mut world = live(|world| world.wanted().format = Format::Dotenv);
    assert_eq!(world.codes(), ["plan/reseal-pending"]);
    world.can_open = true;
    decides(&world, Reseal, &[PlanStep::Reseal { generation: 1 }]);
    world.now = at(89 * DAY);
    decides(&world, Rotate, &[create(2)]);
}

#[test]
fn reenable() {
    let mut world = in_row(Row::Reenable, |world| world.live(1).enabled = Some(false));
    decides(&world, Enable, &[enable(1)]);
    assert_eq!((reason(&world), world.change().unwrap().access.gained.len()), ("drift: disabled by hand".to_owned(), 1));
    world.wanted().scopes = scopes(&["x:pay:read"]);
    decides(&world, Enable, &[edit(&[EditField::Scopes]), enable(1)]);
    world.capabilities.disable = Disable::Final;
    decides(&world, Create, &[create(2)]);
}

#[test]
fn replenish() {
    let mut world = in_row(Row::Replenish, |world| world.vanish(1));
    decides(&world, Create, &[record(1, RecordedState::Vanished), create(2)]);
    assert_eq!(reason(&world), "drift: the key vanished");
    let retiring = Generation { state: GenerationState::Retiring, disable_after: Some(at(-1)), ..generation(1) };
    world.record(vec![generation(2), retiring]);
    world.snapshot = Snapshot::default();
    world.observe(observed(1));
    world.vanish(2);
    decides(&world, Rotate, &[record(2, RecordedState::Vanished), create(3)]);
}

#[test]
fn unsure() {
    let mut world = in_row(Row::Unsure, |world| world.snapshot = Snapshot::default());
    decides(&world, Nothing, &[]);
    world.wanted().scopes = scopes(&["x:pay:read"]);
    blocked(&world, "plan/ambiguous");
    world.desired = None;
    blocked(&world, "plan/ambiguous");
    let disabled = in_row(Row::Unsure, |world| {
        world.snapshot = Snapshot::default();
        hold(world, GenerationState::Disabled);
    });
    blocked(&disabled, "plan/ambiguous");
}

#[test]
fn returns() {
    let world = in_row(Row::Return, |world| {
        hold(world, GenerationState::Disabled);
        world.live(1).enabled = Some(false);
    });
    decides(&world, Enable, &[enable(1)]);
    assert_eq!((reason(&world), world.change().unwrap().access.gained.len()), ("wanted again".to_owned(), 1));
    let issued = |change: fn(&mut World)| {
        let mut world = world.clone();
        change(&mut world);
        decides(&world, Create, &[create(2)]);
    };
    issued(|world| world.capabilities.disable = Disable::Final);
    issued(|world| world.first().sealed = None);
    issued(|world| world.first().uneditable = vec![Generation::STATE_FIELD.to_owned()]);
    issued(|world| world.now = at(80 * DAY));
    issued(|world| world.wanted().recipients = Arc::new(recipients(&[("ops", &["age1a"])])));
    let mut cooled = world.clone();
    cooled.first().delete_after = Some(now());
    assert_eq!(cooled.decision().0, Create);
    cooled.first().delete_after = Some(at(1));
    decides(&cooled, Enable, &[enable(1)]);
    let mut alive = in_row(Row::Return, |world| hold(world, GenerationState::Disabled));
    alive.first().sealed = None;
    decides(&alive, Create, &[create(2), disable(1)]);
    let by_hand = in_row(Row::Return, |world| hold(world, GenerationState::Disabled));
    decides(&by_hand, Enable, &[enable(1)]);
    assert_eq!(reason(&by_hand), "drift: enabled by hand");
    let mut widened = by_hand;
    widened.live(1).scopes = Some(scopes(&["x:*"]));
    decides(&widened, Enable, &[edit(&[EditField::Scopes]), enable(1)]);
    let back = in_row(Row::Return, |world| hold(world, GenerationState::Vanished));
    decides(&back, Enable, &[enable(1)]);
}

#[test]
fn what_was_being_switched_is_asked_for_as_it_is_wanted() {
    use Switching::{Disabling, Enabling};
    let switched = |state, switching, enabled, change: fn(&mut World)| {
        let mut world = World::settled();
        hold(&mut world, state);
        world.first().switching = Some(switching);
        world.live(1).enabled = enabled;
        change(&mut world);
        world
    };
    let (active, off) = (GenerationState::Active, GenerationState::Disabled);
    for (state, switching) in [(active, Disabling), (active, Enabling), (off, Enabling), (off, Disabling)] {
        let wanted = switched(state, switching, None, |_| {});
        decides(&wanted, Enable, &[enable(1)]);
        assert_eq!(reason(&wanted), "an earlier apply was interrupted");
        decides(&switched(state, switching, None, |world| world.wanted().state = DesiredState::Disabled), Action::Disable, &[disable(1)]);
        decides(&switched(state, switching, None, |world| world.desired = None), Action::Disable, &[disable(1)]);
    }
    let revoked = |world: &mut World| world.capabilities.disable = Disable::Final;
    decides(&switched(active, Disabling, None, revoked), Create, &[create(2)]);
    let cannot = |world: &mut World| world.first().uneditable = vec![Generation::STATE_FIELD.to_owned()];
    // It may have carried the load since, and gets the overlap of a predecessor.
    decides(&switched(off, Enabling, None, cannot), Create, &[create(2)]);
    decides(&switched(off, Disabling, None, cannot), Create, &[create(2), disable(1)]);
    // What the provider tells is believed.
    decides(&switched(active, Disabling, Some(true), |_| {}), Action::None, &[]);
    decides(&switched(active, Disabling, Some(false), |_| {}), Enable, &[enable(1)]);
    decides(&switched(off, Enabling, Some(true), |world| world.wanted().state = DesiredState::Disabled), Action::Disable, &[disable(1)]);
    decides(&switched(off, Enabling, Some(false), |world| world.wanted().state = DesiredState::Disabled), Action::None, &[]);
}

#[test]
fn reissue() {
    use GenerationState::{Disabled, Expired, Vanished};
    for (state, how) in [(Disabled, "is gone"), (Vanished, "vanished"), (Expired, "has expired")] {
        let world = in_row(Row::Reissue, |world| {
            hold(world, state);
            world.vanish(1);
        });
        decides(&world, Create, &[create(2)]);
        assert_eq!(reason(&world), format!("generation 1 {how}"));
    }
}

/// The key's fixed expiry has passed.
fn ended(world: &mut World) {
    world.wanted().expiry = Expiry::At(at(-1));
    world.first().expires_at = Some(at(-1));
    world.live(1).expires_at = None;
}

#[test]
fn expire() {
    let mut world = in_row(Row::Expire, |world| {
        world.capabilities.expiry.settable = false;
        ended(world);
    });
    decides(&world, DisableIt, &[disable(1), record(1, RecordedState::Expired)]);
    assert_eq!(world.codes(), ["plan/degraded", "plan/expired"]);
    world.wanted().protect = true;
    blocked(&world, "plan/protected");
}

#[test]
fn expired() {
    let over = |world: &mut World| {
        ended(world);
        world.live(1).expires_at = Some(Some(at(-1)));
    };
    let by_provider = in_row(Row::Expired, over);
    decides(&by_provider, DisableIt, &[record(1, RecordedState::Expired)]);
    assert_eq!(
        (reason(&by_provider).as_str(), by_provider.codes()),
        ("its expiry has passed: only the ledger changes", vec!["plan/expired"])
    );
    let gone = in_row(Row::Expired, |world| {
        ended(world);
        world.vanish(1);
    });
    decides(&gone, DisableIt, &[record(1, RecordedState::Expired)]);
    let mut protected = by_provider.clone();
    protected.wanted().protect = true;
    protected.ledger.as_mut().unwrap().protect = true;
    decides(&protected, DisableIt, &[record(1, RecordedState::Expired)]);
    for state in [GenerationState::Expired, GenerationState::Disabled] {
        let recorded = in_row(Row::Expired, |world| {
            over(world);
            hold(world, state);
        });
        decides(&recorded, Nothing, &[]);
        assert_eq!(recorded.codes(), ["plan/expired"]);
        let mut removed = recorded.clone();
        removed.desired = None;
        decides(&removed, DisableIt, &[record(1, RecordedState::Disabled)]);
        assert!(reason(&removed).ends_with("its cooldown begins, and only the ledger changes"), "{}", reason(&removed));
        assert_eq!(
            (removed.change().unwrap().access.lost.len(), removed.plan().drift),
            (0, vec![]),
            "it was dead, and nobody has enabled it"
        );
        removed.first().delete_after = Some(now());
        decides(&removed, Delete, &[PlanStep::Delete { generation: 1 }]);
        let mut parked = recorded.clone();
        parked.wanted().state = DesiredState::Disabled;
        decides(&parked, Nothing, &[]);
        assert_eq!(parked.plan().drift, []);
        let mut later = recorded;
        later.wanted().expiry = Expiry::At(at(30 * DAY));
        if state == GenerationState::Expired {
            decides(&later, Create, &[create(2), disable(1)]);
            assert_eq!((later.change().unwrap().access.gained.len(), later.plan().drift), (1, vec![]), "a dead key has nothing to keep");
            assert!(later.change().unwrap().notes.contains(&"generation 1 has expired".to_owned()), "{:?}", later.change());
        }
    }
    for state in [GenerationState::Expired, GenerationState::Disabled] {
        let off = in_row(Row::Expired, |world| {
            ended(world);
            hold(world, state);
            world.live(1).enabled = Some(false);
        });
        decides(&off, Nothing, &[]);
        assert_eq!(off.codes(), ["plan/expired"]);
    }
}

#[test]
fn removing_what_its_provider_has_ended_takes_nothing_away() {
    let mut world = World::settled();
    world.now = at(90 * DAY);
    world.guarding.guards.max_disables = Some(Limit::Count(0));
    for world in unwanted(&world) {
        decides(&world, DisableIt, &[record(1, RecordedState::Disabled)]);
        assert_eq!(reason(&world), "its expiry has passed: only the ledger changes");
        assert_eq!((world.change().unwrap().access.lost.len(), world.plan().is_refused()), (0, false));
        let mut shortened = world.clone();
        shortened.now = now();
        shortened.live(1).expires_at = Some(Some(at(-1)));
        decides(&shortened, DisableIt, &[disable(1)]);
    }
    let mut fixed = World::settled();
    fixed.wanted().expiry = Expiry::At(at(200 * DAY));
    fixed.now = at(90 * DAY);
    decides(&fixed, Rotate, &[create(2)]);
    assert_eq!(fixed.change().unwrap().access.gained.len(), 1);
}

#[test]
fn an_end_that_was_rounded_down_is_the_end() {
    let rounded = |seconds: i64| {
        let mut world = World::settled();
        world.capabilities.expiry.tolerance = Span::days(1);
        world.wanted().expiry = Expiry::At(at(DAY / 2));
        world.first().expires_at = Some(at(seconds));
        world.live(1).expires_at = Some(Some(at(seconds)));
        world
    };
    decides(&rounded(5), Nothing, &[]);
    // Dead at the provider, and its day is not over: no generation after it would live longer.
    decides(&rounded(-5), DisableIt, &[record(1, RecordedState::Expired)]);
    // That is another end, which somebody else has set.
    assert_eq!(rounded(-DAY).decision().0, Rotate);
}

#[test]
fn where_keys_cannot_expire_the_plan_ends_them() {
    let mut world = World::new();
    world.capabilities.expiry.settable = false;
    let note = "`x` cannot expire keys: keywright ends it itself".to_owned();
    assert!(world.change().unwrap().notes.contains(&note));
    assert_eq!(world.change().unwrap().after.unwrap().expires_at, Some(at(90 * DAY)));
    world.record(vec![generation(1)]);
    world.observe(ObservedKey { expires_at: Some(None), ..observed(1) });
    decides(&world, Nothing, &[]);
    // Rolling: rotated before its end, and the predecessor disabled when its overlap has passed.
    world.now = at(89 * DAY - 14 * DAY + 14 * DAY / 8);
    decides(&world, Rotate, &[create(2)]);
    assert!(world.change().unwrap().notes.contains(&note));
    // Fixed: disabled when its end has passed, and recorded; then nothing more.
    let mut fixed = world.clone();
    fixed.wanted().expiry = Expiry::At(at(89 * DAY));
    fixed.now = at(89 * DAY - 1);
    decides(&fixed, Nothing, &[]);
    fixed.now = at(89 * DAY);
    decides(&fixed, DisableIt, &[disable(1), record(1, RecordedState::Expired)]);
    fixed.live(1).enabled = Some(false);
    hold(&mut fixed, GenerationState::Expired);
    decides(&fixed, Nothing, &[]);
    (fixed.capabilities.disable, fixed.capabilities.delete) = (Disable::None, false);
    hold(&mut fixed, GenerationState::Active);
    fixed.live(1).enabled = None;
    blocked(&fixed, "plan/cannot-disable");
}

#[test]
fn the_longest_lifetime_clamps_what_is_asked_for() {
    let mut world = World::new();
    world.capabilities.expiry.max = Some(Span::days(30));
    assert_eq!(world.change().unwrap().after.unwrap().expires_at, Some(at(30 * DAY)));
    world.wanted().expiry = Expiry::Never;
    assert_eq!(world.change().unwrap().after.unwrap().expires_at, Some(at(30 * DAY)));
    world.wanted().expiry = Expiry::At(at(29 * DAY));
    assert_eq!(world.change().unwrap().after.unwrap().expires_at, Some(at(29 * DAY)));
}

#[test]
fn a_rounded_end_moves_the_rotation() {
    let mut world = live(|world| {
        world.capabilities.expiry.tolerance = Span::days(1);
        world.wanted().renew_before = Span::hours(12);
        world.wanted().overlap = Span::hours(1);
    });
    // Wanted until day 89; granted until half a day before that, when 12 hours of renewal would only begin.
    world.first().expires_at = Some(at(89 * DAY - DAY / 2));
    world.live(1).expires_at = Some(Some(at(89 * DAY - DAY / 2)));
    world.now = at(88 * DAY - 1);
    decides(&world, Nothing, &[]);
    world.now = at(88 * DAY + DAY / 16);
    decides(&world, Rotate, &[create(2)]);
}

#[test]
fn never_issued() {
    let mut world = World::new();
    world.wanted().expiry = Expiry::At(at(-1));
    assert_eq!(world.with_key(current_row), Row::NeverIssued);
    blocked(&world, "plan/expired");
    world.wanted().expiry = Expiry::At(at(1));
    decides(&world, Create, &[create(1)]);
}

/// Not wanted, in both ways.
fn unwanted(world: &World) -> [World; 2] {
    let (mut disabled, mut gone) = (world.clone(), world.clone());
    disabled.wanted().state = DesiredState::Disabled;
    gone.desired = None;
    [disabled, gone]
}

fn unwanted_row(expected: Row, change: impl FnOnce(&mut World)) -> [World; 2] {
    let mut world = World::settled();
    change(&mut world);
    let both = unwanted(&world);
    both.iter().for_each(|world| assert_eq!(world.with_key(current_row), expected));
    both
}

#[test]
fn disable_what_is_not_wanted() {
    let [disabled, gone] = unwanted_row(Row::Disable, |_| {});
    for world in [&disabled, &gone] {
        decides(world, DisableIt, &[disable(1)]);
        let change = world.change().unwrap();
        assert_eq!((change.access.lost.len(), change.notes), (1, vec!["reversible: yes".to_owned()]));
    }
    assert_eq!(disabled.change().unwrap().after.unwrap().state, "disabled");
    assert_eq!((reason(&gone), gone.change().unwrap().after), ("no longer in the manifests".to_owned(), None));
    for mut world in [disabled, gone] {
        world.capabilities.disable = Disable::None;
        // Ending is deleting there: a key that is to come back is kept, one that nobody wants is not.
        match world.desired {
            Some(_) => drop(blocked(&world, "plan/cannot-disable")),
            None => {
                decides(&world, DisableIt, &[disable(1)]);
                assert_eq!(world.change().unwrap().notes, ["reversible: no"]);
            }
        }
        world.capabilities.delete = false;
        blocked(&world, "plan/cannot-disable");
    }
}

#[test]
fn disable_what_was_enabled_by_hand() {
    for state in [GenerationState::Disabled, GenerationState::Expired, GenerationState::Vanished] {
        for world in unwanted_row(Row::DisableAgain, |world| hold(world, state)) {
            decides(&world, DisableIt, &[disable(1)]);
            assert_eq!(reason(&world), "drift: enabled by hand");
        }
    }
}

#[test]
fn record_what_the_provider_already_shows() {
    for world in unwanted_row(Row::RecordDisabled, |world| world.live(1).enabled = Some(false)) {
        decides(&world, DisableIt, &[record(1, RecordedState::Disabled)]);
    }
    for world in unwanted_row(Row::RecordVanished, |world| world.vanish(1)) {
        decides(&world, DisableIt, &[record(1, RecordedState::Vanished)]);
    }
}

#[test]
fn rest() {
    let [disabled, gone] = unwanted(&World::new());
    decides(&disabled, Nothing, &[]);
    decides(&gone, Nothing, &[]);
    let mut deleted = World::settled();
    hold(&mut deleted, GenerationState::Deleted);
    deleted.vanish(1);
    deleted.desired = None;
    decides(&deleted, Nothing, &[]);
}

#[test]
fn a_disabled_key_that_is_gone_is_recorded_as_deleted() {
    let mut world = World::settled();
    hold(&mut world, GenerationState::Disabled);
    world.vanish(1);
    let [mut disabled, _] = unwanted(&world);
    decides(&disabled, Delete, &[record(1, RecordedState::Deleted)]);
    assert_eq!(reason(&disabled), "already deleted: only the ledger changes");
    disabled.capabilities.disable = Disable::Final;
    decides(&disabled, Nothing, &[]);
}

#[test]
fn cooldown_deletes_removed_keys_only() {
    let [disabled, gone] = unwanted(&live(|world| world.first().delete_after = Some(now())));
    let off = |mut world: World| {
        hold(&mut world, GenerationState::Disabled);
        world.live(1).enabled = Some(false);
        world
    };
    let (mut disabled, gone) = (off(disabled), off(gone));
    // A removal began that; the next one begins another.
    decides(&disabled, Edit, &[record(1, RecordedState::Disabled)]);
    assert_eq!(reason(&disabled), "`state: disabled`; it is in the manifests again and is not deleted: only the ledger changes");
    let mut ended = disabled.clone();
    disabled.first().delete_after = None;
    decides(&disabled, Nothing, &[]);
    ended.wanted().state = DesiredState::Active;
    ended.wanted().expiry = Expiry::At(at(-1));
    decides(&ended, Edit, &[record(1, RecordedState::Expired)]);
    ended.first().delete_after = None;
    decides(&ended, Nothing, &[]);
    assert_eq!(gone.with_key(current_row), Row::Cooldown);
    decides(&gone, Delete, &[PlanStep::Delete { generation: 1 }]);
    let other = |change: fn(&mut World)| {
        let mut world = gone.clone();
        change(&mut world);
        world
    };
    decides(&other(|world| world.first().delete_after = Some(at(1))), Nothing, &[]);
    // It was disabled while it was declared: its cooldown begins with the removal.
    decides(&other(|world| world.first().delete_after = None), DisableIt, &[record(1, RecordedState::Disabled)]);
    decides(&other(|world| world.capabilities.delete = false), Nothing, &[]);
    decides(&other(|world| world.vanish(1)), Delete, &[record(1, RecordedState::Deleted)]);
    blocked(&other(|world| world.ledger.as_mut().unwrap().protect = true), "plan/protected");
}

#[test]
fn attended() {
    let world = in_row(Row::Attended, |world| hold(world, GenerationState::Attended));
    blocked(&world, "plan/unfinished");
}

#[test]
fn protected_keys_are_neither_disabled_nor_deleted() {
    let [mut disabled, mut gone] = unwanted(&live(|_| {}));
    disabled.wanted().protect = true;
    blocked(&disabled, "plan/protected");
    gone.ledger.as_mut().unwrap().protect = true;
    blocked(&gone, "plan/protected");
    disabled.wanted().protect = false;
    disabled.ledger.as_mut().unwrap().protect = true;
    decides(&disabled, DisableIt, &[disable(1), record(1, RecordedState::Protect)]);
}

#[test]
fn protection_is_written_down() {
    let world = live(|world| world.wanted().protect = true);
    decides(&world, Edit, &[record(1, RecordedState::Protect)]);
    assert_eq!((reason(&world), world.change().unwrap().access.gained.len()), ("protection set".to_owned(), 0));
}

#[test]
fn protection_that_is_removed_counts_as_access_beside_any_action() {
    let set = live(|world| world.wanted().protect = true);
    assert!(!set.change().unwrap().access.protection_removed);
    let mut removed = live(|world| world.ledger.as_mut().unwrap().protect = true);
    let change = removed.change().unwrap();
    assert_eq!((change.reason.as_str(), change.access.protection_removed), ("protection removed", true));
    removed.wanted().label = "another".into();
    let change = removed.change().unwrap();
    assert!(change.reason != "protection removed" && change.access.protection_removed, "{}", change.reason);
    let json = serde_json::to_value(set.change().unwrap()).unwrap();
    assert!(json["access"].get("protection_removed").is_none(), "skipped when false");
}

#[test]
fn unfinished_generations_are_recovered_first() {
    use GenerationState::{Ambiguous, Created, Intended, Lost, Sealed};
    for state in [Intended, Created, Sealed, Lost, Ambiguous] {
        let unfinished = |number| Generation { state, created_at: at(-5), ..generation(number) };
        let mut world = World::new();
        world.record(vec![unfinished(1)]);
        decides(&world, Create, &[recover(1), create(2)]);
        assert_eq!(reason(&world), "an earlier apply was interrupted");
        world.desired = None;
        decides(&world, DisableIt, &[recover(1), disable(1)]);
        let mut rotating = World::settled();
        rotating.record(vec![unfinished(2), generation(1)]);
        decides(&rotating, Rotate, &[recover(2), create(3)]);
        let mut replacing = rotating.clone();
        replacing.capabilities.editable.scopes = false;
        replacing.wanted().scopes = scopes(&["x:pay:read"]);
        decides(&replacing, Replace, &[recover(2), create(3)]);
        rotating.wanted().state = DesiredState::Disabled;
        decides(&rotating, DisableIt, &[recover(2), disable(2), disable(1)]);
        let mut older = World::settled();
        older.record(vec![generation(2), unfinished(1)]);
        older.observe(observed(2));
        decides(&older, DisableIt, &[recover(1)]);
    }
}

#[test]
fn a_settled_ambiguous_generation_is_passed_over() {
    let mut world = World::new();
    world.record(vec![Generation { state: GenerationState::Ambiguous, id: None, created_at: at(-60), ..generation(1) }]);
    decides(&world, Create, &[create(2)]);
    world.observe(ObservedKey { id: "late".to_owned(), ..observed(1) });
    decides(&world, Create, &[recover(1), create(2)]);
}

#[test]
fn older_generations_have_their_table() {
    use GenerationState::*;
    for (state, seen, pace, over, due, expected) in [
        (Retiring, Seen::Live, Pace::Overlap, true, false, Older::Retire),
        (Retiring, Seen::Live, Pace::Overlap, false, false, Older::Rest),
        (Retiring, Seen::Live, Pace::Keep, true, false, Older::Rest),
        (Retiring, Seen::Live, Pace::Now, false, false, Older::Retire),
        (Retiring, Seen::Off, Pace::Overlap, true, false, Older::RecordDisabled),
        (Retiring, Seen::Missing, Pace::Overlap, true, false, Older::RecordDeleted),
        (Retiring, Seen::Unknown, Pace::Overlap, true, false, Older::Rest),
        (Active, Seen::Live, Pace::Overlap, true, true, Older::Rest),
        (Active, Seen::Live, Pace::Now, false, false, Older::Retire),
        (Active, Seen::Off, Pace::Now, false, false, Older::RecordDisabled),
        (Active, Seen::Missing, Pace::Now, false, false, Older::RecordDeleted),
        (Disabled, Seen::Live, Pace::Keep, false, true, Older::DisableAgain),
        (Disabled, Seen::Off, Pace::Overlap, false, true, Older::Delete),
        (Disabled, Seen::Off, Pace::Overlap, true, false, Older::Rest),
        (Disabled, Seen::Missing, Pace::Overlap, false, true, Older::RecordDeleted),
        (Disabled, Seen::Unknown, Pace::Overlap, false, true, Older::Rest),
        (Deleted, Seen::Live, Pace::Overlap, false, false, Older::EndAgain),
        (Vanished, Seen::Live, Pace::Overlap, false, false, Older::DisableAgain),
        (Expired, Seen::Live, Pace::Overlap, false, false, Older::DisableAgain),
        (Expired, Seen::Off, Pace::Now, true, true, Older::Delete),
        (Expired, Seen::Off, Pace::Now, true, false, Older::Rest),
        (Vanished, Seen::Off, Pace::Now, true, true, Older::Rest),
        (Lost, Seen::Live, Pace::Now, true, true, Older::Rest),
        (Attended, Seen::Live, Pace::Now, true, true, Older::Rest),
    ] {
        assert_eq!(older::row(state, seen, pace, over, due), expected, "{state:?} {seen:?} {pace:?} {over} {due}");
    }
}

#[test]
fn a_predecessor_that_was_enabled_by_hand_is_drift() {
    let mut world = World::settled();
    world.record(vec![generation(2), Generation { state: GenerationState::Disabled, ..generation(1) }]);
    world.observe(observed(2));
    world.live(1).enabled = Some(true);
    decides(&world, DisableIt, &[disable(1)]);
    assert_eq!(reason(&world), "drift: generation 1 was enabled by hand");
}

#[test]
fn a_predecessor_ends_after_its_overlap_while_its_successor_lives() {
    let mut world = World::settled();
    let retiring = Generation { state: GenerationState::Retiring, disable_after: Some(now()), ..generation(1) };
    world.record(vec![generation(2), retiring]);
    world.observe(observed(2));
    decides(&world, DisableIt, &[disable(1)]);
    let change = world.change().unwrap();
    assert_eq!((change.generation, change.reason.as_str()), (1, "generation 1 has been replaced, and its overlap has passed"));
    assert_eq!((change.access.gained.len(), change.access.lost.len()), (0, 0), "the key itself stays");
    let mut editing = world.clone();
    editing.wanted().label = "Other".into();
    decides(&editing, Edit, &[PlanStep::Edit { generation: 2, fields: vec![EditField::Label] }, disable(1)]);
    let mut early = world.clone();
    early.generation(1).disable_after = Some(at(1));
    decides(&early, Nothing, &[]);
    let mut disabled_by_hand = world.clone();
    disabled_by_hand.live(2).enabled = Some(false);
    decides(&disabled_by_hand, Enable, &[enable(2)]);
    let mut removed = early.clone();
    removed.desired = None;
    decides(&removed, DisableIt, &[disable(2), disable(1)]);
    removed.ledger.as_mut().unwrap().protect = true;
    blocked(&removed, "plan/protected");
    let mut cannot = world.clone();
    cannot.capabilities.disable = Disable::None;
    decides(&cannot, DisableIt, &[disable(1)]);
    cannot.capabilities.delete = false;
    decides(&cannot, Nothing, &[]);
    assert!(cannot.codes().contains(&"plan/cannot-disable"));
    let mut deletable = world.clone();
    deletable.generation(1).state = GenerationState::Disabled;
    deletable.generation(1).delete_after = Some(now());
    deletable.live(1).enabled = Some(false);
    decides(&deletable, Delete, &[PlanStep::Delete { generation: 1 }]);
    // Kept dead, it keeps its predecessors, and what an interrupted deletion has ended already is recorded.
    deletable.wanted().state = DesiredState::Disabled;
    deletable.generation(2).state = GenerationState::Disabled;
    deletable.live(2).enabled = Some(false);
    decides(&deletable, Nothing, &[]);
    deletable.vanish(1);
    decides(&deletable, Delete, &[record(1, RecordedState::Deleted)]);
    let mut at_limit = world;
    at_limit.capabilities.key_limit = Some(2);
    at_limit.now = at(80 * DAY);
    decides(&at_limit, DisableIt, &[disable(1)]);
    assert!(at_limit.codes().contains(&"provider/key-limit"), "the rotation waits, and the work that makes room does not");
}

#[test]
fn an_unavailable_listing_changes_nothing() {
    let unavailable = |mut world: World| {
        world.listing = Kind::Unavailable;
        world
    };
    let quiet = unavailable(World::settled());
    decides(&quiet, Nothing, &[]);
    assert_eq!(quiet.codes(), ["provider/unavailable"]);
    let plan = quiet.plan();
    let view = plan.accounts.values().next().unwrap();
    assert_eq!((view.listing.as_str(), view.reason.as_deref()), ("unavailable", Some("page 2 failed")));
    let mut changed = World::settled();
    changed.wanted().scopes = scopes(&["x:pay:read"]);
    let finding = blocked(&unavailable(changed), "provider/unavailable");
    assert_eq!(finding.message, "`acct/hooks` needs a change (scopes differ), and its account cannot be listed");
    for world in [World::new(), unwanted(&World::settled())[1].clone()] {
        assert_eq!(unavailable(world).decision(), (Blocked, vec![]));
    }
}

#[test]
fn an_assumed_listing_plans_in_full() {
    let mut world = World::new();
    world.listing = Kind::Assumed;
    decides(&world, Create, &[create(1)]);
    assert_eq!(world.codes(), ["plan/assumed"]);
    world.record(vec![generation(1)]);
    decides(&world, Nothing, &[]);
    world.wanted().scopes = scopes(&["x:pay:read"]);
    decides(&world, Edit, &[edit(&[EditField::Scopes])]);
}

#[test]
fn label_twins_block_unless_made_by_hand() {
    let with_twin = |twin: ObservedKey| {
        let mut world = World::new();
        world.observe(twin);
        world
    };
    let twin = ObservedKey { id: "twin".to_owned(), label: marker(9).label("Hooks"), ..observed(9) };
    let finding = blocked(&with_twin(twin.clone()), "provider/label-twin");
    assert!(finding.message.contains("`twin`") && finding.message.contains(marker(9).as_str()));
    decides(&with_twin(ObservedKey { enabled: Some(false), ..twin.clone() }), Create, &[create(1)]);
    decides(&with_twin(ObservedKey { own: true, ..twin.clone() }), Create, &[create(1)]);
    let by_hand = with_twin(ObservedKey { label: "Hooks".to_owned(), ..twin.clone() });
    decides(&by_hand, Create, &[create(1)]);
    assert!(by_hand.change().unwrap().notes.iter().any(|note| note.contains("made by hand")));
    let mut known = with_twin(twin);
    known.others.insert(
        "other".parse().unwrap(),
        (None, Some(KeyRecord { generations: vec![generation(9)], ..KeyRecord::new("acct/other".parse().unwrap(), "x") })),
    );
    assert_eq!(known.decision().0, Create);
}

#[test]
fn a_second_key_of_a_known_marker_is_shown_as_what_recovery_disables() {
    let mut world = World::settled();
    world.observe(ObservedKey { id: "twin".to_owned(), ..observed(1) });
    decides(&world, DisableIt, &[]);
    assert_eq!(reason(&world), "a second live key, `twin`, bears the marker of generation 1: recovery disables it");
    assert_eq!(world.plan().unmanaged.len(), 1);
    let mut editing = world.clone();
    editing.wanted().label = "Other".into();
    decides(&editing, Edit, &[PlanStep::Edit { generation: 1, fields: vec![EditField::Label] }]);
    assert!(editing.change().unwrap().notes.iter().any(|note| note.contains("`twin`")));
    let mut dead = World::settled();
    dead.observe(ObservedKey { id: "twin".to_owned(), enabled: Some(false), ..observed(1) });
    decides(&dead, Nothing, &[]);
    let mut begun = World::new();
    begun.record(vec![Generation { state: GenerationState::Intended, id: None, ..generation(1) }]);
    begun.observe(ObservedKey { id: "late".to_owned(), ..observed(1) });
    assert!(!reason(&begun).contains("a second live key"), "{}", reason(&begun));
}

#[test]
fn a_key_that_works_past_its_end_is_warned_of() {
    let mut world = World::settled();
    world.capabilities.expiry.settable = false;
    world.live(1).expires_at = Some(None);
    world.capabilities.key_limit = Some(1);
    world.now = at(85 * DAY);
    blocked(&world, "provider/key-limit");
    assert!(!world.codes().contains(&"plan/expired"), "{:?}", world.codes());
    world.now = at(91 * DAY);
    let all = world.plan().findings;
    let told = all.iter().find(|finding| finding.code.as_str() == "plan/expired").expect("a warning");
    assert_eq!(told.message, "`acct/hooks` has passed its end of 2027-02-18 and lives on: its rotation is blocked");
}

#[test]
fn the_key_limit_counts_over_the_account() {
    let mut world = World::new();
    let other = DesiredKey { address: "acct/aaa".parse().unwrap(), label: "Other".into(), ..desired() };
    world.others.insert(other.address.name.clone(), (Some(other), None));
    world.capabilities.key_limit = Some(1);
    let finding = blocked(&world, "provider/key-limit");
    assert!(finding.message.contains("has 1 of 1"), "{}", finding.message);
    assert_eq!((world.plan().summary.create, world.plan().summary.blocked), (1, 1));
    world.capabilities.key_limit = Some(2);
    assert_eq!(world.plan().summary.create, 2);
}

#[test]
fn nobody_hands_out_what_they_do_not_hold() {
    let own = |words: &[&str]| {
        let mut world = World::new();
        world.snapshot.own_scopes = Some(scopes(words));
        world
    };
    let finding = blocked(&own(&["x:pay:read"]), "provider/ceiling");
    assert!(finding.severity == Severity::Error && finding.message.contains("`x:hooks:read`"));
    decides(&own(&["x:hooks:read"]), Create, &[create(1)]);
    let wildcard = own(&["x:hooks:*"]);
    decides(&wildcard, Create, &[create(1)]);
    assert_eq!(wildcard.codes(), ["provider/ceiling-wildcard"]);
    let mut editing = live(|world| world.wanted().scopes = scopes(&["x:hooks:read", "x:pay:read"]));
    editing.snapshot.own_scopes = Some(scopes(&["x:pay:read"]));
    assert_eq!(editing.decision().0, Edit, "what it has already is not handed out");
    editing.snapshot.own_scopes = Some(scopes(&["x:hooks:read"]));
    blocked(&editing, "provider/ceiling");
}

#[test]
fn our_own_key_and_shared_ids_are_never_touched() {
    let [_, mut own] = unwanted(&World::settled());
    own.live(1).own = true;
    assert!(blocked(&own, "plan/protected").message.contains("own admin credential"));
    assert!(own.plan().unmanaged[0].own);
    let [_, mut shared] = unwanted(&World::settled());
    let other = KeyRecord { generations: vec![generation(1)], ..KeyRecord::new("acct/other".parse().unwrap(), "x") };
    let wanted = DesiredKey { address: other.address.clone(), ..desired() };
    shared.others.insert("other".parse().unwrap(), (Some(wanted), Some(other)));
    assert!(blocked(&shared, "plan/protected").message.contains("more than one generation"));
}

#[test]
fn unmanaged_keys_are_listed_and_left_alone() {
    let mut world = World::settled();
    world.observe(ObservedKey { id: "b".to_owned(), label: "by hand".to_owned(), scopes: Some(scopes(&["x:key:read"])), ..observed(5) });
    world.observe(ObservedKey { id: "a".to_owned(), own: true, scopes: None, ..observed(6) });
    let plan = world.plan();
    let found: Vec<_> = plan.unmanaged.iter().map(|key| (key.id.as_str(), key.own, key.risk)).collect();
    assert_eq!(found, [("a", true, None), ("b", false, Some(Risk::Critical))]);
    assert_eq!(plan.changes, []);
}

#[test]
fn rules_say_which_unmanaged_keys_are_reported_refused_or_ignored() {
    let mut world = World::settled();
    for (id, label) in [("a", "ci-1"), ("b", "ci-2"), ("c", "by hand"), ("d", "other")] {
        world.observe(ObservedKey { id: id.to_owned(), label: label.to_owned(), ..observed(5) });
    }
    world.observe(ObservedKey { id: "e".to_owned(), own: true, ..observed(6) });
    let rule = |pattern: &str, handling| UnmanagedRule { pattern: pattern.to_owned(), account: None, handling };
    world.unmanaged = Unmanaged { default: Handling::Fail, rules: vec![rule("ci-*", Handling::Ignore), rule("other", Handling::Report)] };
    let plan = world.plan();
    let found: Vec<_> = plan.unmanaged.iter().map(|key| (key.id.as_str(), key.fails)).collect();
    assert_eq!(found, [("c", true), ("d", false), ("e", false)], "our own is never refused, whatever the rules say");
    assert_eq!(plan.accounts.values().map(|account| account.ignored).sum::<usize>(), 2);
    assert!(plan.is_refused() && world.codes().contains(&"plan/unmanaged"));
    let refusal = plan.findings.iter().find(|finding| finding.code == Code::PlanUnmanaged).unwrap();
    assert!(refusal.message.contains("1 key that is") && refusal.notes == ["`by hand` (c)"], "{refusal:?}");
    world.unmanaged.default = Handling::Report;
    assert!(!world.plan().is_refused());
    world.unmanaged.default = Handling::Fail;
    world.listing = Kind::Unavailable;
    assert!(!world.plan().is_refused(), "what is not known is not refused");
}

/// A key that somebody else made, without a marker and without a secret here.
fn adopted() -> World {
    live(|world| {
        let label = world.wanted().label.to_string();
        let first = world.first();
        (first.marker, first.sealed) = (None, None);
        first.label.clone_from(&label);
        first.adopted = Some(Adopted { at: now(), label: None, expires: None });
        world.live(1).label = label;
    })
}

#[test]
fn an_adopted_key_is_planned_like_any_other() {
    let world = adopted();
    assert_eq!((world.plan().changes, world.codes()), (vec![], vec!["plan/no-secret"]));
    let mut disabled = adopted();
    disabled.wanted().state = DesiredState::Disabled;
    assert_eq!(disabled.decision().0, DisableIt);
    disabled.first().state = GenerationState::Disabled;
    disabled.live(1).enabled = Some(false);
    assert_eq!(disabled.plan().changes, []);
    disabled.wanted().state = DesiredState::Active;
    assert_eq!(disabled.decision().0, Enable, "whoever used it has its secret");
    let mut labelled = adopted();
    labelled.wanted().label = "Other".into();
    assert_eq!(labelled.change().unwrap().after.unwrap().label.as_deref(), Some("Other"), "no marker is put there");
}

#[test]
fn what_no_manifest_can_say_of_an_adopted_key_is_left_alone() {
    let mut world = adopted();
    let said = world.wanted().label.to_string();
    world.first().label = "evil\\u{a}".to_owned();
    world.live(1).label = "evil\n".to_owned();
    assert_eq!(world.decision().0, Edit, "as long as nothing is known of it");
    world.first().adopted.as_mut().unwrap().label = Some(said);
    assert_eq!(world.plan().changes, []);
    world.wanted().label = "Good".into();
    assert_eq!(world.decision().0, Edit);

    let day = at(30 * DAY);
    let end = at(30 * DAY - 40_000);
    let mut world = adopted();
    world.wanted().expiry = Expiry::At(day);
    world.first().expires_at = Some(end);
    world.live(1).expires_at = Some(Some(end));
    assert_eq!(world.decision().0, Edit);
    world.first().adopted.as_mut().unwrap().expires = Some(day);
    assert_eq!(world.plan().changes, []);
    world.live(1).expires_at = Some(Some(at(31 * DAY)));
    assert_eq!(world.decision().0, Edit, "somebody has moved the end");
    world.live(1).expires_at = Some(Some(end));
    world.now = at(30 * DAY - 10);
    let ended = world.change().unwrap();
    assert_eq!(
        (ended.action, ended.reason.as_str()),
        (Action::Disable, "its expiry has passed: only the ledger changes"),
        "none is made for the rest of the day"
    );
    assert!(world.codes().contains(&"plan/expired"));
}

#[test]
fn what_is_due_soon_is_listed() {
    let mut world = World::settled();
    assert_eq!(world.plan().due, []);
    world.now = at(50 * DAY);
    let due = world.plan().due;
    assert_eq!((due.len(), due[0].kind.as_str()), (1, "rotation"));
    world.now = at(88 * DAY);
    assert_eq!(world.plan().due, [], "it is in the plan");
    let mut fixed = World::settled();
    fixed.wanted().expiry = Expiry::At(at(29 * DAY));
    fixed.first().expires_at = Some(at(29 * DAY));
    fixed.live(1).expires_at = Some(Some(at(29 * DAY)));
    let due = fixed.plan().due;
    assert_eq!((due[0].kind.as_str(), due[0].at), ("expiry", at(29 * DAY)));
}

#[test]
fn degraded_guarantees_are_said() {
    let mut world = World::settled();
    world.capabilities.verify = false;
    (world.capabilities.disable, world.capabilities.delete) = (Disable::None, false);
    world.capabilities.label.none = true;
    world.capabilities.expiry.settable = false;
    let findings = world.plan().findings;
    assert_eq!((findings.len(), findings[0].severity), (1, Severity::Note));
    for part in ["cannot be verified", "cannot be disabled", "a person has to say what", "Keywright enforces the end itself"] {
        assert!(findings[0].message.contains(part), "{part}");
    }
}

/// A settled world whose provider makes more of the scopes than was asked for.
fn expanding(rule: ScopeRule) -> World {
    let mut world = World::settled();
    world.capabilities.scopes = rule;
    let reported = scopes(&["x:hooks:read", "x:hooks:create"]);
    world.first().reported_scopes = Some(reported.clone());
    world.live(1).scopes = Some(reported);
    world
}

#[test]
fn what_the_provider_makes_of_scopes_is_no_difference() {
    let narrowed = |world: &World| {
        let mut world = world.clone();
        world.live(1).scopes = Some(scopes(&["x:hooks:read"]));
        world
    };
    let widened = |world: &World| {
        let mut world = world.clone();
        world.live(1).scopes.as_mut().unwrap().insert("x:pay:read".into());
        world
    };
    for rule in [ScopeRule::Superset, ScopeRule::Expanded] {
        let world = expanding(rule);
        decides(&world, Nothing, &[]);
        assert_eq!(world.plan().drift, []);
        let widened = widened(&world);
        decides(&widened, Edit, &[edit(&[EditField::Scopes])]);
        let change = widened.change().unwrap();
        let lost: Vec<&str> = change.access.lost.iter().map(|entry| entry.scope.as_str()).collect();
        assert_eq!((lost, change.access.gained.len()), (vec!["x:pay:read"], 0), "what the provider adds is not lost");
        assert_eq!(widened.plan().drift[0].reason, "scopes widened by hand");
        let mut other = world.clone();
        other.wanted().label = "Other".into();
        decides(&other, Edit, &[edit(&[EditField::Label])]);
        let access = other.change().unwrap().access;
        assert_eq!((access.gained.len(), access.lost.len()), (0, 0));
        let mut more = world.clone();
        more.wanted().scopes = scopes(&["x:hooks:read", "x:hooks:create"]);
        decides(&more, Edit, &[edit(&[EditField::Scopes])]);
    }
    decides(&narrowed(&expanding(ScopeRule::Superset)), Nothing, &[]);
    decides(&narrowed(&expanding(ScopeRule::Expanded)), Edit, &[edit(&[EditField::Scopes])]);
    for rule in [ScopeRule::Set, ScopeRule::Exact] {
        decides(&expanding(rule), Edit, &[edit(&[EditField::Scopes])]);
    }
    let mut worded = World::settled();
    worded.wanted().scopes = scopes(&["x:hooks:*"]);
    worded.first().scopes = scopes(&["x:hooks:*"]);
    worded.live(1).scopes = Some(scopes(&["x:hooks:*", "x:hooks:read"]));
    decides(&worded, Nothing, &[]);
    worded.capabilities.scopes = ScopeRule::Exact;
    decides(&worded, Edit, &[edit(&[EditField::Scopes])]);
    let mut unshown = expanding(ScopeRule::WriteOnly);
    decides(&unshown, Nothing, &[]);
    unshown.live(1).scopes = None;
    decides(&unshown, Nothing, &[]);
    unshown.wanted().scopes = scopes(&["x:pay:read"]);
    decides(&unshown, Edit, &[edit(&[EditField::Scopes])]);
}

#[test]
fn an_end_that_was_granted_early_is_the_one_to_rotate_by() {
    let mut world = World::settled();
    let granted = at(29 * DAY);
    world.first().expires_at = Some(granted);
    world.live(1).expires_at = Some(Some(granted));
    decides(&world, Edit, &[edit(&[EditField::Expiry])]);
    world.first().clamped = Some(Expiry::Lifetime(Span::days(90)));
    decides(&world, Nothing, &[]);
    world.now = at(29 * DAY - 14 * DAY + 14 * DAY / 8);
    decides(&world, Rotate, &[create(2)]);
    world.now = now();
    // A life as short as its renewal would be due at once, and for ever.
    world.first().expires_at = Some(at(9 * DAY));
    world.live(1).expires_at = Some(Some(at(9 * DAY)));
    decides(&world, Nothing, &[]);
    for expiry in [Expiry::Never, Expiry::At(at(300 * DAY))] {
        world.wanted().expiry = expiry;
        decides(&world, Edit, &[edit(&[EditField::Expiry])]);
        let mut taken = world.clone();
        taken.first().clamped = Some(expiry);
        decides(&taken, Nothing, &[]);
        taken.now = at(8 * DAY);
        decides(&taken, Rotate, &[create(2)]);
    }
}

#[test]
fn an_end_that_cannot_be_taken_away_is_replaced() {
    let mut world = World::settled();
    world.wanted().expiry = Expiry::Never;
    decides(&world, Edit, &[edit(&[EditField::Expiry])]);
    world.capabilities.expiry.clear = false;
    decides(&world, Replace, &[create(2)]);
    world.wanted().expiry = Expiry::Lifetime(Span::days(120));
    decides(&world, Edit, &[edit(&[EditField::Expiry])]);
}

#[test]
fn what_was_disabled_by_its_end_gets_its_own_again() {
    let mut world = in_row(Row::Return, |world| {
        hold(world, GenerationState::Disabled);
        world.first().disabled_at = Some(at(-60));
        world.live(1).enabled = Some(false);
    });
    world.live(1).expires_at = Some(Some(at(-120)));
    decides(&world, Enable, &[enable(1)]);
}

#[test]
fn a_create_in_doubt_waits_for_a_person() {
    let mut world = World::new();
    world.capabilities.label.none = true;
    world.wanted().label = "".into();
    let intent = Generation {
        state: GenerationState::Ambiguous,
        id: None,
        label: String::new(),
        sealed: None,
        created_at: at(-DAY),
        ..generation(1)
    };
    world.record(vec![intent]);
    decides(&world, Create, &[recover(1), create(2)]);
    let stranger = ObservedKey { id: "stranger".to_owned(), label: String::new(), created_at: Some(at(-DAY + 5)), ..observed(1) };
    world.observe(stranger.clone());
    let finding = blocked(&world, "plan/ambiguous");
    assert!(finding.message.contains("it may be `stranger`"), "{}", finding.message);
    assert!(finding.help.unwrap().contains("keywright recover acct/hooks --found ID"));
    let untold = ObservedKey { created_at: None, ..stranger.clone() };
    let older = ObservedKey { created_at: Some(at(-DAY - 301)), ..stranger.clone() };
    let dead = ObservedKey { enabled: Some(false), ..stranger.clone() };
    let ours = ObservedKey { own: true, ..stranger.clone() };
    // The provider's clock may be slow, or tell the day alone.
    for (key, doubt) in [(untold, true), (older, true), (dead, false), (ours, false)] {
        world.observe(key);
        assert_eq!(world.decision().0 == Blocked, doubt);
    }
    let mut listed_before = world.clone();
    listed_before.generation(1).beside = vec!["stranger".to_owned()];
    listed_before.observe(stranger.clone());
    decides(&listed_before, Create, &[recover(1), create(2)]);
    // A key in use can be ended all the same.
    world.observe(stranger);
    let mut rotating = world.clone();
    let current = Generation { label: String::new(), ..generation(2) };
    rotating.ledger.as_mut().unwrap().put(current.clone());
    rotating.observe(shown(&current));
    blocked(&rotating, "plan/ambiguous");
    rotating.desired = None;
    decides(&rotating, DisableIt, &[disable(2)]);
    assert!(rotating.codes().contains(&"plan/ambiguous"));
}

#[test]
fn keys_without_labels_are_no_twins() {
    let mut world = World::new();
    world.capabilities.label.none = true;
    world.wanted().label = "".into();
    world.observe(ObservedKey { label: String::new(), ..observed(7) });
    decides(&world, Create, &[create(1)]);
    assert!(!world.change().unwrap().notes.iter().any(|note| note.contains("same label")));
}

#[test]
fn other_addresses_are_left_out() {
    let mut world = World::new();
    let other = DesiredKey { address: "acct/aaa".parse().unwrap(), label: "Other".into(), ..desired() };
    world.others.insert(other.address.name.clone(), (Some(other), None));
    world.only.insert(address());
    let plan = world.plan();
    assert_eq!((plan.changes.len(), &plan.changes[0].address, plan.summary.none), (1, &address(), 0));
    world.record(vec![generation(1)]);
    world.observe(observed(1));
    assert_eq!((world.plan().changes.len(), world.plan().summary.none), (0, 1));
}

#[test]
fn the_summary_counts_access_that_comes_about() {
    let mut world = World::new();
    world.wanted().scopes = scopes(&["x:hooks:create", "x:pay:read"]);
    let summary = world.plan().summary;
    assert_eq!((summary.create, summary.access_gained, summary.highest_risk), (1, 2, Some(Risk::High)));
    world.snapshot.own_scopes = Some(ScopeSet::new());
    let summary = world.plan().summary;
    assert_eq!((summary.blocked, summary.access_gained, summary.highest_risk), (1, 0, None));
}

#[test]
fn a_plan_is_valid_for_a_day() {
    let plan = World::new().plan();
    assert_eq!((plan.format_version.as_str(), plan.expires_at), ("1.0", at(DAY)));
}
