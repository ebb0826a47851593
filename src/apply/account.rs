//! One account under apply: its provider, its records, and the durable steps that every change is made of.
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

use super::delivery::Places;
use super::failure::Failure;
use super::grant::IssuedBy;
use super::journal::{self, Journal, SealedFile};
use super::staging::{SECRET_FILE_LIMIT, Staging};
use crate::diagnostics::{Code, Diagnostic};
use crate::files;
use crate::ledger::Ledger;
use crate::model::{Address, DesiredKey, Generation, GenerationState, KeyRecord, Marker, Name, ObservedKey, Request, Sealed, Secret, Span};
use crate::profile::{Capabilities, Catalogue, HttpApi, ReadBack};
use crate::provider::{Liveness, Provider, ProviderError};
use crate::vault::{self, Identities};

/// What apply takes from the outside: the time, randomness, and whether to stop.
#[async_trait(?Send)]
pub trait Surroundings {
    fn now(&self) -> Timestamp;
    /// Returns when the clock is later by this time. A clock that stands still is moved on, and nobody sleeps.
    async fn wait(&self, time: Duration);
    /// Five random bytes for a marker.
    fn random(&self) -> [u8; 5];
    /// Whether a signal asked to stop: no new intent is started then.
    fn stopping(&self) -> bool;
    /// One line of progress, for standard error.
    fn progress(&self, account: &Name, line: &str);
}

/// One account that apply works on.
pub struct Account<'a> {
    pub name: &'a Name,
    pub provider_name: &'a str,
    pub provider: &'a dyn Provider,
    pub capabilities: &'a Capabilities,
    pub catalogue: &'a Catalogue,
    pub secret_parts: &'a [String],
    /// Who issues the keys that are grants; absent where the provider has none.
    pub issued_by: Option<&'a IssuedBy<'a>>,
    /// Whether a person makes and ends the keys: the provider is asked for nothing but whether one lives.
    pub attended: bool,
    pub keys: BTreeMap<Name, &'a DesiredKey>,
    /// Keys that a manifest moves, by the old name and with the old address: what was begun there is finished as it is declared now.
    pub formerly: BTreeMap<Name, DesiredKey>,
    pub records: RefCell<BTreeMap<Name, KeyRecord>>,
    /// The keys that were there when the run began, by their ids.
    pub listed: BTreeMap<String, ObservedKey>,
    pub ledger: &'a Ledger,
    pub journal: &'a Journal<'a>,
    pub identities: Option<&'a Identities>,
    /// How the provider answers a key; absent where that is not known.
    pub api: Option<&'a HttpApi>,
    /// Places that consume secrets.
    pub places: Option<&'a Places>,
    /// Secrets that were made in this run, while their changes are under way: number and secret by key.
    pub fresh: RefCell<BTreeMap<Name, (u32, Rc<Secret>)>>,
    pub surroundings: &'a dyn Surroundings,
    /// Set when our own credential was refused: nothing more is started.
    pub halted: Cell<bool>,
    /// What a person should know of what worked.
    pub notices: RefCell<Vec<Diagnostic>>,
    /// For removed keys of which the ledger does not say another.
    pub default_cooldown: Span,
}

