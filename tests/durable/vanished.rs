//! Machine A dies and is taken away wholly; a fresh clone B brings everything in order, from the remote alone.
use std::time::{Duration, Instant};

use jiff::Timestamp;
use reqwest::Method;

use crate::emulator::{Config, Fault, Route};
use crate::machine::Machine;
use crate::order::in_order;
use crate::sandbox::Ran;
use crate::team::{DURABLE, Team};

/// Machines that are killed at random instants.
const ROUNDS: u64 = 18;
/// Each with a team of its own.
const THREADS: u64 = 2;

/// Applies on a fresh clone, twice at most.
#[track_caller]
fn another_takes_over<'t>(team: &'t Team, name: &str) -> (Machine<'t>, Vec<Ran>) {
    let b = team.clone(name);
    let mut ran = vec![b.run(DURABLE)];
    if ran[0].exit != 0 {
        ran.push(b.run(DURABLE).exits(0));
    }
    in_order(&b, &["billing", "refunds"]);
    (b, ran)
}

/// What a seed and a number come to.
fn draw(seed: u64, number: u64) -> u64 {
    let mixed = (seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[test]
fn at_any_instant() {
    let seed =
        std::env::var("DURABLE_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or_else(|| Timestamp::now().as_millisecond() as u64);
    println!("DURABLE_SEED={seed}");
    let killed: u64 = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|thread| scope.spawn(move || rounds(draw(seed, thread), ROUNDS / THREADS))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap_or_else(|_| panic!("DURABLE_SEED={seed}"))).sum()
    });
    assert!(killed >= ROUNDS / 2, "only {killed} kills hit a running program");
}

/// Kills a machine in every round, over its measured time; answers how many kills hit.
fn rounds(seed: u64, rounds: u64) -> u64 {
    let mut whole = Duration::from_secs(2);
    let mut killed = 0;
    for round in 0..rounds {
        let lag = usize::from(draw(seed, 100 + round).is_multiple_of(3));
        let team = Team::with(Config { list_lag_reads: lag, ..Config::default() }, if round % 4 == 3 { "infra/keys/" } else { "" });
        let foreign = team.emulator.add_key(crate::emulator::KeySeed::new("made by hand", ["pcx:payments:*"]));
        let a = team.clone("a");
        // One piece of its time for each round, so that the kills fall all over it.
        let delay = whole.mul_f64((round as f64 + (draw(seed, round) % 1000) as f64 / 1000.0) / rounds as f64);
        let mut child = a.start(DURABLE);
        std::thread::sleep(delay);
        let hit = child.try_wait().expect("a child").is_none();
        child.kill().expect("killed");
        child.wait().expect("ended");
        killed += u64::from(hit);
        a.vanish();
        let began = Instant::now();
        let (b, ran) = another_takes_over(&team, "b");
        // What is left to do after a kill takes no longer than the whole.
        whole = whole.mul_f32(0.8).max(if ran.len() == 1 { began.elapsed() } else { whole });
        assert_eq!(team.emulator.key(&foreign.id).as_ref(), Some(&foreign), "a foreign key was touched");
        team.no_secret_in_the_open(&[&b], &ran.iter().collect::<Vec<_>>());
    }
    killed
}

#[test]
fn while_a_create_is_answered() {
    let team = Team::new();
    team.order(Fault::Stall(Duration::from_secs(60)), Method::POST, Route::Create, 2);
    team.clone("a").dies_when(DURABLE, || team.keys().len() == 2);
    team.emulator.clear_faults();
    another_takes_over(&team, "b");
    assert_eq!(team.live().len(), 2);
}

#[test]
fn while_a_create_that_never_arrives_is_under_way() {
    let team = Team::new();
    let a = team.clone("a");
    team.order(Fault::ResetBefore, Method::POST, Route::Create, 2);
    // It looks for the markers of the lost answers, and is held up there.
    team.order(Fault::Stall(Duration::from_secs(60)), Method::GET, Route::List, 0);
    a.dies_when(DURABLE, || team.emulator.count(Route::Create) == 2);
    team.emulator.clear_faults();
    another_takes_over(&team, "b");
}

#[test]
fn while_a_new_key_is_tried() {
    let team = Team::new();
    // The read-back of a new key, and the call with its own secret.
    team.order(Fault::Stall(Duration::from_secs(60)), Method::GET, Route::Read, 2);
    team.clone("a").dies_when(DURABLE, || team.keys().len() == 2 && team.emulator.count(Route::Read) == 2);
    team.emulator.clear_faults();
    let (_, ran) = another_takes_over(&team, "b");
    assert!(team.emulator.count(Route::Create) <= 4, "{ran:?}", ran = ran.iter().map(|ran| &ran.stderr).collect::<Vec<_>>());
}

/// The remote keeps A waiting for the answer to one push after the other.
#[test]
fn between_two_pushes() {
    for (pushes, when) in [(0, "pre-receive"), (1, "pre-receive"), (2, "post-receive"), (3, "post-receive"), (5, "post-receive")] {
        let team = Team::new();
        let a = team.clone("a");
        let count = team.path("tmp/pushes");
        let script = format!(
            "echo x >> {count}\nif [ $(wc -l < {count}) -gt {pushes} ]; then touch {count}.waits; exec sleep 3; fi",
            count = count.display()
        );
        team.hook(&team.path("origin.git"), when, &script);
        a.dies_when(DURABLE, || team.path("tmp/pushes.waits").exists());
        std::fs::remove_file(team.path("origin.git/hooks").join(when)).expect("removed");
        another_takes_over(&team, "b");
    }
}

