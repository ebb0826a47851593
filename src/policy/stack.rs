//! A stack of its own for work that goes as deep as a text says. The only place of the policy that starts a thread; it waits for its end.
use std::thread;

/// Deep enough for the deepest expression that a rule's text can hold.
const BYTES: usize = 32 << 20;

/// Does the work on a large stack; `None` when it could not be done.
pub(super) fn on_a_deep_one<T: Send>(work: impl FnOnce() -> T + Send) -> Option<T> {
    thread::scope(|scope| thread::Builder::new().stack_size(BYTES).spawn_scoped(scope, work).ok()?.join().ok())
}
