//! Everything that the vendor's documentation leaves open, both ways: nothing is reported as done that was not.
use keywright::model::GenerationState::{Active, Disabled, Retiring};

use crate::emulator::{
    AnswerFields, AuthErrors, CeilingError, Config, EnabledField, ErrorCode, LabelRule, ListOrder, Listed, PatchScopes, Route,
    SchemaStatus, ScopeList, SignedQuery, UnlistedScopes, WildcardCeiling,
};
use crate::site::{BILLING, Site};

const WIDER: &str = "  billing: { label: Billing webhooks, scopes: [pcx:webhooks:read, pcx:webhooks:create] }\n";

/// Create, widen, narrow, disable, enable: in place, whatever the knobs.
fn one_life(config: Config) {
    let said = format!("{config:?}");
    let site = Site::new(config);
    site.settle();
    let key = site.assert_works("billing");
    site.declare(WIDER);
    site.apply().exits(0);
    assert_eq!(site.assert_works("billing").id, key.id, "{said}");
    site.declare(BILLING);
    site.apply().exits(0);
    assert_eq!(site.assert_works("billing").scopes.len(), 1, "{said}");
    site.declare("");
    site.apply().exits(0);
    assert_eq!((site.states("billing"), site.live().len()), (vec![(1, Disabled)], 0), "{said}");
    site.declare(BILLING);
    site.settle();
    assert_eq!((site.assert_works("billing").id, site.emulator.count(Route::Create)), (key.id, 1), "{said}");
}

#[test]
fn what_does_not_matter_changes_nothing() {
    let usual = Config::default;
    std::thread::scope(|scope| {
        for config in [
            Config { signed_query: SignedQuery::Signed, ..usual() },
            Config { disabled_keys: Listed::Hidden, ..usual() },
            Config { expired_keys: Listed::Hidden, list_order: ListOrder::NewestFirst, max_limit: 1, ..usual() },
            Config { answer_fields: AnswerFields::Narrow, ..usual() },
            Config { answer_fields: AnswerFields::Narrow, disabled_keys: Listed::Hidden, signed_query: SignedQuery::Signed, ..usual() },
            Config { answer_fields: AnswerFields::Extended, error_code: ErrorCode::Number, ..usual() },
            Config {
                schema_status: SchemaStatus::BadRequest,
                auth_errors: AuthErrors::ToldApart,
                label_rule: LabelRule::Portal,
                ..usual()
            },
            Config { scope_list: ScopeList::Closed, unlisted_scopes: UnlistedScopes::Refused, ..usual() },
            Config { wildcard_ceiling: WildcardCeiling::Exact, ..usual() },
        ] {
            scope.spawn(|| one_life(config));
        }
    });
}

#[test]
fn an_edit_that_merges_is_reported_and_the_next_plan_replaces() {
    let site = Site::new(Config { patch_scopes: PatchScopes::Merge, ..Config::default() });
    site.declare(WIDER);
    site.settle();
    let first = site.assert_works("billing");
    site.declare(BILLING);
    site.apply().exits(4).says("provider/not-applied").says("pcx:webhooks:create");
    assert_eq!(site.states("billing"), [(1, Active)]);
    site.assert_works("billing");
    site.plan().exits(0).shows("1 to rotate");
    site.settle();
    let second = site.assert_works("billing");
    assert_eq!((second.scopes.len(), site.states("billing")), (1, vec![(2, Active), (1, Retiring)]));
    assert!(site.emulator.key(&first.id).is_some_and(|key| key.enabled), "the predecessor lives through the overlap");
}

#[test]
fn widening_is_an_edit_even_where_scopes_merge() {
    let site = Site::new(Config { patch_scopes: PatchScopes::Merge, ..Config::default() });
    site.settle();
    site.declare(WIDER);
    site.settle();
    assert_eq!((site.states("billing"), site.assert_works("billing").scopes.len()), (vec![(1, Active)], 2));
}

#[test]
fn enabling_that_does_nothing_is_reported_and_the_next_apply_creates() {
    for enabled_field in [EnabledField::TrueIgnored, EnabledField::TrueRefused] {
        for answer_fields in [AnswerFields::Documented, AnswerFields::Narrow] {
            let site = Site::new(Config { enabled_field, answer_fields, ..Config::default() });
            site.settle();
            site.declare("");
            site.settle();
            site.declare(BILLING);
            let ran = site.apply().exits(4);
            if enabled_field == EnabledField::TrueIgnored {
                ran.says("provider/not-applied");
            }
            assert_eq!((site.states("billing"), site.live().len()), (vec![(1, Disabled)], 0), "{enabled_field:?} {answer_fields:?}");
            site.settle();
            assert_eq!((site.live().len(), site.states("billing")[0]), (1, (2, Active)), "{enabled_field:?} {answer_fields:?}");
            site.assert_works("billing");
        }
    }
}

