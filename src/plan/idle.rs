//! Which live keys nobody uses, as far as a provider tells.
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::standing::Key;
use crate::model::{Address, DesiredKey, DesiredState, GenerationState, KeyRecord, Listing, Position, Snapshot, Span};
use crate::profile::Capabilities;

/// A live key that nobody has used for longer than its `unused_after`, where the provider tells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct UnusedKey {
    pub address: Address,
    /// Its last use, or its first generation when it was never used.
    pub since: Timestamp,
    /// `null`: never, as far as is known.
    pub last_used_at: Option<Timestamp>,
    pub unused_after: Span,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    pub declared_at: Position,
    /// The change of the manifest that disables it, as a unified diff; filled in when the plan is shown or saved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<String>,
}

/// When a key was last used, by any of its generations, as far as is known.
pub fn last_used_at(record: &KeyRecord, snapshot: Option<&Snapshot>) -> Option<Timestamp> {
    let shown = |id: &String| snapshot?.keys.get(id)?.last_used_at;
    let generations = record.generations.iter().flat_map(|generation| [generation.last_used_at, generation.id.as_ref().and_then(shown)]);
    generations.chain([record.gone.and_then(|gone| gone.last_used_at)]).flatten().max()
}

/// Since when a live key has not been used, when that is longer than its manifest allows: since its last use, or since its first generation was
/// created. `None` where the provider does not tell last use.
pub fn unused_since(
    desired: &DesiredKey,
    record: &KeyRecord,
    capabilities: &Capabilities,
    snapshot: &Snapshot,
    now: Timestamp,
) -> Option<Timestamp> {
    let after = desired.unused_after.filter(|_| capabilities.last_used && desired.state == DesiredState::Active)?;
    let current = record.current().filter(|current| current.state == GenerationState::Active)?;
    let shown = snapshot.keys.get(current.id.as_ref()?).filter(|shown| shown.enabled != Some(false) && !shown.own)?;
    let created_at = record.first_created_at().or(shown.created_at)?;
    let since = last_used_at(record, Some(snapshot)).map_or(created_at, |used| used.max(created_at));
    (since.checked_add(after.duration()).ok()? <= now).then_some(since)
}

/// The key, when it is unused for too long.
pub(super) fn unused(key: &Key) -> Option<UnusedKey> {
    let Listing::Complete(snapshot) = &key.account.listing else { return None };
    let (desired, record) = key.desired.zip(key.record)?;
    let since = unused_since(desired, record, key.account.capabilities, snapshot, key.now)?;
    Some(UnusedKey {
        address: key.address.clone(),
        since,
        last_used_at: last_used_at(record, Some(snapshot)),
        unused_after: desired.unused_after?,
        owner: desired.owner.as_deref().map(str::to_owned),
        declared_at: desired.declared_at.clone(),
        change: None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;
    use crate::model::{Gone, ObservedKey};

    fn world() -> World {
        let mut world = World::settled();
        world.capabilities.last_used = true;
        world.desired.as_mut().unwrap().unused_after = Some(Span::days(90));
        world.ledger.as_mut().unwrap().generations[0].created_at = at(-100 * DAY);
        world
    }

    fn since(world: &World) -> Option<Timestamp> {
        let plan = world.plan();
        assert_eq!(plan.unused.is_empty(), world.with_key(unused).is_none());
        plan.unused.first().map(|unused| unused.since)
    }

    #[test]
    fn a_key_is_unused_since_its_last_use_or_its_first_generation() {
        let mut world = world();
        assert_eq!(since(&world), Some(at(-100 * DAY)), "never used");
        world.observe(ObservedKey { last_used_at: Some(at(-90 * DAY)), ..observed(1) });
        assert_eq!(since(&world), Some(at(-90 * DAY)), "the day counts");
        world.observe(ObservedKey { last_used_at: Some(at(-90 * DAY + 1)), ..observed(1) });
        assert_eq!(since(&world), None);
    }

    #[test]
    fn a_rotation_does_not_hide_that_a_key_is_unused() {
        let mut world = world();
        let record = world.ledger.as_mut().unwrap();
        record.generations[0].created_at = at(-DAY);
        record.gone = Some(Gone { created_at: at(-400 * DAY), last_used_at: None });
        assert_eq!(since(&world), Some(at(-400 * DAY)));
        world.ledger.as_mut().unwrap().gone = Some(Gone { created_at: at(-400 * DAY), last_used_at: Some(at(-5 * DAY)) });
        assert_eq!(since(&world), None, "its predecessor was used");
        world.ledger.as_mut().unwrap().gone = None;
        assert_eq!(since(&world), None);
    }

    #[test]
    fn nothing_is_said_where_nothing_is_known() {
        for change in [
            (|world: &mut World| world.capabilities.last_used = false) as fn(&mut World),
            |world| world.desired.as_mut().unwrap().unused_after = None,
            |world| world.desired.as_mut().unwrap().state = DesiredState::Disabled,
            |world| world.desired = None,
            |world| world.listing = Kind::Assumed,
            |world| world.listing = Kind::Unavailable,
            |world| world.observe(ObservedKey { enabled: Some(false), ..observed(1) }),
            |world| world.snapshot = Snapshot::default(),
        ] {
            let mut world = world();
            change(&mut world);
            assert_eq!(world.plan().unused, []);
        }
    }
}
