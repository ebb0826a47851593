//! Places that consume a key's secrets: which of them have yet to get the current one, and who can give it to them.
use std::collections::BTreeMap;

use super::change::AttendedStep;
use super::draft::Draft;
use super::standing::{Key, Seen, Wanted};
use super::{Action, DeliveryInput, PlanStep, RecordedState};
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Address, DesiredKey, Fingerprint, Format, Generation, GenerationState, Held, Name, Request};
use crate::profile::runbook::{Runbook, RunbookValues};

/// A place that has yet to get a generation's secret.
pub(super) struct Lack<'a> {
    pub name: &'a Name,
    pub place: &'a DeliveryInput<'a>,
    /// What somebody else did there.
    pub drift: Option<String>,
    /// The generation of another key that it holds: it is not ours to replace.
    pub taken: Option<&'a Fingerprint>,
}

impl<'a> Key<'a> {
    /// The places that the manifest names and that have yet to get a generation's secret, in its order.
    pub(super) fn lacking(&self, generation: &Generation) -> Vec<Lack<'a>> {
        let named = self.desired.into_iter().flat_map(|desired: &'a DesiredKey| &desired.deliver);
        named.filter_map(|name| self.lack(name, self.deliveries.get(name)?, generation)).collect()
    }

    fn lack(&self, name: &'a Name, place: &'a DeliveryInput<'a>, generation: &Generation) -> Option<Lack<'a>> {
        let known = generation.deliveries.get(name).filter(|known| known.to == place.target.place());
        let ours = Fingerprint::of(&self.address, generation);
        let holds = match (&place.held, known) {
            (_, None) => return Some(Lack { name, place, drift: None, taken: self.taken(name, place) }),
            (None | Some(Held::Something), Some(_)) => return None,
            (Some(Held::Ours(held)), Some(_)) if held.is_same(&ours) => return None,
            (Some(Held::Ours(held)), Some(_)) => format!("generation {} of `{}`", held.generation, held.address),
            (Some(Held::Nothing), Some(_)) => "nothing".to_owned(),
            (Some(Held::Foreign), Some(_)) => "what somebody else put there".to_owned(),
        };
        Some(Lack { name, place, drift: Some(format!("drift: `{name}` holds {holds}")), taken: None })
    }

    /// Whether a generation of the key was ever given to a place.
    pub(super) fn served(&self, name: &Name, place: &DeliveryInput) -> bool {
        let to = place.target.place();
        self.generations().any(|generation| generation.deliveries.get(name).is_some_and(|known| known.to == to))
    }

    /// The generation of another key that a place holds, where it never got one of this key.
    fn taken<'p>(&self, name: &Name, place: &'p DeliveryInput) -> Option<&'p Fingerprint> {
        let Some(Held::Ours(held)) = &place.held else { return None };
        let former = self.account.moved.get(&self.address.name).map(|from| Address::new(self.address.account.clone(), from.clone()));
        let own =
            held.address == self.address || former.as_ref() == Some(&held.address) || self.record.is_some_and(|record| held.is_of(record));
        (!own && !self.served(name, place)).then_some(held)
    }

    /// Whether generations before the current one have to go on, since places that use them have yet to get its secret.
    pub(super) fn waits_for_deliveries(&self, current: &Generation) -> bool {
        let compromised = [current.request, self.carried()].contains(&Some(Request::Compromised));
        !compromised && !self.lacking(current).is_empty()
    }

    /// Whether a secret can be given to a place: it can be read, or the place has it already.
    fn has_plaintext(&self, generation: &Generation, place: &DeliveryInput) -> bool {
        let capabilities = self.account.capabilities;
        let there = matches!(&place.held, Some(Held::Ours(held)) if held.is_same(&Fingerprint::of(&self.address, generation)));
        there || (capabilities.reveal && generation.id.is_some()) || (self.can_open && generation.sealed.is_some())
    }
}

