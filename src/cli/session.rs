//! A loaded workspace with its providers: what plan and apply begin with.
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use futures::future::join_all;
use jiff::Timestamp;
use zeroize::Zeroizing;

use super::exit::{Exit, Stop};
use super::host::Host;
use crate::apply::journal::{self, Replayed};
use crate::apply::observe;
use crate::diagnostics::{Code, Diagnostic, Report, Severity, suggest};
use crate::files;
use crate::ledger::Ledger;
use crate::model::text_safety::safe;
use crate::model::{AccessLevel, Address, DesiredKey, KeyRecord, Listing, Name, Scope, ScopeSet, Tag};
use crate::plan::{self, AccountInput, Asked, Before, Guarding, Manifests, Mode, Plan, PlanInput};
use crate::profile::Api;
use crate::provider::Provider;
use crate::provider::http::{AccountAt, HttpProvider};
use crate::provider::keyring::KeyringProvider;
use crate::vault::Identities;
use crate::workspace::edit::Edits;
use crate::workspace::{self, Account, CredentialRef, Sources, Workspace};

/// Longest credential, identity or saved plan that is read.
const INPUT_LIMIT: u64 = 64 << 20;

/// Whose credential opens an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Reads only: the plan credential, where one is named.
    Plan,
    Apply,
}

/// Providers by account; an account that cannot be opened says why.
pub type Providers = BTreeMap<Name, Result<Box<dyn Provider>, Box<Diagnostic>>>;

/// A workspace that was read without errors.
pub struct Session<'h> {
    pub host: &'h Host,
    pub workspace: Workspace,
    pub sources: Sources,
    pub ledger: Ledger,
    /// The ledger, brought up to the journal of an interrupted apply.
    pub records: BTreeMap<Address, KeyRecord>,
    /// What the journal of an interrupted apply added.
    pub replayed: Replayed,
}

/// The root of the workspace that `-C` or the current directory names.
pub fn find(host: &Host) -> Result<PathBuf, Stop> {
    let here = std::env::current_dir().map_err(|error| Stop::message(format!("cannot tell the current directory: {error}")))?;
    workspace::find(host.directory.as_deref(), &here).map_err(|diagnostic| Stop::with(Exit::Error, *diagnostic))
}

impl<'h> Session<'h> {
    /// Loads the workspace. Stops with every problem of every file when there is an error; warnings are drawn by whoever shows the result.
    pub fn open(host: &'h Host) -> Result<Self, Stop> {
        let root = find(host)?;
        super::import::nothing_pending(&root)?;
        let loaded = workspace::load(&root, host.clock().now());
        let (mut workspace, sources) = (loaded.workspace, loaded.sources);
        // A guard of the plan decides about accounts that are gone while their keys live.
        workspace.report.soften(Code::LedgerUnknownAccount);
        if workspace.report.has_errors() {
            return Err(Stop::located(Exit::Error, workspace.report.locate(&sources)));
        }
        let mut session =
            Self { host, ledger: Ledger::new(&root), workspace, sources, records: BTreeMap::new(), replayed: Replayed::default() };
        session.replay(b"")?;
        Ok(session)
    }

    /// Brings the ledger up to the journal, here and, as lines, `elsewhere`.
    pub fn replay(&mut self, elsewhere: &[u8]) -> Result<(), Stop> {
        self.records = self.workspace.ledger.clone();
        self.replayed = journal::replay(&self.workspace.root, elsewhere, &mut self.records).map_err(|error| {
            Stop::with(
                Exit::Error,
                Diagnostic::error(Code::ApplyJournal, format!("the journal of an interrupted apply cannot be read: {error}"))
                    .help("restore it; without it, look at the provider for keys whose marker the ledger lacks, and move it away"),
            )
        })?;
        Ok(())
    }

    /// Takes over what apply made of some accounts' ledger.
    pub fn remember(&mut self, accounts: Vec<(Name, BTreeMap<Name, KeyRecord>)>) {
        for (name, records) in accounts {
            self.records.retain(|address, _| address.account != name);
            self.records.extend(records.into_iter().map(|(key, record)| (Address::new(name.clone(), key), record)));
        }
    }

    /// The addresses that were named, each of them known.
    pub fn only(&self, named: &[Address]) -> Result<BTreeSet<Address>, Stop> {
        let known = |address: &&Address| !self.workspace.keys.contains_key(address) && !self.records.contains_key(address);
        let Some(unknown) = named.iter().find(known) else {
            // A key that moves is the same by both addresses.
            let moved = self.workspace.moved.iter().filter(|(to, from)| named.contains(to) || named.contains(from));
            let both = moved.flat_map(|(to, from)| [to, from]);
            return Ok(named.iter().chain(both).cloned().collect());
        };
        let words: Vec<String> = self.workspace.keys.keys().chain(self.records.keys()).map(ToString::to_string).collect();
        let mut diagnostic = Diagnostic::error(Code::PlanUnknownAddress, format!("no manifest and no ledger file has the key `{unknown}`"));
        diagnostic.help = suggest::did_you_mean(&unknown.to_string(), words.iter().map(String::as_str));
        Err(Stop::with(Exit::Error, diagnostic))
    }

