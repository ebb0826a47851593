//! Finds what is wrong with an expression before it is ever evaluated: names that do not exist, kinds that do not fit, and what could take long.
use cel::common::ast::operators as op;
use cel::common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedExpr, LiteralValue, SourceInfo};
use regex::Regex;

use super::super::expression::Mistake;
use super::kind::{Kind, VARIABLES};
use crate::diagnostics::suggest;

/// How deep an expression may be nested.
const DEEPEST: u32 = 200;
/// Functions that can be called, with what they are for.
const FUNCTIONS: [&str; 8] = ["size", "contains", "startsWith", "endsWith", "matches", "days", "date", "duration"];
/// Called on a list, with the name of an item and an expression over it.
const MACROS: [&str; 6] = ["exists", "all", "exists_one", "filter", "map", "has"];

/// What a look through an expression finds.
pub(super) struct Check<'a> {
    text: &'a str,
    source: &'a SourceInfo,
    pub mistakes: Vec<Mistake>,
    /// Names of items, innermost last.
    items: Vec<(String, Kind)>,
    depth: u32,
    /// Nodes of the expression.
    pub nodes: u64,
    /// How many loops stand in each other at most.
    loops: u32,
    pub most_loops: u32,
    /// The items of the longest list that the text holds.
    pub longest_list: u64,
    /// Patterns that `matches` is called with.
    pub patterns: Vec<String>,
    /// What a change gives or takes is looked at.
    pub weighs_a_change: bool,
}

impl<'a> Check<'a> {
    pub fn of(text: &'a str, source: &'a SourceInfo) -> Self {
        Self {
            text,
            source,
            mistakes: Vec::new(),
            items: Vec::new(),
            depth: 0,
            nodes: 0,
            loops: 0,
            most_loops: 0,
            longest_list: 0,
            patterns: Vec::new(),
            weighs_a_change: false,
        }
    }

    /// Looks through a whole expression, which must say yes or no.
    pub fn run(&mut self, expression: &IdedExpr) {
        let kind = self.kind(expression);
        if !matches!(kind, Kind::Bool | Kind::Any) {
            let mistake = Mistake::new(None, format!("the expression is {}, and must be true or false", kind.words()));
            self.mistakes.push(mistake.help("compare it with something"));
        }
    }

    /// Adds a mistake at a node; `word`: what of it is meant.
    fn wrong(&mut self, node: &IdedExpr, word: Option<&str>, message: String, help: Option<String>) -> Kind {
        let offset = self.source.offset_for(node.id).map(|(start, stop)| (start as usize, stop as usize));
        let at = offset.map(|(start, stop)| {
            let found = word.and_then(|word| {
                let rest: String = self.text.chars().skip(start).collect();
                Some((start + rest[..rest.find(word)?].chars().count(), word.chars().count()))
            });
            found.unwrap_or((start, (stop + 1).saturating_sub(start).max(1)))
        });
        self.mistakes.push(Mistake { at, message, help });
        Kind::Any
    }

    fn kind(&mut self, node: &IdedExpr) -> Kind {
        self.nodes += 1;
        if self.depth >= DEEPEST {
            // Once is enough.
            if self.depth == DEEPEST {
                self.depth += 1;
                self.mistakes.push(Mistake::new(None, format!("the expression is nested deeper than {DEEPEST} levels")));
            }
            return Kind::Any;
        }
        self.depth += 1;
        let kind = self.kind_of(node);
        self.depth = self.depth.saturating_sub(1);
        kind
    }

    fn kind_of(&mut self, node: &IdedExpr) -> Kind {
        match &node.expr {
            Expr::Literal(literal) => match literal {
                LiteralValue::Boolean(_) => Kind::Bool,
                LiteralValue::Int(_) | LiteralValue::UInt(_) => Kind::Int,
                LiteralValue::Double(_) => Kind::Double,
                LiteralValue::String(_) => Kind::Text,
                LiteralValue::Null => Kind::Null,
                LiteralValue::Bytes(_) => {
                    self.wrong(node, None, "bytes are of no use here: nothing is compared with them".to_owned(), None)
                }
            },
            Expr::Ident(name) => self.variable(node, name),
            Expr::Select(select) => {
                let operand = self.kind(&select.operand);
                let kind = self.field(node, &operand, &select.field);
                if select.test { Kind::Bool } else { kind }
            }
            Expr::List(list) => {
                self.longest_list = self.longest_list.max(list.elements.len() as u64);
                let mut all = Kind::Any;
                for element in &list.elements {
                    let kind = self.kind(element);
                    if !kind.meets(&all) {
                        self.wrong(element, None, format!("{} stands in a list of which each item is {}", kind.words(), all.words()), None);
                    } else if all == Kind::Any {
                        all = kind;
                    }
                }
                self.list_of(node, all)
            }
            Expr::Call(call) => self.call(node, call),
            Expr::Comprehension(comprehension) => self.comprehension(node, comprehension),
            Expr::Map(map) => {
                for entry in &map.entries {
                    if let EntryExpr::MapEntry(entry) = &entry.expr {
                        self.kind(&entry.value);
                    }
                }
                self.wrong(node, None, "a rule has no use for a mapping".to_owned(), None)
            }
            Expr::Struct(_) => self.wrong(node, None, "a rule cannot make objects".to_owned(), None),
            Expr::Unspecified => Kind::Any,
        }
    }

