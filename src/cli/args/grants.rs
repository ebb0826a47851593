//! The arguments of `authorize`.
use std::path::PathBuf;

use clap::Args;

use super::Writing;
use crate::model::{Address, Span};

#[derive(Debug, Args)]
pub struct AuthorizeArgs {
    /// The key, as `account/name`; its manifest says that it is a grant
    #[arg(value_name = "ADDRESS")]
    pub address: Address,
    /// The port on 127.0.0.1 that the browser is sent back to (default: as the account says, else a free one)
    #[arg(long, value_name = "PORT")]
    pub port: Option<u16>,
    /// How long to wait for the browser
    #[arg(long, value_name = "TIME", default_value = "10m")]
    pub timeout: Span,
    /// An age identity file: the grant before can then be revoked later by `apply -i IDENTITY`
    #[arg(short, long, value_name = "FILE")]
    pub identity: Vec<PathBuf>,
    #[command(flatten)]
    pub writing: Writing,
}
