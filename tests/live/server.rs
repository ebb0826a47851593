//! A real server that lives as long as its test, and the word about it in the summary.
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use tempfile::TempDir;

use crate::http::Client;

/// Where the servers are installed, one directory each. Not set: no server is started.
const DIRECTORY: &str = "KEYWRIGHT_LIVE_DIR";

/// Runs a test at a started server, or says loudly why there is none.
pub fn with(script: &'static str, test: impl FnOnce(&Server)) {
    let server = match installed(script) {
        Ok((root, version)) => Server::start(script, &root, version),
        Err(reason) => return tell(script, &format!("SKIPPED: {reason}")),
    };
    let started = Instant::now();
    let outcome = catch_unwind(AssertUnwindSafe(|| test(&server)));
    let word = if outcome.is_ok() { "passed" } else { "FAILED" };
    tell(script, &format!("{word} at version {} in {} s", server.version, started.elapsed().as_secs()));
    if let Err(panic) = outcome {
        server.show_log();
        resume_unwind(panic);
    }
}

/// The directory of installations and the version in it, or the reason why this server is not there.
fn installed(script: &str) -> Result<(PathBuf, String), String> {
    let Some(root) = std::env::var_os(DIRECTORY).filter(|root| !root.is_empty()) else {
        return Err(format!("{DIRECTORY} is not set: see tests/live/README.md"));
    };
    let root = PathBuf::from(root);
    fs::read_to_string(root.join(script).join("installed")).map(|version| (root.clone(), version)).map_err(|_| {
        let missing = fs::read_to_string(root.join(format!("{script}.missing")));
        missing.unwrap_or_else(|_| format!("it is not installed: run `python3 tests/live/servers/{script}.py install {}`", root.display()))
    })
}

/// Writes past the capture of passing tests, and to the summary.
fn tell(script: &str, word: &str) {
    // Nobody may read it.
    let _ = writeln!(std::io::stderr(), "live: {script}: {word}");
    if let Some(root) = std::env::var_os(DIRECTORY).filter(|root| !root.is_empty()) {
        let summary = Path::new(&root).join("summary");
        fs::create_dir_all(&summary).expect("a directory");
        fs::write(summary.join(script), format!("{script}: {word}\n")).expect("written");
    }
}

pub struct Server {
    pub version: String,
    pub url: String,
    pub client: Client,
    data: TempDir,
    /// Its standard input ends with it, and so does the server.
    child: Child,
}

impl Server {
    fn start(script: &str, root: &Path, version: String) -> Self {
        let data = TempDir::new().expect("a temporary directory");
        let port = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a free port").port();
        let mut command = Command::new("python3");
        command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/live/servers/{script}.py")));
        command.arg("start").arg(root).arg(port.to_string()).arg(data.path().join("data"));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("python3 can be started");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("a line");
        let Some(url) = line.trim().strip_prefix("ready ") else {
            panic!("{script} was not ready: {}", child.wait().expect("ended"));
        };
        Self { version, url: url.to_owned(), client: Client::new(url.to_owned()), data, child }
    }

    /// A file that the script left for us.
    pub fn file(&self, name: &str) -> PathBuf {
        self.data.path().join("data").join(name)
    }

    /// The admin credential.
    pub fn credential(&self) -> String {
        fs::read_to_string(self.file("credential")).expect("the script writes it before it is ready")
    }

    fn show_log(&self) {
        let log = fs::read_to_string(self.file("log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().rev().take(30).collect();
        eprintln!("--- the server's last lines, newest first\n{}", lines.join("\n"));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        // The script ends the server; there is nothing to be done about a failure here.
        let _ = self.child.wait();
    }
}
