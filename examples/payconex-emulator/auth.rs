//! Tells who asks: HMAC with its replay and age checks, and Basic. Knows no scopes.

use data_encoding::{BASE64, HEXLOWER};
use hmac::{Hmac, Mac as _};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::config::{AuthErrors, AuthMethod, Environment, SignedQuery};
use super::reply::{Cause, Refusal};
use super::routes::Incoming;
use super::state::{State, WINDOW};

/// Returns the id of the live key which made the request.
///
/// A nonce counts as used once its signature has been found right. A timestamp ahead of the clock
/// passes: the vendor documents an age limit alone.
pub fn authenticate(state: &mut State, request: &Incoming, now: Timestamp) -> Result<String, Refusal> {
    identify(state, request, now).map_err(|cause| {
        let message = match state.config.auth_errors {
            AuthErrors::Alike => "authentication failed",
            AuthErrors::ToldApart => cause,
        };
        Refusal::new(Cause::Authentication, message)
    })
}

fn identify(state: &mut State, request: &Incoming, now: Timestamp) -> Result<String, &'static str> {
    let [header] = request.authorization.as_slice() else {
        return Err("there must be one authorization header");
    };
    if let Some(encoded) = header.strip_prefix("Basic ") {
        if state.config.environment == Environment::Production {
            return Err("basic authentication is off in production");
        }
        let (id, secret) = basic(encoded).ok_or("the basic credential is malformed")?;
        if live_secret(state, &id, AuthMethod::Basic, now)? != secret {
            return Err("wrong secret");
        }
        return Ok(id);
    }

    let claim = Claim::parse(header).ok_or("the authorization header is malformed")?;
    let secret = live_secret(state, claim.id, AuthMethod::Hmac, now)?;
    let canonical = canonical(request, &claim, state.config.signed_query);
    if !signature_fits(secret, &canonical, claim.response) {
        return Err("wrong signature");
    }
    let made = claim.timestamp.parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok()).ok_or("the timestamp is no time")?;
    if now.duration_since(made) > WINDOW {
        return Err("the timestamp is too old");
    }
    if !state.remember_nonce(claim.id, claim.nonce, now) {
        return Err("the nonce has been used");
    }
    Ok(claim.id.to_owned())
}

/// Returns the secret of a key which exists, is enabled, unexpired and allows the method.
fn live_secret<'a>(state: &'a State, id: &str, method: AuthMethod, now: Timestamp) -> Result<&'a str, &'static str> {
    let key = state.key(id).ok_or("unknown key")?;
    if !key.enabled {
        return Err("the key is disabled");
    }
    if key.expired(now) {
        return Err("the key has expired");
    }
    if !key.allows(method) {
        return Err("the key does not allow this method");
    }
    Ok(&key.secret)
}

fn basic(encoded: &str) -> Option<(String, String)> {
    let text = String::from_utf8(BASE64.decode(encoded.as_bytes()).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}

/// The parts of an HMAC header.
#[derive(Debug)]
struct Claim<'a> {
    id: &'a str,
    nonce: &'a str,
    timestamp: &'a str,
    response: &'a str,
}

impl<'a> Claim<'a> {
    /// Reads exactly the documented form: order, spaces and quotes included.
    fn parse(header: &'a str) -> Option<Self> {
        let mut fields = header.strip_prefix("Hmac ")?.split(", ");
        let mut field = |name: &str| -> Option<&'a str> {
            let value = fields.next()?.strip_prefix(name)?.strip_prefix("=\"")?.strip_suffix('"')?;
            (!value.is_empty() && !value.contains('"')).then_some(value)
        };
        let claim = Self { id: field("id")?, nonce: field("nonce")?, timestamp: field("timestamp")?, response: field("response")? };
        let digits = claim.timestamp.bytes().all(|b| b.is_ascii_digit());
        (fields.next().is_none() && digits).then_some(claim)
    }
}

/// Builds the text which is signed.
fn canonical(request: &Incoming, claim: &Claim<'_>, signed_query: SignedQuery) -> String {
    let query = match (signed_query, &request.query) {
        (SignedQuery::Signed, Some(query)) => format!("?{query}"),
        (SignedQuery::Signed, None) | (SignedQuery::Unsigned, _) => String::new(),
    };
    format!(
        "{method} {path}{query}\n{nonce}\n{timestamp}\n\n{digest}",
        method = request.method,
        path = request.path,
        nonce = claim.nonce,
        timestamp = claim.timestamp,
        digest = HEXLOWER.encode(&Sha256::digest(&request.body)),
    )
}

fn signature_fits(secret: &str, canonical: &str, response: &str) -> bool {
    let Ok(claimed) = HEXLOWER.decode(response.as_bytes()) else {
        return false;
    };
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key of any length makes an HMAC");
    mac.update(canonical.as_bytes());
    mac.verify_slice(&claimed).is_ok()
}
