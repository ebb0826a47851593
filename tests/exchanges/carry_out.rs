//! Carries out the steps of a case at the provider port, and compares what they give.
use std::cell::Cell;
use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use keywright::model::{ObservedKey, Options, Scope, ScopeSet, Secret};
use keywright::provider::attended::AttendedProvider;
use keywright::provider::http::{AccountAt, HttpProvider};
use keywright::provider::transport::Limits;
use keywright::provider::{CreateRequest, Created, EditRequest, Liveness, Provider, ProviderError, Tried};
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use crate::compare;
use crate::format::{Create, Does, Edit, ExchangeFile, Step, Switch, Verify};
use crate::server::Server;

thread_local! {
    static NOW: Cell<Timestamp> = const { Cell::new(Timestamp::UNIX_EPOCH) };
}

/// Carries out every case; each problem begins with the name of its case.
pub async fn all(file: &ExchangeFile) -> Vec<String> {
    let mut problems = Vec::new();
    for (name, steps) in &file.cases {
        problems.extend(case(file, steps).await.into_iter().map(|problem| format!("{name}: {problem}")));
    }
    problems
}

/// One case: an account of its own, and a server of its own.
async fn case(file: &ExchangeFile, steps: &[Step]) -> Vec<String> {
    NOW.set(file.now);
    let server = Server::start(DateTimePrinter::new().timestamp_to_rfc9110_string(&file.now).expect("a date")).await;
    let provider = match open(file, &server.url) {
        Ok(provider) => provider,
        Err(error) => return vec![format!("the account cannot be opened: {error}")],
    };
    let mut secrets: BTreeSet<String> = file.secrets.iter().cloned().collect();
    let mut problems = Vec::new();
    if let Some(text) = &file.credential {
        match file.profile.credential().map(|shape| (shape, shape.parse(text))) {
            Some((shape, Ok(parts))) => {
                let id = shape.own.as_ref().filter(|own| own.is_id()).map(|own| own.part());
                let secret = parts.parts().filter(|(name, _)| id != Some(*name));
                secrets.extend(secret.map(|(_, value)| value.to_owned()));
            }
            Some((_, Err(problem))) => problems.push(format!("the credential does not read: {problem}")),
            None => problems.push("the profile knows no credential".to_owned()),
        }
    }
    for (number, step) in steps.iter().enumerate() {
        server.expect(&step.exchanges);
        let (came, error) = given(carry_out(provider.as_ref(), &step.does).await);
        secrets.extend(secrets_of(step));
        secrets.extend(server.authorizations());
        let mut found = server.problems();
        let (expected, words) = expected(&step.gives);
        let before = found.len();
        compare::json("gives", &expected, Some(&came), &mut found);
        if let Some(error) = &error {
            let told = error.to_string();
            found.extend((found.len() > before).then(|| format!("the error says: {told}")));
            found.extend(words.iter().filter(|word| !told.contains(*word)).map(|word| format!("the error does not say `{word}`: {told}")));
            let shown = format!("{told} {error:?}");
            let leaks = secrets.iter().filter(|secret| secret.len() < 6 || shown.contains(secret.as_str()));
            found.extend(leaks.map(|secret| format!("the error repeats the secret `{secret}` (or it is too short to tell): {told}")));
        }
        let place = if steps.len() > 1 { format!("step {}: ", number + 1) } else { String::new() };
        problems.extend(found.into_iter().map(|problem| format!("{place}{problem}")));
    }
    problems
}

fn open(file: &ExchangeFile, url: &str) -> Result<Box<dyn Provider>, ProviderError> {
    let defaults = file.profile.params.iter().filter_map(|(name, param)| Some((name.clone(), param.default.clone()?)));
    let mut params: std::collections::BTreeMap<_, _> = defaults.collect();
    params.extend(file.account.params.clone());
    let at = AccountAt { environment: file.account.environment.as_deref(), endpoint: Some(url), params: &params };
    let Some(text) = &file.credential else {
        return Ok(Box::new(AttendedProvider::open(&file.profile, at, || NOW.get())?));
    };
    let shape = file.profile.credential().ok_or_else(|| ProviderError::Local("the profile knows no credential".to_owned()))?;
    let credential = shape.parse(text).map_err(|problem| ProviderError::Local(problem.to_string()))?;
    // A refusal is asked for once: waiting belongs to other tests.
    let limits = Limits { retries: std::time::Duration::ZERO, ..Limits::default() };
    Ok(Box::new(HttpProvider::open_within(limits, file.profile.clone(), at, credential, || NOW.get())?))
}

