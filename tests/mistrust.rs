//! Providers that say one thing and do another, and keys that somebody has changed beyond words: nothing that lives is ever taken for gone.
#[path = "command/sandbox.rs"]
mod sandbox;
#[path = "mistrust/vendor.rs"]
mod vendor;

use jiff::SignedDuration;
use sandbox::{OPS, Ran, Sandbox};
use serde_json::json;
use vendor::Vendor;

/// An invented provider, whose keys end by being deleted.
const PLAIN: &str = include_str!("exchanges/dimensions/plain.profile.yaml");
const ONE: &str = "  k: { scopes: [read], lifetime: 90d }\n";

/// A workspace with one account at a vendor.
struct Site {
    sandbox: Sandbox,
    vendor: Vendor,
}

impl Site {
    /// `more`: what the profile says beside the plain one, as pairs of what is replaced and by what.
    fn new(more: &[(&str, &str)]) -> Self {
        let (mut sandbox, vendor) = (Sandbox::new(), Vendor::start());
        let mut profile = PLAIN.to_owned();
        for (from, to) in more {
            assert!(profile.contains(from), "{from}");
            profile = profile.replace(from, to);
        }
        sandbox.write("providers/plain.yaml", &profile);
        sandbox.environment.insert("TOKEN".to_owned(), "example-admin-token".to_owned());
        sandbox.write(
            "keywright.yaml",
            &format!(
                "version: 1\naccounts:\n  live:\n    provider: plain\n    endpoint: {}\n    credential: {{ env: TOKEN }}\nrecipients:\n  ops: [{OPS}]\ndefaults:\n  recipients: [ops]\n",
                vendor.url
            ),
        );
        sandbox.ahead = Some(SignedDuration::ZERO);
        let site = Self { sandbox, vendor };
        site.declare(ONE);
        site
    }

    fn declare(&self, keys: &str) {
        let keys = if keys.is_empty() { " {}\n".to_owned() } else { format!("\n{keys}") };
        self.sandbox.write("keys/live.yaml", &format!("account: live\nkeys:{keys}"));
    }

    /// Lets time pass.
    fn later(&mut self) {
        self.sandbox.ahead = Some(self.sandbox.ahead.unwrap_or_default() + SignedDuration::from_hours(1));
    }

    fn apply(&self) -> Ran {
        self.sandbox.run(&["apply", "--yes"])
    }

    fn plan(&self) -> Ran {
        self.sandbox.run(&["plan"])
    }

    fn ledger(&self) -> String {
        self.sandbox.read("ledger/live/k.yaml")
    }
}

#[test]
fn a_delete_that_does_nothing_disables_nothing() {
    let site = Site::new(&[]);
    site.apply().exits(0);
    site.vendor.state().ways.deletes_nothing = true;
    site.sandbox.run(&["apply", "--yes", "--rotate", "live/k", "--compromised"]).exits(4).says("provider/not-applied");
    assert!(!site.ledger().contains("state: disabled"), "{}", site.ledger());
    site.plan().shows("generation 1");
    site.declare("");
    site.apply().exits(4).says("provider/not-applied");
    assert!(!site.ledger().contains("state: disabled") && site.vendor.state().keys.len() == 2, "{}", site.ledger());
    site.vendor.state().ways.deletes_nothing = false;
    site.apply().exits(0);
    assert_eq!(site.vendor.state().keys.len(), 0);
}

const UNTOUCHABLE: (&str, &str) = (
    "      secret: { secret: /token }",
    "      secret: { secret: /token }\n      untouchable: [ { at: /more, absent: false }, { at: /name, matches: 'Server at .*' } ]",
);