#[test]
fn a_provider_that_cannot_disable_is_believed() {
    for answer_fields in [AnswerFields::Documented, AnswerFields::Narrow] {
        let site = Site::new(Config { enabled_field: EnabledField::Unknown, answer_fields, ..Config::default() });
        site.settle();
        site.declare("");
        site.apply().exits(4);
        assert_eq!((site.states("billing"), site.live().len()), (vec![(1, Active)], 1), "{answer_fields:?}");
    }
}

#[test]
fn a_disabling_that_was_refused_and_is_wanted_no_more_replaces_nothing() {
    let site = Site::new(Config { enabled_field: EnabledField::Unknown, answer_fields: AnswerFields::Narrow, ..Config::default() });
    site.settle();
    let key = site.assert_works("billing");
    site.declare("");
    site.apply().exits(4);
    site.declare(BILLING);
    site.settle();
    assert_eq!((site.states("billing"), site.live().len()), (vec![(1, Active)], 1));
    assert_eq!(site.assert_works("billing").id, key.id);
}

#[test]
fn without_a_word_on_the_state_a_key_that_somebody_disabled_is_not_called_done() {
    let site = Site::new(Config { answer_fields: AnswerFields::Narrow, ..Config::default() });
    site.settle();
    let key = site.assert_works("billing");
    site.declare("");
    // Nothing tells that it is off already; its own secret does.
    site.emulator.disable_key(&key.id);
    site.settle();
    assert_eq!((site.states("billing"), site.live().len()), (vec![(1, Disabled)], 0));
}

#[test]
fn a_wildcard_on_our_own_key_is_tried_and_believed_only_when_it_works() {
    let wildcards = || Some(vec!["pcx:api_key:*".to_owned(), "pcx:webhooks:*".to_owned()]);
    let covers = Site::new(Config { admin_scopes: wildcards(), ..Config::default() });
    covers.plan().exits(0).shows("provider/ceiling-wildcard");
    covers.settle();
    covers.assert_works("billing");
    for ceiling_error in [CeilingError::Forbidden, CeilingError::Unprocessable] {
        let exact =
            Site::new(Config { admin_scopes: wildcards(), wildcard_ceiling: WildcardCeiling::Exact, ceiling_error, ..Config::default() });
        exact.apply().exits(4).says("could not create the key");
        assert_eq!((exact.keys().len(), exact.states("billing")), (0, vec![]), "a refused create leaves nothing");
        assert!(!exact.sandbox.exists("secrets/pay/billing.age") && !exact.sandbox.exists(".keywright/journal.jsonl"));
    }
}

#[test]
fn a_scope_that_our_own_key_lacks_is_named_before_anything_is_sent() {
    let site = Site::new(Config { admin_scopes: Some(vec!["pcx:api_key:*".to_owned()]), ..Config::default() });
    let ran = site.plan();
    assert!(format!("{}{}", ran.stdout, ran.stderr).contains("pcx:webhooks:read"), "{}{}", ran.stdout, ran.stderr);
    site.apply().exits(4);
    assert_eq!((site.keys().len(), site.states("billing")), (0, vec![]));
}

#[test]
fn a_full_account_is_said() {
    let site = Site::new(Config { max_keys: Some(1), ..Config::default() });
    site.apply().exits(4).says("could not create the key");
    assert_eq!((site.keys().len(), site.states("billing")), (0, vec![]));
}

#[test]
fn a_key_that_vanished_is_replaced() {
    let mut site = Site::new(Config::default());
    site.settle();
    let key = site.assert_works("billing");
    site.emulator.delete_key(&key.id);
    // A fresh key may only not be shown yet: for a minute its absence says nothing.
    site.after(jiff::SignedDuration::from_mins(1));
    site.settle();
    assert_ne!(site.assert_works("billing").id, key.id);
    assert_eq!(site.live().len(), 1);
}

#[test]
fn what_others_did_to_a_key_is_undone() {
    let site = Site::new(Config::default());
    site.settle();
    let key = site.assert_works("billing");
    site.emulator.change_key(&key.id, |key| key.scopes.push("pcx:payments:*".to_owned()));
    site.plan().exits(0).shows("1 to edit");
    site.settle();
    assert_eq!(site.assert_works("billing").scopes.len(), 1);
    site.emulator.disable_key(&key.id);
    site.settle();
    assert_eq!((site.assert_works("billing").id, site.live().len()), (key.id, 1));
}
