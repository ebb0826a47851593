//! Ends of keys, on providers that set them exactly, in whole days, or not at all: what passes ends once, and is said once.
use super::super::exit::Exit;
use super::site::{Declared, Ran, Site};
use super::verdict::settle;
use super::world::{Ends, Kind};
use crate::diagnostics::Report;
use crate::ledger::Ledger;
use crate::model::{Generation, GenerationState};

const DAY: i64 = 86_400;
/// The clock begins on 2026-11-21 at 09:00; this key's last second is in ten days.
const FIXED: &str = "2026-11-30";

fn site(ends: Ends, expires: Option<&'static str>) -> Site {
    let mut site = Site::new(&Kind { ends, ..Kind::PLAIN }, 5);
    site.declare(vec![Declared { expires, ..Declared::new("one") }]);
    site
}

fn generations(site: &Site) -> Vec<Generation> {
    let records = Ledger::new(&site.root).load_all(&mut Report::default()).records;
    records.into_values().flat_map(|record| record.generations).collect()
}

fn states(site: &Site) -> Vec<(u32, GenerationState)> {
    generations(site).iter().map(|generation| (generation.number, generation.state)).collect()
}

fn applied(site: &mut Site) -> Ran {
    let ran = site.apply();
    assert_eq!(ran.exit, Some(Exit::Done), "{}", ran.said);
    ran
}

fn settled(site: &mut Site) {
    settle(site, 1).unwrap_or_else(|problem| panic!("{problem}"));
}

fn lives(site: &Site) -> usize {
    let world = site.world.borrow();
    world.keys.iter().filter(|key| world.is_live(key)).count()
}

/// The verdict must not look for a live key.
fn no_longer_live(site: &mut Site) {
    site.manifest[0].active = false;
    site.world.borrow_mut().wanted.get_mut("one").expect("it is declared").active = false;
}

use GenerationState::{Active, Expired, Retiring};

/// A key that has passed its fixed end is disabled where it lives, is recorded as expired, and then rests.
#[test]
fn a_fixed_end_that_has_passed_is_the_state_expired() {
    for ends in [Ends::Exactly, Ends::AtMidnight, Ends::Never] {
        let mut site = site(ends, Some(FIXED));
        applied(&mut site);
        settled(&mut site);
        site.pass(8 * DAY);
        settled(&mut site);
        assert_eq!((states(&site), lives(&site)), (vec![(1, Active)], 1), "{ends:?}: its day is not over");
        site.pass(3 * DAY);
        assert_eq!(lives(&site), usize::from(ends == Ends::Never), "{ends:?}");
        no_longer_live(&mut site);
        let writes = site.world.borrow().writes;
        let ran = applied(&mut site);
        assert!(ran.said.contains("`pay/one` expired on 2026-11-30"), "{}", ran.said);
        assert_eq!(site.world.borrow().writes - writes, u32::from(ends == Ends::Never), "{ends:?}: what is dead is left alone");
        assert_eq!((states(&site), lives(&site)), (vec![(1, Expired)], 0), "{ends:?}");
        settled(&mut site);
    }
}

#[test]
fn an_end_in_whole_days_that_comes_early_makes_no_second_generation() {
    let mut site = site(Ends::AtMidnight, Some(FIXED));
    applied(&mut site);
    // 12:00 on the last day: the provider has ended the key at the midnight before.
    site.pass(9 * DAY + 3 * 3600);
    no_longer_live(&mut site);
    applied(&mut site);
    settled(&mut site);
    assert_eq!(states(&site), [(1, Expired)]);
}

#[test]
fn a_rounded_end_is_said_once_and_recorded() {
    let mut site = site(Ends::AtMidnight, None);
    let ran = applied(&mut site);
    assert_eq!(ran.said.matches("provider/expiry-adjusted").count(), 2, "the code and its page: {}", ran.said);
    assert!(ran.said.contains("ends generation 1 of `pay/one` at 2027-02-19T00:00:00Z, asked was 2027-02-19T09:00:"), "{}", ran.said);
    assert_eq!(generations(&site)[0].expires_at.map(|end| end.to_string()).as_deref(), Some("2027-02-19T00:00:00Z"));
    let again = applied(&mut site);
    assert!(!again.said.contains("expiry-adjusted"), "{}", again.said);
    settled(&mut site);
    assert_eq!(states(&site), [(1, Active)]);
    let exact = applied(&mut self::site(Ends::Exactly, None));
    assert!(!exact.said.contains("expiry-adjusted"), "{}", exact.said);
}

