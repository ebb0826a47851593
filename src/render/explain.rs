//! Pages: what a diagnostic means, and what a scope opens.
use std::fmt::Write as _;

use super::text_safety::safe;
use crate::diagnostics::{Code, suggest};
use crate::model::{AccessLevel, Risk, Scope, Tag};
use crate::plan::AccessEntry;
use crate::profile::{Catalogue, Profile};

/// A word that is neither a code nor a scope of any provider.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{word}` is neither a diagnostic code nor a scope of a known provider")]
pub struct UnknownWord {
    pub word: String,
    /// What to do next.
    pub help: String,
}

/// The Markdown page of a diagnostic code or of a scope. A scope that several providers have gets one page after the other.
pub fn explain(word: &str, providers: &[(&Profile, &Catalogue)]) -> Result<String, UnknownWord> {
    if let Ok(code) = word.parse::<Code>() {
        return Ok(code.page().to_owned());
    }
    let pages: Vec<String> = providers.iter().filter_map(|(profile, catalogue)| scope_page(word, profile, catalogue)).collect();
    if !pages.is_empty() {
        return Ok(pages.join("\n"));
    }
    let listed = providers.iter().flat_map(|(profile, _)| profile.catalogue.scopes.keys().map(Scope::as_str));
    let known = Code::ALL.iter().map(|code| code.as_str()).chain(listed);
    let help = suggest::did_you_mean(word, known).unwrap_or_else(|| "list the scopes with `keywright providers NAME`".to_owned());
    Err(UnknownWord { word: safe(word).into_owned(), help })
}
