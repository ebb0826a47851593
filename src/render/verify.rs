//! What a trial of published keys showed.
use jiff::Timestamp;
use serde::Serialize;

use super::palette::{Ink, Style};
use super::plan_text::day;
use super::table::{Cell, table};
use crate::model::text_safety::safe;
use crate::model::{Address, ScopeSet};

/// What one trial showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shown {
    Alive,
    /// Alive, and refused something that the key should be able to do.
    Lacks,
    Expired,
    Dead,
    Unknown,
}

/// One key that was tried.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VerifyRow {
    pub address: Address,
    pub provider: String,
    /// Absent: none is published.
    pub generation: Option<u32>,
    pub shown: Shown,
    /// Declared scopes that the provider refused.
    #[serde(skip_serializing_if = "std::collections::BTreeSet::is_empty")]
    pub lacks: ScopeSet,
    /// Why nothing is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    pub last_verified_at: Option<Timestamp>,
}

#[derive(Debug, Serialize)]
struct Trials<'a> {
    format_version: &'static str,
    keys: &'a [VerifyRow],
}

impl Shown {
    fn as_str(self) -> &'static str {
        match self {
            Self::Alive => "alive",
            Self::Lacks => "alive, lacks",
            Self::Expired => "expired",
            Self::Dead => "dead",
            Self::Unknown => "unknown",
        }
    }

    fn ink(self) -> Ink {
        match self {
            Self::Alive => Ink::Create,
            Self::Lacks | Self::Unknown => Ink::Attention,
            Self::Expired | Self::Dead => Ink::Remove,
        }
    }
}

/// One line a key, in the order given.
pub fn verify_text(rows: &[VerifyRow], style: Style) -> String {
    if rows.is_empty() {
        return "no keys\n".to_owned();
    }
    let cells: Vec<Vec<Cell>> = rows
        .iter()
        .map(|row| {
            let lacks: Vec<&str> = row.lacks.iter().map(crate::model::Scope::as_str).collect();
            let detail = row.reason.clone().unwrap_or_else(|| lacks.join(", "));
            vec![
                Cell::inked(row.address.to_string(), Ink::Strong),
                Cell::new(safe(&row.provider)),
                Cell::new(row.generation.map(|number| number.to_string()).unwrap_or_default()),
                Cell::inked(row.shown.as_str(), row.shown.ink()),
                Cell::new(row.last_verified_at.map_or_else(|| "never".to_owned(), day)),
                Cell::new(safe(&detail)),
            ]
        })
        .collect();
    table(&["KEY", "PROVIDER", "GEN", "SHOWN", "VERIFIED", ""], &cells, style)
}

/// The same as JSON: `format_version` and `keys`.
pub fn verify_json(rows: &[VerifyRow]) -> String {
    super::json(&Trials { format_version: "1.0", keys: rows })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trials_are_told_by_key() {
        let row = |name: &str, shown, lacks: &[&str], reason: Option<&str>| VerifyRow {
            address: format!("brex/{name}").parse().expect("an address"),
            provider: "brex".to_owned(),
            generation: Some(1),
            shown,
            lacks: lacks.iter().map(|scope| (*scope).into()).collect(),
            reason: reason.map(str::to_owned),
            last_verified_at: (shown == Shown::Alive).then(|| "2026-11-21T09:00:00Z".parse().expect("an instant")),
        };
        let rows = [
            row("one", Shown::Alive, &[], None),
            row("two", Shown::Lacks, &["users.readonly"], None),
            row("three", Shown::Unknown, &[], Some("throttled:\u{1b} status 429")),
        ];
        insta::assert_snapshot!(verify_text(&rows, Style::PLAIN), @r"
        KEY         PROVIDER  GEN  SHOWN         VERIFIED
        brex/one    brex      1    alive         2026-11-21
        brex/two    brex      1    alive, lacks  never       users.readonly
        brex/three  brex      1    unknown       never       throttled:\u{1b} status 429
        ");
        let json: serde_json::Value = serde_json::from_str(&verify_json(&rows)).expect("JSON");
        assert_eq!(json["keys"][1]["lacks"], serde_json::json!(["users.readonly"]));
        assert_eq!((json["keys"][0]["shown"].as_str(), json["keys"][0].get("lacks")), (Some("alive"), None));
    }
}
