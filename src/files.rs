//! The only module that writes files. Every write is atomic and durable: temporary file in the same directory (mode 0600), fsync, rename,
//! fsync of the directory.
pub mod lock;
pub mod process;
pub mod walk;

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

pub use lock::{Lock, LockHolder, Locking};

#[cfg(test)]
use crate::seam;

/// A file operation that failed, with its path.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} `{}`: {source}", path.display())]
pub struct FileError {
    pub action: &'static str,
    pub path: PathBuf,
    pub source: io::Error,
}

impl FileError {
    /// Builds the error for one action on one path; for `map_err`.
    pub fn of(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self { action, path, source }
    }

    /// Whether the file does not exist.
    pub fn is_not_found(&self) -> bool {
        self.source.kind() == io::ErrorKind::NotFound
    }
}

/// Reads at most `limit` bytes of a file outside the workspace's care, such as an identity: symbolic links are followed, pipes are read.
pub fn read_through_links(path: &Path, limit: u64) -> Result<Vec<u8>, FileError> {
    File::open(path).and_then(|file| read_whole(file, 0, limit)).map_err(FileError::of("read", path))
}

/// Reads a regular file. Errors when it has more than `limit` bytes, becomes shorter meanwhile, or is no regular file (symbolic links included).
pub fn read(path: &Path, limit: u64) -> Result<Vec<u8>, FileError> {
    open_regular(path).and_then(|(file, length)| read_whole(file, length, limit)).map_err(FileError::of("read", path))
}

/// Reads at least `length` bytes, as long as the file says that it is, and what there is beyond: not every file system tells the truth.
fn read_whole(mut file: impl Read, length: u64, limit: u64) -> io::Result<Vec<u8>> {
    let too_large = || io::Error::new(io::ErrorKind::FileTooLarge, format!("larger than {limit} bytes"));
    if length > limit {
        return Err(too_large());
    }
    let mut bytes = vec![0; usize::try_from(length).map_err(|_| too_large())?];
    file.read_exact(&mut bytes).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => io::Error::other("it became shorter while it was read"),
        _ => error,
    })?;
    file.take(limit + 1 - length).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit { Err(too_large()) } else { Ok(bytes) }
}

/// Opens a regular file for reading, and tells its length in bytes. Errors when it is something else, a symbolic link included.
pub fn open_regular(path: &Path) -> io::Result<(File, u64)> {
    open_itself(File::options().read(true), path)
}

/// Opens what is at a path, which must be a regular file, and tells its length: no link is followed, and no other end of a pipe is waited for. What is
/// looked at is what was opened, whoever exchanges it meanwhile.
fn open_itself(options: &mut OpenOptions, path: &Path) -> io::Result<(File, u64)> {
    let irregular = || io::Error::other("not a regular file");
    let is_irregular = || fs::symlink_metadata(path).is_ok_and(|about| !about.is_file());
    // Where no option says so, a link can only be looked for before.
    if cfg!(not(unix)) && is_irregular() {
        return Err(irregular());
    }
    let opened = match unfollowed(options, Waiting::No).open(path) {
        Err(_) if is_irregular() => return Err(irregular()),
        // Another program has a lease on the file, and is asked to give it up.
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => unfollowed(options, Waiting::Yes).open(path),
        opened => opened,
    }?;
    let about = opened.metadata()?;
    if about.is_file() { Ok((opened, about.len())) } else { Err(irregular()) }
}

/// Writes a file atomically and durably; creates missing directories. On error the old file, if any, is as it was.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let failed = || FileError::of("write", path);
    let directory = parent(path);
    create_directory(directory)?;
    #[cfg(test)]
    seam::reach_file("before writing", path);
    let mut file = temporary(directory).map_err(failed())?;
    write_all(file.as_file_mut(), bytes, path).map_err(failed())?;
    file.as_file().sync_all().map_err(failed())?;
    #[cfg(test)]
    seam::reach_file("written beside", path);
    file.persist(path).map_err(|error| failed()(error.error))?;
    sync_directory(directory)?;
    #[cfg(test)]
    seam::reach_file("after writing", path);
    Ok(())
}

/// Writes a result where the caller wants it: a file as a whole, through links, and into what is no file, such as a pipe or a device.
pub fn write_result(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    if path.metadata().is_ok_and(|about| !about.is_file() && !about.is_dir()) {
        let written = fs::OpenOptions::new().write(true).open(path).and_then(|mut open| open.write_all(bytes));
        return written.map_err(FileError::of("write", path));
    }
    match path.canonicalize() {
        Ok(real) => write(&real, bytes),
        Err(_) => write(path, bytes),
    }
}

#[cfg_attr(not(test), expect(unused_variables, reason = "tests name the point by the path"))]
fn write_all(file: &mut File, bytes: &[u8], path: &Path) -> io::Result<()> {
    #[cfg(test)]
    if let Some((first, rest)) = seam::in_pieces(bytes) {
        file.write_all(first)?;
        seam::reach_file("half written", path);
        return file.write_all(rest);
    }
    file.write_all(bytes)
}

