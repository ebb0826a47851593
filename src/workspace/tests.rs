//! Small workspaces, each with everything that is to be said about it.
use std::path::Path;

use tempfile::TempDir;

use super::*;
use crate::diagnostics::{Located, Severity};
use crate::model::{Expiry, Format, Scope, Span};

const AGE_ONE: &str = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";

/// A provider with one of everything that checks look at.
const ACME: &str = r#"version: 1
name: acme
title: Acme
environments:
  live: { url: "https://api.acme.example", allow: { region: [eu] } }
  test: { url: "https://test.acme.example" }
params:
  region: { says: the region, values: [eu, us], default: eu }
  tenant: { says: twelve digits, pattern: "[0-9]{12}" }
  note: { says: anything, optional: true }
options:
  methods: { says: how keys sign, kind: list, values: [HMAC, BASIC], default: [HMAC], widens: nothing }
  color: { says: a colour, kind: text, pattern: "[a-z]+", widens: nothing }
secret: { parts: [id, secret] }
capabilities:
  label: { pattern: "[A-Za-z0-9 -]+", max: 32, says: letters and digits }
  editable: {}
  disable: reversible
  expiry: { settable: true, tolerance: 60s, max: 365d }
  consistency: 10s
catalogue:
  form: "[a-z]+:[a-z]+"
  aliases: { "pay:raed": "pay:read" }
  scopes:
    "pay:read": { access: read }
    "pay:write": { access: write, tags: [money] }
"#;

/// A provider that hardly refuses anything.
const LOOSE: &str = r#"version: 1
name: loose
title: Loose
secret: { parts: [secret] }
capabilities:
  label: { max: 200 }
  editable: {}
  disable: none
  expiry: { settable: false, tolerance: 0s }
  consistency: 0s
catalogue: { form: "[a-z0-9]+:[a-z0-9]+", unlisted: warn, scopes: { "a:b": { access: list } } }
"#;

fn config(more: &str) -> String {
    format!(
        "version: 1\naccounts:\n  shop: {{ provider: acme, environment: test, params: {{ tenant: \"123456789012\" }} }}\n  free: {{ provider: loose }}\n\
         recipients:\n  ops: [{AGE_ONE}]\n{more}"
    )
}

/// Lines 1 to 8, so that what follows begins in line 9.
pub fn plain() -> String {
    config("defaults:\n  recipients: [ops]\n")
}

pub fn now() -> Timestamp {
    "2026-11-21T09:00:00Z".parse().expect("an instant")
}

pub fn workspace(files: &[(&str, &str)]) -> TempDir {
    let root = tempfile::tempdir().expect("a directory");
    let all = [("providers/acme.yaml", ACME), ("providers/loose.yaml", LOOSE)];
    for (path, text) in all.iter().chain(files) {
        put(root.path(), path, text);
    }
    root
}

pub fn put(root: &Path, path: &str, text: &str) {
    crate::files::write(&root.join(path), text.as_bytes()).expect("written");
}

/// `file:line:column code`, warnings marked; in the order in which they are told.
pub fn told(root: &Path) -> Vec<String> {
    located(root).iter().map(shown).collect()
}

fn located(root: &Path) -> Vec<Located> {
    let Loaded { workspace, sources, .. } = load(root, now());
    workspace.report.locate(&sources)
}

fn shown(diagnostic: &Located) -> String {
    let place = match (&diagnostic.file, diagnostic.line, diagnostic.column) {
        (Some(file), Some(line), Some(column)) => format!("{file}:{line}:{column} "),
        (Some(file), _, _) => format!("{file} "),
        (None, _, _) => String::new(),
    };
    let mark = if diagnostic.severity == Severity::Warning { " (warning)" } else { "" };
    format!("{place}{}{mark}", diagnostic.code)
}

/// What a workspace with this trusted file and this manifest is told.
#[track_caller]
fn expect(config: &str, manifest: &str, expected: &[&str]) {
    let root = workspace(&[("keywright.yaml", config), ("keys/a.yaml", manifest)]);
    assert_eq!(told(root.path()).join("\n"), expected.join("\n"));
}

#[track_caller]
fn expect_keys(manifest: &str, expected: &[&str]) {
    let file = |line: &&str| if line.contains("yaml") { (*line).to_owned() } else { format!("keys/a.yaml:{line}") };
    let expected: Vec<String> = expected.iter().map(file).collect();
    expect(&plain(), manifest, &expected.iter().map(String::as_str).collect::<Vec<_>>());
}

