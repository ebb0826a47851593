//! What every emulator here has: a listener, a clock, a log, failures to come. Knows no vendor's rules.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::{Bytes, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use reqwest::Url;
use serde_json::{Value, json};

use super::answer::{Content, Reply};
use super::faults::{Fault, Order, Orders};
use super::line::Cut;
use super::serving::{Serve, Server};
use super::spoiling::spoil;

/// The largest body which is read.
const MAX_BODY: usize = 1 << 20;

/// A request which reached an emulator, whatever became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestRecord<Route> {
    /// The operation.
    pub route: Route,
    /// The method.
    pub method: Method,
    /// Path and query as sent.
    pub path: String,
    /// The status of the answer; 0 until there is one.
    pub status: u16,
}

/// A clock that several emulators read.
#[derive(Clone, Debug, Default)]
pub struct Clock(Arc<Mutex<SignedDuration>>);

impl Clock {
    /// Reads the clock.
    pub fn now(&self) -> Timestamp {
        let offset = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Timestamp::now().saturating_add(offset).unwrap_or(Timestamp::MAX)
    }

    /// Sets how far the clock is ahead of the system's.
    pub fn set_offset(&self, offset: SignedDuration) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = offset;
    }
}

/// A request with its whole body.
#[derive(Debug)]
pub struct Incoming {
    /// The method.
    pub method: Method,
    /// The path as sent.
    pub path: String,
    /// The query string as sent.
    pub query: Option<String>,
    /// All headers.
    pub headers: HeaderMap,
    /// The exact bytes of the body.
    pub body: Bytes,
}

impl Incoming {
    /// Returns path and query as sent.
    pub fn target(&self) -> String {
        match &self.query {
            Some(query) => format!("{}?{query}", self.path),
            None => self.path.clone(),
        }
    }

    /// Returns a header that came once.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next()?.to_str().ok()?;
        values.next().is_none().then_some(value)
    }

    /// Returns the credential of the one `Authorization` header, under exactly this scheme.
    pub fn credential(&self, scheme: &str) -> Option<&str> {
        self.header("authorization")?.strip_prefix(scheme)?.strip_prefix(' ').filter(|token| !token.is_empty())
    }

    /// Returns the parameters of the query string, decoded.
    pub fn parameters(&self) -> Vec<(String, String)> {
        pairs(self.query.as_deref().unwrap_or_default())
    }

    /// Returns the first parameter of this name, decoded.
    pub fn parameter(&self, name: &str) -> Option<String> {
        self.parameters().into_iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// Returns the parts of the path, decoded one by one.
    pub fn segments(&self) -> Vec<String> {
        let decode = |part: &str| pairs(&format!("part={}", part.replace('+', "%2B").replace('&', "%26"))).remove(0).1;
        self.path.split('/').skip(1).map(decode).collect()
    }

    /// Reads a body that says it is a form.
    pub fn form(&self) -> Option<BTreeMap<String, String>> {
        let text = std::str::from_utf8(&self.body).ok()?;
        self.has_type("application/x-www-form-urlencoded").then(|| pairs(text).into_iter().collect())
    }

    /// Reads a body that says it is JSON.
    pub fn json(&self) -> Option<Value> {
        self.has_type("application/json").then(|| serde_json::from_slice(&self.body).ok())?
    }

    /// Reads a body that is JSON, whatever it says it is.
    pub fn json_anyway(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    fn has_type(&self, wanted: &str) -> bool {
        let kind = self.header(header::CONTENT_TYPE.as_str()).and_then(|kind| kind.split(';').next());
        kind.is_some_and(|kind| kind.trim().eq_ignore_ascii_case(wanted))
    }
}

fn pairs(text: &str) -> Vec<(String, String)> {
    let mut url = Url::parse("http://localhost/").expect("the address is one");
    url.set_query(Some(text));
    url.query_pairs().into_owned().collect()
}

/// What a vendor does with a request.
#[derive(Debug)]
pub enum Outcome {
    /// Answers.
    Reply(Reply),
    /// Asks elsewhere, and hands on what comes.
    Forward(Box<reqwest::Request>),
}

/// A vendor's rules and what it remembers.
pub trait Vendor: Send + 'static {
    /// The operations.
    type Route: Copy + PartialEq + fmt::Debug + Send + 'static;

    /// What the thread is called.
    const NAME: &'static str;

    /// Tells what a request stands for.
    fn route(&self, request: &Incoming) -> Self::Route;

    /// Does what a request asks for, or refuses it.
    fn answer(&mut self, route: Self::Route, request: &Incoming, now: Timestamp) -> Outcome;

    /// Does what a person does in the vendor's web pages; such requests are neither recorded nor spoilt.
    fn by_hand(&mut self, _request: &Incoming, _now: Timestamp) -> Option<Reply> {
        None
    }

    /// Answers 500 as the vendor does.
    fn broken(&self) -> Reply {
        Reply::json(StatusCode::INTERNAL_SERVER_ERROR, json!({"message": "something went wrong"}))
    }
}

