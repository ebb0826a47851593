//! `recover`: shows what an interrupted apply left and what becomes of it, and does it with `--yes`.
use std::collections::BTreeSet;

use super::apply::block_on;
use super::args::{OutputFormat, RecoverArgs};
use super::beyond::{Beyond, Written};
use super::exit::{Exit, Stop};
use super::host::Host;
use super::session::{self, Observed, Purpose, Session};
use super::{credentials, judging, plan as planning, print, recovery};
use crate::apply;
use crate::apply::foresight::{self, Circumstances};
use crate::apply::journal::Remote;
use crate::apply::{Outcome, Word};
use crate::model::text_safety::safe;
use crate::model::{Address, Listing, ObservedKey};
use crate::plan::Action;
use crate::render;
use crate::render::recover::{RecoverRow, recover_json, recover_text};
use crate::vault::Identities;

pub fn run(host: &Host, args: &RecoverArgs) -> Result<Exit, Stop> {
    planning::no_pull_request(host, "recover")?;
    let word = word(args)?;
    let _lock = if args.yes || word.is_some() { Some(recovery::lock(host)?) } else { None };
    if args.yes || word.is_some() {
        super::import::finish(host)?;
    }
    let session = Session::open(host)?;
    let only = session.only(&args.addresses)?;
    let identities = credentials::identities(host, &args.identity)?;
    block_on(work(session, args, &only, identities, word))?
}

async fn work(
    mut session: Session<'_>,
    args: &RecoverArgs,
    only: &BTreeSet<Address>,
    identities: Option<Identities>,
    word: Option<Word<'_>>,
) -> Result<Exit, Stop> {
    let host = session.host;
    let beyond = Beyond::open(&session, &args.writing).await?;
    session.replay(beyond.lines())?;
    let providers = session.providers(Purpose::Apply, only);
    let observed = session.observe(&providers, Purpose::Apply).await;
    judging::report_unavailable(&session, &observed);
    let rows = foreseen(&session, &observed, only, identities.is_some());
    print(match args.output {
        OutputFormat::Text => recover_text(&rows, !observed.is_partial(), host.style(host.colour_out())),
        OutputFormat::Json => recover_json(&rows, !observed.is_partial()),
    })?;
    if !session.replayed.journaled.is_empty() {
        host.say(&format!(
            "the journal names {}: `apply`, or `recover --yes`, brings ledger and secret files up to it, and writes them back when asked to",
            render::count(session.replayed.journaled.len(), "key")
        ));
    }
    if let (Some(word), Some(address)) = (word, args.addresses.first()) {
        return answer(session, args, &beyond, &providers, &observed, identities.as_ref(), (address, word)).await;
    }
    let partial = if observed.is_partial() { Exit::Partial } else { Exit::Done };
    let unfinished = recovery::unfinished(&session, &observed, only);
    if !args.yes || (unfinished.is_empty() && session.replayed.changed.is_empty() && !beyond.has_work(&session)) {
        return Ok(partial);
    }
    recovery::durable_enough(&session, &args.writing, unfinished.iter().map(|address| &address.account))?;
    host.listen_for_signals();
    let acting = async |remote: Option<&dyn Remote>| {
        act(&mut session, &beyond, remote, &providers, &observed, &unfinished, identities.as_ref()).await
    };
    let exit = beyond.acting(acting).await?;
    Ok(if exit == Exit::Done { partial } else { exit })
}

async fn act(
    session: &mut Session<'_>,
    beyond: &Beyond<'_>,
    remote: Option<&dyn Remote>,
    providers: &session::Providers,
    observed: &Observed,
    unfinished: &BTreeSet<Address>,
    identities: Option<&Identities>,
) -> Result<(Exit, Written), Stop> {
    let journal = recovery::begin(session, beyond, remote).await?;
    let (done, failed) = recovery::recover(session, providers, observed, &journal, identities, unfinished).await;
    session.host.end_progress();
    // A standard output that is gone must not keep the files from being written back.
    let printed = print(format!("\nRecovered: {done} finished or undone, {failed} not.\n"));
    let exit = if failed == 0 { Exit::Done } else { Exit::Partial };
    let finished = recovery::finish(session, beyond, journal, unfinished.clone(), &[], exit).await;
    printed.and(finished)
}