/// Help and notes of the first diagnostic.
#[track_caller]
fn advice(config: &str, manifest: &str) -> String {
    let root = workspace(&[("keywright.yaml", config), ("keys/a.yaml", manifest)]);
    advice_of(root.path())
}

pub fn advice_of(root: &Path) -> String {
    let first = located(root).into_iter().next().expect("a diagnostic");
    format!("{} | {}", first.help.unwrap_or_default(), first.notes.join(" "))
}

pub const KEY: &str = "account: shop\nkeys:\n  one: { scopes: [\"pay:read\"], lifetime: 90d }\n";

#[test]
fn a_good_workspace_resolves() {
    let manifest = "account: shop\nkeys:\n  one:\n    label: Card payments\n    scopes: [\"pay:write\", \"pay:raed\"]\n    expires: 2027-03-31\n    \
                    options: { methods: [HMAC, BASIC, HMAC] }\n    owner: \"@acme\"\n    protect: true\n  two: { scopes: [\"pay:read\"], lifetime: 90d }\n";
    let free =
        "account: free\nkeys:\n  three: { scopes: [\"a:b\"], expires: never, recipients: [ops, ops], overlap: 1h, state: disabled }\n";
    let root = workspace(&[("keywright.yaml", &plain()), ("keys/a.yaml", manifest), ("keys/deep/er/b.yaml", free)]);
    let Loaded { workspace, .. } = load(root.path(), now());
    assert_eq!(workspace.report.diagnostics(), []);
    let key = |address: &str| workspace.keys.get(&address.parse().expect("an address")).expect(address);
    let one = key("shop/one");
    assert_eq!((&*one.declared_at.file, one.declared_at.line, one.declared_at.column), ("keys/a.yaml", 3, 3));
    assert_eq!(one.scopes, ["pay:read", "pay:write"].map(Scope::from).into());
    assert_eq!(one.expiry, Expiry::At("2027-03-31T23:59:59Z".parse().expect("an instant")));
    assert_eq!(serde_json::json!(one.options), serde_json::json!({ "methods": ["BASIC", "HMAC"] }));
    assert_eq!((one.format, one.protect, &*one.label, one.owner.as_deref()), (Format::Json, true, "Card payments", Some("@acme")));
    let two = key("shop/two");
    assert_eq!(serde_json::json!(two.options), serde_json::json!({ "methods": ["HMAC"] }));
    assert_eq!((two.renew_before, two.overlap, two.cooldown), (Span::days(14), Span::hours(72), Span::days(7)));
    assert_eq!(two.expiry, Expiry::Lifetime(Span::days(90)));
    assert!(Arc::ptr_eq(&one.recipients, &two.recipients));
    let three = key("free/three");
    assert_eq!((three.format, three.expiry, three.overlap, &*three.label), (Format::Raw, Expiry::Never, Span::hours(1), "three"));
    assert_eq!(serde_json::json!(*three.recipients), serde_json::json!({ "ops": [AGE_ONE] }));
    let account = &workspace.accounts[&Name::new("shop").expect("a name")];
    assert_eq!(account.environment.as_deref(), Some("test"));
    assert_eq!(serde_json::json!(account.params), serde_json::json!({ "region": "eu", "tenant": "123456789012" }));
}

