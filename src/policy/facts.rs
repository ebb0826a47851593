//! What rules look at of one key: its manifest, its account, and what the plan does to its access. Plain values; no secret is among them.
use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;

use crate::model::{AccessLevel, DesiredKey, DesiredState, Expiry, KeyRecord, Risk, Scope, ScopeSet, Span, Tag};
use crate::plan::{AccessDiff, AccessEntry, Change, PlanStep};
use crate::profile::Catalogue;

/// The lifetime of what never ends, in seconds: 10,000 years.
pub(super) const NEVER_ENDS: u64 = 315_576_000_000;

/// What rules know of an account.
#[derive(Debug, Clone, Copy)]
pub struct AccountFacts<'a> {
    pub provider: &'a str,
    pub environment: Option<&'a str>,
    pub catalogue: &'a Catalogue,
}

/// One key to be judged.
#[derive(Debug, Clone, Copy)]
pub struct JudgedKey<'a> {
    pub key: &'a DesiredKey,
    pub account: AccountFacts<'a>,
    /// What the ledger has of it.
    pub record: Option<&'a KeyRecord>,
    /// What the plan does with it; absent: nothing.
    pub change: Option<&'a Change>,
    /// The manifest that declares it in the base, when it is another: rules about that path count, too.
    pub moved_out_of: Option<&'a str>,
}

/// One scope, described.
pub(super) struct ScopeView<'a> {
    pub name: &'a Scope,
    pub access: Option<AccessLevel>,
    pub risk: Risk,
    pub tags: Arc<[Tag]>,
    pub open_ended: bool,
    pub known: bool,
}

/// The same key with what follows from it.
pub(super) struct KeyFacts<'a> {
    pub key: &'a DesiredKey,
    pub account: AccountFacts<'a>,
    pub now: Timestamp,
    /// When the generation began that its end counts from.
    pub begins: Timestamp,
    /// `None`: it never ends.
    pub lifetime: Option<Span>,
    pub scopes: Vec<ScopeView<'a>>,
    pub gained: Vec<ScopeView<'a>>,
    pub lost: Vec<ScopeView<'a>>,
    pub access: Option<&'a AccessDiff>,
    pub moved_out_of: Option<&'a str>,
    /// Everyone who can open its secret.
    pub public_keys: BTreeSet<&'a str>,
}

impl<'a> KeyFacts<'a> {
    pub fn of(judged: &JudgedKey<'a>, now: Timestamp) -> Self {
        let JudgedKey { key, account, record, change, moved_out_of } = *judged;
        let access = change.map(|change| &change.access);
        let renews = |step: &PlanStep| matches!(step, PlanStep::Create { .. } | PlanStep::Open { .. });
        let renewed = change.is_some_and(|change| change.steps.iter().any(renews));
        let living = record.and_then(KeyRecord::current).filter(|current| current.state.may_live() && !renewed);
        let begins = living.map_or(now, |current| current.created_at).min(now);
        let described = |entries: Option<&'a Vec<AccessEntry>>| -> Vec<ScopeView<'a>> {
            entries.into_iter().flatten().map(|entry| view(account.catalogue, &entry.scope)).collect()
        };
        Self {
            key,
            account,
            now,
            begins,
            lifetime: lifetime(key.expiry, begins),
            scopes: key.scopes.iter().map(|scope| view(account.catalogue, scope)).collect(),
            gained: described(access.map(|access| &access.gained)),
            lost: described(access.map(|access| &access.lost)),
            access,
            moved_out_of,
            public_keys: key.recipients.values().flatten().map(String::as_str).collect(),
        }
    }

    /// The end that the manifest fixes.
    pub fn fixed_end(&self) -> Option<Timestamp> {
        match self.key.expiry {
            Expiry::At(end) => Some(end),
            Expiry::Never | Expiry::Lifetime(_) => None,
        }
    }

    pub fn state(&self) -> &'static str {
        match self.key.state {
            DesiredState::Active => "active",
            DesiredState::Disabled => "disabled",
        }
    }

    /// What one scope of the key grants: listed scopes, and words that stand for themselves.
    pub fn grants(&self, scope: &Scope) -> Vec<Scope> {
        self.account.catalogue.expand(&ScopeSet::from([scope.clone()])).into_keys().collect()
    }
}

fn view<'a>(catalogue: &Catalogue, name: &'a Scope) -> ScopeView<'a> {
    let facts = catalogue.describe(name);
    let (access, risk, tags) = (facts.access, facts.risk, facts.tags);
    ScopeView { access, risk, tags, open_ended: catalogue.is_wildcard(name), known: catalogue.is_known(name), name }
}

fn lifetime(expiry: Expiry, begins: Timestamp) -> Option<Span> {
    match expiry {
        Expiry::Never => None,
        Expiry::Lifetime(span) => Some(span),
        Expiry::At(end) => Some(Span::seconds(u64::try_from(end.duration_since(begins).as_secs()).unwrap_or(0))),
    }
}
