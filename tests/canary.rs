//! One canary credential and every issued secret through every command, format, log level and failure: found in no output and no file.
//!
//! Only `open` may print a secret. Files outside the workspace that a test itself wrote (the credential file) are not searched.
#[path = "../examples/payconex-emulator/server.rs"]
mod emulator;
#[path = "command/sandbox.rs"]
mod sandbox;
#[path = "payconex/site.rs"]
mod site;

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use data_encoding::{BASE32, BASE64, BASE64URL, HEXLOWER, HEXUPPER};
use emulator::{Config, Fault, Order, Route};
use reqwest::Method;
use sandbox::{OPS, Ran, Sandbox};
use site::{BILLING, Site};

/// Has what each way of escaping would change.
const CANARY: &str = r#"canary"\+/=&%<4711>-b3Qz9"#;

/// A secret in every form in which it could be written down.
fn forms(secret: &str) -> Vec<String> {
    let bytes = secret.as_bytes();
    let mut forms =
        vec![secret.to_owned(), HEXLOWER.encode(bytes), HEXUPPER.encode(bytes), BASE32.encode(bytes).trim_end_matches('=').to_owned()];
    let json = serde_json::to_string(secret).expect("a text");
    forms.push(json.trim_matches('"').to_owned());
    forms.push(serde_json::to_string(json.trim_matches('"')).expect("a text").trim_matches('"').to_owned());
    forms.push(secret.escape_debug().to_string());
    let percent: String =
        bytes
            .iter()
            .map(|byte| {
                if byte.is_ascii_alphanumeric() || b"-_.~".contains(byte) { char::from(*byte).to_string() } else { format!("%{byte:02X}") }
            })
            .collect();
    forms.push(percent.to_lowercase());
    forms.push(percent);
    // In base64 a secret looks different at each of three offsets; the ends depend on what stands beside it.
    for offset in 0..3 {
        let shifted = [&vec![b'x'; offset][..], bytes].concat();
        for encoded in [BASE64.encode(&shifted), BASE64URL.encode(&shifted)] {
            let whole = encoded.trim_end_matches('=');
            forms.push(whole[if offset == 0 { 0 } else { 4 }..whole.len() - 3].to_owned());
        }
    }
    forms
}

/// What must not be found, and where it is looked for.
struct Hunt<'a> {
    sandbox: &'a Sandbox,
    forms: Vec<String>,
}

impl<'a> Hunt<'a> {
    fn new(sandbox: &'a Sandbox, secrets: impl IntoIterator<Item = String>) -> Self {
        Self { sandbox, forms: secrets.into_iter().flat_map(|secret| forms(&secret)).collect() }
    }

    #[track_caller]
    fn search(&self, place: &str, text: &[u8]) {
        let text = String::from_utf8_lossy(text);
        // Line breaks and colours can stand anywhere in what a person reads.
        let bare: String = text.chars().filter(|c| !c.is_whitespace() && !c.is_control()).collect();
        for form in &self.forms {
            assert!(!text.contains(form) && !bare.contains(form), "a secret is in {place}:\n{text}");
        }
    }

    /// Searches what a command said.
    #[track_caller]
    fn output(&self, ran: &Ran) {
        if !ran.line.starts_with("open ") {
            self.search(&format!("standard output of `{}`", ran.line), ran.stdout.as_bytes());
        }
        self.search(&format!("standard error of `{}`", ran.line), ran.stderr.as_bytes());
        assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
    }

    /// Searches everything on disk that the program could have written.
    #[track_caller]
    fn disk(&self) {
        for (path, entry) in self.sandbox.tree() {
            self.search(&path, &entry.bytes);
        }
        self.below(&self.sandbox.temporary());
    }

    fn below(&self, directory: &Path) {
        for entry in fs::read_dir(directory).expect("listed") {
            let path = entry.expect("an entry").path();
            if path.is_dir() { self.below(&path) } else { self.search(&path.display().to_string(), &fs::read(&path).expect("read")) }
        }
    }
}

fn site(auth: &str) -> Site {
    let mut site = Site::with_auth(Config { admin_secret: CANARY.to_owned(), ..Config::default() }, auth);
    for (name, value) in [("RUST_LOG", "trace"), ("RUST_BACKTRACE", "full"), ("DEBUG", "1"), ("VERBOSE", "1"), ("RUST_LOG_STYLE", "always")]
    {
        site.sandbox.environment.insert(name.to_owned(), value.to_owned());
    }
    site
}

