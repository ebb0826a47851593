//! The command lines of the program inside workflows, and whether the program takes them.
use std::sync::LazyLock;

use clap::CommandFactory;
use keywright::cli::args::Arguments;
use regex::Regex;
use serde_json::Value;

static VARIABLE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\$\{?[A-Za-z_]\w*\}?").expect("a regular expression"));
/// Where a simple command begins: at the start, behind an operator, inside `$(…)`, or under a `timeout`.
static BEGINS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:^|&&|\|\||[;|({]|\bdo|\bthen)\s*(?:[A-Z_]+=\S*\s+)*(?:timeout\s+\d+\s+)?keywright\s+").expect("a regular expression")
});

/// Every call of the program in a workflow, as words. Variables stand for a number, which is a fit value for everything.
pub fn of(text: &str) -> Vec<Vec<String>> {
    let document: Value = serde_yaml::from_str(text).expect("YAML");
    let mut scripts = Vec::new();
    collect(&document, "", &mut scripts);
    scripts.iter().flat_map(|script| calls(script)).collect()
}

/// Scripts below a value: `run` and `script`, and the `command` that a step gives to our action.
fn collect(value: &Value, name: &str, scripts: &mut Vec<String>) {
    match value {
        Value::String(text) if ["run", "script", "before_script"].contains(&name) => scripts.push(text.clone()),
        Value::String(text) if name == "command" => scripts.push(format!("keywright {text}")),
        Value::Array(list) => list.iter().for_each(|below| collect(below, name, scripts)),
        Value::Object(fields) => {
            let inputs = name == "inputs";
            fields.iter().filter(|_| !inputs).for_each(|(name, below)| collect(below, name, scripts));
        }
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn calls(script: &str) -> Vec<Vec<String>> {
    let joined = script.replace("\\\n", " ");
    let lines = joined.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    lines.flat_map(|line| BEGINS.find_iter(line).map(|found| words(&line[found.end()..])).collect::<Vec<_>>()).collect()
}

/// The words of one simple command: quotes are taken off, and an operator or a comment ends it.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for character in text.chars() {
        match (quote, character) {
            (Some(open), _) if character == open => quote = None,
            (None, '"' | '\'') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (None, '&' | '|' | ';' | ')' | '>' | '<') => break,
            (None, '#') if word.is_none() => break,
            (None, ' ') => words.extend(word.take()),
            (Some(_) | None, _) => word.get_or_insert_default().push(character),
        }
    }
    words.extend(word);
    words.into_iter().map(|word| VARIABLE.replace_all(&word, "7").into_owned()).collect()
}

/// Why the program does not take these words.
pub fn refused(words: &[String]) -> Option<String> {
    // The action puts its lines together at run time; that is run as a whole.
    if words.iter().any(|word| word.contains("[@]")) {
        return None;
    }
    Arguments::command()
        .try_get_matches_from(std::iter::once("keywright").chain(words.iter().map(String::as_str)))
        .err()
        .map(|error| error.to_string().lines().next().unwrap_or_default().to_owned())
}
