//! The workspace: discovery, `keywright.yaml`, manifests, and the checks that need only text.
mod accounts;
mod advice;
pub mod config;
mod confusable;
mod deliveries;
pub mod discovery;
pub mod edit;
mod groups;
mod keys;
mod labels;
mod lines;
pub mod manifest;
mod moves;
mod options;
mod place;
mod policy;
pub mod policy_spec;
mod profiles;
mod reviews;
mod secrets;
pub mod sources;
mod timing;
mod words;
pub mod workflows;
mod written;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use data_encoding::HEXLOWER;
use jiff::Timestamp;
use sha2::{Digest, Sha256};

pub use config::ConfigFile;
pub use deliveries::Delivery;
pub use discovery::{Files, find};
pub use manifest::ManifestFile;
pub use sources::Sources;
pub use written::Manifests;

use self::accounts::Settings;
use self::advice::Advice;
use self::discovery::Discovered;
use self::keys::Keys;
use self::profiles::Profiles;
use crate::diagnostics::{Code, Diagnostic, Place, Report};
use crate::ledger::{Ledger, Records};
use crate::model::{Address, DesiredKey, Guards, KeyRecord, Name, Recipients, Span, Unmanaged};
use crate::policy::Policy;
use crate::profile::{Catalogue, Profile};
use crate::yaml;

/// How many problems of one file are told; more are counted.
const TOLD: usize = 1000;
/// How many are told of all files together, before only the first of each further file is.
const TOLD_IN_ALL: usize = 10_000;

/// Everything the files of a workspace say, resolved. When the report has errors, the rest must not be acted on.
pub struct Workspace {
    /// The directory with `keywright.yaml`.
    pub root: PathBuf,
    pub accounts: BTreeMap<Name, Account>,
    pub recipients: Recipients,
    /// What keys get that say no cooldown.
    pub cooldown: Span,
    /// Whether keys that name no recipients get some.
    pub has_default_recipients: bool,
    pub unmanaged: Unmanaged,
    pub keys: BTreeMap<Address, DesiredKey>,
    /// Keys that got another address: the old one, by the new one.
    pub moved: BTreeMap<Address, Address>,
    pub ledger: BTreeMap<Address, KeyRecord>,
    pub guards: Guards,
    pub policy: Policy,
    /// Places that consume secrets.
    pub deliveries: BTreeMap<Name, Delivery>,
    /// How many manifests there are, whatever they declare.
    pub manifests: usize,
    /// `sha256:…` over manifests, trusted configuration and profiles (paths and bytes).
    pub digest: String,
    /// What only the working tree's configuration has, where the rest comes from a commit: nothing of it may be asked or told anything.
    pub untrusted: Untrusted,
    pub report: Report,
}

/// What takes effect only when the change that brings them is merged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Untrusted {
    pub accounts: BTreeSet<Name>,
    pub deliveries: BTreeSet<Name>,
    /// Groups of recipients.
    pub groups: BTreeSet<String>,
}

impl Workspace {
    /// One account's keys that got another address, as they are declared, under the old one.
    pub fn formerly_in(&self, account: &Name) -> BTreeMap<Name, DesiredKey> {
        let under_old = |(to, from): (&Address, &Address)| {
            let key = self.keys.get(to).filter(|_| to.account == *account && !self.keys.contains_key(from))?;
            Some((from.name.clone(), DesiredKey { address: from.clone(), ..key.clone() }))
        };
        self.moved.iter().filter_map(under_old).collect()
    }
}

/// One tenancy at a provider.
#[derive(Debug, Clone)]
pub struct Account {
    pub name: Name,
    pub profile: Arc<Profile>,
    pub catalogue: Arc<Catalogue>,
    pub environment: Option<String>,
    /// Replaces scheme, host and port of the profile's URLs; a path here is a prefix.
    pub endpoint: Option<String>,
    /// Replaces scheme, host and port of the issuer of grants.
    pub issuer: Option<String>,
    /// With defaults filled in.
    pub params: BTreeMap<String, String>,
    pub credential: Option<CredentialRef>,
    pub plan_credential: Option<CredentialRef>,
}

/// Where an admin credential comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CredentialRef {
    Env(String),
    /// Relative to the workspace.
    File(PathBuf),
    /// Program and arguments; the credential is its standard output.
    Command(Vec<String>),
}

/// A workspace and the text that it was read from.
pub struct Loaded {
    pub workspace: Workspace,
    /// Turns the report's routes into lines.
    pub sources: Sources,
    /// With [`load_on`]: everything as the working tree has it, on the trusted ledger: what a merge would lead to. Nothing may be done by it.
    pub proposed: Option<Box<Loaded>>,
}

