//! Every point of every scenario, on every kind of provider: killed there, apply finishes it.
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use super::super::exit::Exit;
use super::random::Random;
use super::site::{Declared, Image, Site};
use super::verdict::{finish, settle};
use super::world::{Fault, Kind};
use crate::seam::Then;

const DAY: i64 = 86_400;

/// What leads to the apply that is killed.
struct Scenario {
    name: &'static str,
    /// Everything up to the change, applied in peace.
    prepare: fn(&mut Site),
    /// What the apply under test has to do.
    change: fn(&mut Site),
    /// What the provider must be for this scenario.
    kind: fn(&mut Kind),
    /// What the manifests say after the death: somebody may have thought better of it.
    after: fn(&mut Site),
}

fn as_it_is(_: &mut Kind) {}

fn still(_: &mut Site) {}

fn cannot_edit(kind: &mut Kind) {
    kind.edits_scopes = false;
}

fn in_peace(site: &mut Site) {
    let ran = site.apply();
    assert_eq!(ran.exit, Some(Exit::Done), "{}", ran.said);
    // Until the list shows what was done.
    let consistency = site.world.borrow().kind.consistency;
    site.pass(consistency);
}

fn one(site: &mut Site) {
    site.declare(vec![Declared::new("one")]);
    in_peace(site);
}

fn delivered(site: &mut Site) {
    site.opens = true;
    site.declare(vec![Declared { delivered: true, ..Declared::new("one") }]);
}

fn other_scopes(site: &mut Site) {
    site.redeclare("one", |key| key.scopes = vec!["hooks:read", "hooks:write"]);
}

fn disabled(site: &mut Site) {
    site.redeclare("one", |key| key.active = false);
}

fn enabled(site: &mut Site) {
    site.redeclare("one", |key| key.active = true);
}

fn off(site: &mut Site) {
    one(site);
    disabled(site);
    in_peace(site);
}

fn due(site: &mut Site) {
    site.pass(80 * DAY);
}

/// The key gets another name.
fn renamed(site: &mut Site) {
    site.moved = vec![("one", "two")];
    let mut manifest = site.manifest.clone();
    manifest[0].name = "two";
    site.declare(manifest);
}

/// The name of before, as if nobody had thought of another.
fn named_back(site: &mut Site) {
    site.moved = vec![("two", "one")];
    let mut manifest = site.manifest.clone();
    manifest[0].name = "one";
    site.declare(manifest);
}

fn asked(site: &mut Site) {
    site.rotate = vec!["pay/one".parse().expect("an address")];
}

fn compromised(site: &mut Site) {
    asked(site);
    site.compromised = true;
    site.world.borrow_mut().compromised = true;
}

