//! Names and addresses. A name that parsed is safe as a path component.
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// The form of a name, as a regular expression.
pub const NAME_PATTERN: &str = "^[a-z0-9][a-z0-9-]{0,62}$";

/// A lower-case name of an account, key or group: 1 to 63 of `a-z0-9-`, not beginning with `-`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Box<str>);

/// A text that is no name, or no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    #[error("`{0}` is not a name: use 1 to 63 of a-z, 0-9 and `-`, beginning with a letter or digit")]
    Name(String),
    #[error("`{0}` is not an address: write `account/name`")]
    Address(String),
}

impl Name {
    /// Parses a name. Errors when the text does not match [`NAME_PATTERN`].
    pub fn new(text: &str) -> Result<Self, NameError> {
        let bytes = text.as_bytes();
        let word = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        let fits = (1..=63).contains(&bytes.len()) && word(&bytes[0]) && bytes.iter().all(|b| word(b) || *b == b'-');
        if fits { Ok(Self(text.into())) } else { Err(NameError::Name(text.escape_debug().to_string())) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Where a key is declared: `account/name`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    pub account: Name,
    pub name: Name,
}

impl Address {
    pub fn new(account: Name, name: Name) -> Self {
        Self { account, name }
    }
}

impl FromStr for Name {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        Self::new(text)
    }
}

impl FromStr for Address {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        let (account, name) = text.split_once('/').ok_or_else(|| NameError::Address(text.escape_debug().to_string()))?;
        Ok(Self { account: Name::new(account)?, name: Name::new(name)? })
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}/{}", self.account, self.name))
    }
}

macro_rules! as_text {
    ($type:ty, $name:literal, $pattern:expr, $says:literal) => {
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Cow::<'de, str>::deserialize(deserializer)?.parse().map_err(D::Error::custom)
            }
        }
        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "description": $says, "pattern": $pattern })
            }
        }
    };
}
pub(crate) use as_text;

as_text!(Name, "Name", NAME_PATTERN, "Small letters, digits and dashes.");
as_text!(
    Address,
    "Address",
    "^[a-z0-9][a-z0-9-]{0,62}/[a-z0-9][a-z0-9-]{0,62}$",
    "A key: its account and its name, with a slash between them."
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_safe_path_components() {
        for good in ["a", "0", "billing-webhooks", &"a".repeat(63)] {
            assert!(Name::new(good).is_ok(), "{good}");
        }
        for bad in ["", "-a", "A", "a.b", "..", "a/b", "a b", "é", &"a".repeat(64), "a\0"] {
            assert!(Name::new(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn an_address_is_account_slash_name() {
        let address: Address = "pay/one".parse().expect("an address");
        assert_eq!(address.to_string(), "pay/one");
        for bad in ["pay", "pay/", "/one", "pay/one/two", "pay/../x"] {
            assert!(bad.parse::<Address>().is_err(), "{bad}");
        }
    }
}
