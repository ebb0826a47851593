//! Takes JSON apart and puts it together, as profiles say. Knows no field of a key.
use regex::Regex;
use serde_json::{Map, Value};

use super::api::Take;
use super::pointer::Pointer;

/// Puts a value at a place, making the maps on the way there; an empty pointer stands for the whole.
pub fn put(object: &mut Value, at: &Pointer, value: Value) {
    let mut place = object;
    for name in at.segments() {
        place = match place {
            Value::Array(items) => match name.parse::<usize>().ok().filter(|at| *at < items.len()) {
                Some(at) => &mut items[at],
                None => return,
            },
            Value::Object(fields) => fields.entry(name.as_str()).or_insert(Value::Null),
            other => {
                *other = Value::Object(Map::new());
                let Value::Object(fields) = other else { return };
                fields.entry(name.as_str()).or_insert(Value::Null)
            }
        };
    }
    *place = value;
}

/// Takes out what is at a place, field and all.
pub fn remove(object: &mut Value, at: &Pointer) {
    let text = at.to_string();
    let (Some((parent, _)), Some(name)) = (text.rsplit_once('/'), at.segments().last()) else { return };
    if let Some(Value::Object(fields)) = object.pointer_mut(parent) {
        fields.shift_remove(name);
    }
}

/// The entries of a list, or of a map where the profile reads one: there each gets its name as `/$name`, and one that is no map stands at `/$value`
/// beside it. `None`: it is neither; an error that came with a success is no empty list.
pub fn entries(items: Value, is_map: bool) -> Option<Vec<Value>> {
    match items {
        Value::Array(entries) => Some(entries),
        Value::Object(fields) if is_map => Some(fields.into_iter().map(named).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => None,
    }
}

fn named((name, entry): (String, Value)) -> Value {
    let mut fields = match entry {
        Value::Object(fields) => fields,
        other => Map::from_iter([("$value".to_owned(), other)]),
    };
    fields.insert("$name".to_owned(), Value::String(name));
    Value::Object(fields)
}

impl Take {
    /// The value in an answer, whose headers are asked by name. `None`: it is not there, or has another form.
    pub fn find<'a>(&self, answer: &Value, header: impl Fn(&str) -> Option<&'a str>) -> Option<Value> {
        let found = match (&self.body, &self.header) {
            (Some(at), _) => at.of(answer)?.clone(),
            (None, Some(name)) => Value::from(header(name)?),
            (None, None) => return None,
        };
        let Some(pattern) = &self.pattern else { return Some(found) };
        let found = Regex::new(pattern)
            .ok()?
            .captures(found.as_str()?)
            .and_then(|groups| Some(groups.get(1).or(groups.get(0))?.as_str().to_owned()));
        found.map(Value::String)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn at(text: &str) -> Pointer {
        text.parse().expect("a pointer")
    }

    #[test]
    fn a_value_is_put_where_it_belongs() {
        let mut object = json!({"a": {"b": 1}, "list": [{}]});
        put(&mut object, &at("/a/c/d"), json!(2));
        put(&mut object, &at("/x~1y"), json!(3));
        put(&mut object, &at("/list/0/e"), json!(4));
        put(&mut object, &at("/list/7"), json!(5));
        assert_eq!(object, json!({"a": {"b": 1, "c": {"d": 2}}, "list": [{"e": 4}], "x/y": 3}));
        put(&mut object, &at(""), json!([]));
        assert_eq!(object, json!([]));
        let mut nothing = Value::Null;
        put(&mut nothing, &at("/id"), json!("k"));
        assert_eq!(nothing, json!({"id": "k"}));
    }

    #[test]
    fn what_is_removed_leaves_no_field() {
        let mut object = json!({"a": {"b": 1, "c": null}, "d": 2});
        for place in ["/a/b", "/d", "/nothing/there", ""] {
            remove(&mut object, &at(place));
        }
        assert_eq!(object, json!({"a": {"c": null}}));
    }

    #[test]
    fn maps_are_lists_whose_entries_know_their_name() {
        assert_eq!(entries(json!([1, "a"]), false), Some(vec![json!(1), json!("a")]));
        assert_eq!(
            entries(json!({"k1": {"role": "x"}, "k2": 7}), true),
            Some(vec![json!({"role": "x", "$name": "k1"}), json!({"$value": 7, "$name": "k2"})])
        );
        for (none, is_map) in [(json!("x"), true), (Value::Null, true), (json!({}), false), (json!({"error": "no"}), false)] {
            assert_eq!(entries(none, is_map), None);
        }
    }

    #[test]
    fn values_come_from_beside_the_object() {
        let take = |spec: Value| -> Take { serde_json::from_value(spec).expect("a take") };
        let header = |name: &str| (name == "Location").then_some("https://host/keys/k1");
        let answer = json!({"value": "hush", "path": "/keys/k2/x"});
        for (spec, expected) in [
            (json!({"body": "/value"}), Some(json!("hush"))),
            (json!({"header": "Location", "pattern": "[^/]+$"}), Some(json!("k1"))),
            (json!({"body": "/path", "pattern": "/keys/([a-z0-9]+)/"}), Some(json!("k2"))),
            (json!({"body": "/path", "pattern": "/nothing/"}), None),
            (json!({"header": "X-Id"}), None),
            (json!({"body": "/nothing"}), None),
        ] {
            assert_eq!(take(spec.clone()).find(&answer, header), expected, "{spec}");
        }
    }
}
