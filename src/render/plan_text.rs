//! The plan for people: what each key gains and loses, in the order of addresses.
mod beyond;

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::Timestamp;
use rayon::prelude::*;
use unicode_width::UnicodeWidthStr;

use super::palette::{Ink, Style};
use super::plan_guards as guards;
use super::plan_sections as sections;
use super::plan_trust;
use super::runbook::runbook;
use super::table::{columns, pad, push_padded};
use super::weighed::is_pending;
use crate::model::text_safety::{quoted, safe};
use crate::model::{AccessLevel, Address, Marker, Risk, Scope};
use crate::plan::{AccessEntry, Action, AttendedStep, Change, KeyView, LineKind, Plan, PlanStep};

/// Where action words begin, and where the place of the declaration begins, in columns.
const WORDS: usize = 36;
const PLACE: usize = 76;
/// Changes that one core draws in one go, and how many such pieces are held before they are given away.
const EACH: usize = 64;
const AT_ONCE: usize = 16;

/// The whole plan. Its last paragraph begins `Plan: X to create, Y to edit, Z to rotate, W to disable.`
pub fn plan_text(plan: &Plan, style: Style) -> String {
    let mut text = String::new();
    write_plan_text(plan, style, |piece| text.push_str(piece));
    text
}

/// The same in pieces: a plan of many thousand changes makes a long text.
pub fn write_plan_text(plan: &Plan, style: Style, mut sink: impl FnMut(&str)) {
    let mut runbooks: BTreeMap<&Address, Vec<&AttendedStep>> = BTreeMap::new();
    for step in &plan.attended {
        runbooks.entry(&step.address).or_default().push(step);
    }
    let mut head = sections::header(plan, style);
    plan_trust::header(&mut head, plan, style);
    sink(&head);
    let draw = |changes: &[&Change]| {
        let mut out = String::new();
        for change in changes {
            out.push('\n');
            let provider = plan.accounts.get(&change.address.account).map_or("the provider", |account| account.provider.as_str());
            Entry { change, now: plan.created_at, provider, style }.draw(&mut out);
            for step in runbooks.get(&change.address).into_iter().flatten() {
                runbook(&mut out, step, style);
            }
        }
        out
    };
    // Many thousand changes are drawn by all cores, a part at a time, and given away in their order.
    for (heading, changes) in plan_trust::groups(plan) {
        if let Some(heading) = heading {
            sink(&format!("\n{}\n", style.paint(Ink::Strong, &heading)));
        }
        for part in changes.chunks(AT_ONCE * EACH) {
            part.par_chunks(EACH).map(draw).collect::<Vec<String>>().iter().for_each(|piece| sink(piece));
        }
    }
    let shown: std::collections::BTreeSet<&Address> = plan.changes.iter().map(|change| &change.address).collect();
    runbooks.retain(|address, _| !shown.contains(address));
    let mut out = String::new();
    sections::open_work(&mut out, runbooks.into_values().flatten(), style);
    plan_trust::sections(&mut out, plan, style);
    super::drift::section(&mut out, plan, style);
    sections::access(&mut out, plan, style);
    sections::accounts(&mut out, plan, style);
    sections::due(&mut out, plan, style);
    sections::unused(&mut out, plan, style);
    guards::deferred(&mut out, plan, style);
    guards::verdicts(&mut out, plan, style);
    sections::unmanaged(&mut out, plan, style);
    sections::diagnostics(&mut out, plan, style);
    sections::summary(&mut out, plan);
    sink(&out);
}

/// One change and what is needed to word it.
struct Entry<'a> {
    change: &'a Change,
    now: Timestamp,
    provider: &'a str,
    style: Style,
}

