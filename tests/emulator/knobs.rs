//! Each open question of the documentation, answered either way.

use std::time::Duration;

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::client::{Client, KEYS};
use crate::emulator::{
    AnswerFields, AuthErrors, AuthMethod, CeilingError, Config, Emulator, EnabledField, ErrorCode, KeySeed, LabelRule, ListOrder, Listed,
    PatchScopes, SchemaStatus, ScopeList, SignedQuery, UnlistedScopes, WildcardCeiling,
};
use crate::start;

fn with(change: impl FnOnce(&mut Config)) -> Config {
    let mut config = Config::default();
    change(&mut config);
    config
}

#[tokio::test]
async fn the_query_is_signed_or_not() {
    for (knob, signed) in [(SignedQuery::Unsigned, false), (SignedQuery::Signed, true)] {
        let (_emulator, mut admin) = start(with(|c| c.signed_query = knob)).await;
        let target = format!("{KEYS}?page=1&limit=10");
        admin.sign_query = signed;
        admin.get(&target).await.assert_status(200);
        admin.list().await.assert_status(200);
        admin.sign_query = !signed;
        admin.get(&target).await.assert_refused(401, "40002");
    }
}

#[tokio::test]
async fn an_update_replaces_or_merges_scopes() {
    let rows =
        [(PatchScopes::Replace, json!(["pcx:webhooks:read"])), (PatchScopes::Merge, json!(["pcx:webhooks:create", "pcx:webhooks:read"]))];
    for (knob, scopes) in rows {
        let (emulator, admin) = start(with(|c| c.patch_scopes = knob)).await;
        let id = emulator.add_key(KeySeed::new("some", ["pcx:webhooks:create"])).id;
        let body = json!({"scopes": ["pcx:webhooks:read", "pcx:webhooks:read"]});
        let changed = admin.update(&id, body).await.assert_status(200).json();
        assert_eq!(changed["scopes"], scopes);
    }
}

#[tokio::test]
async fn lists_hold_dead_keys_or_not() {
    for knob in [Listed::Shown, Listed::Hidden] {
        let (emulator, admin) = start(with(|c| {
            c.disabled_keys = knob;
            c.expired_keys = knob;
        }))
        .await;
        let mut seed = KeySeed::new("disabled", []);
        seed.enabled = false;
        let disabled = emulator.add_key(seed).id;
        let mut seed = KeySeed::new("expired", []);
        seed.expires = Some(emulator.now() - SignedDuration::from_secs(1));
        let expired = emulator.add_key(seed).id;

        let text = admin.list().await.assert_status(200).text;
        for id in [disabled, expired] {
            assert_eq!(text.contains(&id), knob == Listed::Shown);
            admin.read(&id).await.assert_status(200);
        }
    }
}

#[tokio::test]
async fn lists_run_either_way() {
    for (knob, first) in [(ListOrder::OldestFirst, "emulated administrator"), (ListOrder::NewestFirst, "newest")] {
        let (emulator, admin) = start(with(|c| c.list_order = knob)).await;
        emulator.add_key(KeySeed::new("newest", []));
        assert_eq!(admin.list().await.json()[0]["label"], first);
    }
}

#[tokio::test]
async fn the_ceiling_counts_wildcards_or_not_and_is_refused_either_way() {
    let rows =
        [(WildcardCeiling::Covers, CeilingError::Forbidden, 201, 403), (WildcardCeiling::Exact, CeilingError::Unprocessable, 422, 422)];
    for (wildcard, error, leaf, foreign) in rows {
        let (emulator, admin) = start(with(|c| {
            c.wildcard_ceiling = wildcard;
            c.ceiling_error = error;
        }))
        .await;
        emulator.set_admin_scopes(["pcx:api_key:*", "pcx:webhooks:*"]);
        let create = async |scope: &str| {
            let body = json!({"label": "handed out", "scopes": [scope]});
            admin.create(body).await.status.as_u16()
        };
        assert_eq!(create("pcx:webhooks:*").await, 201);
        assert_eq!(create("pcx:webhooks:read").await, leaf);
        assert_eq!(create("pcx:payments:read").await, foreign);
        assert_eq!(create("pcx:*").await, foreign);

        let id = emulator.add_key(KeySeed::new("target", [])).id;
        let body = json!({"scopes": ["pcx:payments:read"]});
        let code = if foreign == 403 { "40003" } else { "40001" };
        admin.update(&id, body).await.assert_refused(foreign, code);
        assert_eq!(emulator.key(&id).expect("it is there").scopes.len(), 0);
    }
}

#[tokio::test]
async fn enabled_goes_one_way_or_both() {
    let rows = [
        (EnabledField::Reversible, 200, Some(true)),
        (EnabledField::TrueIgnored, 200, Some(false)),
        (EnabledField::TrueRefused, 422, None),
        (EnabledField::Unknown, 422, None),
    ];
    for (knob, status, enabled) in rows {
        let (emulator, admin) = start(with(|c| c.enabled_field = knob)).await;
        let id = emulator.add_key(KeySeed::new("switched", [])).id;
        let off = admin.update(&id, json!({"enabled": false})).await;
        if knob == EnabledField::Unknown {
            off.assert_refused(422, "40001");
        } else {
            assert_eq!(off.assert_status(200).json()["enabled"], false);
        }
        let on = admin.update(&id, json!({"enabled": true})).await;
        let on = on.assert_status(status).json();
        assert_eq!(on.get("enabled").and_then(Value::as_bool), enabled);
    }
}

