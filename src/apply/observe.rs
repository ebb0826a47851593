//! Reads what an account holds now, to the point where nothing is in doubt, or says that it cannot.
use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;

use crate::model::{GenerationState, KeyRecord, Listing, Name, ObservedKey, Snapshot, Span};
use crate::profile::{Capabilities, Disable};
use crate::provider::{CREATE_LIMIT, Provider, ProviderError};

/// Keys asked for by id at the same time.
const GETS_AT_ONCE: usize = 8;

/// Lists an account, then asks by id for every generation of the ledger that the list lacks.
///
/// The answer is complete, never half: a failed page, a failed get or a repeated id is an error.
pub async fn observe(
    provider: &dyn Provider,
    capabilities: &Capabilities,
    ledger: &BTreeMap<Name, &KeyRecord>,
    now: Timestamp,
) -> Result<Snapshot, ProviderError> {
    let mut snapshot = Snapshot::default();
    let ours: BTreeSet<&str> =
        ledger.values().flat_map(|record| &record.generations).filter_map(|generation| generation.id.as_deref()).collect();
    // What nobody may touch concerns us only where it is ours.
    let lives = |key: ObservedKey| if capabilities.disable == Disable::None { key.ending_by_delete(now) } else { key };
    let listed = provider.list().await?.into_iter().map(lives).filter(|key| !key.is_off_limits() || ours.contains(key.id.as_str()));
    for key in listed {
        // What is unknown of a stranger's key matters to nobody; of ours, it decides.
        if let Some(why) = key.unread.as_ref().filter(|_| ours.contains(key.id.as_str())) {
            return Err(ProviderError::Unanswered(format!("`{}`: {why}", key.id.escape_debug())));
        }
        if let Some(twice) = snapshot.keys.insert(key.id.clone(), key) {
            return Err(ProviderError::Unanswered(format!("the list has the id `{}` twice", twice.id.escape_debug())));
        }
    }
    let generations = ledger.values().flat_map(|record| &record.generations);
    let generations = generations.filter(|generation| generation.state != GenerationState::Deleted);
    let missing: BTreeMap<&str, Timestamp> = generations
        .clone()
        .filter_map(|generation| Some((generation.id.as_deref()?, generation.created_at)))
        .filter(|(id, _)| !snapshot.keys.contains_key(*id))
        .collect();
    let settled = |created: Timestamp| settles(created, capabilities.consistency) <= now;
    if capabilities.get {
        let found: Vec<(&str, Option<ObservedKey>)> = stream::iter(missing.keys().copied())
            .map(|id| async move { provider.get(id).await.map(|key| (id, key)) })
            .buffer_unordered(GETS_AT_ONCE)
            .try_collect()
            .await?;
        for (id, key) in found {
            match key {
                Some(key) => drop(snapshot.keys.insert(id.to_owned(), lives(key))),
                None if settled(missing[id]) => drop(snapshot.absent.insert(id.to_owned())),
                None => {}
            }
        }
    } else {
        // Nothing tells a key that is off, and that the list leaves out, from one that is gone.
        let off: BTreeSet<&str> =
            generations.filter(|generation| capabilities.may_hide(generation)).filter_map(|it| it.id.as_deref()).collect();
        let unseen = missing.iter().filter(|(_, created)| settled(**created)).map(|(id, _)| (*id).to_owned());
        (snapshot.hidden, snapshot.absent) = unseen.partition(|id| off.contains(id.as_str()));
    }
    // Of several keys that are ours, the one that calls are made with.
    let in_use = |key: &&ObservedKey| provider.own_id().map_or(key.own, |id| key.id == id);
    snapshot.own_scopes = snapshot.keys.values().find(in_use).and_then(|key| key.scopes.clone());
    Ok(snapshot)
}

/// When reads must show what was asked for at `created`: the consistency time begins when the call has ended, and no call is longer than its limit.
/// A provider without a consistency time shows at once what it has answered.
fn settles(created: Timestamp, consistency: Span) -> Timestamp {
    if consistency == Span::seconds(0) {
        return created;
    }
    let over = created.checked_add(CREATE_LIMIT).unwrap_or(created);
    over.checked_add(consistency.duration()).unwrap_or(over)
}

/// Offline: what the ledger believes, as if a provider had said it.
pub fn assume(ledger: &BTreeMap<Name, &KeyRecord>) -> Listing {
    let mut snapshot = Snapshot { absent: BTreeSet::new(), ..Snapshot::default() };
    for generation in ledger.values().flat_map(|record| &record.generations) {
        let Some(id) = &generation.id else { continue };
        let enabled = match generation.state {
            GenerationState::Vanished | GenerationState::Deleted => {
                snapshot.absent.insert(id.clone());
                continue;
            }
            GenerationState::Disabled | GenerationState::Expired => false,
            GenerationState::Intended
            | GenerationState::Created
            | GenerationState::Sealed
            | GenerationState::Active
            | GenerationState::Retiring
            | GenerationState::Attended
            | GenerationState::Ambiguous
            | GenerationState::Lost => true,
        };
        let key = ObservedKey {
            id: id.clone(),
            label: generation.label.clone(),
            scopes: Some(generation.reported_scopes.as_ref().unwrap_or(&generation.scopes).clone()),
            expires_at: Some(generation.expires_at),
            enabled: generation.switching.is_none().then_some(enabled),
            created_at: Some(generation.created_at),
            last_used_at: None,
            options: generation.options.clone(),
            own: false,
            unread: None,
            untouchable: false,
        };
        snapshot.keys.insert(id.clone(), key);
    }
    Listing::Assumed(snapshot)
}
