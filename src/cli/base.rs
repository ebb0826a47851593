//! `--base`: what a plan trusts comes from a commit, only the manifests from the working tree.
mod place;

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::sync::Arc;

use super::exit::{Exit, Stop};
use super::host::Host;
use super::session::{Observed, Session, Wishes};
use crate::diagnostics::{Code, Diagnostic, Located, Place, Report, Severity};
use crate::files::walk::{FoundKind, walk};
use crate::git::{Entries, Entry, EntryKind, Environment, GitError, Oid, Repository};
use crate::model::{Address, DesiredKey, Listing};
use crate::plan::{self, BaseView, Plan, TrustedChange};
use crate::profile::Api;
use crate::trust;
use crate::workspace::discovery::CONFIG;
use crate::workspace::{self, CredentialRef, Files, Loaded, Workspace};

/// What `git` may know of this process: it is asked for objects that are here, and needs no credential.
const VARIABLES: &[&str] = &["HOME", "PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "USERPROFILE", "XDG_CONFIG_HOME"];
/// The trusted files of a workspace.
const TRUSTED: &[&str] = &[CONFIG, "providers", "ledger"];
/// What apply alone writes.
const WRITTEN: &[&str] = &["ledger", "secrets"];
/// What an interrupted run leaves, and the keys of the provider `keyring`.
const STATE: &[&str] = &[".keywright"];

/// A commit that is trusted, and what the working tree does beside it.
pub struct Base<'h> {
    /// Everything as the commit has it, manifests included.
    before: Session<'h>,
    pub view: BaseView,
    pub trusted: Vec<TrustedChange>,
    /// Edits by hand, and what else concerns the two trees.
    pub findings: Vec<Diagnostic>,
}

/// What git knows of the two trees.
struct Read {
    commit: Oid,
    head: Option<Oid>,
    /// Where the working tree left the commit, as far as this clone knows.
    common: Option<Oid>,
    /// Trusted files and manifests of the commit.
    files: Files,
    findings: Vec<Diagnostic>,
}

/// Loads the workspace with trusted files from the commit `reference` and manifests from the working tree. Opens no credential, and runs nothing
/// that the working tree brings along.
pub fn open<'h>(host: &'h Host, reference: &str) -> Result<(Session<'h>, Base<'h>), Stop> {
    let root = place::root(host, reference)?;
    let read = super::apply::block_on(read(&root, reference))?.map_err(|error| cannot(reference, &error))?;
    let now = host.clock().now();
    let before = workspace::load_commit(&root, now, &read.files);
    if before.workspace.report.has_errors() {
        return Err(broken(reference, before.workspace.report.locate(&before.sources)));
    }
    let mut loaded = workspace::load_on(&root, now, &read.files);
    let proposed = loaded.proposed.take();
    let mut trusted = Vec::new();
    if let Some(proposed) = &proposed {
        no_errors(reference, &loaded, proposed)?;
        trusted = trust::changes(&trust::Sides { base: &read.files, trusted: &loaded.workspace, proposed });
    }
    let mut findings = read.findings;
    let more = super::apply::block_on(async {
        let (commit, common) = (&read.commit, read.common.as_ref());
        let brought = brought_along(&root, commit, common, &loaded.workspace).await?;
        Ok([brought, stores(&root, commit, common, &loaded.workspace).await?].concat())
    })?;
    findings.extend(more.map_err(|error| cannot(reference, &error))?);
    findings.extend(trust::declarations(&before.workspace, &loaded.workspace));
    let declared_before = before.workspace.keys.values().map(|key| (key.address.clone(), Arc::from(&*key.declared_at.file))).collect();
    let session = Session { base: Some(reference.to_owned()), declared_before, ..Session::trusting(host, loaded)? };
    let view = BaseView {
        reference: reference.to_owned(),
        commit: read.commit.to_string(),
        head: read.head.as_ref().map(ToString::to_string),
        withdrawn: Vec::new(),
    };
    Ok((session, Base { before: Session::trusting(host, before)?, view, trusted, findings }))
}