/// What a person says of an unanswered create.
fn word(args: &RecoverArgs) -> Result<Option<Word<'_>>, Stop> {
    let word = match (&args.found, args.absent) {
        (Some(id), _) => Word::Found(id),
        (None, true) => Word::Absent,
        (None, false) => return Ok(None),
    };
    match args.addresses.len() {
        1 => Ok(Some(word)),
        number => Err(Stop::message(format!("`--found` and `--absent` concern one key, and {number} are named"))),
    }
}

/// Takes a person's word on one key, when it is confirmed.
async fn answer(
    mut session: Session<'_>,
    args: &RecoverArgs,
    beyond: &Beyond<'_>,
    providers: &session::Providers,
    observed: &Observed,
    identities: Option<&Identities>,
    (address, word): (&Address, Word<'_>),
) -> Result<Exit, Stop> {
    let host = session.host;
    let question = match word {
        Word::Found(id) => format!(
            "Take `{}` for what the create of `{address}` has made? Where its secret cannot be read again, it is ended, and another is made.",
            safe(id)
        ),
        Word::Absent => format!("Forget the create of `{address}`: it has made nothing?"),
    };
    recovery::durable_enough(&session, &args.writing, [&address.account])?;
    recovery::confirm(host, args.yes, &question)?;
    host.listen_for_signals();
    let acting = async |remote: Option<&dyn Remote>| {
        let journal = recovery::begin(&session, beyond, remote).await?;
        let (result, records) = {
            let accounts = recovery::accounts(&session, providers, &observed.listings, &journal, identities);
            let account = accounts.iter().find(|account| *account.name == address.account);
            let Some(account) = account else {
                return Err(Stop::message(format!("account `{}` cannot be read: nothing was changed", address.account)));
            };
            let result = apply::believe(account, &address.name, word).await;
            recovery::tell(host, &accounts);
            (result, recovery::records(&accounts))
        };
        session.remember(records);
        let exit = if result.is_ok() { Exit::Done } else { Exit::Partial };
        if let Err(failure) = &result {
            host.report(&recovery::not_done(address, failure));
        }
        let outcomes = [Outcome { address: address.clone(), action: Action::None, result }];
        recovery::finish(&session, beyond, journal, BTreeSet::from([address.clone()]), &outcomes, exit).await
    };
    let exit = beyond.acting(acting).await?;
    if exit == Exit::Done {
        print("\nRecorded. `keywright apply` goes on from here.\n")?;
    }
    Ok(exit)
}

fn foreseen(session: &Session<'_>, observed: &Observed, only: &BTreeSet<Address>, can_open: bool) -> Vec<RecoverRow> {
    let now = session.host.clock().now();
    let unfinished = recovery::unfinished(session, observed, only);
    let mut rows = Vec::new();
    for address in &unfinished {
        if let Some(Listing::Attended) = observed.listings.get(&address.account) {
            let left = session.records[address].generations.iter().filter(|generation| generation.state.is_unfinished());
            rows.extend(left.map(|generation| RecoverRow {
                address: address.clone(),
                generation: generation.number,
                state: generation.state,
                ids: Vec::new(),
                outcome: "its sealed secret is published; without its ciphertext, the person is asked again",
            }));
        }
        let Some(Listing::Complete(seen)) = observed.listings.get(&address.account) else { continue };
        let records = session::records_of(&session.records, &address.account);
        let strays = apply::strays(records.into_values(), seen.keys.values());
        let capabilities = &session.workspace.accounts[&address.account].profile.capabilities;
        let records = session::records_of(&session.records, &address.account);
        let strangers: Vec<&ObservedKey> = apply::strangers(records.into_values(), seen.keys.values()).collect();
        let at = Circumstances { ledger: &session.ledger, seen, capabilities, strays: &strays, strangers: &strangers, can_open, now };
        let all = foresight::foresee(&session.records[address], session.workspace.keys.get(address), at);
        rows.extend(all.into_iter().map(|foreseen| RecoverRow {
            address: address.clone(),
            generation: foreseen.generation,
            state: foreseen.state,
            ids: foreseen.ids,
            outcome: foreseen.outcome.as_str(),
        }));
    }
    rows
}
