//! Draws diagnostics for people: message, source line, advice. Knows no files; every text passes through [`safe`].
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use anstyle::{AnsiColor, Style};

use crate::diagnostics::{Excerpt, Located, Severity};
use crate::model::text_safety::safe;

/// Source lines longer than this are cut around the label.
const MAX_LINE: usize = 200;

/// All diagnostics, each followed by an empty line, and a last line that counts them: `2 errors, 1 warning`. Empty when there are none.
pub fn draw(located: &[Located], colour: bool) -> String {
    draw_each(located, colour) + &summary(located)
}

/// All diagnostics, each followed by an empty line, for a text that counts them itself.
pub fn draw_each(located: &[Located], colour: bool) -> String {
    let mut text = String::new();
    for diagnostic in located {
        text.push_str(&one(diagnostic, colour));
        text.push('\n');
    }
    text
}

fn summary(located: &[Located]) -> String {
    let counted = [(Severity::Error, "error"), (Severity::Warning, "warning"), (Severity::Note, "note")].map(|(severity, word)| {
        match located.iter().filter(|diagnostic| diagnostic.severity == severity).count() {
            0 => None,
            1 => Some(format!("1 {word}")),
            count => Some(format!("{count} {word}s")),
        }
    });
    let counted: Vec<String> = counted.into_iter().flatten().collect();
    if counted.is_empty() { String::new() } else { counted.join(", ") + "\n" }
}

fn one(diagnostic: &Located, colour: bool) -> String {
    let paint = Paint { colour };
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let message = safe(&diagnostic.message);
    let title = level.primary_title(&*message).id(diagnostic.code.as_str());
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let mut text = renderer.render(&[Group::with_title(title)]) + "\n";
    let number = diagnostic.line.unwrap_or(0).to_string();
    // Two places at least, so that the arrow stands the same under short and long line numbers.
    let gutter = " ".repeat(number.len().max(2));
    let mut bar = false;
    if let Some(file) = &diagnostic.file {
        let line = diagnostic.line.map_or(String::new(), |line| format!(":{line}"));
        let column = diagnostic.column.filter(|_| diagnostic.line.is_some()).map_or(String::new(), |column| format!(":{column}"));
        text.push_str(&format!("{gutter}{} {}{line}{column}\n", paint.frame("-->"), safe(file)));
        if let (Some(source), Some(line)) = (&diagnostic.source, diagnostic.line) {
            text.push_str(&snippet(diagnostic, source, line, &renderer));
            text.push_str(&format!("{gutter} {}\n", paint.frame("|")));
            bar = true;
        }
    }
    for note in &diagnostic.notes {
        let indent = if bar { format!("{gutter} ") } else { "  ".to_owned() };
        // A rule's place says itself what it is.
        let (word, note) = note.strip_prefix("policy: ").map_or(("note", note.as_str()), |place| ("policy", place));
        text.push_str(&format!("{indent}{} {}: {}\n", paint.frame("="), paint.strong(word), safe(note)));
    }
    if let Some(help) = &diagnostic.help {
        text.push_str(&format!("{}: {}\n", paint.advice("help"), safe(help)));
    }
    text.push_str(&format!("  {} {}: keywright explain {}\n", paint.frame("="), paint.strong("more"), diagnostic.code));
    text
}

/// The source line with its underline, without the place above it.
fn snippet(diagnostic: &Located, source: &Excerpt, line: u32, renderer: &Renderer) -> String {
    let (before, marked, after) = cut(&source.text, source.column as usize - 1, diagnostic.length.max(1) as usize);
    let (before, marked, after) = (safe(&before), safe(&marked), safe(&after));
    let span = before.len()..before.len() + marked.len();
    let shown = format!("{before}{marked}{after}");
    let label = diagnostic.label.as_deref().map(safe);
    let kind = AnnotationKind::Primary.span(span);
    let annotation = match &label {
        Some(label) => kind.label(&**label),
        None => kind,
    };
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let snippet = Snippet::source(&*shown).line_start(line as usize).annotation(annotation);
    let drawn = renderer.clone().term_width(2 * MAX_LINE).render(&[level.primary_title("").element(snippet)]);
    // The first line is the empty title; what follows is indented once more where line numbers have one digit.
    let indent = if line < 10 { " " } else { "" };
    drawn.lines().skip(1).map(|line| format!("{indent}{}\n", line.trim_end())).collect()
}

/// What stands before, under and after the label, in characters of the line; long lines lose their far ends. Tabs become spaces.
fn cut(source: &str, start: usize, length: usize) -> (String, String, String) {
    let total = source.chars().count();
    let start = start.min(total);
    let length = length.min((total - start).max(1)).min(MAX_LINE);
    let (from, to) = if total <= MAX_LINE {
        (0, total)
    } else {
        let room = (MAX_LINE - length) / 2;
        (start.saturating_sub(room), (start + length + room).min(total))
    };
    let plain = |from: usize, to: usize| -> String {
        let characters = source.chars().skip(from).take(to.saturating_sub(from));
        characters.map(|character| if character == '\t' { ' ' } else { character }).collect()
    };
    let before = if from > 0 { format!("…{}", plain(from, start)) } else { plain(0, start) };
    let mut marked = plain(start, start + length);
    if marked.is_empty() {
        // Past the end of the line: something is missing there.
        marked.push(' ');
    }
    let after = plain(start + length, to) + if to < total { "…" } else { "" };
    (before, marked, after)
}

