//! What the documentation tells a stranger to type works, and what it lists is complete.
#[path = "readme/blocks.rs"]
mod blocks;
#[path = "../examples/payconex-emulator/server.rs"]
mod emulator;
#[expect(clippy::duplicate_mod, reason = "both emulators stand on `examples/emulation/`, and share no state")]
#[path = "../examples/finance-emulator/server.rs"]
mod finance;
#[path = "readme/finance_example.rs"]
mod finance_example;
#[path = "program/run.rs"]
mod run;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use blocks::{Block, blocks, rows};
use clap::{Args, CommandFactory, FromArgMatches};
use emulator::{Config, Emulator};
use keywright::cli::Exit;
use keywright::cli::args::Arguments;
use regex::Regex;

const CALL: &str = "cargo run --release --";
const QUICK_START: &str = "cargo run --release -- -C examples/quickstart apply --yes";
const EMULATOR: &str = "cargo run --release --example payconex-emulator -- ";
/// The port that `examples/payconex/` names.
const PORT: u16 = 4010;

fn page(path: &str) -> String {
    fs::read_to_string(Path::new(run::REPOSITORY).join(path)).expect("a page")
}

fn shell(page: &str) -> Vec<Block> {
    blocks(page).into_iter().filter(|block| block.language == "sh").collect()
}

/// Runs a block as it stands, but with the program that is tested.
fn type_in(directory: &Path, block: &Block) {
    assert!(!block.text.replace(CALL, "").contains("cargo "), "not known how to run this: {}", block.text);
    let script = block.text.replace(CALL, run::PROGRAM);
    let output = run::bare("sh", directory).args(["-e", "-u", "-c", &script]).output().expect("a shell");
    assert!(output.status.success(), "line {}: {}\n{}", block.line, block.text, run::told(&output));
}

#[test]
fn the_first_two_commands_are_the_promised_ones() {
    let page = page("README.md");
    let first: Vec<String> = shell(&page).into_iter().take(2).map(|block| block.text).collect();
    assert_eq!(first, [QUICK_START, "cargo test"]);
}

#[cfg(unix)]
#[test]
fn the_commands_of_the_readme_work() {
    let copy = run::copy_of_examples();
    let page = page("README.md");
    let blocks = shell(&page);
    assert!(blocks.len() >= 4);
    for block in blocks.iter().filter(|block| block.text != "cargo test") {
        type_in(copy.path(), block);
    }
}

#[cfg(unix)]
#[test]
fn the_payconex_example_works_against_its_emulator() {
    let copy = run::copy_of_examples();
    let page = page("examples/payconex/README.md");
    let (servers, others): (Vec<_>, Vec<_>) = shell(&page).into_iter().partition(|block| block.text.starts_with(EMULATOR));
    assert_eq!(servers.len(), 1);
    assert!(!others.is_empty());
    let emulator = serve(servers[0].text.strip_prefix(EMULATOR).expect("the emulator's command"));

    let configuration = copy.path().join("examples/payconex/keywright.yaml");
    let text = fs::read_to_string(&configuration).expect("a workspace");
    let named = format!("http://127.0.0.1:{PORT}");
    assert!(text.contains(&named) && page.contains(&format!("--port {PORT}")));
    fs::write(&configuration, text.replace(&named, &emulator.url())).expect("written");

    let printed = format!("PAYCONEX_ADMIN_KEY='{}'", emulator.admin_credential_json());
    assert!(page.contains(&printed), "the page shows the credential that the emulator prints");
    for block in others {
        type_in(copy.path(), &Block { text: block.text.replace(&named, &emulator.url()), ..block });
    }
    assert_eq!(emulator.keys().len(), 4, "three keys and the administrator's");
}

/// Starts the emulator as its command line says, but on a free port.
fn serve(arguments: &str) -> Emulator {
    let port = clap::Arg::new("port").long("port").value_parser(clap::value_parser!(u16));
    let command = Config::augment_args(clap::Command::new("emulator").no_binary_name(true).arg(port));
    let matches = command.try_get_matches_from(arguments.split_whitespace()).expect("the emulator knows these options");
    assert_eq!(matches.get_one::<u16>("port"), Some(&PORT));
    Emulator::start_in_thread(Config::from_arg_matches(&matches).expect("a configuration")).expect("a free port")
}

/// Every command below the program, by its words.
fn commands(command: &clap::Command, words: &str, all: &mut Vec<(String, clap::Command)>) {
    for below in command.get_subcommands().filter(|below| below.get_name() != "help") {
        let words = format!("{words} {}", below.get_name()).trim().to_owned();
        commands(below, &words, all);
        if below.get_subcommands().next().is_none() {
            all.push((words, below.clone()));
        }
    }
}

