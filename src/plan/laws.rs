//! The planner's laws, over random worlds. Contradictory ledgers are part of them. `PROPTEST_CASES` sets how many, `PROPTEST_RNG_SEED` which.
use std::sync::Arc;

use proptest::prelude::*;
use proptest::sample::{Index as Pick, select, subsequence};
use serde_json::json;

use super::compare::wanted_end;
use super::testing::*;
use super::*;
use crate::model::*;
use crate::profile::{Disable, ReadBack, ScopeRule};

const WORDS: &[&str] = &["x:hooks:read", "x:hooks:create", "x:hooks:*", "x:key:read", "x:key:update", "x:pay:read", "x:new:thing", "x:*"];
const STATES: &[GenerationState] = &[
    GenerationState::Active,
    GenerationState::Active,
    GenerationState::Active,
    GenerationState::Retiring,
    GenerationState::Disabled,
    GenerationState::Intended,
    GenerationState::Created,
    GenerationState::Sealed,
    GenerationState::Deleted,
    GenerationState::Attended,
    GenerationState::Ambiguous,
    GenerationState::Lost,
    GenerationState::Vanished,
    GenerationState::Expired,
];

const RULES: &[ScopeRule] =
    &[ScopeRule::Set, ScopeRule::Set, ScopeRule::Exact, ScopeRule::Superset, ScopeRule::Expanded, ScopeRule::WriteOnly];

/// What an obedient provider makes of scopes, and what the ledger keeps of that.
fn comes_back(world: &World, asked: &ScopeSet) -> (Option<ScopeSet>, Option<ScopeSet>) {
    let rule = ReadBack { rule: world.capabilities.scopes, catalogue: &world.catalogue };
    let shown = match rule.rule {
        ScopeRule::WriteOnly => None,
        ScopeRule::Exact | ScopeRule::Set => Some(asked.clone()),
        ScopeRule::Superset | ScopeRule::Expanded => Some(asked.iter().cloned().chain(["x:pay:read".into()]).collect()),
    };
    let kept = rule.kept(asked, shown.as_ref());
    (shown, kept)
}

fn word_sets() -> impl Strategy<Value = ScopeSet> {
    subsequence(WORDS, 1..4).prop_map(|words| scopes(&words))
}

/// Instants around now, in the plan's past and future.
fn instants() -> impl Strategy<Value = Timestamp> {
    select(&[-100 * DAY, -DAY, -5, 0, 5, DAY, 100 * DAY][..]).prop_map(at)
}

fn recipient_sets() -> impl Strategy<Value = Recipients> {
    subsequence(&["age1a", "age1b", "age1c", "age1d"][..], 1..4).prop_map(|keys| recipients(&[("ops", &keys)]))
}

fn wishes() -> BoxedStrategy<DesiredKey> {
    let expiry = prop_oneof![
        4 => Just(Expiry::Lifetime(Span::days(90))),
        1 => Just(Expiry::Lifetime(Span::days(30))),
        1 => Just(Expiry::Never),
        1 => instants().prop_map(Expiry::At),
    ];
    let options = prop_oneof![Just(Options::new()), Just(Options::from([("methods".to_owned(), json!(["A", "B"]))]))];
    let state = prop_oneof![4 => Just(DesiredState::Active), 1 => Just(DesiredState::Disabled)];
    let label = select(&["Hooks", "Other"][..]);
    (
        word_sets(),
        expiry,
        options,
        state,
        label,
        recipient_sets(),
        prop::bool::weighted(0.2),
        select(&[Format::Raw, Format::Json, Format::Dotenv][..]),
    )
        .prop_map(|(scopes, expiry, options, state, label, recipients, protect, format)| DesiredKey {
            scopes,
            expiry,
            options,
            state,
            label: label.into(),
            recipients: Arc::new(recipients),
            protect,
            format,
            ..desired()
        })
        .boxed()
}

fn generations(number: u32) -> impl Strategy<Value = Generation> {
    let id = prop_oneof![6 => Just(Some(id(number))), 1 => Just(None), 1 => Just(Some(id(1)))];
    let some = || prop::option::of(instants());
    let uneditable = subsequence(&["label", "scopes", "expiry", "options", "state"][..], 0..2);
    let switching = prop::option::weighted(0.2, select(&[Switching::Disabling, Switching::Enabling][..]));
    (
        select(STATES),
        id,
        word_sets(),
        instants(),
        (some(), some(), some()),
        prop::option::of(recipient_sets()),
        (uneditable, switching),
        any::<bool>(),
    )
        .prop_map(
            move |(state, id, scopes, created_at, (expires_at, disable_after, delete_after), recipients, (uneditable, switching), fits)| {
                let made = generation(number);
                // Half of them are as an apply would have left them.
                let (created_at, expires_at, scopes) =
                    if fits { (made.created_at, made.expires_at, made.scopes.clone()) } else { (created_at, expires_at, scopes) };
                // What was published has a secret, unless it was adopted: generation 1 only.
                let recipients = recipients.or_else(|| (number > 1 && state.is_published()).then(Recipients::new));
                let format = if fits { Format::Raw } else { Format::Dotenv };
                let sealed = recipients.map(|recipients| Sealed { recipients, format, ..made.sealed.clone().unwrap() });
                let uneditable = uneditable.into_iter().map(str::to_owned).collect();
                Generation { state, id, scopes, created_at, expires_at, disable_after, delete_after, sealed, uneditable, switching, ..made }
            },
        )
}

