//! A workspace with one PayConex account that lives in an emulator, and what tests ask of both.
#![allow(dead_code, reason = "each suite uses a different part")]

use jiff::{SignedDuration, Timestamp};
use keywright::model::{GenerationState, KeyRecord};

use crate::emulator::{Config, Emulator, Key, Route};
use crate::sandbox::{OPS, Ran, Sandbox, Tree, assert_no_plaintext};

pub const WEBHOOKS: &str = "pcx:webhooks:read";
/// A manifest entry with one scope.
pub const BILLING: &str = "  billing: { label: Billing webhooks, scopes: [pcx:webhooks:read] }\n";

pub struct Site {
    pub sandbox: Sandbox,
    pub emulator: Emulator,
}

impl Site {
    pub fn new(config: Config) -> Self {
        Self::with_auth(config, "hmac")
    }

    pub fn with_auth(config: Config, auth: &str) -> Self {
        let emulator = Emulator::start_in_thread(config).expect("a port is free");
        let mut sandbox = Sandbox::new();
        sandbox.ahead = Some(SignedDuration::ZERO);
        sandbox.environment.insert("PAYCONEX_ADMIN_KEY".to_owned(), emulator.admin_credential_json());
        let site = Self { sandbox, emulator };
        site.configure(&site.emulator.url(), auth);
        site.declare(BILLING);
        site
    }

    pub fn configure(&self, endpoint: &str, auth: &str) {
        let text = format!(
            "version: 1\naccounts:\n  pay:\n    provider: payconex\n    environment: certification\n    endpoint: {endpoint}\n    params: {{ account_id: \"220614966801\", auth: {auth} }}\n    credential: {{ env: PAYCONEX_ADMIN_KEY }}\nrecipients:\n  ops: [{OPS}]\ndefaults:\n  recipients: [ops]\n  lifetime: 90d\n"
        );
        self.sandbox.write("keywright.yaml", &text);
    }

    /// Replaces the manifest.
    pub fn declare(&self, keys: &str) {
        let keys = if keys.is_empty() { "keys: {}\n".to_owned() } else { format!("keys:\n{keys}") };
        self.sandbox.write("keys/pay.yaml", &format!("account: pay\n{keys}"));
    }

    /// Moves the clock of plans and ledgers ahead of the present.
    pub fn after(&mut self, time: SignedDuration) {
        self.sandbox.ahead = Some(time);
    }

    pub fn apply(&self) -> Ran {
        let ran = self.sandbox.run(&["apply", "--yes"]);
        self.assert_sealed(&ran);
        ran
    }

    pub fn plan(&self) -> Ran {
        let ran = self.sandbox.run(&["plan"]);
        self.assert_sealed(&ran);
        ran
    }

    /// Applies, and applies again: the second one must not write anywhere.
    #[track_caller]
    pub fn settle(&self) -> Ran {
        let ran = self.apply().exits(0);
        let (tree, writes) = (self.sandbox.tree(), self.writes());
        self.apply().exits(0);
        assert_eq!(self.writes(), writes, "the second apply wrote at the provider");
        assert!(self.sandbox.tree() == tree, "the second apply wrote into the workspace");
        ran
    }

    /// Runs a command that must change nothing, here or there.
    #[track_caller]
    pub fn refuses(&self, arguments: &[&str], exit: i32) -> Ran {
        let (tree, keys) = (crate::sandbox::without_lock(self.sandbox.tree()), self.emulator.keys());
        let ran = self.sandbox.run(arguments).exits(exit);
        assert_eq!(difference(&tree, &crate::sandbox::without_lock(self.sandbox.tree())), Vec::<String>::new(), "`{}` wrote", ran.line);
        assert_eq!(self.emulator.keys(), keys, "`{}` wrote at the provider", ran.line);
        self.assert_sealed(&ran);
        ran
    }

    /// Keys other than the administrator's.
    pub fn keys(&self) -> Vec<Key> {
        let admin = self.emulator.admin_id();
        self.emulator.keys().into_iter().filter(|key| key.id != admin).collect()
    }

    pub fn live(&self) -> Vec<Key> {
        self.keys().into_iter().filter(|key| key.enabled).collect()
    }

    /// Requests that could change something.
    pub fn writes(&self) -> usize {
        [Route::Create, Route::Update, Route::Delete].into_iter().map(|route| self.emulator.count(route)).sum()
    }

    pub fn record(&self, name: &str) -> KeyRecord {
        serde_yaml::from_str(&self.sandbox.read(&format!("ledger/pay/{name}.yaml"))).expect("a ledger file")
    }

    /// States of all generations, newest first.
    pub fn states(&self, name: &str) -> Vec<(u32, GenerationState)> {
        if !self.sandbox.exists(&format!("ledger/pay/{name}.yaml")) {
            return Vec::new();
        }
        self.record(name).generations.iter().map(|generation| (generation.number, generation.state)).collect()
    }

    /// The secret that the sealed file holds, as id and secret.
    #[track_caller]
    pub fn opened(&self, name: &str) -> (String, String) {
        let ran = self.sandbox.run(&["open", &format!("pay/{name}"), "-i", "~/ops.txt"]).exits(0);
        let value: serde_json::Value = serde_json::from_str(&ran.stdout).expect("the usual form of two parts is JSON");
        let part = |name: &str| value[name].as_str().expect("a part").to_owned();
        (part("id"), part("secret"))
    }

    /// Checks that the sealed secret is the one of a live key at the provider, that the ledger knows it as current, and that it bears the marker.
    #[track_caller]
    pub fn assert_works(&self, name: &str) -> Key {
        let (id, secret) = self.opened(name);
        let key = self.emulator.key(&id).expect("the sealed key is there");
        assert!(key.secret == secret, "the sealed secret is another one");
        assert!(key.enabled && !key.expired(Timestamp::now()), "{key:?}");
        let record = self.record(name);
        let current =
            record.generations.iter().find(|generation| generation.state == GenerationState::Active).expect("an active generation");
        assert_eq!(current.id.as_ref(), Some(&id));
        assert_eq!(current.label, key.label);
        assert!(current.marker.as_ref().is_some_and(|marker| key.label.ends_with(marker.as_str())), "{key:?}");
        let told: Vec<&str> = current.scopes.iter().map(|scope| scope.as_str()).collect();
        let mut held: Vec<&str> = key.scopes.iter().map(String::as_str).collect();
        held.sort_unstable();
        assert_eq!(told, held, "ledger and provider differ");
        key
    }

    /// No secret of the emulator is in the output or on disk in the open.
    #[track_caller]
    fn assert_sealed(&self, ran: &Ran) {
        let tree = self.sandbox.tree();
        assert_no_plaintext(&tree);
        for key in self.emulator.keys() {
            assert!(!ran.stdout.contains(&key.secret) && !ran.stderr.contains(&key.secret), "`{}` shows the secret of {key:?}", ran.line);
            let on_disk = tree.iter().find(|(_, entry)| String::from_utf8_lossy(&entry.bytes).contains(&key.secret));
            assert!(on_disk.is_none(), "{:?} holds a secret in the open", on_disk.map(|(path, _)| path));
        }
    }
}

/// Paths that differ.
pub fn difference(before: &Tree, after: &Tree) -> Vec<String> {
    let mut changed: Vec<String> =
        before.keys().chain(after.keys()).filter(|path| before.get(*path) != after.get(*path)).cloned().collect();
    changed.sort();
    changed.dedup();
    changed
}
