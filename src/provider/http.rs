//! A provider over HTTP, carried out from its profile alone. Opens no sockets itself.
use std::collections::{BTreeMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;

pub use super::address::{AccountAt, origin};
use super::address::{address, environment, takes};
use super::beforehand::Beforehand;
use super::exchange::session::Session;
use super::exchange::{Caller, Exchange, Wiped};
use super::fields::{Fields, Writing};
use super::known::Known;
use super::listing::ListReader;
use super::operation::{Manner, Runner, UNTOUCHABLE};
use super::probe::Prober;
use super::said::could_be_secret;
use super::transport::Limits;
use super::witness::Witness;
use super::{CreateRequest, Created, EditRequest, Liveness, Provider, ProviderError};
use crate::model::{ObservedKey, Options, ScopeSet, Secret};
use crate::profile::api::{Api, Operation};
use crate::profile::auth::{AuthScheme, Select};
use crate::profile::reader::{Entry, ReadError, Reader, Reading, RealId, Standing};
use crate::profile::template::{Placeholder, Values};
use crate::profile::{Environment, HttpApi, Profile};

/// What a write does to a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deed {
    /// Edits or enables it.
    Change,
    Disable,
    Delete,
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
    session: Session,
    clock: fn() -> Timestamp,
    /// What answers told.
    known: Known,
    /// The id of our own key, as the credential says.
    own: Option<String>,
    /// What is asked once, before the first operation.
    asked: Beforehand,
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
        let (scheme, address) = (scheme.clone(), address(environment.as_ref(), at.endpoint)?);
        let own = api.credential.as_ref().and_then(|shape| shape.own_id(&credential));
        let key = api.key.clone().ok_or_else(|| local("the profile does not say where answers have keys".to_owned()))?;
        let mask = api.credential.as_ref().and_then(|shape| shape.own_mask(&credential));
        let mut reader = Reader::new(key, own.clone()).map_err(|error| local(error.to_string()))?.ending_by_past(api.disables_by_past());
        mask.into_iter().for_each(|mask| reader.also_masked(mask));
        let params = at.params.clone();
        let values = params.iter().map(|(name, value)| (Placeholder::Param(name.clone()), Value::from(value.as_str()))).collect();
        let exchange = Exchange::open(api, &address, limits, values, clock)?;
        let session = Session::default();
        let (known, asked) = (Known::default(), Beforehand::default());
        Ok(Self { profile, exchange, reader, params, environment, scheme, credential, session, clock, known, own, asked })
    }

    /// Takes the key of another credential of the account for ours, too: it is marked, and never written to.
    pub fn also_own(mut self, credential: Secret) -> Self {
        let shape = self.api().credential.as_ref();
        let (id, mask) = (shape.and_then(|shape| shape.own_id(&credential)), shape.and_then(|shape| shape.own_mask(&credential)));
        id.into_iter().for_each(|id| self.reader.also_own(id));
        mask.into_iter().for_each(|mask| self.reader.also_masked(mask));
        self.asked.also_for(credential);
        self
    }

    /// Has the fields of every answer noted.
    #[must_use]
    pub fn witnessed_by(mut self, witness: Rc<Witness>) -> Self {
        self.exchange.witness(witness);
        self
    }

    fn api(&self) -> &HttpApi {
        self.exchange.api()
    }

    /// Takes what is unsayable out of a key, and an id that is a secret: what people named like that is nobody's to repeat.
    fn hush(&self, entry: &mut Entry, unsayable: &[&str]) {
        let Standing::Key(key) = &mut entry.standing else { return };
        key.conceal(unsayable);
        if let Some(id) = &entry.id
            && self.reader.is_id_secret()
        {
            key.conceal(&[id.as_str()]);
        }
    }

    /// Takes note of an entry; gives its key where it counts as one.
    fn noted(&self, entry: Entry) -> Option<ObservedKey> {
        self.known.note(entry, |key| self.scheme_by(Some(&key.options)))
    }

    /// The parts of our own credential that nothing repeats.
    fn unsayable(&self) -> Vec<&str> {
        self.credential.parts().map(|(_, part)| part).filter(|part| could_be_secret(part)).collect()
    }

    fn runner(&self) -> Runner<'_> {
        let caller = Caller { scheme: &self.scheme, credential: &self.credential, session: &self.session, admin: None };
        Runner { exchange: &self.exchange, reader: &self.reader, caller }
    }

    fn reading(&self) -> Reading<'_> {
        Reading { now: (self.clock)(), lookups: self.asked.lookups() }
    }

    fn writing(&self) -> Writing<'_> {
        let (catalogue, longest) = (&self.profile.catalogue, self.profile.capabilities.expiry.max);
        Writing { api: self.api(), catalogue, lookups: self.asked.lookups(), now: (self.clock)(), longest }
    }

    /// The id that requests name, for what the rest of the program knows a key by.
    async fn real(&self, id: &str, manner: Manner) -> Result<RealId, ProviderError> {
        self.asked.ask(&self.runner()).await?;
        if !self.reader.has_reference() {
            if !self.reader.is_id(id) {
                let shown: String = id.chars().take(60).flat_map(char::escape_debug).collect();
                return Err(ProviderError::Refused(format!("`{shown}` is not the id of a key here")));
            }
            return Ok(RealId::new(id.to_owned()));
        }
        // An id that was used again is another key's: before a write, the listing decides.
        let known = self.known.real(id).filter(|_| manner == Manner::Read);
        if let Some(real) = known {
            return Ok(real);
        }
        self.list().await?;
        self.known.real(id).ok_or_else(|| ProviderError::NotFound("no key of the listing is known by this".to_owned()))
    }

    /// Carries out an operation on one key.
    async fn on(&self, operation: &Operation, real: &RealId, mut values: Values, manner: Manner) -> Result<Wiped, ProviderError> {
        values.insert(Placeholder::Id, Value::from(real.as_str()));
        let done = self.runner().run(operation, &values, manner).await;
        done.map_err(|error| if self.reader.is_id_secret() { error.concealing(real.as_str()) } else { error })
    }

    /// The same, for a write. The keys of our own credentials are never written to. What nobody may touch is never edited or enabled; ending it is
    /// for whoever knows that it is ours.
    async fn write(&self, operation: &Operation, id: &str, values: Values, deed: Deed) -> Result<(), ProviderError> {
        let manner = if deed == Deed::Delete { Manner::Delete } else { Manner::Write };
        let real = self.real(id, manner).await?;
        if self.reader.is_told_by_answers() && self.known.real(id).is_none() {
            self.list().await?;
        }
        if self.reader.is_own(real.as_str()) || self.known.is_own(id) {
            return Err(ProviderError::Refused("this is the key of our own admin credential".to_owned()));
        }
        if self.known.is_untouchable(&real) || (deed == Deed::Change && self.known.is_beyond(id)) {
            return Err(ProviderError::Refused(UNTOUCHABLE.to_owned()));
        }
        self.on(operation, &real, values, manner).await.map(drop)
    }

    /// Reads the key that was asked for; another one is no answer. A dead one is not found.
    async fn read(&self, operation: &Operation, id: &str) -> Result<(ObservedKey, Wiped), ProviderError> {
        let real = self.real(id, Manner::Read).await?;
        let item = self.on(operation, &real, Values::new(), Manner::Read).await?;
        let mut entry = self.reader.entry(&item.0, &self.reading()).map_err(unreadable)?;
        if entry.id.as_ref() != Some(&real) {
            return Err(ProviderError::Unanswered("the answer is about another key".to_owned()));
        }
        if let Standing::Untouchable = entry.standing {
            return Err(ProviderError::Refused(UNTOUCHABLE.to_owned()));
        }
        self.hush(&mut entry, &self.unsayable());
        let gone = || ProviderError::NotFound("it does not exist any more".to_owned());
        let key = self.noted(entry).ok_or_else(gone)?;
        if key.id == id { Ok((key, item)) } else { Err(ProviderError::NotFound("its id was used again".to_owned())) }
    }

    /// The scheme that a key authenticates by, if any. `None` as options: nobody knows them.
    fn scheme_by(&self, options: Option<&Options>) -> Option<String> {
        self.api().verify.as_ref()?.select.choose(&self.params, options).map(str::to_owned)
    }

    /// The same, of a key that may have to be asked for.
    async fn scheme_of(&self, select: &Select, id: &str) -> Option<String> {
        let Select::Option { .. } = select else { return self.scheme_by(None) };
        if let Some(known) = self.known.scheme(id) {
            return known;
        }
        let key = self.get(id).await.ok().flatten();
        self.scheme_by(key.as_ref().map(|key| &key.options))
    }
}

