//! Plans of pull requests: what is trusted comes from a commit, and what a change does to trusted files is shown. The real program, real git, the
//! emulator. `hostile` reads as a list of what an attacker may try.
#![cfg(unix)]
#![expect(dead_code, reason = "the harness is shared with other suites")]

#[path = "../examples/payconex-emulator/server.rs"]
mod emulator;
#[path = "base/hostile.rs"]
mod hostile;
#[path = "durable/machine.rs"]
mod machine;
#[path = "durable/order.rs"]
mod order;
#[path = "command/sandbox.rs"]
mod sandbox;
#[path = "durable/team.rs"]
mod team;

use machine::Machine;
use serde_json::Value;
use team::{PUSH, Team};

const BASE: &[&str] = &["plan", "--base", "origin/main"];
const CAROL: &str = "age1sgyk4dt37ldgpxltarukjtv63c5prl6rj4gmgj6xyxmjvzz8tcvsqkflrm";

/// A clone on a branch of its own, with everything applied on `main`.
fn branch<'t>(team: &'t Team, name: &str) -> Machine<'t> {
    let clone = team.clone(name);
    clone.run(PUSH).exits(0);
    clone.git(&["checkout", "-q", "-b", name]);
    clone
}

/// Puts a text in the place of another in a file.
fn replace(clone: &Machine<'_>, path: &str, from: &str, to: &str) {
    let text = clone.read(path);
    assert!(text.contains(from), "{path} has no `{from}`: {text}");
    clone.write(path, &text.replacen(from, to, 1));
}

fn json(clone: &Machine<'_>, exit: i32) -> Value {
    let ran = clone.run(&["plan", "--base", "origin/main", "-o", "json"]).exits(exit);
    serde_json::from_str(&ran.stdout).expect("JSON")
}

fn origins(plan: &Value) -> Vec<(&str, &str, &str)> {
    let changes = plan["changes"].as_array().expect("a list").iter();
    changes.map(|change| (text(&change["address"]), text(&change["action"]), text(&change["origin"]))).collect()
}

