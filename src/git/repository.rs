//! The repository around a workspace: finds it, reads its commits, builds trees and commits beside every branch, index and working tree.
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::program::{Call, Program};
use super::{Environment, GitError, Oid};
use crate::files::ScratchDirectory;

/// Who commits when git knows nobody.
const NAME: &str = "Keywright";
const EMAIL: &str = "keywright@localhost";

/// The git repository whose working tree holds the workspace.
#[derive(Clone)]
pub struct Repository {
    program: Program,
    top: PathBuf,
    prefix: String,
    author: Vec<(&'static str, &'static str)>,
}

/// Where `HEAD` stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The full name of the branch; `None` when detached.
    pub branch: Option<String>,
    /// `None` before the first commit of the branch.
    pub commit: Option<Oid>,
}

/// Paths from the top of the repository with their new contents; `None` takes the path away.
pub type Entries = BTreeMap<String, Option<Oid>>;

impl Repository {
    /// Finds the repository of a workspace; `root` is an absolute path.
    ///
    /// Errors: no repository, a bare one, or one that git does not trust (`safe.directory`).
    pub async fn discover(root: &Path, environment: &Environment) -> Result<Self, GitError> {
        let program = Program::find(environment)?;
        if !root.is_dir() {
            return Err(GitError::NoRepository);
        }
        let ask = |what: &'static str| program.call(root, "rev-parse").args([what]);
        let answer = ask("--show-toplevel").run().await?;
        if !answer.is_done() {
            let absent = ["not a git repository", "must be run in a work tree", "cannot use bare repository"]
                .into_iter()
                .any(|words| answer.mentions(words));
            return Err(if absent { GitError::NoRepository } else { answer.failure("rev-parse") });
        }
        let top = String::from_utf8(answer.stdout).map_err(|_| GitError::Other("the path of the repository is not UTF-8".to_owned()))?;
        let top = PathBuf::from(top.strip_suffix('\n').unwrap_or(&top));
        let directory = ask("--absolute-git-dir").line().await?;
        if !leads_to(&top, Path::new(&directory)) {
            let message = format!("`{}` is not the repository that the `.git` of `{}` names", directory.escape_debug(), top.display());
            return Err(GitError::Other(message));
        }
        let prefix = ask("--show-prefix").line().await?;
        let mut repository = Self { program, top, prefix, author: Vec::new() };
        repository.author = repository.identity().await?;
        Ok(repository)
    }

    /// The workspace's directory from the top of the repository: empty, or ending with `/`.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The same repository, seen from another directory: `prefix` is empty or ends with `/`.
    pub fn below(&self, prefix: &str) -> Self {
        Self { prefix: prefix.to_owned(), ..self.clone() }
    }

    /// Whether it is a part of another repository (a submodule).
    pub async fn is_a_part(&self) -> Result<bool, GitError> {
        Ok(!self.git("rev-parse").args(["--show-superproject-working-tree"]).done().await?.is_empty())
    }

    /// Who git takes the user to be, as `NAME <EMAIL>`; `None` when it was not told.
    pub async fn user(&self) -> Option<String> {
        let asked = async |name: &str| -> Option<String> {
            let answer = self.git("config").args(["--get", name]).run().await.ok()?;
            let text = String::from_utf8(answer.stdout).ok()?.trim().to_owned();
            (answer.code == Some(0) && !text.is_empty()).then_some(text)
        };
        match (asked("user.name").await, asked("user.email").await) {
            (Some(name), Some(email)) => Some(format!("{name} <{email}>")),
            (name, email) => name.or(email),
        }
    }

    /// The top of the working tree.
    pub fn top(&self) -> &Path {
        &self.top
    }

    #[cfg(test)]
    pub(super) fn patient_for(mut self, network: std::time::Duration) -> Self {
        self.program = self.program.patient_for(network);
        self
    }

