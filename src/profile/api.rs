//! The half of a profile that speaks about the provider's API: what is sent for each operation and where answers hold what. Data only.
use std::collections::BTreeMap;
use std::num::NonZeroU32;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::auth::Auth;
use super::classify::Errors;
use super::codec_scopes::{NamedWriter, ScopesWriter};
use super::codec_time::ExpiryWriter;
use super::credential::Credential;
use super::paging::Paging;
use super::pointer::Pointer;
use super::predicate::{Predicate, Test};
use super::reader::KeyReader;
use super::request::requests;
use super::template::{Placeholder, Template};
pub use super::verify::Verify;
use crate::model::Span;

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
    /// Lists at the provider that translate between names and values, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub lookups: BTreeMap<String, Lookup>,
    /// Asks once which key is that of our own credential; it is never written to.
    #[serde(default, rename = "self", skip_serializing_if = "Option::is_none")]
    pub own: Option<OwnKey>,
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

impl HttpApi {
    /// Whether it is said which key is that of our own credential, or that it never is one.
    pub fn tells_own(&self) -> bool {
        let shown = self.key.as_ref().is_some_and(|key| !key.own.is_empty());
        let by_credential = self.credential.as_ref().is_none_or(|credential| credential.own.is_some() || credential.apart);
        self.own.is_some() || shown || by_credential
    }

    /// Whether requests say in a field of its own that a key has no end.
    pub fn says_never(&self) -> bool {
        let Operations { create, edit, enable, .. } = &self.operations;
        let bodies = [create, edit, enable].into_iter().flatten().filter_map(|operation| operation.asked().content);
        bodies.flat_map(|content| content.body().placeholders()).any(|placeholder| *placeholder == Placeholder::Never)
    }

    /// Whether a key is disabled by an end that has passed.
    pub fn disables_by_past(&self) -> bool {
        let names = |operation: &Operation| {
            let further = operation.then.iter().flat_map(|further| further.asked().placeholders());
            operation.asked().placeholders().into_iter().chain(further).any(|placeholder| *placeholder == Placeholder::Past)
        };
        self.operations.disable.as_ref().is_some_and(names)
    }
}

/// How often the provider may be called, per account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// Calls a second, in the long run.
    pub per_second: NonZeroU32,
    /// Calls that may come at once after a pause.
    pub burst: NonZeroU32,
}

/// How values are written into requests.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Formats {
    pub scopes: ScopesWriter,
    pub expiry: ExpiryWriter,
    /// Options that are not sent as they are, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub options: BTreeMap<String, NamedWriter>,
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

requests! {
    /// One request on a key, and its answer.
    pub struct Operation {
        /// Where the answer has the key.
        #[serde(default)]
        pub item: Pointer,
        /// Values from elsewhere in the answer, by the place in the key's object where they are put.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        pub take: BTreeMap<Pointer, Take>,
        /// What the body is put over; absent: nothing, the body is all that is sent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub from: Option<Base>,
        /// What of that object is not sent back.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub without: Vec<Pointer>,
        /// Further requests, in order.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub then: Vec<Further>,
        /// What is waited for after a write.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub wait: Option<Wait>,
    }

    /// The request for all keys, and how its answers make one listing.
    pub struct ListOperation {
        /// Where the answer has its keys: a list; or a map, whose entries get their name as `/$name`.
        #[serde(default)]
        pub items: Pointer,
        #[serde(default)]
        pub paging: Paging,
        /// Requests for each entry, a few entries at a time.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub then: Vec<Further>,
    }

    /// A request after the first one of an operation. It may name `{item./POINTER}`, a value of the key's object so far.
    pub struct Further {
        /// Where the answer has what is put into the key's object.
        #[serde(default)]
        pub item: Pointer,
        /// Values from elsewhere in the answer, by the place in what is put into the key's object.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        pub take: BTreeMap<Pointer, Take>,
        /// Where in the key's object it is put; empty: in the place of the whole. Absent: nowhere.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub into: Option<Pointer>,
    }

    /// A list at the provider that says which value stands for which name.
    pub struct Lookup {
        /// Where the answer has its entries: a list; or a map, whose entries get their name as `/$name`, and what is no map as `/$value`.
        #[serde(default)]
        pub items: Pointer,
        #[serde(default)]
        pub paging: Paging,
        /// What holds of every entry that counts.
        #[serde(default, rename = "where", skip_serializing_if = "Vec::is_empty")]
        pub only: Vec<Predicate>,
        /// Where an entry has the name that profiles and manifests use.
        pub name: Pointer,
        /// Where it has the value that requests and answers use.
        pub value: Pointer,
    }

    /// Asks which key our own credential belongs to.
    pub struct OwnKey {
        /// Where the answer has what that key is known by. Nothing there: our credential is no key of the account.
        pub id: Pointer,
        /// Where a key's object has the same; absent: it is the key's id.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub at: Option<Pointer>,
    }
}

/// A value that stands outside the key's object in an answer: either of the two places.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Take {
    /// In the whole answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Pointer>,
    /// In a header, by its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<String>,
    /// A regular expression found in the text there; what it matches, or its first group, is taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
}

/// What is waited for after a write, by asking `get` again and again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Wait {
    /// What must hold of the key's object; nothing: that it is there. After a delete, it is waited until the key is gone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub until: Vec<Predicate>,
    /// An error when it is over.
    pub at_most: Span,
}

impl Wait {
    /// Whether the key's object shows what is waited for.
    pub fn is_over(&self, object: &serde_json::Value) -> bool {
        !object.is_null() && self.until.iter().all(|until| Test::new(until).is_ok_and(|test| test.holds(object)))
    }
}

/// What a body is put over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Base {
    /// The key's object as `get` answers it, with everything that the profile does not know.
    Get,
}
