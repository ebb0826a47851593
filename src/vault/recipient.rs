//! Public keys that can open secret files. Knows no private key, except to refuse one that was pasted by mistake.
use std::fmt;

use crate::model::Recipients;

/// A public key that secrets can be encrypted to. Equal when the canonical text is.
#[derive(Clone)]
pub struct Recipient {
    text: String,
    key: Key,
}

#[derive(Clone)]
enum Key {
    X25519(age::x25519::Recipient),
    #[cfg(feature = "ssh")]
    Ssh(Box<age::ssh::Recipient>),
}

/// Why a text is no recipient that this program can use. Never holds more of the text than is safe to show.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecipientProblem {
    #[error("this is a private key, not a recipient")]
    PrivateKey,
    /// The kind in words, such as `post-quantum age recipients`.
    #[error("{0} are not supported as recipients")]
    Unsupported(String),
    #[error("this RSA key is shorter than 2048 bits")]
    WeakRsa,
    /// A point of small order: what is encrypted to it, anyone can open.
    #[error("this public key has no private half: anyone could open what is encrypted to it")]
    SmallOrder,
    #[error("`{shown}` is not a recipient: {reason}")]
    Invalid { shown: String, reason: &'static str },
}

/// A recipient of a group that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a recipient of the group `{group}` cannot be used: {problem}")]
pub struct UnusableRecipient {
    pub group: String,
    pub problem: RecipientProblem,
}

impl RecipientProblem {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::PrivateKey => "write the public half here (`age1…` or `ssh-ed25519 …`), and replace this key pair: it has been exposed",
            Self::Unsupported(_) => "use an `age1…` key (X25519), an `ssh-ed25519` key or an `ssh-rsa` key",
            Self::WeakRsa => "use an RSA key of at least 2048 bits, or an `ssh-ed25519` key",
            Self::SmallOrder => "make a key pair with `age-keygen` and use its public key",
            Self::Invalid { .. } => "use an `age1…` public key as `age-keygen` prints it, or a line of an OpenSSH `.pub` file",
        }
    }

    /// Whether the text is a recipient of a kind that is refused, rather than no recipient at all.
    pub fn is_unsupported(&self) -> bool {
        match self {
            Self::Unsupported(_) | Self::WeakRsa => true,
            Self::PrivateKey | Self::SmallOrder | Self::Invalid { .. } => false,
        }
    }
}

impl Recipient {
    /// Parses `age1…`, `ssh-ed25519 AAAA… [comment]` or `ssh-rsa AAAA… [comment]`.
    ///
    /// White space around and between the parts does not matter; a comment is dropped.
    pub fn parse(text: &str) -> Result<Self, RecipientProblem> {
        let text = text.trim();
        if is_private(text) {
            return Err(RecipientProblem::PrivateKey);
        }
        let mut words = text.split_whitespace();
        match (words.next(), words.next()) {
            (None, _) => Err(invalid(text, "it is empty")),
            (Some(word), None) if starts_with(word, "age1") => parse_age(word),
            (Some(word), Some(_)) if starts_with(word, "age1") => Err(invalid(text, "an age recipient is one word")),
            (Some(kind), Some(body)) if is_ssh(kind) => parse_ssh(kind, body),
            (Some(kind), None) if is_ssh(kind) => Err(invalid(text, "the key itself is missing after the key type")),
            (Some(_), _) => Err(invalid(text, "it begins neither with `age1` nor with an SSH key type")),
        }
    }

    /// The canonical public key: what ledger and configuration compare.
    pub fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn as_age(&self) -> &dyn age::Recipient {
        match &self.key {
            Key::X25519(key) => key,
            #[cfg(feature = "ssh")]
            Key::Ssh(key) => &**key,
        }
    }
}

/// All recipients of all groups, each once, in the order of the groups.
///
/// Errors on the first one that cannot be used: leaving it out silently would lock somebody out.
pub fn distinct(recipients: &Recipients) -> Result<Vec<Recipient>, UnusableRecipient> {
    let mut all: Vec<Recipient> = Vec::new();
    for (group, texts) in recipients {
        for text in texts {
            let recipient = Recipient::parse(text).map_err(|problem| UnusableRecipient { group: group.clone(), problem })?;
            if !all.contains(&recipient) {
                all.push(recipient);
            }
        }
    }
    Ok(all)
}

