//! What an apply does beyond this machine's disk: its journal at the remote, and the write-back of secrets and ledger.
mod manifests;

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::future::Future;
use std::time::Duration;

use async_trait::async_trait;

use super::args::{Durable, Writing};
use super::exit::{Exit, Stop};
use super::host::Host;
use super::import;
use super::session::Session;
use crate::adopt::{self, Unwritten, manifest_of};
use crate::apply::Outcome;
use crate::apply::journal::{Remote, SealedFile};
use crate::diagnostics::{Code, Diagnostic};
use crate::files::process::Process;
use crate::git::{self, Committed, Environment, GitError, Held, JournalRef, Repository, Rest, State, Target};
use crate::ledger;
use crate::model::Address;
use crate::model::text_safety::safe;

/// How often a running apply shows that it is alive; well below the lease of its lock.
const RENEWAL: Duration = Duration::from_secs(60);

/// How far the files of an apply went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// Not further than this machine, as far as is known.
    Locally,
    /// The branch of the remote has them.
    Pushed,
    /// A branch of their own has them.
    Rescued,
}

/// The repository around a workspace, as far as an apply was asked to use it.
pub struct Beyond<'h> {
    host: &'h Host,
    id: String,
    commit: bool,
    /// With `--commit`, `--push` or `--durable git`.
    repository: Option<Repository>,
    /// With `--push`; with `--durable git` where there is one.
    target: Option<Target>,
    push: bool,
    journal: Option<JournalRef>,
    found: State,
    /// HEAD has files of ours that the target lacks.
    ahead: bool,
    /// Adopted keys that HEAD lacks, where a commit was asked for.
    unwritten: Unwritten,
    /// Keys that a person confirmed, for the message of the commit.
    pub reviewed: BTreeSet<Address>,
}

impl<'h> Beyond<'h> {
    /// Proves what can be proven before anything is asked of a provider: there is a repository, the remote lets us in, nobody else applies.
    pub async fn open(session: &Session<'h>, writing: &Writing) -> Result<Self, Stop> {
        let host = session.host;
        let mut beyond = Self {
            host,
            id: host.random_id(),
            commit: writing.commit || writing.push,
            repository: None,
            target: None,
            push: writing.push,
            journal: None,
            found: State::default(),
            ahead: false,
            unwritten: Unwritten::default(),
            reviewed: BTreeSet::new(),
        };
        if !beyond.commit && writing.durable.is_none() {
            return Ok(beyond);
        }
        let repository = repository(session).await.map_err(not_ready)?;
        let branch = host.ci_branch();
        if writing.push {
            let target = repository.target(branch.as_deref()).await.map_err(not_ready)?;
            repository.can_push(&target).await.map_err(not_ready)?;
            beyond.target = Some(target);
        } else if writing.durable.is_some() {
            beyond.target = repository.target(branch.as_deref()).await.ok();
        }
        if writing.push || writing.durable.is_some() {
            let remote = beyond.target.as_ref().map_or("origin", |target| &target.remote);
            let journal = JournalRef::open(&repository, remote).await.map_err(not_ready)?;
            let found = journal.fetch().await.map_err(not_ready)?;
            if let Some(holder) = found.holder.as_ref().filter(|holder| holder.is_alive(host.real_now())) {
                return Err(not_ready(GitError::HeldBy(Box::new(holder.clone()))));
            }
            match writing.durable {
                Some(Durable::Git) => {
                    beyond.found = found;
                    beyond.journal = Some(journal);
                }
                None if !found.journal.is_empty() => {
                    let message = "the journal of the remote holds what an apply left that was not written back";
                    let help = "add `--durable git`, which goes on from there; nothing was changed";
                    return Err(Stop::with(Exit::Error, Diagnostic::error(Code::ApplyJournal, message).help(help)));
                }
                None => {}
            }
        }
        // After the journal was read: an apply that ended before has pushed before, and one that ends later is found out when it is taken.
        if let Some(target) = &beyond.target {
            if beyond.push {
                let all = paths_of(session, &BTreeSet::new());
                beyond.ahead = repository.unpushed(&all, target, "", "").await.map_err(not_ready)?.is_some();
            }
            repository.is_up_to_date(&["ledger", "secrets"], target).await.map_err(not_ready)?;
        }
        beyond.repository = Some(repository);
        if beyond.commit {
            beyond.unwritten = unwritten(session)?;
            for account in beyond.unwritten.accounts() {
                beyond.is_clean(session, account, &beyond.unwritten).await?;
            }
        }
        Ok(beyond)
    }

