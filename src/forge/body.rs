//! What is posted: the Markdown of a plan, checked before anything is sent. It may come from the run of a hostile change. Knows no forge.
use std::fmt;

use serde_json::{Map, Value};

use crate::model::text_safety::is_unsafe;

/// The most characters, as `plan -o markdown` has it.
pub const MOST_CHARACTERS: usize = 60_000;
/// The most bytes.
pub const MOST_BYTES: usize = 65_536;

const OPENING: &str = "<!-- keywright:plan ";
const CLOSING: &str = " -->";
const VERSION: u64 = 1;
/// The longest path of a workspace in its repository.
const LONGEST_WORKSPACE: usize = 4096;

/// What the first line of a comment of ours says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The path of the workspace in its repository.
    pub workspace: String,
    /// Of the plan; absent where there was none.
    pub digest: Option<String>,
}

impl Mark {
    /// Reads the first line of a comment; `None`: it is not marked, or by another version.
    pub fn of(text: &str) -> Option<Self> {
        let facts = facts(text.lines().next()?)?;
        let text = |name: &str| facts.get(name).and_then(Value::as_str).map(str::to_owned);
        (facts.get("v")?.as_u64()? == VERSION).then_some(())?;
        Some(Self { workspace: text("workspace")?, digest: text("digest") })
    }
}

fn facts(line: &str) -> Option<Map<String, Value>> {
    match serde_json::from_str(line.trim_end().strip_prefix(OPENING)?.strip_suffix(CLOSING)?).ok()? {
        Value::Object(facts) => Some(facts),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => None,
    }
}

/// Markdown that may be posted.
#[derive(Clone, PartialEq, Eq)]
pub struct Body {
    text: String,
    mark: Mark,
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body").field("mark", &self.mark).finish_non_exhaustive()
    }
}

/// Why a text is not posted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    #[error("it is not UTF-8")]
    NotText,
    #[error("it is longer than {MOST_CHARACTERS} characters or {MOST_BYTES} bytes")]
    TooLong,
    #[error("its first line is not the marker that `keywright plan -o markdown` writes")]
    NotMarked,
    #[error("line {0} has a control, bidirectional or invisible character")]
    Steering(usize),
    #[error("line {0} begins with `/`, which forges and their bots take for a command")]
    Command(usize),
}