/// Moves a file into place durably; creates missing directories. Both paths must be on one file system.
pub fn rename(from: &Path, to: &Path) -> Result<(), FileError> {
    create_directory(parent(to))?;
    #[cfg(test)]
    seam::reach_file("before moving to", to);
    fs::rename(from, to).map_err(FileError::of("move into place", to))?;
    sync_directory(parent(to))?;
    sync_directory(parent(from))?;
    #[cfg(test)]
    seam::reach_file("after moving to", to);
    Ok(())
}

/// Removes a file durably; that it is not there is success.
pub fn remove(path: &Path) -> Result<(), FileError> {
    #[cfg(test)]
    seam::reach_file("before removing", path);
    match fs::remove_file(path) {
        Ok(()) => sync_directory(parent(path))?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(FileError::of("remove", path)(error)),
    }
    #[cfg(test)]
    seam::reach_file("after removing", path);
    Ok(())
}

/// Creates a directory and its missing parents, each durable.
pub fn create_directory(path: &Path) -> Result<(), FileError> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(above) = path.parent().filter(|above| !above.as_os_str().is_empty()) {
        create_directory(above)?;
    }
    match fs::create_dir(path) {
        Ok(()) => sync_directory(parent(path))?,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => {}
        Err(error) => return Err(FileError::of("create", path)(error)),
    }
    #[cfg(test)]
    seam::reach_file("after creating directory", path);
    Ok(())
}

/// An append-only file of which every appended line is durable before `append` returns.
#[derive(Debug)]
pub struct AppendFile {
    path: PathBuf,
    file: File,
}

impl AppendFile {
    /// Opens or creates the file.
    pub fn open(path: &Path) -> Result<Self, FileError> {
        create_directory(parent(path))?;
        let (file, _) = open_itself(private(File::options().create(true).append(true)), path).map_err(FileError::of("open", path))?;
        sync_directory(parent(path))?;
        #[cfg(test)]
        seam::reach_file("after opening", path);
        Ok(Self { path: path.to_owned(), file })
    }

    /// Appends one line and waits until it is on disk.
    pub fn append(&mut self, line: &str) -> Result<(), FileError> {
        let text = format!("{line}\n");
        #[cfg(test)]
        seam::reach_file("before appending to", &self.path);
        write_all(&mut self.file, text.as_bytes(), &self.path).map_err(FileError::of("write", &self.path))?;
        self.file.sync_data().map_err(FileError::of("write", &self.path))?;
        #[cfg(test)]
        seam::reach_file("after appending to", &self.path);
        Ok(())
    }
}

/// What temporary files are called until they are renamed into place.
const TEMPORARY: (&str, &str) = (".keywright-", ".tmp");

fn temporary(directory: &Path) -> io::Result<NamedTempFile> {
    tempfile::Builder::new().prefix(TEMPORARY.0).suffix(TEMPORARY.1).tempfile_in(directory).map_err(plain)
}

/// Removes what a process that died left half-written in a directory and below. Only for the holder of the lock.
pub fn sweep(directory: &Path) -> Result<(), FileError> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound || error.kind() == io::ErrorKind::NotADirectory => return Ok(()),
        Err(error) => return Err(FileError::of("list", directory)(error)),
    };
    for entry in entries {
        let entry = entry.map_err(FileError::of("list", directory))?;
        let name = entry.file_name();
        let leftover = name.to_str().is_some_and(|name| name.starts_with(TEMPORARY.0) && name.ends_with(TEMPORARY.1));
        match entry.file_type().map_err(FileError::of("list", directory))? {
            kind if kind.is_dir() => sweep(&entry.path())?,
            kind if kind.is_file() && leftover => remove(&entry.path())?,
            _ => {}
        }
    }
    Ok(())
}

/// A directory of the operating system's temporary place that its owner alone can enter; removed when dropped. For files that other programs write.
#[derive(Debug)]
pub struct ScratchDirectory(tempfile::TempDir);

