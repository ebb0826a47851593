//! Patterns in which `*` stands for any text, and `?` for one character. Knows nothing of what they are matched with.

/// Whether a pattern matches a whole text. Takes time in proportion to the product of the two lengths, whatever the pattern.
pub fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    // Where the last `*` stands, and up to where it has taken the text.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == '?' || *c == text[t] => {
                p += 1;
                t += 1;
            }
            Some(_) | None => match &mut star {
                Some((at, taken)) => {
                    *taken += 1;
                    (p, t) = (*at + 1, *taken);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_labels() {
        for (pattern, text, expected) in [
            ("ci-*", "ci-deploy", true),
            ("ci-*", "ci-", true),
            ("ci-*", "my ci-deploy", false),
            ("*", "", true),
            ("?", "é", true),
            ("?", "", false),
            ("*-*-end", "a-b-c-end", true),
            ("*-*-end", "a-end", false),
            ("a.c", "abc", false),
            ("CI", "ci", false),
            ("a*b*c", "a\nxbyc", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text:?}");
        }
        assert!(!matches(&"*a".repeat(200), &"a".repeat(5000).replace("aaaaa", "aaaab")), "no pattern is slow");
    }
}
