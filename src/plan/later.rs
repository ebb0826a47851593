//! What a change gives away from the next rotation on, told beside what the manifests of a base say. Nothing is done about it now.
use super::access::difference;
use super::compare::{is_close, public_keys, wanted_end};
use super::draft::Draft;
use super::standing::{Held, Key, Wanted};
use super::{AccessDiff, Action, LongerOverlap, options};
use crate::model::DesiredKey;

/// Adds what the manifest gives beyond that of the base, and what no step of this plan gives already.
pub(super) fn add(key: &Key, draft: &mut Draft) {
    let (Some(base), Some(desired)) = (key.base, key.desired) else { return };
    lengthen_overlap(key, base, desired, draft);
    let_in(key, base, desired, draft);
    deliver(key, base, desired, draft);
    if key.current().is_none() {
        draft.extended |= outlives(key, base, desired);
    }
    rouse(key, base, desired, draft);
}

/// A key that is off, and stays off, is declared with other scopes, options or another end: it has them once it is enabled again.
fn rouse(key: &Key, base: &DesiredKey, desired: &DesiredKey, draft: &mut Draft) {
    let lives_longer = outlives(key, base, desired);
    let same = base.scopes == desired.scopes && base.options == desired.options && !lives_longer;
    if same || key.wanted() != Wanted::Disabled {
        return;
    }
    if draft.action != Action::None {
        draft.notes.push("what it gains, it has once it is enabled again".to_owned());
    }
    show(key, draft, "it is declared otherwise while it is off, and nothing is done before it is enabled again");
    draft.dormant = true;
    draft.extended |= lives_longer;
}

/// What the manifest of a key that is off gives beyond that of the base, as access: nobody is asked again when the key is enabled by hand.
pub(super) fn once_enabled(key: &Key, access: &mut AccessDiff) {
    let (Some(base), Some(desired)) = (key.base, key.desired) else { return };
    let AccessDiff { gained, lost, kept, open_ended, lines, .. } = difference(key.account.catalogue, &base.scopes, &desired.scopes);
    (access.gained, access.open_ended, access.lines) = (gained, open_ended, lines);
    // One that is disabled by this very plan loses what it could do.
    if access.lost.is_empty() {
        (access.lost, access.kept) = (lost, kept);
    }
    access.options_gained =
        options::gained(key.account.options, key.account.catalogue, (true, Some(&base.options)), (&desired.scopes, &desired.options));
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

/// Whether a key that nobody has issued yet is to live for longer than the base has it.
fn outlives(key: &Key, base: &DesiredKey, desired: &DesiredKey) -> bool {
    let capabilities = key.account.capabilities;
    let end = |declared: &DesiredKey| wanted_end(capabilities, declared.expiry, key.now);
    match (end(base), end(desired)) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some(was), Some(end)) => end > was && !is_close(capabilities, Some(end), Some(was)),
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
        world.before.declared.clear();
        assert_eq!(world.change().expect("a change").access.gained.len(), 0);
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
