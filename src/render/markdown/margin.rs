//! What a comment says beside access: what must be mended, remarks, and what is no part of the change.
use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::inline::{code, fence, prose};
use super::{Page, is_remark};
use crate::diagnostics::{Located, Severity};
use crate::model::Risk;
use crate::plan::{Change, Due, Plan};
use crate::render::drift::{beside_scopes, until};
use crate::render::headline::{errors, in_days, loud};
use crate::render::patch::patch;
use crate::render::plan_sections::count;
use crate::render::plan_text::day;
use crate::render::setting::Setting;
use crate::render::timeline::days_until;
use crate::render::weighed::{gravity, weight};

/// How much of a diagnostic is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    Full,
    /// Code, place and message.
    Brief,
    /// How many there are of each code.
    Counted,
}

/// Errors, each with its place, its advice, and what may stand instead.
pub fn must_fix(out: &mut String, diagnostics: &[Located], setting: &Setting, detail: Detail) {
    let errors: Vec<&Located> = errors(diagnostics).collect();
    if !errors.is_empty() {
        let _ = writeln!(out, "### Must fix before merge ({})\n", errors.len());
        list(out, &errors, setting, detail);
        out.push('\n');
    }
}

/// Warnings and notes, folded away.
pub fn remarks(out: &mut String, diagnostics: &[Located], setting: &Setting, detail: Detail) {
    let remarks: Vec<&Located> = diagnostics.iter().filter(|diagnostic| is_remark(diagnostic)).collect();
    if remarks.is_empty() {
        return;
    }
    let warnings = remarks.iter().filter(|remark| remark.severity == Severity::Warning).count();
    let words = [(warnings, "warning"), (remarks.len() - warnings, "note")];
    let words: Vec<String> = words.into_iter().filter(|(n, _)| *n > 0).map(|(n, word)| count(n, word)).collect();
    let _ = writeln!(out, "<details><summary>{}</summary>\n", words.join(", "));
    list(out, &remarks, setting, if detail == Detail::Full { Detail::Full } else { Detail::Counted });
    out.push_str("\n</details>\n\n");
}

fn list(out: &mut String, diagnostics: &[&Located], setting: &Setting, detail: Detail) {
    if detail == Detail::Counted {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        diagnostics.iter().for_each(|diagnostic| *counts.entry(diagnostic.code.as_str()).or_default() += 1);
        for (code, n) in counts {
            let _ = writeln!(out, "- **{code}**: {n}");
        }
        return;
    }
    for diagnostic in diagnostics {
        let _ = writeln!(out, "- **{}**{}: {}", diagnostic.code, place(diagnostic, setting), prose(&diagnostic.message));
        if detail == Detail::Full {
            advice(out, diagnostic);
        }
    }
}

fn advice(out: &mut String, diagnostic: &Located) {
    for note in &diagnostic.notes {
        let _ = writeln!(out, "  - {}", prose(note));
    }
    if let Some(help) = &diagnostic.help {
        let _ = writeln!(out, "  - **help:** {}", prose(help));
    }
    match (patch(diagnostic), &diagnostic.replacement) {
        (Some(patch), _) => out.push_str(&fence("diff", &patch, "  ")),
        (None, Some(replacement)) => {
            let _ = writeln!(out, "  - replace it with {}", code(replacement));
        }
        (None, None) => {}
    }
}

fn place(diagnostic: &Located, setting: &Setting) -> String {
    let Some(file) = &diagnostic.file else { return String::new() };
    let line = diagnostic.line.map(|line| format!(":{line}")).unwrap_or_default();
    format!(" at {}", code(&format!("{}{line}", setting.path(file))))
}

/// What stands here whatever the change is about: drift, dates, keys that nobody declared, what waits.
pub fn aside(out: &mut String, page: &Page<'_>) {
    let plan = page.plan;
    let mut lines = String::new();
    drift(&mut lines, page);
    if page.fold.brief() {
        let counted = [(plan.due.len(), "date near"), (plan.unused.len(), "key unused"), (plan.deferred.len(), "rotation deferred")];
        for (n, word) in counted.into_iter().filter(|(n, _)| *n > 0) {
            let _ = writeln!(lines, "- {word}: {n}.");
        }
    } else {
        plan.due.iter().for_each(|due| dated(&mut lines, plan, due));
        for key in &plan.unused {
            let since = if key.last_used_at.is_some() { "last used on" } else { "never used since" };
            let _ = writeln!(lines, "- Unused: {}, {since} {}.", code(&key.address.to_string()), day(key.since));
        }
        for deferred in &plan.deferred {
            let _ = writeln!(lines, "- Deferred to a later plan: {}, {}.", code(&deferred.address.to_string()), prose(&deferred.reason));
        }
    }
    unmanaged(&mut lines, page);
    for guard in plan.guards.iter().filter(|guard| guard.verdict != crate::plan::Verdict::Passed) {
        let _ = writeln!(lines, "- Guard {}: {}.", code(&guard.guard), prose(&super::super::plan_guards::verdict(guard)));
    }
    if !lines.is_empty() {
        let _ = writeln!(out, "### Not part of this change\n\n{lines}");
    }
}

