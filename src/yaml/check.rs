//! Holds a tree against a shape and tells every difference at its exact place. Knows no types and reads no text.
use serde_json::Value;

use super::problems::Problems;
use super::quote;
use super::scalar::Scalar;
use super::shape::{Kinds, Others, Schema, Shape, ShapeId};
use super::tree::{Kind, Tree};
use crate::diagnostics::{Code, Diagnostic, SourceSpan, suggest};

/// Nodes looked at in all, trials included; what is left over then is left to the decoder.
const BUDGET: u32 = 4_000_000;
/// Known words listed in a help line.
const MAX_LISTED: usize = 12;

/// One check of one tree.
pub(super) struct Check<'c, 'a, 'p> {
    schema: &'c Schema,
    tree: &'c Tree<'a>,
    problems: &'p mut Problems,
    budget: u32,
}

impl<'c, 'a, 'p> Check<'c, 'a, 'p> {
    pub(super) fn run(schema: &'c Schema, tree: &'c Tree<'a>, problems: &'p mut Problems) {
        let mut check = Self { schema, tree, problems, budget: BUDGET };
        let root = tree.node(Tree::ROOT).at;
        check.value(Tree::ROOT, schema.root(), root);
    }

    /// Checks one value. `owner` is where a missing field is told: the value's own field name, or its first line.
    fn value(&mut self, node: usize, id: ShapeId, owner: SourceSpan) {
        self.budget = self.budget.saturating_sub(1);
        if self.budget == 0 || self.tree.node(node).kind == Kind::Refused {
            return;
        }
        let kind = self.kind(node);
        if !self.schema.kinds(id).overlaps(kind) {
            return self.wrong_type(node, id);
        }
        let schema = self.schema;
        let shape = schema.shape(id);
        match self.tree.node(node).kind {
            Kind::List => self.list(node, shape),
            Kind::Map => self.map(node, shape, owner),
            Kind::Plain | Kind::Quoted | Kind::Refused => self.scalar(node, shape),
        }
        if !shape.any_of.is_empty() {
            self.alternatives(node, id, kind, owner);
        }
        for &part in &shape.all_of {
            self.value(node, part, owner);
        }
    }

    fn kind(&self, node: usize) -> Kinds {
        match self.tree.scalar(node) {
            Some(Scalar::Null) => Kinds::NULL,
            Some(Scalar::Bool(_)) => Kinds::BOOL,
            Some(Scalar::Whole(_)) => Kinds::WHOLE,
            Some(Scalar::Float(_)) => Kinds::FLOAT,
            Some(Scalar::Text(_)) => Kinds::TEXT,
            None if self.tree.node(node).kind == Kind::List => Kinds::LIST,
            None => Kinds::MAP,
        }
    }

    fn wrong_type(&mut self, node: usize, id: ShapeId) {
        let (schema, tree) = (self.schema, self.tree);
        let source = &tree.node(node).text;
        let short = source.chars().nth(40).is_none();
        let build = || {
            let expected = schema.words(id);
            let scalar = tree.scalar(node);
            let found = match scalar {
                Some(Scalar::Null) => "nothing".to_owned(),
                Some(Scalar::Bool(_)) => format!("`{source}`"),
                Some(Scalar::Whole(_) | Scalar::Float(_)) if short => format!("the number `{source}`"),
                Some(Scalar::Whole(_) | Scalar::Float(_)) => "a number".to_owned(),
                Some(Scalar::Text(_)) => "a text".to_owned(),
                None if tree.node(node).kind == Kind::List => "a list".to_owned(),
                None => "a mapping".to_owned(),
            };
            let kinds = schema.kinds(id);
            let help = match scalar {
                Some(Scalar::Text(text)) if kinds.overlaps(Kinds::LIST) && short && plain_word(text) => {
                    Some(format!("write a list: `[{text}]`"))
                }
                Some(Scalar::Text(_)) if kinds.overlaps(Kinds::LIST) => Some("write a list".to_owned()),
                None | Some(Scalar::Text(_)) => None,
                Some(_) if source.is_empty() || !kinds.overlaps(Kinds::TEXT) => None,
                Some(_) if short => Some(format!("quote it: `\"{source}\"`")),
                Some(_) => Some("quote it".to_owned()),
            };
            let mut diagnostic = Diagnostic::error(Code::YamlWrongType, format!("expected {expected}, found {found}"));
            diagnostic.help = help;
            diagnostic.label(format!("expected {expected}"))
        };
        self.problems.add(build, shown(tree.node(node).at));
    }

