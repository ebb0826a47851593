//! Tokens of grants: had for a code, refreshed, revoked. Whatever an issuer gives is sealed and recorded before anything else happens.
use zeroize::Zeroizing;

use super::account::Account;
use super::attended::{Proof, Revoked};
use super::failure::Failure;
use crate::diagnostics::{Code, Diagnostic};
use crate::files;
use crate::grant::{GrantError, Issuing, Tokens, access_ends_at};
use crate::model::{DesiredKey, Generation, GenerationState, Grant, KeyRecord, Name, Secret};
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

pub(super) const AUTHORIZE: &str = "run `keywright authorize ADDRESS`: a person grants it anew";

/// A part of a grant's secret, where there is something in it.
pub(super) fn part<'s>(secret: &'s Secret, name: &str) -> Option<&'s str> {
    secret.part(name).filter(|text| !text.is_empty())
}

/// The refresh tokens of grants before, by generation.
pub(super) fn superseded(secret: &Secret) -> impl Iterator<Item = (u32, &str)> {
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

    pub(super) fn grants(&self) -> Result<&Grants, Failure> {
        self.issued_by.map(|issued| issued.grants).ok_or_else(|| Failure::new(Code::InternalUnexpected, "the provider has no grants"))
    }

    pub(super) fn issuer(&self) -> Result<&dyn Issuing, Failure> {
        let issued = self.issued_by.ok_or_else(|| Failure::new(Code::InternalUnexpected, "the provider has no grants"))?;
        issued
            .issuer
            .as_ref()
            .map(AsRef::as_ref)
            .map_err(|diagnostic| Failure { help: diagnostic.help.clone(), ..Failure::new(diagnostic.code, diagnostic.message.clone()) })
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
        let kept = self.kept(&record, &generation).await?;
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
        // Until a call with it has worked, the grant before it stays.
        generation.unverified = self.capabilities.verify;
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

    /// Tries the new access token by harmless calls; whatever they show, the grant stays published. One that was not seen to work keeps its mark.
    async fn note_working(&self, mut record: KeyRecord, secret: &Secret) -> Result<(), Failure> {
        let Some(mut generation) = record.current().filter(|_| self.capabilities.verify).cloned() else { return Ok(()) };
        let why = match self.try_secret(&generation, secret).await? {
            Liveness::Alive | Liveness::Lacks { worked: true, .. } => {
                generation.last_verified_at = Some(self.now());
                generation.unverified = false;
                return self.commit(&mut record, &generation).await;
            }
            Liveness::Lacks { worked: false, .. } => "it may do nothing of what was tried".to_owned(),
            Liveness::Expired | Liveness::Dead => "its access token was refused".to_owned(),
            Liveness::Undecided(why) => why,
        };
        let address = &record.address;
        let message = format!("`{address}`: what was granted was not seen to work: {why}");
        let help = format!("run `keywright verify {address} -i IDENTITY`; until it works, the grant before it is not revoked");
        self.notices.borrow_mut().push(Diagnostic::warning(Code::PlanUnverified, message).help(help));
        Ok(())
    }

    pub(super) fn declared_grant(&self, name: &Name) -> Result<&DesiredKey, Failure> {
        let key = self.keys.get(name).copied();
        key.ok_or_else(|| Failure::new(Code::InternalUnexpected, "no manifest declares the grant"))
    }

    /// What is to be kept of grants before, so that they can be revoked: their numbers, and the part that holds their refresh tokens.
    ///
    /// Errors: an identity was named, and cannot open them.
    async fn kept(&self, record: &KeyRecord, next: &Generation) -> Result<Option<(Vec<u32>, Zeroizing<String>)>, Failure> {
        let current =
            record.current().filter(|current| current.sealed.is_some() && current.number != next.number && self.is_grant(current));
        let Some(current) = current else { return Ok(None) };
        let secret = self.plaintext(&record.address, current).await.map_err(|failure| {
            Failure::new(Code::GrantUnreadable, format!("the tokens of the grant before cannot be read: {}", failure.message))
                .help("name the identity that opens them, or leave `-i` out: then a person takes that grant away at the provider")
        })?;
        let Some(secret) = secret else { return Ok(None) };
        let own = part(&secret, REFRESH_TOKEN).map(|token| (current.number, token));
        Ok(Some(kept_of(superseded(&secret).chain(own), record)))
    }

    /// Proves that tokens could be sealed and written, while there is nothing to lose.
    pub(super) fn can_seal(&self, key: &DesiredKey) -> Result<(), Failure> {
        let recipients = vault::recipient::distinct(&key.recipients).map_err(|problem| Failure::local(problem.to_string()))?;
        vault::seal::trial(&recipients).map_err(|problem| Failure::local(format!("a trial encryption failed: {problem}")))?;
        for area in ["ledger", "secrets", ".keywright/sealed"] {
            files::try_writing_in(&self.ledger.root().join(area).join(self.name.as_str()))?;
        }
        Ok(())
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
        // That an issuer takes a revocation says nothing of tokens which are not here.
        let doubtful = record.generation(number).is_some_and(|generation| {
            generation.asking_since.is_some() || generation.grant.as_ref().is_some_and(|grant| grant.refused_at.is_some())
        });
        let proof = if doubtful { Proof::Word } else { Proof::Refused };
        super::attended::confirm_revoked(self, name, &Revoked { number, proof }).await
    }
}

/// Redeems a code for a key whose step is open.
pub async fn redeem(account: &Account<'_>, name: &Name, granted: &Granted) -> Result<(), Failure> {
    account.redeem(name, granted).await
}

/// Proves, before a browser is sent away, that what it brings could be sealed, that the grant before can be read where an identity is named, and
/// that the issuer is there.
pub async fn prepare(account: &Account<'_>, name: &Name) -> Result<(), Failure> {
    account.can_seal(account.declared_grant(name)?)?;
    let record = account.record(name);
    // What a run left that died is finished first, and looked at then.
    if !super::is_unfinished(&record)
        && let Some(current) = record.current()
    {
        let next = Generation { number: record.next_number(), ..current.clone() };
        account.kept(&record, &next).await?;
    }
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
pub(super) fn secret_of(tokens: &Tokens, before: Option<&str>, kept: &str) -> Secret {
    let refresh = tokens.refresh.as_ref().map(|token| token.as_str()).or(before).unwrap_or_default();
    let values = [tokens.access.as_str(), refresh, kept];
    Secret::of_parts(PARTS.into_iter().zip(values).map(|(name, value)| (name.to_owned(), Zeroizing::new(value.to_owned()))).collect())
}

/// Those of the tokens whose generations the record still has, as the part that holds them.
pub(super) fn kept_of<'s>(tokens: impl Iterator<Item = (u32, &'s str)>, record: &KeyRecord) -> (Vec<u32>, Zeroizing<String>) {
    let there: Vec<(u32, &str)> = tokens.filter(|(number, _)| record.generation(*number).is_some()).collect();
    let words: Vec<Zeroizing<String>> = there.iter().map(|(number, token)| Zeroizing::new(format!("{number}:{token}"))).collect();
    let words: Vec<&str> = words.iter().map(|word| word.as_str()).collect();
    (there.iter().map(|(number, _)| *number).collect(), Zeroizing::new(words.join(" ")))
}

pub(super) fn failed(what: &str, error: &GrantError) -> Failure {
    let code = match error {
        GrantError::Client(_) | GrantError::Refused(_) => Code::GrantRefused,
        GrantError::Dead(_) => Code::GrantLost,
        GrantError::Discovery(_) => Code::GrantDiscovery,
        GrantError::Throttled(_) | GrantError::Unreachable(_) | GrantError::Unanswered(_) => Code::ProviderUnanswered,
        GrantError::Local(_) => Code::ApplyWriteFailed,
    };
    Failure::new(code, format!("could not {what}: {error}"))
}
