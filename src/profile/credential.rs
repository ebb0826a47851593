//! The shape of an admin credential, and how its text is read. Its messages never contain any of the text.
use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::de::{Deserializer, Visitor};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::model::Secret;

/// What the admin credential consists of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Credential {
    /// Names of its parts. One part is given as plain text, several as a JSON object with these fields.
    pub parts: Vec<String>,
    /// The part that equals the id of the admin credential's own key in listings. That key is never touched.
    #[serde(default)]
    pub own: Option<String>,
}

/// Why a text is no credential of this shape.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CredentialProblem {
    #[error("the credential is empty")]
    Absent,
    #[error("the credential must be JSON of the form {0}")]
    NotJson(String),
    #[error("the credential has no `{0}`, or it is empty")]
    MissingPart(String),
    #[error("the credential holds a control character or line break")]
    ControlCharacter,
}

impl Credential {
    /// Reads a credential. Whitespace around it is ignored, and so are further fields of a JSON object.
    ///
    /// Errors when it is empty, is not of the form, lacks a part, or holds control characters, which no header can carry.
    pub fn parse(&self, text: &str) -> Result<Secret, CredentialProblem> {
        let text = text.trim();
        if text.is_empty() {
            return Err(CredentialProblem::Absent);
        }
        let parts = match self.parts.as_slice() {
            [only] => vec![(only.clone(), Zeroizing::new(text.to_owned()))],
            _ => self.parse_json(text)?,
        };
        if parts.iter().any(|(_, value)| value.chars().any(char::is_control)) {
            return Err(CredentialProblem::ControlCharacter);
        }
        Ok(Secret::of_parts(parts))
    }

    fn parse_json(&self, text: &str) -> Result<Vec<(String, Zeroizing<String>)>, CredentialProblem> {
        let mut fields: BTreeMap<String, Field> =
            serde_json::from_str(text).map_err(|_| CredentialProblem::NotJson(self.form().unwrap_or_default()))?;
        let part = |name: &String| match fields.remove(name) {
            Some(Field(Some(value))) if !value.trim().is_empty() => Ok((name.clone(), Zeroizing::new(value.trim().to_owned()))),
            Some(Field(_)) | None => Err(CredentialProblem::MissingPart(name.clone())),
        };
        self.parts.iter().map(part).collect()
    }

    /// The form as people should write it, such as `{"id": "…", "secret": "…"}`; `None` for plain text.
    pub fn form(&self) -> Option<String> {
        let fields: Vec<String> = self.parts.iter().map(|part| format!("\"{part}\": \"…\"")).collect();
        (fields.len() > 1).then(|| format!("{{{}}}", fields.join(", ")))
    }
}

/// A text that is wiped when dropped, or anything else, which is not kept.
struct Field(Option<Zeroizing<String>>);

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FieldVisitor)
    }
}

struct FieldVisitor;

impl<'de> Visitor<'de> for FieldVisitor {
    type Value = Field;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a JSON value")
    }
    fn visit_str<E>(self, text: &str) -> Result<Field, E> {
        Ok(Field(Some(Zeroizing::new(text.to_owned()))))
    }
    fn visit_string<E>(self, text: String) -> Result<Field, E> {
        Ok(Field(Some(Zeroizing::new(text))))
    }
    fn visit_unit<E>(self) -> Result<Field, E> {
        Ok(Field(None))
    }
    fn visit_bool<E>(self, _: bool) -> Result<Field, E> {
        Ok(Field(None))
    }
    fn visit_i64<E>(self, _: i64) -> Result<Field, E> {
        Ok(Field(None))
    }
    fn visit_u64<E>(self, _: u64) -> Result<Field, E> {
        Ok(Field(None))
    }
    fn visit_f64<E>(self, _: f64) -> Result<Field, E> {
        Ok(Field(None))
    }
    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut items: A) -> Result<Field, A::Error> {
        while items.next_element::<Field>()?.is_some() {}
        Ok(Field(None))
    }
    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut fields: A) -> Result<Field, A::Error> {
        while fields.next_entry::<Field, Field>()?.is_some() {}
        Ok(Field(None))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two() -> Credential {
        Credential { parts: vec!["id".into(), "secret".into()], own: Some("id".into()) }
    }

    #[test]
    fn both_shapes_are_read() {
        let one = Credential { parts: vec!["token".into()], own: None };
        assert_eq!(one.parse("  abc\n").ok().as_ref().and_then(|secret| secret.part("token")), Some("abc"));
        let secret = two().parse("\n{\"secret\": \"s1\", \"label\": {\"x\": [1, null]}, \"id\": \" i1 \"}\n").expect("a credential");
        assert_eq!(secret.parts().collect::<Vec<_>>(), [("id", "i1"), ("secret", "s1")]);
    }

    #[test]
    fn problems_are_told_without_the_text() {
        let problem = |text: &str| two().parse(text).err().expect("a problem");
        assert_eq!(problem(" \n"), CredentialProblem::Absent);
        assert_eq!(problem("hunter2").to_string(), "the credential must be JSON of the form {\"id\": \"…\", \"secret\": \"…\"}");
        assert_eq!(problem("{\"id\": \"hunter2\"}").to_string(), "the credential has no `secret`, or it is empty");
        assert_eq!(problem("{\"id\": \"hunter2\", \"secret\": 12}"), CredentialProblem::MissingPart("secret".into()));
        assert_eq!(problem("{\"id\": \"hunter2\", \"secret\": \"\"}"), CredentialProblem::MissingPart("secret".into()));
        assert_eq!(problem("{\"id\": \"a\\nb\", \"secret\": \"x\"}"), CredentialProblem::ControlCharacter);
        assert_eq!(problem("{\"id\": \"hunter2\", \"secret\": \"x\"} trailing"), CredentialProblem::NotJson(two().form().unwrap()));
    }
}
