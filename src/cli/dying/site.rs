//! A workspace beside a simulated provider, and apply runs in it that may die.
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use jiff::Timestamp;
use tempfile::TempDir;

use super::super::args::{ApplyArgs, Asking, Colour, Global, ImportArgs, PlanArgs, ReviewArgs, Writing};
use super::super::exit::{Exit, Stop};
use super::super::host::{Clock, Host};
use super::place::SimPlace;
use super::provider::Sim;
use super::random::Random;
use super::world::{Kind, Want, World};
use crate::delivery::Delivery;
use crate::model::{Address, Allowance, Format, Name};
use crate::provider::Provider;
use crate::seam::{self, Stage, Then};
use crate::vault::examples::{AGE_PUBLIC, AGE_SECRET};
use crate::vault::{self, Identities};

/// The identity that opens every secret file, and one more recipient that opens some.
pub struct Identity {
    pub file: PathBuf,
    pub keys: Identities,
    other: String,
}

/// A workspace and its provider.
pub struct Site {
    _place: TempDir,
    pub root: PathBuf,
    pub identity: Rc<Identity>,
    pub world: Rc<RefCell<World>>,
    /// What the manifests say.
    pub manifest: Vec<Declared>,
    /// Old and new names of keys that got another one.
    pub moved: Vec<(&'static str, &'static str)>,
    /// Whether apply is given the identity.
    pub opens: bool,
    /// What the person who runs it has looked at, and allows.
    pub allows: Vec<Allowance>,
    /// What apply is asked to rotate, and whether that is compromised.
    pub rotate: Vec<Address>,
    pub compromised: bool,
    /// Whether what is written is to be committed.
    pub commits: bool,
    markers: Random,
}

/// One key of the manifest.
#[derive(Debug, Clone)]
pub struct Declared {
    pub name: &'static str,
    pub scopes: Vec<&'static str>,
    pub active: bool,
    pub both_recipients: bool,
    /// Whether a place gets its secrets.
    pub delivered: bool,
    /// A fixed end, or the default lifetime.
    pub expires: Option<&'static str>,
}

impl Declared {
    pub fn new(name: &'static str) -> Self {
        Self { name, scopes: vec!["hooks:read"], active: true, both_recipients: false, delivered: false, expires: None }
    }
}

/// Files by path; `None`: a directory.
pub type Files = BTreeMap<PathBuf, Option<Vec<u8>>>;

/// Everything that is left when the process is killed.
#[derive(Clone)]
pub struct Image {
    pub files: Files,
    pub world: World,
    pub now: Timestamp,
    pub markers: u64,
}

impl Image {
    /// Whether a process killed here leaves the same as one killed there.
    pub fn is_same(&self, other: &Self) -> bool {
        let world = (&self.world.keys, &self.world.pending, &self.world.place);
        self.files == other.files && world == (&other.world.keys, &other.world.pending, &other.world.place)
    }
}

/// How one apply ended.
#[derive(Debug)]
pub struct Ran {
    /// `None`: it died.
    pub exit: Option<Exit>,
    /// Everything that it said.
    pub said: String,
}

