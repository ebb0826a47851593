//! The journal ref: one holder among many machines, nothing durable lost, nobody written over.
use super::{Site, write};
use crate::files::process::Process;
use crate::git::{GitError, Held, Holder, JOURNAL_REF, JournalRef, LEASE, Rest};
use std::collections::BTreeMap;
use std::path::Path;

use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};

fn now() -> Timestamp {
    "2026-11-21T10:00:00Z".parse().expect("an instant")
}

/// A process of another machine, of which nothing but its lease can be told.
fn elsewhere() -> Process {
    Process { host: "ci-1".to_owned(), machine: Some("another".to_owned()), pid: 7, started_at: Some(1) }
}

fn sealed(path: &str, text: &str) -> BTreeMap<String, Vec<u8>> {
    BTreeMap::from([(path.to_owned(), text.as_bytes().to_vec())])
}

async fn journal(site: &Site, workspace: &Path) -> JournalRef {
    JournalRef::open(&site.open(workspace).await, "origin").await.expect("opened")
}

async fn acquired(journal: &JournalRef, id: &str) -> Held {
    journal.acquire(id, &elsewhere(), now()).await.expect("acquired")
}

async fn append(held: &Held, text: &str) -> Result<(), GitError> {
    held.append(text.as_bytes().to_vec(), BTreeMap::new(), now()).await
}

fn tree(site: &Site) -> String {
    site.git(&site.remote(), &["ls-tree", "-r", "--name-only", JOURNAL_REF])
}

#[tokio::test]
async fn what_is_appended_is_read_on_another_machine() {
    let site = Site::new();
    let one = site.clone("one");
    let before = (
        site.status(&one),
        site.git(&one, &["ls-files", "-s"]),
        site.git(&one, &["for-each-ref", "refs/heads", "refs/remotes", "refs/tags"]),
    );
    let first = journal(&site, &one).await;
    assert_eq!(first.fetch().await, Ok(crate::git::State::default()));
    let held = acquired(&first, "a").await;
    append(&held, "1\n").await.expect("appended");
    held.append(b"2\n".to_vec(), sealed("pay/one.2.age", "age\0\r\n"), now()).await.expect("appended");
    held.renew(now()).await.expect("renewed");
    assert_eq!(tree(&site), "holder.json\nroot/journal/000000.jsonl\nroot/journal/000001.jsonl\nroot/sealed/pay/one.2.age");
    let after = (
        site.status(&one),
        site.git(&one, &["ls-files", "-s"]),
        site.git(&one, &["for-each-ref", "refs/heads", "refs/remotes", "refs/tags"]),
    );
    assert_eq!(before, after, "no branch, index or working tree was touched");
    assert!(!one.join(".git/FETCH_HEAD").exists());

    let two = journal(&site, &site.clone("two")).await;
    let state = two.fetch().await.expect("fetched");
    assert_eq!((state.journal, state.sealed), (b"1\n2\n".to_vec(), sealed("pay/one.2.age", "age\0\r\n")));
    assert_eq!(state.holder.map(|holder| (holder.id, holder.process)), Some(("a".to_owned(), elsewhere())));

    held.release(Rest::Everything).await.expect("released");
    let held = acquired(&two, "b").await;
    assert_eq!((&held.recovered().holder, &held.recovered().journal[..]), (&None, &b"1\n2\n"[..]));
    append(&held, "3\n").await.expect("appended");
    assert_eq!(first.fetch().await.expect("fetched").journal, b"1\n2\n3\n");
    held.release(Rest::Nothing).await.expect("released");
    assert_eq!(tree(&site), "");
    let empty = first.fetch().await.expect("fetched");
    assert_eq!((empty.journal, empty.sealed, empty.holder), (Vec::new(), BTreeMap::new(), None));
    assert_eq!(site.git(&site.remote(), &["rev-list", "--count", JOURNAL_REF]), "8", "the ref is never rewritten");
    site.git(&one, &["fsck"]);
    assert_eq!(site.git(&one, &["rev-parse", "--is-shallow-repository"]), "false");
}

