//! What came back, or why nothing did. Sends nothing.
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use zeroize::Zeroize as _;

use super::session::Opened;
use crate::profile::classify::Refusal;
use crate::provider::ProviderError;
use crate::provider::transport::{HeaderMap, TransportError, Url};

/// An answer, whatever its status.
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    /// Of the body, in bytes.
    pub size: usize,
    /// `None`: not JSON. An empty body is null.
    pub json: Option<Wiped>,
    pub refusal: Refusal,
    /// What was asked. Never shown: it may hold an id that is a secret.
    pub url: Url,
    /// Whether it is the login that was refused, and the call was not sent.
    pub at_login: bool,
    pub(super) session: Option<Arc<Opened>>,
}

/// What a body says; `None`: it is not JSON. An empty body is null.
pub(super) fn parse(body: &[u8]) -> Option<Wiped> {
    if body.is_empty() {
        return Some(Wiped(Value::Null));
    }
    // Looked at as text once, and not again for every word in it.
    let text = std::str::from_utf8(body).ok()?;
    serde_json::from_str(text).ok().map(Wiped)
}

/// JSON whose texts are wiped when dropped.
pub struct Wiped(pub Value);

impl Drop for Wiped {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

/// Overwrites every text.
pub(super) fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(wipe),
        Value::Object(fields) => fields.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Why a call failed, and whether sending it again makes sense.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub error: ProviderError,
    pub retry_after: Option<Duration>,
    pub again: bool,
}

impl From<ProviderError> for Failure {
    fn from(error: ProviderError) -> Self {
        Self { again: error.is_passing(), error, retry_after: None }
    }
}

impl From<TransportError> for Failure {
    fn from(error: TransportError) -> Self {
        match error {
            TransportError::NotSendable(text) => ProviderError::Local(text).into(),
            TransportError::Unreachable(text) => ProviderError::Unreachable(text).into(),
            TransportError::Unanswered(text) => ProviderError::Unanswered(text).into(),
        }
    }
}
