//! A team's own profile is a trusted file: a plan that was made with another one is not carried out.
use std::fs;
use std::path::Path;

use super::super::args::{ApplyArgs, PlanArgs};
use super::super::exit::Exit;
use super::site::{Declared, Ran, Site};
use super::world::Kind;
use crate::seam::Then;

fn planned(site: &mut Site, out: &Path) -> Ran {
    let args = PlanArgs {
        base: None,
        offline: false,
        drift: false,
        out: Some(out.to_owned()),
        output: Vec::new(),
        identity: Vec::new(),
        asking: site.asking(),
        detailed_exitcode: false,
        addresses: Vec::new(),
    };
    site.staged(|host| super::super::plan::run(host, &args), |_, _| Then::GoOn)
}

fn applied(site: &mut Site, plan: &Path) -> Ran {
    let args = ApplyArgs {
        targets: vec![plan.display().to_string()],
        yes: true,
        identity: Vec::new(),
        asking: site.asking(),
        writing: site.writing(),
        output: Vec::new(),
        detailed_exitcode: false,
    };
    site.staged(|host| super::super::apply::run(host, &args), |_, _| Then::GoOn)
}

#[test]
fn a_saved_plan_is_stale_when_its_profile_has_changed() {
    let mut site = Site::new(&Kind::PLAIN, 9);
    site.declare(vec![Declared::new("one")]);
    let place = tempfile::tempdir().expect("a directory");
    let plan = place.path().join("plan.json");
    assert_eq!(planned(&mut site, &plan).exit, Some(Exit::Done));
    let profile = site.root.join("providers/sim.yaml");
    let before = fs::read_to_string(&profile).expect("a profile");
    fs::write(&profile, before.replace("reveal: false", "reveal: true")).expect("written");
    let ran = applied(&mut site, &plan);
    assert_eq!(ran.exit, Some(Exit::Refused), "{}", ran.said);
    assert!(ran.said.contains("plan/stale") && site.world.borrow().keys.is_empty(), "{}", ran.said);
    fs::write(&profile, before).expect("written");
    let ran = applied(&mut site, &plan);
    assert_eq!(ran.exit, Some(Exit::Done), "as it was approved: {}", ran.said);
}
