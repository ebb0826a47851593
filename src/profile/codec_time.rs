//! How providers write instants. Knows no field and no answer.
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

const DAY: i64 = 86_400;

/// How an instant is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TimeFormat {
    /// `2027-03-31T23:59:59Z`; written in whole seconds, read with any offset and fraction.
    #[default]
    Rfc3339,
    /// `2027-03-31T23:59:59.000Z`
    Rfc3339Millis,
    /// `2027-03-31`: the beginning of that day, UTC.
    Date,
    /// `2027-03-31`: the end of that day, UTC, which the key still works on.
    LastDay,
    /// `2027-03-31T23:59:59`, UTC.
    Naive,
    /// Seconds since 1970.
    Unix,
    /// Milliseconds since 1970.
    UnixMs,
    /// Seconds from now.
    Seconds,
    /// Days from now.
    Days,
    /// A span from now: written in seconds, `2592000s`; read in weeks, days, hours, minutes and seconds, `2w1d`.
    Duration,
}

/// Which way an instant goes that a format cannot say exactly.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Round {
    /// No key lives longer than was asked for.
    #[default]
    Down,
    Up,
}

/// An instant that a format cannot say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the provider cannot be told an end that is so near")]
pub struct TooNear;

impl TimeFormat {
    /// Whether values count from now.
    pub fn is_relative(self) -> bool {
        match self {
            Self::Rfc3339 | Self::Rfc3339Millis | Self::Date | Self::LastDay | Self::Naive | Self::Unix | Self::UnixMs => false,
            Self::Seconds | Self::Days | Self::Duration => true,
        }
    }

    /// Whether it says whole days only.
    pub fn is_daily(self) -> bool {
        matches!(self, Self::Date | Self::LastDay | Self::Days)
    }

    /// The instant of a value that was given at `now`; `None` when it has another form.
    pub fn read(self, value: &Value, now: Timestamp) -> Option<Timestamp> {
        let later = |seconds: i64| now.checked_add(SignedDuration::from_secs(seconds)).ok();
        match self {
            Self::Rfc3339 | Self::Rfc3339Millis => value.as_str()?.parse().ok(),
            Self::Date => utc(day(value)?.to_datetime(jiff::civil::Time::midnight())),
            Self::LastDay => utc(day(value)?.to_datetime(jiff::civil::time(23, 59, 59, 0))),
            Self::Naive => utc(value.as_str()?.parse().ok()?),
            Self::Unix => Timestamp::from_second(whole(value)?).ok(),
            Self::UnixMs => Timestamp::from_millisecond(whole(value)?).ok(),
            Self::Seconds => later(whole(value)?),
            Self::Days => later(whole(value)?.checked_mul(DAY)?),
            Self::Duration => later(seconds_of(value.as_str()?)?),
        }
    }

    /// The least that it can say, and how much more than a whole number of these is none, both in nanoseconds.
    ///
    /// The last second of a day stands for its end: a manifest's day is included. Days are counted from when the provider gets the request, an end
    /// from when the intent was recorded: making that durable and logging in take seconds, and must not cost a day.
    fn step(self) -> (i128, i128) {
        let second = NANOS_PER_SECOND;
        let day = second * i128::from(DAY);
        match self {
            Self::Rfc3339 | Self::Naive | Self::Unix | Self::Seconds | Self::Duration => (second, 0),
            Self::Rfc3339Millis | Self::UnixMs => (second / 1000, 0),
            Self::Date | Self::LastDay => (day, second),
            Self::Days => (day, 60 * second),
        }
    }

