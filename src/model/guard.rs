//! Limits that refuse a whole plan, and the words that lift them for one run. Counts nothing itself.
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Name;

/// A number of keys, or a part of all keys in percent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Limit {
    Count(u32),
    /// 0 to 100, of the keys that are declared or live in the ledger; rounded up.
    Percent(u8),
}

/// A text that is no limit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a limit: write a number of keys such as `7`, or a part of them such as `20%`")]
pub struct LimitError(String);

impl Limit {
    /// How many keys the limit allows when there are `keys` in all.
    pub fn of(self, keys: usize) -> usize {
        match self {
            Self::Count(count) => usize::try_from(count).unwrap_or(usize::MAX),
            Self::Percent(percent) => keys.saturating_mul(usize::from(percent)).div_ceil(100),
        }
    }
}

impl FromStr for Limit {
    type Err = LimitError;
    fn from_str(text: &str) -> Result<Self, LimitError> {
        let bad = || LimitError(text.chars().take(40).flat_map(char::escape_debug).collect());
        let (digits, is_percent) = text.strip_suffix('%').map_or((text, false), |digits| (digits, true));
        let plain = digits == "0" || !digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit());
        let number: u32 = digits.parse().ok().filter(|_| plain).ok_or_else(bad)?;
        match (is_percent, u8::try_from(number)) {
            (false, _) => Ok(Self::Count(number)),
            (true, Ok(percent @ ..=100)) => Ok(Self::Percent(percent)),
            (true, Ok(_) | Err(_)) => Err(bad()),
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => write!(f, "{count}"),
            Self::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}

impl Serialize for Limit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Count(count) => serializer.serialize_u32(*count),
            Self::Percent(_) => serializer.collect_str(self),
        }
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl Visitor<'_> for Either {
            type Value = Limit;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number of keys such as `7`, or a part of them such as `20%`")
            }
            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Limit, E> {
                u32::try_from(value).map(Limit::Count).map_err(|_| E::custom(LimitError(value.to_string())))
            }
            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Limit, E> {
                Err(E::custom(LimitError(value.to_string())))
            }
            fn visit_f64<E: de::Error>(self, value: f64) -> Result<Limit, E> {
                Err(E::custom(LimitError(value.to_string())))
            }
            fn visit_str<E: de::Error>(self, value: &str) -> Result<Limit, E> {
                match value.parse() {
                    // A number in quotes is a text by mistake.
                    Ok(Limit::Count(_)) => Err(E::custom(format_args!("`\"{value}\"` is a text: write the number without quotes"))),
                    other => other.map_err(E::custom),
                }
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl JsonSchema for Limit {
    fn schema_name() -> Cow<'static, str> {
        "Limit".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [
            { "type": "integer", "minimum": 0, "maximum": 4_294_967_295_u32 },
            { "type": "string", "pattern": "^(100|[1-9]?[0-9])%$" }
        ] })
    }
}

/// The limits of one workspace; absent: none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Guards {
    pub max_creates: Option<Limit>,
    pub max_disables: Option<Limit>,
    pub max_rotations: Option<Limit>,
}

/// What `--allow` lifts for one run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Allowance {
    MaxCreates(Limit),
    MaxDisables(Limit),
    MaxRotations(Limit),
    /// No manifest declares a key while the ledger has live ones.
    Empty,
    /// The account is not in `keywright.yaml` any more, and its ledger has live keys.
    AccountGone(Name),
    /// The account's listing lacks more than half of the keys that the ledger has as live.
    Shrunk(Name),
}

/// A text that allows nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` allows nothing: {why}")]
pub struct AllowanceError {
    given: String,
    why: String,
}

impl FromStr for Allowance {
    type Err = AllowanceError;
    fn from_str(text: &str) -> Result<Self, AllowanceError> {
        let bad = |why: String| AllowanceError { given: text.chars().take(60).flat_map(char::escape_debug).collect(), why };
        let limit = |value: &str| value.parse::<Limit>().map_err(|error| bad(error.to_string()));
        let account = |value: &str| Name::new(value).map_err(|error| bad(error.to_string()));
        match text.split_once('=') {
            None if text == "empty" => Ok(Self::Empty),
            Some(("max_creates", value)) => limit(value).map(Self::MaxCreates),
            Some(("max_disables", value)) => limit(value).map(Self::MaxDisables),
            Some(("max_rotations", value)) => limit(value).map(Self::MaxRotations),
            Some(("account-gone", value)) => account(value).map(Self::AccountGone),
            Some(("shrunk", value)) => account(value).map(Self::Shrunk),
            Some(_) | None => {
                Err(bad("say max_creates=N, max_disables=N, max_rotations=N, empty, account-gone=ACCOUNT or shrunk=ACCOUNT".to_owned()))
            }
        }
    }
}

impl fmt::Display for Allowance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MaxCreates(limit) => write!(f, "max_creates={limit}"),
            Self::MaxDisables(limit) => write!(f, "max_disables={limit}"),
            Self::MaxRotations(limit) => write!(f, "max_rotations={limit}"),
            Self::Empty => f.write_str("empty"),
            Self::AccountGone(account) => write!(f, "account-gone={account}"),
            Self::Shrunk(account) => write!(f, "shrunk={account}"),
        }
    }
}

impl Serialize for Allowance {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Allowance {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<'de, str>::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for Allowance {
    fn schema_name() -> Cow<'static, str> {
        "Allowance".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let limit = "([0-9]+|[0-9]{1,3}%)";
        let account = "[a-z0-9][a-z0-9-]{0,62}";
        json_schema!({ "type": "string", "pattern": format!("^(empty|max_(creates|disables|rotations)={limit}|(account-gone|shrunk)={account})$") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_read_and_count() {
        for (text, limit, of_seven) in [
            ("0", Limit::Count(0), 0),
            ("7", Limit::Count(7), 7),
            ("0%", Limit::Percent(0), 0),
            ("20%", Limit::Percent(20), 2),
            ("100%", Limit::Percent(100), 7),
        ] {
            assert_eq!((text.parse(), limit.of(7), limit.to_string().as_str()), (Ok(limit), of_seven, text));
        }
        assert_eq!(
            (Limit::Percent(1).of(3), Limit::Percent(50).of(4), Limit::Percent(100).of(usize::MAX)),
            (1, 2, usize::MAX.div_ceil(100))
        );
        for bad in ["", "%", "-1", "+1", "1.5", "101%", "20 %", " 7", "07", "020%", "seven", "4294967296", "7keys"] {
            assert!(bad.parse::<Limit>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_limit_is_a_number_or_a_part() {
        let read = |json: &str| serde_json::from_str::<Limit>(json);
        assert_eq!((read("7").ok(), read("\"20%\"").ok()), (Some(Limit::Count(7)), Some(Limit::Percent(20))));
        for bad in ["\"7\"", "-1", "1.5", "true", "null", "[]", "\"101%\"", "4294967296"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn allowances_read_and_print() {
        for text in ["max_creates=7", "max_disables=20%", "max_rotations=0", "empty", "account-gone=pay", "shrunk=pay-2"] {
            assert_eq!(text.parse::<Allowance>().map(|allowance| allowance.to_string()).as_deref(), Ok(text));
        }
        for bad in [
            "",
            "empty=1",
            "max_disables",
            "max_disables=",
            "max_disables=-1",
            "shrunk=",
            "shrunk=Pay",
            "account-gone",
            "all",
            "max_edits=3",
        ] {
            assert!(bad.parse::<Allowance>().is_err(), "{bad}");
        }
    }
}
