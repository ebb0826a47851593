//! The inventory: one row a key, and what needs attention.
use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::palette::{Ink, Style};
use super::plan_sections::count;
use super::plan_text::day;
use super::table::{Cell, table};
use crate::inventory::{Observed, Row};
use crate::model::Name;
use crate::model::text_safety::safe;

/// Most changes of manifests that are shown in full.
const CHANGES: usize = 10;

/// Keys as they stand at one instant.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Inventory {
    pub format_version: String,
    pub as_of: Timestamp,
    /// The accounts that were read; absent when manifests and ledger alone tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accounts: Option<BTreeMap<Name, AccountRead>>,
    pub keys: Vec<Row>,
}

/// How reading one account went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AccountRead {
    /// `complete` or `unavailable`.
    pub listing: String,
    /// Whether the provider tells when a key was last used.
    pub tells_last_use: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The inventory as an aligned table in its order, then unused keys and overdue reviews.
pub fn list_text(inventory: &Inventory, style: Style) -> String {
    let rows = &inventory.keys;
    if rows.is_empty() {
        return "no keys\n".to_owned();
    }
    let live = inventory.accounts.is_some();
    let reviews = rows.iter().any(|row| row.review_due_at.is_some());
    let cells: Vec<Vec<Cell>> = rows.iter().map(|row| cells(row, inventory.as_of, live, reviews)).collect();
    let mut headings = vec!["KEY", "STATE", "GEN", "RISK", "SCOPES", "AGE", "EXPIRES", "ROTATES", "VERIFIED"];
    headings.extend(live.then_some("USED"));
    headings.extend(reviews.then_some("REVIEW"));
    headings.push("OWNER");
    let mut out = table(&headings, &cells, style);
    unused(&mut out, inventory, style);
    for row in rows {
        for delivery in row.deliveries.iter().filter(|delivery| delivery.pending) {
            let _ = writeln!(out, "\n{} is not delivered to {}", row.address, safe(&delivery.words()));
        }
    }
    let overdue = rows.iter().filter(|row| row.review_overdue).count();
    if overdue > 0 {
        let verb = if overdue == 1 { "is" } else { "are" };
        let _ = writeln!(out, "\n{} {verb} overdue: `keywright review`", count(overdue, "review"));
    }
    out
}

fn cells(row: &Row, now: Timestamp, live: bool, reviews: bool) -> Vec<Cell> {
    let issued = row.generation.is_some();
    let date = |at: Option<Timestamp>, none: &str| at.map_or_else(|| if issued { none.to_owned() } else { String::new() }, day);
    let (state, ink) = match row.observed {
        Some(Observed::Disabled) if row.state == "active" => ("active, is off".to_owned(), Ink::Remove),
        Some(Observed::Missing) if row.state == "active" => ("active, is gone".to_owned(), Ink::Remove),
        Some(Observed::Live) if row.state == "disabled" => ("disabled, is on".to_owned(), Ink::Remove),
        Some(Observed::Live | Observed::Disabled | Observed::Missing | Observed::Unknown | Observed::Unavailable) | None => {
            (row.state.clone(), state_ink(&row.state))
        }
    };
    let mut cells = vec![
        Cell::inked(row.address.to_string(), Ink::Strong),
        Cell::inked(state, ink),
        Cell::new(row.generation.map(|number| number.to_string()).unwrap_or_default()),
        row.risk.map_or_else(|| Cell::new(""), |risk| Cell::inked(risk.as_str().to_uppercase(), Ink::Risk(risk))),
        Cell::new(row.scopes.len().to_string()),
        Cell::new(row.created_at.map(|at| format!("{}d", days(at, now))).unwrap_or_default()),
        soon(date(row.expires_at, "never"), row.expires_at.filter(|_| row.state == "active"), now),
        soon(date(row.rotates_at, ""), row.rotates_at, now),
        Cell::new(date(row.last_verified_at, "never")),
    ];
    if live {
        let used = match (row.observed, row.last_used_at) {
            (_, Some(at)) => day(at),
            (Some(_), None) if row.unused_since.is_some() => "never".to_owned(),
            (Some(_) | None, None) => String::new(),
        };
        cells.push(if row.unused_since.is_some() { Cell::inked(used, Ink::Attention) } else { Cell::new(used) });
    }
    if reviews {
        cells.push(soon(date(row.review_due_at, ""), row.review_due_at, now));
    }
    cells.push(Cell::new(row.owner.as_deref().map(safe).unwrap_or_default()));
    cells
}

