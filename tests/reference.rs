//! The command line as users read it, in one snapshot.
#[path = "program/run.rs"]
mod run;

use clap::{CommandFactory, Parser as _};
use keywright::cli::args::Arguments;

/// Every command with the words that call it, the program first.
fn commands(command: &clap::Command, words: &[String]) -> Vec<Vec<String>> {
    let mut all = vec![words.to_vec()];
    for below in command.get_subcommands().filter(|below| below.get_name() != "help") {
        all.extend(commands(below, &[words, &[below.get_name().to_owned()]].concat()));
    }
    all
}

#[test]
fn the_help_of_every_command() {
    let here = tempfile::tempdir().expect("a directory");
    let mut reference = String::new();
    for words in commands(&Arguments::command(), &[]) {
        let arguments: Vec<&str> = words.iter().map(String::as_str).chain(["--help"]).collect();
        let help: Vec<String> = run::succeed(here.path(), &arguments).lines().map(|line| line.trim_end().to_owned()).collect();
        reference.push_str(&format!("$ keywright {}\n{}\n\n", arguments.join(" "), help.join("\n")));
    }
    insta::assert_snapshot!(reference);
}

#[test]
fn short_help_and_version_agree() {
    let here = tempfile::tempdir().expect("a directory");
    assert_eq!(run::succeed(here.path(), &["--version"]), format!("keywright {}\n", env!("CARGO_PKG_VERSION")));
    let nothing = run::run(here.path(), &[]);
    assert_ne!(nothing.status.code(), Some(0), "without a command there is nothing to do");
    assert!(run::succeed(here.path(), &["-h"]).starts_with("Declares API keys"));
}

#[test]
fn words_that_are_chosen_from_can_be_written_in_capitals() {
    fn walk(command: &clap::Command) {
        for argument in command.get_arguments().filter(|argument| !argument.get_possible_values().is_empty()) {
            let free = !argument.get_action().takes_values() || argument.is_ignore_case_set();
            assert!(free, "`{} --{}` minds the case", command.get_name(), argument.get_id());
        }
        command.get_subcommands().for_each(walk);
    }
    walk(&Arguments::command());
    let lists = |format: &str| Arguments::try_parse_from(["keywright", "list", "--risk", "HIGH", "--sort", "Risk", "-o", format]);
    assert!(lists("JSON").is_ok() && lists("Csv=keys.csv").is_ok() && lists("XML").is_err());
}
