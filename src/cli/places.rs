//! Places that consume secrets: opened with their credentials, and asked what they hold.
use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt as _, stream};
use jiff::Timestamp;

use super::credentials::describe;
use super::session::{Observed, Session};
use crate::apply::{Opening, Place, Places};
use crate::delivery::{self, Access};
use crate::diagnostics::{Code, Diagnostic, Severity};
use crate::model::{Address, DesiredState, Name};
use crate::plan::DeliveryInput;
use crate::provider::transport::Limits;
use crate::workspace::Delivery;

/// Requests to places that are under way at the same time.
const AT_ONCE: usize = 8;

/// What all of them give, in their order.
async fn paced<F: Future>(all: impl Iterator<Item = F>) -> Vec<F::Output> {
    stream::iter(all).buffered(AT_ONCE).collect().await
}

impl Session<'_> {
    /// Opens the places of the chosen keys; of all keys when none are chosen.
    pub fn places(&self, only: &BTreeSet<Address>) -> Places {
        let chosen = self.workspace.keys.values().filter(|key| only.is_empty() || only.contains(&key.address));
        let names: BTreeSet<&Name> = chosen.flat_map(|key| &key.deliver).collect();
        let trusted = |name: &&Name| !self.workspace.untrusted.deliveries.contains(*name);
        let declared = names.into_iter().filter(trusted).filter_map(|name| self.workspace.deliveries.get_key_value(name));
        declared
            .map(|(name, delivery)| (name.clone(), Place { target: delivery.target.clone(), opening: self.open_place(delivery) }))
            .collect()
    }

    /// Opens one place; sends nothing.
    pub fn open_place(&self, delivery: &Delivery) -> Opening {
        #[cfg(test)]
        if let Some(place) = crate::seam::place(&delivery.target.name) {
            return Opening::Api(place);
        }
        if delivery.kind().is_attended() {
            return Opening::Attended;
        }
        let name = &delivery.target.name;
        let unusable = |code, message: String| Opening::Unusable(Box::new(Diagnostic::error(code, message)));
        let Some(reference) = &delivery.credential else {
            return unusable(Code::CredentialMissing, format!("the delivery `{name}` names no credential"));
        };
        let credential = match self.credential_of(&format!("delivery `{name}`"), reference) {
            Ok(credential) => credential,
            Err(diagnostic) => return Opening::Unusable(diagnostic),
        };
        if credential.trim().chars().any(|c| !c.is_ascii_graphic()) {
            let message = format!("the credential of delivery `{name}` is no token: it comes from {}", describe(reference));
            return unusable(Code::CredentialInvalid, message);
        }
        let access = Access { target: &delivery.target, credential, clock: Timestamp::now, limits: Limits::default() };
        match delivery::open(access) {
            Ok(place) => Opening::Api(place),
            Err(error) => unusable(Code::DeliverFailed, format!("the delivery `{name}` cannot be opened: {error}")),
        }
    }

    /// What the planner is told of the places.
    pub(super) fn delivery_inputs(&self, observed: &Observed) -> BTreeMap<Name, DeliveryInput<'_>> {
        let deliveries = self.workspace.deliveries.iter().map(|(name, delivery)| {
            let (kind, target, held) = (delivery.kind(), &delivery.target, observed.held.get(name).cloned());
            (name.clone(), DeliveryInput { target, runbook: kind.runbook(), held, tries: (kind.tries)(&target.params) })
        });
        deliveries.collect()
    }

    /// Asks the places what they hold, a few at a time. Only those are asked that should hold something, now or once their key is made.
    pub async fn look_at(&self, places: &Places, observed: &mut Observed) {
        let live = |name: &Name| self.workspace.keys.values().any(|key| key.state == DesiredState::Active && key.deliver.contains(name));
        let asked = places.iter().filter(|(name, _)| live(name)).map(|(name, place)| async move {
            let held = match &place.opening {
                Opening::Attended => return None,
                Opening::Api(api) => api.observe().await.map_err(|error| error.to_string()),
                Opening::Unusable(diagnostic) => Err(diagnostic.message.clone()),
            };
            Some((name.clone(), held))
        });
        for (name, held) in paced(asked).await.into_iter().flatten() {
            match held {
                Ok(held) => drop(observed.held.insert(name, held)),
                Err(why) => {
                    let message = format!("what `{name}` holds was not looked at: {why}");
                    let finding = Diagnostic::new(Code::DeliverUnobserved, Severity::Note, message);
                    observed.findings.push(finding.help("changes made there by hand are not seen; the ledger is believed"));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test]
    async fn many_places_are_not_asked_all_at_once() {
        let (now, most) = (Cell::new(0), Cell::new(0));
        let (now, most) = (&now, &most);
        let ask = |number: usize| async move {
            now.set(now.get() + 1);
            most.set(most.get().max(now.get()));
            tokio::task::yield_now().await;
            now.set(now.get() - 1);
            number
        };
        assert_eq!(paced((0..100).map(ask)).await, (0..100).collect::<Vec<_>>());
        assert_eq!(most.get(), AT_ONCE);
    }
}
