//! `apply`: recovers, plans, asks, carries out.
use std::collections::BTreeSet;
use std::future::Future;
use std::path::PathBuf;

use clap::ValueEnum as _;
use futures::future::join_all;
use jiff::Timestamp;

use super::args::{ApplyArgs, PlanFormat};
use super::beyond::{Beyond, Written};
use super::exit::{Exit, Stop};
use super::host::Host;
use super::issuers::Clients;
use super::recovery::{self, accounts, not_done, with_places};
use super::session::{Observed, Providers, Purpose, Session, Wishes};
use super::{asking, credentials, plan as planning, print, reports};
use crate::apply::journal::Remote;
use crate::apply::{self, Account, Outcome, Places};
use crate::diagnostics::{Code, Diagnostic, Report};
use crate::files::Lock;
use crate::model::{Address, Listing, Name};
use crate::plan::{Action, Asked, Before, Change, Mode, Plan};
use crate::render;
use crate::vault::Identities;
use crate::workspace::Sources;

pub fn run(host: &Host, args: &ApplyArgs) -> Result<Exit, Stop> {
    if let Some(output) = args.output.iter().find(|output| output.file.is_none()) {
        return Err(Stop::message(format!("name a file after `-o {}=`: what apply does stands on standard output", word(output.format))));
    }
    reports::placed(host, &args.output, &[])?;
    let planned = begin(host, args).map_err(|stop| reports::problems(host, stop, &args.output))?;
    let Begun { session, chosen, approved, lock: _lock } = planned;
    block_on(work(session, args, chosen, approved))?
}

/// The word of a format on the command line.
fn word(format: PlanFormat) -> String {
    format.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
}

/// What apply works with, before anything is read or written beyond this machine.
struct Begun<'h> {
    session: Session<'h>,
    chosen: Chosen,
    approved: Option<Plan>,
    lock: Lock,
}

fn begin<'h>(host: &'h Host, args: &ApplyArgs) -> Result<Begun<'h>, Stop> {
    planning::no_pull_request(host, "apply")?;
    let (saved, addresses) = targets(&args.targets)?;
    let lock = recovery::lock(host)?;
    super::import::finish(host)?;
    let session = Session::open(host)?;
    let mut only = session.only(&addresses)?;
    let identities = credentials::identities(host, &args.identity)?;
    let approved = saved.map(|path| planning::saved(&session, &path, host.clock().now())).transpose()?;
    if let Some(chosen) = approved.as_ref().map(|plan| &plan.only).filter(|chosen| !chosen.is_empty()) {
        if let Some(other) = only.iter().find(|address| !chosen.contains(address)) {
            let message = format!("the saved plan was made without `{other}`");
            let diagnostic = Diagnostic::error(Code::PlanExceedsApproved, message).help("plan again, and have that plan approved");
            return Err(Stop::with(Exit::Refused, diagnostic));
        }
        if only.is_empty() {
            only.clone_from(chosen);
        }
    }
    let mut asked = asking::asked(&session, &args.asking, &only)?;
    if let Some(approved) = &approved {
        asked = asking::approved(approved, asked)?;
    }
    Ok(Begun { session, chosen: Chosen { only, asked, identities }, approved, lock })
}

/// What the command line chose.
struct Chosen {
    only: BTreeSet<Address>,
    asked: Asked,
    identities: Option<Identities>,
}

impl Chosen {
    fn wishes(&self, before: Before) -> Wishes<'_> {
        Wishes { mode: Mode::Live, only: &self.only, can_open: self.identities.is_some(), asked: &self.asked, before }
    }
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
        return Err(Stop::message(format!("`{}` is no address (`account/name`), and there is no such file", path.display())));
    }
    Ok((plan, addresses))
}

