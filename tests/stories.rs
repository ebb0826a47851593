//! Command stories: each `tests/stories/*.story` is run and compared line by line.
//!
//! `UPDATE_STORIES=1 cargo test --test stories` writes down what the program does now; `STORY=apply` runs only stories with that in their name.
#[path = "../examples/payconex-emulator/server.rs"]
mod emulator;
#[path = "stories/filters.rs"]
mod filters;
#[expect(clippy::duplicate_mod, reason = "both emulators stand on `examples/emulation/`, and share no state")]
#[path = "../examples/finance-emulator/server.rs"]
mod finance;
#[path = "stories/format.rs"]
mod format;
#[path = "command/sandbox.rs"]
mod sandbox;
#[path = "stories/vendors.rs"]
mod vendors;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::{env, fs, thread};

use filters::Filters;
use format::{Heading, Line, Section, Story, Stream};
use sandbox::{Ran, Sandbox, Tree, assert_no_plaintext, without_lock};
use similar::TextDiff;
use vendors::Vendors;

/// Commands that change nothing on disk.
const READERS: [&str; 9] = ["check", "list", "show", "open", "keyring", "providers", "explain", "schema", "completions"];

#[test]
fn every_story_is_true() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stories");
    let only = env::var("STORY").unwrap_or_default();
    let update = env::var("UPDATE_STORIES").is_ok_and(|value| !value.is_empty());
    let mut paths: Vec<PathBuf> = fs::read_dir(directory).expect("the stories").map(|entry| entry.expect("an entry").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|end| end == "story") && path.to_string_lossy().contains(&only));
    paths.sort();
    assert!(!paths.is_empty(), "there are no stories");

    let (waiting, failures) = (Mutex::new(paths.into_iter()), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let Some(path) = waiting.lock().expect("no panic").next() else { return };
                    if let Err(failure) = tell(&path, update) {
                        failures.lock().expect("no panic").push(format!("{}\n{failure}", path.display()));
                    }
                }
            });
        }
    });
    let mut failures = failures.into_inner().expect("no panic");
    failures.sort();
    assert!(failures.is_empty(), "{} stories are not true:\n\n{}", failures.len(), failures.join("\n\n"));
}

/// Runs one story, and compares it with what happened.
fn tell(path: &Path, update: bool) -> Result<(), String> {
    let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
    let story = Story::parse(&text)?;
    let told = std::panic::catch_unwind(|| Teller::new().tell(&story)).map_err(|panic| {
        let text = panic.downcast_ref::<String>().cloned().or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        text.unwrap_or_else(|| "the harness panicked".to_owned())
    })??;
    let now = told.text();
    if now == text {
        return Ok(());
    }
    if update {
        return fs::write(path, now).map_err(|error| error.to_string());
    }
    Err(TextDiff::from_lines(&text, &now).unified_diff().header("the story", "what happened").to_string())
}

/// Runs sections in order, and writes a story of what happened.
struct Teller {
    sandbox: Sandbox,
    filters: Filters,
    vendors: Vendors,
    before: Tree,
    last: Option<Ran>,
}

impl Teller {
    fn new() -> Self {
        let sandbox = Sandbox::new();
        let root = sandbox.root().canonicalize().expect("it is there");
        assert_eq!(root, sandbox.root(), "the temporary directory is behind a link");
        let filters = Filters::new(sandbox.root());
        Self { sandbox, filters, vendors: Vendors::default(), before: Tree::new(), last: None }
    }

    fn tell(mut self, story: &Story) -> Result<Story, String> {
        let mut told = Story { title: story.title.clone(), sections: Vec::new() };
        for (at, section) in story.sections.iter().enumerate() {
            told.sections.push(self.section(section)?);
            // A command that says nothing of itself gets its exit code and output written down.
            if let Heading::Command(_) = section.heading {
                let next = story.sections[at + 1..].iter().map(|section| &section.heading);
                let said: Vec<&Heading> =
                    next.take_while(|next| matches!(next, Heading::Exit(_) | Heading::Out(_) | Heading::Has(_))).collect();
                if said.is_empty() {
                    told.sections.extend(self.outcome());
                }
            }
        }
        Ok(told)
    }

    fn section(&mut self, section: &Section) -> Result<Section, String> {
        let sandbox = &mut self.sandbox;
        let mut section = section.clone();
        match &section.heading {
            Heading::Now(at) => {
                sandbox.now = Some(at.clone());
                self.vendors.set_clock(at)?;
            }
            Heading::Write(path) => sandbox.write(path, &self.filters.undo(&section.body)),
            Heading::Change(path) => {
                let mut text = sandbox.read(path);
                let mut lines = section.body.lines();
                while let (Some(old), Some(new)) = (lines.next(), lines.next()) {
                    let (old, new) = (old.strip_prefix("- ").unwrap_or(old), new.strip_prefix("+ ").unwrap_or(new));
                    let (old, new) = (self.filters.undo(old), self.filters.undo(new));
                    if text.matches(&old).count() != 1 {
                        return Err(format!("`{old}` is {} times in `{path}`", text.matches(&old).count()));
                    }
                    text = text.replace(&old, &new);
                }
                sandbox.write(path, &text);
            }
            Heading::Remove(path) => sandbox.remove(path),
            Heading::Link(at, to) => link(&sandbox.path(at), Path::new(to)),
            Heading::Emulator(name) => self.vendors.start(name, sandbox)?.into_iter().for_each(|url| self.filters.name_endpoint(url)),
            Heading::Provider => section.body = self.filters.apply(&self.vendors.held()?),
            Heading::Command(line) => {
                let line = line.clone();
                self.command(&line)?;
            }
            Heading::Exit(_) => section.heading = Heading::Exit(self.ran()?.exit.to_string()),
            Heading::Out(stream) => {
                let text = self.stream(*stream)?;
                section.body = text;
            }
            Heading::Has(stream) => {
                let text = self.stream(*stream)?;
                section.body = section
                    .body
                    .lines()
                    .filter(|line| text.lines().any(|has| has.contains(line)))
                    .map(|line| format!("{line}\n"))
                    .collect();
            }
            Heading::Tree => {
                let tree = self.sandbox.tree();
                let text: String = tree.iter().fold(String::new(), |mut text, (path, entry)| {
                    let _ = writeln!(text, "{}{:03o} {path}", entry.kind, entry.mode);
                    text
                });
                section.body = self.filters.apply(&text);
            }
            Heading::File(path) => {
                let text = self.sandbox.read(path);
                section.body = self.filters.apply(&text);
            }
            Heading::Same => same(&self.before, &self.sandbox.tree())?,
        }
        Ok(section)
    }

