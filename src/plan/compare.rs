//! What differs between a manifest and its current generation, and whether a new one is due. Decides nothing.
use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};

use super::EditField;
use super::drift::edited_by_hand;
use super::standing::Key;
use crate::model::key::same_option;
use crate::model::{Address, DesiredKey, Expiry, Format, Generation, GenerationState, ObservedKey, Options, Recipients, ScopeSet, Span};
use crate::profile::Capabilities;

/// The differences of one live generation.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Differences {
    /// Somebody else has made it more than the profile can say: no edit says how to take that back.
    pub beyond: bool,
    /// What an edit would change, ordered.
    pub fields: Vec<EditField>,
    /// Those of them that cannot be edited in place.
    pub forced: Vec<EditField>,
    /// Fields of which the ledger says what the manifest says: somebody else has changed them at the provider.
    pub drifted: Vec<EditField>,
    /// Fields that somebody else has changed, and the manifest, too.
    pub contested: Vec<EditField>,
    /// The provider shows what the manifest says; only the ledger does not.
    pub ledger_only: bool,
    /// Public keys that the manifest adds to, or takes from, those who can open the secret.
    pub added: Vec<String>,
    pub removed: Vec<String>,
    pub format: bool,
    /// The names in its file are those of another address.
    pub misnamed: bool,
    /// Why a new generation is due by time, and since when.
    pub due: Option<String>,
    /// Why one is due because a person asked.
    pub asked: Option<String>,
}

/// Compares the manifest with what the provider shows of the generation, or with the ledger where it shows nothing.
pub(super) fn compare(key: &Key, desired: &DesiredKey, generation: &Generation) -> Differences {
    let capabilities = key.account.capabilities;
    let observed = key.observed(generation);
    let mut fields = differing(key, desired, generation, observed);
    let in_ledger = if observed.is_some() { differing(key, desired, generation, None) } else { fields.clone() };
    // An edit leaves out what it does not change, so it can never take an option back.
    let kept_option = |field: EditField| field == EditField::Options && taken_back(desired, generation);
    let uncleared = |field: EditField| field == EditField::Expiry && keeps_an_end(key, desired, generation, observed);
    let can_edit = |field: &EditField| is_editable(capabilities, generation, *field) && !kept_option(*field) && !uncleared(*field);
    let behind: Vec<EditField> = in_ledger.iter().copied().filter(|field| !fields.contains(field) && can_edit(field)).collect();
    let by_hand = edited_by_hand(key, desired, generation, &fields);
    let (contested, drifted) = by_hand.into_iter().partition(|field| in_ledger.contains(field));
    let ledger_only = fields.is_empty() && !behind.is_empty();
    fields.extend(behind);
    fields.sort();
    let (added, removed) = recipients(desired, generation);
    Differences {
        beyond: observed.is_some_and(|observed| observed.untouchable),
        forced: fields.iter().copied().filter(|field| !can_edit(field)).collect(),
        fields,
        drifted,
        contested,
        ledger_only,
        added,
        removed,
        format: generation.sealed.as_ref().is_some_and(|sealed| sealed.format != desired.format),
        misnamed: is_misnamed(key, desired, generation),
        due: due(key, desired, generation, observed),
        asked: key.asked(),
    }
}

/// Fields in which the manifest differs from `observed`, or from the ledger without it.
fn differing(key: &Key, desired: &DesiredKey, generation: &Generation, observed: Option<&ObservedKey>) -> Vec<EditField> {
    let label = if keeps_its_label(key, desired, generation) { generation.label.clone() } else { generation.wanted_label(&desired.label) };
    let has_label = observed.map_or(generation.label.as_str(), |observed| observed.label.as_str());
    let end = expires_at(key.account.capabilities, generation, observed);
    let checks = [
        (EditField::Label, label != has_label && !generation.leaves_label(&desired.label)),
        (EditField::Scopes, !key.read_back().is_wanted(&desired.scopes, generation, shown_scopes(observed))),
        (EditField::Expiry, !ends_as_wanted(key.account.capabilities, desired, generation, end)),
        (
            EditField::Options,
            taken_back(desired, generation) || !options_agree(key.account.capabilities, &desired.options, generation, observed),
        ),
    ];
    checks.into_iter().filter(|(_, differs)| *differs).map(|(field, _)| field).collect()
}

