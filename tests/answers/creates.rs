//! Answers to a create: lost, spoilt, incomplete, untrue.
use std::time::Duration;

use jiff::SignedDuration;
use keywright::model::GenerationState::{Active, Disabled};

use crate::emulator::{Config, Fault, KeySeed, Route};
use crate::site::{BILLING, Site, WEBHOOKS};
use crate::{assert_whole, order};

/// The provider acted, and the answer is of no use: the key is found by its marker, and its secret is read again.
#[track_caller]
fn is_recovered_by_its_marker(fault: Fault) {
    let site = Site::new(Config::default());
    order(&site, fault, Route::Create, 1);
    let ran = site.settle();
    assert!(ran.stderr.contains("looking for its marker"), "{}", ran.stderr);
    assert_eq!((site.emulator.count(Route::Create), site.states("billing")), (1, vec![(1, Active)]), "{fault:?}");
    assert_whole(&site);
}

#[test]
fn a_connection_that_is_reset_after_the_provider_acted() {
    is_recovered_by_its_marker(Fault::ResetAfter);
}

#[test]
fn an_error_after_the_provider_acted() {
    is_recovered_by_its_marker(Fault::ErrorAfter);
    is_recovered_by_its_marker(Fault::Gateway(502));
}

#[test]
fn half_an_answer() {
    is_recovered_by_its_marker(Fault::TruncatedJson);
}

#[test]
fn a_page_of_html_with_200() {
    is_recovered_by_its_marker(Fault::Html);
}

#[test]
fn a_204_where_a_key_is_expected() {
    is_recovered_by_its_marker(Fault::NoContent);
}

#[test]
fn a_redirect_is_not_followed() {
    for status in [302, 307, 308] {
        is_recovered_by_its_marker(Fault::Redirect(status));
    }
    let site = Site::new(Config::default());
    order(&site, Fault::Redirect(307), Route::Create, 1);
    site.settle();
    assert_eq!(site.emulator.count(Route::Unknown), 0, "nobody went there");
}

#[test]
fn a_wrong_length() {
    is_recovered_by_its_marker(Fault::LongLength);
    is_recovered_by_its_marker(Fault::ShortLength);
}

#[test]
fn an_enormous_answer_and_an_endless_one() {
    is_recovered_by_its_marker(Fault::Enormous);
    is_recovered_by_its_marker(Fault::Endless);
}

#[test]
fn success_without_a_secret_is_read_again() {
    let site = Site::new(Config::default());
    order(&site, Fault::WithoutSecret, Route::Create, 1);
    site.settle();
    assert_eq!((site.emulator.count(Route::Create), site.states("billing")), (1, vec![(1, Active)]));
    assert_whole(&site);
}

#[test]
fn a_secret_that_nobody_tells_is_lost_and_its_key_disabled() {
    let site = Site::new(Config::default());
    order(&site, Fault::WithoutSecret, Route::Create, 1);
    order(&site, Fault::WithoutSecret, Route::Read, 1);
    site.apply().exits(4).says("without telling its secret; it was disabled again");
    assert_eq!((site.live().len(), site.states("billing")), (0, vec![(1, Disabled)]));
    assert!(!site.sandbox.exists("secrets/pay/billing.age"));
    site.settle();
    assert_eq!((site.emulator.count(Route::Create), site.states("billing")), (2, vec![(2, Active), (1, Disabled)]));
    assert_whole(&site);
}

#[test]
fn other_scopes_than_asked_are_never_published() {
    let site = Site::new(Config::default());
    order(&site, Fault::OtherScopes, Route::Create, 1);
    site.apply().exits(4).says("provider/not-applied").says("another set of scopes than asked; it was disabled again");
    assert_eq!((site.live().len(), site.states("billing")), (0, vec![(1, Disabled)]));
    assert!(!site.sandbox.exists("secrets/pay/billing.age"));
    site.settle();
    assert_eq!(site.states("billing"), [(2, Active), (1, Disabled)]);
    assert_whole(&site);
}

#[test]
fn another_id_than_its_own_is_noticed_and_the_key_taken_out_of_use() {
    let site = Site::new(Config::default());
    order(&site, Fault::OtherId, Route::Create, 1);
    site.apply().exits(4);
    assert!(!site.sandbox.exists("secrets/pay/billing.age"), "what cannot be verified is not published");
    site.apply().exits(0);
    assert_whole(&site);
    let strangers: Vec<_> = site.live().into_iter().filter(|key| key.id != site.opened("billing").0).collect();
    assert!(strangers.is_empty(), "{strangers:?}");
}