fn records() -> BoxedStrategy<KeyRecord> {
    let three =
        (prop::option::weighted(0.9, generations(1)), prop::option::of(generations(2)), prop::option::weighted(0.3, generations(3)));
    (three, prop::bool::weighted(0.2))
        .prop_map(|((one, two, three), protect)| {
            let mut record = KeyRecord { protect, ..KeyRecord::new(address(), "x") };
            [one, two, three].into_iter().flatten().for_each(|generation| record.put(generation));
            record
        })
        .boxed()
}

/// What the provider shows of the ledger's ids: as they are, changed, hidden or denied.
fn snapshots() -> BoxedStrategy<Snapshot> {
    let one = |number: u32| {
        let key = (
            select(&[Some(true), Some(true), Some(false), None][..]),
            word_sets(),
            prop::option::of(prop::option::of(instants())),
            0..6_u8,
        );
        (key, 0..10_u8).prop_map(move |((enabled, scopes, expires_at, odd), fate)| {
            let shown = observed(number);
            let key = match odd {
                0 => ObservedKey { scopes: Some(scopes), ..shown },
                1 => ObservedKey { expires_at, ..shown },
                2 => ObservedKey { scopes: None, expires_at: None, label: "Hooks".to_owned(), ..shown },
                _ => shown,
            };
            (number, ObservedKey { enabled, own: odd == 5 && fate == 3, ..key }, fate)
        })
    };
    let own = prop_oneof![3 => Just(None), 1 => word_sets().prop_map(Some), 1 => Just(Some(scopes(&["x:*"])))];
    ((one(1), one(2), one(3), one(9)), own)
        .prop_map(|((a, b, c, stranger), own_scopes)| {
            let mut snapshot = Snapshot { own_scopes, ..Snapshot::default() };
            for (number, key, fate) in [a, b, c, stranger] {
                match fate {
                    0 => drop(snapshot.absent.insert(id(number))),
                    1 => {}
                    _ if number == 9 && fate < 8 => {}
                    _ => drop(snapshot.keys.insert(id(number), key)),
                }
            }
            snapshot
        })
        .boxed()
}

prop_compose! {
    fn limits()(
        editable in any::<[bool; 4]>(),
        disable in select(&[Disable::Reversible, Disable::Reversible, Disable::Final, Disable::None][..]),
        (delete, reveal, settable) in (any::<bool>(), prop::bool::weighted(0.3), prop::bool::weighted(0.8)),
        lists_disabled in select(&[Some(true), Some(false), None][..]),
        key_limit in prop::option::weighted(0.2, 1..5_u32),
        max in prop::option::weighted(0.2, select(vec![Span::days(10), Span::days(60)])),
        (scopes_rule, clear) in (select(RULES), any::<bool>()),
        unlabelled in prop::bool::weighted(0.15),
    ) -> Capabilities {
        let mut limits = Capabilities { disable, delete, reveal, lists_disabled, key_limit, scopes: scopes_rule, ..capabilities() };
        limits.label.none = unlabelled;
        limits.expiry = crate::profile::ExpirySupport { settable, max, clear, ..limits.expiry };
        let [label, scopes, expiry, options] = editable.map(|can| can);
        limits.editable = crate::profile::EditableFields { label, scopes, expiry, options };
        limits
    }
}

