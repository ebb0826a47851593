//! Places in JSON. Knows no answer and no field.
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use serde_json::Value;

use crate::model::address::as_text;

/// A JSON pointer (RFC 6901): empty for the whole, otherwise beginning with `/`. A `*` segment stands for every element of a list or map.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pointer {
    text: String,
    /// Its segments, unescaped: every key of a listing is looked at through a few.
    segments: Vec<String>,
}

/// A text that is no JSON pointer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a JSON pointer: it is empty or begins with `/`")]
pub struct PointerError(String);

impl Pointer {
    /// Where an entry of a map has its name.
    pub fn name_of_entry() -> Self {
        Self::new("/$name".to_owned())
    }

    fn new(text: String) -> Self {
        let segments = text.split('/').skip(1).map(|segment| segment.replace("~1", "/").replace("~0", "~")).collect();
        Self { text, segments }
    }

    /// The names and numbers on the way there.
    pub fn segments(&self) -> &[String] {
        &self.segments
    }

    /// The value there; null counts as absent.
    pub fn of<'a>(&self, answer: &'a Value) -> Option<&'a Value> {
        self.written(answer).filter(|value| !value.is_null())
    }

    /// What is written there, also null.
    pub fn written<'a>(&self, answer: &'a Value) -> Option<&'a Value> {
        self.segments.iter().try_fold(answer, |value, name| step(value, name))
    }

    /// Every value there, `*` segments standing for each element; null counts as absent.
    pub fn all<'a>(&self, answer: &'a Value) -> Vec<&'a Value> {
        let mut found = vec![answer];
        for name in &self.segments {
            found = found.into_iter().flat_map(|value| below(value, name)).collect();
        }
        found.into_iter().filter(|value| !value.is_null()).collect()
    }

    /// Whether a `*` segment makes it many places.
    pub fn is_many(&self) -> bool {
        self.segments.iter().any(|segment| segment == "*")
    }

    /// The place before the first `*` segment.
    pub fn before_star(&self) -> Self {
        let before = self.text.split('/').take_while(|segment| *segment != "*").collect::<Vec<_>>();
        Self::new(before.join("/"))
    }

    /// Puts a value there, making the maps on the way. A `*` at the end is the list itself. What is in the way stays as it is.
    pub fn put(&self, object: &mut Value, value: Value) {
        let mut place = object;
        for name in self.segments.iter().take_while(|segment| *segment != "*") {
            if place.is_null() {
                *place = Value::Object(serde_json::Map::new());
            }
            let Value::Object(fields) = place else { return };
            place = fields.entry(name.as_str()).or_insert(Value::Null);
        }
        *place = value;
    }

    /// The value there, to take something out of it.
    pub fn of_mut<'a>(&self, answer: &'a mut Value) -> Option<&'a mut Value> {
        answer.pointer_mut(&self.text)
    }
}

/// What a value has under a name or, where it is a list, a number. A number is written in one way.
fn step<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    match value {
        Value::Object(fields) => fields.get(name),
        Value::Array(items) => items.get(name.parse::<usize>().ok().filter(|at| at.to_string() == name)?),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

fn below<'a>(value: &'a Value, name: &str) -> Vec<&'a Value> {
    match value {
        Value::Array(items) if name == "*" => items.iter().collect(),
        Value::Object(fields) if name == "*" => fields.values().collect(),
        one => step(one, name).into_iter().collect(),
    }
}

impl FromStr for Pointer {
    type Err = PointerError;
    fn from_str(text: &str) -> Result<Self, PointerError> {
        if text.is_empty() || text.starts_with('/') { Ok(Self::new(text.to_owned())) } else { Err(PointerError(text.to_owned())) }
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

as_text!(
    Pointer,
    "Pointer",
    "^(/.*)?$",
    "A JSON pointer (RFC 6901): empty for the whole, otherwise beginning with `/`. A `*` segment stands for every element of a list or map."
);

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_pointer_is_empty_or_begins_with_a_slash() {
        assert!("".parse::<Pointer>().is_ok() && "/a/0".parse::<Pointer>().is_ok());
        assert!("id".parse::<Pointer>().is_err());
    }

    #[test]
    fn a_pointer_leads_where_the_rfc_says() {
        let answer = json!({"a": [{"b/c": 1}, null, 2], "": {"~": 3}, "*": 4, "1": {"0": 5}});
        for text in [
            "",
            "/",
            "/a",
            "/a/0/b~1c",
            "/a/1",
            "/a/2",
            "/a/3",
            "/a/00",
            "/a/+0",
            "/a/-",
            "//~0",
            "/~1",
            "/*",
            "/1/0",
            "/1/00",
            "/a/0/b~1c/d",
        ] {
            let pointer: Pointer = text.parse().expect("a pointer");
            assert_eq!(pointer.written(&answer), answer.pointer(text), "{text}");
            assert_eq!(pointer.of(&answer), answer.pointer(text).filter(|value| !value.is_null()), "{text}");
        }
    }

    #[test]
    fn a_star_stands_for_every_element() {
        let pointer: Pointer = "/policies/*/groups/*/name".parse().expect("a pointer");
        let answer = json!({"policies": [{"groups": [{"name": "a"}, {"name": null}]}, {"groups": {"x": {"name": "b"}}}, {}]});
        assert_eq!(pointer.all(&answer), [&json!("a"), &json!("b")]);
        assert!(pointer.is_many() && !"/a*/b".parse::<Pointer>().expect("a pointer").is_many());
        assert_eq!("".parse::<Pointer>().expect("a pointer").all(&answer), [&answer]);
        assert_eq!(pointer.before_star().to_string(), "/policies");
        assert_eq!("/a~1b/1".parse::<Pointer>().expect("a pointer").all(&json!({"a/b": [1, 2]})), [&json!(2)]);
    }

    #[test]
    fn a_value_is_put_where_nothing_was() {
        let mut object = json!({"a": {"x": 1}, "b": 2});
        let put = |object: &mut Value, at: &str, value: Value| at.parse::<Pointer>().expect("a pointer").put(object, value);
        put(&mut object, "/a/y/z", json!(3));
        put(&mut object, "/list/*", json!([4]));
        put(&mut object, "/b/c", json!(5));
        assert_eq!(object, json!({"a": {"x": 1, "y": {"z": 3}}, "b": 2, "list": [4]}));
    }
}
