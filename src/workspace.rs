//! The workspace: discovery, `keywright.yaml`, manifests, and the checks that need only text.
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::diagnostics::Report;
use crate::model::{Address, DesiredKey, KeyRecord, Name, Recipients};
use crate::profile::{Catalogue, Profile};

/// Everything the files of a workspace say, resolved. When the report has errors, the rest must not be acted on.
pub struct Workspace {
    /// The directory with `keywright.yaml`.
    pub root: PathBuf,
    pub accounts: BTreeMap<Name, Account>,
    pub recipients: Recipients,
    pub keys: BTreeMap<Address, DesiredKey>,
    pub ledger: BTreeMap<Address, KeyRecord>,
    /// `sha256:…` over manifests, trusted configuration and profiles (paths and bytes).
    pub digest: String,
    pub report: Report,
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
