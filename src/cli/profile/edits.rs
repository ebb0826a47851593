//! Edits of a throw-away key: each editable field alone.
use jiff::SignedDuration;

use super::differences::{Field, Wanted, differences};
use super::life::{Made, current, edit_of, judge_edit, label, least, until};
use super::reading::LABEL;
use super::suite::Suite;
use crate::provider::Provider;

/// Edits every field that the profile calls editable, one after the other, and reads the key back after each.
pub async fn edit(suite: &mut Suite<'_>, made: &mut Made) {
    let editable = suite.profile.capabilities.editable;
    let expiry = suite.profile.capabilities.expiry.settable && editable.expiry;
    for (field, can) in [(Field::Label, editable.label), (Field::Scopes, editable.scopes), (Field::Expiry, expiry)] {
        if suite.stopping() {
            return;
        }
        if !can {
            continue;
        }
        match changed(suite, made, field) {
            Some(wanted) => one(suite, made, field, wanted).await,
            None => suite.not_tried(&format!("edit of the {}", field.word()), "there is nothing else that it could become"),
        }
    }
}

/// The key with another value in one field.
fn changed(suite: &Suite<'_>, made: &Made, field: Field) -> Option<Wanted> {
    let mut wanted = made.wanted.clone();
    match field {
        Field::Label => wanted.label = label(suite, &format!("{LABEL} edited"), &made.marker),
        Field::Scopes => wanted.scopes = least(suite, &made.wanted.scopes),
        Field::Expiry => {
            let day = SignedDuration::from_hours(24);
            wanted.expires_at = wanted.expires_at.and_then(|end| end.checked_sub(day * 5).ok());
        }
        Field::Options | Field::Enabled => return None,
    }
    let scopes_left = !wanted.scopes.is_empty();
    (wanted != made.wanted && scopes_left).then_some(wanted)
}

async fn one(suite: &mut Suite<'_>, made: &mut Made, field: Field, wanted: Wanted) {
    suite.progress(&format!("editing the {}", field.word()));
    let check = format!("edit of the {}", field.word());
    let before = match current(suite, &made.id).await {
        Ok(Some(before)) => before,
        Ok(None) => return suite.differs(&check, "the key is not found", "capabilities.consistency"),
        Err(error) => return suite.failed(&check, &error, "get"),
    };
    if let Err(error) = suite.provider.edit(&made.id, &edit_of(field, &wanted)).await {
        return suite.failed(&check, &error, "edit");
    }
    // What differed before the edit is told already, and is what the key is from now on.
    let known: Vec<Field> =
        differences(suite.profile, &suite.catalogue, &made.wanted, &before).into_iter().map(|difference| difference.field).collect();
    let (profile, catalogue) = (suite.profile, suite.catalogue.clone());
    let settled = |key: Option<&crate::model::ObservedKey>| {
        key.is_some_and(|key| differences(profile, &catalogue, &wanted, key).iter().all(|found| known.contains(&found.field)))
    };
    let after = match until(suite, &made.id, settled).await {
        Ok(Some(after)) => after,
        Ok(None) => return suite.differs(&check, "the key is not found after it", "api.http.operations.edit"),
        Err(error) => return suite.failed(&check, &error, "get"),
    };
    judge_edit(suite, field, &wanted, &before, &after, &known);
    made.wanted = wanted;
}