    /// Whether a commit was asked for.
    pub fn commits(&self) -> bool {
        self.commit
    }

    /// Whether there are files of ours that were to be committed or pushed, and are not.
    pub fn is_behind(&self) -> bool {
        !self.unwritten.is_empty() || self.ahead
    }

    /// What earlier applies on any machine left in the journal of the remote.
    pub fn lines(&self) -> &[u8] {
        &self.found.journal
    }

    /// The ciphertexts beside these lines.
    pub fn sealed(&self) -> &BTreeMap<String, Vec<u8>> {
        &self.found.sealed
    }

    /// Whether there is something to write back or to take over even when no key is to be changed.
    pub fn has_work(&self, session: &Session<'_>) -> bool {
        let left = self.found.holder.is_some() || !self.found.journal.is_empty();
        let journaled = !session.replayed.journaled.is_empty();
        (self.journal.is_some() && (left || journaled)) || (self.commit && journaled) || self.is_behind()
    }

    /// Takes the journal of the remote for this apply.
    ///
    /// Guarantees: nobody held it since it was read, so that what was planned from it, from the ledger and from the providers is not older than what
    /// another apply did. Errors: somebody holds it, or did meanwhile; then it was given back.
    pub async fn acquire(&self) -> Result<Option<Held>, Stop> {
        let Some(journal) = &self.journal else { return Ok(None) };
        let process = Process::here(std::process::id());
        let held = journal.acquire(&self.id, &process, self.host.real_now()).await.map_err(not_ready)?;
        if held.recovered().tip != self.found.tip {
            held.release(Rest::Everything).await.map_err(not_ready)?;
            return Err(not_ready(GitError::Moved(git::JOURNAL_REF.to_owned())));
        }
        Ok(Some(held))
    }

    /// The held journal as apply sees it.
    pub fn remote<'a>(&'a self, held: &'a Held) -> Pushing<'a> {
        Pushing { held, host: self.host }
    }

    /// Commits and pushes the files of the touched keys and of those that imports have left to commit, as far as was asked for.
    ///
    /// Guarantees: nothing but their ledger and secret files is committed, and with adopted keys their manifest, since a record without its entry
    /// would be taken for a removed key. Errors: the commit, or a remote that took neither the branch nor a rescue branch; the files stay, and what
    /// is to be committed is not forgotten.
    pub async fn write_back(&self, session: &Session<'_>, touched: &BTreeSet<Address>, outcomes: &[Outcome]) -> Result<Written, Stop> {
        let left = if self.commit { unwritten(session)? } else { Unwritten::default() };
        for account in left.accounts() {
            self.is_clean(session, account, &left).await?;
        }
        let adopted: BTreeSet<Address> = left.addresses().cloned().collect();
        let touched = &(touched | &adopted);
        let (subject, body) = message(session, touched, outcomes, &self.reviewed, &adopted);
        let (subject, body) = (subject.as_str(), body.as_str());
        let mut paths = paths(touched);
        paths.extend(left.accounts().map(|account| manifest_of(account).to_string()));
        let Some(repository) = &self.repository else { return Ok(Written::Locally) };
        let mut committed = None;
        if self.commit {
            committed = repository.commit(&paths, subject, body).await.map_err(failed)?;
            if let Some(committed) = &committed {
                self.host.say(&format!("committed {} as {}", count(touched.len()), short(committed)));
                if committed.index_behind {
                    self.host.say("another git kept the index locked: `git reset -q -- secrets ledger` brings it up to the commit");
                }
            }
            if !left.is_empty() {
                // From here on HEAD knows what is still to be pushed.
                adopt::written_back(&session.workspace.root).map_err(import::unfinished)?;
            }
        }
        let Some(target) = &self.target else { return Ok(Written::Locally) };
        if !self.push {
            // What a person has pushed by hand is written back, too. A remote that is gone now says nothing against what was done.
            let there = repository.has_all(&paths, target).await.unwrap_or(false);
            return Ok(if there { Written::Pushed } else { Written::Locally });
        }
        // What an earlier run committed and could not push goes along.
        let mut all = paths_of(session, touched);
        all.extend(paths);
        let unpushed = repository.unpushed(&all, target, subject, body).await.map_err(failed)?;
        match unpushed.or(committed) {
            Some(committed) => self.push(repository, &committed, target).await,
            None => Ok(Written::Pushed),
        }
    }

