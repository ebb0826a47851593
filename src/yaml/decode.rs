//! From the tree to a type, through serde. Knows no schema; what the shape let through and a type still refuses gets its place here.
use std::fmt;

use serde::de::{
    self, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess, SeqAccess, Unexpected, VariantAccess, Visitor,
};

use super::placed::PLACED;
use super::scalar::Scalar;
use super::tree::{Kind, Tree};
use crate::diagnostics::SourceSpan;

/// A refusal by a type, with the place of the innermost value it concerns.
#[derive(Debug)]
pub(super) struct DecodeError {
    pub(super) message: String,
    pub(super) at: Option<(SourceSpan, usize)>,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for DecodeError {}

impl de::Error for DecodeError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self { message: message.to_string(), at: None }
    }
}

macro_rules! numbers {
    ($($method:ident)+) => {
        $(fn $method<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value> {
            self.0.deserialize_any(visitor)
        })+
    };
}

type Result<T> = std::result::Result<T, DecodeError>;

/// One node as serde sees it.
#[derive(Clone, Copy)]
pub(super) struct Decoder<'t, 'a> {
    tree: &'t Tree<'a>,
    node: usize,
}

impl<'t, 'a> Decoder<'t, 'a> {
    pub(super) fn new(tree: &'t Tree<'a>) -> Self {
        Self { tree, node: Tree::ROOT }
    }

    fn child(self, node: usize) -> Self {
        Self { node, ..self }
    }

    /// How many nodes directly below this one there are from `next` on; of a mapping, names and values.
    fn nodes_from(self, next: usize) -> usize {
        self.tree.siblings(self.node, next).count()
    }

    fn at(self) -> SourceSpan {
        self.tree.node(self.node).at
    }

    fn placed<T>(self, result: Result<T>) -> Result<T> {
        result.map_err(|mut error| {
            error.at.get_or_insert((self.at(), self.node));
            error
        })
    }

    fn scalar<V: Visitor<'t>>(self, visitor: V, scalar: Scalar<'t>) -> Result<V::Value> {
        match scalar {
            Scalar::Null => visitor.visit_unit(),
            Scalar::Bool(value) => visitor.visit_bool(value),
            Scalar::Float(value) => visitor.visit_f64(value),
            Scalar::Text(value) => visitor.visit_borrowed_str(value),
            Scalar::Whole(value) => {
                if let Ok(value) = u64::try_from(value) {
                    visitor.visit_u64(value)
                } else if let Ok(value) = i64::try_from(value) {
                    visitor.visit_i64(value)
                } else {
                    visitor.visit_i128(value)
                }
            }
        }
    }

    fn sequence<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_seq(Items { parent: self, next: self.node + 1 })
    }

    fn mapping<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_map(Entries { parent: self, next: self.node + 1 })
    }

    fn any<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value> {
        match self.tree.scalar(self.node) {
            Some(scalar) => self.scalar(visitor, scalar),
            None if self.tree.node(self.node).kind == Kind::Map => self.mapping(visitor),
            None => self.sequence(visitor),
        }
    }
}

impl<'t> Deserializer<'t> for Decoder<'t, '_> {
    type Error = DecodeError;

    fn deserialize_any<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value> {
        self.placed(self.any(visitor))
    }

    fn deserialize_option<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value> {
        match self.tree.scalar(self.node) {
            Some(Scalar::Null) => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'t>>(self, name: &'static str, visitor: V) -> Result<V::Value> {
        if name == PLACED { visitor.visit_seq(Placed { decoder: self, step: 0 }) } else { self.placed(visitor.visit_newtype_struct(self)) }
    }

    fn deserialize_enum<V: Visitor<'t>>(self, _: &'static str, _: &'static [&'static str], visitor: V) -> Result<V::Value> {
        let result = match self.tree.node(self.node).kind {
            Kind::Map => match self.tree.entries(self.node).collect::<Vec<_>>()[..] {
                [(name, value)] => visitor.visit_enum(Variant { name: self.child(name), value: Some(self.child(value)) }),
                _ => Err(de::Error::invalid_length(self.tree.entries(self.node).count(), &"one field")),
            },
            Kind::Plain | Kind::Quoted => visitor.visit_enum(Variant { name: self, value: None }),
            Kind::List | Kind::Refused => Err(de::Error::invalid_type(Unexpected::Seq, &visitor)),
        };
        self.placed(result)
    }

    fn deserialize_ignored_any<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! {
        <V: Visitor<'t>>
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct
        identifier
    }
}

struct Items<'t, 'a> {
    parent: Decoder<'t, 'a>,
    next: usize,
}

impl<'t> SeqAccess<'t> for Items<'t, '_> {
    type Error = DecodeError;

    fn next_element_seed<T: DeserializeSeed<'t>>(&mut self, seed: T) -> Result<Option<T::Value>> {
        if self.next >= self.parent.tree.after(self.parent.node) {
            return Ok(None);
        }
        let item = self.parent.child(self.next);
        self.next = self.parent.tree.after(self.next);
        item.placed(seed.deserialize(item)).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.parent.nodes_from(self.next))
    }
}

struct Entries<'t, 'a> {
    parent: Decoder<'t, 'a>,
    next: usize,
}

