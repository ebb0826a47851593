//! What a change does to trusted files: compares the configuration and the profiles of a commit with those of the working tree. Pure.
//!
//! Every field that differs is in the result: by its meaning where there is one, as text otherwise.
mod declarations;
mod entries;
mod fields;
mod readers;
mod strictness;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

pub use self::declarations::declarations;
use self::entries::Entry;
use self::fields::{flat, text};
use crate::diagnostics::{Locate, Part, Report, Route, Step};
use crate::model::text_safety::safe;
use crate::model::{Address, DesiredKey, Position, Risk};
use crate::plan::{TrustedChange, TrustedKind};
use crate::profile::Catalogue;
use crate::workspace::discovery::CONFIG;
use crate::workspace::{Files, Loaded, Workspace};
use crate::yaml;

/// The two sides of a comparison.
pub struct Sides<'a> {
    /// Files of the commit.
    pub base: &'a Files,
    /// What these come to, with the working tree's manifests.
    pub trusted: &'a Workspace,
    /// Everything as the working tree has it.
    pub proposed: &'a Loaded,
}

/// What the working tree changes in `keywright.yaml` and `providers/`, most risky first.
pub fn changes(sides: &Sides<'_>) -> Vec<TrustedChange> {
    let tree = |file: &str| sides.proposed.sources.bytes(file);
    let mut all = Vec::new();
    if sides.base.get(CONFIG).map(Vec::as_slice) != tree(CONFIG) {
        // A file that is not there says nothing.
        let nothing = || Some(Value::Object(serde_json::Map::new()));
        let read = |bytes: Option<&[u8]>| bytes.map_or_else(nothing, |bytes| yaml::read(&CONFIG.into(), bytes, &mut Report::default()));
        match (read(sides.base.get(CONFIG).map(Vec::as_slice)), read(tree(CONFIG))) {
            (Some(before), Some(after)) => all.extend(config(sides, &before, &after)),
            // Whatever is wrong with it is told by itself.
            _ => all.push(row(TrustedKind::Other, CONFIG, "the file as the change has it cannot be read", Risk::High)),
        }
    }
    all.extend(profiles(sides));
    for change in &mut all {
        (change.before, change.after) = fields::shown(change.before.take(), change.after.take());
    }
    all.sort_by(|a, b| (b.risk, b.weaker, a.kind, &a.subject, &a.after).cmp(&(a.risk, a.weaker, b.kind, &b.subject, &b.after)));
    all
}

fn row(kind: TrustedKind, subject: impl Into<String>, why: impl Into<String>, risk: Risk) -> TrustedChange {
    let (subject, why) = (subject.into(), why.into());
    TrustedChange { kind, subject, before: None, after: None, why, risk, weaker: false, concerns: Vec::new(), at: None }
}

/// A profile says where requests and credentials go.
fn profiles(sides: &Sides<'_>) -> Vec<TrustedChange> {
    let is_profile = |name: &&Arc<str>| name.starts_with("providers/") && name.ends_with(".yaml");
    let here = sides.proposed.sources.names();
    let names: BTreeSet<&Arc<str>> = sides.base.keys().chain(here).filter(is_profile).collect();
    let change = |name: &Arc<str>| {
        let (before, after) = (sides.base.get(name).map(Vec::as_slice), sides.proposed.sources.bytes(name));
        let word = match (before, after) {
            (before, after) if before == after => return None,
            (None, _) => "added",
            (_, None) => "removed",
            (Some(_), Some(_)) => "changed",
        };
        let read =
            |bytes: Option<&[u8]>| bytes.and_then(|bytes| yaml::read::<Value>(name, bytes, &mut Report::default())).unwrap_or_default();
        let differing = differences("", &read(before), &read(after));
        let sections: BTreeSet<&str> = differing.iter().filter_map(|(field, ..)| field.split('.').nth(1)).collect();
        let sections: Vec<&str> = sections.into_iter().collect();
        let within = if sections.is_empty() || word != "changed" { String::new() } else { format!(" in {}", sections.join(", ")) };
        // Where requests go is what a reviewer has to see of it.
        let is_host = |field: &str| field.ends_with(".url") || field.starts_with(".grants.issuers.");
        let hosts = |side: fn(&Difference) -> &Option<String>| {
            let texts: Vec<&str> = differing.iter().filter(|(field, ..)| is_host(field)).filter_map(|all| side(all).as_deref()).collect();
            (!texts.is_empty()).then(|| texts.join(", "))
        };
        let (from, to) = (hosts(|(_, before, _)| before), hosts(|(.., after)| after));
        let why = format!("{word}{within}: a profile says where requests, with the admin credential, are sent and what they say");
        Some(TrustedChange {
            before: from,
            after: to,
            at: after.map(|_| Position { file: name.clone(), line: 1, column: 1 }),
            ..row(TrustedKind::Profile, &**name, why, Risk::Critical)
        })
    };
    names.into_iter().filter_map(change).collect()
}

