//! Finishes or undoes what an earlier run left: every generation that is not at rest.
use std::time::Duration;

use jiff::Timestamp;

use super::account::Account;
use super::failure::Failure;
use crate::diagnostics::Code;
use crate::model::{DesiredKey, DesiredState, Generation, GenerationState, KeyRecord, Name, ObservedKey, Span};
use crate::provider::Created;

/// How long apply itself waits for a provider to become consistent.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);
/// The longest that a create can be under way.
const CALL: Duration = crate::provider::CREATE_LIMIT;

impl Account<'_> {
    /// Recovers every unfinished generation of one key.
    pub(super) async fn recover(&self, name: &Name) -> Result<(), Failure> {
        let mut record = self.record(name);
        let key = self.declaration(name);
        self.finish_resealing(&mut record).await?;
        self.settle_switching(&mut record).await?;
        let unfinished: Vec<u32> =
            record.generations.iter().filter(|generation| generation.state.is_unfinished()).map(|generation| generation.number).collect();
        for number in unfinished {
            self.recover_generation(key, &mut record, number).await?;
        }
        if self.attended {
            return Ok(());
        }
        self.disable_strays(&mut record).await
    }

    /// Disables live keys that bear a marker of the record and that no record knows: one create delivered twice, the second time late.
    ///
    /// Expected flow: each is recorded as a lost generation of its own, then disabled. Guarantees: the generation that has the marker and its own
    /// id is not touched. Assumptions: the generations of the record have been recovered. Caveats: whoever puts our marker on a key of theirs by
    /// hand loses it. Errors: provider and disk; what was recorded is tried again by the next run.
    async fn disable_strays(&self, record: &mut KeyRecord) -> Result<(), Failure> {
        if record.generations.iter().all(|generation| generation.marker.is_none()) {
            return Ok(());
        }
        let listed = self.provider.list().await.map_err(|error| Failure::provider("look for twins", error))?;
        let mut strays = super::strays(self.records.borrow().values(), &listed);
        for marked in record.generations.clone() {
            for id in marked.marker.as_ref().and_then(|marker| strays.remove(marker)).into_iter().flatten() {
                self.disable_twin(record, marked.clone(), &id).await?;
            }
        }
        Ok(())
    }

    /// Records one more key of a marker, and disables it.
    async fn disable_twin(&self, record: &mut KeyRecord, marked: Generation, id: &str) -> Result<(), Failure> {
        self.surroundings
            .progress(self.name, &format!("{}: a second live key bears `{}`: disabling `{}`", record.address, marked.label, id));
        let number = record.next_number();
        let extra = Generation {
            id: Some(id.to_owned()),
            marker: marked.marker,
            options: marked.options,
            expires_at: marked.expires_at,
            ..Generation::new(number, GenerationState::Lost, marked.label, marked.scopes, marked.created_at)
        };
        self.commit(record, &extra).await?;
        self.abandon(record, extra.number).await
    }

    /// Whether a generation still stands in the way of a new one. An ambiguous one no longer does when the provider's list has settled.
    pub(super) fn is_open(&self, generation: &Generation) -> bool {
        generation.state.is_unfinished() && !generation.is_settled(self.capabilities.consistency, self.now())
    }

    /// Finishes or undoes one generation.
    ///
    /// Expected flow: an intent is looked for by its marker; a created key whose secret can be read again is sealed, any other is disabled; a
    /// sealed key is verified and published when its plaintext is to be had, otherwise disabled. Guarantees: the published generation of the
    /// key is not touched; afterwards no live key bears the marker unless it is the published one. Assumptions: `key` is absent when the
    /// manifests no longer want the key, and then nothing is finished. Caveats: an intent that is not found stays `ambiguous` and is looked
    /// for at every run, since a listing may lag. Errors: provider and disk; the state in the ledger stays as it was.
    pub(super) async fn recover_generation(&self, key: Option<&DesiredKey>, record: &mut KeyRecord, number: u32) -> Result<(), Failure> {
        let generation = record.generation(number).expect("the number was taken from this record").clone();
        if self.attended {
            return self.settle_handed(record, generation).await;
        }
        let wanted = key.filter(|key| key.state == DesiredState::Active && !record.supersedes(&generation));
        // What a ledger edited by hand may lack sends a generation back to the step that finds it.
        let state = match generation.state {
            GenerationState::Created | GenerationState::Sealed | GenerationState::Lost if generation.id.is_none() => {
                GenerationState::Intended
            }
            GenerationState::Sealed if generation.sealed.is_none() => GenerationState::Created,
            state => state,
        };
        match state {
            GenerationState::Intended | GenerationState::Ambiguous => self.settle_intent(wanted, record, generation).await,
            GenerationState::Created => self.settle_created(wanted, record, generation).await,
            GenerationState::Sealed => self.settle_sealed(wanted, record, generation).await,
            GenerationState::Lost => self.abandon(record, number).await,
            GenerationState::Active
            | GenerationState::Retiring
            | GenerationState::Disabled
            | GenerationState::Deleted
            | GenerationState::Attended
            | GenerationState::Vanished
            | GenerationState::Expired => Ok(()),
        }
    }

    /// When the provider's list begins to tell the truth about an intent: its consistency time after the last instant at which the call can
    /// have been under way. Whoever asks does so after the call, or after the process that made it.
    pub(super) fn settles(&self, generation: &Generation) -> Timestamp {
        let now = self.now();
        let over = generation.created_at.checked_add(CALL).unwrap_or(now).min(now);
        over.checked_add(self.capabilities.consistency.duration()).unwrap_or(over)
    }

    async fn settle_intent(&self, wanted: Option<&DesiredKey>, record: &mut KeyRecord, generation: Generation) -> Result<(), Failure> {
        if self.capabilities.label.none {
            return self.settle_unmarked(record, generation).await;
        }
        let mut found = self.bearing_marker(&generation).await?;
        let settles = generation.settles_at.unwrap_or_else(|| self.settles(&generation));
        let mut settled = settles <= self.now();
        if found.is_empty() && !settled {
            let wait = Duration::try_from(self.now().duration_until(settles)).unwrap_or_default();
            if wait <= PATIENCE {
                self.surroundings
                    .progress(self.name, &format!("{}: waiting {} s for the provider's list to settle", record.address, wait.as_secs()));
                self.surroundings.wait(wait).await;
                found = self.bearing_marker(&generation).await?;
                settled = true;
            }
        }
        let Some(first) = found.first().cloned() else {
            let late = Generation { state: GenerationState::Ambiguous, settles_at: Some(settles), ..generation };
            if record.generation(late.number) != Some(&late) {
                self.commit(record, &late).await?;
            }
            if settled {
                return Ok(());
            }
            return Err(Failure::new(Code::PlanAmbiguous, format!("whether generation {} was created is not known yet", late.number))
                .help("apply again when the provider's list has settled"));
        };
        // One request delivered twice: all but the first are recorded and disabled.
        for twin in &found[1..] {
            self.disable_twin(record, generation.clone(), &twin.id).await?;
        }
        let created = Generation { state: GenerationState::Created, id: Some(first.id.clone()), settles_at: None, ..generation };
        self.commit(record, &created).await?;
        self.settle_created(wanted, record, created).await
    }

    async fn settle_created(&self, wanted: Option<&DesiredKey>, record: &mut KeyRecord, generation: Generation) -> Result<(), Failure> {
        let id = generation.id.clone().expect("a created generation has its id");
        let Some(key) = wanted.filter(|_| self.capabilities.reveal) else { return self.abandon(record, generation.number).await };
        let Some(observed) = self.look(&id).await.map_err(|error| Failure::provider("read the key back", error))? else {
            return self.abandon(record, generation.number).await;
        };
        let bears = self.capabilities.label.none || observed.marker() == generation.marker;
        if observed.own || !bears {
            let message =
                format!("the ledger calls `{}` generation {}, and it does not bear that marker", id.escape_debug(), generation.number);
            return Err(Failure::new(Code::LedgerInvalid, message).help("look at the ledger and the journal: nothing was done to the key"));
        }
        let secret = self.provider.reveal(&id).await.map_err(|error| Failure::provider("read the secret again", error))?;
        if secret.is_none() {
            return self.abandon(record, generation.number).await;
        }
        self.created(key, record, generation, Created { key: observed, secret }).await
    }

    async fn settle_sealed(&self, wanted: Option<&DesiredKey>, record: &mut KeyRecord, generation: Generation) -> Result<(), Failure> {
        let sealed = generation.sealed.clone().expect("a sealed generation has its digest");
        let whole = self.staging().holds(&record.address, &sealed);
        if self.staging().is_published(&record.address, &sealed) {
            // The file in place is already this one: the predecessor's is gone, so there is no way back.
            return self.publish(record, generation.number, wanted.map_or(Span::seconds(0), |key| key.overlap)).await;
        }
        let wanted = wanted.filter(|key| key.options == generation.options && self.read_back().same(&key.scopes, &generation.scopes));
        let (Some(key), true) = (wanted, whole) else {
            let created = Generation { state: GenerationState::Created, sealed: None, ..generation };
            return self.settle_created(wanted, record, created).await;
        };
        // Somebody may have ended it since, or nobody has ever shown it.
        let id = generation.id.as_deref().expect("a sealed generation has its id");
        let seen = self.look_until(id, Option::is_some).await.map_err(|error| Failure::provider("read the sealed key back", error))?;
        let Some(seen) = seen.filter(|seen| seen.enabled != Some(false)) else {
            return self.abandon(record, generation.number).await;
        };
        if generation.last_verified_at.is_some() || !self.capabilities.verify {
            if generation.last_verified_at.is_none() {
                // Nobody may have looked at it yet.
                if self.unlike(&generation, &seen).is_some() {
                    return self.abandon(record, generation.number).await;
                }
                let mut taken = generation.clone();
                self.take(key, &record.address, &mut taken, &seen);
                if taken != generation {
                    self.commit(record, &taken).await?;
                }
            }
            return self.publish(record, generation.number, key.overlap).await;
        }
        match self.plaintext(&record.address, &generation).await? {
            Some(secret) => self.verify_and_publish(key, record, generation, &secret).await,
            None => self.abandon(record, generation.number).await,
        }
    }

    /// Live keys that bear a generation's marker, or its id.
    pub(super) async fn bearing_marker(&self, generation: &Generation) -> Result<Vec<ObservedKey>, Failure> {
        let listed = self.provider.list().await.map_err(|error| Failure::provider("look for the marker", error))?;
        let known = self.records.borrow();
        let others: Vec<&str> = known
            .values()
            .flat_map(|record| &record.generations)
            .filter(|other| (other.number, &other.marker) != (generation.number, &generation.marker))
            .filter_map(|other| other.id.as_deref())
            .collect();
        let bears = |key: &ObservedKey| generation.marker.is_some() && key.marker() == generation.marker && !key.own;
        Ok(listed.into_iter().filter(|key| bears(key) && !others.contains(&key.id.as_str())).collect())
    }

    /// Takes an unpublished generation out of use. It is recorded as lost before the provider is asked, so that it cannot be forgotten.
    pub(super) async fn abandon(&self, record: &mut KeyRecord, number: u32) -> Result<(), Failure> {
        let mut generation = record.generation(number).expect("the number was taken from this record").clone();
        let staged = generation.sealed.take();
        generation.state = GenerationState::Lost;
        self.commit(record, &generation).await?;
        if let Some(sealed) = staged {
            self.staging().drop(&record.address, &sealed)?;
        }
        self.switch_off(record, number).await
    }

    /// Puts a secret file that was being encrypted anew into place, or forgets it.
    pub(super) async fn finish_resealing(&self, record: &mut KeyRecord) -> Result<(), Failure> {
        for mut generation in record.generations.clone() {
            let Some(next) = generation.resealing.take() else { continue };
            if self.staging().holds(&record.address, &next) || self.staging().is_published(&record.address, &next) {
                self.staging().publish(&record.address, &next)?;
                generation.named_after = None;
                generation.sealed = Some(next);
            }
            self.commit(record, &generation).await?;
        }
        Ok(())
    }
}
