//! The journal ref of a remote: a lock between machines, and a store that outlives them.
//!
//! `refs/keywright/journal` points to commits whose tree holds `holder.json` while an apply runs, and for every workspace of the repository a directory
//! with `journal/NNNNNN.jsonl` (pieces of the journal in order) and `sealed/…` (age files). Workspaces of one repository have a directory each and
//! share the lock. Every change is one commit upon the last, pushed by compare-and-swap; the ref is never forced and never deleted.
use std::collections::BTreeMap;
use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::held::Held;
use super::remote::Push;
use super::repository::{Entries, is_plain_path};
use super::{GitError, Oid, Repository, wording};
use crate::files::process::{Life, Process};

/// The ref of the remote.
pub const JOURNAL_REF: &str = "refs/keywright/journal";
/// How long a holder counts as alive after its last push. Longer than any step of an apply; renewed by every push.
pub const LEASE: SignedDuration = SignedDuration::from_mins(3);

/// How often a change of the ref is tried when others move it.
pub const ATTEMPTS: usize = 5;
pub const HOLDER: &str = "holder.json";

/// Who holds the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Random, drawn anew by every apply.
    pub id: String,
    #[serde(flatten)]
    pub process: Process,
    /// Its last sign of life, by its own clock.
    pub at: Timestamp,
    /// The end of its lease.
    pub until: Timestamp,
}

impl Holder {
    pub(super) fn new(id: &str, process: Process, now: Timestamp) -> Self {
        Self { id: id.to_owned(), process, at: now, until: now.checked_add(LEASE).unwrap_or(Timestamp::MAX) }
    }

    /// Whether it must be respected: not when its process has ended on this very machine, nor when its lease has passed. Clocks of machines are taken to
    /// agree within the lease.
    pub fn is_alive(&self, now: Timestamp) -> bool {
        match self.process.life() {
            Life::Dead => false,
            Life::Alive | Life::Unknown => now < self.until,
        }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {} on `{}`, last heard of at {}, holds it until {}", self.process.pid, self.process.host, self.at, self.until)
    }
}

/// What the ref holds for one workspace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    /// `None`: the remote has no such ref yet.
    pub tip: Option<Oid>,
    pub holder: Option<Holder>,
    /// Everything that was appended, in order.
    pub journal: Vec<u8>,
    /// By path below `sealed/`.
    pub sealed: BTreeMap<String, Vec<u8>>,
    /// The number of the next piece of the journal.
    pub(super) next: u64,
}

/// The journal ref of a remote, as one workspace sees it.
#[derive(Clone)]
pub struct JournalRef {
    pub(super) repository: Repository,
    pub(super) remote: String,
    /// Where this workspace's files are in the tree; ends with `/`.
    pub(super) directory: String,
}

impl JournalRef {
    /// Opens the journal of a remote. Errors when there is no such remote.
    pub async fn open(repository: &Repository, remote: &str) -> Result<Self, GitError> {
        repository.require_remote(remote).await?;
        let directory = directory(repository.prefix());
        Ok(Self { repository: repository.clone(), remote: remote.to_owned(), directory })
    }

    /// Proves that one may push to the ref, without pushing.
    pub async fn can_push(&self) -> Result<(), GitError> {
        self.repository.try_pushing(&self.remote, JOURNAL_REF).await
    }

    /// Reads what the ref holds now.
    pub async fn fetch(&self) -> Result<State, GitError> {
        let Some(tip) = self.repository.fetch(&self.remote, JOURNAL_REF, &self.private(), true).await? else {
            return Ok(State::default());
        };
        let files = self.files(&tip).await?;
        let wanted: Vec<(&String, &Oid)> = files.iter().filter(|(path, _)| *path == HOLDER || path.starts_with(&self.directory)).collect();
        let oids: Vec<&Oid> = wanted.iter().map(|(_, oid)| *oid).collect();
        let contents = self.repository.contents(&oids).await?;
        let mut state = State { tip: Some(tip), ..State::default() };
        let mut pieces = BTreeMap::new();
        for ((path, _), bytes) in wanted.into_iter().zip(contents) {
            let below = path.strip_prefix(&self.directory).unwrap_or(path);
            if path == HOLDER {
                let holder: Holder = serde_json::from_slice(&bytes).map_err(|error| GitError::Damaged(format!("`{HOLDER}`: {error}")))?;
                let host = wording::said(holder.process.host.as_bytes());
                state.holder = Some(Holder { process: Process { host, ..holder.process.clone() }, ..holder });
            } else if let Some(number) = piece_number(below) {
                pieces.insert(number, bytes);
            } else if let Some(sealed) = below.strip_prefix("sealed/").filter(|sealed| is_plain_path(sealed)) {
                state.sealed.insert(sealed.to_owned(), bytes);
            } else {
                return Err(GitError::Damaged(format!("`{}` does not belong there", wording::said(path.as_bytes()))));
            }
        }
        state.next = pieces.last_key_value().map_or(0, |(number, _)| number + 1);
        state.journal = pieces.into_values().flatten().collect();
        Ok(state)
    }

