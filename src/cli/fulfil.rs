//! `fulfil`: takes the secret that a person made, or the word that one was revoked.
use std::collections::BTreeSet;

use subtle::ConstantTimeEq as _;

use super::apply::block_on;
use super::args::FulfilArgs;
use super::beyond::{Beyond, Written};
use super::exit::{Exit, Stop};
use super::host::Host;
use super::session::{Observed, Providers, Purpose, Session, Wishes};
use super::{credentials, plan as planning, print, providers, recovery};
use crate::apply::attended::{self, Handed, Proof, Revoked, TriedOut};
use crate::apply::journal::{Journal, Remote};
use crate::apply::{Account, Outcome, Places, delivery};
use crate::diagnostics::{Code, Diagnostic};
use crate::model::text_safety::safe;
use crate::model::{Address, DesiredState, Generation, GenerationState, KeyRecord, Secret};
use crate::plan::{Action, Asked, Before, Mode, asks_the_same};
use crate::profile::{Profile, SecretProblem};
use crate::provider::Liveness;
use crate::vault::Identities;

/// What is to be recorded, once everything that can be known beforehand is known.
enum Deed {
    Handed(Handed),
    Revoked(Revoked),
    /// The name of the step that is taken back.
    Withdrawn(String),
    /// An earlier run took a secret over and died: that is finished first.
    Finish,
}

pub fn run(host: &Host, args: &FulfilArgs) -> Result<Exit, Stop> {
    planning::no_pull_request(host, "fulfil")?;
    let _lock = recovery::lock(host)?;
    let session = Session::open(host)?;
    let only = session.only(std::slice::from_ref(&args.address))?;
    let profile = session.workspace.accounts.get(&args.address.account).map(|account| account.profile.clone());
    let Some(profile) = profile.filter(|profile| profile.attended().is_some()) else {
        let message = format!("no person makes `{}`: its provider has an API for that", args.address);
        return Err(Stop::with(Exit::Error, Diagnostic::error(Code::FulfilNotOpen, message).help("run `keywright apply`")));
    };
    let identities = credentials::identities(host, &args.identity)?;
    block_on(work(session, args, &only, &profile, identities))?
}

async fn work(
    mut session: Session<'_>,
    args: &FulfilArgs,
    only: &BTreeSet<Address>,
    profile: &Profile,
    identities: Option<Identities>,
) -> Result<Exit, Stop> {
    let host = session.host;
    let beyond = Beyond::open(&session, &args.writing).await?;
    session.replay(beyond.lines())?;
    recovery::durable_enough(&session, &args.writing, [&args.address.account])?;
    let providers = session.providers(Purpose::Apply, only);
    if let Some(Err(diagnostic)) = providers.get(&args.address.account) {
        return Err(Stop::with(Exit::Error, (**diagnostic).clone()));
    }
    let observed = session.observe(&providers, Purpose::Apply).await;
    let places = session.places(only);
    let deed = {
        // Nothing is written before it is settled what: this journal gets no line.
        let journal = Journal::of(&session.workspace.root);
        let accounts = recovery::accounts(&session, &providers, &observed.listings, &journal, identities.as_ref());
        let account = accounts.first().ok_or_else(|| Stop::message(format!("the account of `{}` cannot be opened", args.address)))?;
        if !recovery::unfinished(&session, &observed, only).is_empty() {
            Deed::Finish
        } else if args.withdraw {
            Deed::Withdrawn(withdrawn(&session, &args.address)?)
        } else if args.revoked {
            Deed::Revoked(revoked(&session, args, account, &observed, only).await?)
        } else {
            Deed::Handed(handed(&session, args, account, profile).await?)
        }
    };
    host.listen_for_signals();
    let read = (&providers, &observed, &places);
    beyond.acting(async |remote| act(&mut session, &beyond, remote, read, identities.as_ref(), (&args.address, &deed)).await).await
}

