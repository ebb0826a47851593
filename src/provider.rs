//! The port to providers: what every provider can be asked, and how it may fail. Knows no plan and no ledger file.
pub mod address;
pub mod attended;
pub mod beforehand;
pub mod exchange;
pub mod fields;
pub mod http;
pub mod keyring;
pub mod known;
pub mod listing;
pub mod operation;
pub mod pages;
pub mod probe;
pub mod said;
pub mod signature;
pub mod transport;
pub mod witness;

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::model::{ObservedKey, Options, ScopeSet, Secret};
use crate::profile::template::percent_encoded;

/// The longest that one call may take: afterwards no create is under way any more.
pub const CREATE_LIMIT: Duration = Duration::from_secs(30);

/// What a create asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct CreateRequest {
    /// Marker included.
    pub label: String,
    pub scopes: ScopeSet,
    /// `None`: never.
    pub expires_at: Option<Timestamp>,
    pub options: Options,
}

/// What an edit asks for; `None` leaves a field as it is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EditRequest {
    pub label: Option<String>,
    pub scopes: Option<ScopeSet>,
    /// `Some(None)` removes the expiry.
    pub expires_at: Option<Option<Timestamp>>,
    pub options: Option<Options>,
}

/// A created key. `secret` is absent when the answer lacked it.
pub struct Created {
    pub key: ObservedKey,
    pub secret: Option<Secret>,
}

/// What a call with the key itself showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Liveness {
    Alive,
    /// It lives, and may not do all that was tried.
    Lacks {
        scopes: ScopeSet,
        /// Whether another call did work.
        worked: bool,
    },
    /// Refused since its time is over.
    Expired,
    /// Refused as dead: disabled, expired, deleted or unknown.
    Dead,
    /// Decides nothing; the text says why.
    Undecided(String),
}

/// A key that is to be tried, as the ledger has it.
#[derive(Debug, Clone, Copy)]
pub struct Tried<'a> {
    /// Absent where the provider tells none.
    pub id: Option<&'a str>,
    pub scopes: &'a ScopeSet,
    pub options: &'a Options,
}

/// Why a call to a provider did not work, classified by what happened. Holds no body and no credential.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// Our own credential was refused.
    #[error("the admin credential was refused: {0}")]
    Unauthenticated(String),
    /// The credential is alive but may not do this.
    #[error("the admin credential may not do this: {0}")]
    Forbidden(String),
    #[error("not found: {0}")]
    NotFound(String),
    /// The provider understood and refused.
    #[error("refused: {0}")]
    Refused(String),
    #[error("throttled: {0}")]
    Throttled(String),
    /// The request was never sent: nothing happened there.
    #[error("unreachable: {0}")]
    Unreachable(String),
    /// No answer, or one that cannot be understood: whether the provider acted is unknown.
    #[error("no usable answer: {0}")]
    Unanswered(String),
    /// The provider has no such operation.
    #[error("`{0}` is not something this provider can do")]
    Unsupported(&'static str),
    /// A local fault, such as a full disk under an in-process store; nothing happened.
    #[error("{0}")]
    Local(String),
}

impl ProviderError {
    /// Whether the provider may have acted although the call failed.
    pub fn may_have_acted(&self) -> bool {
        match self {
            Self::Unanswered(_) => true,
            Self::Unauthenticated(_)
            | Self::Forbidden(_)
            | Self::NotFound(_)
            | Self::Refused(_)
            | Self::Throttled(_)
            | Self::Unreachable(_)
            | Self::Unsupported(_)
            | Self::Local(_) => false,
        }
    }

    /// Whether the request left this machine.
    pub fn was_sent(&self) -> bool {
        match self {
            Self::Unauthenticated(_)
            | Self::Forbidden(_)
            | Self::NotFound(_)
            | Self::Refused(_)
            | Self::Throttled(_)
            | Self::Unanswered(_) => true,
            Self::Unreachable(_) | Self::Unsupported(_) | Self::Local(_) => false,
        }
    }

    /// The same without a text that nobody may read, as it is and as a URL has it.
    #[must_use]
    pub fn concealing(self, secret: &str) -> Self {
        if secret.is_empty() {
            return self;
        }
        let clean = |text: String| text.replace(&percent_encoded(secret), "…").replace(secret, "…");
        match self {
            Self::Unauthenticated(text) => Self::Unauthenticated(clean(text)),
            Self::Forbidden(text) => Self::Forbidden(clean(text)),
            Self::NotFound(text) => Self::NotFound(clean(text)),
            Self::Refused(text) => Self::Refused(clean(text)),
            Self::Throttled(text) => Self::Throttled(clean(text)),
            Self::Unreachable(text) => Self::Unreachable(clean(text)),
            Self::Unanswered(text) => Self::Unanswered(clean(text)),
            Self::Local(text) => Self::Local(clean(text)),
            Self::Unsupported(what) => Self::Unsupported(what),
        }
    }

    /// Whether the same call may work a little later.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Throttled(_) | Self::Unreachable(_) | Self::Unanswered(_))
    }
}

/// One account at a provider, opened with its credential.
///
/// Reads and idempotent writes may be retried inside; `create` is sent at most once.
#[async_trait(?Send)]
pub trait Provider {
    /// Every key of the account, all pages. Errors when any page is in doubt: a listing is complete or it is an error.
    async fn list(&self) -> Result<Vec<ObservedKey>, ProviderError>;
    /// One key by its id; `None` when the provider says that it does not exist.
    async fn get(&self, id: &str) -> Result<Option<ObservedKey>, ProviderError>;
    /// Creates a key. Never retried.
    async fn create(&self, request: &CreateRequest) -> Result<Created, ProviderError>;
    /// Edits in place. An `Ok` says only that the provider accepted: read back to learn what it did.
    async fn edit(&self, id: &str, request: &EditRequest) -> Result<(), ProviderError>;
    /// Disables or enables. The same caveat as for `edit`. `expires_at` is the key's end, for providers that disable by it.
    async fn set_enabled(&self, id: &str, enabled: bool, expires_at: Option<Timestamp>) -> Result<(), ProviderError>;
    /// Deletes; that it does not exist is success.
    async fn delete(&self, id: &str) -> Result<(), ProviderError>;
    /// The secret again, where the provider can show it; `None` where it cannot.
    async fn reveal(&self, id: &str) -> Result<Option<Secret>, ProviderError>;
    /// The id of the key that our calls authenticate with; `None` where that is no key of the account.
    fn own_id(&self) -> Option<&str> {
        None
    }
    /// The provider's clock minus ours, in seconds, as its last answer showed it; `None` where it tells none.
    fn clock_skew(&self) -> Option<i64> {
        None
    }
    /// Calls the provider with the key's own secret.
    async fn verify(&self, id: &str, secret: &Secret) -> Result<Liveness, ProviderError>;
    /// The same for a key of which more is known: what it lacks of its scopes is told where calls can tell it.
    async fn try_key(&self, key: &Tried<'_>, secret: &Secret) -> Result<Liveness, ProviderError> {
        self.verify(key.id.unwrap_or_default(), secret).await
    }
}
