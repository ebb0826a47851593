//! The plain values everything else speaks of. Knows no file format, no provider, no clock.
pub mod access;
pub mod address;
pub mod delivery;
pub mod generation_state;
pub mod guard;
pub mod key;
pub mod ledger;
pub mod marker;
pub mod observed;
pub mod scope;
pub mod secret;
pub mod text_safety;
pub mod time;
pub mod unmanaged;

pub use access::{AccessLevel, Risk, Tag};
pub use address::{Address, Name, NameError};
pub use delivery::{Delivered, Fingerprint, Held, Target};
pub use generation_state::GenerationState;
pub use guard::{Allowance, Guards, Limit};
pub use key::{DesiredKey, DesiredState, Expiry, Format, Options, Position, Recipients};
pub use ledger::{Adopted, Generation, Gone, KeyRecord, Request, Reviewed, Sealed, Switching};
pub use marker::Marker;
pub use observed::{Listing, ObservedKey, Snapshot};
pub use scope::{Scope, ScopeSet};
pub use secret::Secret;
pub use time::Span;
pub use unmanaged::{Handling, Unmanaged, UnmanagedRule, matches};
