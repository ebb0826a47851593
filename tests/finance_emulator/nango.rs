//! Nango: upserts that overwrite whole, what a body may hold, scopes, rates, and the proxy to Brex.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::finance::nango::{EXAMPLE_ACCOUNT_KEY, EXAMPLE_KEY};
use crate::finance::{Finance, brex};
use crate::{Answer, client, start};

fn call(finance: &Finance, method: Method, path: &str) -> RequestBuilder {
    client().request(method, format!("{}{path}", finance.nango.url())).bearer_auth(EXAMPLE_KEY)
}

fn upsert(changes: Value) -> Value {
    let mut body = json!({
        "provider_config_key": "brex-api-key",
        "connection_id": "brex-finance",
        "credentials": {"type": "API_KEY", "apiKey": "bxt_any"},
    });
    for (name, value) in changes.as_object().expect("an object") {
        body[name] = value.clone();
    }
    body
}

async fn post(finance: &Finance, body: &Value) -> Answer {
    Answer::to(call(finance, Method::POST, "/connections").json(body)).await
}

const ONE: &str = "/connections/brex-finance?provider_config_key=brex-api-key";

#[tokio::test]
async fn an_upsert_clears_every_field_left_out() {
    let finance = start(|_| {}).await;
    let full = upsert(json!({
        "tags": {"Team": "Finance"},
        "metadata": {"generation": 1},
        "connection_config": {"region": "eu"},
        "webhook_url_override": "https://hooks.example/",
    }));
    let made = post(&finance, &full).await.with_status(201).json();
    assert_eq!(made["credentials"]["apiKey"], "bxt_any", "the answer holds the credential");
    assert_eq!(made["tags"], json!({"team": "Finance"}), "keys of tags are lower-cased");
    let read = Answer::to(call(&finance, Method::GET, ONE)).await.with_status(200).json();
    assert_eq!(read, made);

    let over = post(&finance, &upsert(json!({"metadata": {"generation": 2}}))).await.with_status(201).json();
    assert_eq!((&over["id"], &over["created_at"]), (&made["id"], &made["created_at"]), "overwritten, not new");
    assert_eq!((&over["tags"], &over["connection_config"]), (&json!({}), &json!({})));
    assert_eq!((&over["metadata"], &over["webhook_url_override"]), (&json!({"generation": 2}), &Value::Null));
    let kept = finance.nango.connection("brex-api-key", "brex-finance").expect("it is there");
    assert_eq!(kept.metadata["generation"], 2);
    assert!(!format!("{kept:?}").contains("bxt_any"));
    finance.nango.configure(|config| config.created_status = 200);
    post(&finance, &upsert(json!({}))).await.with_status(200);
}

#[tokio::test]
async fn a_body_must_be_right_in_every_field() {
    let finance = start(|_| {}).await;
    let eleven: Value = (0..11).map(|number| (format!("tag{number}"), json!("x"))).collect::<serde_json::Map<_, _>>().into();
    let wrong = [
        json!({"surprise": 1}),
        json!({"credentials": "bxt_any"}),
        json!({"credentials": {"type": "BASIC", "username": "x"}}),
        json!({"credentials": {"type": "API_KEY"}}),
        json!({"credentials": {"type": "API_KEY", "apiKey": "x", "more": 1}}),
        json!({"connection_id": "no#hash"}),
        json!({"connection_id": "x".repeat(256)}),
        json!({"connection_id": 7}),
        json!({"tags": eleven}),
        json!({"tags": {"long": "x".repeat(256)}}),
        json!({"tags": {"number": 1}}),
        json!({"tags": ["x"]}),
        json!({"metadata": "x"}),
        json!({"webhook_url_override": 1}),
    ];
    for changes in wrong {
        let body = post(&finance, &upsert(changes.clone())).await.with_status(400).json();
        assert_eq!(body["error"]["code"], "invalid_body", "{changes}");
    }
    assert_eq!(
        Answer::to(call(&finance, Method::POST, "/connections").body("{")).await.with_status(400).json()["error"]["code"],
        "invalid_body"
    );
    let unknown = post(&finance, &upsert(json!({"provider_config_key": "other"}))).await.with_status(400).json();
    assert_eq!(unknown["error"]["code"], "unknown_provider_config");

    let id = "aZ0,.;:=+~[]|@${}\"'\\/_ -";
    let right = [
        json!({"connection_id": id}),
        json!({"connection_id": "x".repeat(255)}),
        json!({"credentials": {"type": "API_KEY", "apiKey": "any string"}}),
    ];
    for changes in right {
        post(&finance, &upsert(changes)).await.with_status(201);
    }
    let mut without_id = upsert(json!({}));
    without_id.as_object_mut().expect("an object").remove("connection_id");
    assert_eq!(post(&finance, &without_id).await.with_status(201).json()["connection_id"].as_str().map(str::len), Some(36));
    assert!(finance.nango.connection("brex-api-key", id).is_some());
}

