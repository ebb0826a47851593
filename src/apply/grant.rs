//! Tokens of grants: had for a code, refreshed, revoked. Whatever an issuer gives is sealed and recorded before anything else happens.
use std::path::Path;

use zeroize::Zeroizing;

use super::account::Account;
use super::attended::{Proof, Revoked};
use super::failure::Failure;
use super::staging::SECRET_FILE_LIMIT;
use crate::diagnostics::{Code, Diagnostic};
use crate::files::{self, FileError};
use crate::grant::{GrantError, Issuing, Tokens, access_ends_at};
use crate::model::{DesiredKey, Generation, GenerationState, Grant, KeyRecord, Name, Recipients, Sealed, Secret};
use crate::profile::Grants;
use crate::profile::grants::{ACCESS_TOKEN, PARTS, REFRESH_TOKEN, SUPERSEDED};
use crate::provider::Liveness;
use crate::vault;

/// The issuer of an account's grants, as far as it could be opened.
pub struct IssuedBy<'a> {
    pub grants: &'a Grants,
    pub issuer: Result<Box<dyn Issuing>, Box<Diagnostic>>,
}

/// A code that a browser brought, and what it is redeemed with.
pub struct Granted {
    pub code: Zeroizing<String>,
    pub redirect: String,
    pub verifier: Zeroizing<String>,
}

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

const AUTHORIZE: &str = "run `keywright authorize ADDRESS`: a person grants it anew";

/// A part of a grant's secret, where there is something in it.
fn part<'s>(secret: &'s Secret, name: &str) -> Option<&'s str> {
    secret.part(name).filter(|text| !text.is_empty())
}

/// The refresh tokens of grants before, by generation.
fn superseded(secret: &Secret) -> impl Iterator<Item = (u32, &str)> {
    let words = part(secret, SUPERSEDED).unwrap_or_default().split(' ');
    words.filter_map(|word| word.split_once(':')).filter_map(|(number, token)| Some((number.parse().ok()?, token)))
}

