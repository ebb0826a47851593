//! `keywright.yaml` as it is written. What the words mean together is decided in `accounts` and `groups`.
use std::collections::BTreeMap;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::Deserialize;

use super::policy_spec::{PolicySpec, WaiverSpec};
use super::reviews::Interval;
use super::words::parsed_text;
use crate::model::time::{SPAN_PATTERN, SpanError};
use crate::model::{Handling, Limit, Span};
use crate::yaml::{Entries, Placed};

/// The trusted file of a workspace: accounts, recipients and defaults.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "keywright.yaml")]
pub struct ConfigFile {
    /// The version of this format: 1.
    // Bounds that the reader leaves to `config/version`, which says more.
    #[schemars(extend("exclusiveMinimum" = 0, "exclusiveMaximum" = 2))]
    pub version: u32,
    /// Tenancies at providers, by name (1 to 63 of a-z, 0-9 and `-`).
    pub accounts: Entries<AccountSpec>,
    /// Age public keys that can open secret files, by group name.
    #[serde(default)]
    pub recipients: Entries<Vec<String>>,
    /// What keys get when their manifest says nothing.
    #[serde(default)]
    pub defaults: DefaultsSpec,
    /// What to do about keys that are in no manifest and no ledger: one word for all of them, or rules by account and label.
    #[serde(default)]
    pub unmanaged: UnmanagedSpec,
    /// Places that consume secrets, by name (1 to 63 of a-z, 0-9 and `-`). Keys name them in `deliver`; each takes one key.
    #[serde(default)]
    pub deliveries: Entries<DeliverySpec>,
    /// What is allowed.
    #[serde(default)]
    pub policy: Option<PolicySpec>,
    /// Exceptions from the policy, each with its reason and its end.
    #[serde(default)]
    pub waivers: Vec<Placed<WaiverSpec>>,
    /// Rules that refuse a whole plan.
    #[serde(default)]
    pub guards: GuardsSpec,
}

/// Rules that refuse a whole plan. Each is a number of keys, or a percentage of the keys that are declared or live in the ledger (rounded up).
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GuardsSpec {
    /// The most keys that a plan may create.
    #[serde(default)]
    pub max_creates: Option<Limit>,
    /// The most working keys that a plan may take away.
    #[serde(default)]
    pub max_disables: Option<Limit>,
    /// The most keys that a plan rotates or replaces; the less urgent ones wait for a later plan.
    #[serde(default)]
    pub max_rotations: Option<Limit>,
}

/// One tenancy at a provider, with the admin credential that manages it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountSpec {
    /// The provider's name: a built-in profile, or one of `providers/`.
    pub provider: String,
    /// One of the profile's named environments. Needed when there are several.
    #[serde(default)]
    pub environment: Option<String>,
    /// Replaces scheme, host and port of the profile's URLs; a path here is a prefix. For self-hosted and test servers: https, or http on loopback.
    #[serde(default)]
    pub endpoint: Option<String>,
    /// Replaces scheme, host and port of the issuer of OAuth grants, where the profile has grants: https, or http on loopback.
    #[serde(default)]
    pub issuer: Option<String>,
    /// What the profile asks of an account beside its credential. Each value is a text: quote numbers.
    #[serde(default)]
    pub params: BTreeMap<String, String>,
    /// Where the admin credential comes from. Exactly one of `env`, `file` and `command`.
    #[serde(default)]
    pub credential: Option<CredentialSpec>,
    /// The credential that `plan` uses, best one that can only read. Exactly one of `env`, `file` and `command`.
    #[serde(default)]
    pub plan_credential: Option<CredentialSpec>,
}

/// A place that consumes the secrets of one key.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeliverySpec {
    /// Its kind: `nango`, `github-actions`, or `payvy`, which a person serves.
    pub to: String,
    /// Replaces the address of the kind's API; a path here is a prefix. For self-hosted and test servers: https, or http on loopback.
    #[serde(default)]
    pub endpoint: Option<String>,
    /// Where the credential for the place comes from. Exactly one of `env`, `file` and `command`.
    #[serde(default)]
    pub credential: Option<CredentialSpec>,
    /// What the kind wants to know of the place. Each value is a text: quote numbers.
    #[serde(default)]
    pub params: BTreeMap<String, String>,
}

/// A reference to a credential, never the credential itself.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("minProperties" = 1, "maxProperties" = 1))]
pub struct CredentialSpec {
    /// Name of an environment variable; an empty one counts as absent.
    #[serde(default)]
    pub env: Option<String>,
    /// Path of a file, relative to the workspace.
    #[serde(default)]
    pub file: Option<String>,
    /// Program and arguments, run without a shell; the credential is its standard output.
    #[serde(default)]
    pub command: Option<Vec<String>>,
}

/// What keys get when their manifest says nothing.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DefaultsSpec {
    /// Groups of recipients; no default.
    #[serde(default)]
    pub recipients: Option<Vec<String>>,
    /// A rolling lifetime such as `90d`, or `none` (the default): then every key must say `lifetime` or `expires`.
    #[serde(default)]
    pub lifetime: Option<DefaultLifetime>,
    /// How long before its end a key is rotated; default `14d`.
    #[serde(default)]
    pub renew_before: Option<Span>,
    /// How long a predecessor stays alive after a rotation; default `72h`.
    #[serde(default)]
    pub overlap: Option<Span>,
    /// How long a disabled key is kept before it is deleted; default `7d`.
    #[serde(default)]
    pub cooldown: Option<Span>,
    /// How often a person confirms that a key is needed, such as `180d`; default `never`.
    #[serde(default)]
    pub review_every: Option<Interval>,
    /// After how long without use a key is reported as unused, where the provider tells, such as `90d`; default `never`.
    #[serde(default)]
    pub unused_after: Option<Interval>,
}

/// What to do about keys that are in no manifest and no ledger.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum UnmanagedSpec {
    /// For every key: `report` lists it in every plan, `fail` refuses the whole plan, `ignore` only counts it.
    All(Handling),
    Rules(UnmanagedRulesSpec),
}

/// Rules by account and label; the first that fits a key decides.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UnmanagedRulesSpec {
    /// For keys that no rule fits; default: `report`.
    #[serde(default)]
    pub default: Handling,
    /// The rules, the first that fits first.
    #[serde(default)]
    pub rules: Vec<UnmanagedRuleSpec>,
}

/// What to do about the keys whose labels match.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UnmanagedRuleSpec {
    /// A pattern for the whole label at the provider: `*` stands for any text, `?` for one character.
    #[serde(rename = "match")]
    #[schemars(length(min = 1))]
    pub pattern: String,
    /// Only keys of this account; default: of every account.
    #[serde(default)]
    pub account: Option<String>,
    /// What to do about them.
    #[serde(rename = "do")]
    pub handling: Handling,
}

impl Default for UnmanagedSpec {
    fn default() -> Self {
        Self::All(Handling::Report)
    }
}

/// A lifetime for keys that say nothing, or `none`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DefaultLifetime(pub Option<Span>);

impl FromStr for DefaultLifetime {
    type Err = SpanError;
    fn from_str(text: &str) -> Result<Self, SpanError> {
        if text == "none" { Ok(Self(None)) } else { Ok(Self(Some(text.parse()?))) }
    }
}

parsed_text!(DefaultLifetime, "DefaultLifetime", format!("^none$|{SPAN_PATTERN}"));