fn config(sides: &Sides<'_>, before: &Value, after: &Value) -> Vec<TrustedChange> {
    let mut all = Vec::new();
    let sections: BTreeSet<&String> = [before, after].into_iter().filter_map(Value::as_object).flat_map(|map| map.keys()).collect();
    for section in sections {
        let (old, new) = (&before[section.as_str()], &after[section.as_str()]);
        match section.as_str() {
            "recipients" => all.extend(readers::recipients(sides)),
            "accounts" | "deliveries" => all.extend(named(sides, section, (old, new), &before["accounts"])),
            "defaults" => {
                all.extend(fields(section, old, new));
                all.extend(readers::by_defaults(sides).filter(|_| old["recipients"] != new["recipients"]));
            }
            "policy" => all.extend(policy(sides, old, new)),
            "waivers" => all.extend(waivers(sides, old, new)),
            _ => all.extend(fields(section, old, new)),
        }
    }
    if all.is_empty() {
        all.push(row(TrustedKind::Other, CONFIG, "only comments, order or layout differ", Risk::Low));
    }
    for change in &mut all {
        change.at = change.at.take().or_else(|| place(sides, &change.subject));
    }
    all
}

/// Where a field stands in the working tree; of one that is gone, where what holds it stands.
fn place(sides: &Sides<'_>, subject: &str) -> Option<Position> {
    let mut route = fields::route(subject);
    while !route.0.is_empty() {
        if let Some(span) = sides.proposed.sources.locate(CONFIG, &route, Part::Field) {
            return Some(Position { file: CONFIG.into(), line: span.line, column: span.column });
        }
        route = Route(route.0[..route.0.len() - 1].to_vec());
    }
    Some(Position { file: CONFIG.into(), line: 1, column: 1 })
}

/// Accounts or deliveries; `accounts`: those of the commit.
fn named(sides: &Sides<'_>, section: &str, (old, new): (&Value, &Value), accounts: &Value) -> Vec<TrustedChange> {
    let names: BTreeSet<&String> = [old, new].into_iter().filter_map(Value::as_object).flat_map(|map| map.keys()).collect();
    let is_account = section == "accounts";
    let workspace = |present: bool| if present { &sides.proposed.workspace } else { sides.trusted };
    let mut all = Vec::new();
    for name in names {
        let subject = format!("{section}.{name}");
        let concerns = concerned(workspace(!new[name.as_str()].is_null()), sides.trusted, is_account, name);
        let (before, after) = (&old[name.as_str()], &new[name.as_str()]);
        let whole = |value: &Value| (!value.is_null()).then(|| text(&entries::telling(value)));
        let (kind, why, risk) = match (before.is_null(), after.is_null(), is_account) {
            (true, false, _) => {
                let (kind, why, risk) = added(is_account, accounts, after);
                all.push(TrustedChange { after: whole(after), concerns, ..row(kind, &subject, why, risk) });
                continue;
            }
            (false, true, true) => {
                (TrustedKind::AccountRemoved, "without the account, its live keys in the ledger would be forgotten", Risk::High)
            }
            (false, true, false) => (TrustedKind::DeliveryRemoved, "the place gets no new secrets", Risk::Medium),
            (_, _, _) => {
                all.extend(differences(&subject, before, after).into_iter().map(|(subject, before, after)| {
                    let (kind, mut why, mut risk) = inside(is_account, fields::field_after(&subject, name));
                    if kind == TrustedKind::Credential && subject.ends_with(".command") && after.is_some() {
                        (why, risk) = ("a command would be run where apply has its credentials", Risk::Critical);
                    }
                    TrustedChange { before, after, concerns: concerns.clone(), ..row(kind, subject, why, risk) }
                }));
                continue;
            }
        };
        all.push(TrustedChange { before: whole(before), after: whole(after), concerns, ..row(kind, subject, why, risk) });
    }
    all
}

