//! The shapes in which providers write a set of words. Knows neither names for them nor axes.
use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::codec_objects::Objects;
use super::pointer::Pointer;

/// How a set of words is written.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum WordsFormat {
    /// `["read", "write"]`
    #[default]
    Array,
    /// `"read write"`: one text, with this between the words.
    Text(String),
    /// `{"read": true, "write": false}`: those that are true. A write sends every scope of the catalogue.
    Map,
    /// `"read"`: exactly one.
    Single,
    /// A list of objects that each say one word or several.
    Objects(Objects),
    /// `{"read": VALUE}`: the names of a map. A write gives each this value.
    Keys(Value),
}

/// A set that a format cannot write.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WordsProblem {
    #[error("the provider takes exactly one scope{}, not {count}", .axis.as_ref().map(|axis| format!(" of the axis `{axis}`")).unwrap_or_default())]
    NotOne { axis: Option<String>, count: usize },
    #[error("the provider takes at least one scope of the axis `{axis}`")]
    NoneOf { axis: String },
    #[error("`{0}` does not have the form that the provider's scopes have here")]
    Form(String),
    #[error("`{0}` can be taken apart in several ways, and each says something else")]
    Unclear(String),
    #[error("no place of a request takes `{0}`")]
    NoAxis(String),
    #[error("the provider has no scope `{0}`")]
    Unlisted(String),
    #[error("the provider has several scopes of the name `{0}`, and nothing tells them apart")]
    Several(String),
}

impl WordsFormat {
    /// Hands on the words of a value, as the provider has them; `None` when it has another form, which may be found only after some words.
    pub fn read<'a>(&self, value: &'a Value, found: &mut dyn FnMut(Cow<'a, Value>)) -> Option<()> {
        let word = |text: &str| Cow::Owned(Value::from(text));
        match self {
            Self::Array => {
                for item in value.as_array()? {
                    found(Cow::Borrowed(plain(item)?));
                }
            }
            Self::Text(between) => {
                value.as_str()?.split(between.as_str()).map(str::trim).filter(|text| !text.is_empty()).map(word).for_each(found);
            }
            Self::Map => {
                for (name, flag) in value.as_object()? {
                    if flag.as_bool()? {
                        found(word(name));
                    }
                }
            }
            Self::Single => found(Cow::Borrowed(plain(value)?)),
            Self::Objects(objects) => {
                for object in value.as_array()? {
                    objects.read(object)?.into_iter().map(Cow::Owned).for_each(&mut *found);
                }
            }
            Self::Keys(_) => value.as_object()?.keys().map(|name| word(name)).for_each(found),
        }
        Some(())
    }

    /// The words in this format. `all` are those that exist, as the provider has them.
    pub fn write(&self, words: &[Value], all: &[Value]) -> Result<Value, WordsProblem> {
        Ok(match self {
            Self::Array => Value::Array(words.to_vec()),
            Self::Text(between) => Value::String(words.iter().map(text).collect::<Vec<_>>().join(between)),
            Self::Map => {
                let fields: BTreeMap<Cow<'_, str>, bool> =
                    all.iter().map(|word| (text(word), false)).chain(words.iter().map(|word| (text(word), true))).collect();
                fields.into_iter().map(|(name, flag)| (name.into_owned(), Value::Bool(flag))).collect::<Map<_, _>>().into()
            }
            Self::Single => match words {
                [only] => only.clone(),
                other => return Err(WordsProblem::NotOne { axis: None, count: other.len() }),
            },
            Self::Objects(objects) => objects.write(words)?,
            Self::Keys(value) => words.iter().map(|word| (text(word).into_owned(), value.clone())).collect::<Map<_, _>>().into(),
        })
    }
}

/// A text, number or boolean.
pub(super) fn plain(value: &Value) -> Option<&Value> {
    match value {
        Value::String(_) | Value::Number(_) | Value::Bool(_) => Some(value),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A word as text.
pub(super) fn text(word: &Value) -> Cow<'_, str> {
    word.as_str().map_or_else(|| Cow::Owned(word.to_string()), Cow::Borrowed)
}

/// Names for the provider's own values, and what they are without one.
#[derive(Debug, Clone, Copy)]
pub struct Names<'a> {
    /// Values by name; null where several have it.
    pub table: Option<&'a BTreeMap<String, Value>>,
    /// Whether a name that is not in the table is refused, since its value is an id.
    pub strict: bool,
}

