//! One commit of exactly our files, whatever the repository looks like.
use super::{Site, paths, write};
use crate::git::{GitError, Repository};
use std::fs;
use std::path::Path;

const OURS: [&str; 3] = ["ledger/pay/one.yaml", "ledger/pay/two.yaml", "secrets/pay/one.age"];

/// As apply would: one file changed, one new, one gone.
fn apply(workspace: &Path) {
    write(&workspace.join(OURS[0]), "2\n");
    write(&workspace.join(OURS[1]), "new\n");
    let _ = fs::remove_file(workspace.join(OURS[2]));
}

async fn commit(repository: &Repository) {
    let committed = repository.commit(&paths(&OURS), "keys: two created", "- pay/two\n").await.expect("committed").expect("changes");
    assert!(!committed.index_behind);
}

/// What the last commit changed, and that the three files are as on disk.
fn assert_committed(site: &Site, clone: &Path, prefix: &str) {
    let changed = site.git(clone, &["show", "--format=%an <%ae>%n%B", "--name-status", "--no-renames", "HEAD"]);
    let expected = format!(
        "Ada <ada@example.com>\nkeys: two created\n\n- pay/two\n\n\nM\t{prefix}{}\nA\t{prefix}{}\nD\t{prefix}{}",
        OURS[0], OURS[1], OURS[2]
    );
    assert_eq!(changed, expected);
    assert_eq!(site.git(clone, &["show", &format!("HEAD:{prefix}{}", OURS[1])]), "new");
    let status = site.git(clone, &["status", "--porcelain", "--untracked-files=all"]);
    assert!(!status.contains("ledger") && !status.contains("secrets"), "{status}");
}

#[tokio::test]
async fn a_dirty_tree_stays_exactly_so() {
    let site = Site::new();
    let clone = site.clone("clone");
    write(&clone.join("staged"), "staged\n");
    write(&clone.join("half"), "staged\n");
    write(&clone.join("README"), "two\n");
    site.git(&clone, &["add", "staged", "half", "README"]);
    write(&clone.join("half"), "and changed since\n");
    write(&clone.join("untracked"), "x\n");
    write(&clone.join("gone"), "x\n");
    site.git(&clone, &["add", "-N", "gone"]);
    let (status, index) = (site.git(&clone, &["status", "--porcelain=v2"]), site.index(&clone));

    apply(&clone);
    commit(&site.open(&clone).await).await;
    assert_committed(&site, &clone, "");
    assert_eq!((site.git(&clone, &["status", "--porcelain=v2"]), site.index(&clone)), (status, index));
    assert_eq!(site.git(&clone, &["reflog", "-1", "--format=%gs"]), "keys: two created");
    site.git(&clone, &["fsck", "--strict"]);
}

#[tokio::test]
async fn no_change_is_no_commit() {
    let site = Site::new();
    let clone = site.clone("clone");
    let before = (site.git(&clone, &["rev-parse", "HEAD"]), fs::read(clone.join(".git/index")).expect("read"));
    let repository = site.open(&clone).await;
    let absent = paths(&["ledger/pay/one.yaml", "secrets/pay/one.age", "secrets/pay/never.age", "README/below"]);
    assert_eq!(repository.commit(&absent, "nothing", "").await, Ok(None));
    assert_eq!(repository.commit(&paths(&[]), "nothing", "").await, Ok(None));
    assert_eq!((site.git(&clone, &["rev-parse", "HEAD"]), fs::read(clone.join(".git/index")).expect("read")), before);
}

#[tokio::test]
async fn an_index_that_a_dead_run_left_behind_is_brought_up() {
    let site = Site::new();
    let clone = site.clone("clone");
    apply(&clone);
    let repository = site.open(&clone).await;
    let index = fs::read(clone.join(".git/index")).expect("read");
    commit(&repository).await;
    fs::write(clone.join(".git/index"), index).expect("written");
    assert!(site.git(&clone, &["status", "--porcelain"]).contains("D  ledger/pay/two.yaml"), "staged to be undone");
    assert_eq!(repository.commit(&paths(&OURS), "x", "").await, Ok(None));
    assert_committed(&site, &clone, "");
}

#[tokio::test]
async fn the_first_commit_of_a_branch() {
    let site = Site::empty();
    site.git(&site.path("home"), &["init", "-q", "../new"]);
    let new = site.path("new");
    write(&new.join("other"), "x\n");
    site.git(&new, &["add", "other"]);
    apply(&new);
    commit(&site.open(&new).await).await;
    assert_eq!(site.git(&new, &["ls-tree", "-r", "--name-only", "HEAD"]), "ledger/pay/one.yaml\nledger/pay/two.yaml");
    assert_eq!(site.git(&new, &["status", "--porcelain"]), "A  other");
    assert_eq!(site.git(&new, &["symbolic-ref", "HEAD"]), "refs/heads/main");
}

#[tokio::test]
async fn a_detached_head_moves_and_its_branch_does_not() {
    let site = Site::new();
    let clone = site.clone("clone");
    site.git(&clone, &["checkout", "-q", "--detach"]);
    let main = site.git(&clone, &["rev-parse", "main"]);
    apply(&clone);
    commit(&site.open(&clone).await).await;
    assert_committed(&site, &clone, "");
    assert_eq!(site.git(&clone, &["rev-parse", "main"]), main);
    assert_eq!(site.git(&clone, &["rev-parse", "HEAD^"]), main);
}

