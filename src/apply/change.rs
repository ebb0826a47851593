//! Carries out the steps of one change on existing generations: edit, enable, disable, delete, reseal, record.
use std::borrow::Cow;

use super::account::Account;
use super::delivery;
use super::failure::Failure;
use super::issue::options_agree;
use crate::diagnostics::Code;
use crate::model::{DesiredKey, Generation, GenerationState, KeyRecord, Name, ObservedKey, Request};
use crate::plan::{Change, EditField, PlanStep, RecordedState};
use crate::profile::{Capabilities, ScopeRule};
use crate::provider::EditRequest;

impl Account<'_> {
    /// Carries out one change, step by step. Stops at the first step that does not work, unless it is a delivery.
    pub(super) async fn carry_out(&self, change: &Change) -> Result<(), Failure> {
        let name = &change.address.name;
        // A create asks by its intent; whoever lost the journal to another apply must not write anything else either.
        let asks = |step: &PlanStep| {
            matches!(
                step,
                PlanStep::Recover { .. }
                    | PlanStep::Create { .. }
                    | PlanStep::Open { .. }
                    | PlanStep::Move { .. }
                    | PlanStep::Record { .. }
            )
        };
        if !change.steps.iter().all(asks) {
            self.journal.prove_held().await?;
        }
        // What has to move is still at its old address when its recovery is looked at.
        let held = change.moved_from().map_or(name, |from| &from.name);
        let mut open: Option<Failure> = None;
        for step in &change.steps {
            match step {
                PlanStep::Recover { generation } => {
                    let unfinished = self.record(held).generation(*generation).is_some_and(|found| self.is_open(found));
                    if unfinished {
                        return Err(Failure::new(Code::PlanUnfinished, format!("generation {generation} could not be settled yet"))
                            .help("apply again; until then nothing new is created for this key"));
                    }
                }
                PlanStep::Create { .. } => {
                    let issued = self.issue(self.declared(name)?, change.request).await;
                    issued.map_err(|failure| self.ask_again(change, failure))?;
                }
                PlanStep::Open { generation } => self.open_step(self.declared(name)?, *generation, change.request).await?,
                PlanStep::Edit { generation, fields } => {
                    let key = self.as_it_was(self.declared(name)?, *generation);
                    self.edit(&key, *generation, fields).await?;
                }
                PlanStep::Enable { generation } => {
                    let edited = |step: &PlanStep| if let PlanStep::Edit { fields, .. } = step { fields.clone() } else { Vec::new() };
                    let edited: Vec<EditField> = change.steps.iter().flat_map(edited).collect();
                    self.switch_on(name, *generation, &edited).await?;
                }
                PlanStep::Disable { generation } if self.attended => self.revoke_grant(name, *generation).await?,
                PlanStep::Disable { generation } => self.switch_off(&mut self.record(name), *generation).await?,
                PlanStep::Delete { generation } => self.delete(name, *generation).await?,
                PlanStep::Reseal { generation } => self.reseal(self.declared(name)?, *generation).await?,
                // The key itself is as it should be: what else is to be done does not wait for a place.
                PlanStep::Deliver { generation, to } => match self.deliver(self.declared(name)?, *generation, to).await {
                    Err(failure) if delivery::is_open(&failure) => open = Some(both(open, failure)),
                    done => done?,
                },
                PlanStep::Move { from, keeps_label, .. } => self.relocate(from, name, *keeps_label).await?,
                PlanStep::Record { generation, state: RecordedState::Deliveries } => {
                    self.forget_places(self.declared(name)?, *generation).await?;
                }
                PlanStep::Record { generation, state } => self.note_state(name, *generation, *state).await?,
            }
        }
        open.map_or(Ok(()), Err)
    }

    /// Says how to ask once more for what a person asked for, where nothing is left that remembers it.
    fn ask_again(&self, change: &Change, failure: Failure) -> Failure {
        let flag = match change.request {
            None => return failure,
            Some(Request::Rotate) => "",
            Some(Request::Compromised) => " --compromised",
        };
        let record = self.record(&change.address.name);
        if record.generations.iter().any(|generation| self.is_open(generation)) {
            return failure;
        }
        let works = record.current().is_some_and(|current| current.state == GenerationState::Active);
        let before = failure.help.as_ref().map_or_else(String::new, |help| format!("{help}; "));
        let after = if works { "; the old secret works until then" } else { "" };
        let help = format!("{before}then ask again: `keywright apply --rotate {}{flag}`{after}", change.address);
        failure.help(help)
    }

    fn declared(&self, name: &Name) -> Result<&DesiredKey, Failure> {
        self.keys
            .get(name)
            .copied()
            .ok_or_else(|| Failure::new(Code::InternalUnexpected, "the plan asks for a key that no manifest declares"))
    }

    /// What an edit asks for. A predecessor that somebody has changed gets back what the ledger says of it; the manifest is about its successor.
    fn as_it_was<'k>(&self, key: &'k DesiredKey, number: u32) -> Cow<'k, DesiredKey> {
        match self.record(&key.address.name).generation(number) {
            Some(Generation { state: GenerationState::Retiring, scopes, options, .. }) => {
                Cow::Owned(DesiredKey { scopes: scopes.clone(), options: options.clone(), ..key.clone() })
            }
            Some(_) | None => Cow::Borrowed(key),
        }
    }

    pub(super) fn known(&self, record: &KeyRecord, number: u32) -> Result<(Generation, String), Failure> {
        let generation = record.generation(number).cloned();
        let known = generation.and_then(|generation| generation.id.clone().map(|id| (generation, id)));
        known.ok_or_else(|| Failure::new(Code::InternalUnexpected, format!("the ledger has no generation {number} with an id")))
    }

    /// Edits fields in place and reads back what the provider made of it.
    ///
    /// Expected flow: ask, read back, compare, record what is true. Guarantees: success is reported only for what the provider shows
    /// afterwards. Assumptions: the fields are editable by the profile. Caveats: a field that the provider was seen not to edit is remembered
    /// in the ledger, so that the next plan replaces the key. Errors: the provider, or a field that stayed as it was.
    async fn edit(&self, key: &DesiredKey, number: u32, fields: &[EditField]) -> Result<(), Failure> {
        let mut record = self.record(&key.address.name);
        if self.attended {
            return self.edit_in_ledger(key, &mut record, number).await;
        }
        let (mut generation, id) = self.known(&record, number)?;
        let label = generation.wanted_label(&key.label);
        let expires_at = self.capabilities.expiry.end(key.expiry, generation.created_at);
        let at_provider = |field: &EditField| *field != EditField::Expiry || self.capabilities.expiry.settable;
        if fields.contains(&EditField::Expiry) {
            generation.expires_at = expires_at;
        }
        let fields: Vec<EditField> = fields.iter().copied().filter(at_provider).collect();
        let fields = fields.as_slice();
        if fields.is_empty() {
            // Where the provider cannot expire keys, the end stands in the ledger alone.
            return self.commit(&mut record, &generation).await;
        }
        let before = record.generation(number).and_then(|generation| generation.expires_at);
        let asks = |field| fields.contains(&field);
        let request = EditRequest {
            label: asks(EditField::Label).then(|| label.clone()),
            scopes: asks(EditField::Scopes).then(|| key.scopes.clone()),
            expires_at: asks(EditField::Expiry).then_some(expires_at),
            options: asks(EditField::Options).then(|| key.options.clone()),
        };
        // Where scopes come back as more than was asked for, what an edit left behind shows only beside what was there before.
        let adds = matches!(self.capabilities.scopes, ScopeRule::Superset | ScopeRule::Expanded);
        let shown_before = if asks(EditField::Scopes) && adds {
            let seen = self.look(&id).await.map_err(|error| Failure::provider("read the key before its edit", error))?;
            seen.and_then(|seen| seen.scopes)
        } else {
            None
        };
        let written = generation.clone();
        let asked = self.provider.edit(&id, &request).await;
        if let Err(error) = &asked
            && !error.may_have_acted()
        {
            return Err(Failure::provider("edit the key", error.clone()));
        }
        let told = &self.capabilities.told;
        let is_applied = |field: &EditField, observed: &ObservedKey| match field {
            EditField::Label => observed.label == label,
            EditField::Scopes => {
                let edited = |shown| self.read_back().is_edited(&key.scopes, &written, shown_before.as_ref(), shown);
                observed.scopes.as_ref().map_or(!told.scopes, edited)
            }
            EditField::Expiry => observed.expires_at.map_or(!told.expiry || expires_at.is_none(), |end| {
                let expiry = &self.capabilities.expiry;
                // An end that stays is that of an edit that was ignored, unless it was the latest that the provider grants already.
                let moved = !expiry.agrees(before, end);
                let at_most = written.clamped.is_some_and(|asked| {
                    let last = asked.end(written.created_at);
                    last.is_some_and(|last| expires_at.is_none_or(|end| end >= last)) || last.is_none() && expires_at.is_none()
                });
                expiry.agrees(expires_at, end) || expiry.is_clamped(expires_at, end) && (moved || at_most)
            }),
            EditField::Options => options_agree(told, &key.options, &observed.options),
        };
        let shown = |observed: &Option<ObservedKey>| {
            observed.as_ref().is_some_and(|observed| fields.iter().all(|field| is_applied(field, observed)))
        };
        let observed = self.look_until(&id, shown).await.map_err(|error| Failure::provider("read the edited key back", error))?;
        let observed =
            observed.ok_or_else(|| Failure::new(Code::ProviderNotApplied, format!("the key `{id}` vanished while it was edited")))?;

        let mut stayed = Vec::new();
        for field in fields {
            match (is_applied(field, &observed), field) {
                (false, EditField::Expiry) => {
                    generation.expires_at = before;
                    stayed.push(*field);
                }
                (false, EditField::Label | EditField::Scopes | EditField::Options) => stayed.push(*field),
                (true, EditField::Label) => generation.label.clone_from(&label),
                (true, EditField::Scopes) => {
                    generation.scopes.clone_from(&key.scopes);
                    generation.reported_scopes = self.read_back().kept(&key.scopes, observed.scopes.as_ref());
                }
                (true, EditField::Expiry) => self.take_end(key, &record.address, &mut generation, observed.expires_at),
                (true, EditField::Options) => generation.options.clone_from(&key.options),
            }
        }
        // Where it is not known what of them was asked for, the ledger keeps what it says of the last write.
        if let Some(scopes) = observed.scopes.clone().filter(|_| stayed.contains(&EditField::Scopes) && !adds) {
            generation.scopes = scopes;
        }
        if asked.is_ok() {
            for field in &stayed {
                let word = field.as_str().to_owned();
                if !generation.uneditable.contains(&word) {
                    generation.uneditable.push(word);
                }
            }
        }
        self.commit(&mut record, &generation).await?;
        match (stayed.first(), asked) {
            (None, _) => self.unchanged_otherwise("edit", &observed, fields),
            (Some(_), Err(error)) => Err(Failure::provider("edit the key", error)),
            (Some(field), Ok(())) => Err(not_applied(*field, key, &observed)),
        }
    }

    /// Errors: a write has changed more than it was asked for, beside what was observed when the run began. What it changed is named, and is drift
    /// for the next plan.
    pub(super) fn unchanged_otherwise(&self, write: &str, observed: &ObservedKey, asked: &[EditField]) -> Result<(), Failure> {
        let Some(before) = self.listed.get(&observed.id) else { return Ok(()) };
        let Capabilities { told, expiry, editable, .. } = self.capabilities;
        let untold = |field: &str| format!("{field} (none is told any more)");
        let mut changed = Vec::new();
        if !asked.contains(&EditField::Scopes) {
            match (&before.scopes, &observed.scopes) {
                (Some(before), Some(shown)) if !self.read_back().same(before, shown) => {
                    let gained: Vec<String> = shown.difference(before).map(|scope| format!("`{scope}`")).collect();
                    let gained = if gained.is_empty() { String::new() } else { format!(" (it gained {})", gained.join(", ")) };
                    changed.push(format!("scopes{gained}"));
                }
                (Some(_), None) if told.scopes => changed.push(untold("scopes")),
                (Some(_) | None, Some(_) | None) => {}
            }
        }
        if !asked.contains(&EditField::Expiry) && expiry.settable {
            match (before.expires_at, observed.expires_at) {
                (Some(before), Some(end)) if !expiry.agrees(before, end) => changed.push("expiry".to_owned()),
                (Some(Some(_)), None) if told.expiry => changed.push(untold("expiry")),
                (Some(_) | None, Some(_) | None) => {}
            }
        }
        if !asked.contains(&EditField::Label) && editable.label && observed.label != before.label {
            changed.push("label".to_owned());
        }
        if !asked.contains(&EditField::Options) && !options_agree(told, &before.options, &observed.options) {
            changed.push("options".to_owned());
        }
        if before.enabled == Some(true) && observed.enabled == Some(false) {
            changed.push("state (the key is disabled)".to_owned());
        }
        if changed.is_empty() {
            return Ok(());
        }
        let message = format!("the provider accepted to {write} the key, and changed more than it was asked for: {}", changed.join(", "));
        Err(Failure::new(Code::ProviderNotApplied, message)
            .help("look at the key: the next plan shows what differs, and corrects what it can"))
    }

    /// Where a person makes the keys, only the end that Keywright itself keeps can be edited.
    async fn edit_in_ledger(&self, key: &DesiredKey, record: &mut KeyRecord, number: u32) -> Result<(), Failure> {
        let generation = record.generation(number).cloned();
        let generation =
            generation.ok_or_else(|| Failure::new(Code::InternalUnexpected, format!("the ledger has no generation {number}")))?;
        let expires_at = key.expiry.end(generation.created_at);
        self.commit(record, &Generation { expires_at, ..generation }).await
    }

    /// Deletes a disabled generation for good. When it was the last one, its files go too.
    async fn delete(&self, name: &Name, number: u32) -> Result<(), Failure> {
        let mut record = self.record(name);
        let (generation, id) = self.known(&record, number)?;
        self.provider.delete(&id).await.map_err(|error| Failure::provider("delete the key", error))?;
        let gone =
            self.look_until(&id, Option::is_none).await.map_err(|error| Failure::provider("read back whether the key is gone", error))?;
        if gone.is_some() {
            return Err(Failure::new(Code::ProviderNotApplied, format!("the provider accepted to delete `{id}` and still has it")));
        }
        self.commit(&mut record, &Generation { state: GenerationState::Deleted, ..generation }).await
    }

    /// Encrypts the current secret anew. The old file stays until the new one is durable beside it.
    async fn reseal(&self, key: &DesiredKey, number: u32) -> Result<(), Failure> {
        let mut record = self.record(&key.address.name);
        let mut generation = record
            .generation(number)
            .cloned()
            .ok_or_else(|| Failure::new(Code::InternalUnexpected, format!("the ledger has no generation {number}")))?;
        if self.is_grant(&generation) && self.is_renewal_due(&generation) {
            return self.renew_as_planned(key).await;
        }
        let secret = self.plaintext(&key.address, &generation).await?.ok_or_else(|| {
            Failure::new(Code::PlanResealPending, "the secret cannot be read, so it cannot be encrypted anew")
                .help("apply with `-i IDENTITY`, or wait for the next rotation")
        })?;
        let next = self.stage(key, &secret)?;
        generation.resealing = Some(next.clone());
        self.commit(&mut record, &generation).await?;
        self.staging().publish(&key.address, &next)?;
        generation.resealing = None;
        generation.named_after = None;
        generation.sealed = Some(next);
        self.commit(&mut record, &generation).await
    }

    /// Writes down what the provider already shows.
    async fn note_state(&self, name: &Name, number: u32, state: RecordedState) -> Result<(), Failure> {
        let mut record = self.record(name);
        let Some(mut generation) = record.generation(number).cloned() else { return Ok(()) };
        let now = self.now();
        if state != RecordedState::Protect {
            generation.switching = None;
        }
        match state {
            RecordedState::Disabled => {
                generation.state = GenerationState::Disabled;
                generation.disabled_at.get_or_insert(now);
                generation.delete_after = self.delete_after(name, &generation);
            }
            RecordedState::Vanished => generation.state = GenerationState::Vanished,
            RecordedState::Expired => {
                generation.state = GenerationState::Expired;
                // In the manifests again: a cooldown begins with the next removal.
                if self.declaration(name).is_some() && generation.is_in_use() {
                    generation.delete_after = None;
                }
            }
            RecordedState::Deleted => generation.state = GenerationState::Deleted,
            RecordedState::Protect | RecordedState::Deliveries => {}
            RecordedState::Over => generation.disable_after = Some(self.now()),
        }
        self.commit(&mut record, &generation).await
    }
}

/// Two places that were not served, as one failure.
fn both(first: Option<Failure>, second: Failure) -> Failure {
    match first {
        None => second,
        Some(first) => Failure { message: format!("{}; {}", first.message, second.message), ..first },
    }
}

/// What a person reads when the provider accepted an edit and did something else.
fn not_applied(field: EditField, key: &DesiredKey, observed: &ObservedKey) -> Failure {
    let kept = match (field, &observed.scopes) {
        (EditField::Scopes, Some(scopes)) => {
            let kept: Vec<&str> = scopes.difference(&key.scopes).map(|scope| scope.as_str()).collect();
            if kept.is_empty() { String::new() } else { format!(": it kept {}", kept.join(", ")) }
        }
        (EditField::Scopes, None) | (EditField::Label | EditField::Expiry | EditField::Options, _) => String::new(),
    };
    Failure::new(
        Code::ProviderNotApplied,
        format!("the provider accepted the edit and did not make the {} what was asked{kept}", field.as_str()),
    )
    .help("apply again: the next plan replaces the key, since this field was seen not to be editable")
}
