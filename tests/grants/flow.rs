//! `authorize`: what the page asks for, which answers of a browser are taken, and what is kept.
use std::net::TcpListener;

use axum::http::Method;
use data_encoding::BASE64URL_NOPAD;
use reqwest::Url;

use crate::browser::{consent, get};
use crate::finance::oauth::{EXAMPLE_CLIENT, Route};
use crate::finance::{Fault, Order};
use crate::site::{BOOKS, Site};

fn texts(value: &serde_json::Value) -> Vec<&str> {
    value.as_array().map(|all| all.iter().filter_map(|one| one.as_str()).collect()).unwrap_or_default()
}

#[test]
fn a_grant_from_the_first_plan_to_use() {
    let site = Site::new();
    let plan = site.plan();
    assert_eq!((plan["changes"][0]["action"].as_str(), plan["attended"][0]["kind"].as_str()), (Some("attended"), Some("create")));
    assert_eq!(plan["attended"][0]["command"], "keywright authorize brex/books");
    let steps = plan["attended"][0]["steps"].to_string();
    assert!(steps.contains("Users: read (`users.readonly`); Vendors: read (`vendors.readonly`)"), "{steps}");
    site.apply().exits(0).shows("keywright authorize brex/books");
    site.refuses(&["fulfil", "brex/books"], 1).says("keywright authorize brex/books");

    let ran = site.grant(&[]).exits(0).shows("granted `users.readonly`, `vendors.readonly`; its tokens are sealed and published");
    assert!(ran.stderr.contains("brex/books asks for users.readonly, vendors.readonly"), "{}", ran.stderr);
    site.is_settled();
    // The tokens are one ciphertext, and each can be had.
    let whole = site.run(&["open", "brex/books", "-i", "~/ops.txt"]).exits(0).stdout;
    let parts: serde_json::Value = serde_json::from_str(&whole).expect("JSON");
    assert_eq!(parts.as_object().expect("an object").keys().collect::<Vec<_>>(), ["access_token", "refresh_token", "superseded"]);
    assert_eq!(parts["access_token"], site.part("access_token"));
    let token = site.finance.brex.tokens().pop().expect("one");
    assert_eq!(token.value, site.part("access_token"));
    site.run(&["open", "brex/books", "-i", "~/ops.txt", "--part", "none"])
        .exits(1)
        .says("it has `access_token`, `refresh_token`, `superseded`");
    site.run(&["show", "brex/books"]).exits(0).shows("granted   offline_access openid users.readonly vendors.readonly");
    site.run(&["list"]).exits(0).shows("brex/books");
    site.run(&["list", "-o", "json"]).exits(0).shows("vendors.readonly");
    assert!(site.ledger().contains("renewable: true") && site.ledger().contains("last_verified_at"), "{}", site.ledger());
}

#[test]
fn the_page_asks_for_what_is_declared_and_cannot_be_replayed() {
    let site = Site::new();
    let waiting = site.authorize(&[]);
    let page = waiting.page.clone();
    assert_eq!(page.path(), "/oauth2/default/v1/authorize");
    assert_eq!(waiting.asked("scope"), "offline_access openid users.readonly vendors.readonly");
    assert_eq!((waiting.asked("response_type").as_str(), waiting.asked("code_challenge_method").as_str()), ("code", "S256"));
    assert_eq!(waiting.asked("client_id"), EXAMPLE_CLIENT.0);
    assert_eq!(BASE64URL_NOPAD.decode(waiting.asked("state").as_bytes()).expect("base64url").len(), 32);
    assert_eq!(BASE64URL_NOPAD.decode(waiting.asked("code_challenge").as_bytes()).expect("base64url").len(), 32);
    assert!(!page.as_str().contains(EXAMPLE_CLIENT.1));
    let (state, redirect) = (waiting.asked("state"), waiting.asked("redirect_uri"));
    assert!(redirect.starts_with("http://127.0.0.1:") && redirect.ends_with("/callback"), "{redirect}");
    waiting.kill();
    let again = site.authorize(&[]);
    assert_ne!((again.asked("state"), again.asked("code_challenge")), (state, String::new()));
    again.kill();
    assert!(!site.sandbox.exists("ledger/brex/books.yaml"), "nothing is written before the browser has answered");
}

#[test]
fn only_the_answer_to_this_page_is_taken_and_only_once() {
    let site = Site::new();
    let mut waiting = site.authorize(&[]);
    let back = consent(&waiting.page);
    let code = back.query_pairs().find(|(name, _)| name == "code").expect("a code").1.into_owned();
    let other = |query: &str| {
        let mut url = back.clone();
        url.set_query(Some(query));
        get(&url).expect("it listens")
    };
    assert_eq!(other(&format!("code={code}&state=another-state")).status, 400);
    waiting.says("another `state`");
    assert_eq!(other(&format!("code={code}")).status, 400);
    assert_eq!(other("error=access_denied").status, 400);
    assert_eq!(
        get(&Url::parse(&format!("http://127.0.0.1:{}/favicon.ico", back.port().expect("a port"))).expect("a URL"))
            .expect("it listens")
            .status,
        404
    );
    let page = get(&back).expect("it listens");
    assert_eq!(page.status, 200);
    assert!(!page.text.contains(&code) && !page.text.contains(&waiting.asked("state")), "{}", page.text);
    waiting.ends().exits(0);
    assert!(get(&back).is_none(), "a second answer finds nobody");
    assert_eq!(site.finance.oauth.count(Route::Token), 1);
}

