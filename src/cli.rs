//! The command line: reads arguments, environment and clock, and hands them on as values.
pub mod args;
mod asking;
mod exit;
mod host;
mod session;

mod apply;
mod authorize;
mod base;
mod beyond;
mod check;
mod comment;
mod completions;
mod credentials;
mod delivered;
mod doctor;
#[cfg(test)]
mod dying;
mod explain;
mod fulfil;
mod import;
mod init;
mod issuers;
mod judging;
mod keyring;
mod list;
mod open;
mod places;
mod plan;
mod profile;
mod providers;
mod recover;
mod recovery;
mod reports;
mod review;
mod schema;
mod show;
mod usage;
mod verify;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;

use args::{Arguments, Command};
pub use exit::{Exit, Stop};
use host::Host;

/// Runs the program: every command ends in one of the exit codes of [`Exit`].
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let exit = if error.use_stderr() { Exit::Error } else { Exit::Done };
            if let Some(said) = usage::without_secrets(&error.render().to_string(), std::env::args_os().skip(1)) {
                return if io::stderr().write_all(said.as_bytes()).is_ok() { exit.into() } else { Exit::Error.into() };
            }
            return if error.print().is_ok() { exit.into() } else { Exit::Error.into() };
        }
    };
    let host = Host::new(&arguments.global);
    match run(&host, arguments.command) {
        Ok(exit) => exit.into(),
        Err(stop) => {
            host.report(&stop);
            stop.exit.into()
        }
    }
}

fn run(host: &Host, command: Command) -> Result<Exit, Stop> {
    match command {
        Command::Init(args) => init::run(host, &args),
        Command::Check(args) => check::run(host, &args),
        Command::Plan(args) => plan::run(host, &args),
        Command::Comment(args) => comment::run(host, &args),
        Command::Apply(args) => apply::run(host, &args),
        Command::Fulfil(args) => fulfil::run(host, &args),
        Command::Authorize(args) => authorize::run(host, &args),
        Command::Delivered(args) => delivered::run(host, &args),
        Command::Verify(args) => verify::run(host, &args),
        Command::Import(args) => import::run(host, &args),
        Command::Recover(args) => recover::run(host, &args),
        Command::Doctor(args) => doctor::run(host, &args),
        Command::List(args) => list::run(host, &args),
        Command::Review(args) => review::run(host, &args),
        Command::Show(args) => show::run(host, &args),
        Command::Open(args) => open::run(host, &args),
        Command::Keyring(args) => keyring::run(host, &args),
        Command::Providers(args) => providers::run(host, &args),
        Command::Profile(args) => profile::run(host, &args),
        Command::Explain(args) => explain::run(host, &args),
        Command::Schema(args) => schema::run(&args),
        Command::Completions(args) => completions::run(&args),
    }
}

/// Writes a result to standard output. A reader that went away is no error.
fn print(text: impl AsRef<[u8]>) -> Result<(), Stop> {
    #[cfg(test)]
    if crate::seam::hear(text.as_ref()) {
        return Ok(());
    }
    let mut out = io::stdout().lock();
    match out.write_all(text.as_ref()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Stop::message(format!("cannot write to standard output: {error}"))),
        Ok(()) | Err(_) => Ok(()),
    }
}
