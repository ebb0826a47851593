//! How a key proves that it works: harmless reads made with its own secret, and what their answers mean. A table; sends nothing.
use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::auth::Select;
use super::classify::{Refusal, When};
use super::template::{Request, Template};
use crate::model::{Scope, ScopeSet};

/// Harmless calls made with a key's own secret, and the answers that decide. What is in no list decides nothing.
///
/// Among all rows that fit, one that says what the body is like goes before one that names a message, that before one that names a code, and that before one that names a status alone.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Verify {
    /// The call of a key that no probe fits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Request>,
    /// The query string of `request`, by name.
    #[serde(default)]
    pub query: BTreeMap<String, Template>,
    /// Calls chosen by the scopes that a key holds, cheapest first. Each is a GET.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub probes: Vec<Probe>,
    /// What decides the scheme of `auth` that the key uses.
    #[serde(rename = "use")]
    pub select: Select,
    /// Answers that prove the key to work.
    pub alive: Vec<When>,
    /// Answers that prove it to live, and to lack the scope that the call needs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lacks: Vec<When>,
    /// Answers that prove that its time is over.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expired: Vec<When>,
    /// Answers that prove it dead.
    pub dead: Vec<When>,
}

/// One call that a key can be tried with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Probe {
    /// A GET.
    pub request: Request,
    /// The query string by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub query: BTreeMap<String, Template>,
    /// Any one of these is enough; empty: every key may make the call.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<Scope>,
    /// Only for keys that use this scheme.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheme: Option<String>,
}

/// What one answer proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Alive,
    Lacks,
    Expired,
    Dead,
}

impl Verify {
    /// What an answer proves; `None`: nothing.
    pub fn verdict(&self, refusal: &Refusal, body: Option<&Value>) -> Option<Verdict> {
        let rows =
            [(Verdict::Dead, &self.dead), (Verdict::Expired, &self.expired), (Verdict::Lacks, &self.lacks), (Verdict::Alive, &self.alive)];
        let fitting = rows.into_iter().flat_map(|(verdict, whens)| whens.iter().map(move |when| (verdict, when)));
        let fitting = fitting.filter(|(_, when)| when.fits(refusal, body));
        // Of equals the first stays: what speaks against a key goes before what speaks for it.
        fitting.reduce(|best, next| if weight(next.1) > weight(best.1) { next } else { best }).map(|(verdict, _)| verdict)
    }

    /// The calls that a key of these scopes can be tried with, cheapest first. Never empty where there is a call for every key.
    pub fn calls(&self, scopes: &ScopeSet, scheme: &str) -> Vec<Probe> {
        let of_scheme = |probe: &&Probe| probe.scheme.as_deref().is_none_or(|own| own == scheme);
        let by_scope = |probe: &&Probe| probe.scopes.iter().any(|scope| scopes.contains(scope));
        let mut calls: Vec<Probe> = self.probes.iter().filter(of_scheme).filter(by_scope).cloned().collect();
        if calls.is_empty() {
            calls.extend(self.probes.iter().filter(of_scheme).find(|probe| probe.scopes.is_empty()).cloned());
        }
        if calls.is_empty()
            && let Some(request) = &self.request
        {
            calls.push(Probe { request: request.clone(), query: self.query.clone(), scopes: Vec::new(), scheme: None });
        }
        calls
    }

    /// Every row of its tables.
    pub fn whens(&self) -> impl Iterator<Item = &When> {
        [&self.alive, &self.lacks, &self.expired, &self.dead].into_iter().flatten()
    }
}

/// How much a row says: what the body must be like more than a message, a message more than a code, a code more than a status.
fn weight(when: &When) -> (bool, bool, bool, bool) {
    (!when.only.is_empty(), when.message.is_some(), !when.code.is_empty(), !when.status.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Profile;
    use crate::profile::api::Api;

    fn of(name: &str) -> (Verify, super::super::classify::Errors) {
        match Profile::builtin(name).expect("built in").api {
            Some(Api::Http(api)) => (api.verify.expect("there is one"), api.errors),
            Some(Api::Keyring) | None => panic!("no HTTP"),
        }
    }

    #[test]
    fn brex_is_judged_by_message_before_status() {
        let (verify, errors) = of("brex");
        let verdict = |status, message: &str| {
            let body = serde_json::json!({"type": "x", "message": message});
            verify.verdict(&errors.read(status, Some(&body)), Some(&body))
        };
        for (status, message, expected) in [
            (200, "", Some(Verdict::Alive)),
            (401, "Invalid or Revoked Token", Some(Verdict::Dead)),
            (401, "Unauthorized: Invalid or Revoked Token", Some(Verdict::Dead)),
            (401, "Must be cash admin, bookkeeper or user.", Some(Verdict::Alive)),
            (401, "Must be an admin.", Some(Verdict::Alive)),
            (401, "what is this", None),
            (403, "Expired token", Some(Verdict::Expired)),
            (403, "Insufficient scopes", Some(Verdict::Lacks)),
            (403, "", Some(Verdict::Lacks)),
            (429, "Too many requests", None),
            (500, "", None),
            (404, "", None),
        ] {
            assert_eq!(verdict(status, message), expected, "{status} {message}");
        }
    }

    #[test]
    fn the_cheapest_call_that_the_scopes_allow_comes_first() {
        let (verify, _) = of("brex");
        let calls = |words: &[&str]| {
            let scopes: ScopeSet = words.iter().map(|word| Scope::from(*word)).collect();
            verify.calls(&scopes, "bearer").iter().map(|probe| probe.request.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(calls(&["users.readonly"]), ["GET /v2/users/me"]);
        assert_eq!(calls(&["vendors.readonly", "users"]), ["GET /v2/users/me", "GET /v1/vendors"]);
        assert_eq!(calls(&["cards.pan"]), ["GET /v1/webhooks"], "nothing reads by it: the call that needs no scope");
        let (brynq, _) = of("brynq");
        let brynq = |scheme| brynq.calls(&ScopeSet::new(), scheme).iter().map(|probe| probe.request.to_string()).collect::<Vec<_>>();
        assert_eq!((brynq("bearer"), brynq("salure")), (vec!["GET /v2/customers".to_owned()], vec!["GET /v1/customers".to_owned()]));
    }
}
