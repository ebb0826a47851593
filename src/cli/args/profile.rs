//! The arguments of `profile`.
use clap::{Args, Subcommand};

use super::OutputFormat;

#[derive(Debug, Args)]
pub struct ProfileArgs {
    #[command(subcommand)]
    pub command: ProfileCommand,
}

#[derive(Debug, Subcommand)]
pub enum ProfileCommand {
    /// Write a commented profile to fill in: `providers/NAME.yaml`
    New(ProfileNewArgs),
    /// Try a profile at a live account, and say what the provider does that the profile does not say; without --write, only read
    Test(ProfileTestArgs),
}

#[derive(Debug, Args)]
pub struct ProfileNewArgs {
    /// The provider's name, as `keywright.yaml` will have it: a-z, 0-9 and `-`
    #[arg(value_name = "NAME")]
    pub name: String,
}

#[derive(Debug, Args)]
pub struct ProfileTestArgs {
    /// A profile's file, or the name of a built-in one
    #[arg(value_name = "FILE|NAME")]
    pub profile: String,
    /// Scheme, host and port of the server, instead of the profile's own; https, or http on this machine
    #[arg(long, value_name = "URL")]
    pub endpoint: Option<String>,
    /// One of the profile's environments
    #[arg(long, value_name = "NAME")]
    pub environment: Option<String>,
    /// A param of the account; can be given several times
    #[arg(long, value_name = "NAME=VALUE")]
    pub param: Vec<String>,
    /// The variable that holds the admin credential (default: the provider's name in capitals, and `_ADMIN_KEY`)
    #[arg(long, value_name = "NAME")]
    pub credential_env: Option<String>,
    /// Also make a throw-away key, try its whole life, and delete it again
    #[arg(long)]
    pub write: bool,
    /// With --write: a scope of the throw-away key (default: the least that the catalogue has); can be given several times
    #[arg(long, value_name = "SCOPE", requires = "write")]
    pub scope: Vec<String>,
    /// With --write: an option of the throw-away key, as text or JSON; can be given several times
    #[arg(long, value_name = "NAME=VALUE", requires = "write")]
    pub option: Vec<String>,
    /// The form of the result
    #[arg(short, long, value_enum, ignore_case = true, value_name = "FORMAT", default_value_t)]
    pub output: OutputFormat,
}
