//! `profile`: tries a profile at a live account, and begins a new one.
mod differences;
mod edits;
mod ending;
mod fields;
mod life;
mod new;
mod opened;
mod reading;
mod suite;
mod trial;

use super::args::{ProfileArgs, ProfileCommand};
use super::exit::{Exit, Stop};
use super::host::Host;

pub fn run(host: &Host, args: &ProfileArgs) -> Result<Exit, Stop> {
    match &args.command {
        ProfileCommand::New(args) => new::run(host, args),
        ProfileCommand::Test(args) => trial::run(host, args),
    }
}