#[async_trait(?Send)]
impl Provider for HttpProvider {
    async fn list(&self) -> Result<Vec<ObservedKey>, ProviderError> {
        let operation = self.api().operations.list.as_ref().ok_or(ProviderError::Unsupported("list"))?;
        self.asked.ask(&self.runner()).await?;
        let unsayable = self.unsayable();
        let hush = |entry: &mut Entry| self.hush(entry, &unsayable);
        let entries = ListReader { runner: self.runner(), operation, reading: self.reading(), hush: &hush }.read().await?;
        self.known.clear();
        let (mut keys, mut beyond) = (Vec::with_capacity(entries.len()), Vec::new());
        for key in entries.into_iter().filter_map(|entry| self.noted(entry)) {
            if key.untouchable { beyond.push(key) } else { keys.push(key) }
        }
        // Several of those that concern nobody may go by the same name.
        let mut names = HashSet::new();
        keys.extend(beyond.into_iter().filter(|key| names.insert(key.id.clone())));
        if self.known.count() < keys.len() {
            return Err(ProviderError::Unanswered("two keys of the list cannot be told apart".to_owned()));
        }
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
        self.asked.ask(&self.runner()).await?;
        let defaults = self.profile.options.iter().filter_map(|(name, option)| Some((name.clone(), option.default.clone()?)));
        let mut options: Options = defaults.collect();
        options.extend(request.options.clone());
        let (label, scopes, end) = (Some(request.label.as_str()), Some(&request.scopes), Some(request.expires_at));
        let values = self.writing().values(Fields { label, scopes, expires_at: end, options: Some(&options), changes: false })?;
        let mut item = self.runner().run(operation, &values, Manner::Create).await?;
        let mut entry = self.reader.entry(&item.0, &self.reading()).map_err(unreadable)?;
        self.hush(&mut entry, &self.unsayable());
        let uncounted = || ProviderError::Unanswered("what was created does not count as a key".to_owned());
        let mut key = self.noted(entry).ok_or_else(uncounted)?;
        self.reader.as_told(&mut key, &item.0, request.expires_at.is_some());
        Ok(Created { secret: self.reader.take_secret(&self.profile.secret, &mut item.0), key })
    }

