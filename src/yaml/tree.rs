//! One pass over the parser's events into a flat tree with positions; every construct that is more than data is reported here. Knows no types.
use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use serde_yaml::granit_parser::{ErrorKind, Event, Parser, ScalarStyle, ScanError, Span, StrInput, options};

use super::characters;
use super::pieces;
use super::problems::Problems;
use super::room::{MAX_NODES, Room};
use super::scalar::{Scalar, resolve};
use crate::diagnostics::{Code, Diagnostic, SourceSpan};

/// Collections inside collections, the outermost included.
pub(super) const MAX_DEPTH: usize = 32;

/// What a node is in the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Plain,
    Quoted,
    List,
    /// Names and values alternate below it.
    Map,
    /// Reported already; fits every shape.
    Refused,
}

/// One value or field name.
#[derive(Debug)]
pub(super) struct Node<'a> {
    pub(super) text: Cow<'a, str>,
    pub(super) at: SourceSpan,
    /// Nodes in this subtree, itself included.
    size: u32,
    pub(super) kind: Kind,
}

/// A document: nodes in the order of the source, each followed by what is inside it.
#[derive(Debug, Default)]
pub(super) struct Tree<'a> {
    nodes: Vec<Node<'a>>,
    /// Whether parsing came to the end.
    pub(super) complete: bool,
}

impl<'a> Tree<'a> {
    /// The outermost node; an empty document is null.
    pub(super) const ROOT: usize = 0;

    pub(super) fn node(&self, index: usize) -> &Node<'a> {
        &self.nodes[index]
    }

    /// How many nodes there are.
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Makes room for so many nodes more.
    pub(super) fn reserve(&mut self, more: usize) {
        self.nodes.reserve_exact(more);
    }

    /// Adds the entries of another tree's outermost mapping to the last mapping of this one, `lines` further down.
    pub(super) fn extend(&mut self, map: usize, other: Self, lines: u32) {
        let size = self.len() - 1 + other.len();
        self.nodes.extend(other.nodes.into_iter().skip(1).map(|mut node| {
            node.at.line += lines;
            node
        }));
        for outer in [Self::ROOT, map] {
            self.nodes[outer].size = u32::try_from(size - outer).expect("the number of nodes is limited");
        }
    }

    /// The index after a node and everything inside it.
    pub(super) fn after(&self, index: usize) -> usize {
        index + self.nodes[index].size as usize
    }

    /// The nodes directly inside a collection.
    pub(super) fn children(&self, index: usize) -> impl Iterator<Item = usize> {
        self.siblings(index, index + 1)
    }

    /// The same, from one of them on.
    pub(super) fn siblings(&self, index: usize, first: usize) -> impl Iterator<Item = usize> {
        let end = self.after(index);
        let inside = move |child: usize| (child < end).then_some(child);
        std::iter::successors(inside(first), move |&child| inside(self.after(child)))
    }

    /// Field names and values of a mapping.
    pub(super) fn entries(&self, index: usize) -> impl Iterator<Item = (usize, usize)> {
        let end = self.after(index);
        let pair = move |name: usize| (name < end).then(|| (name, self.after(name))).filter(|&(_, value)| value < end);
        std::iter::successors(pair(index + 1), move |&(_, value)| pair(self.after(value)))
    }

    pub(super) fn scalar(&self, index: usize) -> Option<Scalar<'_>> {
        let node = self.node(index);
        match node.kind {
            Kind::Plain => Some(resolve(&node.text)),
            Kind::Quoted => Some(Scalar::Text(&node.text)),
            Kind::List | Kind::Map | Kind::Refused => None,
        }
    }
}

struct Frame {
    node: usize,
    map: bool,
    /// Children so far; in a mapping the even ones are names.
    children: usize,
}

struct Builder<'a, 'p> {
    source: &'a str,
    tree: Tree<'a>,
    open: Vec<Frame>,
    above: usize,
    room: &'p Room,
    /// What is left of the share that was taken of it.
    share: usize,
    problems: &'p mut Problems,
}

/// Why building ended before the end.
struct Stop;

/// Reports the `%` lines before a document, and gives the text with comments in their place, so that the rest can be read.
pub(super) fn without_directives<'a>(text: &'a str, problems: &mut Problems) -> Cow<'a, str> {
    let mut patched = Cow::Borrowed(text);
    let mut offset = 0;
    for (line, number_of_line) in text.split_inclusive('\n').zip(1..) {
        if line.starts_with('%') {
            let length = number(line.trim_end().chars().count());
            let problem = || Diagnostic::error(Code::YamlDirective, "directives are not supported").help("remove the line");
            problems.add(problem, SourceSpan { line: number_of_line, column: 1, length });
            patched.to_mut().replace_range(offset..=offset, "#");
        } else if !line.starts_with('#') && !line.trim().is_empty() {
            break;
        }
        offset += line.len();
    }
    patched
}

