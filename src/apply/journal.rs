//! The write-ahead record of one apply: every state of every generation, appended before the ledger says it. Holds no secret.
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::files::{self, AppendFile, FileError};
use crate::model::{Address, Generation, GenerationState, KeyRecord, Marker, Reviewed};
use crate::vault;

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
    Generation {
        /// The fingerprint of what the record said of it before; absent for a new one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        replaces: Option<String>,
        now: Box<Generation>,
    },
    /// The provider certainly did not act on the intent of this marker.
    Withdrawn(Option<Marker>),
    /// The key of another address has this one now, or is about to.
    Moved {
        from: Address,
        /// As it is at the new address.
        record: Box<KeyRecord>,
        /// The fingerprints of its generations before, in its order.
        replaces: Vec<String>,
    },
    /// A person confirmed that the key is needed.
    Reviewed(Reviewed),
}

/// A journal that cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("line {line} of {place} is damaged: {reason}")]
    Damaged { place: String, line: usize, reason: String },
    /// What happened is durable on this machine only.
    #[error("{0}")]
    Remote(String),
}

/// A ciphertext that another machine would need to go on: its path below the sealed files, and its bytes.
pub type SealedFile = (String, Vec<u8>);

/// Where a journal is durable beyond this machine.
#[async_trait(?Send)]
pub trait Remote {
    /// Makes lines and ciphertexts durable, in order. When this answers, another machine can go on from them. Errors say what to do.
    async fn append(&self, lines: Vec<u8>, sealed: Vec<SealedFile>) -> Result<(), String>;
}

/// The open journal of a running apply.
pub struct Journal<'r> {
    path: PathBuf,
    file: RefCell<Option<AppendFile>>,
    /// A line was not written whole: nothing may follow it.
    torn: Cell<bool>,
    remote: Option<&'r dyn Remote>,
}

impl<'r> Journal<'r> {
    /// The journal of a workspace; the file is made with the first line.
    pub fn of(root: &Path) -> Self {
        Self { path: path(root), file: RefCell::new(None), torn: Cell::new(false), remote: None }
    }

    /// Goes on with what an earlier apply left, here or `elsewhere`: what one side lacks, it gets. A torn last line goes.
    ///
    /// `sealed`: what lines that the remote lacks rest on.
    pub async fn resume(
        root: &Path,
        elsewhere: &[u8],
        sealed: Vec<SealedFile>,
        remote: Option<&'r dyn Remote>,
    ) -> Result<Self, JournalError> {
        let journal = Self { remote, ..Self::of(root) };
        let here = read(&journal.path)?;
        let new_there = missing(&here, elsewhere);
        let mut all = elsewhere.to_vec();
        all.extend_from_slice(&new_there);
        if present(&journal.path)? != all {
            files::write(&journal.path, &all)?;
        }
        if let (Some(remote), false) = (remote, new_there.is_empty()) {
            remote.append(new_there, sealed).await.map_err(JournalError::Remote)?;
        }
        Ok(journal)
    }

    /// Records what a generation is, or is about to be. Durable when this returns.
    pub async fn record(
        &self,
        at: Timestamp,
        record: &KeyRecord,
        generation: &Generation,
        sealed: Vec<SealedFile>,
    ) -> Result<(), JournalError> {
        let replaces = record.generation(generation.number).map(fingerprint);
        self.append(at, record, Step::Generation { replaces, now: Box::new(generation.clone()) }, sealed).await
    }

    /// Records that the provider certainly did not act on an intent.
    pub async fn withdraw(&self, at: Timestamp, record: &KeyRecord, intent: &Generation) -> Result<(), JournalError> {
        self.append(at, record, Step::Withdrawn(intent.marker.clone()), Vec::new()).await
    }

    /// Records that a key gets another address. Durable when this returns.
    pub async fn relocate(&self, at: Timestamp, old: &KeyRecord, new: &KeyRecord, sealed: Vec<SealedFile>) -> Result<(), JournalError> {
        let replaces = old.generations.iter().map(fingerprint).collect();
        self.append(at, new, Step::Moved { from: old.address.clone(), record: Box::new(new.clone()), replaces }, sealed).await
    }

