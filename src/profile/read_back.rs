//! Whether the scopes that a provider shows are those that were asked for, by its rule. One answer for the planner and for apply. Pure.
use super::capabilities::ScopeRule;
use super::catalogue::Catalogue;
use crate::model::{Generation, ScopeSet};

/// A provider's rule, with what its scopes mean.
#[derive(Debug, Clone, Copy)]
pub struct ReadBack<'a> {
    pub rule: ScopeRule,
    pub catalogue: &'a Catalogue,
}

impl ReadBack<'_> {
    /// Whether two askings are for the same.
    pub fn same(self, left: &ScopeSet, right: &ScopeSet) -> bool {
        match self.rule {
            ScopeRule::Exact => left == right,
            ScopeRule::Set | ScopeRule::Superset | ScopeRule::Expanded | ScopeRule::WriteOnly => self.catalogue.is_equivalent(left, right),
        }
    }

    /// Whether what is shown of a new key is what was asked for.
    pub fn is_created(self, asked: &ScopeSet, shown: &ScopeSet) -> bool {
        match self.rule {
            ScopeRule::Exact | ScopeRule::Set => self.same(asked, shown),
            ScopeRule::Superset => self.covers(shown, asked),
            // A key that can do nothing is nobody's expansion.
            ScopeRule::Expanded => asked.is_empty() || !shown.is_empty(),
            ScopeRule::WriteOnly => true,
        }
    }

    /// Whether what is shown is what the last write came to: nobody has changed it since.
    pub fn stands(self, written: &Generation, shown: &ScopeSet) -> bool {
        let reported = reported(written);
        match self.rule {
            ScopeRule::Exact | ScopeRule::Set => self.same(&written.scopes, shown),
            ScopeRule::Superset => self.covers(shown, &written.scopes) && self.covers(reported, shown),
            ScopeRule::Expanded => self.catalogue.is_equivalent(reported, shown),
            ScopeRule::WriteOnly => true,
        }
    }

    /// Whether a key is as `wanted`. `shown`: as the provider tells, absent where it does not.
    pub fn is_wanted(self, wanted: &ScopeSet, written: &Generation, shown: Option<&ScopeSet>) -> bool {
        match (self.rule, shown) {
            (ScopeRule::Exact | ScopeRule::Set, Some(shown)) => self.same(wanted, shown),
            (ScopeRule::Superset, Some(shown)) => {
                self.same(wanted, shown) || self.same(wanted, &written.scopes) && self.stands(written, shown)
            }
            (ScopeRule::Expanded, Some(shown)) => self.same(wanted, &written.scopes) && self.stands(written, shown),
            (ScopeRule::WriteOnly, Some(_)) | (_, None) => self.same(wanted, &written.scopes),
        }
    }

    /// Whether an edit to `asked` has come about. `before`: what was shown just before it; `written`: the write before.
    ///
    /// What an edit left behind is never taken for what the provider adds by itself: where the two look the same, the edit has failed.
    pub fn is_edited(self, asked: &ScopeSet, written: &Generation, before: Option<&ScopeSet>, shown: &ScopeSet) -> bool {
        match self.rule {
            ScopeRule::Exact | ScopeRule::Set | ScopeRule::WriteOnly => return self.is_created(asked, shown),
            ScopeRule::Superset | ScopeRule::Expanded if !self.is_created(asked, shown) => return false,
            ScopeRule::Superset | ScopeRule::Expanded => {}
        }
        let repeats = self.same(asked, &written.scopes);
        let Some(before) = before else { return !repeats || self.stands(written, shown) };
        let reported = reported(written);
        let covered = |scopes: &ScopeSet, scope| self.catalogue.any_covers(scopes, scope);
        // What the provider has added at the last write may stay; under `expanded`, nobody can tell that from what was asked for.
        let own = |scope| covered(reported, scope) && (self.rule == ScopeRule::Expanded || !covered(&written.scopes, scope));
        let left = shown.iter().any(|scope| covered(before, scope) && !covered(asked, scope) && !own(scope));
        let still = self.catalogue.is_equivalent(before, shown);
        let ignored = self.rule == ScopeRule::Expanded && still && !(repeats && self.stands(written, shown));
        !left && !ignored
    }

    /// What the ledger keeps beside the scopes that were asked for: what came back, where that may be something else.
    pub fn kept(self, asked: &ScopeSet, shown: Option<&ScopeSet>) -> Option<ScopeSet> {
        match self.rule {
            ScopeRule::Superset | ScopeRule::Expanded => shown.filter(|shown| *shown != asked).cloned(),
            ScopeRule::Exact | ScopeRule::Set | ScopeRule::WriteOnly => None,
        }
    }

    /// What a key can do, in the words in which it was asked for: what the provider made of them is left out, what has changed since is not.
    pub fn granted(self, written: &Generation, shown: Option<&ScopeSet>) -> ScopeSet {
        let Some(shown) = shown else { return written.scopes.clone() };
        match self.rule {
            ScopeRule::Exact | ScopeRule::Set => shown.clone(),
            ScopeRule::WriteOnly => written.scopes.clone(),
            ScopeRule::Superset | ScopeRule::Expanded => {
                let reported = reported(written);
                let lost: ScopeSet = reported.iter().filter(|scope| !self.catalogue.any_covers(shown, scope)).cloned().collect();
                let gained = shown.iter().filter(|scope| !self.catalogue.any_covers(reported, scope)).cloned();
                let kept = written.scopes.iter().filter(|scope| !lost.contains(*scope)).cloned();
                kept.chain(gained).collect()
            }
        }
    }

    /// What the provider shows as long as nobody changes the key.
    pub fn expected(self, written: &Generation) -> ScopeSet {
        match self.rule {
            ScopeRule::Superset | ScopeRule::Expanded => reported(written).clone(),
            ScopeRule::Exact | ScopeRule::Set | ScopeRule::WriteOnly => written.scopes.clone(),
        }
    }

    fn covers(self, granted: &ScopeSet, wanted: &ScopeSet) -> bool {
        let granted = self.catalogue.canonical_set(granted);
        self.catalogue.canonical_set(wanted).iter().all(|scope| self.catalogue.any_covers(&granted, scope))
    }
}

