//! Write-back: one commit of exactly the files that apply wrote, and its push. Whatever else is staged or changed stays as it is.
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::time::Duration;

use super::program::{Answer, Call};
use super::remote::Push;
use super::repository::{Entries, Head, index_info, is_plain_path};
use super::{GitError, Oid, Repository, Target, wording};

/// How often a push is tried when others keep moving the branch.
const ATTEMPTS: usize = 5;
/// How often, and how far apart, a file that another git has locked is tried.
const LOCK_ATTEMPTS: usize = 25;
const LOCK_PAUSE: Duration = Duration::from_millis(200);

/// A local commit of write-back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    pub commit: Oid,
    /// The user's index could not be brought up to the commit, because another git kept it locked: `git status` shows our files as changed until
    /// `git reset -q -- secrets ledger`, or until the next write-back.
    pub index_behind: bool,
    base: Option<Oid>,
    entries: Entries,
    message: String,
}

/// Where a commit ended up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// On the branch. `rebased`: as another commit, upon what others had pushed meanwhile; the local branch keeps the original, and
    /// `git pull --rebase` brings it up.
    Pushed { commit: Oid, rebased: bool },
    /// On a branch of its own, because the target did not take it.
    Rescued { branch: String, reason: String },
}

impl Repository {
    /// Commits files of the workspace as they are on disk; a path that is not there is taken away. `None`: HEAD has them all like that already.
    ///
    /// Expected flow: apply has written its files; one commit upon HEAD holds exactly the paths that differ; the branch moves to it by
    /// compare-and-swap; the user's index gets these entries and no other. Guarantees: byte for byte, without filters or line-end conversion,
    /// whether ignored or not; no hook runs; nothing else staged, changed or untracked is touched. Assumptions: `paths` are relative to the
    /// workspace, with `/`. Caveats: the commit is never signed; where a filter is configured for the paths, git shows them as changed. Errors: a
    /// path that is no regular file; the branch moved while we worked (`Moved`; nothing was changed).
    pub async fn commit(&self, paths: &BTreeSet<String>, subject: &str, body: &str) -> Result<Option<Committed>, GitError> {
        let Head { branch, commit: base } = self.head().await?;
        let all = self.on_disk(paths).await?;
        let entries = self.beyond(base.as_ref(), &all).await?;
        if entries.is_empty() {
            if let Some(base) = &base {
                // A write-back that died may have left the index behind.
                self.bring_index_to(base, &all).await?;
            }
            return Ok(None);
        }
        let tree = self.tree_with(base.as_ref(), &entries).await?;
        let message = message(subject, body);
        let commit = self.commit_tree(&tree, base.as_ref(), &message).await?;
        let old = base.as_ref().map_or_else(|| commit.zero(), |base| base.as_str().to_owned());
        let note = message.lines().next().unwrap_or_default();
        let reference = branch.as_deref().unwrap_or("HEAD");
        let moved = patiently(|| self.git("update-ref").args(["--no-deref", "-m", note, reference, commit.as_str(), &old])).await?;
        if !moved.is_done() {
            return Err(if moved.mentions("but expected") || moved.mentions("already exists") {
                GitError::Moved(reference.to_owned())
            } else {
                moved.failure("update-ref")
            });
        }
        let index_behind = self.bring_index_to(&commit, &all).await.is_err();
        Ok(Some(Committed { commit, index_behind, base, entries, message }))
    }

    /// Errors when others have changed files below these directories of the workspace, and they are not on disk as the target has them.
    ///
    /// Caveats: where no common history is to be had, as in some cut-off clones, nothing is found.
    pub async fn is_up_to_date(&self, directories: &[&str], target: &Target) -> Result<(), GitError> {
        let Some(tip) = self.fetch_branch(target).await? else { return Ok(()) };
        let differs = self.differs_there(directories, &tip).await;
        self.forget_branch(target).await;
        match differs? {
            Some(path) => Err(GitError::Behind { branch: wording::said(target.branch.as_bytes()), path: wording::said(path.as_bytes()) }),
            None => Ok(()),
        }
    }

    async fn differs_there(&self, directories: &[&str], tip: &Oid) -> Result<Option<String>, GitError> {
        let Some(head) = self.head().await?.commit else { return Ok(None) };
        let Some(base) = self.common(&head, tip).await?.filter(|base| base != tip) else { return Ok(None) };
        let ours: Vec<String> = directories.iter().map(|directory| self.full(directory)).collect::<Result<_, _>>()?;
        let call = self.git("diff-tree").args(["-r", "-z", "--name-only", "--no-renames", base.as_str(), tip.as_str(), "--"]).args(ours);
        let changed = String::from_utf8_lossy(&call.done().await?).into_owned();
        let below = |path: &str| path.strip_prefix(self.prefix()).map(str::to_owned);
        let changed: BTreeSet<String> = changed.split('\0').filter(|path| !path.is_empty()).filter_map(below).collect();
        if changed.is_empty() {
            return Ok(None);
        }
        Ok(self.beyond(Some(tip), &self.on_disk(&changed).await?).await?.into_keys().next())
    }

