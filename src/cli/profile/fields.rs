//! Which fields the answers have and the profile does not read, and which it reads and no answer had. Knows names, no values.
use std::collections::BTreeSet;

use serde_json::Value;

use super::suite::Suite;
use crate::profile::api::{Further, Operation};
use crate::profile::pointer::Pointer;
use crate::profile::template::Request;
use crate::provider::witness::Witness;

/// Fields that are named in one finding.
const MOST: usize = 12;
/// Fields of a reader that hold no pointer.
const NO_POINTERS: [&str; 8] = ["as", "pattern", "matches", "is", "names", "never", "form", "joined_by"];

type Way = Vec<String>;

/// Tells both.
pub fn tell(suite: &mut Suite<'_>) {
    let seen = seen(suite);
    if seen.is_empty() {
        return suite.not_tried("fields", "no answer had a key");
    }
    let read = read_by(suite);
    let unread = topmost(&seen, |way| read.iter().any(|(_, pointer)| leads_to(pointer, way) || leads_to(way, pointer)));
    if !unread.is_empty() {
        let says = format!("answers have what the profile does not read: {}", list(&unread));
        suite.remark("fields", says, Some("api.http.key, where one of them is of interest"));
    }
    let secret = |route: &str| route.starts_with("secret");
    let unseen: Vec<String> = read
        .iter()
        .filter(|(route, pointer)| (suite.wrote || !secret(route)) && !seen.iter().any(|way| leads_to(pointer, way)))
        .map(|(route, pointer)| format!("key.{route} (/{})", pointer.join("/")))
        .collect();
    if unseen.is_empty() {
        suite.said("fields", "every field that the profile reads was in an answer");
    } else {
        let says = format!("no answer had what the profile reads: {}", list(&unseen));
        suite.remark("fields", says, Some("api.http.key: is each of them spelled so?"));
    }
}

fn list(names: &[String]) -> String {
    let some = names.iter().take(MOST).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > MOST { format!("{some} and {} more", names.len() - MOST) } else { some }
}

/// Every field of the key's object that an answer had.
fn seen(suite: &Suite<'_>) -> BTreeSet<Way> {
    let operations = &suite.opened.api().operations;
    let mut all = BTreeSet::new();
    if let Some(list) = &operations.list {
        let entries = below(&suite.witness, &list.request, &list.items);
        all.extend(entries.into_iter().filter_map(|way| way.get(1..).filter(|way| !way.is_empty()).map(<[String]>::to_vec)));
        further(&suite.witness, &list.then, &mut all);
    }
    let one = [&operations.get, &operations.create, &operations.reveal];
    for operation in one.into_iter().flatten() {
        let Operation { request, item, then, .. } = operation;
        all.extend(below(&suite.witness, request, item));
        further(&suite.witness, then, &mut all);
        all.extend(operation.take.keys().map(segments));
    }
    all
}

fn further(witness: &Witness, then: &[Further], all: &mut BTreeSet<Way>) {
    for Further { request, item, into, take, .. } in then {
        let Some(into) = into else { continue };
        let into = segments(into);
        all.extend(below(witness, request, item).into_iter().map(|way| [into.clone(), way].concat()));
        all.extend(take.keys().map(|at| [into.clone(), segments(at)].concat()));
    }
}

/// The fields of a request's answers below a place.
fn below(witness: &Witness, request: &Request, place: &Pointer) -> BTreeSet<Way> {
    let place = segments(place);
    let fields = witness.fields(&request.to_string()).unwrap_or_default();
    fields.into_iter().filter(|way| way.len() > place.len() && leads_to(&place, way)).map(|way| way[place.len()..].to_vec()).collect()
}

fn segments(pointer: &Pointer) -> Way {
    way_of(&pointer.to_string())
}

fn way_of(pointer: &str) -> Way {
    pointer.split('/').skip(1).map(|name| name.replace("~1", "/").replace("~0", "~")).collect()
}

/// Whether a way begins like another; `*` is every name, and a number every element.
fn leads_to(start: &[String], way: &[String]) -> bool {
    let alike = |one: &String, other: &String| {
        one == other || one == "*" || other == "*" && (one == "-" || one.bytes().all(|byte| byte.is_ascii_digit()))
    };
    start.len() <= way.len() && start.iter().zip(way).all(|(one, other)| alike(one, other))
}

/// Every place that the key's reader names, each with its route in the profile.
fn read_by(suite: &Suite<'_>) -> Vec<(String, Way)> {
    let reader = serde_json::to_value(&suite.opened.api().key).unwrap_or_default();
    let mut found = Vec::new();
    pointers(&reader, "", &mut found);
    found.retain(|(_, way)| !way.is_empty() && !way.iter().any(|name| name.starts_with('$')));
    found
}

fn pointers(value: &Value, route: &str, found: &mut Vec<(String, Way)>) {
    let at = |name: &str| if route.is_empty() { name.to_owned() } else { format!("{route}.{name}") };
    match value {
        Value::String(text) if text.starts_with('/') => found.push((route.trim_end_matches(".at").to_owned(), way_of(text))),
        Value::Object(fields) => {
            for (name, value) in fields.iter().filter(|(name, _)| !NO_POINTERS.contains(&name.as_str())) {
                pointers(value, &at(name), found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| pointers(item, route, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Ways that are not known, without those below one that is told already.
fn topmost(ways: &BTreeSet<Way>, known: impl Fn(&[String]) -> bool) -> Vec<String> {
    let mut told: Vec<&Way> = Vec::new();
    for way in ways {
        if !known(way) && !told.iter().any(|above| leads_to(above, way)) {
            told.push(way);
        }
    }
    told.into_iter().map(|way| format!("/{}", way.join("/"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_read_is_found_in_any_reader() {
        let reader = json!({
            "id": {"at": "/id", "pattern": "/x"}, "label": "/name", "secret": {"token": "/a/token"},
            "scopes": {"axes": {"b": {"at": "/roles/*/b", "as": {"objects": {"fields": {"x": "/x"}}}}}}, "live": [{"at": "/gone", "is": ["/no"]}]
        });
        let mut found = Vec::new();
        pointers(&reader, "", &mut found);
        let told: Vec<String> = found.iter().map(|(route, way)| format!("{route} {}", way.join("/"))).collect();
        assert_eq!(told, ["id id", "label name", "secret.token a/token", "scopes.axes.b roles/*/b", "live gone"]);
    }

    #[test]
    fn unread_fields_are_told_once() {
        let ways = ["id", "roles", "roles/*", "roles/*/b", "roles/*/c", "more", "more/a", "list", "list/*"];
        let ways: BTreeSet<Way> = ways.iter().map(|way| way_of(&format!("/{way}"))).collect();
        let read = [way_of("/id"), way_of("/roles/*/b"), way_of("/list/0")];
        let unread = topmost(&ways, |way| read.iter().any(|pointer| leads_to(pointer, way) || leads_to(way, pointer)));
        assert_eq!(unread, ["/more", "/roles/*/c"]);
    }
}
