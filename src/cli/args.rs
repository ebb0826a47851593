//! The arguments. The help that users read is the doc comments here.
mod comment;
mod deliveries;
mod formats;
mod grants;
mod inventory;
mod profile;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::Timestamp;

pub use comment::CommentArgs;
pub use deliveries::DeliveredArgs;
pub use formats::{CheckFormat, Output, OutputFormat, PlanFormat};
pub use grants::AuthorizeArgs;
pub use inventory::{ListArgs, ListFormat, ReviewArgs, RiskLevel, SortKey};
pub use profile::{ProfileArgs, ProfileCommand, ProfileNewArgs, ProfileTestArgs};

use crate::model::{Address, Allowance, Name};
use crate::workspace::manifest::Expires;

/// Declares API keys in git, and makes the vendors match.
#[derive(Debug, Parser)]
#[command(name = "keywright", version, max_term_width = 120, arg_required_else_help = true)]
pub struct Arguments {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// Options that stand anywhere on the line.
#[derive(Debug, Args)]
pub struct Global {
    /// The workspace, or a directory below it (default: the current directory, then upwards)
    #[arg(short = 'C', value_name = "DIR", global = true)]
    pub directory: Option<PathBuf>,
    /// Sets the clock that plans and ledgers use; it stands still, and what apply would wait passes at once
    #[arg(long, value_name = "RFC3339", global = true, hide = true)]
    pub now: Option<Timestamp>,
    /// Colour in the output
    #[arg(long, value_enum, ignore_case = true, value_name = "WHEN", default_value_t, global = true)]
    pub color: Colour,
    /// Show no progress; results and problems are still shown
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Say on standard error what is read: workspace, accounts, where credentials come from, listings; never a secret or a body
    #[arg(short, long, global = true)]
    pub verbose: bool,
}

/// When to colour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Colour {
    /// On a terminal, unless NO_COLOR or CI is set
    #[default]
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a working workspace: a keyring account, one key, and a fresh age identity outside the repository
    Init(InitArgs),
    /// Check configuration, manifests, ledger and secret files; needs no network and no credential
    Check(CheckArgs),
    /// Show what apply would do, and which access each key gains or loses
    Plan(PlanArgs),
    /// Keep one comment with the plan at a pull request (GitHub) or merge request (GitLab)
    Comment(CommentArgs),
    /// Make the providers match the manifests, and seal each new secret
    Apply(ApplyArgs),
    /// Hand over a key that a person made, or confirm that one was revoked
    Fulfil(FulfilArgs),
    /// Have a person grant a key in a browser (OAuth), and seal its tokens; also again, when a grant is over
    Authorize(AuthorizeArgs),
    /// Record that a person gave a key's current secret to a place without an API
    Delivered(DeliveredArgs),
    /// Try the secrets of published keys by one harmless call each or more, and record when they worked
    Verify(VerifyArgs),
    /// Show what an interrupted apply left and what becomes of it; with --yes, do it (apply does it first anyway)
    Recover(RecoverArgs),
    /// Adopt keys that exist: manifest entries and ledger, nothing at the provider; without ids and --all, only show what could be adopted
    Import(ImportArgs),
    /// Check what apply will need: credentials, clocks, recipients, directories, git
    Doctor(DoctorArgs),
    /// List every key with its state, risk, age, expiry, reviews and owner: as a table, JSON, CSV or a calendar
    List(ListArgs),
    /// Confirm that keys are still needed, and record who did and when
    Review(ReviewArgs),
    /// Show one key: every generation, its expiry, who can open its secret
    Show(ShowArgs),
    /// Decrypt a key's secret to standard output
    Open(OpenArgs),
    /// Work with a keyring store
    Keyring(KeyringArgs),
    /// List the providers, or print all about one: environments, options, capabilities, scopes
    Providers(ProvidersArgs),
    /// Begin a profile of your own, or try one at a live account
    Profile(ProfileArgs),
    /// Explain a diagnostic code or a scope
    Explain(ExplainArgs),
    /// Print a JSON Schema
    Schema(SchemaArgs),
    /// Print a completion script for a shell
    Completions(CompletionsArgs),
}

