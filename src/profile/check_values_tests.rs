//! Contradictions about values, each found at its place.
use super::super::Profile;
use crate::diagnostics::{Place, Report};
use serde_json::{Value, json};

fn profile() -> Value {
    json!({
        "version": 1, "name": "acme", "title": "Acme",
        "environments": {"production": {"url": "https://acme.example"}},
        "options": {"hosts": {"says": "hosts", "kind": "list", "widens": "nothing"}, "policy": {"says": "policy", "kind": "json", "widens": "nothing"}},
        "secret": {"parts": ["id", "secret"], "compose": "{part.id}.{part.secret}"},
        "capabilities": {
            "label": {"max": 100}, "scopes": "set", "editable": {"scopes": true}, "disable": "reversible", "get": true,
            "expiry": {"settable": true, "tolerance": "1d"}, "consistency": "1s"
        },
        "api": {"http": {
            "credential": {"parts": ["token"]},
            "auth": {"use": {"scheme": "token"}, "schemes": {"token": {"bearer": "{part.token}"}}},
            "rate": {"per_second": 1, "burst": 1},
            "formats": {
                "scopes": {"axes": {
                    "action": {"prefix": "action:", "as": "array"},
                    "rule": {"prefix": "rule:", "as": {"objects": {"form": "{r}:{a}", "fields": {"r": "/r", "a": "/a"}}}}
                }},
                "expiry": {"as": "date", "never": "2999-12-31"},
                "options": {"hosts": {"as": {"text": ","}}}
            },
            "operations": {
                "list": {"request": "GET /keys"},
                "get": {"request": "GET /keys/{id}"},
                "create": {"request": "POST /keys", "body": {
                    "name": "{label}", "tag": "{marker}", "end": "{expiry}", "actions": "{scopes.action}", "rules": "{scopes.rule}"
                }},
                "edit": {"request": "PATCH /keys/{id}", "body": {"actions": "{scopes.action}", "rules": "{scopes.rule}"}},
                "disable": {"request": "PATCH /keys/{id}", "body": {"end": "{past}"}},
                "enable": {"request": "PATCH /keys/{id}", "body": {"end": "{expiry}"}}
            },
            "key": {
                "id": {"at": "/key", "secret": true, "reference": ["/name", "/made"]},
                "label": {"at": "/name", "marker": "/tag"},
                "scopes": {"axes": {"action": {"prefix": "action:", "at": "/actions"}, "rule": {"prefix": "rule:", "at": "/rules"}}},
                "expiry": {"at": "/end", "as": "date", "never": ["2999-12-31"]},
                "enabled": {"at": "/state", "on": ["on"], "off": ["off"]},
                "secret": {"id": "/name", "secret": "/key"},
                "options": {"hosts": {"at": "/hosts", "as": {"text": ","}}, "policy": "/policy"},
                "live": [{"at": "/gone", "absent": true}]
            }
        }},
        "catalogue": {"form": ".*", "unlisted": "allow"}
    })
}

/// Every problem of a changed profile, with its place.
fn problems(pointer: &str, value: Value) -> Vec<String> {
    let mut written = profile();
    match pointer.rsplit_once('/') {
        Some((parent, field)) if value.is_null() => {
            written.pointer_mut(parent).and_then(Value::as_object_mut).expect(pointer).remove(field);
        }
        Some((parent, field)) => {
            written.pointer_mut(parent).and_then(Value::as_object_mut).expect(pointer).insert(field.to_owned(), value);
        }
        None => {}
    }
    let profile: Profile = serde_json::from_value(written).expect("a profile");
    let mut report = Report::default();
    profile.check(&"providers/acme.yaml".into(), &mut report);
    let said = |diagnostic: &crate::diagnostics::Diagnostic| match &diagnostic.place {
        Some(Place::Route { route, .. }) => format!("{route}: {}", diagnostic.message),
        _ => diagnostic.message.clone(),
    };
    report.diagnostics().iter().map(said).collect()
}

#[test]
fn a_profile_that_agrees_with_itself_has_no_problem() {
    assert_eq!(problems("", Value::Null), [""; 0]);
}

