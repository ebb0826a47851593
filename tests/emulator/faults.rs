//! The failures which can be ordered.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::client::KEYS;
use crate::emulator::{Config, Fault, KeySeed, Order, Route};
use crate::start;

fn body() -> Value {
    json!({"label": "spoilt", "scopes": ["pcx:webhooks:read"]})
}

#[tokio::test]
async fn each_failure_acts_or_not_and_spoils_the_answer() {
    let rows = [
        (Fault::ErrorBefore, 0, Some(500)),
        (Fault::ErrorAfter, 1, Some(500)),
        (Fault::ResetBefore, 0, None),
        (Fault::ResetAfter, 1, None),
        (Fault::TruncatedJson, 1, Some(201)),
        (Fault::Echo(400), 1, Some(400)),
        (Fault::Html, 1, Some(200)),
        (Fault::WithoutSecret, 1, Some(201)),
        (Fault::Throttle(Duration::from_secs(7)), 0, Some(429)),
        (Fault::ThrottleSaying(Some("soon")), 0, Some(429)),
        (Fault::ThrottleSaying(None), 0, Some(429)),
        (Fault::Stall(Duration::from_millis(100)), 1, Some(201)),
        (Fault::StallBody(Duration::from_millis(100)), 1, Some(201)),
        (Fault::Gateway(502), 1, Some(502)),
        (Fault::Redirect(307), 1, Some(307)),
        (Fault::NoContent, 1, Some(204)),
        (Fault::LongLength, 1, None),
        (Fault::ShortLength, 1, Some(201)),
        (Fault::OtherId, 1, Some(201)),
        (Fault::OtherScopes, 1, Some(201)),
        (Fault::KnownKey, 0, Some(201)),
        (Fault::Twice, 2, Some(201)),
        (Fault::TwiceErrorAfter, 2, Some(500)),
    ];
    for (fault, made, status) in rows {
        let (emulator, admin) = start(Config::default()).await;
        emulator.add_key(KeySeed::new("by hand", ["pcx:webhooks:read"]));
        emulator.inject(fault, Method::POST, 1);
        admin.list().await.assert_status(200);
        let begun = Instant::now();
        let answer = admin.try_send(Method::POST, KEYS, Some(body())).await;
        assert_eq!(emulator.keys_labelled("spoilt").len(), made, "{fault:?}");
        let seen = answer.as_ref().ok().map(|answer| answer.status.as_u16());
        assert_eq!(seen, status, "{fault:?}");
        if let Ok(answer) = answer {
            let json = serde_json::from_str::<Value>(&answer.text);
            match fault {
                Fault::ErrorBefore | Fault::ErrorAfter | Fault::TwiceErrorAfter => {
                    answer.assert_refused(500, "40004");
                }
                Fault::TruncatedJson => assert!(json.is_err() && answer.text.starts_with('{')),
                Fault::Html => assert!(answer.header("content-type").starts_with("text/html")),
                Fault::WithoutSecret => {
                    let json = json.expect("JSON");
                    assert!(json["id"].is_string() && json.get("secret").is_none());
                }
                Fault::Throttle(_) => assert_eq!(answer.header("retry-after"), "7"),
                Fault::ThrottleSaying(text) => assert_eq!(answer.headers.contains_key("retry-after"), text.is_some()),
                Fault::Stall(time) | Fault::StallBody(time) => assert!(begun.elapsed() >= time && json.is_ok()),
                Fault::Gateway(_) => assert!(json.is_err() && answer.text.contains("<title>")),
                Fault::Redirect(_) => assert_eq!(answer.header("location"), "/api/v4/elsewhere"),
                Fault::NoContent => assert_eq!(answer.text, ""),
                Fault::ShortLength => assert!(json.is_err() && answer.text.starts_with('{')),
                Fault::OtherId => assert!(emulator.key(json.expect("JSON")["id"].as_str().expect("an id")).is_none()),
                Fault::OtherScopes => {
                    let key = &emulator.keys_labelled("spoilt")[0];
                    assert_eq!(
                        (key.scopes.as_slice(), &json.expect("JSON")["scopes"]),
                        (["pcx:payments:*".to_owned()].as_slice(), &json!(key.scopes))
                    );
                }
                Fault::KnownKey => {
                    assert!(emulator.key(json.expect("JSON")["id"].as_str().expect("an id")).is_some_and(|key| key.label != "spoilt"))
                }
                Fault::Twice => assert_eq!(emulator.keys_labelled("spoilt")[0].id, json.expect("JSON")["id"].as_str().expect("an id")),
                Fault::Echo(_) => assert!(answer.text.contains("spoilt")),
                Fault::ResetBefore | Fault::ResetAfter | Fault::LongLength => {}
                Fault::Enormous | Fault::Endless | Fault::KeyComes | Fault::KeyGoes | Fault::KeysSwap => {
                    unreachable!("these have tests of their own")
                }
            }
        }
        let again = admin.create(body()).await;
        again.assert_status(201);
    }
}

