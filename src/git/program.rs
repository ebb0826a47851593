//! Runs `git`, with nothing of its own will: no hooks, no filters, no prompts, no end without a time limit.
use std::cell::RefCell;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;

use super::{Environment, GitError, wording};

/// Longest that a call without network may take.
const LOCAL: Duration = Duration::from_secs(120);
/// Longest that a call to a remote may take.
const NETWORK: Duration = Duration::from_secs(60);
/// How long the output of a `git` that has ended may stay open: `ssh` leaves a process behind that holds it when connections are shared.
const LINGER: Duration = Duration::from_secs(2);
/// The most bytes that are taken of an answer.
const ANSWER: usize = 512 << 20;
/// The most bytes that are taken of the words of a failure.
const WORDS: usize = 64 << 10;

/// Settings of every call. They stand on the command line, which outranks every file and variable.
const SETTINGS: &[&str] = &[
    "advice.detachedHead=false",
    "color.ui=false",
    "core.attributesFile=/dev/null",
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.quotePath=false",
    "fetch.prune=false",
    "fetch.pruneTags=false",
    "fetch.recurseSubmodules=no",
    "fetch.writeCommitGraph=false",
    "gc.auto=0",
    "i18n.commitEncoding=UTF-8",
    "maintenance.auto=false",
    "protocol.ext.allow=never",
    "push.followTags=false",
    "push.gpgSign=false",
    "push.recurseSubmodules=no",
    "safe.bareRepository=explicit",
    "submodule.recurse=false",
];

/// The program, with the environment that it gets.
#[derive(Clone)]
pub struct Program {
    path: PathBuf,
    environment: Environment,
    network: Duration,
}

/// One call that is being put together.
pub struct Call<'c> {
    program: &'c Program,
    command: Command,
    name: String,
    input: Vec<u8>,
    limit: Duration,
}

/// How a call ended.
pub struct Answer {
    /// `None`: ended by a signal.
    pub code: Option<i32>,
    pub stdout: Vec<u8>,
    stderr: Vec<u8>,
}

impl Program {
    pub fn find(environment: &Environment) -> Result<Self, GitError> {
        Ok(Self { path: environment.program()?, environment: environment.clone(), network: NETWORK })
    }

    /// The same with another time limit for remotes.
    #[cfg(test)]
    pub fn patient_for(mut self, network: Duration) -> Self {
        self.network = network;
        self
    }

    /// Begins a call of `git NAME` in a directory.
    pub fn call(&self, directory: &Path, name: &str) -> Call<'_> {
        self.call_with(directory, &[], name)
    }

    /// The same with more settings, each `name=value`.
    pub fn call_with(&self, directory: &Path, settings: &[String], name: &str) -> Call<'_> {
        let mut command = Command::new(&self.path);
        command.current_dir(directory).env_clear().envs(self.environment.variables());
        for setting in SETTINGS.iter().copied().chain(settings.iter().map(String::as_str)) {
            command.arg("-c").arg(setting);
        }
        command.arg(name);
        Call { program: self, command, name: name.to_owned(), input: Vec::new(), limit: LOCAL }
    }
}

impl Call<'_> {
    pub fn args<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.command.args(arguments);
        self
    }

    pub fn variable(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// What the program reads from its standard input; without it, the input is closed.
    pub fn input(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.input = bytes.into();
        self
    }

    /// Says that the call speaks to a remote.
    pub fn remote(mut self) -> Self {
        self.limit = self.program.network;
        self
    }

    /// Runs the call, whatever its exit code.
    ///
    /// Expected flow: the program gets its input while its output is read. Guarantees: it has ended when this returns, or was killed. Assumptions: a
    /// tokio runtime with its drivers. Caveats: it runs in a process group of its own, so that an interrupt typed at the terminal lets it
    /// finish; what it started itself (`ssh`, a server on this machine) ends a little later than a killed `git`. Errors: it cannot
    /// be run, it outlasts its time limit, its answer is too long.
    pub async fn run(mut self) -> Result<Answer, GitError> {
        let stdin = if self.input.is_empty() { Stdio::null() } else { Stdio::piped() };
        self.command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        #[cfg(unix)]
        self.command.process_group(0);
        let mut child = self.command.spawn().map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => GitError::NoProgram,
            _ => GitError::Other(format!("`git` cannot be run: {error}")),
        })?;
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (answer, words) = (RefCell::new(Vec::new()), RefCell::new(Vec::new()));
        let feed = async {
            if let Some(mut pipe) = stdin {
                // A program that stops reading says itself why.
                let _ = pipe.write_all(&self.input).await;
            }
        };
        let reading = async { tokio::join!(feed, collect(stdout, &answer, ANSWER), collect(stderr, &words, WORDS)) };
        let ended = async {
            tokio::pin!(reading);
            let status = tokio::select! {
                status = child.wait() => {
                    let _ = tokio::time::timeout(LINGER, &mut reading).await;
                    status
                }
                _ = &mut reading => child.wait().await,
            };
            status.map_err(|error| GitError::Other(format!("`git {}` cannot be waited for: {error}", self.name)))
        };
        let Ok(status) = tokio::time::timeout(self.limit, ended).await else {
            let _ = child.kill().await;
            return Err(GitError::TimedOut(self.name));
        };
        let answer = answer.into_inner();
        if answer.len() >= ANSWER {
            return Err(GitError::Other(format!("`git {}` answered more than {ANSWER} bytes", self.name)));
        }
        Ok(Answer { code: status?.code(), stdout: answer, stderr: words.into_inner() })
    }

    /// Runs the call, which must succeed.
    pub async fn done(self) -> Result<Vec<u8>, GitError> {
        let name = self.name.clone();
        let answer = self.run().await?;
        if answer.is_done() { Ok(answer.stdout) } else { Err(answer.failure(&name)) }
    }

    /// Runs the call, which must succeed and answer one line of text.
    pub async fn line(self) -> Result<String, GitError> {
        let name = self.name.clone();
        let text = String::from_utf8(self.done().await?);
        let text = text.map_err(|_| GitError::Other(format!("`git {name}` did not answer UTF-8")))?;
        Ok(text.strip_suffix('\n').unwrap_or(&text).to_owned())
    }
}

impl Answer {
    pub fn is_done(&self) -> bool {
        self.code == Some(0)
    }

    /// What the program and the remote said, fit to be shown.
    pub fn said(&self) -> String {
        wording::said(&self.stderr)
    }

    /// Whether the program said this, in the words of git's own source.
    pub fn mentions(&self, words: &str) -> bool {
        String::from_utf8_lossy(&self.stderr).contains(words)
    }

    pub fn failure(&self, name: &str) -> GitError {
        GitError::Other(format!("`git {name}` failed: {}", self.said()))
    }
}

/// Reads to the end and keeps the beginning.
async fn collect(pipe: Option<impl AsyncRead + Unpin>, kept: &RefCell<Vec<u8>>, most: usize) {
    let Some(mut pipe) = pipe else { return };
    let mut piece = vec![0; 16 << 10];
    while let Ok(length @ 1..) = pipe.read(&mut piece).await {
        let mut kept = kept.borrow_mut();
        let room = most.saturating_sub(kept.len());
        kept.extend_from_slice(&piece[..length.min(room)]);
    }
}
