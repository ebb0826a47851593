//! An adoption that is decided, and carried out step by step: a process that dies in between leaves a file from which it is finished.
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::proposal::Proposal;
use super::unwritten;
use crate::apply;
use crate::diagnostics::Report;
use crate::files::{self, FileError};
use crate::ledger::{self, Ledger};
use crate::model::{Address, KeyRecord, Name};
use crate::workspace::{ManifestFile, discovery};
use crate::yaml;

/// Larger files are refused.
const LIMIT: u64 = 1 << 30;

/// Everything that an adoption writes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Decided {
    version: u32,
    account: Name,
    /// Of the manifest as it was; absent: there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    before: Option<String>,
    /// The manifest as it is to be.
    text: String,
    records: Vec<KeyRecord>,
    /// Everything is to be committed, too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    write_back: bool,
}

/// Whether a commit of what is adopted was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteBack {
    Asked,
    NotAsked,
}

/// What an adoption came to.
#[derive(Debug, PartialEq, Eq)]
pub struct Adopted {
    pub account: Name,
    pub addresses: BTreeSet<Address>,
    /// Keys whose entries somebody has taken out of the manifest since: they are not adopted.
    pub dropped: BTreeSet<Address>,
}

/// An adoption that cannot be carried out, or finished.
#[derive(Debug, thiserror::Error)]
pub enum PendingError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("`{0}` is damaged: {1}")]
    Damaged(PathBuf, String),
    /// Somebody has changed the manifest since, and it cannot be read.
    #[error("`{0}` was changed since an import was interrupted, and cannot be read")]
    Unreadable(Arc<str>),
}

/// The manifest that takes the adopted keys of an account, by its path below the workspace.
pub fn manifest_of(account: &Name) -> Arc<str> {
    format!("keys/{account}.yaml").into()
}

/// The account of an import that was interrupted, if one was.
pub fn pending(root: &Path) -> Result<Option<Name>, PendingError> {
    Ok(read(root)?.map(|decided| decided.account))
}

/// Writes an adoption down: manifest and records, all of it or, after a death, all of it with the next call of [`finish`].
///
/// Expected flow: the decision is made durable in a file of its own; then manifest, secret files and records are written; then that file goes.
/// Guarantees: at no instant can a plan see a record without its entry, which would disable the key, or an entry without its record, which would
/// create a twin: while the file is there, nothing is planned. Where a commit was asked for, the keys are noted as [`unwritten`] before that file goes.
/// Assumptions: the lock is held; ciphertexts are staged. Errors: the disk; what was decided is finished by the next call.
///
/// [`unwritten`]: super::unwritten()
pub fn carry_out(ledger: &Ledger, account: &Name, proposal: &Proposal, write_back: WriteBack) -> Result<Adopted, PendingError> {
    let decided = Decided {
        version: 1,
        account: account.clone(),
        before: proposal.before.as_deref().map(digest),
        text: proposal.text.clone(),
        records: proposal.keys.iter().map(|key| key.record.clone()).collect(),
        write_back: write_back == WriteBack::Asked,
    };
    let text = serde_json::to_vec(&decided).expect("a decision is plain data");
    files::write(&path(ledger.root()), &text)?;
    complete(ledger, decided)
}

/// Finishes what an interrupted import had decided. `None`: there was none.
///
/// Guarantees: as for [`carry_out`]. What somebody has made of the manifest meanwhile stays: a key is adopted when its entry is there, and not when
/// it is not. Errors: the disk; a manifest that cannot be read any more.
pub fn finish(ledger: &Ledger) -> Result<Option<Adopted>, PendingError> {
    read(ledger.root())?.map(|decided| complete(ledger, decided)).transpose()
}

fn complete(ledger: &Ledger, decided: Decided) -> Result<Adopted, PendingError> {
    let (root, file) = (ledger.root(), manifest_of(&decided.account));
    files::sweep(&root.join("keys"))?;
    files::sweep(&root.join("ledger"))?;
    let present = match files::read(&root.join(&*file), discovery::LIMIT) {
        Ok(bytes) => Some(bytes),
        Err(error) if error.is_not_found() => None,
        Err(error) => return Err(error.into()),
    };
    let declared = if present.as_deref().map(digest) == decided.before {
        files::write(&root.join(&*file), decided.text.as_bytes())?;
        declared(&file, Some(decided.text.as_bytes()))?
    } else {
        declared(&file, present.as_deref())?
    };
    let (addresses, dropped): (BTreeSet<Address>, BTreeSet<Address>) =
        decided.records.iter().map(|record| record.address.clone()).partition(|address| declared.contains(address.name.as_str()));
    let all: BTreeMap<Address, KeyRecord> = decided.records.into_iter().map(|record| (record.address.clone(), record)).collect();
    for address in &dropped {
        let written = files::read(&ledger.path(address), LIMIT).ok();
        if written.is_some_and(|bytes| bytes == ledger::text_of(&all[address]).into_bytes()) {
            ledger.remove(address)?;
            files::remove(&ledger.secret_path(address))?;
        }
    }
    apply::bring_forward(ledger, &all, &addresses)?;
    if decided.write_back && !addresses.is_empty() {
        unwritten::note(ledger, &decided.account, digest(decided.text.as_bytes()), &addresses)?;
    }
    files::remove(&path(root))?;
    Ok(Adopted { account: decided.account, addresses, dropped })
}

/// The names that a manifest declares.
fn declared(file: &Arc<str>, bytes: Option<&[u8]>) -> Result<BTreeSet<Box<str>>, PendingError> {
    let Some(bytes) = bytes else { return Ok(BTreeSet::new()) };
    let manifest = yaml::read::<ManifestFile>(file, bytes, &mut Report::default());
    let manifest = manifest.ok_or_else(|| PendingError::Unreadable(file.clone()))?;
    Ok(manifest.keys.0.into_iter().map(|(name, _)| name.name).collect())
}

fn read(root: &Path) -> Result<Option<Decided>, PendingError> {
    let path = path(root);
    let bytes = match files::read(&path, LIMIT) {
        Ok(bytes) => bytes,
        Err(error) if error.is_not_found() => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    serde_json::from_slice(&bytes).map(Some).map_err(|error| PendingError::Damaged(path, error.to_string()))
}

fn path(root: &Path) -> PathBuf {
    root.join(".keywright/import.json")
}

pub(super) fn digest(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(bytes))
}