/// The step that is to be taken back.
fn withdrawn(session: &Session<'_>, address: &Address) -> Result<String, Stop> {
    let step = session.records.get(address).and_then(attended::withdrawable).ok_or_else(|| {
        let diagnostic =
            Diagnostic::error(Code::FulfilNotOpen, format!("`{address}`: no rotation that was asked for with `--rotate` is open"));
        Stop::with(
            Exit::Error,
            diagnostic.help("what the manifests or the time ask for ends with them; `keywright plan` says why it is open"),
        )
    })?;
    Ok(safe(&step.label).into_owned())
}

/// Takes the secret, and everything that can be known of it before it is kept.
async fn handed(session: &Session<'_>, args: &FulfilArgs, account: &Account<'_>, profile: &Profile) -> Result<Handed, Stop> {
    let (host, address) = (session.host, &args.address);
    if session.workspace.keys.get(address).is_some_and(|key| profile.grants_of(&key.options).is_some()) {
        let diagnostic = Diagnostic::error(Code::FulfilNotOpen, format!("`{address}` is a grant: a person gives it in a browser"));
        return Err(Stop::with(Exit::Error, diagnostic.help(format!("run `keywright authorize {address}`; nothing was written"))));
    }
    let record = session.records.get(address);
    let step = record
        .and_then(attended::open_step)
        .filter(|_| session.workspace.keys.get(address).is_some_and(|key| key.state == DesiredState::Active));
    let Some(step) = step else {
        let diagnostic = Diagnostic::error(Code::FulfilNotOpen, format!("`{address}`: no key is waited for"));
        return Err(Stop::with(Exit::Error, diagnostic.help("see what is planned with `keywright plan`; `keywright apply` opens it")));
    };
    if session.workspace.keys.get(address).is_some_and(|key| !asks_the_same(account.catalogue, key, step)) {
        let message = format!("`{address}`: what the open step asks for is not what the manifest wants any more");
        let diagnostic = Diagnostic::error(Code::FulfilNotOpen, message);
        let help = "run `keywright apply`, which asks for that, and make the key anew; nothing was written";
        return Err(Stop::with(Exit::Error, diagnostic.help(help)));
    }
    let expires_at = chosen_end(session, args, profile)?;
    let label = safe(&step.label).into_owned();
    let previous = previous_secret(account, address).await?;
    let text = host
        .secret(&format!("the secret of `{label}` at {} (nothing is shown)", safe(&profile.title)))
        .map_err(|error| malformed(address, &format!("cannot be read: {error}")))?;
    let secret = profile.secret.read(&text);
    let foreign = || providers::known(host).into_iter().find(|(other, _)| other.name != profile.name && other.secret.claims(&text));
    // A form of one's own settles it; without one, only the forms of others can.
    let unsettled = secret.is_err() || profile.secret.pattern.is_none();
    if let Some((other, _)) = unsettled.then(foreign).flatten() {
        return Err(malformed(address, &format!("looks like a secret of {} (`{}`)", safe(&other.title), safe(&other.name))));
    }
    let secret = secret.map_err(|problem| malformed(address, &wording(&problem)))?;
    if previous.is_some_and(|previous| is_same(&previous, &secret)) {
        let message = format!("what was handed over for `{address}` is the previous secret");
        let help = format!("make a new one, named `{label}`; nothing was written");
        return Err(Stop::with(Exit::Error, Diagnostic::error(Code::FulfilMalformed, message).help(help)));
    }
    let tried = try_out(session, args, account, step, &secret).await?;
    Ok(Handed { secret, expires_at, tried })
}

/// The secret that is in use, with an identity: one that cannot open it would let the previous secret pass for a new one.
async fn previous_secret(account: &Account<'_>, address: &Address) -> Result<Option<Secret>, Stop> {
    if account.identities.is_none() {
        return Ok(None);
    }
    attended::published_secret(account, &address.name).await.map_err(|failure| {
        let message = format!("`{address}`: the secret in use cannot be opened, and a new one not be told from it: {}", failure.message);
        let help = "give the identity that opens it, or leave `-i` out; nothing was written";
        Stop::with(Exit::Error, Diagnostic::error(Code::CredentialInvalid, message).help(help))
    })
}

