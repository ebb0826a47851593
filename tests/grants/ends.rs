//! How grants end: revoked when they are not wanted, and when they were replaced and the overlap has passed.
use crate::finance::oauth::{RevokeBody, Route};
use crate::site::{BOOKS, Site, days};

#[test]
fn one_that_is_removed_is_revoked_in_whichever_form_is_taken() {
    for form in [RevokeBody::Json, RevokeBody::Form, RevokeBody::Either] {
        let site = Site::with(|config| config.oauth.revoke_body = form);
        site.grant(&[]).exits(0);
        site.declare("");
        // Without an identity a person is asked, and nothing fails.
        let plan = site.plan();
        assert_eq!((plan["attended"][0]["kind"].as_str(), plan["changes"][0]["action"].as_str()), (Some("revoke"), Some("attended")));
        site.run(&["apply", "--yes", "--allow", "empty"]).exits(0);
        assert!(!site.finance.oauth.grants()[0].revoked);
        site.run(&["plan", "-i", "~/ops.txt", "--allow", "empty"]).exits(0).shows("1 to disable");
        site.run(&["apply", "--yes", "-i", "~/ops.txt", "--allow", "empty"]).exits(0);
        assert!(site.finance.oauth.grants()[0].revoked);
        assert!(!site.sandbox.exists("ledger/brex/books.yaml") && !site.sandbox.exists("secrets/brex/books.age"));
    }
}

#[test]
fn one_that_is_disabled_is_revoked_and_can_be_granted_again() {
    let site = Site::new();
    site.grant(&[]).exits(0);
    site.declare(&BOOKS.replace("expires: never", "expires: never, protect: true, state: disabled"));
    site.run(&["plan", "-i", "~/ops.txt"]).exits(4).shows("plan/protected");
    site.declare(&BOOKS.replace("expires: never", "expires: never, state: disabled"));
    site.run(&["apply", "--yes", "-i", "~/ops.txt"]).exits(0);
    assert!(site.finance.oauth.grants()[0].revoked && site.ledger().contains("state: disabled"));
    site.is_settled();
    site.declare(BOOKS);
    assert_eq!(site.plan()["attended"][0]["kind"], "create");
    site.grant(&[]).exits(0);
    site.verify().exits(0).shows("alive");
}

#[test]
fn a_replaced_grant_is_revoked_after_the_overlap() {
    let mut site = Site::new();
    site.grant(&[]).exits(0);
    site.declare(&BOOKS.replace(", vendors.readonly", ""));
    assert_eq!(site.plan()["attended"][0]["kind"], "replace");
    site.apply().exits(0);
    site.grant(&["-i", "~/ops.txt"]).exits(0);
    assert!(site.part("superseded").starts_with("1:"), "its refresh token is kept beside the new one");
    site.is_settled();
    // A refresh in between loses nothing.
    site.pass(days(1));
    site.verify().exits(0);
    site.pass(days(3));
    site.run(&["plan", "-i", "~/ops.txt"]).exits(0).shows("its overlap has passed");
    site.run(&["apply", "--yes", "-i", "~/ops.txt"]).exits(0);
    let revoked: Vec<bool> = site.finance.oauth.grants().iter().map(|grant| grant.revoked).collect();
    assert_eq!(revoked, [true, false]);
    site.verify().exits(0).shows("alive");
    assert_eq!(site.part("superseded"), "", "it goes with the next refresh");
    site.is_settled();
}

#[test]
fn a_replaced_grant_that_nobody_kept_is_a_persons_until_it_ends_by_itself() {
    let mut site = Site::new();
    site.grant(&[]).exits(0);
    site.grant(&[]).exits(0);
    site.pass(days(4));
    let plan = site.plan();
    assert_eq!(
        (plan["attended"][0]["kind"].as_str(), plan["attended"][0]["command"].as_str()),
        (Some("revoke"), Some("keywright fulfil brex/books --revoked --generation 1"))
    );
    site.run(&["apply", "--yes", "-i", "~/ops.txt"]).exits(0);
    // A record that says otherwise is found out.
    let ledger = site.ledger();
    site.sandbox.write("ledger/brex/books.yaml", &kept(&ledger));
    site.run(&["apply", "--yes", "-i", "~/ops.txt"]).exits(4).says("grant/unreadable");
    site.sandbox.write("ledger/brex/books.yaml", &ledger);
    site.pass(days(80));
    site.verify().exits(0);
    site.pass(days(10));
    site.apply().exits(0);
    assert!(!site.ledger().contains("number: 1"), "90 days without a refresh: it is over");
    assert_eq!(site.finance.oauth.count(Route::Revoke), 0);
}

#[test]
fn a_revocation_that_is_refused_stands_until_it_is_confirmed() {
    let mut site = Site::new();
    site.grant(&[]).exits(0);
    site.declare("");
    let wrong = "{\"client_id\": \"acme-books\", \"client_secret\": \"not-the-secret\"}";
    site.sandbox.environment.insert("BREX_CLIENT".to_owned(), wrong.to_owned());
    let apply = ["apply", "--yes", "-i", "~/ops.txt", "--allow", "empty"];
    site.run(&apply).exits(4).says("grant/refused").says("keywright fulfil ADDRESS --revoked");
    site.finance.oauth.revoke_grant(0);
    site.run(&["fulfil", "brex/books", "--revoked"]).exits(0);
    site.run(&["apply", "--yes", "--allow", "empty"]).exits(0);
    assert!(!site.sandbox.exists("ledger/brex/books.yaml"));
}

/// The ledger, as if the token of the oldest generation had been kept.
fn kept(ledger: &str) -> String {
    let at = ledger.rfind("renewable: true\n").expect("a grant") + "renewable: true\n".len();
    let line = ledger[..at].lines().last().expect("a line");
    let indent = &line[..line.len() - line.trim_start().len()];
    format!("{}{indent}kept: true\n{}", &ledger[..at], &ledger[at..])
}
