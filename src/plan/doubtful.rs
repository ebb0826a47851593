//! Creates without an answer at a provider whose keys have no labels, and keys that they may have made.
use super::Action;
use super::draft::Draft;
use super::standing::Key;
use crate::diagnostics::Code;
use crate::model::Generation;
use crate::model::text_safety::one_of;

/// A create without an answer at a provider whose keys have no labels, and keys that it may have made. Nothing is issued, and nothing ended on a guess.
pub(super) fn in_doubt(key: &Key, draft: &mut Draft, generation: &Generation) {
    let candidates = key.candidates(generation);
    let ids = one_of(candidates.iter().map(|candidate| candidate.id.as_str()));
    let (address, number) = (&key.address, generation.number);
    let message = format!("whether generation {number} of `{address}` was created is unknown, and it may be {ids}");
    let help = format!("find out which it is, and say `keywright recover {address} --found ID`, or `--absent`: its keys have no labels");
    let finding = key.warning(Code::PlanAmbiguous, message).help(help);
    if draft.refusal.is_none() && (draft.action == Action::None || draft.issues()) {
        if draft.action == Action::None {
            draft.generation = number;
            draft.stay(key);
        }
        draft.refuse(finding);
    } else {
        draft.findings.push(finding);
    }
}

/// Keys that have shown up since a create without an answer was given up. Nothing waits for a word on them.
pub(super) fn came_late(key: &Key, draft: &mut Draft, generation: &Generation) {
    let candidates = key.candidates(generation);
    if candidates.is_empty() {
        return;
    }
    let ids = one_of(candidates.iter().map(|candidate| candidate.id.as_str()));
    let (address, number) = (&key.address, generation.number);
    let message =
        format!("{ids} may be what the unanswered create of generation {number} of `{address}` has made: a live key whose secret is lost");
    let help = format!("end it by `keywright recover {address} --found ID`, or say `--absent` if it is somebody else's");
    draft.findings.push(key.warning(Code::PlanAmbiguous, message).help(help));
}
