//! What checks see, before it is worded: one function a check, over plain values.
use super::facts::KeyFacts;
use super::rule::{Asked, Check};
use crate::model::{Expiry, Risk, Scope, Span, matches};
use crate::profile::Catalogue;

/// One thing that is not as a rule asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Finding {
    TooLong {
        most: Span,
    },
    Lacks(Asked),
    Risky {
        scope: Scope,
        limit: Risk,
    },
    OpenEnded(Scope),
    Unknown(Scope),
    /// `grants`: what of it is denied.
    Denied {
        scope: Scope,
        grants: Scope,
        pattern: String,
    },
    NotOpenTo(String),
    TooFew {
        least: u32,
    },
    /// An expression says no.
    Broken,
    /// An expression could not be evaluated.
    Failed(String),
}

/// What a check without an expression finds at a key.
pub(super) fn find(check: &Check, facts: &KeyFacts<'_>, found: &mut dyn FnMut(Finding)) {
    let key = facts.key;
    let blank = |text: Option<&str>| text.is_none_or(|text| text.trim().is_empty());
    match check {
        Check::MaxLifetime(most) => {
            if facts.lifetime.is_none_or(|lifetime| lifetime > *most) {
                found(Finding::TooLong { most: *most });
            }
        }
        Check::Field(field) => {
            let lacks = match field {
                Asked::Owner => blank(key.owner.as_deref()),
                Asked::Purpose => blank(key.purpose.as_deref()),
                Asked::Expiry => key.expiry == Expiry::Never,
                Asked::ReviewEvery => key.review_every.is_none(),
            };
            if lacks {
                found(Finding::Lacks(*field));
            }
        }
        Check::Risk(limit) => {
            let risky = facts.scopes.iter().filter(|scope| scope.risk >= *limit);
            risky.for_each(|scope| found(Finding::Risky { scope: scope.name.clone(), limit: *limit }));
        }
        Check::OpenEnded => {
            facts.scopes.iter().filter(|scope| scope.open_ended).for_each(|scope| found(Finding::OpenEnded(scope.name.clone())));
        }
        Check::Unknown => {
            facts.scopes.iter().filter(|scope| !scope.known).for_each(|scope| found(Finding::Unknown(scope.name.clone())));
        }
        Check::Scope(pattern) => {
            for scope in &facts.scopes {
                if let Some(grants) = denied(facts, scope.name, pattern) {
                    found(Finding::Denied { scope: scope.name.clone(), grants, pattern: pattern.clone() });
                }
            }
        }
        Check::Recipients { name, keys } => {
            let open = keys.iter().all(|key| facts.public_keys.contains(key.as_str()));
            if !open {
                found(Finding::NotOpenTo(name.clone()));
            }
        }
        Check::MinRecipients(least) => {
            if u32::try_from(facts.public_keys.len()).is_ok_and(|count| count < *least) {
                found(Finding::TooFew { least: *least });
            }
        }
        // The evaluator's business.
        Check::Require(_) | Check::Deny(_) => {}
    }
}

/// What of a granted scope a pattern denies.
fn denied(facts: &KeyFacts<'_>, scope: &Scope, pattern: &str) -> Option<Scope> {
    let catalogue = facts.account.catalogue;
    if is_meant(catalogue, pattern, scope) {
        return Some(scope.clone());
    }
    if let Some(leaf) = facts.grants(scope).into_iter().find(|leaf| is_meant(catalogue, pattern, leaf)) {
        return Some(leaf);
    }
    // A word that the catalogue does not list can still be covered by a wildcard.
    let word = catalogue.canonical(&Scope::from(pattern));
    catalogue.covers(scope, &word).then_some(word)
}

/// Whether a pattern of the policy means a scope: by its word, another spelling, or a tier that has it.
fn is_meant(catalogue: &Catalogue, pattern: &str, scope: &Scope) -> bool {
    matches(pattern, scope.as_str())
        || catalogue.canonical(&Scope::from(pattern)) == *scope
        || catalogue.tier(pattern).is_some_and(|tier| tier.contains(scope))
}

/// Whether a pattern can mean anything at a provider.
pub fn can_mean(catalogue: &Catalogue, pattern: &str) -> bool {
    let word = Scope::from(pattern);
    catalogue.is_known(&word) || catalogue.tier(pattern).is_some() || catalogue.words().any(|listed| matches(pattern, listed))
}
