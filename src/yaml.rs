//! YAML as data: one strict reader for every file of the project. The only module that knows the YAML crate.
//!
//! ```text
//! bytes → characters → tree (positions) → check (against the type's JSON Schema) → decode (serde) → T
//! ```
mod characters;
mod check;
mod decode;
mod null_free;
mod pieces;
mod placed;
mod places;
mod problems;
mod room;
mod scalar;
mod shape;
mod syntax;
mod tree;

#[cfg(test)]
mod tests;

use std::any::type_name;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::diagnostics::{Code, Diagnostic, Part, Place, Report, Route, SourceSpan};
use problems::Problems;
use shape::Schema;
use tree::Tree;

pub use placed::{Entries, Placed, PlacedName};
pub use places::Places;

/// The greatest size of one file, in bytes.
pub const MAX_BYTES: usize = 16 * 1024 * 1024;

/// Documents of more values and field names than this are looked at on two cores.
const LARGE: usize = 10_000;

/// Reads one document into `T`, refusing every construct that is more than data. All problems go to the report at their exact places; `None`
/// when there was an error. The shape is checked against the JSON Schema of `T`, so schema and parser can never disagree.
pub fn read<T: DeserializeOwned + JsonSchema + Send>(file: &Arc<str>, bytes: &[u8], report: &mut Report) -> Option<T> {
    if bytes.len() > MAX_BYTES {
        let message = format!("the file is larger than {} MiB", MAX_BYTES / 1024 / 1024);
        report.push(Diagnostic::error(Code::YamlTooLarge, message).at(Place::File(file.clone())).help("split it into several files"));
        return None;
    }
    let mut problems = Problems::default();
    let value = read_into(bytes, &mut problems);
    problems.into_report(file, report);
    value
}

fn read_into<T: DeserializeOwned + JsonSchema + Send>(bytes: &[u8], problems: &mut Problems) -> Option<T> {
    let text = characters::text(bytes, problems)?;
    let source = tree::without_directives(text, problems);
    let tree = tree::parse(&source, problems);
    let decode = || T::deserialize(decode::Decoder::new(&tree));
    // A large document is decoded while it is held against the schema; what comes of it counts only when that finds nothing.
    let early = (tree.len() > LARGE && tree.complete && problems.count() == 0)
        .then(|| rayon::join(decode, || check::Check::run(&schema::<T>(), &tree, problems)).0);
    if early.is_none() && tree.complete {
        check::Check::run(&schema::<T>(), &tree, problems);
    }
    if problems.count() > 0 {
        return None;
    }
    match early.unwrap_or_else(decode) {
        Ok(value) => Some(value),
        Err(error) => {
            let (at, node) = error.at.unwrap_or((tree.node(Tree::ROOT).at, Tree::ROOT));
            let message = refusal(&tree.node(node).text, &error.message);
            problems.add(|| Diagnostic::error(Code::YamlInvalidValue, message), SourceSpan { length: at.length.max(1), ..at });
            None
        }
    }
}

/// What a type said about a value, without the value where it is long: it may be a secret pasted into the wrong place.
fn refusal(value: &str, message: &str) -> String {
    let echoes = |start: String| !start.is_empty() && message.contains(&start);
    let long = value.chars().nth(40).is_some();
    if long && (echoes(value.chars().take(12).collect()) || echoes(value.chars().take(12).flat_map(char::escape_debug).collect())) {
        return "this value is not accepted here".to_owned();
    }
    message.chars().take(300).collect()
}

/// The JSON Schema (draft 2020-12) that the reader checks a type against: the one to publish.
pub fn schema_of<T: JsonSchema>() -> schemars::Schema {
    let settings = SchemaSettings::draft2020_12().for_deserialize().with_transform(RecursiveTransform(null_free::drop_null));
    settings.into_generator().into_root_schema_for::<T>()
}

/// The compiled schema of a type. Kept for the life of the process: a workspace may hold ten thousand files of one type, and the schema of a type
/// never changes.
fn schema<T: JsonSchema>() -> Arc<Schema> {
    type ByType = BTreeMap<(&'static str, Cow<'static, str>), Arc<Schema>>;
    static COMPILED: Mutex<ByType> = Mutex::new(BTreeMap::new());
    let mut compiled = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    let key = (type_name::<T>(), T::schema_id());
    let compile = || {
        let schema = schema_of::<T>();
        Arc::new(Schema::compile(schema.as_value()))
    };
    compiled.entry(key).or_insert_with(compile).clone()
}

/// Writes a value as YAML, block style, fields in the order of the type, ending in a line feed. Texts that YAML 1.1 or 1.2 could misread are
/// quoted; long ones stay on one line.
///
/// # Panics
/// Never for types that consist of data: fields with string names, lists, texts, numbers.
pub fn write<T: Serialize>(value: &T) -> String {
    let options = serde_yaml::ser_options! { prefer_block_scalars: false, compact_list_indent: false };
    let mut text = String::new();
    serde_yaml::to_fmt_writer_with_options(&mut text, value, options).expect("the project's own types are plain data");
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

/// Whether a text can stand in a file of the project: it holds no character that the reader refuses.
pub fn can_hold(text: &str) -> bool {
    !text.chars().any(|character| character == '\r' || characters::refused(character).is_some())
}

/// The place of a route in a document that parses. To ask for many places of one document, see [`Places`].
pub fn locate(bytes: &[u8], route: &Route, part: Part) -> Option<SourceSpan> {
    Places::of(text_of(bytes)?).locate(route, part)
}

/// The text of a file as lines and columns count it: without a byte-order mark. `None` when it is not UTF-8.
pub fn text_of(bytes: &[u8]) -> Option<&str> {
    characters::text(bytes, &mut Problems::default())
}

/// One line of a file without its line end, counted from 1 as the reader counts: after `\n`, `\r\n` or `\r`. Bytes that are not UTF-8 are replaced.
pub fn line(bytes: &[u8], line: u32) -> Option<String> {
    let mut rest = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    for _ in 1..line {
        let end = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r'))?;
        let width = if rest[end..].starts_with(b"\r\n") { 2 } else { 1 };
        rest = &rest[end + width..];
    }
    let end = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(rest.len());
    Some(String::from_utf8_lossy(&rest[..end]).into_owned())
}

/// A text in backticks for a message: escaped, and cut at 60 characters.
fn quote(text: &str) -> String {
    let cut = if text.chars().nth(60).is_some() { "…" } else { "" };
    let shown: String = text.chars().take(60).flat_map(char::escape_debug).collect();
    format!("`{shown}{cut}`")
}
