//! A key as the manifests declare it, every default filled in.
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use jiff::Timestamp;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use serde_json::Value;

use super::address::as_text;
use super::{Address, Name, ScopeSet, Span};

/// A place in a file of the workspace. Lines and columns count from 1, columns in characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Position {
    /// Path below the workspace, with `/`.
    pub file: Arc<str>,
    pub line: u32,
    pub column: u32,
}

/// When a key ends: `never`, an instant, or a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiry {
    Never,
    /// The last second of the declared day, UTC.
    At(Timestamp),
    /// A rolling end: creation plus this.
    Lifetime(Span),
}

impl Expiry {
    /// When a key created now would end.
    pub fn end(self, created_at: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Never => None,
            Self::At(end) => Some(end),
            Self::Lifetime(span) => created_at.checked_add(span.duration()).ok(),
        }
    }
}

/// A text that is no end of a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the end of a key: write `never`, a span or an instant")]
pub struct ExpiryError(String);

impl fmt::Display for Expiry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Never => f.write_str("never"),
            Self::At(end) => write!(f, "{end}"),
            Self::Lifetime(span) => write!(f, "{span}"),
        }
    }
}

impl FromStr for Expiry {
    type Err = ExpiryError;
    fn from_str(text: &str) -> Result<Self, ExpiryError> {
        if text == "never" {
            return Ok(Self::Never);
        }
        let span = text.parse().map(Self::Lifetime);
        span.or_else(|_| text.parse().map(Self::At)).map_err(|_| ExpiryError(text.chars().take(40).flat_map(char::escape_debug).collect()))
    }
}

as_text!(
    Expiry,
    "Expiry",
    "^(never|([0-9]{1,6}[wdhms])+|[0-9-]{10}T[0-9:]{8}Z)$",
    "When a key ends: `never`, a span, or an instant in UTC."
);

/// How a secret is written inside its age file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    Raw,
    Json,
    Dotenv,
}

/// What the manifest wants the key to be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DesiredState {
    #[default]
    Active,
    Disabled,
}

/// Recipients by group name, each the full public keys in a canonical order.
pub type Recipients = BTreeMap<String, Vec<String>>;

/// Provider-specific fields that the profile declares, such as PayConex's `methods`.
pub type Options = BTreeMap<String, Value>;

/// One declared key, resolved: aliases of scopes replaced, groups looked up, defaults filled in.
#[derive(Debug, Clone, PartialEq)]
pub struct DesiredKey {
    pub address: Address,
    /// Where the key's name stands in its manifest.
    pub declared_at: Position,
    /// Provider-side label, without a marker.
    pub label: Arc<str>,
    pub owner: Option<Arc<str>>,
    pub purpose: Option<Arc<str>>,
    pub scopes: ScopeSet,
    pub expiry: Expiry,
    pub renew_before: Span,
    pub overlap: Span,
    pub cooldown: Span,
    pub recipients: Arc<Recipients>,
    pub format: Format,
    pub state: DesiredState,
    pub protect: bool,
    /// How often a person confirms that the key is needed.
    pub review_every: Option<Span>,
    /// After how long without use the key counts as unused.
    pub unused_after: Option<Span>,
    pub options: Options,
    /// Places that get every new generation, in the manifest's order; each once.
    pub deliver: Vec<Name>,
}

/// Whether two values of an option mean the same: the order and repetition of a list mean nothing, nor does it whether a provider writes a text as a
/// number or a boolean.
pub fn same_option(left: &Value, right: &Value) -> bool {
    as_set(left) == as_set(right)
}

fn as_set(value: &Value) -> BTreeSet<String> {
    match value {
        Value::Array(items) => items.iter().map(one).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => BTreeSet::from([one(value)]),
    }
}

/// A value by itself, or in a list: `7` and `"7"` are the same. Inside a map they are not.
fn one(value: &Value) -> String {
    match value {
        Value::Bool(_) | Value::Number(_) => Value::String(value.to_string()).to_string(),
        Value::Null | Value::String(_) | Value::Array(_) | Value::Object(_) => canonical(value),
    }
}

/// A value as text, whatever order the fields of its maps have.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let fields: BTreeMap<&String, String> = fields.iter().map(|(name, value)| (name, canonical(value))).collect();
            format!("{fields:?}")
        }
        Value::Array(items) => format!("{:?}", items.iter().map(canonical).collect::<Vec<_>>()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_may_write_a_text_as_a_number() {
        let same = |left: Value, right: Value| same_option(&left, &right);
        assert!(same("7".into(), 7.into()) && same("true".into(), true.into()) && same(vec!["7", "8"].into(), vec![8, 7].into()));
        assert!(!same("7".into(), 8.into()) && !same("null".into(), Value::Null) && !same("7".into(), "07".into()));
        assert!(!same(serde_json::json!({"a": 7}), serde_json::json!({"a": "7"})), "what a map holds is the provider's");
    }
}
