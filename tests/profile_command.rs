//! `profile new` and `profile test`: a fresh profile is filled in, tried at a vendor, and told where the vendor does otherwise.
#[path = "profile_command/acme.rs"]
mod acme;
#[path = "../examples/payconex-emulator/server.rs"]
mod emulator;
#[path = "program/run.rs"]
mod run;

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use acme::{ADMIN, Acme, Habits};
use emulator::{Config, EXAMPLE_ACCOUNT, Emulator, EnabledField, Listed};
use serde_json::Value;
use tempfile::TempDir;

/// A directory with a profile of Acme as `profile new` writes it, its blanks filled in.
fn filled() -> TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    run::succeed(directory.path(), &["profile", "new", "acme"]);
    let path = directory.path().join("providers/acme.yaml");
    let text = fs::read_to_string(&path).expect("written");
    let text =
        text.replace("CHANGE-ME", "Acme").replace("change-me.example", "acme.example").replace("consistency: 10s", "consistency: 1s");
    fs::write(&path, text).expect("written");
    directory
}

fn command(directory: &Path, acme: &Acme, more: &[&str]) -> Command {
    let mut command = run::bare(run::PROGRAM, directory);
    command.args(["profile", "test", "providers/acme.yaml", "--endpoint", &acme.url]).args(more).env("ACME_ADMIN_KEY", ADMIN);
    command
}

/// Tries the profile; no secret is told, whatever happens.
fn test(directory: &Path, acme: &Acme, more: &[&str]) -> Output {
    let output = command(directory, acme, more).output().expect("the program starts");
    let told = run::told(&output);
    for secret in acme.tokens().iter().map(String::as_str).chain([ADMIN, &ADMIN[..ADMIN.len() - 1]]) {
        assert!(!told.contains(secret), "{secret} in {told}");
    }
    output
}

/// Findings that are not as the profile says: check, what it says, what to change.
fn differences(output: &Output) -> Vec<(String, String, String)> {
    let json: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", run::told(output)));
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let findings = json["findings"].as_array().expect("findings").iter();
    let differs = findings.filter(|finding| finding["outcome"] == "differs");
    differs.map(|finding| (text(&finding["check"]), text(&finding["says"]), text(&finding["change"]))).collect()
}

#[test]
fn reading_writes_nothing() {
    let (directory, acme) = (filled(), Acme::start(Habits::default(), 4));
    let output = test(directory.path(), &acme, &[]);
    let told = run::told(&output);
    assert_eq!(output.status.code(), Some(0), "{told}");
    assert!(acme.asked().iter().all(|asked| asked.starts_with("GET ")), "{:?}", acme.asked());
    for line in
        ["4 keys, the same twice", "3 keys read by id, as the list has it", "is not found", "is refused as one", "/color", "0 otherwise"]
    {
        assert!(told.contains(line), "{line}\n{told}");
    }
}

#[test]
fn the_life_of_a_key_leaves_nothing() {
    let (directory, acme) = (filled(), Acme::start(Habits::default(), 1));
    let before = acme.labels();
    let output = test(directory.path(), &acme, &["--write", "-o", "json"]);
    assert_eq!((output.status.code(), differences(&output)), (Some(0), Vec::new()), "{}", run::told(&output));
    assert_eq!(acme.labels(), before);
    let json: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let checks: Vec<&str> = json["findings"].as_array().expect("findings").iter().filter_map(|finding| finding["check"].as_str()).collect();
    for check in ["create", "read back", "verify", "edit of the label", "edit of the scopes", "edit of the expiry", "delete"] {
        assert!(checks.contains(&check), "{check} in {checks:?}");
    }
    assert_eq!((json["wrote"].as_bool(), json["left"].as_array().map(Vec::len)), (Some(true), Some(0)));
    let writes = acme.asked().iter().filter(|asked| asked.starts_with("POST ")).count();
    assert_eq!(writes, 1);
}

