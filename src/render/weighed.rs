//! What a reviewer weighs as access, a row each and most risky first: scopes, longer lives, new readers and places, trusted files. Decides nothing.
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::plan_text::day;
use crate::model::{AccessLevel, Expiry, Risk, Scope, Tag};
use crate::plan::{
    AccessDiff, AccessEntry, Action, Change, LineKind, LongerLife, LongerOverlap, OptionGain, Origin, PROTECTION, PendingAccess, Plan,
    ScopeLine, TrustedChange, TrustedKind, worst,
};

/// What is gained or lost.
#[derive(Debug, Clone)]
pub enum What<'p> {
    /// Scopes of one key that share everything but their words.
    Scopes(Vec<&'p AccessEntry>),
    Expiry {
        before: Option<Timestamp>,
        after: Option<Timestamp>,
    },
    Overlap(LongerOverlap),
    /// The key's protection goes.
    Unprotected,
    /// Public keys that can open the secret.
    Readers(Vec<&'p str>),
    /// Public keys that can open no new secrets.
    FormerReaders(Vec<&'p str>),
    /// Places that consume the secret.
    Places(Vec<&'p str>),
    /// A value of an option that gives more than scopes say.
    Option(&'p OptionGain),
    Trusted(&'p TrustedChange),
}

/// One row of an access table.
#[derive(Debug, Clone)]
pub struct Row<'p> {
    pub risk: Risk,
    pub origin: Option<Origin>,
    /// Absent for trusted files.
    pub change: Option<&'p Change>,
    pub what: What<'p>,
}

/// How many things are gained or lost, by risk.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub low: usize,
    pub medium: usize,
    pub high: usize,
    pub critical: usize,
}

impl Counts {
    /// Of what keys gain or lose. Trusted files are counted apart: they are no access of a key yet.
    pub fn of(rows: &[Row]) -> Self {
        Self::counted(rows.iter().filter(|row| !row.is_blocked() && !row.is_trusted()))
    }

    /// Of rows that do not happen now.
    pub fn of_blocked(rows: &[Row]) -> Self {
        Self::counted(rows.iter().filter(|row| row.is_blocked()))
    }

    /// The same without rows: what a plan counts, by risk.
    pub fn sum(things: impl Iterator<Item = (Risk, usize)>) -> Self {
        let mut counts = Self::default();
        things.for_each(|(risk, count)| *counts.slot(risk) += count);
        counts
    }

    /// Of all rows.
    pub fn counted<'r, 'p: 'r>(rows: impl Iterator<Item = &'r Row<'p>>) -> Self {
        Self::sum(rows.map(|row| (row.risk, row.things())))
    }

    fn slot(&mut self, risk: Risk) -> &mut usize {
        match risk {
            Risk::Low => &mut self.low,
            Risk::Medium => &mut self.medium,
            Risk::High => &mut self.high,
            Risk::Critical => &mut self.critical,
        }
    }

    pub fn total(self) -> usize {
        self.low + self.medium + self.high + self.critical
    }

    /// `2 critical, 1 high`; empty when there is neither.
    pub fn grave(self) -> String {
        let words = [(self.critical, "critical"), (self.high, "high")].into_iter().filter(|(count, _)| *count > 0);
        words.map(|(count, word)| format!("{count} {word}")).collect::<Vec<_>>().join(", ")
    }
}

impl Row<'_> {
    /// Whether it is known and does not happen now.
    pub fn is_blocked(&self) -> bool {
        self.change.is_some_and(|change| change.action == Action::Blocked)
    }

    /// Whether it is about a trusted file.
    pub fn is_trusted(&self) -> bool {
        matches!(self.what, What::Trusted(_))
    }

    /// How many things the row stands for.
    pub fn things(&self) -> usize {
        match &self.what {
            What::Scopes(entries) => entries.len(),
            What::Readers(names) | What::FormerReaders(names) | What::Places(names) => names.len(),
            What::Expiry { .. } | What::Overlap(_) | What::Unprotected | What::Option(_) | What::Trusted(_) => 1,
        }
    }

    /// The level and tags of scopes, or in a word what else it is.
    pub fn kind(&self) -> String {
        match &self.what {
            What::Scopes(entries) => entries.first().map_or_else(String::new, |entry| level_and_tags(entry)),
            What::Expiry { .. } => "expiry".to_owned(),
            What::Overlap(_) => "overlap".to_owned(),
            What::Unprotected => "protection".to_owned(),
            What::Readers(_) => "recipient".to_owned(),
            What::FormerReaders(_) => "recipient removed".to_owned(),
            What::Places(_) => "delivery".to_owned(),
            What::Option(_) => "option".to_owned(),
            What::Trusted(trusted) => trusted_word(trusted.kind).to_owned(),
        }
    }

    /// Why it is new, and why a person should care; names stand in backticks.
    pub fn why(&self) -> String {
        let mut parts = Vec::new();
        if self.is_blocked() {
            parts.push("not now: blocked".to_owned());
        }
        match (&self.what, self.change) {
            (What::Scopes(entries), Some(change)) => {
                let Some(first) = entries.first() else { return String::new() };
                parts.extend(lines_of(change, entries));
                parts.push(reason(first));
                parts.extend(first.via.as_ref().filter(|via| change.access.open_ended.contains(via)).map(|_| "open-ended".to_owned()));
            }
            (What::Expiry { .. }, Some(Change { access: AccessDiff { life: Some(life), .. }, .. })) => {
                parts.push(format!("declared to end later than in the base: {}", lives(*life)));
                parts.push("everything that the key can do, for longer".to_owned());
            }
            (What::Expiry { after, .. }, Some(Change { before: None, .. })) => {
                let end = after.map_or_else(|| "never".to_owned(), day);
                parts.push(format!("not made yet, and to end later than the base declares: {end}"));
            }
            (What::Expiry { before, after }, _) => {
                let end = |at: &Option<Timestamp>| at.map_or_else(|| "never".to_owned(), day);
                let verb = if after.is_none() { "removed" } else { "moved later" };
                parts.push(format!("its end is {verb}: {} -> {}", end(before), end(after)));
                parts.push("everything that the key can do, for longer".to_owned());
            }
            (What::Overlap(longer), _) => {
                parts.push(format!("{} -> {}", longer.before, longer.after));
                parts.push("after each rotation the old secret works for longer".to_owned());
            }
            (What::Unprotected, _) => parts.push("it may be disabled or deleted from now on".to_owned()),
            (What::Readers(_), _) => parts.push("can open the secret from now on: everything that the key can do".to_owned()),
            (What::FormerReaders(_), _) => parts.push("can open no new secrets of the key".to_owned()),
            (What::Places(_), _) => parts.push("gets the secret from now on: everything that the key can do".to_owned()),
            (What::Option(gain), _) => parts.push(gain.why.to_string()),
            (What::Trusted(trusted), _) => {
                if trusted.weaker {
                    parts.push("weaker".to_owned());
                }
                parts.push(trusted.why.clone());
                parts.push("takes effect only after the merge".to_owned());
            }
            (What::Scopes(_), None) => {}
        }
        parts.retain(|part| !part.is_empty());
        parts.join("; ")
    }
}

/// What all keys together gain, blocked ones included, and what happens to trusted files: most risky first, then what is introduced here, then by address.
pub fn gained(plan: &Plan) -> Vec<Row<'_>> {
    let mut rows: Vec<Row> = plan.trusted.iter().map(trusted).collect();
    plan.changes.iter().for_each(|change| gained_by(change, &mut rows));
    sort(&mut rows);
    rows
}

