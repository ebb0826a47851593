//! A remote, a home, a provider, and as many machines as a test wants: each a clone of its own.
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::emulator::{Config, Emulator, Fault, Key, Order, Route};
use crate::machine::Machine;
use crate::sandbox::{OPS, Ran};

pub const DURABLE: &[&str] = &["apply", "--push", "--durable", "git", "--yes"];
pub const PUSH: &[&str] = &["apply", "--push", "--yes"];
pub const KEYS: &str = "  billing: { label: Billing webhooks, scopes: [pcx:webhooks:read] }\n  refunds: { scopes: [pcx:devices:read] }\n";

pub struct Team {
    directory: tempfile::TempDir,
    pub emulator: Emulator,
    /// The workspace's directory in the repository: empty, or ending with `/`.
    pub below: &'static str,
}

impl Team {
    pub fn new() -> Self {
        Self::with(Config::default(), "")
    }

    /// A remote with one commit on `main`: the workspace with two keys, nothing applied.
    pub fn with(config: Config, below: &'static str) -> Self {
        let emulator = Emulator::start_in_thread(config).expect("a port is free");
        let team = Self { directory: tempfile::tempdir().expect("a directory"), emulator, below };
        for name in ["home", "tmp", "origin.git"] {
            fs::create_dir(team.path(name)).expect("made");
        }
        let identity = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/quickstart/example-identity.txt");
        fs::copy(identity, team.path("home/ops.txt")).expect("the example identity is there");
        team.git(&["init", "-q", "--bare", "-b", "main"]);
        let first = team.clone("first");
        first.git(&["checkout", "-q", "-B", "main"]);
        let endpoint = team.emulator.url();
        first.write("keywright.yaml", &format!(
            "version: 1\naccounts:\n  pay:\n    provider: payconex\n    environment: certification\n    endpoint: {endpoint}\n    params: {{ account_id: \"220614966801\", auth: hmac }}\n    credential: {{ env: PAYCONEX_ADMIN_KEY }}\nrecipients:\n  ops: [{OPS}]\ndefaults:\n  recipients: [ops]\n  lifetime: 90d\n"
        ));
        first.write(".gitignore", ".keywright/\n");
        first.write("keys/pay.yaml", &format!("account: pay\nkeys:\n{KEYS}"));
        first.git(&["add", "."]);
        first.git(&["commit", "-qm", "first"]);
        first.git(&["push", "-q", "-u", "origin", "main"]);
        first.vanish();
        team
    }

    pub fn path(&self, below: &str) -> PathBuf {
        self.directory.path().canonicalize().expect("there").join(below)
    }