#[test]
fn what_the_vendor_does_otherwise_is_told_with_the_field_to_change() {
    let usual = Habits::default();
    let habits = [
        (
            Habits { ignores_labels: true, ..usual },
            "edit of the label",
            "an edit of the label changed nothing",
            "capabilities.editable.label: false",
        ),
        (
            Habits { expands_scopes: true, ..usual },
            "read back",
            "scopes came back expanded: 1 asked, 2 told",
            "capabilities.scopes: expanded",
        ),
        (
            Habits { ends_an_hour_later: true, ..usual },
            "read back",
            "expiry came back 3600 s later than asked",
            "capabilities.expiry.tolerance: 1h",
        ),
        (Habits { forgets_the_end_by_an_edit: true, ..usual }, "edit of the label", "changed the expiry, too", "`from: get`"),
        (Habits { unknown_is_400: true, ..usual }, "unknown id", "is not told as not found: refused: status 400", "means: not-found"),
        (Habits { takes_anybody: true, ..usual }, "wrong credential", "lists keys all the same", "api.http.auth"),
        (
            Habits { lists_poorly: true, ..usual },
            "get",
            "a key read by its id tells scopes, and the list does not",
            "api.http.operations.list.then",
        ),
    ];
    let directory = filled();
    for (habits, check, says, change) in habits {
        let acme = Acme::start(habits, 2);
        let before = acme.labels();
        let output = test(directory.path(), &acme, &["--write", "-o", "json"]);
        assert_eq!(output.status.code(), Some(1), "{habits:?}");
        let found = differences(&output);
        let told = found.iter().any(|(at, told, field)| at == check && told.contains(says) && field.contains(change));
        assert!(told, "{check}: {says} → {change}\n{found:#?}");
        assert_eq!(acme.labels(), before, "{habits:?}");
    }
}

#[test]
fn what_cannot_be_ended_is_told() {
    let (directory, acme) = (filled(), Acme::start(Habits { deletes_nothing: true, ..Habits::default() }, 0));
    let output = test(directory.path(), &acme, &["--write"]);
    let told = run::told(&output);
    assert_eq!(output.status.code(), Some(1));
    assert!(told.contains("left behind: the key `keywright profile test") && told.contains("delete it by hand"), "{told}");
    assert_eq!(acme.labels().len(), 1);
    // The next trial sees what the last one left.
    let told = run::told(&test(directory.path(), &acme, &[]));
    assert!(told.contains("is of an earlier test: delete it"), "{told}");
}

