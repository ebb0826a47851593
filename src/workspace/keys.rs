//! Manifests, resolved: each declared key with its defaults, scopes and recipients. Checks take time in proportion to the number of keys.
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use jiff::Timestamp;
use rayon::prelude::*;

use super::accounts::Settings;
use super::advice::Advice;
use super::manifest::{KeySpec, ManifestFile};
use super::moves::Move;
use super::place::{self, short};
use super::profiles::Provider;
use super::reviews::Interval;
use super::{TOLD, TOLD_IN_ALL, confusable, labels, options, timing};
use crate::diagnostics::{Code, Diagnostic, Report};
use crate::model::{Address, DesiredKey, Format, KeyRecord, Name, Options, Position, Recipients, Scope, ScopeSet};
use crate::profile::{Catalogue, Environment, ScopeCheck};
use crate::yaml::{self, PlacedName};

/// What the checks of keys look at, and what they collect.
pub(super) struct Keys<'a> {
    /// `None`: `keywright.yaml` could not be read, and nothing can be said about accounts and groups.
    pub settings: Option<&'a mut Settings>,
    pub ledger: &'a BTreeMap<Address, KeyRecord>,
    pub now: Timestamp,
    pub advice: &'a mut Advice,
    /// Of the manifest being read.
    pub report: Report,
    /// Each at another address: see `places`.
    pub keys: Vec<DesiredKey>,
    /// Where each key was first declared, those with problems included.
    pub places: BTreeMap<Address, Position>,
    /// What the `moved` lists of all manifests say.
    pub moves: Vec<Move>,
    /// The old addresses in them, by the new ones.
    pub formerly: BTreeMap<Address, Address>,
    /// The deliveries that keys have named so far, each with the first key and its place.
    pub taken: BTreeMap<Name, (String, Position)>,
}

/// A manifest that was read, with what was found wrong so far. Its keys are not yet taken.
pub(super) struct Untaken<'f> {
    file: &'f Arc<str>,
    /// `None`: it could not be read.
    manifest: Option<ManifestFile>,
    /// What is known of each of its keys.
    sound: Vec<Sound>,
    report: Report,
}

/// How many problems of the next manifest are told.
fn room(told: usize) -> usize {
    TOLD_IN_ALL.saturating_sub(told).clamp(1, TOLD)
}

/// How many bytes are read at a time, if they are those of several files: what is found wrong with all of them is held until it is counted.
const AT_ONCE: usize = 1 << 20;

/// The files in groups that are read at a time: many small ones, or a large one alone.
fn batches<'a, 'f>(mut files: &'a [(&'f Arc<str>, &'f [u8])]) -> impl Iterator<Item = &'a [(&'f Arc<str>, &'f [u8])]> {
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let fits = files.iter().take_while(|(_, file)| {
            bytes += file.len();
            bytes <= AT_ONCE
        });
        let (batch, rest) = files.split_at_checked(fits.count().max(1))?;
        files = rest;
        Some(batch)
    })
}

