//! What a catalogue answers: whether a word is a scope, and what is known of one.
use std::sync::Arc;

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