    /// Records that a person confirmed the key. Durable when this returns.
    pub async fn review(&self, record: &KeyRecord, reviewed: &Reviewed) -> Result<(), JournalError> {
        self.append(reviewed.at, record, Step::Reviewed(reviewed.clone()), Vec::new()).await
    }

    /// Proves that the journal of the remote, if any, is still ours.
    pub async fn prove_held(&self) -> Result<(), JournalError> {
        match self.remote {
            Some(remote) => remote.append(Vec::new(), Vec::new()).await.map_err(JournalError::Remote),
            None => Ok(()),
        }
    }

    /// Ends the journal: the ledger says everything that it said.
    pub fn close(&self) -> Result<(), FileError> {
        *self.file.borrow_mut() = None;
        files::remove(&self.path)
    }

    async fn append(&self, at: Timestamp, record: &KeyRecord, step: Step, sealed: Vec<SealedFile>) -> Result<(), JournalError> {
        let line = Line { version: 1, at, address: record.address.clone(), provider: record.provider.clone(), step };
        let text = serde_json::to_string(&line).expect("a journal line is plain data");
        self.write(&text)?;
        match self.remote {
            Some(remote) => remote.append(format!("{text}\n").into_bytes(), sealed).await.map_err(JournalError::Remote),
            None => Ok(()),
        }
    }

    fn write(&self, line: &str) -> Result<(), FileError> {
        let mut open = self.file.borrow_mut();
        if self.torn.get() {
            return Err(FileError::of("write", &self.path)(io::Error::other("an earlier line was not written whole")));
        }
        let file = match open.as_mut() {
            Some(file) => file,
            None => open.insert(AppendFile::open(&self.path)?),
        };
        // What stands behind a torn line could not be read any more.
        file.append(line).inspect_err(|_| self.torn.set(true))
    }
}

fn path(root: &Path) -> PathBuf {
    root.join(".keywright/journal.jsonl")
}

fn present(path: &Path) -> Result<Vec<u8>, FileError> {
    match files::read(path, LIMIT) {
        Err(error) if error.is_not_found() => Ok(Vec::new()),
        read => read,
    }
}

/// The whole lines of a journal file; none when there is no file.
fn read(path: &Path) -> Result<Vec<u8>, FileError> {
    let mut bytes = present(path)?;
    // A torn last line was never acted on.
    bytes.truncate(bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1));
    Ok(bytes)
}

/// The lines of `here` that `there` lacks.
fn missing(here: &[u8], there: &[u8]) -> Vec<u8> {
    let known: BTreeSet<&[u8]> = there.split_inclusive(|byte| *byte == b'\n').collect();
    here.split_inclusive(|byte| *byte == b'\n').filter(|line| !known.contains(line)).flatten().copied().collect()
}

/// Brings the ledger up to what an interrupted apply had recorded, here or, as lines, elsewhere.
///
/// Expected flow: read the journal before anything is planned; save the changed records; go on with the same journal. Guarantees: a generation
/// that the journal knows is never forgotten, whatever happened to the ledger files since (a `git checkout`, say). Assumptions: the journal was
/// written before the ledger. Caveats: a torn last line was never acted on and is passed over. Errors: damage anywhere else.
pub fn replay(root: &Path, elsewhere: &[u8], ledger: &mut BTreeMap<Address, KeyRecord>) -> Result<Replayed, JournalError> {
    let path = path(root);
    let here = missing(&read(&path)?, elsewhere);
    let mut before: BTreeMap<Address, KeyRecord> = BTreeMap::new();
    let mut moved = Vec::new();
    let there = lines("the journal of the remote".to_owned(), elsewhere);
    for line in there.chain(lines(format!("`{}`", path.display()), &here)) {
        let line = line?;
        let record = ledger.entry(line.address.clone()).or_insert_with(|| KeyRecord::new(line.address.clone(), &line.provider));
        before.entry(line.address.clone()).or_insert_with(|| record.clone());
        if let Step::Moved { from, record, replaces } = line.step {
            let old = ledger.remove(&from).unwrap_or_else(|| KeyRecord::new(from.clone(), &line.provider));
            before.entry(from.clone()).or_insert_with(|| old.clone());
            let left = take_over(ledger.entry(line.address.clone()).or_insert_with(|| (*record).clone()), old, *record, replaces);
            ledger.insert(from.clone(), left);
            moved.push((from, line.address));
        } else {
            take(record, line.step);
        }
    }
    ledger.retain(|_, record| !record.generations.is_empty());
    let changed = before.iter().filter(|(address, before)| match ledger.get(address) {
        Some(record) => record != *before,
        None => !before.generations.is_empty(),
    });
    Ok(Replayed { changed: changed.map(|(address, _)| address.clone()).collect(), journaled: before.into_keys().collect(), moved })
}

