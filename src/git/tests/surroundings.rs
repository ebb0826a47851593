//! Nothing of the surroundings has a say: hooks, variables, addresses that lead nowhere.
use super::{Site, paths, write};
use crate::files::process::Process;
use crate::git::{Environment, GitError, JournalRef, Repository, Rest};
use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use jiff::Timestamp;

const HOOKS: [&str; 12] = [
    "pre-commit",
    "prepare-commit-msg",
    "commit-msg",
    "post-commit",
    "pre-push",
    "post-checkout",
    "post-merge",
    "post-index-change",
    "reference-transaction",
    "pre-auto-gc",
    "fsmonitor-watchman",
    "post-rewrite",
];

#[tokio::test]
async fn no_hook_of_the_clone_runs() {
    let site = Site::new();
    let clone = site.clone("clone");
    let trace = site.path("hook-ran");
    for name in HOOKS {
        site.hook(&clone.join(".git"), name, &format!("echo {name} >> {}; exit 1", trace.display()));
    }
    site.git(&clone, &["config", "core.hooksPath", ".git/hooks"]);
    let repository = site.open(&clone).await;
    write(&clone.join("ledger/pay/one.yaml"), "2\n");
    let committed = repository.commit(&paths(&["ledger/pay/one.yaml"]), "x", "").await.expect("committed").expect("changes");
    let target = repository.target(None).await.expect("a target");
    site.somebody_pushes("README", "theirs\n");
    repository.can_push(&target).await.expect("may push");
    repository.push(&committed, &target, "1").await.expect("pushed");
    let journal = JournalRef::open(&repository, "origin").await.expect("opened");
    let now = Timestamp::UNIX_EPOCH;
    let held = journal.acquire("1", &Process::here(std::process::id()), now).await.expect("acquired");
    held.append(b"x\n".to_vec(), BTreeMap::new(), now).await.expect("appended");
    held.release(Rest::Nothing).await.expect("released");
    assert!(!trace.exists(), "{:?}", fs::read_to_string(&trace));
    // The hooks are real: the user's own git runs them.
    assert!(!site.command(&clone, &["commit", "--allow-empty", "-m", "x"]).output().expect("git runs").status.success());
    assert!(trace.exists());
}

#[tokio::test]
async fn variables_that_lead_elsewhere_are_taken_out() {
    let site = Site::new();
    let (clone, decoy) = (site.clone("clone"), site.clone("decoy"));
    let untouched = site.git(&decoy, &["rev-parse", "HEAD"]);
    let git_directory = decoy.join(".git").into_os_string();
    let trace = site.path("trace");
    let lead = [
        ("GIT_DIR", git_directory.clone()),
        ("GIT_WORK_TREE", decoy.clone().into_os_string()),
        ("GIT_INDEX_FILE", decoy.join(".git/index").into_os_string()),
        ("GIT_OBJECT_DIRECTORY", decoy.join(".git/objects").into_os_string()),
        ("GIT_COMMON_DIR", git_directory),
        ("GIT_NAMESPACE", "x".into()),
        ("GIT_CEILING_DIRECTORIES", "/".into()),
        ("GIT_LITERAL_PATHSPECS", "0".into()),
        ("GIT_CONFIG_PARAMETERS", "'user.name=Mallory'".into()),
        ("GIT_AUTHOR_DATE", "2001-01-01T00:00:00Z".into()),
        ("GIT_TRACE", trace.clone().into_os_string()),
        ("GIT_TRACE2", trace.clone().into_os_string()),
    ];
    let variables = site.variables().into_iter().chain(lead.into_iter().map(|(name, value)| (name.into(), value)));
    let repository = Repository::discover(&clone, &Environment::new(variables)).await.expect("a repository");
    assert_eq!(repository.top(), clone);
    write(&clone.join("ledger/pay/one.yaml"), "2\n");
    let committed = repository.commit(&paths(&["ledger/pay/one.yaml"]), "x", "").await.expect("committed").expect("changes");
    assert_eq!(site.git(&clone, &["rev-parse", "HEAD"]), committed.commit.as_str());
    assert_eq!(site.git(&clone, &["log", "-1", "--format=%an"]), "Ada");
    assert_eq!((site.git(&decoy, &["rev-parse", "HEAD"]), site.git(&decoy, &["status", "--porcelain"])), (untouched, String::new()));
    assert!(!trace.exists());
}

