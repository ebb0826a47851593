//! Writes: bodies of every form, values from beside the object, further requests and their failures, full replacement, and waiting.
use keywright::provider::{EditRequest, Provider, ProviderError};
use serde_json::{Value, json};

use crate::site::{Row, Site, TOKEN, create, ok, set, unanswered};

fn operations(operations: Value) -> Value {
    json!({"operations": operations})
}

fn label(text: &str) -> EditRequest {
    EditRequest { label: Some(text.to_owned()), ..EditRequest::default() }
}

#[tokio::test]
async fn bodies_are_lists_forms_and_patches() {
    let site = Site::new(vec![
        ok("DELETE /v1/keys", Value::Null),
        ok("POST /v1/keys", json!({"id": "k1", "token": "hush-hush"})),
        ok("PATCH /v1/keys/k1", json!({})),
    ])
    .await;
    let account = site.account(&operations(json!({
        "create": {"request": "POST /keys", "form": {"FriendlyName": "{label}", "scope": "{scopes}", "Policy": {"allow": "{scopes}"}}},
        "edit": {"request": "PATCH /keys/{id}", "headers": {"X-Request-Id": "{uuid}"}, "patch": {"/name": "{label}", "/scopes": "{scopes}"}},
        "delete": {"request": "DELETE /keys", "body": [{"id": "{id}", "team": "{param.team}"}]}
    })));
    account.create(&create("a b", &["r", "w"])).await.expect("created");
    account.edit("k1", &label("new")).await.expect("edited");
    account.delete("k1").await.expect("deleted");
    assert_eq!(
        site.asked(),
        [
            "POST /v1/keys FriendlyName=a%20b&scope=r&scope=w&Policy=%7B%22allow%22%3A%5B%22r%22%2C%22w%22%5D%7D",
            r#"PATCH /v1/keys/k1 [{"op":"replace","path":"/name","value":"new"}]"#,
            r#"DELETE /v1/keys [{"id":"k1","team":"t 1"}]"#,
        ]
    );
    assert_eq!(site.header("content-type"), ["application/x-www-form-urlencoded", "application/json-patch+json", "application/json"]);
    assert_eq!(site.header("x-request-id")[1].len(), 36);
}

