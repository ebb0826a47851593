//! A key as expressions see it. It is made of what manifests and plans say; no secret is within reach.
use cel::{Context, Duration, Timestamp, Value};
use serde::Serialize;

use super::super::facts::{KeyFacts, NEVER_ENDS, ScopeView};

#[derive(Serialize)]
struct Key<'a> {
    address: String,
    name: &'a str,
    account: &'a str,
    provider: &'a str,
    environment: &'a str,
    file: &'a str,
    label: &'a str,
    owner: &'a str,
    purpose: &'a str,
    state: &'a str,
    scopes: Vec<Scope<'a>>,
    lifetime: Duration,
    expires: Option<Timestamp>,
    renew_before: Duration,
    overlap: Duration,
    recipients: Vec<&'a str>,
    public_keys: Vec<&'a str>,
    deliver: Vec<&'a str>,
    protect: bool,
}

#[derive(Serialize)]
struct Scope<'a> {
    name: &'a str,
    access: &'a str,
    risk: &'a str,
    tags: Vec<&'a str>,
    open_ended: bool,
    known: bool,
}

#[derive(Serialize)]
struct Access<'a> {
    gained: Vec<Scope<'a>>,
    lost: Vec<Scope<'a>>,
    expiry_extended: bool,
    recipients_added: &'a [String],
    deliveries_added: &'a [String],
    protection_removed: bool,
    options_gained: Vec<&'a str>,
}

#[derive(Serialize)]
struct Account<'a> {
    name: &'a str,
    provider: &'a str,
    environment: &'a str,
}

/// The variables of one key, bound.
pub(crate) struct Subject<'e> {
    pub(super) scope: Context<'e, 'static>,
    /// The items of its longest list.
    pub(super) longest_list: u64,
}

impl<'e> Subject<'e> {
    /// Makes the variables once for all expressions about the key.
    pub(super) fn of(facts: &KeyFacts<'_>, file: &str, mut bound: Context<'e, 'static>) -> Self {
        let key = facts.key;
        let address = &key.address;
        let account = Account {
            name: address.account.as_str(),
            provider: facts.account.provider,
            environment: facts.account.environment.unwrap_or_default(),
        };
        let variable = Key {
            address: address.to_string(),
            name: address.name.as_str(),
            account: account.name,
            provider: account.provider,
            environment: account.environment,
            file,
            label: &key.label,
            owner: key.owner.as_deref().unwrap_or_default(),
            purpose: key.purpose.as_deref().unwrap_or_default(),
            state: facts.state(),
            scopes: facts.scopes.iter().map(scope).collect(),
            lifetime: seconds(facts.lifetime.map_or(NEVER_ENDS, |span| span.as_seconds())),
            expires: facts.fixed_end().and_then(|end| instant(end.as_second())),
            renew_before: seconds(key.renew_before.as_seconds()),
            overlap: seconds(key.overlap.as_seconds()),
            recipients: key.recipients.keys().map(String::as_str).collect(),
            public_keys: facts.public_keys.iter().copied().collect(),
            deliver: key.deliver.iter().map(|name| name.as_str()).collect(),
            protect: key.protect,
        };
        let access = Access {
            gained: facts.gained.iter().map(scope).collect(),
            lost: facts.lost.iter().map(scope).collect(),
            expiry_extended: facts.access.is_some_and(|access| access.expiry_extended),
            recipients_added: facts.access.map_or(&[], |access| &access.recipients_added),
            deliveries_added: facts.access.map_or(&[], |access| &access.deliveries_added),
            protection_removed: facts.access.is_some_and(|access| access.protection_removed),
            options_gained: facts.access.map_or(&[][..], |access| &access.options_gained).iter().map(|gain| gain.option.as_str()).collect(),
        };
        let lists = [
            variable.scopes.len(),
            access.gained.len(),
            access.lost.len(),
            access.options_gained.len(),
            variable.public_keys.len(),
            variable.recipients.len(),
            variable.deliver.len(),
        ];
        let longest_list = lists.into_iter().max().unwrap_or(0) as u64;
        let now = instant(facts.now.as_second());
        for (name, value) in [("key", value(&variable)), ("access", value(&access)), ("account", value(&account)), ("now", value(&now))] {
            bound.add_variable_from_value(name, value);
        }
        Self { scope: bound, longest_list }
    }
}

fn scope<'a>(view: &'a ScopeView<'_>) -> Scope<'a> {
    Scope {
        name: view.name.as_str(),
        access: view.access.map_or("unknown", |access| access.as_str()),
        risk: view.risk.as_str(),
        tags: view.tags.iter().map(|tag| tag.as_str()).collect(),
        open_ended: view.open_ended,
        known: view.known,
    }
}

fn value(of: &impl Serialize) -> Value {
    cel::to_value(of).expect("texts, lists, dates and lengths of time have a value")
}

fn seconds(count: u64) -> Duration {
    Duration(chrono::Duration::seconds(i64::try_from(count.min(NEVER_ENDS)).expect("a few thousand years are few seconds")))
}

fn instant(second: i64) -> Option<Timestamp> {
    chrono::DateTime::from_timestamp(second, 0).map(|instant| Timestamp(instant.fixed_offset()))
}

/// The beginning of a day, UTC.
pub(super) fn day(text: &str) -> Option<Value> {
    let plain = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let day: jiff::civil::Date = text.parse().ok().filter(|_| plain)?;
    let start = day.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
    Some(Value::Timestamp(chrono::DateTime::from_timestamp(start.as_second(), 0)?.fixed_offset()))
}

/// So many days of 24 hours.
pub(super) fn days(count: i64) -> Option<Value> {
    let seconds = count.checked_mul(86_400).filter(|seconds| seconds.unsigned_abs() <= NEVER_ENDS)?;
    Some(Value::Duration(chrono::Duration::seconds(seconds)))
}

/// Whether the language reads a length of time.
pub(super) fn is_duration(text: &str) -> bool {
    let plain = text.len() <= 40 && text.chars().all(|c| c.is_ascii_digit() || "hmsun.-".contains(c));
    let alone = plain.then(|| cel::Program::compile(&format!("duration('{text}')")));
    alone.is_some_and(|program| program.is_ok_and(|program| program.execute(&cel::Context::default()).is_ok()))
}
