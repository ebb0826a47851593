//! What only reading shows: the listing, single keys, pages, credentials.
use std::collections::{BTreeMap, BTreeSet};

use super::differences::{unlike, untold};
use super::opened::spoilt;
use super::suite::Suite;
use crate::model::{ObservedKey, Options, ScopeSet, Secret};
use crate::provider::{Liveness, Provider, ProviderError, Tried};

/// Keys that are asked for one by one.
const ASKED_FOR: usize = 3;
/// What every throw-away key is called.
pub const LABEL: &str = "keywright profile test";

/// Carries out every check that only reads.
///
/// Expected flow: the listing twice → the first keys by their ids → an id that no key has → small pages → our own key → a wrong credential.
/// Guarantees: nothing is written; every request goes to the one bound host, the wrong credential's, too. Assumptions: nobody else changes the
/// account meanwhile; what such a change would look like is a remark, not a contradiction. Caveats: a provider may count wrong credentials, so
/// there is one. Errors: none, they are findings; `None` when there is no listing, and everything else would mean nothing.
pub async fn read(suite: &mut Suite<'_>) -> Option<Vec<ObservedKey>> {
    suite.progress("reading the listing");
    let listed = match suite.provider.list().await {
        Ok(listed) => ours_to_see(listed),
        Err(error) => {
            suite.failed("list", &error, "list");
            return None;
        }
    };
    twice(suite, &listed).await;
    what_is_listed(suite, &listed);
    by_id(suite, &listed).await;
    unknown(suite, &listed).await;
    in_pages(suite, &listed).await;
    our_own(suite, &listed).await;
    stranger(suite).await;
    Some(listed)
}

/// Without what nobody may touch.
fn ours_to_see(mut listed: Vec<ObservedKey>) -> Vec<ObservedKey> {
    listed.retain(|key| !key.is_off_limits());
    listed
}

async fn twice(suite: &mut Suite<'_>, first: &[ObservedKey]) {
    let second = match suite.provider.list().await {
        Ok(second) => ours_to_see(second),
        Err(error) => return suite.failed("list", &error, "list"),
    };
    let again: BTreeMap<&str, &ObservedKey> = second.iter().map(|key| (key.id.as_str(), key)).collect();
    let keys = crate::render::count(first.len(), "key");
    let mut fields = BTreeSet::new();
    for key in first {
        fields.extend(again.get(key.id.as_str()).map(|other| unlike(key, other)).unwrap_or_default());
    }
    if first.len() != second.len() || first.iter().any(|key| !again.contains_key(key.id.as_str())) {
        return suite.remark("list", format!("{keys}, and others a moment later: somebody works there, or pages lose keys"), None);
    }
    if fields.is_empty() {
        suite.said("list", format!("{keys}, the same twice"));
    } else {
        let fields = fields.into_iter().collect::<Vec<_>>().join(", ");
        suite.remark("list", format!("{keys}, with another {fields} a moment later"), Some("api.http.key: is that field a moving value?"));
    }
}

/// What the listed keys say about limits and capabilities.
fn what_is_listed(suite: &mut Suite<'_>, listed: &[ObservedKey]) {
    let capabilities = &suite.profile.capabilities;
    let disabled = listed.iter().filter(|key| key.enabled == Some(false)).count();
    match (capabilities.lists_disabled, disabled) {
        (Some(false), 1..) => suite.differs("disabled keys", "the list shows disabled keys", "capabilities.lists_disabled: true"),
        (None, 1..) => suite.remark("disabled keys", "the list shows disabled keys", Some("capabilities.lists_disabled: true")),
        (Some(true), 1..) => suite.said("disabled keys", "the list shows them"),
        (_, 0) => {}
    }
    let capabilities = &suite.profile.capabilities;
    if let Some(limit) = capabilities.key_limit.filter(|limit| listed.len() > *limit as usize) {
        let says = format!("there are {} keys, and the profile says at most {limit}", listed.len());
        suite.differs("key limit", says, "capabilities.key_limit");
    }
    if !suite.profile.capabilities.last_used && listed.iter().any(|key| key.last_used_at.is_some()) {
        suite.remark("last use", "keys tell when they were last used", Some("capabilities.last_used: true"));
    }
    let strange: BTreeSet<String> = listed
        .iter()
        .flat_map(|key| key.scopes.iter().flatten())
        .filter(|scope| !suite.catalogue.is_known(scope))
        .map(|scope| format!("`{scope}`"))
        .collect();
    if !strange.is_empty() {
        let some: Vec<&str> = strange.iter().take(5).map(String::as_str).collect();
        let more = if strange.len() > some.len() { format!(" and {} more", strange.len() - some.len()) } else { String::new() };
        suite.remark("catalogue", format!("keys have scopes that it does not list: {}{more}", some.join(", ")), Some("catalogue.scopes"));
    }
    for key in listed.iter().filter(|key| key.label.starts_with(LABEL) && key.marker().is_some() && !key.own) {
        suite.remark("earlier tests", format!("`{}` is of an earlier test: delete it", key.label), None);
    }
}

