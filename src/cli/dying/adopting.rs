//! An import that is killed anywhere: the keys that it adopts go on living untouched, whatever is run next.
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::rc::Rc;

use super::super::exit::Exit;
use super::site::{Declared, Image, Site, tree};
use super::verdict::judge;
use super::world::Kind;
use crate::diagnostics::Report;
use crate::ledger::Ledger;
use crate::model::Options;
use crate::seam::Then;

/// A settled workspace, beside three keys of somebody else: a twin in name, one with a hostile label, one that is disabled.
fn site(kind: &Kind) -> Site {
    let mut site = Site::new(kind, 11);
    site.declare(vec![Declared::new("one")]);
    assert_eq!(site.apply().exit, Some(Exit::Done));
    let mut world = site.world.borrow_mut();
    for (label, enabled) in [("One", true), ("two\nthree: \u{1b}[31m", true), ("Off", false)] {
        let mut key = world.make(label, ["hooks:read".into()].into(), None, Options::new(), true);
        key.enabled = enabled;
        world.keys.push(key);
    }
    drop(world);
    site.pass(60);
    site
}

/// The images of one import, each with the name of its point.
fn deaths(site: &mut Site) -> Vec<(String, Image)> {
    let images: Rc<RefCell<Vec<(String, Image)>>> = Rc::default();
    let taken = images.clone();
    let ran = site.import_watched(move |snapshot, point| {
        let image = snapshot.image();
        let mut taken = taken.borrow_mut();
        match taken.last_mut().filter(|(_, last)| last.is_same(&image)) {
            Some((points, _)) => points.push_str(&format!(", {point}")),
            None => taken.push((point.to_owned(), image)),
        }
        Then::GoOn
    });
    assert_eq!(ran.exit, Some(Exit::Done), "the import without a death: {}", ran.said);
    images.take()
}

/// The ids that the ledger knows.
fn known(site: &Site) -> BTreeSet<String> {
    let records = Ledger::new(&site.root).load_all(&mut Report::default()).records;
    records.into_values().flat_map(|record| record.generations).filter_map(|generation| generation.id).collect()
}

/// Nothing was asked of the provider, and every key is in the ledger or none of the three is.
#[track_caller]
fn untouched(site: &Site, image: &Image, what: &str) {
    let world = site.world.borrow();
    assert!(world.keys == image.world.keys && world.writes == image.world.writes, "{what}: {:?}", world.log);
    drop(world);
    assert!([1, 4].contains(&known(site).len()), "{what}: {:?}", known(site));
    assert_eq!(judge(site), Vec::<String>::new(), "{what}");
}

fn walk(kind: &Kind) {
    let mut site = site(kind);
    let deaths = deaths(&mut site);
    assert!(deaths.len() > 12, "{} deaths", deaths.len());
    for (points, image) in &deaths {
        // A plan shows no change, or none is made.
        site.restore(image);
        let plan = site.plan();
        assert!(matches!(plan.exit, Some(Exit::Done | Exit::Error)), "killed at {points}: {}", plan.said);
        untouched_files(&site, image, points);

        for import_first in [true, false] {
            site.restore(image);
            for step in 0..2 {
                let ran = if import_first == (step == 0) { site.import_watched(|_, _| Then::GoOn) } else { site.apply() };
                assert_eq!(ran.exit, Some(Exit::Done), "killed at {points}, step {step}: {}", ran.said);
                untouched(&site, image, &format!("killed at {points}, step {step}"));
            }
            assert_eq!(known(&site).len(), 4, "killed at {points}");
            assert_eq!(site.plan().exit, Some(Exit::Done), "killed at {points}");
            let files = tree(&site.root);
            assert_eq!(site.import_watched(|_, _| Then::GoOn).exit, Some(Exit::Done));
            assert!(tree(&site.root) == files, "killed at {points}: a further import changed something");
            assert!(
                !files.keys().any(|path| path.ends_with("import.json") || path.to_string_lossy().ends_with(".tmp")),
                "killed at {points}"
            );
        }
    }
}

#[track_caller]
fn untouched_files(site: &Site, image: &Image, points: &str) {
    let lock = std::path::Path::new(".keywright/lock");
    let without = |mut files: super::site::Files| {
        files.remove(lock);
        files
    };
    assert!(without(tree(&site.root)) == without(image.files.clone()), "killed at {points}: a plan wrote");
}

#[test]
fn where_secrets_are_gone() {
    walk(&Kind::PLAIN);
}

#[test]
fn where_secrets_can_be_read_again() {
    walk(&Kind::REVEALS);
}

/// Runs git in a workspace, with no setting of the machine; it must succeed.
#[track_caller]
fn git(root: &Path, arguments: &[&str]) -> String {
    let who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgSign=false"];
    let mut command = Command::new("git");
    command.current_dir(root).args(who).args(arguments).env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    let answer = command.output().expect("git runs");
    assert!(answer.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&answer.stderr));
    String::from_utf8(answer.stdout).expect("text")
}

/// The same workspace in a repository, whose runs are to commit.
fn committed(kind: &Kind) -> Site {
    let mut site = site(kind);
    git(&site.root, &["init", "-q"]);
    git(&site.root, &["add", "keywright.yaml", "providers", "keys", "ledger", "secrets"]);
    git(&site.root, &["commit", "-qm", "first"]);
    site.commits = true;
    site
}

