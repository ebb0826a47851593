//! A provider over HTTP, carried out from its profile alone. Opens no sockets itself.
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;

use super::exchange::{Call, Exchange, Failure, Retry, Wiped};
use super::listing::ListReader;
use super::probe::Prober;
use super::transport::{Limits, Transport, Url};
use super::{CreateRequest, Created, EditRequest, Liveness, Provider, ProviderError};
use crate::model::{ObservedKey, Options, ScopeSet, Secret};
use crate::profile::api::{Api, Operation, Verify};
use crate::profile::auth::{AuthScheme, Select};
use crate::profile::reader::{ReadError, Reader};
use crate::profile::template::{Placeholder, Values};
use crate::profile::{Environment, HttpApi, Profile};

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

/// One account at a provider over HTTP.
pub struct HttpProvider {
    profile: Arc<Profile>,
    exchange: Exchange,
    reader: Reader,
    params: BTreeMap<String, String>,
    environment: Option<Environment>,
    scheme: AuthScheme,
    credential: Secret,
    /// Options that answers told, by id: they say how a key authenticates.
    options: RefCell<BTreeMap<String, Options>>,
}

impl HttpProvider {
    /// Opens an account; sends nothing. `clock` is the real one: signatures need it.
    ///
    /// The credential can go nowhere but to the profile's host for this environment, or to the endpoint. Errors with
    /// [`ProviderError::Local`] when the profile has no HTTP API, or when environment, endpoint, params and profile do not make an address.
    pub fn open(profile: Arc<Profile>, at: AccountAt<'_>, credential: Secret, clock: fn() -> Timestamp) -> Result<Self, ProviderError> {
        Self::open_within(Limits::default(), profile, at, credential, clock)
    }

    /// The same, with other limits on time and size.
    pub fn open_within(
        limits: Limits,
        profile: Arc<Profile>,
        at: AccountAt<'_>,
        credential: Secret,
        clock: fn() -> Timestamp,
    ) -> Result<Self, ProviderError> {
        let local = |text: String| ProviderError::Local(text);
        let Some(Api::Http(api)) = &profile.api else {
            return Err(local(format!("the profile of `{}` describes no HTTP API", profile.name)));
        };
        let api = HttpApi::clone(api);
        let environment = environment(&profile, at.environment)?.cloned();
        let select = api.auth.select.as_ref();
        let scheme = select.and_then(|select| select.choose(at.params, None)).and_then(|name| Some((name, api.auth.schemes.get(name)?)));
        let (name, scheme) = scheme.ok_or_else(|| local("nothing says how to authenticate".to_owned()))?;
        if !takes(environment.as_ref(), select, name) {
            return Err(local(format!("this environment does not take `{name}`")));
        }
        let (scheme, (base, root)) = (scheme.clone(), address(environment.as_ref(), at.endpoint)?);
        let own = own_part(&api).and_then(|part| credential.part(part)).map(str::to_owned);
        let key = api.key.clone().ok_or_else(|| local("the profile does not say where answers have keys".to_owned()))?;
        let reader = Reader::new(key, own).map_err(|error| local(error.to_string()))?;
        let transport = Transport::bound_to(&base, Some(api.rate), limits).map_err(|error| Failure::from(error).error)?;
        let params = at.params.clone();
        let values = params.iter().map(|(name, value)| (Placeholder::Param(name.clone()), Value::from(value.as_str()))).collect();
        let exchange = Exchange::new(api, transport, &base, &root, values, clock);
        Ok(Self { profile, exchange, reader, params, environment, scheme, credential, options: RefCell::default() })
    }

    /// Takes the key of another credential of the account for ours, too: it is marked, and never written to.
    pub fn also_own(mut self, credential: &Secret) -> Self {
        let id = own_part(self.api()).and_then(|part| credential.part(part)).map(str::to_owned);
        id.into_iter().for_each(|id| self.reader.also_own(id));
        self
    }

    fn api(&self) -> &HttpApi {
        self.exchange.api()
    }

    fn call<'a>(&'a self, operation: &'a Operation, values: Values, retry: Retry) -> Call<'a> {
        let Operation { request, query, body, item: _ } = operation;
        Call { request, query, body: body.as_ref(), values, scheme: &self.scheme, credential: &self.credential, retry }
    }

