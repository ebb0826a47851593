//! Turns meaning into text. Decides nothing; whether there is colour, and how wide the terminal is, the caller says.
mod codequality;
#[cfg(test)]
mod complete;
pub mod diagnostics;
pub mod doctor;
pub mod drift;
pub mod explain;
mod findings;
mod github;
mod gitlab;
mod headline;
mod html;
pub mod import;
pub mod list;
pub mod list_csv;
pub mod list_ics;
pub mod markdown;
pub mod palette;
pub(crate) mod patch;
pub mod plan_difference;
mod plan_guards;
pub mod plan_json;
pub mod plan_sections;
pub mod plan_text;
pub mod plan_trust;
pub mod providers;
mod providers_attended;
pub mod recover;
pub mod review;
pub mod runbook;
mod sarif;
pub mod schemas;
mod setting;
pub mod show;
pub mod table;
pub mod timeline;
pub mod trial;
pub mod verify;
mod weighed;

pub use codequality::{plan_codequality, problems_codequality};
pub use drift::drift_text;
pub use explain::explain;
pub use github::{plan_github, problems_github};
pub use gitlab::{plan_gitlab, problems_gitlab};
pub use html::{plan_html, problems_html};
pub use markdown::{TooLong, plan_markdown, problems_markdown};
pub use palette::Style;
pub use plan_difference::plan_difference;
pub use plan_json::{plan_json, problems_json};
pub use plan_sections::count;
pub use plan_text::{plan_text, write_plan_text};
pub use sarif::{plan_sarif, problems_sarif};
pub use schemas::schema;
pub use setting::Setting;

use serde::Serialize;

use crate::model::text_safety::{is_safe, is_unsafe};

/// Pretty JSON with a line feed at its end. Characters that could steer a terminal are escaped, which changes no value.
pub fn json<T: Serialize>(value: &T) -> String {
    let mut text = serde_json::to_string_pretty(value).expect("plain values with text keys always serialize");
    text.push('\n');
    if text.split('\n').all(is_safe) {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    for c in text.chars() {
        // Two `#` begin a command where CI reads along.
        if (is_unsafe(c) && c != '\n') || (c == '#' && before == '#') {
            out.extend(c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            out.push(c);
        }
        before = c;
    }
    out
}
