//! The profiles that accounts can name: the team's own, and those built in. An own one goes before a built-in one of the same name.
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use regex::Regex;

use super::place::{Entry, short};
use super::sources::Sources;
use crate::diagnostics::{Code, Diagnostic, Place, Report};
use crate::model::{ScopeSet, Span};
use crate::profile::codec_time::Round;
use crate::profile::codec_words::WordsProblem;
use crate::profile::{Api, Catalogue, Environment, LabelRule, Profile, builtin, builtin_text};

/// A profile with everything prepared that checks ask of it.
pub(super) struct Provider {
    pub profile: Arc<Profile>,
    pub catalogue: Arc<Catalogue>,
    label: Option<Regex>,
    params: BTreeMap<String, Regex>,
    options: BTreeMap<String, Regex>,
}

/// What a provider's name leads to.
pub(super) enum Lookup {
    Found(Arc<Provider>),
    /// There is such a profile, and its problems are in the report.
    Broken,
    Unknown,
}

/// All profiles of a workspace.
pub(super) struct Profiles {
    own: BTreeMap<String, Option<Arc<Provider>>>,
    /// Own files whose very name could not be read: what is unknown may be there.
    unread: bool,
    built_in: BTreeMap<String, Arc<Provider>>,
}

impl Profiles {
    /// Reads the team's own profiles, used or not.
    pub fn read(files: &[Arc<str>], sources: &Sources, report: &mut Report) -> Self {
        let mut all = Self { own: BTreeMap::new(), unread: false, built_in: BTreeMap::new() };
        let mut places: BTreeMap<String, Arc<str>> = BTreeMap::new();
        for file in files {
            let Some(bytes) = sources.bytes(file) else { continue };
            let Some(profile) = Profile::parse(file, bytes, report) else {
                all.unread = true;
                continue;
            };
            let name = profile.name.clone();
            if let Some(first) = places.get(&name) {
                let message = format!("`{}` is already described by `{first}`", short(&name));
                let place = Entry { file, route: &[] }.value(&["name"]);
                report.push(Diagnostic::error(Code::ProfileInvalid, message).at(place).help("give one of the two another name"));
                continue;
            }
            places.insert(name.clone(), file.clone());
            let provider = Provider::prepare(profile).map_err(|problem| report.push(invalid(file, &problem))).ok();
            all.own.insert(name, provider.map(Arc::new));
        }
        all
    }

    /// The profile of a name. A built-in one is read when it is first asked for.
    pub fn get(&mut self, name: &str, report: &mut Report) -> Lookup {
        if let Some(own) = self.own.get(name) {
            return own.clone().map_or(Lookup::Broken, Lookup::Found);
        }
        if let Some(known) = self.built_in.get(name) {
            return Lookup::Found(known.clone());
        }
        let Some(text) = builtin_text(name) else {
            return if self.unread { Lookup::Broken } else { Lookup::Unknown };
        };
        let file: Arc<str> = format!("<built-in {name}>").into();
        let Some(profile) = Profile::parse(&file, text.as_bytes(), report) else { return Lookup::Broken };
        match Provider::prepare(profile) {
            Ok(provider) => {
                let provider = Arc::new(provider);
                self.built_in.insert(name.to_owned(), provider.clone());
                Lookup::Found(provider)
            }
            Err(problem) => {
                report.push(invalid(&file, &problem));
                Lookup::Broken
            }
        }
    }

    /// Every name that an account can use.
    pub fn names(&self) -> BTreeSet<&str> {
        builtin().iter().map(|(name, _)| *name).chain(self.own.keys().map(String::as_str)).collect()
    }

    /// Every profile that could be read.
    pub fn all(&mut self, report: &mut Report) -> Vec<(Arc<Profile>, Arc<Catalogue>)> {
        let names: Vec<String> = self.names().into_iter().map(str::to_owned).collect();
        let found = names.iter().filter_map(|name| match self.get(name, report) {
            Lookup::Found(provider) => Some((provider.profile.clone(), provider.catalogue.clone())),
            Lookup::Broken | Lookup::Unknown => None,
        });
        found.collect()
    }

    /// The built-in profiles that accounts use: name and text.
    pub fn built_in_used(&self) -> impl Iterator<Item = (&str, &'static str)> {
        self.built_in.keys().filter_map(|name| Some((name.as_str(), builtin_text(name)?)))
    }
}

