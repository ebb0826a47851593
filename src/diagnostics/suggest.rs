//! Did-you-mean: the nearest of a few known words.

/// The known word nearest to `word`, when it is near enough to be a slip of the hand.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (word.chars().count() / 3).clamp(1, 4);
    let near = |candidate: &&str| (strsim::osa_distance(word, candidate), candidate.len());
    known.into_iter().filter(|candidate| candidate.len().abs_diff(word.len()) <= limit && near(candidate).0 <= limit).min_by_key(near)
}

/// ``did you mean `…`?`` for the nearest known word.
pub fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(word, known).map(|near| format!("did you mean `{near}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_found_and_strangers_are_not() {
        let known = ["scopes", "state", "recipients"];
        assert_eq!(nearest("scpoes", known), Some("scopes"));
        assert_eq!(nearest("recipient", known), Some("recipients"));
        assert_eq!(nearest("quux", known), None);
        assert_eq!(did_you_mean("stat", known).as_deref(), Some("did you mean `state`?"));
    }
}
