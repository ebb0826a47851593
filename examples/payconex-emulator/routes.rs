//! The operations: who may do what, and what it does to the account. Knows no failures to order.

use axum::body::Bytes;
use axum::extract::Query;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeMap;

use super::auth;
use super::body::{self, Draft, Purpose};
use super::config::{CeilingError, EnabledField, PatchScopes, ScopeList, WildcardCeiling};
use super::paging;
use super::reply::{self, Cause, Refusal, Reply, Secret};
use super::scopes;
use super::state::{Key, Route, State, random_hex};

/// Where the API begins.
pub const ROOT: &str = "/api/v4";

/// A request with its whole body.
#[derive(Debug)]
pub struct Incoming {
    /// The operation.
    pub route: Route,
    /// The method.
    pub method: Method,
    /// The path as sent.
    pub path: String,
    /// The query string as sent.
    pub query: Option<String>,
    /// The values of all `Authorization` headers.
    pub authorization: Vec<String>,
    /// The content type.
    pub content_type: Option<String>,
    /// The exact bytes of the body.
    pub body: Bytes,
}

impl Incoming {
    /// Takes a request apart.
    pub fn new(method: Method, uri: &Uri, headers: &HeaderMap, body: Bytes) -> Self {
        let text = |value: &axum::http::HeaderValue| value.to_str().unwrap_or("").to_owned();
        Self {
            route: Place::of(uri.path()).route(&method),
            method,
            path: uri.path().to_owned(),
            query: uri.query().map(str::to_owned),
            authorization: headers.get_all(header::AUTHORIZATION).iter().map(text).collect(),
            content_type: headers.get(header::CONTENT_TYPE).map(text),
            body,
        }
    }

    /// Returns path and query as sent.
    pub fn target(&self) -> String {
        match &self.query {
            Some(query) => format!("{}?{query}", self.path),
            None => self.path.clone(),
        }
    }

    /// Reads the query string.
    pub fn parameters(&self) -> Result<BTreeMap<String, String>, Refusal> {
        let malformed = || Refusal::new(Cause::Input, "the query string is malformed");
        let uri: Uri = self.target().parse().map_err(|_| malformed())?;
        let Query(parameters) = Query::try_from_uri(&uri).map_err(|_| malformed())?;
        Ok(parameters)
    }

    fn has_json(&self) -> bool {
        self.content_type.as_deref().is_some_and(|kind| {
            let kind = kind.split(';').next().unwrap_or_default();
            kind.trim().eq_ignore_ascii_case("application/json")
        })
    }
}

/// What a path points at.
#[derive(Debug, PartialEq, Eq)]
enum Place<'a> {
    Keys { account: &'a str },
    Key { account: &'a str, id: &'a str },
    Scopes,
    Nowhere,
}

impl<'a> Place<'a> {
    fn of(path: &'a str) -> Self {
        let Some(rest) = path.strip_prefix(ROOT) else {
            return Self::Nowhere;
        };
        let segments: Vec<&str> = rest.split('/').collect();
        match segments.as_slice() {
            ["", "accounts", account, "api-keys"] => Self::Keys { account },
            ["", "accounts", account, "api-keys", id] => Self::Key { account, id },
            ["", "api-key-scopes"] => Self::Scopes,
            _ => Self::Nowhere,
        }
    }

    fn route(&self, method: &Method) -> Route {
        match (self, method.as_str()) {
            (Self::Keys { .. }, "GET") => Route::List,
            (Self::Keys { .. }, "POST") => Route::Create,
            (Self::Key { .. }, "GET") => Route::Read,
            (Self::Key { .. }, "PATCH") => Route::Update,
            (Self::Key { .. }, "DELETE") => Route::Delete,
            (Self::Scopes, "GET") => Route::Scopes,
            (Self::Keys { .. } | Self::Key { .. } | Self::Scopes | Self::Nowhere, _) => Route::Unknown,
        }
    }
}

