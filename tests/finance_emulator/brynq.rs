//! BrynQ: two versions with a header scheme each, page rights, clients, ends, and the endpoints that nobody should call.

use reqwest::Method;
use serde_json::json;

use crate::finance::Finance;
use crate::finance::brynq::{Form, Route};
use crate::{Answer, client, days, start};

async fn v1(finance: &Finance, token: &str, customer: Option<&str>) -> Answer {
    let request = client().get(format!("{}/api/v1/customers", finance.brynq.url())).header("authorization", format!("SalureToken {token}"));
    Answer::to(customer.into_iter().fold(request, |request, name| request.header("salure-customer", name))).await
}

async fn v2(finance: &Finance, token: &str, domain: Option<&str>) -> Answer {
    let request = client().get(format!("{}/api/v2/customers", finance.brynq.url())).bearer_auth(token);
    Answer::to(domain.into_iter().fold(request, |request, name| request.header("Domain", name))).await
}

#[tokio::test]
async fn one_token_serves_both_versions_under_their_headers() {
    let finance = start(|_| {}).await;
    let token = finance.brynq.create_token("ledger export", ["Users"]);
    for answer in [v1(&finance, &token, Some("acme")).await, v2(&finance, &token, Some("acme")).await] {
        assert_eq!(answer.with_status(200).json().as_array().map(Vec::len), Some(2));
    }
    for wrong in [None, Some("other")] {
        v1(&finance, &token, wrong).await.with_status(403);
        v2(&finance, &token, wrong).await.with_status(403);
    }
    finance.brynq.configure(|config| config.customer_status = 401);
    v2(&finance, &token, None).await.with_status(401);

    let swapped = client().get(format!("{}/api/v1/customers", finance.brynq.url())).bearer_auth(&token).header("salure-customer", "acme");
    Answer::to(swapped).await.with_status(401);
    assert_eq!(finance.brynq.count(Route::Customers), 8);
}

#[tokio::test]
async fn dead_tokens_are_refused_as_the_knobs_say() {
    let finance = start(|config| {
        config.brynq.unknown_status = 401;
        config.brynq.revoked_status = 403;
        config.brynq.expired_status = 419;
    })
    .await;
    v2(&finance, "never-made", Some("acme")).await.with_status(401);
    let token = finance.brynq.create_token("short-lived", ["Users"]);
    assert!(finance.brynq.revoke(&token));
    v1(&finance, &token, Some("acme")).await.with_status(403);
    let ends = finance.now().saturating_add(days(2)).expect("a time");
    let token =
        finance.brynq.fill_in(Form { label: "ends".to_owned(), pages: vec!["Users".to_owned()], ends: Some(ends), ..Form::default() });
    v2(&finance, &token, Some("acme")).await.with_status(200);
    finance.set_clock_offset(days(3));
    v2(&finance, &token, Some("acme")).await.with_status(419);
}

#[tokio::test]
async fn a_token_reads_its_pages_and_clients_alone() {
    let finance = start(|_| {}).await;
    let form = Form { label: "one client".to_owned(), pages: vec!["Users".to_owned()], clients: vec!["acme-be".to_owned()], ends: None };
    let token = finance.brynq.fill_in(form);
    let seen = v2(&finance, &token, Some("acme")).await.json();
    assert_eq!((seen.as_array().map(Vec::len), &seen[0]["name"]), (Some(1), &json!("acme-be")));
    let page = async |method: Method, page: &str| {
        let request = client().request(method, format!("{}/api/v2/{page}", finance.brynq.url()));
        Answer::to(request.bearer_auth(&token).header("Domain", "acme")).await
    };
    page(Method::GET, "users").await.with_status(200);
    page(Method::GET, "contracts").await.with_status(403);
    page(Method::POST, "users").await.with_status(405);
    page(Method::GET, "users/1/more").await.with_status(404);
}

#[tokio::test]
async fn calls_to_be_avoided_are_counted_whatever_becomes_of_them() {
    let finance = start(|_| {}).await;
    let risky = finance.brynq.create_token("risky", ["Connectors", "Interfaces"]);
    let plain = finance.brynq.create_token("plain", ["Users"]);
    v2(&finance, &plain, Some("acme")).await.with_status(200);
    assert_eq!(finance.brynq.avoided_calls(), []);
    let mut calls = 0;
    for path in ["v2/interfaces/7/config/auth", "v2/interfaces/7/config/flush", "v2/apps/afas", "v1/connector/afas"] {
        for (token, status) in [(&risky, 200), (&plain, 403)] {
            let request = client().get(format!("{}/api/{path}", finance.brynq.url()));
            let request = match path.starts_with("v1") {
                true => request.header("authorization", format!("SalureToken {token}")).header("salure-customer", "acme"),
                false => request.bearer_auth(token).header("domain", "acme"),
            };
            Answer::to(request).await.with_status(status);
            calls += 1;
        }
    }
    assert_eq!(finance.brynq.avoided_calls().len(), calls);
    assert_eq!(finance.brynq.avoided_calls()[0].path, "/api/v2/interfaces/7/config/auth");
}

#[tokio::test]
async fn a_person_makes_and_revokes_tokens_in_the_settings() {
    let finance = start(|_| {}).await;
    let url = format!("{}/dashboard/tokens", finance.brynq.url());
    let body = json!({"label": "export", "pages": ["Users"], "clients": [], "ends": "2999-01-01T00:00:00Z"});
    let made = Answer::to(client().post(&url).json(&body)).await.with_status(201).json();
    let token = made["token"].as_str().expect("shown once");
    v2(&finance, token, Some("acme")).await.with_status(200);
    for body in [
        json!({"label": "x"}),
        json!({"pages": ["Users"]}),
        json!({"label": "x", "pages": ["Users"], "ends": "soon"}),
        json!({"label": "x", "pages": ["Users"], "clients": ["another-company"]}),
    ] {
        Answer::to(client().post(&url).json(&body)).await.with_status(400);
    }
    finance.brynq.configure(|config| config.pages = Some(vec!["users".to_owned()]));
    Answer::to(client().post(&url).json(&json!({"label": "x", "pages": ["Users"]}))).await.with_status(201);
    Answer::to(client().post(&url).json(&json!({"label": "x", "pages": ["Users", "Connectors"]}))).await.with_status(400);
    Answer::to(client().delete(format!("{url}/export"))).await.with_status(204);
    Answer::to(client().delete(format!("{url}/export"))).await.with_status(400);
    v2(&finance, token, Some("acme")).await.with_status(401);
}
