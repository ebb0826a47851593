//! One call: fills the profile's templates, authenticates, sends, retries what may be retried, and says what the answer means. Knows no keys.
mod answer;
mod authorize;
pub mod session;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable as _};
use jiff::Timestamp;
use serde_json::Value;
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::ProviderError;
use super::address::Address;
use super::said::{self, Said};
use super::signature;
use super::transport::{self, Body as Sent, Incoming, Limits, Outgoing, Transport, Url};
use super::witness::Witness;
use crate::model::Secret;
use crate::profile::HttpApi;
use crate::profile::auth::{AuthScheme, QuerySigning};
use crate::profile::classify::Meaning;
use crate::profile::request::{Asked, Content};
use crate::profile::template::{Method, Placeholder, Template, Values, percent_encoded};
use answer::wipe;
pub use answer::{Answer, Failure, Wiped};
use session::{Opened, Session, Standing};

const MOST_TRIES: usize = 3;
/// Logins that a call meets at most: others may use one up before it is sent.
const MOST_LOGINS: usize = 4;
/// A clock that is off by more is named as the likely cause of a refused signature.
const TOLERATED_SKEW_SECONDS: u64 = 300;

/// Makes calls to one account.
pub struct Exchange {
    api: HttpApi,
    home: Host,
    /// Where logins go, when it is another host.
    login: Option<Host>,
    /// Whether the account's endpoint stands for every host: then no answer can name another.
    fixed: bool,
    /// The path of the profile's URL; signatures begin here.
    root: String,
    params: Values,
    clock: fn() -> Timestamp,
    /// What a call with a query has proven about signatures.
    query_signing: Cell<Option<QuerySigning>>,
    /// The provider's clock minus ours, in seconds, as the last answer with a date showed it.
    skew: Cell<Option<i64>>,
    /// What notes the fields of answers.
    witness: Option<Rc<Witness>>,
}

/// One host, and the only client that can call it.
struct Host {
    transport: Transport,
    /// Scheme, host and port, with the endpoint's own path as a prefix.
    base: String,
}

/// What a call authenticates with.
#[derive(Clone, Copy)]
pub struct Caller<'a> {
    pub scheme: &'a AuthScheme,
    pub credential: &'a Secret,
    pub session: &'a Session,
    /// The account's own credential, where the call is made with that of a key.
    pub admin: Option<&'a Secret>,
}

/// What to send.
pub struct Call<'a> {
    pub asked: Asked<'a>,
    /// A finished JSON body, instead of the one that the profile writes.
    pub whole: Option<&'a Value>,
    /// A URL that an answer gave, instead of the request's path and query.
    pub following: Option<&'a Url>,
    pub values: Values,
    pub caller: Caller<'a>,
    pub retry: Retry,
}

impl<'a> Call<'a> {
    /// A call as the profile writes it.
    pub fn new(asked: Asked<'a>, values: Values, caller: Caller<'a>, retry: Retry) -> Self {
        Self { asked, whole: None, following: None, values, caller, retry }
    }
}

/// Whether a call may be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// It must not: who knows what the first one did.
    Never,
    /// Twice does what once does.
    Idempotent,
}

impl Exchange {
    /// Makes calls for one account; sends nothing yet. Errors when an address of the account or the profile may not be called.
    pub fn open(api: HttpApi, at: &Address, limits: Limits, params: Values, clock: fn() -> Timestamp) -> Result<Self, ProviderError> {
        let home = Host::new(&at.base, &api, limits)?;
        let other = api.auth.login.as_ref().and_then(|login| login.at.as_deref()).filter(|_| !at.fixed);
        let login = other.map(|url| Host::new(&super::address::parse(url, "profile's URL")?, &api, limits)).transpose()?;
        let root = at.root.trim_end_matches('/').to_owned();
        Ok(Self {
            api,
            home,
            login,
            fixed: at.fixed,
            root,
            params,
            clock,
            query_signing: Cell::new(None),
            skew: Cell::new(None),
            witness: None,
        })
    }

