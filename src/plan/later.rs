//! What a change gives beyond the manifests of a base, and no step of the plan gives: from the next rotation on, once a key is enabled, or because the base
//! takes it away. Nothing is done about it now.
use std::cmp::Reverse;

use super::access::difference;
use super::compare::{is_close, public_keys, wanted_end};
use super::draft::Draft;
use super::standing::{Held, Key, Wanted};
use super::{AccessDiff, AccessEntry, Action, LongerLife, LongerOverlap, OptionGain, ScopeLine, options};
use crate::model::{DesiredKey, DesiredState, Expiry, Scope, ScopeSet};

/// What a manifest gives beyond that of the base, and what the key may have now, or not before it is enabled.
#[derive(Default)]
pub(super) struct Beyond {
    scopes: Vec<AccessEntry>,
    open_ended: Vec<Scope>,
    lines: Vec<ScopeLine>,
    options: Vec<OptionGain>,
    /// The key is off and stays off: it has all of that once it is enabled.
    dormant: bool,
    life: Option<LongerLife>,
}

impl Beyond {
    /// Adds to what the steps of a plan give what they do not.
    pub fn tell(&self, access: &mut AccessDiff) {
        access.life = self.life;
        let missing = |entry: &&AccessEntry| !access.gained.iter().any(|gained| gained.scope == entry.scope);
        let more: Vec<AccessEntry> = self.scopes.iter().filter(missing).cloned().collect();
        if !self.dormant {
            access.restored = more.iter().map(|entry| entry.scope.clone()).collect();
        }
        if more.is_empty() && self.options.is_empty() {
            return;
        }
        access.kept.retain(|scope| !more.iter().any(|entry| entry.scope == *scope));
        access.gained.extend(more);
        access.gained.sort_by_key(|entry| Reverse(entry.risk));
        if self.dormant {
            access.open_ended.clone_from(&self.open_ended);
            access.lines.clone_from(&self.lines);
            access.options_gained.clone_from(&self.options);
        }
    }
}

/// Adds what the manifest gives beyond that of the base, and what no step of this plan gives already.
pub(super) fn add(key: &Key, draft: &mut Draft) {
    let (Some(base), Some(desired)) = (key.base, key.desired) else { return };
    go_beyond(key, base, desired, draft);
    let Some(base) = base else { return };
    lengthen_overlap(key, base, desired, draft);
    let_in(key, base, desired, draft);
    deliver(key, base, desired, draft);
    live_longer(key, base, desired, draft);
    delete_sooner(key, base, desired, draft);
}

/// The key is to have more than the base gives it: what the base takes away and this keeps, and what it gets once it is enabled.
fn go_beyond(key: &Key, base: Option<&DesiredKey>, desired: &DesiredKey, draft: &mut Draft) {
    let none = ScopeSet::new();
    let dormant = match key.wanted() {
        Wanted::Active => false,
        Wanted::Disabled => true,
        Wanted::Ended | Wanted::Gone => return,
    };
    // What the base keeps off gives nothing there.
    let base = base.filter(|base| dormant || base.state == DesiredState::Active);
    let before = base.map_or(&none, |base| &base.scopes);
    let begins = draft.before.is_none() && draft.issues();
    if begins || base.is_some_and(|base| base.scopes == desired.scopes && (!dormant || base.options == desired.options)) {
        return;
    }
    let AccessDiff { gained, open_ended, lines, .. } = difference(key.account.catalogue, before, &desired.scopes);
    let had = (base.is_some(), base.map(|base| &base.options));
    let options = || options::gained(key.account.options, key.account.catalogue, had, (&desired.scopes, &desired.options));
    let options = if dormant { options() } else { Vec::new() };
    if gained.is_empty() && options.is_empty() {
        return;
    }
    draft.beyond = Beyond { scopes: gained, open_ended, lines, options, dormant, life: None };
    if !dormant {
        return show(key, draft, "it keeps what the base takes away, and nothing is done");
    }
    if draft.action != Action::None {
        draft.notes.push("what it gains, it has once it is enabled".to_owned());
    }
    show(key, draft, "nothing is done while it is off; what it gains, it has once it is enabled");
}

/// The key is declared to live for longer than the base has it.
fn live_longer(key: &Key, base: &DesiredKey, desired: &DesiredKey, draft: &mut Draft) {
    let counts = match key.wanted() {
        Wanted::Active => base.state == DesiredState::Active,
        Wanted::Disabled => true,
        Wanted::Ended | Wanted::Gone => false,
    };
    if counts && outlives(key, base, desired) {
        show(key, draft, "it is declared to live longer, and nothing is done now");
        draft.beyond.life = Some(LongerLife { before: base.expiry, after: desired.expiry });
        draft.extended = true;
    }
}

