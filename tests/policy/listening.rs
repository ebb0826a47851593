//! A server that counts connections, and what the policy refuses before the first one.
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::sandbox::{OPS, RECOVERY, Sandbox};

/// A provider that answers nothing, and knows whether it was called.
struct Listening {
    port: u16,
    calls: Arc<AtomicUsize>,
}

impl Listening {
    fn begins() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let calls = Arc::new(AtomicUsize::new(0));
        let count = calls.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                // Counted before it is closed: who was refused an answer was counted.
                count.fetch_add(1, Ordering::SeqCst);
                drop(stream);
            }
        });
        Self { port, calls }
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

/// A workspace whose credential comes from a command that leaves a mark.
fn workspace(server: &Listening, policy: &str, key: &str) -> Sandbox {
    let mut sandbox = Sandbox::new();
    sandbox.now = Some("2026-11-22T09:00:00Z".to_owned());
    let credential = r#"{ command: [sh, -c, 'touch asked; printf "{\"id\": \"api_a\", \"secret\": \"s\"}"'] }"#;
    sandbox.write("keywright.yaml", &format!(
        "version: 1\naccounts:\n  pay:\n    provider: payconex\n    environment: certification\n    endpoint: http://127.0.0.1:{}\n    params: {{ account_id: \"220614966801\" }}\n    credential: {credential}\nrecipients:\n  ops: [{OPS}]\n  recovery: [{RECOVERY}]\ndefaults: {{ recipients: [ops], lifetime: 90d }}\n{policy}\n",
        server.port
    ));
    sandbox.write("keys/pay.yaml", &format!("account: pay\nkeys:\n  one: {key}\n"));
    sandbox
}

#[test]
fn what_the_policy_refuses_asks_nobody() {
    let server = Listening::begins();
    let broken = [
        ("policy: { max_lifetime: 30d }", "{ scopes: [pcx:webhooks:read] }", "policy/max-lifetime"),
        ("policy: { require: [owner] }", "{ scopes: [pcx:webhooks:read] }", "policy/missing-field"),
        ("policy: { require: [expiry] }", "{ scopes: [pcx:webhooks:read], expires: never }", "policy/no-expiry"),
        ("policy: { deny: { risk: critical } }", "{ scopes: [pcx:api_key:read] }", "policy/risk"),
        ("policy: { deny: { open_ended: true } }", "{ scopes: [\"pcx:webhooks:*\"] }", "policy/open-ended"),
        ("policy: { deny: { scopes: [\"pcx:api_key:*\"] } }", "{ scopes: [pcx:api_key:read] }", "policy/denied-scope"),
        ("policy: { recipients: [recovery] }", "{ scopes: [pcx:webhooks:read] }", "policy/recipients"),
        ("policy: { min_recipients: 2 }", "{ scopes: [pcx:webhooks:read] }", "policy/min-recipients"),
        ("policy: { rules: [{ name: r, require: 'key.owner != \"\"' }] }", "{ scopes: [pcx:webhooks:read] }", "policy/rule"),
        (
            "policy: { rules: [{ name: r, deny: 'access.gained.exists(s, s.access == \"write\")' }] }",
            "{ scopes: [pcx:webhooks:update] }",
            "policy/rule",
        ),
        (
            "policy: { max_lifetime: 30d }\nwaivers: [{ rule: policy/max-lifetime, address: pay/one, reason: r, expires: 2026-11-21 }]",
            "{ scopes: [pcx:webhooks:read] }",
            "policy/max-lifetime",
        ),
    ];
    for (policy, key, code) in broken {
        let sandbox = workspace(&server, policy, key);
        for arguments in [&["plan"][..], &["plan", "--out", "saved.json"], &["apply", "--yes", "-o", "json=shown.json"]] {
            let ran = sandbox.run(arguments).exits(3).shows(&format!("error[{code}]")).shows("is no reason to ask a provider");
            assert!(ran.stdout.contains("pay/one"), "the whole plan is shown: {}", ran.stdout);
        }
        assert!(sandbox.read("shown.json").contains(code));
        assert!(!sandbox.exists("asked"), "{policy}: the command of the credential was run");
        assert!(!sandbox.exists("ledger") && !sandbox.exists("secrets"));
    }
    assert_eq!(server.calls(), 0, "the provider was called");

    // The same server is called where nothing is refused, and where the refusal is waived: the test can fail.
    let waiver = "waivers: [{ rule: policy/max-lifetime, address: pay/one, reason: r, expires: 2026-11-30 }]";
    for policy in ["policy: { max_lifetime: 365d }".to_owned(), format!("policy: {{ max_lifetime: 30d }}\n{waiver}")] {
        let before = server.calls();
        let sandbox = workspace(&server, &policy, "{ scopes: [pcx:webhooks:read] }");
        sandbox.run(&["plan"]).exits(4);
        assert!(sandbox.exists("asked") && server.calls() > before, "{policy}");
    }
}

#[test]
fn a_refused_apply_asks_no_remote_either() {
    let server = Listening::begins();
    let sandbox = workspace(&server, "policy: { max_lifetime: 30d }", "{ scopes: [pcx:webhooks:read] }");
    let git = |arguments: &[&str]| {
        let done = std::process::Command::new("git").current_dir(sandbox.work()).args(arguments).output().expect("git runs");
        assert!(done.status.success(), "{arguments:?}");
    };
    git(&["init", "-q", "-b", "main"]);
    git(&["remote", "add", "origin", &format!("http://127.0.0.1:{}/keys.git", server.port)]);
    for arguments in [&["apply", "--yes", "--push"][..], &["apply", "--yes", "--durable", "git"]] {
        sandbox.run(arguments).exits(3).shows("policy/max-lifetime");
    }
    assert_eq!(server.calls(), 0, "the remote was called");
    sandbox.write("keys/pay.yaml", "account: pay\nkeys:\n  one: { scopes: [pcx:webhooks:read], lifetime: 30d }\n");
    sandbox.run(&["apply", "--yes", "--durable", "git"]).exits(1);
    assert!(server.calls() > 0, "where nothing is refused, the remote is asked");
}