    fn invalid(&mut self, node: usize, message: impl FnOnce(&str) -> String, help: impl FnOnce(&str) -> Option<String>) {
        let tree = self.tree;
        let text = &*tree.node(node).text;
        let build = || {
            let named = if text.chars().nth(40).is_none() { quote(text) } else { "this value".to_owned() };
            let mut diagnostic = Diagnostic::error(Code::YamlInvalidValue, message(&named));
            diagnostic.help = help(text);
            diagnostic
        };
        self.problems.add(build, shown(tree.node(node).at));
    }

    fn scalar(&mut self, node: usize, shape: &Shape) {
        let Some(scalar) = self.tree.scalar(node) else { return };
        if let Some(allowed) = &shape.allowed
            && !allowed.iter().any(|value| equal(scalar, value))
        {
            return self.not_allowed(node, allowed.iter());
        }
        match scalar {
            Scalar::Text(text) => {
                if let Some(pattern) = shape.pattern.as_ref().filter(|pattern| !pattern.is_match(text)) {
                    self.invalid(node, |it| format!("{it} does not have the expected form"), |_| Some(format!("match `{pattern}`")));
                } else if (shape.length.min.is_some() || shape.length.max.is_some()) && !shape.length.allows(text.chars().count()) {
                    let message = |it: &str| format!("{it} is too short or too long");
                    self.invalid(node, message, |_| Some(format!("use {} characters", bounds_words(shape.length.min, shape.length.max))));
                }
            }
            #[expect(clippy::cast_precision_loss, reason = "limits of schemas are small numbers")]
            Scalar::Whole(number) => self.range(node, shape, number as f64),
            Scalar::Float(number) => self.range(node, shape, number),
            Scalar::Null | Scalar::Bool(_) => {}
        }
    }

    fn range(&mut self, node: usize, shape: &Shape, number: f64) {
        let too_small = shape.minimum.is_some_and(|minimum| number < minimum);
        let too_great = shape.maximum.is_some_and(|maximum| number > maximum);
        if too_small || too_great {
            let help = || bounds_words(shape.minimum, shape.maximum);
            self.invalid(node, |it| format!("{it} is out of range"), |_| Some(format!("use {}", help())));
        }
    }

