//! The knobs of the emulator, one for everything the vendor's documentation leaves open.
//! Decides nothing itself.

use std::time::Duration;

use clap::{Args, FromArgMatches as _, ValueEnum};

use super::Order;
use super::faults::duration;

/// The key id printed in the vendor's documentation; it opens nothing but this emulator.
pub const EXAMPLE_ID: &str = "api_e5b145c48b1d4f748870dc31b18b670b";
/// The secret printed beside [`EXAMPLE_ID`].
pub const EXAMPLE_SECRET: &str = "b328837fa95e4967a65e5d4e303c0be0";
/// The account of the emulator.
pub const EXAMPLE_ACCOUNT: &str = "220614966801";

/// How the emulator behaves. The defaults are the likeliest reading of the documentation.
#[derive(Clone, Debug, Args)]
pub struct Config {
    /// Which host is played: production refuses Basic.
    #[arg(long, value_enum, default_value_t)]
    pub environment: Environment,
    /// The id of the administrator key, which exists from the start.
    #[arg(long, value_name = "ID", default_value = EXAMPLE_ID)]
    pub admin_id: String,
    /// The secret of the administrator key.
    #[arg(long, value_name = "SECRET", default_value = EXAMPLE_SECRET)]
    pub admin_secret: String,
    /// The scopes of the administrator key; all known ones unless given.
    #[arg(long, value_name = "SCOPE", value_delimiter = ',')]
    pub admin_scopes: Option<Vec<String>>,
    /// The 12 digits of the account.
    #[arg(long, value_name = "DIGITS", default_value = EXAMPLE_ACCOUNT)]
    pub account_id: String,
    /// Whether the query string is part of the signed path. The other form is refused.
    #[arg(long, value_enum, default_value_t)]
    pub signed_query: SignedQuery,
    /// What `scopes` in an update does to the scopes the key has.
    #[arg(long, value_enum, default_value_t)]
    pub patch_scopes: PatchScopes,
    /// Whether lists hold disabled keys.
    #[arg(long, value_enum, default_value_t)]
    pub disabled_keys: Listed,
    /// Whether lists hold expired keys.
    #[arg(long, value_enum, default_value_t)]
    pub expired_keys: Listed,
    /// The order of a list.
    #[arg(long, value_enum, default_value_t)]
    pub list_order: ListOrder,
    /// Whether a wildcard on the managing key lets it hand out the scopes below.
    #[arg(long, value_enum, default_value_t)]
    pub wildcard_ceiling: WildcardCeiling,
    /// How handing out a scope which the managing key lacks is refused.
    #[arg(long, value_enum, default_value_t)]
    pub ceiling_error: CeilingError,
    /// What may be done with `enabled` in a body.
    #[arg(long, value_enum, default_value_t)]
    pub enabled_field: EnabledField,
    /// Which fields a key has in an answer.
    #[arg(long, value_enum, default_value_t)]
    pub answer_fields: AnswerFields,
    /// The JSON type of `errorCode`.
    #[arg(long, value_enum, default_value_t)]
    pub error_code: ErrorCode,
    /// The status which answers a body that breaks the schema.
    #[arg(long, value_enum, default_value_t)]
    pub schema_status: SchemaStatus,
    /// Whether the message of a 401 says why.
    #[arg(long, value_enum, default_value_t)]
    pub auth_errors: AuthErrors,
    /// The methods of a key created without any.
    #[arg(long, value_enum, value_delimiter = ',', default_value = "HMAC")]
    pub default_methods: Vec<AuthMethod>,
    /// Whether `GET /api-key-scopes` answers.
    #[arg(long, value_enum, default_value_t)]
    pub scope_list: ScopeList,
    /// Whether a scope outside the API reference's list is taken.
    #[arg(long, value_enum, default_value_t)]
    pub unlisted_scopes: UnlistedScopes,
    /// Which letters a label may have.
    #[arg(long, value_enum, default_value_t)]
    pub label_rule: LabelRule,
    /// The most keys in a page; a larger `limit` is lowered to it.
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub max_limit: usize,
    /// The most keys the account can hold; the administrator key counts.
    #[arg(long, value_name = "N")]
    pub max_keys: Option<usize>,
    /// How long each answer takes at least, such as `20ms`.
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "0s")]
    pub latency: Duration,
    /// How long a new key is missing in lists, such as `2s`.
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "0s")]
    pub list_lag: Duration,
    /// How many lists a new key is missing in.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub list_lag_reads: usize,
    /// How many requests the emulator answers until the administrator key is disabled.
    #[arg(long, value_name = "N")]
    pub admin_requests: Option<usize>,
    /// A failure for the next requests, as `fault:METHOD:times`, such as `reset-after:POST:1`.
    #[arg(long = "fault", value_name = "FAULT")]
    pub faults: Vec<Order>,
}

