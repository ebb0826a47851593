//! Keys that a person grants in a browser (OAuth 2): where the issuer is, what its client consists of, how long tokens last. Data only.
use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Profile;
use super::check::Check;
use super::credential::Credential;
use super::runbook::Runbooks;
use crate::model::{Options, Span};

/// The parts of a grant's secret, in their order.
///
/// `superseded` holds refresh tokens of grants before this one that are still to be revoked, as `NUMBER:TOKEN`, separated by spaces. A part of which
/// there is nothing is empty.
pub const PARTS: [&str; 3] = [ACCESS_TOKEN, REFRESH_TOKEN, SUPERSEDED];
pub const ACCESS_TOKEN: &str = "access_token";
pub const REFRESH_TOKEN: &str = "refresh_token";
pub const SUPERSEDED: &str = "superseded";

/// How grants are had: authorization code with PKCE, on a loopback redirect, and refresh tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Grants {
    /// The keys that are grants: those whose option of this name has this value.
    pub option: String,
    /// The value of that option.
    pub value: String,
    /// The issuer of each environment: `https`, without a slash at its end. `issuer` of an account replaces scheme, host and port.
    pub issuers: BTreeMap<String, String>,
    /// Where an issuer says what its endpoints are, below it; the first that answers. The endpoints must be at the issuer's host.
    pub discovery: Vec<String>,
    /// What the client consists of: its id, then its secret. The account's `credential` refers to it.
    pub client: Credential,
    /// The param of an account that fixes the port of the redirect.
    pub port: String,
    /// The path of the redirect.
    pub redirect: String,
    /// How long an access token lasts where the issuer does not say.
    pub access: Span,
    pub refresh: RefreshTimes,
    /// The forms in which a revocation is sent, until one is taken.
    pub revoke: Vec<RevokeForm>,
    /// What a person does: to grant, and to end a grant that no call can end.
    pub runbooks: Runbooks,
}

/// How long a refresh token lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RefreshTimes {
    /// It ends when it was not used for so long.
    pub ends: Span,
    /// It is used when it is this old.
    pub due: Span,
}

/// A form of a request's body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RevokeForm {
    Json,
    Form,
}

impl Grants {
    /// Whether a key of these options is a grant.
    pub fn covers(&self, options: &Options) -> bool {
        options.get(&self.option).and_then(|value| value.as_str()) == Some(&self.value)
    }
}

impl Profile {
    /// How a key of these options is granted; `None`: it is an ordinary key.
    pub fn grants_of(&self, options: &Options) -> Option<&Grants> {
        self.grants.as_ref().filter(|grants| grants.covers(options))
    }

    /// The parts of the secret of a key with these options.
    pub fn parts_of(&self, options: &Options) -> Vec<String> {
        match self.grants_of(options) {
            Some(_) => PARTS.map(str::to_owned).to_vec(),
            None => self.secret.parts.clone(),
        }
    }
}

impl Check<'_> {
    /// Grants name what is there, and go nowhere but to `https`.
    pub(super) fn grants(&mut self) {
        let Some(grants) = &self.profile.grants else { return };
        if self.profile.attended().is_none() {
            self.fail(&["grants"], "grants stand beside `runbooks`: a person gives them".to_owned());
        }
        let option = self.profile.options.get(&grants.option);
        if !option.is_some_and(|option| option.values.contains(&grants.value)) {
            self.fail(&["grants", "option"], format!("there is no option `{}` with the value `{}`", grants.option, grants.value));
        }
        if !self.profile.params.get(&grants.port).is_some_and(|param| param.optional) {
            self.fail(&["grants", "port"], format!("there is no optional param `{}`", grants.port));
        }
        for (name, issuer) in &grants.issuers {
            if !self.profile.environments.contains_key(name) {
                self.fail(&["grants", "issuers", name], format!("there is no environment `{name}`"));
            }
            if !issuer.starts_with("https://") || issuer.ends_with('/') || issuer.contains(['?', '#', '@']) {
                self.fail(&["grants", "issuers", name], "an issuer begins with `https://`, and has no slash at its end".to_owned());
            }
        }
        let paths = grants.discovery.iter().chain([&grants.redirect]);
        if grants.discovery.is_empty() || paths.into_iter().any(|path| !path.starts_with('/')) {
            self.fail(&["grants", "discovery"], "paths begin with a slash, and there is at least one for the discovery".to_owned());
        }
        if grants.client.parts.len() != 2 {
            self.fail(&["grants", "client", "parts"], "a client has two parts: its id, then its secret".to_owned());
        }
        if grants.refresh.due >= grants.refresh.ends {
            self.fail(&["grants", "refresh", "due"], format!("after {} comes too late", grants.refresh.due));
        }
        if grants.revoke.is_empty() {
            self.fail(&["grants", "revoke"], "name at least one form".to_owned());
        }
        self.runbooks(&["grants", "runbooks"], &grants.runbooks);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn brex() -> Profile {
        Profile::builtin("brex").expect("built in")
    }

    #[test]
    fn the_option_decides_what_a_secret_consists_of() {
        let (profile, oauth) = (brex(), Options::from([("kind".to_owned(), "oauth".into())]));
        assert_eq!(profile.parts_of(&oauth), PARTS);
        assert_eq!(profile.parts_of(&Options::new()), ["secret"]);
        assert!(profile.grants_of(&oauth).is_some() && profile.grants_of(&Options::new()).is_none());
    }

    #[test]
    fn what_contradicts_itself_is_found() {
        let rows: [(&str, serde_json::Value, &str); 7] = [
            ("/grants/option", "other".into(), "there is no option"),
            ("/grants/port", "other".into(), "there is no optional param"),
            ("/grants/issuers/production", "http://plain.example".into(), "an issuer begins with"),
            ("/grants/redirect", "callback".into(), "paths begin with a slash"),
            ("/grants/client/parts", serde_json::json!(["one"]), "a client has two parts"),
            ("/grants/refresh/due", "90d".into(), "after 90d comes too late"),
            ("/grants/runbooks/create/title", "{{ nothing }}".into(), "the template cannot be filled"),
        ];
        for (pointer, value, expected) in rows {
            let mut profile = serde_json::to_value(brex()).expect("JSON");
            *profile.pointer_mut(pointer).expect(pointer) = value;
            let profile: Profile = serde_json::from_value(profile).expect("a profile");
            let mut report = crate::diagnostics::Report::default();
            profile.check(&"x.yaml".into(), &mut report);
            let found: Vec<&str> = report.diagnostics().iter().map(|diagnostic| diagnostic.message.as_str()).collect();
            assert!(found.iter().any(|message| message.starts_with(expected)), "{pointer}: {found:?}");
        }
    }
}
