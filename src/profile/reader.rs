//! Reads keys and secrets out of a provider's answers. Knows no request.
use std::cell::RefCell;
use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;
use regex::Regex;
use serde_json::Value;
use zeroize::Zeroizing;

use super::codec_scopes::Lookups;
use super::credential::masks;
pub use super::key_reader::{
    AbsentExpiry, EnabledReader, EnabledValues, ExpiryReader, IdReader, KeyReader, LabelPlace, LabelReader, OptionReader, ScopesReader,
    TimeReader,
};
pub use super::pointer::{Pointer, PointerError};
use super::predicate::{Predicate, Test};
use super::secret::SecretShape;
use crate::model::{ObservedKey, Options, Secret};

/// What reading an answer needs beside it.
#[derive(Debug, Clone, Copy)]
pub struct Reading<'a> {
    /// When the answer came: some values count from now.
    pub now: Timestamp,
    /// The lists that were read at the provider.
    pub lookups: &'a Lookups,
}

/// The id that requests name. It may be a secret, so it is wiped when dropped and never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct RealId(Zeroizing<String>);

impl RealId {
    pub fn new(id: String) -> Self {
        Self(Zeroizing::new(id))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl PartialOrd for RealId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for RealId {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl fmt::Debug for RealId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RealId(…)")
    }
}

/// One object of an answer.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Absent where an entry that does not count has none.
    pub id: Option<RealId>,
    /// Whether it is the key of the very credential that calls are made with, as far as answers tell.
    pub in_use: bool,
    pub standing: Standing,
}

/// Whether an object counts as a key.
#[derive(Debug, Clone)]
pub enum Standing {
    Key(Box<ObservedKey>),
    /// It exists no more, whatever the provider still shows of it.
    Dead,
    /// Nobody may touch it, and it cannot be named.
    Untouchable,
}

impl Entry {
    /// The key, where it counts as one.
    pub fn key(self) -> Option<ObservedKey> {
        match self.standing {
            Standing::Key(key) => Some(*key),
            Standing::Dead | Standing::Untouchable => None,
        }
    }
}

/// Why an answer could not be read. Holds a place, never a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    #[error("the answer has no key id at `{0}`")]
    NoId(Pointer),
    #[error("the key id at `{0}` has an unknown form")]
    BadId(Pointer),
    #[error("the answer has nothing at `{0}`, which is part of what a key is known by")]
    NoReference(Pointer),
    #[error("the answer's `{0}` has an unexpected form")]
    Form(Pointer),
}

/// A key reader ready for use.
#[derive(Clone)]
pub struct Reader {
    spec: KeyReader,
    /// Where label and marker are; `None`: nowhere.
    label: Option<LabelPlace>,
    id_form: Option<Regex>,
    live: Vec<Test>,
    untouchable: Vec<Test>,
    own_tests: Vec<Test>,
    /// Real ids.
    own: BTreeSet<RealId>,
    /// Those of them that calls are not made with.
    others: BTreeSet<RealId>,
    ends_by_past: bool,
    /// Where an object has what, if it is the key of one of our own credentials, as the provider said when it was asked,
    /// and whether that is the one in use.
    asked_own: RefCell<Vec<(Pointer, String, bool)>>,
    /// Where an object has which part of our own credentials, masked.
    masked_own: Vec<(Pointer, Zeroizing<String>)>,
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("spec", &self.spec).finish_non_exhaustive()
    }
}

impl Reader {
    /// Prepares a reader. `own` is the id of our own admin credential's key. Errors when a pattern is no regular expression.
    pub fn new(spec: KeyReader, own: Option<String>) -> Result<Self, regex::Error> {
        let id_form = spec.id.pattern.as_deref().map(whole).transpose()?;
        let tests = |predicates: &[Predicate]| predicates.iter().map(Test::new).collect::<Result<Vec<_>, _>>();
        let (live, untouchable, own_tests) = (tests(&spec.live)?, tests(&spec.untouchable)?, tests(&spec.own)?);
        Ok(Self {
            label: spec.label.as_ref().map(LabelReader::place),
            spec,
            id_form,
            live,
            untouchable,
            own_tests,
            own: own.into_iter().map(RealId::new).collect(),
            others: BTreeSet::new(),
            ends_by_past: false,
            asked_own: RefCell::new(Vec::new()),
            masked_own: Vec::new(),
        })
    }

    /// Says whether the provider disables a key by an end that has passed. Then the end of a disabled key is not its own, and is not told.
    pub fn ending_by_past(mut self, ends: bool) -> Self {
        self.ends_by_past = ends;
        self
    }

    /// Whether keys are known by something else than their real ids.
    pub fn has_reference(&self) -> bool {
        !self.spec.id.reference.is_empty()
    }