#[test]
fn the_table_of_commands_is_complete_and_true() {
    let page = page("README.md");
    let code = Regex::new("`([^`]+)`").expect("a regular expression");
    let first_cells = blocks::rows(&page, "command").into_iter().map(|row| row[0].replace("\\|", "|"));
    let told: Vec<String> =
        first_cells.flat_map(|cell| code.captures_iter(&cell).map(|found| found[1].to_owned()).collect::<Vec<_>>()).collect();
    let mut known = Vec::new();
    commands(&Arguments::command(), "", &mut known);
    let option = Regex::new(r"(?:^|[\s\[(])(--?[A-Za-z][a-z-]*)").expect("a regular expression");
    let mut seen = BTreeSet::new();
    for usage in &told {
        let fits = |words: &str| usage == words || usage.starts_with(&format!("{words} "));
        let Some((words, command)) = known.iter().find(|(words, _)| fits(words)) else { panic!("there is no command `{usage}`") };
        seen.insert(words);
        for found in option.captures_iter(usage) {
            let name = &found[1];
            let has = command.get_arguments().any(|argument| {
                argument.get_long().is_some_and(|long| name == format!("--{long}"))
                    || argument.get_short().is_some_and(|short| name == format!("-{short}"))
            });
            assert!(has, "`{words}` has no option `{name}`");
        }
    }
    let missing: Vec<_> = known.iter().filter(|(words, _)| !seen.contains(words)).map(|(words, _)| words).collect();
    assert!(missing.is_empty(), "the table lacks {missing:?}");

    for (words, command) in &known {
        for argument in command.get_arguments().filter(|argument| !argument.is_hide_set() && argument.get_id() != "help") {
            let long = argument.get_long().is_some_and(|long| page.contains(&format!("--{long}")));
            let short = argument.get_short().is_some_and(|short| page.contains(&format!("-{short} ")));
            assert!(argument.is_positional() || long || short, "the page does not mention `{argument}` of `{words}`");
        }
    }
}

#[test]
fn the_table_of_exit_codes_is_complete() {
    let told: Vec<String> = blocks::rows(&page("README.md"), "exit code").into_iter().map(|row| row[0].clone()).collect();
    let known = [Exit::Done, Exit::Error, Exit::Changes, Exit::Refused, Exit::Partial].map(|exit| exit.code().to_string());
    assert_eq!(told, known);
}

#[test]
fn the_workspace_of_the_readme_is_one() {
    let page = page("README.md").replace("\"ssh-ed25519 AAAA… ops@acme\"", &format!("{SSH:?}"));
    let mut workspaces: Vec<tempfile::TempDir> = Vec::new();
    let recipients = [AGE, OTHER_AGE];
    let mut found = (0, 0);
    for block in blocks(&page).into_iter().filter(|block| block.language == "yaml") {
        let mut text = block.text;
        for recipient in recipients {
            text = text.replacen("age1…", recipient, 1);
        }
        if text.starts_with("version: 1") {
            found.0 += 1;
            let workspace = tempfile::tempdir().expect("a directory");
            fs::create_dir(workspace.path().join("keys")).expect("a directory");
            fs::write(workspace.path().join("keywright.yaml"), text).expect("written");
            workspaces.push(workspace);
        } else if text.starts_with("account:") {
            found.1 += 1;
            let workspace = workspaces.last().expect("a manifest stands behind its configuration");
            fs::write(workspace.path().join("keys/readme.yaml"), text).expect("written");
        } else if text.starts_with("deliveries:") {
            let file = workspaces.last().expect("deliveries stand behind a configuration").path().join("keywright.yaml");
            let whole = fs::read_to_string(&file).expect("written").trim_end().to_owned() + "\n" + &text;
            fs::write(file, whole).expect("written");
        } else if text.starts_with("policy:") {
            // With every rule there is, the key of the page would break one.
            let file = workspaces.last().expect("a policy stands behind a configuration").path().join("keywright.yaml");
            let whole = fs::read_to_string(&file).expect("written").trim_end().to_owned() + "\n" + &text;
            let alone = tempfile::tempdir().expect("a directory");
            fs::write(alone.path().join("keywright.yaml"), whole).expect("written");
            let said = run::succeed(alone.path(), &["check", "-o", "json", "--now", "2026-11-21T09:00:00Z"]);
            assert!(said.contains("policy/waiver-unused") && !said.contains("policy/invalid"), "{said}");
        } else {
            let known = ["# yaml-language-server: $schema=", "- run: keywright doctor\n"];
            assert!(known.iter().any(|start| text.starts_with(start)), "what is this? {text}");
        }
    }
    assert_eq!(found, (3, 3));
    for workspace in &workspaces {
        let said = run::succeed(workspace.path(), &["check", "--now", "2026-11-21T09:00:00Z"]);
        assert_eq!(said, "1 key in 1 account: no problems\n");
    }
}

#[test]
fn what_the_readme_names_is_there() {
    let page = page("README.md");
    let path = Regex::new(r"`((?:src|schemas|examples|\.ci|tests|benches)/[\w./-]*)`|\]\(([\w./-]+)\)").expect("a regular expression");
    let mut count = 0;
    for found in path.captures_iter(&page) {
        let path = found.get(1).or(found.get(2)).expect("one of both").as_str();
        let written = ["examples/quickstart/secrets/"].contains(&path);
        assert!(written || Path::new(run::REPOSITORY).join(path).exists(), "there is no `{path}`");
        count += 1;
    }
    assert!(count > 5);
}

const AGE: &str = "age17f9yaa00npfgwl572y7jc8rfjy09rraahafem4znerfw9qu8cdrsjeqh70";
const OTHER_AGE: &str = "age1sgyk4dt37ldgpxltarukjtv63c5prl6rj4gmgj6xyxmjvzz8tcvsqkflrm";
const SSH: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHcPaoLZmHttTGlpXFdMAivmv9LXPdLRe+jGh93scnX2 ops@acme";

#[test]
fn every_variable_of_rules_is_in_the_table() {
    let page = page("README.md");
    let table: String = rows(&page, "variable").concat().concat();
    for word in ["key.address", "key.scopes", "access.gained", "account.environment", "now", "s.open_ended"] {
        assert!(table.contains(&format!("`{word}`")), "{word}");
    }
}
