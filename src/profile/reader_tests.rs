//! What readers make of answers.
use super::*;
use serde_json::json;

fn prepared(spec: Value) -> Reader {
    Reader::new(serde_json::from_value(spec).expect("a reader"), Some("api_own1".into())).expect("a pattern")
}

fn reader() -> Reader {
    prepared(json!({
        "id": {"at": "/id", "pattern": "api_[a-z0-9]{4}"},
        "label": "/label",
        "scopes": {"at": "/scopes", "as": "array"},
        "expiry": {"at": "/expiresAt", "as": "rfc3339", "absent": "never"},
        "enabled": "/enabled",
        "created": {"at": "/createdAt"},
        "secret": {"id": "/id", "secret": "/secret"},
        "options": {"methods": "/methods"}
    }))
}

fn now() -> Timestamp {
    "2027-03-01T12:00:00Z".parse().expect("an instant")
}

fn entry(reader: &Reader, answer: &Value) -> Result<Entry, ReadError> {
    reader.entry(answer, &Reading { now: now(), lookups: &Lookups::new() })
}

fn key(reader: &Reader, answer: Value) -> ObservedKey {
    entry(reader, &answer).expect("an entry").key().expect("a key")
}

fn standing(reader: &Reader, answer: Value) -> &'static str {
    match entry(reader, &answer).expect("an entry").standing {
        Standing::Key(_) => "key",
        Standing::Dead => "dead",
        Standing::Untouchable => "untouchable",
    }
}

#[test]
fn a_key_is_read_and_unknown_fields_are_ignored() {
    let whole = json!({
        "id": "api_own1", "label": "one", "scopes": ["b", "a"], "methods": ["HMAC"], "createdAt": "2024-05-16T23:06:50.000000Z",
        "enabled": false, "news": {"x": 1}
    });
    let whole = key(&reader(), whole);
    assert_eq!((whole.label.as_str(), whole.enabled, whole.expires_at, whole.own), ("one", Some(false), Some(None), true));
    assert_eq!(whole.scopes.expect("scopes").len(), 2);
    assert_eq!(whole.options["methods"], json!(["HMAC"]));
    let narrow = key(&reader(), json!({"id": "api_0001", "expiresAt": "2027-03-31T23:59:59Z"}));
    assert_eq!((narrow.enabled, narrow.scopes, narrow.own), (None, None, false));
    assert_eq!(narrow.expires_at.flatten().map(|at| at.to_string()).as_deref(), Some("2027-03-31T23:59:59Z"));
}

#[test]
fn doubtful_answers_are_errors() {
    let read = |answer: Value| entry(&reader(), &answer).expect_err("an error").to_string();
    assert_eq!(read(json!({"label": "x"})), "the answer has no key id at `/id`");
    assert_eq!(read(json!({"id": 7})), "the key id at `/id` has an unknown form");
    assert_eq!(read(json!({"id": ["api_0001"]})), "the answer has no key id at `/id`");
    assert_eq!(read(json!({"id": "api_../x"})), "the key id at `/id` has an unknown form");
    assert_eq!(read(json!({"id": "api_0001\n"})), "the key id at `/id` has an unknown form");
    assert_eq!(read(json!({"id": "api_0001", "scopes": "a b"})), "the answer's `/scopes` has an unexpected form");
    assert_eq!(read(json!({"id": "api_0001", "expiresAt": 5})), "the answer's `/expiresAt` has an unexpected form");
    assert_eq!(read(json!([])), "the answer has no key id at `/id`");
}

#[test]
fn a_secret_leaves_the_answer() {
    let shape = SecretShape::of_parts(vec!["id".to_owned(), "secret".to_owned()]);
    let mut answer = json!({"id": "api_0001", "secret": "hush"});
    let secret = reader().take_secret(&shape, &mut answer).expect("a secret");
    assert_eq!(secret.parts().collect::<Vec<_>>(), [("id", "api_0001"), ("secret", "hush")]);
    assert!(!answer.to_string().contains("hush"));
    for mut answer in [json!({"id": "api_0001"}), json!({"id": "api_0001", "secret": ""}), json!({"id": "api_0001", "secret": 5})] {
        assert!(reader().take_secret(&shape, &mut answer).is_none());
    }
}

