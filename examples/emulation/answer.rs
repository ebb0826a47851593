//! Answers before they are turned into bytes, and the ways to spoil one. Knows no vendor.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use futures::stream::{self, StreamExt as _};
use serde_json::{Value, json};

/// An answer before it is turned into bytes.
#[derive(Debug)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// Headers other than the content type.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub content: Content,
}

/// What an answer carries.
#[derive(Debug)]
pub enum Content {
    /// No body.
    Empty,
    /// A JSON document.
    Json(Value),
    /// Text under a content type.
    Text(&'static str, String),
    /// JSON in pieces whose number is not told beforehand.
    Pieces(Pieces),
}

/// A body that comes bit by bit.
#[derive(Debug)]
pub enum Pieces {
    /// This text and no more.
    Once(String),
    /// The first text, and after this time the second.
    Halves(String, Duration, String),
    /// Blanks without end.
    Endless,
}

impl Pieces {
    fn into_body(self) -> Body {
        let piece = |text: String| Ok::<_, std::convert::Infallible>(Bytes::from(text));
        match self {
            Self::Once(text) => Body::from_stream(stream::iter([piece(text)])),
            Self::Halves(first, pause, second) => {
                let later = stream::once(async move {
                    tokio::time::sleep(pause).await;
                    piece(second)
                });
                Body::from_stream(stream::iter([piece(first)]).chain(later))
            }
            Self::Endless => Body::from_stream(stream::repeat_with(move || piece(" ".repeat(1 << 16)))),
        }
    }
}

impl Reply {
    /// Answers with JSON.
    pub fn json(status: StatusCode, value: Value) -> Self {
        Self { status, headers: Vec::new(), content: Content::Json(value) }
    }

    /// Answers without a body.
    pub fn empty(status: StatusCode) -> Self {
        Self { status, headers: Vec::new(), content: Content::Empty }
    }

    /// Adds a header.
    pub fn with_header(mut self, name: &'static str, value: impl ToString) -> Self {
        self.headers.push((name, value.to_string()));
        self
    }

    /// Cuts the JSON in half.
    pub fn truncated(mut self) -> Self {
        if let Content::Json(value) = &self.content {
            let text = value.to_string();
            let half = text.chars().take(text.chars().count() / 2).collect();
            self.content = Content::Text("application/json", half);
        }
        self
    }

    /// Answers with a page of HTML in place of the body, and 200 in place of the status.
    pub fn into_html(mut self) -> Self {
        let page = "<!doctype html><title>Somewhere</title><p>One moment.</p>\n";
        self.status = StatusCode::OK;
        self.content = Content::Text("text/html; charset=utf-8", page.to_owned());
        self
    }

    /// Refuses with a message which repeats what was sent, and what would have been answered.
    pub fn echoed(mut self, status: u16, sent: &str) -> Self {
        let answer = match &self.content {
            Content::Empty | Content::Pieces(_) => String::new(),
            Content::Json(value) => value.to_string(),
            Content::Text(_, text) => text.clone(),
        };
        let secret = match &self.content {
            Content::Json(value) => value["secret"].as_str().unwrap_or_default().to_owned(),
            Content::Empty | Content::Text(..) | Content::Pieces(_) => String::new(),
        };
        let message = format!("secret {secret} of {sent} with {answer}");
        self.status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        self.content =
            Content::Json(json!({"errorType": "echo", "errorCode": "40000", "traceId": "echo", "message": message, "details": []}));
        self
    }

    /// Leaves `secret` out of the JSON.
    pub fn without_secret(mut self) -> Self {
        if let Content::Json(Value::Object(fields)) = &mut self.content {
            fields.remove("secret");
        }
        self
    }

    /// The id of the key that the answer is about.
    pub fn id(&self) -> Option<&str> {
        match &self.content {
            Content::Json(value) => value["id"].as_str(),
            Content::Empty | Content::Text(..) | Content::Pieces(_) => None,
        }
    }

    /// Puts another value into a field of the JSON.
    pub fn with_field(mut self, name: &str, value: Value) -> Self {
        if let Content::Json(Value::Object(fields)) = &mut self.content {
            fields.insert(name.to_owned(), value);
        }
        self
    }

    /// Sends the JSON in pieces, under this length where one is announced.
    pub fn in_pieces(mut self, length: impl FnOnce(usize) -> Option<u64>, pieces: impl FnOnce(String) -> Pieces) -> Self {
        let text = match &self.content {
            Content::Json(value) => value.to_string(),
            Content::Text(_, text) => text.clone(),
            Content::Empty | Content::Pieces(_) => String::new(),
        };
        if let Some(length) = length(text.len()) {
            self.headers.push(("content-length", length.to_string()));
        }
        self.content = Content::Pieces(pieces(text));
        self
    }

    /// Turns the answer into bytes.
    pub fn into_response(self) -> Response {
        let (kind, body) = match self.content {
            Content::Empty => (None, Body::empty()),
            Content::Json(value) => (Some("application/json"), Body::from(value.to_string())),
            Content::Text(kind, text) => (Some(kind), Body::from(text)),
            Content::Pieces(pieces) => (Some("application/json"), pieces.into_body()),
        };
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        if let Some(kind) = kind {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        }
        for (name, value) in self.headers {
            let value = HeaderValue::try_from(value).expect("header values are printable ASCII");
            headers.insert(HeaderName::from_static(name), value);
        }
        response
    }
}
