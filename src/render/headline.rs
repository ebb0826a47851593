//! What a report says first: whether the plan may go ahead, what changes, and what else there is.
use super::plan_sections::{changing, count};
use super::timeline::days_until;
use super::weighed::{Counts, Row};
use crate::diagnostics::{Located, Severity};
use crate::model::Risk;
use crate::plan::{Action, Change, Origin, Plan, TrustedKind, Verdict};

/// Whether the plan may go ahead, in a few words.
pub fn verdict(plan: &Plan) -> String {
    match obstacles(plan) {
        obstacles if obstacles.is_empty() => changing(plan),
        obstacles => obstacles.join(", "),
    }
}

/// Whether anything stands in the way of the whole plan.
pub fn is_blocked(plan: &Plan) -> bool {
    !obstacles(plan).is_empty()
}

fn obstacles(plan: &Plan) -> Vec<String> {
    let (policy, other): (Vec<&Located>, Vec<&Located>) =
        errors(&plan.diagnostics).partition(|error| error.code.as_str().starts_with("policy/"));
    let refused = plan.guards.iter().filter(|guard| guard.verdict == Verdict::Refused).count();
    let mut parts = Vec::new();
    parts.extend((!policy.is_empty()).then(|| format!("blocked by {}", count(policy.len(), "policy violation"))));
    parts.extend((refused > 0).then(|| format!("refused by {}", count(refused, "guard"))));
    // The refusal of a guard is an error, too.
    parts.extend((!other.is_empty() && refused == 0).then(|| count(other.len(), "error")));
    parts
}

/// What must be mended before anything can be applied.
pub fn errors(diagnostics: &[Located]) -> impl Iterator<Item = &Located> {
    diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error)
}

/// `1 create · 2 edit`, of the actions that occur.
pub fn actions<'c>(changes: impl Iterator<Item = &'c Change> + Clone) -> Vec<String> {
    const ALL: [Action; 11] = [
        Action::Create,
        Action::Edit,
        Action::Rotate,
        Action::Replace,
        Action::Disable,
        Action::Enable,
        Action::Delete,
        Action::Reseal,
        Action::Deliver,
        Action::Attended,
        Action::Blocked,
    ];
    let mut counts = [0_usize; ALL.len()];
    for change in changes {
        if let Some(at) = ALL.iter().position(|action| *action == change.action) {
            counts[at] += 1;
        }
    }
    let told = ALL.iter().zip(counts).filter(|(_, count)| *count > 0);
    told.map(|(action, count)| format!("{count} {}", action.as_str())).collect()
}

/// What else there is: open steps, what is due, drift, and what waits.
pub fn also(plan: &Plan) -> Vec<String> {
    let mut parts = Vec::new();
    let mut add = |n: usize, word: &str| parts.extend((n > 0).then(|| count(n, word)));
    add(plan.attended.len(), "attended step");
    parts.extend(trusted(plan));
    let mut add = |n: usize, word: &str| parts.extend((n > 0).then(|| count(n, word)));
    add(plan.base.as_ref().map_or(0, |base| base.withdrawn.len()), "withdrawn change");
    let rotations: Vec<_> = plan.due.iter().filter(|due| due.kind == "rotation").collect();
    match &rotations[..] {
        [] => {}
        [one] => parts.push(format!("1 rotation due {}", in_days(days_until(plan.created_at, one.at)))),
        all => parts.push(format!("{} rotations due in 30 days", all.len())),
    }
    let others = plan.due.len() - rotations.len();
    let other = if rotations.is_empty() { "date" } else { "other date" };
    parts.extend((others > 0).then(|| count(others, other) + " near"));
    let mut add = |n: usize, word: &str| parts.extend((n > 0).then(|| format!("{n} {word}")));
    add(plan.drift.len(), "drift");
    add(plan.deferred.len(), "deferred");
    add(plan.unmanaged.iter().filter(|key| !key.own).count(), "unmanaged");
    add(plan.unused.len(), "unused");
    add(plan.accounts.values().filter(|account| account.listing == "unavailable").count(), "unavailable");
    parts
}