async fn by_id(suite: &mut Suite<'_>, listed: &[ObservedKey]) {
    if !suite.profile.capabilities.get {
        return suite.not_tried("get", "the profile asks for no single key");
    }
    if listed.is_empty() {
        return suite.not_tried("get", "there is no key");
    }
    let mut found = Vec::new();
    for key in listed.iter().take(ASKED_FOR) {
        match suite.provider.get(&key.id).await {
            Ok(Some(got)) => found.push((key, got)),
            Ok(None) => {
                let change = "api.http.operations.get, api.http.key.live or api.http.errors.rows";
                return suite.differs("get", "a listed key is not found by its id", change);
            }
            Err(error) => return suite.failed("get", &error, "get"),
        }
    }
    let poorer: BTreeSet<&str> = found.iter().flat_map(|(listed, got)| untold(got, listed)).collect();
    let richer: BTreeSet<&str> = found.iter().flat_map(|(listed, got)| untold(listed, got)).collect();
    let unlike: BTreeSet<&str> = found.iter().flat_map(|(listed, got)| unlike(listed, got)).collect();
    let names = |fields: BTreeSet<&str>| fields.into_iter().collect::<Vec<_>>().join(", ");
    let other: BTreeSet<&str> = unlike.iter().copied().filter(|field| !poorer.contains(field) && !richer.contains(field)).collect();
    if !poorer.is_empty() {
        let says = format!("a key read by its id tells {}, and the list does not", names(poorer));
        suite.differs("get", says, "api.http.operations.list.then: the detail of each entry");
    }
    if !richer.is_empty() {
        let says = format!("the list tells {}, and a key read by its id does not", names(richer));
        suite.differs("get", says, "api.http.operations.get: its item, or a further request");
    }
    if !other.is_empty() {
        let says = format!("the list and a key read by its id tell another {}", names(other));
        suite.differs("get", says, "api.http.operations.get, api.http.key");
    }
    if unlike.is_empty() {
        suite.said("get", format!("{} read by id, as the list has it", crate::render::count(found.len(), "key")));
    }
}

async fn unknown(suite: &mut Suite<'_>, listed: &[ObservedKey]) {
    if !suite.profile.capabilities.get {
        return;
    }
    let Some(id) = listed.first().and_then(|key| unused(&key.id, listed)) else {
        return suite.not_tried("unknown id", "there is no key whose id could be changed into one that no key has");
    };
    match suite.provider.get(&id).await {
        Ok(None) => suite.said("unknown id", "is not found"),
        Ok(Some(_)) => suite.differs("unknown id", "a changed id brings a key", "api.http.key.id"),
        Err(error @ (ProviderError::Unreachable(_) | ProviderError::Throttled(_))) => suite.failed("unknown id", &error, "get"),
        Err(error) => {
            let change = "api.http.errors.rows: { when: …, means: not-found } for this answer";
            suite.differs("unknown id", format!("is not told as not found: {error}"), change);
        }
    }
}

/// An id of the same form that no listed key has.
fn unused(id: &str, listed: &[ObservedKey]) -> Option<String> {
    let ids: BTreeSet<&str> = listed.iter().map(|key| key.id.as_str()).collect();
    (1..=7_u8).map(|turn| turned(id, turn)).find(|other| other != id && !ids.contains(other.as_str()))
}

/// The last twelve letters and digits, each `turn` places further among those that hexadecimal has, so that the form stays.
fn turned(id: &str, turn: u8) -> String {
    let mut left = 12;
    let further = |byte: u8, first: u8, count: u8| first + (byte - first + turn) % count;
    let letters: Vec<char> = id
        .chars()
        .rev()
        .map(|c| {
            let byte = u8::try_from(c).unwrap_or_default();
            let changed = match byte {
                b'0'..=b'9' => further(byte, b'0', 10),
                b'a'..=b'f' => further(byte, b'a', 6),
                b'A'..=b'F' => further(byte, b'A', 6),
                _ => return c,
            };
            if left == 0 {
                return c;
            }
            left -= 1;
            char::from(changed)
        })
        .collect();
    letters.into_iter().rev().collect()
}

async fn in_pages(suite: &mut Suite<'_>, listed: &[ObservedKey]) {
    let size = u32::try_from(listed.len() / 3).unwrap_or(u32::MAX).max(2);
    let Some(few) = suite.opened.in_pages_of(size) else {
        return suite.not_tried("pages", "the profile says no size of a page that could be made smaller");
    };
    if listed.len() < 3 {
        return suite.not_tried("pages", format!("{} make no second page", crate::render::count(listed.len(), "key")));
    }
    let read = match few {
        Ok(few) => few.list().await.map(ours_to_see),
        Err(_) => return suite.not_tried("pages", "the account cannot be opened again"),
    };
    let change = "api.http.operations.list.paging";
    match read {
        Ok(keys) => {
            let ids = |keys: &[ObservedKey]| keys.iter().map(|key| key.id.clone()).collect::<BTreeSet<_>>();
            let (whole, parts) = (ids(listed), ids(&keys));
            if whole == parts {
                return suite.said("pages", format!("of {size} make the same list"));
            }
            let lost = whole.difference(&parts).count();
            suite.differs("pages", format!("of {size} lose {}", crate::render::count(lost, "key")), change);
        }
        Err(error) => suite.differs("pages", format!("of {size} make no list: {error}"), change),
    }
}

