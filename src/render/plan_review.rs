//! What a text plan says to the reviewer of a change: whose doing each entry is, what happens to trusted files, what is withdrawn.
use std::fmt::Write as _;

use super::palette::{Ink, Style};
use super::plan_sections::count;
use super::plan_text::shouted;
use super::table::{Cell, table};
use super::weighed::trusted_word;
use crate::model::text_safety::safe;
use crate::plan::{Change, Origin, Plan, TrustedChange};

/// Keys that a trusted change names before it counts the rest.
const CONCERNS: usize = 3;

/// The line under the header that says which commit is trusted.
pub fn trust(plan: &Plan, style: Style) -> String {
    let Some(base) = &plan.base else { return String::new() };
    let short: String = base.commit.chars().take(8).collect();
    let line = format!("trusted configuration, profiles and ledger: {} {}", safe(&base.reference), safe(&short));
    format!("{}\n", style.paint(Ink::Dim, &line))
}

/// The changes in the order in which they are read, each group under its heading; without a base one group that has none.
pub fn groups<'p>(plan: &'p Plan, style: Style) -> Vec<(String, Vec<&'p Change>)> {
    if plan.base.is_none() {
        return vec![(String::new(), plan.changes.iter().collect())];
    }
    let (pending, introduced): (Vec<&Change>, Vec<&Change>) =
        plan.changes.iter().partition(|change| change.origin == Some(Origin::Pending));
    let heading = |word: &str, of: &[&Change]| {
        if of.is_empty() { String::new() } else { format!("\n{}   {}\n", style.paint(Ink::Strong, word), count(of.len(), "key")) }
    };
    vec![(heading("introduced here", &introduced), introduced), (heading("already pending", &pending), pending)]
}

/// Trusted files, and what the base asks for and the working tree does not.
pub fn section(out: &mut String, plan: &Plan, style: Style) {
    if !plan.trusted.is_empty() {
        let label = style.paint(Ink::Strong, "trusted files");
        let _ = writeln!(
            out,
            "\n{label}   {}; this plan is made without them, they take effect only after the merge",
            count(plan.trusted.len(), "change")
        );
        let rows: Vec<Vec<Cell>> = plan.trusted.iter().map(row).collect();
        out.push_str(&table(&["  RISK", "WHAT", "WHERE", "WHY"], &rows, style));
    }
    let withdrawn = plan.base.as_ref().map(|base| &base.withdrawn[..]).unwrap_or_default();
    if !withdrawn.is_empty() {
        let label = style.paint(Ink::Strong, "withdrawn");
        let _ = writeln!(out, "\n{label}   {} that the base asks for, and this tree does not", count(withdrawn.len(), "change"));
        for change in withdrawn {
            let _ = writeln!(out, "  {}  {}: {}", change.address, change.action.as_str(), safe(&change.reason));
        }
    }
}

fn row(trusted: &TrustedChange) -> Vec<Cell> {
    let side = |value: &Option<String>| value.as_deref().map_or_else(|| "nothing".to_owned(), |value| safe(value).into_owned());
    let change = match (&trusted.before, &trusted.after) {
        (None, None) => String::new(),
        (before, after) => format!(": {} -> {}", side(before), side(after)),
    };
    let place = trusted.at.as_ref().map(|at| format!("{}:{}", safe(&at.file), at.line)).unwrap_or_default();
    let mut why = if trusted.weaker { format!("weaker: {}", safe(&trusted.why)) } else { safe(&trusted.why).into_owned() };
    let named: Vec<String> = trusted.concerns.iter().take(CONCERNS).map(ToString::to_string).collect();
    if !named.is_empty() {
        let more = trusted.concerns.len() - named.len();
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        let _ = write!(why, " ({}{more})", named.join(", "));
    }
    vec![
        Cell::inked(format!("  {}", shouted(trusted.risk)), Ink::Risk(trusted.risk)),
        Cell::new(format!("{} `{}`{change}", trusted_word(trusted.kind), safe(&trusted.subject))),
        Cell::new(place),
        Cell::new(why),
    ]
}