/// `14 trusted changes (2 critical, 8 high)`.
fn trusted(plan: &Plan) -> Option<String> {
    let grave = Counts::sum(plan.trusted.iter().map(|change| (change.risk, 1))).grave();
    let aside = if grave.is_empty() { String::new() } else { format!(" ({grave})") };
    (!plan.trusted.is_empty()).then(|| count(plan.trusted.len(), "trusted change") + &aside)
}

/// `in 12 days`, `today`, or how long ago.
pub fn in_days(days: i64) -> String {
    match days {
        ..0 => format!("{} ago", count(usize::try_from(-days).unwrap_or(usize::MAX), "day")),
        0 => "today".to_owned(),
        1.. => format!("in {}", count(usize::try_from(days).unwrap_or(usize::MAX), "day")),
    }
}

/// ` · blocked: +1 (1 critical)`, with the sign of the side; empty when nothing is.
pub fn blocked(sign: &str, rows: &[Row]) -> String {
    let counts = Counts::of_blocked(rows);
    let grave = counts.grave();
    match (counts.total(), grave.is_empty()) {
        (0, _) => String::new(),
        (n, true) => format!(" · blocked: {sign}{n}"),
        (n, false) => format!(" · blocked: {sign}{n} ({grave})"),
    }
}

/// How many things rows stand for, as it stands in headings: `3`, or `3 · 1 blocked · 2 trusted changes`.
pub fn things<'r, 'p: 'r>(rows: impl Iterator<Item = &'r Row<'p>> + Clone) -> String {
    let of = |keep: fn(&Row) -> bool| rows.clone().filter(|row| keep(row)).map(Row::things).sum::<usize>();
    let (now, blocked) = (of(|row| !row.is_blocked() && !row.is_trusted()), of(|row| row.is_blocked()));
    let trusted = of(|row| row.is_trusted());
    let mut parts = Vec::new();
    parts.extend((now > 0 || (blocked == 0 && trusted == 0)).then(|| now.to_string()));
    parts.extend((blocked > 0).then(|| format!("{blocked} blocked")));
    parts.extend((trusted > 0).then(|| count(trusted, "trusted change")));
    parts.join(" · ")
}

/// `+6 gained (2 high)`, with the sign of the side.
pub fn tally(sign: &str, word: &str, rows: &[Row]) -> String {
    let counts = Counts::of(rows);
    let grave = counts.grave();
    let aside = if grave.is_empty() { String::new() } else { format!(" ({grave})") };
    format!("{sign}{} {word}{aside}", counts.total())
}

/// `, 2 of them pending`: what the base gives or takes as well; empty without.
pub fn pending(rows: &[Row]) -> String {
    let pending = rows.iter().filter(|row| row.origin == Some(Origin::Pending) && !row.is_blocked());
    match Counts::counted(pending).total() {
        0 => String::new(),
        n => format!(", {n} of them pending"),
    }
}

/// How many public keys can decrypt from now on that could not before, and the other way round, with this sign.
pub fn readers(plan: &Plan, minus: &str) -> String {
    let acting = || plan.changes.iter().filter(|change| change.action != Action::Blocked);
    let distinct = |pick: fn(&Change) -> &Vec<String>| acting().flat_map(pick).collect::<std::collections::BTreeSet<_>>().len();
    let merged = |kind| {
        let of_kind = plan.trusted.iter().filter(|change| change.kind == kind);
        of_kind.filter_map(|change| change.after.as_ref().or(change.before.as_ref())).collect::<std::collections::BTreeSet<_>>().len()
    };
    let words = |added: usize, removed: usize| match (added, removed) {
        (0, 0) => None,
        (added, 0) => Some(format!("+{}", count(added, "public key"))),
        (0, removed) => Some(format!("{minus}{}", count(removed, "public key"))),
        (added, removed) => Some(format!("+{added} {minus}{removed} public keys")),
    };
    let now = words(distinct(|change| &change.access.recipients_added), distinct(|change| &change.access.recipients_removed));
    let later = words(merged(TrustedKind::RecipientAdded), merged(TrustedKind::RecipientRemoved));
    now.unwrap_or_else(|| "unchanged".to_owned()) + &later.map(|later| format!(", {later} after the merge")).unwrap_or_default()
}

/// A risk as it stands in tables.
pub fn loud(risk: Risk) -> &'static str {
    super::plan_text::shouted(risk)
}
