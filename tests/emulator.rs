//! Checks the emulator against the published facts, with a client that shares no code with it.

#[path = "emulator/client.rs"]
mod client;
#[path = "../examples/payconex-emulator/server.rs"]
mod emulator;
#[path = "emulator/faults.rs"]
mod faults;
#[path = "emulator/knobs.rs"]
mod knobs;
#[path = "emulator/refusals.rs"]
mod refusals;

use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde_json::json;

use crate::client::{Client, KEYS, header, response};
use crate::emulator::{Config, EXAMPLE_ID, EXAMPLE_SECRET, Emulator, KeySeed, Route};

pub async fn start(config: Config) -> (Emulator, Client) {
    let emulator = Emulator::start(config).await.expect("a port is free");
    let client = Client::admin(&emulator);
    (emulator, client)
}

const VECTOR_NONCE: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const VECTOR_TIME: i64 = 1_664_932_648;
const VECTOR_GET: &str = "406fa486a97dfe28dedcc5639c44db9c9812951dfd23e80dacc42700f31297eb";
const VECTOR_POST: &str = "41b0e2999953a8ee890f5034a9122b24135b572706a7f9b7d2c21771ea0d533e";
const VECTOR_BODY: &str = r#"{"label":"ci-test","methods":["HMAC"],"scopes":["pcx:webhooks:read"]}"#;

#[test]
fn the_tests_sign_as_the_vectors_say() {
    let sign = |method, body| response(EXAMPLE_SECRET, method, KEYS, VECTOR_NONCE, VECTOR_TIME, body);
    assert_eq!(sign("GET", ""), VECTOR_GET);
    assert_eq!(sign("POST", VECTOR_BODY), VECTOR_POST);
}

#[tokio::test]
async fn the_emulator_takes_the_vectors_as_they_stand() {
    let vectors = [(Method::GET, None, VECTOR_GET, 200), (Method::POST, Some(VECTOR_BODY), VECTOR_POST, 201)];
    for (method, body, response, status) in vectors {
        let (emulator, admin) = start(Config::default()).await;
        let then = Timestamp::from_second(VECTOR_TIME).expect("the vector's time is one");
        emulator.set_clock_offset(then.duration_since(Timestamp::now()));
        let header = header(EXAMPLE_ID, VECTOR_NONCE, VECTOR_TIME, response);
        let answer = admin.raw(method, KEYS, Some(&header), body).await;
        answer.expect("the emulator answers").assert_status(status);
    }
}

#[tokio::test]
async fn a_key_lives_from_creation_to_deletion() {
    let (emulator, admin) = start(Config::default()).await;

    let made = admin
        .create(json!({
            "label": "billing webhooks",
            "scopes": ["pcx:webhooks:read", "pcx:webhooks:create"],
            "methods": ["HMAC"],
            "accounts": ["220614966802"],
            "expiresAt": "2999-01-02T03:04:05.123456Z",
            "expiresIn": "1 hour",
        }))
        .await
        .assert_status(201)
        .json();
    let id = made["id"].as_str().expect("an id").to_owned();
    assert!(id.starts_with("api_") && id.len() == 36, "{id}");
    assert_eq!(made["secret"].as_str().map(str::len), Some(32));
    assert_eq!(made["label"], "billing webhooks");
    assert_eq!(made["accountId"], "220614966801");
    assert_eq!(made["enabled"], true);
    assert_eq!(made["expiresAt"], "2999-01-02T03:04:05.123456Z");
    let created = made["createdAt"].as_str().expect("a time");
    assert_eq!(created.len(), "2024-05-16T23:06:50.000000Z".len());

    let read = admin.read(&id).await.assert_status(200).json();
    assert_eq!(read, made, "a secret can be read again");

    let changed =
        admin.update(&id, json!({"label": "renamed", "scopes": ["pcx:webhooks:*"], "expiresAt": null})).await.assert_status(200).json();
    assert_eq!(changed["label"], "renamed");
    assert_eq!(changed["scopes"], json!(["pcx:webhooks:*"]));
    assert_eq!(changed["secret"], made["secret"]);
    assert_eq!(changed.get("expiresAt"), None);

    admin.delete(&id).await.assert_status(204);
    admin.read(&id).await.assert_refused(404, "40005");
    admin.delete(&id).await.assert_refused(404, "40005");
    assert!(emulator.key(&id).is_none());
    assert_eq!(emulator.count(Route::Delete), 2);
    let first = &emulator.requests()[0];
    assert_eq!((first.method.as_str(), first.path.as_str()), ("POST", KEYS));
}