impl Entry<'_> {
    fn draw(&self, out: &mut String) {
        self.title(out);
        self.scopes(out);
        self.access(out);
        self.fields(out);
        self.secret(out);
        self.other_generations(out);
        for note in &self.change.notes {
            match (note.strip_prefix("secret "), note.strip_prefix("expires ")) {
                (Some(rest), _) => field(out, "secret", &safe(rest)),
                (_, Some(rest)) => field(out, "expires", &format!("{}{}{}", self.since(rest), safe(rest), self.lengthened())),
                (None, None) if note == "never expires" => {
                    field(out, "expires", &format!("{}never{}", self.since("never"), self.lengthened()));
                }
                // Said already, beside the access.
                (None, None) if note.starts_with("open-ended:") && !self.change.access.open_ended.is_empty() => {}
                (None, None) => field(out, "note", &safe(note)),
            }
        }
    }

    fn title(&self, out: &mut String) {
        let (symbol, ink) = symbol(self.change.action);
        let mut head = pad(&self.change.address.to_string(), WORDS - 4);
        head.push_str(action_words(self.change.action));
        if !self.change.reason.is_empty() {
            let _ = write!(head, ": {}", safe(&self.change.reason));
        }
        let place = match &self.change.declared_at {
            Some(at) => format!("{}:{}", safe(&at.file), at.line),
            None => String::new(),
        };
        let gap = if place.is_empty() { 0 } else { (PLACE - 4).saturating_sub(head.width()).max(2) };
        let _ = write!(out, "{} ", self.style.paint(ink, &format!("{symbol:>3}")));
        let (address, words) = head.split_at(self.change.address.to_string().len());
        let _ = writeln!(out, "{}{words}{:gap$}{}", self.style.paint(Ink::Strong, address), "", self.style.paint(Ink::Dim, &place));
    }

    /// How the lines of the manifest changed, where the access below does not say it already.
    fn scopes(&self, out: &mut String) {
        for line in &self.change.access.lines {
            let scope = safe(line.scope.as_str());
            let other = line.other.as_ref().map(|other| safe(other.as_str())).unwrap_or_default();
            let leaf = |entries: &[AccessEntry]| entries.iter().any(|entry| entry.scope == line.scope);
            let (text, word) = match line.kind {
                LineKind::Added if leaf(&self.change.access.gained) => continue,
                LineKind::Removed if leaf(&self.change.access.lost) => continue,
                LineKind::Added => (scope.into_owned(), "added".to_owned()),
                LineKind::Removed => (scope.into_owned(), "removed".to_owned()),
                LineKind::Widened => (arrow(&other, &scope), "widened".to_owned()),
                LineKind::Narrowed => (arrow(&other, &scope), "narrowed".to_owned()),
                LineKind::SameEffect => (arrow(&other, &scope), "same effect in other words".to_owned()),
                LineKind::Shadowed => (scope.into_owned(), format!("already covered by `{other}`")),
                LineKind::Unknown => (scope.into_owned(), "not in the catalogue: taken as critical".to_owned()),
            };
            field(out, "scopes", &format!("{}  {word}", pad(&text, PLACE - 18)));
        }
    }

    fn access(&self, out: &mut String) {
        let access = &self.change.access;
        let widest = access.gained.iter().chain(&access.lost).map(|entry| columns(entry.scope.as_str())).max().unwrap_or(0).min(48);
        let is_blocked = self.change.action == Action::Blocked;
        let (gains, loses) = if is_blocked { ("+ would gain", "- would lose") } else { ("+ gains", "- loses") };
        let groups = [(gains, Ink::Create, &access.gained), (loses, Ink::Remove, &access.lost)];
        for (word, ink, entries) in groups {
            let mut sorted: Vec<&AccessEntry> = entries.iter().collect();
            sorted.sort_by_key(|entry| (is_pending(self.change, entry), Reverse(entry.risk), &entry.scope));
            let word = self.style.paint(ink, word);
            for entry in sorted {
                self.entry(out, &word, entry, widest);
            }
        }
        if !access.kept.is_empty() {
            let _ = writeln!(out, "      {}  {}", self.style.paint(Ink::Dim, "= keeps"), kept(&access.kept));
        }
        for scope in &access.open_ended {
            let mark = self.style.paint(Ink::Attention, "! open-ended:");
            let _ = writeln!(out, "      {mark} `{}` also grants what {} adds later", safe(scope.as_str()), safe(self.provider));
        }
    }

    /// One scope gained or lost. There may be hundreds of thousands: each is written straight to the end of the text.
    fn entry(&self, out: &mut String, word: &str, entry: &AccessEntry, widest: usize) {
        out.push_str("      ");
        out.push_str(word);
        out.push_str("  ");
        push_padded(out, &safe(entry.scope.as_str()), widest + 3);
        out.push_str(&self.style.paint(Ink::Risk(entry.risk), shouted(entry.risk)));
        push_padded(out, "", 10 - entry.risk.as_str().len());
        push_padded(out, entry.access.map_or("unknown", AccessLevel::as_str), 8);
        let mut room = 20_usize;
        for tag in entry.tags.iter().map(|tag| tag.as_str()) {
            out.push_str(tag);
            out.push(' ');
            room = room.saturating_sub(tag.len() + 1);
        }
        out.extend(std::iter::repeat_n(' ', room));
        out.push_str(&entry.why.as_deref().map(safe).unwrap_or_default());
        let told = match (is_pending(self.change, entry), self.change.access.restored.contains(&entry.scope)) {
            (true, _) => "already pending",
            (false, true) => "the base takes it away",
            (false, false) => "",
        };
        if !told.is_empty() {
            out.push_str(if entry.why.is_some() { "; " } else { "" });
            out.push_str(told);
        }
        out.truncate(out.trim_end_matches(' ').len());
        out.push('\n');
    }

    /// Expiry, state and label, where they change or begin.
    fn fields(&self, out: &mut String) {
        let (before, after) = (self.change.before.as_ref(), self.change.after.as_ref());
        let Some(after) = after.filter(|_| self.change.action != Action::Blocked) else { return };
        let differs = |same: fn(&KeyView, &KeyView) -> bool| before.is_some_and(|before| !same(before, after));
        if self.notes_on("expires ") || self.notes_on("never expires") {
            // Said there, in more words.
        } else if differs(|a, b| a.expires_at == b.expires_at) {
            let is_later = match (before.and_then(|before| before.expires_at), after.expires_at) {
                (_, None) => true,
                (None, Some(_)) => false,
                (Some(old), Some(new)) => new > old,
            };
            let word = match (is_later, after.expires_at) {
                (true, None) => "removed",
                (true, Some(_)) => "later",
                (false, _) => "earlier",
            };
            let text = ends(before.and_then(|before| before.expires_at), after.expires_at);
            field(out, "expires", &format!("{}  {}{word}", pad(&text, PLACE - 18), self.longer_life()));
        } else if issues(self.change.action) {
            let days = after.expires_at.map(|at| format!(" ({} days)", at.duration_since(self.now).as_hours() / 24)).unwrap_or_default();
            field(out, "expires", &format!("{}{days}", after.expires_at.map_or_else(|| "never".to_owned(), day)));
        }
        if differs(|a, b| a.state == b.state) {
            field(out, "state", &arrow(&before.map(|view| safe(&view.state)).unwrap_or_default(), &safe(&after.state)));
        }
        // A new generation's marker is drawn by apply, so only the rest of its label can be compared.
        let bare = |view: &KeyView| view.label.as_deref().map(|label| Marker::strip_from(label).to_owned());
        let renews = issues(self.change.action) || self.change.action == Action::Attended;
        let same_but_marker = renews && before.is_some_and(|before| bare(before) == bare(after));
        if !same_but_marker && differs(|a, b| a.label == b.label) {
            let label = |view: &KeyView| view.label.as_deref().map_or_else(|| "none".to_owned(), quoted);
            field(out, "label", &arrow(&before.map(label).unwrap_or_default(), &label(after)));
        }
        for (name, value) in &after.options {
            let text = option_text(value);
            match before.map(|before| before.options.get(name)) {
                Some(old) if old == Some(value) => {}
                Some(old) => {
                    field(out, "option", &format!("{} {}", safe(name), arrow(&old.map_or_else(|| "none".to_owned(), option_text), &text)))
                }
                None => field(out, "option", &format!("{} {text}", safe(name))),
            }
        }
    }

    /// `2027-01-31 -> ` before a note on the new end, when a reader would see another.
    fn since(&self, note: &str) -> String {
        let Some(before) = &self.change.before else { return String::new() };
        let old = before.expires_at.map_or_else(|| "never".to_owned(), day);
        if note.starts_with(&old) { String::new() } else { format!("{old} -> ") }
    }

    /// Whether a note of the plan says it, and in more words.
    fn notes_on(&self, beginning: &str) -> bool {
        self.change.notes.iter().any(|note| note.starts_with(beginning))
    }

    fn other_generations(&self, out: &mut String) {
        let own = self.change.generation;
        let words: Vec<String> = self.change.steps.iter().filter_map(|step| aside(step, own)).collect();
        if !words.is_empty() {
            field(out, "also", &words.join(", "));
        }
    }
}