#[test]
fn a_secret_may_be_nested_in_parts_or_composed() {
    let deep = prepared(json!({"id": {"at": "/data/id"}, "secret": {"id": "/data/id", "secret": "/data/attributes/key"}}));
    let shape = json!({"parts": ["id", "secret"], "compose": "{part.id}.{part.secret}"});
    let shape: SecretShape = serde_json::from_value(shape).expect("a shape");
    let secret = deep.take_secret(&shape, &mut json!({"data": {"id": "a", "attributes": {"key": "hush"}}})).expect("a secret");
    assert_eq!(secret.parts().collect::<Vec<_>>(), [("id", "a"), ("secret", "hush"), ("value", "a.hush")]);
    let bare = prepared(json!({"id": {"at": ""}, "secret": {"secret": ""}}));
    let one = SecretShape::of_parts(vec!["secret".to_owned()]);
    assert_eq!(bare.take_secret(&one, &mut json!("hush")).expect("a secret").part("secret"), Some("hush"));
}

#[test]
fn an_id_may_be_a_number_a_name_or_the_entry_itself() {
    let numbered = prepared(json!({"id": {"at": "/id", "pattern": "[0-9]+"}, "label": "/name"}));
    assert_eq!(key(&numbered, json!({"id": 42, "name": "x"})).id, "42");
    let named = prepared(json!({"id": {"at": "/name"}, "label": "/name"}));
    let named = key(&named, json!({"name": "robot kw-7f3ag2q4"}));
    assert_eq!(named.id, named.label);
    assert!(prepared(json!({"id": {"at": "/$name"}})).names_entries() && !numbered.names_entries());
    assert_eq!(key(&prepared(json!({"id": {"at": ""}})), json!("accessor-1")).id, "accessor-1");
}

#[test]
fn a_secret_id_is_known_by_a_reference_and_never_printed() {
    let mut secret = prepared(json!({"id": {"at": "/secret", "secret": true, "reference": ["/name", "/n"]}, "label": "/name"}));
    secret.also_own("hunter2".to_owned());
    let answer = json!({"secret": "hunter2", "name": "a", "n": 1});
    let read = entry(&secret, &answer).expect("an entry");
    assert!(!format!("{read:?}{secret:?}").contains("hunter2"));
    assert_eq!(read.id.as_ref().map(RealId::as_str), Some("hunter2"));
    let key = read.key().expect("a key");
    assert_eq!((key.id.as_str(), key.own), ("a@1", true));
    assert_eq!(
        entry(&secret, &json!({"secret": "hunter2", "name": "a"})).expect_err("an error").to_string(),
        "the answer has nothing at `/n`, which is part of what a key is known by"
    );
}

#[test]
fn what_is_dead_or_untouchable_is_no_key() {
    let reader = prepared(json!({
        "id": {"at": "/id"},
        "live": [{"at": "/revoked", "is": [false]}, {"at": "/kind", "matches": "user|bot"}],
        "untouchable": [{"at": "/id", "absent": true}, {"at": "/name", "is": ["service_role"]}],
        "own": [{"at": "/current", "is": [true]}]
    }));
    assert_eq!(standing(&reader, json!({"id": "a", "revoked": false, "kind": "bot"})), "key");
    assert_eq!(standing(&reader, json!({"id": "a", "revoked": true, "kind": "bot"})), "dead");
    assert_eq!(standing(&reader, json!({"id": "a", "revoked": false, "kind": "session"})), "dead");
    assert_eq!(standing(&reader, json!({"id": null, "revoked": false, "kind": "bot"})), "untouchable");
    let known = json!({"id": "a", "name": "service_role", "revoked": false, "kind": "user"});
    assert!(key(&reader, known).untouchable, "it has a name, so that it can be told whether it is ours");
    assert!(key(&reader, json!({"id": "a", "revoked": false, "kind": "bot", "current": true})).own);
    assert!(reader.is_told_by_answers());
}

#[test]
fn a_state_is_told_by_values() {
    let enabled = |values: Value, answer: Value| key(&prepared(json!({"id": {"at": "/id"}, "enabled": values})), answer).enabled;
    let both = json!({"at": "/status", "on": ["active"], "off": ["disabled", "suspended"]});
    assert_eq!(enabled(both.clone(), json!({"id": "a", "status": "active"})), Some(true));
    assert_eq!(enabled(both.clone(), json!({"id": "a", "status": "suspended"})), Some(false));
    assert_eq!(enabled(both.clone(), json!({"id": "a", "status": "news"})), None);
    assert_eq!(enabled(both, json!({"id": "a"})), None);
    let expired = json!({"at": "/disabled", "off": [true]});
    assert_eq!(enabled(expired.clone(), json!({"id": "a", "disabled": false})), Some(true));
    assert_eq!(enabled(expired.clone(), json!({"id": "a", "disabled": true})), Some(false));
    assert_eq!(enabled(expired, json!({"id": "a"})), None);
    let since = json!({"at": "/disabled_at", "on": [null]});
    assert_eq!(enabled(since.clone(), json!({"id": "a", "disabled_at": null})), Some(true));
    assert_eq!(enabled(since, json!({"id": "a", "disabled_at": "2027-01-01"})), Some(false));
}

