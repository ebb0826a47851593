//! How providers write the scopes of a key: in one place or along several axes, under their own names. Knows no catalogue.
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::codec_words::text;
pub use super::codec_words::{Emptiness, Names, WordsFormat, WordsProblem};
use super::pattern::Once;
use super::pointer::Pointer;
use super::reader::whole;
use super::template::Placeholder;
use crate::model::{Scope, ScopeSet};

/// The lists that were read at the provider: by the name of the lookup, the provider's value for each scope; null where several have its name.
pub type Lookups = BTreeMap<String, BTreeMap<String, Value>>;

/// How scopes are written into requests: the name of a format, a map, or one map for each axis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ScopesWriter {
    Plain(WordsFormat),
    Named(NamedWriter),
    Axes(AxesWriter),
}

/// How scopes are written, and under which names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NamedWriter {
    #[serde(default, rename = "as")]
    pub format: WordsFormat,
    /// The provider's value for a scope.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub names: BTreeMap<String, Value>,
    /// The list of `api.http.lookups` that has the values; a scope that is not in it is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lookup: Option<String>,
}

/// Scopes along several axes, each written apart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AxesWriter {
    /// By name; a request says `{scopes.NAME}` for what an axis holds.
    pub axes: BTreeMap<String, AxisWriter>,
}

/// One axis: the scopes with its prefix, which is not sent. Requests name it `{scopes.AXIS}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AxisWriter {
    /// What scopes of this axis begin with; a scope belongs to the longest that fits.
    #[serde(default)]
    pub prefix: String,
    #[serde(default, rename = "as")]
    pub format: WordsFormat,
    /// The provider's value for a word.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub names: BTreeMap<String, Value>,
    /// The list of `api.http.lookups` that has the values; a word that is not in it is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lookup: Option<String>,
    /// Whether a key has at least one word of this axis; of a `single` it has exactly one anyway.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub required: bool,
}

/// Where the scopes are in an answer, and how they are written: in one place, or along several axes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ScopesReader {
    One(WordsReader),
    Axes(AxesReader),
}

/// Where words are, and how they are written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WordsReader {
    /// Where an answer has the words.
    pub at: Pointer,
    #[serde(default, rename = "as")]
    pub format: WordsFormat,
    /// The provider's value for a scope.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub names: BTreeMap<String, Value>,
    /// The list of `api.http.lookups` that has the values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lookup: Option<String>,
    /// The scopes that a key has of which nothing is told here, such as `["*"]`. Without it nothing is known of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub absent: Option<Vec<String>>,
}

/// Scopes along several axes, each read apart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AxesReader {
    /// By name, as in `formats.scopes`.
    pub axes: BTreeMap<String, AxisReader>,
    /// A place which says, by being there and holding nothing, that a key has scopes that no axis tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub empty: Option<Emptiness>,
}

/// One axis: where its words are; as scopes they begin with its prefix.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AxisReader {
    /// What its words begin with as scopes, and not at the provider.
    #[serde(default)]
    pub prefix: String,
    /// Where an answer has its words.
    pub at: Pointer,
    #[serde(default, rename = "as")]
    pub format: WordsFormat,
    /// The provider's value for a word.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub names: BTreeMap<String, Value>,
    /// The list of `api.http.lookups` that has the values. What it does not have is left to another axis with a lookup at the same place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lookup: Option<String>,
    /// A regular expression that the provider's whole word matches; others at this place are not of this axis.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matches: Option<String>,
    #[serde(skip)]
    form: Once<Option<Regex>>,
    /// The words that a key has of which nothing is told here. Without it: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub absent: Option<Vec<String>>,
}

impl Default for ScopesWriter {
    fn default() -> Self {
        Self::Plain(WordsFormat::Array)
    }
}

/// One place of scopes, of whichever kind.
#[derive(Debug, Clone, Copy)]
pub struct Coding<'a> {
    pub axis: Option<&'a str>,
    pub prefix: &'a str,
    pub format: &'a WordsFormat,
    pub names: &'a BTreeMap<String, Value>,
    pub lookup: Option<&'a str>,
    pub required: bool,
}

static NO_NAMES: BTreeMap<String, Value> = BTreeMap::new();

