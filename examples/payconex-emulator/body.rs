//! Reads the body of a create or update, and refuses every one which breaks the published schema.

use jiff::{Span, Timestamp, Zoned, tz::TimeZone};
use serde_json::{Map, Value};

use super::config::{AuthMethod, Config, EnabledField, LabelRule, SchemaStatus, UnlistedScopes};
use super::reply::{Cause, Detail, Refusal};
use super::scopes;

/// Which fields a body must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// `label` and `scopes` are required.
    Create,
    /// Nothing is required.
    Update,
}

/// A body which keeps the schema; absent fields are `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    /// The label.
    pub label: Option<String>,
    /// The scopes, each once.
    pub scopes: Option<Vec<String>>,
    /// The methods.
    pub methods: Option<Vec<AuthMethod>>,
    /// The sub-accounts.
    pub accounts: Option<Vec<String>>,
    /// The expiry; `Some(None)` removes it.
    pub expires: Option<Option<Timestamp>>,
    /// Whether the key is enabled.
    pub enabled: Option<bool>,
}

/// Reads a body, and reports everything wrong with it at once.
///
/// A body which is no JSON, and a time which has passed, are bad input; all else is a breach of
/// the schema.
pub fn read(bytes: &[u8], purpose: Purpose, config: &Config, now: Timestamp) -> Result<Draft, Refusal> {
    let value: Value = serde_json::from_slice(bytes).map_err(|_| Refusal::new(Cause::Input, "the body is not JSON"))?;
    let mut reader = Reader { config, now, details: Vec::new(), past: None };
    let draft = match &value {
        Value::Object(fields) => reader.draft(fields, purpose),
        other => {
            reader.refuse("body", other, "must be an object");
            Draft::default()
        }
    };
    if !reader.details.is_empty() {
        let cause = match config.schema_status {
            SchemaStatus::Unprocessable => Cause::Schema,
            SchemaStatus::BadRequest => Cause::Input,
        };
        return Err(Refusal { cause, details: reader.details });
    }
    match reader.past {
        Some(refusal) => Err(refusal),
        None => Ok(draft),
    }
}

struct Reader<'a> {
    config: &'a Config,
    now: Timestamp,
    details: Vec<Detail>,
    past: Option<Refusal>,
}

impl Reader<'_> {
    fn refuse(&mut self, source: &str, value: &Value, message: &str) {
        self.details.push(Detail { message: format!("`{source}` {message}"), source: Some(source.to_owned()), value: value.clone() });
    }

    fn draft(&mut self, fields: &Map<String, Value>, purpose: Purpose) -> Draft {
        let mut draft = Draft::default();
        let (mut at, mut within) = (None, None);
        for (name, value) in fields {
            match name.as_str() {
                "label" => draft.label = self.label(value),
                "scopes" => draft.scopes = self.scopes(value),
                "methods" => draft.methods = self.methods(value),
                "accounts" => draft.accounts = self.accounts(value),
                "expiresAt" => at = self.expires_at(value),
                "expiresIn" => within = self.expires_in(value),
                "enabled" if self.config.enabled_field != EnabledField::Unknown => {
                    draft.enabled = value.as_bool();
                    if draft.enabled.is_none() {
                        self.refuse(name, value, "must be a boolean");
                    }
                }
                _ => self.refuse(name, value, "is not a known field"),
            }
        }
        draft.expires = at.or(within.map(Some));
        if purpose == Purpose::Create {
            for name in ["label", "scopes"] {
                if !fields.contains_key(name) {
                    self.refuse(name, &Value::Null, "is required");
                }
            }
        }
        draft
    }

    fn label(&mut self, value: &Value) -> Option<String> {
        let Some(label) = value.as_str() else {
            self.refuse("label", value, "must be a string");
            return None;
        };
        if !label_fits(label, self.config.label_rule) {
            self.refuse("label", value, "must match `^[0-9a-zA-z-_\\s]{3,100}$`");
        }
        Some(label.to_owned())
    }

    /// Reads an array of strings, each of which must pass; repeated ones are dropped.
    fn strings(&mut self, name: &str, value: &Value, rule: &str, fits: impl Fn(&str) -> bool) -> Option<Vec<String>> {
        let Some(items) = value.as_array() else {
            self.refuse(name, value, "must be an array");
            return None;
        };
        let mut read: Vec<String> = Vec::with_capacity(items.len());
        for item in items {
            match item.as_str() {
                Some(text) if !fits(text) => self.refuse(name, item, rule),
                Some(text) if read.iter().any(|seen| seen == text) => {}
                Some(text) => read.push(text.to_owned()),
                None => self.refuse(name, item, "must hold strings"),
            }
        }
        Some(read)
    }

    fn scopes(&mut self, value: &Value) -> Option<Vec<String>> {
        let only_listed = self.config.unlisted_scopes == UnlistedScopes::Refused;
        self.strings("scopes", value, "holds an unknown scope", |scope| {
            scopes::well_formed(scope) && (!only_listed || scopes::catalogue().any(|row| row.in_reference && row.scope == scope))
        })
    }

    fn methods(&mut self, value: &Value) -> Option<Vec<AuthMethod>> {
        let rule = "must hold `HMAC`, `BASIC` or `ALL`";
        let names = self.strings("methods", value, rule, |name| AuthMethod::named(name).is_some())?;
        Some(names.iter().filter_map(|n| AuthMethod::named(n)).collect())
    }

    fn accounts(&mut self, value: &Value) -> Option<Vec<String>> {
        self.strings("accounts", value, "must hold ids of 12 digits", account_id)
    }

    fn expires_at(&mut self, value: &Value) -> Option<Option<Timestamp>> {
        if value.is_null() {
            return Some(None);
        }
        let Some(at) = value.as_str().and_then(rfc3339) else {
            self.refuse("expiresAt", value, "must be a time as in RFC 3339");
            return None;
        };
        if at <= self.now {
            let message = "`expiresAt` must be in the future";
            let refusal = Refusal::of(Cause::Input, "expiresAt", value.clone(), message);
            self.past = Some(refusal);
        }
        Some(Some(at))
    }

    fn expires_in(&mut self, value: &Value) -> Option<Timestamp> {
        let at = value.as_str().and_then(|text| after(self.now, text));
        if at.is_none() {
            self.refuse("expiresIn", value, "must be a time span such as `1 hour`");
        }
        at
    }
}

