//! A refresh is killed at every point: the new refresh token is lost only between the issuer's answer and the ciphertext, and that is known then.
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::rc::Rc;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;
use zeroize::Zeroizing;

use super::super::args::{Colour, Global, OutputFormat, VerifyArgs, Writing};
use super::super::exit::Exit;
use super::super::host::Host;
use super::super::verify;
use super::attended::put_back;
use super::site::tree;
use crate::diagnostics::Report;
use crate::grant::{Asking, GrantError, Issuing, Tokens};
use crate::ledger::Ledger;
use crate::model::{Format, Generation, GenerationState, Grant, KeyRecord, Name, ObservedKey, Recipients, Sealed, Secret};
use crate::profile::grants::PARTS;
use crate::provider::{CreateRequest, Created, EditRequest, Liveness, Provider, ProviderError};
use crate::seam::{self, Stage, Then};
use crate::vault::examples::{AGE_PUBLIC, AGE_SECRET};
use crate::vault::{self, Identities};

/// What the issuer knows: the number of its last answer. Tokens are named after it.
type Issued = Rc<Cell<u32>>;

struct Rotating(Issued);

#[async_trait(?Send)]
impl Issuing for Rotating {
    async fn prepare(&self) -> Result<(), GrantError> {
        Ok(())
    }

    async fn page(&self, _: &Asking<'_>) -> Result<String, GrantError> {
        Err(GrantError::Local("nobody is sent away".to_owned()))
    }

    fn name(&self) -> &str {
        "https://issuer.example"
    }

    async fn exchange(&self, _: &str, _: &str, _: &str) -> Result<Tokens, GrantError> {
        Err(GrantError::Local("nobody brings a code".to_owned()))
    }

    async fn refresh(&self, token: &str) -> Result<Tokens, GrantError> {
        seam::reach("the issuer is asked");
        if token != format!("refresh-{}", self.0.get()) {
            return Err(GrantError::Dead("used before".to_owned()));
        }
        self.0.set(self.0.get() + 1);
        seam::reach("the issuer has answered");
        let text = |kind: &str| Zeroizing::new(format!("{kind}-{}", self.0.get()));
        Ok(Tokens { access: text("access"), refresh: Some(text("refresh")), expires_in: None, scopes: None })
    }

    async fn revoke(&self, _: &str) -> Result<(), GrantError> {
        Ok(())
    }
}

struct Calls(Issued);

#[async_trait(?Send)]
impl Provider for Calls {
    async fn list(&self) -> Result<Vec<ObservedKey>, ProviderError> {
        Err(ProviderError::Unsupported("list"))
    }
    async fn get(&self, _: &str) -> Result<Option<ObservedKey>, ProviderError> {
        Err(ProviderError::Unsupported("get"))
    }
    async fn create(&self, _: &CreateRequest) -> Result<Created, ProviderError> {
        Err(ProviderError::Unsupported("create"))
    }
    async fn edit(&self, _: &str, _: &EditRequest) -> Result<(), ProviderError> {
        Err(ProviderError::Unsupported("edit"))
    }
    async fn set_enabled(&self, _: &str, _: bool, _: Option<Timestamp>) -> Result<(), ProviderError> {
        Err(ProviderError::Unsupported("disable"))
    }
    async fn delete(&self, _: &str) -> Result<(), ProviderError> {
        Err(ProviderError::Unsupported("delete"))
    }
    async fn reveal(&self, _: &str) -> Result<Option<Secret>, ProviderError> {
        Ok(None)
    }
    async fn verify(&self, _: &str, secret: &Secret) -> Result<Liveness, ProviderError> {
        let alive = secret.part("secret") == Some(&format!("access-{}", self.0.get()));
        Ok(if alive { Liveness::Alive } else { Liveness::Dead })
    }
}

struct Place {
    _directory: TempDir,
    root: PathBuf,
    identity: PathBuf,
    now: Timestamp,
    issued: Issued,
}

