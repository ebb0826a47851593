//! Brex's OAuth server for partners: authorization code, rotating refresh tokens, revocation. Its consent page consents by itself.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{MutexGuard, PoisonError};

use axum::http::{Method, StatusCode};
use clap::{Args, ValueEnum};
use data_encoding::BASE64URL_NOPAD;
use jiff::{SignedDuration, Timestamp};
use reqwest::Url;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::answer::Reply;
use super::brex::{Account, Role, SCOPES, SharedAccount, Token};
use super::front::{Emulated, Incoming, Outcome, Vendor, random_word};

/// The path of the issuer.
pub const ISSUER: &str = "/oauth2/default";
/// The client that Brex's support gave out, and its secret; they open nothing but this emulator.
pub const EXAMPLE_CLIENT: (&str, &str) = ("acme-books", "example-client-secret");

/// How the OAuth server behaves where its documentation leaves it open.
#[derive(Clone, Debug, Default, Args)]
#[group(id = "oauth")]
pub struct Config {
    /// OAuth: what the user consents to: everything asked for unless given; `none` refuses.
    #[arg(id = "oauth-consent", long = "oauth-consent", value_name = "SCOPE", value_delimiter = ',')]
    pub consent: Option<Vec<String>>,
    /// OAuth: the one redirect URI that is registered; any on loopback unless given.
    #[arg(id = "oauth-redirect-uri", long = "oauth-redirect-uri", value_name = "URI")]
    pub redirect_uri: Option<String>,
    /// OAuth: whether `expires_in` is in a token answer.
    #[arg(id = "oauth-expires-in", long = "oauth-expires-in", value_name = "CHOICE", value_enum, default_value_t)]
    pub expires_in: Told,
    /// OAuth: whether `scope` is in a token answer.
    #[arg(id = "oauth-scope", long = "oauth-scope", value_name = "CHOICE", value_enum, default_value_t)]
    pub scope: Told,
    /// OAuth: what becomes of a refresh token that was used.
    #[arg(id = "oauth-old-refresh", long = "oauth-old-refresh", value_name = "CHOICE", value_enum, default_value_t)]
    pub old_refresh: OldRefresh,
    /// OAuth: where the discovery document puts the token endpoint; at the issuer unless given.
    #[arg(id = "oauth-token-endpoint", long = "oauth-token-endpoint", value_name = "URL")]
    pub token_endpoint: Option<String>,
    /// OAuth: in which form a revocation is taken.
    #[arg(id = "oauth-revoke-body", long = "oauth-revoke-body", value_name = "CHOICE", value_enum, default_value_t)]
    pub revoke_body: RevokeBody,
}

/// Whether a field is in an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Told {
    /// It is.
    #[default]
    Told,
    /// It is absent.
    Absent,
}

/// What a used refresh token does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum OldRefresh {
    /// It is refused with `invalid_grant`.
    #[default]
    Refused,
    /// It still works.
    Works,
    /// It is refused, and the whole grant is revoked.
    RevokesGrant,
}

/// The form of a revocation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum RevokeBody {
    /// JSON, as the documentation shows.
    #[default]
    Json,
    /// A form, as the standard has it.
    Form,
    /// Either.
    Either,
}

#[derive(Debug)]
struct Code {
    redirect_uri: String,
    challenge: Option<String>,
    scopes: BTreeSet<String>,
    made: Timestamp,
}

/// What a user granted, and what became of it.
#[derive(Clone, Debug)]
pub struct Grant {
    /// The scopes granted.
    pub scopes: BTreeSet<String>,
    /// Revoked, by a call or by hand.
    pub revoked: bool,
    access: Vec<String>,
    refresh: Vec<Refresh>,
}

impl Grant {
    /// Returns how many refresh tokens the grant had so far.
    pub fn refreshes(&self) -> usize {
        self.refresh.len()
    }
}

#[derive(Clone, Debug)]
struct Refresh {
    value: String,
    made: Timestamp,
    used: bool,
}

