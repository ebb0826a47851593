//! The parser's complaints in words for people who do not know YAML's grammar.
use serde_yaml::granit_parser::ErrorKind;

/// A message and what to do about it.
pub(super) fn words(kind: &ErrorKind) -> (String, &'static str) {
    let (message, help): (&str, &str) = match kind {
        ErrorKind::MappingValueNotAllowed | ErrorKind::InvalidColonPlacement => {
            ("a `:` is not allowed here", "quote a text that contains `: `, or check the indentation")
        }
        ErrorKind::SimpleKeyExpected | ErrorKind::ExpectedBlockMappingKey | ErrorKind::InvalidSimpleKey => {
            ("expected a field name followed by `: `", "write `name: value`, and check the indentation")
        }
        ErrorKind::InvalidIndentation
        | ErrorKind::ExpectedBlockSequenceEntry
        | ErrorKind::BlockSequenceEntryNotAllowed
        | ErrorKind::MappingKeyNotAllowed
        | ErrorKind::InvalidFlowScalarIndent
        | ErrorKind::InvalidBlockScalarIndent => ("wrong indentation", "line it up with its siblings"),
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabInPlainScalar
        | ErrorKind::TabAtBlockScalarStart => ("a tab is not allowed here", "indent with spaces"),
        ErrorKind::UnclosedQuotedScalar
        | ErrorKind::InvalidQuotedScalarIndent
        | ErrorKind::DocumentIndicatorInQuotedScalar
        | ErrorKind::UnexpectedEof => ("a quote is not closed", "close it on the same line"),
        ErrorKind::UnknownQuotedScalarEscape => {
            ("unknown escape in a double-quoted text", "write `\\\\` for a backslash, or use single quotes")
        }
        ErrorKind::InvalidTrailingSingleQuotedScalar | ErrorKind::InvalidTrailingDoubleQuotedScalar => {
            ("unexpected text after a quoted text", "quote the whole text")
        }
        ErrorKind::UnexpectedCharacter { .. } => ("a text cannot begin with this character", "quote the text"),
        ErrorKind::CommentNotSeparated => ("a comment must follow a space", "put a space before `#`, or quote the text"),
        ErrorKind::ExpectedFlowSequenceSeparator | ErrorKind::UnexpectedEofFlowSequence => {
            ("expected `,` or `]`", "separate the items with commas, and close the list")
        }
        ErrorKind::ExpectedFlowMappingSeparator | ErrorKind::UnexpectedEofFlowMapping => {
            ("expected `,` or `}`", "separate the fields with commas, and close the mapping")
        }
        ErrorKind::UnclosedFlowCollection { open } => {
            return (format!("a `{open}` is not closed"), "close it");
        }
        ErrorKind::MismatchedFlowCollectionEnd { open, close } => {
            return (format!("a `{open}` is closed by `{close}`"), "close brackets in the order they were opened");
        }
        ErrorKind::MisplacedFlowCollectionEnd => ("a closing bracket without an opening one", "remove it, or quote the text"),
        other => {
            return (format!("not valid YAML: {}", other.to_string().trim_end_matches('.')), "quote texts that hold special characters");
        }
    };
    (message.to_owned(), help)
}
