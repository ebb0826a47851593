//! Answers to an edit, a disabling and the reads that prove a key.
use keywright::model::GenerationState::{Active, Disabled, Retiring};

use crate::emulator::{Config, Fault, Route};
use crate::site::{BILLING, Site, WEBHOOKS};
use crate::{assert_whole, order, pass};

const OTHER: &str = "  billing: { label: Billing webhooks, scopes: [pcx:webhooks:create] }\n";

/// What comes instead of an answer after the provider acted.
const SPOILT: [Fault; 12] = [
    Fault::ResetAfter,
    Fault::ErrorAfter,
    Fault::Gateway(503),
    Fault::TruncatedJson,
    Fault::Html,
    Fault::NoContent,
    Fault::LongLength,
    Fault::ShortLength,
    Fault::Redirect(307),
    Fault::WithoutSecret,
    Fault::OtherId,
    Fault::Endless,
];

#[test]
fn an_edit_is_believed_only_when_it_is_read_back() {
    std::thread::scope(|scope| {
        for faults in SPOILT.chunks(6) {
            scope.spawn(move || {
                let site = Site::new(Config::default());
                site.settle();
                for (number, fault) in faults.iter().enumerate() {
                    order(&site, *fault, Route::Update, 1);
                    site.declare(if number % 2 == 0 { OTHER } else { BILLING });
                    site.settle();
                    assert_eq!(site.states("billing"), [(1, Active)], "{fault:?}");
                    assert_whole(&site);
                }
            });
        }
    });
}

#[test]
fn a_disabling_is_believed_only_when_it_is_read_back() {
    std::thread::scope(|scope| {
        for faults in SPOILT.chunks(6) {
            scope.spawn(move || {
                let site = Site::new(Config::default());
                site.settle();
                for (number, fault) in faults.iter().enumerate() {
                    order(&site, *fault, Route::Update, 1);
                    site.declare(if number % 2 == 0 { "" } else { BILLING });
                    site.settle();
                    let live = number % 2;
                    assert_eq!((site.live().len(), site.emulator.count(Route::Create)), (live, 1), "{fault:?}");
                }
            });
        }
    });
}

#[test]
fn an_edit_to_other_scopes_than_asked_is_told_and_the_key_replaced() {
    let site = Site::new(Config::default());
    site.settle();
    let first = site.assert_works("billing").id;
    order(&site, Fault::OtherScopes, Route::Update, 1);
    site.declare(OTHER);
    site.apply().exits(4).says("provider/not-applied").says("pcx:payments:*");
    assert_eq!(site.assert_works("billing").scopes, ["pcx:payments:*"], "the ledger says what is true");
    site.settle();
    assert_eq!(
        (site.assert_works("billing").scopes, site.states("billing")),
        (vec!["pcx:webhooks:create".to_owned()], vec![(2, Active), (1, Retiring)])
    );
    assert!(site.emulator.key(&first).is_some_and(|key| key.enabled), "the last good key is not touched");
}

#[test]
fn an_edit_or_an_enabling_that_changes_more_than_it_was_asked_for_is_told() {
    let site = Site::new(Config::default());
    site.settle();
    order(&site, Fault::OtherScopes, Route::Update, 1);
    site.declare(&BILLING.replace("Billing webhooks", "Another name"));
    site.apply().exits(4).says("provider/not-applied").says("more than it was asked for: scopes (it gained `pcx:payments:*`)");
    site.settle();
    assert_eq!(site.assert_works("billing").scopes, [WEBHOOKS]);
    site.declare(&BILLING.replace("Billing webhooks", "Another name, state: disabled"));
    site.settle();
    order(&site, Fault::OtherScopes, Route::Update, 1);
    site.declare(&BILLING.replace("Billing webhooks", "Another name"));
    site.apply().exits(4).says("accepted to enable the key, and changed more").says("`pcx:payments:*`");
    site.settle();
    assert_eq!(site.assert_works("billing").scopes, [WEBHOOKS]);
}

/// A new key that cannot be read back is sealed and stays unpublished; the next apply finishes it.
#[track_caller]
fn is_finished_by_the_next_apply(fault: Fault) {
    let site = Site::new(Config::default());
    order(&site, fault, Route::Read, 3);
    site.apply().exits(4).says("could not read the key back");
    assert!(!site.sandbox.exists("secrets/pay/billing.age"), "{fault:?}");
    site.emulator.clear_faults();
    site.settle();
    assert_eq!((site.emulator.count(Route::Create), site.states("billing")), (1, vec![(1, Active)]), "{fault:?}");
    assert_whole(&site);
}

#[test]
fn a_get_that_answers_another_id_is_no_answer() {
    is_finished_by_the_next_apply(Fault::OtherId);
}

#[test]
fn a_get_without_an_answer_decides_nothing() {
    for fault in [Fault::NoContent, Fault::Redirect(302), Fault::Endless, Fault::LongLength, Fault::ShortLength, Fault::Gateway(504)] {
        is_finished_by_the_next_apply(fault);
    }
}

#[test]
fn a_trial_that_decides_nothing_does_not_condemn_the_key() {
    for fault in [Fault::Gateway(503), Fault::Html, Fault::Redirect(302), Fault::NoContent, Fault::ThrottleSaying(Some("60"))] {
        let site = Site::new(Config::default());
        // The listing, and then the new key's own call, three times.
        pass(&site, Route::List, 1);
        order(&site, fault, Route::List, 3);
        let ran = site.apply();
        site.emulator.clear_faults();
        if ran.exit == 4 {
            ran.says("provider/verify-undecided");
            assert!(!site.sandbox.exists("secrets/pay/billing.age"), "{fault:?}");
        } else {
            assert_eq!(fault, Fault::NoContent, "{}", ran.stderr);
        }
        site.settle();
        assert_eq!((site.emulator.count(Route::Create), site.states("billing")), (1, vec![(1, Active)]), "{fault:?}");
        assert_whole(&site);
    }
}

#[test]
fn a_sealed_key_that_somebody_deletes_is_made_anew() {
    let site = Site::new(Config::default());
    order(&site, Fault::NoContent, Route::Read, 1);
    site.apply().exits(4);
    site.emulator.delete_key(&site.keys()[0].id);
    site.apply().exits(0);
    assert_eq!(site.states("billing"), [(2, Active), (1, Disabled)]);
    assert_whole(&site);
}
