//! Which keys of the inventory are shown, and in which order.
use std::cmp::Reverse;
use std::convert::Infallible;
use std::str::FromStr;

use jiff::Timestamp;

use super::Row;
use crate::model::{Address, Risk, Span, glob};

/// A text in which `*` stands for anything, and `?` for one character.
#[derive(Debug, Clone)]
pub struct Pattern {
    text: String,
}

/// What a row is sorted by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sort {
    #[default]
    Address,
    Owner,
    /// Highest first.
    Risk,
    /// Oldest key first.
    Age,
    /// Soonest first, as all that follow.
    Expiry,
    Rotation,
    Review,
    /// Longest not verified first; never verified before all.
    Verified,
    /// Longest not used first; never used before all.
    Used,
}

/// Conditions that all have to hold.
#[derive(Debug, Default)]
pub struct Selection {
    /// Any of them; none: every address.
    pub addresses: Vec<Pattern>,
    pub owner: Option<Pattern>,
    /// At least this.
    pub risk: Option<Risk>,
    /// The current generation ends within this time, or has ended.
    pub expiring: Option<Span>,
}

impl FromStr for Pattern {
    type Err = Infallible;
    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self { text: text.to_owned() })
    }
}

impl Pattern {
    pub fn matches(&self, text: &str) -> bool {
        glob::matches(&self.text, text)
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The address, when the pattern is one.
    pub fn address(&self) -> Option<Address> {
        self.text.parse().ok()
    }

    /// Whether it has a `*` or a `?`.
    pub fn is_open(&self) -> bool {
        self.text.contains(['*', '?'])
    }
}

impl Selection {
    /// Whether a key is looked at, before anything else is known of it.
    pub fn covers(&self, address: &Address) -> bool {
        if self.addresses.is_empty() {
            return true;
        }
        let text = address.to_string();
        self.addresses.iter().any(|pattern| pattern.matches(&text))
    }

    /// Whether a row is shown.
    pub fn takes(&self, row: &Row, now: Timestamp) -> bool {
        let owned = self.owner.as_ref().is_none_or(|pattern| pattern.matches(row.owner.as_deref().unwrap_or_default()));
        let risky = self.risk.is_none_or(|risk| row.risk >= Some(risk));
        let by = self.expiring.map(|span| now.checked_add(span.duration()).unwrap_or(Timestamp::MAX));
        owned && risky && by.is_none_or(|by| row.expires_at.is_some_and(|at| at <= by))
    }
}

impl Sort {
    /// Sorts rows that come in the order of their addresses, which settles what is equal.
    pub fn sort(self, rows: &mut [Row]) {
        match self {
            Self::Address => {}
            Self::Owner => rows.sort_by(|a, b| (a.owner.is_none(), &a.owner).cmp(&(b.owner.is_none(), &b.owner))),
            Self::Risk => rows.sort_by_key(|row| Reverse(row.risk)),
            Self::Age => rows.sort_by_key(|row| soonest(row.created_at)),
            Self::Expiry => rows.sort_by_key(|row| soonest(row.expires_at)),
            Self::Rotation => rows.sort_by_key(|row| soonest(row.rotates_at)),
            Self::Review => rows.sort_by_key(|row| soonest(row.review_due_at)),
            Self::Verified => rows.sort_by_key(|row| (row.generation.is_none(), row.last_verified_at)),
            Self::Used => rows.sort_by_key(|row| (row.generation.is_none(), row.last_used_at)),
        }
    }
}

/// Orders by time; what has none comes last.
fn soonest(at: Option<Timestamp>) -> Timestamp {
    at.unwrap_or(Timestamp::MAX)
}
