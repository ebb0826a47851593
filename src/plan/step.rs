//! What apply does for a change, one thing at a time.
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{Address, Name};

/// One thing that apply does, in order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PlanStep {
    /// Finish or undo what an interrupted apply left.
    Recover {
        generation: u32,
    },
    /// Issue, seal, verify and publish a new generation.
    Create {
        generation: u32,
    },
    /// Write down what a person is to make, with its marker: only the ledger changes.
    Open {
        generation: u32,
    },
    Edit {
        generation: u32,
        fields: Vec<EditField>,
    },
    Enable {
        generation: u32,
    },
    Disable {
        generation: u32,
    },
    Delete {
        generation: u32,
    },
    /// Encrypt the current secret anew for the present recipients and format.
    Reseal {
        generation: u32,
    },
    /// Give the secret to a place that consumes it.
    Deliver {
        generation: u32,
        to: Name,
    },
    /// Ledger and secret file get the key's new address; the provider is not asked.
    Move {
        /// The current one; all of them move.
        generation: u32,
        from: Address,
        /// The provider cannot edit labels: the old one stays until the next generation.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        keeps_label: bool,
    },
    /// Only the ledger changes: a state that the provider already shows, protection, a renamed field.
    Record {
        generation: u32,
        state: RecordedState,
    },
}

/// A field of a key that an edit changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EditField {
    Label,
    Scopes,
    Expiry,
    Options,
}

impl PlanStep {
    /// The word that users read.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Recover { .. } => "recover",
            Self::Create { .. } => "create",
            Self::Open { .. } => "open",
            Self::Edit { .. } => "edit",
            Self::Enable { .. } => "enable",
            Self::Disable { .. } => "disable",
            Self::Delete { .. } => "delete",
            Self::Reseal { .. } => "reseal",
            Self::Deliver { .. } => "deliver",
            Self::Move { .. } => "move",
            Self::Record { .. } => "record",
        }
    }

    /// Whether it changes this field of a key in place.
    pub fn edits(&self, field: EditField) -> bool {
        match self {
            Self::Edit { fields, .. } => fields.contains(&field),
            Self::Recover { .. }
            | Self::Create { .. }
            | Self::Open { .. }
            | Self::Enable { .. }
            | Self::Disable { .. }
            | Self::Delete { .. }
            | Self::Reseal { .. }
            | Self::Deliver { .. }
            | Self::Move { .. }
            | Self::Record { .. } => false,
        }
    }

    /// The generation that the step concerns.
    pub fn generation(&self) -> u32 {
        match self {
            Self::Recover { generation }
            | Self::Create { generation }
            | Self::Open { generation }
            | Self::Edit { generation, .. }
            | Self::Enable { generation }
            | Self::Disable { generation }
            | Self::Delete { generation }
            | Self::Reseal { generation }
            | Self::Deliver { generation, .. }
            | Self::Move { generation, .. }
            | Self::Record { generation, .. } => *generation,
        }
    }
}

impl EditField {
    /// The word as it stands in manifests, reasons and a generation's `uneditable`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Label => "label",
            Self::Scopes => "scopes",
            Self::Expiry => "expiry",
            Self::Options => "options",
        }
    }
}

/// What a `record` step writes down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RecordedState {
    Disabled,
    Deleted,
    Vanished,
    Expired,
    /// The `protect` flag of the entry.
    Protect,
    /// That its overlap is over now: a person is asked to revoke it.
    Over,
    /// That places which the manifest names no more get no secrets of the key.
    Deliveries,
}