/// What the commit lacks of the files that must not lag behind each other.
fn uncommitted(site: &Site) -> String {
    git(&site.root, &["status", "--porcelain", "-uall", "--", "keys", "ledger", "secrets"])
}

#[test]
fn what_was_to_be_committed_is_committed_by_whatever_is_run_next() {
    let mut site = committed(&Kind::PLAIN);
    let deaths = deaths(&mut site);
    assert_eq!(uncommitted(&site), "");
    let noted = |image: &Image| image.files.keys().any(|path| path.ends_with("import.json") || path.ends_with("imported.json"));
    let deaths: Vec<_> = deaths.iter().filter(|(_, image)| noted(image)).collect();
    assert!(deaths.len() > 6, "{} deaths", deaths.len());
    for (points, image) in deaths {
        for import in [true, false] {
            site.restore(image);
            let ran = if import { site.import_watched(|_, _| Then::GoOn) } else { site.apply() };
            let what = format!("killed at {points}, import: {import}: {}", ran.said);
            assert_eq!((ran.exit, uncommitted(&site), known(&site).len()), (Some(Exit::Done), String::new(), 4), "{what}");
            untouched(&site, image, &what);
            assert!(!site.root.join(".keywright/imported.json").exists(), "{what}");
            let head = git(&site.root, &["rev-parse", "HEAD"]);
            assert_eq!((site.apply().exit, git(&site.root, &["rev-parse", "HEAD"])), (Some(Exit::Done), head), "{what}");
        }
    }
}

#[test]
fn a_commit_that_fails_is_made_up_for() {
    let mut site = committed(&Kind::PLAIN);
    let (root, away) = (site.root.clone(), site.root.with_extension("away"));
    let gone = away.clone();
    let ran = site.import_watched(move |_, point| {
        if point.starts_with("after") && point.ends_with("import.json") && !gone.exists() {
            fs::rename(root.join(".git"), &gone).expect("renamed");
        }
        Then::GoOn
    });
    assert!(ran.exit == Some(Exit::Partial) && ran.said.contains("apply/not-pushed"), "{}", ran.said);
    fs::rename(&away, site.root.join(".git")).expect("put back");
    assert_eq!((known(&site).len(), uncommitted(&site).is_empty()), (4, false));

    // What somebody has edited since is theirs to commit.
    let manifest = site.root.join("keys/pay.yaml");
    let written = fs::read_to_string(&manifest).expect("a manifest");
    fs::write(&manifest, format!("# looked over\n{written}")).expect("written");
    let before = tree(&site.root.join("ledger"));
    let ran = site.apply();
    assert!(ran.exit == Some(Exit::Error) && ran.said.contains("import/uncommitted"), "{}", ran.said);
    assert!(tree(&site.root.join("ledger")) == before);
    git(&site.root, &["commit", "-qm", "looked over", "keys"]);
    assert_eq!((site.apply().exit, uncommitted(&site)), (Some(Exit::Done), String::new()));
    let message = git(&site.root, &["log", "-1", "--format=%B"]);
    assert!(message.starts_with("keywright: 3 keys imported\n") && message.contains("\nimport pay/one-2\n"), "{message}");
}

/// Somebody takes the entries out, or edits beside them, before the import is finished.
#[test]
fn what_is_made_of_the_manifest_meanwhile_counts() {
    let mut site = site(&Kind::PLAIN);
    let before = fs::read(site.root.join("keys/pay.yaml")).expect("a manifest");
    let deaths = deaths(&mut site);
    let after = fs::read_to_string(site.root.join("keys/pay.yaml")).expect("a manifest");
    for (points, image) in &deaths {
        let decided = image.files.keys().any(|path| path.ends_with("import.json"));
        site.restore(image);
        let written = fs::read(site.root.join("keys/pay.yaml")).expect("a manifest") != before;
        if !decided || !written {
            continue;
        }
        fs::write(site.root.join("keys/pay.yaml"), [b"# thought better of it\n", &before[..]].concat()).expect("written");
        assert_eq!(site.apply().exit, Some(Exit::Done), "killed at {points}");
        untouched(&site, image, points);
        assert_eq!(known(&site).len(), 1, "killed at {points}: what is not declared is not adopted");

        site.restore(image);
        fs::write(site.root.join("keys/pay.yaml"), format!("# a remark\n{after}")).expect("written");
        assert_eq!(site.apply().exit, Some(Exit::Done), "killed at {points}");
        untouched(&site, image, points);
        assert_eq!(known(&site).len(), 4, "killed at {points}");
    }
}

#[test]
fn ten_thousand_keys_are_adopted() {
    let mut site = Site::new(&Kind::PLAIN, 13);
    site.declare(Vec::new());
    let count = if cfg!(debug_assertions) { 500 } else { 10_000 };
    let mut world = site.world.borrow_mut();
    for number in 0..count {
        let label = if number % 3 == 0 { "deploy".to_owned() } else { format!("\u{1b}hostile {number}") };
        let key = world.make(&label, ["hooks:read".into()].into(), None, Options::new(), true);
        world.keys.push(key);
    }
    drop(world);
    let ran = site.import_watched(|_, _| Then::GoOn);
    assert_eq!((ran.exit, known(&site).len()), (Some(Exit::Done), count), "{}", ran.said);
    assert_eq!(site.plan().exit, Some(Exit::Done));
}
