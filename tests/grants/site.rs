//! A workspace with an account at Brex whose keys are grants. Whatever the program says or writes is searched for every token, code and client secret.
use std::process::{Child, Stdio};

use jiff::SignedDuration;
use serde_json::Value;

use crate::finance::oauth::EXAMPLE_CLIENT;
use crate::finance::{Config, Finance};
use crate::sandbox::{OPS, RECOVERY, Ran, Sandbox, Tree, without_lock};

pub const BOOKS: &str =
    "  books: { owner: \"@acme/finance\", scopes: [users.readonly, vendors.readonly], options: { kind: oauth }, expires: never }\n";

pub struct Site {
    pub sandbox: Sandbox,
    pub finance: Finance,
}

pub fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}

impl Site {
    pub fn new() -> Self {
        Self::with(|_| {})
    }

    pub fn with(change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::default();
        change(&mut config);
        let finance = Finance::start_in_thread(config).expect("ports are free");
        let mut sandbox = Sandbox::new();
        sandbox.ahead = Some(SignedDuration::ZERO);
        let client = format!("{{\"client_id\": \"{}\", \"client_secret\": \"{}\"}}", EXAMPLE_CLIENT.0, EXAMPLE_CLIENT.1);
        sandbox.environment.insert("BREX_CLIENT".to_owned(), client);
        let site = Self { sandbox, finance };
        site.configure("");
        site.declare(BOOKS);
        site
    }

    /// `more`: further fields of the account.
    pub fn configure(&self, more: &str) {
        let (brex, oauth) = (self.finance.brex.url(), self.finance.oauth.url());
        let text = format!(
            "version: 1\naccounts:\n  brex: {{ provider: brex, endpoint: \"{brex}\", issuer: \"{oauth}\", credential: {{ env: BREX_CLIENT }}{more} }}\nrecipients:\n  ops: [{OPS}]\n  recovery: [{RECOVERY}]\ndefaults:\n  recipients: [ops]\n  overlap: 72h\n"
        );
        self.sandbox.write("keywright.yaml", &text);
    }

    pub fn declare(&self, keys: &str) {
        let keys = if keys.is_empty() { "keys: {}\n".to_owned() } else { format!("keys:\n{keys}") };
        self.sandbox.write("keys/brex.yaml", &format!("account: brex\n{keys}"));
    }

    /// Lets time pass, here and at the provider.
    pub fn pass(&mut self, time: SignedDuration) {
        let ahead = self.sandbox.ahead.unwrap_or_default() + time;
        self.sandbox.ahead = Some(ahead);
        self.finance.set_clock_offset(ahead);
    }

    /// Everything that must be nowhere in the open.
    fn secrets(&self) -> Vec<String> {
        let mut all: Vec<String> = self.finance.oauth.secrets();
        all.extend(self.finance.brex.tokens().into_iter().map(|token| token.value));
        all.push(EXAMPLE_CLIENT.1.to_owned());
        all
    }

    #[track_caller]
    pub fn leaks_nothing(&self, line: &str, said: &str, opens: bool) {
        let tree = self.sandbox.tree();
        for secret in self.secrets() {
            assert!(opens || !said.contains(&secret), "a secret is in the output of `{line}`");
            for (path, entry) in &tree {
                assert!(!String::from_utf8_lossy(&entry.bytes).contains(&secret), "`{path}` holds a secret in the open");
            }
        }
    }

    #[track_caller]
    pub fn run(&self, arguments: &[&str]) -> Ran {
        let ran = self.sandbox.run(arguments);
        self.leaks_nothing(&ran.line, &format!("{}{}", ran.stdout, ran.stderr), arguments[0] == "open");
        ran
    }

    /// Starts a command that is not waited for.
    pub fn start(&self, arguments: &[&str]) -> Child {
        let mut command = self.sandbox.command(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program can be started")
    }

    #[track_caller]
    pub fn verify(&self) -> Ran {
        self.run(&["verify", "-i", "~/ops.txt"])
    }

    #[track_caller]
    pub fn apply(&self) -> Ran {
        self.run(&["apply", "--yes"])
    }

    #[track_caller]
    pub fn plan(&self) -> Value {
        let ran = self.run(&["plan", "-o", "json"]).exits(0);
        serde_json::from_str(&ran.stdout).expect("a plan is JSON")
    }

    /// Codes of what the plan says.
    #[track_caller]
    pub fn codes(&self) -> Vec<String> {
        let plan = self.plan();
        let all = plan["diagnostics"].as_array().expect("a list");
        all.iter().map(|one| one["code"].as_str().expect("a code").to_owned()).filter(|code| code != "plan/degraded").collect()
    }

    pub fn tree(&self) -> Tree {
        without_lock(self.sandbox.tree())
    }

    /// A part of the tokens that the workspace holds.
    #[track_caller]
    pub fn part(&self, name: &str) -> String {
        self.run(&["open", "brex/books", "-i", "~/ops.txt", "--part", name]).exits(0).stdout
    }

    pub fn ledger(&self) -> String {
        self.sandbox.read("ledger/brex/books.yaml")
    }

    /// Nothing is to be done, and to do it again writes nothing.
    #[track_caller]
    pub fn is_settled(&self) {
        let plan = self.plan();
        assert_eq!((plan["changes"].as_array().map(Vec::len), plan["attended"].as_array().map(Vec::len)), (Some(0), Some(0)), "{plan:#}");
        let before = self.tree();
        self.run(&["apply", "--yes", "-i", "~/ops.txt"]).exits(0);
        assert!(before == self.tree(), "apply wrote without need");
    }

    /// Runs a command that must write nothing.
    #[track_caller]
    pub fn refuses(&self, arguments: &[&str], exit: i32) -> Ran {
        let before = self.tree();
        let ran = self.run(arguments).exits(exit);
        assert!(before == self.tree(), "`{}` wrote", ran.line);
        ran
    }
}
