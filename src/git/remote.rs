//! Speaks to a remote: what a ref is there, getting it, moving it by compare-and-swap. Never forces.
use super::repository::Head;
use super::{GitError, Oid, Repository, wording};

/// A branch of a remote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    pub remote: String,
    /// Without `refs/heads/`.
    pub branch: String,
}

impl Target {
    pub(super) fn reference(&self) -> String {
        format!("refs/heads/{}", self.branch)
    }
}

/// What a push came to.
#[derive(Debug)]
pub enum Push {
    Done,
    /// The ref is not where it was believed to be; nothing was changed.
    Moved,
    /// The remote refuses, and says why.
    Refused(String),
    /// No answer: the remote may have acted.
    Unanswered(GitError),
}

impl Repository {
    /// The branch to push to: the upstream of the current branch, else the branch of the same name at `origin`. `otherwise` names the branch when HEAD is
    /// on none, as in most CI jobs.
    pub async fn target(&self, otherwise: Option<&str>) -> Result<Target, GitError> {
        let Head { branch, .. } = self.head().await?;
        let Some(branch) = branch.as_deref().and_then(|branch| branch.strip_prefix("refs/heads/")) else {
            let branch = otherwise.ok_or(GitError::NoBranch)?;
            let valid = self.git("check-ref-format").args(["--branch", branch]).run().await?.is_done();
            // `--branch` also takes `@{-1}` and the like, which name no branch of the remote.
            if !valid || branch.contains('@') && branch.contains('{') {
                return Err(GitError::Other(format!("`{}` is not the name of a branch", wording::said(branch.as_bytes()))));
            }
            return self.known(Target { remote: "origin".to_owned(), branch: branch.to_owned() }).await;
        };
        let remote = self.setting(&format!("branch.{branch}.remote")).await?;
        let merge = self.setting(&format!("branch.{branch}.merge")).await?;
        let upstream = merge.as_deref().and_then(|merge| merge.strip_prefix("refs/heads/"));
        let target = match (remote.filter(|remote| remote != "."), upstream) {
            (Some(remote), Some(upstream)) => Target { remote, branch: upstream.to_owned() },
            (remote, _) => Target { remote: remote.unwrap_or_else(|| "origin".to_owned()), branch: branch.to_owned() },
        };
        self.known(target).await
    }

    /// Proves that one may push to the branch, without pushing: the remote answers and lets us in. A protected branch shows only when it is pushed to.
    pub async fn can_push(&self, target: &Target) -> Result<(), GitError> {
        self.try_pushing(&target.remote, &target.reference()).await
    }

    pub(super) async fn try_pushing(&self, remote: &str, reference: &str) -> Result<(), GitError> {
        self.require_remote(remote).await?;
        let commit = match self.head().await?.commit {
            Some(commit) => commit,
            None => self.commit_tree(&self.tree_with(None, &super::repository::Entries::new()).await?, None, "trial").await?,
        };
        match self.pushed(remote, &commit, reference, &["--dry-run"]).await? {
            // That it stands elsewhere is no matter of permission.
            Push::Done | Push::Moved => Ok(()),
            Push::Refused(reason) => Err(GitError::Refused { reference: reference.to_owned(), reason }),
            Push::Unanswered(error) => Err(error),
        }
    }

    async fn known(&self, target: Target) -> Result<Target, GitError> {
        self.require_remote(&target.remote).await?;
        Ok(target)
    }

    /// Errors when no remote has this name. An address in the place of a name is refused: it may hold a token, and would be shown.
    pub(super) async fn require_remote(&self, remote: &str) -> Result<(), GitError> {
        let named = !remote.is_empty() && !remote.starts_with('-') && !remote.contains([':', '\\']);
        if named && self.git("remote").args(["get-url", "--", remote]).run().await?.is_done() {
            return Ok(());
        }
        Err(GitError::NoRemote(wording::said(remote.as_bytes())))
    }

    async fn setting(&self, name: &str) -> Result<Option<String>, GitError> {
        let answer = self.git("config").args(["--get", name]).run().await?;
        match answer.code {
            Some(0) => Ok(Some(String::from_utf8_lossy(&answer.stdout).trim_end().to_owned())),
            Some(1) => Ok(None),
            Some(_) | None => Err(answer.failure("config")),
        }
    }

    /// Where a ref of the remote stands now.
    pub(super) async fn ls_remote(&self, remote: &str, reference: &str) -> Result<Option<Oid>, GitError> {
        let answer = self.git("ls-remote").args(["--", remote, reference]).remote().run().await?;
        if !answer.is_done() {
            return Err(GitError::Unreachable(answer.said()));
        }
        let text = String::from_utf8_lossy(&answer.stdout);
        let found = text.lines().filter_map(|line| line.split_once('\t')).find(|(_, name)| *name == reference);
        found.map(|(oid, _)| oid.parse()).transpose()
    }

