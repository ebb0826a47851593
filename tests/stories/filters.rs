//! Puts names in place of what is random: the first marker is `<marker 1>` wherever it stands, and so on. Knows no command.
use std::collections::BTreeMap;
use std::path::Path;

use regex::Regex;

use crate::sandbox::{OPS, RECOVERY};

/// The names given so far in one story.
pub struct Filters {
    root: String,
    /// What stories call an address, and the address.
    endpoints: Vec<(&'static str, String)>,
    rules: Vec<(&'static str, Regex)>,
    names: BTreeMap<(&'static str, String), usize>,
}

impl Filters {
    pub fn new(root: &Path) -> Self {
        let rule = |name, pattern: &str| (name, Regex::new(pattern).expect("a pattern"));
        Self {
            root: root.display().to_string(),
            endpoints: Vec::new(),
            rules: vec![
                rule("temporary", r"\.tmp[0-9A-Za-z]{6}"),
                rule("brex token", "bxt_[0-9A-Za-z]{40}"),
                rule("token", "kw_[a-z2-7]{12}_[0-9A-Za-z]{49}"),
                rule("id", "key_[a-z2-7]{12}|api_[0-9a-f]{32}"),
                rule("marker", "kw-[a-z2-7]{8}"),
                rule("sha256", r"\b[0-9a-f]{64}\b"),
                rule("digest", r"\b[0-9a-f]{16}\b"),
                rule("plan", r"\b[0-9a-f]{4}-[0-9a-f]{4}\b"),
                rule("recipient", "age1[a-z0-9]{58}"),
                rule("identity", "AGE-SECRET-KEY-1[A-Z0-9]{58}"),
            ],
            names: BTreeMap::new(),
        }
    }

    /// Names the address of an emulator.
    pub fn name_endpoint(&mut self, named: (&'static str, String)) {
        self.endpoints.push(named);
    }

    /// Names everything random in a text.
    pub fn apply(&mut self, text: &str) -> String {
        let mut text = text.replace(&self.root, "<root>").replace(OPS, "<ops>").replace(RECOVERY, "<recovery>").replace('\x1b', "\\e");
        for (name, url) in &self.endpoints {
            text = text.replace(url, name);
        }
        for (name, pattern) in &self.rules {
            let names = &mut self.names;
            text = pattern
                .replace_all(&text, |found: &regex::Captures<'_>| {
                    let next = names.keys().filter(|(kind, _)| kind == name).count() + 1;
                    let number = names.entry((name, found[0].to_owned())).or_insert(next);
                    format!("<{name} {number}>")
                })
                .into_owned();
        }
        text
    }

    /// Names that stories write, put back into what they stand for.
    pub fn undo(&self, text: &str) -> String {
        let text = text.replace("<ops>", OPS).replace("<recovery>", RECOVERY);
        let text = self.endpoints.iter().fold(text, |text, (name, url)| text.replace(name, url));
        self.names.iter().fold(text, |text, ((kind, value), number)| text.replace(&format!("<{kind} {number}>"), value))
    }
}
