//! Keys that get another name: what is taken away is written back, too, and a machine that dies in between is followed by another.
use std::time::Duration;

use reqwest::Method;

use crate::emulator::{Fault, Route};
use crate::order::in_order;
use crate::team::{DURABLE, PUSH, Team};

const RENAMED: &str = "account: pay\nkeys:\n  billing: { label: Billing webhooks, scopes: [pcx:webhooks:read] }\n  returns: { scopes: [pcx:devices:read] }\nmoved:\n  - { from: pay/refunds, to: pay/returns }\n";

#[test]
fn a_moved_key_leaves_nothing_behind_at_the_remote() {
    for arguments in [DURABLE, PUSH, &["apply", "--commit", "--yes"]] {
        let team = Team::new();
        let a = team.clone("a");
        a.run(DURABLE).exits(0);
        let ids: Vec<String> = team.keys().into_iter().map(|key| key.id).collect();
        a.write("keys/pay.yaml", RENAMED);
        let ran = a.run(arguments).exits(0);
        if arguments.contains(&"--commit") {
            assert_eq!(a.git(&["status", "--porcelain", "ledger", "secrets"]), "", "what was taken away is committed");
            // What was committed and not pushed goes along with the next push, the removals included.
            a.run(PUSH).exits(0);
        }
        in_order(&a, &["billing", "returns"]);
        let files = team.git(&["ls-tree", "-r", "--name-only", "main"]);
        assert!(!files.contains("refunds"), "{files}\n{}", ran.stderr);
        assert_eq!(team.keys().into_iter().map(|key| key.id).collect::<Vec<_>>(), ids, "no key was made");
        let message = team.git(&["log", "-1", "--format=%B", "main"]);
        assert_eq!(message.trim_end(), "keywright: 1 key\n\nmove pay/refunds to pay/returns\nedit pay/returns");
        let b = team.clone("b");
        b.write("keys/pay.yaml", RENAMED);
        let refs = team.refs();
        b.run(DURABLE).exits(0);
        assert_eq!(team.refs(), refs, "the entry does nothing more");
    }
}

#[test]
fn a_machine_that_dies_after_a_move_is_followed_by_another() {
    for rounds in 0..2 {
        let team = Team::new();
        let a = team.clone("a");
        a.run(DURABLE).exits(0);
        // The label is edited after the move; one answer is awaited for ever.
        team.order(Fault::Stall(Duration::from_secs(60)), Method::PATCH, Route::Update, 1);
        a.write("keys/pay.yaml", RENAMED);
        a.dies_when(DURABLE, || team.emulator.requests().iter().any(|request| request.method == Method::PATCH));
        team.emulator.clear_faults();
        let b = team.clone("b");
        // Somebody may have thought of other names since, or none.
        if rounds == 0 {
            b.write("keys/pay.yaml", RENAMED);
        } else {
            b.write("keys/pay.yaml", &RENAMED.replace("moved:\n  - { from: pay/refunds, to: pay/returns }\n", ""));
        }
        let ran = b.run(DURABLE).exits(0);
        in_order(&b, &["billing", "returns"]);
        assert_eq!(team.keys().len(), 2, "no key was made");
        let files = team.git(&["ls-tree", "-r", "--name-only", "main"]);
        assert!(!files.contains("refunds"), "{files}");
        team.no_secret_in_the_open(&[&b], &[&ran]);
    }
}
