//! `policy` and `waivers` of `keywright.yaml` as they are written. What they come to is decided in `policy`.
use std::str::FromStr;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;

use super::manifest::Expires;
use super::words::parsed_text;
use crate::model::{Risk, Span};
use crate::policy::{Asked, Effect};
use crate::yaml::Placed;

/// What is allowed. The fields here are about every key; `rules` add to them.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicySpec {
    /// What a violation does: `deny` (the default) refuses the whole plan, `warn` shows it. A rule can say its own.
    #[serde(default)]
    pub effect: Effect,
    /// The longest time from a key's creation to its end, such as `365d`.
    #[serde(default)]
    pub max_lifetime: Option<Placed<Span>>,
    /// What every key has to say: `owner`, `purpose`, `expiry` (no `expires: never`), `review_every`.
    #[serde(default)]
    pub require: Option<Placed<Vec<Asked>>>,
    /// What no key may be granted.
    #[serde(default)]
    pub deny: Option<Placed<DenySpec>>,
    /// Who can open every secret: names of groups, or public keys.
    #[serde(default)]
    pub recipients: Option<Placed<Vec<String>>>,
    /// How many public keys can open every secret at least.
    #[serde(default)]
    #[schemars(extend("minimum" = 1))]
    pub min_recipients: Option<Placed<u32>>,
    /// What some keys have to keep to, beyond the above.
    #[serde(default)]
    pub rules: Vec<Placed<RuleSpec>>,
}

/// What no key may be granted.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DenySpec {
    /// Scopes of this risk and of a higher one.
    #[serde(default)]
    pub risk: Option<Risk>,
    /// Wildcards: they also grant what the provider adds later.
    #[serde(default)]
    pub open_ended: bool,
    /// Scopes that the provider's catalogue does not have.
    #[serde(default)]
    pub unknown: bool,
    /// These scopes, however they are granted: a word, or a pattern with `*` for any text and `?` for one character.
    #[serde(default)]
    pub scopes: Vec<String>,
}

/// What some keys have to keep to. It says the same fields as the policy does of all keys, or an expression in CEL.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleSpec {
    /// A few words that messages and waivers name it by; unique.
    #[schemars(length(min = 1, max = 100))]
    pub name: String,
    /// Only keys of these accounts: names, or patterns with `*`. Default: all.
    #[serde(default)]
    pub accounts: Vec<String>,
    /// Only keys of these manifests, such as `keys/prod/**`. Default: all.
    #[serde(default)]
    pub paths: Vec<String>,
    /// Only keys of which this expression is true. Default: all.
    #[serde(default)]
    pub when: Option<Placed<String>>,
    /// What such a key has to say, as a list of fields; or an expression that must be true of it.
    #[serde(default)]
    pub require: Option<Placed<RequireSpec>>,
    /// What such a key may not be granted; or an expression that must not be true of it.
    #[serde(default)]
    pub deny: Option<Placed<RuleDenySpec>>,
    /// The longest time from such a key's creation to its end.
    #[serde(default)]
    pub max_lifetime: Option<Placed<Span>>,
    /// Who can open the secrets of such keys: names of groups, or public keys.
    #[serde(default)]
    pub recipients: Option<Placed<Vec<String>>>,
    /// How many public keys can open the secrets of such keys at least.
    #[serde(default)]
    #[schemars(extend("minimum" = 1))]
    pub min_recipients: Option<Placed<u32>>,
    /// What a violation does: `deny` or `warn`. Default: what the policy says.
    #[serde(default)]
    pub effect: Option<Effect>,
    /// What a person should know who breaks it. Shown with rules that are expressions.
    #[serde(default)]
    pub message: Option<String>,
}

/// Fields that are required, or an expression that must be true.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum RequireSpec {
    Fields(Vec<Asked>),
    Expression(String),
}

/// Scopes that are denied, or an expression that must not be true.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum RuleDenySpec {
    Scopes(DenySpec),
    Expression(String),
}

/// An exception from a rule, with its reason and its end.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WaiverSpec {
    /// The code of a verdict, such as `policy/open-ended`, or the name of a rule.
    pub rule: String,
    /// The key, as `account/name`; `*` stands for any text.
    pub address: String,
    /// Why, for those who read it later.
    pub reason: String,
    /// Its last day, such as `2027-03-31` (included, UTC).
    pub expires: LastDay,
}

/// A day that is included, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastDay(pub Timestamp);

/// A text that is no day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a day: write it as `2027-03-31`; a waiver must end")]
pub struct LastDayError(String);

impl FromStr for LastDay {
    type Err = LastDayError;
    fn from_str(text: &str) -> Result<Self, LastDayError> {
        let end = text.parse::<Expires>().ok().and_then(Expires::end);
        end.map(Self).ok_or_else(|| LastDayError(text.chars().take(40).flat_map(char::escape_debug).collect()))
    }
}

parsed_text!(LastDay, "LastDay", "^[0-9]{4}-[0-9]{2}-[0-9]{2}$");