impl Keys<'_> {
    /// Reads manifests, on all cores, and gathers the moves of all: a key may stand in another file than its move. `told`: problems so far.
    pub fn read<'f>(&mut self, files: impl Iterator<Item = (&'f Arc<str>, &'f [u8])>, mut told: usize) -> Vec<Untaken<'f>> {
        let files: Vec<_> = files.collect();
        let mut all: Vec<(Option<ManifestFile>, Report)> = Vec::with_capacity(files.len());
        for batch in batches(&files) {
            let read = |(file, bytes): &(&Arc<str>, &[u8])| {
                let mut own = Report::limited(TOLD);
                (yaml::read(file, bytes, &mut own), own)
            };
            let first = all.len();
            all.par_extend(batch.par_iter().map(read));
            for ((file, _), (manifest, own)) in batch.iter().zip(&mut all[first..]) {
                own.limit_to(room(told));
                told += own.diagnostics().len();
                if let Some(manifest) = manifest {
                    self.gather(file, manifest);
                }
            }
        }
        let settings = self.settings.as_deref();
        let sound_of = |(manifest, _): &mut (Option<ManifestFile>, Report)| {
            manifest.as_mut().map_or_else(Vec::new, |manifest| sound_keys(manifest, settings))
        };
        let sound: Vec<_> = all.par_iter_mut().map(sound_of).collect();
        let untaken = |(((file, _), (manifest, own)), sound)| Untaken { file, manifest, sound, report: own };
        files.into_iter().zip(all).zip(sound).map(untaken).collect()
    }

    /// Takes the keys of manifests that were read, in the order of the files.
    pub fn take(&mut self, read: Vec<Untaken>, report: &mut Report) {
        self.keys.reserve(read.iter().map(|file| file.sound.len()).sum());
        for Untaken { file, manifest, sound, report: own } in read {
            self.report = Report::limited(room(report.diagnostics().len()));
            self.report.extend_from_file(own, file);
            if let Some(manifest) = manifest {
                self.manifest(file, manifest, sound);
            }
            report.extend_from_file(std::mem::take(&mut self.report), file);
        }
    }

    fn gather(&mut self, file: &Arc<str>, manifest: &mut ManifestFile) {
        self.formerly.extend(manifest.moved.iter().map(|spec| (spec.to.clone(), spec.from.clone())));
        self.moves.extend(std::mem::take(&mut manifest.moved).into_iter().enumerate().map(|(index, spec)| Move {
            file: file.clone(),
            index,
            account: manifest.account.clone(),
            spec,
        }));
    }

    fn manifest(&mut self, file: &Arc<str>, manifest: ManifestFile, sound: Vec<Sound>) {
        let document = place::Entry { file, route: &[] };
        let account = Name::new(&manifest.account).ok();
        if let Some(settings) = self.settings.as_deref().filter(|settings| !settings.declared.contains(&manifest.account)) {
            let message = format!("there is no account `{}` in `keywright.yaml`", short(&manifest.account));
            let mut diagnostic = Diagnostic::error(Code::ManifestUnknownAccount, message);
            diagnostic.help = self.advice.or_list(&manifest.account, settings.declared.iter().map(String::as_str));
            self.report.push(diagnostic.at(document.value(&["account"])).label("unknown account"));
        }
        let at = account.as_ref().zip(self.settings.as_deref()).and_then(|(account, settings)| settings.at(account));
        let at = at.map(|(provider, environment)| (provider.clone(), environment.map(str::to_owned)));
        let (provider, environment) = at.as_ref().map(|(provider, name)| (&**provider, provider.environment(name.as_deref()))).unzip();
        for ((placed, spec), sound) in manifest.keys.0.into_iter().zip(sound) {
            if self.report.is_overfull() {
                break;
            }
            self.key(file, account.as_ref(), provider, environment.flatten(), placed, (spec, sound));
        }
    }

    fn key(
        &mut self,
        file: &Arc<str>,
        account: Option<&Name>,
        provider: Option<&Provider>,
        environment: Option<&Environment>,
        placed: PlacedName,
        (spec, sound): (KeySpec, Sound),
    ) {
        let entry = place::Entry { file, route: &["keys", &placed.name] };
        let position = Position { file: file.clone(), line: placed.at.0, column: placed.at.1 };
        let name = Name::new(&placed.name).map_err(|error| {
            let diagnostic = Diagnostic::error(Code::ManifestInvalidName, format!("the key `{}` has no valid name", short(&placed.name)));
            self.report.push(diagnostic.at_position(&position).help(error.to_string()));
        });
        let address = account.zip(name.ok()).map(|(account, name)| Address::new(account.clone(), name));
        match address.clone().map(|address| self.places.entry(address)) {
            Some(Entry::Occupied(first)) => {
                let (address, at) = (first.key(), first.get());
                let message = format!("the key `{address}` is declared twice");
                let diagnostic = Diagnostic::error(Code::ManifestDuplicateKey, message).at_position(&position);
                let diagnostic = diagnostic.note(format!("first declared at {}:{}:{}", at.file, at.line, at.column));
                self.report.push(diagnostic.help("remove one of the two, or rename it"));
                return;
            }
            Some(Entry::Vacant(free)) => {
                free.insert(position.clone());
            }
            None => {}
        }
        let record = |address: &Address| self.ledger.get(address).or_else(|| self.ledger.get(self.formerly.get(address)?));
        let current = address.as_ref().and_then(record).and_then(KeyRecord::current);
        let built_in = timing::Defaults::default();
        let defaults = self.settings.as_deref().map_or(&built_in, |settings| &settings.defaults);
        // Without the trusted file there may be a default lifetime.
        let unsaid = self.settings.is_none() && spec.lifetime.is_none() && spec.expires.is_none();
        let expiry = if unsaid { None } else { timing::expiry(&spec, defaults, provider, current, self.now, &entry, &mut self.report) };
        let review_every = Interval::or(spec.review_every, defaults.review_every);
        let unused_after = Interval::or(spec.unused_after, defaults.unused_after);
        let spans = defaults.spans(&spec, expiry, &entry, &mut self.report);
        if !sound.label {
            labels::check(spec.label.as_deref().unwrap_or(&placed.name), spec.label.is_some(), provider, &entry, &mut self.report);
        }
        let unlabelled = provider.is_some_and(|provider| provider.label_rule().none);
        let texts = [("owner", spec.owner.as_deref()), ("label", spec.label.as_deref()), ("purpose", spec.purpose.as_deref())];
        confusable::check(&texts, &entry, &mut self.report);
        let scopes = self.scopes((spec.scopes, sound.scopes), provider, &entry);
        let recipients = self.recipients(spec.recipients, &entry);
        let resolve = |provider| options::resolve(spec.options, provider, environment, &entry, self.advice, &mut self.report);
        let options = sound.options.or_else(|| provider.map(resolve));
        let format = self.format(spec.format, provider, options.as_ref(), &entry);
        let deliver = self.deliver((&spec.deliver, format), provider, options.as_ref(), &position, &entry);
        let (Some(address), Some(expiry), Some(recipients), Some(options)) = (address, expiry, recipients, options) else { return };
        let key = DesiredKey {
            declared_at: position,
            label: if unlabelled { "".into() } else { spec.label.map_or_else(|| address.name.as_str().into(), Arc::from) },
            owner: spec.owner.map(Arc::from),
            purpose: spec.purpose.map(Arc::from),
            scopes,
            expiry,
            renew_before: spans.renew_before.span,
            overlap: spans.overlap.span,
            cooldown: spans.cooldown.span,
            recipients,
            format,
            state: spec.state,
            protect: spec.protect,
            review_every,
            unused_after,
            options,
            deliver,
            address,
        };
        self.keys.push(key);
    }

    /// The set that the words stand for. `listed`: that set, where there is nothing to say about any of them.
    fn scopes(&mut self, (words, listed): (Vec<Scope>, Option<ScopeSet>), provider: Option<&Provider>, entry: &place::Entry) -> ScopeSet {
        if words.is_empty() && listed.is_none() {
            let diagnostic = Diagnostic::error(Code::ManifestNoScopes, "the key has no scopes").at(entry.value(&["scopes"]));
            self.report.push(diagnostic.help("name at least one scope; `keywright providers NAME` lists them"));
        }
        let mut good = !words.is_empty() || listed.is_some();
        let mut all = listed.unwrap_or_default();
        for (i, word) in words.into_iter().enumerate() {
            if self.report.is_overfull() {
                break;
            }
            // A tier is exactly the scopes that the profile lists, whatever the vendor adds to it.
            if let Some(tier) = provider.and_then(|provider| provider.catalogue.tier(word.as_str())) {
                all.extend(tier.iter().cloned());
                continue;
            }
            let place = || entry.item(&["scopes"], i);
            let scope = match provider.map(|provider| (provider, provider.catalogue.check(word.as_str()))) {
                None => word,
                Some((_, ScopeCheck::Listed(scope) | ScopeCheck::Alias(scope))) => scope,
                Some((provider, ScopeCheck::Unlisted)) => {
                    self.report.push_warning(Code::ManifestUnlistedScope, |code| {
                        let message = format!("`{}` does not list the scope `{}`", provider.name(), short(word.as_str()));
                        let mut diagnostic = Diagnostic::warning(code, message).at(place()).label("not in the catalogue");
                        diagnostic.help = near(self.advice, &provider.catalogue, word.as_str());
                        diagnostic
                    });
                    word
                }
                Some((provider, check @ (ScopeCheck::Unknown | ScopeCheck::Malformed))) => {
                    let message = format!("`{}` has no scope `{}`", provider.name(), short(word.as_str()));
                    let label = if check == ScopeCheck::Malformed { "not the form of a scope" } else { "unknown scope" };
                    let mut diagnostic = Diagnostic::error(Code::ManifestUnknownScope, message).at(place()).label(label);
                    let near = near(self.advice, &provider.catalogue, word.as_str());
                    diagnostic.help =
                        near.or_else(|| Some(format!("see `keywright providers {}` for the scopes that it has", provider.name())));
                    self.report.push(diagnostic);
                    good = false;
                    continue;
                }
            };
            if !all.insert(scope.clone()) {
                self.report.push_warning(Code::ManifestDuplicateScope, |code| {
                    let message = format!("the scope `{}` stands more than once", short(scope.as_str()));
                    let diagnostic = Diagnostic::warning(code, message).at(place());
                    diagnostic.label("repeated").help("remove the repetition; it has no effect")
                });
            }
        }
        // What is wrong with one scope has been said; here it is the set.
        if let Some((problem, help)) = provider.filter(|_| good).and_then(|provider| provider.unaskable(&all)) {
            let diagnostic = Diagnostic::error(Code::ManifestScopeSet, problem).at(entry.value(&["scopes"]));
            self.report.push(diagnostic.label("cannot be asked for together").help(help));
        }
        all
    }

    fn format(&mut self, said: Option<Format>, provider: Option<&Provider>, options: Option<&Options>, entry: &place::Entry) -> Format {
        let names = provider.map(|provider| provider.profile.parts_of(options.unwrap_or(&Options::new()))).unwrap_or_default();
        let parts = names.len().max(1);
        match said {
            Some(Format::Raw) if parts > 1 => {
                let names = names.join("`, `");
                let message = format!("`raw` cannot hold a secret of {parts} parts (`{names}`)");
                let diagnostic = Diagnostic::error(Code::ManifestFormat, message).at(entry.value(&["format"]));
                self.report.push(diagnostic.help("use `json` or `dotenv`"));
                Format::Json
            }
            Some(format) => format,
            None if parts > 1 => Format::Json,
            None => Format::Raw,
        }
    }

    /// The recipients of a key; `None` when there are none, which is then in the report.
    fn recipients(&mut self, said: Option<Vec<String>>, entry: &place::Entry) -> Option<Arc<Recipients>> {
        let settings = self.settings.as_deref_mut()?;
        let (groups, place) = match said {
            Some(names) => {
                let place = entry.value(&["recipients"]);
                let named = !names.is_empty();
                let known = settings.groups.named(Code::ManifestUnknownGroup, entry, &["recipients"], names, self.advice, &mut self.report);
                (named.then_some(known), place)
            }
            None => (settings.defaults.recipients.clone(), entry.name()),
        };
        match groups {
            // All of them unknown, which was reported.
            Some(groups) if groups.is_empty() => None,
            Some(groups) => Some(settings.groups.share(groups)),
            None => {
                let diagnostic = Diagnostic::error(Code::ManifestNoRecipients, "nobody could open the key's secret: it has no recipients");
                self.report.push(
                    diagnostic.at(place).help("name groups in the key's `recipients`, or in `defaults.recipients` of `keywright.yaml`"),
                );
                None
            }
        }
    }
}

