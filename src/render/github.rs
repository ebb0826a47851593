//! Findings as annotations of GitHub Actions: workflow commands on standard output, most severe first.
use std::fmt::Write as _;

use super::findings::{Finding, Level, of_diagnostics, of_plan};
use super::plan_sections::count;
use super::setting::Setting;
use crate::diagnostics::Located;
use crate::plan::Plan;

/// GitHub shows so many of a kind in one step, and drops the others silently.
const MOST: usize = 10;
/// Longest text of one annotation, in characters; GitHub keeps 4 KiB.
const LONGEST: usize = 1000;

/// The annotations of a plan.
pub fn plan_github(plan: &Plan, setting: &Setting) -> String {
    annotations(&of_plan(plan, setting))
}

/// The annotations of a run that made no plan.
pub fn problems_github(diagnostics: &[Located], setting: &Setting) -> String {
    annotations(&of_diagnostics(diagnostics, setting))
}

fn annotations(findings: &[Finding]) -> String {
    let mut out = String::new();
    for (level, command, word) in
        [(Level::Error, "error", "error"), (Level::Warning, "warning", "warning"), (Level::Note, "notice", "notice")]
    {
        let of: Vec<&Finding> = findings.iter().filter(|finding| finding.level == level).collect();
        let (shown, left) = if of.len() > MOST { (MOST - 1, of.len() - (MOST - 1)) } else { (of.len(), 0) };
        for finding in &of[..shown] {
            annotate(&mut out, command, finding);
        }
        if left > 0 {
            let _ = writeln!(
                out,
                "::{command} title=keywright::{} more are not shown here: the plan's text, JSON and SARIF list every one",
                count(left, word)
            );
        }
    }
    out
}

fn annotate(out: &mut String, command: &str, finding: &Finding) {
    let _ = write!(out, "::{command} ");
    if let Some(file) = &finding.file {
        let _ = write!(out, "file={},line={},", property(file), finding.line);
        if let Some(column) = finding.column {
            let _ = write!(out, "col={column},");
        }
    }
    let help = finding.help.as_deref().map(|help| format!("\nhelp: {help}")).unwrap_or_default();
    let text: String = format!("{}{help}", finding.message).chars().take(LONGEST).collect();
    let _ = writeln!(out, "title={}::{}", property(finding.rule), data(&text));
}

/// The text of a command, which ends at the line's end.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property, which also ends at a colon or a comma.
fn property(text: &str) -> String {
    data(&crate::model::text_safety::safe(text)).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::patch::samples::open_ended;

    #[test]
    fn a_diagnostic_is_an_annotation_at_its_place() {
        let setting = Setting::new("infra/keys");
        let one = Located { message: "50% of `a`\r\n::add-mask::x".to_owned(), file: Some("keys/a,b:c.yaml".into()), ..open_ended() };
        let text = problems_github(&[one], &setting);
        let rule = open_ended().code.as_str();
        let expected = format!(
            "::error file=infra/keys/keys/a%2Cb%3Ac.yaml,line=34,col=16,title={rule}::50%25 of `a`\\u{{d}}\\u{{a}}::add-mask::x%0Ahelp: list the scopes that it grants today\n"
        );
        assert_eq!(text, expected);
    }

    #[test]
    fn ten_of_a_kind_and_the_rest_is_counted() {
        let many: Vec<Located> = (0..40).map(|n| Located { line: Some(n + 1), ..open_ended() }).collect();
        let text = problems_github(&many, &Setting::default());
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 10);
        assert!(lines[9].starts_with("::error title=keywright::31 errors more are not shown here"), "{}", lines[9]);
        assert_eq!(problems_github(&many[..10], &Setting::default()).lines().count(), 10);
        assert_eq!(problems_github(&[], &Setting::default()), "");
    }
}
