//! A type's JSON Schema, compiled once into shapes that values are held against. Knows no YAML.
use std::collections::BTreeMap;

use regex::Regex;
use serde_json::{Map, Value};

/// The kinds of values, as bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kinds(u8);

impl Kinds {
    pub(super) const NULL: Self = Self(1);
    pub(super) const BOOL: Self = Self(2);
    pub(super) const WHOLE: Self = Self(4);
    pub(super) const FLOAT: Self = Self(8);
    pub(super) const TEXT: Self = Self(16);
    pub(super) const LIST: Self = Self(32);
    pub(super) const MAP: Self = Self(64);
    pub(super) const ALL: Self = Self(127);
    pub(super) const NONE: Self = Self(0);

    pub(super) fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) fn overlaps(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    fn of_word(word: &str) -> Self {
        match word {
            "null" => Self::NULL,
            "boolean" => Self::BOOL,
            "integer" => Self::WHOLE,
            "number" => Self::WHOLE.with(Self::FLOAT),
            "string" => Self::TEXT,
            "array" => Self::LIST,
            "object" => Self::MAP,
            _ => Self::ALL,
        }
    }

    fn of_value(value: &Value) -> Self {
        match value {
            Value::Null => Self::NULL,
            Value::Bool(_) => Self::BOOL,
            Value::Number(number) if number.is_f64() => Self::FLOAT,
            Value::Number(_) => Self::WHOLE,
            Value::String(_) => Self::TEXT,
            Value::Array(_) => Self::LIST,
            Value::Object(_) => Self::MAP,
        }
    }
}

/// An index into a schema's shapes.
pub(super) type ShapeId = usize;

/// What one place accepts. Limits of one kind say nothing about values of another.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) kinds: Kinds,
    /// The only accepted values; `None`: any.
    pub(super) allowed: Option<Vec<Value>>,
    pub(super) pattern: Option<Regex>,
    pub(super) length: Bounds,
    pub(super) minimum: Option<f64>,
    pub(super) maximum: Option<f64>,
    pub(super) first_items: Vec<ShapeId>,
    pub(super) items: Option<ShapeId>,
    pub(super) item_count: Bounds,
    pub(super) fields: BTreeMap<Box<str>, ShapeId>,
    pub(super) by_pattern: Vec<(Regex, ShapeId)>,
    pub(super) other_fields: Others,
    pub(super) required: Vec<Box<str>>,
    pub(super) names: Option<ShapeId>,
    /// One of these must fit.
    pub(super) any_of: Vec<ShapeId>,
    /// Each of these must fit.
    pub(super) all_of: Vec<ShapeId>,
}

/// Smallest and greatest number, both included.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Bounds {
    pub(super) min: Option<u64>,
    pub(super) max: Option<u64>,
}

/// Fields that are not named.
#[derive(Debug, Clone, Copy)]
pub(super) enum Others {
    Any,
    Refused,
    Shaped(ShapeId),
}

impl Bounds {
    fn of(schema: &Map<String, Value>, min: &str, max: &str) -> Self {
        let bound = |name: &str| schema.get(name).and_then(Value::as_u64);
        Self { min: bound(min), max: bound(max) }
    }

    pub(super) fn allows(self, count: usize) -> bool {
        let count = count as u64;
        self.min.is_none_or(|min| count >= min) && self.max.is_none_or(|max| count <= max)
    }
}

/// All shapes of one type.
#[derive(Debug)]
pub(super) struct Schema {
    shapes: Vec<Shape>,
    root: ShapeId,
}

impl Schema {
    pub(super) fn compile(schema: &Value) -> Self {
        let mut compiler = Compiler { root: schema, shapes: Vec::new(), references: BTreeMap::new() };
        let root = compiler.reference("#");
        Self { shapes: compiler.shapes, root }
    }

    pub(super) fn root(&self) -> ShapeId {
        self.root
    }

    pub(super) fn shape(&self, id: ShapeId) -> &Shape {
        &self.shapes[id]
    }

    /// The kinds that a shape accepts, alternatives included.
    pub(super) fn kinds(&self, id: ShapeId) -> Kinds {
        self.kinds_within(id, 0)
    }

