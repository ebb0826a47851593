//! The plan as a pull-request comment. Never elided by position: when it is too long, low risk becomes counts, then medium, and no more.
mod access;
mod changes;
pub(super) mod exact;
pub mod inline;
mod margin;

use std::fmt::Write as _;

use super::headline;
use super::plan_sections::count;
use super::runbook;
use super::setting::Setting;
use super::weighed::{self, Row};
use crate::diagnostics::{Located, Severity};
use crate::model::Risk;
use crate::plan::{Mode, Plan};
use inline::{code, prose};

/// The most characters of a comment; GitHub refuses more than 65,536.
pub const MOST_CHARACTERS: usize = 60_000;
/// The most bytes: hosts count characters, and some of them bytes.
const MOST_BYTES: usize = 65_536;

/// A comment that cannot be short enough without hiding high or critical risk.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the plan does not fit into a comment of {MOST_CHARACTERS} characters: it takes {characters} although low and medium risk is only counted"
)]
pub struct TooLong {
    pub characters: usize,
}

/// How much is only counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Fold {
    /// This risk and what is below.
    upto: Option<Risk>,
    /// Also the exact changes, which say again what the tables say.
    exact: bool,
}

/// Nothing is folded, then low risk, then what is said twice, then medium risk.
const FOLDS: [Fold; 4] = [
    Fold { upto: None, exact: false },
    Fold { upto: Some(Risk::Low), exact: false },
    Fold { upto: Some(Risk::Low), exact: true },
    Fold { upto: Some(Risk::Medium), exact: true },
];

impl Fold {
    fn hides(self, risk: Risk) -> bool {
        self.upto.is_some_and(|upto| risk <= upto)
    }

    /// Whether what carries no risk of its own is only counted.
    fn brief(self) -> bool {
        self.upto.is_some()
    }
}

/// The whole comment. Errors when what is of high or critical risk does not fit by itself.
pub fn plan_markdown(plan: &Plan, setting: &Setting) -> Result<String, TooLong> {
    let (gained, lost) = (weighed::gained(plan), weighed::lost(plan));
    let mut characters = 0;
    for fold in FOLDS {
        let text = Page { plan, setting, gained: &gained, lost: &lost, fold }.draw();
        characters = text.chars().count();
        if characters <= MOST_CHARACTERS && text.len() <= MOST_BYTES {
            return Ok(text);
        }
    }
    Err(TooLong { characters })
}

/// The comment of a run that could not plan: what must be mended first. When it is too long, advice goes, then problems are counted by code.
pub fn problems_markdown(diagnostics: &[Located], setting: &Setting) -> String {
    let errors = headline::errors(diagnostics).count();
    let mut text = String::new();
    for detail in [margin::Detail::Full, margin::Detail::Brief, margin::Detail::Counted] {
        text = marker(setting, None);
        let _ = writeln!(text, "## {}: {}, no plan\n", title(setting), count(errors, "error"));
        margin::must_fix(&mut text, diagnostics, setting, detail);
        margin::remarks(&mut text, diagnostics, setting, detail);
        if text.chars().count() <= MOST_CHARACTERS && text.len() <= MOST_BYTES {
            break;
        }
    }
    text
}

/// The first line: by it a later run finds its comment. Nothing in it can end the comment early.
fn marker(setting: &Setting, plan: Option<&Plan>) -> String {
    let base = plan.and_then(|plan| plan.base.as_ref());
    let short = |commit: &str| commit.chars().take(8).collect::<String>();
    let mut facts = serde_json::Map::new();
    facts.insert("v".to_owned(), 1.into());
    facts.insert("workspace".to_owned(), setting.workspace().into());
    facts.extend(base.and_then(|base| base.head.as_deref()).map(|head| ("head".to_owned(), short(head).into())));
    facts.extend(base.map(|base| ("base".to_owned(), short(&base.commit).into())));
    facts.extend(plan.map(|plan| ("digest".to_owned(), identity(plan).into())));
    let json = serde_json::Value::Object(facts).to_string();
    let mut out = "<!-- keywright:plan ".to_owned();
    let mut before = ' ';
    for character in json.chars() {
        let dashes = character == '-' && before == '-';
        if dashes || matches!(character, '<' | '>' | '&') || !matches!(character, ' '..='~') {
            out.extend(character.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            out.push(character);
        }
        before = character;
    }
    out + " -->\n"
}

/// What a comment is about: the plan, and what happens to trusted files, which is no part of it. Another one gets another comment.
fn identity(plan: &Plan) -> String {
    if plan.trusted.is_empty() {
        return plan.digest.clone();
    }
    let all = serde_json::json!([plan.digest, plan.trusted]).to_string();
    format!("sha256:{}", data_encoding::HEXLOWER.encode(&<sha2::Sha256 as sha2::Digest>::digest(all.as_bytes())))
}

fn title(setting: &Setting) -> String {
    if setting.below.is_empty() { "Keys".to_owned() } else { format!("Keys in {}", code(&setting.below)) }
}

/// A plan at one degree of brevity.
struct Page<'p> {
    plan: &'p Plan,
    setting: &'p Setting,
    gained: &'p [Row<'p>],
    lost: &'p [Row<'p>],
    fold: Fold,
}

