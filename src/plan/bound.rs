//! Compares a fresh plan with an approved one. What was approved is an upper bound: more stops an apply, less is fine.
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::compare::day;
use super::{Action, Change, EditField, Plan, PlanStep};
use crate::model::{Address, Scope};

/// What the fresh plan contains and the approved one does not, a line each. Recovery of an earlier apply is exempt.
pub fn exceeds(approved: &Plan, fresh: &Plan) -> Vec<String> {
    let known: BTreeMap<&Address, &Change> =
        approved.changes.iter().filter(|change| acts(change)).map(|change| (&change.address, change)).collect();
    let mut lines = Vec::new();
    for change in fresh.changes.iter().filter(|change| acts(change)) {
        match known.get(&change.address) {
            Some(approved) => lines.extend(more(approved, change).into_iter().map(|line| format!("`{}`: {line}", change.address))),
            None if change.steps.iter().all(is_recovery) => {}
            None => lines.push(format!("`{}`: {} was not approved ({})", change.address, change.action.as_str(), change.reason)),
        }
    }
    lines
}

/// The same after a recovery in between: what it recorded may have taken the number of a generation that is still to be created, or given it back.
pub fn exceeds_after_recovery(shown: &Plan, fresh: &Plan) -> Vec<String> {
    let created = |change: &Change| {
        change.steps.iter().find_map(|step| match step {
            PlanStep::Create { generation } => Some(*generation),
            PlanStep::Recover { .. }
            | PlanStep::Open { .. }
            | PlanStep::Edit { .. }
            | PlanStep::Enable { .. }
            | PlanStep::Disable { .. }
            | PlanStep::Delete { .. }
            | PlanStep::Reseal { .. }
            | PlanStep::Deliver { .. }
            | PlanStep::Move { .. }
            | PlanStep::Record { .. } => None,
        })
    };
    let numbers: BTreeMap<&Address, u32> = shown.changes.iter().filter_map(|change| Some((&change.address, created(change)?))).collect();
    let mut renumbered = fresh.clone();
    for change in &mut renumbered.changes {
        let (before, now) = (numbers.get(&change.address).copied(), created(change));
        if let (Some(before), Some(now)) = (before, now)
            && before != now
            && let Some(step) = change.steps.iter_mut().find(|step| **step == PlanStep::Create { generation: now })
        {
            *step = PlanStep::Create { generation: before };
        }
    }
    exceeds(shown, &renumbered)
}

/// Whether applying the change does something.
fn acts(change: &Change) -> bool {
    match change.action {
        Action::Blocked | Action::None => false,
        Action::Create
        | Action::Edit
        | Action::Rotate
        | Action::Replace
        | Action::Disable
        | Action::Enable
        | Action::Delete
        | Action::Reseal
        | Action::Deliver
        | Action::Attended => true,
    }
}

fn is_recovery(step: &PlanStep) -> bool {
    matches!(step, PlanStep::Recover { .. })
}

fn more(approved: &Change, fresh: &Change) -> Vec<String> {
    let steps: Vec<&PlanStep> = fresh.steps.iter().filter(|step| !is_recovery(step)).collect();
    if steps.is_empty() {
        return Vec::new();
    }
    let mut lines = Vec::new();
    let unknown: Vec<&PlanStep> = steps.iter().copied().filter(|step| !allows(approved, fresh, step)).collect();
    // A part of what was approved may bear another name, such as the disabling that a rotation left over.
    if approved.action != fresh.action && !unknown.is_empty() {
        lines.push(format!("the action is now {}, approved was {}", fresh.action.as_str(), approved.action.as_str()));
    }
    lines.extend(unknown.into_iter().map(|step| format!("{} was not approved", describe(step))));
    let concerned = |number: u32| steps.iter().any(|step| step.generation() == number);
    for (number, name) in fresh.generations.iter().filter(|(number, _)| concerned(**number)) {
        let other = approved.generations.get(number).filter(|approved| *approved != name);
        lines.extend(other.map(|other| format!("generation {number} is now `{name}`, approved was `{other}`")));
    }
    if fresh.request > approved.request && fresh.steps.iter().any(|step| matches!(step, PlanStep::Create { .. } | PlanStep::Open { .. })) {
        lines.push("a person asks for the new generation, which was not approved".to_owned());
    }
    lines.extend(access(approved, fresh));
    lines
}

