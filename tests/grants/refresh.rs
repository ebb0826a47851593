//! Refreshes: when they happen, that the new token is kept before anything else, and what is said when there is none.
use axum::http::Method;
use jiff::SignedDuration;

use crate::finance::oauth::{OldRefresh, Route, Told};
use crate::finance::{Fault, Order};
use crate::site::{Site, days};

const HOUR: SignedDuration = SignedDuration::from_hours(2);

fn granted() -> Site {
    let site = Site::new();
    site.grant(&[]).exits(0);
    site.finance.oauth.forget_requests();
    site
}

#[test]
fn verify_refreshes_an_ended_access_token() {
    let mut site = granted();
    let first = site.part("refresh_token");
    site.verify().exits(0).shows("alive");
    assert_eq!(site.finance.oauth.count(Route::Token), 0, "its access token is good for an hour");
    site.pass(HOUR);
    site.verify().exits(0).shows("alive");
    assert_eq!(site.finance.oauth.count(Route::Token), 1);
    assert_ne!(site.part("refresh_token"), first);
    assert_eq!(site.finance.oauth.grants()[0].refreshes(), 2);
    site.is_settled();
    // Without an identity nothing can be said, and nothing is refreshed.
    site.pass(HOUR);
    site.run(&["verify"]).exits(4).shows("name an identity with");
    assert_eq!(site.finance.oauth.count(Route::Token), 1);
}

#[test]
fn a_year_of_scheduled_runs_keeps_it_alive() {
    for knob in [OldRefresh::Refused, OldRefresh::RevokesGrant, OldRefresh::Works] {
        let mut site = granted();
        site.finance.oauth.configure(|config| {
            config.old_refresh = knob;
            config.expires_in = Told::Absent;
            config.scope = Told::Absent;
        });
        for _ in 0..5 {
            site.pass(days(80));
            site.verify().exits(0).shows("alive");
        }
        assert_eq!(site.finance.oauth.grants()[0].refreshes(), 6);
        site.is_settled();
    }
}

#[test]
fn apply_refreshes_before_the_end_and_a_plan_shows_it() {
    let mut site = granted();
    site.pass(days(10));
    site.is_settled();
    assert_eq!(site.finance.oauth.count(Route::Token), 0);
    site.pass(days(15));
    // Without an identity it is a warning, and no apply fails for it.
    assert_eq!(site.codes(), ["plan/idle"]);
    site.apply().exits(0);
    assert_eq!(site.finance.oauth.count(Route::Token), 0);
    site.run(&["plan", "-i", "~/ops.txt"]).exits(0).shows("they are refreshed");
    site.run(&["apply", "--yes", "-i", "~/ops.txt"]).exits(0);
    assert_eq!(site.finance.oauth.count(Route::Token), 1);
    assert_eq!(site.codes(), Vec::<String>::new());
    site.is_settled();
}

#[test]
fn one_that_was_not_refreshed_is_over() {
    let mut site = granted();
    site.pass(days(91));
    let plan = site.plan();
    assert_eq!(plan["attended"][0]["command"], "keywright authorize brex/books");
    assert!(plan["changes"][0]["reason"].as_str().expect("a reason").contains("was not refreshed for 90 days"), "{plan:#}");
    site.apply().exits(0);
    site.verify().exits(1).shows("dead").says("grant/lost");
    site.grant(&[]).exits(0);
    site.verify().exits(0).shows("alive");
}

#[test]
fn a_token_that_was_used_elsewhere_is_dead_and_says_what_to_do() {
    let mut site = granted();
    site.finance.oauth.revoke_grant(0);
    site.pass(HOUR);
    site.verify().exits(1).shows("dead").says("grant/lost").says("keywright authorize brex/books");
    assert!(site.plan()["changes"][0]["reason"].as_str().expect("a reason").contains("refused its refresh token"));
    site.grant(&["-i", "~/ops.txt"]).exits(0);
    site.verify().exits(0).shows("alive");
}

#[test]
fn an_answer_that_decides_nothing_is_no_death() {
    let mut site = granted();
    site.pass(HOUR);
    for fault in [Fault::ThrottleSaying(Some("1")), Fault::ResetBefore, Fault::ErrorBefore] {
        site.finance.oauth.order(Order { fault, method: Method::POST, route: Some(Route::Token), times: 1 });
        site.verify().exits(4).shows("unknown");
        site.finance.oauth.clear_faults();
    }
    // Whether it happened was not known; it had not.
    site.verify().exits(0).shows("alive");
    site.is_settled();
    // A client that is refused says nothing of the grant.
    site.pass(HOUR);
    let before = site.ledger();
    let wrong = "{\"client_id\": \"acme-books\", \"client_secret\": \"not-the-secret\"}";
    let right = site.sandbox.environment.insert("BREX_CLIENT".to_owned(), wrong.to_owned()).expect("there is one");
    site.verify().exits(4).shows("the client was refused");
    assert_eq!(before, site.ledger());
    site.sandbox.environment.insert("BREX_CLIENT".to_owned(), right);
    // What a refusal repeats is not repeated.
    site.finance.oauth.order(Order { fault: Fault::Echo(400), method: Method::POST, route: Some(Route::Token), times: 1 });
    let _ = site.verify();
}

#[test]
fn whoever_was_removed_gets_no_new_tokens() {
    let mut site = Site::new();
    let config = site.sandbox.read("keywright.yaml");
    let both = config.replace("recipients: [ops]", "recipients: [ops, recovery]");
    site.sandbox.write("keywright.yaml", &both);
    site.grant(&[]).exits(0);
    site.run(&["open", "brex/books", "-i", "~/recovery.txt"]).exits(0);
    site.sandbox.write("keywright.yaml", &config);
    let asked = |site: &Site| site.plan()["attended"][0]["kind"].as_str().map(str::to_owned);
    assert_eq!(asked(&site).as_deref(), Some("rotate"));
    site.pass(HOUR);
    site.verify().exits(0).shows("alive");
    site.run(&["open", "brex/books", "-i", "~/recovery.txt"]).exits(1);
    site.run(&["open", "brex/books", "-i", "~/ops.txt"]).exits(0);
    assert_eq!(asked(&site).as_deref(), Some("rotate"), "the tokens of before were theirs to read");
    // Nobody is left: nothing is refreshed.
    site.sandbox.write("keywright.yaml", &both.replace("recipients: [ops, recovery]", "recipients: [recovery]"));
    site.grant(&[]).exits(0);
    site.sandbox.write("keywright.yaml", &config);
    site.pass(HOUR);
    let refreshes = |site: &Site| site.finance.oauth.grants().iter().map(|grant| grant.refreshes()).sum::<usize>();
    let before = refreshes(&site);
    site.run(&["verify", "-i", "~/recovery.txt"]).exits(4).shows("nobody who can read its tokens");
    assert_eq!(refreshes(&site), before);
}

#[test]
fn recipients_of_before_keep_reading_until_a_plan_says_otherwise() {
    let mut site = granted();
    let config = site.sandbox.read("keywright.yaml");
    site.sandbox.write("keywright.yaml", &config.replace("recipients: [ops]", "recipients: [ops, recovery]"));
    site.pass(HOUR);
    site.verify().exits(0);
    site.run(&["open", "brex/books", "-i", "~/recovery.txt"]).exits(1);
    site.run(&["apply", "--yes", "-i", "~/ops.txt"]).exits(0);
    site.run(&["open", "brex/books", "-i", "~/recovery.txt"]).exits(0);
    site.is_settled();
}
