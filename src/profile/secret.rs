//! The form of a key's secret, and how the text that a person hands over is read. Its messages never contain any of the text.
use data_encoding::BASE64;
use regex_syntax::hir::literal::Extractor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::credential::{Credential, CredentialProblem};
use super::reader::whole;
use super::template::{Placeholder, Template};
use crate::model::Secret;

/// The name of the part that is composed of others.
pub const VALUE: &str = "value";

/// What a key's secret consists of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(from = "SecretSpec", into = "SecretSpec")]
pub struct SecretShape {
    /// Names of all parts, that of the composed one at the end.
    pub parts: Vec<String>,
    /// A regular expression that the whole last given part matches.
    pub pattern: Option<String>,
    /// Of the last given part, in characters.
    pub min_length: Option<u32>,
    /// Of the last given part, in characters.
    pub max_length: Option<u32>,
    /// What a further part is made of.
    pub compose: Option<Template>,
    pub encode: Option<Encoding>,
}

/// What a key's secret consists of.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SecretSpec {
    /// Names of the parts, such as `[id, secret]`; one part is called `secret`.
    parts: Vec<String>,
    /// A regular expression that the whole last part matches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pattern: Option<String>,
    /// Of the last part, in characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    min_length: Option<u32>,
    /// Of the last part, in characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max_length: Option<u32>,
    /// The one text that a consumer sends, made of the parts: `{part.id}.{part.secret}`. It is a further part, `value`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    compose: Option<Template>,
    /// How the composed text is encoded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    encode: Option<Encoding>,
}

/// How a composed text is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    /// With `+`, `/` and padding.
    Base64,
}

impl From<SecretSpec> for SecretShape {
    fn from(SecretSpec { mut parts, pattern, min_length, max_length, compose, encode }: SecretSpec) -> Self {
        parts.extend(compose.is_some().then(|| VALUE.to_owned()));
        Self { parts, pattern, min_length, max_length, compose, encode }
    }
}

impl From<SecretShape> for SecretSpec {
    fn from(shape: SecretShape) -> Self {
        let parts = shape.given().to_vec();
        let SecretShape { parts: _, pattern, min_length, max_length, compose, encode } = shape;
        Self { parts, pattern, min_length, max_length, compose, encode }
    }
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

/// How many characters tell whose secret it is.
const MARK: usize = 3;

/// Marks that people and programs put around a value.
const QUOTES: [(char, char); 6] = [('"', '"'), ('\'', '\''), ('`', '`'), ('“', '”'), ('‘', '’'), ('«', '»')];

impl SecretShape {
    /// Parts without any rule for their form.
    pub fn of_parts(parts: Vec<String>) -> Self {
        Self { parts, pattern: None, min_length: None, max_length: None, compose: None, encode: None }
    }

    /// Names of the parts that the provider or a person gives.
    pub fn given(&self) -> &[String] {
        match &self.compose {
            Some(_) => &self.parts[..self.parts.len().saturating_sub(1)],
            None => &self.parts,
        }
    }

    /// The given parts, and the one that is composed of them.
    pub fn composed(&self, secret: Secret) -> Secret {
        let part = |placeholder: &Placeholder| match placeholder {
            Placeholder::Part(name) => secret.part(name),
            Placeholder::Id
            | Placeholder::Label
            | Placeholder::Marker
            | Placeholder::Scopes
            | Placeholder::ScopesAxis(_)
            | Placeholder::Expiry
            | Placeholder::Never
            | Placeholder::Past
            | Placeholder::Uuid
            | Placeholder::Page
            | Placeholder::Limit
            | Placeholder::Offset
            | Placeholder::Cursor
            | Placeholder::Item(_)
            | Placeholder::Param(_)
            | Placeholder::Option(_)
            | Placeholder::Login(_)
            | Placeholder::Admin(_) => None,
        };
        let Some(text) = self.compose.as_ref().and_then(|compose| compose.secret_text(part)) else { return secret };
        let text = match self.encode {
            Some(Encoding::Base64) => Zeroizing::new(BASE64.encode(text.as_bytes())),
            None => text,
        };
        let given = secret.parts().map(|(name, value)| (name.to_owned(), Zeroizing::new(value.to_owned())));
        Secret::of_parts(given.chain([(VALUE.to_owned(), text)]).collect())
    }

    /// Reads what a person pasted: white space and quotes around it go. Several parts are read as JSON.
    pub fn read(&self, text: &str) -> Result<Secret, SecretProblem> {
        let is_one = self.given().len() == 1;
        let text = if is_one { unquoted(text) } else { text.trim() };
        if text.is_empty() {
            return Err(SecretProblem::Empty);
        }
        if is_one && serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(text).is_ok() {
            return Err(SecretProblem::Object);
        }
        let shape = Credential { parts: self.given().to_vec(), own: None, apart: false };
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
            Some(_) | None => Ok(self.composed(secret)),
        }
    }

    /// Whether a text has the very form of this provider's secrets. Never where that form begins with no mark of its own: long
    /// letters and digits are everybody's.
    pub fn claims(&self, text: &str) -> bool {
        self.pattern.as_deref().is_some_and(|pattern| begins_with_a_mark(pattern) && is_of(pattern, unquoted(text)))
    }
}

/// Whether all texts of a form begin with the same characters, such as `glsa_`.
fn begins_with_a_mark(pattern: &str) -> bool {
    let begins = regex_syntax::parse(pattern).map(|form| Extractor::new().extract(&form));
    begins.is_ok_and(|begins| begins.longest_common_prefix().is_some_and(|mark| mark.len() >= MARK))
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
        let anybodys = SecretShape { pattern: Some("[A-Za-z0-9]{7,}".to_owned()), ..two.clone() };
        assert!(!anybodys.claims("hunter2"), "no mark, no claim");
        assert!(SecretShape { pattern: Some(r"hun\w+".to_owned()), ..two }.claims("hunter2"));
    }

    #[test]
    fn a_part_is_composed_of_others() {
        let written = serde_json::json!({"parts": ["id", "secret"], "compose": "{part.id}:{part.secret}", "encode": "base64"});
        let shape: SecretShape = serde_json::from_value(written.clone()).expect("a shape");
        let secret = shape.read(r#"{"id": "a", "secret": "hush"}"#).expect("a secret");
        assert_eq!(secret.parts().collect::<Vec<_>>(), [("id", "a"), ("secret", "hush"), ("value", "YTpodXNo")]);
        assert_eq!((shape.parts.len(), shape.given().len()), (3, 2));
        assert_eq!(serde_json::to_value(&shape).expect("JSON"), written);
        let plain = SecretShape { encode: None, ..shape };
        assert_eq!(plain.read(r#"{"id": "a", "secret": "hush"}"#).ok().as_ref().and_then(|read| read.part("value")), Some("a:hush"));
    }
}