impl<'a> Names<'a> {
    /// The name of a value; one that has none is its own.
    pub fn name<'v>(&self, value: Cow<'v, Value>) -> Cow<'v, str>
    where
        'a: 'v,
    {
        let found = self.table.into_iter().flatten().find(|(_, known)| **known == *value || text(known) == text(&value));
        match (found, value) {
            (Some((name, _)), _) => Cow::Borrowed(name),
            (None, Cow::Borrowed(value)) => text(value),
            (None, Cow::Owned(Value::String(text))) => Cow::Owned(text),
            (None, Cow::Owned(value)) => Cow::Owned(value.to_string()),
        }
    }

    /// The values of names.
    pub fn values<'n>(&self, names: impl Iterator<Item = &'n str>) -> Result<Vec<Value>, WordsProblem> {
        names.map(|name| self.value(name)).collect()
    }

    /// The value of a name.
    pub fn value(&self, name: &str) -> Result<Value, WordsProblem> {
        match self.table.and_then(|table| table.get(name)) {
            Some(Value::Null) => Err(WordsProblem::Several(name.to_owned())),
            Some(value) => Ok(value.clone()),
            None if self.strict => Err(WordsProblem::Unlisted(name.to_owned())),
            None => Ok(Value::from(name)),
        }
    }
}

/// What an empty map, list or text means.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Emptiness {
    /// Where an answer holds nothing then.
    pub at: Pointer,
    /// The scopes that a key has then, such as `[unrestricted]`.
    pub means: Vec<String>,
}

impl Emptiness {
    /// The scopes that an answer says by holding nothing.
    pub(super) fn read(&self, answer: &Value) -> Option<&[String]> {
        let is_empty = match self.at.of(answer)? {
            Value::Object(fields) => fields.is_empty(),
            Value::Array(items) => items.is_empty(),
            Value::String(text) => text.is_empty(),
            Value::Null | Value::Bool(_) | Value::Number(_) => false,
        };
        is_empty.then_some(&self.means)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn format(value: Value) -> WordsFormat {
        serde_json::from_value(value).expect("a format")
    }

    fn read(format: &WordsFormat, value: &Value) -> Option<Vec<Value>> {
        let mut words = Vec::new();
        format.read(value, &mut |word| words.push(word.into_owned())).map(|()| words)
    }

    #[test]
    fn every_shape_survives_the_way_there_and_back() {
        let words = [json!("read"), json!("write")];
        let all = [json!("admin"), json!("read"), json!("write")];
        for (shape, written) in [
            (json!("array"), json!(["read", "write"])),
            (json!({"text": " "}), json!("read write")),
            (json!({"text": ","}), json!("read,write")),
            (json!("map"), json!({"admin": false, "read": true, "write": true})),
            (json!({"keys": {"on": 1}}), json!({"read": {"on": 1}, "write": {"on": 1}})),
        ] {
            let format = format(shape.clone());
            assert_eq!(format.write(&words, &all), Ok(written.clone()), "{shape}");
            assert_eq!(read(&format, &written).as_deref(), Some(&words[..]), "{shape}");
            assert_eq!(read(&format, &json!(7)), None, "{shape}");
            assert_eq!(serde_json::to_value(&format).expect("JSON"), shape);
        }
        assert_eq!(read(&format(json!("array")), &json!("a b")), None);
        assert_eq!(read(&format(json!("array")), &json!(["a", ["b"]])), None);
        assert_eq!(read(&format(json!("map")), &json!({"a": "yes"})), None);
        assert_eq!(read(&format(json!({"text": ","})), &json!(" a, b ,")), Some(vec![json!("a"), json!("b")]));
    }

    #[test]
    fn a_single_word_is_one_word() {
        let single = format(json!("single"));
        assert_eq!(read(&single, &json!("read")), Some(vec![json!("read")]));
        assert_eq!(read(&single, &json!(true)), Some(vec![json!(true)]));
        assert_eq!(single.write(&[json!(30)], &[]), Ok(json!(30)));
        assert_eq!(single.write(&[], &[]), Err(WordsProblem::NotOne { axis: None, count: 0 }));
        assert_eq!(single.write(&[json!("a"), json!("b")], &[]), Err(WordsProblem::NotOne { axis: None, count: 2 }));
    }

    #[test]
    fn names_stand_for_the_providers_values() {
        let table = BTreeMap::from([("developer".to_owned(), json!(30)), ("maintainer".to_owned(), json!(40))]);
        let names = Names { table: Some(&table), strict: false };
        let named = [json!(40), json!("30"), json!(50), json!("x")].map(|value| names.name(Cow::Owned(value)));
        assert_eq!(named, ["maintainer", "developer", "50", "x"]);
        assert_eq!(names.values(["developer", "50"].into_iter()), Ok(vec![json!(30), json!("50")]));
        let strict = Names { strict: true, ..names };
        assert_eq!(strict.values(["owner"].into_iter()), Err(WordsProblem::Unlisted("owner".to_owned())));
    }
}
