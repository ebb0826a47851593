//! The parts of the page apart from its head and its matrix.
use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};

use super::{prose, text, tone};
use crate::diagnostics::{Located, Severity};
use crate::model::Risk;
use crate::plan::{Action, Change, Mode, Origin, Plan};
use crate::render::drift::{beside_scopes, until};
use crate::render::headline::{self, in_days, loud};
use crate::render::markdown::exact::lines_of;
use crate::render::markdown::inline::is_link;
use crate::render::patch::patch;
use crate::render::plan_sections::count;
use crate::render::plan_text::{action_words, day, symbol};
use crate::render::plan_trust::brought;
use crate::render::setting::Setting;
use crate::render::timeline::days_until;
use crate::render::weighed::{Row, What, by_risk, gravity, option_says, words};

/// Days that the expiry chart shows.
const HORIZON: i64 = 180;

/// Accounts that could not be read.
pub fn unread(plan: &Plan) -> Markup {
    html! {
        @for (name, account) in plan.accounts.iter().filter(|(_, account)| account.listing == "unavailable") {
            p.blocked { "Not read: account " code { (name) } ", its keys are left alone" @if let Some(reason) = &account.reason { ": " (text(reason)) } }
        }
    }
}

/// What must be mended first.
pub fn errors(diagnostics: &[Located], setting: &Setting) -> Markup {
    let errors: Vec<&Located> = headline::errors(diagnostics).collect();
    html! {
        @if !errors.is_empty() { section { h2 { "Must fix before merge (" (errors.len()) ")" } @for one in errors { (problem(one, setting, true)) } } }
    }
}

/// Warnings, then notes.
pub fn remarks(diagnostics: &[Located], setting: &Setting) -> Markup {
    let of = |severity| diagnostics.iter().filter(move |diagnostic| diagnostic.severity == severity);
    let remarks: Vec<&Located> = of(Severity::Warning).chain(of(Severity::Note)).collect();
    html! {
        @if !remarks.is_empty() { section { h2 { "Warnings and notes (" (remarks.len()) ")" } @for one in remarks { (problem(one, setting, false)) } } }
    }
}

fn problem(one: &Located, setting: &Setting, open: bool) -> Markup {
    let place =
        one.file.as_deref().map(|file| format!("{}{}", setting.path(file), one.line.map(|line| format!(":{line}")).unwrap_or_default()));
    html! {
        details open[open] {
            summary { strong { (one.code) } " " (prose(&one.message)) @if let Some(place) = &place { " " code { (text(place)) } } }
            @for note in &one.notes { p { (prose(note)) } }
            @if let Some(help) = &one.help { p { strong { "help: " } (prose(help)) } }
            @if let Some(patch) = patch(one) { (coloured(&patch)) }
            @else if let Some(replacement) = &one.replacement { p { "replace it with " code { (text(replacement)) } } }
        }
    }
}

/// Lines with their signs, each in its colour.
fn coloured(lines: &str) -> Markup {
    html! {
        pre {
            @for line in lines.lines() {
                @let class = if line.starts_with('+') { Some("plus") } else if line.starts_with('-') { Some("minus") } else { None };
                span class=[class] { (text(line)) } "\n"
            }
        }
    }
}

/// The tables of changes: introduced here, already pending, withdrawn.
pub fn changes(plan: &Plan) -> Markup {
    let sorted = by_risk(&plan.changes);
    let of = |origin: Option<Origin>| sorted.iter().copied().filter(|change| change.origin == origin).collect::<Vec<_>>();
    let withdrawn = plan.base.as_ref().map(|base| by_risk(&base.withdrawn)).unwrap_or_default();
    html! {
        @if !plan.changes.is_empty() || !withdrawn.is_empty() {
            section {
                h2 { "Changes (" (plan.changes.len()) ")" }
                (table("Introduced here", &of(Some(Origin::Introduced))))
                (table("Already pending", &of(Some(Origin::Pending))))
                (table("", &of(None)))
                (table("Withdrawn by this change: the base asks for it, and this tree does not", &withdrawn))
            }
        }
    }
}

