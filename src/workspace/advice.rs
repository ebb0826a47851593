//! Did-you-mean within bounds: however many words are wrong, advice stays cheap.
use crate::diagnostics::suggest::did_you_mean;

/// Gives advice until its patience is used up.
pub(super) struct Advice {
    comparisons: usize,
}

impl Default for Advice {
    fn default() -> Self {
        Self { comparisons: 50_000 }
    }
}

impl Advice {
    /// ``did you mean `…`?`` for the nearest known word.
    pub fn on<'a>(&mut self, word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
        // Comparing costs the product of the lengths.
        const LONGEST: usize = 120;
        if word.len() > LONGEST {
            return None;
        }
        let left = &mut self.comparisons;
        let near = known.into_iter().take_while(|_| {
            *left = left.saturating_sub(1);
            *left > 0
        });
        did_you_mean(word, near.filter(|known| known.len() <= LONGEST))
    }

    /// The same, or else the known words when they are few.
    pub fn or_list<'a>(&mut self, word: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> Option<String> {
        self.on(word, known.clone()).or_else(|| listed(known))
    }
}

/// `known: …` for a few words.
pub(super) fn listed<'a>(known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    const MANY: usize = 12;
    let words: Vec<&str> = known.into_iter().take(MANY + 1).collect();
    match words.len() {
        0 => None,
        n if n > MANY => None,
        _ => Some(format!("use one of: {}", words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_is_given_until_it_costs_too_much() {
        let mut advice = Advice::default();
        assert_eq!(advice.on("scpoes", ["scopes", "state"]).as_deref(), Some("did you mean `scopes`?"));
        assert_eq!(advice.or_list("quux", ["a", "b"]).as_deref(), Some("use one of: `a`, `b`"));
        assert_eq!(advice.on(&"x".repeat(1000), ["scopes"]), None);
        advice.comparisons = 2;
        assert_eq!(advice.on("scpoes", ["a", "b", "scopes"]), None);
    }
}
