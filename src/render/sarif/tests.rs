//! The log fits the published schema of SARIF 2.1.0, and says what the findings say.
use serde_json::Value;

use super::*;
use crate::diagnostics::Severity;
use crate::render::patch::samples::open_ended;
use crate::render::plan_text::samples;

/// Reads a log, and holds it against the schema that the standard publishes.
fn valid(text: &str) -> Value {
    let schema: Value = serde_json::from_str(include_str!("sarif-2.1.0.schema.json")).expect("JSON");
    let validator = jsonschema::options().should_validate_formats(true).build(&schema).expect("a schema");
    let log: Value = serde_json::from_str(text).expect("JSON");
    let errors: Vec<String> = validator.iter_errors(&log).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:?}");
    log
}

#[test]
fn a_plan_is_a_valid_log() {
    let log = valid(&plan_sarif(&samples::plan(), &Setting::new("infra/keys")));
    let run = &log["runs"][0];
    let (results, rules) = (run["results"].as_array().expect("results"), run["tool"]["driver"]["rules"].as_array().expect("rules"));
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().expect("an index")).expect("small");
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert!(result["partialFingerprints"]["keywright/v1"].as_str().is_some_and(|print| print.len() == 32));
    }
    let first = results.iter().find(|result| result["ruleId"] == "access/high").expect("a high risk");
    assert_eq!(first["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "infra/keys/keys/pay.yaml");
    assert_eq!(first["locations"][0]["physicalLocation"]["region"]["startLine"], 31);
    assert!(first["message"]["text"].as_str().is_some_and(|text| text.contains("can repoint payment events")), "{first}");
    assert_eq!(run["automationDetails"]["id"], "keywright/infra/keys/");
}

#[test]
fn a_schema_that_refuses_nothing_would_prove_nothing() {
    let text = plan_sarif(&samples::plan(), &Setting::default()).replace("\"startLine\"", "\"firstLine\"");
    assert!(std::panic::catch_unwind(|| valid(&text)).is_err());
}

#[test]
fn a_replacement_is_a_fix() {
    let log = valid(&problems_sarif(&[open_ended()], &Setting::default()));
    let result = &log["runs"][0]["results"][0];
    assert_eq!((&result["level"], &result["ruleId"]), (&Value::from("error"), &Value::from(open_ended().code.as_str())));
    let replacement = &result["fixes"][0]["artifactChanges"][0]["replacements"][0];
    assert_eq!(replacement["deletedRegion"], serde_json::json!({ "startLine": 34, "startColumn": 16, "endColumn": 32 }));
    assert_eq!(replacement["insertedContent"]["text"], "pcx:webhooks:create, pcx:webhooks:read");
    let rule = &log["runs"][0]["tool"]["driver"]["rules"][0];
    assert!(rule["help"]["markdown"].as_str().is_some_and(|page| page == open_ended().code.page()));
}

#[test]
fn what_belongs_to_no_file_belongs_to_the_configuration() {
    let nowhere = Located { file: None, line: None, column: None, length: 0, severity: Severity::Note, ..open_ended() };
    let log = valid(&problems_sarif(&[nowhere], &Setting::new("infra/keys")));
    let place = &log["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "infra/keys/keywright.yaml");
    assert_eq!(place["region"], serde_json::json!({ "startLine": 1 }));
    valid(&problems_sarif(&[], &Setting::default()));
}

#[test]
fn every_result_has_a_place() {
    let mut plan = crate::plan::rich::plan();
    for code in [Code::PlanOffline, Code::PlanAssumed, Code::PlanDegraded] {
        plan.diagnostics.push(Located { code, file: None, line: None, column: None, length: 0, ..open_ended() });
    }
    let log = valid(&plan_sarif(&plan, &Setting::default()));
    let results = log["runs"][0]["results"].as_array().expect("results");
    let placed = |result: &&Value| result["locations"][0]["physicalLocation"]["region"]["startLine"].as_u64().is_some_and(|line| line > 0);
    assert_eq!(results.iter().filter(placed).count(), results.len());
    for rule in ["plan/offline", "plan/assumed", "plan/degraded"] {
        assert!(results.iter().any(|result| result["ruleId"] == rule), "{rule}");
    }
}

#[test]
fn hostile_text_stays_text() {
    let evil = "[x](javascript:alert(1))\u{1b}[2J\n##[add-mask]x";
    let hostile =
        Located { message: evil.to_owned(), help: Some(evil.to_owned()), file: Some("keys/a b\u{202e}%.yaml".into()), ..open_ended() };
    let text = problems_sarif(&[hostile], &Setting::default());
    valid(&text);
    assert!(!text.contains("](") || text.matches("](").count() == text.matches("\\\\](").count(), "{text}");
    assert!(!text.contains("##[") && !text.contains('\u{1b}'), "{text}");
    assert!(text.contains("keys/a%20b%E2%80%AE%25.yaml"), "{text}");
}
