//! Brex as its users meet it: the API, and the dashboard where a person makes and revokes tokens.

use std::sync::{MutexGuard, PoisonError};

use axum::http::{Method, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::answer::Reply;
use super::brex::{Account, Config, RESOURCES, Refusal, SCOPES, SharedAccount, Token};
use super::front::{Emulated, Incoming, Outcome, Vendor};

/// The operations of Brex.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// `GET /v2/users/me`
    Me,
    /// Any other resource that can be read.
    Resource,
    /// Anything else.
    Unknown,
}

/// Brex's API, and the dashboard at `/dashboard/tokens`.
#[derive(Debug)]
pub struct Api(SharedAccount);

impl Api {
    /// Serves an account.
    pub fn new(account: SharedAccount) -> Self {
        Self(account)
    }

    /// Returns the account.
    pub fn account(&self) -> MutexGuard<'_, Account> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Plays the dashboard: `POST` makes a token of `{name, scopes}`, `GET` lists all, `DELETE …/{place in the list}` revokes one.
    fn dashboard(&self, request: &Incoming, now: Timestamp) -> Reply {
        let refused = |message: &str| Reply::json(StatusCode::BAD_REQUEST, json!({"message": message}));
        let mut account = self.account();
        match (request.method.as_str(), request.path.strip_prefix("/dashboard/tokens").and_then(|rest| rest.strip_prefix('/'))) {
            ("POST", None) => {
                let body = request.json().unwrap_or_default();
                let scopes: Option<Vec<&str>> = body["scopes"].as_array().and_then(|all| all.iter().map(Value::as_str).collect());
                let (Some(name), Some(scopes)) = (body["name"].as_str().filter(|name| !name.is_empty()), scopes) else {
                    return refused("a token needs a name and scopes");
                };
                if let Some(unknown) = unknown(&scopes) {
                    return refused(&format!("there is no scope {unknown}"));
                }
                let token = account.create_token(name, scopes, now);
                Reply::json(StatusCode::CREATED, json!({"name": name, "token": token}))
            }
            ("GET", None) => {
                let row = |(place, token): (usize, &Token)| json!({"id": place, "name": token.name, "scopes": token.scopes, "revoked": token.revoked});
                Reply::json(StatusCode::OK, account.tokens.iter().enumerate().map(row).collect())
            }
            ("DELETE", Some(place)) => match place.parse().ok().and_then(|place: usize| account.tokens.get_mut(place)) {
                Some(token) if token.revoked => refused("it is revoked already"),
                Some(token) => {
                    token.revoked = true;
                    Reply::empty(StatusCode::NO_CONTENT)
                }
                None => refused("there is no such token"),
            },
            (_, None | Some(_)) => refused("the dashboard cannot do this"),
        }
    }
}

/// The first scope that the page does not offer.
fn unknown<'s>(scopes: &[&'s str]) -> Option<&'s str> {
    scopes.iter().copied().find(|scope| !SCOPES.split(' ').any(|known| known == *scope))
}

impl Vendor for Api {
    type Route = Route;

    const NAME: &'static str = "brex-emulator";

    fn route(&self, request: &Incoming) -> Route {
        match request.path.as_str() {
            "/v2/users/me" if request.method == Method::GET => Route::Me,
            path if request.method == Method::GET && RESOURCES.iter().any(|resource| resource.path == path) => Route::Resource,
            _ => Route::Unknown,
        }
    }

    fn answer(&mut self, _route: Route, request: &Incoming, now: Timestamp) -> Outcome {
        Outcome::Reply(self.account().answer(request, now))
    }

    fn by_hand(&mut self, request: &Incoming, now: Timestamp) -> Option<Reply> {
        request.path.starts_with("/dashboard/").then(|| self.dashboard(request, now))
    }

    fn broken(&self) -> Reply {
        Refusal(StatusCode::INTERNAL_SERVER_ERROR, "Internal error".to_owned()).reply(self.account().config.error_shape, "", "")
    }
}

impl Emulated<Api> {
    /// Makes a user token as a person does, and returns it. Panics when the page has no such scope to tick, or no name is typed.
    pub fn create_token<'a>(&self, name: &str, scopes: impl IntoIterator<Item = &'a str>) -> String {
        let (now, scopes) = (self.now(), scopes.into_iter().collect::<Vec<_>>());
        assert!(!name.is_empty() && unknown(&scopes).is_none(), "the dashboard cannot make `{name}` with {scopes:?}");
        self.with(|api| api.account().create_token(name, scopes, now))
    }

    /// Returns all tokens, access tokens of grants included, oldest first.
    pub fn tokens(&self) -> Vec<Token> {
        self.with(|api| api.account().tokens.clone())
    }

    /// Returns a token.
    pub fn token(&self, value: &str) -> Option<Token> {
        self.tokens().into_iter().find(|token| token.value == value)
    }

    /// Revokes a token by hand; false when there is none of this value.
    pub fn revoke(&self, value: &str) -> bool {
        self.change(value, |token| token.revoked = true)
    }

    /// Makes a token look unused for this long; false when there is none.
    pub fn set_idle(&self, value: &str, idle: SignedDuration) -> bool {
        let used = self.now().saturating_sub(idle).unwrap_or(Timestamp::MIN);
        self.change(value, |token| token.used = used)
    }

    /// Changes a token by hand; false when there is none.
    pub fn change(&self, value: &str, change: impl FnOnce(&mut Token)) -> bool {
        self.with(|api| api.account().tokens.iter_mut().find(|token| token.value == value).map(change).is_some())
    }

    /// Turns knobs while the emulator runs.
    pub fn configure(&self, change: impl FnOnce(&mut Config)) {
        self.with(|api| change(&mut api.account().config));
    }
}