impl Provider {
    fn prepare(profile: Profile) -> Result<Self, String> {
        let catalogue = Catalogue::new(profile.catalogue.clone())?;
        let each = |name: &String, pattern: &Option<String>| -> Option<Result<(String, Regex), String>> {
            pattern.as_deref().map(|pattern| Ok((name.clone(), whole(pattern)?)))
        };
        Ok(Self {
            label: profile.capabilities.label.pattern.as_deref().map(whole).transpose()?,
            params: profile.params.iter().filter_map(|(name, param)| each(name, &param.pattern)).collect::<Result<_, _>>()?,
            options: profile.options.iter().filter_map(|(name, option)| each(name, &option.pattern)).collect::<Result<_, _>>()?,
            profile: Arc::new(profile),
            catalogue: Arc::new(catalogue),
        })
    }

    pub fn name(&self) -> &str {
        &self.profile.name
    }

    /// One of its environments, by name.
    pub fn environment(&self, name: Option<&str>) -> Option<&Environment> {
        self.profile.environments.get(name?)
    }

    pub fn label_rule(&self) -> &LabelRule {
        &self.profile.capabilities.label
    }

    /// What the profile takes every key of this label for, other than a key of ours that lives. The label has its marker.
    pub fn label_meaning(&self, label: &str) -> Option<&'static str> {
        match &self.profile.api {
            Some(Api::Http(api)) => api.key.as_ref()?.label_meaning(label),
            Some(Api::Keyring) | None => None,
        }
    }

    /// The label of a key, marker included, as the provider has it.
    pub fn label_as_written(&self, label: &str) -> String {
        let key = match &self.profile.api {
            Some(Api::Http(api)) => api.key.as_ref(),
            Some(Api::Keyring) | None => None,
        };
        key.and_then(|key| key.label.as_ref()).map_or_else(|| label.to_owned(), |reader| reader.place().write(label).0)
    }

    /// A shorter life than this may be none at all, as the provider is told ends.
    pub fn shortest_life(&self) -> Option<Span> {
        let Some(Api::Http(api)) = &self.profile.api else { return None };
        let daily = self.profile.capabilities.expiry.settable && api.formats.expiry.format.is_daily();
        (daily && api.formats.expiry.round == Round::Down).then(|| Span::days(1))
    }

    /// Why no request can ask for these scopes together, and what to do; `None`: one can, as far as the profile tells.
    pub fn unaskable(&self, scopes: &ScopeSet) -> Option<(String, String)> {
        let Some(Api::Http(api)) = &self.profile.api else { return None };
        api.operations.create.as_ref()?;
        let problem = api.formats.scopes.problem(scopes)?;
        let begins = |axis: &str| format!("begins with `{}`", api.formats.scopes.prefix(axis));
        let help = match &problem {
            WordsProblem::NotOne { axis: Some(axis), .. } => format!("name exactly one that {}", begins(axis)),
            WordsProblem::NoneOf { axis } => format!("name at least one that {}", begins(axis)),
            WordsProblem::NotOne { axis: None, .. } => "name exactly one".to_owned(),
            WordsProblem::Form(_)
            | WordsProblem::Unclear(_)
            | WordsProblem::NoAxis(_)
            | WordsProblem::Unlisted(_)
            | WordsProblem::Several(_) => format!("see `keywright providers {}` for the scopes that it has", self.name()),
        };
        Some((problem.to_string(), help))
    }

    pub fn label_fits(&self, label: &str) -> bool {
        self.label.as_ref().is_none_or(|pattern| pattern.is_match(label))
    }

    pub fn param_fits(&self, name: &str, value: &str) -> bool {
        self.params.get(name).is_none_or(|pattern| pattern.is_match(value))
    }

    pub fn option_fits(&self, name: &str, value: &str) -> bool {
        self.options.get(name).is_none_or(|pattern| pattern.is_match(value))
    }
}

/// A pattern that matches whole texts only.
fn whole(pattern: &str) -> Result<Regex, String> {
    Regex::new(&format!(r"\A(?:{pattern})\z")).map_err(|error| format!("`{}` is no regular expression: {error}", short(pattern)))
}

fn invalid(file: &Arc<str>, problem: &str) -> Diagnostic {
    Diagnostic::error(Code::ProfileInvalid, format!("the profile cannot be used: {problem}")).at(Place::File(file.clone()))
}
