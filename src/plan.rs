//! Decides what to do. A total, pure function over plain values: knows no clock, network or files, and cannot fail.
pub mod change;

pub use change::*;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::model::{Address, DesiredKey, KeyRecord, Listing, Name};
use crate::profile::{Capabilities, Catalogue};

/// Everything the planner looks at.
#[derive(Debug, Clone)]
pub struct PlanInput<'a> {
    pub now: Timestamp,
    pub mode: Mode,
    pub accounts: BTreeMap<Name, AccountInput<'a>>,
    /// Only these keys; empty: all.
    pub only: BTreeSet<Address>,
    /// Whether plaintexts can be opened (`-i IDENTITY`).
    pub can_open: bool,
    /// Binds a saved plan to manifests, trusted configuration and profiles.
    pub digest: String,
}

/// One account's side of the input.
#[derive(Debug, Clone)]
pub struct AccountInput<'a> {
    pub provider: &'a str,
    pub capabilities: &'a Capabilities,
    pub catalogue: &'a Catalogue,
    pub listing: Listing,
    pub desired: BTreeMap<Name, &'a DesiredKey>,
    pub ledger: BTreeMap<Name, &'a KeyRecord>,
}
