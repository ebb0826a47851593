//! Nango: integrations, connections that an upsert overwrites whole, and the proxy that uses their credentials.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::{HeaderName, Method, StatusCode};
use clap::Args;
use jiff::{SignedDuration, Timestamp};
use reqwest::Url;
use serde_json::{Value, json};

use super::answer::Reply;
use super::connections::{self, Connection, Refusal, Shown, body, invalid_body, refusal};
use super::front::{Emulated, Incoming, Outcome, Vendor};

/// The providers known here, with their auth modes.
const PROVIDERS: [(&str, &str); 3] = [("brex-api-key", "API_KEY"), ("brex", "OAUTH2"), ("brex-staging", "OAUTH2")];
/// Brex's hosts, each of which leads to the emulated Brex.
const BREX_HOSTS: [&str; 3] = ["https://api.brex.com", "https://platform.brexapis.com", "https://api-staging.brex.com"];
/// The key of the environment that exists from the start, with every scope; it opens nothing but this emulator.
pub const EXAMPLE_KEY: &str = "8f3b1c52-6a8e-4d0f-9b6e-2f5b7a1c9d34";
/// The account key, which makes environment keys; it opens nothing but this emulator.
pub const EXAMPLE_ACCOUNT_KEY: &str = "1d7e9a40-3c25-4b8a-a1f0-5e6d7c8b9a01";

/// How Nango behaves where its documentation leaves it open.
#[derive(Clone, Debug, Args)]
#[group(id = "nango")]
pub struct Config {
    /// Nango: the status of a `POST /connections`: 201 in practice, 200 in the specification.
    #[arg(id = "nango-created-status", long = "nango-created-status", value_name = "N", default_value_t = 201)]
    pub created_status: u16,
    /// Nango: the status of a read of an unknown connection, 404 or 400.
    #[arg(id = "nango-unknown-status", long = "nango-unknown-status", value_name = "N", default_value_t = 404)]
    pub unknown_status: u16,
    /// Nango: how many requests may be made in 60 s.
    #[arg(id = "nango-rate", long = "nango-rate", value_name = "N", default_value_t = 1_000)]
    pub rate: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self { created_status: 201, unknown_status: 404, rate: 1_000 }
    }
}

#[derive(Debug)]
struct Key {
    secret: String,
    name: String,
    scopes: BTreeSet<String>,
}

/// The operations of Nango.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// `POST /integrations`
    IntegrationCreate,
    /// `GET /connections`
    ConnectionList,
    /// `GET /connections/{id}`
    ConnectionRead,
    /// `POST /connections`
    ConnectionUpsert,
    /// `PATCH /connections/{id}`
    ConnectionPatch,
    /// `DELETE /connections/{id}`
    ConnectionDelete,
    /// `/proxy/{path}`
    Proxy,
    /// `POST` or `DELETE /environment/api-keys`
    EnvironmentKeys,
    /// Anything else.
    Unknown,
}

/// One environment at Nango.
#[derive(Debug)]
pub struct Nango {
    /// The knobs.
    pub config: Config,
    /// The integrations: unique keys and their providers.
    pub integrations: BTreeMap<String, String>,
    /// The connections, oldest first.
    pub connections: Vec<Connection>,
    keys: Vec<Key>,
    brex: String,
    made: u64,
    window: (Timestamp, usize),
}

impl Nango {
    /// Makes an environment with the integration `brex-api-key`; `brex` is where Brex's hosts lead.
    pub fn new(config: Config, brex: &str) -> Self {
        let everything = Key { secret: EXAMPLE_KEY.to_owned(), name: "default".to_owned(), scopes: ["environment:*".to_owned()].into() };
        Self {
            config,
            integrations: [("brex-api-key".to_owned(), "brex-api-key".to_owned())].into(),
            connections: Vec::new(),
            keys: vec![everything],
            brex: brex.to_owned(),
            made: 0,
            window: (Timestamp::MIN, 0),
        }
    }

