//! The effective difference between two scope sets: what a key gains, loses and keeps, and how each line changed.
use std::cmp::Reverse;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{OptionGain, PendingAccess};
use crate::model::{AccessLevel, Expiry, Risk, Scope, ScopeSet, Span, Tag};
use crate::profile::Catalogue;

/// One leaf scope that a key gains or loses.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct AccessEntry {
    pub scope: Scope,
    /// `null`: not in the catalogue.
    pub access: Option<AccessLevel>,
    pub risk: Risk,
    pub tags: Arc<[Tag]>,
    /// The granted scope that covers it, when that is another word (a wildcard).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<Scope>,
    /// Why a person should care, from the catalogue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<Arc<str>>,
}

/// How one line of the manifest's scopes changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LineKind {
    Added,
    Removed,
    /// Covers what was granted before, and more.
    Widened,
    Narrowed,
    /// Other words for the same access.
    SameEffect,
    /// Already covered by another line.
    Shadowed,
    /// Not in the catalogue.
    Unknown,
}

/// One line of the manifest's scopes, explained.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct ScopeLine {
    pub scope: Scope,
    pub kind: LineKind,
    /// The other side: what it was widened or narrowed from, what it equals, what shadows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other: Option<Scope>,
}

/// The effective difference between two scope sets, expanded over the catalogue.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AccessDiff {
    /// Most risky first.
    pub gained: Vec<AccessEntry>,
    pub lost: Vec<AccessEntry>,
    pub kept: Vec<Scope>,
    /// Granted wildcards that also grant what the provider adds later.
    pub open_ended: Vec<Scope>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<ScopeLine>,
    /// The expiry was removed or moved later.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub expiry_extended: bool,
    /// Public keys that can open the secret from now on, or the next one, and could not before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recipients_added: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recipients_removed: Vec<String>,
    /// Places that get the key's secrets from now on, and never did before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deliveries_added: Vec<String>,
    /// From the next rotation on, an old secret stays valid for longer beside its successor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overlap: Option<LongerOverlap>,
    /// It is no longer protected: it may be disabled or deleted from now on.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub protection_removed: bool,
    /// It got more than the profile can say: whatever that is, it counts as critical.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unsaid: bool,
    /// What options give the key beyond its scopes, most risky first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options_gained: Vec<OptionGain>,
    /// What of all this comes without the change, too; present where a change that is introduced adds to one that is pending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<Box<PendingAccess>>,
    /// Of what is gained, what the key has now: the base takes it away, and the change keeps it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub restored: Vec<Scope>,
    /// What the manifests of a base and of the change say of its end, where the latter lets it live for longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub life: Option<LongerLife>,
    /// The highest risk of all that the key can do afterwards; present where something other than its scopes gives access.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reach: Option<Risk>,
}

/// How long two secrets of a key live side by side, before and after a change of its manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LongerOverlap {
    pub before: Span,
    pub after: Span,
}

/// When a key ends, as a base and as a change declare it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LongerLife {
    pub before: Expiry,
    pub after: Expiry,
}

impl AccessDiff {
    /// Whether something other than scopes gives access: a longer life, a new reader or place, a longer overlap.
    pub fn widens_beyond_scopes(&self) -> bool {
        self.expiry_extended || !self.recipients_added.is_empty() || !self.deliveries_added.is_empty() || self.overlap.is_some()
    }

    /// The risk of what widens beyond scopes: of all that the key can do. Where nobody worked it out, it is unknown, and that is critical.
    pub fn reaches(&self) -> Risk {
        self.reach.or(worst(&self.gained)).unwrap_or(Risk::Critical)
    }

    /// Everything that is gained, counted by risk: scopes, values of options, a longer life or overlap, protection that goes, readers and places.
    pub fn gains(&self) -> impl Iterator<Item = (Risk, usize)> {
        let once = |is: bool| usize::from(is);
        let beyond = once(self.expiry_extended) + once(self.overlap.is_some()) + self.recipients_added.len() + self.deliveries_added.len();
        let scopes = self.gained.iter().map(|entry| (entry.risk, 1));
        let options = self.options_gained.iter().map(|gain| (gain.risk, 1));
        let others = [(self.reaches(), beyond), (PROTECTION, once(self.protection_removed)), (Risk::Critical, once(self.unsaid))];
        scopes.chain(options).chain(others).filter(|(_, count)| *count > 0)
    }

