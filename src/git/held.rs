//! The journal while this process holds it: appends of many changes go together in few pushes, and none goes through once another took over.
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use jiff::Timestamp;
use tokio::sync::Mutex;

use super::journal::{ATTEMPTS, HOLDER, Holder, JOURNAL_REF, JournalRef, State, piece_path};
use super::remote::Push;
use super::repository::{Entries, is_plain_path};
use super::{GitError, Oid};

/// How many programs keep objects at the same time.
const OBJECTS_AT_ONCE: usize = 4;

/// What stays in the ref when the journal is released.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rest {
    /// Nothing of this workspace: everything was written back.
    Nothing,
    /// All of it, for whoever recovers.
    Everything,
}

/// The journal of a remote, held by this process.
pub struct Held {
    journal: JournalRef,
    recovered: State,
    holder: RefCell<Holder>,
    place: RefCell<Place>,
    waiting: RefCell<Vec<Rc<Entry>>>,
    /// Held by the one who pushes.
    turn: Mutex<()>,
    fenced: Cell<bool>,
}

/// Where the ref stands, as far as is known.
struct Place {
    base: Oid,
    /// The number of the next piece upon `base`.
    next: u64,
    /// Commits upon `base` that were pushed without an answer, each with the next number upon it. One may have arrived.
    unsure: Vec<(Oid, u64)>,
}

/// One append that waits for its push.
struct Entry {
    bytes: Vec<u8>,
    sealed: BTreeMap<String, Vec<u8>>,
    now: Timestamp,
    result: RefCell<Option<Result<(), GitError>>>,
}

/// What a push changes.
enum Step {
    Append { piece: Option<Oid>, sealed: Entries, holder: Oid },
    Release(Rest),
}

impl Held {
    pub(super) fn new(journal: JournalRef, holder: Holder, recovered: State, base: Oid) -> Self {
        let place = Place { base, next: recovered.next, unsure: Vec::new() };
        Self {
            journal,
            recovered,
            holder: RefCell::new(holder),
            place: RefCell::new(place),
            waiting: RefCell::default(),
            turn: Mutex::new(()),
            fenced: Cell::new(false),
        }
    }

    /// What earlier holders left, as it was when the lock was taken; `holder` is the one who died, if any.
    pub fn recovered(&self) -> &State {
        &self.recovered
    }

    /// This process as others see it.
    pub fn holder(&self) -> Holder {
        self.holder.borrow().clone()
    }

    /// Appends bytes to the journal and puts sealed files beside it; durable at the remote when this returns.
    ///
    /// Expected flow: before every step of a change, from any number of changes at the same time: while one push is under way others wait, and the
    /// next push takes them all. Guarantees: order of calls; when it returns `Ok` the remote has it; a lost answer is looked up; a dropped
    /// future loses nothing that others wait for. Assumptions: one thread. Caveats: on an error that is not `TakenOver` the remote may have it
    /// or get it later, and appending again is safe for lines that may stand twice. Errors: `TakenOver`, then and ever after.
    pub async fn append(&self, bytes: Vec<u8>, sealed: BTreeMap<String, Vec<u8>>, now: Timestamp) -> Result<(), GitError> {
        if let Some(path) = sealed.keys().find(|path| !is_plain_path(path)) {
            return Err(GitError::Other(format!("`{path}` is no path below `sealed`")));
        }
        if self.fenced.get() {
            return Err(GitError::TakenOver);
        }
        let entry = Rc::new(Entry { bytes, sealed, now, result: RefCell::new(None) });
        self.waiting.borrow_mut().push(entry.clone());
        let _turn = self.turn.lock().await;
        if entry.result.borrow().is_none() {
            // They stay in the queue until they are done: were this future dropped half way, the next one would take them.
            let batch = self.waiting.borrow().clone();
            let result = self.push_together(&batch).await;
            for entry in &batch {
                entry.result.replace(Some(result.clone()));
            }
            self.waiting.borrow_mut().retain(|waiting| waiting.result.borrow().is_none());
        }
        let result = entry.result.borrow().clone();
        result.expect("every entry of a batch gets its result")
    }

    /// Pushes a sign of life. To be called at least once a minute while a step takes long.
    pub async fn renew(&self, now: Timestamp) -> Result<(), GitError> {
        self.append(Vec::new(), BTreeMap::new(), now).await
    }

    /// Gives the lock back.
    ///
    /// Expected flow: last of all, `Rest::Nothing` when everything was written back. Guarantees: only this workspace's files are taken away; the
    /// ref is neither deleted nor rewritten, so that its history keeps everything. Errors: `TakenOver`; after any other error the lease ends by itself.
    pub async fn release(self, rest: Rest) -> Result<(), GitError> {
        let _turn = self.turn.lock().await;
        self.publish(&Step::Release(rest)).await
    }