/// The operations of the OAuth server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// `GET …/.well-known/…`
    Discovery,
    /// `GET …/v1/authorize`
    Authorize,
    /// `POST …/v1/token`
    Token,
    /// `POST …/v1/revoke`
    Revoke,
    /// Anything else.
    Unknown,
}

/// The OAuth server.
#[derive(Debug)]
pub struct Issuer {
    /// The knobs.
    pub config: Config,
    /// What was granted, oldest first.
    pub grants: Vec<Grant>,
    account: SharedAccount,
    url: String,
    codes: BTreeMap<String, Code>,
    /// All that were given out.
    given: Vec<String>,
}

type Answer = Result<Reply, (StatusCode, &'static str, &'static str)>;

const INVALID_REQUEST: &str = "invalid_request";
const INVALID_GRANT: &str = "invalid_grant";

impl Issuer {
    /// Serves an account's grants; `url` is the server's own.
    pub fn new(config: Config, account: SharedAccount, url: String) -> Self {
        Self { config, grants: Vec::new(), account, url, codes: BTreeMap::new(), given: Vec::new() }
    }

    fn account(&self) -> MutexGuard<'_, Account> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn discovery(&self) -> Reply {
        let issuer = format!("{}{ISSUER}", self.url);
        let document = json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/v1/authorize"),
            "token_endpoint": self.config.token_endpoint.clone().unwrap_or_else(|| format!("{issuer}/v1/token")),
            "revocation_endpoint": format!("{issuer}/v1/revoke"),
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
            "scopes_supported": SCOPES.split(' ').collect::<Vec<_>>(),
        });
        Reply::json(StatusCode::OK, document)
    }

    /// Sends the browser back with a code, or with an error; where it cannot be trusted to go back, 400.
    fn authorize(&mut self, request: &Incoming, now: Timestamp) -> Answer {
        let bad = |message| (StatusCode::BAD_REQUEST, INVALID_REQUEST, message);
        let asked: BTreeMap<String, String> = request.parameters().into_iter().collect();
        let get = |name: &str| asked.get(name).map(String::as_str).unwrap_or_default();
        if get("client_id") != EXAMPLE_CLIENT.0 {
            return Err((StatusCode::BAD_REQUEST, "invalid_client", "unknown client_id"));
        }
        let redirect_uri = get("redirect_uri");
        let target = Url::parse(redirect_uri).map_err(|_| bad("redirect_uri is no URL"))?;
        let loopback = target.scheme() == "http" && matches!(target.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
        if !self.config.redirect_uri.as_deref().map_or(loopback, |registered| registered == redirect_uri) {
            return Err(bad("redirect_uri is not registered"));
        }
        let back = |answers: &[(&str, &str)]| {
            let mut target = target.clone();
            target.query_pairs_mut().extend_pairs(answers).append_pair("state", get("state"));
            Ok(Reply::empty(StatusCode::FOUND).with_header("location", target))
        };
        let refuse = |error: &str, text: &str| back(&[("error", error), ("error_description", text)]);
        if get("response_type") != "code" {
            return refuse("unsupported_response_type", "only code is supported");
        }
        if get("state").chars().count() <= 8 {
            return refuse(INVALID_REQUEST, "state must be longer than 8 characters");
        }
        let challenge = asked.get("code_challenge").cloned();
        if challenge.is_some() && get("code_challenge_method") != "S256" {
            return refuse(INVALID_REQUEST, "code_challenge_method must be S256");
        }
        let wanted: BTreeSet<String> = get("scope").split(' ').filter(|scope| !scope.is_empty()).map(str::to_owned).collect();
        if wanted.is_empty() || wanted.iter().any(|scope| !SCOPES.split(' ').any(|known| known == scope)) {
            return refuse("invalid_scope", "one or more scopes are not known");
        }
        let granted: BTreeSet<String> = match &self.config.consent {
            None => wanted,
            Some(scopes) => wanted.into_iter().filter(|scope| scopes.contains(scope)).collect(),
        };
        if granted.is_empty() {
            return refuse("access_denied", "the user refused");
        }
        let code = random_word(32);
        let reply = back(&[("code", &code)]);
        self.given.push(code.clone());
        self.codes.insert(code, Code { redirect_uri: redirect_uri.to_owned(), challenge, scopes: granted, made: now });
        reply
    }

    fn token(&mut self, request: &Incoming, now: Timestamp) -> Answer {
        let form = request.form().ok_or((StatusCode::BAD_REQUEST, INVALID_REQUEST, "the body must be a form"))?;
        let get = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
        check_client(get("client_id"), get("client_secret"))?;
        match get("grant_type") {
            "authorization_code" => {
                let refused = |message| (StatusCode::BAD_REQUEST, INVALID_GRANT, message);
                // Removed before anything is checked: a code is good for one try.
                let code = self.codes.remove(get("code")).ok_or(refused("the code is unknown or has been used"))?;
                if now.duration_since(code.made) > SignedDuration::from_mins(5) {
                    return Err(refused("the code has expired"));
                }
                if code.redirect_uri != get("redirect_uri") {
                    return Err(refused("redirect_uri is not the one of the code"));
                }
                let proof = BASE64URL_NOPAD.encode(&Sha256::digest(get("code_verifier").as_bytes()));
                if code.challenge.is_some_and(|challenge| challenge != proof) {
                    return Err(refused("PKCE verification failed"));
                }
                self.grants.push(Grant { scopes: code.scopes, revoked: false, access: Vec::new(), refresh: Vec::new() });
                Ok(self.issue(self.grants.len() - 1, now))
            }
            "refresh_token" => self.refresh(get("refresh_token"), now),
            _ => Err((StatusCode::BAD_REQUEST, "unsupported_grant_type", "authorization_code and refresh_token are supported")),
        }
    }

    fn refresh(&mut self, token: &str, now: Timestamp) -> Answer {
        let refused = (StatusCode::BAD_REQUEST, INVALID_GRANT, "the refresh token is invalid or expired");
        let holds = |grant: &Grant| grant.refresh.iter().any(|refresh| refresh.value == token);
        let place = self.grants.iter().position(holds).ok_or(refused)?;
        let grant = &mut self.grants[place];
        let refresh = grant.refresh.iter_mut().find(|refresh| refresh.value == token).ok_or(refused)?;
        if grant.revoked || now.duration_since(refresh.made) >= SignedDuration::from_hours(24 * 90) {
            return Err(refused);
        }
        if refresh.used {
            match self.config.old_refresh {
                OldRefresh::Works => {}
                OldRefresh::Refused => return Err(refused),
                OldRefresh::RevokesGrant => {
                    self.revoke_grant(place);
                    return Err(refused);
                }
            }
        }
        refresh.used = true;
        Ok(self.issue(place, now))
    }

    /// Makes an access token, and a refresh token where the user granted `offline_access`.
    fn issue(&mut self, place: usize, now: Timestamp) -> Reply {
        let (access, refresh) = (format!("access-{}", random_word(40)), format!("refresh-{}", random_word(40)));
        let grant = &mut self.grants[place];
        let scopes = grant.scopes.clone();
        grant.access.push(access.clone());
        let mut body = json!({"token_type": "Bearer", "access_token": access});
        if self.config.expires_in == Told::Told {
            body["expires_in"] = 3600.into();
        }
        if self.config.scope == Told::Told {
            body["scope"] = scopes.iter().map(String::as_str).collect::<Vec<_>>().join(" ").into();
        }
        if scopes.contains("offline_access") {
            body["refresh_token"] = refresh.as_str().into();
            grant.refresh.push(Refresh { value: refresh, made: now, used: false });
        }
        let expires = now.saturating_add(SignedDuration::from_secs(3600)).unwrap_or(Timestamp::MAX);
        let (name, role) = (EXAMPLE_CLIENT.0.to_owned(), Role::Admin);
        let token = Token { value: access, name, scopes, role, made: now, used: now, expires: Some(expires), revoked: false };
        self.account().tokens.push(token);
        Reply::json(StatusCode::OK, body).with_header("cache-control", "no-store")
    }

    fn revoke(&mut self, request: &Incoming) -> Answer {
        let text = |body: &Value, name: &str| body[name].as_str().unwrap_or_default().to_owned();
        let json = || request.json().map(|body| ["token", "client_id", "client_secret"].map(|name| text(&body, name)));
        let form =
            || request.form().map(|body| ["token", "client_id", "client_secret"].map(|name| body.get(name).cloned().unwrap_or_default()));
        let read = match self.config.revoke_body {
            RevokeBody::Json => json(),
            RevokeBody::Form => form(),
            RevokeBody::Either => json().or_else(form),
        };
        let [token, client, secret] = read.ok_or((StatusCode::BAD_REQUEST, INVALID_REQUEST, "the body cannot be read"))?;
        check_client(&client, &secret)?;
        if let Some(place) = self.grants.iter().position(|grant| grant.refresh.iter().any(|refresh| refresh.value == token)) {
            self.revoke_grant(place);
        }
        self.account()
            .tokens
            .iter_mut()
            .filter(|known| known.expires.is_some() && known.value == token)
            .for_each(|known| known.revoked = true);
        // As the standard has it, an unknown token is as good as revoked.
        Ok(Reply::empty(StatusCode::OK))
    }

    /// Revokes a grant with every token it had.
    pub fn revoke_grant(&mut self, place: usize) {
        let Some(grant) = self.grants.get_mut(place) else {
            return;
        };
        grant.revoked = true;
        let access = grant.access.clone();
        self.account().tokens.iter_mut().filter(|token| access.contains(&token.value)).for_each(|token| token.revoked = true);
    }
}

