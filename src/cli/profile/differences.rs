//! Where a key that was read back is not the one that was asked for, and what the profile should say instead. Sends nothing.
use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use crate::model::{ObservedKey, Options, ScopeSet};
use crate::profile::capabilities::ScopeRule;
use crate::profile::{Catalogue, Profile, ReadBack};

/// A field of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    Label,
    Scopes,
    Expiry,
    Options,
    Enabled,
}

/// One field that came back otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    pub field: Field,
    pub says: String,
    /// The field of the profile, and what it should say.
    pub change: String,
}

/// What a key should be.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    pub label: String,
    pub scopes: ScopeSet,
    /// `None`: never.
    pub expires_at: Option<Timestamp>,
    pub options: Options,
    pub enabled: bool,
}

impl Field {
    pub fn word(self) -> &'static str {
        match self {
            Self::Label => "label",
            Self::Scopes => "scopes",
            Self::Expiry => "expiry",
            Self::Options => "options",
            Self::Enabled => "state",
        }
    }
}

/// Where a key differs from what it should be, by the rules of its profile.
pub fn differences(profile: &Profile, catalogue: &Catalogue, wanted: &Wanted, told: &ObservedKey) -> Vec<Difference> {
    let capabilities = &profile.capabilities;
    let mut found = Vec::new();
    let mut differs = |field, says: String, change: String| found.push(Difference { field, says, change });
    if told.label != wanted.label && !capabilities.label.none {
        let change = "api.http.key.label, or capabilities.label (its pattern and length)".to_owned();
        differs(Field::Label, format!("the label came back as `{}`, and `{}` was asked", told.label, wanted.label), change);
    }
    if let Some((says, change)) = scopes(catalogue, capabilities.scopes, &wanted.scopes, told.scopes.as_ref()) {
        differs(Field::Scopes, says, change);
    }
    if capabilities.expiry.settable
        && let Some((says, change)) = expiry(profile, wanted.expires_at, told.expires_at)
    {
        differs(Field::Expiry, says, change);
    }
    for (name, value) in &wanted.options {
        let came = told.options.get(name);
        if came.is_none_or(|came| !same(came, value)) {
            let came = came.map_or_else(|| "nothing".to_owned(), ToString::to_string);
            let says = format!("the option `{name}` came back as {came}, and {value} was asked");
            differs(Field::Options, says, format!("api.http.key.options.{name}, or what the operations say of it"));
        }
    }
    if told.enabled == Some(!wanted.enabled) {
        let word = if wanted.enabled { "disabled" } else { "enabled" };
        differs(Field::Enabled, format!("the key came back as {word}"), "api.http.key.enabled".to_owned());
    }
    found
}

/// What the provider made of a set of scopes, where that is not what the rule says.
fn scopes(catalogue: &Catalogue, rule: ScopeRule, asked: &ScopeSet, told: Option<&ScopeSet>) -> Option<(String, String)> {
    let change = |rule: &str| format!("capabilities.scopes: {rule}");
    let Some(told) = told else {
        let says = format!("no answer tells the scopes: {} asked, none told", asked.len());
        return (rule != ScopeRule::WriteOnly).then(|| (says, format!("{}, or api.http.key.scopes", change("write-only"))));
    };
    if (ReadBack { rule, catalogue }).is_created(asked, told) {
        return None;
    }
    let (wanted, came) = (catalogue.canonical_set(asked), catalogue.canonical_set(told));
    let missing: BTreeSet<&str> = wanted.iter().filter(|scope| !catalogue.any_covers(&came, scope)).map(|scope| scope.as_str()).collect();
    let counts = format!("{} asked, {} told", asked.len(), told.len());
    let larger = !catalogue.is_equivalent(asked, told);
    match rule {
        _ if !missing.is_empty() => {
            let names = missing.into_iter().collect::<Vec<_>>().join("`, `");
            let change = "api.http.key.scopes, or catalogue.aliases where it is another spelling".to_owned();
            Some((format!("scopes came back without `{names}`: {counts}"), change))
        }
        ScopeRule::Exact if !larger => Some((format!("scopes came back in other words: {counts}"), change("set"))),
        ScopeRule::Exact | ScopeRule::Set | ScopeRule::Superset | ScopeRule::Expanded | ScopeRule::WriteOnly => {
            Some((format!("scopes came back expanded: {counts}"), change("expanded")))
        }
    }
}

/// What the provider made of an end, where that is not what was asked for.
fn expiry(profile: &Profile, asked: Option<Timestamp>, told: Option<Option<Timestamp>>) -> Option<(String, String)> {
    let Some(told) = told else {
        return Some((
            "no answer tells the expiry".to_owned(),
            "api.http.key.expiry, and what its absence means (`absent: never`)".to_owned(),
        ));
    };
    let support = profile.capabilities.expiry;
    let cut = told.is_some_and(|told| asked.is_none_or(|asked| told < asked));
    if support.agrees(asked, told) || (support.clamps && cut) {
        return None;
    }
    Some(match (asked, told) {
        (Some(asked), Some(told)) => {
            let off = told.duration_since(asked);
            let word = if off.is_positive() { "later" } else { "earlier" };
            let seconds = off.as_secs().unsigned_abs();
            let says = format!("expiry came back {seconds} s {word} than asked");
            let hours = seconds.div_ceil(3600);
            let change = if off.abs() > SignedDuration::from_hours(48) {
                let cut = if cut { ", or capabilities.expiry.clamps: true where the vendor cuts ends" } else { "" };
                format!("api.http.formats.expiry and api.http.key.expiry{cut}")
            } else {
                format!("api.http.formats.expiry, or capabilities.expiry.tolerance: {hours}h where the provider rounds")
            };
            (says, change)
        }
        (Some(_), None) => ("an expiry was asked, and the key never expires".to_owned(), "capabilities.expiry.settable: false".to_owned()),
        (None, Some(told)) => (
            format!("no expiry was asked, and the key ends at {told}"),
            "capabilities.expiry.clamps: true or max, or api.http.formats.expiry.never".to_owned(),
        ),
        (None, None) => return None,
    })
}

