//! Reads keys and secrets out of a provider's answers. Knows no request.
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use regex::Regex;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use serde_json::Value;
use zeroize::Zeroizing;

use super::codec_scopes::ScopeFormat;
use super::codec_time::TimeFormat;
use crate::model::address::as_text;
use crate::model::{ObservedKey, Options, Secret};

/// A JSON pointer (RFC 6901): empty for the whole, otherwise beginning with `/`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pointer(String);

/// A text that is no JSON pointer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a JSON pointer: it is empty or begins with `/`")]
pub struct PointerError(String);

impl Pointer {
    /// The value there; null counts as absent.
    pub fn of<'a>(&self, answer: &'a Value) -> Option<&'a Value> {
        answer.pointer(&self.0).filter(|value| !value.is_null())
    }

    /// The value there, to take something out of it.
    pub fn of_mut<'a>(&self, answer: &'a mut Value) -> Option<&'a mut Value> {
        answer.pointer_mut(&self.0)
    }
}

impl FromStr for Pointer {
    type Err = PointerError;
    fn from_str(text: &str) -> Result<Self, PointerError> {
        if text.is_empty() || text.starts_with('/') { Ok(Self(text.to_owned())) } else { Err(PointerError(text.to_owned())) }
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

as_text!(Pointer, "Pointer", "^(/.*)?$");

/// Where an answer holds what of a key. Pointers start at the key's own object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyReader {
    pub id: IdReader,
    /// Absent: the empty label.
    pub label: Pointer,
    #[serde(default)]
    pub scopes: Option<ScopesReader>,
    #[serde(default)]
    pub expiry: Option<ExpiryReader>,
    /// A boolean. Where an answer lacks it, the state is unknown.
    #[serde(default)]
    pub enabled: Option<Pointer>,
    #[serde(default)]
    pub created: Option<TimeReader>,
    #[serde(default)]
    pub last_used: Option<TimeReader>,
    /// The parts of the secret, in those answers that have it.
    #[serde(default)]
    pub secret: BTreeMap<String, Pointer>,
    /// Options by name, taken as they are.
    #[serde(default)]
    pub options: BTreeMap<String, Pointer>,
}

/// Where the id is, and its form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IdReader {
    pub at: Pointer,
    /// A regular expression that the whole id matches. Nothing is sent about an id that does not.
    #[serde(default)]
    pub pattern: Option<String>,
}

/// Where the scopes are, and how they are written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScopesReader {
    pub at: Pointer,
    #[serde(default, rename = "as")]
    pub format: ScopeFormat,
}

/// Where an instant is, and how it is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TimeReader {
    pub at: Pointer,
    #[serde(default, rename = "as")]
    pub format: TimeFormat,
}

/// Where the expiry is, how it is written, and what its absence means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpiryReader {
    pub at: Pointer,
    #[serde(default, rename = "as")]
    pub format: TimeFormat,
    #[serde(default)]
    pub absent: AbsentExpiry,
}

/// What an answer without an expiry says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AbsentExpiry {
    /// The key never expires.
    Never,
    /// Nothing.
    #[default]
    Unknown,
}

/// Why an answer could not be read. Holds a place, never a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    #[error("the answer has no key id at `{0}`")]
    NoId(Pointer),
    #[error("the key id at `{0}` has an unknown form")]
    BadId(Pointer),
    #[error("the answer's `{0}` has an unexpected form")]
    Form(Pointer),
}

/// A key reader ready for use.
#[derive(Debug, Clone)]
pub struct Reader {
    spec: KeyReader,
    id_form: Option<Regex>,
    own: BTreeSet<String>,
}

impl Reader {
    /// Prepares a reader. `own` is the id of our own admin credential's key. Errors when the id's pattern is no regular expression.
    pub fn new(spec: KeyReader, own: Option<String>) -> Result<Self, regex::Error> {
        let id_form = spec.id.pattern.as_deref().map(whole).transpose()?;
        Ok(Self { spec, id_form, own: own.into_iter().collect() })
    }

    /// Takes another key for ours, by its id.
    pub fn also_own(&mut self, id: String) {
        self.own.insert(id);
    }

    /// Whether an id is that of a key of our own credentials.
    pub fn is_own(&self, id: &str) -> bool {
        self.own.contains(id)
    }

    /// Whether a text has the form of this provider's ids.
    pub fn is_id(&self, id: &str) -> bool {
        !id.is_empty() && self.id_form.as_ref().is_none_or(|form| form.is_match(id))
    }

    /// The key of one answer object. Fields that the profile does not name are ignored; a named one of another form is an error.
    pub fn key(&self, answer: &Value) -> Result<ObservedKey, ReadError> {
        let spec = &self.spec;
        let id = spec.id.at.of(answer).and_then(Value::as_str).ok_or_else(|| ReadError::NoId(spec.id.at.clone()))?;
        if !self.is_id(id) {
            return Err(ReadError::BadId(spec.id.at.clone()));
        }
        let time = |reader: &Option<TimeReader>| match reader {
            Some(reader) => optional(&reader.at, answer, |value| reader.format.read(value)),
            None => Ok(None),
        };
        Ok(ObservedKey {
            id: id.to_owned(),
            label: optional(&spec.label, answer, |value| value.as_str().map(str::to_owned))?.unwrap_or_default(),
            scopes: match &spec.scopes {
                Some(reader) => optional(&reader.at, answer, |value| reader.format.read(value))?,
                None => None,
            },
            expires_at: self.expiry(answer)?,
            enabled: match &spec.enabled {
                Some(at) => optional(at, answer, Value::as_bool)?,
                None => None,
            },
            created_at: time(&spec.created)?,
            last_used_at: time(&spec.last_used)?,
            options: self.options(answer),
            own: self.is_own(id),
        })
    }

