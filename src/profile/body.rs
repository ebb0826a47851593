//! What requests carry, with placeholders: JSON, forms, JSON Patch. Fills it; sends nothing.
use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::template::{Placeholder, Template, TemplateError, Values, percent_encoded};

/// Values with placeholders in their texts, a map or a list. A text that is one placeholder takes the value's own type; absent values drop their field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "Value")]
pub struct Body(Node);

#[derive(Debug, Clone, PartialEq)]
enum Node {
    Literal(Value),
    Text(Template),
    List(Vec<Node>),
    Fields(Vec<(Template, Node)>),
}

impl Body {
    /// The filled body. A map, a list or an entry of a list inside it that names values of the key, all of which are absent, is left out.
    pub fn fill(&self, values: &Values) -> Value {
        match &self.0 {
            Node::Fields(fields) => fill_fields(fields, values),
            Node::List(nodes) => fill_list(nodes, values),
            Node::Literal(_) | Node::Text(_) => self.0.fill(values).unwrap_or_default(),
        }
    }

    /// Puts the filled body over an object: maps that the template writes are joined field by field, everything else takes the place of what is
    /// there, and what has no value leaves it alone.
    pub fn lay_over(&self, object: &mut Value, values: &Values) {
        self.0.lay_over(object, values);
    }

    /// The filled body as a form, encoded: a list becomes repeated fields, a map JSON text, null an empty text.
    pub fn form(&self, values: &Values) -> String {
        let filled = self.fill(values);
        let Value::Object(fields) = &filled else { return String::new() };
        let mut pairs = Vec::new();
        for (name, value) in fields {
            match value {
                Value::Array(items) => pairs.extend(items.iter().map(|item| (name, form_text(item)))),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
                    pairs.push((name, form_text(value)))
                }
            }
        }
        let pair = |(name, value): &(&String, String)| format!("{}={}", percent_encoded(name), percent_encoded(value));
        pairs.iter().map(pair).collect::<Vec<_>>().join("&")
    }

    /// The filled body, a map from pointer to value, as a JSON Patch: each value that is there becomes one `replace`.
    pub fn patch(&self, values: &Values) -> Value {
        let Value::Object(fields) = self.fill(values) else { return Value::Array(Vec::new()) };
        fields.into_iter().map(|(path, value)| json!({"op": "replace", "path": path, "value": value})).collect()
    }

    /// The placeholders, in order.
    pub fn placeholders(&self) -> Vec<&Placeholder> {
        let mut found = Vec::new();
        self.0.collect(&mut found);
        found
    }

    /// The names of its fields; none of a list.
    pub fn names(&self) -> Vec<String> {
        match &self.0 {
            Node::Fields(fields) => fields.iter().map(|(name, _)| name.to_string()).collect(),
            Node::Literal(_) | Node::Text(_) | Node::List(_) => Vec::new(),
        }
    }

    /// Whether it is a list.
    pub fn is_list(&self) -> bool {
        matches!(self.0, Node::List(_))
    }
}

impl Node {
    fn fill(&self, values: &Values) -> Option<Value> {
        match self {
            Self::Literal(value) => Some(value.clone()),
            Self::Text(template) => template.value(values),
            Self::List(nodes) => (!self.is_vacant(values)).then(|| fill_list(nodes, values)),
            Self::Fields(fields) => (!self.is_vacant(values)).then(|| fill_fields(fields, values)),
        }
    }

    /// Whether it names values of the key, and none of them is there.
    fn is_vacant(&self, values: &Values) -> bool {
        let mut named = Vec::new();
        self.collect(&mut named);
        named.retain(|placeholder| is_of_key(placeholder));
        !named.is_empty() && !named.iter().any(|placeholder| values.contains_key(placeholder))
    }

    /// Whether it names an axis of the scopes, or all of them, in which there is none.
    fn has_hollow_axis(&self, values: &Values) -> bool {
        let mut named = Vec::new();
        self.collect(&mut named);
        named.retain(|placeholder| matches!(placeholder, Placeholder::Scopes | Placeholder::ScopesAxis(_)));
        named.iter().any(|placeholder| values.get(placeholder).is_none_or(is_empty))
    }

    fn lay_over(&self, object: &mut Value, values: &Values) {
        match (self, object) {
            (Self::Fields(_), _) if self.is_vacant(values) => {}
            (Self::Fields(fields), Value::Object(object)) => {
                for (name, node) in fields {
                    let Some(name) = name.text(values) else { continue };
                    match object.get_mut(&name) {
                        Some(there) => node.lay_over(there, values),
                        None => object.extend(node.fill(values).map(|value| (name, value))),
                    }
                }
            }
            (node, object) => {
                if let Some(value) = node.fill(values) {
                    *object = value;
                }
            }
        }
    }

