//! A simulated place that consumes secrets: what it was given stays there, whatever becomes of the program.
use std::cell::RefCell;
use std::rc::Rc;

use async_trait::async_trait;

use super::world::{Fault, World};
use crate::delivery::{Delivery, DeliveryError, Parcel, Proof};
use crate::model::{Fingerprint, Held};
use crate::profile::HttpApi;
use crate::seam;

/// What the place has: a secret, and what says which.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    pub secret: String,
    pub fingerprint: Fingerprint,
}

/// The place, opened.
pub struct SimPlace(pub Rc<RefCell<World>>);

#[async_trait(?Send)]
impl Delivery for SimPlace {
    /// Where the provider reveals, the place does not tell what it has: both ways are walked.
    async fn observe(&self) -> Result<Held, DeliveryError> {
        seam::reach("asking the place");
        let world = self.0.borrow();
        Ok(match &world.place {
            None => Held::Nothing,
            Some(_) if world.kind.reveal => Held::Something,
            Some(stored) => Held::Ours(stored.fingerprint.clone()),
        })
    }

    async fn deliver(&self, parcel: &Parcel<'_>) -> Result<Proof, DeliveryError> {
        seam::reach("before delivering");
        let secret = parcel.secret.part("secret").unwrap_or_default().to_owned();
        let fault = self.0.borrow_mut().fault("deliver");
        if matches!(fault, Fault::Unheard | Fault::Refused | Fault::Throttled | Fault::Unreachable) {
            return Err(DeliveryError::Unanswered(format!("{fault:?}")));
        }
        self.0.borrow_mut().place = Some(Stored { secret, fingerprint: parcel.fingerprint.clone() });
        seam::reach("after delivering");
        if fault == Fault::None { Ok(Proof::Works) } else { Err(DeliveryError::Unanswered(format!("{fault:?}"))) }
    }

    async fn prove(&self, _: Option<&HttpApi>) -> Result<Proof, DeliveryError> {
        seam::reach("trying the place");
        Ok(Proof::Works)
    }
}
