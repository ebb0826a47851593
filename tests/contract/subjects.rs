//! The providers under test, each with an empty account of its own. Knows no check.
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use jiff::Timestamp;
use keywright::model::{ObservedKey, Options, Scope, ScopeSet, Secret};
use keywright::profile::{Capabilities, Profile};
use keywright::provider::http::{AccountAt, HttpProvider};
use keywright::provider::keyring::KeyringProvider;
use keywright::provider::{CreateRequest, Provider};
use serde_json::json;
use tempfile::TempDir;
use zeroize::Zeroizing;

use crate::emulator::{Config, EXAMPLE_ACCOUNT, Emulator, Environment, KeySeed};

/// One provider with one account.
pub struct Subject {
    pub provider: Box<dyn Provider>,
    pub capabilities: Capabilities,
    pub ways: Ways,
    /// Scopes that the account can grant.
    pub scopes: [&'static str; 3],
    /// Options of a key, and others that an edit can put in their place; empty where the provider has none.
    pub options: [Options; 2],
    /// An id of the right form that no key has.
    pub unknown_id: String,
    /// The other end, where there is one.
    pub emulator: Option<Emulator>,
    _directory: Option<TempDir>,
}

/// Where a provider's behaviour is its own and the port allows it.
#[derive(Debug, Clone, Copy)]
pub struct Ways {
    /// An edit of scopes adds only.
    pub merges_scopes: bool,
    /// A listing lacks disabled keys.
    pub hides_disabled: bool,
    /// Answers say whether a key is enabled.
    pub tells_state: bool,
    pub enabling: Enabling,
}

/// What becomes of enabling a disabled key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enabling {
    Works,
    /// Accepted, without effect.
    Ignored,
    Refused,
}

impl Default for Ways {
    fn default() -> Self {
        Self { merges_scopes: false, hides_disabled: false, tells_state: true, enabling: Enabling::Works }
    }
}

/// The profile of PayConex, read once for all tests.
fn payconex_profile() -> Arc<Profile> {
    static PROFILE: OnceLock<Arc<Profile>> = OnceLock::new();
    PROFILE.get_or_init(|| Arc::new(Profile::builtin("payconex").expect("built in"))).clone()
}

pub async fn keyring() -> Subject {
    let directory = tempfile::tempdir().expect("a directory");
    let store = directory.path().join("keyring.json");
    Subject {
        provider: Box::new(KeyringProvider::open(store, false, Timestamp::now)),
        capabilities: Profile::builtin("keyring").expect("built in").capabilities,
        ways: Ways::default(),
        scopes: ["orders:read", "orders:*", "stock:write"],
        options: [Options::new(), Options::new()],
        unknown_id: "key_aaaaaaaaaaaaaaaa".to_owned(),
        emulator: None,
        _directory: Some(directory),
    }
}

pub async fn payconex(auth: &str, config: Config, ways: Ways) -> Subject {
    let environment = match config.environment {
        Environment::Certification => "certification",
        Environment::Production => "production",
    };
    let emulator = Emulator::start(config).await.expect("an emulator");
    let profile = payconex_profile();
    let capabilities = profile.capabilities.clone();
    let credential = profile.credential().expect("a shape").parse(&emulator.admin_credential_json()).expect("a credential");
    let params = BTreeMap::from([("account_id".to_owned(), EXAMPLE_ACCOUNT.to_owned()), ("auth".to_owned(), auth.to_owned())]);
    let url = emulator.url();
    let at = AccountAt { environment: Some(environment), endpoint: Some(&url), params: &params };
    let options = |method: &str| Options::from([("methods".to_owned(), json!([method]))]);
    Subject {
        provider: Box::new(HttpProvider::open(profile, at, credential, Timestamp::now).expect("a provider")),
        capabilities,
        ways,
        scopes: ["pcx:webhooks:read", "pcx:webhooks:create", "pcx:devices:*"],
        options: [options("HMAC"), options("ALL")],
        unknown_id: format!("api_{}", "0".repeat(32)),
        emulator: Some(emulator),
        _directory: None,
    }
}

impl Subject {
    /// A request for a key with the first scope that never expires.
    pub fn request(&self, label: &str) -> CreateRequest {
        let options = self.options[0].clone();
        CreateRequest { label: label.to_owned(), scopes: scopes(&self.scopes[..1]), expires_at: None, options }
    }

    /// Creates a key; its secret must be there.
    pub async fn create(&self, request: &CreateRequest) -> (ObservedKey, Secret) {
        let created = self.provider.create(request).await.expect("created");
        (created.key, created.secret.expect("a created key has its secret"))
    }

    /// One key, which must be there.
    pub async fn key(&self, id: &str) -> ObservedKey {
        self.provider.get(id).await.expect("read").expect("the key is there")
    }

    /// All keys but our own, by id; each stands once.
    pub async fn listed(&self) -> BTreeMap<String, ObservedKey> {
        let all = self.provider.list().await.expect("a listing");
        let ids: BTreeSet<&str> = all.iter().map(|key| key.id.as_str()).collect();
        assert_eq!(ids.len(), all.len(), "no key is listed twice");
        all.iter().filter(|key| !key.own).map(|key| (key.id.clone(), key.clone())).collect()
    }

    /// Fills the account in the cheapest way.
    pub async fn fill(&self, count: usize) {
        for number in 0..count {
            let label = format!("key {number}");
            match &self.emulator {
                Some(emulator) => drop(emulator.add_key(KeySeed::new(&label, [self.scopes[0]]))),
                None => drop(self.create(&self.request(&label)).await),
            }
        }
    }
}

pub fn scopes(words: &[&str]) -> ScopeSet {
    words.iter().map(|word| Scope::from(*word)).collect()
}

/// The same secret with a digit of each part but an id changed.
pub fn spoilt(secret: &Secret) -> Secret {
    let spoil = |name: &str, value: &str| {
        let last = if value.ends_with('0') { '1' } else { '0' };
        let kept = if name == "id" { value.to_owned() } else { format!("{}{last}", &value[..value.len() - 1]) };
        (name.to_owned(), Zeroizing::new(kept))
    };
    Secret::of_parts(secret.parts().map(|(name, value)| spoil(name, value)).collect())
}