prop_compose! {
    fn worlds()(
        capabilities in limits(),
        snapshot in snapshots(),
        desired in prop::option::weighted(0.8, wishes()),
        ledger in prop::option::weighted(0.9, records()),
        listing in select(&[Kind::Complete, Kind::Complete, Kind::Complete, Kind::Assumed][..]),
        can_open in any::<bool>(),
        other in prop::option::weighted(0.3, wishes()),
        moves in prop::bool::weighted(0.3),
        occupant in prop::option::weighted(0.1, records()),
        request in prop::option::weighted(0.2, requests()),
        place in 0..5_u8,
    ) -> World {
        let mut world = World { capabilities, snapshot, desired, ledger, listing, can_open, ..World::new() };
        world.asked.rotate.extend(request.map(|request| (address(), request)));
        if world.desired.is_some() && place > 1 {
            world.deliver_to("place", "api");
            let numbers: Vec<u32> =
                world.ledger.iter().flat_map(|record| &record.generations).map(|generation| generation.number).collect();
            // Some have been delivered, and somebody may have been there since.
            for number in numbers.into_iter().filter(|number| place > 2 && number % 2 == 0) {
                world.delivered(number, "place");
            }
            if place == 4 {
                world.places.values_mut().for_each(|(_, held)| *held = Some(Held::Nothing));
            }
        }
        if let Some(other) = other {
            let other = DesiredKey { address: "acct/other".parse().unwrap(), ..other };
            world.others.insert(other.address.name.clone(), (Some(other), None));
        }
        if world.capabilities.label.none {
            world.desired.iter_mut().for_each(|desired| desired.label = "".into());
            world.others.values_mut().filter_map(|(desired, _)| desired.as_mut()).for_each(|desired| desired.label = "".into());
            let generations = world.ledger.iter_mut().flat_map(|record| &mut record.generations);
            generations.for_each(|generation| generation.label = String::new());
            world.snapshot.keys.values_mut().for_each(|key| key.label = String::new());
        }
        if moves && world.desired.is_some() {
            world.move_from("former");
            world.ledger = occupant;
        }
        world
    }
}

fn requests() -> impl Strategy<Value = Request> {
    select(&[Request::Rotate, Request::Compromised][..])
}

/// The record that a change of our address works on: that of the name it moves from, or its own.
fn acted_on<'a>(world: &'a World, change: Option<&Change>) -> Option<&'a KeyRecord> {
    match change.and_then(Change::moved_from) {
        Some(from) => world.others.get(&from.name).and_then(|(_, record)| record.as_ref()),
        None => world.ledger.as_ref(),
    }
}

fn bytes(world: &World) -> String {
    serde_json::to_string(&world.plan()).unwrap()
}

/// What an obedient provider and an apply without mishaps make of a plan.
fn carry_out(world: &mut World, plan: &Plan) {
    // Recovery comes first: what bears a marker of a finished generation a second time is disabled.
    let records = || world.ledger.iter().chain(world.others.values().filter_map(|(_, record)| record.as_ref()));
    let generations: Vec<Generation> = records().flat_map(|record| record.generations.clone()).collect();
    let known = |key: &ObservedKey| generations.iter().any(|generation| generation.id.as_ref() == Some(&key.id));
    let of = |key: &ObservedKey| generations.iter().any(|of| !of.state.is_unfinished() && of.marker.is_some() && of.marker == key.marker());
    world.snapshot.keys.values_mut().filter(|key| !key.own && !known(key) && of(key)).for_each(|key| key.enabled = Some(false));
    for change in &plan.changes {
        // What has moved is recovered at its new address here, which comes to the same.
        let (moves, rest): (Vec<&PlanStep>, Vec<&PlanStep>) = change.steps.iter().partition(|step| matches!(step, PlanStep::Move { .. }));
        for step in moves.into_iter().chain(rest) {
            carry_out_step(world, &change.address, step, change.request);
        }
    }
}

/// The plan that follows. What the ledger alone has yet to learn may come to light one plan later, where another generation has become the
/// current one, or has been delivered.
fn settled(world: &mut World) -> Plan {
    let found = world.plan();
    let learns = |change: &Change| change.steps.iter().all(|step| matches!(step, PlanStep::Record { .. }));
    if !found.changes.iter().all(learns) {
        return found;
    }
    carry_out(world, &found);
    world.plan()
}

