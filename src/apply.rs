//! Carries out a plan by the protocol that loses no secret: recover, preflight, intent, create, seal, verify, publish.
//!
//! Three promises: every create follows a durable intent whose marker ends up on the provider's side; an unpublished key is always safe to
//! disable; the last good key is not touched until its successor is sealed, verified, published and the overlap has passed.
//!
#![doc = include_str!("apply/answers.md")]

pub mod account;
pub mod attended;
mod change;
pub mod delivery;
mod doubt;
pub mod failure;
pub mod foresight;
pub mod grant;
mod issue;
pub mod journal;
pub mod observe;
mod recovery;
mod relocate;
mod renewal;
mod review;
mod staging;
mod switch;

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt, stream};
use jiff::Timestamp;

pub use account::{Account, Surroundings};
pub use delivery::{Opening, Place, Places};
pub use doubt::{Word, believe};
pub use failure::Failure;
use journal::SealedFile;
pub use relocate::{clear_moved, copy_moved};
pub use review::review;
use staging::Staging;

use crate::diagnostics::Code;
use crate::files::{self, FileError};
use crate::ledger::Ledger;
use crate::model::{
    Address, DesiredKey, Generation, GenerationState, KeyRecord, Marker, Name, ObservedKey, Recipients, Request, Sealed, Secret, Snapshot,
    Span,
};
use crate::plan::{Action, Change, PlanStep};
use crate::vault;

/// Changes of one account that are under way at the same time.
const CHANGES_AT_ONCE: usize = 4;

/// What became of one change.
#[derive(Debug)]
pub struct Outcome {
    pub address: Address,
    pub action: Action,
    pub result: Result<(), Failure>,
}

/// Listed keys whose id no generation of the account has; our own are left out, and what nobody may touch.
pub fn strangers<'k>(
    records: impl IntoIterator<Item = &'k KeyRecord>,
    seen: impl IntoIterator<Item = &'k ObservedKey>,
) -> impl Iterator<Item = &'k ObservedKey> {
    let generations = records.into_iter().flat_map(|record| &record.generations);
    let known: BTreeSet<&str> = generations.filter_map(|generation| generation.id.as_deref()).collect();
    seen.into_iter().filter(move |key| !key.own && !key.is_off_limits() && !known.contains(key.id.as_str()))
}

/// Markers at live keys whose id no generation of the account has, each with the ids that bear it: a create that was delivered twice, or late.
pub fn strays<'a>(
    records: impl IntoIterator<Item = &'a KeyRecord>,
    seen: impl IntoIterator<Item = &'a ObservedKey>,
) -> BTreeMap<Marker, Vec<String>> {
    let mut strays: BTreeMap<Marker, Vec<String>> = BTreeMap::new();
    for key in strangers(records, seen).filter(|key| key.enabled != Some(false)) {
        if let Some(marker) = key.marker() {
            strays.entry(marker).or_default().push(key.id.clone());
        }
    }
    strays
}

/// Whether a record holds something that an earlier run left unfinished. An ambiguous generation whose time is over does not count unless
/// its marker has shown up after all; neither does a disabling or enabling of which the provider tells nothing: the plan asks for it again. `strays`: of the whole account.
pub fn needs_recovery(
    record: &KeyRecord,
    strays: &BTreeMap<Marker, Vec<String>>,
    seen: &Snapshot,
    consistency: Span,
    now: Timestamp,
) -> bool {
    record.generations.iter().any(|generation| {
        let late = || seen.keys.values().any(|key| !key.own && generation.marker.is_some() && key.marker() == generation.marker);
        let settled = generation.is_settled(consistency, now) && !late();
        let twin = generation.marker.as_ref().is_some_and(|marker| strays.contains_key(marker));
        let told = || generation.id.as_ref().and_then(|id| seen.keys.get(id)).is_some_and(|key| key.enabled.is_some());
        let switched = generation.switching.is_some() && told();
        twin || switched || generation.resealing.is_some() || (generation.state.is_unfinished() && !settled)
    })
}