/// Our own key is marked, and its own secret works and is told from a wrong one.
async fn our_own(suite: &mut Suite<'_>, listed: &[ObservedKey]) {
    let own = listed.iter().filter(|key| key.own).count();
    match own {
        0 => {
            let says = "no listed key is known as that of our own credential: right if it is none";
            suite.remark("own key", says, Some("api.http.credential.own, api.http.key.own or api.http.self"));
        }
        1 => suite.said("own key", "is known, and will never be written to"),
        many => suite.differs("own key", format!("{many} keys count as ours"), "api.http.key.own"),
    }
    if !suite.profile.capabilities.verify {
        return suite.not_tried("verify", "the profile tries no key");
    }
    let Some(secret) = suite.opened.credential().ok().and_then(|credential| as_a_key(&suite.profile.secret.parts, &credential)) else {
        return suite.not_tried("verify", "the admin credential is no key of this provider; --write tries one");
    };
    let (id, options) = listed.iter().find(|key| key.own).map(|key| (key.id.clone(), key.options.clone())).unzip();
    let options = options.unwrap_or_default();
    match tried(suite, id.as_deref(), &options, &secret).await {
        Ok(Liveness::Alive | Liveness::Lacks { .. }) => {
            suite.said("verify", "the admin credential proves alive");
            let wrong = spoilt(&secret, Some("id"));
            match tried(suite, id.as_deref(), &options, &wrong).await {
                Ok(Liveness::Dead) => suite.said("verify", "a wrong secret proves dead"),
                Ok(other) => suite.differs("verify", format!("a wrong secret is {}", word(&other)), "api.http.verify.dead"),
                Err(error) => suite.failed("verify", &error, "verify"),
            }
        }
        Ok(other) if own == 0 => {
            suite.remark("verify", format!("the admin credential is {}: right if it is no key like the others", word(&other)), None);
        }
        Ok(other) => suite.differs("verify", format!("the admin credential is {}", word(&other)), "api.http.verify.alive"),
        Err(error) => suite.failed("verify", &error, "verify"),
    }
}

async fn tried(suite: &Suite<'_>, id: Option<&str>, options: &Options, secret: &Secret) -> Result<Liveness, ProviderError> {
    suite.provider.try_key(&Tried { id, scopes: &ScopeSet::new(), options }, secret).await
}

/// The admin credential in the parts of a key's secret, where they fit.
fn as_a_key(parts: &[String], credential: &Secret) -> Option<Secret> {
    let copy = |text: &str| zeroize::Zeroizing::new(text.to_owned());
    if let ([part], true) = (parts, credential.is_single()) {
        let value = credential.parts().next().map(|(_, value)| copy(value))?;
        return Some(Secret::of_parts(vec![(part.clone(), value)]));
    }
    let all = parts.iter().map(|part| Some((part.clone(), copy(credential.part(part)?)))).collect::<Option<_>>()?;
    Some(Secret::of_parts(all))
}

/// A state in words.
pub fn word(liveness: &Liveness) -> String {
    match liveness {
        Liveness::Alive => "alive".to_owned(),
        Liveness::Lacks { .. } => "alive, and refused something".to_owned(),
        Liveness::Expired => "expired".to_owned(),
        Liveness::Dead => "dead".to_owned(),
        Liveness::Undecided(why) => format!("neither alive nor dead: {why}"),
    }
}

async fn stranger(suite: &mut Suite<'_>) {
    let Ok(stranger) = suite.opened.stranger() else { return suite.not_tried("wrong credential", "the account cannot be opened again") };
    let change = "api.http.errors.rows: { when: …, means: unauthenticated } for this answer";
    match stranger.list().await {
        Err(ProviderError::Unauthenticated(_)) => suite.said("wrong credential", "is refused as one"),
        Err(error @ (ProviderError::Throttled(_) | ProviderError::Local(_))) => suite.not_tried("wrong credential", error.to_string()),
        Err(error) => suite.differs("wrong credential", format!("is not told as one: {error}"), change),
        Ok(_) => suite.differs(
            "wrong credential",
            "lists keys all the same",
            "api.http.auth: nothing of the credential is sent, or it is not looked at",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_id_keeps_its_form() {
        let listed = [ObservedKey::new("api_e5b145c48b1d4f748870dc31b18b670b", ""), ObservedKey::new("42", ""), ObservedKey::new("53", "")];
        assert_eq!(unused(&listed[0].id, &listed).as_deref(), Some("api_e5b145c48b1d4f748870ed42c29c781c"));
        assert_eq!(unused("42", &listed).as_deref(), Some("64"));
        assert_eq!(unused("--", &listed), None);
    }
}
