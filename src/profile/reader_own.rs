//! Entries that are our own credentials' keys, and entries that nobody may touch.
use serde_json::Value;
use zeroize::Zeroizing;

use super::{Entry, Pointer, Reader, Reading, RealId, Standing, masks, word};
use crate::model::ObservedKey;

impl Reader {
    /// Takes note of what the provider says that our own key is known by: its id, or the value at another place.
    pub fn learn_own(&self, at: Option<&Pointer>, known_by: String, in_use: bool) {
        self.asked_own.borrow_mut().push((at.unwrap_or(&self.spec.id.at).clone(), known_by, in_use));
    }

    /// Takes another key for ours, by its real id.
    pub fn also_own(&mut self, id: String) {
        self.others.insert(RealId::new(id.clone()));
        self.own.insert(RealId::new(id));
    }

    /// Takes the key whose masked secret this is for ours.
    pub fn also_masked(&mut self, (at, part): (Pointer, Zeroizing<String>)) {
        self.masked_own.push((at, part));
    }

    /// Whether a real id is that of a key of our own credentials.
    pub fn is_own(&self, id: &str) -> bool {
        self.own.contains(&RealId::new(id.to_owned()))
    }

    /// Whether only an answer tells which keys are ours, or nobody's to touch.
    pub fn is_told_by_answers(&self) -> bool {
        let asked = !self.asked_own.borrow().is_empty() || !self.masked_own.is_empty();
        !self.untouchable.is_empty() || !self.own_tests.is_empty() || asked
    }

    /// An entry that nobody may touch: what is certain of it, so that one of ours that became such is still seen. One that can be named by nothing,
    /// and one that is dead, does not count.
    pub(super) fn beyond(&self, answer: &Value, reading: &Reading<'_>) -> Entry {
        let nameless = |id| Entry { id, in_use: false, standing: Standing::Untouchable };
        let Ok(id) = self.id(answer) else { return nameless(self.real_id(answer)) };
        let Ok(known) = self.known_id(&id, answer) else { return nameless(Some(id)) };
        if !self.live.iter().all(|test| test.holds(answer)) {
            return Entry { id: Some(id), in_use: false, standing: Standing::Dead };
        }
        let own = self.own.contains(&id) || self.is_shown_own(answer);
        let label = self.label.as_ref().and_then(|place| place.read(answer).ok()).unwrap_or_default();
        let expires_at = self.expiry(answer, reading).ok().flatten();
        let enabled = self.enabled(answer, expires_at, reading).ok().flatten();
        let created_at = self.time(self.spec.created.as_ref(), answer, reading).ok().flatten();
        let last_used_at = self.time(self.spec.last_used.as_ref(), answer, reading).ok().flatten();
        let expires_at = expires_at.filter(|_| !(self.ends_by_past && enabled == Some(false)));
        let key = ObservedKey { expires_at, enabled, created_at, last_used_at, own, untouchable: true, ..ObservedKey::new(known, label) };
        let in_use = own && self.is_in_use(&id, answer);
        Entry { id: Some(id), in_use, standing: Standing::Key(Box::new(key)) }
    }

    /// Whether an object shows that it is the key of our own credential.
    pub(super) fn is_shown_own(&self, answer: &Value) -> bool {
        let asked = self.asked_own.borrow().iter().any(|(at, known_by, _)| at.of(answer).and_then(word).as_ref() == Some(known_by));
        let masked =
            |(at, part): &(Pointer, Zeroizing<String>)| at.of(answer).and_then(Value::as_str).is_some_and(|text| masks(text, part));
        asked || self.masked_own.iter().any(masked) || self.own_tests.iter().any(|test| test.holds(answer))
    }

    /// Whether it is the key of the credential that calls are made with, and not of another of ours.
    pub(super) fn is_in_use(&self, id: &RealId, answer: &Value) -> bool {
        let asked = self.asked_own.borrow();
        let others = asked.iter().any(|(at, known_by, in_use)| !in_use && at.of(answer).and_then(word).as_ref() == Some(known_by));
        let masked =
            |(at, part): &(Pointer, Zeroizing<String>)| at.of(answer).and_then(Value::as_str).is_some_and(|text| masks(text, part));
        let theirs = self.others.contains(id) || others || self.masked_own.iter().skip(1).any(masked);
        !theirs
    }
}
