//! Committed records: every generation of a key, never a secret.
use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::time::whole_second;
use super::{Address, Delivered, Expiry, Format, GenerationState, Grant, Marker, Name, Options, Recipients, ScopeSet, Span};

/// One ledger file: all generations of one key until they are gone, newest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyRecord {
    /// The version of this format: 1.
    #[schemars(range(min = 1, max = 1))]
    pub version: u32,
    pub address: Address,
    pub provider: String,
    /// Refuse to disable or delete, also after the entry left the manifests.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub protect: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reviewed: Option<Reviewed>,
    /// How long the key is kept when it has left the manifests, where its entry said something else than the defaults.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cooldown: Option<Span>,
    /// What is kept of generations that have left this record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gone: Option<Gone>,
    pub generations: Vec<Generation>,
}

/// Who confirmed that a key is still needed, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reviewed {
    pub at: Timestamp,
    pub by: String,
}

/// What is kept of generations that have left a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Gone {
    /// When the first of them was created.
    pub created_at: Timestamp,
    /// When one of them was last used, where the provider told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<Timestamp>,
}

/// What a provider is being asked to make of a generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Switching {
    Disabling,
    Enabling,
}

/// What a person asked for with `--rotate`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Request {
    /// A new generation; the old one lives on through the overlap.
    Rotate,
    /// A new generation, and none before it outlives its publication.
    Compromised,
}

/// One issued credential of a key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Generation {
    pub number: u32,
    pub state: GenerationState,
    /// The provider's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Absent for adopted keys. Where keys have no labels, no key bears it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub marker: Option<Marker>,
    /// Provider-side label, marker included; empty where keys have no labels.
    pub label: String,
    /// As they were asked for.
    pub scopes: ScopeSet,
    /// What came back when the scopes were last written, where the provider makes something else of them. What differs from it was done by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reported_scopes: Option<ScopeSet>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub options: Options,
    /// By our clock: when the create was asked for.
    pub created_at: Timestamp,
    /// Absent: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// What the manifest said of its end (a span, an instant, or `never`), where the provider granted the earlier `expires_at`. While the manifest
    /// says the same, that end is left alone, and the key rotates by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clamped: Option<Expiry>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_verified_at: Option<Timestamp>,
    /// When its own secret was refused, and none has worked since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused_at: Option<Timestamp>,
    /// As the provider told when the generation was disabled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<Timestamp>,
    /// When a retiring generation may be disabled: the later of publish and last delivery, plus the overlap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disable_after: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled_at: Option<Timestamp>,
    /// When a disabled generation may be deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delete_after: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed: Option<Sealed>,
    /// Of an ambiguous generation: from then on, that the provider's list lacks its marker means that it was not created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settles_at: Option<Timestamp>,
    /// Of an intent where keys have no labels: the listed keys that no record knew just before. None of them is what it has made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub beside: Vec<String>,
    /// Of an ambiguous one without a label: the list has settled, and showed nothing that it may have made. It stands in the way of nothing; what
    /// shows up later may be its.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unseen: bool,
    /// The age file that is about to take the place of `sealed`: either of the two may be on disk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resealing: Option<Sealed>,
    /// The provider is being asked to disable or enable it; how that ended is not known yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub switching: Option<Switching>,
    /// Accepted on a person's word: nothing has shown yet that its secret works.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unverified: bool,
    /// Revoked on a person's word: no failing call has shown that it is dead.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unproven: bool,
    /// Of a key that a person grants in a browser.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<Grant>,
    /// The issuer is being asked for tokens since then; how that ended is not known yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asking_since: Option<Timestamp>,
    /// A person asked for this generation. Absent: time, a manifest or a loss did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Request>,
    /// Fields that the provider was seen not to edit in place, such as `scopes` where a PATCH merges.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub uneditable: Vec<String>,
    /// The manifest's label that `label` stands for all the same: the key was moved, and the provider cannot edit labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_label: Option<String>,
    /// The address that the names in its `dotenv` file come from, when the key was moved since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub named_after: Option<Address>,
    /// Somebody else made it, and it was taken over. Kept while it is the key's current one: whoever uses the key has its secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adopted: Option<Adopted>,
    /// Places that have got its secret, by the names that they have in `keywright.yaml`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub deliveries: BTreeMap<Name, Delivered>,
}

