//! The simulated provider behind the port: each request is a point before it is sent, after the provider acted, and after the answer.
use std::cell::RefCell;
use std::rc::Rc;

use async_trait::async_trait;
use zeroize::Zeroizing;

use super::world::{Editing, Fault, SimKey, Touch, World, later};
use crate::model::{ObservedKey, ScopeSet, Secret};
use crate::profile::Disable;
use crate::provider::{CreateRequest, Created, EditRequest, Liveness, Provider, ProviderError};
use crate::seam;

/// One opened account.
pub struct Sim(pub Rc<RefCell<World>>);

fn secret_of(key: &SimKey) -> Secret {
    Secret::single(Zeroizing::new(key.secret.clone()))
}

impl World {
    /// The key as reads show it now; `None` while they lag behind its creation.
    fn shown(&self, key: &SimKey) -> Option<ObservedKey> {
        let now = self.now();
        if !key.foreign && later(key.created_at, self.kind.lag) > now {
            return None;
        }
        let key = key.stale.as_ref().filter(|(until, _)| *until > now).map_or(key, |(_, stale)| stale);
        let observed = self.observed(key);
        Some(ObservedKey { expires_at: observed.expires_at.filter(|_| self.kind.tells_ends), ..observed })
    }

    /// What reads say of scopes that were asked for.
    fn told(&self, scopes: &ScopeSet) -> ScopeSet {
        let more = (self.kind.scopes != "set").then(|| "own:read".into());
        scopes.iter().cloned().chain(more).collect()
    }

    fn observed(&self, key: &SimKey) -> ObservedKey {
        ObservedKey {
            id: key.id.clone(),
            label: key.label.clone(),
            scopes: self.kind.tells_scopes.then(|| self.told(&key.scopes)),
            expires_at: Some(key.expires_at),
            enabled: self.kind.tells_enabled.then_some(key.enabled),
            created_at: self.kind.tells_created.then_some(key.created_at),
            last_used_at: None,
            options: key.options.clone(),
            own: false,
            unread: None,
            untouchable: false,
        }
    }
}

impl Sim {
    /// Time passes, other people act, and what goes wrong is drawn.
    async fn begin(&self, operation: &str, seconds: i64) -> Fault {
        seam::reach(&format!("{operation}: before"));
        let pauses = match &mut self.0.borrow_mut().chaos {
            Some(chaos) => chaos.random.below(3),
            None => 1,
        };
        for _ in 0..pauses {
            tokio::task::yield_now().await;
        }
        let mut world = self.0.borrow_mut();
        world.pass(seconds);
        world.meddle();
        world.fault(operation)
    }

    /// What the caller hears of a write that has been carried out, or not.
    async fn answer(&self, operation: &str, fault: Fault) -> Result<(), ProviderError> {
        seam::reach(&format!("{operation}: acted"));
        tokio::task::yield_now().await;
        match fault {
            Fault::Stalled => self.0.borrow_mut().pass(30),
            Fault::Lost | Fault::Unheard | Fault::Late(_) | Fault::TwiceLost => self.0.borrow_mut().pass(3),
            _ => {}
        }
        let said = match fault {
            Fault::None | Fault::Twice | Fault::TwiceLate(_) | Fault::NoSecret | Fault::OtherScopes => Ok(()),
            Fault::Lost | Fault::Unheard | Fault::TwiceLost | Fault::Late(_) | Fault::Stalled => {
                Err(ProviderError::Unanswered("the connection was reset".to_owned()))
            }
            Fault::RefusedAndDone | Fault::Refused => Err(ProviderError::Refused("422".to_owned())),
            Fault::Throttled => Err(ProviderError::Throttled("429".to_owned())),
            Fault::Unreachable => Err(ProviderError::Unreachable("no route".to_owned())),
        };
        seam::reach(&format!("{operation}: answered"));
        said
    }

    async fn read(&self, operation: &str) -> Result<(), ProviderError> {
        match self.begin(operation, 0).await {
            Fault::None => Ok(()),
            fault => self.answer(operation, fault).await,
        }
    }

    /// One idempotent write.
    async fn write(&self, operation: &str, touch: Touch, id: &str, act: impl FnOnce(&mut World)) -> Result<(), ProviderError> {
        let fault = self.begin(operation, 1).await;
        if let Fault::None | Fault::Lost | Fault::RefusedAndDone = fault {
            let mut world = self.0.borrow_mut();
            world.touch(touch, id);
            act(&mut world);
        } else {
            self.0.borrow_mut().writes += 1;
        }
        self.answer(operation, fault).await
    }
}

#[async_trait(?Send)]
impl Provider for Sim {
    async fn list(&self) -> Result<Vec<ObservedKey>, ProviderError> {
        self.read("list").await?;
        let world = self.0.borrow();
        let listed = world.keys.iter().filter(|key| key.enabled || world.kind.lists_disabled);
        Ok(listed.filter_map(|key| world.shown(key)).collect())
    }

    async fn get(&self, id: &str) -> Result<Option<ObservedKey>, ProviderError> {
        self.read("get").await?;
        let world = self.0.borrow();
        assert!(world.kind.get, "a provider without this operation was asked for one key");
        Ok(world.key(id).and_then(|key| world.shown(key)))
    }

