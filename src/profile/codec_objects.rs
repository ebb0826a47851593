//! Words that providers write as objects, such as a resource and an action. Knows no scopes.
use std::collections::BTreeMap;

use regex::Regex;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::codec_words::{WordsProblem, plain, text};
use super::pattern::Once;
use super::pointer::Pointer;

/// A list of objects that say words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Objects {
    /// A word made of fields: `{resource}:{action}`.
    pub form: String,
    /// Where an object has each field. A list there gives a word for each element; it is written as one where the place ends in `/*`.
    pub fields: BTreeMap<String, Pointer>,
    /// What every object has besides. An object that has something else there cannot be read.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub with: Map<String, Value>,
    /// Regular expressions that fields match whole, where a word could be taken apart in several ways.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub matches: BTreeMap<String, String>,
    /// The form as a regular expression: where earlier fields take more, and where they take less.
    #[serde(skip)]
    forms: Once<Option<Box<[Regex; 2]>>>,
}

/// What words say in one object: fields with one value, and fields with a list.
type Row<'a> = (BTreeMap<&'a str, Value>, BTreeMap<&'a str, Vec<Value>>);

/// A piece of a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece<'a> {
    Literal(&'a str),
    Field(&'a str),
}

impl Objects {
    /// What is wrong with the form; `None`: nothing.
    pub fn problem(&self) -> Option<String> {
        let Some(pieces) = self.pieces() else { return Some(format!("`{}` has a brace that stands alone", self.form)) };
        let named: Vec<&str> = pieces.iter().filter_map(|piece| piece.field()).collect();
        if named.is_empty() {
            return Some(format!("`{}` names no field", self.form));
        }
        if pieces.windows(2).any(|two| two.iter().all(|piece| piece.field().is_some())) {
            return Some("two fields need something between them".to_owned());
        }
        if let Some(name) = named.iter().find(|name| !self.fields.contains_key(**name)) {
            return Some(format!("nothing says where `{{{name}}}` is"));
        }
        if let Some(name) = self.fields.keys().chain(self.matches.keys()).find(|name| !named.contains(&name.as_str())) {
            return Some(format!("the form does not name `{{{name}}}`"));
        }
        let wrong = self.matches.values().find(|pattern| Regex::new(pattern).is_err());
        wrong.map(|pattern| format!("`{pattern}` is not a regular expression"))
    }

    fn pieces(&self) -> Option<Vec<Piece<'_>>> {
        let (mut pieces, mut rest) = (Vec::new(), self.form.as_str());
        while let Some((before, after)) = rest.split_once('{') {
            let (name, tail) = after.split_once('}')?;
            pieces.extend((!before.is_empty()).then_some(Piece::Literal(before)));
            pieces.push(Piece::Field(name));
            rest = tail;
        }
        pieces.extend((!rest.is_empty()).then_some(Piece::Literal(rest)));
        let whole = |piece: &Piece<'_>| match piece {
            Piece::Literal(text) | Piece::Field(text) => !text.contains(['{', '}']) && !text.is_empty(),
        };
        pieces.iter().all(whole).then_some(pieces)
    }

    /// The words of one object; `None` when it has another form.
    pub(super) fn read(&self, object: &Value) -> Option<Vec<Value>> {
        if self.with.iter().any(|(name, value)| object.get(name) != Some(value)) {
            return None;
        }
        let pieces = self.pieces()?;
        if let [Piece::Field(only)] = pieces[..] {
            return self.values(only, object);
        }
        let mut words = vec![String::new()];
        for piece in pieces {
            words = match piece {
                Piece::Literal(literal) => words.into_iter().map(|word| word + literal).collect(),
                Piece::Field(name) => {
                    let values = self.values(name, object)?;
                    words.iter().flat_map(|word| values.iter().map(move |value| format!("{word}{}", text(value)))).collect()
                }
            };
        }
        Some(words.into_iter().map(Value::String).collect())
    }

    fn values(&self, name: &str, object: &Value) -> Option<Vec<Value>> {
        let at = self.fields.get(name)?;
        if !at.is_many() {
            at.of(object)?;
        }
        let each = |value: &Value| match value {
            Value::Array(items) => items.iter().map(|item| plain(item).cloned()).collect::<Option<Vec<_>>>(),
            other => plain(other).map(|value| vec![value.clone()]),
        };
        at.all(object).into_iter().map(each).collect::<Option<Vec<_>>>().map(|all| all.concat())
    }

    /// One object for each word; words that agree in all but a field that is a list share theirs.
    pub(super) fn write(&self, words: &[Value]) -> Result<Value, WordsProblem> {
        let mut rows: Vec<Row<'_>> = Vec::new();
        for word in words {
            let (mut single, mut lists) = (BTreeMap::new(), BTreeMap::new());
            for (name, value) in self.taken_apart(word)? {
                if self.fields.get(name).is_some_and(Pointer::is_many) {
                    lists.insert(name, vec![value]);
                } else {
                    single.insert(name, value);
                }
            }
            let shared = rows.iter_mut().find(|(known, _)| lists.len() == 1 && *known == single);
            match shared {
                Some((_, known)) => {
                    lists.into_iter().for_each(|(name, values)| known.entry(name).or_default().extend(values));
                }
                None => rows.push((single, lists)),
            }
        }
        let object = |(single, lists): Row<'_>| {
            let mut object = Value::Object(self.with.clone());
            let lists = lists.into_iter().map(|(name, values)| (name, Value::Array(values)));
            for (name, value) in single.into_iter().chain(lists) {
                if let Some(at) = self.fields.get(name) {
                    at.put(&mut object, value);
                }
            }
            object
        };
        Ok(Value::Array(rows.into_iter().map(object).collect()))
    }

    /// The form with earlier fields as long as they can be, and with the same as short as they can be.
    fn forms(&self) -> Option<&[Regex; 2]> {
        let made = || {
            let pieces = self.pieces()?;
            let part = |(at, piece): (usize, &Piece<'_>)| match piece {
                Piece::Literal(literal) => regex::escape(literal),
                Piece::Field(name) => format!("(?P<field{at}>{})", self.matches.get(*name).map_or(".+", String::as_str)),
            };
            let form: String = pieces.iter().enumerate().map(part).collect();
            Some(Box::new([Regex::new(&format!(r"\A(?s:{form})\z")).ok()?, Regex::new(&format!(r"\A(?sU:{form})\z")).ok()?]))
        };
        self.forms.get(made).as_deref()
    }

    /// The fields that make a word. Where fields could be divided in more than one way, none is taken: what is written must be what was meant.
    fn taken_apart(&self, word: &Value) -> Result<Vec<(&str, Value)>, WordsProblem> {
        let pieces = self.pieces().unwrap_or_default();
        if let [Piece::Field(only)] = pieces[..] {
            return Ok(vec![(only, word.clone())]);
        }
        let bad = || WordsProblem::Form(text(word).into_owned());
        let text = text(word);
        let fields = |form: &Regex| {
            let found = form.captures(&text)?;
            let each = |(at, piece): (usize, &Piece<'_>)| piece.field().map(|_| found.name(&format!("field{at}")).map(|part| part.range()));
            pieces.iter().enumerate().filter_map(each).collect::<Option<Vec<_>>>()
        };
        let [long, short] = self.forms().ok_or_else(bad)?;
        let found = fields(long).ok_or_else(bad)?;
        if fields(short).as_ref() != Some(&found) {
            return Err(WordsProblem::Unclear(text.into_owned()));
        }
        let names = pieces.iter().filter_map(|piece| piece.field());
        Ok(names.zip(found).map(|(name, part)| (name, Value::from(&text[part]))).collect())
    }
}

