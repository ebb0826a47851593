//! Checks the parts of a profile that speak of a person's work, and of trying what a person made. Reads no files.
use super::api::{Api, HttpApi};
use super::check::Check;
use super::runbook::Runbooks;
use super::template::Method;
use super::verify::{Probe, Verify};

impl Check<'_> {
    /// Runbooks stand where no API makes keys, and only there; each of their templates can be filled.
    pub(super) fn attended(&mut self) {
        let profile = self.profile;
        match (&profile.runbooks, &profile.api, profile.has_create()) {
            (Some(_), _, true) => self.fail(&["runbooks"], "the API makes keys: nobody needs a runbook".to_owned()),
            (None, Some(Api::Http(_)), false) => {
                self.fail(&["runbooks"], "nothing makes keys: give the operation `create`, or `runbooks`".to_owned());
            }
            (Some(_), _, false) | (None, _, true) | (None, Some(Api::Keyring) | None, false) => {}
        }
        let Some(runbooks) = &profile.runbooks else { return };
        self.runbooks(&["runbooks"], runbooks);
        if let Some(Api::Http(api)) = &profile.api {
            self.nothing_but_probes(api);
        }
    }

    /// Links lead somewhere, and every template can be filled.
    pub(super) fn runbooks(&mut self, place: &[&str], runbooks: &Runbooks) {
        let profile = self.profile;
        for (name, runbook) in [("create", &runbooks.create), ("revoke", &runbooks.revoke)] {
            let at = [place, &[name]].concat();
            if runbook
                .link
                .as_deref()
                .is_some_and(|link| !link.starts_with("https://") || link.chars().any(|c| c.is_whitespace() || c.is_control()))
            {
                self.fail(&[&at[..], &["link"]].concat(), "a link begins with `https://` and has no white space".to_owned());
            }
            for (route, problem) in runbook.check(profile.params.keys(), profile.options.keys()) {
                let route: Vec<&str> = at.iter().copied().chain(route.iter().map(String::as_str)).collect();
                self.fail(&route, format!("the template cannot be filled: {problem}"));
            }
        }
    }

    /// What no API makes it cannot change either: a profile with both is a mistake.
    fn nothing_but_probes(&mut self, api: &HttpApi) {
        let has = &api.operations;
        let others = [
            ("list", has.list.is_some()),
            ("get", has.get.is_some()),
            ("edit", has.edit.is_some()),
            ("disable", has.disable.is_some()),
            ("enable", has.enable.is_some()),
            ("delete", has.delete.is_some()),
            ("reveal", has.reveal.is_some()),
        ];
        for (name, _) in others.into_iter().filter(|(_, there)| *there) {
            self.fail(&["api", "http", "operations", name], "a provider whose keys a person makes has no operations".to_owned());
        }
    }

    pub(super) fn verify(&mut self, api: &HttpApi, verify: &Verify) {
        let place = ["api", "http", "verify"];
        if verify.request.is_none() && !verify.probes.iter().any(|probe| probe.scopes.is_empty()) {
            self.fail(&place, "a key that no probe fits cannot be tried: give a `request`, or a probe without `scopes`".to_owned());
        }
        if let Some(request) = &verify.request {
            let probe = Probe { request: request.clone(), query: verify.query.clone(), scopes: Vec::new(), scheme: None };
            self.probe(&place, &probe);
        }
        for (i, probe) in verify.probes.iter().enumerate() {
            let number = i.to_string();
            let place = [&place[..], &["probes", &number]].concat();
            self.probe(&place, probe);
            let catalogue = &self.profile.catalogue;
            for scope in probe.scopes.iter().filter(|scope| !catalogue.scopes.contains_key(*scope)) {
                self.fail(&[&place[..], &["scopes"]].concat(), format!("`{scope}` is not in the catalogue"));
            }
            if let Some(scheme) = probe.scheme.as_ref().filter(|scheme| !api.auth.schemes.contains_key(*scheme)) {
                self.fail(&[&place[..], &["scheme"]].concat(), format!("`auth` has no scheme `{scheme}`"));
            }
        }
        for scheme in self.select(api, &[&place[..], &["use"]].concat(), &verify.select) {
            self.scheme(api, &scheme, &self.profile.secret.parts);
        }
    }

    fn probe(&mut self, place: &[&str], probe: &Probe) {
        let at = [place, &["request"]].concat();
        if probe.request.method != Method::Get {
            self.fail(&at, "a key is tried by reading alone: use GET".to_owned());
        }
        self.template(&at, &probe.request.path, &[], &[]);
        self.templates(&[place, &["query"]].concat(), &probe.query, &[]);
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnostics::Report;
    use crate::profile::Profile;

    fn problems(name: &str, change: impl Fn(&mut serde_json::Value)) -> Vec<String> {
        let mut value = serde_json::to_value(Profile::builtin(name).expect("built in")).expect("JSON");
        change(&mut value);
        let profile: Profile = serde_json::from_value(value).expect("a profile");
        let mut report = Report::default();
        profile.check(&"providers/x.yaml".into(), &mut report);
        report.diagnostics().iter().map(|diagnostic| diagnostic.message.clone()).collect()
    }

    #[test]
    fn contradictions_are_found() {
        type Case = (&'static str, serde_json::Value, &'static str);
        let cases: [Case; 8] = [
            ("/runbooks", serde_json::Value::Null, "nothing makes keys: give the operation `create`, or `runbooks`"),
            ("/runbooks/create/link", "http://x".into(), "a link begins with `https://` and has no white space"),
            ("/runbooks/create/title", "{{ password }}".into(), "the template cannot be filled: undefined value"),
            ("/api/http/verify/probes/0/request", "POST /v2/users".into(), "a key is tried by reading alone: use GET"),
            ("/api/http/verify/probes/0/scopes", serde_json::json!(["nope"]), "`nope` is not in the catalogue"),
            ("/api/http/verify/probes/0/scheme", "nope".into(), "`auth` has no scheme `nope`"),
            ("/capabilities/idle_expiry/warn", "90d".into(), "a warning after 90d comes too late: keys die after 90d"),
            (
                "/api/http/operations/get",
                serde_json::json!({"request": "GET /x"}),
                "a provider whose keys a person makes has no operations",
            ),
        ];
        assert_eq!(problems("brex", |_| {}), [""; 0]);
        for (pointer, value, expected) in cases {
            let found = problems("brex", |profile| {
                let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
                profile.pointer_mut(parent).expect(pointer)[name] = value.clone();
            });
            assert!(found.iter().any(|message| message.starts_with(expected)), "{pointer}: {found:?}");
        }
        let both = problems("payconex", |profile| {
            profile["runbooks"] = serde_json::to_value(Profile::builtin("brex").expect("built in").runbooks).expect("JSON")
        });
        assert!(both.contains(&"the API makes keys: nobody needs a runbook".to_owned()), "{both:?}");
    }
}
