//! What a reviewer of a change sees beside the changes of keys: whose doing each is, and what the change does to trusted files.
use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Change;
use crate::model::{Address, Position, Risk};

/// Whose doing a change of a key is, as seen from the base.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// The manifests of the working tree ask for it, and those of the base do not ask for the same.
    Introduced,
    /// It would happen without this change, too.
    Pending,
}

/// The commit that a plan trusts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BaseView {
    /// As it was named, such as `origin/main`.
    pub reference: String,
    /// Its full object name.
    pub commit: String,
    /// The commit that the working tree stands on; absent before the first one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<String>,
    /// Changes that the base asks for and the working tree does not, as the base has them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub withdrawn: Vec<Change>,
}

/// What a change to a trusted file is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TrustedKind {
    /// A public key that could open secrets from then on.
    RecipientAdded,
    RecipientRemoved,
    AccountAdded,
    AccountRemoved,
    /// Where an account's or a delivery's credential is sent: endpoint, environment, provider, params.
    Host,
    /// Where a credential comes from.
    Credential,
    DeliveryAdded,
    DeliveryRemoved,
    Delivery,
    /// The API, the limits or the catalogue of a provider.
    Profile,
    Policy,
    Guard,
    Unmanaged,
    Defaults,
    /// Anything else in the file, comments included.
    Other,
}

/// What the working tree does to a trusted file. It takes effect only after the merge; this plan was made without it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TrustedChange {
    pub kind: TrustedKind,
    /// What it is about, such as `recipients.ops` or `accounts.shop.endpoint`.
    pub subject: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Why a person should care, a sentence.
    pub why: String,
    pub risk: Risk,
    /// It takes a safeguard away or makes one weaker.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub weaker: bool,
    /// Keys whose secrets a new recipient or place could open, or whose requests another host would get.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub concerns: Vec<Address>,
    /// Where it stands in the working tree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Position>,
}

/// Says of each change whether the working tree introduces it, given what would happen without. Returns the changes that it takes back.
pub fn attribute(changes: &mut [Change], pending: Vec<Change>) -> Vec<Change> {
    let mut pending: BTreeMap<Address, Change> = pending.into_iter().map(|change| (change.address.clone(), change)).collect();
    for change in changes {
        let same = pending.remove(&change.address).is_some_and(|other| is_same(change, &other));
        change.origin = Some(if same { Origin::Pending } else { Origin::Introduced });
    }
    pending.into_values().collect()
}

/// Whether two changes of a key do the same; where it is declared, and in which words, does not matter.
fn is_same(one: &Change, other: &Change) -> bool {
    let parts = |change: &Change| (change.action, change.generation, change.before.clone(), change.after.clone());
    parts(one) == parts(other) && one.access == other.access && one.steps == other.steps && one.request == other.request
}
