//! The policy as teams meet it: each rule passes, denies, warns and is waived, at the exact place in the manifest; and nothing gets past it.
#[cfg(unix)]
#[path = "policy/listening.rs"]
mod listening;
#[path = "command/sandbox.rs"]
mod sandbox;

use sandbox::{OPS, RECOVERY, Ran, Sandbox};
use serde_json::Value;

/// A workspace with a policy, and keys; `body`: what `keywright.yaml` says beyond accounts and recipients.
fn workspace(body: &str, keys: &str) -> Sandbox {
    let mut sandbox = Sandbox::new();
    sandbox.now = Some("2026-11-22T09:00:00Z".to_owned());
    let accounts = "version: 1\naccounts:\n  shop: { provider: keyring }\n  pay: { provider: payconex, environment: certification, params: { account_id: \"220614966801\" } }\n";
    let recipients = format!("recipients:\n  ops: [{OPS}]\n  recovery: [{RECOVERY}]\n  both: [{OPS}, {RECOVERY}]\n");
    sandbox.write("keywright.yaml", &format!("{accounts}{recipients}defaults: {{ recipients: [ops], lifetime: 90d }}\n{body}\n"));
    sandbox.write("keys/pay.yaml", &format!("account: pay\nkeys:\n{keys}\n"));
    sandbox
}

fn found(ran: &Ran) -> Vec<Value> {
    let all: Vec<Value> = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}\n{}", ran.stdout, ran.stderr));
    all.into_iter().filter(|one| one["code"].as_str().is_some_and(|code| code.starts_with("policy/"))).collect()
}

fn check(sandbox: &Sandbox) -> (i32, Vec<Value>) {
    let ran = sandbox.run(&["check", "-o", "json"]);
    (ran.exit, found(&ran))
}

fn said(one: &Value) -> String {
    let text = |field: &str| one[field].as_str().unwrap_or("-").to_owned();
    format!("{} {} {}:{}:{}", text("severity"), text("code"), text("file"), one["line"], one["column"])
}

/// What a policy says; a key that breaks it, with what the verdict marks; and one that keeps to it.
struct Row {
    code: &'static str,
    policy: &'static str,
    breaks: &'static str,
    /// What of the key is marked.
    at: &'static str,
    keeps: &'static str,
    /// The patch, where there is one.
    replacement: Option<&'static str>,
}

