//! Refusals that need a second party: a provider that says no, a plan that is out of date, a damaged journal.
#[path = "../examples/payconex-emulator/server.rs"]
mod emulator;
#[path = "program/run.rs"]
mod run;

use std::fs;
use std::path::PathBuf;
use std::process::Output;

use emulator::{Config, Emulator, Fault};
use reqwest::Method;
use tempfile::TempDir;

struct Scene {
    emulator: Emulator,
    copy: TempDir,
}

/// The PayConex example, in front of an emulator of its own.
fn payconex() -> Scene {
    let emulator = Emulator::start_in_thread(Config::default()).expect("a free port");
    let copy = run::copy_of_examples();
    let file = copy.path().join("examples/payconex/keywright.yaml");
    let text = fs::read_to_string(&file).expect("a workspace").replace("http://127.0.0.1:4010", &emulator.url());
    fs::write(&file, text).expect("written");
    Scene { emulator, copy }
}

impl Scene {
    fn keywright(&self, arguments: &[&str]) -> Output {
        let mut command = run::bare(run::PROGRAM, self.copy.path());
        command.args(["-C", "examples/payconex"]).args(arguments).env("PAYCONEX_ADMIN_KEY", self.emulator.admin_credential_json());
        command.output().expect("the program starts")
    }
}

fn assert_says(output: &Output, exit: i32, code: &str) {
    let told = run::told(output);
    assert_eq!(output.status.code(), Some(exit), "{told}");
    assert!(told.contains(code), "`{code}` is not said: {told}");
}

#[test]
fn a_missing_credential_is_named() {
    let scene = payconex();
    let output = run::run(scene.copy.path(), &["-C", "examples/payconex", "apply", "--yes"]);
    assert!(
        run::told(&output).contains("credential/missing") && run::told(&output).contains("PAYCONEX_ADMIN_KEY"),
        "{}",
        run::told(&output)
    );
    assert_ne!(output.status.code(), Some(0));
    assert!(scene.emulator.requests().is_empty());
}

#[test]
fn a_refused_create_leaves_nothing() {
    let scene = payconex();
    scene.emulator.set_admin_scopes(["pcx:api_key:read", "pcx:webhooks:*"]);
    assert_says(&scene.keywright(&["apply", "--yes", "payconex-prod/billing-webhooks"]), 4, "provider/write-refused");
    assert_eq!(scene.emulator.keys().len(), 1);
    assert!(!scene.copy.path().join("examples/payconex/secrets").exists());
}

#[test]
fn an_unanswered_create_is_finished_or_undone() {
    let scene = payconex();
    scene.emulator.inject(Fault::Html, Method::POST, 1);
    let first = scene.keywright(&["apply", "--yes", "payconex-prod/billing-webhooks"]);
    let told = run::told(&first);
    let second = scene.keywright(&["apply", "--yes", "payconex-prod/billing-webhooks"]);
    assert_eq!(second.status.code(), Some(0), "{}", run::told(&second));
    let alive = scene.emulator.keys().into_iter().filter(|key| key.enabled && key.id != scene.emulator.admin_id()).count();
    assert_eq!(alive, 1, "{told}");
}

/// The quick start, applied, with a plan that was saved before `change`.
fn after_saving(change: impl FnOnce(PathBuf)) -> (TempDir, Output) {
    let copy = run::copy_of_examples();
    let quickstart = |arguments: &[&str]| run::run(copy.path(), &[&["-C", "examples/quickstart"], arguments].concat());
    assert_eq!(quickstart(&["apply", "--yes"]).status.code(), Some(0));
    assert_eq!(quickstart(&["plan", "--out", "saved.json"]).status.code(), Some(0));
    change(copy.path().join("examples/quickstart"));
    let output = quickstart(&["apply", "saved.json", "--yes"]);
    (copy, output)
}

#[test]
fn a_plan_of_other_manifests_is_stale() {
    let (_copy, output) = after_saving(|workspace| {
        let file = workspace.join("keys/shop.yaml");
        let text = fs::read_to_string(&file).expect("a manifest");
        fs::write(&file, text.replace("[prices:write, products:read]", "[prices:write]")).expect("written");
    });
    assert_says(&output, 3, "plan/stale");
}

#[test]
fn a_saved_plan_is_an_upper_bound() {
    let (_copy, output) = after_saving(|workspace| {
        let file = workspace.join(".keywright/keyring.json");
        let text = fs::read_to_string(&file).expect("a store");
        let changed = text.replacen("\"enabled\":true", "\"enabled\":false", 1).replacen("\"enabled\": true", "\"enabled\": false", 1);
        assert_ne!(changed, text);
        fs::write(&file, changed).expect("written");
    });
    assert_says(&output, 3, "plan/exceeds-approved");
}

#[test]
fn a_damaged_journal_stops_everything() {
    let (copy, output) = after_saving(|workspace| {
        fs::write(workspace.join(".keywright/journal.jsonl"), "not a journal\nat all\n").expect("written");
    });
    assert_says(&output, 1, "apply/journal");
    let plan = run::run(copy.path(), &["-C", "examples/quickstart", "plan"]);
    assert_says(&plan, 1, "apply/journal");
}
