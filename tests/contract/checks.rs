//! What the port promises, one function a promise. Knows no provider by name.
use jiff::{SignedDuration, Timestamp};
use keywright::model::ObservedKey;
use keywright::profile::Disable;
use keywright::provider::{CreateRequest, EditRequest, Liveness, ProviderError};

use crate::subjects::{Enabling, Subject, scopes, spoilt};

/// Parts of paths that would leave the key's own, if they came through.
const HOSTILE: [&str; 16] = [
    "../x",
    "..",
    ".",
    "",
    "a/b?c",
    "a#b",
    "%2e%2e%2fx",
    "%2F..%2F",
    "..\\x",
    "a b",
    "x\r\nX-Evil: 1",
    "x\0y",
    "api_00000000000000000000000000000000/../../../api-key-scopes",
    "api_00000000000000000000000000000000?page=1",
    "//evil.example/",
    "а́\u{202e}",
];

fn in_days(days: i64) -> Timestamp {
    let now = Timestamp::from_second(Timestamp::now().as_second()).expect("an instant");
    now + SignedDuration::from_hours(24 * days)
}

pub async fn a_created_key_is_listed_and_read_as_asked(subject: &Subject) {
    assert!(subject.listed().await.is_empty(), "the account begins empty");
    let request = CreateRequest { scopes: scopes(&subject.scopes[..2]), ..subject.request("Billing webhooks kw-7f3ag2q4") };
    let (created, _) = subject.create(&request).await;
    let (other, _) = subject.create(&subject.request("another")).await;
    assert_ne!(created.id, other.id);

    let listed = subject.listed().await;
    assert_eq!(listed.len(), 2);
    for key in [&created, &listed[&created.id], &subject.key(&created.id).await] {
        assert_eq!(key.label, request.label);
        assert_eq!(key.scopes.as_ref(), Some(&request.scopes));
        assert_eq!(key.expires_at, Some(None), "it never expires");
        assert!(matches!(key.enabled, None | Some(true)));
        assert!(!key.own);
        for (name, value) in &request.options {
            assert_eq!(key.options.get(name), Some(value), "option {name}");
        }
        assert_eq!(key.marker().map(|marker| marker.to_string()).as_deref(), Some("kw-7f3ag2q4"));
    }
    assert_eq!(subject.key(&created.id).await, listed[&created.id], "get and list tell the same");
}

pub async fn a_secret_works_and_a_wrong_one_is_dead(subject: &Subject) {
    let (key, secret) = subject.create(&subject.request("one")).await;
    let (_, foreign) = subject.create(&subject.request("two")).await;
    assert_eq!(subject.provider.verify(&key.id, &secret).await, Ok(Liveness::Alive));
    assert_eq!(subject.provider.verify(&key.id, &spoilt(&secret)).await, Ok(Liveness::Dead), "a wrong secret");
    assert!(!secret.parts().eq(foreign.parts()), "no two keys share a secret");
}

/// Edits one field and sees that nothing else moved.
async fn edited(subject: &Subject, before: &ObservedKey, request: EditRequest, change: impl FnOnce(&mut ObservedKey)) -> ObservedKey {
    subject.provider.edit(&before.id, &request).await.expect("edited");
    let mut expected = before.clone();
    change(&mut expected);
    let after = subject.key(&before.id).await;
    assert_eq!(after, expected);
    assert_eq!(subject.listed().await[&before.id], after, "the listing tells the same");
    after
}

pub async fn each_field_is_edited_alone(subject: &Subject) {
    let (_, bystander) = (subject.create(&subject.request("bystander")).await, subject.listed().await);
    let (key, secret) = subject
        .create(&CreateRequest { scopes: scopes(&subject.scopes[..2]), expires_at: Some(in_days(90)), ..subject.request("one") })
        .await;
    let mut key = subject.key(&key.id).await;
    let editable = subject.capabilities.editable;
    if editable.label {
        let request = EditRequest { label: Some("two".into()), ..EditRequest::default() };
        key = edited(subject, &key, request, |key| key.label = "two".into()).await;
    }
    if editable.scopes {
        let asked = scopes(&[subject.scopes[0], subject.scopes[2]]);
        let comes = if subject.ways.merges_scopes { scopes(&subject.scopes) } else { asked.clone() };
        let request = EditRequest { scopes: Some(asked), ..EditRequest::default() };
        key = edited(subject, &key, request, |key| key.scopes = Some(comes)).await;
    }
    if editable.options && !subject.options[1].is_empty() {
        let request = EditRequest { options: Some(subject.options[1].clone()), ..EditRequest::default() };
        key = edited(subject, &key, request, |key| key.options.extend(subject.options[1].clone())).await;
    }
    let unchanged = edited(subject, &key, EditRequest { label: Some(key.label.clone()), ..EditRequest::default() }, |_| {}).await;
    assert_eq!(unchanged, key, "the same again changes nothing");
    assert_eq!(subject.provider.verify(&key.id, &secret).await, Ok(Liveness::Alive), "an edit leaves the secret as it is");
    let listed = subject.listed().await;
    assert!(bystander.iter().all(|(id, key)| listed[id] == *key), "other keys are left alone");
}

