//! What machines are told of a plan, one thing each: diagnostics, access that is gained, drift. For annotations and reports of code quality.
use sha2::{Digest, Sha256};

use super::drift::{beside_scopes, until};
use super::setting::Setting;
use super::weighed::{self, What, option_says, words};
use crate::diagnostics::{Located, Severity};
use crate::model::text_safety::safe;
use crate::model::{Position, Risk};
use crate::plan::{AccessEntry, Action, Change, Origin, Plan};

/// One thing, fit for every tool.
#[derive(Debug, Clone)]
pub struct Finding<'p> {
    /// A diagnostic's code, or `access/` and a risk.
    pub rule: &'p str,
    pub level: Level,
    /// Of the access that it tells; a warning stands behind high risk.
    pub risk: Risk,
    /// It comes without the change, too.
    pub pending: bool,
    /// One line, safe to show; names in backticks.
    pub message: String,
    /// Below the repository's root.
    pub file: Option<String>,
    /// From 1; 1 where only the file is known.
    pub line: u32,
    pub column: Option<u32>,
    pub help: Option<String>,
    /// The diagnostic that it tells, if it does.
    pub located: Option<&'p Located>,
    /// Stays the same when lines move: lower-case hexadecimal.
    pub fingerprint: String,
}

/// How much it matters, most severe first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    Error,
    /// Also critical and high risk.
    Warning,
    Note,
}

/// Rules that are no diagnostic codes, with what each means.
pub const ACCESS_RULES: [(&str, Risk, &str); 4] = [
    (
        "access/critical",
        Risk::Critical,
        "A key gains access of critical risk: money, credentials, permissions, audit trails, or what the catalogue does not know.",
    ),
    (
        "access/high",
        Risk::High,
        "A key gains access of high risk: it changes sensitive things, or reads card numbers or personal data in bulk.",
    ),
    ("access/medium", Risk::Medium, "A key gains access of medium risk: it changes things, or reads personal or financial data."),
    ("access/low", Risk::Low, "A key gains access of low risk."),
];
/// What was done by hand.
pub const DRIFT_RULE: (&str, &str) = ("access/drift", "A key has, at its provider, something else than any manifest asked for.");

/// Everything, most severe first, then by place.
pub fn of_plan<'p>(plan: &'p Plan, setting: &Setting) -> Vec<Finding<'p>> {
    let mut findings: Vec<Finding> = plan.diagnostics.iter().map(|located| diagnostic(located, setting)).collect();
    for row in weighed::gained(plan) {
        let why = row.why();
        let (subject, what, place) = match (&row.what, row.change) {
            (What::Trusted(trusted), _) => {
                let side = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".to_owned());
                let what = match (&trusted.before, &trusted.after) {
                    (None, None) => format!("`{}` changes", trusted.subject),
                    (before, after) => format!("`{}` changes: {} -> {}", trusted.subject, side(before), side(after)),
                };
                (trusted.subject.clone(), what, trusted.at.as_ref())
            }
            (what, Some(change)) => (change.address.to_string(), gains(change, what), change.declared_at.as_ref()),
            (_, None) => continue,
        };
        let (rule, _, _) = ACCESS_RULES.iter().find(|(_, risk, _)| *risk == row.risk).expect("every risk has its rule");
        // Without a base, and of what is introduced, nothing more is said.
        let pending = if row.origin == Some(Origin::Pending) { "; already pending without this change" } else { "" };
        let message = format!(
            "{what} ({}, {}){}{why}{pending}",
            row.risk.as_str().to_uppercase(),
            row.kind(),
            if why.is_empty() { "" } else { ": " }
        );
        let finding = placed(rule, row.risk, &message, place, &[&subject, &identity(&row.what)], setting);
        findings.push(Finding { pending: row.origin == Some(Origin::Pending), ..finding });
    }
    let scopes =
        |sign: &str, entries: &[AccessEntry]| entries.iter().map(|entry| format!("{sign}`{}`", entry.scope)).collect::<Vec<_>>().join(" ");
    for deed in &plan.drift {
        let risk = weighed::gravity(deed);
        let told: Vec<String> = [beside_scopes(deed), scopes("+", &deed.access.gained), scopes("-", &deed.access.lost)].into();
        let told: Vec<String> = told.into_iter().filter(|told| !told.is_empty()).collect();
        let told = if told.is_empty() { String::new() } else { format!(" ({})", told.join(" ")) };
        let known = weighed::weight(deed).0.map(|risk| format!(" ({})", risk.as_str().to_uppercase())).unwrap_or_default();
        let message = format!("`{}`: {}{told}{known}, which no manifest asks for{}", deed.address, deed.reason, until(deed));
        findings.push(placed(DRIFT_RULE.0, risk, &message, deed.declared_at.as_ref(), &[&deed.address.to_string(), &deed.reason], setting));
    }
    sorted(findings)
}