    fn not_allowed<'v>(&mut self, node: usize, allowed: impl Iterator<Item = &'v Value> + Clone) {
        let words = || allowed.clone().map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned)).collect::<Vec<_>>();
        let help = |text: &str| {
            let words = words();
            let known = words.iter().map(String::as_str);
            Some(suggestion(text, known.clone()).unwrap_or_else(|| format!("use {}", listed(known, "or"))))
        };
        self.invalid(node, |it| format!("{it} is not accepted here"), help);
    }

    fn list(&mut self, node: usize, shape: &Shape) {
        let mut count = 0;
        for (position, item) in self.tree.children(node).enumerate() {
            count += 1;
            let at = self.tree.node(item).at;
            if let Some(&first) = shape.first_items.get(position) {
                self.value(item, first, at);
            } else if let Some(items) = shape.items {
                self.value(item, items, at);
            }
        }
        if !shape.item_count.allows(count) {
            let words = bounds_words(shape.item_count.min, shape.item_count.max);
            let build =
                || Diagnostic::error(Code::YamlInvalidValue, format!("a list of {count} items")).help(format!("list {words} items"));
            self.problems.add(build, self.tree.node(node).at);
        }
    }

    fn map(&mut self, node: usize, shape: &Shape, owner: SourceSpan) {
        let mut unread = false;
        let mut found = 0;
        for (name, value) in self.tree.entries(node) {
            if self.tree.node(name).kind == Kind::Refused {
                unread = true;
                continue;
            }
            let text = &*self.tree.node(name).text;
            let at = self.tree.node(name).at;
            if let Some(names) = shape.names {
                self.scalar(name, self.schema.shape(names));
            }
            let known = shape.fields.get(text).copied();
            found += usize::from(known.is_some());
            if let Some(field) =
                known.or_else(|| shape.by_pattern.iter().find(|(pattern, _)| pattern.is_match(text)).map(|&(_, field)| field))
            {
                self.value(value, field, at);
                continue;
            }
            match shape.other_fields {
                Others::Any => {}
                Others::Shaped(field) => self.value(value, field, at),
                Others::Refused => self.unknown_field(name, shape),
            }
        }
        // A merge key or a name that could not be read may stand for what is missing.
        if unread || (found >= shape.fields.len() && !shape.fields.is_empty()) {
            return;
        }
        for field in &shape.required {
            if !self.tree.entries(node).any(|(name, _)| *self.tree.node(name).text == **field) {
                let build =
                    || Diagnostic::error(Code::YamlMissingField, format!("missing field `{field}`")).label(format!("`{field}` is missing"));
                self.problems.add(build, shown(owner));
            }
        }
    }

    fn unknown_field(&mut self, name: usize, shape: &Shape) {
        if let (true, Some((pattern, _))) = (shape.fields.is_empty(), shape.by_pattern.first()) {
            return self.invalid(name, |it| format!("{it} does not have the form of a name"), |_| Some(format!("match `{pattern}`")));
        }
        self.unknown_name(name, shape.fields.keys().map(|field| &**field));
    }

    fn unknown_name<'k>(&mut self, name: usize, known: impl Iterator<Item = &'k str> + Clone) {
        let tree = self.tree;
        let build = || {
            let text = &*tree.node(name).text;
            let help = suggestion(text, known.clone()).unwrap_or_else(|| match known.clone().next() {
                Some(_) => format!("the fields here are {}", listed(known.clone(), "and")),
                None => "remove it".to_owned(),
            });
            Diagnostic::error(Code::YamlUnknownField, format!("unknown field {}", quote(text))).label("unknown field").help(help)
        };
        self.problems.add(build, shown(tree.node(name).at));
    }

    /// Holds a value against the alternative that it most likely means.
    fn alternatives(&mut self, node: usize, id: ShapeId, kind: Kinds, owner: SourceSpan) {
        let schema = self.schema;
        let mut options = schema.options(id);
        options.retain(|&option| schema.kinds(option).overlaps(kind));
        if self.tree.node(node).kind == Kind::Map && options.len() > 1 && self.settled_by_field(node, &mut options) {
            return;
        }
        match *options {
            [] => self.wrong_type(node, id),
            [only] => self.value(node, only, owner),
            _ => {
                let all_listed = options.iter().all(|&option| schema.shape(option).allowed.is_some());
                if let (true, Some(scalar)) = (all_listed, self.tree.scalar(node)) {
                    let allowed = options.iter().flat_map(|&option| schema.shape(option).allowed.iter().flatten());
                    if !allowed.clone().any(|value| equal(scalar, value)) {
                        self.not_allowed(node, allowed);
                    }
                    return;
                }
                self.try_each(node, &options, owner);
            }
        }
    }

    /// Narrows alternatives by a field that tells them apart: one with fixed values (`kind: …`), or the only field of each. `true`: the value fits
    /// none, which has been told.
    fn settled_by_field(&mut self, node: usize, options: &mut Vec<ShapeId>) -> bool {
        let (schema, tree) = (self.schema, self.tree);
        let tag_of =
            |option: ShapeId, name: &str| schema.shape(option).fields.get(name).and_then(|&field| schema.shape(field).allowed.as_ref());
        for (name, value) in tree.entries(node) {
            let name = &*tree.node(name).text;
            let Some(scalar) = tree.scalar(value).filter(|_| options.iter().all(|&option| tag_of(option, name).is_some())) else {
                continue;
            };
            let fits = |option: &ShapeId| tag_of(*option, name).is_some_and(|tags| tags.iter().any(|tag| equal(scalar, tag)));
            if !options.iter().any(fits) {
                let tags = options.iter().filter_map(|&option| tag_of(option, name)).flatten();
                self.not_allowed(value, tags);
                return true;
            }
            options.retain(fits);
            return false;
        }
        let only_field = |option: ShapeId| {
            let shape = schema.shape(option);
            let closed = matches!(shape.other_fields, Others::Refused) && shape.by_pattern.is_empty();
            shape.fields.keys().next().filter(|_| closed && shape.fields.len() == 1 && shape.required.len() == 1)
        };
        if options.iter().all(|&option| only_field(option).is_some()) {
            let present = |option: &ShapeId| {
                only_field(*option).is_some_and(|field| tree.entries(node).any(|(name, _)| tree.node(name).text == **field))
            };
            if options.iter().any(present) {
                options.retain(present);
                options.truncate(1);
            } else if let Some((name, _)) = tree.entries(node).next() {
                let names: Vec<&str> = options.iter().filter_map(|&option| only_field(option)).map(|field| &**field).collect();
                self.unknown_name(name, names.into_iter());
                return true;
            }
        }
        false
    }

    /// Tries each alternative, and keeps the problems of the one with the fewest.
    fn try_each(&mut self, node: usize, options: &[ShapeId], owner: SourceSpan) {
        let mut best: Option<(usize, ShapeId)> = None;
        let before = self.problems.count();
        let mark = self.problems.mark();
        for &option in options {
            self.value(node, option, owner);
            let cost = self.problems.count() - before;
            if cost == 0 {
                return;
            }
            self.problems.rewind(mark);
            if best.is_none_or(|(least, _)| cost < least) {
                best = Some((cost, option));
            }
        }
        if let Some((_, option)) = best {
            self.value(node, option, owner);
        }
    }
}

