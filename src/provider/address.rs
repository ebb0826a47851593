//! Where an account's requests go: environment, endpoint and the profile's URL. Sends nothing.
use std::collections::BTreeMap;

use super::ProviderError;
use super::transport::Url;
use crate::profile::api::Api;
use crate::profile::auth::Select;
use crate::profile::{Environment, Profile};

/// Where an account is and what the profile wants to know of it.
#[derive(Debug, Clone, Copy)]
pub struct AccountAt<'a> {
    /// One of the profile's environments; may be `None` when there is at most one.
    pub environment: Option<&'a str>,
    /// Replaces scheme, host and port of the profile's URL; a path here is a prefix.
    pub endpoint: Option<&'a str>,
    /// With defaults filled in.
    pub params: &'a BTreeMap<String, String>,
}

/// Where an API is.
pub struct Address {
    /// Scheme, host and port; of an endpoint its path, too.
    pub base: Url,
    /// The path of the API below it.
    pub root: String,
    /// Whether an endpoint stands for every host of the profile.
    pub fixed: bool,
}

/// A URL of scheme, host, port and path alone; `what` it is for errors, which do not repeat it.
pub(super) fn parse(text: &str, what: &str) -> Result<Url, ProviderError> {
    let url = Url::parse(text).map_err(|error| ProviderError::Local(format!("the {what} is not a URL: {error}")))?;
    let plain = url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
    let problem = || ProviderError::Local(format!("the {what} must be scheme, host, port and path only"));
    if plain && url.has_host() { Ok(url) } else { Err(problem()) }
}

/// The environment an account names, or the only one there is.
pub(super) fn environment<'a>(profile: &'a Profile, name: Option<&str>) -> Result<Option<&'a Environment>, ProviderError> {
    match name {
        Some(name) => {
            let unknown = || ProviderError::Local(format!("`{}` has no environment `{name}`", profile.name));
            profile.environments.get(name).map(Some).ok_or_else(unknown)
        }
        None if profile.environments.is_empty() => Ok(None),
        None => {
            let several = || ProviderError::Local(format!("`{}` has several environments", profile.name));
            profile.usual_environment().map(|(_, environment)| Some(environment)).ok_or_else(several)
        }
    }
}

/// Whether an environment takes an authentication scheme.
pub(super) fn takes(environment: Option<&Environment>, select: Option<&Select>, scheme: &str) -> bool {
    let Some(Select::Param(param)) = select else { return true };
    let allowed = environment.and_then(|environment| environment.allow.get(param));
    allowed.is_none_or(|allowed| allowed.iter().any(|name| name == scheme))
}

/// The scheme, host and port that an account's every request goes to; `None` where none is made, or where none can be.
pub fn origin(profile: &Profile, at: AccountAt<'_>) -> Option<String> {
    let Some(Api::Http(_)) = &profile.api else { return None };
    let address = address(environment(profile, at.environment).ok()?, at.endpoint).ok()?;
    Some(address.base.origin().ascii_serialization())
}

/// Where requests go: the endpoint or the profile's host, and the path of the API there.
pub(super) fn address(environment: Option<&Environment>, endpoint: Option<&str>) -> Result<Address, ProviderError> {
    let own = environment.and_then(|environment| environment.url.as_deref()).map(|url| parse(url, "profile's URL")).transpose()?;
    let root = own.as_ref().map(|url| url.path().to_owned()).unwrap_or_default();
    match (endpoint, own) {
        (Some(endpoint), _) => Ok(Address { base: parse(endpoint, "endpoint")?, root, fixed: true }),
        (None, Some(mut url)) => {
            url.set_path("");
            Ok(Address { base: url, root, fixed: false })
        }
        (None, None) => Err(ProviderError::Local("the provider has no address of its own: give an endpoint".to_owned())),
    }
}
