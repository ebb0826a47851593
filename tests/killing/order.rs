//! Whether everything is in order after an apply that came to its end: workspace and provider say the same, and every secret works.
use std::collections::{BTreeMap, BTreeSet};

use keywright::model::GenerationState::{Active, Deleted, Disabled, Retiring, Vanished};
use keywright::model::{Generation, KeyRecord};
use keywright::vault::{self, Identities};

use crate::emulator::Key;
use crate::site::Site;

/// Scopes by name; none: declared as disabled.
pub type Declared = BTreeMap<String, Option<&'static str>>;

/// No secret of the provider is below the workspace in the open.
pub fn no_plaintext(site: &Site, secrets: &BTreeSet<String>) {
    for (path, entry) in site.sandbox.tree() {
        let text = String::from_utf8_lossy(&entry.bytes);
        let shown = secrets.iter().find(|secret| text.contains(secret.as_str()));
        assert!(shown.is_none(), "`{path}` holds a secret in the open");
    }
}

/// Checks all that must be true of a finished apply.
pub fn in_order(site: &Site, declared: &Declared, foreign: &[Key]) {
    for key in foreign {
        assert_eq!(site.emulator.key(&key.id).as_ref(), Some(key), "a foreign key was touched");
    }
    assert!(!site.sandbox.exists(".keywright/journal.jsonl"), "the journal is gone");
    let left: Vec<String> =
        site.sandbox.tree().into_keys().filter(|path| path.ends_with(".tmp") || path.starts_with(".keywright/sealed/pay/")).collect();
    assert_eq!(left, Vec::<String>::new(), "nothing half-done lies about");

    let records = records(site);
    let generations = || records.values().flat_map(|record| &record.generations);
    let ours: Vec<Key> = site.keys().into_iter().filter(|key| foreign.iter().all(|other| other.id != key.id)).collect();
    for key in &ours {
        let known = generations().find(|generation| generation.id.as_ref() == Some(&key.id));
        let known = known.unwrap_or_else(|| panic!("unknown to the ledger: {key:?}\n{records:#?}"));
        // A predecessor that was off before it retired is recorded as disabled when its overlap has passed.
        let agree = match known.state {
            Active => key.enabled,
            Disabled => !key.enabled,
            Retiring => true,
            _ => false,
        };
        assert!(agree, "ledger and provider differ: {key:?} {known:?}");
        assert!(known.marker.as_ref().is_some_and(|marker| key.label.ends_with(marker.as_str())), "{key:?} {known:?}");
    }
    for generation in generations() {
        assert_eq!(generation.switching, None, "{generation:?}");
        let there = ours.iter().any(|key| generation.id.as_ref() == Some(&key.id));
        assert!(there || generation.id.is_none() || matches!(generation.state, Deleted | Vanished), "not at the provider: {generation:?}");
    }
    for (name, scopes) in declared {
        let active = active(records.get(name));
        match scopes {
            Some(scopes) => {
                assert_eq!(active.len(), 1, "`{name}` has one current generation: {records:#?}");
                works(site, name, active[0], scopes);
            }
            None => assert_eq!(active, Vec::<&Generation>::new(), "`{name}` is disabled"),
        }
    }
    for (name, record) in &records {
        if !declared.contains_key(name) {
            assert_eq!(active(Some(record)), Vec::<&Generation>::new(), "`{name}` is not declared");
        }
    }
}

fn active(record: Option<&KeyRecord>) -> Vec<&Generation> {
    record.into_iter().flat_map(|record| &record.generations).filter(|generation| generation.state == Active).collect()
}

/// The published secret is the one of the current key, and the key is what was declared.
fn works(site: &Site, name: &str, current: &Generation, scopes: &str) {
    let key = site.emulator.key(current.id.as_deref().expect("an id")).expect("there");
    let identity = std::fs::read(site.sandbox.path("~/ops.txt")).expect("the identity");
    let identities = Identities::unlock(&identity, "ops.txt", &mut || None).expect("an identity");
    let ciphertext = std::fs::read(site.sandbox.path(&format!("secrets/pay/{name}.age"))).expect("a secret file");
    let sealed = current.sealed.as_ref().expect("sealed");
    assert_eq!(vault::seal::sha256(&ciphertext), sealed.sha256, "the ledger knows the file of `{name}`");
    let opened = vault::open::open(&ciphertext, &identities).expect("opened");
    let secret = vault::format::read(&opened, sealed.format, &["id".to_owned(), "secret".to_owned()]).expect("two parts");
    assert!(secret.part("id") == Some(&key.id) && secret.part("secret") == Some(&key.secret), "the secret of `{name}` is another one");
    let wanted: BTreeSet<&str> = scopes.split(", ").collect();
    assert_eq!(key.scopes.iter().map(String::as_str).collect::<BTreeSet<_>>(), wanted, "{key:?}");
    assert_eq!(current.scopes.iter().map(|scope| scope.as_str()).collect::<BTreeSet<_>>(), wanted, "{current:?}");
}

fn records(site: &Site) -> BTreeMap<String, KeyRecord> {
    let files = site.sandbox.tree().into_iter().filter(|(path, entry)| path.starts_with("ledger/pay/") && entry.kind == 'f');
    let read = |(path, entry): (String, crate::sandbox::Entry)| {
        let name = path.trim_start_matches("ledger/pay/").trim_end_matches(".yaml").to_owned();
        (name, serde_yaml::from_str(&String::from_utf8(entry.bytes).expect("UTF-8")).expect("a ledger file"))
    };
    files.map(read).collect()
}
