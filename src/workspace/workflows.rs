//! What GitHub workflows may do that run the program: their triggers and their permissions, as far as the files tell.
use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use crate::diagnostics::Report;
use crate::model::text_safety::safe;
use crate::yaml;

/// Commands that use the credential that writes.
const WRITING: &[&str] = &["apply", "recover", "import", "fulfil", "authorize"];
/// What a job that plans may write: comments, problems found, a proof of its identity.
const HARMLESS: &[&str] = &["pull-requests", "issues", "security-events", "checks", "statuses", "id-token"];

/// Of a workflow, what is looked at.
#[derive(Deserialize, JsonSchema)]
struct Workflow {
    #[serde(default)]
    on: Value,
    permissions: Option<Value>,
    #[serde(default)]
    jobs: BTreeMap<String, Job>,
}

#[derive(Deserialize, JsonSchema)]
struct Job {
    permissions: Option<Value>,
    #[serde(default)]
    steps: Vec<Step>,
}

#[derive(Deserialize, JsonSchema)]
struct Step {
    run: Option<String>,
    uses: Option<String>,
    #[serde(default)]
    with: BTreeMap<String, Value>,
}

/// What is to be said of one workflow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// Whether it is a danger or cannot work; else it is more or less than is needed.
    pub bad: bool,
    pub says: String,
    pub help: &'static str,
}

/// What is to be said of a workflow that runs the program: nothing, when it is as it should be; `None` when it does not run it.
pub fn judge(bytes: &[u8]) -> Option<Vec<Remark>> {
    let file: Arc<str> = "workflow".into();
    let Some(workflow) = yaml::read::<Workflow>(&file, bytes, &mut Report::default()) else {
        let names = String::from_utf8_lossy(bytes).contains("keywright");
        let says = if names { "it names keywright, and cannot be read" } else { "it cannot be read: whether it runs keywright is unknown" };
        return Some(vec![Remark { bad: false, says: says.to_owned(), help: "look at its triggers and permissions yourself" }]);
    };
    let jobs = workflow.jobs.iter().map(|(name, job)| (name, job, commands(job))).filter(|(.., words)| !words.is_empty());
    let remarks: Vec<Vec<Remark>> = jobs.map(|(name, job, words)| judge_job(&workflow, name, job, &words)).collect();
    (!remarks.is_empty()).then(|| remarks.concat())
}

fn judge_job(workflow: &Workflow, name: &str, job: &Job, words: &[Vec<String>]) -> Vec<Remark> {
    let name = safe(name);
    let mut remarks = Vec::new();
    let mut remark = |bad: bool, says: String, help: &'static str| remarks.push(Remark { bad, says, help });
    if is_triggered_by(&workflow.on, "pull_request_target") {
        let says = format!("job `{name}` runs on `pull_request_target`: a fork's change meets this repository's secrets");
        remark(true, says, "plan on `pull_request`, and post the comment from a `workflow_run`");
    }
    let writes = words.iter().flatten().find(|word| WRITING.contains(&word.as_str()));
    if let Some(command) = writes.filter(|_| is_triggered_by(&workflow.on, "pull_request")) {
        let says = format!("job `{name}` runs `{command}` on `pull_request`: that refuses to change what nobody has approved");
        remark(true, says, "apply after the merge, on `push` to the protected branch");
    }
    let permissions = job.permissions.as_ref().or(workflow.permissions.as_ref());
    if is_triggered_by(&workflow.on, "pull_request") && permissions.is_some_and(|permissions| may(permissions, "id-token")) {
        let says = format!("job `{name}` has `id-token: write` on `pull_request`: a change could take its identity at a cloud");
        remark(false, says, "plan without it, or let the cloud accept that identity for the protected branch alone");
    }
    let pushes = words.iter().flatten().any(|word| word == "--push" || word == "--durable" || word == "--durable=git");
    match permissions {
        None => {
            let says = format!("job `{name}` has no `permissions`: it gets whatever the repository gives by default");
            remark(false, says, "say `permissions: { contents: read }`, or `write` for the job that pushes");
        }
        Some(permissions) if pushes => {
            if !may(permissions, "contents") {
                let says = format!("job `{name}` pushes, and its own token may not write contents");
                remark(false, says, "give it `contents: write`, unless it checks out with another key");
            }
        }
        Some(permissions) => {
            let granted = granted(permissions);
            if !granted.is_empty() {
                let says = format!("job `{name}` may write {}, and pushes nothing", granted.join(", "));
                remark(false, says, "give it `contents: read` alone");
            }
        }
    }
    remarks
}

/// The words after `keywright` of each line that runs it, and those given to the action.
fn commands(job: &Job) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for step in &job.steps {
        let text = step.run.as_deref().unwrap_or_default().replace("\\\n", " ");
        for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
            let mut words = line.split_whitespace().map(|word| word.trim_matches(|sign| matches!(sign, '"' | '\'' | '(' | ')' | ';')));
            if words.any(is_program) {
                found.push(words.map(str::to_owned).collect());
            }
        }
        let action = step.uses.as_deref().is_some_and(|uses| uses.split('@').next().is_some_and(|path| path.ends_with("/keywright")));
        if action {
            let given = step.with.values().filter_map(Value::as_str).flat_map(str::split_whitespace);
            found.push(given.map(str::to_owned).collect());
        }
    }
    found
}