    /// Whether real ids are secrets.
    pub fn is_id_secret(&self) -> bool {
        self.spec.id.secret
    }

    /// Whether a listing is a map, whose names the profile reads.
    pub fn names_entries(&self) -> bool {
        let label = self.spec.label.as_ref().map(LabelReader::at);
        [&self.spec.id.at].into_iter().chain(&self.spec.id.reference).chain(label).any(|at| *at == Pointer::name_of_entry())
    }

    /// Whether a text has the form of this provider's real ids.
    pub fn is_id(&self, id: &str) -> bool {
        !id.is_empty() && self.id_form.as_ref().is_none_or(|form| form.is_match(id))
    }

    /// One object of an answer, and whether it counts as a key.
    ///
    /// Fields that the profile does not name are ignored; a named one of another form is an error.
    pub fn entry(&self, answer: &Value, reading: &Reading<'_>) -> Result<Entry, ReadError> {
        self.entry_with(answer, reading).and_then(|(entry, problem)| problem.map_or(Ok(entry), Err))
    }

    /// One object of a listing, which may be anybody's: fields of another form are unknown, so that a stranger's key stands in nobody's way.
    ///
    /// What bears a marker is one of ours, and an error as in [`Self::entry`]; so is what has no readable id or label. Whoever knows the other keys
    /// of ours by their ids looks at [`ObservedKey::unread`].
    pub fn listed(&self, answer: &Value, reading: &Reading<'_>) -> Result<Entry, ReadError> {
        let (entry, problem) = self.entry_with(answer, reading)?;
        match (&entry.standing, problem) {
            (Standing::Key(key), Some(problem)) if key.marker().is_some() || key.own => Err(problem),
            (Standing::Key(_) | Standing::Dead | Standing::Untouchable, _) => Ok(entry),
        }
    }

    fn entry_with(&self, answer: &Value, reading: &Reading<'_>) -> Result<(Entry, Option<ReadError>), ReadError> {
        let left = |standing: Standing| Ok((Entry { id: self.real_id(answer), in_use: false, standing }, None));
        if self.is_untouchable(answer) {
            return Ok((self.beyond(answer, reading), None));
        }
        if !self.live.iter().all(|test| test.holds(answer)) {
            return left(Standing::Dead);
        }
        let id = self.id(answer)?;
        let (key, problem) = self.observed(&id, answer, reading)?;
        let in_use = key.own && self.is_in_use(&id, answer);
        Ok((Entry { id: Some(id), in_use, standing: Standing::Key(Box::new(key)) }, problem))
    }

    /// Takes out of a key what an answer to a create does not tell by itself: what stands for a missing field, and scopes of which a part is missing.
    /// An end that is null is told: the key has none. `ends`: whether an end was asked for.
    pub fn as_told(&self, key: &mut ObservedKey, answer: &Value, ends: bool) {
        if let Some(expiry) = &self.spec.expiry {
            key.expires_at = match expiry.at.written(answer) {
                None => key.expires_at.filter(|_| !ends),
                Some(Value::Null) => Some(None),
                Some(_) => key.expires_at,
            };
        }
        key.scopes = key.scopes.take().filter(|_| self.spec.scopes.as_ref().is_some_and(|scopes| scopes.is_whole(answer)));
    }

    /// The id that requests name, of one answer object.
    pub fn id(&self, answer: &Value) -> Result<RealId, ReadError> {
        let id = self.real_id(answer).ok_or_else(|| ReadError::NoId(self.spec.id.at.clone()))?;
        if self.is_id(id.as_str()) { Ok(id) } else { Err(ReadError::BadId(self.spec.id.at.clone())) }
    }

    /// Whether nobody may touch an entry.
    pub fn is_untouchable(&self, answer: &Value) -> bool {
        self.untouchable.iter().any(|test| test.holds(answer))
    }

    /// The id, also one that is a number.
    fn real_id(&self, answer: &Value) -> Option<RealId> {
        self.spec.id.at.of(answer).and_then(word).map(RealId::new)
    }

    /// What the rest of the program knows the key by.
    fn known_id(&self, id: &RealId, answer: &Value) -> Result<String, ReadError> {
        if !self.has_reference() {
            return Ok(id.as_str().to_owned());
        }
        let part = |at: &Pointer| at.of(answer).and_then(word).ok_or_else(|| ReadError::NoReference(at.clone()));
        Ok(self.spec.id.reference.iter().map(part).collect::<Result<Vec<_>, _>>()?.join("@"))
    }

