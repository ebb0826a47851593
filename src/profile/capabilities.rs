//! What a provider can do and where its limits are, as its profile states them.
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{Expiry, Span};

/// Capabilities and limits of one provider.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Capabilities {
    pub label: LabelRule,
    /// Fields that can be changed in place.
    pub editable: EditableFields,
    pub disable: Disable,
    /// Whether a key can be deleted.
    #[serde(default)]
    pub delete: bool,
    /// Whether a key's secret can be read again after creation.
    #[serde(default)]
    pub reveal: bool,
    /// Whether a single key can be asked for by its id.
    #[serde(default)]
    pub get: bool,
    /// Whether a key can be proven to work by a call with its own secret.
    #[serde(default)]
    pub verify: bool,
    /// Whether the listing shows disabled keys; absent: unknown.
    #[serde(default)]
    pub lists_disabled: Option<bool>,
    /// The greatest number of keys in one account; absent: unlimited or unknown.
    #[serde(default)]
    pub key_limit: Option<u32>,
    pub expiry: ExpirySupport,
    /// Whether answers tell when a key was last used.
    #[serde(default)]
    pub last_used: bool,
    /// Keys that nobody uses die.
    #[serde(default)]
    pub idle_expiry: Option<IdleExpiry>,
    /// After this time, every listing shows what was created before.
    pub consistency: Span,
}

/// When a key that nobody uses dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IdleExpiry {
    /// After this long without a call.
    pub after: Span,
    /// Every plan warns of a key that has not been seen to work for this long.
    pub warn: Span,
}

/// What a provider-side label may look like.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LabelRule {
    /// A regular expression that the whole label matches; absent: any text.
    #[serde(default)]
    pub pattern: Option<String>,
    /// In characters.
    #[serde(default)]
    pub min: u32,
    /// In characters, marker included.
    pub max: u32,
    /// The rule in words, for people.
    #[serde(default)]
    pub says: Option<String>,
}

/// Fields that an edit can change in place.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EditableFields {
    pub label: bool,
    pub scopes: bool,
    pub expiry: bool,
    pub options: bool,
}

/// Whether keys can be disabled, and whether that can be undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Disable {
    Reversible,
    /// A disabled key cannot be enabled again (revoked).
    Final,
    /// Disabling can only be done by deleting.
    None,
}

/// What the provider does with expiries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpirySupport {
    /// Whether an expiry can be asked for at creation. Where it cannot, Keywright enforces the end itself.
    pub settable: bool,
    /// Differences up to this are rounding, not drift.
    pub tolerance: Span,
    /// The longest lifetime the provider grants.
    #[serde(default)]
    pub max: Option<Span>,
}

impl ExpirySupport {
    /// When a key that is made at `created_at` should end, within what the provider grants. `None`: never.
    pub fn end(&self, expiry: Expiry, created_at: Timestamp) -> Option<Timestamp> {
        let longest = self.max.and_then(|max| created_at.checked_add(max.duration()).ok());
        match (expiry.end(created_at), longest) {
            (Some(end), Some(longest)) => Some(end.min(longest)),
            (end, longest) => end.or(longest),
        }
    }

    /// Whether a reported end is the asked one, within the rounding of the provider.
    pub fn agrees(&self, asked: Option<Timestamp>, reported: Option<Timestamp>) -> bool {
        match (asked, reported) {
            (None, None) => true,
            (Some(asked), Some(reported)) => asked.duration_since(reported).abs() <= self.tolerance.duration(),
            (Some(_), None) | (None, Some(_)) => false,
        }
    }
}