impl Account<'_> {
    pub(super) fn now(&self) -> Timestamp {
        self.surroundings.now()
    }

    /// How the scopes that the provider shows are compared.
    pub(super) fn read_back(&self) -> ReadBack<'_> {
        ReadBack { rule: self.capabilities.scopes, catalogue: self.catalogue }
    }

    pub(super) fn address(&self, name: &Name) -> Address {
        Address::new(self.name.clone(), name.clone())
    }

    /// What is declared of a key, if only under the name that it is to get.
    pub(super) fn declaration(&self, name: &Name) -> Option<&DesiredKey> {
        self.keys.get(name).copied().or_else(|| self.formerly.get(name))
    }

    /// The record of a key; an empty one when the ledger has none.
    pub(super) fn record(&self, name: &Name) -> KeyRecord {
        self.records.borrow().get(name).cloned().unwrap_or_else(|| KeyRecord::new(self.address(name), self.provider_name))
    }

    /// Makes a generation's new state durable: journal first, then ledger. A deleted generation leaves the record.
    pub(super) async fn commit(&self, record: &mut KeyRecord, generation: &Generation) -> Result<(), Failure> {
        self.journal.record(self.now(), record, generation, self.needed_elsewhere(&record.address, generation)?).await?;
        journal::put(record, generation.clone());
        self.save(record)
    }

    /// Forgets an intent on which the provider certainly did not act.
    pub(super) async fn withdraw(&self, record: &mut KeyRecord, intent: &Generation) -> Result<(), Failure> {
        self.journal.withdraw(self.now(), record, intent).await?;
        record.generations.retain(|generation| generation.number != intent.number);
        self.save(record)
    }

    /// Writes the ledger file of a record and remembers it. A record without generations has no file.
    pub(super) fn save(&self, record: &mut KeyRecord) -> Result<(), Failure> {
        let name = &record.address.name;
        if let Some(key) = self.declaration(name) {
            record.protect = key.protect;
            record.cooldown = Some(key.cooldown).filter(|cooldown| *cooldown != self.default_cooldown);
        }
        if record.generations.is_empty() {
            files::remove(&self.ledger.secret_path(&record.address))?;
            self.ledger.remove(&record.address)?;
            self.records.borrow_mut().remove(name);
        } else {
            self.ledger.save(record)?;
            self.records.borrow_mut().insert(name.clone(), record.clone());
        }
        Ok(())
    }

    /// The ciphertexts that a generation's state rests on and that are not published yet.
    fn needed_elsewhere(&self, address: &Address, generation: &Generation) -> Result<Vec<SealedFile>, Failure> {
        let waiting = generation.resealing.as_ref().or(generation.sealed.as_ref().filter(|_| generation.state == GenerationState::Sealed));
        match waiting.filter(|sealed| self.staging().holds(address, sealed)) {
            Some(sealed) => Ok(vec![self.staging().carried(address, sealed)?]),
            None => Ok(Vec::new()),
        }
    }

    pub(super) fn staging(&self) -> Staging<'_> {
        Staging::of(self.ledger)
    }

    /// Encrypts a secret in memory and puts the ciphertext beside its destination, durably.
    pub(super) fn stage(&self, key: &DesiredKey, secret: &Secret) -> Result<Sealed, Failure> {
        super::stage(self.ledger, key, secret)
    }

    /// The plaintext of a generation: from the provider, or from a file with an identity. `None`: not to be had.
    pub(super) async fn plaintext(&self, address: &Address, generation: &Generation) -> Result<Option<Secret>, Failure> {
        if let (true, Some(id)) = (self.capabilities.reveal, &generation.id) {
            match self.provider.reveal(id).await {
                Ok(Some(secret)) => return Ok(Some(secret)),
                // A key that does not exist has no secret: that must not stop its recovery.
                Ok(None) | Err(ProviderError::NotFound(_)) => {}
                Err(error) => return Err(Failure::provider("read the secret again", error)),
            }
        }
        let (Some(identities), Some(sealed)) = (self.identities, &generation.sealed) else { return Ok(None) };
        let path = self.staging().place(address, sealed);
        let ciphertext = files::read(&path, SECRET_FILE_LIMIT)?;
        if vault::seal::sha256(&ciphertext) != sealed.sha256 {
            return Err(Failure::new(Code::LedgerSecretChanged, format!("`{}` is not the file that the ledger describes", path.display())));
        }
        let opened = vault::open::open(&ciphertext, identities).map_err(|problem| Failure::local(problem.to_string()))?;
        let secret = vault::format::read(&opened, sealed.format, &self.parts(generation));
        secret.map(Some).map_err(|problem| Failure::local(problem.to_string()))
    }

    /// What a call with the generation's own secret shows; undecided when there is no plaintext or no such call.
    pub(super) async fn liveness(&self, address: &Address, generation: &Generation) -> Result<Liveness, Failure> {
        let undecided = |why: &str| Ok(Liveness::Undecided(why.to_owned()));
        let Some(id) = &generation.id else { return undecided("its id is unknown") };
        if !self.capabilities.verify {
            return undecided("the provider offers no call that proves a key");
        }
        match self.plaintext(address, generation).await? {
            None => undecided("its secret cannot be read"),
            Some(secret) => self.provider.verify(id, &secret).await.map_err(|error| Failure::provider("try the key", error)),
        }
    }

    /// When a generation that is disabled now may be deleted. Never while its key is declared and it is the published one: the cooldown begins
    /// with the removal of the entry.
    pub(super) fn delete_after(&self, name: &Name, generation: &Generation) -> Option<Timestamp> {
        let key = self.declaration(name);
        if key.is_some() && generation.is_in_use() {
            return None;
        }
        let recorded = || self.records.borrow().get(name).and_then(|record| record.cooldown).unwrap_or(self.default_cooldown);
        self.now().checked_add(key.map_or_else(recorded, |key| key.cooldown).duration()).ok()
    }

    /// Draws a marker that no generation of this account bears.
    pub(super) fn draw_marker(&self) -> Marker {
        loop {
            let marker = Marker::from_random(self.surroundings.random());
            let records = self.records.borrow();
            if !records.values().flat_map(|record| &record.generations).any(|generation| generation.marker.as_ref() == Some(&marker)) {
                return marker;
            }
        }
    }

    /// The published generation becomes a predecessor, and the new one the current.
    ///
    /// Expected flow: staged file moved into place, then ledger `active` and `retiring` in one write. Guarantees: whichever side of the rename a
    /// crash falls on, the ledger names the digest of the file in place. Assumptions: the generation is sealed, durable and verified.
    /// Caveats: from here on the predecessor's secret is only in git's history. The overlap is zero where the key was called compromised, also
    /// for what is retiring already. Errors: the disk.
    pub(super) async fn publish(&self, record: &mut KeyRecord, number: u32, overlap: Span) -> Result<(), Failure> {
        let now = self.now();
        let mut generation = record.generation(number).expect("the generation was recorded before it is published").clone();
        let sealed = generation.sealed.as_ref().expect("only a sealed generation is published");
        let compromised = generation.request == Some(Request::Compromised);
        let overlap = if compromised { Span::seconds(0) } else { overlap };
        self.staging().publish(&record.address, sealed)?;
        let predecessor = |other: &Generation| other.number != number && other.may_carry();
        // Without a live predecessor, what was retiring has carried the load until now, and gets the whole overlap. One that was being
        // disabled or enabled when an apply was interrupted may be dead.
        let alone = !record.generations.iter().any(|other| predecessor(other) && !other.is_switching());
        for other in record.generations.clone().into_iter().filter(|other| other.number != number) {
            let retires = predecessor(&other) || ((alone || compromised) && other.state == GenerationState::Retiring);
            let mut after = Generation { sealed: None, adopted: None, ..other.clone() };
            if retires {
                after.state = GenerationState::Retiring;
                after.switching = None;
                after.disable_after = now.checked_add(overlap.duration()).ok();
            }
            if after.state == GenerationState::Disabled && after.delete_after.is_none() {
                after.delete_after = self.delete_after(&record.address.name, &after);
            }
            if after != other {
                self.journal.record(now, record, &after, Vec::new()).await?;
                record.put(after);
            }
        }
        generation.state = GenerationState::Active;
        self.commit(record, &generation).await
    }
}