/// What a call of the port came to, as `gives` says it.
async fn carry_out(provider: &dyn Provider, does: &Does) -> Result<Value, ProviderError> {
    let done = |()| Value::from("done");
    match does {
        Does::List => provider.list().await.map(|keys| keys.iter().map(|key| Value::Object(told(key))).collect()),
        Does::Get(id) => provider.get(id).await.map(|key| key.map_or(Value::from("nothing"), |key| Value::Object(told(&key)))),
        Does::Create(create) => provider.create(&request(create)).await.map(|created| created_key(&created)),
        Does::Edit(edit) => provider.edit(&edit.id, &edit_request(edit)).await.map(done),
        Does::Disable(key) => switch(provider, key, false).await.map(done),
        Does::Enable(key) => switch(provider, key, true).await.map(done),
        Does::Delete(id) => provider.delete(id).await.map(done),
        Does::Reveal(id) => provider.reveal(id).await.map(|secret| secret.map_or(Value::from("nothing"), |secret| parts(&secret))),
        Does::Verify(verify) => {
            let Verify { id, secret, scopes, options } = verify;
            let options: Options = options.clone().into_iter().collect();
            let tried = Tried { id: id.as_deref(), scopes: &set(scopes), options: &options };
            provider.try_key(&tried, &secret_of(secret)).await.map(liveness)
        }
    }
}

async fn switch(provider: &dyn Provider, key: &Switch, enabled: bool) -> Result<(), ProviderError> {
    match key {
        Switch::Id(id) => provider.set_enabled(id, enabled, None).await,
        Switch::Ending { id, expires } => provider.set_enabled(id, enabled, end(expires)).await,
    }
}

fn request(create: &Create) -> CreateRequest {
    let Create { label, scopes, expires, options } = create;
    CreateRequest {
        label: label.clone(),
        scopes: set(scopes),
        expires_at: expires.as_deref().and_then(end),
        options: options.clone().into_iter().collect(),
    }
}

fn edit_request(edit: &Edit) -> EditRequest {
    let Edit { id: _, label, scopes, expires, options } = edit;
    EditRequest {
        label: label.clone(),
        scopes: scopes.as_ref().map(set),
        expires_at: expires.as_deref().map(end),
        options: options.clone().map(|options| options.into_iter().collect()),
    }
}

fn set(scopes: &BTreeSet<String>) -> ScopeSet {
    scopes.iter().map(|scope| Scope::from(scope.as_str())).collect()
}

/// `never`, or an instant.
fn end(text: &str) -> Option<Timestamp> {
    (text != "never").then(|| text.parse().expect("`never` or an instant"))
}

/// A text, or the parts by name.
fn secret_of(value: &Value) -> Secret {
    match value {
        Value::Object(parts) => {
            let text = |value: &Value| Zeroizing::new(value.as_str().expect("a text").to_owned());
            Secret::of_parts(parts.iter().map(|(name, value)| (name.clone(), text(value))).collect())
        }
        value => Secret::single(Zeroizing::new(value.as_str().expect("a text or parts").to_owned())),
    }
}

/// A key as `gives` says it: what the provider did not say is left out.
fn told(key: &ObservedKey) -> Map<String, Value> {
    let mut told = Map::from_iter([("id".to_owned(), json!(key.id)), ("label".to_owned(), json!(key.label))]);
    let mut tell = |name: &str, value: Option<Value>| told.extend(value.map(|value| (name.to_owned(), value)));
    tell("scopes", key.scopes.as_ref().map(|scopes| scopes.iter().map(|scope| json!(scope.as_str())).collect()));
    tell("expires", key.expires_at.map(|end| end.map_or_else(|| json!("never"), |end| json!(end.to_string()))));
    tell("enabled", key.enabled.map(Value::from));
    tell("created", key.created_at.map(|at| json!(at.to_string())));
    tell("last_used", key.last_used_at.map(|at| json!(at.to_string())));
    tell("options", (!key.options.is_empty()).then(|| json!(key.options)));
    tell("own", key.own.then(|| json!(true)));
    tell("untouchable", key.untouchable.then(|| json!(true)));
    told
}

