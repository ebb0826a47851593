//! What to do about keys that are in no manifest and no ledger: by account and label, the first rule that fits.
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Name;

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
        let fits = |rule: &&UnmanagedRule| rule.account.as_ref().is_none_or(|only| only == account) && matches(&rule.pattern, label);
        self.rules.iter().find(fits).map_or(self.default, |rule| rule.handling)
    }
}

/// Whether a pattern matches a whole text: `*` stands for any text, `?` for one character. Takes time in proportion to the product of the two lengths, whatever the pattern.
pub fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    // Where the last `*` stands, and up to where it has taken the text.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == '?' || *c == text[t] => {
                p += 1;
                t += 1;
            }
            Some(_) | None => match &mut star {
                Some((at, taken)) => {
                    *taken += 1;
                    (p, t) = (*at + 1, *taken);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_labels() {
        for (pattern, text, expected) in [
            ("ci-*", "ci-deploy", true),
            ("ci-*", "ci-", true),
            ("ci-*", "my ci-deploy", false),
            ("*", "", true),
            ("?", "é", true),
            ("?", "", false),
            ("*-*-end", "a-b-c-end", true),
            ("*-*-end", "a-end", false),
            ("a.c", "abc", false),
            ("CI", "ci", false),
            ("a*b*c", "a\nxbyc", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text:?}");
        }
        assert!(!matches(&"*a".repeat(200), &"a".repeat(5000).replace("aaaaa", "aaaab")), "no pattern is slow");
    }

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
