//! Keys that die when nobody uses them: when that would be, and when a plan warns of it.
use jiff::{SignedDuration, Timestamp};

use super::Due;
use super::grants;
use super::standing::Key;
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Generation, GenerationState};

/// As far ahead as a plan looks.
const SOON: SignedDuration = SignedDuration::from_hours(30 * 24);

/// The live generation of a key that can idle out, and when it was last known to be used.
fn idling<'a>(key: &Key<'a>) -> Option<(&'a Generation, Timestamp)> {
    let current = key.current().filter(|current| current.state == GenerationState::Active)?;
    let shown = key.observed(current).and_then(|observed| observed.last_used_at);
    let used = [Some(current.created_at), current.last_verified_at, shown].into_iter().flatten().max()?;
    Some((current, used))
}

/// Whether it lives by refresh tokens: of these is told elsewhere.
fn is_granted(key: &Key) -> bool {
    key.current().is_some_and(|current| key.grants_of(&current.options).is_some())
}

/// When the key dies unless it is used before, where that is near.
pub(super) fn due(key: &Key) -> Option<Due> {
    let soon = key.now.checked_add(SOON).unwrap_or(Timestamp::MAX);
    if is_granted(key) {
        return grants::due(key, soon);
    }
    let idle = key.account.capabilities.idle_expiry?;
    let (_, used) = idling(key)?;
    let at = used.checked_add(idle.after.duration()).ok()?;
    (at <= soon).then(|| Due { address: key.address.clone(), kind: "idle".to_owned(), at })
}

/// The warning of a live key whose own secret was refused, and has not worked since.
pub(super) fn refused(key: &Key) -> Option<Diagnostic> {
    let (current, _) = idling(key)?;
    let since = super::compare::day(current.refused_at?);
    let message = format!("the secret of `{}` was refused on {since}: who uses it is locked out", key.address);
    let help =
        format!("run `keywright plan --rotate {0}` for a new one, or `keywright verify {0} -i IDENTITY` if it works again", key.address);
    Some(key.warning(Code::PlanRefusedSecret, message).help(help))
}

/// The warning of a key that has not been seen to work for too long.
pub(super) fn finding(key: &Key) -> Option<Diagnostic> {
    let idle = key.account.capabilities.idle_expiry.filter(|_| !is_granted(key))?;
    let (_, used) = idling(key).filter(|(current, _)| current.refused_at.is_none())?;
    if used.checked_add(idle.warn.duration()).ok()? > key.now {
        return None;
    }
    let days = key.now.duration_since(used).as_hours() / 24;
    let dies = used.checked_add(idle.after.duration()).ok()?;
    let end = if dies <= key.now { "may have died".to_owned() } else { format!("dies on {}", super::compare::day(dies)) };
    let message = format!("`{}` was last seen to work {days} days ago: unused, it {end}", key.address);
    Some(key.warning(Code::PlanIdle, message).help(format!("run `keywright verify {} -i IDENTITY`, best on a schedule", key.address)))
}
