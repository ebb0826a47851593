//! Brex: the tokens that people make in the dashboard, and the endpoints that tell whether one is alive.

use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex};

use axum::http::{Method, StatusCode};
use clap::{Args, ValueEnum};
use data_encoding::BASE64URL_NOPAD;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::answer::Reply;
use super::front::{Incoming, random_word};

pub use super::dashboard::{Api, Route};

/// Every scope of the published API files.
pub const SCOPES: &str = "openid offline_access email accounting.integration.read accounting.integration.write accounting.record.read \
    accounting.record.write budgets budgets.readonly expenses.card expenses.card.readonly expenses.bill fields.read fields.write \
    field_values.read field_values.write vendors vendors.readonly transfers transfers.readonly incoming_transfers \
    linked_accounts.readonly users users.readonly departments departments.readonly locations locations.readonly titles titles.readonly \
    legal_entities legal_entities.readonly cards cards.readonly cards.pan companies.readonly accounts.card.readonly \
    accounts.cash.readonly statements.card.readonly statements.cash.readonly transactions.card.readonly transactions.cash.readonly \
    travel.trips travel.trips.readonly https://onboarding.brexapis.com/referrals https://accounting.brexapis.com/cash \
    https://accounting.brexapis.com/card";

/// How Brex behaves where its documentation leaves it open.
#[derive(Clone, Debug, Args)]
#[group(id = "brex")]
pub struct Config {
    /// Brex: in which of the two documented shapes errors come.
    #[arg(id = "brex-error-shape", long = "brex-error-shape", value_name = "CHOICE", value_enum, default_value_t)]
    pub error_shape: ErrorShape,
    /// Brex: what stands before `Invalid or Revoked Token`, which the documentation leaves out.
    #[arg(id = "brex-dead-prefix", long = "brex-dead-prefix", value_name = "TEXT", default_value = "")]
    pub dead_prefix: String,
    /// Brex: whether a refused call counts as use of the token.
    #[arg(id = "brex-refused-use", long = "brex-refused-use", value_name = "CHOICE", value_enum, default_value_t)]
    pub refused_use: RefusedUse,
    /// Brex: after how many days without use a token expires; one page says 90, another 30.
    #[arg(id = "brex-idle-days", long = "brex-idle-days", value_name = "N", default_value_t = 90)]
    pub idle_days: i64,
    /// Brex: how many requests a client may make in 60 s.
    #[arg(id = "brex-rate", long = "brex-rate", value_name = "N", default_value_t = 1_000)]
    pub rate: usize,
    /// Brex: whether `budgets`, `vendors` and `transfers` read as well as write.
    #[arg(id = "brex-write-reads", long = "brex-write-reads", value_name = "CHOICE", value_enum, default_value_t)]
    pub write_reads: WriteReads,
    /// Brex: whether webhooks can be listed with a user token.
    #[arg(id = "brex-webhooks", long = "brex-webhooks", value_name = "CHOICE", value_enum, default_value_t)]
    pub webhooks: Webhooks,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            error_shape: ErrorShape::default(),
            dead_prefix: String::new(),
            refused_use: RefusedUse::default(),
            idle_days: 90,
            rate: 1_000,
            write_reads: WriteReads::default(),
            webhooks: Webhooks::default(),
        }
    }
}

/// The shape of an error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ErrorShape {
    /// `{type, message, code}`
    #[default]
    Typed,
    /// `{brex_request_id, status_code, path, error_code, message}`
    Traced,
}

/// Whether a refused call keeps a token from idling out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum RefusedUse {
    /// It does not.
    #[default]
    Ignored,
    /// It does.
    Counts,
}

/// Whether a scope that writes also reads, where no page says so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum WriteReads {
    /// It does not.
    #[default]
    No,
    /// It does.
    Yes,
}

/// Whether a user token may list webhooks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Webhooks {
    /// Any live token may.
    #[default]
    Open,
    /// None may.
    Refused,
}

/// What the person behind a token may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// Cash admin.
    #[default]
    Admin,
    /// An employee, who sees neither cash accounts nor vendors.
    Employee,
}

/// A token that opens the API: a user token, or an access token of a grant.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    /// What is sent: `bxt_` and letters and digits, or an access token.
    pub value: String,
    /// The name given in the dashboard, or the client's id.
    pub name: String,
    /// The scopes, `openid` and `offline_access` included.
    pub scopes: BTreeSet<String>,
    /// What its person may do.
    pub role: Role,
    /// When it was made.
    pub made: Timestamp,
    /// When a call last counted as use.
    pub used: Timestamp,
    /// When an access token ends; a user token never does.
    pub expires: Option<Timestamp>,
    /// Revoked by hand or at the OAuth server.
    pub revoked: bool,
}