#[tokio::test]
async fn expires_in_is_read_and_expires_at_wins() {
    let (emulator, admin) = start(Config::default()).await;
    let made = admin.create(json!({"label": "short", "scopes": [], "expiresIn": "1 hour"})).await.assert_status(201).json();
    let expires: Timestamp = made["expiresAt"].as_str().and_then(|text| text.parse().ok()).expect("a time");
    let left = expires.duration_since(emulator.now());
    assert!(left > SignedDuration::from_mins(59) && left <= SignedDuration::from_hours(1));
}

#[tokio::test]
async fn pages_carry_their_headers_and_no_secrets() {
    let (emulator, admin) = start(Config::default()).await;
    for number in 0..250 {
        emulator.add_key(KeySeed::new(&format!("bulk {number}"), ["pcx:webhooks:read"]));
    }
    let url = |page: usize| format!("{}{KEYS}?page={page}&limit=100&query=bulk", emulator.url());

    let answer = admin.get(&format!("{KEYS}?page=2&query=bulk")).await;
    let expected = [
        ("X-Total", "250".to_owned()),
        ("X-Last-Page", "3".to_owned()),
        ("X-Current_page", "2".to_owned()),
        ("X-Per-Page", "100".to_owned()),
        ("X-Total-In-This-Page", "100".to_owned()),
        ("X-From", "101".to_owned()),
        ("X-To", "200".to_owned()),
        ("X-First-Page-Url", url(1)),
        ("X-Prev-Page-Url", url(1)),
        ("X-Next-Page-Url", url(3)),
        ("X-Last-Page-Url", url(3)),
        ("X-Path", format!("{}{KEYS}", emulator.url())),
    ];
    for (name, value) in expected {
        assert_eq!(answer.header(name), value, "{name}");
    }
    assert!(!answer.header("X-Links").is_empty());
    assert!(!answer.text.contains("secret"), "a list gives no secrets");
    let page = answer.json();
    assert_eq!(page[0]["label"], "bulk 100");

    let last = admin.get(&format!("{KEYS}?page=3&query=bulk")).await;
    assert_eq!(last.json().as_array().map(Vec::len), Some(50));
    assert_eq!(last.header("X-Next-Page-Url"), "");
    let behind = admin.get(&format!("{KEYS}?page=4&query=bulk")).await;
    assert_eq!(behind.assert_status(200).json(), json!([]));
    let clamped = admin.get(&format!("{KEYS}?limit=5000")).await;
    assert_eq!(clamped.header("X-Per-Page"), "100");
    assert_eq!(clamped.header("X-Total"), "251", "the administrator too");
    for query in ["page=0", "page=x", "limit=0", "limit=-1"] {
        let answer = admin.get(&format!("{KEYS}?{query}")).await;
        answer.assert_refused(400, "40001");
    }
}

#[tokio::test]
async fn ten_thousand_keys_are_listed_quickly() {
    let (emulator, admin) = start(Config::default()).await;
    for number in 0..9_999 {
        emulator.add_key(KeySeed::new(&format!("bulk {number}"), ["pcx:webhooks:read"]));
    }
    let begun = std::time::Instant::now();
    for page in 1..=100 {
        let answer = admin.get(&format!("{KEYS}?page={page}")).await;
        assert_eq!(answer.header("X-Total-In-This-Page"), "100");
    }
    assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn basic_works_in_certification() {
    let (_emulator, admin) = start(Config::default()).await;
    admin.basic().await.assert_status(200);
}

#[test]
fn the_emulator_runs_beside_a_caller_without_a_runtime() {
    let emulator = Emulator::start_in_thread(Config::default()).expect("a port is free");
    assert!(emulator.api_base().ends_with("/api/v4"));
    assert_eq!(emulator.admin_credential_json(), format!(r#"{{"id":"{EXAMPLE_ID}","secret":"{EXAMPLE_SECRET}"}}"#));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let admin = Client::admin(&emulator);
    runtime.block_on(async { admin.list().await.assert_status(200) });
    drop(emulator);
    let gone = runtime.block_on(admin.try_send(Method::GET, KEYS, None));
    assert!(gone.is_err(), "a dropped emulator answers nothing");
}
