//! Keys by scopes: one table a provider, columns from critical to low. A cell says what happens to one scope of one key.
use std::collections::{BTreeMap, BTreeSet};

use maud::{Markup, html};

use super::{text, tone};
use crate::model::{Risk, Scope};
use crate::plan::{AccessEntry, Action, Change, Plan};
use crate::render::headline::loud;
use crate::render::plan_sections::count;
use crate::render::plan_text::day;
use crate::render::weighed::gravity;

/// Cells that one table has at most; beyond, rows without a difference and columns of low risk are counted instead.
const MOST_CELLS: usize = 300_000;

/// What happens to one scope of one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cell<'p> {
    Gained(&'p AccessEntry),
    Lost(&'p AccessEntry),
    Kept,
    /// Live, and in no manifest.
    Drifted(&'p AccessEntry),
}

struct Row<'p> {
    change: &'p Change,
    drift: bool,
    cells: BTreeMap<&'p Scope, Cell<'p>>,
}

impl Row<'_> {
    fn differs(&self) -> bool {
        self.cells.values().any(|cell| *cell != Cell::Kept)
    }
}

/// All tables; nothing when no key changes.
pub fn section(plan: &Plan) -> Markup {
    let providers = by_provider(plan);
    html! {
        @if !providers.is_empty() {
            section aria-labelledby="m" {
                h2 id="m" { "Access matrix" }
                p { "+ gained, " s { "x" } " lost, o kept, (+) gained through a wildcard, ? not in the catalogue, ! live at the provider and in no manifest. Columns run from critical to low." }
                input type="checkbox" id="only" checked; label for="only" { " Only keys whose access differs" }
                @for (provider, rows) in providers { (table(plan, provider, rows)) }
            }
        }
    }
}

fn by_provider(plan: &Plan) -> BTreeMap<&str, Vec<Row<'_>>> {
    let mut providers: BTreeMap<&str, Vec<Row>> = BTreeMap::new();
    let provider = |change: &Change| plan.accounts.get(&change.address.account).map_or("", |account| account.provider.as_str());
    for change in &plan.changes {
        let mut cells: BTreeMap<&Scope, Cell> = change.access.kept.iter().map(|scope| (scope, Cell::Kept)).collect();
        cells.extend(change.access.lost.iter().map(|entry| (&entry.scope, Cell::Lost(entry))));
        cells.extend(change.access.gained.iter().map(|entry| (&entry.scope, Cell::Gained(entry))));
        // What is blocked, and would change no access, is not worth a row.
        if change.action != Action::Blocked || !cells.is_empty() {
            providers.entry(provider(change)).or_default().push(Row { change, drift: false, cells });
        }
    }
    for deed in &plan.drift {
        let mut cells: BTreeMap<&Scope, Cell> = deed.access.kept.iter().map(|scope| (scope, Cell::Kept)).collect();
        cells.extend(deed.access.gained.iter().map(|entry| (&entry.scope, Cell::Drifted(entry))));
        if cells.values().any(|cell| *cell != Cell::Kept) {
            providers.entry(provider(deed)).or_default().push(Row { change: deed, drift: true, cells });
        }
    }
    for rows in providers.values_mut() {
        rows.sort_by_cached_key(|row| (std::cmp::Reverse(gravity(row.change)), row.change.address.clone(), row.drift));
    }
    providers
}

