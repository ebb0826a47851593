//! This process's surroundings: clock, environment, terminal, signals, randomness.
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::env;
use std::io::{self, BufRead, IsTerminal, Read, Write};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use indicatif::{MultiProgress, ProgressBar};
use jiff::{SignedDuration, Timestamp};
use zeroize::Zeroizing;

use super::args::{Colour, Global};
use super::exit::Stop;
use crate::apply::Surroundings;
use crate::diagnostics::Located;
use crate::files::LockHolder;
use crate::files::process::Process;
use crate::model::Name;
use crate::model::text_safety::safe;
use crate::model::time::whole_second;
use crate::render;

/// Longest secret that is read, in bytes.
const SECRET_LIMIT: usize = 64 << 10;

/// What the commands take from the process.
pub struct Host {
    pub directory: Option<std::path::PathBuf>,
    clock: Clock,
    colour: Colour,
    verbose: bool,
    stopping: Arc<AtomicBool>,
    progress: Progress,
}

/// Where progress is shown.
enum Progress {
    /// Not at all.
    Quiet,
    /// Plain lines, for CI and files.
    Lines,
    /// One line an account that is rewritten, on a terminal.
    Bars { all: MultiProgress, by_account: RefCell<BTreeMap<Name, ProgressBar>> },
}

/// The clock of plans and ledgers, in whole seconds.
#[derive(Debug, Clone)]
pub enum Clock {
    System,
    /// Stands still but for the time that apply waits, which passes at once.
    Fixed(Rc<Cell<Timestamp>>),
}

impl Clock {
    pub fn now(&self) -> Timestamp {
        let now = match self {
            Self::System => Timestamp::now(),
            Self::Fixed(at) => at.get(),
        };
        whole_second(now)
    }
}

impl Host {
    pub fn new(global: &Global) -> Self {
        let clock = global.now.map_or(Clock::System, |now| Clock::Fixed(Rc::new(Cell::new(now))));
        let stopping = Arc::new(AtomicBool::new(false));
        let (directory, verbose) = (global.directory.clone(), global.verbose);
        let mut host = Self { directory, clock, colour: global.color, verbose, stopping, progress: Progress::Lines };
        if global.quiet {
            host.progress = Progress::Quiet;
        } else if io::stderr().is_terminal() && !host.is_ci() {
            host.progress = Progress::Bars { all: MultiProgress::new(), by_account: RefCell::default() };
        }
        host
    }

    /// Ends the progress lines, so that what follows stands below them.
    pub fn end_progress(&self) {
        match &self.progress {
            Progress::Quiet | Progress::Lines => {}
            Progress::Bars { by_account, .. } => by_account.borrow().values().for_each(ProgressBar::finish),
        }
    }

    pub fn clock(&self) -> Clock {
        self.clock.clone()
    }

    /// The clock of leases between machines, which `--now` does not move.
    pub fn real_now(&self) -> Timestamp {
        whole_second(Timestamp::now())
    }

    /// This process, as it is written into the lock's file.
    pub fn lock_holder(&self) -> LockHolder {
        LockHolder { process: Process::here(std::process::id()), since: self.real_now() }
    }

    /// A name that no other run has.
    pub fn random_id(&self) -> String {
        self.random().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Bytes that nobody can guess.
    pub fn random_bytes(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).expect("the operating system has randomness");
        bytes
    }

    /// The branch that a CI job works on, where its checkout is on none.
    pub fn ci_branch(&self) -> Option<String> {
        let github = || self.variable("GITHUB_REF_NAME").filter(|_| self.variable("GITHUB_REF_TYPE").is_some_and(|kind| kind == "branch"));
        let others = ["CI_COMMIT_BRANCH", "BITBUCKET_BRANCH", "CIRCLE_BRANCH", "BUILDKITE_BRANCH", "DRONE_BRANCH"];
        github().or_else(|| others.iter().find_map(|name| self.variable(name)))
    }

    /// A variable of the environment; an empty one counts as absent.
    pub fn variable(&self, name: &str) -> Option<String> {
        #[cfg(test)]
        if crate::seam::staged() {
            return None;
        }
        env::var(name).ok().filter(|value| !value.trim().is_empty())
    }

    /// Whether this is a continuous-integration job.
    pub fn is_ci(&self) -> bool {
        self.variable("CI").is_some_and(|value| value != "false" && value != "0")
    }

    /// Whether this is a job for a change that nobody has approved yet.
    pub fn is_pull_request(&self) -> bool {
        let event = self.variable("GITHUB_EVENT_NAME");
        event.is_some_and(|event| event.starts_with("pull_request")) || self.variable("CI_MERGE_REQUEST_IID").is_some()
    }

    pub fn colour_out(&self) -> bool {
        self.colours(io::stdout().is_terminal())
    }

    fn colour_err(&self) -> bool {
        self.colours(io::stderr().is_terminal())
    }

    fn colours(&self, terminal: bool) -> bool {
        match self.colour {
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto => terminal && self.variable("NO_COLOR").is_none() && !self.is_ci(),
        }
    }

    /// Draws diagnostics on standard error.
    pub fn draw(&self, diagnostics: &[Located]) {
        if !diagnostics.is_empty() {
            self.say(render::diagnostics::draw(diagnostics, self.colour_err()).trim_end());
        }
    }

    pub fn report(&self, stop: &Stop) {
        self.draw(&stop.diagnostics);
    }

