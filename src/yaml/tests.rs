//! The reader from outside: every refused construct at its place, shapes, hostile input, and what is written comes back.
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::*;
use crate::diagnostics::Step;
use crate::model::{Name, Span};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only read")]
struct Garden {
    #[schemars(range(min = 1, max = 1))]
    version: u32,
    beds: BTreeMap<Name, Bed>,
    #[serde(default)]
    note: Option<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only read")]
struct Bed {
    plants: Vec<String>,
    #[serde(default)]
    water: Water,
    #[serde(default)]
    every: Option<Span>,
    #[serde(default)]
    sunny: bool,
    #[serde(default)]
    rows: Option<u8>,
    #[serde(default)]
    source: Option<Source>,
    #[serde(default)]
    tool: Option<Tool>,
    #[serde(default)]
    labels: Option<OneOrMany>,
}

#[derive(Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Water {
    #[default]
    Little,
    /// With remarks, so that the schema lists each apart.
    Much,
}

#[derive(Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Source {
    Rain,
    Tap(u32),
    Well { depth: u32 },
}

#[derive(Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
enum Tool {
    Spade { width: u32 },
    Hose { length: u32 },
}

#[derive(Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

fn found<T: DeserializeOwned + JsonSchema + Send>(bytes: &[u8]) -> (Option<T>, Vec<Diagnostic>) {
    let mut report = Report::default();
    let value = read(&"f.yaml".into(), bytes, &mut report);
    (value, report.diagnostics().to_vec())
}

fn placed(diagnostics: &[Diagnostic]) -> Vec<(&'static str, u32, u32)> {
    let place = |diagnostic: &Diagnostic| match diagnostic.place.as_ref().expect("a place") {
        Place::Span { span, .. } => (diagnostic.code.as_str(), span.line, span.column),
        _ => (diagnostic.code.as_str(), 0, 0),
    };
    diagnostics.iter().map(place).collect()
}

fn refusals(bytes: &[u8]) -> Vec<(&'static str, u32, u32)> {
    let (value, diagnostics) = found::<Value>(bytes);
    assert_eq!(value.is_none(), !diagnostics.is_empty());
    placed(&diagnostics)
}

