//! One machine: a clone in which the program runs, is killed, and vanishes.
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use keywright::model::KeyRecord;

use crate::sandbox::Ran;
use crate::team::{Team, git_in};

/// Whoever waits longer than this for something to happen has failed.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Machine<'t> {
    pub team: &'t Team,
    top: PathBuf,
    /// Variables beyond the usual ones.
    pub environment: RefCell<BTreeMap<&'static str, String>>,
}

impl<'t> Machine<'t> {
    pub fn new(team: &'t Team, top: PathBuf) -> Self {
        Self { team, top, environment: RefCell::default() }
    }

    /// The top of the clone.
    pub fn top(&self) -> &Path {
        &self.top
    }

    /// A path of the workspace.
    pub fn path(&self, path: &str) -> PathBuf {
        self.top.join(self.team.below).join(path)
    }

    pub fn set(&self, name: &'static str, value: &str) {
        self.environment.borrow_mut().insert(name, value.to_owned());
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        fs::write(path, text).expect("written");
    }

    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Runs git in the workspace; it must succeed.
    #[track_caller]
    pub fn git(&self, arguments: &[&str]) -> String {
        let directory = if self.path("").is_dir() { self.path("") } else { self.top.clone() };
        git_in(self.team, &directory, arguments)
    }

    /// All that a person sees of the clone: staged, changed and untracked files, and what is in them.
    pub fn tree(&self) -> (String, BTreeMap<PathBuf, Vec<u8>>) {
        let files = self.git(&["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
        let read = |path: &str| (PathBuf::from(path), fs::read(self.path(path)).unwrap_or_default());
        (self.git(&["status", "--porcelain=v2"]), files.split('\0').filter(|path| !path.is_empty()).map(read).collect())
    }

    /// The program, ready to run with nothing inherited.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_keywright"));
        command.env_clear().current_dir(self.path("")).envs(self.team.variables());
        command.env("PAYCONEX_ADMIN_KEY", self.team.emulator.admin_credential_json()).envs(&*self.environment.borrow());
        // A clock that stands still: what apply would wait passes at once.
        command.args(["--now", &Timestamp::now().to_string()]).args(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs the program to its end.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        ran(arguments, self.command(arguments).output().expect("the program runs"))
    }

    /// Starts the program, which says nothing to anybody.
    pub fn start(&self, arguments: &[&str]) -> Child {
        self.command(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("started")
    }

    /// Starts the program, kills it when something has happened, and takes the whole machine away.
    pub fn dies_when(self, arguments: &[&str], happened: impl Fn() -> bool) {
        let mut child = self.start(arguments);
        wait_until(|| happened() || child.try_wait().expect("a child").is_some());
        child.kill().expect("killed");
        let ended = child.wait().expect("ended");
        assert_eq!(std::os::unix::process::ExitStatusExt::signal(&ended), Some(9), "it was killed while it ran: {ended}");
        self.vanish();
    }

    /// Takes the clone away. What `git` is still doing there may write behind our back for a moment.
    pub fn vanish(self) {
        let began = Instant::now();
        while self.top.exists() {
            let _ = fs::remove_dir_all(&self.top);
            assert!(began.elapsed() < PATIENCE, "the clone cannot be removed");
        }
    }

    pub fn record(&self, name: &str) -> KeyRecord {
        serde_yaml::from_str(&self.read(&format!("ledger/pay/{name}.yaml"))).expect("a ledger file")
    }
}

/// What a finished program did.
pub fn ran(arguments: &[&str], output: Output) -> Ran {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("output is UTF-8");
    Ran { line: arguments.join(" "), exit: output.status.code().unwrap_or(-1), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// Waits for something that another process does.
#[track_caller]
pub fn wait_until(mut happened: impl FnMut() -> bool) {
    let began = Instant::now();
    while !happened() {
        assert!(began.elapsed() < PATIENCE, "it never happened");
        std::thread::sleep(Duration::from_millis(2));
    }
}