/// Whether a move leaves the generation's label as it is although another is wanted: an edit cannot change it, and a move makes no new key.
pub(super) fn keeps_label(key: &Key, desired: &DesiredKey, generation: &Generation) -> bool {
    let fixed = !is_editable(key.account.capabilities, generation, EditField::Label);
    key.moved_from().is_some() && fixed && generation.wanted_label(&desired.label) != generation.label
}

/// Whether the generation's label is the one that it should bear, if only since a move.
fn keeps_its_label(key: &Key, desired: &DesiredKey, generation: &Generation) -> bool {
    generation.accepted_label.as_deref() == Some(&*desired.label) || keeps_label(key, desired, generation)
}

/// Whether the names in the generation's `dotenv` file are those of another address: the key was moved since.
fn is_misnamed(key: &Key, desired: &DesiredKey, generation: &Generation) -> bool {
    let Some(sealed) = &generation.sealed else { return false };
    let named_after = generation.named_after.as_ref().or(key.moved_from());
    (sealed.format, desired.format) == (Format::Dotenv, Format::Dotenv) && named_after.is_some_and(|address| *address != key.address)
}

/// What the generation may do, in the words in which it is asked for: as the provider says, else as the ledger says.
pub(super) fn granted(key: &Key, generation: &Generation, observed: Option<&ObservedKey>) -> ScopeSet {
    key.read_back().granted(generation, shown_scopes(observed))
}

pub(super) fn shown_scopes(observed: Option<&ObservedKey>) -> Option<&ScopeSet> {
    observed.and_then(|observed| observed.scopes.as_ref())
}

/// When the generation ends: as the provider says, else as the ledger says. Where the provider has no expiries, the ledger is right.
pub fn expires_at(capabilities: &Capabilities, generation: &Generation, observed: Option<&ObservedKey>) -> Option<Timestamp> {
    // What was disabled by giving it an end that had passed has its own end again when it is enabled.
    let by_its_end = |shown: Option<Timestamp>| {
        generation.state == GenerationState::Disabled && shown.is_some_and(|end| generation.disabled_at.is_some_and(|at| end <= at))
    };
    match observed.and_then(|observed| observed.expires_at) {
        Some(shown) if capabilities.expiry.settable && !by_its_end(shown) => shown,
        Some(_) | None => generation.expires_at,
    }
}

/// The end that the provider granted in place of the later one that the manifest still asks for.
pub(super) fn clamped_end(
    capabilities: &Capabilities,
    desired: &DesiredKey,
    generation: &Generation,
    observed: Option<&ObservedKey>,
) -> Option<Timestamp> {
    let end = expires_at(capabilities, generation, observed);
    end.filter(|_| generation.clamped == Some(desired.expiry) && is_close(capabilities, end, generation.expires_at))
}

/// When a key that was asked for at `created_at` should end, within what the provider grants.
pub(super) fn wanted_end(capabilities: &Capabilities, expiry: Expiry, created_at: Timestamp) -> Option<Timestamp> {
    capabilities.expiry.end(expiry, created_at)
}

/// Whether an end is the one that was asked for, or what the provider grants of it.
pub(super) fn ends_as_wanted(capabilities: &Capabilities, desired: &DesiredKey, generation: &Generation, end: Option<Timestamp>) -> bool {
    let asked = desired.expiry.end(generation.created_at);
    let granted = wanted_end(capabilities, desired.expiry, generation.created_at);
    let taken = asked.is_some_and(|asked| generation.stands_for(asked)) || generation.clamped == Some(desired.expiry);
    let stands = taken && is_close(capabilities, end, generation.expires_at);
    stands || is_close(capabilities, end, asked) || is_close(capabilities, end, granted)
}

