//! Scopes as opaque words. What they open is the catalogue's business.
use std::borrow::Borrow;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::de::{Deserializer, Visitor};
use serde::{Deserialize, Serialize};

/// A permission word of a provider.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct Scope(
    // Shared by its copies: keys by the thousand hold the same few words.
    Arc<str>,
);

/// The scopes of one key, ordered.
pub type ScopeSet = BTreeSet<Scope>;

impl Scope {
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Copies the text once: the derived reading would copy it twice, for each of a few hundred thousand scopes.
impl<'de> Deserialize<'de> for Scope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl Visitor<'_> for Text {
            type Value = Scope;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_str<E>(self, text: &str) -> Result<Scope, E> {
                Ok(Scope::from(text))
            }
        }

        deserializer.deserialize_str(Text)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// For looking a word up; a scope is ordered and compared as its text.
impl Borrow<str> for Scope {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Scope {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}