impl<'a> Piece<'a> {
    fn field(&self) -> Option<&'a str> {
        match self {
            Piece::Literal(_) => None,
            Piece::Field(name) => Some(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn objects(value: Value) -> Objects {
        serde_json::from_value(value).expect("a form")
    }

    #[test]
    fn an_object_says_a_word() {
        let form = json!({"form": "{resource}:{action}", "fields": {"resource": "/name", "action": "/access/level"}});
        assert_eq!(objects(form.clone()).write(&[json!("a:b:read")]), Err(WordsProblem::Unclear("a:b:read".to_owned())));
        let mut form = objects(form);
        form.matches.insert("action".to_owned(), "[a-z]+".to_owned());
        let words = vec![json!("a:b:read"), json!("logs:write")];
        let written = json!([{"name": "a:b", "access": {"level": "read"}}, {"name": "logs", "access": {"level": "write"}}]);
        assert_eq!(form.write(&words), Ok(written.clone()));
        assert_eq!(form.read(&written[0]), Some(vec![json!("a:b:read")]));
        assert_eq!(form.read(&json!({"name": "x"})), None);
        assert_eq!(form.write(&[json!("logs")]), Err(WordsProblem::Form("logs".to_owned())));
    }

    #[test]
    fn a_field_ends_where_its_pattern_does() {
        let form = objects(json!({
            "form": "{privilege}@{name}", "fields": {"privilege": "/p", "name": "/n"}, "matches": {"privilege": "[a-z_]+"}
        }));
        assert_eq!(form.write(&[json!("read@a@b")]), Ok(json!([{"p": "read", "n": "a@b"}])));
        let bad = |matches: Value| objects(json!({"form": "{a}", "fields": {"a": "/a"}, "matches": matches})).problem();
        assert_eq!(bad(json!({"b": "x"})).as_deref(), Some("the form does not name `{b}`"));
        assert_eq!(bad(json!({"a": "("})).as_deref(), Some("`(` is not a regular expression"));
    }

    #[test]
    fn a_list_in_an_object_says_several() {
        let form = objects(json!({
            "form": "{resource}:{action}", "fields": {"resource": "/type", "action": "/actions/*"}, "with": {"effect": "allow"}
        }));
        let written = json!([
            {"effect": "allow", "type": "logs", "actions": ["read", "write"]},
            {"effect": "allow", "type": "users", "actions": ["read"]}
        ]);
        assert_eq!(form.write(&[json!("logs:read"), json!("logs:write"), json!("users:read")]), Ok(written.clone()));
        assert_eq!(form.read(&written[0]), Some(vec![json!("logs:read"), json!("logs:write")]));
        assert_eq!(form.read(&json!({"effect": "deny", "type": "logs", "actions": ["read"]})), None, "what is denied is not granted");
        let plain = objects(json!({"form": "{r}.{a}", "fields": {"r": "/r", "a": "/a"}}));
        assert_eq!(plain.read(&json!({"r": "x", "a": ["b", "c"]})), Some(vec![json!("x.b"), json!("x.c")]));
    }

    #[test]
    fn a_form_of_one_field_keeps_its_type() {
        let form = objects(json!({"form": "{id}", "fields": {"id": "/id"}}));
        assert_eq!(form.write(&[json!(7), json!("x")]), Ok(json!([{"id": 7}, {"id": "x"}])));
        assert_eq!(form.read(&json!({"id": 7, "name": "seven"})), Some(vec![json!(7)]));
    }

    #[test]
    fn a_form_that_says_nothing_is_told() {
        let problem = |form: &str| objects(json!({"form": form, "fields": {"a": "/a", "b": "/b"}})).problem();
        assert_eq!(problem("{a}:{b}"), None);
        assert_eq!(problem("x").as_deref(), Some("`x` names no field"));
        assert_eq!(problem("{a}").as_deref(), Some("the form does not name `{b}`"));
        assert_eq!(problem("{a}{b}").as_deref(), Some("two fields need something between them"));
        assert_eq!(problem("{a}:{b}:{c}").as_deref(), Some("nothing says where `{c}` is"));
        assert_eq!(problem("{a}:{b").as_deref(), Some("`{a}:{b` has a brace that stands alone"));
    }
}
