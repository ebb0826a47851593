//! What a text plan says of guards: rotations that wait for a later plan, and how near the plan comes to each limit.
use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr;

use super::palette::{Ink, Style};
use super::plan_sections::count;
use super::plan_text::day;
use super::table::pad;
use crate::model::text_safety::safe;
use crate::plan::{Deferred, GuardVerdict, Plan, Verdict};

/// Rotations that are due and wait, by address.
pub fn deferred(out: &mut String, plan: &Plan, style: Style) {
    if plan.deferred.is_empty() {
        return;
    }
    let label = style.paint(Ink::Strong, "deferred");
    let _ = writeln!(out, "\n{label}   {} to a later plan", count(plan.deferred.len(), "rotation"));
    let widest = plan.deferred.iter().map(|deferred| deferred.address.to_string().width()).max().unwrap_or(0).max(28);
    for Deferred { address, reason, expires_at, .. } in &plan.deferred {
        let address = pad(&address.to_string(), widest + 2);
        // The reason of a timed rotation names its end.
        let end = expires_at.filter(|_| !reason.starts_with("expire")).map_or_else(String::new, |end| format!("; ends {}", day(end)));
        let _ = writeln!(out, "  {address}{}{end}", safe(reason));
    }
}

/// How many keys each guard counts, and of how many.
pub fn verdicts(out: &mut String, plan: &Plan, style: Style) {
    if plan.guards.is_empty() {
        return;
    }
    let words: Vec<String> = plan.guards.iter().map(|guard| style.paint(ink(guard.verdict), &verdict(guard))).collect();
    let _ = writeln!(out, "\n{}   {}", style.paint(Ink::Strong, "guards"), words.join("   "));
}

pub(super) fn verdict(guard: &GuardVerdict) -> String {
    let name = guard.account.as_ref().map_or_else(|| guard.guard.clone(), |account| format!("{} {account}", guard.guard));
    let number = match guard.limit {
        Some(_) => format!(" {} of {}", guard.count, guard.allows),
        None => format!(" {}", guard.count),
    };
    let word = match guard.verdict {
        Verdict::Passed => "",
        Verdict::Allowed => " (allowed)",
        Verdict::Deferred => " (deferred)",
        Verdict::Refused => " (refused)",
    };
    format!("{name}{number}{word}")
}

fn ink(verdict: Verdict) -> Ink {
    match verdict {
        Verdict::Passed => Ink::Dim,
        Verdict::Allowed | Verdict::Deferred => Ink::Attention,
        Verdict::Refused => Ink::Remove,
    }
}