/// Parses text that [`characters::text`] has passed.
pub(super) fn parse<'a>(source: &'a str, problems: &mut Problems) -> Tree<'a> {
    let in_pieces = if problems.count() == 0 { pieces::parse(source) } else { None };
    in_pieces.unwrap_or_else(|| build(source, 0, &Room::new(), problems))
}

/// Parses on this thread alone. `above`: collections that the text stands in already.
pub(super) fn build<'a>(source: &'a str, above: usize, room: &Room, problems: &mut Problems) -> Tree<'a> {
    let options = options! {
        emit_comments: false,
        emit_anchor_events: true,
        emit_unresolved_aliases: true,
        disallow_directives: true,
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
    };
    let before = problems.count();
    let mut parser = Parser::new_from_str_with_options(source, options);
    // Of a usual text all nodes and some more: growing holds two copies for a while, and only dense ones do.
    let nodes = Vec::with_capacity((source.len() / 8 + 2).min(MAX_NODES + 1));
    let mut builder = Builder { source, tree: Tree { nodes, complete: false }, open: Vec::new(), above, room, share: 0, problems };
    let ended = builder.run(&mut parser, before > 0);
    builder.tree.complete = ended.is_ok();
    while let Some(frame) = builder.open.pop() {
        builder.close(frame.node);
    }
    if builder.tree.nodes.is_empty() {
        let at = SourceSpan { line: 1, column: 1, length: 0 };
        builder.tree.nodes.push(Node { text: Cow::Borrowed(""), at, size: 1, kind: Kind::Plain });
    }
    builder.tree
}

/// Reports the names that stand twice in one mapping.
pub(super) fn duplicates(tree: &Tree<'_>, map: usize, problems: &mut Problems) {
    let names = || tree.entries(map).map(|(name, _)| tree.node(name)).filter(|name| name.kind != Kind::Refused);
    let mut report = |name: &Node, first: u32| {
        let build = || {
            let message = format!("field {} appears twice in one mapping", super::quote(&name.text));
            Diagnostic::error(Code::YamlDuplicateField, message).label(format!("first on line {first}")).help("keep one of them")
        };
        problems.add(build, name.at);
    };
    // Nearly all mappings are small; only large ones are worth a hash table.
    if tree.node(map).size <= 2 * 16 + 1 {
        for (position, name) in names().enumerate() {
            if let Some(first) = names().take(position).find(|other| other.text == name.text) {
                report(name, first.at.line);
            }
        }
    } else {
        let mut lines: HashMap<&str, u32> = HashMap::new();
        for name in names() {
            match lines.entry(&name.text) {
                Entry::Occupied(first) => report(name, *first.get()),
                Entry::Vacant(free) => {
                    free.insert(name.at.line);
                }
            }
        }
    }
}

