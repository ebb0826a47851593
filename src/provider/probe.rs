//! Tries a key by calls with its own secret, and judges by the profile's table alone. Reads only.
use std::collections::BTreeMap;

use super::exchange::session::Session;
use super::exchange::{Answer, Call, Caller, Exchange, Retry};
use super::{Liveness, ProviderError};
use crate::model::{ScopeSet, Secret};
use crate::profile::auth::AuthScheme;
use crate::profile::request::Asked;
use crate::profile::template::Values;
use crate::profile::verify::{Probe, Verdict, Verify};

/// How one key authenticates.
pub struct Prober<'a> {
    pub exchange: &'a Exchange,
    pub verify: &'a Verify,
    /// Its name in the profile.
    pub name: &'a str,
    pub scheme: &'a AuthScheme,
    /// The account's own credential, where there is one.
    pub admin: Option<&'a Secret>,
}

/// What one call showed.
enum Showed {
    Verdict(Verdict),
    Nothing(String),
}

impl Prober<'_> {
    /// The cheapest call that its scopes allow: whether it lives.
    pub async fn cheapest(&self, scopes: &ScopeSet, secret: &Secret) -> Result<Liveness, ProviderError> {
        self.try_all(self.verify.calls(scopes, self.name).into_iter().take(1), scopes, secret).await
    }

    /// Every call that its scopes allow, cheapest first: whether it lives, and what it lacks of them.
    pub async fn thoroughly(&self, scopes: &ScopeSet, secret: &Secret) -> Result<Liveness, ProviderError> {
        self.try_all(self.verify.calls(scopes, self.name).into_iter(), scopes, secret).await
    }

    /// A refusal as dead or expired decides at once; what one call leaves open, another may settle.
    async fn try_all(&self, calls: impl Iterator<Item = Probe>, scopes: &ScopeSet, secret: &Secret) -> Result<Liveness, ProviderError> {
        let (mut lacks, mut worked, mut unknown) = (ScopeSet::new(), false, None);
        let mut called = false;
        let session = Session::default();
        let caller = Caller { scheme: self.scheme, credential: secret, session: &session, admin: self.admin };
        for probe in calls {
            called = true;
            match self.once(&probe, caller).await? {
                Showed::Verdict(Verdict::Dead) => return Ok(Liveness::Dead),
                Showed::Verdict(Verdict::Expired) => return Ok(Liveness::Expired),
                Showed::Verdict(Verdict::Alive) => worked = true,
                Showed::Verdict(Verdict::Lacks) => lacks.extend(probe.scopes.into_iter().filter(|scope| scopes.contains(scope))),
                Showed::Nothing(why) => {
                    unknown.get_or_insert(why);
                    // Whatever is wrong there will be wrong with the next call, too.
                    break;
                }
            }
        }
        Ok(match unknown {
            _ if !lacks.is_empty() => Liveness::Lacks { scopes: lacks, worked },
            None if called => Liveness::Alive,
            None => Liveness::Undecided("the profile has no call that tries this key".to_owned()),
            Some(_) if worked => Liveness::Alive,
            Some(why) => Liveness::Undecided(why),
        })
    }

    async fn once(&self, probe: &Probe, caller: Caller<'_>) -> Result<Showed, ProviderError> {
        let (Probe { request, query, .. }, headers) = (probe, BTreeMap::new());
        let asked = Asked { request, query, headers: &headers, content: None };
        let call = Call::new(asked, Values::new(), caller, Retry::Idempotent);
        let judged = self.exchange.send(&call, |answer: Answer| {
            // What is not JSON was not written by the provider.
            let verdict = answer.json.as_ref().and_then(|json| self.verify.verdict(&answer.refusal, Some(&json.0)));
            match (verdict, self.exchange.skew(&answer, &call)) {
                (Some(Verdict::Dead), Some(_)) | (None, _) => Err(self.exchange.failure(&answer, &call)),
                (Some(verdict), _) => Ok(verdict),
            }
        });
        match judged.await {
            Ok(verdict) => Ok(Showed::Verdict(verdict)),
            Err(error @ (ProviderError::Local(_) | ProviderError::Unsupported(_))) => Err(error),
            Err(error) => Ok(Showed::Nothing(error.to_string())),
        }
    }
}
