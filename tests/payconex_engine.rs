//! The HTTP engine and the PayConex profile against the emulator, and against servers that misbehave in ways of their own.
#[path = "../examples/payconex-emulator/server.rs"]
mod emulator;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use emulator::{
    AnswerFields, AuthMethod, CeilingError, Config, EXAMPLE_ACCOUNT, Emulator, EnabledField, ErrorCode, Fault, KeySeed, ListOrder, Listed,
    Order, Route, SignedQuery,
};
use jiff::{SignedDuration, Timestamp};
use keywright::model::{Options, Scope, ScopeSet, Secret};
use keywright::profile::Profile;
use keywright::provider::http::{AccountAt, HttpProvider};
use keywright::provider::{CreateRequest, EditRequest, Liveness, Provider, ProviderError};
use reqwest::Method;
use serde_json::json;

const WEBHOOKS: &str = "pcx:webhooks:read";

fn profile() -> Arc<Profile> {
    Arc::new(Profile::builtin("payconex").expect("built in"))
}

fn credential(text: &str) -> Secret {
    profile().credential().expect("a shape").parse(text).expect("a credential")
}

fn open_at(endpoint: &str, auth: &str, credential: Secret) -> HttpProvider {
    let params = BTreeMap::from([("account_id".to_owned(), EXAMPLE_ACCOUNT.to_owned()), ("auth".to_owned(), auth.to_owned())]);
    let at = AccountAt { environment: Some("certification"), endpoint: Some(endpoint), params: &params };
    HttpProvider::open(profile(), at, credential, Timestamp::now).expect("a provider")
}

fn open(emulator: &Emulator) -> HttpProvider {
    open_at(&emulator.url(), "hmac", credential(&emulator.admin_credential_json()))
}

fn scopes(words: &[&str]) -> ScopeSet {
    words.iter().map(|word| Scope::from(*word)).collect()
}

fn request(label: &str) -> CreateRequest {
    CreateRequest { label: label.to_owned(), scopes: scopes(&[WEBHOOKS]), expires_at: None, options: Options::new() }
}

async fn start(config: Config) -> Emulator {
    Emulator::start(config).await.expect("an emulator")
}

fn fill(emulator: &Emulator, count: usize) {
    for number in 0..count {
        emulator.add_key(KeySeed::new(&format!("key {number}"), [WEBHOOKS]));
    }
}

#[tokio::test]
async fn a_listing_takes_as_many_pages_as_it_needs() {
    let emulator = start(Config::default()).await;
    fill(&emulator, 249);
    let keys = open(&emulator).list().await.expect("a listing");
    let ids: BTreeSet<&str> = keys.iter().map(|key| key.id.as_str()).collect();
    assert_eq!((keys.len(), ids.len(), emulator.count(Route::List)), (250, 250, 3));
    let own: Vec<&str> = keys.iter().filter(|key| key.own).map(|key| key.id.as_str()).collect();
    assert_eq!(own, [emulator.admin_id()]);
}

#[tokio::test]
async fn a_server_that_lowers_the_page_size_hides_nothing() {
    let emulator = start(Config { max_limit: 30, ..Config::default() }).await;
    fill(&emulator, 99);
    assert_eq!(open(&emulator).list().await.expect("a listing").len(), 100);
    assert_eq!(emulator.count(Route::List), 4);
}

#[tokio::test]
async fn the_life_of_a_key() {
    for signed_query in [SignedQuery::Unsigned, SignedQuery::Signed] {
        for answer_fields in [AnswerFields::Documented, AnswerFields::Narrow, AnswerFields::Extended] {
            life(Config { signed_query, answer_fields, ..Config::default() }).await;
        }
    }
}

