//! Files as a commit has them.
use super::*;
use crate::git::{EntryKind, GitError};

#[tokio::test]
async fn files_come_from_the_commit_whatever_the_working_tree_says() {
    let site = Site::new();
    let clone = site.clone("clone");
    site.somebody_pushes("ledger/pay/two.yaml", "2\r\n");
    site.git(&clone, &["fetch", "-q"]);
    write(&clone.join("ledger/pay/one.yaml"), "changed\n");
    write(&clone.join(".gitattributes"), "* filter=evil text eol=crlf\n");
    site.git(&clone, &["config", "filter.evil.smudge", "sed s/1/666/"]);
    let repository = site.open(&clone).await;
    let commit = repository.resolve("origin/main").await.expect("there");
    let files = repository.files_of(&commit, &["ledger", "none"]).await.expect("a list");
    assert_eq!(files.keys().collect::<Vec<_>>(), ["ledger/pay/one.yaml", "ledger/pay/two.yaml"]);
    let oids: Vec<_> = files.values().map(|entry| &entry.oid).collect();
    assert_eq!(repository.contents(&oids).await.expect("read"), [b"1\n".to_vec(), b"2\r\n".to_vec()]);
    let here = repository.hashes_of_files(&["ledger/pay/one.yaml"]).await.expect("hashed");
    assert_ne!(&here[0], oids[0]);
    let head = repository.here().await.expect("read").expect("a commit");
    assert_eq!(repository.merge_base(&head, &commit).await.expect("read"), Some(head));
}

#[tokio::test]
async fn a_tag_does_not_stand_for_the_branch_of_the_remote() {
    let site = Site::new();
    let clone = site.clone("clone");
    let main = site.git(&clone, &["rev-parse", "origin/main"]);
    write(&clone.join("x"), "x");
    site.git(&clone, &["add", "-A"]);
    site.git(&clone, &["commit", "-qm", "mine"]);
    site.git(&clone, &["tag", "origin/main"]);
    let repository = site.open(&clone).await;
    assert_eq!(repository.resolve("origin/main").await.expect("there").as_str(), main);
    // Whoever may push branches may also name one like the whole name of another.
    for branch in ["refs/remotes/origin/main", "heads/main"] {
        site.git(&clone, &["update-ref", &format!("refs/heads/{branch}"), "HEAD"]);
    }
    assert_eq!(repository.resolve("refs/remotes/origin/main").await.expect("there").as_str(), main);
    let own = site.git(&clone, &["rev-parse", "refs/heads/main"]);
    assert_eq!(repository.resolve("heads/main").await.expect("there").as_str(), own);
    assert_eq!(repository.resolve("refs/remotes/origin/none").await, Err(GitError::NoCommit("refs/remotes/origin/none".to_owned())));
    assert_eq!(repository.resolve("--output=x").await, Err(GitError::NoCommit("--output=x".to_owned())));
}

#[tokio::test]
async fn what_is_no_file_is_told_and_replaced_objects_are_not_believed() {
    let site = Site::new();
    let clone = site.clone("clone");
    std::os::unix::fs::symlink("/etc/passwd", clone.join("ledger/link.yaml")).expect("linked");
    site.git(&clone, &["add", "-A"]);
    let one = site.git(&clone, &["rev-parse", "HEAD"]);
    site.git(&clone, &["update-index", "--add", "--cacheinfo", &format!("160000,{one},keys/other")]);
    site.git(&clone, &["commit", "-qm", "odd"]);
    let (good, evil) = (site.git(&clone, &["rev-parse", "HEAD:ledger/pay/one.yaml"]), site.git(&clone, &["hash-object", "-w", "README"]));
    site.git(&clone, &["replace", &good, &evil]);
    let repository = site.open(&clone).await;
    let head = repository.here().await.expect("read").expect("a commit");
    let files = repository.files_of(&head, &["ledger", "keys"]).await.expect("a list");
    assert_eq!(files["ledger/link.yaml"].kind, EntryKind::Symlink);
    assert_eq!(files["keys/other"].kind, EntryKind::Submodule);
    let one = &files["ledger/pay/one.yaml"];
    assert_eq!((one.kind, one.oid.as_str()), (EntryKind::File, good.as_str()));
    assert_eq!(repository.contents(&[&one.oid]).await.expect("read"), [b"1\n".to_vec()]);
}