#[tokio::test]
async fn of_two_that_race_one_gets_it() {
    let site = Site::new();
    let (one, two) = (journal(&site, &site.clone("one")).await, journal(&site, &site.clone("two")).await);
    for round in 0..3 {
        let process = elsewhere();
        let (id_one, id_two) = (format!("one-{round}"), format!("two-{round}"));
        let (first, second) = tokio::join!(one.acquire(&id_one, &process, now()), two.acquire(&id_two, &process, now()));
        let (winner, loser, id) = match (first, second) {
            (Ok(winner), Err(loser)) => (winner, loser, id_one),
            (Err(loser), Ok(winner)) => (winner, loser, id_two),
            (first, second) => panic!("one each: {:?} {:?}", first.err(), second.err()),
        };
        assert!(matches!(&loser, GitError::HeldBy(holder) if holder.id == id), "{loser:?}");
        assert!(loser.to_string().contains("process 7 on `ci-1`"), "{loser}");
        append(&winner, "x\n").await.expect("appended");
        winner.release(Rest::Nothing).await.expect("released");
    }
}

#[tokio::test]
async fn a_ref_that_was_created_between_look_and_push_is_not_overwritten() {
    let site = Site::new();
    let (one, two) = (journal(&site, &site.clone("one")).await, journal(&site, &site.clone("two")).await);
    let commit = one.build(None, &crate::git::repository::Entries::new(), "root").await.expect("built");
    let held = acquired(&two, "b").await;
    let push = one.repository.push_commit("origin", &commit, JOURNAL_REF).await.expect("pushed");
    assert!(matches!(push, crate::git::remote::Push::Moved), "{push:?}");
    append(&held, "1\n").await.expect("still ours");
}

#[tokio::test]
async fn a_lease_that_passed_is_taken_over_and_the_old_holder_is_fenced() {
    let site = Site::new();
    let (one, two) = (journal(&site, &site.clone("one")).await, journal(&site, &site.clone("two")).await);
    let old = acquired(&one, "a").await;
    append(&old, "1\n").await.expect("appended");
    let later = now() + LEASE - SignedDuration::from_secs(1);
    assert!(matches!(two.acquire("b", &elsewhere(), later).await, Err(GitError::HeldBy(_))));
    old.renew(later).await.expect("renewed");
    assert!(matches!(two.acquire("b", &elsewhere(), now() + LEASE).await, Err(GitError::HeldBy(_))), "the lease was renewed");
    let new = two.acquire("b", &elsewhere(), later + LEASE).await.expect("taken over");
    assert_eq!(new.recovered().journal, b"1\n");
    assert_eq!(new.recovered().holder.as_ref().map(|holder| holder.id.as_str()), Some("a"));
    assert_eq!(append(&old, "2\n").await, Err(GitError::TakenOver));
    assert_eq!(old.renew(later).await, Err(GitError::TakenOver));
    assert_eq!(old.release(Rest::Nothing).await, Err(GitError::TakenOver));
    append(&new, "3\n").await.expect("appended");
    assert_eq!(two.fetch().await.expect("fetched").journal, b"1\n3\n");
}

