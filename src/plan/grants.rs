//! Keys that a person grants in a browser: what of them lives by time alone, when they are refreshed, and what is to be said of them.
use jiff::Timestamp;

use super::Due;
use super::compare::{Differences, day};
use super::draft::Draft;
use super::notes::words;
use super::standing::{Key, Wanted};
use super::{Action, EditField, PlanStep};
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{DesiredKey, Generation, GenerationState, Grant, Options, Request, ScopeSet};
use crate::profile::Grants;

impl<'a> Key<'a> {
    /// How keys of these options are granted; `None`: they are no grants.
    pub(super) fn grants_of(&self, options: &Options) -> Option<&'a Grants> {
        self.account.attended.and_then(|attended| attended.grants).filter(|grants| grants.covers(options))
    }

    /// The grant of a generation, and how it was had.
    fn grant<'g>(&self, generation: &'g Generation) -> Option<(&'a Grants, &'g Grant)> {
        self.grants_of(&generation.options).zip(generation.grant.as_ref())
    }
}

fn ends_at(grants: &Grants, grant: &Grant) -> Option<Timestamp> {
    if grant.renewable { grant.issued_at.checked_add(grants.refresh.ends.duration()).ok() } else { Some(grant.access_ends_at) }
}

/// Why a grant is over, whatever its issuer would say; nothing but another authorization helps.
pub(super) fn lapsed(key: &Key, generation: &Generation) -> Option<String> {
    let (grants, grant) = key.grant(generation)?;
    if let Some(at) = grant.refused_at {
        return Some(format!("the issuer refused its refresh token on {}", day(at)));
    }
    key.has_passed(ends_at(grants, grant)).then(|| {
        if grant.renewable {
            format!("it was not refreshed for {}, and has ended", words(grants.refresh.ends))
        } else {
            "it came without a refresh token, and its access token has ended".to_owned()
        }
    })
}

/// Takes out of the differences what is none for a grant: it has no name at the provider, and a person may have allowed just what is wanted now.
pub(super) fn excuse(key: &Key, desired: &DesiredKey, live: &Generation, found: &mut Differences) {
    let Some((_, grant)) = key.grant(live) else { return };
    let as_granted = key.account.catalogue.is_equivalent(&desired.scopes, &grant.scopes);
    let counts = |field: &EditField| *field != EditField::Label && !(as_granted && *field == EditField::Scopes);
    found.fields.retain(counts);
    found.forced.retain(counts);
}

/// Refreshes a live grant before it ends, and where an earlier run was interrupted at that.
pub(super) fn refresh(key: &Key, live: &Generation, draft: &mut Draft) {
    let Some((grants, grant)) = key.grant(live).filter(|(_, grant)| grant.renewable) else { return };
    let due = key.has_passed(grant.issued_at.checked_add(grants.refresh.due.duration()).ok());
    let reseals = draft.steps.iter().any(|step| matches!(step, PlanStep::Reseal { .. }));
    if !key.can_open || reseals || !(due || live.asking_since.is_some()) {
        return;
    }
    let reason = match live.asking_since {
        Some(_) => "an earlier run was interrupted while it refreshed the grant".to_owned(),
        None => format!("its tokens are of {}: they are refreshed", day(grant.issued_at)),
    };
    if draft.action == Action::None {
        (draft.action, draft.reason) = (Action::Reseal, reason);
    } else {
        draft.notes.push(reason);
    }
    draft.steps.push(PlanStep::Reseal { generation: live.number });
}

/// Whether the grants before this one stay since it was not seen to work. What is compromised ends all the same.
pub(super) fn waits_for_proof(key: &Key, current: &Generation) -> bool {
    let compromised = [current.request, key.carried()].contains(&Some(Request::Compromised));
    current.unverified && !compromised && key.grants_of(&current.options).is_some()
}

/// How a grant that is not wanted ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// It is over, or was never given: only the ledger changes.
    Over,
    /// Apply revokes it.
    Revoke,
    /// A person does.
    Person,
}

/// How a generation ends; `None`: it is no grant.
pub(super) fn end(key: &Key, generation: &Generation) -> Option<End> {
    let grants = key.grants_of(&generation.options)?;
    // Tokens may have been given that are not here, and a refusal may be of the client: what is here proves nothing.
    let doubtful = generation.asking_since.max(generation.grant.as_ref().and_then(|grant| grant.refused_at));
    if let Some(since) = doubtful {
        let ends = since.checked_add(grants.refresh.ends.duration()).ok();
        return Some(if key.has_passed(ends) { End::Over } else { End::Person });
    }
    if generation.state == GenerationState::Attended {
        return Some(End::Over);
    }
    let at_hand = generation.sealed.is_some() || generation.grant.as_ref().is_some_and(|grant| grant.kept);
    Some(if lapsed(key, generation).is_some() {
        End::Over
    } else if at_hand && key.can_open {
        End::Revoke
    } else {
        End::Person
    })
}

