//! What a plan says beside its changes: counts, unmanaged keys, what is due soon, weaker guarantees.
use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::compare::{clamped_end, expires_at, rotates_at, wanted_end};
use super::standing::{Held, Index, Key, Wanted};
use super::{AccountInput, AccountView, Action, Change, Due, PlanInput, Summary, UnmanagedKey};
use crate::diagnostics::{Code, Diagnostic, Severity};
use crate::model::{Expiry, Handling, Listing, Name, Risk, Scope};
use crate::profile::Disable;

const SOON: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What was read of an account.
pub(super) fn account_view(account: &AccountInput) -> AccountView {
    let (listing, reason) = match &account.listing {
        Listing::Complete(_) => ("complete", None),
        Listing::Assumed(_) => ("assumed", None),
        Listing::Unavailable(why) => ("unavailable", Some(why.clone())),
        Listing::Attended => ("attended", None),
    };
    let observed = match &account.listing {
        Listing::Complete(snapshot) | Listing::Assumed(snapshot) => snapshot.keys.len(),
        Listing::Unavailable(_) | Listing::Attended => 0,
    };
    AccountView { provider: account.provider.to_owned(), listing: listing.to_owned(), observed, ignored: 0, reason }
}

/// What weakens the promises for an account, and what is not known of it.
pub(super) fn account_findings(name: &Name, account: &AccountInput, expires: bool) -> Vec<Diagnostic> {
    let provider = account.provider;
    let mut findings = Vec::new();
    match &account.listing {
        Listing::Complete(_) | Listing::Attended => {}
        Listing::Assumed(_) => {
            let message = format!("the ledger stands in for `{name}`: `{provider}` was not asked, and this plan cannot be applied");
            findings.push(Diagnostic::new(Code::PlanAssumed, Severity::Note, message));
        }
        Listing::Unavailable(why) => {
            let message = format!("`{name}` cannot be listed, so nothing in it changes: {why}");
            findings.push(Diagnostic::warning(Code::ProviderUnavailable, message).help("plan again when the provider answers"));
        }
    }
    let capabilities = account.capabilities;
    let mut weaker = Vec::new();
    if !capabilities.verify {
        weaker.push("new secrets cannot be verified");
    }
    if account.attended.is_none() && capabilities.disable == Disable::None {
        weaker.push(if capabilities.can_end() { "a key is ended by deleting it" } else { "keys cannot be disabled" });
    }
    if account.attended.is_none() && capabilities.label.none {
        weaker.push("keys have no labels, so a person has to say what an unanswered create has made");
    }
    if expires && !capabilities.expiry.settable {
        weaker.push(match account.attended {
            None => "keys cannot expire there, so Keywright enforces the end itself",
            Some(_) => "keys cannot expire there, so a person is asked to revoke each at its end",
        });
    }
    if account.own_untold {
        weaker.push("nothing tells which key is that of our own credential, so it is listed as any other");
    }
    if !weaker.is_empty() {
        findings.push(Diagnostic::new(Code::PlanDegraded, Severity::Note, format!("`{name}` at `{provider}`: {}", weaker.join("; "))));
    }
    findings
}

/// Listed keys of no record, our own included, and how many more are to be ignored.
pub(super) fn unmanaged(name: &Name, account: &AccountInput, index: &Index) -> (Vec<UnmanagedKey>, usize) {
    let Listing::Complete(snapshot) = &account.listing else { return (Vec::new(), 0) };
    let strangers: BTreeSet<&str> = index.strangers.values().flatten().map(|key| key.id.as_str()).collect();
    let unseen: Vec<_> = account.ledger.values().flat_map(|record| &record.generations).filter(|generation| generation.unseen).collect();
    let (mut keys, mut ignored) = (Vec::new(), 0);
    for key in snapshot.keys.values().filter(|key| key.own || strangers.contains(key.id.as_str())) {
        // What bears a marker of ours is recovered, or disabled as a twin: no rule has a say in it.
        let ours = !key.own && key.marker().is_some_and(|marker| index.known.contains(&marker));
        // What an unanswered create of ours may have made is nobody's to ignore.
        let doubtful = !key.own && unseen.iter().any(|generation| key.may_be(generation));
        let handling = if key.own || ours || doubtful { Handling::Report } else { account.unmanaged.handling(name, &key.label) };
        if handling == Handling::Ignore {
            ignored += 1;
            continue;
        }
        keys.push(UnmanagedKey {
            account: name.clone(),
            id: key.id.clone(),
            label: key.label.clone(),
            own: key.own,
            ours,
            fails: handling == Handling::Fail,
            scopes: key.scopes.clone(),
            risk: match doubtful {
                true => Some(Risk::Critical),
                false => key.scopes.as_ref().and_then(|scopes| account.catalogue.highest_risk(scopes)),
            },
            created_at: key.created_at,
            last_used_at: key.last_used_at,
            enabled: key.enabled,
        });
    }
    (keys, ignored)
}

/// How many keys a refusal or a note names; the others are counted.
const NAMED: usize = 10;

