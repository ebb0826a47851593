//! Listings: complete, or unavailable.
use jiff::{SignedDuration, Timestamp};
use keywright::model::GenerationState::{Active, Disabled};

use crate::emulator::{Config, Fault, KeySeed, ListOrder, Listed, Route};
use crate::site::{BILLING, Site, WEBHOOKS};
use crate::{assert_whole, order};

/// A listing that stays in doubt leaves everything as it is, though the manifests want the key gone.
#[track_caller]
fn leaves_the_account_alone(fault: Fault) {
    let site = Site::new(Config::default());
    site.settle();
    site.declare("");
    order(&site, fault, Route::List, 9);
    let ran = site.refuses(&["apply", "--yes"], 4);
    assert!(ran.stdout.contains("pay") && !ran.stderr.contains("panicked"), "{}{}", ran.stdout, ran.stderr);
    assert_eq!((site.live().len(), site.states("billing")), (1, vec![(1, Active)]), "{fault:?}");
    site.emulator.clear_faults();
    site.settle();
    assert_eq!(site.states("billing"), [(1, Disabled)]);
}

#[test]
fn a_list_that_is_no_list() {
    for fault in [Fault::Html, Fault::TruncatedJson, Fault::NoContent, Fault::Gateway(502), Fault::LongLength, Fault::ShortLength] {
        leaves_the_account_alone(fault);
    }
}

#[test]
fn a_list_that_is_too_large() {
    leaves_the_account_alone(Fault::Enormous);
    leaves_the_account_alone(Fault::Endless);
}

#[test]
fn a_list_that_is_elsewhere() {
    leaves_the_account_alone(Fault::Redirect(302));
    let site = Site::new(Config::default());
    order(&site, Fault::Redirect(302), Route::List, 1);
    site.refuses(&["apply", "--yes"], 4);
    assert_eq!((site.emulator.count(Route::Unknown), site.emulator.count(Route::List)), (0, 1), "neither followed nor repeated");
}

#[test]
fn a_list_that_is_throttled_without_end() {
    // Waits beyond the patience are not begun, whatever number they are.
    for text in ["11", "18446744073709551615", "99999999999999999999999", "Fri, 31 Dec 9999 23:59:59 GMT"] {
        leaves_the_account_alone(Fault::ThrottleSaying(Some(text)));
    }
}

#[test]
fn a_list_that_is_throttled_once() {
    let date = |ahead: i64| -> &'static str {
        let at = Timestamp::now() + SignedDuration::from_secs(ahead);
        Box::leak(at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string().into_boxed_str())
    };
    for text in [Some("1"), Some(date(1)), Some(date(-3600)), Some("-5"), Some("soon"), Some(""), None] {
        let site = Site::new(Config::default());
        order(&site, Fault::ThrottleSaying(text), Route::List, 1);
        site.settle();
        assert_whole(&site);
    }
}

/// A site with other keys around ours, and small pages.
fn crowded(list_order: ListOrder) -> Site {
    let site = Site::new(Config { max_limit: 2, list_order, ..Config::default() });
    for number in 0..3 {
        site.emulator.add_key(KeySeed::new(&format!("foreign {number}"), [WEBHOOKS]));
    }
    site.apply().exits(0);
    for number in 3..5 {
        site.emulator.add_key(KeySeed::new(&format!("foreign {number}"), [WEBHOOKS]));
    }
    site
}

#[test]
fn pages_that_shift_once_are_read_again() {
    for list_order in [ListOrder::OldestFirst, ListOrder::NewestFirst] {
        for fault in [Fault::KeyComes, Fault::KeyGoes] {
            let site = crowded(list_order);
            order(&site, fault, Route::List, 1);
            let tree = site.sandbox.tree();
            let ran = site.apply().exits(0);
            assert!(site.sandbox.tree() == tree, "{fault:?} {list_order:?}: {}", ran.stderr);
            site.assert_works("billing");
        }
    }
}

#[test]
fn pages_that_shift_all_the_time_make_no_listing() {
    let site = crowded(ListOrder::NewestFirst);
    site.declare("");
    order(&site, Fault::KeyComes, Route::List, 50);
    let tree = site.sandbox.tree();
    site.apply().exits(4).shows("the list changed while it was read");
    assert!(site.sandbox.tree() == tree, "absence is not ignorance");
    site.assert_works("billing");
}

#[test]
fn a_get_by_id_that_answers_another_id_makes_no_listing() {
    let site = Site::new(Config { disabled_keys: Listed::Hidden, ..Config::default() });
    site.settle();
    site.declare("");
    site.settle();
    site.declare(BILLING);
    order(&site, Fault::OtherId, Route::Read, 1);
    let ran = site.refuses(&["apply", "--yes"], 4);
    assert!(ran.stdout.contains("the answer is about another key"), "{}", ran.stdout);
    site.settle();
    assert_whole(&site);
}

#[test]
fn a_key_that_slips_between_pages_unnoticed_is_asked_for_by_its_id() {
    let site = crowded(ListOrder::OldestFirst);
    // One goes and one comes, so that the totals agree and one key of the second page was on neither.
    order(&site, Fault::KeysSwap, Route::List, 1);
    let tree = site.sandbox.tree();
    site.apply().exits(0);
    assert!(site.sandbox.tree() == tree);
    site.assert_works("billing");
}