fn parse_age(word: &str) -> Result<Recipient, RecipientProblem> {
    let lower = word.to_ascii_lowercase();
    // The data of Bech32 has no `1`, so a further one ends a longer prefix.
    if let Some((name, _)) = lower["age1".len()..].rsplit_once('1') {
        let plain = !name.is_empty() && name.len() <= 40 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-._".contains(&b));
        return Err(match name {
            "pq" | "tagpq" => RecipientProblem::Unsupported(format!("post-quantum age recipients (`age1{name}1…`)")),
            "tag" => RecipientProblem::Unsupported("tagged age recipients of hardware keys (`age1tag1…`)".to_owned()),
            name if plain => RecipientProblem::Unsupported(format!("age recipients of plugins (`age1{name}1…`)")),
            _ => invalid(word, "it is not an age public key"),
        });
    }
    let key: age::x25519::Recipient =
        word.parse().map_err(|_| invalid(word, "its checksum or length is wrong; it was probably cut off or mistyped"))?;
    let text = key.to_string();
    if is_small_order(&text) {
        return Err(RecipientProblem::SmallOrder);
    }
    Ok(Recipient { text, key: Key::X25519(key) })
}

#[cfg(feature = "ssh")]
fn parse_ssh(kind: &str, body: &str) -> Result<Recipient, RecipientProblem> {
    use age::ssh::ParseRecipientKeyError as Problem;
    let line = format!("{kind} {body}");
    let key: age::ssh::Recipient = match line.parse() {
        Ok(key) => key,
        Err(Problem::RsaModulusTooSmall) => return Err(RecipientProblem::WeakRsa),
        Err(Problem::RsaModulusTooLarge) => return Err(RecipientProblem::Unsupported("RSA keys longer than 4096 bits".to_owned())),
        Err(Problem::Unsupported(_) | Problem::Ignore) => return Err(other_ssh(kind, body)),
        Err(_) if matches!(kind, "ssh-ed25519" | "ssh-rsa") => {
            return Err(invalid(&line, "the key is damaged; it was probably cut off or mistyped"));
        }
        Err(_) => return Err(other_ssh(kind, body)),
    };
    if let age::ssh::Recipient::SshEd25519(_, point) = &key
        && point.is_small_order()
    {
        return Err(RecipientProblem::SmallOrder);
    }
    let text = key.to_string();
    // The parser stops where the key ends: what it left over, or a number too many inside, would make a key that nobody has.
    let whole = text.trim_end_matches('=') == line.trim_end_matches('=');
    let fields = if kind == "ssh-rsa" { 3 } else { 2 };
    if !whole || ssh_fields(body) != Some(fields) {
        return Err(invalid(&line, "the key is damaged; it was probably cut off or mistyped"));
    }
    Ok(Recipient { text, key: Key::Ssh(Box::new(key)) })
}

#[cfg(not(feature = "ssh"))]
fn parse_ssh(kind: &str, body: &str) -> Result<Recipient, RecipientProblem> {
    match kind {
        "ssh-ed25519" | "ssh-rsa" => Err(RecipientProblem::Unsupported("SSH keys, without which this program was built,".to_owned())),
        _ => Err(other_ssh(kind, body)),
    }
}

fn other_ssh(kind: &str, body: &str) -> RecipientProblem {
    let known = ["ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-dss"].contains(&kind);
    if kind.starts_with("sk-") {
        RecipientProblem::Unsupported("SSH keys on security tokens (`sk-…`)".to_owned())
    } else if known {
        RecipientProblem::Unsupported(format!("SSH keys of the type `{kind}`"))
    } else {
        invalid(&format!("{kind} {body}"), "its SSH key type is unknown")
    }
}

/// How many length-prefixed fields an SSH public key has; `None` when something else is in it.
#[cfg(feature = "ssh")]
fn ssh_fields(body: &str) -> Option<usize> {
    let blob = data_encoding::BASE64_NOPAD.decode(body.trim_end_matches('=').as_bytes()).ok()?;
    let mut rest = &blob[..];
    let mut count = 0;
    while !rest.is_empty() {
        let (length, tail) = rest.split_first_chunk::<4>()?;
        rest = tail.get(usize::try_from(u32::from_be_bytes(*length)).ok()?..)?;
        count += 1;
    }
    Some(count)
}

