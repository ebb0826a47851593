//! JSON bodies with placeholders. Fills them; sends nothing.
use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::template::{Placeholder, Template, TemplateError, Values};

/// A JSON body with placeholders in its texts. A text that is one placeholder takes the value's own type; absent values drop their field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "Value")]
pub struct Body(Vec<(String, Node)>);

#[derive(Debug, Clone, PartialEq)]
enum Node {
    Literal(Value),
    Text(Template),
    List(Vec<Node>),
    Fields(Vec<(String, Node)>),
}

impl Body {
    /// The filled body.
    pub fn fill(&self, values: &Values) -> Value {
        fill_fields(&self.0, values)
    }

    /// The placeholders, in order.
    pub fn placeholders(&self) -> Vec<&Placeholder> {
        let mut found = Vec::new();
        self.0.iter().for_each(|(_, node)| node.collect(&mut found));
        found
    }
}

impl Node {
    fn fill(&self, values: &Values) -> Option<Value> {
        match self {
            Self::Literal(value) => Some(value.clone()),
            Self::Text(template) => template.value(values),
            Self::List(nodes) => Some(nodes.iter().filter_map(|node| node.fill(values)).collect()),
            Self::Fields(fields) => Some(fill_fields(fields, values)),
        }
    }

    fn collect<'a>(&'a self, found: &mut Vec<&'a Placeholder>) {
        match self {
            Self::Literal(_) => {}
            Self::Text(template) => found.extend(template.placeholders()),
            Self::List(nodes) => nodes.iter().for_each(|node| node.collect(found)),
            Self::Fields(fields) => fields.iter().for_each(|(_, node)| node.collect(found)),
        }
    }
}

fn fill_fields(fields: &[(String, Node)], values: &Values) -> Value {
    let filled: Map<String, Value> = fields.iter().filter_map(|(name, node)| Some((name.clone(), node.fill(values)?))).collect();
    Value::Object(filled)
}

impl TryFrom<Value> for Node {
    type Error = TemplateError;
    fn try_from(value: Value) -> Result<Self, TemplateError> {
        Ok(match value {
            Value::String(text) => Self::Text(text.parse()?),
            Value::Array(items) => Self::List(items.into_iter().map(Self::try_from).collect::<Result<_, _>>()?),
            Value::Object(fields) => Self::Fields(nodes(fields)?),
            literal @ (Value::Null | Value::Bool(_) | Value::Number(_)) => Self::Literal(literal),
        })
    }
}

fn nodes(fields: Map<String, Value>) -> Result<Vec<(String, Node)>, TemplateError> {
    fields.into_iter().map(|(name, value)| Ok((name, value.try_into()?))).collect()
}

impl TryFrom<Value> for Body {
    type Error = TemplateError;
    fn try_from(value: Value) -> Result<Self, TemplateError> {
        match value {
            Value::Object(fields) => Ok(Self(nodes(fields)?)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Err(TemplateError::NotAMap),
        }
    }
}

impl From<Node> for Value {
    fn from(node: Node) -> Self {
        match node {
            Node::Literal(value) => value,
            Node::Text(template) => Self::String(template.to_string()),
            Node::List(nodes) => nodes.into_iter().map(Self::from).collect(),
            Node::Fields(fields) => Body(fields).into(),
        }
    }
}

impl From<Body> for Value {
    fn from(body: Body) -> Self {
        Self::Object(body.0.into_iter().map(|(name, node)| (name, node.into())).collect())
    }
}

impl JsonSchema for Body {
    fn schema_name() -> Cow<'static, str> {
        "Body".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "description": "A JSON body with placeholders in its texts. A text that is one placeholder takes the value's own type; absent values drop their field."
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_body_keeps_types_and_drops_what_is_absent() {
        let body: Body = serde_json::from_value(json!({
            "label": "{label}", "scopes": "{scopes}", "expiresAt": "{expiry}", "accounts": "{option.accounts}",
            "name": "kw {label}", "enabled": true, "nested": {"list": ["{id}", 1, null]}
        }))
        .expect("a body");
        let filled = body.fill(&Values::from([
            (Placeholder::Label, json!("a \"quoted\" {id}")),
            (Placeholder::Scopes, json!(["one", "two"])),
            (Placeholder::Expiry, Value::Null),
        ]));
        let expected = json!({
            "label": "a \"quoted\" {id}", "scopes": ["one", "two"], "expiresAt": null, "name": "kw a \"quoted\" {id}",
            "enabled": true, "nested": {"list": [1, null]}
        });
        assert_eq!(filled.to_string(), expected.to_string());
        assert!(serde_json::from_value::<Body>(json!(["x"])).is_err());
        assert!(serde_json::from_value::<Body>(json!({"x": "{nope}"})).is_err());
    }
}
