//! What apply and recover share: the lock, the journal, finishing what an earlier run left, and the end.
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;

use super::args::Writing;
use super::beyond::{Beyond, Written};
use super::exit::{Exit, Stop};
use super::host::Host;
use super::issuers::Issuers;
use super::session::{self, Observed, Providers, Session};
use crate::apply::journal::{Journal, JournalError, Remote};
use crate::apply::{self, Account, Outcome, Places};
use crate::diagnostics::{Code, Diagnostic};
use crate::files::{self, Lock, Locking};
use crate::model::text_safety::safe;
use crate::model::{Address, KeyRecord, Listing, Name};
use crate::profile::Api;
use crate::vault::Identities;

/// Takes the workspace for one apply.
pub fn lock(host: &Host) -> Result<Lock, Stop> {
    let root = session::find(host)?;
    if root.join(".keywright").is_symlink() {
        return Err(Stop::with(
            Exit::Error,
            Diagnostic::error(Code::WorkspaceSymlink, format!("`{}` is a symbolic link", root.join(".keywright").display()))
                .help("replace it by a directory: links are never followed; nothing was changed"),
        ));
    }
    match Lock::take(&root.join(".keywright/lock"), Some(&host.lock_holder()))? {
        Locking::Taken(lock) => Ok(lock),
        Locking::Held(holder) => {
            let by = holder.map(|holder| format!(": {}", safe(&holder.to_string()))).unwrap_or_default();
            let message = format!("another apply is running in `{}`{by}", root.display());
            Err(Stop::with(Exit::Error, Diagnostic::error(Code::ApplyLocked, message).help("wait until it has ended; nothing was changed")))
        }
    }
}

/// Keys with something that an earlier run left, of the chosen keys, in the accounts that could be read.
pub fn unfinished(session: &Session<'_>, observed: &Observed, only: &BTreeSet<Address>) -> BTreeSet<Address> {
    let now = session.host.clock().now();
    let strays: BTreeMap<&Name, _> = observed
        .listings
        .iter()
        .filter_map(|(name, listing)| {
            let records = session::records_of(&session.records, name);
            Some((name, apply::strays(records.into_values(), listing.snapshot()?.keys.values())))
        })
        .collect();
    let left = session.records.iter().filter(|(address, record)| match observed.listings.get(&address.account) {
        Some(Listing::Complete(snapshot)) => {
            let consistency = session.workspace.accounts[&address.account].profile.capabilities.consistency;
            apply::needs_recovery(record, &strays[&address.account], snapshot, consistency, now)
        }
        Some(Listing::Attended) => {
            record.generations.iter().any(|generation| generation.state.is_unfinished() || generation.resealing.is_some())
        }
        Some(Listing::Unavailable(_) | Listing::Assumed(_)) | None => false,
    });
    left.map(|(address, _)| address.clone()).filter(|address| only.is_empty() || only.contains(address)).collect()
}

/// The chosen keys that an earlier apply left unfinished, as far as this machine alone tells.
pub fn unfinished_here(session: &Session<'_>, only: &BTreeSet<Address>) -> BTreeSet<Address> {
    let is_left =
        |record: &KeyRecord| record.generations.iter().any(|generation| generation.state.is_unfinished() || generation.resealing.is_some());
    let left = session.records.iter().filter(|(_, record)| is_left(record));
    left.map(|(address, _)| address.clone()).filter(|address| only.is_empty() || only.contains(address)).collect()
}

/// Says what an earlier apply left, where this one is refused before it finishes that.
pub fn point_out(host: &Host, unfinished: &BTreeSet<Address>) {
    let message = match unfinished.len() {
        0 => return,
        1 => "an earlier apply left 1 key unfinished, and a plan that is refused does not finish it".to_owned(),
        number => format!("an earlier apply left {number} keys unfinished, and a plan that is refused does not finish them"),
    };
    let diagnostic = Diagnostic::warning(Code::PlanUnfinished, message);
    host.report(&Stop::with(Exit::Refused, diagnostic.help("run `keywright recover --yes`, which does nothing else")));
}