/// Reads and resolves everything in the workspace `root`, as [`find`] found it. Opens no credential and no secret.
///
/// Every problem of every file goes to the report of the workspace. `now` decides whether a fixed expiry has passed.
pub fn load(root: &Path, now: Timestamp) -> Loaded {
    load_with(root, now, Supposed::default())
}

/// Files that are taken as if they were there.
#[derive(Default)]
pub struct Supposed {
    /// A manifest by its path below the workspace, in place of the one on disk.
    pub manifest: Option<(Arc<str>, Vec<u8>)>,
    /// Records beyond the ledger, or in place of its own.
    pub records: Vec<KeyRecord>,
}

/// The same with everything, manifests included, from files of a commit. Secret files are not looked at.
pub fn load_commit(root: &Path, now: Timestamp, files: &Files) -> Loaded {
    let mut report = Report::default();
    let found = discovery::discover_among(files, &mut report);
    let records = Records::of(ledger_of(files), &mut report);
    resolve(root, now, Read { found, records, secrets: false, also: None }, report)
}

/// The same with manifests from the working tree, and configuration, profiles and ledger from files of a commit.
///
/// Accounts, groups of recipients and deliveries that only the working tree's configuration has are taken along, so that manifests can name them:
/// see [`Untrusted`]; so is all of it where the commit has no workspace. Secret files are not looked at.
pub fn load_on(root: &Path, now: Timestamp, trusted: &Files) -> Loaded {
    let records = |report: &mut Report| Records::of(ledger_of(trusted), report);
    let mut theirs = Report::default();
    let tree = discovery::discover(root, &mut theirs);
    let mut report = Report::default();
    let without_manifests = trusted.iter().filter(|(name, _)| !name.starts_with("keys/"));
    let mut found = discovery::discover_among(&without_manifests.map(|(name, bytes)| (name.clone(), bytes.clone())).collect(), &mut report);
    for name in &tree.manifests {
        found.sources.add(name.clone(), tree.sources.bytes(name).unwrap_or_default().to_vec());
        found.manifests.push(name.clone());
    }
    let recorded = records(&mut report);
    let mut loaded = resolve(root, now, Read { found, records: recorded, secrets: false, also: Some(&tree) }, report);
    // What is wrong with the ledger is told once.
    let recorded = records(&mut Report::default());
    loaded.proposed = Some(Box::new(resolve(root, now, Read { found: tree, records: recorded, secrets: false, also: None }, theirs)));
    loaded
}

fn ledger_of(files: &Files) -> impl Iterator<Item = (Arc<str>, Vec<u8>)> {
    files.iter().filter(|(name, _)| name.starts_with("ledger/")).map(|(name, bytes)| (name.clone(), bytes.clone()))
}

/// What of a workspace was read, and what else is looked at.
struct Read<'a> {
    found: Discovered,
    records: Records,
    /// Whether secret files are compared with the ledger.
    secrets: bool,
    /// Whose configuration may add to this one.
    also: Option<&'a Discovered>,
}

/// The same, with some files as they would be.
pub fn load_with(root: &Path, now: Timestamp, supposed: Supposed) -> Loaded {
    let mut report = Report::default();
    let mut found = discovery::discover(root, &mut report);
    let mut records = Ledger::new(root).load_all(&mut report);
    records.records.extend(supposed.records.into_iter().map(|record| (record.address.clone(), record)));
    if let Some((file, bytes)) = supposed.manifest {
        if let Err(at) = found.manifests.binary_search(&file) {
            found.manifests.insert(at, file.clone());
        }
        found.sources.add(file, bytes);
    }
    resolve(root, now, Read { found, records, secrets: true, also: None }, report)
}

