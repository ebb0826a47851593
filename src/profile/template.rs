//! Text with placeholders, such as `/accounts/{param.account_id}`. Fills them; knows no provider and sends nothing.
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use serde_json::Value;
use zeroize::Zeroizing;

use super::pointer::Pointer;
use crate::model::address::as_text;

/// What a template may ask for, written `{id}` or `{param.account_id}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Placeholder {
    /// The key's id.
    Id,
    /// The provider-side label, with its marker unless the profile names another place for the marker.
    Label,
    /// The marker alone.
    Marker,
    /// The scopes, in the format of `formats.scopes`.
    Scopes,
    /// One axis of the scopes, written `scopes.AXIS`.
    ScopesAxis(String),
    /// The expiry, in the format of `formats.expiry`; null when an edit removes it.
    Expiry,
    /// `true` where the key is to have no end. Of profiles that name it, `expiry` is absent there.
    Never,
    /// An instant that has passed, in the format of `formats.expiry`.
    Past,
    /// A fresh random UUID.
    Uuid,
    /// The number of the page to read.
    Page,
    /// How many items a page should hold.
    Limit,
    /// How many items of a listing have been read.
    Offset,
    /// Where the last answer of a listing says that the next one begins.
    Cursor,
    /// A value of the key as an earlier answer of the same operation gave it, written `item./x/y`.
    Item(Pointer),
    /// A param of the account.
    Param(String),
    /// An option of the key.
    Option(String),
    /// A part of the credential that authenticates the call.
    Part(String),
    /// A value that a login gave. Only `auth` may name one.
    Login(String),
    /// A part of the account's admin credential, beside that of the key itself. Only schemes of `verify` need one.
    Admin(String),
}

/// Values by placeholder. A missing one is absent: the field that asks for it is left out.
pub type Values = BTreeMap<Placeholder, Value>;

/// A text with placeholders. `{{` and `}}` stand for braces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Placeholder(Placeholder),
}

/// A text that is no template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    #[error(
        "`{{{0}}}` is not a placeholder: use id, label, marker, scopes, scopes.AXIS, expiry, never, past, uuid, page, limit, offset, cursor, \
             item./POINTER, param.NAME, option.NAME, part.NAME, login.NAME or admin.NAME"
    )]
    Unknown(String),
    #[error("a `{{` or `}}` stands alone: write `{{{{` or `}}}}` for the character itself")]
    Unbalanced,
    #[error("`{0}` is not a request: write it as `GET /path/{{id}}`")]
    Request(String),
    #[error("a body is a map of fields, or a list")]
    NotAMap,
}

/// Why a path could not be filled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    #[error("`{{{0}}}` of the path has no value")]
    Absent(Placeholder),
    #[error("a value would change the path")]
    Traversal,
}

impl FromStr for Placeholder {
    type Err = TemplateError;
    fn from_str(text: &str) -> Result<Self, TemplateError> {
        Ok(match text.split_once('.') {
            None => match text {
                "id" => Self::Id,
                "label" => Self::Label,
                "marker" => Self::Marker,
                "scopes" => Self::Scopes,
                "expiry" => Self::Expiry,
                "never" => Self::Never,
                "past" => Self::Past,
                "uuid" => Self::Uuid,
                "page" => Self::Page,
                "limit" => Self::Limit,
                "offset" => Self::Offset,
                "cursor" => Self::Cursor,
                _ => return Err(TemplateError::Unknown(text.to_owned())),
            },
            Some(("param", name)) if !name.is_empty() => Self::Param(name.to_owned()),
            Some(("option", name)) if !name.is_empty() => Self::Option(name.to_owned()),
            Some(("part", name)) if !name.is_empty() => Self::Part(name.to_owned()),
            Some(("login", name)) if !name.is_empty() => Self::Login(name.to_owned()),
            Some(("admin", name)) if !name.is_empty() => Self::Admin(name.to_owned()),
            Some(("scopes", name)) if !name.is_empty() => Self::ScopesAxis(name.to_owned()),
            Some(("item", at)) => Self::Item(at.parse().map_err(|_| TemplateError::Unknown(text.to_owned()))?),
            Some(_) => return Err(TemplateError::Unknown(text.to_owned())),
        })
    }
}

