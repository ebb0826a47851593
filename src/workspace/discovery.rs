//! Finds the workspace and its files. Follows no symbolic link; knows nothing of what the files say.
use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;

use super::sources::Sources;
use crate::diagnostics::{Code, Diagnostic, Report, file};
use crate::files;
use crate::files::FileError;
use crate::files::walk::{FoundKind, walk};

/// The trusted file, which makes a directory a workspace.
pub const CONFIG: &str = "keywright.yaml";
/// The greatest file that is read, in bytes.
pub const LIMIT: u64 = 16 << 20;

/// Files by path below the workspace.
pub type Files = BTreeMap<Arc<str>, Vec<u8>>;

/// The files of a workspace by what they are, each in the order of their paths. The ledger is read by itself.
#[derive(Default)]
pub(super) struct Discovered {
    pub config: Option<Arc<str>>,
    pub profiles: Vec<Arc<str>>,
    pub manifests: Vec<Arc<str>>,
    pub secrets: Vec<Arc<str>>,
    pub sources: Sources,
}

/// Whether a path below the root is read, or kept, as a part of the workspace; `.git` is one of nobody.
pub fn is_part(below: &Path) -> bool {
    let mut names = below.components().filter_map(|part| part.as_os_str().to_str());
    match (names.next(), names.next()) {
        (Some(".keywright"), second) => second.is_none_or(|name| ["journal.jsonl", "lock", "sealed", "keyring.json"].contains(&name)),
        (Some(first), _) => [CONFIG, "keys", "providers", "ledger", "secrets", ".git", ".gitattributes"].contains(&first),
        (None, _) => true,
    }
}

/// The nearest directory with `keywright.yaml`, from `start` (`-C`, relative to `cwd`) or else `cwd`, upwards.
pub fn find(start: Option<&Path>, cwd: &Path) -> Result<PathBuf, Box<Diagnostic>> {
    let from = start.map_or_else(|| cwd.to_owned(), |start| cwd.join(start));
    let not_found = |message: String, help: &str| Box::new(Diagnostic::error(Code::WorkspaceNotFound, message).help(help));
    // Resolved, so that the parent of `a/..` is the real one.
    let from = fs::canonicalize(&from).map_err(|error| {
        not_found(format!("cannot look for a workspace in `{}`: {error}", from.display()), "name an existing directory with `-C DIR`")
    })?;
    for directory in from.ancestors() {
        match fs::symlink_metadata(directory.join(CONFIG)) {
            Ok(_) => return Ok(directory.to_owned()),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {}
            // Whether there is a workspace is not known: one further up would be another.
            Err(error) => {
                let message = format!("cannot look for a workspace in `{}`: {error}", directory.display());
                return Err(not_found(message, "make the directory readable, or choose another with `-C DIR`"));
            }
        }
    }
    let message = format!("no `{CONFIG}` in `{}` or any directory above it", from.display());
    Err(match from.ancestors().map(|directory| directory.join("keywright.yml")).find(|path| path.is_file()) {
        Some(path) => not_found(message, &format!("rename `{}` to `{CONFIG}`", path.display())),
        None => not_found(message, "run `keywright init` to make a workspace here, or choose one with `-C DIR`"),
    })
}

/// Lists and reads all files of a workspace but the ledger. What cannot be read is in the report.
pub(super) fn discover(root: &Path, report: &mut Report) -> Discovered {
    let mut all = Discovered::default();
    match fs::symlink_metadata(root.join(CONFIG)) {
        Ok(about) if about.is_symlink() => report.push(file::symlink(&CONFIG.into())),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Ok(_) | Err(_) => all.config = all.read(root, CONFIG.into(), report),
    }
    all.read_profiles(root, report);
    let manifests: Vec<_> = listed(root, "keys", report).into_iter().filter(|name| is_manifest(name, report)).collect();
    // There may be many thousand.
    let read: Vec<_> = manifests.par_iter().map(|name| files::read(&root.join(&**name), LIMIT)).collect();
    for (name, read) in manifests.into_iter().zip(read) {
        let taken = all.take(name, read, report);
        all.manifests.extend(taken);
    }
    all.secrets = listed(root, "secrets", report);
    // Local and not read here, but written through: a link could lead a write out of the workspace.
    if fs::symlink_metadata(root.join(".keywright")).is_ok_and(|about| about.file_type().is_symlink()) {
        report.push(file::symlink(&".keywright".into()));
    }
    all
}

/// Sorts out files that are at hand, by path below the workspace; those of the ledger and secrets are left alone.
pub(super) fn discover_among(files: &Files, report: &mut Report) -> Discovered {
    let mut all = Discovered::default();
    for (name, bytes) in files {
        let list = match name.split_once('/') {
            None if &**name == CONFIG => {
                all.config = Some(name.clone());
                all.sources.add(name.clone(), bytes.clone());
                continue;
            }
            Some(("providers", _)) if is_profile(name, report) => &mut all.profiles,
            Some(("keys", _)) if is_manifest(name, report) => &mut all.manifests,
            Some(_) | None => continue,
        };
        list.push(name.clone());
        all.sources.add(name.clone(), bytes.clone());
    }
    all
}

/// Reads the team's own profiles alone.
pub(super) fn discover_profiles(root: &Path, report: &mut Report) -> Discovered {
    let mut all = Discovered::default();
    all.read_profiles(root, report);
    all
}

impl Discovered {
    fn read_profiles(&mut self, root: &Path, report: &mut Report) {
        for name in listed(root, "providers", report) {
            if is_profile(&name, report)
                && let Some(name) = self.read(root, name, report)
            {
                self.profiles.push(name);
            }
        }
    }

    fn read(&mut self, root: &Path, name: Arc<str>, report: &mut Report) -> Option<Arc<str>> {
        let read = files::read(&root.join(&*name), LIMIT);
        self.take(name, read, report)
    }

    /// Keeps what was read of a file. `None`: it could not be.
    fn take(&mut self, name: Arc<str>, read: Result<Vec<u8>, FileError>, report: &mut Report) -> Option<Arc<str>> {
        match read {
            Ok(bytes) => {
                self.sources.add(name.clone(), bytes);
                Some(name)
            }
            Err(error) => {
                report.push(file::unreadable(&name, &error.source));
                None
            }
        }
    }
}

fn listed(root: &Path, below: &str, report: &mut Report) -> Vec<Arc<str>> {
    let mut names = Vec::new();
    for found in walk(root, below) {
        let name: Arc<str> = found.path.into();
        match found.kind {
            FoundKind::File => names.push(name),
            FoundKind::Symlink => report.push(file::symlink(&name)),
            FoundKind::Unreadable(error) => report.push(file::unreadable(&name, &error)),
        }
    }
    names
}

fn is_manifest(name: &Arc<str>, report: &mut Report) -> bool {
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    let is_yaml = extension == "yaml";
    if !is_yaml && ["yaml", "yml"].iter().any(|known| extension.eq_ignore_ascii_case(known)) {
        report.push(file::misnamed(name));
    }
    is_yaml
}

fn is_profile(name: &Arc<str>, report: &mut Report) -> bool {
    let nested = name.ends_with(".yaml") && name.matches('/').count() > 1;
    if nested {
        report.push(file::unexpected(name, "move it to `providers/` itself"));
    }
    is_manifest(name, report) && !nested
}
