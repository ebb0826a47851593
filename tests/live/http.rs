//! Asks a server without the program: shares no code with what it checks.
use std::time::Duration;

use reqwest::Method;
use serde_json::Value;

/// What came back; `body` is null where it is no JSON.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
}

impl Answer {
    /// The body of an answer that must be a success.
    #[track_caller]
    pub fn good(self) -> Value {
        assert!((200..300).contains(&self.status), "{self:?}");
        self.body
    }
}

/// A client that waits for its answers.
pub struct Client {
    runtime: tokio::runtime::Runtime,
    http: reqwest::Client,
    base: String,
}

impl Client {
    /// One that opens a connection for each request: servers close idle ones at any time.
    pub fn new(base: String) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let http =
            reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).timeout(Duration::from_secs(30)).build().expect("a client");
        Self { runtime, http, base }
    }

    /// One request with this value of `Authorization`.
    #[track_caller]
    pub fn ask(&self, method: Method, path: &str, authorization: &str, body: Option<Value>) -> Answer {
        self.ask_with(method, path, authorization, &[], body)
    }

    /// The same with further headers.
    #[track_caller]
    pub fn ask_with(&self, method: Method, path: &str, authorization: &str, headers: &[(&str, String)], body: Option<Value>) -> Answer {
        let mut request = self.http.request(method, format!("{}{path}", self.base)).header("Authorization", authorization);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        self.runtime.block_on(async {
            let answer = request.send().await.expect("the server answers");
            let status = answer.status().as_u16();
            let text = answer.text().await.expect("a body");
            Answer { status, body: serde_json::from_str(&text).unwrap_or(Value::Null) }
        })
    }

    #[track_caller]
    pub fn get(&self, path: &str, authorization: &str) -> Answer {
        self.ask(Method::GET, path, authorization, None)
    }

    #[track_caller]
    pub fn post(&self, path: &str, authorization: &str, body: Value) -> Answer {
        self.ask(Method::POST, path, authorization, Some(body))
    }
}