impl Account<'_> {
    /// The parts of a generation's secret.
    pub(super) fn parts(&self, generation: &Generation) -> Vec<String> {
        if self.is_grant(generation) { PARTS.map(str::to_owned).to_vec() } else { self.secret_parts.to_vec() }
    }

    pub(super) fn is_grant(&self, generation: &Generation) -> bool {
        self.issued_by.is_some_and(|issued| issued.grants.covers(&generation.options))
    }

    /// The one token that calls are made with, where the secret is a grant's.
    pub(super) fn bearer(&self, generation: &Generation, secret: &Secret) -> Option<Secret> {
        let token = part(secret, ACCESS_TOKEN).filter(|_| self.is_grant(generation))?;
        Some(Secret::single(Zeroizing::new(token.to_owned())))
    }

    fn grants(&self) -> Result<&Grants, Failure> {
        self.issued_by.map(|issued| issued.grants).ok_or_else(|| Failure::new(Code::InternalUnexpected, "the provider has no grants"))
    }

    fn issuer(&self) -> Result<&dyn Issuing, Failure> {
        let issued = self.issued_by.ok_or_else(|| Failure::new(Code::InternalUnexpected, "the provider has no grants"))?;
        issued.issuer.as_ref().map(AsRef::as_ref).map_err(|diagnostic| Failure {
            help: diagnostic.help.clone(),
            ..Failure::new(diagnostic.code, diagnostic.message.clone())
        })
    }

    /// Redeems a code, seals the tokens and publishes them; the grant before it retires.
    ///
    /// Expected flow: what the secret before holds is read where it can be → durable intent → the code is sent once → seal → durable record
    /// `sealed` → publish. Guarantees: tokens are on disk, encrypted and recorded before anything else happens; a code is never sent twice.
    /// Assumptions: the step is open, the issuer was prepared, recipients and directories were tried. Caveats: a crash between the answer and the
    /// ciphertext loses the grant: the intent stays, every plan says so, and a person authorizes again. Errors: the issuer, the disk, the journal.
    async fn redeem(&self, name: &Name, granted: &Granted) -> Result<(), Failure> {
        let (key, grants) = (self.declared_grant(name)?, self.grants()?);
        let mut record = self.record(name);
        let open = super::attended::open_step(&record).cloned();
        let mut generation = open.ok_or_else(|| Failure::new(Code::FulfilNotOpen, "no grant is waited for"))?;
        let kept = self.kept(&record, &generation).await;
        generation.asking_since = Some(self.now());
        self.commit(&mut record, &generation).await?;
        let answer = self.issuer()?.exchange(&granted.code, &granted.redirect, &granted.verifier).await;
        let tokens = match answer {
            Ok(tokens) => tokens,
            Err(error) => {
                if !error.may_have_acted() {
                    generation.asking_since = None;
                    self.commit(&mut record, &generation).await?;
                }
                return Err(failed("redeem the code", &error).help(AUTHORIZE));
            }
        };
        let now = self.now();
        let secret = secret_of(&tokens, None, kept.as_ref().map_or("", |(_, text)| text.as_str()));
        generation.sealed = Some(self.stage(key, &secret)?);
        let asked = generation.scopes.clone();
        generation.grant = Some(Grant {
            scopes: tokens.scopes.clone().unwrap_or(asked),
            issued_at: now,
            access_ends_at: access_ends_at(&tokens, grants, now),
            renewable: tokens.refresh.is_some(),
            refused_at: None,
            kept: false,
        });
        generation.created_at = now;
        generation.expires_at = self.capabilities.expiry.end(key.expiry, now);
        generation.asking_since = None;
        generation.state = GenerationState::Sealed;
        self.commit(&mut record, &generation).await?;
        for number in kept.iter().flat_map(|(numbers, _)| numbers) {
            let Some(mut before) = record.generation(*number).cloned() else { continue };
            if let Some(grant) = &mut before.grant {
                grant.kept = true;
                self.commit(&mut record, &before).await?;
            }
        }
        self.publish(&mut record, generation.number, key.overlap).await?;
        self.note_working(record, &secret).await
    }

    /// Tries the new access token by harmless calls; whatever they show, the grant stays as it is.
    async fn note_working(&self, mut record: KeyRecord, secret: &Secret) -> Result<(), Failure> {
        let Some(mut generation) = record.current().filter(|_| self.capabilities.verify).cloned() else { return Ok(()) };
        if let Liveness::Alive | Liveness::Lacks { worked: true, .. } = self.try_secret(&generation, secret).await? {
            generation.last_verified_at = Some(self.now());
            self.commit(&mut record, &generation).await?;
        }
        Ok(())
    }

    /// Whether tokens of a grant are to be refreshed before they are used: the refresh token is old, or an earlier run was interrupted.
    pub(super) fn is_renewal_due(&self, generation: &Generation) -> bool {
        let (Some(issued), Some(grant)) = (self.issued_by, &generation.grant) else { return generation.asking_since.is_some() };
        let due = grant.issued_at.checked_add(issued.grants.refresh.due.duration()).ok();
        generation.asking_since.is_some() || due.is_some_and(|due| due <= self.now())
    }

    fn declared_grant(&self, name: &Name) -> Result<&DesiredKey, Failure> {
        let key = self.keys.get(name).copied();
        key.ok_or_else(|| Failure::new(Code::InternalUnexpected, "no manifest declares the grant"))
    }

    /// What is to be kept of grants before, so that they can be revoked: their numbers, and the part that holds their refresh tokens.
    async fn kept(&self, record: &KeyRecord, next: &Generation) -> Option<(Vec<u32>, Zeroizing<String>)> {
        let current = record.current().filter(|current| current.sealed.is_some() && current.number != next.number && self.is_grant(current))?;
        let secret = self.plaintext(&record.address, current).await.ok().flatten()?;
        let own = part(&secret, REFRESH_TOKEN).map(|token| (current.number, token));
        Some(kept_of(superseded(&secret).chain(own), record))
    }

    /// Refreshes the tokens of a published grant and seals the new ones in place of the old.
    ///
    /// Expected flow: everything that can fail beforehand is tried → durable intent → the refresh token is sent once → seal → durable record of the
    /// ciphertext → published, recorded. Guarantees: the new refresh token is on disk, encrypted, recorded, and with a remote journal pushed, before
    /// anything else happens. Assumptions: only this process works on the key. Caveats: a crash between the answer and the ciphertext loses the new
    /// token; the intent says so, and the next refresh tries the old one, which an issuer may take or refuse. `as_declared`: seals to the manifest's
    /// recipients, as a plan has shown; otherwise to those of before. Errors: the issuer, the disk, the journal.
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
            DesiredKey { recipients: std::sync::Arc::new(sealed.recipients.clone()), format: sealed.format, ..key.clone() }
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
        let staged = self.stage(&next, &fresh)?;
        let before = generation.grant.clone();
        generation.resealing = Some(staged.clone());
        generation.grant = Some(Grant {
            scopes: tokens.scopes.clone().or(before.as_ref().map(|grant| grant.scopes.clone())).unwrap_or_else(|| generation.scopes.clone()),
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
            failure.help("run it again: the refresh token that is here is tried once more; if the issuer refuses it, a person authorizes again")
        } else {
            failure.help("run it again later; nothing was changed")
        }))
    }

    /// Proves that tokens could be sealed and written, while there is nothing to lose.
    fn can_seal(&self, key: &DesiredKey) -> Result<(), Failure> {
        let recipients = vault::recipient::distinct(&key.recipients).map_err(|problem| Failure::local(problem.to_string()))?;
        vault::seal::trial(&recipients).map_err(|problem| Failure::local(format!("a trial encryption failed: {problem}")))?;
        for area in ["ledger", "secrets", ".keywright/sealed"] {
            files::try_writing_in(&self.ledger.root().join(area).join(self.name.as_str()))?;
        }
        Ok(())
    }

    /// Takes over tokens that were sealed by a run which died before it recorded them.
    async fn adopt_orphan(&self, record: &mut KeyRecord) -> Result<(), Failure> {
        let Some(mut generation) = record.current().filter(|current| current.asking_since.is_some()).cloned() else { return Ok(()) };
        let (Some(identities), Some(sealed)) = (self.identities, generation.sealed.clone()) else { return Ok(()) };
        for path in self.staging().all_of(&record.address) {
            let Some(found) = self.tokens_in(&path, &sealed, identities)? else { continue };
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
            self.commit(&mut record, &generation).await?;
        }
        Ok(liveness)
    }

    /// Revokes a grant whose tokens are at hand, and records that.
    ///
    /// Expected flow: the refresh token, then the access token is revoked → a durable record. Guarantees: no other grant is touched. Assumptions: the
    /// plan asks for it. Caveats: where the issuer says nothing of it, an access token may work until its end, within the hour. Errors: the issuer;
    /// then it stands in the next plan. The disk, the journal.
    pub(super) async fn revoke_grant(&self, name: &Name, number: u32) -> Result<(), Failure> {
        let record = self.record(name);
        let issuer = self.issuer()?;
        let current = record.current().filter(|current| current.sealed.is_some() && self.is_grant(current));
        let secret = match current {
            Some(current) => self.plaintext(&record.address, current).await?,
            None => None,
        };
        let by_hand = || {
            Failure::new(Code::GrantUnreadable, format!("the tokens of generation {number} cannot be read"))
                .help("apply with `-i IDENTITY`, or take the access away at the provider and run `keywright fulfil ADDRESS --revoked`")
        };
        let secret = secret.ok_or_else(by_hand)?;
        let tokens: Vec<&str> = if current.is_some_and(|current| current.number == number) {
            [REFRESH_TOKEN, ACCESS_TOKEN].iter().filter_map(|name| part(&secret, name)).collect()
        } else {
            superseded(&secret).filter(|(of, _)| *of == number).map(|(_, token)| token).collect()
        };
        if tokens.is_empty() {
            return Err(by_hand());
        }
        for token in tokens {
            issuer.revoke(token).await.map_err(|error| {
                failed("revoke the grant", &error)
                    .help("apply again, or take the access away at the provider and run `keywright fulfil ADDRESS --revoked`")
            })?;
        }
        super::attended::confirm_revoked(self, name, &[Revoked { number, proof: Proof::Refused }]).await
    }
}

