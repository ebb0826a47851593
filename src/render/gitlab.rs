//! Counts for GitLab's Terraform widget.
use serde::Serialize;

use crate::plan::Plan;

#[derive(Serialize)]
struct Widget {
    create: usize,
    update: usize,
    delete: usize,
}

/// How many keys are created, changed and ended. Attended and blocked keys are counted by none: apply does not change them.
pub fn plan_gitlab(plan: &Plan) -> String {
    let s = &plan.summary;
    let update = s.edit + s.rotate + s.replace + s.enable + s.reseal + s.deliver;
    super::json(&Widget { create: s.create, update, delete: s.disable + s.delete })
}

/// Without a plan there is nothing to count: of an empty report GitLab says that it could not be generated.
pub fn problems_gitlab() -> String {
    "{}\n".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::plan_text::samples;

    #[test]
    fn three_counts() {
        let counts: serde_json::Value = serde_json::from_str(&plan_gitlab(&samples::plan())).expect("JSON");
        assert_eq!(counts, serde_json::json!({ "create": 1, "update": 2, "delete": 1 }));
    }
}
