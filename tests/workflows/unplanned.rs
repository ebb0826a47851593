//! Where there is no plan, the comments say so, in words that may be posted.
#![cfg(unix)]
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use keywright::forge::Body;
use serde_json::Value;

use super::{run, text_of};

fn are_here(programs: &[&str]) -> bool {
    programs.iter().all(|program| {
        let found = run::bare("sh", Path::new("/")).args(["-c", &format!("command -v {program}")]).output();
        found.is_ok_and(|output| output.status.success())
    })
}

fn succeeds(command: &mut Command) {
    let output = command.output().expect("it starts");
    assert!(output.status.success(), "{}", run::told(&output));
}

#[track_caller]
fn is_for(text: &[u8], head: &str) {
    let body = Body::new(text).expect("a text that may be posted");
    assert_eq!((body.mark().workspace.as_str(), &body.mark().digest), (".", &None));
    assert!(body.text().contains(&format!("\nNo plan is shown for {head}: ")), "{}", body.text());
}

#[test]
fn at_github_whatever_the_reason() {
    if !are_here(&["bash"]) {
        return; // GitHub's machines have it
    }
    let document: Value = serde_yaml::from_str(&text_of("examples/github/comment.yml")).expect("YAML");
    let steps = document["jobs"]["comment"]["steps"].as_array().expect("steps");
    let script = steps.iter().find(|step| step["name"] == "have words for no plan").and_then(|step| step["run"].as_str()).expect("a step");
    let mut texts = Vec::new();
    for believed in ["true", "false", "unknown", ""] {
        let there = tempfile::tempdir().expect("a directory");
        let mut step = run::bare("bash", there.path());
        step.env("RUNNER_TEMP", there.path()).env("WORKSPACE", document["env"]["WORKSPACE"].as_str().expect("a path"));
        step.env("BELIEVED", believed).env("CONCLUSION", "timed_out").env("HEAD_SHA", "abc123");
        succeeds(step.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", script]));
        let text = fs::read(there.path().join("comment/none.md")).expect("a text");
        is_for(&text, "abc123");
        texts.push(text);
    }
    texts.dedup();
    assert_eq!(texts.len(), 3, "each reason has its words");
}

/// Two stubs: a host with two pages of merge requests, and a program that plans and keeps what it should post.
const CURL: &str = r#"#!/bin/sh
cat > /dev/null
for word; do
  if [ "$before" = --output ]; then out="$word"; fi
  before="$word"
done
case "$before" in
  *"&page=1") jq -n '[range(1; 101) | {iid: ., sha: "abc\(.)"}]' ;;
  *"&page=2") jq -n '[{iid: 101, sha: "abc101"}, {iid: 102, sha: null}]' ;;
  *) exit 22 ;;
esac > "$out"
"#;
const PROGRAM: &str = r#"#!/bin/sh
for word; do last="$word"; done
case "$1" in
  comment) [ -n "$GITLAB_TOKEN" ] && cp "$last" "$POSTS/$5" ;;
  -q)
    [ -z "${KEYWRIGHT_NOTE_TOKEN-}" ] || exit 9
    case "$3" in */3) exit 1 ;; esac
    echo "a plan" > "${last#markdown=}"
    ;;
esac
"#;

#[test]
fn at_gitlab_one_that_cannot_be_planned_keeps_no_other_from_it() {
    if !are_here(&["sh", "git", "jq", "timeout"]) {
        return; // the image of that job has them
    }
    let there = tempfile::tempdir().expect("a directory");
    let [origin, checkout, bin, posts] = ["origin", "checkout", "bin", "posts"].map(|name| there.path().join(name));
    for directory in [&origin, &bin, &posts] {
        fs::create_dir(directory).expect("a directory");
    }
    for (name, text) in [("curl", CURL), ("keywright", PROGRAM)] {
        fs::write(bin.join(name), text).expect("written");
        fs::set_permissions(bin.join(name), fs::Permissions::from_mode(0o755)).expect("permissions");
    }
    // 2 has a file name that no disk takes, 102 has no commit.
    let commits = r#"
        git init -q -b main . && git config user.name a && git config user.email a@b && echo x > x && git add x && git commit -qm x
        for number in 1 3 101; do git update-ref "refs/merge-requests/$number/head" HEAD; done
        tree="$(printf '100644 blob %s\t%0300d\n' "$(git rev-parse HEAD:x)" 0 | git mktree)"
        git update-ref refs/merge-requests/2/head "$(git commit-tree -m long "$tree")"
        git clone -q . ../checkout
    "#;
    succeeds(run::bare("sh", &origin).args(["-ec", commits]));

    let document: Value = serde_yaml::from_str(&text_of("examples/gitlab/.gitlab-ci.yml")).expect("YAML");
    let script = document["keywright note"]["script"][0].as_str().expect("a script");
    let mut job = run::bare("sh", &checkout);
    job.env("PATH", format!("{}:{}", bin.display(), std::env::var("PATH").expect("a path"))).env("TMPDIR", there.path());
    job.env("POSTS", &posts).env("KEYWRIGHT_NOTE_TOKEN", "token").env("CI_DEFAULT_BRANCH", "main");
    job.env("CI_API_V4_URL", "https://gl.example/api/v4").env("CI_PROJECT_ID", "1").env("CI_PROJECT_PATH", "g/p");
    succeeds(job.args(["-ec", script]));

    let posted = |number: u32| fs::read(posts.join(number.to_string())).expect("a post");
    for number in [1, 101] {
        assert_eq!(posted(number), b"a plan\n", "{number}");
    }
    for (number, head) in [(2, "abc2"), (3, "abc3"), (102, "its head")] {
        is_for(&posted(number), head);
    }
    assert_eq!(fs::read_dir(&posts).expect("a directory").count(), 102);
}