async fn work(mut session: Session<'_>, args: &ApplyArgs, chosen: Chosen, approved: Option<Plan>) -> Result<Exit, Stop> {
    let host = session.host;
    let Chosen { only, identities, .. } = &chosen;
    let now = || approved.as_ref().map_or_else(|| host.clock().now(), |plan| plan.created_at);
    // Before the first request of any kind, the remote of the repository included, and before any command that fetches a credential.
    if let Some(refused) = planning::refused_beforehand(&session, only, &chosen.asked, &Before::default(), now()) {
        let written = if args.output.is_empty() { Ok(()) } else { reports::plan(host, &refused, &args.output, reports::Shown::All) };
        print(render::plan_text(&refused, host.style(host.colour_out())))?;
        recovery::point_out(host, &recovery::unfinished_here(&session, only));
        return written.map(|()| Exit::Refused).map_err(|stop| Stop { exit: Exit::Refused, ..stop });
    }
    let beyond = Beyond::open(&session, &args.writing).await?;
    session.replay(beyond.lines())?;
    let providers = session.providers(Purpose::Apply, only);
    let places = session.places(only);
    let mut observed = session.observe(&providers, Purpose::Apply).await;
    session.look_at(&places, &mut observed).await;
    let deferred = approved.iter().flat_map(|plan| &plan.deferred).map(|deferred| deferred.address.clone()).collect();
    let before = Before { deferred, ..Before::default() };
    let shown = session.plan(&observed, &chosen.wishes(before), now());
    let unfinished = recovery::unfinished(&session, &observed, only);
    // What is refused is shown in every form that was asked for, too.
    let written = if args.output.is_empty() { Ok(()) } else { reports::plan(host, &shown, &args.output, reports::Shown::All) };
    if let Some(approved) = &approved {
        planning::within(host, approved, &shown, planning::Since::Approval).inspect_err(|_| recovery::point_out(host, &unfinished))?;
    }
    print(render::plan_text(&shown, host.style(host.colour_out())))?;
    written?;
    if !args.asking.rotate.is_empty() && planning::cannot_rotate(&shown) {
        return Ok(Exit::Error);
    }
    if shown.is_refused() {
        recovery::point_out(host, &unfinished);
        planning::not_refused(&shown)?;
        return Ok(Exit::Refused);
    }

    let in_part =
        observed.is_partial() || shown.summary.blocked > 0 || planning::leaves_a_request(&shown) || planning::leaves_a_delivery(&shown);
    let acting = shown.changes.iter().any(is_work) || !unfinished.is_empty();
    if acting {
        recovery::durable_enough(&session, &args.writing, accounts_changed(&shown, &unfinished))?;
        beyond.look_at_manifests(&session, shown.changes.iter().filter(|change| is_work(change)).map(|change| &change.address)).await?;
        recovery::confirm(host, args.yes, "Apply these changes?")?;
    }
    if !acting && !beyond.has_work(&session) {
        recovery::begin(&session, &beyond, None).await?.close()?;
        if !in_part {
            apply::tidy(&session.ledger, &session.records)?;
        }
        return Ok(if in_part { Exit::Partial } else { done(args, &shown) });
    }
    host.listen_for_signals();
    let work = Work { providers: &providers, places: &places, observed, unfinished, chosen: &chosen, identities: identities.as_ref() };
    let exit = beyond.acting(async |remote| act(&mut session, work, shown, &beyond, remote).await).await?;
    if exit != Exit::Done {
        return Ok(exit);
    }
    let after = attended_now(&session, &chosen, now())?;
    Ok(if in_part { Exit::Partial } else { done(args, &after) })
}

/// What persons have to do now that apply has opened it, with the names that it gave. Nobody is asked for that.
fn attended_now(session: &Session<'_>, chosen: &Chosen, now: Timestamp) -> Result<Plan, Stop> {
    let mut asked = session.assume(&chosen.only);
    // A place can want a person whatever the provider of the key is like.
    let served = |name: &Name| {
        let by_hand = |name: &Name| session.workspace.deliveries.get(name).is_some_and(|delivery| delivery.kind().is_attended());
        session.workspace.keys.values().any(|key| key.address.account == *name && key.deliver.iter().any(by_hand))
    };
    asked.listings.retain(|name, listing| matches!(listing, Listing::Attended) || served(name));
    let plan = session.plan(&asked, &chosen.wishes(Before::default()), now);
    print(render::runbook::open_text(&plan.attended, session.host.style(session.host.colour_out())))?;
    Ok(plan)
}

/// Whether apply has something to do: what waits for a person is not, nor is what recovery does before.
fn is_work(change: &Change) -> bool {
    change.action != Action::Blocked && !change.steps.is_empty()
}

/// Done, as far as no person has to act.
fn done(args: &ApplyArgs, plan: &Plan) -> Exit {
    if args.detailed_exitcode && !plan.attended.is_empty() { Exit::Changes } else { Exit::Done }
}

/// What was read before anything is changed.
struct Work<'w> {
    providers: &'w Providers,
    places: &'w Places,
    observed: Observed,
    unfinished: BTreeSet<Address>,
    chosen: &'w Chosen,
    identities: Option<&'w Identities>,
}

