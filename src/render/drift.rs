//! What was done by hand at the providers, a line each.
use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::palette::{Ink, Style};
use super::plan_sections as sections;
use super::plan_text::ends;
use super::table::{Cell, table};
use super::weighed::weight;
use crate::model::text_safety::safe;
use crate::model::{Address, Risk};
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
    let (risk, _) = weight(change);
    let risk = risk.max(change.access.unsaid.then_some(Risk::Critical));
    let corrected = match change.action {
        Action::Blocked => "nothing: blocked",
        Action::None => "nothing now",
        Action::Create
        | Action::Edit
        | Action::Rotate
        | Action::Replace
        | Action::Disable
        | Action::Enable
        | Action::Delete
        | Action::Reseal
        | Action::Deliver
        | Action::Attended => change.action.as_str(),
    };
    vec![
        Cell::new(format!("  {}", change.address)),
        risk.map_or_else(|| Cell::new("-"), |risk| Cell::inked(risk.as_str().to_uppercase(), Ink::Risk(risk))),
        Cell::new(corrected),
        Cell::new(format!("{}{}{}", safe(&change.reason), detail(change), until(change))),
    ]
}

/// When it ends that nothing corrects now, after a semicolon.
pub fn until(deed: &Change) -> String {
    deed.notes.iter().map(|note| format!("; {note}")).collect()
}

/// What exactly was done beside scopes: a label, an end, options. Values stand in backticks; empty where there is none.
pub fn beside_scopes(deed: &Change) -> String {
    let (Some(before), Some(after)) = (&deed.before, &deed.after) else { return String::new() };
    if before.state != after.state {
        return String::new();
    }
    let label = |view: &KeyView| safe(view.label.as_deref().unwrap_or_default()).into_owned();
    let mut parts = Vec::new();
    if before.label != after.label {
        parts.push(format!("`{}` -> `{}`", label(before), label(after)));
    }
    if before.expires_at != after.expires_at {
        parts.push(ends(before.expires_at, after.expires_at));
    }
    let gained = deed.access.options_gained.iter().map(|gain| &gain.option);
    for name in before.options.keys().chain(gained).collect::<BTreeSet<_>>() {
        let value =
            |view: &KeyView| view.options.get(name).map_or_else(|| "nothing".to_owned(), |value| format!("`{}`", safe(&value.to_string())));
        let (had, has) = (value(before), value(after));
        let known = after.options.contains_key(name) || deed.access.options_gained.iter().any(|gain| gain.option == *name);
        if known && had != has {
            parts.push(format!("`{}` {had} -> {has}", safe(name)));
        }
    }
    parts.join(", ")
}

/// What exactly was done, after a colon.
fn detail(change: &Change) -> String {
    let words = |sign: &str, entries: &[AccessEntry]| {
        let mut words: Vec<String> = entries.iter().take(NAMED).map(|entry| format!("{sign}{}", safe(entry.scope.as_str()))).collect();
        if entries.len() > NAMED {
            words.push(format!("{sign}{} more", entries.len() - NAMED));
        }
        words
    };
    let is_edit = matches!((&change.before, &change.after), (Some(before), Some(after)) if before.state == after.state);
    if !is_edit {
        return String::new();
    }
    let mut parts = vec![beside_scopes(change)];
    parts.extend(words("+", &change.access.gained));
    parts.extend(words("-", &change.access.lost));
    parts.retain(|part| !part.is_empty());
    if parts.is_empty() { String::new() } else { format!(": {}", parts.join(" ")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Risk;
    use crate::plan::{AccessDiff, OptionGain};
    use crate::render::Setting;
    use crate::render::plan_text::samples;

    #[test]
    fn every_format_tells_the_risk_and_the_value_of_what_was_done() {
        let mut plan = samples::plan();
        let mut deed = plan.changes.iter().find(|change| change.before.is_some() && change.after.is_some()).expect("an edit").clone();
        (deed.reason, deed.action) = ("options changed by hand".to_owned(), Action::None);
        deed.notes = vec!["it is disabled when its overlap ends (2026-11-24)".to_owned()];
        let mut before = deed.before.clone().expect("a view");
        before.options = [("methods".to_owned(), serde_json::json!(["HMAC"]))].into();
        let mut after = before.clone();
        after.options.insert("methods".to_owned(), serde_json::json!(["BASIC", "HMAC"]));
        (deed.before, deed.after) = (Some(before.clone()), Some(after));
        let gain =
            OptionGain { option: "methods".to_owned(), value: Some("BASIC".to_owned()), risk: Risk::High, why: "sends the secret".into() };
        deed.access = AccessDiff { options_gained: vec![gain], ..AccessDiff::default() };
        let mut removed = deed.clone();
        let after = KeyView { expires_at: None, ..before.clone() };
        let before = KeyView { expires_at: Some(plan.created_at), ..before };
        (removed.reason, removed.before, removed.after) = ("expiry removed by hand".to_owned(), Some(before), Some(after));
        removed.access = AccessDiff { expiry_extended: true, reach: Some(Risk::Critical), ..AccessDiff::default() };
        plan.changes.clear();
        plan.diagnostics.clear();
        plan.drift = vec![deed, removed];
        let setting = Setting::default();
        for text in [
            crate::render::plan_text(&plan, Style::PLAIN),
            crate::render::plan_markdown(&plan, &setting).expect("it fits"),
            crate::render::plan_html(&plan, &setting),
            crate::render::plan_sarif(&plan, &setting),
        ] {
            let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
            for word in ["HIGH", "CRITICAL", "methods", "BASIC", "never", "it is disabled when its overlap ends"] {
                assert!(flat.contains(word), "{word}: {text}");
            }
        }
        assert!(crate::render::plan_text(&plan, Style::PLAIN).contains("nothing now"));
    }
}
