//! An emulator of PayConex's key API, written from the vendor's documentation alone. Keeps its
//! account in memory, listens on the loopback address and knows nothing of Keywright.
//!
//! ```ignore
//! let emulator = Emulator::start_in_thread(Config::default())?;
//! let admin = emulator.admin_credential_json();
//! ```

#![allow(dead_code, unused_imports, reason = "the binary and each test use a different part")]

use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{self, ConnectInfo};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tokio::sync::oneshot;

mod auth;
mod body;
mod config;
mod faults;
mod line;
mod paging;
mod reply;
mod routes;
mod scopes;
mod state;

pub use self::config::{
    AnswerFields, AuthErrors, AuthMethod, CeilingError, Config, EXAMPLE_ACCOUNT, EXAMPLE_ID, EXAMPLE_SECRET, EnabledField, Environment,
    ErrorCode, LabelRule, ListOrder, Listed, PatchScopes, SchemaStatus, ScopeList, SignedQuery, UnlistedScopes, WildcardCeiling,
};
pub use self::faults::{Fault, Order};
pub use self::state::{Key, KeySeed, RequestRecord, Route};

use self::line::{Cut, Lines};
use self::reply::{Cause, Pieces, Refusal, Reply};
use self::routes::Incoming;
use self::state::{State, random_hex};

/// The largest body which is read.
const MAX_BODY: usize = 1 << 20;

/// A running emulator; dropping it stops it.
#[derive(Debug)]
pub struct Emulator {
    shared: Shared,
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Emulator {
    /// Starts on a free port, on the runtime of the caller.
    pub async fn start(config: Config) -> io::Result<Self> {
        Self::start_on(0, config).await
    }

    /// Starts on a port, on the runtime of the caller; 0 takes a free one.
    pub async fn start_on(port: u16, config: Config) -> io::Result<Self> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let listener = tokio::net::TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let shared = Shared::new(config, address);
        let (stop, stopped) = oneshot::channel::<()>();
        tokio::spawn(serve(Lines(listener), shared.clone(), async {
            let _ = stopped.await;
        }));
        Ok(Self { shared, address, stop: Some(stop), thread: None })
    }

    /// Starts on a free port, on a thread of its own, for callers without a runtime.
    pub fn start_in_thread(config: Config) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let shared = Shared::new(config, address);
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let served = shared.clone();
        let listener = {
            let _inside = runtime.enter();
            Lines(tokio::net::TcpListener::from_std(listener)?)
        };
        let thread = thread::Builder::new().name("payconex-emulator".to_owned()).spawn(move || {
            runtime.block_on(async {
                // Every connection ends with the runtime, which ends with this thread.
                tokio::spawn(serve(listener, served, std::future::pending()));
                let _ = stopped.await;
            });
        })?;
        Ok(Self { shared, address, stop: Some(stop), thread: Some(thread) })
    }

    /// Returns scheme, host and port, such as `http://127.0.0.1:4010`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
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

impl Drop for Emulator {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
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

    fn refuse(&self, cause: Cause, message: &str) -> Reply {
        let state = self.lock();
        let trace = format!("{:032x}", state.requests.len());
        Refusal::new(cause, message).reply(&state.config, &trace)
    }
}

/// Serves until `stopped` is ready, and then ends what is under way.
async fn serve(lines: Lines, shared: Shared, stopped: impl Future<Output = ()> + Send + 'static) {
    let service = Router::new().fallback(handle).with_state(shared).into_make_service_with_connect_info::<Cut>();
    // Accepting never fails, and errors of a connection are the client's to see.
    let _ = axum::serve(lines, service).with_graceful_shutdown(stopped).await;
}

async fn handle(extract::State(shared): extract::State<Shared>, ConnectInfo(cut): ConnectInfo<Cut>, request: extract::Request) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_BODY).await else {
        return shared.refuse(Cause::Input, "the body cannot be read").into_response();
    };
    let request = Incoming::new(head.method, &head.uri, &head.headers, body);
    let (fault, latency) = {
        let mut state = shared.lock();
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
    spoil(&shared, &cut, &request, fault).await.into_response()
}

