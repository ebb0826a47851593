//! Listings: every way in which pages are linked, entries of every form, details by further requests, and what is no whole.
use keywright::provider::Provider;
use serde_json::{Value, json};

use crate::site::{Row, Site, ids, ok, unanswered};

fn list(list: Value) -> Value {
    json!({"operations": {"list": list}})
}

fn keys(ids: &[&str]) -> Value {
    ids.iter().map(|id| json!({"id": id, "name": id})).collect()
}

#[tokio::test]
async fn an_offset_goes_to_the_total_by_what_a_page_really_holds() {
    let site = Site::new(vec![
        ok("GET /v1/keys?n=3&offset=0", json!({"total": 5, "items": keys(&["a", "b"])})),
        ok("GET /v1/keys?n=3&offset=2", json!({"total": 5, "items": keys(&["c", "d"])})),
        ok("GET /v1/keys?n=3&offset=4", json!({"total": 5, "items": keys(&["e"])})),
    ])
    .await;
    let offset = json!({"request": "GET /keys", "query": {"offset": "{offset}", "n": "{limit}"}, "items": "/items",
        "paging": {"offset": {"size": 3, "total": {"body": "/total"}}}});
    assert_eq!(ids(&site.account(&list(offset))).await.expect("a list"), ["a", "b", "c", "d", "e"]);
}

#[tokio::test]
async fn an_offset_without_total_ends_with_a_short_page() {
    let site = Site::new(vec![
        ok("GET /v1/keys?offset=0", keys(&["a", "b"])),
        ok("GET /v1/keys?offset=2", keys(&["c", "d"])),
        ok("GET /v1/keys?offset=4", keys(&[])),
    ])
    .await;
    let offset = json!({"request": "GET /keys", "query": {"offset": "{offset}"}, "paging": {"offset": {"size": 2}}});
    assert_eq!(ids(&site.account(&list(offset))).await.expect("a list"), ["a", "b", "c", "d"]);
}

