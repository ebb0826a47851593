//! What a text plan says apart from its changes: totals, accounts, open work, due dates, unmanaged keys, the last line.
use std::fmt::Write as _;

use jiff::Timestamp;
use unicode_width::UnicodeWidthStr;

use super::headline;
use super::import::shortened;
use super::palette::{Ink, Style};
use super::plan_text::day;
use super::runbook::runbook;
use super::table::{Cell, pad, table};
use super::timeline::days_until;
use super::weighed::{self, Counts, Row};
use crate::diagnostics::Severity;
use crate::model::Risk;
use crate::model::text_safety::safe;
use crate::plan::{AccessDiff, Action, AttendedStep, Mode, Plan, Summary, UnmanagedKey, Verdict};

/// How many scopes of an unmanaged key are named; the others are counted.
const SCOPES: usize = 2;
/// The longest label of an unmanaged key, in characters.
const LABEL: usize = 40;
/// Days that the due chart shows.
const HORIZON: i64 = 30;

/// How many keys change, and which plan this is.
pub fn header(plan: &Plan, style: Style) -> String {
    let left = changing(plan);
    let name = short_name(plan);
    let right = match plan.mode {
        Mode::Live => format!("plan {name}, valid until {}", plan.expires_at.strftime("%Y-%m-%d %H:%MZ")),
        Mode::Offline => format!("plan {name}, offline: the ledger stands in, cannot be applied"),
    };
    let gap = style.width.min(120).saturating_sub(left.width() + right.width()).max(3);
    format!("{}{:gap$}{}\n", style.paint(Ink::Strong, &left), "", style.paint(Ink::Dim, &right))
}

/// How many keys change, of how many; and that only some were looked at.
pub fn changing(plan: &Plan) -> String {
    let text = changing_ones(plan);
    if plan.only.is_empty() { text } else { format!("{text}; only {} looked at", count(plan.only.len(), "named key")) }
}

fn changing_ones(plan: &Plan) -> String {
    let total = keys(&plan.summary);
    let unread = plan.accounts.values().any(|account| account.listing == "unavailable");
    let changing = plan.changes.iter().filter(|change| change.action != Action::Blocked).count();
    match (changing, total) {
        (0, _) if !plan.changes.is_empty() => format!("{} blocked, no other changes", count(plan.changes.len(), "key")),
        (0, _) if !plan.deferred.is_empty() => format!("no changes now: {} deferred", count(plan.deferred.len(), "rotation")),
        (0, _) if !plan.trusted.is_empty() => format!("no key changes, but {}", count(plan.trusted.len(), "trusted setting")),
        (0, _) if unread => format!("no changes among {}, not all of them read", count(total, "key")),
        (0, _) if !plan.drift.is_empty() => format!("no changes now: {} made by hand", count(plan.drift.len(), "difference")),
        (0, 1) => "no changes: 1 key matches its manifest".to_owned(),
        (0, _) => format!("no changes: {total} keys match their manifests"),
        (1, _) => format!("1 of {} changes", count(total, "key")),
        (n, _) => format!("{n} of {} change", count(total, "key")),
    }
}

/// The first eight digits of its digest, as people say them.
pub fn short_name(plan: &Plan) -> String {
    let digest: Vec<char> = plan.digest.trim_start_matches("sha256:").chars().take(8).collect();
    let name: String = digest.chunks(4).map(|four| four.iter().collect::<String>()).collect::<Vec<_>>().join("-");
    safe(&name).into_owned()
}

fn keys(s: &Summary) -> usize {
    let acting = [s.create, s.edit, s.rotate, s.replace, s.disable, s.enable, s.delete, s.reseal, s.deliver];
    acting.iter().sum::<usize>() + s.attended + s.blocked + s.none
}

pub fn count(n: usize, word: &str) -> String {
    if n == 1 { format!("1 {word}") } else { format!("{n} {word}s") }
}

/// Attended steps of keys that do not change.
pub fn open_work<'a>(out: &mut String, steps: impl Iterator<Item = &'a AttendedStep>, style: Style) {
    for step in steps {
        let _ = writeln!(out, "\n  {} {}", style.paint(Ink::Attention, "!"), style.paint(Ink::Strong, &step.address.to_string()));
        runbook(out, step, style);
    }
}

