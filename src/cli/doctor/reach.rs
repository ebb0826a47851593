//! Where credentials are sent, and what the plan's credential could do.
use std::collections::{BTreeMap, BTreeSet};

use super::{good, warning};
use crate::cli::session::{Session, place};
use crate::grant::endpoints::issuer as issuer_at;
use crate::model::text_safety::safe;
use crate::model::{AccessLevel, ObservedKey, Scope};
use crate::provider::http;
use crate::provider::transport::Url;
use crate::render::doctor::Checkup;
use crate::workspace::Account;

/// The hosts that any command could contact, by what for: nothing else is ever sent a request.
pub(super) fn hosts(session: &Session<'_>) -> Checkup {
    let mut hosts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for account in session.workspace.accounts.values() {
        let grants = account.profile.grants.as_ref();
        let issuer = grants.and_then(|grants| grants.issuers.get(account.environment.as_deref().unwrap_or_default()));
        let issuer = issuer.and_then(|own| origin(&issuer_at(own, account.issuer.as_deref()).ok()?));
        for host in http::origin(&account.profile, place(account)).into_iter().chain(issuer) {
            hosts.entry(host).or_default().insert(account.name.to_string());
        }
    }
    for delivery in session.workspace.deliveries.values() {
        if let Some(host) = delivery.target.endpoint.as_deref().and_then(origin) {
            hosts.entry(host).or_default().insert(format!("delivery {}", delivery.target.name));
        }
    }
    if hosts.is_empty() {
        return good("hosts", "no host is contacted");
    }
    let words = hosts.iter().map(|(host, whose)| format!("{} ({})", safe(host), whose.iter().cloned().collect::<Vec<_>>().join(", ")));
    good("hosts", format!("nothing but these is contacted: {}", words.collect::<Vec<_>>().join("; ")))
}

fn origin(url: &str) -> Option<String> {
    Some(Url::parse(url).ok()?.origin().ascii_serialization())
}

/// Whether the credential that plans could do more than read. `own`: its key, where the provider shows it.
pub(super) fn plan_credential(account: &Account, own: Option<&ObservedKey>) -> Checkup {
    let subject = format!("{}: plan credential", account.name);
    let Some(scopes) = own.and_then(|own| own.scopes.as_ref()) else {
        return good(subject, "what else it may do, the provider does not tell");
    };
    let may_write = |scope: &&Scope| account.catalogue.describe(scope).access.is_none_or(|access| access >= AccessLevel::Write);
    let words: Vec<String> = scopes.iter().filter(may_write).map(|scope| format!("`{}`", safe(scope.as_str()))).collect();
    if words.is_empty() {
        return good(subject, "it can read, and nothing else");
    }
    warning(subject, format!("it could change things: {}", words.join(", ")), "give plan a credential that can only list keys")
}