#[test]
fn every_refused_construct_has_its_exact_place() {
    type Told = (&'static str, u32, u32);
    let table: &[(&[u8], &[Told])] = &[
        (b"a: &x 1\n", &[("yaml/anchor", 1, 4)]),
        (b"a:\n  - &x [1]\n  - &y\n    b: 1\n", &[("yaml/anchor", 2, 5), ("yaml/anchor", 3, 5)]),
        (b"a: *x\nb: [*y, 1]\n", &[("yaml/alias", 1, 4), ("yaml/alias", 2, 5)]),
        (b"a: &x 1\nb: *x\n", &[("yaml/anchor", 1, 4), ("yaml/alias", 2, 4)]),
        (b"*x : 1\n", &[("yaml/alias", 1, 1)]),
        (b"a:\n  <<: {b: 1}\n", &[("yaml/merge-key", 2, 3)]),
        (b"<<: *x\n", &[("yaml/merge-key", 1, 1), ("yaml/alias", 1, 5)]),
        ("é: !!str 1\n".as_bytes(), &[("yaml/tag", 1, 4)]),
        (b"a: ! x\nb: !mine [1]\nc: !<tag:x> 1\n", &[("yaml/tag", 1, 4), ("yaml/tag", 2, 4), ("yaml/tag", 3, 4)]),
        (b"a: !x!y z\n", &[("yaml/tag", 1, 4)]),
        (b"%YAML 1.2\n---\na: &x 1\n", &[("yaml/directive", 1, 1), ("yaml/anchor", 3, 4)]),
        (b"# c\n%TAG ! x:\r\n\r\n%FOO\r\n---\r\na: 1\r\n", &[("yaml/directive", 2, 1), ("yaml/directive", 4, 1)]),
        (b"a: 1\n...\n%YAML 1.2\n---\nb: 1\n", &[("yaml/directive", 3, 1)]),
        (b"a: 1\n---\nb: 1\n", &[("yaml/several-documents", 2, 1)]),
        (b"---\n---\n", &[("yaml/several-documents", 2, 1)]),
        (b"a: 1\nb: 2\n'a': 3\na: 4\n", &[("yaml/duplicate-field", 3, 1), ("yaml/duplicate-field", 4, 1)]),
        (b"x: {a: 1, a: 2}\n", &[("yaml/duplicate-field", 1, 11)]),
        (b"? [a]\n: 1\n? {b: c}\n: 2\n: 3\n", &[("yaml/wrong-type", 1, 3), ("yaml/wrong-type", 3, 3), ("yaml/wrong-type", 5, 1)]),
        ("\u{feff}a: &x 1\n".as_bytes(), &[("yaml/byte-order-mark", 1, 1), ("yaml/anchor", 1, 4)]),
        ("a: \"é\u{feff}\"\n".as_bytes(), &[("yaml/byte-order-mark", 1, 6)]),
        (b"\xff\xfea\0", &[("yaml/invalid-utf8", 1, 1)]),
        (b"a: \xc3\xa9\r\nb: \xc3\xa9\xc3(\n", &[("yaml/invalid-utf8", 2, 5)]),
        (b"a: x\0y\n", &[("yaml/control-character", 1, 5)]),
        (b"a: x\x7fy\nb\x1b: 1\n", &[("yaml/control-character", 1, 5), ("yaml/control-character", 2, 2)]),
        ("a: x\u{85}y\nb: \u{2028}\n".as_bytes(), &[("yaml/control-character", 1, 5), ("yaml/control-character", 2, 4)]),
        (
            "a: \u{202e}x # \u{2066}\n\u{200f}b: 1\n".as_bytes(),
            &[("yaml/bidi-character", 1, 4), ("yaml/bidi-character", 1, 9), ("yaml/bidi-character", 2, 1)],
        ),
        ("a: \u{61c}x\nb: \u{200e}\n".as_bytes(), &[("yaml/bidi-character", 1, 4), ("yaml/bidi-character", 2, 4)]),
        (br#"a: "x\0y\u202e" "#, &[("yaml/control-character", 1, 6), ("yaml/bidi-character", 1, 9)]),
        (br#""k\x1b": "\\0\t\n\u00e9" "#, &[("yaml/control-character", 1, 3)]),
        (
            "a: [\"é\\e\", \"\\r\", \"\\N\\L\\P\\_\"]".as_bytes(),
            &[
                ("yaml/control-character", 1, 7),
                ("yaml/control-character", 1, 13),
                ("yaml/control-character", 1, 19),
                ("yaml/control-character", 1, 21),
                ("yaml/control-character", 1, 23),
            ],
        ),
        (b"a: \"x\n  \\U0000202E\"\n", &[("yaml/bidi-character", 2, 3)]),
        (br#"a: "\uFEFF""#, &[("yaml/byte-order-mark", 1, 5)]),
        (b"a: b: c\n", &[("yaml/syntax", 1, 5)]),
        (b"a: [1, 2\n", &[("yaml/syntax", 1, 4)]),
        (b"a: \"b\n", &[("yaml/syntax", 2, 1)]),
        (b"a: %x\n", &[("yaml/syntax", 1, 4)]),
    ];
    for (bytes, expected) in table {
        assert_eq!(refusals(bytes), *expected, "{:?}", String::from_utf8_lossy(bytes));
    }
}

#[test]
fn plain_data_passes() {
    for text in [
        "",
        "# only a comment\n",
        "---\na: 1\n...\n# end\n",
        "a: \"\\t\\n\\u00e9 \\U0001F600 \\uD83D\\uDE00\"\n",
        "a: 日本語 \u{a0}\u{200b}\r\nb: |\r\n  x\r\n",
        "'<<': 1\n",
        "a: '%x &y *z !w'\n",
    ] {
        assert_eq!(refusals(text.as_bytes()), [], "{text:?}");
    }
    let (value, _) = found::<Value>(b"a: [yes, no, on, 0o17, 1.5, ~, 'null', true, 2026-01-01, -3, 1e400]\rb: >\r  x\r  y\r");
    let expected = serde_json::json!({"a": ["yes", "no", "on", 15, 1.5, null, "null", true, "2026-01-01", -3, null], "b": "x y\n"});
    assert_eq!(value, Some(expected));
}

#[test]
fn nesting_is_told_at_the_first_level_too_many() {
    for (open, column) in [("[", 33), ("{", 33), ("- ", 65), ("? ", 65)] {
        assert_eq!(refusals(open.repeat(200).as_bytes()).last(), Some(&("yaml/too-deep", 1, column)), "{open}");
    }
    let nested = |levels: usize| (0..levels).map(|level| format!("{}a:\n", " ".repeat(level))).collect::<String>();
    assert_eq!(refusals(nested(32).as_bytes()), []);
    assert_eq!(refusals(nested(33).as_bytes()), [("yaml/too-deep", 33, 33)]);
    let mixed = format!("{}{}", nested(20), " ".repeat(20) + &"[".repeat(12) + &"]".repeat(12));
    assert_eq!(refusals(mixed.as_bytes()), []);
    let mixed = format!("{}{}", nested(20), " ".repeat(20) + &"[".repeat(13) + &"]".repeat(13));
    assert_eq!(refusals(mixed.as_bytes()), [("yaml/too-deep", 21, 33)]);
}

#[test]
fn sizes_are_bounded() {
    let (_, diagnostics) = found::<Value>(&vec![b' '; MAX_BYTES + 1]);
    assert_eq!(placed(&diagnostics), [("yaml/too-large", 0, 0)]);
    let items = "- a\n".repeat(500_000);
    assert_eq!(refusals(items.as_bytes()), [("yaml/too-large", 500_000, 3)]);
}

#[test]
fn hostile_input_is_answered_fast() {
    // The bound is for the release build; an unoptimised parser on a loaded machine gets less to read and more time.
    let (big, bound) =
        if cfg!(debug_assertions) { (MAX_BYTES / 64, Duration::from_secs(10)) } else { (MAX_BYTES - 16, Duration::from_secs(1)) };
    let inputs: Vec<(&str, Vec<u8>)> = vec![
        ("brackets", b"[".repeat(200_000)),
        ("braces", b"{".repeat(200_000)),
        ("braces with names", b"{a: ".repeat(200_000)),
        ("dashes", b"- ".repeat(200_000)),
        ("question marks", b"? ".repeat(200_000)),
        ("fields in fields", b"a: ".repeat(200_000)),
        ("anchors", b"- &a x\n".repeat(200_000)),
        ("aliases", b"*a ".repeat(200_000)),
        ("tags", b"- !a x\n".repeat(200_000)),
        ("directives", b"%A\n".repeat(200_000)),
        ("documents", b"---\n".repeat(200_000)),
        ("comments", b"#\n".repeat(big / 2)),
        ("blank lines", b"\n".repeat(big)),
        ("colons", b":".repeat(200_000)),
        ("empty fields", b":\n".repeat(200_000)),
        ("one long word", b"a".repeat(big)),
        ("one long line", b"a ".repeat(big / 2)),
        ("many lines of text", b"a\n".repeat(big / 2)),
        ("small scalars", b"- a\n".repeat(big / 4)),
        ("small scalars in flow", [&b"["[..], &b"a,".repeat(big / 2)].concat()),
        ("small lists", b"- []\n".repeat(big / 5)),
        ("a huge quoted text", [&b"a: \""[..], &b"x\\n".repeat(big / 4), b"\""].concat()),
        ("refused escapes", [&b"a: \""[..], &b"\\0".repeat(big / 4), b"\""].concat()),
        ("an unclosed quote", [&b"a: \""[..], &b"x\n  ".repeat(big / 4)].concat()),
        ("an unclosed single quote", [&b"a: '"[..], &b"''".repeat(big / 4)].concat()),
        ("control characters", b"\x01".repeat(big)),
        ("bidi", "\u{202e}".repeat(big / 3).into_bytes()),
        ("duplicates", b"a: 1\n".repeat(big / 50)),
        ("names that differ", (0..big / 50).flat_map(|n| format!("k{n}: {n}\n").into_bytes()).collect()),
        ("a block text", [&b"a: |\n"[..], &b"  x\n".repeat(big / 4)].concat()),
        ("deep blanks", [&b"a:\n"[..], &b" ".repeat(big / 2), b"- x"].concat()),
        ("deepening", (1..1000).flat_map(|n| [&b" ".repeat(n)[..], b"- x\n"].concat()).collect()),
        ("carriage returns", b"\r".repeat(big)),
        ("tabs", b"\t".repeat(200_000)),
        ("keys without values", b"? a\n".repeat(big / 50)),
        ("flow pairs", [&b"["[..], &b"a: b, ".repeat(200_000)].concat()),
        ("percent", b"a: 1\n%".repeat(100_000)),
    ];
    for (name, bytes) in inputs {
        let before = Instant::now();
        let (_, diagnostics) = found::<BTreeMap<String, Garden>>(&bytes);
        let took = before.elapsed();
        assert!(!diagnostics.is_empty() && diagnostics.len() <= 101, "{name}: {}", diagnostics.len());
        assert!(took < bound, "{name}: {took:?}");
    }
}

#[test]
fn all_problems_of_a_shape_are_told_at_once() {
    let text = "version: 2
beds:
  Rose_Bed:
    plants: [rose]
  herbs:
    plants: thyme
    watr: little
    sunny: yes
    rows: 256
    every: 3 days
  roots:
    plants: [carrot, 12, true]
    water: mcuh
  empty:
  odd: [1]
  bare: {}
  pipes:
    plants: []
    source: {tap: many}
    tool: {kind: hoes, length: 1}
    labels: 5
  wells:
    plants: []
    source: {wall: 1}
    tool: {kind: spade, length: 1}
    labels: [a, 5]
note: 0123
";
    let (value, diagnostics) = found::<Garden>(text.as_bytes());
    assert!(value.is_none());
    let told: Vec<_> = diagnostics
        .iter()
        .zip(placed(&diagnostics))
        .map(|(d, (code, line, column))| {
            format!("{line}:{column} {} {} ({})", code.trim_start_matches("yaml/"), d.message, d.help.as_deref().unwrap_or("-"))
        })
        .collect();
    let expected = [
        "1:10 invalid-value `2` is out of range (use exactly 1)",
        "3:3 invalid-value `Rose_Bed` does not have the form of a name (match `^[a-z0-9][a-z0-9-]{0,62}$`)",
        "6:13 wrong-type expected a list of texts, found a text (write a list: `[thyme]`)",
        "7:5 unknown-field unknown field `watr` (did you mean `water`?)",
        "8:12 wrong-type expected `true` or `false`, found a text (-)",
        "9:11 invalid-value `256` is out of range (use 0 to 255)",
        "10:12 invalid-value `3 days` does not have the expected form (match `^([0-9]{1,6}[wdhms])+$`)",
        "12:22 wrong-type expected a text, found the number `12` (quote it: `\"12\"`)",
        "12:26 wrong-type expected a text, found `true` (quote it: `\"true\"`)",
        "13:12 invalid-value `mcuh` is not accepted here (did you mean `much`?)",
        "14:8 wrong-type expected a mapping, found nothing (-)",
        "15:8 wrong-type expected a mapping, found a list (-)",
        "16:3 missing-field missing field `plants` (-)",
        "19:19 wrong-type expected a whole number, found a text (-)",
        "20:18 invalid-value `hoes` is not accepted here (did you mean `hose`?)",
        "21:13 wrong-type expected a text or a list of texts, found the number `5` (quote it: `\"5\"`)",
        "24:14 unknown-field unknown field `wall` (did you mean `well`?)",
        "25:25 unknown-field unknown field `length` (the fields here are `kind` and `width`)",
        "25:5 missing-field missing field `width` (-)",
        "26:17 wrong-type expected a text, found the number `5` (quote it: `\"5\"`)",
        "27:7 wrong-type expected a text, found the number `0123` (quote it: `\"0123\"`)",
    ];
    assert_eq!(told, expected, "{told:#?}");
}

#[test]
fn a_large_file_is_told_the_same_as_a_small_one() {
    let beds = |count: usize| (0..count).map(|i| format!("  bed-{i}: {{ plants: [rose, leek] }}\n")).collect::<String>();
    for (line, code) in [
        ("  last: { plants: [rose], sun: true }\n", Some("yaml/unknown-field")),
        ("  last: { water: much }\n", Some("yaml/missing-field")),
        ("  last: { plants: [rose], rows: many }\n", Some("yaml/wrong-type")),
        ("  Last: { plants: [rose] }\n", Some("yaml/invalid-value")),
        ("  last: { plants: [rose], every: soon }\n", Some("yaml/invalid-value")),
        ("  last: { plants: [rose] }\n", None),
    ] {
        for count in [1, LARGE] {
            let (garden, diagnostics) = found::<Garden>(format!("version: 1\nbeds:\n{}{line}", beds(count)).as_bytes());
            let expected: Vec<_> = code.map(|code| (code, u32::try_from(count).expect("few") + 3)).into_iter().collect();
            let places: Vec<_> = placed(&diagnostics).into_iter().map(|(code, line, _)| (code, line)).collect();
            assert_eq!((places, garden.is_some()), (expected, code.is_none()), "{count} and {line}");
        }
    }
}

#[test]
fn a_refused_character_is_seen_wherever_it_stands() {
    for character in (0..=0x2fff_u32).chain(0xfe00..=0xffff).filter_map(char::from_u32) {
        for before in [0, 255, 256, 300] {
            let mut problems = Problems::default();
            let text = format!("{}{character}{}", "a".repeat(before), "b".repeat(300));
            assert!(characters::text(text.as_bytes(), &mut problems).is_some());
            assert_eq!(problems.count() > 0, characters::refused(character).is_some(), "{character:?} after {before}");
        }
    }
}

#[test]
fn an_empty_file_lacks_its_mapping() {
    let (_, diagnostics) = found::<Garden>(b"# nothing\n");
    assert_eq!(placed(&diagnostics), [("yaml/wrong-type", 1, 1)]);
    let (_, diagnostics) = found::<Garden>(b"\nnote: x\n");
    assert_eq!(placed(&diagnostics), [("yaml/missing-field", 2, 1), ("yaml/missing-field", 2, 1)]);
}

#[test]
fn refused_values_and_merge_keys_hide_no_other_problem_and_cause_none() {
    let (_, diagnostics) = found::<Garden>(b"version: *v\nbeds: {a: {<<: *b, watr: x}}\n");
    assert_eq!(
        placed(&diagnostics),
        [("yaml/alias", 1, 10), ("yaml/merge-key", 2, 12), ("yaml/alias", 2, 16), ("yaml/unknown-field", 2, 20)]
    );
}

#[test]
fn a_good_file_becomes_its_type() {
    let text = "version: 1\nbeds:\n  a: {plants: [x], water: much, every: 2w, source: rain, labels: q}\n  b: {plants: [], source: {tap: 3}, tool: {kind: hose, length: 2}, labels: [q, r]}\n  c: {plants: [], source: {well: {depth: 7}}}\n";
    let (garden, diagnostics) = found::<Garden>(text.as_bytes());
    assert_eq!(placed(&diagnostics), []);
    let beds = garden.expect("a garden").beds;
    let bed = |name: &str| &beds[&Name::new(name).expect("a name")];
    assert_eq!(
        (&bed("a").water, &bed("a").source, &bed("a").labels),
        (&Water::Much, &Some(Source::Rain), &Some(OneOrMany::One("q".into())))
    );
    assert_eq!((&bed("b").source, &bed("b").tool), (&Some(Source::Tap(3)), &Some(Tool::Hose { length: 2 })));
    assert_eq!(bed("c").source, Some(Source::Well { depth: 7 }));
    assert_eq!(bed("a").every, Some(Span::days(14)));
}

#[test]
fn what_only_the_type_refuses_is_told_at_its_place() {
    let (_, diagnostics) = found::<BTreeMap<String, Vec<Span>>>("é: [1d, 999999w]\n".as_bytes());
    assert_eq!(placed(&diagnostics), [("yaml/invalid-value", 1, 9)]);
    let (_, diagnostics) =
        found::<BTreeMap<String, jiff::Timestamp>>(b"a: 2026-01-01T00:00:00Z\nb: hunter2hunter2hunter2hunter2hunter2hunter2hunter2\n");
    assert_eq!(placed(&diagnostics), [("yaml/invalid-value", 2, 4)]);
}

#[test]
fn long_values_are_not_echoed() {
    let secret = "s3cr3t".repeat(10);
    let text = format!("version: {secret}\nbeds:\n  a: {{plants: {secret}, water: {secret}, every: {secret}}}\nnote: {}\n", "9".repeat(60));
    let (_, diagnostics) = found::<Garden>(text.as_bytes());
    assert_eq!(diagnostics.len(), 5);
    let told = format!("{diagnostics:?}");
    assert!(!told.contains("s3cr3t") && !told.contains("99999"), "{told}");
}

#[test]
fn many_problems_are_counted_and_not_listed() {
    let (_, diagnostics) = found::<Garden>("a: &x 1\n".repeat(150).as_bytes());
    assert_eq!(diagnostics.len(), 101);
    // 150 anchors, 149 duplicates, 150 unknown fields, 2 missing ones, less those listed.
    assert_eq!(diagnostics[100].message, "351 more problems in this file");
}

#[derive(Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Wire {
    first: Placed<Vec<Placed<String>>>,
    #[serde(default)]
    keys: Entries<Placed<u32>>,
}

#[test]
fn placed_values_and_names_know_where_they_are() {
    let (wire, diagnostics) = found::<Wire>("first: [é, \"b\"]\nkeys:\n  ü: 7\n  'x y':   8\n".as_bytes());
    assert_eq!(placed(&diagnostics), []);
    let name = |at, name: &str| PlacedName { at, name: name.into() };
    let expected = Wire {
        first: Placed { at: (1, 8), value: vec![Placed { at: (1, 9), value: "é".into() }, Placed { at: (1, 12), value: "b".into() }] },
        keys: Entries(vec![(name((3, 3), "ü"), Placed { at: (3, 6), value: 7 }), (name((4, 3), "x y"), Placed { at: (4, 12), value: 8 })]),
    };
    assert_eq!(wire, Some(expected));
    let plain: Wire = serde_json::from_str(r#"{"first": ["a"], "keys": {"k": 1}}"#).expect("JSON");
    assert_eq!((plain.first.at, plain.keys.0[0].0.at), ((0, 0), (0, 0)));
    assert_eq!(plain.keys.0[0].1.value, 1);
    let (_, diagnostics) = found::<Wire>(b"first: [1]\nkeys: {a: x}\n");
    assert_eq!(placed(&diagnostics), [("yaml/wrong-type", 1, 9), ("yaml/wrong-type", 2, 11)]);
}

#[test]
fn routes_lead_to_names_and_values() {
    let text = "a:\n  - x\n  - {é: 'two words', c: [1]}\r\nd:\r\n";
    let route = |steps: &[Step]| Route(steps.to_vec());
    let (field, index) = (|name: &str| Step::Field(name.into()), Step::Index);
    let span = |line, column, length| Some(SourceSpan { line, column, length });
    let place = |steps: &[Step], part| locate(text.as_bytes(), &route(steps), part);
    assert_eq!(place(&[], Part::Value), span(1, 1, 1));
    assert_eq!(place(&[field("a")], Part::Field), span(1, 1, 1));
    assert_eq!(place(&[field("a"), index(0)], Part::Value), span(2, 5, 1));
    assert_eq!(place(&[field("a"), index(1), field("é")], Part::Value), span(3, 9, 11));
    assert_eq!(place(&[field("a"), index(1), field("c"), index(0)], Part::Field), span(3, 26, 1));
    assert_eq!(place(&[field("d")], Part::Value), span(4, 2, 1));
    assert_eq!(place(&[field("e")], Part::Value), None);
    assert_eq!(line(text.as_bytes(), 3).as_deref(), Some("  - {é: 'two words', c: [1]}"));
    assert_eq!((line(text.as_bytes(), 4).as_deref(), line(text.as_bytes(), 9)), (Some("d:"), None));
    assert_eq!(line(b"a\rb\r\nc", 3).as_deref(), Some("c"));
}

#[test]
fn written_texts_stay_texts_and_on_one_line() {
    let long = "word ".repeat(60) + "end";
    for text in [
        "no",
        "Yes",
        "1e3",
        "0123",
        "0x1",
        "null",
        "~",
        "",
        " x ",
        "a: b",
        "# c",
        "- d",
        "12:30:45",
        "<<",
        "=",
        "*x",
        "&x",
        "!x",
        "%x",
        "@x",
        "true",
        ".inf",
        "a #b",
        "\"",
        "'",
        "x\n",
        "2026-01-01",
        &long,
    ] {
        let written = write(&BTreeMap::from([("k", text)]));
        assert_eq!(
            found::<BTreeMap<String, String>>(written.as_bytes()).0.and_then(|map| map.get("k").cloned()).as_deref(),
            Some(text),
            "{written}"
        );
        assert_eq!(written.lines().count(), 1, "{written}");
    }
    assert_eq!(write(&serde_json::json!({"a": {"b": ["x", "no"], "c": {}}, "d": []})), "a:\n  b:\n    - x\n    - \"no\"\n  c: {}\nd: []\n");
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(text in proptest::prelude::any::<String>(), name in proptest::prelude::any::<String>(), number in proptest::prelude::any::<i64>()) {
        let fine = |text: &str| text.chars().filter(|c| characters::refused(*c).is_none() && *c != '\r').collect::<String>();
        let value = serde_json::json!({ fine(&name): [fine(&text), number], "z": {"y": fine(&text), "x": null} });
        let written = write(&value);
        let (read, diagnostics) = found::<Value>(written.as_bytes());
        prop_assert_eq!(diagnostics, vec![], "{}", written);
        prop_assert_eq!(read, Some(value), "{}", written);
    }

    #[test]
    fn any_bytes_get_an_answer(bytes in prop::collection::vec(prop::sample::select(b"ab:-?[]{},&*!|>'\"%@#\n\r \t~<0.\\\xc3\xa9".to_vec()), 0..60)) {
        let (value, diagnostics) = found::<Value>(&bytes);
        prop_assert_eq!(value.is_some(), diagnostics.is_empty());
        let lines = bytes.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count() as u32 + 1;
        for (_, line, column) in placed(&diagnostics) {
            prop_assert!((1..=lines).contains(&line) && (1..=70).contains(&column), "{}:{}", line, column);
        }
    }
}
