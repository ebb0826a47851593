//! Which scopes a listed scope covers by name, and what confines one to a part of a provider's resources. Pure.
use std::collections::{BTreeMap, BTreeSet};

use super::catalogue::Catalogue;
use super::catalogue_spec::CatalogueSpec;
use crate::model::Scope;

/// What stands before and after the sign that confines scopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Confined<'a> {
    pub base: &'a str,
    pub to: Option<&'a str>,
}

impl<'a> Confined<'a> {
    pub fn new(scope: &'a str, sign: Option<&str>) -> Self {
        match sign.and_then(|sign| scope.split_once(sign)) {
            Some((base, to)) => Self { base, to: Some(to) },
            None => Self { base: scope, to: None },
        }
    }

    /// Whether it reaches all that `other` reaches, as far as they are confined.
    fn is_as_wide_as(&self, other: &Self) -> bool {
        self.to.is_none_or(|to| to == "*" || other.to == Some(to))
    }
}

/// The scopes that each listed scope covers, directly and through others.
#[derive(Debug, Clone, Default)]
pub(super) struct Reach {
    sign: Option<String>,
    below: BTreeMap<Scope, BTreeSet<Scope>>,
    /// Scopes that cover whatever begins like others, and with that what the provider adds later.
    open: BTreeSet<Scope>,
}

impl Reach {
    /// Errors name a covered word that is not listed.
    pub fn new(spec: &CatalogueSpec) -> Result<Self, String> {
        let sign = spec.confined_by.clone();
        let mut direct: BTreeMap<&Scope, BTreeSet<Scope>> = BTreeMap::new();
        let mut open = BTreeSet::new();
        for (scope, listed) in spec.scopes.iter().filter(|(_, listed)| !listed.covers.is_empty()) {
            let below = direct.entry(scope).or_default();
            for word in &listed.covers {
                let begins = word.as_str().strip_suffix('*').filter(|_| !spec.scopes.contains_key(word));
                let base = Confined::new(word.as_str(), sign.as_deref()).base;
                if let Some(begins) = begins {
                    below.extend(spec.scopes.keys().filter(|other| *other != scope && other.as_str().starts_with(begins)).cloned());
                    open.insert(scope.clone());
                } else if spec.scopes.contains_key(base) {
                    below.insert(word.clone());
                } else {
                    return Err(format!("`{scope}` covers `{word}`, which is not listed"));
                }
            }
        }
        let mut reach = Self { sign, below: BTreeMap::new(), open };
        reach.below = direct.keys().map(|scope| ((*scope).clone(), reach.closure(scope, &direct))).collect();
        Ok(reach)
    }

    /// All that a scope covers through others, itself left out.
    fn closure(&self, scope: &Scope, direct: &BTreeMap<&Scope, BTreeSet<Scope>>) -> BTreeSet<Scope> {
        let mut reached = BTreeSet::new();
        let mut open: Vec<Scope> = direct.get(scope).into_iter().flatten().cloned().collect();
        while let Some(next) = open.pop() {
            if next == *scope || reached.contains(&next) {
                continue;
            }
            let confined = self.split(&next);
            let below = direct.get(&Scope::from(confined.base)).into_iter().flatten();
            open.extend(below.map(|other| self.confine(other, confined.to)));
            reached.insert(next);
        }
        reached
    }

    pub fn split<'a>(&self, scope: &'a Scope) -> Confined<'a> {
        Confined::new(scope.as_str(), self.sign.as_deref())
    }

    /// The scope, confined where it is not yet.
    fn confine(&self, scope: &Scope, to: Option<&str>) -> Scope {
        match (self.split(scope).to, &self.sign, to) {
            (None, Some(sign), Some(to)) => Scope::new(format!("{scope}{sign}{to}")),
            _ => scope.clone(),
        }
    }

    /// What a scope covers by name, confined as it is.
    pub fn below(&self, scope: &Scope) -> BTreeSet<Scope> {
        let confined = self.split(scope);
        let below = self.below.get(&Scope::from(confined.base)).into_iter().flatten();
        below.map(|other| self.confine(other, confined.to)).collect()
    }

    /// Whether it covers more than itself.
    pub fn is_broad(&self, scope: &Scope) -> bool {
        self.covers_others(scope) || self.sign.is_some() && self.split(scope).to.is_none_or(|to| to == "*")
    }

    /// Whether it covers scopes by name.
    pub fn covers_others(&self, scope: &Scope) -> bool {
        self.below.contains_key(self.split(scope).base)
    }

    /// Whether it also covers what the provider adds later.
    pub fn is_open(&self, scope: &Scope) -> bool {
        let confined = self.split(scope);
        confined.to == Some("*") || !self.open.is_empty() && self.open.contains(confined.base)
    }

    pub fn covers(&self, granted: &Scope, wanted: &Scope) -> bool {
        let (from, to) = (self.split(granted), self.split(wanted));
        if from.base == to.base {
            return from.is_as_wide_as(&to);
        }
        let below = self.below.get(from.base);
        below.is_some_and(|below| {
            below.iter().any(|other| {
                let other = self.split(other);
                other.base == to.base && Confined { to: other.to.or(from.to), ..other }.is_as_wide_as(&to)
            })
        })
    }
}

impl Catalogue {
    /// The scope that a word confines, and the rest of the word with its sign; `None`: it confines none.
    pub fn confined<'a>(&self, word: &'a str) -> Option<(&'a str, &'a str)> {
        let at = word.find(self.spec().confined_by.as_deref()?)?;
        Some(word.split_at(at))
    }
}