/// Answers a request: who asks, where, with which right, and only then with what.
pub fn answer(state: &mut State, request: &Incoming) -> Reply {
    let trace = format!("{:032x}", state.requests.len());
    act(state, request).unwrap_or_else(|refusal| refusal.reply(&state.config, &trace))
}

fn act(state: &mut State, request: &Incoming) -> Result<Reply, Refusal> {
    let now = state.now();
    let manager = auth::authenticate(state, request, now)?;
    let place = Place::of(&request.path);
    let (account, id) = match place {
        Place::Keys { account } => (Some(account), None),
        Place::Key { account, id } => (Some(account), Some(id)),
        Place::Scopes | Place::Nowhere => (None, None),
    };
    let required = match request.route {
        Route::List | Route::Read => "pcx:api_key:read",
        Route::Create => "pcx:api_key:create",
        Route::Update => "pcx:api_key:update",
        Route::Delete => "pcx:api_key:delete",
        Route::Scopes => "pcx:api_key_scopes:read",
        Route::Unknown => return Err(Refusal::new(Cause::NotFound, "there is no such route")),
    };
    if let Some(account) = account {
        check_account(state, account)?;
    }
    if !state.key(&manager).is_some_and(|key| key.holds(required)) {
        let message = format!("the key lacks `{required}`");
        return Err(Refusal::new(Cause::Authorization, message));
    }
    if let Some(id) = id {
        check_id(id)?;
    }
    let id = id.unwrap_or_default();
    match request.route {
        Route::List => paging::list(state, request, now),
        Route::Create => create(state, request, &manager, now),
        Route::Read => {
            let key = state.key(id).ok_or_else(no_such_key)?;
            Ok(one(state, key, StatusCode::OK))
        }
        Route::Update => update(state, request, &manager, id, now),
        Route::Delete => {
            state.remove(id).ok_or_else(no_such_key)?;
            Ok(Reply::empty(StatusCode::NO_CONTENT))
        }
        Route::Scopes => scope_list(state),
        Route::Unknown => Err(no_such_key()),
    }
}

fn check_account(state: &State, account: &str) -> Result<(), Refusal> {
    if !body::account_id(account) {
        let message = "`accountId` must be 12 digits";
        return Err(Refusal::of(Cause::Input, "accountId", account, message));
    }
    if account != state.config.account_id {
        return Err(Refusal::new(Cause::NotFound, "there is no such account"));
    }
    Ok(())
}

fn check_id(id: &str) -> Result<(), Refusal> {
    if body::key_id(id) {
        return Ok(());
    }
    let message = "`id` must match `^api_[a-z-0-9]{32}$`";
    Err(Refusal::of(Cause::Input, "id", id, message))
}

fn no_such_key() -> Refusal {
    Refusal::new(Cause::NotFound, "there is no such key")
}

fn one(state: &State, key: &Key, status: StatusCode) -> Reply {
    Reply::json(status, reply::key(key, &state.config, Secret::Given))
}

fn read_body(state: &State, request: &Incoming, purpose: Purpose, now: Timestamp) -> Result<Draft, Refusal> {
    if !request.has_json() {
        let message = "the content type must be `application/json`";
        return Err(Refusal::new(Cause::Input, message));
    }
    body::read(&request.body, purpose, &state.config, now)
}

/// Refuses scopes which the managing key does not hold itself.
fn check_ceiling(state: &State, manager: &str, wanted: &[String]) -> Result<(), Refusal> {
    let held = state.key(manager).map_or(&[][..], |key| &key.scopes);
    let above = wanted.iter().find(|scope| {
        !held.iter().any(|own| match state.config.wildcard_ceiling {
            WildcardCeiling::Covers => scopes::covers(own, scope),
            WildcardCeiling::Exact => own == *scope,
        })
    });
    let Some(scope) = above else {
        return Ok(());
    };
    let cause = match state.config.ceiling_error {
        CeilingError::Forbidden => Cause::Authorization,
        CeilingError::Unprocessable => Cause::Schema,
    };
    let message = "a key cannot hand out a scope which it does not hold";
    Err(Refusal::of(cause, "scopes", scope.as_str(), message))
}

