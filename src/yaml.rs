//! YAML as data: one strict reader for every file of the project. The only module that knows the YAML crate.
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::diagnostics::{Part, Report, Route, SourceSpan};

/// Reads one document into `T`, refusing every construct that is more than data. All problems go to the report at their exact places; `None`
/// when there was an error. The shape is checked against the JSON Schema of `T`, so schema and parser can never disagree.
pub fn read<T: DeserializeOwned + JsonSchema>(file: &Arc<str>, bytes: &[u8], report: &mut Report) -> Option<T> {
    let _ = (file, bytes, report);
    None
}

/// Writes a value as YAML, block style, fields in the order of the type, ending in a line feed.
pub fn write<T: Serialize>(value: &T) -> String {
    let _ = value;
    String::new()
}

/// The place of a route in a document that parses.
pub fn locate(bytes: &[u8], route: &Route, part: Part) -> Option<SourceSpan> {
    let _ = (bytes, route, part);
    None
}
