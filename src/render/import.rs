//! What an import would adopt, and what became of it.
use jiff::Timestamp;

use super::palette::{Ink, Style};
use super::table::{Cell, table};
use crate::model::text_safety::safe;
use crate::model::{Address, Recipients, Risk};

/// The longest label that the table shows, in characters.
const LABEL: usize = 40;

/// One key that would be adopted.
#[derive(Debug, Clone)]
pub struct ImportRow<'a> {
    pub address: &'a Address,
    pub id: &'a str,
    pub label: &'a str,
    pub risk: Option<Risk>,
    /// `None`: never, or not told.
    pub expires_at: Option<Timestamp>,
    /// What is particular about it; empty: nothing.
    pub note: &'static str,
}

/// What would be adopted, as a table, where it would be written, and who could open the secrets.
pub fn import_text(rows: &[ImportRow<'_>], file: &str, readers: &Recipients, style: Style) -> String {
    if rows.is_empty() {
        return "nothing to import: every key that could be adopted is in the ledger\n".to_owned();
    }
    let cells: Vec<Vec<Cell>> = rows
        .iter()
        .map(|row| {
            vec![
                Cell::inked(row.address.to_string(), Ink::Strong),
                Cell::new(safe(&shortened(row.label, LABEL))),
                Cell::new(safe(row.id)),
                row.risk.map_or_else(|| Cell::new(""), |risk| Cell::inked(risk.as_str().to_uppercase(), Ink::Risk(risk))),
                Cell::new(row.expires_at.map_or_else(|| "never".to_owned(), |end| end.strftime("%Y-%m-%d").to_string())),
                Cell::new(row.note),
            ]
        })
        .collect();
    let keys = super::count(rows.len(), "key");
    let drawn = table(&["KEY", "LABEL", "ID", "RISK", "ENDS", ""], &cells, style);
    let groups: Vec<String> =
        readers.iter().map(|(group, all)| format!("`{}` ({})", safe(group), super::count(all.len(), "recipient"))).collect();
    format!(
        "{drawn}\nImport: {keys} into `{}` and the ledger. Nothing changes at the provider.\nTheir secrets can be opened by {}.\n",
        safe(file),
        groups.join(", ")
    )
}

/// A text cut to so many characters.
pub fn shortened(text: &str, longest: usize) -> String {
    if text.chars().nth(longest).is_none() {
        return text.to_owned();
    }
    text.chars().take(longest.saturating_sub(1)).chain(['…']).collect()
}
