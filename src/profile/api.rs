//! The half of a profile that speaks about the provider's API: what is sent for each operation and where answers hold what. Data only.
use std::collections::BTreeMap;
use std::num::NonZeroU32;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::auth::Auth;
use super::body::Body;
use super::classify::Errors;
use super::codec_scopes::ScopeFormat;
use super::codec_time::TimeFormat;
use super::credential::Credential;
use super::paging::Paging;
use super::reader::{KeyReader, Pointer};
use super::template::{Request, Template};
pub use super::verify::Verify;

/// What carries out a provider's operations.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Api {
    /// The embedded keyring, in this process.
    Keyring,
    /// An API over HTTP that speaks JSON.
    Http(Box<HttpApi>),
}

/// A management API over HTTP.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpApi {
    /// What the admin credential consists of; absent where a person makes the keys, and no account needs one.
    #[serde(default)]
    pub credential: Option<Credential>,
    /// How calls authenticate.
    pub auth: Auth,
    /// Headers of every call.
    #[serde(default)]
    pub headers: BTreeMap<String, Template>,
    /// How often the provider may be called.
    pub rate: Rate,
    /// How values are written into requests.
    #[serde(default)]
    pub formats: Formats,
    /// What can be asked. An operation that is not here does not exist.
    #[serde(default)]
    pub operations: Operations,
    /// Where answers hold what of a key; needed by every operation.
    #[serde(default)]
    pub key: Option<KeyReader>,
    /// How a key proves that it works.
    #[serde(default)]
    pub verify: Option<Verify>,
    /// What refusals mean.
    #[serde(default)]
    pub errors: Errors,
}

/// How often the provider may be called, per account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    pub per_second: NonZeroU32,
    /// Calls that may come at once after a pause.
    pub burst: NonZeroU32,
}

/// How values are written into requests.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Formats {
    pub scopes: ScopeFormat,
    pub expiry: TimeFormat,
}

/// What can be asked of the provider.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Operations {
    /// Every key of the account.
    pub list: Option<ListOperation>,
    /// One key by its id.
    pub get: Option<Operation>,
    /// Sent at most once, never again.
    pub create: Option<Operation>,
    /// Sends only what changes.
    pub edit: Option<Operation>,
    pub disable: Option<Operation>,
    pub enable: Option<Operation>,
    pub delete: Option<Operation>,
    /// One key by its id, with its secret.
    pub reveal: Option<Operation>,
}

/// One request and its answer.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Operation {
    pub request: Request,
    /// The query string by name; absent values are left out.
    #[serde(default)]
    pub query: BTreeMap<String, Template>,
    #[serde(default)]
    pub body: Option<Body>,
    /// Where the answer has the key.
    #[serde(default)]
    pub item: Pointer,
}

/// The request for all keys, and how its answers make one listing.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListOperation {
    pub request: Request,
    /// The query string by name; absent values are left out.
    #[serde(default)]
    pub query: BTreeMap<String, Template>,
    /// Where the answer has the array of keys.
    #[serde(default)]
    pub items: Pointer,
    #[serde(default)]
    pub paging: Paging,
}
