//! `authorize`: a person grants a key in a browser; what the issuer gives is sealed before anything else happens.
use std::collections::BTreeSet;
use std::time::Duration;

use super::apply::block_on;
use super::args::AuthorizeArgs;
use super::beyond::{Beyond, Written};
use super::exit::{Exit, Stop};
use super::host::Host;
use super::issuers::{Clients, Issuers};
use super::session::{Providers, Purpose, Session};
use super::{credentials, plan as planning, print, recovery};
use crate::apply::grant::{self, Granted};
use crate::apply::journal::{Journal, Remote};
use crate::apply::{Failure, Outcome};
use crate::diagnostics::{Code, Diagnostic};
use crate::grant::redirect::{Answered, Expected, Redirect};
use crate::grant::{Asking, Issuing, word};
use crate::model::text_safety::safe;
use crate::model::{Address, DesiredKey, DesiredState, KeyRecord, ScopeSet};
use crate::plan::Action;
use crate::profile::Grants;
use crate::vault::Identities;

pub fn run(host: &Host, args: &AuthorizeArgs) -> Result<Exit, Stop> {
    planning::no_pull_request(host, "authorize")?;
    let _lock = recovery::lock(host)?;
    let session = Session::open(host)?;
    session.only(std::slice::from_ref(&args.address))?;
    wanted(&session, &args.address)?;
    let identities = credentials::identities(host, &args.identity)?;
    block_on(work(session, args, identities))?
}

/// The key as it is declared, and how it is granted.
fn wanted<'s>(session: &'s Session<'_>, address: &Address) -> Result<(&'s DesiredKey, &'s Grants), Stop> {
    let refuse = |message: String, help: &str| Err(Stop::with(Exit::Error, Diagnostic::error(Code::FulfilNotOpen, message).help(help)));
    let key = session.workspace.keys.get(address).filter(|key| key.state == DesiredState::Active);
    let Some(key) = key else {
        return refuse(format!("`{address}`: no manifest wants this key"), "declare it first; nothing was written");
    };
    let profile = session.workspace.accounts.get(&address.account).map(|account| &account.profile);
    match profile.and_then(|profile| profile.grants_of(&key.options)) {
        Some(grants) => Ok((key, grants)),
        None => {
            let help = profile.and_then(|profile| profile.grants.as_ref()).map_or_else(
                || "its provider has no grants: see `keywright plan` for what is to be done".to_owned(),
                |grants| format!("a grant says `options: {{ {}: {} }}` in its manifest", grants.option, grants.value),
            );
            refuse(format!("`{address}` is no grant: nobody gives it in a browser"), &help)
        }
    }
}

async fn work(mut session: Session<'_>, args: &AuthorizeArgs, identities: Option<Identities>) -> Result<Exit, Stop> {
    let beyond = Beyond::open(&session, &args.writing).await?;
    session.replay(beyond.lines())?;
    let address = &args.address;
    recovery::durable_enough(&session, &args.writing, [&address.account])?;
    let only = BTreeSet::from([address.clone()]);
    let providers = session.providers(Purpose::Apply, &only);
    if let Some(Err(diagnostic)) = providers.get(&address.account) {
        return Err(Stop::with(Exit::Error, (**diagnostic).clone()));
    }
    let granted = browse(&session, args, &providers, identities.as_ref()).await?;
    session.host.listen_for_signals();
    beyond.acting(async |remote| act(&mut session, &beyond, remote, &providers, identities.as_ref(), (address, &granted)).await).await
}

/// Sends a person to the issuer, and waits for the code. Writes nothing.
async fn browse(
    session: &Session<'_>,
    args: &AuthorizeArgs,
    providers: &Providers,
    identities: Option<&Identities>,
) -> Result<Granted, Stop> {
    let (host, address) = (session.host, &args.address);
    let only = BTreeSet::from([address.clone()]);
    let issuers = session.issuers(&only, Clients::Read);
    let issuer = opened(&issuers, address)?;
    let (key, grants) = wanted(session, address)?;
    {
        // Nothing is written before the browser has answered: this journal gets no line.
        let journal = Journal::of(&session.workspace.root);
        let observed = session.assume(&only);
        let accounts = recovery::accounts(session, providers, &observed.listings, &journal, identities);
        let accounts = recovery::with_issuers(accounts, &issuers);
        let account = accounts.first().ok_or_else(|| Stop::message(format!("the account of `{address}` cannot be opened")))?;
        grant::prepare(account, &address.name).await.map_err(|failure| refused(address, &failure))?;
    }
    let account = &session.workspace.accounts[&address.account];
    let fixed = account.params.get(&grants.port).map(|port| port.parse::<u16>());
    let fixed = fixed.transpose().map_err(|_| Stop::message(format!("`{}` is no port", grants.port)))?;
    let not_given = |message: String, help: &str| Stop::with(Exit::Error, Diagnostic::error(Code::GrantNotGiven, message).help(help));
    let redirect = Redirect::open(args.port.or(fixed).unwrap_or(0), &grants.redirect).await;
    let redirect =
        redirect.map_err(|error| not_given(format!("`{address}`: {error}"), "choose another port with `--port`; nothing was written"))?;
    let (uri, state, verifier) = (redirect.uri(), word(&host.random_bytes()), word(&host.random_bytes()));
    let scopes: ScopeSet = key.scopes.iter().chain(&account.catalogue.spec().implied).cloned().collect();
    let asking = Asking { scopes: &scopes, redirect: &uri, state: &state, verifier: &verifier };
    let page = issuer.page(&asking).await.map_err(|error| not_given(format!("`{address}`: {error}"), "nothing was written"))?;
    let words: Vec<&str> = key.scopes.iter().map(|scope| scope.as_str()).collect();
    host.say(&format!("{address} asks for {}", safe(&words.join(", "))));
    host.say(&format!("open this page in a browser on this machine, and grant it there (waiting for {}):", args.timeout));
    host.say(&page);
    let expected = Expected { state: &state, issuer: issuer.name() };
    let within = Duration::from_secs(args.timeout.as_seconds());
    match redirect.answer(&expected, within, &|why| host.say(why)).await {
        Ok(mut answered) => match &mut answered {
            Answered::Code(code) => Ok(Granted { code: std::mem::take(code), redirect: uri, verifier }),
            Answered::Refused(word) => {
                let help = "run it again when this is wanted after all; nothing was written";
                Err(not_given(format!("`{address}`: nothing was granted: {word}"), help))
            }
        },
        Err(error) => Err(not_given(format!("`{address}`: {error}"), "run it again; nothing was written")),
    }
}