impl Session<'_> {
    /// Lets the ledger stand in for accounts that cannot be read, so that a review shows what they would gain. Returns whether there are any.
    pub fn stand_in(&self, observed: &mut Observed) -> bool {
        let mut any = false;
        for (name, listing) in &mut observed.listings {
            if let Listing::Unavailable(why) = listing {
                let message = format!("account `{name}` cannot be read, and its ledger stands in for it: {why}");
                observed.findings.push(Diagnostic::warning(Code::ProviderUnavailable, message));
                *listing = self.assumed(name);
                any = true;
            }
        }
        any
    }
}

impl Base<'_> {
    /// Whether the working tree has what must not be merged.
    pub fn has_errors(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity == Severity::Error)
    }

    /// Keys as the commit's manifests declare them, also by the addresses that they get in the working tree (`moved`: the old ones, by the new
    /// ones).
    pub fn declared(&self, moved: &BTreeMap<Address, Address>) -> BTreeMap<Address, DesiredKey> {
        let keys = &self.before.workspace.keys;
        let moved = moved.iter().filter_map(|(new, old)| Some((new, keys.get(old)?)));
        moved.chain(keys).map(|(address, key)| (address.clone(), key.clone())).collect()
    }

    /// Says whose doing each change of a plan is, and adds what the working tree does to trusted files.
    ///
    /// The commit's own manifests are planned on the very same observations: what they ask for, too, is pending already.
    pub fn explain(self, plan: &mut Plan, observed: &Observed, wishes: &Wishes<'_>) {
        let known = |address: &&Address| self.before.workspace.keys.contains_key(address) || self.before.records.contains_key(address);
        let only: BTreeSet<Address> = wishes.only.iter().filter(known).cloned().collect();
        let nothing_there = !wishes.only.is_empty() && only.is_empty();
        let known_accounts = |name: &&crate::model::Name| self.before.workspace.accounts.contains_key(name);
        let listings =
            observed.listings.iter().filter(|(name, _)| known_accounts(name)).map(|(name, listing)| (name.clone(), listing.clone()));
        let observed = Observed { listings: listings.collect(), findings: Vec::new(), held: observed.held.clone() };
        let wishes = Wishes { only: &only, before: wishes.before.clone(), ..*wishes };
        let before = (!nothing_there).then(|| self.before.plan(&observed, &wishes, plan.created_at));
        let pending = before.map(|plan| plan.changes).unwrap_or_default();
        let withdrawn = plan::attribute(&mut plan.changes, pending);
        plan.base = Some(BaseView { withdrawn, ..self.view });
        plan.trusted = self.trusted;
    }
}

async fn read(root: &std::path::Path, reference: &str) -> Result<Read, GitError> {
    let repository = Repository::discover(root, &environment()).await?;
    let commit = repository.resolve(reference).await?;
    let head = repository.here().await?;
    let common = match &head {
        Some(head) => repository.merge_base(&commit, head).await?,
        None => None,
    };
    let entries = repository.files_of(&commit, &[TRUSTED, &["keys"]].concat()).await?;
    if let Some((path, entry)) = entries.iter().find(|(path, entry)| entry.kind != EntryKind::File && shows(path)) {
        let what = if entry.kind == EntryKind::Symlink { "a symbolic link" } else { "another repository" };
        return Err(GitError::Other(format!("`{path}` is {what} there")));
    }
    let wanted: Vec<(&String, &Oid)> = entries.iter().filter(|(path, _)| shows(path)).map(|(path, entry)| (path, &entry.oid)).collect();
    let contents = repository.contents(&wanted.iter().map(|(_, oid)| *oid).collect::<Vec<_>>()).await?;
    let files: Files = wanted.into_iter().zip(contents).map(|((path, _), bytes)| (Arc::from(path.as_str()), bytes)).collect();
    let mut findings = edits(root, &repository, reference, &commit, common.as_ref()).await?;
    if let Some(head) = &head {
        findings.extend(committed(&repository, head).await?);
    }
    findings.extend(behind(&repository, reference, &entries, common.as_ref()).await?);
    Ok(Read { commit, head, common, files, findings })
}

/// As files of a directory are read: hidden ones, and what editors leave behind, are not.
fn shows(path: &str) -> bool {
    !path.split('/').any(crate::files::walk::is_leftover)
}

/// What the commit has there, and what it had where the working tree left it.
async fn sides(repository: &Repository, commit: &Oid, common: Option<&Oid>, paths: &[&str]) -> Result<[Entries; 2], GitError> {
    let base = repository.files_of(commit, paths).await?;
    let parted = match common {
        Some(common) if common != commit => repository.files_of(common, paths).await?,
        Some(_) | None => base.clone(),
    };
    Ok([base, parted])
}

