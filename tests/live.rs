//! The whole life of a key through the real program, at real key servers on loopback that nobody here wrote.
//!
//! `tests/live/README.md` says how to install them and run this. A server that is not there is reported as SKIPPED with its reason, on standard
//! error and in the summary, and never counts as proven.
#![cfg(unix)]

#[path = "live/crashes.rs"]
mod crashes;
#[path = "live/garage.rs"]
mod garage;
#[path = "live/http.rs"]
mod http;
#[path = "live/jupyterhub.rs"]
mod jupyterhub;
#[path = "live/life.rs"]
mod life;
#[path = "command/sandbox.rs"]
mod sandbox;
#[path = "live/server.rs"]
mod server;
#[path = "live/site.rs"]
mod site;
#[path = "live/unleash.rs"]
mod unleash;
#[path = "live/vendor.rs"]
mod vendor;
#[path = "live/verdaccio.rs"]
mod verdaccio;

use server::Server;
use vendor::Vendor;

/// A life, and then one with crashes, at one server.
fn lives_at(script: &'static str, vendors: &[&dyn Vendor]) {
    server::with(script, |server: &Server| {
        for vendor in vendors {
            life::whole(*vendor, server);
            crashes::survived(*vendor, server);
        }
    });
}

#[test]
fn jupyterhub() {
    lives_at("jupyterhub", &[&jupyterhub::JupyterHub]);
}

#[test]
fn verdaccio() {
    lives_at("verdaccio", &[&verdaccio::Verdaccio]);
}

#[test]
fn unleash() {
    lives_at("unleash", &[&unleash::Unleash]);
}

#[test]
fn garage() {
    lives_at("garage", &[&garage::AdminTokens, &garage::Keys]);
}
