//! Keys that come back, keys that got another name, and what somebody did to them by hand.
use jiff::SignedDuration;
use keywright::model::GenerationState::{Active, Disabled};

use crate::emulator::{Config, Key, Route};
use crate::sandbox::RECOVERY;
use crate::site::{BILLING, Site, WEBHOOKS};

const DRIFT: &[&str] = &["plan", "--drift", "--detailed-exitcode"];

#[test]
fn what_is_done_by_hand_is_named_and_undone() {
    let deed = |said: &[&str], change: fn(&mut Key)| {
        let site = Site::new(Config::default());
        site.settle();
        let key = site.assert_works("billing");
        site.refuses(DRIFT, 0).shows("Drift: none.");
        assert!(site.emulator.change_key(&key.id, change));
        let ran = site.refuses(DRIFT, 2);
        let ran = said.iter().fold(ran, |ran, said| ran.shows(said)).shows("Drift: 1 difference of 1 key.");
        assert!(!ran.stdout.contains("Plan:"), "{}", ran.stdout);
        site.plan().exits(0).shows("drift   1 difference that no manifest asked for").shows("drift: ");
        site.settle();
        let after = site.assert_works("billing");
        assert_eq!((&after.id, &after.label, &after.scopes, after.expires), (&key.id, &key.label, &key.scopes, key.expires));
        site.refuses(DRIFT, 0);
    };
    deed(&["CRITICAL", "scopes widened by hand: +pcx:api_key:create"], |key| {
        key.scopes.push("pcx:api_key:create".to_owned());
    });
    deed(&["scopes changed by hand", "+pcx:devices:read", "-pcx:webhooks:read"], |key| {
        key.scopes = vec!["pcx:devices:read".to_owned()];
    });
    deed(&["label changed by hand, and its marker is gone: `Billing webhooks", "-> `mine`"], |key| key.label = "mine".to_owned());
    deed(&["expiry removed by hand"], |key| key.expires = None);
    deed(&["disabled by hand", "enable"], |key| key.enabled = false);
}

#[test]
fn a_key_that_vanished_is_drift_and_is_made_again() {
    let mut site = Site::new(Config::default());
    site.settle();
    let key = site.assert_works("billing");
    site.after(SignedDuration::from_hours(24));
    assert!(site.emulator.delete_key(&key.id));
    site.refuses(DRIFT, 2).shows("vanished").shows("create");
    site.settle();
    assert_ne!(site.assert_works("billing").id, key.id);
    site.refuses(DRIFT, 0);
}

#[test]
fn a_key_that_was_enabled_by_hand_is_disabled_again() {
    let site = Site::new(Config::default());
    site.settle();
    let key = site.assert_works("billing");
    site.declare("");
    site.settle();
    assert!(site.emulator.change_key(&key.id, |key| key.enabled = true));
    site.refuses(DRIFT, 2).shows("enabled by hand").shows("disable");
    site.settle();
    assert_eq!((site.live().len(), site.states("billing")), (0, vec![(1, Disabled)]));
}

#[test]
fn drift_of_a_listing_that_shrank_says_so() {
    let site = Site::new(Config::default());
    let keys: String = (0..5).map(|number| format!("  key-{number}: {{ scopes: [pcx:webhooks:read] }}\n")).collect();
    site.declare(&keys);
    site.settle();
    let mut site = site;
    site.after(SignedDuration::from_hours(24));
    for key in site.keys().iter().take(4) {
        assert!(site.emulator.delete_key(&key.id));
    }
    site.refuses(DRIFT, 2).shows("vanished").shows("guard/shrunk");
    site.refuses(&["apply", "--yes"], 3).shows("guard/shrunk");
}