/// What there is nothing to say about: the case of almost all keys, looked at on all cores. What is left out here is looked at one by one.
#[derive(Default)]
struct Sound {
    /// The set that the words stand for, when each is a scope of the catalogue and none stands twice. The words are gone then.
    scopes: Option<ScopeSet>,
    /// Whether the label was looked at, and fits.
    label: bool,
    /// The defaults of all options, for a key that says none.
    options: Option<Options>,
}

fn sound_keys(manifest: &mut ManifestFile, settings: Option<&Settings>) -> Vec<Sound> {
    let account = Name::new(&manifest.account).ok();
    let at = account.zip(settings).and_then(|(account, settings)| settings.at(&account));
    let nowhere = Arc::default();
    let entry = place::Entry { file: &nowhere, route: &[] };
    let defaults = at.and_then(|(provider, environment)| {
        let mut report = Report::limited(1);
        let environment = provider.environment(environment);
        let options = options::resolve(BTreeMap::new(), provider, environment, &entry, &mut Advice::default(), &mut report);
        report.is_empty().then_some(options)
    });
    let one = |(placed, spec): &mut (PlacedName, KeySpec)| {
        let Some((provider, _)) = at else { return Sound::default() };
        let scopes = listed(&spec.scopes, &provider.catalogue);
        if scopes.is_some() {
            spec.scopes = Vec::new();
        }
        let mut report = Report::limited(1);
        labels::check(spec.label.as_deref().unwrap_or(&placed.name), spec.label.is_some(), Some(provider), &entry, &mut report);
        Sound { scopes, label: report.is_empty(), options: defaults.clone().filter(|_| spec.options.is_empty()) }
    };
    manifest.keys.0.par_iter_mut().map(one).collect()
}

