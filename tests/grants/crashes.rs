//! A process that dies, or loses the answer, while an issuer gives tokens: what is said then, and that another run goes on.
use std::time::Duration;

use axum::http::Method;
use jiff::SignedDuration;

use crate::browser::{consent, get};
use crate::finance::oauth::{OldRefresh, Route};
use crate::finance::{Fault, Order};
use crate::site::{BOOKS, Site, days};

fn fault(site: &Site, fault: Fault) {
    site.finance.oauth.order(Order { fault, method: Method::POST, route: Some(Route::Token), times: 1 });
}

/// A grant whose access token has ended.
fn ended() -> Site {
    let mut site = Site::new();
    site.grant(&[]).exits(0);
    site.pass(SignedDuration::from_hours(2));
    site.finance.oauth.forget_requests();
    site
}

/// Kills a refresh when the issuer has acted and its answer is under way.
fn kill_during_refresh(site: &Site) {
    fault(site, Fault::Stall(Duration::from_secs(600)));
    let mut child = site.start(&["verify", "-i", "~/ops.txt"]);
    while site.finance.oauth.grants()[0].refreshes() < 2 {
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().expect("it runs");
    child.wait().expect("it ended");
    site.finance.oauth.clear_faults();
    site.leaks_nothing("killed verify", "", false);
}

#[test]
fn a_kill_during_a_refresh_is_said_and_settled() {
    for (knob, survives) in [(OldRefresh::Works, true), (OldRefresh::Refused, false), (OldRefresh::RevokesGrant, false)] {
        let site = ended();
        site.finance.oauth.configure(|config| config.old_refresh = knob);
        kill_during_refresh(&site);
        assert_eq!(site.codes(), ["grant/interrupted"], "{knob:?}");
        let said = site.run(&["plan"]).exits(0).stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains("whether the issuer gave new tokens is not known"), "{said}");
        // No apply fails for it, and none forgets it.
        site.apply().exits(0);
        assert_eq!(site.codes(), ["grant/interrupted"]);
        if survives {
            site.verify().exits(0).shows("alive");
            assert_eq!(site.codes(), Vec::<String>::new());
            site.is_settled();
        } else {
            site.verify().exits(1).shows("dead").says("what it was given is lost").says("keywright authorize brex/books");
            assert_eq!(site.plan()["attended"][0]["command"], "keywright authorize brex/books");
            site.grant(&[]).exits(0);
            site.verify().exits(0).shows("alive");
        }
    }
}

#[test]
fn a_lost_answer_is_as_a_kill() {
    for lost in [Fault::ResetAfter, Fault::ErrorAfter, Fault::TruncatedJson, Fault::Html] {
        let site = ended();
        fault(&site, lost);
        site.verify().exits(4).shows("unknown");
        assert_eq!(site.codes(), ["grant/interrupted"], "{lost:?}");
        site.run(&["apply", "--yes", "-i", "~/ops.txt"]).exits(4).says("grant/lost");
        site.grant(&[]).exits(0);
        site.verify().exits(0).shows("alive");
    }
}

/// Kills `authorize` when the issuer has given tokens and its answer is under way.
fn kill_during_redemption(site: &Site) {
    fault(site, Fault::Stall(Duration::from_secs(600)));
    let waiting = site.authorize(&[]);
    let back = consent(&waiting.page);
    assert_eq!(get(&back).expect("it listens").status, 200);
    while site.finance.oauth.grants().is_empty() {
        std::thread::sleep(Duration::from_millis(5));
    }
    waiting.kill();
    site.finance.oauth.clear_faults();
}

impl Site {
    /// A grant that was perhaps given is said, and a person is asked to take it away.
    #[track_caller]
    fn remembers_a_lost_grant(&self) {
        let ran = self.run(&["plan", "-o", "json", "--allow", "empty"]).exits(0);
        let plan: serde_json::Value = serde_json::from_str(&ran.stdout).expect("JSON");
        assert!(plan["diagnostics"].to_string().contains("grant/interrupted"), "{plan:#}");
        let steps = plan["attended"].as_array().expect("a list");
        assert!(steps.iter().any(|step| step["kind"] == "revoke" && step["generation"] == 1), "{plan:#}");
    }
}

