//! One rule: which keys it is about, what it asks of them, and what a violation does.
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use super::expression::Expression;
use super::facts::KeyFacts;
use super::pattern::matches_path;
use crate::model::{Position, Risk, Span, matches};

/// What a violation does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// Refuses the whole plan.
    #[default]
    Deny,
    /// Is shown.
    Warn,
}

/// A field that every key has to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Asked {
    /// Who answers for the key.
    Owner,
    /// What the key is for.
    Purpose,
    /// An end: no `expires: never`.
    Expiry,
    /// How often a person confirms that the key is needed.
    ReviewEvery,
}

impl Asked {
    /// The field in the manifest.
    pub fn field(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Purpose => "purpose",
            Self::Expiry => "expires",
            Self::ReviewEvery => "review_every",
        }
    }
}

/// One thing that a rule asks.
#[derive(Debug)]
pub enum Check {
    MaxLifetime(Span),
    Field(Asked),
    /// No scope of this risk or a higher one.
    Risk(Risk),
    /// No wildcards.
    OpenEnded,
    /// No scopes that the catalogue lacks.
    Unknown,
    /// Nothing granted that matches; `*` stands for any text.
    Scope(String),
    /// Everyone of a group, or one public key, can open the secret: the name as it is written, and the keys.
    Recipients {
        name: String,
        keys: Vec<String>,
    },
    MinRecipients(u32),
    /// Must be true.
    Require(Expression),
    /// Must be false.
    Deny(Expression),
}

/// A rule of the policy.
#[derive(Debug)]
pub struct Rule {
    /// `None`: what the policy says of all keys.
    pub name: Option<Arc<str>>,
    pub effect: Effect,
    /// Patterns of account names; empty: all.
    pub accounts: Vec<String>,
    /// Patterns of manifests; empty: all.
    pub paths: Vec<String>,
    /// Only keys of which this is true, with its place.
    pub when: Option<(Expression, Position)>,
    /// Each with its place in the trusted file.
    pub checks: Vec<(Check, Position)>,
    /// What a person should know who breaks it.
    pub message: Option<Arc<str>>,
}

impl Rule {
    /// Whether a key is in the account and the file that the rule is about, or was in that file before the change.
    pub(super) fn concerns(&self, facts: &KeyFacts<'_>) -> bool {
        let account = facts.key.address.account.as_str();
        let in_account = self.accounts.is_empty() || self.accounts.iter().any(|pattern| matches(pattern, account));
        in_account && (self.is_about(&facts.key.declared_at.file) || self.followed(facts).is_some())
    }

    /// The file that a key is taken out of, where the rule is about that one alone.
    pub(super) fn followed<'a>(&self, facts: &KeyFacts<'a>) -> Option<&'a str> {
        facts.moved_out_of.filter(|before| self.is_about(before) && !self.is_about(&facts.key.declared_at.file))
    }

    fn is_about(&self, file: &str) -> bool {
        self.paths.is_empty() || self.paths.iter().any(|pattern| matches_path(pattern, file))
    }

    /// Every expression of the rule.
    pub(super) fn expressions(&self) -> impl Iterator<Item = &Expression> {
        let checks = self.checks.iter().filter_map(|(check, _)| match check {
            Check::Require(expression) | Check::Deny(expression) => Some(expression),
            Check::MaxLifetime(_)
            | Check::Field(_)
            | Check::Risk(_)
            | Check::OpenEnded
            | Check::Unknown
            | Check::Scope(_)
            | Check::Recipients { .. }
            | Check::MinRecipients(_) => None,
        });
        self.when.iter().map(|(expression, _)| expression).chain(checks)
    }
}