/// Redeems a code for a key whose step is open.
pub async fn redeem(account: &Account<'_>, name: &Name, granted: &Granted) -> Result<(), Failure> {
    account.redeem(name, granted).await
}

/// Proves, before a browser is sent away, that what it brings could be sealed, and that the issuer is there.
pub async fn prepare(account: &Account<'_>, name: &Name) -> Result<(), Failure> {
    account.can_seal(account.declared_grant(name)?)?;
    account.issuer()?.prepare().await.map_err(|error| failed("reach the issuer", &error))
}

/// Opens the step for a grant that nobody was asked for yet, or writes down what is wanted of it now.
pub async fn open(account: &Account<'_>, name: &Name) -> Result<(), Failure> {
    let key = account.declared_grant(name)?;
    let record = account.record(name);
    let number = super::attended::open_step(&record).map_or_else(|| record.next_number(), |open| open.number);
    account.open_step(key, number, None).await
}

/// The secret of new tokens. `before`: the refresh token that was used, which stays good where the issuer gives no other.
fn secret_of(tokens: &Tokens, before: Option<&str>, kept: &str) -> Secret {
    let refresh = tokens.refresh.as_ref().map(|token| token.as_str()).or(before).unwrap_or_default();
    let values = [tokens.access.as_str(), refresh, kept];
    Secret::of_parts(PARTS.into_iter().zip(values).map(|(name, value)| (name.to_owned(), Zeroizing::new(value.to_owned()))).collect())
}

