//! What a provider can do, in words, and what its scopes open.
use std::fmt::Write as _;

use serde::Serialize;

use super::palette::{Ink, Style};
use super::providers_attended::{self, guarantees_of};
use super::table::{Cell, table, wrap};
use crate::model::text_safety::safe;
use crate::model::{AccessLevel, Risk, Scope, Tag};
use crate::profile::{Api, Capabilities, Catalogue, Disable, OptionKind, Profile, ScopeRule, Unlisted};

/// One provider of the list, as JSON.
#[derive(Debug, Serialize)]
struct ProviderRow<'a> {
    name: &'a str,
    title: &'a str,
    kind: &'static str,
    environments: Vec<&'a str>,
    scopes: usize,
    guarantees: Vec<Guarantee>,
}

/// All of one provider, as JSON.
#[derive(Debug, Serialize)]
struct ProviderPage<'a> {
    format_version: &'static str,
    kind: &'static str,
    guarantees: Vec<Guarantee>,
    profile: &'a Profile,
    catalogue: Vec<ScopeRow<'a>>,
}

#[derive(Debug, Serialize)]
struct ScopeRow<'a> {
    scope: &'a Scope,
    access: AccessLevel,
    risk: Risk,
    tags: &'a [Tag],
    says: Option<&'a str>,
}

/// One capability in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Guarantee {
    pub name: &'static str,
    pub standing: Standing,
    pub says: String,
}

/// Whether a guarantee holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    Yes,
    No,
    Unknown,
}

/// The list of providers.
pub fn providers_text(profiles: &[&Profile], style: Style) -> String {
    let rows: Vec<Vec<Cell>> = profiles
        .iter()
        .map(|profile| {
            let lacks: Vec<&str> = guarantees_of(profile).iter().filter(|one| one.standing == Standing::No).map(|one| one.name).collect();
            vec![
                Cell::inked(safe(&profile.name), Ink::Strong),
                Cell::new(safe(&profile.title)),
                Cell::new(kind(profile)),
                Cell::new(profile.environments.keys().map(|name| safe(name)).collect::<Vec<_>>().join(", ")),
                Cell::new(if profile.catalogue.unlisted == Unlisted::Allow {
                    "any".to_owned()
                } else {
                    profile.catalogue.scopes.len().to_string()
                }),
                Cell::new(if lacks.is_empty() { "nothing".to_owned() } else { lacks.join(", ") }),
            ]
        })
        .collect();
    let list = table(&["NAME", "TITLE", "KIND", "ENVIRONMENTS", "SCOPES", "CANNOT"], &rows, style);
    format!("{list}\n`keywright providers NAME` tells more about one.\n")
}

/// The list of providers as JSON.
pub fn providers_json(profiles: &[&Profile]) -> String {
    let rows: Vec<ProviderRow<'_>> = profiles
        .iter()
        .map(|profile| ProviderRow {
            name: &profile.name,
            title: &profile.title,
            kind: kind(profile),
            environments: profile.environments.keys().map(String::as_str).collect(),
            scopes: profile.catalogue.scopes.len(),
            guarantees: guarantees_of(profile),
        })
        .collect();
    super::json(&serde_json::json!({ "format_version": "1.0", "providers": rows }))
}

