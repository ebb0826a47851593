//! Providers as data: what a profile says. Pure: sends nothing, reads no files.
pub mod api;
pub mod auth;
pub mod body;
pub mod builtin;
pub mod capabilities;
pub mod catalogue;
pub mod catalogue_facts;
mod catalogue_reach;
pub mod catalogue_spec;
pub mod check;
mod check_attended;
mod check_operations;
mod check_values;
pub mod classify;
pub mod codec_objects;
pub mod codec_scopes;
pub mod codec_time;
pub mod codec_words;
pub mod credential;
pub mod grants;
pub mod key_reader;
pub mod label_place;
pub mod object;
pub mod paging;
pub mod pattern;
pub mod pointer;
pub mod predicate;
pub mod read_back;
pub mod reader;
pub mod request;
pub mod risk;
pub mod runbook;
pub mod secret;
pub mod template;
pub mod verify;
pub mod widening;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use api::{Api, HttpApi};
pub use builtin::{builtin, builtin_text};
pub use capabilities::{Capabilities, Disable, EditableFields, ExpirySupport, IdleExpiry, LabelRule, ScopeRule, Told};
pub use catalogue::{Catalogue, CatalogueSpec, ScopeCheck, ScopeFacts, ScopeSpec, Unlisted, Wildcard};
pub use credential::{Credential, CredentialProblem};
pub use grants::Grants;
pub use read_back::ReadBack;
use reader::KeyReader;
pub use risk::risk_of;
pub use runbook::{Runbook, Runbooks};
pub use secret::{SecretProblem, SecretShape};
pub use widening::{Widening, Widens};

use crate::diagnostics::Report;
use crate::yaml;
use auth::{AuthScheme, Select};
use template::{Placeholder, Template};

/// One provider, as its YAML file describes it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// The version of the profile language: 1.
    #[schemars(range(min = 1, max = 1))]
    pub version: u32,
    /// The word for it in `keywright.yaml`.
    pub name: String,
    /// The name people know.
    pub title: String,
    /// Documentation pages that the facts rest on, by name.
    #[serde(default)]
    pub sources: Vec<String>,
    /// What the account or the admin credential must have before anything works, for people: a plan, a role, a setting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requires: Option<String>,
    /// Named environments; an account names one when there is more than one.
    #[serde(default)]
    pub environments: BTreeMap<String, Environment>,
    /// What an account must or may say beside its credential.
    #[serde(default)]
    pub params: BTreeMap<String, Param>,
    /// Provider-specific fields of a key.
    #[serde(default)]
    pub options: BTreeMap<String, KeyOption>,
    /// The parts of a key's secret, in the vendor's order; one part is written `raw` by default, several as JSON.
    pub secret: SecretShape,
    pub capabilities: Capabilities,
    /// What carries out the operations; absent: a person does.
    #[serde(default)]
    pub api: Option<Api>,
    pub catalogue: CatalogueSpec,
    /// What a person does where there is no API that makes keys.
    #[serde(default)]
    pub runbooks: Option<Runbooks>,
    /// Keys that a person grants in a browser, beside those that a person makes.
    #[serde(default)]
    pub grants: Option<Grants>,
}

impl Profile {
    /// The environment of an account that names none: the only one, or the default.
    pub fn usual_environment(&self) -> Option<(&String, &Environment)> {
        let only = self.environments.iter().next().filter(|_| self.environments.len() == 1);
        only.or_else(|| self.environments.iter().find(|(_, environment)| environment.default))
    }

    /// Whether nothing tells which of an account's keys is that of our own credential.
    pub fn leaves_own_untold(&self) -> bool {
        match &self.api {
            Some(Api::Http(api)) => api.operations.list.is_some() && !api.tells_own(),
            Some(Api::Keyring) | None => false,
        }
    }

