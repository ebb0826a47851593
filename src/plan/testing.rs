//! One key and its account, as tests want them.
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use jiff::{SignedDuration, Timestamp};

use super::standing::{Index, Key};
use super::*;
use crate::model::*;
use crate::profile::*;

/// 2026-11-21T09:00:00Z.
pub(super) fn now() -> Timestamp {
    "2026-11-21T09:00:00Z".parse().unwrap()
}

/// Seconds from now.
pub(super) fn at(seconds: i64) -> Timestamp {
    now() + SignedDuration::from_secs(seconds)
}

pub(super) const DAY: i64 = 86_400;

pub(super) fn scopes(words: &[&str]) -> ScopeSet {
    words.iter().map(|word| Scope::from(*word)).collect()
}

fn spec(wildcard: Wildcard, unlisted: Unlisted) -> CatalogueSpec {
    CatalogueSpec {
        form: "[a-z*][a-z0-9_:*-]*".to_owned(),
        separator: ":".to_owned(),
        wildcard,
        confined_by: None,
        unlisted,
        aliases: BTreeMap::new(),
        verbs: BTreeMap::from([("read".to_owned(), AccessLevel::Read)]),
        tiers: BTreeMap::new(),
        implied: Vec::new(),
        hints: Vec::new(),
        scopes: BTreeMap::new(),
    }
}

/// Hooks, keys and payments of a provider with prefix wildcards.
pub(super) fn catalogue() -> Catalogue {
    static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(build_catalogue);
    CATALOGUE.clone()
}

fn build_catalogue() -> Catalogue {
    let mut spec = spec(Wildcard::Prefix, Unlisted::Warn);
    spec.aliases.insert("x:key:udpate".into(), "x:key:update".into());
    for (name, access, tags, why) in [
        ("x:hooks:read", AccessLevel::Read, vec![], None),
        ("x:hooks:create", AccessLevel::Write, vec![Tag::Egress], Some("can repoint events")),
        ("x:hooks:delete", AccessLevel::Write, vec![], None),
        ("x:key:read", AccessLevel::Read, vec![Tag::Credentials], None),
        ("x:key:update", AccessLevel::Write, vec![Tag::Credentials], None),
        ("x:pay:read", AccessLevel::Read, vec![Tag::Financial], None),
    ] {
        spec.scopes
            .insert(name.into(), ScopeSpec { access, tags, says: None, why: why.map(str::to_owned), covers: Vec::new(), group: None });
    }
    Catalogue::new(spec).unwrap()
}

pub(super) fn free_catalogue() -> Catalogue {
    Catalogue::new(spec(Wildcard::Segment, Unlisted::Allow)).unwrap()
}

/// Everything possible and reversible.
pub(super) fn capabilities() -> Capabilities {
    Capabilities {
        told: Told::default(),
        label: LabelRule { min: 1, max: 100, ..LabelRule::default() },
        scopes: ScopeRule::Set,
        editable: EditableFields { label: true, scopes: true, expiry: true, options: true },
        disable: Disable::Reversible,
        delete: true,
        reveal: false,
        get: true,
        verify: true,
        lists_disabled: Some(true),
        key_limit: None,
        expiry: ExpirySupport { settable: true, tolerance: Span::seconds(60), max: None, clamps: false, clear: true },
        last_used: false,
        idle_expiry: None,
        consistency: Span::seconds(10),
    }
}

pub(super) fn address() -> Address {
    "acct/hooks".parse().unwrap()
}

pub(super) fn recipients(groups: &[(&str, &[&str])]) -> Recipients {
    groups.iter().map(|(group, keys)| ((*group).to_owned(), keys.iter().map(|key| (*key).to_owned()).collect())).collect()
}