    /// Whether the target has these files of the workspace as they are on disk.
    pub async fn has_all(&self, paths: &BTreeSet<String>, target: &Target) -> Result<bool, GitError> {
        let Some(tip) = self.fetch_branch(target).await? else { return Ok(false) };
        let differs = self.beyond(Some(&tip), &self.on_disk(paths).await?).await;
        self.forget_branch(target).await;
        Ok(differs?.is_empty())
    }

    /// Whether HEAD has these files of the workspace as they are on disk, byte for byte.
    pub async fn is_committed(&self, paths: &BTreeSet<String>) -> Result<bool, GitError> {
        let head = self.head().await?.commit;
        Ok(self.beyond(head.as_ref(), &self.on_disk(paths).await?).await?.is_empty())
    }

    /// What an earlier write-back committed but could not push: the paths in which HEAD differs from where it left the target. `None`: nothing.
    pub async fn unpushed(
        &self,
        paths: &BTreeSet<String>,
        target: &Target,
        subject: &str,
        body: &str,
    ) -> Result<Option<Committed>, GitError> {
        let Some(head) = self.head().await?.commit else { return Ok(None) };
        let base = match self.fetch_branch(target).await? {
            Some(tip) => self.common(&head, &tip).await?,
            None => None,
        };
        self.forget_branch(target).await;
        if base.as_ref() == Some(&head) {
            return Ok(None);
        }
        let full: BTreeSet<String> = paths.iter().map(|path| self.full(path)).collect::<Result<_, _>>()?;
        let ours = self.entries(&head, full.iter()).await?;
        let entries = self.beyond(base.as_ref(), &ours).await?;
        let committed = Committed { commit: head, index_behind: false, base, entries, message: message(subject, body) };
        Ok(Some(committed).filter(|committed| !committed.entries.is_empty()))
    }

    /// Pushes a commit to a branch; `id` names the branch that rescues it when the target does not take it.
    ///
    /// Expected flow: a plain push; where others moved the branch, a new commit with their tree and our paths, up to five times; where one
    /// of our paths changed there, or the remote refuses, `keywright/rescue-<id>`. Guarantees: never forced; other files are never touched, there or
    /// here; the local branch stays at our commit. Assumptions: push and fetch addresses of the remote lead to one repository. Caveats: commits that
    /// the local branch had before and the target lacks go along, as with any push. Errors: the remote cannot be used, or
    /// takes no rescue branch either; the files and the local commit remain.
    pub async fn push(&self, committed: &Committed, target: &Target, id: &str) -> Result<Outcome, GitError> {
        let outcome = self.push_or_rescue(committed, target, id).await;
        self.forget_branch(target).await;
        outcome
    }

    async fn push_or_rescue(&self, committed: &Committed, target: &Target, id: &str) -> Result<Outcome, GitError> {
        let mut commit = committed.commit.clone();
        let mut silent = false;
        for _ in 0..ATTEMPTS {
            let pushed = |commit: Oid| Outcome::Pushed { rebased: commit != committed.commit, commit };
            match self.push_commit(&target.remote, &commit, &target.reference()).await? {
                Push::Done => return Ok(pushed(commit)),
                Push::Refused(reason) => return self.rescue(committed, target, id, reason).await,
                Push::Unanswered(error) if silent => return Err(error),
                Push::Unanswered(_) => silent = true,
                Push::Moved => {}
            }
            let Some(tip) = self.fetch_branch(target).await? else { continue };
            if self.is_ancestor(&commit, &tip).await? {
                return Ok(pushed(commit));
            }
            if committed.base.as_ref() == Some(&tip) {
                continue;
            }
            commit = match self.upon(&tip, committed).await? {
                Upon::Built(commit) => commit,
                Upon::AlreadyThere => return Ok(pushed(tip)),
                Upon::Conflict(path) => {
                    let reason = format!("`{path}` was changed on `{}` meanwhile", target.branch);
                    return self.rescue(committed, target, id, reason).await;
                }
            };
        }
        self.rescue(committed, target, id, format!("`{}` kept moving", target.branch)).await
    }

    /// Our paths upon the remote's tip.
    async fn upon(&self, tip: &Oid, committed: &Committed) -> Result<Upon, GitError> {
        let base = self.common(&committed.commit, tip).await?.or_else(|| committed.base.clone());
        let nothing = || committed.entries.keys().map(|path| (path.clone(), None)).collect::<Entries>();
        let before = match &base {
            Some(base) => self.entries(base, committed.entries.keys()).await?,
            None => nothing(),
        };
        let there = self.entries(tip, committed.entries.keys()).await?;
        let conflict = committed.entries.iter().find(|(path, ours)| there[*path] != before[*path] && there[*path] != **ours);
        if let Some((path, _)) = conflict {
            return Ok(Upon::Conflict(path.clone()));
        }
        let tree = self.tree_with(Some(tip), &committed.entries).await?;
        if tree == self.tree_of(tip).await? {
            return Ok(Upon::AlreadyThere);
        }
        Ok(Upon::Built(self.commit_tree(&tree, Some(tip), &committed.message).await?))
    }

