//! Where a generation stands: intended, created, sealed, published, ended.
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where a generation stands in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum GenerationState {
    /// The intent is durable; whether the provider acted is unknown.
    Intended,
    /// The provider acted; the secret is not sealed yet.
    Created,
    /// The ciphertext is durable, not yet published.
    Sealed,
    /// Published: the key's current secret.
    Active,
    /// Followed by a successor; disabled when `disable_after` has passed.
    Retiring,
    Disabled,
    Deleted,
    /// Waits for a person.
    Attended,
    /// Whether it was created is unknown, and the provider's consistency time has not settled it.
    Ambiguous,
    /// Live, but its secret is gone: it must be disabled.
    Lost,
    /// A complete listing lacks it and the provider says it does not exist.
    Vanished,
    /// Its fixed expiry has passed.
    Expired,
}

impl GenerationState {
    /// The word as the ledger spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Intended => "intended",
            Self::Created => "created",
            Self::Sealed => "sealed",
            Self::Active => "active",
            Self::Retiring => "retiring",
            Self::Disabled => "disabled",
            Self::Deleted => "deleted",
            Self::Attended => "attended",
            Self::Ambiguous => "ambiguous",
            Self::Lost => "lost",
            Self::Vanished => "vanished",
            Self::Expired => "expired",
        }
    }

    /// How far along its life a state is: a later one is never followed by an earlier one, except by enabling.
    pub fn progress(self) -> u8 {
        match self {
            Self::Attended | Self::Intended => 0,
            Self::Ambiguous => 1,
            Self::Created => 2,
            Self::Sealed => 3,
            Self::Active => 4,
            Self::Retiring => 5,
            Self::Lost => 6,
            Self::Disabled | Self::Expired => 7,
            Self::Vanished => 8,
            Self::Deleted => 9,
        }
    }

    /// Whether its key works, by the ledger: what is published and has not ended.
    pub fn works(self) -> bool {
        match self {
            Self::Active | Self::Retiring => true,
            Self::Intended
            | Self::Created
            | Self::Sealed
            | Self::Disabled
            | Self::Deleted
            | Self::Attended
            | Self::Ambiguous
            | Self::Lost
            | Self::Vanished
            | Self::Expired => false,
        }
    }

    /// Whether its key may work: what was begun may have become a key, too.
    pub fn may_live(self) -> bool {
        match self {
            Self::Intended | Self::Created | Self::Sealed | Self::Active | Self::Retiring | Self::Ambiguous | Self::Lost => true,
            Self::Disabled | Self::Deleted | Self::Attended | Self::Vanished | Self::Expired => false,
        }
    }

    /// Whether an interrupted apply left it: recovery must finish or undo it.
    pub fn is_unfinished(self) -> bool {
        match self {
            Self::Intended | Self::Created | Self::Sealed | Self::Ambiguous | Self::Lost => true,
            Self::Active | Self::Retiring | Self::Disabled | Self::Deleted | Self::Attended | Self::Vanished | Self::Expired => false,
        }
    }

    /// Whether its secret is, or was last, the key's published one.
    pub fn is_published(self) -> bool {
        match self {
            Self::Active | Self::Disabled | Self::Vanished | Self::Expired => true,
            Self::Intended
            | Self::Created
            | Self::Sealed
            | Self::Retiring
            | Self::Deleted
            | Self::Attended
            | Self::Ambiguous
            | Self::Lost => false,
        }
    }
}
