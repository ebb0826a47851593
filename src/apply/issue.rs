//! Issues one generation: intent, create, seal, verify, publish.
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::account::Account;
use super::failure::Failure;
use super::recovery::PATIENCE;
use crate::diagnostics::{Code, Diagnostic};
use crate::model::key::same_option;
use crate::model::{Address, DesiredKey, Generation, GenerationState, KeyRecord, ObservedKey, Options, Request, Secret};
use crate::profile::{Disable, Told};
use crate::provider::{CreateRequest, Created, Liveness, ProviderError};

/// Another end than asked is said from this difference on: what is counted from the instant of the request is never exact.
const WORTH_SAYING: SignedDuration = SignedDuration::from_mins(1);

/// How far the provider's clock may be from ours.
const SKEW: SignedDuration = SignedDuration::from_mins(5);

impl Account<'_> {
    /// Issues the next generation of a key and publishes its secret. `request`: what a person asked for; the ledger keeps it.
    ///
    /// Expected flow: durable intent with a fresh marker → create, sent once → seal → verify → publish. Guarantees: a key that may exist at the
    /// provider is in the ledger with its marker before it can exist; the predecessor is not touched. Assumptions: preflight passed, recovery
    /// ran. Caveats: a lost answer is settled at once by looking for the marker, and then the create is made anew, once. Errors: whatever
    /// stopped it; the state in the ledger says how far it came, and the next apply goes on from there.
    pub(super) async fn issue(&self, key: &DesiredKey, request: Option<Request>) -> Result<(), Failure> {
        let Some(failure) = self.issue_once(key, request).await? else { return Ok(()) };
        if self.surroundings.stopping() {
            return Err(failure.help("apply again: a signal asked to stop before it was created anew"));
        }
        self.surroundings.progress(self.name, &format!("{}: {failure}; creating it anew", key.address));
        match self.issue_once(key, request).await? {
            None => Ok(()),
            Some(failure) => Err(failure.help("apply again: every attempt is recorded, and what shows up late is disabled")),
        }
    }

    /// One attempt. `Some`: the answer was lost, and what became of it is settled: nothing usable.
    async fn issue_once(&self, key: &DesiredKey, request: Option<Request>) -> Result<Option<Failure>, Failure> {
        let mut record = self.record(&key.address.name);
        let now = self.now();
        let marker = self.draw_marker();
        let label = marker.declared_label(&key.label);
        let generation = Generation {
            marker: Some(marker),
            request,
            options: key.options.clone(),
            expires_at: self.capabilities.expiry.end(key.expiry, now),
            beside: self.beside().await?,
            ..Generation::new(record.next_number(), GenerationState::Intended, label, key.scopes.clone(), now)
        };
        let number = generation.number;
        if record.generation(number).is_some() {
            return Err(Failure::new(Code::LedgerInvalid, format!("the ledger's generation {number} leaves no room for another")));
        }
        self.commit(&mut record, &generation).await?;

        let request = CreateRequest {
            label: generation.label.clone(),
            scopes: generation.scopes.clone(),
            // Where the provider cannot expire keys, the end stands in the ledger alone, and the plan enforces it.
            expires_at: generation.expires_at.filter(|_| self.capabilities.expiry.settable),
            options: generation.options.clone(),
        };
        match self.provider.create(&request).await {
            Ok(created) => self.created(key, &mut record, generation, created).await.map(|()| None),
            Err(error) if error.was_sent() && !error.may_have_acted() && self.is_unseen(&generation).await => {
                self.withdraw(&mut record, &generation).await?;
                Err(Failure::provider("create the key", error))
            }
            Err(error) if error.was_sent() => {
                let what = if self.capabilities.label.none { "what it has made" } else { "its marker" };
                self.surroundings.progress(self.name, &format!("{}: {error}; looking for {what}", key.address));
                let looked = self.recover_generation(Some(key), &mut record, number).await;
                let state = record.generation(number).map(|generation| generation.state);
                let refused = !error.may_have_acted();
                let unseen = matches!(state, Some(GenerationState::Intended | GenerationState::Ambiguous));
                // A credential that is refused has not made a key, unless something is listed that it may have made.
                let dead = matches!(error, ProviderError::Unauthenticated(_)) && !self.capabilities.label.none;
                if refused && unseen && (looked.is_ok() || dead) {
                    self.withdraw(&mut record, &generation).await?;
                    return Err(Failure::provider("create the key", error));
                }
                looked?;
                let what = if refused { "create the key" } else { "learn whether the key was created" };
                Ok((state != Some(GenerationState::Active)).then(|| Failure::provider(what, error)))
            }
            Err(error) => {
                self.withdraw(&mut record, &generation).await?;
                Err(Failure::provider("create the key", error))
            }
        }
    }

    /// Goes on from a created key, with or without its secret: seal it before anything else can fail.
    pub(super) async fn created(
        &self,
        key: &DesiredKey,
        record: &mut KeyRecord,
        mut generation: Generation,
        created: Created,
    ) -> Result<(), Failure> {
        if self.was_there(&generation, &created.key).await {
            let message = format!("the provider answered the create with `{}`, a key that was there before", created.key.id);
            return Err(Failure::new(Code::ProviderNotApplied, message)
                .help("nothing was done to that key; the next apply looks for what the create has made, if anything"));
        }
        generation.id = Some(created.key.id.clone());
        generation.beside.clear();
        // Some things a provider tells once, in this answer alone.
        if let Some(field) = self.unlike_in_value(&generation, &created.key, &Told::default()) {
            generation.state = GenerationState::Created;
            self.commit(record, &generation).await?;
            return Err(self.not_applied(record, generation.number, field).await?);
        }
        let secret = match created.secret {
            Some(secret) => Some(secret),
            None => {
                generation.state = GenerationState::Created;
                self.commit(record, &generation).await?;
                self.plaintext(&record.address, &generation).await?
            }
        };
        let Some(secret) = secret else {
            self.abandon(record, generation.number).await?;
            return Err(Failure::new(
                Code::ProviderUnanswered,
                "the provider created the key without telling its secret; it was disabled again",
            )
            .help("apply again to create it anew"));
        };
        match self.stage(key, &secret) {
            Ok(sealed) => generation.sealed = Some(sealed),
            Err(failure) => {
                generation.state = GenerationState::Created;
                self.commit(record, &generation).await?;
                return Err(failure);
            }
        }
        generation.state = GenerationState::Sealed;
        self.commit(record, &generation).await?;
        let number = generation.number;
        self.verify_and_publish(key, record, generation, &secret).await?;
        self.keep(key, number, secret);
        Ok(())
    }

    /// Whether an answer to a create is about a key that the create cannot have made: one of another record, or one without the marker that was
    /// listed before, or is older than the intent.
    async fn was_there(&self, intent: &Generation, key: &ObservedKey) -> bool {
        let id = Some(key.id.as_str());
        let recorded = |record: &KeyRecord| {
            let own = record.generations.iter().any(|generation| generation.marker == intent.marker);
            record.generations.iter().any(|generation| generation.id.as_deref() == id && !(own && generation.number == intent.number))
        };
        if self.records.borrow().values().any(recorded) || intent.beside.contains(&key.id) {
            return true;
        }
        let is_ours = |key: &ObservedKey| self.capabilities.label.none || key.marker() == intent.marker;
        if is_ours(key) {
            return false;
        }
        // The answer to a create may say less than the key itself.
        match self.look(&key.id).await {
            Ok(Some(seen)) => {
                let older = seen.created_at.is_some_and(|at| at.checked_add(SKEW).is_ok_and(|at| at < intent.created_at));
                !is_ours(&seen) && (self.listed.contains_key(&key.id) || older)
            }
            Ok(None) => false,
            Err(_) => self.listed.contains_key(&key.id),
        }
    }

    /// Reads a sealed key back, proves its secret, then publishes it.
    pub(super) async fn verify_and_publish(
        &self,
        key: &DesiredKey,
        record: &mut KeyRecord,
        mut generation: Generation,
        secret: &Secret,
    ) -> Result<(), Failure> {
        let id = generation.id.clone().expect("a sealed generation has its id");
        let shown = |observed: &Option<ObservedKey>| observed.as_ref().is_some_and(|observed| self.unlike(&generation, observed).is_none());
        let observed = self.look_until(&id, shown).await.map_err(|error| Failure::provider("read the key back", error))?;
        let Some(observed) = observed else {
            let message = format!("the provider created generation {} of `{}` and does not show it", generation.number, record.address);
            return Err(Failure::new(Code::ProviderNotApplied, message)
                .help("apply again later: it is sealed and not published, and the key in use is untouched"));
        };
        if let Some(field) = self.unlike(&generation, &observed) {
            return Err(self.not_applied(record, generation.number, field).await?);
        }
        self.take(key, &record.address, &mut generation, &observed);
        if !self.capabilities.verify && record.generation(generation.number) != Some(&generation) {
            // Publishing is not one step: a crash within it must not forget what came back.
            self.commit(record, &generation).await?;
        }
        if self.capabilities.verify {
            match self.prove(&id, secret).await? {
                Liveness::Alive | Liveness::Lacks { .. } => {
                    generation.last_verified_at = Some(self.now());
                    self.commit(record, &generation).await?;
                }
                Liveness::Dead | Liveness::Expired => {
                    self.abandon(record, generation.number).await?;
                    return Err(Failure::new(
                        Code::ProviderVerifyFailed,
                        "the provider refuses the new key as dead; it was disabled again",
                    ));
                }
                Liveness::Undecided(why) => {
                    return Err(Failure::new(
                        Code::ProviderVerifyUndecided,
                        format!("the new key is sealed but could not be tried: {why}"),
                    )
                    .help("apply again later; the key in use is untouched"));
                }
            }
        }
        let number = generation.number;
        record.put(generation);
        self.publish(record, number, key.overlap).await
    }

    /// Takes a new key out of use that is not as it was asked for.
    async fn not_applied(&self, record: &mut KeyRecord, number: u32, field: &str) -> Result<Failure, Failure> {
        self.abandon(record, number).await?;
        let message = format!("the provider created the key with another {field} than asked; it was disabled again");
        Ok(Failure::new(Code::ProviderNotApplied, message))
    }

    /// Takes over what the provider made of a new key, as far as its profile allows that.
    pub(super) fn take(&self, key: &DesiredKey, address: &Address, generation: &mut Generation, observed: &ObservedKey) {
        generation.reported_scopes = self.read_back().kept(&generation.scopes, observed.scopes.as_ref());
        self.take_end(key, address, generation, observed.expires_at);
    }

    /// Takes over the end that the provider grants, and says so where it is not the asked one. `told`: as the provider reports it.
    pub(super) fn take_end(&self, key: &DesiredKey, address: &Address, generation: &mut Generation, told: Option<Option<Timestamp>>) {
        let expiry = &self.capabilities.expiry;
        let asked = expiry.end(key.expiry, generation.created_at);
        generation.clamped = told.filter(|end| expiry.settable && expiry.is_clamped(asked, *end)).map(|_| key.expiry);
        let Some(granted) = told.filter(|granted| self.capabilities.expiry.settable && *granted != generation.expires_at) else { return };
        let said = |end: Option<Timestamp>| end.map_or_else(|| "never".to_owned(), |end| end.to_string());
        let message = format!(
            "`{}` ends generation {} of `{address}` at {}, asked was {}",
            self.provider_name,
            generation.number,
            said(granted),
            said(generation.expires_at)
        );
        let near = |asked: Timestamp, granted: Timestamp| asked.duration_since(granted).abs() < WORTH_SAYING;
        let trifling = generation.expires_at.zip(granted).is_some_and(|(asked, granted)| near(asked, granted));
        generation.expires_at = granted;
        if trifling {
            return;
        }
        let diagnostic = Diagnostic::warning(Code::ProviderExpiryAdjusted, message);
        self.notices
            .borrow_mut()
            .push(diagnostic.help("nothing is to be done: the profile allows the difference, and the ledger has the end that counts"));
    }

    /// Tries a new key; a refusal counts only once the provider's consistency time has passed.
    async fn prove(&self, id: &str, secret: &Secret) -> Result<Liveness, Failure> {
        let mut wait = self.capabilities.consistency.as_seconds().min(10);
        loop {
            let liveness = self.provider.verify(id, secret).await.or_else(|error| match error {
                ProviderError::Local(_) | ProviderError::Unsupported(_) => Err(Failure::provider("try the new key", error)),
                ProviderError::Unauthenticated(_)
                | ProviderError::Forbidden(_)
                | ProviderError::NotFound(_)
                | ProviderError::Refused(_)
                | ProviderError::Throttled(_)
                | ProviderError::Unreachable(_)
                | ProviderError::Unanswered(_) => Ok(Liveness::Undecided(error.to_string())),
            })?;
            if !matches!(liveness, Liveness::Dead | Liveness::Expired) || wait == 0 {
                return Ok(liveness);
            }
            self.surroundings.wait(Duration::from_secs(1)).await;
            wait -= 1;
        }
    }

    /// What the provider now says of a key: by its id where that can be asked, otherwise in the list. That it does not exist is believed only when
    /// the list lacks it, too: whoever stands between may know nothing of it.
    pub(super) async fn look(&self, id: &str) -> Result<Option<ObservedKey>, ProviderError> {
        let lives = |key: ObservedKey| if self.capabilities.disable == Disable::None { key.ending_by_delete(self.now()) } else { key };
        if self.capabilities.get
            && let Some(found) = self.provider.get(id).await?
        {
            return Ok(Some(lives(found)));
        }
        let found = self.provider.list().await?.into_iter().find(|key| key.id == id);
        match found.as_ref().and_then(|key| key.unread.clone()) {
            Some(why) => Err(ProviderError::Unanswered(why)),
            None => Ok(found.map(lives)),
        }
    }

    /// The same; what does not show yet what it should is looked at once more when the provider's consistency time has passed.
    pub(super) async fn look_until(
        &self,
        id: &str,
        shown: impl Fn(&Option<ObservedKey>) -> bool,
    ) -> Result<Option<ObservedKey>, ProviderError> {
        let observed = self.look(id).await?;
        let wait = Duration::from_secs(self.capabilities.consistency.as_seconds()).min(PATIENCE);
        if shown(&observed) || wait.is_zero() {
            return Ok(observed);
        }
        self.surroundings.wait(wait).await;
        self.look(id).await
    }

    /// The first field that differs between what was asked for and what the provider says.
    pub(super) fn unlike(&self, asked: &Generation, observed: &ObservedKey) -> Option<&'static str> {
        if observed.untouchable {
            return Some("meaning: it is nothing that anybody may touch");
        }
        let told = &self.capabilities.told;
        if let Some(field) = self.unlike_in_value(asked, observed, told) {
            return Some(field);
        }
        if observed.label != asked.label {
            return Some("label");
        }
        match observed.enabled {
            Some(false) => Some("state: it is disabled"),
            None if told.enabled => Some("state (it tells none)"),
            Some(true) | None => None,
        }
    }

    /// The same for what an answer to a create tells, too. `told`: what has to be told.
    fn unlike_in_value(&self, asked: &Generation, observed: &ObservedKey, told: &Told) -> Option<&'static str> {
        match &observed.scopes {
            Some(scopes) if !self.read_back().is_created(&asked.scopes, scopes) => return Some("set of scopes"),
            None if told.scopes => return Some("set of scopes (it tells none)"),
            Some(_) | None => {}
        }
        let expiry = &self.capabilities.expiry;
        let is_granted = |end: Option<Timestamp>| {
            let lives = end.is_none_or(|end| end > self.now());
            lives && (expiry.agrees(asked.expires_at, end) || expiry.is_clamped(asked.expires_at, end))
        };
        match observed.expires_at {
            Some(end) if expiry.settable && !is_granted(end) => return Some("expiry"),
            None if expiry.settable && told.expiry && asked.expires_at.is_some() => return Some("expiry (it tells none)"),
            Some(_) | None => {}
        }
        (!options_agree(told, &asked.options, &observed.options)).then_some("set of options")
    }
}

/// Whether every option that was asked for and that the provider tells is as asked; one that it should tell and does not is not set.
pub(super) fn options_agree(told: &Told, asked: &Options, observed: &Options) -> bool {
    asked.iter().all(|(name, value)| match observed.get(name) {
        Some(seen) => same_option(seen, value),
        None => value.is_null() || !told.options.contains(name),
    })
}
