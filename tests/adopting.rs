//! `import` against the PayConex emulator and the keyring: what is adopted stays as it is, and lives on like any other key.
#[path = "../examples/payconex-emulator/server.rs"]
mod emulator;
#[path = "command/sandbox.rs"]
mod sandbox;
#[path = "payconex/site.rs"]
mod site;
#[path = "adopting/unavailable.rs"]
mod unavailable;
#[path = "adopting/unmanaged.rs"]
mod unmanaged;

use emulator::{AuthMethod, Config, EXAMPLE_ID, Fault, KeySeed, Order, Route};
use jiff::{SignedDuration, Timestamp};
use keywright::model::GenerationState::{Active, Disabled, Expired, Retiring};
use reqwest::Method;
use sandbox::{OPS, Sandbox, without_lock};
use site::{BILLING, Site, WEBHOOKS, difference};

const LIST: &str = "pcx:webhooks:create";

/// Keys as people and attackers make them.
fn seeds() -> Vec<KeySeed> {
    let seed = |label: &str| KeySeed { methods: vec![AuthMethod::Hmac], ..KeySeed::new(label, [WEBHOOKS]) };
    let at = |text: &str| Some(text.parse().expect("an instant"));
    let soon = |hours: i64| Some(Timestamp::now() + SignedDuration::from_hours(hours));
    vec![
        seed("Billing webhooks"),
        seed("billing-webhooks"),
        seed("Zürich: #1 key"),
        seed("evil\n  other:\n    scopes: [\"*\"]\u{202e}\u{1b}[31m"),
        seed(&"long ".repeat(19)),
        seed("no"),
        seed("kw-abcdefgh"),
        seed("Old one kw-abcdefgh"),
        seed(""),
        KeySeed { enabled: false, ..seed("Disabled") },
        KeySeed { expires: at("2031-03-31T23:59:59Z"), ..seed("Ends with a day") },
        KeySeed { expires: at("2031-04-01T00:00:00Z"), ..seed("Ends at midnight") },
        KeySeed { expires: soon(1000), ..seed("Ends at noon") },
        KeySeed { expires: soon(-1000), ..seed("Expired") },
        KeySeed { expires: soon(-1000), enabled: false, ..seed("Expired and disabled") },
        KeySeed { methods: vec![AuthMethod::All], scopes: vec![LIST.to_owned(), WEBHOOKS.to_owned()], ..seed("All methods") },
    ]
}

/// A site with one key of its own, and these.
fn crowded(seeds: &[KeySeed]) -> Site {
    let site = Site::new(Config::default());
    site.sandbox.write("keys/pay.yaml", &format!("# the team's own\naccount: pay\nkeys:\n{BILLING}  # the last one\n\n# the end\n"));
    site.settle();
    for seed in seeds {
        site.emulator.add_key(seed.clone());
    }
    site
}

/// Imports with these arguments: nothing changes at the provider, the plan has nothing to do, and a second import changes no byte.
#[track_caller]
fn imports(site: &Site, arguments: &[&str]) -> sandbox::Ran {
    let (keys, writes) = (site.emulator.keys(), site.writes());
    let all = [&["import", "pay", "--yes"], arguments].concat();
    let ran = site.sandbox.run(&all).exits(0);
    assert_eq!((site.emulator.keys(), site.writes()), (keys, writes), "nothing changes at the provider");
    site.sandbox.run(&["plan", "--detailed-exitcode"]).exits(0).shows("Plan: 0 to create, 0 to edit, 0 to rotate, 0 to disable.");
    let tree = site.sandbox.tree();
    site.sandbox.run(&all).exits(0);
    assert_eq!(difference(&without_lock(tree), &without_lock(site.sandbox.tree())), Vec::<String>::new(), "the second import wrote");
    ran
}