/// Everything about one provider.
pub fn provider_text(profile: &Profile, catalogue: &Catalogue, style: Style) -> String {
    let mut out = format!("{}  {}, {}\n", style.paint(Ink::Strong, &safe(&profile.name)), safe(&profile.title), kind(profile));
    environments(&mut out, profile, style);
    params(&mut out, profile, style);
    options(&mut out, profile, style);
    let _ = writeln!(out, "\n{}\n  {}", style.paint(Ink::Strong, "secret"), secret(profile));
    let _ = writeln!(out, "\n{}", style.paint(Ink::Strong, "what it can do"));
    for one in guarantees_of(profile) {
        let (word, ink) = match one.standing {
            Standing::Yes => ("yes", Ink::Create),
            Standing::No => ("no", Ink::Change),
            Standing::Unknown => ("?", Ink::Attention),
        };
        for (n, line) in wrap(&one.says, style.width.saturating_sub(25).max(40)).iter().enumerate() {
            let (name, word) = if n == 0 { (one.name, word) } else { ("", "") };
            let _ = writeln!(out, "  {name:<18}{}{line}", style.paint(ink, &format!("{word:<5}")));
        }
    }
    providers_attended::runbooks(&mut out, profile, style);
    scopes(&mut out, profile, catalogue, style);
    providers_attended::tiers(&mut out, profile, style);
    if !profile.sources.is_empty() {
        let _ = writeln!(out, "\n{}", style.paint(Ink::Strong, "sources"));
        for source in &profile.sources {
            let _ = writeln!(out, "  {}", safe(source));
        }
    }
    out
}

/// Everything about one provider as JSON: the profile itself, its guarantees in words, its catalogue with risks.
pub fn provider_json(profile: &Profile, catalogue: &Catalogue) -> String {
    let rows = profile.catalogue.scopes.iter().map(|(scope, spec)| ScopeRow {
        scope,
        access: spec.access,
        risk: catalogue.describe(scope).risk,
        tags: &spec.tags,
        says: spec.says.as_deref(),
    });
    let guarantees = guarantees_of(profile);
    super::json(&ProviderPage { format_version: "1.0", kind: kind(profile), guarantees, profile, catalogue: rows.collect() })
}

/// Who carries out its operations.
fn kind(profile: &Profile) -> &'static str {
    if profile.attended().is_some() {
        return "attended";
    }
    match &profile.api {
        Some(Api::Keyring) => "in-process",
        Some(Api::Http(_)) => "managed over HTTP",
        None => "attended",
    }
}

fn secret(profile: &Profile) -> String {
    match profile.secret.parts.as_slice() {
        [_] => "one part; written as it is (`raw`), or as `dotenv`".to_owned(),
        parts => {
            let names: Vec<_> = parts.iter().map(|part| safe(part)).collect();
            format!("{} parts ({}); written as `json` with exactly these, or as `dotenv`", parts.len(), names.join(", "))
        }
    }
}

fn environments(out: &mut String, profile: &Profile, style: Style) {
    let rows: Vec<Vec<Cell>> = profile
        .environments
        .iter()
        .map(|(name, environment)| {
            let mut says: Vec<String> = environment.says.iter().map(|says| safe(says).into_owned()).collect();
            says.extend(environment.allow.iter().map(|(param, values)| format!("{}: {}", safe(param), safe(&values.join(" or ")))));
            let url = environment.url.as_deref().map_or_else(|| "no network".into(), safe);
            vec![Cell::new(format!("  {}", safe(name))), Cell::new(url), Cell::new(says.join("; "))]
        })
        .collect();
    section(out, "environments", &table(&["  NAME", "URL", ""], &rows, style), style);
}

fn params(out: &mut String, profile: &Profile, style: Style) {
    let rows: Vec<Vec<Cell>> = profile
        .params
        .iter()
        .map(|(name, param)| {
            let need = match (&param.default, param.optional) {
                (Some(default), _) => format!("default `{}`", safe(default)),
                (None, true) => "optional".to_owned(),
                (None, false) => "required".to_owned(),
            };
            let says = described(&param.says, &param.values, param.pattern.as_deref());
            vec![Cell::new(format!("  {}", safe(name))), Cell::new(need), Cell::new(says)]
        })
        .collect();
    section(out, "params of an account", &table(&["  NAME", "NEEDED", ""], &rows, style), style);
}

