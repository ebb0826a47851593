//! Brex: scopes of each probe, both shapes of errors, idling, throttling, and the dashboard.

use jiff::SignedDuration;
use serde_json::json;

use crate::finance::Finance;
use crate::finance::brex::{ErrorShape, RefusedUse, Role, Route, Webhooks, WriteReads};
use crate::{Answer, client, days, start};

async fn get(finance: &Finance, path: &str, token: &str) -> Answer {
    Answer::to(client().get(format!("{}{path}", finance.brex.url())).bearer_auth(token)).await
}

const PROBES: &[(&str, &[&str])] = &[
    ("/v2/users/me", &["users", "users.readonly"]),
    ("/v2/company", &["companies.readonly"]),
    ("/v2/departments", &["departments", "departments.readonly"]),
    ("/v2/locations", &["locations", "locations.readonly"]),
    ("/v2/titles", &["titles", "titles.readonly"]),
    ("/v2/legal_entities", &["legal_entities", "legal_entities.readonly"]),
    ("/v2/accounts/card", &["accounts.card.readonly"]),
    ("/v2/accounts/cash", &["accounts.cash.readonly"]),
    ("/v2/cards?limit=1", &["cards", "cards.readonly"]),
    ("/v2/transactions/card/primary?limit=1", &["transactions.card.readonly"]),
    ("/v1/expenses/card?limit=1", &["expenses.card", "expenses.card.readonly"]),
    ("/v1/budgets?limit=1", &["budgets.readonly"]),
    ("/v1/vendors?limit=1", &["vendors.readonly"]),
    ("/v1/transfers?limit=1", &["transfers.readonly"]),
    ("/v1/linked_accounts", &["linked_accounts.readonly"]),
    ("/v1/fields", &["fields.read"]),
    ("/v1/trips", &["travel.trips", "travel.trips.readonly"]),
];

#[tokio::test]
async fn each_probe_opens_with_its_scopes_and_no_others() {
    let finance = start(|config| config.brex.rate = 100_000).await;
    for (path, scopes) in PROBES {
        for scope in *scopes {
            let token = finance.brex.create_token("one scope", [*scope]);
            let answer = get(&finance, path, &token).await.with_status(200);
            assert_eq!(answer.header("x-brex-trace-id").len(), 32);
        }
        let every_other = crate::finance::brex::SCOPES.split(' ').filter(|scope| !scopes.contains(scope));
        let token = finance.brex.create_token("every other", every_other);
        let body = get(&finance, path, &token).await.with_status(403).json();
        assert_ne!(body["message"], "Expired token", "{path}");
    }
}

#[tokio::test]
async fn answers_are_as_documented() {
    let finance = start(|_| {}).await;
    let token = finance.brex.create_token("Payvy Integration", ["users.readonly", "companies.readonly", "cards.readonly"]);
    assert!(token.strip_prefix("bxt_").is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())));
    let held = finance.brex.token(&token).expect("it is there");
    assert!(held.scopes.contains("openid") && held.scopes.contains("offline_access"), "on every user token");
    assert!(!format!("{held:?}").contains(&token));

    let me = get(&finance, "/v2/users/me", &token).await.json();
    for field in ["id", "first_name", "last_name", "email", "status"] {
        assert!(me[field].is_string(), "{field}");
    }
    let company = get(&finance, "/v2/company", &token).await.json();
    assert!(company["id"].is_string() && company["legal_name"].is_string() && company["accountType"].is_string());

    let mut path = "/v2/cards?limit=2".to_owned();
    let mut seen = Vec::new();
    loop {
        let page = get(&finance, &path, &token).await.with_status(200).json();
        seen.extend(page["items"].as_array().expect("items").clone());
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/v2/cards?limit=2&cursor={cursor}");
    }
    assert_eq!(seen.len(), 3);
    for query in ["limit=0", "limit=x", "cursor=?"] {
        get(&finance, &format!("/v2/cards?{query}"), &token).await.with_status(400);
    }
    assert_eq!(finance.brex.count(Route::Me), 1);
    assert_eq!(finance.brex.requests()[0].status, 200);
}