/// The canary and every secret that the provider has given out.
fn hunt(site: &Site) -> Hunt<'_> {
    Hunt::new(&site.sandbox, site.emulator.keys().into_iter().map(|key| key.secret).chain([CANARY.to_owned()]))
}

/// Runs every command in every form, and searches after each.
#[track_caller]
fn every_command(site: &Site) {
    let mut commands: Vec<Vec<&str>> = vec![
        vec!["plan"],
        vec!["plan", "-o", "json"],
        vec!["plan", "-o", "text", "-o", "json=plan.json", "--out", "saved.json", "--detailed-exitcode"],
        vec!["plan", "--offline"],
        vec!["plan", "-i", "~/ops.txt"],
        vec!["apply"],
        vec!["apply", "--yes"],
        vec!["apply", "--yes", "-i", "~/ops.txt"],
        vec!["check"],
        vec!["check", "-o", "json"],
        vec!["list"],
        vec!["list", "-o", "json"],
        vec!["list", "--live", "--timeline"],
        vec!["list", "-o", "csv"],
        vec!["list", "-o", "ics"],
        vec!["review", "--confirm", "pay/billing", "--by", "Ada"],
        vec!["show", "pay/billing"],
        vec!["show", "pay/billing", "-o", "json"],
        vec!["open", "pay/billing", "-i", "~/ops.txt"],
        vec!["open", "pay/billing", "-i", "~/recovery.txt"],
        vec!["open", "pay/billing", "-i", "secrets/pay/billing.age"],
    ];
    for command in [
        ["providers", "payconex"],
        ["providers", "-o"],
        ["explain", "pcx:webhooks:read"],
        ["schema", "ledger"],
        ["completions", "bash"],
        ["no-such", "command"],
    ] {
        commands.push(command.to_vec());
    }
    for colour in ["always", "never"] {
        for command in &commands {
            let ran = site.sandbox.run(&[command.as_slice(), &["--color", colour]].concat());
            hunt(site).output(&ran);
        }
    }
    hunt(site).disk();
}

#[test]
fn no_command_shows_a_secret() {
    for auth in ["hmac", "basic"] {
        let site = site(auth);
        every_command(&site);
        assert_eq!(site.live().len(), 1, "the commands really worked");
        site.assert_works("billing");
        site.declare("  billing: { label: Billing webhooks, scopes: [pcx:webhooks:create], format: dotenv }\n  other: { scopes: [pcx:webhooks:read], format: raw }\n");
        every_command(&site);
        site.declare("");
        every_command(&site);
    }
}

#[test]
fn the_token_of_a_comment_is_nowhere() {
    let mut site = site("hmac");
    site.sandbox.environment.insert("GITHUB_TOKEN".to_owned(), "ghs_canary4711token".to_owned());
    site.sandbox.environment.insert("GITLAB_TOKEN".to_owned(), "ghs_canary4711token".to_owned());
    site.sandbox.run(&["plan", "--offline", "-o", "markdown=plan.md"]);
    // A forge that says back what it was sent.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let api = format!("http://127.0.0.1:{}", listener.local_addr().expect("bound").port());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            use std::io::{Read, Write};
            let mut piece = [0; 8192];
            let length = stream.read(&mut piece).unwrap_or(0);
            let said: String = String::from_utf8_lossy(&piece[..length]).lines().take(1).collect();
            let body = format!("{{\"message\": \"bad credentials in {said}\"}}");
            let head = format!("HTTP/1.1 401 Unauthorized\r\ncontent-type: application/json\r\ncontent-length: {}\r\n", body.len());
            let _ = stream.write_all(format!("{head}connection: close\r\n\r\n{body}").as_bytes());
        }
    });
    let hunt = Hunt::new(&site.sandbox, ["ghs_canary4711token".to_owned()]);
    for target in [["--github", "acme/keys", "--pull-request", "7"], ["--gitlab", "1", "--merge-request", "7"]] {
        for extra in [&["--verbose"][..], &["--quiet"]] {
            let ran = site.sandbox.run(&[&["comment", "plan.md", "--api", &api][..], &target, extra].concat());
            assert_eq!(ran.exit, 1, "{}{}", ran.stdout, ran.stderr);
            hunt.output(&ran);
        }
    }
    hunt.disk();
}