#[test]
fn drift_counts_alone_and_an_account_that_cannot_be_read_is_no_peace() {
    let site = Site::new(Config::default());
    site.settle();
    site.declare(&format!("{BILLING}  other: {{ scopes: [pcx:devices:read] }}\n"));
    site.refuses(&["plan", "--detailed-exitcode"], 2);
    site.refuses(DRIFT, 0).shows("Drift: none.");
    let ran = site.refuses(&["plan", "--drift", "-o", "json"], 0);
    let plan: serde_json::Value = serde_json::from_str(&ran.stdout).expect("a plan");
    assert_eq!((&plan["drift"], &plan["changes"]), (&serde_json::json!([]), &serde_json::json!([])));
    let key = site.assert_works("billing");
    assert!(site.emulator.change_key(&key.id, |key| key.scopes.push("pcx:api_key:read".to_owned())));
    let ran = site.refuses(&["plan", "--drift", "-o", "json"], 0);
    let plan: serde_json::Value = serde_json::from_str(&ran.stdout).expect("a plan");
    let (drift, change) = (&plan["drift"][0], &plan["changes"][0]);
    assert_eq!((drift["reason"].as_str(), drift["action"].as_str()), (Some("scopes widened by hand"), Some("edit")));
    assert_eq!(drift["access"]["gained"][0]["risk"], "critical");
    assert_eq!((change["address"].as_str(), change["reason"].as_str()), (Some("pay/billing"), Some("drift: scopes differ")));
    assert_eq!(plan["changes"].as_array().map(Vec::len), Some(1), "the other key is nobody's drift");
    let mut site = site;
    site.sandbox.environment.remove("PAYCONEX_ADMIN_KEY");
    site.refuses(DRIFT, 4).shows("unavailable");
}

#[test]
fn a_key_gets_another_name_without_a_new_secret() {
    let site = Site::new(Config::default());
    site.declare("  webhooks: { scopes: [pcx:webhooks:read], protect: true }\n");
    site.settle();
    let key = site.assert_works("webhooks");
    let (sealed, creates) =
        (site.sandbox.tree().get("secrets/pay/webhooks.age").expect("sealed").bytes.clone(), site.emulator.count(Route::Create));
    let moved = "  billing: { scopes: [pcx:webhooks:read], protect: true }\nmoved:\n  - { from: pay/webhooks, to: pay/billing }\n";
    site.declare(moved);
    site.plan().exits(0).shows("moved from `pay/webhooks`; label differs").shows("1 to edit");
    site.settle();
    let after = site.assert_works("billing");
    assert_eq!((&after.id, &after.secret, site.emulator.count(Route::Create)), (&key.id, &key.secret, creates));
    assert!(key.label.starts_with("webhooks kw-") && after.label.starts_with("billing kw-"), "{}", after.label);
    assert!(site.sandbox.tree()["secrets/pay/billing.age"].bytes == sealed, "the secret file is the same, byte for byte");
    assert!(!site.sandbox.exists("secrets/pay/webhooks.age") && !site.sandbox.exists("ledger/pay/webhooks.yaml"));
    assert!(site.record("billing").protect, "everything of the record moves");
    site.sandbox.run(&["check"]).exits(0);
    // The entry may stay, and may go.
    site.declare("  billing: { scopes: [pcx:webhooks:read], protect: true }\n");
    let writes = site.writes();
    site.apply().exits(0);
    assert_eq!(site.writes(), writes);
}

#[test]
fn one_of_both_addresses_chooses_a_key_that_moves() {
    for address in ["pay/webhooks", "pay/billing"] {
        let site = Site::new(Config::default());
        site.declare("  webhooks: { scopes: [pcx:webhooks:read] }\n");
        site.settle();
        site.declare("  billing: { scopes: [pcx:webhooks:read] }\nmoved:\n  - { from: pay/webhooks, to: pay/billing }\n");
        site.sandbox.run(&["plan", address, "--out", "plan.json"]).exits(0).shows("moved from `pay/webhooks`");
        site.sandbox.run(&["apply", "plan.json", "--yes"]).exits(0);
        site.assert_works("billing");
    }
}

#[test]
fn a_saved_plan_without_the_move_does_not_cover_it() {
    let site = Site::new(Config::default());
    site.declare("  webhooks: { label: Billing, scopes: [pcx:webhooks:read] }\n");
    site.settle();
    site.declare("  billing: { label: Billing, scopes: [pcx:webhooks:read] }\nmoved:\n  - { from: pay/webhooks, to: pay/billing }\n");
    site.sandbox.run(&["plan", "--out", "plan.json"]).exits(0);
    let text = site.sandbox.read("plan.json");
    let mut plan: serde_json::Value = serde_json::from_str(&text).expect("a plan");
    assert_eq!(plan["changes"][0]["work"], serde_json::json!([{ "move": { "generation": 1, "from": "pay/webhooks" } }]));
    plan["changes"] = serde_json::json!([]);
    site.sandbox.write("none.json", &plan.to_string());
    site.refuses(&["apply", "none.json", "--yes"], 3).says("plan/exceeds-approved");
    site.sandbox.run(&["apply", "plan.json", "--yes"]).exits(0);
    site.assert_works("billing");
}