/// Files that apply alone writes and that differ from the commit, but for those that the commit has changed itself since the two parted.
async fn edits(
    root: &std::path::Path,
    repository: &Repository,
    reference: &str,
    commit: &Oid,
    common: Option<&Oid>,
) -> Result<Vec<Diagnostic>, GitError> {
    let [base, parted] = sides(repository, commit, common, WRITTEN).await?;
    let found: Vec<String> = WRITTEN
        .iter()
        .flat_map(|below| walk(root, below))
        // Links and what cannot be read are problems of their own, told where the workspace is read.
        .filter(|found| matches!(found.kind, FoundKind::File) && crate::git::is_plain_path(&found.path))
        .map(|found| found.path)
        .collect();
    let hashes = repository.hashes_of_files(&found.iter().map(String::as_str).collect::<Vec<_>>()).await?;
    let here: BTreeMap<&str, &Oid> = found.iter().map(String::as_str).zip(&hashes).collect();
    let names: BTreeSet<&str> =
        base.keys().chain(parted.keys()).map(String::as_str).chain(here.keys().copied()).filter(|path| shows(path)).collect();
    let mut findings = Vec::new();
    for name in names {
        let of = |side: &Entries| side.get(name).map(|entry| entry.oid.clone());
        let mine = here.get(name).map(|oid| (*oid).clone());
        if mine == of(&base) || mine == of(&parted) || is_same_text(root, repository, name, [of(&base), of(&parted)]).await? {
            continue;
        }
        let word = match (mine.is_some(), of(&parted).is_some()) {
            (true, false) => "added",
            (false, _) => "removed",
            (true, true) => "changed",
        };
        let message = format!("`{name}` is {word} by hand: `apply` alone writes it");
        let help = format!("take it back: `git checkout {reference} -- {name}`{}", if word == "added" { ", or remove it" } else { "" });
        findings.push(Diagnostic::error(Code::TrustHandEdit, message).at(Place::File(name.into())).help(help));
    }
    Ok(findings)
}

/// Files of the working tree that credentials come from, and that differ from the commit: after the merge, apply runs or reads them.
async fn brought_along(
    root: &std::path::Path,
    commit: &Oid,
    common: Option<&Oid>,
    trusted: &Workspace,
) -> Result<Vec<Diagnostic>, GitError> {
    let mut named: BTreeMap<String, String> = BTreeMap::new();
    let accounts = trusted.accounts.values().flat_map(|account| {
        [&account.credential, &account.plan_credential].map(|reference| (format!("account `{}`", account.name), reference.as_ref()))
    });
    let deliveries =
        trusted.deliveries.values().map(|delivery| (format!("delivery `{}`", delivery.target.name), delivery.credential.as_ref()));
    for (whose, reference) in accounts.chain(deliveries) {
        let words = match reference {
            Some(CredentialRef::File(path)) => vec![path.to_string_lossy().into_owned()],
            Some(CredentialRef::Command(words)) => words.clone(),
            Some(CredentialRef::Env(_)) | None => Vec::new(),
        };
        let plain = words.iter().map(|word| word.trim_start_matches("./")).filter(|word| crate::git::is_plain_path(word));
        named.extend(plain.map(|word| (word.to_owned(), whose.clone())));
    }
    if named.is_empty() {
        return Ok(Vec::new());
    }
    let repository = Repository::discover(root, &environment()).await?;
    let paths: Vec<&str> = named.keys().map(String::as_str).collect();
    let [base, parted] = sides(&repository, commit, common, &paths).await?;
    let here: Vec<&str> = paths.into_iter().filter(|path| root.join(path).is_file()).collect();
    let hashes = repository.hashes_of_files(&here).await?;
    let differs = |(path, oid): &(&str, Oid)| [&base, &parted].iter().all(|side| side.get(*path).is_none_or(|entry| entry.oid != *oid));
    let warn = |(path, _): (&str, Oid)| {
        let message = format!("`{path}`, which the credential of {} comes from, is changed by this tree", named[path]);
        let help = "read it like a credential: after the merge, apply runs or reads it";
        Diagnostic::warning(Code::TrustCredential, message).at(Place::File(path.into())).help(help)
    };
    Ok(here.into_iter().zip(hashes).filter(differs).map(warn).collect())
}

