//! `completions`: a completion script for a shell.
use clap::CommandFactory;

use super::args::{Arguments, CompletionsArgs};
use super::exit::{Exit, Stop};
use super::print;

pub fn run(args: &CompletionsArgs) -> Result<Exit, Stop> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Arguments::command(), "keywright", &mut script);
    print(script)?;
    Ok(Exit::Done)
}
