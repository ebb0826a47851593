//! A workspace with one account at a real server, and what tests ask of both.
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use jiff::SignedDuration;
use keywright::model::{Generation, GenerationState, KeyRecord};
use serde_json::Value;

use crate::sandbox::{OPS, Ran, Sandbox};
use crate::server::Server;
use crate::vendor::{Use, Vendor};

pub struct Site<'a> {
    pub sandbox: Sandbox,
    pub vendor: &'a dyn Vendor,
    pub server: &'a Server,
    /// What was there before, without what changes by mere use.
    foreign: Vec<Value>,
    /// Every secret of ours, of all times.
    secrets: BTreeSet<String>,
}

impl<'a> Site<'a> {
    pub fn new(vendor: &'a dyn Vendor, server: &'a Server) -> Self {
        for label in ["made by hand", "changed", "someone else kw-aaaaaaaa", "made and deleted"] {
            vendor.add_foreign(server, label);
        }
        let sandbox = Sandbox::new();
        let text = format!(
            "version: 1\naccounts:\n  live:\n    provider: {}\n    endpoint: {}\n    credential: {{ file: {} }}\n    {}\nrecipients:\n  ops: [{OPS}]\ndefaults:\n  recipients: [ops]\n  lifetime: {}\n",
            vendor.provider(),
            server.url,
            server.file("credential").display(),
            vendor.account(),
            vendor.lifetime(),
        );
        sandbox.write("keywright.yaml", &text);
        let mut site = Self { sandbox, vendor, server, foreign: Vec::new(), secrets: BTreeSet::new() };
        site.foreign = site.listed();
        site
    }

    /// Replaces the manifest: names and the fields of each.
    pub fn declare(&self, keys: &[(&str, &str)]) {
        let lines: String = keys.iter().map(|(name, fields)| format!("  {name}: {{ {fields} }}\n")).collect();
        let keys = if lines.is_empty() { "keys: {}\n".to_owned() } else { format!("keys:\n{lines}") };
        self.sandbox.write("keys/live.yaml", &format!("account: live\n{keys}"));
    }

    /// Moves the clock of plans and ledgers ahead of the present.
    pub fn after(&mut self, days: i64) {
        self.sandbox.ahead = Some(SignedDuration::from_hours(24 * days));
    }

    /// Runs a command, and finds no secret in what it says and leaves.
    #[track_caller]
    pub fn run(&mut self, arguments: &[&str]) -> Ran {
        let ran = self.sandbox.run(arguments);
        self.assert_sealed(&ran.line, &[&ran.stdout, &ran.stderr]);
        ran
    }

    #[track_caller]
    pub fn assert_sealed(&self, line: &str, said: &[&str]) {
        let secrets: BTreeSet<String> = self.secrets.iter().cloned().chain(self.vendor.shown_secrets(self.server)).collect();
        let held = |text: &str| secrets.iter().any(|secret| text.contains(secret.as_str()));
        assert!(!said.iter().any(|text| held(text)), "`{line}` shows a secret");
        for (path, entry) in self.sandbox.tree() {
            assert!(!held(&String::from_utf8_lossy(&entry.bytes)), "`{line}` left a secret in the open in `{path}`");
        }
    }

    /// How many keys the plan creates, edits and so on; none of these words: zero.
    #[track_caller]
    pub fn planned(&mut self) -> BTreeMap<String, u64> {
        let before = self.listed();
        let ran = self.run(&["plan", "-o", "json"]).exits(0);
        assert_eq!(self.listed(), before, "the plan changed something at the server");
        let plan: Value = serde_json::from_str(&ran.stdout).expect("JSON");
        assert_eq!(plan["accounts"]["live"]["listing"], "complete", "{}", ran.stdout);
        let summary = plan["summary"].as_object().expect("a summary");
        let actions = ["create", "edit", "rotate", "replace", "disable", "enable", "delete", "reseal", "deliver", "attended", "blocked"];
        let count = |action: &str| summary[action].as_u64().filter(|many| *many > 0).map(|many| (action.to_owned(), many));
        actions.into_iter().filter_map(count).collect()
    }

    /// Plans these actions and no others, applies, and applies again: the second one changes nothing, here or there.
    #[track_caller]
    pub fn comes_to(&mut self, actions: &[(&str, u64)]) -> Ran {
        let wanted: BTreeMap<String, u64> = actions.iter().map(|(action, many)| ((*action).to_owned(), *many)).collect();
        assert_eq!(self.planned(), wanted);
        self.settle(&["apply", "--yes"])
    }

