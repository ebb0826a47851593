//! What a trial of a profile showed: what went as it says, what did not, and which field of it to change.
use serde::Serialize;

use super::palette::{Ink, Style};
use crate::model::text_safety::safe;

/// How something went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// As the profile says.
    Said,
    /// The provider did something that the profile does not say, or says otherwise.
    Differs,
    /// Worth knowing; no contradiction.
    Remark,
    NotTried,
}

/// One thing that was tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// In a word or two.
    pub check: String,
    pub outcome: Outcome,
    /// What the provider did.
    pub says: String,
    /// The field of the profile to change, and to what.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<String>,
}

/// One whole trial.
#[derive(Debug, Clone, Serialize)]
pub struct Trial<'a> {
    pub profile: &'a str,
    /// Scheme, host and port that were called.
    pub origin: &'a str,
    /// Whether a key was made.
    pub wrote: bool,
    pub findings: &'a [Finding],
    /// What is left there, and what to do about it.
    pub left: &'a [String],
    pub interrupted: bool,
}

#[derive(Serialize)]
struct Told<'a> {
    format_version: &'static str,
    #[serde(flatten)]
    trial: &'a Trial<'a>,
    summary: Summary,
}

/// How many there are of each outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Summary {
    pub said: usize,
    pub differs: usize,
    pub remarks: usize,
    pub not_tried: usize,
}

impl Outcome {
    fn word(self) -> &'static str {
        match self {
            Self::Said => "as said",
            Self::Differs => "differs",
            Self::Remark => "remark",
            Self::NotTried => "not tried",
        }
    }

    fn ink(self) -> Ink {
        match self {
            Self::Said => Ink::Create,
            Self::Differs => Ink::Remove,
            Self::Remark => Ink::Attention,
            Self::NotTried => Ink::Dim,
        }
    }
}

impl Trial<'_> {
    pub fn summary(&self) -> Summary {
        let count = |outcome| self.findings.iter().filter(|finding| finding.outcome == outcome).count();
        Summary {
            said: count(Outcome::Said),
            differs: count(Outcome::Differs),
            remarks: count(Outcome::Remark),
            not_tried: count(Outcome::NotTried),
        }
    }
}

/// The trial as JSON: `format_version`, the trial, `summary`.
pub fn trial_json(trial: &Trial<'_>) -> String {
    super::json(&Told { format_version: "1.0", trial, summary: trial.summary() })
}

/// One line a finding, with what to change below it; a summary at the end.
pub fn trial_text(trial: &Trial<'_>, style: Style) -> String {
    let how = if trial.wrote { "reading, and the life of one key" } else { "reading only; --write tries the life of a key, too" };
    let mut text = format!("{} at {} ({how})\n\n", style.paint(Ink::Strong, trial.profile), safe(trial.origin));
    let widest = trial.findings.iter().map(|finding| finding.check.len()).max().unwrap_or_default();
    for Finding { check, outcome, says, change } in trial.findings {
        let word = style.paint(outcome.ink(), &format!("{:<9}", outcome.word()));
        text.push_str(&format!("  {word}  {check:<widest$}  {}\n", safe(says)));
        if let Some(change) = change {
            text.push_str(&format!("  {:<9}  {:<widest$}  in the profile: {}\n", "", "", safe(change)));
        }
    }
    for left in trial.left {
        text.push_str(&format!("\n{}: {}\n", style.paint(Ink::Remove, "left behind"), safe(left)));
    }
    let Summary { said, differs, remarks, not_tried } = trial.summary();
    let stopped = if trial.interrupted { "Stopped by a signal. " } else { "" };
    let remarks = super::count(remarks, "remark");
    text.push_str(&format!("\n{stopped}{said} as the profile says, {differs} otherwise, {remarks}, {not_tried} not tried.\n"));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trial_is_told_finding_by_finding() {
        let finding = |check: &str, outcome, says: &str, change: Option<&str>| Finding {
            check: check.to_owned(),
            outcome,
            says: says.to_owned(),
            change: change.map(str::to_owned),
        };
        let findings = [
            finding("list", Outcome::Said, "2 keys, twice the same", None),
            finding("unknown id", Outcome::Differs, "refused: \u{1b}status 400", Some("api.http.errors.rows: a row that means not-found")),
            finding("pages", Outcome::NotTried, "everything is in one answer", None),
        ];
        let left = ["key `k1` lives".to_owned()];
        let trial =
            Trial { profile: "acme", origin: "http://127.0.0.1:1", wrote: true, findings: &findings, left: &left, interrupted: true };
        insta::assert_snapshot!(trial_text(&trial, Style::PLAIN), @r"
        acme at http://127.0.0.1:1 (reading, and the life of one key)

          as said    list        2 keys, twice the same
          differs    unknown id  refused: \u{1b}status 400
                                 in the profile: api.http.errors.rows: a row that means not-found
          not tried  pages       everything is in one answer

        left behind: key `k1` lives

        Stopped by a signal. 1 as the profile says, 1 otherwise, 0 remarks, 1 not tried.
        ");
        let json: serde_json::Value = serde_json::from_str(&trial_json(&trial)).expect("JSON");
        assert_eq!(json["summary"], serde_json::json!({"said": 1, "differs": 1, "remarks": 0, "not_tried": 1}));
        assert_eq!(json["findings"][2]["outcome"], "not-tried");
    }
}
