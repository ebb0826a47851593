//! JSON Schemas (draft 2020-12), generated from the very types that parse.
use schemars::{JsonSchema, Schema, generate::SchemaSettings};
use serde_json::{Map, Value};

use super::list::Inventory;
use crate::model::KeyRecord;
use crate::plan::Plan;
use crate::profile::Profile;
use crate::workspace::{ConfigFile, ManifestFile};
use crate::yaml;

/// Names of all schemas.
pub const NAMES: [&str; 6] = ["config", "manifest", "profile", "plan", "ledger", "inventory"];

/// The schema of that name, pretty-printed with a line feed at its end.
pub fn schema(name: &str) -> Option<String> {
    let value = match name {
        "config" => input::<ConfigFile>("keywright.yaml", "The trusted file of a workspace: accounts, recipients and defaults."),
        "manifest" => input::<ManifestFile>("Keywright manifest", "Which keys of one account should exist."),
        "profile" => input::<Profile>("Keywright profile", "One provider, as data: its API, its limits, its scope catalogue."),
        "ledger" => input::<KeyRecord>("Keywright ledger file", "Every generation of one key; never a secret."),
        "plan" => output::<Plan>("Keywright plan", "What `keywright plan -o json` prints and `--out` saves."),
        "inventory" => output::<Inventory>("Keywright inventory", "What `keywright list -o json` prints."),
        _ => return None,
    };
    Some(super::json(&value))
}

/// The schema of a YAML file: the very one that the reader checks against.
fn input<T: JsonSchema>(title: &str, description: &str) -> Value {
    titled(yaml::schema_of::<T>(), title, description)
}

/// The schema of what we write. Later versions may add fields, so unknown ones are allowed.
fn output<T: JsonSchema>(title: &str, description: &str) -> Value {
    titled(SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<T>(), title, description)
}

