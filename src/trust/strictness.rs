//! Whether a changed safeguard is weaker than before. What cannot be told counts as weaker.
use std::collections::BTreeSet;

use crate::model::{Limit, Risk, Span};
use crate::plan::TrustedKind;

/// Whether a field of `keywright.yaml` protects less than it did.
pub fn is_weaker(section: &str, subject: &str, before: Option<&str>, after: Option<&str>) -> bool {
    let field = field(subject);
    match section {
        "guards" => limit_is_weaker(before, after),
        // A waiver takes a rule away.
        "waivers" => after.is_some(),
        // Unsaid, it is `deny`; in a rule it is what the policy says.
        "policy" if subject == "policy.effect" => before.unwrap_or("deny") == "deny" && after.unwrap_or("deny") != "deny",
        "policy" => policy_is_weaker(field, before, after),
        // Which keys a rule is about: it may be an exception.
        "unmanaged" if field == "match" => before.is_some() && after != before,
        "unmanaged" if field == "account" => after != before,
        "unmanaged" => rank(after) < rank(before),
        "defaults" => default_is_weaker(field, before, after),
        _ => false,
    }
}

/// The last name of a subject.
fn field(subject: &str) -> &str {
    subject.rsplit(['.', ']']).next().unwrap_or(subject)
}

/// Whether an exception ends later than before.
pub fn ends_later(before: &str, after: &str) -> bool {
    let day = |text: &str| text.parse::<jiff::civil::Date>().ok();
    match (day(before), day(after)) {
        (Some(before), Some(after)) => after > before,
        (_, _) => before != after,
    }
}

fn policy_is_weaker(field: &str, before: Option<&str>, after: Option<&str>) -> bool {
    let list = |side: Option<&str>| match side {
        None => Some(BTreeSet::new()),
        Some(text) => serde_json::from_str::<BTreeSet<String>>(text).ok(),
    };
    match field {
        "effect" => !matches!((before, after), (Some("warn"), _) | (_, Some("deny"))),
        "message" => false,
        // A rule that speaks of fewer keys than before; none named are all.
        "accounts" | "paths" => match (list(before), list(after)) {
            (_, Some(after)) if after.is_empty() => false,
            (Some(before), Some(after)) => before.is_empty() || !before.is_subset(&after),
            (_, _) => true,
        },
        "when" => after.is_some(),
        // Anything else is asked only where it is said.
        _ => match (before, after) {
            (None, _) => !matches!(
                field,
                "max_lifetime"
                    | "require"
                    | "deny"
                    | "risk"
                    | "open_ended"
                    | "unknown"
                    | "scopes"
                    | "recipients"
                    | "min_recipients"
                    | "rules"
            ),
            (Some("false" | "[]"), _) => false,
            (Some(_), None) => true,
            (Some(before), Some(after)) => asks_less(field, before, after, &list),
        },
    }
}

/// Whether a field of a policy that is said on both sides asks less than it did.
fn asks_less(field: &str, before: &str, after: &str, list: &impl Fn(Option<&str>) -> Option<BTreeSet<String>>) -> bool {
    match field {
        "max_lifetime" => match (before.parse::<Span>(), after.parse::<Span>()) {
            (Ok(before), Ok(after)) => after.duration() > before.duration(),
            (_, _) => true,
        },
        // Denied from this risk upwards.
        "risk" => match (risk(before), risk(after)) {
            (Some(before), Some(after)) => after > before,
            (_, _) => true,
        },
        "open_ended" | "unknown" => after != "true",
        "min_recipients" => match (before.parse::<u64>(), after.parse::<u64>()) {
            (Ok(before), Ok(after)) => after < before,
            (_, _) => true,
        },
        "require" | "scopes" | "recipients" => match (list(Some(before)), list(Some(after))) {
            (Some(before), Some(after)) => !before.is_subset(&after),
            (_, _) => true,
        },
        // An expression, or a field that is not known here.
        _ => true,
    }
}

fn risk(word: &str) -> Option<Risk> {
    [Risk::Low, Risk::Medium, Risk::High, Risk::Critical].into_iter().find(|risk| risk.as_str() == word)
}