/// Fields in which two reports of one key are not the same.
pub fn unlike(one: &ObservedKey, other: &ObservedKey) -> Vec<&'static str> {
    let ObservedKey { id: _, label, scopes, expires_at, enabled, created_at, last_used_at, options, own, .. } = one;
    let pairs = [
        ("label", *label == other.label),
        ("scopes", *scopes == other.scopes),
        ("expiry", *expires_at == other.expires_at),
        ("enabled", *enabled == other.enabled),
        ("created", *created_at == other.created_at),
        ("last_used", *last_used_at == other.last_used_at),
        ("options", *options == other.options),
        ("own", *own == other.own),
    ];
    pairs.into_iter().filter(|(_, same)| !same).map(|(name, _)| name).collect()
}

/// Fields that one report tells and the other does not.
pub fn untold(fuller: &ObservedKey, poorer: &ObservedKey) -> Vec<&'static str> {
    let pairs = [
        ("label", fuller.label.is_empty(), poorer.label.is_empty()),
        ("scopes", fuller.scopes.is_none(), poorer.scopes.is_none()),
        ("expiry", fuller.expires_at.is_none(), poorer.expires_at.is_none()),
        ("enabled", fuller.enabled.is_none(), poorer.enabled.is_none()),
        ("created", fuller.created_at.is_none(), poorer.created_at.is_none()),
        ("last_used", fuller.last_used_at.is_none(), poorer.last_used_at.is_none()),
        ("options", fuller.options.is_empty(), poorer.options.is_empty()),
    ];
    pairs.into_iter().filter(|(_, absent, poorer)| !absent && *poorer).map(|(name, ..)| name).collect()
}

/// Lists are sets here.
fn same(one: &serde_json::Value, other: &serde_json::Value) -> bool {
    match (one.as_array(), other.as_array()) {
        (Some(one), Some(other)) => one.iter().all(|item| other.contains(item)) && other.iter().all(|item| one.contains(item)),
        _ => one == other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile() -> Profile {
        Profile::builtin("payconex").expect("built in")
    }

    fn set(words: &[&str]) -> ScopeSet {
        words.iter().map(|word| (*word).into()).collect()
    }

    fn scopes_told(rule: ScopeRule, told: Option<&[&str]>) -> String {
        let catalogue = Catalogue::new(profile().catalogue).expect("a catalogue");
        let told = told.map(set);
        let found = scopes(&catalogue, rule, &set(&["pcx:webhooks:read"]), told.as_ref());
        found.map_or_else(String::new, |(says, change)| format!("{says} → {change}"))
    }

    #[test]
    fn scopes_are_judged_by_their_rule() {
        let both: &[&str] = &["pcx:webhooks:read", "pcx:devices:read"];
        let same: &[&str] = &["pcx:webhooks:read"];
        for rule in [ScopeRule::Exact, ScopeRule::Set, ScopeRule::Superset, ScopeRule::Expanded, ScopeRule::WriteOnly] {
            assert_eq!(scopes_told(rule, Some(same)), "", "{rule:?}");
        }
        for rule in [ScopeRule::Exact, ScopeRule::Set] {
            assert_eq!(scopes_told(rule, Some(both)), "scopes came back expanded: 1 asked, 2 told → capabilities.scopes: expanded");
        }
        for rule in [ScopeRule::Superset, ScopeRule::Expanded, ScopeRule::WriteOnly] {
            assert_eq!(scopes_told(rule, Some(both)), "", "{rule:?}");
        }
        for rule in [ScopeRule::Exact, ScopeRule::Set, ScopeRule::Superset, ScopeRule::Expanded] {
            assert!(scopes_told(rule, Some(&[])).starts_with("scopes came back without `pcx:webhooks:read`: 1 asked, 0 told"), "{rule:?}");
            assert!(scopes_told(rule, None).contains("capabilities.scopes: write-only"), "{rule:?}");
        }
        assert_eq!(scopes_told(ScopeRule::WriteOnly, None), "");
    }

    #[test]
    fn ends_are_judged_by_the_tolerance() {
        let at = |text: &str| -> Timestamp { text.parse().expect("an instant") };
        let told = |asked: Option<Timestamp>, told| expiry(&profile(), asked, told).map(|(says, _)| says).unwrap_or_default();
        let end = Some(at("2027-03-31T10:00:00Z"));
        assert_eq!(told(end, Some(end)), "");
        assert_eq!(told(end, Some(Some(at("2027-03-31T11:00:00Z")))), "expiry came back 3600 s later than asked");
        assert_eq!(told(end, Some(Some(at("2027-03-31T09:00:00Z")))), "expiry came back 3600 s earlier than asked");
        assert_eq!(told(end, Some(None)), "an expiry was asked, and the key never expires");
        assert_eq!(told(None, Some(end)), "no expiry was asked, and the key ends at 2027-03-31T10:00:00Z");
        assert_eq!(told(end, None), "no answer tells the expiry");
        assert_eq!(told(None, Some(None)), "");
    }
}