/// A date, marked when it has passed.
fn soon(text: String, at: Option<Timestamp>, now: Timestamp) -> Cell {
    if at.is_some_and(|at| at <= now) { Cell::inked(text, Ink::Remove) } else { Cell::new(text) }
}

fn days(from: Timestamp, to: Timestamp) -> i64 {
    to.duration_since(from).as_secs().div_euclid(86_400).max(0)
}

/// Keys that nobody uses, each with the change that disables it.
fn unused(out: &mut String, inventory: &Inventory, style: Style) {
    let rows: Vec<&Row> = inventory.keys.iter().filter(|row| row.unused_since.is_some()).collect();
    if rows.is_empty() {
        return;
    }
    let label = style.paint(Ink::Strong, "unused");
    let _ = writeln!(out, "\n{label}   {}", count(rows.len(), "key"));
    for (n, row) in rows.iter().enumerate() {
        let Some((since, after)) = row.unused_since.zip(row.unused_after) else { continue };
        unused_key(out, &row.address.to_string(), (row.last_used_at, since), after, inventory.as_of, style);
        if let Some(change) = row.disable_change.as_ref().filter(|_| n < CHANGES) {
            indented(out, change);
        }
    }
    let more = rows.iter().skip(CHANGES).filter(|row| row.disable_change.is_some()).count();
    if more > 0 {
        let _ = writeln!(out, "    {more} more changes: `-o json` has them all");
    }
}

/// One line of an unused key: since when.
pub(super) fn unused_key(
    out: &mut String,
    address: &str,
    (last_used_at, since): (Option<Timestamp>, Timestamp),
    after: crate::model::Span,
    now: Timestamp,
    style: Style,
) {
    let what = if last_used_at == Some(since) { "last used" } else { "never used since it was created" };
    let address = style.paint(Ink::Strong, address);
    let _ = writeln!(out, "  {address}  {what} {}, {} days ago (unused_after {after}); to disable it:", day(since), days(since, now));
}

/// A unified diff, below the line that it belongs to.
pub(super) fn indented(out: &mut String, text: &str) {
    for line in text.lines() {
        let _ = writeln!(out, "    {}", safe(line));
    }
}

/// The inventory as JSON; its schema is `keywright schema inventory`.
pub fn list_json(inventory: &Inventory) -> String {
    super::json(inventory)
}

/// The colour of a generation's state.
pub(super) fn state_ink(state: &str) -> Ink {
    match state {
        "active" => Ink::Create,
        "ambiguous" | "lost" | "vanished" => Ink::Remove,
        "attended" | "intended" | "created" | "sealed" => Ink::Attention,
        "retiring" | "expired" => Ink::Change,
        // A word for people; an unknown one has no colour of its own.
        _ => Ink::Dim,
    }
}

#[cfg(test)]
pub(crate) mod samples {
    use super::*;
    use crate::inventory::{DateKind, Dated};
    use crate::model::Risk;

