//! How often a key is reviewed, and after how long it counts as unused: `180d`, or `never`.
use std::str::FromStr;

use schemars::JsonSchema;

use super::words::parsed_text;
use crate::model::Span;
use crate::model::time::SPAN_PATTERN;

/// A length of time that can be none at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval(pub Option<Span>);

/// A text that is no interval.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no interval: write a length of time as `180d`, or `never`")]
pub struct IntervalError(String);

impl FromStr for Interval {
    type Err = IntervalError;
    fn from_str(text: &str) -> Result<Self, IntervalError> {
        if text == "never" {
            return Ok(Self(None));
        }
        match text.parse::<Span>() {
            Ok(span) if span.as_seconds() > 0 => Ok(Self(Some(span))),
            Ok(_) | Err(_) => Err(IntervalError(text.chars().take(40).flat_map(char::escape_debug).collect())),
        }
    }
}

parsed_text!(Interval, "Interval", format!("^never$|{SPAN_PATTERN}"));

impl Interval {
    /// What a key says, else what the defaults say.
    pub fn or(here: Option<Self>, default: Option<Span>) -> Option<Span> {
        here.map_or(default, |interval| interval.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_spans_or_never() {
        let read = |text: &str| text.parse::<Interval>().map(|interval| interval.0);
        assert_eq!((read("180d"), read("never")), (Ok(Some(Span::days(180))), Ok(None)));
        for bad in ["", "0d", "180", "none", "half a year", "-1d"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_key_can_say_never_against_the_defaults() {
        let default = Some(Span::days(90));
        assert_eq!(Interval::or(None, default), default);
        assert_eq!(Interval::or(Some(Interval(None)), default), None);
        assert_eq!(Interval::or(Some(Interval(Some(Span::days(7)))), default), Some(Span::days(7)));
    }
}