fn is_ssh(kind: &str) -> bool {
    ["ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-"].iter().any(|prefix| kind.starts_with(prefix))
}

fn starts_with(word: &str, prefix: &str) -> bool {
    word.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

/// Whether the text is, or contains, a private key; also without its frame.
fn is_private(text: &str) -> bool {
    let upper = text.to_ascii_uppercase();
    let marks = ["AGE-SECRET-KEY-", "AGE-PLUGIN-", "PRIVATE KEY"];
    // `b3BlbnNzaC1rZXktdjE` is how the body of every OpenSSH private key begins.
    marks.iter().any(|mark| upper.contains(mark)) || text.contains("b3BlbnNzaC1rZXktdjE")
}

fn invalid(text: &str, reason: &'static str) -> RecipientProblem {
    let mut shown: String = text.chars().take(12).flat_map(char::escape_debug).collect();
    if text.chars().nth(12).is_some() {
        shown.push('…');
    }
    RecipientProblem::Invalid { shown, reason }
}

/// Whether a canonical X25519 recipient is one of the points of small order (RFC 7748 asks to refuse them). `age` would panic on it.
fn is_small_order(text: &str) -> bool {
    const POINTS: [&str; 7] = [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ];
    let point = x25519_point(text).map(|mut point| {
        point[31] &= 0x7f;
        data_encoding::HEXLOWER.encode(&point)
    });
    point.is_none_or(|point| POINTS.contains(&point.as_str()))
}

/// The 32 bytes of a canonical `age1…` text, whose checksum `age` has proven.
fn x25519_point(text: &str) -> Option<[u8; 32]> {
    const ALPHABET: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    let data = text.strip_prefix("age1")?.as_bytes();
    let data = data.get(..data.len().checked_sub(6)?)?;
    let (mut bits, mut held, mut bytes) = (0_u32, 0, Vec::with_capacity(33));
    for character in data {
        let value = u32::try_from(ALPHABET.iter().position(|letter| letter == character)?).ok()?;
        bits = bits << 5 | value;
        held += 5;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from(bits >> held & 0xff).ok()?);
        }
    }
    bytes.try_into().ok()
}

impl PartialEq for Recipient {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Recipient {}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recipient({})", self.text)
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::examples::{AGE_PUBLIC, AGE_SECRET};

    /// The point with all bytes zero, with a right checksum.
    const ZERO_POINT: &str = "age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq5cu47z";

    fn problem(text: &str) -> RecipientProblem {
        Recipient::parse(text).expect_err("a problem")
    }

    #[test]
    fn an_age_key_is_normalised() {
        for text in [AGE_PUBLIC.to_owned(), format!("  {AGE_PUBLIC}\n"), AGE_PUBLIC.to_uppercase()] {
            assert_eq!(Recipient::parse(&text).expect("a recipient").text(), AGE_PUBLIC);
        }
    }

    #[test]
    fn a_damaged_age_key_is_refused_and_not_echoed() {
        let cut = &AGE_PUBLIC[..40];
        for text in
            [cut.to_owned(), format!("{AGE_PUBLIC}q"), AGE_PUBLIC.replacen('q', "p", 1), format!("{AGE_PUBLIC} x"), "age1".to_owned()]
        {
            let message = problem(&text).to_string();
            assert!(matches!(problem(&text), RecipientProblem::Invalid { .. }), "{text}");
            assert!(!text.get(13..).is_some_and(|rest| message.contains(rest)), "{message}");
        }
    }

    #[test]
    fn points_without_a_private_half_are_refused() {
        assert!(ZERO_POINT.parse::<age::x25519::Recipient>().is_ok(), "age accepts the text");
        assert_eq!(problem(ZERO_POINT), RecipientProblem::SmallOrder);
        assert!(!is_small_order(AGE_PUBLIC));
    }