    /// An instant as this format writes it at `now`.
    ///
    /// `latest`: the provider takes nothing beyond; then what is a little less than a whole unit is not said as one. Errors for what is less than one
    /// unit ahead, since many providers take zero for never, and what would be said has passed.
    pub fn write(self, instant: Timestamp, now: Timestamp, round: Round, latest: Option<Timestamp>) -> Result<Value, TooNear> {
        let (unit, slack) = self.step();
        let zero = if self.is_relative() { now.as_nanosecond() } else { 0 };
        let ahead = instant.as_nanosecond() - zero;
        let fits = |count: &i128| latest.is_none_or(|latest| count * unit + zero <= latest.as_nanosecond());
        let count = match round {
            Round::Down => Some((ahead + slack).div_euclid(unit)).filter(fits).unwrap_or_else(|| ahead.div_euclid(unit)),
            Round::Up => -(-ahead).div_euclid(unit),
        };
        // What had passed before it was rounded is for the caller to judge.
        let has_passed = count * unit + zero <= now.as_nanosecond() && instant > now;
        if has_passed || (self.is_relative() && count < 1) {
            return Err(TooNear);
        }
        let said = Timestamp::from_nanosecond(count * unit + zero).unwrap_or(instant);
        let date = |said: Timestamp| Value::String(TimeZone::UTC.to_datetime(said).date().to_string());
        Ok(match self {
            Self::Rfc3339 => Value::String(said.to_string()),
            Self::Rfc3339Millis => Value::String(format!("{said:.3}")),
            Self::Date => date(said),
            Self::LastDay => date(said.checked_sub(SignedDuration::from_secs(1)).unwrap_or(said)),
            Self::Naive => Value::String(TimeZone::UTC.to_datetime(said).to_string()),
            Self::Unix | Self::UnixMs | Self::Seconds | Self::Days => Value::from(narrow(count)),
            Self::Duration => Value::String(format!("{count}s")),
        })
    }
}

const NANOS_PER_SECOND: i128 = 1_000_000_000;

fn day(value: &Value) -> Option<Date> {
    value.as_str().filter(|text| text.len() == "2027-03-31".len())?.parse().ok()
}

fn narrow(count: i128) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn utc(time: DateTime) -> Option<Timestamp> {
    TimeZone::UTC.to_timestamp(time).ok()
}

/// A number without its fraction, also one that is written as text.
fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64().or_else(|| {
            let number = number.as_f64().filter(|number| number.abs() < 9e15)?;
            format!("{:.0}", number.floor()).parse().ok()
        }),
        Value::String(text) => text.parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The seconds of a span such as `30d` or `2w1d`.
fn seconds_of(text: &str) -> Option<i64> {
    let (mut sum, mut rest) = (0_i64, text);
    while !rest.is_empty() {
        let (number, after) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit())?);
        let unit = match after.chars().next()? {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => DAY,
            'w' => 7 * DAY,
            _ => return None,
        };
        sum = sum.checked_add(number.parse::<i64>().ok()?.checked_mul(unit)?)?;
        rest = &after[1..];
    }
    (!text.is_empty()).then_some(sum)
}

/// How the end of a key is written into requests: the name of a format, or a map.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(from = "ExpirySpec", into = "ExpirySpec")]
pub struct ExpiryWriter {
    pub format: TimeFormat,
    /// What is sent for a key that never ends.
    pub never: Option<Value>,
    pub round: Round,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
enum ExpirySpec {
    Format(TimeFormat),
    Fields(ExpiryFields),
}

/// How the end of a key is written into requests.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ExpiryFields {
    #[serde(rename = "as")]
    format: TimeFormat,
    /// What is sent for a key that never ends. Absent: a create leaves the field out, and an edit sends null.
    #[serde(default, deserialize_with = "also_null", skip_serializing_if = "Option::is_none")]
    never: Option<Value>,
    /// Which way an instant goes that the format cannot say exactly.
    #[serde(default)]
    round: Round,
}

/// A value that may be null, which is not the same as an absent one.
fn also_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

impl From<ExpirySpec> for ExpiryWriter {
    fn from(spec: ExpirySpec) -> Self {
        match spec {
            ExpirySpec::Format(format) => Self { format, ..Self::default() },
            ExpirySpec::Fields(ExpiryFields { format, never, round }) => Self { format, never, round },
        }
    }
}

impl From<ExpiryWriter> for ExpirySpec {
    fn from(ExpiryWriter { format, never, round }: ExpiryWriter) -> Self {
        if never.is_none() && round == Round::Down { Self::Format(format) } else { Self::Fields(ExpiryFields { format, never, round }) }
    }
}

impl ExpiryWriter {
    /// What a request says of the end; `None`: it says nothing. `latest`: the provider takes nothing beyond.
    pub fn write(&self, end: Option<Timestamp>, now: Timestamp, latest: Option<Timestamp>) -> Result<Option<Value>, TooNear> {
        match end {
            Some(end) => self.format.write(end, now, self.round, latest).map(Some),
            None => Ok(self.never.clone()),
        }
    }