/// Writes down what a journal knew beyond the ledger: published secrets first, then the records.
///
/// Guarantees: what another machine had published, and this one has only in the journal, is put into place here. Errors: the disk.
pub fn bring_forward(ledger: &Ledger, records: &BTreeMap<Address, KeyRecord>, changed: &BTreeSet<Address>) -> Result<(), FileError> {
    let staging = Staging::of(ledger);
    for address in changed {
        let Some(record) = records.get(address) else {
            files::remove(&ledger.secret_path(address))?;
            ledger.remove(address)?;
            continue;
        };
        let published = record.current().filter(|current| current.resealing.is_none());
        if let Some(sealed) = published.and_then(|current| current.sealed.as_ref()).filter(|sealed| staging.holds(address, sealed)) {
            staging.publish(address, sealed)?;
        }
        ledger.save(record)?;
    }
    Ok(())
}

/// Puts ciphertexts that another machine left where this one would have left them: those that a record still waits for.
///
/// `changed`: addresses whose records this machine gets from a journal, so that what is published there is not published here yet.
pub fn take_over(
    ledger: &Ledger,
    records: &BTreeMap<Address, KeyRecord>,
    changed: &BTreeSet<Address>,
    sealed: &BTreeMap<String, Vec<u8>>,
) -> Result<(), FileError> {
    let staging = Staging::of(ledger);
    for (address, record) in records {
        for known in waiting(record, changed.contains(address)) {
            let path = Staging::carried_as(address, known);
            if let Some(bytes) = sealed.get(&path).filter(|_| !staging.is_published(address, known)) {
                staging.restore(&path, bytes)?;
            }
        }
    }
    Ok(())
}

/// The ciphertexts that another machine would need to go on from these records, as `take_over` gets them: waiting ones, and published ones
/// that may be on this disk only.
pub fn hand_over(
    ledger: &Ledger,
    records: &BTreeMap<Address, KeyRecord>,
    journaled: &BTreeSet<Address>,
) -> Result<Vec<SealedFile>, FileError> {
    let staging = Staging::of(ledger);
    let mut files = Vec::new();
    for (address, record) in records.iter().filter(|(address, _)| journaled.contains(*address)) {
        for known in waiting(record, true) {
            if staging.holds(address, known) || staging.is_published(address, known) {
                files.push(staging.carried(address, known)?);
            }
        }
    }
    Ok(files)
}

/// Encrypts a secret in memory and puts the ciphertext beside its destination, durably. What no record comes to rest on is swept by a later apply.
pub fn stage(ledger: &Ledger, key: &DesiredKey, secret: &Secret) -> Result<Sealed, Failure> {
    let plaintext = vault::format::write(secret, key.format, &key.address).map_err(|problem| Failure::local(problem.to_string()))?;
    let recipients = vault::recipient::distinct(&key.recipients).map_err(|problem| Failure::local(problem.to_string()))?;
    let sealing = vault::seal::seal(&plaintext, &recipients).map_err(|problem| Failure::local(problem.to_string()))?;
    let sealed = Sealed { sha256: sealing.sha256, format: key.format, recipients: Recipients::clone(&key.recipients) };
    Staging::of(ledger).put(&key.address, &sealed, &sealing.ciphertext)?;
    Ok(sealed)
}

/// Whether an earlier run left something in a record, as far as the record alone tells.
pub fn is_unfinished(record: &KeyRecord) -> bool {
    let open =
        |generation: &Generation| generation.state.is_unfinished() || generation.resealing.is_some() || generation.switching.is_some();
    record.generations.iter().any(open)
}

/// Whether a record rests on a ciphertext that is not published yet.
pub fn holds_back(record: &KeyRecord) -> bool {
    waiting(record, false).next().is_some()
}

/// What is known of the ciphertexts of a record that are not published yet, and, when `published`, of the others.
fn waiting(record: &KeyRecord, published: bool) -> impl Iterator<Item = &Sealed> {
    record.generations.iter().flat_map(move |generation| {
        let sealed = generation.sealed.as_ref().filter(|_| published || generation.state == GenerationState::Sealed);
        sealed.into_iter().chain(&generation.resealing)
    })
}

/// Removes ciphertexts that no record waits for. Only when nothing is left unfinished.
pub fn tidy(ledger: &Ledger, records: &BTreeMap<Address, KeyRecord>) -> Result<(), FileError> {
    Staging::of(ledger).sweep(records.values())
}

