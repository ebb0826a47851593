//! Work that a person does: opened, taken over, confirmed. Each step is recorded like any other, so that a crash loses none.
use jiff::Timestamp;

use super::account::Account;
use super::failure::Failure;
use crate::diagnostics::Code;
use crate::model::{DesiredKey, DesiredState, Generation, GenerationState, KeyRecord, Name, Request, Secret, Span};
use crate::provider::{Liveness, ProviderError, Tried};

/// A secret that a person hands over, and what is known of it.
pub struct Handed {
    pub secret: Secret,
    /// The end that the person chose, where it is not the one that was asked for.
    pub expires_at: Option<Timestamp>,
    pub tried: TriedOut,
}

/// Whether a secret was seen to work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TriedOut {
    Works,
    /// The provider offers no call that could show it.
    Untriable,
    /// Accepted on the person's word.
    Unverified,
}

/// A generation that a person says is revoked, and what is known of that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revoked {
    pub number: u32,
    pub proof: Proof,
}

/// Whether a revocation was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// A call with the secret was refused.
    Refused,
    /// There was no secret to try, or no answer that decides.
    Word,
}

/// The generation of a record that a person was asked to make. A grant that was being redeemed when a run ended is none: it may have been given.
pub fn open_step(record: &KeyRecord) -> Option<&Generation> {
    let waits = |generation: &&Generation| generation.state == GenerationState::Attended && generation.asking_since.is_none();
    record.generations.iter().filter(waits).max_by_key(|generation| generation.number)
}

/// The step that only a person's request has opened, while the key has a generation in use.
pub fn withdrawable(record: &KeyRecord) -> Option<&Generation> {
    let lives = record.current().is_some_and(|current| current.state == GenerationState::Active);
    open_step(record).filter(|step| lives && step.request.is_some())
}

