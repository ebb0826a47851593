//! Names of adopted keys, made of their labels. The same labels in the same order always give the same names.
use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Marker, Name};

/// The most characters of a name.
const LONGEST: usize = 63;

/// Names that are given out, each once.
#[derive(Debug, Default)]
pub struct Names {
    taken: BTreeSet<String>,
    /// The last number that was tried of each name that was wanted more than once.
    numbers: BTreeMap<String, usize>,
}

impl Names {
    /// Names that are given out already.
    pub fn taken<'a>(names: impl IntoIterator<Item = &'a Name>) -> Self {
        Self { taken: names.into_iter().map(Name::to_string).collect(), numbers: BTreeMap::new() }
    }

    /// A fresh name for a key: from its label, else from its id, with `-2`, `-3`, … where it is taken.
    pub fn draw(&mut self, label: &str, id: &str) -> Name {
        let base = [Marker::strip_from(label), id].into_iter().map(plain).find(|name| !name.is_empty());
        let base = base.unwrap_or_else(|| "key".to_owned());
        let mut name = base.clone();
        let number = self.numbers.entry(base.clone()).or_insert(1);
        while self.taken.contains(&name) {
            *number += 1;
            let suffix = format!("-{number}");
            let room = LONGEST.saturating_sub(suffix.len()).min(base.len());
            name = format!("{}{suffix}", base[..room].trim_end_matches('-'));
        }
        self.taken.insert(name.clone());
        Name::new(&name).expect("it begins with a letter or digit, holds nothing else but dashes, and is not too long")
    }
}

/// Whether a name can be made of a label.
pub fn is_nameable(label: &str) -> bool {
    !plain(Marker::strip_from(label)).is_empty()
}

/// The letters and digits of a text, in lower case, with single dashes between its words. Empty when nothing is left.
fn plain(text: &str) -> String {
    let mut name = String::new();
    let mut dash = false;
    for character in text.chars() {
        let letters = latin(character);
        if letters.is_empty() {
            dash = true;
            continue;
        }
        let dashed = usize::from(dash && !name.is_empty());
        if name.len() + dashed + letters.len() > LONGEST {
            break;
        }
        if dashed > 0 {
            name.push('-');
        }
        name.extend(letters.chars().map(|letter| letter.to_ascii_lowercase()));
        dash = false;
    }
    name
}

/// A character in plain Latin letters and digits; empty: it has none.
fn latin(character: char) -> &'static str {
    const ASCII: &str = "0123456789abcdefghijklmnopqrstuvwxyz";
    if character.is_ascii() {
        let at = ASCII.find(character.to_ascii_lowercase());
        return at.map_or("", |at| &ASCII[at..=at]);
    }
    let of = |row: &(&str, &'static str)| row.0.contains(character).then_some(row.1);
    LETTERS.iter().find_map(of).unwrap_or_default()
}

/// Letters with marks, and what is written for them without.
const LETTERS: &[(&str, &str)] = &[
    ("ÀÁÂÃÅàáâãåĀāĂăĄąǍǎ", "a"),
    ("ÄäÆæ", "ae"),
    ("ÇçĆćĈĉĊċČč", "c"),
    ("ĎďĐđÐð", "d"),
    ("ÈÉÊËèéêëĒēĔĕĖėĘęĚě", "e"),
    ("ĜĝĞğĠġĢģ", "g"),
    ("ĤĥĦħ", "h"),
    ("ÌÍÎÏìíîïĨĩĪīĬĭĮįİı", "i"),
    ("Ĵĵ", "j"),
    ("Ķķ", "k"),
    ("ĹĺĻļĽľĿŀŁł", "l"),
    ("ÑñŃńŅņŇň", "n"),
    ("ÒÓÔÕòóôõŌōŎŏŐő", "o"),
    ("ÖöØøŒœ", "oe"),
    ("ŔŕŖŗŘř", "r"),
    ("ŚśŜŝŞşŠšȘș", "s"),
    ("ßẞ", "ss"),
    ("ŢţŤťŦŧȚț", "t"),
    ("Þþ", "th"),
    ("ÙÚÛùúûŨũŪūŬŭŮůŰűŲų", "u"),
    ("Üü", "ue"),
    ("Ŵŵ", "w"),
    ("ÝýÿŶŷŸ", "y"),
    ("ŹźŻżŽž", "z"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(labels: &[&str]) -> Vec<String> {
        let mut names = Names::default();
        labels.iter().map(|label| names.draw(label, "api_7F3").to_string()).collect()
    }

    #[test]
    fn a_name_is_what_is_plain_in_the_label() {
        let long = "x".repeat(200);
        for (label, name) in [
            ("Billing webhooks", "billing-webhooks"),
            ("  --Billing__Webhooks (prod)!  ", "billing-webhooks-prod"),
            ("Billing webhooks kw-abcdefgh", "billing-webhooks"),
            ("Zürich Café Ñandú ßraße", "zuerich-cafe-nandu-ssrasse"),
            ("日本", "api-7f3"),
            ("", "api-7f3"),
            ("\u{202e}evil\u{1b}[31m\nname: #x", "evil-31m-name-x"),
            ("../../etc/passwd", "etc-passwd"),
            ("no", "no"),
            (&long, &"x".repeat(63)),
        ] {
            assert_eq!(drawn(&[label]), [name], "{label}");
        }
        assert_eq!(Names::default().draw("😀", "…").as_str(), "key");
    }

    #[test]
    fn collisions_are_numbered_in_order() {
        assert_eq!(drawn(&["A b", "a-b", "a b 2", "A B"]), ["a-b", "a-b-2", "a-b-2-2", "a-b-3"]);
        let long = "y".repeat(70);
        assert_eq!(drawn(&[&long, &long])[1], format!("{}-2", "y".repeat(61)));
        let taken = [Name::new("ci").expect("a name"), Name::new("ci-2").expect("a name")];
        assert_eq!(Names::taken(&taken).draw("CI", "x").as_str(), "ci-3");
    }

    #[test]
    fn ten_thousand_of_one_label_are_no_burden() {
        let mut names = Names::default();
        let all: BTreeSet<String> = (0..10_000).map(|_| names.draw("deploy", "x").to_string()).collect();
        assert!(all.len() == 10_000 && all.contains("deploy-10000"));
    }
}