/// Recovers, carries out what is left of the plan, and writes back. The journal of the remote, if any, is held.
async fn act(
    session: &mut Session<'_>,
    work: Work<'_>,
    shown: Plan,
    beyond: &Beyond<'_>,
    remote: Option<&dyn Remote>,
) -> Result<(Exit, Written), Stop> {
    let (host, Work { providers, places, observed, unfinished, chosen, identities }) = (session.host, work);
    let journal = recovery::begin(session, beyond, remote).await?;
    preflight(&with_places(accounts(session, providers, &observed.listings, &journal, identities), places), &session.sources, &shown)?;
    let (recovered, failed) = recovery::recover(session, providers, &observed, &journal, identities, &unfinished).await;
    let mut in_part = failed > 0;
    // What recovery did decides anew what is left; it may only be less than was shown.
    let (observed, plan) = if unfinished.is_empty() {
        (observed, shown)
    } else {
        let mut observed = session.observe(providers, Purpose::Apply).await;
        session.look_at(places, &mut observed).await;
        let deferred = shown.deferred.iter().map(|deferred| deferred.address.clone()).collect();
        let before = Before { interrupted: unfinished.clone(), recovered: unfinished.clone(), deferred, ..Before::default() };
        let plan = session.plan(&observed, &chosen.wishes(before), shown.created_at);
        if let Err(stop) = planning::within(host, &shown, &plan, planning::Since::Recovery) {
            host.report(&stop);
            return recovery::finish(session, beyond, journal, unfinished, &[], stop.exit).await;
        }
        if plan.violations() > 0 {
            // What recovery found shows access that was not known before.
            let refused = plan.diagnostics.iter().filter(|found| found.code.as_str().starts_with("policy/")).cloned();
            host.report(&Stop::located(Exit::Partial, refused.collect()));
            return recovery::finish(session, beyond, journal, unfinished, &[], Exit::Partial).await;
        }
        (observed, plan)
    };
    in_part |= observed.is_partial() || plan.summary.blocked > 0 || planning::leaves_a_delivery(&plan);
    let (outcomes, records) = {
        let issuers = session.issuers(&chosen.only, Clients::with(identities));
        let accounts = with_places(accounts(session, providers, &observed.listings, &journal, identities), places);
        let accounts = recovery::with_issuers(accounts, &issuers);
        let runs = accounts.iter().map(|account| apply::carry_out(account, changes_of(&plan, account.name)));
        let outcomes: Vec<Outcome> = join_all(runs).await.into_iter().flatten().collect();
        host.end_progress();
        recovery::tell(host, &accounts);
        (outcomes, recovery::records(&accounts))
    };
    session.remember(records);
    // A standard output that is gone must not keep the files from being written back.
    let concluded = conclude(host, &outcomes, recovered, in_part);
    let exit = *concluded.as_ref().unwrap_or(&Exit::Partial);
    let moved = plan.changes.iter().filter_map(|change| change.moved_from().cloned());
    let touched = outcomes.iter().map(|outcome| outcome.address.clone()).chain(unfinished).chain(moved).collect();
    let finished = recovery::finish(session, beyond, journal, touched, &outcomes, exit).await;
    concluded.and(finished)
}

/// The accounts that would be changed.
fn accounts_changed<'p>(plan: &'p Plan, unfinished: &'p BTreeSet<Address>) -> impl Iterator<Item = &'p Name> {
    let acting = plan.changes.iter().filter(|change| is_work(change));
    acting.map(|change| &change.address).chain(unfinished).map(|address| &address.account)
}

fn preflight(accounts: &[Account<'_>], sources: &Sources, plan: &Plan) -> Result<(), Stop> {
    for account in accounts {
        apply::preflight(account, &plan.changes).map_err(|failure| {
            let mut diagnostic = Diagnostic::error(failure.code, format!("account `{}` is not ready: {failure}", account.name));
            diagnostic.help = Some(failure.help.unwrap_or_else(|| "mend it and apply again; nothing was changed".to_owned()));
            let mut report = Report::default();
            report.push(diagnostic);
            Stop::located(Exit::Error, report.locate(sources))
        })?;
    }
    Ok(())
}

fn changes_of<'p>(plan: &'p Plan, account: &Name) -> Vec<&'p Change> {
    plan.changes.iter().filter(|change| change.address.account == *account && is_work(change)).collect()
}

/// Says what was done and what was not.
fn conclude(host: &Host, outcomes: &[Outcome], recovered: usize, in_part: bool) -> Result<Exit, Stop> {
    let done = |actions: &[Action]| outcomes.iter().filter(|outcome| outcome.result.is_ok() && actions.contains(&outcome.action)).count();
    let mut text = format!(
        "\nApplied: {} created, {} edited, {} rotated, {} disabled",
        done(&[Action::Create]),
        done(&[Action::Edit]),
        done(&[Action::Rotate, Action::Replace]),
        done(&[Action::Disable]),
    );
    for (action, word) in [
        (Action::Enable, "enabled"),
        (Action::Delete, "deleted"),
        (Action::Reseal, "resealed"),
        (Action::Deliver, "delivered"),
        (Action::Attended, "opened for a person"),
    ] {
        match done(&[action]) {
            0 => {}
            number => text.push_str(&format!(", {number} {word}")),
        }
    }
    if recovered > 0 {
        text.push_str(&format!(", {recovered} recovered"));
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

/// Runs the part of a command that uses the network.
pub fn block_on<T>(future: impl Future<Output = T>) -> Result<T, Stop> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Stop::message(format!("cannot start the network runtime: {error}")))?;
    Ok(runtime.block_on(future))
}
