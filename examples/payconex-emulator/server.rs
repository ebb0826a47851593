//! An emulator of PayConex's key API, written from the vendor's documentation alone. Keeps its
//! account in memory, listens on the loopback address and knows nothing of Keywright.
//!
//! ```ignore
//! let emulator = Emulator::start_in_thread(Config::default())?;
//! let admin = emulator.admin_credential_json();
//! ```

#![allow(dead_code, unused_imports, reason = "the binary and each test use a different part")]

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::to_bytes;
use axum::extract;
use axum::http::Method;
use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

#[path = "../emulation/answer.rs"]
mod answer;
mod auth;
mod body;
mod config;
#[path = "../emulation/faults.rs"]
mod faults;
#[path = "../emulation/line.rs"]
mod line;
mod paging;
mod reply;
mod routes;
mod scopes;
#[path = "../emulation/serving.rs"]
mod serving;
#[path = "../emulation/spoiling.rs"]
mod spoiling;
mod state;

pub use self::config::{
    AnswerFields, AuthErrors, AuthMethod, CeilingError, Config, EXAMPLE_ACCOUNT, EXAMPLE_ID, EXAMPLE_SECRET, EnabledField, Environment,
    ErrorCode, LabelRule, ListOrder, Listed, PatchScopes, SchemaStatus, ScopeList, SignedQuery, UnlistedScopes, WildcardCeiling,
};
pub use self::faults::Fault;
pub use self::state::{Key, KeySeed, RequestRecord, Route};

use self::line::Cut;
use self::reply::{Cause, Refusal, Reply};
use self::routes::Incoming;
use self::serving::{Serve, Server};
use self::state::{State, random_hex};

/// A failure for the next requests which fit.
pub type Order = faults::Order<Route>;

/// The largest body which is read.
const MAX_BODY: usize = 1 << 20;

/// A running emulator; dropping it stops it.
#[derive(Debug)]
pub struct Emulator {
    shared: Shared,
    server: Server,
}

impl Emulator {
    /// Starts on a free port, on the runtime of the caller.
    pub async fn start(config: Config) -> io::Result<Self> {
        Self::start_on(0, config).await
    }

    /// Starts on a port, on the runtime of the caller; 0 takes a free one.
    pub async fn start_on(port: u16, config: Config) -> io::Result<Self> {
        let (shared, server) = Server::start_on(port, |address| Shared::new(config, address)).await?;
        Ok(Self { shared, server })
    }

    /// Starts on a free port, on a thread of its own, for callers without a runtime.
    pub fn start_in_thread(config: Config) -> io::Result<Self> {
        let (shared, server) = Server::start_in_thread("payconex-emulator", |address| Shared::new(config, address))?;
        Ok(Self { shared, server })
    }

    /// Returns scheme, host and port, such as `http://127.0.0.1:4010`.
    pub fn url(&self) -> String {
        format!("http://{}", self.server.address())
    }

    /// Returns where the API begins: [`Emulator::url`] and `/api/v4`.
    pub fn api_base(&self) -> String {
        format!("{}{}", self.url(), routes::ROOT)
    }

    /// Returns the administrator credential as the portal's copy button gives it.
    pub fn admin_credential_json(&self) -> String {
        let state = self.shared.lock();
        json!({"id": state.config.admin_id, "secret": state.config.admin_secret}).to_string()
    }

    /// Returns the id of the administrator key.
    pub fn admin_id(&self) -> String {
        self.shared.lock().config.admin_id.clone()
    }

    /// Returns the account's 12 digits.
    pub fn account_id(&self) -> String {
        self.shared.lock().config.account_id.clone()
    }

    /// Returns all keys, oldest first; the administrator key is the first.
    pub fn keys(&self) -> Vec<Key> {
        self.shared.lock().keys().cloned().collect()
    }

    /// Returns a key.
    pub fn key(&self, id: &str) -> Option<Key> {
        self.shared.lock().key(id).cloned()
    }

