//! The only module that opens sockets. Sends one request to the one origin it is bound to; knows no profile, retries nothing.
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
pub use reqwest::header::HeaderMap;
use reqwest::header::{HeaderName, HeaderValue};
use reqwest::{Client, redirect, retry};
pub use reqwest::{Method, Url};
use zeroize::Zeroizing;

use crate::profile::api::Rate;

/// How long is waited and how much is read. The program uses the defaults; tests that wait for the end of patience have less of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Until the connection stands.
    pub connect: Duration,
    /// From the connection to the last byte of the answer.
    pub call: Duration,
    /// The longest answer that is read, in bytes.
    pub answer: usize,
    /// No call is sent again later than this after it was first sent.
    pub retries: Duration,
    /// All pages of one listing, from the first call to the last answer.
    pub listing: Duration,
    /// The longest listing that is read, in bytes of all its pages.
    pub listed: usize,
    /// The greatest number of entries in one listing.
    pub entries: usize,
}

const MEBIBYTE: usize = 1024 * 1024;

impl Limits {
    /// What the program uses: an account with more keys than these would take longer to read than anybody waits for a plan.
    pub const USUAL: Self = Self {
        connect: Duration::from_secs(5),
        call: super::CREATE_LIMIT,
        answer: 8 * MEBIBYTE,
        retries: Duration::from_secs(10),
        listing: Duration::from_mins(15),
        listed: 256 * MEBIBYTE,
        entries: 1_000_000,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::USUAL
    }
}

/// A client for one origin (scheme, host and port), so that a credential can go nowhere else.
#[derive(Debug)]
pub struct Transport {
    client: Client,
    origin: Url,
    pace: Option<DefaultDirectRateLimiter>,
    limits: Limits,
}

/// One request, ready to be sent.
pub struct Outgoing {
    pub method: Method,
    pub url: Url,
    /// Values are never shown.
    pub headers: Vec<(String, Zeroizing<String>)>,
    pub body: Option<Body>,
}

/// What a request carries.
pub enum Body {
    Json(Vec<u8>),
    /// Fields of a form, encoded.
    Form(Vec<u8>),
    /// JSON Patch.
    Patch(Vec<u8>),
}

/// One answer. The body is wiped when dropped.
pub struct Incoming {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Zeroizing<Vec<u8>>,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// Nothing was sent, and nothing will be.
    #[error("{0}")]
    NotSendable(String),
    /// Nothing was sent.
    #[error("{0}")]
    Unreachable(String),
    /// Sent, perhaps; no whole answer came.
    #[error("{0}")]
    Unanswered(String),
}

