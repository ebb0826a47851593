//! How calls authenticate: named schemes, and which of them is used. Computes nothing.
use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::pointer::Pointer;
use super::request::requests;
use super::template::{Placeholder, Template};
use crate::model::{Options, Span};

/// The schemes of the management API, and the one our own calls use.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Auth {
    /// What decides the scheme of our own calls; absent where there is no credential of ours.
    #[serde(rename = "use", default)]
    pub select: Option<Select>,
    /// A call before the others, where the provider wants one: made once, and again when what it gave has ended or is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login: Option<Box<Login>>,
    /// Schemes by name.
    pub schemes: BTreeMap<String, AuthScheme>,
}

requests! {
    /// The call that gives what other calls authenticate with. Its body may name `{part.NAME}` of the credential.
    pub struct Login {
        /// Scheme, host and port of the login where it is not the API's: `https://login.example`. The account's `endpoint` replaces it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub at: Option<String>,
        /// The scheme that the login itself authenticates with.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub with: Option<String>,
        /// What the answer gives, by the name after `{login.`; texts or numbers.
        pub give: BTreeMap<String, Pointer>,
        /// How long that lasts; absent: until it is refused.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub lasts: Option<Lasts>,
        /// Where the answer says which host the API is at; absent: the environment's. The account's `endpoint` replaces it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub base: Option<GivenBase>,
    }
}

/// How long a login lasts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Lasts {
    For(Span),
    Told(LastsTold),
}

/// Where the login's answer says how long it lasts, in seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LastsTold {
    /// Where the answer says for how many seconds it lasts.
    pub body: Pointer,
}

/// A base URL that an answer gives: scheme, host and port, with a path as prefix.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GivenBase {
    /// Where the answer has it.
    pub at: Pointer,
    /// The hosts that are followed: `api.example.com`, or `*.example.com` for every host below.
    pub hosts: Vec<String>,
}

impl GivenBase {
    /// Whether a host is among the listed ones.
    pub fn lists(&self, host: &str) -> bool {
        let fits = |listed: &String| match listed.strip_prefix("*.") {
            Some(domain) => host.strip_suffix(domain).and_then(|below| below.strip_suffix('.')).is_some_and(|below| !below.is_empty()),
            None => host == listed,
        };
        self.hosts.iter().any(fits)
    }
}

/// How a call proves who makes it. Templates may name `{part.NAME}` of the credential, `{login.NAME}` and params.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum AuthScheme {
    /// `Authorization: Bearer …`
    Bearer(Template),
    /// `Authorization: Basic …`
    Basic {
        /// What stands before the colon.
        user: Template,
        /// What stands behind it.
        password: Template,
    },
    /// Headers of the provider's own, `Authorization` with another scheme among them.
    Headers(BTreeMap<String, Template>),
    /// A signature over each request, computed by a scheme that the program knows by name.
    Signature(SignatureSpec),
}

impl AuthScheme {
    /// Whether it needs what a login gives.
    pub fn needs_login(&self) -> bool {
        let mut placeholders = self.templates().into_iter().flat_map(Template::placeholders);
        placeholders.any(|placeholder| matches!(placeholder, Placeholder::Login(_)))
    }

    /// What fills the scheme's headers.
    pub fn templates(&self) -> Vec<&Template> {
        match self {
            Self::Bearer(token) => vec![token],
            Self::Basic { user, password } => vec![user, password],
            Self::Headers(headers) => headers.values().collect(),
            Self::Signature(SignatureSpec { id, secret, .. }) => vec![id, secret],
        }
    }
}

/// A signature and what goes into it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignatureSpec {
    pub scheme: SignatureScheme,
    /// Whose signature it is.
    pub id: Template,
    /// What it is made with.
    pub secret: Template,
    /// Whether the query string is part of what is signed.
    #[serde(default)]
    pub query: QuerySigning,
}

/// The signature schemes that the program can compute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SignatureScheme {
    /// `Authorization: Hmac id="…", nonce="…", timestamp="…", response="…"`, HMAC-SHA256 over method, path, nonce, time and body digest.
    PayconexHmac,
}

/// Whether a signature covers the query string.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum QuerySigning {
    Signed,
    Unsigned,
    /// Not documented: found out by the first call with a query, and remembered for the run.
    #[default]
    Unknown,
}

/// What decides which scheme a call uses.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Select {
    /// Always this one.
    Scheme(String),
    /// The one that this param of the account names.
    Param(String),
    /// The first row whose value is among those of a key's option; the first row when the option is not known.
    Option {
        /// The option.
        name: String,
        /// Its values, and the scheme of each.
        rows: Vec<SelectRow>,
    },
}

/// One row of a choice by option.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SelectRow {
    /// A value of the option.
    pub value: String,
    /// The scheme that is used where the option has it.
    pub scheme: String,
}

impl Select {
    /// The name of the chosen scheme; `None` when the param is not set or no row fits.
    pub fn choose<'a>(&'a self, params: &'a BTreeMap<String, String>, options: Option<&Options>) -> Option<&'a str> {
        match self {
            Self::Scheme(scheme) => Some(scheme),
            Self::Param(name) => params.get(name).map(String::as_str),
            Self::Option { name, rows } => {
                let Some(value) = options.and_then(|options| options.get(name)) else {
                    return rows.first().map(|row| row.scheme.as_str());
                };
                let has = |row: &&SelectRow| {
                    value.as_str() == Some(&row.value)
                        || value.as_array().is_some_and(|items| items.iter().any(|item| item.as_str() == Some(&row.value)))
                };
                rows.iter().find(has).map(|row| row.scheme.as_str())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_listed_hosts_are_followed() {
        let base = GivenBase { at: Pointer::default(), hosts: vec!["*.example.com".into(), "api.other.example".into()] };
        for good in ["a.example.com", "a.b.example.com", "api.other.example"] {
            assert!(base.lists(good), "{good}");
        }
        for bad in ["example.com", ".example.com", "aexample.com", "a.example.com.evil.example", "x.api.other.example", "", "a.example.co"]
        {
            assert!(!base.lists(bad), "{bad}");
        }
    }

    #[test]
    fn a_scheme_is_chosen_by_name_param_or_option() {
        let params = BTreeMap::from([("auth".to_owned(), "basic".to_owned())]);
        assert_eq!(Select::Scheme("hmac".into()).choose(&params, None), Some("hmac"));
        assert_eq!(Select::Param("auth".into()).choose(&params, None), Some("basic"));
        assert_eq!(Select::Param("other".into()).choose(&params, None), None);
        let row = |value: &str, scheme: &str| SelectRow { value: value.into(), scheme: scheme.into() };
        let by_option =
            Select::Option { name: "methods".into(), rows: vec![row("HMAC", "hmac"), row("ALL", "hmac"), row("BASIC", "basic")] };
        let choose = |value| {
            let options = Options::from([("methods".to_owned(), value)]);
            by_option.choose(&params, Some(&options)).map(str::to_owned)
        };
        assert_eq!(choose(json!(["BASIC"])).as_deref(), Some("basic"));
        assert_eq!(choose(json!(["BASIC", "ALL"])).as_deref(), Some("hmac"));
        assert_eq!(choose(json!("BASIC")).as_deref(), Some("basic"));
        assert_eq!(choose(json!([])), None);
        assert_eq!(by_option.choose(&params, None), Some("hmac"));
    }
}
