//! A change in the making: its action and steps, the key before and after, and what else a reader should know.
use std::collections::BTreeMap;

use super::access::{difference, reach};
use super::compare::{Differences, expires_at, granted, is_close, wanted_end};
use super::later::Beyond;
use super::notes::own_notes;
use super::rows::is_over;
use super::standing::{Key, Seen, Wanted};
use super::{AccessDiff, Action, Change, EditField, KeyView, LongerOverlap, PlanStep, options};
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{DesiredKey, Expiry, Generation, GenerationState, Request, ScopeSet};

/// A change in the making.
pub(super) struct Draft {
    pub action: Action,
    pub reason: String,
    pub generation: u32,
    /// Recovery of what an earlier apply left; it comes before the steps.
    pub recovery: Vec<PlanStep>,
    pub steps: Vec<PlanStep>,
    pub before: Option<KeyView>,
    pub after: Option<KeyView>,
    pub notes: Vec<String>,
    pub findings: Vec<Diagnostic>,
    /// Why the change is blocked.
    pub refusal: Option<Diagnostic>,
    pub added: Vec<String>,
    pub removed: Vec<String>,
    pub extended: bool,
    /// Places that never got a secret of the key.
    pub delivered: Vec<String>,
    pub overlap: Option<LongerOverlap>,
    /// Its protection is taken away.
    pub unprotected: bool,
    /// What the new generation was asked for with.
    pub request: Option<Request>,
    /// Its new generation waits for a later plan.
    pub deferred: bool,
    /// What its manifest gives beyond that of the base, whatever the key has now.
    pub beyond: Beyond,
}

impl Key<'_> {
    pub(super) fn warning(&self, code: Code, message: String) -> Diagnostic {
        self.place(Diagnostic::warning(code, message))
    }

    /// Puts a diagnostic at the key's declaration, where it has one.
    pub(super) fn place(&self, diagnostic: Diagnostic) -> Diagnostic {
        match self.desired {
            Some(desired) => diagnostic.at_position(&desired.declared_at),
            None => diagnostic,
        }
    }

    /// Whether the key rolls on from the generation: its next one gives nothing that this one did not, however late it comes.
    fn goes_on(&self, generation: &Generation) -> bool {
        let rolls = self.desired.is_some_and(|desired| matches!(desired.expiry, Expiry::Lifetime(_)));
        rolls && self.wanted() == Wanted::Active && generation.state == GenerationState::Active
    }

    fn view(&self, generation: &Generation) -> Option<KeyView> {
        let observed = self.observed(generation);
        let state = match self.seen(generation) {
            Seen::Missing => return None,
            Seen::Live if is_over(self, generation) && !self.goes_on(generation) => "disabled",
            Seen::Live => "active",
            Seen::Off => "disabled",
            Seen::Unknown if generation.state == GenerationState::Active => "active",
            Seen::Unknown => "disabled",
        };
        Some(KeyView {
            scopes: match (observed, &generation.grant) {
                (None, Some(grant)) => grant.scopes.clone(),
                (Some(_), _) | (None, None) => granted(self, generation, observed),
            },
            expires_at: expires_at(self.account.capabilities, generation, observed),
            state: state.to_owned(),
            label: Some(observed.map_or(&generation.label, |observed| &observed.label).clone()),
            options: observed
                .map(|observed| &observed.options)
                .filter(|options| !options.is_empty())
                .unwrap_or(&generation.options)
                .clone(),
        })
    }
}

impl Draft {
    /// Nothing happens, and nothing is shown: the case of most keys, kept cheap.
    pub fn empty(key: &Key) -> Self {
        Self {
            action: Action::None,
            reason: String::new(),
            generation: key.current().map_or_else(|| key.next_number(), |current| current.number),
            recovery: Vec::new(),
            steps: Vec::new(),
            after: None,
            before: None,
            notes: Vec::new(),
            findings: Vec::new(),
            refusal: None,
            added: Vec::new(),
            removed: Vec::new(),
            extended: false,
            delivered: Vec::new(),
            overlap: None,
            unprotected: false,
            request: None,
            deferred: false,
            beyond: Beyond::default(),
        }
    }

    /// Nothing happens yet: the key stays as it is.
    pub fn rest(key: &Key) -> Self {
        let view = key.current().and_then(|current| key.view(current));
        Self { after: view.clone(), before: view, ..Self::empty(key) }
    }