#[tokio::test]
async fn answers_have_fewer_or_more_fields() {
    let documented = "id label methods scopes accountId createdAt updatedAt";
    let rows = [
        (AnswerFields::Documented, format!("{documented} enabled")),
        (AnswerFields::Narrow, documented.to_owned()),
        (AnswerFields::Extended, format!("{documented} expiresAt enabled accounts object meta")),
    ];
    for (knob, fields) in rows {
        let (_emulator, admin) = start(with(|c| c.answer_fields = knob)).await;
        let list = admin.list().await.json();
        let key = list[0].as_object().expect("an object");
        let names: Vec<&str> = key.keys().map(String::as_str).collect();
        assert_eq!(names.join(" "), fields);
    }
}

#[tokio::test]
async fn errors_come_in_each_form() {
    let (_emulator, admin) = start(with(|c| {
        c.error_code = ErrorCode::Number;
        c.schema_status = SchemaStatus::BadRequest;
    }))
    .await;
    let refused = admin.create(json!({})).await.assert_status(400).json();
    assert_eq!(refused["errorCode"], 40001);

    for (knob, told) in [(AuthErrors::Alike, false), (AuthErrors::ToldApart, true)] {
        let (emulator, _) = start(with(|c| c.auth_errors = knob)).await;
        let mut seed = KeySeed::new("disabled", []);
        seed.enabled = false;
        let client = Client::of(&emulator, &emulator.add_key(seed));
        let body = client.list().await.assert_refused(401, "40002");
        assert_eq!(body["message"] == "the key is disabled", told);
    }
}

#[tokio::test]
async fn methods_have_a_default() {
    for methods in [vec![AuthMethod::All], vec![AuthMethod::Basic, AuthMethod::Hmac]] {
        let names: Vec<&str> = methods.iter().map(|m| m.name()).collect();
        let (_emulator, admin) = start(with(|c| c.default_methods = methods.clone())).await;
        let body = json!({"label": "plain", "scopes": []});
        let made = admin.create(body).await.assert_status(201).json();
        assert_eq!(made["methods"], json!(names));
    }
}

#[tokio::test]
async fn the_scope_catalogue_is_open_or_closed() {
    let target = "/api/v4/api-key-scopes";
    let (emulator, admin) = start(Config::default()).await;
    let rows = admin.get(target).await.assert_status(200).json();
    assert!(rows.as_array().is_some_and(|rows| rows.len() > 100));
    assert!(rows[0]["scope"].is_string() && rows[0]["enabled"] == true);
    emulator.set_admin_scopes(["pcx:api_key:*"]);
    admin.get(target).await.assert_refused(403, "40003");

    let (_emulator, admin) = start(with(|c| c.scope_list = ScopeList::Closed)).await;
    admin.get(target).await.assert_refused(403, "40003");
}

#[tokio::test]
async fn unlisted_scopes_and_odd_labels_are_taken_or_not() {
    let rows = [(UnlistedScopes::Accepted, LabelRule::Published, 201), (UnlistedScopes::Refused, LabelRule::Portal, 422)];
    for (unlisted, label_rule, status) in rows {
        let (emulator, admin) = start(with(|c| {
            c.unlisted_scopes = unlisted;
            c.label_rule = label_rule;
        }))
        .await;
        emulator.set_admin_scopes(["pcx:*"]);
        let create = async |label: &str, scope: &str| {
            let body = json!({"label": label, "scopes": [scope]});
            admin.create(body).await.status.as_u16()
        };
        assert_eq!(create("plain", "pcx:api_key:update").await, 201);
        assert_eq!(create("plain", "pcx:api_key:udpate").await, status);
        assert_eq!(create("plain", "pcx:from:the_future").await, status);
        assert_eq!(create("odd^label", "pcx:api_key:update").await, status);
    }
}

#[tokio::test]
async fn the_account_fills_up_and_lists_lag() {
    let (emulator, admin) = start(with(|c| {
        c.max_keys = Some(2);
        c.list_lag = Duration::from_secs(60);
    }))
    .await;
    let body = json!({"label": "late", "scopes": []});
    let made = admin.create(body.clone()).await.assert_status(201).json();
    admin.create(body).await.assert_refused(400, "40001");
    assert_eq!(admin.list().await.header("X-Total"), "1");
    let id = made["id"].as_str().expect("an id");
    admin.read(id).await.assert_status(200);
    emulator.set_clock_offset(SignedDuration::from_secs(61));
    assert_eq!(admin.list().await.header("X-Total"), "2");
}

#[tokio::test]
async fn the_administrator_can_be_chosen() {
    let config = with(|c| {
        c.admin_id = "api_0123456789abcdef0123456789abcdef".to_owned();
        c.admin_secret = "chosen".to_owned();
        c.admin_scopes = Some(vec!["pcx:api_key:read".to_owned()]);
    });
    let emulator = Emulator::start(config).await.expect("a port is free");
    let admin = Client::new(&emulator, &emulator.admin_id(), "chosen");
    admin.list().await.assert_status(200);
    let body = json!({"label": "none", "scopes": []});
    admin.create(body).await.assert_refused(403, "40003");
}