/// When a live grant ends unless it is refreshed before, where that is near.
pub(super) fn due(key: &Key, soon: Timestamp) -> Option<Due> {
    let live = key.current().filter(|current| current.state == GenerationState::Active)?;
    let (grants, grant) = key.grant(live)?;
    let at = ends_at(grants, grant).filter(|at| grant.renewable && *at <= soon)?;
    Some(Due { address: key.address.clone(), kind: "idle".to_owned(), at })
}

/// What every plan says of a grant: that it should be refreshed, that it is not what was asked for, that a run died while tokens were asked for.
pub(super) fn findings(key: &Key) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    found.extend(key.generations().filter_map(|generation| interrupted(key, generation)));
    let live = key.current().filter(|current| current.state == GenerationState::Active && key.wanted() == Wanted::Active);
    let Some((live, desired)) = live.zip(key.desired) else { return found };
    let Some((grants, grant)) = key.grant(live) else { return found };
    found.extend(differing(key, desired, live, grant));
    let address = &key.address;
    let old = key.has_passed(grant.issued_at.checked_add(grants.refresh.due.duration()).ok());
    let over = lapsed(key, live).is_some();
    if !grant.renewable && !over {
        let message = format!("`{address}` came without a refresh token: it ends with its access token, at {}", grant.access_ends_at);
        found.push(key.warning(Code::PlanIdle, message).help("authorize it again, and allow the application to stay connected"));
    } else if grant.renewable && old && !over && !key.can_open {
        let end = ends_at(grants, grant).map(day).unwrap_or_default();
        let message = format!("`{address}` was last refreshed on {}: not refreshed, it ends on {end}", day(grant.issued_at));
        found.push(key.warning(Code::PlanIdle, message).help(format!("run `keywright verify {address} -i IDENTITY`, best on a schedule")));
    }
    found
}

fn interrupted(key: &Key, generation: &Generation) -> Option<Diagnostic> {
    let (address, since) = (&key.address, generation.asking_since?);
    let (message, help) = match generation.state {
        GenerationState::Active => (
            format!("`{address}` was being refreshed when a run ended at {since}: whether the issuer gave new tokens is not known"),
            format!(
                "run `keywright verify {address} -i IDENTITY`: it tries the token that is here; if that is refused, `keywright authorize {address}`"
            ),
        ),
        GenerationState::Attended => (
            format!(
                "a grant of `{address}` was being redeemed when a run ended at {since}: whether it was given is not known, and nobody has its tokens"
            ),
            format!(
                "take it away at the provider, and run `keywright fulfil {address} --revoked --generation {}`; `keywright authorize {address}` asks for another",
                generation.number
            ),
        ),
        // Another was authorized since: how this one ends is said when it is due.
        GenerationState::Intended
        | GenerationState::Created
        | GenerationState::Sealed
        | GenerationState::Retiring
        | GenerationState::Disabled
        | GenerationState::Deleted
        | GenerationState::Ambiguous
        | GenerationState::Lost
        | GenerationState::Vanished
        | GenerationState::Expired => return None,
    };
    Some(key.warning(Code::GrantInterrupted, message).help(help))
}

/// What a person did not grant of what is declared, or granted beyond it. Asking again by itself would ask the same person the same question.
fn differing(key: &Key, desired: &DesiredKey, live: &Generation, grant: &Grant) -> Option<Diagnostic> {
    let (catalogue, address) = (key.account.catalogue, &key.address);
    // Where something else was asked for, the change says so.
    if !catalogue.is_equivalent(&desired.scopes, &live.scopes) {
        return None;
    }
    let beyond = |left: &ScopeSet, right: &ScopeSet| {
        let right = catalogue.canonical_set(right);
        let left = catalogue.canonical_set(left);
        left.iter().filter(|scope| !catalogue.any_covers(&right, scope)).map(|scope| format!("`{scope}`")).collect::<Vec<_>>().join(", ")
    };
    let (lacks, more) = (beyond(&desired.scopes, &grant.scopes), beyond(&grant.scopes, &desired.scopes));
    let message = match (lacks.is_empty(), more.is_empty()) {
        (true, true) => return None,
        (false, true) => format!("`{address}` was granted without {lacks}, which its manifest names"),
        (true, false) => format!("`{address}` was granted with {more}, which its manifest does not name"),
        (false, false) => format!("`{address}` was granted without {lacks}, and with {more}"),
    };
    let help = format!("run `keywright authorize {address}` to ask again, or declare what was granted; nobody is asked again by itself");
    Some(key.warning(Code::GrantDiffers, message).help(help))
}