#[test]
fn what_somebody_made_more_than_the_profile_can_say_is_drift_and_replaced() {
    let mut site = Site::new(&[UNTOUCHABLE]);
    let stranger = json!({"id": "theirs", "name": "theirs", "scopes": {"not": "readable"}, "more": true});
    site.vendor.state().keys.push(stranger);
    site.apply().exits(0);
    site.plan().exits(0).shows("no changes");
    site.vendor.state().keys[1]["more"] = json!(["everything"]);
    site.vendor.state().keys[1]["scopes"] = json!(7);
    let words = "changed by hand in a way that the profile cannot say";
    site.plan().exits(0).shows(words).shows("CRITICAL");
    site.later();
    site.plan().exits(0).shows(words);
    site.apply().exits(0);
    assert!(site.ledger().contains("state: retiring") && !site.ledger().contains("vanished"), "{}", site.ledger());
    assert_eq!(site.vendor.state().keys.len(), 3);
    site.declare("");
    site.apply().exits(0);
    let left: Vec<_> = site.vendor.state().keys.iter().map(|key| key["id"].clone()).collect();
    assert_eq!(left, ["theirs"], "ours can be ended, and nobody else's is touched");
    site.sandbox.run(&["import", "live", "theirs"]).exits(1);
    assert!(!site.plan().stdout.contains("theirs"));
}

#[test]
fn keys_that_cannot_be_told_apart_are_no_list() {
    let known_by = ("pattern: '[A-Za-z0-9_-]+' }", "pattern: '[A-Za-z0-9_-]+', reference: [/by, /made] }");
    let site = Site::new(&[UNTOUCHABLE, known_by]);
    site.declare("");
    let key = |id: &str, made: u32| json!({"id": id, "name": "twin", "by": "somebody", "made": made, "scopes": ["read"]});
    let beyond = |id: &str| json!({"id": id, "name": "twin", "by": "somebody", "made": 1, "scopes": ["read"], "more": true});
    for (keys, apart) in [
        ([key("one", 1), key("two", 2)], true),
        ([key("one", 1), key("two", 1)], false),
        ([key("one", 1), beyond("two")], false),
        // They concern nobody.
        ([beyond("one"), beyond("two")], true),
    ] {
        site.vendor.state().keys = keys.to_vec();
        let plan = site.plan();
        assert_eq!(
            (plan.exit == 0, plan.stdout.contains("two keys of the list cannot be told apart")),
            (apart, !apart),
            "{keys:?}: {}{}",
            plan.stdout,
            plan.stderr
        );
    }
}

#[test]
fn a_label_that_would_make_a_key_untouchable_is_refused_at_its_place() {
    let site = Site::new(&[UNTOUCHABLE]);
    site.declare("  k:\n    label: Server at home\n    scopes: [read]\n    lifetime: 90d\n");
    let ran = site.sandbox.run(&["check"]).exits(1).shows("manifest/label");
    assert!(ran.stdout.contains("keys/live.yaml:4:12") && ran.stdout.contains("nobody may touch"), "{}", ran.stdout);
}

#[test]
fn a_key_that_was_created_untouchable_is_ended_and_never_lost() {
    let mut site = Site::new(&[(
        "      secret: { secret: /token }",
        "      secret: { secret: /token }\n      untouchable: [ { at: /scopes/0, is: [read] } ]",
    )]);
    site.apply().exits(4).says("provider/not-applied");
    assert_eq!(site.vendor.count("DELETE"), 1, "{}", site.ledger());
    assert_eq!(site.vendor.state().keys.len(), 0);
    site.later();
    site.apply().exits(4);
    assert_eq!(site.vendor.state().keys.len(), 0);
}

#[test]
fn nobody_in_between_can_say_that_a_key_is_gone() {
    for json in [false, true] {
        let site = Site::new(&[]);
        site.apply().exits(0);
        site.vendor.stands_before(!json, json);
        site.declare("");
        site.apply().exits(4);
        assert!(!site.ledger().contains("state: disabled"), "{}", site.ledger());
        site.vendor.stands_before(false, false);
        site.apply().exits(0);
        assert_eq!(site.vendor.state().keys.len(), 0);
    }
}

#[test]
fn what_nobody_shows_is_never_published() {
    let site = Site::new(&[]);
    site.vendor.state().ways.hides = true;
    let ran = site.apply().exits(4).says("provider/not-applied");
    assert!(ran.stderr.contains("generation 1 of `live/k`"), "{}", ran.stderr);
    assert!(site.ledger().contains("state: sealed") && !site.sandbox.exists("secrets/live/k.age"), "{}", site.ledger());
    site.vendor.state().ways.hides = false;
    site.apply().exits(0);
    assert!(site.ledger().contains("state: active") && site.sandbox.exists("secrets/live/k.age"), "{}", site.ledger());
    assert_eq!(site.vendor.state().keys.len(), 1);
}