/// Whether two ends differ by rounding only.
pub(super) fn is_close(capabilities: &Capabilities, left: Option<Timestamp>, right: Option<Timestamp>) -> bool {
    match (left, right) {
        (Some(left), Some(right)) => left.duration_since(right).abs() <= capabilities.expiry.tolerance.duration(),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    }
}

fn options_agree(capabilities: &Capabilities, desired: &Options, generation: &Generation, observed: Option<&ObservedKey>) -> bool {
    desired.iter().all(|(name, value)| {
        let shown = observed.and_then(|observed| observed.options.get(name));
        // Where answers tell the option, one that is absent was taken away.
        let written = || generation.options.get(name).filter(|_| observed.is_none() || !capabilities.told.options.contains(name));
        shown.or_else(written).map_or(value.is_null(), |has| same_option(has, value))
    })
}

/// Whether the generation was asked for with an option that the manifest no longer names.
fn taken_back(desired: &DesiredKey, generation: &Generation) -> bool {
    generation.options.keys().any(|name| !desired.options.contains_key(name))
}

/// Public keys added and removed; group names do not matter. Nothing for a key whose secret was never sealed here.
fn recipients(desired: &DesiredKey, generation: &Generation) -> (Vec<String>, Vec<String>) {
    let Some(sealed) = &generation.sealed else { return (Vec::new(), Vec::new()) };
    let (has, wants) = (public_keys(&sealed.recipients), public_keys(&desired.recipients));
    let only = |left: &BTreeSet<&str>, right: &BTreeSet<&str>| left.difference(right).map(|key| (*key).to_owned()).collect();
    (only(&wants, &has), only(&has, &wants))
}

pub(super) fn public_keys(recipients: &Recipients) -> BTreeSet<&str> {
    recipients.values().flatten().map(String::as_str).collect()
}

/// Whether an edit can change the field of this generation.
pub(super) fn is_editable(capabilities: &Capabilities, generation: &Generation, field: EditField) -> bool {
    let can = match field {
        EditField::Label => capabilities.editable.label,
        EditField::Scopes => capabilities.editable.scopes,
        // Where the provider has no expiries, Keywright keeps the end itself: only the ledger changes.
        EditField::Expiry => capabilities.editable.expiry || !capabilities.expiry.settable,
        EditField::Options => capabilities.editable.options,
    };
    can && !generation.uneditable.iter().any(|word| word == field.as_str())
}

/// Whether the key is to live for ever, and no edit can take its end away.
fn keeps_an_end(key: &Key, desired: &DesiredKey, generation: &Generation, observed: Option<&ObservedKey>) -> bool {
    let capabilities = key.account.capabilities;
    let endless = wanted_end(capabilities, desired.expiry, generation.created_at).is_none();
    endless && capabilities.expiry.settable && !capabilities.expiry.clear && expires_at(capabilities, generation, observed).is_some()
}

fn due(key: &Key, desired: &DesiredKey, generation: &Generation, observed: Option<&ObservedKey>) -> Option<String> {
    let capabilities = key.account.capabilities;
    if capabilities.expiry.settable
        && let Some(end) = expires_at(capabilities, generation, observed).filter(|end| *end <= key.now)
    {
        return Some(format!("expired {}", moment(end, desired.expiry)));
    }
    let clamped = clamped_end(capabilities, desired, generation, observed);
    let wanted = clamped.or_else(|| wanted_end(capabilities, desired.expiry, generation.created_at))?;
    if let Some(at) = rotates_at(key, desired, generation, key.now) {
        let chosen = generation.expires_at.filter(|_| key.account.attended.is_some() && capabilities.expiry.settable);
        let end = chosen.map_or(wanted, |chosen| chosen.min(wanted));
        let verb = if end <= key.now { "has passed its end of" } else { "expires" };
        return Some(format!("{verb} {}; due since {}", moment(end, desired.expiry), moment(at, desired.expiry)));
    }
    // An edit of the expiry would end it now, with no successor.
    let ends = wanted <= key.now && !ends_as_wanted(capabilities, desired, generation, expires_at(capabilities, generation, observed));
    ends.then(|| format!("would have expired {}", moment(wanted, desired.expiry)))
}

