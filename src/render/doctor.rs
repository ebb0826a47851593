//! What was checked, and what is wrong.
use serde::Serialize;

use super::palette::{Ink, Style};
use super::table::{Cell, table};
use crate::model::text_safety::safe;

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Health {
    Good,
    /// Apply works, with less safety.
    Warning,
    Bad,
}

/// One thing that was checked.
#[derive(Debug, Clone, Serialize)]
pub struct Checkup {
    pub subject: String,
    pub health: Health,
    pub says: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

#[derive(Serialize)]
struct Checkups<'a> {
    format_version: &'static str,
    checks: &'a [Checkup],
}

pub fn doctor_json(checks: &[Checkup]) -> String {
    super::json(&Checkups { format_version: "1.0", checks })
}

pub fn doctor_text(checks: &[Checkup], style: Style) -> String {
    let cells: Vec<Vec<Cell>> = checks
        .iter()
        .map(|check| {
            let (word, ink) = match check.health {
                Health::Good => ("ok", Ink::Create),
                Health::Warning => ("warning", Ink::Attention),
                Health::Bad => ("bad", Ink::Remove),
            };
            let says = match &check.help {
                Some(help) => format!("{}; {}", safe(&check.says), safe(help)),
                None => safe(&check.says).into_owned(),
            };
            vec![Cell::new(safe(&check.subject)), Cell::inked(word, ink), Cell::new(says)]
        })
        .collect();
    let bad = checks.iter().filter(|check| check.health == Health::Bad).count();
    let warnings = checks.iter().filter(|check| check.health == Health::Warning).count();
    format!("{}\n{bad} bad, {warnings} to look at, {} ok\n", table(&["WHAT", "STATE", ""], &cells, style), checks.len() - bad - warnings)
}
