//! Sockets that stall: an apply in this process, with little patience.
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use keywright::apply::journal::{self, Journal};
use keywright::apply::{self, Account, Outcome, Surroundings, observe};
use keywright::ledger::Ledger;
use keywright::model::GenerationState::{Active, Sealed};
use keywright::model::{KeyRecord, Listing, Name};
use keywright::plan::{self, AccountInput, Mode, PlanInput};
use keywright::provider::http::{AccountAt, HttpProvider};
use keywright::provider::transport::Limits;
use keywright::workspace;

use crate::emulator::{Config, Fault, Route};
use crate::site::{BILLING, Site};
use crate::{assert_whole, order, pass};

const LONG: Duration = Duration::from_secs(600);
const LIMITS: Limits = Limits {
    connect: Duration::from_secs(5),
    call: Duration::from_millis(500),
    answer: 1 << 20,
    retries: Duration::from_millis(100),
    ..Limits::USUAL
};

/// A clock that waits move on.
struct Still(Cell<Timestamp>);

#[async_trait::async_trait(?Send)]
impl Surroundings for Still {
    fn now(&self) -> Timestamp {
        self.0.get()
    }

    async fn wait(&self, time: Duration) {
        self.0.set(self.0.get() + SignedDuration::try_from(time).expect("short"));
    }

    fn random(&self) -> [u8; 5] {
        let mut bytes = [0; 5];
        getrandom::fill(&mut bytes).expect("randomness");
        bytes
    }

    fn stopping(&self) -> bool {
        false
    }

    fn progress(&self, _: &Name, _: &str) {}
}

/// Recovers, plans and carries out as the program does. `Err`: the listing is unavailable, for this reason.
fn apply_with_little_patience(site: &Site) -> Result<Vec<Outcome>, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(run(site, LIMITS))
}

async fn run(site: &Site, limits: Limits) -> Result<Vec<Outcome>, String> {
    let root = site.sandbox.work();
    let surroundings = Still(Cell::new(Timestamp::from_second(Timestamp::now().as_second()).expect("a time")));
    let loaded = workspace::load(&root, surroundings.now()).workspace;
    let (name, account) = loaded.accounts.first_key_value().expect("an account");
    let mut all = loaded.ledger.clone();
    journal::replay(&root, b"", &mut all).expect("a journal");
    let mut records: BTreeMap<Name, KeyRecord> = all.into_iter().map(|(address, record)| (address.name, record)).collect();
    let credential = account.profile.credential().expect("a shape").parse(&site.emulator.admin_credential_json()).expect("a credential");
    let at = AccountAt { environment: account.environment.as_deref(), endpoint: account.endpoint.as_deref(), params: &account.params };
    let provider = HttpProvider::open_within(limits, account.profile.clone(), at, credential, Timestamp::now).expect("a provider");
    let capabilities = &account.profile.capabilities;
    let (ledger, journal) = (Ledger::new(&root), Journal::of(&root));
    let keys: BTreeMap<_, _> = loaded.keys.iter().map(|(address, key)| (address.name.clone(), key)).collect();
    let mut outcomes = Vec::new();
    for recovering in [true, false] {
        let known: BTreeMap<Name, &KeyRecord> = records.iter().map(|(name, record)| (name.clone(), record)).collect();
        let listed = observe::observe(&provider, capabilities, &known, surroundings.now()).await;
        let listing = listed.map(Listing::Complete).map_err(|error| error.to_string())?;
        let no_options = BTreeMap::new();
        let input = AccountInput {
            moved: BTreeMap::new(),
            parts: &account.profile.secret.parts,
            provider: &account.profile.name,
            capabilities,
            catalogue: &account.catalogue,
            listing,
            desired: keys.clone(),
            ledger: known,
            attended: None,
            unmanaged: &loaded.unmanaged,
            own_untold: false,
            options: &no_options,
        };
        let plan = plan::plan(&PlanInput {
            now: surroundings.now(),
            mode: Mode::Live,
            accounts: BTreeMap::from([(name.clone(), input)]),
            only: BTreeSet::new(),
            can_open: false,
            digest: loaded.digest.clone(),
            asked: plan::Asked::default(),
            before: plan::Before::default(),
            guarding: plan::Guarding::default(),
            deliveries: BTreeMap::new(),
        });
        let open = Account {
            name,
            provider_name: &account.profile.name,
            provider: &provider,
            capabilities,
            catalogue: &account.catalogue,
            secret_parts: &account.profile.secret.parts,
            attended: false,
            keys: keys.clone(),
            formerly: BTreeMap::new(),
            records: RefCell::new(records),
            listed: Default::default(),
            ledger: &ledger,
            journal: &journal,
            identities: None,
            surroundings: &surroundings,
            halted: Cell::new(false),
            notices: RefCell::default(),
            api: None,
            issued_by: None,
            places: None,
            fresh: RefCell::default(),
            default_cooldown: keywright::model::Span::days(7),
        };
        if recovering {
            let names = open.records.borrow().keys().cloned().collect();
            outcomes.extend(apply::recover(&open, names).await.into_iter().filter(|outcome| outcome.result.is_err()));
        } else {
            outcomes.extend(apply::carry_out(&open, plan.changes.iter().collect()).await);
        }
        records = open.records.into_inner();
    }
    journal.close().expect("closed");
    Ok(outcomes)
}

