//! What a person asks of one plan beyond the manifests, what went before it, and what it is guarded by. Decides nothing.
use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Address, Allowance, DesiredKey, Guards, Name, Request};

/// `--rotate`, `--compromised` and `--allow`.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    pub rotate: BTreeMap<Address, Request>,
    pub allow: BTreeSet<Allowance>,
}

/// What this plan goes on from.
#[derive(Debug, Clone, Default)]
pub struct Before {
    /// Keys that an apply was at work on when it was interrupted: what was asked for there is not asked for again.
    pub interrupted: BTreeSet<Address>,
    /// Keys that the recovery of this very apply has just finished or undone: no guard counts what is left to create.
    pub recovered: BTreeSet<Address>,
    /// Keys whose rotation the approved plan defers.
    pub deferred: BTreeSet<Address>,
    /// Keys as the manifests of a base declare them: what goes beyond that is shown as access. `None`: there is no base.
    pub declared: Option<BTreeMap<Address, DesiredKey>>,
}

/// What the guards look at beside the plan itself.
#[derive(Debug, Clone, Default)]
pub struct Guarding {
    pub guards: Guards,
    pub manifests: Manifests,
    /// How many keys the ledger has as live, in all accounts.
    pub live: usize,
    /// Accounts that are not in `keywright.yaml` any more, each with the keys that its ledger has as live.
    pub gone: BTreeMap<Name, BTreeSet<Address>>,
}

/// How much the manifest tree says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Manifests {
    /// There is no manifest at all.
    Absent,
    /// There are manifests, and none declares a key.
    Empty,
    #[default]
    Declare,
}
