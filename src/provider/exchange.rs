//! One call: fills the profile's templates, authenticates, sends, retries what may be retried, and says what the answer means. Knows no keys.
use std::cell::Cell;
use std::collections::BTreeMap;
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable as _};
use data_encoding::{BASE64, HEXLOWER};
use jiff::Timestamp;
use serde_json::Value;
use tokio::time::Instant;
use zeroize::{Zeroize as _, Zeroizing};

use super::ProviderError;
use super::said::{self, Said};
use super::signature::{self, Signed};
use super::transport::{self, Body as Sent, HeaderMap, Incoming, Outgoing, Transport, TransportError, Url};
use crate::model::Secret;
use crate::profile::HttpApi;
use crate::profile::auth::{AuthScheme, QuerySigning};
use crate::profile::body::Body;
use crate::profile::classify::{Meaning, Refusal};
use crate::profile::template::{Method, Placeholder, Request, Template, Values, percent_encoded};

const MOST_TRIES: usize = 3;
/// A clock that is off by more is named as the likely cause of a refused signature.
const TOLERATED_SKEW_SECONDS: u64 = 300;

/// Makes calls to one account.
pub struct Exchange {
    api: HttpApi,
    transport: Transport,
    /// Scheme, host and port, with the endpoint's own path as a prefix.
    base: String,
    /// The path of the profile's URL; signatures begin here.
    root: String,
    params: Values,
    clock: fn() -> Timestamp,
    /// What a call with a query has proven about signatures.
    query_signing: Cell<Option<QuerySigning>>,
    /// The provider's clock minus ours, in seconds, as the last answer with a date showed it.
    skew: Cell<Option<i64>>,
}

/// What to send.
pub struct Call<'a> {
    pub request: &'a Request,
    pub query: &'a BTreeMap<String, Template>,
    pub body: Option<&'a Body>,
    pub values: Values,
    pub scheme: &'a AuthScheme,
    pub credential: &'a Secret,
    pub retry: Retry,
}

/// Whether a call may be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// It must not: who knows what the first one did.
    Never,
    /// Twice does what once does.
    Idempotent,
}

/// An answer, whatever its status.
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    /// `None`: not JSON. An empty body is null.
    pub json: Option<Wiped>,
    pub refusal: Refusal,
}

/// JSON whose texts are wiped when dropped.
pub struct Wiped(pub Value);

