//! Rotations that a person asks for, the key limit, and guards, over the wire.
use std::time::Duration;

use jiff::SignedDuration;
use keywright::model::GenerationState::{Active, Disabled, Retiring};

use crate::emulator::{Config, EnabledField, Fault, Route};
use crate::site::{BILLING, Site};
use reqwest::Method;

const ROTATE: [&str; 4] = ["apply", "--yes", "--rotate", "pay/billing"];

#[test]
fn a_rotation_is_asked_for_and_compromised_ends_the_old_one_at_once() {
    let mut site = Site::new(Config::default());
    site.settle();
    let first = site.assert_works("billing");
    site.sandbox.run(&ROTATE).exits(0).shows("1 to rotate");
    let second = site.assert_works("billing");
    assert_eq!((site.states("billing"), site.live().len()), (vec![(2, Active), (1, Retiring)], 2));
    site.sandbox.run(&ROTATE).exits(0).shows("plan/rotation-open");
    assert_eq!((site.states("billing").len(), site.emulator.count(Route::Create)), (2, 2), "asking again does nothing");

    site.after(SignedDuration::from_hours(1));
    let compromised = [&ROTATE[..], &["--compromised"]].concat();
    site.sandbox.run(&compromised).exits(0);
    assert_eq!((site.states("billing"), site.live().len()), (vec![(3, Active), (2, Disabled), (1, Disabled)], 1));
    assert!(site.emulator.key(&first.id).is_some_and(|key| !key.enabled));
    site.sandbox.run(&compromised).exits(0).shows("plan/rotation-open");
    assert_eq!(site.states("billing").len(), 3, "the command was repeated");
    site.after(SignedDuration::from_hours(3));
    site.sandbox.run(&compromised).exits(0);
    assert_eq!((site.states("billing")[0], site.live().len()), ((4, Active), 1));
    assert_ne!(site.assert_works("billing").id, second.id);
    site.settle();
}

#[test]
fn the_old_one_lives_while_a_successor_cannot_be_made() {
    let site = Site::new(Config::default());
    site.settle();
    let first = site.assert_works("billing");
    site.emulator.inject(Fault::Throttle(Duration::from_secs(1)), Method::POST, 1);
    let ran = site.sandbox.run(&["apply", "--yes", "--rotate", "pay/billing", "--compromised"]);
    assert_eq!(ran.exit, 4, "{}{}", ran.stdout, ran.stderr);
    assert_eq!(site.assert_works("billing").id, first.id);
    site.sandbox.run(&["apply", "--yes", "--rotate", "pay/billing", "--compromised"]).exits(0);
    assert_eq!(site.live().len(), 1);
    assert_ne!(site.assert_works("billing").id, first.id);
}

/// A predecessor that cannot be disabled is asked for, and reported, at every run; and it takes the place of the next generation.
#[test]
fn a_refused_disabling_stays_listed_and_blocks_at_the_key_limit() {
    let mut site = Site::new(Config { enabled_field: EnabledField::Unknown, ..Config::default() });
    let profile = include_str!("../../src/profiles/payconex.yaml").replace("  consistency: 10s\n", "  consistency: 10s\n  key_limit: 3\n");
    site.sandbox.write("providers/payconex.yaml", &profile);
    site.settle();
    site.after(SignedDuration::from_hours(24 * 85));
    site.apply().exits(0);
    assert_eq!(site.states("billing"), [(2, Active), (1, Retiring)]);
    for hours in [24 * 85 + 73, 24 * 90, 24 * 100] {
        site.after(SignedDuration::from_hours(hours));
        site.plan().exits(0).shows("1 to disable");
        site.apply().exits(4).says("disable the key");
        assert_eq!(site.states("billing"), [(2, Active), (1, Retiring)]);
    }
    site.after(SignedDuration::from_hours(24 * 165));
    site.plan().exits(0).shows("provider/key-limit").shows("1 to disable");
    site.apply().exits(4);
    assert_eq!((site.states("billing").len(), site.emulator.count(Route::Create)), (2, 2));
    site.sandbox.run(&[&ROTATE[..], &["--compromised"]].concat()).exits(4).shows("plan/cannot-rotate");
    assert_eq!(site.emulator.count(Route::Create), 2, "the last good key keeps its place");
}

#[test]
fn a_listing_that_shrank_is_not_believed() {
    let mut site = Site::new(Config::default());
    let keys: String = (0..5).map(|number| format!("  key-{number}: {{ scopes: [pcx:webhooks:read] }}\n")).collect();
    site.declare(&keys);
    site.settle();
    for key in &site.live()[..3] {
        site.emulator.delete_key(&key.id);
    }
    site.after(SignedDuration::from_mins(2));
    site.refuses(&["plan"], 3).shows("account `pay` shows 2 of 5 keys that the ledger has as live");
    site.refuses(&["apply", "--yes"], 3).shows("guard/shrunk");
    site.sandbox.run(&["apply", "--yes", "--allow", "shrunk=pay"]).exits(0);
    assert_eq!(site.live().len(), 5);
    site.settle();
}

#[test]
fn a_fixed_end_that_has_passed_stays_quiet() {
    let mut site = Site::new(Config::default());
    let day = (jiff::Timestamp::now() + SignedDuration::from_hours(24 * 3)).strftime("%Y-%m-%d").to_string();
    site.declare(&BILLING.replace(" }", &format!(", expires: {day} }}")));
    site.settle();
    site.after(SignedDuration::from_hours(24 * 5));
    site.plan().exits(0).shows("plan/expired").shows("only the ledger changes");
    let writes = site.writes();
    site.settle();
    assert_eq!((site.states("billing"), site.writes()), (vec![(1, keywright::model::GenerationState::Expired)], writes));
    site.declare("");
    site.settle();
    assert_eq!((site.states("billing"), site.writes()), (vec![(1, Disabled)], writes), "what its end has ended needs no disabling");
}
