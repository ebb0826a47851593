//! Calls to one forge: authenticated, bound to its host, patient with its rate limits, repeated only where that does no harm.
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use zeroize::Zeroizing;

use super::{Access, ForgeError, Patience};
use crate::model::Secret;
use crate::profile::classify::Refusal;
use crate::provider::said::{self, Said};
pub use crate::provider::transport::Method;
use crate::provider::transport::{Body, HeaderMap, Limits, Outgoing, Transport, TransportError, Url};

/// The longest answer: pages of long comments.
const LONGEST_ANSWER: usize = 64 << 20;
const MOST_TRIES: u32 = 4;
/// No call waits longer than this in all.
const LONGEST_WAIT: Duration = Duration::from_secs(300);
/// What GitHub asks for where it does not say how long.
const USUAL_WAIT: Duration = Duration::from_secs(60);
/// The first pause after an answer that did not come; doubled each time.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// Makes calls to one forge.
pub struct Caller<'a> {
    transport: Transport,
    base: String,
    token: Secret,
    headers: &'static [(&'static str, &'static str)],
    patience: &'a dyn Patience,
}

/// One request.
pub struct Request<'a> {
    pub method: Method,
    /// Path and query below the address of the API, encoded.
    pub path: &'a str,
    pub body: Option<Value>,
    pub again: Again,
}

/// Whether a request that may have acted is sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// Twice does what once does.
    Yes,
    Never,
}

/// An answer that is JSON.
pub struct Answer {
    pub headers: HeaderMap,
    pub json: Value,
}

/// What an answer says of a fault.
#[derive(Debug, Default)]
pub struct Fault {
    /// The forge's word for it.
    pub kind: Option<String>,
    pub message: Option<String>,
}

/// How a forge tells faults.
pub trait Faults {
    /// In an answer of any status; `None`: none is told.
    fn told(&self, json: &Value) -> Option<Fault>;
    /// What a fault in an answer of success means; `said` is for people.
    fn meaning(&self, fault: &Fault, said: String) -> ForgeError;
}

impl<'a> Caller<'a> {
    /// Binds the token to the origin of the API. Errors when the address is no URL, or leaves this machine without https.
    pub fn open(access: Access<'a>, headers: &'static [(&'static str, &'static str)]) -> Result<Self, ForgeError> {
        let url = Url::parse(access.url).map_err(|error| ForgeError::Local(format!("the address of the API is not a URL: {error}")))?;
        if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
            return Err(ForgeError::Local("the address of the API has more than scheme, host, port and path".to_owned()));
        }
        let limits = Limits { answer: LONGEST_ANSWER, ..Limits::default() };
        let transport = Transport::bound_to(&url, None, limits).map_err(|error| ForgeError::Local(error.to_string()))?;
        let base = access.url.trim_end_matches('/').to_owned();
        Ok(Self { transport, base, token: Secret::single(access.token), headers, patience: access.patience })
    }

    /// Sends a request until it is done, refused, or tries and patience are used up.
    pub async fn call(&self, request: &Request<'_>, faults: &dyn Faults) -> Result<Answer, ForgeError> {
        let mut waited = Duration::ZERO;
        let mut pause = FIRST_PAUSE;
        for left in (0..MOST_TRIES).rev() {
            let (error, wait) = match self.once(request, faults).await {
                Ok(answer) => return Ok(answer),
                Err(failed) => failed,
            };
            let wait = match &error {
                ForgeError::Throttled(_) => wait.unwrap_or(USUAL_WAIT),
                ForgeError::Unreachable(_) => pause,
                ForgeError::Unanswered(_) => match request.again {
                    Again::Yes => pause.max(wait.unwrap_or_default()),
                    Again::Never => return Err(error),
                },
                ForgeError::Unauthenticated(_)
                | ForgeError::Forbidden(_)
                | ForgeError::NotFound(_)
                | ForgeError::Refused(_)
                | ForgeError::Local(_) => return Err(error),
            };
            if left == 0 || waited.saturating_add(wait) > LONGEST_WAIT {
                return Err(error);
            }
            self.patience.wait(wait, &error.to_string()).await;
            waited += wait;
            pause *= 2;
        }
        Err(ForgeError::Local("no request was made".to_owned()))
    }

    async fn once(&self, request: &Request<'_>, faults: &dyn Faults) -> Result<Answer, (ForgeError, Option<Duration>)> {
        let url = Url::parse(&format!("{}{}", self.base, request.path));
        let url = url.map_err(|error| (ForgeError::Local(format!("the request makes no URL: {error}")), None))?;
        let token = self.token.part("secret").unwrap_or_default();
        let mut headers = vec![("authorization".to_owned(), Zeroizing::new(format!("Bearer {token}")))];
        headers.extend(self.headers.iter().map(|(name, value)| ((*name).to_owned(), Zeroizing::new((*value).to_owned()))));
        let body = request.body.as_ref().map(|body| Body::Json(body.to_string().into_bytes()));
        let answer = self.transport.send(Outgoing { method: request.method.clone(), url, headers, body }).await;
        let answer = answer.map_err(|error| match error {
            TransportError::NotSendable(text) => (ForgeError::Local(text), None),
            TransportError::Unreachable(text) => (ForgeError::Unreachable(text), None),
            TransportError::Unanswered(text) => (ForgeError::Unanswered(text), None),
        })?;
        let json: Option<Value> = serde_json::from_slice(&answer.body).ok();
        let fault = json.as_ref().and_then(|json| faults.told(json));
        let (kind, message) = fault.as_ref().map_or((None, None), |fault| (fault.kind.clone(), fault.message.clone()));
        let limited = message.as_ref().is_some_and(|message| message.to_lowercase().contains("rate limit"));
        let refusal = Refusal { status: answer.status, kind, message, ..Refusal::default() };
        let said = Said(&refusal).without(&self.token);
        let wait = wait_asked(&answer.headers, self.patience.now());
        let throttled = |said| Err((ForgeError::Throttled(said), wait));
        match answer.status {
            429 => throttled(said),
            403 if limited || wait.is_some() => throttled(said),
            200..300 => match (json, fault) {
                (Some(_), Some(_)) if limited => throttled(said),
                (Some(_), Some(fault)) => Err((faults.meaning(&fault, said), wait)),
                (Some(json), None) => Ok(Answer { headers: answer.headers, json }),
                (None, _) => Err((ForgeError::Unanswered(format!("{said}, but the answer is not JSON")), None)),
            },
            300..400 => Err((ForgeError::Refused(format!("{said}: redirects are not followed")), None)),
            401 => Err((ForgeError::Unauthenticated(said), None)),
            403 => Err((ForgeError::Forbidden(said), None)),
            404 | 410 => Err((ForgeError::NotFound(said), None)),
            400..500 if answer.status != 408 => Err((ForgeError::Refused(said), None)),
            _ => Err((ForgeError::Unanswered(said), wait)),
        }
    }
}