    /// Everything that is lost, counted by risk: scopes and readers.
    pub fn losses(&self) -> impl Iterator<Item = (Risk, usize)> {
        let scopes = self.lost.iter().map(|entry| (entry.risk, 1));
        scopes.chain(std::iter::once((self.loses(), self.recipients_removed.len()))).filter(|(_, count)| *count > 0)
    }

    /// The risk of what readers can no longer do.
    pub fn loses(&self) -> Risk {
        self.reach.or(worst(&self.lost)).unwrap_or(Risk::Low)
    }
}

/// That a key is no longer protected.
pub const PROTECTION: Risk = Risk::High;

/// The highest risk of some entries.
pub fn worst(entries: &[AccessEntry]) -> Option<Risk> {
    entries.iter().map(|entry| entry.risk).max()
}

/// The highest risk of what a scope set grants; absent when it grants nothing.
pub(super) fn reach(catalogue: &Catalogue, scopes: &ScopeSet) -> Option<Risk> {
    let leaves = catalogue.expand(scopes);
    leaves.keys().map(|leaf| catalogue.describe(leaf).risk).max()
}

/// Compares two scope sets by what they grant. Sets that grant the same, now and later, have neither gains nor losses.
pub fn difference(catalogue: &Catalogue, before: &ScopeSet, after: &ScopeSet) -> AccessDiff {
    let open_ended = || after.iter().filter(|scope| catalogue.is_wildcard(scope)).cloned().collect();
    if before == after {
        return AccessDiff { kept: after.iter().cloned().collect(), open_ended: open_ended(), ..AccessDiff::default() };
    }
    let (old, new) = (catalogue.canonical_set(before), catalogue.canonical_set(after));
    let (old_covers, new_covers) = (Cover::new(catalogue, &old), Cover::new(catalogue, &new));
    let (had, has) = (old_covers.leaves(), new_covers.leaves());
    let kept: ScopeSet = old_covers.among(&has).chain(new_covers.among(&had)).cloned().collect();
    AccessDiff {
        gained: entries(catalogue, has, &old_covers),
        lost: entries(catalogue, had, &new_covers),
        kept: kept.into_iter().collect(),
        open_ended: new_covers.broad.iter().filter(|scope| catalogue.is_wildcard(scope)).map(|scope| (*scope).clone()).collect(),
        lines: lines(before, after, &old_covers, &new_covers),
        ..AccessDiff::default()
    }
}

/// What a scope set grants in the order of the words, each with the scope that it comes from when that is another.
type Leaves = Vec<(Scope, Option<Scope>)>;

/// A scope set ready to be asked what it grants.
struct Cover<'a> {
    catalogue: &'a Catalogue,
    scopes: &'a ScopeSet,
    broad: Vec<&'a Scope>,
}

impl<'a> Cover<'a> {
    fn new(catalogue: &'a Catalogue, scopes: &'a ScopeSet) -> Self {
        Self { catalogue, scopes, broad: scopes.iter().filter(|scope| catalogue.is_broad(scope)).collect() }
    }

    fn leaves(&self) -> Leaves {
        match self.broad.is_empty() {
            true => self.scopes.iter().map(|scope| (scope.clone(), None)).collect(),
            false => self.catalogue.expand_canonical(self.scopes).into_iter().collect(),
        }
    }

    /// Another granted scope that covers this one.
    fn above(&self, scope: &Scope) -> Option<Scope> {
        self.broad.iter().find(|other| **other != scope && self.catalogue.covers(other, scope)).map(|other| (*other).clone())
    }

    /// A granted scope that this one covers.
    fn below(&self, scope: &Scope) -> Option<Scope> {
        let covered = |other: &&Scope| *other != scope && self.catalogue.covers(scope, other);
        if !self.scopes.is_empty() && self.catalogue.is_broad(scope) { self.scopes.iter().find(covered).cloned() } else { None }
    }

    /// Those of some leaves that are granted.
    fn among<'l>(&'l self, leaves: &'l Leaves) -> impl Iterator<Item = &'l Scope> {
        leaves.iter().map(|(leaf, _)| leaf).filter(|leaf| self.grants(leaf))
    }

    fn grants(&self, leaf: &Scope) -> bool {
        self.scopes.contains(leaf) || self.broad.iter().any(|other| self.catalogue.covers(other, leaf))
    }
}