/// The access that all keys together gain and lose, and who can decrypt.
pub fn access(out: &mut String, plan: &Plan, style: Style) {
    if plan.changes.is_empty() {
        return;
    }
    let acting = || plan.changes.iter().filter(|change| change.action != Action::Blocked);
    let side = |counts: Counts| {
        let words: Vec<String> = [(Risk::Critical, counts.critical), (Risk::High, counts.high)]
            .into_iter()
            .filter(|(_, count)| *count > 0)
            .map(|(risk, count)| style.paint(Ink::Risk(risk), &format!("{count} {risk}")))
            .collect();
        if words.is_empty() { String::new() } else { format!(" ({})", words.join(", ")) }
    };
    let gained = Counts::sum(acting().flat_map(|change| change.access.gains()));
    let lost = Counts::sum(acting().flat_map(|change| change.access.losses()));
    let who = headline::readers(plan, "-");
    let places = match acting().map(|change| change.access.deliveries_added.len()).sum() {
        0 => String::new(),
        places => format!("   delivered to: +{}", count(places, "place")),
    };
    let (label, held) = (style.paint(Ink::Strong, "access"), blocked(plan));
    let (more, less) = (gained.total(), lost.total());
    let (gained, lost) = (side(gained), side(lost));
    let anyway = |rows: fn(&Plan) -> Vec<Row<'_>>| plan.base.as_ref().map(|_| headline::pending(&rows(plan))).unwrap_or_default();
    let (old, gone) = (anyway(weighed::gained), anyway(weighed::lost));
    let _ = writeln!(out, "\n{label}   +{more} gained{gained}{old}   -{less} lost{lost}{gone}{held}   who can decrypt: {who}{places}");
}

/// `   blocked: +1 (1 critical)`: what does not happen now; empty when nothing is gained or lost by it.
fn blocked(plan: &Plan) -> String {
    let changes = || plan.changes.iter().filter(|change| change.action == Action::Blocked).map(|change| &change.access);
    let gained = Counts::sum(changes().flat_map(AccessDiff::gains));
    let grave = gained.grave();
    let aside = if grave.is_empty() { String::new() } else { format!(" ({grave})") };
    match (gained.total(), Counts::sum(changes().flat_map(AccessDiff::losses)).total()) {
        (0, 0) => String::new(),
        (gained, 0) => format!("   blocked: +{gained}{aside}"),
        (0, lost) => format!("   blocked: -{lost}"),
        (gained, lost) => format!("   blocked: +{gained}{aside} -{lost}"),
    }
}

/// Accounts whose listing is not complete.
pub fn accounts(out: &mut String, plan: &Plan, style: Style) {
    let mut first = true;
    for (name, account) in plan.accounts.iter().filter(|(_, account)| account.listing == "unavailable") {
        if std::mem::take(&mut first) {
            out.push('\n');
        }
        let reason = account.reason.as_deref().map_or_else(String::new, |reason| format!(": {}", safe(reason)));
        let _ = writeln!(out, "{} account `{name}` is unavailable, its keys are left alone{reason}", style.paint(Ink::Remove, "x"));
    }
}

/// Rotations, expiries and reviews of the next 30 days, one column a day.
pub fn due(out: &mut String, plan: &Plan, style: Style) {
    if plan.due.is_empty() {
        return;
    }
    let widest = plan.due.iter().map(|due| due.address.to_string().width()).max().unwrap_or(0).max(28);
    let head = pad("due", widest + 4);
    let _ = writeln!(out, "\n{}{}", style.paint(Ink::Strong, &head), style.paint(Ink::Dim, "today     +10d      +20d      +30d"));
    for due in &plan.due {
        let days = days_until(plan.created_at, due.at);
        let at = usize::try_from(days.clamp(0, HORIZON)).expect("between 0 and 30");
        let (mark, past, verb) = match due.kind.as_str() {
            "rotation" => ('R', "rotation overdue since", "rotates"),
            "review" => ('V', "review overdue since", "review"),
            "idle" => ('I', "unused for too long since", "dies"),
            _ => ('E', "expired", "expires"),
        };
        let bar = format!("|{}{mark}", "-".repeat(at.saturating_sub(1)));
        let when = match days {
            ..0 => past.to_owned(),
            days if mark == 'I' => format!("dies in {} unless used: `keywright verify`,", count_days(days)),
            0 => format!("{verb} today,"),
            n => format!("{verb} in {},", count_days(n)),
        };
        let _ = writeln!(out, "  {}{}{when} {}", pad(&due.address.to_string(), widest + 2), pad(&bar, 36), day(due.at));
    }
}

fn count_days(days: i64) -> String {
    if days == 1 { "1 day".to_owned() } else { format!("{days} days") }
}

/// Live keys that nobody uses, each with the change that disables it.
pub fn unused(out: &mut String, plan: &Plan, style: Style) {
    if plan.unused.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{}   {}", style.paint(Ink::Strong, "unused"), count(plan.unused.len(), "key"));
    for key in &plan.unused {
        let since = (key.last_used_at, key.since);
        super::list::unused_key(out, &key.address.to_string(), since, key.unused_after, plan.created_at, style);
        super::list::indented(out, key.change.as_deref().unwrap_or("add `state: disabled` to its entry"));
    }
}