/// What came back at the last write.
fn reported(written: &Generation) -> &ScopeSet {
    written.reported_scopes.as_ref().unwrap_or(&written.scopes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{GenerationState, Scope};

    fn set(words: &[&str]) -> ScopeSet {
        words.iter().map(|word| Scope::from(*word)).collect()
    }

    fn catalogue() -> Catalogue {
        let listed = |name: &str| (name.to_owned(), serde_json::json!({ "access": "read" }));
        let scopes: serde_json::Map<String, serde_json::Value> = [READ, UPDATE, LIST, "x:people:read"].map(listed).into_iter().collect();
        let spec =
            serde_json::json!({ "form": "x:[a-z:*]+", "separator": ":", "wildcard": "prefix", "unlisted": "refuse", "scopes": scopes });
        Catalogue::new(serde_json::from_value(spec).expect("a specification")).expect("a catalogue")
    }

    const READ: &str = "x:hooks:read";
    const UPDATE: &str = "x:hooks:update";
    const LIST: &str = "x:key:list";

    /// Asked for `asked` the last time, and `reported` came back.
    fn written(asked: &[&str], reported: Option<&[&str]>) -> Generation {
        Generation {
            reported_scopes: reported.map(set),
            ..Generation::new(1, GenerationState::Active, "", set(asked), jiff::Timestamp::UNIX_EPOCH)
        }
    }

    #[test]
    fn a_new_key_shows_what_its_rule_says() {
        use ScopeRule::{Exact, Expanded, Set, Superset, WriteOnly};
        let catalogue = catalogue();
        let fits = |rule, asked: &[&str], shown: &[&str]| ReadBack { rule, catalogue: &catalogue }.is_created(&set(asked), &set(shown));
        for (asked, shown, good) in [
            (&[READ][..], &[READ][..], &[Exact, Set, Superset, Expanded, WriteOnly][..]),
            (&["x:hooks:*", READ], &["x:hooks:*"], &[Set, Superset, Expanded, WriteOnly]),
            (&[READ], &[READ, LIST], &[Superset, Expanded, WriteOnly]),
            (&[READ, LIST], &[READ], &[Expanded, WriteOnly]),
            (&[READ], &[], &[WriteOnly]),
        ] {
            for rule in [Exact, Set, Superset, Expanded, WriteOnly] {
                assert_eq!(fits(rule, asked, shown), good.contains(&rule), "{rule:?}: {asked:?} came back as {shown:?}");
            }
        }
    }

    #[test]
    fn what_the_provider_adds_is_remembered_and_more_is_drift() {
        let catalogue = catalogue();
        for rule in [ScopeRule::Superset, ScopeRule::Expanded] {
            let rule = ReadBack { rule, catalogue: &catalogue };
            let key = written(&[READ], Some(&[READ, LIST]));
            assert_eq!(rule.kept(&set(&[READ]), Some(&set(&[READ, LIST]))), key.reported_scopes);
            assert_eq!(rule.kept(&set(&[READ]), Some(&set(&[READ]))), None);
            assert!(rule.is_wanted(&set(&[READ]), &key, Some(&set(&[READ, LIST]))));
            assert!(!rule.is_wanted(&set(&[READ]), &key, Some(&set(&[READ, LIST, UPDATE]))), "somebody widened it");
            assert!(!rule.is_wanted(&set(&[LIST]), &key, Some(&set(&[READ, LIST]))), "the manifest says something else");
            assert_eq!(rule.granted(&key, Some(&set(&[READ, LIST]))), set(&[READ]));
            assert_eq!(rule.granted(&key, Some(&set(&[LIST, UPDATE]))), set(&[UPDATE]), "one lost, one gained");
        }
        let superset = ReadBack { rule: ScopeRule::Superset, catalogue: &catalogue };
        assert!(superset.is_wanted(&set(&[READ]), &written(&[READ], Some(&[READ, LIST])), Some(&set(&[READ]))), "less than more is fine");
    }

    #[test]
    fn an_edit_that_is_ignored_is_no_expansion() {
        let catalogue = catalogue();
        let edited = |rule, asked: &[&str], key: &Generation, before: &[&str], shown: &[&str]| {
            ReadBack { rule, catalogue: &catalogue }.is_edited(&set(asked), key, Some(&set(before)), &set(shown))
        };
        let key = written(&[READ, UPDATE], Some(&[READ, UPDATE, LIST]));
        let before = &[READ, UPDATE, LIST];
        for rule in [ScopeRule::Superset, ScopeRule::Expanded] {
            assert!(!edited(rule, &[READ], &key, before, before), "{rule:?}: nothing was taken away");
            assert!(edited(rule, &[READ], &key, before, &[READ, LIST]), "{rule:?}");
            let odd = &[READ, UPDATE, LIST, "x:people:read"];
            assert!(!edited(rule, &[READ, UPDATE], &key, odd, odd), "{rule:?}: what was added by hand stays");
            assert!(edited(rule, &[READ, UPDATE], &key, odd, before), "{rule:?}: it is undone");
            assert!(!edited(rule, &[READ], &key, odd, &[READ, LIST, "x:people:read"]), "{rule:?}: the rest was done, that was not");
        }
    }

    #[test]
    fn what_nobody_shows_is_what_was_asked_for() {
        let catalogue = catalogue();
        let rule = ReadBack { rule: ScopeRule::WriteOnly, catalogue: &catalogue };
        let key = written(&[READ], None);
        assert!(rule.is_wanted(&set(&[READ]), &key, None) && !rule.is_wanted(&set(&[LIST]), &key, None));
        assert!(rule.stands(&key, &set(&[])), "what is read all the same tells nothing");
    }
}
