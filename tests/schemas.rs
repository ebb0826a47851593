//! Files and schemas agree, as a validator sees it that is not our own; and what is wrong is refused at its place.
//!
//! The first line of each file in `tests/invalid/` says what the program answers: every error with its line and column, and `schema` when the
//! published schema refuses the file, too. To change these lines, run the test with `UPDATE_EXPECT=1`, and read what became of them.
#[path = "program/run.rs"]
mod run;

use std::fs;
use std::path::Path;

use keywright::render::schemas::{NAMES, schema};
use serde_json::Value;

fn validator(name: &str) -> jsonschema::Validator {
    let schema: Value = serde_json::from_str(&schema(name).expect("a schema")).expect("JSON");
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    jsonschema::draft202012::new(&schema).expect("a valid schema")
}

fn yaml(text: &str) -> Option<Value> {
    serde_yaml::from_str(text).ok()
}

fn assert_valid(name: &str, what: &str, instance: &Value) {
    let validator = validator(name);
    let errors: Vec<String> = validator.iter_errors(instance).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{what}: {errors:?}");
}

#[test]
fn schemas_are_schemas() {
    for name in NAMES {
        validator(name);
        let text = fs::read_to_string(Path::new(run::REPOSITORY).join(format!("schemas/{name}.schema.json"))).expect("a schema");
        let committed: Value = serde_json::from_str(&text).expect("JSON");
        assert!(jsonschema::meta::is_valid(&committed), "{name}");
        assert!(committed["title"].is_string() && committed["description"].is_string(), "{name}");
    }
}

#[test]
fn examples_and_profiles_fit_their_schemas() {
    let root = Path::new(run::REPOSITORY);
    let mut files = 0;
    for (below, bytes) in run::tree(&root.join("examples")) {
        if below.extension().is_none_or(|extension| extension != "yaml") || below.iter().any(|part| part == "ledger") {
            continue;
        }
        let path = root.join("examples").join(&below);
        let text = String::from_utf8(bytes).expect("UTF-8");
        let named = text.lines().next().and_then(|line| line.strip_prefix("# yaml-language-server: $schema="));
        let named = path.parent().expect("a parent").join(named.unwrap_or_else(|| panic!("{}: names no schema", below.display())));
        assert!(named.exists(), "{}: there is no {}", below.display(), named.display());
        let name = if below.ends_with("keywright.yaml") { "config" } else { "manifest" };
        assert_eq!(named.canonicalize().expect("a path"), root.join(format!("schemas/{name}.schema.json")).canonicalize().expect("a path"));
        assert_valid(name, &below.to_string_lossy(), &yaml(&text).expect("YAML"));
        files += 1;
    }
    assert!(files >= 4);
    for (path, bytes) in run::tree(&root.join("src/profiles")) {
        assert_valid("profile", &path.to_string_lossy(), &yaml(&String::from_utf8(bytes).expect("UTF-8")).expect("YAML"));
    }
}

#[test]
fn what_the_program_writes_fits_its_schemas() {
    let copy = run::copy_of_examples();
    let plan = |arguments: &[&str]| -> Value {
        let arguments = [&["-C", "examples/quickstart", "plan", "-o", "json"], arguments].concat();
        serde_json::from_str(&run::succeed(copy.path(), &arguments)).expect("JSON")
    };
    let first = plan(&["--out", "saved.json"]);
    assert_eq!(first["summary"]["create"], 4);
    let saved: Value = serde_json::from_slice(&fs::read(copy.path().join("saved.json")).expect("a plan")).expect("JSON");
    run::succeed(copy.path(), &["-C", "examples/quickstart", "apply", "saved.json", "--yes"]);
    for (what, instance) in [("first", first), ("saved", saved), ("after", plan(&[])), ("offline", plan(&["--offline"]))] {
        assert_valid("plan", what, &instance);
    }
    let ledger = run::tree(&copy.path().join("examples/quickstart/ledger"));
    assert_eq!(ledger.len(), 4);
    for (path, bytes) in ledger {
        assert_valid("ledger", &path.to_string_lossy(), &yaml(&String::from_utf8(bytes).expect("UTF-8")).expect("YAML"));
    }
}

/// Whether a text has what must never be shown.
fn hides(text: &str) -> bool {
    text.contains("hunter2") || text.contains("SECRET-KEY-") || text.contains(['\u{1b}', '\u{202e}'])
}

/// What the program says to a file in the base workspace: its errors, as `code line:column`.
fn said(kind: &str, bytes: &[u8]) -> (Vec<String>, String) {
    let workspace = tempfile::tempdir().expect("a directory");
    for (path, bytes) in run::tree(&Path::new(run::REPOSITORY).join("tests/invalid/base")) {
        let to = workspace.path().join(path);
        fs::create_dir_all(to.parent().expect("a parent")).expect("a directory");
        fs::write(to, bytes).expect("written");
    }
    let file = if kind == "config" { "keywright.yaml" } else { "keys/invalid.yaml" };
    fs::write(workspace.path().join(file), bytes).expect("written");
    let output = run::run(workspace.path(), &["check", "-o", "json", "--now", "2026-11-21T09:00:00Z"]);
    let told = run::told(&output);
    assert!(matches!(output.status.code(), Some(0 | 1)), "{told}");
    let all: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{told}"));
    let errors: Vec<&Value> = all.iter().filter(|one| one["severity"] == "error").collect();
    assert_eq!(output.status.code(), Some(i32::from(!errors.is_empty())));
    let text = |one: &Value| format!("{} {}:{}", one["code"].as_str().expect("a code"), one["line"], one["column"]);
    let draw = || run::told(&run::run(workspace.path(), &["check", "--now", "2026-11-21T09:00:00Z"]));
    let drawn = if hides(&String::from_utf8_lossy(bytes)) { draw() } else { String::new() };
    (errors.into_iter().filter(|one| one["file"] == file).map(text).collect(), told + &drawn)
}

#[test]
fn what_is_wrong_is_refused_at_its_place() {
    let root = Path::new(run::REPOSITORY).join("tests/invalid");
    let (config, manifest) = (validator("config"), validator("manifest"));
    let update = std::env::var_os("UPDATE_EXPECT").is_some();
    let (mut count, mut wrong) = (0, Vec::new());
    for (path, bytes) in run::tree(&root).into_iter().filter(|(path, _)| !path.starts_with("base")) {
        let name = path.to_string_lossy().into_owned();
        let kind = name.split('-').next().expect("a part");
        let (errors, told) = said(kind, &bytes);
        assert!(!errors.is_empty(), "{name} is accepted\n{told}");
        assert!(!hides(&told), "{name}: what must not be shown is shown");
        let validator = if kind == "config" { &config } else { &manifest };
        let instance = std::str::from_utf8(&bytes).ok().and_then(yaml);
        let schema = instance.is_some_and(|instance| !validator.is_valid(&instance));
        let expected = format!("# {}{}", errors.join(", "), if schema { "; schema" } else { "" });
        let mark = if bytes.starts_with("\u{feff}".as_bytes()) { "\u{feff}" } else { "" };
        let end = bytes.iter().position(|byte| *byte == b'\n').expect("a first line");
        if bytes[..end] != *format!("{mark}{expected}").as_bytes() {
            wrong.push(format!("{name}: {expected}\n{told}"));
            if update {
                fs::write(root.join(&path), [format!("{mark}{expected}").as_bytes(), &bytes[end..]].concat()).expect("written");
            }
        }
        count += 1;
    }
    assert!(count >= 25);
    assert!(wrong.is_empty() || update, "{}", wrong.join("\n"));
}
