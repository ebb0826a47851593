//! Whether everything is in order after an apply that was written back: provider, workspace and remote say the same, and every secret opens.
use keywright::model::GenerationState::{Active, Deleted, Disabled, Vanished};
use keywright::model::Marker;

use crate::machine::Machine;

/// Checks all that must be true when these keys are declared, and nothing else was made by hand with a marker of ours.
#[track_caller]
pub fn in_order(machine: &Machine<'_>, names: &[&str]) {
    works(machine, names);
    let team = machine.team;
    assert_eq!(team.journal(), "", "the journal of the remote is empty and nobody holds it");
    assert!(!machine.path(".keywright/journal.jsonl").exists(), "the journal here is gone");
    for name in names {
        for path in [format!("ledger/pay/{name}.yaml"), format!("secrets/pay/{name}.age")] {
            let there = team.git_command(&team.path("origin.git")).args(["show", &format!("main:{}{path}", team.below)]).output();
            let there = there.expect("git runs");
            assert!(there.status.success(), "`{path}` is not at the remote");
            assert!(there.stdout == std::fs::read(machine.path(&path)).expect("there"), "`{path}` differs at the remote");
        }
    }
    let waiting = machine.path(".keywright/sealed/pay");
    let waiting = std::fs::read_dir(waiting).map(|files| files.flatten().map(|file| file.file_name()).collect::<Vec<_>>());
    assert_eq!(waiting.unwrap_or_default(), Vec::<std::ffi::OsString>::new(), "no ciphertext is left over");
}

/// Each key has one live key at the provider, which its ledger file and its secret file name; no other live key bears a marker.
#[track_caller]
pub fn works(machine: &Machine<'_>, names: &[&str]) {
    let team = machine.team;
    let mut live: Vec<String> = Vec::new();
    for name in names {
        let record = machine.record(name);
        let active: Vec<_> = record.generations.iter().filter(|generation| generation.state == Active).collect();
        assert_eq!(active.len(), 1, "`{name}` has one current generation: {record:#?}");
        let opened = machine.run(&["open", &format!("pay/{name}"), "-i", &team.path("home/ops.txt").display().to_string()]).exits(0);
        let value: serde_json::Value = serde_json::from_str(&opened.stdout).expect("the usual form of two parts is JSON");
        let (id, secret) = (value["id"].as_str().expect("an id"), value["secret"].as_str().expect("a secret"));
        let key = team.emulator.key(id).expect("the sealed key is there");
        assert!(key.secret == secret && key.enabled, "the sealed secret of `{name}` works: {key:?}");
        assert_eq!(active[0].id.as_deref(), Some(id), "{record:#?}");
        assert!(active[0].marker.as_ref().is_some_and(|marker| key.label.ends_with(marker.as_str())), "{key:?}");
        for generation in record.generations.iter().filter(|generation| generation.state != Active) {
            let gone = matches!(generation.state, Disabled | Deleted | Vanished) || generation.id.is_none();
            assert!(gone, "`{name}` is at rest: {record:#?}");
        }
        live.push(id.to_owned());
    }
    let marked = |label: &str| label.rsplit(' ').next().is_some_and(|word| word.parse::<Marker>().is_ok());
    let mut seen: Vec<String> = team.live().into_iter().filter(|key| marked(&key.label)).map(|key| key.id).collect();
    live.sort();
    seen.sort();
    assert_eq!(seen, live, "live keys with a marker, and those in the ledger");
}
