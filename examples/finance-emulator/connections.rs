//! Nango's connections: what a body may hold, and what an answer shows. Knows no routes.

use std::collections::BTreeMap;
use std::fmt;

use axum::http::StatusCode;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::front::Incoming;

/// A connection as Nango keeps it.
#[derive(Clone, PartialEq)]
pub struct Connection {
    /// The number.
    pub id: u64,
    /// The id that its maker chose.
    pub connection_id: String,
    /// The integration.
    pub provider_config_key: String,
    /// The provider of the integration.
    pub provider: String,
    /// The credential, whatever it is worth.
    pub credentials: Value,
    /// The tags, with keys in lower case.
    pub tags: BTreeMap<String, String>,
    /// The metadata.
    pub metadata: Value,
    /// The configuration.
    pub connection_config: Value,
    /// The webhook of its own, if any.
    pub webhook_url_override: Option<String>,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last written.
    pub updated: Timestamp,
}

impl fmt::Debug for Connection {
    /// Leaves the credential out, so that a failing assertion does not print it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("connection_id", &self.connection_id)
            .field("provider_config_key", &self.provider_config_key)
            .field("tags", &self.tags)
            .field("metadata", &self.metadata)
            .field("connection_config", &self.connection_config)
            .finish_non_exhaustive()
    }
}

/// Whether an answer shows the credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// It does.
    Credential,
    /// It does not.
    Nothing,
}

impl Connection {
    /// Returns the connection as answers about it alone have it.
    pub fn whole(&self, shown: Shown) -> Value {
        let mut body = json!({
            "id": self.id,
            "connection_id": self.connection_id,
            "provider_config_key": self.provider_config_key,
            "provider": self.provider,
            "errors": [],
            "end_user": null,
            "tags": self.tags,
            "metadata": self.metadata,
            "connection_config": self.connection_config,
            "webhook_url_override": self.webhook_url_override,
            "created_at": self.created.to_string(),
            "updated_at": self.updated.to_string(),
        });
        if shown == Shown::Credential {
            body["credentials"] = self.credentials.clone();
        }
        body
    }

    /// Returns the connection as lists have it.
    pub fn row(&self) -> Value {
        json!({
            "id": self.id,
            "connection_id": self.connection_id,
            "provider_config_key": self.provider_config_key,
            "provider": self.provider,
            "errors": [],
            "end_user": null,
            "tags": self.tags,
            "metadata": self.metadata,
            "created": self.created.to_string(),
        })
    }
}

/// What is wrong with a body: the field and the reason.
pub type Faulty = (String, String);

/// A status, and the body of an error.
pub type Refusal = (StatusCode, Value);

/// Refuses with a code and a message.
pub fn refusal(status: StatusCode, code: &str, message: &str) -> Refusal {
    (status, json!({"error": {"code": code, "message": message}}))
}

/// Refuses a body for one field.
pub fn invalid_body((path, message): Faulty) -> Refusal {
    let error = json!({"code": "invalid_body", "errors": [{"code": "custom", "message": message, "path": [path]}]});
    (StatusCode::BAD_REQUEST, json!({ "error": error }))
}

/// Reads a body that is an object with no fields but these.
pub fn body(request: &Incoming, known: &[&str]) -> Result<Map<String, Value>, Refusal> {
    let Some(Value::Object(fields)) = request.json() else {
        return Err(invalid_body(("body".to_owned(), "must be an object".to_owned())));
    };
    only(&fields, known).map_err(invalid_body)?;
    Ok(fields)
}

/// Checks that an object has no fields but these.
pub fn only(body: &Map<String, Value>, known: &[&str]) -> Result<(), Faulty> {
    match body.keys().find(|name| !known.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => Err((name.clone(), "Unrecognized key".to_owned())),
    }
}

/// Reads a field that must be a text which is not empty.
pub fn text(body: &Map<String, Value>, name: &str) -> Result<String, Faulty> {
    let text = body.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    text.map(str::to_owned).ok_or_else(|| (name.to_owned(), "must be a text".to_owned()))
}

/// Reads an object; empty when absent.
pub fn object(body: &Map<String, Value>, name: &str) -> Result<Value, Faulty> {
    match body.get(name) {
        None | Some(Value::Null) => Ok(json!({})),
        Some(value @ Value::Object(_)) => Ok(value.clone()),
        Some(_) => Err((name.to_owned(), "must be an object".to_owned())),
    }
}

/// Reads tags: at most 10 texts of at most 255 characters; empty when absent.
pub fn tags(body: &Map<String, Value>) -> Result<BTreeMap<String, String>, Faulty> {
    let wrong = |message: &str| ("tags".to_owned(), message.to_owned());
    let read = object(body, "tags")?;
    let mut tags = BTreeMap::new();
    for (key, value) in read.as_object().into_iter().flatten() {
        let value = value.as_str().ok_or_else(|| wrong("values must be texts"))?;
        if value.chars().count() > 255 {
            return Err(wrong("values have at most 255 characters"));
        }
        tags.insert(key.to_lowercase(), value.to_owned());
    }
    if tags.len() > 10 { Err(wrong("there are at most 10 tags")) } else { Ok(tags) }
}

/// Checks an id: at most 255 of `a-zA-Z0-9,.;:=+~[]|@${}"'\/_ -`.
pub fn connection_id(id: &str) -> Result<(), Faulty> {
    let fits = |c: char| c.is_ascii_alphanumeric() || ",.;:=+~[]|@${}\"'\\/_ -".contains(c);
    let right = !id.is_empty() && id.chars().count() <= 255 && id.chars().all(fits);
    if right { Ok(()) } else { Err(("connection_id".to_owned(), "must be at most 255 of the allowed characters".to_owned())) }
}

/// Checks the form of credentials; what they are worth is not looked at.
pub fn credentials(body: &Map<String, Value>, mode: &str) -> Result<Value, Faulty> {
    let wrong = |message: &str| ("credentials".to_owned(), message.to_owned());
    let fields = body.get("credentials").and_then(Value::as_object).ok_or_else(|| wrong("must be an object"))?;
    if fields.get("type").and_then(Value::as_str) != Some(mode) {
        return Err(wrong(&format!("type must be {mode}")));
    }
    match mode {
        "API_KEY" => {
            only(fields, &["type", "apiKey"])?;
            text(fields, "apiKey")?;
        }
        _ => {
            only(fields, &["type", "access_token", "refresh_token", "expires_at"])?;
            text(fields, "access_token")?;
        }
    }
    Ok(Value::Object(fields.clone()))
}
