//! What goes wrong between us and the provider: no unknown live key, no lost secret, nothing called done that is not.
use std::net::TcpListener;
use std::process::Stdio;
use std::time::Duration;

use keywright::model::GenerationState::{Active, Disabled};
use reqwest::Method;

use crate::emulator::{AnswerFields, Config, Fault, Order, Route, SignedQuery};
use crate::site::{BILLING, Site};

fn order(site: &Site, fault: Fault, route: Route, times: u32) {
    let method = match route {
        Route::Create => Method::POST,
        Route::Update => Method::PATCH,
        Route::Delete => Method::DELETE,
        Route::List | Route::Read | Route::Scopes | Route::Unknown => Method::GET,
    };
    site.emulator.order(Order { fault, method, route: Some(route), times });
}

#[test]
fn a_create_whose_answer_is_lost_is_found_by_its_marker() {
    for fault in [Fault::ErrorAfter, Fault::ResetAfter, Fault::TruncatedJson, Fault::Html, Fault::WithoutSecret] {
        for config in
            [Config::default(), Config { answer_fields: AnswerFields::Narrow, signed_query: SignedQuery::Signed, ..Config::default() }]
        {
            let site = Site::new(config);
            order(&site, fault, Route::Create, 1);
            site.settle();
            assert_eq!((site.live().len(), site.emulator.count(Route::Create)), (1, 1), "{fault:?}");
            assert_eq!(site.states("billing"), [(1, Active)], "{fault:?}");
            site.assert_works("billing");
        }
    }
}

#[test]
fn a_create_that_did_not_arrive_is_made_anew_once_the_list_has_settled() {
    let made_anew = |(fault, real_time)| {
        let mut site = Site::new(Config::default());
        if real_time {
            site.sandbox.ahead = None;
        }
        order(&site, fault, Route::Create, 1);
        site.apply().exits(0);
        assert_eq!((site.live().len(), site.emulator.count(Route::Create)), (1, 2), "{fault:?}");
        site.assert_works("billing");
        let (tree, writes) = (site.sandbox.tree(), site.writes());
        site.apply().exits(0);
        assert_eq!((site.writes(), site.sandbox.tree() == tree), (writes, true), "{fault:?}");
    };
    std::thread::scope(|scope| {
        for row in [(Fault::ResetBefore, true), (Fault::ErrorBefore, false)] {
            scope.spawn(move || made_anew(row));
        }
    });
}

#[test]
fn a_key_that_shows_up_late_in_the_list_is_still_found() {
    let site = Site::new(Config { list_lag_reads: 1, ..Config::default() });
    order(&site, Fault::ResetAfter, Route::Create, 1);
    site.settle();
    assert_eq!((site.live().len(), site.emulator.count(Route::Create)), (1, 1));
    site.assert_works("billing");
}

#[test]
fn throttling_is_waited_out_where_that_is_safe() {
    let site = Site::new(Config::default());
    order(&site, Fault::Throttle(Duration::from_secs(1)), Route::List, 1);
    site.settle();
    site.assert_works("billing");

    let site = Site::new(Config::default());
    order(&site, Fault::Throttle(Duration::from_secs(1)), Route::Create, 1);
    site.apply().exits(4).says("could not create the key");
    assert_eq!(
        (site.emulator.count(Route::Create), site.keys().len(), site.states("billing")),
        (1, 0, vec![]),
        "a create is never repeated blindly"
    );
    site.settle();
    site.assert_works("billing");
}

#[test]
fn a_listing_that_fails_leaves_its_account_alone() {
    for fault in [Fault::ErrorBefore, Fault::TruncatedJson, Fault::Html, Fault::ResetBefore, Fault::Throttle(Duration::from_secs(60))] {
        let site = Site::new(Config::default());
        site.settle();
        site.declare("");
        order(&site, fault, Route::List, 9);
        let tree = site.sandbox.tree();
        let ran = site.plan().exits(4);
        assert!(format!("{}{}", ran.stdout, ran.stderr).contains("pay"), "the account is named");
        site.apply().exits(4);
        assert_eq!((site.live().len(), site.sandbox.tree() == tree), (1, true), "{fault:?}: absence is not ignorance");
        site.emulator.clear_faults();
        site.settle();
        assert_eq!(site.live().len(), 0);
    }
}

#[test]
fn a_new_key_that_cannot_be_read_back_is_not_published_and_not_lost() {
    for fault in [Fault::ErrorBefore, Fault::Html, Fault::TruncatedJson] {
        let site = Site::new(Config::default());
        order(&site, fault, Route::Read, 3);
        site.apply().exits(4);
        assert!(!site.sandbox.exists("secrets/pay/billing.age"), "{fault:?}: unverified, so unpublished");
        site.emulator.clear_faults();
        site.settle();
        assert_eq!((site.live().len(), site.states("billing")[0].1), (1, Active), "{fault:?}");
        site.assert_works("billing");
    }
}

#[test]
fn edits_and_disabling_outlive_a_failure() {
    for fault in [Fault::ErrorBefore, Fault::ErrorAfter, Fault::ResetAfter, Fault::Html, Fault::TruncatedJson] {
        let site = Site::new(Config::default());
        site.settle();
        order(&site, fault, Route::Update, 1);
        site.declare("  billing: { label: Billing webhooks, scopes: [pcx:webhooks:create] }\n");
        site.settle();
        assert_eq!(site.assert_works("billing").scopes, ["pcx:webhooks:create"], "{fault:?}");
        order(&site, fault, Route::Update, 1);
        site.declare("");
        site.settle();
        assert_eq!((site.states("billing"), site.live().len()), (vec![(1, Disabled)], 0), "{fault:?}");
    }
}

