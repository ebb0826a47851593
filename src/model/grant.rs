//! What the ledger keeps of an OAuth grant: what a person allowed, and how long its tokens last. Never a token.
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ScopeSet;
use super::time::whole_second;

/// A grant that a person gave in a browser.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// What the person allowed; it may be less than was asked for.
    pub scopes: ScopeSet,
    /// When the issuer last gave tokens.
    pub issued_at: Timestamp,
    /// When the access token of then ends.
    pub access_ends_at: Timestamp,
    /// Whether there is a refresh token. Without one the grant ends with its access token.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub renewable: bool,
    /// When the issuer refused the refresh token: nothing but another authorization helps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused_at: Option<Timestamp>,
    /// Of a grant that was replaced: its refresh token stands beside its successor's, until it is revoked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub kept: bool,
}

impl Grant {
    /// As a ledger file holds it: instants are cut to whole seconds.
    pub fn in_whole_seconds(&self) -> Self {
        Self {
            issued_at: whole_second(self.issued_at),
            access_ends_at: whole_second(self.access_ends_at),
            refused_at: self.refused_at.map(whole_second),
            ..self.clone()
        }
    }
}
