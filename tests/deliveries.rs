//! Deliveries: new secrets reach the places that consume them, against emulators of Nango and GitHub, and by the hand of a person.
#[path = "../examples/finance-emulator/server.rs"]
mod finance;
#[path = "command/sandbox.rs"]
mod sandbox;
#[path = "attended/site.rs"]
mod site;

use axum::http::Method;
use finance::{Fault, Order, github, nango};
use serde_json::{Value, json};
use site::{Site, days};

const NANGO: &str = "nango-finance";
const FINANCE: &str = "  finance: { label: Finance, owner: \"@acme/finance\", scopes: [users.readonly], deliver: [nango-finance] }\n";

/// A workspace whose deliveries lead to the emulators.
fn with_places() -> Site {
    let mut site = Site::new();
    let (nango, github) = (site.finance.nango.url(), site.finance.github.url());
    let deliveries = format!(
        "deliveries:\n  nango-finance:\n    to: nango\n    endpoint: \"{nango}\"\n    credential: {{ env: NANGO_KEY }}\n    params: {{ provider_config_key: brex-api-key, connection_id: brex-finance }}\n  \
         books:\n    to: github-actions\n    endpoint: \"{github}\"\n    credential: {{ env: GITHUB_SECRETS }}\n    params: {{ repository: Acme/books, secret: SHOP_TOKEN }}\n  \
         live:\n    to: github-actions\n    endpoint: \"{github}\"\n    credential: {{ env: GITHUB_SECRETS }}\n    params: {{ repository: acme/books, environment: production, secret: SHOP_TOKEN }}\n  \
         payvy: {{ to: payvy }}\n"
    );
    let text = site
        .sandbox
        .read("keywright.yaml")
        .replace("recipients:\n", &format!("  shop: {{ provider: keyring }}\n{deliveries}recipients:\n"));
    site.sandbox.write("keywright.yaml", &text);
    site.sandbox.environment.insert("NANGO_KEY".to_owned(), nango::EXAMPLE_KEY.to_owned());
    site.sandbox.environment.insert("GITHUB_SECRETS".to_owned(), github::EXAMPLE_TOKEN.to_owned());
    site
}

/// The connection as Nango keeps it.
fn connection(site: &Site) -> finance::connections::Connection {
    site.finance.nango.connection("brex-api-key", "brex-finance").expect("there is a connection")
}

fn held(site: &Site) -> Value {
    connection(site).credentials["apiKey"].clone()
}

/// Opens the step, makes the token and hands it over.
fn hand_over(site: &Site, exit: i32) -> (String, sandbox::Ran) {
    site.run(&["apply", "--yes", "-i", "~/ops.txt"]);
    let token = site.make(&["users.readonly"]);
    let ran = site.fulfil("brex/finance", &token).exits(exit);
    (token, ran)
}

fn settled(site: &Site) {
    let plan = site.plan();
    assert_eq!((&plan["changes"], &plan["attended"]), (&json!([]), &json!([])), "{plan:#}");
    let before = site.tree();
    let writes = site.finance.nango.count(nango::Route::ConnectionUpsert);
    site.apply();
    assert!(before == site.tree() && writes == site.finance.nango.count(nango::Route::ConnectionUpsert), "a settled site was written to");
}

/// A connection that is there already, with everything that must not be wiped.
fn made_elsewhere(metadata: Value) -> finance::connections::Connection {
    finance::connections::Connection {
        id: 7,
        connection_id: "brex-finance".to_owned(),
        provider_config_key: "brex-api-key".to_owned(),
        provider: "brex-api-key".to_owned(),
        credentials: json!({"type": "API_KEY", "apiKey": "bxt_before"}),
        tags: [("team".to_owned(), "finance".to_owned())].into(),
        metadata,
        connection_config: json!({"region": "us"}),
        webhook_url_override: Some("https://hooks.acme.example/nango".to_owned()),
        created: jiff::Timestamp::UNIX_EPOCH,
        updated: jiff::Timestamp::UNIX_EPOCH,
    }
}

