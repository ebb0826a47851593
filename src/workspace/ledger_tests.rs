//! Workspaces whose files, ledger and secret files do not belong together.
use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::tests::{KEY, advice_of, now, plain, put, told, workspace};
use super::*;
use crate::model::{Format, Generation, GenerationState, Sealed};

fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

fn sha256(bytes: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(bytes))
}

/// A record of one active generation that was sealed with these bytes.
pub fn record(address: &str, provider: &str, sealed: &[u8]) -> KeyRecord {
    let mut record = KeyRecord::new(address.parse().expect("an address"), provider);
    record.put(Generation {
        id: Some("api_1".to_owned()),
        expires_at: Some(at("2026-11-20T23:59:30Z")),
        sealed: Some(Sealed { sha256: sha256(sealed), format: Format::Json, recipients: BTreeMap::new() }),
        ..Generation::new(1, GenerationState::Active, "one", ["pay:read".into()].into(), at("2026-11-01T09:00:00.123Z"))
    });
    record
}

/// A good workspace with one recorded key.
fn recorded(change: impl FnOnce(&Path, &mut KeyRecord)) -> TempDir {
    let root = workspace(&[("keywright.yaml", &plain()), ("keys/a.yaml", KEY)]);
    let mut record = record("shop/one", "acme", b"sealed");
    put(root.path(), "secrets/shop/one.age", "sealed");
    change(root.path(), &mut record);
    Ledger::new(root.path()).save(&record).expect("saved");
    root
}

#[test]
fn a_recorded_key_is_loaded() {
    let root = recorded(|_, _| {});
    let Loaded { workspace, .. } = load(root.path(), now());
    assert_eq!(workspace.report.diagnostics(), []);
    let mut expected = record("shop/one", "acme", b"sealed");
    expected.generations[0].created_at = at("2026-11-01T09:00:00Z");
    assert_eq!(workspace.ledger.values().collect::<Vec<_>>(), [&expected]);
}

#[test]
fn secret_files_must_be_those_of_the_ledger() {
    let root = recorded(|root, _| put(root, "secrets/shop/one.age", "other"));
    assert_eq!(told(root.path()), ["secrets/shop/one.age ledger/secret-changed"]);
    let root = recorded(|root, _| fs::remove_file(root.join("secrets/shop/one.age")).expect("removed"));
    assert_eq!(told(root.path()), ["ledger/shop/one.yaml:5:1 ledger/secret-missing"]);
    assert!(advice_of(root.path()).starts_with("restore it from git"));
    let root = recorded(|root, record| {
        record.generations[0].state = GenerationState::Disabled;
        fs::remove_file(root.join("secrets/shop/one.age")).expect("removed");
    });
    assert_eq!(told(root.path()), ["ledger/shop/one.yaml:5:1 ledger/secret-missing (warning)"]);
    let root = recorded(|root, _| put(root, "secrets/shop/two.age", "x"));
    assert_eq!(told(root.path()), ["secrets/shop/two.age workspace/unexpected-file (warning)"]);
}

#[test]
fn an_interrupted_publication_is_no_hand_edit() {
    let next = |root: &Path, record: &mut KeyRecord| {
        let mut generation = super::ledger_tests::record("shop/one", "acme", b"next").generations.remove(0);
        (generation.number, generation.state) = (2, GenerationState::Sealed);
        record.put(generation);
        put(root, "secrets/shop/one.age", "next");
    };
    assert!(told(recorded(next).path()).is_empty());
    let resealing = |root: &Path, record: &mut KeyRecord| {
        let sealed = record.generations[0].sealed.clone().expect("sealed");
        record.generations[0].resealing = Some(Sealed { sha256: sha256(b"again"), ..sealed });
        put(root, "secrets/shop/one.age", "again");
    };
    assert!(told(recorded(resealing).path()).is_empty());
}

#[test]
fn records_must_be_readable_and_in_their_place() {
    let root = recorded(|root, record| {
        put(root, "ledger/shop/two.yaml", "version: 1\n");
        put(root, "ledger/shop/three.yaml", &crate::ledger::text_of(record));
        put(root, "ledger/shop.yaml", &crate::ledger::text_of(record));
        put(root, "ledger/shop/four.yml", "");
        put(root, "ledger/shop/six.YAML", "");
        put(root, "ledger/shop/note.txt", "");
        // The secret file of a record that cannot be read is nobody's mistake.
        put(root, "secrets/shop/two.age", "");
        let again = crate::ledger::text_of(record).replace("shop/one", "shop/five").replace("generations:", "generations: []\nx:");
        put(root, "ledger/shop/five.yaml", &again.split("\nx:").next().map(|text| format!("{text}\n")).unwrap_or_default());
    });
    let expected = [
        "ledger/shop.yaml:3:10 ledger/misplaced",
        "ledger/shop/five.yaml:5:1 ledger/invalid",
        "ledger/shop/four.yml workspace/unexpected-file (warning)",
        "ledger/shop/note.txt workspace/unexpected-file (warning)",
        "ledger/shop/six.YAML workspace/unexpected-file (warning)",
        "ledger/shop/three.yaml:3:10 ledger/misplaced",
        "ledger/shop/two.yaml ledger/invalid",
        "ledger/shop/two.yaml:1:1 yaml/missing-field",
        "ledger/shop/two.yaml:1:1 yaml/missing-field",
        "ledger/shop/two.yaml:1:1 yaml/missing-field",
    ];
    assert_eq!(told(root.path()).join("\n"), expected.join("\n"));
}