fn options(out: &mut String, profile: &Profile, style: Style) {
    let rows: Vec<Vec<Cell>> = profile
        .options
        .iter()
        .map(|(name, option)| {
            let kind = match option.kind {
                OptionKind::Text => "text",
                OptionKind::List => "list of texts",
                OptionKind::Json => "any JSON value",
            };
            let mut says = described(&option.says, &option.values, option.pattern.as_deref());
            if let Some(default) = &option.default {
                let _ = write!(says, "; default `{}`", safe(&default.to_string()));
            }
            if let Some(widens) = option.widening() {
                let when = match (option.kind, widens.confines, &widens.values[..]) {
                    (OptionKind::Json, ..) => "any change".to_owned(),
                    (_, true, _) => "more values, or none".to_owned(),
                    (_, false, []) => "more values".to_owned(),
                    (_, false, values) => values.join(", "),
                };
                let _ = write!(says, "; counts as access: {} ({})", safe(&when), safe(&widens.why));
            }
            vec![Cell::new(format!("  {}", safe(name))), Cell::new(kind), Cell::new(says)]
        })
        .collect();
    section(out, "options of a key", &table(&["  NAME", "KIND", ""], &rows, style), style);
}

fn described(says: &str, values: &[String], pattern: Option<&str>) -> String {
    let mut text = safe(says).into_owned();
    if !values.is_empty() {
        let _ = write!(text, "; one of {}", safe(&values.join(", ")));
    }
    if let Some(pattern) = pattern {
        let _ = write!(text, "; matches `{}`", safe(pattern));
    }
    text
}

fn section(out: &mut String, title: &str, text: &str, style: Style) {
    if !text.is_empty() {
        let _ = write!(out, "\n{}\n{text}", style.paint(Ink::Strong, title));
    }
}

fn scopes(out: &mut String, profile: &Profile, catalogue: &Catalogue, style: Style) {
    let rows: Vec<Vec<Cell>> = profile
        .catalogue
        .scopes
        .iter()
        .map(|(scope, spec)| {
            let risk = catalogue.describe(scope).risk;
            let tags: Vec<&str> = spec.tags.iter().map(|tag| tag.as_str()).collect();
            vec![
                Cell::new(format!("  {}", safe(scope.as_str()))),
                Cell::new(spec.access.as_str()),
                Cell::inked(risk.as_str().to_uppercase(), Ink::Risk(risk)),
                Cell::new(tags.join(" ")),
                Cell::new(spec.says.as_deref().or(spec.why.as_deref()).map(safe).unwrap_or_default()),
            ]
        })
        .collect();
    section(out, "scopes", &table(&["  SCOPE", "ACCESS", "RISK", "TAGS", ""], &rows, style), style);
    let free = match profile.catalogue.unlisted {
        Unlisted::Refuse => "scopes that are not listed are refused",
        Unlisted::Warn => {
            "scopes that are not listed are accepted with a warning, and count as critical unless their words tell what they open"
        }
        Unlisted::Allow => "the catalogue is free",
    };
    let _ = writeln!(out, "  {free}; every scope matches `{}`", safe(&profile.catalogue.form));
}

