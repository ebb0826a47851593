//! The call before the others, where a provider wants one: what it gave, for how long, and which host it named. Knows no key.
use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::sync::Mutex;
use zeroize::Zeroizing;

use super::{Answer, Caller, Exchange, Failure, Host, is_success};
use crate::profile::auth::{Lasts, Login, QuerySigning};
use crate::provider::{ProviderError, address};

/// What lasts longer is taken for for ever.
const LONGEST_SECONDS: i64 = 10 * 366 * 86_400;
/// What ends so soon is not begun with any more, in seconds; of short ones a tenth.
const MARGIN_SECONDS: i64 = 30;

/// What one credential's login gave, as long as it lasts. Empty until the first call that needs it.
#[derive(Default)]
pub struct Session(Mutex<Option<Arc<Opened>>>);

/// What a login gave.
pub struct Opened {
    given: BTreeMap<String, Zeroizing<String>>,
    until: Option<Timestamp>,
    host: Option<Host>,
}

/// What there is to authenticate with.
pub(super) enum Standing {
    /// The scheme needs no login.
    Unneeded,
    /// `fresh`: made just now.
    Open { opened: Arc<Opened>, fresh: bool },
    /// The provider refused the login itself; its answer stands for that to the call, which was not sent.
    Refused(Box<Answer>),
}

impl Opened {
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.given.get(name).map(|value| value.as_str())
    }

    pub(super) fn host(&self) -> Option<&Host> {
        self.host.as_ref()
    }

    /// Every value, to keep it out of what is repeated.
    pub(super) fn given(&self) -> impl Iterator<Item = &str> {
        self.given.values().map(|value| value.as_str())
    }
}

impl Session {
    /// Drops what a login gave, unless another one has taken its place.
    pub(super) async fn forget(&self, opened: &Arc<Opened>) {
        let mut held = self.0.lock().await;
        if held.as_ref().is_some_and(|now| Arc::ptr_eq(now, opened)) {
            *held = None;
        }
    }
}

impl Exchange {
    /// What the caller's login gave; made now where there is none that lasts.
    ///
    /// Expected flow: the first call logs in, the others wait for it and share what it gave. Guarantees: the credential goes to the login's host
    /// alone, what it gave to that host, the API's, or one that the profile lists. Assumptions: a login changes nothing. Caveats: copies that
    /// the HTTP client makes of a body cannot be wiped. Errors: [`ProviderError::Unreachable`], since the call itself was not sent.
    pub(super) async fn login(&self, caller: Caller<'_>) -> Result<Standing, Failure> {
        let Some(login) = self.api.auth.login.as_deref().filter(|_| caller.scheme.needs_login()) else { return Ok(Standing::Unneeded) };
        let mut held = caller.session.0.lock().await;
        if let Some(opened) = held.as_ref().filter(|opened| opened.until.is_none_or(|until| (self.clock)() < until)) {
            return Ok(Standing::Open { opened: opened.clone(), fresh: false });
        }
        *held = None;
        let mut answer = self.log_in(login, caller).await.map_err(unsent)?;
        if matches!(answer.status, 400 | 401 | 403) {
            answer.at_login = true;
            return Ok(Standing::Refused(Box::new(answer)));
        }
        if !is_success(answer.status) {
            return Err(failed(&format!("status {}", answer.status)));
        }
        let opened = Arc::new(self.opened(login, answer)?);
        *held = Some(opened.clone());
        Ok(Standing::Open { opened, fresh: true })
    }

    async fn log_in(&self, login: &Login, caller: Caller<'_>) -> Result<Answer, Failure> {
        let host = self.login.as_ref().unwrap_or(&self.home);
        let prepared = self.fill(&login.asked(), host, self.params.clone(), caller.credential)?;
        let scheme = login.with.as_ref().map(|name| {
            let unknown = || ProviderError::Local(format!("`auth` has no scheme `{name}`"));
            self.api.auth.schemes.get(name).ok_or_else(unknown)
        });
        self.once(host, &prepared, scheme.transpose()?, caller, None, QuerySigning::Unsigned).await
    }

    /// Takes what the profile names out of a login's answer.
    fn opened(&self, login: &Login, mut answer: Answer) -> Result<Opened, Failure> {
        let json = &mut answer.json.as_mut().ok_or_else(|| useless("the answer is not JSON"))?.0;
        let seconds = match &login.lasts {
            None => None,
            Some(Lasts::For(span)) => Some(i64::try_from(span.as_seconds()).unwrap_or(i64::MAX)),
            Some(Lasts::Told(told)) => told.body.of(json).and_then(whole_seconds),
        };
        let until = seconds.filter(|seconds| *seconds <= LONGEST_SECONDS).and_then(|seconds| {
            let margin = MARGIN_SECONDS.min(seconds / 10);
            (self.clock)().checked_add(SignedDuration::from_secs(seconds - margin)).ok()
        });
        let host = match login.base.as_ref().filter(|_| !self.fixed) {
            None => None,
            Some(base) => {
                let text = base.at.of(json).and_then(Value::as_str).ok_or_else(|| useless("the answer names no host"))?;
                let url = address::parse(text, "host of the login's answer").map_err(|error| useless(&error.to_string()))?;
                let name = url.host_str().unwrap_or_default();
                if !base.lists(name) {
                    return Err(useless(&format!("the answer names the host `{name}`, which the profile does not list")));
                }
                Some(Host::new(&url, &self.api, self.home.transport.limits())?)
            }
        };
        let mut given = BTreeMap::new();
        for (name, at) in &login.give {
            let value = match at.of_mut(json) {
                Some(Value::String(text)) if !text.is_empty() => std::mem::take(text),
                Some(Value::Number(number)) => number.to_string(),
                Some(Value::Null | Value::Bool(_) | Value::String(_) | Value::Array(_) | Value::Object(_)) | None => {
                    return Err(useless(&format!("the answer gives no `{name}`")));
                }
            };
            given.insert(name.clone(), Zeroizing::new(value));
        }
        if given.values().any(|value| value.chars().any(char::is_control)) {
            return Err(useless("what the answer gives cannot be sent"));
        }
        Ok(Opened { given, until, host })
    }
}

/// Seconds as a number or a text.
fn whole_seconds(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.trim().parse().ok()).filter(|seconds| *seconds >= 0)
}

/// A login that did not work, told as what it means for the call: it was not sent.
fn failed(why: &str) -> Failure {
    ProviderError::Unreachable(format!("the login did not work: {why}")).into()
}

/// The same, where the answer itself is of no use and another one would not be either.
fn useless(why: &str) -> Failure {
    Failure { again: false, ..failed(why) }
}

fn unsent(failure: Failure) -> Failure {
    match failure.error {
        ProviderError::Unanswered(why) => failed(&why),
        ProviderError::Unauthenticated(_)
        | ProviderError::Forbidden(_)
        | ProviderError::NotFound(_)
        | ProviderError::Refused(_)
        | ProviderError::Throttled(_)
        | ProviderError::Unreachable(_)
        | ProviderError::Unsupported(_)
        | ProviderError::Local(_) => failure,
    }
}
