//! One key: what is declared, and the history of its generations.
use std::fmt::Write as _;

use jiff::Timestamp;
use serde::Serialize;

use super::list::state_ink;
use super::palette::{Ink, Style};
use crate::inventory::{Dated, Delivery, Row};
use crate::model::text_safety::safe;
use crate::model::{Address, DesiredKey, DesiredState, Expiry, Format, Generation, KeyRecord, Position, Recipients, Risk, ScopeSet, Span};

/// What is known of one key. Without a record nothing was issued yet; without a declaration the entry left the manifests.
#[derive(Debug, Clone, Copy)]
pub struct KeyHistory<'a> {
    pub address: &'a Address,
    pub provider: &'a str,
    pub desired: Option<&'a DesiredKey>,
    pub record: Option<&'a KeyRecord>,
    /// What the inventory says of it: risk, next rotation, review.
    pub row: &'a Row,
    pub now: Timestamp,
}

/// The JSON form.
#[derive(Debug, Serialize)]
struct HistoryView<'a> {
    format_version: &'static str,
    address: &'a Address,
    provider: &'a str,
    /// `null` when no generation's secret is published.
    secret_file: Option<String>,
    risk: Option<Risk>,
    /// `null`: no rotation is ahead.
    rotates_at: Option<Timestamp>,
    /// `null`: nobody asks for reviews.
    review: Option<ReviewView>,
    #[serde(skip_serializing_if = "<[Delivery]>::is_empty")]
    deliveries: &'a [Delivery],
    dates: &'a [Dated],
    declared: Option<DeclaredView<'a>>,
    record: Option<&'a KeyRecord>,
}

#[derive(Debug, Serialize)]
struct ReviewView {
    every: Span,
    /// `null`: not while the key is not live.
    due_at: Option<Timestamp>,
    overdue: bool,
}

#[derive(Debug, Serialize)]
struct DeclaredView<'a> {
    declared_at: &'a Position,
    label: &'a str,
    owner: Option<&'a str>,
    purpose: Option<&'a str>,
    scopes: &'a ScopeSet,
    expires: String,
    renew_before: Span,
    overlap: Span,
    recipients: &'a Recipients,
    format: Format,
    state: DesiredState,
    protect: bool,
    review_every: Option<Span>,
    unused_after: Option<Span>,
}

/// The key's declaration and history for people, newest generation first.
pub fn show_text(key: KeyHistory<'_>, style: Style) -> String {
    let mut out = format!("{}  {}\n", style.paint(Ink::Strong, &key.address.to_string()), safe(key.provider));
    match key.desired {
        Some(desired) => declared(&mut out, desired),
        None => line(&mut out, "declared", "in no manifest"),
    }
    if let Some(risk) = key.row.risk {
        line(&mut out, "risk", &style.paint(Ink::Risk(risk), &risk.as_str().to_uppercase()));
    }
    if let Some(at) = key.row.rotates_at {
        line(&mut out, "rotates", &until(at, key.now));
    }
    match secret_file(key) {
        Some(file) => line(&mut out, "secret", &file),
        None => line(&mut out, "secret", "none published"),
    }
    for delivery in &key.row.deliveries {
        let ink = if delivery.pending { Ink::Attention } else { Ink::Dim };
        line(&mut out, "deliver", &style.paint(ink, &safe(&delivery.words())));
    }
    let generations = key.record.map(|record| record.generations.as_slice()).unwrap_or_default();
    if let Some(record) = key.record {
        if record.protect {
            line(&mut out, "protect", "disabling and deleting are refused");
        }
        if let Some(reviewed) = &record.reviewed {
            line(&mut out, "reviewed", &format!("{} by {}", reviewed.at, safe(&reviewed.by)));
        }
    }
    if let Some((every, at)) = key.row.review_every.zip(key.row.review_due_at) {
        let due = if key.row.review_overdue { format!("overdue since {at}") } else { until(at, key.now) };
        line(
            &mut out,
            "review",
            &style.paint(if key.row.review_overdue { Ink::Remove } else { Ink::Dim }, &format!("{due}, every {every}")),
        );
    }
    if generations.is_empty() {
        out.push_str("\nno generation was issued yet\n");
    }
    for generation in generations {
        history(&mut out, generation, key.now, style);
    }
    out
}

