//! Gives published secrets to the places that consume them. Each is recorded by itself; a place that has one twice is none the worse for it.
use std::collections::BTreeMap;
use std::rc::Rc;

use jiff::Timestamp;

use super::account::Account;
use super::failure::Failure;
use super::journal::{self, Journal};
use crate::delivery::{Delivery, DeliveryError, Parcel, Proof};
use crate::diagnostics::{Code, Diagnostic};
use crate::ledger::Ledger;
use crate::model::{Delivered, DesiredKey, Fingerprint, Generation, GenerationState, Held, KeyRecord, Name, Request, Secret, Target};
use crate::vault;

/// A declared place, as far as it could be opened.
pub struct Place {
    pub target: Target,
    pub opening: Opening,
}

/// How a place can be reached.
pub enum Opening {
    Api(Box<dyn Delivery>),
    /// By a person only.
    Attended,
    /// Its credential is not there, or not usable.
    Unusable(Box<Diagnostic>),
}

/// Places by name.
pub type Places = BTreeMap<Name, Place>;

/// What is to be recorded of one hand-over.
pub struct HandOver<'a> {
    pub key: &'a DesiredKey,
    pub to: &'a Target,
    /// Where the other places of the key are, as the trusted file says.
    pub places: &'a dyn Fn(&Name) -> Option<&'a Target>,
    pub at: Timestamp,
    pub by: Option<String>,
    pub unverified: bool,
}

/// Records that a place has the secret of a key's current generation.
///
/// Expected flow: when it is the last of the key's places, the end of what retires is moved to the overlap from now; then the generation is recorded
/// with the place. Guarantees: a crash in between leaves the place unrecorded, so that it is served again; no predecessor ends earlier than the
/// overlap after the last hand-over, unless the key was called compromised. Assumptions: the place has it. Errors: the disk, or the journal.
pub async fn record_delivery(ledger: &Ledger, journal: &Journal<'_>, record: &mut KeyRecord, deed: HandOver<'_>) -> Result<(), Failure> {
    let HandOver { key, to, places, at, by, unverified } = deed;
    let mut generation = current(record).ok_or_else(|| Failure::new(Code::DeliverNotOpen, "no generation of the key is in use"))?;
    generation.deliveries.insert(to.name.clone(), Delivered { at, by, to: to.place(), unverified });
    let has =
        |name: &Name| generation.deliveries.get(name).is_some_and(|known| places(name).is_some_and(|target| target.place() == known.to));
    let compromised = generation.request == Some(Request::Compromised);
    if key.deliver.iter().all(has) && !compromised {
        let end = at.checked_add(key.overlap.duration()).ok();
        for mut other in record.generations.clone().into_iter().filter(|other| other.state == GenerationState::Retiring) {
            if other.disable_after < end {
                other.disable_after = end;
                journal.record(at, record, &other, Vec::new()).await?;
                record.put(other);
            }
        }
    }
    journal.record(at, record, &generation, Vec::new()).await?;
    journal::put(record, generation);
    ledger.save(record)?;
    Ok(())
}

/// The generation whose secret the places should have.
fn current(record: &KeyRecord) -> Option<Generation> {
    record.current().filter(|current| current.state == GenerationState::Active).cloned()
}

