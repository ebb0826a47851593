//! Locks that one process holds on a file, and who that is.
use std::fmt;
use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::process::Process;
use super::{FileError, create_directory, open_itself, parent, private, read};

/// How often a lock is asked for, and the pause between.
const ATTEMPTS: u32 = 20;
const PAUSE: Duration = Duration::from_millis(25);

/// A lock that one process holds on a file; released when dropped or when the process dies.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Nobody holds it any more. What a process that died leaves there is in nobody's way.
        let _ = self.file.set_len(0);
    }
}

/// Who holds a lock, as the lock's file says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockHolder {
    #[serde(flatten)]
    pub process: Process,
    pub since: Timestamp,
}

impl fmt::Display for LockHolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {} on `{}`, since {}", self.process.pid, self.process.host.escape_debug(), self.since)
    }
}

/// What came of asking for a lock.
#[derive(Debug)]
pub enum Locking {
    Taken(Lock),
    /// Another process has it; who, if its file tells.
    Held(Option<LockHolder>),
}

impl Lock {
    /// Takes the lock, and writes down who has it.
    ///
    /// The lock is the system's and ends with its process, so that what a dead process wrote into the file is never in the way. A holder that ends within
    /// half a second is waited for: a process that was killed may leave a child that is just starting another program.
    pub fn take(path: &Path, holder: Option<&LockHolder>) -> Result<Locking, FileError> {
        create_directory(parent(path))?;
        for attempt in 1.. {
            let mut options = File::options();
            let options = private(options.create(true).truncate(false).write(true).read(true));
            let (mut file, _) = open_itself(options, path).map_err(FileError::of("open", path))?;
            match file.try_lock() {
                Ok(()) if is_at(&file, path) => {
                    if let Some(holder) = holder {
                        let text = serde_json::to_string(holder).expect("a holder is plain data");
                        let written = file.set_len(0).and_then(|()| file.write_all(format!("{text}\n").as_bytes()));
                        written.map_err(FileError::of("write", path))?;
                    }
                    return Ok(Locking::Taken(Self { file }));
                }
                // Somebody removed the file meanwhile: this lock would exclude nobody.
                Ok(()) if attempt < ATTEMPTS => {}
                Ok(()) => return Err(FileError::of("lock", path)(io::Error::other("it is removed again and again"))),
                Err(TryLockError::WouldBlock) if attempt == ATTEMPTS => {
                    let text = read(path, 4096).unwrap_or_default();
                    return Ok(Locking::Held(serde_json::from_slice(&text).ok()));
                }
                Err(TryLockError::WouldBlock) => std::thread::sleep(PAUSE),
                Err(TryLockError::Error(error)) => return Err(FileError::of("lock", path)(error)),
            }
        }
        unreachable!("the last attempt ends in an answer")
    }
}

/// Whether the open file is still the one at its path.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let same = |there: fs::Metadata, here: fs::Metadata| (there.dev(), there.ino()) == (here.dev(), here.ino());
    fs::symlink_metadata(path).and_then(|there| Ok(same(there, file.metadata()?))).unwrap_or(false)
}

/// An open file cannot be removed here.
#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_excludes_a_second_holder() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("lock");
        let process = Process::here(std::process::id());
        let me = LockHolder { process, since: "2026-11-21T09:00:00Z".parse().expect("an instant") };
        let Locking::Taken(held) = Lock::take(&path, Some(&me)).expect("lock file") else { panic!("free") };
        let Locking::Held(holder) = Lock::take(&path, None).expect("lock file") else { panic!("held") };
        assert_eq!(holder.as_ref(), Some(&me));
        // What a dead process left in the file, whole or not, is in nobody's way.
        drop(held);
        super::super::write(&path, b"{\"pid\":").expect("written");
        assert!(matches!(Lock::take(&path, Some(&me)).expect("lock file"), Locking::Taken(_)));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_in_the_place_of_a_lock_is_refused() {
        let directory = tempfile::tempdir().expect("a directory");
        let (path, outside) = (directory.path().join("lock"), directory.path().join("outside"));
        std::os::unix::fs::symlink(&outside, &path).expect("linked");
        let refuse = || Lock::take(&path, None).expect_err("refused").to_string();
        assert!(refuse().ends_with("not a regular file"), "{}", refuse());
        assert!(!outside.exists(), "nothing is written through it");
        super::super::write(&outside, b"").expect("written");
        assert!(refuse().ends_with("not a regular file"), "{}", refuse());
    }
}
