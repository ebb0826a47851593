//! Keys that a person grants in a browser: from the first plan over refreshes to the revocation, against an emulator of Brex's OAuth server.
#[path = "grants/browser.rs"]
mod browser;
#[path = "grants/crashes.rs"]
mod crashes;
#[path = "grants/ends.rs"]
mod ends;
#[path = "../examples/finance-emulator/server.rs"]
mod finance;
#[path = "grants/flow.rs"]
mod flow;
#[path = "grants/refresh.rs"]
mod refresh;
#[path = "command/sandbox.rs"]
mod sandbox;
#[path = "grants/site.rs"]
mod site;
