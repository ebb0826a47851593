//! Every lost and every wrong answer, one test for each row of the table in `src/apply/answers.md`.
//!
//! Most rows run the program; those that wait for the end of patience carry an apply out in this process, with less of it.
#[path = "answers/between.rs"]
mod between;
#[path = "answers/creates.rs"]
mod creates;
#[path = "../examples/payconex-emulator/server.rs"]
mod emulator;
#[path = "answers/lists.rs"]
mod lists;
#[path = "answers/patience.rs"]
mod patience;
#[path = "command/sandbox.rs"]
mod sandbox;
#[path = "payconex/site.rs"]
mod site;
#[path = "answers/writes.rs"]
mod writes;

use emulator::{Fault, Order, Route};
use reqwest::Method;
use site::Site;

/// Orders a failure for the next requests of a route.
pub fn order(site: &Site, fault: Fault, route: Route, times: u32) {
    let method = match route {
        Route::Create => Method::POST,
        Route::Update => Method::PATCH,
        Route::Delete => Method::DELETE,
        Route::List | Route::Read | Route::Scopes | Route::Unknown => Method::GET,
    };
    site.emulator.order(Order { fault, method, route: Some(route), times });
}

/// Lets this many requests of a route through before what is ordered next.
pub fn pass(site: &Site, route: Route, times: u32) {
    order(site, Fault::Stall(std::time::Duration::ZERO), route, times);
}

/// One live key, published, and the journal is gone.
#[track_caller]
pub fn assert_whole(site: &Site) {
    let live: Vec<_> = site.live();
    assert_eq!(live.len(), 1, "{live:?}");
    assert_eq!(site.assert_works("billing").id, live[0].id);
    assert!(!site.sandbox.exists(".keywright/journal.jsonl"), "the journal is gone");
}