/// A step that the action's own word does not tell.
fn aside(step: &PlanStep, own: u32) -> Option<String> {
    match step {
        PlanStep::Recover { generation } => Some(format!("finish or undo generation {generation} of an interrupted apply")),
        PlanStep::Create { generation } if *generation != own => Some(format!("create generation {generation}")),
        PlanStep::Edit { generation, .. } if *generation != own => Some(format!("edit generation {generation}")),
        PlanStep::Enable { generation } if *generation != own => Some(format!("enable generation {generation}")),
        PlanStep::Disable { generation } if *generation != own => Some(format!("disable generation {generation}")),
        PlanStep::Delete { generation } if *generation != own => Some(format!("delete generation {generation}")),
        PlanStep::Reseal { generation } if *generation != own => Some(format!("reseal generation {generation}")),
        PlanStep::Create { .. }
        | PlanStep::Open { .. }
        | PlanStep::Edit { .. }
        | PlanStep::Enable { .. }
        | PlanStep::Disable { .. }
        | PlanStep::Delete { .. }
        | PlanStep::Reseal { .. }
        | PlanStep::Deliver { .. }
        | PlanStep::Move { .. }
        | PlanStep::Record { .. } => None,
    }
}

pub(super) fn shouted(risk: Risk) -> &'static str {
    match risk {
        Risk::Low => "LOW",
        Risk::Medium => "MEDIUM",
        Risk::High => "HIGH",
        Risk::Critical => "CRITICAL",
    }
}