/// Why a person should care that a field differs.
pub fn why(kind: TrustedKind, subject: &str, weaker: bool) -> &'static str {
    match (kind, field(subject), weaker) {
        (TrustedKind::Policy, "message", _) => return "says other words, and denies what it did before",
        (TrustedKind::Defaults, "lifetime", true) => return "keys that say nothing live longer",
        (TrustedKind::Defaults, "overlap", true) => return "an old secret of keys that say nothing stays valid for longer after a rotation",
        (TrustedKind::Defaults, "cooldown", true) => return "keys that say nothing are deleted sooner after they were disabled",
        (TrustedKind::Defaults, "review_every", true) => return "keys that say nothing are reviewed less often",
        (TrustedKind::Defaults, "unused_after", true) => return "keys that say nothing are told as unused later, or never",
        (TrustedKind::Defaults, "recipients", true) => return "others may be able to open the secrets of keys that say nothing",
        (_, _, _) => {}
    }
    match (kind, weaker) {
        (TrustedKind::Policy, true) => "may deny less than before",
        (TrustedKind::Policy, false) => "denies more than before",
        (TrustedKind::Guard, true) => "lets a plan do more at once than before",
        (TrustedKind::Guard, false) => "lets a plan do less at once than before",
        (TrustedKind::Unmanaged, true) => "keys that nobody declares are treated more leniently",
        (_, true) => "protects less than before",
        (_, false) => "another value",
    }
}

fn limit_is_weaker(before: Option<&str>, after: Option<&str>) -> bool {
    let limit = |side: &str| side.parse::<Limit>().ok();
    match (before, after) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some(before), Some(after)) => match (limit(before), limit(after)) {
            (Some(Limit::Count(before)), Some(Limit::Count(after))) => after > before,
            (Some(Limit::Percent(before)), Some(Limit::Percent(after))) => after > before,
            (_, _) => true,
        },
    }
}

/// How much is made of keys that nobody declares; rules count as little as they can.
fn rank(word: Option<&str>) -> u8 {
    match word {
        Some("fail") => 2,
        None | Some("report") => 1,
        Some(_) => 0,
    }
}

