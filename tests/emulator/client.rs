//! A client of its own for the emulator's tests. Shares no code with what it checks.

use data_encoding::{BASE64, HEXLOWER};
use hmac::{Hmac, Mac as _};
use reqwest::header::HeaderMap;
use reqwest::{Method, StatusCode};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::emulator::{EXAMPLE_ACCOUNT, EXAMPLE_ID, EXAMPLE_SECRET, Emulator, Key};

/// Path of the key collection.
pub const KEYS: &str = "/api/v4/accounts/220614966801/api-keys";

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("answer is no JSON ({error}): {}", self.text))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("answer lacks the header `{name}`")).to_str().expect("header values are ASCII")
    }

    /// Checks the status and the error's code.
    #[track_caller]
    pub fn assert_refused(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        let body = self.json();
        assert_eq!(body["errorCode"], code, "{body}");
        for field in ["message", "traceId", "errorType"] {
            assert!(body[field].is_string(), "`{field}` in {body}");
        }
        assert!(body["details"].is_array(), "{body}");
        body
    }

    #[track_caller]
    pub fn assert_status(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self
    }
}

/// Signs as the vendor's samples do.
pub fn response(secret: &str, method: &str, path: &str, nonce: &str, at: i64, body: &str) -> String {
    let digest = HEXLOWER.encode(&Sha256::digest(body.as_bytes()));
    let canonical = [format!("{method} {path}").as_str(), nonce, &at.to_string(), "", &digest].join("\n");
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any key length is fine");
    mac.update(canonical.as_bytes());
    HEXLOWER.encode(&mac.finalize().into_bytes())
}

/// Writes the header of a signed request.
pub fn header(id: &str, nonce: &str, at: i64, response: &str) -> String {
    format!(r#"Hmac id="{id}", nonce="{nonce}", timestamp="{at}", response="{response}""#)
}

pub fn nonce() -> String {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).expect("the system has randomness");
    HEXLOWER.encode(&bytes)
}

/// Asks with the credential of one key.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    origin: String,
    id: String,
    secret: String,
    /// Whether the query string is signed.
    pub sign_query: bool,
}

impl Client {
    pub fn admin(emulator: &Emulator) -> Self {
        assert_eq!(emulator.account_id(), EXAMPLE_ACCOUNT);
        Self::new(emulator, EXAMPLE_ID, EXAMPLE_SECRET)
    }

    pub fn of(emulator: &Emulator, key: &Key) -> Self {
        Self::new(emulator, &key.id, &key.secret)
    }

    pub fn new(emulator: &Emulator, id: &str, secret: &str) -> Self {
        let http =
            reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().expect("the client can be built");
        Self { http, origin: emulator.url(), id: id.to_owned(), secret: secret.to_owned(), sign_query: false }
    }

    /// Sends with this `Authorization`, without a judgement of its own.
    pub async fn raw(&self, method: Method, target: &str, authorization: Option<&str>, body: Option<&str>) -> reqwest::Result<Answer> {
        let mut request = self.http.request(method, format!("{}{target}", self.origin));
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_owned());
        }
        let response = request.send().await?;
        Ok(Answer { status: response.status(), headers: response.headers().clone(), text: response.text().await? })
    }

    /// Sends signed, with a fresh nonce and the present time.
    pub async fn try_send(&self, method: Method, target: &str, body: Option<Value>) -> reqwest::Result<Answer> {
        let at = jiff::Timestamp::now().as_second();
        self.send_at(method, target, body.map(|b| b.to_string()).as_deref(), at).await
    }

    pub async fn send_at(&self, method: Method, target: &str, body: Option<&str>, at: i64) -> reqwest::Result<Answer> {
        let path = match target.split_once('?') {
            Some((path, _)) if !self.sign_query => path,
            _ => target,
        };
        let nonce = nonce();
        let text = body.unwrap_or_default();
        let response = response(&self.secret, method.as_str(), path, &nonce, at, text);
        let header = header(&self.id, &nonce, at, &response);
        self.raw(method, target, Some(&header), body).await
    }

    async fn send(&self, method: Method, target: &str, body: Option<Value>) -> Answer {
        self.try_send(method, target, body).await.expect("the emulator answers")
    }

    pub async fn get(&self, target: &str) -> Answer {
        self.send(Method::GET, target, None).await
    }

    pub async fn list(&self) -> Answer {
        self.get(KEYS).await
    }

    pub async fn create(&self, body: Value) -> Answer {
        self.send(Method::POST, KEYS, Some(body)).await
    }

    pub async fn read(&self, id: &str) -> Answer {
        self.get(&format!("{KEYS}/{id}")).await
    }

    pub async fn update(&self, id: &str, body: Value) -> Answer {
        self.send(Method::PATCH, &format!("{KEYS}/{id}"), Some(body)).await
    }

    pub async fn delete(&self, id: &str) -> Answer {
        self.send(Method::DELETE, &format!("{KEYS}/{id}"), None).await
    }

    pub async fn basic(&self) -> Answer {
        let credential = BASE64.encode(format!("{}:{}", self.id, self.secret).as_bytes());
        self.raw(Method::GET, KEYS, Some(&format!("Basic {credential}")), None).await.expect("the emulator answers")
    }
}
