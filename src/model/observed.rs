//! What a provider reports now.
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::Value;

use super::{Generation, GenerationState, Marker, Options, Scope, ScopeSet};

/// One key as the provider reports it. `None` means that the provider did not say.
#[derive(Debug, Clone, PartialEq)]
pub struct ObservedKey {
    pub id: String,
    pub label: String,
    pub scopes: Option<ScopeSet>,
    /// `Some(None)`: never expires.
    pub expires_at: Option<Option<Timestamp>>,
    pub enabled: Option<bool>,
    pub created_at: Option<Timestamp>,
    pub last_used_at: Option<Timestamp>,
    /// Provider-specific fields that the profile declares.
    pub options: Options,
    /// The key of our own admin credential. It must never be touched.
    pub own: bool,
    /// A place of the answer that could not be read: what stands there is unknown. Only a key of somebody else may have one.
    pub unread: Option<String>,
    /// It is more than the profile can say, or nobody's to touch: only what is certain of it is told, it is never edited, and touched at all only
    /// where it is ours.
    pub untouchable: bool,
}

impl ObservedKey {
    /// A key of which a provider tells nothing but id and label.
    pub fn new(id: impl Into<String>, label: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            label: label.into(),
            scopes: None,
            expires_at: None,
            enabled: None,
            created_at: None,
            last_used_at: None,
            options: Options::new(),
            own: false,
            unread: None,
            untouchable: false,
        }
    }

    /// The same, where nothing but a delete ends a key: one that is there, before its end, is enabled, though no answer says it.
    #[must_use]
    pub fn ending_by_delete(self, now: Timestamp) -> Self {
        let is_over = self.expires_at.flatten().is_some_and(|end| end <= now);
        let enabled = self.enabled.or((!is_over).then_some(true));
        Self { enabled, ..self }
    }

    /// Whether it is none of our business: nobody may touch it, and no marker says that it was made by us.
    pub fn is_off_limits(&self) -> bool {
        self.untouchable && !self.own && self.marker().is_none()
    }

    /// The marker at the end of the label.
    pub fn marker(&self) -> Option<Marker> {
        Marker::at_end_of(&self.label)
    }

    /// Takes texts out of whatever others have named: label, scopes and options.
    pub fn conceal(&mut self, secrets: &[&str]) {
        let repeats = |text: &str| secrets.iter().any(|secret| text.contains(secret));
        let calm = |text: &str| secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret, "…"));
        if repeats(&self.label) {
            self.label = calm(&self.label);
        }
        if let Some(scopes) = self.scopes.as_mut().filter(|scopes| scopes.iter().any(|scope| repeats(scope.as_str()))) {
            *scopes = scopes.iter().map(|scope| Scope::from(calm(scope.as_str()).as_str())).collect();
        }
        for value in self.options.values_mut().filter(|value| any_word(value, &repeats)) {
            *value = Value::String("…".to_owned());
        }
    }

    /// Whether a key that no record knows may be what an unanswered create has made, where keys have no labels: unless it is ours, dead, or was listed
    /// before. When it says that it was made decides nothing: the provider's clock may be wrong, or say no more than a day.
    pub fn may_be(&self, intent: &Generation) -> bool {
        let open = matches!(intent.state, GenerationState::Intended | GenerationState::Ambiguous);
        let new = !intent.beside.contains(&self.id);
        open && !self.untouchable && intent.id.is_none() && intent.label.is_empty() && new && !self.own && self.enabled != Some(false)
    }
}

/// Whether a test holds of any word of a value: of a name in a map, a text or a number.
fn any_word(value: &Value, test: &dyn Fn(&str) -> bool) -> bool {
    match value {
        Value::String(text) => test(text),
        Value::Array(items) => items.iter().any(|item| any_word(item, test)),
        Value::Object(fields) => fields.iter().any(|(name, value)| test(name) || any_word(value, test)),
        Value::Number(number) => test(&number.to_string()),
        Value::Null | Value::Bool(_) => false,
    }
}

/// One account's observed keys.
#[derive(Debug, Clone, PartialEq)]
pub enum Listing {
    /// Every page was read, and every generation of the ledger that the list lacked was asked for by its id.
    Complete(Snapshot),
    /// Some doubt remains: nothing may be concluded from what is missing. The text says why.
    Unavailable(String),
    /// Offline: the ledger stands in. Plans made of it cannot be applied.
    Assumed(Snapshot),
    /// Nothing can be listed there, ever: a person makes and ends the keys, and the ledger has what they confirmed. Nothing may be concluded from
    /// what is missing, and nothing needs to be.
    Attended,
}

/// Observed keys by id.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Snapshot {
    pub keys: BTreeMap<String, ObservedKey>,
    /// Ids of the ledger that the provider says do not exist (404 on a get by id, or no get and the consistency time has passed).
    pub absent: BTreeSet<String>,
    /// Ids of the ledger that nothing shows, and that are off or gone.
    pub hidden: BTreeSet<String>,
    /// Scopes of our own admin credential, where they can be known.
    pub own_scopes: Option<ScopeSet>,
}

impl Listing {
    pub fn snapshot(&self) -> Option<&Snapshot> {
        match self {
            Self::Complete(snapshot) | Self::Assumed(snapshot) => Some(snapshot),
            Self::Unavailable(_) | Self::Attended => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_must_not_be_said_is_taken_out_wherever_others_named_it() {
        let mut key = ObservedKey::new("1", "Billing s3\"cr\\et, s3\"cr\\et");
        key.scopes = Some([Scope::from("read"), Scope::from("s3\"cr\\et:write")].into());
        let told = [
            ("plain", json!("open")),
            ("list", json!([{"deep": "a s3\"cr\\et"}])),
            ("name", json!({"s3\"cr\\et": 1})),
            ("number", json!(12)),
        ];
        key.options = told.map(|(name, value)| (name.to_owned(), value)).into();
        key.conceal(&["s3\"cr\\et", "12"]);
        assert_eq!(key.label, "Billing …, …");
        assert_eq!(key.scopes, Some([Scope::from("read"), Scope::from("…:write")].into()));
        let shown = serde_json::to_value(&key.options).expect("JSON");
        assert_eq!(shown, json!({"list": "…", "name": "…", "number": "…", "plain": "open"}));
    }
}