#[test]
fn a_key_that_was_there_before_is_not_what_a_create_made() {
    // Somebody else's key.
    let site = Site::new(Config::default());
    let foreign = site.emulator.add_key(KeySeed::new("made by hand", ["pcx:webhooks:create"])).id;
    order(&site, Fault::KnownKey, Route::Create, 1);
    site.apply().exits(4).says("provider/not-applied").says(&foreign);
    assert!(!site.sandbox.exists("secrets/pay/billing.age"));
    site.settle();
    site.assert_works("billing");
    assert_eq!(site.live().len(), 2);
    assert!(site.emulator.key(&foreign).is_some_and(|key| key.enabled && key.label == "made by hand"), "it is nobody's to touch");
    // Our own.
    let site = Site::new(Config::default());
    site.settle();
    let first = site.assert_works("billing").id;
    order(&site, Fault::KnownKey, Route::Create, 1);
    site.declare(&format!(
        "{BILLING}  refunds: {{ scopes: [pcx:webhooks:create] }}
"
    ));
    site.apply().exits(4).says("provider/not-applied").says(&first);
    assert_eq!(site.states("billing"), [(1, Active)]);
    assert!(site.emulator.key(&first).is_some_and(|key| key.enabled), "it is the key of another address");
    site.settle();
    assert_eq!((site.states("billing"), site.states("refunds")[0]), (vec![(1, Active)], (2, Active)));
    site.assert_works("refunds");
    assert_eq!(site.live().len(), 2);
}

#[test]
fn a_create_that_was_delivered_twice_leaves_one_key() {
    let site = Site::new(Config::default());
    order(&site, Fault::TwiceErrorAfter, Route::Create, 1);
    site.settle();
    assert_eq!((site.keys().len(), site.states("billing")), (2, vec![(2, Disabled), (1, Active)]));
    assert_whole(&site);
}

#[test]
fn a_twin_that_shows_up_after_publication_is_disabled_by_the_next_apply() {
    let site = Site::new(Config::default());
    order(&site, Fault::Twice, Route::Create, 1);
    site.apply().exits(0);
    let published = site.assert_works("billing").id;
    assert_eq!(site.live().len(), 2);
    let twin = site.live().into_iter().find(|key| key.id != published).expect("a twin").id;
    site.plan().exits(0).shows(&twin);
    site.apply().exits(0).says("a second live key bears");
    assert_eq!(site.states("billing"), [(2, Disabled), (1, Active)]);
    assert_eq!(site.record("billing").generation(2).and_then(|generation| generation.id.clone()), Some(twin));
    assert_whole(&site);
    site.settle();
    // A twin of a key that is disabled is disabled, too.
    site.declare("");
    site.settle();
    let label = site.emulator.key(&published).expect("there").label;
    site.emulator.add_key(KeySeed::new(&label, [WEBHOOKS]));
    site.settle();
    assert_eq!(site.live(), []);
}

#[test]
fn a_foreign_key_with_our_label_and_no_marker_is_not_touched() {
    let site = Site::new(Config::default());
    let foreign = site.emulator.add_key(KeySeed::new("Billing webhooks", [WEBHOOKS]));
    order(&site, Fault::ResetAfter, Route::Create, 1);
    site.settle();
    assert_eq!(site.emulator.key(&foreign.id).as_ref(), Some(&foreign));
    site.assert_works("billing");
    assert_eq!((site.live().len(), site.states("billing")), (2, vec![(1, Active)]));
}

#[test]
fn a_list_that_lags_within_the_consistency_time_is_waited_for() {
    let site = Site::new(Config { list_lag_reads: 1, ..Config::default() });
    order(&site, Fault::ResetAfter, Route::Create, 1);
    site.settle();
    assert_eq!((site.emulator.count(Route::Create), site.states("billing")), (1, vec![(1, Active)]));
    assert_whole(&site);
}

#[test]
fn a_list_that_lags_longer_makes_a_late_arrival_that_is_disabled() {
    let lag = Duration::from_secs(30);
    for fault in [Fault::ResetAfter, Fault::TwiceErrorAfter] {
        let mut site = Site::new(Config { list_lag: lag, ..Config::default() });
        order(&site, fault, Route::Create, 1);
        site.apply().exits(0).says("creating it anew");
        assert_eq!(site.states("billing")[0].1, Active);
        let published = site.assert_works("billing").id;
        // Until the list shows it, nothing more is known, and every run looks for it.
        site.after(SignedDuration::from_secs(20));
        site.apply().exits(0);
        assert_eq!(site.assert_works("billing").id, published);

        let late = SignedDuration::from_secs(31);
        site.after(late);
        site.emulator.set_clock_offset(late);
        site.settle();
        assert_eq!(site.assert_works("billing").id, published, "the published key is not touched");
        assert_whole(&site);
    }
}

#[test]
fn a_create_that_is_throttled_is_not_repeated_and_leaves_nothing() {
    for text in [Some("1"), Some("99999999999999999999999"), Some("-1"), None] {
        let site = Site::new(Config::default());
        order(&site, Fault::ThrottleSaying(text), Route::Create, 1);
        site.apply().exits(4).says("could not create the key: throttled");
        assert_eq!((site.emulator.count(Route::Create), site.states("billing"), site.keys().len()), (1, vec![], 0), "{text:?}");
        site.settle();
        assert_whole(&site);
    }
}