#[test]
fn nango_gets_what_a_person_made_and_nothing_there_is_wiped() {
    let site = with_places();
    site.declare("brex", FINANCE);
    site.finance.nango.with(|nango| {
        nango.connections.push(made_elsewhere(json!({"sync": {"from": "2026-01-01"}, "keywright": "not ours"})));
    });
    let words = "deliver -> nango-finance (nango), once it is handed over, and holds what somebody else put there";
    site.run(&["plan"]).exits(0).shows(words);
    let (token, ran) = hand_over(&site, 0);
    assert!(ran.stdout.contains("delivered to `nango-finance`"), "{}", ran.stdout);
    let there = connection(&site);
    assert_eq!(there.credentials, json!({"type": "API_KEY", "apiKey": token}));
    assert_eq!(there.tags, [("team".to_owned(), "finance".to_owned())].into());
    assert_eq!((&there.connection_config["region"], &there.metadata["sync"]["from"]), (&json!("us"), &json!("2026-01-01")));
    assert_eq!(there.webhook_url_override.as_deref(), Some("https://hooks.acme.example/nango"));
    let ours = &there.metadata["keywright"];
    assert_eq!((&ours["address"], &ours["generation"]), (&json!("brex/finance"), &json!(1)));
    assert!(ours["marker"].as_str().is_some_and(|marker| marker.starts_with("kw-")), "{ours}");
    // It was tried where it is used, and the ledger says where it is.
    assert_eq!(site.finance.nango.count(nango::Route::Proxy), 1);
    let ledger = site.sandbox.read("ledger/brex/finance.yaml");
    assert!(ledger.contains("nango-finance:") && !ledger.contains("unverified"), "{ledger}");
    site.run(&["show", "brex/finance"]).exits(0).shows("nango-finance (generation 1 on ");
    site.run(&["review", "brex/finance"]).shows("places");
    site.run(&["doctor"]).shows("delivery nango-finance");
    settled(&site);
}

#[test]
fn a_place_of_another_key_is_left_to_it() {
    let site = with_places();
    site.declare("brex", FINANCE);
    site.finance.nango.with(|nango| {
        nango.connections.push(made_elsewhere(json!({"keywright": {"address": "old/one", "generation": 9, "marker": null}})));
    });
    site.run(&["plan"]).exits(0).shows("deliver/taken").shows("holds generation 9 of `old/one`");
    let (token, ran) = hand_over(&site, 4);
    ran.says("deliver/taken");
    assert_eq!((held(&site), site.opened("brex/finance")), (json!("bxt_before"), token.clone()));
    site.run(&["apply", "--yes", "-i", "~/ops.txt"]).exits(4).shows("deliver/taken");
    assert_eq!(held(&site), json!("bxt_before"));
    // Once it is free there, it is served.
    site.finance.nango.with(|nango| nango.connections.clear());
    site.run(&["apply", "--yes", "-i", "~/ops.txt"]).exits(0);
    assert_eq!(held(&site), json!(token));
    settled(&site);
}

#[test]
fn a_place_that_fails_stays_open_until_it_has_the_secret() {
    for fault in [Some(Fault::ErrorBefore), Some(Fault::ErrorAfter), Some(Fault::ResetBefore), None] {
        let mut site = with_places();
        site.declare("brex", FINANCE);
        match fault {
            Some(fault) => site.finance.nango.order(Order { fault, method: Method::POST, route: None, times: 3 }),
            None => drop(site.sandbox.environment.insert("NANGO_KEY".to_owned(), "00000000-0000-4000-8000-000000000000".to_owned())),
        }
        let (token, _) = {
            let (token, ran) = hand_over(&site, 4);
            (token, ran.says("deliver/failed"))
        };
        site.sandbox.environment.insert("NANGO_KEY".to_owned(), nango::EXAMPLE_KEY.to_owned());
        assert_eq!(site.opened("brex/finance"), token, "{fault:?}: it is sealed all the same");
        assert!(!site.sandbox.read("ledger/brex/finance.yaml").contains("nango-finance"), "{fault:?}");
        if fault == Some(Fault::ErrorAfter) {
            // The place has it, whatever it answered: that is seen, and only recorded.
            site.run(&["apply", "--yes"]).exits(0);
        } else {
            site.run(&["plan"]).exits(0).shows("Plan:").shows("deliver/pending");
            site.run(&["apply", "--yes"]).exits(4).shows("deliver/pending");
            site.run(&["list"]).exits(0).shows("brex/finance is not delivered to nango-finance (pending)");
            site.run(&["apply", "--yes", "-i", "~/ops.txt"]).exits(0).shows("1 delivered");
        }
        assert_eq!(held(&site), json!(token), "{fault:?}");
        settled(&site);
    }
}