/// What a new account or delivery brings along.
fn added(is_account: bool, accounts: &Value, new: &Value) -> (TrustedKind, String, Risk) {
    let (kind, what, otherwise) = match is_account {
        true => (TrustedKind::AccountAdded, "a new account", ": its provider is asked only after the merge"),
        false => (TrustedKind::DeliveryAdded, "a new place that can get secrets", ""),
    };
    let lender = lent(accounts, new);
    let runs = references(new).iter().any(|(kind, _)| *kind == "command");
    let (why, risk) = match (lender, runs) {
        (Some(lender), _) => (format!("{what}: the admin credential of `{lender}` would go where it says"), Risk::Critical),
        (None, true) => (format!("{what}: a command would be run where apply has its credentials"), Risk::Critical),
        (None, false) => (format!("{what}{otherwise}"), Risk::High),
    };
    (kind, why, risk)
}

/// The trusted account whose credential a new one would use somewhere else: at an endpoint of its own, or by another profile.
fn lent<'a>(trusted: &'a Value, new: &Value) -> Option<&'a str> {
    let wanted = references(new);
    let lends = |account: &Value| {
        let elsewhere = !new["endpoint"].is_null() || new["provider"] != account["provider"];
        elsewhere && !references(account).is_disjoint(&wanted)
    };
    trusted.as_object()?.iter().find(|(_, account)| lends(account)).map(|(name, _)| name.as_str())
}

