//! The embedded provider: issues first-party tokens and keeps only their hashes, in one JSON file. Opens no socket.
pub mod check;
pub mod store;
pub mod token;

use std::path::PathBuf;

use async_trait::async_trait;
use jiff::Timestamp;

pub use check::{CheckAnswer, Verdict, check};
pub use store::StoreProblem;
pub use token::{Token, TokenProblem};

use super::{CreateRequest, Created, EditRequest, Liveness, Provider, ProviderError};
use crate::model::{ObservedKey, Options, Secret};
use store::{Absent, Edited, Store, StoredKey};

/// A keyring account: one store file.
pub struct KeyringProvider {
    store: Store,
    clock: Box<dyn Fn() -> Timestamp>,
}

impl KeyringProvider {
    /// Opens an account; touches no file yet.
    ///
    /// `expect_existing` says that the ledger has keys of it: then a missing store is unreachable, and otherwise an empty one that the first
    /// create makes.
    pub fn open(path: PathBuf, expect_existing: bool, clock: impl Fn() -> Timestamp + 'static) -> Self {
        let absent = if expect_existing { Absent::Missing } else { Absent::Empty };
        Self { store: Store::new(path, absent), clock: Box::new(clock) }
    }

    /// Changes one key that must exist.
    fn change(&self, id: &str, edit: impl FnOnce(StoredKey) -> StoredKey) -> Result<(), ProviderError> {
        let unknown = || ProviderError::NotFound(format!("the keyring has no key `{}`", id.escape_debug()));
        if !self.store.read(|keys| keys.get(id).is_some())? {
            return Err(unknown());
        }
        self.store.change(|keys| {
            let before = keys.get(id).ok_or_else(unknown)?;
            let after = edit(before.clone());
            if after == *before {
                return Ok(Edited::Unchanged(()));
            }
            keys.put(id.to_owned(), after);
            Ok(Edited::Changed(()))
        })
    }
}

#[async_trait(?Send)]
impl Provider for KeyringProvider {
    async fn list(&self) -> Result<Vec<ObservedKey>, ProviderError> {
        Ok(self.store.read(|keys| keys.iter().map(|(id, key)| observed(id, key)).collect())?)
    }

    async fn get(&self, id: &str) -> Result<Option<ObservedKey>, ProviderError> {
        Ok(self.store.read(|keys| keys.get(id).map(|key| observed(id, key)))?)
    }

    async fn create(&self, request: &CreateRequest) -> Result<Created, ProviderError> {
        let now = (self.clock)();
        refuse(request.label.trim().is_empty(), "a key needs a label")?;
        refuse(request.scopes.is_empty(), "a key needs at least one scope")?;
        refuse(!request.options.is_empty(), "keys of a keyring have no options")?;
        refuse(request.expires_at.is_some_and(|end| end <= now), "the expiry has passed")?;
        self.store.change(|keys| {
            let draw = || Token::generate().map_err(|error| ProviderError::Local(format!("the system gives no randomness: {error}")));
            let mut token = draw()?;
            while keys.get(&token.key_id()).is_some() {
                token = draw()?;
            }
            let id = token.key_id();
            let key = StoredKey {
                label: request.label.clone(),
                scopes: request.scopes.clone(),
                created_at: now,
                expires_at: request.expires_at,
                enabled: true,
                sha256: token.sha256(),
            };
            let created = Created { key: observed(&id, &key), secret: Some(Secret::single(token.into_text())) };
            keys.put(id, key);
            Ok(Edited::Changed(created))
        })
    }

    async fn edit(&self, id: &str, request: &EditRequest) -> Result<(), ProviderError> {
        refuse(request.label.as_ref().is_some_and(|label| label.trim().is_empty()), "a key needs a label")?;
        refuse(request.scopes.as_ref().is_some_and(|scopes| scopes.is_empty()), "a key needs at least one scope")?;
        refuse(request.options.as_ref().is_some_and(|options| !options.is_empty()), "keys of a keyring have no options")?;
        let EditRequest { label, scopes, expires_at, options: _ } = request.clone();
        self.change(id, |key| StoredKey {
            label: label.unwrap_or(key.label),
            scopes: scopes.unwrap_or(key.scopes),
            expires_at: expires_at.unwrap_or(key.expires_at),
            ..key
        })
    }

    async fn set_enabled(&self, id: &str, enabled: bool, _: Option<Timestamp>) -> Result<(), ProviderError> {
        self.change(id, |key| StoredKey { enabled, ..key })
    }

    async fn delete(&self, id: &str) -> Result<(), ProviderError> {
        if !self.store.read(|keys| keys.get(id).is_some())? {
            return Ok(());
        }
        self.store.change(|keys| Ok(keys.remove(id).map_or(Edited::Unchanged(()), |_| Edited::Changed(()))))
    }

    async fn reveal(&self, _: &str) -> Result<Option<Secret>, ProviderError> {
        Ok(None)
    }

    async fn verify(&self, id: &str, secret: &Secret) -> Result<Liveness, ProviderError> {
        let now = (self.clock)();
        let token = secret.part("secret").filter(|_| secret.is_single()).unwrap_or_default();
        let answer = self.store.read(|keys| check::judge(keys, token, now))?;
        Ok(if answer.is_valid() && answer.id.as_deref() == Some(id) { Liveness::Alive } else { Liveness::Dead })
    }
}

fn observed(id: &str, key: &StoredKey) -> ObservedKey {
    ObservedKey {
        id: id.to_owned(),
        label: key.label.clone(),
        scopes: Some(key.scopes.clone()),
        expires_at: Some(key.expires_at),
        enabled: Some(key.enabled),
        created_at: Some(key.created_at),
        last_used_at: None,
        options: Options::new(),
        own: false,
        unread: None,
        untouchable: false,
    }
}

fn refuse(wrong: bool, why: &str) -> Result<(), ProviderError> {
    if wrong { Err(ProviderError::Refused(why.to_owned())) } else { Ok(()) }
}

impl From<StoreProblem> for ProviderError {
    fn from(problem: StoreProblem) -> Self {
        let text = problem.to_string();
        match problem {
            StoreProblem::Missing(_) => Self::Unreachable(text),
            StoreProblem::Uncertain(_) => Self::Unanswered(text),
            StoreProblem::File(_)
            | StoreProblem::Damaged { .. }
            | StoreProblem::Newer { .. }
            | StoreProblem::Full(_)
            | StoreProblem::Locked(_) => Self::Local(text),
        }
    }
}

#[cfg(test)]
mod tests;