    fn act(&mut self, route: Route, request: &Incoming, now: Timestamp) -> Result<Outcome, Refusal> {
        let scope = match route {
            Route::IntegrationCreate => "environment:integrations:create",
            Route::ConnectionList => "environment:connections:list",
            Route::ConnectionRead => "environment:connections:read",
            Route::ConnectionUpsert => "environment:connections:create",
            Route::ConnectionPatch => "environment:connections:update",
            Route::ConnectionDelete => "environment:connections:delete",
            Route::Proxy => "environment:proxy",
            // Not a matter for a key of the environment.
            Route::EnvironmentKeys => return self.environment_keys(request, now).map(Outcome::Reply),
            Route::Unknown => return Err(refusal(StatusCode::NOT_FOUND, "not_found", "there is no such endpoint")),
        };
        let secret = request.credential("Bearer").unwrap_or_default();
        let known = self.keys.iter().find(|key| key.secret == secret);
        let key = known.ok_or_else(|| refusal(StatusCode::UNAUTHORIZED, "unknown_account", "the key is not known"))?;
        if !holds(key, scope) {
            return Err(refusal(StatusCode::FORBIDDEN, "forbidden", &format!("Insufficient scope. Required: {scope}")));
        }
        let reads_credentials = holds(key, "environment:connections:read_credentials");
        let reply = match route {
            Route::IntegrationCreate => self.create_integration(request)?,
            Route::ConnectionList => self.list(request)?,
            Route::ConnectionRead => {
                let place = self.find(request, StatusCode::from_u16(self.config.unknown_status).unwrap_or(StatusCode::NOT_FOUND))?;
                let shown = if reads_credentials { Shown::Credential } else { Shown::Nothing };
                Reply::json(StatusCode::OK, self.connections[place].whole(shown))
            }
            Route::ConnectionUpsert => self.upsert(request, now)?,
            Route::ConnectionPatch => self.patch(request, now)?,
            Route::ConnectionDelete => {
                let place = self.find(request, StatusCode::BAD_REQUEST)?;
                self.connections.remove(place);
                Reply::json(StatusCode::OK, json!({"success": true}))
            }
            Route::Proxy => return self.proxy(request),
            Route::EnvironmentKeys | Route::Unknown => unreachable!("both were answered above"),
        };
        Ok(Outcome::Reply(reply))
    }

    fn create_integration(&mut self, request: &Incoming) -> Result<Reply, Refusal> {
        let body = body(request, &["unique_key", "provider", "display_name"])?;
        let unique = connections::text(&body, "unique_key").map_err(invalid_body)?;
        let provider = connections::text(&body, "provider").map_err(invalid_body)?;
        if mode(&provider).is_none() {
            return Err(refusal(StatusCode::BAD_REQUEST, "unknown_provider_template", "there is no such provider"));
        }
        if self.integrations.contains_key(&unique) {
            return Err(refusal(StatusCode::BAD_REQUEST, "duplicate_provider_config", "unique_key is taken"));
        }
        self.integrations.insert(unique.clone(), provider.clone());
        Ok(Reply::json(StatusCode::OK, json!({"data": {"unique_key": unique, "provider": provider, "display_name": unique}})))
    }

    fn list(&self, request: &Incoming) -> Result<Reply, Refusal> {
        let parameters = request.parameters();
        let wrong = |name: &str| refusal(StatusCode::BAD_REQUEST, "invalid_query_params", &format!("{name} is not right"));
        let number = |name: &str, default: usize| request.parameter(name).map_or(Ok(default), |text| text.parse().map_err(|_| wrong(name)));
        let tag = |name: &str| name.strip_prefix("tags[").and_then(|rest| rest.strip_suffix(']')).map(str::to_lowercase);
        let known = |name: &str| ["connectionId", "limit", "page"].contains(&name) || tag(name).is_some();
        if let Some((name, _)) = parameters.iter().find(|(name, _)| !known(name)) {
            return Err(wrong(name));
        }
        let fits = |connection: &&Connection| {
            parameters.iter().all(|(name, value)| match tag(name) {
                Some(tag) => connection.tags.get(&tag) == Some(value),
                None => name != "connectionId" || connection.connection_id == *value,
            })
        };
        let limit = number("limit", 10_000)?;
        let skip = number("page", 0)?.saturating_mul(limit);
        let rows: Vec<Value> = self.connections.iter().filter(fits).skip(skip).take(limit).map(Connection::row).collect();
        Ok(Reply::json(StatusCode::OK, json!({ "connections": rows })))
    }

    /// Finds the connection of a path and its `provider_config_key`.
    fn find(&self, request: &Incoming, unknown: StatusCode) -> Result<usize, Refusal> {
        let id = request.segments().get(1).cloned().unwrap_or_default();
        let Some(key) = request.parameter("provider_config_key") else {
            return Err(refusal(StatusCode::BAD_REQUEST, "invalid_query_params", "provider_config_key is missing"));
        };
        self.position(&id, &key).ok_or_else(|| refusal(unknown, "unknown_connection", "there is no such connection"))
    }

    fn position(&self, id: &str, key: &str) -> Option<usize> {
        self.connections.iter().position(|known| known.connection_id == id && known.provider_config_key == key)
    }

