//! The other end of an invented profile: a loopback server with prepared answers, and the provider that is opened on it.
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use jiff::Timestamp;
use keywright::model::{Options, ScopeSet};
use keywright::profile::Profile;
use keywright::provider::http::{AccountAt, HttpProvider};
use keywright::provider::{CreateRequest, Provider, ProviderError};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

/// The credential of every account here. No error may repeat it.
pub const TOKEN: &str = "adm1n-t0ken";

/// One answer to the next request of this line, such as `GET /keys?page=1`; lines may come in any order.
pub struct Row(pub &'static str, pub u16, pub Vec<(&'static str, &'static str)>, pub Value);

/// A success with JSON.
pub fn ok(line: &'static str, body: Value) -> Row {
    Row(line, 200, Vec::new(), body)
}

#[derive(Default)]
struct Script {
    rows: Vec<Row>,
    asked: Vec<String>,
    headers: Vec<HeaderMap>,
}

pub struct Site {
    script: Arc<Mutex<Script>>,
    task: JoinHandle<()>,
    pub url: String,
}

impl Drop for Site {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Site {
    /// `{endpoint}` in an answer stands for the server's own address.
    pub async fn new(rows: Vec<Row>) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let script = Arc::new(Mutex::new(Script { rows, ..Script::default() }));
        let (lines, here) = (script.clone(), url.clone());
        let app = axum::Router::new().fallback(move |method: Method, uri: Uri, headers: HeaderMap, body: Bytes| {
            let answer = lines.lock().expect("no panic").answer(&format!("{method} {uri}"), headers, &body, &here);
            async move { answer }
        });
        let task = tokio::spawn(async move { axum::serve(listener, app).await.expect("it serves") });
        Self { script, task, url }
    }

    /// Every request so far, with its body.
    pub fn asked(&self) -> Vec<String> {
        self.script.lock().expect("no panic").asked.clone()
    }

    /// The values of a header, request by request.
    pub fn header(&self, name: &str) -> Vec<String> {
        let script = self.script.lock().expect("no panic");
        script.headers.iter().map(|headers| headers.get(name).map_or("", |value| value.to_str().expect("text")).to_owned()).collect()
    }

    /// An account here, at a profile whose `api.http` is the usual one with this laid over it.
    pub fn account(&self, api: &Value) -> HttpProvider {
        self.account_at(api, Some(&self.url))
    }

    pub fn account_at(&self, api: &Value, endpoint: Option<&str>) -> HttpProvider {
        let mut profile = usual();
        profile["environments"] = json!({"main": {"url": format!("{}/v1", self.url)}});
        merge(&mut profile["api"]["http"], api);
        let profile: Profile = serde_json::from_value(profile).expect("a profile");
        let credential = profile.credential().expect("a shape").parse(TOKEN).expect("a credential");
        let params = BTreeMap::from([("team".to_owned(), "t 1".to_owned())]);
        let at = AccountAt { environment: None, endpoint, params: &params };
        HttpProvider::open(Arc::new(profile), at, credential, Timestamp::now).expect("an account")
    }
}

impl Script {
    fn answer(&mut self, line: &str, headers: HeaderMap, body: &Bytes, here: &str) -> Response {
        self.asked.push(format!("{line} {}", String::from_utf8_lossy(body)).trim_end().to_owned());
        self.headers.push(headers);
        let Some(at) = self.rows.iter().position(|row| row.0 == line) else {
            return Response::builder().status(418).body("{}".into()).expect("a response");
        };
        let Row(_, status, headers, body) = self.rows.remove(at);
        let mut response = Response::builder().status(status);
        for (name, value) in headers {
            response = response.header(name, value.replace("{endpoint}", here));
        }
        let body = if body.is_null() { String::new() } else { body.to_string().replace("{endpoint}", here) };
        response.body(body.into()).expect("a response")
    }
}

fn usual() -> Value {
    json!({
        "version": 1, "name": "invented", "title": "Invented",
        "params": {"team": {"says": "the team"}},
        "secret": {"parts": ["secret"]},
        "capabilities": {
            "label": {"max": 100}, "editable": {}, "disable": "none", "expiry": {"settable": false, "tolerance": "1s"}, "consistency": "0s"
        },
        "api": {"http": {
            "credential": {"parts": ["token"]},
            "auth": {"use": {"scheme": "token"}, "schemes": {"token": {"bearer": "{part.token}"}}},
            "rate": {"per_second": 100, "burst": 100},
            "key": {"id": {"at": "/id"}, "label": "/name", "scopes": {"at": "/scopes", "as": "array"}, "secret": {"secret": "/token"}},
            "errors": {"message": "/message"}
        }},
        "catalogue": {"form": ".*", "scopes": {}}
    })
}

fn merge(base: &mut Value, over: &Value) {
    match (base, over) {
        (Value::Object(base), Value::Object(over)) => {
            for (name, value) in over {
                merge(base.entry(name.clone()).or_insert(Value::Null), value);
            }
        }
        (base, over) => *base = over.clone(),
    }
}

/// The ids of a listing, in its order.
pub async fn ids(account: &HttpProvider) -> Result<Vec<String>, ProviderError> {
    Ok(account.list().await?.into_iter().map(|key| key.id).collect())
}

pub fn create(label: &str, scopes: &[&str]) -> CreateRequest {
    CreateRequest { label: label.to_owned(), scopes: set(scopes), expires_at: None, options: Options::new() }
}

pub fn set(scopes: &[&str]) -> ScopeSet {
    scopes.iter().map(|scope| keywright::model::Scope::from(*scope)).collect()
}

/// That it may have acted, and says why.
pub fn unanswered<T>(result: Result<T, ProviderError>, why: &str) {
    match result.err() {
        Some(ProviderError::Unanswered(text)) if text.contains(why) => assert!(!text.contains(TOKEN), "{text}"),
        other => panic!("{why}: {other:?}"),
    }
}
