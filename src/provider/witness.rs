//! Sees which fields answers have. Keeps their names, never a value.
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// Objects nested deeper are not looked into.
const DEEPEST: usize = 8;
/// A map with more entries is taken for one whose names are data.
const MOST_NAMES: usize = 60;

/// The fields of answers, by the request as the profile writes it.
///
/// A field is the names on the way to it; `*` stands for every element of a list.
#[derive(Debug, Default)]
pub struct Witness(RefCell<BTreeMap<String, BTreeSet<Vec<String>>>>);

impl Witness {
    /// Notes the fields of one answer.
    pub fn see(&self, request: &str, answer: &Value) {
        let mut seen = self.0.borrow_mut();
        let fields = seen.entry(request.to_owned()).or_default();
        note(answer, &mut Vec::new(), fields);
    }

    /// Every field of the answers to a request; `None` when there was no answer.
    pub fn fields(&self, request: &str) -> Option<BTreeSet<Vec<String>>> {
        self.0.borrow().get(request).cloned()
    }
}

fn note(value: &Value, way: &mut Vec<String>, fields: &mut BTreeSet<Vec<String>>) {
    if !value.is_null() && !way.is_empty() {
        fields.insert(way.clone());
    }
    if way.len() >= DEEPEST {
        return;
    }
    let mut below = |name: &str, value: &Value| {
        way.push(name.to_owned());
        note(value, way, fields);
        way.pop();
    };
    match value {
        Value::Array(items) => items.iter().for_each(|item| below("*", item)),
        Value::Object(entries) if entries.len() > MOST_NAMES => entries.values().for_each(|value| below("*", value)),
        Value::Object(entries) => entries.iter().for_each(|(name, value)| below(name, value)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_are_kept_and_values_are_not() {
        let witness = Witness::default();
        witness.see("GET /keys", &json!([{"id": "s3cr3t", "roles": [{"name": "s3cr3t"}]}, {"label": null, "end": 7}]));
        let fields = witness.fields("GET /keys").expect("seen");
        let shown: Vec<String> = fields.iter().map(|way| way.join("/")).collect();
        assert_eq!(shown, ["*", "*/end", "*/id", "*/roles", "*/roles/*", "*/roles/*/name"]);
        assert!(!format!("{witness:?}").contains("s3cr3t"));
        assert_eq!(witness.fields("GET /other"), None);
    }
}
