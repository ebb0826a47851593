//! A provider that lacks an operation says so, by name, and sends nothing.
use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use keywright::model::Options;
use keywright::profile::Profile;
use keywright::profile::api::{Api, HttpApi};
use keywright::provider::http::{AccountAt, HttpProvider};
use keywright::provider::{CreateRequest, EditRequest, Provider, ProviderError};

use crate::emulator::{Config, EXAMPLE_ACCOUNT, Emulator};
use crate::subjects::scopes;

/// PayConex with part of its API taken away.
fn without(emulator: &Emulator, take: impl FnOnce(&mut HttpApi)) -> HttpProvider {
    let mut profile = Profile::builtin("payconex").expect("built in");
    let Some(Api::Http(api)) = &mut profile.api else { panic!("an HTTP API") };
    take(api);
    let credential = profile.credential().expect("a shape").parse(&emulator.admin_credential_json()).expect("a credential");
    let params = BTreeMap::from([("account_id".to_owned(), EXAMPLE_ACCOUNT.to_owned()), ("auth".to_owned(), "hmac".to_owned())]);
    let url = emulator.url();
    let at = AccountAt { environment: Some("certification"), endpoint: Some(&url), params: &params };
    HttpProvider::open(Arc::new(profile), at, credential, Timestamp::now).expect("a provider")
}

#[tokio::test]
async fn a_missing_operation_is_named() {
    let emulator = Emulator::start(Config::default()).await.expect("an emulator");
    let id = emulator.add_key(crate::emulator::KeySeed::new("one", ["pcx:webhooks:read"])).id;
    let none = without(&emulator, |api| {
        api.operations.list = None;
        api.operations.get = None;
        api.operations.create = None;
        api.operations.edit = None;
        api.operations.disable = None;
        api.operations.enable = None;
        api.operations.delete = None;
        api.operations.reveal = None;
        api.verify = None;
    });
    let secret = without(&emulator, |_| {}).reveal(&id).await.expect("read").expect("a secret");
    emulator.forget_requests();
    let request = CreateRequest { label: "two".into(), scopes: scopes(&["pcx:webhooks:read"]), expires_at: None, options: Options::new() };
    let answers = [
        ("list", none.list().await.err()),
        ("get", none.get(&id).await.err()),
        ("create", none.create(&request).await.err()),
        ("edit", none.edit(&id, &EditRequest { label: Some("two".into()), ..EditRequest::default() }).await.err()),
        ("disable", none.set_enabled(&id, false, None).await.err()),
        ("enable", none.set_enabled(&id, true, None).await.err()),
        ("delete", none.delete(&id).await.err()),
        ("verify", none.verify(&id, &secret).await.err()),
    ];
    for (operation, error) in answers {
        let error = error.unwrap_or_else(|| panic!("{operation} cannot work"));
        assert_eq!(error, ProviderError::Unsupported(operation));
        assert!(!error.may_have_acted() && !error.is_passing());
    }
    assert!(matches!(none.reveal(&id).await, Ok(None)), "that a secret cannot be shown is no error");
    assert!(emulator.requests().is_empty());
}
