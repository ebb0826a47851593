//! Grants that a person gives in a browser (OAuth 2): the port to an issuer, and the issuer over HTTP. Knows no ledger and no plan.
pub mod endpoints;
pub mod redirect;

use async_trait::async_trait;
use data_encoding::BASE64URL_NOPAD;
use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tokio::sync::OnceCell;
use zeroize::Zeroizing;

use crate::model::{Scope, ScopeSet, Secret};
use crate::profile::Grants;
use crate::profile::classify::Refusal;
use crate::profile::grants::RevokeForm;
use crate::provider::exchange::Wiped;
use crate::provider::said::Said;
use crate::provider::transport::{Body, Limits, Method, Outgoing, Transport, TransportError, Url};
use endpoints::Endpoints;

/// Tokens as an issuer gives them.
pub struct Tokens {
    pub access: Zeroizing<String>,
    /// Absent: the one that was used stays good, or none was granted.
    pub refresh: Option<Zeroizing<String>>,
    /// How long the access token lasts, where the issuer says.
    pub expires_in: Option<u64>,
    /// What was granted, where the issuer says; else what was asked for.
    pub scopes: Option<ScopeSet>,
}

/// What a browser is sent away with. `state` and `verifier` are drawn anew for each.
pub struct Asking<'a> {
    pub scopes: &'a ScopeSet,
    pub redirect: &'a str,
    pub state: &'a str,
    pub verifier: &'a str,
}

/// Why an issuer did not do what it was asked, classified by what happened. Holds no body and no token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GrantError {
    /// The client was refused: nothing happened.
    #[error("the client was refused: {0}")]
    Client(String),
    /// The code or the refresh token is used up, expired or revoked.
    #[error("the grant was refused: {0}")]
    Dead(String),
    #[error("refused: {0}")]
    Refused(String),
    #[error("throttled: {0}")]
    Throttled(String),
    /// Nothing was sent.
    #[error("unreachable: {0}")]
    Unreachable(String),
    /// Whether the issuer acted is unknown.
    #[error("no usable answer: {0}")]
    Unanswered(String),
    /// The discovery document leads where no token may go, or is none.
    #[error("{0}")]
    Discovery(String),
    #[error("{0}")]
    Local(String),
}

impl GrantError {
    /// Whether the issuer may have acted although the call failed.
    pub fn may_have_acted(&self) -> bool {
        match self {
            Self::Unanswered(_) => true,
            Self::Client(_)
            | Self::Dead(_)
            | Self::Refused(_)
            | Self::Throttled(_)
            | Self::Unreachable(_)
            | Self::Discovery(_)
            | Self::Local(_) => false,
        }
    }
}

impl From<TransportError> for GrantError {
    fn from(error: TransportError) -> Self {
        match error {
            TransportError::NotSendable(text) => Self::Local(text),
            TransportError::Unreachable(text) => Self::Unreachable(text),
            TransportError::Unanswered(text) => Self::Unanswered(text),
        }
    }
}

/// One issuer, with our client. No call is ever sent again by itself: a refresh token is good for one.
#[async_trait(?Send)]
pub trait Issuing {
    /// Learns where the endpoints are, before anything is recorded or asked.
    async fn prepare(&self) -> Result<(), GrantError>;
    /// The page that a person opens.
    async fn page(&self, asking: &Asking<'_>) -> Result<String, GrantError>;
    /// The name that answers of the issuer may bear.
    fn name(&self) -> &str;
    /// Tokens for a code.
    async fn exchange(&self, code: &str, redirect: &str, verifier: &str) -> Result<Tokens, GrantError>;
    /// New tokens for a refresh token, which may be dead from then on.
    async fn refresh(&self, token: &str) -> Result<Tokens, GrantError>;
    /// Ends a token, and with a refresh token its grant. One that is dead already is no error.
    async fn revoke(&self, token: &str) -> Result<(), GrantError>;
}

/// What makes an account's issuer.
pub struct IssuerAt<'a> {
    pub grants: &'a Grants,
    pub environment: &'a str,
    /// Replaces scheme, host and port of the issuer.
    pub endpoint: Option<&'a str>,
    /// The parts that the profile names: id, then secret.
    pub client: Secret,
    pub limits: Limits,
}