    pub fn clone(&self, name: &str) -> Machine<'_> {
        let cloned = self.git_command(&self.path("home")).args(["clone", "-q"]).arg(self.path("origin.git")).arg(self.path(name)).output();
        let cloned = cloned.expect("git runs");
        assert!(cloned.status.success(), "{}", String::from_utf8_lossy(&cloned.stderr));
        Machine::new(self, self.path(name))
    }

    /// Variables that a person who works with git has.
    pub fn variables(&self) -> BTreeMap<&'static str, String> {
        let path = |name: &str| self.path(name).display().to_string();
        BTreeMap::from([
            ("PATH", std::env::var("PATH").expect("a path")),
            ("HOME", path("home")),
            ("TMPDIR", path("tmp")),
            ("TZ", "UTC".to_owned()),
            ("GIT_CONFIG_NOSYSTEM", "1".to_owned()),
            ("GIT_AUTHOR_NAME", "Ada".to_owned()),
            ("GIT_AUTHOR_EMAIL", "ada@example.com".to_owned()),
            ("GIT_COMMITTER_NAME", "Ada".to_owned()),
            ("GIT_COMMITTER_EMAIL", "ada@example.com".to_owned()),
        ])
    }

    pub fn git_command(&self, directory: &Path) -> Command {
        let mut command = Command::new("git");
        command.current_dir(directory).env_clear().envs(self.variables()).env("LC_ALL", "C").stdin(Stdio::null());
        command
    }

    /// Runs git in the remote; it must succeed.
    #[track_caller]
    pub fn git(&self, arguments: &[&str]) -> String {
        git_in(self, &self.path("origin.git"), arguments)
    }

    /// Where `main` of the remote stands.
    pub fn main(&self) -> String {
        self.git(&["rev-parse", "main"])
    }

    /// Every ref of the remote.
    pub fn refs(&self) -> String {
        self.git(&["for-each-ref"])
    }

    /// The files of the journal ref; empty: nobody holds it, and nothing is left.
    pub fn journal(&self) -> String {
        if self.refs().contains("refs/keywright/journal") {
            self.git(&["ls-tree", "-r", "--name-only", "refs/keywright/journal"])
        } else {
            String::new()
        }
    }

    pub fn rescues(&self) -> Vec<String> {
        let refs = self.git(&["for-each-ref", "--format=%(refname:short)", "refs/heads/keywright"]);
        refs.lines().map(str::to_owned).collect()
    }

    /// Installs an executable hook in a git directory.
    pub fn hook(&self, git_directory: &Path, name: &str, script: &str) {
        let path = git_directory.join("hooks").join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        // Written beside and renamed, so that no process has it open for writing when it runs.
        let beside = path.with_extension("new");
        fs::write(&beside, format!("#!/bin/sh\n{script}\n")).expect("written");
        fs::set_permissions(&beside, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("set");
        fs::rename(beside, path).expect("in place");
    }

    /// Somebody else pushes a file to `main`.
    pub fn somebody_pushes(&self, path: &str, text: &str) {
        let other = if self.path("somebody").exists() { Machine::new(self, self.path("somebody")) } else { self.clone("somebody") };
        other.git(&["pull", "-q", "--rebase"]);
        other.write(path, text);
        other.git(&["add", "-A"]);
        other.git(&["commit", "-qm", "theirs"]);
        other.git(&["push", "-q", "origin", "main"]);
    }

    /// Somebody else puts one file into the journal ref, or takes it away.
    pub fn somebody_writes_into_the_journal(&self, path: &str, text: Option<&str>) {
        let index = self.path("tmp/index").display().to_string();
        let _ = fs::remove_file(&index);
        let git = |arguments: &[&str]| {
            let output =
                self.git_command(&self.path("origin.git")).args(arguments).env("GIT_INDEX_FILE", &index).output().expect("git runs");
            assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8_lossy(&output.stdout).trim().to_owned()
        };
        let old = if self.refs().contains("refs/keywright/journal") { Some(git(&["rev-parse", "refs/keywright/journal"])) } else { None };
        match &old {
            Some(old) => git(&["read-tree", old]),
            None => git(&["read-tree", "--empty"]),
        };
        match text {
            Some(text) => {
                let file = self.path("tmp/file");
                fs::write(&file, text).expect("written");
                let blob = git(&["hash-object", "-w", &file.display().to_string()]);
                git(&["update-index", "--add", "--cacheinfo", &format!("100644,{blob},{path}")])
            }
            None => git(&["update-index", "--force-remove", path]),
        };
        let tree = git(&["write-tree"]);
        let parent: Vec<&str> = old.iter().flat_map(|old| ["-p", old.as_str()]).collect();
        let commit = git(&[&["commit-tree", &tree, "-m", "somebody"][..], &parent].concat());
        git(&["update-ref", "refs/keywright/journal", &commit, old.as_deref().unwrap_or(&"0".repeat(40))]);
    }

    pub fn order(&self, fault: Fault, method: reqwest::Method, route: Route, times: u32) {
        self.emulator.order(Order { fault, method, route: Some(route), times });
    }

    /// Keys other than the administrator's.
    pub fn keys(&self) -> Vec<Key> {
        let admin = self.emulator.admin_id();
        self.emulator.keys().into_iter().filter(|key| key.id != admin).collect()
    }

    pub fn live(&self) -> Vec<Key> {
        self.keys().into_iter().filter(|key| key.enabled).collect()
    }

    /// No secret of the provider, the administrator's included, is in what was said, in any object of git, or in any file but the identity.
    #[track_caller]
    pub fn no_secret_in_the_open(&self, machines: &[&Machine<'_>], ran: &[&Ran]) {
        let keys = self.emulator.keys();
        assert!(keys.len() > 1, "there is something to look for");
        let check = |place: &str, text: &[u8]| {
            let text = String::from_utf8_lossy(text);
            let shown = keys.iter().find(|key| text.contains(&key.secret));
            assert!(shown.is_none(), "{place} holds the secret of {shown:?}");
        };
        for ran in ran {
            check(&ran.line, ran.line.as_bytes());
            check(&ran.line, ran.stdout.as_bytes());
            check(&ran.line, ran.stderr.as_bytes());
        }
        for place in machines.iter().map(|machine| machine.top().to_owned()).chain([self.path("origin.git")]) {
            let all = ["cat-file", "--batch-all-objects", "--batch", "--unordered"];
            let objects = self.git_command(&place).args(all).output().expect("git runs");
            assert!(objects.status.success() && !objects.stdout.is_empty());
            check(&place.display().to_string(), &objects.stdout);
        }
        let mut waiting = vec![self.path("")];
        while let Some(directory) = waiting.pop() {
            for entry in fs::read_dir(directory).expect("listed") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    waiting.push(path);
                } else {
                    check(&path.display().to_string(), &fs::read(&path).unwrap_or_default());
                }
            }
        }
    }
}

/// Runs git; it must succeed.
#[track_caller]
pub fn git_in(team: &Team, directory: &Path, arguments: &[&str]) -> String {
    let output = team.git_command(directory).args(arguments).output().expect("git runs");
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}
