//! Disables and enables a generation. That it is being asked is durable before it is asked: a provider may never tell what it did.
use super::account::Account;
use super::failure::Failure;
use crate::diagnostics::Code;
use crate::model::{Address, Generation, GenerationState, KeyRecord, Name, ObservedKey, Switching};
use crate::plan::EditField;
use crate::profile::Disable;
use crate::provider::{Liveness, ProviderError};

impl Account<'_> {
    /// Disables a generation, proves it, and records it.
    ///
    /// Expected flow: mark a current one as `disabling`, ask, read back, record. Guarantees: it is recorded as disabled only when the provider
    /// says so, or when the key's own secret is refused as dead. Assumptions: the generation is in the ledger. Caveats: where the provider never
    /// tells and cannot be tried, its acceptance is taken, and said; whatever is not current is asked for again until it is recorded, and needs
    /// no mark. Errors: the provider still shows the key as enabled.
    pub(super) async fn switch_off(&self, record: &mut KeyRecord, number: u32) -> Result<(), Failure> {
        let mut generation = record.generation(number).expect("the number was taken from this record").clone();
        let address = record.address.clone();
        if generation.id.is_none() && generation.state == GenerationState::Ambiguous {
            // Never seen: it stays ambiguous, so that it is disabled whenever it shows up.
            return Ok(());
        }
        if let Some(id) = generation.id.clone() {
            if generation.state == GenerationState::Active {
                self.mark(record, &mut generation, Switching::Disabling).await?;
            }
            let asked = match self.capabilities.disable {
                Disable::Reversible | Disable::Final => self.provider.set_enabled(&id, false, generation.expires_at).await,
                Disable::None => self.provider.delete(&id).await,
            };
            self.unmark_unsent(record, &mut generation, &asked).await?;
            let off = |observed: &Option<ObservedKey>| observed.as_ref().is_none_or(|observed| observed.enabled != Some(true));
            let after = match &asked {
                Ok(()) => self.look_until(&id, off).await,
                Err(_) => self.look(&id).await,
            };
            let gone = match (&asked, &after) {
                (Ok(()) | Err(ProviderError::NotFound(_)), Ok(None)) => true,
                (Err(error), Ok(None)) => return Err(Failure::provider("disable the key", error.clone())),
                (_, Ok(Some(key))) => match (key.enabled, &asked) {
                    (Some(false), _) => false,
                    (Some(true), Ok(())) => {
                        self.unmark(record, &mut generation).await?;
                        return Err(Failure::new(
                            Code::ProviderNotApplied,
                            format!("the provider accepted to disable generation {number} of `{address}` and still shows it as enabled"),
                        ));
                    }
                    (Some(true), Err(error)) => {
                        self.unmark(record, &mut generation).await?;
                        return Err(Failure::provider("disable the key", error.clone()));
                    }
                    (None, _) => {
                        self.prove_dead(&address, &generation, asked).await?;
                        false
                    }
                },
                (Ok(()), Err(error)) => return Err(Failure::provider("read back whether the key is disabled", error.clone())),
                (Err(error), Err(_)) => return Err(Failure::provider("disable the key", error.clone())),
            };
            if let Ok(Some(key)) = &after {
                generation.last_used_at = key.last_used_at.or(generation.last_used_at);
            }
            if gone {
                self.surroundings.progress(self.name, &format!("{address}: generation {number} no longer exists at the provider"));
            }
        }
        let now = self.now();
        let delete_after = self.delete_after(&address.name, &generation);
        if generation.state != GenerationState::Deleted {
            generation.state = GenerationState::Disabled;
        }
        generation.switching = None;
        generation.disable_after = None;
        generation.disabled_at = Some(now);
        generation.delete_after = delete_after;
        self.commit(record, &generation).await
    }

    /// The provider does not tell whether a key is enabled: the key's own secret decides, where it is to be had.
    async fn prove_dead(&self, address: &Address, generation: &Generation, asked: Result<(), ProviderError>) -> Result<(), Failure> {
        asked.map_err(|error| Failure::provider("disable the key", error))?;
        match self.liveness(address, generation).await? {
            Liveness::Dead | Liveness::Expired => Ok(()),
            Liveness::Alive | Liveness::Lacks { .. } => Err(Failure::new(
                Code::ProviderNotApplied,
                format!("the provider accepted to disable generation {} of `{address}`, and its secret still works", generation.number),
            )),
            Liveness::Undecided(_) if self.capabilities.told.enabled => Err(Failure::new(
                Code::ProviderNotApplied,
                format!(
                    "the provider accepted to disable generation {} of `{address}`, and does not tell any more whether it is enabled",
                    generation.number
                ),
            )),
            Liveness::Undecided(why) => {
                self.surroundings
                    .progress(self.name, &format!("{address}: the provider accepted the disabling; it cannot be confirmed: {why}"));
                Ok(())
            }
        }
    }

    /// Enables a disabled generation, proves it, and records it.
    ///
    /// Expected flow: mark it as `enabling`, ask, read back, record. Guarantees: it is recorded as active only when the provider shows it so, or
    /// does not say and its secret is not refused. Assumptions: it was published. Caveats: as for disabling. Errors: the provider still shows it as
    /// disabled; then the ledger remembers not to ask again, and the mark stays where it may live all the same. Or it has changed more than
    /// that, and more than the fields that the plan edits besides (`edited`).
    pub(super) async fn switch_on(&self, name: &Name, number: u32, edited: &[EditField]) -> Result<(), Failure> {
        let mut record = self.record(name);
        let (mut generation, id) = self.known(&record, number)?;
        self.mark(&mut record, &mut generation, Switching::Enabling).await?;
        let asked = self.provider.set_enabled(&id, true, generation.expires_at).await;
        self.unmark_unsent(&mut record, &mut generation, &asked).await?;
        if let Err(error) = &asked
            && !error.may_have_acted()
        {
            if matches!(error, ProviderError::Refused(_)) {
                // One that was never disabled after all, which only its own secret tells, has nothing refused to it.
                let untold = matches!(self.look(&id).await, Ok(Some(ObservedKey { enabled: None, .. })));
                if untold && matches!(self.liveness(&record.address, &generation).await, Ok(Liveness::Alive | Liveness::Lacks { .. })) {
                    return self.switched_on(&mut record, generation).await;
                }
                self.remember_uneditable(&mut record, generation, Generation::STATE_FIELD).await?;
            }
            return Err(Failure::provider("enable the key", error.clone()));
        }
        let on = |observed: &Option<ObservedKey>| observed.as_ref().is_some_and(|observed| observed.enabled != Some(false));
        let observed = self.look_until(&id, on).await.map_err(|error| Failure::provider("read back whether the key is enabled", error))?;
        let told = observed.as_ref().map(|key| key.enabled);
        let enabled = match told {
            Some(Some(enabled)) => enabled,
            Some(None) => match self.liveness(&record.address, &generation).await? {
                Liveness::Alive | Liveness::Lacks { .. } => true,
                Liveness::Dead | Liveness::Expired => false,
                Liveness::Undecided(why) => {
                    // The mark stays: the next plan asks again.
                    asked.map_err(|error| Failure::provider("enable the key", error))?;
                    self.surroundings.progress(
                        self.name,
                        &format!("{}: the provider accepted the enabling; it cannot be confirmed: {why}", record.address),
                    );
                    true
                }
            },
            None => false,
        };
        if !enabled {
            if told != Some(None) {
                generation.switching = None;
            }
            self.remember_uneditable(&mut record, generation, Generation::STATE_FIELD).await?;
            return Err(Failure::new(
                Code::ProviderNotApplied,
                format!("the provider accepted to enable `{}` and still shows it as disabled", record.address),
            )
            .help("apply again: the next plan creates a new generation instead"));
        }
        self.switched_on(&mut record, generation).await?;
        observed.map_or(Ok(()), |observed| self.unchanged_otherwise("enable", &observed, edited))
    }

    async fn switched_on(&self, record: &mut KeyRecord, mut generation: Generation) -> Result<(), Failure> {
        let name = record.address.name.clone();
        generation.state = GenerationState::Active;
        generation.switching = None;
        generation.disabled_at = None;
        generation.delete_after = None;
        // What was retiring has carried the load until now, and gets the whole overlap.
        let overlap = self.declaration(&name).and_then(|key| self.now().checked_add(key.overlap.duration()).ok());
        for mut other in record.generations.clone().into_iter().filter(|other| other.state == GenerationState::Retiring) {
            other.disable_after = overlap.or(other.disable_after);
            self.journal.record(self.now(), record, &other, Vec::new()).await?;
            record.put(other);
        }
        self.commit(record, &generation).await
    }

    async fn remember_uneditable(&self, record: &mut KeyRecord, mut generation: Generation, field: &str) -> Result<(), Failure> {
        if !generation.uneditable.iter().any(|known| known == field) {
            generation.uneditable.push(field.to_owned());
        }
        self.commit(record, &generation).await
    }

    /// Writes down what is about to be asked.
    async fn mark(&self, record: &mut KeyRecord, generation: &mut Generation, switching: Switching) -> Result<(), Failure> {
        if generation.switching == Some(switching) {
            return Ok(());
        }
        generation.switching = Some(switching);
        self.commit(record, generation).await
    }

    /// The provider shows how the asking ended.
    async fn unmark(&self, record: &mut KeyRecord, generation: &mut Generation) -> Result<(), Failure> {
        if generation.switching.take().is_none() {
            return Ok(());
        }
        self.commit(record, generation).await
    }

    /// What was never sent changed nothing.
    async fn unmark_unsent(
        &self,
        record: &mut KeyRecord,
        generation: &mut Generation,
        asked: &Result<(), ProviderError>,
    ) -> Result<(), Failure> {
        match asked {
            Err(error) if !error.was_sent() => self.unmark(record, generation).await,
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Ends the marks of an interrupted apply where the provider tells what came of it. Where it does not, the plan asks again.
    pub(super) async fn settle_switching(&self, record: &mut KeyRecord) -> Result<(), Failure> {
        for mut generation in record.generations.clone() {
            let (Some(_), Some(id)) = (generation.switching, generation.id.clone()) else { continue };
            let seen = self.look(&id).await.map_err(|error| Failure::provider("read whether the key is enabled", error))?;
            match seen.and_then(|key| key.enabled) {
                Some(true) if generation.switching == Some(Switching::Enabling) => self.switched_on(record, generation).await?,
                Some(_) => self.unmark(record, &mut generation).await?,
                None => {}
            }
        }
        Ok(())
    }
}