/// Adds what the key's places call for: steps, work for a person, and what has to wait.
pub(super) fn add(key: &Key, draft: &mut Draft, work: &mut Vec<AttendedStep>) {
    let (Wanted::Active, Some(desired), None) = (key.wanted(), key.desired, &draft.refusal) else { return };
    if draft.issues() {
        follow(key, desired, draft);
        return;
    }
    if draft.opens() {
        for (name, place) in desired.deliver.iter().filter_map(|name| Some((name, key.deliveries.get(name)?))) {
            draft.notes.push(format!("deliver -> {}, once it is handed over{}", place.target, replaced(place)));
            draft.findings.extend(key.taken(name, place).map(|held| refused(key, name, held, draft.generation)));
        }
    }
    let enabled = draft.steps.iter().any(|step| matches!(step, PlanStep::Enable { .. }));
    // Where a person makes the keys, nothing is asked of the provider.
    let touchable = |current: &Generation| key.account.attended.is_some() || key.index.untouchable(current).is_none();
    let live = |current: &&Generation| {
        enabled || (current.state == GenerationState::Active && key.seen(current) == Seen::Live && touchable(current))
    };
    let Some(current) = key.current().filter(live) else { return };
    let number = current.number;
    let mut lacks = key.lacking(current);
    // What apply does itself names the change.
    lacks.sort_by_key(|lack| lack.place.runbook.is_some());
    for Lack { name, place, drift, taken } in lacks {
        if let Some(held) = taken {
            draft.findings.push(refused(key, name, held, number));
            continue;
        }
        let is_drift = drift.is_some();
        let reason = drift.unwrap_or_else(|| format!("`{name}` has not been given generation {number}{}", replaced(place)));
        if let Some(runbook) = &place.runbook {
            work.push(attended(key, name, runbook, current));
            begin(key, draft, Action::Attended, number, format!("deliver: {reason}"));
            added(key, draft, place);
        } else if key.has_plaintext(current, place) {
            draft.steps.push(PlanStep::Deliver { generation: number, to: name.clone() });
            begin(key, draft, Action::Deliver, number, reason);
            added(key, draft, place);
        } else {
            let what = if is_drift { reason } else { format!("`{name}` has not been given generation {number} of `{}`", key.address) };
            let finding = key.warning(Code::DeliverPending, format!("{what}, and the secret cannot be read"));
            draft.findings.push(finding.help("run `keywright apply -i IDENTITY`, or wait for the next rotation"));
        }
    }
    untried(key, desired, draft, current);
    forget(key, desired, draft, current);
}

/// Places that took the secret without having shown that it works there: every plan says so, and apply tries what can be tried.
fn untried(key: &Key, desired: &DesiredKey, draft: &mut Draft, current: &Generation) {
    for (name, place) in desired.deliver.iter().filter_map(|name| Some((name, key.deliveries.get(name)?))) {
        let known = current.deliveries.get(name).filter(|known| known.unverified && known.to == place.target.place());
        if known.is_none() || key.lack(name, place, current).is_some() {
            continue;
        }
        let what =
            format!("`{name}` has generation {} of `{}`, and no call through it has shown that it works", current.number, key.address);
        let finding = key.warning(Code::DeliverUnverified, what);
        if place.tries {
            draft.findings.push(finding.help("`keywright apply` tries it again; look whether it works there before the overlap is over"));
            draft.steps.push(PlanStep::Deliver { generation: current.number, to: name.clone() });
            begin(key, draft, Action::Deliver, current.number, format!("`{name}` is tried with generation {} again", current.number));
        } else {
            draft.findings.push(finding.help("look whether it works there: nothing says how to try it"));
        }
    }
}

/// The places get the generation that the plan makes.
fn follow(key: &Key, desired: &DesiredKey, draft: &mut Draft) {
    let generation = draft.generation;
    for (name, place) in desired.deliver.iter().filter_map(|name| Some((name, key.deliveries.get(name)?))) {
        match (&place.runbook, key.taken(name, place)) {
            (Some(_), _) => draft.notes.push(format!("deliver -> {}: a person does that, once it is published", place.target)),
            (None, Some(held)) => {
                draft.findings.push(refused(key, name, held, generation));
                continue;
            }
            (None, None) => {
                draft.notes.push(format!("deliver -> {}{}", place.target, replaced(place)));
                draft.steps.push(PlanStep::Deliver { generation, to: name.clone() });
            }
        }
        added(key, draft, place);
    }
}

/// What a delivery puts an end to, as the end of a sentence.
fn replaced(place: &DeliveryInput) -> &'static str {
    match place.held {
        Some(Held::Foreign) => ", and holds what somebody else put there",
        Some(Held::Ours(_) | Held::Something | Held::Nothing) | None => "",
    }
}

/// That a place is another key's.
fn refused(key: &Key, name: &Name, held: &Fingerprint, number: u32) -> Diagnostic {
    let (other, its) = (&held.address, held.generation);
    let message = format!("`{name}` holds generation {its} of `{other}`: it is not given generation {number} of `{}`", key.address);
    key.warning(Code::DeliverTaken, message).help(TAKEN)
}

