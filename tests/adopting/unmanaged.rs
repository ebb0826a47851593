//! Keys that nobody declares: reported, refused or ignored.
use crate::emulator::{Config, KeySeed};
use crate::site::{Site, WEBHOOKS};

/// A site with two foreign keys, and these words under `unmanaged`.
fn site(words: &str) -> Site {
    let site = Site::new(Config::default());
    for label in ["ci-deploy", "by\u{1b}[31m hand"] {
        site.emulator.add_key(KeySeed::new(label, [WEBHOOKS, "pcx:api_key:read"]));
    }
    let config = site.sandbox.read("keywright.yaml");
    site.sandbox.write("keywright.yaml", &format!("{config}unmanaged: {words}\n"));
    site
}

#[test]
fn they_are_reported_with_what_is_known_of_them() {
    let site = site("report");
    let ran = site.plan().exits(0).shows("2 keys in no manifest and no ledger").shows("CRITICAL").shows("AGE").shows("ci-deploy");
    assert!(ran.stdout.contains("pcx:api_key:read pcx:webhooks:read") && !ran.stdout.contains('\u{1b}'), "{}", ran.stdout);
    let json: serde_json::Value = serde_json::from_str(&site.sandbox.run(&["plan", "-o", "json"]).exits(0).stdout).expect("JSON");
    let key = &json["unmanaged"].as_array().expect("a list").iter().find(|key| key["label"] == "ci-deploy").expect("it is listed");
    assert!(key["risk"] == "critical" && key["created_at"].is_string() && key["scopes"].as_array().is_some_and(|all| all.len() == 2));
}

#[test]
fn a_plan_is_refused_and_an_apply_writes_nothing() {
    let site = site("fail");
    let ran = site.refuses(&["plan"], 3).shows("plan/unmanaged").shows("2 keys that are in no manifest");
    assert!(ran.stdout.contains("`ci-deploy`") && !ran.stdout.contains('\u{1b}'), "{}", ran.stdout);
    site.refuses(&["apply", "--yes"], 3).says("plan/unmanaged");
    assert_eq!(site.writes(), 0);
    site.sandbox.run(&["plan", "--offline"]).exits(0);
    site.sandbox.run(&["import", "pay", "--all", "--yes"]).exits(0);
    site.settle();
    site.assert_works("billing");
}

#[test]
fn rules_decide_by_label_and_account() {
    let site = site("{ default: fail, rules: [{ match: \"ci-*\", account: pay, do: ignore }, { match: \"by*hand\", do: report }] }");
    let ran = site.plan().exits(0).shows("1 key in no manifest and no ledger; never touched; 1 ignored");
    assert!(!ran.stdout.contains("ci-deploy"), "{}", ran.stdout);
    site.settle();
}

#[test]
fn our_own_key_is_never_unmanaged() {
    let site = Site::new(Config::default());
    let config = site.sandbox.read("keywright.yaml");
    site.sandbox.write("keywright.yaml", &format!("{config}unmanaged: fail\n"));
    site.plan().exits(0).shows("unmanaged   none\n  pay: our own admin credential, emulated administrator");
    site.settle();
}