#[test]
fn a_predecessor_lives_until_its_successor_is_delivered_and_the_overlap_after_that() {
    let mut site = with_places();
    site.declare("brex", FINANCE);
    let (first, _) = hand_over(&site, 0);
    site.pass(days(50));
    // The old one still works at Brex, as nobody let it idle.
    site.finance.nango.order(Order { fault: Fault::ErrorBefore, method: Method::POST, route: None, times: 3 });
    let (second, _) = hand_over(&site, 4);
    assert_eq!(held(&site), json!(first));
    site.pass(days(8));
    let plan = site.plan();
    assert_eq!(plan["attended"], json!([]), "nobody is asked to revoke what is still in use");
    site.run(&["apply", "--yes", "-i", "~/ops.txt"]).exits(0);
    assert_eq!(held(&site), json!(second));
    site.pass(days(2));
    assert_eq!(site.plan()["attended"], json!([]), "the overlap begins with the delivery");
    site.pass(days(2));
    assert_eq!(site.step()["kind"], "revoke");
}

#[test]
fn what_was_changed_at_nango_by_hand_is_put_right() {
    let site = with_places();
    site.declare("brex", FINANCE);
    let (token, _) = hand_over(&site, 0);
    let foreign = |site: &Site| {
        site.finance.nango.change_connection("brex-api-key", "brex-finance", |there| {
            there.metadata = json!({});
            there.credentials = json!({"type": "API_KEY", "apiKey": "bxt_byhand"});
        })
    };
    assert!(foreign(&site));
    site.run(&["plan"]).exits(0).shows("deliver/pending").shows("holds what somebody else put there");
    site.run(&["plan", "-i", "~/ops.txt"]).shows("drift: `nango-finance` holds what somebody else put there");
    site.run(&["apply", "--yes", "-i", "~/ops.txt"]).exits(0);
    assert_eq!(held(&site), json!(token));
    site.finance.nango.with(|nango| nango.connections.clear());
    site.run(&["apply", "--yes", "-i", "~/ops.txt"]).exits(0).shows("drift: `nango-finance` holds nothing");
    assert_eq!(held(&site), json!(token));
    // Looking needs the credential, and says so where it is not there.
    let mut site = site;
    site.sandbox.environment.remove("NANGO_KEY");
    site.run(&["plan"]).exits(0).shows("deliver/unobserved").shows("NANGO_KEY");
    site.run(&["doctor"]).exits(1).shows("NANGO_KEY");
}

#[test]
fn a_secret_is_tried_where_it_is_used() {
    let site = with_places();
    site.declare("brex", FINANCE);
    site.finance.nango.order(Order { fault: Fault::ErrorBefore, method: Method::POST, route: None, times: 3 });
    let (token, _) = hand_over(&site, 4);
    // Somebody revoked it meanwhile: Nango would take it all the same.
    assert!(site.finance.brex.revoke(&token));
    site.run(&["apply", "--yes", "-i", "~/ops.txt"]).exits(4).says("deliver/failed").says("it is dead");
    assert!(!site.sandbox.read("ledger/brex/finance.yaml").contains("nango-finance"));

    let mut site = with_places();
    site.declare("brex", FINANCE);
    let scopes = ["environment:connections:list", "environment:connections:read", "environment:connections:create"];
    site.sandbox.environment.insert("NANGO_KEY".to_owned(), site.finance.nango.add_key("no-proxy", scopes));
    let (_, ran) = hand_over(&site, 0);
    ran.says("deliver/unverified");
    assert!(site.sandbox.read("ledger/brex/finance.yaml").contains("unverified: true"));
    site.run(&["show", "brex/finance"]).shows("unverified");
    // Every plan says so, and apply tries it until it is seen to work. That sends no secret, and leaves no trace while nothing is known.
    let before = site.tree();
    site.finance.nango.forget_requests();
    site.run(&["plan"]).exits(0).shows("deliver/unverified");
    site.run(&["apply", "--yes"]).exits(0).says("deliver/unverified");
    assert!(before == site.tree(), "nothing is new");
    site.sandbox.environment.insert("NANGO_KEY".to_owned(), nango::EXAMPLE_KEY.to_owned());
    site.run(&["apply", "--yes"]).exits(0);
    assert_eq!(site.finance.nango.count(nango::Route::ConnectionUpsert), 0);
    assert!(!site.sandbox.read("ledger/brex/finance.yaml").contains("unverified"));
    settled(&site);
}

