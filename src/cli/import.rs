//! `import`: adopts live keys as they are. Shows what it would write, asks, and writes manifest entries and ledger, both or neither.
use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt, stream};

use super::apply::block_on;
use super::args::ImportArgs;
use super::beyond::{Beyond, Written};
use super::exit::{Exit, Stop};
use super::host::Host;
use super::session::{self, Observed, Purpose, Session};
use super::{judging, plan as planning, print, recovery};
use crate::adopt::{self, Adoptee, PendingError, Proposal, Request, Unproposed, WriteBack};
use crate::apply::{self, Surroundings};
use crate::diagnostics::{Code, Diagnostic, Severity, suggest};
use crate::ledger::Ledger;
use crate::model::text_safety::safe;
use crate::model::{Address, Generation, GenerationState, Listing, Marker, Name, ObservedKey, Secret, Snapshot};
use crate::provider::{Provider, ProviderError};
use crate::render;
use crate::render::import::{ImportRow, import_text};

/// Secrets that are asked for at the same time.
const REVEALS_AT_ONCE: usize = 8;

pub fn run(host: &Host, args: &ImportArgs) -> Result<Exit, Stop> {
    planning::no_pull_request(host, "import")?;
    let _lock = recovery::lock(host)?;
    finish(host)?;
    let session = Session::open(host)?;
    if !session.workspace.accounts.contains_key(&args.account) {
        let message = format!("there is no account `{}` in `keywright.yaml`", args.account);
        let mut diagnostic = Diagnostic::error(Code::ConfigUnknownAccount, message);
        diagnostic.help = suggest::did_you_mean(args.account.as_str(), session.workspace.accounts.keys().map(Name::as_str));
        return Err(Stop::with(Exit::Error, diagnostic));
    }
    if session.workspace.accounts[&args.account].profile.attended().is_some() {
        let message = format!("account `{}` has no listing: its provider has no API for keys, so none can be adopted", args.account);
        let help = "declare the key in a manifest, apply, and hand its secret over with `keywright fulfil ADDRESS`; nothing was changed";
        return Err(Stop::with(Exit::Error, Diagnostic::error(Code::ImportNotAdoptable, message).help(help)));
    }
    block_on(work(session, args))?
}

/// Finishes an import that was interrupted, for whoever holds the lock.
pub fn finish(host: &Host) -> Result<(), Stop> {
    let root = session::find(host)?;
    if let Some(adopted) = adopt::finish(&Ledger::new(&root)).map_err(unfinished)? {
        let dropped = match adopted.dropped.len() {
            0 => String::new(),
            number => format!(", and {} left out whose entries are gone", render::count(number, "key")),
        };
        let keys = render::count(adopted.addresses.len(), "key");
        host.say(&format!("finished an interrupted import: {keys} of `{}` adopted{dropped}", adopted.account));
    }
    Ok(())
}

/// Refuses to go on from an import that was interrupted.
pub fn nothing_pending(root: &std::path::Path) -> Result<(), Stop> {
    let Some(account) = adopt::pending(root).map_err(unfinished)? else { return Ok(()) };
    let message = format!("an import of account `{account}` was interrupted");
    let help = format!("run `keywright import {account}`, which finishes it; `apply` does so, too");
    Err(Stop::with(Exit::Error, Diagnostic::error(Code::ImportUnfinished, message).help(help)))
}

