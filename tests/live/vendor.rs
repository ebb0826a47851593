//! What the tests must know of a vendor, without the program: how its keys are declared, listed and used.
use std::time::Duration;

use serde_json::Value;

use crate::server::Server;

/// Whether a secret opens anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    Works,
    Refused,
}

/// A change of a manifest, and what must come of it.
pub struct Change {
    /// Fields of the key from then on.
    pub fields: String,
    pub action: &'static str,
    /// Whether the vendor's own entry of the key says so.
    pub holds: fn(&Value) -> bool,
}

pub trait Vendor {
    /// Name of the profile.
    fn provider(&self) -> &'static str;

    /// Fields of the account beside provider, endpoint and credential.
    fn account(&self) -> &'static str {
        ""
    }

    /// How long a key lives whose fields say nothing about it.
    fn lifetime(&self) -> &'static str {
        "90d"
    }

    /// Fields of a new key.
    fn fields(&self, server: &Server) -> String;

    /// In their order, each from the one before.
    fn changes(&self, server: &Server) -> Vec<Change>;

    /// A key that somebody else makes.
    fn add_foreign(&self, server: &Server, label: &str);

    /// The vendor's own entries of all keys that its API manages.
    fn listed(&self, server: &Server) -> Vec<Value>;

    /// The pointer to the label of an entry; none: keys have no labels.
    fn label(&self) -> Option<&'static str>;

    /// Fields that change by mere use.
    fn restless(&self) -> &'static [&'static str] {
        &[]
    }

    /// Tries the secret, as `open` prints it.
    fn try_out(&self, server: &Server, secret: &str) -> Use;

    /// Whether a key can be disabled and enabled again.
    fn reversible(&self) -> bool {
        false
    }

    /// For how long an ended key may go on working.
    fn lag(&self) -> Duration {
        Duration::ZERO
    }

    /// Every secret that the vendor shows in its listing: none of them may ever be seen here.
    fn shown_secrets(&self, _server: &Server) -> Vec<String> {
        Vec::new()
    }
}
