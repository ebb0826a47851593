//! A small vendor that can be told to say one thing and do another.
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;

use axum::body::Bytes;
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use serde_json::{Value, json};

/// What it does otherwise than it says.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ways {
    /// A delete is accepted, and nothing happens.
    pub deletes_nothing: bool,
    /// Somebody stands before it who knows nothing of single keys: a page, or JSON of its own.
    pub page: bool,
    pub strange_json: bool,
    /// What was created is shown nowhere.
    pub hides: bool,
    /// The next create is carried out, and shows later; its answer is a gateway's.
    pub late: bool,
}

#[derive(Default)]
pub struct State {
    pub ways: Ways,
    pub keys: Vec<Value>,
    /// Made, and not shown yet.
    pub late: Vec<Value>,
    /// Methods and paths, in order.
    pub asked: Vec<String>,
    made: u32,
}

/// A running server; it lives as long as the tests.
pub struct Vendor {
    pub url: String,
    state: Arc<Mutex<State>>,
}

impl Vendor {
    pub fn start() -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.set_nonblocking(true).expect("non-blocking");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let served = state.clone();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async move {
                let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
                let app = axum::Router::new().fallback(move |method: Method, uri: Uri, headers: HeaderMap, body: Bytes| {
                    let answer = served.lock().expect("no panic").answer(&method, uri.path(), &headers, &body);
                    async move { answer }
                });
                axum::serve(listener, app).await.expect("it serves");
            });
        });
        Self { url, state }
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic")
    }

    /// Puts somebody before single keys who answers by a page, or by JSON of its own.
    pub fn stands_before(&self, page: bool, json: bool) {
        let mut state = self.state();
        (state.ways.page, state.ways.strange_json) = (page, json);
    }

    /// What was made late shows.
    pub fn shows_what_is_late(&self) {
        let mut state = self.state();
        let late = std::mem::take(&mut state.late);
        state.keys.extend(late);
    }

    /// How often something was asked.
    pub fn count(&self, method: &str) -> usize {
        self.state().asked.iter().filter(|asked| asked.starts_with(method)).count()
    }
}

impl State {
    fn answer(&mut self, method: &Method, path: &str, headers: &HeaderMap, body: &Bytes) -> Response {
        self.asked.push(format!("{method} {path}"));
        let shown = |key: &Value| {
            let mut key = key.clone();
            key.as_object_mut().expect("an object").remove("token");
            key
        };
        if path == "/self" {
            // A token of a key says which; any other is none.
            let token = headers.get("authorization").and_then(|value| value.to_str().ok()?.strip_prefix("Bearer ")).unwrap_or_default();
            let id = self.keys.iter().find(|key| key["token"] == token).map(|key| key["id"].clone());
            return json_of(200, &json!({"id": id}));
        }
        let Some(id) = path.strip_prefix("/keys").map(|rest| rest.trim_start_matches('/')) else { return json_of(404, &json!({})) };
        if id.is_empty() {
            if method == Method::GET {
                let keys: Vec<Value> = self.keys.iter().filter(|_| !self.ways.hides).map(shown).collect();
                return json_of(200, &json!(keys));
            }
            self.made += 1;
            let mut key: Value = serde_json::from_slice(body).expect("JSON");
            key["id"] = json!(format!("k{}", self.made));
            key["token"] = json!(format!("example-secret-{:04}", self.made));
            if std::mem::take(&mut self.ways.late) {
                self.late.push(key);
                return respond(502, "text/html", "<html>bad gateway</html>".to_owned());
            }
            self.keys.push(key.clone());
            return json_of(201, &key);
        }
        if self.ways.page {
            return respond(404, "text/html", "<html>no route</html>".to_owned());
        }
        if self.ways.strange_json {
            return json_of(404, &json!({"message": "no Route matched with those values"}));
        }
        let found = self.keys.iter().position(|key| key["id"] == id).filter(|_| !self.ways.hides);
        match (found, method) {
            (None, _) => json_of(404, &json!({"message": "no such key"})),
            (Some(at), &Method::GET) => json_of(200, &shown(&self.keys[at])),
            (Some(at), &Method::DELETE) => {
                if !self.ways.deletes_nothing {
                    self.keys.remove(at);
                }
                respond(204, "application/json", String::new())
            }
            (Some(at), _) => {
                let sent: Value = serde_json::from_slice(body).expect("JSON");
                for (name, value) in sent.as_object().expect("an object") {
                    self.keys[at][name] = value.clone();
                }
                json_of(200, &shown(&self.keys[at]))
            }
        }
    }
}

fn json_of(status: u16, body: &Value) -> Response {
    respond(status, "application/json", body.to_string())
}

fn respond(status: u16, media: &str, body: String) -> Response {
    Response::builder().status(status).header("content-type", media).body(body.into()).expect("a response")
}
