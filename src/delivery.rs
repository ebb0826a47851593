//! The port to places that consume secrets: what each kind is told in `keywright.yaml`, how a place is given a secret, and how it may fail. Knows
//! no plan and no ledger file. A kind is one file.
pub mod call;
pub mod github_actions;
pub mod nango;
pub mod payvy;

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use regex::Regex;
use zeroize::Zeroizing;

use crate::model::{Fingerprint, Held, Secret, Target};
use crate::profile::{HttpApi, Runbook};

/// One kind of place.
pub struct Kind {
    /// The word after `to`.
    pub name: &'static str,
    /// Its own name, for people.
    pub title: &'static str,
    /// Where its API is, unless `endpoint` says otherwise; absent where it has none.
    pub endpoint: Option<&'static str>,
    pub params: &'static [Param],
    /// Whether it takes secrets of one part only.
    pub single: bool,
    /// Whether a call through a place of these params shows that its secret works.
    pub tries: fn(&BTreeMap<String, String>) -> bool,
    pub way: Way,
}

/// How a place gets a secret.
pub enum Way {
    /// Through its API, with a credential of ours.
    Api(fn(Access<'_>) -> Result<Box<dyn Delivery>, DeliveryError>),
    /// By a person.
    Attended(fn() -> Runbook),
}

/// What a kind wants to know of a place.
pub struct Param {
    pub name: &'static str,
    /// What it is, for people.
    pub says: &'static str,
    /// A regular expression for the whole value. Besides, no value is longer than 255 characters, has a space at its ends, or is `.` or `..`.
    pub pattern: &'static str,
    /// What the value must not begin with.
    pub never: &'static [&'static str],
    pub optional: bool,
    /// Taken where nothing is said.
    pub default: Option<&'static str>,
    /// Whether capitals make no difference there.
    pub folds: bool,
}

const LONGEST_VALUE: usize = 255;

/// Every kind, by its word.
pub const KINDS: &[Kind] = &[github_actions::KIND, nango::KIND, payvy::KIND];

impl Kind {
    pub fn named(name: &str) -> Option<&'static Self> {
        KINDS.iter().find(|kind| kind.name == name)
    }

    /// What a person does; `None` where there is an API.
    pub fn runbook(&self) -> Option<Runbook> {
        match self.way {
            Way::Api(_) => None,
            Way::Attended(runbook) => Some(runbook()),
        }
    }

    pub fn is_attended(&self) -> bool {
        match self.way {
            Way::Api(_) => false,
            Way::Attended(_) => true,
        }
    }
}

impl Param {
    /// Required, and taken letter by letter.
    const fn required(name: &'static str, says: &'static str, pattern: &'static str) -> Self {
        Self { name, says, pattern, never: &[], optional: false, default: None, folds: false }
    }

    const fn optional(name: &'static str, says: &'static str, pattern: &'static str) -> Self {
        Self { optional: true, ..Self::required(name, says, pattern) }
    }

    pub fn fits(&self, value: &str) -> bool {
        let plain = value.len() <= LONGEST_VALUE && value.trim() == value && !matches!(value, "." | "..");
        let begins = self.never.iter().any(|never| value.starts_with(never));
        plain && !begins && Regex::new(self.pattern).is_ok_and(|pattern| pattern.is_match(value))
    }
}

/// What a place is opened with.
pub struct Access<'a> {
    pub target: &'a Target,
    pub credential: Zeroizing<String>,
    /// The real one: answers name instants.
    pub clock: fn() -> Timestamp,
    pub limits: crate::provider::transport::Limits,
}

/// A secret on its way to a place.
pub struct Parcel<'a> {
    pub secret: &'a Secret,
    /// The secret as its file would have it.
    pub text: &'a [u8],
    pub fingerprint: Fingerprint,
    /// How the key's own provider answers: what a call through the place shows is judged by it. Absent where there is no such thing.
    pub judge: Option<&'a HttpApi>,
}

/// What is known after a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// A call through the place worked, or the place offers none.
    Works,
    /// It has the secret; a call decided nothing. Why.
    Undecided(String),
}

/// Why a place was not asked, or did not do what it was asked. Holds no body, no credential and no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeliveryError {
    #[error("the credential of the delivery was refused: {0}")]
    Unauthenticated(String),
    #[error("the credential of the delivery may not do this: {0}")]
    Forbidden(String),
    #[error("not found: {0}")]
    NotFound(String),
    #[error("refused: {0}")]
    Refused(String),
    #[error("throttled: {0}")]
    Throttled(String),
    /// Nothing was sent.
    #[error("unreachable: {0}")]
    Unreachable(String),
    /// No answer, or one that cannot be understood.
    #[error("no usable answer: {0}")]
    Unanswered(String),
    /// It accepted the secret, and does not show it.
    #[error("it accepted the secret, and {0}")]
    NotHeld(String),
    /// A call through the place shows the secret to be dead.
    #[error("it has the secret, and a call through it is refused: {0}")]
    Dead(String),
    /// A fault of ours: nothing happened there.
    #[error("{0}")]
    Local(String),
}