#[test]
fn no_malformed_credential_is_repeated() {
    let mut site = site("hmac");
    let json = serde_json::to_string(CANARY).expect("a text");
    for credential in [
        CANARY.to_owned(),
        json.clone(),
        format!("[{json}]"),
        format!(r#"{{"id": {json}, "secret": "#),
        format!(r#"{{"id": "a", "secrets": {json}}}"#),
        format!(r#"{{{json}: "a"}}"#),
        format!(r#"{{"id": "a", "secret": [{json}]}}"#),
        format!(r#"{{"id": {json}, "secret": {json}}}"#),
        format!(r#"{{"id": "a", "secret": "x\u0007{}"}}"#, json.trim_matches('"')),
        format!(r#"{{"id": "a", "secret": "é{}"}}"#, json.trim_matches('"')),
        format!(r#"{{"id": "api_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "secret": {json}}}"#),
    ] {
        site.sandbox.environment.insert("PAYCONEX_ADMIN_KEY".to_owned(), credential);
        for auth in ["hmac", "basic"] {
            site.configure(&site.emulator.url(), auth);
            for command in [&["plan"][..], &["plan", "-o", "json"], &["apply", "--yes"], &["check"]] {
                let ran = site.sandbox.run(command);
                assert_eq!(ran.exit, if command == ["check"] { 0 } else { 4 }, "{}{}", ran.stdout, ran.stderr);
                hunt(&site).output(&ran);
            }
        }
        hunt(&site).disk();
    }
}

#[test]
fn no_refusal_that_echoes_a_secret_is_repeated() {
    let methods = [(Method::GET, Route::List), (Method::GET, Route::Read), (Method::POST, Route::Create), (Method::PATCH, Route::Update)];
    std::thread::scope(|scope| {
        for auth in ["hmac", "basic"] {
            for (method, route) in methods.clone() {
                scope.spawn(move || {
                    for status in [401, 403, 500] {
                        let site = site(auth);
                        if route == Route::Update {
                            site.apply().exits(0);
                            site.declare("  billing: { label: Billing webhooks, scopes: [pcx:webhooks:create] }\n");
                        }
                        site.emulator.order(Order { fault: Fault::Echo(status), method: method.clone(), route: Some(route), times: 3 });
                        for command in
                            [&["plan"][..], &["apply", "--yes"], &["plan", "-o", "json"], &["apply", "--yes"], &["show", "pay/billing"]]
                        {
                            hunt(&site).output(&site.sandbox.run(command));
                        }
                        hunt(&site).disk();
                    }
                });
            }
        }
    });
}

#[test]
fn no_broken_answer_is_repeated() {
    for fault in [Fault::ErrorAfter, Fault::ResetAfter, Fault::TruncatedJson, Fault::Html, Fault::WithoutSecret] {
        let site = site("basic");
        for (method, route) in [(Method::POST, Route::Create), (Method::GET, Route::Read)] {
            site.emulator.order(Order { fault, method, route: Some(route), times: 1 });
        }
        hunt(&site).output(&site.sandbox.run(&["apply", "--yes"]));
        hunt(&site).output(&site.sandbox.run(&["apply", "--yes"]));
        hunt(&site).disk();
    }
    let site = site("hmac");
    for endpoint in ["http://127.0.0.1:1", "http://localhost:1/prefix"] {
        site.configure(endpoint, "basic");
        hunt(&site).output(&site.sandbox.run(&["plan"]));
        hunt(&site).output(&site.sandbox.run(&["apply", "--yes"]));
    }
    hunt(&site).disk();
}

#[test]
fn a_process_that_is_killed_leaves_no_secret() {
    for route in [Route::Create, Route::Read] {
        let site = site("hmac");
        let method = if route == Route::Create { Method::POST } else { Method::GET };
        site.emulator.order(Order { fault: Fault::Stall(Duration::from_secs(20)), method, route: Some(route), times: 1 });
        let mut child = site.sandbox.command(&["apply", "--yes"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("started");
        while site.emulator.count(route) == 0 {
            std::thread::sleep(Duration::from_millis(20));
        }
        std::thread::sleep(Duration::from_millis(50));
        child.kill().expect("killed");
        child.wait().expect("ended");
        hunt(&site).disk();
        hunt(&site).output(&site.sandbox.run(&["apply", "--yes"]));
        hunt(&site).disk();
        site.assert_works("billing");
    }
}

#[test]
fn credentials_from_files_and_commands_are_not_shown() {
    let site = site("hmac");
    let config = site.sandbox.read("keywright.yaml");
    let file = site.sandbox.path("~/credential.json");
    fs::write(&file, site.emulator.admin_credential_json()).expect("written");
    let path = file.display().to_string();
    let references = [
        format!("file: \"{path}\""),
        format!("command: [cat, \"{path}\"]"),
        format!("command: [sh, -c, \"cat {path}; exit 3\"]"),
        format!("command: [sh, -c, \"head -c 40 {path}\"]"),
        format!("command: [sh, -c, \"printf '\\\\377'; cat {path}\"]"),
        format!("command: [sh, -c, \"while :; do cat {path}; done\"]"),
        "command: [no-such-program]".to_owned(),
        "file: \"no-such-file\"".to_owned(),
    ];
    for (number, reference) in references.iter().enumerate() {
        site.sandbox.write("keywright.yaml", &config.replace("env: PAYCONEX_ADMIN_KEY", reference));
        for command in [&["check"][..], &["plan"], &["apply", "--yes"], &["plan", "-o", "json"]] {
            let ran = site.sandbox.run(command);
            assert_eq!(ran.exit, if number < 2 || command == ["check"] { 0 } else { 4 }, "{reference}\n{}{}", ran.stdout, ran.stderr);
            hunt(&site).output(&ran);
        }
        hunt(&site).disk();
        site.declare(&format!("{BILLING}  next-{number}: {{ scopes: [pcx:webhooks:read] }}\n"));
    }
    // The credential itself, written into the configuration by mistake.
    site.sandbox.write("keywright.yaml", &config.replace("{ env: PAYCONEX_ADMIN_KEY }", "s3cr3t-in-the-wrong-place"));
    site.sandbox.run(&["check"]).exits(1);
}

#[test]
fn first_party_tokens_are_shown_by_open_alone() {
    let mut sandbox = Sandbox::new();
    sandbox.environment.insert("RUST_LOG".to_owned(), "trace".to_owned());
    sandbox.write("keywright.yaml", &format!("version: 1\naccounts:\n  shop:\n    provider: keyring\nrecipients:\n  ops: [{OPS}]\ndefaults:\n  recipients: [ops]\n  lifetime: 90d\n"));
    sandbox.write("keys/shop.yaml", "account: shop\nkeys:\n  reader: { scopes: [orders:read] }\n");
    sandbox.run(&["apply", "--yes"]).exits(0);
    let token = sandbox.run(&["open", "shop/reader", "-i", "~/ops.txt"]).exits(0).stdout;
    assert!(token.starts_with("kw_") && token.len() == 65, "a token");
    let half = token[..60].to_owned();
    let hunt = Hunt::new(&sandbox, [token.clone(), token[16..].to_owned()]);
    for input in [token.as_str(), half.as_str(), &format!("{token}x"), &format!("{token}\n{token}"), &token.repeat(100)] {
        for format in ["text", "json"] {
            for store in [".keywright/keyring.json", "keywright.yaml", "none"] {
                let ran = sandbox.run_with(&["keyring", "check", "--store", store, "--scope", "orders:read", "-o", format], Some(input));
                assert_eq!(ran.exit == 0, input == token && store.ends_with("keyring.json"), "{} {}", ran.stdout, ran.stderr);
                hunt.output(&ran);
            }
        }
    }
    // A token where it does not belong.
    sandbox.write("keys/shop.yaml", "account: shop\nkeys:\n  reader: { scopes: [orders:write], format: dotenv }\n");
    for command in [&["plan"][..], &["apply", "--yes", "-i", "~/ops.txt"], &["list", "-o", "json"], &["show", "shop/reader", "-o", "json"]]
    {
        hunt.output(&sandbox.run(command));
    }
    hunt.disk();
}
