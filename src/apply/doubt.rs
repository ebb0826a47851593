//! A create without an answer where keys have no labels: no marker tells what it made. The listing settles it, or a person does.
use std::collections::BTreeMap;
use std::time::Duration;

use super::account::Account;
use super::failure::Failure;
use super::recovery::PATIENCE;
use crate::diagnostics::Code;
use crate::model::text_safety::one_of;
use crate::model::{Generation, GenerationState, KeyRecord, Name, ObservedKey};

/// What a person says of a create without an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word<'a> {
    /// It made the key of this id.
    Found(&'a str),
    /// It made none.
    Absent,
}

/// Takes a person's word on the generation of a key that is in doubt, and finishes or undoes it.
///
/// Expected flow: the key that was named becomes the generation's, and is recovered as any created one; a create that made nothing is withdrawn.
/// Guarantees: only a key is taken that could be it: listed, known to no record, not ours, not listed before the create; nothing is forgotten before the
/// list has settled. Assumptions: the lock is held
/// and the journal replayed. Caveats: a wrong word ends somebody else's key, or leaves one that nobody knows. Errors: nothing is in doubt, the key
/// cannot be it, the provider, or the disk.
pub async fn believe(account: &Account<'_>, name: &Name, word: Word<'_>) -> Result<(), Failure> {
    let mut record = account.record(name);
    let open = |generation: &&Generation| {
        let unanswered = matches!(generation.state, GenerationState::Intended | GenerationState::Ambiguous);
        unanswered && generation.id.is_none() && generation.label.is_empty()
    };
    let mut doubtful: Vec<Generation> = record.generations.iter().filter(open).cloned().collect();
    doubtful.sort_by_key(|generation| std::cmp::Reverse(generation.number));
    let Some(newest) = doubtful.first().cloned() else {
        let message = format!("nothing of `{}` is in doubt", record.address);
        return Err(Failure::new(Code::PlanAmbiguous, message).help("`keywright recover` shows what was left, and needs no answer"));
    };
    let Word::Found(id) = word else { return account.forget(&mut record, &newest).await };
    let mut others = BTreeMap::new();
    let mut found = None;
    for generation in doubtful {
        let candidates = account.candidates(&generation).await?;
        found = candidates.iter().find(|candidate| candidate.id == id).map(|candidate| (generation, candidate.id.clone()));
        if found.is_some() {
            break;
        }
        others.extend(candidates.into_iter().map(|candidate| (candidate.id.clone(), candidate)));
    }
    let Some((generation, id)) = found else {
        let message = format!("`{}` cannot be generation {} of `{}`", id.escape_debug(), newest.number, record.address);
        let others: Vec<ObservedKey> = others.into_values().collect();
        let help = match &others[..] {
            [] => "no listed key could be it: say `--absent` when the provider's list has settled".to_owned(),
            [..] => format!("it may be {}; what is known, ours, or was listed before the create is left alone", named(&others)),
        };
        return Err(Failure::new(Code::PlanAmbiguous, message).help(help));
    };
    let created =
        Generation { state: GenerationState::Created, id: Some(id), settles_at: None, beside: Vec::new(), unseen: false, ..generation };
    account.commit(&mut record, &created).await?;
    account.recover_generation(account.declaration(name), &mut record, created.number).await
}

impl Account<'_> {
    /// Takes a person's word that a create has made nothing. Errors: it may be listed yet.
    async fn forget(&self, record: &mut KeyRecord, generation: &Generation) -> Result<(), Failure> {
        let settles = generation.settles_at.unwrap_or_else(|| self.settles(generation));
        if !generation.unseen && settles > self.now() {
            let message = format!("what the create of generation {} has made may be listed until {settles}", generation.number);
            return Err(Failure::new(Code::PlanAmbiguous, message).help("say `--absent` after that, when it is still not listed"));
        }
        self.withdraw(record, generation).await
    }

    /// Settles an intent by what is listed that no record knows.
    ///
    /// Expected flow: no candidate once the provider's list tells the truth: it counts as not created, and stays in the ledger as unseen, so that
    /// what shows up later still is named. Guarantees: nothing is ended on a guess. Assumptions: no other create of the account is under way. Caveats: any candidate leaves it ambiguous, until a person says which it is.
    /// Errors: the provider, the disk, or that nobody can tell.
    pub(super) async fn settle_unmarked(&self, record: &mut KeyRecord, generation: Generation) -> Result<(), Failure> {
        if generation.unseen {
            return Ok(());
        }
        let settles = generation.settles_at.unwrap_or_else(|| self.settles(&generation));
        let mut found = self.candidates(&generation).await?;
        let wait = Duration::try_from(self.now().duration_until(settles)).unwrap_or_default();
        let mut settled = wait.is_zero();
        if found.is_empty() && !settled && wait <= PATIENCE {
            self.surroundings.wait(wait).await;
            found = self.candidates(&generation).await?;
            settled = true;
        }
        if found.is_empty() && settled {
            let unseen = Generation { state: GenerationState::Ambiguous, settles_at: Some(settles), unseen: true, ..generation };
            return self.commit(record, &unseen).await;
        }
        let late = Generation { state: GenerationState::Ambiguous, settles_at: Some(settles), ..generation };
        if record.generation(late.number) != Some(&late) {
            self.commit(record, &late).await?;
        }
        let number = late.number;
        if found.is_empty() {
            let message = format!("whether generation {number} was created is not known yet");
            return Err(Failure::new(Code::PlanAmbiguous, message).help("apply again when the provider's list has settled"));
        }
        let message = format!("whether generation {number} was created is unknown, and it may be {}", named(&found));
        let address = &record.address;
        let help =
            format!("find out which it is, and say `keywright recover {address} --found ID`, or `--absent`: its keys have no labels");
        Err(Failure::new(Code::PlanAmbiguous, message).help(help))
    }

    /// Whether a refused create has certainly made nothing, where no marker would tell: nothing is listed that was made since.
    pub(super) async fn is_unseen(&self, generation: &Generation) -> bool {
        let made_since = |found: Vec<ObservedKey>| found.iter().any(|key| key.created_at.is_some());
        self.capabilities.label.none && self.candidates(generation).await.is_ok_and(|found| !made_since(found))
    }

    /// Listed keys that no record knows before a create, where no marker will tell which key it has made. Asks nothing elsewhere.
    pub(super) async fn beside(&self) -> Result<Vec<String>, Failure> {
        if !self.capabilities.label.none {
            return Ok(Vec::new());
        }
        let listed = self.provider.list().await.map_err(|error| Failure::provider("read the list before the create", error))?;
        let records = self.records.borrow();
        let mut ids: Vec<String> = super::strangers(records.values(), &listed).map(|key| key.id.clone()).collect();
        ids.sort();
        Ok(ids)
    }

    /// Listed keys that an intent may have made.
    async fn candidates(&self, generation: &Generation) -> Result<Vec<ObservedKey>, Failure> {
        let listed = self.provider.list().await.map_err(|error| Failure::provider("look for what a create has made", error))?;
        let records = self.records.borrow();
        let unknown = super::strangers(records.values(), &listed);
        Ok(unknown.filter(|key| key.may_be(generation)).cloned().collect())
    }
}

fn named(candidates: &[ObservedKey]) -> String {
    one_of(candidates.iter().map(|key| key.id.as_str()))
}
