//! The whole life of a throw-away key. Whatever happens, the key is ended, or what is left is told.
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use super::differences::{Field, Wanted, differences, unlike};
use super::opened::spoilt;
use super::reading::{LABEL, word};
use super::suite::Suite;
use crate::model::{AccessLevel, Marker, ObservedKey, Options, ScopeSet, Secret};
use crate::profile::Disable;
use crate::profile::reader::whole;
use crate::provider::{CreateRequest, EditRequest, Liveness, Provider, ProviderError, Tried};

/// The longest that a change is waited for.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
pub const PAUSE: Duration = Duration::from_millis(300);
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// What the throw-away key is to be.
pub struct Wishes {
    /// Empty: the least that the catalogue has.
    pub scopes: ScopeSet,
    pub options: Options,
    pub now: Timestamp,
}

/// The throw-away key, once it is there.
pub struct Made {
    pub id: String,
    pub secret: Option<Secret>,
    pub wanted: Wanted,
    pub marker: Marker,
}

/// Makes a key, tries every operation that the profile has, and ends it.
///
/// Expected flow: create → read back → try the secret → edit each field alone → disable, enable → delete → read back. Guarantees: nothing but the key
/// that was made here is written to; it is deleted, or disabled where nothing deletes, also after an error or a signal. Assumptions: the
/// account may hold one more key. Caveats: a process that is killed leaves the key; its label says what it is, and the next trial tells it.
/// Errors: none, they are findings; what could not be ended is left behind, and told.
pub async fn live(suite: &mut Suite<'_>, listed: &[ObservedKey], wishes: &Wishes) {
    let capabilities = &suite.profile.capabilities;
    if !suite.profile.has_create() {
        return suite.not_tried("create", "the profile makes no keys");
    }
    if !capabilities.delete && capabilities.disable == Disable::None {
        return suite.not_tried("create", "nothing would end the throw-away key: the profile can neither delete nor disable");
    }
    if capabilities.key_limit.is_some_and(|limit| listed.len() >= limit as usize) {
        return suite.not_tried("create", "the account is full");
    }
    let marker = Marker::from_random(suite.random());
    let wanted = wanted(suite, wishes, &marker);
    suite.progress(&format!("making a key: `{}`", wanted.label));
    suite.wrote = true;
    let Some(mut made) = create(suite, wanted, marker).await else { return };
    let ended = steps(suite, &mut made).await;
    if !ended {
        super::ending::clean_up(suite, &made).await;
    }
}

/// Whether the key is gone for sure.
async fn steps(suite: &mut Suite<'_>, made: &mut Made) -> bool {
    read_back(suite, made).await;
    if !suite.stopping() {
        try_secret(suite, made).await;
    }
    super::edits::edit(suite, made).await;
    if !suite.stopping() {
        super::ending::switch(suite, made).await;
    }
    super::ending::delete(suite, made).await
}

fn wanted(suite: &Suite<'_>, wishes: &Wishes, marker: &Marker) -> Wanted {
    let capabilities = &suite.profile.capabilities;
    let end = capabilities.expiry.settable.then(|| {
        let longest = capabilities.expiry.max.map_or(DAY * 30, |max| max.duration().min(DAY * 30));
        crate::model::time::whole_second(wishes.now).checked_add(longest).unwrap_or(wishes.now)
    });
    let mut options: Options =
        suite.profile.options.iter().filter_map(|(name, option)| Some((name.clone(), option.default.clone()?))).collect();
    options.extend(wishes.options.clone());
    let scopes = if wishes.scopes.is_empty() { least(suite, &ScopeSet::new()) } else { wishes.scopes.clone() };
    Wanted { label: label(suite, LABEL, marker), scopes, expires_at: end, options, enabled: true }
}

/// A label that the profile allows, marker included.
pub fn label(suite: &Suite<'_>, words: &str, marker: &Marker) -> String {
    let rule = &suite.profile.capabilities.label;
    if rule.none {
        return String::new();
    }
    let pattern = rule.pattern.as_deref().and_then(|pattern| whole(pattern).ok());
    let fits =
        |label: &String| pattern.as_ref().is_none_or(|pattern| pattern.is_match(label)) && label.chars().count() <= rule.max as usize;
    let short = words.replace("keywright profile test", "kwtest");
    let ways = [words.to_owned(), words.replace(' ', "-"), words.replace(' ', "_"), short.replace(' ', "-"), short.replace(' ', "")];
    let found = ways.iter().map(|words| marker.label(words)).find(fits);
    found.unwrap_or_else(|| marker.label(&ways[4]))
}