#[test]
fn a_ledger_follows_its_account() {
    let root = recorded(|_, record| record.provider = "loose".to_owned());
    assert_eq!(told(root.path()), ["ledger/shop/one.yaml:4:11 ledger/misplaced"]);
    let root = recorded(|root, _| {
        put(root, "keywright.yaml", &plain().replace("shop", "shop2"));
        put(root, "keys/a.yaml", &KEY.replace("shop", "shop2"));
    });
    assert_eq!(told(root.path()), ["ledger/shop/one.yaml:3:10 ledger/unknown-account"]);
}

#[test]
fn an_expiry_in_the_past_is_no_error_when_the_ledger_has_it() {
    let past = KEY.replace("lifetime: 90d", "expires: 2026-11-20");
    // Within the provider's rounding.
    let root = recorded(|root, _| put(root, "keys/a.yaml", &past));
    assert!(told(root.path()).is_empty());
    let root = recorded(|root, record| {
        put(root, "keys/a.yaml", &past);
        record.generations[0].expires_at = Some(at("2026-11-20T12:00:00Z"));
    });
    assert_eq!(told(root.path()), ["keys/a.yaml:3:41 manifest/expiry-past"]);
}

/// Manifests are read in the order of their names, which says nothing about where a move stands.
#[test]
fn an_expiry_in_the_past_is_known_from_a_move_in_any_file() {
    let key = KEY.replace("one:", "new:").replace("lifetime: 90d", "expires: 2026-11-20");
    let moved = "account: shop\nkeys: {}\nmoved:\n  - { from: shop/one, to: shop/new }\n";
    for [keys, moves] in [["keys/a.yaml", "keys/z.yaml"], ["keys/z.yaml", "keys/a.yaml"]] {
        let root = recorded(|root, _| {
            put(root, keys, &key);
            put(root, moves, moved);
        });
        assert_eq!(told(root.path()), [""; 0], "the move stands in {moves}");
        put(root.path(), moves, "account: shop\nkeys: {}\n");
        assert_eq!(told(root.path()).len(), 1, "without the move it is refused");
    }
}

#[test]
fn the_digest_covers_what_is_trusted_and_declared() {
    let root = recorded(|_, _| {});
    let digest = || load(root.path(), now()).workspace.digest;
    let first = digest();
    assert!(first.starts_with("sha256:") && first.len() == 71);
    put(root.path(), "keys/README.md", "not read");
    put(root.path(), "ledger/shop/x.txt", "not covered");
    assert_eq!(digest(), first);
    let mut seen = vec![first];
    for path in ["keywright.yaml", "keys/a.yaml", "providers/loose.yaml"] {
        let text = fs::read_to_string(root.path().join(path)).expect("read");
        put(root.path(), path, &format!("{text}# x\n"));
        seen.push(digest());
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 4);
}

#[cfg(unix)]
#[test]
fn links_are_refused_wherever_they_are() {
    use std::os::unix::fs::symlink;
    let elsewhere = tempfile::tempdir().expect("a directory");
    put(elsewhere.path(), "x.yaml", KEY);
    for (path, target) in
        [("keys/b.yaml", "x.yaml"), ("keys/b", ""), ("providers/b.yaml", "x.yaml"), ("ledger/b", ""), ("secrets/b", ""), (".keywright", "")]
    {
        let root = recorded(|_, _| {});
        symlink(elsewhere.path().join(target), root.path().join(path)).expect("linked");
        assert_eq!(told(root.path()), [format!("{path} workspace/symlink")]);
    }
    for path in ["keys", "providers", "ledger", "secrets", "keywright.yaml"] {
        let root = recorded(|_, _| {});
        let moved = elsewhere.path().join(format!("moved-{path}"));
        fs::rename(root.path().join(path), &moved).expect("moved");
        symlink(&moved, root.path().join(path)).expect("linked");
        assert!(told(root.path()).contains(&format!("{path} workspace/symlink")), "{path} {:?}", told(root.path()));
    }
}

#[cfg(unix)]
#[test]
fn what_is_no_file_and_what_is_too_large_is_told() {
    let root = recorded(|_, _| {});
    let made = std::process::Command::new("mkfifo").arg(root.path().join("keys/pipe.yaml")).status();
    assert!(made.is_ok_and(|status| status.success()));
    let large = fs::File::create(root.path().join("keys/large.yaml")).expect("created");
    large.set_len(discovery::LIMIT + 1).expect("made large");
    assert_eq!(told(root.path()), ["keys/large.yaml yaml/too-large", "keys/pipe.yaml workspace/unreadable"]);
    let root = recorded(|_, _| {});
    fs::remove_file(root.path().join("keywright.yaml")).expect("removed");
    fs::create_dir(root.path().join("keywright.yaml")).expect("created");
    assert!(told(root.path()).contains(&"keywright.yaml workspace/unreadable".to_owned()), "{:?}", told(root.path()));
}

#[test]
fn the_workspace_is_found_upwards() {
    let root = recorded(|_, _| {});
    let real = fs::canonicalize(root.path()).expect("a real path");
    let below = root.path().join("keys/deep");
    fs::create_dir_all(&below).expect("created");
    assert_eq!(find(None, &below).expect("found"), real);
    assert_eq!(find(Some(Path::new("keys/deep/..")), root.path()).expect("found"), real);
    assert_eq!(find(Some(&below), Path::new("/")).expect("found"), real);
    let missing = find(Some(Path::new("nowhere")), root.path()).expect_err("not there");
    assert_eq!(missing.code, Code::WorkspaceNotFound);
    let empty = tempfile::tempdir().expect("a directory");
    let nothing = find(None, empty.path()).expect_err("nothing there");
    assert!(nothing.help.expect("help").contains("keywright init"));
    put(empty.path(), "keywright.yml", "");
    assert!(find(None, empty.path()).expect_err("another name").help.expect("help").starts_with("rename"));
}
