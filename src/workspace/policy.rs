//! `policy` and `waivers`, resolved: groups looked up, expressions checked, names known. Judges nothing.
use std::collections::BTreeSet;
use std::sync::Arc;

use super::accounts::Settings;
use super::advice::{Advice, listed};
use super::place::short;
use super::policy_spec::{DenySpec, PolicySpec, RequireSpec, RuleDenySpec, RuleSpec, WaiverSpec};
use crate::diagnostics::{Code, Diagnostic, Part, Place, Report, Route, SourceSpan, Step};
use crate::model::{Position, matches};
use crate::policy::{Asked, Check, Expression, Mistake, Policy, Rule, VERDICTS, Waiver, can_mean};
use crate::vault::Recipient;
use crate::yaml::{self, Placed};

/// What the checks of a policy look at, and where their problems go.
pub(super) struct Resolving<'a> {
    pub file: &'a Arc<str>,
    pub bytes: &'a [u8],
    pub settings: &'a Settings,
    pub advice: &'a mut Advice,
    pub report: &'a mut Report,
}

/// The fields that the policy and its rules have in common.
#[derive(Default)]
struct Common {
    max_lifetime: Option<Placed<crate::model::Span>>,
    fields: Option<Placed<Vec<Asked>>>,
    deny: Option<Placed<DenySpec>>,
    recipients: Option<Placed<Vec<String>>>,
    min_recipients: Option<Placed<u32>>,
}

type Checks = Vec<(Check, Position)>;