const SCENARIOS: [Scenario; 31] = [
    Scenario { name: "create", prepare: |_| {}, change: |site| site.declare(vec![Declared::new("one")]), kind: as_it_is, after: still },
    Scenario { name: "edit", prepare: one, change: other_scopes, kind: as_it_is, after: still },
    Scenario { name: "replace", prepare: one, change: other_scopes, kind: cannot_edit, after: still },
    Scenario { name: "rotate", prepare: one, change: due, kind: as_it_is, after: still },
    Scenario { name: "rotate, and rename what was left", prepare: one, change: due, kind: as_it_is, after: renamed },
    Scenario { name: "rotate on request", prepare: one, change: asked, kind: as_it_is, after: still },
    Scenario { name: "rotate what is compromised", prepare: one, change: compromised, kind: as_it_is, after: still },
    Scenario {
        name: "rotate what is compromised, and nobody asks again",
        prepare: one,
        change: compromised,
        kind: as_it_is,
        after: |site| site.rotate.clear(),
    },
    Scenario { name: "disable", prepare: one, change: disabled, kind: as_it_is, after: still },
    Scenario { name: "remove", prepare: one, change: |site| site.declare(Vec::new()), kind: as_it_is, after: still },
    Scenario {
        name: "delete",
        prepare: |site| {
            one(site);
            site.declare(Vec::new());
            in_peace(site);
        },
        change: |site| site.pass(8 * DAY),
        kind: as_it_is,
        after: still,
    },
    Scenario { name: "enable", prepare: off, change: enabled, kind: as_it_is, after: still },
    Scenario {
        name: "four at once",
        prepare: |_| {},
        change: |site| site.declare(["one", "two", "three", "four"].map(Declared::new).to_vec()),
        kind: as_it_is,
        after: still,
    },
    Scenario {
        name: "reseal",
        prepare: |site| {
            one(site);
            site.opens = true;
        },
        change: |site| site.redeclare("one", |key| key.both_recipients = true),
        kind: as_it_is,
        after: still,
    },
    Scenario {
        name: "publish over an older one",
        prepare: |site| {
            one(site);
            other_scopes(site);
            in_peace(site);
        },
        change: |site| site.redeclare("one", |key| key.scopes = vec!["hooks:write"]),
        kind: cannot_edit,
        after: still,
    },
    Scenario {
        name: "retire",
        prepare: |site| {
            one(site);
            due(site);
            in_peace(site);
        },
        change: |site| site.pass(4 * DAY),
        kind: as_it_is,
        after: still,
    },
    Scenario {
        name: "delete a predecessor",
        prepare: |site| {
            one(site);
            due(site);
            in_peace(site);
            site.pass(4 * DAY);
            in_peace(site);
        },
        change: |site| site.pass(8 * DAY),
        kind: as_it_is,
        after: still,
    },
    Scenario { name: "disable, and back", prepare: one, change: disabled, kind: as_it_is, after: enabled },
    Scenario {
        name: "remove, and back",
        prepare: one,
        change: |site| site.declare(Vec::new()),
        kind: as_it_is,
        after: |site| site.declare(vec![Declared::new("one")]),
    },
    Scenario { name: "enable, and back", prepare: off, change: enabled, kind: as_it_is, after: disabled },
    Scenario { name: "move", prepare: one, change: renamed, kind: as_it_is, after: still },
    Scenario { name: "move under a label that stays", prepare: one, change: renamed, kind: |kind| kind.edits_labels = false, after: still },
    Scenario { name: "move, and back", prepare: one, change: renamed, kind: as_it_is, after: named_back },
    Scenario { name: "move, and remove", prepare: one, change: renamed, kind: as_it_is, after: |site| site.declare(Vec::new()) },
    Scenario {
        name: "move and replace",
        prepare: one,
        change: |site| {
            renamed(site);
            site.redeclare("two", |key| key.scopes = vec!["hooks:write"]);
        },
        kind: cannot_edit,
        after: still,
    },
    Scenario {
        name: "move what is disabled, and enable it",
        prepare: |site| {
            one(site);
            site.declare(Vec::new());
            in_peace(site);
            site.declare(vec![Declared::new("one")]);
        },
        change: renamed,
        kind: as_it_is,
        after: still,
    },
    Scenario { name: "create and deliver", prepare: |_| {}, change: delivered, kind: as_it_is, after: still },
    Scenario { name: "deliver", prepare: one, change: delivered, kind: as_it_is, after: still },
    Scenario {
        name: "rotate and deliver",
        prepare: |site| {
            delivered(site);
            in_peace(site);
        },
        change: due,
        kind: as_it_is,
        after: still,
    },
    Scenario {
        name: "rotate, fail to deliver, and retire",
        prepare: |site| {
            delivered(site);
            in_peace(site);
            due(site);
            site.world.borrow_mut().script.push_back(("deliver", Fault::Unheard));
            assert_eq!(site.apply().exit, Some(Exit::Partial));
        },
        change: |site| site.pass(4 * DAY),
        kind: as_it_is,
        after: still,
    },
    Scenario { name: "enable, and remove", prepare: off, change: enabled, kind: as_it_is, after: |site| site.declare(Vec::new()) },
];

/// The images of one apply, each with the names of its points: what is the same on disk and at the provider is the same death.
fn deaths(site: &mut Site) -> Vec<(String, Image)> {
    let images: Rc<RefCell<Vec<(String, Image)>>> = Rc::default();
    let number = Rc::new(RefCell::new(0));
    let taken = images.clone();
    let ran = site.apply_watched(move |snapshot, point| {
        let image = snapshot.image();
        *number.borrow_mut() += 1;
        let name = format!("{} {point}", number.borrow());
        let mut taken = taken.borrow_mut();
        match taken.last_mut().filter(|(_, last)| last.is_same(&image)) {
            Some((names, _)) => names.push_str(&format!(", {name}")),
            None => taken.push((name, image)),
        }
        Then::GoOn
    });
    assert_eq!(ran.exit, Some(Exit::Done), "the apply without a death: {}", ran.said);
    images.take()
}