    fn expiry(&self, answer: &Value) -> Result<Option<Option<Timestamp>>, ReadError> {
        let Some(reader) = &self.spec.expiry else { return Ok(None) };
        match (optional(&reader.at, answer, |value| reader.format.read(value))?, reader.absent) {
            (Some(instant), AbsentExpiry::Never | AbsentExpiry::Unknown) => Ok(Some(Some(instant))),
            (None, AbsentExpiry::Never) => Ok(Some(None)),
            (None, AbsentExpiry::Unknown) => Ok(None),
        }
    }

    fn options(&self, answer: &Value) -> Options {
        self.spec.options.iter().filter_map(|(name, at)| Some((name.clone(), at.of(answer)?.clone()))).collect()
    }

    /// Takes the secret's parts, in this order, out of the answer. `None` when any is missing or empty.
    pub fn take_secret(&self, parts: &[String], answer: &mut Value) -> Option<Secret> {
        let mut taken = Vec::with_capacity(parts.len());
        for part in parts {
            let place = self.spec.secret.get(part)?;
            let text = match place.of_mut(answer)? {
                Value::String(text) => Zeroizing::new(std::mem::take(text)),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => return None,
            };
            if text.is_empty() {
                return None;
            }
            taken.push((part.clone(), text));
        }
        Some(Secret::of_parts(taken))
    }
}

fn optional<T>(at: &Pointer, answer: &Value, read: impl Fn(&Value) -> Option<T>) -> Result<Option<T>, ReadError> {
    at.of(answer).map(|value| read(value).ok_or_else(|| ReadError::Form(at.clone()))).transpose()
}

/// A regular expression that matches whole texts only, without `$`'s lenience towards a last line break.
pub fn whole(pattern: &str) -> Result<Regex, regex::Error> {
    Regex::new(&format!(r"\A(?:{pattern})\z"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn reader() -> Reader {
        let spec = json!({
            "id": {"at": "/id", "pattern": "api_[a-z0-9]{4}"},
            "label": "/label",
            "scopes": {"at": "/scopes", "as": "array"},
            "expiry": {"at": "/expiresAt", "as": "rfc3339", "absent": "never"},
            "enabled": "/enabled",
            "created": {"at": "/createdAt"},
            "secret": {"id": "/id", "secret": "/secret"},
            "options": {"methods": "/methods"}
        });
        Reader::new(serde_json::from_value(spec).expect("a reader"), Some("api_own1".into())).expect("a pattern")
    }

    #[test]
    fn a_key_is_read_and_unknown_fields_are_ignored() {
        let key = reader().key(&json!({
            "id": "api_own1", "label": "one", "scopes": ["b", "a"], "methods": ["HMAC"], "createdAt": "2024-05-16T23:06:50.000000Z",
            "enabled": false, "news": {"x": 1}
        }));
        let key = key.expect("a key");
        assert_eq!((key.label.as_str(), key.enabled, key.expires_at, key.own), ("one", Some(false), Some(None), true));
        assert_eq!(key.scopes.expect("scopes").len(), 2);
        assert_eq!(key.options["methods"], json!(["HMAC"]));
        let narrow = reader().key(&json!({"id": "api_0001", "expiresAt": "2027-03-31T23:59:59Z"})).expect("a key");
        assert_eq!((narrow.enabled, narrow.scopes, narrow.own), (None, None, false));
        assert_eq!(narrow.expires_at.flatten().map(|at| at.to_string()).as_deref(), Some("2027-03-31T23:59:59Z"));
    }

    #[test]
    fn doubtful_answers_are_errors() {
        let read = |answer: Value| reader().key(&answer).expect_err("an error").to_string();
        assert_eq!(read(json!({"label": "x"})), "the answer has no key id at `/id`");
        assert_eq!(read(json!({"id": 7})), "the answer has no key id at `/id`");
        assert_eq!(read(json!({"id": "api_../x"})), "the key id at `/id` has an unknown form");
        assert_eq!(read(json!({"id": "api_0001\n"})), "the key id at `/id` has an unknown form");
        assert_eq!(read(json!({"id": "api_0001", "scopes": "a b"})), "the answer's `/scopes` has an unexpected form");
        assert_eq!(read(json!({"id": "api_0001", "expiresAt": 5})), "the answer's `/expiresAt` has an unexpected form");
        assert_eq!(read(json!([])), "the answer has no key id at `/id`");
    }

    #[test]
    fn a_secret_leaves_the_answer() {
        let parts = ["id".to_owned(), "secret".to_owned()];
        let mut answer = json!({"id": "api_0001", "secret": "hush"});
        let secret = reader().take_secret(&parts, &mut answer).expect("a secret");
        assert_eq!(secret.parts().collect::<Vec<_>>(), [("id", "api_0001"), ("secret", "hush")]);
        assert!(!answer.to_string().contains("hush"));
        for mut answer in [json!({"id": "api_0001"}), json!({"id": "api_0001", "secret": ""}), json!({"id": "api_0001", "secret": 5})] {
            assert!(reader().take_secret(&parts, &mut answer).is_none());
        }
    }

    #[test]
    fn a_pointer_is_empty_or_begins_with_a_slash() {
        assert!("".parse::<Pointer>().is_ok() && "/a/0".parse::<Pointer>().is_ok());
        assert!("id".parse::<Pointer>().is_err());
    }
}
