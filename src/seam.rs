//! Where tests look at a running program, and stop it: every durable write and every request is a point that it reaches. Compiled for tests alone.
//!
//! Whoever wants to know what a process that dies leaves behind stages a run: the watcher is called at every point, in order, and may copy what is
//! durable at that instant, or end the run. Nothing here decides what a point is: they follow from `files` and from the port to providers.
use std::any::Any;
use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::rc::Rc;

use crate::delivery::Delivery;
use crate::grant::Issuing;
use crate::model::Name;
use crate::provider::Provider;

/// What a watcher does at a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    GoOn,
    /// The process dies here.
    Die,
}

/// Opens an account; takes the place of the network.
pub type Opening = Rc<dyn Fn(&Name) -> Box<dyn Provider>>;

/// Opens a place that consumes secrets.
pub type OpeningPlace = Rc<dyn Fn(&Name) -> Box<dyn Delivery>>;

/// Opens the issuer of an account's grants.
pub type OpeningIssuer = Rc<dyn Fn(&Name) -> Box<dyn Issuing>>;

/// One staged run.
pub struct Stage {
    /// Called at every point with its name.
    pub watch: Box<dyn FnMut(&str) -> Then>,
    pub open: Opening,
    /// Opens places that consume secrets, where the run has some.
    pub places: Option<OpeningPlace>,
    /// Opens issuers of grants, where the run has some.
    pub issuers: Option<OpeningIssuer>,
    /// Bytes for markers, other ones at each call.
    pub draw: Box<dyn FnMut() -> [u8; 5]>,
}

thread_local! {
    static STAGE: RefCell<Option<Stage>> = const { RefCell::new(None) };
    static TYPED: RefCell<Option<String>> = const { RefCell::new(None) };
    static SAID: RefCell<String> = const { RefCell::new(String::new()) };
}

/// The end of a process that a watcher let die.
struct Death;

/// Runs something on a stage. `None`: the watcher let it die.
pub fn run<T>(stage: Stage, act: impl FnOnce() -> T) -> Option<T> {
    STAGE.with_borrow_mut(|slot| *slot = Some(stage));
    let result = panic::catch_unwind(AssertUnwindSafe(act));
    STAGE.with_borrow_mut(Option::take);
    match result {
        Ok(value) => Some(value),
        Err(payload) if is_death(&*payload) => None,
        Err(payload) => panic::resume_unwind(payload),
    }
}

fn is_death(payload: &(dyn Any + Send)) -> bool {
    payload.is::<Death>()
}

/// Whether this thread runs on a stage.
pub fn staged() -> bool {
    STAGE.with_borrow(Option::is_some)
}

/// Tells the watcher that a point is reached. Without a stage, and while a dead process is being cleared away, nothing happens.
pub fn reach(point: &str) {
    // Taken out while it watches, so that what it does reaches no points.
    let Some(mut stage) = STAGE.with_borrow_mut(Option::take) else { return };
    let then = (stage.watch)(point);
    if then == Then::Die {
        panic::resume_unwind(Box::new(Death));
    }
    STAGE.with_borrow_mut(|slot| *slot = Some(stage));
}

/// The same for an operation on a file.
pub fn reach_file(operation: &str, path: &Path) {
    if staged() {
        reach(&format!("{operation} {}", path.display()));
    }
}

/// Whether the run must write in two pieces, with a point between.
pub fn in_pieces(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    staged().then(|| bytes.split_at(bytes.len() / 2))
}

/// The provider of an account on a stage.
pub fn provider(account: &Name) -> Option<Box<dyn Provider>> {
    let open = STAGE.with_borrow(|stage| stage.as_ref().map(|stage| stage.open.clone()))?;
    Some(open(account))
}

/// A place that consumes secrets, on a stage that has some.
pub fn place(name: &Name) -> Option<Box<dyn Delivery>> {
    let open = STAGE.with_borrow(|stage| stage.as_ref().and_then(|stage| stage.places.clone()))?;
    Some(open(name))
}

/// The issuer of an account's grants, on a stage that has some.
pub fn issuer(account: &Name) -> Option<Box<dyn Issuing>> {
    let open = STAGE.with_borrow(|stage| stage.as_ref().and_then(|stage| stage.issuers.clone()))?;
    Some(open(account))
}

/// Bytes for a marker on a stage.
pub fn random() -> Option<[u8; 5]> {
    STAGE.with_borrow_mut(|stage| stage.as_mut().map(|stage| (stage.draw)()))
}

/// What a person types on a stage, once.
pub fn input() -> Option<String> {
    TYPED.with_borrow_mut(Option::take)
}

/// Types something.
pub fn type_in(text: &str) {
    TYPED.with_borrow_mut(|typed| *typed = Some(text.to_owned()));
}

/// Keeps what would be printed. Answers whether it was kept.
pub fn hear(text: &[u8]) -> bool {
    let staged = staged();
    if staged {
        SAID.with_borrow_mut(|said| {
            said.push_str(&String::from_utf8_lossy(text));
            said.push('\n');
        });
    }
    staged
}

/// Everything that was said since the last time.
pub fn said() -> String {
    SAID.with_borrow_mut(std::mem::take)
}
