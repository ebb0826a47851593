//! The inventory as a calendar (RFC 5545): one all-day event for every date of a key. No text becomes more than text.
use icalendar::{Calendar, Component as _, Event, Property};
use jiff::Timestamp;

use crate::inventory::{DateKind, Dated, Row};
use crate::model::text_safety::safe;

/// The calendar, with CRLF and folded lines. `now` is the time stamp of every event; days are UTC. The same date of a key keeps its UID when it moves.
pub fn list_ics(rows: &[Row], now: Timestamp) -> String {
    let mut calendar = Calendar::empty();
    for (name, value) in [
        ("VERSION", "2.0"),
        ("PRODID", "-//Keywright//Keywright//EN"),
        ("CALSCALE", "GREGORIAN"),
        ("METHOD", "PUBLISH"),
        ("X-WR-CALNAME", "API keys"),
    ] {
        calendar.append_property(Property::new(name, value));
    }
    for row in rows {
        for dated in &row.dates {
            calendar.push(event(row, *dated, now));
        }
    }
    calendar.to_string()
}

fn event(row: &Row, dated: Dated, now: Timestamp) -> Event {
    let day = |at: Timestamp| at.strftime("%Y%m%d").to_string();
    let on = |name: &str, at: Timestamp| Property::new(name, day(at)).add_parameter("VALUE", "DATE").done();
    let next = dated.at.checked_add(jiff::SignedDuration::from_hours(24)).unwrap_or(dated.at);
    let mut event = Event::new();
    event.append_property(Property::new("DTSTAMP", now.strftime("%Y%m%dT%H%M%SZ").to_string()));
    event.uid(&uid(row, dated));
    event.summary(&summary(row, dated));
    event.description(&description(row, dated));
    event.append_property(on("DTSTART", dated.at));
    event.append_property(on("DTEND", next));
    event.append_property(Property::new("TRANSP", "TRANSPARENT"));
    event.append_property(Property::new("CATEGORIES", dated.kind.as_str().to_uppercase()));
    event.done()
}

/// Of the key and what happens; of its generation where several can be under way.
fn uid(row: &Row, dated: Dated) -> String {
    let kind = dated.kind.as_str();
    match dated.kind {
        DateKind::Rotation | DateKind::Expiry | DateKind::Review => format!("{kind}.{}@keywright", row.address),
        DateKind::OverlapEnd | DateKind::Deletion => format!("{kind}.{}.{}@keywright", dated.generation, row.address),
    }
}

fn summary(row: &Row, dated: Dated) -> String {
    let (address, number) = (&row.address, dated.generation);
    match dated.kind {
        DateKind::Rotation => format!("Rotation due: {address}"),
        DateKind::Expiry => format!("Key expires: {address}"),
        DateKind::Review => format!("Review due: {address}"),
        DateKind::OverlapEnd => format!("Overlap ends: {address} (generation {number})"),
        DateKind::Deletion => format!("Deletion: {address} (generation {number})"),
    }
}

fn description(row: &Row, dated: Dated) -> String {
    let what = match dated.kind {
        DateKind::Rotation => "the next `keywright apply` from then on issues a new generation",
        DateKind::Expiry => "the current generation ends",
        DateKind::Review => "`keywright review` records that the key is still needed",
        DateKind::OverlapEnd => "the next `keywright apply` from then on disables this predecessor",
        DateKind::Deletion => "the next `keywright apply` from then on deletes this generation",
    };
    let mut lines = vec![format!("{}: {what}", dated.at)];
    let risk = row.risk.map(|risk| risk.as_str().to_owned());
    for (name, text) in [("owner", &row.owner), ("purpose", &row.purpose), ("risk", &risk)] {
        // A line break in a text must not look like a line of ours.
        lines.extend(text.as_ref().map(|text| format!("{name}: {}", safe(text))));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::super::list::samples::{at, billing, declared};
    use super::*;

    fn calendar(rows: &[Row]) -> String {
        list_ics(rows, at("2026-11-22T00:00:00Z"))
    }

    /// What RFC 5545 asks of every line, and every line without its folds.
    fn unfolded(text: &str) -> Vec<String> {
        assert!(text.ends_with("\r\n"));
        for line in text.trim_end_matches("\r\n").split("\r\n") {
            assert!(line.len() <= 75 && !line.contains(['\r', '\n']), "{line:?}");
        }
        text.replace("\r\n ", "").lines().map(str::to_owned).collect()
    }

    fn value<'a>(lines: &'a [String], name: &str) -> Vec<&'a str> {
        lines.iter().filter_map(|line| line.strip_prefix(name)).collect()
    }

    #[test]
    fn a_calendar_has_every_date_once() {
        let text = calendar(&[billing(), declared()]);
        insta::assert_snapshot!(text.replace("\r\n", "\n"));
        let lines = unfolded(&text);
        assert_eq!(value(&lines, "BEGIN:VEVENT").len(), 3);
        assert_eq!(
            value(&lines, "UID:"),
            ["review.pay/billing@keywright", "rotation.pay/billing@keywright", "expiry.pay/billing@keywright"]
        );
        assert_eq!(value(&lines, "DTSTAMP:"), ["20261122T000000Z"; 3]);
        let read: Calendar = text.parse().expect("a calendar");
        assert_eq!(read.components.len(), 3);
    }

    #[test]
    fn a_moved_date_keeps_its_uid() {
        let mut moved = billing();
        moved.dates[1].at = at("2027-05-06T03:00:00Z");
        moved.dates[1].generation = 3;
        let uids = |row: &Row| value(&unfolded(&calendar(std::slice::from_ref(row))), "UID:").join(" ");
        assert_eq!(uids(&moved), uids(&billing()));
        let mut two = declared();
        two.dates = [1, 2].map(|generation| Dated { at: at("2027-05-06T03:00:00Z"), kind: DateKind::Deletion, generation }).to_vec();
        assert_eq!(uids(&two), "deletion.1.pay/new@keywright deletion.2.pay/new@keywright");
    }

    #[test]
    fn hostile_text_stays_text() {
        let hostile = "x\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nATTENDEE:mailto:a@b.c\rATTACH:y;,\\n\u{2028}\u{85}日本語の長い長い長い長い長い長い長い長い長い長い長い所有者";
        let row = Row { owner: Some(hostile.to_owned()), purpose: Some(hostile.to_owned()), ..billing() };
        let text = calendar(&[row]);
        let lines = unfolded(&text);
        let begins = ["BEGIN:", "END:", "VERSION:", "PRODID:", "CALSCALE:", "METHOD:", "X-WR-CALNAME:", "DTSTAMP:", "UID:", "SUMMARY:"];
        let more = ["DESCRIPTION:", "DTSTART;VALUE=DATE:", "DTEND;VALUE=DATE:", "TRANSP:", "CATEGORIES:"];
        for line in &lines {
            assert!(begins.iter().chain(&more).any(|begin| line.starts_with(begin)), "{line}");
        }
        assert_eq!(value(&lines, "BEGIN:VEVENT").len(), 3);
        let read: Calendar = text.parse().expect("a calendar");
        let event = read.components.iter().find_map(|component| component.as_event()).expect("an event");
        let description = event.get_description().expect("a description");
        assert_eq!(description.lines().count(), 4, "{description}");
        assert!(description.contains("\nowner: x\\u{d}\\u{a}END:VEVENT"), "{description}");
    }
}