async fn life(config: Config) {
    let narrow = config.answer_fields == AnswerFields::Narrow;
    let emulator = start(config).await;
    let provider = open(&emulator);
    let end: Timestamp = "2099-01-01T00:00:00Z".parse().expect("an instant");
    let created = provider.create(&CreateRequest { expires_at: Some(end), ..request("one kw-aaaaaaaa") }).await.expect("created");
    let (id, secret) = (created.key.id.clone(), created.secret.expect("a secret"));
    assert_eq!(secret.part("secret"), emulator.key(&id).map(|key| key.secret).as_deref());
    assert_eq!(secret.part("id"), Some(id.as_str()));
    assert_eq!(created.key.expires_at, Some(Some(end)));
    assert_eq!(emulator.key(&id).expect("a key").methods, [AuthMethod::Hmac]);
    assert_eq!(provider.verify(&id, &secret).await, Ok(Liveness::Alive));

    let edit = EditRequest {
        label: Some("two kw-aaaaaaaa".into()),
        scopes: Some(scopes(&[WEBHOOKS, "pcx:webhooks:create"])),
        expires_at: Some(None),
        options: Some(Options::from([("methods".to_owned(), json!(["BASIC"]))])),
    };
    provider.edit(&id, &edit).await.expect("edited");
    let key = provider.get(&id).await.expect("read").expect("there");
    assert_eq!((key.label.as_str(), key.expires_at, key.scopes), ("two kw-aaaaaaaa", Some(None), edit.scopes));
    assert_eq!(key.options["methods"], json!(["BASIC"]));
    assert_eq!(provider.verify(&id, &secret).await, Ok(Liveness::Alive), "by Basic");

    provider.set_enabled(&id, false, None).await.expect("disabled");
    let enabled = provider.get(&id).await.expect("read").expect("there").enabled;
    assert_eq!(enabled, if narrow { None } else { Some(false) });
    assert_eq!(provider.verify(&id, &secret).await, Ok(Liveness::Dead));
    provider.set_enabled(&id, true, None).await.expect("enabled");
    assert_eq!(provider.verify(&id, &secret).await, Ok(Liveness::Alive));

    let again = provider.reveal(&id).await.expect("read").expect("a secret");
    assert!(again.parts().eq(secret.parts()));
    provider.delete(&id).await.expect("deleted");
    provider.delete(&id).await.expect("deleted twice");
    assert_eq!(provider.get(&id).await, Ok(None));
    assert!(matches!(provider.reveal(&id).await.err(), Some(ProviderError::NotFound(_))));
    assert_eq!(provider.list().await.expect("a listing").len(), 1);
}

#[tokio::test]
async fn an_edit_sends_only_what_changes() {
    let emulator = start(Config::default()).await;
    let provider = open(&emulator);
    let end: Timestamp = "2099-01-01T00:00:00Z".parse().expect("an instant");
    let id = provider.create(&CreateRequest { expires_at: Some(end), ..request("one") }).await.expect("created").key.id;
    provider.edit(&id, &EditRequest { label: Some("two".into()), ..EditRequest::default() }).await.expect("edited");
    let key = emulator.key(&id).expect("a key");
    assert_eq!((key.label.as_str(), key.expires, key.scopes.len()), ("two", Some(end), 1));
}

#[tokio::test]
async fn the_signature_variant_is_learnt_once() {
    let emulator = start(Config { signed_query: SignedQuery::Signed, ..Config::default() }).await;
    let provider = open(&emulator);
    provider.list().await.expect("a listing");
    assert_eq!(emulator.count(Route::List), 2);
    provider.list().await.expect("a listing");
    assert_eq!(emulator.count(Route::List), 3);
}

