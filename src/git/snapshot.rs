//! Reads the files of a workspace as a commit has them: from git's database, never from the working tree, through no filter.
use std::collections::BTreeMap;

use super::program::Call;
use super::{GitError, Oid, Repository};

/// One file of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub kind: EntryKind,
    /// Its contents as an object.
    pub oid: Oid,
}

/// What a commit has at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    File,
    Symlink,
    /// Another repository.
    Submodule,
}

/// Files by path below the workspace.
pub type Entries = BTreeMap<String, Entry>;

impl Repository {
    /// The commit that a name such as `origin/main` stands for in this clone: a branch of the remote, else one of this clone. A tag, which others may
    /// be able to make, wants its whole name. A name that is whole stands for itself alone. Errors: there is none.
    pub async fn resolve(&self, name: &str) -> Result<Oid, GitError> {
        let whole = match name.split('/').next() {
            Some("refs") => Some(name.to_owned()),
            Some("heads" | "remotes" | "tags") => Some(format!("refs/{name}")),
            Some(_) | None => None,
        };
        if let Some(whole) = whole {
            return self.commit_of(&whole).await?.ok_or_else(|| GitError::NoCommit(name.to_owned()));
        }
        for place in ["refs/remotes/", "refs/heads/", "refs/remotes/origin/"] {
            if let Some(branch) = self.commit_of(&format!("{place}{name}")).await? {
                return Ok(branch);
            }
        }
        if self.commit_of(&format!("refs/tags/{name}")).await?.is_some() {
            return Err(GitError::Other(format!("`{name}` is no branch here, but a tag: to trust that, say `refs/tags/{name}`")));
        }
        self.commit_of(name).await?.ok_or_else(|| GitError::NoCommit(name.to_owned()))
    }

    /// The commit that the working tree stands on; `None` before the first one.
    pub async fn here(&self) -> Result<Option<Oid>, GitError> {
        Ok(self.head().await?.commit)
    }

    /// The last commit that two have in common; `None` when this clone knows of none.
    pub async fn merge_base(&self, one: &Oid, other: &Oid) -> Result<Option<Oid>, GitError> {
        let answer = self.git("merge-base").args([one.as_str(), other.as_str()]).run().await?;
        match answer.code {
            Some(0) => String::from_utf8_lossy(&answer.stdout).trim_end().parse().map(Some),
            Some(1) => Ok(None),
            Some(_) | None => Err(answer.failure("merge-base")),
        }
    }

    /// What a commit has at and below some paths of the workspace.
    pub async fn files_of(&self, commit: &Oid, below: &[&str]) -> Result<Entries, GitError> {
        let mut call = self.original("ls-tree").args(["-r", "-z", "--full-tree", commit.as_str(), "--"]);
        // Without a path git would list everything.
        for path in below {
            call = call.args([format!("{}{path}", self.prefix())]);
        }
        let text = call.done().await?;
        text.split(|byte| *byte == 0).filter(|line| !line.is_empty()).map(|line| self.entry(line)).collect()
    }

    /// Begins a call that sees objects as they are, whatever `refs/replace` says.
    fn original(&self, name: &str) -> Call<'_> {
        self.git(name).variable("GIT_NO_REPLACE_OBJECTS", "1")
    }

    /// `MODE TYPE OID<TAB>PATH`
    fn entry(&self, line: &[u8]) -> Result<(String, Entry), GitError> {
        let strange = || GitError::Other("`git ls-tree` answered something that is no list of files with UTF-8 names".to_owned());
        let line = std::str::from_utf8(line).map_err(|_| strange())?;
        let (about, path) = line.split_once('\t').ok_or_else(strange)?;
        let [mode, _, oid] = about.split(' ').collect::<Vec<_>>()[..] else { return Err(strange()) };
        let kind = match mode {
            "120000" => EntryKind::Symlink,
            "160000" => EntryKind::Submodule,
            _ => EntryKind::File,
        };
        let path = path.strip_prefix(self.prefix()).ok_or_else(strange)?;
        Ok((path.to_owned(), Entry { kind, oid: oid.parse()? }))
    }

    /// The contents of objects, in their order.
    pub async fn contents(&self, oids: &[&Oid]) -> Result<Vec<Vec<u8>>, GitError> {
        if oids.is_empty() {
            return Ok(Vec::new());
        }
        let input: String = oids.iter().map(|oid| format!("{oid}\n")).collect();
        let answer = self.original("cat-file").args(["--batch"]).input(input).done().await?;
        let broken = || GitError::Other("`git cat-file` did not answer with the objects that were asked for".to_owned());
        let mut rest = answer.as_slice();
        let mut all = Vec::with_capacity(oids.len());
        for oid in oids {
            let end = rest.iter().position(|byte| *byte == b'\n').ok_or_else(broken)?;
            let head = std::str::from_utf8(&rest[..end]).map_err(|_| broken())?;
            let length =
                head.strip_prefix(oid.as_str()).and_then(|head| head.strip_prefix(" blob ")).and_then(|length| length.parse().ok());
            let length: usize = length.ok_or_else(broken)?;
            let bytes = rest.get(end + 1..end + 1 + length).ok_or_else(broken)?;
            all.push(bytes.to_vec());
            rest = rest.get(end + 2 + length..).ok_or_else(broken)?;
        }
        Ok(all)
    }

    /// What the files of the working tree would be as objects, byte by byte; nothing is kept. Paths are below the workspace, and hold no line end.
    pub async fn hashes_of_files(&self, paths: &[&str]) -> Result<Vec<Oid>, GitError> {
        if paths.is_empty() {
            return Ok(Vec::new());
        }
        let input: String = paths.iter().map(|path| format!("{}{path}\n", self.prefix())).collect();
        let answer = self.git("hash-object").args(["-t", "blob", "--no-filters", "--stdin-paths"]).input(input).line().await?;
        let oids: Vec<Oid> = answer.split('\n').map(str::parse).collect::<Result<_, _>>()?;
        if oids.len() == paths.len() {
            Ok(oids)
        } else {
            Err(GitError::Other("`git hash-object` did not answer for every file".to_owned()))
        }
    }
}