/// The scopes of the catalogue that open the least: one, or one of each kind where the profile tells kinds apart by what scopes begin with.
pub fn least(suite: &Suite<'_>, but: &ScopeSet) -> ScopeSet {
    let spec = suite.catalogue.spec();
    let mut found: ScopeSet = ScopeSet::new();
    for prefix in prefixes(suite) {
        let mut fitting: Vec<_> = spec
            .scopes
            .iter()
            .filter(|(scope, _)| scope.as_str().starts_with(&prefix) && !but.contains(*scope) && !suite.catalogue.is_wildcard(scope))
            .collect();
        fitting.sort_by_key(|(_, facts)| (facts.tags.len(), facts.access > AccessLevel::Read, facts.access));
        found.extend(fitting.first().map(|(scope, _)| (*scope).clone()));
    }
    found
}

/// What the scopes of each axis begin with; one empty text where there are no axes.
fn prefixes(suite: &Suite<'_>) -> Vec<String> {
    let formats = serde_json::to_value(suite.opened.api().formats.clone()).unwrap_or_default();
    let axes = formats.pointer("/scopes/axes").and_then(serde_json::Value::as_object);
    let prefix = |axis: &serde_json::Value| axis.get("prefix").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
    axes.map_or_else(|| vec![String::new()], |axes| axes.values().map(prefix).collect())
}

async fn create(suite: &mut Suite<'_>, wanted: Wanted, marker: Marker) -> Option<Made> {
    let Wanted { label, scopes, expires_at, options, .. } = wanted.clone();
    match suite.provider.create(&CreateRequest { label, scopes, expires_at, options }).await {
        Ok(created) => {
            match &created.secret {
                Some(_) => suite.said("create", "makes a key, and answers with its secret"),
                None => suite.differs("create", "the answer has no secret", "api.http.key.secret, or api.http.operations.create.then"),
            }
            Some(Made { id: created.key.id, secret: created.secret, wanted, marker })
        }
        Err(error) => {
            suite.failed("create", &error, "create");
            if error.may_have_acted() {
                super::ending::find_and_end(suite, &marker).await;
            }
            None
        }
    }
}

/// One key as the provider tells it now.
pub async fn current(suite: &Suite<'_>, id: &str) -> Result<Option<ObservedKey>, ProviderError> {
    if suite.profile.capabilities.get {
        return suite.provider.get(id).await;
    }
    Ok(suite.provider.list().await?.into_iter().find(|key| key.id == id))
}

/// How long a change may take to show.
pub fn patience(suite: &Suite<'_>) -> Duration {
    Duration::try_from(suite.profile.capabilities.consistency.duration()).unwrap_or_default().min(LONGEST_WAIT)
}

