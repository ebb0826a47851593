//! The plan as data: what JSON, text and apply read. It cannot hold a secret.
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::UnusedKey;
use super::access::AccessDiff;
use super::review::{BaseView, Origin, TrustedChange};
use super::step::PlanStep;
use super::verdict::{Deferred, GuardVerdict};
use crate::diagnostics::{Diagnostic, Located};
use crate::model::{Address, Allowance, Name, Options, Position, Request, Risk, Scope, ScopeSet};

/// Whether a plan rests on what providers report, or on the ledger alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    Live,
    /// The ledger stands in for the providers; the plan cannot be applied.
    Offline,
}

/// What happens to a key's current generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    Create,
    Edit,
    /// Time, recipients or a person ask for a new generation.
    Rotate,
    /// An edit that the provider cannot make in place.
    Replace,
    Disable,
    Enable,
    Delete,
    Reseal,
    Deliver,
    Attended,
    Blocked,
    None,
}

impl Change {
    /// The address that the key had before, when it moves.
    pub fn moved_from(&self) -> Option<&Address> {
        self.steps.iter().find_map(|step| match step {
            PlanStep::Move { from, .. } => Some(from),
            PlanStep::Recover { .. }
            | PlanStep::Create { .. }
            | PlanStep::Open { .. }
            | PlanStep::Edit { .. }
            | PlanStep::Enable { .. }
            | PlanStep::Disable { .. }
            | PlanStep::Delete { .. }
            | PlanStep::Reseal { .. }
            | PlanStep::Deliver { .. }
            | PlanStep::Record { .. } => None,
        })
    }
}

/// A key before or after a change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct KeyView {
    pub scopes: ScopeSet,
    /// `null`: never.
    pub expires_at: Option<Timestamp>,
    /// `active` or `disabled`.
    pub state: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Provider-specific fields.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub options: Options,
}

impl KeyView {
    pub(super) fn is_active(&self) -> bool {
        self.state == "active"
    }

    /// What the key could do with its options, as `options::gained` wants it.
    pub(super) fn had(&self) -> (bool, Option<&Options>) {
        (self.is_active(), Some(&self.options))
    }
}

/// One key's entry in a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    pub address: Address,
    pub action: Action,
    /// Explains; nothing decides by it.
    pub reason: String,
    /// Present with a base.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// The generation that the action concerns.
    pub generation: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declared_at: Option<Position>,
    /// Absent: there is no such key yet.
    pub before: Option<KeyView>,
    /// Absent: the key ends.
    pub after: Option<KeyView>,
    pub access: AccessDiff,
    /// The words of `work`, such as `edit`, for people and scripts.
    #[serde(rename = "steps")]
    pub words: Vec<String>,
    /// What apply does, in order.
    #[serde(rename = "work")]
    pub steps: Vec<PlanStep>,
    /// What the generations in `work` are known by: the marker, or the provider's id of an adopted one. A number alone could come to mean another.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub generations: BTreeMap<u32, String>,
    /// A person asked for the new generation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Request>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// What else a reader should know, a sentence each (secret file and recipients, what happens to the predecessor, …).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// What was read of one account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AccountView {
    pub provider: String,
    /// `complete`, `unavailable`, `assumed`, or `attended`: nothing can be listed there.
    pub listing: String,
    pub observed: usize,
    /// Unmanaged keys that the configuration says to ignore.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub ignored: usize,
    /// Why the listing is unavailable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// A key that is in no manifest and no ledger.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct UnmanagedKey {
    pub account: Name,
    pub id: String,
    pub label: String,
    /// The key of our own admin credential.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub own: bool,
    /// It bears a marker of ours and no record has it: apply finishes or disables it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ours: bool,
    /// The configuration refuses a plan while it is there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub fails: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<ScopeSet>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub risk: Option<Risk>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}

/// A rotation, an expiry, a review or an end by disuse within the next 30 days, or overdue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Due {
    pub address: Address,
    /// `rotation`, `expiry`, `review`, or `idle`: it dies then unless it is used before.
    pub kind: String,
    pub at: Timestamp,
}

/// Work for a person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AttendedStep {
    pub address: Address,
    /// `create`, `rotate`, `replace`, `revoke` or `deliver`.
    pub kind: String,
    /// What is to be taken letter by letter stands in backticks, here and in the steps.
    pub title: String,
    pub steps: Vec<String>,
    /// Concludes it.
    pub command: String,
    /// The page where it begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// How long it takes, about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minutes: Option<u32>,
    /// Who is to be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// What the provider knows the key by; absent until apply has opened the step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Absent until apply has opened the step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<u32>,
}

/// Counts by action, and the access in all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    pub create: usize,
    pub edit: usize,
    pub rotate: usize,
    pub replace: usize,
    pub disable: usize,
    pub enable: usize,
    pub delete: usize,
    pub reseal: usize,
    pub deliver: usize,
    pub attended: usize,
    pub blocked: usize,
    pub none: usize,
    /// What keys gain: scopes, values of options, longer lives and overlaps, protection that goes, readers and places; what is blocked is not counted.
    pub access_gained: usize,
    /// What keys lose: scopes and readers.
    pub access_lost: usize,
    /// Of the access gained; absent when none is.
    pub highest_risk: Option<Risk>,
}

/// A plan, as saved with `--out` and printed with `-o json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Plan {
    pub format_version: String,
    /// Of manifests, trusted configuration and profiles.
    pub digest: String,
    pub mode: Mode,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    /// The keys that were chosen; empty: all.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub only: BTreeSet<Address>,
    /// New generations that a person asked for with `--rotate`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub requests: BTreeMap<Address, Request>,
    /// What `--allow` lifts for this plan.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub allowed: BTreeSet<Allowance>,
    /// The commit that configuration, profiles and ledger come from; absent: the working tree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<BaseView>,
    /// What the working tree does to trusted files, most risky first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trusted: Vec<TrustedChange>,
    pub accounts: BTreeMap<Name, AccountView>,
    /// Every key that is not `none`, by address.
    pub changes: Vec<Change>,
    pub attended: Vec<AttendedStep>,
    /// What somebody else did to keys of the ledger, an entry each: `before` as the ledger says, `after` as the provider shows, `access` what
    /// the deed gave and took. `action` is what corrects it; its steps are in `changes`.
    pub drift: Vec<Change>,
    pub unmanaged: Vec<UnmanagedKey>,
    pub due: Vec<Due>,
    /// Live keys that nobody uses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unused: Vec<UnusedKey>,
    /// Rotations that `max_rotations` leaves to a later plan, by address.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deferred: Vec<Deferred>,
    /// What each guard says of this plan: the configured ones, and those of the others that speak.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub guards: Vec<GuardVerdict>,
    /// The risk of scopes that keys keep, by provider.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub kept_risks: BTreeMap<String, BTreeMap<Scope, Risk>>,
    /// With lines; filled in when the plan is shown or saved.
    pub diagnostics: Vec<Located>,
    pub summary: Summary,
    /// By meaning; never written out.
    #[serde(skip)]
    pub findings: Vec<Diagnostic>,
}

impl Action {
    /// The word that users read.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Edit => "edit",
            Self::Rotate => "rotate",
            Self::Replace => "replace",
            Self::Disable => "disable",
            Self::Enable => "enable",
            Self::Delete => "delete",
            Self::Reseal => "reseal",
            Self::Deliver => "deliver",
            Self::Attended => "attended",
            Self::Blocked => "blocked",
            Self::None => "none",
        }
    }
}