fn table(heading: &str, changes: &[&Change]) -> Markup {
    html! {
        @if !changes.is_empty() {
            @if !heading.is_empty() { h3 { (heading) " (" (changes.len()) ")" } }
            div.wide { table {
                thead { tr { th {} th { "Key" } th { "Change" } th { "Risk" } th { "Access" } th { "Owner" } } }
                tbody { @for change in changes {
                    tr {
                        td.mark { (symbol(change.action).0) }
                        th scope="row" { (change.address) }
                        td { strong { (action_words(change.action)) } @if !change.reason.is_empty() { ": " (prose(&change.reason)) } }
                        td class=(tone(gravity(change))) { (loud(gravity(change))) }
                        td { @if change.action == Action::Blocked { "not now: " } "+" (of(change.access.gains())) " −" (of(change.access.losses())) @if !change.access.open_ended.is_empty() { " open-ended" } }
                        td { @if let Some(owner) = &change.owner { (text(owner)) } }
                    }
                } }
            } }
        }
    }
}

/// How many things these are.
fn of(things: impl Iterator<Item = (Risk, usize)>) -> usize {
    things.map(|(_, count)| count).sum()
}

/// One access table.
pub fn access(id: &str, heading: &str, rows: &[Row<'_>], plan: &Plan, setting: &Setting) -> Markup {
    let things = crate::render::headline::things(rows.iter());
    html! {
        @if !rows.is_empty() {
            section id=(id) {
                h2 { (heading) " (" (things) ")" }
                div.wide { table {
                    thead { tr { th { "Risk" } th { "What" } th { "Key" } th { "Why" } @if plan.base.is_some() { th { "Whose" } } } }
                    tbody { @for row in introduced_first(rows) {
                        tr {
                            td class=(tone(row.risk)) { (loud(row.risk)) " " (text(&row.kind())) }
                            td { (what(row, setting)) }
                            td { (key(row)) }
                            td { (prose(&row.why())) }
                            @if plan.base.is_some() { td { (whose(row.origin)) } }
                        }
                    } }
                } }
            }
        }
    }
}

/// What is introduced here, then what is pending anyway; each as it was sorted.
fn introduced_first<'r, 'p>(rows: &'r [Row<'p>]) -> impl Iterator<Item = &'r Row<'p>> {
    let is_pending = |row: &&Row| row.origin == Some(Origin::Pending);
    rows.iter().filter(move |row| !is_pending(row)).chain(rows.iter().filter(is_pending))
}

fn whose(origin: Option<Origin>) -> &'static str {
    match origin {
        Some(Origin::Introduced) => "introduced here",
        Some(Origin::Pending) => "already pending",
        None => "",
    }
}

fn key(row: &Row<'_>) -> Markup {
    match (&row.what, row.change) {
        (_, Some(change)) => html! { (change.address) },
        (What::Trusted(trusted), None) => html! {
            @for (i, address) in trusted.concerns.iter().enumerate() { @if i > 0 { ", " } (address) }
        },
        (
            What::Scopes(_)
            | What::Expiry { .. }
            | What::Overlap(_)
            | What::Unprotected
            | What::Readers(_)
            | What::FormerReaders(_)
            | What::Places(_)
            | What::Option(_),
            None,
        ) => {
            html! {}
        }
    }
}

fn what(row: &Row<'_>, setting: &Setting) -> Markup {
    let list = |names: Vec<&str>| html! { @for (i, name) in names.iter().enumerate() { @if i > 0 { ", " } code { (text(name)) } } };
    match &row.what {
        What::Scopes(entries) => list(words(entries)),
        What::Expiry { .. } => html! { "lives longer" },
        What::Overlap(_) => html! { "longer overlap" },
        What::Unprotected => html! { "protection removed" },
        What::Readers(names) | What::FormerReaders(names) | What::Places(names) => list(names.clone()),
        What::Option(gain) => prose(&option_says(gain)),
        What::Trusted(trusted) => {
            let side = |value: &Option<String>| value.as_deref().map_or_else(|| "nothing".to_owned(), |value| text(value).into_owned());
            html! {
                code { (text(&trusted.subject)) }
                @if trusted.before.is_some() || trusted.after.is_some() { ": " (side(&trusted.before)) " → " (side(&trusted.after)) }
                @if let Some(at) = &trusted.at { " at " code { (text(&setting.path(&at.file))) ":" (at.line) } }
            }
        }
    }
}