#[tokio::test]
async fn keys_come_and_go_between_answers() {
    let (emulator, admin) = start(Config::default()).await;
    for (fault, keys) in [(Fault::KeyComes, 2), (Fault::KeysSwap, 2), (Fault::KeyGoes, 1), (Fault::KeyGoes, 1)] {
        emulator.inject(fault, Method::GET, 1);
        let before = emulator.keys().len();
        let listed = admin.list().await.assert_status(200).json();
        assert_eq!((listed.as_array().map(Vec::len), emulator.keys().len()), (Some(before), keys), "{fault:?}");
    }
}

#[tokio::test]
async fn an_endless_body_goes_on_until_the_client_has_enough() {
    for (fault, length) in [(Fault::Enormous, Some(1 << 40)), (Fault::Endless, None)] {
        let (emulator, admin) = start(Config::default()).await;
        emulator.inject(fault, Method::GET, 1);
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        let mut answer = client.get(format!("{}{KEYS}", emulator.url())).send().await.expect("an answer");
        assert_eq!(answer.content_length(), length, "{fault:?}");
        let mut read = 0;
        while read < 10 << 20 {
            read += answer.chunk().await.expect("more").expect("more").len();
        }
        drop(answer);
        admin.list().await.assert_status(200);
    }
}

#[tokio::test]
async fn a_new_key_is_missing_in_as_many_lists_as_told() {
    let (_emulator, admin) = start(Config { list_lag_reads: 2, ..Config::default() }).await;
    admin.create(body()).await.assert_status(201);
    for keys in [1, 1, 2, 2] {
        assert_eq!(admin.list().await.json().as_array().map(Vec::len), Some(keys));
    }
}

#[tokio::test]
async fn the_administrator_key_dies_when_told() {
    let (emulator, admin) = start(Config { admin_requests: Some(1), ..Config::default() }).await;
    admin.list().await.assert_status(200);
    admin.list().await.assert_refused(401, "40002");
    assert!(!emulator.keys()[0].enabled);
}

#[tokio::test]
async fn failures_queue_by_method_and_route() {
    let (emulator, admin) = start(Config::default()).await;
    let id = emulator.admin_id();
    emulator.inject(Fault::ErrorBefore, Method::GET, 2);
    emulator.order(Order { fault: Fault::Throttle(Duration::from_secs(1)), method: Method::GET, route: Some(Route::Read), times: 1 });
    admin.list().await.assert_status(500);
    admin.read(&id).await.assert_status(500);
    admin.list().await.assert_status(200);
    admin.read(&id).await.assert_status(429);
    admin.read(&id).await.assert_status(200);

    emulator.inject(Fault::Html, Method::GET, 5);
    emulator.clear_faults();
    assert!(admin.list().await.json().is_array());
    emulator.forget_requests();
    assert_eq!(emulator.count(Route::List), 0);
}

#[tokio::test]
async fn a_client_which_gives_up_leaves_its_key_behind() {
    let (emulator, admin) = start(Config::default()).await;
    emulator.inject(Fault::Stall(Duration::from_secs(60)), Method::POST, 1);
    let send = admin.try_send(Method::POST, KEYS, Some(body()));
    let answer = tokio::time::timeout(Duration::from_millis(300), send).await;
    assert!(answer.is_err(), "the answer is held back");
    assert_eq!(emulator.keys_labelled("spoilt").len(), 1);
    admin.list().await.assert_status(200);
}

#[tokio::test]
async fn latency_can_be_turned_up_while_running() {
    let (emulator, admin) = start(Config::default()).await;
    emulator.configure(|config| config.latency = Duration::from_millis(50));
    let begun = Instant::now();
    admin.list().await.assert_status(200);
    assert!(begun.elapsed() >= Duration::from_millis(50));
}

#[test]
fn orders_are_read_from_the_command_line() {
    let order: Order = "stall=1s 500ms:POST:3".parse().expect("an order");
    assert_eq!(order.fault, Fault::Stall(Duration::from_millis(1500)));
    assert_eq!((order.method, order.times), (Method::POST, 3));
    let order: Order = "reset-after:PATCH:1".parse().expect("an order");
    assert_eq!(order.fault, Fault::ResetAfter);
    for text in ["", "html", "html:GET", "html:GET:x", "boom:GET:1", "html=1s:GET:1"] {
        assert!(text.parse::<Order>().is_err(), "{text}");
    }
}
