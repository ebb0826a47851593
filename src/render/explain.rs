//! Pages: what a diagnostic means, and what a scope opens.
use std::fmt::Write as _;

use super::findings::{ACCESS_RULES, DRIFT_RULE};
use crate::diagnostics::{Code, suggest};
use crate::model::text_safety::safe;
use crate::model::{AccessLevel, Risk, Scope, ScopeSet, Tag};
use crate::profile::catalogue::ScopeFacts;
use crate::profile::{Catalogue, Profile, ScopeCheck, Unlisted};

/// A word that is neither a code nor a scope of any provider.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{word}` is neither a diagnostic code nor a scope of a known provider")]
pub struct UnknownWord {
    pub word: String,
    /// What to do next.
    pub help: String,
}

/// The Markdown page of a diagnostic code or of a scope. A scope that several providers have gets one page after the other.
pub fn explain(word: &str, providers: &[(&Profile, &Catalogue)]) -> Result<String, UnknownWord> {
    if let Ok(code) = word.parse::<Code>() {
        return Ok(code.page().to_owned());
    }
    if let Some((rule, risk, says)) = ACCESS_RULES.iter().find(|(rule, ..)| *rule == word) {
        return Ok(format!("# {rule}\n\n{says}\n\n{}\n", access_help(*risk)));
    }
    if word == DRIFT_RULE.0 {
        return Ok(format!("# {}\n\n{}\n\nThe next apply corrects it, unless the manifest takes it over.\n", DRIFT_RULE.0, DRIFT_RULE.1));
    }
    // A free catalogue takes any word: it answers only when no provider knows the scope better.
    let is_free = |catalogue: &Catalogue| catalogue.spec().unlisted == Unlisted::Allow;
    for free in [false, true] {
        let asked = providers.iter().filter(|(_, catalogue)| is_free(catalogue) == free);
        let pages: Vec<String> = asked.filter_map(|(profile, catalogue)| scope_page(word, profile, catalogue)).collect();
        if !pages.is_empty() {
            let listed = providers.iter().flat_map(|(profile, _)| profile.catalogue.scopes.keys().map(Scope::as_str));
            // Else a mistyped scope of one provider would seem to be a good one of another.
            let hint = suggest::did_you_mean(word, listed).filter(|_| free).map(|hint| {
                let shown = safe(word);
                format!("No provider lists `{shown}`: {hint} What follows is of providers that take any word.\n\n")
            });
            return Ok(hint.unwrap_or_default() + &pages.join("\n"));
        }
    }
    let listed = providers.iter().flat_map(|(profile, _)| profile.catalogue.scopes.keys().map(Scope::as_str));
    let known = Code::ALL.iter().map(|code| code.as_str()).chain(listed);
    let help = suggest::did_you_mean(word, known).unwrap_or_else(|| "list the scopes with `keywright providers NAME`".to_owned());
    Err(UnknownWord { word: safe(word).into_owned(), help })
}

/// What a reviewer does about a gain of this risk.
fn access_help(risk: Risk) -> &'static str {
    match risk {
        Risk::Critical | Risk::High => {
            "The finding names the key and what it gains. `keywright explain SCOPE` tells what a scope opens and why it is risky. Ask whether a narrower scope does; where it must be, a shorter lifetime limits the harm."
        }
        Risk::Medium | Risk::Low => {
            "The finding names the key and what it gains; `keywright explain SCOPE` tells what a scope opens. Nothing has to be mended."
        }
    }
}

/// The page of one scope at one provider; `None` when the provider has no such scope.
fn scope_page(word: &str, profile: &Profile, catalogue: &Catalogue) -> Option<String> {
    let scope = match catalogue.check(word) {
        ScopeCheck::Listed(scope) | ScopeCheck::Alias(scope) => scope,
        ScopeCheck::Unlisted | ScopeCheck::Unknown | ScopeCheck::Malformed => return None,
    };
    let facts = catalogue.describe(&scope);
    let listed = catalogue.listed(&scope);
    let mut out = format!("# {}\n\nA scope of `{}` ({}).", safe(scope.as_str()), safe(&profile.name), safe(&profile.title));
    for text in listed.iter().flat_map(|spec| [&spec.says, &spec.why]).flatten() {
        let _ = write!(out, " {}.", sentence(&safe(text)));
    }
    if scope.as_str() != word {
        let _ = write!(out, "\n\n`{}` is another spelling of it; `{}` is what is sent.", safe(word), safe(scope.as_str()));
    }
    let _ = write!(out, "\n\n- access: {}", facts.access.map_or("unknown", AccessLevel::as_str));
    let _ = writeln!(out, "\n- risk: {}, because {}", facts.risk.as_str().to_uppercase(), reason(&facts));
    for tag in facts.tags.iter() {
        let _ = writeln!(out, "- {tag}: {}", tag_says(*tag));
    }
    covered(&mut out, &scope, profile, catalogue);
    covering(&mut out, &scope, catalogue);
    Some(out)
}