    fn list_of(&mut self, node: &IdedExpr, item: Kind) -> Kind {
        if matches!(item, Kind::List(_)) {
            // What could grow with every step has no place in a rule.
            return self.wrong(node, None, "a list of lists is more than a rule needs".to_owned(), None);
        }
        Kind::List(Box::new(item))
    }

    fn variable(&mut self, node: &IdedExpr, name: &str) -> Kind {
        if let Some((_, kind)) = self.items.iter().rev().find(|(item, _)| item == name) {
            return kind.clone();
        }
        if let Some(kind) = Kind::of_variable(name) {
            self.weighs_a_change |= name == "access";
            return kind;
        }
        let known: Vec<&str> =
            self.items.iter().map(|(name, _)| name.as_str()).filter(|name| !name.starts_with('@')).chain(VARIABLES).collect();
        let help = suggest::did_you_mean(name, known.iter().copied()).or_else(|| Some(format!("there are: {}", quoted(&known))));
        self.wrong(node, Some(name), format!("there is no `{name}`"), help)
    }

    fn field(&mut self, node: &IdedExpr, operand: &Kind, field: &str) -> Kind {
        match operand {
            Kind::Object(object) => {
                if let Some(kind) = Kind::of_field(object, field) {
                    return kind;
                }
                let known: Vec<&str> = Kind::fields(object).iter().map(|(name, ..)| *name).collect();
                let help = suggest::did_you_mean(field, known.iter().copied()).or_else(|| Some(format!("it has: {}", quoted(&known))));
                self.wrong(node, Some(field), format!("`{object}` has no field `{field}`"), help)
            }
            Kind::List(item) if matches!(**item, Kind::Object(_)) => {
                let message = format!("a list has no field `{field}`; each of its items has fields");
                self.wrong(node, Some(field), message, Some(format!("use `.exists(s, s.{field} …)` or `.all(s, s.{field} …)`")))
            }
            Kind::Any => Kind::Any,
            other => self.wrong(node, Some(field), format!("{} has no field `{field}`", other.words()), None),
        }
    }

    fn comprehension(&mut self, node: &IdedExpr, loops: &ComprehensionExpr) -> Kind {
        let range = self.kind(&loops.iter_range);
        let item = match range {
            Kind::List(item) => *item,
            Kind::Any => Kind::Any,
            other => {
                self.wrong(&loops.iter_range, None, format!("{} has no items to look at", other.words()), None);
                Kind::Any
            }
        };
        let start = self.kind(&loops.accu_init);
        self.loops += 1;
        self.most_loops = self.most_loops.max(self.loops);
        if self.loops > 3 {
            self.wrong(node, None, "more than three loops stand in each other: it would take too long".to_owned(), None);
        }
        self.items.push((loops.accu_var.clone(), start.clone()));
        self.items.push((loops.iter_var.clone(), item));
        self.kind(&loops.loop_cond);
        let step = self.kind(&loops.loop_step);
        self.items.pop();
        self.items.pop();
        self.loops -= 1;
        let end = if start.meets(&step) { step } else { Kind::Any };
        self.items.push((loops.accu_var.clone(), end));
        let result = self.kind(&loops.result);
        self.items.pop();
        result
    }