    async fn push(&self, repository: &Repository, committed: &Committed, target: &Target) -> Result<Written, Stop> {
        let branch = safe(&target.branch);
        match repository.push(committed, target, &self.id).await.map_err(failed)? {
            git::Outcome::Pushed { rebased: false, commit } => {
                self.host.say(&format!("pushed {commit:.12} to `{branch}`"));
                Ok(Written::Pushed)
            }
            git::Outcome::Pushed { rebased: true, commit } => {
                self.host.say(&format!("`{branch}` had moved: pushed {commit:.12} upon it; `git pull --rebase` brings this clone up"));
                Ok(Written::Pushed)
            }
            git::Outcome::Rescued { branch: rescue, reason } => {
                let message = format!("`{branch}` did not take the secrets and ledger files: {}", safe(&reason));
                let help = format!(
                    "they are safe in the branch `{rescue}`: open a pull request from it, or `git merge {}/{rescue}`",
                    target.remote
                );
                self.host.report(&Stop::with(Exit::Partial, Diagnostic::error(Code::ApplyRescued, message).help(help)));
                Ok(Written::Rescued)
            }
        }
    }

    /// Does work while the journal of the remote, if any, is held, and shows the other machines now and then that this apply is alive: a long
    /// listing writes nothing into the journal.
    pub async fn holding<T>(&self, held: Option<&Held>, work: impl Future<Output = T>) -> T {
        let Some(held) = held else { return work.await };
        let renewing = async {
            loop {
                tokio::time::sleep(RENEWAL).await;
                // Who has lost the journal learns it with the next step, and one sign of life may get lost.
                let _ = held.renew(self.host.real_now()).await;
            }
        };
        tokio::select! {
            done = work => done,
            never = renewing => never,
        }
    }

    /// Does what writes, with the journal of the remote held where there is one, and gives that back whatever came of it.
    pub async fn acting<T>(&self, act: impl AsyncFnOnce(Option<&dyn Remote>) -> Result<(T, Written), Stop>) -> Result<T, Stop> {
        let held = self.acquire().await?;
        let remote = held.as_ref().map(|held| self.remote(held));
        let ended = self.holding(held.as_ref(), act(remote.as_ref().map(|remote| remote as &dyn Remote))).await;
        let written = ended.as_ref().map_or(Written::Locally, |(_, written)| *written);
        let released = self.release(held, written).await;
        let (done, _) = ended?;
        released?;
        Ok(done)
    }

    /// Gives the journal of the remote back. It keeps what was not written back.
    pub async fn release(&self, held: Option<Held>, written: Written) -> Result<(), Stop> {
        let Some(held) = held else { return Ok(()) };
        let rest = if written == Written::Pushed { Rest::Nothing } else { Rest::Everything };
        held.release(rest).await.map_err(|error| {
            let message = format!("the journal of the remote could not be given back: {error}");
            Stop::with(
                Exit::Partial,
                Diagnostic::error(Code::ApplyNotPushed, message).help("apply again: this run counts as ended when its lease has passed"),
            )
        })
    }
}

/// The journal of a remote as the port that apply writes to.
pub struct Pushing<'a> {
    held: &'a Held,
    host: &'a Host,
}

#[async_trait(?Send)]
impl Remote for Pushing<'_> {
    async fn append(&self, lines: Vec<u8>, sealed: Vec<SealedFile>) -> Result<(), String> {
        self.held.append(lines, sealed.into_iter().collect(), self.host.real_now()).await.map_err(|error| error.to_string())
    }
}