#[test]
fn every_problem_of_the_trusted_file_is_told() {
    let config = "version: 2
accounts:
  Bad_Name: { provider: acme }
  a: { provider: acmee }
  b: { provider: acme }
  c: { provider: acme, environment: prod, params: { tenat: x, region: de } }
  d: { provider: acme, environment: live, params: { tenant: \"12\", region: us } }
  e: { provider: loose, environment: x }
recipients:
  ops: []
  Bad: [age1xyz]
  c: [age1pq1xyz]
defaults:
  recipients: [opps]
unmanaged: fail
policy: { max_lifetime: 3d }
guards: {}
deliveries: {}
";
    let expected = [
        "keywright.yaml:1:10 config/version",
        "keywright.yaml:3:3 config/invalid-name",
        "keywright.yaml:3:3 config/missing-param",
        "keywright.yaml:3:3 config/unknown-environment",
        "keywright.yaml:4:18 config/unknown-provider",
        "keywright.yaml:5:3 config/missing-param",
        "keywright.yaml:5:3 config/unknown-environment",
        "keywright.yaml:6:3 config/missing-param",
        "keywright.yaml:6:37 config/unknown-environment",
        "keywright.yaml:6:53 config/unknown-param",
        "keywright.yaml:6:71 config/invalid-param",
        "keywright.yaml:7:61 config/invalid-param",
        "keywright.yaml:7:75 config/invalid-param",
        "keywright.yaml:8:38 config/unknown-environment",
        "keywright.yaml:10:3 config/recipient",
        "keywright.yaml:11:3 config/invalid-name",
        "keywright.yaml:11:9 config/recipient",
        "keywright.yaml:12:7 config/recipient-unsupported",
        "keywright.yaml:14:16 config/unknown-group",
    ];
    expect(config, "account: a\nkeys: {}\n", &expected);
}

#[test]
fn endpoints_are_https_or_loopback() {
    let account = |endpoint: &str| format!("version: 1\naccounts:\n  a: {{ provider: loose, endpoint: \"{endpoint}\" }}\n");
    for good in
        ["https://keys.example", "https://keys.example:8443/prefix/", "http://127.0.0.1:80/x", "http://[::1]:8080", "http://localhost:1"]
    {
        let root = workspace(&[("keywright.yaml", &account(good))]);
        let Loaded { workspace, .. } = load(root.path(), now());
        assert!(!workspace.report.has_errors(), "{good}");
        let endpoint = workspace.accounts.values().next().and_then(|account| account.endpoint.clone());
        assert_eq!(endpoint.as_deref(), Some(good.trim_end_matches('/').replace("127.0.0.1:80/", "127.0.0.1/").as_str()));
    }
    for bad in [
        "http://example.com",
        "https://example.com/?q",
        "https://example.com/#f",
        "ftp://example.com",
        "nothing",
        "http://127.0.0.1.example.com",
        "http://10.0.0.1",
        "https://exa mple.com",
        "",
    ] {
        expect(
            &account(bad),
            KEY.replace("shop", "a").replace("pay:read", "a:b").as_str(),
            &["keys/a.yaml:3:3 manifest/no-recipients", "keywright.yaml:3:35 config/endpoint"],
        );
    }
    // The line of a password is not drawn.
    expect(&account("https://u:p@example.com"), "account: a\nkeys: {}\n", &["keywright.yaml:3:3 config/endpoint"]);
}

#[test]
fn a_credential_is_exactly_one_reference() {
    let account = |credential: &str| format!("version: 1\naccounts:\n  a: {{ provider: loose, credential: {credential} }}\n");
    for good in ["{ env: PAYCONEX_ADMIN_KEY }", "{ file: .keywright/key }", "{ command: [pass, show, key] }"] {
        let root = workspace(&[("keywright.yaml", &account(good))]);
        let Loaded { workspace, .. } = load(root.path(), now());
        assert!(workspace.accounts.values().all(|account| account.credential.is_some()) && !workspace.report.has_errors(), "{good}");
    }
    for bad in [
        "{}",
        "{ env: A, file: b }",
        "{ env: lower }",
        "{ env: \"\" }",
        "{ env: 1A }",
        "{ command: [] }",
        "{ command: [\"\"] }",
        "{ file: \"\" }",
    ] {
        expect(&account(&bad.replace("1A", "\"1A\"")), "account: a\nkeys: {}\n", &["keywright.yaml:3:3 config/credential"]);
    }
}

#[test]
fn a_private_key_is_told_without_its_line() {
    let config = config("").replace(AGE_ONE, "AGE-SECRET-KEY-1QQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQ");
    let root = workspace(&[("keywright.yaml", &config)]);
    let found = located(root.path());
    assert_eq!(found.iter().map(shown).collect::<Vec<_>>(), ["keywright.yaml config/recipient"]);
    assert!(!format!("{found:?}").contains("QQQQ"));
}

#[test]
fn recipients_of_a_group_are_merged() {
    let config = config(&format!("  twice: [{AGE_ONE}, \" {AGE_ONE} \"]\ndefaults: {{ recipients: [twice], lifetime: 90d }}\n"));
    expect(
        &config,
        "account: shop\nkeys: { one: { scopes: [\"pay:read\"] } }\n",
        &["keywright.yaml:7:3 config/recipient-duplicate (warning)"],
    );
}

#[test]
fn default_spans_are_checked_once() {
    let defaults = |more: &str| config(&format!("defaults:\n  recipients: [ops]\n  lifetime: 10d\n{more}"));
    let manifest = "account: shop\nkeys:\n  a: { scopes: [\"pay:read\"] }\n  b: { scopes: [\"pay:read\"] }\n";
    expect(&defaults(""), manifest, &["keywright.yaml:9:13 manifest/timing"]);
    expect(&defaults("  renew_before: 12d\n"), manifest, &["keywright.yaml:10:17 manifest/timing"]);
    expect(&defaults("  renew_before: 4d\n  overlap: 2d\n"), manifest, &["keywright.yaml:11:12 manifest/timing-tight (warning)"]);
    expect(&defaults("  renew_before: 4d\n  overlap: 2d\n  cooldown: 4d\n"), manifest, &[]);
}

#[test]
fn every_problem_of_a_manifest_is_told() {
    let manifest = "account: shop
moved: []
keys:
  Bad:
    scopes: [\"pay:read\"]
    lifetime: 90d
  none:
    scopes: []
    lifetime: 90d
    recipients: []
  scoped:
    scopes: [\"pay:raed\", \"pay:read\", \"pay:wirte\", nonsense]
    lifetime: 90d
    recipients: [ops, opps]
  labelled:
    label: \"far too long a label for this provider\"
    scopes: [\"pay:read\"]
    deliver: [x]
  both:
    label: Billing kw-aaaaaaaa
    scopes: [\"pay:read\"]
    lifetime: 90d
    expires: never
    format: raw
  past:
    label: a_b
    scopes: [\"pay:read\"]
    expires: 2026-11-20
    options: { methods: [HMAC, X], colour: red, color: RED }
  long: { scopes: [\"pay:read\"], lifetime: 400d }
  never: { scopes: [\"pay:read\"], expires: never }
  short: { scopes: [\"pay:read\"], lifetime: 7d }
  tight: { scopes: [\"pay:read\"], lifetime: 20d }
  over: { scopes: [\"pay:read\"], lifetime: 90d, renew_before: 4d, overlap: 4d }
  fixed: { scopes: [\"pay:read\"], expires: 2026-12-31, renew_before: 1d }
  a-name-that-is-a-label-and-too-long: { scopes: [\"pay:read\"], lifetime: 90d }
  spaced: { scopes: [\"pay:read\"], lifetime: 90d, label: \" x\", options: { methods: HMAC } }
  empty: { scopes: [\"pay:read\"], lifetime: 90d, label: \"\", options: { methods: [] } }
";
    let expected = [
        "4:3 manifest/invalid-name",
        "8:13 manifest/no-scopes",
        "10:17 manifest/no-recipients",
        "12:26 manifest/duplicate-scope (warning)",
        "12:38 manifest/unknown-scope",
        "12:51 manifest/unknown-scope",
        "14:23 manifest/unknown-group",
        "15:3 manifest/expiry-missing",
        "16:12 manifest/label",
        "18:15 manifest/unknown-delivery",
        "20:12 manifest/label",
        "23:5 manifest/expiry-conflict",
        "24:13 manifest/format",
        "26:12 manifest/label",
        "28:14 manifest/expiry-past",
        "29:32 manifest/invalid-option",
        "29:36 manifest/unknown-option",
        "29:56 manifest/invalid-option",
        "30:43 manifest/expiry-unsupported",
        "31:43 manifest/expiry-unsupported",
        "32:44 manifest/timing",
        "33:44 manifest/timing-tight (warning)",
        "34:75 manifest/timing",
        "35:69 manifest/timing",
        "36:3 manifest/label",
        "37:57 manifest/label",
        "37:83 manifest/invalid-option",
        "38:56 manifest/label",
        "38:80 manifest/invalid-option",
    ];
    expect_keys(manifest, &expected);
    expect_keys(&manifest.replace('\n', "\r\n"), &expected);
}

#[test]
fn unlisted_scopes_are_warned_of() {
    let manifest = "account: free\nkeys:\n  one: { scopes: [\"a:c\", \"a:b\"], lifetime: 90d }\n";
    expect_keys(manifest, &["3:19 manifest/unlisted-scope (warning)"]);
    assert_eq!(advice(&plain(), manifest), "did you mean `a:b`? | ");
}

#[test]
fn one_run_tells_of_all_files_in_order() {
    let root = workspace(&[("keywright.yaml", &plain().replace("provider: loose", "provider: lose"))]);
    put(root.path(), "keys/b.yaml", "account: shp\nkeys: { one: { scopes: [\"x:y\"], lifetime: 90d } }\n");
    put(root.path(), "keys/a.yaml", "account: free\nkeys: { one: { scpoes: [\"x:y\"], lifetime: 90d } }\n");
    put(root.path(), "keys/c.yml", "");
    put(root.path(), "keys/README.md", "");
    put(root.path(), "keys/d/e.yaml", KEY);
    put(root.path(), "keys/z.yaml", KEY);
    put(root.path(), "providers/x/y.yaml", ACME);
    put(root.path(), "providers/zz.yaml", ACME);
    let expected = [
        "keys/a.yaml:2:9 yaml/missing-field",
        "keys/a.yaml:2:16 yaml/unknown-field",
        "keys/b.yaml:1:10 manifest/unknown-account",
        "keys/c.yml workspace/unexpected-file (warning)",
        "keys/z.yaml:3:3 manifest/duplicate-key",
        "keywright.yaml:4:21 config/unknown-provider",
        "providers/x/y.yaml workspace/unexpected-file (warning)",
        "providers/zz.yaml:2:7 profile/invalid",
    ];
    assert_eq!(told(root.path()).join("\n"), expected.join("\n"));
    put(root.path(), "keys/a.yaml", "");
    let notes: Vec<String> = located(root.path()).into_iter().flat_map(|found| found.notes).collect();
    assert!(notes.contains(&"first declared at keys/d/e.yaml:3:3".to_owned()), "{notes:?}");
}

#[test]
fn advice_names_the_next_step() {
    let config = plain();
    assert_eq!(advice(&config, &KEY.replace("shop", "shp")), "did you mean `shop`? | ");
    assert_eq!(advice(&config, &KEY.replace("pay:read", "pay:reed")), "did you mean `pay:read`? | ");
    assert_eq!(advice(&config, &KEY.replace("90d", "90d, recipients: [op]")), "did you mean `ops`? | ");
    assert_eq!(advice(&config, &KEY.replace("90d", "7d")), "set `renew_before: 1d18h` and `overlap: 21h` here | ");
    assert_eq!(
        advice(&config.replace("acme", "acmee"), KEY),
        "did you mean `acme`? | describe a provider of your own in `providers/NAME.yaml`"
    );
}

#[test]
fn nothing_declared_is_told() {
    let root = workspace(&[("keywright.yaml", &plain())]);
    assert_eq!(told(root.path()), ["keywright.yaml workspace/empty (warning)"]);
    put(root.path(), "keys/a.yaml", "account: shop\n");
    assert_eq!(told(root.path()), ["keywright.yaml workspace/empty (warning)"]);
}

#[test]
fn a_broken_trusted_file_hides_no_problem_of_manifests_and_invents_none() {
    expect(
        "version: 1\naccounts: [\n",
        "account: shop\nkeys:\n  Bad: { scopes: [\"x:y\"], recipients: [ops] }\n",
        &["keys/a.yaml:3:3 manifest/invalid-name", "keywright.yaml:2:11 yaml/syntax"],
    );
}

#[test]
fn many_problems_are_counted_and_the_first_ones_told() {
    let keys: String = (0..2000).map(|i| format!("  key-{i}: {{ scopes: [\"pay:reed\"], lifetime: 90d }}\n")).collect();
    let root = workspace(&[("keywright.yaml", &plain()), ("keys/a.yaml", &format!("account: shop\nkeys:\n{keys}"))]);
    let found = located(root.path());
    assert_eq!(found.len(), 1001);
    assert!(found[0].message.ends_with("further problems in this file") && found[0].severity == Severity::Error);
}

#[test]
fn many_problems_of_many_files_are_counted_and_every_file_is_named() {
    let root = workspace(&[("keywright.yaml", &plain())]);
    for file in 0..12 {
        let keys: String = (0..1100).map(|i| format!("  k{file}-{i}: {{ scopes: [\"pay:reed\"], lifetime: 90d }}\n")).collect();
        put(root.path(), &format!("keys/{file:02}.yaml"), &format!("account: shop\nkeys:\n{keys}"));
    }
    let found = located(root.path());
    let of = |file: &str| found.iter().filter(|located| located.file.as_deref() == Some(file)).count();
    assert_eq!((of("keys/00.yaml"), of("keys/09.yaml"), of("keys/10.yaml"), of("keys/11.yaml")), (1001, 992, 2, 2));
}

#[test]
fn ten_thousand_keys_load() {
    let scopes = (0..20).map(|i| format!("\"r{i}:read\"")).collect::<Vec<_>>().join(", ");
    let key = |i: usize| format!("  key-{i}:\n    scopes: [{scopes}]\n    lifetime: 90d\n    owner: \"@team\"\n");
    let manifest = format!("account: free\nkeys:\n{}", (0..10_000).map(key).collect::<String>());
    let listed = LOOSE.replace("unlisted: warn", "unlisted: allow");
    let root = workspace(&[("keywright.yaml", &plain()), ("providers/loose.yaml", &listed), ("keys/a.yaml", &manifest)]);
    let Loaded { workspace, .. } = load(root.path(), now());
    assert_eq!((workspace.keys.len(), workspace.report.diagnostics()), (10_000, &[][..]));
}

#[test]
fn built_in_profiles_are_there_and_can_be_overridden() {
    let config = format!(
        "version: 1\naccounts:\n  local: {{ provider: keyring }}\nrecipients: {{ ops: [{AGE_ONE}] }}\ndefaults: {{ recipients: [ops], lifetime: 90d }}\n"
    );
    let manifest = "account: local\nkeys:\n  one: { scopes: [\"orders:read\", \"orders:*\"] }\n";
    let root = workspace(&[("keywright.yaml", &config), ("keys/a.yaml", manifest)]);
    let Loaded { workspace, .. } = load(root.path(), now());
    assert_eq!((workspace.keys.len(), workspace.report.diagnostics()), (1, &[][..]));
    put(root.path(), "providers/keyring.yaml", &ACME.replace("name: acme", "name: keyring"));
    let names = |root| known_profiles(root).iter().map(|(profile, _)| profile.name.clone()).collect::<Vec<_>>();
    let carried: std::collections::BTreeSet<String> = crate::profile::builtin().iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names(None), carried.iter().cloned().collect::<Vec<_>>());
    let own = ["acme", "loose"].map(str::to_owned);
    assert_eq!(
        names(Some(root.path())),
        carried.into_iter().chain(own).collect::<std::collections::BTreeSet<_>>().into_iter().collect::<Vec<_>>()
    );
    let overridden = load(root.path(), now()).workspace;
    assert_eq!(overridden.accounts.values().next().map(|account| account.profile.title.clone()).as_deref(), Some("Acme"));
    assert_ne!(overridden.digest, workspace.digest);
    assert!(overridden.report.has_errors());
}

#[test]
fn an_option_that_a_key_must_say_is_missed() {
    let pail = LOOSE
        .replace("loose", "pail")
        .replace("secret:", "options:\n  bucket: { says: the bucket, kind: text, required: true, widens: nothing }\nsecret:");
    let trusted = plain().replace("provider: loose", "provider: pail");
    let manifest = "account: free\nkeys:\n  without: { scopes: [\"a:b\"], lifetime: 90d }\n  with: { scopes: [\"a:b\"], lifetime: 90d, options: { bucket: x } }\n";
    let root = workspace(&[("keywright.yaml", &trusted), ("keys/a.yaml", manifest), ("providers/pail.yaml", &pail)]);
    assert_eq!(told(root.path()), ["keys/a.yaml:3:3 manifest/invalid-option"]);
    assert_eq!(advice_of(root.path()), "add `options: { bucket: … }`: the bucket | ");
}

#[test]
fn a_word_that_confines_no_scope_is_told_which_was_meant() {
    let logs = LOOSE
        .replace("loose", "logs")
        .replace(
            "catalogue: { form: \"[a-z0-9]+:[a-z0-9]+\", unlisted: warn,",
            "catalogue: { form: \"i:[a-z]+@[a-z]+\", confined_by: \"@\",",
        )
        .replace("\"a:b\":", "\"i:read\":");
    let trusted = plain().replace("provider: loose", "provider: logs");
    let advised = |scope: &str| {
        let manifest = format!("account: free\nkeys:\n  a: {{ scopes: [\"{scope}\"], lifetime: 90d }}\n");
        let root = workspace(&[("keywright.yaml", &trusted), ("keys/a.yaml", &manifest), ("providers/logs.yaml", &logs)]);
        located(root.path()).into_iter().next().map(|told| (told.code.to_string(), told.help.unwrap_or_default()))
    };
    let unknown = |help: &str| Some(("manifest/unknown-scope".to_owned(), help.to_owned()));
    assert_eq!(advised("i:read@app"), None);
    assert_eq!(advised("i:read"), unknown("say what it is for: `i:read@…`"));
    assert_eq!(advised("i:reed@app"), unknown("did you mean `i:read@app`?"));
}
