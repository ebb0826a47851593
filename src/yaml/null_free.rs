//! Takes `null` out of schemas: in YAML an optional field is left out, never `null`.
use schemars::Schema;
use serde_json::Value;

/// Takes `null` out of one schema: from its types, alternatives, accepted values and default.
pub(super) fn drop_null(schema: &mut Schema) {
    let null = Value::from("null");
    if schema.get("default") == Some(&Value::Null) {
        schema.remove("default");
    }
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|kind| *kind != null);
        if let [only] = types.as_slice() {
            let only = only.clone();
            schema.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(values)) = schema.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    let Some(Value::Array(any)) = schema.get_mut("anyOf") else { return };
    any.retain(|one| one.get("type") != Some(&null));
    if let [Value::Object(only)] = any.as_slice() {
        let only = only.clone();
        schema.remove("anyOf");
        for (key, value) in only {
            // What the field says of itself stands above what its type says.
            if schema.get(&key).is_none() {
                schema.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use schemars::JsonSchema;
    use serde::Deserialize;
    use serde_json::json;

    #[derive(Deserialize, JsonSchema)]
    #[expect(dead_code, reason = "read by no one: the schema is the test")]
    struct Sample {
        /// A text.
        #[serde(default)]
        text: Option<String>,
        #[serde(default)]
        nested: Option<Nested>,
        list: Vec<Option<u8>>,
    }

    /// Another type.
    #[derive(Deserialize, JsonSchema)]
    #[expect(dead_code, reason = "read by no one: the schema is the test")]
    struct Nested {
        flag: bool,
    }

    #[test]
    fn an_optional_field_is_left_out_and_never_null() {
        let schema = crate::yaml::schema_of::<Sample>();
        let fields = schema.get("properties").expect("fields");
        assert_eq!(fields["text"], json!({ "description": "A text.", "type": "string" }));
        assert_eq!(fields["nested"], json!({ "$ref": "#/$defs/Nested" }));
        assert_eq!(fields["list"]["items"]["type"], "integer");
        assert_eq!(schema.get("required"), Some(&json!(["list"])));
    }
}