    fn kinds_within(&self, id: ShapeId, depth: usize) -> Kinds {
        let shape = self.shape(id);
        if shape.any_of.is_empty() || depth > 16 {
            return shape.kinds;
        }
        let any = shape.any_of.iter().fold(Kinds::NONE, |kinds, &option| kinds.with(self.kinds_within(option, depth + 1)));
        Kinds(any.0 & shape.kinds.0)
    }

    /// A shape's alternatives, those of alternatives included; the shape itself when it has none.
    pub(super) fn options(&self, id: ShapeId) -> Vec<ShapeId> {
        let mut options = Vec::new();
        self.collect_options(id, 0, &mut options);
        options
    }

    fn collect_options(&self, id: ShapeId, depth: usize, options: &mut Vec<ShapeId>) {
        if self.shape(id).any_of.is_empty() || depth > 16 {
            options.push(id);
        }
        for &option in self.shape(id).any_of.iter().filter(|_| depth <= 16) {
            self.collect_options(option, depth + 1, options);
        }
    }

    /// What a shape wants, in words: `a list of texts`.
    pub(super) fn words(&self, id: ShapeId) -> String {
        let mut words: Vec<String> = Vec::new();
        for option in self.options(id) {
            for word in self.words_of_one(self.shape(option)) {
                if !words.contains(&word) {
                    words.push(word);
                }
            }
        }
        let last = words.pop().unwrap_or_else(|| "nothing".to_owned());
        if words.is_empty() { last } else { format!("{} or {last}", words.join(", ")) }
    }

    fn words_of_one(&self, shape: &Shape) -> Vec<String> {
        let mut words = Vec::new();
        let is = |kinds| shape.kinds.overlaps(kinds);
        if is(Kinds::TEXT) {
            words.push("a text".to_owned());
        }
        if is(Kinds::FLOAT) {
            words.push("a number".to_owned());
        } else if is(Kinds::WHOLE) {
            words.push("a whole number".to_owned());
        }
        if is(Kinds::BOOL) {
            words.push("`true` or `false`".to_owned());
        }
        if is(Kinds::LIST) {
            words.push(shape.items.map_or_else(|| "a list".to_owned(), |items| format!("a list{}", self.plural(items))));
        }
        if is(Kinds::MAP) {
            words.push("a mapping".to_owned());
        }
        words
    }

    fn plural(&self, items: ShapeId) -> &'static str {
        match self.kinds(items) {
            Kinds::TEXT => " of texts",
            Kinds::WHOLE => " of whole numbers",
            Kinds::MAP => " of mappings",
            Kinds::LIST => " of lists",
            _ => "",
        }
    }
}

struct Compiler<'s> {
    root: &'s Value,
    shapes: Vec<Shape>,
    references: BTreeMap<String, ShapeId>,
}

/// Keywords that explain and do not constrain.
const REMARKS: [&str; 9] = ["$ref", "$schema", "$defs", "title", "description", "default", "examples", "deprecated", "writeOnly"];

