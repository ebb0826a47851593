//! `fulfil` is killed at every point: what a person handed over is published by the next run, or asked for again under the same name.
use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use jiff::Timestamp;
use tempfile::TempDir;

use super::super::args::{ApplyArgs, Asking, Colour, FulfilArgs, Global, Writing};
use super::super::exit::{Exit, Stop};
use super::super::host::Host;
use super::super::{apply, fulfil};
use super::site::{Files, tree};
use crate::diagnostics::Report;
use crate::ledger::Ledger;
use crate::model::{Format, Generation, GenerationState, Name};
use crate::profile::Profile;
use crate::provider::Provider;
use crate::provider::attended::AttendedProvider;
use crate::provider::http::AccountAt;
use crate::seam::{self, Stage, Then};
use crate::vault::examples::{AGE_PUBLIC, AGE_SECRET};
use crate::vault::{self, Identities};

const PROFILE: &str = "version: 1\nname: hand\ntitle: By hand\nsecret: { parts: [secret], pattern: 'hand_[a-z]+' }\n\
    capabilities: { label: { max: 100 }, editable: {}, disable: none, expiry: { settable: false, tolerance: 0s }, consistency: 0s }\n\
    catalogue: { form: '[a-z:]+', unlisted: allow }\n\
    runbooks: { create: { title: \"make {{ label }}\", steps: [] }, revoke: { title: \"revoke {{ label }}\", steps: [] } }\n";
const FIRST: &str = "hand_first";
const SECOND: &str = "hand_second";

struct Place {
    _directory: TempDir,
    root: PathBuf,
    now: Timestamp,
    /// Other markers at each run.
    drawn: Rc<Cell<u8>>,
}

impl Place {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let root = directory.path().join("workspace");
        for below in ["providers", "keys"] {
            fs::create_dir_all(root.join(below)).expect("a directory");
        }
        let config = format!(
            "version: 1\naccounts:\n  pay: {{ provider: hand }}\nrecipients: {{ ops: [{AGE_PUBLIC}] }}\ndefaults: {{ recipients: [ops], lifetime: 90d }}\n"
        );
        fs::write(root.join("keywright.yaml"), config).expect("written");
        fs::write(root.join("providers/hand.yaml"), PROFILE).expect("written");
        let place = Self { _directory: directory, root, now: "2026-11-21T09:00:00Z".parse().expect("an instant"), drawn: Rc::default() };
        place.declare("a:b");
        place
    }

    fn declare(&self, scope: &str) {
        fs::write(self.root.join("keys/pay.yaml"), format!("account: pay\nkeys:\n  one: {{ scopes: [\"{scope}\"] }}\n")).expect("written");
    }

    /// Runs a command; it dies when it has reached this many points. How it ended, and how many points there were.
    fn run(&self, die_at: Option<usize>, act: impl FnOnce(&Host) -> Result<Exit, Stop>) -> (Option<Exit>, usize) {
        let host = Host::new(&Global {
            directory: Some(self.root.clone()),
            now: Some(self.now),
            color: Colour::Never,
            quiet: false,
            verbose: false,
        });
        let (points, drawn) = (Rc::new(Cell::new(0)), self.drawn.clone());
        let seen = points.clone();
        let watch = move |_: &str| {
            seen.set(seen.get() + 1);
            if die_at == Some(seen.get()) { Then::Die } else { Then::GoOn }
        };
        let draw = move || {
            drawn.set(drawn.get() + 1);
            [drawn.get(), 1, 2, 3, 4]
        };
        let open = |_: &Name| {
            let profile = Arc::new(Profile::parse(&"hand.yaml".into(), PROFILE.as_bytes(), &mut Report::default()).expect("a profile"));
            let at = AccountAt { environment: None, endpoint: None, params: &std::collections::BTreeMap::new() };
            Box::new(AttendedProvider::open(&profile, at, || Timestamp::UNIX_EPOCH).expect("opened")) as Box<dyn Provider>
        };
        let ended =
            seam::run(Stage { watch: Box::new(watch), open: Rc::new(open), places: None, issuers: None, draw: Box::new(draw) }, || {
                act(&host).unwrap_or_else(|stop| {
                    host.report(&stop);
                    stop.exit
                })
            });
        (ended, points.get())
    }

    fn writing() -> Writing {
        Writing { commit: false, push: false, durable: None, local: true }
    }

    fn apply(&self, die_at: Option<usize>) -> (Option<Exit>, usize) {
        let args = ApplyArgs {
            targets: Vec::new(),
            yes: true,
            asking: Asking::default(),
            identity: Vec::new(),
            writing: Self::writing(),
            output: Vec::new(),
            detailed_exitcode: false,
        };
        self.run(die_at, |host| apply::run(host, &args))
    }

    fn fulfil(&self, token: &str, die_at: Option<usize>) -> (Option<Exit>, usize) {
        seam::type_in(token);
        let args = FulfilArgs {
            withdraw: false,
            address: "pay/one".parse().expect("an address"),
            revoked: false,
            generation: None,
            expires: None,
            unverified: false,
            identity: Vec::new(),
            writing: Self::writing(),
        };
        self.run(die_at, |host| fulfil::run(host, &args))
    }

    /// The generations, oldest first.
    fn generations(&self) -> Vec<Generation> {
        let records = Ledger::new(&self.root).load_all(&mut Report::default()).records;
        let mut all: Vec<Generation> = records.into_values().flat_map(|record| record.generations).collect();
        all.sort_by_key(|generation| generation.number);
        all
    }

    fn states(&self) -> Vec<GenerationState> {
        self.generations().iter().map(|generation| generation.state).collect()
    }

    fn secret(&self) -> Option<String> {
        let ciphertext = fs::read(self.root.join("secrets/pay/one.age")).ok()?;
        let keys = Identities::parse(AGE_SECRET.as_bytes(), "identity.txt").expect("an identity");
        let opened = vault::open(&ciphertext, &keys).ok()?;
        let secret = vault::format::read(&opened, Format::Raw, &["secret".to_owned()]).ok()?;
        secret.part("secret").map(str::to_owned)
    }
}

