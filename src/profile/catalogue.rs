//! The scope catalogue: what each scope opens, its level, tags and risk, and what a wildcard covers. Pure.
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Arc, RwLock};

use foldhash::fast::RandomState;
use regex::Regex;

use super::catalogue_facts::hint;
pub use super::catalogue_facts::{ScopeCheck, ScopeFacts};
use super::catalogue_reach::Reach;
pub use super::catalogue_spec::{CatalogueSpec, ScopeSpec, Unlisted, Wildcard};
use super::risk::risk_of;
use crate::model::{AccessLevel, Risk, Scope, ScopeSet, Tag};

/// How many words of a free catalogue are remembered.
const REMEMBERED: usize = 100_000;
const UNPOISONED: &str = "nothing panics while the words are looked at";

/// A catalogue ready for questions. Every answer depends on the specification and the question alone.
#[derive(Debug, Clone)]
pub struct Catalogue {
    spec: CatalogueSpec,
    form: Regex,
    /// Of the listed scopes; asked several times for every scope of every key.
    facts: HashMap<Scope, ScopeFacts, RandomState>,
    /// Words of a free catalogue that were found to have the form: thousands of keys have the same few. Shared by the copies.
    well_formed: Arc<RwLock<HashSet<Scope, RandomState>>>,
    /// Prefix wildcards that span several resources, and all of them, such as `pcx:*`.
    everything: BTreeSet<String>,
    hints: Vec<(Regex, ScopeFacts)>,
    /// What scopes cover by name, and what confines them.
    reach: Reach,
    /// Whether nobody has approved what it says.
    distrusted: bool,
}

impl Catalogue {
    /// Checks a specification. Errors name what contradicts itself.
    pub fn new(spec: CatalogueSpec) -> Result<Self, String> {
        let form = Regex::new(&spec.form)
            .and_then(|_| Regex::new(&format!(r"\A(?:{})\z", spec.form)))
            .map_err(|error| format!("the form of scopes is no regular expression: {error}"))?;
        if spec.separator.is_empty() && spec.wildcard != Wildcard::None {
            return Err("wildcards need a separator".to_owned());
        }
        let reach = Reach::new(&spec)?;
        if let Some(odd) = spec.scopes.keys().find(|scope| spec.confined_by.is_none() && !form.is_match(scope.as_str())) {
            return Err(format!("the listed scope `{odd}` does not match the form"));
        }
        for (alias, target) in &spec.aliases {
            if !form.is_match(target.as_str()) {
                return Err(format!("the alias `{alias}` stands for `{target}`, which does not match the form"));
            }
            if spec.aliases.contains_key(target) {
                return Err(format!("the alias `{alias}` stands for `{target}`, which is an alias itself"));
            }
            if spec.scopes.contains_key(alias) {
                return Err(format!("`{alias}` is listed as a scope and as an alias"));
            }
        }
        let named = spec.tiers.values().flatten().chain(&spec.implied);
        if let Some(odd) = named.into_iter().find(|scope| !spec.scopes.contains_key(*scope)) {
            return Err(format!("`{odd}` stands in `tiers` or `implied`, and is not listed"));
        }
        if let Some(tier) =
            spec.tiers.keys().find(|tier| spec.scopes.contains_key(tier.as_str()) || spec.aliases.contains_key(tier.as_str()))
        {
            return Err(format!("`{tier}` is a tier and a scope"));
        }
        let hints = spec.hints.iter().map(hint).collect::<Result<_, String>>()?;
        let mut catalogue = Self {
            spec,
            form,
            facts: HashMap::default(),
            well_formed: Arc::default(),
            everything: BTreeSet::new(),
            hints,
            reach,
            distrusted: false,
        };
        catalogue.everything = catalogue.find_everything();
        catalogue.facts =
            catalogue.spec.scopes.iter().map(|(scope, listed)| (scope.clone(), catalogue.listed_facts(scope, listed))).collect();
        Ok(catalogue)
    }

    /// The same of a profile that nobody has approved yet: it may make scopes look harmless, so each of them counts as critical.
    pub fn distrusted(&self) -> Self {
        Self { distrusted: true, ..self.clone() }
    }

    pub fn spec(&self) -> &CatalogueSpec {
        &self.spec
    }

    /// What is listed about a scope, or about the one that it confines.
    pub fn listed(&self, scope: &Scope) -> Option<&ScopeSpec> {
        self.spec.scopes.get(scope).or_else(|| self.spec.scopes.get(self.reach.split(scope).base))
    }

