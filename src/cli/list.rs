//! `list`: the inventory, from manifests and ledger; no network.
use std::collections::BTreeSet;

use super::args::{ListArgs, OutputFormat};
use super::exit::{Exit, Stop};
use super::host::Host;
use super::print;
use super::session::Session;
use crate::model::{Address, Generation, Risk, ScopeSet};
use crate::profile::Catalogue;
use crate::render::{
    self,
    list::{ListRow, list_json, list_text},
};

pub fn run(host: &Host, args: &ListArgs) -> Result<Exit, Stop> {
    let session = Session::open(host)?;
    let addresses: BTreeSet<&Address> = session.workspace.keys.keys().chain(session.records.keys()).collect();
    let rows: Vec<ListRow> = addresses.into_iter().map(|address| row(&session, address)).collect();
    print(match args.output {
        OutputFormat::Text => list_text(&rows, host.style(host.colour_out())),
        OutputFormat::Json => list_json(&rows),
    })?;
    host.draw(&session.workspace.report.locate(&session.sources.locator()));
    Ok(Exit::Done)
}

fn row(session: &Session<'_>, address: &Address) -> ListRow {
    let key = session.workspace.keys.get(address);
    let generation = session.records.get(address).and_then(|record| record.current().or_else(|| record.generations.first()));
    let account = session.workspace.accounts.get(&address.account);
    let nothing = ScopeSet::new();
    let scopes = generation.map(|generation| &generation.scopes).or(key.map(|key| &key.scopes)).unwrap_or(&nothing);
    ListRow {
        address: address.clone(),
        provider: account.map_or_else(|| "unknown".to_owned(), |account| account.profile.name.clone()),
        state: generation.map_or_else(|| "declared".to_owned(), render::show::state_word),
        generation: generation.map(|generation: &Generation| generation.number),
        scopes: scopes.len(),
        highest_risk: account.and_then(|account| highest_risk(&account.catalogue, scopes)),
        owner: key.and_then(|key| key.owner.as_deref()).map(str::to_owned),
        created_at: generation.map(|generation| generation.created_at),
        expires_at: generation.and_then(|generation| generation.expires_at),
        last_verified_at: generation.and_then(|generation| generation.last_verified_at),
    }
}

fn highest_risk(catalogue: &Catalogue, scopes: &ScopeSet) -> Option<Risk> {
    catalogue.expand(scopes).keys().map(|scope| catalogue.describe(scope).risk).max()
}
