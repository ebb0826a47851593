//! Brex's OAuth server: the code flow, rotation of refresh tokens, revocation, and what each refuses.

use std::collections::BTreeMap;

use data_encoding::BASE64URL_NOPAD;
use jiff::SignedDuration;
use reqwest::Url;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::finance::Finance;
use crate::finance::oauth::{EXAMPLE_CLIENT, OldRefresh, RevokeBody, Route, Told};
use crate::{Answer, client, days, start};

const BACK: &str = "http://127.0.0.1:9999/callback";
const VERIFIER: &str = "a-verifier-that-is-long-enough-for-the-standard-0123456789";
const STATE: &str = "nine-char";

fn asked<'a>(changes: &[(&'a str, &'a str)]) -> BTreeMap<&'a str, &'a str> {
    let mut asked: BTreeMap<&str, &str> = [
        ("response_type", "code"),
        ("client_id", EXAMPLE_CLIENT.0),
        ("redirect_uri", BACK),
        ("scope", "openid offline_access users.readonly"),
        ("state", STATE),
    ]
    .into();
    asked.extend(changes.iter().copied());
    asked
}

async fn authorize(finance: &Finance, changes: &[(&str, &str)]) -> Answer {
    let url = Url::parse_with_params(&format!("{}/v1/authorize", finance.oauth.issuer()), asked(changes)).expect("a URL");
    Answer::to(client().get(url)).await
}

/// Returns the parameters that the browser is sent back with.
async fn sent_back(finance: &Finance, changes: &[(&str, &str)]) -> BTreeMap<String, String> {
    let answer = authorize(finance, changes).await.with_status(302);
    let target = Url::parse(answer.header("location")).expect("a URL");
    assert!(target.as_str().starts_with(BACK), "{target}");
    target.query_pairs().into_owned().collect()
}

async fn token(finance: &Finance, fields: &[(&str, &str)]) -> Answer {
    let mut form: BTreeMap<&str, &str> = [("client_id", EXAMPLE_CLIENT.0), ("client_secret", EXAMPLE_CLIENT.1)].into();
    form.extend(fields.iter().copied());
    let body = Url::parse_with_params("http://x/", form).expect("a URL").query().unwrap_or_default().to_owned();
    let request = client().post(format!("{}/v1/token", finance.oauth.issuer()));
    Answer::to(request.header("content-type", "application/x-www-form-urlencoded").body(body)).await
}

async fn exchange(finance: &Finance, code: &str, changes: &[(&str, &str)]) -> Answer {
    let mut fields = vec![("grant_type", "authorization_code"), ("code", code), ("redirect_uri", BACK)];
    fields.extend(changes);
    token(finance, &fields).await
}

async fn refresh(finance: &Finance, value: &Value) -> Answer {
    token(finance, &[("grant_type", "refresh_token"), ("refresh_token", value.as_str().expect("a refresh token"))]).await
}

/// Runs the flow to its end.
async fn granted(finance: &Finance, changes: &[(&str, &str)]) -> Value {
    let back = sent_back(finance, changes).await;
    exchange(finance, &back["code"], &[]).await.with_status(200).json()
}

async fn me(finance: &Finance, token: &Value) -> Answer {
    let token = token.as_str().expect("an access token");
    Answer::to(client().get(format!("{}/v2/users/me", finance.brex.url())).bearer_auth(token)).await
}