/// Reads a key until it is as wanted, or the profile's time for that is over.
pub async fn until(
    suite: &Suite<'_>,
    id: &str,
    content: impl Fn(Option<&ObservedKey>) -> bool,
) -> Result<Option<ObservedKey>, ProviderError> {
    let begun = Instant::now();
    loop {
        let key = current(suite, id).await;
        let settled = key.as_ref().is_ok_and(|key| content(key.as_ref()));
        if settled || suite.stopping() || begun.elapsed() >= patience(suite) {
            return key;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn read_back(suite: &mut Suite<'_>, made: &Made) {
    let begun = Instant::now();
    match until(suite, &made.id, |key| key.is_some()).await {
        Ok(Some(key)) => {
            let found = differences(suite.profile, &suite.catalogue, &made.wanted, &key);
            if found.is_empty() {
                suite.said("read back", "the key is as it was asked for");
            }
            for difference in found {
                suite.differs("read back", difference.says, difference.change);
            }
        }
        Ok(None) => {
            let says = format!("the new key is not found after {} s", begun.elapsed().as_secs());
            suite.differs("read back", says, "capabilities.consistency, or api.http.operations.create.item and api.http.key.id");
        }
        Err(error) => suite.failed("read back", &error, "get"),
    }
    let begun = Instant::now();
    loop {
        match suite.provider.list().await {
            Ok(listed) if listed.iter().any(|key| key.id == made.id) => return suite.said("list", "shows the new key"),
            Ok(_) if begun.elapsed() < patience(suite) && !suite.stopping() => tokio::time::sleep(PAUSE).await,
            Ok(_) => {
                let says = format!("does not show the new key after {} s", begun.elapsed().as_secs());
                return suite.differs("list", says, "capabilities.consistency, api.http.operations.list or api.http.key.live");
            }
            Err(error) => return suite.failed("list", &error, "list"),
        }
    }
}

/// Calls with the key's own secret until they show what is awaited, or the profile's time for that is over.
pub async fn tried(suite: &Suite<'_>, made: &Made, awaited: &Liveness) -> Option<Result<Liveness, ProviderError>> {
    let secret = made.secret.as_ref().filter(|_| suite.profile.capabilities.verify)?;
    let begun = Instant::now();
    loop {
        let key = Tried { id: Some(&made.id), scopes: &made.wanted.scopes, options: &made.wanted.options };
        let liveness = suite.provider.try_key(&key, secret).await;
        if liveness.as_ref() == Ok(awaited) || suite.stopping() || begun.elapsed() >= patience(suite) {
            return Some(liveness);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn try_secret(suite: &mut Suite<'_>, made: &Made) {
    match tried(suite, made, &Liveness::Alive).await {
        None => suite.not_tried("verify", "the profile tries no key, or there is no secret"),
        Some(Ok(Liveness::Alive)) => suite.said("verify", "the new secret works"),
        Some(Ok(Liveness::Lacks { .. })) => suite.remark("verify", "the new secret works, and is refused something", None),
        Some(Ok(other)) => suite.differs("verify", format!("the new secret is {}", word(&other)), "api.http.verify.alive"),
        Some(Err(error)) => suite.failed("verify", &error, "verify"),
    }
    if let Some(secret) = made.secret.as_ref().filter(|_| suite.profile.capabilities.verify) {
        let wrong = spoilt(secret, Some("id"));
        let key = Tried { id: Some(&made.id), scopes: &made.wanted.scopes, options: &made.wanted.options };
        match suite.provider.try_key(&key, &wrong).await {
            Ok(Liveness::Dead) => suite.said("verify", "a wrong secret proves dead"),
            Ok(other) => suite.differs("verify", format!("a wrong secret is {}", word(&other)), "api.http.verify.dead"),
            Err(error) => suite.failed("verify", &error, "verify"),
        }
    }
    if !suite.profile.capabilities.reveal {
        return;
    }
    match (suite.provider.reveal(&made.id).await, &made.secret) {
        (Ok(Some(again)), Some(secret)) if again.parts().eq(secret.parts()) => suite.said("reveal", "shows the same secret again"),
        (Ok(Some(_)), Some(_)) => suite.differs("reveal", "shows another secret", "api.http.operations.reveal"),
        (Ok(_), _) => suite.differs("reveal", "shows no secret", "capabilities.reveal: false"),
        (Err(error), _) => suite.failed("reveal", &error, "reveal"),
    }
}

/// Compares a key with what an edit of one field should have made of it. What was `known` to differ in other fields is told already.
pub fn judge_edit(suite: &mut Suite<'_>, field: Field, wanted: &Wanted, before: &ObservedKey, after: &ObservedKey, known: &[Field]) {
    let check = format!("edit of the {}", field.word());
    let mut found = differences(suite.profile, &suite.catalogue, wanted, after);
    found.retain(|difference| difference.field == field || !known.contains(&difference.field));
    let changed: Vec<&str> = unlike(before, after);
    let name = match field {
        Field::Label => "label",
        Field::Scopes => "scopes",
        Field::Expiry => "expiry",
        Field::Options => "options",
        Field::Enabled => "enabled",
    };
    let mut good = true;
    for difference in found {
        good = false;
        if difference.field == field && !changed.contains(&name) {
            let change = format!("capabilities.editable.{name}: false, or api.http.operations.edit");
            suite.differs(&check, format!("an edit of the {} changed nothing", field.word()), change);
        } else if difference.field == field {
            suite.differs(&check, difference.says, difference.change);
        } else {
            let says = format!("an edit of the {} changed the {}, too: {}", field.word(), difference.field.word(), difference.says);
            suite.differs(&check, says, "api.http.operations.edit: `from: get`, where an update replaces the whole");
        }
    }
    if good {
        suite.said(&check, "is kept, and nothing else moved");
    }
}

/// A request that edits one field.
pub fn edit_of(field: Field, wanted: &Wanted) -> EditRequest {
    let mut request = EditRequest::default();
    match field {
        Field::Label => request.label = Some(wanted.label.clone()),
        Field::Scopes => request.scopes = Some(wanted.scopes.clone()),
        Field::Expiry => request.expires_at = Some(wanted.expires_at),
        Field::Options => request.options = Some(wanted.options.clone()),
        Field::Enabled => {}
    }
    request
}
