//! Calls to one place: authenticated, bound to its host, repeated where the answer may come later, and refused in words that hold no secret.
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable as _};
use jiff::Timestamp;
use serde_json::Value;
use zeroize::Zeroizing;

use super::{Access, DeliveryError};
use crate::model::Secret;
use crate::profile::classify::{Errors, Places, Refusal};
use crate::provider::exchange::Wiped;
use crate::provider::said::{self, Said};
pub use crate::provider::transport::Method;
use crate::provider::transport::{Body, Outgoing, Transport, TransportError, Url};

const MOST_TRIES: usize = 3;

/// Makes calls to one place.
pub struct Caller {
    transport: Transport,
    /// Scheme, host, port, and the endpoint's own path.
    base: String,
    credential: Secret,
    headers: &'static [(&'static str, &'static str)],
    errors: Errors,
    clock: fn() -> Timestamp,
}

/// One request. Twice does what once does.
pub struct Request<'a> {
    pub method: Method,
    /// Path and query, encoded.
    pub path: String,
    pub headers: Vec<(&'static str, String)>,
    pub body: Option<&'a Wiped>,
    /// What must not be repeated out of an answer.
    pub secret: Option<&'a Secret>,
}

/// An answer that is neither a failure of the server nor a request for patience.
pub struct Answer {
    pub status: u16,
    /// `None`: not JSON. An empty body is null.
    pub json: Option<Wiped>,
    /// What it says, made harmless.
    pub said: String,
    pub refusal: Refusal,
}

struct Failed {
    error: DeliveryError,
    retry_after: Option<Duration>,
}

impl Caller {
    /// Opens a place; sends nothing. `errors`: where its answers say what is wrong.
    pub fn open(access: Access<'_>, headers: &'static [(&'static str, &'static str)], errors: Errors) -> Result<Self, DeliveryError> {
        let endpoint = access.target.endpoint.as_deref().unwrap_or_default();
        let url = Url::parse(endpoint).map_err(|error| DeliveryError::Local(format!("the endpoint is not a URL: {error}")))?;
        let transport = Transport::bound_to(&url, None, access.limits).map_err(|error| DeliveryError::Local(error.to_string()))?;
        let credential = Secret::single(Zeroizing::new(access.credential.trim().to_owned()));
        Ok(Self { transport, base: endpoint.trim_end_matches('/').to_owned(), credential, headers, errors, clock: access.clock })
    }

    /// Sends a request until the answer is one that decides, or tries and time are used up.
    pub async fn call(&self, request: &Request<'_>) -> Result<Answer, DeliveryError> {
        let limit = self.transport.limits().retries;
        let pauses = ExponentialBuilder::default()
            .with_min_delay(Duration::from_millis(200))
            .with_max_delay(Duration::from_secs(4))
            .with_max_times(MOST_TRIES - 1)
            .with_jitter();
        let attempt = || async { self.once(request).await };
        let again = |failed: &Failed| match failed.error {
            DeliveryError::Throttled(_) | DeliveryError::Unreachable(_) | DeliveryError::Unanswered(_) => true,
            DeliveryError::Unauthenticated(_)
            | DeliveryError::Forbidden(_)
            | DeliveryError::NotFound(_)
            | DeliveryError::Refused(_)
            | DeliveryError::NotHeld(_)
            | DeliveryError::Dead(_)
            | DeliveryError::Local(_) => false,
        };
        // A place may ask for any wait at all.
        let patient = |failed: &Failed, pause: Option<Duration>| {
            let wait = pause?.max(failed.retry_after.unwrap_or_default());
            (wait <= limit).then_some(wait)
        };
        attempt.retry(pauses).sleep(tokio::time::sleep).when(again).adjust(patient).await.map_err(|failed| failed.error)
    }

    /// The same; anything but success is an error.
    pub async fn succeed(&self, request: &Request<'_>) -> Result<Answer, DeliveryError> {
        let answer = self.call(request).await?;
        if answer.is_success() { Ok(answer) } else { Err(answer.error()) }
    }

    async fn once(&self, request: &Request<'_>) -> Result<Answer, Failed> {
        let bare = |error| Failed { error, retry_after: None };
        let url = Url::parse(&format!("{}{}", self.base, request.path));
        let url = url.map_err(|error| bare(DeliveryError::Local(format!("the delivery makes no URL: {error}"))))?;
        let token = self.credential.part("secret").unwrap_or_default();
        let mut headers = vec![("authorization".to_owned(), Zeroizing::new(format!("Bearer {token}")))];
        headers.extend(self.headers.iter().map(|(name, value)| ((*name).to_owned(), Zeroizing::new((*value).to_owned()))));
        headers.extend(request.headers.iter().map(|(name, value)| ((*name).to_owned(), Zeroizing::new(value.clone()))));
        let body = request.body.map(|body| Body::Json(body.0.to_string().into_bytes()));
        let answer = self.transport.send(Outgoing { method: request.method.clone(), url, headers, body }).await.map_err(|error| {
            bare(match error {
                TransportError::NotSendable(text) => DeliveryError::Local(text),
                TransportError::Unreachable(text) => DeliveryError::Unreachable(text),
                TransportError::Unanswered(text) => DeliveryError::Unanswered(text),
            })
        })?;
        let json = if answer.body.is_empty() { Some(Value::Null) } else { serde_json::from_slice(&answer.body).ok() }.map(Wiped);
        let mut refusal = self.errors.read(answer.status, json.as_ref().map(|json| &json.0));
        let repeats = |text: &str| request.secret.is_some_and(|secret| secret.parts().any(|(_, part)| text.contains(part)));
        refusal.message = refusal.message.filter(|message| !repeats(message));
        refusal.code = refusal.code.filter(|code| !repeats(code));
        let said = Said(&refusal).without(&self.credential);
        let failed = |error| Failed { error, retry_after: said::retry_after(&answer.headers, (self.clock)()) };
        match answer.status {
            429 => Err(failed(DeliveryError::Throttled(said))),
            408 | 500.. => Err(failed(DeliveryError::Unanswered(said))),
            status => Ok(Answer { status, json, said, refusal }),
        }
    }
}

impl Answer {
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// What an answer that is no success means.
    pub fn error(&self) -> DeliveryError {
        let said = self.said.clone();
        match self.status {
            401 => DeliveryError::Unauthenticated(said),
            403 => DeliveryError::Forbidden(said),
            404 | 410 => DeliveryError::NotFound(said),
            300..=399 => DeliveryError::Unanswered(format!("status {}: redirects are not followed", self.status)),
            _ => DeliveryError::Refused(said),
        }
    }

    /// The JSON of a success.
    pub fn value(&self) -> Result<&Value, DeliveryError> {
        self.json.as_ref().map(|json| &json.0).ok_or_else(|| DeliveryError::Unanswered("the answer is not JSON".to_owned()))
    }
}

/// Where the answers of a place say what is wrong.
pub fn errors(code: &str, message: &str) -> Errors {
    let pointer = |at: &str| (!at.is_empty()).then(|| at.parse().expect("a constant pointer begins with a slash"));
    Errors { code: pointer(code), message: pointer(message).map(Places::One), ..Errors::default() }
}