/// What is deleted cannot be enabled again. No access, and told all the same.
fn delete_sooner(key: &Key, base: &DesiredKey, desired: &DesiredKey, draft: &mut Draft) {
    if desired.cooldown >= base.cooldown || !key.account.capabilities.delete {
        return;
    }
    let told = format!("its cooldown becomes shorter, {} -> {}: it is deleted sooner once it is disabled", base.cooldown, desired.cooldown);
    if draft.action == Action::None {
        show(key, draft, &told);
    } else {
        draft.notes.push(told);
    }
}

/// The old secret of a key stays valid for longer beside its next one.
fn lengthen_overlap(key: &Key, base: &DesiredKey, desired: &DesiredKey, draft: &mut Draft) {
    let lives = key.wanted() == Wanted::Active && matches!(key.held(), Held::Active | Held::Nothing);
    if desired.overlap <= base.overlap || !lives {
        return;
    }
    show(key, draft, "the overlap becomes longer, and nothing is done before the next rotation");
    draft.overlap = Some(LongerOverlap { before: base.overlap, after: desired.overlap });
}

/// The key's next secret opens for more than the base lets in: where the one before cannot be encrypted anew, or there is none.
fn let_in(key: &Key, base: &DesiredKey, desired: &DesiredKey, draft: &mut Draft) {
    let sealed = key.current().and_then(|current| current.sealed.as_ref());
    let known = [Some(&*base.recipients), sealed.map(|sealed| &sealed.recipients)];
    let mut new = public_keys(&desired.recipients);
    for recipients in known.into_iter().flatten() {
        new.retain(|reader| !public_keys(recipients).contains(reader));
    }
    new.retain(|reader| !draft.added.iter().any(|told| told == reader));
    if new.is_empty() {
        return;
    }
    show(key, draft, "more recipients open its next secret, and nothing is done before that");
    draft.added.extend(new.into_iter().map(str::to_owned));
}

/// The key's next secret goes to a place that never got one: where the one before cannot be read, or there is none.
fn deliver(key: &Key, base: &DesiredKey, desired: &DesiredKey, draft: &mut Draft) {
    let added = desired.deliver.iter().filter(|name| !base.deliver.contains(name));
    for (name, place) in added.filter_map(|name| Some((name, key.deliveries.get(name)?))) {
        let target = place.target.to_string();
        if !key.served(name, place) && !draft.delivered.contains(&target) {
            show(key, draft, "its next secret goes to more places, and nothing is done before that");
            draft.delivered.push(target);
        }
    }
}

/// Whether a key is to live for longer than the base has it. One that renews itself has no end.
fn outlives(key: &Key, base: &DesiredKey, desired: &DesiredKey) -> bool {
    let capabilities = key.account.capabilities;
    let end = |declared: &DesiredKey| wanted_end(capabilities, declared.expiry, key.now);
    match (base.expiry, desired.expiry) {
        (Expiry::Never, _) => false,
        (Expiry::At(_), Expiry::Lifetime(_)) => true,
        (Expiry::At(_) | Expiry::Lifetime(_), _) => match (end(base), end(desired)) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(was), Some(end)) => end > was && !is_close(capabilities, Some(end), Some(was)),
        },
    }
}

