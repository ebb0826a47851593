//! How much one file may hold, however many read it.
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Values and field names in one file.
pub(super) const MAX_NODES: usize = 500_000;

/// How many nodes may still come, in all pieces of a text together.
pub(super) struct Room(AtomicUsize);

impl Room {
    /// Taken in one go, so that pieces seldom meet.
    const SHARE: usize = 1024;

    pub(super) fn new() -> Self {
        Self(AtomicUsize::new(MAX_NODES))
    }

    /// A share of what is left, which may be nothing.
    pub(super) fn share(&self) -> usize {
        let took = self.0.fetch_update(Relaxed, Relaxed, |left| Some(left.saturating_sub(Self::SHARE)));
        took.unwrap_or_default().min(Self::SHARE)
    }
}
