//! What is asked once before anything else: lists that translate names, and which key is our own.
use keywright::provider::{EditRequest, Provider, ProviderError};
use serde_json::{Value, json};

use crate::site::{Row, Site, create, ids, ok, set};

fn translated() -> Value {
    json!({
        "lookups": {"groups": {"request": "GET /groups", "query": {"page": "{page}"}, "items": "/result", "name": "/name", "value": "/id",
            "where": [{"at": "/of", "is": ["account"]}], "paging": {"page": {"size": 2, "total": {"body": "/total"}}}}},
        "formats": {"scopes": {"as": "array", "lookup": "groups"}},
        "key": {"scopes": {"at": "/scopes", "as": "array", "lookup": "groups"}},
        "operations": {"list": {"request": "GET /keys"}, "create": {"request": "POST /keys", "body": {"name": "{label}", "scopes": "{scopes}"}}}
    })
}

fn groups() -> [Row; 2] {
    [
        ok(
            "GET /v1/groups?page=1",
            json!({"total": 3, "result": [{"id": "g1", "name": "read", "of": "account"}, {"id": "g2", "name": "read", "of": "zone"}]}),
        ),
        ok("GET /v1/groups?page=2", json!({"total": 3, "result": [{"id": "g3", "name": "write", "of": "account"}]})),
    ]
}

#[tokio::test]
async fn names_become_ids_and_back() {
    let mut rows: Vec<Row> = groups().into();
    rows.push(ok("POST /v1/keys", json!({"id": "k1", "token": "hush-hush", "scopes": ["g1", "g3"]})));
    rows.push(ok("GET /v1/keys", json!([{"id": "k1", "scopes": ["g3"]}])));
    let site = Site::new(rows).await;
    let account = site.account(&translated());
    let created = account.create(&create("x", &["read", "write"])).await.expect("created");
    assert_eq!(created.key.scopes, Some(set(&["read", "write"])));
    assert_eq!(account.list().await.expect("a list")[0].scopes, Some(set(&["write"])));
    assert_eq!(
        site.asked()[2..],
        [r#"POST /v1/keys {"name":"x","scopes":["g1","g3"]}"#, "GET /v1/keys"].map(str::to_owned),
        "the lookup is read once"
    );
}

#[tokio::test]
async fn an_unknown_name_is_refused_before_anything_is_sent() {
    let site = Site::new(groups().into()).await;
    let error = site.account(&translated()).create(&create("x", &["reed"])).await.err().expect("refused");
    assert!(!error.was_sent() && error.to_string().contains("`reed`"), "{error:?}");
    assert_eq!(site.asked().len(), 2, "nothing but the lookup");
}

#[tokio::test]
async fn a_lookup_in_doubt_sends_nothing() {
    let [first, _] = groups();
    let site = Site::new(vec![first]).await;
    let error = site.account(&translated()).create(&create("x", &["read"])).await.err().expect("refused");
    assert!(matches!(&error, ProviderError::Unreachable(text) if text.contains("the lookup `groups`")), "{error:?}");
    assert!(site.asked().iter().all(|line| !line.starts_with("POST")));
}

#[tokio::test]
async fn our_own_key_is_asked_for_once_and_never_written_to() {
    let api = |own: Value| {
        json!({"self": own, "operations": {
            "list": {"request": "GET /keys"}, "get": {"request": "GET /keys/{id}"}, "edit": {"request": "PATCH /keys/{id}", "body": {"name": "{label}"}}
        }})
    };
    let keys = || ok("GET /v1/keys", json!([{"id": 7, "name": "a", "login": "robot"}, {"id": 8, "name": "b"}]));
    let edit = EditRequest { label: Some("new".to_owned()), ..EditRequest::default() };
    for (own, answer) in [
        (json!({"request": "GET /me", "id": "/result/id"}), json!({"result": {"id": 7}})),
        (json!({"request": "GET /me", "id": "/login", "at": "/login"}), json!({"login": "robot"})),
    ] {
        let site = Site::new(vec![ok("GET /v1/me", answer), keys(), keys(), ok("PATCH /v1/keys/8", json!({}))]).await;
        let account = site.account(&api(own));
        let listed = account.list().await.expect("a list");
        assert_eq!(listed.iter().map(|key| (key.id.as_str(), key.own)).collect::<Vec<_>>(), [("7", true), ("8", false)]);
        assert_eq!(account.own_id(), Some("7"));
        assert!(matches!(account.edit("7", &edit).await, Err(ProviderError::Refused(_))));
        account.edit("8", &edit).await.expect("edited");
        assert_eq!(site.asked().iter().filter(|line| *line == "GET /v1/me").count(), 1);
        assert!(!site.asked().iter().any(|line| line.starts_with("PATCH /v1/keys/7")));
    }
    for nothing in [ok("GET /v1/me", json!({"result": {"id": null}})), Row("GET /v1/me", 404, Vec::new(), json!({}))] {
        let site = Site::new(vec![nothing, keys()]).await;
        let account = site.account(&api(json!({"request": "GET /me", "id": "/result/id"})));
        assert_eq!(ids(&account).await.expect("our credential is no key of the account"), ["7", "8"]);
        assert_eq!(account.own_id(), None);
    }
    let site = Site::new(vec![Row("GET /v1/me", 400, Vec::new(), json!({}))]).await;
    let account = site.account(&api(json!({"request": "GET /me", "id": "/result/id"})));
    assert!(matches!(account.edit("8", &edit).await, Err(ProviderError::Unreachable(_))), "in doubt about ourselves, nothing is written");
    assert_eq!(site.asked(), ["GET /v1/me"]);
}
