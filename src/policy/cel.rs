//! The language of rules: CEL. The only place that knows the library.
//!
//! An expression names `key`, `access`, `account` and `now`, and nothing else: it reaches no file, no network, no clock and no secret.
mod check;
pub(crate) mod kind;
mod value;

use std::collections::BTreeMap;
use std::sync::Arc;

use cel::common::ast::{EntryExpr, Expr, IdedExpr};
use cel::{Context, Env, ExecutionError, Value};
use regex::Regex;

use super::expression::Mistake;
use super::facts::KeyFacts;
use check::Check;
pub(super) use value::Subject;

/// `matches`, with a pattern that was prepared: the library would prepare it anew at every call.
const MATCHES: &str = "@matches";

/// A checked expression.
#[derive(Debug)]
pub(super) struct Program {
    expression: IdedExpr,
    nodes: u64,
    loops: u32,
    longest_list: u64,
    patterns: Vec<String>,
    /// It names `access`.
    pub weighs_a_change: bool,
}

impl Program {
    /// Reads and checks an expression. Goes as deep as the text says: needs a large stack.
    pub fn compile(text: &str) -> Result<Self, Vec<Mistake>> {
        let program = cel::Program::compile(text).map_err(|errors| {
            let mut mistakes: Vec<Mistake> = errors.errors.iter().map(|error| unreadable(text, error)).collect();
            mistakes.truncate(3);
            mistakes
        })?;
        let mut check = Check::of(text, program.source_info());
        check.run(program.expression());
        if !check.mistakes.is_empty() {
            return Err(check.mistakes);
        }
        let (nodes, loops, longest_list) = (check.nodes, check.most_loops, check.longest_list);
        let (patterns, weighs_a_change) = (std::mem::take(&mut check.patterns), check.weighs_a_change);
        let mut expression = program.expression().clone();
        prepare(&mut expression);
        Ok(Self { expression, nodes, loops, longest_list, patterns, weighs_a_change })
    }

    /// The most steps that an evaluation takes.
    pub fn steps(&self, subject: &Subject<'_>) -> u64 {
        let items = subject.longest_list.max(self.longest_list).max(1);
        self.nodes.saturating_mul(items.saturating_pow(self.loops))
    }
}

/// What the parser says, at its place.
fn unreadable(text: &str, error: &cel::ParseError) -> Mistake {
    let (line, column) = (usize::try_from(error.pos.0).unwrap_or(1).max(1), usize::try_from(error.pos.1).unwrap_or(1).max(1));
    let before: usize = text.split_inclusive('\n').take(line - 1).map(|line| line.chars().count()).sum();
    let at = (before + column - 1).min(text.chars().count().saturating_sub(1));
    // The parser lists every word that it would have taken.
    let says: String = error.msg.split(" expecting ").next().unwrap_or_default().chars().take(120).collect();
    Mistake::new(Some((at, 1)), format!("the expression cannot be read: {}", says.trim().to_lowercase()))
}

/// Calls of `matches` go to the prepared patterns.
fn prepare(node: &mut IdedExpr) {
    match &mut node.expr {
        Expr::Call(call) => {
            if call.func_name == "matches" {
                call.func_name = MATCHES.to_owned();
                let target = call.target.take().map(|target| *target);
                call.args = target.into_iter().chain(std::mem::take(&mut call.args)).collect();
            }
            call.target.iter_mut().for_each(|target| prepare(target));
            call.args.iter_mut().for_each(prepare);
        }
        Expr::Comprehension(loops) => {
            for part in [&mut loops.iter_range, &mut loops.accu_init, &mut loops.loop_cond, &mut loops.loop_step, &mut loops.result] {
                prepare(part);
            }
        }
        Expr::List(list) => list.elements.iter_mut().for_each(prepare),
        Expr::Select(select) => prepare(&mut select.operand),
        Expr::Map(map) => {
            for entry in &mut map.entries {
                if let EntryExpr::MapEntry(entry) = &mut entry.expr {
                    prepare(&mut entry.key);
                    prepare(&mut entry.value);
                }
            }
        }
        Expr::Ident(_) | Expr::Literal(_) | Expr::Struct(_) | Expr::Unspecified => {}
    }
}

/// Evaluates checked expressions.
pub(super) struct Evaluator {
    root: Context<'static, 'static>,
}

impl Evaluator {
    pub fn new<'a>(programs: impl Iterator<Item = &'a Program>) -> Self {
        let texts = programs.flat_map(|program| &program.patterns);
        let patterns: BTreeMap<String, Regex> = texts.filter_map(|text| Some((text.clone(), Regex::new(text).ok()?))).collect();
        let mut root = Context::with_env(Arc::new(Env::stdlib()));
        let matches = move |text: Arc<String>, pattern: Arc<String>| match patterns.get(&*pattern) {
            Some(regex) => Ok(regex.is_match(&text)),
            None => Err(ExecutionError::function_error("matches", "the pattern was not prepared")),
        };
        let days = |count: i64| value::days(count).ok_or_else(|| ExecutionError::function_error("days", "that is longer than time"));
        let date = |day: Arc<String>| value::day(&day).ok_or_else(|| ExecutionError::function_error("date", "there is no such day"));
        let free = "the library has no functions of these names";
        root.add_function(MATCHES, matches).expect(free);
        root.add_function("days", days).expect(free);
        root.add_function("date", date).expect(free);
        Self { root }
    }

    pub fn subject(&self, facts: &KeyFacts<'_>, file: &str) -> Subject<'_> {
        Subject::of(facts, file, self.root.new_inner_scope())
    }

    pub fn holds(program: &Program, subject: &Subject<'_>) -> Result<bool, String> {
        match Value::resolve(&program.expression, &subject.scope) {
            Ok(Value::Bool(answer)) => Ok(answer),
            Ok(other) => Err(format!("it is neither true nor false, but {}", other.type_of())),
            Err(error) => Err(said(&error)),
        }
    }
}

/// What went wrong, in words; values are left out, they can be long.
fn said(error: &ExecutionError) -> String {
    match error {
        ExecutionError::NoSuchOverload(_) | ExecutionError::ValuesNotComparable(..) | ExecutionError::UnsupportedBinaryOperator(..) => {
            "a value that is null, or of another kind, was used as if it were not".to_owned()
        }
        ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => "it divides by zero".to_owned(),
        ExecutionError::Overflow(..) => "a number is too large".to_owned(),
        other => other.to_string().chars().take(120).collect(),
    }
}
