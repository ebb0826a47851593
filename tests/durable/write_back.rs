//! What a remote and a clone look like when files are written back into them: nobody else's work is touched, and nothing is lost.
use std::time::Duration;

use reqwest::Method;

use crate::emulator::{Config, Fault, KeySeed, Route};
use crate::machine::{ran, wait_until};
use crate::order::{in_order, works};
use crate::team::{DURABLE, KEYS, PUSH, Team};

const BOTH: [&str; 2] = ["billing", "refunds"];

/// A hook that refuses one branch.
fn refuse(branch: &str) -> String {
    format!("while read old new ref; do if [ \"$ref\" = refs/heads/{branch} ]; then echo 'protected branch' >&2; exit 1; fi; done; exit 0")
}

#[test]
fn a_dirty_tree_stays_as_it_is() {
    let team = Team::new();
    let a = team.clone("a");
    a.write("notes.txt", "one\n");
    a.git(&["add", "notes.txt"]);
    a.git(&["commit", "-qm", "notes"]);
    a.git(&["push", "-q"]);
    a.write("notes.txt", "changed\n");
    a.write("staged.txt", "staged\n");
    a.git(&["add", "staged.txt"]);
    a.write("staged.txt", "and changed again\n");
    a.write("untracked.txt", "untracked\n");
    a.write("keys/stray.txt", "not a manifest\n");
    a.git(&["rm", "-q", "--cached", ".gitignore"]);
    let (before, index) = (a.tree(), a.git(&["ls-files", "--stage"]));
    a.run(DURABLE).exits(0);
    let mut after = a.tree();
    after.1.retain(|path, _| !path.starts_with("ledger") && !path.starts_with("secrets"));
    // Without an ignored directory git shows ours, too.
    let strip = |status: &str| status.lines().filter(|line| !line.contains(".keywright")).collect::<Vec<_>>().join("\n");
    after.1.retain(|path, _| !path.starts_with(".keywright"));
    assert_eq!((strip(&before.0), &before.1), (strip(&after.0), &after.1));
    let ours = |line: &&str| !line.contains("ledger/") && !line.contains("secrets/");
    assert_eq!(a.git(&["ls-files", "--stage"]).lines().filter(ours).collect::<Vec<_>>(), index.lines().collect::<Vec<_>>());
    works(&a, &BOTH);
    assert_eq!(team.git(&["show", "--format=", "--name-only", "main"]).lines().count(), 4);
}

#[test]
fn a_manifest_that_nobody_committed_is_named() {
    let team = Team::new();
    let a = team.clone("a");
    a.write("keys/other.yaml", "account: pay\nkeys: {}\n");
    let ran = a.run(PUSH).exits(0);
    assert!(!ran.stderr.contains("apply/uncommitted"), "it declares none of the keys: {}", ran.stderr);
    a.write("keys/new.yaml", "account: pay\nkeys:\n  fresh: { scopes: [pcx:webhooks:read] }\n");
    let ran = a.run(PUSH).exits(0).says("apply/uncommitted").says("`keys/new.yaml`");
    assert!(!ran.stderr.contains("keys/other.yaml") && !ran.stderr.contains("keys/pay.yaml"), "{}", ran.stderr);
    assert!(team.git(&["show", "--format=", "--name-only", "main"]).lines().all(|path| !path.starts_with("keys/")));
    let ran = a.run(PUSH).exits(0);
    assert!(!ran.stderr.contains("apply/uncommitted"), "nothing is written: {}", ran.stderr);
}

#[test]
fn what_others_pushed_meanwhile_stays() {
    let team = Team::new();
    let a = team.clone("a");
    team.somebody_pushes("keys/notes.md", "theirs\n");
    let theirs = team.main();
    let ran = a.run(DURABLE).exits(0);
    assert!(ran.stderr.contains("git pull --rebase"), "{}", ran.stderr);
    assert_eq!((team.git(&["rev-parse", "main~1"]), team.git(&["show", "main:keys/notes.md"])), (theirs, "theirs".to_owned()));
    a.git(&["pull", "-q", "--rebase"]);
    assert_eq!(a.git(&["rev-parse", "HEAD"]), team.main());
    in_order(&a, &BOTH);
    a.run(DURABLE).exits(0);
}

