//! What adopting some keys comes to: a manifest and records of which it is proven, before anything is written, that they change nothing. Knows no
//! provider.
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;

use super::entry::{End, Entry, sayable};
use super::insert::insert;
use super::name::Names;
use super::pending::manifest_of;
use crate::diagnostics::{Code, Diagnostic, Located, Part, Place, Route, Severity, Step};
use crate::model::key::same_option;
use crate::model::text_safety::safe;
use crate::model::{
    Address, Adopted, DesiredKey, Generation, GenerationState, KeyRecord, Listing, Name, ObservedKey, Position, ScopeSet, Snapshot,
};
use crate::plan::{self, AccountInput, Asked, Before, Guarding, Mode, PlanInput};
use crate::workspace::{self, Loaded, Supposed, Workspace};
use crate::yaml;

/// What an import begins with.
pub struct Request<'a> {
    pub root: &'a Path,
    pub workspace: &'a Workspace,
    /// The ledger, brought up to its journals.
    pub records: &'a BTreeMap<Address, KeyRecord>,
    pub account: &'a Name,
    pub snapshot: &'a Snapshot,
    pub now: Timestamp,
}

/// An adoption that is ready to be written down.
#[derive(Debug)]
pub struct Proposal {
    /// The manifest as it is; `None`: there is none yet.
    pub before: Option<Vec<u8>>,
    /// The manifest as it will be.
    pub text: String,
    pub keys: Vec<Adoptee>,
    pub refused: Vec<Refused>,
}

/// One key that will be adopted.
#[derive(Debug)]
pub struct Adoptee {
    pub observed: ObservedKey,
    pub desired: DesiredKey,
    pub record: KeyRecord,
}

/// One key that cannot be adopted, with a sentence that says why.
#[derive(Debug, PartialEq, Eq)]
pub struct Refused {
    pub id: String,
    pub label: String,
    pub why: String,
}

/// Why nothing can be proposed.
#[derive(Debug)]
pub enum Unproposed {
    Said(Box<Diagnostic>),
    /// The manifest would have these problems, which are not those of one key.
    Invalid(Vec<Located>),
}

/// One key on its way into the manifest.
struct Candidate<'a> {
    observed: &'a ObservedKey,
    entry: Entry,
    adopted: Adopted,
}

/// Works out entries and records for keys of a complete listing.
///
/// Expected flow: names in the order of creation; entries put into the text of the manifest; the workspace read as it would be, and planned as it
/// would be; keys that it refuses or would change are left out, and the rest is tried again. Guarantees: the workspace of the proposal is valid, its
/// plan has no change for the adopted keys, and every entry that was there says what it said. Assumptions: none of the keys is in the ledger, or
/// ours. Caveats: reads the workspace once for every round. Errors: a manifest that cannot be extended, or problems that belong to no single key.
pub fn propose(request: &Request<'_>, chosen: &[&ObservedKey]) -> Result<Proposal, Unproposed> {
    let file = manifest_of(request.account);
    let before = manifest_before(request.root, &file)?;
    let (mut candidates, mut refused) = candidates(request, chosen)?;
    if let Some(other) = before.as_deref().and_then(account_of).filter(|other| !candidates.is_empty() && other != request.account.as_str())
    {
        let message = format!("`{file}` is a manifest of account `{}`, and entries of `{}` go there", safe(&other), request.account);
        let help = format!("give that file another name, such as `keys/{}.yaml`; nothing was changed", safe(&other));
        return Err(said(Diagnostic::error(Code::ImportCannotExtend, message).at(Place::File(file)).help(help)));
    }
    loop {
        if candidates.is_empty() {
            // There may be no manifest yet, and none is needed.
            let text = before.as_deref().map(|text| String::from_utf8_lossy(text).into_owned()).unwrap_or_default();
            return Ok(Proposal { before, text, keys: Vec::new(), refused });
        }
        let entries: Vec<String> =
            candidates.iter().map(|candidate| candidate.entry.text(candidate.observed, &candidate.adopted)).collect();
        let Some(text) = insert(before.as_deref(), request.account.as_str(), &entries) else { return Err(cannot_extend(&file)) };
        let records = |loaded: Option<&Workspace>| -> Vec<KeyRecord> {
            candidates.iter().map(|candidate| candidate.record(request, loaded)).collect()
        };
        let known = request.records.values().cloned();
        let supposed =
            Supposed { manifest: Some((file.clone(), text.clone().into_bytes())), records: known.chain(records(None)).collect() };
        let loaded = workspace::load_with(request.root, request.now, supposed);
        if loaded.workspace.report.has_errors() {
            candidates = without_errors(candidates, &loaded, &file, &mut refused)?;
            continue;
        }
        unchanged(request.workspace, &loaded.workspace, &candidates, request.account, &file)?;
        let records = records(Some(&loaded.workspace));
        let changes = changes(request, &loaded.workspace, &records);
        if changes.is_empty() {
            return Ok(Proposal { before, text, keys: adoptees(&loaded.workspace, candidates, records), refused });
        }
        candidates.retain(|candidate| match changes.get(&candidate.entry.name) {
            Some(why) => {
                refused.push(refuse(candidate.observed, format!("a plan would change it at once: {why}")));
                false
            }
            None => true,
        });
    }
}