/// Proves, before the first intent, that what apply will need can be had: recipients, and directories that can be written.
pub fn preflight(account: &Account<'_>, changes: &[Change]) -> Result<(), Failure> {
    let root = account.ledger.root();
    let directory = |area: &str| root.join(area).join(account.name.as_str());
    let writable = |area: &str| -> Result<(), FileError> { files::try_writing_in(&directory(area)) };
    if changes.iter().any(|change| change.address.account == *account.name && change.action != Action::Blocked) {
        writable("ledger")?;
        writable("secrets")?;
        writable(".keywright/sealed")?;
    }
    for change in changes.iter().filter(|change| change.address.account == *account.name && change.action != Action::Blocked) {
        files::try_replacing(&account.ledger.path(&change.address))?;
        files::try_replacing(&account.ledger.secret_path(&change.address))?;
    }
    let mut tried: Vec<&Recipients> = Vec::new();
    for key in changes.iter().filter_map(|change| account.keys.get(&change.address.name)) {
        if tried.contains(&&*key.recipients) {
            continue;
        }
        let recipients = vault::recipient::distinct(&key.recipients).map_err(|problem| Failure::local(problem.to_string()))?;
        vault::seal::trial(&recipients).map_err(|problem| Failure::local(format!("a trial encryption failed: {problem}")))?;
        tried.push(&key.recipients);
    }
    Ok(())
}

/// Why a change is not begun: it would make a secret for a place that cannot be reached. A compromised key does not wait for that.
fn unserved(account: &Account<'_>, change: &Change) -> Option<Failure> {
    let makes = change.steps.iter().any(|step| matches!(step, PlanStep::Create { .. }));
    if !makes || change.request == Some(Request::Compromised) {
        return None;
    }
    let places = change.steps.iter().filter_map(|step| if let PlanStep::Deliver { to, .. } = step { account.place(to) } else { None });
    places.into_iter().find_map(|place| {
        let Opening::Unusable(diagnostic) = &place.opening else { return None };
        let message = format!("not started: the delivery `{}` cannot be made: {}", place.target.name, diagnostic.message);
        let help = diagnostic.help.clone().unwrap_or_else(|| "mend the delivery and apply again".to_owned());
        Some(Failure::new(diagnostic.code, message).help(help))
    })
}

/// Recovers the named keys of the account, one after the other.
pub async fn recover(account: &Account<'_>, names: Vec<Name>) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    for name in names {
        let address = account.address(&name);
        if account.surroundings.stopping() {
            let result = Err(Failure::new(Code::ApplyInterrupted, "not started: a signal asked to stop"));
            outcomes.push(Outcome { address, action: Action::None, result });
            continue;
        }
        account.surroundings.progress(account.name, &format!("{address}: finishing what an earlier apply left"));
        let result = account.recover(&name).await;
        outcomes.push(Outcome { address, action: Action::None, result });
    }
    outcomes
}

/// Carries out one account's changes, a few at a time, or one by one where nothing at the provider tells which create has made which key. A failed change does not stop the others; a refused credential does.
pub async fn carry_out(account: &Account<'_>, changes: Vec<&Change>) -> Vec<Outcome> {
    let at_once = if account.capabilities.label.none { 1 } else { CHANGES_AT_ONCE };
    stream::iter(changes)
        .map(|change| async move {
            // Lets a signal be heard between changes of a provider that never waits.
            tokio::task::yield_now().await;
            let result = if account.surroundings.stopping() {
                Err(Failure::new(Code::ApplyInterrupted, "not started: a signal asked to stop"))
            } else if account.halted.get() {
                Err(Failure::new(Code::ProviderWriteRefused, "not started: the admin credential was refused"))
            } else if let Some(failure) = unserved(account, change) {
                Err(failure)
            } else {
                account.carry_out(change).await
            };
            if let Err(failure) = &result
                && failure.halts_account
            {
                account.halted.set(true);
            }
            account.fresh.borrow_mut().remove(&change.address.name);
            let line = match &result {
                Ok(()) if change.action == Action::Attended => format!("{}: ready for a person", change.address),
                Ok(()) => format!("{}: {} done", change.address, change.action.as_str()),
                Err(failure) => format!("{}: {} not done: {failure}", change.address, change.action.as_str()),
            };
            account.surroundings.progress(account.name, &line);
            Outcome { address: change.address.clone(), action: change.action, result }
        })
        .buffer_unordered(at_once)
        .collect()
        .await
}