    /// Whether a new generation is made.
    pub fn issues(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, PlanStep::Create { .. }))
    }

    /// Whether a person is asked to make a new generation that the ledger does not say yet.
    pub fn opens(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, PlanStep::Open { .. }))
    }

    /// Blocks the change.
    pub fn refuse(&mut self, refusal: Diagnostic) {
        self.action = Action::Blocked;
        self.refusal = Some(refusal);
    }

    /// The key itself stays as it is: only older generations, or the ledger, change.
    pub fn stay(&mut self, key: &Key) {
        let Self { before, after, .. } = Self::rest(key);
        (self.before, self.after) = (before, after);
        (self.added, self.removed, self.extended) = (Vec::new(), Vec::new(), false);
    }

    pub fn issue(mut self, key: &Key, desired: &DesiredKey, action: Action, reason: &str) -> Self {
        self.action = action;
        self.reason = reason.to_owned();
        self.generation = key.next_number();
        self.request = key.carried();
        self.steps.push(PlanStep::Create { generation: self.generation });
        self.after = Some(KeyView {
            scopes: desired.scopes.clone(),
            expires_at: wanted_end(key.account.capabilities, desired.expiry, key.now),
            state: "active".to_owned(),
            label: Some(desired.label.to_string()),
            options: desired.options.clone(),
        });
        self
    }

    pub fn end(mut self, key: &Key, action: Action, current: &Generation, steps: Vec<PlanStep>, reason: &str) -> Self {
        self.action = action;
        self.reason = reason.to_owned();
        self.generation = current.number;
        self.steps.extend(steps);
        let stays = key.desired.is_some() && action != Action::Delete;
        self.after = self.before.clone().filter(|_| stays).map(|view| KeyView { state: "disabled".to_owned(), ..view });
        self
    }

    pub fn edit(&mut self, key: &Key, desired: &DesiredKey, current: &Generation, found: &Differences) {
        if !found.fields.is_empty() {
            self.steps.push(PlanStep::Edit { generation: current.number, fields: found.fields.clone() });
        }
        let before = self.before.clone();
        let has = |field| found.fields.contains(&field);
        if let Some(view) = &mut self.after {
            view.state = "active".to_owned();
            if has(EditField::Scopes) {
                view.scopes = desired.scopes.clone();
            }
            if has(EditField::Expiry) {
                view.expires_at = wanted_end(key.account.capabilities, desired.expiry, current.created_at);
                let earlier = before.as_ref().is_some_and(|before| is_later(key, view, before));
                self.extended = earlier;
            }
            if has(EditField::Options) {
                view.options.retain(|name, _| desired.options.contains_key(name) || !current.options.contains_key(name));
                view.options.extend(desired.options.clone());
            }
            if has(EditField::Label) {
                view.label = Some(current.wanted_label(&desired.label));
            }
        }
    }

    /// Encrypts anew for added recipients or another format, where the plaintext is to be had.
    pub fn reseal(&mut self, key: &Key, desired: &DesiredKey, current: &Generation, found: &Differences) {
        let what = match (found.added.is_empty(), found.format, found.misnamed) {
            (false, _, _) => "a recipient was added",
            (true, true, _) => "the format differs",
            (true, false, true) => "the file has the names of an old address",
            (true, false, false) => return,
        };
        if key.account.capabilities.reveal || key.can_open {
            if self.action == Action::None {
                self.action = Action::Reseal;
                self.reason = what.to_owned();
            } else {
                self.notes.push(format!("{what}: the secret is encrypted anew"));
            }
            self.steps.push(PlanStep::Reseal { generation: current.number });
        } else {
            let rolls = matches!(desired.expiry, Expiry::Lifetime(_));
            let (then, or) = match rolls {
                true => (": the next rotation includes it", "wait for the next rotation"),
                false => ("", "rotate it with `--rotate`: no rotation is due by itself"),
            };
            let message = format!("{what} for `{}`, and its secret cannot be read{then}", key.address);
            let finding = key.warning(Code::PlanResealPending, message);
            self.findings.push(finding.help(format!("run `keywright apply -i IDENTITY`, or {or}")));
        }
    }

    /// Notes who else can open the secret, and whether a new generation lives longer than the last.
    pub fn widen(mut self, key: &Key, desired: &DesiredKey, current: &Generation, found: &Differences) -> Self {
        let reseals = self.steps.iter().any(|step| matches!(step, PlanStep::Reseal { .. }));
        if self.issues() || reseals {
            self.added.clone_from(&found.added);
            self.removed.clone_from(&found.removed);
        }
        if self.issues() {
            let capabilities = key.account.capabilities;
            let old = expires_at(capabilities, current, key.observed(current));
            self.extended = match (desired.expiry, old) {
                (_, None) => false,
                (Expiry::Never, Some(_)) => true,
                (Expiry::At(end), Some(old)) => end > old && !is_close(capabilities, Some(end), Some(old)),
                // A rolling key's next generation is no extension; a longer lifetime is.
                (Expiry::Lifetime(span), Some(old)) => {
                    let had = old.duration_since(current.created_at);
                    span.duration() > had.saturating_add(capabilities.expiry.tolerance.duration())
                }
            };
        }
        self
    }

    /// The finished change, if there is one, and what has to be said.
    pub fn finish(self, key: &Key) -> (Option<Change>, Vec<Diagnostic>) {
        let mut draft = self;
        if let Some(refusal) = draft.refusal.take() {
            draft.reason.clone_from(&refusal.message);
            draft.findings.push(refusal);
            draft.recovery.clear();
            draft.steps.clear();
        }
        let findings = std::mem::take(&mut draft.findings);
        if draft.action == Action::None {
            return (None, findings);
        }
        let access = draft.access(key);
        let mut notes = own_notes(key, &draft, &access);
        notes.append(&mut draft.notes);
        let steps: Vec<PlanStep> = draft.recovery.into_iter().chain(draft.steps).collect();
        let change = Change {
            address: key.address.clone(),
            action: draft.action,
            reason: draft.reason,
            origin: None,
            generation: draft.generation,
            declared_at: key.desired.map(|desired| desired.declared_at.clone()),
            before: draft.before,
            after: draft.after,
            access,
            words: steps.iter().map(|step| step.word().to_owned()).collect(),
            generations: known_by(key, &steps),
            request: draft.request.filter(|_| steps.iter().any(|step| matches!(step, PlanStep::Create { .. } | PlanStep::Open { .. }))),
            steps,
            owner: key.desired.and_then(|desired| desired.owner.as_deref().map(str::to_owned)),
            notes,
        };
        (Some(change), findings)
    }

    fn access(&self, key: &Key) -> AccessDiff {
        let none = ScopeSet::new();
        let (before, after) = (effective(self.before.as_ref(), &none), effective(self.after.as_ref(), &none));
        let had = self.before.as_ref().map_or((false, key.base.flatten().map(|base| &base.options)), KeyView::had);
        let mut access = AccessDiff {
            expiry_extended: self.extended,
            recipients_added: self.added.clone(),
            recipients_removed: self.removed.clone(),
            deliveries_added: self.delivered.clone(),
            overlap: self.overlap,
            protection_removed: self.unprotected,
            options_gained: active(self.after.as_ref())
                .map(|after| options::gained(key.account.options, key.account.catalogue, had, (&after.scopes, &after.options)))
                .unwrap_or_default(),
            ..difference(key.account.catalogue, before, after)
        };
        self.beyond.tell(&mut access);
        if access.widens_beyond_scopes() {
            // What a key that is off opens to them is what it can do when it is on.
            let declared = key.desired.filter(|_| after.is_empty()).map_or(after, |desired| &desired.scopes);
            access.reach = reach(key.account.catalogue, declared);
        }
        access
    }
}