/// An issuer over HTTP, bound to its host.
pub struct Issuer {
    transport: Transport,
    name: String,
    discovery: Vec<String>,
    client: Secret,
    revoke: Vec<RevokeForm>,
    endpoints: OnceCell<Endpoints>,
}

impl Issuer {
    /// Opens it; sends nothing.
    pub fn open(at: IssuerAt<'_>) -> Result<Self, GrantError> {
        let IssuerAt { grants, environment, endpoint, client, limits } = at;
        let own = grants.issuers.get(environment);
        let own = own.ok_or_else(|| GrantError::Local(format!("the environment `{environment}` has no issuer of grants")))?;
        let name = endpoints::issuer(own, endpoint).map_err(GrantError::Local)?;
        let url = Url::parse(&name).map_err(|error| GrantError::Local(format!("the issuer is no URL: {error}")))?;
        let transport = Transport::bound_to(&url, None, limits)?;
        let (discovery, revoke) = (grants.discovery.clone(), grants.revoke.clone());
        Ok(Self { transport, name, discovery, client, revoke, endpoints: OnceCell::new() })
    }

    async fn endpoints(&self) -> Result<&Endpoints, GrantError> {
        self.endpoints.get_or_try_init(|| self.discover()).await
    }

    /// Reads the first discovery document that there is.
    async fn discover(&self) -> Result<Endpoints, GrantError> {
        let mut missing = String::new();
        for path in &self.discovery {
            let url = parsed(&format!("{}{path}", self.name))?;
            let answer = self.send(Method::GET, url, None, &[]).await?;
            match (answer.status, &answer.json) {
                (200, Some(json)) => return Endpoints::read(&json.0, &self.name).map_err(GrantError::Discovery),
                (404 | 405 | 410, _) => missing.clone_from(&answer.said),
                (429, _) => return Err(GrantError::Throttled(answer.said)),
                // Nothing was asked for yet: whatever it is, it did nothing.
                (_, _) => return Err(GrantError::Unreachable(format!("its discovery document: {}", answer.said))),
            }
        }
        Err(GrantError::Discovery(format!("`{}` has no discovery document ({missing})", self.name)))
    }

    fn client(&self) -> [(&str, &str); 2] {
        let mut parts = self.client.parts().map(|(_, value)| value);
        [("client_id", parts.next().unwrap_or_default()), ("client_secret", parts.next().unwrap_or_default())]
    }

    async fn send(&self, method: Method, url: Url, body: Option<Body>, sent: &[&str]) -> Result<Answer, GrantError> {
        let headers = vec![("accept".to_owned(), Zeroizing::new("application/json".to_owned()))];
        let answer = self.transport.send(Outgoing { method, url, headers, body }).await?;
        let json = serde_json::from_slice::<Value>(&answer.body).ok().map(Wiped);
        let repeats =
            |text: &String| sent.iter().chain(&self.client().map(|(_, value)| value)).any(|part| part.len() > 3 && text.contains(*part));
        let field = |name: &str| json.as_ref()?.0[name].as_str().map(str::to_owned).filter(|text| !repeats(text));
        let refusal = Refusal { status: answer.status, code: field("error"), kind: None, message: field("error_description"), trace: None };
        let said = Said(&refusal).without(&self.client);
        Ok(Answer { status: answer.status, json, code: refusal.code.unwrap_or_default(), said })
    }

    async fn tokens(&self, fields: &[(&str, &str)]) -> Result<Tokens, GrantError> {
        let url = self.endpoints().await?.token.clone();
        let all: Vec<(&str, &str)> = self.client().into_iter().chain(fields.iter().copied()).collect();
        let secrets: Vec<&str> = fields.iter().map(|(_, value)| *value).collect();
        let answer = self.send(Method::POST, url, Some(Body::Form(form(&all).as_bytes().to_vec())), &secrets).await?;
        if answer.status == 200 {
            return answer
                .json
                .as_ref()
                .and_then(|json| read(&json.0))
                .ok_or_else(|| GrantError::Unanswered("the answer holds no token".to_owned()));
        }
        Err(answer.error())
    }
}