#[tokio::test]
async fn a_subdirectory_a_worktree_and_a_shallow_clone() {
    let site = Site::new();
    site.somebody_pushes("infra/keys/ledger/pay/one.yaml", "1\n");
    site.somebody_pushes("infra/keys/secrets/pay/one.age", "1\n");
    let clone = site.clone("clone");
    apply(&clone.join("infra/keys"));
    let repository = site.open(&clone.join("infra/keys")).await;
    assert_eq!(repository.prefix(), "infra/keys/");
    commit(&repository).await;
    assert_committed(&site, &clone, "infra/keys/");

    site.git(&clone, &["worktree", "add", "-q", "-b", "side", "../tree", "origin/main"]);
    let tree = site.path("tree");
    apply(&tree);
    commit(&site.open(&tree).await).await;
    assert_committed(&site, &tree, "");
    assert_eq!(site.git(&clone, &["status", "--porcelain"]), "", "the other working tree has an index of its own");

    site.git(&site.path("home"), &["clone", "-q", "--depth=1", &format!("file://{}", site.remote().display()), "../shallow"]);
    let shallow = site.path("shallow");
    apply(&shallow);
    commit(&site.open(&shallow).await).await;
    assert_committed(&site, &shallow, "");
}

#[tokio::test]
async fn bytes_are_kept_whatever_attributes_line_ends_and_ignores_say() {
    let site = Site::new();
    let clone = site.clone("clone");
    let trace = site.path("filter-ran");
    write(&clone.join(".gitattributes"), "*.age filter=upper\n*.yaml text eol=crlf ident\n");
    write(&clone.join(".gitignore"), "ledger/\nsecrets/\n");
    site.git(&clone, &["add", ".gitattributes", ".gitignore"]);
    site.git(&clone, &["commit", "-qm", "attributes"]);
    for (name, value) in [
        ("filter.upper.clean", &*format!("tee {} | tr a-z A-Z", trace.display())),
        ("filter.upper.smudge", "cat"),
        ("core.autocrlf", "true"),
        ("core.safecrlf", "true"),
        ("commit.gpgSign", "true"),
        ("gpg.program", "/bin/false"),
        ("core.splitIndex", "true"),
    ] {
        site.git(&clone, &["config", name, value]);
    }
    write(&clone.join("ledger/pay/two.yaml"), "a\r\nb\n$Id$\n");
    write(&clone.join("secrets/pay/two.age"), "lower\r\n");
    let repository = site.open(&clone).await;
    repository.commit(&paths(&["ledger/pay/two.yaml", "secrets/pay/two.age"]), "x", "").await.expect("committed").expect("changes");
    let bytes = |path: &str| site.command(&clone, &["cat-file", "blob", &format!("HEAD:{path}")]).output().expect("git runs").stdout;
    assert_eq!(bytes("ledger/pay/two.yaml"), b"a\r\nb\n$Id$\n");
    assert_eq!(bytes("secrets/pay/two.age"), b"lower\r\n");
    assert!(!trace.exists(), "the filter did not run");
}

#[tokio::test]
async fn our_files_are_clean_under_line_end_conversion() {
    let site = Site::new();
    let clone = site.clone("clone");
    site.git(&clone, &["config", "core.autocrlf", "true"]);
    apply(&clone);
    commit(&site.open(&clone).await).await;
    assert_committed(&site, &clone, "");
    assert_eq!(site.git(&clone, &["status", "--porcelain"]), "");
}

#[tokio::test]
async fn a_user_whom_git_does_not_know_is_keywright() {
    let site = Site::new();
    let clone = site.clone("clone");
    fs::remove_file(site.path("home/.gitconfig")).expect("removed");
    apply(&clone);
    commit(&site.open(&clone).await).await;
    assert_eq!(site.git(&clone, &["log", "-1", "--format=%an <%ae> %cn <%ce>"]), ["Keywright <keywright@localhost>"; 2].join(" "));
}

#[tokio::test]
async fn what_is_no_plain_file_of_the_workspace_is_refused_before_anything_happens() {
    let site = Site::new();
    let clone = site.clone("clone");
    let repository = site.open(&clone).await;
    let before = (site.git(&clone, &["rev-parse", "HEAD"]), site.status(&clone));
    std::os::unix::fs::symlink("/etc/passwd", clone.join("ledger/pay/link.yaml")).expect("linked");
    for path in ["ledger/pay/link.yaml", "ledger/pay", "../x", "/etc/passwd", "", "a//b", ".git/config", "a\nb", "ledger/./x"] {
        let refused = repository.commit(&paths(&[OURS[0], path]), "x", "").await;
        assert!(matches!(refused, Err(GitError::Other(_))), "{path}: {refused:?}");
    }
    fs::remove_file(clone.join("ledger/pay/link.yaml")).expect("removed");
    assert_eq!((site.git(&clone, &["rev-parse", "HEAD"]), site.status(&clone)), before);
}

#[tokio::test]
async fn a_subject_is_one_line() {
    let site = Site::new();
    let clone = site.clone("clone");
    apply(&clone);
    site.open(&clone).await.commit(&paths(&OURS), "one\ntwo\u{1b}", "# kept\n\nbody\0\n\n").await.expect("committed").expect("changes");
    assert_eq!(site.git(&clone, &["log", "-1", "--format=%B"]), "one two\n\n# kept\n\nbody");
}