pub(super) fn put_back(root: &Path, files: &Files) {
    fs::remove_dir_all(root).expect("removed");
    fs::create_dir_all(root).expect("a directory");
    for (path, bytes) in files {
        match bytes {
            None => fs::create_dir_all(root.join(path)).expect("a directory"),
            Some(bytes) => {
                fs::create_dir_all(root.join(path).parent().expect("a parent")).expect("a directory");
                fs::write(root.join(path), bytes).expect("a file");
            }
        }
    }
}

/// Kills `fulfil` at each point, goes on with `apply`, and hands over once more where it is still waited for.
fn killed_everywhere(place: &Place, token: &str, before: Option<&str>, expected: &[GenerationState]) {
    let image = tree(&place.root);
    let name = place.generations().last().expect("an open step").label.clone();
    let (ended, points) = place.fulfil(token, None);
    assert_eq!((ended, place.secret().as_deref()), (Some(Exit::Done), Some(token)));
    assert!(points > 5, "{points}");
    for point in 1..=points {
        put_back(&place.root, &image);
        assert_eq!(place.fulfil(token, Some(point)).0, None, "it dies at {point}");
        let there = place.secret();
        assert!(there.as_deref() == before || there.as_deref() == Some(token), "at {point}: the secret in place is whole");
        assert_eq!(place.apply(None).0, Some(Exit::Done), "at {point}: {}", seam::said());
        if place.states().contains(&GenerationState::Attended) {
            assert_eq!(place.secret().as_deref(), before, "at {point}: nothing was lost");
            assert_eq!(place.generations().last().map(|open| open.label.clone()), Some(name.clone()), "at {point}: the same name");
            assert_eq!(place.fulfil(token, None).0, Some(Exit::Done), "at {point}: {}", seam::said());
        }
        assert_eq!((place.states().as_slice(), place.secret().as_deref()), (expected, Some(token)), "at {point}");
        assert_eq!(place.generations().last().map(|made| made.label.clone()), Some(name.clone()), "at {point}");
    }
}

#[test]
fn fulfil_after_a_death_says_whether_it_took_what_it_was_given() {
    let place = Place::new();
    place.apply(None);
    let image = tree(&place.root);
    let (_, points) = place.fulfil(FIRST, None);
    let mut ends = Vec::new();
    for point in 1..=points {
        put_back(&place.root, &image);
        assert_eq!(place.fulfil(FIRST, Some(point)).0, None, "it dies at {point}");
        let exit = place.fulfil(SECOND, None).0.expect("nothing kills it");
        let taken = place.secret().as_deref() == Some(SECOND);
        assert_eq!(exit == Exit::Done, taken, "at {point}: {exit:?}, {}", seam::said());
        ends.push(exit);
    }
    assert!(ends.contains(&Exit::Done) && ends.contains(&Exit::Partial), "{ends:?}");
}

#[test]
fn a_first_secret_survives_every_death() {
    let place = Place::new();
    assert_eq!((place.apply(None).0, place.states()), (Some(Exit::Done), vec![GenerationState::Attended]));
    killed_everywhere(&place, FIRST, None, &[GenerationState::Active]);
}

#[test]
fn the_secret_in_use_survives_every_death_of_its_successors_arrival() {
    let place = Place::new();
    place.apply(None);
    place.fulfil(FIRST, None);
    place.declare("a:c");
    assert_eq!(place.apply(None).0, Some(Exit::Done));
    killed_everywhere(&place, SECOND, Some(FIRST), &[GenerationState::Retiring, GenerationState::Active]);
}

#[test]
fn an_opening_that_dies_leaves_one_step_with_one_name() {
    let place = Place::new();
    let image = tree(&place.root);
    let (_, points) = place.apply(None);
    for point in 1..=points {
        put_back(&place.root, &image);
        let ended = place.apply(Some(point)).0;
        let promised: Vec<String> = place.generations().iter().map(|generation| generation.label.clone()).collect();
        assert_eq!((ended, place.apply(None).0), (None, Some(Exit::Done)), "at {point}: {}", seam::said());
        let now: Vec<String> = place.generations().iter().map(|generation| generation.label.clone()).collect();
        assert_eq!((place.states(), now.len()), (vec![GenerationState::Attended], 1), "at {point}");
        assert!(promised.is_empty() || promised == now, "at {point}: a name that was written down stays");
    }
}
