//! What a person would change in a manifest, as a unified diff. Changes no file.
use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::Sources;
use crate::diagnostics::{Locate, Part, Route, SourceSpan};
use crate::model::{Address, DesiredKey};

/// Lines that are shown before and after a change.
const AROUND: u32 = 3;

/// Proposes changes of the manifests that were read.
pub struct Edits<'a> {
    sources: Box<dyn Locate + 'a>,
}

impl<'a> Edits<'a> {
    pub fn of(sources: &'a Sources) -> Self {
        Self { sources: sources.prepared().expect("sources prepare a locator") }
    }

    /// The change that gives a key `state: disabled`, and takes its protection away, which would refuse that. `None` when its entry has a form that
    /// cannot be changed line by line.
    pub fn disable(&self, key: &DesiredKey) -> Option<String> {
        let file = &key.declared_at.file;
        let route = Route::default().field("keys").field(key.address.name.as_str());
        let place = |field: &str, part| self.sources.locate(file, &route.field(field), part);
        let mut words = Vec::new();
        let mut inserted = None;
        if let Some(value) = place("state", Part::Value) {
            words.push(Word { at: value, old: "active", new: "disabled" });
        } else {
            let scopes = place("scopes", Part::Field)?;
            let line = self.line(file, scopes.line)?;
            let (before, _) = split(&line, scopes.column)?;
            match before.trim_start_matches(' ').chars().next_back() {
                None => inserted = Some((scopes.line, format!("{before}state: disabled"))),
                Some('{' | ',' | ' ') if before.contains('{') => words.push(Word { at: scopes, old: "", new: "state: disabled, " }),
                Some(_) => return None,
            }
        }
        if key.protect {
            words.push(Word { at: place("protect", Part::Value)?, old: "true", new: "false" });
        }
        // From right to left: what stands before keeps its column.
        words.sort_by_key(|word| std::cmp::Reverse((word.at.line, word.at.column)));
        let mut changed: BTreeMap<u32, String> = BTreeMap::new();
        for word in &words {
            let line = changed.remove(&word.at.line).or_else(|| self.line(file, word.at.line))?;
            changed.insert(word.at.line, word.put_into(&line)?);
        }
        self.hunk(file, &changed, inserted)
    }

    /// The same for many keys. Takes time in proportion to their number and to the files.
    pub fn disable_all<'k>(&self, keys: impl Iterator<Item = &'k DesiredKey>) -> BTreeMap<Address, String> {
        let mut keys: Vec<&DesiredKey> = keys.collect();
        // File by file, so that each is looked through once.
        keys.sort_by(|a, b| a.declared_at.cmp(&b.declared_at));
        keys.into_iter().filter_map(|key| Some((key.address.clone(), self.disable(key)?))).collect()
    }

    fn line(&self, file: &str, line: u32) -> Option<String> {
        let excerpt = self.sources.excerpt(file, SourceSpan { line, column: 1, length: 1 })?;
        // A longer line is cut.
        (excerpt.column == 1 && excerpt.text.len() < 4000).then_some(excerpt.text)
    }

    /// Lines that become others, and one that comes before another.
    fn hunk(&self, file: &str, changed: &BTreeMap<u32, String>, inserted: Option<(u32, String)>) -> Option<String> {
        let touched = || changed.keys().copied().chain(inserted.as_ref().map(|(line, _)| *line));
        let (first, last) = (touched().min()?.saturating_sub(AROUND).max(1), touched().max()? + AROUND);
        let around: Vec<(u32, String)> = (first..=last).map_while(|number| Some((number, self.line(file, number)?))).collect();
        // What stands behind the last line end is no line.
        let last = around.iter().rposition(|(_, text)| !text.is_empty()).unwrap_or(0);
        let around = &around[..=last];
        let (old, new) = (around.len(), around.len() + usize::from(inserted.is_some()));
        let mut out = format!("--- a/{file}\n+++ b/{file}\n@@ -{first},{old} +{first},{new} @@\n");
        for (number, text) in around {
            if let Some((_, line)) = inserted.as_ref().filter(|(at, _)| at == number) {
                let _ = writeln!(out, "+{line}");
            }
            let _ = match changed.get(number) {
                Some(line) => writeln!(out, "-{text}\n+{line}"),
                None => writeln!(out, " {text}"),
            };
        }
        Some(out)
    }
}

/// A word that becomes another, quoted or not.
struct Word {
    at: SourceSpan,
    old: &'static str,
    new: &'static str,
}

impl Word {
    fn put_into(&self, line: &str) -> Option<String> {
        let (before, rest) = split(line, self.at.column)?;
        let quoted = |quote: char| rest.strip_prefix(quote)?.strip_prefix(self.old)?.strip_prefix(quote);
        let rest = rest.strip_prefix(self.old).or_else(|| quoted('"')).or_else(|| quoted('\''))?;
        Some(format!("{before}{}{rest}", self.new))
    }
}

