//! Recorded exchanges: each `tests/exchanges/**/*.yaml` is carried out against a server that knows its lines, and compared.
//!
//! `EXCHANGES=gitlab cargo test --test exchanges` carries out only files with that in their path. `tests/exchanges/README.md` has the format.
#[path = "exchanges/carry_out.rs"]
mod carry_out;
#[path = "exchanges/compare.rs"]
mod compare;
#[path = "exchanges/format.rs"]
mod format;
#[path = "exchanges/harness_tests.rs"]
mod harness_tests;
#[path = "exchanges/server.rs"]
mod server;

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::{env, fs, thread};

use format::ExchangeFile;

#[test]
fn every_exchange_goes_as_written() {
    let only = env::var("EXCHANGES").unwrap_or_default();
    let mut paths = Vec::new();
    find(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/exchanges"), &mut paths);
    paths.retain(|path| path.to_string_lossy().contains(&only));
    paths.sort();
    assert!(!paths.is_empty(), "there are no exchanges");

    let (waiting, failures) = (Mutex::new(paths.into_iter()), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let Some(path) = waiting.lock().expect("no panic").next() else { return };
                    let below = path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap_or(&path).display().to_string();
                    let problems = carry_out_file(&path).into_iter().map(|problem| format!("{below}: {problem}"));
                    failures.lock().expect("no panic").extend(problems);
                }
            });
        }
    });
    let mut failures = failures.into_inner().expect("no panic");
    failures.sort();
    assert!(failures.is_empty(), "{} exchanges did not go as written:\n\n{}", failures.len(), failures.join("\n\n"));
}

/// Every file of exchanges below a directory: those that have `cases`. Profiles and parts of profiles stand beside them.
fn find(directory: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            find(&path, paths);
        } else if path.extension().is_some_and(|end| end == "yaml") && !path.to_string_lossy().ends_with(".profile.yaml") {
            paths.push(path);
        }
    }
}

/// What is wrong with one file; each problem begins with its case.
fn carry_out_file(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).expect("readable");
    let file = match ExchangeFile::parse(&text, path.parent().expect("a directory")) {
        Ok(file) => file,
        Err(problem) => return vec![problem],
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(carry_out::all(&file))
}
