//! What `fulfil` and `verify` write back with git, and what they do on a terminal's behalf.
use std::process::Command;

use crate::site::Site;
use crate::{FEWEST, PAYVY};

fn git(site: &Site, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", site.sandbox.home());
    command.env("GIT_CONFIG_NOSYSTEM", "1").current_dir(site.sandbox.work());
    command.args(["-c", "user.name=T", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"]).args(arguments);
    let output = command.output().expect("git is there");
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn what_a_person_handed_over_is_committed_alone() {
    let mut site = Site::new();
    for (name, value) in [
        ("GIT_AUTHOR_NAME", "T"),
        ("GIT_AUTHOR_EMAIL", "t@example.org"),
        ("GIT_COMMITTER_NAME", "T"),
        ("GIT_COMMITTER_EMAIL", "t@example.org"),
    ] {
        site.sandbox.environment.insert(name.to_owned(), value.to_owned());
    }
    site.declare("brex", PAYVY);
    site.sandbox.write(".gitignore", ".keywright/\n");
    git(&site, &["init", "-q"]);
    git(&site, &["add", "-A"]);
    git(&site, &["commit", "-qm", "begin"]);
    site.run(&["apply", "--yes", "--commit"]).exits(0);
    let token = site.make(&FEWEST);
    site.sandbox.write("unrelated.txt", "not ours\n");
    site.run_with(&["fulfil", "brex/payvy", "--commit"], Some(&token)).exits(0);
    assert_eq!(
        git(&site, &["show", "--name-only", "--format=%s", "HEAD"]),
        "keywright: 1 key\n\nledger/brex/payvy.yaml\nsecrets/brex/payvy.age\n"
    );
    site.pass(crate::site::days(1));
    site.run(&["verify", "-i", "~/ops.txt", "--commit"]).exits(0);
    assert_eq!(git(&site, &["show", "--name-only", "--format=%s", "HEAD"]), "keywright: 1 key\n\nledger/brex/payvy.yaml\n");
    assert_eq!(git(&site, &["status", "--porcelain"]), "?? unrelated.txt\n");
}