/// What a wildcard grants today, and what a scope includes.
fn covered(out: &mut String, above: &Scope, profile: &Profile, catalogue: &Catalogue) {
    let granted = catalogue.expand(&ScopeSet::from([above.clone()]));
    let below: Vec<&Scope> = granted.iter().filter(|(_, via)| via.is_some()).map(|(scope, _)| scope).collect();
    if catalogue.is_wildcard(above) {
        let _ = writeln!(out, "\nIt is open-ended: it also grants what {} adds later.", safe(&profile.title));
        out.push_str(if below.is_empty() { "" } else { "Today it grants:\n\n" });
    } else if !below.is_empty() {
        out.push_str("\nIt includes:\n\n");
    }
    for scope in below {
        let facts = catalogue.describe(scope);
        let access = facts.access.map_or("unknown", AccessLevel::as_str);
        let _ = writeln!(out, "- `{}` ({access}, {} risk)", safe(scope.as_str()), facts.risk);
    }
}

/// Which wildcards grant the scope, too. Where none is listed, the ones that the provider's notation allows.
fn covering(out: &mut String, scope: &Scope, catalogue: &Catalogue) {
    let spec = catalogue.spec();
    let above = |other: &Scope| other != scope && catalogue.is_wildcard(other) && catalogue.covers(other, scope);
    let mut wildcards: std::collections::BTreeSet<Scope> = spec.scopes.keys().filter(|other| above(other)).cloned().collect();
    let segments: Vec<&str> = scope.as_str().split(spec.separator.as_str()).collect();
    for n in 0..segments.len() {
        let mut prefix = segments[..n].to_vec();
        prefix.push("*");
        let mut single = segments.clone();
        single[n] = "*";
        let candidates = [prefix, single].map(|segments| Scope::new(segments.join(&spec.separator)));
        wildcards.extend(
            candidates.into_iter().filter(|other| above(other) && matches!(catalogue.check(other.as_str()), ScopeCheck::Listed(_))),
        );
    }
    let including = |other: &&Scope| *other != scope && !catalogue.is_wildcard(other) && catalogue.covers(other, scope);
    let including: Vec<String> = spec.scopes.keys().filter(including).map(|other| format!("`{}`", safe(other.as_str()))).collect();
    if !including.is_empty() {
        let _ = writeln!(out, "\nScopes that include it: {}.", including.join(", "));
    }
    if !wildcards.is_empty() {
        let words: Vec<String> = wildcards.iter().map(|wildcard| format!("`{}`", safe(wildcard.as_str()))).collect();
        let _ = writeln!(out, "\nWildcards that grant it, too: {}.", words.join(", "));
    }
}

/// Why the risk is what it is, in the order of the rules.
fn reason(facts: &ScopeFacts) -> String {
    let Some(access) = facts.access else { return "nobody has described what it opens".to_owned() };
    let tags: Vec<String> = facts.tags.iter().map(|tag| format!("`{tag}`")).collect();
    let ruling = [Tag::Money, Tag::Credentials, Tag::Access, Tag::Audit];
    match facts.risk {
        Risk::Critical => match facts.tags.iter().find(|tag| ruling.contains(tag)) {
            Some(tag) if access != AccessLevel::List => format!("it goes beyond listing and touches {tag}"),
            Some(_) | None => "it rules everything".to_owned(),
        },
        Risk::High if access >= AccessLevel::Write && !tags.is_empty() => format!("it changes things and carries {}", tags.join(", ")),
        Risk::High => format!("it opens {}", tags.join(", ")),
        Risk::Medium if access >= AccessLevel::Write => "it changes things".to_owned(),
        Risk::Medium => format!("it reads {}", tags.join(", ")),
        Risk::Low if access == AccessLevel::List => "it only lists".to_owned(),
        Risk::Low => "it reads nothing sensitive".to_owned(),
    }
}

pub(super) fn tag_says(tag: Tag) -> &'static str {
    match tag {
        Tag::Money => "moves money",
        Tag::Credentials => "makes, changes or reads credentials",
        Tag::Access => "decides who may do what",
        Tag::Audit => "reads or changes audit trails",
        Tag::Pii => "personal data",
        Tag::Pan => "card numbers",
        Tag::Financial => "financial records",
        Tag::Egress => "sends data to places that the caller chooses",
        Tag::Execute => "runs code",
        Tag::Bulk => "many records at once",
        Tag::Irreversible => "cannot be undone",
    }
}