/// Reads hooks, for 90 days.
pub(super) fn desired() -> DesiredKey {
    DesiredKey {
        address: address(),
        declared_at: Position { file: "keys/pay.yaml".into(), line: 4, column: 3 },
        label: "Hooks".into(),
        owner: Some("@pay".into()),
        purpose: None,
        scopes: scopes(&["x:hooks:read"]),
        expiry: Expiry::Lifetime(Span::days(90)),
        renew_before: Span::days(14),
        overlap: Span::hours(72),
        cooldown: Span::days(7),
        recipients: Arc::new(recipients(&[("ops", &["age1a", "age1b"]), ("recovery", &["age1c"])])),
        format: Format::Raw,
        state: DesiredState::Active,
        protect: false,
        review_every: None,
        unused_after: None,
        options: Options::new(),
        deliver: Vec::new(),
    }
}

pub(super) fn id(number: u32) -> String {
    format!("id-{number}")
}

pub(super) fn marker(number: u32) -> Marker {
    let [a, b, c, d] = number.to_be_bytes();
    Marker::from_random([7, a, b, c, d])
}

/// Active, made a day ago from `desired`.
pub(super) fn generation(number: u32) -> Generation {
    let desired = desired();
    let label = marker(number).label(&desired.label);
    Generation {
        id: Some(id(number)),
        marker: Some(marker(number)),
        expires_at: desired.expiry.end(at(-DAY)),
        sealed: Some(Sealed { sha256: "0".repeat(64), format: desired.format, recipients: (*desired.recipients).clone() }),
        ..Generation::new(number, GenerationState::Active, label, desired.scopes.clone(), at(-DAY))
    }
}

/// What an obedient provider shows of `generation`.
pub(super) fn shown(generation: &Generation) -> ObservedKey {
    ObservedKey {
        id: generation.id.clone().unwrap_or_default(),
        label: generation.label.clone(),
        scopes: Some(generation.scopes.clone()),
        expires_at: Some(generation.expires_at),
        enabled: Some(true),
        created_at: Some(generation.created_at),
        last_used_at: None,
        options: generation.options.clone(),
        own: false,
        unread: None,
        untouchable: false,
    }
}

pub(super) fn observed(number: u32) -> ObservedKey {
    shown(&generation(number))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Complete,
    Assumed,
    Unavailable,
    Attended,
}

/// One account with one key.
#[derive(Debug, Clone)]
pub(super) struct World {
    pub now: Timestamp,
    pub capabilities: Capabilities,
    pub catalogue: Catalogue,
    pub parts: Vec<String>,
    pub listing: Kind,
    pub snapshot: Snapshot,
    pub desired: Option<DesiredKey>,
    pub ledger: Option<KeyRecord>,
    /// Other keys of the account.
    pub others: BTreeMap<Name, (Option<DesiredKey>, Option<KeyRecord>)>,
    /// Old names by new ones.
    pub moved: BTreeMap<Name, Name>,
    pub only: BTreeSet<Address>,
    pub can_open: bool,
    /// Places that consume secrets, and what they say they hold.
    pub places: BTreeMap<Name, (Target, Option<Held>)>,
    pub unmanaged: Unmanaged,
    pub key_options: BTreeMap<String, KeyOption>,
    pub asked: Asked,
    pub before: Before,
    pub guarding: Guarding,
    /// Where a person makes the keys.
    pub runbooks: Option<Runbooks>,
    pub grants: Option<crate::profile::Grants>,
    pub params: BTreeMap<String, String>,
    /// Names of the options that keys can have there.
    pub options: BTreeSet<String>,
}

impl World {
    /// Wanted, with nothing there.
    pub fn new() -> Self {
        Self {
            now: now(),
            capabilities: capabilities(),
            catalogue: catalogue(),
            parts: vec!["secret".to_owned()],
            listing: Kind::Complete,
            snapshot: Snapshot::default(),
            desired: Some(desired()),
            ledger: None,
            others: BTreeMap::new(),
            moved: BTreeMap::new(),
            only: BTreeSet::new(),
            can_open: false,
            places: BTreeMap::new(),
            unmanaged: Unmanaged::default(),
            key_options: BTreeMap::new(),
            asked: Asked::default(),
            before: Before::default(),
            guarding: Guarding::default(),
            runbooks: None,
            grants: None,
            params: BTreeMap::new(),
            options: BTreeSet::new(),
        }
    }

