//! The keyring as a provider, on real files.
use std::cell::Cell;
use std::fs;
use std::path::Path;
use std::rc::Rc;

use futures::FutureExt;
use zeroize::Zeroizing;

use super::*;
use crate::model::{Scope, ScopeSet};

struct Account {
    directory: tempfile::TempDir,
    now: Rc<Cell<Timestamp>>,
}

impl Account {
    fn new() -> Self {
        let start = "2026-11-21T10:00:00Z".parse().expect("a time");
        Self { directory: tempfile::tempdir().expect("a directory"), now: Rc::new(Cell::new(start)) }
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("keyring.json")
    }

    fn open(&self, expect_existing: bool) -> KeyringProvider {
        let now = self.now.clone();
        KeyringProvider::open(self.path(), expect_existing, move || now.get())
    }
}

/// The keyring never waits.
fn now<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().expect("ready at once")
}

fn request(label: &str, expires_at: Option<&str>) -> CreateRequest {
    CreateRequest {
        label: label.to_owned(),
        scopes: ScopeSet::from(["orders:read".into(), "stock:*".into()]),
        expires_at: expires_at.map(|end| end.parse().expect("a time")),
        options: Options::new(),
    }
}

fn create(keyring: &KeyringProvider, expires_at: Option<&str>) -> (String, Secret) {
    let created = now(keyring.create(&request("Orders kw-aaaabbbb", expires_at))).expect("created");
    (created.key.id, created.secret.expect("a secret"))
}

fn token(secret: &Secret) -> &str {
    secret.part("secret").expect("a token")
}

fn verdict(path: &Path, token: &str, at: &str) -> Verdict {
    check(path, token, at.parse().expect("a time")).expect("checked").verdict
}

#[test]
fn a_created_key_is_listed_found_and_alive() {
    let account = Account::new();
    let keyring = account.open(false);
    assert_eq!(now(keyring.list()), Ok(vec![]));
    let (id, secret) = create(&keyring, Some("2026-12-01T00:00:00Z"));
    let listed = now(keyring.list()).expect("listed");
    assert_eq!(listed.len(), 1);
    assert_eq!(now(keyring.get(&id)), Ok(Some(listed[0].clone())));
    assert_eq!(listed[0].label, "Orders kw-aaaabbbb");
    assert_eq!(listed[0].scopes, Some(request("", None).scopes));
    assert_eq!(listed[0].expires_at, Some(Some("2026-12-01T00:00:00Z".parse().expect("a time"))));
    assert_eq!((listed[0].enabled, listed[0].created_at), (Some(true), Some(account.now.get())));
    assert_eq!(now(keyring.verify(&id, &secret)), Ok(Liveness::Alive));
    assert!(now(keyring.reveal(&id)).is_ok_and(|secret| secret.is_none()));
    assert_eq!(now(account.open(true).list()), Ok(listed));
}

