//! Pushes by compare-and-swap, and what rescues a commit that the branch does not take.
use super::{Site, paths, write};
use crate::git::{Committed, GitError, Outcome, Repository, Target};
use std::path::Path;

const OURS: [&str; 2] = ["ledger/pay/one.yaml", "secrets/pay/one.age"];

async fn committed(repository: &Repository, clone: &Path) -> Committed {
    write(&clone.join(OURS[0]), "2\n");
    write(&clone.join(OURS[1]), "b\n");
    repository.commit(&paths(&OURS), "ours", "").await.expect("committed").expect("changes")
}

async fn ready(site: &Site) -> (std::path::PathBuf, Repository, Committed, Target) {
    let clone = site.clone("clone");
    let repository = site.open(&clone).await;
    let committed = committed(&repository, &clone).await;
    let target = repository.target(None).await.expect("a target");
    (clone, repository, committed, target)
}

fn at_remote(site: &Site, name: &str) -> String {
    site.git(&site.remote(), &["rev-parse", name])
}

#[tokio::test]
async fn a_branch_that_stood_still_takes_the_commit() {
    let site = Site::new();
    let (clone, repository, committed, target) = ready(&site).await;
    assert_eq!(target, Target { remote: "origin".to_owned(), branch: "main".to_owned() });
    let outcome = repository.push(&committed, &target, "1").await;
    assert_eq!(outcome, Ok(Outcome::Pushed { commit: committed.commit.clone(), rebased: false }));
    assert_eq!(at_remote(&site, "main"), committed.commit.as_str());
    assert_eq!(site.git(&clone, &["status", "--porcelain=v2", "--branch"]).lines().last(), Some("# branch.ab +0 -0"));
}

#[tokio::test]
async fn upon_a_branch_that_moved_only_our_files_are_put() {
    let site = Site::new();
    let (clone, repository, committed, target) = ready(&site).await;
    write(&clone.join("README"), "dirty\n");
    site.somebody_pushes("README", "theirs\n");
    site.somebody_pushes("ledger/pay/other.yaml", "theirs\n");
    let before = (site.git(&clone, &["rev-parse", "HEAD"]), site.git(&clone, &["status", "--porcelain"]));
    let theirs = at_remote(&site, "main");
    let Ok(Outcome::Pushed { commit, rebased: true }) = repository.push(&committed, &target, "1").await else { panic!("pushed") };
    assert_eq!(at_remote(&site, "main"), commit.as_str());
    assert_eq!(at_remote(&site, "main^"), theirs);
    assert_eq!(site.git(&site.remote(), &["diff", "--name-only", "main^", "main"]), OURS.join("\n"));
    assert_eq!(site.git(&site.remote(), &["show", "main:README"]), "theirs");
    assert_eq!((site.git(&clone, &["rev-parse", "HEAD"]), site.git(&clone, &["status", "--porcelain"])), before, "nothing here moved");
    assert_eq!(site.git(&clone, &["for-each-ref", "refs/keywright"]), "");
    site.git(&clone, &["checkout", "-q", "README"]);
    site.git(&clone, &["pull", "-q", "--rebase"]);
    assert_eq!(site.git(&clone, &["rev-parse", "HEAD"]), commit.as_str(), "git drops our commit for the one that was pushed");
}

#[tokio::test]
async fn a_moved_branch_in_a_shallow_clone() {
    let site = Site::new();
    site.somebody_pushes("README", "more history\n");
    site.git(&site.path("home"), &["clone", "-q", "--depth=1", &format!("file://{}", site.remote().display()), "../shallow"]);
    let clone = site.path("shallow");
    let repository = site.open(&clone).await;
    let committed = committed(&repository, &clone).await;
    site.somebody_pushes("README", "theirs\n");
    let target = repository.target(None).await.expect("a target");
    let outcome = repository.push(&committed, &target, "1").await;
    assert!(matches!(outcome, Ok(Outcome::Pushed { rebased: true, .. })), "{outcome:?}");
    assert_eq!(site.git(&site.remote(), &["diff", "--name-only", "main^", "main"]), OURS.join("\n"));
    site.git(&site.remote(), &["fsck"]);
}

