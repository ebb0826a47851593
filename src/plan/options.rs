//! What options give a key beyond its scopes. Decides nothing.
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::access::reach;
use crate::model::{Options, Risk, ScopeSet};
use crate::profile::{Catalogue, KeyOption};

/// One value of an option that gives a key more than it had.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct OptionGain {
    pub option: String,
    /// Absent: the option confines the key no longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    pub risk: Risk,
    /// Why a person should care, from the profile.
    pub why: Arc<str>,
}

/// What the options of a key (`after`, with its scopes) give that they did not give before, most risky first. A key that begins or comes back (`lived`: it
/// did not) gains all that its options give, and what they gave less of as it was declared or was before (`before`).
pub(super) fn gained(
    options: &BTreeMap<String, KeyOption>,
    catalogue: &Catalogue,
    (lived, before): (bool, Option<&Options>),
    (scopes, after): (&ScopeSet, &Options),
) -> Vec<OptionGain> {
    let mut gains = Vec::new();
    for (name, option, widening) in options.iter().filter_map(|(name, option)| Some((name, option, option.widening()?))) {
        let gained = |had| option.gained(had, after.get(name));
        let anew = if lived { Vec::new() } else { gained(None) };
        let beside = before.map(|before| gained(before.get(name))).unwrap_or_default();
        let more: Vec<_> = beside.into_iter().filter(|value| !anew.contains(value)).collect();
        for value in anew.into_iter().chain(more) {
            gains.push(OptionGain {
                option: name.clone(),
                value,
                risk: widening.risk.or_else(|| reach(catalogue, scopes)).unwrap_or(Risk::Critical),
                why: Arc::from(widening.why.as_str()),
            });
        }
    }
    gains.sort_by(|a, b| (Reverse(a.risk), &a.option, &a.value).cmp(&(Reverse(b.risk), &b.option, &b.value)));
    gains
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::rich::confining;
    use super::super::testing::*;
    use super::super::{Action, exceeds};
    use super::*;

    /// A settled key with these options in the ledger and there.
    fn world(options: serde_json::Value) -> World {
        let mut world = World::settled();
        let methods = r#"{ "says": "x", "kind": "list", "default": ["HMAC"],
            "widens": { "values": ["BASIC"], "risk": "high", "why": "sends the secret" } }"#;
        world.key_options = BTreeMap::from([confining(), ("methods".to_owned(), serde_json::from_str(methods).unwrap())]);
        world.capabilities.editable.options = true;
        let options: crate::model::Options = serde_json::from_value(options).unwrap();
        world.first().options = options.clone();
        world.live(1).options = options.clone();
        world.wanted().options = options;
        world
    }

    fn gains(world: &World) -> Vec<String> {
        let change = world.change().expect("a change");
        assert!(matches!(change.action, Action::Edit | Action::Replace), "{change:?}");
        let said = |gain: &OptionGain| format!("{} {} {}", gain.risk, gain.option, gain.value.as_deref().unwrap_or("-"));
        change.access.options_gained.iter().map(said).collect()
    }

    #[test]
    fn a_list_that_confines_widens_by_more_and_by_none() {
        let confined = || world(json!({ "accounts": ["1", "2"] }));
        let mut more = confined();
        more.wanted().options.insert("accounts".to_owned(), json!(["1", "2", "3"]));
        assert_eq!(gains(&more), ["low accounts 3"]);
        let mut none = confined();
        none.wanted().options.clear();
        assert_eq!(gains(&none), ["low accounts -"]);
        let mut fewer = confined();
        fewer.wanted().options.insert("accounts".to_owned(), json!(["1"]));
        assert!(gains(&fewer).is_empty());
        // The risk is that of all that the key can do.
        let mut risky = confined();
        risky.first().scopes = scopes(&["x:key:read"]);
        risky.live(1).scopes = Some(scopes(&["x:key:read"]));
        risky.wanted().scopes = scopes(&["x:key:read"]);
        risky.wanted().options.clear();
        assert_eq!(gains(&risky), ["critical accounts -"]);
    }

    #[test]
    fn a_value_that_gives_counts_also_for_a_new_key() {
        let mut edit = world(json!({ "methods": ["HMAC"] }));
        edit.wanted().options.insert("methods".to_owned(), json!(["BASIC", "HMAC"]));
        assert_eq!(gains(&edit), ["high methods BASIC"]);
        let summary = edit.plan().summary;
        assert_eq!((summary.access_gained, summary.highest_risk), (1, Some(Risk::High)));
        // What was approved without it is exceeded by it.
        assert!(exceeds(&world(json!({})).plan(), &edit.plan())[0].contains("was not approved"));
        let mut create = World { key_options: edit.key_options.clone(), ..World::new() };
        create.wanted().options = serde_json::from_value(json!({ "methods": ["BASIC"], "accounts": ["1"] })).unwrap();
        let change = create.change().expect("a change");
        let gained: Vec<&str> = change.access.options_gained.iter().map(|gain| gain.option.as_str()).collect();
        assert_eq!(gained, ["methods"], "a list that confines a new key gives it nothing");
    }

    #[test]
    fn what_somebody_widens_by_hand_is_drift_with_its_access() {
        let mut world = world(json!({ "methods": ["HMAC"] }));
        world.live(1).options.insert("methods".to_owned(), json!(["BASIC", "HMAC"]));
        let plan = world.plan();
        assert_eq!(plan.drift.len(), 1);
        assert_eq!(plan.drift[0].access.options_gained.len(), 1);
        assert!(plan.changes[0].access.options_gained.is_empty(), "its correction gives nothing");
    }
}