impl ScratchDirectory {
    pub fn new() -> Result<Self, FileError> {
        let made = tempfile::Builder::new().prefix("keywright-").tempdir();
        made.map(Self).map_err(|error| FileError::of("create", Path::new("a temporary directory"))(plain(error)))
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

/// Proves that files can be written into a directory, by writing and removing one. Where it is missing, the nearest directory above stands in, so that
/// nothing is left behind.
pub fn try_writing_in(directory: &Path) -> Result<(), FileError> {
    let there = directory.ancestors().find(|above| above.symlink_metadata().is_ok()).unwrap_or(Path::new("."));
    let failed = || FileError::of("write into", there);
    // Named as `sweep` knows it: the process may die in between.
    let mut file = temporary(there).map_err(failed())?;
    file.write_all(&[0; 4096]).map_err(failed())?;
    file.as_file().sync_all().map_err(failed())?;
    file.close().map_err(failed())
}

/// Proves that a file can be put at a path: nothing is there, or a regular file.
pub fn try_replacing(path: &Path) -> Result<(), FileError> {
    match path.symlink_metadata() {
        Ok(about) if !about.is_file() => Err(FileError::of("write", path)(io::Error::other("something else than a file is there"))),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// A file that these options create can be opened by its owner alone.
#[cfg(unix)]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600)
}

#[cfg(not(unix))]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

/// Whether opening waits for other programs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Waiting {
    Yes,
    No,
}

/// These options open no symbolic link.
#[cfg(unix)]
fn unfollowed(options: &mut OpenOptions, waiting: Waiting) -> &mut OpenOptions {
    let at_once = if waiting == Waiting::No { libc::O_NONBLOCK } else { 0 };
    std::os::unix::fs::OpenOptionsExt::custom_flags(options, libc::O_NOFOLLOW | libc::O_NOCTTY | at_once)
}

#[cfg(not(unix))]
fn unfollowed(options: &mut OpenOptions, _: Waiting) -> &mut OpenOptions {
    options
}

/// The error without the name of the temporary file, which says nothing to anybody.
fn plain(error: io::Error) -> io::Error {
    io::Error::from(error.kind())
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(unix)]
fn sync_directory(path: &Path) -> Result<(), FileError> {
    File::open(path).and_then(|directory| directory.sync_all()).map_err(FileError::of("make durable", path))
}

/// Directories cannot be opened for syncing here; the rename itself is journaled by the file system.
#[cfg(not(unix))]
fn sync_directory(_: &Path) -> Result<(), FileError> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_file_is_private_and_whole() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("a/b/c");
        write(&path, b"one").expect("written");
        write(&path, b"two").expect("written again");
        assert_eq!(read(&path, 10).expect("read"), b"two");
        assert!(read(&path, 2).is_err());
        assert_eq!(fs::read_dir(directory.path().join("a/b")).expect("listed").count(), 1);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&path).expect("about").permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn a_trial_leaves_nothing_behind() {
        let directory = tempfile::tempdir().expect("a directory");
        try_writing_in(&directory.path().join("a/b")).expect("writable");
        assert_eq!(fs::read_dir(directory.path()).expect("listed").count(), 0);
        write(&directory.path().join("a"), b"in the way").expect("written");
        assert!(try_writing_in(&directory.path().join("a/b")).is_err());
    }

    #[test]
    fn what_a_dead_process_left_is_swept() {
        let directory = tempfile::tempdir().expect("a directory");
        let below = directory.path().join("a/b");
        write(&below.join("kept"), b"x").expect("written");
        // As if the process had died before it was renamed or removed.
        let left = temporary(&below).expect("made").keep().expect("kept").1;
        assert!(left.exists());
        sweep(directory.path()).expect("swept");
        assert_eq!(fs::read_dir(&below).expect("listed").count(), 1);
    }

    #[test]
    fn a_file_is_read_to_its_end_or_refused() {
        let directory = tempfile::tempdir().expect("a directory");
        for bytes in [&b""[..], b"x", &[7; 10], &[7; 100_000]] {
            let path = directory.path().join("file");
            write(&path, bytes).expect("written");
            assert_eq!(read(&path, 100_000).expect("read"), bytes);
            let smaller = (bytes.len() as u64).saturating_sub(1);
            assert_eq!(read(&path, smaller).is_err(), !bytes.is_empty());
        }
        assert!(read(&directory.path().join("none"), 10).expect_err("nothing there").is_not_found());
    }

    #[test]
    fn a_length_that_is_not_true_cuts_nothing_off() {
        let bytes = [7; 20_000];
        for told in [0, 1, 19_999, 20_000] {
            assert_eq!(read_whole(&bytes[..], told, 20_000).expect("read"), bytes);
            assert!(read_whole(&bytes[..], told, 19_999).is_err());
        }
        let error = read_whole(&bytes[..], 20_001, 30_000).expect_err("cut");
        assert!(error.to_string().contains("shorter"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_file_is_not_read() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = |name: &str| directory.path().join(name);
        write(&path("real"), b"x").expect("written");
        std::os::unix::fs::symlink(path("real"), path("link")).expect("linked");
        std::os::unix::fs::symlink(path("none"), path("dangling")).expect("linked");
        create_directory(&path("directory")).expect("created");
        let _socket = std::os::unix::net::UnixListener::bind(path("socket")).expect("bound");
        // Nobody writes into it: whoever waited for its other end would wait for ever.
        assert!(std::process::Command::new("mkfifo").arg(path("pipe")).status().expect("run").success());
        for name in ["link", "dangling", "directory", "socket", "pipe"] {
            let error = read(&path(name), 10).expect_err("not read");
            assert!(error.to_string().ends_with("not a regular file"), "{name}: {error}");
            assert!(AppendFile::open(&path(name)).is_err(), "{name} is not written, either");
        }
    }
}
