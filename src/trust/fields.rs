//! A YAML document as fields: a route and a text each.
use std::collections::BTreeMap;

use serde_json::Value;

use crate::diagnostics::{Route, Step};

/// Longest value that is shown, in characters.
const SHOWN: usize = 400;

/// Every scalar below a value, by its route. Lists of texts and numbers are one field; lists of mappings go by their `name`, or else by position.
pub fn flat(route: &str, value: &Value) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    collect(route, value, &mut all);
    all
}

fn collect(route: &str, value: &Value, all: &mut BTreeMap<String, String>) {
    match value {
        Value::Null => {}
        Value::Object(map) => map.iter().for_each(|(name, value)| collect(&format!("{route}.{name}"), value, all)),
        Value::Array(items) if items.iter().any(Value::is_object) => {
            for (i, item) in items.iter().enumerate() {
                // A name in two entries must not hide one of them.
                let name =
                    item["name"].as_str().filter(|name| items.iter().filter(|other| other["name"].as_str() == Some(*name)).count() == 1);
                collect(&name.map_or_else(|| format!("{route}[{i}]"), |name| format!("{route}[{name:?}]")), item, all);
            }
        }
        Value::Array(_) | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            all.insert(route.to_owned(), text(value));
        }
    }
}

/// A value as text: texts without quotes, everything else as JSON.
pub fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Both sides of a change as a reader sees them. Long ones are cut, with a hash of the whole; of two, what is shown begins before their first difference.
pub fn shown(before: Option<String>, after: Option<String>) -> (Option<String>, Option<String>) {
    let same = match (&before, &after) {
        (Some(before), Some(after)) => before.chars().zip(after.chars()).take_while(|(one, other)| one == other).count(),
        (None, _) | (_, None) => 0,
    };
    let start = if same > SHOWN / 2 { same - SHOWN / 4 } else { 0 };
    (before.map(|text| cut(text, start)), after.map(|text| cut(text, start)))
}

fn cut(whole: String, start: usize) -> String {
    if whole.chars().nth(SHOWN).is_none() {
        return whole;
    }
    let hash = <sha2::Sha256 as sha2::Digest>::digest(whole.as_bytes());
    let before = if start > 0 { "…" } else { "" };
    let shown: String = whole.chars().skip(start).take(SHOWN).collect();
    let after = if whole.chars().nth(start + SHOWN).is_some() { "…" } else { "" };
    format!("{before}{shown}{after} ({} characters, sha256 {})", whole.chars().count(), data_encoding::HEXLOWER.encode(&hash[..8]))
}

/// The route of a subject such as `accounts.shop.endpoint`, as far as it consists of names.
pub fn route(subject: &str) -> Route {
    let names = subject.split('[').next().unwrap_or(subject);
    Route(names.split('.').map(|name| Step::Field(name.into())).collect())
}

/// The field of `SECTION.NAME.FIELD…` that follows the name.
pub fn field_after<'a>(subject: &'a str, name: &str) -> &'a str {
    let (_, rest) = subject.split_once('.').unwrap_or_default();
    let rest = rest.strip_prefix(name).and_then(|rest| rest.strip_prefix('.')).unwrap_or_default();
    rest.split(['.', '[']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_scalar_has_its_route() {
        let value =
            json!({ "a": { "b": 1, "c": ["x", "y"] }, "rules": [{ "name": "one", "do": "fail" }, { "do": "report" }], "none": null });
        let flat = flat("policy", &value);
        let expected = [
            ("policy.a.b", "1"),
            ("policy.a.c", r#"["x","y"]"#),
            (r#"policy.rules["one"].do"#, "fail"),
            (r#"policy.rules["one"].name"#, "one"),
            ("policy.rules[1].do", "report"),
        ];
        assert_eq!(flat.iter().map(|(route, text)| (route.as_str(), text.as_str())).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn two_entries_of_one_name_are_both_seen() {
        let flat = flat("rules", &json!([{ "name": "a", "x": 1 }, { "name": "a", "x": 2 }]));
        assert_eq!(flat.keys().collect::<Vec<_>>(), ["rules[0].name", "rules[0].x", "rules[1].name", "rules[1].x"]);
    }

    #[test]
    fn long_values_that_differ_at_their_end_differ() {
        let long = |end: &str| Some(format!("{}{end}", "a".repeat(1000)));
        let (before, after) = shown(long("x"), long("y"));
        let (before, after) = (before.expect("a text"), after.expect("a text"));
        assert!(
            before.starts_with("…aaa") && before.contains("ax (1001 characters") && after.contains("ay (1001 characters"),
            "{before} {after}"
        );
        assert!(before.chars().count() < 500);
        let (_, alone) = shown(None, long("x"));
        assert!(alone.is_some_and(|alone| alone.starts_with("aaa") && alone.contains("a… (1001 characters")));
        assert_eq!(shown(Some("a".to_owned()), None), (Some("a".to_owned()), None));
    }

    #[test]
    fn fields_of_names_are_told() {
        assert_eq!(field_after("accounts.shop.params.account_id", "shop"), "params");
        assert_eq!(field_after("accounts.shop.endpoint", "shop"), "endpoint");
        assert_eq!(route(r#"policy.rules["x.y"].when"#), Route(vec![Step::Field("policy".into()), Step::Field("rules".into())]));
    }
}
