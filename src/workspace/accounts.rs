//! `keywright.yaml`, resolved: accounts, their providers, and the defaults of keys. Opens no credential.
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use reqwest::Url;

use super::advice::{Advice, listed};
use super::config::{AccountSpec, ConfigFile, CredentialSpec, GuardsSpec, UnmanagedSpec};
use super::deliveries::Deliveries;
use super::groups::Groups;
use super::place::{Entry, short};
use super::profiles::{Lookup, Profiles, Provider};
use super::timing::Defaults;
use super::{Account, CredentialRef, Untrusted};
use crate::diagnostics::{Code, Diagnostic, Report};
use crate::model::{Guards, Name, Unmanaged, UnmanagedRule};
use crate::policy::Policy;
use crate::profile::{Api, Environment};

/// What `keywright.yaml` comes to.
#[derive(Default)]
pub(super) struct Settings {
    pub accounts: BTreeMap<Name, Account>,
    /// The prepared profile of each resolved account.
    pub providers: BTreeMap<Name, Arc<Provider>>,
    /// Names of all accounts, those with problems included.
    pub declared: BTreeSet<String>,
    pub groups: Groups,
    pub defaults: Defaults,
    pub unmanaged: Unmanaged,
    pub guards: Guards,
    pub deliveries: Deliveries,
    pub policy: Policy,
}

impl Settings {
    /// The provider of an account, and the name of its environment there.
    pub fn at(&self, account: &Name) -> Option<(&Arc<Provider>, Option<&str>)> {
        let provider = self.providers.get(account)?;
        Some((provider, self.accounts.get(account).and_then(|account| account.environment.as_deref())))
    }

    /// Takes over what only the other has by name: accounts, groups and deliveries. Whatever both have stays as it is here.
    pub fn take_new(&mut self, other: Settings) -> Untrusted {
        let mut new = Untrusted::default();
        for (name, account) in other.accounts {
            if self.declared.insert(name.to_string()) {
                self.providers.extend(other.providers.get(&name).map(|provider| (name.clone(), provider.clone())));
                self.accounts.insert(name.clone(), account);
                new.accounts.insert(name);
            }
        }
        new.groups = self.groups.take_new(other.groups);
        new.deliveries = self.deliveries.take_new(other.deliveries);
        new
    }

    /// The same where there is nothing to add to, since the commit has no workspace yet: what holds for all keys comes along, too.
    pub fn all_new(mut other: Settings) -> (Self, Untrusted) {
        let mut own = Self {
            defaults: std::mem::take(&mut other.defaults),
            unmanaged: std::mem::take(&mut other.unmanaged),
            guards: std::mem::take(&mut other.guards),
            policy: std::mem::take(&mut other.policy),
            ..Self::default()
        };
        let new = own.take_new(other);
        (own, new)
    }
}

impl Settings {
    /// Takes nobody's word for the scopes of accounts that are untrusted and whose profile is: a trusted one is as it was.
    pub fn distrust(&mut self, untrusted: &Untrusted, profiles: &mut Profiles) {
        for (_, account) in self.accounts.iter_mut().filter(|(name, _)| untrusted.accounts.contains(name)) {
            let trusted = match profiles.get(&account.profile.name, &mut Report::default()) {
                Lookup::Found(known) => known.catalogue.spec() == account.catalogue.spec(),
                Lookup::Broken | Lookup::Unknown => false,
            };
            if !trusted {
                account.catalogue = Arc::new(account.catalogue.distrusted());
            }
        }
    }
}