impl<'a> Coding<'a> {
    fn names(&self, lookups: &'a Lookups) -> Names<'a> {
        match self.lookup {
            Some(lookup) => Names { table: lookups.get(lookup), strict: true },
            None => Names { table: Some(self.names), strict: false },
        }
    }

    /// `lookups`: `None` before they have been read; then every word may be in them.
    fn write(&self, words: &[&str], known: &[&str], lookups: Option<&Lookups>) -> Result<Value, WordsProblem> {
        if self.required && words.is_empty() {
            return Err(WordsProblem::NoneOf { axis: self.axis.unwrap_or_default().to_owned() });
        }
        if *self.format == WordsFormat::Single && words.len() != 1 {
            return Err(WordsProblem::NotOne { axis: self.axis.map(str::to_owned), count: words.len() });
        }
        let names = match lookups {
            Some(lookups) => self.names(lookups),
            None if self.lookup.is_some() => return Ok(Value::Null),
            None => Names { table: Some(self.names), strict: false },
        };
        // A word of the catalogue that the provider's list does not have, or has twice, has no value that could be sent.
        let all: Vec<Value> = known.iter().filter_map(|word| names.value(word).ok()).collect();
        self.format.write(&names.values(words.iter().copied())?, &all)
    }

    /// Whether a lookup has a value.
    fn knows(&self, value: &Value, lookups: &Lookups) -> bool {
        self.lookup.and_then(|lookup| lookups.get(lookup)).is_some_and(|table| table.values().any(|known| known == value))
    }

    /// Hands on the words at a place that are `mine`, by their names; says whether anything is there, `None` when that has another form.
    fn read_at<'v>(
        &self,
        at: &Pointer,
        answer: &'v Value,
        lookups: &'a Lookups,
        mine: &dyn Fn(&Value) -> bool,
        found: &mut dyn FnMut(Cow<'v, str>),
    ) -> Option<bool>
    where
        'a: 'v,
    {
        let names = self.names(lookups);
        let mut each = |word: Cow<'v, Value>| {
            if mine(&word) {
                found(names.name(word));
            }
        };
        if !at.is_many() {
            return at.of(answer).map_or(Some(false), |value| self.format.read(value, &mut each).map(|()| true));
        }
        let values = at.all(answer);
        if values.is_empty() && at.before_star().of(answer).is_none() {
            return Some(false);
        }
        // An array along a path with `*` is what the path finds.
        let is_array = *self.format == WordsFormat::Array && values.iter().all(|value| !value.is_array());
        let format = if is_array { &WordsFormat::Single } else { self.format };
        values.into_iter().try_for_each(|value| format.read(value, &mut each)).map(|()| true)
    }
}

impl ScopesWriter {
    /// Its places.
    pub fn codings(&self) -> Vec<Coding<'_>> {
        match self {
            Self::Plain(format) => vec![Coding { axis: None, prefix: "", format, names: &NO_NAMES, lookup: None, required: false }],
            Self::Named(NamedWriter { format, names, lookup }) => {
                vec![Coding { axis: None, prefix: "", format, names, lookup: lookup.as_deref(), required: false }]
            }
            Self::Axes(AxesWriter { axes }) => axes
                .iter()
                .map(|(axis, AxisWriter { prefix, format, names, lookup, required })| Coding {
                    axis: Some(axis),
                    prefix,
                    format,
                    names,
                    lookup: lookup.as_deref(),
                    required: *required,
                })
                .collect(),
        }
    }

    /// What requests say of a set. `known` are the scopes of the catalogue, `lookups` the lists that were read at the provider.
    pub fn write<'a>(
        &self,
        scopes: &ScopeSet,
        known: impl Iterator<Item = &'a Scope>,
        lookups: &Lookups,
    ) -> Result<Vec<(Placeholder, Value)>, WordsProblem> {
        self.write_by(scopes, known, Some(lookups))
    }

    /// Why a set can never be asked for, as far as that can be told before anything has been read at the provider.
    pub fn problem(&self, scopes: &ScopeSet) -> Option<WordsProblem> {
        // A list takes any words, and ten thousand keys are looked at.
        if *self == Self::Plain(WordsFormat::Array) {
            return None;
        }
        self.write_by(scopes, std::iter::empty(), None).err()
    }

    /// What scopes of an axis begin with.
    pub fn prefix(&self, axis: &str) -> &str {
        self.codings().into_iter().find(|coding| coding.axis == Some(axis)).map_or("", |coding| coding.prefix)
    }

    fn write_by<'a>(
        &self,
        scopes: &ScopeSet,
        known: impl Iterator<Item = &'a Scope>,
        lookups: Option<&Lookups>,
    ) -> Result<Vec<(Placeholder, Value)>, WordsProblem> {
        let codings = self.codings();
        let known: Vec<&str> = known.map(Scope::as_str).collect();
        let of = |scope: &str| {
            let fits = codings.iter().enumerate().filter(|(_, coding)| scope.starts_with(coding.prefix));
            fits.max_by_key(|(_, coding)| coding.prefix.len()).map(|(at, _)| at)
        };
        if let Some(stray) = scopes.iter().find(|scope| of(scope.as_str()).is_none()) {
            return Err(WordsProblem::NoAxis(stray.to_string()));
        }
        let mut written = Vec::new();
        for (at, coding) in codings.iter().enumerate() {
            let words = |scope: &str| (of(scope) == Some(at)).then_some(coding.prefix.len());
            let words_of: Vec<&str> =
                scopes.iter().filter_map(|scope| words(scope.as_str()).map(|start| &scope.as_str()[start..])).collect();
            let all: Vec<&str> = known.iter().filter_map(|scope| words(scope).map(|start| &scope[start..])).collect();
            let value = coding.write(&words_of, &all, lookups)?;
            let placeholder = coding.axis.map_or(Placeholder::Scopes, |axis| Placeholder::ScopesAxis(axis.to_owned()));
            written.push((placeholder, value));
        }
        Ok(written)
    }
}