#[test]
fn a_disabling_that_fails_for_good_is_reported_and_tried_again() {
    let site = Site::new(Config::default());
    site.settle();
    site.declare("");
    order(&site, Fault::ErrorBefore, Route::Update, 3);
    site.apply().exits(4).says("could not disable the key");
    assert_eq!((site.states("billing"), site.live().len()), (vec![(1, Active)], 1));
    site.settle();
    assert_eq!(site.live().len(), 0);
}

#[test]
fn a_wrong_or_missing_credential_changes_nothing() {
    let mut site = Site::new(Config::default());
    let id = site.emulator.admin_id();
    let wrong = format!(r#"{{"id":"{id}","secret":"0123456789abcdef0123456789abcdef"}}"#);
    for (credential, says) in [(wrong.as_str(), "401"), ("not json", "JSON"), (r#"{"id":"x"}"#, "secret"), ("", "PAYCONEX_ADMIN_KEY")] {
        site.sandbox.environment.insert("PAYCONEX_ADMIN_KEY".to_owned(), credential.to_owned());
        for command in [&["plan"][..], &["apply", "--yes"]] {
            let ran = site.refuses(command, 4);
            let text = format!("{}{}", ran.stdout, ran.stderr);
            assert!(text.contains(says) && text.contains("pay"), "{text}");
            // Which one is wrong, where the provider is the one that says so.
            assert!(!text.contains("401") || text.contains("it comes from the variable `PAYCONEX_ADMIN_KEY`"), "{text}");
        }
        site.refuses(&["plan", "--offline"], 0);
    }
}

#[test]
fn an_unreachable_host_changes_nothing() {
    let site = Site::new(Config::default());
    let closed = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("an address");
    site.configure(&format!("http://{closed}"), "hmac");
    for command in [&["plan"][..], &["apply", "--yes"]] {
        let ran = site.refuses(command, 4);
        let text = format!("{}{}", ran.stdout, ran.stderr);
        assert!(text.contains("pay") && text.contains("127.0.0.1"), "{text}");
    }
}

#[test]
fn a_process_that_is_killed_in_a_create_leaves_no_unknown_key() {
    let site = Site::new(Config::default());
    order(&site, Fault::Stall(Duration::from_secs(20)), Route::Create, 1);
    let mut child = site.sandbox.command(&["apply", "--yes"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("started");
    while site.keys().is_empty() {
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().expect("killed");
    child.wait().expect("ended");
    assert_eq!((site.live().len(), site.sandbox.exists("secrets/pay/billing.age")), (1, false));
    site.plan().exits(0);
    // A guard refuses before anything is recovered, and the way out is named.
    let config = site.sandbox.read("keywright.yaml");
    site.sandbox.write("keywright.yaml", &format!("{config}guards: {{ max_creates: 0 }}\n"));
    site.declare(&format!("{BILLING}  more: {{ scopes: [pcx:webhooks:read] }}\n"));
    let refused = site.sandbox.run(&["apply", "--yes"]).exits(3);
    refused.says("an earlier apply left 1 key unfinished").says("keywright recover --yes");
    site.sandbox.write("keywright.yaml", &config);
    site.declare(BILLING);
    site.settle();
    assert_eq!((site.live().len(), site.states("billing")), (1, vec![(1, Active)]));
    site.assert_works("billing");
}

#[cfg(unix)]
#[test]
fn a_signal_finishes_the_steps_under_way_and_starts_no_other() {
    let site = Site::new(Config::default());
    let keys: String = (0..8).map(|number| format!("  key-{number}: {{ scopes: [pcx:webhooks:read] }}\n")).collect();
    site.declare(&keys);
    order(&site, Fault::Stall(Duration::from_secs(2)), Route::Create, 4);
    let child = site.sandbox.command(&["apply", "--yes"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("started");
    while site.keys().len() < 4 {
        std::thread::sleep(Duration::from_millis(20));
    }
    let ended = std::process::Command::new("kill").args(["-TERM", &child.id().to_string()]).status().expect("kill is there");
    assert!(ended.success());
    let output = child.wait_with_output().expect("ended");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(4), "{said}");
    assert!(said.contains("apply/interrupted"), "{said}");
    assert_eq!(site.live().len(), 4, "the steps under way were finished, and no other was started");
    site.settle();
    assert_eq!((site.live().len(), site.emulator.count(Route::Create)), (8, 8));
    for number in 0..8 {
        site.assert_works(&format!("key-{number}"));
    }
}

#[test]
fn a_refused_credential_in_the_middle_stops_the_account() {
    let site = Site::new(Config::default());
    site.declare(BILLING);
    order(&site, Fault::Stall(Duration::from_secs(1)), Route::Create, 1);
    let child = site.sandbox.command(&["apply", "--yes"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("started");
    while site.keys().is_empty() {
        std::thread::sleep(Duration::from_millis(20));
    }
    site.emulator.disable_key(&site.emulator.admin_id());
    let output = child.wait_with_output().expect("ended");
    assert_eq!(output.status.code(), Some(4), "{}", String::from_utf8_lossy(&output.stderr));
    site.emulator.change_key(&site.emulator.admin_id(), |key| key.enabled = true);
    site.settle();
    assert_eq!(site.live().len(), 1, "no second live key");
    site.assert_works("billing");
}