impl fmt::Display for Placeholder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id => f.write_str("id"),
            Self::Label => f.write_str("label"),
            Self::Marker => f.write_str("marker"),
            Self::Scopes => f.write_str("scopes"),
            Self::ScopesAxis(axis) => write!(f, "scopes.{axis}"),
            Self::Expiry => f.write_str("expiry"),
            Self::Never => f.write_str("never"),
            Self::Past => f.write_str("past"),
            Self::Uuid => f.write_str("uuid"),
            Self::Page => f.write_str("page"),
            Self::Limit => f.write_str("limit"),
            Self::Offset => f.write_str("offset"),
            Self::Cursor => f.write_str("cursor"),
            Self::Item(at) => write!(f, "item.{at}"),
            Self::Param(name) => write!(f, "param.{name}"),
            Self::Option(name) => write!(f, "option.{name}"),
            Self::Part(name) => write!(f, "part.{name}"),
            Self::Login(name) => write!(f, "login.{name}"),
            Self::Admin(name) => write!(f, "admin.{name}"),
        }
    }
}

impl Template {
    /// The placeholders, in order.
    pub fn placeholders(&self) -> impl Iterator<Item = &Placeholder> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Text(_) => None,
            Piece::Placeholder(placeholder) => Some(placeholder),
        })
    }

    /// The value of the template. A placeholder that is the whole template keeps its type; `None` when one is absent.
    pub fn value(&self, values: &Values) -> Option<Value> {
        match self.0.as_slice() {
            [Piece::Placeholder(placeholder)] => values.get(placeholder).cloned(),
            _ => self.text(values).map(Value::String),
        }
    }

    /// The text of the template; `None` when a placeholder is absent, null, a list or a map.
    pub fn text(&self, values: &Values) -> Option<String> {
        self.join(|placeholder| values.get(placeholder).and_then(scalar))
    }

    fn join(&self, value: impl Fn(&Placeholder) -> Option<String>) -> Option<String> {
        let piece = |piece: &Piece| match piece {
            Piece::Text(literal) => Some(literal.clone()),
            Piece::Placeholder(placeholder) => value(placeholder),
        };
        self.0.iter().map(piece).collect()
    }

    /// The text of a template that names secrets, each looked up by the caller; `None` when one is absent. It is wiped when dropped.
    pub fn secret_text<'a>(&self, value: impl Fn(&Placeholder) -> Option<&'a str>) -> Option<Zeroizing<String>> {
        let piece = |piece: &Piece| match piece {
            Piece::Text(literal) => Some(Zeroizing::new(literal.clone())),
            Piece::Placeholder(placeholder) => value(placeholder).map(|text| Zeroizing::new(text.to_owned())),
        };
        let pieces: Vec<Zeroizing<String>> = self.0.iter().map(piece).collect::<Option<_>>()?;
        // With its full capacity from the start the text never moves and leaves no copy behind.
        let mut text = Zeroizing::new(String::with_capacity(pieces.iter().map(|piece| piece.len()).sum()));
        pieces.iter().for_each(|piece| text.push_str(piece));
        Some(text)
    }

    /// The template as a path. Every value is percent-encoded and stays inside its segment.
    ///
    /// Errors when a value is absent or empty, or when a segment would become `.` or `..`, which no encoding can hide from a URL parser.
    pub fn path(&self, values: &Values) -> Result<String, PathError> {
        for placeholder in self.placeholders() {
            let text = values.get(placeholder).and_then(scalar);
            if text.is_none_or(|text| text.is_empty()) {
                return Err(PathError::Absent(placeholder.clone()));
            }
        }
        let encoded = |placeholder: &Placeholder| values.get(placeholder).and_then(scalar).map(|text| percent_encoded(&text));
        let path = self.join(encoded).unwrap_or_default();
        if path.split('/').any(|segment| segment == "." || segment == "..") { Err(PathError::Traversal) } else { Ok(path) }
    }
}

