//! Places that consume secrets, as `keywright.yaml` declares them and manifests name them. Opens no credential.
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::CredentialRef;
use super::accounts::{credential, endpoint};
use super::advice::Advice;
use super::config::DeliverySpec;
use super::keys::Keys;
use super::place::{Entry, short};
use super::profiles::Provider;
use crate::delivery::{KINDS, Kind};
use crate::diagnostics::{Code, Diagnostic, Report};
use crate::model::{Format, Name, Options, Position, Target};
use crate::yaml::Entries;

/// A place that gets a key's secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    pub target: Target,
    /// Absent where a person serves the place.
    pub credential: Option<CredentialRef>,
}

impl Delivery {
    /// What its kind declares.
    pub fn kind(&self) -> &'static Kind {
        Kind::named(&self.target.kind).expect("a delivery is resolved only with a known kind")
    }
}

/// The declared deliveries.
#[derive(Default)]
pub(super) struct Deliveries {
    /// Names of all, those with problems included.
    pub declared: BTreeSet<String>,
    places: BTreeMap<Name, Delivery>,
}

impl Deliveries {
    /// Takes over deliveries that only the other has, and returns their names.
    pub fn take_new(&mut self, other: Self) -> BTreeSet<Name> {
        let new: BTreeMap<Name, Delivery> = other.places.into_iter().filter(|(name, _)| self.declared.insert(name.to_string())).collect();
        let names = new.keys().cloned().collect();
        self.places.extend(new);
        names
    }

    pub fn read(file: &Arc<str>, specs: Entries<DeliverySpec>, advice: &mut Advice, report: &mut Report) -> Self {
        let mut all = Self::default();
        let mut known: BTreeMap<String, Name> = BTreeMap::new();
        for (placed, spec) in specs.0 {
            if report.is_overfull() {
                break;
            }
            all.declared.insert(placed.name.to_string());
            let entry = Entry { file, route: &["deliveries", &placed.name] };
            let name = Name::new(&placed.name).map_err(|error| {
                let message = format!("the delivery `{}` has no valid name", short(&placed.name));
                report.push(Diagnostic::error(Code::ConfigInvalidName, message).at(entry.name()).help(error.to_string()));
            });
            let Some(delivery) = delivery(&entry, name.as_ref().ok(), spec, advice, report) else { continue };
            let place = delivery.target.place();
            if let Some(other) = known.get(&place) {
                let message = format!("`{}` is the same place as `{other}`", delivery.target.name);
                let diagnostic = Diagnostic::error(Code::ConfigDuplicateDelivery, message).at(entry.name());
                report.push(diagnostic.help("remove one of the two: one place takes one key"));
            }
            known.entry(place).or_insert_with(|| delivery.target.name.clone());
            all.places.insert(delivery.target.name.clone(), delivery);
        }
        all
    }

    pub fn into_places(self) -> BTreeMap<Name, Delivery> {
        self.places
    }
}

fn delivery(entry: &Entry, name: Option<&Name>, spec: DeliverySpec, advice: &mut Advice, report: &mut Report) -> Option<Delivery> {
    let given = (spec.endpoint.is_some(), spec.credential.is_some());
    let own = spec.endpoint.as_deref().and_then(|text| endpoint(entry, "endpoint", text, report));
    let reference = spec.credential.and_then(|spec| credential(entry, "credential", spec, report));
    let Some(kind) = Kind::named(&spec.to) else {
        let mut diagnostic = Diagnostic::error(Code::ConfigUnknownDelivery, format!("there is no delivery to `{}`", short(&spec.to)));
        diagnostic.help = advice.or_list(&spec.to, KINDS.iter().map(|kind| kind.name));
        report.push(diagnostic.at(entry.value(&["to"])).label("unknown kind"));
        return None;
    };
    let title = kind.title;
    match (kind.is_attended(), given) {
        (true, (true, _)) => {
            let message = format!("`endpoint` has no effect: a person delivers to {title}");
            report.push(Diagnostic::error(Code::ConfigEndpoint, message).at(entry.field(&["endpoint"])).help("remove it"));
        }
        (true, (false, true)) => {
            let message = format!("`credential` has no effect: a person delivers to {title}");
            report.push(Diagnostic::error(Code::ConfigCredential, message).at(entry.field(&["credential"])).help("remove it"));
        }
        (false, (_, false)) => {
            let message = format!("a delivery to {title} needs a credential");
            let help = "add `credential: { env: NAME }`, or one of `file` and `command`";
            report.push(Diagnostic::error(Code::ConfigCredential, message).at(entry.name()).help(help));
        }
        (true, (false, false)) | (false, (_, true)) => {}
    }
    let params = params(entry, kind, spec.params, advice, report)?;
    let endpoint = if kind.is_attended() { None } else { own.or_else(|| kind.endpoint.map(str::to_owned)) };
    let target = Target { name: name?.clone(), kind: kind.name.to_owned(), endpoint, params };
    Some(Delivery { target, credential: reference })
}

