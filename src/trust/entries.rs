//! Rules and waivers as wholes: a row for each that comes, goes or changes, whatever its fields are.
use serde_json::Value;

use super::fields::text;
use super::strictness::ends_later;

/// What happens to an entry of a list.
#[derive(Debug, PartialEq)]
pub enum Entry<'v> {
    Added(usize, &'v Value),
    Removed(&'v Value),
    /// Its place in the new list, then both values.
    Changed(usize, &'v Value, &'v Value),
}

/// Rules by their names; `None` where a list cannot be read so, and fields have to do.
pub fn rules<'v>(old: &'v Value, new: &'v Value) -> Option<Vec<Entry<'v>>> {
    let (old, new) = (entries(old)?, entries(new)?);
    let name = |rule: &Value| rule["name"].as_str().map(str::to_owned);
    let unique = |side: &[Value]| {
        let names: std::collections::BTreeSet<_> = side.iter().filter_map(name).collect();
        names.len() == side.len()
    };
    (unique(old) && unique(new)).then(|| pair(old, new, name))
}

/// Waivers by what they waive; `None` where a list cannot be read so.
pub fn waivers<'v>(old: &'v Value, new: &'v Value) -> Option<Vec<Entry<'v>>> {
    let (old, new) = (entries(old)?, entries(new)?);
    let what = |waiver: &Value| Some((waiver["rule"].as_str()?.to_owned(), waiver["address"].as_str()?.to_owned()));
    let readable = |waiver: &Value| {
        let known = ["rule", "address", "reason", "expires"];
        let texts =
            waiver.as_object().is_some_and(|fields| fields.iter().all(|(name, value)| known.contains(&&**name) && value.is_string()));
        texts && what(waiver).is_some()
    };
    old.iter().chain(new).all(readable).then(|| pair(old, new, what))
}

/// The entries of a list; none of one that is not there.
fn entries(list: &Value) -> Option<&[Value]> {
    match list {
        Value::Null => Some(&[]),
        Value::Array(items) if items.iter().all(Value::is_object) => Some(items),
        Value::Array(_) | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => None,
    }
}

/// Pairs what is the same, then what has the same key; each entry once.
fn pair<'v, K: PartialEq>(old: &'v [Value], new: &'v [Value], key: impl Fn(&Value) -> Option<K>) -> Vec<Entry<'v>> {
    let mut left: Vec<&Value> = old.iter().collect();
    let mut take = |fits: &dyn Fn(&Value) -> bool| left.iter().position(|old| fits(old)).map(|at| left.remove(at));
    let changed: Vec<(usize, &Value)> = new.iter().enumerate().filter(|(_, new)| take(&|old| old == *new).is_none()).collect();
    let mut all: Vec<Entry> = changed
        .into_iter()
        .map(|(i, new)| match take(&|old| key(old) == key(new)) {
            Some(old) => Entry::Changed(i, old, new),
            None => Entry::Added(i, new),
        })
        .collect();
    all.extend(left.into_iter().map(Entry::Removed));
    all
}

/// A waiver in words: before and after where it has both, why a person should care, and whether it protects less.
pub fn waived(entry: &Entry<'_>) -> (Option<String>, Option<String>, String, bool) {
    let field = |waiver: &Value, name: &str| text(&waiver[name]);
    let what = |waiver: &Value| format!("`{}` for `{}`", field(waiver, "rule"), field(waiver, "address"));
    let until = |waiver: &Value| format!("until {}: {}", field(waiver, "expires"), field(waiver, "reason"));
    match entry {
        Entry::Added(_, new) => (None, None, format!("waives {} {}", what(new), until(new)), true),
        Entry::Removed(old) => (None, None, format!("no longer waives {} {}", what(old), until(old)), false),
        Entry::Changed(_, old, new) => {
            let longer = ends_later(&field(old, "expires"), &field(new, "expires"));
            let than = if longer { "for longer than before" } else { "no longer than before" };
            (Some(until(old)), Some(until(new)), format!("waives {} {than}", what(new)), longer)
        }
    }
}

/// An account or a delivery with what matters first: where it sends, as what, and by which credential. Whoever wrote it may have chosen another order, and the
/// end of a long one is cut.
pub fn telling(entry: &Value) -> Value {
    const FIRST: [&str; 7] = ["endpoint", "issuer", "provider", "to", "environment", "credential", "plan_credential"];
    let Some(fields) = entry.as_object() else { return entry.clone() };
    let first = FIRST.iter().filter_map(|name| fields.get_key_value(*name));
    let rest = fields.iter().filter(|(name, _)| !FIRST.contains(&name.as_str()));
    first.chain(rest).map(|(name, value)| (name.clone(), value.clone())).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn waiver(address: &str, expires: &str) -> Value {
        json!({ "rule": "policy/risk", "address": address, "reason": "soon", "expires": expires })
    }

    fn told(old: &Value, new: &Value) -> Vec<(String, bool)> {
        let all = waivers(old, new).expect("waivers");
        all.iter().map(waived).map(|(_, _, why, weaker)| (why, weaker)).collect()
    }

    #[test]
    fn a_waiver_is_one_row() {
        let (a, b, later) = (waiver("*", "2030-01-01"), waiver("pay/x", "2030-01-01"), waiver("*", "2031-01-01"));
        let row = |why: &str, weaker| (why.to_owned(), weaker);
        let waives = "waives `policy/risk` for `*` until 2030-01-01: soon";
        assert_eq!(told(&Value::Null, &json!([a])), [row(waives, true)]);
        assert_eq!(told(&json!([a]), &Value::Null), [row(&format!("no longer {waives}"), false)]);
        assert_eq!(told(&json!([a]), &json!([later])), [row("waives `policy/risk` for `*` for longer than before", true)]);
        assert_eq!(told(&json!([later]), &json!([a])), [row("waives `policy/risk` for `*` no longer than before", false)]);
        // Order is nothing; one that goes hides none that comes.
        assert_eq!(told(&json!([b, a]), &json!([a, b])), []);
        assert_eq!(told(&json!([b]), &json!([b, a])), [row(waives, true)]);
        assert_eq!(told(&json!([a]), &json!([a, a])), [row(waives, true)]);
        assert_eq!(told(&json!([b]), &json!([a])).iter().map(|row| row.1).collect::<Vec<_>>(), [true, false]);
    }

    #[test]
    fn what_is_no_list_of_entries_is_left_to_its_fields() {
        for odd in [json!("x"), json!([1]), json!([{ "rule": "policy/risk" }]), json!([{ "rule": "a", "address": "*", "more": "b" }])] {
            assert!(waivers(&Value::Null, &odd).is_none(), "{odd}");
        }
        let twice = json!([{ "name": "a" }, { "name": "a" }]);
        assert!(rules(&Value::Null, &twice).is_none() && rules(&Value::Null, &json!([{ "require": [] }])).is_none());
    }
}
