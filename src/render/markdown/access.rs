//! The tables of access in a comment, trusted files included: a row for what shares its risk and its reason.
use std::fmt::Write as _;

use super::Page;
use super::inline::{code, prose};
use crate::model::Risk;
use crate::plan::{Origin, TrustedChange};
use crate::render::headline::{loud, things};
use crate::render::plan_sections::count;
use crate::render::weighed::{Counts, Row, What, option_says, words};

/// Keys that a row of a trusted file names before it counts the rest.
const CONCERNS: usize = 10;

/// What is gained; with a base, what is introduced here first.
pub fn gained(out: &mut String, page: &Page<'_>) {
    if page.plan.base.is_none() {
        return table(out, page, "Access gained", "Why it is new", page.gained.iter().collect());
    }
    let (pending, introduced): (Vec<&Row>, Vec<&Row>) = page.gained.iter().partition(|row| row.origin == Some(Origin::Pending));
    table(out, page, "Access gained: introduced here", "Why it is new", introduced);
    table(out, page, "Access gained: already pending", "Why it is new", pending);
}

/// What is lost.
pub fn lost(out: &mut String, page: &Page<'_>) {
    let (pending, others): (Vec<&Row>, Vec<&Row>) = page.lost.iter().partition(|row| row.origin == Some(Origin::Pending));
    let heading = if page.plan.base.is_some() { "Access lost: introduced here" } else { "Access lost" };
    table(out, page, heading, "Why", others);
    table(out, page, "Access lost: already pending", "Why", pending);
}

fn table(out: &mut String, page: &Page<'_>, heading: &str, why: &str, rows: Vec<&Row<'_>>) {
    if rows.is_empty() {
        return;
    }
    let things = things(rows.iter().copied());
    let _ = write!(out, "### {heading} ({things})\n\n| Risk | What | Key | {why} |\n|---|---|---|---|\n");
    let (hidden, shown): (Vec<&Row>, Vec<&Row>) = rows.into_iter().partition(|row| page.fold.hides(row.risk));
    let mut before: Option<(String, String)> = None;
    for row in shown {
        let told = (row.change.map(|change| change.address.to_string()).unwrap_or_default(), row.why());
        let same = before.as_ref() == Some(&told) && told.1.len() > 8;
        let why = if same { "same".to_owned() } else { prose(&told.1) };
        let risk = if row.risk >= Risk::High { format!("**{}**", loud(row.risk)) } else { loud(row.risk).to_owned() };
        let key = key(row);
        let _ = writeln!(out, "| {risk} {} | {} | {key} | {why} |", prose(&row.kind()), what(row, page));
        before = Some(told);
    }
    let hidden: Vec<Row> = hidden.into_iter().cloned().collect();
    let counts = Counts::counted(hidden.iter());
    for (risk, things) in [(Risk::Medium, counts.medium), (Risk::Low, counts.low)] {
        if things > 0 {
            let keys: std::collections::BTreeSet<_> =
                hidden.iter().filter(|row| row.risk == risk).filter_map(|row| row.change).map(|change| &change.address).collect();
            let _ = writeln!(
                out,
                "| {} | _{things} more_ | _{}_ | counted, because the comment would be too long |",
                loud(risk),
                count(keys.len(), "key")
            );
        }
    }
    out.push('\n');
}

/// The key that it is about; for a trusted file the place, and the keys that it concerns.
fn key(row: &Row<'_>) -> String {
    match (&row.what, row.change) {
        (_, Some(change)) => code(&change.address.to_string()),
        (What::Trusted(trusted), None) => concerned(trusted),
        (
            What::Scopes(_)
            | What::Expiry { .. }
            | What::Overlap(_)
            | What::Unprotected
            | What::Readers(_)
            | What::FormerReaders(_)
            | What::Places(_)
            | What::Option(_),
            None,
        ) => String::new(),
    }
}

fn concerned(trusted: &TrustedChange) -> String {
    let mut keys: Vec<String> = trusted.concerns.iter().take(CONCERNS).map(|address| code(&address.to_string())).collect();
    if trusted.concerns.len() > CONCERNS {
        keys.push(format!("and {} more", trusted.concerns.len() - CONCERNS));
    }
    keys.join(", ")
}

fn what(row: &Row<'_>, page: &Page<'_>) -> String {
    let list = |names: &[&str]| names.iter().map(|name| code(name)).collect::<Vec<_>>().join(", ");
    match &row.what {
        What::Scopes(entries) => list(&words(entries)),
        What::Expiry { .. } => "lives longer".to_owned(),
        What::Overlap(_) => "longer overlap".to_owned(),
        What::Unprotected => "protection removed".to_owned(),
        What::Readers(names) | What::FormerReaders(names) | What::Places(names) => list(names),
        What::Option(gain) => prose(&option_says(gain)),
        What::Trusted(trusted) => {
            let place = trusted
                .at
                .as_ref()
                .map(|at| format!(" at {}", code(&format!("{}:{}", page.setting.path(&at.file), at.line))))
                .unwrap_or_default();
            let side = |text: &Option<String>| text.as_deref().map_or_else(|| "nothing".to_owned(), code);
            let change = match (&trusted.before, &trusted.after) {
                (None, None) => String::new(),
                (before, after) => format!(": {} → {}", side(before), side(after)),
            };
            format!("{}{change}{place}", code(&trusted.subject))
        }
    }
}
