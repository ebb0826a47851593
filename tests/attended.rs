//! Keys that a person makes, from the plan to the revocation, against emulators of Brex and BrynQ.
#[path = "../examples/finance-emulator/server.rs"]
mod finance;
#[path = "attended/refusals.rs"]
mod refusals;
#[path = "command/sandbox.rs"]
mod sandbox;
#[path = "attended/site.rs"]
mod site;
#[path = "attended/trials.rs"]
mod trials;
#[path = "attended/written.rs"]
mod written;

use finance::brynq::Form;
use site::{Site, days};

const PAYVY: &str = "  payvy: { label: Payvy Integration, owner: \"@acme/finance\", scopes: [transfers.readonly, vendors.readonly] }\n";
const FEWEST: [&str; 2] = ["transfers.readonly", "vendors.readonly"];

/// A site with one token made, taken over and in use.
pub fn made() -> (Site, String) {
    let site = Site::new();
    site.declare("brex", PAYVY);
    site.apply();
    let token = site.make(&FEWEST);
    site.fulfil("brex/payvy", &token).exits(0);
    (site, token)
}

#[test]
fn a_token_named_payvy_integration_from_the_first_plan_to_the_revocation() {
    let mut site = Site::new();
    site.declare("brex", PAYVY);

    // The plan shows what a person will do, and CI can tell.
    let unopened = site.plan();
    assert_eq!((unopened["changes"][0]["action"].as_str(), unopened["summary"]["attended"].as_u64()), (Some("attended"), Some(1)));
    assert_eq!(unopened["attended"][0].get("label"), None, "the name follows");
    site.run(&["plan", "--detailed-exitcode"]).exits(2).shows("(the whole name");
    site.refuses(&["fulfil", "brex/payvy"], Some("bxt_abcdefghijklmnop"), 1).says("fulfil/not-open");

    // Apply opens it, says the exact name, and has nothing more to do.
    let opened = site.run(&["apply", "--yes", "--detailed-exitcode"]).exits(2);
    let name = site.name();
    assert!(name.starts_with("Payvy Integration kw-"), "{name}");
    assert!(opened.stderr.contains("brex: brex/payvy: ready for a person\n"), "{}", opened.stderr);
    assert!(opened.stdout.contains(&format!("choose Create Token, and type the name `{name}`")), "{}", opened.stdout);
    for words in [
        "Transfers: read (`transfers.readonly`); Vendors: read (`vendors.readonly`)",
        "about 3 minutes, @acme/finance",
        "https://dashboard.brex.com/settings/developer",
        "then `keywright fulfil brex/payvy`",
        "Applied: 0 created, 0 edited, 0 rotated, 0 disabled, 1 opened for a person.",
    ] {
        // Lines break where the terminal ends.
        let text = opened.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(words), "{words}\n{}", opened.stdout);
    }
    let before = site.tree();
    site.apply();
    assert!(before == site.tree() && site.name() == name, "it is opened once");
    assert_eq!(site.run(&["apply", "--yes", "--detailed-exitcode"]).exit, 2, "it is still open");

    // The person makes the token, and hands it over as it was copied.
    let token = site.make(&FEWEST);
    site.fulfil("brex/payvy", &format!("\n  \"{token}\" \r\n")).exits(0).shows("tried, sealed and published");
    assert_eq!(site.opened("brex/payvy"), token);
    site.is_settled();

    // In time it is rotated; the old one goes on until the overlap has passed.
    site.pass(days(52));
    assert_eq!(site.step()["kind"], "rotate");
    site.apply();
    let next = site.make(&FEWEST);
    site.run_with(&["fulfil", "brex/payvy", "-i", "~/ops.txt"], Some(&next)).exits(0);
    assert_eq!(site.opened("brex/payvy"), next);
    site.is_settled();
    site.pass(days(3));
    let revoke = site.step();
    assert_eq!((revoke["kind"].as_str(), revoke["label"].as_str()), (Some("revoke"), Some(name.as_str())));
    site.apply();
    assert_eq!(site.step(), revoke, "it is remembered until it is confirmed");
    assert!(site.finance.brex.revoke(&token));
    // Its secret has made way for the next: nothing can be tried, even with an identity. The ledger says so, and one plan.
    let ran =
        site.run(&["fulfil", "brex/payvy", "--revoked", "-i", "~/ops.txt"]).exits(0).says("taken on your word; there is nothing to try");
    assert!(ran.stdout.contains("(generation 1, unproven)"), "{}", ran.stdout);
    assert!(site.sandbox.read("ledger/brex/payvy.yaml").contains("unproven: true"));
    site.run(&["show", "brex/payvy"]).exits(0).shows("on a person's word: no call has shown it");
    site.run(&["plan"]).exits(0).shows("plan/unproven").shows(&name);
    site.apply();
    assert!(!site.run(&["plan"]).stdout.contains("plan/unproven"), "it is said once");
    site.is_settled();
    assert!(!site.sandbox.read("ledger/brex/payvy.yaml").contains(&name), "nobody needs its record any more");
}