    /// Opens the accounts that the chosen keys live in; all of them when none are chosen.
    pub fn providers(&self, purpose: Purpose, only: &BTreeSet<Address>) -> Providers {
        let chosen = |name: &&Name| only.is_empty() || only.iter().any(|address| address.account == **name);
        self.workspace
            .accounts
            .keys()
            .filter(chosen)
            .map(|name| (name.clone(), self.provider(&self.workspace.accounts[name], purpose)))
            .collect()
    }

    /// Opens one account.
    pub fn open_account(&self, name: &Name, purpose: Purpose) -> Result<Box<dyn Provider>, Box<Diagnostic>> {
        self.provider(&self.workspace.accounts[name], purpose)
    }

    fn provider(&self, account: &Account, purpose: Purpose) -> Result<Box<dyn Provider>, Box<Diagnostic>> {
        #[cfg(test)]
        if let Some(provider) = crate::seam::provider(&account.name) {
            return Ok(provider);
        }
        match &account.profile.api {
            Some(Api::Keyring) => {
                let store = account.params.get("store").map_or(".keywright/keyring.json", String::as_str);
                let clock = self.host.clock();
                let expects = self.records.iter().any(|(address, record)| {
                    address.account == account.name && record.generations.iter().any(|generation| generation.id.is_some())
                });
                Ok(Box::new(KeyringProvider::open(self.workspace.root.join(store), expects, move || clock.now())))
            }
            Some(Api::Http(api)) => {
                let reference = match purpose {
                    Purpose::Plan => account.plan_credential.as_ref().or(account.credential.as_ref()),
                    Purpose::Apply => account.credential.as_ref(),
                };
                let reference = reference.ok_or_else(|| {
                    let message = format!("account `{}` names no credential", account.name);
                    Box::new(Diagnostic::error(Code::CredentialMissing, message).help("add `credential:` to the account in keywright.yaml"))
                })?;
                let text = self.credential(&account.name, reference)?;
                let credential = api.credential.parse(&text).map_err(|problem| {
                    let message = format!("the credential of account `{}` cannot be used: {problem}", account.name);
                    Box::new(Diagnostic::error(Code::CredentialInvalid, message).note(format!("it comes from {}", describe(reference))))
                })?;
                let at = AccountAt {
                    environment: account.environment.as_deref(),
                    endpoint: account.endpoint.as_deref(),
                    params: &account.params,
                };
                HttpProvider::open(account.profile.clone(), at, credential, Timestamp::now)
                    .map(|provider| Box::new(provider) as Box<dyn Provider>)
                    .map_err(|error| {
                        let message = format!("account `{}` cannot be opened: {error}", account.name);
                        Box::new(Diagnostic::error(Code::ProviderUnavailable, message))
                    })
            }
            None => Err(Box::new(Diagnostic::error(
                Code::ProviderUnavailable,
                format!("account `{}`: `{}` has no API, and this version does not guide a person", account.name, account.profile.name),
            ))),
        }
    }

    /// Variables that hold admin credentials: no other program needs them.
    pub fn credential_variables(&self) -> Vec<String> {
        let accounts = self.workspace.accounts.values();
        let references = accounts.flat_map(|account| account.credential.iter().chain(&account.plan_credential));
        references
            .filter_map(|reference| match reference {
                CredentialRef::Env(name) => Some(name.clone()),
                CredentialRef::File(_) | CredentialRef::Command(_) => None,
            })
            .collect()
    }

    fn credential(&self, account: &Name, reference: &CredentialRef) -> Result<Zeroizing<String>, Box<Diagnostic>> {
        let missing = |why: String| {
            let message = format!("the credential of account `{account}` is not there: {why}");
            Box::new(Diagnostic::error(Code::CredentialMissing, message).help(format!("provide {}", describe(reference))))
        };
        let text = match reference {
            CredentialRef::Env(name) => self
                .host
                .variable(name)
                .map(Zeroizing::new)
                .ok_or_else(|| missing(format!("the variable `{name}` is not set, or empty")))?,
            CredentialRef::File(path) => text_of(&self.workspace.root.join(path)).map_err(missing)?,
            CredentialRef::Command(words) => output_of(&self.workspace.root, words).map_err(missing)?,
        };
        if text.trim().is_empty() { Err(missing("it is empty".to_owned())) } else { Ok(text) }
    }