#[test]
fn contradictions_stand_at_their_place() {
    let http = "/api/http";
    for (pointer, value, expected) in [
        ("/key/scopes/axes/role", json!({"at": "/role"}), "api.http.key.scopes.axes.role: `formats.scopes` has no axis `role`"),
        (
            "/key/scopes/axes/action/prefix",
            json!("act:"),
            "api.http.key.scopes.axes.action.prefix: scopes of this axis begin with `action:` in `formats.scopes`",
        ),
        (
            "/formats/scopes/axes/role",
            json!({"prefix": "action:"}),
            "api.http.formats.scopes.axes.role: another axis has the prefix `action:`, too",
        ),
        (
            "/formats/scopes/axes/role",
            json!({"prefix": "role:"}),
            "api.http.operations.create: nothing sends the axis `role`: name `{scopes.role}`",
        ),
        (
            "/formats/scopes/axes/action/lookup",
            json!("groups"),
            "api.http.formats.scopes.axes.action.lookup: `api.http.lookups` has no `groups`",
        ),
        (
            "/formats/scopes/axes/rule/as/objects/form",
            json!("{r}:{x}"),
            "api.http.formats.scopes.axes.rule.as.objects.form: nothing says where `{x}` is",
        ),
        (
            "/operations/edit/body/all",
            json!("{scopes}"),
            "api.http.operations.edit: scopes have axes here: a request names `{scopes.AXIS}`",
        ),
        ("/operations/edit/body/all", json!("{scopes.role}"), "api.http.operations.edit: `formats.scopes` has no axis `role`"),
        ("/formats/options/hats", json!({"as": "single"}), "api.http.formats.options.hats: `hats` is no option of this provider"),
        ("/formats/options/policy", json!({}), "api.http.formats.options.policy: `policy` is passed on unchanged: no codec writes it"),
        ("/formats/expiry", json!("seconds"), "api.http.formats.expiry: what counts from now cannot say `{past}`"),
        (
            "/key/id",
            json!({"at": "/key", "secret": true}),
            "api.http.key.id: an id that is a secret needs a `reference`, which is kept instead of it",
        ),
        ("/key/id/reference", json!(["/key"]), "api.http.key.id.reference: it names the secret itself"),
        (
            "/operations/list",
            Value::Null,
            "api.http.key.id.reference: a reference is looked up in the listing, and there is no operation `list`",
        ),
        (
            "/key/label",
            Value::Null,
            "api.http.key: nothing says where a key's label is: point `label` at it, or say `capabilities.label: none`",
        ),
        ("/key/label/joined_by", json!("-"), "api.http.key.label.joined_by: a marker with a place of its own is joined to nothing"),
        (
            "/operations/create/body/tag",
            Value::Null,
            "api.http.operations.create: nothing sends `{marker}`: a key could not be found again",
        ),
        ("/key/enabled", json!({"at": "/state"}), "api.http.key.enabled: say which values are `on`, or which are `off`"),
        ("/key/enabled/off", json!(["on"]), "api.http.key.enabled: `\"on\"` is `on` and `off`"),
        (
            "/operations/enable/body",
            json!({"on": true}),
            "api.http.operations.enable: a key that is disabled by its end gets it back when it is enabled: name `{expiry}`",
        ),
        ("/key/live", json!([{"at": "/x"}]), "api.http.key.live[0]: say exactly one of `is`, `is_not`, `absent` and `matches`"),
        (
            "/operations/create/body/end",
            Value::Null,
            "capabilities.expiry.settable: `capabilities.expiry.settable` and the request `create` disagree on whether an end can be asked for",
        ),
    ] {
        let found = problems(&format!("{http}{pointer}"), value);
        assert!(found.iter().any(|found| found == expected), "{pointer}: {found:#?}");
    }
    for (pointer, value, expected) in [
        (
            "/capabilities/scopes",
            json!("write-only"),
            "api.http.key.scopes: `capabilities.scopes` says that no scopes come back: remove this, or say how they compare",
        ),
        ("/capabilities/label", json!("none"), "api.http.key.label: `capabilities.label` says that a key has no place for a label"),
        (
            "/capabilities/editable",
            json!({"label": true}),
            "api.http.key.id.reference: a label that can be edited is no lasting part of a reference",
        ),
        (
            "/capabilities/expiry/tolerance",
            json!("1h"),
            "capabilities.expiry.tolerance: an end is said in whole days: differences of up to `1d` are rounding",
        ),
        ("/secret/compose", json!("{part.key}"), "secret.compose: `{part.key}` has no value here"),
        ("/secret/parts", json!(["id", "secret", "value"]), "secret.parts: `value` is the name of the composed part"),
        (
            "/secret",
            json!({"parts": ["id", "secret"], "encode": "base64"}),
            "secret.encode: only a composed text is encoded: give `compose`, too",
        ),
    ] {
        let found = problems(pointer, value);
        assert!(found.iter().any(|found| found == expected), "{pointer}: {found:#?}");
    }
}

#[test]
fn scopes_that_never_come_back_are_said_to_be_write_only() {
    let found = problems("/api/http/key/scopes", Value::Null);
    let expected = "capabilities.scopes: nothing says where answers have scopes: point `key.scopes` at them, or say `write-only`";
    assert_eq!(found, [expected]);
}
