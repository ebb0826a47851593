//! Sets of scopes on their way there and back.
use super::*;
use serde_json::json;

fn set(scopes: &[&str]) -> ScopeSet {
    scopes.iter().copied().map(Scope::from).collect()
}

fn written(writer: Value, scopes: &[&str], lookups: &Lookups) -> Result<Vec<(String, Value)>, WordsProblem> {
    let writer: ScopesWriter = serde_json::from_value(writer).expect("a writer");
    let known = set(&["action:read", "action:write", "index:a", "read", "write"]);
    let written = writer.write(&set(scopes), known.iter(), lookups)?;
    Ok(written.into_iter().map(|(placeholder, value)| (placeholder.to_string(), value)).collect())
}

fn read(reader: Value, answer: Value, lookups: &Lookups) -> Result<Option<ScopeSet>, Pointer> {
    serde_json::from_value::<ScopesReader>(reader).expect("a reader").read(&answer, lookups)
}

#[test]
fn sets_survive_the_way_there_and_back() {
    let none = Lookups::new();
    let scopes = read(json!({"at": "/s", "as": "array"}), json!({"s": ["write", "read", "write"]}), &none);
    assert_eq!(scopes, Ok(Some(set(&["read", "write"]))));
    assert_eq!(written(json!("array"), &["write", "read"], &none), Ok(vec![("scopes".into(), json!(["read", "write"]))]));
    assert_eq!(written(json!({"text": " "}), &["write", "read"], &none), Ok(vec![("scopes".into(), json!("read write"))]));
    assert_eq!(read(json!({"at": "/s"}), json!({"s": 7}), &none), Err("/s".parse().expect("a pointer")));
    assert_eq!(read(json!({"at": "/s"}), json!({}), &none), Ok(None));
    assert_eq!(written(json!("single"), &["write", "read"], &none), Err(WordsProblem::NotOne { axis: None, count: 2 }));
}

#[test]
fn axes_are_written_and_read_apart() {
    let none = Lookups::new();
    let writer = json!({"axes": {"action": {"prefix": "action:", "as": "map"}, "index": {"prefix": "index:", "as": {"text": ","}}}});
    assert_eq!(
        written(writer.clone(), &["action:read", "index:a", "index:b"], &none),
        Ok(vec![("scopes.action".into(), json!({"read": true, "write": false})), ("scopes.index".into(), json!("a,b"))])
    );
    assert_eq!(written(writer, &["role:x"], &none), Err(WordsProblem::NoAxis("role:x".into())));
    let reader = json!({"axes": {
        "action": {"prefix": "action:", "at": "/actions"},
        "role": {"prefix": "role:", "at": "/level", "as": "single", "names": {"developer": 30}}
    }});
    let scopes = read(reader.clone(), json!({"actions": ["read"], "level": 30}), &none);
    assert_eq!(scopes, Ok(Some(set(&["action:read", "role:developer"]))));
    assert_eq!(read(reader.clone(), json!({"level": 40}), &none), Ok(Some(set(&["role:40"]))), "what has no name is told as it is");
    assert_eq!(read(reader, json!({}), &none), Ok(None));
}

#[test]
fn a_scope_belongs_to_the_longest_prefix() {
    let writer = json!({"axes": {"rest": {}, "role": {"prefix": "role:", "as": "single"}}});
    assert_eq!(
        written(writer, &["read", "role:admin"], &Lookups::new()),
        Ok(vec![("scopes.rest".into(), json!(["read"])), ("scopes.role".into(), json!("admin"))])
    );
}

#[test]
fn names_are_looked_up_at_the_provider() {
    let lookups = Lookups::from([("groups".to_owned(), BTreeMap::from([("Zone Read".to_owned(), json!("c8f"))]))]);
    let writer = json!({"as": {"objects": {"form": "{id}", "fields": {"id": "/id"}}}, "lookup": "groups"});
    assert_eq!(written(writer.clone(), &["Zone Read"], &lookups), Ok(vec![("scopes".into(), json!([{"id": "c8f"}]))]));
    assert_eq!(written(writer, &["Zone Write"], &lookups), Err(WordsProblem::Unlisted("Zone Write".into())));
    let reader = json!({"at": "/ids", "lookup": "groups"});
    assert_eq!(read(reader, json!({"ids": ["c8f", "new"]}), &lookups), Ok(Some(set(&["Zone Read", "new"]))));
}