impl Page<'_> {
    fn draw(&self) -> String {
        let (plan, setting) = (self.plan, self.setting);
        let detail = if self.fold.brief() { margin::Detail::Brief } else { margin::Detail::Full };
        let mut out = marker(setting, Some(plan));
        let _ = writeln!(out, "## {}: {}\n", title(setting), headline::verdict(plan));
        self.head(&mut out);
        changes::tables(&mut out, self);
        // What must be mended is told in full, however long.
        margin::must_fix(&mut out, &plan.diagnostics, setting, margin::Detail::Full);
        access::gained(&mut out, self);
        access::lost(&mut out, self);
        self.attended(&mut out);
        margin::aside(&mut out, self);
        margin::remarks(&mut out, &plan.diagnostics, setting, detail);
        exact::section(&mut out, self);
        exact::identity(&mut out, self);
        out
    }

    /// Totals, in two or three lines.
    fn head(&self, out: &mut String) {
        let plan = self.plan;
        if plan.mode == Mode::Offline {
            out.push_str("_Offline: the ledger stands in for the providers, and this plan cannot be applied._\n\n");
        }
        let actions = headline::actions(plan.changes.iter());
        if !actions.is_empty() {
            let _ = write!(out, "**{}:** {}", super::plan_sections::changing(plan), actions.join(" · "));
            let also = headline::also(plan);
            let _ = if also.is_empty() { writeln!(out) } else { writeln!(out, ". **Also:** {}", also.join(" · ")) };
        } else {
            let also = headline::also(plan);
            let _ = if also.is_empty() { writeln!(out, "Nothing changes.") } else { writeln!(out, "**Also:** {}", also.join(" · ")) };
        }
        let bold = |text: String| format!("**{text}**");
        let _ = writeln!(
            out,
            "**Access:** {}{}{} · {}{}{} · who can decrypt: {}",
            bold(headline::tally("+", "gained", self.gained)),
            headline::pending(self.gained),
            headline::blocked("+", self.gained),
            bold(headline::tally("−", "lost", self.lost)),
            headline::pending(self.lost),
            headline::blocked("−", self.lost),
            headline::readers(plan, "−"),
        );
        for (name, account) in plan.accounts.iter().filter(|(_, account)| account.listing == "unavailable") {
            let reason = account.reason.as_deref().map(|reason| format!(": {}", prose(reason))).unwrap_or_default();
            let _ = writeln!(out, "**Not read:** account {}, its keys are left alone{reason}", code(name.as_str()));
        }
        out.push('\n');
    }

    /// Work for people; runbooks of low and medium risk are counted when they are too many.
    fn attended(&self, out: &mut String) {
        let steps = &self.plan.attended;
        if !self.fold.brief() {
            out.push_str(&runbook::markdown(steps));
            if !steps.is_empty() {
                out.push('\n');
            }
            return;
        }
        let risks: std::collections::BTreeMap<_, _> =
            self.plan.changes.iter().map(|change| (&change.address, weighed::gravity(change))).collect();
        let hidden = |address| self.fold.hides(risks.get(address).copied().unwrap_or(Risk::Low));
        let shown: Vec<_> = steps.iter().filter(|step| !hidden(&step.address)).cloned().collect();
        out.push_str(&runbook::markdown(&shown));
        if shown.len() < steps.len() {
            let _ = writeln!(out, "_And {} of lower risk._", count(steps.len() - shown.len(), "attended step"));
        }
        if !steps.is_empty() {
            out.push('\n');
        }
    }
}

/// Whether a diagnostic is a remark: nothing has to be mended.
fn is_remark(diagnostic: &Located) -> bool {
    match diagnostic.severity {
        Severity::Error => false,
        Severity::Warning | Severity::Note => true,
    }
}

#[cfg(test)]
mod tests;