const ROWS: &[Row] = &[
    Row {
        code: "policy/max-lifetime",
        policy: "max_lifetime: 60d",
        breaks: "  one: { scopes: [pcx:webhooks:read], lifetime: 400d }",
        at: "400d",
        keeps: "  one: { scopes: [pcx:webhooks:read], lifetime: 60d }",
        replacement: Some("60d"),
    },
    Row {
        code: "policy/max-lifetime",
        policy: "max_lifetime: 60d",
        breaks: "  one:\n    scopes: [pcx:webhooks:read]\n    expires: 2027-06-30",
        at: "2027-06-30",
        keeps: "  one: { scopes: [pcx:webhooks:read], expires: 2027-01-20 }",
        replacement: Some("2027-01-20"),
    },
    Row {
        code: "policy/max-lifetime",
        policy: "max_lifetime: 60d",
        breaks: "  one: { scopes: [pcx:webhooks:read] }",
        at: "one",
        keeps: "  one: { scopes: [pcx:webhooks:read], lifetime: 30d }",
        replacement: None,
    },
    Row {
        code: "policy/missing-field",
        policy: "require: [owner, purpose]",
        breaks: "  one: { scopes: [pcx:webhooks:read], owner: a, purpose: \" \" }",
        at: "\" \"",
        keeps: "  one: { scopes: [pcx:webhooks:read], owner: a, purpose: b }",
        replacement: None,
    },
    Row {
        code: "policy/no-expiry",
        policy: "require: [expiry]",
        breaks: "  one: { scopes: [pcx:webhooks:read], expires: never }",
        at: "never",
        keeps: "  one: { scopes: [pcx:webhooks:read] }",
        replacement: None,
    },
    Row {
        code: "policy/denied-scope",
        policy: "deny: { scopes: [pcx:api_key:create] }",
        breaks: "  one: { scopes: [pcx:webhooks:read, \"pcx:api_key:*\"] }",
        at: "\"pcx:api_key:*\"",
        keeps: "  one: { scopes: [pcx:webhooks:read, pcx:api_key:read] }",
        replacement: None,
    },
    Row {
        code: "policy/denied-scope",
        policy: "deny: { scopes: [\"*:api_key:*\"] }",
        breaks: "  one: { scopes: [pcx:webhooks:read, pcx:api_key:read] }",
        at: "pcx:api_key:read",
        keeps: "  one: { scopes: [pcx:webhooks:read] }",
        replacement: None,
    },
    Row {
        code: "policy/risk",
        policy: "deny: { risk: critical }",
        breaks: "  one: { scopes: [pcx:webhooks:read, pcx:api_key:read] }",
        at: "pcx:api_key:read",
        keeps: "  one: { scopes: [\"pcx:webhooks:*\"] }",
        replacement: None,
    },
    Row {
        code: "policy/open-ended",
        policy: "deny: { open_ended: true }",
        breaks: "  one: { scopes: [\"pcx:webhooks:*\"] }",
        at: "\"pcx:webhooks:*\"",
        keeps: "  one: { scopes: [pcx:webhooks:read] }",
        replacement: Some("pcx:webhooks:create, pcx:webhooks:delete, pcx:webhooks:read, pcx:webhooks:trigger, pcx:webhooks:update"),
    },
    Row {
        code: "policy/open-ended",
        policy: "deny: { open_ended: true }",
        breaks: "  one:\n    scopes:\n      - pcx:webhooks:*",
        at: "pcx:webhooks:*",
        keeps: "  one:\n    scopes:\n      - pcx:webhooks:read",
        replacement: Some(
            "pcx:webhooks:create\n      - pcx:webhooks:delete\n      - pcx:webhooks:read\n      - pcx:webhooks:trigger\n      - pcx:webhooks:update",
        ),
    },
    Row {
        code: "policy/recipients",
        policy: "recipients: [recovery]",
        breaks: "  one: { scopes: [pcx:webhooks:read], recipients: [ops] }",
        at: "[ops]",
        keeps: "  one: { scopes: [pcx:webhooks:read], recipients: [both] }",
        replacement: None,
    },
    Row {
        code: "policy/min-recipients",
        policy: "min_recipients: 2",
        breaks: "  one: { scopes: [pcx:webhooks:read] }",
        at: "one",
        keeps: "  one: { scopes: [pcx:webhooks:read], recipients: [ops, recovery] }",
        replacement: None,
    },
    Row {
        code: "policy/rule",
        policy: "rules: [{ name: r, when: 'key.scopes.exists(s, s.risk != \"low\")', require: 'key.lifetime <= days(30)' }]",
        breaks: "  one: { scopes: [\"pcx:webhooks:*\"], lifetime: 60d }",
        at: "60d",
        keeps: "  one: { scopes: [pcx:webhooks:read], lifetime: 60d }",
        replacement: None,
    },
    Row {
        code: "policy/rule",
        policy: "rules: [{ name: r, deny: 'access.gained.exists(s, s.access == \"write\")' }]",
        breaks: "  one: { scopes: [pcx:webhooks:update] }",
        at: "[pcx:webhooks:update]",
        keeps: "  one: { scopes: [pcx:webhooks:read] }",
        replacement: None,
    },
    Row {
        code: "policy/rule-failed",
        policy: "rules: [{ name: r, require: 'key.expires < date(\"2030-01-01\")' }]",
        breaks: "  one: { scopes: [pcx:webhooks:read], lifetime: 30d }",
        at: "30d",
        keeps: "  one: { scopes: [pcx:webhooks:read], expires: 2027-01-01 }",
        replacement: None,
    },
    Row {
        code: "policy/max-lifetime",
        policy: "rules: [{ name: r, accounts: [pa*], paths: [\"keys/**\"], max_lifetime: 7d }]",
        breaks: "  one: { scopes: [pcx:webhooks:read], lifetime: 8d, renew_before: 1d, overlap: 1h }",
        at: "8d",
        keeps: "  one: { scopes: [pcx:webhooks:read], lifetime: 7d, renew_before: 1d, overlap: 1h }",
        replacement: Some("7d"),
    },
];