/// How long a forge asks to wait: by `Retry-After`, else until its count begins anew where nothing is left of it.
fn wait_asked(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<i64>().ok();
    let either = |names: [&str; 2]| names.into_iter().find_map(number);
    said::retry_after(headers, now).or_else(|| {
        (either(["x-ratelimit-remaining", "ratelimit-remaining"])? == 0).then_some(())?;
        let reset = either(["x-ratelimit-reset", "ratelimit-reset"])?;
        // A second more, for what was cut off.
        let seconds = reset.saturating_sub(now.as_second()).saturating_add(1);
        Some(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forges_say_how_long_to_wait() {
        let now: Timestamp = "2026-11-21T10:00:00Z".parse().expect("an instant");
        let asked = |told: &[(&'static str, String)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in told {
                headers.insert(*name, value.parse().expect("a header"));
            }
            wait_asked(&headers, now).map(|wait| wait.as_secs())
        };
        let at = |seconds: i64| (now.as_second() + seconds).to_string();
        let zero = || "0".to_owned();
        assert_eq!(asked(&[]), None);
        assert_eq!(asked(&[("retry-after", "7".to_owned()), ("x-ratelimit-remaining", zero()), ("x-ratelimit-reset", at(30))]), Some(7));
        assert_eq!(asked(&[("x-ratelimit-remaining", zero()), ("x-ratelimit-reset", at(30))]), Some(31));
        assert_eq!(asked(&[("ratelimit-remaining", zero()), ("ratelimit-reset", at(30))]), Some(31));
        assert_eq!(asked(&[("x-ratelimit-remaining", zero()), ("x-ratelimit-reset", at(-30))]), Some(0));
        assert_eq!(asked(&[("x-ratelimit-remaining", "1".to_owned()), ("x-ratelimit-reset", at(30))]), None);
        assert_eq!(asked(&[("x-ratelimit-remaining", zero()), ("x-ratelimit-reset", i64::MIN.to_string())]), Some(0));
        assert_eq!(asked(&[("x-ratelimit-remaining", zero())]), None);
    }
}