/// A key that nothing else happens to is shown as it is.
fn show(key: &Key, draft: &mut Draft, reason: &str) {
    if draft.action == Action::None {
        draft.action = Action::Edit;
        draft.reason = reason.to_owned();
        draft.stay(key);
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;
    use crate::model::{Risk, Span};

    #[test]
    fn a_longer_overlap_than_the_base_has_counts_as_access() {
        let mut world = World::settled();
        world.wanted().overlap = Span::days(10);
        assert_eq!(world.change(), None, "without a base nobody knows what it was");
        world.base(|base| base.overlap = Span::days(10));
        assert_eq!(world.change(), None);
        world.base(|base| base.overlap = Span::days(3));
        let change = world.change().expect("a change");
        assert_eq!((change.action, change.steps.len()), (Action::Edit, 0), "{}", change.reason);
        let longer = LongerOverlap { before: Span::days(3), after: Span::days(10) };
        assert_eq!((change.access.overlap, change.access.reach), (Some(longer), Some(Risk::Low)));
        world.wanted().scopes = scopes(&["x:key:read"]);
        let change = world.change().expect("a change");
        assert_eq!((change.access.overlap, change.access.reach), (Some(longer), Some(Risk::Critical)));
        assert!(change.reason.starts_with("scopes differ"), "{}", change.reason);
        world.base(|base| base.overlap = Span::days(20));
        assert_eq!(world.change().expect("a change").access.overlap, None, "a shorter one takes access away");
    }

    #[test]
    fn who_reads_the_next_secret_and_not_this_one_counts_as_access() {
        let more = || std::sync::Arc::new(recipients(&[("ops", &["age1a", "age1b", "age1new"]), ("recovery", &["age1c"])]));
        let added = |world: &World| world.change().map(|change| change.access.recipients_added);
        let mut world = World::settled();
        world.base(|_| {});
        world.wanted().recipients = more();
        let change = world.change().expect("a change");
        assert_eq!((change.action, change.steps.len()), (Action::Edit, 0), "{}", change.reason);
        assert_eq!((change.access.recipients_added, change.access.reach), (vec!["age1new".to_owned()], Some(Risk::Low)));
        world.can_open = true;
        assert_eq!(added(&world), Some(vec!["age1new".to_owned()]), "told once where it is encrypted anew");
        world.can_open = false;
        world.base(|base| base.recipients = more());
        assert_eq!(world.change(), None, "the base lets them in, too");

        // One that was taken over without its secret.
        let mut adopted = World::settled();
        adopted.base(|_| {});
        adopted.first().sealed = None;
        adopted.wanted().recipients = more();
        assert_eq!(added(&adopted), Some(vec!["age1new".to_owned()]));
        // One that was never issued.
        let mut declared = World::new();
        declared.base(|_| {});
        declared.wanted().recipients = more();
        let change = declared.change().expect("a change");
        assert_eq!((change.action, change.access.recipients_added.len()), (Action::Create, 1));
        // One whose making is refused for now.
        let mut blocked = declared.clone();
        blocked.capabilities.key_limit = Some(0);
        let change = blocked.change().expect("a change");
        assert_eq!((change.action, change.access.recipients_added.len()), (Action::Blocked, 1));
        // One that is off, and comes back with another change.
        let mut disabled = World::settled();
        disabled.base(|_| {});
        disabled.first().state = crate::model::GenerationState::Disabled;
        disabled.live(1).enabled = Some(false);
        disabled.wanted().state = crate::model::DesiredState::Disabled;
        disabled.wanted().recipients = more();
        assert_eq!(added(&disabled), Some(vec!["age1new".to_owned()]));
    }

    #[test]
    fn a_place_that_gets_the_next_secret_and_not_this_one_counts_as_access() {
        let mut world = World::settled();
        world.base(|_| {});
        world.deliver_to("books", "nango");
        let change = world.change().expect("a change");
        assert_eq!((change.action, change.steps.len(), change.access.deliveries_added.len()), (Action::Edit, 0, 1), "{change:?}");
        world.can_open = true;
        let change = world.change().expect("a change");
        assert_eq!((change.action, change.access.deliveries_added.len()), (Action::Deliver, 1), "told once");
        world.base(|_| {});
        world.can_open = false;
        assert_eq!(world.change(), None, "the base delivers there, too");
        let mut declared = World::new();
        declared.base(|_| {});
        declared.deliver_to("books", "nango");
        assert_eq!(declared.change().expect("a change").access.deliveries_added.len(), 1);
    }

    #[test]
    fn what_a_key_that_is_off_is_to_have_counts_as_access() {
        let mut world = World::settled();
        world.first().state = crate::model::GenerationState::Disabled;
        world.live(1).enabled = Some(false);
        world.wanted().state = crate::model::DesiredState::Disabled;
        world.base(|_| {});
        assert_eq!(world.change(), None);
        world.wanted().scopes = scopes(&["x:hooks:*"]);
        let change = world.change().expect("a change");
        assert_eq!((change.action, change.steps.len(), change.access.expiry_extended), (Action::Edit, 0, false), "{}", change.reason);
        let gained: Vec<&str> = change.access.gained.iter().map(|entry| entry.scope.as_str()).collect();
        assert_eq!((gained, change.access.lost.len()), (vec!["x:hooks:create", "x:hooks:delete"], 0));
        assert_eq!(change.access.open_ended, ["x:hooks:*".into()]);
        world.wanted().expiry = crate::model::Expiry::Never;
        let access = world.change().expect("a change").access;
        assert_eq!((access.expiry_extended, access.reach), (true, Some(Risk::High)));
        // Disabled by the change that widens it: both are told.
        world.first().state = crate::model::GenerationState::Active;
        world.live(1).enabled = Some(true);
        world.base(|base| {
            base.state = crate::model::DesiredState::Active;
            base.scopes = scopes(&["x:hooks:read"]);
        });
        let change = world.change().expect("a change");
        assert_eq!((change.action, change.access.gained.len(), change.access.lost.len()), (Action::Disable, 2, 1), "{change:?}");
        // Without a base nobody knows what it was.
        world.before.declared = None;
        assert_eq!(world.change().expect("a change").access.gained.len(), 0);
    }

    #[test]
    fn what_the_base_takes_away_and_the_change_keeps_counts_as_access() {
        let both = ["x:hooks:create", "x:hooks:read"];
        let mut world = World::settled();
        world.first().scopes = scopes(&both);
        world.live(1).scopes = Some(scopes(&both));
        world.wanted().scopes = scopes(&both);
        world.base(|_| {});
        assert_eq!(world.change(), None);
        let told = |world: &World| {
            let change = world.change().expect("a change");
            assert_eq!((change.action, change.steps.len(), change.access.lost.len()), (Action::Edit, 0, 0), "{}", change.reason);
            let gained: Vec<String> = change.access.gained.iter().map(|entry| entry.scope.to_string()).collect();
            assert_eq!(gained, change.access.restored.iter().map(ToString::to_string).collect::<Vec<_>>());
            gained
        };
        world.base(|base| base.scopes = scopes(&["x:hooks:read"]));
        assert_eq!(told(&world), ["x:hooks:create"]);
        world.base(|base| base.state = DesiredState::Disabled);
        assert_eq!(told(&world), both, "it stays alive");
        world.before.declared = Some(std::collections::BTreeMap::new());
        assert_eq!(told(&world), both, "it is not removed");
        // Beside what the steps give.
        world.base(|base| base.scopes = scopes(&["x:hooks:read"]));
        world.wanted().scopes.insert("x:hooks:delete".into());
        let access = world.change().expect("a change").access;
        assert_eq!((access.gained.len(), access.restored), (2, vec!["x:hooks:create".into()]));
        assert_eq!(access.kept, ["x:hooks:read".into()]);
    }

    #[test]
    fn an_end_that_becomes_none_counts_as_access() {
        let mut world = World::settled();
        let fixed = Expiry::At("2027-12-31T23:59:59Z".parse().expect("an instant"));
        let rolling = world.wanted().expiry;
        world.base(|base| base.expiry = fixed);
        let access = world.change().expect("a change").access;
        assert_eq!((access.expiry_extended, access.life), (true, Some(LongerLife { before: fixed, after: rolling })), "it renews itself");
        world.base(|base| base.expiry = Expiry::Lifetime(Span::days(400)));
        assert_eq!(world.change(), None, "a shorter one takes access away");
    }

    #[test]
    fn a_key_that_comes_disabled_and_a_shorter_cooldown_are_told() {
        let mut world = World::new();
        world.wanted().state = DesiredState::Disabled;
        assert_eq!(world.change(), None);
        world.before.declared = Some(std::collections::BTreeMap::new());
        let change = world.change().expect("a change");
        assert_eq!((change.access.gained.len(), change.access.restored.len(), change.steps.len()), (1, 0, 0), "{}", change.reason);

        let mut world = World::settled();
        world.base(|base| base.cooldown = Span::days(9));
        world.wanted().cooldown = Span::days(1);
        let change = world.change().expect("a change");
        assert_eq!((change.access.gains().count(), change.steps.len()), (0, 0));
        assert!(change.reason.starts_with("its cooldown becomes shorter, 9d -> 1d"), "{}", change.reason);
        world.base(|base| base.cooldown = Span::hours(1));
        assert_eq!(world.change(), None);
    }

    #[test]
    fn a_key_that_is_not_issued_yet_is_held_against_the_base() {
        let inside = serde_json::json!(["220614966802"]);
        let mut world = World::new();
        world.key_options = std::collections::BTreeMap::from([super::super::rich::confining()]);
        world.wanted().options.insert("accounts".to_owned(), inside);
        world.base(|_| {});
        let access = world.change().expect("a change").access;
        assert!(!access.expiry_extended && access.options_gained.is_empty() && access.overlap.is_none());
        world.wanted().options.clear();
        world.wanted().expiry = crate::model::Expiry::Never;
        world.wanted().overlap = Span::days(10);
        let access = world.change().expect("a change").access;
        assert!(access.expiry_extended && access.options_gained.len() == 1 && access.overlap.is_some(), "{access:?}");
    }
}
