//! The real program, killed at random times: at least two hundred times in a run, over creates, edits, replacements, rotations, disabling and
//! deletion, against an emulator that lags, hides and loses answers. After every few kills an undisturbed apply must bring everything in order.
//!
//! `KILLING_SEED=7 cargo test --test killing` draws the same numbers again; how they fall on the running program is up to the machine.
#![cfg(unix)]

#[path = "../examples/payconex-emulator/server.rs"]
mod emulator;
#[path = "killing/order.rs"]
mod order;
#[path = "command/sandbox.rs"]
mod sandbox;
#[path = "payconex/site.rs"]
mod site;

use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use emulator::{AnswerFields, Config, Fault, Listed, Order, PatchScopes, Route};
use jiff::{SignedDuration, Timestamp};
use order::Declared;
use reqwest::Method;
use site::Site;

/// Kills of a running program that a test run must come to.
const KILLS: usize = 200;
/// Each works in a workspace of its own, at an emulator of its own.
const THREADS: usize = 4;
/// Whoever is not done by then has failed.
const MOST_TIME: Duration = Duration::from_secs(150);
const SIGTERM: i32 = 15;

const NAMES: [&str; 4] = ["one", "two", "three", "four"];
const SCOPES: [&str; 4] = ["pcx:webhooks:read", "pcx:card_bins:*", "pcx:devices:read, pcx:devices:create", "pcx:devices:read"];

/// Numbers that look random, the same for the same seed.
struct Dice(u64);

impl Dice {
    fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below this one.
    fn below(&mut self, end: u64) -> u64 {
        self.draw() % end
    }

    fn one_in(&mut self, many: u64) -> bool {
        self.below(many) == 0
    }

    fn one_of<T: Copy>(&mut self, things: &[T]) -> T {
        things[self.below(things.len() as u64) as usize]
    }

    fn between(&mut self, from: Duration, to: Duration) -> Duration {
        from + Duration::from_micros(self.below((to.saturating_sub(from).as_micros() as u64).max(1)))
    }
}

/// What came of the kills of one thread.
#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    killed: usize,
    /// Ended by itself after it was asked to.
    stopped: usize,
    /// The program had ended before.
    missed: usize,
    rounds: usize,
}

#[test]
fn whatever_instant_it_dies_at() {
    let seed =
        std::env::var("KILLING_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or_else(|| Timestamp::now().as_millisecond() as u64);
    println!("KILLING_SEED={seed}");
    let started = Instant::now();
    let tallies: Vec<Tally> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..THREADS).map(|number| scope.spawn(move || Killer::new(number, seed).until(KILLS.div_ceil(THREADS), started))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap_or_else(|_| panic!("KILLING_SEED={seed}"))).collect()
    });
    println!("{tallies:?} in {:?}", started.elapsed());
    let sum = |of: fn(&Tally) -> usize| tallies.iter().map(of).sum::<usize>();
    assert!(sum(|tally| tally.killed) >= KILLS, "too few kills hit a running program: {tallies:?} in {:?}", started.elapsed());
    assert!(sum(|tally| tally.stopped) > 0, "no signal asked a running program to stop: {tallies:?}");
}

/// One workspace that applies and dies.
struct Killer {
    site: Site,
    dice: Dice,
    declared: Declared,
    foreign: Vec<emulator::Key>,
    /// Secrets of all times, also of keys that are deleted by now.
    secrets: std::collections::BTreeSet<String>,
    /// From the start of the program to its first request, and to its end.
    first: Duration,
    whole: Duration,
    tally: Tally,
}

impl Killer {
    fn new(number: usize, seed: u64) -> Self {
        let mut dice = Dice(seed ^ ((number as u64 + 1) << 56));
        let config = Config {
            disabled_keys: if number.is_multiple_of(2) { Listed::Shown } else { Listed::Hidden },
            answer_fields: [AnswerFields::Documented, AnswerFields::Extended, AnswerFields::Narrow, AnswerFields::Narrow][number % 4],
            patch_scopes: if number % 3 == 1 { PatchScopes::Merge } else { PatchScopes::Replace },
            list_lag_reads: number % 2,
            latency: Duration::from_millis(dice.below(6)),
            ..Config::default()
        };
        let site = Site::new(config);
        let foreign = ["made by hand", "one", "two kw-not-ours"]
            .map(|label| site.emulator.add_key(emulator::KeySeed::new(label, ["pcx:payments:*"])))
            .into();
        Self {
            site,
            dice,
            declared: Declared::new(),
            foreign,
            secrets: Default::default(),
            first: Duration::ZERO,
            whole: Duration::from_secs(1),
            tally: Tally::default(),
        }
    }

    /// Rounds of changes, kills and an undisturbed apply, until so many kills have hit.
    fn until(mut self, kills: usize, started: Instant) -> Tally {
        self.declare();
        self.undisturbed();
        while self.tally.killed < kills && started.elapsed() < MOST_TIME {
            self.tally.rounds += 1;
            let ahead = self.site.sandbox.ahead.unwrap_or_default() + SignedDuration::from_hours(self.dice.below(60) as i64);
            self.site.sandbox.ahead = Some(ahead);
            for _ in 0..self.dice.below(4) + 3 {
                if self.dice.one_in(2) {
                    self.declare();
                }
                self.spoil();
                self.kill();
            }
            self.undisturbed();
        }
        self.tally
    }

