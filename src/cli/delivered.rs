//! `delivered`: records that a person gave a key's secret to a place without an API.
use std::collections::BTreeSet;

use super::args::DeliveredArgs;
use super::beyond::{self, Beyond, Written};
use super::exit::{Exit, Stop};
use super::host::Host;
use super::review::name as whole_name;
use super::session::Session;
use super::{apply::block_on, plan as planning, print, recovery};
use crate::apply::delivery::{HandOver, record_delivery};
use crate::apply::journal::Remote;
use crate::apply::{self, Outcome};
use crate::diagnostics::{Code, Diagnostic, suggest};
use crate::model::{DesiredKey, Generation, GenerationState, KeyRecord, Name, Target};
use crate::plan::Action;

pub fn run(host: &Host, args: &DeliveredArgs) -> Result<Exit, Stop> {
    planning::no_pull_request(host, "delivered")?;
    let by = args.by.as_deref().map(whole_name).transpose()?;
    let _lock = recovery::lock(host)?;
    let session = Session::open(host)?;
    session.only(std::slice::from_ref(&args.address))?;
    block_on(work(session, args, by))?
}

async fn work(mut session: Session<'_>, args: &DeliveredArgs, by: Option<String>) -> Result<Exit, Stop> {
    let beyond = Beyond::open(&session, &args.writing).await?;
    session.replay(beyond.lines())?;
    recovery::durable_enough(&session, &args.writing, [&args.address.account])?;
    // Before anything is written.
    open(&session, args)?;
    let by = match by {
        Some(by) => Some(by),
        None => known_user(&session).await,
    };
    session.host.listen_for_signals();
    beyond.acting(async |remote| act(&mut session, args, by, &beyond, remote).await).await
}

/// Who git says is working here.
async fn known_user(session: &Session<'_>) -> Option<String> {
    let known = beyond::repository(session).await.ok()?.user().await?;
    whole_name(&known).ok()
}

/// The key, its current generation, and the place that a person serves.
fn open<'s>(session: &'s Session<'_>, args: &DeliveredArgs) -> Result<(&'s DesiredKey, Generation, &'s Target), Stop> {
    let refuse = |message: String, help: Option<String>| {
        let mut diagnostic = Diagnostic::error(Code::DeliverNotOpen, message);
        diagnostic.help = help;
        Err(Stop::with(Exit::Error, diagnostic))
    };
    let address = &args.address;
    let Some(key) = session.workspace.keys.get(address) else {
        return refuse(format!("no manifest declares `{address}`"), Some("nothing was recorded".to_owned()));
    };
    let name = Name::new(&args.delivery).ok().filter(|name| key.deliver.contains(name));
    let Some(delivery) = name.and_then(|name| session.workspace.deliveries.get(&name)) else {
        let help = suggest::did_you_mean(&args.delivery, key.deliver.iter().map(Name::as_str));
        return refuse(format!("`{address}` is not delivered to `{}`", args.delivery.escape_debug()), help);
    };
    let name = &delivery.target.name;
    if !delivery.kind().is_attended() {
        let message = format!("`{name}` is served by `keywright apply`, which proves what it does: nobody confirms it by hand");
        return refuse(message, Some("run `keywright apply -i IDENTITY`; nothing was recorded".to_owned()));
    }
    let current = session.records.get(address).and_then(KeyRecord::current);
    let Some(current) = current.filter(|current| current.state == GenerationState::Active) else {
        return refuse(format!("no generation of `{address}` is in use"), Some("nothing was recorded".to_owned()));
    };
    if let Some(wanted) = args.generation.filter(|wanted| *wanted != current.number) {
        let message = format!("generation {} of `{address}` is in use, not {wanted}", current.number);
        return refuse(message, Some("deliver that one; nothing was recorded".to_owned()));
    }
    if current.deliveries.get(name).is_some_and(|known| known.to == delivery.target.place()) {
        let message = format!("that `{name}` has generation {} of `{address}` is recorded already", current.number);
        return refuse(message, Some("nothing was recorded".to_owned()));
    }
    Ok((key, current.clone(), &delivery.target))
}

async fn act(
    session: &mut Session<'_>,
    args: &DeliveredArgs,
    by: Option<String>,
    beyond: &Beyond<'_>,
    remote: Option<&dyn Remote>,
) -> Result<(Exit, Written), Stop> {
    let address = &args.address;
    let journal = recovery::begin(session, beyond, remote).await?;
    let mut record = session.records.get(address).cloned().expect("the key was found to have a generation in use");
    let number = {
        let (key, generation, target) = open(session, args)?;
        let places = |name: &Name| session.workspace.deliveries.get(name).map(|delivery| &delivery.target);
        let at = session.host.clock().now();
        let deed = HandOver { key, to: target, places: &places, at, by: by.clone(), unverified: false };
        let recorded = record_delivery(&session.ledger, &journal, &mut record, deed).await;
        recorded.map_err(|failure| recovery::not_done(address, &failure))?;
        generation.number
    };
    session.records.insert(address.clone(), record);
    let by = by.map_or_else(String::new, |by| format!(", by {by}"));
    // A standard output that is gone must not keep the files from being written back.
    let printed = print(format!("{address}: that `{}` has generation {number} is recorded{by}.\n", args.delivery));
    let unfinished = session.records.values().any(apply::is_unfinished);
    let is_written_back = args.writing.commit || args.writing.push || args.writing.durable.is_some();
    if !session.replayed.journaled.is_empty() && !is_written_back {
        // What an earlier apply has yet to write back is the journal's to remember.
        return printed.map(|()| (Exit::Done, Written::Locally));
    }
    // With something unfinished, ciphertexts that no record names may still be needed.
    let exit = if unfinished { Exit::Partial } else { Exit::Done };
    let outcomes = [Outcome { address: address.clone(), action: Action::Deliver, result: Ok(()) }];
    let finished = recovery::finish(session, beyond, journal, BTreeSet::from([address.clone()]), &outcomes, exit).await;
    printed.and(finished.map(|(_, written)| (Exit::Done, written)))
}