fn lines(place: String, bytes: &[u8]) -> impl Iterator<Item = Result<Line, JournalError>> {
    let whole = bytes.split(|byte| *byte == b'\n').enumerate().filter(|(_, text)| !text.is_empty());
    whole.map(move |(i, text)| {
        let damaged = |error: serde_json::Error| JournalError::Damaged { place: place.clone(), line: i + 1, reason: error.to_string() };
        serde_json::from_slice(text).map_err(damaged)
    })
}

/// What a journal held.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Addresses of which it knew more than the ledger.
    pub changed: BTreeSet<Address>,
    /// All its addresses.
    pub journaled: BTreeSet<Address>,
    /// Its moves, from and to, in their order.
    pub moved: Vec<(Address, Address)>,
}

/// Puts a generation into its record; a deleted one leaves it.
pub(super) fn put(record: &mut KeyRecord, generation: Generation) {
    if generation.state == GenerationState::Deleted {
        // One that the record has under another state leaves it with what is known of it now.
        if record.generation(generation.number).is_some() {
            let number = generation.number;
            record.put(generation);
            record.forget(number);
        }
    } else {
        record.put(generation);
    }
}

/// Takes one step into a record.
///
/// A step that follows on what the record says is taken. One that does not was written before somebody else went on: then only what the record
/// does not know at all, or knows at an earlier stage, is taken.
fn take(record: &mut KeyRecord, step: Step) {
    match step {
        Step::Withdrawn(marker) => {
            let unseen = |state| matches!(state, GenerationState::Intended | GenerationState::Ambiguous);
            record.generations.retain(|generation| generation.marker != marker || !unseen(generation.state));
        }
        Step::Reviewed(reviewed) => {
            if record.reviewed.as_ref().is_none_or(|known| known.at < reviewed.at) {
                record.reviewed = Some(reviewed);
            }
        }
        Step::Generation { replaces, now } => {
            // An intent, and the step that follows on it, is of the generation with its marker, whatever number that has got here.
            let renumbered = |known: &Generation| {
                let by_marker = now.id.is_none() || (replaces.is_some() && known.id.is_none());
                by_marker && known.marker.is_some() && known.marker == now.marker
            };
            let same = record.generations.iter().find(|known| known.is_same(&now) || renumbered(known));
            match same {
                Some(known) => {
                    let follows = replaces.is_some_and(|replaced| replaced == fingerprint(known));
                    if follows || known.state.progress() < now.state.progress() {
                        let number = known.number;
                        put(record, Generation { number, ..*now });
                    }
                }
                // Another machine has used the number since: the generation keeps its marker under the next one.
                None if record.generation(now.number).is_some() => {
                    let number = record.next_number();
                    put(record, Generation { number, ..*now });
                }
                None => put(record, *now),
            }
        }
        // It concerns two records.
        Step::Moved { .. } => {}
    }
}

/// Takes a move into the record of the new address. Answers what stays at the old one: generations that the move did not know.
fn take_over(new: &mut KeyRecord, mut old: KeyRecord, moved: KeyRecord, replaces: Vec<String>) -> KeyRecord {
    if new.generations.is_empty() {
        let from = if old.generations.is_empty() { &moved } else { &old };
        *new = KeyRecord { address: new.address.clone(), generations: Vec::new(), ..from.clone() };
    }
    for (now, replaces) in moved.generations.into_iter().zip(replaces) {
        // As it was there, unless the new address has it already.
        let known = old.generations.iter().position(|known| known.is_same(&now)).map(|at| old.generations.remove(at));
        if let Some(known) = known.filter(|known| !new.generations.iter().any(|other| other.is_same(known))) {
            let number = if new.generation(known.number).is_some() { new.next_number() } else { known.number };
            new.put(Generation { number, ..known });
        }
        take(new, Step::Generation { replaces: Some(replaces), now: Box::new(now) });
    }
    old
}

