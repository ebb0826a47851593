//! What is expected against what came: differences by place. A text that begins with `~` is a regular expression for the whole value.
use std::collections::BTreeMap;

use regex::Regex;
use serde_json::{Map, Value};

use crate::format::Exchange;

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Came {
    pub method: String,
    pub path: String,
    pub query: Vec<(String, String)>,
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

impl Came {
    /// Method and path.
    pub fn line(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

/// Where a request is not the expected one; empty when it is.
pub fn request(expected: &Exchange, came: &Came) -> Vec<String> {
    let mut found = Vec::new();
    let line = Value::from(came.line());
    json("request", &Value::from(expected.request.as_str()), Some(&line), &mut found);
    json("query", &texts(&expected.query), Some(&fields(&came.query)), &mut found);
    for (name, wanted) in &expected.headers {
        let told = came.headers.get(&name.to_ascii_lowercase()).map(|value| Value::from(value.as_str()));
        match wanted {
            Some(wanted) => json(&format!("header {name}"), &Value::from(wanted.as_str()), told.as_ref(), &mut found),
            None if told.is_some() => found.push(format!("header {name}: must not be there")),
            None => {}
        }
    }
    let kind = came.headers.get("content-type").map_or("", String::as_str);
    match (&expected.body, &expected.form) {
        (Some(body), _) => {
            let told = serde_json::from_slice(&came.body).ok();
            json("body", body, told.as_ref(), &mut found);
            if !kind.starts_with("application/json") && !kind.contains("+json") {
                found.push(format!("header content-type: expected JSON, came `{kind}`"));
            }
        }
        (None, Some(form)) => {
            json("form", &texts(form), Some(&fields(&pairs(&String::from_utf8_lossy(&came.body)))), &mut found);
            if kind != "application/x-www-form-urlencoded" {
                found.push(format!("header content-type: expected a form, came `{kind}`"));
            }
        }
        (None, None) if !came.body.is_empty() => {
            found.push(format!("body: expected none, came {}", String::from_utf8_lossy(&came.body)));
        }
        (None, None) => {}
    }
    found
}

/// The decoded pairs of a query or a form.
pub fn pairs(text: &str) -> Vec<(String, String)> {
    let url = reqwest::Url::parse(&format!("http://x/?{text}")).expect("a query");
    url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}

/// Numbers and booleans as the texts that a query or a form makes of them.
fn texts(fields: &Map<String, Value>) -> Value {
    let text = |value: &Value| value.as_str().map_or_else(|| Value::from(value.to_string()), Value::from);
    let all = |value: &Value| match value {
        Value::Array(values) => values.iter().map(text).collect(),
        one => text(one),
    };
    fields.iter().map(|(name, value)| (name.clone(), all(value))).collect()
}

/// Pairs as an object; a list where a name comes several times.
fn fields(pairs: &[(String, String)]) -> Value {
    let mut fields = Map::new();
    for (name, value) in pairs {
        match fields.get_mut(name) {
            None => drop(fields.insert(name.clone(), Value::from(value.as_str()))),
            Some(Value::Array(all)) => all.push(Value::from(value.as_str())),
            Some(one) => *one = Value::Array(vec![one.clone(), Value::from(value.as_str())]),
        }
    }
    Value::Object(fields)
}

/// Adds each place where two values differ.
pub fn json(at: &str, expected: &Value, came: Option<&Value>, found: &mut Vec<String>) {
    match (expected, came) {
        (Value::Object(wanted), Some(Value::Object(told))) => {
            for (name, value) in wanted {
                json(&format!("{at}/{name}"), value, told.get(name), found);
            }
            let strange = told.iter().filter(|(name, _)| !wanted.contains_key(*name));
            found.extend(strange.map(|(name, value)| format!("{at}/{name}: not expected, came {value}")));
        }
        (Value::Array(wanted), Some(Value::Array(told))) => {
            for (index, value) in wanted.iter().enumerate() {
                json(&format!("{at}/{index}"), value, told.get(index), found);
            }
            let strange = told.iter().enumerate().skip(wanted.len());
            found.extend(strange.map(|(index, value)| format!("{at}/{index}: not expected, came {value}")));
        }
        (Value::String(pattern), Some(told)) if pattern.starts_with('~') => {
            let whole = Regex::new(&format!("^(?:{})$", &pattern[1..])).expect("a regular expression");
            let text = told.as_str().map_or_else(|| told.to_string(), str::to_owned);
            if !whole.is_match(&text) {
                found.push(format!("{at}: expected `{}`, came {told}", &pattern[1..]));
            }
        }
        (_, Some(told)) if expected == told => {}
        (_, Some(told)) => found.push(format!("{at}: expected {expected}, came {told}")),
        (_, None) => found.push(format!("{at}: expected {expected}, came nothing")),
    }
}