/// The end that the person says they chose.
fn chosen_end(session: &Session<'_>, args: &FulfilArgs, profile: &Profile) -> Result<Option<jiff::Timestamp>, Stop> {
    let Some(expires) = args.expires else { return Ok(None) };
    if !profile.capabilities.expiry.settable {
        return Err(Stop::message(format!("no end can be chosen at `{}`: leave `--expires` out", profile.name)));
    }
    match expires.end() {
        Some(end) if end <= session.host.clock().now() => Err(Stop::message(format!("the last second of that day, {end}, has passed"))),
        Some(end) => Ok(Some(end)),
        None => Err(Stop::message("a key without an end is not what was asked for: make it with the end that the runbook names")),
    }
}

/// Tries the secret before anything is written.
async fn try_out(
    session: &Session<'_>,
    args: &FulfilArgs,
    account: &Account<'_>,
    step: &Generation,
    secret: &Secret,
) -> Result<TriedOut, Stop> {
    let address = &args.address;
    let refuse = |exit, code, message: String, help: &str| Err(Stop::with(exit, Diagnostic::error(code, message).help(help)));
    if !account.capabilities.verify {
        return Ok(TriedOut::Untriable);
    }
    session.host.say(&format!("trying it at `{}` …", safe(account.provider_name)));
    let liveness = attended::try_out(account, step, secret).await.map_err(|failure| recovery::not_done(address, &failure))?;
    match liveness {
        Liveness::Alive => Ok(TriedOut::Works),
        Liveness::Dead => {
            let message = format!("what was handed over for `{address}` is dead: the provider refuses it as revoked or unknown");
            refuse(Exit::Error, Code::ProviderVerifyFailed, message, "copy it once more, whole, or make another; nothing was written")
        }
        Liveness::Expired => {
            let message = format!("what was handed over for `{address}` has expired");
            refuse(Exit::Error, Code::ProviderVerifyFailed, message, "make another; nothing was written")
        }
        Liveness::Lacks { .. } | Liveness::Undecided(_) if args.unverified => Ok(TriedOut::Unverified),
        Liveness::Lacks { scopes, .. } => {
            let words: Vec<String> = scopes.iter().map(|scope| format!("`{}`", safe(scope.as_str()))).collect();
            let message = format!("what was handed over for `{address}` is alive, and lacks {}", words.join(", "));
            let help = "make it again with exactly the scopes of the runbook, or accept it with `--unverified`; nothing was written";
            refuse(Exit::Error, Code::ProviderLacksScope, message, help)
        }
        Liveness::Undecided(why) => {
            let message = format!("what was handed over for `{address}` could not be tried: {}", safe(&why));
            let help = "try again later, or accept it with `--unverified`; nothing was written";
            refuse(Exit::Partial, Code::ProviderVerifyUndecided, message, help)
        }
    }
}

