//! A review between a death and its recovery, and a review that dies itself: neither takes anything from the other.
use std::cell::RefCell;
use std::rc::Rc;

use super::super::exit::Exit;
use super::site::{Declared, Image, Ran, Site, Snapshot};
use super::verdict::settle;
use super::world::Kind;
use crate::diagnostics::Report;
use crate::ledger::Ledger;
use crate::model::KeyRecord;
use crate::seam::Then;

fn site() -> Site {
    let mut site = Site::new(&Kind::PLAIN, 11);
    site.declare(vec![Declared::new("one")]);
    assert_eq!(site.apply().exit, Some(Exit::Done));
    site.pass(80 * 86_400);
    site
}

fn record(site: &Site) -> KeyRecord {
    Ledger::new(&site.root).load_all(&mut Report::default()).records.into_values().next().expect("a record")
}

fn reviewer(site: &Site) -> Option<String> {
    record(site).reviewed.map(|reviewed| reviewed.by)
}

/// One image for every point of a run.
fn images(run: impl FnOnce(Box<dyn FnMut(&Snapshot<'_>, &str) -> Then>) -> Ran) -> Vec<Image> {
    let images: Rc<RefCell<Vec<Image>>> = Rc::default();
    let taken = images.clone();
    let ran = run(Box::new(move |snapshot, _| {
        let image = snapshot.image();
        let mut taken = taken.borrow_mut();
        if taken.last().is_none_or(|last| !last.is_same(&image)) {
            taken.push(image);
        }
        Then::GoOn
    }));
    assert_eq!(ran.exit, Some(Exit::Done), "{}", ran.said);
    images.take()
}

#[test]
fn a_rotation_that_died_is_finished_after_a_review() {
    let mut site = site();
    let deaths = images(|at| site.apply_watched(at));
    assert!(deaths.len() > 10, "{} deaths", deaths.len());
    for (number, image) in deaths.iter().enumerate() {
        site.restore(image);
        let generations = record(&site).generations;
        let ran = site.review_watched(|_, _| Then::GoOn);
        assert!(matches!(ran.exit, Some(Exit::Done | Exit::Partial)), "death {number}: {}", ran.said);
        assert_eq!(reviewer(&site).as_deref(), Some("Ada"), "death {number}");
        assert!(record(&site).generations.len() >= generations.len());
        settle(&mut site, 2).unwrap_or_else(|problem| panic!("death {number}: {problem}"));
        assert_eq!(reviewer(&site).as_deref(), Some("Ada"), "death {number}: the apply has kept it");
    }
}

#[test]
fn a_review_that_died_is_there_or_not_and_nothing_else_changes() {
    let mut site = site();
    let before = record(&site);
    let deaths = images(|at| site.review_watched(at));
    assert_eq!(record(&site).generations, before.generations);
    assert!(deaths.len() >= 3, "{} deaths", deaths.len());
    let mut kept = 0;
    for (number, image) in deaths.iter().enumerate() {
        site.restore(image);
        let written = reviewer(&site);
        settle(&mut site, 2).unwrap_or_else(|problem| panic!("death {number}: {problem}"));
        let reviewed = reviewer(&site);
        assert!(reviewed.as_deref().is_none_or(|by| by == "Ada"), "{reviewed:?}");
        assert!(written.is_none() || written == reviewed, "death {number}: it was lost");
        kept += usize::from(reviewed.is_some());
    }
    // From the line in the journal on.
    assert!(kept >= 2 && kept < deaths.len(), "{kept} of {}", deaths.len());
}
