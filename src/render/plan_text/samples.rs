//! Plans that show every line of the text form.
use crate::plan::{AccountView, Plan};

/// One change of each kind, with every section.
pub fn plan() -> Plan {
    serde_json::from_str(include_str!("sample.json")).expect("a plan")
}

/// Nothing to do.
pub fn empty() -> Plan {
    let mut plan = plan();
    plan.changes.clear();
    plan.attended.clear();
    plan.unmanaged.clear();
    plan.due.clear();
    plan.diagnostics.clear();
    plan.accounts.retain(|_, account: &mut AccountView| account.listing == "complete");
    plan.summary = crate::plan::Summary { none: 11, ..Default::default() };
    plan
}
