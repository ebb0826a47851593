//! When a key ends and when it is renewed: defaults, conflicts, and spans that must fit each other.
use jiff::Timestamp;

use super::config::DefaultsSpec;
use super::manifest::{Expires, KeySpec};
use super::place::Entry;
use super::profiles::Provider;
use super::reviews::Interval;
use crate::diagnostics::{Code, Diagnostic, Place, Report};
use crate::model::{Expiry, Generation, Span};

/// What keys get when their manifest says nothing.
pub(super) struct Defaults {
    /// Known groups, sorted; `None`: none are named; empty: all that are named are unknown.
    pub recipients: Option<Vec<String>>,
    lifetime: Option<Span>,
    pub review_every: Option<Span>,
    pub unused_after: Option<Span>,
    spans: Spans,
}

/// The spans of a key's renewal.
#[derive(Clone, Copy)]
pub(super) struct Spans {
    pub renew_before: Term,
    pub overlap: Term,
    pub cooldown: Term,
}

/// One span and who said it.
#[derive(Clone, Copy)]
pub(super) struct Term {
    field: &'static str,
    pub span: Span,
    said: Said,
}

/// Who said a span.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Said {
    Here,
    Defaults,
    BuiltIn,
}

impl Default for Defaults {
    fn default() -> Self {
        let term = |field, span| Term { field, span, said: Said::BuiltIn };
        let spans = Spans {
            renew_before: term("renew_before", Span::days(14)),
            overlap: term("overlap", Span::hours(72)),
            cooldown: term("cooldown", Span::days(7)),
        };
        Self { recipients: None, lifetime: None, review_every: None, unused_after: None, spans }
    }
}

impl Defaults {
    /// How long a disabled key is kept when nothing says more.
    pub fn cooldown(&self) -> Span {
        self.spans.cooldown.span
    }

    /// Fills in what is built in, and checks the spans together when there is a default lifetime.
    pub fn resolve(document: &Entry, spec: &DefaultsSpec, recipients: Option<Vec<String>>, report: &mut Report) -> Self {
        let built_in = Self::default().spans;
        let here = built_in.or_said(spec.renew_before, spec.overlap, spec.cooldown);
        let lifetime = spec.lifetime.and_then(|lifetime| lifetime.0);
        if let Some(lifetime) = lifetime {
            check(&here, Some(lifetime), document, &["defaults"], report);
        }
        let passed_on = |term: Term| Term { said: if term.said == Said::Here { Said::Defaults } else { term.said }, ..term };
        let spans =
            Spans { renew_before: passed_on(here.renew_before), overlap: passed_on(here.overlap), cooldown: passed_on(here.cooldown) };
        let [review_every, unused_after] = [spec.review_every, spec.unused_after].map(|said| Interval::or(said, None));
        Self { recipients, lifetime, review_every, unused_after, spans }
    }

    /// The spans of one key, checked together. `expiry` as [`expiry`] found it.
    pub fn spans(&self, spec: &KeySpec, expiry: Option<Expiry>, entry: &Entry, report: &mut Report) -> Spans {
        let spans = self.spans.or_said(spec.renew_before, spec.overlap, spec.cooldown);
        let all_default =
            spec.lifetime.is_none() && [spans.renew_before, spans.overlap, spans.cooldown].iter().all(|t| t.said != Said::Here);
        match expiry {
            // Already checked where the defaults stand.
            Some(Expiry::Lifetime(_)) if all_default => {}
            Some(Expiry::Lifetime(lifetime)) => check(&spans, Some(lifetime), entry, &[], report),
            Some(Expiry::At(_)) => check(&spans, None, entry, &[], report),
            Some(Expiry::Never) | None => {}
        }
        spans
    }
}

impl Spans {
    fn or_said(self, renew_before: Option<Span>, overlap: Option<Span>, cooldown: Option<Span>) -> Self {
        let or = |term: Term, said: Option<Span>| said.map_or(term, |span| Term { span, said: Said::Here, ..term });
        Self {
            renew_before: or(self.renew_before, renew_before),
            overlap: or(self.overlap, overlap),
            cooldown: or(self.cooldown, cooldown),
        }
    }
}

impl Term {
    fn shown(self) -> String {
        let said = match self.said {
            Said::Here => "",
            Said::Defaults => " (from `defaults`)",
            Said::BuiltIn => " (built in)",
        };
        format!("`{}` {}{said}", self.field, self.span)
    }
}

