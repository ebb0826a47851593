//! Findings as GitLab's code quality report.
use serde::Serialize;

use super::findings::{Finding, Level, of_diagnostics, of_plan};
use super::setting::Setting;
use crate::diagnostics::Located;
use crate::plan::Plan;

#[derive(Serialize)]
struct Issue<'f> {
    description: String,
    check_name: &'f str,
    fingerprint: &'f str,
    /// `blocker`, `critical`, `major`, `minor` or `info`.
    severity: &'static str,
    location: Location<'f>,
}

#[derive(Serialize)]
struct Location<'f> {
    path: &'f str,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: u32,
}

/// The report of a plan.
pub fn plan_codequality(plan: &Plan, setting: &Setting) -> String {
    report(&of_plan(plan, setting), setting)
}

/// The report of a run that made no plan.
pub fn problems_codequality(diagnostics: &[Located], setting: &Setting) -> String {
    report(&of_diagnostics(diagnostics, setting), setting)
}

fn report(findings: &[Finding], setting: &Setting) -> String {
    // An issue must have a place; what belongs to no file belongs to the configuration.
    let usual = setting.path("keywright.yaml");
    let issue = |finding: &'_ Finding| -> (String, &'static str) {
        let help = finding.help.as_deref().map(|help| format!("; {help}")).unwrap_or_default();
        (format!("{}{help}", finding.message), severity(finding))
    };
    let issues: Vec<Issue> = findings
        .iter()
        .map(|finding| {
            let (description, severity) = issue(finding);
            let path = finding.file.as_deref().unwrap_or(&usual);
            let location = Location { path, lines: Lines { begin: finding.line } };
            Issue { description, check_name: finding.rule, fingerprint: &finding.fingerprint, severity, location }
        })
        .collect();
    super::json(&issues)
}

fn severity(finding: &Finding) -> &'static str {
    match (finding.rule, finding.level) {
        (_, Level::Error) => "blocker",
        ("access/critical", _) => "critical",
        (_, Level::Warning) => "major",
        ("access/medium", _) => "minor",
        (_, Level::Note) => "info",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::patch::samples::open_ended;
    use crate::render::plan_text::samples;
    use serde_json::Value;

    fn read(text: &str) -> Vec<Value> {
        serde_json::from_str(text).expect("JSON")
    }

    #[test]
    fn every_issue_has_what_gitlab_asks_for() {
        let issues = read(&plan_codequality(&samples::plan(), &Setting::new("infra")));
        assert!(issues.len() > 4);
        for issue in &issues {
            assert!(issue["description"].is_string() && issue["check_name"].is_string(), "{issue}");
            assert!(["blocker", "critical", "major", "minor", "info"].contains(&issue["severity"].as_str().expect("text")), "{issue}");
            assert!(issue["location"]["path"].as_str().expect("a path").starts_with("infra/"), "{issue}");
            assert!(issue["location"]["lines"]["begin"].as_u64().expect("a line") >= 1, "{issue}");
        }
        let distinct: std::collections::BTreeSet<&str> = issues.iter().filter_map(|issue| issue["fingerprint"].as_str()).collect();
        assert_eq!(distinct.len(), issues.len(), "fingerprints are unique");
        assert_eq!(issues[0]["severity"], "critical", "most severe first: {}", issues[0]);
    }

    #[test]
    fn fingerprints_survive_moved_lines() {
        let setting = Setting::default();
        let fingerprints = |diagnostics: &[Located]| -> Vec<Value> {
            read(&problems_codequality(diagnostics, &setting)).into_iter().map(|issue| issue["fingerprint"].clone()).collect()
        };
        let (one, moved) = (open_ended(), Located { line: Some(90), column: Some(2), ..open_ended() });
        let twins = fingerprints(&[one.clone(), moved.clone()]);
        assert_ne!(twins[0], twins[1], "two of the same are two");
        assert_eq!(fingerprints(&[one]), fingerprints(&[moved]));
        assert_ne!(fingerprints(&[open_ended()]), fingerprints(&[Located { message: "else".to_owned(), ..open_ended() }]));
    }
}
