//! What an answer's object must be like to count. Knows no key.
use regex::Regex;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::pointer::Pointer;
use super::reader::whole;

/// One thing that must hold of an object: exactly one of `is`, `is_not`, `absent` and `matches`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Predicate {
    /// Where to look. With a `*` segment one of the places is enough.
    pub at: Pointer,
    /// The value there is one of these; null stands for an absent one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is: Option<Vec<Value>>,
    /// The value there is none of these; null stands for an absent one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_not: Option<Vec<Value>>,
    /// Whether there must be nothing there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub absent: Option<bool>,
    /// A regular expression that the whole text there matches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matches: Option<String>,
}

impl Predicate {
    /// What is wrong with it; `None`: nothing.
    pub fn problem(&self) -> Option<String> {
        let said = [self.is.is_some(), self.is_not.is_some(), self.absent.is_some(), self.matches.is_some()];
        if said.iter().filter(|said| **said).count() != 1 {
            return Some("say exactly one of `is`, `is_not`, `absent` and `matches`".to_owned());
        }
        for (name, values) in [("is", &self.is), ("is_not", &self.is_not)] {
            if values.as_ref().is_some_and(Vec::is_empty) {
                return Some(format!("`{name}` names at least one value"));
            }
        }
        let pattern = self.matches.as_ref().filter(|pattern| whole(pattern).is_err());
        pattern.map(|pattern| format!("`{pattern}` is not a regular expression"))
    }
}

/// A predicate ready for use.
#[derive(Debug, Clone)]
pub struct Test {
    at: Pointer,
    what: What,
}

#[derive(Debug, Clone)]
enum What {
    Is(Vec<Value>),
    IsNot(Vec<Value>),
    Absent(bool),
    Matches(Regex),
}

impl Test {
    /// Prepares a predicate. Errors when its pattern is no regular expression.
    pub fn new(predicate: &Predicate) -> Result<Self, regex::Error> {
        let what = match (&predicate.is_not, predicate.absent, &predicate.matches) {
            (_, _, Some(pattern)) => What::Matches(whole(pattern)?),
            (_, Some(absent), None) => What::Absent(absent),
            (Some(values), None, None) => What::IsNot(values.clone()),
            (None, None, None) => What::Is(predicate.is.clone().unwrap_or_default()),
        };
        Ok(Self { at: predicate.at.clone(), what })
    }

    /// Whether it holds of an object.
    pub fn holds(&self, object: &Value) -> bool {
        let found = self.at.all(object);
        let is = |values: &[Value]| match found.is_empty() {
            true => values.contains(&Value::Null),
            false => found.iter().any(|value| values.contains(value)),
        };
        match &self.what {
            What::Is(values) => is(values),
            What::IsNot(values) => !is(values),
            What::Absent(absent) => found.is_empty() == *absent,
            What::Matches(pattern) => found.iter().filter_map(|value| value.as_str()).any(|text| pattern.is_match(text)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn predicate(value: Value) -> Predicate {
        serde_json::from_value(value).expect("a predicate")
    }

    #[test]
    fn each_kind_decides() {
        let object = json!({"revoked": false, "type": "temporary", "gone": null, "tags": ["a", "b"], "level": 3});
        for (written, holds) in [
            (json!({"at": "/revoked", "is": [false]}), true),
            (json!({"at": "/revoked", "is": [true, "false"]}), false),
            (json!({"at": "/level", "is": [1, 3]}), true),
            (json!({"at": "/gone", "is": [null]}), true),
            (json!({"at": "/never", "is": [null, "x"]}), true),
            (json!({"at": "/never", "is": ["x"]}), false),
            (json!({"at": "/gone", "absent": true}), true),
            (json!({"at": "/type", "absent": true}), false),
            (json!({"at": "/type", "absent": false}), true),
            (json!({"at": "/type", "matches": "temp.*"}), true),
            (json!({"at": "/type", "matches": "temp"}), false),
            (json!({"at": "/level", "matches": "3"}), false),
            (json!({"at": "/tags/*", "is": ["b"]}), true),
            (json!({"at": "/type", "is_not": ["temporary", "x"]}), false),
            (json!({"at": "/type", "is_not": ["x"]}), true),
            (json!({"at": "/never", "is_not": ["x"]}), true),
            (json!({"at": "/never", "is_not": [null]}), false),
            (json!({"at": "/tags/*", "is_not": ["b"]}), false),
        ] {
            let predicate = predicate(written.clone());
            assert_eq!(predicate.problem(), None);
            assert_eq!(Test::new(&predicate).expect("a pattern").holds(&object), holds, "{written}");
        }
    }

    #[test]
    fn a_predicate_says_one_thing() {
        for (written, problem) in [
            (json!({"at": "/x"}), "say exactly one of `is`, `is_not`, `absent` and `matches`"),
            (json!({"at": "/x", "is": [1], "absent": true}), "say exactly one of `is`, `is_not`, `absent` and `matches`"),
            (json!({"at": "/x", "is": []}), "`is` names at least one value"),
            (json!({"at": "/x", "is_not": []}), "`is_not` names at least one value"),
            (json!({"at": "/x", "matches": "("}), "`(` is not a regular expression"),
        ] {
            assert_eq!(predicate(written).problem().as_deref(), Some(problem));
        }
    }
}
