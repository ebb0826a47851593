//! What the emulator must refuse, and how.

use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{Client, KEYS, header, nonce, response};
use crate::emulator::{AuthMethod, Config, EXAMPLE_ID, EXAMPLE_SECRET, Environment, KeySeed, Route};
use crate::start;

fn signed_get(nonce: &str, at: i64) -> String {
    let response = response(EXAMPLE_SECRET, "GET", KEYS, nonce, at, "");
    header(EXAMPLE_ID, nonce, at, &response)
}

fn now() -> i64 {
    Timestamp::now().as_second()
}

#[tokio::test]
async fn a_nonce_works_once_in_fifteen_minutes() {
    let (emulator, admin) = start(Config::default()).await;
    let nonce = nonce();
    let send = async |at: i64| {
        let header = signed_get(&nonce, at);
        let answer = admin.raw(Method::GET, KEYS, Some(&header), None).await;
        answer.expect("the emulator answers")
    };
    send(now()).await.assert_status(200);
    send(now()).await.assert_refused(401, "40002");
    send(now() + 1).await.assert_refused(401, "40002");
    emulator.set_clock_offset(SignedDuration::from_mins(16));
    send(now() + 16 * 60).await.assert_status(200);
}

#[tokio::test]
async fn an_old_timestamp_is_refused() {
    let (_emulator, admin) = start(Config::default()).await;
    for (age, refused) in [(14 * 60, false), (16 * 60, true)] {
        let answer = admin.send_at(Method::GET, KEYS, None, now() - age).await;
        let answer = answer.expect("the emulator answers");
        if refused {
            answer.assert_refused(401, "40002");
        } else {
            answer.assert_status(200);
        }
    }
}

#[tokio::test]
async fn a_signature_must_fit_byte_for_byte() {
    let (emulator, admin) = start(Config::default()).await;
    let wrong = Client::new(&emulator, EXAMPLE_ID, "00000000000000000000000000000000");
    wrong.list().await.assert_refused(401, "40002");
    let unknown = Client::new(&emulator, "api_00000000000000000000000000000000", "x");
    unknown.list().await.assert_refused(401, "40002");

    let at = now();
    let body = r#"{"label":"exact","scopes":[]}"#;
    let good = |sent: &str| {
        let nonce = nonce();
        let response = response(EXAMPLE_SECRET, "POST", KEYS, &nonce, at, sent);
        header(EXAMPLE_ID, &nonce, at, &response)
    };
    let spaced = r#"{"label": "exact","scopes":[]}"#;
    let send = async |header: String, body: &str| {
        let answer = admin.raw(Method::POST, KEYS, Some(&header), Some(body));
        answer.await.expect("the emulator answers")
    };
    send(good(body), spaced).await.assert_refused(401, "40002");
    send(good(body), body).await.assert_status(201);
    let bent = [
        good(body).replace("Hmac ", "HMAC "),
        good(body).replace(", ", ","),
        good(body).replace('"', ""),
        good(body).replace("nonce=", "Nonce="),
        good(body).replace("timestamp=\"", "timestamp=\"+"),
        format!("{}, more=\"1\"", good(body)),
    ];
    for header in bent {
        send(header, body).await.assert_refused(401, "40002");
    }
    let none = admin.raw(Method::GET, KEYS, None, None).await;
    none.expect("the emulator answers").assert_refused(401, "40002");
}

#[tokio::test]
async fn dead_keys_cannot_ask() {
    let (emulator, _) = start(Config::default()).await;
    let mut seed = KeySeed::new("reader", ["pcx:api_key:read"]);
    let live = emulator.add_key(seed.clone());
    let client = Client::of(&emulator, &live);
    client.list().await.assert_status(200);
    assert!(emulator.disable_key(&live.id));
    client.list().await.assert_refused(401, "40002");
    assert!(emulator.delete_key(&live.id));
    client.list().await.assert_refused(401, "40002");

    seed.expires = Some(emulator.now() + SignedDuration::from_mins(1));
    let expiring = Client::of(&emulator, &emulator.add_key(seed));
    expiring.list().await.assert_status(200);
    emulator.set_clock_offset(SignedDuration::from_mins(2));
    expiring.list().await.assert_refused(401, "40002");
}

#[tokio::test]
async fn methods_bind_a_key() {
    let (emulator, _) = start(Config::default()).await;
    let rows = [(AuthMethod::Hmac, 200, 401), (AuthMethod::Basic, 401, 200), (AuthMethod::All, 200, 200)];
    for (method, hmac, basic) in rows {
        let mut seed = KeySeed::new("bound", ["pcx:api_key:read"]);
        seed.methods = vec![method];
        let client = Client::of(&emulator, &emulator.add_key(seed));
        client.list().await.assert_status(hmac);
        client.basic().await.assert_status(basic);
    }
}

#[tokio::test]
async fn production_refuses_basic() {
    let (_emulator, admin) = start(Config { environment: Environment::Production, ..Config::default() }).await;
    admin.basic().await.assert_refused(401, "40002");
    admin.list().await.assert_status(200);
}

