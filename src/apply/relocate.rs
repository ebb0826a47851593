//! Gives a key another address: its record and its secret file. The provider has no part in it.
use std::collections::BTreeMap;

use super::account::Account;
use super::failure::Failure;
use super::staging::{Staging, may_gain};
use crate::diagnostics::Code;
use crate::files::{self, FileError};
use crate::ledger::Ledger;
use crate::model::{Address, Format, Generation, KeyRecord, Name};

impl Account<'_> {
    /// Moves a key's record and its secret file to the address of a declared key.
    ///
    /// Expected flow: the move is durable in the journal; the secret file is copied; the record is written at the new address; record and secret
    /// file of the old one go. Guarantees: at every point, the record that is read has its secret file beside it, and the journal leads on to the
    /// end. Assumptions: nothing of the key is unfinished, and the ledger has nothing at the new address. Caveats: names in a `dotenv` file stay
    /// those of the old address until it is encrypted anew. Errors: the disk, or another apply that has the journal now.
    pub(super) async fn relocate(&self, from: &Address, name: &Name, keeps_label: bool) -> Result<(), Failure> {
        let Some(old) = self.records.borrow().get(&from.name).cloned() else { return Ok(()) };
        let to = self.address(name);
        if self.records.borrow().contains_key(name) {
            return Err(Failure::new(Code::PlanMoved, format!("`{from}` cannot move to `{to}`: the ledger has a key there, too")));
        }
        if old.generations.iter().any(|generation| {
            self.is_open(generation) || generation.resealing.is_some() || generation.asking_since.is_some() && may_gain(generation)
        }) {
            return Err(Failure::new(Code::PlanUnfinished, format!("`{from}` cannot move yet: something of it is unfinished"))
                .help("apply again when it is settled"));
        }
        let label = self.keys.get(name).map(|key| key.label.to_string()).filter(|_| keeps_label);
        let current = old.current().map(|current| current.number);
        let mut record = KeyRecord { address: to.clone(), ..old.clone() };
        for generation in &mut record.generations {
            renamed(generation, from, &to);
            if Some(generation.number) == current && label.is_some() {
                generation.accepted_label.clone_from(&label);
            }
        }
        let sealed = old.current().and_then(|current| current.sealed.as_ref());
        let carried = match sealed.filter(|sealed| self.staging().is_published(from, sealed)) {
            Some(sealed) => vec![(Staging::carried_as(&to, sealed), self.staging().carried(from, sealed)?.1)],
            None => Vec::new(),
        };
        self.journal.relocate(self.now(), &old, &record, carried).await?;
        if let Some(sealed) = sealed {
            self.staging().relocate(from, &to, sealed)?;
        }
        self.save(&mut record)?;
        self.records.borrow_mut().remove(&from.name);
        self.ledger.remove(from)?;
        files::remove(&self.ledger.secret_path(from)).map_err(Failure::from)
    }
}

/// Remembers which names stand in a `dotenv` file.
fn renamed(generation: &mut Generation, from: &Address, to: &Address) {
    if generation.sealed.as_ref().is_some_and(|sealed| sealed.format == Format::Dotenv) {
        let named_after = generation.named_after.take().unwrap_or_else(|| from.clone());
        generation.named_after = Some(named_after).filter(|named_after| named_after != to);
    }
}

/// Copies secret files to the addresses that the keys of a journal have now. `moved`: from and to, in the order of the journal.
pub fn copy_moved(ledger: &Ledger, records: &BTreeMap<Address, KeyRecord>, moved: &[(Address, Address)]) -> Result<(), FileError> {
    for (from, to) in followed(moved) {
        if let Some(sealed) = records.get(to).and_then(KeyRecord::current).and_then(|current| current.sealed.as_ref()) {
            Staging::of(ledger).relocate(from, to, sealed)?;
        }
    }
    Ok(())
}

/// Removes what lies at addresses that keys of a journal had before, once it lies at the new ones.
pub fn clear_moved(ledger: &Ledger, records: &BTreeMap<Address, KeyRecord>, moved: &[(Address, Address)]) -> Result<(), FileError> {
    let staging = Staging::of(ledger);
    for (from, to) in followed(moved).filter(|(from, _)| !records.contains_key(*from)) {
        let sealed = records.get(to).and_then(KeyRecord::current).and_then(|current| current.sealed.as_ref());
        if sealed.is_none_or(|sealed| staging.is_published(to, sealed)) {
            ledger.remove(from)?;
            files::remove(&ledger.secret_path(from))?;
        }
    }
    Ok(())
}

/// Each old address with the one that its key has in the end.
fn followed(moved: &[(Address, Address)]) -> impl Iterator<Item = (&Address, &Address)> {
    moved.iter().enumerate().map(|(at, (from, to))| {
        let later = moved[at + 1..].iter();
        (from, later.fold(to, |last, (from, to)| if from == last { to } else { last }))
    })
}