/// A CI machine's disk is not durable: changing accounts outside this machine then needs a word of consent.
pub fn durable_enough<'n>(session: &Session<'_>, writing: &Writing, changed: impl IntoIterator<Item = &'n Name>) -> Result<(), Stop> {
    let outside = |name: &&Name| !matches!(session.workspace.accounts[*name].profile.api, Some(Api::Keyring));
    let enough = writing.local || writing.push || writing.durable.is_some();
    match changed.into_iter().find(outside) {
        Some(name) if session.host.is_ci() && !enough => Err(Stop::with(
            Exit::Error,
            Diagnostic::error(
                Code::ApplyNotDurable,
                format!("account `{name}` would be changed from a CI machine, whose disk is not durable"),
            )
            .help("add `--push` or `--durable git`, or `--local` when the workspace outlives this job; nothing was changed"),
        )),
        Some(_) | None => Ok(()),
    }
}

/// Asks before anything is changed.
pub fn confirm(host: &Host, yes: bool, question: &str) -> Result<(), Stop> {
    if yes {
        return Ok(());
    }
    let refused = |message: &str, help: &str| Stop::with(Exit::Error, Diagnostic::error(Code::ApplyNotConfirmed, message).help(help));
    match host.ask(question) {
        Some(true) => Ok(()),
        Some(false) => Err(refused("not confirmed", "run it again when this is what you want; nothing was changed")),
        None => Err(refused("there is no terminal to ask on", "add `--yes`; nothing was changed")),
    }
}

/// Goes on with the journal, here and at the remote; then ledger and secret files say all that it says.
pub async fn begin<'r>(session: &Session<'_>, beyond: &Beyond<'_>, remote: Option<&'r dyn Remote>) -> Result<Journal<'r>, Stop> {
    for area in ["ledger", "secrets", ".keywright"] {
        files::sweep(&session.workspace.root.join(area))?;
    }
    let replayed = &session.replayed;
    apply::take_over(&session.ledger, &session.records, &replayed.changed, beyond.sealed())?;
    apply::copy_moved(&session.ledger, &session.records, &replayed.moved)?;
    let sealed = apply::hand_over(&session.ledger, &session.records, &replayed.journaled)?;
    let journal = Journal::resume(&session.workspace.root, beyond.lines(), sealed, remote).await?;
    apply::bring_forward(&session.ledger, &session.records, &replayed.changed)?;
    apply::clear_moved(&session.ledger, &session.records, &replayed.moved)?;
    Ok(journal)
}

/// Recovers keys; answers how many were finished or undone, and how many were not.
pub async fn recover(
    session: &mut Session<'_>,
    providers: &Providers,
    observed: &Observed,
    journal: &Journal<'_>,
    identities: Option<&Identities>,
    unfinished: &BTreeSet<Address>,
) -> (usize, usize) {
    let host = session.host;
    let accounts = accounts(session, providers, &observed.listings, journal, identities);
    let names = |account: &Account<'_>| -> Vec<Name> {
        unfinished.iter().filter(|address| address.account == *account.name).map(|address| address.name.clone()).collect()
    };
    let recovered = join_all(accounts.iter().map(|account| apply::recover(account, names(account)))).await;
    let (mut done, mut failed) = (0, 0);
    for outcome in recovered.into_iter().flatten() {
        match outcome.result {
            Ok(()) => done += 1,
            Err(failure) => {
                failed += 1;
                host.report(&not_done(&outcome.address, &failure));
            }
        }
    }
    tell(host, &accounts);
    let records = records(&accounts);
    drop(accounts);
    session.remember(records);
    (done, failed)
}