#[tokio::test]
async fn both_append_at_the_same_time_and_one_is_fenced() {
    let site = Site::new();
    let (one, two) = (journal(&site, &site.clone("one")).await, journal(&site, &site.clone("two")).await);
    let old = acquired(&one, "a").await;
    let process = elsewhere();
    let (appended, taken) = tokio::join!(append(&old, "1\n"), two.acquire("b", &process, now() + LEASE));
    // The append may renew the lease first; then the other is refused, and the other way round.
    match (appended, taken) {
        (Ok(()), Ok(new)) => assert_eq!(new.recovered().journal, b"1\n"),
        (Ok(()), Err(error)) => assert!(matches!(error, GitError::HeldBy(_)), "{error:?}"),
        (Err(error), Ok(new)) => {
            assert_eq!(error, GitError::TakenOver);
            assert_eq!(new.recovered().journal, b"");
        }
        (Err(one), Err(two)) => panic!("{one:?} {two:?}"),
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_process_that_ended_on_this_machine_is_taken_over_at_once() {
    let site = Site::new();
    let one = journal(&site, &site.clone("one")).await;
    let mut child = std::process::Command::new("cat").stdin(std::process::Stdio::piped()).spawn().expect("started");
    let process = Process::here(child.id());
    drop(one.acquire("a", &process, now()).await.expect("acquired"));
    let refused = one.acquire("b", &Process::here(std::process::id()), now()).await;
    assert!(matches!(refused, Err(GitError::HeldBy(holder)) if holder.process == process));
    child.kill().expect("killed");
    child.wait().expect("waited");
    one.acquire("b", &Process::here(std::process::id()), now()).await.expect("taken over");
}

#[tokio::test]
async fn many_appends_share_few_pushes_and_all_are_durable() {
    let site = Site::new();
    let one = journal(&site, &site.clone("one")).await;
    let two = journal(&site, &site.clone("two")).await;
    let held = acquired(&one, "a").await;
    let count = || site.git(&site.remote(), &["rev-list", "--count", JOURNAL_REF]).parse::<usize>().expect("a number");
    let before = count();
    let all = join_all((0..20).map(|i| {
        let (held, site) = (&held, &site);
        async move {
            held.append(format!("line {i}\n").into_bytes(), sealed(&format!("k{i}"), "x"), now()).await.expect("appended");
            let journal = site.git(&site.remote(), &["grep", "-h", &format!("^line {i}$"), JOURNAL_REF, "--", "root/journal"]);
            assert_eq!(journal, format!("line {i}"), "durable when its future resolves");
        }
    }));
    all.await;
    let pushes = count() - before;
    assert!(pushes <= 3, "{pushes} pushes");
    let state = two.fetch().await.expect("fetched");
    let expected: String = (0..20).map(|i| format!("line {i}\n")).collect();
    assert_eq!((String::from_utf8_lossy(&state.journal).into_owned(), state.sealed.len()), (expected, 20));
}

#[tokio::test]
async fn a_dropped_append_takes_nobody_along() {
    let site = Site::new();
    let one = journal(&site, &site.clone("one")).await;
    let held = acquired(&one, "a").await;
    // Dropped while its push, which takes others along, is under way or done without anybody to hear of it.
    for pause in [1, 5, 10, 20, 30, 40, 60] {
        let text = format!("dropped {pause}\n");
        let (_, second) =
            tokio::join!(tokio::time::timeout(std::time::Duration::from_millis(pause), append(&held, &text)), append(&held, "kept\n"));
        second.expect("appended");
    }
    let journal = String::from_utf8(one.fetch().await.expect("fetched").journal).expect("text");
    assert_eq!(journal.matches("kept\n").count(), 7, "{journal}");
}

#[tokio::test]
async fn a_lost_answer_is_looked_up() {
    let site = Site::new();
    let one = journal(&site, &site.clone("one")).await;
    site.hook(&site.remote(), "post-receive", "kill -9 $PPID");
    let held = acquired(&one, "a").await;
    append(&held, "1\n").await.expect("it arrived");
    append(&held, "2\n").await.expect("it arrived");
    assert_eq!(one.fetch().await.expect("fetched").journal, b"1\n2\n");
    held.release(Rest::Nothing).await.expect("it arrived");

    site.hook(&site.remote(), "post-receive", "exit 0");
    let held = acquired(&one, "b").await;
    site.hook(&site.remote(), "pre-receive", "kill -9 $PPID");
    let lost = append(&held, "3\n").await;
    assert!(matches!(lost, Err(GitError::Unreachable(_))), "{lost:?}");
    site.hook(&site.remote(), "pre-receive", "exit 0");
    append(&held, "4\n").await.expect("works again");
    assert_eq!(one.fetch().await.expect("fetched").journal, b"4\n");
}

#[tokio::test]
async fn a_remote_that_acts_and_goes_away_is_understood_when_it_comes_back() {
    let site = Site::new();
    let clone = site.clone("one");
    let one = journal(&site, &clone).await;
    let held = acquired(&one, "a").await;
    let (remote, away) = (site.remote(), site.path("away.git"));
    site.hook(&remote, "post-receive", &format!("mv {} {}; kill -9 $PPID", remote.display(), away.display()));
    let gone = append(&held, "1\n").await;
    assert!(matches!(gone, Err(GitError::Unreachable(_))), "{gone:?}");
    std::fs::rename(&away, &remote).expect("back");
    site.hook(&remote, "post-receive", "exit 0");
    append(&held, "2\n").await.expect("upon what had arrived");
    assert_eq!(one.fetch().await.expect("fetched").journal, b"1\n2\n");
}

#[tokio::test]
async fn a_refusal_is_no_race() {
    let site = Site::new();
    let one = journal(&site, &site.clone("one")).await;
    site.hook(&site.remote(), "pre-receive", "echo 'no such refs here' >&2; exit 1");
    let refused = one.acquire("a", &elsewhere(), now()).await.err();
    assert!(
        matches!(&refused, Some(GitError::Refused { reference, reason }) if reference == JOURNAL_REF && reason.contains("no such refs here")),
        "{refused:?}"
    );
    one.can_push().await.expect("a trial sees no hooks");
}

#[tokio::test]
async fn workspaces_of_one_repository_share_the_lock_and_nothing_else() {
    let site = Site::new();
    let clone = site.clone("one");
    write(&clone.join("infra/keys/keywright.yaml"), "version: 1\n");
    let (root, below) = (journal(&site, &clone).await, journal(&site, &clone.join("infra/keys")).await);
    let held = acquired(&root, "a").await;
    append(&held, "root\n").await.expect("appended");
    assert!(matches!(below.acquire("b", &elsewhere(), now()).await, Err(GitError::HeldBy(_))));
    held.release(Rest::Everything).await.expect("released");
    let held = acquired(&below, "b").await;
    assert_eq!(held.recovered().journal, b"");
    held.append(b"below\n".to_vec(), sealed("x", "y"), now()).await.expect("appended");
    assert_eq!(tree(&site), "below/infra%2Fkeys/journal/000000.jsonl\nbelow/infra%2Fkeys/sealed/x\nholder.json\nroot/journal/000000.jsonl");
    held.release(Rest::Nothing).await.expect("released");
    assert_eq!(tree(&site), "root/journal/000000.jsonl");
}

#[tokio::test]
async fn a_shallow_clone_gets_only_the_end_and_can_append() {
    let site = Site::new();
    site.somebody_pushes("README", "more history\n");
    let one = journal(&site, &site.clone("one")).await;
    let held = acquired(&one, "a").await;
    append(&held, "1\n").await.expect("appended");
    held.release(Rest::Everything).await.expect("released");
    site.git(&site.path("home"), &["clone", "-q", "--depth=1", &format!("file://{}", site.remote().display()), "../shallow"]);
    let shallow = site.path("shallow");
    let two = journal(&site, &shallow).await;
    let held = acquired(&two, "b").await;
    append(&held, "2\n").await.expect("appended");
    assert_eq!(site.git(&shallow, &["rev-list", "--count", "refs/keywright/seen/journal/origin"]), "3", "the end, taken, appended");
    held.release(Rest::Everything).await.expect("released");
    let held = acquired(&one, "c").await;
    assert_eq!(held.recovered().journal, b"1\n2\n");
    site.git(&site.remote(), &["fsck"]);
    assert_eq!(site.git(&shallow, &["rev-list", "--count", "HEAD"]), "1", "the branch is as shallow as before");
}

#[tokio::test]
async fn a_journal_that_no_apply_wrote_is_refused() {
    let site = Site::new();
    let clone = site.clone("one");
    let one = journal(&site, &clone).await;
    let plant = |path: &str, mode: &str, text: &str| {
        write(&site.path("planted"), text);
        let blob = site.git(&clone, &["hash-object", "-w", "../planted"]);
        let index = site.path("planted-index");
        let run = |arguments: &[&str]| {
            let output = site.command(&clone, arguments).env("GIT_INDEX_FILE", &index).output().expect("git runs");
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
        };
        run(&["read-tree", "--empty"]);
        run(&["update-index", "--add", "--cacheinfo", &format!("{mode},{blob},{path}")]);
        let tree = run(&["write-tree"]);
        let commit = site.git(&clone, &["commit-tree", "-m", "x", &tree]);
        site.git(&clone, &["push", "-q", "--force", "origin", &format!("{commit}:{JOURNAL_REF}")]);
    };
    for (path, mode, text) in [
        ("holder.json", "100644", "{"),
        ("root/journal/1.jsonl", "100644", ""),
        ("root/other", "100644", ""),
        ("root/sealed/x", "120000", "/etc/passwd"),
        ("root/sealed/a\u{7}b", "100644", ""),
    ] {
        plant(path, mode, text);
        let damaged = one.fetch().await;
        assert!(matches!(damaged, Err(GitError::Damaged(_))), "{path}: {damaged:?}");
    }
    let process = Process { host: "\u{1b}[31mred".to_owned(), ..elsewhere() };
    plant("holder.json", "100644", &serde_json::to_string(&Holder::new("x", process, now())).expect("written"));
    assert_eq!(one.fetch().await.expect("read").holder.expect("held").process.host, "red");
}
