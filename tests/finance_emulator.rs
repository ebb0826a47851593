//! Checks the emulators of Brex, BrynQ, Nango and GitHub against the published facts, with a client that shares no code with them.

#[path = "../examples/finance-emulator/server.rs"]
mod finance;

#[path = "finance_emulator/brex.rs"]
mod brex;
#[path = "finance_emulator/brynq.rs"]
mod brynq;
#[path = "finance_emulator/github.rs"]
mod github;
#[path = "finance_emulator/nango.rs"]
mod nango;
#[path = "finance_emulator/oauth.rs"]
mod oauth;

use std::sync::LazyLock;

use clap::{Args as _, FromArgMatches as _};
use finance::brex::Route;
use finance::{Config, Fault, Finance, Order};
use jiff::SignedDuration;
use reqwest::{Method, RequestBuilder};
use serde_json::Value;

pub async fn start(change: impl FnOnce(&mut Config)) -> Finance {
    let mut config = Config::default();
    change(&mut config);
    Finance::start(config).await.expect("ports are free")
}

/// Returns a client that keeps no connection, so that every test's runtime can use it.
pub fn client() -> &'static reqwest::Client {
    static CLIENT: LazyLock<reqwest::Client> = LazyLock::new(|| {
        let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).pool_max_idle_per_host(0);
        client.user_agent("tests").build().expect("a client")
    });
    &CLIENT
}

pub fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

impl Answer {
    pub async fn to(request: RequestBuilder) -> Self {
        let response = request.send().await.expect("the emulator answers");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Self { status, headers, text: response.text().await.expect("a body") }
    }

    #[track_caller]
    pub fn with_status(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("answer is no JSON ({error}): {}", self.text))
    }

    #[track_caller]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("answer lacks the header `{name}`")).to_str().expect("header values are ASCII")
    }
}

#[test]
fn the_command_line_has_the_defaults_of_the_tests() {
    let mut command = Config::augment_args(clap::Command::new("knobs").no_binary_name(true));
    command.build();
    command.clone().debug_assert();
    let none = command.try_get_matches_from(std::iter::empty::<&str>()).expect("every knob has a default");
    let read = Config::from_arg_matches(&none).expect("every knob has a default");
    assert_eq!(format!("{read:?}"), format!("{:?}", Config::default()));
}

#[test]
fn they_run_beside_a_caller_without_a_runtime() {
    let finance = Finance::start_in_thread(Config::default()).expect("ports are free");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let urls = [finance.brex.url(), finance.oauth.url(), finance.brynq.url(), finance.nango.url(), finance.github.url()];
    for url in &urls {
        let answer = runtime.block_on(Answer::to(client().get(format!("{url}/nowhere"))));
        assert!([401, 404].contains(&answer.status), "{url}: {}", answer.text);
    }
    assert_eq!(finance.brynq.count(finance::brynq::Route::Unknown), 1);
    assert_eq!(finance.brynq.requests()[0].status, 404);
    drop(finance);
    for url in urls {
        assert!(runtime.block_on(client().get(url).send()).is_err(), "a dropped emulator answers nothing");
    }
}

#[tokio::test]
async fn failures_can_be_ordered_at_each() {
    let finance = start(|_| {}).await;
    let token = finance.brex.create_token("probe", ["users.readonly"]);
    let me = || client().get(format!("{}/v2/users/me", finance.brex.url())).bearer_auth(&token);
    finance.brex.inject(Fault::ErrorBefore, Method::GET, 1);
    Answer::to(me()).await.with_status(500);
    finance.brex.inject(Fault::ThrottleSaying(Some("7")), Method::GET, 1);
    assert_eq!(Answer::to(me()).await.with_status(429).header("retry-after"), "7");
    finance.brex.order(Order { fault: Fault::ResetBefore, method: Method::GET, route: Some(Route::Me), times: 1 });
    Answer::to(client().get(format!("{}/v2/company", finance.brex.url())).bearer_auth(&token)).await.with_status(403);
    assert!(me().send().await.is_err());
    finance.brex.inject(Fault::Html, Method::GET, 5);
    finance.brex.clear_faults();
    assert_eq!(Answer::to(me()).await.with_status(200).json()["status"], "ACTIVE");
    assert_eq!(finance.brex.count(Route::Me), 4);
    finance.brex.forget_requests();
    assert_eq!(finance.brex.count(Route::Me), 0);
}
