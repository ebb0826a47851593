//! `comment`: one comment with the present plan at a pull request or merge request, against emulators of GitHub and GitLab that refuse and fail.
#![expect(dead_code, reason = "the emulators stand on what others have, of which this uses a part")]
#[path = "../examples/emulation/answer.rs"]
mod answer;
#[path = "../examples/emulation/faults.rs"]
mod faults;
#[path = "../examples/finance-emulator/front.rs"]
mod front;
#[path = "comment/github.rs"]
mod github;
#[path = "comment/gitlab.rs"]
mod gitlab;
#[path = "../examples/emulation/line.rs"]
mod line;
#[path = "command/sandbox.rs"]
mod sandbox;
#[path = "../examples/emulation/serving.rs"]
mod serving;
#[path = "../examples/emulation/spoiling.rs"]
mod spoiling;

#[path = "comment/at_github.rs"]
mod at_github;
#[path = "comment/at_gitlab.rs"]
mod at_gitlab;

use axum::http::Method;
use faults::{Fault, Order};
use front::{Clock, Emulated, Vendor};
use sandbox::{Ran, Sandbox};

/// The comment of a plan: which, and what it says.
fn text(plan: char, says: &str) -> String {
    let digest = plan.to_string().repeat(64);
    format!("<!-- keywright:plan {{\"v\":1,\"workspace\":\".\",\"digest\":\"sha256:{digest}\"}} -->\n## Keys: {says}\n")
}

/// An emulator and a place to run the program in, whose clock stands still: what it waits passes at once.
struct Site<V: Vendor> {
    there: Emulated<V>,
    sandbox: Sandbox,
    token: &'static str,
    arguments: Vec<String>,
}

impl<V: Vendor> Site<V> {
    fn start(vendor: V, token: &'static str, variable: &str, arguments: &[&str], path: &str) -> Self {
        let there = Emulated::start_in_thread(&Clock::default(), |_| vendor).expect("a port is free");
        let mut sandbox = Sandbox::new();
        sandbox.now = Some(there.now().to_string());
        sandbox.environment.insert(variable.to_owned(), token.to_owned());
        let api = format!("{}{path}", there.url());
        let arguments = ["comment"].iter().chain(arguments).map(|word| (*word).to_owned()).chain(["--api".to_owned(), api]).collect();
        Self { there, sandbox, token, arguments }
    }

    fn with_token(mut self, variable: &str, token: &'static str) -> Self {
        self.sandbox.environment.insert(variable.to_owned(), token.to_owned());
        self.token = token;
        self
    }

    /// Posts a text from standard input, with more arguments.
    fn post_with(&self, text: &str, more: &[&str]) -> Ran {
        let arguments: Vec<String> =
            self.arguments.iter().cloned().chain(more.iter().map(|word| (*word).to_owned())).chain(["-".to_owned()]).collect();
        let ran = self.sandbox.run_with(&arguments, Some(text));
        for said in [&ran.stdout, &ran.stderr] {
            let encoded = data_encoding::BASE64.encode(self.token.as_bytes());
            assert!(!said.contains(self.token) && !said.contains(encoded.trim_end_matches('=')) && !said.contains("panicked"), "{said}");
        }
        ran
    }

    /// Posts a text, and says how that ended.
    #[track_caller]
    fn post(&self, text: &str, exit: i32, says: &str) -> Ran {
        let ran = self.post_with(text, &[]);
        assert!(
            ran.exit == exit && format!("{}{}", ran.stdout, ran.stderr).contains(says),
            "exit {}\n{}{}",
            ran.exit,
            ran.stdout,
            ran.stderr
        );
        ran
    }

    fn order(&self, fault: Fault, method: Method, route: V::Route, times: u32) {
        self.there.order(Order { fault, method, route: Some(route), times });
    }
}