#[tokio::test]
async fn every_route_asks_for_its_scope() {
    let (emulator, admin) = start(Config::default()).await;
    let target = emulator.add_key(KeySeed::new("target", [])).id;
    for held in ["read", "create", "update", "delete", "udpate", "*"] {
        let scope = format!("pcx:api_key:{held}");
        let seed = KeySeed::new("holder", [scope.as_str()]);
        let client = Client::of(&emulator, &emulator.add_key(seed));
        let body = json!({"label": "made", "scopes": []});
        let answers = [
            ("read", client.list().await),
            ("read", client.read(&target).await),
            ("create", client.create(body).await),
            ("update", client.update(&target, json!({})).await),
        ];
        for (needed, answer) in answers {
            if held == needed || held == "*" {
                assert!(answer.status.is_success(), "{held}: {}", answer.text);
            } else {
                answer.assert_refused(403, "40003");
            }
        }
        let victim = emulator.add_key(KeySeed::new("victim", [])).id;
        let deleted = client.delete(&victim).await;
        if held == "delete" || held == "*" {
            deleted.assert_status(204);
        } else {
            deleted.assert_refused(403, "40003");
        }
    }
    emulator.set_admin_scopes(["pcx:webhooks:read"]);
    admin.list().await.assert_refused(403, "40003");
}

#[tokio::test]
async fn bodies_are_strict() {
    let (emulator, admin) = start(Config::default()).await;
    let long = "x".repeat(101);
    let past = (Timestamp::now() - SignedDuration::from_secs(1)).to_string();
    let rows: Vec<(Value, u16, &str)> = vec![
        (json!({"colour": "red"}), 422, "colour"),
        (json!({"secret": "mine"}), 422, "secret"),
        (json!({"label": "no"}), 422, "label"),
        (json!({"label": long}), 422, "label"),
        (json!({"label": "caf\u{e9}"}), 422, "label"),
        (json!({"label": "a/b/c"}), 422, "label"),
        (json!({"label": 7}), 422, "label"),
        (json!({"label": null}), 422, "label"),
        (json!({"scopes": "pcx:webhooks:read"}), 422, "scopes"),
        (json!({"scopes": ["webhooks:read"]}), 422, "scopes"),
        (json!({"scopes": ["pcx:"]}), 422, "scopes"),
        (json!({"scopes": ["pcx:*:read"]}), 422, "scopes"),
        (json!({"scopes": [1]}), 422, "scopes"),
        (json!({"methods": ["hmac"]}), 422, "methods"),
        (json!({"methods": "HMAC"}), 422, "methods"),
        (json!({"accounts": ["12345"]}), 422, "accounts"),
        (json!({"enabled": "false"}), 422, "enabled"),
        (json!({"expiresAt": "tomorrow"}), 422, "expiresAt"),
        (json!({"expiresAt": "2999-01-02 03:04:05Z"}), 422, "expiresAt"),
        (json!({"expiresAt": "2999-01-02T03:04:05"}), 422, "expiresAt"),
        (json!({"expiresAt": past}), 400, "expiresAt"),
        (json!({"expiresIn": "soon"}), 422, "expiresIn"),
        (json!({"expiresIn": 3600}), 422, "expiresIn"),
    ];
    let key = emulator.add_key(KeySeed::new("before", [])).id;
    for (change, status, source) in rows {
        let mut body = json!({"label": "fits", "scopes": []});
        for (name, value) in change.as_object().expect("an object") {
            body[name] = value.clone();
        }
        let refused = admin.create(body).await.assert_refused(status, "40001");
        assert_eq!(refused["source"], source, "{refused}");
        let refused = admin.update(&key, change).await;
        refused.assert_refused(status, "40001");
    }
    for missing in ["label", "scopes"] {
        let mut body = json!({"label": "fits", "scopes": []});
        body.as_object_mut().expect("an object").remove(missing);
        let refused = admin.create(body).await.assert_refused(422, "40001");
        assert_eq!(refused["source"], missing);
    }
    admin.create(json!([])).await.assert_refused(422, "40001");
    assert_eq!(emulator.keys().len(), 2, "nothing was made");
    assert_eq!(emulator.key(&key).expect("it is there").label, "before");
}

#[tokio::test]
async fn published_label_accidents_and_offsets_pass() {
    let (_emulator, admin) = start(Config::default()).await;
    for label in ["a_b-c d", r"[\]^`", "tab\there", &"y".repeat(100)] {
        let body = json!({"label": label, "scopes": [], "expiresAt": "2999-01-02T03:04:05+02:00"});
        let made = admin.create(body).await.assert_status(201).json();
        assert_eq!(made["expiresAt"], "2999-01-02T01:04:05.000000Z");
    }
}

#[tokio::test]
async fn paths_and_content_types_are_checked() {
    let (emulator, admin) = start(Config::default()).await;
    let id = emulator.admin_id();
    for (path, status, code) in [
        ("/api/v4/accounts/220614966802/api-keys".to_owned(), 404, "40005"),
        ("/api/v4/accounts/2206/api-keys".to_owned(), 400, "40001"),
        (format!("{KEYS}/api_short"), 400, "40001"),
        (format!("{KEYS}/{}", id.to_uppercase()), 400, "40001"),
        (format!("{KEYS}/{id}/rotate"), 404, "40005"),
        ("/api/v3/api-key-scopes".to_owned(), 404, "40005"),
    ] {
        admin.get(&path).await.assert_refused(status, code);
    }
    assert_eq!(emulator.count(Route::Unknown), 2);

    let (at, nonce) = (now(), nonce());
    let body = r#"{"label":"exact","scopes":[]}"#;
    let response = response(EXAMPLE_SECRET, "POST", KEYS, &nonce, at, body);
    let answer = reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("the client can be built")
        .post(format!("{}{KEYS}", emulator.url()))
        .header("authorization", header(EXAMPLE_ID, &nonce, at, &response))
        .header("content-type", "text/plain")
        .body(body)
        .send()
        .await
        .expect("the emulator answers");
    assert_eq!(answer.status().as_u16(), 400);
    let broken = admin.send_at(Method::POST, KEYS, Some("{"), now()).await;
    let broken = broken.expect("the emulator answers");
    broken.assert_refused(400, "40001");
}