    fn ran(&self) -> Result<&Ran, String> {
        self.last.as_ref().ok_or_else(|| "no command ran before".to_owned())
    }

    fn stream(&mut self, stream: Stream) -> Result<String, String> {
        let ran = self.ran()?;
        let text = match stream {
            Stream::Stdout => ran.stdout.clone(),
            Stream::Stderr => ran.stderr.clone(),
        };
        let text = self.filters.apply(&text);
        let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n[no line end]\n" };
        Ok(format!("{text}{end}"))
    }

    fn outcome(&mut self) -> Vec<Section> {
        let Some(ran) = self.last.clone() else { return Vec::new() };
        let mut sections = vec![Section { heading: Heading::Exit(ran.exit.to_string()), body: String::new() }];
        for stream in [Stream::Stdout, Stream::Stderr] {
            let body = self.stream(stream).unwrap_or_default();
            if !body.is_empty() {
                sections.push(Section { heading: Heading::Out(stream), body });
            }
        }
        sections
    }

    fn command(&mut self, line: &str) -> Result<(), String> {
        let line = Line::parse(line);
        self.before = self.sandbox.tree();
        let mut input: Option<String> = None;
        for stage in &line.stages {
            let arguments: Vec<String> = stage.arguments.iter().map(|argument| self.filters.undo(argument)).collect();
            let ran = match stage.program.as_str() {
                "echo" => Ran { line: String::new(), exit: 0, stdout: format!("{}\n", arguments.join(" ")), stderr: String::new() },
                "cat" => Ran { line: String::new(), exit: 0, stdout: self.sandbox.read(&arguments[0]), stderr: String::new() },
                "keywright" => {
                    self.sandbox.environment.extend(stage.environment.iter().cloned());
                    let ran = self.sandbox.run_with(&arguments, input.as_deref());
                    for (name, _) in &stage.environment {
                        self.sandbox.environment.remove(name);
                    }
                    self.laws(&arguments, &ran)?;
                    ran
                }
                other => {
                    let acted = self.vendors.act(other, &arguments, input.as_deref());
                    acted.ok_or_else(|| format!("there is no program `{other}` here"))??
                }
            };
            input = Some(ran.stdout.clone());
            self.last = Some(ran);
        }
        if let (Some(into), Some(ran)) = (&line.into, &mut self.last) {
            self.sandbox.write(into, &ran.stdout);
            ran.stdout.clear();
        }
        Ok(())
    }

    /// What holds for every command in every story.
    fn laws(&self, arguments: &[String], ran: &Ran) -> Result<(), String> {
        let after = self.sandbox.tree();
        assert_no_plaintext(&after);
        let reads = arguments.iter().any(|argument| READERS.contains(&argument.as_str()));
        if matches!(ran.exit, 1 | 3) || reads {
            same(&without_lock(self.before.clone()), &without_lock(after.clone())).map_err(|why| format!("`{}` wrote: {why}", ran.line))?;
        }
        let opens = arguments.iter().any(|argument| argument == "open");
        for token in self.vendors.tokens() {
            let kept = after.values().any(|entry| String::from_utf8_lossy(&entry.bytes).contains(&token));
            if kept || ran.stderr.contains(&token) || (!opens && ran.stdout.contains(&token)) {
                return Err(format!("`{}` shows or keeps a token in the open", ran.line));
            }
        }
        if ran.stderr.contains("panicked") {
            return Err(format!("`{}` panicked: {}", ran.line, ran.stderr));
        }
        let sealed =
            |path: &String| ["secrets/", "ledger/", ".keywright/keyring", ".keywright/journal"].iter().any(|area| path.starts_with(area));
        for (path, entry) in after.iter().filter(|(path, entry)| entry.kind == 'f' && sealed(path) && !path.ends_with(".lock")) {
            if entry.mode != 0o600 && self.before.get(path) != Some(entry) {
                return Err(format!("`{path}` has the mode {:o}", entry.mode));
            }
        }
        Ok(())
    }
}

/// Compares two trees, contents and modes included.
fn same(before: &Tree, after: &Tree) -> Result<(), String> {
    let mut changed: Vec<&String> = before.keys().chain(after.keys()).filter(|path| before.get(*path) != after.get(*path)).collect();
    changed.sort();
    changed.dedup();
    if changed.is_empty() { Ok(()) } else { Err(format!("these changed: {changed:?}")) }
}

#[cfg(unix)]
fn link(at: &Path, to: &Path) {
    std::os::unix::fs::symlink(to, at).expect("linked");
}

#[cfg(not(unix))]
fn link(_: &Path, _: &Path) {}