/// The leaves that the other side does not grant, described, most risky first.
fn entries(catalogue: &Catalogue, leaves: Leaves, other: &Cover) -> Vec<AccessEntry> {
    let describe = |(scope, via): (Scope, Option<Scope>)| {
        let facts = catalogue.describe(&scope);
        AccessEntry { access: facts.access, risk: facts.risk, tags: facts.tags, why: facts.why, scope, via }
    };
    let mut entries = Vec::with_capacity(leaves.len());
    entries.extend(leaves.into_iter().filter(|(leaf, _)| !other.grants(leaf)).map(describe));
    entries.shrink_to_fit();
    // Those of one risk stay in the order of their words.
    entries.sort_by_key(|entry: &AccessEntry| Reverse(entry.risk));
    entries
}

/// Explains each word that was added, and each that is gone, in the order of the words.
fn lines(before: &ScopeSet, after: &ScopeSet, old_covers: &Cover, new_covers: &Cover) -> Vec<ScopeLine> {
    let (catalogue, old, new) = (old_covers.catalogue, old_covers.scopes, new_covers.scopes);
    let mut lines = Vec::with_capacity(after.len());
    for word in after.iter().filter(|word| !before.contains(*word)) {
        let scope = catalogue.canonical(word);
        if old.contains(&scope) {
            // Another spelling of a word that was there.
            let other = before.iter().find(|other| catalogue.canonical(other) == scope).cloned();
            lines.push(ScopeLine { scope: word.clone(), kind: LineKind::SameEffect, other });
            continue;
        }
        let (kind, other) = if let Some(other) = new_covers.above(&scope) {
            (LineKind::Shadowed, Some(other))
        } else if !catalogue.is_known(&scope) {
            (LineKind::Unknown, None)
        } else if let Some(other) = old_covers.below(&scope) {
            (LineKind::Widened, Some(other))
        } else if let Some(other) = old_covers.above(&scope) {
            (LineKind::Narrowed, Some(other))
        } else {
            (LineKind::Added, None)
        };
        lines.push(ScopeLine { scope: word.clone(), kind, other });
    }
    // A word that stays, and that a new word now covers.
    for scope in new.iter().filter(|scope| old.contains(*scope) && old_covers.above(scope).is_none()) {
        if let Some(other) = new_covers.above(scope) {
            lines.push(ScopeLine { scope: scope.clone(), kind: LineKind::Shadowed, other: Some(other) });
        }
    }
    for scope in old.iter().filter(|scope| !new.contains(*scope)) {
        if let Some(other) = new_covers.above(scope) {
            // The covering word explains itself as widened, unless it was there before.
            if old.contains(&other) {
                lines.push(ScopeLine { scope: scope.clone(), kind: LineKind::SameEffect, other: Some(other) });
            }
        } else if new_covers.below(scope).is_none_or(|kept| old.contains(&kept)) {
            lines.push(ScopeLine { scope: scope.clone(), kind: LineKind::Removed, other: None });
        }
    }
    lines.sort();
    lines.shrink_to_fit();
    lines
}

#[cfg(test)]
mod tests {
    use super::super::testing::{catalogue, free_catalogue, scopes};
    use super::*;
    use crate::model::Risk;

    fn names(entries: &[AccessEntry]) -> Vec<&str> {
        entries.iter().map(|entry| entry.scope.as_str()).collect()
    }

    fn words(scopes: &[Scope]) -> Vec<&str> {
        scopes.iter().map(Scope::as_str).collect()
    }

    fn kinds(diff: &AccessDiff) -> Vec<(&str, LineKind, Option<&str>)> {
        diff.lines.iter().map(|line| (line.scope.as_str(), line.kind, line.other.as_ref().map(Scope::as_str))).collect()
    }

    #[test]
    fn a_widened_line_gains_the_rest_of_its_wildcard() {
        let diff = difference(&catalogue(), &scopes(&["x:hooks:read"]), &scopes(&["x:hooks:*"]));
        assert_eq!(names(&diff.gained), ["x:hooks:create", "x:hooks:delete"], "most risky first, then by name");
        assert!(diff.gained.iter().all(|entry| entry.via == Some("x:hooks:*".into())));
        assert_eq!((diff.gained[0].risk, diff.gained[0].why.as_deref()), (Risk::High, Some("can repoint events")));
        assert_eq!((diff.lost.len(), words(&diff.kept), words(&diff.open_ended)), (0, vec!["x:hooks:read"], vec!["x:hooks:*"]));
        assert_eq!(kinds(&diff), [("x:hooks:*", LineKind::Widened, Some("x:hooks:read"))]);
    }