#[test]
fn a_kill_while_a_code_is_redeemed_is_never_forgotten() {
    let site = Site::new();
    kill_during_redemption(&site);
    site.remembers_a_lost_grant();
    // Neither an apply, nor other wishes, nor another grant forgets that the first may live.
    site.apply().exits(0);
    site.remembers_a_lost_grant();
    site.declare(&BOOKS.replace(", vendors.readonly", ""));
    site.apply().exits(0);
    site.remembers_a_lost_grant();
    site.grant(&[]).exits(0);
    assert!(site.finance.oauth.grants().iter().all(|grant| !grant.revoked), "both live");
    site.remembers_a_lost_grant();
    site.verify().exits(0).shows("alive");
    site.run(&["fulfil", "brex/books", "--revoked", "--generation", "1"]).exits(0);
    assert_eq!(site.codes(), Vec::<String>::new());
    site.is_settled();
}

#[test]
fn a_grant_that_was_perhaps_given_outlives_its_declaration() {
    let mut site = Site::new();
    kill_during_redemption(&site);
    site.declare("");
    site.remembers_a_lost_grant();
    site.run(&["apply", "--yes", "-i", "~/ops.txt", "--allow", "empty"]).exits(0);
    site.remembers_a_lost_grant();
    site.pass(days(91));
    site.run(&["apply", "--yes", "--allow", "empty"]).exits(0);
    assert!(!site.sandbox.exists("ledger/brex/books.yaml"), "90 days without a refresh: it is over");
}

#[test]
fn a_refresh_that_was_interrupted_leaves_the_revocation_to_a_person() {
    let site = ended();
    kill_during_refresh(&site);
    site.declare("");
    let plan = ["plan", "-i", "~/ops.txt", "--allow", "empty"];
    site.run(&plan).exits(0).shows("keywright fulfil brex/books --revoked");
    site.run(&["apply", "--yes", "-i", "~/ops.txt", "--allow", "empty"]).exits(0);
    assert_eq!(site.finance.oauth.count(Route::Revoke), 0, "the token that is here may not be the one that lives");
    assert!(site.sandbox.exists("ledger/brex/books.yaml"));
    // What the issuer refuses proves nothing either.
    site.declare(BOOKS);
    site.verify().exits(1).shows("dead");
    site.declare("");
    site.run(&plan).exits(0).shows("keywright fulfil brex/books --revoked");
}

#[test]
fn an_interrupted_refresh_is_no_longer_said_when_another_grant_is_there() {
    let mut site = ended();
    kill_during_refresh(&site);
    site.grant(&["-i", "~/ops.txt"]).exits(0);
    assert_eq!(site.codes(), Vec::<String>::new());
    site.is_settled();
    site.pass(days(4));
    site.run(&["apply", "--yes", "-i", "~/ops.txt"]).exits(0).shows("keywright fulfil brex/books --revoked");
    assert!(site.ledger().contains("number: 1"), "it is not called revoked");
}