#[tokio::test]
async fn a_grant_lives_from_consent_to_revocation() {
    let finance = start(|_| {}).await;
    let document = Answer::to(client().get(format!("{}/.well-known/openid-configuration", finance.oauth.issuer()))).await.json();
    assert_eq!(document["issuer"], finance.oauth.issuer());
    for (field, path) in [("authorization_endpoint", "authorize"), ("token_endpoint", "token"), ("revocation_endpoint", "revoke")] {
        assert_eq!(document[field], format!("{}/v1/{path}", finance.oauth.issuer()));
    }
    let back = sent_back(&finance, &[]).await;
    assert_eq!(back["state"], STATE);
    let made = exchange(&finance, &back["code"], &[]).await.with_status(200).json();
    assert_eq!((&made["token_type"], &made["expires_in"]), (&json!("Bearer"), &json!(3600)));
    assert_eq!(made["scope"], "offline_access openid users.readonly");
    me(&finance, &made["access_token"]).await.with_status(200);

    let again = exchange(&finance, &back["code"], &[]).await.with_status(400).json();
    assert_eq!(again["error"], "invalid_grant", "a code works once");

    let revoke = |body: Value| client().post(format!("{}/v1/revoke", finance.oauth.issuer())).json(&body);
    let body = json!({"token": made["refresh_token"], "client_id": EXAMPLE_CLIENT.0, "client_secret": EXAMPLE_CLIENT.1});
    Answer::to(revoke(body)).await.with_status(200);
    me(&finance, &made["access_token"]).await.with_status(401);
    assert_eq!(refresh(&finance, &made["refresh_token"]).await.with_status(400).json()["error"], "invalid_grant");
    assert!(finance.oauth.grants()[0].revoked);
    let unknown = json!({"token": "unknown", "client_id": EXAMPLE_CLIENT.0, "client_secret": EXAMPLE_CLIENT.1});
    Answer::to(revoke(unknown)).await.with_status(200);
    Answer::to(revoke(json!({"token": "any", "client_id": EXAMPLE_CLIENT.0, "client_secret": "wrong"}))).await.with_status(401);
    assert_eq!(finance.oauth.count(Route::Revoke), 3);
}

#[tokio::test]
async fn the_user_may_grant_fewer_scopes_or_none() {
    let finance = start(|config| config.oauth.consent = Some(vec!["openid".to_owned(), "users.readonly".to_owned()])).await;
    let made = granted(&finance, &[("scope", "openid offline_access users.readonly cards")]).await;
    assert_eq!(made["scope"], "openid users.readonly");
    assert_eq!(made.get("refresh_token"), None, "offline_access is what yields one");
    finance.oauth.configure(|config| config.consent = Some(Vec::new()));
    assert_eq!(sent_back(&finance, &[]).await["error"], "access_denied");
}

#[tokio::test]
async fn fields_may_be_absent_from_the_token_answer() {
    let finance = start(|config| {
        config.oauth.expires_in = Told::Absent;
        config.oauth.scope = Told::Absent;
    })
    .await;
    let made = granted(&finance, &[]).await;
    assert_eq!((made.get("expires_in"), made.get("scope")), (None, None));
}

#[tokio::test]
async fn authorization_refuses_what_is_wrong() {
    let finance = start(|config| config.oauth.redirect_uri = Some(BACK.to_owned())).await;
    for change in [("client_id", "other"), ("redirect_uri", "http://127.0.0.1:9999/other"), ("redirect_uri", "nowhere")] {
        authorize(&finance, &[change]).await.with_status(400);
    }
    let rows = [
        ("state", "eight-ch", "invalid_request"),
        ("response_type", "token", "unsupported_response_type"),
        ("scope", "users.readonly nonsense", "invalid_scope"),
        ("scope", "", "invalid_scope"),
        ("code_challenge", "plain", "invalid_request"),
    ];
    for (name, value, error) in rows {
        let back = sent_back(&finance, &[(name, value)]).await;
        assert_eq!(back["error"], error, "{name}={value}");
        assert!(!back.contains_key("code"));
    }
    finance.oauth.configure(|config| config.redirect_uri = None);
    authorize(&finance, &[("redirect_uri", "https://elsewhere.example/")]).await.with_status(400);
    authorize(&finance, &[("redirect_uri", "http://localhost:1/any")]).await.with_status(302);
}

#[tokio::test]
async fn a_challenge_must_be_met() {
    let finance = start(|_| {}).await;
    let challenge = BASE64URL_NOPAD.encode(&Sha256::digest(VERIFIER.as_bytes()));
    let pkce = [("code_challenge", challenge.as_str()), ("code_challenge_method", "S256")];
    for (verifier, status) in [(Some(VERIFIER), 200), (Some("another"), 400), (None, 400)] {
        let back = sent_back(&finance, &pkce).await;
        let sent: Vec<(&str, &str)> = verifier.map(|verifier| ("code_verifier", verifier)).into_iter().collect();
        exchange(&finance, &back["code"], &sent).await.with_status(status);
    }
}