#[test]
fn everything_is_adopted_as_it_is() {
    let site = crowded(&seeds());
    let ran = imports(&site, &["--all"]).shows("Imported: 16 keys, 16 with a secret.");
    assert!(!ran.stdout.contains('\u{1b}') && !ran.stdout.contains('\u{202e}'), "{}", ran.stdout);
    site.sandbox.run(&["check"]).exits(0);

    let text = site.sandbox.read("keys/pay.yaml");
    let (before, after) = text.split_once("  # the last one\n").expect("what was there stays");
    assert!(before.starts_with("# the team's own\naccount: pay\nkeys:\n  billing: {") && after.ends_with("\n\n# the end\n"), "{text}");
    for name in
        ["billing-webhooks:", "billing-webhooks-2:", "zuerich-1-key:", "evil-other-scopes-31m:", "old-one:", "disabled:", "all-methods:"]
    {
        assert!(after.contains(&format!("\n  {name}\n")), "{name}\n{text}");
    }
    assert!(after.contains("expires: 2031-03-31\n"), "{text}");
    assert!(!text.contains('\u{202e}') && !text.contains('\u{1b}'), "{text}");

    let states = |name: &str| site.states(name);
    assert_eq!(states("disabled"), [(1, Disabled)]);
    assert_eq!(states("expired"), [(1, Expired)]);
    assert_eq!(states("expired-and-disabled"), [(1, Disabled)]);
    for name in ["billing-webhooks", "evil-other-scopes-31m", "ends-at-noon", "no"] {
        let record = site.record(name);
        let current = &record.generations[0];
        let (id, secret) = site.opened(name);
        assert_eq!((current.state, current.marker.as_ref(), current.id.as_ref()), (Active, None, Some(&id)), "{name}");
        assert!(site.emulator.key(&id).is_some_and(|key| key.secret == secret), "{name}: the secret that is sealed is the key's");
    }
    assert_eq!(site.keys().len(), 17, "our own key is not among them");
    assert!(!text.contains(EXAMPLE_ID));
    site.settle();
}

#[test]
fn a_new_file_is_made_where_there_is_none() {
    let site = Site::new(Config::default());
    site.sandbox.remove("keys/pay.yaml");
    site.emulator.add_key(KeySeed::new("Legacy", [WEBHOOKS]));
    imports(&site, &["--all"]);
    let text = site.sandbox.read("keys/pay.yaml");
    assert!(text.contains("account: pay\nkeys:\n") && text.contains("  legacy:\n    label: Legacy\n"), "{text}");
}

#[test]
fn ids_choose_and_the_unknown_stop_before_anything_is_written() {
    let site = crowded(&[KeySeed::new("One", [WEBHOOKS]), KeySeed::new("Two", [WEBHOOKS])]);
    let ids: Vec<String> = site.keys().into_iter().map(|key| key.id).collect();
    let [own, one, two] = &ids[..] else { panic!("{ids:?}") };
    let near = format!("{}x", &one[..one.len() - 1]);
    site.refuses(&["import", "pay", "--yes", one, &near], 1).says("import/unknown-id").says("did you mean");
    site.refuses(&["import", "pay", "--yes", one, &site.emulator.admin_id()], 1).says("import/own-key");
    site.refuses(&["import", "shop", "--all"], 1).says("config/unknown-account");
    site.refuses(&["import", "pay", "--all"], 1).says("apply/not-confirmed");
    site.refuses(&["import", "pay"], 0).shows("pay/one").says("--all");
    site.refuses(&["import", "pay", "--yes", own], 0).says("in the ledger already, as `pay/billing`");
    imports(&site, &[two, two]).shows("Imported: 1 key");
    assert!(site.sandbox.exists("ledger/pay/two.yaml") && !site.sandbox.exists("ledger/pay/one.yaml"));
}

#[test]
fn what_cannot_be_declared_is_left_out_and_said() {
    let site = crowded(&[KeySeed::new("Good", [WEBHOOKS]), KeySeed::new("Bare", []), KeySeed::new("Odd", ["no scope at all"])]);
    let keys = site.emulator.keys();
    let ran = site.sandbox.run(&["import", "pay", "--yes", "--all"]).exits(4).says("import/not-adoptable").says("`Odd`");
    assert!(ran.stderr.contains("`Bare`") && ran.stdout.contains("Imported: 1 key"), "{}{}", ran.stdout, ran.stderr);
    assert_eq!(site.emulator.keys(), keys);
    site.sandbox.run(&["plan", "--detailed-exitcode"]).exits(0);
    // What is left is asked for in vain; to look at it is no failure.
    site.refuses(&["import", "pay", "--yes", "--all"], 4).says("import/not-adoptable");
    site.refuses(&["import", "pay"], 0).says("import/not-adoptable");
}