/// When keys rotate, expire or die, soonest first.
pub fn expiry(plan: &Plan) -> Markup {
    let mut ends: Vec<(Timestamp, String, &str)> =
        plan.due.iter().map(|due| (due.at, due.address.to_string(), due_word(&due.kind))).collect();
    for change in plan.changes.iter().filter(|change| change.action != Action::Blocked) {
        let live = change.after.as_ref().filter(|after| after.state == "active");
        ends.extend(live.and_then(|after| after.expires_at).map(|at| (at, change.address.to_string(), "expires")));
    }
    let horizon = plan.created_at.checked_add(SignedDuration::from_hours(24 * HORIZON)).unwrap_or(Timestamp::MAX);
    ends.retain(|(at, ..)| *at <= horizon);
    ends.sort();
    html! {
        @if !ends.is_empty() {
            section {
                h2 { "Expiry, next " (HORIZON) " days" }
                @for (at, address, word) in &ends {
                    @let days = days_until(plan.created_at, *at);
                    div class=(if days < 0 { "bar past" } else { "bar" }) {
                        span { (address) }
                        b { i style=(format!("width:{}%", (days.clamp(0, HORIZON) * 100 / HORIZON).max(1))) {} }
                        span.dim { (word) " " (in_days(days)) ", " (day(*at)) }
                    }
                }
            }
        }
    }
}

fn due_word(kind: &str) -> &'static str {
    match kind {
        "rotation" => "rotates",
        "review" => "review",
        "idle" => "dies of disuse",
        _ => "expires",
    }
}

/// Who can decrypt from now on, and who no longer can.
pub fn readers(plan: &Plan) -> Markup {
    let acting = || plan.changes.iter().filter(|change| change.action != Action::Blocked);
    let changed: Vec<&Change> =
        acting().filter(|change| !(change.access.recipients_added.is_empty() && change.access.recipients_removed.is_empty())).collect();
    let from = plan.base.as_ref().map_or_else(|| "the working tree".to_owned(), |base| format!("{} {}", base.reference, base.commit));
    html! {
        section {
            h2 { "Who can decrypt" }
            @if changed.is_empty() { p { "Unchanged; recipients are read from " code { (text(&from)) } "." } }
            @for change in changed {
                h3 { (change.address) }
                ul {
                    @for key in &change.access.recipients_added { li.plus { "+ " code { (text(key)) } } }
                    @for key in &change.access.recipients_removed { li.minus { "− " code { (text(key)) } } }
                }
            }
        }
    }
}

/// Work for people.
pub fn attended(plan: &Plan) -> Markup {
    html! {
        @if !plan.attended.is_empty() {
            section {
                h2 { "Attended steps (" (plan.attended.len()) "): a person does these" }
                @for step in &plan.attended {
                    details open {
                        summary {
                            strong { (step.address) } " " (prose(&step.title))
                            @if let Some(minutes) = step.minutes { " · about " (count(minutes as usize, "minute")) }
                            @if let Some(owner) = &step.owner { " · " (text(owner)) }
                        }
                        @if let Some(link) = step.link.as_deref().filter(|link| is_link(link)) { p { a href=(link) rel="noreferrer noopener" { (link) } } }
                        ol { @for line in &step.steps { li { (prose(line)) } } li { code { (text(&step.command)) } } }
                    }
                }
            }
        }
    }
}