    /// Gets a ref of the remote into a private one, and answers where that stands. `None`: the remote has no such ref.
    ///
    /// Guarantees: no branch, no `FETCH_HEAD` and no tag changes. Caveats: with `shallow`, a repository whose history is cut off anyway gets the last
    /// commit only; a whole one gets all of the ref's history, because cutting it off anywhere would mark the whole repository as cut off.
    pub(super) async fn fetch(&self, remote: &str, reference: &str, private: &str, shallow: bool) -> Result<Option<Oid>, GitError> {
        let depth = if shallow && self.is_shallow().await? { &["--depth=1"][..] } else { &[] };
        let refspec = format!("+{reference}:{private}");
        let call = self.git("fetch").args(["--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules"]).args(depth);
        let answer = call.args(["--", remote, &refspec]).remote().run().await?;
        if answer.is_done() {
            return self.commit_of(private).await;
        }
        if answer.mentions("couldn't find remote ref") { Ok(None) } else { Err(GitError::Unreachable(answer.said())) }
    }

    /// Moves a ref of the remote forward to a commit, by compare-and-swap: the remote takes it only when the ref stands at an ancestor of the commit, or
    /// does not exist.
    ///
    /// Expected flow: the caller has built the commit upon what it knows of the ref. Guarantees: never forced, no hook runs here, no tag or other ref
    /// goes along. Caveats: `Unanswered` leaves open whether the remote acted; ask it with `ls_remote`. Errors: `git` itself cannot be run.
    pub(super) async fn push_commit(&self, remote: &str, commit: &Oid, reference: &str) -> Result<Push, GitError> {
        self.pushed(remote, commit, reference, &[]).await
    }

    async fn pushed(&self, remote: &str, commit: &Oid, reference: &str, more: &[&str]) -> Result<Push, GitError> {
        let fixed = ["--porcelain", "--no-verify", "--no-follow-tags", "--no-signed", "--recurse-submodules=no"];
        let call = self.git("push").args(fixed).args(more).args(["--", remote, &format!("{commit}:{reference}")]);
        let answer = match call.remote().run().await {
            Ok(answer) => answer,
            Err(GitError::TimedOut(call)) => return Ok(Push::Unanswered(GitError::TimedOut(call))),
            Err(error) => return Err(error),
        };
        if answer.is_done() {
            return Ok(Push::Done);
        }
        let report = String::from_utf8_lossy(&answer.stdout);
        let line = report.lines().find(|line| line.starts_with('!') && line.contains(&format!(":{reference}\t")));
        let verdict = line.and_then(|line| line.rsplit_once('\t')).map(|(_, verdict)| verdict);
        Ok(match verdict.map(Verdict::of) {
            Some(Verdict::Moved) => Push::Moved,
            Some(Verdict::Refused(reason)) => {
                let words = wording::said(format!("{reason}; {}", answer.said()).as_bytes());
                Push::Refused(words)
            }
            Some(Verdict::Unanswered) | None => Push::Unanswered(GitError::Unreachable(answer.said())),
        })
    }

    /// Whether one commit is an ancestor of the other, or the same.
    pub(super) async fn is_ancestor(&self, older: &Oid, newer: &Oid) -> Result<bool, GitError> {
        Ok(self.git("merge-base").args(["--is-ancestor", older.as_str(), newer.as_str()]).run().await?.is_done())
    }
}

/// What the last column of a push's report says.
#[derive(Debug, PartialEq, Eq)]
enum Verdict<'r> {
    Moved,
    Refused(&'r str),
    Unanswered,
}

impl<'r> Verdict<'r> {
    fn of(text: &'r str) -> Self {
        if text.starts_with("[rejected]") {
            return Self::Moved;
        }
        let Some(reason) = text.strip_prefix("[remote rejected]") else { return Self::Unanswered };
        let reason = reason.trim().trim_start_matches('(').trim_end_matches(')');
        // What servers say when somebody else moves the ref, or has just created it, between our look and our push.
        let raced =
            ["lock ref", "failed to lock", "failed to update ref", "incorrect old value", "already exists", "fetch first", "stale info"];
        if raced.iter().any(|words| reason.contains(words)) { Self::Moved } else { Self::Refused(reason) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_race_is_told_from_a_refusal_and_from_silence() {
        for text in [
            "[rejected] (fetch first)",
            "[rejected] (non-fast-forward)",
            "[remote rejected] (cannot lock ref 'refs/heads/x': is at a but expected b)",
            "[remote rejected] (failed to update ref)",
            "[remote rejected] (incorrect old value provided)",
            "[remote rejected] (reference already exists)",
        ] {
            assert_eq!(Verdict::of(text), Verdict::Moved, "{text}");
        }
        assert_eq!(Verdict::of("[remote rejected] (pre-receive hook declined)"), Verdict::Refused("pre-receive hook declined"));
        assert_eq!(Verdict::of("[remote failure] (remote failed to report status)"), Verdict::Unanswered);
    }
}