    /// Has the fields of every answer that is a success noted.
    pub fn witness(&mut self, witness: Rc<Witness>) {
        self.witness = Some(witness);
    }

    /// How long is waited and how much is read.
    pub fn limits(&self) -> Limits {
        self.home.transport.limits()
    }

    /// Values of a request, with the account's params.
    pub fn with_params(&self, values: &Values) -> Values {
        let mut all = self.params.clone();
        all.extend(values.iter().map(|(placeholder, value)| (placeholder.clone(), value.clone())));
        all
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
        // The same for every try: it is one request.
        let uuid = authorize::uuid()?;
        let attempt = || async { self.attempt(call, &uuid).await.and_then(&judge) };
        let pauses = ExponentialBuilder::default()
            .with_min_delay(Duration::from_millis(200))
            .with_max_delay(Duration::from_secs(4))
            .with_max_times(MOST_TRIES - 1)
            .with_jitter();
        let patient = |failure: &Failure, pause: Option<Duration>| {
            let wait = pause?.max(failure.retry_after.unwrap_or_default());
            // A provider may ask for any wait at all.
            (started.elapsed().saturating_add(wait) <= self.home.transport.limits().retries).then_some(wait)
        };
        let again = |failure: &Failure| failure.again && call.retry == Retry::Idempotent;
        attempt.retry(pauses).sleep(tokio::time::sleep).when(again).adjust(patient).await.map_err(|failure| failure.error)
    }

    /// Sends, after a login where one is needed; again with a newer one when the one that it met was refused, which the provider may end at any time.
    ///
    /// That goes for every call that may be repeated, and for any other that the provider has certainly not carried out: it did not know who asked.
    async fn attempt(&self, call: &Call<'_>, uuid: &str) -> Result<Answer, Failure> {
        let mut logins = 0;
        loop {
            let (session, fresh) = match self.login(call.caller).await? {
                Standing::Unneeded => (None, true),
                Standing::Open { opened, fresh } => (Some(opened), fresh),
                Standing::Refused(answer) => return Ok(*answer),
            };
            let answer = self.guess(call, uuid, session.as_ref()).await?;
            let Some(session) = session.filter(|_| answer.status == 401) else { return Ok(answer) };
            call.caller.session.forget(&session).await;
            logins += 1;
            let undone = || self.api.errors.meaning(&answer.refusal, answer.json.as_ref().map(|json| &json.0)) == Meaning::Unauthenticated;
            if fresh || logins == MOST_LOGINS || (call.retry == Retry::Never && !undone()) {
                return Ok(answer);
            }
        }
    }

