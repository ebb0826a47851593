//! Who opens more, or less, after the merge: public keys that come to a group or leave it, and those that the defaults let in.
use std::collections::BTreeSet;

use super::{Sides, addresses, highest, row};
use crate::model::{Address, Recipients, Risk};
use crate::plan::{TrustedChange, TrustedKind};
use crate::workspace::Workspace;

/// Public keys that come to a group or leave it, in their canonical form.
pub(super) fn recipients(sides: &Sides<'_>) -> Vec<TrustedChange> {
    let (old, new) = (trusted_recipients(sides), &sides.proposed.workspace.recipients);
    let groups: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let mut all = Vec::new();
    for group in groups {
        let is_new = !old.contains_key(group);
        let of = |side: &Recipients| side.get(group).cloned().unwrap_or_default().into_iter().collect::<BTreeSet<String>>();
        let (old, new) = (of(&old), of(new));
        let subject = format!("recipients.{group}");
        let using = |workspace: &Workspace| addresses(workspace.keys.values().filter(|key| key.recipients.contains_key(group)));
        for key in new.difference(&old) {
            let mut concerns = using(&sides.proposed.workspace);
            // The trusted side has new groups, too.
            concerns.retain(|address| is_new || opens(sides, key, address));
            all.push(newcomer(sides, &subject, key, "a new recipient", concerns));
        }
        for key in old.difference(&new) {
            let why = "no longer a recipient: every key of the group gets a new generation, since what was sealed can still be opened";
            let concerns = using(sides.trusted);
            all.push(TrustedChange {
                before: Some(key.clone()),
                concerns,
                ..row(TrustedKind::RecipientRemoved, &subject, why, Risk::Medium)
            });
        }
    }
    all
}

/// Whether a public key opens the next secret of a key after the merge, and does not before.
fn opens(sides: &Sides<'_>, public: &str, address: &Address) -> bool {
    let of = |workspace: &Workspace| {
        let key = workspace.keys.get(address);
        key.is_some_and(|key| key.recipients.values().flatten().any(|recipient| recipient == public))
    };
    of(&sides.proposed.workspace) && !of(sides.trusted)
}

/// Public keys that the defaults let into keys which say nothing, and that were in their groups before.
pub(super) fn by_defaults(sides: &Sides<'_>) -> impl Iterator<Item = TrustedChange> {
    let known: BTreeSet<String> = trusted_recipients(sides).into_values().flatten().collect();
    let proposed = &sides.proposed.workspace.keys;
    known.into_iter().filter_map(|public| {
        let concerns: Vec<Address> = proposed.keys().filter(|address| opens(sides, &public, address)).cloned().collect();
        (!concerns.is_empty()).then(|| newcomer(sides, "defaults.recipients", &public, "let in by the defaults", concerns))
    })
}

/// The row of a public key that opens more from the next secrets on.
fn newcomer(sides: &Sides<'_>, subject: &str, public: &str, what: &str, concerns: Vec<Address>) -> TrustedChange {
    let risk = highest(&sides.proposed.workspace, &concerns).map_or(Risk::Medium, |risk| risk.max(Risk::High));
    let why = match concerns.len() {
        0 => format!("{what}, who opens no key yet that was closed before"),
        1 => format!("{what}: could open the next secret of 1 key"),
        n => format!("{what}: could open the next secrets of {n} keys"),
    };
    TrustedChange { after: Some(public.to_owned()), concerns, ..row(TrustedKind::RecipientAdded, subject, why, risk) }
}

/// The groups of the commit alone: the trusted workspace has those of the working tree that are new, too.
fn trusted_recipients(sides: &Sides<'_>) -> Recipients {
    let own = |name: &String| !sides.trusted.untrusted.groups.contains(name);
    sides.trusted.recipients.iter().filter(|(name, _)| own(name)).map(|(name, keys)| (name.clone(), keys.clone())).collect()
}