pub(super) fn symbol(action: Action) -> (&'static str, Ink) {
    match action {
        Action::Create => ("+", Ink::Create),
        Action::Edit | Action::Enable | Action::Reseal | Action::Deliver => ("~", Ink::Change),
        Action::Rotate | Action::Replace => ("-/+", Ink::Change),
        Action::Disable | Action::Delete => ("-", Ink::Remove),
        Action::Attended => ("!", Ink::Attention),
        Action::Blocked => ("x", Ink::Remove),
        Action::None => ("=", Ink::Dim),
    }
}

pub(super) fn action_words(action: Action) -> &'static str {
    if action == Action::Edit { "edit in place" } else { action.as_str() }
}

/// Whether the action makes a new generation.
pub(super) fn issues(action: Action) -> bool {
    matches!(action, Action::Create | Action::Rotate | Action::Replace)
}

fn field(out: &mut String, name: &str, text: &str) {
    let _ = writeln!(out, "      {name:<8} {}", text.trim_end());
}

fn arrow(from: &str, to: &str) -> String {
    format!("{from} -> {to}")
}

fn kept(scopes: &[Scope]) -> String {
    let shown: Vec<_> = scopes.iter().take(3).map(|scope| safe(scope.as_str())).collect();
    let more = scopes.len() - shown.len();
    if more == 0 { shown.join(", ") } else { format!("{} and {more} more", shown.join(", ")) }
}

/// Two ends that differ, as days, or with their times where it is the same day.
pub(super) fn ends(before: Option<Timestamp>, after: Option<Timestamp>) -> String {
    let said = |form: fn(Timestamp) -> String| [before, after].map(|end| end.map_or_else(|| "never".to_owned(), form));
    let forms: [fn(Timestamp) -> String; 2] = [day, |at| at.strftime("%Y-%m-%d %H:%MZ").to_string()];
    let [old, new] = forms.into_iter().map(said).find(|[old, new]| old != new).unwrap_or_else(|| said(|at| at.to_string()));
    arrow(&old, &new)
}

/// The day of an instant, UTC.
pub(super) fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

/// An option's value in one line.
pub(super) fn option_text(value: &serde_json::Value) -> String {
    let items = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
    let words: Vec<String> = items.iter().map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned)).collect();
    safe(&words.join(", ")).into_owned()
}

