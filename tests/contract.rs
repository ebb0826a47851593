//! One contract for every provider: what the port promises holds for each row of the table, whatever the provider's own ways are.
#[path = "contract/checks.rs"]
mod checks;
#[path = "../examples/payconex-emulator/server.rs"]
mod emulator;
#[path = "contract/operations.rs"]
mod operations;
#[path = "contract/subjects.rs"]
mod subjects;

use emulator::{AnswerFields, AuthErrors, Config, EnabledField, Environment, ErrorCode, ListOrder, Listed, PatchScopes, SignedQuery};
use subjects::{Subject, Ways};

/// Makes a module of tests for every row, one test for every check.
macro_rules! providers {
    ($($row:ident: $subject:expr;)+) => { $(mod $row {
        use super::*;
        async fn subject() -> Subject {
            $subject.await
        }
        providers!(@ a_created_key_is_listed_and_read_as_asked, a_secret_works_and_a_wrong_one_is_dead, each_field_is_edited_alone,
            an_expiry_is_kept_moved_and_removed, a_key_is_disabled_and_enabled, a_deleted_key_is_gone, an_unknown_key_is_not_there,
            every_page_is_listed_once, a_secret_is_shown_again_as_the_profile_says, a_hostile_id_reaches_nothing, our_own_key_is_left_alone,
            a_refused_create_makes_nothing);
    })+ };
    (@ $($check:ident),+) => { $(
        #[tokio::test]
        async fn $check() {
            crate::checks::$check(&subject().await).await;
        }
    )+ };
}

// One row a provider, and one for each answer to what its documentation leaves open.
providers! {
    keyring: subjects::keyring();
    payconex_hmac_in_production: subjects::payconex("hmac", Config { environment: Environment::Production, ..Config::default() }, Ways::default());
    payconex_basic_in_certification: subjects::payconex("basic", Config::default(), Ways::default());
    payconex_that_signs_queries: subjects::payconex("hmac", Config { signed_query: SignedQuery::Signed, ..Config::default() }, Ways::default());
    payconex_that_merges_scopes: subjects::payconex("hmac", Config { patch_scopes: PatchScopes::Merge, ..Config::default() },
        Ways { merges_scopes: true, ..Ways::default() });
    payconex_that_lists_the_living: subjects::payconex("hmac",
        Config { disabled_keys: Listed::Hidden, expired_keys: Listed::Hidden, list_order: ListOrder::NewestFirst, max_limit: 70, ..Config::default() },
        Ways { hides_disabled: true, ..Ways::default() });
    payconex_that_answers_little: subjects::payconex("hmac",
        Config { answer_fields: AnswerFields::Narrow, error_code: ErrorCode::Number, auth_errors: AuthErrors::ToldApart, ..Config::default() },
        Ways { tells_state: false, ..Ways::default() });
    payconex_that_ignores_enabling: subjects::payconex("hmac", Config { enabled_field: EnabledField::TrueIgnored, ..Config::default() },
        Ways { enabling: subjects::Enabling::Ignored, ..Ways::default() });
    payconex_that_refuses_enabling: subjects::payconex("hmac",
        Config { enabled_field: EnabledField::TrueRefused, answer_fields: AnswerFields::Extended, ..Config::default() },
        Ways { enabling: subjects::Enabling::Refused, ..Ways::default() });
}
