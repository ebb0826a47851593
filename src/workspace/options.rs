//! The options of a key, checked against what its profile declares.
use std::collections::BTreeMap;

use serde_json::Value;

use super::advice::{Advice, listed};
use super::place::{Entry, short};
use super::profiles::Provider;
use crate::diagnostics::{Code, Diagnostic, Report};
use crate::model::Options;
use crate::profile::{Environment, KeyOption, OptionKind};

/// The options with defaults filled in, lists sorted and without repetition.
pub(super) fn resolve(
    mut given: BTreeMap<String, Value>,
    provider: &Provider,
    environment: Option<&Environment>,
    entry: &Entry,
    advice: &mut Advice,
    report: &mut Report,
) -> Options {
    let known = &provider.profile.options;
    for name in given.keys().filter(|name| !known.contains_key(*name)) {
        if report.is_overfull() {
            break;
        }
        let mut diagnostic =
            Diagnostic::error(Code::ManifestUnknownOption, format!("`{}` has no option `{}`", provider.name(), short(name)));
        diagnostic.help =
            advice.or_list(name, known.keys().map(String::as_str)).or_else(|| Some("remove it: this provider has none".to_owned()));
        report.push(diagnostic.at(entry.field(&["options", name])).label("unknown option"));
    }
    let mut all = Options::new();
    for (name, option) in known {
        let said = given.remove(name);
        let is_unsaid = said.is_none();
        let value = match said {
            Some(value) => checked(name, option, value, provider, entry, report),
            None if option.kind == OptionKind::Json => option.default.clone(),
            None => option.default.clone().map(canonical),
        };
        if let (None, true, Some(allowed)) = (&value, is_unsaid, environment.and_then(|environment| environment.allow.get(name))) {
            let message = format!("`{name}` must be said in this environment");
            let diagnostic = Diagnostic::error(Code::ManifestInvalidOption, message).at(entry.name());
            report.push(diagnostic.help(format!("add `options: {{ {name}: … }}` with {}", allowed.join(" or "))));
        } else if value.is_none() && is_unsaid && option.required {
            let diagnostic = Diagnostic::error(Code::ManifestInvalidOption, format!("`{name}` must be said")).at(entry.name());
            report.push(diagnostic.help(format!("add `options: {{ {name}: … }}`: {}", short(&option.says))));
        }
        if let Some((value, allowed)) = value.as_ref().zip(environment.and_then(|environment| environment.allow.get(name))) {
            let items = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
            if let Some(other) = items.iter().filter_map(Value::as_str).find(|item| !allowed.iter().any(|known| known == item)) {
                let message = format!("`{name}` cannot be `{}` in this environment", short(other));
                let diagnostic = Diagnostic::error(Code::ManifestInvalidOption, message).at(entry.value(&["options", name]));
                report.push(diagnostic.help(format!("use {}", allowed.join(" or "))));
            }
        }
        if let Some(value) = value {
            all.insert(name.clone(), value);
        }
    }
    all
}

fn checked(name: &str, option: &KeyOption, value: Value, provider: &Provider, entry: &Entry, report: &mut Report) -> Option<Value> {
    let route = ["options", name];
    let wrong = |message: String| {
        let diagnostic = Diagnostic::error(Code::ManifestInvalidOption, message);
        let values = listed(option.values.iter().map(String::as_str));
        diagnostic.help(values.unwrap_or_else(|| format!("`{name}` is: {}", short(&option.says))))
    };
    let fits =
        |text: &str| (option.values.is_empty() || option.values.iter().any(|value| value == text)) && provider.option_fits(name, text);
    match (option.kind, &value) {
        (OptionKind::Text, Value::String(text)) => {
            if !fits(text) {
                report.push(wrong(format!("`{name}` cannot be `{}`", short(text))).at(entry.value(&route)));
                return None;
            }
        }
        (OptionKind::List, Value::Array(items)) => {
            let before = report.diagnostics().len();
            for (i, item) in items.iter().enumerate() {
                match item {
                    Value::String(text) if fits(text) => {}
                    Value::String(text) => report.push(wrong(format!("`{name}` cannot hold `{}`", short(text))).at(entry.item(&route, i))),
                    Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                        report.push(wrong(format!("`{name}` is a list of texts")).at(entry.item(&route, i)));
                    }
                }
            }
            if items.is_empty() {
                report.push(wrong(format!("`{name}` is empty")).at(entry.value(&route)));
            }
            if report.diagnostics().len() > before {
                return None;
            }
        }
        // Nobody but the provider knows what it may hold, nor whether the order of a list matters.
        (OptionKind::Json, _) => return Some(value),
        (OptionKind::Text | OptionKind::List, _) => {
            let kind = if option.kind == OptionKind::Text { "a text" } else { "a list of texts" };
            report.push(wrong(format!("`{name}` is {kind}")).at(entry.value(&route)));
            return None;
        }
    }
    Some(canonical(value))
}

fn canonical(value: Value) -> Value {
    match value {
        Value::Array(mut items) => {
            items.sort_by(|a, b| a.as_str().cmp(&b.as_str()));
            items.dedup();
            Value::Array(items)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => value,
    }
}