#[test]
fn who_changed_our_ledger_meanwhile_is_not_overwritten() {
    let team = Team::new();
    let a = team.clone("a");
    team.order(Fault::Stall(Duration::from_secs(3)), Method::POST, Route::Create, 2);
    let child = a.command(DURABLE).spawn().expect("started");
    wait_until(|| team.keys().len() == 2);
    team.somebody_pushes("ledger/pay/billing.yaml", "theirs\n");
    let theirs = team.main();
    let ran = ran(DURABLE, child.wait_with_output().expect("ended")).exits(4);
    let ran = ran.says("apply/rescued").says("ledger/pay/billing.yaml").says("git merge origin/keywright/rescue-");
    assert_eq!(team.main(), theirs);
    let [rescue] = &team.rescues()[..] else { panic!("{:?}", team.rescues()) };
    assert!(ran.stderr.contains(rescue), "{}", ran.stderr);
    for path in ["ledger/pay/billing.yaml", "secrets/pay/billing.age", "ledger/pay/refunds.yaml", "secrets/pay/refunds.age"] {
        let there = team.git_command(&team.path("origin.git")).args(["show", &format!("{rescue}:{path}")]).output().expect("git runs");
        assert!(there.stdout == std::fs::read(a.path(path)).expect("there"), "`{path}` is safe");
    }
    assert!(team.journal().contains("root/"), "the journal keeps what the branch has not: {}", team.journal());
    team.no_secret_in_the_open(&[&a], &[&ran]);
}

/// A job that is run again works on an old commit: what others have disabled since must not be enabled.
#[test]
fn an_old_ledger_decides_nothing() {
    let team = Team::new();
    let (a, b) = (team.clone("a"), team.clone("b"));
    a.run(DURABLE).exits(0);
    b.git(&["pull", "-q"]);
    a.write("keys/pay.yaml", "account: pay\nkeys: {}\n");
    a.run(&[DURABLE, &["--allow", "empty"]].concat()).exits(0);
    assert_eq!(team.live().len(), 0);
    let (refs, requests) = (team.refs(), team.emulator.requests().len());
    for arguments in [PUSH, DURABLE] {
        b.run(arguments).exits(1).says("apply/git").says("ledger/pay/billing.yaml");
    }
    assert_eq!((team.refs(), team.emulator.requests().len()), (refs, requests));
}

#[test]
fn a_protected_branch_gets_a_rescue_branch_that_can_be_merged() {
    let team = Team::new();
    let a = team.clone("a");
    team.hook(&team.path("origin.git"), "pre-receive", &refuse("main"));
    let main = team.main();
    let ran = a.run(DURABLE).exits(4).says("apply/rescued").says("protected branch");
    assert_eq!((team.main(), team.rescues().len()), (main, 1));
    works(&a, &BOTH);
    a.vanish();
    // Somebody merges it, as the message says.
    std::fs::remove_file(team.path("origin.git/hooks/pre-receive")).expect("removed");
    let b = team.clone("b");
    b.git(&["merge", "-q", &format!("origin/{}", team.rescues()[0])]);
    b.git(&["push", "-q"]);
    b.run(DURABLE).exits(0);
    in_order(&b, &BOTH);
    assert_eq!(team.live().len(), 2, "{}", ran.stderr);
}

#[test]
fn a_rescue_that_nobody_merged_is_written_back_by_the_next_apply() {
    let team = Team::new();
    let a = team.clone("a");
    team.hook(&team.path("origin.git"), "pre-receive", &refuse("main"));
    a.run(DURABLE).exits(4).says("apply/rescued");
    a.vanish();
    let b = team.clone("b");
    b.run(DURABLE).exits(4).says("apply/rescued");
    works(&b, &BOTH);
    std::fs::remove_file(team.path("origin.git/hooks/pre-receive")).expect("removed");
    b.run(DURABLE).exits(0);
    in_order(&b, &BOTH);
    assert_eq!(team.live().len(), 2);
}

#[test]
fn a_remote_that_is_gone_at_the_end_gets_everything_later() {
    for arguments in [PUSH, DURABLE] {
        let team = Team::new();
        let a = team.clone("a");
        // It takes the journal, and then nothing more.
        team.hook(
            &team.path("origin.git"),
            "update",
            &format!("case $1 in refs/heads/*) mv {0} {0}.gone; exit 1;; esac; exit 0", team.path("origin.git").display()),
        );
        let ran = a.run(arguments).exits(4).says("apply/not-pushed");
        assert!(!team.path("origin.git").exists(), "{}", ran.stderr);
        std::fs::rename(team.path("origin.git.gone"), team.path("origin.git")).expect("back again");
        std::fs::remove_file(team.path("origin.git/hooks/update")).expect("removed");
        works(&a, &BOTH);
        a.run(arguments).exits(0);
        in_order(&a, &BOTH);
        assert_eq!(team.live().len(), 2);
    }
}