#[derive(Debug, Args)]
pub struct InitArgs {
    /// The provider of the first account
    #[arg(long, value_name = "PROVIDER", default_value = "keyring")]
    pub provider: String,
    /// Where the fresh age identity is written (default: in the user's configuration directory)
    #[arg(long, value_name = "FILE")]
    pub identity: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct CheckArgs {
    /// text, json, sarif, github or codequality, to standard output or to a file; can be given several times
    #[arg(short, long, value_name = "FORMAT[=FILE]")]
    pub output: Vec<Output<CheckFormat>>,
}

#[derive(Debug, Args)]
pub struct PlanArgs {
    /// Take configuration, profiles and ledger from this commit, such as origin/main, and only the manifests from the working tree
    #[arg(long, value_name = "REF", conflicts_with = "drift")]
    pub base: Option<String>,
    /// Let the ledger stand in for the providers: no network, no credential; such a plan cannot be applied
    #[arg(long)]
    pub offline: bool,
    /// Show only what was changed by hand at the providers; with --detailed-exitcode, only that counts
    #[arg(long, conflicts_with_all = ["offline", "out"])]
    pub drift: bool,
    /// Save the plan, for `apply FILE`
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// text, json, markdown, html, sarif, github, gitlab or codequality, to standard output or to a file; can be given several times
    #[arg(short, long, value_name = "FORMAT[=FILE]")]
    pub output: Vec<Output<PlanFormat>>,
    /// An age identity file: secrets can then be encrypted anew
    #[arg(short, long, value_name = "FILE")]
    pub identity: Vec<PathBuf>,
    #[command(flatten)]
    pub asking: Asking,
    /// Exit with 2 when there are changes
    #[arg(long)]
    pub detailed_exitcode: bool,
    /// Only these keys (default: all)
    #[arg(value_name = "ADDRESS")]
    pub addresses: Vec<Address>,
}

/// What a person asks of one plan beyond the manifests.
#[derive(Debug, Default, Args)]
pub struct Asking {
    /// Ask for a new generation of this key, also before its time; can be given several times
    #[arg(long, value_name = "ADDRESS")]
    pub rotate: Vec<Address>,
    /// The keys to rotate are compromised: the generations before the new one are disabled as soon as it is published
    #[arg(long, requires = "rotate")]
    pub compromised: bool,
    /// Lift a guard for this run: max_creates=N, max_disables=N, max_rotations=N, empty, account-gone=ACCOUNT or shrunk=ACCOUNT
    #[arg(long, value_name = "GUARD")]
    pub allow: Vec<Allowance>,
}

/// Where the steps of an apply are durable beyond this machine's disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Durable {
    /// The remote of the workspace's git repository
    Git,
}

/// Where what is written goes, beyond this machine's disk.
#[derive(Debug, Args)]
pub struct Writing {
    /// Commit the secrets and ledger files that were written, and nothing else
    #[arg(long)]
    pub commit: bool,
    /// Commit, and push to the upstream branch by compare-and-swap
    #[arg(long)]
    pub push: bool,
    /// Before each next step, push intents and sealed secrets to `refs/keywright/journal` of the remote, which is also the lock between machines
    #[arg(long, value_enum, ignore_case = true, value_name = "WHERE")]
    pub durable: Option<Durable>,
    /// In CI: accept that intents and secrets are durable on this machine only
    #[arg(long)]
    pub local: bool,
}

#[derive(Debug, Args)]
pub struct ApplyArgs {
    /// A saved plan (nothing that it does not contain is done), then addresses (default: all keys)
    #[arg(value_name = "PLAN|ADDRESS")]
    pub targets: Vec<String>,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
    /// An age identity file: secrets can then be verified and encrypted anew
    #[arg(short, long, value_name = "FILE")]
    pub identity: Vec<PathBuf>,
    #[command(flatten)]
    pub asking: Asking,
    #[command(flatten)]
    pub writing: Writing,
    /// Also write the plan that is carried out to a file, in a format of `plan -o`; can be given several times
    #[arg(short, long, value_name = "FORMAT=FILE")]
    pub output: Vec<Output<PlanFormat>>,
    /// Exit with 2 when attended steps are open afterwards
    #[arg(long)]
    pub detailed_exitcode: bool,
}

#[derive(Debug, Args)]
pub struct FulfilArgs {
    /// The key, as `account/name`; its secret is asked for without echo, or read from standard input
    #[arg(value_name = "ADDRESS")]
    pub address: Address,
    /// Confirm instead that the key was revoked by hand; with an identity, a failing call proves it where the secret is at hand
    #[arg(long, conflicts_with = "expires")]
    pub revoked: bool,
    /// Take a rotation that was asked for back, as long as nothing was handed over
    #[arg(long, conflicts_with_all = ["revoked", "expires", "unverified"])]
    pub withdraw: bool,
    /// With --revoked: this generation; to be named where the plan asks to revoke several
    #[arg(long, value_name = "NUMBER", requires = "revoked")]
    pub generation: Option<u32>,
    /// The end that was chosen at the provider, as 2027-03-31 (the day is included, UTC) or `never` (default: the end that was asked for)
    #[arg(long, value_name = "DAY")]
    pub expires: Option<Expires>,
    /// Accept it although the provider gives no clear answer, or refuses a declared scope; every plan repeats that
    #[arg(long)]
    pub unverified: bool,
    /// An age identity file: it can then be told whether this is the previous secret, or whether a revoked one is dead
    #[arg(short, long, value_name = "FILE")]
    pub identity: Vec<PathBuf>,
    #[command(flatten)]
    pub writing: Writing,
}