    pub fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    /// A key that nobody has issued yet.
    pub fn declared() -> Row {
        Row {
            address: "pay/new".parse().expect("an address"),
            provider: "payconex".to_owned(),
            state: "declared".to_owned(),
            observed: None,
            owner: None,
            purpose: None,
            scopes: ["a:read".into()].into(),
            risk: Some(Risk::Low),
            created_at: None,
            rotated_at: None,
            expires_at: None,
            rotates_at: None,
            last_verified_at: None,
            last_used_at: None,
            review_every: None,
            reviewed_at: None,
            reviewed_by: None,
            review_due_at: None,
            review_overdue: false,
            unused_after: None,
            unused_since: None,
            disable_change: None,
            protect: false,
            generation: None,
            id: None,
            declared_at: None,
            deliveries: Vec::new(),
            dates: Vec::new(),
        }
    }

    /// A key in use, whose review is overdue.
    pub fn billing() -> Row {
        let dated = |time: &str, kind| Dated { at: at(time), kind, generation: 2 };
        Row {
            address: "pay/billing".parse().expect("an address"),
            state: "active".to_owned(),
            generation: Some(2),
            id: Some("api_2".to_owned()),
            scopes: ["a:read".into(), "b:write".into()].into(),
            risk: Some(Risk::High),
            owner: Some("@acme/pay".to_owned()),
            purpose: Some("Settlement, events; and more".to_owned()),
            created_at: Some(at("2026-05-01T09:00:00Z")),
            rotated_at: Some(at("2026-11-21T09:00:00Z")),
            expires_at: Some(at("2027-02-19T09:00:00Z")),
            rotates_at: Some(at("2027-02-06T03:00:00Z")),
            last_verified_at: Some(at("2026-11-21T09:00:02Z")),
            review_every: Some(crate::model::Span::days(180)),
            review_due_at: Some(at("2026-10-28T09:00:00Z")),
            review_overdue: true,
            deliveries: Vec::new(),
            dates: vec![
                dated("2026-10-28T09:00:00Z", DateKind::Review),
                dated("2027-02-06T03:00:00Z", DateKind::Rotation),
                dated("2027-02-19T09:00:00Z", DateKind::Expiry),
            ],
            ..declared()
        }
    }

    pub fn inventory(keys: Vec<Row>) -> Inventory {
        Inventory { format_version: "1.0".to_owned(), as_of: at("2026-11-22T00:00:00Z"), accounts: None, keys }
    }
}

#[cfg(test)]
mod tests {
    use super::samples::{at, billing, declared, inventory};
    use super::*;

    #[test]
    fn the_inventory_is_a_table() {
        let owner = Some("@acme/\u{1b}[31mpay".to_owned());
        let all = inventory(vec![Row { owner, ..billing() }, declared()]);
        insta::assert_snapshot!(list_text(&all, Style { colour: false, width: 160 }));
        assert_eq!(list_text(&inventory(vec![]), Style::PLAIN), "no keys\n");
    }

    #[test]
    fn an_unused_key_comes_with_the_change_that_disables_it() {
        let row = Row {
            observed: Some(Observed::Live),
            unused_after: Some(crate::model::Span::days(90)),
            unused_since: Some(at("2026-05-01T09:00:00Z")),
            disable_change: Some(
                "--- a/keys/pay.yaml\n+++ b/keys/pay.yaml\n@@ -3,1 +3,2 @@\n   billing:\n+    state: disabled\n".to_owned(),
            ),
            ..billing()
        };
        let all = Inventory { accounts: Some(BTreeMap::new()), ..inventory(vec![row]) };
        insta::assert_snapshot!(list_text(&all, Style { colour: false, width: 160 }));
    }

    #[test]
    fn the_inventory_is_json() {
        let value: serde_json::Value = serde_json::from_str(&list_json(&inventory(vec![billing(), declared()]))).expect("JSON");
        assert_eq!((&value["keys"][0]["address"], &value["keys"][0]["risk"]), (&"pay/billing".into(), &"high".into()));
        assert_eq!(value["keys"][0]["dates"][0]["kind"], "review");
        assert_eq!(value["keys"][1]["generation"], serde_json::Value::Null);
    }
}
