//! Real git, bare repositories as remotes, and a home of its own.
mod journal;
mod push;
mod snapshot;
mod surroundings;
mod write_back;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Environment, Repository};

/// A directory with a home, a bare repository `remote.git` and any number of clones.
struct Site {
    directory: tempfile::TempDir,
}

impl Site {
    /// A remote with one commit on `main`: `README`, and a workspace's first files.
    fn new() -> Self {
        let site = Self::empty();
        let first = site.clone_of("remote.git", "first");
        for (path, text) in [("README", "one\n"), ("ledger/pay/one.yaml", "1\n"), ("secrets/pay/one.age", "a\n")] {
            write(&first.join(path), text);
        }
        site.git(&first, &["add", "."]);
        site.git(&first, &["commit", "-qm", "first"]);
        site.git(&first, &["push", "-q", "origin", "main"]);
        site
    }

    fn empty() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let site = Self { directory };
        let settings =
            "[user]\n\tname = Ada\n\temail = ada@example.com\n[init]\n\tdefaultBranch = main\n[advice]\n\tdetachedHead = false\n";
        write(&site.path("home/.gitconfig"), settings);
        site.git(&site.path("home"), &["init", "-q", "--bare", "../remote.git"]);
        site
    }

    fn path(&self, below: &str) -> PathBuf {
        self.directory.path().canonicalize().expect("there").join(below)
    }

    fn remote(&self) -> PathBuf {
        self.path("remote.git")
    }

    fn clone_of(&self, remote: &str, name: &str) -> PathBuf {
        self.git(&self.path("home"), &["clone", "-q", &format!("file://{}", self.path(remote).display()), &format!("../{name}")]);
        self.path(name)
    }

    fn clone(&self, name: &str) -> PathBuf {
        self.clone_of("remote.git", name)
    }

    fn variables(&self) -> Vec<(OsString, OsString)> {
        let path = std::env::var_os("PATH").expect("a path");
        let (home, none) = (self.path("home").into_os_string(), OsString::from("1"));
        [("PATH", path), ("HOME", home), ("GIT_CONFIG_NOSYSTEM", none)].map(|(name, value)| (name.into(), value)).into()
    }

    fn environment(&self) -> Environment {
        Environment::new(self.variables())
    }

    fn command(&self, directory: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        command.args(arguments).current_dir(directory).env_clear().envs(self.variables()).env("LC_ALL", "C").stdin(Stdio::null());
        command
    }

    /// Runs git as a user would; it must succeed.
    fn git(&self, directory: &Path, arguments: &[&str]) -> String {
        let output = self.command(directory, arguments).output().expect("git runs");
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }

    fn status(&self, clone: &Path) -> String {
        self.git(clone, &["status", "--porcelain=v2", "--branch", "--ignored", "--untracked-files=all"])
    }

    /// The entries of the user's index without our files.
    fn index(&self, clone: &Path) -> String {
        let all = self.git(clone, &["ls-files", "--stage", "-v"]);
        all.lines().filter(|line| !line.contains("ledger/") && !line.contains("secrets/")).collect::<Vec<_>>().join("\n")
    }

    /// Installs an executable hook.
    fn hook(&self, git_directory: &Path, name: &str, script: &str) {
        let path = git_directory.join("hooks").join(name);
        write(&path, &format!("#!/bin/sh\n{script}\n"));
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("set");
    }

    /// Somebody else pushes a file to `main`.
    fn somebody_pushes(&self, path: &str, text: &str) {
        let name = format!("other-{}", path.replace('/', "-"));
        let clone = if self.path(&name).exists() { self.path(&name) } else { self.clone(&name) };
        self.git(&clone, &["pull", "-q", "--rebase"]);
        write(&clone.join(path), text);
        self.git(&clone, &["add", "-A"]);
        self.git(&clone, &["commit", "-qm", "theirs"]);
        self.git(&clone, &["push", "-q", "origin", "main"]);
    }

    async fn open(&self, workspace: &Path) -> Repository {
        Repository::discover(workspace, &self.environment()).await.expect("a repository")
    }
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a parent")).expect("made");
    fs::write(path, text).expect("written");
}

fn paths(paths: &[&str]) -> BTreeSet<String> {
    paths.iter().map(|path| (*path).to_owned()).collect()
}
