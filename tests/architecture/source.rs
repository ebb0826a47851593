//! Rust source as the rules see it: without comments, texts and tests, at its own lines.
#![allow(dead_code, reason = "each test uses a different part")]
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Begins a line that belongs to a test.
const TEST: char = '\u{1}';

/// One file below `src/`.
pub struct Source {
    /// Relative to `src/`, with `/`.
    pub path: String,
    pub text: String,
    /// The text with comments, texts and tests blanked.
    pub code: String,
    /// The names that paths from the root of the crate begin with, each with its line.
    pub names: Vec<(usize, String)>,
    /// Files that only tests use, as beginnings of paths.
    test_modules: Vec<String>,
}

/// Reads every file but those that only tests use.
pub fn read_tree(root: &str) -> Vec<Source> {
    parted(root).0
}

/// Reads every Rust file: those of the program, and those that only tests use.
pub fn parted(root: &str) -> (Vec<Source>, Vec<Source>) {
    let rust = files(root).into_iter().filter(|(path, _)| path.ends_with(".rs"));
    let all: Vec<Source> = rust.map(|(path, text)| Source::new(&path, &text)).collect();
    let tests: BTreeSet<String> = all.iter().flat_map(|source| source.test_modules.clone()).collect();
    let only_tests = |path: &str| tests.iter().any(|test| path == format!("{test}.rs") || path.starts_with(&format!("{test}/")));
    all.into_iter().partition(|source| !only_tests(&source.path))
}

/// Every file below a directory as text, by its path with `/`, sorted.
pub fn files(root: &str) -> Vec<(String, String)> {
    let mut all = Vec::new();
    let mut waiting = vec![Path::new(root).to_owned()];
    while let Some(directory) = waiting.pop() {
        for entry in fs::read_dir(directory).expect("a directory") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                waiting.push(path);
            } else {
                let below = path.strip_prefix(root).expect("below the root").to_string_lossy().replace('\\', "/");
                all.push((below, String::from_utf8_lossy(&fs::read(&path).expect("readable")).into_owned()));
            }
        }
    }
    all.sort();
    all
}

impl Source {
    pub fn new(path: &str, text: &str) -> Self {
        let (path, text, code) = (path.to_owned(), text.to_owned(), blanked(text));
        let mut source = Self { path, text, code, names: Vec::new(), test_modules: Vec::new() };
        source.cut_tests();
        source.find_names();
        source
    }

    /// The top-level module that the file belongs to.
    pub fn module(&self) -> &str {
        self.path.split(['/', '.']).next().unwrap_or_default()
    }

    /// How many lines hold something else than tests.
    pub fn lines(&self) -> usize {
        self.code.lines().filter(|line| !line.starts_with(TEST)).count()
    }

    /// The text of the tests.
    pub fn tests(&self) -> String {
        self.code.lines().zip(self.text.lines()).filter(|(code, _)| code.starts_with(TEST)).map(|(_, text)| format!("{text}\n")).collect()
    }

    pub fn line_of(&self, offset: usize) -> usize {
        self.code[..offset].matches('\n').count() + 1
    }

    fn find_names(&mut self) {
        let supers = "super::".repeat(self.path.trim_end_matches(".rs").split('/').count());
        let mut names = Vec::new();
        for root in ["crate::", "keywright::", &supers] {
            for (at, _) in self.code.match_indices(root) {
                let inside = self.code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':');
                let begin = at + root.len();
                let rest = &self.code[begin..];
                if inside || rest.starts_with("super::") {
                    continue;
                }
                match rest.strip_prefix('{') {
                    Some(group) => names.extend(names_in(group).into_iter().map(|(below, name)| (self.line_of(begin + 1 + below), name))),
                    None => names.push((self.line_of(begin), word(rest).to_owned())),
                }
            }
        }
        names.sort();
        self.names = names;
    }

    /// Blanks items under `#[cfg(test)]` and `#[cfg(doctest)]`, and marks their lines.
    fn cut_tests(&mut self) {
        let markers = ["#[cfg(test)]", "#[cfg(doctest)]"];
        while let Some((start, marker)) = markers.iter().find_map(|marker| Some((self.code.find(marker)?, marker))) {
            let mut item = start + marker.len();
            loop {
                item += self.code[item..].len() - self.code[item..].trim_start().len();
                if !self.code[item..].starts_with("#[") {
                    break;
                }
                item += matching(&self.code[item..], '[', ']');
            }
            let declared = self.code[item..].trim_start_matches("pub(crate) ").trim_start_matches("pub ").strip_prefix("mod ");
            if let Some(name) = declared.map(word) {
                let above = self.path.trim_end_matches(".rs");
                self.test_modules.push(if above == "lib" { name.to_owned() } else { format!("{above}/{name}") });
            }
            let end = item + end_of_item(&self.code[item..]);
            let cut: String = self.code[start..end].chars().map(|c| if c == '\n' { c } else { ' ' }).collect();
            let first = if start == 0 || self.code[..start].ends_with('\n') { format!("{TEST}") } else { String::new() };
            self.code.replace_range(start..end, &format!("{first}{}", cut.replace('\n', &format!("\n{TEST}"))));
        }
    }
}

