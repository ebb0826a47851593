//! Finds routes in a parsed document, many of them in a row: a thousand problems in a large collection must not cost a thousand walks.
use std::collections::BTreeMap;

use super::problems::Problems;
use super::tree::{self, Kind, Tree};
use crate::diagnostics::{Part, Route, SourceSpan, Step};

/// A parsed document that answers where its routes are.
pub struct Places<'a> {
    tree: Tree<'a>,
    /// The field names of each mapping that was asked for, in the order of their texts.
    names: BTreeMap<usize, Vec<u32>>,
    /// The list item last found: its list, its index and its node.
    last: Option<(usize, usize, usize)>,
}

impl<'a> Places<'a> {
    /// Parses as far as the text can be parsed. Takes what [`super::text_of`] gives.
    pub fn of(text: &'a str) -> Self {
        Self { tree: tree::parse(text, &mut Problems::default()), names: BTreeMap::new(), last: None }
    }

    /// The span of a route's field name or value.
    pub fn locate(&mut self, route: &Route, part: Part) -> Option<SourceSpan> {
        let mut place = (None, Tree::ROOT);
        for step in &route.0 {
            let here = place.1;
            place = match (step, self.tree.node(here).kind) {
                (Step::Field(field), Kind::Map) => {
                    let name = self.name(here, field)?;
                    (Some(name), self.tree.after(name))
                }
                (Step::Index(index), Kind::List) => (None, self.item(here, *index)?),
                _ => return None,
            };
        }
        let index = match part {
            Part::Field => place.0.unwrap_or(place.1),
            Part::Value => place.1,
        };
        let at = self.tree.node(index).at;
        Some(SourceSpan { length: at.length.max(1), ..at })
    }

    /// The first field of a mapping with this name.
    fn name(&mut self, map: usize, field: &str) -> Option<usize> {
        let tree = &self.tree;
        let text = |name: u32| &*tree.node(name as usize).text;
        let names = self.names.entry(map).or_insert_with(|| {
            let all = tree.entries(map).map(|(name, _)| u32::try_from(name).expect("the number of nodes is limited"));
            let mut names: Vec<u32> = all.collect();
            names.sort_by_key(|&name| (text(name), name));
            names
        });
        let at = names.partition_point(|&name| text(name) < field);
        names.get(at).filter(|&&name| text(name) == field).map(|&name| name as usize)
    }

    fn item(&mut self, list: usize, index: usize) -> Option<usize> {
        let found = match self.last {
            Some((same, before, node)) if same == list && before <= index => self.tree.siblings(list, node).nth(index - before)?,
            Some(_) | None => self.tree.children(list).nth(index)?,
        };
        self.last = Some((list, index, found));
        Some(found)
    }
}