    /// Applies, and applies again without anything to do.
    #[track_caller]
    pub fn settle(&mut self, arguments: &[&str]) -> Ran {
        let ran = self.run(arguments).exits(0);
        self.learn();
        let (tree, listed) = (self.sandbox.tree(), self.listed());
        let again = self.run(&["apply", "--yes"]).exits(0);
        assert_eq!(self.listed(), listed, "the second apply changed something at the server: {}{}", again.stdout, again.stderr);
        assert!(self.sandbox.tree() == tree, "the second apply wrote into the workspace: {}{}", again.stdout, again.stderr);
        self.assert_foreign();
        ran
    }

    /// Remembers the secrets of now.
    pub fn learn(&mut self) {
        for (name, record) in self.records() {
            if record.generations.iter().any(|generation| generation.state == GenerationState::Active) {
                let secret = self.opened(&name);
                // A secret of several parts is never shown as one text.
                let parts = serde_json::from_str::<BTreeMap<String, String>>(&secret);
                let private = |(part, value): (String, String)| (part != "id" && part != "access_key_id").then_some(value);
                match parts {
                    Ok(parts) => self.secrets.extend(parts.into_iter().filter_map(private)),
                    Err(_) => drop(self.secrets.insert(secret)),
                }
            }
        }
    }

    /// What the sealed file of a key holds.
    #[track_caller]
    pub fn opened(&self, name: &str) -> String {
        let ran = self.sandbox.run(&["open", &format!("live/{name}"), "-i", "~/ops.txt"]).exits(0);
        ran.stdout.trim_end().to_owned()
    }

    /// The current secret of a key, which must work at the server.
    #[track_caller]
    pub fn works(&self, name: &str) -> String {
        let secret = self.opened(name);
        assert_eq!(self.vendor.try_out(self.server, &secret), Use::Works, "the secret of `{name}`");
        secret
    }

    /// These secrets must be refused, as soon as the server has forgotten them.
    #[track_caller]
    pub fn assert_ended(&self, secrets: &[String]) {
        let patient = Instant::now() + self.vendor.lag();
        for secret in secrets {
            while self.vendor.try_out(self.server, secret) == Use::Works {
                assert!(Instant::now() < patient, "an ended key still works");
                std::thread::sleep(Duration::from_secs(1));
            }
        }
    }

    /// All entries at the server, in a firm order, without what changes by mere use.
    #[track_caller]
    pub fn listed(&self) -> Vec<Value> {
        let mut all = self.vendor.listed(self.server);
        for entry in &mut all {
            let fields = entry.as_object_mut().expect("an object");
            fields.retain(|name, _| !self.vendor.restless().contains(&name.as_str()));
        }
        all.sort_by_key(Value::to_string);
        all
    }

    /// Entries of ours at the server.
    #[track_caller]
    pub fn ours(&self) -> Vec<Value> {
        self.listed().into_iter().filter(|entry| !self.foreign.contains(entry)).collect()
    }

    /// The one entry of this key that bears the marker of its current generation; where keys have no labels, the newest of all.
    #[track_caller]
    pub fn entry(&self, name: &str) -> Value {
        let record = self.records().remove(name).expect("in the ledger");
        let current = record.generations.iter().find(|generation| generation.state == GenerationState::Active).expect("a current one");
        let Some(at) = self.vendor.label() else {
            return self.ours().into_iter().max_by_key(|entry| entry["created"].to_string()).expect("an entry");
        };
        let marker = current.marker.as_ref().expect("a marker").as_str();
        let bears = |entry: &Value| entry.pointer(at).and_then(Value::as_str).is_some_and(|label| label.ends_with(marker));
        let mut found: Vec<Value> = self.ours().into_iter().filter(bears).collect();
        assert_eq!(found.len(), 1, "`{name}` is there once: {found:?}");
        found.remove(0)
    }

    /// Whatever was there before is there as it was.
    #[track_caller]
    pub fn assert_foreign(&self) {
        let listed = self.listed();
        for entry in &self.foreign {
            assert!(listed.contains(entry), "a foreign key was touched: {entry}");
        }
    }

    /// The ledger, by name.
    pub fn records(&self) -> BTreeMap<String, KeyRecord> {
        let files = self.sandbox.tree().into_iter().filter(|(path, entry)| path.starts_with("ledger/live/") && entry.kind == 'f');
        let read = |(path, entry): (String, crate::sandbox::Entry)| {
            let name = path.trim_start_matches("ledger/live/").trim_end_matches(".yaml").to_owned();
            (name, serde_yaml::from_str(&String::from_utf8(entry.bytes).expect("UTF-8")).expect("a ledger file"))
        };
        files.map(read).collect()
    }

    /// Generations of all keys in one of these states.
    pub fn generations(&self, states: &[GenerationState]) -> Vec<Generation> {
        let all = self.records().into_values().flat_map(|record| record.generations);
        all.filter(|generation| states.contains(&generation.state)).collect()
    }
}