fn resolve(root: &Path, now: Timestamp, read: Read, mut report: Report) -> Loaded {
    let Read { mut found, records, secrets, also } = read;
    let mut unread: BTreeSet<Arc<str>> = BTreeSet::new();
    for (file, bytes) in records.files {
        unread.insert(file.clone());
        found.sources.add(file, bytes);
    }
    let ledger = records.records;
    let mut advice = Advice::default();
    let mut profiles = Profiles::read(&found.profiles, &found.sources, &mut report);
    let mut settings = settings(&found, &mut profiles, &mut advice, &mut report);
    let theirs = also.and_then(|tree| {
        let mut unsaid = Report::default();
        let mut profiles = Profiles::read(&tree.profiles, &tree.sources, &mut unsaid);
        self::settings(tree, &mut profiles, &mut advice, &mut unsaid)
    });
    let untrusted = match (&mut settings, theirs) {
        (Some(settings), Some(theirs)) => settings.take_new(theirs),
        (None, Some(theirs)) if found.config.is_none() => {
            let (new, untrusted) = Settings::all_new(theirs);
            settings = Some(new);
            untrusted
        }
        (None, Some(_)) | (_, None) => Untrusted::default(),
    };
    if let Some(settings) = &mut settings {
        settings.distrust(&untrusted, &mut profiles);
    }
    let mut keys = Keys {
        settings: settings.as_mut(),
        ledger: &ledger,
        now,
        advice: &mut advice,
        report: Report::default(),
        keys: Vec::new(),
        places: BTreeMap::new(),
        moves: Vec::new(),
        formerly: BTreeMap::new(),
        taken: BTreeMap::new(),
    };
    let manifests = found.manifests.iter().map(|file| (file, found.sources.bytes(file).unwrap_or_default()));
    let read = keys.read(manifests, report.diagnostics().len());
    // One after the other on one core each: neither looks at what the other makes.
    let ((), digest) = rayon::join(|| keys.take(read, &mut report), || digest(&found, &profiles));
    let moved = moves::resolve(&keys.moves, &keys.places, &mut report);
    let nothing = keys.places.is_empty();
    let keys = keys.keys.into_iter().map(|key| (key.address.clone(), key)).collect();
    if nothing && !report.has_errors() {
        let diagnostic = Diagnostic::warning(Code::WorkspaceEmpty, "the workspace declares no keys");
        let help = "declare keys in a manifest, such as `keys/ACCOUNT.yaml`";
        report.push(diagnostic.at(Place::File(discovery::CONFIG.into())).help(help));
    }
    if secrets {
        secrets::check(root, settings.as_ref(), &ledger, &unread, &found.secrets, &mut report);
    }
    let settings = settings.unwrap_or_default();
    let recipients = settings.groups.recipients().clone();
    let workspace = Workspace {
        root: root.to_owned(),
        has_default_recipients: settings.defaults.recipients.is_some(),
        cooldown: settings.defaults.cooldown(),
        accounts: settings.accounts,
        unmanaged: settings.unmanaged,
        recipients,
        keys,
        moved,
        ledger,
        guards: settings.guards,
        policy: settings.policy,
        deliveries: settings.deliveries.into_places(),
        manifests: found.manifests.len(),
        digest,
        untrusted,
        report,
    };
    Loaded { workspace, sources: found.sources, proposed: None }
}

/// What the trusted file among these comes to.
fn settings(found: &Discovered, profiles: &mut Profiles, advice: &mut Advice, report: &mut Report) -> Option<Settings> {
    let file = found.config.as_ref()?;
    let mut own = Report::limited(TOLD);
    let bytes = found.sources.bytes(file)?;
    let config = yaml::read::<ConfigFile>(file, bytes, &mut own);
    let settings = config.map(|mut config| {
        let (policy, waivers) = (config.policy.take(), std::mem::take(&mut config.waivers));
        let mut settings = accounts::resolve(file, config, profiles, advice, &mut own);
        let resolving = policy::Resolving { file, bytes, settings: &settings, advice, report: &mut own };
        settings.policy = resolving.policy(policy, waivers);
        settings
    });
    report.extend_from_file(own, file);
    settings
}

/// Every profile that accounts can name, in the order of the names: the built-in ones, and those of the workspace when there is one. A profile
/// with problems is left out; [`load`] reports them.
pub fn known_profiles(root: Option<&Path>) -> Vec<(Arc<Profile>, Arc<Catalogue>)> {
    let mut report = Report::default();
    let found = root.map(|root| discovery::discover_profiles(root, &mut report)).unwrap_or_default();
    let mut profiles = Profiles::read(&found.profiles, &found.sources, &mut report);
    profiles.all(&mut report)
}

/// Over path, length and bytes of each file, in the order of the paths; built-in profiles count where they are used.
fn digest(found: &Discovered, profiles: &Profiles) -> String {
    let mut hasher = Sha256::new();
    let mut add = |path: &str, bytes: &[u8]| {
        for part in [path.as_bytes(), bytes] {
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part);
        }
    };
    for file in found.config.iter().chain(&found.profiles).chain(&found.manifests) {
        add(file, found.sources.bytes(file).unwrap_or_default());
    }
    for (name, text) in profiles.built_in_used() {
        add(&format!("<built-in {name}>"), text.as_bytes());
    }
    format!("sha256:{}", HEXLOWER.encode(&hasher.finalize()))
}

#[cfg(test)]
mod ledger_tests;
#[cfg(test)]
mod tests;
