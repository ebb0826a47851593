//! Whether a label fits a provider, marker included.
use super::place::{Entry, short};
use super::profiles::Provider;
use crate::diagnostics::{Code, Diagnostic, Report};
use crate::model::Marker;

/// Any marker: what apply appends has the same form.
const SPECIMEN: &str = " kw-a2a2a2a2";

/// Checks the label of a key. `said`: the manifest has it; otherwise it is the key's name.
pub(super) fn check(label: &str, said: bool, provider: Option<&Provider>, entry: &Entry, report: &mut Report) {
    if let Some(provider) = provider.filter(|provider| provider.label_rule().none) {
        if said {
            let message = format!("`{}` has no labels", provider.name());
            let diagnostic = Diagnostic::error(Code::ManifestLabel, message).at(entry.field(&["label"]));
            report.push(diagnostic.help("take `label` out: the key is known by its name here alone"));
        }
        return;
    }
    let Some(problem) = problem(label, provider) else { return };
    let place = if said { entry.value(&["label"]) } else { entry.name() };
    let help = match provider.and_then(|provider| provider.label_rule().says.as_deref()) {
        Some(says) => format!("give the key a `label` that fits: {}", short(says)),
        None => "give the key a `label` that fits".to_owned(),
    };
    report.push(Diagnostic::error(Code::ManifestLabel, format!("the label `{}` {problem}", short(label))).at(place).help(help));
}

fn problem(label: &str, provider: Option<&Provider>) -> Option<String> {
    if label.is_empty() {
        return Some("is empty".to_owned());
    }
    if label.trim() != label || label.chars().any(char::is_control) {
        return Some("begins or ends with white space, or holds control characters".to_owned());
    }
    if Marker::at_end_of(label).is_some() {
        return Some("ends in a marker, which `apply` alone appends".to_owned());
    }
    let provider = provider?;
    let rule = provider.label_rule();
    // What the provider sees: the marker may be joined otherwise, or stand elsewhere.
    let written = provider.label_as_written(&format!("{label}{SPECIMEN}"));
    let length = written.chars().count();
    let room = length - label.chars().count();
    let (min, max) = (rule.min as usize, rule.max as usize);
    if length > max {
        let (fitting, has, name) = (max.saturating_sub(room), length - room, provider.name());
        return Some(match room {
            0 => format!("has {has} characters; `{name}` takes {max}"),
            _ => format!("has {has} characters; `{name}` takes {max}, of which the marker needs {room}: at most {fitting}"),
        });
    }
    if length < min {
        return Some(format!("is too short: `{}` asks for {min} characters, marker included", provider.name()));
    }
    if !provider.label_fits(&written) {
        return Some(format!("has characters that `{}` refuses", provider.name()));
    }
    // Apply would never see such a key again, or never touch it.
    let taken = provider.label_meaning(&format!("{label}{SPECIMEN}"))?;
    Some(format!("makes it, for the profile of `{}`, {taken}", provider.name()))
}
