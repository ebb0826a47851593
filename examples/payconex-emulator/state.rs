//! The account: its keys, what was asked of it, and its clock. Knows no HTTP.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;

use axum::http::Method;
use jiff::{SignedDuration, Timestamp};

use super::config::{AuthMethod, Config, Listed};
use super::faults::Orders;
use super::scopes;

/// The time within which a nonce must not come again, and after which a timestamp is too old.
pub const WINDOW: SignedDuration = SignedDuration::from_mins(15);

/// A key of the account.
#[derive(Clone, PartialEq, Eq)]
pub struct Key {
    /// `api_` and 32 hexadecimal digits.
    pub id: String,
    /// 32 hexadecimal digits.
    pub secret: String,
    /// The label; not unique.
    pub label: String,
    /// The scopes in the order in which they were given, each once.
    pub scopes: Vec<String>,
    /// How the key may authenticate.
    pub methods: Vec<AuthMethod>,
    /// Sub-accounts.
    pub accounts: Vec<String>,
    /// False for a disabled key.
    pub enabled: bool,
    /// When the key expires, if ever.
    pub expires: Option<Timestamp>,
    /// When the key was made.
    pub created: Timestamp,
    /// When the key was last changed.
    pub updated: Timestamp,
    /// From when on lists hold the key.
    pub listed_from: Timestamp,
    /// The number of the first list that holds the key.
    pub listed_after: usize,
}

impl fmt::Debug for Key {
    /// Leaves the secret out, so that a failing assertion does not print one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key")
            .field("id", &self.id)
            .field("label", &self.label)
            .field("scopes", &self.scopes)
            .field("methods", &self.methods)
            .field("enabled", &self.enabled)
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

impl Key {
    /// Tells whether the expiry has passed.
    pub fn expired(&self, now: Timestamp) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }

    /// Tells whether the key may authenticate in this way.
    pub fn allows(&self, method: AuthMethod) -> bool {
        self.methods.contains(&method) || self.methods.contains(&AuthMethod::All)
    }

    /// Tells whether one of the key's scopes grants this one.
    pub fn holds(&self, scope: &str) -> bool {
        self.scopes.iter().any(|held| scopes::covers(held, scope))
    }
}

/// What a key made by hand is like.
#[derive(Clone, Debug)]
pub struct KeySeed {
    /// The label.
    pub label: String,
    /// The scopes, taken unchecked.
    pub scopes: Vec<String>,
    /// How the key may authenticate.
    pub methods: Vec<AuthMethod>,
    /// False for a disabled key.
    pub enabled: bool,
    /// The expiry, which may lie in the past.
    pub expires: Option<Timestamp>,
}

impl KeySeed {
    /// Describes an enabled key for both methods which never expires.
    pub fn new<'a>(label: &str, scopes: impl IntoIterator<Item = &'a str>) -> Self {
        Self {
            label: label.to_owned(),
            scopes: scopes.into_iter().map(str::to_owned).collect(),
            methods: vec![AuthMethod::All],
            enabled: true,
            expires: None,
        }
    }
}

/// The operation which a method and path stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Route {
    /// `GET …/api-keys`
    List,
    /// `POST …/api-keys`
    Create,
    /// `GET …/api-keys/{id}`
    Read,
    /// `PATCH …/api-keys/{id}`
    Update,
    /// `DELETE …/api-keys/{id}`
    Delete,
    /// `GET /api-key-scopes`
    Scopes,
    /// Anything else, which is answered with 404.
    Unknown,
}

/// A request which reached the emulator, whatever became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestRecord {
    /// The operation.
    pub route: Route,
    /// The method.
    pub method: Method,
    /// The path from `/api/v4` on, with the query string.
    pub path: String,
}

/// Everything the emulator remembers.
#[derive(Debug)]
pub struct State {
    /// The knobs.
    pub config: Config,
    /// Scheme and host of the emulator.
    pub origin: String,
    /// How far the emulator's clock is ahead.
    pub clock_offset: SignedDuration,
    /// Failures to come.
    pub orders: Orders<Route>,
    /// What was asked, oldest first.
    pub requests: Vec<RequestRecord>,
    /// How many lists have been begun.
    pub lists: usize,
    keys: BTreeMap<u64, Key>,
    places: BTreeMap<String, u64>,
    next_place: u64,
    seen: BTreeSet<(String, String)>,
    seen_at: VecDeque<(Timestamp, (String, String))>,
}