/// What all keys together lose, blocked ones included.
pub fn lost(plan: &Plan) -> Vec<Row<'_>> {
    let mut rows = Vec::new();
    for change in &plan.changes {
        scopes(change, &change.access.lost, &mut rows);
        if !change.access.recipients_removed.is_empty() {
            let (pending, introduced) =
                split(&change.access.recipients_removed, pending(change).map(|pending| &pending.recipients_removed));
            for (names, is_pending) in [(introduced, false), (pending, true)] {
                if !names.is_empty() {
                    rows.push(row(change, change.access.loses(), is_pending, What::FormerReaders(names)));
                }
            }
        }
    }
    sort(&mut rows);
    rows
}

/// What one key gains, what is pending without the change apart.
pub fn gained_by<'p>(change: &'p Change, rows: &mut Vec<Row<'p>>) {
    let access = &change.access;
    scopes(change, &access.gained, rows);
    let before = pending(change);
    for gain in &access.options_gained {
        let is_pending = before.is_some_and(|pending| pending.options_gained.contains(gain));
        rows.push(row(change, gain.risk, is_pending, What::Option(gain)));
    }
    let risk = access.reaches();
    if access.expiry_extended {
        let end = |view: &Option<crate::plan::KeyView>| view.as_ref().and_then(|view| view.expires_at);
        let what = What::Expiry { before: end(&change.before), after: end(&change.after) };
        rows.push(row(change, risk, before.is_some_and(|pending| pending.expiry_extended), what));
    }
    if let Some(longer) = access.overlap {
        rows.push(row(change, risk, before.is_some_and(|pending| pending.overlap), What::Overlap(longer)));
    }
    if access.protection_removed {
        rows.push(row(change, PROTECTION, before.is_some_and(|pending| pending.protection_removed), What::Unprotected));
    }
    let (old, new) = split(&access.recipients_added, before.map(|pending| &pending.recipients_added));
    let readers = [(new, false), (old, true)].map(|(names, is_pending)| (What::Readers(names), is_pending));
    let (old, new) = split(&access.deliveries_added, before.map(|pending| &pending.deliveries_added));
    let places = [(new, false), (old, true)].map(|(names, is_pending)| (What::Places(names), is_pending));
    let named = readers.into_iter().chain(places).map(|(what, is_pending)| row(change, risk, is_pending, what));
    rows.extend(named.filter(|row| row.things() > 0));
}