/// How a generation was taken over that somebody else had made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Adopted {
    pub at: Timestamp,
    /// What the manifest got for its label, where the label itself cannot stand in a manifest. While the manifest keeps this one, the label at the
    /// provider is left alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// What the manifest got for its end (the last second of a day), where the key ends at another instant. While the manifest keeps this one, the
    /// end at the provider is left alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
}

/// What is known of a generation's age file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sealed {
    /// Of the ciphertext file, lower-case hexadecimal.
    #[schemars(regex(pattern = "^[0-9a-f]{64}$"))]
    pub sha256: String,
    pub format: Format,
    /// The full public keys that can open the file, by group.
    pub recipients: Recipients,
}

impl KeyRecord {
    pub fn new(address: Address, provider: &str) -> Self {
        Self {
            version: 1,
            address,
            provider: provider.to_owned(),
            protect: false,
            reviewed: None,
            cooldown: None,
            gone: None,
            generations: Vec::new(),
        }
    }

    /// The number of the next generation.
    pub fn next_number(&self) -> u32 {
        self.generations.iter().map(|generation| generation.number).max().unwrap_or(0).saturating_add(1)
    }

    /// The generation whose secret is the published one: the newest active one, else the newest that was active.
    ///
    /// A generation that was undone before it was published must have no `sealed`, so that it does not pass for one that was active. An adopted one
    /// was active without it.
    pub fn current(&self) -> Option<&Generation> {
        let rank = |generation: &&Generation| (generation.state == GenerationState::Active, generation.is_in_use(), generation.number);
        self.generations.iter().filter(|generation| generation.state.is_published()).max_by_key(rank)
    }

    /// Whether a later generation has taken its place. A second key of the same create has not.
    pub fn supersedes(&self, generation: &Generation) -> bool {
        let is_twin = |other: &Generation| other.marker.is_some() && other.marker == generation.marker;
        self.generations.iter().any(|other| other.number > generation.number && !is_twin(other))
    }

    pub fn generation(&self, number: u32) -> Option<&Generation> {
        self.generations.iter().find(|generation| generation.number == number)
    }

    /// When the first generation was created, also when it is long gone.
    pub fn first_created_at(&self) -> Option<Timestamp> {
        let present = self.generations.iter().map(|generation| generation.created_at).min();
        present.into_iter().chain(self.gone.map(|gone| gone.created_at)).min()
    }

    /// When a person has to confirm the key again: counted from the last time, else from the first generation.
    pub fn review_due(&self, every: Span) -> Option<Timestamp> {
        let reviewed = self.reviewed.as_ref().map(|reviewed| reviewed.at);
        reviewed.max(self.first_created_at())?.checked_add(every.duration()).ok()
    }

    /// Takes a deleted generation out; what reviews and the search for unused keys count from is kept.
    pub fn forget(&mut self, number: u32) {
        let Some(found) = self.generations.iter().position(|generation| generation.number == number) else { return };
        let Generation { created_at, last_used_at, .. } = self.generations.remove(found);
        let before = self.gone.unwrap_or(Gone { created_at, last_used_at });
        self.gone = Some(Gone { created_at: before.created_at.min(created_at), last_used_at: before.last_used_at.max(last_used_at) });
    }

    /// Adds the generation, or replaces the one of the same number; newest first.
    pub fn put(&mut self, generation: Generation) {
        self.generations.retain(|other| other.number != generation.number);
        self.generations.push(generation);
        self.generations.sort_by_key(|generation| std::cmp::Reverse(generation.number));
    }
}

impl Generation {
    /// A generation of which nothing is known but how it begins.
    pub fn new(number: u32, state: GenerationState, label: impl Into<String>, scopes: ScopeSet, created_at: Timestamp) -> Self {
        Self {
            number,
            state,
            id: None,
            marker: None,
            label: label.into(),
            scopes,
            reported_scopes: None,
            options: Options::new(),
            created_at,
            expires_at: None,
            clamped: None,
            last_verified_at: None,
            refused_at: None,
            last_used_at: None,
            disable_after: None,
            disabled_at: None,
            delete_after: None,
            sealed: None,
            settles_at: None,
            beside: Vec::new(),
            unseen: false,
            resealing: None,
            switching: None,
            unverified: false,
            unproven: false,
            grant: None,
            asking_since: None,
            request: None,
            uneditable: Vec::new(),
            accepted_label: None,
            named_after: None,
            adopted: None,
            deliveries: BTreeMap::new(),
        }
    }

