//! An expression of a rule: checked when the workspace is read, evaluated for each key. Hides the language from the rest of the policy.
use std::cell::Cell;

use super::facts::KeyFacts;

/// The longest text of an expression, in bytes.
pub const LONGEST: usize = 4096;
/// Steps that one evaluation may take at most, and all evaluations of one run together.
pub(super) const STEPS: u64 = 2_000_000;
const STEPS_IN_ALL: u64 = 1_000_000_000;

/// What is wrong with the text of an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Where, as characters of the text: the first, from 0, and how many. `None`: the whole text.
    pub at: Option<(usize, usize)>,
    pub message: String,
    pub help: Option<String>,
}

impl Mistake {
    pub(super) fn new(at: Option<(usize, usize)>, message: impl Into<String>) -> Self {
        Self { at, message: message.into(), help: None }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// An expression that was found to be right: it names only what there is, and says yes or no.
#[derive(Debug)]
pub struct Expression {
    pub(super) text: String,
    #[cfg(feature = "policy")]
    pub(super) program: super::cel::Program,
}

impl Expression {
    /// Reads an expression. Errors: every mistake in it.
    pub fn compile(text: &str) -> Result<Self, Vec<Mistake>> {
        if text.len() > LONGEST {
            return Err(vec![Mistake::new(None, format!("the expression has {} bytes, and at most {LONGEST} are read", text.len()))]);
        }
        Self::compiled(text)
    }

    #[cfg(feature = "policy")]
    fn compiled(text: &str) -> Result<Self, Vec<Mistake>> {
        let compile = || super::cel::Program::compile(text);
        let unread = || Err(vec![Mistake::new(None, "the expression cannot be read")]);
        let program = super::stack::on_a_deep_one(compile).unwrap_or_else(unread)?;
        Ok(Self { text: text.to_owned(), program })
    }

    #[cfg(not(feature = "policy"))]
    fn compiled(_: &str) -> Result<Self, Vec<Mistake>> {
        let mistake = Mistake::new(None, "this program was built without the language of rules (cargo feature `policy`)");
        Err(vec![mistake.help("use built-in rules, or a program with the feature")])
    }

    /// Whether it looks at what a change gives or takes, and not only at the key as it is declared.
    #[cfg(feature = "policy")]
    pub(super) fn weighs_a_change(&self) -> bool {
        self.program.weighs_a_change
    }

    #[cfg(not(feature = "policy"))]
    pub(super) fn weighs_a_change(&self) -> bool {
        false
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// Evaluates expressions over one key after the other.
pub(super) struct Evaluator {
    #[cfg(feature = "policy")]
    inner: super::cel::Evaluator,
    /// The steps that are left to all evaluations.
    left: Cell<u64>,
}

/// One key, ready to be asked about.
pub(super) struct Subject<'e> {
    #[cfg(feature = "policy")]
    inner: super::cel::Subject<'e>,
    #[cfg(not(feature = "policy"))]
    inner: std::marker::PhantomData<&'e ()>,
}

#[cfg(feature = "policy")]
impl Evaluator {
    /// Over the expressions of one policy.
    pub fn new<'a>(expressions: impl Iterator<Item = &'a Expression>) -> Self {
        let inner = super::cel::Evaluator::new(expressions.map(|expression| &expression.program));
        Self { inner, left: Cell::new(STEPS_IN_ALL) }
    }

    /// The variables of a key as it stands in a manifest.
    pub fn subject(&self, facts: &KeyFacts<'_>, file: &str) -> Subject<'_> {
        Subject { inner: self.inner.subject(facts, file) }
    }

    /// Whether the expression holds for the key; why it could not be told.
    pub fn holds(&self, expression: &Expression, subject: &Subject<'_>) -> Result<bool, String> {
        let steps = expression.program.steps(&subject.inner);
        if steps > STEPS.min(self.left.get()) {
            return Err("it would take too many steps".to_owned());
        }
        self.left.set(self.left.get() - steps);
        super::cel::Evaluator::holds(&expression.program, &subject.inner)
    }
}

#[cfg(not(feature = "policy"))]
impl Evaluator {
    pub fn new<'a>(_: impl Iterator<Item = &'a Expression>) -> Self {
        Self { left: Cell::new(STEPS_IN_ALL) }
    }

    pub fn subject(&self, _: &KeyFacts<'_>, _: &str) -> Subject<'_> {
        Subject { inner: std::marker::PhantomData }
    }

    pub fn holds(&self, _: &Expression, subject: &Subject<'_>) -> Result<bool, String> {
        let Subject { inner: std::marker::PhantomData } = subject;
        Err(format!("this program was built without the language of rules ({} steps of {STEPS})", self.left.get()))
    }
}