fn row<'p>(change: &'p Change, risk: Risk, is_pending: bool, what: What<'p>) -> Row<'p> {
    Row { risk, origin: if is_pending { Some(Origin::Pending) } else { change.origin }, change: Some(change), what }
}

/// What of a change's access the base asks for, too.
pub fn pending(change: &Change) -> Option<&PendingAccess> {
    change.access.pending.as_deref()
}

/// Names that are pending, and the others.
fn split<'p>(names: &'p [String], pending: Option<&'p Vec<String>>) -> (Vec<&'p str>, Vec<&'p str>) {
    names.iter().map(String::as_str).partition(|name| pending.is_some_and(|pending| pending.iter().any(|other| other == name)))
}

/// The highest risk of what a change gives, then of what it takes.
pub fn weight(change: &Change) -> (Option<Risk>, Option<Risk>) {
    (change.access.gains().map(|(risk, _)| risk).max(), worst(&change.access.lost))
}

/// The risk by which a change is sorted and folded: what it gives or takes, the higher of the two.
pub fn gravity(change: &Change) -> Risk {
    let (gained, lost) = weight(change);
    gained.max(lost).unwrap_or(Risk::Low)
}

/// Changes in the order in which they are to be read: most risky first, then by address.
pub fn by_risk(changes: &[Change]) -> Vec<&Change> {
    let mut sorted: Vec<&Change> = changes.iter().collect();
    sorted.sort_by_cached_key(|change| (Reverse(gravity(change)), Reverse(weight(change)), change.address.clone()));
    sorted
}

/// `write · egress`, or that nobody knows.
pub fn level_and_tags(entry: &AccessEntry) -> String {
    let level = entry.access.map_or("unknown", AccessLevel::as_str);
    std::iter::once(level).chain(entry.tags.iter().map(|tag| tag.as_str())).collect::<Vec<_>>().join(" · ")
}

/// What an option gives; names stand in backticks.
pub fn option_says(gain: &OptionGain) -> String {
    match &gain.value {
        Some(value) => format!("option `{}` gains `{value}`", gain.option),
        None => format!("option `{}` is removed, and confines the key no longer", gain.option),
    }
}

/// The words of scopes, in their order.
pub fn words<'e>(entries: &[&'e AccessEntry]) -> Vec<&'e str> {
    entries.iter().map(|entry| entry.scope.as_str()).collect()
}