#[test]
fn other_scopes_ask_for_another_token() {
    let (site, token) = made();
    site.declare("brex", &PAYVY.replace("transfers.readonly, ", ""));
    let plan = site.plan();
    let change = &plan["changes"][0];
    assert_eq!(
        (change["action"].as_str(), change["reason"].as_str()),
        (Some("attended"), Some("replace: scopes differ; `scopes` cannot be edited in place"))
    );
    assert_eq!(change["access"]["lost"][0]["scope"], "transfers.readonly");
    site.apply();
    let next = site.make(&["vendors.readonly"]);
    site.fulfil("brex/payvy", &next).exits(0);
    assert_eq!(site.opened("brex/payvy"), next);
    assert_ne!(next, token);
    site.is_settled();
    // What every token has without asking, and a tier's name, are no difference.
    site.declare("brex", &PAYVY.replace("transfers.readonly, ", "openid, "));
    site.is_settled();
}

#[test]
fn what_is_removed_is_revoked_and_proven_dead() {
    let (site, token) = made();
    site.declare("brex", "");
    assert_eq!(site.step()["kind"], "revoke");
    site.refuses(&["fulfil", "brex/payvy", "--revoked", "-i", "~/ops.txt"], None, 1).says("still works");
    assert!(site.finance.brex.revoke(&token));
    let ran = site.run(&["fulfil", "brex/payvy", "--revoked", "-i", "~/ops.txt"]).exits(0);
    assert!(ran.stderr.contains("is refused: it is dead") && !ran.stdout.contains("unproven"), "{}", ran.stderr);
    assert!(!site.sandbox.exists("ledger/brex/payvy.yaml") && !site.sandbox.exists("secrets/brex/payvy.age"));
    site.is_settled();
}

#[test]
fn what_other_commands_make_of_a_key_that_a_person_makes() {
    let (site, _) = made();
    site.refuses(&["import", "brex", "--all", "--yes"], None, 1).says("import/not-adoptable").says("keywright fulfil");
    let listed = |site: &Site| -> serde_json::Value {
        serde_json::from_str(&site.run(&["list", "--live", "-o", "json"]).exits(0).stdout).expect("an inventory is JSON")
    };
    let all = listed(&site);
    assert_eq!((all["accounts"]["brex"]["listing"].as_str(), all["keys"][0]["state"].as_str()), (Some("attended"), Some("active")));
    assert_eq!(all["keys"][0].get("observed"), None, "nothing is shown there");

    // A rotation that a person asks for is opened once, and ends the old one at once when that is compromised.
    site.run(&["apply", "--yes", "--rotate", "brex/payvy", "--compromised"]).exits(0);
    assert_eq!(site.plan()["changes"][0]["reason"], "rotate: compromised");
    let before = site.tree();
    site.run(&["apply", "--yes", "--rotate", "brex/payvy"]).exits(0).shows("plan/rotation-open");
    assert!(before == site.tree(), "asking twice opens one");
    let next = site.make(&FEWEST);
    site.fulfil("brex/payvy", &next).exits(0);
    assert_eq!(site.step()["kind"], "revoke");
    site.run(&["fulfil", "brex/payvy", "--revoked"]).exits(0);
    site.apply();

    // It gets another address, and keeps its name and its secret.
    let moved = format!("{}moved:\n  - {{ from: brex/payvy, to: brex/payments }}\n", PAYVY.replace("  payvy:", "  payments:"));
    site.declare("brex", &moved);
    site.run(&["apply", "--yes"]).exits(0);
    assert_eq!(site.opened("brex/payments"), next);
    site.is_settled();
    site.declare("brex", &format!("  fresh: {{ owner: a, scopes: [vendors.readonly] }}\n{moved}"));
    site.apply();
    assert_eq!(listed(&site)["keys"][0]["state"], "attended", "it is open");
}

