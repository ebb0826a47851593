//! Whether a changed safeguard is weaker than before. What cannot be told counts as weaker.
use crate::model::{Limit, Span};
use crate::plan::TrustedKind;

/// Whether a field of `keywright.yaml` protects less than it did.
pub fn is_weaker(section: &str, subject: &str, before: Option<&str>, after: Option<&str>) -> bool {
    let field = subject.rsplit(['.', ']']).next().unwrap_or(subject);
    match section {
        "guards" => limit_is_weaker(before, after),
        // A waiver takes a rule away.
        "waivers" => after.is_some(),
        // A new field may be an exception as well as a rule.
        "policy" => before.is_some() || !matches!(field, "max_lifetime" | "require" | "risk" | "open_ended" | "rules"),
        "unmanaged" => rank(after) < rank(before),
        "defaults" => default_is_weaker(field, before, after),
        _ => false,
    }
}

/// Why a person should care.
pub fn why(kind: TrustedKind, weaker: bool) -> &'static str {
    match (kind, weaker) {
        (TrustedKind::Policy, true) => "may deny less than before",
        (TrustedKind::Policy, false) => "denies more than before",
        (TrustedKind::Guard, true) => "lets a plan do more at once than before",
        (TrustedKind::Guard, false) => "lets a plan do less at once than before",
        (TrustedKind::Unmanaged, true) => "keys that nobody declares are treated more leniently",
        (TrustedKind::Defaults, true) => "keys that say nothing live longer, or more can open their secrets",
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
    let longer = |unsaid: Option<Span>| {
        let span = |side: Option<&str>| side.map_or(unsaid, |text| text.parse::<Span>().ok()).map(Span::duration);
        match (span(before), span(after)) {
            (Some(before), Some(after)) => after > before,
            // No end, or a word that is no span.
            (_, None) => true,
            (None, Some(_)) => false,
        }
    };
    match field {
        "lifetime" | "review_every" | "unused_after" => longer(None),
        "overlap" => longer(Some(Span::hours(72))),
        "recipients" => before != after,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            ("policy", "policy.except", None, Some("all"), true),
            ("unmanaged", "unmanaged", Some("fail"), Some("report"), true),
            ("unmanaged", "unmanaged", Some("fail"), None, true),
            ("unmanaged", "unmanaged", Some("ignore"), Some("report"), false),
            ("unmanaged", "unmanaged.rules[0].do", None, Some("ignore"), true),
            ("defaults", "defaults.lifetime", Some("90d"), Some("none"), true),
            ("defaults", "defaults.lifetime", Some("90d"), Some("30d"), false),
            ("defaults", "defaults.lifetime", None, Some("30d"), false),
            ("defaults", "defaults.overlap", None, Some("7d"), true),
            ("defaults", "defaults.overlap", None, Some("24h"), false),
            ("defaults", "defaults.recipients", Some("[\"ops\"]"), Some("[\"all\"]"), true),
            ("version", "version", Some("1"), Some("2"), false),
        ];
        for (section, subject, before, after, expected) in cases {
            assert_eq!(is_weaker(section, subject, before, after), expected, "{subject}: {before:?} -> {after:?}");
        }
    }
}