#[test]
fn every_rule_passes_denies_warns_and_is_waived() {
    for row in ROWS {
        let before = &row.breaks[..row.breaks.find(row.at).expect("the key has what is marked")];
        let (line, column) = (3 + before.matches('\n').count(), before.len() - before.rfind('\n').map_or(0, |end| end + 1) + 1);
        let at = |severity: &str| vec![format!("{severity} {} keys/pay.yaml:{line}:{column}", row.code)];
        let told = |body: &str, key: &str| {
            let (exit, found) = check(&workspace(body, key));
            (exit, found.iter().map(said).collect::<Vec<_>>(), found)
        };
        let policy = format!("policy:\n  {}", row.policy);
        let (exit, said, all) = told(&policy, row.breaks);
        assert_eq!((exit, said), (3, at("error")), "{}: {all:?}", row.policy);
        assert_eq!(all[0]["replacement"].as_str(), row.replacement, "{}", row.policy);
        let notes = all[0]["notes"].to_string();
        assert!(notes.contains("policy: keywright.yaml:11"), "{notes}");

        let (exit, said, _) = told(&policy, row.keeps);
        assert_eq!((exit, said), (0, vec![]), "{}: {}", row.policy, row.keeps);

        let (exit, said, _) = told(&format!("{policy}\n  effect: warn"), row.breaks);
        assert_eq!((exit, said), (0, at("warning")), "{}", row.policy);

        let waiver =
            |until: &str| format!("{policy}\nwaivers:\n  - {{ rule: {}, address: pay/o*, reason: soon, expires: {until} }}", row.code);
        let (exit, said, all) = told(&waiver("2026-11-22"), row.breaks);
        assert_eq!((exit, said), (0, at("note")), "{}", row.policy);
        assert!(all[0]["notes"].to_string().contains("waived until 2026-11-22: soon"), "{all:?}");
        let (exit, said, _) = told(&waiver("2026-11-21"), row.breaks);
        assert_eq!(exit, 3, "{said:?}");
        assert!(
            said.contains(&at("error")[0]) && said.iter().any(|one| one.starts_with("warning policy/waiver-expired keywright.yaml:13:")),
            "{said:?}"
        );
        let (exit, said, _) = told(&waiver("2026-11-22"), row.keeps);
        assert_eq!(exit, 0);
        // What weighs a change may need it at the next one.
        let is_idle = said.len() == 1 && said[0].starts_with("warning policy/waiver-unused keywright.yaml:13:13");
        assert!(if row.policy.contains("access.") { said.is_empty() } else { is_idle }, "{}: {said:?}", row.policy);
    }
}

#[test]
fn unknown_scopes_are_denied_with_the_nearest_known_one() {
    // A catalogue that only warns of what it lacks leaves the decision to the policy.
    let (exit, found) = check(&workspace("policy:\n  deny: { unknown: true }", "  one: { scopes: [pcx:webhooks:raed] }"));
    assert_eq!((exit, found.iter().map(said).collect::<Vec<_>>()), (3, vec!["error policy/unknown-scope keys/pay.yaml:3:19".to_owned()]));
    assert_eq!(
        (found[0]["replacement"].as_str(), found[0]["help"].as_str()),
        (Some("pcx:webhooks:read"), Some("did you mean `pcx:webhooks:read`?"))
    );
}

