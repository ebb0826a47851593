//! GitHub: sealed boxes that open to what was sent, and what the secrets API refuses.

use crypto_box::PublicKey;
use crypto_box::aead::OsRng;
use data_encoding::BASE64;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::finance::Finance;
use crate::finance::github::{EXAMPLE_TOKEN, Permission, Route};
use crate::{Answer, client, start};

const REPOSITORY: &str = "/repos/acme/books/actions/secrets";
const ENVIRONMENT: &str = "/repos/acme/books/environments/production/secrets";

fn call(finance: &Finance, method: Method, path: &str) -> RequestBuilder {
    let request = client().request(method, format!("{}{path}", finance.github.url())).bearer_auth(EXAMPLE_TOKEN);
    request.header("accept", "application/vnd.github+json").header("x-github-api-version", "2022-11-28")
}

async fn public_key(finance: &Finance, place: &str) -> (String, PublicKey) {
    let told = Answer::to(call(finance, Method::GET, &format!("{place}/public-key"))).await.with_status(200).json();
    let key = BASE64.decode(told["key"].as_str().expect("a key").as_bytes()).expect("base64");
    (told["key_id"].as_str().expect("an id").to_owned(), PublicKey::from_slice(&key).expect("32 bytes"))
}

fn sealed(key: &PublicKey, text: &[u8]) -> String {
    BASE64.encode(&key.seal(&mut OsRng, text).expect("any text can be sealed"))
}

async fn put(finance: &Finance, path: &str, body: &Value) -> Answer {
    Answer::to(call(finance, Method::PUT, path).json(body)).await
}

#[track_caller]
fn assert_message(answer: &Answer, part: &str) {
    let body = answer.json();
    assert!(body["message"].as_str().is_some_and(|message| message.contains(part)), "{body}");
    assert_eq!(body["status"], answer.status.to_string());
    assert!(body["documentation_url"].is_string());
}

#[tokio::test]
async fn a_sealed_secret_arrives_at_a_repository_and_an_environment() {
    let finance = start(|_| {}).await;
    for (place, environment) in [(REPOSITORY, None), (ENVIRONMENT, Some("production"))] {
        let (key_id, key) = public_key(&finance, place).await;
        let path = format!("{place}/brex_token");
        for (text, status) in [("bxt_one", 201), ("bxt_two", 204)] {
            let body = json!({"key_id": key_id, "encrypted_value": sealed(&key, text.as_bytes())});
            put(&finance, &path, &body).await.with_status(status);
            let secret = finance.github.secret("acme/books", environment, "BREX_TOKEN").expect("it arrived");
            assert_eq!(secret.plaintext, text.as_bytes());
        }
        let read = Answer::to(call(&finance, Method::GET, &path)).await.with_status(200);
        assert_eq!(read.json()["name"], "BREX_TOKEN", "names are kept in upper case");
        assert!(!read.text.contains("bxt_"));
        let list = Answer::to(call(&finance, Method::GET, place)).await.with_status(200).json();
        assert_eq!((&list["total_count"], &list["secrets"][0]["name"]), (&json!(1), &json!("BREX_TOKEN")));
    }
    assert_eq!(finance.github.count(Route::SecretWrite), 4);
    let path = format!("{REPOSITORY}/BREX_TOKEN");
    Answer::to(call(&finance, Method::DELETE, &path)).await.with_status(204);
    Answer::to(call(&finance, Method::DELETE, &path)).await.with_status(404);
    Answer::to(call(&finance, Method::GET, &path)).await.with_status(404);
    let secret = finance.github.secret("acme/books", Some("production"), "brex_token").expect("the environment has its own");
    assert_eq!(secret.writes, 2);
}

#[tokio::test]
async fn a_badly_sealed_value_is_refused() {
    let finance = start(|_| {}).await;
    let (key_id, key) = public_key(&finance, REPOSITORY).await;
    let value = sealed(&key, b"text");
    let path = format!("{REPOSITORY}/NAME");
    let rows = [
        (json!({"encrypted_value": value}), "\"key_id\" wasn't supplied."),
        (json!({"key_id": key_id}), "\"encrypted_value\" wasn't supplied."),
        (json!({"key_id": key_id, "encrypted_value": "not base64!"}), "does not match"),
        (json!({"key_id": key_id, "encrypted_value": BASE64.encode(b"not sealed")}), "improperly encrypted secret"),
        (json!({"key_id": "other", "encrypted_value": value}), "improperly encrypted secret"),
        (json!({"key_id": 7, "encrypted_value": value}), "is not a string"),
        (json!({"key_id": key_id, "encrypted_value": sealed(&key, &vec![b'x'; 48 * 1024 + 1])}), "48 KB"),
    ];
    for (body, message) in rows {
        let answer = put(&finance, &path, &body).await.with_status(422);
        assert_message(&answer, message);
    }
    assert_message(&Answer::to(call(&finance, Method::PUT, &path).body("{")).await.with_status(400), "Problems parsing JSON");

    let stale = json!({"key_id": key_id, "encrypted_value": value});
    let (_, environment) = public_key(&finance, ENVIRONMENT).await;
    let elsewhere = json!({"key_id": key_id, "encrypted_value": sealed(&environment, b"text")});
    put(&finance, &path, &elsewhere).await.with_status(422);
    finance.github.rotate_key("acme/books", None);
    assert_message(&put(&finance, &path, &stale).await.with_status(422), "improperly encrypted secret");
    assert_eq!(finance.github.secret("acme/books", None, "NAME"), None);
}