#[test]
fn a_branch_that_the_remote_does_not_have_yet_is_made() {
    let team = Team::new();
    let a = team.clone("a");
    a.git(&["checkout", "-qb", "topic"]);
    team.hook(&team.path("origin.git"), "pre-receive", "exit 1");
    a.run(PUSH).exits(4).says("apply/not-pushed");
    std::fs::remove_file(team.path("origin.git/hooks/pre-receive")).expect("removed");
    a.run(PUSH).exits(0);
    assert_eq!(team.git(&["rev-parse", "topic"]), a.git(&["rev-parse", "HEAD"]));
}

#[test]
fn commits_without_a_remote_and_without_changes() {
    let team = Team::new();
    let a = team.clone("a");
    a.git(&["remote", "remove", "origin"]);
    let before = a.git(&["rev-parse", "HEAD"]);
    let commit = ["apply", "--yes", "--commit"];
    a.run(&commit).exits(0);
    assert_eq!((a.git(&["rev-parse", "HEAD~1"]), a.git(&["status", "--porcelain"])), (before, String::new()));
    works(&a, &BOTH);
    let head = a.git(&["rev-parse", "HEAD"]);
    a.run(&commit).exits(0);
    assert_eq!(a.git(&["rev-parse", "HEAD"]), head, "no empty commit");
}

/// Killed between the ledger's write and the commit.
#[test]
fn the_next_commit_has_the_files_of_a_run_that_died() {
    let team = Team::new();
    let a = team.clone("a");
    a.git(&["remote", "remove", "origin"]);
    team.order(Fault::Stall(Duration::from_secs(60)), Method::POST, Route::Create, 1);
    let commit = ["apply", "--yes", "--commit"];
    let mut child = a.start(&commit);
    let done = || ["billing", "refunds"].iter().filter(|name| a.path(&format!("secrets/pay/{name}.age")).exists()).count() == 1;
    wait_until(|| team.keys().len() == 2 && done());
    child.kill().expect("killed");
    child.wait().expect("ended");
    team.emulator.clear_faults();
    assert!(!a.git(&["status", "--porcelain"]).is_empty());
    a.run(&commit).exits(0);
    works(&a, &BOTH);
    assert_eq!(a.git(&["status", "--porcelain"]), "");
    assert_eq!(a.git(&["rev-list", "--count", "HEAD"]), "2");
}

#[test]
fn nobody_listens_at_the_end() {
    let team = Team::new();
    let a = team.clone("a");
    team.order(Fault::Stall(Duration::from_secs(1)), Method::POST, Route::Create, 2);
    let mut child = a.command(DURABLE).spawn().expect("started");
    wait_until(|| team.keys().len() == 2);
    drop(child.stdout.take());
    let done = ran(DURABLE, child.wait_with_output().expect("ended"));
    assert!(done.exit <= 1, "{}", done.stderr);
    assert_eq!(team.git(&["rev-list", "--count", "main"]), "2", "it was written back all the same");
    a.run(DURABLE).exits(0);
    in_order(&a, &BOTH);
}

#[test]
fn hooks_of_the_clone_do_not_run() {
    let team = Team::new();
    let a = team.clone("a");
    let trace = team.path("tmp/trace");
    for name in ["pre-commit", "commit-msg", "post-commit", "pre-push", "reference-transaction", "post-index-change"] {
        team.hook(&a.top().join(".git"), name, &format!("echo {name} >> {}; exit 1", trace.display()));
    }
    a.run(DURABLE).exits(0);
    assert!(!trace.exists(), "{:?}", std::fs::read_to_string(&trace));
    in_order(&a, &BOTH);
}

#[test]
fn a_workspace_below_the_top_of_its_repository() {
    let team = Team::with(Config::default(), "infra/keys/");
    let a = team.clone("a");
    a.run(DURABLE).exits(0);
    in_order(&a, &BOTH);
    let files = team.git(&["show", "--format=", "--name-only", "main"]);
    assert!(files.lines().count() == 4 && files.lines().all(|file| file.starts_with("infra/keys/")), "{files}");
}