/// The ledger as these accounts have it now.
pub fn records(accounts: &[Account<'_>]) -> Vec<(Name, BTreeMap<Name, KeyRecord>)> {
    accounts.iter().map(|account| (account.name.clone(), account.records.borrow().clone())).collect()
}

/// Writes back what was touched now and by the runs that the journal knows, and ends the journal.
///
/// Guarantees: the journal stays when the write-back that was asked for did not work, so that the next apply knows what is left to write back.
/// The journal of the remote stays, too, while a ciphertext waits there to be published: no branch has it.
pub async fn finish(
    session: &Session<'_>,
    beyond: &Beyond<'_>,
    journal: Journal<'_>,
    mut touched: BTreeSet<Address>,
    outcomes: &[Outcome],
    exit: Exit,
) -> Result<(Exit, Written), Stop> {
    touched.extend(session.replayed.journaled.iter().cloned());
    if let Err(error) = journal.prove_held().await {
        // Another apply goes on from what was recorded: to write back what this one believes would contradict it.
        session.host.report(&error.into());
        return Ok((Exit::Partial, Written::Locally));
    }
    // What could not be recorded whole is in the journal alone.
    let unrecorded = |outcome: &Outcome| matches!(&outcome.result, Err(failure) if matches!(failure.code, Code::ApplyNotDurable | Code::ApplyWriteFailed));
    let keep = outcomes.iter().any(unrecorded);
    if exit == Exit::Done && !keep {
        apply::tidy(&session.ledger, &session.records)?;
    }
    match beyond.write_back(session, &touched, outcomes).await {
        Ok(written) if keep => Ok((Exit::Partial, if written == Written::Pushed { Written::Locally } else { written })),
        Ok(written) => {
            journal.close()?;
            match written {
                Written::Pushed if session.records.values().any(apply::holds_back) => Ok((exit, Written::Locally)),
                Written::Pushed | Written::Locally => Ok((exit, written)),
                Written::Rescued => Ok((Exit::Partial, written)),
            }
        }
        Err(stop) => {
            session.host.report(&stop);
            Ok((Exit::Partial, Written::Locally))
        }
    }
}

/// The accounts that could be read, ready to be changed.
pub fn accounts<'s>(
    session: &'s Session<'_>,
    providers: &'s Providers,
    listings: &BTreeMap<Name, Listing>,
    journal: &'s Journal<'s>,
    identities: Option<&'s Identities>,
) -> Vec<Account<'s>> {
    let usable = providers.iter().filter_map(|(name, provider)| Some((name, provider.as_ref().ok()?)));
    usable
        .filter(|(name, _)| matches!(listings.get(*name), Some(Listing::Complete(_) | Listing::Attended)))
        .map(|(name, provider)| {
            let account = &session.workspace.accounts[name];
            let records = session::records_of(&session.records, name).into_iter().map(|(key, record)| (key, record.clone())).collect();
            Account {
                name,
                provider_name: &account.profile.name,
                provider: provider.as_ref(),
                capabilities: &account.profile.capabilities,
                catalogue: &account.catalogue,
                secret_parts: &account.profile.secret.parts,
                issued_by: None,
                attended: account.profile.attended().is_some(),
                keys: session::keys_of(&session.workspace.keys, name),
                formerly: session.workspace.formerly_in(name),
                records: RefCell::new(records),
                listed: match &listings[name] {
                    Listing::Complete(snapshot) => snapshot.keys.clone(),
                    Listing::Assumed(_) | Listing::Unavailable(_) | Listing::Attended => BTreeMap::new(),
                },
                ledger: &session.ledger,
                journal,
                identities,
                api: match &account.profile.api {
                    Some(Api::Http(api)) => Some(api),
                    Some(Api::Keyring) | None => None,
                },
                places: None,
                fresh: RefCell::default(),
                surroundings: session.host,
                halted: Cell::new(false),
                notices: RefCell::default(),
                default_cooldown: session.workspace.cooldown,
            }
        })
        .collect()
}

/// The same, with the places that consume their secrets.
pub fn with_places<'s>(mut accounts: Vec<Account<'s>>, places: &'s Places) -> Vec<Account<'s>> {
    accounts.iter_mut().for_each(|account| account.places = Some(places));
    accounts
}

/// The same, with those who issue grants.
pub fn with_issuers<'s>(mut accounts: Vec<Account<'s>>, issuers: &'s Issuers<'s>) -> Vec<Account<'s>> {
    accounts.iter_mut().for_each(|account| account.issued_by = issuers.get(account.name));
    accounts
}

/// Draws what was noticed about what worked.
pub fn tell(host: &Host, accounts: &[Account<'_>]) {
    for diagnostic in accounts.iter().flat_map(|account| account.notices.take()) {
        host.report(&Stop::with(Exit::Done, diagnostic));
    }
}

/// What a person reads of a change that was not carried out.
pub fn not_done(address: &Address, failure: &apply::Failure) -> Stop {
    let mut diagnostic = Diagnostic::error(failure.code, format!("`{address}`: {failure}"));
    diagnostic.help.clone_from(&failure.help);
    Stop::with(Exit::Partial, diagnostic)
}

impl From<JournalError> for Stop {
    fn from(error: JournalError) -> Self {
        let failure = apply::Failure::from(error);
        let mut diagnostic = Diagnostic::error(failure.code, failure.message);
        diagnostic.help = failure.help;
        Self::with(Exit::Error, diagnostic)
    }
}