    async fn edit(&self, id: &str, request: &EditRequest) -> Result<(), ProviderError> {
        let operation = self.api().operations.edit.as_ref().ok_or(ProviderError::Unsupported("edit"))?;
        self.asked.ask(&self.runner()).await?;
        let EditRequest { label, scopes, expires_at, options } = request;
        let (label, scopes, options) = (label.as_deref(), scopes.as_ref(), options.as_ref());
        let values = self.writing().values(Fields { label, scopes, expires_at: *expires_at, options, changes: true })?;
        self.known.forget_scheme(id);
        self.write(operation, id, values, Deed::Change).await
    }

    async fn set_enabled(&self, id: &str, enabled: bool, expires_at: Option<Timestamp>) -> Result<(), ProviderError> {
        let operations = &self.api().operations;
        let (operation, name) = if enabled { (&operations.enable, "enable") } else { (&operations.disable, "disable") };
        let values = self.writing().switching(expires_at);
        let deed = if enabled { Deed::Change } else { Deed::Disable };
        self.write(operation.as_ref().ok_or(ProviderError::Unsupported(name))?, id, values, deed).await
    }

    async fn delete(&self, id: &str) -> Result<(), ProviderError> {
        let operation = self.api().operations.delete.as_ref().ok_or(ProviderError::Unsupported("delete"))?;
        match self.write(operation, id, Values::new(), Deed::Delete).await {
            Ok(()) | Err(ProviderError::NotFound(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn reveal(&self, id: &str) -> Result<Option<Secret>, ProviderError> {
        let Some(operation) = &self.api().operations.reveal else { return Ok(None) };
        let (_, mut item) = self.read(operation, id).await?;
        Ok(self.reader.take_secret(&self.profile.secret, &mut item.0))
    }

    fn own_id(&self) -> Option<&str> {
        // A real id that is not the one which others know must not leave.
        self.own.as_deref().filter(|_| !self.reader.has_reference()).or_else(|| self.known.own())
    }

    fn clock_skew(&self) -> Option<i64> {
        self.exchange.clock_skew()
    }

    async fn verify(&self, id: &str, secret: &Secret) -> Result<Liveness, ProviderError> {
        let verify = self.api().verify.as_ref().ok_or(ProviderError::Unsupported("verify"))?;
        let chosen = self.scheme_of(&verify.select, id).await;
        let Some((name, scheme)) = chosen.as_deref().and_then(|name| Some((name, self.api().auth.schemes.get(name)?))) else {
            return Ok(Liveness::Undecided("nothing says how this key authenticates".to_owned()));
        };
        if !takes(self.environment.as_ref(), self.api().auth.select.as_ref(), name) {
            return Ok(Liveness::Undecided(format!("the key authenticates by `{name}`, which this environment does not take")));
        }
        Prober { exchange: &self.exchange, verify, name, scheme, admin: Some(&self.credential) }.cheapest(&ScopeSet::new(), secret).await
    }
}

fn unreadable(error: ReadError) -> ProviderError {
    ProviderError::Unanswered(error.to_string())
}