    /// Reads every opened account, all at once.
    pub async fn observe(&self, providers: &Providers, purpose: Purpose) -> Observed {
        let now = self.host.clock().now();
        let reads = providers.iter().map(|(name, provider)| async move {
            let listing = match provider {
                Err(diagnostic) => Listing::Unavailable(diagnostic.message.clone()),
                Ok(provider) => {
                    let records = records_of(&self.records, name);
                    observe::observe(provider.as_ref(), &self.workspace.accounts[name].profile.capabilities, &records, now).await
                }
            };
            (name.clone(), listing)
        });
        let mut listings: BTreeMap<Name, Listing> = join_all(reads).await.into_iter().collect();
        let mut findings: Vec<Diagnostic> = providers.values().filter_map(|provider| Some((**provider.as_ref().err()?).clone())).collect();
        for (name, listing) in &mut listings {
            let account = &self.workspace.accounts[name];
            if let (Purpose::Plan, Some(_), Listing::Complete(snapshot)) = (purpose, &account.plan_credential, listing) {
                // The scopes are those of the plan credential: they say nothing of what apply may hand out.
                let scopes = snapshot.own_scopes.take().unwrap_or_default();
                findings.extend(secret_reader(account, &scopes));
            }
        }
        Observed { listings, findings }
    }

    /// One account's keys that got another address: the new one and the old one.
    pub fn moved_in(&self, account: &Name) -> impl Iterator<Item = (&Address, &Address)> {
        self.workspace.moved.iter().filter(move |(to, _)| to.account == *account)
    }

    /// What the guards look at.
    fn guarding(&self) -> Guarding {
        let lives = |record: &&KeyRecord| record.generations.iter().any(|generation| generation.state.may_live());
        let mut gone: BTreeMap<Name, BTreeSet<Address>> = BTreeMap::new();
        for (address, record) in self.records.iter().filter(|(address, _)| !self.workspace.accounts.contains_key(&address.account)) {
            if lives(&record) {
                gone.entry(address.account.clone()).or_default().insert(address.clone());
            }
        }
        let manifests = match (self.workspace.manifests, self.workspace.keys.len()) {
            (0, _) => Manifests::Absent,
            (_, 0) => Manifests::Empty,
            (_, _) => Manifests::Declare,
        };
        Guarding { guards: self.workspace.guards, manifests, live: self.records.values().filter(lives).count(), gone }
    }

    /// What the ledger believes of every account.
    pub fn assume(&self, only: &BTreeSet<Address>) -> Observed {
        let chosen = |name: &&Name| only.is_empty() || only.iter().any(|address| address.account == **name);
        let assumed = |name: &Name| (name.clone(), observe::assume(&records_of(&self.records, name)));
        Observed { listings: self.workspace.accounts.keys().filter(chosen).map(assumed).collect(), findings: Vec::new() }
    }

    /// Decides. Accounts without a listing were not chosen, and stay out.
    pub fn plan(&self, observed: &Observed, wishes: &Wishes<'_>, now: Timestamp) -> Plan {
        let Wishes { mode, only, can_open, asked, before } = wishes;
        let accounts = observed.listings.iter().map(|(name, listing)| {
            let account = &self.workspace.accounts[name];
            let input = AccountInput {
                provider: &account.profile.name,
                capabilities: &account.profile.capabilities,
                catalogue: &account.catalogue,
                listing: listing.clone(),
                desired: keys_of(&self.workspace.keys, name),
                ledger: records_of(&self.records, name),
                moved: self.moved_in(name).map(|(to, from)| (to.name.clone(), from.name.clone())).collect(),
                unmanaged: &self.workspace.unmanaged,
            };
            (name.clone(), input)
        });
        let mut before = before.clone();
        before.interrupted.extend(self.replayed.journaled.iter().cloned());
        let input = PlanInput {
            now,
            mode: *mode,
            accounts: accounts.collect(),
            only: (*only).clone(),
            can_open: *can_open,
            digest: self.workspace.digest.clone(),
            asked: (*asked).clone(),
            before,
            guarding: self.guarding(),
        };
        let mut plan = plan::plan(&input);
        let unused = plan.unused.iter().filter_map(|unused| self.workspace.keys.get(&unused.address));
        let mut changes = Edits::of(&self.sources).disable_all(unused);
        for unused in &mut plan.unused {
            unused.change = changes.remove(&unused.address);
        }
        let mut report = Report::default();
        let all = self.workspace.report.diagnostics().iter().chain(&observed.findings).chain(&plan.findings);
        all.cloned().for_each(|diagnostic| report.push(diagnostic));
        plan.diagnostics = report.locate(&self.sources);
        plan
    }
}