/// Resolves the trusted file.
pub(super) fn resolve(file: &Arc<str>, config: ConfigFile, profiles: &mut Profiles, advice: &mut Advice, report: &mut Report) -> Settings {
    let document = Entry { file, route: &[] };
    if config.version != 1 {
        let message = format!("version {} of this file is not known to this program", config.version);
        report.push(
            Diagnostic::error(Code::ConfigVersion, message)
                .at(document.value(&["version"]))
                .help("write `version: 1`, or upgrade keywright"),
        );
    }
    let GuardsSpec { max_creates, max_disables, max_rotations } = config.guards;
    let guards = Guards { max_creates, max_disables, max_rotations };
    let mut settings = Settings { groups: Groups::read(file, &config.recipients, report), guards, ..Settings::default() };
    for (name, spec) in config.accounts.0 {
        if report.is_overfull() {
            break;
        }
        settings.declared.insert(name.name.to_string());
        let entry = Entry { file, route: &["accounts", &name.name] };
        let valid = Name::new(&name.name).map_err(|error| {
            let message = format!("the account `{}` has no valid name", short(&name.name));
            report.push(Diagnostic::error(Code::ConfigInvalidName, message).at(entry.name()).help(error.to_string()));
        });
        if let (Ok(name), Some((account, provider))) = (valid, account(&entry, &name.name, spec, profiles, advice, report)) {
            settings.providers.insert(name.clone(), provider);
            settings.accounts.insert(name.clone(), Account { name, ..account });
        }
    }
    settings.deliveries = Deliveries::read(file, config.deliveries, advice, report);
    let named = config.defaults.recipients.as_ref().filter(|names| !names.is_empty());
    let recipients = named.map(|names| {
        let below = ["defaults", "recipients"];
        settings.groups.named(Code::ConfigUnknownGroup, &document, &below, names.clone(), advice, report)
    });
    settings.unmanaged = unmanaged(&document, config.unmanaged, &settings.declared, advice, report);
    settings.defaults = Defaults::resolve(&document, &config.defaults, recipients, report);
    settings
}

fn unmanaged(document: &Entry, spec: UnmanagedSpec, accounts: &BTreeSet<String>, advice: &mut Advice, report: &mut Report) -> Unmanaged {
    let spec = match spec {
        UnmanagedSpec::All(default) => return Unmanaged { default, rules: Vec::new() },
        UnmanagedSpec::Rules(spec) => spec,
    };
    let mut rules = Vec::with_capacity(spec.rules.len());
    for (i, rule) in spec.rules.into_iter().enumerate() {
        if let Some(unknown) = rule.account.as_ref().filter(|name| !accounts.contains(*name)) {
            let message = format!("there is no account `{}`", short(unknown));
            let mut diagnostic = Diagnostic::error(Code::ConfigUnknownAccount, message);
            diagnostic.help = advice.or_list(unknown, accounts.iter().map(String::as_str));
            report.push(diagnostic.at(document.item(&["unmanaged", "rules"], i)).label("unknown account"));
        }
        let account = rule.account.and_then(|name| Name::new(&name).ok());
        rules.push(UnmanagedRule { pattern: rule.pattern, account, handling: rule.handling });
    }
    Unmanaged { default: spec.default, rules }
}

type Resolved = (Account, Arc<Provider>);

fn account(
    entry: &Entry,
    name: &str,
    spec: AccountSpec,
    profiles: &mut Profiles,
    advice: &mut Advice,
    report: &mut Report,
) -> Option<Resolved> {
    let endpoint = spec.endpoint.as_deref().and_then(|text| endpoint(entry, "endpoint", text, report));
    let issuer = spec.issuer.as_deref().and_then(|text| self::endpoint(entry, "issuer", text, report));
    let given = [("credential", spec.credential.is_some()), ("plan_credential", spec.plan_credential.is_some())];
    let credential = spec.credential.and_then(|spec| credential(entry, "credential", spec, report));
    let plan_credential = spec.plan_credential.and_then(|spec| self::credential(entry, "plan_credential", spec, report));
    let provider = match profiles.get(&spec.provider, report) {
        Lookup::Found(provider) => provider,
        Lookup::Broken => return None,
        Lookup::Unknown => {
            let mut diagnostic =
                Diagnostic::error(Code::ConfigUnknownProvider, format!("there is no provider `{}`", short(&spec.provider)));
            diagnostic.help = advice.or_list(&spec.provider, profiles.names());
            let diagnostic = diagnostic.at(entry.value(&["provider"])).label("unknown provider");
            report.push(diagnostic.note("describe a provider of your own in `providers/NAME.yaml`"));
            return None;
        }
    };
    if spec.issuer.is_some() && provider.profile.grants.is_none() {
        let message = format!("`issuer` has no effect: `{}` has no grants", provider.name());
        report.push(Diagnostic::error(Code::ConfigEndpoint, message).at(entry.field(&["issuer"])).help("remove it"));
    }
    // Where keys can be grants, the credential is the client that they are given to.
    let idle = |field: &str| provider.profile.attended().is_some() && (field != "credential" || provider.profile.grants.is_none());
    for (field, _) in given.iter().filter(|(field, given)| *given && idle(field)) {
        let message = format!("`{field}` has no effect: a person makes the keys of `{}`", provider.name());
        report.push(Diagnostic::error(Code::ConfigCredential, message).at(entry.name()).help("remove it: the account needs no credential"));
    }
    let environment = environment(entry, name, spec.environment.as_deref(), &provider, advice, report);
    let nowhere = match environment {
        Some((_, environment)) => environment.url.is_none(),
        None => provider.profile.environments.is_empty(),
    };
    if nowhere && spec.endpoint.is_none() && matches!(provider.profile.api, Some(Api::Http(_))) {
        let message = format!("account `{}` does not say where it is: `{}` has no address of its own", short(name), provider.name());
        report.push(Diagnostic::error(Code::ConfigEndpoint, message).at(entry.name()).help("add `endpoint: https://…`"));
    }
    let params = params(entry, name, spec.params, &provider, environment.map(|(_, environment)| environment), advice, report);
    let account = Account {
        // The caller puts the valid name here.
        name: Name::new("unnamed").expect("a constant name is valid"),
        profile: provider.profile.clone(),
        catalogue: provider.catalogue.clone(),
        environment: environment.map(|(name, _)| name.to_owned()),
        endpoint,
        issuer,
        params,
        credential,
        plan_credential,
    };
    Some((account, provider))
}

