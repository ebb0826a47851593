//! What a person is asked to do, in the words of the provider's runbooks. Decides nothing.
use std::collections::BTreeMap;

use super::super::AttendedInput;
use super::super::change::AttendedStep;
use super::super::compare::{day, wanted_end};
use super::super::notes::words;
use super::super::standing::Key;
use super::{Kind, Work};
use crate::model::{DesiredKey, GenerationState, Options, Request, ScopeSet};
use crate::profile::Catalogue;
use crate::profile::runbook::{RunbookValues, ScopeGroup};

/// The work in words.
pub(super) fn runbook(key: &Key, attended: &AttendedInput, work: Work) -> AttendedStep {
    let revokes = work.kind == Kind::Revoke;
    let desired = key.desired.filter(|_| !revokes);
    let none = (ScopeSet::new(), Options::new());
    let (scopes, options) = match (desired, work.generation) {
        (Some(desired), _) => (&desired.scopes, &desired.options),
        (None, Some(generation)) => (&generation.scopes, &generation.options),
        (None, None) => (&none.0, &none.1),
    };
    let grants = key.grants_of(options);
    let runbooks = grants.map_or(attended.runbooks, |grants| &grants.runbooks);
    let runbook = if revokes { &runbooks.revoke } else { &runbooks.create };
    let label = match (work.generation, desired) {
        (Some(generation), _) => RunbookValues::exactly(&generation.label),
        (None, Some(desired)) => RunbookValues::exactly(&format!("{} …", desired.label)),
        (None, None) => String::new(),
    };
    let verb = if grants.is_some() && !revokes { "authorize" } else { "fulfil" };
    let mut command = format!("keywright {verb} {}", key.address);
    if revokes {
        command.push_str(" --revoked");
    }
    // Without it, the command would be taken as the word on what becomes due before somebody runs it, too.
    if let Some(generation) = work.generation.filter(|_| revokes) {
        command.push_str(&format!(" --generation {}", generation.number));
    }
    let settable = key.account.capabilities.expiry.settable;
    let asked = |desired: &DesiredKey| wanted_end(key.account.capabilities, desired.expiry, key.now);
    let end = work.generation.and_then(|generation| generation.expires_at).or_else(|| desired.and_then(asked)).filter(|_| settable);
    // One that is compromised gets no overlap: the step that revokes it follows at once.
    let stays = !revokes && key.carried() != Some(Request::Compromised);
    let previous = key.current().filter(|current| stays && current.state == GenerationState::Active);
    let owner = key.desired.and_then(|desired| desired.owner.as_deref().map(str::to_owned));
    let filled = runbook.fill(&RunbookValues {
        key: key.address.to_string(),
        label,
        opened: work.generation.is_some(),
        owner: owner.clone(),
        purpose: key.desired.and_then(|desired| desired.purpose.as_deref().map(str::to_owned)),
        groups: groups(key.account.catalogue, scopes),
        end: end.map(day),
        command: RunbookValues::exactly(&command),
        previous: previous.map(|previous| RunbookValues::exactly(&previous.label)),
        overlap: desired.map(|desired| words(desired.overlap)),
        doubtful: work.generation.is_some_and(|generation| generation.state == GenerationState::Attended),
        environment: attended.environment.map(str::to_owned),
        params: attended.params.clone(),
        options: attended.options.iter().map(|name| (name.clone(), options.get(name).cloned().unwrap_or_default())).collect(),
    });
    AttendedStep {
        address: key.address.clone(),
        kind: work.kind.as_str().to_owned(),
        title: filled.title,
        steps: filled.steps,
        command,
        link: runbook.link.clone(),
        minutes: runbook.minutes,
        owner,
        label: work.generation.map(|generation| generation.label.clone()),
        generation: work.generation.map(|generation| generation.number),
    }
}

/// The scopes under the headings of the provider's page, in the order in which a manifest would have them.
fn groups(catalogue: &Catalogue, scopes: &ScopeSet) -> Vec<ScopeGroup> {
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    let mut groups: Vec<ScopeGroup> = Vec::new();
    for scope in scopes.iter().filter(|scope| !catalogue.is_implied(scope)) {
        let name = catalogue.spec().scopes.get(scope).and_then(|spec| spec.group.as_deref()).unwrap_or_default();
        let at = *places.entry(name).or_insert_with(|| {
            groups.push(ScopeGroup { name: name.to_owned(), access: Vec::new(), scopes: Vec::new() });
            groups.len() - 1
        });
        groups[at].scopes.push(scope.to_string());
        let access = catalogue.describe(scope).access.map_or("unknown", |access| access.as_str()).to_owned();
        if !groups[at].access.contains(&access) {
            groups[at].access.push(access);
        }
    }
    groups.iter_mut().for_each(|group| group.access.sort());
    groups
}
