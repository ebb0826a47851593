//! The form of a key's secret, and how the text that a person hands over is read. Its messages never contain any of the text.
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::credential::{Credential, CredentialProblem};
use super::reader::whole;
use crate::model::Secret;

/// What a key's secret consists of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SecretShape {
    /// Names of the parts, such as `[id, secret]`; one part is called `secret`.
    pub parts: Vec<String>,
    /// A regular expression that the whole last part matches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// Of the last part, in characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_length: Option<u32>,
    /// Of the last part, in characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_length: Option<u32>,
}

/// Why a text is no secret of this shape. Tells lengths and forms, nothing of the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretProblem {
    #[error("it is empty")]
    Empty,
    #[error("it has white space or a control character inside")]
    Broken,
    /// Such as the secret of a provider with several parts.
    #[error("it is a JSON object, and one value is expected")]
    Object,
    #[error("{0}")]
    Parts(String),
    #[error("it has {has} characters, and at least {min} are expected")]
    Short { has: usize, min: u32 },
    #[error("it has {has} characters, and at most {max} are expected")]
    Long { has: usize, max: u32 },
    #[error("it does not have the form `{0}`")]
    Form(String),
}

/// Marks that people and programs put around a value.
const QUOTES: [(char, char); 6] = [('"', '"'), ('\'', '\''), ('`', '`'), ('“', '”'), ('‘', '’'), ('«', '»')];

impl SecretShape {
    /// Parts without any rule for their form.
    pub fn of_parts(parts: Vec<String>) -> Self {
        Self { parts, pattern: None, min_length: None, max_length: None }
    }

    /// Reads what a person pasted: white space and quotes around it go. Several parts are read as JSON.
    pub fn read(&self, text: &str) -> Result<Secret, SecretProblem> {
        let text = if self.parts.len() == 1 { unquoted(text) } else { text.trim() };
        if text.is_empty() {
            return Err(SecretProblem::Empty);
        }
        if self.parts.len() == 1 && serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(text).is_ok() {
            return Err(SecretProblem::Object);
        }
        let shape = Credential { parts: self.parts.clone(), own: None };
        let secret = shape.parse(text).map_err(|problem| match problem {
            CredentialProblem::Absent => SecretProblem::Empty,
            CredentialProblem::ControlCharacter => SecretProblem::Broken,
            CredentialProblem::NotJson(_) => {
                SecretProblem::Parts(format!("it is not JSON of the form {}", shape.form().unwrap_or_default()))
            }
            CredentialProblem::MissingPart(part) => SecretProblem::Parts(format!("it has no `{part}`, or an empty one")),
        })?;
        let last = secret.parts().last().map_or("", |(_, value)| value);
        if last.chars().any(char::is_whitespace) {
            return Err(SecretProblem::Broken);
        }
        let has = last.chars().count();
        let in_u32 = u32::try_from(has).unwrap_or(u32::MAX);
        if let Some(min) = self.min_length.filter(|min| in_u32 < *min) {
            return Err(SecretProblem::Short { has, min });
        }
        if let Some(max) = self.max_length.filter(|max| in_u32 > *max) {
            return Err(SecretProblem::Long { has, max });
        }
        match &self.pattern {
            Some(pattern) if !is_of(pattern, last) => Err(SecretProblem::Form(pattern.clone())),
            Some(_) | None => Ok(secret),
        }
    }

    /// Whether a text has the very form of this provider's secrets. Never where the profile gives no form.
    pub fn claims(&self, text: &str) -> bool {
        self.pattern.as_deref().is_some_and(|pattern| is_of(pattern, unquoted(text)))
    }
}

fn is_of(pattern: &str, text: &str) -> bool {
    whole(pattern).is_ok_and(|pattern| pattern.is_match(text))
}

/// The text without white space and pairs of quotes around it.
fn unquoted(text: &str) -> &str {
    let mut text = text.trim_matches(is_blank);
    while let Some(inner) = QUOTES.iter().find_map(|(open, close)| text.strip_prefix(*open)?.strip_suffix(*close)) {
        text = inner.trim_matches(is_blank);
    }
    text
}

/// White space, and what copying from a page or a file adds without being seen.
fn is_blank(character: char) -> bool {
    character.is_whitespace() || matches!(character, '\u{feff}' | '\u{200b}'..='\u{200d}' | '\u{2060}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token() -> SecretShape {
        SecretShape {
            pattern: Some("bxt_[a-zA-Z0-9]+".to_owned()),
            min_length: Some(8),
            max_length: Some(20),
            ..SecretShape::of_parts(vec!["secret".to_owned()])
        }
    }

    #[test]
    fn what_stands_around_a_token_goes() {
        for text in
            ["bxt_abc123", " bxt_abc123\r\n", "\"bxt_abc123\"", "' bxt_abc123 '", "“bxt_abc123”", "\u{feff}`\"bxt_abc123\"`\u{200b}\n"]
        {
            assert_eq!(token().read(text).ok().as_ref().and_then(|secret| secret.part("secret")), Some("bxt_abc123"), "{text:?}");
            assert!(token().claims(text), "{text:?}");
        }
    }

    #[test]
    fn what_is_no_token_is_told_without_it() {
        let problem = |text: &str| token().read(text).err().map(|problem| problem.to_string());
        for (text, expected) in [
            ("", "it is empty"),
            (" \"\" \n", "it is empty"),
            ("bxt_ab cd", "it has white space or a control character inside"),
            ("bxt_ab\u{7}cd", "it has white space or a control character inside"),
            ("bxt_abc", "it has 7 characters, and at least 8 are expected"),
            ("bxt_aaaaaaaaaaaaaaaaaaaaaaaaaa", "it has 30 characters, and at most 20 are expected"),
            ("\"bxt_abc123", "it does not have the form `bxt_[a-zA-Z0-9]+`"),
            (r#"{"id":"a","secret":"b"}"#, "it is a JSON object, and one value is expected"),
            ("sk_live_abcdef", "it does not have the form `bxt_[a-zA-Z0-9]+`"),
        ] {
            assert_eq!(problem(text).as_deref(), Some(expected), "{text:?}");
        }
    }

    #[test]
    fn several_parts_are_json() {
        let two = SecretShape::of_parts(vec!["id".to_owned(), "secret".to_owned()]);
        let read = two.read(" {\"id\": \"a\", \"secret\": \"b\"} ").ok();
        assert_eq!(
            read.map(|secret| secret.parts().map(|(name, value)| format!("{name}={value}")).collect::<String>()).as_deref(),
            Some("id=asecret=b")
        );
        assert_eq!(
            two.read("hunter2").err(),
            Some(SecretProblem::Parts("it is not JSON of the form {\"id\": \"…\", \"secret\": \"…\"}".to_owned()))
        );
        assert!(!two.claims("hunter2"), "no form, no claim");
    }
}