/// Tells whether the text is an account id: `^\d{12}$`.
pub fn account_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

/// Tells whether the text is a key id: `^api_[a-z-0-9]{32}$`.
pub fn key_id(text: &str) -> bool {
    text.strip_prefix("api_")
        .is_some_and(|rest| rest.len() == 32 && rest.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'))
}

fn label_fits(label: &str, rule: LabelRule) -> bool {
    let fits = |c: char| match rule {
        // The range `A-z` of the published pattern holds `[`, `\`, `]`, `^` and the backtick too.
        LabelRule::Published => c.is_ascii_digit() || matches!(c, 'A'..='z' | '-') || c.is_whitespace(),
        LabelRule::Portal => c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | ' '),
    };
    (3..=100).contains(&label.chars().count()) && label.chars().all(fits)
}

/// Reads a time; stricter than [`Timestamp`], which takes more than RFC 3339.
fn rfc3339(text: &str) -> Option<Timestamp> {
    let (date, rest) = text.split_at_checked(10)?;
    let clock = rest.strip_prefix('T')?;
    let (clock, zone) = match clock.strip_suffix('Z') {
        Some(clock) => (clock, "Z"),
        None => clock.split_at_checked(clock.len().checked_sub(6)?)?,
    };
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let shaped = |text: &str, form: &str| {
        text.len() == form.len()
            && text.bytes().zip(form.bytes()).all(|(b, f)| match f {
                b'0' => b.is_ascii_digit(),
                b'+' => b"+-".contains(&b),
                _ => b == f,
            })
    };
    let fits = shaped(date, "0000-00-00")
        && shaped(clock, "00:00:00")
        && (zone == "Z" || shaped(zone, "+00:00"))
        && !fraction.is_empty()
        && fraction.bytes().all(|b| b.is_ascii_digit());
    if fits { text.parse().ok() } else { None }
}

/// Reads a time span such as `1 hour` and returns the time it ends.
fn after(now: Timestamp, text: &str) -> Option<Timestamp> {
    let (number, unit) = text.split_once(' ')?;
    let number: i64 = number.parse().ok().filter(|number| *number > 0)?;
    let span = Span::new();
    let span = match unit.strip_suffix('s').unwrap_or(unit) {
        "second" => span.try_seconds(number),
        "minute" => span.try_minutes(number),
        "hour" => span.try_hours(number),
        "day" => span.try_days(number),
        "week" => span.try_weeks(number),
        "month" => span.try_months(number),
        "year" => span.try_years(number),
        _ => return None,
    };
    let end = Zoned::new(now, TimeZone::UTC).checked_add(span.ok()?).ok()?;
    Some(end.timestamp())
}
