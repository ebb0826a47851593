//! Lives of keys: create, edit, disable, enable, rotate, delete.
use jiff::SignedDuration;
use keywright::model::GenerationState::{Active, Disabled, Retiring};

use crate::emulator::{AuthMethod, Config, EXAMPLE_ACCOUNT, Environment, KeySeed, Route, SignedQuery};
use crate::site::{BILLING, Site, WEBHOOKS};

#[test]
fn a_key_is_created_edited_disabled_enabled_and_deleted() {
    let mut site = Site::new(Config::default());
    site.plan().exits(0).shows("Plan: 1 to create, 0 to edit, 0 to rotate, 0 to disable.");
    assert_eq!((site.writes(), site.keys().len()), (0, 0), "a plan writes nothing");

    site.settle();
    let key = site.assert_works("billing");
    assert_eq!((key.methods.as_slice(), key.scopes.as_slice()), ([AuthMethod::Hmac].as_slice(), [WEBHOOKS.to_owned()].as_slice()));
    assert!(key.expires.is_some() && key.label.starts_with("Billing webhooks kw-"), "{key:?}");
    assert_eq!((site.states("billing"), site.keys().len()), (vec![(1, Active)], 1));

    site.declare("  billing: { label: Billing hooks, scopes: [pcx:webhooks:create, pcx:webhooks:delete], options: { methods: [ALL] } }\n");
    site.settle();
    let edited = site.assert_works("billing");
    assert_eq!((edited.id == key.id, edited.methods.as_slice()), (true, [AuthMethod::All].as_slice()), "edited in place");
    assert!(edited.label.starts_with("Billing hooks kw-"), "{edited:?}");

    site.declare("");
    site.settle();
    assert_eq!((site.states("billing"), site.live().len(), site.keys().len()), (vec![(1, Disabled)], 0, 1));

    site.declare(BILLING);
    site.settle();
    assert_eq!(site.assert_works("billing").id, key.id, "the same key lives again");

    site.declare("  billing: { label: Billing webhooks, scopes: [pcx:webhooks:read], state: disabled }\n");
    site.settle();
    assert_eq!(site.live().len(), 0);

    site.declare("");
    site.settle();
    site.after(SignedDuration::from_hours(24 * 8));
    site.settle();
    assert_eq!((site.keys().len(), site.states("billing")), (0, vec![]));
    assert!(!site.sandbox.exists("secrets/pay/billing.age"), "the last secret goes with its key");
}

#[test]
fn the_sealed_secret_signs_a_request_that_the_provider_takes() {
    let site = Site::new(Config::default());
    site.declare("  reader: { scopes: [pcx:api_key:read] }\n");
    site.settle();
    let (id, secret) = site.opened("reader");
    let path = format!("/api/v4/accounts/{EXAMPLE_ACCOUNT}/api-keys");
    let at = jiff::Timestamp::now().as_second();
    let canonical = format!("GET {path}\nnonce-of-a-test\n{at}\n\n{}", hex(&sha2::Sha256::digest(b"")));
    let mut mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).expect("any length");
    use hmac::Mac as _;
    use sha2::Digest as _;
    mac.update(canonical.as_bytes());
    let header = format!(r#"Hmac id="{id}", nonce="nonce-of-a-test", timestamp="{at}", response="{}""#, hex(&mac.finalize().into_bytes()));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let request = client.get(format!("{}{path}", site.emulator.url())).header("authorization", header);
    let answer = runtime.block_on(async { request.send().await }).expect("an answer");
    assert_eq!(answer.status().as_u16(), 200);
}

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

#[test]
fn a_rolling_key_is_followed_by_the_next() {
    let mut site = Site::new(Config::default());
    site.settle();
    let first = site.assert_works("billing");

    site.after(SignedDuration::from_hours(24 * 85));
    site.plan().exits(0).shows("1 to rotate");
    site.settle();
    let second = site.assert_works("billing");
    assert_ne!(first.id, second.id);
    assert_eq!((site.states("billing"), site.live().len()), (vec![(2, Active), (1, Retiring)], 2), "both live through the overlap");

    site.after(SignedDuration::from_hours(24 * 85 + 73));
    site.settle();
    assert_eq!((site.states("billing"), site.live().len()), (vec![(2, Active), (1, Disabled)], 1));
    assert!(site.emulator.key(&first.id).is_some_and(|key| !key.enabled));

    site.after(SignedDuration::from_hours(24 * 85 + 73 + 24 * 7 + 1));
    site.settle();
    assert_eq!((site.states("billing"), site.keys().len()), (vec![(2, Active)], 1));
    site.assert_works("billing");
}

#[test]
fn many_keys_are_created_at_once_each_once() {
    let site = Site::new(Config::default());
    let keys: String = (0..9).map(|number| format!("  key-{number}: {{ scopes: [pcx:webhooks:read] }}\n")).collect();
    site.declare(&keys);
    site.settle();
    assert_eq!((site.live().len(), site.emulator.count(Route::Create)), (9, 9));
    for number in 0..9 {
        site.assert_works(&format!("key-{number}"));
    }
}

