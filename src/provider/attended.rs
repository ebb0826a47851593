//! A provider whose keys a person makes: nothing can be asked of it but whether a key lives. Opens no sockets itself.
use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;

use super::address::{AccountAt, address, environment};
use super::exchange::Exchange;
use super::probe::Prober;
use super::transport::Limits;
use super::{CreateRequest, Created, EditRequest, Liveness, Provider, ProviderError, Tried};
use crate::model::{ObservedKey, Options, ScopeSet, Secret};
use crate::profile::api::Api;
use crate::profile::template::Placeholder;
use crate::profile::{HttpApi, Profile};

/// One account at a provider whose keys a person makes.
pub struct AttendedProvider {
    /// `None`: there is no call at all.
    probes: Option<Exchange>,
    params: BTreeMap<String, String>,
}

impl AttendedProvider {
    /// Opens an account; sends nothing, and needs no credential. `clock` is the real one.
    ///
    /// A secret can go nowhere but to the profile's host for this environment, or to the endpoint. Errors with [`ProviderError::Local`] when
    /// environment, endpoint, params and profile do not make an address.
    pub fn open(profile: &Arc<Profile>, at: AccountAt<'_>, clock: fn() -> Timestamp) -> Result<Self, ProviderError> {
        let params = at.params.clone();
        let Some(Api::Http(api)) = &profile.api else { return Ok(Self { probes: None, params }) };
        let address = address(environment(profile, at.environment)?, at.endpoint)?;
        let values = params.iter().map(|(name, value)| (Placeholder::Param(name.clone()), value.as_str().into())).collect();
        let exchange = Exchange::open(HttpApi::clone(api), &address, Limits::default(), values, clock)?;
        Ok(Self { probes: Some(exchange), params })
    }

    fn prober<'a>(&'a self, options: &Options) -> Result<Prober<'a>, ProviderError> {
        let exchange = self.probes.as_ref().ok_or(ProviderError::Unsupported("verify"))?;
        let verify = exchange.api().verify.as_ref().ok_or(ProviderError::Unsupported("verify"))?;
        let chosen = verify.select.choose(&self.params, Some(options));
        let (name, scheme) = chosen
            .and_then(|name| exchange.api().auth.schemes.get_key_value(name))
            .ok_or_else(|| ProviderError::Local("nothing says how this key authenticates".to_owned()))?;
        Ok(Prober { exchange, verify, name, scheme, admin: None })
    }
}

#[async_trait(?Send)]
impl Provider for AttendedProvider {
    async fn list(&self) -> Result<Vec<ObservedKey>, ProviderError> {
        Err(ProviderError::Unsupported("list"))
    }

    async fn get(&self, _: &str) -> Result<Option<ObservedKey>, ProviderError> {
        Err(ProviderError::Unsupported("get"))
    }

    async fn create(&self, _: &CreateRequest) -> Result<Created, ProviderError> {
        Err(ProviderError::Unsupported("create"))
    }

    async fn edit(&self, _: &str, _: &EditRequest) -> Result<(), ProviderError> {
        Err(ProviderError::Unsupported("edit"))
    }

    async fn set_enabled(&self, _: &str, _: bool, _: Option<Timestamp>) -> Result<(), ProviderError> {
        Err(ProviderError::Unsupported("disable"))
    }

    async fn delete(&self, _: &str) -> Result<(), ProviderError> {
        Err(ProviderError::Unsupported("delete"))
    }

    async fn reveal(&self, _: &str) -> Result<Option<Secret>, ProviderError> {
        Ok(None)
    }

    async fn verify(&self, _: &str, secret: &Secret) -> Result<Liveness, ProviderError> {
        self.prober(&Options::new())?.cheapest(&ScopeSet::new(), secret).await
    }

    async fn try_key(&self, key: &Tried<'_>, secret: &Secret) -> Result<Liveness, ProviderError> {
        self.prober(key.options)?.thoroughly(key.scopes, secret).await
    }
}
