//! Runs the program in a directory of its own with a scrubbed environment, and tells what is on disk. Knows no test.
#![allow(dead_code, reason = "each suite uses a different part")]

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;

/// Public halves of the identities that every sandbox has, by the name of the file in the home directory.
pub const OPS: &str = "age17f9yaa00npfgwl572y7jc8rfjy09rraahafem4znerfw9qu8cdrsjeqh70";
pub const RECOVERY: &str = "age1sgyk4dt37ldgpxltarukjtv63c5prl6rj4gmgj6xyxmjvzz8tcvsqkflrm";

/// A home directory (`home/`) and a workspace (`work/`), removed when dropped.
pub struct Sandbox {
    directory: TempDir,
    /// Variables of every command.
    pub environment: BTreeMap<String, String>,
    /// The fixed clock of every command; absent: as `ahead` says.
    pub now: Option<String>,
    /// Each command gets a fixed clock that is ahead of the system's by this, and so never sleeps; absent: the system's clock.
    pub ahead: Option<SignedDuration>,
}

/// What a command did.
#[derive(Clone)]
pub struct Ran {
    pub line: String,
    pub exit: i32,
    pub stdout: String,
    pub stderr: String,
}

/// One thing on disk.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    pub kind: char,
    pub mode: u32,
    /// Of a file; the target of a link.
    pub bytes: Vec<u8>,
}

/// Everything below the workspace, by path.
pub type Tree = BTreeMap<String, Entry>;

impl Sandbox {
    pub fn new() -> Self {
        let directory = TempDir::new().expect("a temporary directory");
        for name in ["home", "keys-repo", "tmp"] {
            fs::create_dir(directory.path().join(name)).expect("a directory");
        }
        let sandbox = Self { directory, environment: BTreeMap::new(), now: None, ahead: None };
        for (name, from) in [("ops.txt", "example-identity.txt"), ("recovery.txt", "example-recovery-identity.txt")] {
            let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/quickstart").join(from);
            fs::copy(from, sandbox.home().join(name)).expect("the example identities are there");
        }
        sandbox
    }

    pub fn root(&self) -> &Path {
        self.directory.path()
    }

    pub fn work(&self) -> PathBuf {
        self.root().join("keys-repo")
    }

    pub fn home(&self) -> PathBuf {
        self.root().join("home")
    }

    /// Where programs put temporary files.
    pub fn temporary(&self) -> PathBuf {
        self.root().join("tmp")
    }

    /// A path of the workspace, or of the home directory when it begins with `~/`.
    pub fn path(&self, path: &str) -> PathBuf {
        match path.strip_prefix("~/") {
            Some(path) => self.home().join(path),
            None => self.work().join(path),
        }
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        fs::write(path, text).expect("written");
    }

    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    pub fn exists(&self, path: &str) -> bool {
        self.path(path).symlink_metadata().is_ok()
    }

    pub fn remove(&self, path: &str) {
        let path = self.path(path);
        if path.symlink_metadata().is_ok_and(|about| about.is_dir()) { fs::remove_dir_all(path) } else { fs::remove_file(path) }
            .expect("removed");
    }

    /// The program, ready to run in the workspace with nothing inherited.
    pub fn command<S: AsRef<str>>(&self, arguments: &[S]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_keywright"));
        command.env_clear().current_dir(self.work());
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", self.home()).env("TZ", "UTC");
        command.env("TMPDIR", self.temporary()).envs(&self.environment);
        if let Some(now) = self.now.clone().or_else(|| self.ahead.map(|ahead| (Timestamp::now() + ahead).to_string())) {
            command.args(["--now", &now]);
        }
        let home = self.home().display().to_string();
        command.args(arguments.iter().map(|argument| match argument.as_ref().split_once("~/") {
            Some((before, path)) if before.is_empty() || before.ends_with('=') => format!("{before}{home}/{path}"),
            _ => argument.as_ref().to_owned(),
        }));
        command
    }