    /// Returns the keys with this label, oldest first.
    pub fn keys_labelled(&self, label: &str) -> Vec<Key> {
        let state = self.shared.lock();
        state.keys().filter(|key| key.label == label).cloned().collect()
    }

    /// Returns what was asked, oldest first.
    pub fn requests(&self) -> Vec<RequestRecord> {
        self.shared.lock().requests.clone()
    }

    /// Returns how many requests were made to a route.
    pub fn count(&self, route: Route) -> usize {
        let state = self.shared.lock();
        state.requests.iter().filter(|request| request.route == route).count()
    }

    /// Forgets what was asked.
    pub fn forget_requests(&self) {
        self.shared.lock().requests.clear();
    }

    /// Adds a key as if someone had made it in the portal, unchecked, and returns it.
    pub fn add_key(&self, seed: KeySeed) -> Key {
        let mut state = self.shared.lock();
        let key = state.made_by_hand(seed);
        state.insert(key.clone());
        key
    }

    /// Changes a key by hand; false when there is none of this id, which must not be changed.
    pub fn change_key(&self, id: &str, change: impl FnOnce(&mut Key)) -> bool {
        self.shared.lock().key_mut(id).map(change).is_some()
    }

    /// Disables a key by hand; false when there is none.
    pub fn disable_key(&self, id: &str) -> bool {
        self.change_key(id, |key| key.enabled = false)
    }

    /// Deletes a key by hand; false when there is none.
    pub fn delete_key(&self, id: &str) -> bool {
        self.shared.lock().remove(id).is_some()
    }

    /// Gives the administrator key these scopes and no others.
    pub fn set_admin_scopes<'a>(&self, scopes: impl IntoIterator<Item = &'a str>) {
        let scopes = scopes.into_iter().map(str::to_owned).collect();
        self.change_key(&self.admin_id(), |key| key.scopes = scopes);
    }

    /// Reads the emulator's clock.
    pub fn now(&self) -> Timestamp {
        self.shared.lock().now()
    }

    /// Sets how far the emulator's clock is ahead of the system's; negative when behind.
    pub fn set_clock_offset(&self, offset: SignedDuration) {
        self.shared.lock().clock_offset = offset;
    }

    /// Turns knobs while the emulator runs. Those which make the administrator key come too late.
    pub fn configure(&self, change: impl FnOnce(&mut Config)) {
        change(&mut self.shared.lock().config);
    }

    /// Orders a failure for the next `times` requests of a method, behind those already ordered.
    pub fn inject(&self, fault: Fault, method: Method, times: u32) {
        self.order(Order { fault, method, route: None, times });
    }

    /// Orders a failure, which may be bound to a route.
    pub fn order(&self, order: Order) {
        self.shared.lock().orders.push(order);
    }

    /// Forgets the failures still to come.
    pub fn clear_faults(&self) {
        self.shared.lock().orders.clear();
    }
}

/// The account, as the server and its owner share it.
#[derive(Clone, Debug)]
struct Shared(Arc<Mutex<State>>);