#[test]
fn scopes_are_gathered_along_a_path() {
    let none = Lookups::new();
    let reader = json!({"at": "/policies/*/groups/*/name"});
    let answer = json!({"policies": [{"groups": [{"name": "a"}, {"name": "b"}]}, {"groups": [{"name": "c"}]}]});
    assert_eq!(read(reader.clone(), answer, &none), Ok(Some(set(&["a", "b", "c"]))));
    assert_eq!(read(reader.clone(), json!({"policies": []}), &none), Ok(Some(set(&[]))));
    assert_eq!(read(reader, json!({}), &none), Ok(None));
    let lists = json!({"at": "/roles/*/privileges"});
    assert_eq!(read(lists, json!({"roles": {"x": {"privileges": ["a"]}, "y": {"privileges": ["b"]}}}), &none), Ok(Some(set(&["a", "b"]))));
}

#[test]
fn an_option_is_written_and_read_by_the_same_codecs() {
    let writer: NamedWriter = serde_json::from_value(json!({"as": {"text": ","}})).expect("a writer");
    assert_eq!(writer.option(&json!(["a", "b"]), &Lookups::new()), Ok(json!("a,b")));
    assert_eq!(writer.option(&json!({"x": 1}), &Lookups::new()), Ok(json!({"x": 1})));
    let reader: WordsReader = serde_json::from_value(json!({"at": "/hosts", "as": {"text": ","}})).expect("a reader");
    assert_eq!(reader.list(&json!({"hosts": "b,a"}), &Lookups::new()), Ok(Some(json!(["a", "b"]))));
    assert_eq!(reader.list(&json!({}), &Lookups::new()), Ok(None));
}

#[test]
fn an_axis_of_one_word_has_exactly_one() {
    let writer = json!({"axes": {"rest": {}, "kind": {"prefix": "kind:", "as": "single", "names": {"read": true, "write": false}}}});
    let none = Lookups::new();
    assert_eq!(
        written(writer.clone(), &["x", "kind:write"], &none),
        Ok(vec![("scopes.kind".into(), json!(false)), ("scopes.rest".into(), json!(["x"]))])
    );
    let problem = written(writer, &["x"], &none).expect_err("a problem");
    assert_eq!(problem.to_string(), "the provider takes exactly one scope of the axis `kind`, not 0");
}

#[test]
fn axes_share_a_place_by_what_they_know() {
    let table = |name: &str, id: &str| BTreeMap::from([(name.to_owned(), json!(id))]);
    let lookups = Lookups::from([("account".to_owned(), table("DNS Read", "a1")), ("zone".to_owned(), table("DNS Read", "z1"))]);
    let reader = json!({"axes": {
        "account": {"prefix": "account:", "at": "/groups/*/id", "lookup": "account"},
        "zone": {"prefix": "zone:", "at": "/groups/*/id", "lookup": "zone"}
    }});
    let answer = json!({"groups": [{"id": "z1"}, {"id": "new"}]});
    assert_eq!(read(reader, answer, &lookups), Ok(Some(set(&["zone:DNS Read", "account:new"]))), "what no list has is told once");
    let reader = json!({"axes": {
        "in": {"prefix": "in:", "at": "/on", "as": {"keys": "*"}, "matches": "zone\\..+"},
        "all": {"prefix": "all:", "at": "/on", "as": {"keys": "*"}, "matches": "account\\..+"}
    }});
    let answer = json!({"on": {"zone.1": "*", "account.2": "*"}});
    assert_eq!(read(reader, answer, &Lookups::new()), Ok(Some(set(&["in:zone.1", "all:account.2"]))));
}

