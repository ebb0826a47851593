//! What `fulfil` refuses: it says which, writes nothing, and repeats nothing of what was handed over.
use axum::http::Method;

use crate::finance::Fault;
use crate::finance::brex::Role;
use crate::site::{Site, days};
use crate::{FEWEST, PAYVY, made};

/// A site with an open step.
fn open() -> Site {
    let site = Site::new();
    site.declare("brex", PAYVY);
    site.apply();
    site
}

#[test]
fn what_is_no_token_is_refused_with_the_reason() {
    let site = open();
    let first_party = "kw_abcdefghijkl_0123456789012345678901234567890123456789012345678";
    for (input, reason) in [
        ("", "is empty"),
        (" \"\" \n", "is empty"),
        ("bxt_", "has 4 characters, and at least 12 are expected"),
        ("bxt_abcdefgh ijklmn", "has white space or a control character inside"),
        ("sk_live_abcdefghijklmnop", "does not have the form `bxt_[a-zA-Z0-9]+`"),
        (first_party, "looks like a secret of Keyring (embedded) (`keyring`)"),
    ] {
        let ran = site.refuses(&["fulfil", "brex/payvy"], Some(input), 1).says("fulfil/malformed").says(reason);
        let word = input.trim().trim_matches('"');
        assert!(word.len() < 8 || !ran.stderr.contains(word), "{}", ran.stderr);
    }
    site.refuses(&["fulfil", "brex/payvy"], Some(&"x".repeat(70_000)), 1).says("longer than any secret");
    site.refuses(&["fulfil", "brex/payvy"], None, 1).says("is empty");
}

#[test]
fn a_token_of_another_provider_is_known_by_its_form_alone() {
    let site = Site::new();
    site.declare("brynq", "  export: { scopes: [Employees] }\n");
    site.apply();
    let token = site.finance.brex.create_token("elsewhere", FEWEST);
    site.refuses(&["fulfil", "brynq/export"], Some(&token), 1).says("looks like a secret of Brex (user tokens) (`brex`)");
}

#[test]
fn a_dead_or_expired_token_is_refused() {
    let site = open();
    let token = site.make(&FEWEST);
    assert!(site.finance.brex.revoke(&token));
    site.refuses(&["fulfil", "brex/payvy"], Some(&token), 1).says("provider/verify-failed").says("is dead");
    site.refuses(&["fulfil", "brex/payvy", "--unverified"], Some(&token), 1).says("is dead");
    let token = site.make(&FEWEST);
    assert!(site.finance.brex.set_idle(&token, days(91)));
    site.refuses(&["fulfil", "brex/payvy"], Some(&token), 1).says("has expired");
    site.finance.brex.configure(|config| config.error_shape = crate::finance::brex::ErrorShape::Traced);
    site.refuses(&["fulfil", "brex/payvy"], Some(&token), 1).says("has expired");
}

#[test]
fn a_token_with_fewer_scopes_is_refused_by_name() {
    let site = open();
    let token = site.make(&["vendors.readonly"]);
    site.refuses(&["fulfil", "brex/payvy"], Some(&token), 1).says("provider/lacks-scope").says("`transfers.readonly`");
    // What a person may not do is no scope that the token lacks.
    let token = site.make(&FEWEST);
    assert!(site.finance.brex.change(&token, |token| token.role = Role::Employee));
    site.fulfil("brex/payvy", &token).exits(0);
}

#[test]
fn a_token_for_what_is_not_wanted_any_more_is_refused() {
    let site = open();
    let token = site.make(&FEWEST);
    site.declare("brex", &PAYVY.replace("vendors.readonly", "users.readonly"));
    site.refuses(&["fulfil", "brex/payvy"], Some(&token), 1).says("fulfil/not-open").says("run `keywright apply`");
    site.apply();
    let token = site.make(&["transfers.readonly", "users.readonly"]);
    site.fulfil("brex/payvy", &token).exits(0);
    site.is_settled();
}

#[test]
fn the_previous_token_is_known_with_an_identity() {
    let (mut site, token) = made();
    site.pass(days(52));
    site.apply();
    site.refuses(&["fulfil", "brex/payvy", "-i", "~/ops.txt"], Some(&token), 1)
        .says("is the previous secret")
        .says("make a new one, named `");
}

