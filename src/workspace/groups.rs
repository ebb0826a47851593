//! Groups of recipients: public keys parsed, made canonical, and shared between the keys that name the same groups.
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::advice::Advice;
use super::place::{Entry, short};
use crate::diagnostics::{Code, Diagnostic, Place, Report};
use crate::model::{Name, Recipients};
use crate::vault::{Recipient, RecipientProblem};
use crate::yaml::Entries;

/// The groups of `keywright.yaml`.
#[derive(Default)]
pub(super) struct Groups {
    recipients: Recipients,
    /// Names of all groups, those with problems included.
    declared: BTreeSet<String>,
    shared: BTreeMap<Vec<String>, Arc<Recipients>>,
}

impl Groups {
    pub fn read(file: &Arc<str>, groups: &Entries<Vec<String>>, report: &mut Report) -> Self {
        let mut all = Self::default();
        for (name, texts) in &groups.0 {
            if report.is_overfull() {
                break;
            }
            let entry = Entry { file, route: &["recipients", &name.name] };
            all.declared.insert(name.name.to_string());
            if let Err(error) = Name::new(&name.name) {
                let message = format!("the group `{}` has no valid name", short(&name.name));
                report.push(Diagnostic::error(Code::ConfigInvalidName, message).at(entry.name()).help(error.to_string()));
            }
            if texts.is_empty() {
                let message = format!("the group `{}` has no recipients", short(&name.name));
                let help = "add an age public key, or remove the group";
                report.push(Diagnostic::error(Code::ConfigRecipient, message).at(entry.name()).help(help));
            }
            let mut keys: Vec<String> = Vec::with_capacity(texts.len());
            for (i, text) in texts.iter().enumerate() {
                if report.is_overfull() {
                    break;
                }
                if let Some(key) = parse(&entry, &name.name, i, text, report) {
                    keys.push(key);
                }
            }
            all.recipients.insert(name.name.to_string(), merged(&entry, keys, report));
        }
        all
    }

    /// Takes over groups that only the other has, and returns their names.
    pub fn take_new(&mut self, other: Self) -> BTreeSet<String> {
        let new: Recipients = other.recipients.into_iter().filter(|(name, _)| self.declared.insert(name.clone())).collect();
        let names = new.keys().cloned().collect();
        self.recipients.extend(new);
        names
    }

    pub fn recipients(&self) -> &Recipients {
        &self.recipients
    }

    /// The groups of a list, checked and without repetition. `code` says whose list it is.
    pub fn named(
        &self,
        code: Code,
        entry: &Entry,
        below: &[&str],
        names: Vec<String>,
        advice: &mut Advice,
        report: &mut Report,
    ) -> Vec<String> {
        let mut known: Vec<String> = Vec::with_capacity(names.len());
        for (i, name) in names.into_iter().enumerate() {
            if report.is_overfull() {
                break;
            }
            if self.declared.contains(&name) {
                known.push(name);
            } else {
                let mut diagnostic = Diagnostic::error(code, format!("there is no group `{}` of recipients", short(&name)));
                diagnostic.help = advice.or_list(&name, self.declared.iter().map(String::as_str));
                let diagnostic = diagnostic.at(entry.item(below, i)).label("unknown group");
                report.push(diagnostic);
            }
        }
        known.sort();
        known.dedup();
        known
    }

    /// The recipients of some groups; keys that name the same groups share them. The names must be sorted and known.
    pub fn share(&mut self, names: Vec<String>) -> Arc<Recipients> {
        if let Some(shared) = self.shared.get(&names) {
            return shared.clone();
        }
        let chosen = names.iter().filter_map(|name| Some((name.clone(), self.recipients.get(name)?.clone()))).collect();
        self.shared.entry(names).or_insert(Arc::new(chosen)).clone()
    }
}

fn parse(entry: &Entry, group: &str, index: usize, text: &str, report: &mut Report) -> Option<String> {
    let problem = match Recipient::parse(text) {
        Ok(recipient) => return Some(recipient.text().to_owned()),
        Err(problem) => problem,
    };
    let code = if problem.is_unsupported() { Code::ConfigRecipientUnsupported } else { Code::ConfigRecipient };
    let message = format!("recipient {} of the group `{}` cannot be used: {problem}", index + 1, short(group));
    // The line of a private key must not be drawn.
    let place = if problem == RecipientProblem::PrivateKey { Place::File(entry.file.clone()) } else { entry.item(&[], index) };
    report.push(Diagnostic::error(code, message).at(place).help(problem.help()));
    None
}

/// The keys in canonical order, each once.
fn merged(entry: &Entry, keys: Vec<String>, report: &mut Report) -> Vec<String> {
    let mut sorted = keys.clone();
    sorted.sort();
    let before = sorted.len();
    sorted.dedup();
    if sorted.len() < before {
        let mut seen = BTreeSet::new();
        for key in keys.iter().filter(|key| !seen.insert(key.as_str())) {
            report.push_warning(Code::ConfigRecipientDuplicate, |code| {
                let message = format!("`{}` stands more than once in the group", short(key));
                Diagnostic::warning(code, message).at(entry.name()).help("remove the repetition; it has no effect")
            });
        }
    }
    sorted
}