/// A generation of a key, and all that says when it rotates.
#[derive(Debug, Clone, Copy)]
pub struct Rolling<'a> {
    pub address: &'a Address,
    pub desired: &'a DesiredKey,
    pub capabilities: &'a Capabilities,
    pub generation: &'a Generation,
    /// As the provider shows it; `None`: it was not asked.
    pub observed: Option<&'a ObservedKey>,
    /// Whether a person makes the key, and chooses its end.
    pub attended: bool,
}

impl Rolling<'_> {
    /// When the generation is due for rotation: by as much before the usual time as its end is, which the provider has rounded, or a person has
    /// chosen. `None` for keys that do not roll, and for what is not due `by` then.
    pub fn rotates_at(&self, by: Timestamp) -> Option<Timestamp> {
        let Self { address, desired, capabilities, generation, observed, attended } = *self;
        if let Some(end) = clamped_end(capabilities, desired, generation, observed) {
            let lives = end.duration_since(generation.created_at).as_secs().try_into().map_or(Span::seconds(0), Span::seconds);
            return spread(address, end, sooner(desired.renew_before, lives), by);
        }
        let wanted = wanted_end(capabilities, desired.expiry, generation.created_at)?;
        let chosen = attended && capabilities.expiry.settable;
        let granted =
            expires_at(capabilities, generation, observed).filter(|end| chosen || is_close(capabilities, Some(*end), Some(wanted)));
        let earlier = granted.filter(|end| *end < wanted).map_or(SignedDuration::ZERO, |end| wanted.duration_since(end));
        let by = by.checked_add(earlier).unwrap_or(Timestamp::MAX);
        rotation_at(address, desired, capabilities, generation.created_at, by)?.checked_sub(earlier).ok()
    }
}

/// The same for a key that is being decided about.
pub(super) fn rotates_at(key: &Key, desired: &DesiredKey, generation: &Generation, by: Timestamp) -> Option<Timestamp> {
    let (address, capabilities, observed) = (&key.address, key.account.capabilities, key.observed(generation));
    Rolling { address, desired, capabilities, generation, observed, attended: key.account.attended.is_some() }.rotates_at(by)
}

/// When a rolling key is due for rotation: `renew_before` its end, plus up to an eighth of that by address, to spread the load.
///
/// `None` for keys that do not roll, and for what is not due `by` then. Where the provider grants no more than `renew_before`, half of
/// what it grants takes its place.
pub(super) fn rotation_at(
    address: &Address,
    desired: &DesiredKey,
    capabilities: &Capabilities,
    created_at: Timestamp,
    by: Timestamp,
) -> Option<Timestamp> {
    let span = match desired.expiry {
        Expiry::Never | Expiry::At(_) => return None,
        Expiry::Lifetime(span) => span,
    };
    let renew_before = match capabilities.expiry.max.filter(|max| *max < span) {
        Some(granted) => sooner(desired.renew_before, granted),
        None => desired.renew_before,
    };
    spread(address, wanted_end(capabilities, desired.expiry, created_at)?, renew_before, by)
}

/// How long before its end a key is followed that lives no longer than this: half its life, where it would be due from the beginning.
fn sooner(renew_before: Span, lives: Span) -> Span {
    if lives <= renew_before { Span::seconds(lives.as_seconds() / 2) } else { renew_before }
}

