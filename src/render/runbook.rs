//! What a person is to do, for a terminal and for Markdown. In a runbook, backticks enclose what is to be taken letter by letter.
use std::fmt::Write as _;

use super::markdown::inline::{code, is_link, prose};
use super::palette::{Ink, Style};
use super::plan_sections::count;
use super::table::wrap;
use crate::model::text_safety::safe;
use crate::plan::AttendedStep;

/// One attended step under its change: title, numbered steps, the command that ends it.
pub fn runbook(out: &mut String, step: &AttendedStep, style: Style) {
    let aside = aside(step);
    let aside = if aside.is_empty() { aside } else { format!(" ({})", safe(&aside)) };
    let _ = writeln!(out, "      {} {}{aside}", style.paint(Ink::Attention, "! attended:"), safe(&step.title));
    if let Some(link) = &step.link {
        let _ = writeln!(out, "        {}", safe(link));
    }
    for (i, text) in step.steps.iter().enumerate() {
        let room = style.width.saturating_sub(12).max(40);
        for (n, line) in wrap(&safe(text), room).iter().enumerate() {
            let number = if n == 0 { format!("{}.", i + 1) } else { String::new() };
            let _ = writeln!(out, "        {number:<3} {line}");
        }
    }
    let _ = writeln!(out, "        then `{}`", safe(&step.command));
}

/// The steps that are open after an apply; nothing when there are none.
pub fn open_text(steps: &[AttendedStep], style: Style) -> String {
    let mut out = String::new();
    if !steps.is_empty() {
        let _ = writeln!(out, "\n{}", style.paint(Ink::Strong, &format!("{} open:", count(steps.len(), "attended step"))));
    }
    for step in steps {
        let _ = writeln!(out, "\n  {} {}", style.paint(Ink::Attention, "!"), style.paint(Ink::Strong, &step.address.to_string()));
        runbook(&mut out, step, style);
    }
    out
}

/// The steps as a Markdown list, for comments and job summaries; nothing when there are none. Whatever a value holds, it stays text.
pub fn markdown(steps: &[AttendedStep]) -> String {
    let mut out = String::new();
    if !steps.is_empty() {
        let _ = writeln!(out, "### Attended steps ({}): a person does these\n", steps.len());
    }
    for (i, step) in steps.iter().enumerate() {
        let aside = aside(step);
        let aside = if aside.is_empty() { aside } else { format!(" ({})", prose(&aside)) };
        let _ = writeln!(out, "{}. **{}**{aside}: {}", i + 1, code(&step.address.to_string()), prose(&step.title));
        if let Some(link) = step.link.as_deref().filter(|link| is_link(link)) {
            let _ = writeln!(out, "   <{link}>");
        }
        for (n, text) in step.steps.iter().enumerate() {
            let _ = writeln!(out, "   {}. {}", n + 1, prose(text));
        }
        let _ = writeln!(out, "   {}. {}", step.steps.len() + 1, code(&step.command));
    }
    out
}

/// How long it takes, and who is to be asked.
fn aside(step: &AttendedStep) -> String {
    let minutes = step.minutes.map(|minutes| format!("about {}", count(minutes as usize, "minute")));
    minutes.into_iter().chain(step.owner.clone()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::text_safety::is_unsafe;

    fn step() -> AttendedStep {
        AttendedStep {
            address: "brex/finance".parse().expect("an address"),
            kind: "create".to_owned(),
            title: "make `Payvy Integration kw-a2a2a2a2`".to_owned(),
            steps: vec!["open Developer > Settings".to_owned(), "tick Users: read (`users.readonly`)".to_owned()],
            command: "keywright fulfil brex/finance".to_owned(),
            link: Some("https://dashboard.brex.com/settings/developer".to_owned()),
            minutes: Some(3),
            owner: Some("@acme/finance".to_owned()),
            label: None,
            generation: Some(1),
        }
    }

    #[test]
    fn a_terminal_shows_numbered_steps() {
        let mut out = String::new();
        runbook(&mut out, &step(), Style::PLAIN);
        insta::assert_snapshot!(out, @r"
              ! attended: make `Payvy Integration kw-a2a2a2a2` (about 3 minutes, @acme/finance)
                https://dashboard.brex.com/settings/developer
                1.  open Developer > Settings
                2.  tick Users: read (`users.readonly`)
                then `keywright fulfil brex/finance`
        ");
        assert_eq!(open_text(&[], Style::PLAIN), "");
    }

    #[test]
    fn markdown_shows_the_same() {
        insta::assert_snapshot!(markdown(&[step()]), @r"
        ### Attended steps (1): a person does these

        1. **`brex/finance`** (about 3 minutes, &#64;&#8203;acme/&#8203;finance): make `Payvy Integration kw-a2a2a2a2`
           <https://dashboard.brex.com/settings/developer>
           1. open Developer &gt; Settings
           2. tick Users&#58; read &#40;`users.readonly`&#41;
           3. `keywright fulfil brex/finance`
        ");
        assert_eq!(markdown(&[]), "");
    }

    #[test]
    fn no_value_can_leave_its_place() {
        let evil = "\u{1b}[2J\u{202e}</code><img src=x onerror=alert(1)> [x](javascript:alert(1)) ![x](https://evil) @all #1 **b** |\n# head\n::error::";
        let hostile = AttendedStep {
            title: format!("make `{evil}` {evil}"),
            steps: vec![evil.to_owned()],
            command: evil.to_owned(),
            link: Some(format!("https://x/{evil}")),
            owner: Some(evil.to_owned()),
            ..step()
        };
        let text = markdown(std::slice::from_ref(&hostile));
        assert_eq!(text.lines().count(), 5, "no line of its own: {text}");
        assert!(!text.chars().any(|c| c != '\n' && is_unsafe(c)), "{text:?}");
        for live in ["<img", "](", "![", "@all", "**b**", "::", "onerror=alert(", "<https"] {
            assert!(!text.contains(live), "{live}: {text}");
        }
        let mut out = String::new();
        runbook(&mut out, &hostile, Style::PLAIN);
        assert!(!out.chars().any(|c| c != '\n' && is_unsafe(c)), "{out:?}");
    }
}