fn create(state: &mut State, request: &Incoming, manager: &str, now: Timestamp) -> Result<Reply, Refusal> {
    let draft = read_body(state, request, Purpose::Create, now)?;
    let scopes = draft.scopes.unwrap_or_default();
    check_ceiling(state, manager, &scopes)?;
    if state.config.max_keys.is_some_and(|max| state.key_count() >= max) {
        let message = "the account holds as many keys as it may";
        return Err(Refusal::new(Cause::Input, message));
    }
    let key = Key {
        id: format!("api_{}", random_hex()),
        secret: random_hex(),
        label: draft.label.unwrap_or_default(),
        scopes,
        methods: draft.methods.unwrap_or_else(|| state.config.default_methods.clone()),
        accounts: draft.accounts.unwrap_or_default(),
        enabled: draft.enabled.unwrap_or(true),
        expires: draft.expires.flatten(),
        created: now,
        updated: now,
        listed_from: now.saturating_add(state.config.list_lag).unwrap_or(Timestamp::MAX),
        listed_after: match state.config.list_lag_reads {
            0 => 0,
            lag => state.lists + lag + 1,
        },
    };
    let reply = one(state, &key, StatusCode::CREATED);
    state.insert(key);
    Ok(reply)
}

fn update(state: &mut State, request: &Incoming, manager: &str, id: &str, now: Timestamp) -> Result<Reply, Refusal> {
    let was_enabled = state.key(id).ok_or_else(no_such_key)?.enabled;
    let draft = read_body(state, request, Purpose::Update, now)?;
    if let Some(wanted) = &draft.scopes {
        check_ceiling(state, manager, wanted)?;
    }
    let enabled = match (draft.enabled, was_enabled, state.config.enabled_field) {
        (None, was, _) => was,
        (Some(true), false, EnabledField::TrueIgnored) => false,
        (Some(true), false, EnabledField::TrueRefused) => {
            let message = "a disabled key cannot be enabled again";
            return Err(Refusal::of(Cause::Schema, "enabled", true, message));
        }
        (Some(wanted), _, _) => wanted,
    };
    let patch_scopes = state.config.patch_scopes;

    let key = state.key_mut(id).ok_or_else(no_such_key)?;
    key.enabled = enabled;
    key.updated = now;
    if let Some(label) = draft.label {
        key.label = label;
    }
    if let Some(wanted) = draft.scopes {
        match patch_scopes {
            PatchScopes::Replace => key.scopes = wanted,
            PatchScopes::Merge => {
                for scope in wanted {
                    if !key.scopes.contains(&scope) {
                        key.scopes.push(scope);
                    }
                }
            }
        }
    }
    if let Some(methods) = draft.methods {
        key.methods = methods;
    }
    if let Some(accounts) = draft.accounts {
        key.accounts = accounts;
    }
    if let Some(expires) = draft.expires {
        key.expires = expires;
    }
    let key = state.key(id).ok_or_else(no_such_key)?;
    Ok(one(state, key, StatusCode::OK))
}

fn scope_list(state: &State) -> Result<Reply, Refusal> {
    if state.config.scope_list == ScopeList::Closed {
        let message = "the scope catalogue is not open to merchants";
        return Err(Refusal::new(Cause::Authorization, message));
    }
    let rows: Vec<Value> = scopes::catalogue()
        .map(|row| {
            let category = row.scope.split(':').nth(1).unwrap_or_default();
            json!({
                "scope": row.scope,
                "description": format!("emulated description of {}", row.scope),
                "category": category,
                "level": "account",
                "enabled": true,
            })
        })
        .collect();
    Ok(Reply::json(StatusCode::OK, Value::from(rows)))
}
