//! A large mapping read in pieces, on all cores: the text is cut where lines begin an entry of it, the pieces are parsed apart, and their trees are
//! joined into the one that the whole gives. Any doubt, and any problem, means that the whole is parsed instead.
use std::ops::Range;

use rayon::prelude::*;

use super::problems::Problems;
use super::room::Room;
use super::tree::{self, Kind, Tree};

/// Pieces are no smaller than this, in bytes.
const WORTHWHILE: usize = 128 * 1024;

/// Parses text that [`super::characters::text`] has passed. `None`: parse it whole.
pub(super) fn parse(source: &str) -> Option<Tree<'_>> {
    // More than there are cores, so that none of them waits long for the others.
    parse_in(source, (source.len() / WORTHWHILE).min(8 * rayon::current_num_threads()))
}

fn parse_in(source: &str, pieces: usize) -> Option<Tree<'_>> {
    let indent = indent(source)?;
    let ranges = cut(source, indent, pieces)?;
    let room = Room::new();
    let trees: Vec<Option<(Tree<'_>, u32)>> = ranges
        .into_par_iter()
        .map(|range| {
            let piece = &source[range.clone()];
            let mut problems = Problems::default();
            // All but the first stand one mapping deeper than they know.
            let tree = tree::build(piece, usize::from(range.start > 0), &room, &mut problems);
            (tree.complete && problems.count() == 0).then(|| (tree, breaks(piece)))
        })
        .collect();
    let mut trees = trees.into_iter();
    let (mut whole, mut line) = trees.next()??;
    let column = u32::try_from(indent).ok()?.checked_add(1)?;
    let map = open_map(&whole, column)?;
    whole.reserve(trees.as_slice().iter().flatten().map(|(tree, _)| tree.len()).sum());
    for tree in trees {
        let (tree, lines) = tree?;
        if tree.node(Tree::ROOT).kind != Kind::Map || tree.node(Tree::ROOT).at.column != column {
            return None;
        }
        whole.extend(map, tree, line);
        line += lines;
    }
    let mut problems = Problems::default();
    tree::duplicates(&whole, map, &mut problems);
    (problems.count() == 0).then_some(whole)
}

/// The indentation of the first line that has one: that of the entries in a file of the usual form.
fn indent(source: &str) -> Option<usize> {
    let indented = source.lines().find(|line| line.starts_with(' ') && !line.trim_start().starts_with('#') && !line.trim().is_empty())?;
    Some(indented.len() - indented.trim_start_matches(' ').len())
}

/// Ranges that each end before a line which begins an entry. `None`: there is nothing to cut.
fn cut(source: &str, indent: usize, pieces: usize) -> Option<Vec<Range<usize>>> {
    let mut ranges = Vec::new();
    let mut start = 0;
    for piece in 1..pieces {
        let near = (source.len() / pieces * piece).max(start);
        let Some(end) = begins_entry(source.as_bytes(), near, indent) else { break };
        ranges.push(start..end);
        start = end;
    }
    ranges.push(start..source.len());
    (ranges.len() > 1).then_some(ranges)
}

/// The first line after `near` that has this indentation and then a letter or a digit.
///
/// Whatever is open above such a line ends before it, if the entries of the mapping have this indentation: their values stand deeper, quoted texts
/// and flow collections that go on leave the piece above incomplete, and comments are no entries.
fn begins_entry(bytes: &[u8], near: usize, indent: usize) -> Option<usize> {
    let mut at = near;
    loop {
        at += bytes[at..].iter().position(|byte| *byte == b'\n')? + 1;
        let first = bytes.get(at + indent)?;
        if bytes[at..at + indent].iter().all(|byte| *byte == b' ') && first.is_ascii_alphanumeric() {
            return Some(at);
        }
    }
}

/// The mapping that is open at the end: the value of the last field, in block style, with its entries at this column.
fn open_map(tree: &Tree<'_>, column: u32) -> Option<usize> {
    if tree.node(Tree::ROOT).kind != Kind::Map {
        return None;
    }
    let (_, value) = tree.entries(Tree::ROOT).last()?;
    let first = tree.children(value).next()?;
    let is_block = tree.node(value).at.column == column && tree.node(first).at.column == column;
    (tree.node(value).kind == Kind::Map && is_block).then_some(value)
}