fn table(plan: &Plan, provider: &str, mut rows: Vec<Row<'_>>) -> Markup {
    let mut columns = columns(plan, provider, &rows);
    let (mut hidden_rows, mut hidden_columns) = (0, 0);
    if rows.len() * columns.len() > MOST_CELLS {
        let before = rows.len();
        rows.retain(Row::differs);
        hidden_rows = before - rows.len();
        columns = self::columns(plan, provider, &rows);
    }
    if rows.len() * columns.len() > MOST_CELLS {
        let before = columns.len();
        columns.retain(|(risk, _)| *risk > Risk::Low);
        hidden_columns = before - columns.len();
    }
    let differing = rows.iter().filter(|row| row.differs()).count();
    html! {
        h3 { (text(provider)) " " small.dim { (count(rows.len(), "key")) " × " (count(columns.len(), "scope")) ", " (differing) " with a difference" } }
        div.matrix tabindex="0" role="region" aria-label={ "Access at " (text(provider)) } {
            table {
                thead {
                    tr {
                        th.corner rowspan="2" scope="col" { "Key" }
                        @for (risk, span) in groups(&columns) { th.c.(tone(risk)) colspan=(span) scope="colgroup" { (loud(risk)) } }
                        th rowspan="2" scope="col" { "Expires" }
                    }
                    tr { @for (risk, scope) in &columns { th.c.(tone(*risk)) scope="col" { span { (text(scope.as_str())) } } } }
                }
                tbody { @for row in &rows { (line(row, &columns)) } }
            }
        }
        @if hidden_rows > 0 { p.dim { (count(hidden_rows, "key")) " whose access stays the same are left out of this table." } }
        @if hidden_columns > 0 { p.dim { (count(hidden_columns, "scope")) " of low risk are left out of this table; the tables above have them." } }
    }
}

/// Scopes with their risk, most risky first.
fn columns<'p>(plan: &'p Plan, provider: &str, rows: &[Row<'p>]) -> Vec<(Risk, &'p Scope)> {
    let mut risks: BTreeMap<&Scope, Risk> = BTreeMap::new();
    let kept = plan.kept_risks.get(provider);
    for row in rows {
        for (scope, cell) in &row.cells {
            let risk = match cell {
                Cell::Gained(entry) | Cell::Lost(entry) | Cell::Drifted(entry) => entry.risk,
                // What nobody worked out is unknown, and that is critical.
                Cell::Kept => kept.and_then(|risks| risks.get(*scope)).copied().unwrap_or(Risk::Critical),
            };
            let known = risks.entry(scope).or_insert(risk);
            *known = (*known).max(risk);
        }
    }
    let sorted: BTreeSet<_> = risks.into_iter().map(|(scope, risk)| (std::cmp::Reverse(risk), scope)).collect();
    sorted.into_iter().map(|(risk, scope)| (risk.0, scope)).collect()
}

/// How many columns of each risk stand side by side.
fn groups(columns: &[(Risk, &Scope)]) -> Vec<(Risk, usize)> {
    let mut groups: Vec<(Risk, usize)> = Vec::new();
    for (risk, _) in columns {
        match groups.last_mut() {
            Some((last, span)) if last == risk => *span += 1,
            Some(_) | None => groups.push((*risk, 1)),
        }
    }
    groups
}

fn line(row: &Row<'_>, columns: &[(Risk, &Scope)]) -> Markup {
    let change = row.change;
    let is_blocked = !row.drift && change.action == Action::Blocked;
    let word = match (row.drift, is_blocked) {
        (true, _) => "drift",
        (false, true) => "not now: blocked",
        (false, false) => change.action.as_str(),
    };
    let end =
        change.after.as_ref().map(|view| view.expires_at.map_or_else(|| "never".to_owned(), day)).unwrap_or_else(|| "ends".to_owned());
    html! {
        tr class=[(!row.differs()).then_some("same")] {
            th scope="row" { (change.address) " " em { (word) } }
            @for (_, scope) in columns { (cell(row.cells.get(scope), change)) }
            td.end { @if is_blocked { "not now" } @else { (end) } }
        }
    }
}

fn cell(cell: Option<&Cell<'_>>, change: &Change) -> Markup {
    let via = |entry: &AccessEntry| {
        let via = entry.via.as_ref()?;
        let open = if change.access.open_ended.contains(via) { ", open-ended" } else { "" };
        Some(format!("via {}{open}", text(via.as_str())))
    };
    match cell {
        None => html! { td {} },
        Some(Cell::Kept) => html! { td.k { "o" } },
        Some(Cell::Lost(_)) => html! { td.l { "x" } },
        Some(Cell::Drifted(_)) => html! { td.d title="live, and in no manifest" { "!" } },
        Some(Cell::Gained(entry)) if entry.access.is_none() => html! { td.u title="not in the catalogue" { "?" } },
        Some(Cell::Gained(entry)) => match via(entry) {
            Some(via) => html! { td.g.w title=(via) { "(+)" } },
            None => html! { td.g { "+" } },
        },
    }
}
