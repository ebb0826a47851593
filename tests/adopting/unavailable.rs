//! Unavailable is not empty: an account that cannot be read whole is left alone, and the others go on.
use std::time::Duration;

use reqwest::Method;

use crate::emulator::{Config, Fault, KeySeed, Order, Route};
use crate::sandbox::without_lock;
use crate::site::{Site, WEBHOOKS, difference};

/// Two accounts that are settled, and then a change in each: `pay` at the emulator with small pages, `shop` in a keyring.
fn site() -> Site {
    let site = Site::new(Config { max_limit: 2, ..Config::default() });
    for number in 0..4 {
        site.emulator.add_key(KeySeed::new(&format!("foreign {number}"), [WEBHOOKS]));
    }
    let config = site.sandbox.read("keywright.yaml");
    site.sandbox.write("keywright.yaml", &config.replace("accounts:\n", "accounts:\n  shop: { provider: keyring }\n"));
    site.sandbox.write("keys/shop.yaml", "account: shop\nkeys:\n  orders: { scopes: [orders:read] }\n");
    site.settle();
    site.sandbox.write("keys/shop.yaml", "account: shop\nkeys:\n  orders: { scopes: [orders:read] }\n  stock: { scopes: [stock:read] }\n");
    site.declare("");
    site
}

/// What goes wrong with every list but its first page, or with all of it.
fn faults() -> Vec<(&'static str, Vec<(Fault, u32)>)> {
    let second = |fault| vec![(Fault::Stall(Duration::ZERO), 1), (fault, 99)];
    vec![
        ("500 on page 2", second(Fault::ErrorBefore)),
        ("half of page 2", second(Fault::TruncatedJson)),
        ("a total that shifts", vec![(Fault::KeyComes, 99)]),
        ("a page that is no list", vec![(Fault::Html, 99)]),
    ]
}

fn order(site: &Site, orders: &[(Fault, u32)]) {
    site.emulator.clear_faults();
    for (fault, times) in orders {
        site.emulator.order(Order { fault: *fault, method: Method::GET, route: Some(Route::List), times: *times });
    }
}

#[test]
fn a_plan_has_no_change_for_it_and_all_for_the_others() {
    let site = site();
    for (name, orders) in faults() {
        order(&site, &orders);
        let ran = site.sandbox.run(&["plan"]).exits(4);
        let text = &ran.stdout;
        assert!(text.contains("account `pay` is unavailable") && text.contains("+ shop/stock"), "{name}\n{text}");
        assert!(text.contains("Plan: 1 to create, 0 to edit, 0 to rotate, 0 to disable."), "{name}\n{text}");
        // Whoever waits for changes learns that not all is known.
        order(&site, &orders);
        site.sandbox.run(&["plan", "--detailed-exitcode"]).exits(4);
    }
}

#[test]
fn an_apply_leaves_it_alone_and_carries_out_the_others() {
    for (name, orders) in faults() {
        let site = site();
        order(&site, &orders);
        let (writes, ours) = (site.writes(), site.live().into_iter().find(|key| key.label.starts_with("Billing")).expect("ours"));
        let ran = site.apply().exits(4);
        assert!(ran.stdout.contains("account `pay` is unavailable") && ran.stdout.contains("Applied: 1 created"), "{name}\n{}", ran.stdout);
        assert_eq!(site.writes(), writes, "{name}");
        assert!(site.emulator.key(&ours.id).is_some_and(|key| key.enabled), "{name}: the key that no manifest wants any more");
        assert!(site.sandbox.exists("ledger/shop/stock.yaml"), "{name}");
        site.emulator.clear_faults();
        site.settle();
        assert!(site.emulator.key(&ours.id).is_some_and(|key| !key.enabled), "{name}");
    }
}

#[test]
fn an_import_from_it_writes_nothing_and_one_from_another_goes_on() {
    let site = site();
    for (name, orders) in faults() {
        order(&site, &orders);
        let tree = without_lock(site.sandbox.tree());
        let ran = site.sandbox.run(&["import", "pay", "--all", "--yes"]).exits(4).says("provider/unavailable").says("account `pay`");
        assert_eq!(difference(&tree, &without_lock(site.sandbox.tree())), Vec::<String>::new(), "{name}\n{}", ran.stderr);
        site.sandbox.run(&["import", "shop", "--all", "--yes"]).exits(0);
        // What the ledger says needs no provider.
        site.sandbox.run(&["list"]).exits(0).shows("pay/billing");
    }
}

#[test]
fn a_keyring_whose_store_is_gone_is_not_empty() {
    let site = site();
    site.sandbox.write("keys/shop.yaml", "account: shop\nkeys: {}\n");
    site.sandbox.remove(".keywright/keyring.json");
    let ran = site.sandbox.run(&["plan", "--allow", "empty"]).exits(4);
    assert!(ran.stdout.contains("account `shop` is unavailable") && ran.stdout.contains("- pay/billing"), "{}", ran.stdout);
    let ledger = site.sandbox.read("ledger/shop/orders.yaml");
    site.sandbox.run(&["apply", "--yes", "--allow", "empty"]).exits(4).shows("1 disabled");
    assert_eq!(site.sandbox.read("ledger/shop/orders.yaml"), ledger);
    site.sandbox.run(&["import", "shop", "--all", "--yes"]).exits(4).says("provider/unavailable");
    assert!(!site.sandbox.exists(".keywright/keyring.json"), "no empty store takes its place");
}