/// Answers a request with the failure ordered for it, if any.
async fn spoil(shared: &Shared, cut: &Cut, request: &Incoming, fault: Option<Fault>) -> Reply {
    let broken = || shared.refuse(Cause::Internal, "something went wrong");
    match fault {
        None => shared.answer(request),
        Some(Fault::ErrorBefore) => broken(),
        Some(Fault::ErrorAfter) => {
            shared.answer(request);
            broken()
        }
        Some(Fault::ResetBefore) => {
            cut.pull();
            broken()
        }
        Some(Fault::ResetAfter) => {
            let reply = shared.answer(request);
            cut.pull();
            reply
        }
        Some(Fault::TruncatedJson) => shared.answer(request).truncated(),
        Some(Fault::Html) => shared.answer(request).into_html(),
        Some(Fault::WithoutSecret) => shared.answer(request).without_secret(),
        Some(Fault::Throttle(wait)) => Reply::empty(StatusCode::TOO_MANY_REQUESTS).with_header("retry-after", wait.as_secs()),
        Some(Fault::ThrottleSaying(None)) => Reply::empty(StatusCode::TOO_MANY_REQUESTS),
        Some(Fault::ThrottleSaying(Some(text))) => Reply::empty(StatusCode::TOO_MANY_REQUESTS).with_header("retry-after", text),
        Some(Fault::Stall(time)) => {
            let reply = shared.answer(request);
            tokio::time::sleep(time).await;
            reply
        }
        Some(Fault::StallBody(time)) => shared.answer(request).in_pieces(
            |_| None,
            |text| {
                let (first, second) = text.split_at(text.len() / 2);
                Pieces::Halves(first.to_owned(), time, second.to_owned())
            },
        ),
        Some(Fault::Echo(status)) => shared.answer(request).echoed(status, request),
        Some(Fault::Gateway(status)) => Reply { status: code(status), ..shared.answer(request).into_html() },
        Some(Fault::Redirect(status)) => {
            shared.answer(request);
            Reply::empty(code(status)).with_header("location", "/api/v4/elsewhere")
        }
        Some(Fault::NoContent) => {
            shared.answer(request);
            Reply::empty(StatusCode::NO_CONTENT)
        }
        Some(Fault::LongLength) => shared.answer(request).in_pieces(|length| Some(length as u64 + 10), Pieces::Once),
        Some(Fault::ShortLength) => shared.answer(request).in_pieces(|length| Some(length as u64 / 2), Pieces::Once),
        Some(Fault::Enormous) => shared.answer(request).in_pieces(|_| Some(1 << 40), |_| Pieces::Endless),
        Some(Fault::Endless) => shared.answer(request).in_pieces(|_| None, |_| Pieces::Endless),
        Some(Fault::OtherId) => shared.answer(request).with_field("id", format!("api_{}", random_hex()).into()),
        Some(Fault::OtherScopes) => {
            let reply = shared.answer(request);
            let other = vec!["pcx:payments:*".to_owned()];
            if let Some(key) = shared.lock().key_mut(reply.id().unwrap_or_default()) {
                key.scopes.clone_from(&other);
            }
            reply.with_field("scopes", other.into())
        }
        Some(Fault::Twice) => {
            let reply = shared.answer(request);
            shared.repeat(&reply);
            reply
        }
        Some(Fault::TwiceErrorAfter) => {
            let reply = shared.answer(request);
            shared.repeat(&reply);
            broken()
        }
        Some(Fault::KeyComes) => {
            let reply = shared.answer(request);
            shared.key_comes();
            reply
        }
        Some(Fault::KeyGoes) => {
            let reply = shared.answer(request);
            shared.key_goes();
            reply
        }
        Some(Fault::KeysSwap) => {
            let reply = shared.answer(request);
            shared.key_goes();
            shared.key_comes();
            reply
        }
    }
}

fn code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