#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// Only these keys (default: all)
    #[arg(value_name = "ADDRESS")]
    pub addresses: Vec<Address>,
    /// An age identity file; without one, only secrets that their provider shows again can be tried
    #[arg(short, long, value_name = "FILE")]
    pub identity: Vec<PathBuf>,
    #[command(flatten)]
    pub writing: Writing,
    /// The form of the result
    #[arg(short, long, value_enum, ignore_case = true, value_name = "FORMAT", default_value_t)]
    pub output: OutputFormat,
}

#[derive(Debug, Args)]
pub struct RecoverArgs {
    /// Only these keys (default: all)
    #[arg(value_name = "ADDRESS")]
    pub addresses: Vec<Address>,
    /// Do it, instead of showing what would be done
    #[arg(long)]
    pub yes: bool,
    /// The provider's id of the key that the unanswered create of this key has made, where keys have no labels
    #[arg(long, value_name = "ID", conflicts_with = "absent", requires = "addresses")]
    pub found: Option<String>,
    /// The unanswered create of this key has made nothing
    #[arg(long, requires = "addresses")]
    pub absent: bool,
    /// An age identity file: sealed secrets can then be tried
    #[arg(short, long, value_name = "FILE")]
    pub identity: Vec<PathBuf>,
    #[command(flatten)]
    pub writing: Writing,
    /// The form of what would be done
    #[arg(short, long, value_enum, ignore_case = true, value_name = "FORMAT", default_value_t)]
    pub output: OutputFormat,
}

#[derive(Debug, Args)]
pub struct ImportArgs {
    /// The account, by its name in `keywright.yaml`
    #[arg(value_name = "ACCOUNT")]
    pub account: Name,
    /// The provider's ids of the keys
    #[arg(value_name = "ID", conflicts_with = "all")]
    pub ids: Vec<String>,
    /// Every key that is not in the ledger, but for our own
    #[arg(long)]
    pub all: bool,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
    #[command(flatten)]
    pub writing: Writing,
}

#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// The form of the result
    #[arg(short, long, value_enum, ignore_case = true, value_name = "FORMAT", default_value_t)]
    pub output: OutputFormat,
}

#[derive(Debug, Args)]
pub struct ShowArgs {
    /// The key, as `account/name`
    #[arg(value_name = "ADDRESS")]
    pub address: Address,
    /// The form of the result
    #[arg(short, long, value_enum, ignore_case = true, value_name = "FORMAT", default_value_t)]
    pub output: OutputFormat,
}

#[derive(Debug, Args)]
pub struct OpenArgs {
    /// The key, as `account/name`
    #[arg(value_name = "ADDRESS")]
    pub address: Address,
    /// An age identity file, or an OpenSSH private key
    #[arg(short, long, value_name = "FILE", required = true)]
    pub identity: Vec<PathBuf>,
    /// Only this part of a secret in the format json, such as `access_token`, without a line break
    #[arg(long, value_name = "NAME")]
    pub part: Option<String>,
}

#[derive(Debug, Args)]
pub struct KeyringArgs {
    #[command(subcommand)]
    pub command: KeyringCommand,
}

#[derive(Debug, Subcommand)]
pub enum KeyringCommand {
    /// Check a token that is read from standard input: exit 0 when it is valid, 1 when it is not, 4 when the store cannot be read
    Check(KeyringCheckArgs),
}

#[derive(Debug, Args)]
pub struct KeyringCheckArgs {
    /// The keyring's store
    #[arg(long, value_name = "FILE")]
    pub store: PathBuf,
    /// A scope that the token must cover; can be given several times
    #[arg(long, value_name = "SCOPE")]
    pub scope: Vec<String>,
    /// The form of the result
    #[arg(short, long, value_enum, ignore_case = true, value_name = "FORMAT", default_value_t)]
    pub output: OutputFormat,
}

#[derive(Debug, Args)]
pub struct ProvidersArgs {
    /// One provider, by its name in `keywright.yaml`
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// The form of the result
    #[arg(short, long, value_enum, ignore_case = true, value_name = "FORMAT", default_value_t)]
    pub output: OutputFormat,
}

#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// A diagnostic code, such as `manifest/unknown-scope`, or a scope
    #[arg(value_name = "CODE|SCOPE")]
    pub subject: Option<String>,
}

#[derive(Debug, Args)]
pub struct SchemaArgs {
    /// config, manifest, profile, plan, ledger or inventory
    #[arg(value_name = "NAME")]
    pub name: String,
}

#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum, ignore_case = true, value_name = "SHELL")]
    pub shell: clap_complete::Shell,
}