#[test]
fn a_refusal_and_no_answer_write_nothing() {
    let site = Site::new();
    site.apply().exits(0);
    let before = site.tree();
    site.finance.oauth.configure(|config| config.consent = Some(Vec::new()));
    let waiting = site.authorize(&[]);
    let back = consent(&waiting.page);
    assert!(get(&back).expect("it listens").text.contains("Nothing was granted"));
    waiting.ends().exits(1).says("grant/not-given").says("access_denied");
    site.run(&["authorize", "brex/books", "--timeout", "1s"]).exits(1).says("no answer came within 1 seconds");
    assert!(before == site.tree(), "it wrote");
}

#[test]
fn a_registered_port_is_kept_to() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let site = Site::with(|config| config.oauth.redirect_uri = Some(format!("http://127.0.0.1:{port}/callback")));
    site.configure(&format!(", params: {{ redirect_port: \"{port}\" }}"));
    site.refuses(&["authorize", "brex/books"], 1).says("cannot listen on 127.0.0.1");
    drop(listener);
    site.grant(&[]).exits(0);
}

#[test]
fn fewer_scopes_are_kept_shown_and_not_asked_for_for_ever() {
    let site = Site::new();
    let some = |scopes: &[&str]| Some(scopes.iter().map(|scope| (*scope).to_owned()).collect());
    site.finance.oauth.configure(|config| config.consent = some(&["openid", "offline_access", "users.readonly"]));
    site.grant(&[]).exits(0).shows("granted `users.readonly`; it lacks `vendors.readonly`");
    // It is said by every plan, and is no change.
    for _ in 0..2 {
        assert_eq!(site.codes(), ["grant/differs"]);
        site.is_settled();
    }
    site.run(&["plan"]).exits(0).shows("granted without `vendors.readonly`").shows("keywright authorize brex/books");
    let list = site.run(&["list", "-o", "json"]).exits(0);
    let list: serde_json::Value = serde_json::from_str(&list.stdout).expect("JSON");
    assert_eq!(texts(&list["keys"][0]["scopes"]), ["offline_access", "openid", "users.readonly"]);
    site.verify().exits(0).shows("alive");
    // What was granted can be declared; then nothing differs.
    site.declare(&BOOKS.replace(", vendors.readonly", ""));
    assert_eq!(site.codes(), Vec::<String>::new());
    site.is_settled();
    // Or the person is asked again, who now allows all.
    site.declare(BOOKS);
    site.finance.oauth.configure(|config| config.consent = None);
    site.grant(&["-i", "~/ops.txt"]).exits(0);
    assert_eq!(site.codes(), Vec::<String>::new());
}

#[test]
fn a_grant_that_was_not_seen_to_work_keeps_the_one_before() {
    let mut site = Site::new();
    site.grant(&[]).exits(0);
    let refused = Order { fault: Fault::Gateway(401), method: Method::GET, route: None, times: 50 };
    site.finance.brex.order(refused);
    site.grant(&["-i", "~/ops.txt"]).exits(0).says("was not seen to work");
    assert!(site.ledger().contains("unverified: true"), "{}", site.ledger());
    assert!(site.codes().contains(&"plan/unverified".to_owned()), "{:?}", site.codes());
    site.pass(crate::site::days(4));
    site.run(&["apply", "--yes", "-i", "~/ops.txt"]).exits(0);
    let revoked = |site: &Site| site.finance.oauth.grants().iter().map(|grant| grant.revoked).collect::<Vec<_>>();
    assert_eq!(revoked(&site), [false, false], "the overlap has passed, and nothing has followed it");
    site.finance.brex.clear_faults();
    site.grant(&["-i", "~/ops.txt"]).exits(0);
    assert_eq!(site.codes(), Vec::<String>::new());
    site.pass(crate::site::days(4));
    site.run(&["apply", "--yes", "-i", "~/ops.txt"]).exits(0);
    assert_eq!(revoked(&site), [true, true, false]);
}

#[test]
fn a_trial_that_works_takes_the_mark_away() {
    let site = Site::new();
    site.grant(&[]).exits(0);
    let ledger = site.ledger();
    assert!(!ledger.contains("unverified"), "{ledger}");
    site.sandbox.write("ledger/brex/books.yaml", &ledger.replacen("    grant:\n", "    unverified: true\n    grant:\n", 1));
    assert_eq!(site.codes(), ["plan/unverified"]);
    site.verify().exits(0).shows("alive");
    assert_eq!(site.codes(), Vec::<String>::new());
}

