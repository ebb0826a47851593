//! The plan as one self-contained page: no script, nothing fetched, escaped by construction. Light, dark and print.
mod matrix;
mod sections;

use std::borrow::Cow;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::headline;
use super::plan_sections::{count, short_name};
use super::setting::Setting;
use super::weighed;
use crate::diagnostics::Located;
use crate::model::Risk;
use crate::model::text_safety::safe;
use crate::plan::{Mode, Plan};

/// What the page may do: nothing but its own style.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";
const STYLE: &str = include_str!("html/style.css");

/// The whole report.
pub fn plan_html(plan: &Plan, setting: &Setting) -> String {
    let (gained, lost) = (weighed::gained(plan), weighed::lost(plan));
    let name = short_name(plan);
    let heading = format!("{}: plan {name}", title(setting));
    let state = if headline::is_blocked(plan) { "blocked" } else { "free" };
    page(
        &heading,
        html! {
            header {
                h1 { (text(&title(setting))) " " small { "plan " (name) } }
                p class=(state) role="status" { strong { (sentence(&headline::verdict(plan))) } }
                p {
                    @let actions = headline::actions(plan.changes.iter());
                    @if !actions.is_empty() { (super::plan_sections::changing(plan)) ": " (actions.join(" · ")) ". " }
                    @let also = headline::also(plan);
                    @if !also.is_empty() { "Also: " (also.join(" · ")) "." }
                }
                p {
                    "Access: " strong { (headline::tally("+", "gained", &gained)) } (headline::pending(&gained)) (headline::blocked("+", &gained)) " · "
                    strong { (headline::tally("−", "lost", &lost)) } (headline::pending(&lost)) (headline::blocked("−", &lost)) " · who can decrypt: " (headline::readers(plan, "−"))
                }
                @if plan.mode == Mode::Offline { p { em { "Offline: the ledger stands in for the providers, and this plan cannot be applied." } } }
                (sections::unread(plan))
            }
            (sections::errors(&plan.diagnostics, setting))
            (matrix::section(plan))
            (sections::changes(plan))
            (sections::access("gained", "Access gained", &gained, plan, setting))
            (sections::access("lost", "Access lost", &lost, plan, setting))
            (sections::expiry(plan))
            (sections::readers(plan))
            (sections::attended(plan))
            (sections::drift(plan))
            (sections::margin(plan))
            (sections::remarks(&plan.diagnostics, setting))
            (sections::exact(plan))
            (sections::identity(plan, setting))
        },
    )
}

/// The report of a run that made no plan.
pub fn problems_html(diagnostics: &[Located], setting: &Setting) -> String {
    let errors = count(headline::errors(diagnostics).count(), "error");
    page(
        &format!("{}: no plan", title(setting)),
        html! {
            header {
                h1 { (text(&title(setting))) }
                p class="blocked" role="status" { strong { (errors) ", no plan." } }
            }
            (sections::errors(diagnostics, setting))
            (sections::remarks(diagnostics, setting))
        },
    )
}

fn page(title: &str, body: Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="referrer" content="no-referrer";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (text(title)) }
                style { (PreEscaped(STYLE)) }
            }
            body { main { (body) } }
        }
    };
    page.into_string() + "\n"
}

fn title(setting: &Setting) -> String {
    if setting.below.is_empty() { "Keys".to_owned() } else { format!("Keys in {}", setting.below) }
}

/// Text of others, with what steers a reader made visible; maud escapes the rest.
fn text(text: &str) -> Cow<'_, str> {
    safe(text)
}

/// Text whose backticks enclose code.
fn prose(words: &str) -> Markup {
    html! {
        @for (is_code, piece) in super::markdown::inline::pieces(words) {
            @if is_code { code { (text(piece)) } } @else { (text(piece)) }
        }
    }
}

fn sentence(words: &str) -> String {
    let mut characters = words.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).chain(['.']).collect())
}

/// The class of a risk.
fn tone(risk: Risk) -> &'static str {
    match risk {
        Risk::Critical => "t3",
        Risk::High => "t2",
        Risk::Medium => "t1",
        Risk::Low => "t0",
    }
}

#[cfg(test)]
mod tests;