/// Stores of `keyring` accounts that the repository has, and that differ from the commit: who writes there gives tokens any scope.
async fn stores(root: &std::path::Path, commit: &Oid, common: Option<&Oid>, trusted: &Workspace) -> Result<Vec<Diagnostic>, GitError> {
    let keyrings = trusted.accounts.values().filter(|account| matches!(account.profile.api, Some(Api::Keyring)));
    let named: BTreeMap<String, String> = keyrings
        .filter_map(|account| Some((account.params.get("store")?.trim_start_matches("./").to_owned(), account.name.to_string())))
        .filter(|(path, _)| crate::git::is_plain_path(path))
        .collect();
    if named.is_empty() {
        return Ok(Vec::new());
    }
    let repository = Repository::discover(root, &environment()).await?;
    let paths: Vec<&str> = named.keys().map(String::as_str).collect();
    let [base, parted] = sides(&repository, commit, common, &paths).await?;
    let head = match repository.here().await? {
        Some(head) => repository.files_of(&head, &paths).await?,
        None => Entries::new(),
    };
    let mut findings = Vec::new();
    // What no commit has is this machine's own.
    for path in paths.into_iter().filter(|path| base.contains_key(*path) || head.contains_key(*path)) {
        let is_there = root.join(path).is_file();
        let mine = if is_there { repository.hashes_of_files(&[path]).await?.into_iter().next() } else { None };
        let of = |side: &Entries| side.get(path).map(|entry| entry.oid.clone());
        if mine == of(&base) || mine == of(&parted) {
            continue;
        }
        let message = format!("`{path}`, the keys of account `{}`, is changed by hand: `apply` alone writes it", named[path]);
        let help = "take it back, and keep the store out of git: who writes there gives tokens any scope";
        findings.push(Diagnostic::error(Code::TrustHandEdit, message).at(Place::File(path.into())).help(help));
    }
    Ok(findings)
}

/// What a commit must not have: the state of interrupted runs, which the next run would go on with, and links where apply alone writes, or
/// repositories where keys are declared.
async fn committed(repository: &Repository, commit: &Oid) -> Result<Vec<Diagnostic>, GitError> {
    let entries = repository.files_of(commit, &[WRITTEN, STATE, &["keys"]].concat()).await?;
    let problem = |(path, entry): (&String, &Entry)| {
        let area = path.split('/').next().unwrap_or_default();
        let message = match entry.kind {
            _ if STATE.contains(&area) => format!("`{path}` is committed: the next run would go on with what it says"),
            EntryKind::Submodule => format!("`{path}` is another repository: what it holds is not reviewed here"),
            EntryKind::Symlink if WRITTEN.contains(&area) => format!("`{path}` is a symbolic link: `apply` alone writes there"),
            EntryKind::Symlink | EntryKind::File => return None,
        };
        let help = format!("take it out: `git rm --cached {path}`");
        Some(Diagnostic::error(Code::TrustHandEdit, message).at(Place::File(path.as_str().into())).help(help))
    };
    Ok(entries.iter().filter_map(problem).collect())
}

/// Refuses to go on with the state of an interrupted run that somebody committed: it could say anything of any key.
pub(super) fn no_committed_state(root: &std::path::Path) -> Result<(), Stop> {
    let found = [".keywright/journal.jsonl", ".keywright/imported.json", ".keywright/sealed"].iter().any(|name| root.join(name).exists());
    if !found {
        return Ok(());
    }
    let committed = super::apply::block_on(async {
        let repository = Repository::discover(root, &environment()).await.ok()?;
        let head = repository.here().await.ok()??;
        repository.files_of(&head, STATE).await.ok()?.into_keys().next()
    })?;
    match committed {
        None => Ok(()),
        Some(path) => {
            let message =
                format!("`{path}` is committed: what an interrupted run left is never part of a repository, and could say anything");
            let help = format!("look at who committed it, and take it out: `git rm --cached {path}`");
            Err(Stop::with(Exit::Error, Diagnostic::error(Code::TrustHandEdit, message).help(help)))
        }
    }
}

/// What git is run with.
fn environment() -> Environment {
    let passes = |name: &str| VARIABLES.iter().any(|known| name.eq_ignore_ascii_case(known)) || name.starts_with("GIT_CONFIG_");
    Environment::new(env::vars_os().filter(|(name, _)| name.to_str().is_some_and(passes)))
}