    /// An end that has passed: a day ago. `None` where the format counts from now.
    pub fn past(&self, now: Timestamp) -> Option<Value> {
        let ago = now.checked_sub(SignedDuration::from_secs(DAY)).ok().filter(|_| !self.format.is_relative())?;
        self.format.write(ago, now, Round::Down, None).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    fn now() -> Timestamp {
        at("2027-03-01T12:00:00Z")
    }

    #[test]
    fn instants_survive_the_way_there_and_back() {
        let read = |text: &str| TimeFormat::Rfc3339.read(&json!(text), now());
        let write = |text: &str| TimeFormat::Rfc3339.write(at(text), now(), Round::Down, None);
        assert_eq!(read("2024-05-16T23:06:50.000000Z"), Some(at("2024-05-16T23:06:50Z")));
        assert_eq!(read("2024-05-17T01:06:50+02:00"), Some(at("2024-05-16T23:06:50Z")));
        assert_eq!(write("2024-05-16T23:06:50Z"), Ok(json!("2024-05-16T23:06:50Z")));
        assert_eq!(write("2024-05-16T23:06:49.9Z"), Ok(json!("2024-05-16T23:06:49Z")), "no key lives longer than was asked");
        assert_eq!(read("tomorrow"), None);
        assert_eq!(TimeFormat::Rfc3339.read(&json!(1_700_000_000), now()), None);
    }

    #[test]
    fn every_format_writes_and_reads_its_own() {
        use TimeFormat::*;
        let end = at("2027-03-31T23:59:58.7654Z");
        for (format, down, read_back, up) in [
            (Rfc3339, json!("2027-03-31T23:59:58Z"), "2027-03-31T23:59:58Z", json!("2027-03-31T23:59:59Z")),
            (Rfc3339Millis, json!("2027-03-31T23:59:58.765Z"), "2027-03-31T23:59:58.765Z", json!("2027-03-31T23:59:58.766Z")),
            (Date, json!("2027-03-31"), "2027-03-31T00:00:00Z", json!("2027-04-01")),
            (LastDay, json!("2027-03-30"), "2027-03-30T23:59:59Z", json!("2027-03-31")),
            (Naive, json!("2027-03-31T23:59:58"), "2027-03-31T23:59:58Z", json!("2027-03-31T23:59:59")),
            (Unix, json!(1_806_537_598), "2027-03-31T23:59:58Z", json!(1_806_537_599)),
            (UnixMs, json!(1_806_537_598_765_i64), "2027-03-31T23:59:58.765Z", json!(1_806_537_598_766_i64)),
            (Seconds, json!(2_635_198), "2027-03-31T23:59:58Z", json!(2_635_199)),
            (Days, json!(30), "2027-03-31T12:00:00Z", json!(31)),
            (Duration, json!("2635198s"), "2027-03-31T23:59:58Z", json!("2635199s")),
        ] {
            assert_eq!(format.write(end, now(), Round::Down, None), Ok(down.clone()), "{format:?}");
            assert_eq!(format.read(&down, now()), Some(at(read_back)), "{format:?}");
            assert_eq!(format.write(end, now(), Round::Up, None), Ok(up), "{format:?}");
            assert_eq!(format.read(&json!([]), now()), None, "{format:?}");
            assert_eq!(format.read(&json!("soon"), now()), None, "{format:?}");
        }
        assert_eq!(Rfc3339Millis.write(at("2027-01-01T00:00:00Z"), now(), Round::Down, None), Ok(json!("2027-01-01T00:00:00.000Z")));
        assert_eq!(Unix.read(&json!(1_806_537_598.9), now()), Some(at("2027-03-31T23:59:58Z")));
        assert_eq!(Unix.read(&json!("1806537598"), now()), Some(at("2027-03-31T23:59:58Z")));
        assert_eq!(Date.read(&json!("2027-03-31T10:00:00"), now()), None);
        assert_eq!(Naive.read(&json!("2027-03-31T10:00:00Z"), now()), None);
    }

    #[test]
    fn what_is_left_is_read_from_now() {
        for (text, seconds) in [("30d", 30 * DAY), ("2w1d", 15 * DAY), ("1h30m", 5400), ("90s", 90), ("0s", 0)] {
            let then = now().checked_add(SignedDuration::from_secs(seconds)).ok();
            assert_eq!(TimeFormat::Duration.read(&json!(text), now()), then, "{text}");
        }
        for bad in ["", "30", "d", "1.5h", "30 d", "3y", "99999999999999999999d"] {
            assert_eq!(TimeFormat::Duration.read(&json!(bad), now()), None, "{bad}");
        }
        assert_eq!(TimeFormat::Seconds.read(&json!(-60), now()), Some(at("2027-03-01T11:59:00Z")));
    }

    #[test]
    fn zero_is_never_sent_for_an_end() {
        let soon = at("2027-03-02T11:00:00Z");
        assert_eq!(TimeFormat::Days.write(soon, now(), Round::Down, None), Err(TooNear));
        assert_eq!(TimeFormat::Days.write(soon, now(), Round::Up, None), Ok(json!(1)));
        assert_eq!(TimeFormat::Seconds.write(now(), now(), Round::Down, None), Err(TooNear));
        assert_eq!(TimeFormat::Duration.write(at("2027-01-01T00:00:00Z"), now(), Round::Up, None), Err(TooNear));
    }

    #[test]
    fn a_day_is_included_unless_the_provider_takes_no_more() {
        use TimeFormat::{Date, LastDay};
        let end = at("2027-03-31T23:59:59Z");
        assert_eq!(Date.write(end, now(), Round::Down, None), Ok(json!("2027-04-01")), "it begins when the declared day is over");
        assert_eq!(LastDay.write(end, now(), Round::Down, None), Ok(json!("2027-03-31")));
        assert_eq!(LastDay.read(&json!("2027-03-31"), now()), Some(end));
        assert_eq!(Date.write(end, now(), Round::Down, Some(end)), Ok(json!("2027-03-31")));
        assert_eq!(Date.write(at("2027-03-31T23:59:58Z"), now(), Round::Down, None), Ok(json!("2027-03-31")));
    }

    #[test]
    fn days_are_counted_although_sending_takes_a_while() {
        let days = |end: &str, latest: Option<Timestamp>| TimeFormat::Days.write(at(end), now(), Round::Down, latest);
        assert_eq!(days("2027-03-31T12:00:00Z", None), Ok(json!(30)));
        assert_eq!(days("2027-03-31T11:59:58Z", None), Ok(json!(30)), "exactly 30 days, sent two seconds later");
        assert_eq!(days("2027-03-31T11:58:59Z", None), Ok(json!(29)));
        assert_eq!(days("2027-03-02T11:59:59.9Z", None), Ok(json!(1)), "a day is never too near for days");
        assert_eq!(days("2027-03-31T11:59:58Z", Some(at("2027-03-31T11:59:59Z"))), Ok(json!(29)), "the provider would refuse 30");
    }

    #[test]
    fn an_end_that_rounding_puts_into_the_past_is_never_sent() {
        let soon = at("2027-03-01T15:00:00Z");
        assert_eq!(TimeFormat::Date.write(soon, now(), Round::Down, None), Err(TooNear));
        assert_eq!(TimeFormat::LastDay.write(soon, now(), Round::Down, None), Err(TooNear));
        assert_eq!(TimeFormat::Date.write(soon, now(), Round::Up, None), Ok(json!("2027-03-02")));
        assert_eq!(TimeFormat::Unix.write(at("2027-03-01T12:00:00.5Z"), now(), Round::Down, None), Err(TooNear));
        assert_eq!(TimeFormat::Date.write(at("2027-02-01T15:00:00Z"), now(), Round::Down, None), Ok(json!("2027-02-01")));
    }

    #[test]
    fn a_writer_is_a_word_or_a_map() {
        let writer = |value: Value| serde_json::from_value::<ExpiryWriter>(value);
        let plain = writer(json!("unix-ms")).expect("a writer");
        assert_eq!(plain.write(None, now(), None), Ok(None));
        assert_eq!(serde_json::to_value(plain).expect("JSON"), json!("unix-ms"));
        let never = writer(json!({"as": "seconds", "never": 0, "round": "up"})).expect("a writer");
        assert_eq!(never.write(None, now(), None), Ok(Some(json!(0))));
        assert_eq!(never.write(Some(at("2027-03-01T12:00:00.5Z")), now(), None), Ok(Some(json!(1))));
        assert_eq!(writer(json!({"as": "rfc3339", "never": null})).expect("a writer").write(None, now(), None), Ok(Some(Value::Null)));
        assert_eq!(writer(json!("rfc3339")).expect("a writer").past(now()), Some(json!("2027-02-28T12:00:00Z")));
        assert_eq!(writer(json!("date")).expect("a writer").past(now()), Some(json!("2027-02-28")));
        assert_eq!(never.past(now()), None, "what counts from now has no past");
        assert!(writer(json!("rfc822")).is_err());
    }
}
