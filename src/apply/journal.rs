//! The write-ahead record of one apply: every state of every generation, appended before the ledger says it. Holds no secret.
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::files::{self, AppendFile, FileError};
use crate::model::{Address, Generation, GenerationState, KeyRecord, Marker};

/// Journals larger than this are refused.
const LIMIT: u64 = 1 << 30;

/// One line of the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Line {
    version: u32,
    at: Timestamp,
    address: Address,
    provider: String,
    #[serde(flatten)]
    step: Step,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Step {
    /// The generation has reached this state, or is about to.
    Generation(Box<Generation>),
    /// The provider certainly did not act on the intent of this marker.
    Withdrawn(Marker),
}

/// A journal that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("line {line} of `{}` is damaged: {reason}", path.display())]
    Damaged { path: PathBuf, line: usize, reason: String },
}

/// The open journal of a running apply.
pub struct Journal {
    path: PathBuf,
    file: RefCell<Option<AppendFile>>,
    /// A line was not written whole: nothing may follow it.
    torn: Cell<bool>,
}

impl Journal {
    /// The journal of a workspace; the file is made with the first line.
    pub fn of(root: &Path) -> Self {
        Self { path: path(root), file: RefCell::new(None), torn: Cell::new(false) }
    }

    /// Records what a generation is, or is about to be. Durable when this returns.
    pub fn record(&self, at: Timestamp, record: &KeyRecord, generation: &Generation) -> Result<(), FileError> {
        self.append(at, record, Step::Generation(Box::new(generation.clone())))
    }

    /// Records that the provider certainly did not act on an intent.
    pub fn withdraw(&self, at: Timestamp, record: &KeyRecord, marker: &Marker) -> Result<(), FileError> {
        self.append(at, record, Step::Withdrawn(marker.clone()))
    }

    /// Ends the journal: the ledger says everything that it said.
    pub fn close(&self) -> Result<(), FileError> {
        *self.file.borrow_mut() = None;
        files::remove(&self.path)
    }

    fn append(&self, at: Timestamp, record: &KeyRecord, step: Step) -> Result<(), FileError> {
        let line = Line { version: 1, at, address: record.address.clone(), provider: record.provider.clone(), step };
        let text = serde_json::to_string(&line).expect("a journal line is plain data");
        let mut open = self.file.borrow_mut();
        if self.torn.get() {
            return Err(FileError::of("write", &self.path)(io::Error::other("an earlier line was not written whole")));
        }
        let file = match open.as_mut() {
            Some(file) => file,
            None => open.insert(AppendFile::open(&self.path)?),
        };
        // What stands behind a torn line could not be read any more.
        file.append(&text).inspect_err(|_| self.torn.set(true))
    }
}

fn path(root: &Path) -> PathBuf {
    root.join(".keywright/journal.jsonl")
}