fn environment<'a>(
    entry: &Entry,
    account: &str,
    chosen: Option<&str>,
    provider: &'a Provider,
    advice: &mut Advice,
    report: &mut Report,
) -> Option<(&'a str, &'a Environment)> {
    let known = &provider.profile.environments;
    let names = || known.keys().map(String::as_str);
    match chosen {
        Some(chosen) => {
            if let Some((name, environment)) = known.get_key_value(chosen) {
                return Some((name, environment));
            }
            let message = format!("`{}` has no environment `{}`", provider.name(), short(chosen));
            let mut diagnostic = Diagnostic::error(Code::ConfigUnknownEnvironment, message);
            diagnostic.help = advice.or_list(chosen, names()).or_else(|| Some("remove it: this provider has none".to_owned()));
            report.push(diagnostic.at(entry.value(&["environment"])).label("unknown environment"));
            None
        }
        None if known.len() > 1 && provider.profile.usual_environment().is_none() => {
            let message = format!("the account `{}` does not say which environment of `{}` it is in", short(account), provider.name());
            let mut diagnostic = Diagnostic::error(Code::ConfigUnknownEnvironment, message);
            diagnostic.help = listed(names()).map(|list| format!("add `environment:`; {list}"));
            report.push(diagnostic.at(entry.name()));
            None
        }
        None => provider.profile.usual_environment().map(|(name, environment)| (name.as_str(), environment)),
    }
}

fn params(
    entry: &Entry,
    account: &str,
    mut given: BTreeMap<String, String>,
    provider: &Provider,
    environment: Option<&Environment>,
    advice: &mut Advice,
    report: &mut Report,
) -> BTreeMap<String, String> {
    let known = &provider.profile.params;
    for name in given.keys().filter(|name| !known.contains_key(*name)) {
        if report.is_overfull() {
            break;
        }
        let mut diagnostic = Diagnostic::error(Code::ConfigUnknownParam, format!("`{}` has no param `{}`", provider.name(), short(name)));
        diagnostic.help = advice.or_list(name, known.keys().map(String::as_str)).or_else(|| Some("remove it".to_owned()));
        report.push(diagnostic.at(entry.field(&["params", name])).label("unknown param"));
    }
    let mut all = BTreeMap::new();
    for (name, param) in known {
        let said = given.remove(name);
        let place = || if said.is_some() { entry.value(&["params", name]) } else { entry.name() };
        let Some(value) = said.as_ref().or(param.default.as_ref()) else {
            if !param.optional {
                let message = format!("the account `{}` lacks the param `{name}`: {}", short(account), short(&param.says));
                report.push(Diagnostic::error(Code::ConfigMissingParam, message).at(place()).help(format!("add `{name}` under `params`")));
            }
            continue;
        };
        let wrong = |message: String| Diagnostic::error(Code::ConfigInvalidParam, message).at(place());
        let allowed = environment.and_then(|environment| environment.allow.get(name));
        if !param.values.is_empty() && !param.values.contains(value) {
            let mut diagnostic = wrong(format!("`{name}` cannot be `{}`", short(value)));
            diagnostic.help = advice.or_list(value, param.values.iter().map(String::as_str));
            report.push(diagnostic);
        } else if !provider.param_fits(name, value) {
            report.push(wrong(format!("`{name}` cannot be `{}`", short(value))).help(format!("`{name}` is: {}", short(&param.says))));
        } else if let Some(allowed) = allowed.filter(|allowed| !allowed.contains(value)) {
            let mut diagnostic = wrong(format!("`{name}` cannot be `{}` in this environment", short(value)));
            diagnostic.help = listed(allowed.iter().map(String::as_str));
            report.push(diagnostic);
        }
        all.insert(name.clone(), value.clone());
    }
    for (name, scheme) in
        provider.profile.params_missing(&all).into_iter().filter(|(name, _)| known.get(*name).is_some_and(|param| param.optional))
    {
        let says = &known[name].says;
        let message = format!("the account `{}` lacks the param `{name}`, which `{scheme}` needs: {}", short(account), short(says));
        report.push(Diagnostic::error(Code::ConfigMissingParam, message).at(entry.name()).help(format!("add `{name}` under `params`")));
    }
    all
}

