//! What is excused from a rule, why, and until when.
use jiff::Timestamp;

use super::Rule;
use crate::diagnostics::{Code, Part, Place, Route, Step};
use crate::model::{Address, Position, matches};

/// An exception with an end.
#[derive(Debug, Clone)]
pub struct Waiver {
    /// A code such as `policy/open-ended`, or the name of a rule.
    pub rule: String,
    /// An address, or a pattern of addresses.
    pub address: String,
    pub reason: String,
    /// Its last second.
    pub end: Timestamp,
    /// Its number in the list.
    pub index: usize,
    pub at: Position,
}

impl Waiver {
    /// Whether it is about a verdict, its end aside.
    pub(super) fn covers(&self, code: Code, rule: Option<&str>, address: &Address) -> bool {
        (self.rule == code.as_str() || rule == Some(self.rule.as_str())) && self.concerns(address)
    }

    /// Whether it is about a key.
    pub(super) fn concerns(&self, address: &Address) -> bool {
        matches(&self.address, &address.to_string())
    }

    /// Whether it may be about a verdict of the rule's expressions.
    pub(super) fn names_expressions_of(&self, rule: &Rule) -> bool {
        let codes = [Code::PolicyRule, Code::PolicyRuleFailed];
        codes.iter().any(|code| code.as_str() == self.rule) || rule.name.as_deref() == Some(self.rule.as_str())
    }

    pub(super) fn has_ended(&self, now: Timestamp) -> bool {
        now > self.end
    }

    /// One of its fields in the trusted file.
    pub(super) fn place(&self, field: &str) -> Place {
        let route = Route(vec![Step::Field("waivers".into()), Step::Index(self.index), Step::Field(field.into())]);
        Place::Route { file: self.at.file.clone(), route, part: Part::Value }
    }
}
