//! The forms of a plan as CI uses them: several from one run, complete for every exit code, and a page that a real browser shows without complaint.
#[path = "program/run.rs"]
mod run;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// An account of PayConex whose keys have these scopes.
fn workspace(keys: usize, scopes: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    let root = directory.path();
    fs::create_dir_all(root.join("keys")).expect("a directory");
    let recipient = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
    let config = format!(
        "version: 1\naccounts:\n  pay:\n    provider: payconex\n    environment: certification\n    params: {{ account_id: \"220614966801\" }}\n    \
         credential: {{ env: PAY_KEY }}\nrecipients: {{ ops: [{recipient}] }}\ndefaults: {{ recipients: [ops], lifetime: 90d }}\n"
    );
    fs::write(root.join("keywright.yaml"), config).expect("written");
    let mut manifest = "account: pay\nkeys:\n".to_owned();
    for n in 0..keys {
        manifest.push_str(&format!("  key-{n:04}: {{ scopes: [\"{scopes}\"] }}\n"));
    }
    fs::write(root.join("keys/pay.yaml"), manifest).expect("written");
    directory
}

fn offline(root: &Path, arguments: &[&str]) -> Output {
    run::run(root, &[&["plan", "--offline", "--now", "2026-11-21T09:00:00Z"], arguments].concat())
}

