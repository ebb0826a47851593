//! What a provider reports now.
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{Marker, Options, ScopeSet};

/// One key as the provider reports it. `None` means that the provider did not say.
#[derive(Debug, Clone, PartialEq)]
pub struct ObservedKey {
    pub id: String,
    pub label: String,
    pub scopes: Option<ScopeSet>,
    /// `Some(None)`: never expires.
    pub expires_at: Option<Option<Timestamp>>,
    pub enabled: Option<bool>,
    pub created_at: Option<Timestamp>,
    pub last_used_at: Option<Timestamp>,
    /// Provider-specific fields that the profile declares.
    pub options: Options,
    /// The key of our own admin credential. It must never be touched.
    pub own: bool,
}

impl ObservedKey {
    /// A key of which a provider tells nothing but id and label.
    pub fn new(id: impl Into<String>, label: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            label: label.into(),
            scopes: None,
            expires_at: None,
            enabled: None,
            created_at: None,
            last_used_at: None,
            options: Options::new(),
            own: false,
        }
    }

    /// The marker at the end of the label.
    pub fn marker(&self) -> Option<Marker> {
        Marker::at_end_of(&self.label)
    }
}

/// One account's observed keys.
#[derive(Debug, Clone, PartialEq)]
pub enum Listing {
    /// Every page was read, and every generation of the ledger that the list lacked was asked for by its id.
    Complete(Snapshot),
    /// Some doubt remains: nothing may be concluded from what is missing. The text says why.
    Unavailable(String),
    /// Offline: the ledger stands in. Plans made of it cannot be applied.
    Assumed(Snapshot),
    /// Nothing can be listed there, ever: a person makes and ends the keys, and the ledger has what they confirmed. Nothing may be concluded from
    /// what is missing, and nothing needs to be.
    Attended,
}

/// Observed keys by id.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Snapshot {
    pub keys: BTreeMap<String, ObservedKey>,
    /// Ids of the ledger that the provider says do not exist (404 on a get by id, or no get and the consistency time has passed).
    pub absent: BTreeSet<String>,
    /// Scopes of our own admin credential, where they can be known.
    pub own_scopes: Option<ScopeSet>,
}

impl Listing {
    pub fn snapshot(&self) -> Option<&Snapshot> {
        match self {
            Self::Complete(snapshot) | Self::Assumed(snapshot) => Some(snapshot),
            Self::Unavailable(_) | Self::Attended => None,
        }
    }
}