/// A text with a capital at its beginning and no full stop at its end.
fn sentence(text: &str) -> String {
    let text = text.trim().trim_end_matches('.');
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
pub(super) mod demo {
    use crate::profile::Profile;

    /// A small provider with one of everything that pages tell.
    pub fn profile() -> Profile {
        serde_json::from_str(
            r#"{ "version": 1, "name": "demo", "title": "Demo", "secret": { "parts": ["secret"] }, "api": "keyring",
            "capabilities": { "label": { "max": 100 }, "editable": { "scopes": true }, "disable": "final", "consistency": "10s",
              "expiry": { "settable": true, "tolerance": "1s" } },
            "catalogue": { "form": "x:[a-z:*]+", "wildcard": "prefix", "aliases": { "x:hooks:udpate": "x:hooks:update" }, "scopes": {
              "x:hooks:read": { "access": "read" },
              "x:hooks:update": { "access": "write", "tags": ["egress"], "says": "edits webhooks", "why": "can repoint events" },
              "x:key:read": { "access": "read", "tags": ["credentials"] },
              "x:key:list": { "access": "list", "tags": ["credentials"] },
              "x:people:read": { "access": "read", "tags": ["pii"] },
              "x:files:delete": { "access": "write" } } } }"#,
        )
        .expect("a profile")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(word: &str) -> Result<String, UnknownWord> {
        let profile = demo::profile();
        let catalogue = Catalogue::new(profile.catalogue.clone()).expect("a catalogue");
        explain(word, &[(&profile, &catalogue)])
    }

    #[test]
    fn rules_of_reports_have_pages_and_another_provider_says_so() {
        for rule in ["access/critical", "access/high", "access/medium", "access/low", "access/drift"] {
            assert!(page(rule).expect("a page").starts_with(&format!("# {rule}\n\nA key ")), "{rule}");
        }
        let listed = demo::profile();
        let mut free = demo::profile();
        free.name = "free".to_owned();
        free.catalogue.unlisted = Unlisted::Allow;
        free.catalogue.form = ".+".to_owned();
        free.catalogue.scopes.clear();
        free.catalogue.aliases.clear();
        let catalogues = [&listed, &free].map(|profile| Catalogue::new(profile.catalogue.clone()).expect("a catalogue"));
        let ask = |word: &str| explain(word, &[(&listed, &catalogues[0]), (&free, &catalogues[1])]).expect("a page");
        assert!(
            ask("x:hooks:raed").starts_with("No provider lists `x:hooks:raed`: did you mean `x:hooks:read`?"),
            "{}",
            ask("x:hooks:raed")
        );
        assert!(ask("x:hooks:read").starts_with("# x:hooks:read"));
        assert!(ask("Something else entirely").starts_with("# Something else"));
    }

    #[test]
    fn a_scope_has_a_page() {
        insta::assert_snapshot!(page("x:hooks:udpate").expect("a page"), @"
        # x:hooks:update

        A scope of `demo` (Demo). Edits webhooks. Can repoint events.

        `x:hooks:udpate` is another spelling of it; `x:hooks:update` is what is sent.

        - access: write
        - risk: HIGH, because it changes things and carries `egress`
        - egress: sends data to places that the caller chooses

        Wildcards that grant it, too: `x:*`, `x:hooks:*`.
        ");
        insta::assert_snapshot!(page("x:hooks:*").expect("a page"), @"
        # x:hooks:*

        A scope of `demo` (Demo).

        - access: write
        - risk: HIGH, because it changes things and carries `egress`
        - egress: sends data to places that the caller chooses

        It is open-ended: it also grants what Demo adds later.
        Today it grants:

        - `x:hooks:read` (read, low risk)
        - `x:hooks:update` (write, high risk)

        Wildcards that grant it, too: `x:*`.
        ");
    }

    #[test]
    fn every_risk_has_its_reason() {
        let rows = [
            ("x:key:read", "CRITICAL, because it goes beyond listing and touches credentials"),
            ("x:*", "CRITICAL, because it goes beyond listing and touches credentials"),
            ("x:hooks:update", "HIGH, because it changes things and carries `egress`"),
            ("x:files:delete", "MEDIUM, because it changes things"),
            ("x:people:read", "MEDIUM, because it reads `pii`"),
            ("x:key:list", "LOW, because it only lists"),
            ("x:hooks:read", "LOW, because it reads nothing sensitive"),
        ];
        for (scope, reason) in rows {
            let page = page(scope).expect(scope);
            assert!(page.contains(&format!("risk: {reason}\n")), "{page}");
        }
    }

    #[test]
    fn a_free_catalogue_does_not_talk_over_one_that_knows() {
        let (known, mut free) = (demo::profile(), demo::profile());
        free.name = "free".to_owned();
        free.catalogue.unlisted = Unlisted::Allow;
        free.catalogue.scopes.clear();
        let catalogues = [&known, &free].map(|profile| Catalogue::new(profile.catalogue.clone()).expect("a catalogue"));
        let both = [(&known, &catalogues[0]), (&free, &catalogues[1])];
        let page = explain("x:hooks:read", &both).expect("a page");
        assert!(page.contains("`demo`") && !page.contains("`free`"), "{page}");
        assert!(explain("x:other:read", &both).is_ok_and(|page| page.contains("`free`")));
    }

    #[test]
    fn codes_have_pages_and_strangers_get_a_hint() {
        assert!(page("yaml/tag").expect("a page").starts_with("# yaml/tag\n"));
        let unknown = page("x:hooks:raed").expect_err("no such scope");
        assert_eq!(unknown.help, "did you mean `x:hooks:read`?");
    }
}
