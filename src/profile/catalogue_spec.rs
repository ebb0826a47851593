//! A scope catalogue as a profile writes it. Answers no questions.
use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{AccessLevel, Scope, Tag};

/// A catalogue as a profile writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CatalogueSpec {
    /// A regular expression that every scope matches; others are refused.
    pub form: String,
    /// What stands between the segments of a scope.
    #[serde(default = "colon")]
    pub separator: String,
    /// What a `*` segment covers.
    #[serde(default)]
    pub wildcard: Wildcard,
    /// The sign after which a scope says what it is confined to: `read:users!user=ada`. It opens what the scope before the sign opens, there
    /// alone, and `*` is everywhere. A listed scope that does not have the form stands only confined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confined_by: Option<String>,
    /// What happens to a scope that has the form and is not listed.
    #[serde(default)]
    pub unlisted: Unlisted,
    /// Other spellings that mean the same scope; the value is what is sent.
    #[serde(default)]
    pub aliases: BTreeMap<Scope, Scope>,
    /// Access level by last segment, for scopes that are not listed.
    #[serde(default)]
    pub verbs: BTreeMap<String, AccessLevel>,
    /// Words that stand for several listed scopes, as the provider's page has them. A manifest that names one means exactly these.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tiers: BTreeMap<String, Vec<Scope>>,
    /// Listed scopes that every key has without asking: they are no difference between two keys.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub implied: Vec<Scope>,
    /// What scopes that are not listed open, by their form; the first that fits counts. They are accepted with a warning all the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hints: Vec<ScopeHint>,
    /// The listed scopes.
    #[serde(default)]
    pub scopes: BTreeMap<Scope, ScopeSpec>,
}

/// What scopes of a form open, as far as their words tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScopeHint {
    /// A regular expression that is found in the scope.
    pub pattern: String,
    /// What can be done with it.
    pub access: AccessLevel,
    /// What makes it risky.
    #[serde(default)]
    pub tags: Vec<Tag>,
    /// Why a reviewer should care, beginning with `can`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// What a `*` segment covers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Wildcard {
    #[default]
    None,
    /// A trailing `*` covers everything below its prefix, at any depth.
    Prefix,
    /// Each `*` covers exactly one segment.
    Segment,
}

/// What happens to a scope that has the form and is not listed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Unlisted {
    #[default]
    Refuse,
    Warn,
    /// The catalogue is free: any scope of the form is a known one.
    Allow,
}

/// One listed scope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScopeSpec {
    /// What can be done with it.
    pub access: AccessLevel,
    /// What makes it risky.
    #[serde(default)]
    pub tags: Vec<Tag>,
    /// What it opens, in the vendor's sense.
    #[serde(default)]
    pub says: Option<String>,
    /// Why a reviewer should care, beginning with `can`.
    #[serde(default)]
    pub why: Option<String>,
    /// Listed scopes that it includes, with all that these include. `name:*` is every listed one that begins so, and what the provider adds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub covers: Vec<Scope>,
    /// The heading that it stands under on the provider's page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
}

fn colon() -> String {
    ":".to_owned()
}
