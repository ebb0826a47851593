//! The invariants that must hold whenever apply has come to its end.
use std::collections::{BTreeMap, BTreeSet};

use super::super::exit::Exit;
use super::site::{Site, tree};
use super::world::{SimKey, World};
use crate::diagnostics::Report;
use crate::ledger::Ledger;
use crate::model::{Generation, GenerationState, KeyRecord, Marker};
use crate::profile::Disable;

/// Applies until nothing is left, at most so many times; then everything is judged, and one apply more must change nothing. The text says what
/// is wrong.
pub fn settle(site: &mut Site, times: usize) -> Result<(), String> {
    let said = finish(site, times)?;
    let ledger = ledger(site);
    rest(site).map_err(|problem| {
        let log = site.world.borrow().log.join("\n");
        format!("{problem}\n==== said before\n{said}\n==== ledger before\n{ledger}\n==== log\n{log}")
    })
}

/// The same without the apply more. Answers what was said.
pub fn finish(site: &mut Site, times: usize) -> Result<String, String> {
    let mut said = String::new();
    let mut done = false;
    for _ in 0..times {
        let ran = site.apply();
        done = ran.exit == Some(Exit::Done);
        said.push_str(&format!("---- {:?}\n{}", ran.exit, ran.said));
        if done {
            break;
        }
        let (wait, labels) = (site.world.borrow().kind.consistency, site.world.borrow().kind.labels);
        if !labels {
            said.push_str(&site.answer());
        }
        site.pass(wait);
    }
    let told = |problems: Vec<String>, said: &str| {
        let log = site.world.borrow().log.join("\n");
        Err(format!("{}\n==== said\n{said}\n==== log\n{log}", problems.join("\n")))
    };
    if !done {
        return told(vec![format!("apply is not done after {times} times")], &said);
    }
    let problems = judge(site);
    if problems.is_empty() { Ok(said) } else { told(problems, &said) }
}

/// What the ledger says, for a person who looks for the reason.
fn ledger(site: &Site) -> String {
    let is_ledger = |path: &std::path::Path| path.starts_with("ledger");
    let files = tree(&site.root);
    let texts = files.iter().filter(|(path, _)| is_ledger(path)).filter_map(|(path, bytes)| Some((path, bytes.as_deref()?)));
    texts.map(|(path, bytes)| format!("-- {}\n{}", path.display(), String::from_utf8_lossy(bytes))).collect()
}

/// One apply more must change nothing.
fn rest(site: &mut Site) -> Result<(), String> {
    // The lock tells who held it last.
    let held = |root: &std::path::Path| {
        let mut files = tree(root);
        files.remove(std::path::Path::new(".keywright/lock"));
        files
    };
    let (files, writes) = (held(&site.root), site.world.borrow().writes);
    let ran = site.apply();
    let mut problems = Vec::new();
    if ran.exit != Some(Exit::Done) {
        problems.push(format!("a further apply ended with {:?}", ran.exit));
    }
    let now = held(&site.root);
    if now != files {
        let differ = now.keys().chain(files.keys()).filter(|path| now.get(*path) != files.get(*path));
        problems.push(format!("a further apply changed {:?}", differ.collect::<BTreeSet<_>>()));
    }
    if site.world.borrow().writes != writes {
        problems.push("a further apply asked the provider for a change".to_owned());
    }
    if problems.is_empty() { Ok(()) } else { Err(format!("{}\n---- further\n{}", problems.join("\n"), ran.said)) }
}

/// Everything that is wrong.
pub fn judge(site: &Site) -> Vec<String> {
    let world = site.world.borrow();
    let mut wrong = world.broken.clone();
    let mut report = Report::default();
    let records: BTreeMap<String, KeyRecord> = Ledger::new(&site.root)
        .load_all(&mut report)
        .records
        .into_iter()
        .map(|(address, record)| (address.name.to_string(), record))
        .collect();
    if report.has_errors() {
        wrong.push(format!("the ledger cannot be read: {report:?}"));
    }
    for key in site.manifest.iter().filter(|key| key.active) {
        wrong.extend(declared(site, &world, key.name, records.get(key.name)));
    }
    let mut known: BTreeSet<&str> = BTreeSet::new();
    for (name, record) in &records {
        for generation in &record.generations {
            wrong.extend(untrue(&world, name, generation));
            let may_live = matches!(generation.state, GenerationState::Active | GenerationState::Retiring);
            known.extend(generation.id.as_deref().filter(|_| may_live));
        }
    }
    let marked = |key: &&SimKey| !world.kind.labels || Marker::at_end_of(&key.label).is_some();
    for key in world.keys.iter().filter(|key| world.is_live(key) && !key.foreign).filter(marked) {
        if !known.contains(key.id.as_str()) {
            wrong.push(format!("a live key `{}` bears our marker (`{}`) and is not known as live", key.id, key.label));
        }
    }
    if !site.rotate.is_empty() && world.superseded.len() != 1 {
        wrong.push(format!("asked to be rotated once, {} generations were followed by another", world.superseded.len()));
    }
    let live = world.keys.iter().filter(|key| world.is_live(key) && !key.foreign).count();
    if site.compromised && world.superseded.len() == 1 && live != 1 {
        wrong.push(format!("{live} keys live after what was compromised has ended"));
    }
    wrong.extend(plaintexts(site, &world));
    wrong
}