/// The files of some keys, below the workspace.
fn paths(addresses: &BTreeSet<Address>) -> BTreeSet<String> {
    addresses.iter().flat_map(|address| [ledger::record_name(address), ledger::secret_name(address)]).collect()
}

/// The files of all keys that the ledger has, and of these; with the manifests of adopted ones, which must not lag behind their records.
fn paths_of(session: &Session<'_>, addresses: &BTreeSet<Address>) -> BTreeSet<String> {
    // A key that was moved has left files behind that the branch may still have.
    let mut all = paths(&session.records.keys().chain(addresses).chain(session.workspace.moved.values()).cloned().collect());
    let adopted = session.records.values().filter(|record| record.generations.iter().any(|generation| generation.adopted.is_some()));
    all.extend(adopted.map(|record| manifest_of(&record.address.account).to_string()));
    all
}

fn unwritten(session: &Session<'_>) -> Result<Unwritten, Stop> {
    adopt::unwritten(&session.workspace.root).map_err(import::unfinished)
}

/// The repository around the workspace; `git` gets no admin credential in its environment.
pub async fn repository(session: &Session<'_>) -> Result<Repository, GitError> {
    let environment = Environment::new(env::vars_os());
    let names = session.credential_variables();
    Repository::discover(&session.workspace.root, &environment.without(names.iter().map(String::as_str))).await
}

/// The message of a write-back: one line for every key.
fn message(
    session: &Session<'_>,
    touched: &BTreeSet<Address>,
    outcomes: &[Outcome],
    reviewed: &BTreeSet<Address>,
    adopted: &BTreeSet<Address>,
) -> (String, String) {
    let moved = |address: &Address| {
        let away = |(_, from): &(&Address, &Address)| *from == address && !session.records.contains_key(address);
        session.workspace.moved.iter().find(away).map(|(to, _)| to)
    };
    let lines: Vec<String> = touched
        .iter()
        .map(|address| match outcomes.iter().find(|outcome| outcome.address == *address) {
            Some(Outcome { result: Ok(()), action, .. }) => format!("{} {address}", action.as_str()),
            Some(Outcome { result: Err(_), action, .. }) => format!("{} {address} (not finished)", action.as_str()),
            None if reviewed.contains(address) => format!("review {address}"),
            None if adopted.contains(address) => format!("import {address}"),
            None => match moved(address) {
                Some(to) => format!("move {address} to {to}"),
                None => format!("recover {address}"),
            },
        })
        .collect();
    let keys = touched.iter().filter(|address| moved(address).is_none()).count();
    let imported = if !adopted.is_empty() && touched.is_subset(adopted) { " imported" } else { "" };
    (format!("keywright: {}{imported}", count(keys)), lines.join("\n"))
}

fn count(keys: usize) -> String {
    if keys == 1 { "1 key".to_owned() } else { format!("{keys} keys") }
}

fn short(committed: &Committed) -> String {
    format!("{:.12}", committed.commit)
}

fn not_ready(error: GitError) -> Stop {
    let code = match &error {
        GitError::HeldBy(_) | GitError::Moved(_) => Code::ApplyLocked,
        GitError::NoRepository
        | GitError::NoProgram
        | GitError::NoRemote(_)
        | GitError::NoBranch
        | GitError::NoCommit(_)
        | GitError::Behind { .. }
        | GitError::Refused { .. }
        | GitError::Unreachable(_)
        | GitError::TimedOut(_)
        | GitError::TakenOver
        | GitError::Damaged(_)
        | GitError::Other(_) => Code::ApplyGit,
    };
    let help = format!("{}; nothing was changed", error.help());
    Stop::with(Exit::Error, Diagnostic::error(code, error.to_string()).help(help))
}

fn failed(error: GitError) -> Stop {
    let message = format!("secrets and ledger files were written here, and could not be written back: {error}");
    Stop::with(
        Exit::Partial,
        Diagnostic::error(Code::ApplyNotPushed, message).help(format!("{}; run this again, or apply, to write them back", error.help())),
    )
}