impl State {
    /// Makes an account which holds the administrator key alone.
    pub fn new(config: Config, origin: String) -> Self {
        let mut orders = Orders::default();
        for order in &config.faults {
            orders.push(order.clone());
        }
        let mut state = Self {
            origin,
            clock_offset: SignedDuration::ZERO,
            orders,
            requests: Vec::new(),
            lists: 0,
            keys: BTreeMap::new(),
            places: BTreeMap::new(),
            next_place: 0,
            seen: BTreeSet::new(),
            seen_at: VecDeque::new(),
            config,
        };
        let now = state.now();
        let everything = || scopes::catalogue().map(|row| row.scope.to_owned()).collect();
        state.insert(Key {
            id: state.config.admin_id.clone(),
            secret: state.config.admin_secret.clone(),
            label: "emulated administrator".to_owned(),
            scopes: state.config.admin_scopes.clone().unwrap_or_else(everything),
            methods: vec![AuthMethod::All],
            accounts: Vec::new(),
            enabled: true,
            expires: None,
            created: now,
            updated: now,
            listed_from: now,
            listed_after: 0,
        });
        state
    }

    /// Reads the emulator's clock.
    pub fn now(&self) -> Timestamp {
        Timestamp::now().saturating_add(self.clock_offset).unwrap_or(Timestamp::MAX)
    }

    /// Makes a key as somebody does in the portal, unchecked; it is not in the account yet.
    pub fn made_by_hand(&self, seed: KeySeed) -> Key {
        let now = self.now();
        Key {
            id: format!("api_{}", random_hex()),
            secret: random_hex(),
            label: seed.label,
            scopes: seed.scopes,
            methods: seed.methods,
            accounts: Vec::new(),
            enabled: seed.enabled,
            expires: seed.expires,
            created: now,
            updated: now,
            listed_from: now,
            listed_after: 0,
        }
    }

    /// Iterates over all keys, oldest first.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &Key> {
        self.keys.values()
    }

    /// Returns how many keys there are.
    pub fn key_count(&self) -> usize {
        self.keys.len()
    }

    /// Returns the key with this id.
    pub fn key(&self, id: &str) -> Option<&Key> {
        self.keys.get(self.places.get(id)?)
    }

    /// Returns the key with this id, to be changed.
    pub fn key_mut(&mut self, id: &str) -> Option<&mut Key> {
        self.keys.get_mut(self.places.get(id)?)
    }

    /// Adds a key behind all others. A key of the same id is replaced.
    pub fn insert(&mut self, key: Key) {
        self.remove(&key.id);
        self.places.insert(key.id.clone(), self.next_place);
        self.keys.insert(self.next_place, key);
        self.next_place += 1;
    }

    /// Removes a key and returns it.
    pub fn remove(&mut self, id: &str) -> Option<Key> {
        self.keys.remove(&self.places.remove(id)?)
    }

    /// Iterates over the keys which a list holds, oldest first.
    pub fn listed(&self, now: Timestamp) -> impl DoubleEndedIterator<Item = &Key> {
        let disabled = self.config.disabled_keys == Listed::Shown;
        let expired = self.config.expired_keys == Listed::Shown;
        let shown = move |key: &Key| key.listed_from <= now && key.listed_after <= self.lists;
        self.keys().filter(move |key| shown(key) && (disabled || key.enabled) && (expired || !key.expired(now)))
    }

    /// Remembers the nonce of a key; false when it has come within the last 15 minutes.
    pub fn remember_nonce(&mut self, id: &str, nonce: &str, now: Timestamp) -> bool {
        while let Some((at, _)) = self.seen_at.front()
            && now.duration_since(*at) > WINDOW
        {
            if let Some((_, old)) = self.seen_at.pop_front() {
                self.seen.remove(&old);
            }
        }
        let entry = (id.to_owned(), nonce.to_owned());
        if !self.seen.insert(entry.clone()) {
            return false;
        }
        self.seen_at.push_back((now, entry));
        true
    }
}

/// Draws 32 hexadecimal digits.
pub fn random_hex() -> String {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the system has a source of randomness");
    data_encoding::HEXLOWER.encode(&bytes)
}