/// Line ends, as lines are counted.
fn breaks(text: &str) -> u32 {
    let bytes = text.as_bytes();
    let ends = |(at, byte): (usize, &u8)| *byte == b'\n' || (*byte == b'\r' && bytes.get(at + 1) != Some(&b'\n'));
    u32::try_from(bytes.iter().enumerate().filter(|found| ends(*found)).count()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;
    use std::fs;

    use proptest::prelude::*;

    use super::super::room::MAX_NODES;
    use super::*;

    /// Everything that is in a tree.
    fn nodes(tree: &Tree<'_>) -> String {
        let line = |index: usize| format!("{:?} after {}\n", tree.node(index), tree.after(index));
        (0..tree.len()).map(line).collect()
    }

    /// Whether the text was read in pieces; then both ways must agree.
    fn agrees(source: &str, pieces: usize) -> bool {
        let mut problems = Problems::default();
        let whole = tree::build(source, 0, &Room::new(), &mut problems);
        let Some(joined) = parse_in(source, pieces) else { return false };
        assert_eq!(problems.count(), 0, "the pieces hide a problem of\n{source}");
        assert!(whole.complete && joined.complete);
        assert_eq!(nodes(&joined), nodes(&whole), "of\n{source}");
        true
    }

    #[test]
    fn a_manifest_is_read_in_pieces() {
        let mut text = "account: a\n# none of them is used\nkeys:\n".to_owned();
        for number in 0..40 {
            let _ = write!(
                text,
                "  key-{number}:\n    # why\n    scopes: [a:b, \"c:\n      d\"]\n    purpose: |\n      first: line\n\n      second\n\n"
            );
        }
        for pieces in 2..9 {
            assert!(agrees(&text, pieces), "{pieces}");
            assert!(agrees(&text.replace('\n', "\r\n"), pieces), "{pieces}");
        }
    }

    #[test]
    fn what_could_be_misread_is_not_cut() {
        let long = |line: &str| line.repeat(20);
        for text in [
            // A text, not entries.
            format!("account: |\n{}keys:\n  a: 1\n", long("  b: 2\n")),
            format!("keys: \"\n{}\"\n", long("  b: 2\n")),
            format!("keys: {{\n{}}}\n", long("  b: 2,\n")),
            format!("keys:\n  {{\n{}  }}\n", long("  b: 2,\n")),
            // Another mapping than the one at the end, and another document.
            format!("keys:\n{}moved: []\n", long("  b1: 2\n")),
            format!("keys:\n{}---\n{}", long("  b1: 2\n"), long("  b1: 2\n")),
            format!("keys:\n{}", long("  - b: 2\n    c: 3\n")),
            long("b: 2\n"),
            String::new(),
        ] {
            for pieces in 2..9 {
                assert!(!agrees(&text, pieces), "{pieces} pieces of\n{text}");
            }
        }
        assert!(parse("keys:\n  a: 1\n  b: 2\n").is_none(), "too small to be worth it");
    }

    #[test]
    fn all_pieces_together_hold_no_more_than_one_file_may() {
        let dense = format!("[{}]", "1,".repeat(MAX_NODES / 2 + 5000));
        let room = Room::new();
        let trees = [(); 3].map(|()| tree::build(&dense, 0, &room, &mut Problems::default()));
        assert_eq!(trees.each_ref().map(|tree| tree.complete), [true, false, false]);
        let all: usize = trees.iter().map(Tree::len).sum();
        assert!((MAX_NODES - 2000..=MAX_NODES + 1).contains(&all), "{all}");
    }

    #[test]
    fn a_field_that_stands_in_two_pieces_is_still_found() {
        let mut text = "keys:\n".to_owned();
        for number in 0..40 {
            let _ = writeln!(text, "  k{}: 1", number % 39);
        }
        assert!(!agrees(&text, 4));
        assert!(agrees(&text.replacen("  k0: 1\n", "  other: 1\n", 1), 4));
    }

    #[test]
    fn files_with_problems_are_never_passed() {
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/invalid");
        let mut read = 0;
        for entry in fs::read_dir(directory).expect("the invalid files") {
            let Ok(text) = fs::read_to_string(entry.expect("an entry").path()) else { continue };
            for pieces in 2..6 {
                agrees(&text, pieces);
            }
            read += 1;
        }
        assert!(read > 50, "{read}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn pieces_and_whole_agree(lines in prop::collection::vec(line(), 1..40), pieces in 2_usize..6) {
            agrees(&lines.concat(), pieces);
        }
    }

    fn line() -> impl Strategy<Value = String> {
        let text = prop::sample::select(vec![
            "a: 1", "b:", "c: |", "d: >-", "- e", "f: [", "]", "g: {", "}", "h: \"", "\"", "i: '", "'", "# j", "", "k: l", "? m", ": n",
            "---", "...", "keys:", "o: &p q", "r: *p", "\t",
        ]);
        let indent = prop::sample::select(vec![0_usize, 0, 1, 2, 2, 2, 2, 4, 4, 6]);
        let end = prop::sample::select(vec!["\n", "\n", "\n", "\r\n", "\r"]);
        let tail = "[a-c]{0,2}";
        (indent, text, tail, end).prop_map(|(indent, text, tail, end)| {
            let tail = if text.ends_with(char::is_alphanumeric) { tail } else { String::new() };
            format!("{}{text}{tail}{end}", " ".repeat(indent))
        })
    }
}