/// A declared key has one published generation, and its secret works.
fn declared(site: &Site, world: &World, name: &str, record: Option<&KeyRecord>) -> Vec<String> {
    let Some(record) = record else { return vec![format!("`{name}` has no ledger file")] };
    let active: Vec<&Generation> = record.generations.iter().filter(|generation| generation.state == GenerationState::Active).collect();
    let [active] = active[..] else { return vec![format!("`{name}` has {} active generations", active.len())] };
    let Some(key) = active.id.as_deref().and_then(|id| world.key(id)) else {
        return vec![format!("the active generation of `{name}` is not at the provider")];
    };
    let mut wrong = Vec::new();
    if !world.is_live(key) {
        wrong.push(format!("the active key `{}` of `{name}` is dead", key.id));
    }
    if site.secret(name).as_deref() != Some(key.secret.as_str()) {
        wrong.push(format!("the secret file of `{name}` does not open to the secret of `{}`", key.id));
    }
    if key.scopes != world.wanted[name].scopes || active.scopes != key.scopes {
        wrong.push(format!("`{name}` has {:?} at the provider and {:?} in the ledger", key.scopes, active.scopes));
    }
    let named = site.manifest.iter().any(|declared| declared.name == name && declared.delivered);
    let has = world.place.as_ref().is_some_and(|stored| stored.secret == key.secret && stored.fingerprint.generation == active.number);
    if named && !(has && active.deliveries.len() == 1) {
        wrong.push(format!("the place of `{name}` has not got the secret of `{}`, or the ledger does not know", key.id));
    }
    if active.label != key.label {
        wrong.push(format!("`{name}` is called `{}` and `{}` in the ledger", key.label, active.label));
    }
    wrong
}

/// What the ledger says of one generation and is not so.
fn untrue(world: &World, name: &str, generation: &Generation) -> Option<String> {
    let key = generation.id.as_deref().and_then(|id| world.key(id));
    let live = key.is_some_and(|key| world.is_live(key));
    let bears = |key: &&SimKey| world.is_live(key) && !key.foreign && Marker::at_end_of(&key.label) == generation.marker;
    let cannot = world.kind.disable == Disable::None;
    if let Some(switching) = generation.switching {
        return Some(format!("generation {} of `{name}` is still {switching:?}", generation.number));
    }
    let wrong = match generation.state {
        GenerationState::Active => !live,
        GenerationState::Retiring => {
            // Dead before its time is no lie: somebody else, or an earlier apply whose answer was lost, has ended it.
            live && !cannot && generation.disable_after.is_none_or(|after| after <= world.now())
        }
        GenerationState::Disabled | GenerationState::Deleted | GenerationState::Vanished | GenerationState::Expired => live,
        GenerationState::Ambiguous => {
            (!world.kind.labels && !generation.unseen) || generation.id.is_some() || world.keys.iter().any(|key| bears(&key))
        }
        GenerationState::Intended
        | GenerationState::Created
        | GenerationState::Sealed
        | GenerationState::Lost
        | GenerationState::Attended => true,
    };
    let number = generation.number;
    wrong.then(|| format!("generation {number} of `{name}` is {:?} in the ledger, and at the provider {key:?}", generation.state))
}

/// Secrets that stand readable in some file.
fn plaintexts(site: &Site, world: &World) -> Vec<String> {
    let files = tree(&site.root);
    let mut wrong = Vec::new();
    for (path, bytes) in files.iter().filter_map(|(path, bytes)| Some((path, bytes.as_ref()?))) {
        let begins = b"plaintext-secret-";
        let at = bytes.windows(begins.len()).filter(|window| window == begins).count();
        if at > 0 && world.issued.iter().any(|(secret, _)| bytes.windows(secret.len()).any(|window| window == secret.as_bytes())) {
            wrong.push(format!("a secret stands in `{}`", path.display()));
        }
    }
    wrong
}
