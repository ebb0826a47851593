//! What `verify` tells of each key, what it records, and how plans remember.
use axum::http::Method;
use jiff::SignedDuration;

use crate::finance::Fault;
use crate::finance::brex::Route;
use crate::site::days;
use crate::{FEWEST, made};

fn shown(site: &crate::site::Site, exit: i32) -> (String, serde_json::Value) {
    let ran = site.run(&["verify", "-i", "~/ops.txt", "-o", "json"]).exits(exit);
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).expect("JSON");
    (json["keys"][0]["shown"].as_str().unwrap_or_default().to_owned(), json)
}

#[test]
fn each_answer_has_its_word_and_its_exit() {
    let (site, token) = made();
    assert_eq!(shown(&site, 0).0, "alive");
    site.finance.brex.inject(Fault::ErrorBefore, Method::GET, 4);
    assert_eq!(shown(&site, 4).0, "unknown");
    site.finance.brex.clear_faults();
    site.finance.brex.change(&token, |token| token.scopes.retain(|scope| scope != "transfers.readonly"));
    let (word, json) = shown(&site, 4);
    assert_eq!((word.as_str(), &json["keys"][0]["lacks"]), ("lacks", &serde_json::json!(["transfers.readonly"])));
    site.finance.brex.change(&token, |token| token.scopes.extend(["transfers.readonly".to_owned()]));
    site.finance.brex.set_idle(&token, days(100));
    assert_eq!(shown(&site, 1).0, "expired");
    site.finance.brex.revoke(&token);
    assert_eq!(shown(&site, 1).0, "dead");
    let ran = site.run(&["verify"]).exits(4);
    assert!(ran.stdout.contains("its secret cannot be read: name an identity"), "{}", ran.stdout);
}

#[test]
fn a_refused_secret_stands_in_every_plan_until_it_works() {
    let (mut site, token) = made();
    site.finance.brex.inject(Fault::ErrorBefore, Method::GET, 4);
    assert_eq!(shown(&site, 4).0, "unknown");
    site.finance.brex.clear_faults();
    assert!(!site.run(&["plan"]).exits(0).stdout.contains("refused"), "an answer that decides nothing is not remembered");
    site.finance.brex.set_idle(&token, days(100));
    assert_eq!(shown(&site, 1).0, "expired");
    let first = site.sandbox.read("ledger/brex/payvy.yaml");
    assert!(first.contains("refused_at: "), "{first}");
    site.pass(days(1));
    let refused = |site: &crate::site::Site| site.run(&["plan"]).exits(0).stdout.contains("plan/refused-secret");
    assert!(refused(&site) && refused(&site));
    assert_eq!(shown(&site, 1).0, "expired");
    assert_eq!(site.sandbox.read("ledger/brex/payvy.yaml"), first, "the first refusal is what is remembered");
    assert!(site.run(&["show", "brex/payvy"]).exits(0).stdout.contains("did not work"));
    site.finance.brex.set_idle(&token, days(0));
    assert_eq!(shown(&site, 0).0, "alive");
    assert!(!refused(&site));
    assert!(!site.run(&["show", "brex/payvy"]).exits(0).stdout.contains("did not work"));
}

#[test]
fn only_reads_are_made_one_for_each_scope() {
    let (site, _) = made();
    site.finance.brex.forget_requests();
    shown(&site, 0);
    let requests = site.finance.brex.requests();
    assert!(requests.iter().all(|request| request.method == Method::GET && request.route != Route::Unknown));
    assert_eq!(requests.iter().map(|request| request.path.as_str()).collect::<Vec<_>>(), ["/v1/vendors?limit=1", "/v1/transfers?limit=1"]);
}

#[test]
fn a_schedule_keeps_a_token_from_idling_out() {
    let (mut site, token) = made();
    site.declare("brex", &crate::PAYVY.replace("scopes:", "expires: never, scopes:"));
    site.apply();
    site.pass(days(21));
    let plan = site.run(&["plan"]).exits(0);
    assert!(plan.stdout.contains("plan/idle") && plan.stdout.contains("was last seen to work 21 days ago"), "{}", plan.stdout);
    for _ in 0..3 {
        shown(&site, 0);
        assert!(!site.run(&["plan"]).exits(0).stdout.contains("plan/idle"));
        site.pass(days(40));
    }
    assert!(site.finance.brex.token(&token).is_some_and(|token| !token.revoked));
    assert_eq!(shown(&site, 0).0, "alive", "after 141 days");
    // Days are counted from date to date: half a day more is another day from noon on.
    site.pass(days(64) + SignedDuration::from_hours(12));
    let plan = site.run(&["plan"]).exits(0);
    assert!(["25", "26"].iter().any(|left| plan.stdout.contains(&format!("dies in {left} days unless used"))), "{}", plan.stdout);
    site.pass(days(30));
    assert_eq!(shown(&site, 1).0, "expired");
}

#[test]
fn keys_of_other_providers_are_tried_as_well() {
    let (site, _) = made();
    let config = site.sandbox.read("keywright.yaml").replace("accounts:\n", "accounts:\n  shop: { provider: keyring }\n");
    site.sandbox.write("keywright.yaml", &config);
    site.declare("shop", "  reader: { scopes: [orders:read] }\n");
    site.apply();
    let ran = site.run(&["verify", "-i", "~/ops.txt"]).exits(0);
    assert_eq!(ran.stdout.matches("alive").count(), 2, "{}", ran.stdout);
    let one = site.run(&["verify", "shop/reader", "-i", "~/ops.txt"]).exits(0);
    assert_eq!(one.stdout.matches("alive").count(), 1, "{}", one.stdout);
    assert_eq!(FEWEST.len(), 2);
    site.is_settled();
}

#[test]
fn what_brynq_refuses_is_dead_and_what_is_not_documented_decides_nothing() {
    let site = crate::Site::new();
    site.declare("brynq", "  export: { scopes: [Employees], lifetime: 90d }\n");
    site.apply();
    let form = crate::Form { pages: vec!["Employees".to_owned()], ..crate::Form::default() };
    let token = site.make_at_brynq(form);
    site.fulfil("brynq/export", &token).exits(0);
    assert!(site.finance.brynq.revoke(&token));
    for (status, exit, word) in [(401, 1, "dead"), (403, 1, "dead"), (404, 4, "unknown")] {
        site.finance.brynq.configure(|config| config.revoked_status = status);
        site.run(&["verify", "-i", "~/ops.txt"]).exits(exit).shows(word);
    }
}
