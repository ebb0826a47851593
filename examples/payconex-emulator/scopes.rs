//! What a scope looks like, which ones the vendor lists, and what a wildcard covers.

/// A row of the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listing {
    /// The scope, such as `pcx:webhooks:read`.
    pub scope: &'static str,
    /// Whether the API reference lists it for request bodies.
    pub in_reference: bool,
}

/// Iterates over the vendor's three lists, joined.
pub fn catalogue() -> impl Iterator<Item = Listing> {
    include_str!("scopes.tsv").lines().skip(1).filter_map(|line| {
        let mut fields = line.split('\t');
        Some(Listing { scope: fields.next()?, in_reference: fields.next()? == "yes" })
    })
}

/// Tells whether the text has the form of a scope: `pcx:` and names, perhaps `*` as the last.
pub fn well_formed(scope: &str) -> bool {
    let Some(rest) = scope.strip_prefix("pcx:") else {
        return false;
    };
    let names = rest.strip_suffix(":*").unwrap_or(rest);
    rest == "*"
        || names
            .split(':')
            .all(|name| !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-".contains(&b)))
}

/// Tells whether holding one scope grants another: the same one, or a wildcard above it.
pub fn covers(held: &str, wanted: &str) -> bool {
    held == wanted || held.strip_suffix('*').is_some_and(|prefix| prefix.ends_with(':') && wanted.starts_with(prefix))
}
