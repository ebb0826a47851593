//! The keyring's store: one JSON file, written atomically, changed under a lock. Knows no plaintext token.
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::token::is_key_id;
use crate::files::{self, FileError, Lock, Locking};
use crate::model::ScopeSet;

/// The largest store that is read or written, in bytes.
const LIMIT: u64 = 64 << 20;
const VERSION: u32 = 1;
/// Each waits for half a second.
const LOCK_ATTEMPTS: u32 = 10;

/// What a store keeps of one key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredKey {
    pub label: String,
    pub scopes: ScopeSet,
    pub created_at: Timestamp,
    /// `null`: never.
    pub expires_at: Option<Timestamp>,
    pub enabled: bool,
    /// Of the whole token, lower-case hexadecimal.
    pub sha256: String,
}

/// Keys by id. The JSON line of a key that did not change since the last write is kept: a write then costs little more than its bytes.
#[derive(Default, Deserialize)]
#[serde(transparent)]
pub struct Keys {
    entries: BTreeMap<String, Entry>,
}

#[derive(Deserialize)]
#[serde(from = "StoredKey")]
struct Entry {
    key: StoredKey,
    line: Option<Box<str>>,
}

impl From<StoredKey> for Entry {
    fn from(key: StoredKey) -> Self {
        Self { key, line: None }
    }
}

impl Keys {
    pub fn iter(&self) -> impl Iterator<Item = (&str, &StoredKey)> {
        self.entries.iter().map(|(id, entry)| (id.as_str(), &entry.key))
    }

    pub fn get(&self, id: &str) -> Option<&StoredKey> {
        self.entries.get(id).map(|entry| &entry.key)
    }

    /// Adds a key, or replaces the one of the same id.
    pub fn put(&mut self, id: String, key: StoredKey) {
        self.entries.insert(id, key.into());
    }

    /// Removes a key; `None` when there is none.
    pub fn remove(&mut self, id: &str) -> Option<StoredKey> {
        self.entries.remove(id).map(|entry| entry.key)
    }
}

/// Why a store cannot be read or changed. Holds nothing of its contents.
#[derive(Debug, thiserror::Error)]
pub enum StoreProblem {
    #[error("the keyring's store `{}` does not exist", .0.display())]
    Missing(PathBuf),
    #[error("the keyring's store cannot be used: {0}")]
    File(#[from] FileError),
    #[error("the keyring's store `{}` is damaged: {reason}", path.display())]
    Damaged { path: PathBuf, reason: String },
    #[error("the keyring's store `{}` has version {version}, and this program knows version {VERSION} only", path.display())]
    Newer { path: PathBuf, version: u32 },
    #[error("the keyring's store `{}` would grow beyond {} MiB", .0.display(), LIMIT >> 20)]
    Full(PathBuf),
    #[error("another process keeps the keyring's store `{}` locked", .0.display())]
    Locked(PathBuf),
    /// The write failed, and the file is not as it was before.
    #[error("whether the keyring's store was written is unknown: {0}")]
    Uncertain(FileError),
}

/// One store file. What was parsed last is kept, and used as long as the file's bytes are the same.
pub struct Store {
    path: PathBuf,
    absent: Absent,
    parsed: RefCell<Option<Parsed>>,
}

/// What it means that there is no file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absent {
    /// An empty store; the first change makes the file.
    Empty,
    /// The store was lost, or is somewhere else: [`StoreProblem::Missing`].
    Missing,
}

struct Parsed {
    bytes: Vec<u8>,
    keys: Keys,
}

