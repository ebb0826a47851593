//! What a plan with a base says: which commit it trusts, what happens to trusted files, whose doing the changes are.
use std::fmt::Write as _;

use super::palette::{Ink, Style};
use super::plan_sections::count;
use crate::model::text_safety::safe;
use crate::plan::{Action, BaseView, Change, Origin, Plan, TrustedChange, TrustedKind};

/// How many keys are named that a trusted change concerns; the others are counted.
const NAMED: usize = 5;

/// The commit that configuration, profiles and ledger come from.
pub fn header(out: &mut String, plan: &Plan, style: Style) {
    if let Some(base) = &plan.base {
        let text = format!("trusted configuration: {}", commit(base));
        let _ = writeln!(out, "{}", style.paint(Ink::Dim, &text));
    }
}

/// `REF abcdef01`.
pub fn commit(base: &BaseView) -> String {
    format!("{} {:.8}", safe(&base.reference), base.commit)
}

/// Accounts of planned keys that only the working tree has: what the plan says of them rests on the change itself.
pub fn brought(plan: &Plan) -> Vec<&str> {
    let added = plan.trusted.iter().filter(|change| change.kind == TrustedKind::AccountAdded);
    let names = added.filter_map(|change| change.subject.strip_prefix("accounts."));
    names.filter(|name| plan.changes.iter().any(|change| change.address.account.as_str() == *name)).collect()
}

/// The changes, those that the working tree introduces first; each group with its heading. Without a base: one group without.
pub fn groups(plan: &Plan) -> Vec<(Option<String>, Vec<&Change>)> {
    if plan.base.is_none() {
        return vec![(None, plan.changes.iter().collect())];
    }
    let (introduced, pending): (Vec<&Change>, Vec<&Change>) =
        plan.changes.iter().partition(|change| change.origin != Some(Origin::Pending));
    let named = [("introduced here", introduced), ("already pending without this change", pending)];
    let shown = named.into_iter().filter(|(_, changes)| !changes.is_empty());
    shown.map(|(words, changes)| (Some(format!("{words}: {}", count(changes.len(), "key"))), changes)).collect()
}

/// Changes of the base that the working tree takes back, and what it does to trusted files.
pub fn sections(out: &mut String, plan: &Plan, style: Style) {
    if let Some(base) = plan.base.as_ref().filter(|base| !base.withdrawn.is_empty()) {
        let _ = writeln!(out, "\n{}   pending in {} and taken back here", style.paint(Ink::Strong, "withdrawn"), safe(&base.reference));
        for change in base.withdrawn.iter().filter(|change| change.action != Action::None) {
            let _ = writeln!(out, "  {}  {}: {}", change.address, change.action.as_str(), safe(&change.reason));
        }
    }
    if plan.trusted.is_empty() {
        return;
    }
    let label = style.paint(Ink::Strong, "trusted files");
    let take = if plan.trusted.len() == 1 { "takes" } else { "take" };
    let but = match &brought(plan)[..] {
        [] => String::new(),
        [one] => format!("; account {} comes with it, and is planned as it says", safe(one)),
        all => format!("; accounts {} come with it, and are planned as it says", safe(&all.join(", "))),
    };
    let edits = count(plan.trusted.len(), "edit");
    let _ = writeln!(out, "\n{label}   {edits} that {take} effect only after the merge; this plan was made without{but}");
    for change in &plan.trusted {
        trusted(out, change, style);
    }
}

fn trusted(out: &mut String, change: &TrustedChange, style: Style) {
    let risk = style.paint(Ink::Risk(change.risk), &format!("{:<9}", change.risk.as_str().to_uppercase()));
    let weaker = if change.weaker { format!("  {}", style.paint(Ink::Attention, "weaker")) } else { String::new() };
    let place = change.at.as_ref().map(|at| format!("{}:{}", safe(&at.file), at.line)).unwrap_or_default();
    let subject = style.paint(Ink::Strong, &safe(&change.subject));
    let _ = writeln!(out, "  {risk} {subject}{weaker}  {}", style.paint(Ink::Dim, &place));
    if change.before.is_some() || change.after.is_some() {
        // A line that begins with `::` would be a command where CI reads along.
        let shown = |text: &str| if text.starts_with("::") { format!("\\u{{3a}}{}", safe(&text[1..])) } else { safe(text).into_owned() };
        let side = |side: &Option<String>| side.as_deref().map_or_else(|| "none".to_owned(), shown);
        let _ = writeln!(out, "            {} -> {}", side(&change.before), side(&change.after));
    }
    let _ = writeln!(out, "            {}", safe(&change.why));
    if !change.concerns.is_empty() {
        let named: Vec<String> = change.concerns.iter().take(NAMED).map(ToString::to_string).collect();
        let more = change.concerns.len().saturating_sub(NAMED);
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        let _ = writeln!(out, "            concerns {}{more}", named.join(", "));
    }
}
