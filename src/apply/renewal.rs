//! Refreshes grants, and proves that they work. A new refresh token is sealed and recorded before anything else happens.
use std::path::Path;

use super::account::Account;
use super::failure::Failure;
use super::grant::{AUTHORIZE, failed, kept_of, part, secret_of, superseded};
use super::staging::{SECRET_FILE_LIMIT, may_gain};
use crate::diagnostics::{Code, Diagnostic};
use crate::files::{self, FileError};
use crate::grant::{GrantError, access_ends_at};
use crate::model::{DesiredKey, Generation, GenerationState, Grant, KeyRecord, Name, Recipients, Sealed, Secret};
use crate::profile::grants::{PARTS, REFRESH_TOKEN};
use crate::provider::Liveness;
use crate::vault;

/// What came of a refresh that was not carried out.
enum Unrefreshed {
    /// The issuer refuses the refresh token, or there is none.
    Dead(String),
    Open(Failure),
}

impl From<Failure> for Unrefreshed {
    fn from(failure: Failure) -> Self {
        Self::Open(failure)
    }
}

impl From<FileError> for Unrefreshed {
    fn from(error: FileError) -> Self {
        Self::Open(error.into())
    }
}

impl Account<'_> {
    /// Whether tokens of a grant are to be refreshed before they are used: the refresh token is old, or an earlier run was interrupted.
    pub(super) fn is_renewal_due(&self, generation: &Generation) -> bool {
        let (Some(issued), Some(grant)) = (self.issued_by, &generation.grant) else { return generation.asking_since.is_some() };
        let due = grant.issued_at.checked_add(issued.grants.refresh.due.duration()).ok();
        generation.asking_since.is_some() || due.is_some_and(|due| due <= self.now())
    }

    /// Refreshes the tokens of a published grant and seals the new ones in place of the old.
    ///
    /// Expected flow: everything that can fail beforehand is tried → durable intent → the refresh token is sent once → seal → durable record of the
    /// ciphertext → published, recorded. Guarantees: the new refresh token is on disk, encrypted, recorded, and with a remote journal pushed, before
    /// anything else happens. Assumptions: only this process works on the key. Caveats: a crash between the answer and the ciphertext loses the new
    /// token; the intent says so, and the next refresh tries the old one, which an issuer may take or refuse. `as_declared`: seals to the manifest's
    /// recipients, as a plan has shown; otherwise to those of before that it still names. Errors: the issuer, the disk, the journal.
    async fn renew(&self, key: &DesiredKey, as_declared: bool) -> Result<Secret, Unrefreshed> {
        let name = &key.address.name;
        let (issuer, grants) = (self.issuer()?, self.grants()?);
        let mut record = self.record(name);
        self.finish_resealing(&mut record).await?;
        self.adopt_orphan(&mut record).await?;
        let current = record.current().filter(|current| current.state == GenerationState::Active).cloned();
        let (mut generation, sealed) = current
            .and_then(|current| current.sealed.clone().map(|sealed| (current, sealed)))
            .ok_or_else(|| Failure::new(Code::InternalUnexpected, "no grant is published"))?;
        let Some(secret) = self.plaintext(&key.address, &generation).await? else {
            return Err(Failure::new(Code::GrantUnreadable, "its tokens cannot be read").help("name an identity with `-i`").into());
        };
        let Some(token) = part(&secret, REFRESH_TOKEN) else {
            return Err(Unrefreshed::Dead("it has no refresh token: `offline_access` was not granted".to_owned()));
        };
        issuer.prepare().await.map_err(|error| failed("reach the issuer", &error))?;
        let next = if as_declared {
            key.clone()
        } else {
            let recipients = still_declared(&sealed.recipients, &key.recipients);
            if recipients.is_empty() {
                return Err(Failure::new(Code::GrantUnreadable, "nobody who can read its tokens is among its recipients any more")
                    .help("run `keywright plan`: it says what is to be done; nothing was refreshed")
                    .into());
            }
            DesiredKey { recipients: std::sync::Arc::new(recipients), format: sealed.format, ..key.clone() }
        };
        self.can_seal(&next)?;
        let doubtful = generation.asking_since.is_some();
        generation.asking_since = Some(self.now());
        self.commit(&mut record, &generation).await?;

        let tokens = match issuer.refresh(token).await {
            Ok(tokens) => tokens,
            Err(error) => return Err(self.unrefreshed(&mut record, generation, &error, doubtful).await?),
        };
        let now = self.now();
        let (_, kept) = kept_of(superseded(&secret), &record);
        let fresh = secret_of(&tokens, Some(token), &kept);
        let mut staged = self.stage(&next, &fresh)?;
        if !as_declared {
            // Whoever was removed could read the tokens of before: until there is another grant, the plan has to say so.
            staged.recipients.clone_from(&sealed.recipients);
        }
        let before = generation.grant.clone();
        generation.resealing = Some(staged.clone());
        generation.grant = Some(Grant {
            scopes: tokens
                .scopes
                .clone()
                .or(before.as_ref().map(|grant| grant.scopes.clone()))
                .unwrap_or_else(|| generation.scopes.clone()),
            issued_at: now,
            access_ends_at: access_ends_at(&tokens, grants, now),
            renewable: true,
            refused_at: None,
            kept: false,
        });
        generation.asking_since = None;
        self.commit(&mut record, &generation).await?;
        self.staging().publish(&key.address, &staged)?;
        generation.resealing = None;
        generation.named_after = None;
        generation.sealed = Some(staged);
        self.commit(&mut record, &generation).await?;
        Ok(fresh)
    }

    /// Records a refresh that gave nothing.
    async fn unrefreshed(
        &self,
        record: &mut KeyRecord,
        mut generation: Generation,
        error: &GrantError,
        doubtful: bool,
    ) -> Result<Unrefreshed, Failure> {
        if let GrantError::Dead(said) = error {
            generation.asking_since = None;
            if let Some(grant) = &mut generation.grant {
                grant.refused_at = Some(self.now());
            }
            self.commit(record, &generation).await?;
            let why = if doubtful {
                format!("an earlier run was interrupted while it refreshed the grant, and what it was given is lost: {said}")
            } else {
                said.clone()
            };
            return Ok(Unrefreshed::Dead(why));
        }
        if !error.may_have_acted() && !doubtful {
            generation.asking_since = None;
            self.commit(record, &generation).await?;
        }
        let failure = failed("refresh the grant", error);
        Ok(Unrefreshed::Open(if error.may_have_acted() {
            failure.help(
                "run it again: the refresh token that is here is tried once more; if the issuer refuses it, a person authorizes again",
            )
        } else {
            failure.help("run it again later; nothing was changed")
        }))
    }

    /// Takes over tokens that were sealed by a run which died before it recorded them.
    async fn adopt_orphan(&self, record: &mut KeyRecord) -> Result<(), Failure> {
        let Some(mut generation) = record.current().filter(|current| current.asking_since.is_some()).cloned() else { return Ok(()) };
        let (Some(identities), Some(sealed)) = (self.identities, generation.sealed.clone()) else { return Ok(()) };
        let asking = record.generations.iter().filter(|other| other.asking_since.is_some() && may_gain(other)).count();
        if asking > 1 {
            // Whose tokens those are cannot be told.
            return Ok(());
        }
        let known = record.generations.iter().flat_map(|other| other.sealed.iter().chain(&other.resealing));
        let known: std::collections::BTreeSet<String> = known.map(|sealed| sealed.sha256.clone()).collect();
        for path in self.staging().all_of(&record.address) {
            let Some(found) = self.tokens_in(&path, &sealed, identities)?.filter(|found| !known.contains(&found.sha256)) else {
                continue;
            };
            generation.resealing = Some(found);
            generation.asking_since = None;
            // When they were given is not known: before they were looked for.
            if let (Some(grant), Some(since)) = (&mut generation.grant, record.current().and_then(|current| current.asking_since)) {
                (grant.issued_at, grant.access_ends_at) = (since, since);
            }
            self.commit(record, &generation).await?;
            return self.finish_resealing(record).await;
        }
        Ok(())
    }

    fn tokens_in(&self, path: &Path, like: &Sealed, identities: &vault::Identities) -> Result<Option<Sealed>, Failure> {
        let ciphertext = files::read(path, SECRET_FILE_LIMIT)?;
        let Ok(opened) = vault::open::open(&ciphertext, identities) else { return Ok(None) };
        let parts = PARTS.map(str::to_owned);
        let secret = vault::format::read(&opened, like.format, &parts);
        let usable = secret.is_ok_and(|secret| part(&secret, REFRESH_TOKEN).is_some());
        let sha256 = vault::seal::sha256(&ciphertext);
        Ok(usable.then(|| Sealed { sha256, format: like.format, recipients: Recipients::clone(&like.recipients) }))
    }

    /// Refreshes a grant as a plan asks: to the manifest's recipients.
    pub(super) async fn renew_as_planned(&self, key: &DesiredKey) -> Result<(), Failure> {
        match self.renew(key, true).await {
            Ok(_) => Ok(()),
            Err(Unrefreshed::Dead(why)) => Err(lost(&why)),
            Err(Unrefreshed::Open(failure)) => Err(failure),
        }
    }

    /// Tries a published grant, refreshed first where its access token has ended, and records when it worked.
    pub(super) async fn prove_grant(&self, name: &Name) -> Result<Liveness, Failure> {
        let undecided = |why: &str| Ok(Liveness::Undecided(why.to_owned()));
        let Ok(key) = self.declared_grant(name) else { return undecided("it is in no manifest any more") };
        let mut record = self.record(name);
        let Some(current) = record.current().cloned() else { return undecided("no secret of it is published") };
        if self.identities.is_none() {
            return undecided("its tokens cannot be read: name an identity with `-i`");
        }
        let grant = current.grant.as_ref();
        let ended = grant.is_none_or(|grant| grant.access_ends_at <= self.now()) || self.is_renewal_due(&current);
        let mut liveness = Liveness::Expired;
        if !ended {
            let Some(secret) = self.plaintext(&record.address, &current).await? else { return undecided("its tokens cannot be read") };
            liveness = self.try_secret(&current, &secret).await?;
        }
        if matches!(liveness, Liveness::Expired | Liveness::Dead) {
            let fresh = match self.renew(key, false).await {
                Ok(fresh) => fresh,
                Err(Unrefreshed::Dead(why)) => {
                    self.notices.borrow_mut().push(lost_finding(&record, &why));
                    return Ok(Liveness::Dead);
                }
                Err(Unrefreshed::Open(failure)) => return Err(failure),
            };
            record = self.record(name);
            let renewed = record.current().cloned().unwrap_or(current);
            liveness = self.try_secret(&renewed, &fresh).await?;
        }
        if matches!(liveness, Liveness::Alive | Liveness::Lacks { worked: true, .. })
            && let Some(mut generation) = record.current().cloned()
        {
            generation.last_verified_at = Some(self.now());
            generation.unverified = false;
            self.commit(&mut record, &generation).await?;
        }
        Ok(liveness)
    }
}

/// Of those who can read a secret, the ones that its manifest still names.
fn still_declared(before: &Recipients, declared: &Recipients) -> Recipients {
    let named = |key: &&String| declared.values().any(|keys| keys.contains(*key));
    let groups = before.iter().map(|(group, keys)| (group.clone(), keys.iter().filter(named).cloned().collect::<Vec<_>>()));
    groups.filter(|(_, keys)| !keys.is_empty()).collect()
}

fn lost(why: &str) -> Failure {
    Failure::new(Code::GrantLost, format!("the grant is over: {why}")).help(AUTHORIZE)
}

fn lost_finding(record: &KeyRecord, why: &str) -> Diagnostic {
    let message = format!("the grant of `{}` is over: {why}", record.address);
    Diagnostic::warning(Code::GrantLost, message).help(format!("run `keywright authorize {}`: a person grants it anew", record.address))
}