/// What the credentials of an account are read from: each place with its kind, such as `env` and the variable.
fn references(account: &Value) -> BTreeSet<(&str, &str)> {
    fn leaves<'a>(value: &'a Value, kind: &'a str, found: &mut BTreeSet<(&'a str, &'a str)>) {
        match value {
            Value::Object(fields) => fields.iter().for_each(|(name, value)| leaves(value, name, found)),
            Value::Array(items) => items.iter().for_each(|value| leaves(value, kind, found)),
            Value::String(text) => {
                found.insert((kind, text));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    let mut found = BTreeSet::new();
    ["credential", "plan_credential"].into_iter().for_each(|field| leaves(&account[field], field, &mut found));
    found
}

/// What a field of an account or a delivery is about.
fn inside(is_account: bool, field: &str) -> (TrustedKind, &'static str, Risk) {
    match (field, is_account) {
        ("credential" | "plan_credential", _) => (TrustedKind::Credential, "another credential would be used", Risk::High),
        (_, true) => (TrustedKind::Host, "requests, with the admin credential, would go to another place", Risk::Critical),
        (_, false) => (TrustedKind::Delivery, "secrets would be sent to another place", Risk::Critical),
    }
}

fn concerned(workspace: &Workspace, trusted: &Workspace, is_account: bool, name: &str) -> Vec<Address> {
    if !is_account {
        return addresses(workspace.keys.values().filter(|key| key.deliver.iter().any(|place| place.as_str() == name)));
    }
    let declared = workspace.keys.keys().filter(|address| address.account.as_str() == name);
    let recorded = trusted.ledger.keys().filter(|address| address.account.as_str() == name);
    declared.chain(recorded).collect::<BTreeSet<_>>().into_iter().cloned().collect()
}

/// Rules that come and go as wholes, everything else field by field.
fn policy(sides: &Sides<'_>, old: &Value, new: &Value) -> Vec<TrustedChange> {
    let Some(entries) = entries::rules(&old["rules"], &new["rules"]) else { return fields("policy", old, new) };
    let without = |policy: &Value| {
        let mut rest = policy.clone();
        rest.as_object_mut().map(|fields| fields.remove("rules"));
        rest
    };
    let mut all = fields("policy", &without(old), &without(new));
    for entry in entries {
        let subject = |rule: &Value| format!("policy.rules[{}]", rule["name"]);
        match entry {
            Entry::Added(index, rule) => all.push(TrustedChange {
                after: Some(text(rule)),
                at: item(sides, &["policy", "rules"], index),
                ..row(TrustedKind::Policy, subject(rule), "new rule: it only adds to what is asked", Risk::Low)
            }),
            Entry::Removed(rule) => all.push(TrustedChange {
                before: Some(text(rule)),
                weaker: true,
                ..row(TrustedKind::Policy, subject(rule), "a rule less: may deny less than before", Risk::High)
            }),
            Entry::Changed(index, before, after) => {
                let at = item(sides, &["policy", "rules"], index);
                let fields = compared("policy", differences(&subject(after), before, after));
                all.extend(fields.into_iter().map(|change| TrustedChange { at: at.clone(), ..change }));
            }
        }
    }
    all
}

/// A row for each waiver.
fn waivers(sides: &Sides<'_>, old: &Value, new: &Value) -> Vec<TrustedChange> {
    let Some(entries) = entries::waivers(old, new) else { return fields("waivers", old, new) };
    let change = |entry: &Entry<'_>| {
        let (before, after, why, weaker) = entries::waived(entry);
        let at = match entry {
            Entry::Added(index, _) | Entry::Changed(index, ..) => item(sides, &["waivers"], *index),
            Entry::Removed(_) => None,
        };
        let risk = if weaker { Risk::High } else { Risk::Low };
        TrustedChange { before, after, weaker, at, ..row(TrustedKind::Policy, "waivers", why, risk) }
    };
    entries.iter().map(change).collect()
}

/// Where an entry of a list stands in the working tree.
fn item(sides: &Sides<'_>, names: &[&str], index: usize) -> Option<Position> {
    let mut steps: Vec<Step> = names.iter().map(|name| Step::Field((*name).into())).collect();
    steps.push(Step::Index(index));
    let span = sides.proposed.sources.locate(CONFIG, &Route(steps), Part::Value)?;
    Some(Position { file: CONFIG.into(), line: span.line, column: span.column })
}

/// Any other section, field by field.
fn fields(section: &str, old: &Value, new: &Value) -> Vec<TrustedChange> {
    compared(section, differences(section, old, new))
}

fn compared(section: &str, differences: Vec<Difference>) -> Vec<TrustedChange> {
    let kind = match section {
        "policy" | "waivers" => TrustedKind::Policy,
        "guards" => TrustedKind::Guard,
        "unmanaged" => TrustedKind::Unmanaged,
        "defaults" => TrustedKind::Defaults,
        _ => TrustedKind::Other,
    };
    let change = |(subject, before, after): Difference| {
        let weaker = strictness::is_weaker(section, &subject, before.as_deref(), after.as_deref());
        let why = strictness::why(kind, &subject, weaker);
        let risk = match (kind, weaker) {
            (TrustedKind::Policy | TrustedKind::Guard, true) => Risk::High,
            (_, true) => Risk::Medium,
            (_, false) => Risk::Low,
        };
        TrustedChange { before, after, weaker, ..row(kind, subject, why, risk) }
    };
    differences.into_iter().map(change).collect()
}

/// A field that differs: its route, and its text on both sides.
type Difference = (String, Option<String>, Option<String>);

/// Each field that differs.
fn differences(route: &str, old: &Value, new: &Value) -> Vec<Difference> {
    let (old, new) = (flat(route, old), flat(route, new));
    let routes: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let side = |side: &BTreeMap<String, String>, route: &String| side.get(route).cloned();
    let both = routes.into_iter().map(|route| (route.clone(), side(&old, route), side(&new, route)));
    both.filter(|(_, before, after)| before != after).collect()
}

fn addresses<'a>(keys: impl Iterator<Item = &'a DesiredKey>) -> Vec<Address> {
    keys.map(|key| key.address.clone()).collect()
}