impl Site {
    pub fn new(kind: &Kind, seed: u64) -> Self {
        let memory = Path::new("/dev/shm");
        let place = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.expect("a directory");
        let root = place.path().join("workspace");
        let file = place.path().join("identity.txt");
        fs::write(&file, format!("{AGE_SECRET}\n")).expect("an identity");
        let keys = Identities::parse(AGE_SECRET.as_bytes(), "identity.txt").expect("an identity");
        let identity = Rc::new(Identity { file, keys, other: vault::generate().1 });
        let clock = Rc::new(Cell::new("2026-11-21T09:00:00Z".parse().expect("an instant")));
        let world = Rc::new(RefCell::new(World::new(kind.clone(), clock)));
        let site = Self {
            _place: place,
            root,
            identity,
            world,
            manifest: Vec::new(),
            moved: Vec::new(),
            opens: false,
            allows: vec![Allowance::Empty],
            rotate: Vec::new(),
            compromised: false,
            commits: false,
            markers: Random(seed),
        };
        fs::create_dir_all(site.root.join("providers")).expect("a directory");
        fs::create_dir_all(site.root.join("keys")).expect("a directory");
        let config = format!(
            "version: 1\naccounts:\n  pay:\n    provider: sim\nrecipients:\n  ops: [{AGE_PUBLIC}]\n  more: [{}]\ndefaults:\n  recipients: [ops]\n  \
             lifetime: 90d\n  renew_before: 14d\n  overlap: 72h\n  cooldown: 7d\ndeliveries:\n  place: {{ to: github-actions, credential: {{ env: NOT_THERE }}, params: {{ repository: a/b, secret: S }} }}\n",
            site.identity.other
        );
        fs::write(site.root.join("keywright.yaml"), config).expect("a configuration");
        fs::write(site.root.join("providers/sim.yaml"), kind.profile()).expect("a profile");
        site
    }

    /// Writes the manifests.
    pub fn declare(&mut self, manifest: Vec<Declared>) {
        let mut text = "account: pay\nkeys:\n".to_owned();
        for key in &manifest {
            let state = if key.active { "active" } else { "disabled" };
            let recipients = if key.both_recipients { "ops, more" } else { "ops" };
            let expires = key.expires.map_or_else(String::new, |day| format!("    expires: {day}\n"));
            let deliver = if key.delivered { "    deliver: [place]\n" } else { "" };
            let label = if self.world.borrow().kind.labels { format!("    label: The {}\n", key.name) } else { String::new() };
            text.push_str(&format!(
                "  {}:\n{label}    scopes: [{}]\n    state: {state}\n    recipients: [{recipients}]\n{expires}{deliver}",
                key.name,
                key.scopes.join(", ")
            ));
        }
        if manifest.is_empty() {
            text = "account: pay\nkeys: {}\n".to_owned();
        }
        let declared = |name: &str| manifest.iter().any(|key| key.name == name);
        let moved: Vec<_> = self.moved.iter().filter(|(from, to)| declared(to) && !declared(from)).collect();
        if !moved.is_empty() {
            text.push_str("moved:\n");
        }
        for (from, to) in moved {
            text.push_str(&format!("  - {{ from: pay/{from}, to: pay/{to} }}\n"));
        }
        fs::write(self.root.join("keys/pay.yaml"), text).expect("a manifest");
        let want = |key: &Declared| Want {
            active: key.active,
            scopes: key.scopes.iter().map(|scope| crate::model::Scope::from(*scope)).collect(),
        };
        self.world.borrow_mut().wanted = manifest.iter().map(|key| (key.name.to_owned(), want(key))).collect();
        self.manifest = manifest;
    }

    /// Changes one key of the manifests.
    pub fn redeclare(&mut self, name: &str, change: impl FnOnce(&mut Declared)) {
        let mut manifest = self.manifest.clone();
        change(manifest.iter_mut().find(|key| key.name == name).expect("a declared key"));
        self.declare(manifest);
    }

    pub fn pass(&self, seconds: i64) {
        self.world.borrow_mut().pass(seconds);
    }

    /// Runs apply to its end.
    pub fn apply(&mut self) -> Ran {
        self.apply_watched(|_, _| Then::GoOn)
    }

