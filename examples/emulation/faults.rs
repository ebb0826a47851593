//! The failures which can be ordered for coming requests. Knows no vendor's routes.

use std::str::FromStr;
use std::time::Duration;

use axum::http::Method;

/// One way in which a request goes wrong.
///
/// The failures named `After` and those which spoil the answer let the request act first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Answers 500 and does nothing.
    ErrorBefore,
    /// Acts, and answers 500.
    ErrorAfter,
    /// Resets the connection and does nothing.
    ResetBefore,
    /// Acts, and resets the connection without an answer.
    ResetAfter,
    /// Acts, and answers with the first half of the JSON. An empty answer stays as it is.
    TruncatedJson,
    /// Acts, and answers 200 with a page of HTML.
    Html,
    /// Acts, and leaves `secret` out of the answer.
    WithoutSecret,
    /// Answers 429 with `Retry-After` in whole seconds, and does nothing.
    Throttle(Duration),
    /// Answers 429 with this text as `Retry-After`, or without the header, and does nothing.
    ThrottleSaying(Option<&'static str>),
    /// Acts at once, and answers after this time.
    Stall(Duration),
    /// Acts, answers with half of the body at once, and with the rest after this time.
    StallBody(Duration),
    /// Acts, and answers with a page of HTML and this status, as a gateway does.
    Gateway(u16),
    /// Acts, and answers with this status and another place, which is no route.
    Redirect(u16),
    /// Acts, and answers 204 without a body.
    NoContent,
    /// Acts, and announces a longer body than comes.
    LongLength,
    /// Acts, and announces a shorter body than there is; the rest is not sent.
    ShortLength,
    /// Acts, and announces a body of a terabyte, which begins to come.
    Enormous,
    /// Acts, and answers with JSON that never ends.
    Endless,
    /// Acts, and answers with another id.
    OtherId,
    /// Acts, then gives the key another scope than asked for, and says so.
    OtherScopes,
    /// Makes nothing, and answers with the oldest key that is not the administrator's.
    KnownKey,
    /// Acts twice, as if a gateway had delivered the request again, and answers with what came first.
    Twice,
    /// Acts twice, and answers 500.
    TwiceErrorAfter,
    /// Answers, and then somebody makes a key.
    KeyComes,
    /// Answers, and then the oldest key that is not the administrator's is deleted.
    KeyGoes,
    /// Answers, and then both happen at once, so that there are as many keys as before.
    KeysSwap,
    /// Acts, and answers with this status and a message which repeats credential, body and answer.
    Echo(u16),
}

/// A failure for the next `times` requests which fit.
#[derive(Clone, Debug)]
pub struct Order<Route> {
    /// What goes wrong.
    pub fault: Fault,
    /// The method of the requests.
    pub method: Method,
    /// The route of the requests; any when absent.
    pub route: Option<Route>,
    /// How many requests are left to spoil.
    pub times: u32,
}

impl<Route> FromStr for Order<Route> {
    type Err = String;

    /// Reads `fault:METHOD:times`; `throttle`, `stall` and `stall-body` carry a time, as in `stall=5s:POST:1`;
    /// `echo`, `gateway` and `redirect` a status.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = text.split(':');
        let (Some(fault), Some(method), Some(times), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
            return Err(format!("`{text}` is not of the form `fault:METHOD:times`"));
        };
        let fault = match fault.split_once('=') {
            Some(("throttle", time)) => Fault::Throttle(duration(time)?),
            Some(("stall", time)) => Fault::Stall(duration(time)?),
            Some(("stall-body", time)) => Fault::StallBody(duration(time)?),
            Some(("echo", code)) => Fault::Echo(status(code)?),
            Some(("gateway", code)) => Fault::Gateway(status(code)?),
            Some(("redirect", code)) => Fault::Redirect(status(code)?),
            Some((name, _)) => return Err(format!("no fault `{name}` takes a value")),
            None => match fault {
                "error-before" => Fault::ErrorBefore,
                "error-after" => Fault::ErrorAfter,
                "reset-before" => Fault::ResetBefore,
                "reset-after" => Fault::ResetAfter,
                "truncated-json" => Fault::TruncatedJson,
                "html" => Fault::Html,
                "without-secret" => Fault::WithoutSecret,
                "throttle" => Fault::ThrottleSaying(None),
                "no-content" => Fault::NoContent,
                "long-length" => Fault::LongLength,
                "short-length" => Fault::ShortLength,
                "enormous" => Fault::Enormous,
                "endless" => Fault::Endless,
                "other-id" => Fault::OtherId,
                "other-scopes" => Fault::OtherScopes,
                "known-key" => Fault::KnownKey,
                "twice" => Fault::Twice,
                "twice-error-after" => Fault::TwiceErrorAfter,
                "key-comes" => Fault::KeyComes,
                "key-goes" => Fault::KeyGoes,
                "keys-swap" => Fault::KeysSwap,
                _ => return Err(format!("there is no fault `{fault}`")),
            },
        };
        Ok(Self {
            fault,
            method: method.parse().map_err(|_| format!("`{method}` is not a method"))?,
            route: None,
            times: times.parse().map_err(|_| format!("`{times}` is not a number of times"))?,
        })
    }
}

fn status(text: &str) -> Result<u16, String> {
    text.parse().map_err(|_| format!("`{text}` is not a status"))
}

/// The failures still to come, in the order in which they were given.
#[derive(Debug)]
pub struct Orders<Route>(Vec<Order<Route>>);

impl<Route> Default for Orders<Route> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<Route: Copy + PartialEq> Orders<Route> {
    /// Adds a failure behind those which wait.
    pub fn push(&mut self, order: Order<Route>) {
        self.0.push(order);
    }

    /// Takes the first failure which fits, once.
    pub fn take(&mut self, method: &Method, route: Route) -> Option<Fault> {
        self.0.retain(|order| order.times > 0);
        let order = self.0.iter_mut().find(|order| order.method == *method && order.route.is_none_or(|wanted| wanted == route))?;
        order.times -= 1;
        Some(order.fault)
    }

    /// Forgets every failure to come.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

/// Reads a length of time such as `20ms` or `1m 30s`.
pub fn duration(text: &str) -> Result<Duration, String> {
    let read: jiff::SignedDuration =
        text.parse().map_err(|error: jiff::Error| format!("cannot read `{text}` as a length of time: {error}"))?;
    Duration::try_from(read).map_err(|_| format!("`{text}` is a negative length of time"))
}
