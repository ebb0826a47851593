//! When keys rotate, expire and are to be reviewed, drawn over the next 90 days.
use std::fmt::Write as _;

use jiff::{SignedDuration, Timestamp};

use super::palette::{Ink, Style};
use super::plan_text::day;
use super::table::{columns, pad};
use crate::inventory::{DateKind, Dated, Row};

/// Days that are drawn.
const HORIZON: usize = 90;
/// Most keys that are drawn: the soonest ones.
const LINES: usize = 30;
/// The narrowest terminal on which it is drawn unasked.
pub const NARROWEST: usize = 80;
/// Columns of the text behind the chart.
const TEXT: usize = 36;

/// The timeline of these keys, soonest first; empty when nothing lies in its days.
pub fn timeline(rows: &[Row], now: Timestamp, style: Style) -> String {
    let end = now.checked_add(SignedDuration::from_hours(24 * 90)).unwrap_or(Timestamp::MAX);
    let ahead = |row: &Row| -> Vec<Dated> {
        let drawn = |dated: &&Dated| mark(dated.kind).is_some() && dated.at <= end;
        row.dates.iter().filter(drawn).copied().collect()
    };
    let mut keys: Vec<(&Row, Vec<Dated>)> = rows.iter().map(|row| (row, ahead(row))).filter(|(_, dates)| !dates.is_empty()).collect();
    if keys.is_empty() {
        return String::new();
    }
    keys.sort_by_key(|(_, dates)| dates[0].at);
    let hidden = keys.len().saturating_sub(LINES);
    keys.truncate(LINES);
    let name = keys.iter().map(|(row, _)| columns(&row.address.to_string())).max().unwrap_or(0).max(12) + 2;
    let chart = style.width.saturating_sub(name + 2 + TEXT + 2).clamp(18, HORIZON);
    let at = |days: usize| days * chart / HORIZON;
    let mut scale = pad("today", at(30));
    scale.push_str(&pad("+30d", at(60) - at(30)));
    scale.push_str(&pad("+60d", at(90) - at(60)));
    let mut out = format!("\n{}{}\n", style.paint(Ink::Strong, &pad("timeline", name + 2)), style.paint(Ink::Dim, &format!("{scale}+90d")));
    for (row, dates) in keys {
        let mut bar = vec!['|'];
        for dated in &dates {
            let days = usize::try_from(days_until(now, dated.at)).unwrap_or(0).min(HORIZON);
            let place = at(days).max(1);
            bar.extend(std::iter::repeat_n('-', (place + 1).saturating_sub(bar.len())));
            // The sooner one is kept where two fall together.
            if let (Some(mark), '-') = (mark(dated.kind), bar[place]) {
                bar[place] = mark;
            }
        }
        let bar: String = bar.into_iter().collect();
        let _ = writeln!(out, "  {}{}{}", pad(&row.address.to_string(), name), pad(&bar, chart + 3), said(dates[0], now));
    }
    if hidden > 0 {
        let _ = writeln!(out, "  and {hidden} more");
    }
    out
}

fn mark(kind: DateKind) -> Option<char> {
    match kind {
        DateKind::Rotation => Some('R'),
        DateKind::Expiry => Some('E'),
        DateKind::Review => Some('V'),
        DateKind::OverlapEnd | DateKind::Deletion => None,
    }
}

/// From one date to another, UTC: what is due tomorrow is due in one day, at whatever hour. Negative for all that is past.
pub(super) fn days_until(now: Timestamp, at: Timestamp) -> i64 {
    let date = |instant: Timestamp| instant.as_second().div_euclid(86_400);
    let days = date(at).saturating_sub(date(now));
    if at < now { days.min(-1) } else { days }
}

fn said(dated: Dated, now: Timestamp) -> String {
    let (verb, past) = match dated.kind {
        DateKind::Rotation => ("rotates", "rotation overdue since"),
        DateKind::Expiry => ("expires", "expired"),
        DateKind::Review => ("review", "review overdue since"),
        DateKind::OverlapEnd => ("overlap ends", "overlap ended"),
        DateKind::Deletion => ("deletion", "deletion due since"),
    };
    let on = day(dated.at);
    match days_until(now, dated.at) {
        ..0 => format!("{past} {on}"),
        0 => format!("{verb} today, {on}"),
        1 => format!("{verb} in 1 day, {on}"),
        days => format!("{verb} in {days} days, {on}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::list::samples::{at, billing, declared};
    use super::*;

    #[test]
    fn dates_stand_on_one_scale() {
        let soon = Row { dates: vec![Dated { at: at("2026-12-22T00:00:00Z"), kind: DateKind::Rotation, generation: 1 }], ..declared() };
        let now = at("2026-11-22T00:00:00Z");
        let drawn = |width: usize| timeline(&[soon.clone(), billing(), declared()], now, Style { colour: false, width });
        insta::assert_snapshot!(format!("{}{}", drawn(80), drawn(140)));
        for line in drawn(80).lines() {
            assert!(columns(line) <= 80, "{line}");
        }
        assert_eq!(timeline(&[declared()], now, Style::PLAIN), "");
    }

    #[test]
    fn only_the_soonest_are_drawn() {
        let row = |n: i64| Row {
            address: format!("pay/key-{n:05}").parse().expect("an address"),
            dates: vec![Dated { at: at("2026-12-22T00:00:00Z") - SignedDuration::from_secs(n), kind: DateKind::Expiry, generation: 1 }],
            ..declared()
        };
        let rows: Vec<Row> = (0..10_000).map(row).collect();
        let text = timeline(&rows, at("2026-11-22T00:00:00Z"), Style::PLAIN);
        assert_eq!((text.lines().count(), text.contains("pay/key-09999"), text.contains("and 9970 more")), (33, true, true));
    }
}