fn manifest_before(root: &Path, file: &str) -> Result<Option<Vec<u8>>, Unproposed> {
    match crate::files::read(&root.join(file), workspace::discovery::LIMIT) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(said(Diagnostic::error(Code::WorkspaceUnreadable, error.to_string()).help("nothing was changed"))),
    }
}

/// The account that a manifest names, where it can be read as plain text.
fn account_of(manifest: &[u8]) -> Option<String> {
    let text = yaml::text_of(manifest)?;
    let place = yaml::Places::of(text).locate(&Route::default().field("account"), Part::Value)?;
    let line = text.lines().nth(usize::try_from(place.line).ok()?.checked_sub(1)?)?;
    let (start, length) = (usize::try_from(place.column).ok()?.checked_sub(1)?, usize::try_from(place.length).ok()?);
    let word: String = line.chars().skip(start).take(length).collect();
    Some(word.trim_matches(['"', '\'']).to_owned())
}

fn candidates<'a>(request: &Request<'_>, chosen: &[&'a ObservedKey]) -> Result<(Vec<Candidate<'a>>, Vec<Refused>), Unproposed> {
    let account = &request.workspace.accounts[request.account];
    let capabilities = &account.profile.capabilities;
    let recipients = recipients(request.workspace)?;
    // A key must not take the old address of a move that was carried out and still stands in a manifest.
    let known = request.workspace.keys.keys().chain(request.records.keys()).chain(request.workspace.moved.values());
    let mut names = Names::taken(known.filter(|address| address.account == *request.account).map(|address| &address.name));
    let mut ordered = chosen.to_vec();
    ordered.sort_by_key(|key| (key.created_at.is_none(), key.created_at, &key.id));
    let (mut candidates, mut refused) = (Vec::new(), Vec::new());
    for observed in ordered {
        let scopes = match declarable(observed) {
            Ok(scopes) => scopes.clone(),
            Err(why) => {
                refused.push(refuse(observed, why.to_owned()));
                continue;
            }
        };
        let name = names.draw(&observed.label, &observed.id);
        let label = sayable(&observed.label, capabilities.label.max);
        let unsaid = label.is_none() && !capabilities.label.none;
        let end = End::of(observed, capabilities);
        let adopted = Adopted { at: request.now, label: unsaid.then(|| name.to_string()), expires: end.stands_for() };
        let said = |value: &serde_json::Value| !value.is_null() && value.as_array().is_none_or(|items| !items.is_empty());
        let telling = |name: &String, value: &serde_json::Value| {
            let option = account.profile.options.get(name);
            option.is_some_and(|option| option.default.as_ref().is_none_or(|default| !same_option(default, value)))
        };
        let options = observed.options.iter().filter(|(name, value)| said(value) && telling(name, value));
        let entry = Entry {
            name,
            label,
            scopes,
            expires: end,
            disabled: observed.enabled == Some(false),
            recipients: recipients.clone(),
            options: options.map(|(name, value)| (name.clone(), value.clone())).collect(),
        };
        candidates.push(Candidate { observed, entry, adopted });
    }
    Ok((candidates, refused))
}

