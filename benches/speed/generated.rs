//! Writes workspaces of any size, all keys on PayConex with twenty scopes each. Knows no clock: the same arguments give the same bytes.
use std::fs;
use std::path::Path;

use jiff::Timestamp;
use keywright::ledger::{Ledger, text_of};
use keywright::model::{DesiredKey, Generation, GenerationState, KeyRecord, Marker, Recipients, Sealed};
use keywright::vault::seal::sha256;
use keywright::workspace;

/// Scopes of one key.
const SCOPES: usize = 20;

const CONFIG: &str = r#"version: 1
accounts:
  prod:
    provider: payconex
    environment: production
    params: { account_id: "220614966801" }
recipients:
  ops: [age17f9yaa00npfgwl572y7jc8rfjy09rraahafem4znerfw9qu8cdrsjeqh70]
defaults:
  recipients: [ops]
  lifetime: 90d
"#;

/// Writes `keywright.yaml` and so many keys, spread evenly over so many manifests.
pub fn workspace(root: &Path, keys: usize, files: usize) {
    let scopes = scopes();
    fs::create_dir_all(root.join("keys")).expect("a directory");
    fs::write(root.join("keywright.yaml"), CONFIG).expect("written");
    for file in 0..files {
        let own = file * keys / files..(file + 1) * keys / files;
        let entries: String = own.map(|number| entry(number, &scopes)).collect();
        fs::write(root.join(format!("keys/{file:05}.yaml")), format!("account: prod\nkeys:\n{entries}")).expect("written");
    }
}

fn entry(number: usize, scopes: &[String]) -> String {
    let team = number % 50;
    let head =
        format!("  key-{number:06}:\n    label: Key {number:06}\n    owner: \"@acme/team-{team}\"\n    purpose: Key number {number}\n");
    let own = (0..SCOPES).map(|i| format!("      - {}\n", scopes[(number * 7 + i) % scopes.len()]));
    format!("{head}    scopes:\n{}", own.collect::<String>())
}

/// Scopes that PayConex lists, without wildcards.
pub fn scopes() -> Vec<String> {
    let profiles = workspace::known_profiles(None);
    let (_, catalogue) = profiles.iter().find(|(profile, _)| profile.name == "payconex").expect("built in");
    catalogue.words().filter(|word| !word.ends_with('*')).map(str::to_owned).collect()
}

/// Writes the ledger and the secret files that an apply at `now` would have left: every key is as its manifest says.
pub fn ledger(root: &Path, now: Timestamp) {
    let loaded = workspace::load(root, now);
    assert!(!loaded.workspace.report.has_errors(), "the generated manifests are sound");
    let ledger = Ledger::new(root);
    for (number, key) in loaded.workspace.keys.values().enumerate() {
        let secret = format!("-----BEGIN AGE ENCRYPTED FILE-----\n{}{number:08}\n-----END AGE ENCRYPTED FILE-----\n", "A".repeat(500));
        for (path, text) in
            [(ledger.path(&key.address), text_of(&record(key, number, &secret, now))), (ledger.secret_path(&key.address), secret)]
        {
            fs::create_dir_all(path.parent().expect("a directory")).expect("a directory");
            fs::write(path, text).expect("written");
        }
    }
}

fn record(key: &DesiredKey, number: usize, secret: &str, now: Timestamp) -> KeyRecord {
    let [.., a, b, c, d, e] = (number as u64).to_be_bytes();
    let marker = Marker::from_random([a, b, c, d, e]);
    let label = marker.label(&key.label);
    let mut record = KeyRecord::new(key.address.clone(), "payconex");
    record.put(Generation {
        id: Some(format!("api_{number:032x}")),
        options: key.options.clone(),
        expires_at: key.expiry.end(now),
        last_verified_at: Some(now),
        sealed: Some(Sealed { sha256: sha256(secret.as_bytes()), format: key.format, recipients: Recipients::clone(&key.recipients) }),
        marker: Some(marker),
        ..Generation::new(1, GenerationState::Active, label, key.scopes.clone(), now)
    });
    record
}