    /// Sends once; twice when the signature of a query is not documented and the first guess was refused.
    async fn guess(&self, call: &Call<'_>, uuid: &str, session: Option<&Arc<Opened>>) -> Result<Answer, Failure> {
        let host = session.and_then(|session| session.host()).unwrap_or(&self.home);
        let prepared = self.prepare(call, host, uuid)?;
        let doubtful = matches!(call.caller.scheme, AuthScheme::Signature(spec) if spec.query == QuerySigning::Unknown);
        let doubtful = doubtful && prepared.query.is_some();
        let known = self.query_signing.get();
        let first = known.unwrap_or(QuerySigning::Unsigned);
        let send = async |guess| self.once(host, &prepared, Some(call.caller.scheme), call.caller, session, guess).await;
        let answer = send(first).await?;
        if !doubtful || known.is_some() {
            return Ok(answer);
        }
        if answer.status == 401 && call.retry == Retry::Idempotent {
            let second = signature::other(first);
            let retried = send(second).await?;
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

    fn prepare(&self, call: &Call<'_>, host: &Host, uuid: &str) -> Result<Prepared, Failure> {
        let mut values: Values = self.params.clone();
        values.insert(Placeholder::Uuid, uuid.into());
        values.extend(call.values.iter().map(|(name, value)| (name.clone(), value.clone())));
        let mut prepared = self.fill(&call.asked, host, values, call.caller.credential)?;
        if let Some(url) = call.following {
            prepared.path = url.path().to_owned();
            prepared.query = url.query().map(str::to_owned);
            prepared.url = url.clone();
        }
        if let Some(whole) = call.whole {
            prepared.body = Some((Media::Json, Zeroizing::new(whole.to_string().into_bytes())));
        }
        Ok(prepared)
    }

    /// Fills the templates of a request. A body alone can hold a part of the credential.
    fn fill(&self, asked: &Asked<'_>, host: &Host, mut values: Values, credential: &Secret) -> Result<Prepared, Failure> {
        let path = asked.request.path.path(&values).map_err(|error| ProviderError::Local(error.to_string()))?;
        let filled = |templates: &BTreeMap<String, Template>| -> Vec<(String, String)> {
            templates.iter().filter_map(|(name, template)| Some((name.clone(), template.text(&values)?))).collect()
        };
        let query: Vec<String> = filled(asked.query).into_iter().map(pair).collect();
        let query = (!query.is_empty()).then(|| query.join("&"));
        let headers = [filled(&self.api.headers), filled(asked.headers)].concat();
        let headers = headers.into_iter().map(|(name, value)| (name, Zeroizing::new(value))).collect();
        let json = |mut value: Value| {
            let bytes = Zeroizing::new(value.to_string().into_bytes());
            wipe(&mut value);
            bytes
        };
        let named = asked.content.map(|content| content.body().placeholders()).unwrap_or_default();
        for placeholder in named {
            if let Placeholder::Part(name) = placeholder {
                values.extend(credential.part(name).map(|part| (placeholder.clone(), Value::from(part))));
            }
        }
        let body = asked.content.map(|content| match content {
            Content::Json(body) => (Media::Json, json(body.fill(&values))),
            Content::Form(body) => (Media::Form, Zeroizing::new(body.form(&values).into_bytes())),
            Content::Patch(body) => (Media::Patch, json(body.patch(&values))),
        });
        values.iter_mut().filter(|(name, _)| matches!(name, Placeholder::Part(_))).for_each(|(_, value)| wipe(value));
        let path = format!("{}{path}", self.root);
        let query_text = query.as_deref().map(|query| format!("?{query}")).unwrap_or_default();
        let url = Url::parse(&format!("{}{path}{query_text}", host.base));
        let url = url.map_err(|error| ProviderError::Local(format!("the profile makes no URL: {error}")))?;
        Ok(Prepared { method: asked.request.method, url, path, query, headers, body, values })
    }

    async fn once(
        &self,
        host: &Host,
        prepared: &Prepared,
        scheme: Option<&AuthScheme>,
        caller: Caller<'_>,
        session: Option<&Arc<Opened>>,
        guess: QuerySigning,
    ) -> Result<Answer, Failure> {
        let mut headers: Vec<(String, Zeroizing<String>)> = prepared.headers.clone();
        if let Some(scheme) = scheme {
            headers.extend(self.authorize(scheme, caller, session.map(Arc::as_ref), prepared, guess)?);
        }
        let method = match prepared.method {
            Method::Get => transport::Method::GET,
            Method::Post => transport::Method::POST,
            Method::Put => transport::Method::PUT,
            Method::Patch => transport::Method::PATCH,
            Method::Delete => transport::Method::DELETE,
        };
        let body = prepared.body.as_ref().map(|(media, bytes)| match media {
            Media::Json => Sent::Json(bytes.to_vec()),
            Media::Form => Sent::Form(bytes.to_vec()),
            Media::Patch => Sent::Patch(bytes.to_vec()),
        });
        let answer = host.transport.send(Outgoing { method, url: prepared.url.clone(), headers, body }).await?;
        Ok(self.read(answer, prepared.url.clone(), session.cloned()))
    }

    fn read(&self, answer: Incoming, url: Url, session: Option<Arc<Opened>>) -> Answer {
        let Incoming { status, headers, body } = answer;
        let size = body.len();
        if let Some(theirs) = said::date(&headers, "date") {
            self.skew.set(Some(theirs.as_second() - (self.clock)().as_second()));
        }
        let json = answer::parse(&body);
        let refusal = self.api.errors.read(status, json.as_ref().map(|json| &json.0));
        Answer { status, headers, size, json, refusal, url, at_login: false, session }
    }

    /// Accepts nothing but success with JSON or nothing in it.
    pub fn accept(&self, answer: Answer, call: &Call<'_>) -> Result<Answer, Failure> {
        if is_success(answer.status) && !self.api.errors.refuse(&answer.refusal, answer.json.as_ref().map(|json| &json.0)) {
            if let (Some(witness), Some(json)) = (&self.witness, &answer.json) {
                witness.see(&call.asked.request.to_string(), &json.0);
            }
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

    /// What a refusal means.
    pub fn failure(&self, answer: &Answer, call: &Call<'_>) -> Failure {
        let is_secret = self.api.key.as_ref().is_some_and(|key| key.id.secret);
        let id = call.values.get(&Placeholder::Id).and_then(Value::as_str).filter(|_| is_secret);
        let given = answer.session.iter().flat_map(|session| session.given());
        let ours = [Some(call.caller.credential), call.caller.admin].into_iter().flatten().flat_map(Secret::parts).map(|(_, part)| part);
        let text = Said(&answer.refusal).without_any(ours.chain(given).chain(id));
        let text = if answer.at_login { format!("the login: {text}") } else { text };
        let error = match self.api.errors.meaning(&answer.refusal, answer.json.as_ref().map(|json| &json.0)) {
            Meaning::Unauthenticated => ProviderError::Unauthenticated(self.skew(answer, call).map_or(text.clone(), |skew| text + &skew)),
            Meaning::Forbidden => ProviderError::Forbidden(text),
            Meaning::NotFound | Meaning::Refused if answer.at_login => ProviderError::Unauthenticated(text),
            Meaning::NotFound => ProviderError::NotFound(text),
            Meaning::Refused => ProviderError::Refused(text),
            Meaning::Throttled => ProviderError::Throttled(text),
            Meaning::Unanswered => ProviderError::Unanswered(text),
        };
        Failure { retry_after: said::retry_after(&answer.headers, (self.clock)()), ..Failure::from(error) }
    }

    /// A remark on our clock, where it would explain a refused signature.
    pub fn skew(&self, answer: &Answer, call: &Call<'_>) -> Option<String> {
        if !matches!(call.caller.scheme, AuthScheme::Signature(_)) {
            return None;
        }
        let (theirs, ours) = (said::date(&answer.headers, "date")?, (self.clock)());
        let off = theirs.as_second().abs_diff(ours.as_second());
        let clocks =
            || format!("; our clock differs from the provider's by {} minutes, and signatures depend on it: set it right", off / 60);
        (off > TOLERATED_SKEW_SECONDS).then(clocks)
    }
}

impl Host {
    fn new(url: &Url, api: &HttpApi, limits: Limits) -> Result<Self, ProviderError> {
        let transport = Transport::bound_to(url, Some(api.rate), limits).map_err(|error| Failure::from(error).error)?;
        Ok(Self { transport, base: url.as_str().trim_end_matches('/').to_owned() })
    }
}

/// A call with its templates filled.
struct Prepared {
    method: Method,
    url: Url,
    /// As signatures see it.
    path: String,
    query: Option<String>,
    headers: Vec<(String, Zeroizing<String>)>,
    body: Option<(Media, Zeroizing<Vec<u8>>)>,
    values: Values,
}

/// The form of a body.
#[derive(Debug, Clone, Copy)]
enum Media {
    Json,
    Form,
    Patch,
}

fn is_success(status: u16) -> bool {
    (200..300).contains(&status)
}

fn pair((name, value): (String, String)) -> String {
    format!("{}={}", percent_encoded(&name), percent_encoded(&value))
}
