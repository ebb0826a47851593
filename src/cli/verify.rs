//! `verify`: tries the secrets of published keys, and records when they worked.
use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;
use futures::{StreamExt, stream};

use super::apply::block_on;
use super::args::{OutputFormat, VerifyArgs};
use super::beyond::{Beyond, Written};
use super::exit::{Exit, Stop};
use super::host::Host;
use super::issuers::Clients;
use super::session::{Providers, Purpose, Session};
use super::{credentials, plan as planning, print, recovery};
use crate::apply::attended;
use crate::apply::journal::Remote;
use crate::apply::{Account, Failure, Outcome};
use crate::model::{Address, GenerationState, KeyRecord, Listing, Name, ScopeSet, Snapshot};
use crate::plan::Action;
use crate::provider::Liveness;
use crate::render::verify::{Shown, VerifyRow, verify_json, verify_text};
use crate::vault::Identities;

/// Keys of one account that are tried at the same time; the account's rate holds for all of them.
const TRIED_AT_ONCE: usize = 4;

pub fn run(host: &Host, args: &VerifyArgs) -> Result<Exit, Stop> {
    planning::no_pull_request(host, "verify")?;
    let _lock = recovery::lock(host)?;
    let session = Session::open(host)?;
    let only = session.only(&args.addresses)?;
    let identities = credentials::identities(host, &args.identity)?;
    block_on(work(session, args, &only, identities))?
}

async fn work(mut session: Session<'_>, args: &VerifyArgs, only: &BTreeSet<Address>, identities: Option<Identities>) -> Result<Exit, Stop> {
    let host = session.host;
    let beyond = Beyond::open(&session, &args.writing).await?;
    session.replay(beyond.lines())?;
    let chosen = chosen(&session, only);
    recovery::durable_enough(&session, &args.writing, chosen.iter().map(|address| &address.account))?;
    let accounts: BTreeSet<Address> = chosen.clone();
    let providers = if accounts.is_empty() { Providers::new() } else { session.providers(Purpose::Apply, &accounts) };
    host.listen_for_signals();
    beyond.acting(async |remote| act(&mut session, &beyond, remote, &providers, identities.as_ref(), &chosen, args.output).await).await
}

/// The named keys; without names, all that have a published secret.
fn chosen(session: &Session<'_>, only: &BTreeSet<Address>) -> BTreeSet<Address> {
    if !only.is_empty() {
        return only.clone();
    }
    let live = session.records.iter().filter(|(address, record)| {
        session.workspace.accounts.contains_key(&address.account)
            && record.current().is_some_and(|current| current.state == GenerationState::Active && current.sealed.is_some())
    });
    live.map(|(address, _)| address.clone()).collect()
}

async fn act(
    session: &mut Session<'_>,
    beyond: &Beyond<'_>,
    remote: Option<&dyn Remote>,
    providers: &Providers,
    identities: Option<&Identities>,
    chosen: &BTreeSet<Address>,
    output: OutputFormat,
) -> Result<(Exit, Written), Stop> {
    let host = session.host;
    let journal = recovery::begin(session, beyond, remote).await?;
    let before: BTreeMap<Address, KeyRecord> =
        chosen.iter().filter_map(|address| Some((address.clone(), session.records.get(address)?.clone()))).collect();
    // Nothing is concluded from a listing here.
    let unlisted: BTreeMap<Name, Listing> = providers.keys().map(|name| (name.clone(), Listing::Complete(Snapshot::default()))).collect();
    let (tried, records) = {
        let issuers = session.issuers(chosen, Clients::with(identities));
        let accounts = recovery::with_issuers(recovery::accounts(session, providers, &unlisted, &journal, identities), &issuers);
        let tried: Vec<(Address, Result<Liveness, Failure>)> =
            join_all(accounts.iter().map(|account| try_all(account, chosen))).await.into_iter().flatten().collect();
        recovery::tell(host, &accounts);
        (tried, recovery::records(&accounts))
    };
    session.remember(records);
    host.end_progress();
    let mut results: BTreeMap<Address, Result<Liveness, Failure>> = tried.into_iter().collect();
    // What could not be recorded whole must not be forgotten by the end of the journal.
    let failed: Vec<Outcome> = results
        .iter()
        .filter_map(|(address, result)| {
            Some(Outcome { address: address.clone(), action: Action::None, result: Err(result.as_ref().err()?.clone()) })
        })
        .collect();
    let mut rows = Vec::new();
    for address in chosen {
        let result = results.remove(address).unwrap_or_else(|| {
            let why = match providers.get(&address.account) {
                Some(Err(diagnostic)) => diagnostic.message.clone(),
                Some(Ok(_)) | None => "a signal asked to stop".to_owned(),
            };
            Ok(Liveness::Undecided(why))
        });
        rows.push(row(session, address, result));
    }
    let printed = print(match output {
        OutputFormat::Text => verify_text(&rows, host.style(host.colour_out())),
        OutputFormat::Json => verify_json(&rows),
    });
    let has = |shown: &[Shown]| rows.iter().any(|row| shown.contains(&row.shown));
    let exit = if has(&[Shown::Dead, Shown::Expired]) {
        Exit::Error
    } else if has(&[Shown::Unknown, Shown::Lacks]) {
        Exit::Partial
    } else {
        Exit::Done
    };
    let worked = |row: &&VerifyRow| {
        matches!(row.shown, Shown::Alive | Shown::Lacks) || before.get(&row.address) != session.records.get(&row.address)
    };
    let touched = rows.iter().filter(worked).map(|row| row.address.clone()).collect();
    let finished = recovery::finish(session, beyond, journal, touched, &failed, exit).await;
    printed.and(finished)
}

/// Tries the chosen keys of one account, a few at a time.
async fn try_all(account: &Account<'_>, chosen: &BTreeSet<Address>) -> Vec<(Address, Result<Liveness, Failure>)> {
    let own = chosen.iter().filter(|address| address.account == *account.name);
    stream::iter(own)
        .map(|address| async move {
            if account.surroundings.stopping() {
                return None;
            }
            account.surroundings.progress(account.name, &format!("{address}: trying it"));
            Some((address.clone(), attended::prove_again(account, &address.name).await))
        })
        .buffer_unordered(TRIED_AT_ONCE)
        .filter_map(|tried| async move { tried })
        .collect()
        .await
}

fn row(session: &Session<'_>, address: &Address, result: Result<Liveness, Failure>) -> VerifyRow {
    let current = session.records.get(address).and_then(|record| record.current());
    let provider = session.workspace.accounts.get(&address.account).map(|account| account.profile.name.clone()).unwrap_or_default();
    let (shown, lacks, reason) = match result {
        Ok(Liveness::Alive) => (Shown::Alive, ScopeSet::new(), None),
        Ok(Liveness::Lacks { scopes, .. }) => (Shown::Lacks, scopes, None),
        Ok(Liveness::Expired) => (Shown::Expired, ScopeSet::new(), None),
        Ok(Liveness::Dead) => (Shown::Dead, ScopeSet::new(), None),
        Ok(Liveness::Undecided(why)) => (Shown::Unknown, ScopeSet::new(), Some(why)),
        Err(failure) => (Shown::Unknown, ScopeSet::new(), Some(failure.message)),
    };
    VerifyRow {
        address: address.clone(),
        provider,
        generation: current.map(|current| current.number),
        shown,
        lacks,
        reason,
        last_verified_at: current.and_then(|current| current.last_verified_at),
    }
}