    /// A key, and the first of its fields that could not be read and is therefore unknown. Errors when it cannot be told from others.
    fn observed(&self, id: &RealId, answer: &Value, reading: &Reading<'_>) -> Result<(ObservedKey, Option<ReadError>), ReadError> {
        let spec = &self.spec;
        let unread = RefCell::new(None);
        let note = |problem: ReadError| {
            unread.borrow_mut().get_or_insert(problem);
        };
        let expires_at = self.expiry(answer, reading).map_err(note).ok().flatten();
        let enabled = self.enabled(answer, expires_at, reading).map_err(note).ok().flatten();
        let time = |reader: &Option<TimeReader>| self.time(reader.as_ref(), answer, reading).map_err(note).ok().flatten();
        let scopes =
            spec.scopes.as_ref().and_then(|reader| reader.read(answer, reading.lookups).map_err(|at| note(ReadError::Form(at))).ok());
        let key = ObservedKey {
            id: self.known_id(id, answer)?,
            label: match &self.label {
                Some(place) => place.read(answer).map_err(ReadError::Form)?,
                None => String::new(),
            },
            scopes: scopes.flatten(),
            expires_at: expires_at.filter(|_| !(self.ends_by_past && enabled == Some(false))),
            enabled,
            created_at: time(&spec.created),
            last_used_at: time(&spec.last_used),
            options: self.options(answer, reading, &note),
            own: self.own.contains(id) || self.is_shown_own(answer),
            unread: None,
            untouchable: false,
        };
        let problem = unread.into_inner();
        Ok((ObservedKey { unread: problem.as_ref().map(ToString::to_string), ..key }, problem))
    }

    /// Whether a key is enabled, as far as the answer tells.
    fn enabled(&self, answer: &Value, expires_at: Option<Option<Timestamp>>, reading: &Reading<'_>) -> Result<Option<bool>, ReadError> {
        let lives = || expires_at.map(|end| end.is_none_or(|end| end > reading.now));
        match &self.spec.enabled {
            Some(EnabledReader::Flag(at)) => optional(at, answer, Value::as_bool),
            Some(EnabledReader::Values(values)) => Ok(values.read(answer)),
            None if self.ends_by_past => Ok(lives()),
            None => Ok(None),
        }
    }

    fn time(&self, reader: Option<&TimeReader>, answer: &Value, reading: &Reading<'_>) -> Result<Option<Timestamp>, ReadError> {
        match reader {
            Some(reader) if reader.never.iter().any(|never| Some(never) == reader.at.of(answer)) => Ok(None),
            Some(reader) => optional(&reader.at, answer, |value| reader.format.read(value, reading.now)),
            None => Ok(None),
        }
    }

    fn expiry(&self, answer: &Value, reading: &Reading<'_>) -> Result<Option<Option<Timestamp>>, ReadError> {
        let Some(reader) = &self.spec.expiry else { return Ok(None) };
        let read = |value: &Value| reader.format.read(value, reading.now);
        let Some(value) = reader.at.of(answer) else {
            return Ok(match reader.absent {
                AbsentExpiry::Never => Some(None),
                AbsentExpiry::Unknown => None,
            });
        };
        let instant = read(value);
        let is_never = |never: &Value| never == value || (!reader.format.is_relative() && instant.is_some() && read(never) == instant);
        if reader.never.iter().any(is_never) {
            return Ok(Some(None));
        }
        instant.map(|instant| Some(Some(instant))).ok_or_else(|| ReadError::Form(reader.at.clone()))
    }

    fn options(&self, answer: &Value, reading: &Reading<'_>, note: &dyn Fn(ReadError)) -> Options {
        let mut options = Options::new();
        for (name, reader) in &self.spec.options {
            let value = match reader {
                OptionReader::At(at) => at.of(answer).cloned(),
                OptionReader::Words(words) => words.list(answer, reading.lookups).map_err(|at| note(ReadError::Form(at))).ok().flatten(),
            };
            options.extend(value.map(|value| (name.clone(), value)));
        }
        options
    }

    /// Takes the secret's parts, in their order, out of the answer, and adds what is composed of them. `None` when any is missing or empty.
    pub fn take_secret(&self, shape: &SecretShape, answer: &mut Value) -> Option<Secret> {
        let mut taken = Vec::with_capacity(shape.given().len());
        for part in shape.given() {
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
        Some(shape.composed(Secret::of_parts(taken)))
    }
}

fn optional<T>(at: &Pointer, answer: &Value, read: impl Fn(&Value) -> Option<T>) -> Result<Option<T>, ReadError> {
    at.of(answer).map(|value| read(value).ok_or_else(|| ReadError::Form(at.clone()))).transpose()
}

/// A text, or a number as text.
pub fn word(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A regular expression that matches whole texts only, without `$`'s lenience towards a last line break.
pub fn whole(pattern: &str) -> Result<Regex, regex::Error> {
    Regex::new(&format!(r"\A(?:{pattern})\z"))
}

#[path = "reader_own.rs"]
mod own;

#[cfg(test)]
#[path = "reader_tests.rs"]
mod tests;