/// What was done by hand, most risky first.
pub fn drift(plan: &Plan) -> Markup {
    html! {
        @if !plan.drift.is_empty() {
            section {
                h2 { "Drift (" (plan.drift.len()) "): no manifest asked for it" }
                ul { @for deed in by_risk(&plan.drift) {
                    li {
                        span class=(tone(gravity(deed))) { (loud(gravity(deed))) } " " strong { (deed.address) } " " (prose(&deed.reason))
                        @let told = beside_scopes(deed);
                        @if !told.is_empty() { " (" (prose(&told)) ")" }
                        @for entry in &deed.access.gained { " +" code { (text(entry.scope.as_str())) } }
                        @for entry in &deed.access.lost { " −" code { (text(entry.scope.as_str())) } }
                        @if matches!(deed.action, Action::Blocked | Action::None) { "; not corrected now" (prose(&until(deed))) } @else { "; corrected by " (deed.action.as_str()) }
                    }
                } }
            }
        }
    }
}

/// Keys that nobody declared or uses, what waits, what guards say.
pub fn margin(plan: &Plan) -> Markup {
    let strangers: Vec<_> = plan.unmanaged.iter().filter(|key| !key.own).collect();
    let guards: Vec<_> = plan.guards.iter().filter(|guard| guard.verdict != crate::plan::Verdict::Passed).collect();
    html! {
        @if !(strangers.is_empty() && plan.unused.is_empty() && plan.deferred.is_empty() && guards.is_empty()) {
            section {
                h2 { "Not part of this change" }
                ul {
                    @for key in strangers {
                        li {
                            "Unmanaged, " (key.risk.map_or("risk unknown", Risk::as_str)) ": " code { (text(&key.label)) } " (" (text(&key.id)) ") in " (key.account)
                            @if key.fails { ", refused by " code { "unmanaged" } }
                        }
                    }
                    @for key in &plan.unused { li { "Unused since " (day(key.since)) ": " (key.address) } }
                    @for deferred in &plan.deferred { li { "Deferred to a later plan: " (deferred.address) ", " (prose(&deferred.reason)) } }
                    @for guard in guards { li { "Guard " (text(&crate::render::plan_guards::verdict(guard))) } }
                }
            }
        }
    }
}

/// Every value before and after.
pub fn exact(plan: &Plan) -> Markup {
    html! {
        @if !plan.changes.is_empty() {
            section {
                h2 { "Exact changes" }
                @for change in by_risk(&plan.changes) {
                    @let mut lines = String::new();
                    @let () = lines_of(&mut lines, change);
                    details { summary { (change.address) ": " (change.action.as_str()) } (coloured(&lines)) }
                }
            }
        }
    }
}

/// What the plan is bound to.
pub fn identity(plan: &Plan, setting: &Setting) -> Markup {
    let accounts: Vec<String> =
        plan.accounts.iter().map(|(name, account)| format!("{name} {} ({} keys)", text(&account.listing), account.observed)).collect();
    let but = match &brought(plan)[..] {
        [] => ", never from this change".to_owned(),
        brought => format!(", not from this change, but for what it brings along: account {}", text(&brought.join(", "))),
    };
    html! {
        footer {
            h2 { "Plan identity" }
            table { tbody {
                tr { th scope="row" { "Plan" } td { code { (text(&plan.digest)) } } }
                tr { th scope="row" { "Workspace" } td { code { (text(setting.workspace())) } } }
                tr { th scope="row" { "Valid until" } td { @if plan.mode == Mode::Live { (plan.expires_at) } @else { "offline: it cannot be applied" } } }
                @if let Some(base) = &plan.base {
                    tr { th scope="row" { "Trusted configuration" } td { code { (text(&base.reference)) " " (text(&base.commit)) } (but) } }
                    @if let Some(head) = &base.head { tr { th scope="row" { "Manifests" } td { "the working tree on " code { (text(head)) } } } }
                } @else {
                    tr { th scope="row" { "Manifests and configuration" } td { "the working tree" } }
                }
                tr { th scope="row" { "Observed" } td { (plan.created_at) ": " (accounts.join(", ")) } }
            } }
        }
    }
}