/// An answer, made harmless but for its JSON.
struct Answer {
    status: u16,
    json: Option<Wiped>,
    code: String,
    said: String,
}

impl Answer {
    /// What an answer that is no success means.
    fn error(self) -> GrantError {
        match (self.status, self.code.as_str()) {
            (400 | 401, "invalid_client" | "unauthorized_client") | (401 | 403, "") => GrantError::Client(self.said),
            (400..=403, "invalid_grant") => GrantError::Dead(self.said),
            (429, _) => GrantError::Throttled(self.said),
            (408 | 500.., _) | (200..=399, _) => GrantError::Unanswered(self.said),
            (_, _) => GrantError::Refused(self.said),
        }
    }
}

#[async_trait(?Send)]
impl Issuing for Issuer {
    async fn prepare(&self) -> Result<(), GrantError> {
        self.endpoints().await.map(|_| ())
    }

    async fn page(&self, asking: &Asking<'_>) -> Result<String, GrantError> {
        let mut page = self.endpoints().await?.authorize.clone();
        let challenge = BASE64URL_NOPAD.encode(&Sha256::digest(asking.verifier.as_bytes()));
        let scopes: Vec<&str> = asking.scopes.iter().map(Scope::as_str).collect();
        let [(_, client), _] = self.client();
        page.query_pairs_mut().extend_pairs([
            ("response_type", "code"),
            ("client_id", client),
            ("redirect_uri", asking.redirect),
            ("scope", &scopes.join(" ")),
            ("state", asking.state),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ]);
        Ok(page.to_string())
    }

    fn name(&self) -> &str {
        &self.name
    }

    async fn exchange(&self, code: &str, redirect: &str, verifier: &str) -> Result<Tokens, GrantError> {
        let fields = [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", redirect), ("code_verifier", verifier)];
        self.tokens(&fields).await
    }

    async fn refresh(&self, token: &str) -> Result<Tokens, GrantError> {
        self.tokens(&[("grant_type", "refresh_token"), ("refresh_token", token)]).await
    }

    async fn revoke(&self, token: &str) -> Result<(), GrantError> {
        let endpoint = self.endpoints().await?.revoke.clone();
        let endpoint = endpoint.ok_or_else(|| GrantError::Refused("it offers no revocation".to_owned()))?;
        let [id, secret] = self.client();
        let fields = [("token", token), id, secret];
        let mut refused = None;
        for kind in &self.revoke {
            let body = match kind {
                RevokeForm::Json => {
                    let body = Wiped(fields.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value))).collect());
                    Body::Json(body.0.to_string().into_bytes())
                }
                RevokeForm::Form => Body::Form(form(&fields).as_bytes().to_vec()),
            };
            let answer = self.send(Method::POST, endpoint.clone(), Some(body), &[token]).await?;
            match (answer.status, answer.code.as_str()) {
                (200..=299, _) => return Ok(()),
                (status, code) if is_gone(status, code) => return Ok(()),
                (408 | 429 | 500.., _) | (..=399, _) => return Err(answer.error()),
                // Another form may be the right one; where it is not, the first refusal says more.
                (_, _) => refused = refused.or_else(|| Some(answer.error())),
            }
        }
        Err(refused.unwrap_or_else(|| GrantError::Refused("there is no form to send it in".to_owned())))
    }
}

/// Whether a refused revocation says that the token is dead already. Another status than 400 says something of our client.
fn is_gone(status: u16, code: &str) -> bool {
    status == 400 && matches!(code, "invalid_grant" | "invalid_token")
}

fn parsed(text: &str) -> Result<Url, GrantError> {
    Url::parse(text).map_err(|error| GrantError::Local(format!("the profile makes no URL: {error}")))
}

/// Fields as a form.
fn form(fields: &[(&str, &str)]) -> Zeroizing<String> {
    let mut carrier = Url::parse("http://form.invalid/").expect("a constant URL is valid");
    carrier.query_pairs_mut().extend_pairs(fields);
    Zeroizing::new(carrier.query().unwrap_or_default().to_owned())
}