#[test]
fn where_nothing_can_be_adopted_no_manifest_is_missed() {
    let site = Site::new(Config::default());
    site.sandbox.remove("keys/pay.yaml");
    site.emulator.add_key(KeySeed::new("Bare", []));
    let ran = site.refuses(&["import", "pay", "--yes", "--all"], 4).says("import/not-adoptable");
    assert!(!ran.stderr.contains("yaml/"), "{}", ran.stderr);
    site.emulator.add_key(KeySeed::new("Odd", ["no scope at all"]));
    let ran = site.refuses(&["import", "pay", "--yes", "--all"], 4).says("`Odd`");
    assert!(!ran.stderr.contains("yaml/"), "{}", ran.stderr);
}

#[test]
fn a_comment_says_what_a_name_is_made_of() {
    let site = crowded(&[KeySeed::new("- - -", [WEBHOOKS]), KeySeed::new("Legacy", [WEBHOOKS])]);
    imports(&site, &["--all"]);
    let text = site.sandbox.read("keys/pay.yaml");
    let before = |name: &str| text.split(name).next().expect("there").lines().last().expect("a comment").to_owned();
    assert!(before("  api-").contains("the name is made of its id"), "{text}");
    assert!(before("  legacy:").contains("the name is made of its label"), "{text}");
}

#[test]
fn a_manifest_that_cannot_be_extended_is_left_alone() {
    let site = crowded(&[KeySeed::new("One", [WEBHOOKS])]);
    site.sandbox.write("keys/pay.yaml", "account: pay\nkeys: { billing: { label: Billing webhooks, scopes: [pcx:webhooks:read] } }\n");
    site.refuses(&["import", "pay", "--yes", "--all"], 1).says("import/cannot-extend");
    site.sandbox.write("keys/pay.yaml", "account: shop\nkeys: {}\n");
    site.sandbox.write("keys/other.yaml", &format!("account: pay\nkeys:\n{BILLING}"));
    site.refuses(&["import", "pay", "--yes", "--all"], 1);
}