impl Transport {
    /// Makes a client bound to the origin of `url`: `https`, or `http` on loopback.
    ///
    /// Calls off this machine follow the proxies of the environment and keep to the rate; a loopback server is nobody's shared service, and
    /// plain `http` must not leave the machine, so neither holds there.
    pub fn bound_to(url: &Url, rate: Option<Rate>, limits: Limits) -> Result<Self, TransportError> {
        let loopback = is_loopback(url);
        if url.scheme() != "https" && !(url.scheme() == "http" && loopback) {
            let host = url.host_str().unwrap_or_default();
            return Err(TransportError::NotSendable(format!("`{host}` must be called by https: http is for loopback only")));
        }
        let mut builder = Client::builder()
            .user_agent(concat!("keywright/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .referer(false)
            .https_only(!loopback)
            .connect_timeout(limits.connect);
        if loopback {
            builder = builder.no_proxy();
        }
        let client = builder.build().map_err(|error| TransportError::NotSendable(chain(error)))?;
        let pace = rate.filter(|_| !loopback).map(|rate| RateLimiter::direct(quota(rate)));
        Ok(Self { client, origin: url.clone(), pace, limits })
    }

    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// Whether a URL is of the bound origin.
    fn is_bound_to(&self, url: &Url) -> bool {
        url.scheme() == self.origin.scheme()
            && url.host() == self.origin.host()
            && url.port_or_known_default() == self.origin.port_or_known_default()
    }

    /// Waits for the rate limit, sends once and reads the whole answer, within the limits.
    ///
    /// Errors, before anything is sent, when the URL is of another origin. No answer's status is an error here, and no redirect is followed.
    pub async fn send(&self, request: Outgoing) -> Result<Incoming, TransportError> {
        if !self.is_bound_to(&request.url) {
            let host = request.url.host_str().unwrap_or_default();
            return Err(TransportError::NotSendable(format!("the credential is not for `{host}`")));
        }
        let headers = headers(request.headers)?;
        let typed = headers.contains_key("content-type");
        let mut call = self.client.request(request.method, request.url).headers(headers);
        if let Some(body) = request.body {
            let (kind, bytes) = match body {
                Body::Json(bytes) => ("application/json", bytes),
                Body::Form(bytes) => ("application/x-www-form-urlencoded", bytes),
                Body::Patch(bytes) => ("application/json-patch+json", bytes),
            };
            call = if typed { call } else { call.header("content-type", kind) }.body(bytes);
        }
        self.pace().await;
        let named = |text: String| format!("`{}`: {text}", self.origin.host_str().unwrap_or_default());
        match tokio::time::timeout(self.limits.call, exchange(call, self.limits.answer)).await {
            Ok(Err(TransportError::Unreachable(text))) => Err(TransportError::Unreachable(named(text))),
            Ok(answer) => answer,
            Err(_) => Err(TransportError::Unanswered(format!("no whole answer within {} seconds", self.limits.call.as_secs_f32()))),
        }
    }

    async fn pace(&self) {
        let Some(pace) = &self.pace else { return };
        while let Err(wait) = pace.check() {
            tokio::time::sleep(wait.wait_time_from(DefaultClock::default().now())).await;
        }
    }
}

fn quota(rate: Rate) -> Quota {
    Quota::per_second(rate.per_second).allow_burst(rate.burst)
}

fn headers(given: Vec<(String, Zeroizing<String>)>) -> Result<HeaderMap, TransportError> {
    let mut headers = HeaderMap::new();
    for (name, value) in given {
        let bad = || TransportError::NotSendable(format!("the value of `{name}` cannot be sent as a header"));
        let mut sent = HeaderValue::from_str(&value).map_err(|_| bad())?;
        sent.set_sensitive(true);
        headers.insert(HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad())?, sent);
    }
    Ok(headers)
}

async fn exchange(call: reqwest::RequestBuilder, largest: usize) -> Result<Incoming, TransportError> {
    let mut answer = call.send().await.map_err(failed)?;
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    let too_large = || TransportError::Unanswered(format!("the answer is larger than {largest} bytes"));
    let announced = answer.content_length().and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
    if announced > largest {
        return Err(too_large());
    }
    let mut body = Zeroizing::new(Vec::with_capacity(announced));
    while let Some(chunk) = answer.chunk().await.map_err(failed)? {
        if body.len() + chunk.len() > largest {
            return Err(too_large());
        }
        if body.capacity() < body.len() + chunk.len() {
            // A vector that grows by itself would leave an unwiped copy behind.
            let mut grown = Zeroizing::new(Vec::with_capacity((body.len() + chunk.len()) * 2));
            grown.extend_from_slice(&body);
            body = grown;
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Incoming { status, headers, body })
}

/// A failure before the connection stood sent nothing; after that, nobody knows.
fn failed(error: reqwest::Error) -> TransportError {
    let nothing_sent = error.is_connect() || error.is_builder();
    let text = chain(error);
    if nothing_sent { TransportError::Unreachable(text) } else { TransportError::Unanswered(text) }
}

/// The error and its causes, without the URL.
fn chain(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        let said = inner.to_string();
        if !text.contains(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        cause = inner.source();
    }
    text
}

/// Whether a URL's host is this machine itself.
pub fn is_loopback(url: &Url) -> bool {
    url.host_str().is_some_and(|host| {
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
        host == "localhost" || address.is_ok_and(|address| address.is_loopback())
    })
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;
    use std::time::Instant;

    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).expect(text)
    }

    fn bound(target: &str) -> Result<Transport, TransportError> {
        Transport::bound_to(&url(target), None, Limits::default())
    }

    fn get(target: &str) -> Outgoing {
        Outgoing { method: Method::GET, url: url(target), headers: Vec::new(), body: None }
    }

