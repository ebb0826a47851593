//! `apply`: recovers, plans, asks, carries out.
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::path::PathBuf;

use futures::future::join_all;

use super::args::ApplyArgs;
use super::exit::{Exit, Stop};
use super::host::Host;
use super::session::{self, Observed, Providers, Purpose, Session};
use super::{plan as planning, print};
use crate::apply::journal::Journal;
use crate::apply::{self, Account, Outcome};
use crate::diagnostics::{Code, Diagnostic, Report};
use crate::files::{self, Lock};
use crate::model::{Address, Listing, Name, Span};
use crate::plan::{Action, Change, Mode, Plan};
use crate::profile::Api;
use crate::render;
use crate::vault::Identities;

/// Used for keys that no manifest gives a cooldown any more.
const COOLDOWN: Span = Span::days(7);

pub fn run(host: &Host, args: &ApplyArgs) -> Result<Exit, Stop> {
    planning::no_pull_request(host, "apply")?;
    let (saved, addresses) = targets(&args.targets)?;
    let root = session::find(host)?;
    if root.join(".keywright").is_symlink() {
        return Err(Stop::with(
            Exit::Error,
            Diagnostic::error(Code::WorkspaceSymlink, format!("`{}` is a symbolic link", root.join(".keywright").display()))
                .help("replace it by a directory: links are never followed; nothing was changed"),
        ));
    }
    let Some(_lock) = Lock::take(&root.join(".keywright/lock"))? else {
        return Err(Stop::with(
            Exit::Error,
            Diagnostic::error(Code::ApplyLocked, format!("another apply is running in `{}`", root.display()))
                .help("wait until it has ended; nothing was changed"),
        ));
    };
    let session = Session::open(host)?;
    let only = session.only(&addresses)?;
    let identities = session::identities(host, &args.identity)?;
    let approved = saved.map(|path| planning::saved(&session, &path, host.clock().now())).transpose()?;
    block_on(work(session, args, &only, identities, approved))?
}

/// Tells a saved plan from addresses: what has the form `account/name` is an address.
fn targets(targets: &[String]) -> Result<(Option<PathBuf>, Vec<Address>), Stop> {
    let (mut plan, mut addresses) = (None, Vec::new());
    for target in targets {
        match target.parse::<Address>() {
            Ok(address) => addresses.push(address),
            Err(_) if plan.is_none() && addresses.is_empty() => plan = Some(PathBuf::from(target)),
            Err(error) => return Err(Stop::message(error.to_string())),
        }
    }
    if let Some(path) = plan.as_ref().filter(|path| !path.exists()) {
        return Err(Stop::message(format!("`{}` is neither an address (`account/name`) nor a saved plan", path.display())));
    }
    Ok((plan, addresses))
}