#[test]
fn a_revocation_that_nobody_could_try_is_recorded_as_a_word() {
    let (site, token) = made();
    site.declare("brex", "");
    assert!(site.finance.brex.revoke(&token));
    site.run(&["fulfil", "brex/payvy", "--revoked"]).exits(0).says("`-i IDENTITY` would prove it").shows("unproven");
    site.run(&["plan"]).exits(0).shows("plan/unproven");
    site.apply();
    assert!(!site.sandbox.exists("ledger/brex/payvy.yaml") && !site.sandbox.exists("secrets/brex/payvy.age"));
    site.is_settled();
}

#[test]
fn one_word_is_taken_for_one_revocation() {
    let (mut site, first) = made();
    let rotate = |site: &Site| {
        site.run(&["apply", "--yes", "--rotate", "brex/payvy"]).exits(0);
        let token = site.make(&FEWEST);
        site.fulfil("brex/payvy", &token).exits(0);
        token
    };
    let second = rotate(&site);
    site.pass(days(4));
    let command = site.step()["command"].clone();
    assert_eq!(command, "keywright fulfil brex/payvy --revoked --generation 1");
    // Before the person comes to it, another one is due.
    site.run(&["apply", "--yes", "--rotate", "brex/payvy"]).exits(0);
    let name = site.plan()["attended"][0]["label"].as_str().expect("a name").to_owned();
    let third = site.finance.brex.create_token(&name, FEWEST);
    site.fulfil("brex/payvy", &third).exits(0);
    site.pass(days(4));
    assert!(site.finance.brex.revoke(&first));
    site.refuses(&["fulfil", "brex/payvy", "--revoked"], None, 1).says("the generations 1, 2").says("`--generation`");
    site.run(&["fulfil", "brex/payvy", "--revoked", "--generation", "1"]).exits(0);
    site.apply();
    assert_eq!(site.step()["generation"], 2, "it lives, and nobody has said otherwise");
    assert!(site.finance.brex.token(&second).is_some_and(|token| !token.revoked));
}

#[test]
fn a_disabled_key_is_kept_and_made_anew_when_it_is_wanted_again() {
    let (site, token) = made();
    site.declare("brex", &PAYVY.replace("scopes:", "state: disabled, scopes:"));
    assert_eq!(site.step()["kind"], "revoke");
    assert!(site.finance.brex.revoke(&token));
    site.run(&["fulfil", "brex/payvy", "--revoked"]).exits(0);
    site.is_settled();
    site.declare("brex", PAYVY);
    site.apply();
    let next = site.make(&FEWEST);
    site.fulfil("brex/payvy", &next).exits(0);
    assert_eq!(site.opened("brex/payvy"), next);
    site.apply();
    site.is_settled();
}

#[test]
fn an_open_step_that_is_not_wanted_any_more_may_have_been_done() {
    let site = Site::new();
    site.declare("brex", PAYVY);
    site.apply();
    site.declare("brex", "");
    let step = site.step();
    assert!(step["title"].as_str().is_some_and(|title| title.ends_with("if it was made")), "{step}");
    site.refuses(&["fulfil", "brex/payvy"], Some("bxt_abcdefghijklmnop"), 1).says("fulfil/not-open");
    site.run(&["fulfil", "brex/payvy", "--revoked"]).exits(0);
    assert!(!site.sandbox.exists("ledger/brex/payvy.yaml"));
    site.is_settled();
}