/// Refuses the plan on account of keys that must not be there.
pub(super) fn refused_for_unmanaged(name: &Name, keys: &[UnmanagedKey]) -> Option<Diagnostic> {
    let failing: Vec<&UnmanagedKey> = keys.iter().filter(|key| key.fails).collect();
    if failing.is_empty() {
        return None;
    }
    let keys = if failing.len() == 1 { "1 key that is".to_owned() } else { format!("{} keys that are", failing.len()) };
    let message = format!("`{name}` has {keys} in no manifest and no ledger, and `unmanaged` says `fail`");
    let mut diagnostic = Diagnostic::error(Code::PlanUnmanaged, message);
    let short = |text: &str| text.chars().take(60).flat_map(char::escape_debug).collect::<String>();
    diagnostic.notes = failing.iter().take(NAMED).map(|key| format!("`{}` ({})", short(&key.label), short(&key.id))).collect();
    if failing.len() > NAMED {
        diagnostic.notes.push(format!("and {} more", failing.len() - NAMED));
    }
    let help = format!(
        "adopt them with `keywright import {name} ID`, delete them at the provider, or let a rule of `unmanaged` ignore them: \
         `{{ default: fail, rules: [{{ match: \"LABEL*\", do: ignore }}] }}`"
    );
    Some(diagnostic.help(help))
}

/// Adopted keys that live and whose secret is not here: a rotation would make one.
pub(super) fn without_secret(name: &Name, keys: &[Key]) -> Option<Diagnostic> {
    let bare = |key: &&Key| {
        let current = key.current().filter(|current| current.adopted.is_some() && current.sealed.is_none());
        current.is_some() && key.wanted() == Wanted::Active && key.held() == Held::Active
    };
    let bare: Vec<&Key> = keys.iter().filter(bare).collect();
    let message = match bare[..] {
        [] => return None,
        [one] => format!("`{}` was adopted and has no secret here", one.address),
        _ => format!("{} keys of `{name}` were adopted and have no secret here", bare.len()),
    };
    let mut diagnostic = Diagnostic::new(Code::PlanNoSecret, Severity::Note, message);
    diagnostic.notes = bare.iter().take(NAMED).map(|key| format!("`keywright apply --rotate {}` makes one", key.address)).collect();
    if bare.len() > NAMED {
        diagnostic.notes.push(format!("and {} more", bare.len() - NAMED));
    }
    Some(diagnostic)
}

/// The rotation or the end of a key that stays as it is, when it is near.
pub(super) fn due(key: &Key) -> Option<Due> {
    let (desired, current) = key.desired.zip(key.current())?;
    if key.wanted() != Wanted::Active || key.held() != Held::Active {
        return None;
    }
    let capabilities = key.account.capabilities;
    let soon = key.now.checked_add(SOON).unwrap_or(Timestamp::MAX);
    let end = wanted_end(capabilities, desired.expiry, current.created_at);
    let clamped = clamped_end(capabilities, desired, current, key.observed(current)).is_some();
    let (kind, at): (&str, Timestamp) = match desired.expiry {
        Expiry::At(_) | Expiry::Never if clamped => ("rotation", rotates_at(key, desired, current, soon)?),
        Expiry::Lifetime(_) => ("rotation", rotates_at(key, desired, current, soon)?),
        Expiry::At(_) => ("expiry", end?),
        Expiry::Never => ("expiry", expires_at(capabilities, current, key.observed(current))?),
    };
    (at <= soon).then(|| Due { address: key.address.clone(), kind: kind.to_owned(), at })
}

/// The review of a live key, when it is near or overdue.
pub(super) fn review_due(key: &Key) -> Option<Due> {
    let (desired, record) = key.desired.zip(key.record)?;
    if key.held() != Held::Active || !matches!(key.wanted(), Wanted::Active | Wanted::Ended) {
        return None;
    }
    let at = record.review_due(desired.review_every?)?;
    let soon = key.now.checked_add(SOON).unwrap_or(Timestamp::MAX);
    (at <= soon).then(|| Due { address: key.address.clone(), kind: "review".to_owned(), at })
}

/// The risk of every scope that a changed key keeps, by provider.
pub(super) fn kept_risks(input: &PlanInput, changes: &[Change]) -> BTreeMap<String, BTreeMap<Scope, Risk>> {
    let mut risks: BTreeMap<&str, BTreeMap<Scope, Risk>> = BTreeMap::new();
    for change in changes {
        let Some(account) = input.accounts.get(&change.address.account) else { continue };
        let known = risks.entry(account.provider).or_default();
        for scope in &change.access.kept {
            if !known.contains_key(scope) {
                known.insert(scope.clone(), account.catalogue.describe(scope).risk);
            }
        }
    }
    risks.into_iter().filter(|(_, risks)| !risks.is_empty()).map(|(provider, risks)| (provider.to_owned(), risks)).collect()
}

/// Counts the changes, beside keys that have none. Access of blocked ones does not come about, and is not counted.
pub(super) fn summary(changes: &[Change], unchanged: usize) -> Summary {
    let mut summary = Summary { none: unchanged, ..Summary::default() };
    for change in changes {
        match change.action {
            Action::Create => summary.create += 1,
            Action::Edit => summary.edit += 1,
            Action::Rotate => summary.rotate += 1,
            Action::Replace => summary.replace += 1,
            Action::Disable => summary.disable += 1,
            Action::Enable => summary.enable += 1,
            Action::Delete => summary.delete += 1,
            Action::Reseal => summary.reseal += 1,
            Action::Deliver => summary.deliver += 1,
            Action::Attended => summary.attended += 1,
            Action::Blocked => summary.blocked += 1,
            Action::None => summary.none += 1,
        }
        if change.action != Action::Blocked {
            summary.access_gained += change.access.gains().map(|(_, things)| things).sum::<usize>();
            summary.access_lost += change.access.losses().map(|(_, things)| things).sum::<usize>();
            summary.highest_risk = summary.highest_risk.max(change.access.gains().map(|(risk, _)| risk).max());
        }
    }
    summary
}