impl fmt::Debug for Token {
    /// Leaves the value out, so that a failing assertion does not print it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token")
            .field("name", &self.name)
            .field("scopes", &self.scopes)
            .field("revoked", &self.revoked)
            .finish_non_exhaustive()
    }
}

/// What can be read, and with which scopes.
#[derive(Debug)]
pub struct Resource {
    /// The path.
    pub path: &'static str,
    reads: &'static [&'static str],
    writes: &'static [&'static str],
    cash: bool,
}

const fn resource(path: &'static str, reads: &'static [&'static str]) -> Resource {
    Resource { path, reads, writes: &[], cash: false }
}

/// Everything that can be read.
pub const RESOURCES: &[Resource] = &[
    resource("/v2/users/me", &["users.readonly", "users"]),
    resource("/v2/company", &["companies.readonly"]),
    resource("/v2/departments", &["departments", "departments.readonly"]),
    resource("/v2/locations", &["locations", "locations.readonly"]),
    resource("/v2/titles", &["titles", "titles.readonly"]),
    resource("/v2/legal_entities", &["legal_entities", "legal_entities.readonly"]),
    resource("/v2/accounts/card", &["accounts.card.readonly"]),
    Resource { cash: true, ..resource("/v2/accounts/cash", &["accounts.cash.readonly"]) },
    resource("/v2/cards", &["cards", "cards.readonly"]),
    resource("/v2/transactions/card/primary", &["transactions.card.readonly"]),
    resource("/v1/expenses/card", &["expenses.card", "expenses.card.readonly"]),
    Resource { writes: &["budgets"], ..resource("/v1/budgets", &["budgets.readonly"]) },
    Resource { writes: &["vendors"], cash: true, ..resource("/v1/vendors", &["vendors.readonly"]) },
    Resource { writes: &["vendors"], cash: true, ..resource("/v2/vendors", &["vendors.readonly"]) },
    Resource { writes: &["transfers"], ..resource("/v1/transfers", &["transfers.readonly"]) },
    resource("/v1/linked_accounts", &["linked_accounts.readonly"]),
    resource("/v1/fields", &["fields.read"]),
    resource("/v1/trips", &["travel.trips", "travel.trips.readonly"]),
    resource("/v1/webhooks", &[]),
];

/// One company's account at Brex.
#[derive(Debug)]
pub struct Account {
    /// The knobs.
    pub config: Config,
    /// Every token ever made, oldest first.
    pub tokens: Vec<Token>,
    calls: Vec<(String, VecDeque<Timestamp>)>,
    answered: u64,
}

/// An account that the API and the OAuth server share.
pub type SharedAccount = Arc<Mutex<Account>>;

impl Account {
    /// Makes an account without tokens.
    pub fn shared(config: Config) -> SharedAccount {
        Arc::new(Mutex::new(Self { config, tokens: Vec::new(), calls: Vec::new(), answered: 0 }))
    }

    /// Makes a user token, as the dashboard does; it is shown this once.
    pub fn create_token<'a>(&mut self, name: &str, scopes: impl IntoIterator<Item = &'a str>, now: Timestamp) -> String {
        let value = format!("bxt_{}", random_word(40));
        let scopes = scopes.into_iter().chain(["openid", "offline_access"]).map(str::to_owned).collect();
        let token = Token { value, name: name.to_owned(), scopes, role: Role::Admin, made: now, used: now, expires: None, revoked: false };
        self.tokens.push(token.clone());
        token.value
    }

    /// Answers a call of the API.
    pub fn answer(&mut self, request: &Incoming, now: Timestamp) -> Reply {
        self.answered += 1;
        let trace = format!("{:032x}", self.answered);
        let act = self.act(request, now);
        let reply = act.unwrap_or_else(|refusal| refusal.reply(self.config.error_shape, &request.path, &trace));
        reply.with_header("x-brex-trace-id", trace)
    }

    fn act(&mut self, request: &Incoming, now: Timestamp) -> Result<Reply, Refusal> {
        let dead = || Refusal(StatusCode::UNAUTHORIZED, format!("{}Invalid or Revoked Token", self.config.dead_prefix));
        let token = request.credential("Bearer").ok_or_else(dead)?;
        let place = self.tokens.iter().position(|known| known.value == token && !known.revoked).ok_or_else(dead)?;
        let token = self.tokens[place].clone();
        let idle = SignedDuration::from_hours(24 * self.config.idle_days);
        if token.expires.map_or(now.duration_since(token.used) >= idle, |expires| expires <= now) {
            return Err(Refusal(StatusCode::FORBIDDEN, "Expired token".to_owned()));
        }
        let answer = self.throttle(&token, now).and_then(|()| self.read(&token, request));
        if answer.is_ok() || self.config.refused_use == RefusedUse::Counts {
            self.tokens[place].used = now;
        }
        answer
    }

    /// Counts a call of the token's client; user tokens have one client.
    fn throttle(&mut self, token: &Token, now: Timestamp) -> Result<(), Refusal> {
        let client = if token.expires.is_some() { token.name.as_str() } else { "" };
        let place = self.calls.iter().position(|(name, _)| name == client).unwrap_or_else(|| {
            self.calls.push((client.to_owned(), VecDeque::new()));
            self.calls.len() - 1
        });
        let calls = &mut self.calls[place].1;
        while calls.front().is_some_and(|made| now.duration_since(*made) >= SignedDuration::from_secs(60)) {
            calls.pop_front();
        }
        if calls.len() >= self.config.rate {
            return Err(Refusal(StatusCode::TOO_MANY_REQUESTS, "Too many requests".to_owned()));
        }
        calls.push_back(now);
        Ok(())
    }

    fn read(&self, token: &Token, request: &Incoming) -> Result<Reply, Refusal> {
        let found = RESOURCES.iter().find(|resource| resource.path == request.path && request.method == Method::GET);
        let resource = found.ok_or_else(|| Refusal(StatusCode::NOT_FOUND, "Not found".to_owned()))?;
        let holds = |scopes: &[&str]| scopes.iter().any(|scope| token.scopes.contains(*scope));
        let open = resource.reads.is_empty() && self.config.webhooks == Webhooks::Open;
        if !(open || holds(resource.reads) || (self.config.write_reads == WriteReads::Yes && holds(resource.writes))) {
            return Err(Refusal(StatusCode::FORBIDDEN, "The token lacks the scope for this resource".to_owned()));
        }
        if resource.cash && token.role == Role::Employee {
            return Err(Refusal(StatusCode::UNAUTHORIZED, "Must be cash admin, bookkeeper or user.".to_owned()));
        }
        match resource.path {
            "/v2/users/me" => Ok(Reply::json(
                StatusCode::OK,
                json!({"id": "cuuser_1", "first_name": "Ada", "last_name": "Example", "email": "ada@acme.example", "status": "ACTIVE"}),
            )),
            "/v2/company" => Ok(Reply::json(
                StatusCode::OK,
                json!({"id": "cuacc_1", "legal_name": "Acme Books Inc.", "mailing_address": {"city": "Utrecht"}, "accountType": "BREX_CLASSIC"}),
            )),
            path => page(path, request),
        }
    }
}