/// The params with defaults; `None` when one is missing or wrong.
fn params(
    entry: &Entry,
    kind: &Kind,
    mut given: BTreeMap<String, String>,
    advice: &mut Advice,
    report: &mut Report,
) -> Option<BTreeMap<String, String>> {
    let names = || kind.params.iter().map(|param| param.name);
    for name in given.keys().filter(|name| !names().any(|known| known == name.as_str())) {
        let mut diagnostic = Diagnostic::error(Code::ConfigUnknownParam, format!("`{}` has no param `{}`", kind.name, short(name)));
        diagnostic.help = advice.or_list(name, names().collect::<Vec<_>>()).or_else(|| Some("remove it".to_owned()));
        report.push(diagnostic.at(entry.field(&["params", name])).label("unknown param"));
    }
    let (mut all, mut whole) = (BTreeMap::new(), true);
    for param in kind.params {
        let said = given.remove(param.name);
        match said.as_deref().or(param.default) {
            None if param.optional => {}
            None => {
                let message = format!("a delivery to {} lacks the param `{}`: {}", kind.title, param.name, param.says);
                let diagnostic = Diagnostic::error(Code::ConfigMissingParam, message).at(entry.name());
                report.push(diagnostic.help(format!("add `{}` under `params`", param.name)));
                whole = false;
            }
            Some(value) if !param.fits(value) => {
                let message = format!("`{}` cannot be `{}`", param.name, short(value));
                let diagnostic = Diagnostic::error(Code::ConfigInvalidParam, message).at(entry.value(&["params", param.name]));
                report.push(diagnostic.help(format!("`{}` is: {}", param.name, param.says)));
                whole = false;
            }
            Some(value) => {
                let value = if param.folds { value.to_ascii_lowercase() } else { value.to_owned() };
                all.insert(param.name.to_owned(), value);
            }
        }
    }
    whole.then_some(all)
}

impl Keys<'_> {
    /// The deliveries that a key names. One that another key has named is refused: one place takes one key.
    pub(super) fn deliver(
        &mut self,
        (named, format): (&[String], Format),
        provider: Option<&Provider>,
        options: Option<&Options>,
        position: &Position,
        entry: &Entry,
    ) -> Vec<Name> {
        // Without the trusted file nothing can be said about them.
        let Some(deliveries) = self.settings.as_deref().map(|settings| &settings.deliveries) else { return Vec::new() };
        let mut all: Vec<Name> = Vec::new();
        for (i, text) in named.iter().enumerate() {
            let refused = |code, message: String| Diagnostic::error(code, message).at(entry.item(&["deliver"], i));
            let Some(name) = Name::new(text).ok().filter(|_| deliveries.declared.contains(text)) else {
                let mut diagnostic =
                    refused(Code::ManifestUnknownDelivery, format!("there is no delivery `{}` in `keywright.yaml`", short(text)));
                diagnostic.help = self.advice.or_list(text, deliveries.declared.iter().map(String::as_str));
                self.report.push(diagnostic.label("unknown delivery"));
                continue;
            };
            if all.contains(&name) {
                self.report.push(
                    refused(Code::ManifestDuplicateDelivery, format!("`{name}` is named twice")).label("second time").help("remove it"),
                );
                continue;
            }
            if let Some((key, at)) = self.taken.get(&name) {
                let diagnostic = refused(Code::ManifestDuplicateDelivery, format!("`{name}` gets the secrets of `{key}` already"));
                let diagnostic = diagnostic.label("taken").note(format!("`{key}` is declared at {}:{}:{}", at.file, at.line, at.column));
                self.report.push(diagnostic.help("one place takes one key: declare another delivery in `keywright.yaml`"));
                continue;
            }
            if provider.zip(options).is_some_and(|(provider, options)| provider.profile.grants_of(options).is_some()) {
                let message = format!(
                    "`{name}` cannot be given a grant: its access token ends within the hour, and its refresh token is good for one"
                );
                self.report.push(
                    refused(Code::ManifestDeliveryForm, message)
                        .label("a grant is delivered nowhere")
                        .help("remove it: who uses the grant runs `keywright open ADDRESS --part access_token -i IDENTITY`, or gets a grant of its own"),
                );
                continue;
            }
            let parts = provider.map_or(1, |provider| provider.profile.secret.parts.len());
            if let Some(place) = deliveries.places.get(&name).filter(|place| place.kind().single && parts != 1) {
                let message = format!("`{name}` takes one text, and a secret of this account has {parts} parts");
                self.report.push(
                    refused(Code::ManifestDeliveryForm, message)
                        .label(format!("{} takes one text", place.kind().title))
                        .help("remove it, or use a delivery that takes whole files, such as `github-actions`"),
                );
                continue;
            }
            if let Some(place) = deliveries.places.get(&name).filter(|place| place.kind().is_attended() && format == Format::Dotenv) {
                let message = format!("`{name}` is served by hand, and nobody can paste a file in the format `dotenv`");
                self.report.push(
                    refused(Code::ManifestDeliveryForm, message)
                        .label(format!("{} takes one text", place.kind().title))
                        .help("leave `format` out, or set it to `json`: then the plan says how the value alone is opened"),
                );
                continue;
            }
            let key = entry.route.last().map_or_else(String::new, |name| short(name));
            self.taken.insert(name.clone(), (key, position.clone()));
            all.push(name);
        }
        all
    }
}
