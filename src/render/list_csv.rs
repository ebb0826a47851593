//! The inventory as CSV, for spreadsheets: a header and one line a key. No cell is a formula, whoever wrote its text.
use jiff::Timestamp;

use crate::inventory::Row;
use crate::model::text_safety::safe;
use crate::model::{Scope, Span};

/// The columns, in their order. Later versions may add some at the end.
pub const COLUMNS: [&str; 24] = [
    "address",
    "provider",
    "state",
    "owner",
    "purpose",
    "risk",
    "scopes",
    "created_at",
    "rotated_at",
    "expires_at",
    "rotates_at",
    "last_verified_at",
    "last_used_at",
    "review_every",
    "reviewed_at",
    "reviewed_by",
    "review_due_at",
    "review_overdue",
    "unused_after",
    "unused_since",
    "protect",
    "generation",
    "id",
    "declared_at",
];

/// The inventory as CSV (RFC 4180, line feeds, every cell in quotes). Instants are RFC 3339, scopes separated by spaces; what is not known is empty. A
/// text that a spreadsheet would take for a formula gets a `'` before it, also after a `;`: where that is the list separator, a spreadsheet begins a
/// cell there, whatever the quotes say.
pub fn list_csv(rows: &[Row]) -> String {
    let mut writer = csv::WriterBuilder::new().quote_style(csv::QuoteStyle::Always).from_writer(Vec::new());
    let wrote = "memory takes every line";
    writer.write_record(COLUMNS).expect(wrote);
    for row in rows {
        writer.write_record(cells(row).iter().map(|cell| inert(cell))).expect(wrote);
    }
    let bytes = writer.into_inner().expect(wrote);
    String::from_utf8(bytes).expect("every cell is text")
}

fn cells(row: &Row) -> [String; 24] {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let at = |at: Option<Timestamp>| at.map(|at| at.to_string()).unwrap_or_default();
    let span = |span: Option<Span>| span.map(|span| span.to_string()).unwrap_or_default();
    let scopes: Vec<&str> = row.scopes.iter().map(Scope::as_str).collect();
    [
        row.address.to_string(),
        row.provider.clone(),
        row.state.clone(),
        text(&row.owner),
        text(&row.purpose),
        row.risk.map(|risk| risk.as_str().to_owned()).unwrap_or_default(),
        scopes.join(" "),
        at(row.created_at),
        at(row.rotated_at),
        at(row.expires_at),
        at(row.rotates_at),
        at(row.last_verified_at),
        at(row.last_used_at),
        span(row.review_every),
        at(row.reviewed_at),
        text(&row.reviewed_by),
        at(row.review_due_at),
        row.review_overdue.to_string(),
        span(row.unused_after),
        at(row.unused_since),
        row.protect.to_string(),
        row.generation.map(|number| number.to_string()).unwrap_or_default(),
        text(&row.id),
        row.declared_at.as_ref().map(|position| format!("{}:{}", position.file, position.line)).unwrap_or_default(),
    ]
}

/// A cell that no spreadsheet evaluates, without characters that steer anything.
fn inert(text: &str) -> String {
    let pieces: Vec<String> = text
        .split(';')
        .enumerate()
        .map(|(number, piece)| {
            // Where `;` separates, quotes and spaces before a formula are dropped with it.
            let begins = if number == 0 { piece } else { piece.trim_start_matches(['"', ' ']) };
            let formula = begins.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
            format!("{}{}", if formula { "'" } else { "" }, safe(piece))
        })
        .collect();
    pieces.join(";")
}

#[cfg(test)]
mod tests {
    use super::super::list::samples::{billing, declared};
    use super::*;

    fn read(text: &str) -> Vec<Vec<String>> {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
        reader.records().map(|record| record.expect("CSV").iter().map(str::to_owned).collect()).collect()
    }

    #[test]
    fn a_line_a_key_reads_back() {
        let lines = read(&list_csv(&[billing(), declared()]));
        assert_eq!(lines.len(), 3);
        assert_eq!(lines[0], COLUMNS);
        let cell = |name: &str| &lines[1][COLUMNS.iter().position(|column| *column == name).expect("a column")];
        assert_eq!((cell("address").as_str(), cell("owner").as_str()), ("pay/billing", "'@acme/pay"));
        assert_eq!((cell("scopes").as_str(), cell("rotated_at").as_str()), ("a:read b:write", "2026-11-21T09:00:00Z"));
        assert_eq!((cell("purpose").as_str(), cell("review_overdue").as_str()), ("Settlement, events; and more", "true"));
        assert_eq!(lines[2][7], "");
    }

    #[test]
    fn no_cell_is_a_formula() {
        for (hostile, expected) in [
            ("=HYPERLINK(\"http://x\")", "'=HYPERLINK(\"http://x\")"),
            ("+1", "'+1"),
            ("-1+1", "'-1+1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\\u{9}=1"),
            ("\r=1", "'\\u{d}=1"),
            ("\n=1", "'\\u{a}=1"),
            ("＝1", "'＝1"),
            ("a\r\n=1,\"x", "a\\u{d}\\u{a}=1,\"x"),
            ("\u{202e}evil", "\\u{202e}evil"),
            ("plain", "plain"),
        ] {
            let row = Row { owner: Some(hostile.to_owned()), purpose: Some(hostile.to_owned()), ..declared() };
            let text = list_csv(&[row]);
            let lines = read(&text);
            assert_eq!((lines.len(), lines[1].len(), text.lines().count()), (2, COLUMNS.len(), 2), "{hostile:?}");
            assert_eq!((lines[1][3].as_str(), lines[1][4].as_str()), (expected, expected));
        }
    }

    /// Excel splits at `;` where that is the list separator, also in the middle of what RFC 4180 calls quoted.
    #[test]
    fn no_cell_is_a_formula_where_semicolons_separate() {
        for hostile in ["x;=cmd|' /C calc'!A0", "x; =1", "x;\"=1", "x;\t=1", ";;\" \"+1", "a;\n=1", "=1;=1", "x;＝1;-1", "x;@A1;"] {
            let row = Row { owner: Some(hostile.to_owned()), purpose: Some(hostile.to_owned()), ..declared() };
            let text = list_csv(&[row]);
            assert!(text.lines().all(|line| line.starts_with('"') && line.ends_with('"')), "every cell is quoted: {text}");
            let cells = |separator: u8| -> Vec<String> {
                let mut reader =
                    csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(separator).from_reader(text.as_bytes());
                let lines: Vec<csv::StringRecord> = reader.records().map(|record| record.expect("CSV")).collect();
                lines.iter().flatten().map(str::to_owned).collect()
            };
            let naive = text.lines().flat_map(|line| line.split(';')).map(|cell| cell.trim_matches(['"', ' ']).to_owned());
            assert_eq!(cells(b',').len(), 2 * COLUMNS.len(), "{hostile:?}");
            for cell in cells(b',').into_iter().chain(cells(b';')).chain(naive) {
                let first = cell.trim_start().chars().next();
                assert!(!first.is_some_and(|first| "=+-@\t＝＋－＠".contains(first)), "{hostile:?}: {cell:?}");
            }
        }
    }
}