fn carry_out_step(world: &mut World, address: &Address, step: &PlanStep, request: Option<Request>) {
    let (now, limits) = (world.now, world.capabilities.clone());
    let back = |world: &World| {
        let main = *address == testing::address();
        let desired = if main { world.desired.as_ref() } else { world.others.get(&address.name).and_then(|(desired, _)| desired.as_ref()) };
        desired.map(|desired| comes_back(world, &desired.scopes)).unwrap_or_default()
    };
    let (shown_back, kept_back) = back(world);
    let is_main = *address == testing::address();
    let former = if is_main { world.ledger.as_ref() } else { world.others.get(&address.name).and_then(|(_, record)| record.as_ref()) };
    let retiring_back: BTreeMap<u32, _> = former
        .iter()
        .flat_map(|record| &record.generations)
        .map(|generation| (generation.number, comes_back(world, &generation.scopes)))
        .collect();
    let (desired, record) = if is_main {
        (world.desired.clone(), &mut world.ledger)
    } else {
        let (desired, record) = world.others.get_mut(&address.name).unwrap();
        (desired.clone(), record)
    };
    if let PlanStep::Move { generation: number, from, keeps_label } = step {
        let (_, moved) = world.others.remove(&from.name).unwrap();
        let mut moved = KeyRecord { address: address.clone(), ..moved.unwrap() };
        for generation in &mut moved.generations {
            let dotenv = generation.sealed.as_ref().is_some_and(|sealed| sealed.format == Format::Dotenv);
            generation.named_after = Some(from.clone()).filter(|_| dotenv);
            // What is unfinished is the current one by then.
            if *keeps_label && generation.number == *number {
                generation.accepted_label = world.desired.as_ref().map(|desired| desired.label.to_string());
            }
        }
        world.ledger = Some(moved);
        return;
    }
    let record = record.get_or_insert_with(|| KeyRecord::new(address.clone(), "x"));
    let snapshot = &mut world.snapshot;
    if let PlanStep::Create { generation: number } = step {
        let desired = desired.unwrap();
        let works = |id: &String| snapshot.keys.get(id).is_some_and(|key| key.enabled != Some(false));
        let followed = record.generations.iter().any(|old| old.may_carry() && !old.is_switching() && old.id.as_ref().is_some_and(works));
        // A predecessor that was kept for want of a successor gets its overlap from now.
        let at_once = request == Some(Request::Compromised);
        let retires = |old: &&mut Generation| old.may_carry() || old.state == GenerationState::Retiring && (at_once || !followed);
        for old in record.generations.iter_mut().filter(retires) {
            old.state = GenerationState::Retiring;
            old.switching = None;
            old.disable_after = now.checked_add(if at_once { Span::seconds(0) } else { desired.overlap }.duration()).ok();
        }
        let marker = marker(if is_main { 1000 + *number } else { 2000 + *number });
        let made = Generation {
            id: Some(format!("{}-{number}", address.name)),
            label: marker.declared_label(&desired.label),
            marker: Some(marker),
            request,
            scopes: desired.scopes.clone(),
            reported_scopes: kept_back,
            options: desired.options.clone(),
            created_at: now,
            expires_at: wanted_end(&limits, desired.expiry, now),
            sealed: Some(Sealed { sha256: "1".repeat(64), format: desired.format, recipients: (*desired.recipients).clone() }),
            ..generation(*number)
        };
        snapshot.keys.insert(made.id.clone().unwrap(), ObservedKey { scopes: shown_back, ..shown(&made) });
        record.put(made);
        record.protect = desired.protect;
        return;
    }
    if let PlanStep::Open { generation: number } = step {
        // The record alone changes, and a marker that is there stays.
        let desired = desired.unwrap();
        let before = record.generation(*number);
        let request = before.and_then(|before| before.request).max(request);
        let marker = before.and_then(|before| before.marker.clone()).unwrap_or_else(|| marker(3000 + *number));
        let label = marker.declared_label(&desired.label);
        let (marker, options, expires_at) = (Some(marker), desired.options.clone(), wanted_end(&limits, desired.expiry, now));
        let opened = Generation::new(*number, GenerationState::Attended, label, desired.scopes.clone(), now);
        record.put(Generation { marker, request, options, expires_at, ..opened });
        record.protect = desired.protect;
        return;
    }
    if let (PlanStep::Recover { generation: number }, true) = (step, world.runbooks.is_some()) {
        let published = record.generation(*number).is_some_and(|taken| taken.state == GenerationState::Sealed && taken.sealed.is_some());
        let at_once = record.generation(*number).is_some_and(|taken| taken.request == Some(Request::Compromised));
        let overlap = desired.filter(|_| !at_once).map_or(Span::seconds(0), |desired| desired.overlap);
        for generation in &mut record.generations {
            if generation.number == *number {
                generation.state = if published { GenerationState::Active } else { GenerationState::Attended };
            } else if published && generation.state == GenerationState::Active {
                generation.state = GenerationState::Retiring;
                generation.disable_after = now.checked_add(overlap.duration()).ok();
            }
        }
        return;
    }
    if let PlanStep::Enable { .. } = step {
        // The same for one whose successor lives again.
        for old in record.generations.iter_mut().filter(|old| old.state == GenerationState::Retiring) {
            old.disable_after = now.checked_add(Span::hours(72).duration()).ok();
        }
    }
    // A declared key's published generation is kept, however long it is disabled.
    let kept = desired.is_some() && record.generation(step.generation()).is_some_and(|generation| generation.sealed.is_some());
    let generation = record.generations.iter_mut().find(|generation| generation.number == step.generation()).unwrap();
    let id = generation.id.clone();
    let live = id.as_ref().and_then(|id| snapshot.keys.get_mut(id));
    let off = |generation: &mut Generation| {
        generation.state = GenerationState::Disabled;
        generation.switching = None;
        generation.delete_after = now.checked_add(Span::days(7).duration()).ok().filter(|_| !kept);
    };
    match step {
        PlanStep::Create { .. } | PlanStep::Open { .. } | PlanStep::Move { .. } => {}
        PlanStep::Deliver { to, .. } => {
            let (target, held) = world.places.get_mut(to).unwrap();
            *held = None;
            let delivered = Delivered { at: now, by: None, to: target.place(), unverified: false };
            generation.deliveries.insert(to.clone(), delivered);
            if generation.request != Some(Request::Compromised) {
                let later = now.checked_add(Span::hours(72).duration()).ok();
                for other in record.generations.iter_mut().filter(|other| other.state == GenerationState::Retiring) {
                    other.disable_after = other.disable_after.max(later);
                }
            }
        }
        PlanStep::Recover { .. } => {
            // Undone: found by its marker and disabled, or never created.
            let found = snapshot.keys.values_mut().find(|key| key.marker() == generation.marker || Some(&key.id) == id.as_ref());
            generation.sealed = None;
            match found {
                Some(key) => {
                    key.enabled = Some(false);
                    generation.id.get_or_insert_with(|| key.id.clone());
                    off(generation);
                }
                None => generation.state = GenerationState::Deleted,
            }
        }
        PlanStep::Edit { fields, .. } => {
            let mut desired = desired.unwrap();
            let (mut shown_back, mut kept_back) = (shown_back, kept_back);
            if generation.state == GenerationState::Retiring {
                desired.scopes.clone_from(&generation.scopes);
                desired.options.clone_from(&generation.options);
                (shown_back, kept_back) = retiring_back[&generation.number].clone();
            }
            let label =
                generation.marker.as_ref().map_or_else(|| desired.label.to_string(), |marker| marker.declared_label(&desired.label));
            for field in fields {
                match field {
                    EditField::Label => generation.label.clone_from(&label),
                    EditField::Scopes => {
                        generation.scopes.clone_from(&desired.scopes);
                        generation.reported_scopes.clone_from(&kept_back);
                    }
                    EditField::Expiry => generation.expires_at = wanted_end(&limits, desired.expiry, generation.created_at),
                    EditField::Options => generation.options.clone_from(&desired.options),
                }
            }
            if let Some(key) = live {
                for field in fields {
                    match field {
                        EditField::Label => key.label.clone_from(&label),
                        EditField::Scopes => key.scopes.clone_from(&shown_back),
                        EditField::Expiry => key.expires_at = Some(generation.expires_at),
                        EditField::Options => key.options.clone_from(&desired.options),
                    }
                }
            }
        }
        PlanStep::Enable { .. } => {
            generation.state = GenerationState::Active;
            generation.switching = None;
            generation.delete_after = None;
            let id = generation.id.clone().unwrap();
            snapshot.keys.entry(id).or_insert_with(|| shown(generation)).enabled = Some(true);
        }
        PlanStep::Disable { .. } => {
            match (live, id) {
                (Some(_), Some(id)) if limits.disable == Disable::None => {
                    snapshot.keys.remove(&id);
                    snapshot.absent.insert(id);
                }
                (Some(key), _) => key.enabled = Some(false),
                (None, _) => {}
            }
            generation.switching = None;
            if generation.state != GenerationState::Deleted {
                off(generation);
            }
        }
        PlanStep::Delete { .. } => {
            generation.state = GenerationState::Deleted;
            if let Some(id) = id {
                snapshot.keys.remove(&id);
                snapshot.absent.insert(id);
            }
        }
        PlanStep::Reseal { .. } => {
            let desired = desired.unwrap();
            generation.named_after = None;
            generation.sealed = Some(Sealed { sha256: "2".repeat(64), format: desired.format, recipients: (*desired.recipients).clone() });
        }
        PlanStep::Record { state, .. } => match state {
            RecordedState::Vanished | RecordedState::Expired => {
                generation.switching = None;
                generation.state = if *state == RecordedState::Vanished { GenerationState::Vanished } else { GenerationState::Expired };
                if kept && *state == RecordedState::Expired {
                    generation.delete_after = None;
                }
            }
            RecordedState::Disabled => off(generation),
            RecordedState::Deleted => generation.state = GenerationState::Deleted,
            RecordedState::Protect => record.protect = desired.unwrap().protect,
            RecordedState::Deliveries => generation.deliveries.retain(|name, _| desired.as_ref().unwrap().deliver.contains(name)),
            RecordedState::Over => generation.disable_after = Some(now),
        },
    }
}

