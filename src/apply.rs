//! Carries out a plan by the protocol that loses no secret.
pub mod journal;
