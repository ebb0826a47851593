//! A small vendor whose API is the one that a fresh profile describes, and its bad habits.
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

pub const ADMIN: &str = "acme-example-admin-token";

/// What it does otherwise than a profile would expect.
#[derive(Debug, Clone, Copy, Default)]
pub struct Habits {
    pub ignores_labels: bool,
    pub expands_scopes: bool,
    pub ends_an_hour_later: bool,
    pub forgets_the_end_by_an_edit: bool,
    pub unknown_is_400: bool,
    pub deletes_nothing: bool,
    pub takes_anybody: bool,
    pub breaks_the_create: bool,
    pub lists_poorly: bool,
    pub slow: bool,
}

/// A running server; it lives as long as the tests.
pub struct Acme {
    pub url: String,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    habits: Habits,
    keys: BTreeMap<u32, Value>,
    made: u32,
    asked: Vec<String>,
    tokens: Vec<String>,
}

impl Acme {
    /// Starts with `keys` keys.
    pub fn start(habits: Habits, keys: u32) -> Self {
        let state = Arc::new(Mutex::new(State { habits, ..State::default() }));
        for number in 0..keys {
            state.lock().expect("no panic").make(&json!({"name": format!("key {number}"), "scopes": ["read"]}));
        }
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.set_nonblocking(true).expect("non-blocking");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let served = state.clone();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async move {
                let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
                let app = axum::Router::new().fallback(move |method: Method, uri: Uri, headers: HeaderMap, body: Bytes| {
                    let (slow, answer) = {
                        let mut state = served.lock().expect("no panic");
                        (state.habits.slow, state.answer(&method, uri.path(), &headers, &body))
                    };
                    async move {
                        if slow {
                            tokio::time::sleep(Duration::from_millis(150)).await;
                        }
                        answer
                    }
                });
                axum::serve(listener, app).await.expect("it serves");
            });
        });
        Self { url, state }
    }

    /// The labels of its keys.
    pub fn labels(&self) -> Vec<String> {
        let state = self.state.lock().expect("no panic");
        state.keys.values().map(|key| key["name"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// Methods and paths, in order.
    pub fn asked(&self) -> Vec<String> {
        self.state.lock().expect("no panic").asked.clone()
    }

    /// The secrets that it gave away.
    pub fn tokens(&self) -> Vec<String> {
        self.state.lock().expect("no panic").tokens.clone()
    }
}

impl State {
    fn make(&mut self, body: &Value) -> Value {
        self.made += 1;
        let mut key = json!({"id": self.made, "created_at": "2026-11-01T00:00:00Z", "color": "blue"});
        self.change(&mut key, body);
        self.keys.insert(self.made, key.clone());
        key
    }

    fn change(&self, key: &mut Value, body: &Value) {
        let Value::Object(fields) = body else { return };
        for (name, value) in fields {
            let value = match (name.as_str(), value.as_str().and_then(|text| text.parse::<Timestamp>().ok())) {
                ("name", _) if self.habits.ignores_labels && key.get("name").is_some() => continue,
                ("scopes", _) if self.habits.expands_scopes => json!(["read", "write"]),
                ("expires_at", Some(end)) if self.habits.ends_an_hour_later => json!((end + SignedDuration::from_hours(1)).to_string()),
                _ => value.clone(),
            };
            key[name] = value;
        }
        if self.habits.forgets_the_end_by_an_edit && !fields.contains_key("expires_at") {
            key["expires_at"] = Value::Null;
        }
    }

    fn answer(&mut self, method: &Method, path: &str, headers: &HeaderMap, body: &Bytes) -> Response {
        self.asked.push(format!("{method} {path}"));
        let token = headers.get("authorization").and_then(|value| value.to_str().ok()?.strip_prefix("Bearer ").map(str::to_owned));
        let token = token.unwrap_or_default();
        let of_a_key = self.keys.values().any(|key| key["token"] == token.as_str());
        if token != ADMIN && !of_a_key && !self.habits.takes_anybody {
            return respond(401, &json!({"message": format!("{token} is unknown")}));
        }
        let Some(rest) = path.strip_prefix("/api/v1/keys") else { return respond(404, &json!({})) };
        let id: Option<u32> = rest.strip_prefix('/').and_then(|id| id.parse().ok());
        let body = serde_json::from_slice(body).unwrap_or(Value::Null);
        match (method, id) {
            (&Method::GET, None) => {
                let keys: Vec<Value> = self.keys.values().map(|key| self.shown(key, self.habits.lists_poorly)).collect();
                respond(200, &json!(keys))
            }
            (&Method::POST, None) => {
                let made = self.make(&body);
                let token = format!("acme-example-secret-{:04}", self.made);
                self.keys.get_mut(&self.made).expect("just made")["token"] = json!(token);
                self.tokens.push(token.clone());
                if self.habits.breaks_the_create {
                    return respond(500, &json!({"message": "oh"}));
                }
                let mut shown = made;
                shown["token"] = json!(token);
                respond(201, &shown)
            }
            (_, Some(id)) if !self.keys.contains_key(&id) => {
                respond(if self.habits.unknown_is_400 { 400 } else { 404 }, &json!({"message": "no such key"}))
            }
            (&Method::GET, Some(id)) => respond(200, &self.shown(&self.keys[&id], false)),
            (&Method::PATCH, Some(id)) => {
                let mut key = self.keys[&id].clone();
                self.change(&mut key, &body);
                self.keys.insert(id, key.clone());
                respond(200, &self.shown(&key, false))
            }
            (&Method::DELETE, Some(_)) if self.habits.deletes_nothing => respond(409, &json!({"message": "it is in use"})),
            (&Method::DELETE, Some(id)) => {
                self.keys.remove(&id);
                respond(200, &json!({}))
            }
            _ => respond(405, &json!({})),
        }
    }

    fn shown(&self, key: &Value, poorly: bool) -> Value {
        let mut shown = key.clone();
        let fields = shown.as_object_mut().expect("an object");
        fields.remove("token");
        if poorly {
            fields.remove("scopes");
        }
        shown
    }
}

fn respond(status: u16, body: &Value) -> Response {
    Response::builder().status(status).header("content-type", "application/json").body(body.to_string().into()).expect("a response")
}