#[test]
fn an_identity_that_cannot_tell_the_previous_token_is_refused() {
    let (mut site, token) = made();
    site.pass(days(52));
    site.apply();
    let (other, _) = keywright::vault::identity::generate();
    std::fs::write(site.sandbox.home().join("other.txt"), other.as_bytes()).expect("written");
    site.refuses(&["fulfil", "brex/payvy", "-i", "~/other.txt"], Some(&token), 1)
        .says("the secret in use cannot be opened")
        .says("leave `-i` out");
}

#[test]
fn an_answer_that_decides_nothing_is_refused_or_repeated_by_every_plan() {
    let site = open();
    let token = site.make(&FEWEST);
    for fault in [Fault::ErrorBefore, Fault::Html, Fault::ThrottleSaying(Some("3600")), Fault::ResetBefore] {
        site.finance.brex.inject(fault, Method::GET, 3);
        site.refuses(&["fulfil", "brex/payvy"], Some(&token), 4).says("provider/verify-undecided");
        site.finance.brex.clear_faults();
    }
    // A short disturbance is waited out.
    site.finance.brex.inject(Fault::ErrorBefore, Method::GET, 1);
    site.finance.brex.forget_requests();
    site.refuses(&["fulfil", "brynq/none"], Some(&token), 1);
    site.finance.brex.inject(Fault::ErrorBefore, Method::GET, 4);
    site.run_with(&["fulfil", "brex/payvy", "--unverified"], Some(&token)).exits(0).shows("without having been tried");
    site.finance.brex.clear_faults();
    for _ in 0..2 {
        assert!(site.run(&["plan"]).exits(0).stdout.contains("plan/unverified"));
    }
    site.run(&["verify", "-i", "~/ops.txt"]).exits(0);
    site.is_settled();
}

#[test]
fn a_short_disturbance_is_waited_out() {
    let site = open();
    let token = site.make(&FEWEST);
    site.finance.brex.inject(Fault::ErrorBefore, Method::GET, 2);
    site.fulfil("brex/payvy", &token).exits(0);
}

#[test]
fn what_a_refusal_repeats_is_not_repeated() {
    let site = open();
    let token = site.make(&FEWEST);
    site.finance.brex.inject(Fault::Echo(500), Method::GET, 3);
    site.refuses(&["fulfil", "brex/payvy"], Some(&token), 4);
    site.finance.brex.inject(Fault::Echo(403), Method::GET, 3);
    site.refuses(&["fulfil", "brex/payvy"], Some(&token), 1);
}

#[test]
fn an_account_without_an_api_takes_no_credential() {
    let site = open();
    let config = site.sandbox.read("keywright.yaml");
    site.sandbox.write("keywright.yaml", &config.replace("provider: brynq\n", "provider: brynq\n    credential: { env: BRYNQ_KEY }\n"));
    site.run(&["check"]).exits(1).shows("config/credential");
}

#[test]
fn a_param_that_the_chosen_header_needs_is_asked_for() {
    let site = open();
    for (params, says) in [("", "`domain`, which `bearer` needs"), ("auth: salure, domain: acme", "`customer`, which `salure` needs")] {
        site.configure(params);
        site.run(&["check"]).exits(1).shows("config/missing-param").shows(says);
    }
    site.configure("auth: salure, customer: acme");
    site.run(&["check"]).exits(0);
}

#[test]
fn options_that_make_no_sense_are_refused() {
    let (site, token) = made();
    site.refuses(&["fulfil", "brex/payvy"], Some(&token), 1).says("fulfil/not-open");
    site.refuses(&["fulfil", "brex/payvy", "--revoked"], None, 1).says("no revocation is waited for");
    site.refuses(&["fulfil", "brex/nobody"], Some(&token), 1).says("plan/unknown-address");
    site.declare("brex", &PAYVY.replace("vendors.readonly", "users.readonly"));
    site.apply();
    site.refuses(&["fulfil", "brex/payvy", "--expires", "2030-01-01"], Some(&token), 1).says("no end can be chosen");
    let mut site = site;
    site.sandbox.environment.insert("GITHUB_EVENT_NAME".to_owned(), "pull_request".to_owned());
    site.refuses(&["fulfil", "brex/payvy"], Some(&token), 1).says("pull-request");
    site.refuses(&["verify"], None, 1).says("pull-request");
    site.sandbox.environment = [("CI".to_owned(), "true".to_owned())].into();
    site.refuses(&["fulfil", "brex/payvy"], Some(&token), 1).says("apply/not-durable");
}