async fn work(mut session: Session<'_>, args: &ImportArgs) -> Result<Exit, Stop> {
    let host = session.host;
    let beyond = Beyond::open(&session, &args.writing).await?;
    session.replay(beyond.lines())?;
    // One key of the account stands for all of them: only this account is asked.
    let provider = match session.open_account(&args.account, Purpose::Apply) {
        Ok(provider) => provider,
        Err(diagnostic) => return Err(Stop::with(Exit::Partial, *diagnostic)),
    };
    let observed = session.observe_account(&args.account, provider.as_ref()).await;
    let Some(Listing::Complete(snapshot)) = observed.listings.get(&args.account) else {
        judging::report_unavailable(&session, &observed);
        return Ok(Exit::Partial);
    };
    let chosen = chosen(&session, args, snapshot)?;
    let request = Request {
        root: &session.workspace.root,
        workspace: &session.workspace,
        records: &session.records,
        account: &args.account,
        snapshot,
        now: host.clock().now(),
    };
    let mut proposal = adopt::propose(&request, &chosen).map_err(unproposed)?;
    let (asked, adopting) = (args.all || !args.ids.is_empty(), !proposal.keys.is_empty());
    if asked && adopting {
        // After the manifest was read: what is written upon it is what was compared.
        beyond.manifest_is_clean(&session, &args.account).await?;
    }
    show(&session, args, &proposal)?;
    // To show what could be adopted is done whole, whatever it shows.
    let in_part = if asked && !proposal.refused.is_empty() { Exit::Partial } else { Exit::Done };
    // What an earlier import could not write back is written back, too.
    if !asked || !(adopting || beyond.is_behind()) {
        return Ok(in_part);
    }
    if adopting {
        recovery::confirm(host, args.yes, "Adopt these keys?")?;
    }
    host.listen_for_signals();
    let held = beyond.acquire().await?;
    let adopting = adopt_all(&session, args, provider.as_ref(), &mut proposal, &beyond);
    let ended = beyond.holding(held.as_ref(), adopting).await;
    // The journal of the remote may hold what an apply left: an import neither needs nor ends it.
    let released = beyond.release(held, Written::Locally).await;
    let exit = ended?;
    released?;
    Ok(if exit == Exit::Done { in_part } else { exit })
}

/// Seals what can be had, writes everything down, and writes it back.
async fn adopt_all(
    session: &Session<'_>,
    args: &ImportArgs,
    provider: &dyn Provider,
    proposal: &mut Proposal,
    beyond: &Beyond<'_>,
) -> Result<Exit, Stop> {
    if proposal.keys.is_empty() {
        return written_back(session, beyond, &BTreeSet::new(), Exit::Done).await;
    }
    let mut exit = Exit::Done;
    if session.workspace.accounts[&args.account].profile.capabilities.reveal && !seal(session, provider, &mut proposal.keys).await? {
        exit = Exit::Partial;
    }
    let write_back = if beyond.commits() { WriteBack::Asked } else { WriteBack::NotAsked };
    let adopted = adopt::carry_out(&session.ledger, &args.account, proposal, write_back).map_err(unfinished)?;
    let sealed = proposal.keys.iter().filter(|key| current(key).sealed.is_some()).count();
    print(format!("\nImported: {}, {sealed} with a secret.\n", render::count(adopted.addresses.len(), "key")))?;
    written_back(session, beyond, &adopted.addresses, exit).await
}

async fn written_back(session: &Session<'_>, beyond: &Beyond<'_>, adopted: &BTreeSet<Address>, exit: Exit) -> Result<Exit, Stop> {
    match beyond.write_back(session, adopted, &[]).await? {
        Written::Rescued => Ok(Exit::Partial),
        Written::Locally | Written::Pushed => Ok(exit),
    }
}