fn failures(outcomes: &[Outcome]) -> Vec<String> {
    outcomes.iter().filter_map(|outcome| outcome.result.as_ref().err().map(|failure| format!("{:?}: {failure}", failure.code))).collect()
}

#[test]
fn a_list_that_stalls_is_unavailable() {
    for fault in [Fault::Stall(LONG), Fault::StallBody(LONG)] {
        let site = Site::new(Config::default());
        order(&site, fault, Route::List, 9);
        let why = apply_with_little_patience(&site).expect_err("no listing");
        assert!(why.contains("no whole answer within 0.5 seconds"), "{why}");
        assert_eq!((site.keys().len(), site.emulator.count(Route::List)), (0, 1), "patience is over after one call");
        site.emulator.clear_faults();
        site.settle();
        assert_whole(&site);
    }
}

#[test]
fn a_create_that_stalls_is_found_by_its_marker() {
    for fault in [Fault::Stall(LONG), Fault::StallBody(LONG)] {
        let site = Site::new(Config::default());
        order(&site, fault, Route::Create, 1);
        assert_eq!(failures(&apply_with_little_patience(&site).expect("a listing")), Vec::<String>::new());
        assert_eq!((site.emulator.count(Route::Create), site.states("billing")), (1, vec![(1, Active)]));
        assert_whole(&site);
        site.settle();
    }
}

#[test]
fn a_trial_of_the_new_key_that_stalls_decides_nothing() {
    for fault in [Fault::Stall(LONG), Fault::StallBody(LONG)] {
        let site = Site::new(Config::default());
        // Two listings, and then the new key's own call.
        pass(&site, Route::List, 2);
        order(&site, fault, Route::List, 1);
        let failures = failures(&apply_with_little_patience(&site).expect("a listing"));
        assert!(failures.len() == 1 && failures[0].starts_with("ProviderVerifyUndecided"), "{failures:?}");
        assert_eq!((site.live().len(), site.states("billing")), (1, vec![(1, Sealed)]));
        site.settle();
        assert_eq!(site.emulator.count(Route::Create), 1);
        assert_whole(&site);
    }
}

#[test]
fn a_read_that_stalls_after_a_create_leaves_the_key_sealed() {
    for fault in [Fault::Stall(LONG), Fault::StallBody(LONG)] {
        let site = Site::new(Config::default());
        order(&site, fault, Route::Read, 1);
        let failures = failures(&apply_with_little_patience(&site).expect("a listing"));
        assert!(failures.len() == 1 && failures[0].contains("could not read the key back"), "{failures:?}");
        assert_eq!(site.states("billing"), [(1, Sealed)]);
        site.settle();
        assert_whole(&site);
    }
}

#[test]
fn a_disabling_that_stalls_is_read_back() {
    for fault in [Fault::Stall(LONG), Fault::StallBody(LONG)] {
        let site = Site::new(Config::default());
        site.settle();
        site.declare("");
        order(&site, fault, Route::Update, 1);
        assert_eq!(failures(&apply_with_little_patience(&site).expect("a listing")), Vec::<String>::new());
        assert_eq!(site.live(), []);
        site.declare(BILLING);
        site.settle();
        assert_whole(&site);
    }
}

#[test]
fn an_answer_beyond_the_limit_is_given_up_at_the_limit() {
    let site = Site::new(Config::default());
    for number in 0..8000 {
        site.emulator.add_key(crate::emulator::KeySeed::new(&format!("foreign {number}"), ["pcx:webhooks:read"]));
    }
    site.emulator.configure(|config| config.max_limit = 100);
    // No page is too large, however many there are.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let patient = Limits { call: LONG, ..LIMITS };
    assert_eq!(failures(&runtime.block_on(run(&site, patient)).expect("pages are small")), Vec::<String>::new());
    order(&site, Fault::Endless, Route::List, 1);
    let why = apply_with_little_patience(&site).expect_err("no listing");
    assert!(why.contains("larger than 1048576 bytes") || why.contains("no whole answer"), "{why}");
}

#[test]
fn a_listing_has_an_end_in_bytes_and_in_entries() {
    let site = Site::new(Config::default());
    for number in 0..300 {
        site.emulator.add_key(crate::emulator::KeySeed::new(&format!("foreign {number}"), ["pcx:webhooks:read"]));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let patient = Limits { call: LONG, ..LIMITS };
    for (limits, why) in [
        (Limits { entries: 299, ..patient }, Some("the list has more than 299 entries")),
        (Limits { listed: 2000, ..patient }, Some("the list has more than 2000 bytes")),
        (Limits { entries: 301, ..patient }, None),
    ] {
        let said = runtime.block_on(run(&site, limits));
        match why {
            Some(why) => assert!(said.as_ref().is_err_and(|said| said.contains(why)), "{why}: {said:?}"),
            None => assert!(said.is_ok(), "{said:?}"),
        }
    }
}

#[test]
fn the_limits_of_the_program_are_these() {
    let seconds = Duration::from_secs;
    let limits = Limits {
        connect: seconds(5),
        call: seconds(30),
        answer: 8 << 20,
        retries: seconds(10),
        listing: seconds(900),
        listed: 256 << 20,
        entries: 1_000_000,
    };
    assert_eq!(Limits::default(), limits);
}