/// The diagnostics alone.
pub fn of_diagnostics<'p>(diagnostics: &'p [Located], setting: &Setting) -> Vec<Finding<'p>> {
    sorted(diagnostics.iter().map(|located| diagnostic(located, setting)).collect())
}

/// Sorts, and makes fingerprints that fell together distinct in their order.
fn sorted(mut findings: Vec<Finding<'_>>) -> Vec<Finding<'_>> {
    findings.sort_by(|a, b| {
        let key = |finding: &Finding| (finding.level, std::cmp::Reverse(finding.risk), finding.pending, finding.file.is_none());
        let place = |finding: &Finding| (finding.file.clone(), finding.line, finding.column);
        key(a).cmp(&key(b)).then_with(|| place(a).cmp(&place(b))).then_with(|| (a.rule, &a.message).cmp(&(b.rule, &b.message)))
    });
    let mut seen: std::collections::BTreeMap<String, usize> = std::collections::BTreeMap::new();
    for finding in &mut findings {
        let before = seen.entry(finding.fingerprint.clone()).or_default();
        *before += 1;
        if *before > 1 {
            finding.fingerprint = fingerprint(&[&finding.fingerprint, &before.to_string()]);
        }
    }
    findings
}

fn diagnostic<'p>(located: &'p Located, setting: &Setting) -> Finding<'p> {
    let level = match located.severity {
        Severity::Error => Level::Error,
        Severity::Warning => Level::Warning,
        Severity::Note => Level::Note,
    };
    let file = located.file.as_deref().map(|file| setting.path(file));
    Finding {
        rule: located.code.as_str(),
        level,
        risk: if level == Level::Note { Risk::Low } else { Risk::Medium },
        pending: false,
        message: safe(&located.message).into_owned(),
        fingerprint: fingerprint(&[located.code.as_str(), file.as_deref().unwrap_or_default(), &located.message]),
        file,
        line: located.line.unwrap_or(1),
        column: located.column,
        help: located.help.as_deref().map(|help| safe(help).into_owned()),
        located: Some(located),
    }
}

fn placed<'p>(rule: &'p str, risk: Risk, message: &str, place: Option<&Position>, identity: &[&str], setting: &Setting) -> Finding<'p> {
    Finding {
        rule,
        level: level(risk),
        risk,
        pending: false,
        message: safe(message).into_owned(),
        file: place.map(|place| setting.path(&place.file)),
        line: place.map_or(1, |place| place.line),
        column: place.map(|place| place.column),
        help: None,
        located: None,
        fingerprint: fingerprint(&[&[rule], identity].concat()),
    }
}

fn level(risk: Risk) -> Level {
    match risk {
        Risk::Critical | Risk::High => Level::Warning,
        Risk::Medium | Risk::Low => Level::Note,
    }
}

fn gains(change: &Change, what: &What<'_>) -> String {
    let list = |names: Vec<&str>| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let address = &change.address;
    match what {
        What::Scopes(entries) => {
            let verb = if change.action == Action::Blocked { "would gain" } else { "gains" };
            format!("`{address}` {verb} {}", list(words(entries)))
        }
        What::Expiry { .. } => format!("`{address}` lives longer"),
        What::Overlap(_) => format!("`{address}` has a longer overlap"),
        What::Unprotected => format!("`{address}` is no longer protected"),
        What::Readers(names) => format!("`{address}` can be opened by {}", list(names.clone())),
        What::FormerReaders(names) => format!("`{address}` can no longer be opened by {}", list(names.clone())),
        What::Places(names) => format!("`{address}` is delivered to {}", list(names.clone())),
        What::Option(gain) => format!("`{address}`: {}", option_says(gain)),
        What::Trusted(_) => format!("`{address}`"),
    }
}

/// What tells it from others of the same key.
fn identity(what: &What<'_>) -> String {
    match what {
        What::Scopes(entries) => words(entries).join("\n"),
        What::Expiry { .. } => "expiry".to_owned(),
        What::Overlap(_) => "overlap".to_owned(),
        What::Unprotected => "protection".to_owned(),
        What::Readers(names) => format!("readers\n{}", names.join("\n")),
        What::FormerReaders(names) => format!("former\n{}", names.join("\n")),
        What::Places(names) => format!("places\n{}", names.join("\n")),
        What::Option(gain) => format!("option\n{}\n{}", gain.option, gain.value.as_deref().unwrap_or_default()),
        What::Trusted(trusted) => {
            // Where neither side is shown, the reason tells what it is.
            let unshown = trusted.before.is_none().then_some(trusted.why.as_str());
            format!("{}\n{}", weighed::trusted_word(trusted.kind), trusted.after.as_deref().or(unshown).unwrap_or_default())
        }
    }
}

/// Of parts that no joining confuses.
fn fingerprint(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_be_bytes());
        hash.update(part.as_bytes());
    }
    data_encoding::HEXLOWER.encode(&hash.finalize()[..16])
}
