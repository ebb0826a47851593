//! How fast the program is: `cargo bench`. `cargo bench -- generate DIR KEYS FILES [ledger]` writes a workspace to measure by hand.
#[path = "../examples/payconex-emulator/server.rs"]
mod emulator;
#[path = "speed/generated.rs"]
mod generated;

use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use criterion::{Criterion, SamplingMode, Throughput};
use emulator::{Config, EXAMPLE_ACCOUNT, EXAMPLE_ID, EXAMPLE_SECRET, Emulator, Environment, KeySeed};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;
use keywright::profile::Profile;
use keywright::provider::Provider as _;
use keywright::provider::http::{AccountAt, HttpProvider};
use keywright::vault::{self, Recipient};
use keywright::workspace;
use reqwest::Client;
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

/// That of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const KEYS: usize = 10_000;
const PAGE: usize = 100;
/// Pages at once, for the bare client: as many as the program takes.
const AT_ONCE: usize = 8;
const NOW: &str = "2026-11-21T09:00:00Z";

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    if let [first, root, keys, files, rest @ ..] = &words[..]
        && first == "generate"
    {
        let number = |text: &String| text.parse().expect("a number");
        generated::workspace(Path::new(root), number(keys), number(files));
        if rest.iter().any(|word| word == "ledger") {
            generated::ledger(Path::new(root), now());
        }
        return;
    }
    let mut criterion = Criterion::default().configure_from_args();
    start_up(&mut criterion);
    manifests(&mut criterion);
    listing(&mut criterion);
    sealing(&mut criterion);
    criterion.final_summary();
}

fn now() -> Timestamp {
    NOW.parse().expect("an instant")
}

/// Runs the program in a workspace, as a user would; what it prints goes nowhere.
fn run(arguments: &[&str], root: &Path) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keywright"));
    let status = command.args(arguments).current_dir(root).env_clear().stdout(Stdio::null()).status().expect("the program starts");
    assert!(status.success(), "{arguments:?}: {status}");
}

fn start_up(criterion: &mut Criterion) {
    criterion.bench_function("start-up", |bencher| bencher.iter(|| run(&["--version"], Path::new("."))));
}

/// 10,000 keys with 20 scopes each: read alone, and planned by the whole program.
fn manifests(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("manifests");
    group.sample_size(10).sampling_mode(SamplingMode::Flat).throughput(Throughput::Elements(KEYS as u64));
    for (name, files, with_ledger) in [("one file", 1, false), ("10000 files", KEYS, false), ("one file and the ledger", 1, true)] {
        let root = TempDir::new().expect("a directory");
        generated::workspace(root.path(), KEYS, files);
        if with_ledger {
            generated::ledger(root.path(), now());
        }
        group.bench_function(format!("parse {name}"), |bencher| bencher.iter(|| black_box(workspace::load(root.path(), now()))));
        let arguments = ["plan", "--offline", "--now", NOW];
        group.bench_function(format!("plan {name}"), |bencher| bencher.iter(|| run(&arguments, root.path())));
    }
    group.finish();
}

/// The same pages by the program's engine and by a client that only fetches them.
fn listing(criterion: &mut Criterion) {
    let emulator = Emulator::start_in_thread(Config { environment: Environment::Certification, ..Config::default() }).expect("an emulator");
    let scopes = generated::scopes();
    // The admin key is one of the 10,000.
    for number in 1..KEYS {
        let own = scopes.iter().cycle().skip(number * 7 % scopes.len()).take(20);
        emulator.add_key(KeySeed::new(&format!("Key {number:06}"), own.map(String::as_str)));
    }
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut group = criterion.benchmark_group("listing");
    group.sample_size(20).sampling_mode(SamplingMode::Flat).throughput(Throughput::Elements(KEYS as u64));
    for auth in ["hmac", "basic"] {
        group.bench_function(format!("program, {auth}"), |bencher| {
            let provider = open(&emulator, auth);
            bencher.iter_with_large_drop(|| {
                let keys = runtime.block_on(provider.list()).expect("a listing");
                assert_eq!(keys.len(), KEYS);
                keys
            });
        });
    }
    group.bench_function("bare client, basic", |bencher| {
        let client = Client::builder().no_proxy().build().expect("a client");
        bencher.iter(|| black_box(fetch(&runtime, &client, &emulator)));
    });
    group.finish();
}

fn open(emulator: &Emulator, auth: &str) -> HttpProvider {
    let profile = Arc::new(Profile::builtin("payconex").expect("built in"));
    let credential = profile.credential().expect("a shape").parse(&emulator.admin_credential_json()).expect("a credential");
    let params = BTreeMap::from([("account_id".to_owned(), EXAMPLE_ACCOUNT.to_owned()), ("auth".to_owned(), auth.to_owned())]);
    let at = AccountAt { environment: Some("certification"), endpoint: Some(&emulator.url()), params: &params };
    HttpProvider::open(profile, at, credential, Timestamp::now).expect("a provider")
}

/// Every page of the list, unread.
fn fetch(runtime: &Runtime, client: &Client, emulator: &Emulator) -> Vec<usize> {
    let page = |number: usize| async move {
        let url = format!("{}/accounts/{EXAMPLE_ACCOUNT}/api-keys?page={number}&limit={PAGE}", emulator.api_base());
        let answer = client.get(url).basic_auth(EXAMPLE_ID, Some(EXAMPLE_SECRET)).send().await?.error_for_status()?;
        Ok::<usize, reqwest::Error>(answer.bytes().await?.len())
    };
    runtime.block_on(async {
        let mut sizes = vec![page(1).await.expect("a page")];
        let rest = stream::iter((2..=KEYS / PAGE).map(page)).buffered(AT_ONCE).try_collect::<Vec<_>>().await;
        sizes.extend(rest.expect("pages"));
        sizes
    })
}

fn sealing(criterion: &mut Criterion) {
    let recipients: Vec<Recipient> = (0..3).map(|_| Recipient::parse(&vault::generate().1).expect("a recipient")).collect();
    let mut group = criterion.benchmark_group("sealing");
    group.sample_size(10).sampling_mode(SamplingMode::Flat).throughput(Throughput::Elements(1000));
    group.bench_function("1000 secrets to 3 recipients", |bencher| {
        bencher.iter(|| {
            for number in 0..1000 {
                let secret = format!("{{\"id\":\"api_{number:032x}\",\"secret\":\"{number:032x}\"}}");
                black_box(vault::seal(secret.as_bytes(), &recipients).expect("sealed"));
            }
        });
    });
    group.finish();
}