#[test]
fn the_store_holds_no_token_and_is_private() {
    let account = Account::new();
    let (_, secret) = create(&account.open(false), None);
    let text = fs::read_to_string(account.path()).expect("text");
    assert!(!text.contains("kw_") && !text.contains(&token(&secret)[20..]), "{text}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(account.path()).expect("about").permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn a_key_is_dead_when_disabled_expired_deleted_or_not_its_own() {
    let account = Account::new();
    let keyring = account.open(false);
    let (id, secret) = create(&keyring, Some("2026-12-01T00:00:00Z"));
    let (other_id, other) = create(&keyring, None);
    let alive = |id: &str, secret: &Secret| now(keyring.verify(id, secret)).expect("verified") == Liveness::Alive;
    assert!(alive(&id, &secret) && alive(&other_id, &other));
    assert!(!alive(&id, &other) && !alive(&id, &Secret::single(Zeroizing::new("kw_x".to_owned()))));
    now(keyring.set_enabled(&id, false, None)).expect("disabled");
    assert!(!alive(&id, &secret));
    now(keyring.set_enabled(&id, true, None)).expect("enabled");
    account.now.set("2026-11-30T23:59:59Z".parse().expect("a time"));
    assert!(alive(&id, &secret));
    account.now.set("2026-12-01T00:00:00Z".parse().expect("a time"));
    assert!(!alive(&id, &secret) && alive(&other_id, &other));
    now(keyring.delete(&other_id)).expect("deleted");
    assert!(!alive(&other_id, &other));
    assert_eq!(now(keyring.get(&other_id)), Ok(None));
    assert_eq!(now(keyring.delete(&other_id)), Ok(()));
}

#[test]
fn an_edit_changes_what_it_names_and_nothing_else() {
    let account = Account::new();
    let keyring = account.open(false);
    let (id, secret) = create(&keyring, Some("2026-12-01T00:00:00Z"));
    let before = now(keyring.get(&id)).expect("read").expect("a key");
    let scopes = ScopeSet::from(["orders:write".into()]);
    now(keyring.edit(&id, &EditRequest { scopes: Some(scopes.clone()), ..EditRequest::default() })).expect("edited");
    now(keyring.edit(&id, &EditRequest { expires_at: Some(None), ..EditRequest::default() })).expect("edited");
    let after = now(keyring.get(&id)).expect("read").expect("a key");
    assert_eq!(after, ObservedKey { scopes: Some(scopes), expires_at: Some(None), ..before });
    assert_eq!(now(keyring.verify(&id, &secret)), Ok(Liveness::Alive));
    now(keyring.edit(&id, &EditRequest { label: Some("New".to_owned()), ..EditRequest::default() })).expect("edited");
    assert_eq!(now(keyring.get(&id)).expect("read").expect("a key").label, "New");
}

#[test]
fn an_edit_without_a_difference_writes_nothing() {
    let account = Account::new();
    let keyring = account.open(false);
    let (id, _) = create(&keyring, None);
    let before = fs::metadata(account.path()).and_then(|about| about.modified()).expect("about");
    now(keyring.edit(&id, &EditRequest { expires_at: Some(None), ..EditRequest::default() })).expect("edited");
    now(keyring.set_enabled(&id, true, None)).expect("enabled");
    now(keyring.delete("key_aaaaaaaaaaaa")).expect("deleted");
    assert_eq!(fs::metadata(account.path()).and_then(|about| about.modified()).expect("about"), before);
}

#[test]
fn what_makes_no_key_is_refused_and_leaves_no_file() {
    let account = Account::new();
    let keyring = account.open(false);
    let mut option = request("a", None);
    option.options.insert("methods".to_owned(), "HMAC".into());
    let no_scopes = CreateRequest { scopes: ScopeSet::new(), ..request("a", None) };
    for bad in [request(" ", None), no_scopes, option, request("a", Some("2026-11-21T10:00:00Z"))] {
        assert!(matches!(now(keyring.create(&bad)).err(), Some(ProviderError::Refused(_))), "{bad:?}");
    }
    assert!(matches!(now(keyring.set_enabled("key_aaaaaaaaaaaa", false, None)), Err(ProviderError::NotFound(_))));
    assert!(matches!(now(keyring.edit("../x", &EditRequest::default())), Err(ProviderError::NotFound(_))));
    assert_eq!(fs::read_dir(account.directory.path()).expect("listed").count(), 0);
}

#[test]
fn a_missing_store_is_unreachable_when_the_ledger_has_keys() {
    let account = Account::new();
    let keyring = account.open(true);
    let unreachable = |error: Option<ProviderError>| {
        assert!(matches!(&error, Some(ProviderError::Unreachable(text)) if text.contains("keyring.json` does not exist")), "{error:?}");
    };
    unreachable(now(keyring.list()).err());
    unreachable(now(keyring.get("key_aaaaaaaaaaaa")).err());
    unreachable(now(keyring.create(&request("a", None))).err());
    unreachable(now(keyring.set_enabled("key_aaaaaaaaaaaa", false, None)).err());
    unreachable(now(keyring.delete("key_aaaaaaaaaaaa")).err());
    unreachable(now(keyring.verify("key_aaaaaaaaaaaa", &Secret::single(Zeroizing::new(String::new())))).err());
    assert_eq!(fs::read_dir(account.directory.path()).expect("listed").count(), 0);
}

#[test]
fn a_damaged_store_is_a_local_error_and_stays_as_it_is() {
    let account = Account::new();
    fs::write(account.path(), "{}").expect("written");
    for expect_existing in [false, true] {
        let keyring = account.open(expect_existing);
        assert!(matches!(now(keyring.list()), Err(ProviderError::Local(text)) if text.contains("keyring.json")));
        assert!(matches!(now(keyring.create(&request("a", None))).err(), Some(ProviderError::Local(_))));
    }
    assert_eq!(fs::read_to_string(account.path()).expect("text"), "{}");
}

#[cfg(unix)]
#[test]
fn a_directory_that_cannot_be_written_is_a_local_error() {
    let account = Account::new();
    let path = account.directory.path().join("file/keyring.json");
    fs::write(account.directory.path().join("file"), "").expect("written");
    let keyring = KeyringProvider::open(path, false, || Timestamp::UNIX_EPOCH);
    let error = now(keyring.create(&request("a", None))).err().expect("an error");
    assert!(matches!(error, ProviderError::Local(_)) && !error.may_have_acted(), "{error:?}");
}

#[test]
fn a_service_can_check_a_token() {
    let account = Account::new();
    let keyring = account.open(false);
    let (id, secret) = create(&keyring, Some("2026-12-01T00:00:00Z"));
    let path = account.path();
    let answer = check(&path, token(&secret), account.now.get()).expect("checked");
    assert_eq!((answer.verdict, answer.id.as_deref(), answer.label.as_deref()), (Verdict::Valid, Some(&*id), Some("Orders kw-aaaabbbb")));
    assert_eq!((answer.scopes.len(), answer.expires_at), (2, Some("2026-12-01T00:00:00Z".parse().expect("a time"))));
    assert_eq!(verdict(&path, token(&secret), "2026-12-01T00:00:00Z"), Verdict::Expired);
    assert_eq!(verdict(&path, &token(&secret)[1..], "2026-11-22T00:00:00Z"), Verdict::Malformed);
    let stranger = Token::generate().expect("randomness").into_text();
    let answer = check(&path, &stranger, account.now.get()).expect("checked");
    assert_eq!((answer.verdict, answer.id, answer.scopes.len()), (Verdict::Unknown, None, 0));
    now(keyring.set_enabled(&id, false, None)).expect("disabled");
    assert_eq!(verdict(&path, token(&secret), "2026-12-02T00:00:00Z"), Verdict::Disabled);
    assert!(matches!(check(Path::new("nowhere"), &stranger, account.now.get()), Err(StoreProblem::Missing(_))));
}

#[test]
fn another_token_for_a_known_id_learns_nothing() {
    let account = Account::new();
    let keyring = account.open(false);
    let (id, _) = create(&keyring, None);
    // The stored key is moved to the id of a stranger's token: the id is known, the hash is another's.
    let stranger = Token::generate().expect("randomness");
    let text = fs::read_to_string(account.path()).expect("text");
    fs::write(account.path(), text.replace(&id, &stranger.key_id())).expect("written");
    let forged = stranger.into_text();
    let answer = check(&account.path(), &forged, account.now.get()).expect("checked");
    assert_eq!((answer.verdict, answer.id, answer.label), (Verdict::Unknown, None, None));
}

#[test]
fn a_scope_can_be_required() {
    let account = Account::new();
    let (_, secret) = create(&account.open(false), None);
    let same_resource = |granted: &Scope, asked: &Scope| granted.as_str().split(':').next() == asked.as_str().split(':').next();
    let ask = |scope: &str, at: &str| {
        let answer = check(&account.path(), token(&secret), at.parse().expect("a time")).expect("checked");
        answer.requiring(&scope.into(), same_resource).verdict
    };
    assert_eq!(ask("stock:write", "2026-11-22T00:00:00Z"), Verdict::Valid);
    assert_eq!(ask("users:read", "2026-11-22T00:00:00Z"), Verdict::LacksScope);
    let mut answer = check(&account.path(), "no token", account.now.get()).expect("checked");
    answer = answer.requiring(&"stock:write".into(), |_, _| true);
    assert_eq!(answer.verdict, Verdict::Malformed);
}

#[test]
fn two_processes_create_side_by_side() {
    let account = Account::new();
    let path = account.path();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let keyring = KeyringProvider::open(path.clone(), false, || Timestamp::UNIX_EPOCH);
                (0..10).for_each(|_| drop(create(&keyring, None)));
            });
        }
    });
    assert_eq!(now(account.open(true).list()).expect("listed").len(), 40);
}