/// Keys without any place for a label.
const UNLABELLED: [(&str, &str); 3] = [
    ("label: { max: 100 }", "label: none"),
    ("  editable: { label: true, ", "  editable: { "),
    ("      label: /name\n", "      created: { at: /created }\n"),
];

#[test]
fn what_arrives_late_without_a_label_stays_accounted_for() {
    let mut profile = UNLABELLED.to_vec();
    profile.extend([
        (
            "body: { name: \"{label}\", scopes: \"{scopes}\", expires_at: \"{expiry}\" } }\n      edit",
            "body: { scopes: \"{scopes}\", expires_at: \"{expiry}\" } }\n      edit",
        ),
        ("body: { name: \"{label}\", scopes", "body: { scopes"),
    ]);
    let mut site = Site::new(&profile);
    site.vendor.state().ways.late = true;
    site.vendor.state().keys.push(json!({"id": "before", "scopes": ["read"]}));
    site.apply();
    site.apply().exits(0);
    assert_eq!(site.vendor.count("POST"), 2, "{}", site.ledger());
    let quiet = site.plan().exits(0);
    assert!(!quiet.stdout.contains("may be what"), "{}", quiet.stdout);
    site.vendor.shows_what_is_late();
    site.later();
    let told = site.plan().exits(0).shows("`k1` may be what the unanswered create of generation 1 of `live/k` has made").shows("CRITICAL");
    assert!(!told.stdout.contains("`before` may be"), "{}", told.stdout);
    site.apply().exits(0);
    assert_eq!(site.vendor.state().keys.len(), 3, "nothing is ended on a guess");
    site.sandbox.run(&["recover", "live/k", "--found", "k1", "--yes"]).exits(0);
    let left: Vec<_> = site.vendor.state().keys.iter().map(|key| key["id"].clone()).collect();
    assert_eq!(left, ["before", "k2"]);
    assert!(!site.plan().exits(0).stdout.contains("may be what"));
}

const UNTOLD: &str = "nothing tells which key is that of our own credential";

#[test]
fn that_nothing_tells_our_own_key_is_said() {
    let site = Site::new(&[]);
    site.plan().shows(UNTOLD);
    site.sandbox.run(&["providers", "plain"]).exits(0).shows(UNTOLD);
    let apart = Site::new(&[("credential: { parts: [token] }", "credential: { parts: [token], apart: true }")]);
    assert!(!apart.plan().stdout.contains(UNTOLD));
}

#[test]
fn the_keys_of_both_credentials_are_ours() {
    let asked = [("    auth:\n", "    self: { request: GET /self, id: /id }\n    auth:\n")];
    let masked = [("credential: { parts: [token] }", "credential: { parts: [token], own: { part: token, masked: /redacted } }")];
    for profile in [&asked, &masked] {
        let mut site = Site::new(profile);
        for (id, token) in [("admin", "example-admin-token"), ("reading", "example-reading-tok3n")] {
            let redacted = format!("{}...{}", &token[..8], &token[token.len() - 3..]);
            site.vendor.state().keys.push(json!({"id": id, "name": id, "scopes": ["read"], "token": token, "redacted": redacted}));
        }
        site.sandbox.environment.insert("READING".to_owned(), "example-reading-tok3n".to_owned());
        let text = site.sandbox.read("keywright.yaml");
        site.sandbox.write("keywright.yaml", &text.replace("    credential:", "    plan_credential: { env: READING }\n    credential:"));
        let plan: serde_json::Value = serde_json::from_str(&site.sandbox.run(&["plan", "-o", "json"]).stdout).expect("JSON");
        let own: Vec<_> = plan["unmanaged"].as_array().expect("a list").iter().map(|key| (key["id"].clone(), key["own"].clone())).collect();
        assert_eq!(own, [(json!("admin"), json!(true)), (json!("reading"), json!(true))], "{plan}");
        site.sandbox.run(&["import", "live", "reading"]).exits(1).says("import/own-key");
    }
}