    async fn push_together(&self, batch: &[Rc<Entry>]) -> Result<(), GitError> {
        let bytes: Vec<u8> = batch.iter().flat_map(|entry| entry.bytes.iter().copied()).collect();
        let piece = if bytes.is_empty() { None } else { Some(self.journal.repository.blob(bytes).await?) };
        let files: BTreeMap<&String, &Vec<u8>> = batch.iter().flat_map(|entry| &entry.sealed).collect();
        let kept = stream::iter(files).map(|(path, bytes)| async move {
            let path = format!("{}sealed/{path}", self.journal.directory);
            Ok::<_, GitError>((path, Some(self.journal.repository.blob(bytes.clone()).await?)))
        });
        let sealed: Entries = kept.buffer_unordered(OBJECTS_AT_ONCE).try_collect().await?;
        let holder = self.holder.borrow().clone();
        let now = batch.iter().map(|entry| entry.now).max().unwrap_or(holder.at).max(holder.at);
        let holder = Holder::new(&holder.id, holder.process, now);
        let step = Step::Append { piece, sealed, holder: self.journal.holder_blob(&holder).await? };
        self.publish(&step).await?;
        self.holder.replace(holder);
        Ok(())
    }

    /// Makes a step part of the ref: a commit upon where the ref stands, pushed; what stays unanswered is looked up.
    async fn publish(&self, step: &Step) -> Result<(), GitError> {
        let mut tried = Vec::new();
        let mut silence = None;
        for _ in 0..ATTEMPTS {
            if self.fenced.get() {
                return Err(GitError::TakenOver);
            }
            let unsure = !self.place.borrow().unsure.is_empty();
            if unsure && self.look(&tried).await? {
                return Ok(());
            }
            if let Some(error) = silence.take_if(|_| tried.len() > 1) {
                return Err(error);
            }
            let (base, next) = {
                let place = self.place.borrow();
                (place.base.clone(), place.next)
            };
            let (entries, next) = self.entries(step, &base, next).await?;
            let commit = self.journal.build(Some(&base), &entries, step.name()).await?;
            self.place.borrow_mut().unsure.push((commit.clone(), next));
            tried.push(commit.clone());
            match self.journal.repository.push_commit(&self.journal.remote, &commit, JOURNAL_REF).await? {
                Push::Done => {
                    self.stand_at(commit, next).await;
                    return Ok(());
                }
                Push::Refused(reason) => return Err(GitError::Refused { reference: JOURNAL_REF.to_owned(), reason }),
                Push::Moved => {}
                Push::Unanswered(error) => silence = Some(error),
            }
        }
        let found = self.look(&tried).await?;
        if found { Ok(()) } else { Err(silence.unwrap_or_else(|| GitError::Moved(JOURNAL_REF.to_owned()))) }
    }

    /// Asks the remote which of the unanswered commits arrived; answers whether it is one of those just tried.
    async fn look(&self, tried: &[Oid]) -> Result<bool, GitError> {
        let tip = self.journal.tip().await?;
        let arrived = self.place.borrow().unsure.iter().find(|(commit, _)| Some(commit) == tip.as_ref()).cloned();
        match arrived {
            Some((commit, next)) => {
                let ours = tried.contains(&commit);
                self.stand_at(commit, next).await;
                Ok(ours)
            }
            None if tip.as_ref() == Some(&self.place.borrow().base) => Ok(false),
            None => {
                self.fenced.set(true);
                Err(GitError::TakenOver)
            }
        }
    }

    async fn stand_at(&self, commit: Oid, next: u64) {
        self.journal.remember(&commit).await;
        *self.place.borrow_mut() = Place { base: commit, next, unsure: Vec::new() };
    }

    /// What a step changes in the tree of `base`, and the next number after it.
    async fn entries(&self, step: &Step, base: &Oid, next: u64) -> Result<(Entries, u64), GitError> {
        match step {
            Step::Append { piece, sealed, holder } => {
                let mut entries = sealed.clone();
                entries.insert(HOLDER.to_owned(), Some(holder.clone()));
                if let Some(piece) = piece {
                    entries.insert(piece_path(&self.journal.directory, next), Some(piece.clone()));
                }
                Ok((entries, next + u64::from(piece.is_some())))
            }
            Step::Release(Rest::Everything) => Ok((Entries::from([(HOLDER.to_owned(), None)]), next)),
            Step::Release(Rest::Nothing) => {
                let files = self.journal.files(base).await?.into_keys();
                let gone = files.filter(|path| path == HOLDER || path.starts_with(&self.journal.directory));
                Ok((gone.map(|path| (path, None)).collect(), 0))
            }
        }
    }
}

impl Step {
    fn name(&self) -> &'static str {
        match self {
            Self::Append { .. } => "journal",
            Self::Release(_) => "release the journal",
        }
    }
}