/// One place, opened with its credential. Every call may be repeated: twice does what once does.
#[async_trait(?Send)]
pub trait Delivery {
    /// What the place says it holds. Reads no secret.
    async fn observe(&self) -> Result<Held, DeliveryError>;
    /// Gives the place a secret, together with its fingerprint where it can keep one, and tries it there where that can be done. What else the
    /// place keeps is left as it is.
    async fn deliver(&self, parcel: &Parcel<'_>) -> Result<Proof, DeliveryError>;
    /// Tries what the place holds. Sends no secret.
    async fn prove(&self, judge: Option<&HttpApi>) -> Result<Proof, DeliveryError>;
}

/// Opens a place; sends nothing.
pub fn open(access: Access<'_>) -> Result<Box<dyn Delivery>, DeliveryError> {
    let kind = Kind::named(&access.target.kind);
    match kind.map(|kind| &kind.way) {
        Some(Way::Api(open)) => open(access),
        Some(Way::Attended(_)) | None => Err(DeliveryError::Local(format!("`{}` has no API", access.target.kind))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(kind: &str, param: &str, value: &str) -> bool {
        let kind = Kind::named(kind).expect("a kind");
        kind.params.iter().find(|other| other.name == param).expect("a param").fits(value)
    }

    #[test]
    fn kinds_and_params_are_declared_once_and_whole() {
        let names: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
        assert!(names.is_sorted_by(|a, b| a < b), "{names:?}");
        for kind in KINDS {
            assert_eq!(kind.endpoint.is_some(), !kind.is_attended(), "{}", kind.name);
            for param in kind.params {
                Regex::new(param.pattern).expect(param.name);
                assert!(param.pattern.starts_with('^') && param.pattern.ends_with('$'), "{}: the whole value", param.name);
                assert!(param.default.is_none_or(|default| param.fits(default)), "{}", param.name);
            }
        }
    }

    #[test]
    fn a_value_cannot_leave_its_place_in_a_url_or_header() {
        for (kind, param, good) in [
            ("nango", "connection_id", r#"a ,.;:=+~[]|@${}"'\/_-9"#),
            ("nango", "connection_id", "...a"),
            ("github-actions", "secret", "GITHUB"),
            ("nango", "provider_config_key", "brex-api-key"),
            ("nango", "check_path", "/v2/users/me"),
            ("nango", "check_path", "/v1/items?limit=1&a=b"),
            ("nango", "check_base_url", "https://api.brex.com"),
            ("github-actions", "repository", "acme/books"),
            ("github-actions", "repository", "Acme/.github"),
            ("github-actions", "environment", "production"),
            ("github-actions", "secret", "BREX_TOKEN_2"),
        ] {
            assert!(fits(kind, param, good), "{param} {good}");
        }
        for (kind, param, bad) in [
            ("nango", "connection_id", ""),
            ("nango", "connection_id", ".."),
            ("nango", "connection_id", " a"),
            ("nango", "connection_id", "a "),
            ("nango", "connection_id", "ä"),
            ("nango", "connection_id", "a\nb"),
            ("nango", "connection_id", "a?b"),
            ("nango", "provider_config_key", "a/b"),
            ("nango", "check_path", "v2"),
            ("nango", "check_path", "/../connections"),
            ("nango", "check_path", "/%2e%2e/connections"),
            ("nango", "check_base_url", "http://api.brex.com"),
            ("nango", "check_base_url", "https://user@api.brex.com"),
            ("github-actions", "repository", "acme"),
            ("github-actions", "repository", "acme/.."),
            ("github-actions", "repository", "../books"),
            ("github-actions", "repository", "acme/books/x"),
            ("github-actions", "environment", ".."),
            ("github-actions", "secret", "brex"),
            ("github-actions", "secret", "GITHUB_TOKEN"),
            ("github-actions", "secret", "2BREX"),
        ] {
            assert!(!fits(kind, param, bad), "{param} {bad:?}");
        }
        assert!(!fits("nango", "connection_id", &"a".repeat(256)) && fits("nango", "connection_id", &"a".repeat(255)));
    }
}