/// Answers with a page of three things.
fn page(path: &str, request: &Incoming) -> Result<Reply, Refusal> {
    let bad = |what: &str| Refusal(StatusCode::BAD_REQUEST, format!("{what} is not valid"));
    let limit: usize = match request.parameter("limit") {
        None => 100,
        Some(text) => text.parse().ok().filter(|limit| (1..=1_000).contains(limit)).ok_or_else(|| bad("limit"))?,
    };
    let start: usize = match request.parameter("cursor") {
        None => 0,
        Some(text) => {
            let decoded = BASE64URL_NOPAD.decode(text.as_bytes()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            decoded.and_then(|text| text.parse().ok()).ok_or_else(|| bad("cursor"))?
        }
    };
    let kind = path.rsplit('/').next().unwrap_or_default();
    let all: Vec<Value> = (1..=3).map(|number| json!({"id": format!("{kind}_{number}")})).collect();
    let end = start.saturating_add(limit).min(all.len());
    let items = all.get(start.min(end)..end).unwrap_or_default();
    let next = (end < all.len()).then(|| BASE64URL_NOPAD.encode(end.to_string().as_bytes()));
    Ok(Reply::json(StatusCode::OK, json!({"next_cursor": next, "items": items})))
}

/// A status and the message by which it is judged.
#[derive(Debug)]
pub struct Refusal(pub StatusCode, pub String);

impl Refusal {
    /// Builds the error's body.
    pub fn reply(&self, shape: ErrorShape, path: &str, trace: &str) -> Reply {
        let Self(status, message) = self;
        let code = status.canonical_reason().unwrap_or_default().to_uppercase().replace(' ', "_");
        let body = match shape {
            ErrorShape::Typed => json!({"type": code, "message": message, "code": null}),
            ErrorShape::Traced => {
                json!({"brex_request_id": trace, "status_code": status.as_u16(), "path": path, "error_code": code, "message": message})
            }
        };
        Reply::json(*status, body)
    }
}