/// Keys that no manifest and no ledger knows.
pub fn unmanaged(out: &mut String, plan: &Plan, style: Style) {
    let ignored: usize = plan.accounts.values().map(|account| account.ignored).sum();
    if plan.unmanaged.is_empty() && ignored == 0 {
        return;
    }
    let (own, keys): (Vec<&UnmanagedKey>, Vec<&UnmanagedKey>) = plan.unmanaged.iter().partition(|key| key.own);
    let label = style.paint(Ink::Strong, "unmanaged");
    let mut words = match keys.len() {
        0 => vec!["none".to_owned()],
        n if keys.iter().any(|key| key.ours) => vec![format!("{} in no manifest and no ledger", count(n, "key"))],
        n => vec![format!("{} in no manifest and no ledger; never touched", count(n, "key"))],
    };
    words.extend((ignored > 0).then(|| format!("{ignored} ignored")));
    let _ = writeln!(out, "\n{label}   {}", words.join("; "));
    for key in own {
        let _ = writeln!(out, "  {}: our own admin credential, {} ({})", key.account, safe(&shortened(&key.label, LABEL)), safe(&key.id));
    }
    if keys.is_empty() {
        return;
    }
    let rows: Vec<Vec<Cell>> = keys
        .iter()
        .map(|key| {
            let scopes = key.scopes.as_ref().map(|scopes| {
                let more = scopes.len().saturating_sub(SCOPES);
                let shown: Vec<String> = scopes.iter().take(SCOPES).map(|scope| safe(scope.as_str()).into_owned()).collect();
                format!("{}{}", shown.join(" "), if more == 0 { String::new() } else { format!(" +{more}") })
            });
            let since = |at: Option<Timestamp>| at.map_or_else(String::new, |at| format!("{}d", days_until(at, plan.created_at).max(0)));
            let mut state: Vec<&str> = Vec::new();
            state.extend((key.enabled == Some(false)).then_some("disabled"));
            state.extend(key.fails.then_some("refused"));
            state.extend(key.ours.then_some("our marker: apply settles it"));
            vec![
                Cell::new(format!("  {}", key.account)),
                Cell::new(safe(&shortened(&key.label, LABEL))),
                Cell::new(safe(&key.id)),
                key.risk.map_or_else(|| Cell::new(""), |risk| Cell::inked(risk.as_str().to_uppercase(), Ink::Risk(risk))),
                Cell::new(since(key.created_at)),
                Cell::new(if key.last_used_at.is_some() { format!("{} ago", since(key.last_used_at)) } else { String::new() }),
                Cell::new(scopes.unwrap_or_default()),
                Cell::new(state.join(", ")),
            ]
        })
        .collect();
    out.push_str(&table(&["  ACCOUNT", "LABEL", "ID", "RISK", "AGE", "LAST USED", "SCOPES", ""], &rows, style));
}

/// What is wrong or worth knowing, drawn with its source lines.
pub fn diagnostics(out: &mut String, plan: &Plan, style: Style) {
    if !plan.diagnostics.is_empty() {
        out.push('\n');
        out.push_str(super::diagnostics::draw_each(&plan.diagnostics, style.colour).trim_end_matches('\n'));
        out.push('\n');
    }
}

/// The last paragraph.
pub fn summary(out: &mut String, plan: &Plan) {
    let s = &plan.summary;
    let rotate = s.rotate + s.replace;
    let head = format!("Plan: {} to create, {} to edit, {rotate} to rotate, {} to disable.", s.create, s.edit, s.disable);
    let mut sentences = vec![head];
    for (n, word) in [(s.enable, "enable"), (s.delete, "delete"), (s.reseal, "reseal"), (s.deliver, "deliver")] {
        if n > 0 {
            sentences.push(format!("{n} to {word}."));
        }
    }
    if !plan.attended.is_empty() {
        sentences.push(format!("{}.", count(plan.attended.len(), "attended step")));
    }
    if s.blocked > 0 {
        sentences.push(format!("{} blocked.", s.blocked));
    }
    if !plan.deferred.is_empty() {
        sentences.push(format!("{} deferred.", count(plan.deferred.len(), "rotation")));
    }
    let unavailable = plan.accounts.values().filter(|account| account.listing == "unavailable").count();
    if unavailable > 0 {
        sentences.push(format!("{} unavailable.", count(unavailable, "account")));
    }
    for (severity, word) in [(Severity::Error, "error"), (Severity::Warning, "warning")] {
        let n = plan.diagnostics.iter().filter(|diagnostic| diagnostic.severity == severity).count();
        if n > 0 {
            sentences.push(format!("{}.", count(n, word)));
        }
    }
    let refused = plan.guards.iter().filter(|guard| guard.verdict == Verdict::Refused).count();
    let violations = plan.violations();
    if violations > 0 {
        let guards = if refused > 0 { format!(" and {}", count(refused, "guard")) } else { String::new() };
        sentences.push(format!("Blocked by {}{guards}; nothing was changed.", count(violations, "policy violation")));
    } else if refused > 0 {
        sentences.push(format!("Refused by {}; nothing was changed.", count(refused, "guard")));
    } else if plan.changes.is_empty() && plan.attended.is_empty() && plan.deferred.is_empty() && !plan.trusted.is_empty() {
        sentences.push("After the merge, the trusted settings count.".to_owned());
    } else if plan.changes.is_empty() && plan.attended.is_empty() && plan.deferred.is_empty() {
        let left = || format!("Nothing to do now: {} made by hand ends by itself.", count(plan.drift.len(), "difference"));
        sentences.push(if plan.drift.is_empty() { "Nothing to do.".to_owned() } else { left() });
    }
    let _ = writeln!(out, "\n{}", sentences.join(" "));
}