fn check_client(id: &str, secret: &str) -> Result<(), (StatusCode, &'static str, &'static str)> {
    if (id, secret) == EXAMPLE_CLIENT {
        Ok(())
    } else {
        Err((StatusCode::UNAUTHORIZED, "invalid_client", "the client credentials are invalid"))
    }
}

impl Vendor for Issuer {
    type Route = Route;

    const NAME: &'static str = "brex-oauth-emulator";

    fn route(&self, request: &Incoming) -> Route {
        match (&request.method, request.path.strip_prefix(ISSUER)) {
            (&Method::GET, Some("/.well-known/openid-configuration" | "/.well-known/oauth-authorization-server")) => Route::Discovery,
            (&Method::GET, Some("/v1/authorize")) => Route::Authorize,
            (&Method::POST, Some("/v1/token")) => Route::Token,
            (&Method::POST, Some("/v1/revoke")) => Route::Revoke,
            (_, Some(_) | None) => Route::Unknown,
        }
    }

    fn answer(&mut self, route: Route, request: &Incoming, now: Timestamp) -> Outcome {
        let answer = match route {
            Route::Discovery => Ok(self.discovery()),
            Route::Authorize => self.authorize(request, now),
            Route::Token => self.token(request, now),
            Route::Revoke => self.revoke(request),
            Route::Unknown => Err((StatusCode::NOT_FOUND, "not_found", "there is no such endpoint")),
        };
        Outcome::Reply(
            answer.unwrap_or_else(|(status, error, text)| Reply::json(status, json!({"error": error, "error_description": text}))),
        )
    }
}

impl Emulated<Issuer> {
    /// Returns the issuer: [`Emulated::url`] and its path.
    pub fn issuer(&self) -> String {
        format!("{}{ISSUER}", self.url())
    }

    /// Returns what was granted so far, oldest first.
    pub fn grants(&self) -> Vec<Grant> {
        self.with(|issuer| issuer.grants.clone())
    }

    /// Returns every code and every token that was ever given out.
    pub fn secrets(&self) -> Vec<String> {
        self.with(|issuer| {
            let refresh = issuer.grants.iter().flat_map(|grant| grant.refresh.iter().map(|refresh| refresh.value.clone()));
            issuer.grants.iter().flat_map(|grant| grant.access.clone()).chain(refresh).chain(issuer.given.clone()).collect()
        })
    }

    /// Revokes a grant by hand.
    pub fn revoke_grant(&self, place: usize) {
        self.with(|issuer| issuer.revoke_grant(place));
    }

    /// Turns knobs while the emulator runs.
    pub fn configure(&self, change: impl FnOnce(&mut Config)) {
        self.with(|issuer| change(&mut issuer.config));
    }
}
