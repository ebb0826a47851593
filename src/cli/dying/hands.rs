//! Other people at the provider: between any two requests they make and remove keys of their own, and meddle with ours.
use super::world::World;
use crate::model::{Options, ScopeSet};
use crate::profile::Disable;

impl World {
    /// Sometimes, somebody does something. Only what a plan can see is done to a key of ours.
    pub fn meddle(&mut self) {
        let Some(mut chaos) = self.chaos.take() else { return };
        if chaos.random.chance(chaos.hands) {
            let ours: Vec<String> = self.keys.iter().filter(|key| !key.foreign).map(|key| key.id.clone()).collect();
            let theirs: Vec<String> = self.keys.iter().filter(|key| key.foreign).map(|key| key.id.clone()).collect();
            match chaos.random.below(6) {
                0 | 1 => {
                    let label = *chaos.random.pick(&["made by hand", "The one", "The two"]);
                    let scopes = ScopeSet::from(["hooks:write".into()]);
                    let key = self.make(label, scopes, None, Options::new(), true);
                    self.note(&format!("by hand: made {}", key.id));
                    self.keys.push(key);
                }
                2 if !theirs.is_empty() => {
                    let id = chaos.random.pick(&theirs).clone();
                    self.note(&format!("by hand: removed {id}"));
                    self.keys.retain(|key| key.id != id);
                }
                3 | 4 if !ours.is_empty() && self.kind.tells_enabled => {
                    let id = chaos.random.pick(&ours).clone();
                    let is_final = self.kind.disable == Disable::Final;
                    let enabled = self.key(&id).is_some_and(|key| key.enabled);
                    if enabled || !is_final {
                        self.note(&format!("by hand: {} {id}", if enabled { "disabled" } else { "enabled" }));
                        self.change(&id).expect("it was found").enabled = !enabled;
                    }
                }
                5 if self.kind.tells_scopes => {
                    let published: Vec<String> = self.published.values().cloned().collect();
                    if !published.is_empty() {
                        let id = chaos.random.pick(&published).clone();
                        self.note(&format!("by hand: edited {id}"));
                        if let Some(key) = self.change(&id) {
                            key.scopes = ScopeSet::from(["hand:read".into()]);
                        }
                    }
                }
                _ => {}
            }
        }
        self.chaos = Some(chaos);
    }
}
