//! What the `moved` lists of all manifests come to. Whether a move has been carried out is not known here.
use std::collections::BTreeMap;
use std::sync::Arc;

use super::manifest::MovedSpec;
use crate::diagnostics::{Code, Diagnostic, Part, Place, Report, Route};
use crate::model::{Address, Position};

/// One entry of a `moved` list.
pub(super) struct Move {
    pub file: Arc<str>,
    /// Its place in the list.
    pub index: usize,
    /// The account of its manifest.
    pub account: String,
    pub spec: MovedSpec,
}

/// The moves that can be carried out: the old address by the new one. Everything else is reported at its place.
pub(super) fn resolve(moves: &[Move], declared: &BTreeMap<Address, Position>, report: &mut Report) -> BTreeMap<Address, Address> {
    let mut by_from: BTreeMap<&Address, &Move> = BTreeMap::new();
    for one in moves {
        by_from.entry(&one.spec.from).or_insert(one);
    }
    let mut by_to: BTreeMap<&Address, &Move> = BTreeMap::new();
    for one in moves {
        match problem(one, &by_from, &by_to, declared) {
            Some((field, message, help)) => {
                report.push(Diagnostic::error(Code::ManifestMoved, message).at(one.value(field)).help(help));
            }
            None => drop(by_to.insert(&one.spec.to, one)),
        }
    }
    by_to.into_iter().map(|(to, one)| (to.clone(), one.spec.from.clone())).collect()
}

/// What is wrong with one entry: at which field, in which words, and what to do.
fn problem(
    one: &Move,
    by_from: &BTreeMap<&Address, &Move>,
    by_to: &BTreeMap<&Address, &Move>,
    declared: &BTreeMap<Address, Position>,
) -> Option<(&'static str, String, String)> {
    let MovedSpec { from, to } = &one.spec;
    let applied = || "remove the entry that has been applied".to_owned();
    if from.account != to.account {
        let help = "a key lives in one account: declare a new one there, and remove the old one".to_owned();
        return Some(("to", format!("`{from}` cannot move to another account, as `{to}`"), help));
    }
    if from.account.as_str() != one.account {
        let help = format!("put the entry into a manifest of `{}`", from.account);
        return Some(("from", format!("`{from}` is not of this manifest's account"), help));
    }
    if from == to {
        return Some(("to", format!("`{from}` is moved to itself"), "remove the entry".to_owned()));
    }
    if let Some(next) = by_from.get(to) {
        return Some(("to", format!("`{to}` is itself moved, at {}", next.place()), applied()));
    }
    if let Some(at) = declared.get(from) {
        let message = format!("`{from}` is moved, and still declared at {}:{}:{}", at.file, at.line, at.column);
        return Some(("from", message, "remove that key, or this entry".to_owned()));
    }
    if !declared.contains_key(to) {
        return Some((
            "to",
            format!("no manifest declares `{to}`, where `{from}` is moved"),
            "declare it, or remove this entry".to_owned(),
        ));
    }
    if let Some(other) = by_to.get(to) {
        return Some(("to", format!("another key is moved to `{to}` already, at {}", other.place()), applied()));
    }
    let first = by_from.get(from).filter(|first| (&first.file, first.index) != (&one.file, one.index));
    first.map(|first| ("from", format!("`{from}` is moved twice: first at {}", first.place()), "remove one of the two".to_owned()))
}

impl Move {
    fn value(&self, field: &str) -> Place {
        let route = Route::default().field("moved").index(self.index).field(field);
        Place::Route { file: self.file.clone(), route, part: Part::Value }
    }

    fn place(&self) -> String {
        format!("`moved[{}]` of {}", self.index, self.file)
    }
}