fn read(root: &Path, file: &str) -> String {
    fs::read_to_string(root.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

const ALL: [&str; 8] = ["text", "json", "markdown", "html", "sarif", "github", "gitlab", "codequality"];

#[test]
fn one_run_writes_every_form() {
    let workspace = workspace(3, "pcx:webhooks:*");
    let root = workspace.path();
    let outputs: Vec<String> = ALL.iter().flat_map(|format| ["-o".to_owned(), format!("{format}=out.{format}")]).collect();
    let outputs: Vec<&str> = outputs.iter().map(String::as_str).collect();
    let output = offline(root, &[&outputs[..], &["--detailed-exitcode"]].concat());
    assert_eq!(output.status.code(), Some(2), "the forms change no exit code: {}", run::told(&output));
    assert!(output.stdout.is_empty(), "all went to files");
    for format in ALL {
        let text = read(root, &format!("out.{format}"));
        assert!(text.contains("pay/key-0000") || format == "gitlab", "{format}: {text}");
    }
    let counts: Value = serde_json::from_str(&read(root, "out.gitlab")).expect("JSON");
    assert_eq!(counts, serde_json::json!({ "create": 3, "update": 0, "delete": 0 }));
    assert!(read(root, "out.markdown").starts_with("<!-- keywright:plan {\"v\":1,\"workspace\":\".\""));
}

#[test]
fn places_are_told_from_the_root_of_the_repository() {
    let workspace = workspace(1, "pcx:webhooks:*");
    let below = workspace.path().join("infra/keys");
    fs::create_dir_all(&below).expect("a directory");
    fs::create_dir(workspace.path().join(".git")).expect("a directory");
    fs::rename(workspace.path().join("keywright.yaml"), below.join("keywright.yaml")).expect("moved");
    fs::rename(workspace.path().join("keys"), below.join("keys")).expect("moved");
    let output = offline(&below, &["-o", "github"]);
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(text.contains("file=infra/keys/keys/pay.yaml,line=3,"), "{text}");
}

#[test]
fn a_run_that_cannot_plan_says_why_in_every_form() {
    let workspace = workspace(1, "Bad scope!");
    let root = workspace.path();
    let outputs: Vec<String> = ALL.iter().flat_map(|format| ["-o".to_owned(), format!("{format}=out.{format}")]).collect();
    let outputs: Vec<&str> = outputs.iter().map(String::as_str).collect();
    let output = offline(root, &outputs);
    assert_eq!(output.status.code(), Some(1), "{}", run::told(&output));
    for format in ALL.iter().filter(|format| **format != "gitlab") {
        assert!(read(root, &format!("out.{format}")).contains("manifest/unknown-scope"), "{format}");
    }
    assert_eq!(read(root, "out.gitlab"), "{}\n");
    let check = run::run(root, &["check", "-o", "sarif=check.sarif", "-o", "github", "-o", "codequality=check.json"]);
    assert_eq!(check.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&check.stdout).starts_with("::error file=keys/pay.yaml,line=3,"), "{}", run::told(&check));
    assert!(read(root, "check.sarif").contains("manifest/unknown-scope") && read(root, "check.json").contains("manifest/unknown-scope"));
}

#[test]
fn a_comment_that_cannot_be_short_enough_fails_and_the_others_are_written() {
    let workspace = workspace(900, "pcx:api_key:create");
    let root = workspace.path();
    let output = offline(root, &["-o", "markdown=comment.md", "-o", "json=plan.json", "-o", "html=plan.html"]);
    assert_eq!(output.status.code(), Some(1), "{}", run::told(&output));
    assert!(run::told(&output).contains("plan/too-long"), "{}", run::told(&output));
    assert!(!root.join("comment.md").exists(), "no comment that hides what matters");
    assert!(read(root, "plan.json").contains("key-0899") && read(root, "plan.html").contains("key-0899"));
}

#[test]
fn apply_writes_its_plan_to_files_alone() {
    let copy = run::copy_of_examples();
    let refused = run::run(copy.path(), &["-C", "examples/quickstart", "apply", "--yes", "-o", "json"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(run::told(&refused).contains("name a file after `-o json=`"), "{}", run::told(&refused));
    run::succeed(copy.path(), &["-C", "examples/quickstart", "apply", "--yes", "-o", "markdown=applied.md", "-o", "gitlab=counts.json"]);
    assert!(read(copy.path(), "applied.md").contains("4 create"));
    let counts: Value = serde_json::from_str(&read(copy.path(), "counts.json")).expect("JSON");
    assert_eq!(counts["create"], 4);
}

fn browser() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let names = ["chromium", "chromium-browser", "google-chrome", "chrome-headless-shell"];
    std::env::split_paths(&path).flat_map(|directory| names.map(|name| directory.join(name))).find(|program| program.is_file())
}

/// Shows a page, and gives what the browser's console says.
fn shown(browser: &Path, root: &Path, page: &str) -> String {
    let picture = root.join("page.png");
    let output = Command::new(browser)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--enable-logging=stderr",
            "--v=0",
            "--window-size=1600,1200",
        ])
        .arg(format!("--user-data-dir={}", root.join("profile").display()))
        .arg(format!("--screenshot={}", picture.display()))
        .arg(format!("file://{}", root.join(page).display()))
        .output()
        .expect("the browser runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(fs::metadata(&picture).is_ok_and(|picture| picture.len() > 10_000), "no picture: {said}");
    said.lines().filter(|line| line.contains("CONSOLE")).map(|line| format!("{line}\n")).collect()
}

#[test]
fn a_real_browser_shows_the_report_without_complaint() {
    let Some(browser) = browser() else {
        eprintln!("\nNOT TESTED: there is no Chromium on the path, so nobody looked at the HTML report\n");
        return;
    };
    let workspace = workspace(200, "pcx:*");
    let root = workspace.path();
    let output = offline(root, &["-o", "html=plan.html"]);
    assert_eq!(output.status.code(), Some(0), "{}", run::told(&output));
    assert_eq!(shown(&browser, root, "plan.html"), "", "the console is silent");
    // That the console would speak, and that the page's own policy stops a script.
    let hostile = read(root, "plan.html").replace("</main>", "<script>console.error('ran')</script></main>");
    fs::write(root.join("hostile.html"), hostile).expect("written");
    let said = shown(&browser, root, "hostile.html");
    assert!(said.contains("Content Security Policy") && !said.contains("ran\""), "{said}");
}
