//! What a provider can do and where its limits are, as its profile states them.
use std::collections::BTreeSet;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{Expiry, Generation, GenerationState, Span};

/// Capabilities and limits of one provider.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Capabilities {
    /// What a label may look like; `none` where a key has no place for a label or a marker.
    pub label: LabelRule,
    /// How scopes that are read back compare with those that were asked for.
    #[serde(default)]
    pub scopes: ScopeRule,
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
    /// What every answer about a key tells, as the readers of the profile say it.
    #[serde(skip)]
    #[schemars(skip)]
    pub told: Told,
}

/// What every answer about a key tells: where one does not, the provider has not done what was asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    pub scopes: bool,
    pub expiry: bool,
    /// Whether the key is enabled.
    pub enabled: bool,
    /// Names of options.
    pub options: BTreeSet<String>,
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

/// How scopes that are read back compare with those that were asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ScopeRule {
    /// The very same words come back.
    Exact,
    /// The same set comes back: other spellings and what a wildcard covers are no difference.
    #[default]
    Set,
    /// At least what was asked for comes back.
    Superset,
    /// What came back when the scopes were last written comes back again.
    Expanded,
    /// Nothing comes back: what was last asked for counts.
    WriteOnly,
}

/// What a provider-side label may look like, and whether there is one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(from = "LabelSpec", into = "LabelSpec")]
pub struct LabelRule {
    /// Whether a key has no place at all for a label or a marker; then nothing else of the rule counts.
    pub none: bool,
    /// A regular expression that the whole label matches; absent: any text.
    pub pattern: Option<String>,
    /// In characters.
    pub min: u32,
    /// In characters, marker included.
    pub max: u32,
    /// Whether the provider refuses a second key with the label of another.
    pub unique: bool,
    /// The rule in words, for people.
    pub says: Option<String>,
}

/// A label's rule as a profile writes it: `none`, or a map.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
enum LabelSpec {
    Word(NoLabel),
    Rule(LabelFields),
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum NoLabel {
    /// A key has no place for a label or a marker.
    None,
}

/// What a provider-side label may look like.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct LabelFields {
    /// A regular expression that the whole label matches; absent: any text.
    #[serde(default)]
    pattern: Option<String>,
    /// In characters.
    #[serde(default)]
    min: u32,
    /// In characters, marker included.
    max: u32,
    /// Whether the provider refuses a second key with the label of another.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    unique: bool,
    /// The rule in words, for people.
    #[serde(default)]
    says: Option<String>,
}

impl From<LabelSpec> for LabelRule {
    fn from(spec: LabelSpec) -> Self {
        match spec {
            LabelSpec::Word(NoLabel::None) => Self { none: true, max: u32::MAX, ..Self::default() },
            LabelSpec::Rule(LabelFields { pattern, min, max, unique, says }) => Self { none: false, pattern, min, max, unique, says },
        }
    }
}

impl From<LabelRule> for LabelSpec {
    fn from(rule: LabelRule) -> Self {
        let LabelRule { none, pattern, min, max, unique, says } = rule;
        if none { Self::Word(NoLabel::None) } else { Self::Rule(LabelFields { pattern, min, max, unique, says }) }
    }
}

/// Fields that an edit can change in place.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EditableFields {
    /// Whether a label can be changed.
    pub label: bool,
    /// Whether scopes can be changed.
    pub scopes: bool,
    /// Whether the end can be moved.
    pub expiry: bool,
    /// Whether options can be changed.
    pub options: bool,
}

/// Whether keys can be disabled, and whether that can be undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Disable {
    Reversible,
    /// A disabled key cannot be enabled again (revoked).
    Final,
    /// A key can only be ended by deleting it, at once and for good.
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
    /// Whether the provider may grant an earlier end than was asked for, by a limit that only the account knows. Such an end is taken, reported and
    /// rotated by; without this it is an error.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub clamps: bool,
    /// Whether an edit can take an end away. Where it cannot, a key that is to live for ever is replaced.
    #[serde(default = "yes", skip_serializing_if = "Clone::clone")]
    pub clear: bool,
}

fn yes() -> bool {
    true
}

impl Capabilities {
    /// Whether a key can be ended by a call: disabled, or deleted where nothing else ends it.
    pub fn can_end(&self) -> bool {
        self.disable != Disable::None || self.delete
    }

    /// Whether a key that is disabled may be missing from the list, and be there.
    pub fn may_hide_disabled(&self) -> bool {
        self.lists_disabled != Some(true)
    }

    /// Whether a generation may be off, as far as the ledger tells, and with that be missing from the list: it was disabled, or that was due or begun.
    pub fn may_hide(&self, generation: &Generation) -> bool {
        let is_off = match generation.state {
            GenerationState::Disabled | GenerationState::Retiring => true,
            // What the provider ends by itself it may as well forget.
            GenerationState::Expired => !self.expiry.settable,
            GenerationState::Intended
            | GenerationState::Created
            | GenerationState::Sealed
            | GenerationState::Active
            | GenerationState::Attended
            | GenerationState::Ambiguous
            | GenerationState::Lost
            | GenerationState::Vanished
            | GenerationState::Deleted => generation.is_switching(),
        };
        is_off && self.may_hide_disabled()
    }
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

    /// Whether a reported end is an earlier one than was asked for, which the provider may grant in its place.
    pub fn is_clamped(&self, asked: Option<Timestamp>, reported: Option<Timestamp>) -> bool {
        let earlier = reported.is_some_and(|reported| asked.is_none_or(|asked| reported < asked));
        self.clamps && earlier && !self.agrees(asked, reported)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_label_is_described_or_there_is_none() {
        for written in [json!("none"), json!({"pattern": "[a-z]+", "min": 1, "max": 32, "unique": true, "says": null})] {
            let rule: LabelRule = serde_json::from_value(written.clone()).expect("a rule");
            assert_eq!(rule.none, written == json!("none"));
            assert_eq!(serde_json::to_value(rule).expect("JSON"), written);
        }
        assert!(serde_json::from_value::<LabelRule>(json!("any")).is_err());
        assert!(serde_json::from_value::<LabelRule>(json!({"max": 3, "maxx": 3})).is_err());
    }
}