/// The generation that was revoked, proven to be dead where it can be.
async fn revoked(
    session: &Session<'_>,
    args: &FulfilArgs,
    account: &Account<'_>,
    observed: &Observed,
    only: &BTreeSet<Address>,
) -> Result<Revoked, Stop> {
    let (host, address) = (session.host, &args.address);
    let asked = Asked::default();
    let wishes = Wishes { mode: Mode::Live, only, can_open: account.identities.is_some(), asked: &asked, before: Before::default() };
    let plan = session.plan(observed, &wishes, host.clock().now());
    let asked = plan.attended.iter().filter(|step| step.kind == "revoke").filter_map(|step| step.generation);
    let numbers: Vec<u32> = asked.filter(|number| args.generation.is_none_or(|wanted| wanted == *number)).collect();
    let asked = numbers.first().and_then(|number| session.records.get(address)?.generation(*number));
    let Some(generation) = asked else {
        let diagnostic = Diagnostic::error(Code::FulfilNotOpen, format!("`{address}`: no revocation is waited for"));
        return Err(Stop::with(Exit::Error, diagnostic.help("see what is open with `keywright plan`")));
    };
    if numbers.len() > 1 {
        let words: Vec<String> = numbers.iter().map(u32::to_string).collect();
        let message = format!("`{address}`: revocations of the generations {} are waited for", words.join(", "));
        let diagnostic = Diagnostic::error(Code::FulfilNotOpen, message);
        return Err(Stop::with(Exit::Error, diagnostic.help("name the revoked one with `--generation`; nothing was written")));
    }
    // The access token of a grant ends by itself: that it is refused proves nothing.
    let current = generation.state == GenerationState::Active && generation.sealed.is_some() && generation.grant.is_none();
    let secret = if current && account.identities.is_some() {
        attended::published_secret(account, &address.name).await.map_err(|failure| recovery::not_done(address, &failure))?
    } else {
        None
    };
    let label = safe(&generation.label);
    let Some(secret) = secret.filter(|_| account.capabilities.verify) else {
        let more = match (current && account.capabilities.verify, account.identities.is_some()) {
            (true, false) => "; `-i IDENTITY` would prove it",
            (false, true) => "; there is nothing to try: its secret is not at hand any more, or its provider has no call for that",
            (true, true) | (false, false) => "",
        };
        host.say(&format!("{address}: that `{label}` is revoked is taken on your word{more}"));
        return Ok(Revoked { number: generation.number, proof: Proof::Word });
    };
    let proof = match attended::try_out(account, generation, &secret).await.map_err(|failure| recovery::not_done(address, &failure))? {
        Liveness::Dead | Liveness::Expired => {
            host.say(&format!("{address}: `{label}` is refused: it is dead"));
            Proof::Refused
        }
        Liveness::Alive | Liveness::Lacks { .. } => {
            let message = format!("`{address}`: `{label}` still works: it is not revoked");
            let diagnostic = Diagnostic::error(Code::ProviderNotApplied, message);
            return Err(Stop::with(Exit::Error, diagnostic.help("revoke it at the provider, then confirm it; nothing was written")));
        }
        Liveness::Undecided(_) if args.unverified => {
            host.say(&format!("{address}: that `{label}` is revoked is taken on your word"));
            Proof::Word
        }
        Liveness::Undecided(why) => {
            let message = format!("`{address}`: whether `{label}` is dead could not be tried: {}", safe(&why));
            let help = "try again later, leave `-i` out, or add `--unverified`; nothing was written";
            return Err(Stop::with(Exit::Partial, Diagnostic::error(Code::ProviderVerifyUndecided, message).help(help)));
        }
    };
    Ok(Revoked { number: generation.number, proof })
}

/// Records it, and writes back.
async fn act(
    session: &mut Session<'_>,
    beyond: &Beyond<'_>,
    remote: Option<&dyn Remote>,
    (providers, observed, places): (&Providers, &Observed, &Places),
    identities: Option<&Identities>,
    (address, deed): (&Address, &Deed),
) -> Result<(Exit, Written), Stop> {
    let journal = recovery::begin(session, beyond, remote).await?;
    let touched = BTreeSet::from([address.clone()]);
    let (result, said, undelivered) = match deed {
        Deed::Finish => {
            let (_, failed) = recovery::recover(session, providers, observed, &journal, identities, &touched).await;
            let (exit, word) = if failed == 0 { (Exit::Done, "finished") } else { (Exit::Partial, "not finished") };
            let printed = print(format!("{address}: what an earlier run took over is {word}.\n"));
            let diagnostic =
                Diagnostic::error(Code::PlanUnfinished, format!("`{address}`: this run took nothing: an earlier one came first"));
            let help = "`keywright plan` says what is still open, deliveries too; run this command again where it is wanted";
            session.host.report(&Stop::with(Exit::Partial, diagnostic.help(help)));
            let finished = recovery::finish(session, beyond, journal, touched, &[], exit).await;
            // Nothing of what was asked for was done.
            return printed.and(finished.map(|(_, written)| (Exit::Partial, written)));
        }
        Deed::Handed(_) | Deed::Revoked(_) | Deed::Withdrawn(_) => {
            let accounts = recovery::accounts(session, providers, &observed.listings, &journal, identities);
            let accounts = recovery::with_places(accounts, places);
            let account = accounts.first().ok_or_else(|| Stop::message(format!("the account of `{address}` cannot be opened")))?;
            let (result, said) = match deed {
                Deed::Handed(handed) => (attended::take_over(account, &address.name, handed).await, taken(handed)),
                Deed::Revoked(revoked) => (
                    attended::confirm_revoked(account, &address.name, revoked).await,
                    format!("the revocation is recorded ({})", words(revoked)),
                ),
                Deed::Withdrawn(label) => (
                    attended::withdraw(account, &address.name).await,
                    format!("the request is taken back; a key named `{label}` that was made all the same is to be revoked by hand"),
                ),
                Deed::Finish => (Ok(()), String::new()),
            };
            let undelivered = match (deed, &result) {
                (Deed::Handed(handed), Ok(())) => delivery::deliver_handed(account, &address.name, &handed.secret).await,
                (Deed::Handed(_) | Deed::Revoked(_) | Deed::Withdrawn(_) | Deed::Finish, _) => Vec::new(),
            };
            recovery::tell(session.host, &accounts);
            let records = recovery::records(&accounts);
            drop(accounts);
            session.remember(records);
            (result, said, undelivered)
        }
    };
    let exit = if result.is_ok() && undelivered.is_empty() { Exit::Done } else { Exit::Partial };
    let printed = match &result {
        Ok(()) => told(session, address, deed, &said),
        Err(failure) => {
            session.host.report(&recovery::not_done(address, failure));
            Ok(())
        }
    };
    undelivered.iter().for_each(|failure| session.host.report(&recovery::not_done(address, failure)));
    let outcomes = [Outcome { address: address.clone(), action: Action::Attended, result }];
    let finished = recovery::finish(session, beyond, journal, touched, &outcomes, exit).await;
    printed.and(finished)
}

