//! The arguments of `delivered`.
use clap::Args;

use super::Writing;
use crate::model::Address;

#[derive(Debug, Args)]
pub struct DeliveredArgs {
    /// The key, as `account/name`
    #[arg(value_name = "ADDRESS")]
    pub address: Address,
    /// The delivery, as the key's manifest names it
    #[arg(value_name = "DELIVERY")]
    pub delivery: String,
    /// Refuse unless this generation is the current one
    #[arg(long, value_name = "NUMBER")]
    pub generation: Option<u32>,
    /// Who did it, as the ledger records it (default: the user whom git knows, if any)
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
    #[command(flatten)]
    pub writing: Writing,
}
