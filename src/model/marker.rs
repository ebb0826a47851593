//! The marker that ties a live key to the intent that made it.
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::address::as_text;

/// Characters that a marker and the space before it take from a provider's label limit.
pub const LABEL_ROOM: usize = 12;

const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// `kw-` and eight base32 characters, appended to the provider-side label after a space.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Marker(Box<str>);

/// A text that is no marker.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a marker: `kw-` and eight of a-z2-7")]
pub struct MarkerError(String);

impl Marker {
    /// Makes a marker of five random bytes.
    pub fn from_random(bytes: [u8; 5]) -> Self {
        let bits = bytes.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        let text = (0..8).rev().map(|i| char::from(ALPHABET[(bits >> (5 * i) & 31) as usize]));
        Self(std::iter::once("kw-".to_owned()).chain(text.map(String::from)).collect::<String>().into())
    }

    /// The marker at the end of a provider-side label, if one is there.
    pub fn at_end_of(label: &str) -> Option<Self> {
        label.trim_end().rsplit(char::is_whitespace).next()?.parse().ok()
    }

    /// The label without its marker and the white space before it.
    pub fn strip_from(label: &str) -> &str {
        match Self::at_end_of(label) {
            Some(marker) => label.trim_end().strip_suffix(marker.as_str()).unwrap_or(label).trim_end(),
            None => label,
        }
    }

    /// The provider-side label of a key: label, space, marker.
    pub fn label(&self, label: &str) -> String {
        format!("{label} {self}")
    }

    /// The same of a declared key, whose label is empty where keys have none: then it bears no marker either.
    pub fn declared_label(&self, label: &str) -> String {
        if label.is_empty() { String::new() } else { self.label(label) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Marker {
    type Err = MarkerError;
    fn from_str(text: &str) -> Result<Self, MarkerError> {
        let tail = text.strip_prefix("kw-").filter(|tail| tail.len() == 8 && tail.bytes().all(|b| ALPHABET.contains(&b)));
        tail.map(|_| Self(text.into())).ok_or_else(|| MarkerError(text.escape_debug().to_string()))
    }
}

impl fmt::Display for Marker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

as_text!(Marker, "Marker", "^kw-[a-z2-7]{8}$", "What a label ends with, so that a key is known again.");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_survives_its_label() {
        let marker = Marker::from_random([0, 1, 2, 254, 255]);
        assert_eq!(marker.as_str().len(), 11);
        let label = marker.label("Billing webhooks");
        assert_eq!(Marker::at_end_of(&label), Some(marker.clone()));
        assert_eq!(Marker::strip_from(&label), "Billing webhooks");
        assert_eq!(marker.label("").len(), LABEL_ROOM);
        assert_eq!((marker.declared_label("x"), marker.declared_label("")), (marker.label("x"), String::new()));
    }

    #[test]
    fn other_endings_are_no_markers() {
        for label in ["", "kw-", "Billing", "Billing kw-ABCDEFGH", "Billing kw-abcdefg1", "Billing kw-abcdefghi", "xkw-abcdefgh"] {
            assert_eq!(Marker::at_end_of(label), None, "{label}");
            assert_eq!(Marker::strip_from(label), label);
        }
    }
}