#[test]
fn keys_of_others_are_listed_and_never_touched() {
    let site = Site::new(Config::default());
    let foreign = site.emulator.add_key(KeySeed::new("made by hand", ["pcx:payments:*"]));
    let twin = site.emulator.add_key(KeySeed::new("Billing webhooks", ["pcx:payments:*"]));
    let off = site.emulator.add_key(KeySeed { enabled: false, ..KeySeed::new("switched off", [WEBHOOKS]) });
    site.plan().exits(0).shows("made by hand");
    site.settle();
    site.assert_works("billing");
    site.declare("");
    site.settle();
    let admin = site.emulator.key(&site.emulator.admin_id()).expect("our own key");
    assert!(admin.enabled && admin.label == "emulated administrator");
    for key in [foreign, twin, off] {
        assert_eq!(site.emulator.key(&key.id), Some(key));
    }
}

#[test]
fn a_live_twin_with_a_marker_that_nobody_knows_blocks() {
    let site = Site::new(Config::default());
    let twin = site.emulator.add_key(KeySeed::new("Billing webhooks kw-aaaaaaaa", [WEBHOOKS]));
    site.declare(&format!("{BILLING}  other: {{ scopes: [pcx:devices:read] }}\n"));
    site.plan().exits(4);
    site.apply().exits(4);
    assert_eq!((site.states("billing"), site.keys().len()), (vec![], 2), "only the other key was made");
    assert_eq!(site.emulator.key(&twin.id), Some(twin));
    site.assert_works("other");
}

#[test]
fn our_own_key_is_not_touched_even_when_the_ledger_claims_it() {
    let site = Site::new(Config::default());
    site.settle();
    let ledger = site.sandbox.read("ledger/pay/billing.yaml");
    let (id, admin) = (site.assert_works("billing").id, site.emulator.admin_id());
    site.sandbox.write("ledger/pay/billing.yaml", &ledger.replace(&id, &admin));
    site.declare("");
    let (writes, before) = (site.writes(), site.emulator.key(&admin));
    site.apply().exits(4);
    // The key that bears the marker, under an id that the ledger no longer has, is disabled; nothing else is asked for.
    assert_eq!(site.writes(), writes + 1);
    assert!(site.emulator.key(&id).is_some_and(|key| !key.enabled));
    assert!(before.as_ref().is_some_and(|key| key.enabled) && site.emulator.key(&admin) == before);
}

#[test]
fn certification_takes_basic_and_production_does_not() {
    let site = Site::with_auth(Config::default(), "basic");
    site.settle();
    site.assert_works("billing");
    let production = Site::with_auth(Config { environment: Environment::Production, ..Config::default() }, "basic");
    production.refuses(&["apply", "--yes"], 4);
    let config = production.sandbox.read("keywright.yaml").replace("certification", "production");
    production.sandbox.write("keywright.yaml", &config);
    production.refuses(&["apply", "--yes"], 1);
    production.sandbox.write("keywright.yaml", &config.replace("basic", "hmac"));
    production.settle();
    production.assert_works("billing");
}

#[test]
fn in_ci_a_disk_that_does_not_last_wants_a_word() {
    let mut site = Site::new(Config { signed_query: SignedQuery::Signed, ..Config::default() });
    site.sandbox.environment.insert("CI".to_owned(), "true".to_owned());
    site.refuses(&["apply", "--yes"], 1).says("apply/not-durable");
    site.sandbox.run(&["apply", "--yes", "--local"]).exits(0);
    site.assert_works("billing");
}

#[test]
fn a_plan_credential_reads_and_apply_uses_the_other() {
    let mut site = Site::new(Config::default());
    let reader = site.emulator.add_key(KeySeed::new("reader", ["pcx:api_key:read"]));
    let config = site.sandbox.read("keywright.yaml");
    let config =
        config.replace("{ env: PAYCONEX_ADMIN_KEY }\n", "{ env: PAYCONEX_ADMIN_KEY }\n    plan_credential: { env: PAYCONEX_READ_KEY }\n");
    site.sandbox.write("keywright.yaml", &config);
    site.plan().exits(4);
    let credential = serde_json::json!({ "id": reader.id, "secret": reader.secret }).to_string();
    site.sandbox.environment.insert("PAYCONEX_READ_KEY".to_owned(), credential);
    let admin = site.sandbox.environment.remove("PAYCONEX_ADMIN_KEY").expect("set");
    site.plan().exits(0).shows("1 to create");
    site.refuses(&["apply", "--yes"], 4);
    site.sandbox.environment.insert("PAYCONEX_ADMIN_KEY".to_owned(), admin);
    // Both keys are ours, whichever of them is in use.
    let config = site.sandbox.read("keywright.yaml");
    site.sandbox.write("keywright.yaml", &format!("{config}unmanaged: fail\n"));
    let told = site.sandbox.run(&["plan"]).exits(0).stdout;
    assert_eq!(told.matches("our own admin credential").count(), 2, "{told}");
    site.refuses(&["import", "pay", reader.id.as_str(), "--yes"], 1).says("key of our own admin credential");
    site.settle();
    site.assert_works("billing");
    let words = |site: &Site| site.sandbox.run(&["doctor"]).stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    let told = words(&site);
    assert!(told.contains("it can read, and nothing else"), "{told}");
    assert!(told.contains("nothing but these is contacted: http://127.0.0.1:"), "{told}");
    let admin = site.sandbox.environment["PAYCONEX_ADMIN_KEY"].clone();
    site.sandbox.environment.insert("PAYCONEX_READ_KEY".to_owned(), admin);
    let told = words(&site);
    assert!(told.contains("pay: plan credential warning it could change things: `pcx:"), "{told}");
}
