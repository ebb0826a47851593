//! The arguments of `list` and `review`.
use clap::{Args, ValueEnum};

use super::{Output, Writing};
use crate::inventory::Pattern;
use crate::model::{Address, Span};

/// An output format of the inventory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    #[default]
    Text,
    Json,
    Csv,
    Ics,
}

/// What the inventory is sorted by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum SortKey {
    #[default]
    Address,
    Owner,
    /// Highest first
    Risk,
    /// Oldest first
    Age,
    /// Soonest first, as rotation and review
    Expiry,
    Rotation,
    Review,
    /// Longest not verified first
    Verified,
    /// Longest not used first
    Used,
}

/// A risk that keys have at least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RiskLevel {
    Low,
    Medium,
    High,
    Critical,
}

#[derive(Debug, Args)]
pub struct ListArgs {
    /// Only these keys; `*` stands for anything, `?` for one character (default: all)
    #[arg(value_name = "ADDRESS|PATTERN")]
    pub addresses: Vec<Pattern>,
    /// Read the providers, too: what is live, and when it was last used
    #[arg(long)]
    pub live: bool,
    /// The order
    #[arg(long, value_enum, ignore_case = true, value_name = "COLUMN", default_value_t)]
    pub sort: SortKey,
    /// Only keys that expire within this time, such as `30d`, or have expired
    #[arg(long, value_name = "TIME")]
    pub expiring: Option<Span>,
    /// Only keys of this owner; `*` stands for anything
    #[arg(long, value_name = "PATTERN")]
    pub owner: Option<Pattern>,
    /// Only keys of at least this risk
    #[arg(long, value_enum, ignore_case = true, value_name = "LEVEL")]
    pub risk: Option<RiskLevel>,
    /// Draw when keys rotate, expire and are to be reviewed, below the table (default: on a terminal of 80 columns or more)
    #[arg(long)]
    pub timeline: bool,
    /// text, json, csv or ics (a calendar), to standard output or to a file; can be given several times
    #[arg(short, long, value_name = "FORMAT[=FILE]")]
    pub output: Vec<Output<ListFormat>>,
}

#[derive(Debug, Args)]
pub struct ReviewArgs {
    /// Only these keys, due or not (default: all that are due)
    #[arg(value_name = "ADDRESS")]
    pub addresses: Vec<Address>,
    /// Confirm this key without asking; can be given several times
    #[arg(long, value_name = "ADDRESS", conflicts_with = "addresses", requires = "by")]
    pub confirm: Vec<Address>,
    /// Who confirms, as the ledger records it (default on a terminal: asks)
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
    /// Read the providers, too, to show when keys were last used
    #[arg(long)]
    pub live: bool,
    #[command(flatten)]
    pub writing: Writing,
}