    /// The listed scopes, for did-you-mean.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.spec.scopes.keys().map(Scope::as_str)
    }

    /// Whether a word of a manifest is a scope.
    pub fn check(&self, word: &str) -> ScopeCheck {
        // What is listed has the form, and is no alias.
        if let Some((scope, _)) = self.facts.get_key_value(word) {
            let stands_alone = self.spec.confined_by.is_none() || self.form.is_match(word);
            return if stands_alone { ScopeCheck::Listed(scope.clone()) } else { ScopeCheck::Malformed };
        }
        if let Some(target) = self.spec.aliases.get(word) {
            return ScopeCheck::Alias(target.clone());
        }
        if let Some(scope) = self.well_formed.read().expect(UNPOISONED).get(word) {
            return ScopeCheck::Listed(scope.clone());
        }
        if !self.form.is_match(word) {
            return ScopeCheck::Malformed;
        }
        let scope = Scope::from(word);
        if self.spec.unlisted == Unlisted::Allow {
            self.remember(&scope);
            return ScopeCheck::Listed(scope);
        }
        if self.is_known(&scope) && !self.is_hinted(&scope) {
            return ScopeCheck::Listed(scope);
        }
        match self.spec.unlisted {
            Unlisted::Allow => ScopeCheck::Listed(scope),
            Unlisted::Warn => ScopeCheck::Unlisted,
            Unlisted::Refuse => ScopeCheck::Unknown,
        }
    }

    /// The one spelling that is sent and compared.
    pub fn canonical(&self, scope: &Scope) -> Scope {
        self.spelt(scope).clone()
    }

    /// The same scopes in their one spelling, without those that every key has.
    pub fn canonical_set<'a>(&self, scopes: &'a ScopeSet) -> Cow<'a, ScopeSet> {
        let special = self.spec.aliases.len() + self.spec.implied.len();
        let is_special = |scope: &Scope| self.spec.aliases.contains_key(scope) || self.is_implied(scope);
        let few = || self.spec.aliases.keys().chain(&self.spec.implied).any(|scope| scopes.contains(scope));
        if !(if special <= scopes.len() { few() } else { scopes.iter().any(is_special) }) {
            return Cow::Borrowed(scopes);
        }
        Cow::Owned(scopes.iter().map(|scope| self.canonical(scope)).filter(|scope| !self.is_implied(scope)).collect())
    }

    /// Whether every key has it without asking.
    pub fn is_implied(&self, scope: &Scope) -> bool {
        self.spec.implied.contains(scope)
    }

    /// The scopes that a word of a manifest stands for, where it is no scope but a tier.
    pub fn tier(&self, word: &str) -> Option<&[Scope]> {
        self.spec.tiers.get(word).map(Vec::as_slice)
    }

    /// Whether a scope grants more than itself, and with that what the provider adds later.
    pub fn is_wildcard(&self, scope: &Scope) -> bool {
        let starred = match self.spec.wildcard {
            Wildcard::None => false,
            Wildcard::Prefix | Wildcard::Segment if !scope.as_str().as_bytes().contains(&b'*') => false,
            Wildcard::Prefix => self.prefix_of(scope).is_some(),
            Wildcard::Segment => scope.as_str().split(self.spec.separator.as_str()).any(|segment| segment == "*"),
        };
        starred || self.reach.is_open(scope)
    }

    /// Whether a scope can cover others: a wildcard, one that names what it covers, or one that is not confined where others are.
    pub fn is_broad(&self, scope: &Scope) -> bool {
        self.reach.is_broad(scope) || self.is_wildcard(scope)
    }

    /// Whether whoever holds `granted` can do all that `wanted` allows; a scope covers itself.
    pub fn covers(&self, granted: &Scope, wanted: &Scope) -> bool {
        let (granted, wanted) = (self.spelt(granted), self.spelt(wanted));
        if granted == wanted || self.reach.covers(granted, wanted) {
            return true;
        }
        match self.spec.wildcard {
            Wildcard::None => false,
            Wildcard::Prefix => self.prefix_of(granted).is_some_and(|prefix| is_below(wanted.as_str(), prefix)),
            Wildcard::Segment => {
                let mut wanted = wanted.as_str().split(self.spec.separator.as_str());
                let fits = |segment| wanted.next().is_some_and(|other| segment == "*" || segment == other);
                granted.as_str().split(self.spec.separator.as_str()).all(fits) && wanted.next().is_none()
            }
        }
    }

    /// Whether one of the scopes covers `wanted` alone.
    pub fn any_covers(&self, granted: &ScopeSet, wanted: &Scope) -> bool {
        granted.contains(wanted) || granted.iter().any(|scope| self.covers(scope, wanted))
    }

    /// Whether both sets grant the same, now and later.
    pub fn is_equivalent(&self, left: &ScopeSet, right: &ScopeSet) -> bool {
        let (left, right) = (&*self.canonical_set(left), &*self.canonical_set(right));
        left == right || left.iter().all(|scope| self.any_covers(right, scope)) && right.iter().all(|scope| self.any_covers(left, scope))
    }

    /// Every scope that a set grants, each with the wildcard that it comes by.
    ///
    /// A wildcard becomes the listed scopes that it covers. It also stands itself where that would hide something: in a free catalogue,
    /// when nothing is listed below it, and when it covers everything.
    pub fn expand(&self, scopes: &ScopeSet) -> BTreeMap<Scope, Option<Scope>> {
        self.expand_canonical(&self.canonical_set(scopes))
    }

    /// The same of scopes in their one spelling, without those that every key has.
    pub fn expand_canonical(&self, scopes: &ScopeSet) -> BTreeMap<Scope, Option<Scope>> {
        let mut leaves: BTreeMap<Scope, Option<Scope>> = BTreeMap::new();
        for scope in scopes.iter() {
            if self.reach.covers_others(scope) {
                for leaf in self.reach.below(scope) {
                    let via = leaves.entry(leaf).or_insert_with(|| Some(scope.clone()));
                    if via.as_ref().is_some_and(|other| self.covers(other, scope)) {
                        *via = Some(scope.clone());
                    }
                }
            }
            if !self.is_wildcard(scope) || self.reach.is_open(scope) {
                leaves.insert(scope.clone(), None);
                continue;
            }
            let mut alone = true;
            for leaf in self.below(scope) {
                alone = false;
                let via = leaves.entry(leaf.clone()).or_insert_with(|| Some(scope.clone()));
                if via.as_ref().is_some_and(|other| other.as_str().len() < scope.as_str().len()) && !scopes.contains(leaf) {
                    *via = Some(scope.clone());
                }
            }
            if alone || self.spec.unlisted == Unlisted::Allow || self.is_everything(scope) {
                leaves.insert(scope.clone(), None);
            }
        }
        leaves
    }

    /// The highest risk of what scopes grant, wildcards expanded; `None` when they grant nothing.
    pub fn highest_risk(&self, scopes: &ScopeSet) -> Option<Risk> {
        self.expand(scopes).keys().map(|scope| self.describe(scope).risk).max()
    }

    /// Level, tags, risk and reason of one scope, wildcards included.
    pub fn describe(&self, scope: &Scope) -> ScopeFacts {
        let facts = self.described(scope);
        if !self.distrusted {
            return facts;
        }
        ScopeFacts { risk: Risk::Critical, why: Some("what it opens is said by a profile that comes with this change".into()), ..facts }
    }

    fn described(&self, scope: &Scope) -> ScopeFacts {
        let scope = self.spelt(scope);
        if let Some(facts) = self.facts.get(scope).or_else(|| self.facts.get(self.reach.split(scope).base)) {
            return facts.clone();
        }
        let wildcard = self.is_wildcard(scope);
        if wildcard && (self.is_everything(scope) || self.below(scope).next().is_some()) {
            return self.wildcard_facts(scope);
        }
        if let Some((_, facts)) = self.hints.iter().find(|(pattern, _)| pattern.is_match(scope.as_str())) {
            return facts.clone();
        }
        if self.spec.unlisted != Unlisted::Allow {
            return ScopeFacts { access: None, risk: Risk::Critical, tags: Arc::default(), why: None };
        }
        let last = scope.as_str().rsplit(self.spec.separator.as_str()).next().unwrap_or_default();
        if wildcard && last == "*" {
            // Every verb of a few resources: ruling them, not ruling everything.
            let risk = risk_of(AccessLevel::Write, &[]);
            return ScopeFacts { access: Some(AccessLevel::Admin), risk, tags: Arc::default(), why: None };
        }
        let access = self.spec.verbs.get(last).copied().unwrap_or(AccessLevel::Write);
        ScopeFacts { access: Some(access), risk: risk_of(access, &[]), tags: Arc::default(), why: None }
    }

    /// Whether a scope is listed, of the form in a free catalogue, described by a hint, or a wildcard over something listed.
    pub fn is_known(&self, scope: &Scope) -> bool {
        let scope = self.spelt(scope);
        self.facts.contains_key(self.reach.split(scope).base)
            || self.is_hinted(scope)
            || self.spec.unlisted == Unlisted::Allow && self.has_form(scope)
            || self.is_wildcard(scope) && self.below(scope).next().is_some()
    }

    /// Whether nothing but its words tells what it opens.
    fn is_hinted(&self, scope: &Scope) -> bool {
        !self.facts.contains_key(self.reach.split(scope).base) && self.hints.iter().any(|(pattern, _)| pattern.is_match(scope.as_str()))
    }

    fn has_form(&self, scope: &Scope) -> bool {
        let known = self.well_formed.read().expect(UNPOISONED).contains(scope);
        known
            || self.form.is_match(scope.as_str()) && {
                self.remember(scope);
                true
            }
    }

    fn remember(&self, scope: &Scope) {
        let mut known = self.well_formed.write().expect(UNPOISONED);
        if known.len() < REMEMBERED {
            known.insert(scope.clone());
        }
    }

    fn spelt<'a>(&'a self, scope: &'a Scope) -> &'a Scope {
        self.spec.aliases.get(scope).unwrap_or(scope)
    }

    fn is_everything(&self, scope: &Scope) -> bool {
        self.is_wildcard(scope)
            && (self.everything.contains(scope.as_str())
                || scope.as_str().split(self.spec.separator.as_str()).all(|segment| segment == "*"))
    }

    /// The text before a trailing `*` segment.
    fn prefix_of<'a>(&self, scope: &'a Scope) -> Option<&'a str> {
        let prefix = scope.as_str().strip_suffix('*')?;
        (prefix.is_empty() || prefix.ends_with(self.spec.separator.as_str())).then_some(prefix)
    }

    /// The listed scopes that a wildcard covers, wildcards left out.
    fn below<'a>(&'a self, wildcard: &'a Scope) -> impl Iterator<Item = &'a Scope> {
        let start = match self.spec.wildcard {
            Wildcard::Prefix => self.prefix_of(wildcard).unwrap_or_default(),
            Wildcard::None | Wildcard::Segment => "",
        };
        let listed = self.spec.scopes.range(Scope::from(start)..).map(|(scope, _)| scope);
        listed
            .take_while(move |scope| scope.as_str().starts_with(start))
            .filter(|scope| !self.is_wildcard(scope) && self.covers(wildcard, scope))
    }

    fn listed_facts(&self, scope: &Scope, listed: &ScopeSpec) -> ScopeFacts {
        let tags: Arc<[Tag]> = listed.tags.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
        let mut risk = risk_of(listed.access, &tags);
        for below in self.reach.below(scope) {
            let spec = self.spec.scopes.get(self.reach.split(&below).base);
            risk = spec.map_or(risk, |spec| risk.max(risk_of(spec.access, &spec.tags)));
        }
        if self.is_wildcard(scope) && !self.reach.is_open(scope) {
            let leaves = self.below(scope).next().is_some() || self.is_everything(scope);
            risk = if leaves { risk.max(self.wildcard_facts(scope).risk) } else { risk };
        }
        ScopeFacts { access: Some(listed.access), risk, tags, why: listed.why.as_deref().map(Arc::from) }
    }

    fn wildcard_facts(&self, wildcard: &Scope) -> ScopeFacts {
        let leaves: Vec<&ScopeSpec> = self.below(wildcard).filter_map(|scope| self.spec.scopes.get(scope)).collect();
        let tags: Arc<[Tag]> = leaves.iter().flat_map(|leaf| leaf.tags.iter().copied()).collect::<BTreeSet<_>>().into_iter().collect();
        if self.is_everything(wildcard) {
            let why = Some("can do everything in the account".into());
            return ScopeFacts { access: Some(AccessLevel::Admin), risk: Risk::Critical, tags, why };
        }
        let access = leaves.iter().map(|leaf| leaf.access).max();
        let risk = leaves.iter().map(|leaf| risk_of(leaf.access, &leaf.tags)).max().unwrap_or(Risk::Critical);
        ScopeFacts { access, risk, tags, why: None }
    }

    fn find_everything(&self) -> BTreeSet<String> {
        if self.spec.wildcard != Wildcard::Prefix {
            return BTreeSet::new();
        }
        let separator = self.spec.separator.as_str();
        let leaves: Vec<Vec<&str>> = self
            .spec
            .scopes
            .keys()
            .filter(|scope| !self.is_wildcard(scope))
            .map(|scope| scope.as_str().split(separator).collect())
            .collect();
        let Some(first) = leaves.first() else { return BTreeSet::new() };
        let shared = (0..first.len()).take_while(|depth| leaves.iter().all(|leaf| leaf.get(*depth) == first.get(*depth))).count();
        // A wildcard over the one resource of a small catalogue is not everything: several resources must stand below it.
        let resources: BTreeSet<&str> =
            leaves.iter().filter(|leaf| leaf.len() > shared + 1).filter_map(|leaf| leaf.get(shared).copied()).collect();
        if resources.len() < 2 {
            return BTreeSet::new();
        }
        (0..=shared).map(|depth| first[..depth].iter().map(|segment| format!("{segment}{separator}")).collect::<String>() + "*").collect()
    }
}

