//! Findings in words: message, place in the manifest, advice and, where there is one, a patch.
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::facts::KeyFacts;
use super::finding::Finding;
use super::place::{Places, Replaced, items};
use super::rule::{Asked, Check, Rule};
use crate::diagnostics::{Code, Diagnostic, Severity, suggest};
use crate::model::{Expiry, Risk, Scope, Span};

/// Scopes that a help names; the others are counted.
const NAMED: usize = 12;

pub(super) fn code(finding: &Finding) -> Code {
    match finding {
        Finding::TooLong { .. } => Code::PolicyMaxLifetime,
        Finding::Lacks(Asked::Expiry) => Code::PolicyNoExpiry,
        Finding::Lacks(Asked::Owner | Asked::Purpose | Asked::ReviewEvery) => Code::PolicyMissingField,
        Finding::Risky { .. } => Code::PolicyRisk,
        Finding::OpenEnded(_) => Code::PolicyOpenEnded,
        Finding::Unknown(_) => Code::PolicyUnknownScope,
        Finding::Denied { .. } => Code::PolicyDeniedScope,
        Finding::NotOpenTo(_) => Code::PolicyRecipients,
        Finding::TooFew { .. } => Code::PolicyMinRecipients,
        Finding::Broken => Code::PolicyRule,
        Finding::Failed(_) => Code::PolicyRuleFailed,
    }
}

/// The diagnostic of a finding, without the rule's place.
pub(super) fn word(
    finding: &Finding,
    check: Option<&Check>,
    rule: &Rule,
    facts: &KeyFacts<'_>,
    places: &Places<'_>,
    severity: Severity,
) -> Diagnostic {
    let address = &facts.key.address;
    let new = |message: String| Diagnostic::new(code(finding), severity, message);
    match finding {
        Finding::TooLong { most } => too_long(*most, facts, places, &new),
        Finding::Lacks(Asked::Expiry) => new(format!("`{address}` never expires, and every key must"))
            .at(places.value(&["expires"]))
            .help("say `lifetime: 90d`, or a last day as `expires: 2027-03-31`"),
        Finding::Lacks(field) => {
            let field = field.field();
            new(format!("`{address}` has no `{field}`, and every key must")).at(places.value(&[field])).help(format!("add `{field}:`"))
        }
        Finding::Risky { scope, limit } => risky(scope, *limit, facts, places, &new),
        Finding::OpenEnded(scope) => {
            let (place, replaced) = places.scope(scope);
            let listed: Vec<Scope> = facts.grants(scope).into_iter().filter(|leaf| leaf != scope).collect();
            let diagnostic = new(format!("wildcard `{scope}` is not allowed")).at(place);
            let diagnostic = diagnostic.label("also grants every scope below it that is added later");
            let help = if listed.is_empty() {
                "name the scopes that are needed".to_owned()
            } else {
                format!("list the scopes: {}", named(&listed))
            };
            with_replacement(diagnostic.help(help), items(&listed, replaced))
        }
        Finding::Unknown(scope) => {
            let (place, replaced) = places.scope(scope);
            let near = suggest::nearest(scope.as_str(), facts.account.catalogue.words());
            let message = format!("the catalogue of `{}` does not have the scope `{scope}`", facts.account.provider);
            let mut diagnostic = new(message).at(place).label("nobody has described what it opens");
            diagnostic.help = near.map(|near| format!("did you mean `{near}`?"));
            with_replacement(diagnostic, near.and_then(|near| items(&[Scope::from(near)], replaced)))
        }
        Finding::Denied { scope, grants, pattern } => {
            let diagnostic = new(format!("scope `{scope}` is not allowed")).at(places.scope(scope).0);
            let diagnostic = match (grants == scope, pattern == grants.as_str()) {
                (true, true) => diagnostic.label("denied"),
                (true, false) => diagnostic.label(format!("denied by `{pattern}`")),
                (false, _) => diagnostic.label(format!("grants `{grants}`")),
            };
            diagnostic.help("remove it, or name a narrower one")
        }
        Finding::NotOpenTo(name) => {
            let who = if name.len() > 40 { format!("{}…", name.chars().take(40).collect::<String>()) } else { name.clone() };
            new(format!("`{who}` cannot open the secret of `{address}`, and must"))
                .at(places.value(&["recipients"]))
                .help("add it to `recipients`")
        }
        Finding::TooFew { least } => {
            let have = facts.public_keys.len();
            let has = if have == 1 { "1 public key can open".to_owned() } else { format!("{have} public keys can open") };
            new(format!("only {has} the secret of `{address}`, and at least {least} must"))
                .at(places.value(&["recipients"]))
                .help("name another group in `recipients`")
        }
        Finding::Broken | Finding::Failed(_) => spoken(finding, check, rule, facts, places, &new),
    }
}