/// `overlap + renew_before/8 < renew_before < lifetime`, and room for a predecessor to go before the next rotation.
fn check(spans: &Spans, lifetime: Option<Span>, entry: &Entry, below: &[&str], report: &mut Report) {
    let Spans { renew_before, overlap, cooldown } = *spans;
    let seconds = |term: Term| term.span.as_seconds();
    let place = |terms: &[Term]| match terms.iter().find(|term| term.said == Said::Here) {
        Some(term) => entry.value(&[below, &[term.field]].concat()),
        None => lifetime_place(entry, below, lifetime),
    };
    let help = |terms: &[Term]| match lifetime.and_then(suggested) {
        Some(fitting) => {
            let fields = terms.iter().filter_map(|term| fitting.iter().find(|(field, _)| *field == term.field));
            let words: Vec<String> = fields.map(|(field, span)| format!("`{field}: {span}`")).collect();
            format!("set {} here", words.join(" and "))
        }
        None => format!("set {} here so that they fit", terms.iter().map(|t| format!("`{}`", t.field)).collect::<Vec<_>>().join(" and ")),
    };
    let error = |message: String, terms: &[Term]| Diagnostic::error(Code::ManifestTiming, message).at(place(terms)).help(help(terms));
    if let Some(lifetime) = lifetime.filter(|lifetime| renew_before.span >= *lifetime) {
        let message = format!("{} must be shorter than `lifetime` {lifetime}", renew_before.shown());
        report.push(error(message, &[renew_before, overlap]));
        return;
    }
    // In eighths of a second, so that nothing is rounded.
    if 8 * seconds(overlap) + seconds(renew_before) >= 8 * seconds(renew_before) {
        let message = format!("{} and an eighth of {} must together be shorter than `renew_before`", overlap.shown(), renew_before.shown());
        report.push(error(message, &[overlap, renew_before]));
        return;
    }
    let Some(lifetime) = lifetime else { return };
    let left = lifetime.as_seconds() - seconds(renew_before);
    let taken = seconds(overlap) + seconds(cooldown);
    if left < taken {
        let message = format!(
            "a rotation comes every {}, but {} and {} keep a predecessor for {}",
            Span::seconds(left),
            overlap.shown(),
            cooldown.shown(),
            Span::seconds(taken)
        );
        let terms = [cooldown, overlap, renew_before];
        report.push(Diagnostic::warning(Code::ManifestTimingTight, message).at(place(&terms)).help(help(&[
            renew_before,
            overlap,
            cooldown,
        ])));
    }
}

fn lifetime_place(entry: &Entry, below: &[&str], lifetime: Option<Span>) -> Place {
    let field = if lifetime.is_some() { "lifetime" } else { "expires" };
    entry.value(&[below, &[field]].concat())
}

