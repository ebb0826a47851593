//! The scope catalogue: what each scope opens, its level, tags and risk, and what a wildcard covers. Pure.
use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{AccessLevel, Scope, Tag};

/// A catalogue as a profile writes it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
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
    /// What happens to a scope that has the form and is not listed.
    #[serde(default)]
    pub unlisted: Unlisted,
    /// Other spellings that mean the same scope; the value is what is sent.
    #[serde(default)]
    pub aliases: BTreeMap<Scope, Scope>,
    /// Access level by last segment, for scopes that are not listed.
    #[serde(default)]
    pub verbs: BTreeMap<String, AccessLevel>,
    /// The listed scopes.
    #[serde(default)]
    pub scopes: BTreeMap<Scope, ScopeSpec>,
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
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScopeSpec {
    pub access: AccessLevel,
    #[serde(default)]
    pub tags: Vec<Tag>,
    /// What it opens, in the vendor's sense.
    #[serde(default)]
    pub says: Option<String>,
    /// Why a reviewer should care, beginning with `can`.
    #[serde(default)]
    pub why: Option<String>,
}

/// What a catalogue says to one word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScopeCheck {
    Listed,
    /// Another spelling of this scope.
    Alias(Scope),
    /// Of the form, not listed, accepted with a warning.
    Unlisted,
    /// Of the form, not listed, refused.
    Unknown,
    /// Not of the form.
    Malformed,
}

fn colon() -> String {
    ":".to_owned()
}

/// A catalogue ready for questions.
#[derive(Debug, Clone)]
pub struct Catalogue {
    spec: CatalogueSpec,
}

impl Catalogue {
    pub fn spec(&self) -> &CatalogueSpec {
        &self.spec
    }
}