impl Place {
    /// A workspace with a grant whose access token has ended.
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let (root, identity) = (directory.path().join("workspace"), directory.path().join("identity.txt"));
        fs::create_dir_all(root.join("keys")).expect("a directory");
        fs::write(&identity, AGE_SECRET).expect("written");
        let config = format!(
            "version: 1\naccounts:\n  pay: {{ provider: brex }}\nrecipients: {{ ops: [{AGE_PUBLIC}] }}\ndefaults: {{ recipients: [ops] }}\n"
        );
        fs::write(root.join("keywright.yaml"), config).expect("written");
        let manifest = "account: pay\nkeys:\n  one: { scopes: [users.readonly], expires: never, options: { kind: oauth } }\n";
        fs::write(root.join("keys/pay.yaml"), manifest).expect("written");
        let now: Timestamp = "2026-11-21T09:00:00Z".parse().expect("an instant");
        let place = Self { _directory: directory, root, identity, now, issued: Rc::new(Cell::new(1)) };
        place.seal();
        place
    }

    fn seal(&self) {
        let ledger = Ledger::new(&self.root);
        let values = ["access-1", "refresh-1", ""].map(|text| Zeroizing::new(text.to_owned()));
        let secret = Secret::of_parts(PARTS.map(str::to_owned).into_iter().zip(values).collect());
        let address = "pay/one".parse().expect("an address");
        let recipients: Recipients = [("ops".to_owned(), vec![AGE_PUBLIC.to_owned()])].into();
        let plaintext = vault::format::write(&secret, Format::Json, &address).expect("written");
        let sealing = vault::seal::seal(&plaintext, &vault::recipient::distinct(&recipients).expect("recipients")).expect("sealed");
        fs::create_dir_all(self.root.join("secrets/pay")).expect("a directory");
        fs::write(ledger.secret_path(&address), &sealing.ciphertext).expect("written");
        let made = self.now - SignedDuration::from_hours(2);
        let scopes: crate::model::ScopeSet = ["users.readonly".into()].into();
        let grant = Grant {
            scopes: scopes.clone(),
            issued_at: made,
            access_ends_at: made + SignedDuration::from_hours(1),
            renewable: true,
            refused_at: None,
            kept: false,
        };
        let mut record = KeyRecord::new(address, "brex");
        record.put(Generation {
            grant: Some(grant),
            options: [("kind".to_owned(), "oauth".into())].into(),
            sealed: Some(Sealed { sha256: sealing.sha256, format: Format::Json, recipients }),
            ..Generation::new(1, GenerationState::Active, "one", scopes, made)
        });
        ledger.save(&record).expect("saved");
    }

    /// Runs `verify`; it dies at this point. How it ended, and the names of the points.
    fn verify(&self, die_at: Option<usize>) -> (Option<Exit>, Vec<String>) {
        let host = Host::new(&Global {
            directory: Some(self.root.clone()),
            now: Some(self.now),
            color: Colour::Never,
            quiet: false,
            verbose: false,
        });
        let points: Rc<RefCell<Vec<String>>> = Rc::default();
        let seen = points.clone();
        let watch = move |point: &str| {
            seen.borrow_mut().push(point.to_owned());
            if die_at == Some(seen.borrow().len()) { Then::Die } else { Then::GoOn }
        };
        let (provider, issuer) = (self.issued.clone(), self.issued.clone());
        let stage = Stage {
            watch: Box::new(watch),
            open: Rc::new(move |_: &Name| Box::new(Calls(provider.clone())) as Box<dyn Provider>),
            places: None,
            issuers: Some(Rc::new(move |_: &Name| Box::new(Rotating(issuer.clone())) as Box<dyn Issuing>)),
            draw: Box::new(|| [1; 5]),
        };
        let args = VerifyArgs {
            addresses: Vec::new(),
            identity: vec![self.identity.clone()],
            writing: Writing { commit: false, push: false, durable: None, local: true },
            output: OutputFormat::Text,
        };
        let ended = seam::run(stage, || {
            verify::run(&host, &args).unwrap_or_else(|stop| {
                host.report(&stop);
                stop.exit
            })
        });
        let points = points.borrow().clone();
        (ended, points)
    }

    fn generation(&self) -> Generation {
        let mut records = Ledger::new(&self.root).load_all(&mut Report::default()).records;
        let record: BTreeMap<_, _> = std::mem::take(&mut records);
        record.into_values().next().expect("a record").current().expect("one").clone()
    }

    fn refresh_token(&self) -> String {
        let ciphertext = fs::read(self.root.join("secrets/pay/one.age")).expect("a file");
        let keys = Identities::parse(AGE_SECRET.as_bytes(), "identity.txt").expect("an identity");
        let opened = vault::open(&ciphertext, &keys).expect("opened");
        vault::format::part(&opened, "refresh_token").expect("a token").to_string()
    }
}

#[test]
fn a_refresh_token_is_lost_only_between_answer_and_ciphertext() {
    let place = Place::new();
    let image = tree(&place.root);
    let (ended, points) = place.verify(None);
    assert_eq!((ended, place.refresh_token().as_str()), (Some(Exit::Done), "refresh-2"), "{}", seam::said());
    assert!(points.len() > 15, "{points:?}");
    let mut lost = Vec::new();
    for point in 1..=points.len() {
        put_back(&place.root, &image);
        place.issued.set(1);
        let (died, reached) = place.verify(Some(point));
        assert_eq!(died, None, "it dies at {point}");
        let at = reached.last().expect("a point").clone();
        match place.verify(None).0 {
            Some(Exit::Done) => assert_eq!(place.refresh_token(), format!("refresh-{}", place.issued.get()), "{at}"),
            Some(Exit::Error) => {
                assert!(place.generation().grant.is_some_and(|grant| grant.refused_at.is_some()), "{at}: it is known");
                lost.push(at);
            }
            other => panic!("{at}: {other:?} {}", seam::said()),
        }
    }
    assert!(!lost.is_empty(), "the one window there is");
    for at in &lost {
        assert!(at == "the issuer has answered" || at.contains(".keywright/sealed"), "{at} is outside of the window");
    }
}

#[test]
fn a_death_in_the_window_is_written_down() {
    let place = Place::new();
    let (_, points) = {
        let image = tree(&place.root);
        let all = place.verify(None);
        put_back(&place.root, &image);
        place.issued.set(1);
        all
    };
    let window = points.iter().position(|point| point == "the issuer has answered").expect("it answers") + 1;
    assert_eq!(place.verify(Some(window)).0, None);
    assert!(place.generation().asking_since.is_some(), "the intent was durable before the issuer was asked");
}
