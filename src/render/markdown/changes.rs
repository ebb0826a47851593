//! The tables of changes in a comment: what this change introduces, what was pending, what it withdraws. Each sorted by risk.
use std::fmt::Write as _;

use super::Page;
use super::inline::{code, prose};
use crate::model::Risk;
use crate::plan::worst;
use crate::plan::{Action, Change, Origin};
use crate::render::headline::{actions, loud};
use crate::render::plan_text::{action_words, symbol};
use crate::render::weighed::{by_risk, gained_by, gravity, weight};

/// The groups, what is introduced first; without a base there is one, and it needs no heading.
pub fn tables(out: &mut String, page: &Page<'_>) {
    let plan = page.plan;
    let sorted = by_risk(&plan.changes);
    let of = |origin: Option<Origin>| sorted.iter().copied().filter(|change| change.origin == origin).collect::<Vec<_>>();
    let (introduced, pending, plain) = (of(Some(Origin::Introduced)), of(Some(Origin::Pending)), of(None));
    if plan.base.is_some() {
        table(out, page, &format!("### Introduced here ({})\n\n", introduced.len()), &introduced);
        table(out, page, &format!("### Already pending ({})\n\n", pending.len()), &pending);
    } else {
        table(out, page, "", &introduced);
        table(out, page, "", &pending);
    }
    table(out, page, "", &plain);
    if let Some(base) = &plan.base {
        let heading = format!("### Withdrawn by this change ({}): the base asks for it, and this tree does not\n\n", base.withdrawn.len());
        table(out, page, &heading, &by_risk(&base.withdrawn));
    }
}

fn table(out: &mut String, page: &Page<'_>, heading: &str, changes: &[&Change]) {
    if changes.is_empty() {
        return;
    }
    let _ = write!(out, "{heading}| | Key | Change | Access | Owner |\n|:-:|---|---|---|---|\n");
    let (hidden, shown): (Vec<&Change>, Vec<&Change>) = changes.iter().partition(|change| page.fold.hides(gravity(change)));
    for change in shown {
        row(out, page, change);
    }
    for risk in [Risk::Medium, Risk::Low] {
        let folded: Vec<&Change> = hidden.iter().copied().filter(|change| gravity(change) == risk).collect();
        if !folded.is_empty() {
            let (gained, lost) =
                (sum(folded.iter().flat_map(|change| change.access.gains())), sum(folded.iter().flat_map(|change| change.access.losses())));
            let counted = actions(folded.iter().copied()).join(" · ");
            let _ = writeln!(out, "| | _{} more, {}_ | {counted} | +{gained} −{lost} | |", folded.len(), loud(risk));
        }
    }
    out.push('\n');
}

fn sum(things: impl Iterator<Item = (Risk, usize)>) -> usize {
    things.map(|(_, count)| count).sum()
}

fn row(out: &mut String, page: &Page<'_>, change: &Change) {
    let (mark, _) = symbol(change.action);
    let owner = change.owner.as_deref().map(code).unwrap_or_default();
    let _ = writeln!(out, "| `{mark}` | {} | {} | {} | {owner} |", code(&change.address.to_string()), what(change, page), access(change));
}

/// The action, its reason, and the end of what is new.
fn what(change: &Change, page: &Page<'_>) -> String {
    let words = action_words(change.action);
    let mut text = match change.action {
        Action::Replace | Action::Rotate | Action::Blocked => format!("**{words}**"),
        Action::Create
        | Action::Edit
        | Action::Disable
        | Action::Enable
        | Action::Delete
        | Action::Reseal
        | Action::Deliver
        | Action::Attended
        | Action::None => words.to_owned(),
    };
    if !change.reason.is_empty() {
        let _ = write!(text, ": {}", prose(&change.reason));
    }
    if let (true, Some(end)) = (super::exact::makes(change), change.after.as_ref()) {
        let _ = match end.expires_at {
            Some(at) => {
                let days = at.duration_since(page.plan.created_at).as_hours() / 24;
                write!(text, " · expires {} ({days} d)", crate::render::plan_text::day(at))
            }
            None => write!(text, " · **never expires**"),
        };
    }
    text
}

/// What a key gains and loses, in a few words; the tables below tell it scope by scope.
fn access(change: &Change) -> String {
    let mut rows = Vec::new();
    gained_by(change, &mut rows);
    rows.sort_by_key(|row| std::cmp::Reverse(row.risk));
    let mut parts = Vec::new();
    let (gained, _) = weight(change);
    if let (Some(risk), Some(first)) = (gained, rows.first()) {
        let things: usize = rows.iter().map(super::Row::things).sum();
        let most = if things > 1 { ", up to" } else { "" };
        let text = format!("+{things}{most} {}", loud(risk));
        let text = if risk >= Risk::High { format!("**{text}**") } else { text };
        parts.push(format!("{text} {}", first.kind()));
    }
    if let Some(risk) = worst(&change.access.lost) {
        let first = change.access.lost.iter().find(|entry| entry.risk == risk);
        let kind = first.map(super::weighed::level_and_tags).unwrap_or_default();
        let kind = if risk >= Risk::High { format!("**{kind}**") } else { kind };
        parts.push(format!("−{} {kind}", change.access.lost.len()));
    }
    if !change.access.recipients_removed.is_empty() {
        parts.push(format!("−{} recipients", change.access.recipients_removed.len()));
    }
    if !change.access.open_ended.is_empty() {
        parts.push("open-ended".to_owned());
    }
    match (parts.is_empty(), change.action == Action::Blocked) {
        (true, true) => "none: blocked".to_owned(),
        (true, false) => "same".to_owned(),
        (false, true) => format!("not now: {}", parts.join(" · ")),
        (false, false) => parts.join(" · "),
    }
}
