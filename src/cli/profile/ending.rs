//! How a throw-away key ends: disabled and enabled, deleted, and cleaned up whatever happened before.
use std::time::Instant;

use super::life::{Made, PAUSE, patience, tried, until};
use super::reading::word;
use super::suite::Suite;
use crate::model::{Marker, ObservedKey};
use crate::profile::Disable;
use crate::provider::{Liveness, Provider, ProviderError};

/// Disables the key and, where that can be undone, enables it again; each with a look at the key, the list and the secret.
pub async fn switch(suite: &mut Suite<'_>, made: &mut Made) {
    let disable = suite.profile.capabilities.disable;
    // Where nothing deletes, a final disable is the key's end and belongs there.
    if disable == Disable::None || (disable == Disable::Final && !suite.profile.capabilities.delete) {
        return;
    }
    suite.progress("disabling the key");
    if !set(suite, made, false).await || disable == Disable::Final || suite.stopping() {
        return;
    }
    suite.progress("enabling the key");
    set(suite, made, true).await;
}

/// Whether it worked.
async fn set(suite: &mut Suite<'_>, made: &mut Made, enabled: bool) -> bool {
    let check = if enabled { "enable" } else { "disable" };
    if let Err(error) = suite.provider.set_enabled(&made.id, enabled, made.wanted.expires_at).await {
        suite.failed(check, &error, check);
        return false;
    }
    made.wanted.enabled = enabled;
    match until(suite, &made.id, |key| key.is_none_or(|key| key.enabled == Some(enabled))).await {
        Ok(Some(key)) if key.enabled == Some(enabled) => suite.said(check, "shows in the key"),
        Ok(Some(key)) if key.enabled.is_none() => {
            suite.remark(check, "no answer tells whether the key is enabled", Some("api.http.key.enabled"));
        }
        Ok(Some(_)) => {
            let change = if enabled { "capabilities.disable: final" } else { "api.http.operations.disable, api.http.key.enabled" };
            suite.differs(check, format!("was accepted, and the key is still {}", if enabled { "disabled" } else { "enabled" }), change);
        }
        Ok(None) if enabled => suite.differs(check, "the key is not found after it", "capabilities.disable: final"),
        Ok(None) => {
            let change = "capabilities.disable: none, where disabling deletes; or api.http.key.live";
            suite.differs(check, "a disabled key is not found any more", change);
        }
        Err(error) => suite.failed(check, &error, "get"),
    }
    if !enabled {
        listed_while_disabled(suite, made).await;
    }
    let awaited = if enabled { Liveness::Alive } else { Liveness::Dead };
    match tried(suite, made, &awaited).await {
        None => {}
        Some(Ok(liveness)) if liveness == awaited => suite.said(check, format!("the secret is {} then", word(&liveness))),
        Some(Ok(Liveness::Expired)) if !enabled => suite.said(check, "the secret is refused as expired then"),
        Some(Ok(other)) => {
            let change = if enabled { "capabilities.disable: final" } else { "api.http.operations.disable, or api.http.verify.dead" };
            suite.differs(check, format!("the secret is {} then", word(&other)), change);
        }
        Some(Err(error)) => suite.failed(check, &error, "verify"),
    }
    true
}

async fn listed_while_disabled(suite: &mut Suite<'_>, made: &Made) {
    let shown = match suite.provider.list().await {
        Ok(listed) => listed.iter().any(|key| key.id == made.id),
        Err(error) => return suite.failed("disabled keys", &error, "list"),
    };
    let does = if shown { "the list shows disabled keys" } else { "the list hides disabled keys" };
    let change = format!("capabilities.lists_disabled: {shown}");
    match suite.profile.capabilities.lists_disabled {
        Some(says) if says == shown => suite.said("disabled keys", does),
        Some(_) => suite.differs("disabled keys", does, change),
        None => suite.remark("disabled keys", does, Some(&change)),
    }
}

/// Deletes the key and sees that it is gone; whether it is for sure. Where nothing deletes it is disabled, and stays.
pub async fn delete(suite: &mut Suite<'_>, made: &Made) -> bool {
    if !suite.profile.capabilities.delete {
        return false;
    }
    suite.progress("deleting the key");
    // What is looked up in a listing that lacks it would pass for deleted.
    match until(suite, &made.id, |key| key.is_some()).await {
        Ok(Some(_)) => {}
        Ok(None) => {
            let change = "api.http.operations.list and its paging, or api.http.key.live";
            suite.differs("delete", "the key is not found before it is deleted", change);
            return false;
        }
        Err(error) => {
            suite.failed("delete", &error, "get");
            return false;
        }
    }
    if let Err(error) = suite.provider.delete(&made.id).await {
        suite.failed("delete", &error, "delete");
        return false;
    }
    let gone = match until(suite, &made.id, |key| key.is_none()).await {
        Ok(None) => {
            suite.said("delete", "the key is not found any more");
            true
        }
        Ok(Some(_)) => {
            let change = "api.http.operations.delete, capabilities.consistency, or api.http.key.live";
            suite.differs("delete", "was accepted, and the key is still there", change);
            false
        }
        Err(error) => {
            let change = "api.http.errors.rows: { when: …, means: not-found } for this answer";
            suite.differs("delete", format!("a deleted key is not told as not found: {error}"), change);
            false
        }
    };
    let lives = match tried(suite, made, &Liveness::Dead).await {
        None => false,
        Some(Ok(Liveness::Dead)) => {
            suite.said("delete", "the secret is dead then");
            false
        }
        Some(Ok(other)) => {
            suite.differs("delete", format!("the secret is {} then", word(&other)), "api.http.verify.dead");
            matches!(other, Liveness::Alive | Liveness::Lacks { .. })
        }
        Some(Err(error)) => {
            suite.failed("delete", &error, "verify");
            false
        }
    };
    let gone = gone && !lives;
    if gone {
        match suite.provider.delete(&made.id).await {
            Ok(()) => suite.said("delete", "once more is no error"),
            Err(error) => {
                let change = "api.http.errors.rows: { when: …, means: not-found } for this answer";
                suite.differs("delete", format!("once more is an error: {error}"), change);
            }
        }
    }
    gone
}

