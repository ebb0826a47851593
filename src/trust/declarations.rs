//! What manifests change beside access: who answers for a key, and how closely it is watched. Pure.
use crate::diagnostics::{Code, Diagnostic, Severity};
use crate::model::text_safety::quoted;
use crate::model::{DesiredKey, Span};
use crate::workspace::Workspace;

/// What the working tree's manifests say otherwise than those of the commit, by address. A key that is new has no other owner.
pub fn declarations(before: &Workspace, now: &Workspace) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for key in now.keys.values() {
        let formerly = now.moved.get(&key.address).and_then(|old| before.keys.get(old));
        let Some(was) = before.keys.get(&key.address).or(formerly) else { continue };
        found.extend(owner(was, key));
        found.extend(rarer(key, "review_every", "nobody is asked any more whether the key is needed", was.review_every, key.review_every));
        found.extend(rarer(key, "unused_after", "nobody is told any more that the key is unused", was.unused_after, key.unused_after));
    }
    found
}

fn owner(was: &DesiredKey, key: &DesiredKey) -> Option<Diagnostic> {
    let said = |owner: Option<&str>| owner.map_or_else(|| "nobody".to_owned(), quoted);
    let (before, after) = (was.owner.as_deref(), key.owner.as_deref());
    let message = || format!("`{}` gets another owner: {} -> {}", key.address, said(before), said(after));
    (before != after).then(|| Diagnostic::new(Code::TrustOwner, Severity::Note, message()).at_position(&key.declared_at))
}

fn rarer(key: &DesiredKey, field: &str, never: &str, before: Option<Span>, after: Option<Span>) -> Option<Diagnostic> {
    let before = before?;
    let message = match after {
        None => format!("`{}`: `{field}` {before} -> never: {never}", key.address),
        Some(after) if after > before => format!("`{}`: `{field}` {before} -> {after}, which is less often", key.address),
        Some(_) => return None,
    };
    Some(Diagnostic::warning(Code::TrustLessWatched, message).at_position(&key.declared_at))
}
