//! Single lies and losses of a provider, each with the answer that apply gives to it. What a schedule once found stands here by name.
use super::super::exit::Exit;
use super::site::{Declared, Site};
use super::verdict::settle;
use super::world::{Fault, Kind};
use crate::diagnostics::Report;
use crate::ledger::Ledger;
use crate::model::{Generation, GenerationState};

fn site(kind: &Kind) -> Site {
    let mut site = Site::new(kind, 3);
    site.declare(vec![Declared::new("one")]);
    site
}

fn script(site: &Site, faults: &[(&'static str, Fault)]) {
    site.world.borrow_mut().script.extend(faults);
}

/// The states of the key's generations, oldest first.
fn states(site: &Site) -> Vec<GenerationState> {
    let records = Ledger::new(&site.root).load_all(&mut Report::default()).records;
    let mut generations: Vec<Generation> = records.into_values().flat_map(|record| record.generations).collect();
    generations.sort_by_key(|generation| generation.number);
    generations.iter().map(|generation| generation.state).collect()
}

fn settled(site: &mut Site, times: usize) {
    settle(site, times).unwrap_or_else(|problem| panic!("{problem}"));
}

/// One create with a fault: how the first apply ends, and the states in the end.
fn create(kind: &Kind, fault: Fault) -> (Option<Exit>, Vec<GenerationState>) {
    let mut site = site(kind);
    script(&site, &[("create", fault)]);
    let first = site.apply().exit;
    site.pass(300);
    settled(&mut site, 2);
    (first, states(&site))
}

use GenerationState::{Active, Ambiguous, Disabled};

#[test]
fn a_lost_answer_is_settled_by_the_marker() {
    assert_eq!(create(&Kind::PLAIN, Fault::Lost), (Some(Exit::Done), vec![Disabled, Active]));
    assert_eq!(create(&Kind::REVEALS, Fault::Lost), (Some(Exit::Done), vec![Active]));
    assert_eq!(create(&Kind::LAGS, Fault::Lost), (Some(Exit::Done), vec![Disabled, Active]));
    assert_eq!(create(&Kind::PLAIN, Fault::NoSecret), (Some(Exit::Partial), vec![Disabled, Active]));
    assert_eq!(create(&Kind::REVEALS, Fault::NoSecret), (Some(Exit::Done), vec![Active]));
    assert_eq!(create(&Kind::PLAIN, Fault::OtherScopes), (Some(Exit::Partial), vec![Disabled, Active]));
}

#[test]
fn a_refusal_is_not_believed_while_the_marker_is_there() {
    assert_eq!(create(&Kind::PLAIN, Fault::RefusedAndDone), (Some(Exit::Done), vec![Disabled, Active]));
    assert_eq!(create(&Kind::PLAIN, Fault::Refused), (Some(Exit::Partial), vec![Active]));
    assert_eq!(create(&Kind::PLAIN, Fault::Throttled), (Some(Exit::Partial), vec![Active]));
    assert_eq!(create(&Kind::PLAIN, Fault::Unreachable), (Some(Exit::Partial), vec![Active]));
}

#[test]
fn a_create_that_arrives_late_is_disabled_when_it_shows_up() {
    for fault in [Fault::Late(100), Fault::Stalled] {
        for kind in [Kind::PLAIN, Kind::LAGS, Kind::NO_GET] {
            assert_eq!(create(&kind, fault), (Some(Exit::Done), vec![Disabled, Active]), "{fault:?} {}", kind.name);
        }
    }
    assert_eq!(create(&Kind::PLAIN, Fault::Unheard), (Some(Exit::Done), vec![Ambiguous, Active]));
}

#[test]
fn a_create_delivered_twice_leaves_one_live_key() {
    for kind in [Kind::PLAIN, Kind::REVEALS, Kind::LAGS, Kind::SILENT, Kind::FINAL] {
        assert_eq!(create(&kind, Fault::Twice), (Some(Exit::Done), vec![Active, Disabled]), "{}", kind.name);
        assert_eq!(create(&kind, Fault::TwiceLate(100)), (Some(Exit::Done), vec![Active, Disabled]), "{}", kind.name);
    }
    assert_eq!(create(&Kind::REVEALS, Fault::TwiceLost), (Some(Exit::Done), vec![Active, Disabled]));
    assert_eq!(create(&Kind::PLAIN, Fault::TwiceLost), (Some(Exit::Done), vec![Disabled, Disabled, Active]));
}

#[test]
fn a_key_that_reads_do_not_show_yet_has_not_vanished() {
    let kind = Kind { get: true, ..Kind::LAGS };
    let mut site = site(&kind);
    assert_eq!(site.apply().exit, Some(Exit::Done));
    site.world.borrow_mut().kind.lag = 35;
    assert_eq!(site.apply().exit, Some(Exit::Done));
    settled(&mut site, 1);
    assert_eq!(states(&site), [Active]);
}

#[test]
fn an_edit_that_shows_late_is_no_edit_refused() {
    let kind = Kind { get: true, lags_edits: true, ..Kind::LAGS };
    let mut site = site(&kind);
    assert_eq!(site.apply().exit, Some(Exit::Done));
    site.pass(60);
    site.redeclare("one", |key| key.scopes = vec!["hooks:read", "hooks:write"]);
    assert_eq!(site.apply().exit, Some(Exit::Done));
    settled(&mut site, 1);
    assert_eq!(states(&site), [Active], "it was not replaced");
}

#[test]
fn a_disabling_that_shows_late_is_no_disabling_refused() {
    let kind = Kind { get: true, lags_edits: true, ..Kind::LAGS };
    let mut site = site(&kind);
    assert_eq!(site.apply().exit, Some(Exit::Done));
    site.pass(60);
    site.redeclare("one", |key| key.active = false);
    assert_eq!(site.apply().exit, Some(Exit::Done));
    settled(&mut site, 1);
    assert_eq!(states(&site), [Disabled]);
}

#[test]
fn other_scopes_than_asked_are_seen_when_the_list_lags() {
    assert_eq!(create(&Kind::LAGS, Fault::OtherScopes), (Some(Exit::Partial), vec![Disabled, Active]));
}

#[test]
fn a_refusal_to_disable_or_enable_is_not_believed_where_nothing_tells() {
    for kind in [Kind::SILENT, Kind::MUTE] {
        let mut site = site(&kind);
        assert_eq!(site.apply().exit, Some(Exit::Done));
        script(&site, &[("disable", Fault::RefusedAndDone)]);
        site.redeclare("one", |key| key.active = false);
        assert_eq!(site.apply().exit, Some(Exit::Partial));
        site.redeclare("one", |key| key.active = true);
        settled(&mut site, 2);
        assert!(states(&site).contains(&Active), "{}", kind.name);
    }
    let mut site = site(&Kind::SILENT);
    assert_eq!(site.apply().exit, Some(Exit::Done));
    site.redeclare("one", |key| key.active = false);
    assert_eq!(site.apply().exit, Some(Exit::Done));
    script(&site, &[("enable", Fault::RefusedAndDone)]);
    site.redeclare("one", |key| key.active = true);
    assert_eq!(site.apply().exit, Some(Exit::Partial));
    assert_eq!(site.apply().exit, Some(Exit::Done));
    assert_eq!(states(&site), [GenerationState::Retiring, Active], "it may have been in use: it gets its overlap");
    site.pass(73 * 3600);
    assert_eq!(site.apply().exit, Some(Exit::Done));
    assert_eq!(states(&site), [Disabled, Active]);
    assert!(!site.world.borrow().keys[0].enabled, "what was enabled all the same is off again");
}

#[test]
fn an_enabling_without_an_answer_is_asked_for_again_where_nothing_tells() {
    let mut site = site(&Kind::SILENT);
    assert_eq!(site.apply().exit, Some(Exit::Done));
    site.redeclare("one", |key| key.active = false);
    assert_eq!(site.apply().exit, Some(Exit::Done));
    script(&site, &[("enable", Fault::Unheard)]);
    site.redeclare("one", |key| key.active = true);
    assert_eq!(site.apply().exit, Some(Exit::Partial));
    settled(&mut site, 1);
    assert_eq!(states(&site), [Active]);
}