    fn rate(per_second: u32, burst: u32) -> Rate {
        let number = |n| NonZeroU32::new(n).expect("above zero");
        Rate { per_second: number(per_second), burst: number(burst) }
    }

    #[test]
    fn a_filled_path_passes_the_url_parser_unchanged() {
        let template: crate::profile::template::Template = "/keys/{id}/x".parse().expect("a template");
        let values = [(crate::profile::template::Placeholder::Id, "a/../b?c#d%2e%2e\\é".into())].into();
        let path = template.path(&values).expect("filled");
        let url = url(&format!("https://host{path}"));
        assert_eq!((url.path(), url.query(), url.fragment()), ("/keys/a%2F..%2Fb%3Fc%23d%252e%252e%5C%C3%A9/x", None, None));
    }

    #[test]
    fn http_is_for_loopback_only() {
        for good in ["https://keys.example", "http://127.0.0.1:1", "http://localhost", "http://[::1]:8080", "http://127.9.9.9"] {
            assert!(bound(good).is_ok(), "{good}");
        }
        for bad in ["http://keys.example", "http://127.0.0.1.example", "http://10.0.0.1", "ftp://127.0.0.1", "http://localhost.example"] {
            assert!(bound(bad).is_err(), "{bad}");
        }
    }

    #[tokio::test]
    async fn another_origin_is_refused_before_anything_is_sent() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let there = listener.local_addr().expect("an address");
        listener.set_nonblocking(true).expect("non-blocking");
        let transport = Transport::bound_to(&url("https://keys.example"), None, Limits::default()).expect("a transport");
        for foreign in [format!("http://{there}/"), "https://keys.example:444/".into(), "http://keys.example/".into()] {
            assert!(matches!(transport.send(get(&foreign)).await, Err(TransportError::NotSendable(_))), "{foreign}");
        }
        assert!(listener.accept().is_err());
        assert!(transport.is_bound_to(&url("https://keys.example:443/x")));
    }

    #[tokio::test]
    async fn a_refused_connection_sent_nothing_and_a_cut_one_may_have() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let target = format!("http://{}/secret-path", listener.local_addr().expect("an address"));
        let transport = Transport::bound_to(&url(&target), None, Limits::default()).expect("a transport");
        let cut = async {
            drop(listener.accept().await.expect("a connection"));
        };
        let (answer, ()) = tokio::join!(transport.send(get(&target)), cut);
        assert!(matches!(answer.err(), Some(TransportError::Unanswered(_))));
        drop(listener);
        let error = transport.send(get(&target)).await.err().expect("an error");
        assert!(
            matches!(&error, TransportError::Unreachable(text) if text.contains("refused") && !text.contains("secret-path")),
            "{error}"
        );
    }

    #[tokio::test]
    async fn a_slow_answer_and_an_endless_one_are_given_up() {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let target = format!("http://{}/", listener.local_addr().expect("an address"));
        let mut transport = Transport::bound_to(&url(&target), None, Limits::default()).expect("a transport");
        let endless = async {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            let _ = stream.read(&mut [0; 1024]).await;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await;
            let chunk = [b"10000\r\n".as_slice(), &[b'x'; 0x10000], b"\r\n"].concat();
            while stream.write_all(&chunk).await.is_ok() {}
        };
        let (answer, ()) = tokio::join!(transport.send(get(&target)), endless);
        assert!(matches!(answer.err(), Some(TransportError::Unanswered(text)) if text.contains("larger than")));
        transport.limits.call = Duration::from_millis(50);
        let error = transport.send(get(&target)).await.err().expect("an error");
        assert!(matches!(&error, TransportError::Unanswered(text) if text.contains("no whole answer within 0.05 seconds")), "{error}");
    }

    #[tokio::test]
    async fn calls_beyond_the_burst_wait() {
        let mut transport = Transport::bound_to(&url("http://127.0.0.1:1"), Some(rate(1, 1)), Limits::default()).expect("a transport");
        assert!(transport.pace.is_none());
        transport.pace = Some(RateLimiter::direct(quota(rate(20, 2))));
        let start = Instant::now();
        for _ in 0..4 {
            transport.pace().await;
        }
        assert!(start.elapsed() >= Duration::from_millis(80), "{:?}", start.elapsed());
    }
}