/// What a change to a trusted file is about, in a word or two.
pub fn trusted_word(kind: TrustedKind) -> &'static str {
    match kind {
        TrustedKind::RecipientAdded => "recipient added",
        TrustedKind::RecipientRemoved => "recipient removed",
        TrustedKind::AccountAdded => "account added",
        TrustedKind::AccountRemoved => "account removed",
        TrustedKind::Host => "host",
        TrustedKind::Credential => "credential",
        TrustedKind::DeliveryAdded => "delivery added",
        TrustedKind::DeliveryRemoved => "delivery removed",
        TrustedKind::Delivery => "delivery",
        TrustedKind::Profile => "profile",
        TrustedKind::Policy => "policy",
        TrustedKind::Guard => "guard",
        TrustedKind::Unmanaged => "unmanaged",
        TrustedKind::Defaults => "defaults",
        TrustedKind::Other => "trusted file",
    }
}

fn trusted(trusted: &TrustedChange) -> Row<'_> {
    Row { risk: trusted.risk, origin: Some(Origin::Introduced), change: None, what: What::Trusted(trusted) }
}

fn sort(rows: &mut [Row]) {
    // Trusted files stand first within their risk; a key's rows stay together.
    rows.sort_by(|a, b| {
        let key = |row: &Row| (Reverse(row.risk), row.origin == Some(Origin::Pending));
        let address = |row: &Row| row.change.map(|change| change.address.clone());
        key(a).cmp(&key(b)).then_with(|| address(a).cmp(&address(b)))
    });
}

/// Whether a scope is gained or lost without the change, too. A scope is never on both sides.
pub fn is_pending(change: &Change, entry: &AccessEntry) -> bool {
    pending(change).is_some_and(|pending| pending.gained.contains(&entry.scope) || pending.lost.contains(&entry.scope))
}

/// Rows of scopes that share risk, level, tags, wildcard and reason.
fn scopes<'p>(change: &'p Change, entries: &'p [AccessEntry], rows: &mut Vec<Row<'p>>) {
    type Shared<'p> = (Reverse<Risk>, bool, bool, Reverse<Option<AccessLevel>>, &'p [Tag], Option<&'p Scope>, Option<&'p str>);
    let mut groups: BTreeMap<Shared<'p>, Vec<&'p AccessEntry>> = BTreeMap::new();
    for entry in entries {
        let is_pending = is_pending(change, entry);
        let restored = change.access.restored.contains(&entry.scope);
        let shared =
            (Reverse(entry.risk), is_pending, restored, Reverse(entry.access), &*entry.tags, entry.via.as_ref(), entry.why.as_deref());
        groups.entry(shared).or_default().push(entry);
    }
    for ((Reverse(risk), is_pending, ..), mut entries) in groups {
        entries.sort_by(|a, b| a.scope.cmp(&b.scope));
        rows.push(row(change, risk, is_pending, What::Scopes(entries)));
    }
}

/// How the manifest came to grant these scopes.
fn lines_of(change: &Change, entries: &[&AccessEntry]) -> Option<String> {
    if change.before.is_none() {
        return Some(if change.action == Action::Edit { "once it is enabled" } else { "new key" }.to_owned());
    }
    if change.after.is_none() {
        return Some("the key ends".to_owned());
    }
    if entries.iter().all(|entry| change.access.restored.contains(&entry.scope)) {
        return Some("the base takes it away, and this keeps it".to_owned());
    }
    let granted: BTreeSet<&Scope> = entries.iter().map(|entry| entry.via.as_ref().unwrap_or(&entry.scope)).collect();
    let tells = |line: &&ScopeLine| {
        let narrowed = line.kind == LineKind::Narrowed && line.other.as_ref().is_some_and(|other| granted.contains(other));
        granted.contains(&line.scope) || narrowed
    };
    let line = change.access.lines.iter().find(tells)?;
    // That it is unknown is the reason that follows.
    Some(if line.kind == LineKind::Unknown { "added".to_owned() } else { line_words(line) })
}

/// `2027-12-31 -> 90d, and it renews itself`.
pub fn lives(life: LongerLife) -> String {
    let said = |end: Expiry| match end {
        Expiry::Never => "never".to_owned(),
        Expiry::At(at) => day(at),
        Expiry::Lifetime(span) => format!("{span}, and it renews itself"),
    };
    format!("{} -> {}", said(life.before), said(life.after))
}