impl Account<'_> {
    /// Opens a piece of work: writes down what a person is to make, under a marker of its own.
    ///
    /// Expected flow: one durable record. Guarantees: a person learns a name only after it is recorded, so that no key made by it is unknown; opened
    /// again with other wishes, it keeps its marker. Assumptions: the plan asks for it. Errors: the disk, or the journal.
    pub(super) async fn open_step(&self, key: &DesiredKey, number: u32, request: Option<Request>) -> Result<(), Failure> {
        let mut record = self.record(&key.address.name);
        let now = self.now();
        let before = record.generation(number).filter(|before| before.state == GenerationState::Attended);
        let marker = before.and_then(|before| before.marker.clone()).unwrap_or_else(|| self.draw_marker());
        if before.is_some_and(|before| before.asking_since.is_some()) || before.is_none() && record.generation(number).is_some() {
            return Err(Failure::new(Code::LedgerInvalid, format!("the ledger has a generation {number} already")));
        }
        let label = marker.declared_label(&key.label);
        // Also of a step before it that was interrupted.
        let waiting = record.generations.iter().filter(|other| other.state == GenerationState::Attended && other.number <= number);
        let current = record.current().map_or(0, |current| current.number);
        let asked = waiting.filter(|other| other.number > current).filter_map(|other| other.request).max();
        let generation = Generation {
            marker: Some(marker),
            request: asked.max(request),
            options: key.options.clone(),
            expires_at: self.capabilities.expiry.end(key.expiry, now),
            ..Generation::new(number, GenerationState::Attended, label, key.scopes.clone(), now)
        };
        self.commit(&mut record, &generation).await
    }

    /// Takes over the secret that a person made: seals, records and publishes it; its predecessor retires.
    ///
    /// Expected flow: seal beside its place, durable record `sealed`, then publish as every other key. Guarantees: nothing is written before the
    /// secret was tried, or was accepted on the person's word; after a crash the next apply publishes what was sealed, or, where the ciphertext was
    /// not recorded yet, the step is open as before. Assumptions: the secret has the right form. Errors: no open step, the disk, the journal.
    async fn take_over(&self, name: &Name, handed: &Handed) -> Result<(), Failure> {
        let key = self.keys.get(name).copied().filter(|key| key.state == DesiredState::Active);
        let mut record = self.record(name);
        let (Some(key), Some(mut generation)) = (key, open_step(&record).cloned()) else {
            return Err(Failure::new(Code::FulfilNotOpen, "no key is waited for").help("see what is open with `keywright plan`"));
        };
        let now = self.now();
        // Its life begins now, not when it was asked for.
        generation.created_at = now;
        generation.expires_at =
            if self.capabilities.expiry.settable { generation.expires_at } else { self.capabilities.expiry.end(key.expiry, now) };
        generation.expires_at = handed.expires_at.or(generation.expires_at);
        match handed.tried {
            TriedOut::Works => generation.last_verified_at = Some(now),
            TriedOut::Untriable => {}
            TriedOut::Unverified => generation.unverified = true,
        }
        generation.sealed = Some(self.stage(key, &handed.secret)?);
        generation.state = GenerationState::Sealed;
        self.commit(&mut record, &generation).await?;
        self.publish(&mut record, generation.number, key.overlap).await
    }

    /// Records that a person revoked a generation. One that nobody will need again leaves the ledger: at once where the revocation was seen, else
    /// with the next apply, so that a plan has said it.
    ///
    /// Expected flow: one durable record. Guarantees: only this generation is touched. Assumptions: the caller
    /// has asked for proof where there can be any. Errors: the disk, or the journal.
    async fn confirm_revoked(&self, name: &Name, revoked: &Revoked) -> Result<(), Failure> {
        let mut record = self.record(name);
        let declared = self.keys.contains_key(name);
        let Revoked { number, proof } = *revoked;
        let current = record.current().map(|current| current.number);
        let Some(mut generation) = record.generation(number).cloned() else { return Ok(()) };
        // What nobody handed over may never have been made.
        let lived = generation.state != GenerationState::Attended;
        generation.unproven = lived && proof == Proof::Word;
        let kept = declared && current == Some(number) || generation.unproven;
        generation.state = if kept { GenerationState::Disabled } else { GenerationState::Deleted };
        generation.disable_after = None;
        generation.disabled_at = Some(self.now());
        self.commit(&mut record, &generation).await
    }

    /// Takes back what a person was asked to make, and was asked for by a person: nothing was handed over.
    ///
    /// Expected flow: one durable record. Guarantees: the generation in use stays as it is. Assumptions: there is one. Caveats: a key that was made
    /// all the same lives at the provider under the name of the step; whoever withdraws is told. Errors: no such step, the disk, the journal.
    async fn take_back(&self, name: &Name) -> Result<(), Failure> {
        let mut record = self.record(name);
        let step = withdrawable(&record).cloned();
        let Some(step) = step else { return Err(Failure::new(Code::FulfilNotOpen, "no rotation that was asked for is open")) };
        let gone = Generation { state: GenerationState::Deleted, request: None, disabled_at: Some(self.now()), ..step };
        self.commit(&mut record, &gone).await
    }

    /// Recovers a sealed generation that a person handed over: it was tried before it was sealed.
    pub(super) async fn settle_handed(&self, record: &mut KeyRecord, generation: Generation) -> Result<(), Failure> {
        let number = generation.number;
        let whole = generation
            .sealed
            .as_ref()
            .is_some_and(|sealed| self.staging().holds(&record.address, sealed) || self.staging().is_published(&record.address, sealed));
        if whole && generation.state == GenerationState::Sealed {
            let overlap = self.keys.get(&record.address.name).map_or(Span::seconds(0), |key| key.overlap);
            return self.publish(record, number, overlap).await;
        }
        // Its ciphertext is gone: the person is asked again, under the same name.
        let again = Generation { state: GenerationState::Attended, sealed: None, last_verified_at: None, unverified: false, ..generation };
        // Of a grant that is known to have been given: a person has to take it away.
        let asking_since = again.grant.as_ref().map(|grant| grant.issued_at);
        let again = Generation { asking_since, grant: None, ..again };
        self.commit(record, &again).await
    }

    /// Tries the secret of a published generation, and records when it worked.
    ///
    /// Guarantees: of a key that was neither seen to work nor refused, nothing is recorded. Errors: the disk, the journal, or a secret file that cannot be opened.
    async fn prove_again(&self, name: &Name) -> Result<Liveness, Failure> {
        let mut record = self.record(name);
        // A run that died may have put a file into place that was encrypted anew, and not have recorded it.
        self.finish_resealing(&mut record).await?;
        let current = record.current().filter(|current| current.state == GenerationState::Active).cloned();
        let Some(mut generation) = current else { return Ok(Liveness::Undecided("no secret of it is published".to_owned())) };
        if self.is_grant(&generation) {
            return self.prove_grant(name).await;
        }
        if !self.capabilities.verify {
            return Ok(Liveness::Undecided("the provider offers no call that proves a key".to_owned()));
        }
        let Some(secret) = self.plaintext(&record.address, &generation).await? else {
            return Ok(Liveness::Undecided("its secret cannot be read: name an identity with `-i`".to_owned()));
        };
        let liveness = self.try_secret(&generation, &secret).await?;
        match liveness {
            Liveness::Alive | Liveness::Lacks { worked: true, .. } => {
                (generation.last_verified_at, generation.refused_at) = (Some(self.now()), None);
                generation.unverified = generation.unverified && liveness != Liveness::Alive;
            }
            Liveness::Dead | Liveness::Expired if generation.refused_at.is_none() => generation.refused_at = Some(self.now()),
            Liveness::Dead | Liveness::Expired | Liveness::Lacks { .. } | Liveness::Undecided(_) => return Ok(liveness),
        }
        self.commit(&mut record, &generation).await?;
        Ok(liveness)
    }

    /// What calls with a secret show. What decides nothing was tried within the limits already.
    pub(super) async fn try_secret(&self, generation: &Generation, secret: &Secret) -> Result<Liveness, Failure> {
        let scopes = generation.grant.as_ref().map_or(&generation.scopes, |grant| &grant.scopes);
        let tried = Tried { id: generation.id.as_deref(), scopes, options: &generation.options };
        let bearer = self.bearer(generation, secret);
        match self.provider.try_key(&tried, bearer.as_ref().unwrap_or(secret)).await {
            Ok(liveness) => Ok(liveness),
            Err(error @ (ProviderError::Local(_) | ProviderError::Unsupported(_))) => Err(Failure::provider("try the key", error)),
            Err(error) => Ok(Liveness::Undecided(error.to_string())),
        }
    }
}

