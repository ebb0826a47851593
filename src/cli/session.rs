//! A loaded workspace with its providers: what plan and apply begin with.
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use futures::future::join_all;
use jiff::Timestamp;

use super::credentials::{describe, reference};
use super::exit::{Exit, Stop};
use super::host::Host;
use super::judging;
use crate::apply::journal::{self, Replayed};
use crate::apply::observe;
use crate::diagnostics::{Code, Diagnostic, Report, Severity, suggest};
use crate::ledger::Ledger;
use crate::model::{Address, DesiredKey, Held, KeyRecord, Listing, Name};
use crate::plan::{self, AccountInput, Asked, AttendedInput, Before, Guarding, Manifests, Mode, Plan, PlanInput};
use crate::profile::Api;
use crate::provider::attended::AttendedProvider;
use crate::provider::http::{AccountAt, HttpProvider};
use crate::provider::keyring::KeyringProvider;
use crate::provider::{Provider, ProviderError};
use crate::workspace::edit::Edits;
use crate::workspace::{self, Account, Loaded, Sources, Workspace};

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
    /// The commit that trusted files come from, as it was named.
    pub base: Option<String>,
    /// The manifest of each key that this commit declares.
    pub declared_before: BTreeMap<Address, Arc<str>>,
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
        super::base::no_committed_state(&root)?;
        super::import::nothing_pending(&root)?;
        Self::of(host, workspace::load(&root, host.clock().now()))
    }

    /// The same of a workspace that was loaded.
    pub fn of(host: &'h Host, loaded: Loaded) -> Result<Self, Stop> {
        let (mut workspace, sources) = (loaded.workspace, loaded.sources);
        // A guard of the plan decides about accounts that are gone while their keys live.
        workspace.report.soften(Code::LedgerUnknownAccount);
        if workspace.report.has_errors() {
            return Err(Stop::located(Exit::Error, workspace.report.locate(&sources)));
        }
        let mut session = Self {
            host,
            ledger: Ledger::new(&workspace.root),
            workspace,
            sources,
            records: BTreeMap::new(),
            replayed: Replayed::default(),
            base: None,
            declared_before: BTreeMap::new(),
        };
        session.replay(b"")?;
        session.describe();
        Ok(session)
    }

    /// The same for a workspace that rests on a commit. The journal of the working tree is no part of that.
    pub fn trusting(host: &'h Host, loaded: workspace::Loaded) -> Result<Self, Stop> {
        let (mut workspace, sources) = (loaded.workspace, loaded.sources);
        workspace.report.soften(Code::LedgerUnknownAccount);
        if workspace.report.has_errors() {
            return Err(Stop::located(Exit::Error, workspace.report.locate(&sources)));
        }
        let (ledger, records) = (Ledger::new(&workspace.root), workspace.ledger.clone());
        let declared_before = BTreeMap::new();
        Ok(Self { host, ledger, workspace, sources, records, replayed: Replayed::default(), base: None, declared_before })
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
        self.chosen(only)
            .filter(|name| !self.workspace.untrusted.accounts.contains(name))
            .map(|name| (name.clone(), self.provider(&self.workspace.accounts[name], purpose)))
            .collect()
    }

    /// The accounts that some keys live in; all of them when there are none.
    pub(super) fn chosen(&self, only: &BTreeSet<Address>) -> impl Iterator<Item = &Name> {
        self.workspace.accounts.keys().filter(|name| only.is_empty() || only.iter().any(|address| address.account == **name))
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
        let at = place(account);
        let unopened = |error: ProviderError| {
            let message = format!("account `{}` cannot be opened: {error}", account.name);
            Box::new(Diagnostic::error(Code::ProviderUnavailable, message))
        };
        if account.profile.attended().is_some() {
            let provider = AttendedProvider::open(&account.profile, at, Timestamp::now).map_err(unopened)?;
            return Ok(Box::new(provider));
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
                let reference = reference(account, purpose).ok_or_else(|| {
                    let message = format!("account `{}` names no credential", account.name);
                    Box::new(Diagnostic::error(Code::CredentialMissing, message).help("add `credential:` to the account in keywright.yaml"))
                })?;
                self.host.detail(|| format!("account `{}`: the credential comes from {}", account.name, describe(reference)));
                let text = self.credential(&account.name, reference)?;
                let shape = api.credential.as_ref().ok_or_else(|| {
                    let message =
                        format!("account `{}`: the profile of `{}` does not say what a credential is", account.name, account.profile.name);
                    Box::new(Diagnostic::error(Code::CredentialInvalid, message))
                })?;
                let credential = shape.parse(&text).map_err(|problem| {
                    let message = format!("the credential of account `{}` cannot be used: {problem}", account.name);
                    Box::new(Diagnostic::error(Code::CredentialInvalid, message).note(format!("it comes from {}", describe(reference))))
                })?;
                HttpProvider::open(account.profile.clone(), at, credential, Timestamp::now)
                    .map(|provider| match self.other_credential(account, purpose).and_then(|text| shape.parse(&text).ok()) {
                        Some(other) => Box::new(provider.also_own(other)) as Box<dyn Provider>,
                        None => Box::new(provider),
                    })
                    .map_err(unopened)
            }
            None => Err(Box::new(Diagnostic::error(
                Code::ProviderUnavailable,
                format!("account `{}`: the profile of `{}` has neither an API nor runbooks", account.name, account.profile.name),
            ))),
        }
    }

    /// Reads every opened account, all at once.
    pub async fn observe(&self, providers: &Providers, purpose: Purpose) -> Observed {
        let reads = providers.iter().map(|(name, provider)| async move {
            let listing = match provider {
                Err(diagnostic) => Listing::Unavailable(diagnostic.message.clone()),
                Ok(_) if self.workspace.accounts[name].profile.attended().is_some() => Listing::Attended,
                // Its store lies in the working tree, which is not trusted.
                Ok(_) if self.base.is_some() && matches!(self.workspace.accounts[name].profile.api, Some(Api::Keyring)) => {
                    self.assumed(name)
                }
                Ok(provider) => self.listing(name, provider.as_ref(), purpose).await,
            };
            self.host.detail(|| judging::listed(name, &listing));
            (name.clone(), listing)
        });
        let mut listings: BTreeMap<Name, Listing> = join_all(reads).await.into_iter().collect();
        let mut findings: Vec<Diagnostic> = providers.values().filter_map(|provider| Some((**provider.as_ref().err()?).clone())).collect();
        for (name, listing) in &mut listings {
            let account = &self.workspace.accounts[name];
            if let (Purpose::Plan, Some(_), Listing::Complete(snapshot)) = (purpose, &account.plan_credential, listing) {
                // The scopes are those of the plan credential: they say nothing of what apply may hand out.
                let scopes = snapshot.own_scopes.take().unwrap_or_default();
                findings.extend(judging::secret_reader(account, &scopes));
            }
        }
        Observed { listings, findings, held: BTreeMap::new() }
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
        let listings = self.chosen(only).map(|name| (name.clone(), self.assumed(name))).collect();
        Observed { listings, findings: Vec::new(), held: BTreeMap::new() }
    }

    pub(super) fn assumed(&self, name: &Name) -> Listing {
        // There is nothing that a provider could have been asked.
        let attended = self.workspace.accounts[name].profile.attended().is_some();
        if attended { Listing::Attended } else { observe::assume(&records_of(&self.records, name)) }
    }

    /// Takes in accounts that only the working tree declares: nobody is asked about them.
    pub fn assume_untrusted(&self, only: &BTreeSet<Address>, observed: &mut Observed) {
        for name in self.chosen(only).filter(|name| self.workspace.untrusted.accounts.contains(name)) {
            observed.listings.insert(name.clone(), self.assumed(name));
            let message = format!("account `{name}` comes with this change: its provider is asked only after the merge");
            observed.findings.push(Diagnostic::new(Code::TrustNewAccount, Severity::Note, message));
        }
    }

    /// Decides. Accounts without a listing were not chosen, and stay out.
    pub fn plan(&self, observed: &Observed, wishes: &Wishes<'_>, now: Timestamp) -> Plan {
        let options = |name: &Name| self.workspace.accounts[name].profile.options.keys().cloned().collect();
        let options: BTreeMap<&Name, BTreeSet<String>> = observed.listings.keys().map(|name| (name, options(name))).collect();
        let Wishes { mode, only, can_open, asked, before } = wishes;
        let accounts = observed.listings.iter().map(|(name, listing)| {
            let account = &self.workspace.accounts[name];
            let attended = account.profile.attended().map(|runbooks| AttendedInput {
                runbooks,
                environment: account.environment.as_deref(),
                params: &account.params,
                grants: account.profile.grants.as_ref(),
                options: &options[name],
            });
            let input = AccountInput {
                provider: &account.profile.name,
                capabilities: &account.profile.capabilities,
                catalogue: &account.catalogue,
                parts: &account.profile.secret.parts,
                listing: listing.clone(),
                desired: keys_of(&self.workspace.keys, name),
                ledger: records_of(&self.records, name),
                attended,
                moved: self.moved_in(name).map(|(to, from)| (to.name.clone(), from.name.clone())).collect(),
                unmanaged: &self.workspace.unmanaged,
                own_untold: account.profile.leaves_own_untold(),
                options: &account.profile.options,
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
            deliveries: self.delivery_inputs(observed),
        };
        let mut plan = plan::plan(&input);
        if *mode == Mode::Live {
            // Only accounts that come with the change are assumed then, and a finding of their own says so.
            plan.findings.retain(|finding| finding.code != Code::PlanAssumed);
        }
        let unused = plan.unused.iter().filter_map(|unused| self.workspace.keys.get(&unused.address));
        let mut changes = Edits::of(&self.sources).disable_all(unused);
        for unused in &mut plan.unused {
            unused.change = changes.remove(&unused.address);
        }
        plan.findings.extend(self.judge(&plan, now));
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
    /// What places that consume secrets hold, as far as they were asked.
    pub held: BTreeMap<Name, Held>,
}

impl Observed {
    /// Whether some account could not be read.
    pub fn is_partial(&self) -> bool {
        self.listings.values().any(|listing| matches!(listing, Listing::Unavailable(_)))
    }
}

/// One account's manifests.
pub fn keys_of<'a>(keys: &'a BTreeMap<Address, DesiredKey>, account: &Name) -> BTreeMap<Name, &'a DesiredKey> {
    keys.iter().filter(|(address, _)| address.account == *account).map(|(address, key)| (address.name.clone(), key)).collect()
}

/// One account's ledger.
pub fn records_of<'a>(records: &'a BTreeMap<Address, KeyRecord>, account: &Name) -> BTreeMap<Name, &'a KeyRecord> {
    records.iter().filter(|(address, _)| address.account == *account).map(|(address, record)| (address.name.clone(), record)).collect()
}

/// Where an account is.
pub(super) fn place(account: &Account) -> AccountAt<'_> {
    AccountAt { environment: account.environment.as_deref(), endpoint: account.endpoint.as_deref(), params: &account.params }
}
