//! The simulated provider's side: its keys, its moods, and a watch over what is asked of it. Survives every death of the program.
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;

use jiff::{SignedDuration, Timestamp};

use super::place::Stored;
use super::random::Random;
use crate::model::{Options, ScopeSet};
use crate::profile::Disable;

/// What a provider can do, tells, and is slow at.
#[derive(Debug, Clone)]
pub struct Kind {
    pub name: &'static str,
    pub reveal: bool,
    pub get: bool,
    pub verify: bool,
    pub tells_enabled: bool,
    pub tells_scopes: bool,
    /// What the profile says of scopes that are read back; all but `set` come back with one more.
    pub scopes: &'static str,
    pub labels: bool,
    pub tells_created: bool,
    /// Whether reads tell when a key ends; the answer to a create always does.
    pub tells_ends: bool,
    pub lists_disabled: bool,
    pub edits_scopes: bool,
    pub edits_labels: bool,
    pub editing: Editing,
    pub ends: Ends,
    pub disable: Disable,
    pub delete: bool,
    pub key_limit: Option<u32>,
    /// What the profile promises, in seconds.
    pub consistency: i64,
    /// How long reads lag behind creates, and behind edits too where `lags_edits`.
    pub lag: i64,
    pub lags_edits: bool,
    /// Whether a new key's secret is refused as dead until then.
    pub lags_verify: bool,
}

/// What the provider makes of an end that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ends {
    Exactly,
    /// At the midnight before, UTC.
    AtMidnight,
    /// An hour earlier, whatever its profile says.
    Early,
    /// After so many days at the latest, which only the account knows.
    Within(i64),
    /// It cannot be asked.
    Never,
}

/// What the provider makes of an edit of scopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Editing {
    Does,
    Ignores,
    /// Adds, and takes nothing away.
    Merges,
}

impl Kind {
    /// Tells everything, at once, but never a secret twice.
    pub const PLAIN: Self = Self {
        name: "cannot reveal",
        reveal: false,
        get: true,
        verify: true,
        tells_enabled: true,
        tells_scopes: true,
        scopes: "set",
        labels: true,
        tells_created: true,
        tells_ends: true,
        lists_disabled: true,
        edits_scopes: true,
        edits_labels: true,
        editing: Editing::Does,
        ends: Ends::Exactly,
        disable: Disable::Reversible,
        delete: true,
        key_limit: None,
        consistency: 0,
        lag: 0,
        lags_edits: false,
        lags_verify: false,
    };
    pub const REVEALS: Self = Self { name: "reveals", reveal: true, ..Self::PLAIN };
    pub const UNLABELLED: Self = Self { name: "without labels", labels: false, ..Self::PLAIN };
    pub const EXPANDS: Self = Self { name: "expands scopes", scopes: "expanded", ..Self::PLAIN };
    pub const DELETES: Self = Self { name: "only deletes", disable: Disable::None, ..Self::PLAIN };
    pub const NO_GET: Self = Self { name: "no get", get: false, ..Self::PLAIN };
    pub const HIDES: Self = Self { name: "hides disabled keys", get: false, lists_disabled: false, ..Self::PLAIN };
    pub const LAGS: Self = Self { name: "list lags", get: false, consistency: 10, lag: 8, ..Self::PLAIN };
    pub const SILENT: Self = Self { name: "enabled not told", tells_enabled: false, tells_scopes: false, ..Self::PLAIN };
    pub const FINAL: Self = Self { name: "revokes", disable: Disable::Final, lists_disabled: false, verify: false, ..Self::PLAIN };
    pub const MUTE: Self = Self { name: "revokes and does not tell", disable: Disable::Final, verify: false, ..Self::SILENT };