/// The set that words stand for when each is a scope of the catalogue and none stands twice.
fn listed(words: &[Scope], catalogue: &Catalogue) -> Option<ScopeSet> {
    let scope = |word: &Scope| match catalogue.check(word.as_str()) {
        ScopeCheck::Listed(scope) if catalogue.tier(word.as_str()).is_none() => Some(scope),
        ScopeCheck::Listed(_) | ScopeCheck::Alias(_) | ScopeCheck::Unlisted | ScopeCheck::Unknown | ScopeCheck::Malformed => None,
    };
    let all: ScopeSet = words.iter().map(scope).collect::<Option<_>>()?;
    (!words.is_empty() && all.len() == words.len()).then_some(all)
}

/// What was probably meant by a word that is no scope.
fn near(advice: &mut Advice, catalogue: &Catalogue, word: &str) -> Option<String> {
    let listed = |word: &str| catalogue.listed(&Scope::from(word)).is_some();
    match (catalogue.confined(word), &catalogue.spec().confined_by) {
        (Some((base, rest)), _) if !listed(base) => {
            let known: Vec<String> = catalogue.words().map(|known| format!("{known}{rest}")).collect();
            advice.on(word, known.iter().map(String::as_str))
        }
        (None, Some(sign)) if listed(word) => Some(format!("say what it is for: `{word}{sign}…`")),
        (Some(_) | None, _) => advice.on(word, catalogue.words()),
    }
}