    /// Sends an operation on one key and takes the key's object out of the answer.
    async fn on(&self, operation: &Operation, id: &str, mut values: Values) -> Result<Wiped, ProviderError> {
        if !self.reader.is_id(id) {
            let shown: String = id.chars().take(60).flat_map(char::escape_debug).collect();
            return Err(ProviderError::Refused(format!("`{shown}` is not the id of a key here")));
        }
        values.insert(Placeholder::Id, Value::from(id));
        let mut answer = self.exchange.call(&self.call(operation, values, Retry::Idempotent)).await?;
        Ok(Wiped(answer.json.as_mut().and_then(|json| operation.item.of_mut(&mut json.0)).map(Value::take).unwrap_or_default()))
    }

    /// The same, for a write. The keys of our own credentials are never written to.
    async fn write(&self, operation: &Operation, id: &str, values: Values) -> Result<(), ProviderError> {
        if self.reader.is_own(id) {
            return Err(ProviderError::Refused("this is the key of our own admin credential".to_owned()));
        }
        self.on(operation, id, values).await.map(drop)
    }

    /// Reads the key that was asked for; another one is no answer.
    async fn read(&self, operation: &Operation, id: &str) -> Result<(ObservedKey, Wiped), ProviderError> {
        let item = self.on(operation, id, Values::new()).await?;
        let key = self.reader.key(&item.0).map_err(unreadable)?;
        if key.id != id {
            return Err(ProviderError::Unanswered("the answer is about another key".to_owned()));
        }
        self.remember(&key);
        Ok((key, item))
    }

    fn remember(&self, key: &ObservedKey) {
        self.options.borrow_mut().insert(key.id.clone(), key.options.clone());
    }

    /// What a request about the key's fields may name.
    fn fields(&self, label: Option<&str>, scopes: Option<&ScopeSet>, expires_at: Option<Option<Timestamp>>, options: &Options) -> Values {
        let formats = self.api().formats;
        let mut values = Values::new();
        values.extend(label.map(|label| (Placeholder::Label, Value::from(label))));
        values.extend(scopes.map(|scopes| (Placeholder::Scopes, formats.scopes.write(scopes))));
        let expiry = expires_at.map(|end| end.map_or(Value::Null, |end| formats.expiry.write(end)));
        values.extend(expiry.map(|expiry| (Placeholder::Expiry, expiry)));
        values.extend(options.iter().map(|(name, value)| (Placeholder::Option(name.clone()), value.clone())));
        values
    }

    /// The options of a key, where they decide how it authenticates.
    async fn options_of(&self, verify: &Verify, id: &str) -> Option<Options> {
        let Select::Option { .. } = verify.select else { return None };
        let known = self.options.borrow().get(id).cloned();
        if known.is_some() {
            return known;
        }
        self.get(id).await.ok().flatten().map(|key| key.options)
    }
}

#[async_trait(?Send)]
impl Provider for HttpProvider {
    async fn list(&self) -> Result<Vec<ObservedKey>, ProviderError> {
        let operation = self.api().operations.list.as_ref().ok_or(ProviderError::Unsupported("list"))?;
        let (exchange, reader, scheme, credential) = (&self.exchange, &self.reader, &self.scheme, &self.credential);
        let keys = ListReader { exchange, operation, reader, scheme, credential }.read().await?;
        keys.iter().for_each(|key| self.remember(key));
        Ok(keys)
    }

