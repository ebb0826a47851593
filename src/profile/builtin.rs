//! The profiles that the program carries.
use super::Profile;
use crate::diagnostics::Report;

/// Built-in profiles by name, as YAML.
pub fn builtin() -> &'static [(&'static str, &'static str)] {
    &[
        ("brex", include_str!("../profiles/brex.yaml")),
        ("brynq", include_str!("../profiles/brynq.yaml")),
        ("cloudflare", include_str!("../profiles/cloudflare.yaml")),
        ("datadog", include_str!("../profiles/datadog.yaml")),
        ("elasticsearch", include_str!("../profiles/elasticsearch.yaml")),
        ("garage-admin", include_str!("../profiles/garage-admin.yaml")),
        ("garage-s3", include_str!("../profiles/garage-s3.yaml")),
        ("gitlab-group", include_str!("../profiles/gitlab-group.yaml")),
        ("gitlab-project", include_str!("../profiles/gitlab-project.yaml")),
        ("grafana", include_str!("../profiles/grafana.yaml")),
        ("jupyterhub", include_str!("../profiles/jupyterhub.yaml")),
        ("keyring", include_str!("../profiles/keyring.yaml")),
        ("openai-admin", include_str!("../profiles/openai-admin.yaml")),
        ("openai-project", include_str!("../profiles/openai-project.yaml")),
        ("payconex", include_str!("../profiles/payconex.yaml")),
        ("sendgrid", include_str!("../profiles/sendgrid.yaml")),
        ("unleash", include_str!("../profiles/unleash.yaml")),
        ("verdaccio", include_str!("../profiles/verdaccio.yaml")),
    ]
}

/// The text of one built-in profile.
pub fn builtin_text(name: &str) -> Option<&'static str> {
    builtin().iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

impl Profile {
    /// One built-in profile.
    pub fn builtin(name: &str) -> Option<Self> {
        let text = builtin_text(name)?;
        Self::parse(&format!("<built-in {name}>").into(), text.as_bytes(), &mut Report::default())
    }
}

#[cfg(test)]
mod tests {
    use crate::model::{AccessLevel, Risk, Tag};
    use crate::profile::{Catalogue, Profile, risk_of};

    fn payconex() -> Profile {
        Profile::builtin("payconex").expect("built in")
    }

    #[test]
    fn a_wildcard_is_rated_as_high_as_anything_it_covers() {
        let scopes = payconex().catalogue.scopes;
        assert_eq!(scopes.len(), 121);
        for (wildcard, spec) in scopes.iter().filter(|(scope, _)| scope.as_str().ends_with('*')) {
            let prefix = wildcard.as_str().trim_end_matches('*');
            for (scope, below) in scopes.iter().filter(|(scope, _)| scope.as_str().starts_with(prefix)) {
                assert!(spec.access >= below.access, "{wildcard} covers {scope}");
                assert!(below.tags.iter().all(|tag| spec.tags.contains(tag)), "{wildcard} covers {scope}");
            }
        }
    }

    #[test]
    fn risky_scopes_say_why() {
        let brex = Profile::builtin("brex").expect("built in").catalogue.scopes;
        let scopes = payconex().catalogue.scopes;
        for (scope, spec) in scopes.iter().chain(&brex) {
            let risky = spec.tags.iter().any(|tag| matches!(tag, Tag::Money | Tag::Credentials | Tag::Access | Tag::Pan));
            assert!(spec.says.is_some(), "{scope}");
            assert!(!risky || spec.why.is_some(), "{scope}");
            assert!(spec.why.as_ref().is_none_or(|why| why.starts_with("can ")), "{scope}");
        }
        let read = &scopes["pcx:api_key:read"];
        assert_eq!((read.access, read.tags.as_slice()), (AccessLevel::Read, [Tag::Credentials].as_slice()));
    }

    #[test]
    fn what_covers_others_is_rated_as_high_and_says_why() {
        let names = "cloudflare datadog elasticsearch garage-admin garage-s3 gitlab-group gitlab-project grafana jupyterhub openai-admin openai-project \
                     sendgrid unleash verdaccio";
        for name in names.split_whitespace() {
            let spec = Profile::builtin(name).unwrap_or_else(|| panic!("{name} is not sound")).catalogue;
            let catalogue = Catalogue::new(spec.clone()).expect("a catalogue");
            for (scope, listed) in &spec.scopes {
                let own = risk_of(listed.access, &listed.tags);
                let reaches = catalogue.describe(scope).risk;
                assert!(listed.says.is_some(), "{name}: {scope}");
                assert!(reaches < Risk::High || listed.why.is_some(), "{name}: {scope} is {reaches}");
                assert!(listed.why.as_ref().is_none_or(|why| why.starts_with("can ")), "{name}: {scope}");
                assert_eq!(own, reaches, "{name}: {scope} covers what is riskier than its own level and tags say");
            }
        }
        let named = |name: &str| Profile::builtin(name).expect("built in").catalogue.scopes.len();
        assert_eq!((named("elasticsearch"), named("garage-admin"), named("jupyterhub")), (89, 50, 48));
    }

    #[test]
    fn what_a_value_opens_is_known_where_it_opens_something() {
        let confines = |name: &str, option: &str| {
            let profile = Profile::builtin(name).expect("built in");
            profile.options[option].widening().is_some_and(|widening| widening.confines)
        };
        assert!(confines("garage-s3", "bucket") && confines("cloudflare", "ips") && confines("verdaccio", "cidr_whitelist"));
        assert!(confines("payconex", "accounts") && confines("brynq", "clients"));
        // A hub gives its own longest end to who asks for none.
        assert!(Profile::builtin("jupyterhub").expect("built in").capabilities.expiry.clamps);
        // Everything that a user may do is no small thing.
        let catalogue =
            crate::profile::Catalogue::new(Profile::builtin("elasticsearch").expect("built in").catalogue).expect("a catalogue");
        assert_eq!(catalogue.highest_risk(&["unrestricted".into()].into()), Some(crate::model::Risk::Critical));
        assert!(matches!(catalogue.check("unrestricted"), crate::profile::ScopeCheck::Malformed), "it cannot be asked for");
    }

    #[test]
    fn brex_has_every_published_scope() {
        let catalogue = Profile::builtin("brex").expect("built in").catalogue;
        assert_eq!(catalogue.scopes.len(), 47);
        let tagged =
            |tag| catalogue.scopes.iter().filter(|(_, spec)| spec.tags.contains(&tag)).map(|(scope, _)| scope.as_str()).collect::<Vec<_>>();
        assert_eq!((tagged(Tag::Money), tagged(Tag::Pan)), (vec!["incoming_transfers", "transfers"], vec!["cards.pan"]));
        let reads = catalogue.tiers["read-only"].iter().all(|scope| catalogue.scopes[scope].access == AccessLevel::Read);
        assert!(reads && catalogue.tiers["read-only"].iter().all(|scope| catalogue.tiers["read-and-write"].contains(scope)));
        let grouped =
            |(scope, spec): (&crate::model::Scope, &crate::profile::ScopeSpec)| spec.group.is_some() != catalogue.implied.contains(scope);
        assert!(catalogue.scopes.iter().all(grouped), "what is ticked stands under a heading");
    }
}
