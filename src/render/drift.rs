//! What was done by hand at the providers, a line each.
use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::palette::{Ink, Style};
use super::plan_sections as sections;
use super::plan_text::ends;
use super::table::{Cell, table};
use crate::model::Address;
use crate::model::text_safety::safe;
use crate::plan::{AccessEntry, Action, Change, KeyView, Plan};

/// Scopes that a line names before it counts the rest.
const NAMED: usize = 3;

/// The section of a text plan; nothing when nothing was done.
pub fn section(out: &mut String, plan: &Plan, style: Style) {
    if plan.drift.is_empty() {
        return;
    }
    let label = style.paint(Ink::Strong, "drift");
    let _ = writeln!(out, "\n{label}   {} that no manifest asked for", sections::count(plan.drift.len(), "difference"));
    let rows: Vec<Vec<Cell>> = plan.drift.iter().map(row).collect();
    out.push_str(&table(&["  KEY", "RISK", "CORRECTED BY", "WHAT"], &rows, style));
}

/// The whole answer of `plan --drift`.
pub fn drift_text(plan: &Plan, style: Style) -> String {
    let mut out = String::new();
    section(&mut out, plan, style);
    sections::accounts(&mut out, plan, style);
    sections::diagnostics(&mut out, plan, style);
    let keys: BTreeSet<&Address> = plan.drift.iter().map(|change| &change.address).collect();
    let unread = plan.accounts.values().filter(|account| account.listing == "unavailable").count();
    let mut sentences = vec![match keys.len() {
        0 => "Drift: none.".to_owned(),
        n => format!("Drift: {} of {}.", sections::count(plan.drift.len(), "difference"), sections::count(n, "key")),
    }];
    if unread > 0 {
        sentences.push(format!("{} unavailable.", sections::count(unread, "account")));
    }
    if !out.is_empty() {
        out.push('\n');
    }
    let _ = writeln!(out, "{}", sentences.join(" "));
    out.trim_start_matches('\n').to_owned()
}

fn row(change: &Change) -> Vec<Cell> {
    let risk = change.access.gained.iter().map(|entry| entry.risk).max();
    let corrected = match change.action {
        Action::Blocked => "nothing: blocked",
        Action::Create
        | Action::Edit
        | Action::Rotate
        | Action::Replace
        | Action::Disable
        | Action::Enable
        | Action::Delete
        | Action::Reseal
        | Action::Deliver
        | Action::Attended
        | Action::None => change.action.as_str(),
    };
    vec![
        Cell::new(format!("  {}", change.address)),
        risk.map_or_else(|| Cell::new("-"), |risk| Cell::inked(risk.as_str().to_uppercase(), Ink::Risk(risk))),
        Cell::new(corrected),
        Cell::new(format!("{}{}", safe(&change.reason), detail(change))),
    ]
}

/// What exactly was done, after a colon.
fn detail(change: &Change) -> String {
    let (Some(before), Some(after)) = (&change.before, &change.after) else { return String::new() };
    if before.state != after.state {
        return String::new();
    }
    let label = |view: &KeyView| safe(view.label.as_deref().unwrap_or_default()).into_owned();
    if before.label != after.label {
        return format!(": `{}` -> `{}`", label(before), label(after));
    }
    if before.expires_at != after.expires_at {
        return format!(": {}", ends(before.expires_at, after.expires_at));
    }
    let words = |sign: &str, entries: &[AccessEntry]| {
        let mut words: Vec<String> = entries.iter().take(NAMED).map(|entry| format!("{sign}{}", safe(entry.scope.as_str()))).collect();
        if entries.len() > NAMED {
            words.push(format!("{sign}{} more", entries.len() - NAMED));
        }
        words
    };
    let scopes = [words("+", &change.access.gained), words("-", &change.access.lost)].concat();
    if scopes.is_empty() { String::new() } else { format!(": {}", scopes.join(" ")) }
}