const TAKEN: &str = "name another place, or delete what this one holds when nobody uses that key any more";

/// A place that never got a secret of this key is new access to it. With a key that is new itself, all of it is.
fn added(key: &Key, draft: &mut Draft, place: &DeliveryInput) {
    if key.current().is_some() && !key.served(&place.target.name, place) {
        draft.delivered.push(place.target.to_string());
    }
}

/// Records of places that the manifest names no more.
fn forget(key: &Key, desired: &DesiredKey, draft: &mut Draft, current: &Generation) {
    let left: Vec<&Name> = current.deliveries.keys().filter(|name| !desired.deliver.contains(name)).collect();
    if left.is_empty() {
        return;
    }
    let names: Vec<String> = left.iter().map(|name| format!("`{name}`")).collect();
    let names = names.join(", ");
    begin(key, draft, Action::Edit, current.number, format!("no longer delivered to {names}: only the ledger changes"));
    draft.notes.push(format!(
        "{names} keeps generation {}: it works there until the next rotation ends it, or until you delete it there",
        current.number
    ));
    draft.steps.push(PlanStep::Record { generation: current.number, state: RecordedState::Deliveries });
}

/// Makes this the key's change, or a remark on the one that there is.
fn begin(key: &Key, draft: &mut Draft, action: Action, generation: u32, reason: String) {
    if draft.action == Action::None {
        draft.action = action;
        draft.generation = generation;
        draft.reason = reason;
        draft.stay(key);
    } else {
        draft.notes.push(reason);
    }
}