    /// Lets a base declare the key as it is wanted now, but for this.
    pub fn base(&mut self, differs: impl FnOnce(&mut DesiredKey)) {
        let mut base = self.wanted().clone();
        differs(&mut base);
        self.before.declared.get_or_insert_default().insert(address(), base);
    }

    /// Wanted, with nothing there, at a provider whose keys a person makes.
    pub fn attended() -> Self {
        let texts = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let runbook = |title: &str, steps: &[&str]| Runbook { title: title.to_owned(), link: None, minutes: Some(3), steps: texts(steps) };
        let create = runbook(
            "make {{ label }}",
            &[
                "tick {% for g in groups %}{{ g.scopes | join(', ') }}{% endfor %}",
                "{% if end %}end it {{ end }}{% endif %}",
                "{% if previous %}keep {{ previous }}{% endif %}",
            ],
        );
        let revoke = runbook("{% if doubtful %}look for{% else %}revoke{% endif %} {{ label }}", &[]);
        let mut capabilities =
            Capabilities { editable: EditableFields::default(), disable: Disable::None, delete: false, get: false, ..capabilities() };
        capabilities.expiry.settable = false;
        Self { capabilities, listing: Kind::Attended, runbooks: Some(Runbooks { create, revoke }), ..Self::new() }
    }

    /// Wanted, issued as generation 1, and shown by the provider as it should be.
    pub fn settled() -> Self {
        let mut world = Self::new();
        world.record(vec![generation(1)]);
        world.observe(observed(1));
        world
    }

    pub fn record(&mut self, generations: Vec<Generation>) {
        let mut record = KeyRecord::new(address(), "x");
        generations.into_iter().for_each(|generation| record.put(generation));
        self.ledger = Some(record);
    }

    /// Changes generation 1 of the ledger.
    pub fn first(&mut self) -> &mut Generation {
        self.generation(1)
    }

    pub fn generation(&mut self, number: u32) -> &mut Generation {
        let record = self.ledger.as_mut().unwrap();
        record.generations.iter_mut().find(|generation| generation.number == number).unwrap()
    }

    pub fn wanted(&mut self) -> &mut DesiredKey {
        self.desired.as_mut().unwrap()
    }

    pub fn observe(&mut self, key: ObservedKey) {
        self.snapshot.keys.insert(key.id.clone(), key);
    }

    /// The provider's side of a generation.
    pub fn live(&mut self, number: u32) -> &mut ObservedKey {
        self.snapshot.keys.get_mut(&id(number)).unwrap()
    }

    pub fn vanish(&mut self, number: u32) {
        self.snapshot.keys.remove(&id(number));
        self.snapshot.absent.insert(id(number));
    }

