//! Regular expressions of a profile, made once, when they are first needed. Knows no place where they stand.
use std::fmt;
use std::sync::OnceLock;

/// What is made of a text beside it at its first use. Two are always equal: the texts decide.
pub struct Once<T>(OnceLock<T>);

impl<T> Once<T> {
    /// What was made before, or is made now.
    pub fn get(&self, make: impl FnOnce() -> T) -> &T {
        self.0.get_or_init(make)
    }
}

impl<T> Default for Once<T> {
    fn default() -> Self {
        Self(OnceLock::new())
    }
}

impl<T> Clone for Once<T> {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl<T> PartialEq for Once<T> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl<T> fmt::Debug for Once<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Once(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_made_once() {
        let once = Once::default();
        assert_eq!((once.get(|| 1), once.get(|| 2)), (&1, &1));
        let other = once.clone();
        assert_eq!(other.get(|| 3), &3, "a copy begins anew, since its text may change");
        assert_eq!(other, once);
    }
}