#[tokio::test]
async fn a_patch_changes_tags_and_refuses_credentials() {
    let finance = start(|_| {}).await;
    post(&finance, &upsert(json!({"metadata": {"kept": true}}))).await.with_status(201);
    let patch = async |body: Value| Answer::to(call(&finance, Method::PATCH, ONE).json(&body)).await;
    patch(json!({"tags": {"team": "finance"}})).await.with_status(200);
    let refused = patch(json!({"credentials": {"type": "API_KEY", "apiKey": "bxt_new"}})).await.with_status(400).json();
    assert_eq!(refused["error"]["code"], "invalid_body");
    let kept = finance.nango.connection("brex-api-key", "brex-finance").expect("it is there");
    assert_eq!((kept.credentials["apiKey"].as_str(), &kept.metadata), (Some("bxt_any"), &json!({"kept": true})));
    assert_eq!(kept.tags["team"], "finance");
}

#[tokio::test]
async fn lists_filter_and_show_no_credentials() {
    let finance = start(|_| {}).await;
    for (id, team) in [("one", "finance"), ("two", "finance"), ("three", "people")] {
        post(&finance, &upsert(json!({"connection_id": id, "tags": {"team": team}, "metadata": {"generation": 3}}))).await.with_status(201);
    }
    let rows = [
        ("", 3),
        ("?connectionId=two", 1),
        ("?tags[team]=finance", 2),
        ("?tags[team]=finance&connectionId=three", 0),
        ("?limit=2", 2),
        ("?limit=2&page=1", 1),
    ];
    for (query, count) in rows {
        let answer = Answer::to(call(&finance, Method::GET, &format!("/connections{query}"))).await.with_status(200);
        assert!(!answer.text.contains("bxt_any"));
        let found = answer.json()["connections"].as_array().expect("a list").clone();
        assert_eq!(found.len(), count, "{query}");
        assert!(found.iter().all(|row| row["metadata"]["generation"] == 3), "drift is seen without the credential");
    }
    for query in ["?limit=many", "?page=x", "?connection_id=two"] {
        let wrong = Answer::to(call(&finance, Method::GET, &format!("/connections{query}"))).await.with_status(400).json();
        assert_eq!(wrong["error"]["code"], "invalid_query_params", "{query}");
    }
}

#[tokio::test]
async fn an_unknown_connection_is_400_or_404() {
    for (knob, status) in [(404, 404), (400, 400)] {
        let finance = start(|config| config.nango.unknown_status = knob).await;
        let read = Answer::to(call(&finance, Method::GET, ONE)).await.with_status(status).json();
        assert_eq!(read["error"]["code"], "unknown_connection");
        for method in [Method::DELETE, Method::PATCH] {
            let gone = Answer::to(call(&finance, method, ONE).json(&json!({}))).await.with_status(400).json();
            assert_eq!(gone["error"]["code"], "unknown_connection");
        }
        post(&finance, &upsert(json!({}))).await.with_status(201);
        Answer::to(call(&finance, Method::GET, "/connections/brex-finance")).await.with_status(400);
        assert_eq!(Answer::to(call(&finance, Method::DELETE, ONE)).await.with_status(200).json(), json!({"success": true}));
        Answer::to(call(&finance, Method::DELETE, ONE)).await.with_status(400);
    }
}