/// The highest risk of what the keys can do.
fn highest(workspace: &Workspace, addresses: &[Address]) -> Option<Risk> {
    let of = |address: &Address| {
        let catalogue: &Catalogue = &workspace.accounts.get(&address.account)?.catalogue;
        let key = workspace.keys.get(address)?;
        key.scopes.iter().map(|scope| catalogue.describe(scope).risk).max()
    };
    addresses.iter().filter_map(of).max()
}

/// A trusted change in one line, for messages.
pub fn in_words(change: &TrustedChange) -> String {
    let shown = |side: &Option<String>| side.as_deref().map_or_else(|| "none".to_owned(), |text| safe(text).into_owned());
    format!("`{}`: {} -> {}", safe(&change.subject), shown(&change.before), shown(&change.after))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of a policy that takes the place of another: risk, whether it is weaker, line, subject, why.
    fn told(before: &str, after: &str) -> Vec<String> {
        let dir = tempfile::tempdir().expect("a directory");
        let now = "2026-11-21T00:00:00Z".parse().expect("a time");
        let text = |policy: &str| format!("version: 1\naccounts: {{}}\n{policy}");
        let base: Files = BTreeMap::from([(CONFIG.into(), text(before).into_bytes())]);
        std::fs::write(dir.path().join(CONFIG), text(after)).expect("written");
        let trusted = crate::workspace::load_commit(dir.path(), now, &base).workspace;
        let proposed = crate::workspace::load(dir.path(), now);
        let rows = changes(&Sides { base: &base, trusted: &trusted, proposed: &proposed });
        let line = |row: &TrustedChange| row.at.as_ref().map_or(0, |at| at.line);
        let weaker = |row: &TrustedChange| if row.weaker { "weaker" } else { "-" };
        rows.iter().map(|row| format!("{} {} {} {}: {}", row.risk, weaker(row), line(row), row.subject, row.why)).collect()
    }

    const WAIVER: &str = "waivers:\n  - { rule: policy/risk, address: x/y, reason: a, expires: 2030-01-01 }\n  - rule: policy/risk\n    address: \"*\"\n    reason: soon\n    expires: 2030-01-01\n";
    const RULES: &str = "policy:\n  rules:\n    - { name: old, require: [owner] }\n";

    #[test]
    fn a_waiver_is_one_row_at_its_place() {
        let one = &WAIVER[..WAIVER.find("  - rule").expect("two")];
        assert_eq!(told(one, WAIVER), ["high weaker 5 waivers: waives `policy/risk` for `*` until 2030-01-01: soon"]);
        assert_eq!(told(WAIVER, one), ["low - 3 waivers: no longer waives `policy/risk` for `*` until 2030-01-01: soon"]);
        let later = WAIVER.replace("expires: 2030-01-01\n", "expires: 2031-01-01\n");
        assert_eq!(told(WAIVER, &later), ["high weaker 5 waivers: waives `policy/risk` for `*` for longer than before"]);
    }

    #[test]
    fn a_rule_that_comes_only_adds_and_one_that_goes_takes_away() {
        let more = format!("{RULES}    - {{ name: new, when: \"true\", deny: \"true\", effect: warn }}\n");
        assert_eq!(told(RULES, &more), [r#"low - 6 policy.rules["new"]: new rule: it only adds to what is asked"#]);
        assert_eq!(told(&more, RULES), [r#"high weaker 4 policy.rules["new"]: a rule less: may deny less than before"#]);
        let narrower = RULES.replace("require", "accounts: [x], require");
        assert_eq!(told(RULES, &narrower), [r#"high weaker 5 policy.rules["old"].accounts: may deny less than before"#]);
        assert_eq!(
            told(RULES, &RULES.replace("policy:\n", "policy:\n  effect: deny\n")),
            ["low - 4 policy.effect: denies more than before"]
        );
    }
}
