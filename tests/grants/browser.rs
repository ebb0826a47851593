//! The person at the browser: follows the page that the program prints, and brings back what the issuer says.
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStderr, Command, Stdio};

use reqwest::Url;

use crate::sandbox::Ran;
use crate::site::Site;

/// A running `authorize`, up to the page that it printed.
pub struct Waiting<'s> {
    site: &'s Site,
    line: String,
    running: Running,
    said: String,
    pub page: Url,
}

/// A started program; it is ended when it is dropped.
struct Running {
    child: Child,
    stderr: BufReader<ChildStderr>,
}

impl Running {
    fn of(mut command: Command) -> Self {
        let mut child = command.spawn().expect("the program can be started");
        let stderr = BufReader::new(child.stderr.take().expect("piped"));
        Self { child, stderr }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a page at the loopback address said.
pub struct Page {
    pub status: u16,
    pub text: String,
}

fn client() -> reqwest::Client {
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().expect("a client")
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// Opens a URL; `None`: nobody is there.
pub fn get(url: &Url) -> Option<Page> {
    runtime().block_on(async {
        let answer = client().get(url.clone()).send().await.ok()?;
        Some(Page { status: answer.status().as_u16(), text: answer.text().await.ok()? })
    })
}

/// Where the issuer sends the browser, when the person consents there as the emulator is set to.
pub fn consent(page: &Url) -> Url {
    runtime().block_on(async {
        let answer = client().get(page.clone()).send().await.expect("the issuer answers");
        let there = answer.headers().get("location").unwrap_or_else(|| panic!("no redirect: {}", answer.status()));
        Url::parse(there.to_str().expect("text")).expect("a URL")
    })
}

impl Site {
    /// Begins `authorize` and reads as far as the page.
    #[track_caller]
    pub fn authorize(&self, arguments: &[&str]) -> Waiting<'_> {
        let all: Vec<&str> = ["authorize", "brex/books"].iter().chain(arguments).copied().collect();
        let mut command = self.sandbox.command(&all);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut waiting = Waiting {
            site: self,
            line: all.join(" "),
            running: Running::of(command),
            said: String::new(),
            page: Url::parse("http://none/").expect("a URL"),
        };
        loop {
            let from = waiting.said.len();
            let read = waiting.running.stderr.read_line(&mut waiting.said).expect("text");
            assert!(read > 0, "it ended without a page: {}", waiting.said);
            if let Ok(page) = Url::parse(waiting.said[from..].trim())
                && page.scheme() == "http"
            {
                waiting.page = page;
                return waiting;
            }
        }
    }

    /// The whole of it, by a person who consents.
    #[track_caller]
    pub fn grant(&self, arguments: &[&str]) -> Ran {
        let waiting = self.authorize(arguments);
        let back = consent(&waiting.page);
        assert_eq!(get(&back).expect("it listens").status, 200);
        waiting.ends()
    }
}

impl Waiting<'_> {
    /// A parameter of the page.
    pub fn asked(&self, name: &str) -> String {
        self.page.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned()).unwrap_or_default()
    }

    /// Reads on until the program says this.
    #[track_caller]
    pub fn says(&mut self, words: &str) {
        while !self.said.contains(words) {
            assert!(self.running.stderr.read_line(&mut self.said).expect("text") > 0, "it ended without saying `{words}`: {}", self.said);
        }
    }

    /// Kills it, as a power cut does.
    pub fn kill(mut self) {
        self.running.child.kill().expect("it runs");
        self.running.child.wait().expect("it ended");
        self.site.leaks_nothing("killed authorize", &self.said, false);
    }

    #[track_caller]
    pub fn ends(mut self) -> Ran {
        self.running.stderr.read_to_string(&mut self.said).expect("text");
        let mut stdout = String::new();
        self.running.child.stdout.take().expect("piped").read_to_string(&mut stdout).expect("text");
        let exit = self.running.child.wait().expect("it ends").code().unwrap_or(-1);
        let ran = Ran { line: self.line.clone(), exit, stdout, stderr: self.said.clone() };
        self.site.leaks_nothing(&ran.line, &format!("{}{}", ran.stdout, ran.stderr), false);
        ran
    }
}
