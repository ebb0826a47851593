//! What is asked once, before the first operation: lists that translate names, and which key is our own. Changes nothing there.
use std::cell::OnceCell;
use std::collections::BTreeMap;

use serde_json::Value;
use tokio::sync::Mutex;

use super::ProviderError;
use super::exchange::session::Session;
use super::exchange::{Call, Caller, Retry, Wiped};
use super::operation::Runner;
use super::pages::{Amount, Entry, Pages};
use crate::model::Secret;
use crate::profile::api::{Lookup, OwnKey};
use crate::profile::codec_scopes::Lookups;
use crate::profile::predicate::Test;
use crate::profile::reader::word;
use crate::profile::template::Values;

static NONE: Lookups = Lookups::new();

/// The answers, once they are there.
#[derive(Default)]
pub struct Beforehand {
    lookups: OnceCell<Lookups>,
    /// Held while it is asked, so that it is asked once.
    done: Mutex<bool>,
    /// Another credential of the account, whose key is ours, too.
    other: Option<Secret>,
}

impl Beforehand {
    /// The lists that were read; none before [`Self::ask`].
    pub fn lookups(&self) -> &Lookups {
        self.lookups.get().unwrap_or(&NONE)
    }

    /// Has it asked for another credential of the account, too, which key is its own.
    pub fn also_for(&mut self, credential: Secret) {
        self.other = Some(credential);
    }

    /// Asks what the profile wants to know beforehand, the first time that it is called and does not fail.
    ///
    /// Errors say that the operation was not sent.
    pub async fn ask(&self, runner: &Runner<'_>) -> Result<(), ProviderError> {
        let api = runner.exchange.api();
        let mut done = self.done.lock().await;
        if *done {
            return Ok(());
        }
        if let Some(own) = &api.own {
            self_asked(runner, own, true).await.map_err(|error| unsent("which key is our own", error))?;
            if let Some(other) = &self.other {
                let session = Session::default();
                let caller = Caller { credential: other, session: &session, ..runner.caller };
                match self_asked(&Runner { caller, ..*runner }, own, false).await {
                    // What is refused works nothing; it may be one that has been replaced.
                    Ok(()) | Err(ProviderError::Unauthenticated(_) | ProviderError::Forbidden(_)) => {}
                    Err(error) => return Err(unsent("which key is that of the other credential", error)),
                }
            }
        }
        let mut lookups = Lookups::new();
        for (name, lookup) in &api.lookups {
            let read = read(runner, lookup).await.map_err(|error| unsent(&format!("the lookup `{name}`"), error))?;
            lookups.insert(name.clone(), read);
        }
        let _ = self.lookups.set(lookups);
        *done = true;
        Ok(())
    }
}

async fn self_asked(runner: &Runner<'_>, own: &OwnKey, in_use: bool) -> Result<(), ProviderError> {
    let call = Call::new(own.asked(), Values::new(), runner.caller, Retry::Idempotent);
    let answer = match runner.exchange.call(&call).await {
        Ok(answer) => answer,
        // Our credential is no key that this API knows.
        Err(ProviderError::NotFound(_)) => return Ok(()),
        Err(error) => return Err(error),
    };
    let known_by = answer.json.as_ref().and_then(|json| own.id.of(&json.0)).and_then(word);
    known_by.into_iter().for_each(|known_by| runner.reader.learn_own(own.at.as_ref(), known_by, in_use));
    Ok(())
}

/// A lookup's value for each name, null where several entries have it. It is complete, or it is an error.
async fn read(runner: &Runner<'_>, lookup: &Lookup) -> Result<BTreeMap<String, Value>, ProviderError> {
    let Runner { exchange, caller, .. } = *runner;
    let Lookup { items, paging, name, value, .. } = lookup;
    let is_map = [name, value].into_iter().any(|at| at.to_string().starts_with("/$"));
    let keep = |entry: Wiped| Ok(Entry { name: entry.0.to_string(), kept: entry });
    let pages = Pages { exchange, caller, asked: lookup.asked(), items, is_map, paging, keep: &keep, read: Amount::default() };
    let Some(entries) = pages.read().await? else {
        return Err(ProviderError::Unanswered("the list changed while it was read".to_owned()));
    };
    let mut found = BTreeMap::new();
    let tests: Vec<Test> =
        lookup.only.iter().map(Test::new).collect::<Result<_, _>>().map_err(|error| ProviderError::Local(error.to_string()))?;
    for Wiped(entry) in &entries {
        if !tests.iter().all(|test| test.holds(entry)) {
            continue;
        }
        let (Some(name), Some(value)) = (name.of(entry).and_then(word), value.of(entry)) else {
            return Err(ProviderError::Unanswered("an entry lacks its name or its value".to_owned()));
        };
        // What several share stands for none of them, and is refused where a key wants it.
        found.entry(name).and_modify(|known| *known = Value::Null).or_insert_with(|| value.clone());
    }
    Ok(found)
}

/// A question that was not answered, told as what it means for the operation: it was not sent.
fn unsent(what: &str, error: ProviderError) -> ProviderError {
    match error {
        ProviderError::Unanswered(why) | ProviderError::NotFound(why) | ProviderError::Refused(why) => {
            ProviderError::Unreachable(format!("{what} could not be asked: {why}"))
        }
        ProviderError::Unauthenticated(_)
        | ProviderError::Forbidden(_)
        | ProviderError::Throttled(_)
        | ProviderError::Unreachable(_)
        | ProviderError::Unsupported(_)
        | ProviderError::Local(_) => error,
    }
}
