//! Expressions: what is refused when they are read, what they say of a key, and that they reach nothing else.
use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::cel::kind::OBJECTS;
use super::expression::Evaluator;
use super::facts::{AccountFacts, JudgedKey, KeyFacts};
use super::{Expression, Judging, Policy, Written, WrittenKey};
use crate::diagnostics::Severity;
use crate::model::{DesiredKey, DesiredState, Expiry, Format, Position, Scope, Span};
use crate::plan::{AccessDiff, Action, Change, difference};
use crate::policy::{Check, Effect, Rule};
use crate::profile::Catalogue;

fn now() -> Timestamp {
    "2026-11-22T00:00:00Z".parse().expect("an instant")
}

fn catalogue() -> Catalogue {
    let spec = r#"{ "form": "x:[a-z:*]+", "wildcard": "prefix", "aliases": { "x:hooks:udpate": "x:hooks:update" }, "scopes": {
        "x:hooks:read": { "access": "read" },
        "x:hooks:update": { "access": "write", "tags": ["egress"], "why": "can repoint events" },
        "x:pay:send": { "access": "write", "tags": ["money"] } } }"#;
    Catalogue::new(serde_json::from_str(spec).expect("a catalogue")).expect("a catalogue")
}

fn key(scopes: &[&str], expiry: Expiry) -> DesiredKey {
    DesiredKey {
        address: "shop/one".parse().expect("an address"),
        declared_at: Position { file: "keys/shop.yaml".into(), line: 3, column: 3 },
        label: "One".into(),
        owner: Some("@acme/pay".into()),
        purpose: None,
        scopes: scopes.iter().map(|scope| Scope::from(*scope)).collect(),
        expiry,
        renew_before: Span::days(14),
        overlap: Span::hours(72),
        cooldown: Span::days(7),
        recipients: Arc::new(BTreeMap::from([("ops".to_owned(), vec!["age1a".to_owned(), "age1b".to_owned()])])),
        format: Format::Raw,
        state: DesiredState::Active,
        protect: false,
        review_every: None,
        unused_after: None,
        options: BTreeMap::new(),
        deliver: Vec::new(),
    }
}

fn change(access: AccessDiff) -> Change {
    Change {
        address: "shop/one".parse().expect("an address"),
        action: Action::Create,
        reason: String::new(),
        origin: None,
        generation: 1,
        generations: Default::default(),
        declared_at: None,
        before: None,
        after: None,
        access,
        words: Vec::new(),
        steps: Vec::new(),
        request: None,
        owner: None,
        notes: Vec::new(),
    }
}

/// What an expression says of a key that gains all its scopes.
fn says(text: &str, key: &DesiredKey) -> Result<bool, String> {
    let expression = Expression::compile(text).unwrap_or_else(|mistakes| panic!("{text}: {mistakes:?}"));
    let catalogue = catalogue();
    let change = change(difference(&catalogue, &Default::default(), &key.scopes));
    let account = AccountFacts { provider: "demo", environment: Some("live"), catalogue: &catalogue };
    let facts = KeyFacts::of(&JudgedKey { key, account, record: None, change: Some(&change), moved_out_of: None }, now());
    let evaluator = Evaluator::new([&expression].into_iter());
    let subject = evaluator.subject(&facts, &key.declared_at.file);
    evaluator.holds(&expression, &subject)
}