    fn collect<'a>(&'a self, found: &mut Vec<&'a Placeholder>) {
        match self {
            Self::Literal(_) => {}
            Self::Text(template) => found.extend(template.placeholders()),
            Self::List(nodes) => nodes.iter().for_each(|node| node.collect(found)),
            Self::Fields(fields) => fields.iter().for_each(|(name, node)| {
                found.extend(name.placeholders());
                node.collect(found);
            }),
        }
    }
}

fn fill_fields(fields: &[(Template, Node)], values: &Values) -> Value {
    let filled: Map<String, Value> = fields.iter().filter_map(|(name, node)| Some((name.text(values)?, node.fill(values)?))).collect();
    Value::Object(filled)
}

fn fill_list(nodes: &[Node], values: &Values) -> Value {
    // An entry with an axis in which there is no scope would be refused, or mean everything.
    let hollow = |node: &&Node| matches!(node, Node::Fields(_) | Node::List(_)) && node.has_hollow_axis(values);
    nodes.iter().filter(|node| !hollow(node)).filter_map(|node| node.fill(values)).collect()
}

/// Whether a placeholder stands for what a key is to be, not for where it is.
fn is_of_key(placeholder: &Placeholder) -> bool {
    match placeholder {
        Placeholder::Label
        | Placeholder::Marker
        | Placeholder::Scopes
        | Placeholder::ScopesAxis(_)
        | Placeholder::Expiry
        | Placeholder::Never
        | Placeholder::Option(_) => true,
        Placeholder::Id
        | Placeholder::Past
        | Placeholder::Uuid
        | Placeholder::Page
        | Placeholder::Limit
        | Placeholder::Offset
        | Placeholder::Cursor
        | Placeholder::Item(_)
        | Placeholder::Param(_)
        | Placeholder::Part(_)
        | Placeholder::Login(_)
        | Placeholder::Admin(_) => false,
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::String(text) => text.is_empty(),
        Value::Null => true,
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// A value as the text of a form's field.
fn form_text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

impl TryFrom<Value> for Node {
    type Error = TemplateError;
    fn try_from(value: Value) -> Result<Self, TemplateError> {
        Ok(match value {
            Value::String(text) => Self::Text(text.parse()?),
            Value::Array(items) => Self::List(items.into_iter().map(Self::try_from).collect::<Result<_, _>>()?),
            Value::Object(fields) => Self::Fields(
                fields.into_iter().map(|(name, value)| Ok((name.parse()?, value.try_into()?))).collect::<Result<_, TemplateError>>()?,
            ),
            literal @ (Value::Null | Value::Bool(_) | Value::Number(_)) => Self::Literal(literal),
        })
    }
}

impl TryFrom<Value> for Body {
    type Error = TemplateError;
    fn try_from(value: Value) -> Result<Self, TemplateError> {
        match value {
            Value::Object(_) | Value::Array(_) => Ok(Self(value.try_into()?)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Err(TemplateError::NotAMap),
        }
    }
}

impl From<Node> for Value {
    fn from(node: Node) -> Self {
        match node {
            Node::Literal(value) => value,
            Node::Text(template) => Self::String(template.to_string()),
            Node::List(nodes) => nodes.into_iter().map(Self::from).collect(),
            Node::Fields(fields) => Self::Object(fields.into_iter().map(|(name, node)| (name.to_string(), node.into())).collect()),
        }
    }
}

impl From<Body> for Value {
    fn from(body: Body) -> Self {
        body.0.into()
    }
}

impl JsonSchema for Body {
    fn schema_name() -> Cow<'static, str> {
        "Body".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": ["object", "array"],
            "description": "Values with placeholders in their texts. A text that is one placeholder takes the value's own type; absent values drop their field."
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
        for bad in [json!("x"), json!(null), json!({"x": "{nope}"}), json!([["{nope}"]])] {
            assert!(serde_json::from_value::<Body>(bad.clone()).is_err(), "{bad}");
        }
    }

    fn body(written: Value) -> Body {
        serde_json::from_value(written).expect("a body")
    }

    #[test]
    fn a_list_is_a_body_too() {
        let batch = body(json!([{"id": "{id}"}, "{label}"]));
        assert!(batch.is_list());
        assert_eq!(batch.fill(&Values::from([(Placeholder::Id, json!("k1"))])), json!([{"id": "k1"}]));
        assert_eq!(Value::from(batch), json!([{"id": "{id}"}, "{label}"]));
    }

    #[test]
    fn a_form_repeats_lists_and_writes_maps_as_json() {
        let form = body(
            json!({"FriendlyName": "{label}", "scope": "{scopes}", "Policy": {"allow": "{scopes}"}, "n": 5, "on": true, "gone": "{id}"}),
        );
        let values = Values::from([(Placeholder::Label, json!("a b&c=é")), (Placeholder::Scopes, json!(["/r/read", "w"]))]);
        assert_eq!(
            form.form(&values),
            "FriendlyName=a%20b%26c%3D%C3%A9&scope=%2Fr%2Fread&scope=w&Policy=%7B%22allow%22%3A%5B%22%2Fr%2Fread%22%2C%22w%22%5D%7D&n=5&on=true"
        );
    }

    #[test]
    fn a_patch_replaces_what_has_a_value() {
        let patch = body(json!({"/name": "{label}", "/scopes": "{scopes}", "/end": "{expiry}"}));
        let values = Values::from([(Placeholder::Label, json!("x")), (Placeholder::Expiry, Value::Null)]);
        let expected = json!([{"op": "replace", "path": "/name", "value": "x"}, {"op": "replace", "path": "/end", "value": null}]);
        assert_eq!(patch.patch(&values), expected);
    }

    #[test]
    fn what_says_nothing_of_the_key_is_left_out() {
        let body = body(json!({
            "name": "{label}",
            "roles": {"keywright": {"cluster": "{scopes.cluster}", "index": "{scopes.index}", "fixed": 1}},
            "policies": [
                {"effect": "allow", "resources": {"account.{param.account}": "*"}, "groups": "{scopes.account}"},
                {"effect": "allow", "groups": "{scopes.zone}"},
                {"always": true}
            ],
            "empty": {}, "account": {"id": "{param.account}", "gone": "{param.none}"}
        }));
        let axis = |name: &str| Placeholder::ScopesAxis(name.to_owned());
        let account = (Placeholder::Param("account".into()), json!("a1"));
        let label = (Placeholder::Label, json!("x"));
        let only_label = body.fill(&Values::from([account.clone(), label.clone()]));
        assert_eq!(
            only_label,
            json!({"name": "x", "empty": {}, "account": {"id": "a1"}}),
            "an edit of the label sends no roles and no policies"
        );
        let scopes = Values::from([
            account,
            (axis("account"), json!(["r"])),
            (axis("zone"), json!([])),
            (axis("cluster"), json!([])),
            (axis("index"), json!(["i"])),
        ]);
        let expected = json!({
            "roles": {"keywright": {"cluster": [], "index": ["i"], "fixed": 1}},
            "policies": [{"effect": "allow", "resources": {"account.a1": "*"}, "groups": ["r"]}, {"always": true}],
            "empty": {}, "account": {"id": "a1"}
        });
        assert_eq!(body.fill(&scopes), expected, "an axis without scopes has no entry in a list, and empties its field elsewhere");
        let mut object = json!({"name": "old", "roles": {"keywright": {"cluster": ["all"]}}, "policies": [{"id": 1}]});
        body.lay_over(&mut object, &Values::from([label]));
        assert_eq!(object["roles"], json!({"keywright": {"cluster": ["all"]}}));
        assert_eq!(object["policies"], json!([{"id": 1}]));
    }

    #[test]
    fn a_body_over_an_object_keeps_what_it_does_not_name() {
        let over =
            body(json!({"name": "{label}", "data": {"scopes": "{scopes}", "fixed": [1]}, "new": {"id": "{id}"}, "gone": "{param.x}"}));
        let mut object =
            json!({"name": "old", "tier": 3, "data": {"scopes": {"read": true}, "fixed": [1, 2], "quota": {"a": 1}}, "gone": "stays"});
        let values = Values::from([
            (Placeholder::Label, json!("new")),
            (Placeholder::Scopes, json!({"write": true})),
            (Placeholder::Id, json!("k1")),
        ]);
        over.lay_over(&mut object, &values);
        let expected = json!({
            "name": "new", "tier": 3, "data": {"scopes": {"write": true}, "fixed": [1], "quota": {"a": 1}}, "gone": "stays", "new": {"id": "k1"}
        });
        assert_eq!(object, expected, "a value is replaced as a whole, a map of the template is joined");
    }
}