/// Ends a key whose life was cut short, and says what stays.
pub async fn clean_up(suite: &mut Suite<'_>, made: &Made) {
    let called = format!("the key `{}` with the id `{}`", made.wanted.label, made.id);
    if suite.profile.capabilities.delete {
        let refused = suite.provider.delete(&made.id).await.err();
        let lives = match until(suite, &made.id, |key| key.is_none()).await {
            Ok(None) => tried(suite, made, &Liveness::Dead).await,
            Ok(Some(_)) => return suite.leave(format!("{called} could not be deleted: delete it by hand")),
            Err(error) => return suite.leave(format!("{called} may still be there ({error}): look for it, and delete it by hand")),
        };
        return match (lives, refused) {
            (Some(Ok(Liveness::Alive | Liveness::Lacks { .. })), _) => {
                suite.leave(format!("{called} is not found and its secret still works: look for it, and delete it by hand"));
            }
            (Some(Ok(Liveness::Dead | Liveness::Expired)), _) | (_, None | Some(ProviderError::NotFound(_))) => {}
            (_, Some(error)) => {
                suite.leave(format!("{called} is not found, and was not deleted ({error}): look for it, and delete it by hand"));
            }
        };
    }
    let asked = suite.provider.set_enabled(&made.id, false, made.wanted.expires_at).await;
    let off = |key: Option<&ObservedKey>| key.is_none_or(|key| key.enabled != Some(true));
    match (asked, until(suite, &made.id, off).await) {
        (Err(error), _) => suite.leave(format!("{called} could not be disabled ({error}): end it by hand")),
        (Ok(()), Ok(key)) if !off(key.as_ref()) => suite.leave(format!("{called} is enabled all the same: end it by hand")),
        (Ok(()), Err(error)) => suite.leave(format!("{called} may be enabled still ({error}): look at it, and end it by hand")),
        (Ok(()), Ok(Some(key))) if key.enabled.is_none() => {
            suite.remark("end", format!("{called} stays; that it is disabled was accepted, and no answer tells it"), None);
        }
        (Ok(()), Ok(_)) => suite.remark("end", format!("{called} stays, disabled: nothing deletes keys"), None),
    }
}

/// Looks for a key whose create was not answered, as long as it may take to be listed, and ends it.
pub async fn find_and_end(suite: &mut Suite<'_>, marker: &Marker) {
    if suite.profile.capabilities.label.none {
        return suite.leave("a key may have been made; nothing marks it: look for the newest one, and delete it by hand".to_owned());
    }
    let bears = |key: &ObservedKey| key.marker().as_ref() == Some(marker) && !key.own;
    let begun = Instant::now();
    let found: Vec<ObservedKey> = loop {
        let listed = suite.provider.list().await;
        let found: Vec<_> = listed.into_iter().flatten().filter(bears).collect();
        if !found.is_empty() || suite.stopping() || begun.elapsed() >= patience(suite) {
            break found;
        }
        tokio::time::sleep(PAUSE).await;
    };
    if found.is_empty() {
        return suite.leave(format!("a key whose label ends with `{marker}` may show up: look for it, and delete it by hand"));
    }
    for key in found {
        let (id, end) = (key.id.as_str(), key.expires_at.flatten());
        let ended = match suite.profile.capabilities.delete {
            true => suite.provider.delete(id).await,
            false => suite.provider.set_enabled(id, false, end).await,
        };
        let ended = match ended {
            Ok(()) => until(suite, id, |key| key.is_none_or(|key| key.enabled == Some(false))).await,
            Err(error) => Err(error),
        };
        match ended {
            Ok(None) => suite.remark("create", "made a key all the same; it was ended", None),
            Ok(Some(key)) if key.enabled == Some(false) => suite.remark("create", "made a key all the same; it was disabled", None),
            Ok(Some(_)) => suite.leave(format!("the key `{}` with the id `{id}` is there still: end it by hand", key.label)),
            Err(error) => suite.leave(format!("the key `{}` with the id `{id}` ({error}): end it by hand", key.label)),
        }
    }
}