#[test]
fn nothing_is_planned_until_an_interrupted_import_is_finished() {
    let site = crowded(&[]);
    let file = ".keywright/import.json";
    site.sandbox.write(file, r#"{"version":1,"account":"pay","text":"account: pay\nkeys: {}\n","records":[]}"#);
    site.sandbox.run(&["plan"]).exits(1).says("import/unfinished").says("keywright import pay");
    site.sandbox.run(&["recover"]).exits(1).says("import/unfinished");
    let manifest = site.sandbox.read("keys/pay.yaml");
    site.sandbox.run(&["recover", "--yes"]).exits(0).says("finished an interrupted import");
    assert_eq!((site.sandbox.exists(file), site.sandbox.read("keys/pay.yaml")), (false, manifest), "it was changed since");
    site.sandbox.write(file, "{");
    site.refuses(&["apply", "--yes"], 1).says("import/unfinished").says("is damaged");
}

/// The old address of a move that was carried out is no address for another key.
#[test]
fn the_name_of_a_key_that_moved_is_taken() {
    let site = Site::new(Config::default());
    site.declare("  old: { label: Old, scopes: [pcx:webhooks:read] }\n");
    site.settle();
    let moved = "account: pay\nkeys:\n  new: { label: Old, scopes: [pcx:webhooks:read] }\nmoved:\n  - { from: pay/old, to: pay/new }\n";
    site.sandbox.write("keys/pay.yaml", moved);
    site.settle();
    site.emulator.add_key(KeySeed { methods: vec![AuthMethod::Hmac], ..KeySeed::new("old", [WEBHOOKS]) });
    imports(&site, &["--all"]).shows("pay/old-2");
    assert!(site.sandbox.exists("ledger/pay/old-2.yaml"));
}

#[test]
fn an_adopted_key_is_edited_rotated_and_disabled_like_any_other() {
    let mut site = Site::new(Config::default());
    site.declare("");
    let legacy = site.emulator.add_key(KeySeed { methods: vec![AuthMethod::Hmac], ..KeySeed::new("Legacy", [WEBHOOKS]) });
    imports(&site, &["--all"]);
    let declare = |site: &Site, rest: &str| site.declare(&format!("  legacy: {{ label: Legacy, {rest} }}\n"));

    declare(&site, "scopes: [pcx:webhooks:read, pcx:webhooks:create], expires: never");
    site.settle();
    let edited = site.emulator.key(&legacy.id).expect("it is there");
    assert_eq!((edited.label.as_str(), edited.scopes.len(), edited.enabled), ("Legacy", 2, true), "edited in place, without a marker");

    declare(&site, "scopes: [pcx:webhooks:read], expires: never, state: disabled");
    site.settle();
    assert_eq!((site.states("legacy"), site.live().len()), (vec![(1, Disabled)], 0));
    site.after(SignedDuration::from_hours(24 * 30));
    declare(&site, "scopes: [pcx:webhooks:read], expires: never");
    site.settle();
    assert_eq!((site.states("legacy"), site.live()[0].id == legacy.id), (vec![(1, Active)], true), "whoever used it can go on");

    site.after(SignedDuration::ZERO);
    declare(&site, "scopes: [pcx:webhooks:read], lifetime: 90d");
    site.settle();
    site.after(SignedDuration::from_hours(24 * 85));
    site.settle();
    let second = site.assert_works("legacy");
    assert!(second.id != legacy.id && second.label.starts_with("Legacy kw-"), "{second:?}");
    assert_eq!((site.states("legacy"), site.live().len()), (vec![(2, Active), (1, Retiring)], 2), "both live through the overlap");
    site.after(SignedDuration::from_hours(24 * 85 + 73));
    site.settle();
    assert_eq!((site.states("legacy"), site.live().len()), (vec![(2, Active), (1, Disabled)], 1));
    site.after(SignedDuration::from_hours(24 * 85 + 73 + 24 * 7 + 1));
    site.settle();
    assert_eq!((site.states("legacy"), site.keys().len()), (vec![(2, Active)], 1));
}

#[test]
fn a_rotation_of_an_adopted_key_that_is_interrupted_is_recovered() {
    let mut site = Site::new(Config::default());
    site.declare("");
    let legacy = site.emulator.add_key(KeySeed { methods: vec![AuthMethod::Hmac], ..KeySeed::new("Legacy", [WEBHOOKS]) });
    imports(&site, &["--all"]);
    site.declare("  legacy: { label: Legacy, scopes: [pcx:webhooks:read], lifetime: 90d }\n");
    site.settle();
    site.after(SignedDuration::from_hours(24 * 85));
    site.emulator.order(Order { fault: Fault::ErrorAfter, method: Method::POST, route: Some(Route::Create), times: 1 });
    site.settle();
    assert_eq!((site.states("legacy"), site.live().len()), (vec![(2, Active), (1, Retiring)], 2));
    assert!(site.emulator.key(&legacy.id).is_some_and(|key| key.enabled && key.label == "Legacy"));
    site.assert_works("legacy");
}

#[test]
fn a_secret_that_is_not_to_be_had_is_no_obstacle() {
    let site = crowded(&[KeySeed::new("One", [WEBHOOKS])]);
    let keys = site.emulator.keys();
    site.emulator.order(Order { fault: Fault::WithoutSecret, method: Method::GET, route: Some(Route::Read), times: 9 });
    site.sandbox.run(&["import", "pay", "--yes", "--all"]).shows("Imported: 1 key, 0 with a secret.");
    site.emulator.clear_faults();
    assert_eq!((site.emulator.keys(), site.sandbox.exists("secrets/pay/one.age")), (keys, false));
    site.plan().exits(0).shows("plan/no-secret").shows("keywright apply --rotate pay/one");
}

/// The store of another workspace, whose keys this one does not know.
fn keyring() -> Sandbox {
    let mut sandbox = Sandbox::new();
    sandbox.now = Some("2026-11-21T09:00:00Z".to_owned());
    let config =
        format!("version: 1\naccounts:\n  shop: {{ provider: keyring }}\nrecipients:\n  ops: [{OPS}]\n  more: [{}]\n", sandbox::RECOVERY);
    sandbox.write("keywright.yaml", &config);
    let key = |name: &str, expires: &str| format!("  {name}: {{ scopes: [orders:read], recipients: [ops], {expires} }}\n");
    let keys = key("orders", "expires: never") + &key("stock", "lifetime: 90d") + &key("old", "expires: 2026-12-01");
    sandbox.write("keys/all.yaml", &format!("account: shop\nkeys:\n{keys}"));
    sandbox.run(&["apply", "--yes"]).exits(0);
    for path in ["keys", "ledger", "secrets"] {
        sandbox.remove(path);
    }
    sandbox
}

#[test]
fn tokens_of_a_keyring_are_adopted_without_their_secrets() {
    let mut sandbox = keyring();
    sandbox.now = Some("2026-12-05T09:00:00Z".to_owned());
    let store = sandbox.read(".keywright/keyring.json");
    // Who may open secrets is not guessed.
    let before = sandbox.tree();
    sandbox.run(&["import", "shop", "--all", "--yes"]).exits(1).says("manifest/no-recipients").says("defaults.recipients");
    assert_eq!(difference(&without_lock(before), &without_lock(sandbox.tree())), Vec::<String>::new());
    let config = sandbox.read("keywright.yaml");
    let one: String = config.lines().filter(|line| !line.starts_with("  more:")).map(|line| format!("{line}\n")).collect();
    sandbox.write("keywright.yaml", &one);
    let ran = sandbox.run(&["import", "shop", "--all", "--yes"]).exits(0).shows("Imported: 3 keys, 0 with a secret.");
    assert!(ran.stdout.contains("Their secrets can be opened by `ops` (1 recipient).\n"), "{}", ran.stdout);
    assert_eq!(sandbox.read(".keywright/keyring.json"), store);
    let text = sandbox.read("keys/shop.yaml");
    assert!(text.contains("recipients:\n      - ops\n"), "there are no defaults: {text}");
    assert!(text.contains("# its recipients are the only group that there is\n"), "{text}");
    let plan = sandbox.run(&["plan", "--detailed-exitcode"]).exits(0);
    assert!(plan.stdout.contains("2 keys of `shop` were adopted and have no secret here"), "{}", plan.stdout);
    let tree = sandbox.tree();
    sandbox.run(&["import", "shop", "--all", "--yes"]).exits(0).shows("nothing to import");
    assert_eq!(difference(&without_lock(tree), &without_lock(sandbox.tree())), Vec::<String>::new());

    // An edit, and the first rotation.
    sandbox.write("keys/shop.yaml", &text.replacen("- orders:read", "- orders:write", 1));
    sandbox.run(&["apply", "--yes"]).exits(0);
    sandbox.run(&["plan", "--detailed-exitcode"]).exits(0);
    let edited = sandbox.read("keys/shop.yaml").replace("expires: never", "lifetime: 30d");
    sandbox.write("keys/shop.yaml", &edited);
    sandbox.now = Some("2027-03-05T09:00:00Z".to_owned());
    sandbox.run(&["apply", "--yes"]).exits(0);
    sandbox.run(&["open", "shop/orders", "-i", "~/ops.txt"]).exits(0);
    sandbox.run(&["plan", "--detailed-exitcode"]).exits(0);
}

#[test]
fn a_manifest_of_another_account_is_named() {
    let site = crowded(&[KeySeed { methods: vec![AuthMethod::Hmac], ..KeySeed::new("Foreign kw-abcdefgh", [WEBHOOKS]) }]);
    let shown = site.sandbox.run(&["import", "pay"]);
    assert!(shown.stderr.contains("bears a marker that this ledger does not know"), "{}", shown.stderr);
    let config = site.sandbox.read("keywright.yaml").replace("accounts:\n", "accounts:\n  own: { provider: keyring }\n");
    site.sandbox.write("keywright.yaml", &config);
    let manifest = site.sandbox.read("keys/pay.yaml");
    site.sandbox.write("keys/all.yaml", &manifest);
    site.sandbox.write("keys/pay.yaml", "account: own\nkeys: {}\n");
    let ran = site.sandbox.run(&["import", "pay", "--all", "--yes"]);
    assert!(ran.stderr.contains("`keys/pay.yaml` is a manifest of account `own`"), "{}", ran.stderr);
}