/// The schema with what says its use first.
fn titled(schema: Schema, title: &str, description: &str) -> Value {
    let Value::Object(rest) = schema.to_value() else { unreachable!("the schema of a struct is an object") };
    let dialect = rest.get("$schema").cloned().unwrap_or_default();
    let head = [("$schema", dialect), ("title", title.into()), ("description", description.into())];
    let mut all: Map<String, Value> = head.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    for (name, value) in rest {
        all.entry(name).or_insert(value);
    }
    Value::Object(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::plan_text::samples;

    fn errors(name: &str, instance: &Value) -> Vec<String> {
        let schema: Value = serde_json::from_str(&schema(name).expect("a schema")).expect("JSON");
        let validator = jsonschema::draft202012::new(&schema).expect("a valid schema");
        validator.iter_errors(instance).map(|error| format!("{}: {error}", error.instance_path())).collect()
    }

    #[test]
    fn committed_schemas_are_fresh() {
        for name in NAMES {
            let Some(fresh) = schema(name) else { panic!("no schema `{name}`") };
            let path = format!("{}/schemas/{name}.schema.json", env!("CARGO_MANIFEST_DIR"));
            let committed = std::fs::read_to_string(&path).unwrap_or_default();
            assert!(committed == fresh, "schemas/{name}.schema.json is stale: run `keywright schema {name} > schemas/{name}.schema.json`");
        }
    }

    /// The fields of a schema that say nothing of themselves: neither here, nor where they refer to, nor as the only one of a described choice.
    fn undocumented(node: &Value, whole: &Value, place: &str, chosen: bool, found: &mut Vec<String>) {
        let says = |node: &Value| node["description"].is_string();
        let refers = |node: &Value| {
            node["$ref"]
                .as_str()
                .and_then(|to| whole.pointer(to.trim_start_matches('#')))
                .is_some_and(|to| says(to) || to["oneOf"].as_array().is_some_and(|all| all.iter().all(says)))
        };
        let nullable = |node: &Value| node["anyOf"].as_array().is_some_and(|all| all.iter().any(refers));
        if let Some(fields) = node["properties"].as_object() {
            let told = chosen && says(node) && fields.len() == 1;
            let silent = fields.iter().filter(|(_, field)| !told && !says(field) && !refers(field) && !nullable(field));
            found.extend(silent.map(|(name, _)| format!("{place}.{name}")));
        }
        match node {
            Value::Object(fields) => {
                fields.iter().for_each(|(name, field)| undocumented(field, whole, &format!("{place}/{name}"), false, found));
            }
            Value::Array(items) => items.iter().for_each(|item| undocumented(item, whole, place, true, found)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    #[test]
    fn every_field_that_people_write_says_what_it_is() {
        for name in ["profile", "config", "manifest"] {
            let whole: Value = serde_json::from_str(&schema(name).expect("a schema")).expect("JSON");
            let mut found = Vec::new();
            undocumented(&whole, &whole, name, false, &mut found);
            assert_eq!(found, Vec::<String>::new());
        }
        let bare = serde_json::json!({ "properties": { "a": { "type": "string" }, "b": { "$ref": "#/$defs/B" } }, "$defs": { "B": { "description": "x" } } });
        let mut found = Vec::new();
        undocumented(&bare, &bare, "x", false, &mut found);
        assert_eq!(found, ["x.a"]);
    }

    #[test]
    fn an_unknown_name_has_no_schema() {
        assert_eq!(schema("nonsense"), None);
    }

    /// A document as editors see it: YAML read without any of our own checks.
    fn yaml_of(text: &str) -> Value {
        serde_yaml::from_str(text).expect("YAML")
    }

    #[test]
    fn bundled_profiles_fit_their_schema() {
        for (name, text) in crate::profile::builtin() {
            let mut profile = yaml_of(text);
            assert_eq!(errors("profile", &profile), Vec::<String>::new(), "{name}");
            profile["hosts"] = "x".into();
            assert_ne!(errors("profile", &profile), Vec::<String>::new(), "{name}: an unknown field is refused");
        }
    }

    #[test]
    fn configurations_and_manifests_fit_their_schemas() {
        let config = "version: 1\naccounts:\n  pay: { provider: payconex, environment: production, credential: { env: KEY } }\nrecipients: { ops: [age1x] }\nguards: { max_creates: 50, max_disables: 10% }\n";
        let manifest = "account: pay\nkeys:\n  billing: { scopes: [a:read], lifetime: 90d, format: json, protect: true }\n";
        assert_eq!(errors("config", &yaml_of(config)), Vec::<String>::new());
        assert_eq!(errors("manifest", &yaml_of(manifest)), Vec::<String>::new());
        let bad = [
            ("config", config.replace("version: 1", "version: 2")),
            ("config", config.replace("{ env: KEY }", "{}")),
            ("config", config.replace("provider: payconex", "provider: ~")),
            ("config", format!("{config}policy: {{ max_lifetime: 3 }}\n")),
            ("config", config.replace("50", "\"50\"")),
            ("config", config.replace("10%", "101%")),
            ("config", config.replace("50", "-1")),
            ("config", config.replace("max_creates", "max_create")),
            ("manifest", manifest.replace("[a:read]", "a:read")),
            ("manifest", manifest.replace("90d", "90 days")),
            ("manifest", manifest.replace("90d", "~")),
            ("manifest", manifest.replace("protect", "protct")),
        ];
        for (name, text) in bad {
            assert_ne!(errors(name, &yaml_of(&text)), Vec::<String>::new(), "{name}: {text}");
        }
    }

    #[test]
    fn plans_fit_their_schema() {
        for plan in [samples::plan(), samples::empty()] {
            let value = serde_json::from_str(&crate::render::plan_json(&plan)).expect("JSON");
            assert_eq!(errors("plan", &value), Vec::<String>::new());
        }
        assert_ne!(errors("plan", &serde_json::json!({ "format_version": "1.0" })), Vec::<String>::new());
    }

    #[test]
    fn ledgers_fit_their_schema_and_strangers_do_not() {
        let mut record = serde_json::json!({ "version": 1, "address": "pay/billing", "provider": "payconex", "generations": [
            { "number": 1, "state": "active", "label": "Billing", "scopes": ["a:read"], "created_at": "2026-08-01T09:00:00Z" } ] });
        assert_eq!(errors("ledger", &record), Vec::<String>::new());
        record["generations"][0]["id"] = Value::Null;
        assert_ne!(errors("ledger", &record), Vec::<String>::new(), "a null id is refused");
        record["generations"][0]["id"] = "x".into();
        record["secret"] = "x".into();
        assert_ne!(errors("ledger", &record), Vec::<String>::new(), "an unknown field is refused");
    }
}
