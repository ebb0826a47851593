//! One key under review: who answers for it, what it may do, when it was used, who can open it.
use std::fmt::Write as _;

use jiff::Timestamp;

use super::palette::{Ink, Style};
use super::plan_text::day;
use super::table::{columns, pad};
use crate::inventory::{Observed, Row};
use crate::model::text_safety::safe;
use crate::plan::AccessDiff;

/// What is shown of a key.
#[derive(Debug, Clone)]
pub struct Card<'a> {
    pub row: &'a Row,
    /// Everything that its scopes grant, as gained.
    pub access: &'a AccessDiff,
    /// The groups that can open its secret.
    pub readers: Vec<String>,
    pub now: Timestamp,
}

/// The card for people.
pub fn card(card: &Card<'_>, style: Style) -> String {
    let Card { row, access, readers, now } = card;
    let mut out = format!("{}  {}\n", style.paint(Ink::Strong, &row.address.to_string()), safe(&row.provider));
    let mut line = |name: &str, text: &str| {
        let _ = writeln!(out, "  {name:<10}{text}");
    };
    for (name, text) in [("owner", &row.owner), ("purpose", &row.purpose)] {
        line(name, &text.as_deref().map_or("unknown".into(), safe));
    }
    let scopes: Vec<_> = row.scopes.iter().map(|scope| safe(scope.as_str())).collect();
    line("scopes", &scopes.join(" "));
    let widest = access.gained.iter().map(|entry| columns(entry.scope.as_str())).max().unwrap_or(0) + 2;
    for entry in &access.gained {
        let risk = style.paint(Ink::Risk(entry.risk), &format!("{:<8}", entry.risk.as_str().to_uppercase()));
        let access = entry.access.map_or("unknown", |access| access.as_str());
        let tags: Vec<&str> = entry.tags.iter().map(|tag| tag.as_str()).collect();
        let tags = tags.join(" ");
        let words = [access, &tags, entry.why.as_deref().unwrap_or_default()].map(safe);
        let words: Vec<_> = words.iter().filter(|word| !word.is_empty()).map(AsRef::as_ref).collect();
        line("", &format!("{}{}  {}", pad(&safe(entry.scope.as_str()), widest), risk, words.join("  ")));
    }
    for wildcard in &access.open_ended {
        let mark = style.paint(Ink::Attention, "! open-ended:");
        line("", &format!("{mark} `{}` also grants what {} adds later", safe(wildcard.as_str()), safe(&row.provider)));
    }
    if let Some(created) = row.created_at {
        let rotated = row.rotated_at.map(|at| format!(", rotated {}", day(at))).unwrap_or_default();
        line("age", &format!("{} days, created {}{rotated}", now.duration_since(created).as_hours().max(0) / 24, day(created)));
    }
    line("expires", &row.expires_at.map_or("never".to_owned(), day));
    let used = match (row.last_used_at, row.observed) {
        (Some(at), _) => day(at),
        (None, Some(_)) if row.unused_since.is_some() => "never".to_owned(),
        (None, Some(Observed::Unavailable)) => "unknown: the account cannot be read".to_owned(),
        (None, Some(_)) => "the provider does not tell".to_owned(),
        (None, None) => "unknown: `--live` asks the provider".to_owned(),
    };
    line("used", &used);
    let readers: Vec<_> = readers.iter().map(|group| safe(group)).collect();
    line("readers", &if readers.is_empty() { "nobody: no secret is sealed".to_owned() } else { readers.join(", ") });
    if !row.deliveries.is_empty() {
        let places: Vec<_> = row.deliveries.iter().map(|delivery| safe(&delivery.words()).into_owned()).collect();
        line("places", &places.join(", "));
    }
    let reviewed = match (row.reviewed_at, row.reviewed_by.as_deref()) {
        (Some(at), by) => format!("{} by {}", day(at), safe(by.unwrap_or_default())),
        (None, _) => "never".to_owned(),
    };
    let due = row.review_due_at.map(|at| format!(", {} {}", if at <= *now { "due since" } else { "due" }, day(at))).unwrap_or_default();
    line("reviewed", &format!("{reviewed}{due}"));
    out
}

#[cfg(test)]
mod tests {
    use super::super::list::samples::{at, billing};
    use super::*;
    use crate::model::{AccessLevel, Risk, Scope, Tag};
    use crate::plan::AccessEntry;

    #[test]
    fn a_card_shows_what_a_reviewer_needs() {
        let entry = |scope: &str, risk, via: Option<&str>| AccessEntry {
            scope: scope.into(),
            access: Some(AccessLevel::Write),
            risk,
            tags: vec![Tag::Egress].into(),
            via: via.map(Scope::from),
            why: Some("can repoint events".into()),
        };
        let gained = vec![entry("a:hooks:create", Risk::High, Some("a:*")), entry("b:write", Risk::Medium, None)];
        let access = AccessDiff { gained, open_ended: vec!["a:*".into()], ..AccessDiff::default() };
        let mut row = billing();
        row.purpose = Some("hooks\u{1b}[2J".to_owned());
        row.reviewed_at = Some(at("2026-05-01T09:00:00Z"));
        row.reviewed_by = Some("Ada".to_owned());
        let shown = Card { row: &row, access: &access, readers: vec!["ops".to_owned()], now: at("2026-11-22T00:00:00Z") };
        insta::assert_snapshot!(card(&shown, Style::PLAIN));
    }
}
