//! Calls before the others: session tokens, OAuth client credentials, hosts that an answer names, and the end of a session.
use keywright::provider::{Provider, ProviderError};
use serde_json::{Value, json};

use crate::site::{Row, Site, TOKEN, create, ids, ok};

fn api(login: Value) -> Value {
    json!({
        "auth": {"use": {"scheme": "session"}, "login": login, "schemes": {
            "session": {"bearer": "{login.token}"}, "basic": {"basic": {"user": "api", "password": "{part.token}"}}
        }},
        "operations": {"list": {"request": "GET /keys"}, "create": {"request": "POST /keys", "body": {"name": "{label}"}}}
    })
}

#[tokio::test]
async fn a_login_comes_once_before_the_others() {
    let site = Site::new(vec![
        ok("POST /v1/login", json!({"access": "s3ssion", "seconds": 3600})),
        ok("GET /v1/keys", json!([{"id": "a"}])),
        ok("GET /v1/keys", json!([{"id": "a"}])),
    ])
    .await;
    let account = site.account(&api(json!({
        "request": "POST /login", "body": {"user": "me", "secret": "{part.token}"}, "give": {"token": "/access"}, "lasts": {"body": "/seconds"}
    })));
    ids(&account).await.expect("a list");
    ids(&account).await.expect("a list");
    assert_eq!(
        site.asked(),
        [format!(r#"POST /v1/login {{"user":"me","secret":"{TOKEN}"}}"#), "GET /v1/keys".into(), "GET /v1/keys".into()]
    );
    assert_eq!(site.header("authorization"), ["", "Bearer s3ssion", "Bearer s3ssion"]);
}

#[tokio::test]
async fn client_credentials_are_a_form_with_a_scheme_of_its_own() {
    let site = Site::new(vec![
        ok("POST /v1/oauth/token", json!({"access_token": "one", "expires_in": 0})),
        ok("GET /v1/keys", json!([])),
        ok("POST /v1/oauth/token", json!({"access_token": "two", "expires_in": 0})),
        ok("GET /v1/keys", json!([])),
    ])
    .await;
    let account = site.account(&api(json!({
        "request": "POST /oauth/token", "form": {"grant_type": "client_credentials"}, "with": "basic",
        "give": {"token": "/access_token"}, "lasts": {"body": "/expires_in"}
    })));
    ids(&account).await.expect("a list");
    ids(&account).await.expect("what has ended is fetched again");
    let sent = site.header("authorization");
    assert!(sent[0].starts_with("Basic ") && sent[2].starts_with("Basic "), "{sent:?}");
    assert_eq!((sent[1].as_str(), sent[3].as_str()), ("Bearer one", "Bearer two"));
    assert_eq!(site.asked()[0], "POST /v1/oauth/token grant_type=client_credentials");
}

#[tokio::test]
async fn a_refused_session_is_made_anew_once_also_for_a_create_which_was_not_carried_out() {
    let refused = |line| Row(line, 401, Vec::new(), json!({"message": "session s3ssion has ended"}));
    let session = |token: &str| ok("POST /v1/login", json!({"token": token}));
    let spec = || api(json!({"request": "POST /login", "body": {"secret": "{part.token}"}, "give": {"token": "/token"}}));
    let site = Site::new(vec![
        session("s3ssion"),
        ok("GET /v1/keys", json!([])),
        refused("GET /v1/keys"),
        session("second"),
        ok("GET /v1/keys", json!([])),
        refused("POST /v1/keys"),
        session("third"),
        refused("POST /v1/keys"),
        session("fourth"),
        refused("GET /v1/keys"),
    ])
    .await;
    let account = site.account(&spec());
    ids(&account).await.expect("a list");
    ids(&account).await.expect("a list, with a new session");
    let error = account.create(&create("x", &["read"])).await.err().expect("refused");
    assert!(matches!(error, ProviderError::Unauthenticated(_)), "{error:?}");
    assert_eq!(site.asked().len(), 8, "a fresh session that is refused is the end");
    assert!(matches!(ids(&account).await, Err(ProviderError::Unauthenticated(_))), "and for a list, too");
    assert_eq!(site.asked().len(), 10);
}

#[tokio::test]
async fn what_a_login_gave_and_took_is_repeated_nowhere() {
    let site = Site::new(vec![
        ok("POST /v1/login", json!({"token": "s3ssion"})),
        Row("GET /v1/keys", 403, Vec::new(), json!({"message": "s3ssion may not"})),
        Row("POST /v1/login", 401, Vec::new(), json!({"message": format!("bad password {TOKEN}")})),
    ])
    .await;
    let spec = api(json!({"request": "POST /login", "body": {"secret": "{part.token}"}, "give": {"token": "/token"}}));
    let error = ids(&site.account(&spec)).await.expect_err("refused").to_string();
    assert!(error.contains("status 403") && !error.contains("s3ssion"), "{error}");
    let error = ids(&site.account(&spec)).await.expect_err("refused");
    assert!(
        matches!(&error, ProviderError::Unauthenticated(text) if text.starts_with("the login: status 401") && !text.contains(TOKEN)),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_login_that_does_not_work_sent_no_call() {
    for (answer, why) in [
        (Row("POST /v1/login", 503, Vec::new(), json!({})), "status 503"),
        (ok("POST /v1/login", json!({"other": 1})), "gives no `token`"),
        (ok("POST /v1/login", json!({"token": "a\nb"})), "cannot be sent"),
    ] {
        let site = Site::new(vec![answer]).await;
        let spec = api(json!({"request": "POST /login", "give": {"token": "/token"}}));
        match site.account(&spec).create(&create("x", &["read"])).await.err() {
            Some(ProviderError::Unreachable(text)) => assert!(text.contains(why), "{text}"),
            other => panic!("{why}: {other:?}"),
        }
        assert_eq!(site.asked().len(), 1, "nothing but the login");
    }
}

#[tokio::test]
async fn only_listed_hosts_get_the_session() {
    let other = Site::new(vec![ok("GET /p/v1/keys", json!([{"id": "there"}]))]).await;
    let at = Site::new(vec![]).await;
    let answer = |url: &str| json!({"token": "s3ssion", "api": url});
    let spec = |hosts: Value, at: &str| {
        api(json!({"request": "POST /login", "at": at, "give": {"token": "/token"}, "base": {"at": "/api", "hosts": hosts}}))
    };
    // Named by the login's own host, followed to a listed one.
    let home = Site::new(vec![]).await;
    let login = Site::new(vec![ok("POST /v1/login", answer(&format!("{}/p", other.url)))]).await;
    let account = home.account_at(&spec(json!(["127.0.0.1"]), &login.url), None);
    assert_eq!(ids(&account).await.expect("a list"), ["there"]);
    assert!(home.asked().is_empty());
    // Not listed: an error that names it, and nothing is sent there.
    let login = Site::new(vec![ok("POST /v1/login", answer("https://evil.example"))]).await;
    let error = ids(&home.account_at(&spec(json!(["*.good.example"]), &login.url), None)).await.expect_err("refused").to_string();
    assert!(error.contains("`evil.example`, which the profile does not list") && !error.contains("s3ssion"), "{error}");
    // The account's endpoint stands for every host.
    let home = Site::new(vec![ok("POST /v1/login", answer(&other.url)), ok("GET /v1/keys", json!([{"id": "here"}]))]).await;
    assert_eq!(ids(&home.account(&spec(json!(["127.0.0.1"]), &at.url))).await.expect("a list"), ["here"]);
    assert!(at.asked().is_empty());
}