impl ScopesReader {
    /// Its places.
    pub fn codings(&self) -> Vec<(&Pointer, Coding<'_>)> {
        match self {
            Self::One(reader) => vec![(&reader.at, reader.coding())],
            Self::Axes(AxesReader { axes, .. }) => axes
                .iter()
                .map(|(axis, AxisReader { prefix, at, format, names, lookup, .. })| {
                    (at, Coding { axis: Some(axis), prefix, format, names, lookup: lookup.as_deref(), required: false })
                })
                .collect(),
        }
    }

    /// For each place, the pattern of its words and what stands for nothing there.
    fn manners(&self) -> Vec<(Option<&Regex>, Option<&[String]>)> {
        match self {
            Self::One(reader) => vec![(None, reader.absent.as_deref())],
            Self::Axes(AxesReader { axes, .. }) => axes.values().map(|axis| (axis.form(), axis.absent.as_deref())).collect(),
        }
    }

    /// The scopes that an answer says by holding nothing at a place.
    fn by_emptiness(&self, answer: &Value) -> Option<&[String]> {
        match self {
            Self::One(_) => None,
            Self::Axes(AxesReader { empty, .. }) => empty.as_ref()?.read(answer),
        }
    }

    /// Whether an answer has something at each place of scopes, so that what is read is all of them.
    pub fn is_whole(&self, answer: &Value) -> bool {
        let mut places = self.codings().into_iter().map(|(at, _)| at.before_star());
        places.all(|at| at.of(answer).is_some())
    }

    /// The scopes of an answer: `None` where it tells nothing. Errors with the place of what has another form.
    pub fn read(&self, answer: &Value, lookups: &Lookups) -> Result<Option<ScopeSet>, Pointer> {
        // Room for those of nearly every key: ten thousand lists that grow are copied again and again.
        let (mut scopes, mut told) = (Vec::with_capacity(32), false);
        let codings = self.codings();
        if let Some(means) = self.by_emptiness(answer) {
            told = true;
            scopes.extend(means.iter().map(|scope| Scope::from(scope.as_str())));
        }
        for ((at, coding), (form, absent)) in codings.iter().zip(self.manners()) {
            let looked_up = |(other, coding): &&(&Pointer, Coding<'_>)| *other == *at && coding.lookup.is_some();
            let is_first = codings.iter().find(looked_up).is_some_and(|(_, first)| first.axis == coding.axis);
            let mine = |word: &Value| {
                let known = coding.lookup.is_none() || coding.knows(word, lookups);
                let elsewhere = || codings.iter().filter(looked_up).any(|(_, other)| other.knows(word, lookups));
                // What no list has is told as it is, once.
                (known || (is_first && !elsewhere())) && form.is_none_or(|form| form.is_match(&text(word)))
            };
            let mut found = |word: Cow<'_, str>| match coding.prefix {
                "" => scopes.push(Scope::from(&*word)),
                prefix => scopes.push(Scope::new(format!("{prefix}{word}"))),
            };
            let is_there = coding.read_at(at, answer, lookups, &mine, &mut found).ok_or_else(|| (*at).clone())?;
            let absent = absent.filter(|_| !is_there);
            absent.into_iter().flatten().for_each(|word| found(word.into()));
            told |= is_there || absent.is_some();
        }
        Ok(told.then(|| scopes.into_iter().collect()))
    }
}

impl WordsReader {
    /// As a place of scopes.
    pub fn coding(&self) -> Coding<'_> {
        let Self { at: _, format, names, lookup, absent: _ } = self;
        Coding { axis: None, prefix: "", format, names, lookup: lookup.as_deref(), required: false }
    }

    /// The words of an answer as a list, for an option of a key. Errors with the place of what has another form.
    pub fn list(&self, answer: &Value, lookups: &Lookups) -> Result<Option<Value>, Pointer> {
        let mut words = BTreeSet::new();
        let coding = self.coding();
        let is_there = coding.read_at(&self.at, answer, lookups, &|_| true, &mut |word| words.extend([word]));
        Ok(is_there.ok_or_else(|| self.at.clone())?.then(|| words.into_iter().map(Value::from).collect()))
    }
}

impl AxisReader {
    /// What a word of this axis looks like, where it says so.
    fn form(&self) -> Option<&Regex> {
        self.form.get(|| whole(self.matches.as_deref()?).ok()).as_ref()
    }
}

impl NamedWriter {
    /// What requests say of an option: its words in this format. What is no text and no list of texts is sent as it is.
    pub fn option(&self, value: &Value, lookups: &Lookups) -> Result<Value, WordsProblem> {
        let Self { format, names, lookup } = self;
        let words: Option<Vec<&str>> = match value {
            Value::String(text) => Some(vec![text]),
            Value::Array(items) => items.iter().map(Value::as_str).collect(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => None,
        };
        let coding = Coding { axis: None, prefix: "", format, names, lookup: lookup.as_deref(), required: false };
        words.map_or_else(|| Ok(value.clone()), |words| coding.write(&words, &[], Some(lookups)))
    }
}

#[cfg(test)]
#[path = "codec_scopes_tests.rs"]
mod tests;