#[test]
fn a_tier_means_exactly_its_scopes() {
    let site = Site::new();
    site.declare("brex", "  reader: { scopes: [read-only] }\n");
    site.apply();
    let plan = site.plan();
    assert_eq!(plan["changes"][0]["access"]["gained"].as_array().map(Vec::len), Some(23));
    assert_eq!(plan["changes"][0]["access"]["open_ended"], serde_json::json!([]));
    let scopes: Vec<String> = plan["changes"][0]["after"]["scopes"]
        .as_array()
        .expect("scopes")
        .iter()
        .map(|scope| scope.as_str().expect("a text").to_owned())
        .collect();
    let token = site.make(&scopes.iter().map(String::as_str).collect::<Vec<_>>());
    site.fulfil("brex/reader", &token).exits(0);
    site.is_settled();
}

#[test]
fn a_rotation_that_was_asked_for_can_be_taken_back() {
    let (site, token) = made();
    site.refuses(&["fulfil", "brex/payvy", "--withdraw"], None, 1).says("fulfil/not-open");
    site.run(&["apply", "--yes", "--rotate", "brex/payvy"]).exits(0);
    assert_eq!(site.plan()["changes"][0]["reason"], "rotate: asked for");
    site.run(&["fulfil", "brex/payvy", "--withdraw"]).exits(0).shows("the request is taken back").shows("Payvy Integration kw-");
    assert_eq!(site.opened("brex/payvy"), token);
    site.is_settled();
    site.refuses(&["fulfil", "brex/payvy"], Some("bxt_abcdefghijklmnop"), 1).says("fulfil/not-open");
    // It can be asked for again.
    site.run(&["apply", "--yes", "--rotate", "brex/payvy"]).exits(0);
    let next = site.make(&FEWEST);
    site.fulfil("brex/payvy", &next).exits(0);
    assert_eq!(site.opened("brex/payvy"), next);
}

#[test]
fn brynq_gives_page_rights_and_takes_an_end() {
    for params in ["domain: acme", "auth: salure, customer: acme"] {
        let mut site = Site::new();
        site.configure(params);
        site.declare("brynq", "  export: { label: Payroll export, lifetime: 90d, scopes: [Employees, \"Interfaces overview\"], options: { clients: [acme-nl] } }\n");
        site.run(&["check"]).exits(0).shows("manifest/unlisted-scope");
        site.apply();
        let plan = site.plan();
        let gained = plan["changes"][0]["access"]["gained"].as_array().expect("scopes").clone();
        let risks: Vec<(&str, &str)> =
            gained.iter().map(|entry| (entry["scope"].as_str().expect("a text"), entry["risk"].as_str().expect("a text"))).collect();
        assert_eq!(risks, [("Interfaces overview", "critical"), ("Employees", "medium")]);
        let steps = plan["attended"][0]["steps"].to_string();
        for words in ["`Employees`, `Interfaces overview`", "under clients choose exactly: `acme-nl`", "set the end to "] {
            assert!(steps.contains(words), "{words}: {steps}");
        }
        let form = Form { pages: vec!["Employees".to_owned()], clients: vec!["acme-nl".to_owned()], ..Form::default() };
        let token = site.make_at_brynq(form);
        let day = (jiff::Timestamp::now() + days(60)).strftime("%Y-%m-%d").to_string();
        site.run_with(&["fulfil", "brynq/export", "--expires", &day], Some(&token)).exits(0);
        assert_eq!(site.opened("brynq/export"), token);
        site.is_settled();
        site.run(&["verify", "-i", "~/ops.txt"]).exits(0).shows("alive");
        // It is rotated before the end that the person chose, and the inventory knows.
        let listed: serde_json::Value = serde_json::from_str(&site.run(&["list", "-o", "json"]).stdout).expect("JSON");
        let rotates = listed["keys"][0]["rotates_at"].as_str().expect("a rotation").parse::<jiff::Timestamp>().expect("an instant");
        assert!(rotates < jiff::Timestamp::now() + days(50), "{listed}");
        site.pass(days(50));
        assert_eq!(site.step()["kind"], "rotate");
        assert!(site.finance.brynq.avoided_calls().is_empty());
    }
}