    async fn rescue(&self, committed: &Committed, target: &Target, id: &str, reason: String) -> Result<Outcome, GitError> {
        let branch = format!("keywright/rescue-{id}");
        let reference = format!("refs/heads/{branch}");
        let failed = |why: String| GitError::Refused {
            reference: target.reference(),
            reason: format!("{reason}; the rescue branch `{branch}` was not taken either: {why}"),
        };
        match self.push_commit(&target.remote, &committed.commit, &reference).await? {
            Push::Done => {}
            Push::Moved => return Err(failed("it exists".to_owned())),
            Push::Refused(why) => return Err(failed(why)),
            Push::Unanswered(error) => {
                if self.ls_remote(&target.remote, &reference).await?.as_ref() != Some(&committed.commit) {
                    return Err(failed(error.to_string()));
                }
            }
        }
        Ok(Outcome::Rescued { branch, reason })
    }

    /// The paths with their contents on disk, kept as objects.
    async fn on_disk(&self, paths: &BTreeSet<String>) -> Result<Entries, GitError> {
        let (mut present, mut all) = (Vec::new(), Entries::new());
        for path in paths {
            let full = self.full(path)?;
            match fs::symlink_metadata(self.top().join(&full)) {
                Ok(about) if about.is_file() => present.push(full),
                Ok(_) => return Err(GitError::Other(format!("`{path}` is no regular file"))),
                Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                    drop(all.insert(full, None))
                }
                Err(error) => return Err(GitError::Other(format!("cannot read `{path}`: {error}"))),
            }
        }
        let blobs = self.blobs_of_files(&present).await?;
        all.extend(present.into_iter().zip(blobs.into_iter().map(Some)));
        Ok(all)
    }

    fn full(&self, path: &str) -> Result<String, GitError> {
        if !is_plain_path(path) {
            return Err(GitError::Other(format!("`{}` is no path of the workspace", wording::said(path.as_bytes()))));
        }
        Ok(format!("{}{path}", self.prefix()))
    }

    /// The entries that a commit does not have like that.
    async fn beyond(&self, commit: Option<&Oid>, entries: &Entries) -> Result<Entries, GitError> {
        let known = match commit {
            Some(commit) => self.entries(commit, entries.keys()).await?,
            None => Entries::new(),
        };
        let differs = |path: &String, blob: &Option<Oid>| known.get(path).unwrap_or(&None) != blob;
        Ok(entries.iter().filter(|(path, blob)| differs(path, blob)).map(|(path, blob)| (path.clone(), blob.clone())).collect())
    }

    /// Makes the user's index agree with a commit about these entries.
    async fn bring_index_to(&self, commit: &Oid, entries: &Entries) -> Result<(), GitError> {
        let staged = self.git("diff-index").args(["--cached", "--name-only", "--no-renames", "-z", commit.as_str(), "--"]).done().await?;
        let staged: BTreeSet<&[u8]> = staged.split(|byte| *byte == 0).collect();
        let behind = entries.iter().filter(|(path, _)| staged.contains(path.as_bytes()));
        let behind: Entries = behind.map(|(path, blob)| (path.clone(), blob.clone())).collect();
        if behind.is_empty() {
            return Ok(());
        }
        let off = self.filters_off().await?;
        let answer = patiently(|| self.git_with(&off, "update-index").args(["-z", "--index-info"]).input(index_info(&behind))).await?;
        if answer.is_done() { Ok(()) } else { Err(answer.failure("update-index")) }
    }

    async fn common(&self, one: &Oid, other: &Oid) -> Result<Option<Oid>, GitError> {
        let answer = self.git("merge-base").args([one.as_str(), other.as_str()]).run().await?;
        if answer.is_done() { super::repository::oid(&answer.stdout).map(Some) } else { Ok(None) }
    }

    async fn fetch_branch(&self, target: &Target) -> Result<Option<Oid>, GitError> {
        self.fetch(&target.remote, &target.reference(), &private(target), false).await
    }

    /// Lets go of the private ref; what it named is needed no longer.
    async fn forget_branch(&self, target: &Target) {
        // It names commits of the remote alone; that it stays is harmless.
        let _ = self.git("update-ref").args(["-d", &private(target)]).run().await;
    }
}

/// What became of our paths upon the remote's tip.
enum Upon {
    Built(Oid),
    AlreadyThere,
    /// The first path that both changed.
    Conflict(String),
}

fn private(target: &Target) -> String {
    format!("refs/keywright/seen/branch/{}", target.remote)
}

fn message(subject: &str, body: &str) -> String {
    let subject: String = subject.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    format!("{}\n\n{}", subject.trim(), body.replace('\0', "").trim()).trim_end().to_owned()
}

/// Runs a call again while another git holds the file that it wants to write.
async fn patiently<'p>(call: impl Fn() -> Call<'p>) -> Result<Answer, GitError> {
    for _ in 1..LOCK_ATTEMPTS {
        let answer = call().run().await?;
        if answer.is_done() || !answer.mentions(".lock': File exists") {
            return Ok(answer);
        }
        tokio::time::sleep(LOCK_PAUSE).await;
    }
    call().run().await
}
