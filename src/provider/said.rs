//! What an answer says in its headers and error fields, made safe to repeat. Knows no operation.
use std::num::IntErrorKind;
use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;

use super::transport::HeaderMap;
use crate::model::Secret;
use crate::profile::classify::Refusal;
use crate::profile::template::percent_encoded;

const LONGEST_MESSAGE: usize = 200;
const LONGEST_WORD: usize = 64;
/// From this length on a word is taken for a secret whatever it is made of.
const CERTAINLY_LONG: usize = 32;
/// From this length on a word of letters and digits is.
const HARDLY_SHORT: usize = 16;

/// A refusal as a sentence for people.
pub struct Said<'a>(pub &'a Refusal);

impl Said<'_> {
    /// Status, kind, code, trace and the vendor's message. Whatever repeats a part of the credential is left out, and so is the rest of the body.
    pub fn without(&self, credential: &Secret) -> String {
        self.without_any(credential.parts().map(|(_, part)| part))
    }

    /// The same, leaving out whatever repeats one of these texts, plain or percent-encoded.
    pub fn without_any<'s>(&self, secrets: impl Iterator<Item = &'s str>) -> String {
        let Refusal { status, code, kind, message, trace } = self.0;
        let secrets: Vec<&str> = secrets.filter(|secret| !secret.is_empty()).collect();
        let safe = |text: &&String| !secrets.iter().any(|secret| text.contains(secret) || text.contains(&percent_encoded(secret)));
        let word = |text: &Option<String>| {
            let text = text.as_ref().filter(safe)?;
            let plain =
                !text.is_empty() && text.len() <= LONGEST_WORD && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.:".contains(&b));
            // An id or a code may be the very secret that was refused.
            (plain && masked(text) == *text).then(|| text.clone())
        };
        let mut said = format!("status {status}");
        for (before, text) in [(", ", word(kind)), (", code ", word(code)), (", trace ", word(trace))] {
            if let Some(text) = text {
                said.push_str(before);
                said.push_str(&text);
            }
        }
        if let Some(message) = message.as_ref().filter(safe) {
            let calm: String = masked(message).chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
            let mut short: String = calm.trim().chars().take(LONGEST_MESSAGE).collect();
            if short.len() < calm.trim().len() {
                short.push('…');
            }
            if !short.is_empty() {
                said.push_str(": ");
                said.push_str(&short);
            }
        }
        said
    }
}

/// Whether a text has a word that could be a secret.
pub fn could_be_secret(text: &str) -> bool {
    masked(text) != text
}

/// The text with `…` for each word that could be a secret, plain or encoded: one just issued, or our own in an echoed header.
///
/// A word is a run of what hexadecimal, base64 and percent encoding are made of. It could be a secret when it is long, or mixes letters and digits and
/// is not short. Names of fields and scopes are neither.
fn masked(text: &str) -> String {
    let of_a_word = |c: char| c.is_ascii_alphanumeric() || "+/=_%-".contains(c);
    let mut calm = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let inside = of_a_word(first);
        let (word, after) = rest.split_at(rest.find(|c| of_a_word(c) != inside).unwrap_or(rest.len()));
        let mixed = word.bytes().any(|b| b.is_ascii_digit()) && word.bytes().any(|b| b.is_ascii_alphabetic());
        let suspect = inside && (word.len() >= CERTAINLY_LONG || (mixed && word.len() >= HARDLY_SHORT));
        calm.push_str(if suspect { "…" } else { word });
        rest = after;
    }
    calm
}

/// How long the provider asks to wait: seconds, or a date. What is neither asks for nothing.
pub fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get("retry-after")?.to_str().ok()?.trim();
    match text.parse::<u64>() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(error) if *error.kind() == IntErrorKind::PosOverflow => Some(Duration::MAX),
        Err(_) => Some(Duration::try_from(date(headers, "retry-after")?.duration_since(now)).unwrap_or_default()),
    }
}

/// A date in a header.
pub fn date(headers: &HeaderMap, name: &str) -> Option<Timestamp> {
    DateTimeParser::new().parse_timestamp(headers.get(name)?.to_str().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use zeroize::Zeroizing;

    fn refusal(message: &str) -> Refusal {
        Refusal {
            status: 403,
            code: Some("40003".into()),
            kind: Some("authorization".into()),
            message: Some(message.into()),
            trace: Some("abc-1".into()),
        }
    }

    #[test]
    fn a_refusal_is_repeated_without_secrets_and_bounded() {
        let secret = Secret::single(Zeroizing::new("hunter2".to_owned()));
        let said = |refusal: &Refusal| Said(refusal).without(&secret);
        assert_eq!(said(&refusal("no\nway")), "status 403, authorization, code 40003, trace abc-1: no way");
        assert_eq!(said(&refusal("key hunter2 is bad")), "status 403, authorization, code 40003, trace abc-1");
        let id = Said(&refusal("no key %2A%3Aabc here")).without_any(std::iter::once("*:abc"));
        assert_eq!(id, "status 403, authorization, code 40003, trace abc-1");
        assert_eq!(said(&Refusal { trace: Some("hunter2".into()), ..refusal("") }), "status 403, authorization, code 40003");
        assert_eq!(said(&Refusal { code: Some("a b".into()), kind: None, ..refusal("") }), "status 403, trace abc-1");
        let digits = "b328837fa95e4967a65e5d4e303c0be0";
        let repeats = Refusal { code: Some(digits.into()), kind: Some(digits.into()), trace: Some(digits.into()), ..refusal("no") };
        assert_eq!(said(&repeats), "status 403: no", "an error that repeats a token as its id");
        let long = said(&refusal(&"é".repeat(5000)));
        assert!(long.ends_with("é…") && long.chars().count() < 300);
    }

    #[test]
    fn what_could_be_a_secret_is_masked() {
        for (text, expected) in [
            (
                "bad scope pcx:iframe:instance:tokenize-gpay on 2026-11-21T10:00:00Z",
                "bad scope pcx:iframe:instance:tokenize-gpay on 2026-11-21T10:00:00Z",
            ),
            (r#"{"secret":"b328837fa95e4967a65e5d4e303c0be0"}"#, r#"{"secret":"…"}"#),
            ("Basic YXBpX2U1YjE0NWM0OmIzMjg4Mzc= refused", "Basic … refused"),
            ("a%22b%5C0123456789 b", "… b"),
            ("abcdefghijklmnopqrstuvwxyzabcdef", "…"),
            ("additional_properties are", "additional_properties are"),
        ] {
            assert_eq!(masked(text), expected);
        }
    }

    #[test]
    fn waiting_is_told_in_seconds_or_by_date() {
        let now: Timestamp = "2026-11-21T10:00:00Z".parse().expect("an instant");
        let told = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("retry-after", text.parse().expect("a header"));
            retry_after(&headers, now)
        };
        assert_eq!(told("7"), Some(Duration::from_secs(7)));
        assert_eq!(told("Sat, 21 Nov 2026 10:00:05 GMT"), Some(Duration::from_secs(5)));
        assert_eq!(told("Sat, 21 Nov 2026 09:00:00 GMT"), Some(Duration::ZERO));
        assert_eq!(told("18446744073709551615"), Some(Duration::from_secs(u64::MAX)));
        assert_eq!(told("99999999999999999999999"), Some(Duration::MAX));
        for nothing in ["soon", "-5", "1.5", ""] {
            assert_eq!(told(nothing), None, "{nothing}");
        }
    }
}
