//! What every workflow must keep to. A rule is a sentence about the text of one file.
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

static PINNED: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^[\w.-]+/[\w./-]+@[0-9a-f]{40}$").expect("a regular expression"));
static TAKES: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"actions/checkout|\bgit (clone|fetch|pull|checkout|worktree)|gh (pr checkout|repo clone)").expect("a regular expression")
});

/// Every rule that the workflow or action breaks.
pub fn problems(text: &str) -> Vec<String> {
    let document: Value = match serde_yaml::from_str(text) {
        Ok(document) => document,
        Err(error) => return vec![format!("is no YAML: {error}")],
    };
    let mut found = Vec::new();
    if document.get("jobs").is_some() {
        permissions(&document, &mut found);
        if document["on"].get("pull_request_target").is_some() {
            found.push("`pull_request_target` runs a stranger's change with our rights".to_owned());
        }
    }
    let steps = steps(&document);
    for step in &steps {
        used(step, text, &mut found);
        for line in step["run"].as_str().unwrap_or_default().lines().filter(|line| line.contains("${{")) {
            found.push(format!("an expression inside `run`: `{line}`"));
        }
    }
    let in_steps: usize = steps.iter().map(|step| step["env"].to_string().matches("secrets.").count()).sum();
    if document.to_string().matches("secrets.").count() != in_steps {
        found.push("a secret outside the `env` of one step".to_owned());
    }
    found
}

fn permissions(document: &Value, found: &mut Vec<String>) {
    match document.get("permissions") {
        None => found.push("no `permissions` at the top".to_owned()),
        Some(Value::Object(given)) if given.values().all(|value| value == "read" || value == "none") => {}
        Some(_) => found.push("`permissions` at the top give more than reading".to_owned()),
    }
}

fn used(step: &Value, text: &str, found: &mut Vec<String>) {
    let Some(name) = step["uses"].as_str() else { return };
    // `$/…` is the repository's own, at the commit that the workflow comes from.
    if !name.starts_with("$/") {
        if !PINNED.is_match(name) {
            found.push(format!("`{name}` is not pinned to a commit"));
        } else if !text.contains(&format!("{name} # v")) {
            found.push(format!("`{name}` does not say its version"));
        }
    }
    if name.starts_with("actions/checkout@") && step["with"]["persist-credentials"] != Value::Bool(false) {
        found.push("a checkout leaves the token in the repository's configuration".to_owned());
    }
}

/// The steps of all jobs, or of a composite action.
pub fn steps(document: &Value) -> Vec<&Value> {
    let jobs = document["jobs"].as_object().into_iter().flat_map(|jobs| jobs.values());
    let lists = jobs.map(|job| &job["steps"]).chain([&document["runs"]["steps"]]);
    lists.filter_map(Value::as_array).flatten().collect()
}

/// Steps that bring code of a repository to the machine.
pub fn takes_code(text: &str) -> Vec<String> {
    let document: Value = serde_yaml::from_str(text).expect("YAML");
    let foreign = |step: &&Value| {
        let uses = step["uses"].as_str().unwrap_or("$/");
        !uses.starts_with("$/") || TAKES.is_match(step["run"].as_str().unwrap_or_default())
    };
    steps(&document).into_iter().filter(foreign).map(ToString::to_string).collect()
}

/// Jobs at GitLab that can run elsewhere than on the default branch.
pub fn gitlab_strays(text: &str) -> Vec<String> {
    let document: Value = serde_yaml::from_str(text).expect("YAML");
    let jobs = document.as_object().expect("a mapping").iter().filter(|(name, job)| !name.starts_with('.') && job.get("script").is_some());
    let guarded = |rule: &Value| {
        rule["if"].as_str().is_some_and(|rule| rule.contains("$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH") && !rule.contains("||"))
    };
    let safe = |job: &Value| job["rules"].as_array().is_some_and(|rules| !rules.is_empty() && rules.iter().all(guarded));
    jobs.filter(|(_, job)| !safe(job)).map(|(name, _)| name.clone()).collect()
}