/// How one line of the manifest changed; names stand in backticks.
pub fn line_words(line: &ScopeLine) -> String {
    let (scope, other) = (&line.scope, line.other.as_ref().map(Scope::as_str).unwrap_or_default());
    match line.kind {
        LineKind::Added => "added".to_owned(),
        LineKind::Removed => "removed".to_owned(),
        LineKind::Widened => format!("widened `{other}` -> `{scope}`"),
        LineKind::Narrowed => format!("narrowed `{other}` -> `{scope}`"),
        LineKind::SameEffect => format!("`{scope}` has the same effect as `{other}`"),
        LineKind::Shadowed => format!("`{scope}` is already covered by `{other}`"),
        LineKind::Unknown => format!("`{scope}` is not in the catalogue"),
    }
}

/// Why a person should care: the catalogue's own words, otherwise those of its tags.
fn reason(entry: &AccessEntry) -> String {
    match (entry.why.as_deref(), entry.access) {
        (Some(why), _) => why.to_owned(),
        (None, None) => "not in the catalogue: taken as critical".to_owned(),
        (None, Some(_)) => entry.tags.first().map_or_else(String::new, |tag| super::explain::tag_says(*tag).to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::plan_text::samples;

    #[test]
    fn rows_are_sorted_by_risk_and_say_why() {
        let plan = samples::plan();
        let rows = gained(&plan);
        let told: Vec<String> = rows.iter().map(|row| format!("{} {} {}: {}", row.risk, row.kind(), row.things(), row.why())).collect();
        insta::assert_snapshot!(told.join("\n"), @r"
        critical unknown 1: added; not in the catalogue: taken as critical
        high write · egress 1: widened `pcx:webhooks:read` -> `pcx:webhooks:*`; can repoint payment events; open-ended
        high expiry 1: its end is removed: 2027-01-31 -> never; everything that the key can do, for longer
        medium write 1: widened `pcx:webhooks:read` -> `pcx:webhooks:*`; open-ended
        medium read · financial 1: new key; financial records
        medium recipient 2: can open the secret from now on: everything that the key can do
        ");
        assert_eq!(Counts::of(&rows).grave(), "1 critical, 2 high");
        assert!(rows.windows(2).all(|pair| pair[0].risk >= pair[1].risk));
        let order: Vec<String> = by_risk(&plan.changes).iter().map(|change| change.address.name.to_string()).collect();
        assert_eq!(order, ["expense-sync", "billing-webhooks", "card-updater", "old-reporting", "stuck"]);
    }

    #[test]
    fn protection_that_goes_is_a_high_row() {
        let mut plan = samples::plan();
        plan.changes.truncate(1);
        plan.changes[0].access = crate::plan::AccessDiff { protection_removed: true, ..Default::default() };
        let rows = gained(&plan);
        let told: Vec<String> = rows.iter().map(|row| format!("{} {}: {}", row.risk, row.kind(), row.why())).collect();
        assert_eq!(told, ["high protection: it may be disabled or deleted from now on"]);
        assert_eq!(gravity(&plan.changes[0]), Risk::High);
        let setting = crate::render::Setting::default();
        for text in [
            crate::render::plan_markdown(&plan, &setting).expect("it fits"),
            crate::render::plan_html(&plan, &setting),
            crate::render::plan_sarif(&plan, &setting),
            crate::render::plan_text(&plan, crate::render::Style::PLAIN),
        ] {
            assert!(text.contains("it may be disabled or deleted from now on"), "{text}");
        }
    }

    #[test]
    fn what_is_blocked_is_told_and_not_counted() {
        let mut plan = samples::plan();
        let (before, rows) = (Counts::of(&gained(&plan)), (gained(&plan).len(), lost(&plan).len()));
        plan.changes.iter_mut().for_each(|change| change.action = Action::Blocked);
        let (gained, lost) = (gained(&plan), lost(&plan));
        assert_eq!((gained.len(), lost.len()), rows);
        assert!(gained.iter().chain(&lost).all(|row| row.why().starts_with("not now: blocked")));
        assert_eq!((Counts::of(&gained), Counts::of_blocked(&gained)), (Counts::default(), before));
        assert_eq!(super::super::headline::blocked("+", &gained), format!(" · blocked: +{} (1 critical, 2 high)", before.total()));
    }
}