fn with_replacement(mut diagnostic: Diagnostic, replacement: Option<String>) -> Diagnostic {
    diagnostic.replacement = replacement;
    diagnostic
}

fn named(scopes: &[Scope]) -> String {
    let mut words: Vec<&str> = scopes.iter().take(NAMED).map(Scope::as_str).collect();
    let more = format!("and {} more", scopes.len().saturating_sub(NAMED));
    if scopes.len() > NAMED {
        words.push(&more);
    }
    words.join(", ")
}

fn too_long(most: Span, facts: &KeyFacts<'_>, places: &Places<'_>, new: &dyn Fn(String) -> Diagnostic) -> Diagnostic {
    let address = &facts.key.address;
    let (message, field, replacement) = match facts.key.expiry {
        Expiry::Lifetime(span) => {
            (format!("`{address}` lives for {span}, and at most {most} is allowed"), "lifetime", Some(most.to_string()))
        }
        Expiry::Never => (format!("`{address}` never expires, and at most {most} is allowed"), "expires", None),
        Expiry::At(_) => {
            let lives = facts.lifetime.map_or_else(String::new, |span| whole_days(span).to_string());
            let last = last_day(facts.begins, most);
            (format!("`{address}` lives for {lives}, and at most {most} is allowed"), "expires", last)
        }
    };
    let diagnostic = new(message).at(places.value(&[field]));
    let help = match (&replacement, facts.key.expiry) {
        (Some(value), Expiry::Lifetime(_) | Expiry::At(_)) => format!("say `{field}: {value}`"),
        (_, Expiry::Lifetime(_) | Expiry::Never | Expiry::At(_)) => format!("say `lifetime: {most}` in place of `expires`"),
    };
    // A default has no place in the manifest that a patch could replace.
    with_replacement(diagnostic.help(help), replacement.filter(|_| places.says(field)))
}

/// Days begun count whole.
fn whole_days(span: Span) -> Span {
    if span.as_seconds() < 86_400 { span } else { Span::days(span.as_seconds().div_ceil(86_400)) }
}

/// The last day whose end lies within the lifetime.
fn last_day(begins: Timestamp, most: Span) -> Option<String> {
    let end = begins.checked_add(most.duration()).ok()?;
    let end = end.checked_sub(SignedDuration::from_secs(86_399)).ok()?;
    let day = end.to_zoned(TimeZone::UTC).date();
    (end >= begins).then(|| day.to_string())
}