impl<'a> Builder<'a, '_> {
    fn run(&mut self, parser: &mut Parser<'a, StrInput<'a>>, bad_characters: bool) -> Result<(), Stop> {
        let mut documents = 0;
        while let Some(event) = parser.next_event() {
            match event {
                Ok((Event::DocumentStart(..), span)) => {
                    documents += 1;
                    if documents > 1 {
                        self.add(Code::YamlSeveralDocuments, "a second document begins here", place(&span), "keep one document in a file");
                        return Ok(());
                    }
                }
                Ok((event, span)) => self.take(event, &span)?,
                Err(error) => {
                    self.fail(&error, bad_characters);
                    return Err(Stop);
                }
            }
        }
        Ok(())
    }

    fn take(&mut self, event: Event<'a>, span: &Span) -> Result<(), Stop> {
        if event.tag().is_some() {
            let at = span.tag_span().map_or_else(|| place(span), |tag| place(&tag));
            self.add(Code::YamlTag, "tags are not supported", at, "remove the tag; quote a value to make it a text");
        }
        match event {
            Event::Scalar(text, style, ..) => self.scalar(text, style, span),
            Event::SequenceStart(..) => self.begin(Kind::List, span),
            Event::MappingStart(..) => self.begin(Kind::Map, span),
            Event::SequenceEnd => {
                self.end();
                Ok(())
            }
            Event::MappingEnd => {
                if let Some(frame) = self.end() {
                    duplicates(&self.tree, frame, self.problems);
                }
                Ok(())
            }
            Event::Anchor(..) => {
                self.add(
                    Code::YamlAnchor,
                    "anchors are not supported",
                    place(span),
                    "remove it, and write the value out where it is needed",
                );
                Ok(())
            }
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                self.add(Code::YamlAlias, "aliases are not supported", place(span), "write the value out");
                self.push(Kind::Refused, Cow::Borrowed(""), place(span))
            }
            // Stream and document ends carry nothing; the event type is open to additions, comments among them.
            _ => Ok(()),
        }
    }

    fn scalar(&mut self, text: Cow<'a, str>, style: ScalarStyle, span: &Span) -> Result<(), Stop> {
        let mut at = place(span);
        let mut text = text;
        let mut kind = Kind::Quoted;
        if style == ScalarStyle::Plain {
            kind = Kind::Plain;
            if span.start.index() == span.end.index() {
                // The parser's stand-in for a value that is not there.
                text = Cow::Borrowed("");
                at.length = 0;
            }
        }
        if style == ScalarStyle::DoubleQuoted && matches!(text, Cow::Owned(_)) && characters::needs_escape_check(&text) {
            characters::escapes(self.source, span.byte_range().unwrap_or_default(), place(span), self.problems);
        }
        if self.expects_name() && kind == Kind::Plain {
            if text == "<<" {
                self.add(Code::YamlMergeKey, "merge keys are not supported", at, "write the merged fields out");
                kind = Kind::Refused;
            } else if text.is_empty() {
                self.add(Code::YamlWrongType, "a field without a name", at, "give it a name, or remove it");
                kind = Kind::Refused;
            }
        }
        self.push(kind, text, at)
    }

    fn begin(&mut self, kind: Kind, span: &Span) -> Result<(), Stop> {
        let at = SourceSpan { length: 1, ..place(span) };
        let mut kind = kind;
        let map = kind == Kind::Map;
        if self.above + self.open.len() >= MAX_DEPTH {
            let message = format!("lists and mappings are nested deeper than {MAX_DEPTH} levels");
            self.add(Code::YamlTooDeep, &message, at, "flatten the structure");
            return Err(Stop);
        }
        if self.expects_name() {
            let found = if map { "a mapping" } else { "a list" };
            self.add(Code::YamlWrongType, &format!("a field name must be a text, found {found}"), at, "use a text as the field name");
            kind = Kind::Refused;
        }
        self.push(kind, Cow::Borrowed(""), at)?;
        self.open.push(Frame { node: self.tree.nodes.len() - 1, map, children: 0 });
        Ok(())
    }

    fn end(&mut self) -> Option<usize> {
        let frame = self.open.pop()?;
        self.close(frame.node);
        Some(frame.node)
    }

    fn close(&mut self, node: usize) {
        self.tree.nodes[node].size = u32::try_from(self.tree.nodes.len() - node).expect("the number of nodes is limited");
    }

    fn push(&mut self, kind: Kind, text: Cow<'a, str>, at: SourceSpan) -> Result<(), Stop> {
        if self.share == 0 {
            self.share = self.room.share();
        }
        if self.share == 0 {
            let message = format!("more than {MAX_NODES} values and field names in one file");
            self.add(Code::YamlTooLarge, &message, at, "split it into several files");
            return Err(Stop);
        }
        self.share -= 1;
        self.tree.nodes.push(Node { text, at, size: 1, kind });
        if let Some(frame) = self.open.last_mut() {
            frame.children += 1;
        }
        Ok(())
    }

    fn expects_name(&self) -> bool {
        self.open.last().is_some_and(|frame| frame.map && frame.children % 2 == 0)
    }

    fn fail(&mut self, error: &ScanError, bad_characters: bool) {
        let marker = error.marker();
        let at = SourceSpan { line: number(marker.line()), column: number(marker.col() + 1), length: 1 };
        match error.kind() {
            ErrorKind::DirectiveDisallowed => self.add(Code::YamlDirective, "directives are not supported", at, "remove the line"),
            ErrorKind::RecursionLimitExceeded => {
                let message = format!("lists and mappings are nested deeper than {MAX_DEPTH} levels");
                self.add(Code::YamlTooDeep, &message, at, "flatten the structure");
            }
            ErrorKind::UndeclaredTagHandle => self.add(Code::YamlTag, "tags are not supported", at, "remove the tag"),
            // The characters are reported already, and are the likely cause.
            _ if bad_characters => {}
            kind => {
                let (message, help) = super::syntax::words(kind);
                self.add(Code::YamlSyntax, &message, at, help);
            }
        }
    }

    fn add(&mut self, code: Code, message: &str, at: SourceSpan, help: &str) {
        self.problems.add(|| Diagnostic::error(code, message).help(help), SourceSpan { length: at.length.max(1), ..at });
    }
}

fn place(span: &Span) -> SourceSpan {
    let one_line = span.start.line() == span.end.line();
    let length = if one_line { span.end.col().saturating_sub(span.start.col()) } else { 1 };
    SourceSpan { line: number(span.start.line()), column: number(span.start.col() + 1), length: number(length) }
}

fn number(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