impl Store {
    pub fn new(path: PathBuf, absent: Absent) -> Self {
        Self { path, absent, parsed: RefCell::new(None) }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Shows the keys to `ask`.
    pub fn read<T>(&self, ask: impl FnOnce(&Keys) -> T) -> Result<T, StoreProblem> {
        let Some(parsed) = self.load()? else { return Ok(ask(&Keys::default())) };
        let answer = ask(&parsed.keys);
        self.parsed.replace(Some(parsed));
        Ok(answer)
    }

    /// Changes the keys under the store's lock (`<store>.lock`), waiting for it up to 5 seconds.
    ///
    /// Nothing is written when `edit` fails or changes nothing. After an error other than [`StoreProblem::Uncertain`] the file is as it was.
    pub fn change<T, E: From<StoreProblem>>(&self, edit: impl FnOnce(&mut Keys) -> Result<Edited<T>, E>) -> Result<T, E> {
        self.must_be_there()?;
        let _lock = self.lock()?;
        let (old, mut keys) = match self.load()? {
            Some(parsed) => (Some(parsed.bytes), parsed.keys),
            None => (None, Keys::default()),
        };
        match edit(&mut keys)? {
            Edited::Unchanged(answer) => Ok(answer),
            Edited::Changed(answer) => {
                let bytes = to_bytes(&mut keys);
                if bytes.len() as u64 > LIMIT {
                    return Err(StoreProblem::Full(self.path.clone()).into());
                }
                if let Err(error) = files::write(&self.path, &bytes) {
                    let untouched = match files::read(&self.path, LIMIT) {
                        Ok(now) => old.as_ref() == Some(&now),
                        Err(error) => old.is_none() && error.is_not_found(),
                    };
                    return Err(if untouched { StoreProblem::File(error) } else { StoreProblem::Uncertain(error) }.into());
                }
                self.parsed.replace(Some(Parsed { bytes, keys }));
                Ok(answer)
            }
        }
    }

    /// Takes what was parsed last when the file is still the same; parses it otherwise. Comparing bytes, not times, misses no change.
    fn load(&self) -> Result<Option<Parsed>, StoreProblem> {
        let bytes = match files::read(&self.path, LIMIT) {
            Ok(bytes) => bytes,
            Err(error) if error.is_not_found() => return self.missing(),
            Err(error) => return Err(error.into()),
        };
        match self.parsed.take() {
            Some(parsed) if parsed.bytes == bytes => Ok(Some(parsed)),
            Some(_) | None => Ok(Some(Parsed { keys: from_bytes(&bytes, &self.path)?, bytes })),
        }
    }

    fn missing<T>(&self) -> Result<Option<T>, StoreProblem> {
        match self.absent {
            Absent::Empty => Ok(None),
            Absent::Missing => Err(StoreProblem::Missing(self.path.clone())),
        }
    }

    /// Finds a missing store before the lock file makes its directory.
    fn must_be_there(&self) -> Result<(), StoreProblem> {
        match self.path.symlink_metadata() {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => self.missing::<()>().map(drop),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    fn lock(&self) -> Result<Lock, StoreProblem> {
        let mut path = self.path.clone().into_os_string();
        path.push(".lock");
        for _ in 0..LOCK_ATTEMPTS {
            if let Locking::Taken(lock) = Lock::take(Path::new(&path), None)? {
                return Ok(lock);
            }
        }
        Err(StoreProblem::Locked(self.path.clone()))
    }
}

/// What an edit did.
pub enum Edited<T> {
    Changed(T),
    Unchanged(T),
}

/// `{"version":1,"keys":{…}}` with one key a line.
fn to_bytes(keys: &mut Keys) -> Vec<u8> {
    let mut out = format!("{{\"version\":{VERSION},\"keys\":{{").into_bytes();
    for ((id, entry), before) in keys.entries.iter_mut().zip(std::iter::once("\n").chain(std::iter::repeat(",\n"))) {
        let line = entry.line.get_or_insert_with(|| {
            let json = serde_json::to_string(&entry.key).expect("a stored key has a JSON form");
            format!("\"{id}\":{json}").into()
        });
        out.extend_from_slice(before.as_bytes());
        out.extend_from_slice(line.as_bytes());
    }
    out.extend_from_slice(b"\n}}\n");
    out
}

fn from_bytes(bytes: &[u8], path: &Path) -> Result<Keys, StoreProblem> {
    #[derive(Deserialize)]
    struct Version {
        version: u32,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        #[serde(rename = "version")]
        _version: u32,
        keys: Keys,
    }
    let damaged = |reason: String| StoreProblem::Damaged { path: path.to_owned(), reason };
    // serde's own texts may quote a value; only the place is safe to show.
    let place = |error: serde_json::Error| damaged(format!("no keyring at line {} column {}", error.line(), error.column()));
    match serde_json::from_slice::<Version>(bytes).map_err(place)?.version {
        VERSION => {}
        0 => return Err(damaged("there is no version 0".to_owned())),
        version => return Err(StoreProblem::Newer { path: path.to_owned(), version }),
    }
    let keys = serde_json::from_slice::<File>(bytes).map_err(place)?.keys;
    let is_hash = |text: &str| text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let malformed = keys.iter().position(|(id, key)| !is_key_id(id) || !is_hash(&key.sha256));
    match malformed {
        Some(at) => Err(damaged(format!("entry {} has a malformed id or hash", at + 1))),
        None => Ok(keys),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn key(label: &str) -> StoredKey {
        StoredKey {
            label: label.to_owned(),
            scopes: ScopeSet::from(["orders:read".into()]),
            created_at: Timestamp::UNIX_EPOCH,
            expires_at: None,
            enabled: true,
            sha256: "0".repeat(64),
        }
    }

    fn put(store: &Store, id: &str) -> Result<(), StoreProblem> {
        store.change(|keys| {
            keys.put(id.to_owned(), key("one"));
            Ok(Edited::Changed(()))
        })
    }

    fn store() -> (tempfile::TempDir, Store) {
        let directory = tempfile::tempdir().expect("a directory");
        let store = Store::new(directory.path().join("below/keyring.json"), Absent::Empty);
        (directory, store)
    }

    fn count(keys: &Keys) -> usize {
        keys.iter().count()
    }

    fn another(store: &Store) -> Store {
        Store::new(store.path().to_owned(), Absent::Missing)
    }

    #[test]
    fn a_missing_store_is_empty_or_missing() {
        let (directory, store) = store();
        assert_eq!(store.read(count).expect("read"), 0);
        assert!(matches!(another(&store).read(count), Err(StoreProblem::Missing(_))));
        assert!(matches!(put(&another(&store), "key_aaaaaaaaaaaa"), Err(StoreProblem::Missing(_))));
        assert_eq!(fs::read_dir(directory.path()).expect("listed").count(), 0);
    }

    #[test]
    fn the_file_has_the_documented_form_and_is_private() {
        let (_directory, store) = store();
        put(&store, "key_aaaaaaaaaaaa").expect("written");
        let text = fs::read_to_string(store.path()).expect("text");
        insta::assert_snapshot!(text, @r#"
        {"version":1,"keys":{
        "key_aaaaaaaaaaaa":{"label":"one","scopes":["orders:read"],"created_at":"1970-01-01T00:00:00Z","expires_at":null,"enabled":true,"sha256":"0000000000000000000000000000000000000000000000000000000000000000"}
        }}
        "#);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(store.path()).expect("about").permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn a_change_by_somebody_else_is_seen() {
        let (_directory, store) = store();
        put(&store, "key_aaaaaaaaaaaa").expect("written");
        put(&another(&store), "key_bbbbbbbbbbbb").expect("written");
        assert_eq!(store.read(count).expect("read"), 2);
        put(&store, "key_cccccccccccc").expect("written");
        assert_eq!(another(&store).read(count).expect("read"), 3);
    }

    #[test]
    fn an_edit_that_fails_or_changes_nothing_writes_nothing() {
        let (_directory, store) = store();
        store.change(|_| Ok::<_, StoreProblem>(Edited::Unchanged(()))).expect("unchanged");
        assert!(!store.path().exists());
        put(&store, "key_aaaaaaaaaaaa").expect("written");
        let failed: Result<(), StoreProblem> = store.change(|keys| {
            keys.remove("key_aaaaaaaaaaaa");
            Err(StoreProblem::Full(PathBuf::new()))
        });
        assert!(failed.is_err());
        assert_eq!(store.read(count).expect("read"), 1);
    }

    #[test]
    fn a_file_that_is_no_store_is_refused_named_and_kept() {
        let (_directory, store) = store();
        put(&store, "key_aaaaaaaaaaaa").expect("written");
        let good = fs::read_to_string(store.path()).expect("text");
        for (bad, word) in [
            (String::new(), "damaged"),
            (good[..good.len() - 4].to_owned(), "damaged"),
            ("{\"keys\":{}}".to_owned(), "damaged"),
            (good.replace(":1,", ":2,"), "version 2"),
            ("{\"version\":2,\"else\":[]}".to_owned(), "version 2"),
            (good.replace(":1,", ":0,"), "version 0"),
            (good.replace("key_a", "kex_a"), "entry 1"),
            (good.replace("\"0000", "\"000G"), "entry 1"),
            (good.replace("\"enabled\":true", "\"enabled\":true,\"more\":1"), "damaged"),
            (good.replace("\"enabled\":true", "\"enabled\":\"kw_hunter2\""), "damaged"),
        ] {
            fs::write(store.path(), &bad).expect("written");
            for problem in [store.read(count).err(), put(&store, "key_bbbbbbbbbbbb").err()] {
                let message = problem.expect("a problem").to_string();
                assert!(message.contains(word) && message.contains("keyring.json") && !message.contains("hunter2"), "{bad}: {message}");
            }
            assert_eq!(fs::read_to_string(store.path()).expect("text"), bad);
        }
    }

    #[test]
    fn a_store_that_is_too_large_is_refused() {
        let (_directory, store) = store();
        put(&store, "key_aaaaaaaaaaaa").expect("written");
        fs::File::options().write(true).open(store.path()).and_then(|file| file.set_len(LIMIT + 1)).expect("grown");
        assert!(matches!(store.read(count), Err(StoreProblem::File(_))));
        fs::remove_file(store.path()).expect("removed");
        let grown: Result<(), StoreProblem> = store.change(|keys| {
            keys.put("key_aaaaaaaaaaaa".to_owned(), key(&"x".repeat(LIMIT as usize)));
            Ok(Edited::Changed(()))
        });
        assert!(matches!(grown, Err(StoreProblem::Full(_))));
        assert!(!store.path().exists());
    }

    #[cfg(unix)]
    #[test]
    fn a_symbolic_link_is_refused() {
        let (directory, store) = store();
        put(&store, "key_aaaaaaaaaaaa").expect("written");
        let real = directory.path().join("real.json");
        fs::rename(store.path(), &real).expect("moved");
        for target in [real, directory.path().join("nowhere")] {
            let _ = fs::remove_file(store.path());
            std::os::unix::fs::symlink(target, store.path()).expect("linked");
            assert!(matches!(store.read(count), Err(StoreProblem::File(_))));
            assert!(matches!(put(&store, "key_bbbbbbbbbbbb"), Err(StoreProblem::File(_))));
            assert!(fs::symlink_metadata(store.path()).expect("about").is_symlink());
        }
    }

    #[test]
    fn writers_wait_for_each_other() {
        let (_directory, store) = store();
        put(&store, "key_aaaaaaaaaaaa").expect("written");
        let path = store.path();
        std::thread::scope(|scope| {
            for letter in ["a", "b", "c", "d"] {
                scope.spawn(move || {
                    let store = Store::new(path.to_owned(), Absent::Missing);
                    for digit in ["2", "3", "4", "5", "6"] {
                        put(&store, &format!("key_{}{digit}", letter.repeat(11))).expect("written");
                    }
                });
            }
        });
        assert_eq!(store.read(count).expect("read"), 21);
    }
}
