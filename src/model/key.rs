//! A key as the manifests declare it, every default filled in.
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Address, Name, ScopeSet, Span};

/// A place in a file of the workspace. Lines and columns count from 1, columns in characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Position {
    /// Path below the workspace, with `/`.
    pub file: Arc<str>,
    pub line: u32,
    pub column: u32,
}

/// When a key ends.
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

/// Whether two values of an option mean the same: the order and repetition of a list mean nothing.
pub fn same_option(left: &Value, right: &Value) -> bool {
    as_set(left) == as_set(right)
}

fn as_set(value: &Value) -> BTreeSet<String> {
    match value {
        Value::Array(items) => items.iter().map(Value::to_string).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => BTreeSet::from([value.to_string()]),
    }
}