/// The same world in other words.
fn reworded(mut world: World, picks: &[Pick]) -> World {
    let mut pick = picks.iter();
    let mut next = |size: usize| pick.next().map_or(0, |pick| pick.index(size));
    let mut respell = |scopes: &mut ScopeSet| {
        if scopes.remove(&Scope::from("x:key:update")) {
            scopes.insert(Scope::from(["x:key:update", "x:key:udpate"][next(2)]));
        }
        if scopes.contains(&Scope::from("x:hooks:*")) && next(2) == 1 {
            scopes.insert("x:hooks:read".into());
        }
    };
    for key in world.snapshot.keys.values_mut() {
        key.scopes.iter_mut().for_each(&mut respell);
        key.options.insert("unasked".to_owned(), json!(7));
    }
    let former = world.others.values_mut().filter_map(|(_, record)| record.as_mut());
    for record in world.ledger.iter_mut().chain(former) {
        let size = record.generations.len();
        record.generations.rotate_left(picks.first().map_or(0, |pick| pick.index(size.max(1))));
        record.generations.reverse();
    }
    world
}

/// What a change does, without the words that explain it.
type Gist = (Address, Action, u32, Vec<PlanStep>, Vec<AccessEntry>);

/// What a plan does: everything but the words of scopes, and what depends on them.
fn gist(plan: &Plan) -> Vec<Gist> {
    let of =
        |change: &Change| (change.address.clone(), change.action, change.generation, change.steps.clone(), change.access.gained.clone());
    plan.changes.iter().map(of).collect()
}

