//! The inventory: one row a key.
use jiff::Timestamp;
use serde::Serialize;

use super::palette::{Ink, Style};
use super::plan_text::day;
use super::table::{Cell, table};
use super::text_safety::safe;
use crate::model::{Address, Risk};

/// One key of the inventory.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ListRow {
    pub address: Address,
    pub provider: String,
    /// The current generation's state, or `declared` when there is none yet.
    pub state: String,
    /// Absent: none issued yet.
    pub generation: Option<u32>,
    pub scopes: usize,
    /// Of the granted scopes, wildcards expanded.
    pub highest_risk: Option<Risk>,
    pub owner: Option<String>,
    pub created_at: Option<Timestamp>,
    /// Absent: never, or none issued yet.
    pub expires_at: Option<Timestamp>,
    pub last_verified_at: Option<Timestamp>,
}

/// The inventory as JSON.
#[derive(Debug, Serialize)]
struct Inventory<'a> {
    format_version: &'static str,
    keys: &'a [ListRow],
}

/// The inventory as an aligned table, in the order given.
pub fn list_text(rows: &[ListRow], style: Style) -> String {
    if rows.is_empty() {
        return "no keys\n".to_owned();
    }
    let cells: Vec<Vec<Cell>> = rows
        .iter()
        .map(|row| {
            let issued = row.generation.is_some();
            let date = |at: Option<Timestamp>, none: &str| at.map_or_else(|| if issued { none.to_owned() } else { String::new() }, day);
            vec![
                Cell::inked(row.address.to_string(), Ink::Strong),
                Cell::new(safe(&row.provider)),
                Cell::inked(safe(&row.state), state_ink(&row.state)),
                Cell::new(row.generation.map(|number| number.to_string()).unwrap_or_default()),
                Cell::new(row.scopes.to_string()),
                row.highest_risk.map_or_else(|| Cell::new(""), |risk| Cell::inked(risk.as_str().to_uppercase(), Ink::Risk(risk))),
                Cell::new(date(row.created_at, "unknown")),
                Cell::new(date(row.expires_at, "never")),
                Cell::new(date(row.last_verified_at, "never")),
                Cell::new(row.owner.as_deref().map(safe).unwrap_or_default()),
            ]
        })
        .collect();
    let headings = ["KEY", "PROVIDER", "STATE", "GEN", "SCOPES", "RISK", "CREATED", "EXPIRES", "VERIFIED", "OWNER"];
    table(&headings, &cells, style)
}

/// The inventory as JSON: `format_version` and `keys`.
pub fn list_json(rows: &[ListRow]) -> String {
    super::json(&Inventory { format_version: "1.0", keys: rows })
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
mod tests {
    use super::*;

    fn rows() -> Vec<ListRow> {
        let at = |text: &str| Some(text.parse().expect("a time"));
        vec![
            ListRow {
                address: "pay/billing".parse().expect("an address"),
                provider: "payconex".to_owned(),
                state: "active".to_owned(),
                generation: Some(2),
                scopes: 3,
                highest_risk: Some(Risk::High),
                owner: Some("@acme/\u{1b}[31mpay".to_owned()),
                created_at: at("2026-11-21T09:00:00Z"),
                expires_at: at("2027-02-19T09:00:00Z"),
                last_verified_at: None,
            },
            ListRow {
                address: "pay/new".parse().expect("an address"),
                provider: "payconex".to_owned(),
                state: "declared".to_owned(),
                generation: None,
                scopes: 1,
                highest_risk: Some(Risk::Low),
                owner: None,
                created_at: None,
                expires_at: None,
                last_verified_at: None,
            },
        ]
    }

    #[test]
    fn the_inventory_is_a_table() {
        insta::assert_snapshot!(list_text(&rows(), Style { colour: false, width: 160 }), @r"
        KEY          PROVIDER  STATE     GEN  SCOPES  RISK  CREATED     EXPIRES     VERIFIED  OWNER
        pay/billing  payconex  active    2    3       HIGH  2026-11-21  2027-02-19  never     @acme/\u{1b}[31mpay
        pay/new      payconex  declared       1       LOW
        ");
        assert_eq!(list_text(&[], Style::PLAIN), "no keys\n");
    }

    #[test]
    fn the_inventory_is_json() {
        let value: serde_json::Value = serde_json::from_str(&list_json(&rows())).expect("JSON");
        assert_eq!(value["keys"][0]["address"], "pay/billing");
        assert_eq!(value["keys"][1]["generation"], serde_json::Value::Null);
    }
}