/// An endpoint without a slash at its end. `field`: what it is called.
pub(super) fn endpoint(entry: &Entry, field: &str, text: &str, report: &mut Report) -> Option<String> {
    let url = Url::parse(text);
    let password = url.as_ref().is_ok_and(|url| !url.username().is_empty() || url.password().is_some());
    let problem = match url {
        _ if password => "it contains a user name or password",
        _ if text.chars().any(|c| c.is_whitespace() || c.is_control()) => "it contains white space or control characters",
        Err(_) => "it is no URL",
        Ok(url) if !matches!(url.scheme(), "https" | "http") => "its scheme is not `https`",
        Ok(url) if url.query().is_some() || url.fragment().is_some() => "it has a query or a fragment",
        Ok(url) if url.scheme() == "http" && !url.host_str().is_some_and(is_loopback) => "plain http is accepted on loopback only",
        Ok(url) => return Some(url.as_str().trim_end_matches('/').to_owned()),
    };
    let diagnostic = Diagnostic::error(Code::ConfigEndpoint, format!("the {field} cannot be used: {problem}"));
    let help = "write `https://HOST`, `https://HOST:PORT/PREFIX`, or `http://127.0.0.1:PORT` for a server on this machine";
    // The line of a password must not be drawn.
    let place = if password { entry.name() } else { entry.value(&[field]) };
    report.push(diagnostic.at(place).help(help));
    None
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

pub(super) fn credential(entry: &Entry, field: &str, spec: CredentialSpec, report: &mut Report) -> Option<CredentialRef> {
    let problem = match (spec.env, spec.file, spec.command) {
        (Some(name), None, None) if is_variable(&name) => return Some(CredentialRef::Env(name)),
        (Some(_), None, None) => "`env` is not the name of an environment variable (A-Z, 0-9 and `_`)",
        (None, Some(path), None) if !path.is_empty() => return Some(CredentialRef::File(PathBuf::from(path))),
        (None, Some(_), None) => "`file` is empty",
        (None, None, Some(words)) if words.first().is_some_and(|program| !program.is_empty()) => {
            return Some(CredentialRef::Command(words));
        }
        (None, None, Some(_)) => "`command` names no program",
        (None, None, None) => "it says none of `env`, `file` and `command`",
        (Some(_), Some(_), _) | (Some(_), _, Some(_)) | (None, Some(_), Some(_)) => "it says more than one of `env`, `file` and `command`",
    };
    let help = "name the place of the credential, never the credential itself, such as `{ env: PAYCONEX_ADMIN_KEY }`";
    // The account's name, not the value: the line of a pasted secret must not be drawn.
    report.push(Diagnostic::error(Code::ConfigCredential, format!("`{field}` cannot be used: {problem}")).at(entry.name()).help(help));
    None
}

fn is_variable(name: &str) -> bool {
    let word = |b: u8| b.is_ascii_uppercase() || b == b'_';
    name.bytes().next().is_some_and(word) && name.bytes().all(|b| word(b) || b.is_ascii_digit())
}
