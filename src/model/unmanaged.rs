//! What to do about keys that are in no manifest and no ledger: by account and label, the first rule that fits.
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Name, glob};

/// What to do about one unmanaged key.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Handling {
    /// List it in every plan.
    #[default]
    Report,
    /// List it, and refuse the whole plan.
    Fail,
    /// Count it, and say no more.
    Ignore,
}

/// What to do about all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unmanaged {
    pub default: Handling,
    /// In order: the first that fits a key decides.
    pub rules: Vec<UnmanagedRule>,
}

/// What to do about the keys whose labels match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnmanagedRule {
    /// Of the whole label: `*` stands for any text, `?` for one character.
    pub pattern: String,
    /// `None`: every account.
    pub account: Option<Name>,
    pub handling: Handling,
}

impl Unmanaged {
    pub fn handling(&self, account: &Name, label: &str) -> Handling {
        let fits = |rule: &&UnmanagedRule| rule.account.as_ref().is_none_or(|only| only == account) && glob::matches(&rule.pattern, label);
        self.rules.iter().find(fits).map_or(self.default, |rule| rule.handling)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_rule_that_fits_decides() {
        let name = |text: &str| Name::new(text).expect("a name");
        let rule = |pattern: &str, account: Option<&str>, handling| UnmanagedRule {
            pattern: pattern.to_owned(),
            account: account.map(name),
            handling,
        };
        let rules = vec![rule("ci-*", Some("a"), Handling::Ignore), rule("ci-*", None, Handling::Report)];
        let all = Unmanaged { default: Handling::Fail, rules };
        assert_eq!(all.handling(&name("a"), "ci-1"), Handling::Ignore);
        assert_eq!(all.handling(&name("b"), "ci-1"), Handling::Report);
        assert_eq!(all.handling(&name("a"), "x"), Handling::Fail);
    }
}
