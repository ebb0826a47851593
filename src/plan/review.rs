//! What a reviewer of a change sees beside the changes of keys: whose doing each is, and what the change does to trusted files.
use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{AccessEntry, Change, OptionGain};
use crate::model::{Address, Position, Risk, Scope};

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

/// What of a change's access the base asks for, too: the rest is introduced.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PendingAccess {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gained: Vec<Scope>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lost: Vec<Scope>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub expiry_extended: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub overlap: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub protection_removed: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recipients_added: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recipients_removed: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deliveries_added: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options_gained: Vec<OptionGain>,
}

/// Says of each change whether the working tree introduces it, given what would happen without. Returns the changes that it takes back.
pub fn attribute(changes: &mut [Change], pending: Vec<Change>) -> Vec<Change> {
    let mut pending: BTreeMap<Address, Change> = pending.into_iter().map(|change| (change.address.clone(), change)).collect();
    for change in changes {
        let moved = change.moved_from().cloned();
        let other = pending.remove(&change.address).or_else(|| pending.remove(&moved?));
        let same = other.as_ref().is_some_and(|other| is_same(change, other));
        change.origin = Some(if same { Origin::Pending } else { Origin::Introduced });
        if !same {
            change.access.pending =
                other.map(|other| shared(change, &other)).filter(|shared| *shared != PendingAccess::default()).map(Box::new);
        }
    }
    pending.into_values().collect()
}

/// What two changes of a key give and take alike.
fn shared(change: &Change, other: &Change) -> PendingAccess {
    let (mine, theirs) = (&change.access, &other.access);
    // A wildcard that opens it from now on gives more than the word alone.
    let same = |one: &AccessEntry, other: &AccessEntry| one.scope == other.scope && (one.via.is_none() || one.via == other.via);
    let scopes = |mine: &[AccessEntry], theirs: &[AccessEntry]| -> Vec<Scope> {
        mine.iter().filter(|one| theirs.iter().any(|other| same(one, other))).map(|one| one.scope.clone()).collect()
    };
    let both = |mine: &[String], theirs: &[String]| -> Vec<String> { mine.iter().filter(|one| theirs.contains(one)).cloned().collect() };
    let end = |change: &Change| change.after.as_ref().map(|view| view.expires_at);
    let as_late = match (end(change), end(other)) {
        (_, Some(None)) => true,
        (Some(Some(mine)), Some(Some(theirs))) => mine <= theirs,
        (None | Some(None), Some(Some(_))) | (_, None) => false,
    };
    PendingAccess {
        gained: scopes(&mine.gained, &theirs.gained),
        lost: scopes(&mine.lost, &theirs.lost),
        expiry_extended: mine.expiry_extended && theirs.expiry_extended && as_late,
        overlap: mine.overlap.zip(theirs.overlap).is_some_and(|(mine, theirs)| mine.after <= theirs.after),
        protection_removed: mine.protection_removed && theirs.protection_removed,
        recipients_added: both(&mine.recipients_added, &theirs.recipients_added),
        recipients_removed: both(&mine.recipients_removed, &theirs.recipients_removed),
        deliveries_added: both(&mine.deliveries_added, &theirs.deliveries_added),
        options_gained: mine.options_gained.iter().filter(|one| theirs.options_gained.contains(one)).cloned().collect(),
    }
}

/// Whether two changes of a key do the same; where it is declared, and in which words, does not matter.
fn is_same(one: &Change, other: &Change) -> bool {
    let parts = |change: &Change| (change.action, change.generation, change.before.clone(), change.after.clone());
    parts(one) == parts(other) && one.access == other.access && one.steps == other.steps && one.request == other.request
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    /// The change of a key that had one set of scopes and wants another, until an end.
    fn change(had: &[&str], wants: &[&str], days: Option<i64>) -> Change {
        let mut world = World::settled();
        world.first().scopes = scopes(had);
        world.live(1).scopes = Some(scopes(had));
        world.wanted().scopes = scopes(wants);
        if let Some(days) = days {
            world.wanted().expiry = crate::model::Expiry::At(at(days * DAY));
        }
        world.change().expect("a change")
    }

    #[test]
    fn only_what_goes_beyond_the_base_is_introduced() {
        let base = || vec![change(&["x:hooks:read"], &["x:hooks:read", "x:hooks:create"], None)];
        let mut same = base();
        assert!(attribute(&mut same, base()).is_empty());
        assert_eq!((same[0].origin, &same[0].access.pending), (Some(Origin::Pending), &None));

        let mut more = vec![change(&["x:hooks:read"], &["x:hooks:read", "x:hooks:create", "x:hooks:delete"], None)];
        attribute(&mut more, base());
        let pending = more[0].access.pending.as_deref().expect("a part is pending");
        assert_eq!((more[0].origin, &pending.gained), (Some(Origin::Introduced), &vec!["x:hooks:create".into()]));

        // The same scope through a wildcard is more than the scope.
        let mut wild = vec![change(&["x:hooks:read"], &["x:hooks:*"], None)];
        attribute(&mut wild, base());
        assert_eq!(wild[0].access.pending, None);

        let mut other = vec![change(&["x:hooks:read"], &["x:hooks:read", "x:pay:read"], None)];
        attribute(&mut other, base());
        assert_eq!((other[0].origin, &other[0].access.pending), (Some(Origin::Introduced), &None));
    }

    #[test]
    fn a_later_end_than_the_base_asks_for_is_introduced() {
        let of = |days| change(&["x:hooks:read"], &["x:hooks:read"], Some(days));
        assert!(of(200).access.expiry_extended);
        for (mine, base, is_pending) in [(200, 300, Some(true)), (300, 200, None)] {
            let mut changes = vec![change(&["x:hooks:read"], &["x:hooks:read", "x:hooks:delete"], Some(mine))];
            attribute(&mut changes, vec![of(base)]);
            let told = changes[0].access.pending.as_ref().map(|pending| pending.expiry_extended);
            assert_eq!(told, is_pending, "{mine} {base}");
        }
    }
}
