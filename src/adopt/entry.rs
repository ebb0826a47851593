//! The manifest entry of one adopted key, and what a reader is told in comments. Labels are hostile text.
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::name::is_nameable;
use crate::model::marker::LABEL_ROOM;
use crate::model::text_safety::{is_safe, safe};
use crate::model::{Adopted, Marker, Name, ObservedKey, Options, ScopeSet, Span};
use crate::profile::Capabilities;
use crate::workspace::manifest::Expires;
use crate::yaml;

/// The longest piece of a label that a comment shows, in characters.
const SHOWN: usize = 80;

/// What the manifest says of one key.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub name: Name,
    /// `None`: its own cannot stand there.
    pub label: Option<String>,
    pub scopes: ScopeSet,
    pub expires: End,
    pub disabled: bool,
    /// The only group, where there is no default.
    pub recipients: Option<Vec<String>>,
    pub options: Options,
}

/// When the key ends, and how the manifest says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End {
    pub said: Expires,
    /// Its own end, as the ledger records it.
    pub at: Option<Timestamp>,
    pub why: EndNote,
}

/// What a reader should know of an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndNote {
    Exact,
    /// The key ends earlier or later than the day that was written down.
    Near,
    /// The provider does not tell.
    Untold,
    /// The provider tells an end and cannot set one.
    Foreign(Timestamp),
}

impl End {
    pub fn of(key: &ObservedKey, capabilities: &Capabilities) -> Self {
        let never = |why| Self { said: Expires::Never, at: None, why };
        match key.expires_at {
            None => never(EndNote::Untold),
            Some(None) => never(EndNote::Exact),
            Some(Some(end)) if !capabilities.expiry.settable => never(EndNote::Foreign(end)),
            Some(Some(end)) => {
                let (said, exact) = day_of(end, capabilities.expiry.tolerance);
                Self { said, at: Some(end), why: if exact { EndNote::Exact } else { EndNote::Near } }
            }
        }
    }

    /// The last second of the day that was written down for an end on another instant.
    pub fn stands_for(&self) -> Option<Timestamp> {
        self.said.end().filter(|_| self.why == EndNote::Near)
    }
}

/// The day whose last second is an end, or the day in which it falls; and whether the two are one within the tolerance.
fn day_of(end: Timestamp, tolerance: Span) -> (Expires, bool) {
    let close = |said: &Expires| said.end().is_some_and(|said| said.duration_since(end).abs() <= tolerance.duration());
    let day = |at: Timestamp| Expires::nearest(at.to_zoned(TimeZone::UTC).date());
    let before = end.checked_sub(SignedDuration::from_hours(24)).unwrap_or(end);
    let found = [end, before].map(day).into_iter().find(close);
    found.map_or_else(|| (day(end), false), |said| (said, true))
}

/// The label as a manifest can say it; `None`: it cannot. What the vendor's pattern refuses is found out by the check of the manifest.
///
/// `max`: the most characters of a label at the provider.
pub fn sayable(label: &str, max: u32) -> Option<String> {
    let short = label.chars().count() + LABEL_ROOM <= max as usize;
    let plain = !label.is_empty() && label.trim() == label && is_safe(label) && yaml::can_hold(label);
    (short && plain && Marker::at_end_of(label).is_none()).then(|| label.to_owned())
}

/// The fields as they are written.
#[derive(Serialize)]
struct Fields<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'a str>,
    scopes: &'a ScopeSet,
    expires: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recipients: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Options::is_empty")]
    options: &'a Options,
}

impl Entry {
    /// Lines of YAML without indentation: comments, the name, its fields.
    pub fn text(&self, key: &ObservedKey, adopted: &Adopted) -> String {
        let mut text = format!("# imported {} from {}; owner and purpose are not known\n", date(adopted.at), shown(&key.id));
        let mut note = |line: String| text.push_str(&format!("# {line}\n"));
        match &self.label {
            Some(_) if is_nameable(&key.label) => note("the name is made of its label".to_owned()),
            Some(_) => note("the name is made of its id: its label has no letters that a name can have".to_owned()),
            None if adopted.label.is_none() => note("the name is made of its id: keys have no labels there".to_owned()),
            None => {
                note(format!("its label stays as it is and cannot stand here: {}", shown(&key.label)));
                note("a next generation is called by the name, or by a `label` of yours".to_owned());
            }
        }
        if let Some(marker) = key.marker() {
            note(format!("`{marker}` marks the keys of Keywright: another workspace may manage this one, and rotate or end it"));
        }
        match self.expires.why {
            EndNote::Exact => {}
            EndNote::Near => {
                let end = self.expires.at.map(|end| end.to_string()).unwrap_or_default();
                note(format!("it ends {end}, which is kept; a next generation ends with the day"));
            }
            EndNote::Untold => note("the provider does not tell when it ends: `never` is a guess".to_owned()),
            EndNote::Foreign(end) => note(format!("the provider shows that it ends {end}; that cannot be set there")),
        }
        if self.recipients.is_some() {
            note("its recipients are the only group that there is".to_owned());
        }
        let fields = Fields {
            label: self.label.as_deref(),
            scopes: &self.scopes,
            expires: self.expires.said.to_string(),
            state: self.disabled.then_some("disabled"),
            recipients: self.recipients.as_deref(),
            options: &self.options,
        };
        let entry = std::collections::BTreeMap::from([(self.name.as_str(), fields)]);
        // A day needs no quotes here, which a person would not have written either. No other field can hold a line like this.
        let day = &self.expires.said;
        text + &yaml::write(&entry).replace(&format!("\n  expires: \"{day}\"\n"), &format!("\n  expires: {day}\n"))
    }
}

fn date(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

/// A foreign text in a comment: cut, and nothing in it can end the line.
fn shown(text: &str) -> String {
    let cut: String = text.chars().take(SHOWN).collect();
    let more = if cut.len() < text.len() { "…" } else { "" };
    format!("`{}{more}`", safe(&cut).replace('`', "'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(text: &str, tolerance: u64) -> (String, bool) {
        let (said, exact) = day_of(text.parse().expect("an instant"), Span::seconds(tolerance));
        (said.to_string(), exact)
    }

    #[test]
    fn a_day_is_written_for_an_end() {
        assert_eq!(end("2027-03-31T23:59:59Z", 0), ("2027-03-31".to_owned(), true));
        assert_eq!(end("2027-04-01T00:00:00Z", 2), ("2027-03-31".to_owned(), true), "midnight ends the day before");
        assert_eq!(end("2027-04-01T00:00:00Z", 0), ("2027-04-01".to_owned(), false));
        assert_eq!(end("2027-04-01T10:00:00Z", 2), ("2027-04-01".to_owned(), false));
        assert_eq!(end("1960-04-01T10:00:00Z", 2), ("1970-01-01".to_owned(), false));
        assert_eq!(end("9999-01-01T00:00:00Z", 2), ("9990-12-31".to_owned(), false));
    }

    #[test]
    fn hostile_text_stays_in_its_place() {
        for label in ["", " x", "a\nb: c", "a\u{1b}[31m", "\u{202e}x", "x kw-abcdefgh", &"y".repeat(5000), "a\u{200b}b", "tab\there"] {
            assert_eq!(sayable(label, 100), None, "{label:?}");
        }
        assert_eq!(shown("a\nkeys: {}\u{202e}`"), "`a\\u{a}keys: {}\\u{202e}'`");
        assert_eq!(shown(&"z".repeat(81)), format!("`{}…`", "z".repeat(80)));
    }
}
