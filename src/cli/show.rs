//! `show`: one key's declaration and history; no network.
use super::args::{OutputFormat, ShowArgs};
use super::exit::{Exit, Stop};
use super::host::Host;
use super::list;
use super::print;
use super::session::Session;
use crate::render::show::{KeyHistory, show_json, show_text};

pub fn run(host: &Host, args: &ShowArgs) -> Result<Exit, Stop> {
    let session = Session::open(host)?;
    session.only(std::slice::from_ref(&args.address))?;
    let provider = session.workspace.accounts.get(&args.address.account).map_or("unknown", |account| &account.profile.name);
    let row = list::row(&session, None, &args.address);
    let history = KeyHistory {
        address: &args.address,
        provider,
        desired: session.workspace.keys.get(&args.address),
        record: session.records.get(&args.address),
        row: &row,
        now: host.clock().now(),
    };
    print(match args.output {
        OutputFormat::Text => show_text(history, host.style(host.colour_out())),
        OutputFormat::Json => show_json(history),
    })?;
    Ok(Exit::Done)
}
