//! The difference between an approved plan and a fresh one, as lines a reviewer can compare.
use similar::TextDiff;

use crate::model::text_safety::safe;
use crate::plan::Plan;

/// A unified difference of what the two plans do, key by key; empty when they do the same.
pub fn plan_difference(approved: &Plan, fresh: &Plan) -> String {
    let (approved, fresh) = (outline(approved), outline(fresh));
    let difference = TextDiff::from_lines(&approved, &fresh);
    difference.unified_diff().context_radius(1).header("approved", "now").to_string()
}

/// One line for each thing that a plan does.
fn outline(plan: &Plan) -> String {
    let mut out = String::new();
    for change in &plan.changes {
        let head = format!("{}  {}", change.address, change.action.as_str());
        out.push_str(&format!("{head}: {}\n", safe(&change.reason)));
        let gains = change.access.gained.iter().map(|entry| format!("gains {}", entry.scope));
        let loses = change.access.lost.iter().map(|entry| format!("loses {}", entry.scope));
        let opens = change.access.recipients_added.iter().map(|key| format!("can be opened by {key}"));
        let gets = change.access.deliveries_added.iter().map(|place| format!("is delivered to {place}"));
        let ends = change.after.iter().filter_map(|after| after.expires_at).map(|end| format!("expires {end}"));
        for line in gains.chain(loses).chain(opens).chain(gets).chain(ends) {
            out.push_str(&format!("{}  {}\n", change.address, safe(&line)));
        }
    }
    out
}
