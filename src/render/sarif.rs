//! Findings as SARIF 2.1.0, for code scanning.
mod shape;

use std::collections::BTreeMap;

use super::findings::{ACCESS_RULES, DRIFT_RULE, Finding, Level, of_diagnostics, of_plan};
use super::setting::Setting;
use crate::diagnostics::{Code, Located};
use crate::model::Risk;
use crate::plan::Plan;
use shape::*;

/// The log of a plan.
pub fn plan_sarif(plan: &Plan, setting: &Setting) -> String {
    log(&of_plan(plan, setting), setting)
}

/// The log of a run that made no plan, or of `check`.
pub fn problems_sarif(diagnostics: &[Located], setting: &Setting) -> String {
    log(&of_diagnostics(diagnostics, setting), setting)
}

fn log(findings: &[Finding], setting: &Setting) -> String {
    let mut indices: BTreeMap<&str, usize> = findings.iter().map(|finding| (finding.rule, 0)).collect();
    indices.values_mut().enumerate().for_each(|(i, index)| *index = i);
    let rules = indices.keys().map(|rule| rule_of(rule)).collect();
    // A result without a location makes code scanning refuse the whole file; what belongs to no file belongs to the configuration.
    let usual = setting.path("keywright.yaml");
    let results = findings.iter().map(|finding| result(finding, indices[finding.rule], &usual)).collect();
    let workspace = if setting.below.is_empty() { "keywright/".to_owned() } else { format!("keywright/{}/", setting.below) };
    super::json(&Log {
        schema: "https://json.schemastore.org/sarif-2.1.0.json",
        version: "2.1.0",
        runs: [Run {
            tool: Tool { driver: Driver { name: "keywright", semantic_version: env!("CARGO_PKG_VERSION"), rules } },
            automation_details: Details { id: workspace },
            column_kind: "unicodeCodePoints",
            results,
        }],
    })
}

fn rule_of(id: &str) -> Rule {
    let access = ACCESS_RULES.iter().find(|(rule, ..)| *rule == id);
    let (summary, page, level, severity) = match (access, id.parse::<Code>()) {
        (Some((_, risk, says)), _) => (*says, (*says).to_owned(), level_of_risk(*risk), Some(severity(*risk))),
        (None, Ok(code)) => {
            let secures = matches!(id.split('/').next(), Some("policy"));
            (summary(code.page()), code.page().to_owned(), "error", secures.then_some("7.0"))
        }
        (None, Err(_)) => (DRIFT_RULE.1, DRIFT_RULE.1.to_owned(), "warning", Some("8.0")),
    };
    let tags = if severity.is_some() { vec!["security", "api-keys"] } else { vec!["api-keys"] };
    Rule {
        id: id.to_owned(),
        short_description: Text { text: summary.to_owned() },
        help: Help { text: page.clone(), markdown: page },
        default_configuration: Configuration { level },
        properties: Properties { tags, security_severity: severity },
    }
}

/// The first paragraph after a page's heading.
fn summary(page: &'static str) -> &'static str {
    page.split("\n\n").map(str::trim).find(|part| !part.is_empty() && !part.starts_with('#')).unwrap_or("A diagnostic of keywright.")
}

fn level_of_risk(risk: Risk) -> &'static str {
    match risk {
        Risk::Critical | Risk::High => "warning",
        Risk::Medium | Risk::Low => "note",
    }
}

/// On the scale of CVSS, as code scanning sorts by it.
fn severity(risk: Risk) -> &'static str {
    match risk {
        Risk::Critical => "9.0",
        Risk::High => "7.5",
        Risk::Medium => "5.0",
        Risk::Low => "2.0",
    }
}

fn result(finding: &Finding, rule_index: usize, usual: &str) -> Outcome {
    let length = finding.located.map_or(0, |located| located.length);
    let region = Region {
        start_line: finding.line.max(1),
        start_column: finding.column.filter(|column| *column > 0),
        end_column: finding.column.filter(|column| *column > 0 && length > 0).map(|column| column + length),
    };
    let artifact = Artifact { uri: uri(finding.file.as_deref().unwrap_or(usual)), uri_base_id: "%SRCROOT%" };
    let help = finding.help.as_deref().map(|help| format!(". Help: {help}")).unwrap_or_default();
    Outcome {
        rule_id: finding.rule.to_owned(),
        rule_index,
        level: match finding.level {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Note => "note",
        },
        message: Text { text: plain(&format!("{}{help}", finding.message)) },
        locations: [Location { physical_location: Physical { artifact_location: artifact.clone(), region } }],
        partial_fingerprints: BTreeMap::from([("keywright/v1", finding.fingerprint.clone())]),
        fixes: fix(finding, &artifact, region).into_iter().collect(),
    }
}

/// What may stand instead of the marked source, where its place is known to the last character.
fn fix(finding: &Finding, artifact: &Artifact, region: Region) -> Option<Fix> {
    let replacement = finding.located?.replacement.as_deref()?;
    finding.file.as_ref()?;
    region.end_column?;
    let inserted_content = Text { text: replacement.to_owned() };
    let replacements = [Replacement { deleted_region: region, inserted_content }];
    let description = Text { text: plain(finding.help.as_deref().unwrap_or("Replace the marked text.")) };
    Some(Fix { description, artifact_changes: [Change { artifact_location: artifact.clone(), replacements }] })
}

/// A message in which nothing is a link.
fn plain(text: &str) -> String {
    text.replace("](", "\\](")
}

/// A path as a relative reference.
fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests;
