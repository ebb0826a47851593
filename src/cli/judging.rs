//! What a session tells of what it read, and how the policy judges its keys.
use std::collections::BTreeMap;

use jiff::Timestamp;

use super::exit::{Exit, Stop};
use super::session::{Observed, Session};
use crate::diagnostics::{Code, Diagnostic, Severity};
use crate::model::text_safety::safe;
use crate::model::{AccessLevel, Address, Listing, Name, Scope, ScopeSet, Tag};
use crate::plan::{Change, Plan};
use crate::policy::{AccountFacts, JudgedKey, Judging};
use crate::workspace::{Account, Manifests, Workspace};

impl Session<'_> {
    /// What was read, for `--verbose`.
    pub(super) fn describe(&self) {
        let Workspace { root, accounts, keys, ledger, policy, digest, .. } = &self.workspace;
        self.host.detail(|| format!("workspace {}, {digest}", root.display()));
        let (rules, waivers) = (policy.rules.len(), policy.waivers.len());
        let (accounts, keys, records) = (accounts.len(), keys.len(), ledger.len());
        self.host.detail(|| {
            format!("{accounts} accounts, {keys} keys, {records} ledger files, {rules} rules, {}", crate::render::count(waivers, "waiver"))
        });
        let journaled = self.replayed.journaled.len();
        if journaled > 0 {
            self.host.detail(|| format!("the journal of an interrupted apply tells of {journaled} keys"));
        }
    }

    /// The manifest that declares a key in the base, by this address or the one that it had, when it is another.
    fn moved_out_of(&self, address: &Address, here: &str) -> Option<&str> {
        let old = self.workspace.moved.get(address).and_then(|old| self.declared_before.get(old));
        let before = self.declared_before.get(address).or(old)?;
        (**before != *here).then_some(before)
    }

    /// What the policy says of the chosen keys and of what a plan does to them.
    pub(super) fn judge(&self, plan: &Plan, now: Timestamp) -> Vec<Diagnostic> {
        let policy = &self.workspace.policy;
        if policy.is_empty() {
            return Vec::new();
        }
        let changes: BTreeMap<&Address, &Change> = plan.changes.iter().map(|change| (&change.address, change)).collect();
        let chosen = self.workspace.keys.values().filter(|key| plan.only.is_empty() || plan.only.contains(&key.address));
        let judged = chosen.filter_map(|key| {
            let account = self.workspace.accounts.get(&key.address.account)?;
            let (provider, environment) = (account.profile.name.as_str(), account.environment.as_deref());
            let old = || self.records.get(self.workspace.moved.get(&key.address)?);
            Some(JudgedKey {
                key,
                account: AccountFacts { provider, environment, catalogue: &account.catalogue },
                record: self.records.get(&key.address).or_else(old),
                change: changes.get(&key.address).copied(),
                moved_out_of: self.moved_out_of(&key.address, &key.declared_at.file),
            })
        });
        policy.judge(&Judging {
            now,
            base: self.base.as_deref(),
            keys: judged.collect(),
            all: plan.only.is_empty(),
            written: &Manifests::of(&self.sources),
        })
    }
}

/// A plan credential that could read secrets is more than a plan needs.
pub(super) fn secret_reader(account: &Account, scopes: &ScopeSet) -> Option<Diagnostic> {
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

/// Says which accounts could not be read, and why.
pub fn report_unavailable(session: &Session<'_>, observed: &Observed) {
    for (name, listing) in &observed.listings {
        if let Listing::Unavailable(why) = listing {
            let message = format!("account `{name}` cannot be read: {}", safe(why));
            session.host.report(&Stop::with(Exit::Partial, Diagnostic::error(Code::ProviderUnavailable, message)));
        }
    }
}

/// What a listing tells, for `--verbose`.
pub(super) fn listed(name: &Name, listing: &Listing) -> String {
    match listing {
        Listing::Complete(snapshot) => format!("account `{name}`: {} keys are listed", snapshot.keys.len()),
        Listing::Unavailable(why) => format!("account `{name}`: cannot be listed: {why}"),
        Listing::Assumed(_) | Listing::Attended => format!("account `{name}`: nothing is asked"),
    }
}
