//! Answers whether a token is good, for a service that accepts them. Changes nothing.
use std::path::Path;

use jiff::Timestamp;
use serde::Serialize;
use subtle::ConstantTimeEq;

use super::store::{Absent, Keys, Store, StoreProblem};
use super::token::Token;
use crate::model::{Scope, ScopeSet};

/// What a store says to a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    Valid,
    /// No token at all: form or checksum are wrong.
    Malformed,
    /// The store has no such key, or another token for it.
    Unknown,
    Disabled,
    Expired,
    /// Valid, but not for the scope that was asked for.
    LacksScope,
}

/// What a store says to a token. Everything but the verdict is filled in only when the token is a key's token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckAnswer {
    pub verdict: Verdict,
    pub id: Option<String>,
    pub label: Option<String>,
    pub scopes: ScopeSet,
    /// `None`: never, or not a key's token.
    pub expires_at: Option<Timestamp>,
}

impl Verdict {
    /// The words that users read.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Malformed => "malformed",
            Self::Unknown => "unknown",
            Self::Disabled => "disabled",
            Self::Expired => "expired",
            Self::LacksScope => "lacks scope",
        }
    }
}

impl CheckAnswer {
    pub fn is_valid(&self) -> bool {
        self.verdict == Verdict::Valid
    }

    /// The same answer for one scope. `covers(granted, asked)` is the catalogue's rule, wildcards included.
    pub fn requiring(mut self, asked: &Scope, covers: impl Fn(&Scope, &Scope) -> bool) -> Self {
        if self.is_valid() && !self.scopes.iter().any(|granted| covers(granted, asked)) {
            self.verdict = Verdict::LacksScope;
        }
        self
    }
}

/// Checks a token against a store. Errors when there is no store, or it cannot be read: then nothing is known of the token.
pub fn check(store: &Path, token: &str, now: Timestamp) -> Result<CheckAnswer, StoreProblem> {
    Store::new(store.to_owned(), Absent::Missing).read(|keys| judge(keys, token, now))
}

/// Judges a token. Hashes are compared in constant time; the id is no secret.
pub(super) fn judge(keys: &Keys, token: &str, now: Timestamp) -> CheckAnswer {
    let without_key = |verdict| CheckAnswer { verdict, id: None, label: None, scopes: ScopeSet::new(), expires_at: None };
    let Ok(token) = Token::parse(token) else { return without_key(Verdict::Malformed) };
    let id = token.key_id();
    let key = keys.get(&id).filter(|key| bool::from(key.sha256.as_bytes().ct_eq(token.sha256().as_bytes())));
    let Some(key) = key else { return without_key(Verdict::Unknown) };
    let verdict = match (key.enabled, key.expires_at) {
        (false, _) => Verdict::Disabled,
        (true, Some(end)) if end <= now => Verdict::Expired,
        (true, Some(_) | None) => Verdict::Valid,
    };
    CheckAnswer { verdict, id: Some(id), label: Some(key.label.clone()), scopes: key.scopes.clone(), expires_at: key.expires_at }
}
