//! The profiles that the program carries.
use super::Profile;
use crate::diagnostics::Report;

/// Built-in profiles by name, as YAML.
pub fn builtin() -> &'static [(&'static str, &'static str)] {
    &[
        ("brex", include_str!("../profiles/brex.yaml")),
        ("brynq", include_str!("../profiles/brynq.yaml")),
        ("keyring", include_str!("../profiles/keyring.yaml")),
        ("payconex", include_str!("../profiles/payconex.yaml")),
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
    use crate::model::{AccessLevel, Tag};
    use crate::profile::Profile;

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
