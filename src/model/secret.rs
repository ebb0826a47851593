//! The one type that holds a plaintext secret. It is wiped when dropped and can be neither printed, cloned nor serialized.
use zeroize::Zeroizing;

/// A key's secret: the vendor's parts in the vendor's order, such as `id` and `secret`.
///
/// One part named `secret` is the common case. The type must never gain `Clone`, `Debug`, `Display` or `Serialize`.
pub struct Secret {
    parts: Vec<(String, Zeroizing<String>)>,
}

impl Secret {
    /// A secret of one part.
    pub fn single(value: Zeroizing<String>) -> Self {
        Self { parts: vec![("secret".to_owned(), value)] }
    }

    /// A secret of several parts, each with the vendor's name for it.
    pub fn of_parts(parts: Vec<(String, Zeroizing<String>)>) -> Self {
        Self { parts }
    }

    /// The parts in order.
    pub fn parts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.parts.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// One part by its name.
    pub fn part(&self, name: &str) -> Option<&str> {
        self.parts().find(|(part, _)| *part == name).map(|(_, value)| value)
    }

    /// Whether there is one part only.
    pub fn is_single(&self) -> bool {
        self.parts.len() == 1
    }
}

/// ```compile_fail
/// fn needs<T: Clone>() {}
/// needs::<keywright::model::Secret>();
/// ```
/// ```compile_fail
/// fn needs<T: std::fmt::Debug>() {}
/// needs::<keywright::model::Secret>();
/// ```
/// ```compile_fail
/// fn needs<T: std::fmt::Display>() {}
/// needs::<keywright::model::Secret>();
/// ```
/// ```compile_fail
/// fn needs<T: serde::Serialize>() {}
/// needs::<keywright::model::Secret>();
/// ```
#[cfg(doctest)]
struct SecretHasNoWayOut;