fn created_key(created: &Created) -> Value {
    let mut key = told(&created.key);
    key.extend(created.secret.as_ref().map(|secret| ("secret".to_owned(), parts(secret))));
    Value::Object(key)
}

/// A secret of one part as a text, of several by name.
fn parts(secret: &Secret) -> Value {
    match secret.part("secret").filter(|_| secret.is_single()) {
        Some(only) => json!(only),
        None => Value::Object(secret.parts().map(|(name, value)| (name.to_owned(), json!(value))).collect()),
    }
}

fn liveness(liveness: Liveness) -> Value {
    match liveness {
        Liveness::Alive => json!("alive"),
        Liveness::Dead => json!("dead"),
        Liveness::Expired => json!("expired"),
        Liveness::Lacks { scopes, worked } => {
            json!({ "lacks": scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>(), "worked": worked })
        }
        Liveness::Undecided(why) => json!({ "undecided": why }),
    }
}

fn given(result: Result<Value, ProviderError>) -> (Value, Option<ProviderError>) {
    match result {
        Ok(value) => (value, None),
        Err(error) => (json!({ "error": class(&error) }), Some(error)),
    }
}

/// The word for a class of errors.
fn class(error: &ProviderError) -> &'static str {
    match error {
        ProviderError::Unauthenticated(_) => "unauthenticated",
        ProviderError::Forbidden(_) => "forbidden",
        ProviderError::NotFound(_) => "not-found",
        ProviderError::Refused(_) => "refused",
        ProviderError::Throttled(_) => "throttled",
        ProviderError::Unreachable(_) => "unreachable",
        ProviderError::Unanswered(_) => "unanswered",
        ProviderError::Unsupported(_) => "unsupported",
        ProviderError::Local(_) => "local",
    }
}

/// `gives` without the words that an error must say, scopes in order and instants in one form.
fn expected(gives: &Value) -> (Value, Vec<String>) {
    let mut gives = gives.clone();
    let says = gives.as_object_mut().filter(|fields| fields.contains_key("error")).and_then(|fields| fields.remove("says"));
    let words = match says {
        Some(Value::Array(words)) => words.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Some(Value::String(word)) => vec![word],
        Some(_) | None => Vec::new(),
    };
    match &mut gives {
        Value::Array(keys) => keys.iter_mut().for_each(in_one_form),
        other => in_one_form(other),
    }
    (gives, words)
}

fn in_one_form(key: &mut Value) {
    for name in ["scopes", "lacks"] {
        if let Some(Value::Array(scopes)) = key.get_mut(name) {
            scopes.sort_by(|one, other| one.as_str().cmp(&other.as_str()));
            scopes.dedup();
        }
    }
    for name in ["expires", "created", "last_used"] {
        let Some(value) = key.get_mut(name) else { continue };
        if let Some(at) = value.as_str().and_then(|text| text.parse::<Timestamp>().ok()) {
            *value = json!(at.to_string());
        }
    }
}

/// What a step takes or gives that nobody may repeat; the id of a key is none, unless the file says so.
fn secrets_of(step: &Step) -> Vec<String> {
    let texts = |value: &Value| match value {
        Value::String(text) => vec![text.clone()],
        Value::Object(parts) => {
            parts.iter().filter(|(name, _)| *name != "id").filter_map(|(_, value)| value.as_str()).map(str::to_owned).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => Vec::new(),
    };
    let mut secrets = step.gives.get("secret").map(texts).unwrap_or_default();
    match &step.does {
        Does::Verify(verify) => secrets.extend(texts(&verify.secret)),
        Does::Reveal(_) if step.gives.get("error").is_none() && step.gives != "nothing" => secrets.extend(texts(&step.gives)),
        Does::Reveal(_)
        | Does::List
        | Does::Get(_)
        | Does::Create(_)
        | Does::Edit(_)
        | Does::Disable(_)
        | Does::Enable(_)
        | Does::Delete(_) => {}
    }
    secrets
}