#[test]
fn an_import_pushes_entries_and_records_together() {
    let team = Team::new();
    let a = team.clone("a");
    a.run(DURABLE).exits(0);
    team.emulator.add_key(KeySeed::new("Legacy", ["pcx:webhooks:read"]));
    let keys = team.emulator.keys();
    a.write("notes.txt", "not ours\n");
    a.run(&["import", "pay", "--all", "--yes", "--push", "--durable", "git"]).exits(0);
    assert_eq!(team.emulator.keys(), keys);
    let shown = a.git(&["show", "--name-only", "--format=%s", "HEAD"]);
    let lines: Vec<&str> = shown.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(lines, ["keywright: 1 key imported", "keys/pay.yaml", "ledger/pay/legacy.yaml", "secrets/pay/legacy.age"]);
    let b = team.clone("b");
    b.run(&["plan", "--detailed-exitcode"]).exits(0);
    b.run(DURABLE).exits(0);
    assert_eq!(team.emulator.keys(), keys, "another machine takes nothing for removed or missing");
}

#[test]
fn an_import_publishes_no_edit_that_nobody_has_committed() {
    let team = Team::new();
    let a = team.clone("a");
    a.run(DURABLE).exits(0);
    team.emulator.add_key(KeySeed::new("Legacy", ["pcx:webhooks:read"]));
    let wider = format!("account: pay\nkeys:\n{KEYS}").replace("pcx:devices:read", "\"pcx:devices:*\"");
    let (refs, tree) = (team.refs(), |machine: &crate::machine::Machine<'_>| machine.tree());
    a.write("keys/pay.yaml", &wider);
    let before = tree(&a);
    for more in ["--commit", "--push"] {
        a.run(&["import", "pay", "--all", "--yes", more]).exits(1).says("import/uncommitted").says("keys/pay.yaml");
    }
    assert!(tree(&a) == before && team.refs() == refs, "nothing was written");
    // A file that git does not have is no different.
    a.git(&["checkout", "-q", "keys/pay.yaml"]);
    a.git(&["mv", "keys/pay.yaml", "keys/ours.yaml"]);
    a.git(&["commit", "-qm", "moved"]);
    a.write("keys/pay.yaml", "account: pay\nkeys: {}\n");
    a.run(&["import", "pay", "--all", "--yes", "--push"]).exits(1).says("import/uncommitted");
    // Without a commit it is left to the team, and a file that is nowhere yet is made.
    std::fs::remove_file(a.path("keys/pay.yaml")).expect("removed");
    a.run(&["import", "pay", "--all", "--yes", "--push"]).exits(0);
    assert_eq!(a.git(&["status", "--porcelain"]), "");
}

#[test]
fn an_import_that_was_not_pushed_is_pushed_by_the_next_one() {
    let team = Team::new();
    let a = team.clone("a");
    a.run(DURABLE).exits(0);
    team.emulator.add_key(KeySeed::new("Legacy", ["pcx:webhooks:read"]));
    let import = ["import", "pay", "--all", "--yes", "--push"];
    team.hook(&team.path("origin.git"), "pre-receive", "exit 1");
    a.run(&import).exits(4).says("apply/not-pushed");
    std::fs::remove_file(team.path("origin.git/hooks/pre-receive")).expect("removed");
    a.run(&import).exits(0);
    assert_eq!(team.main(), a.git(&["rev-parse", "HEAD"]));
    let b = team.clone("b");
    b.run(&["plan", "--detailed-exitcode"]).exits(0);
}

#[test]
fn a_review_is_committed_and_pushed_alone() {
    let team = Team::new();
    let a = team.clone("a");
    a.run(DURABLE).exits(0);
    a.write("notes.txt", "mine\n");
    for more in [["--push"].as_slice(), &["--push", "--durable", "git"]] {
        let confirm: &[&str] = &["review", "--confirm", "pay/billing", "--by", if more.len() == 1 { "Ada" } else { "Bob" }];
        a.run(&[confirm, more].concat()).exits(0);
        assert_eq!(team.git(&["show", "--format=", "--name-only", "main"]).lines().count(), 1);
        assert!(team.git(&["log", "-1", "--format=%b", "main"]).contains("review pay/billing"));
        assert_eq!(team.journal(), "");
    }
    assert_eq!(a.record("billing").reviewed.expect("reviewed").by, "Bob");
    works(&a, &BOTH);
    let b = team.clone("b");
    assert_eq!(b.record("billing").reviewed.expect("reviewed").by, "Bob");
}