#[test]
fn a_person_serves_payvy_and_says_so() {
    let mut site = with_places();
    site.declare("brex", &FINANCE.replace("[nango-finance]", "[payvy]"));
    let (_, ran) = hand_over(&site, 0);
    for words in [
        "Settings > API Integration",
        "keywright open brex/finance -i IDENTITY",
        "then `keywright delivered brex/finance payvy --generation 1`",
    ] {
        assert!(ran.stdout.contains(words), "{words}: {}", ran.stdout);
    }
    assert_eq!(site.step()["kind"], "deliver");
    site.run(&["apply", "--yes", "--detailed-exitcode"]).exits(2);
    site.refuses(&["delivered", "brex/finance", "payvi", "--by", "Ada"], None, 1).says("deliver/not-open").says("did you mean `payvy`?");
    site.refuses(&["delivered", "brex/finance", "payvy", "--by", " "], None, 1);
    site.refuses(&["delivered", "brex/finance", "payvy", "--generation", "2"], None, 1).says("deliver/not-open");
    site.run(&["delivered", "brex/finance", "payvy", "--by", "Ada"]).exits(0).shows("generation 1 is recorded, by Ada");
    site.refuses(&["delivered", "brex/finance", "payvy", "--by", "Ada"], None, 1).says("deliver/not-open");
    assert!(site.sandbox.read("ledger/brex/finance.yaml").contains("by: Ada"));
    settled(&site);
    // The next one is due there, too, and the one before goes on until it is there.
    let printed = "keywright delivered brex/finance payvy --generation 1".split(' ').skip(1).collect::<Vec<_>>();
    site.pass(days(50));
    hand_over(&site, 0);
    // What was printed for the one before says nothing of this one.
    site.refuses(&printed, None, 1).says("generation 2 of `brex/finance` is in use, not 1");
    site.pass(days(9));
    assert_eq!(site.step()["kind"], "deliver");
    site.run(&["delivered", "brex/finance", "payvy", "--by", "Ada"]).exits(0);
    site.pass(days(4));
    assert_eq!(site.step()["kind"], "revoke");
}

#[test]
fn github_gets_each_generation_sealed_and_whole() {
    let mut site = with_places();
    site.declare(
        "shop",
        "  robot: { scopes: [\"orders:read\"], lifetime: 30d, renew_before: 5d, overlap: 24h, format: json, deliver: [books, live] }\n",
    );
    let there =
        |site: &Site, environment| site.finance.github.secret("acme/books", environment, "SHOP_TOKEN").map(|secret| secret.plaintext);
    site.run(&["apply", "--yes"]).exits(0);
    let first = site.opened("shop/robot").into_bytes();
    assert_eq!((there(&site, None), there(&site, Some("production"))), (Some(first.clone()), Some(first.clone())));
    let text = String::from_utf8(first.clone()).expect("json");
    let token = serde_json::from_str::<Value>(&text).expect("json")["secret"].as_str().expect("a text").to_owned();
    // A rotation delivers by itself.
    site.pass(days(26));
    site.finance.github.rotate_key("acme/books", None);
    let ran = site.run(&["apply", "--yes"]).exits(0);
    assert!(!ran.stdout.contains(&token) && !ran.stderr.contains(&token));
    let second = site.opened("shop/robot").into_bytes();
    assert!(first != second && there(&site, None).as_ref() == Some(&second) && there(&site, Some("production")).as_ref() == Some(&second));
    settled(&site);
    // What was deleted there is delivered again where the secret can be read.
    assert!(site.finance.github.forget("acme/books", None, "SHOP_TOKEN"));
    site.run(&["plan"]).shows("deliver/pending");
    site.run(&["apply", "--yes", "-i", "~/ops.txt"]).exits(0);
    assert_eq!(there(&site, None), Some(second));
    // A token that may only read fails the delivery, not the key.
    site.sandbox.environment.insert("GITHUB_SECRETS".to_owned(), site.finance.github.add_token(github::Permission::Read, "acme/books"));
    site.pass(days(26));
    site.run(&["apply", "--yes"]).exits(4).says("deliver/failed").says("Resource not accessible");
    site.sandbox.environment.remove("GITHUB_SECRETS");
    site.run(&["apply", "--yes", "-i", "~/ops.txt"]).exits(4).says("deliver/failed").says("GITHUB_SECRETS");
    // No secret is made for a place that cannot be reached, and no other key waits for it.
    site.pass(days(26));
    let keys = site.sandbox.read("keys/shop.yaml") + "  other: { scopes: [\"orders:read\"] }\n";
    site.sandbox.write("keys/shop.yaml", &keys);
    let robot = site.sandbox.read("ledger/shop/robot.yaml");
    site.run(&["apply", "--yes"]).exits(4).says("credential/missing").says("not started");
    assert_eq!(site.sandbox.read("ledger/shop/robot.yaml"), robot);
    assert!(site.sandbox.exists("secrets/shop/other.age"));
    // What is compromised is replaced all the same.
    site.run(&["apply", "--yes", "--rotate", "shop/robot", "--compromised"]).exits(4).says("deliver/failed");
    assert!(site.sandbox.read("ledger/shop/robot.yaml") != robot);
}