#[test]
fn a_word_without_a_value_takes_the_others_nothing() {
    let lookups =
        Lookups::from([("ids".to_owned(), BTreeMap::from([("read".to_owned(), json!("r1")), ("write".to_owned(), Value::Null)]))]);
    let writer = json!({"as": "map", "lookup": "ids"});
    assert_eq!(written(writer.clone(), &["read"], &lookups), Ok(vec![("scopes".into(), json!({"r1": true}))]));
    assert_eq!(written(writer.clone(), &["write"], &lookups), Err(WordsProblem::Several("write".into())), "two have the name");
    let more = Lookups::from([("ids".to_owned(), BTreeMap::from([("read".to_owned(), json!("r1")), ("write".to_owned(), json!("w1"))]))]);
    assert_eq!(written(writer, &["read"], &more), Ok(vec![("scopes".into(), json!({"r1": true, "w1": false}))]), "the rest is unlisted");
}

#[test]
fn what_can_never_be_asked_for_is_known_beforehand() {
    let writer: ScopesWriter = serde_json::from_value(json!({"axes": {
        "project": {"prefix": "project:", "required": true},
        "kind": {"prefix": "kind:", "as": "single"},
        "group": {"prefix": "group:", "lookup": "groups"}
    }}))
    .expect("a writer");
    let problem = |scopes: &[&str]| writer.problem(&set(scopes));
    assert_eq!(problem(&["project:a", "kind:x", "group:whatever"]), None, "no list has been read yet");
    assert_eq!(problem(&["kind:x"]), Some(WordsProblem::NoneOf { axis: "project".into() }));
    assert_eq!(problem(&["project:a", "kind:x", "kind:y"]), Some(WordsProblem::NotOne { axis: Some("kind".into()), count: 2 }));
    assert_eq!(writer.prefix("kind"), "kind:");
}

#[test]
fn nothing_at_a_place_may_stand_for_everything() {
    let reader = json!({
        "axes": {"cluster": {"prefix": "cluster:", "at": "/roles/*/cluster"}},
        "empty": {"at": "/roles", "means": ["unrestricted"]}
    });
    let scopes = |answer: Value| read(reader.clone(), answer, &Lookups::new());
    assert_eq!(scopes(json!({"roles": {}})), Ok(Some(set(&["unrestricted"]))));
    assert_eq!(scopes(json!({"roles": {"x": {}}})), Ok(Some(set(&[]))));
    assert_eq!(scopes(json!({"roles": {"x": {"cluster": ["all"]}}})), Ok(Some(set(&["cluster:all"]))));
    assert_eq!(scopes(json!({})), Ok(None));
}

#[test]
fn absence_may_stand_for_scopes() {
    let none = Lookups::new();
    let reader = json!({"at": "/scopes", "absent": ["*"]});
    assert_eq!(read(reader.clone(), json!({"scopes": null}), &none), Ok(Some(set(&["*"]))));
    assert_eq!(read(reader, json!({"scopes": []}), &none), Ok(Some(set(&[]))));
    let axes = json!({"axes": {"project": {"prefix": "project:", "at": "/projects", "absent": ["*"]}}});
    assert_eq!(read(axes, json!({}), &none), Ok(Some(set(&["project:*"]))));
}

#[test]
fn one_bad_word_makes_all_of_them_unreadable() {
    let none = Lookups::new();
    let place = |at: &str| Err(at.parse().expect("a pointer"));
    for (format, value) in [
        (json!("map"), json!({"a": true, "b": "yes"})),
        (json!("array"), json!(["a", ["b"]])),
        (json!({"keys": 1}), json!(["a"])),
        (json!("single"), json!(["a"])),
    ] {
        assert_eq!(read(json!({"at": "/s", "as": format}), json!({"s": value}), &none), place("/s"), "{format}");
        let option: WordsReader = serde_json::from_value(json!({"at": "/s", "as": format})).expect("a reader");
        assert_eq!(option.list(&json!({"s": value}), &none), Err("/s".parse().expect("a pointer")), "{format}");
    }
    let axes = json!({"axes": {"a": {"prefix": "a:", "at": "/a"}, "b": {"prefix": "b:", "at": "/b"}}});
    assert_eq!(read(axes, json!({"a": ["x"], "b": [null]}), &none), place("/b"), "though another axis is readable");
    assert_eq!(read(json!({"at": "/s/*"}), json!({"s": ["a", {}]}), &none), place("/s/*"));
    assert_eq!(read(json!({"at": "/s/*"}), json!({"s": ["a", ["b"]]}), &none), place("/s/*"), "a word beside a list");
}