async fn work(
    mut session: Session<'_>,
    args: &ApplyArgs,
    only: &BTreeSet<Address>,
    identities: Option<Identities>,
    approved: Option<Plan>,
) -> Result<Exit, Stop> {
    let host = session.host;
    let now = || approved.as_ref().map_or_else(|| host.clock().now(), |plan| plan.created_at);
    let providers = session.providers(Purpose::Apply, only);
    let can_open = identities.is_some();
    let observed = session.observe(&providers, Purpose::Apply).await;
    let shown = session.plan(&observed, Mode::Live, only, can_open, now());
    if let Some(approved) = &approved {
        planning::within(host, approved, &shown, planning::Since::Approval)?;
    }
    print(render::plan_text(&shown, host.style(host.colour_out())))?;

    let unfinished = unfinished(&session, &observed);
    let work_left = shown.changes.iter().any(|change| change.action != Action::Blocked) || !unfinished.is_empty();
    let pending = shown.findings.iter().any(|finding| finding.code == Code::PlanResealPending);
    let mut in_part = pending || observed.is_partial() || shown.summary.blocked > 0;
    if !work_left {
        finish_journal(&session)?;
        return Ok(if in_part { Exit::Partial } else { Exit::Done });
    }
    durable_enough(&session, args, &shown, &unfinished)?;
    confirm(host, args)?;
    host.listen_for_signals();

    sweep(&session)?;
    let journal = Journal::of(&session.workspace.root);
    bring_forward(&session)?;
    journal.close()?;
    {
        let accounts = accounts(&session, &providers, &observed.listings, &journal, identities.as_ref());
        preflight(&session, &accounts, &shown)?;
        let names = |account: &Account<'_>| -> Vec<Name> {
            unfinished.iter().filter(|address| address.account == *account.name).map(|address| address.name.clone()).collect()
        };
        let recovered = join_all(accounts.iter().map(|account| apply::recover(account, names(account)))).await;
        for outcome in recovered.into_iter().flatten() {
            if let Err(failure) = outcome.result {
                in_part = true;
                host.report(&not_done(&outcome.address, &failure));
            }
        }
        let records: Vec<_> = accounts.iter().map(|account| (account.name.clone(), account.records.borrow().clone())).collect();
        drop(accounts);
        for (name, records) in records {
            session.records.retain(|address, _| address.account != name);
            session.records.extend(records.into_iter().map(|(key, record)| (Address::new(name.clone(), key), record)));
        }
    }
    // What recovery did decides anew what is left; it may only be less than was shown.
    let (observed, plan) = if unfinished.is_empty() {
        (observed, shown)
    } else {
        let observed = session.observe(&providers, Purpose::Apply).await;
        let plan = session.plan(&observed, Mode::Live, only, can_open, shown.created_at);
        planning::within(host, &shown, &plan, planning::Since::Recovery)?;
        (observed, plan)
    };
    in_part |= observed.is_partial() || plan.summary.blocked > 0;
    let accounts = accounts(&session, &providers, &observed.listings, &journal, identities.as_ref());
    let runs = accounts.iter().map(|account| apply::carry_out(account, changes_of(&plan, account.name)));
    let outcomes: Vec<Outcome> = join_all(runs).await.into_iter().flatten().collect();
    journal.close()?;
    host.end_progress();
    conclude(host, &outcomes, in_part)
}

/// Keys with something that an earlier run left, in the accounts that could be read.
fn unfinished(session: &Session<'_>, observed: &Observed) -> BTreeSet<Address> {
    let now = session.host.clock().now();
    let known: BTreeSet<&str> =
        session.records.values().flat_map(|record| &record.generations).filter_map(|one| one.id.as_deref()).collect();
    let left = session.records.iter().filter(|(address, record)| match observed.listings.get(&address.account) {
        Some(Listing::Complete(snapshot)) => {
            let consistency = session.workspace.accounts[&address.account].profile.capabilities.consistency;
            apply::needs_recovery(record, &known, snapshot, consistency, now)
        }
        Some(Listing::Unavailable(_) | Listing::Assumed(_)) | None => false,
    });
    left.map(|(address, _)| address.clone()).collect()
}

/// Writes down what the journal knew beyond the ledger; only then may the journal go.
fn bring_forward(session: &Session<'_>) -> Result<(), Stop> {
    for address in &session.replayed.changed {
        match session.records.get(address) {
            Some(record) => drop(session.ledger.save(record)?),
            None => session.ledger.remove(address)?,
        }
    }
    Ok(())
}

/// Removes what a process that died left half-written.
fn sweep(session: &Session<'_>) -> Result<(), Stop> {
    for area in ["ledger", "secrets", ".keywright"] {
        files::sweep(&session.workspace.root.join(area))?;
    }
    Ok(())
}

fn finish_journal(session: &Session<'_>) -> Result<(), Stop> {
    sweep(session)?;
    bring_forward(session)?;
    Ok(Journal::of(&session.workspace.root).close()?)
}

/// A CI machine's disk is not durable: changing accounts outside this machine then needs a word of consent.
fn durable_enough(session: &Session<'_>, args: &ApplyArgs, plan: &Plan, unfinished: &BTreeSet<Address>) -> Result<(), Stop> {
    let outside = |name: &Name| !matches!(session.workspace.accounts[name].profile.api, Some(Api::Keyring));
    let acting = plan.changes.iter().filter(|change| change.action != Action::Blocked);
    let changed = acting.map(|change| &change.address).chain(unfinished).map(|address| &address.account);
    match changed.into_iter().find(|name| outside(name)) {
        Some(name) if session.host.is_ci() && !args.local => Err(Stop::with(
            Exit::Error,
            Diagnostic::error(
                Code::ApplyNotDurable,
                format!("account `{name}` would be changed from a CI machine, whose disk is not durable"),
            )
            .help("add `--local` when the workspace outlives this job; nothing was changed"),
        )),
        Some(_) | None => Ok(()),
    }
}