    /// Takes the lock; `id` is random, `process` this very process.
    ///
    /// Expected flow: apply takes it before anything else, recovers what [`Held::recovered`] holds, appends before every step, and releases.
    /// Guarantees: of all machines that try, one gets it; what a dead holder left is kept. Assumptions: clocks agree within the lease. Caveats: the
    /// lock is the repository's, shared by its workspaces. Errors: `HeldBy` somebody alive; the remote refuses or gives no answer (then it may be
    /// ours for the length of the lease: trying again with the same `id` takes it).
    pub async fn acquire(&self, id: &str, process: &Process, now: Timestamp) -> Result<Held, GitError> {
        for _ in 0..ATTEMPTS {
            let state = self.fetch().await?;
            if let Some(holder) = state.holder.as_ref().filter(|holder| holder.id != id && holder.is_alive(now)) {
                return Err(GitError::HeldBy(Box::new(holder.clone())));
            }
            let holder = Holder::new(id, process.clone(), now);
            let entries = Entries::from([(HOLDER.to_owned(), Some(self.holder_blob(&holder).await?))]);
            let commit = self.build(state.tip.as_ref(), &entries, "take the journal").await?;
            match self.repository.push_commit(&self.remote, &commit, JOURNAL_REF).await? {
                Push::Done => {}
                Push::Moved => continue,
                Push::Refused(reason) => return Err(GitError::Refused { reference: JOURNAL_REF.to_owned(), reason }),
                Push::Unanswered(error) => {
                    if self.tip().await?.as_ref() != Some(&commit) {
                        return Err(error);
                    }
                }
            }
            self.remember(&commit).await;
            return Ok(Held::new(self.clone(), holder, state, commit));
        }
        Err(GitError::Moved(JOURNAL_REF.to_owned()))
    }

    /// Where the ref stands now.
    pub(super) async fn tip(&self) -> Result<Option<Oid>, GitError> {
        self.repository.ls_remote(&self.remote, JOURNAL_REF).await
    }

    pub(super) async fn holder_blob(&self, holder: &Holder) -> Result<Oid, GitError> {
        let text = serde_json::to_vec_pretty(holder).expect("a holder is plain data");
        self.repository.blob(text).await
    }

    /// A commit upon the tip with some files replaced.
    pub(super) async fn build(&self, tip: Option<&Oid>, entries: &Entries, what: &str) -> Result<Oid, GitError> {
        let tree = self.repository.tree_with(tip, entries).await?;
        self.repository.commit_tree(&tree, tip, &format!("keywright: {what}")).await
    }

    /// Every file of the tree.
    pub(super) async fn files(&self, commit: &Oid) -> Result<BTreeMap<String, Oid>, GitError> {
        let list = self.repository.git("ls-tree").args(["-r", "-z", "--full-tree", commit.as_str()]).done().await?;
        let mut files = BTreeMap::new();
        for line in list.split(|byte| *byte == 0).filter(|line| !line.is_empty()) {
            let line = std::str::from_utf8(line).map_err(|_| GitError::Damaged("a path is not UTF-8".to_owned()))?;
            let (about, path) = line.split_once('\t').unwrap_or((line, ""));
            match about.split(' ').collect::<Vec<_>>()[..] {
                ["100644", "blob", oid] => files.insert(path.to_owned(), oid.parse()?),
                _ => return Err(GitError::Damaged(format!("`{}` is no plain file", wording::said(path.as_bytes())))),
            };
        }
        Ok(files)
    }

    /// Keeps a commit of the ref from being collected here, so that the next fetch gets only what is new.
    pub(super) async fn remember(&self, commit: &Oid) {
        // Everything works without it, only slower.
        let _ = self.repository.git("update-ref").args([&self.private(), commit.as_str()]).run().await;
    }

    fn private(&self) -> String {
        format!("refs/keywright/seen/journal/{}", self.remote)
    }
}

/// The directory of the workspace at a prefix: one name, so that no workspace's files lie among another's.
fn directory(prefix: &str) -> String {
    match prefix.trim_end_matches('/') {
        "" => "root/".to_owned(),
        prefix => format!("below/{}/", prefix.replace('%', "%25").replace('/', "%2F")),
    }
}

fn piece_number(below: &str) -> Option<u64> {
    below.strip_prefix("journal/")?.strip_suffix(".jsonl").filter(|number| number.len() >= 6)?.parse().ok()
}

pub fn piece_path(directory: &str, number: u64) -> String {
    format!("{directory}journal/{number:06}.jsonl")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_workspace_has_a_directory_of_its_own() {
        assert_eq!(directory(""), "root/");
        assert_eq!(directory("a/b/"), "below/a%2Fb/");
        assert_eq!(directory("a%2Fb/"), "below/a%252Fb/");
    }

    #[test]
    fn a_holder_is_alive_until_its_lease_passes_or_its_process_ends() {
        let now: Timestamp = "2026-11-21T10:00:00Z".parse().expect("an instant");
        let elsewhere = Process { host: "h".into(), machine: Some("another".into()), pid: 1, started_at: Some(1) };
        let holder = Holder::new("1", elsewhere, now);
        assert!(holder.is_alive(now + SignedDuration::from_secs(179)));
        assert!(!holder.is_alive(now + SignedDuration::from_secs(180)));
        let text = serde_json::to_string(&holder).expect("written");
        assert_eq!(serde_json::from_str::<Holder>(&text).expect("read"), holder);
        #[cfg(target_os = "linux")]
        {
            let me = Process::here(std::process::id());
            assert!(Holder::new("1", me.clone(), now).is_alive(now));
            let ended = Process { started_at: me.started_at.map(|at| at - 1), ..me };
            assert!(!Holder::new("1", ended, now).is_alive(now), "its number belongs to another process now");
        }
    }

    #[test]
    fn pieces_are_numbered() {
        assert_eq!(piece_number(piece_path("", 7).as_str()), Some(7));
        assert_eq!(piece_number("journal/1234567.jsonl"), Some(1_234_567));
        assert_eq!(piece_number("journal/1.jsonl"), None);
        assert_eq!(piece_number("sealed/000001.jsonl"), None);
    }
}
