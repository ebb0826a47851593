//! JSON Schemas (draft 2020-12), generated from the very types that parse.
use schemars::{JsonSchema, Schema, generate::SchemaSettings};
use serde_json::Value;

use crate::model::KeyRecord;
use crate::plan::Plan;
use crate::profile::Profile;
use crate::yaml;

/// Names of all schemas.
pub const NAMES: [&str; 5] = ["config", "manifest", "profile", "plan", "ledger"];

/// The schema of that name, pretty-printed with a line feed at its end.
pub fn schema(name: &str) -> Option<String> {
    let value = match name {
        "profile" => input::<Profile>("Keywright profile", "One provider, as data: its API, its limits, its scope catalogue."),
        "ledger" => input::<KeyRecord>("Keywright ledger file", "Every generation of one key; never a secret."),
        "plan" => output::<Plan>("Keywright plan", "What `keywright plan -o json` prints and `--out` saves."),
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

fn titled(mut schema: Schema, title: &str, description: &str) -> Value {
    schema.insert("title".to_owned(), title.into());
    schema.insert("description".to_owned(), description.into());
    schema.to_value()
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

    #[test]
    fn an_unknown_name_has_no_schema() {
        assert_eq!(schema("nonsense"), None);
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
