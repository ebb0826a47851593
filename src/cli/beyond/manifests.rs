//! Manifests whose edits nobody has committed, where the files of their keys are. Changes nothing.
use std::collections::BTreeSet;

use super::{Beyond, import, not_ready};
use crate::adopt::{Unwritten, manifest_of};
use crate::cli::exit::{Exit, Stop};
use crate::cli::session::Session;
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Address, Name};

impl Beyond<'_> {
    /// Errors when a commit was asked for that would take edits of an account's manifest along which nobody has committed.
    pub async fn manifest_is_clean(&self, session: &Session<'_>, account: &Name) -> Result<(), Stop> {
        self.is_clean(session, account, &self.unwritten).await
    }

    /// Warns of manifests of these keys that HEAD does not have as they are here: their records are committed, and their entries are not.
    pub async fn look_at_manifests(&self, session: &Session<'_>, keys: impl Iterator<Item = &Address>) -> Result<(), Stop> {
        let Some(repository) = self.repository.as_ref().filter(|_| self.commit) else { return Ok(()) };
        let declared = keys.filter_map(|address| session.workspace.keys.get(address));
        let files: BTreeSet<String> = declared.map(|key| key.declared_at.file.to_string()).collect();
        if repository.is_committed(&files).await.map_err(not_ready)? {
            return Ok(());
        }
        for file in files {
            if repository.is_committed(&BTreeSet::from([file.clone()])).await.map_err(not_ready)? {
                continue;
            }
            let message =
                format!("`{file}` has changes that are not committed, and only the ledger and secrets of its keys are written back");
            let help = format!("commit and push `{file}`, too: an apply from the branch undoes what it does not declare");
            self.host.report(&Stop::with(Exit::Done, Diagnostic::warning(Code::ApplyUncommitted, message).help(help)));
        }
        Ok(())
    }

    pub(super) async fn is_clean(&self, session: &Session<'_>, account: &Name, left: &Unwritten) -> Result<(), Stop> {
        let Some(repository) = self.repository.as_ref().filter(|_| self.commit) else { return Ok(()) };
        if left.is_ours(&session.workspace.root, account).map_err(import::unfinished)? {
            return Ok(());
        }
        let file = manifest_of(account).to_string();
        if repository.is_committed(&BTreeSet::from([file.clone()])).await.map_err(not_ready)? {
            return Ok(());
        }
        let message = format!("`{file}` has changes that are not committed, and adopted keys are committed together with it");
        let help = format!("commit `{file}` yourself, or put it back, and run this again; nothing was committed");
        Err(Stop::with(Exit::Error, Diagnostic::error(Code::ImportUncommitted, message).help(help)))
    }
}
