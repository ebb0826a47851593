//! `list`: the inventory, from manifests and ledger; with `--live`, from the providers, too.
use std::collections::{BTreeMap, BTreeSet};
use std::io::IsTerminal;

use super::args::{ListArgs, ListFormat, Output, RiskLevel, SortKey};
use super::exit::{Exit, Stop};
use super::host::Host;
use super::session::{Observed, Purpose, Session};
use super::{judging, plan as planning, print, reports};
use crate::files;
use crate::inventory::{AccountFacts, Facts, Row, Selection, Sort};
use crate::model::{Address, Listing, Risk};
use crate::render::list::{AccountRead, Inventory, list_json, list_text};
use crate::render::list_csv::list_csv;
use crate::render::list_ics::list_ics;
use crate::render::timeline::{self, timeline};
use crate::workspace::edit::Edits;

pub fn run(host: &Host, args: &ListArgs) -> Result<Exit, Stop> {
    reports::placed(host, &args.output, &[])?;
    if args.live {
        planning::no_pull_request(host, "list --live")?;
    }
    let session = Session::open(host)?;
    let named: Vec<Address> = args.addresses.iter().filter(|pattern| !pattern.is_open()).filter_map(|pattern| pattern.address()).collect();
    session.only(&named)?;
    if let Some(pattern) = args.addresses.iter().find(|pattern| !pattern.is_open() && pattern.address().is_none()) {
        return Err(Stop::message(format!(
            "`{}` is no address: write `account/name`, or a pattern with `*`",
            pattern.text().escape_debug()
        )));
    }
    let selection = Selection {
        addresses: args.addresses.clone(),
        owner: args.owner.clone(),
        risk: args.risk.map(Risk::from),
        expiring: args.expiring,
    };
    let now = host.clock().now();
    let chosen: BTreeSet<&Address> =
        session.workspace.keys.keys().chain(session.records.keys()).filter(|address| selection.covers(address)).collect();
    let observed = if args.live { Some(read(&session, &chosen)?) } else { None };
    let mut rows: Vec<Row> = chosen.into_iter().map(|address| row(&session, observed.as_ref(), address)).collect();
    rows.retain(|row| selection.takes(row, now));
    propose(&session, &mut rows);
    Sort::from(args.sort).sort(&mut rows);
    let accounts = observed.as_ref().map(|observed| accounts(&session, observed));
    let inventory = Inventory { format_version: "1.0".to_owned(), as_of: now, accounts, keys: rows };
    show(host, args, &inventory)?;
    host.draw(&session.workspace.report.locate(&session.sources));
    if let Some(observed) = &observed {
        judging::report_unavailable(&session, observed);
    }
    let exit = if observed.is_some_and(|observed| observed.is_partial()) { Exit::Partial } else { Exit::Done };
    // The process ends now: to give back a large inventory text by text would take its time.
    std::mem::forget((inventory, session));
    Ok(exit)
}

/// Reads the accounts of the chosen keys.
pub fn read(session: &Session<'_>, chosen: &BTreeSet<&Address>) -> Result<Observed, Stop> {
    if chosen.is_empty() {
        return Ok(Observed { listings: BTreeMap::new(), findings: Vec::new(), held: BTreeMap::new() });
    }
    let chosen = chosen.iter().map(|address| (*address).clone()).collect();
    let providers = session.providers(Purpose::Plan, &chosen);
    super::apply::block_on(session.observe(&providers, Purpose::Plan))
}

/// The row of one key.
pub fn row(session: &Session<'_>, observed: Option<&Observed>, address: &Address) -> Row {
    let desired = session.workspace.keys.get(address);
    let account = session.workspace.accounts.get(&address.account).map(|account| AccountFacts {
        provider: &account.profile.name,
        capabilities: &account.profile.capabilities,
        catalogue: &account.catalogue,
        attended: account.profile.attended().is_some(),
    });
    let listing = observed.and_then(|observed| observed.listings.get(&address.account));
    let record = session.records.get(address);
    let mut row = Row::new(Facts { address, account, desired, record, listing, now: session.host.clock().now() });
    for delivery in &mut row.deliveries {
        // The name may stand for another place since.
        let place = session.workspace.deliveries.get(&delivery.name).map(|known| known.target.place());
        delivery.pending |= delivery.to.is_some() && place.is_some() && delivery.to != place;
    }
    row
}

/// Gives every unused key the change that would disable it.
fn propose(session: &Session<'_>, rows: &mut [Row]) {
    let unused = rows.iter().filter(|row| row.unused_since.is_some());
    let mut changes = Edits::of(&session.sources).disable_all(unused.filter_map(|row| session.workspace.keys.get(&row.address)));
    for row in rows {
        row.disable_change = changes.remove(&row.address);
    }
}

fn accounts(session: &Session<'_>, observed: &Observed) -> BTreeMap<crate::model::Name, AccountRead> {
    let read = |listing: &Listing| match listing {
        Listing::Complete(_) => ("complete", None),
        Listing::Assumed(_) => ("assumed", None),
        Listing::Unavailable(why) => ("unavailable", Some(why.clone())),
        Listing::Attended => ("attended", None),
    };
    let view = |(name, listing): (&crate::model::Name, &Listing)| {
        let (listing, reason) = read(listing);
        let tells_last_use = session.workspace.accounts[name].profile.capabilities.last_used;
        (name.clone(), AccountRead { listing: listing.to_owned(), tells_last_use, reason })
    };
    observed.listings.iter().map(view).collect()
}

/// Writes the inventory in every form that was asked for; text on standard output when none was.
fn show(host: &Host, args: &ListArgs, inventory: &Inventory) -> Result<(), Stop> {
    let usual = [Output { format: ListFormat::Text, file: None }];
    for output in if args.output.is_empty() { &usual[..] } else { &args.output } {
        let text = match output.format {
            ListFormat::Text => {
                let to_terminal = output.file.is_none() && std::io::stdout().is_terminal() && !host.is_ci();
                let style = host.style(output.file.is_none() && host.colour_out());
                let mut text = list_text(inventory, style);
                if args.timeline || (to_terminal && style.width >= timeline::NARROWEST) {
                    text.push_str(&timeline(&inventory.keys, inventory.as_of, style));
                }
                text
            }
            ListFormat::Json => list_json(inventory),
            ListFormat::Csv => list_csv(&inventory.keys),
            ListFormat::Ics => list_ics(&inventory.keys, inventory.as_of),
        };
        match &output.file {
            Some(path) => files::write(path, text.as_bytes())?,
            None => print(&text)?,
        }
    }
    Ok(())
}

impl From<SortKey> for Sort {
    fn from(key: SortKey) -> Self {
        match key {
            SortKey::Address => Self::Address,
            SortKey::Owner => Self::Owner,
            SortKey::Risk => Self::Risk,
            SortKey::Age => Self::Age,
            SortKey::Expiry => Self::Expiry,
            SortKey::Rotation => Self::Rotation,
            SortKey::Review => Self::Review,
            SortKey::Verified => Self::Verified,
            SortKey::Used => Self::Used,
        }
    }
}

impl From<RiskLevel> for Risk {
    fn from(level: RiskLevel) -> Self {
        match level {
            RiskLevel::Low => Self::Low,
            RiskLevel::Medium => Self::Medium,
            RiskLevel::High => Self::High,
            RiskLevel::Critical => Self::Critical,
        }
    }
}