#[tokio::test]
async fn each_call_needs_its_scope() {
    let finance = start(|_| {}).await;
    post(&finance, &upsert(json!({}))).await.with_status(201);
    let rows = [
        (Method::POST, "/integrations", "environment:integrations:create"),
        (Method::GET, "/connections", "environment:connections:list"),
        (Method::GET, ONE, "environment:connections:read"),
        (Method::POST, "/connections", "environment:connections:create"),
        (Method::DELETE, ONE, "environment:connections:delete"),
        (Method::GET, "/proxy/v2/users/me", "environment:proxy"),
    ];
    for (method, path, scope) in rows {
        let others = rows_without(scope);
        let key = finance.nango.add_key(&format!("all but {scope}"), others.iter().map(String::as_str));
        let url = format!("{}{path}", finance.nango.url());
        let refused = Answer::to(client().request(method.clone(), &url).bearer_auth(key).json(&json!({}))).await.with_status(403).json();
        assert_eq!(refused, json!({"error": {"code": "forbidden", "message": format!("Insufficient scope. Required: {scope}")}}));
        let key = finance.nango.add_key(&format!("only {scope}"), [scope]);
        let let_in = Answer::to(client().request(method, &url).bearer_auth(key).json(&json!({}))).await;
        assert_ne!(let_in.status, 403, "{path}");
    }
    post(&finance, &upsert(json!({}))).await.with_status(201);
    for (scopes, shown) in [
        (vec!["environment:connections:read"], false),
        (vec!["environment:connections:read", "environment:connections:read_credentials"], true),
    ] {
        let key = finance.nango.add_key("reader", scopes);
        let read = Answer::to(client().get(format!("{}{ONE}", finance.nango.url())).bearer_auth(key)).await.with_status(200);
        assert_eq!(read.text.contains("bxt_any"), shown);
    }
    for key in ["00000000-0000-4000-8000-000000000000", "nonsense"] {
        Answer::to(client().get(format!("{}/connections", finance.nango.url())).bearer_auth(key)).await.with_status(401);
    }
}

fn rows_without(scope: &str) -> Vec<String> {
    let all = ["integrations:create", "connections:list", "connections:read", "connections:create", "connections:delete", "proxy"];
    all.into_iter().map(|name| format!("environment:{name}")).filter(|name| name != scope).collect()
}

#[tokio::test]
async fn the_proxy_asks_brex_with_the_stored_credential() {
    let finance = start(|_| {}).await;
    let token = finance.brex.create_token("Nango", ["users.readonly"]);
    post(&finance, &upsert(json!({"credentials": {"type": "API_KEY", "apiKey": token}}))).await.with_status(201);
    let proxied = async |base: Option<&str>| {
        let request = call(&finance, Method::GET, "/proxy/v2/users/me")
            .header("Connection-Id", "brex-finance")
            .header("Provider-Config-Key", "brex-api-key");
        Answer::to(base.into_iter().fold(request, |request, base| request.header("Base-Url-Override", base))).await
    };
    let url = finance.brex.url();
    for base in [None, Some("https://api.brex.com"), Some("https://api.brex.com/"), Some(url.as_str())] {
        let answer = proxied(base).await.with_status(200);
        assert_eq!(answer.json()["status"], "ACTIVE");
        assert_eq!(answer.header("x-brex-trace-id").len(), 32);
    }
    assert_eq!(finance.brex.count(brex::Route::Me), 4, "it counts as use");
    finance.brex.revoke(&token);
    let dead = proxied(Some("https://api.brex.com")).await.with_status(401).json();
    assert_eq!(dead["message"], "Invalid or Revoked Token", "Brex's answer comes back as it was");
    proxied(Some("https://elsewhere.example")).await.with_status(400);
    Answer::to(call(&finance, Method::GET, "/proxy/v2/users/me").header("Provider-Config-Key", "brex-api-key")).await.with_status(400);
    let unknown =
        call(&finance, Method::GET, "/proxy/v2/users/me").header("Connection-Id", "other").header("Provider-Config-Key", "brex-api-key");
    assert_eq!(Answer::to(unknown).await.with_status(400).json()["error"]["code"], "unknown_connection");
}