/// What the existing generations that steps concern are known by.
fn known_by(key: &Key, steps: &[PlanStep]) -> BTreeMap<u32, String> {
    let concerned = |generation: &&Generation| steps.iter().any(|step| step.generation() == generation.number);
    let name = |generation: &Generation| generation.marker.as_ref().map(ToString::to_string).or_else(|| generation.id.clone());
    key.generations().filter(concerned).filter_map(|generation| Some((generation.number, name(generation)?))).collect()
}

/// What a key in this state can do: a disabled one can do nothing.
fn effective<'a>(view: Option<&'a KeyView>, none: &'a ScopeSet) -> &'a ScopeSet {
    active(view).map_or(none, |view| &view.scopes)
}

fn active(view: Option<&KeyView>) -> Option<&KeyView> {
    view.filter(|view| view.is_active())
}

fn is_later(key: &Key, view: &KeyView, than: &KeyView) -> bool {
    match (view.expires_at, than.expires_at) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(new), Some(old)) => new > old && !is_close(key.account.capabilities, Some(new), Some(old)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use crate::model::Risk;

    #[test]
    fn what_widens_beyond_scopes_names_the_risk_of_the_whole_key() {
        let mut world = World::settled();
        world.can_open = true;
        world.wanted().scopes = scopes(&["x:key:*"]);
        world.first().scopes = scopes(&["x:key:*"]);
        world.live(1).scopes = Some(scopes(&["x:key:*"]));
        world.wanted().recipients = std::sync::Arc::new(recipients(&[("ops", &["age1a", "age1b", "age1new"]), ("recovery", &["age1c"])]));
        let change = world.change().expect("a change");
        assert_eq!((change.access.recipients_added.len(), change.access.reach), (1, Some(Risk::Critical)), "{change:?}");
    }
}
