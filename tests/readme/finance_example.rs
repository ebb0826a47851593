//! `examples/finance/` as its page tells it: planned without any account, and then the whole way against the emulators of all its vendors.
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Output, Stdio};

use regex::Regex;

use crate::emulator::Emulator;
use crate::finance::brynq::Form;
use crate::finance::{Config, Finance, nango};
use crate::{page, run, serve, shell, type_in};

const IDENTITY: &str = "examples/quickstart/example-identity.txt";
/// What the page asks a person to copy and to change.
const WORKSPACE: &str = "target/finance";
const AT_BREX: [(&str, &[&str]); 3] = [
    ("books-sync", &["transactions.card.readonly", "accounts.card.readonly"]),
    ("payvy", &["transfers.readonly", "vendors.readonly"]),
    ("treasury-report", &["accounts.cash.readonly", "statements.cash.readonly"]),
];
const AT_BRYNQ: [(&str, &[&str], &[&str]); 2] =
    [("payroll-export", &["Employees", "Contracts"], &["acme-nl"]), ("access-review", &["Users"], &[])];

/// Somebody who works at the top of the repository, with the credentials that the page exports.
struct Person<'s> {
    directory: &'s Path,
    payconex: &'s Emulator,
}

impl Person<'_> {
    fn run(&self, arguments: &[&str], input: Option<&str>) -> Output {
        let mut command = run::bare(run::PROGRAM, self.directory);
        command.env("PAYCONEX_ADMIN_KEY", self.payconex.admin_credential_json()).env("NANGO_SECRET_KEY", nango::EXAMPLE_KEY);
        command.args(["-C", WORKSPACE]).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        // A program that does not read its input closes the pipe.
        let _ = child.stdin.take().expect("piped").write_all(input.unwrap_or_default().as_bytes());
        child.wait_with_output().expect("the program ends")
    }

    /// Runs a command that must succeed, and returns its standard output.
    #[track_caller]
    fn does(&self, arguments: &[&str], input: Option<&str>) -> String {
        let output = self.run(arguments, input);
        assert!(output.status.success(), "{arguments:?}: {}", run::told(&output));
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    /// The name that an open step gives.
    fn name(&self, address: &str) -> String {
        let plan: serde_json::Value = serde_json::from_str(&self.does(&["plan", "-o", "json"], None)).expect("JSON");
        let steps = plan["attended"].as_array().expect("a list");
        let step = steps.iter().find(|step| step["address"] == address).expect("a step is open");
        step["label"].as_str().expect("it has a name").to_owned()
    }
}

#[cfg(unix)]
#[test]
fn the_finance_example_works_against_its_emulators() {
    let copy = run::copy_of_examples();
    let page = page("examples/finance/README.md");
    let server = "$ cargo run --release --example payconex-emulator -- ";
    let payconex = serve(page.lines().find_map(|line| line.strip_prefix(server)).expect("the emulator's command"));
    let finance = Finance::start_in_thread(Config::default()).expect("ports are free");

    let configuration = copy.path().join("examples/finance/keywright.yaml");
    let mut text = fs::read_to_string(&configuration).expect("a workspace");
    assert!(page.contains("finance-emulator -- --port 4020"));
    for (port, url) in [(4010, payconex.url()), (4020, finance.brex.url()), (4022, finance.brynq.url()), (4023, finance.nango.url())] {
        let named = format!("# endpoint: http://127.0.0.1:{port}\n");
        assert!(text.contains(&named), "{named}");
        text = text.replace(&named, &format!("# endpoint: {url}\n"));
    }
    fs::write(&configuration, text).expect("written");
    assert!(page.contains(&format!("PAYCONEX_ADMIN_KEY='{}'", payconex.admin_credential_json())));
    assert!(page.contains(&format!("NANGO_SECRET_KEY={} ", nango::EXAMPLE_KEY)));
    shell(&page).iter().for_each(|block| type_in(copy.path(), block));
    assert_eq!(payconex.keys().len(), 4, "three keys and the administrator's");

    let person = Person { directory: copy.path(), payconex: &payconex };
    let mut tokens = Vec::new();
    for (name, scopes) in AT_BREX {
        let address = format!("brex/{name}");
        let token = finance.brex.create_token(&person.name(&address), scopes.iter().copied());
        let said = person.does(&["fulfil", &address], Some(&token));
        assert!(said.starts_with(&format!("{address}: tried, sealed and published")), "{said}");
        tokens.push(token);
    }
    for (name, pages, clients) in AT_BRYNQ {
        let address = format!("brynq/{name}");
        let texts = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let form = Form { label: person.name(&address), pages: texts(pages), clients: texts(clients), ends: None };
        let token = finance.brynq.fill_in(form);
        person.does(&["fulfil", &address], Some(&token));
        tokens.push(token);
    }
    let connection = finance.nango.connection("brex-api-key", "brex-books").expect("Nango has it");
    assert!(connection.credentials["apiKey"] == tokens[0].as_str() && connection.metadata["keywright"]["address"] == "brex/books-sync");
    assert_eq!(finance.nango.count(nango::Route::Proxy), 1, "it was tried where it is used");
    assert_eq!(person.does(&["open", "brex/payvy", "-i", IDENTITY], None), tokens[1]);
    person.does(&["delivered", "brex/payvy", "payvy", "--by", "you"], None);

    let verified = person.does(&["verify", "-i", IDENTITY], None);
    assert_eq!(verified.matches(" alive ").count(), 8, "{verified}");
    // Exit 0 with that option: nothing is to be done, by nobody.
    let plan = person.does(&["plan", "--detailed-exitcode"], None);
    let told = Regex::new(r"(?m)^no changes: .*? {2,}").expect("a pattern");
    let first = told.find(&plan).unwrap_or_else(|| panic!("{plan}")).as_str();
    assert!(page.contains(first), "the page does not show `{first}`");
    for (path, bytes) in run::tree(&copy.path().join(WORKSPACE)) {
        let text = String::from_utf8_lossy(&bytes);
        assert!(!tokens.iter().any(|token| text.contains(token)), "`{}` holds a token in the open", path.display());
    }
    assert!(finance.brynq.avoided_calls().is_empty());
}
