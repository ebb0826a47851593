//! Adopted keys that are to be committed and are not yet. A commit that fails, or a process that dies before it, leaves them noted: a record that is
//! committed without its manifest entry would be taken for a removed key elsewhere.
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::pending::{PendingError, digest, manifest_of};
use crate::files;
use crate::ledger::Ledger;
use crate::model::{Address, Name};
use crate::workspace::discovery;

/// Larger files are refused.
const LIMIT: u64 = 1 << 26;

/// What imports have left to commit, by account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unwritten {
    version: u32,
    accounts: BTreeMap<Name, Left>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Left {
    /// Of the manifest as the import wrote it.
    manifest: String,
    addresses: BTreeSet<Address>,
}

impl Unwritten {
    pub fn is_empty(&self) -> bool {
        self.accounts.is_empty()
    }

    pub fn accounts(&self) -> impl Iterator<Item = &Name> {
        self.accounts.keys()
    }

    pub fn addresses(&self) -> impl Iterator<Item = &Address> {
        self.accounts.values().flat_map(|left| &left.addresses)
    }

    /// Whether the manifest of an account is on disk as an import wrote it. Errors: the disk.
    pub fn is_ours(&self, root: &Path, account: &Name) -> Result<bool, PendingError> {
        let Some(left) = self.accounts.get(account) else { return Ok(false) };
        match files::read(&root.join(&*manifest_of(account)), discovery::LIMIT) {
            Ok(bytes) => Ok(digest(&bytes) == left.manifest),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

/// What is noted. Errors: the disk, or a file that is damaged.
pub fn unwritten(root: &Path) -> Result<Unwritten, PendingError> {
    let path = path(root);
    let bytes = match files::read(&path, LIMIT) {
        Ok(bytes) => bytes,
        Err(error) if error.is_not_found() => return Ok(Unwritten::default()),
        Err(error) => return Err(error.into()),
    };
    serde_json::from_slice(&bytes).map_err(|error| PendingError::Damaged(path, error.to_string()))
}

/// Forgets what was noted: a commit has it. Errors: the disk.
pub fn written_back(root: &Path) -> Result<(), PendingError> {
    Ok(files::remove(&path(root))?)
}

/// Notes adopted keys, beside those that are noted. `manifest`: digest of the manifest as it was written.
pub(super) fn note(ledger: &Ledger, account: &Name, manifest: String, addresses: &BTreeSet<Address>) -> Result<(), PendingError> {
    let mut noted = unwritten(ledger.root())?;
    noted.version = 1;
    let left = noted.accounts.entry(account.clone()).or_insert_with(|| Left { manifest: String::new(), addresses: BTreeSet::new() });
    left.manifest = manifest;
    left.addresses.extend(addresses.iter().cloned());
    let text = serde_json::to_vec(&noted).expect("a note is plain data");
    Ok(files::write(&path(ledger.root()), &text)?)
}

fn path(root: &Path) -> PathBuf {
    root.join(".keywright/imported.json")
}
