//! The text of a story: sections that change files, run commands, and say what must be true afterwards. Runs nothing.
//!
//! ```text
//! What the story shows.
//! == now 2026-01-01T00:00:00Z             the clock of the commands that follow
//! == write keys/a.yaml                    a file with the lines that follow; `~/` is the home directory
//! == change keys/a.yaml                   lines `- old` and `+ new` in turn: replaces one text in a file
//! == remove keys/a.yaml
//! == link keys -> elsewhere               a symbolic link
//! == emulator payconex                    starts it; `<endpoint>` is its address, and `PAYCONEX_ADMIN_KEY` is set
//! == emulator finance                     starts Brex, BrynQ and Nango at `<brex>`, `<brynq>` and `<nango>`; `NANGO_SECRET_KEY` is set
//! == provider                             what the emulators hold, a line each
//! == $ CI=true keywright plan -o json     a command; `|` connects two, `> ~/file` keeps standard output, `echo` and `cat` are built in;
//!                                         so is what people do at the vendors: `brex create-token NAME SCOPE…`, `brex revoke NAME`,
//!                                         `payvy paste` and, what Payvy then does by itself, `payvy sync`
//! -- exit 0
//! -- stdout                               exactly; `-- stdout has` for lines that must be somewhere in it
//! -- stderr
//! == tree                                 every path with kind and mode
//! == file ledger/shop/a.yaml              what a file holds
//! == same                                 no byte has changed since before the last command
//! ```
use std::fmt::Write as _;

/// One section: its heading, the lines under it, and, for commands, what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    pub heading: Heading,
    pub body: String,
}

/// What a section asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heading {
    Now(String),
    Write(String),
    Change(String),
    Remove(String),
    Link(String, String),
    Emulator(String),
    Provider,
    Command(String),
    Exit(String),
    Out(Stream),
    /// Only some lines of a stream.
    Has(Stream),
    Tree,
    File(String),
    Same,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    Stdout,
    Stderr,
}

impl Stream {
    fn name(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        }
    }
}

/// A whole story.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Story {
    pub title: String,
    pub sections: Vec<Section>,
}

impl Story {
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut story = Self { title: String::new(), sections: Vec::new() };
        for (number, line) in text.lines().enumerate() {
            let heading = line.strip_prefix("== ").or_else(|| line.strip_prefix("-- "));
            match (heading, story.sections.last_mut()) {
                (Some(heading), _) => {
                    let heading = Heading::parse(heading).ok_or_else(|| format!("line {}: what is `{line}`?", number + 1))?;
                    story.sections.push(Section { heading, body: String::new() });
                }
                (None, Some(section)) => section.body.push_str(&format!("{line}\n")),
                (None, None) => story.title.push_str(&format!("{line}\n")),
            }
        }
        Ok(story)
    }

    pub fn text(&self) -> String {
        let mut text = self.title.clone();
        for section in &self.sections {
            let mark = match section.heading {
                Heading::Exit(_) | Heading::Out(_) | Heading::Has(_) => "--",
                _ => "==",
            };
            write!(text, "{mark} {}\n{}", section.heading.text(), section.body).expect("a string takes all");
        }
        text
    }
}

impl Heading {
    fn parse(text: &str) -> Option<Self> {
        if let Some(line) = text.strip_prefix("$ ") {
            return Some(Self::Command(line.to_owned()));
        }
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        let rest = rest.to_owned();
        match (word, rest.as_str()) {
            ("now", _) => Some(Self::Now(rest)),
            ("write", _) => Some(Self::Write(rest)),
            ("change", _) => Some(Self::Change(rest)),
            ("remove", _) => Some(Self::Remove(rest)),
            ("link", _) => rest.split_once(" -> ").map(|(at, to)| Self::Link(at.to_owned(), to.to_owned())),
            ("emulator", _) => Some(Self::Emulator(rest)),
            ("provider", "") => Some(Self::Provider),
            ("exit", _) => Some(Self::Exit(rest)),
            ("stdout", "") => Some(Self::Out(Stream::Stdout)),
            ("stderr", "") => Some(Self::Out(Stream::Stderr)),
            ("stdout", "has") => Some(Self::Has(Stream::Stdout)),
            ("stderr", "has") => Some(Self::Has(Stream::Stderr)),
            ("tree", "") => Some(Self::Tree),
            ("file", _) => Some(Self::File(rest)),
            ("same", "") => Some(Self::Same),
            _ => None,
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Now(at) => format!("now {at}"),
            Self::Write(path) => format!("write {path}"),
            Self::Change(path) => format!("change {path}"),
            Self::Remove(path) => format!("remove {path}"),
            Self::Link(at, to) => format!("link {at} -> {to}"),
            Self::Emulator(name) => format!("emulator {name}"),
            Self::Provider => "provider".to_owned(),
            Self::Command(line) => format!("$ {line}"),
            Self::Exit(code) => format!("exit {code}"),
            Self::Out(stream) => stream.name().to_owned(),
            Self::Has(stream) => format!("{} has", stream.name()),
            Self::Tree => "tree".to_owned(),
            Self::File(path) => format!("file {path}"),
            Self::Same => "same".to_owned(),
        }
    }
}

/// A command line in its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub stages: Vec<Stage>,
    /// Where the last standard output goes.
    pub into: Option<String>,
}

/// One program of a pipe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    pub environment: Vec<(String, String)>,
    pub program: String,
    pub arguments: Vec<String>,
}

impl Line {
    pub fn parse(line: &str) -> Self {
        let (line, into) = match line.split_once(" > ") {
            Some((line, into)) => (line, Some(into.trim().to_owned())),
            None => (line, None),
        };
        let stages = line.split(" | ").map(|stage| {
            let mut words = words(stage).into_iter().peekable();
            let mut environment = Vec::new();
            while let Some((name, value)) = words.peek().and_then(|word| word.split_once('=')) {
                environment.push((name.to_owned(), value.to_owned()));
                words.next();
            }
            Stage { environment, program: words.next().unwrap_or_default(), arguments: words.collect() }
        });
        Self { stages: stages.collect(), into }
    }
}

/// Words between spaces; single quotes keep spaces together.
fn words(text: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted, mut any) = (Vec::new(), String::new(), false, false);
    for c in text.chars() {
        match c {
            '\'' => (quoted, any) = (!quoted, true),
            ' ' if !quoted => {
                if any || !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                any = false;
            }
            _ => word.push(c),
        }
    }
    if any || !word.is_empty() {
        words.push(word);
    }
    words
}