#[tokio::test]
async fn a_token_in_the_address_is_never_shown() {
    let site = Site::new();
    let clone = site.clone("clone");
    let repository = site.open(&clone).await;
    write(&clone.join("ledger/pay/one.yaml"), "2\n");
    let committed = repository.commit(&paths(&["ledger/pay/one.yaml"]), "x", "").await.expect("committed").expect("changes");
    let target = repository.target(None).await.expect("a target");
    let journal = JournalRef::open(&repository, "origin").await.expect("opened");
    for address in
        ["http://me:t0ken@127.0.0.1:1/a.git?x=t0ken", "https://t0ken@127.0.0.1:1/a.git", "ext::echo t0ken", "ssh://t0ken@127.0.0.1:1/x"]
    {
        site.git(&clone, &["remote", "set-url", "origin", address]);
        let errors = [
            repository.push(&committed, &target, "1").await.expect_err("no answer"),
            repository.can_push(&target).await.expect_err("no answer"),
            repository.unpushed(&paths(&["ledger/pay/one.yaml"]), &target, "x", "").await.expect_err("no answer"),
            journal.fetch().await.expect_err("no answer"),
            journal.can_push().await.expect_err("no answer"),
            journal.acquire("1", &Process::here(1), Timestamp::UNIX_EPOCH).await.err().expect("no answer"),
        ];
        for error in errors {
            assert!(matches!(error, GitError::Unreachable(_)), "{address}: {error:?}");
            assert!(!format!("{error} {error:?} {}", error.help()).contains("t0ken"), "{address}: {error:?}");
        }
    }
}

#[tokio::test]
async fn no_program_is_run_by_an_address() {
    let site = Site::new();
    let clone = site.clone("clone");
    let trace = site.path("ran");
    site.git(&clone, &["config", "protocol.ext.allow", "always"]);
    site.git(&clone, &["remote", "set-url", "origin", &format!("ext::touch {}", trace.display())]);
    let repository = site.open(&clone).await;
    assert!(JournalRef::open(&repository, "origin").await.expect("opened").fetch().await.is_err());
    assert!(!trace.exists());
}

#[tokio::test]
async fn a_remote_that_never_answers_is_given_up() {
    let site = Site::new();
    let clone = site.clone("clone");
    site.git(&clone, &["config", "remote.origin.uploadpack", "sleep 5; true"]);
    let repository = site.open(&clone).await.patient_for(Duration::from_millis(300));
    let journal = JournalRef::open(&repository, "origin").await.expect("opened");
    assert_eq!(journal.fetch().await, Err(GitError::TimedOut("fetch".to_owned())));
}

#[tokio::test]
async fn outside_a_repository_and_without_git() {
    let site = Site::new();
    let plain = site.path("plain");
    fs::create_dir(&plain).expect("made");
    let found = |environment: Environment, at: std::path::PathBuf| async move { Repository::discover(&at, &environment).await.err() };
    assert_eq!(found(site.environment(), plain.clone()).await, Some(GitError::NoRepository));
    assert_eq!(found(site.environment(), site.remote()).await, Some(GitError::NoRepository), "bare");
    assert_eq!(found(site.environment(), plain.join("missing")).await, Some(GitError::NoRepository));
    assert_eq!(found(Environment::new([]), plain).await, Some(GitError::NoProgram));
    let clone = site.clone("clone");
    let repository = site.open(&clone).await;
    assert_eq!(JournalRef::open(&repository, "nowhere").await.err(), Some(GitError::NoRemote("nowhere".to_owned())));
}
