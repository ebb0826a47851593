//! The plan as JSON, version 1: what `--out` saves and `apply PLAN` reads again.
use crate::diagnostics::Located;
use crate::plan::Plan;

/// The plan, pretty-printed, with a line feed at its end. `serde_json` reads the same plan from it.
pub fn plan_json(plan: &Plan) -> String {
    super::json(plan)
}

/// What a run has that made no plan: the version of the format, and why. It has no `changes`, so that nobody takes it for a plan.
pub fn problems_json(diagnostics: &[Located]) -> String {
    super::json(&serde_json::json!({ "format_version": "1.0", "diagnostics": diagnostics }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::plan_text::samples;

    #[test]
    fn a_saved_plan_reads_back_as_itself() {
        let mut plan = samples::plan();
        plan.changes[0].reason = "line\u{1b}[2J\u{9b}\u{202e}\u{2028}\u{e0041}end".to_owned();
        let text = plan_json(&plan);
        assert!(text.ends_with("}\n") && !text.chars().any(|c| c != '\n' && crate::model::text_safety::is_unsafe(c)));
        assert_eq!(serde_json::from_str::<Plan>(&text).expect("a plan"), plan);
    }
}