/// The tokens of an answer; `None`: it has no access token that can be sent, or a refresh token that cannot.
fn read(answer: &Value) -> Option<Tokens> {
    let text = |name: &str| answer[name].as_str().filter(|text| is_token(text)).map(|text| Zeroizing::new(text.to_owned()));
    let words = |text: &str| text.split(' ').filter(|word| !word.is_empty()).map(Scope::from).collect();
    let seconds = &answer["expires_in"];
    Some(Tokens {
        access: text("access_token")?,
        refresh: match &answer["refresh_token"] {
            Value::Null => None,
            Value::String(empty) if empty.is_empty() => None,
            // One that cannot be sent again takes the place of the one before all the same.
            _ => Some(text("refresh_token")?),
        },
        expires_in: seconds.as_u64().or_else(|| seconds.as_str()?.parse().ok()),
        scopes: answer["scope"].as_str().map(words),
    })
}

fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Random bytes as a word of an address: for `state` and for the verifier.
pub fn word(bytes: &[u8; 32]) -> Zeroizing<String> {
    Zeroizing::new(BASE64URL_NOPAD.encode(bytes))
}

/// When an access token ends. Half a minute early, so that none is used that dies under way.
pub fn access_ends_at(tokens: &Tokens, grants: &Grants, now: Timestamp) -> Timestamp {
    let seconds = tokens.expires_in.unwrap_or_else(|| grants.access.as_seconds()).saturating_sub(30);
    let span = jiff::SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX));
    now.checked_add(span).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_answer_is_read_with_and_without_what_may_be_absent() {
        let whole = read(&json!({"access_token": "a", "refresh_token": "r", "expires_in": 3600, "scope": "b  a"})).expect("tokens");
        assert_eq!(
            (whole.access.as_str(), whole.refresh.as_ref().map(|text| text.as_str()), whole.expires_in),
            ("a", Some("r"), Some(3600))
        );
        assert_eq!(whole.scopes, Some(["a".into(), "b".into()].into()));
        let bare = read(&json!({"access_token": "a", "expires_in": "60"})).expect("tokens");
        assert!(bare.refresh.is_none() && bare.scopes.is_none() && bare.expires_in == Some(60));
        let bare = read(&json!({"access_token": "a", "refresh_token": ""})).expect("tokens");
        assert!(bare.refresh.is_none());
        for refresh in [json!("r r"), json!("r\n"), json!(1)] {
            assert!(read(&json!({"access_token": "a", "refresh_token": refresh})).is_none(), "{refresh}");
        }
        for none in [json!({}), json!({"access_token": ""}), json!({"access_token": "a b"}), json!({"access_token": 1}), json!([])] {
            assert!(read(&none).is_none(), "{none}");
        }
    }

    #[test]
    fn a_refusal_is_classified() {
        let error = |status, code: &str| Answer { status, json: None, code: code.to_owned(), said: String::new() }.error();
        assert!(matches!(error(400, "invalid_grant"), GrantError::Dead(_)));
        assert!(matches!(error(401, "invalid_client"), GrantError::Client(_)));
        assert!(matches!(error(401, ""), GrantError::Client(_)));
        assert!(matches!(error(400, "invalid_scope"), GrantError::Refused(_)));
        assert!(matches!(error(429, ""), GrantError::Throttled(_)));
        for status in [500, 503, 302, 204, 408] {
            assert!(error(status, "").may_have_acted(), "{status}");
        }
    }

    #[test]
    fn only_a_plain_refusal_says_that_a_token_is_gone() {
        assert!(is_gone(400, "invalid_token") && is_gone(400, "invalid_grant"));
        for (status, code) in [(401, "invalid_token"), (403, "invalid_token"), (400, "invalid_client"), (400, "")] {
            assert!(!is_gone(status, code), "{status} {code}");
        }
    }

    #[test]
    fn a_form_is_encoded() {
        assert_eq!(*form(&[("a", "b c&d"), ("e", "ü")]), "a=b+c%26d&e=%C3%BC");
    }
}