#[cfg(test)]
pub(crate) mod samples;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_tells_what_every_key_gains_and_loses() {
        insta::assert_snapshot!(plan_text(&samples::plan(), Style::PLAIN), @"
        4 of 37 keys change                                    plan 7c1e-9a40, valid until 2026-11-22 09:04Z

          ~ pay/billing-webhooks            edit in place: scopes differ            keys/pay.yaml:31
              scopes   pcx:webhooks:read -> pcx:webhooks:*                         widened
              + gains  pcx:webhooks:update   HIGH      write   egress              can repoint payment events
              + gains  pcx:webhooks:delete   MEDIUM    write
              = keeps  pcx:webhooks:read
              ! open-ended: `pcx:webhooks:*` also grants what payconex adds later
              expires  2027-01-31 -> never                                         HIGH  removed
              label    `Billing` -> `Billing webhooks`
              also     disable generation 1

          + pay/card-updater                create                                  keys/pay.yaml:8
              + gains  pcx:results:read   MEDIUM    read    financial
              expires  2027-02-19 (90 days)
              secret   -> secrets/pay/card-updater.age
              + reader  age1ops  MEDIUM  can open the secret
              + reader  age1recovery  MEDIUM  can open the secret

        -/+ pay/expense-sync                replace: scopes cannot be edited        keys/pay.yaml:50
              scopes   e                                                           not in the catalogue: taken as critical
              scopes   d                                                           already covered by `a`
              + gains  e           CRITICAL  unknown
              - loses  transfers   CRITICAL  write   money
              = keeps  a, b, c and 1 more
              expires  never
              secret   -> secrets/pay/expense-sync.age
              ! attended: make the token in the dashboard
                1.  open the developer settings
                2.  make a token with the scopes above
                then `keywright fulfil pay/expense-sync`

          - pay/old-reporting               disable: no longer declared
              - loses  pcx:results:read   MEDIUM    read    financial
              - reader  age1old  can no longer open new secrets
              note     deleted 7d later

          x pay/stuck                       blocked: the admin credential lacks `pcx:api_key:read`

          ! pay/waiting
              ! attended: make the key in the portal
                then `keywright fulfil pay/waiting`

        access   +7 gained (1 critical, 2 high)   -3 lost (1 critical)   who can decrypt: +2 -1 public keys

        x account `brynq` is unavailable, its keys are left alone: unreachable: connection refused

        due                             today     +10d      +20d      +30d
          pay/ci-metrics                |-----------R                       rotates in 12 days, 2026-12-03
          pay/old                       |E                                  expired 2026-11-21

        unmanaged   1 key in no manifest and no ledger; never touched
          pay: our own admin credential, 管理 (api_2)
          ACCOUNT  LABEL          ID     RISK      AGE   LAST USED  SCOPES
          pay      Legacy import  api_1  CRITICAL  365d  12d ago    pcx:api_key:read pcx:payment:create +1  refused

        warning[plan/degraded]: `plan_credential` of `pay` has `pcx:api_key:read`, which reads secrets
          = more: keywright explain plan/degraded

        Plan: 1 to create, 1 to edit, 1 to rotate, 1 to disable. 2 attended steps. 1 blocked. 1 account unavailable. 1 warning.
        ");
    }