/// Tells two states of a generation apart.
fn fingerprint(generation: &Generation) -> String {
    let text = serde_json::to_string(&generation.in_whole_seconds()).expect("a generation is plain data");
    vault::seal::sha256(text.as_bytes())[..16].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ScopeSet;

    fn generation(number: u32, state: GenerationState, marker: u8) -> Generation {
        let marker = Marker::from_random([marker; 5]);
        let label = marker.label("one");
        Generation { marker: Some(marker), ..Generation::new(number, state, label, ScopeSet::new(), Timestamp::UNIX_EPOCH) }
    }

    fn record(generations: Vec<Generation>) -> KeyRecord {
        KeyRecord { generations, ..KeyRecord::new("pay/one".parse().expect("an address"), "keyring") }
    }

    #[tokio::test]
    async fn the_ledger_catches_up_with_the_journal_and_never_falls_back() {
        let directory = tempfile::tempdir().expect("a directory");
        let journal = Journal::of(directory.path());
        let key = record(vec![]);
        for state in [GenerationState::Intended, GenerationState::Created] {
            journal.record(Timestamp::UNIX_EPOCH, &key, &generation(1, state, 7), Vec::new()).await.expect("recorded");
        }
        let mut ledger = BTreeMap::new();
        assert_eq!(replay(directory.path(), b"", &mut ledger).expect("replayed").changed, BTreeSet::from([key.address.clone()]));
        assert_eq!(ledger[&key.address].generations[0].state, GenerationState::Created);

        let mut ahead = BTreeMap::from([(key.address.clone(), record(vec![generation(1, GenerationState::Active, 7)]))]);
        let replayed = replay(directory.path(), b"", &mut ahead).expect("replayed");
        assert!(replayed.changed.is_empty() && replayed.journaled.contains(&key.address));

        journal.close().expect("closed");
        assert_eq!(replay(directory.path(), b"", &mut BTreeMap::new()).expect("replayed"), Replayed::default());
    }

    /// Whatever point the ledger had reached, its journal brings it to the same end: an edit, an enabling, a deletion included.
    #[tokio::test]
    async fn a_journal_leads_to_the_same_end_from_every_point() {
        let directory = tempfile::tempdir().expect("a directory");
        let journal = Journal::of(directory.path());
        let mut key = record(vec![]);
        let mut points = vec![key.clone()];
        let edited = |state| Generation { scopes: ["a:b".into()].into(), ..generation(1, state, 7) };
        use GenerationState::{Active, Deleted, Disabled, Intended};
        let steps =
            [generation(1, Intended, 7), generation(1, Active, 7), edited(Active), edited(Disabled), edited(Active), edited(Deleted)];
        for step in steps {
            journal.record(Timestamp::UNIX_EPOCH, &key, &step, Vec::new()).await.expect("recorded");
            put(&mut key, step);
            points.push(key.clone());
            for point in &points {
                let mut ledger = BTreeMap::from([(point.address.clone(), point.clone())]);
                replay(directory.path(), b"", &mut ledger).expect("replayed");
                let reached = ledger.get(&key.address).map(|record| record.generations.clone()).unwrap_or_default();
                assert_eq!(reached, key.generations, "from {:?}", point.generations);
            }
        }
    }

    struct Kept(RefCell<Vec<u8>>, RefCell<Vec<SealedFile>>);

    #[async_trait(?Send)]
    impl Remote for Kept {
        async fn append(&self, lines: Vec<u8>, sealed: Vec<SealedFile>) -> Result<(), String> {
            self.0.borrow_mut().extend(lines);
            self.1.borrow_mut().extend(sealed);
            Ok(())
        }
    }

    #[tokio::test]
    async fn two_journals_become_one_and_a_torn_line_goes() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = path(directory.path());
        files::write(&path, b"both\nhere\ntor").expect("written");
        let remote = Kept(RefCell::default(), RefCell::default());
        let sealed = vec![("pay/one.0.age".to_owned(), b"age".to_vec())];
        Journal::resume(directory.path(), b"there\nboth\n", sealed.clone(), Some(&remote)).await.expect("resumed");
        assert_eq!(files::read(&path, LIMIT).expect("read"), b"there\nboth\nhere\n");
        assert_eq!((remote.0.take(), remote.1.take()), (b"here\n".to_vec(), sealed), "what the remote lacked");
        files::write(&path, b"here\ntor").expect("written");
        Journal::resume(directory.path(), b"", Vec::new(), None).await.expect("resumed");
        assert_eq!(files::read(&path, LIMIT).expect("read"), b"here\n");
    }

    #[tokio::test]
    async fn a_withdrawn_intent_leaves_nothing_and_a_torn_line_is_passed_over() {
        let directory = tempfile::tempdir().expect("a directory");
        let journal = Journal::of(directory.path());
        let key = record(vec![]);
        let intent = generation(1, GenerationState::Intended, 7);
        journal.record(Timestamp::UNIX_EPOCH, &key, &intent, Vec::new()).await.expect("recorded");
        journal.withdraw(Timestamp::UNIX_EPOCH, &key, &intent).await.expect("recorded");
        let path = path(directory.path());
        let mut bytes = files::read(&path, LIMIT).expect("read");
        bytes.extend_from_slice(b"{\"version\":1,\"at\":\"20");
        files::write(&path, &bytes).expect("written");
        let mut ledger = BTreeMap::new();
        replay(directory.path(), b"", &mut ledger).expect("replayed");
        assert!(ledger.is_empty());

        bytes.extend_from_slice(b"\n{}\n");
        files::write(&path, &bytes).expect("written");
        assert!(matches!(replay(directory.path(), b"", &mut ledger), Err(JournalError::Damaged { line: 3, .. })));
    }

    #[tokio::test]
    async fn a_review_reaches_the_ledger_once_and_the_latest_stays() {
        let directory = tempfile::tempdir().expect("a directory");
        let journal = Journal::of(directory.path());
        let key = record(vec![generation(1, GenerationState::Active, 7)]);
        let at = |second: i64| Timestamp::from_second(second).expect("an instant");
        let reviewed = |second: i64, by: &str| Reviewed { at: at(second), by: by.to_owned() };
        journal.review(&key, &reviewed(5, "Ada")).await.expect("recorded");
        for (before, after, changed) in [
            (None, reviewed(5, "Ada"), true),
            (Some(reviewed(4, "Bob")), reviewed(5, "Ada"), true),
            (Some(reviewed(5, "Ada")), reviewed(5, "Ada"), false),
            (Some(reviewed(6, "Bob")), reviewed(6, "Bob"), false),
        ] {
            let mut ledger = BTreeMap::from([(key.address.clone(), KeyRecord { reviewed: before, ..key.clone() })]);
            let replayed = replay(directory.path(), b"", &mut ledger).expect("replayed");
            assert_eq!((ledger[&key.address].reviewed.as_ref(), !replayed.changed.is_empty()), (Some(&after), changed));
        }
    }

    #[tokio::test]
    async fn what_reviews_count_from_outlives_a_deletion() {
        let directory = tempfile::tempdir().expect("a directory");
        let journal = Journal::of(directory.path());
        let at = |second: i64| Timestamp::from_second(second).expect("an instant");
        let made = |number: u32, state, second| Generation {
            created_at: at(second),
            ..generation(number, state, u8::try_from(number).expect("small"))
        };
        let mut key = record(vec![made(2, GenerationState::Active, 20), made(1, GenerationState::Disabled, 10)]);
        let deleted = Generation { last_used_at: Some(at(15)), ..made(1, GenerationState::Deleted, 10) };
        journal.record(at(30), &key, &deleted, Vec::new()).await.expect("recorded");
        let mut ledger = BTreeMap::from([(key.address.clone(), key.clone())]);
        put(&mut key, deleted);
        for _ in 0..2 {
            replay(directory.path(), b"", &mut ledger).expect("replayed");
            assert_eq!(ledger[&key.address], key);
        }
        assert_eq!(key.first_created_at(), Some(at(10)));
        assert_eq!(key.gone.expect("kept").last_used_at, Some(at(15)));
        assert_eq!(key.review_due(crate::model::Span::seconds(100)), Some(at(110)));
        key.reviewed = Some(Reviewed { at: at(50), by: "Ada".to_owned() });
        assert_eq!(key.review_due(crate::model::Span::seconds(100)), Some(at(150)));
    }

    #[test]
    fn a_number_that_another_machine_used_is_not_overwritten() {
        let mut key = record(vec![generation(1, GenerationState::Active, 1)]);
        take(&mut key, Step::Generation { replaces: None, now: Box::new(generation(1, GenerationState::Created, 2)) });
        let numbers: Vec<_> = key.generations.iter().map(|generation| (generation.number, generation.state)).collect();
        assert_eq!(numbers, [(2, GenerationState::Created), (1, GenerationState::Active)]);
    }

    #[test]
    fn a_renumbered_generation_is_the_same_at_every_replay() {
        let mut key = record(vec![generation(1, GenerationState::Active, 1)]);
        let intended = generation(1, GenerationState::Intended, 2);
        let created = Generation { id: Some("id-2".to_owned()), ..generation(1, GenerationState::Created, 2) };
        for _ in 0..2 {
            take(&mut key, Step::Generation { replaces: None, now: Box::new(intended.clone()) });
            take(&mut key, Step::Generation { replaces: Some(fingerprint(&intended)), now: Box::new(created.clone()) });
            let states: Vec<_> = key.generations.iter().map(|generation| (generation.number, generation.state)).collect();
            assert_eq!(states, [(2, GenerationState::Created), (1, GenerationState::Active)]);
        }
    }

    /// A move, and what follows on it, is found again from every point: before it, half done, done, and done on another machine.
    #[tokio::test]
    async fn a_move_leads_to_the_same_end_from_every_point() {
        let directory = tempfile::tempdir().expect("a directory");
        let journal = Journal::of(directory.path());
        let (from, to): (Address, Address) = ("pay/one".parse().expect("an address"), "pay/two".parse().expect("an address"));
        let old = KeyRecord { protect: true, ..record(vec![generation(1, GenerationState::Active, 7)]) };
        let mut new = KeyRecord { address: to.clone(), ..old.clone() };
        new.generations[0].named_after = Some(from.clone());
        journal.relocate(Timestamp::UNIX_EPOCH, &old, &new, Vec::new()).await.expect("recorded");
        let edited = Generation { label: "two".to_owned(), ..new.generations[0].clone() };
        journal.record(Timestamp::UNIX_EPOCH, &new, &edited, Vec::new()).await.expect("recorded");
        let end = KeyRecord { generations: vec![edited], ..new.clone() };
        for point in [vec![&old], vec![&old, &new], vec![&old, &end], vec![&new], vec![&end]] {
            let mut ledger: BTreeMap<Address, KeyRecord> = point.iter().map(|record| (record.address.clone(), (*record).clone())).collect();
            let replayed = replay(directory.path(), b"", &mut ledger).expect("replayed");
            assert_eq!(ledger, BTreeMap::from([(to.clone(), end.clone())]), "from {point:?}");
            assert_eq!(
                (replayed.moved, replayed.journaled),
                (vec![(from.clone(), to.clone())], BTreeSet::from([from.clone(), to.clone()]))
            );
        }
        // Somebody has used the old address since: its key is not forgotten.
        let other = record(vec![generation(1, GenerationState::Active, 9)]);
        let mut ledger = BTreeMap::from([(from.clone(), other.clone()), (to.clone(), end.clone())]);
        replay(directory.path(), b"", &mut ledger).expect("replayed");
        assert_eq!(ledger, BTreeMap::from([(from, other), (to, end)]));
    }
}