impl FromStr for Template {
    type Err = TemplateError;
    fn from_str(text: &str) -> Result<Self, TemplateError> {
        let (mut pieces, mut literal, mut rest) = (Vec::new(), String::new(), text);
        while let Some(at) = rest.find(['{', '}']) {
            literal.push_str(&rest[..at]);
            rest = &rest[at..];
            if let Some(after) = rest.strip_prefix("{{").or_else(|| rest.strip_prefix("}}")) {
                literal.push_str(&rest[..1]);
                rest = after;
                continue;
            }
            let inner = rest.strip_prefix('{').and_then(|inner| inner.split_once('}')).ok_or(TemplateError::Unbalanced)?;
            if !literal.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut literal)));
            }
            pieces.push(Piece::Placeholder(inner.0.parse()?));
            rest = inner.1;
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            pieces.push(Piece::Text(literal));
        }
        Ok(Self(pieces))
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|piece| match piece {
            Piece::Text(text) => f.write_str(&text.replace('{', "{{").replace('}', "}}")),
            Piece::Placeholder(placeholder) => write!(f, "{{{placeholder}}}"),
        })
    }
}

as_text!(Template, "Template", "^.*$", "A text with placeholders such as `{part.token}`.");

/// An HTTP method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    const ALL: [Self; 5] = [Self::Get, Self::Post, Self::Put, Self::Patch, Self::Delete];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// Method and path as documentation writes them: `GET /accounts/{param.account_id}/api-keys/{id}`. The path follows that of the URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub method: Method,
    pub path: Template,
}

impl FromStr for Request {
    type Err = TemplateError;
    fn from_str(text: &str) -> Result<Self, TemplateError> {
        let bad = || TemplateError::Request(text.to_owned());
        let (word, path) = text.split_once(' ').ok_or_else(bad)?;
        let method = Method::ALL.into_iter().find(|method| method.as_str() == word).ok_or_else(bad)?;
        let plain = path.starts_with('/') && !path.contains(['?', '#', '\\', '%']) && !path.contains(char::is_whitespace);
        if plain { Ok(Self { method, path: path.parse()? }) } else { Err(bad()) }
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method.as_str(), self.path)
    }
}

as_text!(
    Request,
    "Request",
    "^(GET|POST|PUT|PATCH|DELETE) /[^\\s?#%\\\\]*$",
    "A method and a path with placeholders, such as `DELETE /keys/{id}`."
);

/// Text, numbers and booleans as text; lists, maps and null have none.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Everything but letters, digits and `-._~` as `%XX`, so that a URL parser changes nothing any more.
pub fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(char::from(byte)),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn values(entries: &[(Placeholder, Value)]) -> Values {
        entries.iter().cloned().collect()
    }

    #[test]
    fn templates_read_and_print_alike() {
        for text in
            ["", "plain", "/a/{id}/b/{param.account_id}", "{scopes}", "x{{y}}{label}", "{scopes.a}{past}{item./a/0}{item.}{login.token}"]
        {
            assert_eq!(text.parse::<Template>().expect(text).to_string(), text);
        }
        for bad in ["{", "}", "{id", "id}", "{nope}", "{param.}", "{}", "{ id }", "{env.HOME}", "{{id}"] {
            assert!(bad.parse::<Template>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_value_cannot_leave_its_path_segment() {
        let path: Template = "/keys/{id}/x".parse().expect("a template");
        let fill = |id: &str| path.path(&values(&[(Placeholder::Id, json!(id))]));
        assert_eq!(fill("api_1").as_deref(), Ok("/keys/api_1/x"));
        assert_eq!(fill("a/../b?c#d").as_deref(), Ok("/keys/a%2F..%2Fb%3Fc%23d/x"));
        assert_eq!(fill("%2e%2e").as_deref(), Ok("/keys/%252e%252e/x"));
        assert_eq!(fill("é\n").as_deref(), Ok("/keys/%C3%A9%0A/x"));
        assert_eq!(fill(".."), Err(PathError::Traversal));
        assert_eq!(fill("."), Err(PathError::Traversal));
        assert_eq!(fill(""), Err(PathError::Absent(Placeholder::Id)));
        assert_eq!(path.path(&Values::new()), Err(PathError::Absent(Placeholder::Id)));
    }

    #[test]
    fn a_request_is_method_and_path() {
        let request: Request = "PATCH /keys/{id}".parse().expect("a request");
        assert_eq!((request.method, request.to_string().as_str()), (Method::Patch, "PATCH /keys/{id}"));
        for bad in ["/keys", "FETCH /keys", "GET keys", "GET /keys?x=1", "GET /a b", "GET https://host/", "GET /a%2f", "GET /a\\b"] {
            assert!(bad.parse::<Request>().is_err(), "{bad}");
        }
    }
}