impl Account<'_> {
    pub(super) fn place(&self, name: &Name) -> Option<&Place> {
        self.places.and_then(|places| places.get(name))
    }

    /// Keeps a new secret while its change is under way, for the places that get it.
    pub(super) fn keep(&self, key: &DesiredKey, number: u32, secret: Secret) {
        if !key.deliver.is_empty() {
            self.fresh.borrow_mut().insert(key.address.name.clone(), (number, Rc::new(secret)));
        }
    }

    /// Gives the current secret of a key to one place, and records that.
    ///
    /// Expected flow: the secret of this run, or read again → the place, with its fingerprint → a call through the place → a durable record.
    /// Guarantees: what is recorded was accepted, and shown again where the place can show it; after a crash it is simply done again. Assumptions:
    /// the generation is published. Caveats: where the secret cannot be read, and the place holds the generation's fingerprint already, that alone
    /// is recorded; a call that decides nothing is recorded as unverified, and said; such a place is only tried again. Errors: the place, and then its record is missing: it stands
    /// in the next plan, and no predecessor ends. The disk, or the journal.
    pub(super) async fn deliver(&self, key: &DesiredKey, planned: u32, to: &Name) -> Result<(), Failure> {
        let name = &key.address.name;
        let published = current(&self.record(name)).filter(|current| current.number >= planned);
        let generation = published
            .ok_or_else(|| Failure::new(Code::InternalUnexpected, format!("generation {planned} is not there to be delivered")))?;
        let known = self.untried(&generation, to);
        if known {
            match self.hand_over(key, &generation, to, None).await {
                // It holds something else meanwhile.
                Err(failure) if failure.code == Code::DeliverPending => {}
                done => return done,
            }
        }
        let kept = self.fresh.borrow().get(name).filter(|(number, _)| *number == generation.number).map(|(_, secret)| secret.clone());
        let secret = match kept {
            Some(secret) => Some(secret),
            None => {
                let read = self.plaintext(&key.address, &generation).await;
                read.map_err(|failure| failed(to, &generation, &failure.message))?.map(Rc::new)
            }
        };
        self.hand_over(key, &generation, to, secret.as_deref()).await
    }

    /// The same with a secret at hand.
    pub(super) async fn hand_over(
        &self,
        key: &DesiredKey,
        generation: &Generation,
        to: &Name,
        secret: Option<&Secret>,
    ) -> Result<(), Failure> {
        if self.surroundings.stopping() {
            return Err(Failure::new(Code::ApplyInterrupted, format!("`{to}` was not served: a signal asked to stop")).help(AGAIN));
        }
        let place = self.place(to);
        let place = place.ok_or_else(|| Failure::new(Code::InternalUnexpected, format!("there is no place `{to}`")))?;
        let api = match &place.opening {
            Opening::Api(api) => api.as_ref(),
            Opening::Attended => return Err(Failure::new(Code::InternalUnexpected, format!("a person serves `{to}`"))),
            Opening::Unusable(diagnostic) => return Err(failed(to, generation, &diagnostic.message)),
        };
        let fingerprint = Fingerprint::of(&key.address, generation);
        let wrong = |error: DeliveryError| failed(to, generation, &error.to_string());
        let proof = match secret {
            Some(secret) => {
                self.is_free(key, generation, place, api).await?;
                let text = vault::format::write(secret, key.format, &key.address).map_err(|problem| Failure::local(problem.to_string()))?;
                let parcel = Parcel { secret, text: &text, fingerprint, judge: self.api };
                api.deliver(&parcel).await.map_err(wrong)?
            }
            None => match api.observe().await.map_err(wrong)? {
                Held::Ours(held) if held.is_same(&fingerprint) => api.prove(self.api).await.map_err(wrong)?,
                Held::Ours(_) | Held::Foreign | Held::Something | Held::Nothing => {
                    let message = format!("`{to}` has not been given generation {}, and the secret cannot be read", generation.number);
                    return Err(Failure::new(Code::DeliverPending, message).help(AGAIN));
                }
            },
        };
        let unverified = match &proof {
            Proof::Works => false,
            Proof::Undecided(why) => {
                let message = format!(
                    "`{to}` has generation {} of `{}`, and a call through it decided nothing: {why}",
                    generation.number, key.address
                );
                let diagnostic = Diagnostic::warning(Code::DeliverUnverified, message);
                self.notices.borrow_mut().push(diagnostic.help("look whether it works there before the overlap is over"));
                true
            }
        };
        if unverified && secret.is_none() && self.untried(generation, to) {
            // Nothing is new: to record it would make the overlap begin anew.
            return Ok(());
        }
        let mut record = self.record(&key.address.name);
        let places = |name: &Name| self.place(name).map(|place| &place.target);
        let deed = HandOver { key, to: &place.target, places: &places, at: self.now(), by: None, unverified };
        let recorded = record_delivery(self.ledger, self.journal, &mut record, deed).await;
        self.records.borrow_mut().insert(key.address.name.clone(), record);
        recorded
    }

    /// A place that never got a secret of the key must not hold the secret of another one: to replace that would cut somebody off.
    async fn is_free(&self, key: &DesiredKey, generation: &Generation, place: &Place, api: &dyn Delivery) -> Result<(), Failure> {
        let (record, to) = (self.record(&key.address.name), &place.target);
        let known = |generation: &Generation| generation.deliveries.get(&to.name).is_some_and(|known| known.to == to.place());
        if record.generations.iter().any(known) {
            return Ok(());
        }
        let held = match api.observe().await.map_err(|error| failed(&to.name, generation, &error.to_string()))? {
            Held::Ours(held) => held,
            Held::Foreign | Held::Something | Held::Nothing => return Ok(()),
        };
        // One place takes one key: under its former name, this one.
        let former = || {
            held.address.account == *self.name && self.formerly.get(&held.address.name).is_some_and(|key| key.deliver.contains(&to.name))
        };
        if held.address == key.address || held.is_of(&record) || former() {
            return Ok(());
        }
        let message = format!("`{}` holds generation {} of `{}`: nothing was delivered", to.name, held.generation, held.address);
        let failure = Failure::new(Code::DeliverTaken, message);
        Err(failure.help("name another place, or delete what this one holds when nobody uses that key any more"))
    }

    /// Whether a place has a generation, and no call through it has shown that it works.
    fn untried(&self, generation: &Generation, to: &Name) -> bool {
        let known = generation.deliveries.get(to).filter(|known| known.unverified);
        known.zip(self.place(to)).is_some_and(|(known, place)| known.to == place.target.place())
    }

    /// Forgets the places that a key is not delivered to any more.
    pub(super) async fn forget_places(&self, key: &DesiredKey, number: u32) -> Result<(), Failure> {
        let mut record = self.record(&key.address.name);
        let Some(mut generation) = record.generation(number).cloned() else { return Ok(()) };
        generation.deliveries.retain(|name, _| key.deliver.contains(name));
        self.commit(&mut record, &generation).await
    }
}

const AGAIN: &str =
    "apply again, with `-i IDENTITY` where the provider cannot show the secret; until then the generation before stays alive";

fn failed(to: &Name, generation: &Generation, why: &str) -> Failure {
    Failure::new(Code::DeliverFailed, format!("`{to}` did not take generation {}: {why}", generation.number)).help(AGAIN)
}

/// Whether a change goes on although this was not done: the key itself is as it should be.
pub(super) fn is_open(failure: &Failure) -> bool {
    matches!(failure.code, Code::DeliverFailed | Code::DeliverPending | Code::DeliverTaken | Code::ApplyInterrupted)
}

/// Gives a secret that a person handed over to every place with an API. What each did not take.
pub async fn deliver_handed(account: &Account<'_>, name: &Name, secret: &Secret) -> Vec<Failure> {
    let mut failures = Vec::new();
    let Some(key) = account.keys.get(name).copied() else { return failures };
    for to in &key.deliver {
        let Some(generation) = current(&account.record(name)) else { break };
        match account.place(to).map(|place| &place.opening) {
            Some(Opening::Api(_) | Opening::Unusable(_)) => {
                failures.extend(account.hand_over(key, &generation, to, Some(secret)).await.err());
            }
            Some(Opening::Attended) | None => {}
        }
    }
    failures
}