#[test]
fn mistakes_in_rules_are_at_their_place_in_the_file() {
    let key = "  one: { scopes: [pcx:webhooks:read] }";
    for (body, expected) in [
        ("policy:\n  rules:\n    - name: r\n      require: 'key.scope == []'", "policy/invalid-rule 13:21"),
        (
            "policy:\n  rules:\n    - name: r\n      require: |\n        key.protect\n        || key.ownr == \"\"",
            "policy/invalid-rule 15:16",
        ),
        ("policy:\n  rules:\n    - name: r\n      when: key.protect ==\n      max_lifetime: 3d", "policy/invalid-rule 13:"),
        ("policy:\n  rules:\n    - { name: r }", "policy/invalid-rule 12:7"),
        ("policy:\n  rules:\n    - { name: r, max_lifetime: 3d }\n    - { name: r, max_lifetime: 4d }", "policy/invalid-rule 13:15"),
        ("policy:\n  rules:\n    - { name: r, accounts: [pya], max_lifetime: 3d }", "config/unknown-account 12:29"),
        ("policy:\n  recipients: [rcovery]", "config/unknown-group 11:16"),
        ("policy:\n  requires: [owner]", "yaml/unknown-field 11:3"),
        ("policy:\n  require: [ownr]", "yaml/invalid-value 11:13"),
        ("policy:\n  deny: { risk: huge }", "yaml/invalid-value 11:17"),
        ("waivers:\n  - { rule: policy/rsk, address: pay/one, reason: x, expires: 2027-01-01 }", "policy/invalid-waiver 11:13"),
        ("waivers:\n  - { rule: policy/risk, address: one, reason: x, expires: 2027-01-01 }", "policy/invalid-waiver 11:35"),
        ("waivers:\n  - { rule: policy/risk, address: pay/one, reason: x, expires: never }", "yaml/invalid-value 11:64"),
        ("waivers:\n  - { rule: policy/risk, address: pay/one, reason: x }", "yaml/missing-field 11:5"),
    ] {
        let ran = workspace(body, key).run(&["check", "-o", "json"]);
        let all: Vec<Value> = serde_json::from_str(&ran.stdout).expect("JSON");
        let errors: Vec<String> = all
            .iter()
            .filter(|one| one["severity"] == "error")
            .map(|one| format!("{} {}:{}", one["code"].as_str().expect("a code"), one["line"], one["column"]))
            .collect();
        assert_eq!(ran.exit, 1, "{body}: {}", ran.stdout);
        assert!(errors.iter().any(|error| error.starts_with(expected)), "{body}\n{errors:?}");
    }
}

#[test]
fn plan_and_apply_are_refused_before_anything_is_written() {
    let mut sandbox = Sandbox::new();
    sandbox.now = Some("2026-11-22T09:00:00Z".to_owned());
    let config = |policy: &str| {
        format!(
            "version: 1\naccounts:\n  shop: {{ provider: keyring }}\nrecipients:\n  ops: [{OPS}]\ndefaults: {{ recipients: [ops] }}\n{policy}"
        )
    };
    sandbox.write("keywright.yaml", &config("policy: { max_lifetime: 30d }\n"));
    sandbox.write(
        "keys/shop.yaml",
        "account: shop\nkeys:\n  one: { scopes: [orders:read], lifetime: 90d }\n  two: { scopes: [orders:read], lifetime: 29d }\n",
    );
    let before = sandbox.tree();
    for arguments in [&["plan"][..], &["plan", "--offline"], &["apply", "--yes"]] {
        let ran = sandbox.run(arguments);
        assert_eq!(ran.exit, 3, "{arguments:?}: {}{}", ran.stdout, ran.stderr);
        assert!(ran.stdout.contains("Blocked by 1 policy violation; nothing was changed."), "{}", ran.stdout);
        assert!(ran.stdout.contains("= policy: keywright.yaml:7"), "{}", ran.stdout);
    }
    let after: sandbox::Tree = sandbox.tree().into_iter().filter(|(path, _)| !path.starts_with(".keywright")).collect();
    assert_eq!(after, before);
    assert_eq!(sandbox.run(&["plan", "shop/two"]).exit, 0, "the other key is not judged");

    // A plan that was saved under a milder policy is bound to it.
    sandbox.write("keywright.yaml", &config(""));
    assert_eq!(sandbox.run(&["plan", "--out", "saved.json"]).exit, 0);
    sandbox.write("keywright.yaml", &config("policy: { max_lifetime: 30d }\n"));
    assert_eq!(sandbox.run(&["apply", "saved.json", "--yes"]).exit, 3);
    // One that was saved although it is refused cannot be applied either.
    assert_eq!(sandbox.run(&["plan", "--out", "refused.json"]).exit, 3);
    let ran = sandbox.run(&["apply", "refused.json", "--yes"]);
    assert_eq!(ran.exit, 3, "{}{}", ran.stdout, ran.stderr);
    assert!(!sandbox.exists("secrets") && !sandbox.exists("ledger"));
}