impl Compiler<'_> {
    fn reference(&mut self, reference: &str) -> ShapeId {
        if let Some(&id) = self.references.get(reference) {
            return id;
        }
        let id = self.reserve();
        self.references.insert(reference.to_owned(), id);
        let root = self.root;
        if let Some(target) = reference.strip_prefix('#').and_then(|pointer| root.pointer(pointer)) {
            self.fill(id, target);
        }
        id
    }

    fn reserve(&mut self) -> ShapeId {
        self.shapes.push(Shape::any());
        self.shapes.len() - 1
    }

    fn compile(&mut self, schema: &Value) -> ShapeId {
        if let Some(object) = schema.as_object()
            && let Some(reference) = object.get("$ref").and_then(Value::as_str)
            && object.keys().all(|keyword| REMARKS.contains(&keyword.as_str()))
        {
            return self.reference(reference);
        }
        let id = self.reserve();
        self.fill(id, schema);
        id
    }

    fn fill(&mut self, id: ShapeId, schema: &Value) {
        let mut shape = Shape::any();
        match schema {
            Value::Bool(false) => shape.kinds = Kinds::NONE,
            Value::Object(object) => self.describe(&mut shape, object),
            _ => {}
        }
        self.shapes[id] = shape;
    }

    fn describe(&mut self, shape: &mut Shape, schema: &Map<String, Value>) {
        match schema.get("type") {
            Some(Value::String(word)) => shape.kinds = Kinds::of_word(word),
            Some(Value::Array(words)) => {
                shape.kinds = words.iter().filter_map(Value::as_str).fold(Kinds::NONE, |kinds, word| kinds.with(Kinds::of_word(word)));
            }
            _ => {}
        }
        if let Some(value) = schema.get("const") {
            shape.allowed = Some(vec![value.clone()]);
        } else if let Some(Value::Array(values)) = schema.get("enum") {
            shape.allowed = Some(values.clone());
        }
        if let (Some(allowed), None) = (&shape.allowed, schema.get("type")) {
            shape.kinds = allowed.iter().fold(Kinds::NONE, |kinds, value| kinds.with(Kinds::of_value(value)));
        }
        shape.pattern = schema.get("pattern").and_then(Value::as_str).and_then(|pattern| Regex::new(pattern).ok());
        shape.length = Bounds::of(schema, "minLength", "maxLength");
        let (low, high) = schema.get("format").and_then(Value::as_str).map_or((None, None), format_range);
        shape.minimum = schema.get("minimum").and_then(Value::as_f64).or(low);
        shape.maximum = schema.get("maximum").and_then(Value::as_f64).or(high);
        self.describe_list(shape, schema);
        self.describe_map(shape, schema);
        for keyword in ["anyOf", "oneOf"] {
            if let Some(Value::Array(options)) = schema.get(keyword) {
                shape.any_of.extend(options.iter().map(|option| self.compile(option)));
            }
        }
        if let Some(Value::Array(parts)) = schema.get("allOf") {
            shape.all_of = parts.iter().map(|part| self.compile(part)).collect();
        }
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            shape.all_of.push(self.reference(reference));
        }
    }

    fn describe_list(&mut self, shape: &mut Shape, schema: &Map<String, Value>) {
        if let Some(Value::Array(first)) = schema.get("prefixItems") {
            shape.first_items = first.iter().map(|item| self.compile(item)).collect();
        }
        shape.items = schema.get("items").map(|items| self.compile(items));
        shape.item_count = Bounds::of(schema, "minItems", "maxItems");
    }

    fn describe_map(&mut self, shape: &mut Shape, schema: &Map<String, Value>) {
        if let Some(Value::Object(fields)) = schema.get("properties") {
            shape.fields = fields.iter().map(|(name, field)| (name.as_str().into(), self.compile(field))).collect();
        }
        if let Some(Value::Object(patterns)) = schema.get("patternProperties") {
            let compiled = patterns.iter().filter_map(|(pattern, field)| Some((Regex::new(pattern).ok()?, self.compile(field))));
            shape.by_pattern = compiled.collect();
        }
        shape.other_fields = match schema.get("additionalProperties") {
            None | Some(Value::Bool(true)) => Others::Any,
            Some(Value::Bool(false)) => Others::Refused,
            Some(field) => Others::Shaped(self.compile(field)),
        };
        if let Some(Value::Array(required)) = schema.get("required") {
            shape.required = required.iter().filter_map(Value::as_str).map(Into::into).collect();
        }
        shape.names = schema.get("propertyNames").map(|names| self.compile(names));
    }
}

impl Shape {
    fn any() -> Self {
        Self {
            kinds: Kinds::ALL,
            allowed: None,
            pattern: None,
            length: Bounds::default(),
            minimum: None,
            maximum: None,
            first_items: Vec::new(),
            items: None,
            item_count: Bounds::default(),
            fields: BTreeMap::new(),
            by_pattern: Vec::new(),
            other_fields: Others::Any,
            required: Vec::new(),
            names: None,
            any_of: Vec::new(),
            all_of: Vec::new(),
        }
    }
}

/// The range that a number format of schemars stands for, where the schema does not say it.
fn format_range(format: &str) -> (Option<f64>, Option<f64>) {
    match format {
        "uint8" => (Some(0.0), Some(f64::from(u8::MAX))),
        "uint16" => (Some(0.0), Some(f64::from(u16::MAX))),
        "uint32" => (Some(0.0), Some(f64::from(u32::MAX))),
        "uint" | "uint64" => (Some(0.0), None),
        "int8" => (Some(f64::from(i8::MIN)), Some(f64::from(i8::MAX))),
        "int16" => (Some(f64::from(i16::MIN)), Some(f64::from(i16::MAX))),
        "int32" => (Some(f64::from(i32::MIN)), Some(f64::from(i32::MAX))),
        _ => (None, None),
    }
}