    /// One line for standard error.
    pub fn say(&self, line: &str) {
        #[cfg(test)]
        if crate::seam::hear(line.as_bytes()) {
            return;
        }
        // Nothing can be done about a standard error that is gone.
        let _ = writeln!(io::stderr().lock(), "{line}");
    }

    /// One line of progress for standard error.
    pub fn note(&self, line: &str) {
        match &self.progress {
            Progress::Quiet => {}
            Progress::Lines | Progress::Bars { .. } => self.say(&safe(line)),
        }
    }

    /// A line for `--verbose`. It must be made of names and counts, never of a secret or a body.
    pub fn detail(&self, line: impl FnOnce() -> String) {
        if self.verbose {
            self.say(&format!("verbose: {}", safe(&line())));
        }
    }

    /// Asks a yes-or-no question; `None` when there is no terminal to ask on.
    pub fn ask(&self, question: &str) -> Option<bool> {
        if !self.can_ask() {
            return None;
        }
        write!(io::stderr().lock(), "{question} [y/N] ").ok()?;
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer).ok()?;
        Some(matches!(answer.trim(), "y" | "Y" | "yes"))
    }

    /// Whether there is somebody to ask.
    pub fn can_ask(&self) -> bool {
        !self.is_ci() && io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Asks for a line of text; `None` when there is nobody to ask, or the terminal went away.
    pub fn answer(&self, question: &str) -> Option<String> {
        if !self.can_ask() {
            return None;
        }
        write!(io::stderr().lock(), "{question}").ok()?;
        let mut answer = String::new();
        let read = io::stdin().lock().read_line(&mut answer).ok()?;
        (read > 0).then_some(answer)
    }

    /// Asks for a passphrase without echo; `None` when there is no terminal to ask on.
    pub fn passphrase(&self, prompt: &str) -> Option<secrecy::SecretString> {
        if self.is_ci() || !io::stdin().is_terminal() {
            return None;
        }
        rpassword::prompt_password(format!("{prompt}: ")).ok().map(secrecy::SecretString::from)
    }

    /// Takes a secret: from a terminal without echo, otherwise standard input to its end.
    pub fn secret(&self, prompt: &str) -> io::Result<Zeroizing<String>> {
        #[cfg(test)]
        if let Some(text) = crate::seam::input() {
            return Ok(Zeroizing::new(text));
        }
        if io::stdin().is_terminal() {
            return rpassword::prompt_password(format!("{prompt}: ")).map(Zeroizing::new);
        }
        // With its full capacity from the start the text never moves and leaves no copy behind.
        let mut text = Zeroizing::new(String::with_capacity(SECRET_LIMIT + 1));
        io::stdin().lock().take(SECRET_LIMIT as u64 + 1).read_to_string(&mut text)?;
        if text.len() > SECRET_LIMIT { Err(io::Error::other("it is longer than any secret")) } else { Ok(text) }
    }

    /// How a text result looks: colour, and the width of the terminal.
    pub fn style(&self, colour: bool) -> render::Style {
        let terminal = io::stdout().is_terminal().then(terminal_size::terminal_size).flatten();
        let width = terminal.map(|(terminal_size::Width(columns), _)| usize::from(columns).clamp(60, 240));
        let usual = render::Style::coloured(colour);
        render::Style { width: width.unwrap_or(usual.width), ..usual }
    }

    /// From now on SIGINT and SIGTERM ask apply to stop; the second one stops the process at once.
    pub fn listen_for_signals(&self) {
        #[cfg(test)]
        if crate::seam::staged() {
            return;
        }
        let stopping = self.stopping.clone();
        // Registered before anything else happens, so that no signal is missed.
        let Ok(mut signals) = Signals::new() else { return };
        tokio::spawn(async move {
            loop {
                signals.next().await;
                if stopping.swap(true, Ordering::Relaxed) {
                    std::process::exit(i32::from(super::Exit::Partial.code()));
                }
                let _ = writeln!(io::stderr().lock(), "stopping: the steps under way are finished first; once more stops at once");
            }
        });
    }
}

/// The signals that ask to stop.
#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// The signals that ask to stop.
#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

#[async_trait(?Send)]
impl Surroundings for Host {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    async fn wait(&self, time: Duration) {
        match &self.clock {
            Clock::System => tokio::time::sleep(time).await,
            Clock::Fixed(at) => {
                let later = SignedDuration::try_from(time).ok().and_then(|time| at.get().checked_add(time).ok());
                at.set(later.unwrap_or_else(|| at.get()));
            }
        }
    }

    fn random(&self) -> [u8; 5] {
        #[cfg(test)]
        if let Some(bytes) = crate::seam::random() {
            return bytes;
        }
        let mut bytes = [0; 5];
        getrandom::fill(&mut bytes).expect("the operating system has randomness");
        bytes
    }

    fn stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    fn progress(&self, account: &Name, line: &str) {
        let line = format!("{account}: {}", safe(line));
        match &self.progress {
            Progress::Quiet => {}
            Progress::Lines => self.say(&line),
            Progress::Bars { all, by_account } => {
                let mut bars = by_account.borrow_mut();
                let bar = bars.entry(account.clone()).or_insert_with(|| all.add(ProgressBar::new_spinner()));
                bar.inc(1);
                bar.set_message(line);
            }
        }
    }
}