fn dated(out: &mut String, plan: &Plan, due: &Due) {
    let days = days_until(plan.created_at, due.at);
    let (what, rest) = match (due.kind.as_str(), days < 0) {
        ("rotation", false) => ("Rotation due", ""),
        ("rotation", true) => ("**Rotation overdue**", ""),
        ("review", false) => ("Review due", ""),
        ("review", true) => ("**Review overdue**", ""),
        ("idle", _) => ("Dies of disuse", " unless it is used: `keywright verify`"),
        (_, false) => ("Expires", ""),
        (_, true) => ("**Expired**", ""),
    };
    let _ = writeln!(out, "- {what} {}: {} on {}{rest}.", in_days(days), code(&due.address.to_string()), day(due.at));
}

/// What was done by hand, most risky first.
fn drift(out: &mut String, page: &Page<'_>) {
    let mut deeds: Vec<&Change> = page.plan.drift.iter().collect();
    deeds.sort_by_cached_key(|deed| (std::cmp::Reverse(gravity(deed)), deed.address.clone()));
    let (hidden, shown): (Vec<&Change>, Vec<&Change>) = deeds.into_iter().partition(|deed| page.fold.hides(gravity(deed)));
    for deed in shown {
        let risk = weight(deed).0.map(|risk| format!(", {}", loud(risk))).unwrap_or_default();
        let scopes = |sign: &str, entries: &[crate::plan::AccessEntry]| {
            entries.iter().map(|entry| format!(" {sign}{}", code(entry.scope.as_str()))).collect::<String>()
        };
        let _ = writeln!(
            out,
            "- **Drift{risk}**: {} {}{}{}{}, which no manifest asks for. {}",
            code(&deed.address.to_string()),
            prose(&deed.reason),
            Some(beside_scopes(deed)).filter(|told| !told.is_empty()).map(|told| format!(" ({})", prose(&told))).unwrap_or_default(),
            scopes("+", &deed.access.gained),
            scopes("−", &deed.access.lost),
            correction(deed),
        );
    }
    if !hidden.is_empty() {
        let _ = writeln!(out, "- **Drift**: {} more of lower risk.", hidden.len());
    }
}

fn correction(deed: &Change) -> String {
    use crate::plan::Action::{Attended, Blocked, Create, Delete, Deliver, Disable, Edit, Enable, None, Replace, Reseal, Rotate};
    match deed.action {
        Blocked | None => format!("It is not corrected now{}.", prose(&until(deed))),
        Create | Edit | Rotate | Replace | Disable | Enable | Delete | Reseal | Deliver | Attended => {
            format!("The next apply corrects it: {}.", deed.action.as_str())
        }
    }
}

fn unmanaged(out: &mut String, page: &Page<'_>) {
    let keys = page.plan.unmanaged.iter().filter(|key| !key.own);
    let risk = |key: &crate::plan::UnmanagedKey| key.risk.unwrap_or(Risk::Critical);
    let mut keys: Vec<_> = keys.collect();
    keys.sort_by_key(|key| (std::cmp::Reverse(risk(key)), &key.account, &key.id));
    let (hidden, shown): (Vec<_>, Vec<_>) = keys.into_iter().partition(|key| page.fold.hides(risk(key)));
    for key in shown {
        let word = key.risk.map_or("risk unknown", loud);
        let refused = if key.fails { ", refused by `unmanaged`" } else { "" };
        let _ = writeln!(
            out,
            "- Unmanaged, {word}: {} ({}) in {}{refused}; in no manifest and no ledger.",
            code(&key.label),
            code(&key.id),
            code(key.account.as_str())
        );
    }
    if !hidden.is_empty() {
        let _ = writeln!(out, "- Unmanaged: {} of lower risk.", count(hidden.len(), "more key"));
    }
}