/// A line before and from a column, which counts from 1 in characters.
fn split(line: &str, column: u32) -> Option<(&str, &str)> {
    let characters = usize::try_from(column).ok()?.checked_sub(1)?;
    let offset = line.char_indices().map(|(offset, _)| offset).chain([line.len()]).nth(characters)?;
    Some(line.split_at(offset))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{put, workspace};
    use super::super::{Loaded, load};
    use super::*;
    use crate::model::DesiredState;

    const CONFIG: &str = "version: 1\naccounts: { shop: { provider: keyring } }\nrecipients: { ops: [age17f9yaa00npfgwl572y7jc8rfjy09rraahafem4znerfw9qu8cdrsjeqh70] }\ndefaults: { recipients: [ops], lifetime: 90d }\n";

    /// Puts one unified diff into a text.
    fn patched(text: &str, diff: &str) -> String {
        let mut lines: Vec<&str> = text.lines().collect();
        let hunk = diff.lines().nth(2).expect("a hunk").trim_start_matches("@@ -");
        let first: usize = hunk.split(',').next().expect("a number").parse().expect("a number");
        let mut at = first - 1;
        for line in diff.lines().skip(3) {
            match line.split_at(1) {
                (" ", rest) => {
                    assert_eq!(lines[at], rest);
                    at += 1;
                }
                ("-", rest) => assert_eq!(lines.remove(at), rest),
                ("+", rest) => {
                    lines.insert(at, rest);
                    at += 1;
                }
                _ => panic!("{line}"),
            }
        }
        lines.join("\n") + "\n"
    }

    #[test]
    fn the_patched_manifest_disables_the_key_and_changes_nothing_else() {
        let manifests = [
            "account: shop\nkeys:\n  one:\n    # why\n    scopes: [a:read]\n  two:\n    scopes:\n      - a:read\n",
            "account: shop\nkeys:\n  one: { scopes: [a:read], owner: x }\n  two: { owner: x, scopes: [a:read] }\n",
            "account: shop\nkeys:\n  one:\n    state: active # yes\n    scopes: [a:read]\n  two: {state: \"active\", scopes: [a:read]}\n",
            "account: shop\nkeys:\n  one:\n    owner: x\n    purpose: é日本\n    scopes: [a:read]\n    label: one\n  two: { purpose: é日本, scopes: [a:read] }",
            "account: shop\nkeys:\n  one:\n    protect: true\n    scopes: [a:read]\n    owner: x\n  two: { scopes: [a:read], protect: true }\n",
            "account: shop\nkeys:\n  one: { protect: true, state: active, scopes: [a:read] }\n  two:\n    scopes: [a:read]\n    state: active\n    protect: true\n",
            "account: shop\r\nkeys:\r\n  one:\r\n    scopes: [a:read]\r\n  two:\r\n    owner: x\r\n    scopes: [a:read]\r\n",
        ];
        for manifest in manifests {
            for name in ["one", "two"] {
                let root = workspace(&[("keywright.yaml", CONFIG), ("keys/a.yaml", manifest)]);
                let load = || load(root.path(), "2026-11-21T09:00:00Z".parse().expect("an instant"));
                let Loaded { workspace, sources, .. } = load();
                assert!(!workspace.report.has_errors(), "{manifest} {:?}", workspace.report);
                let address = format!("shop/{name}").parse().expect("an address");
                let diff = Edits::of(&sources).disable(&workspace.keys[&address]).expect("a change");
                put(root.path(), "keys/a.yaml", &patched(manifest, &diff));
                let Loaded { workspace: after, .. } = load();
                assert!(!after.report.has_errors(), "{diff} {:?}", after.report);
                for (address, key) in &workspace.keys {
                    let is_it = address.name.as_str() == name;
                    let state = if is_it { DesiredState::Disabled } else { DesiredState::Active };
                    let protect = key.protect && !is_it;
                    let declared_at = after.keys[address].declared_at.clone();
                    assert_eq!(after.keys[address], DesiredKey { state, protect, declared_at, ..key.clone() }, "{diff}");
                }
            }
        }
    }

    #[test]
    fn a_change_is_a_small_diff() {
        let manifest = "account: shop\nkeys:\n  one:\n    owner: x\n    scopes: [a:read]\n    label: one\n";
        let root = workspace(&[("keywright.yaml", CONFIG), ("keys/a.yaml", manifest)]);
        let Loaded { workspace, sources, .. } = load(root.path(), "2026-11-21T09:00:00Z".parse().expect("an instant"));
        let key = workspace.keys.values().next().expect("a key");
        insta::assert_snapshot!(Edits::of(&sources).disable(key).expect("a change"), @r"
        --- a/keys/a.yaml
        +++ b/keys/a.yaml
        @@ -2,5 +2,6 @@
         keys:
           one:
             owner: x
        +    state: disabled
             scopes: [a:read]
             label: one
        ");
    }
}