#[test]
fn a_create_without_an_answer_is_found_and_ended() {
    let (directory, acme) = (filled(), Acme::start(Habits { breaks_the_create: true, ..Habits::default() }, 1));
    let output = test(directory.path(), &acme, &["--write"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(run::told(&output).contains("made a key all the same; it was ended"), "{}", run::told(&output));
    assert_eq!(acme.labels(), ["key 0"]);
}

#[cfg(unix)]
#[test]
fn a_signal_ends_the_key_first() {
    use std::time::{Duration, Instant};
    let (directory, acme) = (filled(), Acme::start(Habits { slow: true, ..Habits::default() }, 1));
    let mut tested = command(directory.path(), &acme, &["--write"]);
    let child = tested.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    let begun = Instant::now();
    while !acme.asked().iter().any(|asked| asked.starts_with("POST ")) {
        assert!(begun.elapsed() < Duration::from_secs(60), "no key was made");
        std::thread::sleep(Duration::from_millis(10));
    }
    let killed = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().expect("it runs");
    assert!(killed.success());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(4), "{}", run::told(&output));
    assert!(run::told(&output).contains("Stopped by a signal."), "{}", run::told(&output));
    assert_eq!(acme.labels(), ["key 0"]);
}

#[test]
fn a_built_in_profile_is_tried_by_its_name() {
    let directory = tempfile::tempdir().expect("a directory");
    let tried = |config: Config, auth: &str| {
        let emulator = Emulator::start_in_thread(config).expect("a free port");
        let (url, account) = (emulator.url(), format!("account_id={EXAMPLE_ACCOUNT}"));
        let auth = format!("auth={auth}");
        let arguments = ["profile", "test", "payconex", "--endpoint", &url, "--environment", "certification", "--param", &account];
        let mut command = run::bare(run::PROGRAM, directory.path());
        command.args(arguments).args(["--param", &auth, "--credential-env", "KEY", "--write", "-o", "json"]);
        let output = command.env("KEY", emulator.admin_credential_json()).output().expect("the program starts");
        assert_eq!(emulator.keys().len(), 1, "only the administrator's is left");
        (output.status.code(), differences(&output))
    };
    for auth in ["hmac", "basic"] {
        assert_eq!(tried(Config::default(), auth), (Some(0), Vec::new()), "{auth}");
    }
    let (exit, found) =
        tried(Config { enabled_field: EnabledField::TrueIgnored, disabled_keys: Listed::Hidden, ..Config::default() }, "hmac");
    assert_eq!(exit, Some(1));
    assert!(found.iter().any(|(check, _, change)| check == "enable" && change.contains("capabilities.disable: final")), "{found:#?}");
}

#[test]
fn what_is_missing_is_said_before_anything_is_sent() {
    let (directory, acme) = (filled(), Acme::start(Habits::default(), 1));
    let refused = |command: &mut Command, words: &str| {
        let output = command.output().expect("the program starts");
        assert_eq!(output.status.code(), Some(1));
        assert!(run::told(&output).contains(words), "{words}\n{}", run::told(&output));
    };
    let at = directory.path();
    refused(command(at, &acme, &[]).env_remove("ACME_ADMIN_KEY"), "the variable `ACME_ADMIN_KEY` with the admin credential is not set");
    refused(&mut command(at, &acme, &["--param", "org=1"]), "`acme` has no param `org`");
    refused(&mut command(at, &acme, &["--scope", "read"]), "--write");
    refused(command(at, &acme, &[]).env("GITHUB_EVENT_NAME", "pull_request"), "must not use credentials");
    refused(run::bare(run::PROGRAM, at).args(["profile", "test", "payconnex"]), "did you mean `payconex`");
    refused(run::bare(run::PROGRAM, at).args(["profile", "test", "brynq"]), "made by a person");
    fs::write(at.join("bad.yaml"), "version: 1\nnam: acme\n").expect("written");
    refused(run::bare(run::PROGRAM, at).args(["profile", "test", "bad.yaml"]), "bad.yaml:2");
    assert_eq!(acme.asked(), [] as [String; 0]);
}

#[test]
fn a_new_profile_is_accepted_and_never_overwritten() {
    let directory = filled();
    let path = directory.path().join("providers/acme.yaml");
    let before = fs::read(&path).expect("written");
    let output = run::run(directory.path(), &["profile", "new", "acme"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(run::told(&output).contains("is there already; nothing was written"), "{}", run::told(&output));
    assert_eq!(fs::read(&path).expect("still there"), before);
    assert_eq!(run::run(directory.path(), &["profile", "new", "../evil"]).status.code(), Some(1));

    let recipient = "age17f9yaa00npfgwl572y7jc8rfjy09rraahafem4znerfw9qu8cdrsjeqh70";
    let workspace = format!(
        "version: 1\naccounts:\n  acme-prod:\n    provider: acme\n    credential: {{ env: ACME_ADMIN_KEY }}\nrecipients: {{ ops: [{recipient}] }}\ndefaults: {{ recipients: [ops] }}\n"
    );
    fs::write(directory.path().join("keywright.yaml"), workspace).expect("written");
    fs::create_dir(directory.path().join("keys")).expect("a directory");
    fs::write(directory.path().join("keys/acme.yaml"), "account: acme-prod\nkeys:\n  one: { scopes: [read], lifetime: 90d }\n")
        .expect("written");
    assert_eq!(run::succeed(directory.path(), &["check"]), "1 key in 1 account: no problems\n");
    assert!(run::succeed(directory.path(), &["providers", "acme"]).contains("Acme"));
}
