//! What answers have told about the keys of one account. Sends nothing.
use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeSet, HashMap};

use crate::model::ObservedKey;
use crate::profile::reader::{Entry, RealId, Standing};

/// Keys as the last answers had them, by what the rest of the program knows them by.
#[derive(Debug, Default)]
pub struct Known {
    keys: RefCell<HashMap<String, OneKey>>,
    /// Real ids of entries that nobody may touch, and that are known by nothing else.
    untouchable: RefCell<BTreeSet<RealId>>,
    own: OnceCell<String>,
}

#[derive(Debug)]
struct OneKey {
    real: RealId,
    /// The scheme that it authenticates by, if any. The outer `None`: nobody knows, such as after an edit.
    scheme: Option<Option<String>>,
    own: bool,
    untouchable: bool,
}

impl Known {
    /// Takes note of an entry; gives its key where it counts as one. `scheme` says what a key authenticates by, where that depends on the key.
    pub fn note(&self, entry: Entry, scheme: impl FnOnce(&ObservedKey) -> Option<String>) -> Option<ObservedKey> {
        match (entry.standing, entry.id) {
            (Standing::Key(key), Some(real)) => {
                if entry.in_use {
                    let _ = self.own.set(key.id.clone());
                }
                let (own, untouchable) = (key.own, key.untouchable);
                let scheme = (!untouchable).then(|| scheme(&key));
                self.keys.borrow_mut().insert(key.id.clone(), OneKey { real, scheme, own, untouchable });
                Some(*key)
            }
            (Standing::Untouchable, Some(real)) => {
                self.untouchable.borrow_mut().insert(real);
                None
            }
            (Standing::Key(_) | Standing::Untouchable, None) | (Standing::Dead, _) => None,
        }
    }

    /// Forgets every key: a listing is about to tell them anew.
    pub fn clear(&self) {
        self.keys.borrow_mut().clear();
    }

    /// How many keys can be told apart.
    pub fn count(&self) -> usize {
        self.keys.borrow().len()
    }

    /// The id that requests name.
    pub fn real(&self, id: &str) -> Option<RealId> {
        self.keys.borrow().get(id).map(|key| key.real.clone())
    }

    /// The scheme that a key authenticates by, if any, as it was noted. The outer `None`: nobody knows.
    pub fn scheme(&self, id: &str) -> Option<Option<String>> {
        self.keys.borrow().get(id).and_then(|key| key.scheme.clone())
    }

    /// How a key authenticates may have changed.
    pub fn forget_scheme(&self, id: &str) {
        if let Some(key) = self.keys.borrow_mut().get_mut(id) {
            key.scheme = None;
        }
    }

    /// Whether an answer has shown that a key is ours.
    pub fn is_own(&self, id: &str) -> bool {
        self.keys.borrow().get(id).is_some_and(|key| key.own)
    }

    /// The key that calls are made with, as an answer has shown.
    pub fn own(&self) -> Option<&str> {
        self.own.get().map(String::as_str)
    }

    /// Whether an answer has shown that a key is more than the profile can say, or nobody's to touch.
    pub fn is_beyond(&self, id: &str) -> bool {
        self.keys.borrow().get(id).is_some_and(|key| key.untouchable)
    }

    /// Whether an answer has shown that nobody may touch an entry that has no other name.
    pub fn is_untouchable(&self, real: &RealId) -> bool {
        self.untouchable.borrow().contains(real)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: &str, own: bool) -> Entry {
        let mut key = ObservedKey::new(format!("{id}@1"), "a");
        key.own = own;
        Entry { id: Some(RealId::new(id.to_owned())), in_use: own, standing: Standing::Key(Box::new(key)) }
    }

    #[test]
    fn keys_are_known_by_their_reference_alone() {
        let known = Known::default();
        let note = |entry: Entry| known.note(entry, |key| key.own.then(|| "basic".to_owned()));
        assert!(note(entry("hush", false)).is_some() && note(entry("mine", true)).is_some());
        assert_eq!(known.real("hush@1").map(|real| real.as_str().to_owned()).as_deref(), Some("hush"));
        assert_eq!((known.own(), known.is_own("mine@1"), known.is_own("hush@1")), (Some("mine@1"), true, false));
        assert_eq!((known.scheme("hush@1"), known.scheme("mine@1")), (Some(None), Some(Some("basic".to_owned()))));
        known.forget_scheme("mine@1");
        assert_eq!((known.scheme("mine@1"), known.scheme("other@1")), (None, None));
        let shut = RealId::new("shut".to_owned());
        assert!(note(Entry { id: Some(shut.clone()), in_use: false, standing: Standing::Untouchable }).is_none());
        assert!(known.is_untouchable(&shut));
        assert!(!format!("{known:?}").contains("\"hush\""), "an id that may be a secret is not printed");
    }
}