/// The groups that entries name; `None`: there is a default. Who can open a live secret is nothing to guess: more than one group is refused.
fn recipients(workspace: &Workspace) -> Result<Option<Vec<String>>, Unproposed> {
    if workspace.has_default_recipients && !workspace.recipients.is_empty() {
        return Ok(None);
    }
    let groups: Vec<&String> = workspace.recipients.keys().collect();
    let (message, help) = match groups[..] {
        [only] => return Ok(Some(vec![only.clone()])),
        [] => (
            "nobody could open the secrets of the adopted keys: `keywright.yaml` has no recipients".to_owned(),
            "add a group of recipients, and name it in `defaults.recipients`; nothing was changed",
        ),
        [..] => (
            format!(
                "who is to open the secrets of the adopted keys is not said: `keywright.yaml` has {} groups of recipients",
                groups.len()
            ),
            "name the groups that may in `defaults.recipients`; nothing was changed",
        ),
    };
    Err(said(Diagnostic::error(Code::ManifestNoRecipients, message).help(help)))
}

/// The scopes of a key that a manifest can declare.
fn declarable(key: &ObservedKey) -> Result<&ScopeSet, &'static str> {
    if key.unread.is_some() {
        return Err("the provider tells something of it in a form that its profile does not know");
    }
    let scopes = key.scopes.as_ref().ok_or("the provider does not tell its scopes, which a manifest must name")?;
    let text = |value: &serde_json::Value| yaml::can_hold(value.as_str().unwrap_or_default());
    let options = key.options.values().all(|value| text(value) && value.as_array().is_none_or(|items| items.iter().all(text)));
    if !yaml::can_hold(&key.id) || !scopes.iter().all(|scope| yaml::can_hold(scope.as_str())) || !options {
        return Err("its id, a scope or an option holds control or bidirectional characters");
    }
    if scopes.is_empty() { Err("it has no scopes, and a manifest must name one") } else { Ok(scopes) }
}

impl Candidate<'_> {
    /// Its first record. `loaded`: what the manifest says of it, when that is known.
    fn record(&self, request: &Request<'_>, loaded: Option<&Workspace>) -> KeyRecord {
        let Entry { name, expires, .. } = &self.entry;
        let address = Address::new(request.account.clone(), name.clone());
        let over = expires.at.is_some_and(|end| end <= request.now);
        let state = match (self.entry.disabled, over) {
            (true, _) => GenerationState::Disabled,
            (false, true) => GenerationState::Expired,
            (false, false) => GenerationState::Active,
        };
        // A file of the ledger cannot hold every text. Such a label is never compared.
        let label =
            if yaml::can_hold(&self.observed.label) { self.observed.label.clone() } else { safe(&self.observed.label).into_owned() };
        let created_at = self.observed.created_at.unwrap_or(request.now);
        let declared = loaded.and_then(|loaded| loaded.keys.get(&address));
        let generation = Generation {
            id: Some(self.observed.id.clone()),
            // Those that the provider does not tell are taken to be what the manifest says.
            options: declared.map(|declared| declared.options.clone()).unwrap_or_default(),
            expires_at: expires.at,
            disabled_at: (state == GenerationState::Disabled).then_some(request.now),
            adopted: Some(self.adopted.clone()),
            ..Generation::new(1, state, label, self.entry.scopes.clone(), created_at)
        };
        let mut record = KeyRecord::new(address, &request.workspace.accounts[request.account].profile.name);
        record.put(generation.in_whole_seconds());
        record
    }
}

/// Takes the keys out whose entries have problems, or gives a label up that the vendor's pattern refuses beside a marker.
fn without_errors<'a>(
    candidates: Vec<Candidate<'a>>,
    loaded: &Loaded,
    file: &Arc<str>,
    refused: &mut Vec<Refused>,
) -> Result<Vec<Candidate<'a>>, Unproposed> {
    let mut problems: BTreeMap<Arc<str>, &Diagnostic> = BTreeMap::new();
    for diagnostic in loaded.workspace.report.diagnostics().iter().filter(|diagnostic| diagnostic.severity == Severity::Error) {
        let name = match &diagnostic.place {
            Some(Place::Route { file: place, route, .. }) if place == file => match &route.0[..] {
                [Step::Field(keys), Step::Field(name), ..] if &**keys == "keys" => Some(name.clone()),
                _ => None,
            },
            Some(Place::File(_) | Place::Route { .. } | Place::Span { .. }) | None => None,
        };
        let Some(name) = name else { continue };
        // A label is given up first: the name in its place may fit.
        let first = problems.entry(name).or_insert(diagnostic);
        if first.code == Code::ManifestLabel {
            *first = diagnostic;
        }
    }
    let count = candidates.len();
    let mut changed = false;
    let mut kept = Vec::with_capacity(count);
    for mut candidate in candidates {
        match problems.get(candidate.entry.name.as_str()) {
            None => kept.push(candidate),
            Some(problem) if problem.code == Code::ManifestLabel && candidate.entry.label.is_some() => {
                candidate.entry.label = None;
                candidate.adopted.label = Some(candidate.entry.name.to_string());
                changed = true;
                kept.push(candidate);
            }
            Some(problem) => refused.push(refuse(candidate.observed, problem.message.clone())),
        }
    }
    if kept.len() == count && !changed {
        return Err(Unproposed::Invalid(loaded.workspace.report.locate(&loaded.sources)));
    }
    Ok(kept)
}