/// Spans that fit a lifetime, in whole days or hours where it is long enough.
fn suggested(lifetime: Span) -> Option<[(&'static str, Span); 3]> {
    let seconds = lifetime.as_seconds();
    let unit = [86_400, 3600, 60, 1].into_iter().find(|unit| seconds >= 8 * unit)?;
    let part = |divisor: u64| Span::seconds(seconds / divisor / unit * unit);
    Some([("renew_before", part(4)), ("overlap", part(8)), ("cooldown", part(4))])
}

/// When a key ends. `None` when that is in doubt, which is then in the report.
pub(super) fn expiry(
    spec: &KeySpec,
    defaults: &Defaults,
    provider: Option<&Provider>,
    current: Option<&Generation>,
    now: Timestamp,
    entry: &Entry,
    report: &mut Report,
) -> Option<Expiry> {
    let (expiry, place): (Expiry, Box<dyn Fn() -> Place>) = match (spec.lifetime, spec.expires, defaults.lifetime) {
        (Some(_), Some(_), _) => {
            let diagnostic = Diagnostic::error(Code::ManifestExpiryConflict, "the key says both `lifetime` and `expires`");
            report
                .push(diagnostic.at(entry.field(&["expires"])).help("remove one: `lifetime` rotates, `expires` ends the key on that day"));
            return None;
        }
        (None, None, None) => {
            let diagnostic = Diagnostic::error(Code::ManifestExpiryMissing, "the key says neither `lifetime` nor `expires`");
            let help = "add `lifetime: 90d`, `expires: YYYY-MM-DD` or `expires: never`, or set `defaults.lifetime`";
            report.push(diagnostic.at(entry.name()).help(help));
            return None;
        }
        (Some(lifetime), None, _) => (Expiry::Lifetime(lifetime), Box::new(|| entry.value(&["lifetime"]))),
        (None, None, Some(lifetime)) => (Expiry::Lifetime(lifetime), Box::new(|| entry.name())),
        (None, Some(Expires::Never), _) => (Expiry::Never, Box::new(|| entry.value(&["expires"]))),
        (None, Some(expires @ Expires::Day(_)), _) => {
            (expires.end().map_or(Expiry::Never, Expiry::At), Box::new(|| entry.value(&["expires"])))
        }
    };
    let tolerance = provider.map_or(Span::seconds(0), |provider| provider.profile.capabilities.expiry.tolerance);
    let is_current = |end: Timestamp| {
        let recorded = current.and_then(|generation| generation.expires_at);
        recorded.is_some_and(|recorded| end.duration_since(recorded).abs() <= tolerance.duration())
    };
    // A key that was adopted has the end that it has, whatever the provider would grant now.
    if expiry == Expiry::Never && current.is_some_and(|current| current.adopted.is_some() && current.expires_at.is_none()) {
        return Some(expiry);
    }
    if let Expiry::At(end) = expiry {
        if is_current(end) || current.is_some_and(|current| current.stands_for(end)) {
            return Some(expiry);
        }
        if end <= now {
            let diagnostic = Diagnostic::error(Code::ManifestExpiryPast, format!("the key's last second, {end}, has passed"));
            report.push(diagnostic.at(place()).help("choose a later day, or remove the entry"));
            return None;
        }
    }
    if let Some((provider, max)) = provider.and_then(|provider| Some((provider, provider.profile.capabilities.expiry.max?))) {
        let asked = match expiry {
            Expiry::Never => Some("never ends".to_owned()),
            Expiry::Lifetime(lifetime) if lifetime > max => Some(format!("lives {lifetime}")),
            Expiry::At(end) if now.checked_add(max.duration()).is_ok_and(|latest| end > latest) => Some(format!("ends at {end}")),
            Expiry::Lifetime(_) | Expiry::At(_) => None,
        };
        if let Some(asked) = asked {
            let message = format!("the key {asked}, but `{}` grants at most {max}", provider.name());
            report.push(
                Diagnostic::error(Code::ManifestExpiryUnsupported, message).at(place()).help(format!("set `lifetime: {max}` or less")),
            );
            return None;
        }
    }
    if let (Some(provider), Expiry::Lifetime(lifetime)) = (provider, expiry)
        && let Some(shortest) = provider.shortest_life().filter(|shortest| lifetime < *shortest)
    {
        let message = format!("the key lives {lifetime}, but `{}` counts whole days", provider.name());
        let diagnostic = Diagnostic::error(Code::ManifestExpiryUnsupported, message).at(place());
        report.push(diagnostic.help(format!("set `lifetime: {shortest}` or more")));
        return None;
    }
    Some(expiry)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggested_spans_fit_their_lifetime() {
        let file = "keys/a.yaml".into();
        let entry = Entry { file: &file, route: &["keys", "a"] };
        let lifetimes = (8..2000).chain((1..2000).map(|n| n * 1801)).chain((1..400).map(|n| n * 86_400));
        for seconds in lifetimes {
            let fitting = suggested(Span::seconds(seconds)).expect("long enough");
            let term = |i: usize| Term { field: fitting[i].0, span: fitting[i].1, said: Said::Here };
            let spans = Spans { renew_before: term(0), overlap: term(1), cooldown: term(2) };
            let mut report = Report::default();
            check(&spans, Some(Span::seconds(seconds)), &entry, &[], &mut report);
            assert!(report.is_empty(), "{seconds} {report:?}");
        }
    }

    #[test]
    fn the_bounds_are_exact() {
        let file = "keys/a.yaml".into();
        let entry = Entry { file: &file, route: &["keys", "a"] };
        let codes = |renew_before: u64, overlap: u64, cooldown: u64, lifetime: Option<u64>| -> Vec<Code> {
            let term = |field, seconds| Term { field, span: Span::seconds(seconds), said: Said::Here };
            let spans = Spans {
                renew_before: term("renew_before", renew_before),
                overlap: term("overlap", overlap),
                cooldown: term("cooldown", cooldown),
            };
            let mut report = Report::default();
            check(&spans, lifetime.map(Span::seconds), &entry, &[], &mut report);
            report.diagnostics().iter().map(|diagnostic| diagnostic.code).collect()
        };
        assert_eq!(codes(80, 69, 11, Some(160)), []);
        assert_eq!(codes(80, 69, 12, Some(160)), [Code::ManifestTimingTight]);
        assert_eq!(codes(80, 70, 0, Some(1000)), [Code::ManifestTiming]);
        assert_eq!(codes(80, 70, 0, None), [Code::ManifestTiming]);
        assert_eq!(codes(80, 69, 1_000_000, None), []);
        assert_eq!(codes(80, 10, 0, Some(80)), [Code::ManifestTiming]);
        assert_eq!(codes(80, 1, 0, Some(81)), []);
        assert_eq!(codes(0, 0, 0, None), [Code::ManifestTiming]);
    }
}