    /// Begins a call in the top directory.
    pub(super) fn git(&self, name: &str) -> Call<'_> {
        self.program.call(&self.top, name)
    }

    /// The same with more settings, each `name=value`.
    pub(super) fn git_with(&self, settings: &[String], name: &str) -> Call<'_> {
        self.program.call_with(&self.top, settings, name)
    }

    /// Settings that switch off every filter that is configured: git runs them not only on what it is asked for, but also on files that changed in the
    /// second in which the index was written.
    pub(super) async fn filters_off(&self) -> Result<Vec<String>, GitError> {
        let pattern = r"^filter\..*\.(clean|process|required|smudge)$";
        let names = self.git("config").args(["-z", "--name-only", "--get-regexp", pattern]).run().await?;
        let names = String::from_utf8_lossy(&names.stdout).into_owned();
        let off = |name: &str| if name.ends_with(".required") { format!("{name}=false") } else { format!("{name}=") };
        Ok(names.split('\0').filter(|name| !name.is_empty() && !name.contains('=')).map(off).collect())
    }

    /// Variables that name the author and the committer where git knows none: it would guess from the system or refuse.
    async fn identity(&self) -> Result<Vec<(&'static str, &'static str)>, GitError> {
        let mut variables = Vec::new();
        for (who, name, email) in [
            ("GIT_AUTHOR_IDENT", "GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL"),
            ("GIT_COMMITTER_IDENT", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"),
        ] {
            let known = self.git("var").args([who]).variable("GIT_CONFIG_PARAMETERS", "'user.useConfigOnly=true'").run().await?;
            if !known.is_done() {
                variables.extend([(name, NAME), (email, EMAIL)]);
            }
        }
        Ok(variables)
    }

    pub(super) async fn head(&self) -> Result<Head, GitError> {
        let branch = self.git("symbolic-ref").args(["-q", "HEAD"]).run().await?;
        let branch = match branch.code {
            Some(0) => Some(String::from_utf8_lossy(&branch.stdout).trim_end().to_owned()),
            Some(1) => None,
            Some(_) | None => return Err(branch.failure("symbolic-ref")),
        };
        Ok(Head { branch, commit: self.commit_of("HEAD").await? })
    }

    /// The commit that a name stands for here; `None` when there is none.
    pub(super) async fn commit_of(&self, name: &str) -> Result<Option<Oid>, GitError> {
        let answer = self.git("rev-parse").args(["-q", "--verify", "--end-of-options", &format!("{name}^{{commit}}")]).run().await?;
        if answer.is_done() { oid(&answer.stdout).map(Some) } else { Ok(None) }
    }

    /// Whether history is cut off somewhere.
    pub(super) async fn is_shallow(&self) -> Result<bool, GitError> {
        Ok(self.git("rev-parse").args(["--is-shallow-repository"]).line().await? == "true")
    }

    /// What a commit has at these paths.
    pub(super) async fn entries(&self, commit: &Oid, paths: impl Iterator<Item = &String>) -> Result<Entries, GitError> {
        let paths: Vec<&String> = paths.collect();
        if paths.is_empty() {
            return Ok(Entries::new());
        }
        let input: String = paths.iter().map(|path| format!("{commit}:{path}\n")).collect();
        let answer = self.git("cat-file").args(["--batch-check"]).input(input).line().await?;
        let lines: Vec<&str> = answer.split('\n').collect();
        if lines.len() != paths.len() {
            return Err(GitError::Other("`git cat-file` did not answer for every path".to_owned()));
        }
        let entry = |line: &str| match line.split(' ').collect::<Vec<_>>()[..] {
            [oid, "blob", _] => oid.parse().map(Some),
            _ if line.ends_with(" missing") => Ok(None),
            _ => Err(GitError::Other("a directory is in the place of a file that is to be committed".to_owned())),
        };
        paths.into_iter().zip(lines).map(|(path, line)| Ok((path.clone(), entry(line)?))).collect()
    }

    /// Keeps bytes as an object.
    pub(super) async fn blob(&self, bytes: Vec<u8>) -> Result<Oid, GitError> {
        oid(&self.git("hash-object").args(["-w", "-t", "blob", "--no-filters", "--stdin"]).input(bytes).done().await?)
    }

    /// Keeps files of the working tree as objects, byte by byte. Paths are from the top and hold no line end.
    pub(super) async fn blobs_of_files(&self, paths: &[String]) -> Result<Vec<Oid>, GitError> {
        if paths.is_empty() {
            return Ok(Vec::new());
        }
        let input: String = paths.iter().map(|path| format!("{path}\n")).collect();
        let answer = self.git("hash-object").args(["-w", "-t", "blob", "--no-filters", "--stdin-paths"]).input(input).line().await?;
        let oids: Vec<Oid> = answer.split('\n').map(str::parse).collect::<Result<_, _>>()?;
        if oids.len() == paths.len() {
            Ok(oids)
        } else {
            Err(GitError::Other("`git hash-object` did not answer for every file".to_owned()))
        }
    }

    /// The tree of a commit with some entries replaced, built in an index of its own.
    pub(super) async fn tree_with(&self, base: Option<&Oid>, entries: &Entries) -> Result<Oid, GitError> {
        let scratch = ScratchDirectory::new().map_err(|error| GitError::Other(error.to_string()))?;
        let index = scratch.path().join("index");
        // An index of the kinds that these settings ask for would put files beside the user's own.
        let whole = "'core.splitIndex=false' 'index.sparse=false'";
        let git = |name: &str| self.git(name).variable("GIT_INDEX_FILE", &index).variable("GIT_CONFIG_PARAMETERS", whole);
        match base {
            Some(base) => git("read-tree").args([base.as_str()]).done().await?,
            None => git("read-tree").args(["--empty"]).done().await?,
        };
        if !entries.is_empty() {
            git("update-index").args(["-z", "--index-info"]).input(index_info(entries)).done().await?;
        }
        oid(&git("write-tree").done().await?)
    }

    /// The tree of a commit.
    pub(super) async fn tree_of(&self, commit: &Oid) -> Result<Oid, GitError> {
        self.git("rev-parse").args(["--verify", &format!("{commit}^{{tree}}")]).line().await?.parse()
    }

    /// Keeps a commit as an object; no ref names it yet. It is not signed, whatever `commit.gpgSign` says.
    pub(super) async fn commit_tree(&self, tree: &Oid, parent: Option<&Oid>, message: &str) -> Result<Oid, GitError> {
        let mut call = self.git("commit-tree").args(["--no-gpg-sign", tree.as_str()]);
        if let Some(parent) = parent {
            call = call.args(["-p", parent.as_str()]);
        }
        for (name, value) in &self.author {
            call = call.variable(name, value);
        }
        oid(&call.input(format!("{}\n", message.trim_end())).done().await?)
    }
}