#[tokio::test]
async fn a_file_that_both_changed_is_rescued_and_one_that_is_equal_is_not() {
    let site = Site::new();
    let (_, repository, committed, target) = ready(&site).await;
    site.somebody_pushes(OURS[0], "3\n");
    let theirs = at_remote(&site, "main");
    let reason = "`ledger/pay/one.yaml` was changed on `main` meanwhile".to_owned();
    let outcome = repository.push(&committed, &target, "ab12").await;
    assert_eq!(outcome, Ok(Outcome::Rescued { branch: "keywright/rescue-ab12".to_owned(), reason }));
    assert_eq!(at_remote(&site, "refs/heads/keywright/rescue-ab12"), committed.commit.as_str());
    assert_eq!(at_remote(&site, "main"), theirs);

    site.somebody_pushes(OURS[0], "2\n");
    let outcome = repository.push(&committed, &target, "2").await;
    assert!(matches!(outcome, Ok(Outcome::Pushed { rebased: true, .. })), "{outcome:?}");
    assert_eq!(site.git(&site.remote(), &["diff", "--name-only", "main^", "main"]), OURS[1]);

    let again = repository.push(&committed, &target, "3").await;
    let main = at_remote(&site, "main").parse().expect("an object");
    assert_eq!(again, Ok(Outcome::Pushed { commit: main, rebased: true }), "all of it is there already");
}

#[tokio::test]
async fn a_protected_branch_is_rescued_with_the_servers_words() {
    let site = Site::new();
    let (_, repository, committed, target) = ready(&site).await;
    let script =
        "while read old new ref; do [ $ref = refs/heads/main ] && { echo 'main is \u{1b}[31mprotected' >&2; exit 1; }; done; exit 0";
    site.hook(&site.remote(), "pre-receive", script);
    let Ok(Outcome::Rescued { branch, reason }) = repository.push(&committed, &target, "7").await else { panic!("rescued") };
    assert_eq!(at_remote(&site, &format!("refs/heads/{branch}")), committed.commit.as_str());
    assert!(reason.contains("main is protected") && reason.contains("pre-receive hook declined"), "{reason}");
    assert_eq!(repository.can_push(&target).await, Ok(()), "a trial cannot see hooks");

    site.hook(&site.remote(), "pre-receive", "exit 1");
    let refused = repository.push(&committed, &target, "8").await;
    assert!(matches!(&refused, Err(GitError::Refused { reference, .. }) if reference == "refs/heads/main"), "{refused:?}");
}

#[tokio::test]
async fn a_push_whose_answer_was_lost_is_looked_up() {
    let site = Site::new();
    let (_, repository, committed, target) = ready(&site).await;
    site.hook(&site.remote(), "post-receive", "kill -9 $PPID");
    let outcome = repository.push(&committed, &target, "1").await;
    assert_eq!(outcome, Ok(Outcome::Pushed { commit: committed.commit.clone(), rebased: false }));

    let never = site.path("clone");
    write(&never.join(OURS[0]), "3\n");
    let committed = repository.commit(&paths(&OURS), "more", "").await.expect("committed").expect("changes");
    site.hook(&site.remote(), "pre-receive", "kill -9 $PPID");
    let lost = repository.push(&committed, &target, "1").await;
    assert!(matches!(lost, Err(GitError::Unreachable(_))), "{lost:?}");
}

#[tokio::test]
async fn what_an_earlier_run_could_not_push_is_pushed_later() {
    let site = Site::new();
    let (clone, repository, _, target) = ready(&site).await;
    write(&clone.join(OURS[0]), "3\n");
    repository.commit(&paths(&OURS), "ours again", "").await.expect("committed").expect("changes");
    site.somebody_pushes("README", "theirs\n");
    assert_eq!(repository.commit(&paths(&OURS), "x", "").await, Ok(None));
    let left = repository.unpushed(&paths(&OURS), &target, "left", "").await.expect("looked").expect("something is left");
    let outcome = repository.push(&left, &target, "1").await;
    assert!(matches!(outcome, Ok(Outcome::Pushed { rebased: true, .. })), "{outcome:?}");
    assert_eq!(site.git(&site.remote(), &["show", &format!("main:{}", OURS[0])]), "3");
    assert_eq!(site.git(&site.remote(), &["show", &format!("main:{}", OURS[1])]), "b");
    site.git(&clone, &["pull", "-q", "--rebase", "-X", "ours"]);
    assert_eq!(repository.unpushed(&paths(&OURS), &target, "left", "").await, Ok(None));
}

