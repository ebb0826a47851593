//! BrynQ: API tokens made in its settings, two versions of the API with a header scheme each, and the endpoints that nobody should call.

use std::collections::BTreeSet;
use std::fmt;

use axum::http::{Method, StatusCode};
use clap::Args;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::answer::Reply;
use super::front::{Emulated, Incoming, Outcome, RequestRecord, Vendor, random_word};

/// The customer name and the subdomain of the emulated company.
pub const CUSTOMER: &str = "acme";
/// The clients of the emulated company.
pub const CLIENTS: [&str; 2] = ["acme-nl", "acme-be"];

/// How BrynQ behaves where its documentation leaves it open: every status is.
#[derive(Clone, Debug, Args)]
#[group(id = "brynq")]
pub struct Config {
    /// BrynQ: the status for an unknown token, or none.
    #[arg(id = "brynq-unknown-status", long = "brynq-unknown-status", value_name = "N", default_value_t = 401)]
    pub unknown_status: u16,
    /// BrynQ: the status for a revoked token.
    #[arg(id = "brynq-revoked-status", long = "brynq-revoked-status", value_name = "N", default_value_t = 401)]
    pub revoked_status: u16,
    /// BrynQ: the status for a token past its end.
    #[arg(id = "brynq-expired-status", long = "brynq-expired-status", value_name = "N", default_value_t = 401)]
    pub expired_status: u16,
    /// BrynQ: the status for a wrong or absent `salure-customer` or `Domain`.
    #[arg(id = "brynq-customer-status", long = "brynq-customer-status", value_name = "N", default_value_t = 403)]
    pub customer_status: u16,
    /// BrynQ: the status for a page that the token has no right to.
    #[arg(id = "brynq-page-status", long = "brynq-page-status", value_name = "N", default_value_t = 403)]
    pub page_status: u16,
    /// BrynQ: the pages that the person who makes tokens can open; all unless given.
    #[arg(id = "brynq-pages", long = "brynq-pages", value_name = "PAGE", value_delimiter = ',')]
    pub pages: Option<Vec<String>>,
}

impl Default for Config {
    fn default() -> Self {
        Self { unknown_status: 401, revoked_status: 401, expired_status: 401, customer_status: 403, page_status: 403, pages: None }
    }
}

/// An API token.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    /// What is sent.
    pub value: String,
    /// The label.
    pub label: String,
    /// The pages it can read, in lower case.
    pub pages: BTreeSet<String>,
    /// The clients it is limited to; all when empty.
    pub clients: BTreeSet<String>,
    /// When it ends, if ever.
    pub ends: Option<Timestamp>,
    /// Revoked by hand.
    pub revoked: bool,
}

impl fmt::Debug for Token {
    /// Leaves the value out, so that a failing assertion does not print it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token")
            .field("label", &self.label)
            .field("pages", &self.pages)
            .field("revoked", &self.revoked)
            .finish_non_exhaustive()
    }
}

/// What a person fills in to make a token.
#[derive(Clone, Debug, Default)]
pub struct Form {
    /// The label.
    pub label: String,
    /// The page rights, by the names of the pages.
    pub pages: Vec<String>,
    /// The clients; all when empty.
    pub clients: Vec<String>,
    /// The end date and time.
    pub ends: Option<Timestamp>,
}

/// The operations of BrynQ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// `GET /api/v1/customers` or `GET /api/v2/customers`
    Customers,
    /// Another page, read with its page right.
    Page,
    /// An endpoint that shows other systems' credentials, or a GET that changes something.
    Avoided,
    /// Anything else.
    Unknown,
}

/// One company's BrynQ.
#[derive(Debug)]
pub struct BrynQ {
    /// The knobs.
    pub config: Config,
    /// Every token ever made, oldest first.
    pub tokens: Vec<Token>,
}

impl BrynQ {
    /// Makes a company without tokens.
    pub fn new(config: Config) -> Self {
        Self { config, tokens: Vec::new() }
    }