/// What the capabilities mean for someone who relies on them.
pub fn guarantees(can: &Capabilities) -> Vec<Guarantee> {
    let yes = |holds: bool| if holds { Standing::Yes } else { Standing::No };
    let one = |name, standing, says: String| Guarantee { name, standing, says };
    let pick = |holds: bool, yes: &str, no: &str| if holds { yes.to_owned() } else { no.to_owned() };
    let edits = [
        ("label", can.editable.label),
        ("scopes", can.editable.scopes),
        ("expiry", can.editable.expiry),
        ("options", can.editable.options),
    ];
    let (can_edit, cannot): (Vec<_>, Vec<_>) = edits.into_iter().partition(|(_, editable)| *editable);
    let names = |edits: &[(&str, bool)]| edits.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    let edit = match (can_edit.is_empty(), cannot.is_empty()) {
        (true, _) => "nothing can be changed in place: every edit replaces the key".to_owned(),
        (false, true) => "label, scopes, expiry and options are changed in place".to_owned(),
        (false, false) => format!("{} are changed in place; a change of {} replaces the key", names(&can_edit), names(&cannot)),
    };
    let disable = match can.disable {
        Disable::Reversible => "a key can be disabled, and enabled again",
        Disable::Final => "a disabled key is gone for good: it cannot be enabled again",
        Disable::None if can.delete => "a key cannot be disabled: it is ended by deleting it",
        Disable::None => "a key cannot be disabled",
    };
    let by_deleting = can.disable == Disable::None && can.delete;
    let delete = match (can.delete, by_deleting) {
        (false, _) => "keys cannot be deleted",
        (true, true) => "a key that is to end is deleted at once",
        (true, false) => "a disabled key is deleted after its cooldown",
    };
    let expiry = match (can.expiry.settable, can.expiry.max) {
        (false, _) => {
            let ends = if by_deleting { "deletes" } else { "disables" };
            format!("the provider ends no key by itself: Keywright {ends} it when its time has come")
        }
        (true, None) => format!("the provider ends the key at its expiry (rounded by up to {})", can.expiry.tolerance),
        (true, Some(max)) => {
            format!("the provider ends the key at its expiry, at most {max} ahead (rounded by up to {})", can.expiry.tolerance)
        }
    };
    let list = match can.lists_disabled {
        Some(true) => (Standing::Yes, "the listing shows disabled keys, too"),
        Some(false) => (Standing::No, "the listing leaves out disabled keys; they are asked for one by one"),
        None => (Standing::Unknown, "whether the listing shows disabled keys is not documented; it is found out at run time"),
    };
    let expiry = if can.expiry.clamps { format!("{expiry}; it may grant an earlier end than asked") } else { expiry };
    let label = match (&can.label.says, can.label.min) {
        (Some(says), _) => says.clone(),
        (None, 0) => format!("up to {} characters", can.label.max),
        (None, min) => format!("{min} to {} characters", can.label.max),
    };
    let mut all = vec![
        one("edit", yes(!can_edit.is_empty()), edit),
        one("disable", yes(can.disable != Disable::None), disable.to_owned()),
        one("delete", yes(can.delete), delete.to_owned()),
        one(
            "show again",
            yes(can.reveal),
            pick(
                can.reveal,
                "a secret can be read again, so an interrupted apply can finish its key",
                if by_deleting {
                    "a secret is shown once; an interrupted apply deletes its key and makes another"
                } else {
                    "a secret is shown once; an interrupted apply disables its key and makes another"
                },
            ),
        ),
        one("look up", yes(can.get), pick(can.get, "a key can be asked for by its id", "a key can only be found in the listing")),
        one("list disabled", list.0, list.1.to_owned()),
        one(
            "verify",
            yes(can.verify),
            pick(
                can.verify,
                "a new secret is proven by a call before it is published",
                "a new secret cannot be proven before it is published",
            ),
        ),
        one("expiry", yes(can.expiry.settable), expiry),
        one(
            "last use",
            yes(can.last_used),
            pick(can.last_used, "tells when a key was last used", "does not tell when a key was last used"),
        ),
        if can.label.none {
            one("label", Standing::No, "keys have no labels: a person has to say what an unanswered create has made".to_owned())
        } else {
            one("label", Standing::Yes, format!("{}; 12 characters of it are kept for the marker", safe(&label)))
        },
        one("consistency", Standing::Yes, format!("a new key is in every listing after {}", can.consistency)),
    ];
    let scopes = match can.scopes {
        ScopeRule::Exact | ScopeRule::Set => None,
        ScopeRule::Superset => Some((Standing::Yes, "the provider adds scopes of its own; more than it has added is drift")),
        ScopeRule::Expanded => Some((Standing::Yes, "scopes come back expanded; what came back at first is what counts")),
        ScopeRule::WriteOnly => Some((Standing::No, "scopes are never shown: whether somebody changed them cannot be seen")),
    };
    all.extend(scopes.map(|(standing, says)| one("show scopes", standing, says.to_owned())));
    if let Some(limit) = can.key_limit {
        all.push(one("key limit", Standing::Yes, format!("at most {limit} keys in one account")));
    }
    if let Some(idle) = can.idle_expiry {
        all.push(one(
            "idle expiry",
            Standing::Yes,
            format!("a key that nobody uses for {} dies; plans warn after {}", idle.after, idle.warn),
        ));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::explain::demo;

    #[test]
    fn a_provider_is_told_in_words() {
        let profile = demo::profile();
        let catalogue = Catalogue::new(profile.catalogue.clone()).expect("a catalogue");
        insta::assert_snapshot!(provider_text(&profile, &catalogue, Style::PLAIN), @"
        demo  Demo, in-process

        secret
          one part; written as it is (`raw`), or as `dotenv`

        what it can do
          edit              yes  scopes are changed in place; a change of label, expiry, options replaces
                                 the key
          disable           yes  a disabled key is gone for good: it cannot be enabled again
          delete            no   keys cannot be deleted
          show again        no   a secret is shown once; an interrupted apply disables its key and makes
                                 another
          look up           no   a key can only be found in the listing
          list disabled     ?    whether the listing shows disabled keys is not documented; it is found out
                                 at run time
          verify            no   a new secret cannot be proven before it is published
          expiry            yes  the provider ends the key at its expiry (rounded by up to 1s)
          last use          no   does not tell when a key was last used
          label             yes  up to 100 characters; 12 characters of it are kept for the marker
          consistency       yes  a new key is in every listing after 10s

        scopes
          SCOPE           ACCESS  RISK      TAGS
          x:files:delete  write   MEDIUM
          x:hooks:read    read    LOW
          x:hooks:update  write   HIGH      egress       edits webhooks
          x:key:list      list    LOW       credentials
          x:key:read      read    CRITICAL  credentials
          x:people:read   read    MEDIUM    pii
          scopes that are not listed are refused; every scope matches `x:[a-z:*]+`
        ");
        insta::assert_snapshot!(providers_text(&[&profile], Style::PLAIN), @"
        NAME  TITLE  KIND        ENVIRONMENTS  SCOPES  CANNOT
        demo  Demo   in-process                6       delete, show again, look up, verify, last use

        `keywright providers NAME` tells more about one.
        ");
    }

    #[test]
    fn json_has_the_risks() {
        let profile = demo::profile();
        let catalogue = Catalogue::new(profile.catalogue.clone()).expect("a catalogue");
        let value: serde_json::Value = serde_json::from_str(&provider_json(&profile, &catalogue)).expect("JSON");
        assert_eq!(value["catalogue"][2]["risk"], "high");
        assert_eq!(value["profile"]["name"], "demo");
        let list: serde_json::Value = serde_json::from_str(&providers_json(&[&profile])).expect("JSON");
        assert_eq!(list["providers"][0]["scopes"], 6);
    }

    #[test]
    fn capabilities_are_never_silent() {
        let mut can = demo::profile().capabilities;
        let named = |can: &Capabilities, name: &str| guarantees(can).into_iter().find(|one| one.name == name);
        assert_eq!(named(&can, "list disabled").map(|one| one.standing), Some(Standing::Unknown));
        assert_eq!(named(&can, "delete").map(|one| one.standing), Some(Standing::No));
        assert_eq!(named(&can, "key limit"), None);
        can.key_limit = Some(100);
        can.disable = Disable::None;
        can.editable.scopes = false;
        assert!(named(&can, "key limit").is_some_and(|one| one.says.contains("100")));
        assert_eq!(named(&can, "disable").map(|one| one.standing), Some(Standing::No));
        assert!(named(&can, "edit").is_some_and(|one| one.says.starts_with("nothing can be changed")));
    }
}