/// What a plan is made for, beside what was read.
pub struct Wishes<'w> {
    pub mode: Mode,
    /// The chosen keys; empty: all.
    pub only: &'w BTreeSet<Address>,
    /// Whether plaintexts can be opened.
    pub can_open: bool,
    pub asked: &'w Asked,
    pub before: Before,
}

/// What the providers say, and what was noticed while asking them.
pub struct Observed {
    pub listings: BTreeMap<Name, Listing>,
    pub findings: Vec<Diagnostic>,
}

impl Observed {
    /// Whether some account could not be read.
    pub fn is_partial(&self) -> bool {
        self.listings.values().any(|listing| matches!(listing, Listing::Unavailable(_)))
    }
}

/// Says which accounts could not be read, and why.
pub fn report_unavailable(session: &Session<'_>, observed: &Observed) {
    for (name, listing) in &observed.listings {
        if let Listing::Unavailable(why) = listing {
            let message = format!("account `{name}` cannot be read: {}", safe(why));
            session.host.report(&Stop::with(Exit::Partial, Diagnostic::error(Code::ProviderUnavailable, message)));
        }
    }
}

/// A plan credential that could read secrets is more than a plan needs.
fn secret_reader(account: &Account, scopes: &ScopeSet) -> Option<Diagnostic> {
    let reads = |scope: &&Scope| {
        let facts = account.catalogue.describe(scope);
        facts.tags.contains(&Tag::Credentials) && facts.access.is_none_or(|access| access >= AccessLevel::Read)
    };
    let scope = scopes.iter().find(reads)?;
    let message = format!("the plan credential of account `{}` holds `{scope}`: it could read or change credentials", account.name);
    Some(
        Diagnostic::new(Code::PlanDegraded, Severity::Note, message)
            .help("give plan a credential that can only list keys, where the provider has one"),
    )
}

/// One account's manifests.
pub fn keys_of<'a>(keys: &'a BTreeMap<Address, DesiredKey>, account: &Name) -> BTreeMap<Name, &'a DesiredKey> {
    keys.iter().filter(|(address, _)| address.account == *account).map(|(address, key)| (address.name.clone(), key)).collect()
}

/// One account's ledger.
pub fn records_of<'a>(records: &'a BTreeMap<Address, KeyRecord>, account: &Name) -> BTreeMap<Name, &'a KeyRecord> {
    records.iter().filter(|(address, _)| address.account == *account).map(|(address, record)| (address.name.clone(), record)).collect()
}

/// Reads identity files for `-i`.
pub fn identities(host: &Host, files: &[PathBuf]) -> Result<Option<Identities>, Stop> {
    let mut all: Option<Identities> = None;
    for file in files {
        let bytes = Zeroizing::new(files::read_through_links(file, INPUT_LIMIT)?);
        let mut ask = || host.passphrase(&format!("passphrase of {}", file.display()));
        let read = Identities::unlock(&bytes, &file.display().to_string(), &mut ask).map_err(|problem| {
            let mut diagnostic = Diagnostic::new(Code::CredentialInvalid, Severity::Error, problem.to_string());
            diagnostic.help = Some(problem.help().to_owned());
            Stop::with(Exit::Error, diagnostic)
        })?;
        match &mut all {
            None => all = Some(read),
            Some(all) => all.extend(read),
        }
    }
    Ok(all)
}

fn describe(reference: &CredentialRef) -> String {
    match reference {
        CredentialRef::Env(name) => format!("the variable `{name}`"),
        CredentialRef::File(path) => format!("the file `{}`", path.display()),
        CredentialRef::Command(words) => format!("the command `{}`", words.first().map_or("", String::as_str)),
    }
}

fn text_of(path: &Path) -> Result<Zeroizing<String>, String> {
    let bytes = files::read_through_links(path, 1 << 20).map_err(|error| error.to_string())?;
    String::from_utf8(bytes).map(Zeroizing::new).map_err(|_| format!("`{}` is not UTF-8", path.display()))
}

fn output_of(root: &Path, words: &[String]) -> Result<Zeroizing<String>, String> {
    let (program, arguments) = words.split_first().ok_or("the command is empty")?;
    let output = Command::new(program).args(arguments).current_dir(root).stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let output = output.map_err(|error| format!("`{program}` cannot be run: {error}"))?;
    let text = String::from_utf8(output.stdout).map(Zeroizing::new).map_err(|_| format!("`{program}` did not print UTF-8"))?;
    if output.status.success() { Ok(text) } else { Err(format!("`{program}` failed with {}", output.status)) }
}