    async fn get(&self, id: &str) -> Result<Option<ObservedKey>, ProviderError> {
        let operation = self.api().operations.get.as_ref().ok_or(ProviderError::Unsupported("get"))?;
        match self.read(operation, id).await {
            Ok((key, _)) => Ok(Some(key)),
            Err(ProviderError::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn create(&self, request: &CreateRequest) -> Result<Created, ProviderError> {
        let operation = self.api().operations.create.as_ref().ok_or(ProviderError::Unsupported("create"))?;
        let defaults = self.profile.options.iter().filter_map(|(name, option)| Some((name.clone(), option.default.clone()?)));
        let mut options: Options = defaults.collect();
        options.extend(request.options.clone());
        let values = self.fields(Some(&request.label), Some(&request.scopes), request.expires_at.map(Some), &options);
        let mut answer = self.exchange.call(&self.call(operation, values, Retry::Never)).await?;
        let item = answer.json.as_mut().and_then(|json| operation.item.of_mut(&mut json.0));
        let item = item.ok_or_else(|| ProviderError::Unanswered("the answer holds no key".to_owned()))?;
        let key = self.reader.key(item).map_err(unreadable)?;
        self.remember(&key);
        Ok(Created { secret: self.reader.take_secret(&self.profile.secret.parts, item), key })
    }

    async fn edit(&self, id: &str, request: &EditRequest) -> Result<(), ProviderError> {
        let operation = self.api().operations.edit.as_ref().ok_or(ProviderError::Unsupported("edit"))?;
        let options = request.options.clone().unwrap_or_default();
        // What is remembered of its options is old news now.
        self.options.borrow_mut().remove(id);
        let values = self.fields(request.label.as_deref(), request.scopes.as_ref(), request.expires_at, &options);
        self.write(operation, id, values).await
    }

    async fn set_enabled(&self, id: &str, enabled: bool) -> Result<(), ProviderError> {
        let operations = &self.api().operations;
        let (operation, name) = if enabled { (&operations.enable, "enable") } else { (&operations.disable, "disable") };
        self.write(operation.as_ref().ok_or(ProviderError::Unsupported(name))?, id, Values::new()).await
    }

    async fn delete(&self, id: &str) -> Result<(), ProviderError> {
        let operation = self.api().operations.delete.as_ref().ok_or(ProviderError::Unsupported("delete"))?;
        match self.write(operation, id, Values::new()).await {
            Ok(()) | Err(ProviderError::NotFound(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn reveal(&self, id: &str) -> Result<Option<Secret>, ProviderError> {
        let Some(operation) = &self.api().operations.reveal else { return Ok(None) };
        let (_, mut item) = self.read(operation, id).await?;
        Ok(self.reader.take_secret(&self.profile.secret.parts, &mut item.0))
    }

    fn own_id(&self) -> Option<&str> {
        own_part(self.api()).and_then(|part| self.credential.part(part))
    }

    fn clock_skew(&self) -> Option<i64> {
        self.exchange.clock_skew()
    }

    async fn verify(&self, id: &str, secret: &Secret) -> Result<Liveness, ProviderError> {
        let verify = self.api().verify.as_ref().ok_or(ProviderError::Unsupported("verify"))?;
        let options = self.options_of(verify, id).await;
        let chosen = verify.select.choose(&self.params, options.as_ref());
        let Some((name, scheme)) = chosen.and_then(|name| Some((name, self.api().auth.schemes.get(name)?))) else {
            return Ok(Liveness::Undecided("nothing says how this key authenticates".to_owned()));
        };
        if !takes(self.environment.as_ref(), self.api().auth.select.as_ref(), name) {
            return Ok(Liveness::Undecided(format!("the key authenticates by `{name}`, which this environment does not take")));
        }
        Prober { exchange: &self.exchange, verify, name, scheme }.cheapest(&ScopeSet::new(), secret).await
    }
}

/// The part of the credential that is the id of its own key.
fn own_part(api: &HttpApi) -> Option<&str> {
    api.credential.as_ref()?.own.as_deref()
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
fn takes(environment: Option<&Environment>, select: Option<&Select>, scheme: &str) -> bool {
    let Some(Select::Param(param)) = select else { return true };
    let allowed = environment.and_then(|environment| environment.allow.get(param));
    allowed.is_none_or(|allowed| allowed.iter().any(|name| name == scheme))
}

/// The scheme, host and port that an account's every request goes to; `None` where none is made, or where none can be.
pub fn origin(profile: &Profile, at: AccountAt<'_>) -> Option<String> {
    let Some(Api::Http(_)) = &profile.api else { return None };
    let (base, _) = address(environment(profile, at.environment).ok()?, at.endpoint).ok()?;
    Some(base.origin().ascii_serialization())
}

/// Where requests go: the endpoint or the profile's host, and the path of the API there.
pub(super) fn address(environment: Option<&Environment>, endpoint: Option<&str>) -> Result<(Url, String), ProviderError> {
    let parse = |text: &str, what: &str| {
        let url = Url::parse(text).map_err(|error| ProviderError::Local(format!("the {what} is not a URL: {error}")))?;
        let plain = url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
        let problem = || ProviderError::Local(format!("the {what} must be scheme, host, port and path only"));
        if plain && url.has_host() { Ok(url) } else { Err(problem()) }
    };
    let own = environment.and_then(|environment| environment.url.as_deref()).map(|url| parse(url, "profile's URL")).transpose()?;
    let root = own.as_ref().map(|url| url.path().to_owned()).unwrap_or_default();
    match (endpoint, own) {
        (Some(endpoint), _) => Ok((parse(endpoint, "endpoint")?, root)),
        (None, Some(mut url)) => {
            url.set_path("");
            Ok((url, root))
        }
        (None, None) => Err(ProviderError::Local("the provider has no address of its own: give an endpoint".to_owned())),
    }
}

fn unreadable(error: ReadError) -> ProviderError {
    ProviderError::Unanswered(error.to_string())
}