fn risky(scope: &Scope, limit: Risk, facts: &KeyFacts<'_>, places: &Places<'_>, new: &dyn Fn(String) -> Diagnostic) -> Diagnostic {
    let catalogue = facts.account.catalogue;
    let described = catalogue.describe(scope);
    let (place, replaced) = places.scope(scope);
    let leaves: Vec<Scope> = facts.grants(scope);
    let (worse, better): (Vec<&Scope>, Vec<&Scope>) = leaves.iter().partition(|leaf| catalogue.describe(leaf).risk >= limit);
    let shown = described.risk.as_str().to_uppercase();
    let diagnostic = new(format!("scope `{scope}` has {shown} risk, which is not allowed")).at(place);
    // The first of the riskiest stands for all.
    let worst = worse.iter().rev().max_by_key(|leaf| catalogue.describe(leaf).risk).copied().unwrap_or(scope);
    let facts = catalogue.describe(worst);
    let mut reasons = vec![shown];
    reasons.extend((worst != scope).then(|| format!("grants `{worst}`")));
    match (&facts.why, facts.access) {
        (Some(why), _) => reasons.push(why.to_string()),
        (None, None) => reasons.push("nobody has described what it opens".to_owned()),
        (None, Some(_)) => {
            let tags: Vec<&str> = facts.tags.iter().map(|tag| tag.as_str()).collect();
            reasons.extend((!tags.is_empty()).then(|| tags.join(", ")));
        }
    }
    let diagnostic = diagnostic.label(reasons.join("; "));
    if better.is_empty() || worse.contains(&scope) {
        return diagnostic.help("name a scope of lower risk, or ask for a waiver");
    }
    let better: Vec<Scope> = better.into_iter().cloned().collect();
    let replaced = if catalogue.is_wildcard(scope) { replaced } else { Replaced::Not };
    with_replacement(diagnostic.help(format!("list the scopes without it: {}", named(&better))), items(&better, replaced))
}

/// What an expression says, or that it could not say it.
fn spoken(
    finding: &Finding,
    check: Option<&Check>,
    rule: &Rule,
    facts: &KeyFacts<'_>,
    places: &Places<'_>,
    new: &dyn Fn(String) -> Diagnostic,
) -> Diagnostic {
    let address = &facts.key.address;
    let name = rule.name.as_deref().unwrap_or("policy");
    let expression = match check {
        Some(Check::Require(expression) | Check::Deny(expression)) => Some(expression),
        Some(_) | None => None,
    };
    let place = places.value(&expression.map(|expression| fields(expression.text())).unwrap_or_default());
    let diagnostic = match finding {
        Finding::Failed(why) => new(format!("the rule `{name}` could not be evaluated for `{address}`, which counts as broken: {why}"))
            .help("mend the rule, for example by asking whether a value is null first"),
        Finding::Broken
        | Finding::TooLong { .. }
        | Finding::Lacks(_)
        | Finding::Risky { .. }
        | Finding::OpenEnded(_)
        | Finding::Unknown(_)
        | Finding::Denied { .. }
        | Finding::NotOpenTo(_)
        | Finding::TooFew { .. } => match &rule.message {
            Some(message) => new(format!("`{address}` breaks the rule `{name}`: {message}")),
            None => new(format!("`{address}` breaks the rule `{name}`")),
        },
    };
    let diagnostic = diagnostic.at(place);
    let says = expression.map(|expression| expression.text().split_whitespace().collect::<Vec<_>>().join(" "));
    match (check, says) {
        (Some(Check::Require(_)), Some(says)) => diagnostic.note(format!("it requires: {}", cut(&says))),
        (Some(_), Some(says)) => diagnostic.note(format!("it denies: {}", cut(&says))),
        (_, _) => diagnostic,
    }
}

fn cut(text: &str) -> String {
    const MANY: usize = 160;
    let more = if text.chars().nth(MANY).is_some() { "…" } else { "" };
    format!("{}{more}", text.chars().take(MANY).collect::<String>())
}

/// The fields of the manifest that an expression is about, when they are those of one thing.
fn fields(text: &str) -> Vec<&'static str> {
    let about = [
        ("key.lifetime", &["lifetime", "expires"][..]),
        ("key.expires", &["expires", "lifetime"]),
        ("key.owner", &["owner"]),
        ("key.purpose", &["purpose"]),
        ("key.label", &["label"]),
        ("key.scopes", &["scopes"]),
        ("access.gained", &["scopes"]),
        ("key.recipients", &["recipients"]),
        ("key.public_keys", &["recipients"]),
        ("key.deliver", &["deliver"]),
        ("key.overlap", &["overlap"]),
        ("key.renew_before", &["renew_before"]),
    ];
    let mut named = about.iter().filter(|(word, _)| {
        let whole = |at: usize| !text[at + word.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '_');
        text.match_indices(word).any(|(at, _)| whole(at))
    });
    match (named.next(), named.next()) {
        (Some((_, fields)), None) => fields.to_vec(),
        (_, _) => Vec::new(),
    }
}
