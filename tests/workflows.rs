//! The workflows that run here and those that people copy: safe by rules that can be read, and made of commands that exist.
#[path = "workflows/commands.rs"]
mod commands;
#[path = "workflows/rules.rs"]
mod rules;
#[path = "program/run.rs"]
mod run;
#[path = "workflows/unplanned.rs"]
mod unplanned;

use std::fs;
use std::path::Path;

use clap::CommandFactory;
use keywright::cli::args::Arguments;
use serde_json::Value;

/// Every workflow and action, by its path in the repository.
fn files() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for top in [".github", "examples/github", "examples/gitlab"] {
        for (path, bytes) in run::tree(&Path::new(run::REPOSITORY).join(top)) {
            if path.extension().is_some_and(|ending| ending == "yml" || ending == "yaml") {
                found.push((format!("{top}/{}", path.display()), String::from_utf8(bytes).expect("UTF-8")));
            }
        }
    }
    assert!(found.len() >= 8, "{found:?}");
    found
}

fn text_of(path: &str) -> String {
    fs::read_to_string(Path::new(run::REPOSITORY).join(path)).expect(path)
}

fn github() -> impl Iterator<Item = (String, String)> {
    files().into_iter().filter(|(path, _)| !path.contains("gitlab"))
}

#[test]
fn workflows_keep_the_rules() {
    let problems: Vec<String> =
        github().flat_map(|(path, text)| rules::problems(&text).into_iter().map(move |problem| format!("{path}: {problem}"))).collect();
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

/// A workflow that keeps the rules, to be spoilt.
const GOOD: &str = r#"name: good
on:
  pull_request:
permissions: {}
jobs:
  one:
    runs-on: ubuntu-24.04
    permissions:
      contents: read
    steps:
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1
        with:
          persist-credentials: false
      - uses: $/.github/actions/keywright
      - env:
          TITLE: ${{ github.event.pull_request.title }}
          KEY: ${{ secrets.KEY }}
        run: echo "$TITLE"
"#;

#[test]
fn each_rule_can_be_broken() {
    assert_eq!(rules::problems(GOOD), Vec::<String>::new());
    for (from, to, problem) in [
        ("permissions: {}\njobs", "jobs", "no `permissions` at the top"),
        ("permissions: {}\njobs", "permissions: write-all\njobs", "`permissions` at the top give more than reading"),
        ("permissions: {}\njobs", "permissions: { contents: write }\njobs", "`permissions` at the top give more than reading"),
        ("pull_request:", "pull_request_target:", "`pull_request_target` runs a stranger's change with our rights"),
        ("@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1", "@v7", "`actions/checkout@v7` is not pinned to a commit"),
        (" # v7.0.1", "", "`actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1` does not say its version"),
        ("$/.github/actions/keywright", "./.github/actions/keywright", "`./.github/actions/keywright` is not pinned to a commit"),
        ("persist-credentials: false", "fetch-depth: 0", "a checkout leaves the token in the repository's configuration"),
        ("echo \"$TITLE\"", "echo \"${{ github.event.pull_request.title }}\"", "an expression inside `run`: `echo \"${{"),
        ("echo \"$TITLE\"", "echo \"${{ inputs.title }}\"", "an expression inside `run`: `echo \"${{"),
        ("    permissions:\n", "    env:\n      KEY: ${{ secrets.KEY }}\n    permissions:\n", "a secret outside the `env` of one step"),
        ("name: good", "name: [", "is no YAML"),
    ] {
        let spoilt = GOOD.replacen(from, to, 1);
        assert_ne!(spoilt, GOOD, "{from}");
        let found = rules::problems(&spoilt);
        assert!(found.iter().any(|found| found.contains(problem)), "{problem}: {found:?}");
    }
}

#[test]
fn who_may_comment_takes_nothing_from_the_change() {
    let path = "examples/github/comment.yml";
    let text = text_of(path);
    assert_eq!(rules::takes_code(&text), Vec::<String>::new());
    for added in [
        "      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1\n",
        "      - run: git fetch origin pull/1/head\n",
        "      - run: gh pr checkout 1\n",
        "      - run: gh repo clone a/b\n",
    ] {
        let spoilt = text.replacen("    steps:\n", &format!("    steps:\n{added}"), 1);
        assert_eq!(rules::takes_code(&spoilt).len(), 1, "{added}");
    }
    // No number of a pull request comes out of the artifact, and nothing is unpacked by the names in it.
    assert!(text.contains("unzip -p ") && !text.contains("number.txt") && text.matches("unzip").count() == 1);
    // It listens to the very name of the workflow that plans.
    let plan: Value = serde_yaml::from_str(&text_of("examples/github/plan.yml")).expect("YAML");
    let comment: Value = serde_yaml::from_str(&text).expect("YAML");
    assert_eq!(comment["on"]["workflow_run"]["workflows"][0], plan["name"]);
    assert!(plan["on"].as_object().expect("events").keys().eq(["pull_request"]));
    assert!(plan["on"]["pull_request"].get("paths").is_none(), "a change could hide behind 300 files");
    assert_eq!(comment["env"]["WORKSPACE"], plan["env"]["WORKSPACE"]);
    assert!(!text_of("examples/github/plan.yml").contains("secrets."), "a pull request has no secret");
}

#[test]
fn who_writes_back_is_alone_and_waits_for_approval() {
    let apply: Value = serde_yaml::from_str(&text_of("examples/github/apply.yml")).expect("YAML");
    // Not of the whole workflow: a plan would wait for the approval of another.
    assert!(apply.get("concurrency").is_none());
    assert_eq!(apply["jobs"]["apply"]["concurrency"]["cancel-in-progress"], false);
    assert_eq!(apply["jobs"]["apply"]["environment"], "keywright-production");
    assert_eq!(apply["jobs"]["apply"]["needs"], "plan");
    let verify: Value = serde_yaml::from_str(&text_of("examples/github/schedule.yml")).expect("YAML");
    // A group has one waiting job, and a newer one takes its place.
    assert_eq!(verify["jobs"]["verify"]["concurrency"]["cancel-in-progress"], false);
    assert_ne!(verify["jobs"]["verify"]["concurrency"]["group"], apply["jobs"]["apply"]["concurrency"]["group"]);
}

#[test]
fn jobs_at_gitlab_that_hold_something_run_on_the_default_branch() {
    let text = text_of("examples/gitlab/.gitlab-ci.yml");
    assert_eq!(rules::gitlab_strays(&text), ["keywright plan"], "the only one for changes, and it holds nothing");
    let spoilt =
        text.replacen("$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH && $CI_PIPELINE_SOURCE == \"push\"", "$CI_PIPELINE_SOURCE == \"push\"", 1);
    assert_eq!(rules::gitlab_strays(&spoilt), ["keywright plan", "keywright apply"]);
    let document: Value = serde_yaml::from_str(&text).expect("YAML");
    let plan = &document["keywright plan"];
    assert!(plan.get("environment").is_none() && !plan.to_string().contains("TOKEN"), "{plan}");
    assert_eq!(document["keywright apply"]["resource_group"], document["keywright verify"]["resource_group"]);
}

#[test]
fn every_command_is_one() {
    let mut count = 0;
    let mut wrong = Vec::new();
    for (path, text) in files() {
        for words in commands::of(&text) {
            count += 1;
            wrong.extend(commands::refused(&words).map(|why| format!("{path}: `{}`: {why}", words.join(" "))));
        }
    }
    assert!(count >= 16, "only {count} commands were found");
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
    for line in
        ["keywright plan --bass origin/main", "A=1 keywright plann", "x || keywright list --expiring", "(keywright -q check --offline)"]
    {
        let found = commands::of(&format!("script: [{line:?}]"));
        assert_eq!(found.len(), 1, "{line}");
        assert!(commands::refused(&found[0]).is_some(), "{line}");
    }
    assert!(Arguments::command().find_subcommand("plan").is_some());
}

/// Runs a step as GitHub does, in a repository with the quick start on `main`.
#[cfg(unix)]
#[test]
fn the_action_plans_and_tells() {
    let there = |program: &str| {
        run::bare("sh", Path::new("/")).args(["-c", &format!("command -v {program}")]).output().is_ok_and(|o| o.status.success())
    };
    if !["bash", "jq", "git"].into_iter().all(there) {
        return; // GitHub's machines have them
    }
    let copy = run::copy_of_examples();
    let workspace = copy.path().join("examples/quickstart");
    let [temporary, bin] = ["temporary", "bin"].map(|name| copy.path().join(name));
    fs::create_dir(&temporary).expect("a directory");
    fs::create_dir(&bin).expect("a directory");
    std::os::unix::fs::symlink(run::PROGRAM, bin.join("keywright")).expect("a link");
    let git = "git init -q -b main . && git -c user.name=a -c user.email=a@b add -A . && git -c user.name=a -c user.email=a@b commit -qm a && git update-ref refs/remotes/origin/main HEAD";
    assert!(run::bare("sh", &workspace).args(["-ec", git]).status().expect("git").success());

    let action: Value = serde_yaml::from_str(&text_of(".github/actions/keywright/action.yml")).expect("YAML");
    let step = |name: &str, variables: &[(&str, &str)]| {
        let steps = action["runs"]["steps"].as_array().expect("steps");
        let script = steps.iter().find(|step| step["name"] == name).and_then(|step| step["run"].as_str()).expect("a script");
        let mut command = run::bare("bash", &workspace);
        let path = format!("{}:{}", bin.display(), std::env::var("PATH").expect("a path"));
        for name in ["output", "summary"] {
            fs::write(copy.path().join(name), "").expect("written");
        }
        command.env("PATH", path).env("RUNNER_TEMP", &temporary).env("CI", "true").env("GITHUB_EVENT_NAME", "pull_request");
        command.env("GITHUB_OUTPUT", copy.path().join("output")).env("GITHUB_STEP_SUMMARY", copy.path().join("summary"));
        command.envs(variables.iter().copied()).args(["--noprofile", "--norc", "-eo", "pipefail", "-c", script]).output().expect("bash")
    };
    let install = [("BINARY", ""), ("URL", ""), ("SHA256", ""), ("GIT", ""), ("REVISION", "")];
    let output = step("install", &[&install[..4], &[("GIT", "https://git.example/keywright"), ("REVISION", "main")]].concat());
    assert!(run::told(&output).contains("`git` needs `revision`"), "{}", run::told(&output));
    let output = step("install", &install);
    assert!(output.status.success(), "{}", run::told(&output));

    let outputs = || fs::read_to_string(copy.path().join("output")).expect("outputs");
    let plan = |command: &str| step("run", &[("COMMAND", command), ("WORKSPACE", "."), ("ANNOTATIONS", "true")]);
    let output = plan("plan --base origin/main");
    assert_eq!(output.status.code(), Some(0), "{}", run::told(&output));
    assert!(
        outputs().contains("exit-code=0\n") && outputs().contains("has-changes=true\n") && outputs().contains("digest=sha256:"),
        "{}",
        outputs()
    );
    let comment = fs::read_to_string(temporary.join("keywright-reports/comment.md")).expect("a comment");
    assert!(comment.starts_with("<!-- keywright:plan {") && fs::read_to_string(copy.path().join("summary")).expect("a summary") == comment);
    // That there are changes is no failure; that it cannot plan is one, and a comment all the same.
    let output = plan("plan --base origin/main --detailed-exitcode");
    assert_eq!(output.status.code(), Some(0), "{}", run::told(&output));
    assert!(outputs().contains("exit-code=2\n"));
    fs::write(workspace.join("keys/shop.yaml"), "account: nowhere\n").expect("written");
    let output = plan("plan --base origin/main");
    assert_eq!(output.status.code(), Some(1), "{}", run::told(&output));
    assert!(run::told(&output).contains("::error file="), "{}", run::told(&output));
    assert!(fs::read_to_string(temporary.join("keywright-reports/comment.md")).expect("a comment").contains("no plan"));
}
