//! Carries out one operation of the profile: its request, the requests after it, and the wait until it shows. Knows no plan.
use std::collections::btree_map::Entry;
use std::time::Duration;

use serde_json::Value;

use super::ProviderError;
use super::exchange::{Answer, Call, Caller, Exchange, Retry, Wiped};
use crate::profile::api::{Base, Further, Operation, Take, Wait};
use crate::profile::object;
use crate::profile::pointer::Pointer;
use crate::profile::reader::{Reader, RealId};
use crate::profile::request::Asked;
use crate::profile::template::{Method, Placeholder, Values};

/// Why a write is refused here.
pub const UNTOUCHABLE: &str = "this is nothing that anybody may touch";
/// The pause before `get` is asked again, at first and at most.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));

/// Carries out operations for one caller.
#[derive(Clone, Copy)]
pub struct Runner<'a> {
    pub exchange: &'a Exchange,
    pub reader: &'a Reader,
    pub caller: Caller<'a>,
}

/// What an operation does, and so what its failures mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// Changes nothing.
    Read,
    /// Twice does what once does.
    Write,
    /// Its first request is sent at most once.
    Create,
    /// That there is nothing is success.
    Delete,
}

impl Runner<'_> {
    /// Carries out an operation and gives the key's object as its answers make it; null where they hold none.
    ///
    /// Expected flow: read the object that the body is put over, where the profile says so → the request → what comes `then`, in order → wait
    /// until `get` shows it. Guarantees: a create's first request is sent at most once, and what comes after it is repeated only where it reads.
    /// Assumptions: a write that is repeated does nothing new. Caveats: whoever changes the object between reading and sending it back loses
    /// that change. Errors: as the provider refuses; [`ProviderError::Unanswered`] for whatever fails once a request of a write has worked,
    /// since the provider has acted.
    pub async fn run(&self, operation: &Operation, values: &Values, manner: Manner) -> Result<Wiped, ProviderError> {
        let mut values = values.clone();
        let whole = match operation.from {
            Some(Base::Get) => Some(self.base(operation, &mut values).await?),
            None => None,
        };
        let object = self.requests(operation, &values, whole.as_ref(), manner).await?;
        if let Some(wait) = operation.wait.as_ref().filter(|_| manner != Manner::Read) {
            if let Entry::Vacant(unknown) = values.entry(Placeholder::Id) {
                let id = self.reader.id(&object.0).map_err(|error| ProviderError::Unanswered(error.to_string()))?;
                unknown.insert(id.as_str().into());
            }
            self.wait(wait, &values, manner).await?;
        }
        Ok(object)
    }

    /// The object as `get` answers it, without what is not sent back, under the body; `{item./…}` is of it.
    async fn base(&self, operation: &Operation, values: &mut Values) -> Result<Wiped, ProviderError> {
        let get = self.exchange.api().operations.get.as_ref().ok_or(ProviderError::Unsupported("get"))?;
        let mut object = self.requests(get, values, None, Manner::Read).await?;
        if !object.0.is_object() {
            return Err(ProviderError::Unanswered("the answer holds no key".to_owned()));
        }
        // What is written back must be what was asked for, and somebody may have made it more than the profile can say since it was listed.
        let asked = values.get(&Placeholder::Id).and_then(Value::as_str);
        if self.reader.id(&object.0).ok().as_ref().map(RealId::as_str) != asked {
            return Err(ProviderError::Unanswered("the answer is about another key".to_owned()));
        }
        if self.reader.is_untouchable(&object.0) {
            return Err(ProviderError::Refused(UNTOUCHABLE.to_owned()));
        }
        fill_items(&operation.asked(), values, &object.0);
        operation.without.iter().for_each(|at| object::remove(&mut object.0, at));
        if let Some(body) = &operation.body {
            // The account's params are known to the exchange alone.
            body.lay_over(&mut object.0, &self.exchange.with_params(values));
        }
        Ok(object)
    }

    async fn requests(
        &self,
        operation: &Operation,
        values: &Values,
        whole: Option<&Wiped>,
        manner: Manner,
    ) -> Result<Wiped, ProviderError> {
        let retry = if manner == Manner::Create { Retry::Never } else { Retry::Idempotent };
        let call = Call { whole: whole.map(|whole| &whole.0), ..Call::new(operation.asked(), values.clone(), self.caller, retry) };
        let mut object = match self.exchange.call(&call).await {
            Ok(answer) => part(answer, &operation.item, operation.take.iter()),
            Err(ProviderError::NotFound(_)) if manner == Manner::Delete => Wiped(Value::Null),
            Err(error) => return Err(error),
        };
        let absent = object.0.is_null();
        if absent && manner == Manner::Create {
            return Err(ProviderError::Unanswered("the answer holds no key".to_owned()));
        }
        let acts = |method: Method| method != Method::Get && manner != Manner::Read;
        let mut acted = acts(operation.request.method);
        for further in &operation.then {
            match self.step(further, values, &mut object, manner).await {
                Ok(()) => {}
                Err(ProviderError::NotFound(_)) if manner == Manner::Delete => {}
                Err(error) if acted => {
                    return Err(ProviderError::Unanswered(format!("a later request of the same operation failed: {error}")));
                }
                // The key was there when the first request was answered.
                Err(ProviderError::NotFound(text)) => return Err(ProviderError::Unanswered(text)),
                Err(error) => return Err(error),
            }
            acted |= acts(further.request.method);
        }
        Ok(object)
    }

    /// A later request that only reads, or may be repeated.
    pub async fn further(&self, further: &Further, values: &Values, object: &mut Wiped) -> Result<(), ProviderError> {
        self.step(further, values, object, Manner::Read).await
    }

    async fn step(&self, further: &Further, values: &Values, object: &mut Wiped, manner: Manner) -> Result<(), ProviderError> {
        let asked = further.asked();
        let mut values = values.clone();
        if !values.contains_key(&Placeholder::Id)
            && let Ok(id) = self.reader.id(&object.0)
        {
            values.insert(Placeholder::Id, id.as_str().into());
        }
        fill_items(&asked, &mut values, &object.0);
        let once = manner == Manner::Create && further.request.method != Method::Get;
        let call = Call::new(asked, values, self.caller, if once { Retry::Never } else { Retry::Idempotent });
        let answer = self.exchange.call(&call).await?;
        if let Some(into) = &further.into {
            let mut part = part(answer, &further.item, further.take.iter());
            object::put(&mut object.0, into, part.0.take());
        }
        Ok(())
    }

    async fn wait(&self, wait: &Wait, values: &Values, manner: Manner) -> Result<(), ProviderError> {
        let get = self.exchange.api().operations.get.as_ref().ok_or(ProviderError::Unsupported("get"))?;
        let polls = async {
            let mut pause = PAUSES.0;
            loop {
                match self.requests(get, values, None, Manner::Read).await {
                    Err(ProviderError::NotFound(_)) if manner == Manner::Delete => return,
                    Ok(object) if manner != Manner::Delete && wait.is_over(&object.0) => return,
                    // What is not there yet, and what cannot be asked just now, may be there the next time.
                    Ok(_) | Err(_) => {}
                }
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(PAUSES.1);
            }
        };
        let over = |_| ProviderError::Unanswered(format!("the provider accepted, and did not show it within {}", wait.at_most));
        tokio::time::timeout(Duration::from_secs(wait.at_most.as_seconds()), polls).await.map_err(over)
    }
}

/// The part of an answer that is the key's object, with what the profile takes from beside it.
fn part<'a>(mut answer: Answer, item: &Pointer, take: impl Iterator<Item = (&'a Pointer, &'a Take)>) -> Wiped {
    let headers = answer.headers;
    let Some(json) = &mut answer.json else { return Wiped(Value::Null) };
    let taken: Vec<(&Pointer, Value)> =
        take.filter_map(|(at, take)| Some((at, take.find(&json.0, |name| headers.get(name)?.to_str().ok())?))).collect();
    let mut object = Wiped(item.of_mut(&mut json.0).map(Value::take).unwrap_or_default());
    taken.into_iter().for_each(|(at, value)| object::put(&mut object.0, at, value));
    object
}

/// The values that a request takes from the key's object so far.
fn fill_items(asked: &Asked<'_>, values: &mut Values, object: &Value) {
    for placeholder in asked.placeholders() {
        if let Placeholder::Item(at) = placeholder
            && let Some(value) = at.of(object)
        {
            values.insert(placeholder.clone(), value.clone());
        }
    }
}