/// The length up to the end of an item: its semicolon, or its closing brace.
fn end_of_item(code: &str) -> usize {
    let declaration = ["use ", "pub use ", "const ", "static ", "type "].iter().any(|word| code.starts_with(word));
    let semicolon = code.find(';').map(|at| at + 1);
    match (semicolon, code.find('{')) {
        (Some(semicolon), _) if declaration => semicolon,
        (Some(semicolon), Some(brace)) if semicolon < brace => semicolon,
        (_, Some(brace)) => brace + matching(&code[brace..], '{', '}'),
        (semicolon, None) => semicolon.unwrap_or(code.len()),
    }
}

/// The length up to the bracket that closes the first one.
fn matching(code: &str, open: char, close: char) -> usize {
    let mut depth = 0_usize;
    for (at, c) in code.char_indices() {
        if c == open {
            depth += 1;
        } else if c == close {
            depth -= 1;
            if depth == 0 {
                return at + 1;
            }
        }
    }
    code.len()
}

/// The first names of the paths in a `use` group, each with its offset.
fn names_in(code: &str) -> Vec<(usize, String)> {
    let mut names = Vec::new();
    let (mut depth, mut first) = (0_usize, true);
    for (at, c) in code.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => first = true,
            c if first && depth == 0 && (c.is_alphanumeric() || c == '_') => {
                names.push((at, word(&code[at..]).to_owned()));
                first = false;
            }
            _ => {}
        }
    }
    names
}

/// The word that a text begins with.
fn word(text: &str) -> &str {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default()
}

/// The text with comments and the insides of texts as spaces; lines stay where they are.
fn blanked(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let length = opaque(rest, code.ends_with(|c: char| c.is_alphanumeric() || c == '_'));
        if length == 0 {
            code.push(c);
            rest = &rest[c.len_utf8()..];
        } else {
            code.extend(rest[..length].chars().map(|c| if c == '\n' { c } else { ' ' }));
            rest = &rest[length..];
        }
    }
    code
}

/// The length of the comment or text that begins here; 0 when none does.
fn opaque(rest: &str, inside_word: bool) -> usize {
    let until = |begin: usize, end: &str| rest[begin..].find(end).map_or(rest.len(), |at| begin + at + end.len());
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        return until(2, "*/");
    }
    let raw = rest.strip_prefix("br").or_else(|| rest.strip_prefix('r')).filter(|_| !inside_word);
    let hashes = raw.map_or(0, |raw| raw.len() - raw.trim_start_matches('#').len());
    if let Some(raw) = raw.filter(|raw| raw[hashes..].starts_with('"')) {
        return until(rest.len() - raw.len() + hashes + 1, &format!("\"{}", "#".repeat(hashes)));
    }
    match rest.as_bytes()[0] {
        b'"' => closing(rest, '"'),
        b'\'' if rest[1..].starts_with('\\') => closing(rest, '\''),
        b'\'' => rest.char_indices().nth(2).filter(|(_, c)| *c == '\'').map_or(0, |(at, _)| at + 1),
        _ => 0,
    }
}

/// The length up to the quote that closes the first one.
fn closing(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

#[test]
fn comments_texts_and_tests_are_not_code() {
    let text = "a(); // b\n/* c\nd */ e(\"f\\\"g\", r#\"h\"i\"#, 'j', '\\'', &'k l);\n#[cfg(test)]\n#[path = \"x\"]\nmod tests;\nm();\n#[cfg(test)]\nmod more {\n  n();\n}\no();\n";
    let source = Source::new("x/y.rs", text);
    let words: String = source.code.chars().filter(|c| c.is_alphanumeric()).collect();
    assert_eq!(words, "aeklmo");
    assert_eq!(source.test_modules, ["x/y/tests", "x/y/more"]);
    assert_eq!(source.line_of(source.code.find("o()").expect("there")), 12);
    assert_eq!(source.lines(), 5, "{:?}", source.code);
}

#[test]
fn names_are_found_in_every_form() {
    let text = "use crate::a::X;\nuse crate::{b, c::{d, e}, f as g};\nfn h() { keywright::i() }\nuse super::j; use super::super::k; use xcrate::l;";
    let names = Source::new("m/n.rs", text).names;
    let expected = [(1, "a"), (2, "b"), (2, "c"), (2, "f"), (3, "i"), (4, "k")];
    assert_eq!(names, expected.map(|(line, name)| (line, name.to_owned())));
}
