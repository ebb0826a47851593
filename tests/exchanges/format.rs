//! Files of exchanges: what may stand in one. Sends nothing.
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use keywright::diagnostics::{Place, Report};
use keywright::profile::Profile;
use keywright::yaml;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// One profile, one account, and what is asked of it.
pub struct ExchangeFile {
    pub profile: Arc<Profile>,
    pub account: Account,
    /// As the account's environment variable would hold it; absent where a person makes the keys.
    pub credential: Option<String>,
    /// Texts that no error may repeat, beside the credential and the secrets of the cases.
    pub secrets: Vec<String>,
    pub now: Timestamp,
    pub cases: Vec<(String, Vec<Step>)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    source: String,
    profile: Value,
    #[serde(default)]
    account: Account,
    #[serde(default)]
    credential: Option<Value>,
    #[serde(default)]
    secrets: Vec<String>,
    #[serde(default)]
    now: Option<Timestamp>,
    cases: Map<String, Value>,
}

/// What the account says.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Account {
    pub environment: Option<String>,
    pub params: BTreeMap<String, String>,
}

/// One call of the provider port.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    pub does: Does,
    #[serde(default)]
    pub exchanges: Vec<Moment>,
    pub gives: Value,
}

/// A call and its arguments.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Does {
    List,
    Get(String),
    Create(Create),
    Edit(Edit),
    Disable(Switch),
    Enable(Switch),
    Delete(String),
    Reveal(String),
    Verify(Verify),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Create {
    pub label: String,
    pub scopes: BTreeSet<String>,
    #[serde(default)]
    pub expires: Option<String>,
    #[serde(default)]
    pub options: BTreeMap<String, Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    pub id: String,
    #[serde(default)]
    pub label: Option<String>,
    #[serde(default)]
    pub scopes: Option<BTreeSet<String>>,
    #[serde(default)]
    pub expires: Option<String>,
    #[serde(default)]
    pub options: Option<BTreeMap<String, Value>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verify {
    #[serde(default)]
    pub id: Option<String>,
    /// A text, or the parts by name.
    pub secret: Value,
    #[serde(default)]
    pub scopes: BTreeSet<String>,
    #[serde(default)]
    pub options: BTreeMap<String, Value>,
}

/// The id of a key, or with the end that it has.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Switch {
    Id(String),
    Ending { id: String, expires: String },
}

/// What must happen next: one exchange, or several in any order.
#[derive(Debug, Clone)]
pub struct Moment(pub Vec<Exchange>);

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut value = Value::deserialize(deserializer)?;
        let together = value.as_object_mut().and_then(|object| object.remove("together"));
        let all = match together {
            Some(all) => serde_json::from_value(all),
            None => serde_json::from_value(value).map(|one| vec![one]),
        };
        all.map(Self).map_err(serde::de::Error::custom)
    }
}

/// One request and its answer.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    /// Method and path as they are sent.
    pub request: String,
    /// The whole query; a list for a name that comes several times.
    #[serde(default)]
    pub query: Map<String, Value>,
    /// Those that matter; null: must not be there.
    #[serde(default)]
    pub headers: BTreeMap<String, Option<String>>,
    /// The JSON that is sent.
    #[serde(default)]
    pub body: Option<Value>,
    /// The fields of the form that is sent.
    #[serde(default)]
    pub form: Option<Map<String, Value>>,
    pub answer: Answer,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    pub status: u16,
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    #[serde(default)]
    pub body: Option<Value>,
    /// A body that is no JSON.
    #[serde(default)]
    pub text: Option<String>,
}

impl ExchangeFile {
    /// Reads a file. Errors name the case.
    pub fn parse(text: &str, directory: &Path) -> Result<Self, String> {
        let wire: Wire = from_yaml(text)?;
        if wire.source.trim().is_empty() {
            return Err("`source` must say what the exchanges rest on".to_owned());
        }
        let case = |(name, value): (String, Value)| {
            let steps = match value {
                Value::Array(steps) => steps,
                one => vec![one],
            };
            let read = |step| serde_json::from_value(step).map_err(|error| format!("case `{name}`: {error}"));
            let steps = steps.into_iter().map(read).collect::<Result<_, _>>()?;
            Ok::<_, String>((name, steps))
        };
        let credential = wire.credential.map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        Ok(Self {
            profile: Arc::new(profile(wire.profile, directory)?),
            account: wire.account,
            credential,
            secrets: wire.secrets,
            now: wire.now.unwrap_or_else(|| "2026-11-22T10:00:00Z".parse().expect("an instant")),
            cases: wire.cases.into_iter().map(case).collect::<Result<_, _>>()?,
        })
    }
}

fn from_yaml<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    let mut report = Report::default();
    let value: Option<Value> = yaml::read(&Arc::from("the file"), text.as_bytes(), &mut report);
    serde_json::from_value(value.ok_or_else(|| problems(&report))?).map_err(|error| error.to_string())
}

fn problems(report: &Report) -> String {
    let place = |place: &Option<Place>| match place {
        Some(Place::Route { route, .. }) => format!("at {route}: "),
        Some(Place::Span { span, .. }) => format!("line {}: ", span.line),
        Some(Place::File(_)) | None => String::new(),
    };
    let told = report.diagnostics().iter().map(|found| format!("{}{}", place(&found.place), found.message));
    told.collect::<Vec<_>>().join("\n  ")
}

/// A built-in profile by its name, or an inline one; `from` names a file that an inline one changes.
fn profile(mut given: Value, directory: &Path) -> Result<Profile, String> {
    if let Some(name) = given.as_str() {
        return Profile::builtin(name).ok_or_else(|| format!("there is no built-in profile `{name}`"));
    }
    let from = given.as_object_mut().and_then(|fields| fields.remove("from"));
    if let Some(from) = from.as_ref().and_then(Value::as_str) {
        let text = fs::read_to_string(directory.join(from)).map_err(|error| format!("`{from}`: {error}"))?;
        let mut whole: Value = from_yaml(&text)?;
        merge(&mut whole, given);
        given = whole;
    }
    let mut report = Report::default();
    let profile = Profile::parse(&Arc::from("the profile"), given.to_string().as_bytes(), &mut report);
    profile.ok_or_else(|| format!("the profile is not sound:\n  {}", problems(&report)))
}

/// Puts one document over another (RFC 7396): null takes away.
fn merge(whole: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *whole = patch;
        return;
    };
    if !whole.is_object() {
        *whole = Value::Object(Map::new());
    }
    let Value::Object(fields) = whole else { return };
    for (name, value) in patch {
        if value.is_null() {
            fields.shift_remove(&name);
        } else {
            merge(fields.entry(name).or_insert(Value::Null), value);
        }
    }
}