#[test]
fn the_granted_end_is_recorded_where_keys_cannot_be_proven() {
    let mut site = Site::new(&Kind { ends: Ends::AtMidnight, verify: false, ..Kind::PLAIN }, 5);
    site.declare(vec![Declared::new("one")]);
    applied(&mut site);
    assert_eq!(generations(&site)[0].expires_at.map(|end| end.to_string()).as_deref(), Some("2027-02-19T00:00:00Z"));
}

#[test]
fn an_end_beyond_the_tolerance_is_not_accepted() {
    let mut site = site(Ends::Early, None);
    let ran = site.apply();
    assert_eq!(ran.exit, Some(Exit::Partial));
    assert!(ran.said.contains("provider/not-applied") && ran.said.contains("another expiry"), "{}", ran.said);
    assert_eq!(lives(&site), 0, "it was disabled again");
}

#[test]
fn an_end_that_only_the_create_tells_is_compared_there() {
    let mut site = Site::new(&Kind { ends: Ends::Early, tells_ends: false, ..Kind::PLAIN }, 5);
    site.declare(vec![Declared::new("one")]);
    let ran = site.apply();
    assert_eq!(ran.exit, Some(Exit::Partial));
    assert!(ran.said.contains("provider/not-applied") && ran.said.contains("another expiry"), "{}", ran.said);
    assert_eq!(lives(&site), 0, "it was disabled again");
}

#[test]
fn an_end_that_has_passed_is_never_as_asked() {
    // Its day is not over, but the provider ended it with the midnight before: within the tolerance, and of no use to anybody.
    let mut site = site(Ends::AtMidnight, Some("2026-11-21"));
    let ran = site.apply();
    assert_eq!(ran.exit, Some(Exit::Partial));
    assert!(ran.said.contains("provider/not-applied") && ran.said.contains("another expiry"), "{}", ran.said);
    assert!(states(&site).iter().all(|(_, state)| *state != GenerationState::Active), "{:?}", states(&site));
}

#[test]
fn where_keys_cannot_expire_the_ledger_keeps_the_end() {
    let mut site = site(Ends::Never, None);
    applied(&mut site);
    assert_eq!(site.world.borrow().keys[0].expires_at, None);
    assert_eq!(generations(&site)[0].expires_at.map(|end| end.to_string()[..10].to_owned()).as_deref(), Some("2027-02-19"));
    settled(&mut site);
    // Another end is a matter of the ledger: the provider is not asked.
    let writes = site.world.borrow().writes;
    site.redeclare("one", |key| key.expires = Some("2027-06-30"));
    applied(&mut site);
    assert_eq!(generations(&site)[0].expires_at.map(|end| end.to_string()).as_deref(), Some("2027-06-30T23:59:59Z"));
    assert_eq!(site.world.borrow().writes, writes);
    settled(&mut site);
    // Rolling again: rotated before the end, and the predecessor is disabled when its overlap has passed.
    site.redeclare("one", |key| key.expires = None);
    applied(&mut site);
    site.pass(80 * DAY);
    applied(&mut site);
    assert_eq!((states(&site), lives(&site)), (vec![(2, Active), (1, Retiring)], 2));
    site.pass(4 * DAY);
    settled(&mut site);
    assert_eq!(lives(&site), 1);
}

/// Where no call shows one key, a disabled one that the list leaves out rests: nothing tells that it is gone.
#[test]
fn a_disabled_key_that_nothing_shows_is_not_taken_for_deleted() {
    for (delete, reveal) in [(false, true), (true, false)] {
        let mut site = Site::new(&Kind { lists_disabled: false, delete, reveal, ..Kind::NO_GET }, 5);
        site.declare(vec![Declared::new("one"), Declared::new("two")]);
        applied(&mut site);
        site.rotate = vec!["pay/one".parse().expect("an address")];
        applied(&mut site);
        site.rotate.clear();
        site.pass(4 * DAY);
        applied(&mut site);
        site.manifest[0].active = false;
        site.declare(site.manifest.clone());
        settled(&mut site);
        assert_eq!(states(&site)[..2], [(2, GenerationState::Disabled), (1, GenerationState::Disabled)]);
    }
}