    /// Makes a token, as the settings page does, or says what the page would not let a person do; it is shown this once.
    fn create_token(&mut self, form: Form) -> Result<String, &'static str> {
        if form.label.is_empty() || form.pages.is_empty() {
            return Err("a token needs a label and pages");
        }
        let open =
            |page: &String| self.config.pages.as_ref().is_none_or(|pages| pages.iter().any(|known| known.eq_ignore_ascii_case(page)));
        if !form.pages.iter().all(open) {
            return Err("only pages that you can open may be chosen");
        }
        if !form.clients.iter().all(|client| CLIENTS.contains(&client.as_str())) {
            return Err("only clients of the company may be chosen");
        }
        let value = random_word(32);
        let pages = form.pages.iter().map(|page| page.to_lowercase()).collect();
        let (label, clients) = (form.label, form.clients.into_iter().collect());
        self.tokens.push(Token { value: value.clone(), label, pages, clients, ends: form.ends, revoked: false });
        Ok(value)
    }

    fn act(&self, request: &Incoming, now: Timestamp) -> Result<Reply, (u16, &'static str)> {
        let config = &self.config;
        let segments = request.segments();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let (token, customer, rest) = match segments.as_slice() {
            ["api", "v1", rest @ ..] => (request.credential("SalureToken"), request.header("salure-customer"), rest),
            ["api", "v2", rest @ ..] => (request.credential("Bearer"), request.header("domain"), rest),
            _ => return Err((404, "not found")),
        };
        let found = token.and_then(|value| self.tokens.iter().find(|token| token.value == value));
        let token = found.ok_or((config.unknown_status, "unauthorized"))?;
        if token.revoked {
            return Err((config.revoked_status, "unauthorized"));
        }
        if token.ends.is_some_and(|ends| ends <= now) {
            return Err((config.expired_status, "unauthorized"));
        }
        if customer != Some(CUSTOMER) {
            return Err((config.customer_status, "unknown customer"));
        }
        if request.method != Method::GET {
            return Err((405, "a token can only read"));
        }
        let need = |page: &str| if token.pages.contains(page) { Ok(()) } else { Err((config.page_status, "no right to this page")) };
        let body = match rest {
            ["customers"] => {
                let seen = |client: &&str| token.clients.is_empty() || token.clients.contains(*client);
                CLIENTS.iter().filter(|client| seen(client)).map(|client| json!({"name": client, "subdomain": CUSTOMER})).collect()
            }
            ["interfaces", _, "config", "auth"] => {
                need("interfaces")?;
                json!({"username": "other-system", "password": "another system's password"})
            }
            ["interfaces", _, "config", "flush"] => {
                need("interfaces")?;
                json!({"flushed": true})
            }
            ["apps", _] | ["connector", _] => {
                need("connectors")?;
                json!({"access_token": "another system's token"})
            }
            [page] => {
                need(page)?;
                Value::Array(Vec::new())
            }
            _ => return Err((404, "not found")),
        };
        Ok(Reply::json(StatusCode::OK, body))
    }

    /// Plays the settings page: `POST` makes a token of `{label, pages, clients, ends}`, `DELETE …/{label}` revokes.
    fn dashboard(&mut self, request: &Incoming) -> Reply {
        let refused = |message: &str| Reply::json(StatusCode::BAD_REQUEST, json!({"error": message}));
        match (request.method.as_str(), request.segments().as_slice()) {
            ("POST", [_, tokens]) if tokens == "tokens" => {
                let body = request.json().unwrap_or_default();
                let list = |name: &str| -> Vec<String> {
                    body[name].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
                };
                let label = body["label"].as_str().unwrap_or_default().to_owned();
                let ends = body["ends"].as_str().map(str::parse::<Timestamp>).transpose();
                let Ok(ends) = ends else { return refused("the end must be a time such as 2027-01-31T12:00:00Z") };
                let form = Form { label, pages: list("pages"), clients: list("clients"), ends };
                let label = form.label.clone();
                match self.create_token(form) {
                    Ok(token) => Reply::json(StatusCode::CREATED, json!({"label": label, "token": token})),
                    Err(message) => refused(message),
                }
            }
            ("DELETE", [_, _, label]) => {
                let mut named = self.tokens.iter_mut().filter(|token| token.label == *label && !token.revoked).peekable();
                if named.peek().is_none() {
                    return refused("there is no such token");
                }
                named.for_each(|token| token.revoked = true);
                Reply::empty(StatusCode::NO_CONTENT)
            }
            _ => refused("the page cannot do this"),
        }
    }
}

impl Vendor for BrynQ {
    type Route = Route;

    const NAME: &'static str = "brynq-emulator";

    fn route(&self, request: &Incoming) -> Route {
        let segments = request.segments();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        match segments.as_slice() {
            // Counted under every method and version: a test that asserts zero calls must miss none.
            ["api", _, "interfaces", _, "config", "auth" | "flush"] | ["api", _, "apps" | "connector", _] => Route::Avoided,
            ["api", "v1" | "v2", "customers"] if request.method == Method::GET => Route::Customers,
            ["api", "v1" | "v2", _] if request.method == Method::GET => Route::Page,
            _ => Route::Unknown,
        }
    }

    fn answer(&mut self, _route: Route, request: &Incoming, now: Timestamp) -> Outcome {
        Outcome::Reply(self.act(request, now).unwrap_or_else(|(status, message)| {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            Reply::json(status, json!({"error": message}))
        }))
    }

    fn by_hand(&mut self, request: &Incoming, _now: Timestamp) -> Option<Reply> {
        request.path.starts_with("/dashboard/").then(|| self.dashboard(request))
    }
}

impl Emulated<BrynQ> {
    /// Makes a token as a person does, and returns it.
    pub fn create_token<'a>(&self, label: &str, pages: impl IntoIterator<Item = &'a str>) -> String {
        let pages = pages.into_iter().map(str::to_owned).collect();
        self.fill_in(Form { label: label.to_owned(), pages, ..Form::default() })
    }

    /// Makes a token with clients or an end, and returns it. Panics where the page would refuse.
    pub fn fill_in(&self, form: Form) -> String {
        self.with(|brynq| brynq.create_token(form)).unwrap_or_else(|message| panic!("{message}"))
    }

    /// Revokes a token by hand; false when there is none of this value.
    pub fn revoke(&self, value: &str) -> bool {
        self.with(|brynq| brynq.tokens.iter_mut().find(|token| token.value == value).map(|token| token.revoked = true).is_some())
    }

    /// Returns the calls that should never have been made.
    pub fn avoided_calls(&self) -> Vec<RequestRecord<Route>> {
        self.requests().into_iter().filter(|request| request.route == Route::Avoided).collect()
    }

    /// Turns knobs while the emulator runs.
    pub fn configure(&self, change: impl FnOnce(&mut Config)) {
        self.with(|brynq| change(&mut brynq.config));
    }
}