    /// Whether its secret may carry the load: active, or being enabled when an apply was interrupted.
    pub fn may_carry(&self) -> bool {
        self.state == GenerationState::Active || self.is_switching() && self.switching == Some(Switching::Enabling)
    }

    /// Whether the provider was being asked to disable or enable it when an apply was interrupted. Any other than a published one is asked for
    /// again until it is recorded.
    pub fn is_switching(&self) -> bool {
        self.switching.is_some() && self.id.is_some() && self.state.is_published() && self.state != GenerationState::Deleted
    }

    /// Whether its secret is, or was last, the one that is in use: published here, or out there since before the key was adopted.
    pub fn is_in_use(&self) -> bool {
        self.sealed.is_some() || self.adopted.is_some()
    }

    /// What the provider should call it when the manifest says `label`. An adopted key gets no marker, and keeps what no manifest can say.
    pub fn wanted_label(&self, label: &str) -> String {
        match (&self.marker, &self.adopted) {
            (Some(marker), _) => marker.declared_label(label),
            (None, Some(Adopted { label: Some(said), .. })) if said == label => self.label.clone(),
            (None, Some(_) | None) => label.to_owned(),
        }
    }

    /// Whether the label at the provider is to be left alone, whatever it is: it was adopted, and the manifest still says the word that stands for it.
    pub fn leaves_label(&self, label: &str) -> bool {
        self.adopted.as_ref().and_then(|adopted| adopted.label.as_deref()) == Some(label)
    }

    /// Whether `end` is the day that its manifest got for its own end when it was adopted.
    pub fn stands_for(&self, end: Timestamp) -> bool {
        self.adopted.as_ref().and_then(|adopted| adopted.expires) == Some(end)
    }

    /// Whether it is ambiguous, and a list that lacks its marker now proves that it was not created. Where keys bear no marker, apply has looked.
    pub fn is_settled(&self, consistency: Span, now: Timestamp) -> bool {
        let settles = self.settles_at.or_else(|| self.created_at.checked_add(consistency.duration()).ok());
        let told = || !self.label.is_empty() && settles.is_some_and(|settles| settles <= now);
        self.state == GenerationState::Ambiguous && (self.unseen || told())
    }

    /// In `uneditable`: the provider was seen not to enable it again.
    pub const STATE_FIELD: &str = "state";

    /// As a ledger file holds it: instants are cut to whole seconds.
    pub fn in_whole_seconds(&self) -> Self {
        let cut = |instant: Option<Timestamp>| instant.map(whole_second);
        Self {
            created_at: whole_second(self.created_at),
            expires_at: cut(self.expires_at),
            last_verified_at: cut(self.last_verified_at),
            refused_at: cut(self.refused_at),
            last_used_at: cut(self.last_used_at),
            disable_after: cut(self.disable_after),
            disabled_at: cut(self.disabled_at),
            delete_after: cut(self.delete_after),
            settles_at: cut(self.settles_at),
            asking_since: cut(self.asking_since),
            grant: self.grant.as_ref().map(Grant::in_whole_seconds),
            adopted: self.adopted.as_ref().map(|adopted| Adopted {
                at: whole_second(adopted.at),
                expires: cut(adopted.expires),
                ..adopted.clone()
            }),
            deliveries: self
                .deliveries
                .iter()
                .map(|(name, delivered)| (name.clone(), Delivered { at: whole_second(delivered.at), ..delivered.clone() }))
                .collect(),
            ..self.clone()
        }
    }

    /// Whether two records are of the same live key: one marker, and one id or, while an id is not known yet, one number.
    pub fn is_same(&self, other: &Self) -> bool {
        self.marker == other.marker
            && match (&self.id, &other.id) {
                (Some(one), Some(two)) => one == two,
                (None, _) | (_, None) => self.number == other.number,
            }
    }
}