/// Whether an approved step covers this one.
fn allows(approved: &Change, fresh: &Change, step: &PlanStep) -> bool {
    match step {
        PlanStep::Edit { generation, fields } => approved.steps.iter().any(|other| match other {
            PlanStep::Edit { generation: approved, fields: allowed } => {
                approved == generation && fields.iter().all(|field| allowed.contains(field))
            }
            PlanStep::Recover { .. }
            | PlanStep::Create { .. }
            | PlanStep::Open { .. }
            | PlanStep::Enable { .. }
            | PlanStep::Disable { .. }
            | PlanStep::Delete { .. }
            | PlanStep::Reseal { .. }
            | PlanStep::Deliver { .. }
            | PlanStep::Move { .. }
            | PlanStep::Record { .. } => false,
        }),
        // The generation that was approved and interrupted is made again under the next number.
        PlanStep::Create { .. } if approved.steps.contains(step) => true,
        PlanStep::Create { .. } => fresh.steps.iter().any(|other| match other {
            PlanStep::Recover { generation } => approved.steps.contains(&PlanStep::Create { generation: *generation }),
            PlanStep::Create { .. }
            | PlanStep::Open { .. }
            | PlanStep::Edit { .. }
            | PlanStep::Enable { .. }
            | PlanStep::Disable { .. }
            | PlanStep::Delete { .. }
            | PlanStep::Reseal { .. }
            | PlanStep::Deliver { .. }
            | PlanStep::Move { .. }
            | PlanStep::Record { .. } => false,
        }),
        // The approval is of the place: the generation may have got another number since, or be the one before.
        PlanStep::Deliver { to, .. } => {
            approved.steps.iter().any(|other| matches!(other, PlanStep::Deliver { to: allowed, .. } if allowed == to))
        }
        PlanStep::Recover { .. }
        | PlanStep::Open { .. }
        | PlanStep::Enable { .. }
        | PlanStep::Disable { .. }
        | PlanStep::Delete { .. }
        | PlanStep::Reseal { .. }
        | PlanStep::Move { .. }
        | PlanStep::Record { .. } => approved.steps.contains(step),
    }
}

/// Access that the fresh change gives and the approved one does not.
fn access(approved: &Change, fresh: &Change) -> Vec<String> {
    let mut lines = Vec::new();
    let allowed = |scope| approved.access.gained.iter().any(|entry| entry.scope == scope);
    for entry in fresh.access.gained.iter().filter(|entry| !allowed(entry.scope.clone())) {
        lines.push(format!("gains `{}`, which was not approved", entry.scope));
    }
    let loses = |scope| approved.access.lost.iter().any(|entry| entry.scope == scope);
    for entry in fresh.access.lost.iter().filter(|entry| !loses(entry.scope.clone())) {
        lines.push(format!("loses `{}`, which was not approved", entry.scope));
    }
    for scope in fresh.access.open_ended.iter().filter(|scope| !approved.access.open_ended.contains(scope)) {
        lines.push(format!("`{scope}` is open-ended, which was not approved"));
    }
    for key in fresh.access.recipients_added.iter().filter(|key| !approved.access.recipients_added.contains(key)) {
        lines.push(format!("`{key}` could open the secret, which was not approved"));
    }
    for place in fresh.access.deliveries_added.iter().filter(|place| !approved.access.deliveries_added.contains(place)) {
        lines.push(format!("{place} would get the secret, which was not approved"));
    }
    for gain in fresh.access.options_gained.iter().filter(|gain| !approved.access.options_gained.contains(gain)) {
        let value = gain.value.as_ref().map_or_else(|| "confine the key no longer".to_owned(), |value| format!("give `{value}`"));
        lines.push(format!("option `{}` would {value}, which was not approved", gain.option));
    }
    let makes = fresh
        .steps
        .iter()
        .any(|step| matches!(step, PlanStep::Create { .. } | PlanStep::Open { .. } | PlanStep::Edit { .. } | PlanStep::Enable { .. }));
    let sets = |field| {
        let makes = |step: &PlanStep| matches!(step, PlanStep::Create { .. } | PlanStep::Open { .. });
        fresh.steps.iter().any(|step| makes(step) || step.edits(field))
    };
    let known: BTreeSet<&Scope> = approved.access.gained.iter().map(|entry| &entry.scope).chain(&approved.access.kept).collect();
    match (&approved.after, &fresh.after) {
        // Work on older generations leaves the key as it is.
        (Some(_) | None, Some(_) | None) if !makes => {}
        (Some(approved), Some(fresh)) => {
            let kept = |scope: &&Scope| known.contains(scope) || approved.scopes.contains(*scope);
            for scope in fresh.scopes.iter().filter(|scope| sets(EditField::Scopes) && !kept(scope)) {
                lines.push(format!("the key would have `{scope}`, which was not approved"));
            }
            if later(fresh.expires_at, approved.expires_at) {
                lines.push(format!("the key would end {}, approved was {}", end(fresh.expires_at), end(approved.expires_at)));
            }
            if fresh.state == "active" && approved.state != "active" {
                lines.push("the key would be active, approved was disabled".to_owned());
            }
            if sets(EditField::Label) && fresh.label != approved.label {
                lines.push("the label is not the approved one".to_owned());
            }
        }
        (None, Some(fresh)) if fresh.state == "active" => lines.push("the key would be active, approved was its end".to_owned()),
        (None, Some(_) | None) | (Some(_), None) => {}
    }
    lines
}