    /// The profile that says what this provider says of itself.
    pub fn profile(&self) -> String {
        let disable = match self.disable {
            Disable::Reversible => "reversible",
            Disable::Final => "final",
            Disable::None => "none",
        };
        let expiry = match self.ends {
            Ends::Exactly | Ends::Early => "settable: true, tolerance: 0s",
            Ends::AtMidnight => "settable: true, tolerance: 1d",
            Ends::Within(_) => "settable: true, tolerance: 0s, clamps: true",
            Ends::Never => "settable: false, tolerance: 0s",
        };
        let label = if self.labels { "{ max: 200 }" } else { "none" };
        let limit = self.key_limit.map_or_else(String::new, |limit| format!("\n  key_limit: {limit}"));
        format!(
            "version: 1\nname: sim\ntitle: Sim\nsecret: {{ parts: [secret] }}\ncapabilities:\n  label: {label}\n  scopes: {}\n  \
             editable: {{ label: {}, scopes: {}, expiry: true }}\n  disable: {disable}\n  delete: {}\n  reveal: {}\n  get: {}\n  verify: {}\n  \
             lists_disabled: {}\n  expiry: {{ {expiry} }}\n  consistency: {}s{limit}\napi: keyring\ncatalogue:\n  \
             form: '^[a-z]+:[a-z]+$'\n  separator: \":\"\n  wildcard: segment\n  unlisted: allow\n  verbs: {{ read: read, write: write }}\n",
            self.scopes,
            self.edits_labels,
            self.edits_scopes,
            self.delete,
            self.reveal,
            self.get,
            self.verify,
            self.lists_disabled,
            self.consistency,
        )
    }
}

/// One key at the provider.
#[derive(Debug, Clone, PartialEq)]
pub struct SimKey {
    pub id: String,
    pub secret: String,
    pub label: String,
    pub scopes: ScopeSet,
    pub expires_at: Option<Timestamp>,
    pub enabled: bool,
    pub options: Options,
    pub created_at: Timestamp,
    /// Made by somebody else.
    pub foreign: bool,
    /// What reads still show, and until when.
    pub stale: Option<(Timestamp, Box<SimKey>)>,
}

/// What goes wrong with one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    None,
    /// It acted; no answer comes.
    Lost,
    /// Nothing happened; no answer comes.
    Unheard,
    /// It acted, and says that it refuses.
    RefusedAndDone,
    Refused,
    Throttled,
    Unreachable,
    /// The request is delivered twice; the first is answered.
    Twice,
    /// Twice, the second one this many seconds later.
    TwiceLate(i64),
    /// Twice, and no answer comes.
    TwiceLost,
    /// No answer comes; it is done this many seconds later.
    Late(i64),
    /// Thirty seconds pass without an answer; it is done at their end.
    Stalled,
    /// It acted; the answer lacks the secret.
    NoSecret,
    /// It made something else than what was asked.
    OtherScopes,
}

/// What we asked the provider to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Touch {
    Edit,
    Enable,
    Disable,
    Delete,
}

/// What a key must be at the end, by its name.
#[derive(Debug, Clone, PartialEq)]
pub struct Want {
    pub active: bool,
    pub scopes: ScopeSet,
}

/// Faults and foreign hands that a seed decides.
#[derive(Debug, Clone)]
pub struct Chaos {
    pub random: Random,
    /// In percent of requests.
    pub faults: u64,
    pub hands: u64,
}

/// The provider, and what is remembered of the program's deeds.
#[derive(Debug, Clone)]
pub struct World {
    pub kind: Kind,
    pub clock: Rc<Cell<Timestamp>>,
    pub keys: Vec<SimKey>,
    /// Creates that are still on their way.
    pub pending: Vec<(Timestamp, SimKey)>,
    pub chaos: Option<Chaos>,
    /// Faults by operation, used up one by one.
    pub script: VecDeque<(&'static str, Fault)>,
    /// Every secret that was ever issued, with the id of its key.
    pub issued: Vec<(String, String)>,
    pub writes: u32,
    pub log: Vec<String>,
    /// The key that each secret file in place opens, by the name of the key in the manifests.
    pub published: BTreeMap<String, String>,
    /// Every id that ever was.
    pub once: BTreeSet<String>,
    /// Keys that the program has ended: enabled by hand, they are no good keys.
    pub ended: BTreeSet<String>,
    /// When a secret left its file, by the id of its key; none that was ended before.
    pub superseded: BTreeMap<String, (String, Timestamp)>,
    pub wanted: BTreeMap<String, Want>,
    /// What the place has that consumes the secrets of `one`.
    pub place: Option<Stored>,
    /// Predecessors may end within their overlap.
    pub compromised: bool,
    /// Rules that were broken on the way.
    pub broken: Vec<String>,
}

/// How long predecessors live on in these tests, in seconds.
pub const OVERLAP: i64 = 72 * 3600;

impl World {
    pub fn new(kind: Kind, clock: Rc<Cell<Timestamp>>) -> Self {
        Self {
            kind,
            clock,
            keys: Vec::new(),
            pending: Vec::new(),
            chaos: None,
            script: VecDeque::new(),
            issued: Vec::new(),
            writes: 0,
            log: Vec::new(),
            published: BTreeMap::new(),
            once: BTreeSet::new(),
            ended: BTreeSet::new(),
            superseded: BTreeMap::new(),
            wanted: BTreeMap::new(),
            place: None,
            compromised: false,
            broken: Vec::new(),
        }
    }