fn equal(scalar: Scalar<'_>, value: &Value) -> bool {
    match (scalar, value) {
        (Scalar::Text(text), Value::String(word)) => text == word,
        (Scalar::Bool(a), Value::Bool(b)) => a == *b,
        (Scalar::Null, Value::Null) => true,
        (Scalar::Whole(a), Value::Number(b)) => b.as_i128() == Some(a),
        (Scalar::Float(a), Value::Number(b)) => b.as_f64() == Some(a),
        _ => false,
    }
}

/// The did-you-mean of a word short enough to be compared.
fn suggestion<'k>(word: &str, known: impl Iterator<Item = &'k str>) -> Option<String> {
    if word.len() > 200 { None } else { suggest::did_you_mean(word, known) }
}

fn listed<'k>(words: impl Iterator<Item = &'k str>, joint: &str) -> String {
    let mut words: Vec<String> = words.take(MAX_LISTED + 1).map(|word| format!("`{word}`")).collect();
    if words.len() > MAX_LISTED {
        words[MAX_LISTED] = "…".to_owned();
        return words.join(", ");
    }
    let last = words.pop().unwrap_or_default();
    if words.is_empty() { last } else { format!("{} {joint} {last}", words.join(", ")) }
}

fn bounds_words<N: std::fmt::Display + PartialEq>(min: Option<N>, max: Option<N>) -> String {
    match (min, max) {
        (Some(min), Some(max)) if min == max => format!("exactly {min}"),
        (Some(min), Some(max)) => format!("{min} to {max}"),
        (Some(min), None) => format!("at least {min}"),
        (None, Some(max)) => format!("at most {max}"),
        (None, None) => "any number of".to_owned(),
    }
}

fn plain_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|character| character.is_ascii_alphanumeric() || "-_./@".contains(character))
}

fn shown(at: SourceSpan) -> SourceSpan {
    SourceSpan { length: at.length.max(1), ..at }
}
