//! Where a verdict stands in a manifest. What the manifest literally says comes through a port; only violations ask.
use std::sync::Arc;

use crate::diagnostics::{Part, Place, Route, Step};
use crate::model::{DesiredKey, Scope};
use crate::profile::Catalogue;

/// How one item of a list can become several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replaced {
    /// `[a, b]`
    Flow,
    /// `- a` and `- b`, each so many spaces from the left.
    Block(usize),
    /// Not by a text in its place.
    Not,
}

/// One scope as a manifest writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenScope {
    pub word: String,
    pub replaced: Replaced,
}

/// What a manifest says of a key in its own words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WrittenKey {
    pub scopes: Vec<WrittenScope>,
    /// Fields that it says itself; the others come from defaults.
    pub fields: Vec<&'static str>,
}

/// Knows what manifests literally say.
pub trait Written {
    /// `None`: the manifest is not at hand, and the verdict stands at the key.
    fn key(&self, key: &DesiredKey) -> Option<WrittenKey>;
}

/// The places of one key.
pub(super) struct Places<'a> {
    key: &'a DesiredKey,
    catalogue: &'a Catalogue,
    written: WrittenKey,
}

impl<'a> Places<'a> {
    pub fn of(key: &'a DesiredKey, catalogue: &'a Catalogue, written: &dyn Written) -> Self {
        Self { key, catalogue, written: written.key(key).unwrap_or_default() }
    }

    fn route(&self, below: &[Step], part: Part) -> Place {
        let mut steps = vec![Step::Field("keys".into()), Step::Field(Arc::from(self.key.address.name.as_str()))];
        steps.extend_from_slice(below);
        Place::Route { file: self.key.declared_at.file.clone(), route: Route(steps), part }
    }

    /// The key's name.
    pub fn name(&self) -> Place {
        self.route(&[], Part::Field)
    }

    pub fn says(&self, field: &str) -> bool {
        self.written.fields.contains(&field)
    }

    /// The value of the first of these fields that the key says, or its name.
    pub fn value(&self, fields: &[&str]) -> Place {
        match fields.iter().find(|field| self.says(field)) {
            Some(field) => self.route(&[Step::Field(Arc::from(*field))], Part::Value),
            None => self.name(),
        }
    }

    /// The item that grants a scope, and how it can be replaced.
    pub fn scope(&self, scope: &Scope) -> (Place, Replaced) {
        let means = |word: &str| {
            self.catalogue.canonical(&Scope::from(word)) == *scope || self.catalogue.tier(word).is_some_and(|tier| tier.contains(scope))
        };
        let exact = self.written.scopes.iter().position(|written| written.word == scope.as_str());
        match exact.or_else(|| self.written.scopes.iter().position(|written| means(&written.word))) {
            Some(at) => {
                let replaced = if exact.is_some() { self.written.scopes[at].replaced } else { Replaced::Not };
                (self.route(&[Step::Field("scopes".into()), Step::Index(at)], Part::Value), replaced)
            }
            None => (self.name(), Replaced::Not),
        }
    }
}

/// Scopes in place of one item of a list.
pub(super) fn items(scopes: &[Scope], replaced: Replaced) -> Option<String> {
    let words: Vec<String> = scopes.iter().map(|scope| quoted(scope.as_str())).collect();
    match replaced {
        _ if words.is_empty() => None,
        Replaced::Flow => Some(words.join(", ")),
        Replaced::Block(indent) => Some(words.join(&format!("\n{}- ", " ".repeat(indent)))),
        Replaced::Not => None,
    }
}

/// A word as YAML reads it back, in lists of both kinds.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._/:-".contains(c);
    let letters = word.starts_with(|c: char| c.is_ascii_alphabetic()) && !word.ends_with(':');
    // A word alone could be a truth value or nothing.
    let safe = letters && word.chars().all(plain) && word.contains([':', '.', '/', '_', '-']);
    if safe { word.to_owned() } else { serde_json::Value::from(word).to_string() }
}