fn is_below(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(|rest| !rest.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(wildcard: Wildcard, unlisted: Unlisted, scopes: &[(&str, AccessLevel, &[Tag])]) -> CatalogueSpec {
        CatalogueSpec {
            form: "[a-z*][a-z0-9_:*-]*".to_owned(),
            separator: ":".to_owned(),
            wildcard,
            confined_by: None,
            unlisted,
            aliases: BTreeMap::from([(Scope::from("x:key:udpate"), Scope::from("x:key:update"))]),
            verbs: BTreeMap::from([("read".to_owned(), AccessLevel::Read), ("list".to_owned(), AccessLevel::List)]),
            tiers: BTreeMap::new(),
            implied: Vec::new(),
            hints: Vec::new(),
            scopes: scopes
                .iter()
                .map(|(name, access, tags)| {
                    (
                        Scope::from(*name),
                        ScopeSpec { access: *access, tags: tags.to_vec(), says: None, why: None, covers: Vec::new(), group: None },
                    )
                })
                .collect(),
        }
    }

    fn prefix() -> Catalogue {
        let scopes: &[(&str, AccessLevel, &[Tag])] = &[
            ("x:hooks:read", AccessLevel::Read, &[]),
            ("x:hooks:create", AccessLevel::Write, &[Tag::Egress]),
            ("x:hooks:*", AccessLevel::Write, &[]),
            ("x:hooks:deep:poke", AccessLevel::Write, &[]),
            ("x:key:read", AccessLevel::Read, &[Tag::Credentials]),
            ("x:key:update", AccessLevel::Write, &[Tag::Credentials]),
        ];
        Catalogue::new(spec(Wildcard::Prefix, Unlisted::Warn, scopes)).unwrap()
    }

    fn free() -> Catalogue {
        Catalogue::new(spec(Wildcard::Segment, Unlisted::Allow, &[])).unwrap()
    }

    fn set(words: &[&str]) -> ScopeSet {
        words.iter().map(|word| Scope::from(*word)).collect()
    }

    #[test]
    fn words_are_checked_against_the_whole_form() {
        let catalogue = prefix();
        assert_eq!(catalogue.check("x:hooks:read"), ScopeCheck::Listed("x:hooks:read".into()));
        assert_eq!(catalogue.check("x:key:*"), ScopeCheck::Listed("x:key:*".into()), "a wildcard over something listed");
        assert_eq!(catalogue.check("x:other:*"), ScopeCheck::Unlisted);
        assert_eq!(catalogue.check("x:hooks:new"), ScopeCheck::Unlisted);
        assert_eq!(catalogue.check("x:key:udpate"), ScopeCheck::Alias("x:key:update".into()));
        for bad in ["", "X:hooks:read", "x:hooks:read\n", " x:hooks:read", "x:hooks:read!"] {
            assert_eq!(catalogue.check(bad), ScopeCheck::Malformed, "{bad:?}");
        }
        assert_eq!(free().check("whatever:write"), ScopeCheck::Listed("whatever:write".into()));
        let strict = Catalogue::new(spec(Wildcard::None, Unlisted::Refuse, &[("a:b", AccessLevel::Read, &[])])).unwrap();
        assert_eq!(strict.check("a:c"), ScopeCheck::Unknown);
        assert_eq!(strict.check("a:*"), ScopeCheck::Unknown, "no wildcards there");
        assert_eq!(strict.words().collect::<Vec<_>>(), ["a:b"]);
    }

    #[test]
    fn contradictions_are_refused() {
        let refused = |change: fn(&mut CatalogueSpec)| {
            let mut spec = spec(Wildcard::Prefix, Unlisted::Warn, &[("a:b", AccessLevel::Read, &[])]);
            change(&mut spec);
            Catalogue::new(spec).unwrap_err()
        };
        assert!(refused(|spec| spec.form = "(".to_owned()).contains("regular expression"));
        assert!(refused(|spec| spec.form = "b".to_owned()).contains("`a:b`"));
        assert!(refused(|spec| spec.separator = String::new()).contains("separator"));
        assert!(refused(|spec| drop(spec.aliases.insert("z".into(), "x:key:udpate".into()))).contains("alias itself"));
        assert!(refused(|spec| drop(spec.aliases.insert("a:b".into(), "a:c".into()))).contains("listed as a scope and as an alias"));
    }

    #[test]
    fn a_prefix_wildcard_covers_every_depth() {
        let catalogue = prefix();
        let covers = |granted: &str, wanted: &str| catalogue.covers(&granted.into(), &wanted.into());
        for wanted in ["x:hooks:read", "x:hooks:deep:poke", "x:hooks:deep:*", "x:hooks:*", "x:hooks:unlisted"] {
            assert!(covers("x:hooks:*", wanted), "{wanted}");
        }
        for wanted in ["x:hooks", "x:hooks:", "x:hooksmore:read", "x:*", "*", "x:key:read"] {
            assert!(!covers("x:hooks:*", wanted), "{wanted}");
        }
        assert!(covers("*", "x:hooks:*") && covers("x:*", "x:hooks:*"));
        assert!(!covers("x:hooks:r*", "x:hooks:read"), "a star inside a segment is no wildcard");
        assert!(covers("x:key:udpate", "x:key:update") && covers("x:key:*", "x:key:udpate"), "aliases mean the same");
    }

    #[test]
    fn a_segment_wildcard_covers_one_segment() {
        let catalogue = free();
        let covers = |granted: &str, wanted: &str| catalogue.covers(&granted.into(), &wanted.into());
        assert!(covers("a:*", "a:read") && covers("*:read", "a:read") && covers("*:*", "a:*") && covers("a:*:c", "a:b:c"));
        assert!(!covers("a:*", "a:b:c") && !covers("a:*", "a") && !covers("a:*", "*:*") && !covers("a:*", "b:read") && !covers("*", "a:b"));
    }

    #[test]
    fn wildcards_expand_to_what_is_listed() {
        let catalogue = prefix();
        let leaves = catalogue.expand(&set(&["x:hooks:*", "x:hooks:read", "x:key:udpate"]));
        let via = Some(Scope::from("x:hooks:*"));
        let expected = [("x:hooks:create", via.clone()), ("x:hooks:deep:poke", via), ("x:hooks:read", None), ("x:key:update", None)];
        assert_eq!(leaves, expected.into_iter().map(|(scope, via)| (Scope::from(scope), via)).collect());
        let nothing_below = catalogue.expand(&set(&["x:other:*"]));
        assert_eq!(nothing_below, BTreeMap::from([("x:other:*".into(), None)]));
        let nested = catalogue.expand(&set(&["x:hooks:*", "x:hooks:deep:*"]));
        assert_eq!(nested[&Scope::from("x:hooks:deep:poke")], Some("x:hooks:deep:*".into()), "the nearest wildcard");
        assert_eq!(free().expand(&set(&["a:*", "a:read"])).len(), 2);
        let everything = catalogue.expand(&set(&["x:*"]));
        assert_eq!((everything.len(), &everything[&Scope::from("x:*")]), (6, &None), "everything stands beside its leaves");
    }

    #[test]
    fn scopes_are_described() {
        let catalogue = prefix();
        let risk = |scope: &str| catalogue.describe(&scope.into()).risk;
        assert_eq!(risk("x:hooks:read"), Risk::Low);
        assert_eq!(risk("x:hooks:create"), Risk::High);
        assert_eq!(risk("x:hooks:*"), Risk::High, "as risky as what it covers");
        assert_eq!(risk("x:key:read"), Risk::Critical);
        assert_eq!(risk("x:key:udpate"), Risk::Critical);
        assert_eq!((risk("x:*"), risk("*")), (Risk::Critical, Risk::Critical));
        let unknown = catalogue.describe(&"x:hooks:new".into());
        assert_eq!((unknown.access, unknown.risk), (None, Risk::Critical));
        let free = free();
        let facts = |scope: &str| (free.describe(&scope.into()).access, free.describe(&scope.into()).risk);
        assert_eq!(facts("a:read"), (Some(AccessLevel::Read), Risk::Low));
        assert_eq!(facts("a:frobnicate"), (Some(AccessLevel::Write), Risk::Medium));
        assert_eq!(facts("a:*"), (Some(AccessLevel::Admin), Risk::Medium));
        assert_eq!(facts("*:*"), (Some(AccessLevel::Admin), Risk::Critical));
        assert_eq!(facts("*:read"), (Some(AccessLevel::Read), Risk::Low));
    }

    #[test]
    fn equivalent_sets_are_found() {
        let catalogue = prefix();
        assert!(catalogue.is_equivalent(&set(&["x:hooks:*"]), &set(&["x:hooks:*", "x:hooks:read"])));
        assert!(catalogue.is_equivalent(&set(&["x:key:udpate"]), &set(&["x:key:update"])));
        assert!(!catalogue.is_equivalent(&set(&["x:key:*"]), &set(&["x:key:read", "x:key:update"])), "one is open-ended");
        assert!(!catalogue.is_equivalent(&set(&["x:key:read"]), &set(&["x:key:READ"])));
        assert!(!catalogue.is_equivalent(&set(&[]), &set(&["x:key:read"])));
    }

    #[test]
    fn what_every_key_has_is_no_difference() {
        let mut spec = spec(Wildcard::None, Unlisted::Refuse, &[("openid", AccessLevel::List, &[]), ("a:b", AccessLevel::Read, &[])]);
        spec.implied = vec!["openid".into()];
        spec.tiers = BTreeMap::from([("all".to_owned(), vec!["openid".into(), "a:b".into()])]);
        let catalogue = Catalogue::new(spec.clone()).unwrap();
        assert!(catalogue.is_equivalent(&set(&["a:b", "openid"]), &set(&["a:b"])));
        assert_eq!(catalogue.expand(&set(&["a:b", "openid"])).len(), 1);
        assert_eq!(catalogue.tier("all").map(<[Scope]>::len), Some(2));
        assert_eq!((catalogue.tier("a:b"), catalogue.check("all")), (None, ScopeCheck::Unknown));
        spec.tiers = BTreeMap::from([("all".to_owned(), vec!["a:c".into()])]);
        assert!(Catalogue::new(spec.clone()).unwrap_err().contains("`a:c`"));
        spec.tiers = BTreeMap::from([("a:b".to_owned(), vec!["a:b".into()])]);
        assert!(Catalogue::new(spec).unwrap_err().contains("a tier and a scope"));
    }

    #[test]
    fn words_tell_what_unlisted_scopes_open() {
        let mut spec = spec(Wildcard::None, Unlisted::Warn, &[]);
        (spec.form, spec.aliases) = ("[A-Za-z ]+".to_owned(), BTreeMap::new());
        let hint = |pattern: &str, tags: &[Tag]| super::super::catalogue_spec::ScopeHint {
            pattern: pattern.to_owned(),
            access: AccessLevel::Read,
            tags: tags.to_vec(),
            why: None,
        };
        spec.hints = vec![hint("(?i)connector", &[Tag::Credentials]), hint("^Users", &[Tag::Pii])];
        let catalogue = Catalogue::new(spec).unwrap();
        let facts = |word: &str| (catalogue.check(word), catalogue.describe(&word.into()).access, catalogue.describe(&word.into()).risk);
        assert_eq!(facts("My Connectors"), (ScopeCheck::Unlisted, Some(AccessLevel::Read), Risk::Critical));
        assert_eq!(facts("Users"), (ScopeCheck::Unlisted, Some(AccessLevel::Read), Risk::Medium));
        assert_eq!(facts("Reports"), (ScopeCheck::Unlisted, None, Risk::Critical), "nothing tells");
        assert!(catalogue.is_known(&"Users".into()) && !catalogue.is_known(&"Reports".into()));
    }
}