    /// Runs apply; the watcher sees every point with its number, and may take an image.
    pub fn apply_watched(&mut self, at: impl FnMut(&Snapshot<'_>, &str) -> Then + 'static) -> Ran {
        let identity = if self.opens { vec![self.identity.file.clone()] } else { Vec::new() };
        let args = ApplyArgs {
            targets: Vec::new(),
            yes: true,
            identity,
            asking: self.asking(),
            writing: self.writing(),
            output: Vec::new(),
            detailed_exitcode: false,
        };
        self.staged(|host| super::super::apply::run(host, &args), at)
    }

    /// The same for an import of everything.
    pub fn import_watched(&mut self, at: impl FnMut(&Snapshot<'_>, &str) -> Then + 'static) -> Ran {
        let account = Name::new("pay").expect("a name");
        let args = ImportArgs { account, ids: Vec::new(), all: true, yes: true, writing: self.writing() };
        self.staged(|host| super::super::import::run(host, &args), at)
    }

    /// Confirms the key `one`, as `apply_watched` applies.
    pub fn review_watched(&mut self, at: impl FnMut(&Snapshot<'_>, &str) -> Then + 'static) -> Ran {
        let confirm = vec!["pay/one".parse().expect("an address")];
        let args = ReviewArgs { addresses: Vec::new(), confirm, by: Some("Ada".to_owned()), live: false, writing: self.writing() };
        self.staged(|host| super::super::review::run(host, &args), at)
    }

    /// Shows a plan.
    pub fn plan(&mut self) -> Ran {
        let args = PlanArgs {
            base: None,
            offline: false,
            drift: false,
            out: None,
            output: Vec::new(),
            identity: Vec::new(),
            asking: self.asking(),
            detailed_exitcode: true,
            addresses: Vec::new(),
        };
        self.staged(|host| super::super::plan::run(host, &args), |_, _| Then::GoOn)
    }

    /// Nothing goes beyond this machine.
    pub(super) fn writing(&self) -> Writing {
        Writing { commit: self.commits, push: false, durable: None, local: true }
    }

    pub(super) fn asking(&self) -> Asking {
        Asking { rotate: self.rotate.clone(), compromised: self.compromised, allow: self.allows.clone() }
    }

    pub(super) fn staged(
        &mut self,
        command: impl FnOnce(&Host) -> Result<Exit, Stop>,
        mut at: impl FnMut(&Snapshot<'_>, &str) -> Then + 'static,
    ) -> Ran {
        let now = self.world.borrow().now();
        let host =
            Host::new(&Global { directory: Some(self.root.clone()), now: Some(now), color: Colour::Never, quiet: false, verbose: false });
        let Clock::Fixed(clock) = host.clock() else { panic!("the clock was given") };
        self.world.borrow_mut().clock = clock;
        let world = self.world.clone();
        let markers = Rc::new(Cell::new(self.markers.clone().0));
        let (drawn, seen) = (markers.clone(), markers.clone());
        let (root, identity, watched) = (self.root.clone(), self.identity.clone(), self.world.clone());
        let watch = move |point: &str| {
            let point = point.replace(&format!("{}/", root.display()), "");
            follow(&root, &identity, &watched, &point);
            at(&Snapshot { root: &root, world: &watched, markers: seen.get() }, &shortened(&point))
        };
        let draw = move || {
            let mut random = Random(drawn.get());
            let bytes = random.next().to_be_bytes();
            drawn.set(random.0);
            [bytes[0], bytes[1], bytes[2], bytes[3], bytes[4]]
        };
        let place = world.clone();
        let open = move |_: &Name| Box::new(Sim(world.clone())) as Box<dyn Provider>;
        let serve = move |_: &Name| Box::new(SimPlace(place.clone())) as Box<dyn Delivery>;
        let ended = run_staged(watch, open, serve, draw, || match command(&host) {
            Ok(exit) => exit,
            Err(stop) => {
                host.report(&stop);
                stop.exit
            }
        });
        self.markers = Random(markers.get());
        Ran { exit: ended, said: seam::said() }
    }

    /// Puts the ledger back as git holds it. Secret files stay.
    pub fn check_out(&self, committed: &Files) {
        if self.root.join("ledger").exists() {
            fs::remove_dir_all(self.root.join("ledger")).expect("removed");
        }
        place(&self.root, committed);
    }

    /// Puts everything back as it was in an image.
    pub fn restore(&mut self, image: &Image) {
        fs::remove_dir_all(&self.root).expect("removed");
        fs::create_dir_all(&self.root).expect("a directory");
        place(&self.root, &image.files);
        *self.world.borrow_mut() = image.world.clone();
        self.world.borrow_mut().clock = Rc::new(Cell::new(image.now));
        self.markers = Random(image.markers);
    }

    /// The plaintext of a key's secret file in place.
    pub fn secret(&self, name: &str) -> Option<String> {
        plaintext(&self.root, &self.identity, name)
    }
}

/// What a watcher can copy.
pub struct Snapshot<'a> {
    root: &'a Path,
    world: &'a Rc<RefCell<World>>,
    markers: u64,
}

impl Snapshot<'_> {
    pub fn image(&self) -> Image {
        let world = self.world.borrow();
        Image { files: tree(self.root), now: world.now(), world: world.clone(), markers: self.markers }
    }

    pub fn note(&self, what: &str) {
        self.world.borrow_mut().note(what);
    }

    pub fn ledger(&self) -> Files {
        tree(self.root).into_iter().filter(|(path, _)| path.starts_with("ledger")).collect()
    }
}

fn run_staged<T>(
    watch: impl FnMut(&str) -> Then + 'static,
    open: impl Fn(&Name) -> Box<dyn Provider> + 'static,
    serve: impl Fn(&Name) -> Box<dyn Delivery> + 'static,
    draw: impl FnMut() -> [u8; 5] + 'static,
    act: impl FnOnce() -> T,
) -> Option<T> {
    seam::run(Stage { watch: Box::new(watch), open: Rc::new(open), places: Some(Rc::new(serve)), issuers: None, draw: Box::new(draw) }, act)
}

/// Tells the world which secret stands in a file now.
fn follow(root: &Path, identity: &Identity, world: &Rc<RefCell<World>>, point: &str) {
    let changed = ["after moving to ", "after writing ", "after removing "].into_iter().find_map(|done| point.strip_prefix(done));
    let file = changed.and_then(|path| path.strip_prefix("secrets/pay/"));
    if let Some(name) = file.and_then(|file| file.strip_suffix(".age")) {
        let secret = plaintext(root, identity, name);
        world.borrow_mut().publish(name, secret.as_deref());
    }
}

fn plaintext(root: &Path, identity: &Identity, name: &str) -> Option<String> {
    let ciphertext = fs::read(root.join(format!("secrets/pay/{name}.age"))).ok()?;
    let opened = vault::open(&ciphertext, &identity.keys).ok()?;
    let secret = vault::format::read(&opened, Format::Raw, &["secret".to_owned()]).ok()?;
    secret.part("secret").map(str::to_owned)
}

/// A point without the digest in the name of a staged file.
fn shortened(point: &str) -> String {
    match point.split_once(".keywright/sealed/") {
        Some((operation, file)) => format!("{operation}.keywright/sealed/{}", file.split('.').next().unwrap_or_default()),
        None => point.to_owned(),
    }
}

fn place(root: &Path, files: &Files) {
    for (path, bytes) in files {
        let path = root.join(path);
        match bytes {
            None => fs::create_dir_all(path).expect("a directory"),
            Some(bytes) => fs::write(path, bytes).expect("a file"),
        }
    }
}

/// Every file and directory below the workspace.
pub fn tree(root: &Path) -> Files {
    let mut all = BTreeMap::new();
    let mut waiting = vec![root.to_owned()];
    while let Some(directory) = waiting.pop() {
        for entry in fs::read_dir(&directory).expect("a directory") {
            let path = entry.expect("an entry").path();
            let below = path.strip_prefix(root).expect("below the root").to_owned();
            if path.is_dir() {
                all.insert(below, None);
                waiting.push(path);
            } else {
                // Who held the lock last, and since when, is of no account.
                let bytes = if below.ends_with(".keywright/lock") { Vec::new() } else { fs::read(&path).expect("a file") };
                all.insert(below, Some(bytes));
            }
        }
    }
    all
}
