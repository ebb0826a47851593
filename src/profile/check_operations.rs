//! Checks what requests of a profile say: operations, lookups, the login, and how they hang together.
use std::collections::BTreeMap;

use super::api::{Base, Further, HttpApi, Operation, Take};
use super::auth::Login;
use super::check::Check;
use super::paging::Paging;
use super::pointer::Pointer;
use super::predicate::Predicate;
use super::request::{Asked, Content};
use super::template::{Method, Placeholder};

/// The placeholders of a key's fields.
const FIELDS: [Placeholder; 5] = [Placeholder::Label, Placeholder::Marker, Placeholder::Scopes, Placeholder::Expiry, Placeholder::Never];

/// What the placeholders of one request may be.
#[derive(Clone, Copy)]
struct Allowed<'a> {
    plain: &'a [Placeholder],
    /// Whether an earlier answer has an object to take values from.
    item: bool,
    /// Parts of the credential that the body may name.
    parts: &'a [String],
}

impl<'a> Allowed<'a> {
    fn of(plain: &'a [Placeholder]) -> Self {
        Self { plain, item: false, parts: &[] }
    }
}

impl Check<'_> {
    /// Every request, and what operations need beside them.
    pub(super) fn operations(&mut self, api: &HttpApi) {
        use Placeholder::{Expiry, Id, Never, Past};
        let operations = &api.operations;
        let parts = api.credential.as_ref().map(|credential| credential.parts.as_slice()).unwrap_or_default();
        self.listings(api);
        let all: Vec<Placeholder> = FIELDS.into_iter().chain([Id, Past]).collect();
        let switch: &[Placeholder] = &[Id, Expiry, Never, Past];
        for (name, operation, allowed) in [
            ("get", &operations.get, Allowed::of(&[Id])),
            ("create", &operations.create, Allowed { parts, ..Allowed::of(&FIELDS) }),
            ("edit", &operations.edit, Allowed::of(&all)),
            ("disable", &operations.disable, Allowed::of(switch)),
            ("enable", &operations.enable, Allowed::of(switch)),
            ("delete", &operations.delete, Allowed::of(&[Id])),
            ("reveal", &operations.reveal, Allowed::of(&[Id])),
        ] {
            if let Some(operation) = operation {
                self.operation(api, name, operation, allowed);
            }
        }
        if let Some(login) = &api.auth.login {
            self.login(api, login, parts);
        }
        if let Some(own) = &api.own {
            let place = ["api", "http", "self"];
            self.asked(&place, own.asked(), own.bodies(), Allowed::of(&[]));
            if own.request.method != Method::Get {
                self.fail(&place, "who we are is asked by a GET".to_owned());
            }
        }
        self.whole_api(api);
    }

    fn whole_api(&mut self, api: &HttpApi) {
        let operations = &api.operations;
        let any = operations.list.is_some() || operations.create.is_some();
        if any && (api.key.is_none() || api.credential.is_none() || api.auth.select.is_none()) {
            self.fail(
                &["api", "http"],
                "operations need a `credential`, `auth.use`, and a `key` that says where answers hold what".to_owned(),
            );
        }
        let Some(key) = &api.key else { return };
        let parts = self.profile.secret.given();
        if let Some(part) = parts.iter().find(|part| !key.secret.contains_key(*part)).filter(|_| operations.create.is_some()) {
            self.fail(&["api", "http", "key", "secret"], format!("nothing says where answers have the secret's part `{part}`"));
        }
        for option in key.options.keys().filter(|name| !self.profile.options.contains_key(*name)) {
            self.fail(&["api", "http", "key", "options", option], format!("`{option}` is no option of this provider"));
        }
    }

    fn listings(&mut self, api: &HttpApi) {
        if let Some(list) = &api.operations.list {
            let place = ["api", "http", "operations", "list"];
            self.listing(&place, list.asked(), list.bodies(), &list.paging);
            for (number, further) in list.then.iter().enumerate() {
                self.further(&place, number, further, Allowed::of(&[Placeholder::Id]));
                if further.request.method != Method::Get && further.request.method != Method::Post {
                    self.fail(&[&place[..], &["then"]].concat(), "a listing changes nothing: its further requests read".to_owned());
                }
            }
        }
        for (name, lookup) in &api.lookups {
            let place = ["api", "http", "lookups", name];
            self.listing(&place, lookup.asked(), lookup.bodies(), &lookup.paging);
            lookup.only.iter().filter_map(Predicate::problem).for_each(|problem| self.fail(&place, problem));
        }
    }

    fn listing(&mut self, place: &[&str], asked: Asked<'_>, bodies: usize, paging: &Paging) {
        use Placeholder::{Cursor, Limit, Offset, Page};
        let (allowed, needed, size): (&[Placeholder], Option<Placeholder>, u32) = match paging {
            Paging::None | Paging::Next(_) => (&[], None, 1),
            Paging::Page(pages) => (&[Page, Limit], Some(Page), pages.size),
            Paging::Offset(offsets) => (&[Offset, Limit], Some(Offset), offsets.size),
            Paging::Cursor(_) => (&[Cursor], Some(Cursor), 1),
        };
        self.asked(place, asked, bodies, Allowed::of(allowed));
        let paging = [place, &["paging"]].concat();
        if asked.request.method != Method::Get && asked.request.method != Method::Post {
            self.fail(&[place, &["request"]].concat(), "a listing is asked for by GET or POST".to_owned());
        }
        if size == 0 {
            self.fail(&paging, "pages hold at least one entry".to_owned());
        }
        let names = |needed: &Placeholder| asked.placeholders().contains(&needed);
        if let Some(needed) = needed.filter(|needed| !names(needed)) {
            self.fail(&paging, format!("nothing in the request names `{{{needed}}}`, so every answer would be the first page"));
        }
    }

    fn operation(&mut self, api: &HttpApi, name: &str, operation: &Operation, allowed: Allowed<'_>) {
        let place = ["api", "http", "operations", name];
        let at = |field: &'static str| [&place[..], &[field]].concat();
        let reads = matches!(name, "get" | "reveal");
        let from = operation.from == Some(Base::Get);
        self.asked(&place, operation.asked(), operation.bodies(), Allowed { item: from, ..allowed });
        self.takes(&place, &operation.take);
        let then = if name == "create" { [allowed.plain, &[Placeholder::Id]].concat() } else { allowed.plain.to_vec() };
        for (number, further) in operation.then.iter().enumerate() {
            self.further(&place, number, further, Allowed { plain: &then, item: true, parts: &[] });
            if reads && further.request.method != Method::Get && further.request.method != Method::Post {
                self.fail(&at("then"), "what reads a key changes nothing".to_owned());
            }
        }
        let asks_get = from || operation.wait.is_some();
        if asks_get && api.operations.get.is_none() {
            self.fail(&at(if from { "from" } else { "wait" }), "there is no operation `get` to ask".to_owned());
        }
        if from
            && (reads
                || name == "create"
                || operation.form.is_some()
                || operation.patch.is_some()
                || operation.body.as_ref().is_some_and(|body| body.is_list()))
        {
            self.fail(&at("from"), "only the `body` of a change, a map, can be put over the object".to_owned());
        }
        if !from && !operation.without.is_empty() {
            self.fail(&at("without"), "nothing is sent back without `from`".to_owned());
        }
        let until = operation.wait.iter().flat_map(|wait| &wait.until);
        until.filter_map(Predicate::problem).for_each(|problem| self.fail(&at("wait"), problem));
        if operation.wait.is_some() && reads {
            self.fail(&at("wait"), "only a write is waited for".to_owned());
        }
    }

    fn further(&mut self, place: &[&str], number: usize, further: &Further, allowed: Allowed<'_>) {
        let number = number.to_string();
        let place = [place, &["then", &number]].concat();
        self.asked(&place, further.asked(), further.bodies(), Allowed { item: true, ..allowed });
        self.takes(&place, &further.take);
        if further.into.is_none() && (further.request.method == Method::Get || !further.take.is_empty()) {
            self.fail(&place, "nothing says where the answer is put: name it with `into`".to_owned());
        }
    }

    fn takes(&mut self, place: &[&str], take: &BTreeMap<Pointer, Take>) {
        for (at, take) in take {
            let at = at.to_string();
            let place = [place, &["take", &at]].concat();
            if take.body.is_some() == take.header.is_some() {
                self.fail(&place, "name either a place in the body or a header".to_owned());
            }
            self.pattern(&place, take.pattern.as_ref());
        }
    }

    fn login(&mut self, api: &HttpApi, login: &Login, parts: &[String]) {
        let place = ["api", "http", "auth", "login"];
        let at = |field: &'static str| [&place[..], &[field]].concat();
        self.asked(&place, login.asked(), login.bodies(), Allowed { parts, ..Allowed::of(&[]) });
        if let Some(url) = login.at.as_ref().filter(|url| !url.starts_with("https://")) {
            self.fail(&at("at"), format!("`{url}` must begin with `https://`"));
        }
        if let Some(with) = &login.with {
            match api.auth.schemes.get(with) {
                None => self.fail(&at("with"), format!("`auth` has no scheme `{with}`")),
                Some(scheme) if scheme.needs_login() => {
                    self.fail(&at("with"), "a login cannot authenticate with what it gives itself".to_owned())
                }
                Some(_) => {}
            }
        }
        if !api.auth.schemes.values().any(|scheme| scheme.needs_login()) {
            self.fail(&place, "no scheme names what the login gives".to_owned());
        }
        for host in login.base.iter().flat_map(|base| &base.hosts) {
            let name = host.strip_prefix("*.").unwrap_or(host);
            // A whole top-level domain is nobody's own.
            let labels = name.split('.').collect::<Vec<_>>();
            let plain = labels
                .iter()
                .all(|label| !label.is_empty() && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'));
            if !plain || labels.len() < 2 {
                self.fail(&at("base"), format!("`{host}` is no host: write `api.example.com`, or `*.example.com` for those below"));
            }
        }
        if login.base.as_ref().is_some_and(|base| base.hosts.is_empty()) {
            self.fail(&at("base"), "name the hosts that may be followed".to_owned());
        }
    }

    /// One request: its placeholders have values there, and it has one body at most.
    fn asked(&mut self, place: &[&str], asked: Asked<'_>, bodies: usize, allowed: Allowed<'_>) {
        if bodies > 1 {
            self.fail(place, "a request has one of `body`, `form` and `patch`".to_owned());
        }
        let beside = [("query", asked.query), ("headers", asked.headers)];
        let path = asked.request.path.placeholders().map(|placeholder| (vec!["request"], placeholder));
        let named = beside.iter().flat_map(|(field, templates)| {
            templates.iter().flat_map(move |(name, template)| {
                template.placeholders().map(move |placeholder| (vec![*field, name.as_str()], placeholder))
            })
        });
        for (field, placeholder) in path.chain(named).collect::<Vec<_>>() {
            self.named(&[place, &field].concat(), placeholder, Allowed { parts: &[], ..allowed });
        }
        let Some(content) = asked.content else { return };
        let field = match content {
            Content::Json(_) => "body",
            Content::Form(_) => "form",
            Content::Patch(_) => "patch",
        };
        let place = [place, &[field]].concat();
        for placeholder in content.body().placeholders() {
            self.named(&place, placeholder, allowed);
        }
        match content {
            Content::Json(_) => {}
            Content::Form(body) | Content::Patch(body) if body.is_list() => self.fail(&place, "it is a map".to_owned()),
            Content::Form(_) => {}
            Content::Patch(body) => {
                for name in body.names().iter().filter(|name| !name.starts_with('/')) {
                    self.fail(&place, format!("`{name}` is not a JSON pointer: it begins with `/`"));
                }
            }
        }
    }

    fn named(&mut self, place: &[&str], placeholder: &Placeholder, allowed: Allowed<'_>) {
        if !(allowed.item && matches!(placeholder, Placeholder::Item(_))) {
            self.placeholder(place, placeholder, allowed.plain, allowed.parts);
        }
    }

    /// Whether the profile's login gives a value of this name.
    pub(super) fn gives(&self, name: &str) -> bool {
        let api = match &self.profile.api {
            Some(super::Api::Http(api)) => api,
            Some(super::Api::Keyring) | None => return false,
        };
        api.auth.login.as_ref().is_some_and(|login| login.give.contains_key(name))
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnostics::Report;
    use crate::profile::Profile;
    use serde_json::{Value, json};

    /// What is wrong with PayConex when `http` is laid over its API; null removes.
    fn problems(http: Value) -> Vec<String> {
        let mut profile = serde_json::to_value(Profile::builtin("payconex").expect("built in")).expect("JSON");
        merge(&mut profile["api"]["http"], http);
        let profile: Profile = serde_json::from_value(profile).expect("a profile");
        let mut report = Report::default();
        profile.check(&"providers/x.yaml".into(), &mut report);
        report.diagnostics().iter().map(|diagnostic| diagnostic.message.clone()).collect()
    }

    fn merge(base: &mut Value, over: Value) {
        match (base, over) {
            (Value::Object(base), Value::Object(over)) => {
                for (name, value) in over {
                    match value {
                        Value::Null => drop(base.remove(&name)),
                        value => merge(base.entry(name).or_insert(Value::Null), value),
                    }
                }
            }
            (base, over) => *base = over,
        }
    }

    #[test]
    fn what_belongs_together_is_no_contradiction() {
        for http in [
            json!({"operations": {"list": {"request": "POST /list", "query": null, "body": {"from": "{cursor}"}, "paging": {"page": null, "cursor": {"next": {"body": "/next"}}}}}}),
            json!({"operations": {"edit": {"from": "get", "without": ["/x"]}, "create": {"wait": {"at_most": "5s"}, "body": {"password": "{part.secret}"}}}}),
            json!({"operations": {"create": {"then": [{"request": "POST /keys/{id}/{item./name}", "body": {"s": "{scopes}", "x": "{uuid}"}}]}}}),
            json!({"auth": {"login": {"request": "POST /login", "body": {"s": "{part.secret}"}, "give": {"token": "/t"}, "at": "https://login.example",
                "with": "basic", "base": {"at": "/api", "hosts": ["*.example.com"]}}, "schemes": {"session": {"bearer": "{login.token}"}}}}),
            json!({"lookups": {"groups": {"request": "GET /groups", "name": "/name", "value": "/id"}}, "self": {"request": "GET /me", "id": "/id"}}),
        ] {
            assert_eq!(problems(http.clone()), [""; 0], "{http}");
        }
    }

    #[test]
    fn contradictions_of_requests_are_found() {
        let login = |over: Value| {
            let mut login = json!({"request": "POST /login", "give": {"token": "/t"}});
            merge(&mut login, over);
            json!({"auth": {"login": login, "schemes": {"session": {"bearer": "{login.token}"}}}})
        };
        let create = |create: Value| json!({"operations": {"create": create}});
        let edit = |edit: Value| json!({"operations": {"edit": edit}});
        let list = |list: Value| json!({"operations": {"list": list}});
        let rows: Vec<(Value, &str)> = vec![
            (
                list(json!({"paging": {"page": null, "cursor": {"next": {"last": "/id"}}}, "query": null})),
                "nothing in the request names `{cursor}`",
            ),
            (list(json!({"paging": {"page": null, "offset": {"size": 5}}})), "nothing in the request names `{offset}`"),
            (list(json!({"paging": {"page": {"size": 0}}})), "pages hold at least one entry"),
            (list(json!({"request": "DELETE /keys"})), "a listing is asked for by GET or POST"),
            (list(json!({"then": [{"request": "GET /keys/{id}"}]})), "nothing says where the answer is put"),
            (list(json!({"then": [{"request": "DELETE /keys/{id}", "into": ""}]})), "a listing changes nothing"),
            (create(json!({"form": {"a": "b"}})), "a request has one of `body`, `form` and `patch`"),
            (create(json!({"query": {"p": "{part.secret}"}})), "`{part.secret}` has no value here"),
            (edit(json!({"body": {"p": "{part.secret}"}})), "`{part.secret}` has no value here"),
            (edit(json!({"body": {"p": "{item./x}"}})), "`{item./x}` has no value here"),
            (create(json!({"from": "get"})), "only the `body` of a change"),
            (edit(json!({"without": ["/x"]})), "nothing is sent back without `from`"),
            (json!({"operations": {"get": null, "edit": {"from": "get"}}}), "there is no operation `get` to ask"),
            (create(json!({"take": {"/id": {"pattern": "("}}})), "name either a place in the body or a header"),
            (create(json!({"take": {"/id": {"header": "Location", "pattern": "("}}})), "`(` is not a regular expression"),
            (edit(json!({"body": null, "patch": {"name": "{label}"}})), "`name` is not a JSON pointer"),
            (json!({"operations": {"get": {"wait": {"at_most": "1s"}}}}), "only a write is waited for"),
            (login(json!({"query": {"p": "{part.secret}"}})), "`{part.secret}` has no value here"),
            (json!({"auth": {"schemes": {"basic": {"basic": {"user": "{uuid}"}}}}}), "`{uuid}` has no value here"),
            (login(json!({"at": "http://login.example"})), "`http://login.example` must begin with `https://`"),
            (login(json!({"with": "session"})), "a login cannot authenticate with what it gives itself"),
            (login(json!({"with": "nothing"})), "`auth` has no scheme `nothing`"),
            (login(json!({"base": {"at": "/a", "hosts": ["*.com"]}})), "`*.com` is no host"),
            (login(json!({"base": {"at": "/a", "hosts": ["https://a.example"]}})), "`https://a.example` is no host"),
            (login(json!({"base": {"at": "/a", "hosts": []}})), "name the hosts that may be followed"),
            (json!({"self": {"request": "POST /me", "id": "/id"}}), "who we are is asked by a GET"),
        ];
        for (http, expected) in rows {
            let found = problems(http.clone());
            assert!(found.iter().any(|message| message.starts_with(expected)), "{http}: {found:?}");
        }
    }
}
