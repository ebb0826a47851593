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
/// Errors: the working tree has another one there than the commit: it was taken away or moved, or another was put into its place, by a link or a submodule
/// too.
pub fn root(host: &Host, reference: &str) -> Result<PathBuf, Stop> {
    let found = session::find(host);
    let Ok(here) = std::env::current_dir() else { return found };
    // As the caller came here: a shell keeps the links in it.
    let came = host.variable("PWD").map(PathBuf::from).filter(|came| came.canonicalize().is_ok_and(|real| real == here)).unwrap_or(here);
    let named = host.directory.as_ref().map_or_else(|| came.clone(), |directory| came.join(directory));
    let Ok(start) = named.canonicalize() else { return found };
    let ours = match apply::block_on(of_commit(&named, &start, reference))? {
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

/// The nearest directory upwards where a commit has a workspace, within the repository. `named`: as the caller says it, with the links in it.
async fn of_commit(named: &Path, start: &Path, reference: &str) -> Result<Option<PathBuf>, GitError> {
    let environment = environment();
    let repository = Repository::discover(start, &environment).await?;
    if repository.is_a_part().await? {
        let message = format!("`{}` is a submodule, whose commits the change chooses: plan in a clone of its own", start.display());
        return Err(GitError::Other(message));
    }
    for link in named.ancestors().filter(|path| path.is_symlink()) {
        // What leads to the checkout from outside is nobody's change.
        let beside = link.parent().and_then(|parent| parent.canonicalize().ok());
        if let Some(beside) = beside
            && Repository::discover(&beside, &environment).await.is_ok()
        {
            return Err(GitError::Other(format!("`{}` is a link: name the directory that is meant", link.display())));
        }
    }
    let commit = repository.resolve(reference).await?;
    let mut prefix = repository.prefix().to_owned();
    for directory in start.ancestors() {
        if !repository.below(&prefix).files_of(&commit, &[CONFIG]).await?.is_empty() {
            return Ok(Some(directory.to_owned()));
        }
        let Some(inner) = prefix.strip_suffix('/') else { break };
        prefix.truncate(inner.rfind('/').map_or(0, |at| at + 1));
    }
    Ok(None)
}