/// Everything was published on A, and the machine died before it could be written back: B takes the ciphertexts over from the ref.
#[test]
fn after_publishing_and_before_the_write_back() {
    let team = Team::new();
    let a = team.clone("a");
    let waits = team.path("tmp/waits");
    team.hook(
        &team.path("origin.git"),
        "pre-receive",
        &format!("grep -q refs/heads/main && touch {} && exec sleep 3; exit 0", waits.display()),
    );
    let (published, secrets) =
        (std::cell::RefCell::new(Vec::new()), ["billing", "refunds"].map(|name| a.path(&format!("secrets/pay/{name}.age"))));
    a.dies_when(DURABLE, || {
        let there = waits.exists();
        if there {
            published.replace(secrets.iter().map(|path| std::fs::read(path).expect("published")).collect());
        }
        there
    });
    std::fs::remove_file(team.path("origin.git/hooks/pre-receive")).expect("removed");
    // The push that was under way must not arrive either.
    std::thread::sleep(Duration::from_secs(4));
    let arrived = team.git(&["log", "--format=%s", "main"]).contains("keywright");
    let creates = team.emulator.count(Route::Create);
    let (b, _) = another_takes_over(&team, "b");
    assert_eq!((creates, team.emulator.count(Route::Create)), (2, 2), "nothing was created anew (arrived: {arrived})");
    for (name, before) in ["billing", "refunds"].iter().zip(published.take()) {
        assert!(std::fs::read(b.path(&format!("secrets/pay/{name}.age"))).expect("there") == before, "the very ciphertext of A");
    }
}

/// The branch has everything, and the machine died before it could give the journal back.
#[test]
fn after_the_write_back() {
    let team = Team::new();
    let a = team.clone("a");
    let waits = team.path("tmp/waits");
    team.hook(
        &team.path("origin.git"),
        "post-receive",
        &format!("grep -q refs/heads/main && touch {} && exec sleep 3; exit 0", waits.display()),
    );
    a.dies_when(DURABLE, || waits.exists());
    std::fs::remove_file(team.path("origin.git/hooks/post-receive")).expect("removed");
    let main = team.main();
    another_takes_over(&team, "b");
    assert_eq!((team.emulator.count(Route::Create), team.main()), (2, main), "there was nothing left to do");
}

/// Applied in part: a ciphertext that nobody could try yet is not in the branch, and must not be lost with the machine.
#[test]
fn with_a_key_that_could_not_be_tried() {
    let team = Team::new();
    let a = team.clone("a");
    team.order(Fault::ErrorBefore, Method::GET, Route::Read, 6);
    a.run(DURABLE).exits(4);
    team.emulator.clear_faults();
    assert!(team.journal().contains("root/sealed/pay/"), "{}", team.journal());
    let creates = team.emulator.count(Route::Create);
    a.vanish();
    another_takes_over(&team, "b");
    assert_eq!((creates, team.emulator.count(Route::Create)), (2, 2), "nothing was created anew");
}

/// The first apply was durable on this machine only; the one that goes on hands over what the remote lacks, and dies.
#[test]
fn after_it_went_on_with_what_only_it_had() {
    let team = Team::new();
    let a = team.clone("a");
    team.order(Fault::Stall(Duration::from_secs(60)), Method::GET, Route::Read, 1);
    let mut child = a.start(&["apply", "--yes"]);
    let published = || ["billing", "refunds"].iter().filter(|name| a.path(&format!("secrets/pay/{name}.age")).exists()).count();
    crate::machine::wait_until(|| team.keys().len() == 2 && published() == 1);
    child.kill().expect("killed");
    child.wait().expect("ended");
    team.emulator.clear_faults();
    // It dies while it asks about the key that is not tried yet.
    team.order(Fault::Stall(Duration::from_secs(60)), Method::GET, Route::Read, 1);
    let before = team.emulator.count(Route::Read);
    a.dies_when(DURABLE, || team.emulator.count(Route::Read) > before);
    team.emulator.clear_faults();
    another_takes_over(&team, "b");
    assert_eq!(team.emulator.count(Route::Create), 2, "nothing was created anew");
}

/// A machine that comes back finds that another one has gone on without it.
#[test]
fn and_comes_back() {
    let team = Team::new();
    let a = team.clone("a");
    team.order(Fault::Stall(Duration::from_secs(60)), Method::POST, Route::Create, 2);
    let mut child = a.start(DURABLE);
    crate::machine::wait_until(|| team.keys().len() == 2);
    child.kill().expect("killed");
    child.wait().expect("ended");
    team.emulator.clear_faults();
    another_takes_over(&team, "b");
    let (refs, keys) = (team.main(), team.emulator.keys());
    // Its clone knows nothing of what B did: it must neither create nor disable, and says what to do.
    let tree = a.tree();
    a.run(DURABLE).exits(1).says("apply/git").says("git pull --rebase");
    assert!((team.main(), team.emulator.keys(), a.tree()) == (refs, keys, tree), "nothing was changed anywhere");
    a.git(&["reset", "-q", "--hard", "origin/main"]);
    a.git(&["pull", "-q"]);
    a.run(DURABLE).exits(0);
    in_order(&a, &["billing", "refunds"]);
}
