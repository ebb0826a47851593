//! Checks how a profile writes and reads the values of a key, and whether that agrees with what it claims to be able to do.
use std::collections::BTreeSet;
use std::time::Duration;

use super::OptionKind;
use super::api::{HttpApi, Operation};
use super::capabilities::{Disable, ScopeRule};
use super::check::Check;
use super::codec_scopes::{Coding, ScopesReader, ScopesWriter, WordsFormat};
use super::key_reader::{EnabledReader, KeyReader, LabelReader, OptionReader};
use super::secret::VALUE;
use super::template::{Placeholder, Template};

const FORMATS: [&str; 3] = ["api", "http", "formats"];
const KEY: [&str; 3] = ["api", "http", "key"];
const DAY: Duration = Duration::from_secs(86_400);

impl Check<'_> {
    /// Codecs, readers, and capabilities that rest on them.
    pub(super) fn values(&mut self, api: &HttpApi) {
        self.written_scopes(api);
        self.written_expiry(api);
        for (name, writer) in &api.formats.options {
            let place = [&FORMATS[..], &["options", name]].concat();
            match self.profile.options.get(name).map(|option| option.kind) {
                None => self.fail(&place, format!("`{name}` is no option of this provider")),
                Some(OptionKind::Json) => self.fail(&place, format!("`{name}` is passed on unchanged: no codec writes it")),
                Some(OptionKind::Text | OptionKind::List) => {
                    let coding = Coding {
                        axis: None,
                        prefix: "",
                        format: &writer.format,
                        names: &writer.names,
                        lookup: writer.lookup.as_deref(),
                        required: false,
                    };
                    self.coding(&place, &["as"], coding, api);
                }
            }
        }
        if let Some(key) = &api.key {
            self.read_scopes(api, key);
            self.identity(api, key);
            self.label(api, key);
            self.state(api, key);
            self.predicates(key);
        }
    }

    /// The composed part of a secret.
    pub(super) fn composed(&mut self) {
        let shape = &self.profile.secret;
        let Some(compose) = &shape.compose else {
            if shape.encode.is_some() {
                self.fail(&["secret", "encode"], "only a composed text is encoded: give `compose`, too".to_owned());
            }
            return;
        };
        if shape.given().iter().any(|part| part == VALUE) {
            self.fail(&["secret", "parts"], format!("`{VALUE}` is the name of the composed part"));
        }
        let is_part = |placeholder: &&Placeholder| matches!(placeholder, Placeholder::Part(name) if shape.given().contains(name));
        for placeholder in compose.placeholders().filter(|placeholder| !is_part(placeholder)) {
            self.fail(&["secret", "compose"], format!("`{{{placeholder}}}` has no value here"));
        }
        if Template::placeholders(compose).next().is_none() {
            self.fail(&["secret", "compose"], "it names no part".to_owned());
        }
    }

    fn coding(&mut self, place: &[&str], format: &[&str], coding: Coding<'_>, api: &HttpApi) {
        if let WordsFormat::Objects(objects) = coding.format
            && let Some(problem) = objects.problem()
        {
            self.fail(&[place, format, &["objects", "form"]].concat(), problem);
        }
        let Some(lookup) = coding.lookup else { return };
        if !api.lookups.contains_key(lookup) {
            self.fail(&[place, &["lookup"]].concat(), format!("`api.http.lookups` has no `{lookup}`"));
        }
        if !coding.names.is_empty() {
            self.fail(&[place, &["names"]].concat(), "names are either said here or looked up, not both".to_owned());
        }
    }

    fn written_scopes(&mut self, api: &HttpApi) {
        let place = [&FORMATS[..], &["scopes"]].concat();
        let writer = &api.formats.scopes;
        let mut prefixes = BTreeSet::new();
        for coding in writer.codings() {
            match (coding.axis, writer) {
                (Some(axis), _) => {
                    let place = [&place[..], &["axes", axis]].concat();
                    self.coding(&place, &["as"], coding, api);
                    if !prefixes.insert(coding.prefix) {
                        self.fail(&place, format!("another axis has the prefix `{}`, too", coding.prefix));
                    }
                }
                (None, ScopesWriter::Plain(_)) => self.coding(&place, &[], coding, api),
                (None, ScopesWriter::Named(_) | ScopesWriter::Axes(_)) => self.coding(&place, &["as"], coding, api),
            }
        }
        let axes: BTreeSet<&str> = writer.codings().iter().filter_map(|coding| coding.axis).collect();
        for (name, operation) in operations(api) {
            let place = ["api", "http", "operations", name];
            let named = placeholders(operation);
            for placeholder in &named {
                match placeholder {
                    Placeholder::Scopes if !axes.is_empty() => {
                        self.fail(&place, "scopes have axes here: a request names `{scopes.AXIS}`".to_owned());
                    }
                    Placeholder::ScopesAxis(axis) if !axes.contains(axis.as_str()) => {
                        self.fail(&place, format!("`formats.scopes` has no axis `{axis}`"));
                    }
                    _ => {}
                }
            }
            let unsaid = axes.iter().find(|axis| !named.contains(&&Placeholder::ScopesAxis((**axis).to_owned())));
            if let Some(axis) = unsaid.filter(|_| name == "create") {
                self.fail(&place, format!("nothing sends the axis `{axis}`: name `{{scopes.{axis}}}`"));
            }
        }
    }

    fn written_expiry(&mut self, api: &HttpApi) {
        let (writer, can) = (&api.formats.expiry, &self.profile.capabilities);
        let reader = api.key.as_ref().and_then(|key| key.expiry.as_ref());
        let tolerance = ["capabilities", "expiry", "tolerance"];
        let formats = || std::iter::once(writer.format).chain(reader.map(|reader| reader.format)).filter(|_| can.expiry.settable);
        if formats().any(|format| format.is_daily()) && can.expiry.tolerance.duration().unsigned_abs() < DAY {
            self.fail(&tolerance, "an end is said in whole days: differences of up to `1d` are rounding".to_owned());
        } else if formats().any(|format| format.is_relative()) && can.expiry.tolerance.duration().is_zero() {
            self.fail(&tolerance, "an end that counts from now never comes back exactly: say how far off it may be".to_owned());
        }
        if api.disables_by_past() && writer.format.is_relative() {
            self.fail(&[&FORMATS[..], &["expiry"]].concat(), "what counts from now cannot say `{past}`".to_owned());
        }
        if let Some(create) = &api.operations.create
            && placeholders(create).contains(&&Placeholder::Expiry) != can.expiry.settable
        {
            let message = "`capabilities.expiry.settable` and the request `create` disagree on whether an end can be asked for";
            self.fail(&["capabilities", "expiry", "settable"], message.to_owned());
        }
    }

    fn read_scopes(&mut self, api: &HttpApi, key: &KeyReader) {
        let place = [&KEY[..], &["scopes"]].concat();
        let rule = self.profile.capabilities.scopes;
        let sends = |placeholder: &&Placeholder| matches!(placeholder, Placeholder::Scopes | Placeholder::ScopesAxis(_));
        let asks = api.operations.create.as_ref().is_some_and(|create| placeholders(create).iter().any(sends));
        let Some(reader) = &key.scopes else {
            if asks && rule != ScopeRule::WriteOnly {
                self.fail(
                    &["capabilities", "scopes"],
                    "nothing says where answers have scopes: point `key.scopes` at them, or say `write-only`".to_owned(),
                );
            }
            return;
        };
        if rule == ScopeRule::WriteOnly {
            self.fail(&place, "`capabilities.scopes` says that no scopes come back: remove this, or say how they compare".to_owned());
        }
        let writers = api.formats.scopes.codings();
        for (_, coding) in reader.codings() {
            match (coding.axis, reader) {
                (Some(axis), _) => {
                    let place = [&place[..], &["axes", axis]].concat();
                    self.coding(&place, &["as"], coding, api);
                    match writers.iter().find(|writer| writer.axis == Some(axis)) {
                        None => self.fail(&place, format!("`formats.scopes` has no axis `{axis}`")),
                        Some(writer) if writer.prefix != coding.prefix => {
                            let message = format!("scopes of this axis begin with `{}` in `formats.scopes`", writer.prefix);
                            self.fail(&[&place[..], &["prefix"]].concat(), message);
                        }
                        Some(_) => {}
                    }
                }
                (None, ScopesReader::One(_) | ScopesReader::Axes(_)) => self.coding(&place, &["as"], coding, api),
            }
        }
        if let ScopesReader::Axes(axes) = reader {
            for (axis, pattern) in axes.axes.iter().filter_map(|(name, axis)| Some((name, axis.matches.as_ref()?))) {
                self.pattern(&[&place[..], &["axes", axis, "matches"]].concat(), Some(pattern));
            }
        }
        for (name, option) in &key.options {
            if let OptionReader::Words(words) = option {
                self.coding(&[&KEY[..], &["options", name]].concat(), &["as"], words.coding(), api);
            }
        }
    }

    fn identity(&mut self, api: &HttpApi, key: &KeyReader) {
        let place = [&KEY[..], &["id"]].concat();
        if key.id.secret && key.id.reference.is_empty() {
            self.fail(&place, "an id that is a secret needs a `reference`, which is kept instead of it".to_owned());
        }
        if !key.id.secret && !key.secret.is_empty() && key.secret.values().all(|at| *at == key.id.at) {
            self.fail(&place, "the id is the whole secret: say `secret: true`, so that nothing tells it".to_owned());
        }
        if key.id.reference.is_empty() {
            return;
        }
        let place = [&place[..], &["reference"]].concat();
        if api.operations.list.is_none() {
            self.fail(&place, "a reference is looked up in the listing, and there is no operation `list`".to_owned());
        }
        if key.id.secret && key.id.reference.contains(&key.id.at) {
            self.fail(&place, "it names the secret itself".to_owned());
        }
        let label = key.label.as_ref().map(LabelReader::at);
        if self.profile.capabilities.editable.label && label.is_some_and(|label| key.id.reference.contains(label)) {
            self.fail(&place, "a label that can be edited is no lasting part of a reference".to_owned());
        }
    }

    fn label(&mut self, api: &HttpApi, key: &KeyReader) {
        let place = [&KEY[..], &["label"]].concat();
        let none = self.profile.capabilities.label.none;
        let Some(label) = &key.label else {
            if !none && api.operations.create.is_some() {
                self.fail(&KEY, "nothing says where a key's label is: point `label` at it, or say `capabilities.label: none`".to_owned());
            }
            return;
        };
        if none {
            self.fail(&place, "`capabilities.label` says that a key has no place for a label".to_owned());
        }
        let at = label.place();
        if at.joined_by.is_empty() {
            self.fail(&[&place[..], &["joined_by"]].concat(), "a marker needs something between it and the label".to_owned());
        }
        if at.marker.is_some() && at.joined_by != " " {
            self.fail(&[&place[..], &["joined_by"]].concat(), "a marker with a place of its own is joined to nothing".to_owned());
        }
        if let Some(create) = &api.operations.create {
            let needed = if at.marker.is_some() { Placeholder::Marker } else { Placeholder::Label };
            if !placeholders(create).contains(&&needed) {
                self.fail(
                    &["api", "http", "operations", "create"],
                    format!("nothing sends `{{{needed}}}`: a key could not be found again"),
                );
            }
        }
    }

    fn state(&mut self, api: &HttpApi, key: &KeyReader) {
        let place = [&KEY[..], &["enabled"]].concat();
        if let Some(EnabledReader::Values(values)) = &key.enabled {
            if values.on.is_empty() && values.off.is_empty() {
                self.fail(&place, "say which values are `on`, or which are `off`".to_owned());
            }
            if let Some(both) = values.on.iter().find(|value| values.off.contains(value)) {
                self.fail(&place, format!("`{both}` is `on` and `off`"));
            }
        }
        let reversible = self.profile.capabilities.disable == Disable::Reversible && api.disables_by_past();
        let gives_back = |enable: &Operation| placeholders(enable).contains(&&Placeholder::Expiry);
        if reversible && api.operations.enable.as_ref().is_some_and(|enable| !gives_back(enable)) {
            let message = "a key that is disabled by its end gets it back when it is enabled: name `{expiry}`";
            self.fail(&["api", "http", "operations", "enable"], message.to_owned());
        }
    }

    fn predicates(&mut self, key: &KeyReader) {
        for (name, predicates) in [("live", &key.live), ("untouchable", &key.untouchable), ("own", &key.own)] {
            for (number, predicate) in predicates.iter().enumerate() {
                if let Some(problem) = predicate.problem() {
                    self.fail_in_list(&[&KEY[..], &[name]].concat(), number, problem);
                }
            }
        }
    }
}

/// The operations on one key.
fn operations(api: &HttpApi) -> impl Iterator<Item = (&'static str, &Operation)> {
    let has = &api.operations;
    let all = [
        ("get", &has.get),
        ("create", &has.create),
        ("edit", &has.edit),
        ("disable", &has.disable),
        ("enable", &has.enable),
        ("delete", &has.delete),
        ("reveal", &has.reveal),
    ];
    all.into_iter().filter_map(|(name, operation)| Some((name, operation.as_ref()?)))
}

/// What the requests of an operation name.
fn placeholders(operation: &Operation) -> Vec<&Placeholder> {
    let further = operation.then.iter().flat_map(|further| further.asked().placeholders());
    operation.asked().placeholders().into_iter().chain(further).collect()
}

#[cfg(test)]
#[path = "check_values_tests.rs"]
mod tests;