/// Proves that every key that was declared says what it said, and that each new one is there.
fn unchanged(
    before: &Workspace,
    after: &Workspace,
    candidates: &[Candidate<'_>],
    account: &Name,
    file: &Arc<str>,
) -> Result<(), Unproposed> {
    let nowhere = Position { file: "".into(), line: 0, column: 0 };
    let same = |(address, key): (&Address, &DesiredKey)| {
        let placed = |key: &DesiredKey| DesiredKey { declared_at: nowhere.clone(), ..key.clone() };
        after.keys.get(address).is_some_and(|now| placed(now) == placed(key))
    };
    let new = candidates.iter().all(|candidate| after.keys.contains_key(&Address::new(account.clone(), candidate.entry.name.clone())));
    let whole = after.keys.len() == before.keys.len() + candidates.len();
    if whole && new && before.keys.iter().all(same) { Ok(()) } else { Err(cannot_extend(file)) }
}

/// What a plan right after the import would change, by name.
fn changes(request: &Request<'_>, loaded: &Workspace, records: &[KeyRecord]) -> BTreeMap<Name, String> {
    let account = &loaded.accounts[request.account];
    let own = |address: &Address| address.account == *request.account;
    let known = request.records.iter().filter(|(address, _)| own(address)).map(|(address, record)| (address.name.clone(), record));
    let input = AccountInput {
        provider: &account.profile.name,
        capabilities: &account.profile.capabilities,
        catalogue: &account.catalogue,
        parts: &account.profile.secret.parts,
        listing: Listing::Complete(request.snapshot.clone()),
        desired: loaded.keys.iter().filter(|(address, _)| own(address)).map(|(address, key)| (address.name.clone(), key)).collect(),
        moved: BTreeMap::new(),
        ledger: known.chain(records.iter().map(|record| (record.address.name.clone(), record))).collect(),
        unmanaged: &loaded.unmanaged,
        own_untold: false,
        options: &account.profile.options,
        attended: None,
    };
    let only: BTreeSet<Address> = records.iter().map(|record| record.address.clone()).collect();
    if only.is_empty() {
        return BTreeMap::new();
    }
    let accounts = BTreeMap::from([(request.account.clone(), input)]);
    let input = PlanInput {
        now: request.now,
        mode: Mode::Live,
        accounts,
        only,
        can_open: false,
        digest: String::new(),
        asked: Asked::default(),
        before: Before::default(),
        guarding: Guarding::default(),
        deliveries: BTreeMap::new(),
    };
    let why = |change: plan::Change| (change.address.name, format!("{} ({})", change.action.as_str(), change.reason));
    plan::plan(&input).changes.into_iter().map(why).collect()
}

fn adoptees(loaded: &Workspace, candidates: Vec<Candidate<'_>>, records: Vec<KeyRecord>) -> Vec<Adoptee> {
    let pairs = candidates.into_iter().zip(records);
    pairs
        .filter_map(|(candidate, record)| {
            let desired = loaded.keys.get(&record.address)?.clone();
            Some(Adoptee { observed: candidate.observed.clone(), desired, record })
        })
        .collect()
}

fn refuse(key: &ObservedKey, why: String) -> Refused {
    Refused { id: key.id.clone(), label: key.label.clone(), why }
}

fn said(diagnostic: Diagnostic) -> Unproposed {
    Unproposed::Said(Box::new(diagnostic))
}

fn cannot_extend(file: &Arc<str>) -> Unproposed {
    let message = format!("`{file}` cannot be extended: its `keys` are not written as an indented block");
    let help =
        format!("write `keys:` with each key on lines of its own, or move the keys to another file than `{file}`; nothing was changed");
    said(Diagnostic::error(Code::ImportCannotExtend, message).at(Place::File(file.clone())).help(help))
}