/// The keys that were asked for, without those that are no matter of an import.
fn chosen<'a>(session: &Session<'_>, args: &ImportArgs, snapshot: &'a Snapshot) -> Result<Vec<&'a ObservedKey>, Stop> {
    let host = session.host;
    let generations = || {
        let own = session.records.iter().filter(|(address, _)| address.account == args.account);
        own.flat_map(|(address, record)| record.generations.iter().map(move |generation| (address, generation)))
    };
    let known: BTreeMap<&str, &Address> = generations().filter_map(|(address, of)| Some((of.id.as_deref()?, address))).collect();
    let markers: BTreeMap<&Marker, &Address> = generations().filter_map(|(address, of)| Some((of.marker.as_ref()?, address))).collect();
    let named: BTreeSet<&str> = args.ids.iter().map(String::as_str).collect();
    for id in &named {
        match snapshot.keys.get(*id) {
            None => {
                let message = format!("account `{}` has no key with the id `{}`", args.account, id.escape_debug());
                let mut diagnostic = Diagnostic::error(Code::ImportUnknownId, message);
                let near = suggest::did_you_mean(id, snapshot.keys.keys().map(String::as_str));
                diagnostic.help = near.or_else(|| Some(format!("`keywright import {}` shows what can be adopted", args.account)));
                return Err(Stop::with(Exit::Error, diagnostic));
            }
            Some(key) if key.own => {
                let message = format!("`{}` is the key of our own admin credential: it is never adopted", key.id.escape_debug());
                let diagnostic = Diagnostic::error(Code::ImportOwnKey, message).help("leave it out; nothing was changed");
                return Err(Stop::with(Exit::Error, diagnostic));
            }
            Some(key) if key.untouchable => {
                let message =
                    format!("`{}` is more than the profile can say, or nobody's to touch: it is never adopted", key.id.escape_debug());
                let diagnostic = Diagnostic::error(Code::ImportUnknownId, message).help("leave it out; nothing was changed");
                return Err(Stop::with(Exit::Error, diagnostic));
            }
            Some(_) => {}
        }
    }
    let mut chosen = Vec::new();
    for key in snapshot.keys.values().filter(|key| !key.own && !key.untouchable && (named.is_empty() || named.contains(key.id.as_str()))) {
        if let Some(address) = known.get(key.id.as_str()) {
            if !named.is_empty() {
                host.say(&format!("`{}` is in the ledger already, as `{address}`", safe(&key.id)));
            }
        } else if let Some(address) = key.marker().as_ref().and_then(|marker| markers.get(marker)) {
            host.say(&format!("`{}` bears a marker of `{address}`: `keywright recover` looks after it", safe(&key.id)));
        } else {
            chosen.push(key);
        }
    }
    Ok(chosen)
}

fn show(session: &Session<'_>, args: &ImportArgs, proposal: &Proposal) -> Result<(), Stop> {
    let host = session.host;
    let account = &session.workspace.accounts[&args.account];
    let risk = |key: &ObservedKey| account.catalogue.highest_risk(key.scopes.as_ref()?);
    let rows: Vec<ImportRow<'_>> = proposal
        .keys
        .iter()
        .map(|key| ImportRow {
            address: &key.desired.address,
            id: &key.observed.id,
            label: &key.observed.label,
            risk: risk(&key.observed),
            expires_at: current(key).expires_at,
            note: match current(key).state {
                GenerationState::Disabled => "disabled",
                GenerationState::Expired => "expired",
                GenerationState::Active
                | GenerationState::Intended
                | GenerationState::Created
                | GenerationState::Sealed
                | GenerationState::Retiring
                | GenerationState::Deleted
                | GenerationState::Attended
                | GenerationState::Ambiguous
                | GenerationState::Lost
                | GenerationState::Vanished => "",
            },
        })
        .collect();
    // The same for all: what import writes is the default, or the only group.
    let readers = proposal.keys.first().map(|key| key.desired.recipients.clone()).unwrap_or_default();
    print(import_text(&rows, &adopt::manifest_of(&args.account), &readers, host.style(host.colour_out())))?;
    for key in proposal.keys.iter().filter(|key| key.observed.marker().is_some()) {
        let (id, label) = (safe(&key.observed.id), shown(&key.observed.label));
        host.say(&format!(
            "`{id}` ({label}) bears a marker that this ledger does not know: another workspace may manage it, and would rotate or end it"
        ));
    }
    for refused in &proposal.refused {
        let message = format!("`{}` ({}) cannot be adopted: {}", safe(&refused.id), shown(&refused.label), safe(&refused.why));
        let diagnostic = Diagnostic::warning(Code::ImportNotAdoptable, message).help("it stays as it is, unmanaged");
        host.report(&Stop::with(Exit::Partial, diagnostic));
    }
    if !rows.is_empty() && !args.all && args.ids.is_empty() {
        host.say("nothing was written: name ids, or say `--all`");
    }
    Ok(())
}

