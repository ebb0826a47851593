//! What a catalogue answers: whether a word is a scope, and what is known of one.
use std::collections::BTreeSet;
use std::sync::Arc;

use regex::Regex;

use super::catalogue_spec::ScopeHint;
use super::risk::risk_of;
use crate::model::{AccessLevel, Risk, Scope, Tag};

/// What a catalogue says to one word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScopeCheck {
    /// Known; the catalogue's own copy where it is listed.
    Listed(Scope),
    /// Another spelling of this scope.
    Alias(Scope),
    /// Of the form, not listed, accepted with a warning.
    Unlisted,
    /// Of the form, not listed, refused.
    Unknown,
    /// Not of the form.
    Malformed,
}

/// What is known of one scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopeFacts {
    /// `None`: not in the catalogue.
    pub access: Option<AccessLevel>,
    pub risk: Risk,
    /// Ordered, each once.
    pub tags: Arc<[Tag]>,
    pub why: Option<Arc<str>>,
}

/// What scopes of a form open. Errors: the form is no regular expression.
pub(super) fn hint(hint: &ScopeHint) -> Result<(Regex, ScopeFacts), String> {
    let pattern = Regex::new(&hint.pattern).map_err(|error| format!("a hint is no regular expression: {error}"))?;
    let tags: Arc<[Tag]> = hint.tags.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
    let (access, risk) = (Some(hint.access), risk_of(hint.access, &tags));
    Ok((pattern, ScopeFacts { access, risk, tags, why: hint.why.as_deref().map(Arc::from) }))
}