/// The same as JSON: `declared` and `record` (the ledger's fields), either `null` when there is none.
pub fn show_json(key: KeyHistory<'_>) -> String {
    let declared = key.desired.map(|desired| DeclaredView {
        declared_at: &desired.declared_at,
        label: &desired.label,
        owner: desired.owner.as_deref(),
        purpose: desired.purpose.as_deref(),
        scopes: &desired.scopes,
        expires: expiry(desired.expiry),
        renew_before: desired.renew_before,
        overlap: desired.overlap,
        recipients: &desired.recipients,
        format: desired.format,
        state: desired.state,
        protect: desired.protect,
        review_every: desired.review_every,
        unused_after: desired.unused_after,
    });
    let (due_at, overdue) = (key.row.review_due_at, key.row.review_overdue);
    super::json(&HistoryView {
        format_version: "1.0",
        address: key.address,
        provider: key.provider,
        secret_file: secret_file(key),
        risk: key.row.risk,
        rotates_at: key.row.rotates_at,
        review: key.row.review_every.map(|every| ReviewView { every, due_at, overdue }),
        deliveries: &key.row.deliveries,
        dates: &key.row.dates,
        declared,
        record: key.record,
    })
}

fn secret_file(key: KeyHistory<'_>) -> Option<String> {
    let published = key.record?.current()?.sealed.is_some();
    published.then(|| format!("secrets/{}.age", key.address))
}

fn expiry(expiry: Expiry) -> String {
    match expiry {
        Expiry::Never => "never".to_owned(),
        Expiry::At(at) => at.to_string(),
        Expiry::Lifetime(span) => format!("{span} after creation"),
    }
}

fn format_word(format: Format) -> &'static str {
    match format {
        Format::Raw => "raw",
        Format::Json => "json",
        Format::Dotenv => "dotenv",
    }
}

fn declared(out: &mut String, key: &DesiredKey) {
    line(out, "declared", &format!("{}:{}", safe(&key.declared_at.file), key.declared_at.line));
    line(out, "label", &safe(&key.label));
    for (name, text) in [("owner", &key.owner), ("purpose", &key.purpose)] {
        if let Some(text) = text {
            line(out, name, &safe(text));
        }
    }
    line(out, "scopes", &scopes(&key.scopes));
    let renewal = match key.expiry {
        Expiry::Never => String::new(),
        // Nothing renews a fixed end.
        Expiry::At(_) => format!(", overlap {}", key.overlap),
        Expiry::Lifetime(_) => format!(", renewed {} before, overlap {}", key.renew_before, key.overlap),
    };
    line(out, "expires", &format!("{}{renewal}", expiry(key.expiry)));
    line(out, "readers", &readers(&key.recipients));
    if key.state == DesiredState::Disabled {
        line(out, "state", "disabled");
    }
}

fn history(out: &mut String, generation: &Generation, now: Timestamp, style: Style) {
    let state = generation.state.as_str();
    let title = style.paint(Ink::Strong, &format!("generation {}", generation.number));
    let _ = writeln!(out, "\n{title}  {}", style.paint(state_ink(state), state));
    line(out, "id", &generation.id.as_deref().map_or_else(|| "unknown".into(), safe));
    line(out, "label", &safe(&generation.label));
    line(out, "scopes", &scopes(&generation.scopes));
    line(out, "created", &generation.created_at.to_string());
    let end = match generation.expires_at {
        None => "never".to_owned(),
        Some(at) => until(at, now),
    };
    line(out, "expires", &end);
    let times = [
        ("verified", generation.last_verified_at),
        ("used", generation.last_used_at),
        ("disable", generation.disable_after.filter(|_| generation.disabled_at.is_none())),
        ("disabled", generation.disabled_at),
        ("delete", generation.delete_after),
    ];
    for (name, at) in times {
        let Some(at) = at else { continue };
        let after = if matches!(name, "disable" | "delete") { "after " } else { "" };
        line(out, name, &format!("{after}{at}"));
    }
    if let Some(grant) = &generation.grant {
        line(out, "granted", &scopes(&grant.scopes));
        let access = if grant.access_ends_at <= now { "has ended" } else { "ends" };
        line(out, "tokens", &format!("of {}; the access token {access} at {}", grant.issued_at, grant.access_ends_at));
        let refresh = match (grant.refused_at, grant.renewable, grant.kept) {
            (Some(at), _, _) => format!("refused by the issuer at {at}: `keywright authorize` is what helps"),
            (None, false, _) => "none: it ends with its access token".to_owned(),
            (None, true, true) => "kept beside its successor's, until it is revoked".to_owned(),
            (None, true, false) => "`keywright verify -i` and `keywright apply -i` use it".to_owned(),
        };
        line(out, "refresh", &refresh);
    }
    if let Some(at) = generation.asking_since {
        line(out, "asking", &format!("the issuer since {at}: how that ended is not known"));
    }
    if generation.unverified {
        line(out, "tried", "not yet: accepted on a person's word");
    }
    if let Some(at) = generation.refused_at {
        line(out, "refused", &format!("{at}: its secret did not work, and has not since"));
    }
    if generation.unproven {
        line(out, "revoked", "on a person's word: no call has shown it");
    }
    if let Some(sealed) = &generation.sealed {
        line(out, "sealed", &format!("{}, sha256 {}", format_word(sealed.format), safe(&sealed.sha256)));
        line(out, "readers", &readers(&sealed.recipients));
    }
}

