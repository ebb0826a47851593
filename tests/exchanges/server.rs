//! The other end: a loopback server that knows its lines and nothing else. Whatever is not the next line is a problem.
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use serde_json::Value;
use tokio::task::JoinHandle;

use crate::compare::{self, Came};
use crate::format::{Answer, Exchange, Moment};

/// What is still to happen, and what went wrong.
#[derive(Default)]
struct Script {
    url: String,
    /// What the answers' `Date` says.
    date: String,
    next: VecDeque<Vec<Exchange>>,
    problems: Vec<String>,
    authorizations: Vec<String>,
}

/// A running server; it ends with this.
pub struct Server {
    script: Arc<Mutex<Script>>,
    task: JoinHandle<()>,
    pub url: String,
}

impl Server {
    pub async fn start(date: String) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let script = Arc::new(Mutex::new(Script { url: url.clone(), date, ..Script::default() }));
        let lines = script.clone();
        let app = axum::Router::new().fallback(move |method: Method, uri: Uri, headers: HeaderMap, body: Bytes| {
            let came = came(&method, &uri, &headers, &body);
            let answer = lines.lock().expect("no panic").answer(&came);
            async move { answer }
        });
        let task = tokio::spawn(async move { axum::serve(listener, app).await.expect("it serves") });
        Self { script, task, url }
    }

    /// Says what must happen next.
    pub fn expect(&self, moments: &[Moment]) {
        self.script.lock().expect("no panic").next = moments.iter().map(|moment| moment.0.clone()).collect();
    }

    /// What went wrong since the last time, what never happened included.
    pub fn problems(&self) -> Vec<String> {
        let mut script = self.script.lock().expect("no panic");
        let mut problems = std::mem::take(&mut script.problems);
        let missing = std::mem::take(&mut script.next);
        problems.extend(missing.iter().flatten().map(|exchange| format!("never asked: {}", exchange.request)));
        problems
    }

    /// Credentials as they came in `Authorization` headers.
    pub fn authorizations(&self) -> Vec<String> {
        self.script.lock().expect("no panic").authorizations.clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Script {
    fn answer(&mut self, came: &Came) -> Response {
        let value = came.headers.get("authorization").and_then(|value| value.split_once(' '));
        self.authorizations.extend(value.map(|(_, value)| value.to_owned()));
        let Some(moment) = self.next.front_mut() else {
            self.problems.push(format!("asked beyond what is written: {}\n{}", came.line(), shown(came)));
            return beyond();
        };
        let Some(at) = moment.iter().position(|exchange| compare::request(exchange, came).is_empty()) else {
            let nearest = moment.iter().map(|exchange| (exchange, compare::request(exchange, came))).min_by_key(|(_, found)| found.len());
            let (expected, found) = nearest.expect("a moment holds something");
            let told = format!("asked `{}` where `{}` was to be asked:\n    {}", came.line(), expected.request, found.join("\n    "));
            self.problems.push(told);
            return beyond();
        };
        let answer = moment.remove(at).answer;
        if moment.is_empty() {
            self.next.pop_front();
        }
        self.respond(&answer)
    }

    fn respond(&self, answer: &Answer) -> Response {
        let here = |text: &str| text.replace("{endpoint}", &self.url);
        let mut response = Response::builder().status(answer.status).header("date", &self.date);
        for (name, value) in &answer.headers {
            response = response.header(name, here(value));
        }
        let body = match (&answer.body, &answer.text) {
            (Some(json), _) => here(&json.to_string()),
            (None, text) => here(text.as_deref().unwrap_or_default()),
        };
        response.body(body.into()).expect("a response")
    }
}

fn came(method: &Method, uri: &Uri, headers: &HeaderMap, body: &Bytes) -> Came {
    let text = |value: &axum::http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    Came {
        method: method.to_string(),
        path: uri.path().to_owned(),
        query: uri.query().map(compare::pairs).unwrap_or_default(),
        headers: headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect::<BTreeMap<_, _>>(),
        body: body.to_vec(),
    }
}

/// The rest of a request, to be pasted into a file.
fn shown(came: &Came) -> String {
    let mut lines: Vec<String> = came.query.iter().map(|(name, value)| format!("    query/{name}: {value:?}")).collect();
    if !came.body.is_empty() {
        let json = serde_json::from_slice::<Value>(&came.body).map(|json| json.to_string());
        lines.push(format!("    body: {}", json.unwrap_or_else(|_| String::from_utf8_lossy(&came.body).into_owned())));
    }
    lines.join("\n")
}

/// No provider gives this answer, and nothing makes it a success.
fn beyond() -> Response {
    Response::builder().status(418).body("not in the script".into()).expect("a response")
}
