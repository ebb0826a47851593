//! The account that a profile is tried at, opened three times: as it is, with a wrong credential, and with small pages.
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use jiff::Timestamp;
use zeroize::Zeroizing;

use crate::cli::args::ProfileTestArgs;
use crate::cli::exit::{Exit, Stop};
use crate::cli::host::Host;
use crate::diagnostics::{Code, Diagnostic, suggest};
use crate::model::Secret;
use crate::profile::api::Api;
use crate::profile::paging::Paging;
use crate::profile::{Credential, HttpApi, Profile};
use crate::provider::ProviderError;
use crate::provider::http::{AccountAt, HttpProvider, origin};
use crate::provider::witness::Witness;

/// An account at one server. Every client is bound to the same host.
pub struct Opened {
    profile: Arc<Profile>,
    environment: Option<String>,
    endpoint: Option<String>,
    params: BTreeMap<String, String>,
    credential: Zeroizing<String>,
    /// Scheme, host and port.
    pub origin: String,
}

impl Opened {
    /// Reads what the account says; sends nothing.
    pub fn open(host: &Host, profile: Arc<Profile>, args: &ProfileTestArgs) -> Result<Self, Stop> {
        let Some(Api::Http(api)) = &profile.api else {
            return Err(Stop::message(format!("the profile of `{}` describes no HTTP API: there is nothing to try", profile.name)));
        };
        if profile.attended().is_some() || api.credential.is_none() {
            return Err(Stop::message(format!("the keys of `{}` are made by a person: there is nothing to try", profile.name)));
        }
        let params = params(&profile, &args.param)?;
        let usual = || format!("{}_ADMIN_KEY", profile.name.to_uppercase().replace('-', "_"));
        let variable = args.credential_env.clone().unwrap_or_else(usual);
        let credential = host.variable(&variable).ok_or_else(|| {
            let message = format!("the variable `{variable}` with the admin credential is not set");
            Stop::with(
                Exit::Error,
                Diagnostic::error(Code::CredentialMissing, message).help("set it, or name another one with `--credential-env NAME`"),
            )
        })?;
        let mut opened = Self {
            environment: args.environment.clone(),
            endpoint: args.endpoint.clone(),
            params,
            credential: Zeroizing::new(credential),
            origin: String::new(),
            profile: profile.clone(),
        };
        opened.origin = origin(&profile, opened.at()).unwrap_or_default();
        Ok(opened)
    }

    pub fn api(&self) -> &HttpApi {
        match &self.profile.api {
            Some(Api::Http(api)) => api,
            Some(Api::Keyring) | None => unreachable!("only profiles with an HTTP API are opened"),
        }
    }

    /// The admin credential.
    pub fn credential(&self) -> Result<Secret, Stop> {
        let shape = self.api().credential.as_ref().ok_or_else(|| Stop::message("the profile does not say what a credential is"))?;
        shape.parse(&self.credential).map_err(|problem| {
            let message = format!("the admin credential cannot be used: {problem}");
            Stop::with(Exit::Error, Diagnostic::error(Code::CredentialInvalid, message))
        })
    }

    /// The account as it is; `witness` sees which fields its answers have.
    pub fn account(&self, witness: Rc<Witness>) -> Result<HttpProvider, Stop> {
        self.provider(self.profile.clone(), self.credential()?).map(|provider| provider.witnessed_by(witness))
    }

    /// The same account with a credential that is wrong.
    pub fn stranger(&self) -> Result<HttpProvider, Stop> {
        let own = self.api().credential.as_ref().and_then(own_part);
        self.provider(self.profile.clone(), spoilt(&self.credential()?, own))
    }

    /// The same account, read in pages of this size; `None` where the profile's pages have none.
    pub fn in_pages_of(&self, size: u32) -> Option<Result<HttpProvider, Stop>> {
        let mut profile = Profile::clone(&self.profile);
        let Some(Api::Http(api)) = &mut profile.api else { return None };
        match &mut api.operations.list.as_mut()?.paging {
            Paging::Page(numbers) => numbers.size = size,
            Paging::Offset(offsets) => offsets.size = size,
            Paging::None | Paging::Cursor(_) | Paging::Next(_) => return None,
        }
        Some(self.credential().and_then(|credential| self.provider(Arc::new(profile), credential)))
    }

    fn at(&self) -> AccountAt<'_> {
        AccountAt { environment: self.environment.as_deref(), endpoint: self.endpoint.as_deref(), params: &self.params }
    }

    fn provider(&self, profile: Arc<Profile>, credential: Secret) -> Result<HttpProvider, Stop> {
        let unopened = |error: ProviderError| Stop::with(Exit::Error, Diagnostic::error(Code::ProviderUnavailable, error.to_string()));
        HttpProvider::open(profile, self.at(), credential, Timestamp::now).map_err(unopened)
    }
}

/// What the account says, with defaults filled in.
fn params(profile: &Profile, given: &[String]) -> Result<BTreeMap<String, String>, Stop> {
    let defaults = profile.params.iter().filter_map(|(name, param)| Some((name.clone(), param.default.clone()?)));
    let mut params: BTreeMap<String, String> = defaults.collect();
    for pair in given {
        let (name, value) = pair.split_once('=').ok_or_else(|| Stop::message("`--param` takes NAME=VALUE"))?;
        let Some(param) = profile.params.get(name) else {
            let known = profile.params.keys().map(String::as_str);
            let hint = suggest::did_you_mean(name, known).map(|hint| format!("; {hint}")).unwrap_or_default();
            return Err(Stop::message(format!("`{}` has no param `{}`{hint}", profile.name, name.escape_debug())));
        };
        if !param.values.is_empty() && !param.values.iter().any(|known| known == value) {
            return Err(Stop::message(format!("the param `{name}` is one of {}", param.values.join(", "))));
        }
        params.insert(name.to_owned(), value.to_owned());
    }
    let missing = profile.params.iter().find(|(name, param)| !param.optional && !params.contains_key(*name));
    match missing {
        Some((name, param)) => Err(Stop::message(format!("`--param {name}=VALUE` is missing: {}", param.says))),
        None => Ok(params),
    }
}

/// The part of a credential that is the id of its own key, and nothing else.
fn own_part(shape: &Credential) -> Option<&str> {
    shape.own.as_ref().filter(|own| own.is_id() && shape.parts.len() > 1).map(|own| own.part())
}

/// The same secret with a letter or digit of each part but its id changed.
pub fn spoilt(secret: &Secret, id: Option<&str>) -> Secret {
    let spoil = |name: &str, value: &str| {
        let mut text = value.to_owned();
        if id != Some(name)
            && let Some(last) = text.pop()
        {
            text.push(if last == 'x' { 'y' } else { 'x' });
        }
        (name.to_owned(), Zeroizing::new(text))
    };
    Secret::of_parts(secret.parts().map(|(name, value)| spoil(name, value)).collect())
}
