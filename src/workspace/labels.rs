//! Whether a label fits a provider, marker included.
use super::place::{Entry, short};
use super::profiles::Provider;
use crate::diagnostics::{Code, Diagnostic, Report};
use crate::model::Marker;
use crate::model::marker::LABEL_ROOM;

/// Any marker: what apply appends has the same form.
const SPECIMEN: &str = " kw-a2a2a2a2";

/// Checks the label of a key. `said`: the manifest has it; otherwise it is the key's name.
pub(super) fn check(label: &str, said: bool, provider: Option<&Provider>, entry: &Entry, report: &mut Report) {
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
    let length = label.chars().count() + LABEL_ROOM;
    let (min, max) = (rule.min as usize, rule.max as usize);
    if length > max {
        let fitting = max.saturating_sub(LABEL_ROOM);
        let has = length - LABEL_ROOM;
        return Some(format!(
            "has {has} characters; `{}` takes {max}, of which the marker needs {LABEL_ROOM}: at most {fitting}",
            provider.name()
        ));
    }
    if length < min {
        return Some(format!("is too short: `{}` asks for {min} characters, marker included", provider.name()));
    }
    (!provider.label_fits(&format!("{label}{SPECIMEN}"))).then(|| format!("has characters that `{}` refuses", provider.name()))
}
