//! Two at a time: one holds the journal, the other stops; who has lost it creates nothing more.
use std::process::Stdio;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reqwest::Method;

use crate::emulator::{Fault, Route};
use crate::machine::{ran, wait_until};
use crate::order::in_order;
use crate::team::{DURABLE, Team};

/// Somebody on another machine, with a lease that ends then.
fn holder(until: Timestamp) -> String {
    let at = until - SignedDuration::from_mins(3);
    format!(
        r#"{{"id": "0badcafe00", "machine": "far 1234 pid:[1]", "host": "far-away", "pid": 4711, "started_at": 1, "at": "{at}", "until": "{until}"}}"#
    )
}

#[test]
fn who_comes_second_stops_before_anything_is_asked_or_written() {
    let team = Team::new();
    let (a, b) = (team.clone("a"), team.clone("b"));
    team.order(Fault::Stall(Duration::from_secs(4)), Method::POST, Route::Create, 2);
    let first = a.command(DURABLE).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("started");
    wait_until(|| team.keys().len() == 2);
    let (requests, tree) = (team.emulator.requests().len(), b.tree());
    let second = b.run(DURABLE).exits(1).says("apply/locked").says(&format!("process {}", first.id()));
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname");
    if let Ok(host) = host {
        assert!(second.stderr.contains(host.trim()), "{}", second.stderr);
    }
    assert!(team.emulator.requests().len() == requests, "nothing was asked of the provider");
    assert!(b.tree() == tree && !b.path("ledger").exists() && !b.path("secrets").exists(), "nothing was written");
    ran(DURABLE, first.wait_with_output().expect("ended")).exits(0);
    b.git(&["pull", "-q"]);
    b.run(DURABLE).exits(0);
    in_order(&b, &["billing", "refunds"]);
    assert_eq!(team.emulator.count(Route::Create), 2);
}

#[test]
fn a_holder_elsewhere_counts_until_its_lease_has_passed() {
    let team = Team::new();
    let a = team.clone("a");
    team.somebody_writes_into_the_journal("holder.json", Some(&holder(Timestamp::now() + SignedDuration::from_mins(2))));
    let refs = team.refs();
    a.run(DURABLE).exits(1).says("apply/locked").says("process 4711 on `far-away`");
    assert_eq!((team.refs(), team.emulator.requests().len()), (refs, 0));
    team.somebody_writes_into_the_journal("holder.json", Some(&holder(Timestamp::now() - SignedDuration::from_secs(1))));
    a.run(DURABLE).exits(0);
    in_order(&a, &["billing", "refunds"]);
}

/// Between what A read and the moment when it takes the journal, another apply has come and gone: what A knows is old.
#[test]
fn an_apply_that_came_and_went_meanwhile_is_noticed() {
    let team = Team::new();
    let (a, b) = (team.clone("a"), team.clone("b"));
    // A holds its second list answer in its hands while B does everything.
    team.order(Fault::Stall(Duration::from_secs(12)), Method::GET, Route::List, 1);
    let first = a.command(DURABLE).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("started");
    wait_until(|| team.emulator.count(Route::List) == 1);
    b.run(DURABLE).exits(0);
    ran(DURABLE, first.wait_with_output().expect("ended")).exits(1).says("apply/locked");
    assert_eq!(team.emulator.count(Route::Create), 2, "nothing was created twice");
    in_order(&b, &["billing", "refunds"]);
}

#[test]
fn who_has_lost_the_journal_creates_nothing_more() {
    let team = Team::new();
    let names: Vec<String> = (0..8).map(|number| format!("key-{number}")).collect();
    let keys: String = names.iter().map(|name| format!("  {name}: {{ scopes: [pcx:webhooks:read] }}\n")).collect();
    team.somebody_pushes("keys/pay.yaml", &format!("account: pay\nkeys:\n{keys}"));
    let a = team.clone("a");
    team.order(Fault::Stall(Duration::from_secs(3)), Method::POST, Route::Create, 4);
    let first = a.command(DURABLE).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("started");
    wait_until(|| team.keys().len() == 4);
    // As if A had slept longer than its lease.
    team.somebody_writes_into_the_journal("holder.json", Some(&holder(Timestamp::now() - SignedDuration::from_secs(1))));
    let first = ran(DURABLE, first.wait_with_output().expect("ended")).exits(4);
    assert!(first.stderr.contains("taken over"), "{}", first.stderr);
    assert_eq!(team.emulator.count(Route::Create), 4, "none was begun after that");
    a.vanish();
    let b = team.clone("b");
    if b.run(DURABLE).exit != 0 {
        b.run(DURABLE).exits(0);
    }
    in_order(&b, &names.iter().map(String::as_str).collect::<Vec<_>>());
}