fn shown(label: &str) -> String {
    format!("`{}`", safe(&render::import::shortened(label, 60)))
}

fn current(key: &Adoptee) -> &Generation {
    key.record.generations.first().expect("an adopted key has one generation")
}

/// Asks for the secret of each key and seals it. Answers whether every one was had.
///
/// Guarantees: a key whose secret is not to be had is adopted without it. Errors: the disk, or a signal that asked to stop; nothing is adopted then.
async fn seal(session: &Session<'_>, provider: &dyn Provider, keys: &mut [Adoptee]) -> Result<bool, Stop> {
    let (host, mut whole, mut asked) = (session.host, true, 0);
    let total = keys.len();
    let ids: Vec<String> = keys.iter().map(|key| key.observed.id.clone()).collect();
    let mut answers =
        stream::iter(ids.iter().enumerate()).map(|(i, id)| async move { (i, provider.reveal(id).await) }).buffer_unordered(REVEALS_AT_ONCE);
    while let Some((i, answer)) = answers.next().await {
        if host.stopping() {
            let diagnostic = Diagnostic::error(Code::ApplyInterrupted, "a signal asked to stop: nothing was adopted");
            return Err(Stop::with(Exit::Partial, diagnostic.help("import again")));
        }
        asked += 1;
        let key = &mut keys[i];
        let address = key.desired.address.clone();
        match answer {
            Ok(Some(secret)) => put(session, key, &secret)?,
            Ok(None) => {}
            Err(error) => {
                whole = false;
                let refused = matches!(error, ProviderError::Forbidden(_) | ProviderError::Unauthenticated(_));
                let message = format!("the secret of `{address}` was not to be had: {error}");
                let diagnostic = Diagnostic::new(Code::PlanNoSecret, Severity::Warning, message);
                let help = format!("`keywright apply --rotate {address}` makes one");
                host.report(&Stop::with(Exit::Partial, diagnostic.help(help)));
                if refused {
                    // The others would be refused, too.
                    break;
                }
            }
        }
        if asked % 100 == 0 {
            host.progress(&address.account, &format!("{asked} of {total} secrets sealed"));
        }
    }
    host.end_progress();
    Ok(whole)
}

fn put(session: &Session<'_>, key: &mut Adoptee, secret: &Secret) -> Result<(), Stop> {
    let sealed =
        apply::stage(&session.ledger, &key.desired, secret).map_err(|failure| recovery::not_done(&key.desired.address, &failure))?;
    let mut generation = current(key).clone();
    generation.sealed = Some(sealed);
    key.record.put(generation);
    Ok(())
}

fn unproposed(why: Unproposed) -> Stop {
    match why {
        Unproposed::Said(diagnostic) => Stop::with(Exit::Error, *diagnostic),
        Unproposed::Invalid(located) => Stop::located(Exit::Error, located),
    }
}

/// An import that cannot be carried out, finished or written back.
pub fn unfinished(error: PendingError) -> Stop {
    let help = match &error {
        PendingError::File(_) => "mend it and import again: what was decided is finished then",
        PendingError::Damaged(..) => "restore the file, or remove it when `git status` shows no file of an import",
        PendingError::Unreadable(_) => "mend the manifest, or put it back with `git checkout`, and import again",
    };
    let code = match &error {
        PendingError::File(_) => Code::ApplyWriteFailed,
        PendingError::Damaged(..) | PendingError::Unreadable(_) => Code::ImportUnfinished,
    };
    Stop::with(Exit::Error, Diagnostic::error(code, error.to_string()).help(help))
}

/// What one account says.
impl Session<'_> {
    async fn observe_account(&self, name: &Name, provider: &dyn Provider) -> Observed {
        let listing = self.listing(name, provider, Purpose::Apply).await;
        Observed { listings: BTreeMap::from([(name.clone(), listing)]), findings: Vec::new(), held: BTreeMap::new() }
    }
}
