//! Texts for people whose words look like others: letters of several scripts in one word, letters that all look like ASCII, letters that nobody sees.
use unicode_security::{MixedScript as _, skeleton};

use super::place::{Entry, short};
use crate::diagnostics::{Code, Diagnostic, Report};

/// Warns of owner, label and purpose.
pub(super) fn check(texts: &[(&'static str, Option<&str>)], entry: &Entry, report: &mut Report) {
    for (field, text) in texts {
        let Some((word, why)) = text.filter(|text| !text.is_ascii()).and_then(odd) else { continue };
        let message = format!("`{}` in `{field}` {why}", short(word));
        let help = format!("its letters are {}: type it on one keyboard", letters(word));
        report.push(Diagnostic::warning(Code::ManifestConfusable, message).at(entry.value(&[field])).help(help));
    }
}

/// Characters that take no place, and that no language needs within a word.
const UNSEEN: [char; 8] = ['\u{ad}', '\u{34f}', '\u{115f}', '\u{1160}', '\u{200b}', '\u{2060}', '\u{3164}', '\u{feff}'];

/// The first word that is not what it looks like, and why. Scripts that are written together, as in Japanese, count as one.
fn odd(text: &str) -> Option<(&str, &'static str)> {
    let words = || text.split(|c: char| !c.is_alphanumeric() && !UNSEEN.contains(&c)).filter(|word| !word.is_ascii());
    let ascii = |word: &&str| skeleton(word).all(|c| c.is_ascii());
    let unseen = words().find(|word| word.contains(UNSEEN)).map(|word| (word, "has letters that nobody sees, and looks like another word"));
    let mixed = || words().find(|word| !word.is_single_script()).map(|word| (word, "mixes scripts, and looks like another word"));
    let alike = || words().find(ascii).map(|word| (word, "looks like a word of ASCII letters, and has others"));
    unseen.or_else(mixed).or_else(alike)
}

/// Its letters that are not ASCII, as code points.
fn letters(word: &str) -> String {
    let odd: Vec<String> = word.chars().filter(|c| !c.is_ascii()).take(5).map(|c| format!("U+{:04X}", u32::from(c))).collect();
    odd.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_words_that_look_like_others_are_named() {
        for (text, word) in [
            ("@acme/pаyments", Some("pаyments")),
            ("Zahlungen für Bücher", None),
            ("Москва billing", None),
            ("請求書 API", None),
            ("東京タワーの鍵", None),
            ("ασφάλεια-2", None),
            ("gοοgle", Some("gοοgle")),
            ("@рау/core", Some("рау")),
            ("@𝐚𝐜𝐦𝐞", Some("𝐚𝐜𝐦𝐞")),
            ("@ａｃｍｅ", Some("ａｃｍｅ")),
            ("ıt ops", Some("ıt")),
            ("pay\u{200b}ments", Some("pay\u{200b}ments")),
            ("don’t – ever", None),
        ] {
            assert_eq!(odd(text).map(|(word, _)| word), word, "{text}");
        }
        assert_eq!(letters("pаy"), "U+0430");
    }
}
