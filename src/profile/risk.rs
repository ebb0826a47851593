//! How much harm a scope could do, from its level and tags alone.
use crate::model::{AccessLevel, Risk, Tag};

/// The risk of a known scope. The rules are the design's, most risky first; the level `admin` is ruling everything.
pub fn risk_of(access: AccessLevel, tags: &[Tag]) -> Risk {
    let has = |tag| tags.contains(&tag);
    let writes = access >= AccessLevel::Write;
    let guarded = has(Tag::Money) || has(Tag::Credentials) || has(Tag::Access) || has(Tag::Audit);
    if access == AccessLevel::Admin || guarded && access > AccessLevel::List {
        Risk::Critical
    } else if has(Tag::Pan) || has(Tag::Bulk) && has(Tag::Pii) || writes && !tags.is_empty() {
        Risk::High
    } else if writes || access == AccessLevel::Read && (has(Tag::Pii) || has(Tag::Financial)) {
        Risk::Medium
    } else {
        Risk::Low
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_designs_rules_hold() {
        use AccessLevel::{Admin, List, Read, Write};
        let table: &[(AccessLevel, &[Tag], Risk)] = &[
            (Write, &[Tag::Money], Risk::Critical),
            (Read, &[Tag::Money], Risk::Critical),
            (List, &[Tag::Money], Risk::Low),
            (Read, &[Tag::Credentials], Risk::Critical),
            (Read, &[Tag::Access], Risk::Critical),
            (Read, &[Tag::Audit], Risk::Critical),
            (List, &[Tag::Credentials], Risk::Low),
            (Admin, &[], Risk::Critical),
            (Write, &[Tag::Egress], Risk::High),
            (Write, &[Tag::Financial], Risk::High),
            (List, &[Tag::Pan], Risk::High),
            (Read, &[Tag::Pan], Risk::High),
            (Read, &[Tag::Bulk, Tag::Pii], Risk::High),
            (Read, &[Tag::Bulk], Risk::Low),
            (Write, &[], Risk::Medium),
            (Read, &[Tag::Pii], Risk::Medium),
            (Read, &[Tag::Financial], Risk::Medium),
            (List, &[Tag::Pii], Risk::Low),
            (Read, &[Tag::Egress], Risk::Low),
            (Read, &[], Risk::Low),
            (List, &[], Risk::Low),
        ];
        for (access, tags, risk) in table {
            assert_eq!(risk_of(*access, tags), *risk, "{access} {tags:?}");
        }
    }
}