#[tokio::test]
async fn names_follow_their_rules() {
    let finance = start(|_| {}).await;
    let (key_id, key) = public_key(&finance, REPOSITORY).await;
    let body = json!({"key_id": key_id, "encrypted_value": sealed(&key, b"text")});
    for name in ["with-dash", "with%20space", "GITHUB_TOKEN", "github_token", "1ST"] {
        let answer = put(&finance, &format!("{REPOSITORY}/{name}"), &body).await.with_status(422);
        assert_message(&answer, "Secret names");
    }
    for number in 0..100 {
        put(&finance, &format!("{REPOSITORY}/NAME_{number}"), &body).await.with_status(201);
    }
    put(&finance, &format!("{REPOSITORY}/ONE_MORE"), &body).await.with_status(422);
    put(&finance, &format!("{REPOSITORY}/NAME_7"), &body).await.with_status(204);
}

#[tokio::test]
async fn a_token_does_what_it_may_and_sees_its_repository_alone() {
    let finance = start(|_| {}).await;
    finance.github.add("acme/other", None);
    let get = async |token: &str, path: &str| Answer::to(client().get(format!("{}{path}", finance.github.url())).bearer_auth(token)).await;
    let key_path = format!("{REPOSITORY}/public-key");
    let none = finance.github.add_token(Permission::None, "acme/books");
    assert_message(&get(&none, &key_path).await.with_status(403), "Resource not accessible by personal access token");
    let reads = finance.github.add_token(Permission::Read, "acme/books");
    get(&reads, &key_path).await.with_status(200);
    let write = client().put(format!("{}{REPOSITORY}/NAME", finance.github.url())).bearer_auth(&reads).json(&json!({}));
    Answer::to(write).await.with_status(403);

    for path in ["/repos/acme/other/actions/secrets/public-key", "/repos/acme/none/actions/secrets/public-key"] {
        assert_message(&get(EXAMPLE_TOKEN, path).await.with_status(404), "Not Found");
    }
    get(EXAMPLE_TOKEN, "/repos/acme/books/environments/none/secrets/public-key").await.with_status(404);
    get(EXAMPLE_TOKEN, "/repos/Acme/Books/actions/secrets/public-key").await.with_status(200);
    get(EXAMPLE_TOKEN, "/user").await.with_status(404);
    assert_message(&get("ghp_unknown", &key_path).await.with_status(401), "Bad credentials");
    finance.github.revoke_token(&reads);
    get(&reads, &key_path).await.with_status(401);
    Answer::to(client().get(format!("{}{key_path}", finance.github.url()))).await.with_status(401);

    finance.github.add("acme/books", Some("eu/live"));
    get(EXAMPLE_TOKEN, "/repos/acme/books/environments/eu%2Flive/secrets/public-key").await.with_status(200);
    get(EXAMPLE_TOKEN, "/repos/acme/books/environments/eu/live/secrets/public-key").await.with_status(404);
}

#[tokio::test]
async fn a_request_needs_a_user_agent_and_a_known_version() {
    let finance = start(|config| config.github.rate = 3).await;
    let url = format!("{}{REPOSITORY}/public-key", finance.github.url());
    let nameless = reqwest::Client::builder().no_proxy().build().expect("a client");
    assert_message(&Answer::to(nameless.get(&url).bearer_auth(EXAMPLE_TOKEN)).await.with_status(403), "User-Agent");
    let old = client().get(&url).bearer_auth(EXAMPLE_TOKEN).header("x-github-api-version", "2000-01-01");
    Answer::to(old).await.with_status(400);
    for _ in 0..3 {
        Answer::to(client().get(&url).bearer_auth(EXAMPLE_TOKEN)).await.with_status(200);
    }
    let spent = Answer::to(client().get(&url).bearer_auth(EXAMPLE_TOKEN)).await.with_status(403);
    assert_eq!((spent.header("x-ratelimit-remaining"), spent.header("retry-after")), ("0", "60"));
}