#[tokio::test]
async fn a_created_key_is_put_together() {
    let site = Site::new(vec![
        Row("POST /v1/keys", 201, vec![("location", "{endpoint}/v1/keys/k1")], json!({"key": {"name": "x"}, "value": "hush-hush"})),
        ok("GET /v1/keys/k1/permissions", json!({"scopes": ["read"]})),
    ])
    .await;
    let account = site.account(&json!({
        "key": {"scopes": {"at": "/permissions/scopes"}},
        "operations": {"create": {
            "request": "POST /keys", "body": {"name": "{label}", "password": "{part.token}"}, "item": "/key",
            "take": {"/token": {"body": "/value"}, "/id": {"header": "Location", "pattern": "[^/]+$"}},
            "then": [{"request": "GET /keys/{id}/permissions", "into": "/permissions"}]
        }}
    }));
    let created = account.create(&create("x", &["read"])).await.expect("created");
    assert_eq!((created.key.id.as_str(), created.key.scopes), ("k1", Some(set(&["read"]))));
    assert_eq!(created.secret.expect("a secret").part("secret"), Some("hush-hush"));
    assert_eq!(site.asked()[0], format!(r#"POST /v1/keys {{"name":"x","password":"{TOKEN}"}}"#));
}

#[tokio::test]
async fn a_create_is_sent_once_and_what_fails_after_it_may_have_acted() {
    let failing = |status| Row("POST /v1/keys/k1/grants", status, Vec::new(), json!({"message": format!("not for {TOKEN}")}));
    let api = operations(json!({"create": {
        "request": "POST /keys", "body": {"name": "{label}"},
        "then": [{"request": "POST /keys/{id}/grants", "body": {"scopes": "{scopes}", "of": "{item./name}"}}]
    }}));
    for status in [400, 401, 404, 429, 503] {
        let site = Site::new(vec![ok("POST /v1/keys", json!({"id": "k1", "name": "x"})), failing(status), failing(status)]).await;
        unanswered(site.account(&api).create(&create("x", &["read"])).await, "a later request of the same operation failed");
        assert_eq!(site.asked(), [r#"POST /v1/keys {"name":"x"}"#, r#"POST /v1/keys/k1/grants {"scopes":["read"],"of":"x"}"#], "{status}");
    }
    let site = Site::new(vec![Row("POST /v1/keys", 503, Vec::new(), json!({}))]).await;
    unanswered(site.account(&api).create(&create("x", &["read"])).await, "status 503");
    assert_eq!(site.asked().len(), 1);
}

#[tokio::test]
async fn a_full_replacement_keeps_what_it_does_not_know() {
    let site = Site::new(vec![
        ok(
            "GET /v1/keys/k1",
            json!({"result": {"id": "k1", "name": "old", "quota": {"day": 5}, "scopes": ["a"], "issued_on": "2026-01-01"}}),
        ),
        ok("PUT /v1/keys/k1", json!({})),
    ])
    .await;
    let account = site.account(&operations(json!({
        "get": {"request": "GET /keys/{id}", "item": "/result"},
        "edit": {"request": "PUT /keys/{id}", "from": "get", "without": ["/issued_on"], "body": {"name": "{label}", "scopes": "{scopes}"}}
    })));
    account.edit("k1", &label("new")).await.expect("edited");
    assert_eq!(site.asked()[1], r#"PUT /v1/keys/k1 {"id":"k1","name":"new","quota":{"day":5},"scopes":["a"]}"#);
}

#[tokio::test]
async fn a_delete_finds_that_nothing_is_there() {
    let site =
        Site::new(vec![Row("POST /v1/keys/k1/revoke", 404, Vec::new(), json!({})), Row("DELETE /v1/keys/k1", 404, Vec::new(), json!({}))])
            .await;
    let account = site.account(&operations(json!({"delete": {
        "request": "POST /keys/{id}/revoke", "body": {"at": "now"}, "then": [{"request": "DELETE /keys/{id}"}]
    }})));
    account.delete("k1").await.expect("deleted");
    assert_eq!(site.asked(), [r#"POST /v1/keys/k1/revoke {"at":"now"}"#, "DELETE /v1/keys/k1"]);
}

#[tokio::test]
async fn a_write_waits_until_it_shows() {
    let missing = || Row("GET /v1/keys/k1", 404, Vec::new(), json!({}));
    let site = Site::new(vec![
        ok("POST /v1/keys", json!({"id": "k1", "token": "hush-hush"})),
        missing(),
        ok("GET /v1/keys/k1", json!({"id": "k1", "status": "pending"})),
        ok("GET /v1/keys/k1", json!({"id": "k1", "status": "ready"})),
        ok("DELETE /v1/keys/k1", Value::Null),
        ok("GET /v1/keys/k1", json!({"id": "k1", "status": "ready"})),
        missing(),
    ])
    .await;
    let wait = json!({"until": [{"at": "/status", "is": ["ready"]}], "at_most": "20s"});
    let account = site.account(&operations(json!({
        "get": {"request": "GET /keys/{id}"},
        "create": {"request": "POST /keys", "body": {"name": "{label}"}, "wait": wait},
        "delete": {"request": "DELETE /keys/{id}", "wait": {"at_most": "20s"}}
    })));
    assert!(account.create(&create("x", &["read"])).await.expect("created").secret.is_some());
    account.delete("k1").await.expect("deleted");
    assert_eq!(site.asked().len(), 7);
}

#[tokio::test]
async fn what_never_shows_is_told() {
    let site = Site::new(vec![ok("POST /v1/keys", json!({"id": "k1", "token": "hush-hush"}))]).await;
    let account = site.account(&operations(json!({
        "get": {"request": "GET /keys/{id}"},
        "create": {"request": "POST /keys", "body": {"name": "{label}"}, "wait": {"at_most": "1s"}}
    })));
    unanswered(account.create(&create("x", &["read"])).await, "did not show it within 1s");
}

#[tokio::test]
async fn an_id_that_is_a_secret_stands_in_no_error() {
    let id = "*:dev.b3c1-secret/part";
    let path = "/v1/keys/%2A%3Adev.b3c1-secret%2Fpart";
    let api = json!({
        "key": {"id": {"at": "/secret", "secret": true, "reference": ["/name", "/created"]}},
        "operations": {
            "list": {"request": "GET /keys"},
            "delete": {"request": "DELETE /keys/{id}"}
        }
    });
    let line: &'static str = Box::leak(format!("DELETE {path}").into_boxed_str());
    for message in [format!("no token {id}"), format!("nothing at {path}")] {
        let site = Site::new(vec![
            ok("GET /v1/keys", json!([{"secret": id, "name": "x", "created": "1"}])),
            Row(line, 400, Vec::new(), json!({"message": message, "secret": id})),
        ])
        .await;
        let account = site.account(&api);
        let error = account.delete("x@1").await.expect_err("refused");
        assert!(matches!(error, ProviderError::Refused(_)), "{error:?}");
        for text in [error.to_string(), format!("{error:?}")] {
            assert!(!text.contains("b3c1") && !text.contains("%2A"), "{text}");
        }
    }
}