    pub fn account(&self) -> AccountInput<'_> {
        let name = address().name;
        let others = self.others.iter();
        let mut desired: BTreeMap<Name, &DesiredKey> =
            others.clone().filter_map(|(name, (desired, _))| Some((name.clone(), desired.as_ref()?))).collect();
        let mut ledger: BTreeMap<Name, &KeyRecord> =
            others.filter_map(|(name, (_, record))| Some((name.clone(), record.as_ref()?))).collect();
        desired.extend(self.desired.as_ref().map(|desired| (name.clone(), desired)));
        ledger.extend(self.ledger.as_ref().map(|record| (name, record)));
        AccountInput {
            provider: "x",
            capabilities: &self.capabilities,
            catalogue: &self.catalogue,
            parts: &self.parts,
            listing: match self.listing {
                Kind::Complete => Listing::Complete(self.snapshot.clone()),
                Kind::Assumed => Listing::Assumed(self.snapshot.clone()),
                Kind::Unavailable => Listing::Unavailable("page 2 failed".to_owned()),
                Kind::Attended => Listing::Attended,
            },
            desired,
            ledger,
            attended: self.runbooks.as_ref().map(|runbooks| AttendedInput {
                runbooks,
                environment: None,
                params: &self.params,
                grants: self.grants.as_ref(),
                options: &self.options,
            }),
            moved: self.moved.clone(),
            unmanaged: &self.unmanaged,
            own_untold: false,
            options: &self.key_options,
        }
    }

    fn deliveries(&self) -> BTreeMap<Name, DeliveryInput<'_>> {
        let mut inputs = BTreeMap::new();
        for (name, (target, held)) in &self.places {
            let runbook = (target.kind == "hand").then(|| Runbook {
                title: "take {{ label }} there".to_owned(),
                link: None,
                minutes: None,
                steps: vec!["`{{ params.open }}`".to_owned()],
            });
            inputs.insert(name.clone(), DeliveryInput { target, runbook, held: held.clone(), tries: target.kind == "tried" });
        }
        inputs
    }

    /// Declares a place, and names it in the manifest.
    pub fn deliver_to(&mut self, name: &str, kind: &str) {
        let name: Name = name.parse().unwrap();
        let target = Target { name: name.clone(), kind: kind.to_owned(), endpoint: None, params: BTreeMap::new() };
        self.places.insert(name.clone(), (target, None));
        self.wanted().deliver.push(name);
    }

    /// As if the hand-over of a generation had been recorded.
    pub fn delivered(&mut self, number: u32, name: &str) {
        let name: Name = name.parse().unwrap();
        let delivered = Delivered { at: at(-60), by: None, to: self.places[&name].0.place(), unverified: false };
        self.generation(number).deliveries.insert(name, delivered);
    }

    /// As if the key had been issued under another name and its manifest gave it the present one since.
    pub fn move_from(&mut self, name: &str) {
        let from: Address = format!("acct/{name}").parse().unwrap();
        let record = self.ledger.take().map(|record| KeyRecord { address: from.clone(), ..record });
        self.others.insert(from.name.clone(), (None, record));
        self.moved.insert(address().name, from.name);
    }

    pub fn with_key<T>(&self, ask: impl FnOnce(&Key) -> T) -> T {
        let account = self.account();
        let index = Index::new(&account);
        let deliveries = self.deliveries();
        let moving = super::moves::pending(&address().account, &account);
        let moved = moving.get(&address().name);
        let record = moved.filter(|moved| !moved.occupied).map(|moved| moved.record);
        ask(&Key {
            address: address(),
            account: &account,
            index: &index,
            now: self.now,
            can_open: self.can_open,
            deliveries: &deliveries,
            desired: self.desired.as_ref(),
            record: record.or(self.ledger.as_ref()),
            moved,
            request: self.asked.rotate.get(&address()).copied(),
            resumed: self.before.interrupted.contains(&address()),
            base: self.before.declared.as_ref().map(|declared| declared.get(&address())),
        })
    }

    fn live_records(&self) -> usize {
        let records = self.ledger.iter().chain(self.others.values().filter_map(|(_, record)| record.as_ref()));
        records.filter(|record| record.generations.iter().any(|generation| generation.state.may_live())).count()
    }

    pub fn plan(&self) -> Plan {
        plan(&PlanInput {
            now: self.now,
            mode: Mode::Live,
            accounts: BTreeMap::from([(address().account, self.account())]),
            only: self.only.clone(),
            can_open: self.can_open,
            digest: "sha256:0".to_owned(),
            asked: self.asked.clone(),
            before: self.before.clone(),
            guarding: Guarding { live: self.live_records(), ..self.guarding.clone() },
            deliveries: self.deliveries(),
        })
    }

    /// The change of the one key.
    pub fn change(&self) -> Option<Change> {
        self.plan().changes.into_iter().find(|change| change.address == address())
    }

    /// Its action and steps; `none` without a change.
    pub fn decision(&self) -> (Action, Vec<PlanStep>) {
        self.change().map_or((Action::None, Vec::new()), |change| (change.action, change.steps))
    }

    pub fn codes(&self) -> Vec<&'static str> {
        self.plan().findings.iter().map(|finding| finding.code.as_str()).collect()
    }
}
