//! Checks what a profile's shape alone cannot say: that its parts agree with each other. Reads no files.
use std::collections::BTreeMap;
use std::sync::Arc;

use super::api::{Api, HttpApi};
use super::auth::{AuthScheme, Select};
use super::capabilities::Disable;
use super::credential::OwnPart;
use super::predicate::Predicate;
use super::reader::whole;
use super::template::{Placeholder, Template};
use super::verify::Verify;
use super::{OptionKind, Profile};
use crate::diagnostics::{Code, Diagnostic, Part, Place, Report, Route};

impl Profile {
    /// Reports every contradiction inside the profile, each at its place in `file`.
    pub fn check(&self, file: &Arc<str>, report: &mut Report) {
        let mut check = Check { profile: self, file, report };
        check.words();
        check.catalogue();
        match &self.api {
            None => {}
            Some(Api::Keyring) => {}
            Some(Api::Http(api)) => check.http(api),
        }
        check.attended();
        check.grants();
    }
}

pub(super) struct Check<'a> {
    pub(super) profile: &'a Profile,
    file: &'a Arc<str>,
    report: &'a mut Report,
}

fn route(fields: &[&str]) -> Route {
    fields.iter().fold(Route::default(), |route, field| route.field(*field))
}

impl Check<'_> {
    pub(super) fn fail(&mut self, fields: &[&str], message: String) {
        let place = Place::Route { file: self.file.clone(), route: route(fields), part: Part::Value };
        self.report.push(Diagnostic::error(Code::ProfileInvalid, message).at(place));
    }

    /// The same for one entry of a list.
    pub(super) fn fail_in_list(&mut self, fields: &[&str], number: usize, message: String) {
        let place = Place::Route { file: self.file.clone(), route: route(fields).index(number), part: Part::Value };
        self.report.push(Diagnostic::error(Code::ProfileInvalid, message).at(place));
    }

    /// What makes no profile useless, and should still be said.
    fn warn(&mut self, fields: &[&str], message: String, help: &'static str) {
        let place = Place::Route { file: self.file.clone(), route: route(fields), part: Part::Field };
        self.report.push(Diagnostic::warning(Code::ProfileUnsaid, message).at(place).help(help));
    }

    pub(super) fn pattern(&mut self, fields: &[&str], pattern: Option<&String>) {
        if let Some(pattern) = pattern
            && whole(pattern).is_err()
        {
            self.fail(fields, format!("`{pattern}` is not a regular expression"));
        }
    }

    fn words(&mut self) {
        let profile = self.profile;
        if profile.version != 1 {
            self.fail(&["version"], format!("this program reads version 1 of the profile language, not {}", profile.version));
        }
        for (name, param) in &profile.params {
            self.pattern(&["params", name, "pattern"], param.pattern.as_ref());
            if let Some(default) = param.default.as_ref().filter(|value| !param.values.is_empty() && !param.values.contains(value)) {
                self.fail(&["params", name, "default"], format!("`{default}` is not among the values of `{name}`"));
            }
        }
        for (name, option) in &profile.options {
            self.pattern(&["options", name, "pattern"], option.pattern.as_ref());
            let fits = option.default.as_ref().is_none_or(|default| match option.kind {
                OptionKind::Text => default.is_string(),
                OptionKind::List => default.is_array(),
                OptionKind::Json => true,
            });
            if !fits {
                self.fail(&["options", name, "default"], format!("the default of `{name}` is not of its kind"));
            }
            let unknown = |value: &&String| !option.values.is_empty() && !option.values.contains(value);
            if option.widens.is_none() {
                self.warn(
                    &["options", name],
                    format!("nothing says whether `{name}` gives a key more than its scopes"),
                    "say when by `widens: { why: … }` (with `confines: true` where the key reaches more without it), or `widens: nothing`",
                );
            }
            if let Some(value) = option.widening().iter().flat_map(|widens| &widens.values).find(unknown) {
                self.fail(&["options", name, "widens", "values"], format!("`{value}` is not among the values of `{name}`"));
            }
        }
        if profile.environments.values().filter(|environment| environment.default).count() > 1 {
            self.fail(&["environments"], "only one environment can be the default".to_owned());
        }
        for (name, environment) in &profile.environments {
            for (param, values) in &environment.allow {
                let known = profile.params.get(param).map(|param| &param.values);
                let known = known.or_else(|| profile.options.get(param).map(|option| &option.values));
                let fits = |known: &Vec<String>| values.iter().all(|value| known.is_empty() || known.contains(value));
                if !known.is_some_and(fits) {
                    let message = format!("`{param}` is no param and no option, or cannot have these values");
                    self.fail(&["environments", name, "allow", param], message);
                }
            }
            if environment.url.as_deref().is_some_and(|url| !url.starts_with("https://")) {
                self.fail(&["environments", name, "url"], "a provider's URL begins with `https://`".to_owned());
            }
        }
        if profile.secret.parts.is_empty() {
            self.fail(&["secret", "parts"], "a secret has at least one part".to_owned());
        }
        self.pattern(&["capabilities", "label", "pattern"], profile.capabilities.label.pattern.as_ref());
        self.pattern(&["secret", "pattern"], profile.secret.pattern.as_ref());
        self.composed();
        if let Some(idle) = profile.capabilities.idle_expiry.filter(|idle| idle.warn >= idle.after) {
            self.fail(
                &["capabilities", "idle_expiry", "warn"],
                format!("a warning after {} comes too late: keys die after {}", idle.warn, idle.after),
            );
        }
    }

    fn catalogue(&mut self) {
        let catalogue = &self.profile.catalogue;
        let Ok(form) = whole(&catalogue.form) else {
            return self.fail(&["catalogue", "form"], format!("`{}` is not a regular expression", catalogue.form));
        };
        for scope in catalogue.scopes.keys().filter(|scope| catalogue.confined_by.is_none() && !form.is_match(scope.as_str())) {
            self.fail(&["catalogue", "scopes", scope.as_str()], format!("`{scope}` does not have the form of this provider's scopes"));
        }
        for (alias, scope) in &catalogue.aliases {
            if !catalogue.scopes.contains_key(scope) || catalogue.scopes.contains_key(alias) {
                let message = format!("`{alias}` must be another spelling of a listed scope, and not be listed itself");
                self.fail(&["catalogue", "aliases", alias.as_str()], message);
            }
        }
    }

    fn http(&mut self, api: &HttpApi) {
        let at = |rest: &[&'static str]| [&["api", "http"], rest].concat();
        self.pattern(&at(&["key", "id", "pattern"]), api.key.as_ref().and_then(|key| key.id.pattern.as_ref()));
        let parts = api.credential.as_ref().map(|credential| credential.parts.clone()).unwrap_or_default();
        if let Some(credential) = &api.credential {
            if credential.parts.is_empty() {
                self.fail(&at(&["credential", "parts"]), "a credential has at least one part".to_owned());
            }
            if let Some(own) = credential.own.as_ref().map(OwnPart::part).filter(|own| !credential.parts.iter().any(|part| part == own)) {
                self.fail(&at(&["credential", "own"]), format!("the credential has no part `{own}`"));
            }
            self.pattern(&at(&["credential", "own"]), credential.own.as_ref().and_then(OwnPart::pattern));
        }
        for (name, header) in &api.headers {
            self.template(&["api", "http", "headers", name], header, &[], &[]);
        }
        let schemes = api.auth.select.as_ref().map(|select| self.select(api, &at(&["auth", "use"]), select)).unwrap_or_default();
        for scheme in schemes {
            self.scheme(api, &scheme, &parts);
        }
        self.operations(api);
        self.values(api);
        self.capabilities(api);
        if let Some(verify) = &api.verify {
            self.verify(api, verify);
        }
        let whens = api.errors.rows.iter().map(|row| &row.when);
        let verdicts = api.verify.iter().flat_map(Verify::whens);
        for when in whens.chain(verdicts) {
            self.pattern(&at(&["errors"]), when.message.as_ref());
            when.only.iter().filter_map(Predicate::problem).for_each(|problem| self.fail(&at(&["errors"]), problem));
        }
    }

    /// The schemes a choice can name; those that do not exist are reported.
    pub(super) fn select(&mut self, api: &HttpApi, place: &[&str], select: &Select) -> Vec<String> {
        let names = match select {
            Select::Scheme(name) => vec![name.clone()],
            Select::Param(name) => self.profile.params.get(name).map(|param| param.values.clone()).unwrap_or_default(),
            Select::Option { name, rows } if self.profile.options.contains_key(name) => rows.iter().map(|row| row.scheme.clone()).collect(),
            Select::Option { .. } => Vec::new(),
        };
        if names.is_empty() {
            self.fail(place, "nothing chooses a scheme: name a param with values, or an option with rows".to_owned());
        }
        for name in names.iter().filter(|name| !api.auth.schemes.contains_key(*name)) {
            self.fail(place, format!("`auth` has no scheme `{name}`"));
        }
        names
    }

    pub(super) fn scheme(&mut self, api: &HttpApi, name: &str, parts: &[String]) {
        let place = ["api", "http", "auth", "schemes", name];
        for template in api.auth.schemes.get(name).into_iter().flat_map(AuthScheme::templates) {
            self.template(&place, template, &[], parts);
            // Each request has one, and what proves who makes it has none.
            if template.placeholders().any(|placeholder| *placeholder == Placeholder::Uuid) {
                self.fail(&place, "`{uuid}` has no value here".to_owned());
            }
        }
    }

    pub(super) fn templates(&mut self, place: &[&str], templates: &BTreeMap<String, Template>, allowed: &[Placeholder]) {
        templates.iter().for_each(|(name, template)| self.template(&[place, &[name]].concat(), template, allowed, &[]));
    }

    pub(super) fn template(&mut self, place: &[&str], template: &Template, allowed: &[Placeholder], parts: &[String]) {
        template.placeholders().for_each(|placeholder| self.placeholder(place, placeholder, allowed, parts));
    }

    pub(super) fn placeholder(&mut self, place: &[&str], placeholder: &Placeholder, allowed: &[Placeholder], parts: &[String]) {
        let known = match placeholder {
            Placeholder::Param(name) => self.profile.params.contains_key(name),
            // Only operations that carry a key's fields carry its options.
            Placeholder::Option(name) => self.profile.options.contains_key(name) && allowed.contains(&Placeholder::Label),
            Placeholder::Part(name) => parts.contains(name),
            Placeholder::Uuid => true,
            Placeholder::ScopesAxis(_) => allowed.contains(&Placeholder::Scopes),
            Placeholder::Login(name) => !parts.is_empty() && self.gives(name),
            Placeholder::Admin(name) => {
                !parts.is_empty() && self.profile.credential().is_some_and(|credential| credential.parts.contains(name))
            }
            Placeholder::Id
            | Placeholder::Label
            | Placeholder::Marker
            | Placeholder::Scopes
            | Placeholder::Expiry
            | Placeholder::Never
            | Placeholder::Past
            | Placeholder::Page
            | Placeholder::Limit
            | Placeholder::Offset
            | Placeholder::Cursor
            | Placeholder::Item(_) => allowed.contains(placeholder),
        };
        if !known {
            self.fail(place, format!("`{{{placeholder}}}` has no value here"));
        }
    }

    fn capabilities(&mut self, api: &HttpApi) {
        let (can, has) = (&self.profile.capabilities, &api.operations);
        let disable = can.disable != Disable::None;
        let edit = can.editable.label || can.editable.scopes || can.editable.expiry || can.editable.options;
        for (name, claimed, there) in [
            ("get", can.get, has.get.is_some()),
            ("delete", can.delete, has.delete.is_some()),
            ("reveal", can.reveal, has.reveal.is_some()),
            ("verify", can.verify, api.verify.is_some()),
            ("disable", disable, has.disable.is_some()),
            ("editable", edit, has.edit.is_some()),
        ] {
            if claimed != there {
                self.fail(&["capabilities", name], format!("`capabilities.{name}` and `api.http` disagree on whether this exists"));
            }
        }
        if can.disable == Disable::Reversible && has.enable.is_none() {
            self.fail(&["capabilities", "disable"], "a reversible `disable` needs the operation `enable`".to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::builtin;

    fn problems(change: impl Fn(&mut serde_json::Value)) -> Vec<String> {
        let mut value = serde_json::to_value(Profile::builtin("payconex").expect("built in")).expect("JSON");
        change(&mut value);
        let profile: Profile = serde_json::from_value(value).expect("a profile");
        let mut report = Report::default();
        profile.check(&"providers/x.yaml".into(), &mut report);
        report.diagnostics().iter().map(|diagnostic| diagnostic.message.clone()).collect()
    }

    #[test]
    fn the_built_in_profiles_agree_with_themselves() {
        for (name, text) in builtin::builtin() {
            let mut report = Report::default();
            let profile = Profile::parse(&(*name).into(), text.as_bytes(), &mut report);
            assert_eq!(report.diagnostics(), []);
            assert_eq!(profile.expect(name).name, *name);
        }
    }

    #[test]
    fn problems_stand_at_their_place() {
        let text = builtin::builtin_text("payconex").expect("built in");
        let messages = |text: String| {
            let mut report = Report::default();
            assert!(Profile::parse(&"p.yaml".into(), text.as_bytes(), &mut report).is_none());
            report.diagnostics().iter().map(|diagnostic| (diagnostic.code, diagnostic.place.clone())).collect::<Vec<_>>()
        };
        let found = messages(text.replace("own: id", "own: ident"));
        let place = Place::Route { file: "p.yaml".into(), route: route(&["api", "http", "credential", "own"]), part: Part::Value };
        assert_eq!(found, [(Code::ProfileInvalid, Some(place))]);
        for (from, to, code) in [
            ("own: id", "owns: id", Code::YamlUnknownField),
            ("api-keys/{id}", "api-keys/{idd}", Code::YamlInvalidValue),
            ("request: PATCH /", "request: FETCH /", Code::YamlInvalidValue),
            ("enabled: /enabled", "enabled: enabled", Code::YamlInvalidValue),
            ("label: \"{label}\"", "label: \"{lable}\"", Code::YamlInvalidValue),
            ("as: rfc3339", "as: rfc822", Code::YamlInvalidValue),
        ] {
            let found = messages(text.replace(from, to));
            assert!(found.iter().any(|(found, place)| *found == code && place.is_some()), "{from}: {found:?}");
        }
    }

    #[test]
    fn what_an_option_opens_is_said_or_asked_for() {
        let unsaid = "nothing says whether `accounts` gives a key more than its scopes";
        let without = |widens: Option<serde_json::Value>| {
            problems(|profile| {
                let option = profile["options"]["accounts"].as_object_mut().expect("an option");
                option.remove("widens");
                option.extend(widens.clone().map(|widens| ("widens".to_owned(), widens)));
            })
        };
        assert_eq!(without(None), [unsaid]);
        assert_eq!(without(Some("nothing".into())), [""; 0]);
        let mut report = Report::default();
        let text = builtin::builtin_text("gitlab-project").expect("built in").replace("    widens: nothing\n", "");
        assert!(Profile::parse(&"p.yaml".into(), text.as_bytes(), &mut report).is_some(), "a warning is no reason to refuse a profile");
        assert_eq!(report.diagnostics().iter().map(|diagnostic| diagnostic.code).collect::<Vec<_>>(), [Code::ProfileUnsaid]);
    }

    #[test]
    fn contradictions_are_found() {
        assert_eq!(problems(|_| {}), [""; 0]);
        type Case = (&'static str, serde_json::Value, &'static str);
        let cases: [Case; 13] = [
            ("/version", 2.into(), "this program reads version 1 of the profile language, not 2"),
            ("/params/account_id/pattern", "(".into(), "`(` is not a regular expression"),
            ("/params/auth/default", "x".into(), "`x` is not among the values of `auth`"),
            ("/options/methods/default", "HMAC".into(), "the default of `methods` is not of its kind"),
            ("/options/methods/widens/values", serde_json::json!(["MD5"]), "`MD5` is not among the values of `methods`"),
            ("/environments/production/url", "http://x".into(), "a provider's URL begins with `https://`"),
            ("/catalogue/form", "[".into(), "`[` is not a regular expression"),
            ("/api/http/operations/get/request", "GET /{label}".into(), "`{label}` has no value here"),
            ("/api/http/operations/get/request", "GET /{param.x}".into(), "`{param.x}` has no value here"),
            ("/api/http/operations/get/request", "GET /{part.secret}".into(), "`{part.secret}` has no value here"),
            ("/api/http/credential/own", "x".into(), "the credential has no part `x`"),
            ("/capabilities/reveal", false.into(), "`capabilities.reveal` and `api.http` disagree on whether this exists"),
            ("/api/http/auth/use", serde_json::json!({"scheme": "x"}), "`auth` has no scheme `x`"),
        ];
        for (pointer, value, expected) in cases {
            let found = problems(|profile| *profile.pointer_mut(pointer).expect(pointer) = value.clone());
            assert!(found.iter().any(|message| message == expected), "{pointer}: {found:?}");
        }
    }
}
