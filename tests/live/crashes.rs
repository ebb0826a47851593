//! Apply is killed at random instants, and the next one brings everything in order.
//!
//! `LIVE_SEED=7` draws the same numbers again; how they fall on the running program is up to the machine.
use std::collections::BTreeSet;
use std::os::unix::process::ExitStatusExt as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use keywright::model::GenerationState::{Active, Ambiguous, Created, Disabled, Intended, Lost, Retiring, Sealed};
use serde_json::Value;

use crate::server::Server;
use crate::site::Site;
use crate::vendor::Vendor;

/// Kills of a running apply at each vendor.
const KILLS: usize = 6;
/// Applies until these kills have hit, at most.
const TRIES: usize = 40;
/// Applies after a kill, until one has nothing left to do.
const RECOVERIES: usize = 4;

/// Kills applies that create, change, rotate and remove, and checks after each that nothing is lost and nothing is unknown.
pub fn survived(vendor: &dyn Vendor, server: &Server) {
    let seed = std::env::var("LIVE_SEED").ok().and_then(|text| text.parse().ok());
    let seed: u64 = seed.unwrap_or_else(|| Timestamp::now().as_millisecond() as u64);
    println!("LIVE_SEED={seed}");
    let mut dice = Dice(seed);
    let mut site = Site::new(vendor, server);
    let whole = measured(&mut site);
    let (mut hits, mut tries) = (0, 0);
    while hits < KILLS {
        assert!(tries < TRIES, "only {hits} of {tries} kills hit a running apply");
        tries += 1;
        let fields: Vec<String> =
            [vendor.fields(server)].into_iter().chain(vendor.changes(server).into_iter().map(|change| change.fields)).collect();
        // A name of its own for each try: something is always created.
        let fresh = format!("fresh-{tries}");
        site.declare(&[("kept", &fields[tries % fields.len()]), (&fresh, &fields[0])]);
        let rotate = tries.is_multiple_of(3);
        let arguments: &[&str] = if rotate { &["apply", "--yes", "--rotate", "live/kept"] } else { &["apply", "--yes"] };
        let mut child =
            site.sandbox.command(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("started");
        std::thread::sleep(whole.mul_f64(dice.part()));
        child.kill().expect("killed");
        let hit = child.wait().expect("ended").signal() == Some(9);
        hits += usize::from(hit);
        undisturbed(&mut site);
        site.works("kept");
        site.works(&fresh);
        in_order(&site);
    }
    println!("{}: {hits} of {tries} kills hit", vendor.provider());
}

/// How long an apply takes that creates.
fn measured(site: &mut Site) -> Duration {
    let fields = site.vendor.fields(site.server);
    site.declare(&[("kept", &fields), ("fresh-0", &fields)]);
    let started = Instant::now();
    site.run(&["apply", "--yes"]).exits(0);
    site.learn();
    started.elapsed()
}

/// Applies until all is done. Where keys have no labels, a person says which key an unanswered create has made.
#[track_caller]
fn undisturbed(site: &mut Site) {
    let mut said = Vec::new();
    loop {
        let ran = site.run(&["apply", "--yes"]);
        site.learn();
        if ran.exit == 0 {
            break;
        }
        said.push(format!("exit {}\n{}{}", ran.exit, ran.stdout, ran.stderr));
        assert!(said.len() < RECOVERIES, "{}", said.join("\nand then\n"));
        if site.vendor.label().is_none() {
            answered(site);
        }
    }
    assert!(site.planned().is_empty(), "an apply that left nothing leaves nothing to plan: {:?}", site.planned());
}

/// Tells the program which new key at the server came of a create without answer: the one that no ledger entry names.
#[track_caller]
fn answered(site: &mut Site) {
    let known: BTreeSet<String> =
        site.generations(&[Active, Retiring, Created, Sealed, Disabled]).into_iter().filter_map(|one| one.id).collect();
    let unknown = site.ours().into_iter().filter_map(|entry| entry["key"].as_str().map(str::to_owned)).find(|id| !known.contains(id));
    for (name, record) in site.records() {
        if record.generations.iter().any(|generation| matches!(generation.state, Ambiguous | Intended)) {
            let address = format!("live/{name}");
            let ran = match &unknown {
                Some(id) => site.run(&["recover", &address, "--found", id, "--yes"]),
                None => site.run(&["recover", &address, "--absent", "--yes"]),
            };
            ran.exits(0);
            return;
        }
    }
}

/// Every key of ours at the server is in the ledger as one that lives, and every one that lives by the ledger is at the server.
#[track_caller]
fn in_order(site: &Site) {
    site.assert_foreign();
    assert!(!site.sandbox.exists(".keywright/journal.jsonl"), "the journal is gone");
    // What was never found stays ambiguous beside its successor, so that it is ended whenever it shows up.
    assert_eq!(site.generations(&[Intended, Created, Sealed, Lost]), Vec::new(), "nothing is half-done");
    let ours = site.ours();
    let (living, ended) = (site.generations(&[Active, Retiring]), site.generations(&[Disabled]));
    let Some(at) = site.vendor.label() else {
        assert_eq!(ours.len(), living.len(), "{ours:#?}\n{living:#?}");
        return;
    };
    for entry in &ours {
        let label = entry.pointer(at).and_then(Value::as_str).expect("a label");
        let bears =
            |generation: &keywright::model::Generation| generation.marker.as_ref().is_some_and(|marker| label.ends_with(marker.as_str()));
        assert!(living.iter().chain(&ended).any(bears), "unknown to the ledger: {entry}");
    }
    for generation in &living {
        let marker = generation.marker.as_ref().expect("a marker").as_str();
        let there = ours.iter().filter(|entry| entry.pointer(at).and_then(Value::as_str).is_some_and(|label| label.ends_with(marker)));
        assert_eq!(there.count(), 1, "at the server once: {generation:?}");
    }
}

/// Numbers that look random, the same for the same seed.
struct Dice(u64);

impl Dice {
    /// A part of the whole.
    fn part(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % 1_000) as f64 / 1_000.0
    }
}