    /// Creates or overwrites: what is left out is cleared.
    fn upsert(&mut self, request: &Incoming, now: Timestamp) -> Result<Reply, Refusal> {
        let known =
            ["provider_config_key", "connection_id", "credentials", "tags", "metadata", "connection_config", "webhook_url_override"];
        let body = body(request, &known)?;
        let key = connections::text(&body, "provider_config_key").map_err(invalid_body)?;
        let unknown = || refusal(StatusCode::BAD_REQUEST, "unknown_provider_config", "there is no such integration");
        let provider = self.integrations.get(&key).ok_or_else(unknown)?.clone();
        let id = match body.get("connection_id") {
            None => uuid(),
            Some(_) => connections::text(&body, "connection_id").map_err(invalid_body)?,
        };
        connections::connection_id(&id).map_err(invalid_body)?;
        let webhook = body.contains_key("webhook_url_override").then(|| connections::text(&body, "webhook_url_override"));
        let before = self.position(&id, &key);
        let (number, created) = before.map_or((self.made + 1, now), |place| (self.connections[place].id, self.connections[place].created));
        let connection = Connection {
            id: number,
            connection_id: id,
            credentials: connections::credentials(&body, mode(&provider).unwrap_or("API_KEY")).map_err(invalid_body)?,
            tags: connections::tags(&body).map_err(invalid_body)?,
            metadata: connections::object(&body, "metadata").map_err(invalid_body)?,
            connection_config: connections::object(&body, "connection_config").map_err(invalid_body)?,
            webhook_url_override: webhook.transpose().map_err(invalid_body)?,
            provider_config_key: key,
            provider,
            created,
            updated: now,
        };
        let status = StatusCode::from_u16(self.config.created_status).unwrap_or(StatusCode::CREATED);
        let reply = Reply::json(status, connection.whole(Shown::Credential));
        match before {
            Some(place) => self.connections[place] = connection,
            None => {
                self.made += 1;
                self.connections.push(connection);
            }
        }
        Ok(reply)
    }

    /// Changes tags, and refuses all else, credentials above all.
    fn patch(&mut self, request: &Incoming, now: Timestamp) -> Result<Reply, Refusal> {
        let place = self.find(request, StatusCode::BAD_REQUEST)?;
        let body = body(request, &["tags"])?;
        let tags = connections::tags(&body).map_err(invalid_body)?;
        let connection = &mut self.connections[place];
        if body.contains_key("tags") {
            connection.tags = tags;
        }
        connection.updated = now;
        Ok(Reply::json(StatusCode::OK, json!({"success": true})))
    }

    /// Asks the emulated Brex with the credential of the connection. Never goes anywhere but to loopback.
    fn proxy(&self, request: &Incoming) -> Result<Outcome, Refusal> {
        let bad = |code: &str, message: &str| refusal(StatusCode::BAD_REQUEST, code, message);
        let header = |name: &str| request.header(name).ok_or_else(|| bad("missing_header", &format!("{name} is missing")));
        let (id, key) = (header("connection-id")?, header("provider-config-key")?);
        let place = self.position(id, key).ok_or_else(|| bad("unknown_connection", "there is no such connection"))?;
        let base = request.header("base-url-override").unwrap_or(BREX_HOSTS[0]).trim_end_matches('/');
        let base = if BREX_HOSTS.contains(&base) { self.brex.as_str() } else { base };
        let path = request.target().trim_start_matches("/proxy").to_owned();
        let url = Url::parse(&format!("{base}{path}")).map_err(|_| bad("invalid_base_url", "the address is no URL"))?;
        if !matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]")) {
            return Err(bad("invalid_base_url", "this emulator reaches nothing but loopback"));
        }
        let credentials = &self.connections[place].credentials;
        let credential = credentials["apiKey"].as_str().or(credentials["access_token"].as_str()).unwrap_or_default();
        let mut onward = reqwest::Request::new(request.method.clone(), url);
        let value = format!("Bearer {credential}").parse().map_err(|_| bad("invalid_credentials", "the credential fits no header"))?;
        onward.headers_mut().insert(HeaderName::from_static("authorization"), value);
        *onward.body_mut() = Some(request.body.clone().into());
        Ok(Outcome::Forward(Box::new(onward)))
    }

    /// Makes or deletes a key of the environment; always with the full scope.
    fn environment_keys(&mut self, request: &Incoming, now: Timestamp) -> Result<Reply, Refusal> {
        if request.credential("Bearer") != Some(EXAMPLE_ACCOUNT_KEY) {
            return Err(refusal(StatusCode::UNAUTHORIZED, "unknown_account", "the key is not known"));
        }
        let environment = |body: &serde_json::Map<String, Value>| match body.get("environment_id") {
            Some(Value::Number(_)) => Ok(()),
            Some(_) | None => Err(invalid_body(("environment_id".to_owned(), "must be a number".to_owned()))),
        };
        if request.method == Method::DELETE {
            let body = body(request, &["environment_id", "key_id"])?;
            environment(&body)?;
            let id = connections::text(&body, "key_id").map_err(invalid_body)?;
            self.keys.retain(|key| key.name != id);
            return Ok(Reply::json(StatusCode::OK, json!({"success": true})));
        }
        let body = body(request, &["environment_id", "display_name"])?;
        environment(&body)?;
        let name = connections::text(&body, "display_name").map_err(invalid_body)?;
        if self.keys.iter().any(|key| key.name == name) {
            return Err(refusal(StatusCode::CONFLICT, "conflict", "display_name is taken"));
        }
        let secret = self.add_key(&name, ["environment:*"]);
        let data = json!({"id": name, "display_name": name, "scopes": ["environment:*"], "secret": secret, "created_at": now.to_string()});
        Ok(Reply::json(StatusCode::OK, json!({ "data": data })))
    }

    fn add_key<'a>(&mut self, name: &str, scopes: impl IntoIterator<Item = &'a str>) -> String {
        let secret = uuid();
        self.keys.push(Key { secret: secret.clone(), name: name.to_owned(), scopes: scopes.into_iter().map(str::to_owned).collect() });
        secret
    }
}

