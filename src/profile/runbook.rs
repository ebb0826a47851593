//! What a person does where a provider has no API: templates of a profile, and the values that fill them. Pure.
//!
//! A filled step is text in which backticks enclose what is to be taken letter by letter, as in our own messages. Values cannot hold a backtick, so
//! that whoever shows a step can tell the two apart and escape each for its own output.
use std::collections::BTreeMap;

use minijinja::{Environment, UndefinedBehavior};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The runbooks of a provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Runbooks {
    /// Makes a key.
    pub create: Runbook,
    /// Ends one.
    pub revoke: Runbook,
}

/// One piece of work for a person. Title and steps are templates; a step that comes out empty is left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Runbook {
    /// What is to be done, in a few words.
    pub title: String,
    /// The page where it begins.
    #[serde(default)]
    pub link: Option<String>,
    /// How long it takes, about.
    #[serde(default)]
    pub minutes: Option<u32>,
    /// What to do, in its order.
    pub steps: Vec<String>,
}

/// What the templates of a runbook can name.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct RunbookValues {
    /// The address of the key.
    pub key: String,
    /// What the provider knows the key by, in backticks; before the step was opened, its beginning, and steps say that the rest follows.
    pub label: String,
    pub opened: bool,
    pub owner: Option<String>,
    pub purpose: Option<String>,
    /// As the provider's page groups them, in its order.
    pub groups: Vec<ScopeGroup>,
    /// The day on which it ends, as `2027-03-31`.
    pub end: Option<String>,
    /// The command that concludes it, in backticks.
    pub command: String,
    /// What the key before it is known by, in backticks.
    pub previous: Option<String>,
    /// How long the key before it goes on.
    pub overlap: Option<String>,
    /// Whether nobody knows that the key was made at all.
    pub doubtful: bool,
    pub environment: Option<String>,
    pub params: BTreeMap<String, String>,
    pub options: BTreeMap<String, Value>,
}

/// Scopes that stand together on the provider's page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScopeGroup {
    /// Empty: those that stand alone.
    pub name: String,
    /// `read`, `write`, …: what the page calls its boxes.
    pub access: Vec<String>,
    pub scopes: Vec<String>,
}

/// A runbook with its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filled {
    pub title: String,
    pub steps: Vec<String>,
}

/// What a template says when it cannot be filled. The check of the profile finds nearly every such template.
const UNFILLED: &str = "this step of the profile's runbook cannot be filled in: do it as the provider's page says";

/// What steps say of a name that has no marker yet.
const FOLLOWS: &str = "(the whole name follows when apply has opened this step)";

impl RunbookValues {
    /// Text that is to be taken letter by letter.
    pub fn exactly(text: &str) -> String {
        format!("`{}`", harmless(text))
    }

    /// Values of every kind, for trying a template.
    fn specimen() -> Self {
        let texts = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        Self {
            key: "account/key".to_owned(),
            label: Self::exactly("Label kw-a2a2a2a2"),
            opened: true,
            owner: Some("@owner".to_owned()),
            purpose: Some("purpose".to_owned()),
            groups: vec![ScopeGroup { name: "Group".to_owned(), access: texts(&["read"]), scopes: texts(&["one", "two"]) }],
            end: Some("2027-03-31".to_owned()),
            command: Self::exactly("keywright fulfil account/key"),
            previous: Some(Self::exactly("Label kw-b2b2b2b2")),
            overlap: Some("72h".to_owned()),
            doubtful: true,
            environment: Some("production".to_owned()),
            params: BTreeMap::new(),
            options: BTreeMap::new(),
        }
    }
}

impl Runbook {
    /// Fills the templates. Total: what cannot be filled says so.
    pub fn fill(&self, values: &RunbookValues) -> Filled {
        let fill = |template: &String, values: &Value| render(template, values).unwrap_or_else(|_| UNFILLED.to_owned());
        let mut filled = without_backticks(values);
        let title = fill(&self.title, &filled);
        if !values.opened && !values.label.is_empty() {
            filled["label"] = json!(format!("{} {FOLLOWS}", values.label));
        }
        let steps = self.steps.iter().map(|step| fill(step, &filled)).filter(|step| !step.is_empty()).collect();
        Filled { title, steps }
    }

