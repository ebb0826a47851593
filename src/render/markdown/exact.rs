//! The folded end of a comment: every value before and after, and what the plan is bound to.
use std::fmt::Write as _;

use super::Page;
use super::inline::{code, fence, shortened};
use crate::model::{Marker, Scope, ScopeSet};
use crate::plan::{Action, Change, KeyView, LineKind, Mode, Plan};
use crate::render::plan_sections::count;
use crate::render::plan_text::{action_words, day, option_text};
use crate::render::plan_trust::brought;
use crate::render::weighed::{by_risk, gravity, line_words};

/// Longest line, in characters.
const LONGEST: usize = 4_000;

/// The differences of all keys, as a patch; most risky first.
pub(super) fn section(out: &mut String, page: &Page<'_>) {
    let changes = &page.plan.changes;
    if changes.is_empty() {
        return;
    }
    if page.fold.exact {
        let _ = writeln!(
            out,
            "_Exact values of {} are left out: the comment would be too long. `-o html` has them._\n",
            count(changes.len(), "change")
        );
        return;
    }
    let shown: Vec<&Change> = by_risk(changes).into_iter().filter(|change| !page.fold.hides(gravity(change))).collect();
    let hidden = changes.len() - shown.len();
    let mut lines = String::new();
    shown.iter().for_each(|change| lines_of(&mut lines, change));
    if hidden > 0 {
        let _ = writeln!(lines, "# and {hidden} more of lower risk");
    }
    let _ = write!(out, "<details><summary>Exact changes</summary>\n\n{}\n</details>\n", fence("diff", &lines, ""));
}

/// Whether the action makes a new generation.
pub fn makes(change: &Change) -> bool {
    crate::render::plan_text::issues(change.action)
}

/// One key's values, a sign before each line: `+` begins, `-` ends, `!` changes.
pub fn lines_of(out: &mut String, change: &Change) {
    let sign = match change.action {
        Action::Create => '+',
        Action::Disable | Action::Delete => '-',
        Action::Edit
        | Action::Rotate
        | Action::Replace
        | Action::Enable
        | Action::Reseal
        | Action::Deliver
        | Action::Attended
        | Action::Blocked
        | Action::None => '!',
    };
    let place = change.declared_at.as_ref().map(|at| format!("   {}:{}", at.file, at.line)).unwrap_or_default();
    let reason = if change.reason.is_empty() { String::new() } else { format!(": {}", change.reason) };
    line(out, sign, &format!("{}   {}{reason}{place}", change.address, action_words(change.action)));
    let (before, after) = (change.before.as_ref(), change.after.as_ref());
    scopes(out, before, after);
    // That a line begins or ends, the scopes say.
    for explained in change.access.lines.iter().filter(|line| line.other.is_some() || line.kind == LineKind::Unknown) {
        field(out, '!', "line", &line_words(explained).replace('`', ""));
    }
    let end = |view: &KeyView| view.expires_at.map_or_else(|| "never".to_owned(), day);
    value(out, "expires", before.map(end), after.map(end));
    value(out, "state", before.map(|view| view.state.clone()), after.map(|view| view.state.clone()));
    // A new generation's marker is drawn by apply.
    let bare = |view: &KeyView| view.label.as_deref().map(|label| Marker::strip_from(label).to_owned());
    value(out, "label", before.and_then(bare), after.and_then(bare));
    options(out, before, after);
    for key in &change.access.recipients_added {
        field(out, '+', "recipient", key);
    }
    for key in &change.access.recipients_removed {
        field(out, '-', "recipient", key);
    }
    for place in &change.access.deliveries_added {
        field(out, '+', "delivery", place);
    }
    if let Some(longer) = change.access.overlap {
        value(out, "overlap", Some(longer.before.to_string()), Some(longer.after.to_string()));
    }
    for note in &change.notes {
        field(out, '!', "note", note);
    }
    if !change.words.is_empty() {
        field(out, '!', "steps", &change.words.join(", "));
    }
}

/// Words that are granted before and after: what is gone, then what is new.
fn scopes(out: &mut String, before: Option<&KeyView>, after: Option<&KeyView>) {
    let of = |view: Option<&KeyView>| view.map_or_else(ScopeSet::new, |view| view.scopes.clone());
    let (old, new) = (of(before), of(after));
    let words = |scopes: Vec<&Scope>| scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(", ");
    let (gone, come) = (words(old.difference(&new).collect()), words(new.difference(&old).collect()));
    if !gone.is_empty() {
        field(out, '-', "scopes", &gone);
    }
    if !come.is_empty() {
        field(out, '+', "scopes", &come);
    }
}

