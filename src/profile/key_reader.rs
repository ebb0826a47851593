//! Where an answer holds what of a key, as a profile writes it. Reads nothing itself, but for whether a key is enabled.
use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::capabilities::Told;
pub use super::codec_scopes::ScopesReader;
use super::codec_scopes::WordsReader;
use super::codec_time::TimeFormat;
pub use super::label_place::{LabelPlace, LabelReader};
use super::pointer::Pointer;
use super::predicate::{Predicate, Test};

/// Where an answer holds what of a key. Pointers start at the key's own object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyReader {
    pub id: IdReader,
    /// Where the label is, with its marker; nothing there is the empty label. Absent: a key has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<LabelReader>,
    /// Where the scopes are. Absent: answers do not tell them.
    #[serde(default)]
    pub scopes: Option<ScopesReader>,
    #[serde(default)]
    pub expiry: Option<ExpiryReader>,
    /// A boolean, or the values that say it. Where an answer lacks it, the state is unknown.
    #[serde(default)]
    pub enabled: Option<EnabledReader>,
    #[serde(default)]
    pub created: Option<TimeReader>,
    #[serde(default)]
    pub last_used: Option<TimeReader>,
    /// The parts of the secret, in those answers that have it.
    #[serde(default)]
    pub secret: BTreeMap<String, Pointer>,
    /// Options by name: taken as they are, or read by a codec.
    #[serde(default)]
    pub options: BTreeMap<String, OptionReader>,
    /// What answers may leave out; where one does, it is unknown. All else that is read here must be told after a write, or the write has failed.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub may_lack: BTreeSet<MayLack>,
    /// What holds of every key that counts. One of which it does not is dead: a listing leaves it out, and asking for it finds nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub live: Vec<Predicate>,
    /// Entries that nobody may touch: they are never edited, adopted or reported. One of ours that becomes such is drift. One that holds is enough.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub untouchable: Vec<Predicate>,
    /// The keys of our own credentials. One that holds is enough.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub own: Vec<Predicate>,
}

/// What an answer may leave out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MayLack {
    Scopes,
    Expiry,
    Enabled,
    /// Options: an absent one is then not taken for one that is not set.
    Options,
}

impl KeyReader {
    /// What every answer tells.
    pub fn told(&self) -> Told {
        let told = |field, is_read: bool| is_read && !self.may_lack.contains(&field);
        let options = self.options.keys().filter(|_| told(MayLack::Options, true)).cloned().collect();
        Told {
            scopes: told(MayLack::Scopes, self.scopes.is_some()),
            expiry: told(MayLack::Expiry, self.expiry.is_some()),
            enabled: told(MayLack::Enabled, self.enabled.is_some()),
            options,
        }
    }

    /// What a label with its marker makes of a key by itself, other than one that lives and is ours to manage.
    pub fn label_meaning(&self, label: &str) -> Option<&'static str> {
        let place = self.label.as_ref()?.place();
        let about = |predicate: &&Predicate| predicate.at == place.at;
        if ![&self.untouchable, &self.own, &self.live].into_iter().flatten().any(|predicate| about(&predicate)) {
            return None;
        }
        let mut object = Value::Null;
        place.at.put(&mut object, Value::String(place.write(label).0));
        let holds = |predicate: &Predicate| Test::new(predicate).is_ok_and(|test| test.holds(&object));
        let any = |predicates: &[Predicate]| predicates.iter().filter(about).any(holds);
        if any(&self.untouchable) {
            Some("one that nobody may touch")
        } else if any(&self.own) {
            Some("the key of our own credential")
        } else if self.live.iter().filter(about).any(|predicate| !holds(predicate)) {
            Some("a dead one")
        } else {
            None
        }
    }
}

/// Where the id is, and its form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IdReader {
    /// A text or a number.
    pub at: Pointer,
    /// A regular expression that the whole id matches. Nothing is sent about an id that does not.
    #[serde(default)]
    pub pattern: Option<String>,
    /// Fields that are kept instead of the id, joined by `@`, where the id may be used again or is a secret. The id is then found in the listing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reference: Vec<Pointer>,
    /// Whether the id is a secret: then no message, file or log has it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub secret: bool,
}

/// Where an option is: a pointer to what is taken as it is, or a map with a codec.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum OptionReader {
    At(Pointer),
    Words(Box<WordsReader>),
}

/// Where it is told whether a key is enabled: a pointer to a boolean, or the values that say it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum EnabledReader {
    Flag(Pointer),
    Values(EnabledValues),
}

/// Values that tell whether a key is enabled. Where only one list is given, every other value says the opposite.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EnabledValues {
    /// Where an answer has the value.
    pub at: Pointer,
    /// Values of an enabled key; null stands for an absent one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub on: Vec<Value>,
    /// Values of a disabled key; null stands for an absent one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub off: Vec<Value>,
}

impl EnabledValues {
    /// Whether the key is enabled; `None` where the value says neither. What is absent says nothing unless a list names null.
    pub fn read(&self, answer: &Value) -> Option<bool> {
        let value = self.at.of(answer).unwrap_or(&Value::Null);
        let (on, off) = (self.on.contains(value), self.off.contains(value));
        let about_null = self.on.contains(&Value::Null) || self.off.contains(&Value::Null);
        match (on, off) {
            (true, _) => Some(true),
            (false, true) => Some(false),
            (false, false) if value.is_null() && !about_null => None,
            (false, false) if self.off.is_empty() => Some(false),
            (false, false) if self.on.is_empty() => Some(true),
            (false, false) => None,
        }
    }
}

/// Where an instant is, and how it is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TimeReader {
    /// Where an answer has it.
    pub at: Pointer,
    #[serde(default, rename = "as")]
    pub format: TimeFormat,
    /// Values that stand for none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub never: Vec<Value>,
}

/// Where the expiry is, how it is written, and what stands for never.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpiryReader {
    /// Where an answer has it.
    pub at: Pointer,
    #[serde(default, rename = "as")]
    pub format: TimeFormat,
    /// What an answer without an expiry says.
    #[serde(default)]
    pub absent: AbsentExpiry,
    /// Values that stand for never, such as `0` or an instant in the far future.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub never: Vec<Value>,
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
