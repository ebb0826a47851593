//! What a change says beside its steps and its access: where a secret goes, when it ends, what stays valid. Decides nothing.
use super::compare::{moment, public_keys};
use super::draft::Draft;
use super::rows::is_over;
use super::standing::{Key, Seen};
use super::{AccessDiff, Action};
use crate::model::{DesiredKey, Expiry, Request, Span};
use crate::profile::Disable;

/// Everything that the change itself calls for.
pub(super) fn own_notes(key: &Key, draft: &Draft, access: &AccessDiff) -> Vec<String> {
    let mut notes = key.desired.filter(|_| draft.issues()).map(|desired| issue_notes(key, desired, draft)).unwrap_or_default();
    if let (Some(desired), Some(current), true) = (key.desired, key.current(), draft.action != Action::None) {
        let taken_back = current.options.iter().filter(|(name, _)| !desired.options.contains_key(*name));
        notes.extend(taken_back.map(|(name, value)| format!("option `{name}` is taken back: it was {value}")));
    }
    if !access.open_ended.is_empty() {
        notes.push(format!("open-ended: `*` also grants what {} adds later", key.account.provider));
    }
    match (draft.action, key.desired, key.current()) {
        (Action::Rotate | Action::Replace, Some(desired), Some(current))
            if key.seen(current) == Seen::Live && !is_over(key, current) && draft.request != Some(Request::Compromised) =>
        {
            notes.push(format!("generation {} stays valid for {} more, then it is disabled", current.number, words(desired.overlap)));
        }
        (Action::Disable, _, Some(current)) if current.number == draft.generation => {
            let reversible = if key.account.capabilities.disable == Disable::Reversible { "yes" } else { "no" };
            notes.push(format!("reversible: {reversible}"));
        }
        (
            Action::Create
            | Action::Edit
            | Action::Rotate
            | Action::Replace
            | Action::Disable
            | Action::Enable
            | Action::Delete
            | Action::Reseal
            | Action::Deliver
            | Action::Attended
            | Action::Blocked
            | Action::None,
            _,
            _,
        ) => {}
    }
    notes
}

/// Where the secret of a new generation goes, and when it ends.
pub(super) fn issue_notes(key: &Key, desired: &DesiredKey, draft: &Draft) -> Vec<String> {
    let mut notes = Vec::new();
    let groups: Vec<&str> = desired.recipients.keys().map(String::as_str).collect();
    let count = public_keys(&desired.recipients).len();
    let noun = if count == 1 { "recipient" } else { "recipients" };
    let (account, name) = (&key.address.account, &key.address.name);
    notes.push(format!("secret -> secrets/{account}/{name}.age ({}: {count} {noun})", groups.join(", ")));
    let end = draft.after.as_ref().and_then(|view| view.expires_at);
    notes.push(match (desired.expiry, end.map(|end| moment(end, desired.expiry))) {
        (Expiry::Lifetime(span), Some(end)) => format!("expires {end} ({}), then rotates", words(span)),
        (Expiry::At(_) | Expiry::Never, Some(end)) => format!("expires {end}"),
        (Expiry::Lifetime(_) | Expiry::At(_) | Expiry::Never, None) => "never expires".to_owned(),
    });
    if end.is_some() && !key.account.capabilities.expiry.settable {
        let who = if key.account.attended.is_some() { "a person is asked to revoke it then" } else { "keywright ends it itself" };
        notes.push(format!("`{}` cannot expire keys: {who}", key.account.provider));
    }
    notes
}

/// `90 days`, or the span as people write it when it is no whole number of days.
pub(super) fn words(span: Span) -> String {
    match (span.as_seconds() / 86_400, span.as_seconds() % 86_400) {
        (1, 0) => "1 day".to_owned(),
        (days, 0) => format!("{days} days"),
        (_, _) => span.to_string(),
    }
}