#[tokio::test]
async fn a_wrong_secret_is_told_apart_from_a_missing_scope() {
    let emulator = start(Config::default()).await;
    let wrong = format!(r#"{{"id": "{}", "secret": "not-the-secret"}}"#, emulator.admin_id());
    let error = open_at(&emulator.url(), "hmac", credential(&wrong)).list().await.expect_err("refused");
    assert!(
        matches!(&error, ProviderError::Unauthenticated(text) if text.contains("40002") && !text.contains("not-the-secret")),
        "{error}"
    );
    emulator.set_admin_scopes(["pcx:api_key:create"]);
    assert!(matches!(open(&emulator).list().await, Err(ProviderError::Forbidden(_))));
}

#[tokio::test]
async fn basic_is_for_certification() {
    let emulator = start(Config::default()).await;
    let admin = || credential(&emulator.admin_credential_json());
    assert_eq!(open_at(&emulator.url(), "basic", admin()).list().await.expect("a listing").len(), 1);
    let params = BTreeMap::from([("account_id".to_owned(), EXAMPLE_ACCOUNT.to_owned()), ("auth".to_owned(), "basic".to_owned())]);
    let at = AccountAt { environment: Some("production"), endpoint: Some("http://127.0.0.1:1"), params: &params };
    assert!(matches!(HttpProvider::open(profile(), at, admin(), Timestamp::now).err(), Some(ProviderError::Local(_))));
}

#[tokio::test]
async fn a_clock_that_is_off_is_named() {
    let emulator = start(Config::default()).await;
    let secret = emulator.admin_credential_json();
    let behind: fn() -> Timestamp = || Timestamp::now() - SignedDuration::from_mins(40);
    let params = BTreeMap::from([("account_id".to_owned(), EXAMPLE_ACCOUNT.to_owned()), ("auth".to_owned(), "hmac".to_owned())]);
    let url = emulator.url();
    let at = AccountAt { environment: Some("certification"), endpoint: Some(&url), params: &params };
    let provider = HttpProvider::open(profile(), at, credential(&secret), behind).expect("a provider");
    let error = provider.list().await.expect_err("refused").to_string();
    assert!(error.contains("our clock differs from the provider's by"), "{error}");
    let liveness = provider.verify(&emulator.admin_id(), &credential(&secret)).await.expect("an answer");
    assert!(matches!(liveness, Liveness::Undecided(text) if text.contains("clock")));
}

#[tokio::test]
async fn throttled_reads_wait_and_creates_do_not_come_twice() {
    let emulator = start(Config::default()).await;
    let provider = open(&emulator);
    emulator.inject(Fault::Throttle(Duration::from_secs(1)), Method::GET, 1);
    let started = Instant::now();
    provider.list().await.expect("a listing");
    assert!(started.elapsed() >= Duration::from_secs(1) && emulator.count(Route::List) == 2);

    emulator.inject(Fault::Throttle(Duration::from_secs(60)), Method::GET, 1);
    let started = Instant::now();
    assert!(matches!(provider.list().await, Err(ProviderError::Throttled(_))));
    assert!(started.elapsed() < Duration::from_secs(1), "a wait beyond the budget is not begun");

    for fault in [Fault::Throttle(Duration::ZERO), Fault::ErrorBefore, Fault::ResetBefore] {
        emulator.forget_requests();
        emulator.inject(fault, Method::POST, 1);
        let error = provider.create(&request("one")).await.err().expect("an error");
        assert_eq!((error.may_have_acted(), emulator.count(Route::Create)), (fault != Fault::Throttle(Duration::ZERO), 1), "{fault:?}");
    }
    assert_eq!(emulator.keys().len(), 1);
}

#[tokio::test]
async fn a_create_without_a_usable_answer_may_have_acted() {
    let emulator = start(Config::default()).await;
    let provider = open(&emulator);
    for fault in [Fault::ErrorAfter, Fault::ResetAfter, Fault::TruncatedJson, Fault::Html] {
        emulator.inject(fault, Method::POST, 1);
        let error = provider.create(&request("one")).await.err().expect("an error");
        assert!(matches!(error, ProviderError::Unanswered(_)), "{fault:?}: {error}");
    }
    assert_eq!((emulator.count(Route::Create), emulator.keys().len()), (4, 5));
    emulator.inject(Fault::WithoutSecret, Method::POST, 1);
    assert!(provider.create(&request("one")).await.expect("created").secret.is_none());
}

#[tokio::test]
async fn idempotent_writes_and_reads_outlive_a_failure() {
    let emulator = start(Config::default()).await;
    let provider = open(&emulator);
    let id = provider.create(&request("one")).await.expect("created").key.id;
    for fault in [Fault::ErrorAfter, Fault::ResetBefore, Fault::ResetAfter, Fault::TruncatedJson, Fault::Html] {
        emulator.inject(fault, Method::PATCH, 1);
        provider.set_enabled(&id, false, None).await.expect("disabled");
        emulator.inject(fault, Method::GET, 1);
        assert_eq!(provider.get(&id).await.expect("read").expect("there").enabled, Some(false));
    }
    emulator.inject(Fault::ErrorAfter, Method::DELETE, 1);
    provider.delete(&id).await.expect("deleted, and then not there");
    emulator.inject(Fault::ErrorBefore, Method::GET, 3);
    assert!(matches!(provider.list().await, Err(ProviderError::Unanswered(_))));
}

#[tokio::test]
async fn a_verification_that_decides_nothing_is_not_dead() {
    let emulator = start(Config { error_code: ErrorCode::Number, ..Config::default() }).await;
    let provider = open(&emulator);
    let created = provider.create(&CreateRequest { scopes: scopes(&["pcx:api_key:read"]), ..request("one") }).await.expect("created");
    let (id, secret) = (created.key.id, created.secret.expect("a secret"));
    assert_eq!(provider.verify(&id, &secret).await, Ok(Liveness::Alive), "200");
    for fault in [Fault::ErrorBefore, Fault::Html, Fault::ResetBefore, Fault::Throttle(Duration::from_secs(60))] {
        emulator.inject(fault, Method::GET, 3);
        assert!(matches!(provider.verify(&id, &secret).await, Ok(Liveness::Undecided(_))), "{fault:?}");
        emulator.clear_faults();
    }
    emulator.disable_key(&id);
    assert_eq!(provider.verify(&id, &secret).await, Ok(Liveness::Dead));
}

#[tokio::test]
async fn a_key_of_unknown_methods_is_asked_for_them() {
    let emulator = start(Config::default()).await;
    let key = emulator.add_key(KeySeed { methods: vec![AuthMethod::Basic], ..KeySeed::new("basic", [WEBHOOKS]) });
    let secret = credential(&json!({"id": key.id, "secret": key.secret}).to_string());
    assert_eq!(open(&emulator).verify(&key.id, &secret).await, Ok(Liveness::Alive));
}

#[tokio::test]
async fn a_key_that_no_scheme_fits_is_not_tried() {
    let told = json!({"id": format!("api_{:032}", 1), "label": "a", "scopes": [WEBHOOKS], "methods": [], "enabled": true});
    // Whoever asks for more than the list is refused: it would look like a dead key.
    let url = serve(move |_, number| match number {
        0 => answer(200, &[("x-total", "1")], json!([told]).to_string()),
        _ => answer(401, &[], json!({"errorCode": "40002"}).to_string()),
    })
    .await;
    let provider = fake(&url);
    let id = provider.list().await.expect("a listing").remove(0).id;
    let secret = credential(&json!({"id": id, "secret": "EXAMPLE"}).to_string());
    let verdict = provider.verify(&id, &secret).await;
    assert!(matches!(&verdict, Ok(Liveness::Undecided(why)) if why.contains("how this key authenticates")), "{verdict:?}");
}

#[tokio::test]
async fn what_is_called_like_our_own_credential_is_not_repeated() {
    let own = "ex4mple5ecret0value7of9ours";
    let named = |id: &str| json!({"id": id, "label": format!("by {own}"), "scopes": [format!("{own}:read"), WEBHOOKS], "methods": [format!("x{own}")], "enabled": true});
    let calm = |key: &keywright::model::ObservedKey| {
        assert_eq!((key.label.as_str(), &key.scopes), ("by …", &Some(scopes(&["…:read", WEBHOOKS]))));
        assert!(!format!("{key:?}").contains(own), "{key:?}");
    };
    let id = format!("api_{:032}", 1);
    let (listed, one) = (named(&id), named(&id));
    let url = serve(move |path, _| match path.contains('?') {
        true => answer(200, &[("x-total", "1")], json!([listed]).to_string()),
        false => answer(200, &[], one.to_string()),
    })
    .await;
    let provider = open_at(&url, "hmac", credential(&json!({"id": "api_own", "secret": own}).to_string()));
    calm(&provider.list().await.expect("a listing")[0]);
    calm(&provider.get(&id).await.expect("read").expect("there"));
    calm(&provider.create(&request("one")).await.expect("created").key);
    // Told by a call of its own for each entry.
    let url = serve(move |path, _| {
        let mut key = json!({"api_key_id": "k1", "name": format!("by {own}")});
        if path.ends_with("/k1") {
            key["scopes"] = json!([format!("{own}:read"), WEBHOOKS]);
        }
        answer(200, &[], json!({"result": [key]}).to_string())
    })
    .await;
    let sendgrid = Arc::new(Profile::builtin("sendgrid").expect("built in"));
    let credential = sendgrid.credential().expect("a shape").parse(own).expect("a credential");
    let at = AccountAt { environment: None, endpoint: Some(&url), params: &BTreeMap::new() };
    let provider = HttpProvider::open(sendgrid, at, credential, Timestamp::now).expect("a provider");
    calm(&provider.list().await.expect("a listing")[0]);
}

#[tokio::test]
async fn refusals_are_classified_and_not_repeated() {
    for (ceiling_error, expected) in [(CeilingError::Forbidden, "may not do this"), (CeilingError::Unprocessable, "refused")] {
        let emulator = start(Config { ceiling_error, ..Config::default() }).await;
        emulator.set_admin_scopes(["pcx:api_key:*"]);
        let error = open(&emulator).create(&request("one")).await.err().expect("an error");
        assert!(error.to_string().contains(expected) && !error.may_have_acted(), "{error}");
    }
    let emulator = start(Config { enabled_field: EnabledField::TrueRefused, ..Config::default() }).await;
    let provider = open(&emulator);
    let id = provider.create(&request("one")).await.expect("created").key.id;
    provider.set_enabled(&id, false, None).await.expect("disabled");
    emulator.forget_requests();
    assert!(matches!(provider.set_enabled(&id, true, None).await, Err(ProviderError::Refused(_))));
    assert_eq!(emulator.count(Route::Update), 1);
}

#[tokio::test]
async fn our_own_key_and_strange_ids_are_not_written_to() {
    let emulator = start(Config::default()).await;
    let provider = open(&emulator);
    for id in [emulator.admin_id().as_str(), "..", "a/b", "api_x?y=1", "", "api_../../../../../../../../../accounts"] {
        assert!(matches!(provider.delete(id).await, Err(ProviderError::Refused(_))), "{id}");
        assert!(matches!(provider.set_enabled(id, false, None).await, Err(ProviderError::Refused(_))), "{id}");
    }
    assert_eq!(emulator.requests(), []);
}

#[tokio::test]
async fn what_the_list_hides_a_read_by_id_shows() {
    let emulator = start(Config { disabled_keys: Listed::Hidden, list_order: ListOrder::NewestFirst, ..Config::default() }).await;
    let key = emulator.add_key(KeySeed { enabled: false, ..KeySeed::new("off", [WEBHOOKS]) });
    let provider = open(&emulator);
    assert!(provider.list().await.expect("a listing").iter().all(|listed| listed.id != key.id));
    assert_eq!(provider.get(&key.id).await.expect("read").expect("there").enabled, Some(false));
}

#[tokio::test]
async fn one_lost_page_makes_the_listing_an_error() {
    let emulator = start(Config { max_limit: 10, ..Config::default() }).await;
    fill(&emulator, 49);
    let provider = open(&emulator);
    provider.list().await.expect("a listing");
    emulator.order(Order { fault: Fault::ErrorBefore, method: Method::GET, route: Some(Route::List), times: 40 });
    assert!(provider.list().await.is_err());
}

/// Answers with what `respond` makes of method, path with query, and the number of requests before this one.
async fn serve(respond: impl Fn(&str, usize) -> axum::response::Response + Clone + Send + Sync + 'static) -> String {
    use std::sync::atomic::{AtomicUsize, Ordering};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let count = Arc::new(AtomicUsize::new(0));
    let app = axum::Router::new().fallback(move |uri: axum::http::Uri| {
        let (respond, number) = (respond.clone(), count.fetch_add(1, Ordering::SeqCst));
        async move { respond(uri.path_and_query().map(|path| path.as_str()).unwrap_or_default(), number) }
    });
    tokio::spawn(async move { axum::serve(listener, app).await });
    url
}

fn answer(status: u16, headers: &[(&str, &str)], body: String) -> axum::response::Response {
    let mut response = axum::response::Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(body.into()).expect("a response")
}

fn key_json(number: usize) -> serde_json::Value {
    json!({"id": format!("api_{number:032}"), "label": format!("key {number}"), "scopes": [WEBHOOKS], "methods": ["HMAC"], "enabled": true})
}

fn fake(url: &str) -> HttpProvider {
    open_at(url, "hmac", credential(r#"{"id": "api_own", "secret": "s3cr3t-value"}"#))
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let thief = serve(|_, _| panic!("the redirect was followed")).await;
    let url = serve(move |_, _| answer(302, &[("location", &thief)], String::new())).await;
    let error = fake(&url).list().await.expect_err("an error");
    assert!(error.to_string().contains("redirects are not followed"), "{error}");
}

#[tokio::test]
async fn a_list_that_changes_is_read_again_and_then_given_up() {
    let page = |keys: std::ops::Range<usize>, total: &str| {
        let body: Vec<_> = keys.map(key_json).collect();
        answer(200, &[("x-total", total)], json!(body).to_string())
    };
    // First reading: a key slips from the first page to the second. Second reading: whole.
    let url = serve(move |path, number| match (path.contains("page=1&") || path.ends_with("page=1"), number) {
        (true, _) => page(0..2, "4"),
        (false, 0..=1) => page(1..3, "4"),
        (false, _) => page(2..4, "4"),
    })
    .await;
    assert_eq!(fake(&url).list().await.expect("a listing").len(), 4);
    let url =
        serve(move |path, number| page(if path.ends_with("page=1") { 0..2 } else { 2..4 }, if number % 2 == 0 { "4" } else { "5" })).await;
    let error = fake(&url).list().await.expect_err("an error");
    assert_eq!(error, ProviderError::Unanswered("the list changed while it was read".into()));
}

#[tokio::test]
async fn without_a_total_pages_are_read_until_one_is_short() {
    let url = serve(|path, _| {
        let number: usize = path.rsplit_once("page=").and_then(|(_, number)| number.parse().ok()).expect("a page");
        let body: Vec<_> = (0..25).map(key_json).skip((number - 1) * 10).take(10).collect();
        answer(200, &[], json!(body).to_string())
    })
    .await;
    assert_eq!(fake(&url).list().await.expect("a listing").len(), 25);
    let endless = serve(|_, _| answer(200, &[], json!([key_json(1)]).to_string())).await;
    assert!(matches!(fake(&endless).list().await, Err(ProviderError::Unanswered(_))));
}

#[tokio::test]
async fn a_404_that_the_api_did_not_write_proves_nothing() {
    let url = serve(|_, _| answer(404, &[], "<html>no such route</html>".into())).await;
    let id = format!("api_{:032}", 1);
    assert!(matches!(fake(&url).get(&id).await, Err(ProviderError::Unanswered(_))));
    let url = serve(|_, _| answer(404, &[], json!({"errorCode": 40005}).to_string())).await;
    assert_eq!(fake(&url).get(&id).await, Ok(None));
}

#[tokio::test]
async fn an_answer_about_another_key_is_none() {
    let url = serve(|_, _| answer(200, &[], key_json(2).to_string())).await;
    let id = format!("api_{:032}", 1);
    assert!(matches!(fake(&url).get(&id).await, Err(ProviderError::Unanswered(_))));
    assert!(matches!(fake(&url).reveal(&id).await.err(), Some(ProviderError::Unanswered(_))));
}

#[tokio::test]
async fn errors_repeat_no_secret_and_no_body() {
    let body = json!({"message": "s3cr3t-value is wrong", "traceId": "t-1", "errorType": "authentication", "errorCode": "40002", "details": ["D3TA1L"]});
    let url = serve(move |_, _| answer(401, &[], body.to_string())).await;
    let error = fake(&url).list().await.expect_err("an error");
    assert_eq!(error, ProviderError::Unauthenticated("status 401, authentication, code 40002, trace t-1".into()));
}

#[tokio::test]
async fn a_prefix_of_the_endpoint_is_kept() {
    let url = serve(|path, _| {
        assert!(path.starts_with("/gateway/api/v4/accounts/220614966801/api-keys?"), "{path}");
        answer(200, &[("x-total", "0")], "[]".into())
    })
    .await;
    assert_eq!(fake(&format!("{url}/gateway/")).list().await, Ok(Vec::new()));
}