/// When a key with this end is due, if by then.
fn spread(address: &Address, end: Timestamp, renew_before: Span, by: Timestamp) -> Option<Timestamp> {
    let earliest = end.checked_sub(renew_before.duration()).ok()?;
    if earliest > by {
        return None;
    }
    let hash = Sha256::digest(address.to_string());
    let number = hash.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    let spread = number.checked_rem(renew_before.as_seconds() / 8).unwrap_or(0);
    earliest.checked_add(Span::seconds(spread).duration()).ok().filter(|at| *at <= by)
}

/// The date, UTC; and the time, where a key lives no longer than two days.
pub(super) fn moment(instant: Timestamp, expiry: Expiry) -> String {
    match expiry {
        Expiry::Lifetime(span) if span <= Span::days(2) => instant.strftime("%Y-%m-%d %H:%MZ").to_string(),
        Expiry::Lifetime(_) | Expiry::At(_) | Expiry::Never => day(instant),
    }
}

/// The date, UTC.
pub(super) fn day(instant: Timestamp) -> String {
    instant.strftime("%Y-%m-%d").to_string()
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use serde_json::json;

    use super::super::testing::*;
    use super::*;
    use crate::profile::ExpirySupport;

    fn fields(world: &World) -> Vec<EditField> {
        world.with_key(|key| compare(key, key.desired.unwrap(), key.current().unwrap()).fields)
    }

    #[test]
    fn what_lives_for_hours_is_told_with_its_time() {
        let mut world = World::settled();
        world.wanted().expiry = Expiry::Lifetime(Span::hours(6));
        world.wanted().renew_before = Span::hours(2);
        world.first().expires_at = Some(at(6 * 3600 - DAY));
        world.live(1).expires_at = Some(Some(at(6 * 3600 - DAY)));
        world.now = at(5 * 3600 - DAY);
        let change = world.change().unwrap();
        assert!(change.reason.starts_with("expires 2026-11-20 15:00Z; due since 2026-11-20 13:"), "{}", change.reason);
        let note = "expires 2026-11-20 20:00Z (6h), then rotates";
        assert!(change.notes.iter().any(|told| told == note), "{:?}", change.notes);
    }

    #[test]
    fn no_key_is_edited_to_have_ended() {
        let mut world = World::settled();
        world.wanted().expiry = Expiry::Never;
        world.capabilities.expiry.max = Some(Span::days(10));
        world.now = at(20 * DAY);
        assert_eq!(
            (world.decision().0, world.change().unwrap().reason),
            (super::super::Action::Rotate, "would have expired 2026-11-30; expiry differs".to_owned())
        );
    }

    #[test]
    fn what_means_the_same_is_no_difference() {
        let mut world = World::settled();
        assert_eq!(fields(&world), []);
        world.live(1).expires_at = Some(Some(at(89 * DAY + 60)));
        assert_eq!(fields(&world), [], "rounding within the tolerance");
        world.live(1).expires_at = None;
        world.live(1).scopes = None;
        assert_eq!(fields(&world), [], "the provider does not say");
        world.wanted().scopes = scopes(&["x:hooks:*"]);
        world.first().scopes = scopes(&["x:hooks:*", "x:hooks:read"]);
        assert_eq!(fields(&world), [], "other words for the same access");
        world.wanted().options.insert("methods".to_owned(), json!(["A", "B"]));
        world.live(1).options.insert("methods".to_owned(), json!(["B", "A", "B"]));
        world.live(1).options.insert("other".to_owned(), json!(1));
        world.first().options.insert("methods".to_owned(), json!(["B", "A"]));
        assert_eq!(fields(&world), [], "lists of options are sets, undeclared options are the provider's");
        world.first().options.insert("gone".to_owned(), json!("A"));
        world.capabilities.editable.options = true;
        assert_eq!(world.with_key(|key| compare(key, key.desired.unwrap(), key.current().unwrap()).forced), [EditField::Options]);
        world.first().options.remove("gone");
    }

    #[test]
    fn each_field_differs_on_its_own() {
        let differs = |change: fn(&mut World)| {
            let mut world = World::settled();
            change(&mut world);
            fields(&world)
        };
        assert_eq!(differs(|world| world.wanted().label = "Other".into()), [EditField::Label]);
        assert_eq!(differs(|world| world.live(1).label = "Hooks".into()), [EditField::Label], "its marker was taken off");
        assert_eq!(differs(|world| world.wanted().scopes = scopes(&["x:pay:read"])), [EditField::Scopes]);
        assert_eq!(differs(|world| world.live(1).expires_at = Some(None)), [EditField::Expiry]);
        assert_eq!(differs(|world| world.wanted().expiry = Expiry::Never), [EditField::Expiry]);
        assert_eq!(differs(|world| world.live(1).expires_at = Some(Some(at(89 * DAY - 61)))), [EditField::Expiry]);
        assert_eq!(differs(|world| drop(world.wanted().options.insert("m".to_owned(), json!("A")))), [EditField::Options]);
    }

    #[test]
    fn an_adopted_key_has_no_marker_to_keep() {
        let mut world = World::settled();
        world.first().marker = None;
        world.first().label = "Hooks".to_owned();
        world.live(1).label = "Hooks".to_owned();
        assert_eq!(fields(&world), []);
    }

    #[test]
    fn a_clamped_or_unsettable_end_is_accepted() {
        let mut world = World::settled();
        world.capabilities.expiry.max = Some(Span::days(30));
        world.live(1).expires_at = Some(Some(at(29 * DAY)));
        world.first().expires_at = Some(at(29 * DAY));
        assert_eq!(fields(&world), []);
        let mut world = World::settled();
        world.capabilities.expiry = ExpirySupport { settable: false, ..world.capabilities.expiry };
        world.live(1).expires_at = Some(None);
        assert_eq!(fields(&world), [], "the ledger keeps the end");
        world.wanted().expiry = Expiry::Lifetime(Span::days(60));
        world.capabilities.editable.expiry = false;
        world.with_key(|key| {
            let found = compare(key, key.desired.unwrap(), key.current().unwrap());
            assert_eq!((found.fields, found.forced), (vec![EditField::Expiry], vec![]), "the ledger can always be edited");
        });
    }

    #[test]
    fn rotations_are_spread_by_address() {
        let (desired, capabilities) = (desired(), capabilities());
        let early = at(76 * DAY);
        let spread: BTreeSet<Timestamp> = (0..50)
            .map(|number| {
                rotation_at(&format!("acct/key-{number}").parse().unwrap(), &desired, &capabilities, now(), Timestamp::MAX).unwrap()
            })
            .inspect(|at| assert!(*at >= early && *at < early + SignedDuration::from_secs(14 * DAY / 8)))
            .collect();
        assert!(spread.len() > 45);
        let hash = Sha256::digest("acct/hooks");
        let number = u64::from_be_bytes(hash[..8].try_into().unwrap());
        let expected = early + SignedDuration::from_secs((number % (14 * 86_400 / 8)) as i64);
        assert_eq!(rotation_at(&address(), &desired, &capabilities, now(), Timestamp::MAX), Some(expected));
        let at_once = DesiredKey { renew_before: Span::seconds(7), ..desired.clone() };
        assert_eq!(
            rotation_at(&address(), &at_once, &capabilities, now(), Timestamp::MAX),
            Some(at(90 * DAY - 7)),
            "nothing to spread over"
        );
        assert_eq!(rotation_at(&address(), &at_once, &capabilities, now(), at(90 * DAY - 8)), None, "not due by then");
        let fixed = DesiredKey { expiry: Expiry::At(at(DAY)), ..desired.clone() };
        assert_eq!(rotation_at(&address(), &fixed, &capabilities, now(), Timestamp::MAX), None);
        let short = Capabilities { expiry: ExpirySupport { max: Some(Span::days(8)), ..capabilities.expiry }, ..capabilities };
        assert!(
            rotation_at(&address(), &desired, &short, now(), Timestamp::MAX).unwrap() >= at(4 * DAY),
            "a granted end before `renew_before` must not rotate for ever"
        );
    }
}