    /// Runs the program to its end.
    pub fn run<S: AsRef<str>>(&self, arguments: &[S]) -> Ran {
        self.run_with(arguments, None)
    }

    /// Runs the program to its end with this on its standard input.
    pub fn run_with<S: AsRef<str>>(&self, arguments: &[S], input: Option<&str>) -> Ran {
        let mut command = self.command(arguments);
        command.stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() }).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child: Child = command.spawn().expect("the program can be started");
        if let Some(input) = input {
            // A program that does not read its input closes the pipe.
            let _ = child.stdin.take().expect("piped").write_all(input.as_bytes());
        }
        let output: Output = child.wait_with_output().expect("the program ends");
        let words: Vec<&str> = arguments.iter().map(AsRef::as_ref).collect();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("output is UTF-8");
        Ran { line: words.join(" "), exit: output.status.code().unwrap_or(-1), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    pub fn tree(&self) -> Tree {
        let mut tree = Tree::new();
        collect(&self.work(), "", &mut tree);
        tree
    }
}

impl Ran {
    /// Checks the exit code.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.exit, code, "`{}`\n--- stdout\n{}\n--- stderr\n{}", self.line, self.stdout, self.stderr);
        self
    }

    /// Checks that standard error has a diagnostic of this code.
    #[track_caller]
    pub fn says(self, code: &str) -> Self {
        assert!(
            self.stderr.contains(code),
            "`{}` does not say `{code}`\n--- stdout\n{}\n--- stderr\n{}",
            self.line,
            self.stdout,
            self.stderr
        );
        self
    }

    /// Checks that standard output has this text.
    #[track_caller]
    pub fn shows(self, text: &str) -> Self {
        assert!(
            self.stdout.contains(text),
            "`{}` does not show `{text}`\n--- stdout\n{}\n--- stderr\n{}",
            self.line,
            self.stdout,
            self.stderr
        );
        self
    }
}

fn collect(directory: &Path, below: &str, tree: &mut Tree) {
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        let name = format!("{below}{}", path.file_name().expect("a name").to_string_lossy());
        let about = path.symlink_metadata().expect("metadata");
        let mode = mode(&about);
        if about.is_symlink() {
            let target = fs::read_link(&path).expect("a link").to_string_lossy().into_owned();
            tree.insert(name, Entry { kind: 'l', mode: 0, bytes: target.into_bytes() });
        } else if about.is_dir() {
            tree.insert(name.clone(), Entry { kind: 'd', mode, bytes: Vec::new() });
            collect(&path, &format!("{name}/"), tree);
        } else {
            tree.insert(name, Entry { kind: 'f', mode, bytes: fs::read(&path).expect("readable") });
        }
    }
}

#[cfg(unix)]
fn mode(about: &fs::Metadata) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    about.permissions().mode() & 0o7777
}

#[cfg(not(unix))]
fn mode(about: &fs::Metadata) -> u32 {
    if about.permissions().readonly() { 0o400 } else { 0o600 }
}

/// A tree without what an apply may leave behind even when it refuses: its lock.
pub fn without_lock(mut tree: Tree) -> Tree {
    tree.remove(".keywright/lock");
    if !tree.keys().any(|path| path.starts_with(".keywright/")) {
        tree.remove(".keywright");
    }
    tree
}

/// Fails when a first-party token, or a private key that is not in the home directory, is on disk in the open.
#[track_caller]
pub fn assert_no_plaintext(tree: &Tree) {
    for (path, entry) in tree {
        let text = String::from_utf8_lossy(&entry.bytes);
        assert!(!text.contains("AGE-SECRET-KEY-"), "`{path}` holds a private key");
        let token = text.match_indices("kw_").any(|(at, _)| {
            let rest = text[at + 3..].as_bytes();
            rest.len() >= 62 && rest[12] == b'_' && rest[..12].iter().chain(&rest[13..62]).all(u8::is_ascii_alphanumeric)
        });
        assert!(!token, "`{path}` holds a token in the open");
    }
}
