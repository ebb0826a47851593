//! Which workspace a plan with a base is about: the commit says, whatever the working tree does to its file.
use std::path::{Path, PathBuf};

use super::{cannot, environment};
use crate::cli::exit::{Exit, Stop};
use crate::cli::host::Host;
use crate::cli::{apply, session};
use crate::diagnostics::{Code, Diagnostic};
use crate::git::{GitError, Repository};
use crate::workspace::discovery::CONFIG;

/// The workspace of `-C` or the current directory. A commit that has none there is one before the workspace came.
///
/// Errors: the working tree has another one there than the commit: it was taken away or moved, or another was put into its place.
pub fn root(host: &Host, reference: &str) -> Result<PathBuf, Stop> {
    let found = session::find(host);
    let here = std::env::current_dir().unwrap_or_default();
    let start = host.directory.as_ref().map_or_else(|| here.clone(), |directory| here.join(directory));
    let Ok(start) = std::fs::canonicalize(start) else { return found };
    let ours = match apply::block_on(of_commit(&start, reference))? {
        Ok(ours) => ours,
        Err(error) => return found.and(Err(cannot(reference, &error))),
    };
    match (ours, found) {
        (None, found) => found,
        (Some(ours), Ok(found)) if ours == found => Ok(found),
        (Some(ours), found) => {
            let there = found.map_or_else(|_| "none".to_owned(), |found| format!("that of `{}`", found.display()));
            let (ours, reference) = (ours.display(), reference.escape_debug());
            let message = format!("the workspace here is that of `{ours}` in `{reference}`, and {there} in the working tree");
            let help = format!("put `{CONFIG}` back there: what takes a workspace away, moves it or covers it is not reviewed by a plan");
            Err(Stop::with(Exit::Error, Diagnostic::error(Code::TrustBase, message).help(help)))
        }
    }
}

/// The nearest directory upwards where a commit has a workspace, within the repository.
async fn of_commit(start: &Path, reference: &str) -> Result<Option<PathBuf>, GitError> {
    let repository = Repository::discover(start, &environment()).await?;
    let commit = repository.resolve(reference).await?;
    let depth = repository.prefix().matches('/').count();
    for directory in start.ancestors().take(depth + 1) {
        let has = Repository::discover(directory, &environment()).await?.files_of(&commit, &[CONFIG]).await?;
        if !has.is_empty() {
            return Ok(Some(directory.to_owned()));
        }
    }
    Ok(None)
}