impl Default for Config {
    /// Returns the defaults of the command line, so that they are written down once.
    fn default() -> Self {
        Self::augment_args(clap::Command::new("config").no_binary_name(true))
            .try_get_matches_from(std::iter::empty::<&str>())
            .and_then(|matches| Self::from_arg_matches(&matches))
            .expect("every knob has a default")
    }
}

/// The vendor's two hosts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Environment {
    /// Takes Basic and HMAC.
    #[default]
    Certification,
    /// Takes HMAC alone.
    Production,
}

/// Whether the canonical path keeps the query string.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum SignedQuery {
    /// The path ends before the question mark.
    #[default]
    Unsigned,
    /// The path goes on with the question mark and the query as sent.
    Signed,
}

/// What an update does with scopes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum PatchScopes {
    /// The key has the sent scopes and no others.
    #[default]
    Replace,
    /// The sent scopes are added.
    Merge,
}

/// Whether a list holds a kind of dead key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Listed {
    /// Lists hold it.
    #[default]
    Shown,
    /// Lists leave it out; reading it by id still works.
    Hidden,
}

/// The order of keys in a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ListOrder {
    /// As created.
    #[default]
    OldestFirst,
    /// Against the order of creation, so that a new key shifts every page.
    NewestFirst,
}

/// How far a wildcard on the managing key reaches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum WildcardCeiling {
    /// `pcx:webhooks:*` lets a key hand out `pcx:webhooks:read`.
    #[default]
    Covers,
    /// Only a scope held by its own name can be handed out.
    Exact,
}

/// The answer to a breach of the privilege ceiling.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum CeilingError {
    /// 403 with code 40003.
    #[default]
    Forbidden,
    /// 422 with code 40001.
    Unprocessable,
}

/// What `enabled` in a body does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum EnabledField {
    /// `false` disables and `true` enables again.
    #[default]
    Reversible,
    /// `true` is taken and does nothing to a disabled key.
    TrueIgnored,
    /// `true` on a disabled key is refused.
    TrueRefused,
    /// The field is unknown, hence refused.
    Unknown,
}

/// The fields of a key in an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum AnswerFields {
    /// The documented ones; `expiresAt` only for a key which expires.
    #[default]
    Documented,
    /// The documented ones without `enabled`.
    Narrow,
    /// `accounts` and fields nobody has heard of as well; `expiresAt` is null for no expiry.
    Extended,
}

/// The JSON type of `errorCode`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ErrorCode {
    /// `"40001"`
    #[default]
    String,
    /// `40001`
    Number,
}

/// The status of a schema violation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum SchemaStatus {
    /// 422, as documented for schema violations.
    #[default]
    Unprocessable,
    /// 400, as documented for bad input.
    BadRequest,
}

/// Whether the causes of a 401 can be told apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum AuthErrors {
    /// Every 401 has the same message.
    #[default]
    Alike,
    /// The message names the cause. The code stays 40002.
    ToldApart,
}

/// How a key may authenticate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum AuthMethod {
    /// Signed requests.
    #[value(name = "HMAC")]
    Hmac,
    /// Id and secret in the header.
    #[value(name = "BASIC")]
    Basic,
    /// Both.
    #[value(name = "ALL")]
    All,
}

impl AuthMethod {
    /// Reads the name used in bodies.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "HMAC" => Some(Self::Hmac),
            "BASIC" => Some(Self::Basic),
            "ALL" => Some(Self::All),
            _ => None,
        }
    }

    /// Returns the name used in bodies.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hmac => "HMAC",
            Self::Basic => "BASIC",
            Self::All => "ALL",
        }
    }
}

/// Whether merchants can read the scope catalogue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ScopeList {
    /// For any key with `pcx:api_key_scopes:read`.
    #[default]
    Open,
    /// For nobody: 403.
    Closed,
}

/// What becomes of a scope outside the API reference's list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum UnlistedScopes {
    /// Any scope of the `pcx:` form is taken.
    #[default]
    Accepted,
    /// Refused as a schema violation.
    Refused,
}

/// The letters of a label.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LabelRule {
    /// The published pattern `^[0-9a-zA-z-_\s]{3,100}$`, accidents included.
    #[default]
    Published,
    /// What the portal says: letters, digits, underscore, dash, space.
    Portal,
}