#[cfg(test)]
mod tests {
    use crate::model::{AccessLevel, Risk, Scope, ScopeSet, Tag};
    use crate::profile::catalogue::{Catalogue, CatalogueSpec, ScopeCheck};

    fn spec() -> CatalogueSpec {
        let yaml = r#"{
            "form": "(\\(none\\)|[a-z:]+)(!(user|user=[a-z]+|\\*))?|index:[a-z]+@\\S+",
            "confined_by": "!",
            "scopes": {
                "self": { "access": "write", "covers": ["tokens!user"] },
                "admin:users": { "access": "admin", "covers": ["users", "drop:users"] },
                "users": { "access": "write", "covers": ["read:users"] },
                "read:users": { "access": "read", "tags": ["pii"] },
                "drop:users": { "access": "write" },
                "tokens": { "access": "write", "tags": ["credentials"], "covers": ["read:tokens"] },
                "read:tokens": { "access": "list" }
            }
        }"#;
        serde_json::from_str(yaml).expect("a catalogue")
    }

    fn catalogue() -> Catalogue {
        Catalogue::new(spec()).expect("sound")
    }

    fn set(words: &[&str]) -> ScopeSet {
        words.iter().map(|word| Scope::from(*word)).collect()
    }

    #[test]
    fn a_scope_covers_what_it_names_and_what_that_names() {
        let catalogue = catalogue();
        let covers = |granted: &str, wanted: &str| catalogue.covers(&granted.into(), &wanted.into());
        assert!(covers("admin:users", "users") && covers("admin:users", "read:users") && covers("users", "users"));
        assert!(!covers("users", "drop:users") && !covers("read:users", "users") && !covers("users", "tokens"));
        assert!(!catalogue.is_wildcard(&"admin:users".into()), "what it covers is all named");
        assert!(catalogue.is_broad(&"admin:users".into()) && !catalogue.is_broad(&"read:users!user".into()));
    }

    #[test]
    fn what_confines_a_scope_confines_what_it_covers() {
        let catalogue = catalogue();
        let covers = |granted: &str, wanted: &str| catalogue.covers(&granted.into(), &wanted.into());
        assert!(covers("users", "users!user=ada") && covers("users", "read:users!user=ada"));
        assert!(covers("users!user=ada", "read:users!user=ada") && covers("self", "read:tokens!user"));
        assert!(!covers("users!user=ada", "users") && !covers("users!user=ada", "read:users!user=bob") && !covers("self", "tokens"));
        assert!(covers("users!*", "users!user=ada") && covers("users!*", "read:users!user=ada"));
        assert!(catalogue.is_wildcard(&"users!*".into()), "confined to everything there will be");
    }

    #[test]
    fn a_confined_scope_is_known_by_the_scope_that_it_confines() {
        let catalogue = catalogue();
        assert_eq!(catalogue.check("tokens!user=ada"), ScopeCheck::Listed("tokens!user=ada".into()));
        assert_eq!(catalogue.check("nothing!user=ada"), ScopeCheck::Unknown);
        assert_eq!(catalogue.check("tokens!group=ada"), ScopeCheck::Malformed);
        let facts = catalogue.describe(&"tokens!user=ada".into());
        assert_eq!((facts.access, facts.risk), (Some(AccessLevel::Write), Risk::Critical));
        assert_eq!((catalogue.is_known(&"tokens!user".into()), catalogue.is_known(&"nothing!user".into())), (true, false));
    }

    #[test]
    fn a_scope_is_as_risky_as_what_it_covers_and_shows_it() {
        let catalogue = catalogue();
        assert_eq!(catalogue.describe(&"self".into()).risk, Risk::Critical);
        let leaves = catalogue.expand(&set(&["users!user=ada"]));
        let via = Some(Scope::from("users!user=ada"));
        assert_eq!(leaves.into_iter().collect::<Vec<_>>(), [("read:users!user=ada".into(), via), ("users!user=ada".into(), None)]);
        let both = catalogue.expand(&set(&["admin:users", "users"]));
        assert_eq!(both[&Scope::from("users")], None, "it is named itself");
        assert_eq!(both[&Scope::from("read:users")], Some("users".into()), "the nearest");
        assert!(catalogue.is_equivalent(&set(&["users"]), &set(&["users", "read:users"])));
    }

    #[test]
    fn a_listed_scope_that_lacks_the_form_stands_only_confined() {
        let mut spec = spec();
        spec.confined_by = Some("@".into());
        spec.form = r"index:[a-z]+@\S+".into();
        spec.scopes = serde_json::from_str(
            r#"{ "index:all": { "access": "admin", "covers": ["index:*"] }, "index:read": { "access": "read", "tags": ["pii"] } }"#,
        )
        .expect("scopes");
        let catalogue = Catalogue::new(spec).expect("sound");
        assert_eq!(catalogue.check("index:read@logs-*"), ScopeCheck::Listed("index:read@logs-*".into()));
        assert_eq!(catalogue.check("index:read"), ScopeCheck::Malformed);
        assert_eq!(catalogue.describe(&"index:read@logs-*".into()).tags.as_ref(), [Tag::Pii]);
        assert!(catalogue.covers(&"index:all@logs".into(), &"index:read@logs".into()));
        assert!(catalogue.is_wildcard(&"index:all@logs".into()), "it covers whatever comes to be");
        assert!(catalogue.is_wildcard(&"index:read@*".into()) && !catalogue.is_wildcard(&"index:read@logs-*".into()));
    }

    #[test]
    fn what_is_covered_must_be_listed() {
        let mut spec = spec();
        spec.scopes.get_mut("users").expect("listed").covers.push("nobody".into());
        assert!(Catalogue::new(spec).expect_err("contradiction").contains("`nobody`"));
    }
}