    #[test]
    fn kinds_that_are_not_supported_are_named() {
        for (text, word) in [
            ("age1pq1qqqqqq", "post-quantum"),
            ("AGE1TAGPQ1QQQQ", "post-quantum"),
            ("age1tag1qqqqqq", "tagged"),
            ("age1yubikey1qwerty", "`age1yubikey1…`"),
            ("ecdsa-sha2-nistp256 AAAA", "ecdsa-sha2-nistp256"),
            ("sk-ssh-ed25519@openssh.com AAAA", "security tokens"),
        ] {
            let problem = problem(text);
            assert!(problem.is_unsupported() && problem.to_string().contains(word), "{text}: {problem}");
        }
    }

    #[test]
    fn a_private_key_is_recognised_and_never_echoed() {
        let framed = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA";
        for text in [AGE_SECRET, &AGE_SECRET.to_lowercase(), framed, "b3BlbnNzaC1rZXktdjEAAAAABG5vbmU", "AGE-PLUGIN-YUBIKEY-1Q"] {
            assert_eq!(problem(text), RecipientProblem::PrivateKey);
            assert!(!format!("{:?} {}", problem(text), problem(text)).contains(&text[text.len() - 6..]));
        }
    }

    #[test]
    fn anything_else_is_shown_in_part_and_escaped() {
        let message = problem("hunter2\u{202e}\u{1b}[31mhunter2hunter2").to_string();
        assert!(message.starts_with("`hunter2\\u{202e}\\u{1b}[31…` is not a recipient"), "{message}");
        for text in ["", "  ", "github:someone", "https://example.com/keys", "ssh-ed25519", "ssh-foo AAAA", "äge1q"] {
            assert!(matches!(problem(text), RecipientProblem::Invalid { .. }), "{text}");
        }
    }

    #[test]
    fn recipients_of_several_groups_are_merged() {
        let groups = Recipients::from([
            ("ops".to_owned(), vec![AGE_PUBLIC.to_owned()]),
            ("recovery".to_owned(), vec![AGE_PUBLIC.to_uppercase(), AGE_PUBLIC.to_owned()]),
        ]);
        assert_eq!(distinct(&groups).expect("recipients").len(), 1);
        let bad = Recipients::from([("ops".to_owned(), vec!["age1pq1qqq".to_owned()])]);
        assert!(distinct(&bad).expect_err("a problem").to_string().contains("group `ops`"));
    }

    #[cfg(feature = "ssh")]
    mod ssh {
        use super::*;
        use crate::vault::examples::{SSH_ED25519_PUBLIC, SSH_RSA_PUBLIC, SSH_WEAK_RSA_PUBLIC};

        #[test]
        fn ssh_keys_lose_their_comment_and_spare_white_space() {
            for public in [SSH_ED25519_PUBLIC, SSH_RSA_PUBLIC] {
                let canonical = public.split(' ').take(2).collect::<Vec<_>>().join(" ");
                for text in [public.to_owned(), canonical.clone(), format!(" {}  # two words\n", canonical.replace(' ', "\t "))] {
                    assert_eq!(Recipient::parse(&text).expect("a recipient").text(), canonical);
                }
            }
        }

        #[test]
        fn a_weak_rsa_key_is_refused() {
            assert_eq!(problem(SSH_WEAK_RSA_PUBLIC), RecipientProblem::WeakRsa);
        }

        #[test]
        fn damaged_ssh_keys_are_refused() {
            let body = SSH_ED25519_PUBLIC.split(' ').nth(1).expect("a body");
            let mut long =
                data_encoding::BASE64_NOPAD.decode(SSH_RSA_PUBLIC.split(' ').nth(1).expect("a body").as_bytes()).expect("base64");
            long.extend([0, 0, 0, 1, 7]);
            for text in [
                format!("ssh-ed25519 {}", &body[..50]),
                format!("ssh-ed25519 {body}AAAA"),
                format!("ssh-ed25519 {body}é"),
                format!("ssh-rsa {body}"),
                format!("ssh-rsa {}", data_encoding::BASE64.encode(&long)),
            ] {
                assert!(matches!(problem(&text), RecipientProblem::Invalid { .. }), "{text}");
            }
            // The identity element of the curve.
            let mut blob = data_encoding::BASE64_NOPAD.decode(body.as_bytes()).expect("base64");
            blob[19..].fill(0);
            blob[19] = 1;
            assert_eq!(problem(&format!("ssh-ed25519 {}", data_encoding::BASE64_NOPAD.encode(&blob))), RecipientProblem::SmallOrder);
        }
    }
}