pub async fn an_expiry_is_kept_moved_and_removed(subject: &Subject) {
    let support = subject.capabilities.expiry;
    assert!(support.settable, "the suite knows no provider without expiries yet");
    let end = in_days(90);
    let (key, _) = subject.create(&CreateRequest { expires_at: Some(end), ..subject.request("one") }).await;
    let told = |key: &ObservedKey| key.expires_at.expect("the provider tells the expiry");
    assert!(support.agrees(Some(end), told(&key)));
    assert!(support.agrees(Some(end), told(&subject.key(&key.id).await)));
    if !subject.capabilities.editable.expiry {
        return;
    }
    let before = subject.key(&key.id).await;
    let end = in_days(30);
    let request = EditRequest { expires_at: Some(Some(end)), ..EditRequest::default() };
    let moved = edited(subject, &before, request, |key| key.expires_at = Some(Some(end))).await;
    assert!(support.agrees(Some(end), told(&moved)));
    edited(subject, &moved, EditRequest { expires_at: Some(None), ..EditRequest::default() }, |key| key.expires_at = Some(None)).await;
}

pub async fn a_key_is_disabled_and_enabled(subject: &Subject) {
    assert_ne!(subject.capabilities.disable, Disable::None, "the suite knows no provider without disabling yet");
    let (key, secret) = subject.create(&subject.request("one")).await;
    let told = |enabled| subject.ways.tells_state.then_some(enabled);
    for _ in 0..2 {
        subject.provider.set_enabled(&key.id, false, None).await.expect("disabled, also twice");
        assert_eq!(subject.provider.verify(&key.id, &secret).await, Ok(Liveness::Dead));
        assert_eq!(subject.key(&key.id).await.enabled, told(false));
        assert_eq!(subject.listed().await.contains_key(&key.id), !subject.ways.hides_disabled);
    }
    if subject.capabilities.disable == Disable::Final {
        return;
    }
    let answer = subject.provider.set_enabled(&key.id, true, None).await;
    let alive = match subject.ways.enabling {
        Enabling::Works | Enabling::Ignored => {
            assert_eq!(answer, Ok(()));
            subject.ways.enabling == Enabling::Works
        }
        Enabling::Refused => {
            assert!(matches!(answer, Err(ProviderError::Refused(_))), "{answer:?}");
            false
        }
    };
    let expected = if alive { Liveness::Alive } else { Liveness::Dead };
    assert_eq!(subject.provider.verify(&key.id, &secret).await, Ok(expected), "a read back finds out what enabling did");
    assert_eq!(subject.key(&key.id).await.enabled, told(alive));
}

pub async fn a_deleted_key_is_gone(subject: &Subject) {
    let (key, secret) = subject.create(&subject.request("one")).await;
    let (other, _) = subject.create(&subject.request("two")).await;
    subject.provider.delete(&key.id).await.expect("deleted");
    assert_eq!(subject.provider.get(&key.id).await, Ok(None));
    assert_eq!(subject.provider.verify(&key.id, &secret).await, Ok(Liveness::Dead));
    subject.provider.delete(&key.id).await.expect("that it is gone is success");
    assert_eq!(subject.listed().await.into_keys().collect::<Vec<_>>(), [other.id]);
}

pub async fn an_unknown_key_is_not_there(subject: &Subject) {
    let id = subject.unknown_id.as_str();
    subject.create(&subject.request("one")).await;
    let before = subject.listed().await;
    assert_eq!(subject.provider.get(id).await, Ok(None));
    let edit = subject.provider.edit(id, &EditRequest { label: Some("two".into()), ..EditRequest::default() }).await;
    assert!(matches!(edit, Err(ProviderError::NotFound(_))), "{edit:?}");
    for enabled in [false, true] {
        let answer = subject.provider.set_enabled(id, enabled, None).await;
        assert!(matches!(answer, Err(ProviderError::NotFound(_))), "{answer:?}");
    }
    let shown = subject.provider.reveal(id).await;
    assert!(matches!(shown, Ok(None) | Err(ProviderError::NotFound(_))));
    subject.provider.delete(id).await.expect("that it does not exist is success");
    assert_eq!(subject.listed().await, before);
}