#[derive(Debug)]
struct Desk<V: Vendor> {
    vendor: V,
    requests: Vec<RequestRecord<V::Route>>,
    orders: Orders<V::Route>,
    latency: Duration,
}

#[derive(Debug)]
struct Front<V: Vendor> {
    desk: Arc<Mutex<Desk<V>>>,
    clock: Clock,
}

impl<V: Vendor> Clone for Front<V> {
    fn clone(&self) -> Self {
        Self { desk: self.desk.clone(), clock: self.clock.clone() }
    }
}

impl<V: Vendor> Front<V> {
    fn new(vendor: V, clock: Clock) -> Self {
        let desk = Desk { vendor, requests: Vec::new(), orders: Orders::default(), latency: Duration::ZERO };
        Self { desk: Arc::new(Mutex::new(desk)), clock }
    }

    fn lock(&self) -> MutexGuard<'_, Desk<V>> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn act(&self, route: V::Route, request: &Incoming) -> Reply {
        let outcome = self.lock().vendor.answer(route, request, self.clock.now());
        match outcome {
            Outcome::Reply(reply) => reply,
            Outcome::Forward(request) => match forwarder().execute(*request).await {
                Ok(answer) => handed_on(answer).await,
                Err(_) => Reply::json(StatusCode::BAD_GATEWAY, json!({"error": {"code": "bad_gateway", "message": "no answer"}})),
            },
        }
    }
}

/// Returns a client that keeps no connection, so that every runtime can use it.
fn forwarder() -> &'static reqwest::Client {
    static CLIENT: LazyLock<reqwest::Client> = LazyLock::new(|| {
        let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).pool_max_idle_per_host(0);
        client.build().expect("a client without special wishes can be built")
    });
    &CLIENT
}

/// Takes over an answer from elsewhere as it was.
async fn handed_on(answer: reqwest::Response) -> Reply {
    let status = answer.status();
    let header = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let headers = ["x-brex-trace-id", "retry-after"].into_iter().filter_map(|name| Some((name, header(name)?))).collect();
    let text = answer.text().await.unwrap_or_default();
    let content = match serde_json::from_str(&text) {
        Ok(value) => Content::Json(value),
        Err(_) if text.is_empty() => Content::Empty,
        Err(_) => Content::Text("text/plain", text),
    };
    Reply { status, headers, content }
}