/// Those of the tokens whose generations the record still has, as the part that holds them.
fn kept_of<'s>(tokens: impl Iterator<Item = (u32, &'s str)>, record: &KeyRecord) -> (Vec<u32>, Zeroizing<String>) {
    let there: Vec<(u32, &str)> = tokens.filter(|(number, _)| record.generation(*number).is_some()).collect();
    let words: Vec<Zeroizing<String>> = there.iter().map(|(number, token)| Zeroizing::new(format!("{number}:{token}"))).collect();
    let words: Vec<&str> = words.iter().map(|word| word.as_str()).collect();
    (there.iter().map(|(number, _)| *number).collect(), Zeroizing::new(words.join(" ")))
}

fn failed(what: &str, error: &GrantError) -> Failure {
    let code = match error {
        GrantError::Client(_) | GrantError::Refused(_) => Code::GrantRefused,
        GrantError::Dead(_) => Code::GrantLost,
        GrantError::Discovery(_) => Code::GrantDiscovery,
        GrantError::Throttled(_) | GrantError::Unreachable(_) | GrantError::Unanswered(_) => Code::ProviderUnanswered,
        GrantError::Local(_) => Code::ApplyWriteFailed,
    };
    Failure::new(code, format!("could not {what}: {error}"))
}

fn lost(why: &str) -> Failure {
    Failure::new(Code::GrantLost, format!("the grant is over: {why}")).help(AUTHORIZE)
}

fn lost_finding(record: &KeyRecord, why: &str) -> Diagnostic {
    let message = format!("the grant of `{}` is over: {why}", record.address);
    Diagnostic::warning(Code::GrantLost, message).help(format!("run `keywright authorize {}`: a person grants it anew", record.address))
}
