//! Judges keys by the rules, and excuses what is waived. A rule that cannot be evaluated counts as broken.
use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::expression::{Evaluator, Expression};
use super::facts::{JudgedKey, KeyFacts};
use super::finding::{self, Finding};
use super::place::{Places, Written};
use super::rule::{Check, Effect, Rule};
use super::{Policy, Waiver, stack, wording};
use crate::diagnostics::{Code, Diagnostic, Severity};
use crate::model::Position;

/// What is judged, and when.
pub struct Judging<'a> {
    /// Decides whether waivers have ended.
    pub now: Timestamp,
    /// The commit that the rules are of, as it was named.
    pub base: Option<&'a str>,
    pub keys: Vec<JudgedKey<'a>>,
    /// Whether these are all declared keys: only then can it be told that a waiver is of no use.
    pub all: bool,
    pub written: &'a dyn Written,
}

/// A finding: at which key, by which rule, and by which of its checks.
struct Found {
    key: usize,
    rule: usize,
    /// `None`: the rule's condition.
    check: Option<usize>,
    finding: Finding,
    /// The rule's condition holds for the key where the base declares it, and no more for where it stands.
    escaped: bool,
}

impl Policy {
    /// All verdicts on the keys, waived ones as notes, and what there is to say of the waivers. The same input gives the same verdicts.
    pub fn judge(&self, judging: &Judging<'_>) -> Vec<Diagnostic> {
        let facts: Vec<KeyFacts<'_>> = judging.keys.iter().map(|key| KeyFacts::of(key, judging.now)).collect();
        let found = if self.rules.iter().any(|rule| rule.expressions().next().is_some()) {
            stack::on_a_deep_one(|| self.find(&facts))
        } else {
            Some(self.find(&facts))
        };
        let Some(found) = found else {
            let message = "the rules of the policy could not be evaluated, which counts as broken";
            return vec![
                Diagnostic::error(Code::PolicyRuleFailed, message)
                    .help("look for the rule that does it by leaving out one after the other"),
            ];
        };
        let mut used = BTreeSet::new();
        let mut diagnostics = Vec::with_capacity(found.len());
        let mut places: Option<(usize, Places<'_>)> = None;
        for found in &found {
            let facts = &facts[found.key];
            if places.as_ref().is_none_or(|(key, _)| *key != found.key) {
                places = Some((found.key, Places::of(facts.key, facts.account.catalogue, judging.written)));
            }
            if let Some((_, places)) = &places {
                diagnostics.push(self.verdict(found, facts, places, judging, &mut used));
            }
        }
        for waiver in &self.waivers {
            let is_used = used.contains(&waiver.index);
            let waits = !is_used && self.waits_for_a_change(waiver, &facts);
            diagnostics.extend(waiver_says(waiver, is_used, judging).filter(|_| !waits || waiver.has_ended(judging.now)));
        }
        diagnostics
    }

    /// Whether it excuses a declared key from a rule about what a change gives or takes: where nothing changes now, the next change may need it.
    fn waits_for_a_change(&self, waiver: &Waiver, keys: &[KeyFacts<'_>]) -> bool {
        let weighs = |rule: &&Rule| waiver.names_expressions_of(rule) && rule.expressions().any(Expression::weighs_a_change);
        let waits = |rule: &Rule| keys.iter().any(|facts| waiver.concerns(&facts.key.address) && rule.concerns(facts));
        self.rules.iter().filter(weighs).any(waits)
    }

    fn find(&self, all: &[KeyFacts<'_>]) -> Vec<Found> {
        let mut found = Vec::new();
        let evaluator = Evaluator::new(self.rules.iter().flat_map(Rule::expressions));
        for (key, facts) in all.iter().enumerate() {
            let mut subject = None;
            for (number, rule) in self.rules.iter().enumerate().filter(|(_, rule)| rule.concerns(facts)) {
                let mut escaped = false;
                let mut holds = |expression: &Expression| {
                    let subject = subject.get_or_insert_with(|| evaluator.subject(facts, &facts.key.declared_at.file));
                    evaluator.holds(expression, subject)
                };
                let held = rule.when.as_ref().map(|(when, _)| match (holds(when), facts.moved_out_of) {
                    (Ok(false), Some(before)) => {
                        escaped = true;
                        evaluator.holds(when, &evaluator.subject(facts, before))
                    }
                    (held, _) => held,
                });
                let mut add = |check: Option<usize>, finding: Finding| found.push(Found { key, rule: number, check, finding, escaped });
                match held {
                    Some(Ok(false)) => continue,
                    Some(Err(why)) => {
                        add(None, Finding::Failed(why));
                        continue;
                    }
                    Some(Ok(true)) | None => {}
                }
                for (at, (check, _)) in rule.checks.iter().enumerate() {
                    finding::find(check, facts, &mut |finding| add(Some(at), finding));
                    let broken = match check {
                        Check::Require(expression) => holds(expression).map(|holds| !holds),
                        Check::Deny(expression) => holds(expression),
                        Check::MaxLifetime(_)
                        | Check::Field(_)
                        | Check::Risk(_)
                        | Check::OpenEnded
                        | Check::Unknown
                        | Check::Scope(_)
                        | Check::Recipients { .. }
                        | Check::MinRecipients(_) => Ok(false),
                    };
                    match broken {
                        Ok(false) => {}
                        Ok(true) => add(Some(at), Finding::Broken),
                        Err(why) => add(Some(at), Finding::Failed(why)),
                    }
                }
            }
        }
        found
    }

    fn verdict(
        &self,
        found: &Found,
        facts: &KeyFacts<'_>,
        places: &Places<'_>,
        judging: &Judging<'_>,
        used: &mut BTreeSet<usize>,
    ) -> Diagnostic {
        let rule = &self.rules[found.rule];
        let check = found.check.and_then(|at| rule.checks.get(at));
        let code = wording::code(&found.finding);
        let covering = self.waivers.iter().filter(|waiver| waiver.covers(code, rule.name.as_deref(), &facts.key.address));
        let (ended, running): (Vec<&Waiver>, Vec<&Waiver>) = covering.partition(|waiver| waiver.has_ended(judging.now));
        used.extend(ended.iter().chain(&running).map(|waiver| waiver.index));
        let waiver = running.iter().max_by_key(|waiver| waiver.end);
        let severity = match (waiver, rule.effect) {
            (Some(_), Effect::Deny | Effect::Warn) => Severity::Note,
            (None, Effect::Deny) => Severity::Error,
            (None, Effect::Warn) => Severity::Warning,
        };
        let mut diagnostic = wording::word(&found.finding, check.map(|(check, _)| check), rule, facts, places, severity);
        let at = check.map(|(_, at)| at).or(rule.when.as_ref().map(|(_, at)| at));
        diagnostic.notes.extend(at.map(|at| self.source(at, rule, judging.base)));
        let followed = |before: &str| format!("the rule follows the key out of `{before}`, where the base declares it");
        let left = rule.followed(facts).or(facts.moved_out_of.filter(|_| found.escaped));
        diagnostic.notes.extend(left.map(followed));
        if let Some(waiver) = waiver {
            diagnostic.notes.push(format!("waived until {}: {}", day(waiver.end), waiver.reason));
        }
        diagnostic.notes.extend(ended.first().map(|waiver| format!("its waiver ended on {}", day(waiver.end))));
        diagnostic
    }

    /// Which line of which file says so.
    fn source(&self, at: &Position, rule: &Rule, base: Option<&str>) -> String {
        let named = rule.name.as_deref().map(|name| format!(" (`{name}`)")).unwrap_or_default();
        let base = base.map(|base| format!(" at {base}")).unwrap_or_default();
        format!("policy: {}:{}{base}{named}", at.file, at.line)
    }
}

/// What there is to say of a waiver itself.
fn waiver_says(waiver: &Waiver, is_used: bool, judging: &Judging<'_>) -> Option<Diagnostic> {
    let (rule, address) = (&waiver.rule, &waiver.address);
    if waiver.has_ended(judging.now) {
        let message = format!("the waiver of `{rule}` for `{address}` ended on {}, and excuses nothing any more", day(waiver.end));
        let help = if is_used { "mend the key, or have the waiver renewed" } else { "remove it" };
        return Some(Diagnostic::warning(Code::PolicyWaiverExpired, message).at(waiver.place("expires")).help(help));
    }
    if is_used || !judging.all {
        return None;
    }
    let message = format!("the waiver of `{rule}` for `{address}` excuses nothing");
    Some(Diagnostic::warning(Code::PolicyWaiverUnused, message).at(waiver.place("rule")).help("remove it"))
}

fn day(end: Timestamp) -> String {
    end.to_zoned(TimeZone::UTC).date().to_string()
}
