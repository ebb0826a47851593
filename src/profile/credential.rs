//! The shape of an admin credential, and how its text is read. Its messages never contain any of the text.
use std::collections::BTreeMap;

use regex::Regex;
use schemars::JsonSchema;
use serde::de::{Deserializer, Visitor};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::pointer::Pointer;
use crate::model::Secret;

/// What the admin credential consists of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Credential {
    /// Names of its parts. One part is given as plain text, several as a JSON object with these fields.
    pub parts: Vec<String>,
    /// The part that equals the id of the admin credential's own key in listings. That key is never touched.
    #[serde(default)]
    pub own: Option<OwnPart>,
    /// The credential is never one of the keys that are listed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub apart: bool,
}

/// What of the credential tells its own key: a part that is the id, a piece of it, or a part that listings show masked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum OwnPart {
    Part(String),
    Piece(OwnPiece),
    Masked(OwnMasked),
}

/// A part of the credential that listings show without its middle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnMasked {
    /// The part of the credential.
    pub part: String,
    /// Where a key has it: its beginning, dots, stars or an ellipsis, and its end; or its end alone.
    pub masked: Pointer,
}

/// A piece of a part of the credential.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnPiece {
    /// The part of the credential.
    pub part: String,
    /// A regular expression found in the part; what it matches, or its first group, is the id.
    pub pattern: String,
}

impl OwnPart {
    /// The part that has it.
    pub fn part(&self) -> &str {
        match self {
            Self::Part(part) | Self::Piece(OwnPiece { part, .. }) | Self::Masked(OwnMasked { part, .. }) => part,
        }
    }

    /// Whether the whole part is the id, and so no secret.
    pub fn is_id(&self) -> bool {
        matches!(self, Self::Part(_))
    }

    pub fn pattern(&self) -> Option<&String> {
        match self {
            Self::Part(_) | Self::Masked(_) => None,
            Self::Piece(piece) => Some(&piece.pattern),
        }
    }

    fn id<'a>(&self, secret: &'a Secret) -> Option<&'a str> {
        if let Self::Masked(_) = self {
            return None;
        }
        let part = secret.part(self.part())?;
        let Some(pattern) = self.pattern() else { return Some(part) };
        let groups = Regex::new(pattern).ok()?.captures(part)?;
        Some(groups.get(1).or(groups.get(0))?.as_str())
    }
}

/// The shortest end of a secret that tells it from others.
const TELLING: usize = 3;

/// Whether a masked text stands for a secret.
pub fn masks(masked: &str, secret: &str) -> bool {
    let covers = |c: char| matches!(c, '.' | '*' | '…' | '•');
    let (head, tail) = match (masked.find(covers), masked.rfind(covers)) {
        (Some(first), Some(last)) => (&masked[..first], masked[last..].trim_start_matches(covers)),
        (None, _) | (_, None) => ("", masked),
    };
    tail.chars().count() >= TELLING && head.len() + tail.len() < secret.len() && secret.starts_with(head) && secret.ends_with(tail)
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
    /// The id of a credential's own key, where the credential tells it.
    pub fn own_id(&self, secret: &Secret) -> Option<String> {
        self.own.as_ref()?.id(secret).map(str::to_owned)
    }

    /// Where listings show a part of the credential masked, and that part.
    pub fn own_mask(&self, secret: &Secret) -> Option<(Pointer, Zeroizing<String>)> {
        match self.own.as_ref()? {
            OwnPart::Masked(OwnMasked { part, masked }) => Some((masked.clone(), Zeroizing::new(secret.part(part)?.to_owned()))),
            OwnPart::Part(_) | OwnPart::Piece(_) => None,
        }
    }

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
        Credential { parts: vec!["id".into(), "secret".into()], own: Some(OwnPart::Part("id".into())), apart: false }
    }

    #[test]
    fn both_shapes_are_read() {
        let one = Credential { parts: vec!["token".into()], own: None, apart: false };
        assert_eq!(one.parse("  abc\n").ok().as_ref().and_then(|secret| secret.part("token")), Some("abc"));
        let secret = two().parse("\n{\"secret\": \"s1\", \"label\": {\"x\": [1, null]}, \"id\": \" i1 \"}\n").expect("a credential");
        assert_eq!(secret.parts().collect::<Vec<_>>(), [("id", "i1"), ("secret", "s1")]);
    }

    #[test]
    fn our_own_key_is_known_by_a_part_or_a_piece_of_it() {
        let own = |written: serde_json::Value| -> Option<String> {
            let credential: Credential = serde_json::from_value(serde_json::json!({"parts": ["token"], "own": written})).expect("a shape");
            credential.own_id(&credential.parse("SG.abc.hush").expect("a credential"))
        };
        assert_eq!(own(serde_json::json!("token")).as_deref(), Some("SG.abc.hush"));
        assert_eq!(own(serde_json::json!({"part": "token", "pattern": r"^SG\.([^.]+)\."})).as_deref(), Some("abc"));
        assert_eq!(own(serde_json::json!({"part": "token", "pattern": "^XX"})), None);
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

    #[test]
    fn a_masked_secret_is_told_by_what_is_left_of_it() {
        for (masked, stands) in [
            ("sk-admin...own", true),
            ("sk-admin-****************own", true),
            ("sk-ad…own", true),
            ("own", true),
            ("wn", false),
            ("sk-proj...own", false),
            ("sk-admin...xyz", false),
            ("sk-admin...", false),
            ("", false),
            ("sk-admin-EXAMPLE-own", false),
        ] {
            assert_eq!(masks(masked, "sk-admin-EXAMPLE-own"), stands, "{masked}");
        }
    }
}
