//! Checks the shape of the source: which module may name which, and who alone may touch files, sockets, clock, environment and terminal.
#[path = "architecture/rules.rs"]
mod rules;
#[path = "architecture/source.rs"]
mod source;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use rules::{ARROWS, BANS, FORBIDDEN_NAMES, LONGEST};
use source::Source;

fn sources() -> &'static [Source] {
    static ALL: LazyLock<Vec<Source>> = LazyLock::new(|| source::read_tree(concat!(env!("CARGO_MANIFEST_DIR"), "/src")));
    assert!(ALL.len() > 80, "the tree was found");
    &ALL
}

fn assert_none(problems: Vec<String>) {
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

#[test]
fn arrows_run_one_way() {
    for (position, (module, named)) in ARROWS.iter().enumerate() {
        for name in *named {
            let above = ARROWS[..position].iter().any(|(other, _)| other == name);
            assert!(above, "`{module}` may name `{name}` only when `{name}` stands above it");
        }
    }
}

#[test]
fn modules_name_only_what_is_below_them() {
    let sources = sources();
    let all: BTreeSet<(&str, &str)> =
        sources.iter().flat_map(|source| source.names.iter().map(|(_, name)| (source.module(), name.as_str()))).collect();
    for (module, named) in ARROWS {
        for name in *named {
            let used = all.contains(&(*module, *name));
            assert!(used, "the arrow from `{module}` to `{name}` is not used: remove it from the table");
        }
    }
    assert_none(sources.iter().flat_map(rules::strays).collect());
}

#[test]
fn effects_have_one_place_each() {
    let sources = sources();
    assert_none(BANS.iter().flat_map(|ban| sources.iter().flat_map(move |source| rules::violations(ban, source))).collect());
}

#[test]
fn exceptions_are_still_needed() {
    let sources = sources();
    for ban in BANS {
        let pattern = ban.regex();
        for (place, _) in ban.except {
            let used = sources.iter().any(|source| source.path.starts_with(place) && pattern.is_match(source.code.as_bytes()));
            assert!(used, "{}: `{place}` does not need its exception", ban.rule);
        }
    }
}

#[test]
fn files_say_what_they_are_for_and_stay_short() {
    let mut problems = Vec::new();
    for source in sources() {
        if !source.text.starts_with("//! ") {
            problems.push(format!("{}: does not begin with `//!`", source.path));
        }
        if source.lines() > LONGEST {
            problems.push(format!("{}: {} lines without its tests", source.path, source.lines()));
        }
        if source.path.split(['/', '.']).any(|part| FORBIDDEN_NAMES.contains(&part)) {
            problems.push(format!("{}: says nothing about what it holds", source.path));
        }
    }
    assert_none(problems);
}