/// Tells whether a key has a scope, itself or by a wildcard at the end of one.
fn holds(key: &Key, scope: &str) -> bool {
    key.scopes.iter().any(|held| held == scope || held.strip_suffix('*').is_some_and(|start| scope.starts_with(start)))
}

fn mode(provider: &str) -> Option<&'static str> {
    PROVIDERS.iter().find(|(name, _)| *name == provider).map(|(_, mode)| *mode)
}

/// Draws a UUID of version 4.
fn uuid() -> String {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the system has a source of randomness");
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = data_encoding::HEXLOWER.encode(&bytes);
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

impl Vendor for Nango {
    type Route = Route;

    const NAME: &'static str = "nango-emulator";

    fn route(&self, request: &Incoming) -> Route {
        let segments = request.segments();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        match (request.method.as_str(), segments.as_slice()) {
            ("POST", ["integrations"]) => Route::IntegrationCreate,
            ("GET", ["connections"]) => Route::ConnectionList,
            ("POST", ["connections"]) => Route::ConnectionUpsert,
            ("GET", ["connections", _]) => Route::ConnectionRead,
            ("PATCH", ["connections", _]) => Route::ConnectionPatch,
            ("DELETE", ["connections", _]) => Route::ConnectionDelete,
            ("POST" | "DELETE", ["environment", "api-keys"]) => Route::EnvironmentKeys,
            (_, ["proxy", _, ..]) => Route::Proxy,
            _ => Route::Unknown,
        }
    }

    fn answer(&mut self, route: Route, request: &Incoming, now: Timestamp) -> Outcome {
        let minute = SignedDuration::from_secs(60);
        if now.duration_since(self.window.0) >= minute {
            self.window = (now, 0);
        }
        self.window.1 += 1;
        let left = self.config.rate.saturating_sub(self.window.1);
        let reset = self.window.0.saturating_add(minute).unwrap_or(Timestamp::MAX);
        let limit = self.config.rate;
        if self.window.1 > self.config.rate {
            let (status, body) = refusal(StatusCode::TOO_MANY_REQUESTS, "too_many_request", "the limit is reached");
            let wait = reset.duration_since(now).as_secs().max(1);
            return Outcome::Reply(rated(Reply::json(status, body), limit, left, reset).with_header("retry-after", wait));
        }
        match self.act(route, request, now) {
            Ok(Outcome::Forward(onward)) => Outcome::Forward(onward),
            Ok(Outcome::Reply(reply)) => Outcome::Reply(rated(reply, limit, left, reset)),
            Err((status, body)) => Outcome::Reply(rated(Reply::json(status, body), limit, left, reset)),
        }
    }
}

fn rated(reply: Reply, limit: usize, left: usize, reset: Timestamp) -> Reply {
    let reply = reply.with_header("x-ratelimit-limit", limit).with_header("x-ratelimit-remaining", left);
    reply.with_header("x-ratelimit-reset", reset.as_second())
}

impl Emulated<Nango> {
    /// Makes a key of the environment with these scopes, and returns its secret.
    pub fn add_key<'a>(&self, name: &str, scopes: impl IntoIterator<Item = &'a str>) -> String {
        self.with(|nango| nango.add_key(name, scopes))
    }

    /// Returns a connection.
    pub fn connection(&self, provider_config_key: &str, id: &str) -> Option<Connection> {
        self.with(|nango| nango.position(id, provider_config_key).map(|place| nango.connections[place].clone()))
    }

    /// Changes a connection by hand; false when there is none.
    pub fn change_connection(&self, provider_config_key: &str, id: &str, change: impl FnOnce(&mut Connection)) -> bool {
        self.with(|nango| nango.position(id, provider_config_key).map(|place| change(&mut nango.connections[place])).is_some())
    }

    /// Turns knobs while the emulator runs.
    pub fn configure(&self, change: impl FnOnce(&mut Config)) {
        self.with(|nango| change(&mut nango.config));
    }
}
