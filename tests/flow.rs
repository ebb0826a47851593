//! How operations of a profile are carried out: each variation on a small invented profile, against a server that knows its lines.
#[path = "flow/beforehand.rs"]
mod beforehand;
#[path = "flow/logins.rs"]
mod logins;
#[path = "flow/pages.rs"]
mod pages;
#[path = "flow/site.rs"]
mod site;
#[path = "flow/writes.rs"]
mod writes;