/// Takes over a secret that a person made.
pub async fn take_over(account: &Account<'_>, name: &Name, handed: &Handed) -> Result<(), Failure> {
    account.take_over(name, handed).await
}

/// Takes a rotation back that a person asked for.
pub async fn withdraw(account: &Account<'_>, name: &Name) -> Result<(), Failure> {
    account.take_back(name).await
}

/// Records that a person revoked generations of a key.
pub async fn confirm_revoked(account: &Account<'_>, name: &Name, revoked: &Revoked) -> Result<(), Failure> {
    account.confirm_revoked(name, revoked).await
}

/// Tries the published secret of a key, and records when it worked.
pub async fn prove_again(account: &Account<'_>, name: &Name) -> Result<Liveness, Failure> {
    account.prove_again(name).await
}

/// The published secret of a key, where it can be opened.
pub async fn published_secret(account: &Account<'_>, name: &Name) -> Result<Option<Secret>, Failure> {
    let record = account.record(name);
    match record.current().filter(|current| current.sealed.is_some()) {
        Some(current) => account.plaintext(&record.address, current).await,
        None => Ok(None),
    }
}

/// What calls with this secret show, as the generation that it is handed over for.
pub async fn try_out(account: &Account<'_>, generation: &Generation, secret: &Secret) -> Result<Liveness, Failure> {
    account.try_secret(generation, secret).await
}