fn options(out: &mut String, before: Option<&KeyView>, after: Option<&KeyView>) {
    let names = before.into_iter().chain(after).flat_map(|view| view.options.keys());
    for name in names.collect::<std::collections::BTreeSet<_>>() {
        let text = |view: Option<&KeyView>| view.and_then(|view| view.options.get(name)).map(option_text);
        value(out, &format!("option {name}"), text(before), text(after));
    }
}

/// A value that begins, ends or changes; nothing when it stays.
fn value(out: &mut String, name: &str, before: Option<String>, after: Option<String>) {
    if before == after {
        return;
    }
    if let Some(before) = before {
        field(out, '-', name, &before);
    }
    if let Some(after) = after {
        field(out, '+', name, &after);
    }
}

fn field(out: &mut String, sign: char, name: &str, text: &str) {
    line(out, sign, &format!("  {name:<10} {text}"));
}

/// One line, whatever the text holds.
fn line(out: &mut String, sign: char, text: &str) {
    let _ = writeln!(out, "{sign} {}", crate::model::text_safety::safe(&shortened(text, LONGEST)));
}

/// What apply will do in which order, and what the plan is bound to.
pub(super) fn identity(out: &mut String, page: &Page<'_>) {
    let plan = page.plan;
    out.push_str("<details><summary>On merge, and what this plan is bound to</summary>\n\n");
    let acting: Vec<&Change> = plan.changes.iter().filter(|change| change.action != Action::Blocked).collect();
    if !acting.is_empty() && !page.fold.brief() {
        let steps: Vec<String> = acting
            .iter()
            .enumerate()
            .map(|(i, change)| format!("{} {} {}", i + 1, change.action.as_str(), code(&change.address.to_string())))
            .collect();
        let _ = writeln!(out, "{}.  ", steps.join(" → "));
    }
    if plan.mode == Mode::Live {
        out.push_str("Apply stops before the first write if a fresh plan would do anything that is not listed here.\n");
    }
    out.push_str("\n| | |\n|---|---|\n");
    for (name, text) in facts(plan) {
        let _ = writeln!(out, "| {name} | {text} |");
    }
    out.push_str("\n</details>\n");
}

/// What a plan is bound to, as names and Markdown.
fn facts(plan: &Plan) -> Vec<(&'static str, String)> {
    let mut facts = vec![(
        "plan",
        match plan.mode {
            Mode::Live => format!("{}, valid until {}", code(&plan.digest), plan.expires_at.strftime("%Y-%m-%d %H:%MZ")),
            Mode::Offline => format!("{}, offline: it cannot be applied", code(&plan.digest)),
        },
    )];
    match &plan.base {
        Some(base) => {
            let head =
                base.head.as_deref().map_or_else(|| "the working tree".to_owned(), |head| format!("the working tree on {}", code(head)));
            facts.push(("manifests", head));
            let brought: Vec<String> = brought(plan).into_iter().map(code).collect();
            let but =
                if brought.is_empty() { String::new() } else { format!(", but for what it brings along: account {}", brought.join(", ")) };
            let never = if brought.is_empty() { ", never from this change" } else { ", not from this change" };
            let trusted = format!("{} {}{never}{but}", code(&base.reference), code(&base.commit));
            facts.push(("configuration, profiles, policy, recipients, ledger", trusted));
        }
        None => facts.push(("manifests and configuration", "the working tree".to_owned())),
    }
    let accounts: Vec<String> = plan
        .accounts
        .iter()
        .map(|(name, account)| format!("{} {} ({} keys)", code(name.as_str()), super::inline::prose(&account.listing), account.observed))
        .collect();
    facts.push(("observed", format!("{}: {}", plan.created_at.strftime("%Y-%m-%d %H:%MZ"), accounts.join(", "))));
    if !plan.only.is_empty() {
        facts.push(("only", plan.only.iter().map(|address| code(&address.to_string())).collect::<Vec<_>>().join(", ")));
    }
    if !plan.requests.is_empty() {
        facts.push((
            "asked for",
            plan.requests.keys().map(|address| format!("rotate {}", code(&address.to_string()))).collect::<Vec<_>>().join(", "),
        ));
    }
    facts
}
