//! Issuers of grants: opened with the client that the account's credential refers to.
use std::collections::{BTreeMap, BTreeSet};

use super::credentials::describe;
use super::session::Session;
use crate::apply::grant::IssuedBy;
use crate::diagnostics::{Code, Diagnostic};
use crate::grant::{Issuer, IssuerAt, Issuing};
use crate::model::{Address, Name};
use crate::profile::Grants;
use crate::provider::transport::Limits;
use crate::vault::Identities;
use crate::workspace::Account;

/// Issuers by account. Accounts whose profile has no grants have none.
pub type Issuers<'s> = BTreeMap<Name, IssuedBy<'s>>;

/// Whether the credentials of clients are read: without an identity no token can be opened, and no issuer is asked for anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clients {
    Read,
    Unread,
}

impl Clients {
    /// As it is needed with these identities.
    pub fn with(identities: Option<&Identities>) -> Self {
        if identities.is_some() { Self::Read } else { Self::Unread }
    }
}

impl Session<'_> {
    /// Opens the issuers of the accounts that the chosen keys live in; of all when none are chosen. Sends nothing.
    ///
    /// A credential is read only where some key of the account is a grant.
    pub fn issuers(&self, only: &BTreeSet<Address>, clients: Clients) -> Issuers<'_> {
        let chosen = |name: &Name| only.is_empty() || only.iter().any(|address| address.account == *name);
        let accounts = self.workspace.accounts.iter().filter(|(name, _)| chosen(name));
        let with_grants = accounts.filter_map(|(name, account)| Some((name, account, account.profile.grants.as_ref()?)));
        with_grants
            .map(|(name, account, grants)| {
                let used = clients == Clients::Read && self.has_grants(name, grants);
                let unused = || Diagnostic::error(Code::CredentialMissing, format!("the client of account `{name}` was not read"));
                let issuer = if used { self.open_issuer(account, grants) } else { Err(Box::new(unused())) };
                (name.clone(), IssuedBy { grants, issuer })
            })
            .collect()
    }

    /// Whether some key of the account is a grant.
    pub fn has_grants(&self, account: &Name, grants: &Grants) -> bool {
        let declared = self.workspace.keys.values().any(|key| key.address.account == *account && grants.covers(&key.options));
        let recorded = self.records.iter().filter(|(address, _)| address.account == *account);
        declared || recorded.flat_map(|(_, record)| &record.generations).any(|generation| grants.covers(&generation.options))
    }

    fn open_issuer(&self, account: &Account, grants: &Grants) -> Result<Box<dyn Issuing>, Box<Diagnostic>> {
        #[cfg(test)]
        if let Some(issuer) = crate::seam::issuer(&account.name) {
            return Ok(issuer);
        }
        let name = &account.name;
        let reference = account.credential.as_ref().ok_or_else(|| {
            let form = grants.client.form().unwrap_or_default();
            let message = format!("account `{name}` names no credential: its grants need the client that they are given to");
            Box::new(
                Diagnostic::error(Code::CredentialMissing, message)
                    .help(format!("add `credential:` to the account, a reference to {form}")),
            )
        })?;
        let text = self.credential(name, reference)?;
        let client = grants.client.parse(&text).map_err(|problem| {
            let message = format!("the credential of account `{name}` cannot be used: {problem}");
            Box::new(Diagnostic::error(Code::CredentialInvalid, message).note(format!("it comes from {}", describe(reference))))
        })?;
        let environment = account.environment.as_deref().unwrap_or_default();
        let at = IssuerAt { grants, environment, endpoint: account.issuer.as_deref(), client, limits: Limits::default() };
        Issuer::open(at).map(|issuer| Box::new(issuer) as Box<dyn Issuing>).map_err(|error| {
            Box::new(Diagnostic::error(Code::ProviderUnavailable, format!("the issuer of account `{name}` cannot be opened: {error}")))
        })
    }
}
