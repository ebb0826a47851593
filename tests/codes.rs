//! Every diagnostic code is raised somewhere, and a test knows each.
#[path = "architecture/source.rs"]
mod source;

use keywright::diagnostics::Code;

/// Codes that no test raises, because that takes a fault which cannot be made in a test. Each says which.
const NEED_FAULTS: &[(Code, &str)] = &[
    (Code::InternalUnexpected, "a bug"),
    (Code::ProviderUnanswered, "a create whose key shows up later than recovery waits"),
    (Code::ProviderVerifyFailed, "a provider that hands out a secret which does not work"),
    (Code::ProviderVerifyUndecided, "a provider that fails between the creation and the first call with the new key"),
];

/// Codes whose reason is gone. A code is never removed, so that its page still explains it.
const RETIRED: &[Code] = &[Code::ManifestNotEnforced, Code::ConfigNotEnforced];

/// The variant's name.
fn variant(code: Code) -> String {
    format!("{code:?}")
}

fn names(text: &str, code: Code) -> usize {
    let variant = format!("Code::{}", variant(code));
    let whole = |at: usize, length: usize| !text[at + length..].starts_with(|c: char| c.is_alphanumeric() || c == '-' || c == '_');
    let by_variant = text.match_indices(&variant).filter(|(at, found)| whole(*at, found.len())).count();
    by_variant + text.match_indices(code.as_str()).filter(|(at, found)| whole(*at, found.len())).count()
}

#[test]
fn every_code_is_raised() {
    let sources = source::read_tree(concat!(env!("CARGO_MANIFEST_DIR"), "/src"));
    let raising = sources.iter().filter(|source| source.path != "diagnostics/codes.rs");
    let code: String = raising.map(|source| source.code.as_str()).collect();
    let never: Vec<&str> =
        Code::ALL.iter().filter(|one| names(&code, **one) == 0 && !RETIRED.contains(one)).map(|one| one.as_str()).collect();
    assert!(never.is_empty(), "nothing raises {never:?}");
}

#[test]
fn a_test_knows_every_code() {
    let mut tests: Vec<String> = source::files(concat!(env!("CARGO_MANIFEST_DIR"), "/tests"))
        .into_iter()
        .filter(|(path, _)| path != "codes.rs")
        .map(|(_, text)| text)
        .collect();
    let (with_code, only_tests): (Vec<_>, Vec<_>) = source::parted(concat!(env!("CARGO_MANIFEST_DIR"), "/src"));
    tests.extend(only_tests.into_iter().map(|source| source.text));
    tests.extend(with_code.iter().filter(|source| source.path != "diagnostics/codes.rs").map(source::Source::tests));
    let tests = tests.concat();
    let known = |code: &Code| names(&tests, *code) > 0 || RETIRED.contains(code) || NEED_FAULTS.iter().any(|(other, _)| other == code);
    let untested: Vec<&str> = Code::ALL.iter().filter(|code| !known(code)).map(|code| code.as_str()).collect();
    assert!(untested.is_empty(), "no test knows {untested:?}");
}