/// Brings the ledger up to what an interrupted apply had recorded; answers the addresses that changed.
///
/// Expected flow: read the journal before anything is planned; save the changed records; only then start a new journal. Guarantees: a generation
/// that the journal knows is never forgotten, whatever happened to the ledger files since (a `git checkout`, say). Assumptions: the journal was
/// written before the ledger. Caveats: a torn last line was never acted on and is passed over. Errors: damage anywhere else.
pub fn replay(root: &Path, ledger: &mut BTreeMap<Address, KeyRecord>) -> Result<Vec<Address>, JournalError> {
    let path = path(root);
    let bytes = match files::read(&path, LIMIT) {
        Ok(bytes) => bytes,
        Err(error) if error.is_not_found() => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let mut changed = Vec::new();
    let lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
    for (i, text) in lines.iter().enumerate().filter(|(_, text)| !text.is_empty()) {
        let line: Line = match serde_json::from_slice(text) {
            Ok(line) => line,
            Err(_) if i + 1 == lines.len() => break,
            Err(error) => return Err(JournalError::Damaged { path, line: i + 1, reason: error.to_string() }),
        };
        let record = ledger.entry(line.address.clone()).or_insert_with(|| KeyRecord::new(line.address.clone(), &line.provider));
        if take(record, line.step) {
            changed.push(line.address);
        }
    }
    changed.sort();
    changed.dedup();
    ledger.retain(|_, record| !record.generations.is_empty());
    Ok(changed)
}

/// Takes one step into a record; answers whether it changed.
fn take(record: &mut KeyRecord, step: Step) -> bool {
    match step {
        Step::Withdrawn(marker) => {
            let before = record.generations.len();
            record
                .generations
                .retain(|generation| generation.marker.as_ref() != Some(&marker) || generation.state != GenerationState::Intended);
            before != record.generations.len()
        }
        Step::Generation(journaled) => {
            let same = record.generations.iter().find(|generation| generation.is_same(&journaled));
            match same {
                Some(known) if known.state.progress() >= journaled.state.progress() => return false,
                Some(known) => {
                    let number = known.number;
                    record.put(Generation { number, ..*journaled });
                }
                // Another machine has used the number since: the generation keeps its marker under the next one.
                None if record.generation(journaled.number).is_some() => {
                    let number = record.next_number();
                    record.put(Generation { number, ..*journaled });
                }
                None => record.put(*journaled),
            }
            true
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ScopeSet;

    fn generation(number: u32, state: GenerationState, marker: u8) -> Generation {
        let marker = Marker::from_random([marker; 5]);
        Generation {
            number,
            state,
            id: None,
            label: marker.label("one"),
            marker: Some(marker),
            scopes: ScopeSet::new(),
            options: BTreeMap::new(),
            created_at: Timestamp::UNIX_EPOCH,
            expires_at: None,
            last_verified_at: None,
            disable_after: None,
            disabled_at: None,
            delete_after: None,
            sealed: None,
            resealing: None,
            uneditable: Vec::new(),
        }
    }

    fn record(generations: Vec<Generation>) -> KeyRecord {
        KeyRecord { generations, ..KeyRecord::new("pay/one".parse().expect("an address"), "keyring") }
    }

    #[test]
    fn the_ledger_catches_up_with_the_journal_and_never_falls_back() {
        let directory = tempfile::tempdir().expect("a directory");
        let journal = Journal::of(directory.path());
        let key = record(vec![]);
        for state in [GenerationState::Intended, GenerationState::Created] {
            journal.record(Timestamp::UNIX_EPOCH, &key, &generation(1, state, 7)).expect("recorded");
        }
        let mut ledger = BTreeMap::new();
        assert_eq!(replay(directory.path(), &mut ledger).expect("replayed"), std::slice::from_ref(&key.address));
        assert_eq!(ledger[&key.address].generations[0].state, GenerationState::Created);

        let mut ahead = BTreeMap::from([(key.address.clone(), record(vec![generation(1, GenerationState::Active, 7)]))]);
        assert!(replay(directory.path(), &mut ahead).expect("replayed").is_empty());

        journal.close().expect("closed");
        assert!(replay(directory.path(), &mut BTreeMap::new()).expect("replayed").is_empty());
    }

    #[test]
    fn a_withdrawn_intent_leaves_nothing_and_a_torn_line_is_passed_over() {
        let directory = tempfile::tempdir().expect("a directory");
        let journal = Journal::of(directory.path());
        let key = record(vec![]);
        journal.record(Timestamp::UNIX_EPOCH, &key, &generation(1, GenerationState::Intended, 7)).expect("recorded");
        journal.withdraw(Timestamp::UNIX_EPOCH, &key, &Marker::from_random([7; 5])).expect("recorded");
        let path = path(directory.path());
        let mut bytes = files::read(&path, LIMIT).expect("read");
        bytes.extend_from_slice(b"{\"version\":1,\"at\":\"20");
        files::write(&path, &bytes).expect("written");
        let mut ledger = BTreeMap::new();
        replay(directory.path(), &mut ledger).expect("replayed");
        assert!(ledger.is_empty());

        bytes.extend_from_slice(b"\n{}\n");
        files::write(&path, &bytes).expect("written");
        assert!(matches!(replay(directory.path(), &mut ledger), Err(JournalError::Damaged { line: 3, .. })));
    }

    #[test]
    fn a_number_that_another_machine_used_is_not_overwritten() {
        let mut key = record(vec![generation(1, GenerationState::Active, 1)]);
        assert!(take(&mut key, Step::Generation(Box::new(generation(1, GenerationState::Created, 2)))));
        let numbers: Vec<_> = key.generations.iter().map(|generation| (generation.number, generation.state)).collect();
        assert_eq!(numbers, [(2, GenerationState::Created), (1, GenerationState::Active)]);
    }
}