/// The colours of the lines that are drawn here, the same as the snippet's.
struct Paint {
    colour: bool,
}

impl Paint {
    fn frame(&self, text: &str) -> String {
        self.styled(AnsiColor::BrightBlue.on_default().bold(), text)
    }

    fn advice(&self, text: &str) -> String {
        self.styled(AnsiColor::BrightCyan.on_default().bold(), text)
    }

    fn strong(&self, text: &str) -> String {
        self.styled(Style::new().bold(), text)
    }

    fn styled(&self, style: Style, text: &str) -> String {
        if self.colour { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::Code;

    fn located(source: &str, (line, column, length): (u32, u32, u32)) -> Located {
        Located {
            code: Code::ManifestUnknownScope,
            severity: Severity::Error,
            message: "`payconex` has no scope `pcx:webhook:read`".to_owned(),
            file: Some("keys/pay.yaml".into()),
            line: Some(line),
            column: Some(column),
            length,
            source: Some(Excerpt { text: source.to_owned(), column }),
            label: Some("unknown scope".to_owned()),
            replacement: None,
            help: Some("did you mean `pcx:webhooks:read`?".to_owned()),
            notes: Vec::new(),
        }
    }

    #[test]
    fn a_diagnostic_looks_as_designed() {
        let drawn = draw(&[located("      scopes: [pcx:webhook:read]", (9, 16, 16))], false);
        let expected = "\
error[manifest/unknown-scope]: `payconex` has no scope `pcx:webhook:read`
  --> keys/pay.yaml:9:16
   |
 9 |       scopes: [pcx:webhook:read]
   |                ^^^^^^^^^^^^^^^^ unknown scope
   |
help: did you mean `pcx:webhooks:read`?
  = more: keywright explain manifest/unknown-scope

1 error
";
        assert_eq!(drawn, expected);
    }

    #[test]
    fn notes_long_numbers_and_missing_parts() {
        let long = Located { notes: vec!["one".to_owned()], label: None, ..located("ab", (1234, 3, 1)) };
        let bare =
            Located { severity: Severity::Warning, line: None, source: None, help: None, notes: vec!["two".to_owned()], ..long.clone() };
        let nowhere = Located { file: None, notes: Vec::new(), ..bare.clone() };
        let drawn = draw(&[long, bare, nowhere], false);
        let expected = "\
error[manifest/unknown-scope]: `payconex` has no scope `pcx:webhook:read`
    --> keys/pay.yaml:1234:3
     |
1234 | ab
     |   ^
     |
     = note: one
help: did you mean `pcx:webhooks:read`?
  = more: keywright explain manifest/unknown-scope

warning[manifest/unknown-scope]: `payconex` has no scope `pcx:webhook:read`
  --> keys/pay.yaml
  = note: two
  = more: keywright explain manifest/unknown-scope

warning[manifest/unknown-scope]: `payconex` has no scope `pcx:webhook:read`
  = more: keywright explain manifest/unknown-scope

1 error, 2 warnings
";
        assert_eq!(drawn, expected);
        assert_eq!(draw(&[], false), "");
    }

    #[test]
    fn hostile_texts_cannot_steer_the_terminal() {
        let mut hostile = located("a: \u{202e}x\x1b[2J \ty", (12, 4, 1));
        hostile.message = "m\x1b]0;t\x07\nsecond".to_owned();
        hostile.help = Some("h\r\u{200b}".to_owned());
        hostile.label = Some("l\u{2066}\n::error::".to_owned());
        hostile.file = Some("f\x1b".into());
        hostile.notes = vec!["n\n\x08".to_owned()];
        let drawn = draw(&[hostile], false);
        assert!(drawn.chars().all(|character| character == '\n' || safe(&character.to_string()) == character.to_string()), "{drawn:?}");
        assert!(drawn.contains(r"12 | a: \u{202e}x\u{1b}[2J  y") && drawn.contains(r"^^^^^^^^ l\u{2066}\u{a}::error::"), "{drawn}");
        assert!(drawn.starts_with(r"error[manifest/unknown-scope]: m\u{1b}]0;t\u{7}\u{a}second"), "{drawn}");
    }

    #[test]
    fn long_lines_are_cut_around_the_label() {
        let source = format!("{}HERE{}", "x".repeat(100_000), "y".repeat(100_000));
        let drawn = draw(&[located(&source, (3, 100_001, 4))], false);
        let lines: Vec<&str> = drawn.lines().collect();
        assert_eq!(lines[1], "  --> keys/pay.yaml:3:100001");
        assert!(lines[3].contains("…xxxx") && lines[3].contains("xHEREy") && lines[3].ends_with("yyyy…"), "{}", lines[3]);
        assert_eq!((lines[3].chars().count(), lines[4].find('^')), (207, lines[3].find("HERE").map(|at| at - '…'.len_utf8() + 1)));
        let wide = draw(&[located("a: 日本 [x]", (3, 8, 1))], false);
        assert_eq!(wide.lines().nth(4), Some("   |          ^ unknown scope"));
    }

    #[test]
    fn colour_only_adds_colour() {
        let diagnostic = located("      scopes: [pcx:webhook:read]", (9, 16, 16));
        let coloured = draw(std::slice::from_ref(&diagnostic), true);
        assert!(coloured.contains("\x1b["));
        assert_eq!(anstream::adapter::strip_str(&coloured).to_string(), draw(&[diagnostic], false));
    }
}