/// The same world at a provider whose keys a person makes.
fn by_hand(world: World) -> World {
    let like = World::attended();
    let capabilities = Capabilities { expiry: world.capabilities.expiry, ..like.capabilities };
    World { capabilities, runbooks: like.runbooks, listing: Kind::Attended, snapshot: Snapshot::default(), ..world }
}

/// One thing that was done by hand, with the scopes that it gave.
type Deed = (Address, String, Vec<(Scope, Risk)>);

/// What a plan says was done by hand.
fn deeds(plan: &Plan) -> Vec<Deed> {
    let gained = |change: &Change| change.access.gained.iter().map(|entry| (entry.scope.clone(), entry.risk)).collect();
    plan.drift.iter().map(|change| (change.address.clone(), change.reason.clone(), gained(change))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_same_inputs_give_the_same_bytes(world in worlds()) {
        prop_assert_eq!(bytes(&world), bytes(&world.clone()));
    }

    #[test]
    fn planning_after_applying_finds_nothing_more(mut world in worlds()) {
        world.listing = Kind::Complete;
        let plan = world.plan();
        let mut after = world.clone();
        carry_out(&mut after, &plan);
        // What a person asked for is asked for again.
        let again = settled(&mut after);
        // What the key limit blocked may come about after a deletion has made room.
        let waited = |change: &Change| {
            let limit = crate::diagnostics::Code::ProviderKeyLimit;
            plan.findings.iter().any(|finding| finding.code == limit && finding.message.starts_with(&format!("`{}`", change.address)))
        };
        let more: Vec<&Change> = again.changes.iter().filter(|change| change.action != Action::Blocked && !waited(change)).collect();
        let short = |change: &Change| (change.action, change.reason.clone(), change.steps.clone());
        let (first, then) = (plan.changes.iter().map(short).collect::<Vec<_>>(), more.into_iter().map(short).collect::<Vec<_>>());
        prop_assert!(then.is_empty(), "first {:?}\nthen {:?}", first, then);
    }

    #[test]
    fn what_a_person_does_is_asked_for_once_and_waited_for(world in worlds()) {
        let world = by_hand(world);
        let plan = world.plan();
        for step in plan.changes.iter().flat_map(|change| &change.steps) {
            let ours = match step {
                PlanStep::Open { .. }
                | PlanStep::Edit { .. }
                | PlanStep::Reseal { .. }
                | PlanStep::Deliver { .. }
                | PlanStep::Move { .. }
                | PlanStep::Record { .. }
                | PlanStep::Recover { .. } => true,
                PlanStep::Create { .. } | PlanStep::Enable { .. } | PlanStep::Disable { .. } | PlanStep::Delete { .. } => false,
            };
            prop_assert!(ours, "nothing is asked of a provider that has no such call: {step:?}");
        }
        let mut after = world.clone();
        carry_out(&mut after, &plan);
        let again = settled(&mut after);
        for change in again.changes.iter().filter(|change| change.action != Action::Blocked) {
            let waits = change.action == Action::Attended && change.steps.is_empty();
            prop_assert!(waits, "first {:?}\nthen {change:?}", plan.changes.iter().map(|change| (&change.reason, &change.steps)).collect::<Vec<_>>());
            prop_assert!(again.attended.iter().any(|step| step.address == change.address), "{change:?}");
        }
        prop_assert!(again.attended.iter().all(|step| step.generation.is_some() && step.label.is_some()), "every name is known");
        prop_assert_eq!(exceeds(&plan, &plan), Vec::<String>::new());
    }

    #[test]
    fn whatever_is_removed_is_kept_for_a_cooldown(mut world in worlds()) {
        world.listing = Kind::Complete;
        let mut parked = world.clone();
        let Some(desired) = &mut parked.desired else { return Ok(()) };
        if desired.expiry != Expiry::At(at(-100 * DAY)) {
            desired.state = DesiredState::Disabled;
        }
        let before = parked.plan();
        if before.changes.iter().any(|change| change.action == Action::Blocked) {
            return Ok(());
        }
        carry_out(&mut parked, &before);
        drop(settled(&mut parked));
        let Some(current) = parked.ledger.as_ref().and_then(KeyRecord::current).filter(|current| current.is_in_use()).cloned() else { return Ok(()) };
        parked.desired = None;
        for change in parked.plan().changes.iter().filter(|change| change.address == address() && change.moved_from().is_none()) {
            let deletes = change.steps.contains(&PlanStep::Delete { generation: current.number });
            prop_assert!(!deletes || current.state == GenerationState::Deleted, "first {before:?}\nthen {change:#?}");
        }
    }

    #[test]
    fn an_unavailable_listing_decides_nothing(mut world in worlds()) {
        world.listing = Kind::Unavailable;
        for change in world.plan().changes {
            prop_assert_eq!((change.action, change.steps), (Action::Blocked, vec![]));
        }
    }

    #[test]
    fn only_generations_of_the_ledger_are_touched(world in worlds()) {
        for change in world.plan().changes.iter().filter(|change| change.address == address()) {
            let record = acted_on(&world, Some(change));
            for step in &change.steps {
                let known = record.is_some_and(|record| record.generation(step.generation()).is_some());
                match step {
                    PlanStep::Create { .. } => prop_assert!(!known),
                    PlanStep::Deliver { generation, .. } if change.steps.contains(&PlanStep::Create { generation: *generation }) => {}
                    _ => prop_assert!(known, "{step:?}"),
                }
            }
        }
    }

    #[test]
    fn no_rotation_ends_its_own_predecessor(world in worlds()) {
        let former = world.others.get(&Name::new("former").unwrap()).and_then(|(_, record)| record.as_ref());
        let Some(record) = former.filter(|_| world.ledger.is_none()).or(world.ledger.as_ref()) else { return Ok(()) };
        for change in world.plan().changes.iter().filter(|change| change.address == address()) {
            let Some(issues) = change.steps.iter().position(|step| matches!(step, PlanStep::Create { .. })) else { continue };
            for (at, step) in change.steps.iter().enumerate() {
                if let PlanStep::Disable { generation } | PlanStep::Delete { generation } = step {
                    let ended = record.generation(*generation).unwrap();
                    let over = ended.disable_after.is_some_and(|after| after <= world.now);
                    let rests = ended.state != GenerationState::Active && (ended.state != GenerationState::Retiring || over);
                    let compromised = change.request == Some(Request::Compromised) && issues < at;
                    prop_assert!(rests || compromised, "{change:#?}");
                }
            }
        }
    }

    #[test]
    fn compromised_takes_the_overlap_away_and_nothing_else(mut world in worlds()) {
        world.asked.rotate.insert(address(), Request::Rotate);
        let plain = world.plan();
        world.asked.rotate.insert(address(), Request::Compromised);
        let compromised = world.plan();
        let rest = |plan: &Plan| plan.changes.iter().filter(|change| change.address != address()).cloned().collect::<Vec<_>>();
        prop_assert_eq!(rest(&plain), rest(&compromised));
        let of = |plan: &Plan| plan.changes.iter().find(|change| change.address == address()).cloned();
        let (plain, compromised) = (of(&plain), of(&compromised));
        let live = |number: u32| {
            let ended = acted_on(&world, compromised.as_ref().or(plain.as_ref())).and_then(|record| record.generation(number)).unwrap();
            matches!(ended.state, GenerationState::Active | GenerationState::Retiring) || ended.switching == Some(Switching::Enabling)
        };
        let kept = |change: &Option<Change>| -> Vec<PlanStep> {
            let steps = change.iter().filter(|change| change.action != Action::Blocked).flat_map(|change| &change.steps);
            let ends = |step: &&PlanStep| match step {
                PlanStep::Disable { generation } | PlanStep::Record { generation, state: RecordedState::Disabled | RecordedState::Deleted } => live(*generation),
                // What ends at once needs no narrowing.
                PlanStep::Edit { generation, .. } => acted_on(&world, plain.as_ref()).and_then(KeyRecord::current).is_none_or(|current| current.number != *generation)
                    || change.iter().flat_map(|change| &change.steps).any(|step| matches!(step, PlanStep::Create { .. })),
                _ => false,
            };
            // Work on older generations takes along what the ledger alone is told, and what is refused otherwise.
            let told = |step: &&PlanStep| matches!(step, PlanStep::Move { .. } | PlanStep::Record { state: RecordedState::Protect, .. });
            steps.filter(|step| !ends(step) && !told(step)).cloned().collect()
        };
        // A rotation that is open already is enough for one, and too old for the other.
        let issues = |change: &Option<Change>| change.iter().flat_map(|change| &change.steps).any(|step| matches!(step, PlanStep::Create { .. }));
        if issues(&plain) == issues(&compromised) {
            prop_assert_eq!(kept(&plain), kept(&compromised));
        }
        // Whatever ends early has a successor that lives or is made first.
        for change in compromised.iter().filter(|change| change.action != Action::Blocked) {
            let creates = change.steps.iter().position(|step| matches!(step, PlanStep::Create { .. }));
            for (at, step) in change.steps.iter().enumerate() {
                if let PlanStep::Disable { generation } = step && world.desired.is_some() && creates.is_some() && live(*generation) {
                    prop_assert!(creates < Some(at), "{change:#?}");
                }
            }
        }
    }

    #[test]
    fn guards_only_take_away(mut world in worlds(), rotations in 0..3_u32, disables in 0..2_u32) {
        let free = world.plan();
        world.guarding.guards =
            Guards { max_creates: None, max_disables: Some(Limit::Count(disables)), max_rotations: Some(Limit::Count(rotations)) };
        let guarded = world.plan();
        let rotated = |plan: &Plan| plan.changes.iter().filter(|change| matches!(change.action, Action::Rotate | Action::Replace)).cloned().collect::<Vec<_>>();
        let counted = rotated(&guarded).iter().filter(|change| !change.steps.iter().any(|step| matches!(step, PlanStep::Recover { .. }))).count();
        prop_assert!(counted <= rotations as usize, "{counted}");
        prop_assert!(rotated(&guarded).iter().all(|change| rotated(&free).contains(change)));
        prop_assert_eq!(rotated(&guarded).len() + guarded.deferred.len(), rotated(&free).len(), "what waits is shown");
        let ends = guarded.guards.iter().find(|guard| guard.guard == "max_disables").unwrap();
        prop_assert_eq!(guarded.is_refused(), ends.count > disables as usize);
    }

    #[test]
    fn words_order_and_rounding_make_no_difference(world in worlds(), picks in prop::collection::vec(any::<Pick>(), 8), seconds in -60..=60_i64) {
        let mut world = world;
        if world.capabilities.scopes == ScopeRule::Exact {
            world.capabilities.scopes = ScopeRule::Set;
        }
        let mut reworded = reworded(world.clone(), &picks);
        for key in reworded.snapshot.keys.values_mut() {
            // Only ends that are as wanted may be off by rounding.
            if key.expires_at == Some(generation(1).expires_at) {
                key.expires_at = Some(generation(1).expires_at.map(|end| end + jiff::SignedDuration::from_secs(seconds)));
            }
        }
        prop_assert_eq!(gist(&world.plan()), gist(&reworded.plan()));
        prop_assert_eq!(deeds(&world.plan()), deeds(&reworded.plan()));
    }

    #[test]
    fn groups_and_the_order_of_recipients_make_no_difference(world in worlds()) {
        let mut other = world.clone();
        for generation in other.ledger.iter_mut().flat_map(|record| &mut record.generations) {
            if let Some(sealed) = &mut generation.sealed {
                let mut keys: Vec<String> = sealed.recipients.values().flatten().cloned().collect();
                keys.reverse();
                sealed.recipients = Recipients::from([("renamed".to_owned(), keys)]);
            }
        }
        prop_assert_eq!(bytes(&world), bytes(&other));
    }

    #[test]
    fn every_input_gives_a_plan(mut world in worlds(), number in any::<u32>(), far in select(&[Timestamp::MIN, Timestamp::MAX][..]), span in any::<u64>()) {
        if let Some(generation) = world.ledger.as_mut().and_then(|record| record.generations.first_mut()) {
            (generation.number, generation.created_at, generation.expires_at) = (number | u32::MAX << 31, far, Some(far));
        }
        if let Some(desired) = &mut world.desired {
            (desired.renew_before, desired.overlap) = (Span::seconds(span), Span::seconds(u64::MAX));
            desired.expiry = Expiry::Lifetime(Span::seconds(span));
        }
        world.capabilities.expiry.tolerance = Span::seconds(span);
        world.capabilities.consistency = Span::seconds(u64::MAX);
        for now in [Timestamp::MIN, far, Timestamp::MAX] {
            world.now = now;
            let plan = world.plan();
            let counts = plan.summary.create + plan.summary.edit + plan.summary.rotate + plan.summary.replace + plan.summary.disable
                + plan.summary.enable + plan.summary.delete + plan.summary.reseal + plan.summary.blocked;
            prop_assert_eq!(counts, plan.changes.len());
        }
    }

    #[test]
    fn a_plan_is_within_itself(world in worlds()) {
        let plan = world.plan();
        prop_assert_eq!(exceeds(&plan, &plan), Vec::<String>::new());
    }

    #[test]
    fn what_is_blocked_says_why(world in worlds()) {
        let plan = world.plan();
        for change in plan.changes.iter().filter(|change| change.action == Action::Blocked) {
            prop_assert!(plan.findings.iter().any(|finding| finding.message == change.reason), "{change:#?}");
        }
    }
}