impl Body {
    /// Takes what `plan -o markdown` wrote, and nothing else.
    pub fn new(bytes: &[u8]) -> Result<Self, BodyError> {
        if bytes.len() > MOST_BYTES {
            return Err(BodyError::TooLong);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| BodyError::NotText)?;
        if text.chars().count() > MOST_CHARACTERS {
            return Err(BodyError::TooLong);
        }
        let mark = text.lines().next().filter(|line| is_our_line(line)).and_then(Mark::of).ok_or(BodyError::NotMarked)?;
        for (number, line) in (1..).zip(text.split('\n')) {
            if line.chars().any(|c| c != '\t' && is_unsafe(c)) {
                return Err(BodyError::Steering(number));
            }
            // GitLab carries out quick actions such as `/approve` in the name of whoever posts the note.
            if line.trim_start().starts_with('/') {
                return Err(BodyError::Command(number));
            }
        }
        Ok(Self { text: text.to_owned(), mark })
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn mark(&self) -> &Mark {
        &self.mark
    }

    /// Whether a forge shows the same; some change line breaks and drop blanks at the end.
    pub fn is(&self, shown: &str) -> bool {
        self.text.trim_end() == shown.replace("\r\n", "\n").trim_end()
    }
}

/// Whether it is a marker as we write it: plain, closed once at its end, with our fields alone.
fn is_our_line(line: &str) -> bool {
    let Some((facts, inside)) = facts(line).zip(line.strip_prefix(OPENING).and_then(|rest| rest.strip_suffix(CLOSING))) else {
        return false;
    };
    let plain = inside.bytes().all(|byte| matches!(byte, b' '..=b'~') && !matches!(byte, b'<' | b'>' | b'&')) && !inside.contains("--");
    let hexadecimal = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let field = |(name, value): (&String, &Value)| match (name.as_str(), value.as_str()) {
        ("v", None) => value.as_u64() == Some(VERSION),
        ("workspace", Some(text)) => !text.is_empty() && text.len() <= LONGEST_WORKSPACE,
        ("head" | "base", Some(text)) => hexadecimal(text) && text.len() <= 64,
        ("digest", Some(text)) => text.strip_prefix("sha256:").is_some_and(|digest| hexadecimal(digest) && digest.len() == 64),
        _ => false,
    };
    plain && facts.iter().all(field)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Plan;
    use crate::render::{self, Setting};

    fn marked(rest: &str) -> String {
        format!("<!-- keywright:plan {{\"v\":1,\"workspace\":\"keys\"}} -->\n{rest}")
    }

    fn refused(text: &str) -> BodyError {
        Body::new(text.as_bytes()).expect_err(text)
    }

    #[test]
    fn what_a_run_writes_can_be_posted() {
        for below in ["", "team/keys", "a--b", "é <&> \"x\""] {
            let text = render::problems_markdown(&[], &Setting::new(below));
            let body = Body::new(text.as_bytes()).expect("it is ours");
            assert_eq!(body.mark(), &Mark { workspace: if below.is_empty() { "." } else { below }.to_owned(), digest: None });
        }
        let mut plan: Plan = crate::plan::rich::plan();
        let mark = |plan: &Plan| {
            Body::new(render::plan_markdown(plan, &Setting::default()).expect("it fits").as_bytes()).map(|body| body.mark().clone())
        };
        // What happens to trusted files is no part of the plan, and a part of what was read.
        assert_ne!(mark(&plan).expect("ours").digest, Some(plan.digest.clone()));
        plan.trusted.clear();
        assert_eq!(mark(&plan).expect("ours").digest, Some(plan.digest.clone()));
        let text = render::plan_markdown(&plan, &Setting::default()).expect("it fits");
        let body = Body::new(text.as_bytes()).expect("it is ours");
        assert!(body.is(&text.replace('\n', "\r\n")) && body.is(text.trim_end()) && !body.is(&format!("{text}x")));
    }

    #[test]
    fn what_is_not_marked_as_we_do_is_refused() {
        for first in [
            "",
            "## Keys",
            " <!-- keywright:plan {\"v\":1,\"workspace\":\".\"} -->",
            "<!-- keywright:plan {\"v\":1,\"workspace\":\".\"} --> ",
            "<!-- keywright:plan {\"v\":2,\"workspace\":\".\"} -->",
            "<!-- keywright:plan {\"v\":1} -->",
            "<!-- keywright:plan {\"v\":1,\"workspace\":\"\"} -->",
            "<!-- keywright:plan {\"v\":1,\"workspace\":\".\",\"more\":1} -->",
            "<!-- keywright:plan {\"v\":1,\"workspace\":\".\",\"digest\":\"sha256:12\"} -->",
            "<!-- keywright:plan {\"v\":1,\"workspace\":\".\",\"head\":\"-- x\"} -->",
            "<!-- keywright:plan {\"v\":1,\"workspace\":\"--> <b>x</b> <!--\"} -->",
            "<!-- keywright:plan [] -->",
            "<!-- keywright:plan {} --> <!-- -->",
            "\u{feff}<!-- keywright:plan {\"v\":1,\"workspace\":\".\"} -->",
        ] {
            assert_eq!(refused(&format!("{first}\ntext\n{}", marked(""))), BodyError::NotMarked, "{first}");
        }
    }

    #[test]
    fn what_could_do_harm_is_refused() {
        assert_eq!(refused(&marked("a\x1b[2Jb")), BodyError::Steering(2));
        assert_eq!(refused(&marked("ok\na\u{202e}b")), BodyError::Steering(3));
        assert_eq!(refused(&marked("a\r/merge")), BodyError::Steering(2));
        assert_eq!(refused(&marked("a\n\t /approve")), BodyError::Command(3));
        assert_eq!(refused(&marked(&"é".repeat(MOST_CHARACTERS))), BodyError::TooLong);
        assert_eq!(refused(&marked(&"a".repeat(MOST_BYTES))), BodyError::TooLong);
        assert_eq!(Body::new(b"\xff"), Err(BodyError::NotText));
        assert!(Body::new(marked("a/b\tc\n\n- `/x`\n").as_bytes()).is_ok());
    }
}