    pub fn now(&self) -> Timestamp {
        self.clock.get()
    }

    pub fn pass(&mut self, seconds: i64) {
        self.clock.set(later(self.now(), seconds));
        self.arrive();
    }

    /// Lets the creates arrive whose time has come.
    pub fn arrive(&mut self) {
        let now = self.now();
        let (due, rest) = std::mem::take(&mut self.pending).into_iter().partition(|(at, _)| *at <= now);
        self.pending = rest;
        let due: Vec<(Timestamp, SimKey)> = due;
        for (_, key) in due {
            self.note(&format!("late arrival of {}", key.id));
            self.keys.push(key);
        }
    }

    pub fn note(&mut self, what: &str) {
        self.log.push(format!("{} {what}", self.now()));
    }

    pub fn key(&self, id: &str) -> Option<&SimKey> {
        self.keys.iter().find(|key| key.id == id)
    }

    pub fn key_mut(&mut self, id: &str) -> Option<&mut SimKey> {
        self.keys.iter_mut().find(|key| key.id == id)
    }

    pub fn is_live(&self, key: &SimKey) -> bool {
        key.enabled && key.expires_at.is_none_or(|end| end > self.now())
    }

    /// The end that a key gets when this one is asked for.
    pub fn ends(&mut self, asked: Option<Timestamp>) -> Option<Timestamp> {
        let asked = asked?;
        match self.kind.ends {
            Ends::Exactly => Some(asked),
            Ends::AtMidnight => Some(later(asked, -asked.as_second().rem_euclid(86_400))),
            Ends::Early => Some(later(asked, -3600)),
            Ends::Within(days) => Some(asked.min(later(self.now(), days * 86_400))),
            Ends::Never => {
                self.broken.push("an end was asked for where keys cannot expire".to_owned());
                None
            }
        }
    }

    /// Makes a key, without putting it anywhere.
    pub fn make(&mut self, label: &str, scopes: ScopeSet, expires_at: Option<Timestamp>, options: Options, foreign: bool) -> SimKey {
        let number = self.issued.len() + 1;
        let (id, secret) = (format!("id-{number}"), format!("plaintext-secret-{number}-{:016x}", Random(number as u64).next()));
        self.issued.push((secret.clone(), id.clone()));
        let (created_at, expires_at) = (self.now(), self.ends(expires_at));
        SimKey { id, secret, label: label.to_owned(), scopes, expires_at, enabled: true, options, created_at, foreign, stale: None }
    }

    /// Remembers what reads keep showing, and answers the key for the change.
    pub fn change(&mut self, id: &str) -> Option<&mut SimKey> {
        let (now, lag, lags) = (self.now(), self.kind.lag, self.kind.lags_edits);
        let key = self.key_mut(id)?;
        if lags && key.stale.as_ref().is_none_or(|(until, _)| *until <= now) {
            let shown = SimKey { stale: None, ..key.clone() };
            key.stale = Some((later(now, lag), Box::new(shown)));
        }
        Some(key)
    }

