//! Writes down that a person confirmed a key. Never asks a provider for anything.
use super::failure::Failure;
use super::journal::Journal;
use crate::ledger::Ledger;
use crate::model::{KeyRecord, Reviewed};

/// Records a review of one key.
///
/// Expected flow: the journal has the review, then the ledger file. Guarantees: what an interrupted run had in the journal is in the ledger after the
/// next apply or review; no provider and no secret file is touched. Assumptions: the workspace is locked, and the record is as the journal leaves
/// it. Caveats: an earlier review is replaced; git has the history. Errors: the disk, or the remote of the journal.
pub async fn review(ledger: &Ledger, journal: &Journal<'_>, record: &mut KeyRecord, reviewed: Reviewed) -> Result<(), Failure> {
    journal.review(record, &reviewed).await?;
    record.reviewed = Some(reviewed);
    ledger.save(record)?;
    Ok(())
}
