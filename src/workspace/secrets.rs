//! Compares secret files with the ledger, by the hash of the ciphertext. Opens none of them.
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::accounts::Settings;
use crate::diagnostics::{Code, Diagnostic, Part, Place, Report, Route, Severity, file};
use crate::files;
use crate::ledger::{record_name, secret_name};
use crate::model::{Address, Generation, GenerationState, KeyRecord};

/// Checks each record against its account and its secret file, and that every secret file belongs to a record.
pub(super) fn check(
    root: &Path,
    settings: Option<&Settings>,
    ledger: &BTreeMap<Address, KeyRecord>,
    unread: &BTreeSet<Arc<str>>,
    secrets: &[Arc<str>],
    report: &mut Report,
) {
    let present: BTreeSet<&str> = secrets.iter().map(|name| &**name).collect();
    let mut known: BTreeSet<String> = BTreeSet::new();
    for (address, record) in ledger {
        if let Some(settings) = settings {
            check_account(settings, address, record, report);
        }
        let name = secret_name(address);
        if let Some(current) = record.current().filter(|current| current.sealed.is_some()) {
            check_file(root, &name, present.contains(&*name), record, current, report);
        }
        known.insert(name);
    }
    // A record that could not be read may well own its secret file.
    known.extend(unread.iter().filter_map(|name| Some(format!("secrets/{}.age", name.strip_prefix("ledger/")?.strip_suffix(".yaml")?))));
    for name in secrets.iter().filter(|name| !known.contains(&***name)) {
        report.push(file::unexpected(name, "no ledger record belongs to it: restore the record from git, or remove the file"));
    }
}

fn check_account(settings: &Settings, address: &Address, record: &KeyRecord, report: &mut Report) {
    if !settings.declared.contains(address.account.as_str()) {
        let message = format!("the ledger has the key `{address}`, but `keywright.yaml` has no account `{}`", address.account);
        let help = "put the account back: without it, the live keys in the ledger would be forgotten";
        report.push(at(address, "address", Diagnostic::error(Code::LedgerUnknownAccount, message)).help(help));
    } else if let Some(provider) = settings.providers.get(&address.account).filter(|provider| provider.name() != record.provider) {
        let message = format!("the ledger has `{address}` at `{}`, but the account is at `{}` now", record.provider, provider.name());
        let help = format!("give the new provider an account of its own, and keep `{}` until its keys are gone", address.account);
        report.push(at(address, "provider", Diagnostic::error(Code::LedgerMisplaced, message)).help(help));
    }
}

fn check_file(root: &Path, name: &str, present: bool, record: &KeyRecord, current: &Generation, report: &mut Report) {
    let address = &record.address;
    let file: Arc<str> = name.into();
    if !present {
        // A link was reported where it was found.
        if fs::symlink_metadata(root.join(name)).is_err() {
            let message = format!("the secret file `{name}` of generation {} is missing", current.number);
            let help = format!("restore it from git: `git checkout -- {name}`");
            // Removing a dead key takes away its file before its record: an apply interrupted between the two must be able to go on.
            let live = current.state == GenerationState::Active;
            let severity = if live { Severity::Error } else { Severity::Warning };
            report.push(at(address, "generations", Diagnostic::new(Code::LedgerSecretMissing, severity, message)).help(help));
        }
        return;
    }
    let hash = match hash(&root.join(name)) {
        Ok(hash) => hash,
        Err(error) => return report.push(file::unreadable(&file, &error)),
    };
    // An interrupted apply may have put the next generation or a resealed file in place already; recovery then finishes it.
    let expected = |generation: &&Generation| generation.number == current.number || generation.state.is_unfinished();
    let sealed = record.generations.iter().filter(expected).flat_map(|generation| generation.sealed.iter().chain(&generation.resealing));
    if !sealed.map(|sealed| &sealed.sha256).any(|sha256| *sha256 == hash) {
        let message = format!("`{name}` is not the file that `apply` sealed for generation {}", current.number);
        let diagnostic = Diagnostic::error(Code::LedgerSecretChanged, message).at(Place::File(file));
        report.push(diagnostic.help(format!("restore file and record from git: `git checkout -- {name} {}`", record_name(address))));
    }
}

fn at(address: &Address, field: &str, diagnostic: Diagnostic) -> Diagnostic {
    let route = Route::default().field(field);
    diagnostic.at(Place::Route {
        file: record_name(address).into(),
        route,
        part: if field == "generations" { Part::Field } else { Part::Value },
    })
}

/// SHA-256 of a regular file, in lower-case hexadecimal. Reads it in pieces.
fn hash(path: &Path) -> io::Result<String> {
    let (mut file, _) = files::open_regular(path)?;
    let mut hasher = Sha256::new();
    let mut piece = vec![0; 16 << 10];
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(HEXLOWER.encode(&hasher.finalize())),
            length => hasher.update(&piece[..length]),
        }
    }
}
