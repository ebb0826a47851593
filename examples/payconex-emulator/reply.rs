//! Answers and refusals in the API's shape. Decides on none of them.

use axum::http::StatusCode;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::config::{AnswerFields, Config, ErrorCode};
use super::state::Key;

pub use super::answer::{Content, Pieces, Reply};

/// A row of the vendor's table of errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// 400: bad input.
    Input,
    /// 401: whoever asks is not a live key.
    Authentication,
    /// 403: the key lives and lacks a scope.
    Authorization,
    /// 404.
    NotFound,
    /// 422: the body breaks the schema.
    Schema,
    /// 500.
    Internal,
}

impl Cause {
    /// Returns status, `errorType` and `errorCode`.
    pub fn row(self) -> (StatusCode, &'static str, u32) {
        match self {
            Self::Input => (StatusCode::BAD_REQUEST, "invalid_request", 40001),
            Self::Authentication => (StatusCode::UNAUTHORIZED, "authentication", 40002),
            Self::Authorization => (StatusCode::FORBIDDEN, "authorization", 40003),
            Self::NotFound => (StatusCode::NOT_FOUND, "not_found", 40005),
            Self::Schema => (StatusCode::UNPROCESSABLE_ENTITY, "invalid_request", 40001),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal_server_error", 40004),
        }
    }
}

/// One thing wrong with a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Detail {
    /// What is wrong.
    pub message: String,
    /// The field or parameter.
    pub source: Option<String>,
    /// What it held.
    pub value: Value,
}

/// A refused request.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// The row of the table.
    pub cause: Cause,
    /// What is wrong; never empty.
    pub details: Vec<Detail>,
}

impl Refusal {
    /// Refuses for a reason which no one field carries.
    pub fn new(cause: Cause, message: impl Into<String>) -> Self {
        Self { cause, details: vec![Detail { message: message.into(), source: None, value: Value::Null }] }
    }

    /// Refuses for the value of a field or parameter.
    pub fn of(cause: Cause, source: &str, value: impl Into<Value>, message: &str) -> Self {
        Self { cause, details: vec![Detail { message: message.to_owned(), source: Some(source.to_owned()), value: value.into() }] }
    }

    /// Builds the documented error body.
    pub fn reply(&self, config: &Config, trace: &str) -> Reply {
        let (status, kind, code) = self.cause.row();
        let first = self.details.first();
        let details: Vec<Value> = self
            .details
            .iter()
            .filter(|detail| detail.source.is_some())
            .map(|detail| json!({"message": detail.message, "source": detail.source}))
            .collect();
        Reply::json(
            status,
            json!({
                "message": first.map(|detail| &detail.message),
                "traceId": trace,
                "errorType": kind,
                "errorCode": match config.error_code {
                    ErrorCode::String => Value::from(code.to_string()),
                    ErrorCode::Number => Value::from(code),
                },
                "value": first.map(|detail| &detail.value),
                "source": first.and_then(|detail| detail.source.as_ref()),
                "details": details,
            }),
        )
    }
}

/// Whether an answer gives a key's secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secret {
    /// As in the answers about one key.
    Given,
    /// As in lists.
    Withheld,
}

/// Builds a key as answers have it.
pub fn key(key: &Key, config: &Config, secret: Secret) -> Value {
    let mut fields = Map::new();
    let mut put = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    put("id", key.id.as_str().into());
    if secret == Secret::Given {
        put("secret", key.secret.as_str().into());
    }
    put("label", key.label.as_str().into());
    put("methods", key.methods.iter().map(|m| m.name()).collect());
    put("scopes", key.scopes.iter().map(String::as_str).collect());
    put("accountId", config.account_id.as_str().into());
    put("createdAt", timestamp(key.created).into());
    put("updatedAt", timestamp(key.updated).into());
    match (key.expires, config.answer_fields) {
        (Some(at), _) => {
            put("expiresAt", timestamp(at).into());
        }
        (None, AnswerFields::Extended) => {
            put("expiresAt", Value::Null);
        }
        (None, AnswerFields::Documented | AnswerFields::Narrow) => {}
    }
    match config.answer_fields {
        AnswerFields::Documented => {
            put("enabled", key.enabled.into());
        }
        AnswerFields::Narrow => {}
        AnswerFields::Extended => {
            put("enabled", key.enabled.into());
            put("accounts", key.accounts.iter().map(String::as_str).collect());
            put("object", "api_key".into());
            put("meta", json!({"revision": 1, "tags": []}));
        }
    }
    Value::Object(fields)
}

/// Writes a time with microseconds, as in `2024-05-16T23:06:50.000000Z`.
fn timestamp(time: Timestamp) -> String {
    format!("{time:.6}")
}