#[test]
fn an_identity_that_cannot_read_the_grant_before_is_refused_first() {
    let site = Site::new();
    site.grant(&[]).exits(0);
    site.refuses(&["authorize", "brex/books", "-i", "~/recovery.txt"], 1).says("grant/unreadable").says("leave `-i` out");
    assert_eq!(site.finance.oauth.grants().len(), 1);
}

#[test]
fn without_offline_access_it_ends_with_its_access_token() {
    let mut site = Site::new();
    let scopes = ["openid", "users.readonly", "vendors.readonly"].map(str::to_owned).to_vec();
    site.finance.oauth.configure(|config| config.consent = Some(scopes));
    site.grant(&[]).exits(0).shows("it came without a refresh token");
    assert_eq!((site.part("refresh_token").as_str(), site.codes()), ("", vec!["plan/idle".to_owned()]));
    site.verify().exits(0).shows("alive");
    site.pass(jiff::SignedDuration::from_hours(2));
    site.verify().exits(1).shows("dead");
    let plan = site.plan();
    assert_eq!(plan["attended"][0]["command"], "keywright authorize brex/books");
}

#[test]
fn a_client_is_a_reference_and_is_checked() {
    let mut site = Site::new();
    site.sandbox.environment.remove("BREX_CLIENT");
    site.refuses(&["authorize", "brex/books"], 1).says("credential/missing");
    site.sandbox.environment.insert("BREX_CLIENT".to_owned(), "just-a-word".to_owned());
    site.refuses(&["authorize", "brex/books"], 1).says("{\"client_id\": \"…\", \"client_secret\": \"…\"}");
    let wrong = "{\"client_id\": \"acme-books\", \"client_secret\": \"not-the-secret\"}";
    site.sandbox.environment.insert("BREX_CLIENT".to_owned(), wrong.to_owned());
    let ran = site.grant(&[]).exits(4).says("grant/refused").says("the client was refused");
    assert!(!ran.stderr.contains("not-the-secret"));
    assert!(!site.ledger().contains("asking_since"), "nothing was given");
    // A plan needs no client.
    site.sandbox.environment.remove("BREX_CLIENT");
    site.run(&["plan"]).exits(0);
}

#[test]
fn the_discovery_document_leads_nowhere_else() {
    let site = Site::new();
    site.finance.oauth.configure(|config| config.token_endpoint = Some("https://evil.example/token".to_owned()));
    site.refuses(&["authorize", "brex/books"], 1).says("grant/discovery").says("not at the issuer's host");
    let nango = format!("{}/token", site.finance.nango.url());
    site.finance.oauth.configure(|config| config.token_endpoint = Some(nango));
    site.refuses(&["authorize", "brex/books"], 1).says("grant/discovery");
    assert_eq!(site.finance.oauth.count(Route::Token), 0);
    // Another environment has another issuer, whose name the document must bear.
    let config = site.sandbox.read("keywright.yaml").replace("provider: brex,", "provider: brex, environment: staging,");
    site.sandbox.write("keywright.yaml", &config);
    site.run(&["check"]).exits(0);
    site.declare(&BOOKS.replace("options: { kind: oauth }, ", ""));
    site.run(&["check"]).exits(1).shows("`kind` must be said in this environment");
}

#[test]
fn what_makes_no_sense_is_refused() {
    let mut site = Site::new();
    site.declare(&format!("{BOOKS}  plain: {{ scopes: [users.readonly], expires: never }}\n"));
    site.refuses(&["authorize", "brex/plain"], 1).says("`options: { kind: oauth }`");
    site.refuses(&["authorize", "brex/nobody"], 1).says("plan/unknown-address");
    site.declare(&BOOKS.replace("expires: never", "expires: never, format: raw"));
    site.run(&["check"]).exits(1).shows("manifest/format");
    site.declare(&BOOKS.replace("expires: never", "expires: never, deliver: [payvy]"));
    let config = site.sandbox.read("keywright.yaml");
    site.sandbox.write("keywright.yaml", &format!("{config}deliveries:\n  payvy: {{ to: payvy }}\n"));
    site.run(&["check"]).exits(1).shows("manifest/delivery-form");
    site.declare(BOOKS);
    site.sandbox.environment.insert("GITHUB_EVENT_NAME".to_owned(), "pull_request".to_owned());
    site.refuses(&["authorize", "brex/books"], 1).says("pull-request");
    site.sandbox.environment.remove("GITHUB_EVENT_NAME");
    site.sandbox.environment.insert("CI".to_owned(), "true".to_owned());
    site.refuses(&["authorize", "brex/books"], 1).says("apply/not-durable");
}
