//! `doctor`: checks what apply will need, without changing anything.
mod reach;

use std::fs;
use std::path::Path;

use super::apply::block_on;
use super::args::{DoctorArgs, OutputFormat};
use super::exit::{Exit, Stop};
use super::host::Host;
use super::issuers::Clients;
use super::session::{Purpose, Session};
use super::{beyond, plan as planning, print, recovery};
use crate::apply::Opening;
use crate::files;
use crate::git::JournalRef;
use crate::model::{Listing, Name, Recipients};
use crate::profile::Api;
use crate::provider::Provider;
use crate::render;
use crate::render::doctor::{Checkup, Health, doctor_json, doctor_text};
use crate::vault;
use crate::workspace::Delivery;
use crate::workspace::workflows::{self as workflow, Remark};

/// A clock that is off by more than this many seconds makes signatures fail at some providers.
const TOLERATED_SKEW: u64 = 60;
/// The greatest workflow that is read, in bytes.
const LARGEST_WORKFLOW: u64 = 1024 * 1024;

pub fn run(host: &Host, args: &DoctorArgs) -> Result<Exit, Stop> {
    planning::no_pull_request(host, "doctor")?;
    let session = Session::open(host)?;
    let mut checks = vec![good(
        "workspace",
        format!("{}, {}", render::count(session.workspace.accounts.len(), "account"), render::count(session.workspace.keys.len(), "key")),
    )];
    checks.push(reach::hosts(&session));
    checks.extend(directories(&session));
    checks.extend(recipients(&session));
    checks.extend(deliveries(&session));
    checks.extend(block_on(async {
        let mut checks = accounts(&session).await;
        checks.extend(git(&session).await);
        checks
    })?);
    print(match args.output {
        OutputFormat::Text => doctor_text(&checks, host.style(host.colour_out())),
        OutputFormat::Json => doctor_json(&checks),
    })?;
    Ok(if checks.iter().any(|check| check.health == Health::Bad) { Exit::Error } else { Exit::Done })
}

fn good(subject: impl Into<String>, says: impl Into<String>) -> Checkup {
    Checkup { subject: subject.into(), health: Health::Good, says: says.into(), help: None }
}

fn bad(subject: impl Into<String>, says: impl Into<String>, help: Option<&str>) -> Checkup {
    Checkup { subject: subject.into(), health: Health::Bad, says: says.into(), help: help.map(str::to_owned) }
}

fn warning(subject: impl Into<String>, says: impl Into<String>, help: &str) -> Checkup {
    Checkup { subject: subject.into(), health: Health::Warning, says: says.into(), help: Some(help.to_owned()) }
}

/// Whether apply could write.
fn directories(session: &Session<'_>) -> Vec<Checkup> {
    let root = &session.workspace.root;
    let try_one = |area: &str| match files::try_writing_in(&root.join(area)) {
        Ok(()) => good(format!("{area}/"), "can be written"),
        Err(error) => bad(format!("{area}/"), error.to_string(), None),
    };
    ["ledger", "secrets", ".keywright"].map(try_one).into()
}

/// Whether each set of recipients can be encrypted to.
fn recipients(session: &Session<'_>) -> Vec<Checkup> {
    let mut tried: Vec<&Recipients> = Vec::new();
    for key in session.workspace.keys.values() {
        if !tried.contains(&&*key.recipients) {
            tried.push(&key.recipients);
        }
    }
    let check = |set: &Recipients| {
        let subject = format!("recipients {}", set.keys().cloned().collect::<Vec<_>>().join(", "));
        let trial = vault::recipient::distinct(set).map_err(|problem| problem.to_string());
        match trial.and_then(|recipients| vault::seal::trial(&recipients).map(|()| recipients.len()).map_err(|problem| problem.to_string()))
        {
            Ok(number) => good(subject, format!("a trial encryption to {number} worked")),
            Err(problem) => bad(subject, problem, None),
        }
    };
    tried.into_iter().map(check).collect()
}

/// Whether each delivery's credential is there. Nobody is asked.
fn deliveries(session: &Session<'_>) -> Vec<Checkup> {
    let check = |delivery: &Delivery| {
        let subject = format!("delivery {}", delivery.target.name);
        match session.open_place(delivery) {
            Opening::Api(_) => good(subject, "its credential is there"),
            Opening::Attended => good(subject, format!("a person delivers to {}: no credential is needed", delivery.kind().title)),
            Opening::Unusable(diagnostic) => bad(subject, diagnostic.message, diagnostic.help.as_deref()),
        }
    };
    session.workspace.deliveries.values().map(check).collect()
}

/// Whether each issuer of grants in use says where its endpoints are. Nothing is asked of the client.
async fn issuers(session: &Session<'_>) -> Vec<Checkup> {
    let mut checks = Vec::new();
    for (name, issued) in session.issuers(&std::collections::BTreeSet::new(), Clients::Read) {
        if !session.has_grants(&name, issued.grants) {
            continue;
        }
        let subject = format!("{name}: issuer of grants");
        checks.push(match issued.issuer {
            Err(diagnostic) => bad(subject, diagnostic.message, diagnostic.help.as_deref()),
            Ok(issuer) => match issuer.prepare().await {
                Ok(()) => good(subject, "its client is there, and its discovery document leads to its own host"),
                Err(error) => bad(subject, error.to_string(), None),
            },
        });
    }
    checks
}