#[tokio::test]
async fn the_target_is_the_upstream_or_the_same_name_or_what_the_caller_says() {
    let site = Site::new();
    let clone = site.clone("clone");
    site.git(&clone, &["remote", "add", "fork", "../fork.git"]);
    let repository = site.open(&clone).await;
    let target = |remote: &str, branch: &str| Ok(Target { remote: remote.to_owned(), branch: branch.to_owned() });
    site.git(&clone, &["checkout", "-q", "-b", "work/a"]);
    assert_eq!(repository.target(Some("ignored")).await, target("origin", "work/a"));
    for (name, value) in [("branch.work/a.remote", "fork"), ("branch.work/a.merge", "refs/heads/b")] {
        site.git(&clone, &["config", name, value]);
    }
    assert_eq!(repository.target(None).await, target("fork", "b"));
    site.git(&clone, &["config", "branch.work/a.remote", "."]);
    assert_eq!(repository.target(None).await, target("origin", "work/a"));
    site.git(&clone, &["config", "branch.work/a.remote", "https://me:t0ken@host/x"]);
    let error = repository.target(None).await.expect_err("an address is no name");
    assert!(matches!(error, GitError::NoRemote(_)) && !error.to_string().contains("t0ken"), "{error}");

    site.git(&clone, &["checkout", "-q", "--detach"]);
    assert_eq!(repository.target(None).await, Err(GitError::NoBranch));
    assert_eq!(repository.target(Some("main")).await, target("origin", "main"));
    for bad in ["", "-f", "a b", "a:b", "@{-1}", "../x"] {
        assert!(repository.target(Some(bad)).await.is_err(), "{bad}");
    }
    site.git(&clone, &["remote", "remove", "origin"]);
    assert_eq!(repository.target(Some("main")).await, Err(GitError::NoRemote("origin".to_owned())));
}

#[tokio::test]
async fn an_empty_remote_takes_the_first_commit() {
    let site = Site::empty();
    let clone = site.clone("clone");
    let repository = site.open(&clone).await;
    let target = repository.target(None).await.expect("a target");
    assert_eq!(repository.can_push(&target).await, Ok(()));
    let committed = committed(&repository, &clone).await;
    let outcome = repository.push(&committed, &target, "1").await;
    assert_eq!(outcome, Ok(Outcome::Pushed { commit: committed.commit.clone(), rebased: false }));
    assert_eq!(at_remote(&site, "main"), committed.commit.as_str());
}

#[tokio::test]
async fn of_three_that_push_at_once_nobody_loses_a_file() {
    let site = Site::new();
    let runs = ["a", "b", "c"].map(|name| {
        let site = &site;
        async move {
            let clone = site.clone(name);
            let repository = site.open(&clone).await;
            let path = format!("ledger/pay/{name}.yaml");
            write(&clone.join(&path), name);
            let committed = repository.commit(&paths(&[&path]), name, "").await.expect("committed").expect("changes");
            let target = repository.target(None).await.expect("a target");
            repository.push(&committed, &target, name).await
        }
    });
    for outcome in futures::future::join_all(runs).await {
        assert!(matches!(outcome, Ok(Outcome::Pushed { .. })), "{outcome:?}");
    }
    let files = site.git(&site.remote(), &["ls-tree", "--name-only", "main", "ledger/pay/"]);
    assert_eq!(files, ["a", "b", "c", "one"].map(|name| format!("ledger/pay/{name}.yaml")).join("\n"));
    assert_eq!(site.git(&site.remote(), &["rev-list", "--count", "main"]), "4");
}
