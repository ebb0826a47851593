//! Machines that vanish, remotes that refuse, two applies at a time: the real program with real git, bare repositories as remotes, and the emulator.
//! Whatever happens to one machine, a fresh clone on another one brings everything in order from the remote alone.
//!
//! `DURABLE_SEED=7 cargo test --test durable` draws the same instants again; how they fall on the running program is up to the machine.
#![cfg(unix)]

#[path = "../examples/payconex-emulator/server.rs"]
mod emulator;
#[path = "durable/fenced.rs"]
mod fenced;
#[path = "durable/machine.rs"]
mod machine;
#[path = "durable/moved.rs"]
mod moved;
#[path = "durable/order.rs"]
mod order;
#[path = "durable/ready.rs"]
mod ready;
#[path = "command/sandbox.rs"]
mod sandbox;
#[path = "durable/team.rs"]
mod team;
#[path = "durable/vanished.rs"]
mod vanished;
#[path = "durable/write_back.rs"]
mod write_back;

use team::{DURABLE, PUSH, Team};

#[test]
fn what_was_done_is_one_commit_and_the_journal_is_empty_afterwards() {
    let team = Team::new();
    let a = team.clone("a");
    let before = team.main();
    let ran = a.run(DURABLE).exits(0);
    order::in_order(&a, &["billing", "refunds"]);
    assert_eq!(team.git(&["rev-parse", "main~1"]), before, "one commit\n{}", ran.stderr);
    let message = team.git(&["log", "-1", "--format=%B", "main"]);
    assert_eq!(message.trim_end(), "keywright: 2 keys\n\ncreate pay/billing\ncreate pay/refunds");
    let files = ["billing", "refunds"].map(|name| [format!("ledger/pay/{name}.yaml"), format!("secrets/pay/{name}.age")]).concat();
    let mut committed: Vec<String> = team.git(&["diff", "--name-only", "main~1", "main"]).lines().map(str::to_owned).collect();
    committed.sort();
    let mut files = files;
    files.sort();
    assert_eq!(committed, files, "nothing else in the commit");
    assert_eq!(a.git(&["status", "--porcelain"]), "");

    let (refs, here) = (team.refs(), a.git(&["for-each-ref"]));
    a.run(DURABLE).exits(0);
    a.run(PUSH).exits(0);
    a.run(&["apply", "--yes", "--durable", "git"]).exits(0);
    assert_eq!((team.refs(), a.git(&["rev-parse", "HEAD"])), (refs, team.main()), "an apply without changes changes no ref");
    assert_eq!(
        a.git(&["for-each-ref", "refs/heads"]),
        here.lines().filter(|line| line.contains("refs/heads")).collect::<Vec<_>>().join("\n")
    );
    team.no_secret_in_the_open(&[&a], &[&ran]);
}

#[test]
fn a_journal_without_write_back_ends_when_the_branch_has_everything() {
    let team = Team::new();
    let a = team.clone("a");
    a.run(&["apply", "--yes", "--durable", "git"]).exits(0);
    assert_ne!(team.journal(), "", "nobody else has the files yet");
    a.git(&["add", "ledger", "secrets"]);
    a.git(&["commit", "-qm", "by hand"]);
    a.git(&["push", "-q"]);
    let b = team.clone("b");
    b.run(&["apply", "--yes", "--durable", "git"]).exits(0);
    order::in_order(&b, &["billing", "refunds"]);
    let refs = team.refs();
    b.run(&["apply", "--yes", "--durable", "git"]).exits(0);
    assert_eq!(team.refs(), refs);
}