    /// Tries every template with and without the values that may be absent. `params` and `options`: what the profile declares. Errors name the
    /// template by its route below the runbook and say what is wrong.
    pub fn check<'a>(
        &self,
        params: impl Iterator<Item = &'a String>,
        options: impl Iterator<Item = &'a String>,
    ) -> Vec<(Vec<String>, String)> {
        let mut full = RunbookValues::specimen();
        full.params = params.map(|name| (name.clone(), "value".to_owned())).collect();
        full.options = options.map(|name| (name.clone(), json!(["value"]))).collect();
        let bare = RunbookValues {
            params: full.params.keys().map(|name| (name.clone(), String::new())).collect(),
            options: full.options.keys().map(|name| (name.clone(), Value::Null)).collect(),
            ..RunbookValues::default()
        };
        let steps = self.steps.iter().enumerate().map(|(i, step)| (vec!["steps".to_owned(), i.to_string()], step));
        let mut problems = Vec::new();
        for (route, template) in std::iter::once((vec!["title".to_owned()], &self.title)).chain(steps) {
            let failed = [&full, &bare].into_iter().find_map(|values| render(template, &without_backticks(values)).err());
            problems.extend(failed.map(|error| (route, error)));
        }
        problems
    }
}

/// The values as the templates see them: every text that is not in backticks of ours is made harmless.
fn without_backticks(values: &RunbookValues) -> Value {
    let mut value = serde_json::to_value(values).expect("values with text keys always serialize");
    if let Value::Object(fields) = &mut value {
        // These three stand in backticks of ours already, and were made harmless inside them.
        let bare = fields.iter_mut().filter(|(name, _)| !matches!(name.as_str(), "label" | "command" | "previous"));
        bare.for_each(|(_, field)| disarm(field));
    }
    value
}

fn disarm(value: &mut Value) {
    match value {
        Value::String(text) => *text = harmless(text),
        Value::Array(items) => items.iter_mut().for_each(disarm),
        Value::Object(fields) => fields.values_mut().for_each(disarm),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn harmless(text: &str) -> String {
    text.replace('`', "'")
}

fn render(template: &str, values: &Value) -> Result<String, String> {
    let mut environment = Environment::empty();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.add_filter("join", minijinja::filters::join);
    let filled = environment.render_str(template, minijinja::value::Serde(values)).map_err(|error| {
        let detail = error.detail().map(|detail| format!(": {detail}")).unwrap_or_default();
        format!("{}{detail}", error.kind())
    })?;
    // One line: a step that a block wrote over several is one step all the same.
    let line = filled.trim().replace(['\n', '\r'], " ");
    if line.matches('`').count() % 2 == 0 { Ok(line) } else { Err("a backtick stands alone".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runbook(steps: &[&str]) -> Runbook {
        let steps = steps.iter().map(|step| (*step).to_owned()).collect();
        Runbook { title: "make {{ label }}".to_owned(), link: None, minutes: None, steps }
    }

    #[test]
    fn steps_are_filled_and_empty_ones_go() {
        let values = RunbookValues { end: None, ..RunbookValues::specimen() };
        let filled = runbook(&[
            "type {{ label }}",
            "{% if end %}pick {{ end }}{% endif %}",
            "tick {% for group in groups %}{{ group.name }}: {{ group.scopes | join(', ') }}\n{% endfor %}",
        ])
        .fill(&values);
        assert_eq!(
            (filled.title.as_str(), filled.steps.as_slice()),
            ("make `Label kw-a2a2a2a2`", &["type `Label kw-a2a2a2a2`".to_owned(), "tick Group: one, two".to_owned()][..])
        );
    }

    #[test]
    fn a_name_that_is_not_whole_is_said_to_follow_once() {
        let values = RunbookValues { label: RunbookValues::exactly("Label …"), opened: false, ..RunbookValues::specimen() };
        let filled = runbook(&["type {{ label }}"]).fill(&values);
        assert_eq!((filled.title, filled.steps), ("make `Label …`".to_owned(), vec![format!("type `Label …` {FOLLOWS}")]));
    }

    #[test]
    fn values_cannot_leave_their_backticks() {
        let mut values = RunbookValues::specimen();
        values.label = RunbookValues::exactly("a` **b** `c");
        values.owner = Some("`{{ command }}` {% raw %}".to_owned());
        values.groups[0].scopes = vec!["x`y".to_owned()];
        let filled = runbook(&["`{{ owner }}`", "{{ label }}", "`{{ groups[0].scopes[0] }}`"]).fill(&values);
        assert_eq!(filled.steps, ["`'{{ command }}' {% raw %}`", "`a' **b** 'c`", "`x'y`"]);
    }

    #[test]
    fn what_a_template_cannot_name_is_found() {
        let none = || std::iter::empty();
        assert_eq!(runbook(&["{{ key }} {{ owner }}"]).check(none(), none()), []);
        let wrong = |step: &str| runbook(&[step]).check(none(), none());
        for step in [
            "{{ password }}",
            "{{ label",
            "{% for x in scopes %}{% endfor %}",
            "{{ options.clients }}",
            "{{ key | safe }}",
            "a ` b",
            "{% include 'x' %}",
        ] {
            assert_eq!(wrong(step).first().map(|(route, _)| route.join(".")).as_deref(), Some("steps.0"), "{step}");
        }
        assert_eq!(runbook(&["{{ wrong }}"]).fill(&RunbookValues::specimen()).steps, [UNFILLED]);
    }
}