/// Whether a text differs in its line ends alone, as git may check it out.
async fn is_same_text(root: &std::path::Path, repository: &Repository, name: &str, sides: [Option<Oid>; 2]) -> Result<bool, GitError> {
    let Ok(bytes) = crate::files::read(&root.join(name), workspace::discovery::LIMIT) else { return Ok(false) };
    if !name.ends_with(".yaml") || !bytes.windows(2).any(|pair| pair == b"\r\n") {
        return Ok(false);
    }
    let unix = String::from_utf8_lossy(&bytes).replace("\r\n", "\n").into_bytes();
    let oids: Vec<&Oid> = sides.iter().flatten().collect();
    Ok(repository.contents(&oids).await?.contains(&unix))
}

/// A working tree without manifests that the commit has got since lacks keys that nobody wants to take away.
async fn behind(repository: &Repository, reference: &str, base: &Entries, common: Option<&Oid>) -> Result<Vec<Diagnostic>, GitError> {
    let Some(common) = common else {
        let message = format!("this clone does not know where the working tree left `{reference}`");
        let help = "check out with enough history (`fetch-depth: 0`): without it, what others merged since looks like edits of this change";
        return Ok(vec![Diagnostic::warning(Code::TrustBehind, message).help(help)]);
    };
    let manifests = |entries: &Entries| -> Entries {
        let is_manifest = |path: &str| path.starts_with("keys/") && shows(path);
        entries.iter().filter(|(path, _)| is_manifest(path)).map(|(path, entry)| (path.clone(), entry.clone())).collect()
    };
    let (then, now) = (manifests(&repository.files_of(common, &["keys"]).await?), manifests(base));
    let changed =
        then.keys().chain(now.keys()).collect::<BTreeSet<_>>().into_iter().filter(|path| then.get(*path) != now.get(*path)).count();
    if changed == 0 {
        return Ok(Vec::new());
    }
    let message = format!("`{reference}` has changed {} since the working tree left it", crate::render::count(changed, "manifest"));
    let help = format!("merge or rebase on `{reference}`: until then, what changed there looks taken back here");
    Ok(vec![Diagnostic::warning(Code::TrustBehind, message).help(help)])
}

fn cannot(reference: &str, error: &GitError) -> Stop {
    let message = format!("the files of `{}` cannot be read: {error}", reference.escape_debug());
    Stop::with(Exit::Error, Diagnostic::error(Code::TrustBase, message).help(error.help()))
}

/// Refuses what is wrong under the trusted configuration, and what would be wrong after the merge.
fn no_errors(reference: &str, trusted: &Loaded, proposed: &Loaded) -> Result<(), Stop> {
    let located = |loaded: &Loaded| loaded.workspace.report.locate(&loaded.sources);
    let (mut problems, after) = (located(trusted), located(proposed));
    let is_error = |problem: &&Located| problem.severity == Severity::Error;
    let accepted_later = problems.iter().filter(is_error).any(|problem| !after.contains(problem));
    let more: Vec<Located> = after.into_iter().filter(|problem| !problems.contains(problem)).collect();
    problems.extend(more);
    if !problems.iter().any(|problem| problem.severity == Severity::Error) {
        return Ok(());
    }
    if accepted_later {
        let message = format!("manifests are read by `{CONFIG}` as `{}` has it", reference.escape_debug());
        let help = format!("where they need the `{CONFIG}` of this change, merge that first");
        let mut report = Report::default();
        report.push(Diagnostic::new(Code::TrustBase, Severity::Note, message).help(help));
        problems.extend(report.locate(&workspace::Sources::default()));
    }
    Err(Stop::located(Exit::Error, problems))
}

/// The commit's own files have errors: nothing can be trusted.
fn broken(reference: &str, mut diagnostics: Vec<Located>) -> Stop {
    let message = format!("the workspace has errors in `{}`, which this plan trusts", reference.escape_debug());
    let mut report = Report::default();
    report.push(Diagnostic::error(Code::TrustBase, message).help("mend it there first; the lines above are those of that commit"));
    diagnostics.extend(report.locate(&workspace::Sources::default()));
    Stop::located(Exit::Error, diagnostics)
}