/// Whether a path stays below where it is put, and can stand in git's line-based lists.
pub fn is_plain_path(path: &str) -> bool {
    let plain = |part: &str| !part.is_empty() && part != "." && part != ".." && !part.eq_ignore_ascii_case(".git");
    path.split('/').all(plain) && !path.contains('\\') && !path.chars().any(char::is_control)
}

/// Lines for `update-index --index-info`.
pub fn index_info(entries: &Entries) -> Vec<u8> {
    let mut lines = Vec::new();
    for (path, blob) in entries {
        let line = match blob {
            Some(blob) => format!("100644 {blob}\t{path}\0"),
            None => format!("0 {}\t{path}\0", "0".repeat(40)),
        };
        lines.extend_from_slice(line.as_bytes());
    }
    lines
}

/// The one object that an answer names.
pub fn oid(answer: &[u8]) -> Result<Oid, GitError> {
    String::from_utf8_lossy(answer).trim_end().parse()
}
/// Whether the `.git` at the top is this directory, or names it. Files of a working tree can look like a repository (`HEAD`, `config`, `objects`), and git
/// would take them for one: then a change would bring the very commits that are trusted.
fn leads_to(top: &Path, directory: &Path) -> bool {
    let named = top.join(".git");
    let named = match std::fs::read_to_string(&named) {
        Ok(text) => text.strip_prefix("gitdir:").map(|path| top.join(path.trim())),
        Err(_) => Some(named),
    };
    let real = |path: &Path| path.canonicalize().ok();
    named.and_then(|named| real(&named)).is_some_and(|named| Some(named) == real(directory))
}