/// Says what was recorded, where the secret went, and what a person has to do with it next.
fn told(session: &Session<'_>, address: &Address, deed: &Deed, said: &str) -> Result<(), Stop> {
    let current = session.records.get(address).and_then(KeyRecord::current).filter(|_| matches!(deed, Deed::Handed(_)));
    let places: Vec<String> = current.into_iter().flat_map(|current| current.deliveries.keys()).map(|name| format!("`{name}`")).collect();
    let delivered = if places.is_empty() { String::new() } else { format!("; delivered to {}", places.join(", ")) };
    print(format!("{address}: {said}{delivered}.\n"))?;
    let only = BTreeSet::from([address.clone()]);
    let asked = Asked::default();
    let wishes = Wishes { mode: Mode::Live, only: &only, can_open: false, asked: &asked, before: Before::default() };
    let plan = session.plan(&session.assume(&only), &wishes, session.host.clock().now());
    let next: Vec<_> = plan.attended.into_iter().filter(|step| step.kind == "deliver").collect();
    print(crate::render::runbook::open_text(&next, session.host.style(session.host.colour_out())))
}

fn taken(handed: &Handed) -> String {
    match handed.tried {
        TriedOut::Works => "tried, sealed and published".to_owned(),
        TriedOut::Untriable => "sealed and published; its provider offers no call that would try it".to_owned(),
        TriedOut::Unverified => {
            "sealed and published without having been tried: every plan says so until `keywright verify` has".to_owned()
        }
    }
}

fn words(revoked: &Revoked) -> String {
    let unproven = match revoked.proof {
        Proof::Refused => "",
        Proof::Word => ", unproven",
    };
    format!("generation {}{unproven}", revoked.number)
}

fn malformed(address: &Address, what: &str) -> Stop {
    let diagnostic = Diagnostic::error(Code::FulfilMalformed, format!("what was handed over for `{address}` {what}"));
    Stop::with(Exit::Error, diagnostic.help("copy it once more from the provider's page, whole; nothing was written"))
}

/// The problem as the rest of a sentence about what was handed over.
fn wording(problem: &SecretProblem) -> String {
    let text = problem.to_string();
    text.strip_prefix("it ").unwrap_or(&text).to_owned()
}

/// Whether two secrets are the same, without telling by the time it takes how much of them is.
fn is_same(left: &Secret, right: &Secret) -> bool {
    let (left, right): (Vec<_>, Vec<_>) = (left.parts().collect(), right.parts().collect());
    left.len() == right.len() && left.iter().zip(&right).all(|((_, left), (_, right))| bool::from(left.as_bytes().ct_eq(right.as_bytes())))
}
