//! Keys that nobody uses, at a provider that tells: PayConex's change time stands in for a last use. And reviews, which ask no provider.
use jiff::SignedDuration;

use crate::emulator::Config;
use crate::site::Site;

const DAY: i64 = 24;

/// A site whose profile tells last use.
fn telling() -> Site {
    let site = Site::new(Config::default());
    let profile = include_str!("../../src/profiles/payconex.yaml");
    let created = "      created: { at: /createdAt, as: rfc3339 }\n";
    assert_eq!((profile.matches(created).count(), profile.matches("\ncapabilities:\n").count()), (1, 1));
    let profile = profile.replace(created, &format!("{created}      last_used: {{ at: /updatedAt, as: rfc3339 }}\n"));
    site.sandbox.write("providers/payconex.yaml", &profile.replace("\ncapabilities:\n", "\ncapabilities:\n  last_used: true\n"));
    site.declare("  billing:\n    label: Billing webhooks\n    scopes: [pcx:webhooks:read]\n    expires: never\n    unused_after: 30d\n    review_every: 40d\n");
    site.settle();
    site
}

#[test]
fn an_unused_key_is_reported_with_the_change_that_disables_it() {
    let mut site = telling();
    let change = "    +    state: disabled\n";
    site.after(SignedDuration::from_hours(29 * DAY));
    assert!(!site.refuses(&["plan"], 0).stdout.contains("unused"));
    site.after(SignedDuration::from_hours(31 * DAY));
    for command in [["plan"].as_slice(), &["list", "--live"]] {
        let ran = site.refuses(command, 0);
        assert!(ran.stdout.contains("\nunused   1 key\n  pay/billing  last used ") && ran.stdout.contains(change), "{}", ran.stdout);
    }
    for command in [["plan", "--offline"].as_slice(), &["list"]] {
        assert!(!site.refuses(command, 0).stdout.contains("unused"), "without the provider nothing is known");
    }
    let json: serde_json::Value = serde_json::from_str(&site.refuses(&["list", "--live", "-o", "json"], 0).stdout).expect("JSON");
    let (account, key) = (&json["accounts"]["pay"], &json["keys"][0]);
    assert_eq!((&account["listing"], &account["tells_last_use"], &key["observed"]), (&"complete".into(), &true.into(), &"live".into()));
    assert!(key["unused_since"].is_string() && key["unused_since"] == key["last_used_at"], "{key}");
    assert!(key["disable_change"].as_str().is_some_and(|diff| diff.starts_with("--- a/keys/pay.yaml\n+++ b/keys/pay.yaml\n@@ ")), "{key}");

    let text = site.sandbox.read("keys/pay.yaml").replace("    scopes:", "    state: disabled\n    scopes:");
    site.sandbox.write("keys/pay.yaml", &text);
    site.settle();
    assert_eq!(site.live().len(), 0);
    assert!(!site.refuses(&["list", "--live"], 0).stdout.contains("unused"));
}

#[test]
fn an_unavailable_account_keeps_its_rows() {
    let mut site = telling();
    site.sandbox.environment.remove("PAYCONEX_ADMIN_KEY");
    let ran = site.refuses(&["list", "--live"], 4);
    assert!(ran.stdout.contains("pay/billing") && ran.stderr.contains("account `pay` cannot be read"), "{}{}", ran.stdout, ran.stderr);
    let json: serde_json::Value = serde_json::from_str(&site.refuses(&["list", "--live", "-o", "json"], 4).stdout).expect("JSON");
    assert_eq!((&json["accounts"]["pay"]["listing"], &json["keys"][0]["observed"]), (&"unavailable".into(), &"unavailable".into()));
    site.refuses(&["list"], 0);
}

#[test]
fn a_review_asks_no_provider() {
    let mut site = telling();
    site.after(SignedDuration::from_hours(41 * DAY));
    let (requests, keys) = (site.emulator.requests().len(), site.emulator.keys());
    site.sandbox.environment.remove("PAYCONEX_ADMIN_KEY");
    site.sandbox.run(&["review", "--confirm", "pay/billing", "--by", "Ada"]).exits(0).shows("Reviewed: 1 key confirmed by Ada.");
    site.sandbox.run(&["review"]).exits(0).shows("no review is due");
    site.sandbox.run(&["list", "-o", "csv=keys.csv", "-o", "ics=keys.ics", "-o", "json=keys.json"]).exits(0);
    let csv = site.sandbox.read("keys.csv");
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let by = reader.headers().expect("a header").iter().position(|column| column == "reviewed_by").expect("a column");
    let rows: Vec<csv::StringRecord> = reader.records().map(|row| row.expect("a row")).collect();
    assert_eq!((rows.len(), &rows[0][0], &rows[0][by]), (1, "pay/billing", "Ada"));
    let calendar: icalendar::Calendar = site.sandbox.read("keys.ics").parse().expect("a calendar");
    assert_eq!(calendar.components.len(), 1, "the next review");
    let json: serde_json::Value = serde_json::from_str(&site.sandbox.read("keys.json")).expect("JSON");
    let schema = keywright::render::schema("inventory").expect("a schema");
    let validator = jsonschema::draft202012::new(&serde_json::from_str(&schema).expect("JSON")).expect("a schema");
    assert!(validator.is_valid(&json), "{json}");
    assert_eq!((site.emulator.requests().len(), site.emulator.keys()), (requests, keys));
    assert_eq!(site.record("billing").reviewed.expect("reviewed").by, "Ada");
}