impl Shared {
    fn new(config: Config, address: SocketAddr) -> Self {
        let state = State::new(config, format!("http://{address}"));
        Self(Arc::new(Mutex::new(state)))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers a request from the account as it is now.
    fn answer(&self, request: &Incoming) -> Reply {
        routes::answer(&mut self.lock(), request)
    }

    /// Makes the key of an answer once more, under an id and a secret of its own.
    fn repeat(&self, reply: &Reply) {
        let mut state = self.lock();
        if let Some(key) = state.key(reply.id().unwrap_or_default()).cloned() {
            state.insert(Key { id: format!("api_{}", random_hex()), secret: random_hex(), ..key });
        }
    }

    /// Somebody makes a key in the portal.
    fn key_comes(&self) {
        let mut state = self.lock();
        let key = state.made_by_hand(KeySeed::new("made meanwhile", ["pcx:webhooks:read"]));
        state.insert(key);
    }

    /// Somebody deletes the oldest key but the administrator's.
    fn key_goes(&self) {
        let mut state = self.lock();
        let oldest = state.keys().find(|key| key.id != state.config.admin_id).map(|key| key.id.clone());
        oldest.and_then(|id| state.remove(&id));
    }

    /// The answer to a create, as if the oldest key but the administrator's were what it made.
    fn instead(&self, reply: Reply) -> Reply {
        let mut state = self.lock();
        state.remove(reply.id().unwrap_or_default());
        let oldest = state.keys().find(|key| key.id != state.config.admin_id).cloned();
        let Some(oldest) = oldest else { return reply };
        reply.with_field("id", oldest.id.into()).with_field("label", oldest.label.into()).with_field("scopes", oldest.scopes.into())
    }

    /// Does what a failure does to the account beside the request.
    fn meddle(&self, fault: Fault, reply: Reply) -> Reply {
        match fault {
            Fault::OtherId => return reply.with_field("id", format!("api_{}", random_hex()).into()),
            Fault::OtherScopes => {
                let other = vec!["pcx:payments:*".to_owned()];
                if let Some(key) = self.lock().key_mut(reply.id().unwrap_or_default()) {
                    key.scopes.clone_from(&other);
                }
                return reply.with_field("scopes", other.into());
            }
            Fault::KnownKey => return self.instead(reply),
            Fault::Twice | Fault::TwiceErrorAfter => self.repeat(&reply),
            Fault::KeyComes => self.key_comes(),
            Fault::KeyGoes => self.key_goes(),
            Fault::KeysSwap => {
                self.key_goes();
                self.key_comes();
            }
            Fault::ErrorBefore
            | Fault::ErrorAfter
            | Fault::ResetBefore
            | Fault::ResetAfter
            | Fault::TruncatedJson
            | Fault::Html
            | Fault::WithoutSecret
            | Fault::Throttle(_)
            | Fault::ThrottleSaying(_)
            | Fault::Stall(_)
            | Fault::StallBody(_)
            | Fault::Gateway(_)
            | Fault::Redirect(_)
            | Fault::NoContent
            | Fault::LongLength
            | Fault::ShortLength
            | Fault::Enormous
            | Fault::Endless
            | Fault::Echo(_) => {}
        }
        reply
    }

    fn refuse(&self, cause: Cause, message: &str) -> Reply {
        let state = self.lock();
        let trace = format!("{:032x}", state.requests.len());
        Refusal::new(cause, message).reply(&state.config, &trace)
    }
}

impl Serve for Shared {
    async fn handle(self, cut: Cut, request: extract::Request) -> Response {
        let (head, body) = request.into_parts();
        let Ok(body) = to_bytes(body, MAX_BODY).await else {
            return self.refuse(Cause::Input, "the body cannot be read").into_response();
        };
        let request = Incoming::new(head.method, &head.uri, &head.headers, body);
        let (fault, latency) = {
            let mut state = self.lock();
            state.requests.push(RequestRecord { route: request.route, method: request.method.clone(), path: request.target() });
            if state.config.admin_requests.is_some_and(|most| state.requests.len() > most) {
                let id = state.config.admin_id.clone();
                state.key_mut(&id).into_iter().for_each(|key| key.enabled = false);
            }
            let fault = state.orders.take(&request.method, request.route);
            (fault, state.config.latency)
        };
        if !latency.is_zero() {
            tokio::time::sleep(latency).await;
        }
        let sent = format!("{} for {}", request.authorization.join(" "), String::from_utf8_lossy(&request.body));
        let broken = || self.refuse(Cause::Internal, "something went wrong");
        let meddle = |fault, reply| self.meddle(fault, reply);
        spoiling::spoil(fault, &cut, &sent, async { self.answer(&request) }, broken, meddle).await.into_response()
    }
}
