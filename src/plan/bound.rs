//! Compares a fresh plan with an approved one. What was approved is an upper bound: more stops an apply, less is fine.
use std::collections::BTreeMap;

use jiff::Timestamp;

use super::compare::day;
use super::{Action, Change, Plan, PlanStep};
use crate::model::Address;

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
            | PlanStep::Enable { .. }
            | PlanStep::Disable { .. }
            | PlanStep::Delete { .. }
            | PlanStep::Reseal { .. }
            | PlanStep::Record { .. } => false,
        }),
        // The generation that was approved and interrupted is made again under the next number.
        PlanStep::Create { .. } if approved.steps.contains(step) => true,
        PlanStep::Create { .. } => fresh.steps.iter().any(|other| match other {
            PlanStep::Recover { generation } => approved.steps.contains(&PlanStep::Create { generation: *generation }),
            PlanStep::Create { .. }
            | PlanStep::Edit { .. }
            | PlanStep::Enable { .. }
            | PlanStep::Disable { .. }
            | PlanStep::Delete { .. }
            | PlanStep::Reseal { .. }
            | PlanStep::Record { .. } => false,
        }),
        PlanStep::Recover { .. }
        | PlanStep::Enable { .. }
        | PlanStep::Disable { .. }
        | PlanStep::Delete { .. }
        | PlanStep::Reseal { .. }
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
    for scope in fresh.access.open_ended.iter().filter(|scope| !approved.access.open_ended.contains(scope)) {
        lines.push(format!("`{scope}` is open-ended, which was not approved"));
    }
    for key in fresh.access.recipients_added.iter().filter(|key| !approved.access.recipients_added.contains(key)) {
        lines.push(format!("`{key}` could open the secret, which was not approved"));
    }
    match (&approved.after, &fresh.after) {
        (Some(approved), Some(fresh)) => {
            for scope in fresh.scopes.difference(&approved.scopes) {
                lines.push(format!("the key would have `{scope}`, which was not approved"));
            }
            if later(fresh.expires_at, approved.expires_at) {
                lines.push(format!("the key would end {}, approved was {}", end(fresh.expires_at), end(approved.expires_at)));
            }
            if fresh.state == "active" && approved.state != "active" {
                lines.push("the key would be active, approved was disabled".to_owned());
            }
            if fresh.label != approved.label {
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
        PlanStep::Edit { fields, .. } => {
            let fields: Vec<&str> = fields.iter().map(|field| field.as_str()).collect();
            format!("editing {} of generation {generation}", fields.join(", "))
        }
        PlanStep::Enable { .. } => format!("enabling generation {generation}"),
        PlanStep::Disable { .. } => format!("disabling generation {generation}"),
        PlanStep::Delete { .. } => format!("deleting generation {generation}"),
        PlanStep::Reseal { .. } => format!("encrypting generation {generation} anew"),
        PlanStep::Record { .. } => format!("recording generation {generation}"),
    }
}