impl<'t> MapAccess<'t> for Entries<'t, '_> {
    type Error = DecodeError;

    fn next_key_seed<K: DeserializeSeed<'t>>(&mut self, seed: K) -> Result<Option<K::Value>> {
        if self.next >= self.parent.tree.after(self.parent.node) {
            return Ok(None);
        }
        let name = self.parent.child(self.next);
        self.next = self.parent.tree.after(self.next);
        name.placed(seed.deserialize(Name(name))).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'t>>(&mut self, seed: V) -> Result<V::Value> {
        let value = self.parent.child(self.next);
        self.next = self.parent.tree.after(self.next);
        value.placed(seed.deserialize(value))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.parent.nodes_from(self.next) / 2)
    }
}

/// A field name: a text, whatever it looks like; a number or truth value where the type of the names wants one.
struct Name<'t, 'a>(Decoder<'t, 'a>);

impl<'t> Name<'t, '_> {
    fn text(&self) -> &'t str {
        &self.0.tree.node(self.0.node).text
    }
}

impl<'t> Deserializer<'t> for Name<'t, '_> {
    type Error = DecodeError;

    fn deserialize_any<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_borrowed_str(self.text())
    }

    fn deserialize_newtype_struct<V: Visitor<'t>>(self, name: &'static str, visitor: V) -> Result<V::Value> {
        if name == PLACED { visitor.visit_seq(PlacedName { name: self.0, step: 0 }) } else { visitor.visit_newtype_struct(self) }
    }

    fn deserialize_enum<V: Visitor<'t>>(self, _: &'static str, _: &'static [&'static str], visitor: V) -> Result<V::Value> {
        visitor.visit_enum(self.text().into_deserializer())
    }

    fn deserialize_option<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_some(self)
    }

    serde::forward_to_deserialize_any! {
        <V: Visitor<'t>>
        char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }

    numbers! { deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128 }
    numbers! { deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128 deserialize_f32 deserialize_f64 }
}

struct Variant<'t, 'a> {
    name: Decoder<'t, 'a>,
    value: Option<Decoder<'t, 'a>>,
}

impl<'t, 'a> EnumAccess<'t> for Variant<'t, 'a> {
    type Error = DecodeError;
    type Variant = Content<'t, 'a>;

    fn variant_seed<V: DeserializeSeed<'t>>(self, seed: V) -> Result<(V::Value, Self::Variant)> {
        let variant = self.name.placed(seed.deserialize(Name(self.name)))?;
        Ok((variant, Content(self.value)))
    }
}

struct Content<'t, 'a>(Option<Decoder<'t, 'a>>);

impl<'t> VariantAccess<'t> for Content<'t, '_> {
    type Error = DecodeError;

    fn unit_variant(self) -> Result<()> {
        match self.0 {
            Some(content) if !matches!(content.tree.scalar(content.node), Some(Scalar::Null)) => {
                content.placed(Err(de::Error::custom("expected nothing here")))
            }
            _ => Ok(()),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'t>>(self, seed: T) -> Result<T::Value> {
        match self.0 {
            Some(content) => content.placed(seed.deserialize(content)),
            None => Err(de::Error::invalid_type(Unexpected::UnitVariant, &"a variant with a value")),
        }
    }

    fn tuple_variant<V: Visitor<'t>>(self, _: usize, visitor: V) -> Result<V::Value> {
        self.struct_variant(&[], visitor)
    }

    fn struct_variant<V: Visitor<'t>>(self, _: &'static [&'static str], visitor: V) -> Result<V::Value> {
        match self.0 {
            Some(content) => content.deserialize_any(visitor),
            None => Err(de::Error::invalid_type(Unexpected::UnitVariant, &"a variant with fields")),
        }
    }
}

/// A value as line, column and itself: what [`super::Placed`] asks for.
struct Placed<'t, 'a> {
    decoder: Decoder<'t, 'a>,
    step: u8,
}

impl<'t> SeqAccess<'t> for Placed<'t, '_> {
    type Error = DecodeError;

    fn next_element_seed<T: DeserializeSeed<'t>>(&mut self, seed: T) -> Result<Option<T::Value>> {
        self.step += 1;
        let at = self.decoder.at();
        match self.step {
            1 => seed.deserialize(at.line.into_deserializer()).map(Some),
            2 => seed.deserialize(at.column.into_deserializer()).map(Some),
            3 => self.decoder.placed(seed.deserialize(self.decoder)).map(Some),
            _ => Ok(None),
        }
    }
}

/// As [`Placed`], for a field name.
struct PlacedName<'t, 'a> {
    name: Decoder<'t, 'a>,
    step: u8,
}

impl<'t> SeqAccess<'t> for PlacedName<'t, '_> {
    type Error = DecodeError;

    fn next_element_seed<T: DeserializeSeed<'t>>(&mut self, seed: T) -> Result<Option<T::Value>> {
        self.step += 1;
        let at = self.name.at();
        match self.step {
            1 => seed.deserialize(at.line.into_deserializer()).map(Some),
            2 => seed.deserialize(at.column.into_deserializer()).map(Some),
            3 => self.name.placed(seed.deserialize(Name(self.name))).map(Some),
            _ => Ok(None),
        }
    }
}
