//! Places that consume secrets: which they are, what a key's ledger keeps of them, and what they say they hold. Never a secret.
use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Address, Generation, KeyRecord, Marker, Name};

/// A place that gets a key's secrets, as `keywright.yaml` declares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    pub name: Name,
    /// The word of its kind, such as `nango`.
    pub kind: String,
    /// Where its API is, without a slash at the end; absent where there is none.
    pub endpoint: Option<String>,
    /// With defaults filled in.
    pub params: BTreeMap<String, String>,
}

impl Target {
    /// The place in words, the same for the same place: `nango https://api.nango.dev connection_id=books …`.
    pub fn place(&self) -> String {
        let mut place = self.kind.clone();
        if let Some(endpoint) = &self.endpoint {
            place.push(' ');
            place.push_str(endpoint);
        }
        // How a secret is tried there makes no other place.
        for (name, value) in self.params.iter().filter(|(name, _)| !name.starts_with("check_")) {
            place.push_str(&format!(" {name}={value}"));
        }
        place
    }
}

impl fmt::Display for Target {
    /// As people read it: `nango-finance (nango)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name, self.kind)
    }
}

/// That a place has got a generation's secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Delivered {
    pub at: Timestamp,
    /// Who did it, where a person had to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// The place that the name stood for.
    pub to: String,
    /// The place took it, and a call with it has shown nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unverified: bool,
}

/// What a place keeps beside a secret, so that it can be told what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint {
    pub address: Address,
    pub generation: u32,
    pub marker: Option<Marker>,
}

impl Fingerprint {
    pub fn of(address: &Address, generation: &Generation) -> Self {
        Self { address: address.clone(), generation: generation.number, marker: generation.marker.clone() }
    }

    /// Whether it is of a key that has this record: by its address, or by the marker of a generation.
    pub fn is_of(&self, record: &KeyRecord) -> bool {
        let mut markers = record.generations.iter().filter_map(|generation| generation.marker.as_ref());
        self.address == record.address || markers.any(|marker| self.marker.as_ref() == Some(marker))
    }

    /// Whether both are of one generation. A marker says more than an address, which a key can change.
    pub fn is_same(&self, other: &Self) -> bool {
        self.generation == other.generation && self.marker == other.marker && (self.marker.is_some() || self.address == other.address)
    }
}

/// What a place says it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Held {
    /// Nothing of that name.
    Nothing,
    /// Something, and not which.
    Something,
    /// Something that we did not put there, or that was changed since.
    Foreign,
    Ours(Fingerprint),
}
