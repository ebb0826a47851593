//! Ciphertexts between seal and publish: they wait in `.keywright/sealed`, so that `secrets/` only ever holds published files.
use std::collections::BTreeSet;
use std::path::PathBuf;

use super::journal::SealedFile;
use crate::files::walk::{FoundKind, walk};
use crate::files::{self, FileError};
use crate::ledger::Ledger;
use crate::model::{Address, Generation, GenerationState, KeyRecord, Sealed};
use crate::vault;

/// Largest secret file that is read back, in bytes.
pub(super) const SECRET_FILE_LIMIT: u64 = 1 << 20;
const DIRECTORY: &str = ".keywright/sealed";

/// The waiting ciphertexts of one workspace.
pub(super) struct Staging<'a> {
    ledger: &'a Ledger,
}

impl<'a> Staging<'a> {
    pub fn of(ledger: &'a Ledger) -> Self {
        Self { ledger }
    }

    /// Puts a ciphertext there, durably.
    pub fn put(&self, address: &Address, sealed: &Sealed, ciphertext: &[u8]) -> Result<(), FileError> {
        files::write(&self.path(address, sealed), ciphertext)
    }

    /// Whether it waits, whole, to be published.
    pub fn holds(&self, address: &Address, sealed: &Sealed) -> bool {
        has(&self.path(address, sealed), sealed)
    }

    /// Whether the secret file in place is this very ciphertext.
    pub fn is_published(&self, address: &Address, sealed: &Sealed) -> bool {
        has(&self.ledger.secret_path(address), sealed)
    }

    /// Where the ciphertext is to be read.
    pub fn place(&self, address: &Address, sealed: &Sealed) -> PathBuf {
        if self.holds(address, sealed) { self.path(address, sealed) } else { self.ledger.secret_path(address) }
    }

    /// Moves it into place; that it is there already is success.
    pub fn publish(&self, address: &Address, sealed: &Sealed) -> Result<(), FileError> {
        if self.is_published(address, sealed) {
            return self.drop(address, sealed);
        }
        files::rename(&self.path(address, sealed), &self.ledger.secret_path(address))
    }

    /// Copies the secret file in place to another address; that it is there already, or nowhere, is success.
    pub fn relocate(&self, from: &Address, to: &Address, sealed: &Sealed) -> Result<(), FileError> {
        if self.is_published(to, sealed) || !self.is_published(from, sealed) {
            return Ok(());
        }
        files::write(&self.ledger.secret_path(to), &files::read(&self.ledger.secret_path(from), SECRET_FILE_LIMIT)?)
    }

    /// Forgets it.
    pub fn drop(&self, address: &Address, sealed: &Sealed) -> Result<(), FileError> {
        files::remove(&self.path(address, sealed))
    }

    /// As another machine gets it.
    pub fn carried(&self, address: &Address, sealed: &Sealed) -> Result<SealedFile, FileError> {
        let bytes = files::read(&self.place(address, sealed), SECRET_FILE_LIMIT)?;
        Ok((Self::carried_as(address, sealed), bytes))
    }

    /// What it is called there.
    pub fn carried_as(address: &Address, sealed: &Sealed) -> String {
        format!("{}/{}", address.account, file_name(address, sealed))
    }

    /// Puts a ciphertext of another machine where `carried` found it. `path`: as that said, without `..`.
    pub fn restore(&self, path: &str, ciphertext: &[u8]) -> Result<(), FileError> {
        files::write(&self.ledger.root().join(DIRECTORY).join(path), ciphertext)
    }

    /// How the paths of a key's ciphertexts begin.
    fn beginning(address: &Address) -> String {
        format!("{DIRECTORY}/{}/{}.", address.account, address.name)
    }

    /// Every ciphertext that waits for a key, whatever the records say.
    pub fn all_of(&self, address: &Address) -> Vec<PathBuf> {
        let begins = Self::beginning(address);
        let there = walk(self.ledger.root(), DIRECTORY).into_iter().filter(|found| matches!(found.kind, FoundKind::File));
        there
            .filter(|found| found.path.starts_with(&begins) && found.path.ends_with(".age"))
            .map(|found| self.ledger.root().join(&found.path))
            .collect()
    }

    /// Removes what no record waits for: a process died between a ciphertext and its record, or between a record and the removal.
    ///
    /// While the issuer of a grant was being asked when a run died, a ciphertext without a record may hold what it gave: that stays.
    pub fn sweep<'r>(&self, records: impl Iterator<Item = &'r KeyRecord>) -> Result<(), FileError> {
        let records: Vec<&KeyRecord> = records.collect();
        let asked =
            |record: &&&KeyRecord| record.generations.iter().any(|generation| generation.asking_since.is_some() && may_gain(generation));
        let asking: Vec<String> = records.iter().filter(asked).map(|record| Self::beginning(&record.address)).collect();
        let waiting: BTreeSet<String> = records
            .iter()
            .flat_map(|record| record.generations.iter().map(move |generation| (&record.address, generation)))
            .flat_map(|(address, generation)| generation.sealed.iter().chain(&generation.resealing).map(move |sealed| (address, sealed)))
            .map(|(address, sealed)| format!("{DIRECTORY}/{}", Self::carried_as(address, sealed)))
            .collect();
        let there = walk(self.ledger.root(), DIRECTORY).into_iter().filter(|found| matches!(found.kind, FoundKind::File));
        let kept = |path: &String| waiting.contains(path) || asking.iter().any(|begins| path.starts_with(begins));
        for found in there.filter(|found| found.path.ends_with(".age") && !kept(&found.path)) {
            files::remove(&self.ledger.root().join(&found.path))?;
        }
        Ok(())
    }

    fn path(&self, address: &Address, sealed: &Sealed) -> PathBuf {
        self.ledger.root().join(DIRECTORY).join(address.account.as_str()).join(file_name(address, sealed))
    }
}

/// Whether tokens that an issuer gave a run which died could yet be taken over for the generation, or for the key.
pub(super) fn may_gain(generation: &Generation) -> bool {
    matches!(generation.state, GenerationState::Active | GenerationState::Attended)
}

fn file_name(address: &Address, sealed: &Sealed) -> String {
    format!("{}.{}.age", address.name, &sealed.sha256[..16.min(sealed.sha256.len())])
}

fn has(path: &std::path::Path, sealed: &Sealed) -> bool {
    files::read(path, SECRET_FILE_LIMIT).is_ok_and(|bytes| vault::seal::sha256(&bytes) == sealed.sha256)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Format, Recipients, ScopeSet};

    #[test]
    fn what_no_record_waits_for_goes() {
        let root = tempfile::tempdir().expect("a directory");
        let ledger = Ledger::new(root.path());
        let (staging, address) = (Staging::of(&ledger), "pay/one".parse().expect("an address"));
        let [kept, orphan] = [b"kept", b"lost"].map(|bytes| {
            let sealed = Sealed { sha256: vault::seal::sha256(bytes), format: Format::Raw, recipients: Recipients::new() };
            staging.put(&address, &sealed, bytes).expect("put");
            sealed
        });
        let mut record = KeyRecord::new(address.clone(), "keyring");
        let sealed = Some(kept.clone());
        let created = jiff::Timestamp::UNIX_EPOCH;
        record.put(Generation { sealed, ..Generation::new(1, GenerationState::Sealed, "one", ScopeSet::new(), created) });
        staging.sweep([&record].into_iter()).expect("swept");
        assert_eq!((staging.holds(&address, &kept), staging.holds(&address, &orphan)), (true, false));
    }
}