    /// Checks that a write may be asked for at all.
    pub fn touch(&mut self, touch: Touch, id: &str) {
        self.writes += 1;
        self.note(&format!("asked to {touch:?} {id}"));
        let Some(key) = self.key(id) else { return };
        let (live, foreign) = (self.is_live(key), key.foreign);
        let in_place = self.published.iter().find(|(_, published)| **published == id).map(|(name, _)| name.clone());
        let wanted = |name: &String| self.wanted.get(name).is_some_and(|want| want.active);
        let used = self.place.as_ref().is_some_and(|stored| self.issued.iter().any(|(secret, of)| of == id && *secret == stored.secret));
        let broken = match touch {
            _ if foreign => Some("a foreign key".to_owned()),
            Touch::Edit if !self.once.contains(id) => Some("an edit of what was never published".to_owned()),
            Touch::Edit | Touch::Enable => None,
            Touch::Disable | Touch::Delete if !live => None,
            Touch::Disable | Touch::Delete => match (in_place, self.superseded.get(id)) {
                (Some(name), _) if wanted(&name) => Some(format!("the published key of `{name}`")),
                (None, Some((name, _))) if used && wanted(name) && !self.compromised => {
                    Some(format!("what the place of `{name}` still has"))
                }
                (None, Some((name, since))) if wanted(name) && !self.compromised && later(*since, OVERLAP) > self.now() => {
                    Some(format!("the last good key of `{name}` within its overlap"))
                }
                (Some(_) | None, Some(_) | None) => None,
            },
        };
        if let Some(broken) = broken {
            self.broken.push(format!("{}: {touch:?} of {id}: {broken}", self.now()));
        }
        match touch {
            Touch::Disable => drop(self.ended.insert(id.to_owned())),
            Touch::Enable => drop(self.ended.remove(id)),
            Touch::Edit | Touch::Delete => {}
        }
    }

    /// A secret file was put in place, or taken away.
    pub fn publish(&mut self, name: &str, secret: Option<&str>) {
        let id = secret.and_then(|secret| self.issued.iter().find(|(issued, _)| issued == secret)).map(|(_, id)| id.clone());
        let now = self.now();
        self.once.extend(id.clone());
        let before = match &id {
            Some(id) => self.published.insert(name.to_owned(), id.clone()),
            None => self.published.remove(name),
        };
        if let Some(before) = before.filter(|before| Some(before) != id.as_ref() && !self.ended.contains(before)) {
            self.superseded.insert(before, (name.to_owned(), now));
        }
        self.note(&format!("published for `{name}`: {id:?}"));
    }

    /// What goes wrong with the next request of this operation.
    pub fn fault(&mut self, operation: &str) -> Fault {
        if let Some(at) = self.script.iter().position(|(of, _)| *of == operation) {
            let (_, fault) = self.script.remove(at).expect("its place was just found");
            self.note(&format!("{operation}: {fault:?}"));
            return fault;
        }
        let Some(chaos) = &mut self.chaos else { return Fault::None };
        if !chaos.random.chance(chaos.faults) {
            return Fault::None;
        }
        let late = 1 + chaos.random.below(200) as i64;
        // What nobody can see is nobody's fault.
        let other = if self.kind.tells_scopes { Fault::OtherScopes } else { Fault::Lost };
        let any = [Fault::Lost, Fault::Unheard, Fault::Throttled, Fault::Unreachable, Fault::Refused, Fault::RefusedAndDone];
        let create = [
            Fault::Twice,
            Fault::TwiceLate(late),
            Fault::TwiceLost,
            Fault::Late(late),
            Fault::Stalled,
            Fault::NoSecret,
            other,
            Fault::Lost,
        ];
        let read = [Fault::Unheard, Fault::Throttled, Fault::Unreachable];
        let fault = match operation {
            "create" if chaos.random.chance(70) => *chaos.random.pick(&create),
            "create" | "edit" | "enable" | "disable" | "delete" => *chaos.random.pick(&any),
            _ => *chaos.random.pick(&read),
        };
        self.note(&format!("{operation}: {fault:?}"));
        fault
    }
}

/// An instant so many seconds later.
pub fn later(at: Timestamp, seconds: i64) -> Timestamp {
    at.checked_add(SignedDuration::from_secs(seconds)).expect("a year that exists")
}