fn default_is_weaker(field: &str, before: Option<&str>, after: Option<&str>) -> bool {
    let longer = |unsaid: Option<Span>, before: Option<&str>, after: Option<&str>| {
        let span = |side: Option<&str>| side.map_or(unsaid, |text| text.parse::<Span>().ok()).map(Span::duration);
        match (span(before), span(after)) {
            (Some(before), Some(after)) => after > before,
            // No end, or a word that is no span.
            (_, None) => true,
            (None, Some(_)) => false,
        }
    };
    match field {
        "lifetime" | "review_every" | "unused_after" => longer(None, before, after),
        "overlap" => longer(Some(Span::hours(72)), before, after),
        // What is deleted cannot be enabled again.
        "cooldown" => longer(Some(Span::days(7)), after, before),
        "recipients" => before != after,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_end_is_told() {
        for (before, after, later) in [("2030-01-01", "2030-01-02", true), ("2030-01-02", "2030-01-01", false), ("x", "y", true)] {
            assert_eq!(ends_later(before, after), later, "{before} -> {after}");
        }
    }

    #[test]
    fn weaker_is_told_from_stricter() {
        let cases = [
            ("guards", "guards.max_creates", Some("5"), Some("50"), true),
            ("guards", "guards.max_creates", Some("50"), Some("5"), false),
            ("guards", "guards.max_creates", Some("5"), Some("10%"), true),
            ("guards", "guards.max_creates", Some("5"), None, true),
            ("guards", "guards.max_creates", None, Some("5"), false),
            ("waivers", "waivers[0].rule", None, Some("policy/owner"), true),
            ("waivers", "waivers[0].rule", Some("policy/owner"), None, false),
            ("policy", "policy.max_lifetime", None, Some("90d"), false),
            ("policy", "policy.max_lifetime", Some("90d"), Some("365d"), true),
            ("policy", "policy.max_lifetime", Some("90d"), None, true),
            ("policy", "policy.max_lifetime", Some("90d"), Some("30d"), false),
            ("policy", "policy.except", None, Some("all"), true),
            ("policy", "policy.effect", None, Some("deny"), false),
            ("policy", "policy.effect", Some("deny"), None, false),
            ("policy", r#"policy.rules["a"].effect"#, None, Some("deny"), false),
            ("policy", r#"policy.rules["a"].effect"#, Some("deny"), None, true),
            ("policy", r#"policy.rules["a"].effect"#, Some("warn"), None, false),
            ("policy", r#"policy.rules["a"].effect"#, None, Some("warn"), true),
            ("policy", "policy.effect", Some("warn"), None, false),
            ("policy", "policy.effect", None, Some("warn"), true),
            ("policy", "policy.effect", Some("deny"), Some("warn"), true),
            ("policy", "policy.effect", Some("warn"), Some("deny"), false),
            ("policy", "policy.require", Some(r#"["owner"]"#), Some(r#"["owner","purpose"]"#), false),
            ("policy", "policy.require", Some(r#"["owner","purpose"]"#), Some(r#"["owner"]"#), true),
            ("policy", "policy.deny.risk", Some("high"), Some("critical"), true),
            ("policy", "policy.deny.risk", Some("critical"), Some("high"), false),
            ("policy", "policy.deny.open_ended", Some("true"), Some("false"), true),
            ("policy", "policy.deny.unknown", None, Some("true"), false),
            ("policy", "policy.deny.unknown", Some("true"), Some("false"), true),
            ("policy", "policy.deny.unknown", Some("true"), None, true),
            ("policy", "policy.deny.unknown", Some("false"), None, false),
            ("policy", "policy.deny.scopes", None, Some(r#"["x:*"]"#), false),
            ("policy", "policy.deny.scopes", Some(r#"["x:*"]"#), Some(r#"["x:*","y:*"]"#), false),
            ("policy", "policy.deny.scopes", Some(r#"["x:*","y:*"]"#), Some(r#"["x:*"]"#), true),
            ("policy", "policy.deny.scopes", Some(r#"["x:*"]"#), Some(r#"["x:a"]"#), true),
            ("policy", "policy.recipients", Some(r#"["ops"]"#), Some(r#"["ops","audit"]"#), false),
            ("policy", "policy.recipients", Some(r#"["ops","audit"]"#), Some(r#"["audit"]"#), true),
            ("policy", "policy.recipients", None, Some(r#"["ops"]"#), false),
            ("policy", "policy.min_recipients", Some("2"), Some("1"), true),
            ("policy", "policy.min_recipients", Some("2"), Some("10"), false),
            ("policy", "policy.min_recipients", Some("2"), None, true),
            ("policy", "policy.min_recipients", None, Some("2"), false),
            ("policy", r#"policy.rules["a].effect"].deny"#, Some("key.x"), Some("key.y"), true),
            ("policy", r#"policy.rules["a"].accounts"#, None, Some(r#"["pay"]"#), true),
            ("policy", r#"policy.rules["a"].accounts"#, Some(r#"["pay"]"#), None, false),
            ("policy", r#"policy.rules["a"].paths"#, Some(r#"["a"]"#), Some(r#"["a","b"]"#), false),
            ("policy", r#"policy.rules["a"].paths"#, Some(r#"["a","b"]"#), Some(r#"["a"]"#), true),
            ("policy", r#"policy.rules["a"].when"#, None, Some("true"), true),
            ("policy", r#"policy.rules["a"].when"#, Some("key.x"), None, false),
            ("policy", r#"policy.rules["a"].message"#, Some("x"), Some("y"), false),
            ("unmanaged", "unmanaged", Some("fail"), Some("report"), true),
            ("unmanaged", "unmanaged", Some("fail"), None, true),
            ("unmanaged", "unmanaged", Some("ignore"), Some("report"), false),
            ("unmanaged", "unmanaged.rules[0].do", None, Some("ignore"), true),
            ("unmanaged", "unmanaged.rules[0].match", Some("ci-*"), Some("*"), true),
            ("unmanaged", "unmanaged.rules[0].account", None, Some("staging"), true),
            ("defaults", "defaults.lifetime", Some("90d"), Some("none"), true),
            ("defaults", "defaults.lifetime", Some("90d"), Some("30d"), false),
            ("defaults", "defaults.lifetime", None, Some("30d"), false),
            ("defaults", "defaults.overlap", None, Some("7d"), true),
            ("defaults", "defaults.overlap", None, Some("24h"), false),
            ("defaults", "defaults.cooldown", None, Some("1d"), true),
            ("defaults", "defaults.cooldown", Some("1d"), None, false),
            ("defaults", "defaults.cooldown", Some("7d"), Some("14d"), false),
            ("defaults", "defaults.recipients", Some("[\"ops\"]"), Some("[\"all\"]"), true),
            ("version", "version", Some("1"), Some("2"), false),
        ];
        for (section, subject, before, after, expected) in cases {
            assert_eq!(is_weaker(section, subject, before, after), expected, "{subject}: {before:?} -> {after:?}");
        }
    }
}