#[tokio::test]
async fn a_cursor_stands_in_the_body_a_header_or_the_last_entry() {
    let site = Site::new(vec![
        ok("GET /v1/body?limit=2", json!({"keys": keys(&["a"]), "next": "c1"})),
        ok("GET /v1/body?after=c1&limit=2", json!({"keys": keys(&["b"]), "next": ""})),
        Row("GET /v1/header", 200, vec![("x-next", "t 1")], json!({"keys": keys(&["a"])})),
        ok("GET /v1/header?after=t%201", json!({"keys": keys(&["b"])})),
        ok("GET /v1/last", json!({"keys": keys(&["a", "b"]), "has_more": true})),
        ok("GET /v1/last?after=b", json!({"keys": keys(&["c"]), "has_more": false})),
        ok("POST /v1/rpc", json!({"keys": keys(&["a"]), "nextId": 7})),
        ok("POST /v1/rpc", json!({"keys": keys(&["b"]), "nextId": null})),
    ])
    .await;
    let after = json!({"after": "{cursor}"});
    for (request, query, body, cursor, expected) in [
        ("GET /body", json!({"limit": "2", "after": "{cursor}"}), Value::Null, json!({"next": {"body": "/next"}}), &["a", "b"][..]),
        ("GET /header", after.clone(), Value::Null, json!({"next": {"header": "X-Next"}}), &["a", "b"]),
        ("GET /last", after, Value::Null, json!({"next": {"last": "/id"}, "more": "/has_more"}), &["a", "b", "c"]),
        ("POST /rpc", json!({}), json!({"start": "{cursor}", "count": 1}), json!({"next": {"body": "/nextId"}}), &["a", "b"]),
    ] {
        let account =
            site.account(&list(json!({"request": request, "query": query, "body": body, "items": "/keys", "paging": {"cursor": cursor}})));
        assert_eq!(ids(&account).await.expect(request), expected, "{request}");
    }
    assert_eq!(site.asked()[6..], [r#"POST /v1/rpc {"count":1}"#, r#"POST /v1/rpc {"start":7,"count":1}"#].map(str::to_owned));
}

#[tokio::test]
async fn a_cursor_that_leads_nowhere_is_an_error() {
    let site = Site::new(vec![
        ok("GET /v1/keys", json!({"keys": keys(&["a"]), "next": "x", "more": true})),
        ok("GET /v1/keys?after=x", json!({"keys": keys(&["b"]), "next": "x", "more": true})),
    ])
    .await;
    let by = |cursor: Value| {
        list(json!({"request": "GET /keys", "query": {"after": "{cursor}"}, "items": "/keys", "paging": {"cursor": cursor}}))
    };
    unanswered(ids(&site.account(&by(json!({"next": {"body": "/next"}})))).await, "the same next page twice");
    for (answer, why) in [
        (json!({"keys": keys(&["a"]), "more": true}), "more, and not where"),
        (json!({"keys": keys(&["a"]), "next": "y"}), "does not say whether there is more"),
        (json!({"keys": {}, "next": null}), "no list"),
        (json!({"next": null}), "no list"),
    ] {
        let site = Site::new((0..3).map(|_| ok("GET /v1/keys", answer.clone())).collect()).await;
        unanswered(ids(&site.account(&by(json!({"next": {"body": "/next"}, "more": "/more"})))).await, why);
    }
}

#[tokio::test]
async fn the_next_url_is_used_as_it_is_and_only_at_the_same_origin() {
    let site = Site::new(vec![
        ok("GET /v1/keys?size=2", json!({"data": keys(&["a"]), "links": {"next": "{endpoint}/v1/keys?page%5Bafter%5D=x%2Fy&size=2"}})),
        ok("GET /v1/keys?page%5Bafter%5D=x%2Fy&size=2", json!({"data": keys(&["b"]), "links": {"next": "/other/path?z"}})),
        ok("GET /other/path?z", json!({"data": keys(&["c"]), "links": {}})),
        Row(
            "GET /v1/link",
            200,
            vec![("link", r#"<{endpoint}/v1/link?c=0>; rel="previous", <{endpoint}/v1/link?c=2>; rel="next""#)],
            keys(&["a"]),
        ),
        Row("GET /v1/link?c=2", 200, vec![("link", r#"<{endpoint}/v1/link?c=1>; rel="previous""#)], keys(&["b"])),
        ok("GET /v1/bad", json!({"data": keys(&["a"]), "links": {"next": "https://evil.example/v1/bad?page=2"}})),
        ok("GET /v1/bad", json!({"data": keys(&["a"]), "links": {"next": "http://localhost:1/v1/bad?page=2"}})),
        ok("GET /v1/bad", json!({"data": keys(&["a"]), "links": {"next": "//u:p@evil.example/"}})),
    ])
    .await;
    let body = json!({"request": "GET /keys", "query": {"size": "2"}, "items": "/data", "paging": {"next": {"body": "/links/next"}}});
    assert_eq!(ids(&site.account(&list(body))).await.expect("a list"), ["a", "b", "c"]);
    let link = json!({"request": "GET /link", "paging": {"next": {"link": "next"}}});
    assert_eq!(ids(&site.account(&list(link))).await.expect("a list"), ["a", "b"]);
    let bad = json!({"request": "GET /bad", "items": "/data", "paging": {"next": {"body": "/links/next"}}});
    unanswered(ids(&site.account(&list(bad))).await, "at another origin");
    let bearer = format!("Bearer {}", crate::site::TOKEN);
    assert!(site.header("authorization").iter().all(|value| *value == bearer));
}

#[tokio::test]
async fn entries_are_lists_maps_or_bare_texts() {
    let site = Site::new(vec![
        ok("GET /v1/map", json!({"keys": {"k1": {"name": "one"}, "k2": {"name": "two"}}})),
        ok("GET /v1/texts", json!(["k1", "k2"])),
        ok("GET /v1/keys/k1", json!({"data": [{"id": "k1", "name": "one"}]})),
        ok("GET /v1/keys/k2", json!({"data": [{"id": "k2", "name": "two"}]})),
    ])
    .await;
    let map = json!({"key": {"id": {"at": "/$name"}}, "operations": {"list": {"request": "GET /map", "items": "/keys"}}});
    assert_eq!(ids(&site.account(&map)).await.expect("a list"), ["k1", "k2"]);
    let texts = json!({"request": "GET /texts", "then": [{"request": "GET /keys/{id}", "item": "/data/0", "into": ""}]});
    let listed = site.account(&list(texts)).list().await.expect("a list");
    assert_eq!(listed.iter().map(|key| (key.id.as_str(), key.label.as_str())).collect::<Vec<_>>(), [("k1", "one"), ("k2", "two")]);
}

#[tokio::test]
async fn details_complete_the_entries() {
    let site = Site::new(vec![
        ok("GET /v1/keys", json!([{"id": "k1", "name": "one", "role": 7}, {"id": "k2", "name": "two", "role": 8}])),
        ok("GET /v1/roles/7", json!({"grants": ["read"]})),
        ok("GET /v1/roles/8", json!({"grants": ["write"]})),
    ])
    .await;
    let api = json!({
        "key": {"scopes": {"at": "/role/grants"}},
        "operations": {"list": {"request": "GET /keys", "then": [{"request": "GET /roles/{item./role}", "into": "/role"}]}}
    });
    let listed = site.account(&api).list().await.expect("a list");
    assert_eq!(
        listed.iter().map(|key| key.scopes.clone()).collect::<Vec<_>>(),
        [Some(crate::site::set(&["read"])), Some(crate::site::set(&["write"]))]
    );
}

#[tokio::test]
async fn a_detail_that_is_gone_means_that_the_list_changed() {
    let gone = |line| Row(line, 404, Vec::new(), json!({}));
    let site = Site::new(vec![
        ok("GET /v1/keys", json!([{"id": "k1"}, {"id": "k2"}])),
        ok("GET /v1/keys/k1", json!({"id": "k1"})),
        gone("GET /v1/keys/k2"),
        ok("GET /v1/keys", json!([{"id": "k1"}])),
        ok("GET /v1/keys/k1", json!({"id": "k1"})),
    ])
    .await;
    let detailed = list(json!({"request": "GET /keys", "then": [{"request": "GET /keys/{id}", "into": ""}]}));
    assert_eq!(ids(&site.account(&detailed)).await.expect("a list"), ["k1"]);
    let site = Site::new(vec![
        ok("GET /v1/keys", json!([{"id": "k1"}])),
        gone("GET /v1/keys/k1"),
        ok("GET /v1/keys", json!([{"id": "k1"}])),
        gone("GET /v1/keys/k1"),
    ])
    .await;
    unanswered(ids(&site.account(&detailed)).await, "changed while it was read");
    let site = Site::new(vec![ok("GET /v1/keys", json!([{"id": "k1"}])), ok("GET /v1/keys/k1", json!({"id": "k9"}))]).await;
    unanswered(ids(&site.account(&detailed)).await, "about another key");
}

#[tokio::test]
async fn entries_that_come_twice_make_no_whole() {
    let site = Site::new(vec![
        ok("GET /v1/keys?page=1", keys(&["a", "b"])),
        ok("GET /v1/keys?page=2", keys(&["b", "c"])),
        ok("GET /v1/keys?page=1", keys(&["a", "b"])),
        ok("GET /v1/keys?page=2", keys(&["a", "b"])),
    ])
    .await;
    let pages = json!({"request": "GET /keys", "query": {"page": "{page}"}, "paging": {"page": {"size": 2}}});
    unanswered(ids(&site.account(&list(pages))).await, "changed while it was read");
}