    fn call(&mut self, node: &IdedExpr, call: &CallExpr) -> Kind {
        let arguments: Vec<&IdedExpr> = call.target.as_deref().into_iter().chain(&call.args).collect();
        let kinds: Vec<Kind> = arguments.iter().map(|argument| self.kind(argument)).collect();
        match (call.func_name.as_str(), &kinds[..], &arguments[..]) {
            (op::NOT_STRICTLY_FALSE, _, _) => Kind::Bool,
            (op::LOGICAL_AND | op::LOGICAL_OR | op::LOGICAL_NOT, _, _) => {
                for (kind, argument) in kinds.iter().zip(&arguments) {
                    if !matches!(kind, Kind::Bool | Kind::Any) {
                        let message = format!("{} stands where true or false belongs", kind.words());
                        self.wrong(argument, None, message, None);
                    }
                }
                Kind::Bool
            }
            (op::CONDITIONAL, [condition, yes, no], [first, _, last]) => {
                if !matches!(condition, Kind::Bool | Kind::Any) {
                    self.wrong(first, None, format!("{} stands where true or false belongs", condition.words()), None);
                }
                match (yes, no) {
                    // A list that grows by what the loop's step adds.
                    (Kind::List(one), Kind::List(other)) => Kind::List(if **one == Kind::Any { other.clone() } else { one.clone() }),
                    (yes, no) if yes.meets(no) => yes.clone(),
                    (yes, no) => self.wrong(last, None, format!("one side is {}, the other {}", yes.words(), no.words()), None),
                }
            }
            (op::EQUALS | op::NOT_EQUALS, [left, right], [first, last]) => {
                if !left.meets(right) {
                    let message = format!("{} is never the same as {}", left.words(), right.words());
                    self.wrong(node, None, message, None);
                }
                self.word(left, last);
                self.word(right, first);
                Kind::Bool
            }
            (op::LESS | op::LESS_EQUALS | op::GREATER | op::GREATER_EQUALS, [left, right], _) => self.order(node, left, right),
            (op::IN, [item, list], [first, last]) => self.within(node, (item, first), (list, last)),
            (op::ADD | op::SUBSTRACT | op::MULTIPLY | op::DIVIDE | op::MODULO, [left, right], [first, _]) => {
                let grows = matches!(&first.expr, Expr::Ident(name) if name.starts_with('@'));
                self.arithmetic(node, &call.func_name, left, right, grows)
            }
            (op::NEGATE, [kind @ (Kind::Int | Kind::Double | Kind::Any)], _) => kind.clone(),
            (name, kinds, arguments) => self.function(node, name, kinds, arguments),
        }
    }

    /// A text that is compared with one of a few words must be one of them.
    fn word(&mut self, kind: &Kind, other: &IdedExpr) {
        let (Kind::Word(name, words), Expr::Literal(LiteralValue::String(text))) = (kind, &other.expr) else { return };
        if !words.contains(&text.inner()) {
            let help =
                suggest::did_you_mean(text.inner(), words.iter().copied()).or_else(|| Some(format!("use one of: {}", quoted(words))));
            self.wrong(other, Some(text.inner()), format!("`{}` is no word for {name}", text.inner()), help);
        }
    }

    fn order(&mut self, node: &IdedExpr, left: &Kind, right: &Kind) -> Kind {
        let (left, right) = (left.not_null(), right.not_null());
        if let Some(Kind::Word(name, _)) = [&left, &right].into_iter().find(|kind| matches!(kind, Kind::Word(..))) {
            let help =
                if *name == "risk" { "name them: `s.risk in [\"high\", \"critical\"]`" } else { "name them: `… in [\"…\", \"…\"]`" };
            self.wrong(
                node,
                None,
                format!("words for {name} have no order: they would be compared letter by letter"),
                Some(help.to_owned()),
            );
            return Kind::Bool;
        }
        let ordered = matches!(left, Kind::Int | Kind::Double | Kind::Text | Kind::Duration | Kind::Moment | Kind::Any);
        if !ordered || !left.meets(&right) {
            let help = match (&left, &right) {
                (Kind::Duration, Kind::Int) | (Kind::Int, Kind::Duration) => Some("write a length of time as `days(90)`".to_owned()),
                (Kind::Moment, Kind::Text) | (Kind::Text, Kind::Moment) => Some("write a day as `date(\"2027-01-31\")`".to_owned()),
                (Kind::Duration, Kind::Text) | (Kind::Text, Kind::Duration) => {
                    Some("write a length of time as `duration(\"720h\")`".to_owned())
                }
                _ => None,
            };
            self.wrong(node, None, format!("{} cannot be compared with {}", left.words(), right.words()), help);
        }
        Kind::Bool
    }

    fn within(&mut self, node: &IdedExpr, (item, first): (&Kind, &IdedExpr), (list, last): (&Kind, &IdedExpr)) -> Kind {
        match list {
            Kind::List(of) if item.meets(of) => {
                self.word(of, first);
                if let Expr::List(list) = &last.expr {
                    list.elements.iter().for_each(|element| self.word(item, element));
                }
            }
            Kind::List(of) => {
                self.wrong(node, None, format!("{} is never in a list of which each item is {}", item.words(), of.words()), None);
            }
            Kind::Any => {}
            other => {
                self.wrong(node, None, format!("`in` looks into lists, and this is {}", other.words()), None);
            }
        }
        Kind::Bool
    }