#[tokio::test]
async fn a_write_scope_reads_only_where_the_knob_says_so() {
    for (knob, status) in [(WriteReads::No, 403), (WriteReads::Yes, 200)] {
        let finance = start(|config| config.brex.write_reads = knob).await;
        for (scope, path) in
            [("vendors", "/v1/vendors"), ("vendors", "/v2/vendors"), ("budgets", "/v1/budgets"), ("transfers", "/v1/transfers")]
        {
            let token = finance.brex.create_token("writes", [scope]);
            get(&finance, path, &token).await.with_status(status);
        }
    }
}

#[tokio::test]
async fn unknown_and_revoked_tokens_are_dead_at_once() {
    let finance = start(|config| config.brex.dead_prefix = "Unauthorized: ".to_owned()).await;
    let token = finance.brex.create_token("short-lived", ["users.readonly"]);
    get(&finance, "/v2/users/me", &token).await.with_status(200);
    assert!(finance.brex.revoke(&token));
    assert!(!finance.brex.revoke("bxt_other"));
    for dead in [token.as_str(), "bxt_neverMade", "nonsense"] {
        let body = get(&finance, "/v2/users/me", dead).await.with_status(401).json();
        assert_eq!(body["message"], "Unauthorized: Invalid or Revoked Token");
    }
    Answer::to(client().get(format!("{}/v2/users/me", finance.brex.url()))).await.with_status(401);
}

#[tokio::test]
async fn errors_come_in_both_shapes() {
    let rows: [(ErrorShape, &[&str]); 2] = [
        (ErrorShape::Typed, &["type", "message", "code"]),
        (ErrorShape::Traced, &["brex_request_id", "status_code", "path", "error_code", "message"]),
    ];
    for (knob, fields) in rows {
        let finance = start(|config| config.brex.error_shape = knob).await;
        let answer = get(&finance, "/v2/users/me", "bxt_none").await.with_status(401);
        let body = answer.json();
        let names: Vec<&str> = body.as_object().expect("an object").keys().map(String::as_str).collect();
        assert_eq!(names, fields);
        assert_eq!(body["message"], "Invalid or Revoked Token");
        if knob == ErrorShape::Traced {
            assert_eq!(body["brex_request_id"], answer.header("x-brex-trace-id"));
            assert_eq!((&body["status_code"], &body["path"]), (&json!(401), &json!("/v2/users/me")));
        }
    }
}

#[tokio::test]
async fn a_missing_role_is_no_dead_token() {
    let finance = start(|_| {}).await;
    let token = finance.brex.create_token("employee's", ["accounts.cash.readonly", "vendors.readonly", "users.readonly"]);
    finance.brex.change(&token, |token| token.role = Role::Employee);
    for path in ["/v2/accounts/cash", "/v1/vendors", "/v2/vendors"] {
        let body = get(&finance, path, &token).await.with_status(401).json();
        assert_eq!(body["message"], "Must be cash admin, bookkeeper or user.");
    }
    get(&finance, "/v2/users/me", &token).await.with_status(200);
}

#[tokio::test]
async fn a_token_idles_out_after_90_days() {
    let finance = start(|_| {}).await;
    let kept = finance.brex.create_token("kept", ["users.readonly"]);
    let idle = finance.brex.create_token("idle", ["users.readonly"]);
    finance.set_clock_offset(days(89));
    get(&finance, "/v2/users/me", &kept).await.with_status(200);
    finance.set_clock_offset(days(91));
    get(&finance, "/v2/users/me", &kept).await.with_status(200);
    let body = get(&finance, "/v2/users/me", &idle).await.with_status(403).json();
    assert_eq!(body["message"], "Expired token");
    get(&finance, "/v2/users/me", &idle).await.with_status(403);

    assert!(finance.brex.set_idle(&kept, days(90)));
    get(&finance, "/v2/users/me", &kept).await.with_status(403);
    finance.brex.configure(|config| config.idle_days = 30);
    let short = finance.brex.create_token("short", ["users.readonly"]);
    finance.brex.set_idle(&short, days(30));
    get(&finance, "/v2/users/me", &short).await.with_status(403);
}