fn confirm(host: &Host, args: &ApplyArgs) -> Result<(), Stop> {
    if args.yes {
        return Ok(());
    }
    let refused = |message: &str, help: &str| Stop::with(Exit::Error, Diagnostic::error(Code::ApplyNotConfirmed, message).help(help));
    match host.ask("Apply these changes?") {
        Some(true) => Ok(()),
        Some(false) => Err(refused("not confirmed", "apply again when the plan is what you want; nothing was changed")),
        None => Err(refused("there is no terminal to ask on", "add `--yes`; nothing was changed")),
    }
}

fn accounts<'s>(
    session: &'s Session<'_>,
    providers: &'s Providers,
    listings: &BTreeMap<Name, Listing>,
    journal: &'s Journal,
    identities: Option<&'s Identities>,
) -> Vec<Account<'s>> {
    let usable = providers.iter().filter_map(|(name, provider)| Some((name, provider.as_ref().ok()?)));
    usable
        .filter(|(name, _)| matches!(listings.get(*name), Some(Listing::Complete(_))))
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
                keys: session::keys_of(&session.workspace.keys, name),
                records: RefCell::new(records),
                ledger: &session.ledger,
                journal,
                identities,
                surroundings: session.host,
                halted: Cell::new(false),
                default_cooldown: COOLDOWN,
            }
        })
        .collect()
}

fn preflight(session: &Session<'_>, accounts: &[Account<'_>], plan: &Plan) -> Result<(), Stop> {
    for account in accounts {
        apply::preflight(account, &plan.changes).map_err(|failure| {
            let mut diagnostic = Diagnostic::error(failure.code, format!("account `{}` is not ready: {failure}", account.name));
            diagnostic.help = Some(failure.help.unwrap_or_else(|| "mend it and apply again; nothing was changed".to_owned()));
            let mut report = Report::default();
            report.push(diagnostic);
            Stop::located(Exit::Error, report.locate(&session.sources))
        })?;
    }
    Ok(())
}

fn changes_of<'p>(plan: &'p Plan, account: &Name) -> Vec<&'p Change> {
    plan.changes.iter().filter(|change| change.address.account == *account && change.action != Action::Blocked).collect()
}

/// Says what was done and what was not.
fn conclude(host: &Host, outcomes: &[Outcome], in_part: bool) -> Result<Exit, Stop> {
    let done = |actions: &[Action]| outcomes.iter().filter(|outcome| outcome.result.is_ok() && actions.contains(&outcome.action)).count();
    let mut text = format!(
        "\nApplied: {} created, {} edited, {} rotated, {} disabled",
        done(&[Action::Create]),
        done(&[Action::Edit]),
        done(&[Action::Rotate, Action::Replace]),
        done(&[Action::Disable]),
    );
    for (action, word) in [(Action::Enable, "enabled"), (Action::Delete, "deleted"), (Action::Reseal, "resealed")] {
        match done(&[action]) {
            0 => {}
            number => text.push_str(&format!(", {number} {word}")),
        }
    }
    text.push('.');
    let failures: Vec<(&Outcome, &apply::Failure)> =
        outcomes.iter().filter_map(|outcome| outcome.result.as_ref().err().map(|failure| (outcome, failure))).collect();
    if !failures.is_empty() {
        text.push_str(&format!(" {} not done.", failures.len()));
    }
    text.push('\n');
    print(text)?;
    for (outcome, failure) in &failures {
        host.report(&not_done(&outcome.address, failure));
    }
    Ok(if failures.is_empty() && !in_part { Exit::Done } else { Exit::Partial })
}

/// What a person reads of a change that was not carried out.
fn not_done(address: &Address, failure: &apply::Failure) -> Stop {
    let mut diagnostic = Diagnostic::error(failure.code, format!("`{address}`: {failure}"));
    diagnostic.help.clone_from(&failure.help);
    Stop::with(Exit::Partial, diagnostic)
}

/// Runs the part of a command that uses the network.
pub fn block_on<T>(future: impl Future<Output = T>) -> Result<T, Stop> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Stop::message(format!("cannot start the network runtime: {error}")))?;
    Ok(runtime.block_on(future))
}