    fn arithmetic(&mut self, node: &IdedExpr, operator: &str, left: &Kind, right: &Kind, grows: bool) -> Kind {
        match (operator, &left.not_null(), &right.not_null()) {
            (op::ADD, Kind::List(one), Kind::List(other)) if grows => {
                let item = if **one == Kind::Any { other } else { one };
                self.list_of(node, (**item).clone())
            }
            // What is wrong with the item has been said.
            (op::ADD, list @ Kind::List(_), Kind::Any) if grows => list.clone(),
            (_, Kind::Any, other) | (_, other, Kind::Any) if other.is_number() => other.clone(),
            (_, Kind::Int, Kind::Int) => Kind::Int,
            (_, one, other) if one.is_number() && other.is_number() => Kind::Double,
            (op::ADD | op::SUBSTRACT, Kind::Duration, Kind::Duration) | (op::SUBSTRACT, Kind::Moment, Kind::Moment) => Kind::Duration,
            (op::ADD | op::SUBSTRACT, Kind::Moment, Kind::Duration) | (op::ADD, Kind::Duration, Kind::Moment) => Kind::Moment,
            (_, one, other) => {
                let word = operator.trim_matches('_');
                let message = format!("`{word}` does not work with {} and {}", one.words(), other.words());
                self.wrong(node, None, message, None)
            }
        }
    }

    fn function(&mut self, node: &IdedExpr, name: &str, kinds: &[Kind], arguments: &[&IdedExpr]) -> Kind {
        let text = |at: usize| match arguments.get(at).map(|argument| &argument.expr) {
            Some(Expr::Literal(LiteralValue::String(text))) => Some(text.inner().to_owned()),
            _ => None,
        };
        let refused = match (name, kinds) {
            ("size", [Kind::List(_) | Kind::Text | Kind::Word(..) | Kind::Any]) => return Kind::Int,
            ("size", _) => "`size` counts the items of a list, or the characters of a text".to_owned(),
            ("contains" | "startsWith" | "endsWith", [one, other]) if one.is_text() && other.is_text() => return Kind::Bool,
            ("contains", [Kind::List(_), _]) => {
                let help = Some("write `\"…\" in list`, or `list.exists(s, …)`".to_owned());
                return self.wrong(node, None, "`contains` looks into a text, and this is a list".to_owned(), help);
            }
            ("contains" | "startsWith" | "endsWith", _) => format!("`{name}` compares two texts"),
            ("matches", [one, _]) if one.is_text() => match text(1).map(|pattern| (Regex::new(&pattern), pattern)) {
                Some((Ok(_), pattern)) => {
                    self.patterns.push(pattern);
                    return Kind::Bool;
                }
                Some((Err(_), pattern)) => format!("`{}` is no regular expression", pattern.escape_debug()),
                None => "the pattern of `matches` must stand in the rule, in quotes".to_owned(),
            },
            ("matches", _) => "`matches` compares a text with a pattern".to_owned(),
            ("days", [Kind::Int | Kind::Any]) => return Kind::Duration,
            ("days", _) => "`days` takes a whole number, such as `days(90)`".to_owned(),
            ("date", [_]) if text(0).is_some_and(|text| super::value::day(&text).is_some()) => return Kind::Moment,
            ("date", _) => "`date` takes a day in quotes, such as `date(\"2027-01-31\")`".to_owned(),
            ("duration", [_]) if text(0).is_some_and(|text| super::value::is_duration(&text)) => return Kind::Duration,
            ("duration", _) => "`duration` takes hours, minutes or seconds in quotes, such as `duration(\"720h\")`".to_owned(),
            (other, _) if MACROS.contains(&other) => {
                format!("`{other}` is not called like this: write `list.exists(s, …)`, or `has(key.owner)`")
            }
            (other, _) => {
                let shown: String = other.trim_matches('_').chars().take(40).collect();
                let help = suggest::did_you_mean(other, FUNCTIONS.into_iter().chain(MACROS));
                let help = help.or_else(|| Some(format!("there are: {}", quoted(&[&FUNCTIONS[..], &MACROS[..]].concat()))));
                return self.wrong(node, Some(other), format!("there is no function `{shown}`"), help);
            }
        };
        self.wrong(node, Some(name), refused, None)
    }
}

fn quoted(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}
