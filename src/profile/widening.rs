//! When an option of a key gives it more than it had, as a profile states it: by single values, or because it no longer confines the key.
use std::collections::BTreeSet;
use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{KeyOption, OptionKind};
use crate::model::Risk;
use crate::model::key::same_option;

/// What an option gives a key beyond its scopes: `nothing`, or a map that says when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Widens {
    Never(Nothing),
    When(Widening),
}

/// The word for an option that opens nothing, whatever its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Nothing {
    /// No value of the option opens anything: it describes the key.
    Nothing,
}

/// What an option gives a key beyond its scopes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Widening {
    /// The option confines the key: without it the key reaches everything, and each value more reaches more.
    #[serde(default)]
    pub confines: bool,
    /// Only these values give something; empty: each does.
    #[serde(default)]
    pub values: Vec<String>,
    /// Absent: the highest risk of what the key can do.
    #[serde(default)]
    pub risk: Option<Risk>,
    /// Why a person should care, a few words.
    pub why: String,
}

/// A policy of which the profile does not say what it opens.
static UNSAID: LazyLock<Widening> = LazyLock::new(|| Widening {
    confines: false,
    values: Vec::new(),
    risk: None,
    why: "nobody has said what a change of this opens".to_owned(),
});

impl KeyOption {
    /// What the option gives; `None`: nothing. A `json` option of which nothing is said may give anything.
    pub fn widening(&self) -> Option<&Widening> {
        match (&self.widens, self.kind) {
            (Some(Widens::When(widening)), _) => Some(widening),
            (None, OptionKind::Json) => Some(&UNSAID),
            (Some(Widens::Never(Nothing::Nothing)), _) | (None, OptionKind::Text | OptionKind::List) => None,
        }
    }

    /// What a change of the option gives: the values that are new; `None` for one that confines the key no longer, or is there no more.
    pub fn gained(&self, before: Option<&Value>, after: Option<&Value>) -> Vec<Option<String>> {
        let Some(widening) = self.widening() else { return Vec::new() };
        match self.kind {
            OptionKind::Json => widening.gained_whole(before, after),
            OptionKind::Text | OptionKind::List => widening.gained(before, after),
        }
    }
}

impl Widening {
    /// The values that are new; one that is absent: the option confines the key no longer. An empty list and none are the same.
    fn gained(&self, before: Option<&Value>, after: Option<&Value>) -> Vec<Option<String>> {
        let (before, after) = (texts(before), texts(after));
        match (self.confines, before.is_empty(), after.is_empty()) {
            (true, true, _) => Vec::new(),
            (true, false, true) => vec![None],
            (true, false, false) | (false, _, _) => {
                let counts = |value: &&String| self.values.is_empty() || self.values.contains(value);
                after.difference(&before).filter(counts).cloned().map(Some).collect()
            }
        }
    }

    /// The same for a value that nobody but the provider understands: any change of it may give more.
    fn gained_whole(&self, before: Option<&Value>, after: Option<&Value>) -> Vec<Option<String>> {
        let there = |value: Option<&Value>| value.filter(|value| !value.is_null()).cloned();
        match (there(before), there(after)) {
            (None, None) => Vec::new(),
            (None, Some(_)) if self.confines => Vec::new(),
            (Some(before), Some(after)) if same_option(&before, &after) => Vec::new(),
            (_, Some(after)) => vec![Some(after.to_string())],
            (Some(_), None) => vec![None],
        }
    }
}

/// The values of a text or a list, each as text.
fn texts(value: Option<&Value>) -> BTreeSet<String> {
    match value {
        Some(Value::Array(items)) => items.iter().flat_map(|item| texts(Some(item))).collect(),
        Some(Value::String(text)) => BTreeSet::from([text.clone()]),
        Some(other @ (Value::Bool(_) | Value::Number(_) | Value::Object(_))) => BTreeSet::from([other.to_string()]),
        Some(Value::Null) | None => BTreeSet::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn option(kind: &str, widens: Option<Value>) -> KeyOption {
        serde_json::from_value(json!({ "says": "x", "kind": kind, "widens": widens })).expect("an option")
    }

    #[test]
    fn a_list_that_confines_and_a_list_that_gives() {
        let confines = option("list", Some(json!({ "confines": true, "why": "x" })));
        let gives = option("list", Some(json!({ "values": ["BASIC", "ALL"], "why": "x" })));
        let none = Value::Null;
        for (before, after, confined, given) in [
            (json!(["1"]), json!(["1", "2"]), vec![Some("2")], vec![]),
            (json!(["1", "2"]), json!(["1"]), vec![], vec![]),
            (json!(["1"]), none.clone(), vec![None], vec![]),
            (json!(["1"]), json!([]), vec![None], vec![]),
            (none.clone(), json!(["1"]), vec![], vec![]),
            (json!(["HMAC"]), json!(["BASIC", "HMAC"]), vec![Some("BASIC")], vec![Some("BASIC")]),
            (none.clone(), json!(["ALL"]), vec![], vec![Some("ALL")]),
            (json!("HMAC"), json!("BASIC"), vec![Some("BASIC")], vec![Some("BASIC")]),
            (json!(["BASIC"]), json!(["HMAC"]), vec![Some("HMAC")], vec![]),
            (json!(7), json!("7"), vec![], vec![]),
            (json!(7), json!(8), vec![Some("8")], vec![]),
        ] {
            let said = |option: &KeyOption| option.gained(Some(&before).filter(|value| !value.is_null()), Some(&after));
            let owned = |values: Vec<Option<&str>>| values.into_iter().map(|value| value.map(str::to_owned)).collect::<Vec<_>>();
            assert_eq!((said(&confines), said(&gives)), (owned(confined), owned(given)), "{before} -> {after}");
        }
    }

    #[test]
    fn any_change_of_a_policy_may_give_more() {
        let (read, all) = (json!({ "allow": ["read"], "on": 1 }), json!({ "on": 1, "allow": ["*"] }));
        let unsaid = option("json", None);
        let confines = option("json", Some(json!({ "confines": true, "why": "x" })));
        let whole = |value: &Value| vec![Some(value.to_string())];
        for policy in [&unsaid, &confines] {
            assert_eq!(policy.gained(Some(&read), Some(&all)), whole(&all));
            assert_eq!(policy.gained(Some(&all), Some(&read)), whole(&read), "nobody can tell which is more");
            assert_eq!(policy.gained(Some(&read), None), [None]);
            assert_eq!(policy.gained(Some(&read), Some(&json!({ "on": 1, "allow": ["read"] }))), []);
            assert_eq!(policy.gained(Some(&Value::Null), None), []);
        }
        assert_eq!(unsaid.gained(None, Some(&read)), whole(&read));
        assert_eq!(confines.gained(None, Some(&read)), [], "a new key is confined by it");
        assert_eq!(option("json", Some(json!("nothing"))).gained(Some(&read), Some(&all)), []);
        assert_eq!(option("text", None).gained(Some(&json!("a")), Some(&json!("b"))), []);
        assert!(serde_json::from_value::<Widens>(json!("never")).is_err());
    }
}
