//! What a provider's refusals mean, by status, code and message. A table; sends nothing.
use regex::Regex;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::pointer::Pointer;
use super::predicate::{Predicate, Test};

/// Where an error answer says what, and what it means.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Errors {
    /// The vendor's code, a text or a number.
    pub code: Option<Pointer>,
    /// The vendor's word for the kind of error.
    #[serde(rename = "type")]
    pub kind: Option<Pointer>,
    /// The vendor's sentence: a place, or several, of which the first where there is one counts.
    pub message: Option<Places>,
    /// What the vendor's support asks for.
    pub trace: Option<Pointer>,
    /// The first row that fits decides. Below the last stand 401, 403, 404 and 429 as everybody understands them, other 4xx as refused, and the
    /// rest as unanswered. A row that names a status of success is asked, too: some vendors say with a 200 that nothing was done.
    pub rows: Vec<ErrorRow>,
}

/// One place, or several in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Places {
    One(Pointer),
    FirstOf(Vec<Pointer>),
}

impl Places {
    fn all(&self) -> &[Pointer] {
        match self {
            Self::One(at) => std::slice::from_ref(at),
            Self::FirstOf(all) => all,
        }
    }
}

/// One row of the table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ErrorRow {
    pub when: When,
    pub means: Meaning,
}

/// What an answer looks like. What is not said may be anything.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct When {
    /// One of these statuses.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub status: Vec<u16>,
    /// One of these codes, written as text.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub code: Vec<String>,
    /// A regular expression found in the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What must hold of the body.
    #[serde(rename = "where", skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<Predicate>,
}

/// What a refusal means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Meaning {
    /// The credential was refused.
    Unauthenticated,
    /// The credential is alive but may not do this.
    Forbidden,
    /// What was asked for does not exist.
    NotFound,
    /// Understood, and refused.
    Refused,
    /// Too many calls; nothing happened.
    Throttled,
    /// Whether anything happened is unknown.
    Unanswered,
}

/// An answer by its status and what it says about an error.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refusal {
    pub status: u16,
    pub code: Option<String>,
    pub kind: Option<String>,
    pub message: Option<String>,
    pub trace: Option<String>,
}

impl Errors {
    /// Reads an answer. `None` as body: it was no JSON.
    pub fn read(&self, status: u16, body: Option<&Value>) -> Refusal {
        let text = |at: &Pointer| match at.of(body?)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        };
        let one = |at: &Option<Pointer>| at.as_ref().and_then(text);
        let message = self.message.as_ref().and_then(|places| places.all().iter().find_map(text));
        Refusal { status, code: one(&self.code), kind: one(&self.kind), message, trace: one(&self.trace) }
    }

    /// Whether an answer with a status of success is a refusal all the same: a row names the status, and fits.
    pub fn refuse(&self, refusal: &Refusal, body: Option<&Value>) -> bool {
        self.rows.iter().any(|row| row.when.status.contains(&refusal.status) && row.when.fits(refusal, body))
    }

    /// What a refusal means. That something does not exist, only the API itself can say: in JSON, or with nothing in the body.
    pub fn meaning(&self, refusal: &Refusal, body: Option<&Value>) -> Meaning {
        let row = self.rows.iter().find(|row| row.when.fits(refusal, body));
        match row.map_or_else(|| by_status(refusal.status), |row| row.means) {
            // A page of somebody in between knows nothing of keys.
            Meaning::NotFound if body.is_none() => Meaning::Unanswered,
            meaning => meaning,
        }
    }
}

impl When {
    /// Whether an answer looks like this. `body`: absent where it is no JSON.
    pub fn fits(&self, refusal: &Refusal, body: Option<&Value>) -> bool {
        let holds = |only: &Predicate| body.is_some_and(|body| Test::new(only).is_ok_and(|test| test.holds(body)));
        let status = self.status.is_empty() || self.status.contains(&refusal.status);
        let code = self.code.is_empty() || refusal.code.as_ref().is_some_and(|code| self.code.contains(code));
        status
            && code
            && self.only.iter().all(holds)
            && self.message.as_deref().is_none_or(|pattern| {
                let message = refusal.message.as_deref().unwrap_or_default();
                Regex::new(pattern).is_ok_and(|pattern| pattern.is_match(message))
            })
    }
}

fn by_status(status: u16) -> Meaning {
    match status {
        401 => Meaning::Unauthenticated,
        403 => Meaning::Forbidden,
        404 | 410 => Meaning::NotFound,
        429 => Meaning::Throttled,
        // A request timeout says nothing about what was done before it.
        408 => Meaning::Unanswered,
        400..=499 => Meaning::Refused,
        _ => Meaning::Unanswered,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn errors() -> Errors {
        serde_json::from_value(json!({
            "code": "/errorCode", "type": "/errorType", "message": "/message", "trace": "/traceId",
            "rows": [
                {"when": {"status": [404], "code": ["40005"]}, "means": "not-found"},
                {"when": {"status": [404]}, "means": "unanswered"},
                {"when": {"status": [400], "message": "(?i)too many keys"}, "means": "forbidden"},
            ]
        }))
        .expect("a table")
    }

    #[test]
    fn a_success_is_a_refusal_where_a_row_names_its_status() {
        let errors: Errors = serde_json::from_value(json!({
            "rows": [
                { "when": { "status": [200], "where": [{ "at": "/ok", "is": [false] }] }, "means": "refused" },
                { "when": { "where": [{ "at": "/strange", "is": [true] }] }, "means": "forbidden" },
            ]
        }))
        .expect("rows");
        for (body, refused) in [(json!({"ok": false}), true), (json!({"ok": true}), false), (json!({"strange": true}), false)] {
            assert_eq!(errors.refuse(&errors.read(200, Some(&body)), Some(&body)), refused, "{body}");
        }
    }

    #[test]
    fn every_row_decides() {
        let meaning = |status, body: Value| errors().meaning(&errors().read(status, Some(&body)), Some(&body));
        assert_eq!(meaning(404, json!({"errorCode": "40005"})), Meaning::NotFound);
        assert_eq!(meaning(404, json!({"errorCode": 40005})), Meaning::NotFound);
        assert_eq!(meaning(404, json!({"errorCode": 1})), Meaning::Unanswered);
        assert_eq!(meaning(400, json!({"message": "Too Many keys"})), Meaning::Forbidden);
        assert_eq!(meaning(400, json!({"message": "bad label"})), Meaning::Refused);
        for (status, expected) in [
            (401, Meaning::Unauthenticated),
            (403, Meaning::Forbidden),
            (410, Meaning::NotFound),
            (429, Meaning::Throttled),
            (422, Meaning::Refused),
            (408, Meaning::Unanswered),
            (302, Meaning::Unanswered),
            (500, Meaning::Unanswered),
            (503, Meaning::Unanswered),
        ] {
            assert_eq!(meaning(status, json!({})), expected, "{status}");
        }
        assert_eq!(errors().meaning(&errors().read(404, None), None), Meaning::Unanswered);
        let plain = Errors::default();
        assert_eq!(plain.meaning(&plain.read(404, None), None), Meaning::Unanswered, "a page of a gateway");
        assert_eq!(plain.meaning(&plain.read(404, Some(&Value::Null)), Some(&Value::Null)), Meaning::NotFound);
    }
}
