//! What expressions can name, and of which kind it is. The one list: the checker, the values and the documentation follow it.

/// A field of an object: its name, the words for its kind, and what it says.
pub(crate) type Field = (&'static str, &'static str, &'static str);

/// The variables, and the fields of each. A scope is what the lists of scopes hold.
pub(crate) const OBJECTS: &[(&str, &[Field])] = &[
    (
        "key",
        &[
            ("address", "string", "account and name, such as `payconex-prod/billing`"),
            ("name", "string", "the name alone"),
            ("account", "string", "the name of its account"),
            ("provider", "string", "such as `payconex`"),
            ("environment", "string", "of the account; empty where the provider has none"),
            ("file", "string", "the manifest, such as `keys/payconex.yaml`"),
            ("label", "string", "at the provider, without a marker"),
            ("owner", "string", "empty when the manifest says none"),
            ("purpose", "string", "empty when the manifest says none"),
            ("state", "state", "`active` or `disabled`"),
            ("scopes", "list of scope", "as granted: a wildcard is one scope"),
            ("lifetime", "duration", "from its creation to its end; 10,000 years for `expires: never`"),
            ("expires", "timestamp or null", "the end that `expires` fixes; null for a rolling lifetime and for `never`"),
            ("renew_before", "duration", "how long before its end it is rotated"),
            ("overlap", "duration", "how long its predecessor lives on"),
            ("recipients", "list of string", "groups that can open its secret"),
            ("public_keys", "list of string", "all public keys that can open its secret"),
            ("deliver", "list of string", "deliveries that get its secrets"),
            ("protect", "bool", "whether it is protected from being disabled"),
        ],
    ),
    (
        "access",
        &[
            ("gained", "list of scope", "what the plan lets the key do that it could not do before, wildcards expanded"),
            ("lost", "list of scope", "what the plan takes away"),
            ("expiry_extended", "bool", "whether its end is removed or moved later"),
            ("recipients_added", "list of string", "public keys that can open the secret from now on"),
            ("deliveries_added", "list of string", "deliveries that get its secrets from now on"),
            ("protection_removed", "bool", "whether it may be disabled or deleted from now on, and could not before"),
            ("options_gained", "list of string", "options that give it more than it had, such as `methods`"),
        ],
    ),
    (
        "account",
        &[
            ("name", "string", "such as `payconex-prod`"),
            ("provider", "string", "such as `payconex`"),
            ("environment", "string", "empty where the provider has none"),
        ],
    ),
    (
        "scope",
        &[
            ("name", "string", "such as `pcx:webhooks:read`"),
            ("access", "level", "`list`, `read`, `write`, `admin` or `unknown`"),
            ("risk", "risk", "`low`, `medium`, `high` or `critical`"),
            ("tags", "list of tag", "such as `money`"),
            ("open_ended", "bool", "whether it grants what the provider adds later"),
            ("known", "bool", "whether the catalogue has it"),
        ],
    ),
];

/// Kinds that are one of a few words.
const WORDS: &[(&str, &[&str])] = &[
    ("state", &["active", "disabled"]),
    ("risk", &["low", "medium", "high", "critical"]),
    ("level", &["list", "read", "write", "admin", "unknown"]),
    ("tag", &["money", "credentials", "access", "audit", "pii", "pan", "financial", "egress", "execute", "bulk", "irreversible"]),
];

/// The variables that stand alone.
pub(super) const VARIABLES: [&str; 4] = ["key", "access", "account", "now"];

/// The kind of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Bool,
    Int,
    Double,
    Text,
    /// A text that is one of a few words: what the words are for, and the words.
    Word(&'static str, &'static [&'static str]),
    Duration,
    Moment,
    Null,
    OrNull(Box<Kind>),
    List(Box<Kind>),
    Object(&'static str),
    /// Of the items of an empty list, and of what is wrong already.
    Any,
}

impl Kind {
    /// The kind that a word of [`OBJECTS`] stands for.
    fn of(words: &str) -> Self {
        if let Some(item) = words.strip_prefix("list of ") {
            return Self::List(Box::new(Self::of(item)));
        }
        if let Some(other) = words.strip_suffix(" or null") {
            return Self::OrNull(Box::new(Self::of(other)));
        }
        if let Some((name, words)) = WORDS.iter().find(|(name, _)| *name == words) {
            return Self::Word(name, words);
        }
        match words {
            "string" => Self::Text,
            "bool" => Self::Bool,
            "duration" => Self::Duration,
            "timestamp" => Self::Moment,
            other => OBJECTS.iter().find(|(name, _)| *name == other).map_or(Self::Any, |(name, _)| Self::Object(name)),
        }
    }

    /// The kind of a variable.
    pub fn of_variable(name: &str) -> Option<Self> {
        if name == "now" {
            return Some(Self::Moment);
        }
        VARIABLES.contains(&name).then(|| Self::of(name))
    }

    /// The fields of an object.
    pub fn fields(object: &str) -> &'static [Field] {
        OBJECTS.iter().find(|(name, _)| *name == object).map_or(&[], |(_, fields)| fields)
    }

    /// The kind of an object's field.
    pub fn of_field(object: &str, field: &str) -> Option<Self> {
        Self::fields(object).iter().find(|(name, ..)| *name == field).map(|(_, words, _)| Self::of(words))
    }

    /// As messages say it.
    pub fn words(&self) -> String {
        match self {
            Self::Bool => "true or false".to_owned(),
            Self::Int => "a whole number".to_owned(),
            Self::Double => "a number".to_owned(),
            Self::Text => "a text".to_owned(),
            Self::Word(name, _) => format!("a word for {name}"),
            Self::Duration => "a length of time".to_owned(),
            Self::Moment => "an instant".to_owned(),
            Self::Null => "null".to_owned(),
            Self::OrNull(kind) => format!("{} or null", kind.words()),
            Self::List(kind) if **kind == Self::Any => "a list".to_owned(),
            Self::List(kind) => format!("a list of which each item is {}", kind.words()),
            Self::Object(name) => format!("{} `{name}`", if *name == "scope" { "a" } else { "the" }),
            Self::Any => "anything".to_owned(),
        }
    }

    /// The kind without null, which is found when the expression is evaluated.
    pub fn not_null(&self) -> Self {
        if let Self::OrNull(inner) = self { (**inner).clone() } else { self.clone() }
    }

    pub fn is_text(&self) -> bool {
        matches!(self, Self::Text | Self::Word(..) | Self::Any)
    }

    pub fn is_number(&self) -> bool {
        matches!(self, Self::Int | Self::Double | Self::Any)
    }

    /// Whether a value of one can be the same as a value of the other.
    pub fn meets(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Any, _) | (_, Self::Any) | (Self::Null, Self::OrNull(_)) | (Self::OrNull(_), Self::Null) => true,
            (Self::OrNull(one), Self::OrNull(other)) => one.meets(other),
            (Self::OrNull(one), other) | (other, Self::OrNull(one)) => one.meets(other),
            (Self::List(one), Self::List(other)) => one.meets(other),
            (Self::Word(one, _), Self::Word(other, _)) => one == other,
            (one, other) => one == other || one.is_text() && other.is_text() || one.is_number() && other.is_number(),
        }
    }
}
