//! Lengths of time as people write them: `90d`, `12h`. Days are 24 hours; instants are UTC.
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::address::as_text;

/// The form of a span, as a regular expression.
pub const SPAN_PATTERN: &str = "^([0-9]{1,6}[wdhms])+$";

/// A length of time, in whole seconds, never negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(u64);

/// A text that is no span.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a length of time: write it as `90d` or `12h`")]
pub struct SpanError(String);

/// An instant without its fraction of a second.
pub fn whole_second(instant: Timestamp) -> Timestamp {
    Timestamp::from_second(instant.as_second()).unwrap_or(instant)
}

impl Span {
    pub const fn hours(hours: u64) -> Self {
        Self(hours * 3600)
    }

    pub const fn days(days: u64) -> Self {
        Self(days * 86_400)
    }

    pub const fn seconds(seconds: u64) -> Self {
        Self(seconds)
    }

    pub const fn as_seconds(self) -> u64 {
        self.0
    }

    /// The same length in jiff's words.
    pub fn duration(self) -> SignedDuration {
        SignedDuration::from_secs(i64::try_from(self.0).unwrap_or(i64::MAX))
    }
}

impl FromStr for Span {
    type Err = SpanError;
    fn from_str(text: &str) -> Result<Self, SpanError> {
        let bad = || SpanError(text.chars().take(40).flat_map(char::escape_debug).collect());
        let span: jiff::Span = text.parse().map_err(|_| bad())?;
        let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b"wdhms".contains(&b));
        let duration = span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).map_err(|_| bad())?;
        match u64::try_from(duration.as_secs()) {
            Ok(seconds) if plain && seconds <= 100 * 366 * 86_400 => Ok(Self(seconds)),
            _ => Err(bad()),
        }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        let mut text = String::new();
        for (letter, unit) in [('d', 86_400), ('h', 3600), ('m', 60), ('s', 1)] {
            if rest >= unit {
                text.push_str(&format!("{}{letter}", rest / unit));
                rest %= unit;
            }
        }
        f.pad(if text.is_empty() { "0s" } else { &text })
    }
}

as_text!(Span, "Span", SPAN_PATTERN, "A length of time, such as `90d` or `12h`.");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_read_and_print() {
        for (text, seconds, printed) in
            [("90d", 7_776_000, "90d"), ("72h", 259_200, "3d"), ("1d12h", 129_600, "1d12h"), ("2w", 1_209_600, "14d"), ("0s", 0, "0s")]
        {
            let span: Span = text.parse().expect(text);
            assert_eq!((span.as_seconds(), span.to_string().as_str()), (seconds, printed));
        }
        for bad in ["", "90", "d", "-1d", "1 d", "1.5d", "P90D", "1y", "1mo", "99999999d", "10 days"] {
            assert!(bad.parse::<Span>().is_err(), "{bad}");
        }
    }
}