fn opened<'i>(issuers: &'i Issuers<'_>, address: &Address) -> Result<&'i dyn Issuing, Stop> {
    let issued = issuers.get(&address.account).ok_or_else(|| Stop::message(format!("the account of `{address}` has no issuer")))?;
    issued.issuer.as_ref().map(AsRef::as_ref).map_err(|diagnostic| Stop::with(Exit::Error, (**diagnostic).clone()))
}

fn refused(address: &Address, failure: &Failure) -> Stop {
    Stop { exit: Exit::Error, ..recovery::not_done(address, failure) }
}

/// Redeems the code, records what was granted, and writes back.
async fn act(
    session: &mut Session<'_>,
    beyond: &Beyond<'_>,
    remote: Option<&dyn Remote>,
    providers: &Providers,
    identities: Option<&Identities>,
    (address, granted): (&Address, &Granted),
) -> Result<(Exit, Written), Stop> {
    let journal = recovery::begin(session, beyond, remote).await?;
    let touched = BTreeSet::from([address.clone()]);
    let result = {
        let observed = session.assume(&touched);
        let issuers = session.issuers(&touched, Clients::Read);
        let accounts = recovery::accounts(session, providers, &observed.listings, &journal, identities);
        let accounts = recovery::with_issuers(accounts, &issuers);
        let account = accounts.first().ok_or_else(|| Stop::message(format!("the account of `{address}` cannot be opened")))?;
        let name = &address.name;
        // What an earlier run took over and did not publish comes first.
        let left = session.records.get(address).is_some_and(crate::apply::is_unfinished);
        let recovered = if left { crate::apply::recover(account, vec![name.clone()]).await } else { Vec::new() };
        let mut result = recovered.into_iter().try_for_each(|outcome| outcome.result);
        if result.is_ok() {
            result = grant::open(account, name).await;
        }
        if result.is_ok() {
            result = grant::redeem(account, name, granted).await;
        }
        recovery::tell(session.host, &accounts);
        let records = recovery::records(&accounts);
        drop(accounts);
        drop(issuers);
        session.remember(records);
        result
    };
    let (exit, printed) = match &result {
        Ok(()) => (Exit::Done, print(told(session, address))),
        Err(failure) => {
            session.host.report(&recovery::not_done(address, failure));
            (Exit::Partial, Ok(()))
        }
    };
    let outcomes = [Outcome { address: address.clone(), action: Action::Attended, result }];
    let finished = recovery::finish(session, beyond, journal, touched, &outcomes, exit).await;
    printed.and(finished)
}

/// What was granted, in words.
fn told(session: &Session<'_>, address: &Address) -> String {
    let grant = session.records.get(address).and_then(KeyRecord::current).and_then(|current| current.grant.as_ref());
    let Some((grant, key)) = grant.zip(session.workspace.keys.get(address)) else { return String::new() };
    let catalogue = &session.workspace.accounts[&address.account].catalogue;
    let words = |scopes: Vec<&str>| scopes.join("`, `");
    let given: Vec<&str> = grant.scopes.iter().filter(|scope| !catalogue.is_implied(scope)).map(|scope| scope.as_str()).collect();
    let lacks: Vec<&str> = key
        .scopes
        .iter()
        .filter(|scope| !catalogue.is_implied(scope) && !catalogue.any_covers(&grant.scopes, scope))
        .map(|scope| scope.as_str())
        .collect();
    let given = if given.is_empty() { "nothing".to_owned() } else { format!("`{}`", safe(&words(given))) };
    let lacks = if lacks.is_empty() { String::new() } else { format!("; it lacks `{}`", safe(&words(lacks))) };
    let renewal = if grant.renewable { "" } else { "; it came without a refresh token, and ends with its access token" };
    format!("{address}: granted {given}{lacks}{renewal}; its tokens are sealed and published.\n")
}