/// Kills the apply of one scenario everywhere; answers how many deaths were judged.
fn walk(scenario: &Scenario, kind: &Kind) -> usize {
    let mut kind = kind.clone();
    (scenario.kind)(&mut kind);
    let mut site = Site::new(&kind, 7);
    (scenario.prepare)(&mut site);
    (scenario.change)(&mut site);
    let deaths = deaths(&mut site);
    let title = format!("`{}` at a provider that is `{}`", scenario.name, kind.name);
    settle(&mut site, 1).unwrap_or_else(|problem| panic!("{title}, without a death: {problem}"));
    let mut random = Random(deaths.len() as u64);
    let twice: BTreeSet<usize> = (0..3).map(|_| random.below(deaths.len() as u64) as usize).collect();
    for (at, (points, image)) in deaths.iter().enumerate() {
        site.restore(image);
        (scenario.after)(&mut site);
        // What is left after most deaths is the same: that it rests is asked of some.
        let judged = if at % 4 == 0 { settle(&mut site, 2) } else { finish(&mut site, 2).map(drop) };
        judged.unwrap_or_else(|problem| panic!("{title}, killed at {points}: {problem}"));
        if twice.contains(&at) {
            site.restore(image);
            (scenario.after)(&mut site);
            let second = random.below(40);
            die_again(&mut site, second);
            finish(&mut site, 3).unwrap_or_else(|problem| panic!("{title}, killed at {points}, and again at point {second}: {problem}"));
        }
    }
    deaths.len()
}

/// The recovery is killed, too.
fn die_again(site: &mut Site, at: u64) {
    let mut passed = 0;
    let image: Rc<RefCell<Option<Image>>> = Rc::default();
    let taken = image.clone();
    let ran = site.apply_watched(move |snapshot, _| {
        passed += 1;
        if passed <= at {
            return Then::GoOn;
        }
        *taken.borrow_mut() = Some(snapshot.image());
        Then::Die
    });
    if let Some(image) = image.take() {
        assert!(ran.exit.is_none(), "it died");
        site.restore(&image);
    }
}

fn walk_all(kind: &Kind) {
    let mut all = 0;
    for scenario in &SCENARIOS {
        all += walk(scenario, kind);
    }
    println!("{all} deaths at a provider that is `{}`", kind.name);
    assert!(all > 200, "{all} deaths");
}

#[test]
fn a_provider_that_cannot_reveal() {
    walk_all(&Kind::PLAIN);
}

#[test]
fn a_provider_that_reveals() {
    walk_all(&Kind::REVEALS);
}

#[test]
fn a_provider_without_labels() {
    walk_all(&Kind::UNLABELLED);
}

#[test]
fn a_provider_that_expands_scopes() {
    walk_all(&Kind::EXPANDS);
}

/// What is to come back cannot be ended there.
#[test]
fn a_provider_that_only_deletes() {
    let parked = ["disable", "enable", "move what is disabled"];
    let scenarios = SCENARIOS.iter().filter(|scenario| !parked.iter().any(|word| scenario.name.starts_with(word)));
    let all: usize = scenarios.map(|scenario| walk(scenario, &Kind::DELETES)).sum();
    assert!(all > 200, "{all} deaths");
}

#[test]
fn a_provider_without_get() {
    walk_all(&Kind::NO_GET);
}

#[test]
fn a_provider_whose_list_lags() {
    walk_all(&Kind::LAGS);
}

#[test]
fn a_provider_that_does_not_tell_what_is_enabled() {
    walk_all(&Kind::SILENT);
}

#[test]
fn a_provider_that_hides_disabled_keys() {
    walk_all(&Kind::HIDES);
}

#[test]
fn a_provider_that_revokes() {
    walk_all(&Kind::FINAL);
}

#[test]
fn a_provider_that_revokes_and_does_not_tell() {
    walk_all(&Kind::MUTE);
}
