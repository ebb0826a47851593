//! Random lives of a workspace: changes, deaths, lost answers, duplicates, late arrivals, foreign hands, jumps of the clock; then quiet, and the same
//! invariants. A seed tells everything. `KEYWRIGHT_SCHEDULES` sets how many seeds are run, `KEYWRIGHT_SEED` runs one of them and prints its log.
use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe};
use std::rc::Rc;

use super::random::Random;
use super::site::{Declared, Files, Image, Site};
use super::verdict::settle;
use super::world::{Chaos, Editing, Ends, Kind};
use crate::model::Allowance;
use crate::profile::Disable;
use crate::seam::Then;

/// Seeds of an ordinary run.
const USUAL: u64 = 100;
const DAY: i64 = 86_400;
const NAMES: [&str; 3] = ["one", "two", "three"];
const SCOPES: [&[&str]; 4] = [&["hooks:read"], &["hooks:write"], &["hooks:read", "hooks:write"], &["pay:read"]];

fn kind(random: &mut Random) -> Kind {
    let lag = *random.pick(&[0, 0, 8]);
    let editing = *random.pick(&[Editing::Does, Editing::Does, Editing::Does, Editing::Merges, Editing::Ignores]);
    let tells_scopes = random.chance(75);
    Kind {
        name: "drawn",
        reveal: random.chance(30),
        get: random.chance(60),
        verify: random.chance(80),
        tells_enabled: random.chance(75),
        tells_scopes,
        scopes: "set",
        labels: true,
        tells_created: true,
        tells_ends: true,
        lists_disabled: random.chance(70),
        edits_scopes: random.chance(50),
        edits_labels: true,
        // An edit that is ignored where scopes are not told cannot be seen by anybody.
        ends: Ends::Exactly,
        editing: if tells_scopes { editing } else { Editing::Does },
        disable: *random.pick(&[Disable::Reversible, Disable::Reversible, Disable::Final]),
        delete: random.chance(70),
        key_limit: None,
        consistency: if lag == 0 { *random.pick(&[0, 10]) } else { 10 },
        lag,
        lags_edits: random.chance(30),
        lags_verify: random.chance(30),
    }
}

/// One change of the manifests.
fn redeclare(site: &mut Site, random: &mut Random) {
    let mut manifest = site.manifest.clone();
    let name = *random.pick(&NAMES);
    match manifest.iter().position(|key| key.name == name) {
        None => manifest.push(Declared { scopes: random.pick(&SCOPES).to_vec(), ..Declared::new(name) }),
        Some(at) => match random.below(4) {
            0 => drop(manifest.remove(at)),
            1 => manifest[at].active = !manifest[at].active,
            2 => manifest[at].scopes = random.pick(&SCOPES).to_vec(),
            _ => manifest[at].both_recipients = !manifest[at].both_recipients,
        },
    }
    site.declare(manifest);
}

/// One apply, which may die at any point. The ledger is committed to git whenever a journal ends; once a secret file has moved on, the ledger
/// of before does not fit it any more.
fn live(site: &mut Site, random: &mut Random, committed: &Rc<RefCell<Option<Files>>>) {
    let dies_at = if random.chance(60) { random.below(60) } else { u64::MAX };
    let image: Rc<RefCell<Option<Image>>> = Rc::default();
    let (taken, committed, mut passed) = (image.clone(), committed.clone(), 0);
    let ran = site.apply_watched(move |snapshot, point| {
        passed += 1;
        if point == "after removing .keywright/journal.jsonl" {
            *committed.borrow_mut() = Some(snapshot.ledger());
        } else if point.contains(" secrets/") {
            *committed.borrow_mut() = None;
        }
        if passed <= dies_at {
            return Then::GoOn;
        }
        snapshot.note(&format!("dies at {point}"));
        *taken.borrow_mut() = Some(snapshot.image());
        Then::Die
    });
    let ended = format!("apply ended: {:?}", ran.exit);
    if let Some(image) = image.take() {
        site.restore(&image);
    }
    let mut world = site.world.borrow_mut();
    world.note(&ended);
    if std::env::var_os("KEYWRIGHT_SEED").is_some() {
        world.log.push(ran.said);
    }
}

/// Everything that one seed says.
fn schedule(seed: u64) -> Result<(), String> {
    let mut random = Random(seed);
    let kind = kind(&mut random);
    let mut site = Site::new(&kind, seed);
    site.declare(vec![Declared::new("one")]);
    let (faults, hands) = (*random.pick(&[0, 5, 20]), *random.pick(&[0, 0, 5, 15]));
    let committed = Rc::default();
    for _ in 0..2 + random.below(5) {
        site.world.borrow_mut().chaos = Some(Chaos { random: Random(random.next()), faults, hands });
        for _ in 0..random.below(3) {
            redeclare(&mut site, &mut random);
        }
        site.opens = random.chance(30);
        for _ in 0..1 + random.below(3) {
            live(&mut site, &mut random, &committed);
        }
        match random.below(8) {
            0 | 1 => site.pass(random.below(120) as i64),
            2 => site.pass(4 * DAY),
            3 => site.pass(9 * DAY),
            4 => site.pass(80 * DAY),
            _ => {}
        }
        let checks_out = random.chance(15) && site.root.join(".keywright/journal.jsonl").exists();
        if let Some(ledger) = committed.borrow().as_ref().filter(|_| checks_out) {
            site.world.borrow_mut().note("the ledger is checked out from git");
            site.check_out(ledger);
        }
    }
    {
        let mut world = site.world.borrow_mut();
        world.chaos = None;
        world.note("quiet");
        world.pass(400);
    }
    // Somebody may have deleted more than half of the keys: a person looks, and it is so.
    site.allows.push(Allowance::Shrunk("pay".parse().expect("a name")));
    // As things stand; then with the identity, since a reseal may wait for it.
    site.apply();
    site.opens = true;
    settle(&mut site, 4).map_err(|problem| format!("{kind:?}\n{problem}"))
}

#[test]
fn no_schedule_breaks_the_promise() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let (first, count) = match (number("KEYWRIGHT_SEED"), number("KEYWRIGHT_SCHEDULES")) {
        (Some(seed), _) => (seed, 1),
        (None, Some(count)) => (number("KEYWRIGHT_FIRST_SEED").unwrap_or(0), count),
        (None, None) => (0, USUAL),
    };
    let mut failed = Vec::new();
    for seed in first..first + count {
        let result = panic::catch_unwind(AssertUnwindSafe(|| schedule(seed))).unwrap_or_else(|_| Err("it panicked".to_owned()));
        if let Err(problem) = result {
            eprintln!("seed {seed}: {problem}");
            failed.push(seed);
        }
    }
    assert!(failed.is_empty(), "of {count} schedules from {first}, these seeds failed (rerun one with KEYWRIGHT_SEED): {failed:?}");
}