#[test]
fn names_in_a_moved_file_are_written_anew_where_the_provider_shows_the_secret_again() {
    let site = Site::new(Config::default());
    site.declare("  webhooks: { label: Billing, scopes: [pcx:webhooks:read], format: dotenv }\n");
    site.settle();
    site.declare(
        "  billing: { label: Billing, scopes: [pcx:webhooks:read], format: dotenv }\nmoved:\n  - { from: pay/webhooks, to: pay/billing }\n",
    );
    site.plan().exits(0).shows("moved from `pay/webhooks`; the file has the names of an old address");
    site.settle();
    let opened = site.sandbox.run(&["open", "pay/billing", "-i", "~/ops.txt"]).exits(0);
    assert!(opened.stdout.contains("PAY_BILLING_ID=") && !opened.stdout.contains("WEBHOOKS"), "the names are the new ones");
}

#[test]
fn an_added_recipient_and_another_format_need_no_identity_where_the_provider_shows_the_secret_again() {
    let site = Site::new(Config::default());
    site.settle();
    let (key, before) = (site.assert_works("billing"), site.sandbox.tree());
    site.apply().exits(0);
    assert!(site.sandbox.tree() == before, "nothing is encrypted anew without a reason");
    let config = site.sandbox.read("keywright.yaml").replace("defaults:\n", &format!("  more: [{RECOVERY}]\ndefaults:\n"));
    site.sandbox.write("keywright.yaml", &config.replace("recipients: [ops]\n", "recipients: [ops, more]\n"));
    site.plan().exits(0).shows("reseal: a recipient was added").shows("+ reader");
    let writes = site.writes();
    site.settle();
    assert_eq!((site.assert_works("billing").id, site.writes()), (key.id.clone(), writes), "the provider was asked to change nothing");
    site.sandbox.run(&["open", "pay/billing", "-i", "~/recovery.txt"]).exits(0);
    site.declare(&BILLING.replace("scopes:", "format: dotenv, scopes:"));
    site.plan().exits(0).shows("reseal: the format differs");
    site.settle();
    let opened = site.sandbox.run(&["open", "pay/billing", "-i", "~/ops.txt"]).exits(0);
    assert!(opened.stdout.contains(&format!("PAY_BILLING_ID={}", key.id)), "the form of the file");
    assert_eq!(site.states("billing"), [(1, Active)]);
}

#[test]
fn a_disabled_key_comes_back_until_its_cooldown_is_over() {
    let mut site = Site::new(Config::default());
    site.settle();
    let first = site.assert_works("billing");
    site.declare("");
    site.settle();
    site.after(SignedDuration::from_hours(24 * 6));
    site.declare(BILLING);
    site.plan().exits(0).shows("enable: wanted again");
    site.settle();
    assert_eq!(site.assert_works("billing").id, first.id);
    site.declare("");
    site.settle();
    site.after(SignedDuration::from_hours(24 * 14));
    site.declare(BILLING);
    site.plan().exits(0).shows("create: wanted again; its cooldown has passed");
    site.settle();
    let second = site.assert_works("billing");
    assert_ne!(second.id, first.id);
    assert!(site.emulator.key(&first.id).is_none_or(|key| !key.enabled), "the old one does not live");
    assert_eq!(second.scopes, [WEBHOOKS]);
}

#[test]
fn a_removed_key_is_kept_as_long_as_its_entry_or_the_defaults_said() {
    let mut site = Site::new(Config::default());
    let config = site.sandbox.read("keywright.yaml").replace("lifetime: 90d\n", "lifetime: 90d\n  cooldown: 20d\n");
    site.sandbox.write("keywright.yaml", &config);
    site.declare(&format!("{BILLING}  other: {{ scopes: [pcx:devices:read], cooldown: 30d }}\n"));
    site.settle();
    site.declare("");
    site.sandbox.run(&["apply", "--yes", "--allow", "empty"]).exits(0);
    site.settle();
    let mut left = |days: i64| {
        site.after(SignedDuration::from_hours(24 * days));
        site.settle();
        site.keys().len()
    };
    assert_eq!([left(19), left(21), left(29), left(31)], [2, 1, 1, 0]);
}

#[test]
fn what_is_declared_as_disabled_is_kept() {
    let mut site = Site::new(Config::default());
    site.settle();
    let key = site.assert_works("billing");
    site.declare(&BILLING.replace("scopes:", "state: disabled, scopes:"));
    site.settle();
    site.after(SignedDuration::from_hours(24 * 60));
    site.settle();
    assert!(site.emulator.key(&key.id).is_some_and(|key| !key.enabled));
    assert_eq!(site.states("billing"), [(1, Disabled)]);
}