#[test]
fn tokens_of_another_generation_are_not_taken_over() {
    let site = ended();
    let (first, old) = (site.ledger(), std::fs::read(site.sandbox.path("secrets/brex/books.age")).expect("there is one"));
    site.grant(&[]).exits(0);
    let (second, new) = (site.ledger(), std::fs::read(site.sandbox.path("secrets/brex/books.age")).expect("there is one"));
    // As it is when the first was being refreshed, and the second was sealed and not published.
    let (head, both) = second.split_once("generations:\n").expect("generations");
    let (next, _) = both.split_at(both.find("  - number: 1\n").unwrap_or_else(|| panic!("{both}")));
    let (_, before) = first.split_once("generations:\n").expect("generations");
    let before = before.replacen("    grant:\n", "    asking_since: 2026-11-22T00:00:00Z\n    grant:\n", 1);
    site.sandbox.write("ledger/brex/books.yaml", &format!("{head}generations:\n{}{before}", next.replacen("active", "sealed", 1)));
    std::fs::write(site.sandbox.path("secrets/brex/books.age"), old).expect("written");
    std::fs::create_dir_all(site.sandbox.path(".keywright/sealed/brex")).expect("a directory");
    let staged = format!(".keywright/sealed/brex/books.{}.age", &sha256(&new)[..16]);
    std::fs::write(site.sandbox.path(&staged), &new).expect("written");
    site.verify().exits(0).shows("alive");
    assert_eq!(site.finance.oauth.grants().iter().map(|grant| grant.refreshes()).collect::<Vec<_>>(), [2, 1]);
    assert!(site.sandbox.exists(&staged), "it waits for its own generation");
}

#[test]
fn tokens_that_were_sealed_and_not_recorded_are_taken_over() {
    let site = ended();
    let before = [site.ledger(), String::new()];
    let old = std::fs::read(site.sandbox.path("secrets/brex/books.age")).expect("there is one");
    site.verify().exits(0);
    // As it is when the process dies between the ciphertext and its record.
    let new = std::fs::read(site.sandbox.path("secrets/brex/books.age")).expect("there is one");
    let token = site.part("refresh_token");
    std::fs::write(site.sandbox.path("secrets/brex/books.age"), old).expect("written");
    let since = "    asking_since: 2026-11-22T00:00:00Z\n    grant:\n";
    site.sandbox.write("ledger/brex/books.yaml", &before[0].replacen("    grant:\n", since, 1));
    std::fs::create_dir_all(site.sandbox.path(".keywright/sealed/brex")).expect("a directory");
    std::fs::write(site.sandbox.path(".keywright/sealed/brex/books.0123456789abcdef.age"), &new).expect("written");
    let staged = format!(".keywright/sealed/brex/books.{}.age", &sha256(&new)[..16]);
    std::fs::rename(site.sandbox.path(".keywright/sealed/brex/books.0123456789abcdef.age"), site.sandbox.path(&staged)).expect("renamed");
    site.apply().exits(0);
    assert!(site.sandbox.exists(&staged), "no apply sweeps it away");
    site.finance.oauth.forget_requests();
    site.verify().exits(0).shows("alive");
    assert_ne!(site.part("refresh_token"), token, "it was taken over, and refreshed");
    assert_eq!(site.finance.oauth.grants()[0].refreshes(), 3);
    site.is_settled();
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    data_encoding::HEXLOWER.encode(&sha2::Sha256::digest(bytes))
}

#[test]
fn a_lost_grant_stays_where_it_was_asked_for() {
    let site = Site::new();
    kill_during_redemption(&site);
    site.declare(&BOOKS.replace("  books:", "  ledgers:"));
    let manifest = site.sandbox.read("keys/brex.yaml");
    site.sandbox.write("keys/brex.yaml", &format!("{manifest}moved:\n  - {{ from: brex/books, to: brex/ledgers }}\n"));
    site.run(&["apply", "--yes", "-i", "~/ops.txt"]).exits(4).says("something of it is unfinished");
    assert!(site.ledger().contains("asking_since"));
}

#[test]
fn a_grant_whose_ciphertext_is_gone_is_a_persons_to_take_away() {
    let site = Site::new();
    site.grant(&[]).exits(0);
    site.sandbox.write("ledger/brex/books.yaml", &site.ledger().replacen("state: active", "state: sealed", 1));
    std::fs::remove_file(site.sandbox.path("secrets/brex/books.age")).expect("removed");
    site.apply().exits(4).says("what an earlier apply left is finished");
    site.apply().exits(0);
    site.remembers_a_lost_grant();
}