#[tokio::test]
async fn rates_are_told_and_kept() {
    let finance = start(|config| config.nango.rate = 2).await;
    let list = || call(&finance, Method::GET, "/connections");
    for left in ["1", "0"] {
        let answer = Answer::to(list()).await.with_status(200);
        assert_eq!((answer.header("x-ratelimit-limit"), answer.header("x-ratelimit-remaining")), ("2", left));
        assert!(answer.header("x-ratelimit-reset").parse::<i64>().is_ok());
    }
    let wait: i64 = Answer::to(list()).await.with_status(429).header("retry-after").parse().expect("seconds");
    assert!((1..=60).contains(&wait));
    finance.set_clock_offset(jiff::SignedDuration::from_secs(61));
    Answer::to(list()).await.with_status(200);
}

#[tokio::test]
async fn integrations_are_made_once_of_known_providers() {
    let finance = start(|_| {}).await;
    let make = async |body: Value| Answer::to(call(&finance, Method::POST, "/integrations").json(&body)).await;
    let made = make(json!({"unique_key": "brex-second", "provider": "brex-api-key"})).await.with_status(200).json();
    assert_eq!(made["data"]["unique_key"], "brex-second");
    make(json!({"unique_key": "brex-second", "provider": "brex-api-key"})).await.with_status(400);
    make(json!({"unique_key": "x", "provider": "unheard-of"})).await.with_status(400);
    assert_eq!(make(json!({"unique_key": "x"})).await.with_status(400).json()["error"]["code"], "invalid_body");
    make(json!({"unique_key": "brex", "provider": "brex"})).await.with_status(200);
    let oauth = upsert(json!({"provider_config_key": "brex", "credentials": {"type": "OAUTH2", "access_token": "x"}}));
    post(&finance, &oauth).await.with_status(201);
}

#[tokio::test]
async fn environment_keys_have_the_full_scope_and_one_name() {
    let finance = start(|_| {}).await;
    let keys = |method: Method, body: Value| {
        client().request(method, format!("{}/environment/api-keys", finance.nango.url())).bearer_auth(EXAMPLE_ACCOUNT_KEY).json(&body)
    };
    let body = json!({"environment_id": 1, "display_name": "ci"});
    let made = Answer::to(keys(Method::POST, body.clone())).await.with_status(200).json();
    assert_eq!(made["data"]["scopes"], json!(["environment:*"]));
    Answer::to(keys(Method::POST, body)).await.with_status(409);
    Answer::to(keys(Method::POST, json!({"display_name": "other"}))).await.with_status(400);
    Answer::to(keys(Method::DELETE, json!({"key_id": "ci"}))).await.with_status(400);
    let secret = made["data"]["secret"].as_str().expect("shown once");
    let list = || client().get(format!("{}/connections", finance.nango.url())).bearer_auth(secret);
    Answer::to(list()).await.with_status(200);
    Answer::to(call(&finance, Method::POST, "/environment/api-keys").json(&json!({}))).await.with_status(401);
    Answer::to(keys(Method::DELETE, json!({"environment_id": 1, "key_id": made["data"]["id"]}))).await.with_status(200);
    Answer::to(list()).await.with_status(401);
}