/// Each credential is there and accepted, and the clocks agree.
async fn accounts(session: &Session<'_>) -> Vec<Checkup> {
    let mut checks = Vec::new();
    for (name, account) in &session.workspace.accounts {
        let purposes: &[(Purpose, &str)] = match account.plan_credential {
            Some(_) => &[(Purpose::Apply, "credential"), (Purpose::Plan, "plan credential")],
            None => &[(Purpose::Apply, "credential")],
        };
        for (purpose, word) in purposes {
            let word = if matches!(account.profile.api, Some(Api::Keyring)) { "store" } else { word };
            let subject = format!("{name}: {word}");
            match session.open_account(name, *purpose) {
                Err(diagnostic) => checks.push(bad(subject, diagnostic.message, diagnostic.help.as_deref())),
                Ok(_) if account.profile.attended().is_some() => {
                    checks.push(good(
                        format!("{name}: attended"),
                        "a person makes its keys: no credential is needed for them, and nothing can be listed",
                    ));
                }
                Ok(provider) => {
                    let listed = provider.list().await;
                    match listed {
                        Ok(keys) => {
                            checks.push(good(
                                subject,
                                format!("accepted; {} there", render::count(keys.iter().filter(|key| !key.is_off_limits()).count(), "key")),
                            ));
                            if *purpose == Purpose::Plan {
                                let own = keys.iter().find(|key| provider.own_id().map_or(key.own, |id| key.id == id));
                                checks.push(reach::plan_credential(account, own));
                            }
                        }
                        Err(error) => checks.push(bad(subject, error.to_string(), None)),
                    }
                    checks.extend(clock(name, provider.as_ref()));
                }
            }
        }
    }
    checks.extend(issuers(session).await);
    let only = std::collections::BTreeSet::new();
    let observed = session.observe(&session.providers(Purpose::Apply, &only), Purpose::Apply).await;
    let left = recovery::unfinished(session, &observed, &only).len();
    let known = observed.listings.values().all(|listing| matches!(listing, Listing::Complete(_) | Listing::Attended));
    checks.push(match left {
        0 if known => good("earlier applies", "nothing was left unfinished"),
        0 => warning("earlier applies", "not every account can be read", "mend the accounts above"),
        1 => warning("earlier applies", "1 key was left unfinished", "`keywright recover` shows it, and `apply` goes on"),
        number => {
            warning("earlier applies", format!("{number} keys were left unfinished"), "`keywright recover` shows them, and `apply` goes on")
        }
    });
    checks
}

fn clock(name: &Name, provider: &dyn Provider) -> Option<Checkup> {
    let skew = provider.clock_skew()?;
    let subject = format!("{name}: clock");
    Some(if skew.unsigned_abs() > TOLERATED_SKEW {
        bad(
            subject,
            format!("the provider's clock is {skew} seconds ahead of ours"),
            Some("set this machine's clock right: signatures and expiries depend on it"),
        )
    } else {
        good(subject, format!("{} s apart", skew.unsigned_abs()))
    })
}

/// Whether the repository's GitHub workflows that run the program may do what they need, and no more.
fn workflows(top: &Path) -> Vec<Checkup> {
    let directory = top.join(".github/workflows");
    let Ok(entries) = fs::read_dir(&directory) else { return Vec::new() };
    let mut names: Vec<String> = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    names.retain(|name| name.ends_with(".yml") || name.ends_with(".yaml"));
    names.sort();
    let read = |name: &String| files::read(&directory.join(name), LARGEST_WORKFLOW).ok();
    let check = |name: &String| {
        let remarks = workflow::judge(&read(name)?)?;
        let subject = format!("workflow {name}");
        let fine = remarks.is_empty().then(|| good(&subject, "its jobs say what they may do, and may not do more than they need"));
        let say = |remark: Remark| match remark.bad {
            true => bad(&subject, remark.says, Some(remark.help)),
            false => warning(&subject, remark.says, remark.help),
        };
        Some(fine.into_iter().chain(remarks.into_iter().map(say)).collect::<Vec<_>>())
    };
    names.iter().filter_map(check).flatten().collect()
}

/// Whether `--push` and `--durable git` would work.
async fn git(session: &Session<'_>) -> Vec<Checkup> {
    let repository = match beyond::repository(session).await {
        Ok(repository) => repository,
        Err(error) => return vec![warning("git", error.to_string(), error.help())],
    };
    let mut checks = workflows(repository.top());
    let target = match repository.target(session.host.ci_branch().as_deref()).await {
        Ok(target) => target,
        Err(error) => {
            checks.push(warning("git: --push", error.to_string(), error.help()));
            return checks;
        }
    };
    checks.push(match repository.can_push(&target).await {
        Ok(()) => good(
            "git: --push",
            format!("`{}` of `{}` can be pushed to, as far as the remote says beforehand", target.branch, target.remote),
        ),
        Err(error) => warning("git: --push", error.to_string(), error.help()),
    });
    let journal = match JournalRef::open(&repository, &target.remote).await {
        Ok(journal) => journal.can_push().await,
        Err(error) => Err(error),
    };
    checks.push(match journal {
        Ok(()) => good(
            "git: --durable git",
            format!("the journal ref of `{}` can be pushed to, as far as the remote says beforehand", target.remote),
        ),
        Err(error) => warning("git: --durable git", error.to_string(), error.help()),
    });
    checks
}
