//! Lists the files below a directory. Follows no symbolic link and opens no file.
use std::fs::{self, FileType};
use std::io;
use std::path::Path;

/// One thing found below a directory, by its path below the root, with `/`.
#[derive(Debug)]
pub struct Found {
    pub path: String,
    pub kind: FoundKind,
}

/// What was found.
#[derive(Debug)]
pub enum FoundKind {
    File,
    /// To a file or a directory; not followed.
    Symlink,
    /// A directory or entry that could not be looked at.
    Unreadable(io::Error),
}

/// Everything below `root/below` (or `below` itself, when it is no directory), sorted by path. Names that begin with `.` or `#` or end with `~` are
/// left out. Nothing there: nothing found.
pub fn walk(root: &Path, below: &str) -> Vec<Found> {
    let mut found = Vec::new();
    let mut open = Vec::new();
    match fs::symlink_metadata(root.join(below)) {
        Ok(about) => sort_out(below.to_owned(), about.file_type(), &mut open, &mut found),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => found.push(Found { path: below.to_owned(), kind: FoundKind::Unreadable(error) }),
    }
    while let Some(directory) = open.pop() {
        let entries = match fs::read_dir(root.join(&directory)) {
            Ok(entries) => entries,
            Err(error) => {
                found.push(Found { path: directory, kind: FoundKind::Unreadable(error) });
                continue;
            }
        };
        for entry in entries {
            match entry.and_then(|entry| Ok((entry.file_name(), entry.file_type()?))) {
                Ok((name, file_type)) => match name.to_str() {
                    Some(name) if is_leftover(name) => {}
                    Some(name) => sort_out(format!("{directory}/{name}"), file_type, &mut open, &mut found),
                    None => {
                        let error = io::Error::new(io::ErrorKind::InvalidFilename, "its name is not UTF-8");
                        found.push(Found { path: format!("{directory}/{}", name.to_string_lossy()), kind: FoundKind::Unreadable(error) });
                    }
                },
                Err(error) => found.push(Found { path: directory.clone(), kind: FoundKind::Unreadable(error) }),
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn sort_out(path: String, file_type: FileType, open: &mut Vec<String>, found: &mut Vec<Found>) {
    if file_type.is_symlink() {
        found.push(Found { path, kind: FoundKind::Symlink });
    } else if file_type.is_dir() {
        open.push(path);
    } else {
        found.push(Found { path, kind: FoundKind::File });
    }
}

/// Hidden files, and what editors leave behind.
pub fn is_leftover(name: &str) -> bool {
    name.starts_with(['.', '#']) || name.ends_with('~')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_listed_in_order_without_leftovers() {
        let root = tempfile::tempdir().expect("a directory");
        for path in
            ["keys/b.yaml", "keys/a/z.yaml", "keys/.hidden.yaml", "keys/b.yaml~", "keys/#b.yaml#", "keys/.git/x.yaml", "other/c.yaml"]
        {
            crate::files::write(&root.path().join(path), b"").expect("written");
        }
        let paths: Vec<String> = walk(root.path(), "keys").into_iter().map(|found| found.path).collect();
        assert_eq!(paths, ["keys/a/z.yaml", "keys/b.yaml"]);
        assert!(walk(root.path(), "none").is_empty());
    }

    #[cfg(unix)]
    #[test]
    fn links_are_shown_and_not_followed() {
        let root = tempfile::tempdir().expect("a directory");
        crate::files::write(&root.path().join("other/c.yaml"), b"").expect("written");
        std::os::unix::fs::symlink("other", root.path().join("keys")).expect("linked");
        let found = walk(root.path(), "keys");
        assert_eq!(found.len(), 1);
        assert!(matches!(found[0].kind, FoundKind::Symlink));
    }
}