    async fn create(&self, request: &CreateRequest) -> Result<Created, ProviderError> {
        let fault = self.begin("create", 1).await;
        let made = {
            let mut world = self.0.borrow_mut();
            world.writes += 1;
            assert_eq!(request.label.is_empty(), !world.kind.labels, "a label is sent where there are labels");
            let live = world.keys.len();
            if world.kind.key_limit.is_some_and(|limit| live >= limit as usize) {
                return Err(ProviderError::Refused("the limit of keys is reached".to_owned()));
            }
            let make =
                |world: &mut World| world.make(&request.label, request.scopes.clone(), request.expires_at, request.options.clone(), false);
            let now = world.now();
            match fault {
                Fault::Unheard | Fault::Refused | Fault::Throttled | Fault::Unreachable => None,
                Fault::Late(seconds) => {
                    let key = make(&mut world);
                    world.pending.push((later(now, seconds), SimKey { created_at: later(now, seconds), ..key }));
                    None
                }
                Fault::Stalled => {
                    let key = make(&mut world);
                    world.pending.push((later(now, 30), SimKey { created_at: later(now, 30), ..key }));
                    None
                }
                Fault::None
                | Fault::Lost
                | Fault::RefusedAndDone
                | Fault::NoSecret
                | Fault::OtherScopes
                | Fault::Twice
                | Fault::TwiceLost
                | Fault::TwiceLate(_) => {
                    let mut key = make(&mut world);
                    if fault == Fault::OtherScopes {
                        key.scopes.insert("other:read".into());
                    }
                    world.keys.push(key.clone());
                    match fault {
                        Fault::Twice | Fault::TwiceLost => {
                            let twin = make(&mut world);
                            world.keys.push(twin);
                        }
                        Fault::TwiceLate(seconds) => {
                            let twin = make(&mut world);
                            world.pending.push((later(now, seconds), SimKey { created_at: later(now, seconds), ..twin }));
                        }
                        _ => {}
                    }
                    Some(key)
                }
            }
        };
        if let Some(key) = &made {
            self.0.borrow_mut().note(&format!("created {} as `{}`", key.id, key.label));
        }
        self.answer("create", fault).await?;
        let key = made.ok_or_else(|| ProviderError::Unanswered("nothing was made".to_owned()))?;
        let secret = (fault != Fault::NoSecret).then(|| secret_of(&key));
        Ok(Created { key: self.0.borrow().observed(&key), secret })
    }

    async fn edit(&self, id: &str, request: &EditRequest) -> Result<(), ProviderError> {
        let act = |world: &mut World| {
            let editing = world.kind.editing;
            let end = request.expires_at.map(|asked| world.ends(asked));
            let Some(key) = world.change(id) else { return };
            if let Some(label) = &request.label {
                key.label.clone_from(label);
            }
            if let Some(scopes) = &request.scopes {
                match editing {
                    Editing::Does => key.scopes.clone_from(scopes),
                    Editing::Merges => key.scopes.extend(scopes.iter().cloned()),
                    Editing::Ignores => {}
                }
            }
            if let Some(end) = end {
                key.expires_at = end;
            }
        };
        if self.0.borrow().key(id).is_none() {
            return Err(ProviderError::NotFound("404".to_owned()));
        }
        self.write("edit", Touch::Edit, id, act).await
    }

    async fn set_enabled(&self, id: &str, enabled: bool, _: Option<jiff::Timestamp>) -> Result<(), ProviderError> {
        {
            let world = self.0.borrow();
            let Some(key) = world.key(id) else { return Err(ProviderError::NotFound("404".to_owned())) };
            if enabled && !key.enabled && world.kind.disable == Disable::Final {
                return Err(ProviderError::Refused("revoked".to_owned()));
            }
        }
        let (operation, touch) = if enabled { ("enable", Touch::Enable) } else { ("disable", Touch::Disable) };
        let act = |world: &mut World| {
            if let Some(key) = world.change(id) {
                key.enabled = enabled;
            }
        };
        self.write(operation, touch, id, act).await
    }

    async fn delete(&self, id: &str) -> Result<(), ProviderError> {
        self.write("delete", Touch::Delete, id, |world| world.keys.retain(|key| key.id != id)).await
    }

    async fn reveal(&self, id: &str) -> Result<Option<Secret>, ProviderError> {
        self.read("reveal").await?;
        let world = self.0.borrow();
        Ok(world.key(id).filter(|_| world.kind.reveal).map(secret_of))
    }

    async fn verify(&self, id: &str, secret: &Secret) -> Result<Liveness, ProviderError> {
        self.read("verify").await?;
        let world = self.0.borrow();
        let Some(key) = world.key(id) else { return Ok(Liveness::Dead) };
        let late = world.kind.lags_verify && later(key.created_at, world.kind.lag) > world.now();
        let fits = secret.part("secret") == Some(key.secret.as_str());
        Ok(if fits && world.is_live(key) && !late { Liveness::Alive } else { Liveness::Dead })
    }
}
