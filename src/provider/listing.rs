//! Reads a whole listing of keys. A listing is complete, or it is an error; there is no third outcome.
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use serde_json::Value;

use super::ProviderError;
use super::exchange::Wiped;
use super::operation::Runner;
use super::pages::{self, AT_ONCE, Amount, Pages};
use crate::profile::api::ListOperation;
use crate::profile::reader::{Entry, ReadError, Reading, RealId};
use crate::profile::template::{Placeholder, Values};

/// Everything that reading a listing needs.
pub struct ListReader<'a> {
    pub runner: Runner<'a>,
    pub operation: &'a ListOperation,
    pub reading: Reading<'a>,
    /// Takes out of an entry what nobody repeats, before anything else looks at it.
    pub hush: &'a dyn Fn(&mut Entry),
}

impl ListReader<'_> {
    /// Every entry, also those that are no keys to us. Read once more when it changed meanwhile.
    ///
    /// Expects pages that tell the same total, or none; guarantees that the entries are as many as the total and that none comes twice. Entries
    /// that are exchanged for others between two pages, leaving the total as it was, cannot be noticed. Errors when any page or any detail
    /// fails, when the listing changes while it is read, twice, and when pages and details together take longer than anybody waits.
    pub async fn read(&self) -> Result<Vec<Entry>, ProviderError> {
        let limit = self.runner.exchange.limits().listing;
        let late = |_| ProviderError::Unanswered(format!("the list was not at its end after {} seconds", limit.as_secs()));
        tokio::time::timeout(limit, self.read_through()).await.map_err(late)?
    }

    async fn read_through(&self) -> Result<Vec<Entry>, ProviderError> {
        for _ in 0..2 {
            let read = if self.operation.then.is_empty() { self.plain().await? } else { self.detailed().await? };
            if let Some(entries) = read {
                return Ok(entries);
            }
        }
        Err(ProviderError::Unanswered("the list changed while it was read".to_owned()))
    }

    /// Entries that are told whole: each is read as its page comes, so that an answer that cannot be read is asked for again. `None`: it changed.
    async fn plain(&self) -> Result<Option<Vec<Entry>>, ProviderError> {
        let keep = |entry: Wiped| {
            let mut read = self.runner.reader.listed(&entry.0, &self.reading).map_err(|error| error.to_string())?;
            (self.hush)(&mut read);
            Ok(pages::Entry { name: name(&entry, read.id.as_ref()), kept: read })
        };
        self.pages(&keep).await
    }

    /// Entries of which more is asked for. `None`: it changed, or one that was listed was not there any more when it was asked for.
    async fn detailed(&self) -> Result<Option<Vec<Entry>>, ProviderError> {
        let keep = |entry: Wiped| Ok(pages::Entry { name: name(&entry, self.runner.reader.id(&entry.0).ok().as_ref()), kept: entry });
        let Some(found) = self.pages(&keep).await? else { return Ok(None) };
        let mut entries: Vec<Option<Entry>> = stream::iter(found).map(|entry| self.entry(entry)).buffered(AT_ONCE).try_collect().await?;
        entries.iter_mut().flatten().for_each(self.hush);
        Ok(entries.into_iter().collect())
    }

    async fn pages<T>(&self, keep: &dyn Fn(Wiped) -> Result<pages::Entry<T>, String>) -> Result<Option<Vec<T>>, ProviderError> {
        let Runner { exchange, caller, .. } = self.runner;
        let ListOperation { items, paging, .. } = self.operation;
        Pages {
            exchange,
            caller,
            asked: self.operation.asked(),
            items,
            is_map: self.runner.reader.names_entries(),
            paging,
            keep,
            read: Amount::default(),
        }
        .read()
        .await
    }

    /// One entry, with its details; `None`: it is gone.
    async fn entry(&self, mut object: Wiped) -> Result<Option<Entry>, ProviderError> {
        let reader = self.runner.reader;
        let unreadable = |error: ReadError| ProviderError::Unanswered(error.to_string());
        let id = match &object.0 {
            Value::String(text) => Some(RealId::new(text.clone())),
            other => reader.id(other).ok(),
        };
        if reader.is_untouchable(&object.0) {
            // Its details are nobody's business; what is here tells whether it is ours.
            return reader.entry(&object.0, &self.reading).map(Some).map_err(unreadable);
        }
        let values: Values = id.iter().map(|id| (Placeholder::Id, Value::from(id.as_str()))).collect();
        for further in &self.operation.then {
            match self.runner.further(further, &values, &mut object).await {
                Ok(()) => {}
                Err(ProviderError::NotFound(_)) => return Ok(None),
                Err(error) if reader.is_id_secret() => return Err(error.concealing(id.as_ref().map_or("", RealId::as_str))),
                Err(error) => return Err(error),
            }
        }
        let Wiped(whole) = &object;
        let read = reader.listed(whole, &self.reading).map_err(unreadable)?;
        match (&read.id, &id) {
            (Some(read), Some(id)) if read != id => Err(ProviderError::Unanswered("the answer is about another key".to_owned())),
            (Some(_) | None, _) => Ok(Some(read)),
        }
    }
}

/// What an entry is known by while it is read: its id, or else all of it.
fn name(entry: &Wiped, id: Option<&RealId>) -> String {
    id.map_or_else(|| entry.0.to_string(), |id| id.as_str().to_owned())
}