/// Whether a word runs the program: by its name, or by a path to it under that name, a longer one, or `kw`.
fn is_program(word: &str) -> bool {
    let name = word.rsplit(['/', '\\']).next().unwrap_or(word);
    let name = name.strip_suffix(".exe").unwrap_or(name);
    name == "keywright" || (word.contains('/') && (name == "kw" || name.starts_with("keywright-")))
}

fn is_triggered_by(on: &Value, event: &str) -> bool {
    match on {
        Value::String(only) => only == event,
        Value::Array(several) => several.iter().any(|one| one == event),
        Value::Object(several) => several.contains_key(event),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn may(permissions: &Value, what: &str) -> bool {
    permissions == "write-all" || permissions.get(what).is_some_and(|level| level == "write")
}

/// What may be written that a plan has no need of.
fn granted(permissions: &Value) -> Vec<String> {
    if permissions == "write-all" {
        return vec!["everything".to_owned()];
    }
    let entries = permissions.as_object().into_iter().flatten();
    let written = entries.filter(|(what, level)| *level == "write" && !HARMLESS.contains(&what.as_str()));
    written.map(|(what, _)| format!("`{}`", safe(what))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<Vec<(bool, String)>> {
        Some(judge(text.as_bytes())?.into_iter().map(|remark| (remark.bad, remark.says)).collect())
    }

    fn workflow(on: &str, permissions: &str, run: &str) -> String {
        format!("on: {on}\n{permissions}\njobs:\n  keys:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: {run}\n")
    }

    #[test]
    fn a_workflow_that_needs_what_it_has_is_good() {
        let plan = workflow("pull_request", "permissions: { contents: read, pull-requests: write }", "keywright plan --offline");
        let apply = workflow("{ push: { branches: [main] } }", "permissions: { contents: write }", "./bin/keywright apply --yes --push");
        for text in [plan, apply] {
            assert_eq!(found(&text), Some(vec![]), "{text}");
        }
        assert_eq!(found(&workflow("push", "", "cargo test")), None, "it does not run the program");
    }

    #[test]
    fn what_is_too_much_or_too_little_is_named() {
        let one = |bad: bool, says: &str| Some(vec![(bad, says.to_owned())]);
        let read = "permissions: { contents: read }";
        assert_eq!(
            found(&workflow("[pull_request_target]", read, "keywright plan")),
            one(true, "job `keys` runs on `pull_request_target`: a fork's change meets this repository's secrets")
        );
        assert_eq!(
            found(&workflow("pull_request", read, "keywright -C keys apply --yes")),
            one(true, "job `keys` runs `apply` on `pull_request`: that refuses to change what nobody has approved")
        );
        assert_eq!(
            found(&workflow("push", "", "keywright plan")),
            one(false, "job `keys` has no `permissions`: it gets whatever the repository gives by default")
        );
        assert_eq!(
            found(&workflow("push", "permissions: write-all", "keywright check")),
            one(false, "job `keys` may write everything, and pushes nothing")
        );
        assert_eq!(
            found(&workflow("push", "permissions: { contents: write }", "keywright plan")),
            one(false, "job `keys` may write `contents`, and pushes nothing")
        );
        let identity = "permissions: { contents: read, id-token: write }";
        assert_eq!(
            found(&workflow("pull_request", identity, "keywright plan")),
            one(false, "job `keys` has `id-token: write` on `pull_request`: a change could take its identity at a cloud")
        );
        assert_eq!(found(&workflow("push", identity, "keywright plan")), Some(vec![]));
        assert_eq!(
            found(&workflow("push", read, "keywright apply --yes --durable git")),
            one(false, "job `keys` pushes, and its own token may not write contents")
        );
    }

    #[test]
    fn a_job_may_say_it_for_itself_and_an_action_counts() {
        let text = "on: push\npermissions: write-all\njobs:\n  keys:\n    permissions: { contents: read }\n    steps:\n      \
                    - uses: ./.github/actions/keywright\n        with: { arguments: apply --push }\n";
        assert_eq!(found(text), Some(vec![(false, "job `keys` pushes, and its own token may not write contents".to_owned())]));
    }

    #[test]
    fn what_cannot_be_read_is_said_only_where_it_matters() {
        assert_eq!(found("jobs: [keywright\n").map(|remarks| remarks.len()), Some(1));
        let unknown = (false, "it cannot be read: whether it runs keywright is unknown".to_owned());
        assert_eq!(found("jobs: [other\n"), Some(vec![unknown]));
    }

    #[test]
    fn a_program_is_known_by_its_path() {
        for (run, is_ours) in [
            ("./kw apply --yes", true),
            ("tools/kw plan", true),
            ("./bin/keywright-x86_64-linux apply --yes", true),
            ("target/release/keywright check", true),
            ("kw apply", false),
            ("./kwargs apply", false),
            ("terraform apply", false),
        ] {
            assert_eq!(found(&workflow("push", "permissions: { contents: read }", run)).is_some(), is_ours, "{run}");
        }
    }
}