#[tokio::test]
async fn a_refused_call_counts_as_use_or_not() {
    for (knob, status) in [(RefusedUse::Ignored, 403), (RefusedUse::Counts, 200)] {
        let finance = start(|config| config.brex.refused_use = knob).await;
        let token = finance.brex.create_token("probed", ["users.readonly"]);
        finance.set_clock_offset(days(60));
        get(&finance, "/v2/company", &token).await.with_status(403);
        finance.set_clock_offset(days(100));
        get(&finance, "/v2/users/me", &token).await.with_status(status);
    }
}

#[tokio::test]
async fn a_client_has_so_many_requests_in_a_minute() {
    let finance = start(|config| config.brex.rate = 2).await;
    let one = finance.brex.create_token("one", ["users.readonly"]);
    let two = finance.brex.create_token("two", ["users.readonly"]);
    get(&finance, "/v2/users/me", &one).await.with_status(200);
    get(&finance, "/v2/users/me", &two).await.with_status(200);
    let answer = get(&finance, "/v2/users/me", &one).await.with_status(429);
    assert!(answer.headers.keys().all(|name| !name.as_str().contains("ratelimit") && name != "retry-after"), "none is documented");
    get(&finance, "/v2/users/me", "bxt_dead").await.with_status(401);
    finance.set_clock_offset(SignedDuration::from_secs(61));
    get(&finance, "/v2/users/me", &one).await.with_status(200);
}

#[tokio::test]
async fn webhooks_open_to_any_live_token_or_to_none() {
    for (knob, status) in [(Webhooks::Open, 200), (Webhooks::Refused, 403)] {
        let finance = start(|config| config.brex.webhooks = knob).await;
        let token = finance.brex.create_token("bare", []);
        get(&finance, "/v1/webhooks?limit=1", &token).await.with_status(status);
    }
}

#[tokio::test]
async fn no_call_makes_lists_or_revokes_tokens() {
    let finance = start(|_| {}).await;
    let token = finance.brex.create_token("curious", ["users"]);
    for path in ["/v2/tokens", "/v1/user_tokens", "/v2/users"] {
        get(&finance, path, &token).await.with_status(404);
    }
    Answer::to(client().post(format!("{}/v2/users/me", finance.brex.url())).bearer_auth(&token)).await.with_status(404);
    assert_eq!(finance.brex.count(Route::Unknown), 4);
}

#[tokio::test]
async fn a_person_makes_and_revokes_tokens_in_the_dashboard() {
    let finance = start(|_| {}).await;
    let url = format!("{}/dashboard/tokens", finance.brex.url());
    let made = Answer::to(client().post(&url).json(&json!({"name": "Payvy Integration", "scopes": ["users.readonly"]}))).await;
    let token = made.with_status(201).json()["token"].as_str().expect("shown once").to_owned();
    get(&finance, "/v2/users/me", &token).await.with_status(200);

    let listed = Answer::to(client().get(&url)).await.with_status(200);
    assert!(!listed.text.contains(&token), "it is not shown again");
    assert_eq!(listed.json()[0]["name"], "Payvy Integration");
    for body in [json!({"name": "", "scopes": []}), json!({"name": "x"}), json!({"name": "x", "scopes": ["user.readonly"]})] {
        Answer::to(client().post(&url).json(&body)).await.with_status(400);
    }
    Answer::to(client().delete(format!("{url}/0"))).await.with_status(204);
    for again in ["0", "9"] {
        Answer::to(client().delete(format!("{url}/{again}"))).await.with_status(400);
    }
    get(&finance, "/v2/users/me", &token).await.with_status(401);
    assert_eq!(finance.brex.requests().len(), 2, "what a person does is not recorded");
}