fn trusted(plan: &Value) -> Vec<(&str, &str, &str, bool)> {
    let rows = plan["trusted"].as_array().map(Vec::as_slice).unwrap_or_default().iter();
    rows.map(|row| (text(&row["kind"]), text(&row["subject"]), text(&row["risk"]), row["weaker"] == true)).collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[test]
fn whose_doing_a_change_is() {
    let team = Team::new();
    let a = branch(&team, "a");
    // `main` goes on: a key is widened and another is declared, and nobody has applied that.
    team.somebody_pushes(
        "keys/pay.yaml",
        "account: pay\nkeys:\n  billing: { label: Billing webhooks, scopes: [pcx:webhooks:read, pcx:webhooks:create] }\n  refunds: { scopes: [pcx:devices:read] }\n  late: { scopes: [pcx:devices:read] }\n",
    );
    a.git(&["pull", "-q", "--rebase", "origin", "main"]);
    let plan = json(&a, 0);
    assert_eq!(origins(&plan), [("pay/billing", "edit", "pending"), ("pay/late", "create", "pending")]);
    replace(&a, "keys/pay.yaml", "  late: { scopes: [pcx:devices:read] }\n", "  mine: { scopes: [pcx:devices:read] }\n");
    replace(&a, "keys/pay.yaml", "[pcx:devices:read]", "[pcx:devices:*]");
    let plan = json(&a, 0);
    let expected = [("pay/billing", "edit", "pending"), ("pay/mine", "create", "introduced"), ("pay/refunds", "edit", "introduced")];
    assert_eq!(origins(&plan), expected);
    assert_eq!(plan["base"]["reference"], "origin/main");
    assert_eq!(plan["base"]["commit"], team.main());
    assert_eq!(plan["base"]["withdrawn"][0]["address"], "pay/late", "what main asks for and the change takes back");
    let shown = a.run(BASE).exits(0).stdout;
    let at = |words: &str| shown.find(words).unwrap_or_else(|| panic!("no `{words}` in {shown}"));
    assert!(at("introduced here: 2 keys") < at("pay/mine") && at("pay/mine") < at("already pending without this change: 1 key"));
    assert!(at("already pending") < at("pay/billing") && at("pay/billing") < at("withdrawn"));
    assert!(shown.contains(&format!("trusted configuration: origin/main {}", &team.main()[..8])));
    // A key that main edits and this change edits further is this change's doing.
    replace(&a, "keys/pay.yaml", "pcx:webhooks:create", "pcx:webhooks:create, pcx:webhooks:delete");
    let plan = json(&a, 0);
    assert!(origins(&plan).contains(&("pay/billing", "edit", "introduced")));
    // And of its rows, what goes beyond the base.
    let access =
        &plan["changes"].as_array().expect("a list").iter().find(|change| change["address"] == "pay/billing").expect("there")["access"];
    assert_eq!(
        (access["gained"].as_array().map(Vec::len), &access["pending"]["gained"]),
        (Some(2), &serde_json::json!(["pcx:webhooks:create"]))
    );
    let shown = a.run(BASE).exits(0).stdout;
    let line = |scope: &str| shown.lines().find(|line| line.contains("gains") && line.contains(scope)).expect("a row").to_owned();
    assert!(line("pcx:webhooks:create").ends_with("already pending") && !line("pcx:webhooks:delete").contains("pending"), "{shown}");
}

#[test]
fn a_key_is_judged_by_the_rules_of_the_file_that_it_leaves_too() {
    let team = Team::new();
    let b = team.clone("b");
    let policy = "policy: { rules: [{ name: strict, paths: [keys/pay.yaml], max_lifetime: 90d }] }\n";
    b.write("keywright.yaml", &(b.read("keywright.yaml") + policy));
    b.git(&["commit", "-qam", "policy"]);
    b.git(&["push", "-q"]);
    let a = branch(&team, "a");
    a.write("keys/pay.yaml", "account: pay\nkeys:\n  refunds: { scopes: [pcx:devices:read] }\n");
    a.write("keys/lax.yaml", "account: pay\nkeys:\n  billing: { label: Billing webhooks, scopes: [pcx:webhooks:read], lifetime: 300d }\n  fresh: { scopes: [pcx:devices:read], lifetime: 300d }\n");
    let plan = json(&a, 3);
    let found: Vec<&Value> =
        plan["diagnostics"].as_array().expect("a list").iter().filter(|found| found["code"] == "policy/max-lifetime").collect();
    assert_eq!(found.len(), 1, "a key that is new there was never in the other file: {found:#?}");
    assert!(
        text(&found[0]["message"]).contains("pay/billing") && found[0]["notes"].to_string().contains("out of `keys/pay.yaml`"),
        "{found:#?}"
    );
    assert_eq!(found[0]["file"], "keys/lax.yaml");
    a.write("keys/lax.yaml", "account: pay\nkeys:\n  billing: { label: Billing webhooks, scopes: [pcx:webhooks:read] }\n");
    json(&a, 0);
}

#[test]
fn a_condition_over_the_file_and_the_overlap_follow_a_key_that_moves() {
    let team = Team::new();
    let b = team.clone("b");
    let rule = "{ name: strict, when: 'key.file.startsWith(\"keys/pay\")', max_lifetime: 90d }";
    b.write("keywright.yaml", &(b.read("keywright.yaml") + "policy: { rules: [" + rule + "] }\n"));
    b.git(&["commit", "-qam", "policy"]);
    b.git(&["push", "-q"]);
    let a = branch(&team, "a");
    a.write("keys/pay.yaml", "account: pay\nkeys:\n  refunds: { scopes: [pcx:devices:read] }\n");
    let moved = "account: pay\nkeys:\n  fresh: { scopes: [pcx:devices:read], lifetime: 300d }\n  charges: { label: Billing webhooks, scopes: [pcx:webhooks:read], overlap: 290h, LIFETIME }\nmoved: [{ from: pay/billing, to: pay/charges }]\n";
    a.write("keys/lax.yaml", &moved.replace("LIFETIME", "lifetime: 300d"));
    let plan = json(&a, 3);
    let found: Vec<&Value> =
        plan["diagnostics"].as_array().expect("a list").iter().filter(|found| found["code"] == "policy/max-lifetime").collect();
    assert!(found.len() == 1 && found[0]["notes"].to_string().contains("out of `keys/pay.yaml`"), "{found:#?}");
    a.write("keys/lax.yaml", &moved.replace(", LIFETIME", ""));
    let plan = json(&a, 0);
    let longer = plan["changes"].as_array().expect("a list").iter().find_map(|change| change["access"]["overlap"]["after"].as_str());
    assert_eq!(longer, Some("12d2h"), "{plan:#}");
}

#[test]
fn who_will_read_the_next_secret_is_access_gained() {
    let team = Team::new();
    let b = team.clone("b");
    // A provider that tells a secret once: nobody here can encrypt it anew.
    let config = b.read("keywright.yaml").replace(
        "recipients:\n",
        &format!("  shop: {{ provider: keyring, params: {{ store: tokens.json }} }}\nrecipients:\n  auditors: [{CAROL}]\n"),
    );
    b.write("keywright.yaml", &config);
    b.write("keys/shop.yaml", "account: shop\nkeys:\n  web: { scopes: [orders:read], lifetime: 30d, recipients: [ops] }\n");
    b.git(&["add", "-A"]);
    b.git(&["commit", "-qm", "shop"]);
    b.git(&["push", "-q"]);
    let a = branch(&team, "a");
    replace(&a, "keys/shop.yaml", "recipients: [ops]", "recipients: [ops, auditors]");
    let plan = json(&a, 0);
    assert_eq!(origins(&plan), [("shop/web", "edit", "introduced")]);
    assert_eq!(plan["changes"][0]["access"]["recipients_added"], serde_json::json!([CAROL]));
    let shown = a.run(BASE).exits(0).stdout;
    assert!(shown.contains("more recipients open its next secret") && shown.contains("who can decrypt: +1 public key"), "{shown}");
    a.git(&["commit", "-qam", "let them in"]);
    a.git(&["push", "-q", "origin", "a:main"]);
    assert!(origins(&json(&a, 0)).is_empty(), "merged, it is nobody's change");
}

#[test]
fn what_changes_beside_access_is_told() {
    let team = Team::new();
    let b = team.clone("b");
    b.write("keys/pay.yaml", "account: pay\nkeys:\n  billing: { label: Billing webhooks, owner: \"@acme/payments\", review_every: 90d, scopes: [pcx:webhooks:read] }\n  refunds: { scopes: [pcx:devices:read], unused_after: 30d }\n");
    b.git(&["commit", "-qam", "owners"]);
    b.git(&["push", "-q"]);
    let a = branch(&team, "a");
    // A Cyrillic letter among Latin ones.
    replace(&a, "keys/pay.yaml", "@acme/payments", "@acme/p\u{430}yments");
    replace(&a, "keys/pay.yaml", "review_every: 90d", "review_every: never");
    replace(&a, "keys/pay.yaml", "unused_after: 30d", "unused_after: 300d");
    let plan = json(&a, 0);
    let told: Vec<(&str, &str)> =
        plan["diagnostics"].as_array().expect("a list").iter().map(|found| (text(&found["severity"]), text(&found["code"]))).collect();
    for expected in [("warning", "manifest/confusable"), ("note", "trust/owner"), ("warning", "trust/less-watched")] {
        assert!(told.contains(&expected), "{expected:?}: {told:?}");
    }
    assert_eq!(told.iter().filter(|(_, code)| *code == "trust/less-watched").count(), 2, "{told:?}");
    assert!(origins(&plan).is_empty(), "nothing is done for it");
}

#[test]
fn the_store_of_a_keyring_that_is_in_git_is_written_by_apply_alone() {
    let team = Team::new();
    let b = team.clone("b");
    let config = b
        .read("keywright.yaml")
        .replace("recipients:\n  ops", "  shop: { provider: keyring, params: { store: tokens.json } }\nrecipients:\n  ops");
    b.write("keywright.yaml", &config);
    b.write("tokens.json", "{\"version\":1,\"keys\":{}}\n");
    b.git(&["add", "-A"]);
    b.git(&["commit", "-qm", "store"]);
    b.git(&["push", "-q"]);
    let a = branch(&team, "a");
    json(&a, 0);
    a.write("tokens.json", "{\"version\":1, \"keys\":{}}\n");
    let plan = json(&a, 1);
    let edits = plan["diagnostics"].as_array().expect("a list").iter().filter(|found| found["code"] == "trust/hand-edit");
    assert_eq!(edits.map(|found| text(&found["file"])).collect::<Vec<_>>(), ["tokens.json"]);
    assert_eq!(plan["accounts"]["pay"]["listing"], "assumed", "what is refused asks no provider");
}

#[test]
fn the_change_that_brings_the_workspace_is_shown_whole() {
    let team = Team::new();
    let a = team.clone("a");
    a.git(&["checkout", "-q", "--orphan", "empty"]);
    a.git(&["rm", "-rqf", "--cached", "."]);
    a.git(&["commit", "-qm", "empty", "--allow-empty"]);
    let before = team.emulator.requests().len();
    let arguments = &["plan", "--base", "empty", "-o", "json"];
    let plan: Value = serde_json::from_str(&a.run(arguments).exits(0).stdout).expect("JSON");
    assert_eq!(origins(&plan), [("pay/billing", "create", "introduced"), ("pay/refunds", "create", "introduced")]);
    let rows = trusted(&plan);
    assert!(rows.contains(&("account-added", "accounts.pay", "high", false)), "{rows:?}");
    assert!(rows.iter().any(|(_, subject, _, _)| *subject == "recipients.ops"), "{rows:?}");
    assert_eq!(team.emulator.requests().len(), before, "an account that nobody has approved is not asked");
}

#[test]
fn the_whole_access_difference_needs_no_credential_and_no_network() {
    let team = Team::new();
    let a = branch(&team, "a");
    replace(&a, "keys/pay.yaml", "[pcx:webhooks:read]", "[\"pcx:webhooks:*\"]");
    let before = team.emulator.requests().len();
    for (variables, arguments, exit) in [
        (&[][..], &["plan", "--base", "origin/main", "--offline", "-o", "json"][..], 0),
        (
            &[("CI", "true"), ("GITHUB_EVENT_NAME", "pull_request"), ("PAYCONEX_ADMIN_KEY", "")][..],
            &["plan", "--base", "origin/main", "-o", "json"][..],
            0,
        ),
    ] {
        let mut command = a.command(arguments);
        command.envs(variables.iter().copied());
        let ran = machine::ran(arguments, command.output().expect("runs")).exits(exit);
        let plan: Value = serde_json::from_str(&ran.stdout).expect("JSON");
        assert_eq!(plan["mode"], "offline");
        let gained: Vec<&str> =
            plan["changes"][0]["access"]["gained"].as_array().expect("a list").iter().map(|entry| text(&entry["scope"])).collect();
        assert!(gained.contains(&"pcx:webhooks:update") && gained.len() > 3, "{gained:?}");
        let says = plan["diagnostics"].as_array().expect("a list").iter().any(|found| found["code"] == "plan/offline");
        assert_eq!(says, !variables.is_empty(), "{}", ran.stdout);
    }
    assert_eq!(team.emulator.requests().len(), before);
}

#[test]
fn edits_of_trusted_files_are_shown_and_count_only_after_the_merge() {
    let team = Team::new();
    let a = branch(&team, "a");
    let config = a.read("keywright.yaml");
    let edited = config
        .replace("recipients:\n  ops: [", &format!("  shop:\n    provider: keyring\nrecipients:\n  new: [{CAROL}]\n  ops: [{CAROL}, "))
        .replace("lifetime: 90d", "lifetime: none")
        .replace("auth: hmac", "auth: basic")
        + "unmanaged: ignore\nguards: { max_disables: 5 }\n";
    a.write("keywright.yaml", &edited);
    a.write("keys/shop.yaml", "account: shop\nkeys:\n  web: { scopes: [orders:read], lifetime: 30d, recipients: [new] }\n");
    replace(&a, "keys/pay.yaml", "scopes: [pcx:webhooks:read]", "scopes: [pcx:webhooks:read], lifetime: 90d");
    replace(&a, "keys/pay.yaml", "scopes: [pcx:devices:read]", "scopes: [pcx:devices:read], lifetime: 90d");
    let plan = json(&a, 0);
    let expected = [
        ("host", "accounts.pay.params.auth", "critical", false),
        ("recipient-added", "recipients.new", "high", false),
        ("recipient-added", "recipients.ops", "high", false),
        ("account-added", "accounts.shop", "high", false),
        ("unmanaged", "unmanaged", "medium", true),
        ("defaults", "defaults.lifetime", "medium", true),
        ("guard", "guards.max_disables", "low", false),
    ];
    let mut rows = trusted(&plan);
    let mut expected = expected.to_vec();
    rows.sort_unstable();
    expected.sort_unstable();
    assert_eq!(rows, expected);
    let ops = plan["trusted"].as_array().expect("a list").iter().find(|row| row["subject"] == "recipients.ops").expect("there");
    assert_eq!((ops["after"].as_str(), ops["concerns"].to_string()), (Some(CAROL), r#"["pay/billing","pay/refunds"]"#.to_owned()));
    assert_eq!(ops["at"]["file"], "keywright.yaml");
    assert_eq!(origins(&plan), [("shop/web", "create", "introduced")], "nothing that is applied already changes under the trusted files");
    assert_eq!(plan["accounts"]["shop"]["listing"], "assumed");
    assert!(!a.path(".keywright/keyring.json").exists(), "the account of the change is not asked");
    let comment = a.run(&["plan", "--base", "origin/main", "-o", "markdown"]).exits(0).stdout;
    assert!(comment.contains("not from this change, but for what it brings along: account `shop`"), "{comment}");
    let shown = a.run(BASE).exits(0).stdout;
    for words in ["CRITICAL  accounts.pay.params.auth", "hmac -> basic", "could open the next secrets of 2 keys", "trust/new-account"] {
        assert!(shown.contains(words), "no `{words}` in {shown}");
    }
    // Comments are no news, but they are not hidden either.
    a.write("keywright.yaml", &format!("# hello\n{config}"));
    a.git(&["checkout", "-q", "--", "keys"]);
    std::fs::remove_file(a.path("keys/shop.yaml")).expect("removed");
    assert_eq!(trusted(&json(&a, 0)), [("other", "keywright.yaml", "low", false)]);
}

#[test]
fn a_branch_that_is_behind_is_no_edit_by_hand() {
    let team = Team::new();
    let a = branch(&team, "a");
    let b = team.clone("b");
    replace(&b, "keys/pay.yaml", "keys:\n", "keys:\n  other: { scopes: [pcx:devices:read] }\n");
    replace(&b, "keywright.yaml", "lifetime: 90d", "lifetime: 60d");
    b.git(&["commit", "-qam", "more"]);
    b.git(&["push", "-q"]);
    b.run(PUSH).exits(0);
    a.git(&["fetch", "-q"]);
    let plan = json(&a, 0);
    let codes: Vec<&str> = plan["diagnostics"].as_array().expect("a list").iter().map(|found| text(&found["code"])).collect();
    assert!(codes.contains(&"trust/behind") && !codes.contains(&"trust/hand-edit"), "{codes:?}");
    a.git(&["merge", "-q", "origin/main"]);
    let plan = json(&a, 0);
    assert!(plan["diagnostics"].as_array().expect("a list").is_empty() && plan.get("trusted").is_none(), "{plan:#}");
    // A clone that knows only its last commit cannot tell; it says so.
    let shallow = team.path("shallow");
    team.git(&["clone", "-q", "--depth", "1", &format!("file://{}", team.path("origin.git").display()), &shallow.display().to_string()]);
    assert_eq!(Machine::new(&team, shallow).run(BASE).exits(0).stderr, "");
}

#[test]
fn windows_line_ends_are_no_edit_by_hand() {
    let team = Team::new();
    let a = branch(&team, "a");
    for path in ["ledger/pay/billing.yaml", "keywright.yaml", "keys/pay.yaml"] {
        a.write(path, &a.read(path).replace('\n', "\r\n"));
    }
    let plan = json(&a, 0);
    assert_eq!((plan["diagnostics"].to_string().as_str(), origins(&plan).len()), ("[]", 0));
    assert_eq!(trusted(&plan), [("other", "keywright.yaml", "low", false)]);
}

#[test]
fn a_base_that_cannot_be_trusted_is_refused() {
    let team = Team::new();
    let a = branch(&team, "a");
    let ran = a.run(&["plan", "--base", "origin/nothing"]).exits(1);
    assert!(ran.stderr.contains("trust/base") && ran.stderr.contains("git fetch"), "{}", ran.stderr);
    a.run(&["plan", "--base", "origin/main", "--drift"]).exits(1);
    team.somebody_pushes("keywright.yaml", "version: 1\naccounts: {}\nnonsense: 1\n");
    a.git(&["fetch", "-q"]);
    let ran = a.run(BASE).exits(1);
    assert!(ran.stderr.contains("which this plan trusts") && ran.stdout.is_empty(), "{}", ran.stderr);
}
