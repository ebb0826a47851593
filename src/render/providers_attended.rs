//! What is told of a provider whose keys a person makes.
use std::fmt::Write as _;

use super::palette::{Ink, Style};
use super::plan_sections::count;
use super::providers::{Guarantee, Standing, guarantees};
use super::table::wrap;
use crate::model::Scope;
use crate::model::text_safety::safe;
use crate::profile::{Profile, Runbook};

/// What a profile means for someone who relies on it.
pub(super) fn guarantees_of(profile: &Profile) -> Vec<Guarantee> {
    let mut all = guarantees(&profile.capabilities);
    if profile.leaves_own_untold() {
        let says = "nothing tells which key is that of our own credential: it is listed as any other".to_owned();
        all.push(Guarantee { name: "own key", standing: Standing::No, says });
    }
    if profile.attended().is_none() {
        return all;
    }
    let one = |name, says: &str| Guarantee { name, standing: Standing::No, says: says.to_owned() };
    let mut told = vec![
        one("create", "a person makes each key by a runbook, and hands it over with `keywright fulfil`"),
        one("edit", "nothing can be changed in place: every change asks for another key"),
        one("revoke", "a person revokes a key by a runbook, and confirms it with `keywright fulfil --revoked`"),
    ];
    told.extend(all.into_iter().filter(|one| matches!(one.name, "verify" | "last use" | "label" | "idle expiry")));
    told.push(if profile.capabilities.expiry.settable {
        Guarantee { name: "expiry", standing: Standing::Yes, says: "a person sets the end that the runbook names".to_owned() }
    } else {
        one("expiry", "the provider ends no key by itself: a person is asked to revoke it when its time has come")
    });
    told
}

/// The runbooks, without their steps: these depend on the key.
pub(super) fn runbooks(out: &mut String, profile: &Profile, style: Style) {
    let Some(runbooks) = profile.attended() else { return };
    let _ = writeln!(out, "\n{}", style.paint(Ink::Strong, "runbooks"));
    for (name, runbook) in [("create", &runbooks.create), ("revoke", &runbooks.revoke)] {
        let _ = writeln!(out, "  {name:<18}{}", about(runbook));
    }
    let Some(grants) = &profile.grants else { return };
    let title = format!("grants, for keys with `options: {{ {}: {} }}`", safe(&grants.option), safe(&grants.value));
    let _ = writeln!(out, "\n{}", style.paint(Ink::Strong, &title));
    for (environment, issuer) in &grants.issuers {
        let _ = writeln!(out, "  {:<18}{}", safe(environment), safe(issuer));
    }
    let _ = writeln!(out, "  {:<18}{}", "grant", about(&grants.runbooks.create));
    let _ = writeln!(out, "  {:<18}a grant ends when it was not refreshed for {}", "refresh", grants.refresh.ends);
}

fn about(runbook: &Runbook) -> String {
    let minutes = runbook.minutes.map(|minutes| format!(", about {}", count(minutes as usize, "minute")));
    let link = runbook.link.as_deref().map(|link| format!(", {}", safe(link)));
    format!("{}{}{}", count(runbook.steps.len(), "step"), minutes.unwrap_or_default(), link.unwrap_or_default())
}

/// Words that stand for several scopes, and scopes that every key has.
pub(super) fn tiers(out: &mut String, profile: &Profile, style: Style) {
    let catalogue = &profile.catalogue;
    let words = |scopes: &[Scope]| scopes.iter().map(|scope| safe(scope.as_str()).into_owned()).collect::<Vec<_>>().join(", ");
    if !catalogue.tiers.is_empty() {
        let _ = writeln!(out, "\n{}", style.paint(Ink::Strong, "tiers, each exactly these scopes"));
    }
    for (tier, scopes) in &catalogue.tiers {
        for (n, line) in wrap(&words(scopes), style.width.saturating_sub(20).max(40)).iter().enumerate() {
            let name = if n == 0 { safe(tier) } else { "".into() };
            let _ = writeln!(out, "  {name:<18}{line}");
        }
    }
    if !catalogue.implied.is_empty() {
        let _ = writeln!(out, "  every key has {} without asking", words(&catalogue.implied));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Catalogue;
    use crate::render::providers::{provider_text, providers_text};

    #[test]
    fn an_attended_provider_tells_what_a_person_does() {
        let profile = Profile::builtin("brex").expect("built in");
        let catalogue = Catalogue::new(profile.catalogue.clone()).expect("a catalogue");
        let text = provider_text(&profile, &catalogue, Style::PLAIN);
        for words in [
            "brex  Brex (user tokens), attended",
            "  create            no   a person makes each key by a runbook",
            "  create            5 steps, about 3 minutes, https://dashboard.brex.com/settings/developer",
            "  read-only         accounting.integration.read,",
            "  every key has openid, offline_access without asking",
            "grants, for keys with `options: { kind: oauth }`",
            "  staging           https://accounts-api.staging.brexapps.com/oauth2/default",
            "  idle expiry       yes  a key that nobody uses for 90d dies; plans warn after 20d",
        ] {
            assert!(text.contains(words), "{words}\n{text}");
        }
        assert!(!text.contains("in every listing"), "{text}");
        let list = providers_text(&[&profile], Style::PLAIN);
        assert!(list.contains("attended") && list.contains("create, edit, revoke"), "{list}");
    }
}