#[test]
fn never_has_many_names() {
    let end = |spec: Value, value: Value| {
        let reader = prepared(json!({"id": {"at": "/id"}, "expiry": spec, "last_used": {"at": "/used", "as": "unix", "never": [0]}}));
        let key = key(&reader, json!({"id": "a", "end": value, "used": 0}));
        assert_eq!(key.last_used_at, None);
        key.expires_at.map(|end| end.map_or_else(|| "never".to_owned(), |end| end.to_string()))
    };
    let far = json!({"at": "/end", "never": [0, "4001-01-01T00:00:00Z"]});
    assert_eq!(end(far.clone(), json!(0)).as_deref(), Some("never"));
    assert_eq!(end(far.clone(), json!("4001-01-01T00:00:00.000Z")).as_deref(), Some("never"));
    assert_eq!(end(far.clone(), json!("2027-04-01T00:00:00Z")).as_deref(), Some("2027-04-01T00:00:00Z"));
    assert_eq!(end(far, json!(null)), None);
    let left = json!({"at": "/end", "as": "seconds", "never": [0, -1], "absent": "never"});
    assert_eq!(end(left.clone(), json!(3600)).as_deref(), Some("2027-03-01T13:00:00Z"), "what is left counts from now");
    assert_eq!(end(left.clone(), json!(-1)).as_deref(), Some("never"));
    assert_eq!(end(left, json!(null)).as_deref(), Some("never"));
    assert_eq!(end(json!({"at": "/end", "as": "date"}), json!("2027-03-31")).as_deref(), Some("2027-03-31T00:00:00Z"));
}

#[test]
fn the_end_of_a_key_that_is_disabled_by_it_is_not_its_own() {
    let spec = json!({"id": {"at": "/id"}, "expiry": {"at": "/end", "absent": "never"}, "enabled": {"at": "/expired", "off": [true]}});
    let (plain, by_past) = (prepared(spec.clone()), prepared(spec).ending_by_past(true));
    let answer = json!({"id": "a", "end": "2027-02-28T12:00:00Z", "expired": true});
    assert!(key(&plain, answer.clone()).expires_at.is_some());
    let off = key(&by_past, answer);
    assert_eq!((off.enabled, off.expires_at), (Some(false), None));
    let on = key(&by_past, json!({"id": "a", "expired": false}));
    assert_eq!((on.enabled, on.expires_at), (Some(true), Some(None)));
    let by_end = prepared(json!({"id": {"at": "/id"}, "expiry": {"at": "/end", "absent": "never"}})).ending_by_past(true);
    assert_eq!(key(&by_end, json!({"id": "a", "end": "2027-02-28T12:00:00Z"})).enabled, Some(false), "the end alone tells the state");
    assert_eq!(key(&by_end, json!({"id": "a"})).enabled, Some(true));
}

#[test]
fn labels_markers_and_options_are_where_the_profile_says() {
    let reader = prepared(json!({
        "id": {"at": "/id"},
        "label": {"at": "/name", "marker": "/meta/keywright"},
        "scopes": {"axes": {"action": {"prefix": "action:", "at": "/actions"}, "index": {"prefix": "index:", "at": "/indexes"}}},
        "options": {"hosts": {"at": "/hosts", "as": {"text": ","}}, "policy": "/policy"}
    }));
    let key = key(
        &reader,
        json!({
            "id": "a", "name": "Billing", "meta": {"keywright": "kw-7f3ag2q4"}, "actions": ["search"], "indexes": ["*"],
            "hosts": "b.example,a.example", "policy": {"allow": [{"path": "/x"}]}
        }),
    );
    assert_eq!(key.label, "Billing kw-7f3ag2q4");
    assert_eq!(key.scopes.expect("scopes").iter().map(ToString::to_string).collect::<Vec<_>>(), ["action:search", "index:*"]);
    assert_eq!(key.options["hosts"], json!(["a.example", "b.example"]));
    assert_eq!(key.options["policy"], json!({"allow": [{"path": "/x"}]}));
}