pub async fn every_page_is_listed_once(subject: &Subject) {
    subject.fill(250).await;
    let listed = subject.listed().await;
    assert_eq!(listed.len(), 250);
    let mut labels: Vec<&str> = listed.values().map(|key| key.label.as_str()).collect();
    labels.sort_unstable();
    labels.dedup();
    assert_eq!(labels.len(), 250);
    assert!(listed.values().all(|key| key.scopes == Some(scopes(&subject.scopes[..1]))));
}

pub async fn a_secret_is_shown_again_as_the_profile_says(subject: &Subject) {
    let (key, secret) = subject.create(&subject.request("one")).await;
    match subject.provider.reveal(&key.id).await.expect("an answer") {
        Some(again) => assert!(subject.capabilities.reveal && again.parts().eq(secret.parts())),
        None => assert!(!subject.capabilities.reveal),
    }
    let names: Vec<&str> = secret.parts().map(|(name, _)| name).collect();
    let rest = format!("{:?}{:?}", subject.key(&key.id).await, subject.listed().await);
    let hidden = secret.parts().filter(|(name, _)| *name != "id").all(|(_, value)| !rest.contains(value));
    assert!(hidden, "no part of {names:?} is among the other facts");
}

pub async fn a_hostile_id_reaches_nothing(subject: &Subject) {
    let (key, secret) = subject.create(&subject.request("one")).await;
    let before = subject.listed().await;
    let long = "x".repeat(100_000);
    let near = [format!("{}/", key.id), format!("{}?", key.id), format!("./{}", key.id), format!("{} ", key.id), long];
    for id in HOSTILE.into_iter().chain(near.iter().map(String::as_str)) {
        let shown: String = id.chars().take(40).collect();
        assert!(matches!(subject.provider.get(id).await, Ok(None) | Err(ProviderError::Refused(_))), "get {shown:?}");
        let edit = EditRequest { label: Some("taken".into()), ..EditRequest::default() };
        assert!(subject.provider.edit(id, &edit).await.is_err(), "edit {shown:?}");
        assert!(subject.provider.set_enabled(id, false, None).await.is_err(), "disable {shown:?}");
        assert!(matches!(subject.provider.reveal(id).await, Ok(None) | Err(_)), "reveal {shown:?}");
        let deleted = subject.provider.delete(id).await;
        assert!(matches!(deleted, Ok(()) | Err(ProviderError::Refused(_))), "delete {shown:?}");
    }
    assert_eq!(subject.listed().await, before);
    assert_eq!(subject.provider.verify(&key.id, &secret).await, Ok(Liveness::Alive));
    if let Some(emulator) = &subject.emulator {
        let keys = format!("/api/v4/accounts/{}/api-keys", emulator.account_id());
        let foreign = |path: &str| {
            let path = path.split('?').next().unwrap_or_default();
            path != keys && path.strip_prefix(&format!("{keys}/")).is_none_or(|id| id != key.id)
        };
        let strays: Vec<_> = emulator.requests().into_iter().filter(|request| foreign(&request.path)).collect();
        assert!(strays.is_empty(), "{strays:?}");
    }
}

pub async fn our_own_key_is_left_alone(subject: &Subject) {
    let own = |keys: Vec<ObservedKey>| keys.into_iter().filter(|key| key.own).collect::<Vec<_>>();
    let before = own(subject.provider.list().await.expect("a listing"));
    assert_eq!(before.len(), usize::from(subject.emulator.is_some()));
    for key in &before {
        let edit = EditRequest { label: Some("taken".into()), ..EditRequest::default() };
        assert!(matches!(subject.provider.edit(&key.id, &edit).await, Err(ProviderError::Refused(_))));
        assert!(matches!(subject.provider.set_enabled(&key.id, false, None).await, Err(ProviderError::Refused(_))));
        assert!(matches!(subject.provider.delete(&key.id).await, Err(ProviderError::Refused(_))));
    }
    assert_eq!(own(subject.provider.list().await.expect("a listing")), before);
}

pub async fn a_refused_create_makes_nothing(subject: &Subject) {
    let past = CreateRequest { expires_at: Some(in_days(-1)), ..subject.request("one") };
    let refused = subject.provider.create(&past).await.err();
    assert!(matches!(&refused, Some(error @ ProviderError::Refused(_)) if !error.may_have_acted()), "{refused:?}");
    let label = CreateRequest { label: String::new(), ..subject.request("one") };
    let refused = subject.provider.create(&label).await.err();
    assert!(matches!(refused, Some(ProviderError::Refused(_))), "{refused:?}");
    assert!(subject.listed().await.is_empty());
}
