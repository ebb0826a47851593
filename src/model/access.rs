//! The words for what a scope opens: level, tags, risk.
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How far a scope reaches, from seeing names to ruling everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AccessLevel {
    List,
    Read,
    Write,
    Admin,
}

/// What a scope touches, apart from its level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Tag {
    /// Moves money.
    Money,
    /// Makes, changes or reads credentials.
    Credentials,
    /// Decides who may do what.
    Access,
    /// Reads or changes audit trails.
    Audit,
    /// Personal data.
    Pii,
    /// Card numbers.
    Pan,
    /// Financial records.
    Financial,
    /// Sends data to places that the caller chooses.
    Egress,
    /// Runs code.
    Execute,
    /// Many records at once.
    Bulk,
    /// Cannot be undone.
    Irreversible,
}

/// How much harm a granted scope could do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Risk {
    Low,
    Medium,
    High,
    Critical,
}

macro_rules! words {
    ($type:ty { $($variant:ident => $word:literal),+ $(,)? }) => {
        impl $type {
            /// The word as it stands in YAML, JSON and messages.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}

words!(AccessLevel { List => "list", Read => "read", Write => "write", Admin => "admin" });
words!(Tag {
    Money => "money", Credentials => "credentials", Access => "access", Audit => "audit", Pii => "pii", Pan => "pan",
    Financial => "financial", Egress => "egress", Execute => "execute", Bulk => "bulk", Irreversible => "irreversible",
});
words!(Risk { Low => "low", Medium => "medium", High => "high", Critical => "critical" });