#[test]
fn a_place_that_is_named_no_more_keeps_what_it_has() {
    let site = with_places();
    site.declare("brex", FINANCE);
    hand_over(&site, 0);
    site.declare("brex", &FINANCE.replace(", deliver: [nango-finance]", ""));
    site.run(&["plan"]).shows("no longer delivered to `nango-finance`").shows("keeps generation 1");
    site.apply();
    assert!(!site.sandbox.read("ledger/brex/finance.yaml").contains(NANGO));
    settled(&site);
}

#[test]
fn declarations_that_cannot_work_are_refused_where_they_stand() {
    let site = with_places();
    site.declare("brex", "  a: { scopes: [users.readonly], deliver: [nango-finance, payvi, payvy, payvy] }\n  b: { scopes: [users.readonly], deliver: [nango-finance] }\n");
    let ran = site
        .run(&["check"])
        .exits(1)
        .shows("manifest/unknown-delivery")
        .shows("did you mean `payvy`?")
        .shows("manifest/duplicate-delivery");
    for place in ["keys/brex.yaml:3:", "keys/brex.yaml:4:", "`payvy` is named twice", "`nango-finance` gets the secrets of `a` already"] {
        assert!(ran.stdout.contains(place), "{place}: {}", ran.stdout);
    }
    site.declare("brex", "  a: { scopes: [users.readonly], format: dotenv, deliver: [payvy] }\n");
    site.run(&["check"]).exits(1).shows("manifest/delivery-form").shows("nobody can paste");
    site.declare("brex", "  a: { scopes: [users.readonly] }\n");
    let whole = site.sandbox.read("keywright.yaml");
    let pay = "accounts:\n  pay: { provider: payconex, environment: production, params: { account_id: \"220614966801\" }, credential: { env: PAY } }\n";
    site.sandbox.write("keywright.yaml", &whole.replace("accounts:\n", pay));
    site.declare("pay", "  two: { scopes: [\"pcx:webhooks:read\"], deliver: [nango-finance] }\n");
    site.run(&["check"]).exits(1).shows("manifest/delivery-form").shows("a secret of this account has 2 parts");
    site.sandbox.remove("keys/pay.yaml");
    site.sandbox.write("keywright.yaml", &whole);
    let good = site.sandbox.read("keywright.yaml");
    for (from, to, code, words) in [
        ("to: payvy", "to: pavy", "config/unknown-delivery", "did you mean `payvy`?"),
        ("{ to: payvy }", "{ to: payvy, credential: { env: X } }", "config/credential", "has no effect"),
        ("{ to: payvy }", "{ to: payvy, endpoint: \"https://payvy.example\" }", "config/endpoint", "has no effect"),
        ("credential: { env: NANGO_KEY }", "credential: {}", "config/credential", "none of `env`"),
        ("    credential: { env: NANGO_KEY }\n", "", "config/credential", "needs a credential"),
        ("connection_id: brex-finance", "connection: brex-finance", "config/unknown-param", "did you mean `connection_id`?"),
        (", connection_id: brex-finance", "", "config/missing-param", "`connection_id`"),
        ("connection_id: brex-finance", "connection_id: \"a?b\"", "config/invalid-param", "cannot be `a?b`"),
        ("secret: SHOP_TOKEN", "secret: GITHUB_TOKEN", "config/invalid-param", "GITHUB_"),
        (" environment: production,", "", "config/duplicate-delivery", "`live` is the same place as `books`"),
    ] {
        assert!(good.contains(from), "{from}");
        site.sandbox.write("keywright.yaml", &good.replacen(from, to, 1));
        site.run(&["check"]).exits(1).shows(code).shows(words);
    }
}