impl<V: Vendor> Serve for Front<V> {
    async fn handle(self, cut: Cut, request: Request) -> Response {
        let (head, body) = request.into_parts();
        let Ok(body) = to_bytes(body, MAX_BODY).await else {
            return Reply::empty(StatusCode::PAYLOAD_TOO_LARGE).into_response();
        };
        let (path, query) = (head.uri.path().to_owned(), head.uri.query().map(str::to_owned));
        let request = Incoming { method: head.method, path, query, headers: head.headers, body };
        let (route, place, fault, latency) = {
            let mut desk = self.lock();
            if let Some(reply) = desk.vendor.by_hand(&request, self.clock.now()) {
                return reply.into_response();
            }
            let route = desk.vendor.route(&request);
            desk.requests.push(RequestRecord { route, method: request.method.clone(), path: request.target(), status: 0 });
            (route, desk.requests.len() - 1, desk.orders.take(&request.method, route), desk.latency)
        };
        if !latency.is_zero() {
            tokio::time::sleep(latency).await;
        }
        let sent = format!("{} for {}", request.header("authorization").unwrap_or_default(), String::from_utf8_lossy(&request.body));
        let broken = || self.lock().vendor.broken();
        let reply = spoil(fault, &cut, &sent, self.act(route, &request), broken, |_, reply| reply).await;
        if let Some(record) = self.lock().requests.get_mut(place) {
            record.status = reply.status.as_u16();
        }
        reply.into_response()
    }
}

/// A running emulator; dropping it stops it.
#[derive(Debug)]
pub struct Emulated<V: Vendor> {
    front: Front<V>,
    server: Server,
}

impl<V: Vendor> Emulated<V> {
    /// Starts on a port, on the runtime of the caller; `make` is told the URL.
    pub async fn start_on(port: u16, clock: &Clock, make: impl FnOnce(String) -> V) -> io::Result<Self> {
        let make = |address: SocketAddr| Front::new(make(format!("http://{address}")), clock.clone());
        let (front, server) = Server::start_on(port, make).await?;
        Ok(Self { front, server })
    }

    /// Starts on a free port, on a thread of its own; `make` is told the URL.
    pub fn start_in_thread(clock: &Clock, make: impl FnOnce(String) -> V) -> io::Result<Self> {
        let make = |address: SocketAddr| Front::new(make(format!("http://{address}")), clock.clone());
        let (front, server) = Server::start_in_thread(V::NAME, make)?;
        Ok(Self { front, server })
    }

    /// Returns scheme, host and port, such as `http://127.0.0.1:4021`.
    pub fn url(&self) -> String {
        format!("http://{}", self.server.address())
    }

    /// Returns what was asked, oldest first.
    pub fn requests(&self) -> Vec<RequestRecord<V::Route>> {
        self.front.lock().requests.clone()
    }

    /// Returns how many requests were made to a route.
    pub fn count(&self, route: V::Route) -> usize {
        self.front.lock().requests.iter().filter(|request| request.route == route).count()
    }

    /// Forgets what was asked.
    pub fn forget_requests(&self) {
        self.front.lock().requests.clear();
    }

    /// Orders a failure for the next `times` requests of a method, behind those already ordered.
    pub fn inject(&self, fault: Fault, method: Method, times: u32) {
        self.order(Order { fault, method, route: None, times });
    }

    /// Orders a failure, which may be bound to a route.
    pub fn order(&self, order: Order<V::Route>) {
        self.front.lock().orders.push(order);
    }

    /// Forgets the failures still to come.
    pub fn clear_faults(&self) {
        self.front.lock().orders.clear();
    }

    /// Makes every answer take at least this long.
    pub fn set_latency(&self, latency: Duration) {
        self.front.lock().latency = latency;
    }

    /// Reads the emulator's clock.
    pub fn now(&self) -> Timestamp {
        self.front.clock.now()
    }

    /// Looks at or changes the vendor by hand.
    pub fn with<T>(&self, act: impl FnOnce(&mut V) -> T) -> T {
        act(&mut self.front.lock().vendor)
    }
}

/// Draws letters and digits.
pub fn random_word(length: usize) -> String {
    const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut bytes = vec![0; length];
    getrandom::fill(&mut bytes).expect("the system has a source of randomness");
    bytes.iter().map(|byte| char::from(LETTERS[usize::from(*byte) % LETTERS.len()])).collect()
}