    #[test]
    fn a_narrowed_line_loses_the_rest() {
        let diff = difference(&catalogue(), &scopes(&["x:hooks:*"]), &scopes(&["x:hooks:read", "x:hooks:delete"]));
        assert_eq!((names(&diff.lost), diff.gained.len(), diff.open_ended.len()), (vec!["x:hooks:create"], 0, 0));
        assert_eq!(words(&diff.kept), ["x:hooks:delete", "x:hooks:read"]);
        let narrowed = |scope| (scope, LineKind::Narrowed, Some("x:hooks:*"));
        assert_eq!(kinds(&diff), [narrowed("x:hooks:delete"), narrowed("x:hooks:read")]);
    }

    #[test]
    fn lines_are_added_removed_and_shadowed() {
        let diff = difference(&catalogue(), &scopes(&["x:key:read", "x:pay:read"]), &scopes(&["x:hooks:*", "x:hooks:read", "x:pay:read"]));
        let expected = [
            ("x:hooks:*", LineKind::Added, None),
            ("x:hooks:read", LineKind::Shadowed, Some("x:hooks:*")),
            ("x:key:read", LineKind::Removed, None),
        ];
        assert_eq!(kinds(&diff), expected);
        assert_eq!((names(&diff.lost), diff.lost[0].risk), (vec!["x:key:read"], Risk::Critical));
        let kept_but_shadowed = difference(&catalogue(), &scopes(&["x:hooks:read"]), &scopes(&["x:hooks:*", "x:hooks:read"]));
        let expected = [("x:hooks:*", LineKind::Widened, Some("x:hooks:read")), ("x:hooks:read", LineKind::Shadowed, Some("x:hooks:*"))];
        assert_eq!(kinds(&kept_but_shadowed), expected);
    }

    #[test]
    fn unknown_words_are_critical() {
        let diff = difference(&catalogue(), &scopes(&[]), &scopes(&["x:hooks:new", "x:pay:read"]));
        assert_eq!(names(&diff.gained), ["x:hooks:new", "x:pay:read"]);
        assert_eq!((diff.gained[0].access, diff.gained[0].risk), (None, Risk::Critical));
        assert_eq!(kinds(&diff), [("x:hooks:new", LineKind::Unknown, None), ("x:pay:read", LineKind::Added, None)]);
    }

    #[test]
    fn the_same_access_in_other_words_is_no_difference() {
        let alias = difference(&catalogue(), &scopes(&["x:key:udpate"]), &scopes(&["x:key:update"]));
        assert_eq!((alias.gained.len(), alias.lost.len(), words(&alias.kept)), (0, 0, vec!["x:key:update"]));
        assert_eq!(kinds(&alias), [("x:key:update", LineKind::SameEffect, Some("x:key:udpate"))]);
        let shadowed = difference(&catalogue(), &scopes(&["x:hooks:*", "x:hooks:read"]), &scopes(&["x:hooks:*"]));
        assert_eq!((shadowed.gained.len(), shadowed.lost.len()), (0, 0));
        assert_eq!(kinds(&shadowed), [("x:hooks:read", LineKind::SameEffect, Some("x:hooks:*"))]);
        let same = difference(&catalogue(), &scopes(&["x:hooks:*"]), &scopes(&["x:hooks:*"]));
        assert_eq!((words(&same.kept), words(&same.open_ended), same.lines.len()), (vec!["x:hooks:*"], vec!["x:hooks:*"], 0));
    }

    #[test]
    fn in_a_free_catalogue_the_wildcard_stands_itself() {
        let wider = difference(&free_catalogue(), &scopes(&["a:read"]), &scopes(&["a:*"]));
        assert_eq!((names(&wider.gained), wider.lost.len(), words(&wider.kept)), (vec!["a:*"], 0, vec!["a:read"]));
        let narrower = difference(&free_catalogue(), &scopes(&["a:*"]), &scopes(&["a:read"]));
        assert_eq!((narrower.gained.len(), names(&narrower.lost), words(&narrower.kept)), (0, vec!["a:*"], vec!["a:read"]));
    }
}