/// An instant, and how far ahead it is.
fn until(at: Timestamp, now: Timestamp) -> String {
    if at < now { format!("{at}, passed") } else { format!("{at}, in {} days", at.duration_since(now).as_hours() / 24) }
}

fn scopes(scopes: &ScopeSet) -> String {
    scopes.iter().map(|scope| safe(scope.as_str())).collect::<Vec<_>>().join(" ")
}

fn readers(recipients: &Recipients) -> String {
    let groups = recipients.iter().map(|(group, keys)| {
        let keys: Vec<_> = keys.iter().map(|key| safe(key)).collect();
        format!("{}: {}", safe(group), keys.join(", "))
    });
    groups.collect::<Vec<_>>().join("; ")
}

fn line(out: &mut String, name: &str, text: &str) {
    let _ = writeln!(out, "  {name:<10}{text}");
}

#[cfg(test)]
mod tests {
    use super::super::list::samples::billing;
    use super::*;

    fn record() -> KeyRecord {
        let text = r#"{ "version": 1, "address": "pay/billing", "provider": "payconex", "protect": true, "generations": [
            { "number": 2, "state": "active", "id": "api_2", "marker": "kw-aaaaaaaa", "label": "Billing kw-aaaaaaaa", "scopes": ["a:read", "b:read"],
              "created_at": "2026-11-21T09:00:00Z", "expires_at": "2027-02-19T09:00:00Z", "last_verified_at": "2026-11-21T09:00:02Z",
              "sealed": { "sha256": "0f", "format": "json", "recipients": { "ops": ["age1x", "ssh-ed25519 AAAA"] } } },
            { "number": 1, "state": "retiring", "id": "api_\u001b[2J1", "label": "Billing", "scopes": ["a:read"],
              "created_at": "2026-08-01T09:00:00Z", "disable_after": "2026-11-24T09:00:03Z" } ] }"#;
        serde_json::from_str(text).expect("a record")
    }

    #[test]
    fn history_is_told_newest_first() {
        let record = record();
        let now = "2026-11-22T00:00:00Z".parse().expect("a time");
        let row = Row { review_every: None, review_due_at: None, review_overdue: false, rotates_at: None, ..billing() };
        let key = KeyHistory { address: &record.address, provider: "payconex", desired: None, record: Some(&record), row: &row, now };
        insta::assert_snapshot!(show_text(key, Style::PLAIN), @r"
        pay/billing  payconex
          declared  in no manifest
          risk      HIGH
          secret    secrets/pay/billing.age
          protect   disabling and deleting are refused

        generation 2  active
          id        api_2
          label     Billing kw-aaaaaaaa
          scopes    a:read b:read
          created   2026-11-21T09:00:00Z
          expires   2027-02-19T09:00:00Z, in 89 days
          verified  2026-11-21T09:00:02Z
          sealed    json, sha256 0f
          readers   ops: age1x, ssh-ed25519 AAAA

        generation 1  retiring
          id        api_\u{1b}[2J1
          label     Billing
          scopes    a:read
          created   2026-08-01T09:00:00Z
          expires   never
          disable   after 2026-11-24T09:00:03Z
        ");
        let row = billing();
        let key = KeyHistory { row: &row, ..key };
        let text = show_text(key, Style::PLAIN);
        assert!(text.contains("  rotates   2027-02-06T03:00:00Z, in 76 days\n"), "{text}");
        assert!(text.contains("  review    overdue since 2026-10-28T09:00:00Z, every 180d\n"), "{text}");
        let value: serde_json::Value = serde_json::from_str(&show_json(key)).expect("JSON");
        assert_eq!(value["secret_file"], "secrets/pay/billing.age");
        assert_eq!(value["record"]["generations"][1]["state"], "retiring");
    }
}