#[test]
fn a_saved_plan_that_is_exceeded_writes_what_it_would_be_now() {
    let mut sandbox = Sandbox::new();
    sandbox.now = Some("2026-11-22T09:00:00Z".to_owned());
    sandbox.write(
        "keywright.yaml",
        &format!("version: 1\naccounts:\n  shop: {{ provider: keyring }}\nrecipients:\n  ops: [{OPS}]\ndefaults: {{ recipients: [ops], lifetime: 90d }}\n"),
    );
    sandbox.write("keys/shop.yaml", "account: shop\nkeys:\n  one: { scopes: [orders:read] }\n");
    sandbox.run(&["apply", "--yes"]).exits(0);
    sandbox.run(&["plan", "--out", "saved.json"]).exits(0);
    sandbox.write(".keywright/keyring.json", "{\"version\":1,\"keys\":{}}\n");
    sandbox.run(&["apply", "saved.json", "--yes", "-o", "json=now.json", "-o", "markdown=now.md"]).exits(3).says("plan/exceeds-approved");
    let now: Value = serde_json::from_str(&sandbox.read("now.json")).expect("JSON");
    assert_eq!(now["changes"][0]["action"], "create", "{now:#}");
    assert!(sandbox.read("now.md").contains("shop/one"));
}

#[test]
fn quiet_shows_results_and_verbose_no_secret() {
    let mut sandbox = Sandbox::new();
    sandbox.now = Some("2026-11-22T09:00:00Z".to_owned());
    sandbox.write(
        "keywright.yaml",
        &format!("version: 1\naccounts:\n  shop: {{ provider: keyring }}\n  pay: {{ provider: payconex, environment: certification, params: {{ account_id: \"220614966801\" }}, credential: {{ env: PAY }}, endpoint: \"http://127.0.0.1:9\" }}\nrecipients:\n  ops: [{OPS}]\ndefaults: {{ recipients: [ops], lifetime: 90d }}\n"),
    );
    sandbox.write("keys/shop.yaml", "account: shop\nkeys:\n  one: { scopes: [orders:read] }\n");
    sandbox.environment.insert("PAY".to_owned(), r#"{"id": "api_canary", "secret": "canary-secret"}"#.to_owned());
    let loud = sandbox.run(&["plan", "--verbose"]);
    assert!(loud.stderr.contains("verbose: 2 accounts, 1 keys") && loud.stderr.contains("the credential comes from"), "{}", loud.stderr);
    assert!(!format!("{}{}", loud.stdout, loud.stderr).contains("canary"), "{}", loud.stderr);
    let usual = sandbox.run(&["apply", "--yes", "shop/one"]);
    assert!(usual.stderr.contains("shop: shop/one: create done"), "{}", usual.stderr);
    sandbox.write("keys/shop.yaml", "account: shop\nkeys:\n  two: { scopes: [orders:read] }\n");
    let quiet = sandbox.run(&["-q", "apply", "--yes", "shop/two"]);
    assert_eq!((quiet.exit, quiet.stderr.as_str()), (0, ""), "{}", quiet.stdout);
    assert!(quiet.stdout.contains("Applied: 1 created"), "{}", quiet.stdout);
    assert_eq!(sandbox.run(&["-q", "-v", "check"]).exit, 1, "both make no sense");
}