#[tokio::test]
async fn the_token_call_refuses_what_is_wrong() {
    let finance = start(|_| {}).await;
    let fresh = async || sent_back(&finance, &[]).await["code"].clone();
    let wrong = exchange(&finance, &fresh().await, &[("client_secret", "wrong")]).await.with_status(401).json();
    assert_eq!(wrong["error"], "invalid_client");
    exchange(&finance, &fresh().await, &[("redirect_uri", "http://127.0.0.1:1/")]).await.with_status(400);
    exchange(&finance, "no such code", &[]).await.with_status(400);
    let other = exchange(&finance, &fresh().await, &[("grant_type", "password")]).await.with_status(400).json();
    assert_eq!(other["error"], "unsupported_grant_type");
    let request = client().post(format!("{}/v1/token", finance.oauth.issuer())).json(&json!({"grant_type": "authorization_code"}));
    assert_eq!(Answer::to(request).await.with_status(400).json()["error"], "invalid_request", "a form, not JSON");

    let code = fresh().await;
    finance.set_clock_offset(SignedDuration::from_mins(6));
    exchange(&finance, &code, &[]).await.with_status(400);
    Answer::to(client().get(format!("{}/v1/keys", finance.oauth.issuer()))).await.with_status(404);
}

#[tokio::test]
async fn a_refresh_token_is_used_once() {
    let finance = start(|_| {}).await;
    let first = granted(&finance, &[]).await;
    let second = refresh(&finance, &first["refresh_token"]).await.with_status(200).json();
    assert_ne!(second["refresh_token"], first["refresh_token"]);
    assert_ne!(second["access_token"], first["access_token"]);
    for made in [&first, &second] {
        me(&finance, &made["access_token"]).await.with_status(200);
    }
    let reused = refresh(&finance, &first["refresh_token"]).await.with_status(400).json();
    assert_eq!(reused["error"], "invalid_grant");
    refresh(&finance, &second["refresh_token"]).await.with_status(200);
    assert_eq!(finance.oauth.grants()[0].refreshes(), 3);

    finance.oauth.configure(|config| config.old_refresh = OldRefresh::Works);
    refresh(&finance, &first["refresh_token"]).await.with_status(200);
    finance.oauth.configure(|config| config.old_refresh = OldRefresh::RevokesGrant);
    let last = refresh(&finance, &first["refresh_token"]).await.with_status(400);
    assert_eq!(last.json()["error"], "invalid_grant");
    me(&finance, &second["access_token"]).await.with_status(401);
}

#[tokio::test]
async fn access_tokens_last_an_hour_and_refresh_tokens_90_days() {
    let finance = start(|_| {}).await;
    let made = granted(&finance, &[]).await;
    finance.set_clock_offset(SignedDuration::from_secs(3601));
    assert_eq!(me(&finance, &made["access_token"]).await.with_status(403).json()["message"], "Expired token");
    finance.set_clock_offset(days(89));
    let next = refresh(&finance, &made["refresh_token"]).await.with_status(200).json();
    me(&finance, &next["access_token"]).await.with_status(200);
    finance.set_clock_offset(days(180));
    refresh(&finance, &next["refresh_token"]).await.with_status(400);
}

#[tokio::test]
async fn a_revocation_is_json_or_a_form() {
    for (knob, json_status, form_status) in [(RevokeBody::Json, 200, 400), (RevokeBody::Form, 400, 200), (RevokeBody::Either, 200, 200)] {
        let finance = start(|config| config.oauth.revoke_body = knob).await;
        let made = granted(&finance, &[]).await;
        let access = made["access_token"].as_str().expect("one");
        let fields = [("token", access), ("client_id", EXAMPLE_CLIENT.0), ("client_secret", EXAMPLE_CLIENT.1)];
        let url = format!("{}/v1/revoke", finance.oauth.issuer());
        let form = Url::parse_with_params("http://x/", fields).expect("a URL").query().unwrap_or_default().to_owned();
        let form = client().post(&url).header("content-type", "application/x-www-form-urlencoded").body(form);
        Answer::to(form).await.with_status(form_status);
        let fields: BTreeMap<&str, &str> = fields.into();
        Answer::to(client().post(&url).json(&fields)).await.with_status(json_status);
        me(&finance, &made["access_token"]).await.with_status(401);
        refresh(&finance, &made["refresh_token"]).await.with_status(200);
    }
}
