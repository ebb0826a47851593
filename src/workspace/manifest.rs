//! A manifest as it is written. What its keys come to is decided in `keys`.
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::{Date, date, time};
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::reviews::Interval;
use super::words::parsed_text;
use crate::model::{Address, DesiredState, Format, Scope, Span};
use crate::yaml::Entries;

/// A manifest: which keys of one account should exist.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Keywright manifest")]
pub struct ManifestFile {
    /// The account in `keywright.yaml` that these keys belong to.
    pub account: String,
    /// The keys, by name (1 to 63 of a-z, 0-9 and `-`), unique in the account.
    #[serde(default)]
    pub keys: Entries<KeySpec>,
    /// Keys that got another address. The provider is not asked; an entry may stay when it has been applied.
    #[serde(default)]
    pub moved: Vec<MovedSpec>,
}

/// A key that got another address.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MovedSpec {
    /// The address that the ledger has, as `account/name`. No manifest declares it any more.
    pub from: Address,
    /// The address of a declared key of the same account.
    pub to: Address,
}

/// One key.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeySpec {
    /// Label at the provider; default: the name. It must fit the provider's limit less 12 characters for the marker.
    #[serde(default)]
    pub label: Option<String>,
    /// Who answers for the key.
    #[serde(default)]
    pub owner: Option<String>,
    /// What the key is for.
    #[serde(default)]
    pub purpose: Option<String>,
    /// What the key may do; at least one scope of the provider.
    // At least one; the reader leaves that to `manifest/no-scopes`.
    #[schemars(extend("contains" = true))]
    pub scopes: Vec<Scope>,
    /// A rolling lifetime such as `90d`: the key is rotated before its end. Not together with `expires`.
    #[serde(default)]
    pub lifetime: Option<Span>,
    /// A fixed end: a day such as `2027-03-31` (included, UTC), or `never`. Not together with `lifetime`.
    #[serde(default)]
    pub expires: Option<Expires>,
    /// How long before its end the key is rotated.
    #[serde(default)]
    pub renew_before: Option<Span>,
    /// How long the predecessor stays alive after a rotation.
    #[serde(default)]
    pub overlap: Option<Span>,
    /// How long the disabled key is kept before it is deleted.
    #[serde(default)]
    pub cooldown: Option<Span>,
    /// Groups of recipients that can open the secret file.
    #[serde(default)]
    pub recipients: Option<Vec<String>>,
    /// How the secret is written inside its file. Default: `raw` for one-part secrets, `json` for others.
    #[serde(default)]
    pub format: Option<Format>,
    /// Whether the key works: `active` (the default) or `disabled`.
    #[serde(default)]
    pub state: DesiredState,
    /// Refuse to disable or delete the key, also after this entry is removed.
    #[serde(default)]
    pub protect: bool,
    /// Provider-specific fields that the profile declares.
    #[serde(default)]
    pub options: BTreeMap<String, Value>,
    /// Deliveries of `keywright.yaml` that get every new generation. Each takes one key.
    #[serde(default)]
    pub deliver: Vec<String>,
    /// How often a person confirms that the key is needed, such as `180d`, or `never`. `keywright review` records it.
    #[serde(default)]
    pub review_every: Option<Interval>,
    /// After how long without use the key is reported as unused, where the provider tells, such as `90d`, or `never`.
    #[serde(default)]
    pub unused_after: Option<Interval>,
}

/// A fixed end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expires {
    Never,
    /// The day is included, UTC.
    Day(Date),
}

const FIRST: Date = date(1970, 1, 1);
/// The last days of the calendar have no instant in every time zone.
const LAST: Date = date(9990, 12, 31);

/// A text that is no fixed end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExpiresError {
    #[error("`{0}` is not an expiry: write a day as `2027-03-31`, or `never`")]
    Text(String),
    #[error("`{0}` is no day that a key can end on: the first is `1970-01-01`, the last `9990-12-31`; for no end at all, write `never`")]
    Day(Date),
}

impl FromStr for Expires {
    type Err = ExpiresError;
    fn from_str(text: &str) -> Result<Self, ExpiresError> {
        if text == "never" {
            return Ok(Self::Never);
        }
        let bad = || ExpiresError::Text(text.chars().take(40).flat_map(char::escape_debug).collect());
        let plain = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
        let day: Date = text.parse().map_err(|_| bad())?;
        match plain {
            true if (FIRST..=LAST).contains(&day) => Ok(Self::Day(day)),
            true => Err(ExpiresError::Day(day)),
            false => Err(bad()),
        }
    }
}

impl fmt::Display for Expires {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Never => f.pad("never"),
            Self::Day(day) => f.pad(&day.to_string()),
        }
    }
}

impl Expires {
    /// The day, or the first or last one that can be written.
    pub fn nearest(day: Date) -> Self {
        Self::Day(day.clamp(FIRST, LAST))
    }

    /// The last second of the day, UTC; `None`: never.
    pub fn end(self) -> Option<Timestamp> {
        match self {
            Self::Never => None,
            Self::Day(day) => {
                let end = day.to_datetime(time(23, 59, 59, 0)).to_zoned(TimeZone::UTC);
                Some(end.expect("every day up to the year 9990 has an instant").timestamp())
            }
        }
    }
}

parsed_text!(Expires, "Expires", "^never$|^[0-9]{4}-[0-9]{2}-[0-9]{2}$");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_is_included() {
        let end = |text: &str| text.parse::<Expires>().map(Expires::end);
        assert_eq!(end("2027-03-31"), Ok(Some("2027-03-31T23:59:59Z".parse().expect("an instant"))));
        assert_eq!(end("9990-12-31").expect("a day").map(|end| end.to_string()).as_deref(), Some("9990-12-31T23:59:59Z"));
        assert_eq!(end("never"), Ok(None));
        for bad in ["", "2027-02-29", "2027-3-31", "20270331", "2027-03-31T00:00", "9999-12-31", "0000-01-01", "Never", "31.03.2027"] {
            assert!(end(bad).is_err(), "{bad}");
        }
        let late = end("9999-12-31").expect_err("too late").to_string();
        assert!(late.starts_with("`9999-12-31` is no day that a key can end on") && late.contains("`9990-12-31`"), "{late}");
    }
}