#[test]
fn expressions_see_the_key_and_its_access() {
    let rolling = key(&["x:hooks:*", "x:pay:send"], Expiry::Lifetime(Span::days(90)));
    let fixed = key(&["x:hooks:read"], Expiry::At("2027-01-31T23:59:59Z".parse().expect("an instant")));
    let endless = key(&["x:made:up"], Expiry::Never);
    for (text, on, expected) in [
        (r#"key.address == "shop/one" && key.account == account.name && key.name == "one""#, &rolling, true),
        (r#"key.provider == "demo" && account.environment == "live" && key.file.startsWith("keys/")"#, &rolling, true),
        (r#"key.owner.matches("^@acme/[a-z]+$") && key.purpose == "" && key.label.contains("On")"#, &rolling, true),
        (r#"key.scopes.exists(s, "money" in s.tags)"#, &rolling, true),
        (r#"key.scopes.exists(s, "money" in s.tags)"#, &fixed, false),
        (r#"key.scopes.all(s, s.known)"#, &endless, false),
        (r#"key.scopes.exists_one(s, s.open_ended)"#, &rolling, true),
        (r#"size(key.scopes) == 2 && size(access.gained) == 3 && access.lost.size() == 0"#, &rolling, true),
        (r#"access.gained.exists(s, s.name == "x:hooks:update" && s.risk == "high" && s.access == "write")"#, &rolling, true),
        (r#"size(access.gained.filter(s, s.risk in ["high", "critical"])) == 2"#, &rolling, true),
        (r#"key.scopes.map(s, s.name) == ["x:hooks:*", "x:pay:send"]"#, &rolling, true),
        ("key.lifetime <= days(90)", &rolling, true),
        (r#"key.lifetime <= duration("720h")"#, &rolling, false),
        ("key.lifetime < days(72) && key.lifetime > days(70)", &fixed, true),
        ("key.lifetime > days(36500)", &endless, true),
        (r#"key.expires == null || key.expires < date("2027-01-01")"#, &rolling, true),
        (r#"key.expires == null || key.expires < date("2027-01-01")"#, &fixed, false),
        (r#"key.expires < date("2027-02-01") && key.expires - now > days(60)"#, &fixed, true),
        (r#""ops" in key.recipients && size(key.public_keys) >= 2"#, &rolling, true),
        (r#"key.state == "active" && !key.protect && size(key.deliver) == 0"#, &rolling, true),
        ("!access.expiry_extended && access.recipients_added == []", &rolling, true),
        (r#"key.lifetime > days(30) ? key.overlap < days(7) : true"#, &rolling, true),
        ("key.renew_before + key.overlap < key.lifetime", &rolling, true),
        ("true", &rolling, true),
    ] {
        assert_eq!(says(text, on), Ok(expected), "{text}");
    }
}

#[test]
fn mistakes_are_found_when_a_rule_is_read_at_their_place() {
    for (text, at, message, help) in [
        ("key.scope == []", Some((4, 5)), "`key` has no field `scope`", Some("did you mean `scopes`?")),
        ("key.scopes.exists(s, s.rsk == \"high\")", Some((23, 3)), "`scope` has no field `rsk`", Some("did you mean `risk`?")),
        ("kye.owner == \"\"", Some((0, 3)), "there is no `kye`", Some("did you mean `key`?")),
        ("secret == \"\"", Some((0, 6)), "there is no `secret`", Some("there are: `key`, `access`, `account`, `now`")),
        ("key.scopes.exists(s, s.risk == \"hihg\")", None, "`hihg` is no word for risk", Some("did you mean `high`?")),
        ("key.scopes.exists(s, \"mony\" in s.tags)", None, "`mony` is no word for tag", Some("did you mean `money`?")),
        ("key.scopes.all(s, s.risk < \"high\")", None, "words for risk have no order: they would be compared letter by letter", None),
        (
            "key.lifetime < 90",
            None,
            "a length of time cannot be compared with a whole number",
            Some("write a length of time as `days(90)`"),
        ),
        ("key.expires < \"2027-01-01\"", None, "an instant cannot be compared with a text", Some("write a day as `date(\"2027-01-31\")`")),
        ("key.owner", None, "the expression is a text, and must be true or false", None),
        ("key.owner && true", None, "a text stands where true or false belongs", None),
        ("key.owner == 1", None, "a text is never the same as a whole number", None),
        ("date(\"2027-02-30\") < now", None, "`date` takes a day in quotes, such as `date(\"2027-01-31\")`", None),
        ("key.owner.matches(\"(\")", None, "`(` is no regular expression", None),
        ("key.owner.matches(key.label)", None, "the pattern of `matches` must stand in the rule, in quotes", None),
        ("key.scopes.contains(\"x\")", None, "`contains` looks into a text, and this is a list", None),
        ("key.scopes.name == \"x\"", None, "a list has no field `name`; each of its items has fields", None),
        ("open(\"/etc/passwd\") == \"\"", None, "there is no function `open`", None),
        ("key.owner + \"x\" == \"\"", None, "`+` does not work with a text and a text", None),
        ("key.scopes.map(s, s.tags) == []", None, "a list of lists is more than a rule needs", None),
        ("{\"a\": 1} == {}", None, "a rule has no use for a mapping", None),
        ("key.secret == \"\"", Some((4, 6)), "`key` has no field `secret`", None),
        ("account.credential == \"\"", None, "`account` has no field `credential`", None),
        ("b\"x\" == b\"x\"", None, "bytes are of no use here: nothing is compared with them", None),
    ] {
        let mistakes = Expression::compile(text).expect_err(text);
        assert_eq!(mistakes[0].message, message, "{text}");
        if at.is_some() {
            assert_eq!(mistakes[0].at, at, "{text}");
        }
        if help.is_some() {
            assert_eq!(mistakes[0].help.as_deref(), help, "{text}");
        }
    }
    for unreadable in ["", "key.", "key.owner ==", "(((", "1 +* 2", "key.owner = \"x\""] {
        let mistakes = Expression::compile(unreadable).expect_err(unreadable);
        assert!(mistakes[0].message.starts_with("the expression cannot be read"), "{unreadable}: {mistakes:?}");
    }
    let lists = Expression::compile("key.scopes.map(s, s.tags) == []").expect_err("lists");
    assert_eq!(lists.len(), 1, "what is made of them is not told: {lists:?}");
    let long = format!("{} == 0", "1 + ".repeat(2000));
    assert_eq!(Expression::compile(&long).expect_err("too long")[0].message, "the expression has 8005 bytes, and at most 4096 are read");
}

/// Whatever a text says, reading it ends and never panics.
#[test]
fn no_text_is_too_much() {
    let bounded = |text: String| text.chars().take(4000).collect::<String>();
    for hostile in
        ["(", "!", "-", "[", "{", "1+", "a.", "a?", "\"", "key.scopes.exists(a,", "true&&&", "x(", "\u{202e}", "'''", "[1].map(a, a+a)."]
    {
        assert!(Expression::compile(&bounded(hostile.repeat(2000))).is_err(), "{hostile}");
    }
    let deep = format!("{}key.protect{}", "!(".repeat(30), ")".repeat(30));
    assert_eq!(says(&deep, &key(&["x:hooks:read"], Expiry::Never)), Ok(false));
    let wide = vec!["key.protect"; 150].join(" || ");
    assert_eq!(says(&wide, &key(&["x:hooks:read"], Expiry::Never)), Ok(false));
}

#[test]
fn what_would_take_long_is_not_begun() {
    let nested = "key.scopes.all(a, key.scopes.all(b, key.scopes.all(c, a.name != b.name || c.known)))";
    let few = key(&["x:hooks:read", "x:pay:send"], Expiry::Never);
    assert_eq!(says(nested, &few), Ok(true));
    let words: Vec<String> = (0..200).map(|n| format!("x:{}{}", char::from(b'a' + (n % 26) as u8), "b".repeat(n / 26 + 1))).collect();
    let many = key(&words.iter().map(String::as_str).collect::<Vec<_>>(), Expiry::Never);
    assert_eq!(says(nested, &many), Err("it would take too many steps".to_owned()));
    let deeper = "key.scopes.all(a, key.scopes.all(b, key.scopes.all(c, key.scopes.all(d, d.known))))";
    assert!(Expression::compile(deeper).expect_err("too deep")[0].message.starts_with("more than three loops"));
}

/// Every field of the one list has a value of its kind, and there are no others.
#[test]
fn the_list_of_fields_is_whole() {
    let one = key(&["x:hooks:*"], Expiry::At("2027-01-31T23:59:59Z".parse().expect("an instant")));
    for (object, fields) in OBJECTS {
        for (field, kind, _) in *fields {
            let path = if *object == "scope" { format!("s.{field}") } else { format!("{object}.{field}") };
            let test = match *kind {
                "bool" => format!("({path} || !{path})"),
                "duration" => format!("{path} > days(-1)"),
                "timestamp or null" => format!("{path} > date(\"1970-01-01\")"),
                list if list.starts_with("list of ") => format!("size({path}) >= 0"),
                _ => format!("size({path}) >= 0"),
            };
            let test = if *object == "scope" { format!("key.scopes.all(s, {test})") } else { test };
            assert_eq!(says(&test, &one), Ok(true), "{test}");
        }
    }
}

struct Nothing;

impl Written for Nothing {
    fn key(&self, _: &DesiredKey) -> Option<WrittenKey> {
        None
    }
}

fn judge(policy: &Policy, keys: &[DesiredKey]) -> Vec<crate::diagnostics::Diagnostic> {
    let catalogue = catalogue();
    let account = AccountFacts { provider: "demo", environment: None, catalogue: &catalogue };
    let keys = keys.iter().map(|key| JudgedKey { key, account, record: None, change: None, moved_out_of: None }).collect();
    policy.judge(&Judging { now: now(), base: Some("origin/main"), keys, all: true, written: &Nothing })
}

fn rule(effect: Effect, check: &str) -> Rule {
    let at = Position { file: "keywright.yaml".into(), line: 27, column: 5 };
    let expression = Expression::compile(check).expect(check);
    let (accounts, paths) = (Vec::new(), Vec::new());
    Rule { name: Some("r".into()), effect, accounts, paths, when: None, checks: vec![(Check::Require(expression), at)], message: None }
}

#[test]
fn what_cannot_be_evaluated_counts_as_broken() {
    let keys = [key(&["x:hooks:read"], Expiry::Never)];
    for (effect, severity) in [(Effect::Deny, Severity::Error), (Effect::Warn, Severity::Warning)] {
        for text in ["key.expires < date(\"2027-01-01\")", "1 / size(key.deliver) > 0", "days(9223372036854775807) > key.lifetime"] {
            let verdicts = judge(&Policy { file: "keywright.yaml".into(), rules: vec![rule(effect, text)], waivers: Vec::new() }, &keys);
            let [verdict] = &verdicts[..] else { panic!("{text}: {verdicts:?}") };
            assert_eq!((verdict.code.as_str(), verdict.severity), ("policy/rule-failed", severity), "{text}");
            assert!(verdict.message.contains("which counts as broken"), "{}", verdict.message);
            assert_eq!(verdict.notes[1], "policy: keywright.yaml:27 at origin/main (`r`)");
        }
    }
}

/// Ten thousand keys and ten rules: same verdicts each time, and all of them.
#[test]
fn ten_thousand_keys() {
    let keys: Vec<DesiredKey> = (0..10_000_u32)
        .map(|n| {
            let mut key = key(&["x:hooks:*", "x:pay:send", "x:hooks:read"], Expiry::Lifetime(Span::days(u64::from(n % 100) + 1)));
            key.address = format!("shop/k{n}").parse().expect("an address");
            key
        })
        .collect();
    let texts = [
        "key.lifetime <= days(99)",
        r#"key.scopes.exists(s, "money" in s.tags)"#,
        r#"key.owner.matches("^@acme/[a-z]+$")"#,
        r#"key.scopes.all(s, s.known || s.risk != "critical")"#,
        "size(key.public_keys) >= 2",
        r#"key.file.startsWith("keys/")"#,
        "key.expires == null",
        "!access.expiry_extended",
        r#"access.gained.all(s, s.risk in ["low", "medium"])"#,
        r#"key.environment == "" && account.provider == "demo""#,
    ];
    let policy = Policy { file: "keywright.yaml".into(), rules: texts.map(|text| rule(Effect::Deny, text)).into(), waivers: Vec::new() };
    let verdicts = judge(&policy, &keys);
    assert_eq!(verdicts.len(), 100, "every hundredth key lives too long: {:?}", verdicts.first());
    assert_eq!(verdicts[..1], judge(&policy, &keys[..100])[..]);
}