    /// Declares each key anew: with these scopes or those, disabled, or not at all. One stays at least: none at all is refused by a guard.
    fn declare(&mut self) {
        self.declared.clear();
        while self.declared.is_empty() {
            for name in NAMES {
                match self.dice.below(8) {
                    0 => {}
                    1 => drop(self.declared.insert(name.to_owned(), None)),
                    _ => drop(self.declared.insert(name.to_owned(), Some(self.dice.one_of(&SCOPES)))),
                }
            }
        }
        let line = |(name, scopes): (&String, &Option<&str>)| match scopes {
            Some(scopes) => {
                format!("  {name}: {{ scopes: [{}] }}\n", scopes.split(", ").map(|one| format!("\"{one}\"")).collect::<Vec<_>>().join(", "))
            }
            None => format!("  {name}: {{ scopes: [\"{}\"], state: disabled }}\n", SCOPES[0]),
        };
        self.site.declare(&self.declared.iter().map(line).collect::<String>());
    }

    /// Orders a lost answer now and then.
    fn spoil(&mut self) {
        if self.dice.one_in(3) {
            let (method, route) = self.dice.one_of(&[(0, Route::Create), (1, Route::Update), (2, Route::Read), (2, Route::List)]);
            let method = [Method::POST, Method::PATCH, Method::GET][method].clone();
            let fault = self.dice.one_of(&[Fault::ResetAfter, Fault::ErrorAfter, Fault::TruncatedJson, Fault::Html, Fault::ResetBefore]);
            self.site.emulator.order(Order { fault, method, route: Some(route), times: 1 });
        }
    }

    fn start(&self, output: fn() -> Stdio) -> Child {
        let mut command = self.site.sandbox.command(&["apply", "--yes"]);
        command.stdin(Stdio::null()).stdout(output()).stderr(output()).spawn().expect("started")
    }

    /// Starts an apply and kills it, or asks it to stop, once or twice.
    fn kill(&mut self) {
        // Few of them before the first request: nothing can be lost there.
        let from = if self.dice.one_in(10) { Duration::ZERO } else { self.first };
        let delay = self.dice.between(from, self.whole);
        let politely = self.dice.one_in(5);
        let mut child = self.start(Stdio::null);
        std::thread::sleep(delay);
        if child.try_wait().expect("a child").is_some() {
            self.tally.missed += 1;
            return;
        }
        if politely {
            let twice = self.dice.one_in(2);
            let signal = self.dice.one_of(&["-TERM", "-INT"]);
            for _ in 0..1 + usize::from(twice) {
                // It may have ended meanwhile.
                let _ = Command::new("kill").args([signal, &child.id().to_string()]).stderr(Stdio::null()).status();
            }
            let ended = child.wait().expect("ended");
            // Before it listens, and after it has stopped listening, a signal ends it as the system has it.
            assert!(matches!(ended.code(), Some(0 | 4)) || matches!(ended.signal(), Some(2 | SIGTERM)), "{ended}");
            self.tally.stopped += usize::from(ended.code().is_some());
        } else {
            child.kill().expect("killed");
            let hit = child.wait().expect("ended").signal() == Some(9);
            *(if hit { &mut self.tally.killed } else { &mut self.tally.missed }) += 1;
        }
        self.remember_secrets();
        order::no_plaintext(&self.site, &self.secrets);
    }

    /// Applies until all is done, which takes at most two, and one more where an edit was found not to work, and checks everything.
    fn undisturbed(&mut self) {
        self.site.emulator.clear_faults();
        let mut said = Vec::new();
        loop {
            let ran = self.apply();
            if ran.status.success() {
                break;
            }
            let text = [ran.stdout, ran.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
            // A provider that merges scopes is found out by the first edit that takes one away; the next apply replaces the key.
            let merges = said.is_empty() || text.contains("provider/not-applied");
            said.push(text);
            assert!(said.len() < 3 && merges, "{}", said.join("\nand then\n"));
        }
        self.remember_secrets();
        order::no_plaintext(&self.site, &self.secrets);
        order::in_order(&self.site, &self.declared, &self.foreign);
    }

    /// One apply that nobody disturbs, with the times it takes.
    fn apply(&mut self) -> Output {
        self.site.emulator.forget_requests();
        let started = Instant::now();
        let mut child = self.start(Stdio::piped);
        let mut first = None;
        // What it says fits into the pipes.
        while child.try_wait().expect("a child").is_none() {
            if first.is_none() && !self.site.emulator.requests().is_empty() {
                first = Some(started.elapsed());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        let whole = started.elapsed();
        // The longest of late, so that kills fall all over applies with more and with less to do.
        self.whole = whole.max(self.whole.mul_f32(0.7)).min(Duration::from_secs(2));
        self.first = first.unwrap_or(whole).min(self.whole);
        child.wait_with_output().expect("ended")
    }

    fn remember_secrets(&mut self) {
        self.secrets.extend(self.site.keys().into_iter().map(|key| key.secret));
    }
}