/// What a person does at the place.
fn attended(key: &Key, name: &Name, runbook: &Runbook, current: &Generation) -> AttendedStep {
    let address = &key.address;
    // Another generation may be in use by the time that somebody runs it.
    let command = format!("keywright delivered {address} {name} --generation {}", current.number);
    // Of a file with fields, only the value is pasted.
    let fields = current.sealed.as_ref().is_some_and(|sealed| sealed.format == Format::Json);
    let part = key.account.parts.first().filter(|_| fields).map_or_else(String::new, |part| format!(" --part {part}"));
    let open = format!("keywright open {address}{part} -i IDENTITY");
    let filled = runbook.fill(&RunbookValues {
        key: address.to_string(),
        label: RunbookValues::exactly(&current.label),
        opened: true,
        command: RunbookValues::exactly(&command),
        params: BTreeMap::from([
            ("generation".to_owned(), current.number.to_string()),
            ("open".to_owned(), open),
            ("file".to_owned(), format!("secrets/{}/{}.age", address.account, address.name)),
        ]),
        ..RunbookValues::default()
    });
    AttendedStep {
        address: address.clone(),
        kind: "deliver".to_owned(),
        title: filled.title,
        steps: filled.steps,
        command,
        link: runbook.link.clone(),
        minutes: runbook.minutes,
        owner: key.desired.and_then(|desired| desired.owner.as_deref().map(str::to_owned)),
        label: Some(current.label.clone()),
        generation: Some(current.number),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;
    use crate::model::{Expiry, Request, Span};

    fn deliver(generation: u32, to: &str) -> PlanStep {
        PlanStep::Deliver { generation, to: to.parse().unwrap() }
    }

    fn served(kind: &str) -> World {
        let mut world = World::settled();
        world.deliver_to("books", kind);
        world.capabilities.reveal = true;
        world
    }

    /// Generation 2 in use, 1 retiring with its overlap over.
    fn rotated(kind: &str) -> World {
        let mut world = served(kind);
        world.record(vec![
            Generation { state: GenerationState::Retiring, disable_after: Some(at(-60)), sealed: None, ..generation(1) },
            generation(2),
        ]);
        world.observe(observed(2));
        world
    }

    fn ours(number: u32) -> Option<Held> {
        Some(Held::Ours(Fingerprint::of(&address(), &generation(number))))
    }

    fn hold(world: &mut World, held: Option<Held>) {
        world.places.values_mut().next().unwrap().1 = held;
    }

    #[test]
    fn a_place_that_lacks_the_current_secret_gets_it_and_is_new_access() {
        let mut world = served("api");
        let change = world.change().unwrap();
        assert_eq!((change.action, change.steps.as_slice()), (Action::Deliver, &[deliver(1, "books")][..]));
        assert_eq!(
            (change.reason.as_str(), change.access.deliveries_added),
            ("`books` has not been given generation 1", vec!["books (api)".to_owned()])
        );
        assert_eq!(world.plan().summary.deliver, 1);
        world.delivered(1, "books");
        assert_eq!(world.decision(), (Action::None, vec![]));
        // Another place of the same name.
        world.places.values_mut().next().unwrap().0.params.insert("where".to_owned(), "else".to_owned());
        assert_eq!(world.decision().1, [deliver(1, "books")]);
    }

    #[test]
    fn a_secret_that_cannot_be_read_waits_and_says_so() {
        let mut world = served("api");
        world.capabilities.reveal = false;
        assert_eq!((world.decision(), world.codes()), ((Action::None, vec![]), vec!["deliver/pending"]));
        world.can_open = true;
        assert_eq!((world.decision().1, world.codes().len()), (vec![deliver(1, "books")], 0));
        world.first().sealed = None;
        world.first().adopted = Some(crate::model::Adopted { at: at(-60), label: None, expires: None });
        assert!(world.codes().contains(&"deliver/pending"), "there is nothing to open: {:?}", world.codes());
        hold(&mut world, ours(1));
        assert_eq!(world.decision().1, [deliver(1, "books")], "it has it: only that is to be recorded");
    }

    #[test]
    fn a_new_generation_goes_to_every_place() {
        let mut world = served("api");
        world.delivered(1, "books");
        world.deliver_to("hand", "hand");
        world.delivered(1, "hand");
        world.capabilities.reveal = false;
        world.wanted().expiry = Expiry::Lifetime(Span::days(10));
        world.wanted().renew_before = Span::days(9);
        world.now = at(9 * DAY);
        let change = world.change().unwrap();
        assert_eq!(change.steps, [PlanStep::Create { generation: 2 }, deliver(2, "books")]);
        assert!(change.notes.iter().any(|note| note == "deliver -> books (api)"), "{:?}", change.notes);
        assert!(change.notes.iter().any(|note| note.starts_with("deliver -> hand (hand): a person")), "{:?}", change.notes);
        assert!(change.access.deliveries_added.is_empty(), "they had the one before");
        let first = World { desired: world.desired.clone(), places: world.places.clone(), ..World::new() };
        let change = first.change().unwrap();
        assert_eq!((change.steps, change.access.deliveries_added), (vec![PlanStep::Create { generation: 1 }, deliver(1, "books")], vec![]));
    }

    #[test]
    fn a_predecessor_is_not_retired_while_a_place_waits() {
        let disable = PlanStep::Disable { generation: 1 };
        let mut world = rotated("api");
        assert_eq!(world.decision(), (Action::Deliver, vec![deliver(2, "books")]));
        world.capabilities.reveal = false;
        assert_eq!((world.decision(), world.codes()), ((Action::None, vec![]), vec!["deliver/pending"]));
        world.delivered(2, "books");
        assert_eq!(world.decision(), (Action::Disable, vec![disable.clone()]));
        let mut compromised = rotated("api");
        compromised.generation(2).request = Some(Request::Compromised);
        assert_eq!(compromised.decision(), (Action::Deliver, vec![deliver(2, "books"), disable.clone()]), "that does not wait");
        let mut unwanted = rotated("api");
        unwanted.wanted().state = crate::model::DesiredState::Disabled;
        assert!(unwanted.decision().1.contains(&disable));
    }

    #[test]
    fn a_person_is_asked_where_there_is_no_api() {
        let mut world = rotated("hand");
        world.capabilities.reveal = false;
        let plan = world.plan();
        assert_eq!((plan.changes[0].action, plan.changes[0].steps.as_slice()), (Action::Attended, &[][..]));
        let step = &plan.attended[0];
        assert_eq!(
            (step.kind.as_str(), step.command.as_str(), step.generation),
            ("deliver", "keywright delivered acct/hooks books --generation 2", Some(2))
        );
        assert_eq!(step.steps, ["`keywright open acct/hooks -i IDENTITY`"]);
        assert!(world.codes().is_empty(), "no warning: the step is open");
        world.wanted().format = Format::Json;
        world.generation(2).sealed.as_mut().unwrap().format = Format::Json;
        assert_eq!(world.plan().attended[0].steps, ["`keywright open acct/hooks --part secret -i IDENTITY`"]);
        world.delivered(2, "books");
        assert_eq!(world.decision(), (Action::Disable, vec![PlanStep::Disable { generation: 1 }]));
    }

    #[test]
    fn what_somebody_else_put_there_is_replaced() {
        let mut world = rotated("api");
        world.record(vec![generation(2)]);
        world.snapshot.keys.remove(&id(1));
        world.delivered(2, "books");
        for (held, reason) in [
            (ours(1), Some("drift: `books` holds generation 1 of `acct/hooks`")),
            (Some(Held::Nothing), Some("drift: `books` holds nothing")),
            (Some(Held::Foreign), Some("drift: `books` holds what somebody else put there")),
            (Some(Held::Something), None),
            (ours(2), None),
            (None, None),
        ] {
            hold(&mut world, held.clone());
            assert_eq!(world.change().map(|change| change.reason).as_deref(), reason, "{held:?}");
        }
        hold(&mut world, Some(Held::Nothing));
        world.capabilities.reveal = false;
        assert_eq!((world.decision(), world.codes()), ((Action::None, vec![]), vec!["deliver/pending"]));
    }

    #[test]
    fn a_place_of_another_key_is_not_taken_from_it() {
        let other = |name: &str| Fingerprint { address: name.parse().unwrap(), generation: 9, marker: Some(marker(99)) };
        let mut world = served("api");
        hold(&mut world, Some(Held::Ours(other("old/one"))));
        assert_eq!((world.decision(), world.codes()), ((Action::None, vec![]), vec!["deliver/taken"]));
        // Nor with a new generation, and none before that one is ended.
        world.vanish(1);
        assert_eq!(world.decision().1.last(), Some(&PlanStep::Create { generation: 2 }));
        assert!(world.codes().contains(&"deliver/taken"), "{:?}", world.codes());
        let mut rotated = rotated("api");
        hold(&mut rotated, Some(Held::Ours(other("old/one"))));
        assert_eq!((rotated.decision(), rotated.codes()), ((Action::None, vec![]), vec!["deliver/taken"]));
        // Where the place was this key's before, it is put right.
        rotated.delivered(1, "books");
        assert_eq!(rotated.decision().1, [deliver(2, "books")]);
        // A former name of the key is its own, whatever the ledger forgot.
        for (held, moved) in [(other("acct/before"), true), (Fingerprint::of(&"old/one".parse().unwrap(), &generation(1)), false)] {
            let mut world = served("api");
            hold(&mut world, Some(Held::Ours(held)));
            moved.then(|| world.moved.insert(address().name, "before".parse().unwrap()));
            assert_eq!(world.decision().1, [deliver(1, "books")]);
        }
        let mut world = served("api");
        hold(&mut world, Some(Held::Foreign));
        let reason = "`books` has not been given generation 1, and holds what somebody else put there";
        assert_eq!(world.change().map(|change| change.reason).as_deref(), Some(reason));
    }

    #[test]
    fn a_place_that_was_not_seen_to_work_stands_in_every_plan() {
        for (kind, expected) in [("tried", (Action::Deliver, vec![deliver(1, "books")])), ("api", (Action::None, vec![]))] {
            let mut world = served(kind);
            world.delivered(1, "books");
            assert_eq!((world.decision(), world.codes()), ((Action::None, vec![]), vec![]));
            world.first().deliveries.values_mut().for_each(|known| known.unverified = true);
            assert_eq!((world.decision(), world.codes()), (expected, vec!["deliver/unverified"]));
        }
    }

    #[test]
    fn a_place_that_is_named_no_more_is_forgotten() {
        let mut world = served("api");
        world.delivered(1, "books");
        world.wanted().deliver.clear();
        let change = world.change().unwrap();
        assert_eq!(change.steps, [PlanStep::Record { generation: 1, state: RecordedState::Deliveries }]);
        assert!(change.notes.iter().any(|note| note.contains("keeps generation 1")), "{:?}", change.notes);
    }

    #[test]
    fn nothing_is_delivered_of_a_key_that_cannot_be_seen() {
        let mut world = served("api");
        world.listing = Kind::Unavailable;
        assert_eq!(world.decision(), (Action::Blocked, vec![]));
        world.listing = Kind::Complete;
        world.snapshot.keys.clear();
        assert_eq!(world.decision(), (Action::None, vec![]), "neither shown nor denied");
        world.vanish(1);
        assert_eq!(world.decision().1.last(), Some(&deliver(2, "books")), "the next one is");
    }
}
