//! A workspace with accounts at Brex and BrynQ that live in emulators, and the person who works there. Whatever the program says or writes is
//! searched for every token that was ever made.
#![allow(dead_code, reason = "each suite uses a different part")]

use jiff::SignedDuration;
use serde_json::Value;

use crate::finance::brynq::Form;
use crate::finance::{Config, Finance};
use crate::sandbox::{OPS, RECOVERY, Ran, Sandbox, Tree, without_lock};

pub struct Site {
    pub sandbox: Sandbox,
    pub finance: Finance,
}

pub fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}

impl Site {
    pub fn new() -> Self {
        let finance = Finance::start_in_thread(Config::default()).expect("ports are free");
        let mut sandbox = Sandbox::new();
        sandbox.ahead = Some(SignedDuration::ZERO);
        let site = Self { sandbox, finance };
        site.configure("domain: acme");
        site
    }

    /// `params`: of the account at BrynQ.
    pub fn configure(&self, params: &str) {
        let (brex, brynq) = (self.finance.brex.url(), self.finance.brynq.url());
        let text = format!(
            "version: 1\naccounts:\n  brex: {{ provider: brex, endpoint: \"{brex}\" }}\n  brynq:\n    provider: brynq\n    environment: production\n    endpoint: \"{brynq}\"\n    params: {{ {params} }}\nrecipients:\n  ops: [{OPS}]\n  recovery: [{RECOVERY}]\ndefaults:\n  recipients: [ops]\n  lifetime: 60d\n  overlap: 72h\n"
        );
        self.sandbox.write("keywright.yaml", &text);
    }

    pub fn declare(&self, account: &str, keys: &str) {
        let keys = if keys.is_empty() { "keys: {}\n".to_owned() } else { format!("keys:\n{keys}") };
        self.sandbox.write(&format!("keys/{account}.yaml"), &format!("account: {account}\n{keys}"));
    }

    /// Lets time pass, here and at the providers.
    pub fn pass(&mut self, time: SignedDuration) {
        let ahead = self.sandbox.ahead.unwrap_or_default() + time;
        self.sandbox.ahead = Some(ahead);
        self.finance.set_clock_offset(ahead);
    }

    /// Every token that somebody has made.
    pub fn tokens(&self) -> Vec<String> {
        let brynq: Vec<String> = self.finance.brynq.with(|brynq| brynq.tokens.iter().map(|token| token.value.clone()).collect());
        self.finance.brex.tokens().into_iter().map(|token| token.value).chain(brynq).collect()
    }

    #[track_caller]
    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with(arguments, None)
    }

    #[track_caller]
    pub fn run_with(&self, arguments: &[&str], input: Option<&str>) -> Ran {
        let ran = self.sandbox.run_with(arguments, input);
        let tree = self.sandbox.tree();
        for token in self.tokens() {
            assert!(arguments[0] == "open" || !ran.stdout.contains(&token), "a token is on standard output of `{}`", ran.line);
            assert!(!ran.stderr.contains(&token), "a token is on standard error of `{}`", ran.line);
            for (path, entry) in &tree {
                assert!(!String::from_utf8_lossy(&entry.bytes).contains(&token), "`{path}` holds a token in the open");
            }
        }
        ran
    }

    #[track_caller]
    pub fn apply(&self) -> Ran {
        self.run(&["apply", "--yes"]).exits(0)
    }

    /// What the plan says now.
    #[track_caller]
    pub fn plan(&self) -> Value {
        let ran = self.run(&["plan", "-o", "json"]).exits(0);
        serde_json::from_str(&ran.stdout).expect("a plan is JSON")
    }

    /// The one open step of the plan.
    #[track_caller]
    pub fn step(&self) -> Value {
        let plan = self.plan();
        assert_eq!(plan["attended"].as_array().map(Vec::len), Some(1), "{:#}", plan["attended"]);
        plan["attended"][0].clone()
    }

    /// The name that the open step gives.
    #[track_caller]
    pub fn name(&self) -> String {
        self.step()["label"].as_str().expect("apply has opened it").to_owned()
    }

    /// Makes the token that the open step asks for, as a careful person does.
    #[track_caller]
    pub fn make(&self, scopes: &[&str]) -> String {
        self.finance.brex.create_token(&self.name(), scopes.iter().copied())
    }

    /// The same at BrynQ.
    #[track_caller]
    pub fn make_at_brynq(&self, form: Form) -> String {
        self.finance.brynq.fill_in(Form { label: self.name(), ..form })
    }

    #[track_caller]
    pub fn fulfil(&self, address: &str, token: &str) -> Ran {
        self.run_with(&["fulfil", address], Some(token))
    }

    /// Runs a command that must write nothing.
    #[track_caller]
    pub fn refuses(&self, arguments: &[&str], input: Option<&str>, exit: i32) -> Ran {
        let before = self.tree();
        let ran = self.run_with(arguments, input).exits(exit);
        assert!(before == self.tree(), "`{}` wrote", ran.line);
        ran
    }

    pub fn tree(&self) -> Tree {
        without_lock(self.sandbox.tree())
    }

    /// The secret that the workspace holds.
    #[track_caller]
    pub fn opened(&self, address: &str) -> String {
        self.run(&["open", address, "-i", "~/ops.txt"]).exits(0).stdout
    }

    /// Nothing is to be done, and to do it again writes nothing.
    #[track_caller]
    pub fn is_settled(&self) {
        let plan = self.plan();
        assert_eq!((plan["changes"].as_array().map(Vec::len), plan["attended"].as_array().map(Vec::len)), (Some(0), Some(0)), "{plan:#}");
        let before = self.tree();
        self.apply();
        assert!(before == self.tree(), "apply wrote without need");
    }
}
