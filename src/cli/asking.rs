//! What a person asks beyond the manifests: `--rotate`, `--compromised`, `--allow`. Refused before any request when it cannot be meant.
use std::collections::BTreeSet;

use super::args::Asking;
use super::exit::{Exit, Stop};
use super::session::Session;
use crate::diagnostics::{Code, Diagnostic, suggest};
use crate::model::{Address, Allowance, DesiredState, Expiry, Name, Request};
use crate::plan::{Asked, Plan};

/// The words of the command line, each of them possible. `only`: the chosen keys; empty: all.
pub fn asked(session: &Session<'_>, asking: &Asking, only: &BTreeSet<Address>) -> Result<Asked, Stop> {
    let request = if asking.compromised { Request::Compromised } else { Request::Rotate };
    for address in &session.only(&asking.rotate)? {
        possible(session, address, only)?;
    }
    let gone = |name: &Name| !session.workspace.accounts.contains_key(name);
    for allowance in &asking.allow {
        match allowance {
            Allowance::MaxCreates(_) | Allowance::MaxDisables(_) | Allowance::MaxRotations(_) | Allowance::Empty => {}
            Allowance::Shrunk(name) if gone(name) => {
                let mut stop = Diagnostic::error(Code::CommandUsage, format!("`--allow {allowance}`: there is no account `{name}`"));
                stop.help = suggest::did_you_mean(name.as_str(), session.workspace.accounts.keys().map(Name::as_str));
                return Err(Stop::with(Exit::Error, stop));
            }
            Allowance::AccountGone(name) if !gone(name) => {
                return Err(Stop::message(format!("`--allow {allowance}`: the account `{name}` is in `keywright.yaml`")));
            }
            Allowance::Shrunk(_) | Allowance::AccountGone(_) => {}
        }
    }
    let rotate = asking.rotate.iter().map(|address| (address.clone(), request)).collect();
    Ok(Asked { rotate, allow: asking.allow.iter().cloned().collect() })
}

/// Refuses to rotate what nobody wants to live.
fn possible(session: &Session<'_>, address: &Address, only: &BTreeSet<Address>) -> Result<(), Stop> {
    let now = session.host.clock().now();
    let refused = |why: &str, help: &str| {
        let message = format!("`{address}` cannot be rotated: {why}");
        Err(Stop::with(Exit::Error, Diagnostic::error(Code::PlanCannotRotate, message).help(help)))
    };
    if !only.is_empty() && !only.contains(address) {
        return refused("it is not among the chosen keys", "name it as an address, too; nothing was changed");
    }
    let Some(key) = session.workspace.keys.get(address) else {
        return refused("no manifest declares it", "declare it first; nothing was changed");
    };
    match (key.state, key.expiry) {
        (DesiredState::Disabled, _) => refused("the manifests want it disabled", "set `state: active` first; nothing was changed"),
        (DesiredState::Active, Expiry::At(end)) if end <= now => {
            refused("it has expired", "move `expires` to a later day: that creates it anew; nothing was changed")
        }
        (DesiredState::Active, Expiry::At(_) | Expiry::Lifetime(_) | Expiry::Never) => Ok(()),
    }
}

/// The requests of a saved plan, with what this run allows beyond it. What the command line asks for must be in the plan.
pub fn approved(approved: &Plan, asked: Asked) -> Result<Asked, Stop> {
    for (address, request) in &asked.rotate {
        if approved.requests.get(address).is_none_or(|approved| approved < request) {
            let message = format!("the saved plan does not ask for this rotation of `{address}`");
            let help = "plan again with `--rotate`, and have that plan approved; nothing was changed";
            return Err(Stop::with(Exit::Refused, Diagnostic::error(Code::PlanExceedsApproved, message).help(help)));
        }
    }
    Ok(Asked { rotate: approved.requests.clone(), allow: approved.allowed.union(&asked.allow).cloned().collect() })
}
