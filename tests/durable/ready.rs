//! What is proven before anything is asked of the provider, and what a CI job must say.
use crate::order::in_order;
use crate::sandbox::Ran;
use crate::team::{DURABLE, PUSH, Team};

const BOTH: [&str; 2] = ["billing", "refunds"];

#[track_caller]
fn nothing_happened(team: &Team, ran: &Ran) {
    assert_eq!(team.emulator.requests().len(), 0, "{}", ran.stderr);
}

#[test]
fn a_remote_that_cannot_be_reached_stops_apply_first() {
    let team = Team::new();
    let a = team.clone("a");
    a.git(&["remote", "set-url", "origin", "file:///nowhere/at-all.git"]);
    for arguments in [PUSH, DURABLE, &["apply", "--yes", "--durable", "git"]] {
        nothing_happened(&team, &a.run(arguments).exits(1).says("apply/git"));
    }
    a.git(&["remote", "remove", "origin"]);
    nothing_happened(&team, &a.run(DURABLE).exits(1).says("apply/git").says("origin"));
    assert!(!a.path("ledger").exists());
}

#[test]
fn a_remote_that_takes_no_journal_stops_apply_before_a_create() {
    let team = Team::new();
    let a = team.clone("a");
    team.hook(&team.path("origin.git"), "update", "case $1 in refs/keywright/*) echo 'no such refs here' >&2; exit 1;; esac; exit 0");
    a.run(DURABLE).exits(1).says("apply/git").says("no such refs here");
    assert_eq!(team.keys().len(), 0);
    a.run(PUSH).exits(0);
    in_order(&a, &BOTH);
}

#[test]
fn without_a_repository_nothing_is_begun() {
    let team = Team::new();
    let a = team.clone("a");
    std::fs::remove_dir_all(a.top().join(".git")).expect("removed");
    for arguments in [PUSH, DURABLE, &["apply", "--yes", "--commit"]] {
        nothing_happened(&team, &a.run(arguments).exits(1).says("apply/git").says("git init"));
    }
}

#[test]
fn a_detached_head_needs_the_name_of_a_branch() {
    let team = Team::new();
    let a = team.clone("a");
    a.git(&["checkout", "-q", "--detach"]);
    nothing_happened(&team, &a.run(DURABLE).exits(1).says("apply/git"));
    a.set("GITHUB_REF_NAME", "v1");
    a.set("GITHUB_REF_TYPE", "tag");
    nothing_happened(&team, &a.run(DURABLE).exits(1).says("apply/git"));
    a.set("GITHUB_REF_NAME", "main");
    a.set("GITHUB_REF_TYPE", "branch");
    a.set("CI", "true");
    a.run(DURABLE).exits(0);
    in_order(&a, &BOTH);
    assert_eq!(a.git(&["rev-parse", "HEAD"]), team.main());
}

#[test]
fn a_ci_job_says_where_it_is_durable() {
    let team = Team::new();
    let a = team.clone("a");
    a.set("CI", "true");
    a.run(&["apply", "--yes"]).exits(1).says("apply/not-durable");
    a.run(&["apply", "--yes", "--commit"]).exits(1).says("apply/not-durable");
    assert_eq!(team.keys().len(), 0);
    a.run(&["apply", "--yes", "--local"]).exits(0);
    assert_eq!(team.live().len(), 2);
}

/// The clone of a CI job has one commit only.
#[test]
fn a_shallow_clone_is_enough() {
    let team = Team::new();
    team.somebody_pushes("notes.txt", "two\n");
    let path = team.path("shallow");
    let from = format!("file://{}", team.path("origin.git").display());
    let cloned = team.git_command(&team.path("home")).args(["clone", "-q", "--depth=1", &from]).arg(&path).status().expect("git runs");
    assert!(cloned.success());
    let a = crate::machine::Machine::new(&team, path);
    team.somebody_pushes("notes.txt", "three\n");
    a.run(DURABLE).exits(0);
    in_order(&a, &BOTH);
    assert_eq!(team.git(&["show", "main:notes.txt"]), "three");
}
