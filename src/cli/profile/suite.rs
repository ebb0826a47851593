//! What the checks work with, and what they found.
use std::rc::Rc;

use super::opened::Opened;
use crate::apply::Surroundings;
use crate::cli::exit::Stop;
use crate::cli::host::Host;
use crate::profile::{Catalogue, Profile};
use crate::provider::ProviderError;
use crate::provider::http::HttpProvider;
use crate::provider::witness::Witness;
use crate::render::trial::{Finding, Outcome};

/// One trial of a profile.
pub struct Suite<'a> {
    host: &'a Host,
    pub profile: &'a Profile,
    pub catalogue: Catalogue,
    pub opened: &'a Opened,
    pub provider: HttpProvider,
    pub witness: Rc<Witness>,
    /// Whether a key was made.
    pub wrote: bool,
    findings: Vec<Finding>,
    left: Vec<String>,
}

impl<'a> Suite<'a> {
    /// Opens the account; sends nothing.
    pub fn new(host: &'a Host, profile: &'a Profile, opened: &'a Opened) -> Result<Self, Stop> {
        let catalogue = Catalogue::new(profile.catalogue.clone()).map_err(Stop::message)?;
        let witness = Rc::new(Witness::default());
        let provider = opened.account(witness.clone())?;
        Ok(Self { host, profile, catalogue, opened, provider, witness, wrote: false, findings: Vec::new(), left: Vec::new() })
    }

    /// Whether a signal asked to stop.
    pub fn stopping(&self) -> bool {
        self.host.stopping()
    }

    /// Bytes that nobody can guess.
    pub fn random(&self) -> [u8; 5] {
        self.host.random()
    }

    /// Says on standard error what is done.
    pub fn progress(&self, line: &str) {
        self.host.note(line);
    }

    pub fn said(&mut self, check: &str, says: impl Into<String>) {
        self.add(check, Outcome::Said, says.into(), None);
    }

    /// The provider did otherwise; `change` names the field and what it should say.
    pub fn differs(&mut self, check: &str, says: impl Into<String>, change: impl Into<String>) {
        self.add(check, Outcome::Differs, says.into(), Some(change.into()));
    }

    pub fn remark(&mut self, check: &str, says: impl Into<String>, change: Option<&str>) {
        self.add(check, Outcome::Remark, says.into(), change.map(str::to_owned));
    }

    pub fn not_tried(&mut self, check: &str, why: impl Into<String>) {
        self.add(check, Outcome::NotTried, why.into(), None);
    }

    /// A call that should have worked did not.
    pub fn failed(&mut self, check: &str, error: &ProviderError, operation: &str) {
        let change = match error {
            ProviderError::Unauthenticated(_) => "api.http.auth, or api.http.errors.rows where the credential is right",
            ProviderError::Forbidden(_) => "nothing: the credential lacks a right for this",
            ProviderError::Unreachable(_) | ProviderError::Throttled(_) | ProviderError::Local(_) => "nothing: try again",
            ProviderError::NotFound(_) | ProviderError::Refused(_) | ProviderError::Unanswered(_) | ProviderError::Unsupported(_) => {
                return self.differs(check, error.to_string(), format!("api.http.operations.{operation}, api.http.key"));
            }
        };
        self.differs(check, error.to_string(), change);
    }

    /// Something is left at the provider.
    pub fn leave(&mut self, what: impl Into<String>) {
        self.left.push(what.into());
    }

    pub fn into_findings(self) -> (Vec<Finding>, Vec<String>) {
        (self.findings, self.left)
    }

    fn add(&mut self, check: &str, outcome: Outcome, says: String, change: Option<String>) {
        self.findings.push(Finding { check: check.to_owned(), outcome, says, change });
    }
}