    #[test]
    fn a_plan_without_changes_says_so() {
        insta::assert_snapshot!(plan_text(&samples::empty(), Style::PLAIN), @"
        no changes: 11 keys match their manifests              plan 7c1e-9a40, valid until 2026-11-22 09:04Z

        Plan: 0 to create, 0 to edit, 0 to rotate, 0 to disable. Nothing to do.
        ");
    }

    #[test]
    fn colour_changes_no_word() {
        let coloured = plan_text(&samples::plan(), Style { colour: true, width: 100 });
        let plain = anstream::adapter::strip_str(&coloured).to_string();
        assert_ne!(coloured, plain);
        assert_eq!(plain, plan_text(&samples::plan(), Style::PLAIN));
    }

    #[test]
    fn what_the_notes_say_is_said_once() {
        let mut plan = samples::plan();
        plan.changes.truncate(2);
        plan.changes[1].notes =
            vec!["secret -> secrets/pay/card-updater.age (ops: 2 recipients)".to_owned(), "expires 2027-02-19, then rotates".to_owned()];
        let text = plan_text(&plan, Style::PLAIN);
        assert_eq!(text.matches("-> secrets/pay/card-updater.age").count(), 1, "{text}");
        assert!(text.contains("      secret   -> secrets/pay/card-updater.age (ops: 2 recipients)\n"), "{text}");
        assert_eq!(text.matches("2027-02-19").count(), 1, "{text}");
    }

    #[test]
    fn two_ends_of_one_day_are_told_apart() {
        let [one, other, next] = ["2027-02-19T09:00:00Z", "2027-02-19T11:00:00Z", "2027-02-20T09:00:00Z"].map(|at| at.parse().ok());
        assert_eq!(ends(one, next), "2027-02-19 -> 2027-02-20");
        assert_eq!(ends(one, None), "2027-02-19 -> never");
        assert_eq!(ends(one, other), "2027-02-19 09:00Z -> 2027-02-19 11:00Z");
        let second = "2027-02-19T09:00:01Z".parse().ok();
        assert_eq!(ends(one, second), "2027-02-19T09:00:00Z -> 2027-02-19T09:00:01Z");
    }

    #[test]
    fn one_change_tells_its_end_once() {
        let mut plan = samples::plan();
        let change = &mut plan.changes[0];
        change.action = Action::Rotate;
        change.notes = vec!["expires 2027-05-01 (90 days), then rotates".to_owned()];
        change.after.as_mut().expect("an end").expires_at = "2027-05-01T00:00:00Z".parse().ok();
        let text = plan_text(&plan, Style::PLAIN);
        let told: Vec<&str> =
            text.lines().skip_while(|line| !line.contains("billing-webhooks")).take_while(|line| !line.is_empty()).collect();
        let told: Vec<&&str> = told.iter().filter(|line| line.contains("  expires  ")).collect();
        assert_eq!(told, [&"      expires  2027-01-31 -> 2027-05-01 (90 days), then rotates   HIGH  longer than before"]);
    }

    #[test]
    fn what_is_blocked_only_would_happen() {
        let mut plan = samples::plan();
        plan.changes.truncate(1);
        plan.changes[0].action = Action::Blocked;
        let text = plan_text(&plan, Style::PLAIN);
        assert!(text.contains("+ would gain  pcx:webhooks:update") && !text.contains("+ gains"), "{text}");
        assert!(!text.contains("      expires  ") && !text.contains("      label  "), "{text}");
    }

    #[test]
    fn text_from_outside_cannot_steer_the_terminal() {
        let mut plan = samples::plan();
        let evil = "\u{1b}[2J\r\u{202e}x";
        plan.unmanaged[0].label = evil.to_owned();
        plan.unmanaged[0].id = evil.to_owned();
        plan.changes[0].reason = evil.to_owned();
        plan.changes[0].notes = vec![evil.to_owned()];
        plan.changes[0].access.kept = vec![Scope::from(evil)];
        plan.changes[0].access.open_ended = vec![Scope::from(evil)];
        plan.changes[0].access.gained[0].scope = Scope::from(evil);
        plan.changes[0].access.gained[0].why = Some(evil.into());
        plan.attended[0].title = evil.to_owned();
        plan.attended[0].steps = vec![evil.to_owned()];
        for account in plan.accounts.values_mut() {
            account.reason = Some(evil.to_owned());
            account.provider = evil.to_owned();
        }
        let text = plan_text(&plan, Style::PLAIN);
        assert!(!text.chars().any(|c| c != '\n' && crate::model::text_safety::is_unsafe(c)), "{text:?}");
    }

    #[test]
    fn ten_thousand_changes_take_no_time() {
        let mut plan = samples::plan();
        let change = plan.changes[0].clone();
        plan.changes =
            (0..10_000).map(|n| Change { address: format!("pay/key-{n:05}").parse().expect("an address"), ..change.clone() }).collect();
        let started = std::time::Instant::now();
        assert_eq!(plan_text(&plan, Style::PLAIN).matches("edit in place").count(), 10_000);
        assert!(started.elapsed().as_secs() < 10, "more than linear: {:?}", started.elapsed());
    }
}