impl Resolving<'_> {
    /// Resolves both parts of the trusted file.
    pub fn policy(mut self, spec: Option<PolicySpec>, waivers: Vec<Placed<WaiverSpec>>) -> Policy {
        let mut policy = Policy { file: self.file.clone(), rules: Vec::new(), waivers: Vec::new() };
        if let Some(spec) = spec {
            self.rules(spec, &mut policy);
        }
        policy.waivers = self.waivers(waivers, &policy.rules);
        policy
    }

    fn rules(&mut self, spec: PolicySpec, policy: &mut Policy) {
        let PolicySpec { effect, max_lifetime, require, deny, recipients, min_recipients, rules } = spec;
        let common = Common { max_lifetime, fields: require, deny, recipients, min_recipients };
        let checks = self.common(common, &[Step::Field("policy".into())], &[]);
        if !checks.is_empty() {
            let everything = Rule { name: None, effect, accounts: Vec::new(), paths: Vec::new(), when: None, checks, message: None };
            policy.rules.push(everything);
        }
        let mut names = BTreeSet::new();
        for (index, rule) in rules.into_iter().enumerate() {
            if self.report.is_overfull() {
                break;
            }
            let base = [Step::Field("policy".into()), Step::Field("rules".into()), Step::Index(index)];
            if !names.insert(rule.value.name.clone()) {
                let message = format!("two rules have the name `{}`", short(&rule.value.name));
                let diagnostic =
                    Diagnostic::error(Code::PolicyInvalidRule, message).help("a waiver could mean either: give them different names");
                self.report.push(diagnostic.at(self.below(&base, &["name"])));
            }
            let whole = self.position(rule.at);
            if let Some(rule) = self.rule(rule.value, &base, whole, effect) {
                policy.rules.push(rule);
            }
        }
    }

    fn rule(&mut self, spec: RuleSpec, base: &[Step], whole: Position, effect: crate::policy::Effect) -> Option<Rule> {
        let RuleSpec { name, accounts, paths, when, require, deny, max_lifetime, recipients, min_recipients, effect: own, message } = spec;
        let told = self.report.diagnostics().len();
        self.account_patterns(&accounts, base);
        if paths.iter().any(|path| path.starts_with('/') || path.split('/').any(|part| part == "..")) {
            let diagnostic = Diagnostic::error(Code::PolicyInvalidRule, "`paths` are relative to the workspace and stay below it");
            self.report.push(diagnostic.at(self.below(base, &["paths"])).help("write them as `keys/prod/**`"));
        }
        let when = when.and_then(|when| Some((self.expression(&when, base, "when")?, self.position(when.at))));
        let mut common = Common { max_lifetime, recipients, min_recipients, ..Common::default() };
        let mut checks = Vec::new();
        match require {
            None => {}
            Some(Placed { at, value: RequireSpec::Fields(fields) }) => common.fields = Some(Placed { at, value: fields }),
            Some(Placed { at, value: RequireSpec::Expression(text) }) => {
                let expression = self.expression(&Placed { at, value: text }, base, "require");
                checks.extend(expression.map(|expression| (Check::Require(expression), self.position(at))));
            }
        }
        match deny {
            None => {}
            Some(Placed { at, value: RuleDenySpec::Scopes(deny) }) => common.deny = Some(Placed { at, value: deny }),
            Some(Placed { at, value: RuleDenySpec::Expression(text) }) => {
                let expression = self.expression(&Placed { at, value: text }, base, "deny");
                checks.extend(expression.map(|expression| (Check::Deny(expression), self.position(at))));
            }
        }
        let common = self.common(common, base, &accounts);
        checks.splice(0..0, common);
        if checks.is_empty() && self.report.diagnostics().len() == told {
            let message = format!("the rule `{}` asks for nothing", short(&name));
            let help = "add `require`, `deny`, `max_lifetime`, `recipients` or `min_recipients`";
            self.report.push(Diagnostic::error(Code::PolicyInvalidRule, message).at_position(&whole).help(help));
        }
        let (name, message) = (Some(Arc::from(name)), message.map(Arc::from));
        Some(Rule { name, effect: own.unwrap_or(effect), accounts, paths, when, checks, message }).filter(|rule| !rule.checks.is_empty())
    }

    fn common(&mut self, spec: Common, base: &[Step], accounts: &[String]) -> Checks {
        let mut checks = Checks::new();
        if let Some(most) = spec.max_lifetime {
            checks.push((Check::MaxLifetime(most.value), self.position(most.at)));
        }
        if let Some(fields) = spec.fields {
            let at = self.position(fields.at);
            checks.extend(fields.value.into_iter().map(|field| (Check::Field(field), at.clone())));
        }
        if let Some(deny) = spec.deny {
            let (at, DenySpec { risk, open_ended, unknown, scopes }) = (self.position(deny.at), deny.value);
            checks.extend(risk.map(|risk| (Check::Risk(risk), at.clone())));
            checks.extend(open_ended.then(|| (Check::OpenEnded, at.clone())));
            checks.extend(unknown.then(|| (Check::Unknown, at.clone())));
            for (index, pattern) in scopes.into_iter().enumerate() {
                self.meaningless(&pattern, index, base, accounts);
                checks.push((Check::Scope(pattern), at.clone()));
            }
        }
        if let Some(names) = spec.recipients {
            let at = self.position(names.at);
            for (index, name) in names.value.into_iter().enumerate() {
                checks.extend(self.recipient(name, index, base).map(|check| (check, at.clone())));
            }
        }
        if let Some(least) = spec.min_recipients {
            checks.push((Check::MinRecipients(least.value), self.position(least.at)));
        }
        checks
    }

    /// A group, or a public key in its canonical form.
    fn recipient(&mut self, name: String, index: usize, base: &[Step]) -> Option<Check> {
        if let Some(keys) = self.settings.groups.recipients().get(&name) {
            return Some(Check::Recipients { name, keys: keys.clone() });
        }
        if let Ok(recipient) = Recipient::parse(&name) {
            return Some(Check::Recipients { keys: vec![recipient.text().to_owned()], name });
        }
        let message = format!("`{}` is neither a group of recipients nor a public key", short(&name));
        let mut diagnostic = Diagnostic::error(Code::ConfigUnknownGroup, message).label("unknown group");
        diagnostic.help = self.advice.or_list(&name, self.settings.groups.recipients().keys().map(String::as_str));
        // The line of a private key must not be drawn.
        let place = if name.starts_with("AGE-") { Place::File(self.file.clone()) } else { self.item(base, &["recipients"], index) };
        self.report.push(diagnostic.at(place));
        None
    }

    fn account_patterns(&mut self, patterns: &[String], base: &[Step]) {
        for (index, pattern) in patterns.iter().enumerate() {
            let known = &self.settings.declared;
            if known.iter().any(|name| matches(pattern, name)) {
                continue;
            }
            let message = format!("there is no account `{}`", short(pattern));
            let mut diagnostic = Diagnostic::error(Code::ConfigUnknownAccount, message).label("unknown account");
            diagnostic.help = self.advice.or_list(pattern, known.iter().map(String::as_str));
            self.report.push(diagnostic.at(self.item(base, &["accounts"], index)));
        }
    }

    /// Warns of a denied scope that no account could have: what was meant is not denied.
    fn meaningless(&mut self, pattern: &str, index: usize, base: &[Step], accounts: &[String]) {
        let concerned = |name: &str| accounts.is_empty() || accounts.iter().any(|pattern| matches(pattern, name));
        let concerned: Vec<_> = self.settings.accounts.values().filter(|account| concerned(account.name.as_str())).collect();
        if concerned.is_empty() || concerned.iter().any(|account| can_mean(&account.catalogue, pattern)) {
            return;
        }
        let words: BTreeSet<&str> = concerned.iter().flat_map(|account| account.catalogue.words()).collect();
        let message = format!("`{}` is no scope of these accounts' providers, so that it denies nothing that is known", short(pattern));
        let mut diagnostic = Diagnostic::warning(Code::PolicyInvalidRule, message);
        diagnostic.help = self.advice.on(pattern, words);
        self.report.push(diagnostic.at(self.item(base, &["deny", "scopes"], index)));
    }

    fn expression(&mut self, text: &Placed<String>, base: &[Step], field: &str) -> Option<Expression> {
        match Expression::compile(&text.value) {
            Ok(expression) => Some(expression),
            Err(mistakes) => {
                for mistake in mistakes {
                    let place = self.within(text, &mistake).unwrap_or_else(|| self.below(base, &[field]));
                    let mut diagnostic = Diagnostic::error(Code::PolicyInvalidRule, mistake.message).at(place);
                    diagnostic.help = mistake.help;
                    self.report.push(diagnostic);
                }
                None
            }
        }
    }

    /// The place of a mistake within an expression, where the file has its text as it is.
    fn within(&self, text: &Placed<String>, mistake: &Mistake) -> Option<Place> {
        let (start, length) = mistake.at?;
        let mut line = text.at.0;
        let mut from = text.at.1 as usize - 1;
        let mut passed = 0;
        for part in text.value.split('\n') {
            let characters = part.chars().count();
            let found = loop {
                let written = yaml::line(self.bytes, line)?;
                let rest: String = written.chars().skip(from).collect();
                match rest.find(part) {
                    Some(at) => break from + rest[..at].chars().count(),
                    // A block begins below its indicator; anything else that is not there is written in another way.
                    None if line < text.at.0 + 200 => (line, from) = (line + 1, 0),
                    None => return None,
                }
            };
            if start <= passed + characters {
                let column = u32::try_from(found + (start - passed) + 1).ok()?;
                let length = u32::try_from(length.min(characters.saturating_sub(start - passed)).max(1)).ok()?;
                return Some(Place::Span { file: self.file.clone(), span: SourceSpan { line, column, length } });
            }
            passed += characters + 1;
            (line, from) = (line + 1, 0);
        }
        None
    }

    fn waivers(&mut self, specs: Vec<Placed<WaiverSpec>>, rules: &[Rule]) -> Vec<Waiver> {
        let names: Vec<&str> = rules.iter().filter_map(|rule| rule.name.as_deref()).collect();
        let known: Vec<&str> = VERDICTS.iter().map(|code| code.as_str()).chain(names).collect();
        let mut waivers = Vec::with_capacity(specs.len());
        for (index, Placed { at, value: spec }) in specs.into_iter().enumerate() {
            if self.report.is_overfull() {
                break;
            }
            let WaiverSpec { rule, address, reason, expires } = spec;
            let base = [Step::Field("waivers".into()), Step::Index(index)];
            if !known.contains(&rule.as_str()) {
                let message = format!("there is no rule `{}`", short(&rule));
                let mut diagnostic =
                    Diagnostic::error(Code::PolicyInvalidWaiver, message).at(self.below(&base, &["rule"])).label("unknown rule");
                diagnostic.help = self.advice.on(&rule, known.iter().copied()).or_else(|| listed(known.iter().copied()));
                self.report.push(diagnostic.note("name a code such as `policy/open-ended`, or the name of a rule"));
            }
            let letters = |part: &str| !part.is_empty() && part.chars().all(|c| matches!(c, 'a'..='z' | '0'..='9' | '-' | '*' | '?'));
            if address != "*" && !address.split_once('/').is_some_and(|(account, name)| letters(account) && letters(name)) {
                let message = format!("`{}` is no address", short(&address));
                let help = "write `account/name`, or a pattern such as `account/*`";
                self.report.push(Diagnostic::error(Code::PolicyInvalidWaiver, message).at(self.below(&base, &["address"])).help(help));
            }
            if reason.trim().is_empty() {
                let diagnostic = Diagnostic::error(Code::PolicyInvalidWaiver, "the waiver has no reason").help("say why it is granted");
                self.report.push(diagnostic.at(self.below(&base, &["reason"])));
            }
            waivers.push(Waiver { rule, address, reason, end: expires.0, index, at: self.position(at) });
        }
        waivers
    }

    fn position(&self, (line, column): (u32, u32)) -> Position {
        Position { file: self.file.clone(), line, column }
    }

    fn route(&self, base: &[Step], below: &[&str], index: Option<usize>) -> Place {
        let fields = below.iter().map(|field| Step::Field(Arc::from(*field)));
        let steps = base.iter().cloned().chain(fields).chain(index.map(Step::Index)).collect();
        Place::Route { file: self.file.clone(), route: Route(steps), part: Part::Value }
    }

    fn below(&self, base: &[Step], below: &[&str]) -> Place {
        self.route(base, below, None)
    }

    fn item(&self, base: &[Step], below: &[&str], index: usize) -> Place {
        self.route(base, below, Some(index))
    }
}