fn later(fresh: Option<Timestamp>, approved: Option<Timestamp>) -> bool {
    match (fresh, approved) {
        (Some(fresh), Some(approved)) => fresh > approved,
        (None, Some(_)) => true,
        (Some(_) | None, None) => false,
    }
}

fn end(instant: Option<Timestamp>) -> String {
    instant.map_or_else(|| "never".to_owned(), |instant| format!("on {}", day(instant)))
}

fn describe(step: &PlanStep) -> String {
    let generation = step.generation();
    match step {
        PlanStep::Recover { .. } => format!("recovering generation {generation}"),
        PlanStep::Create { .. } => format!("creating generation {generation}"),
        PlanStep::Open { .. } => format!("opening generation {generation} for a person"),
        PlanStep::Edit { fields, .. } => {
            let fields: Vec<&str> = fields.iter().map(|field| field.as_str()).collect();
            format!("editing {} of generation {generation}", fields.join(", "))
        }
        PlanStep::Enable { .. } => format!("enabling generation {generation}"),
        PlanStep::Disable { .. } => format!("disabling generation {generation}"),
        PlanStep::Delete { .. } => format!("deleting generation {generation}"),
        PlanStep::Reseal { .. } => format!("encrypting generation {generation} anew"),
        PlanStep::Deliver { to, .. } => format!("giving generation {generation} to `{to}`"),
        PlanStep::Move { from, .. } => format!("moving the key from `{from}`"),
        PlanStep::Record { .. } => format!("recording generation {generation}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;
    use crate::model::{Expiry, Generation, GenerationState, Recipients, Span};
    use std::sync::Arc;

    fn edit() -> World {
        let mut world = World::settled();
        world.wanted().scopes = scopes(&["x:hooks:*"]);
        world
    }

    #[test]
    fn the_same_or_less_is_fine() {
        let approved = edit().plan();
        assert_eq!(exceeds(&approved, &approved), [""; 0]);
        assert_eq!(exceeds(&approved, &World::settled().plan()), [""; 0]);
        let mut less = edit();
        less.live(1).scopes = Some(scopes(&["x:hooks:create", "x:hooks:read"]));
        assert_eq!(exceeds(&approved, &less.plan()), [""; 0], "one scope less is gained");
        let mut both = edit();
        both.wanted().label = "Other".into();
        let mut label = both.clone();
        label.wanted().scopes = World::settled().wanted().scopes.clone();
        assert_eq!(exceeds(&both.plan(), &label.plan()), [""; 0], "a part of the approved fields");
        let mut blocked = edit();
        blocked.listing = Kind::Unavailable;
        assert_eq!(exceeds(&World::settled().plan(), &blocked.plan()), [""; 0], "what is blocked does nothing");
    }

    #[test]
    fn more_is_named() {
        let line = |approved: &World, fresh: &World, part: &str| {
            let lines = exceeds(&approved.plan(), &fresh.plan());
            assert!(lines.iter().any(|line| line.contains(part)), "{part}: {lines:?}");
        };
        let settled = World::settled();
        line(&settled, &edit(), "`acct/hooks`: edit was not approved (scopes differ)");
        let mut wider = edit();
        wider.wanted().scopes = scopes(&["x:hooks:*", "x:key:read"]);
        line(&edit(), &wider, "gains `x:key:read`");
        line(&edit(), &wider, "the key would have `x:key:read`");
        let mut other = edit();
        other.wanted().label = "Other".into();
        line(&edit(), &other, "editing label, scopes of generation 1 was not approved");
        let mut forced = edit();
        forced.capabilities.editable.scopes = false;
        line(&edit(), &forced, "the action is now replace, approved was edit");
        line(&edit(), &forced, "creating generation 2 was not approved");
        let mut later = World::new();
        later.wanted().expiry = Expiry::Lifetime(Span::days(91));
        line(&World::new(), &later, "the key would end on 2027-02-20, approved was on 2027-02-19");
        later.wanted().expiry = Expiry::Never;
        line(&World::new(), &later, "the key would end never");
        let mut labelled = World::new();
        labelled.wanted().label = "Other".into();
        line(&World::new(), &labelled, "the label is not the approved one");
        let mut open = World::settled();
        open.can_open = true;
        let with = |world: &World, keys: &[&str]| {
            let mut world = world.clone();
            let more: Recipients = recipients(&[("ops", &["age1a", "age1b"]), ("recovery", &["age1c"]), ("new", keys)]);
            world.wanted().recipients = Arc::new(more);
            world
        };
        line(&with(&open, &["age1d"]), &with(&open, &["age1d", "age1e"]), "`age1e` could open the secret");
        let mut gone = World::settled();
        gone.desired = None;
        let mut enabled = World::settled();
        enabled.live(1).enabled = Some(false);
        line(&gone, &enabled, "the key would be active, approved was its end");
    }

    #[test]
    fn a_number_that_means_another_key_is_named() {
        let mut gone = World::settled();
        gone.desired = None;
        let approved = gone.plan();
        assert_eq!(exceeds(&approved, &approved), [""; 0]);
        gone.first().marker = Some(marker(9));
        let (old, new) = (marker(1), marker(9));
        assert_eq!(exceeds(&approved, &gone.plan()), [format!("`acct/hooks`: generation 1 is now `{new}`, approved was `{old}`")]);
        gone.first().marker = None;
        let adopted = gone.plan();
        assert_eq!(exceeds(&adopted, &adopted), [""; 0]);
        gone.first().id = Some(id(2));
        gone.observe(observed(2));
        assert_eq!(exceeds(&adopted, &gone.plan()).len(), 1, "an adopted one is known by its id");
    }

    #[test]
    fn recovery_is_exempt() {
        let approved = World::new().plan();
        let mut interrupted = World::new();
        interrupted.record(vec![Generation { state: GenerationState::Intended, id: None, ..generation(1) }]);
        assert_eq!(exceeds(&approved, &interrupted.plan()), [""; 0], "the approved creation goes on under the next number");
        let lines = exceeds(&World::settled().plan(), &interrupted.plan());
        assert_eq!(lines.len(), 1, "a creation that was never approved: {lines:?}");
        let mut older = World::settled();
        older.record(vec![generation(2), Generation { state: GenerationState::Lost, ..generation(1) }]);
        older.observe(observed(2));
        assert_eq!(exceeds(&World::settled().plan(), &older.plan()), [""; 0]);
    }

    #[test]
    fn a_left_over_part_may_bear_another_name() {
        let mut world = World::settled();
        world.record(vec![generation(2), Generation { state: GenerationState::Retiring, disable_after: Some(at(-1)), ..generation(1) }]);
        world.observe(observed(2));
        let mut both = world.clone();
        both.wanted().label = "Other".into();
        assert_eq!(exceeds(&both.plan(), &world.plan()), [""; 0]);
        assert_eq!(world.change().unwrap().action, Action::Disable);
    }
}