impl Drop for Wiped {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

fn wipe(value: &mut Value) {
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

impl Exchange {
    /// Makes calls for one account. The API's own path, `root`, follows `base`.
    pub fn new(api: HttpApi, transport: Transport, base: &Url, root: &str, params: Values, clock: fn() -> Timestamp) -> Self {
        let base = base.as_str().trim_end_matches('/').to_owned();
        let root = root.trim_end_matches('/').to_owned();
        Self { api, transport, base, root, params, clock, query_signing: Cell::new(None), skew: Cell::new(None) }
    }

    pub fn api(&self) -> &HttpApi {
        &self.api
    }

    /// The provider's clock minus ours, in seconds; `None` until an answer told it.
    pub fn clock_skew(&self) -> Option<i64> {
        self.skew.get()
    }

    /// Sends a call and accepts nothing but success with JSON or nothing in it.
    pub async fn call(&self, call: &Call<'_>) -> Result<Answer, ProviderError> {
        self.send(call, |answer| self.accept(answer, call)).await
    }

    /// Sends a call until `judge` is content, or says that trying again makes no sense, or tries and time are used up.
    pub async fn send<T>(&self, call: &Call<'_>, judge: impl Fn(Answer) -> Result<T, Failure>) -> Result<T, ProviderError> {
        let started = Instant::now();
        let attempt = || async { self.attempt(call).await.and_then(&judge) };
        let pauses = ExponentialBuilder::default()
            .with_min_delay(Duration::from_millis(200))
            .with_max_delay(Duration::from_secs(4))
            .with_max_times(MOST_TRIES - 1)
            .with_jitter();
        let patient = |failure: &Failure, pause: Option<Duration>| {
            let wait = pause?.max(failure.retry_after.unwrap_or_default());
            // A provider may ask for any wait at all.
            (started.elapsed().saturating_add(wait) <= self.transport.limits().retries).then_some(wait)
        };
        let again = |failure: &Failure| failure.again && call.retry == Retry::Idempotent;
        attempt.retry(pauses).sleep(tokio::time::sleep).when(again).adjust(patient).await.map_err(|failure| failure.error)
    }

    /// Sends once; twice when the signature of a query is not documented and the first guess was refused.
    async fn attempt(&self, call: &Call<'_>) -> Result<Answer, Failure> {
        let values = self.params.iter().chain(&call.values).map(|(name, value)| (name.clone(), value.clone())).collect();
        let path = call.request.path.path(&values).map_err(|error| ProviderError::Local(error.to_string()))?;
        let query: Vec<String> = call.query.iter().filter_map(|(name, value)| Some((name, value.text(&values)?))).map(pair).collect();
        let query = (!query.is_empty()).then(|| query.join("&"));
        let body = call.body.map(|body| body.fill(&values).to_string().into_bytes());
        let prepared = Prepared { method: call.request.method, path: format!("{}{path}", self.root), query, body, values };

        let doubtful =
            matches!(call.scheme, AuthScheme::Signature(spec) if spec.query == QuerySigning::Unknown) && prepared.query.is_some();
        let guess = self.query_signing.get();
        let first = guess.unwrap_or(QuerySigning::Unsigned);
        let answer = self.once(call, &prepared, first).await?;
        if !doubtful || guess.is_some() {
            return Ok(answer);
        }
        if answer.status == 401 && call.retry == Retry::Idempotent {
            let second = signature::other(first);
            let retried = self.once(call, &prepared, second).await?;
            if is_success(retried.status) {
                self.query_signing.set(Some(second));
            }
            return Ok(if retried.status == 401 { answer } else { retried });
        }
        if is_success(answer.status) {
            self.query_signing.set(Some(first));
        }
        Ok(answer)
    }

    async fn once(&self, call: &Call<'_>, prepared: &Prepared, guess: QuerySigning) -> Result<Answer, Failure> {
        let mut headers = Vec::new();
        for (name, template) in &self.api.headers {
            headers.extend(template.text(&prepared.values).map(|value| (name.clone(), Zeroizing::new(value))));
        }
        headers.extend(self.authorize(call, prepared, guess)?);
        let query = prepared.query.as_deref().map(|query| format!("?{query}")).unwrap_or_default();
        let url = Url::parse(&format!("{}{}{query}", self.base, prepared.path));
        let url = url.map_err(|error| ProviderError::Local(format!("the profile makes no URL: {error}")))?;
        let method = match prepared.method {
            Method::Get => transport::Method::GET,
            Method::Post => transport::Method::POST,
            Method::Put => transport::Method::PUT,
            Method::Patch => transport::Method::PATCH,
            Method::Delete => transport::Method::DELETE,
        };
        let answer = self.transport.send(Outgoing { method, url, headers, body: prepared.body.clone().map(Sent::Json) }).await?;
        Ok(self.read(answer))
    }

    fn authorize(&self, call: &Call<'_>, prepared: &Prepared, guess: QuerySigning) -> Result<Vec<(String, Zeroizing<String>)>, Failure> {
        let value = |placeholder: &Placeholder| match placeholder {
            Placeholder::Part(name) => call.credential.part(name),
            Placeholder::Param(_) => prepared.values.get(placeholder).and_then(Value::as_str),
            Placeholder::Id
            | Placeholder::Label
            | Placeholder::Scopes
            | Placeholder::Expiry
            | Placeholder::Page
            | Placeholder::Limit
            | Placeholder::Option(_) => None,
        };
        let fill = |template: &Template| {
            let absent = |placeholder: &&Placeholder| value(placeholder).is_none();
            let missing = || {
                let what = template.placeholders().find(absent).map(|placeholder| format!("`{{{placeholder}}}` has no value"));
                ProviderError::Local(format!("the profile asks for more than there is to authenticate: {}", what.unwrap_or_default()))
            };
            template.secret_text(value).ok_or_else(missing)
        };
        let authorization = |text: String| vec![("authorization".to_owned(), Zeroizing::new(text))];
        Ok(match call.scheme {
            AuthScheme::Bearer(token) => authorization(format!("Bearer {}", *fill(token)?)),
            AuthScheme::Basic { user, password } => {
                let both = Zeroizing::new(format!("{}:{}", *fill(user)?, *fill(password)?));
                authorization(format!("Basic {}", BASE64.encode(both.as_bytes())))
            }
            AuthScheme::Headers(headers) => {
                headers.iter().map(|(name, template)| Ok((name.clone(), fill(template)?))).collect::<Result<_, ProviderError>>()?
            }
            AuthScheme::Signature(spec) => {
                let mut nonce = [0_u8; 32];
                getrandom::fill(&mut nonce).map_err(|error| ProviderError::Local(format!("no random numbers: {error}")))?;
                let query = match spec.query {
                    QuerySigning::Unknown => guess,
                    known @ (QuerySigning::Signed | QuerySigning::Unsigned) => known,
                };
                let signed = Signed {
                    method: prepared.method.as_str(),
                    path: &prepared.path,
                    query: prepared.query.as_deref().filter(|_| query == QuerySigning::Signed),
                    body: prepared.body.as_deref().unwrap_or_default(),
                    nonce: &HEXLOWER.encode(&nonce),
                    at: (self.clock)(),
                };
                authorization(signature::authorization(spec.scheme, &fill(&spec.id)?, &fill(&spec.secret)?, &signed))
            }
        })
    }

    fn read(&self, answer: Incoming) -> Answer {
        let Incoming { status, headers, body } = answer;
        if let Some(theirs) = said::date(&headers, "date") {
            self.skew.set(Some(theirs.as_second() - (self.clock)().as_second()));
        }
        let json = if body.is_empty() { Some(Value::Null) } else { serde_json::from_slice(&body).ok() };
        let refusal = self.api.errors.read(status, json.as_ref());
        Answer { status, headers, json: json.map(Wiped), refusal }
    }

    /// Accepts nothing but success with JSON or nothing in it.
    pub fn accept(&self, answer: Answer, call: &Call<'_>) -> Result<Answer, Failure> {
        if is_success(answer.status) {
            return match &answer.json {
                Some(_) => Ok(answer),
                None => Err(ProviderError::Unanswered(format!("status {}, but the answer is not JSON", answer.status)).into()),
            };
        }
        if (300..400).contains(&answer.status) {
            let error = ProviderError::Unanswered(format!("status {}: redirects are not followed", answer.status));
            return Err(Failure { error, retry_after: None, again: false });
        }
        Err(self.failure(&answer, call))
    }

    /// What an answer that is no success means.
    pub fn failure(&self, answer: &Answer, call: &Call<'_>) -> Failure {
        let text = Said(&answer.refusal).without(call.credential);
        let error = match self.api.errors.meaning(&answer.refusal) {
            Meaning::Unauthenticated => ProviderError::Unauthenticated(self.skew(answer, call).map_or(text.clone(), |skew| text + &skew)),
            Meaning::Forbidden => ProviderError::Forbidden(text),
            Meaning::NotFound => ProviderError::NotFound(text),
            Meaning::Refused => ProviderError::Refused(text),
            Meaning::Throttled => ProviderError::Throttled(text),
            Meaning::Unanswered => ProviderError::Unanswered(text),
        };
        Failure { retry_after: said::retry_after(&answer.headers, (self.clock)()), ..Failure::from(error) }
    }

    /// A remark on our clock, where it would explain a refused signature.
    pub fn skew(&self, answer: &Answer, call: &Call<'_>) -> Option<String> {
        if !matches!(call.scheme, AuthScheme::Signature(_)) {
            return None;
        }
        let (theirs, ours) = (said::date(&answer.headers, "date")?, (self.clock)());
        let off = theirs.as_second().abs_diff(ours.as_second());
        let clocks =
            || format!("; our clock differs from the provider's by {} minutes, and signatures depend on it: set it right", off / 60);
        (off > TOLERATED_SKEW_SECONDS).then(clocks)
    }
}

/// A call with its templates filled.
struct Prepared {
    method: Method,
    /// As signatures see it.
    path: String,
    query: Option<String>,
    body: Option<Vec<u8>>,
    values: Values,
}

fn is_success(status: u16) -> bool {
    (200..300).contains(&status)
}

fn pair((name, value): (&String, String)) -> String {
    format!("{}={}", percent_encoded(name), percent_encoded(&value))
}