    /// Params that the chosen schemes of authentication need and that are not given, each with the scheme.
    pub fn params_missing<'a>(&'a self, given: &'a BTreeMap<String, String>) -> Vec<(&'a str, &'a str)> {
        let Some(Api::Http(api)) = &self.api else { return Vec::new() };
        let selects = api.auth.select.iter().chain(api.verify.as_ref().map(|verify| &verify.select));
        let chosen: BTreeSet<&str> =
            selects.filter(|select| matches!(select, Select::Param(_))).filter_map(|select| select.choose(given, None)).collect();
        let needs = |name: &'a str| {
            let placeholders = api.auth.schemes.get(name).into_iter().flat_map(AuthScheme::templates).flat_map(Template::placeholders);
            placeholders.filter_map(move |placeholder| {
                let Placeholder::Param(param) = placeholder else { return None };
                (!given.contains_key(param)).then_some((param.as_str(), name))
            })
        };
        chosen.into_iter().flat_map(needs).collect()
    }

    /// Reads and checks a profile. All problems go to the report; `None` when there was an error.
    pub fn parse(file: &Arc<str>, bytes: &[u8], report: &mut Report) -> Option<Self> {
        let mut profile: Self = yaml::read(file, bytes, report)?;
        if let Some(Api::Http(api)) = &profile.api {
            profile.capabilities.told = api.key.as_ref().map(KeyReader::told).unwrap_or_default();
        }
        let mut problems = Report::default();
        profile.check(file, &mut problems);
        let sound = !problems.has_errors();
        report.extend(problems);
        sound.then_some(profile)
    }

    /// The shape of the admin credential; `None` where no credential is needed.
    pub fn credential(&self) -> Option<&Credential> {
        match &self.api {
            Some(Api::Http(api)) => api.credential.as_ref(),
            Some(Api::Keyring) | None => None,
        }
    }

    /// What a person does, where no API makes keys: then the provider is attended.
    pub fn attended(&self) -> Option<&Runbooks> {
        self.runbooks.as_ref().filter(|_| !self.has_create())
    }

    /// Whether keys can be made without a person.
    pub fn has_create(&self) -> bool {
        match &self.api {
            Some(Api::Http(api)) => api.operations.create.is_some(),
            Some(Api::Keyring) => true,
            None => false,
        }
    }
}

/// One of the provider's environments.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Environment {
    /// Scheme, host and path prefix of the management API. `endpoint` of an account replaces scheme, host and port.
    #[serde(default)]
    pub url: Option<String>,
    /// Values of params and of key options that this environment accepts, where it does not accept all.
    #[serde(default)]
    pub allow: BTreeMap<String, Vec<String>>,
    /// What it is, for people.
    #[serde(default)]
    pub says: Option<String>,
    /// Whether it is that of accounts which name none.
    #[serde(default)]
    pub default: bool,
}

/// A parameter of an account.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Param {
    /// What it is, for people.
    pub says: String,
    /// A regular expression that the whole value matches.
    #[serde(default)]
    pub pattern: Option<String>,
    /// The accepted values; empty: any.
    #[serde(default)]
    pub values: Vec<String>,
    /// Used when the account says nothing; absent: required, unless `optional`.
    #[serde(default)]
    pub default: Option<String>,
    /// Whether an account may leave it out.
    #[serde(default)]
    pub optional: bool,
}

/// A provider-specific field of a key (`options:` in a manifest).
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyOption {
    /// What it is, for people.
    pub says: String,
    /// `text`, `list` for a list of texts (compared as a set), or `json` for any value.
    pub kind: OptionKind,
    /// The accepted values; empty: any.
    #[serde(default)]
    pub values: Vec<String>,
    /// A regular expression that each value matches.
    #[serde(default)]
    pub pattern: Option<String>,
    /// Sent when the manifest says nothing.
    #[serde(default)]
    pub default: Option<Value>,
    /// Whether a key must say it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub required: bool,
    /// When it gives a key more than it had, or `nothing`. Left out, it gives nothing either, but `keywright check` asks; a change of a `json` option
    /// counts as more access then.
    #[serde(default)]
    pub widens: Option<Widens>,
}

/// The type of a key option.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OptionKind {
    Text,
    List,
    /// Any JSON value, passed on unchanged and compared as a whole.
    Json,
}
