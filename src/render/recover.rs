//! What an interrupted apply left, and what becomes of it.
use serde::Serialize;

use super::list::state_ink;
use super::palette::{Ink, Style};
use super::table::{Cell, table};
use crate::model::text_safety::safe;
use crate::model::{Address, GenerationState};

/// One unfinished generation.
#[derive(Debug, Clone, Serialize)]
pub struct RecoverRow {
    pub address: Address,
    pub generation: u32,
    pub state: GenerationState,
    /// Ids at the provider: none where nothing bears its marker, more than one where any of them may be it.
    pub ids: Vec<String>,
    /// A sentence without its subject.
    pub outcome: &'static str,
}

/// What would be done, as JSON.
#[derive(Serialize)]
struct Recovery<'a> {
    format_version: &'static str,
    /// Whether every account could be read: otherwise there may be more.
    complete: bool,
    unfinished: &'a [RecoverRow],
}

pub fn recover_json(rows: &[RecoverRow], complete: bool) -> String {
    super::json(&Recovery { format_version: "1.0", complete, unfinished: rows })
}

/// What would be done, as a table.
pub fn recover_text(rows: &[RecoverRow], complete: bool, style: Style) -> String {
    let more = if complete { "" } else { "not every account could be read: what was left there is not known\n" };
    if rows.is_empty() {
        return if complete { "nothing was left unfinished\n".to_owned() } else { more.to_owned() };
    }
    let cells: Vec<Vec<Cell>> = rows
        .iter()
        .map(|row| {
            let state = super::json(&row.state);
            let state = state.trim().trim_matches('"').to_owned();
            vec![
                Cell::inked(row.address.to_string(), Ink::Strong),
                Cell::new(row.generation.to_string()),
                Cell::inked(state.clone(), state_ink(&state)),
                Cell::new(if row.ids.is_empty() { "not listed".to_owned() } else { safe(&row.ids.join(", ")).into_owned() }),
                Cell::new(row.outcome),
            ]
        })
        .collect();
    table(&["KEY", "GEN", "STATE", "AT THE PROVIDER", "WHAT BECOMES OF IT"], &cells, style) + more
}
