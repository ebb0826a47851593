//! First-party tokens: their form and checksum. Knows no store.
//!
//! ```text
//! kw_ <id: 12 of a-z2-7> _ <secret: 43 of 0-9A-Za-z> <checksum: 6 of 0-9A-Za-z>
//! ```
//! The prefix lets scanners find a leaked token (`kw_[a-z2-7]{12}_[0-9A-Za-z]{49}`). The id is the key's id `key_<id>` and no secret. The secret has
//! 256 bits. The checksum is the CRC-32 (IEEE) of everything before it, in base 62, filled up with `0`: it tells a token from a look-alike without a store.
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

const PREFIX: &str = "kw_";
const ID: usize = 12;
const SECRET: usize = 43;
const CHECKSUM: usize = 6;
const LENGTH: usize = PREFIX.len() + ID + 1 + SECRET + CHECKSUM;
const BASE32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A token of the right form. It is wiped when dropped and can be neither printed nor cloned.
pub struct Token {
    text: Zeroizing<String>,
}

/// Why a text is no token. Holds nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenProblem {
    #[error("a token is `kw_`, twelve of `a-z2-7`, `_` and 49 letters or digits")]
    Form,
    #[error("the token's checksum is wrong; it was probably cut off or mistyped")]
    Checksum,
}

impl Token {
    /// Draws a new token. Errors when the system has no randomness.
    pub fn generate() -> Result<Self, getrandom::Error> {
        let mut text = Zeroizing::new(String::with_capacity(LENGTH));
        text.push_str(PREFIX);
        draw(&mut text, ID, BASE32)?;
        text.push('_');
        draw(&mut text, SECRET, BASE62)?;
        let checksum = checksum(&text);
        text.push_str(&checksum);
        Ok(Self { text })
    }

    /// Checks form and checksum.
    pub fn parse(text: &str) -> Result<Self, TokenProblem> {
        let bytes = text.as_bytes();
        let (id, secret) = (PREFIX.len()..PREFIX.len() + ID, PREFIX.len() + ID + 1..LENGTH);
        let fits = bytes.len() == LENGTH
            && text.starts_with(PREFIX)
            && bytes[id.clone()].iter().all(|byte| BASE32.contains(byte))
            && bytes[id.end] == b'_'
            && bytes[secret].iter().all(u8::is_ascii_alphanumeric);
        if !fits {
            return Err(TokenProblem::Form);
        }
        let (body, given) = text.split_at(LENGTH - CHECKSUM);
        if checksum(body) == given { Ok(Self { text: Zeroizing::new(text.to_owned()) }) } else { Err(TokenProblem::Checksum) }
    }

    /// The id of the token's key, such as `key_aaaabbbbcccc`.
    pub fn key_id(&self) -> String {
        format!("key_{}", &self.text[PREFIX.len()..PREFIX.len() + ID])
    }

    /// SHA-256 of the whole token in lower-case hexadecimal: all that a store keeps of it.
    ///
    /// No salt and no slow hash: there is nothing to guess in 256 random bits.
    pub fn sha256(&self) -> String {
        data_encoding::HEXLOWER.encode(&Sha256::digest(self.text.as_bytes()))
    }

    /// Hands the text out, to be sealed.
    pub fn into_text(self) -> Zeroizing<String> {
        self.text
    }
}

/// Whether a text has the form of a key's id.
pub fn is_key_id(text: &str) -> bool {
    text.strip_prefix("key_").is_some_and(|id| id.len() == ID && id.bytes().all(|byte| BASE32.contains(&byte)))
}

fn checksum(body: &str) -> String {
    let mut rest = crc32fast::hash(body.as_bytes());
    let mut digits = [b'0'; CHECKSUM];
    for digit in digits.iter_mut().rev() {
        *digit = BASE62[rest as usize % BASE62.len()];
        rest /= 62;
    }
    digits.map(char::from).iter().collect()
}

/// Appends `count` characters, each equally likely.
fn draw(text: &mut String, count: usize, alphabet: &[u8]) -> Result<(), getrandom::Error> {
    let mut random = Zeroizing::new([0; 64]);
    let fair = 256 - 256 % alphabet.len();
    let end = text.len() + count;
    while text.len() < end {
        getrandom::fill(&mut *random)?;
        let drawn = random.iter().map(|byte| usize::from(*byte)).filter(|value| *value < fair);
        let missing = end - text.len();
        text.extend(drawn.take(missing).map(|value| char::from(alphabet[value % alphabet.len()])));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// EXAMPLE: a constant token that no store knows.
    const EXAMPLE: &str = "kw_exampleexamp_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg";

    fn example() -> String {
        format!("{EXAMPLE}{}", checksum(EXAMPLE))
    }

    fn problem(text: &str) -> Option<TokenProblem> {
        Token::parse(text).err()
    }

    #[test]
    fn a_token_has_the_documented_form() {
        let form = regex::Regex::new("^kw_[a-z2-7]{12}_[0-9A-Za-z]{49}$").expect("a form");
        for _ in 0..200 {
            let token = Token::generate().expect("randomness");
            let id = token.key_id();
            assert!(is_key_id(&id), "{id}");
            let text = token.into_text();
            assert!(form.is_match(&text) && text.capacity() == LENGTH);
            assert_eq!(Token::parse(&text).map(|token| token.key_id()).ok(), Some(id));
        }
    }

    #[test]
    fn every_character_can_be_drawn_and_no_two_tokens_are_equal() {
        let texts: Vec<_> = (0..200).map(|_| Token::generate().expect("randomness").into_text()).collect();
        let seen: std::collections::BTreeSet<u8> = texts.iter().flat_map(|text| text.bytes().skip(16).take(43)).collect();
        assert_eq!(seen.len(), 62);
        let ids: std::collections::BTreeSet<u8> = texts.iter().flat_map(|text| text.bytes().skip(3).take(12)).collect();
        assert_eq!(ids.len(), 32);
        assert_eq!(texts.iter().map(|text| text.as_str()).collect::<std::collections::BTreeSet<_>>().len(), 200);
    }

    /// Computed with zlib's CRC-32, apart from this program.
    #[test]
    fn the_checksum_is_stable() {
        assert_eq!(&example()[59..], "1SQh5a");
        assert_eq!(checksum(""), "000000");
        let Ok(token) = Token::parse(&example()) else { panic!("no token") };
        assert_eq!(token.key_id(), "key_exampleexamp");
        assert_eq!(token.sha256().len(), 64);
    }

    #[test]
    fn a_changed_character_is_noticed() {
        let text = example();
        for at in 16..text.len() {
            let other = if &text[at..=at] == "x" { "y" } else { "x" };
            let changed = format!("{}{other}{}", &text[..at], &text[at + 1..]);
            assert_eq!(problem(&changed), Some(TokenProblem::Checksum), "{at}");
        }
    }

    #[test]
    fn other_forms_are_refused() {
        let text = example();
        let upper_id = text.replacen("example", "EXAMPLE", 1);
        for bad in ["", "kw_", &text[1..], &text[..64], &format!("{text} "), &upper_id, &text.replacen("kw_", "kw-", 1), &"é".repeat(33)] {
            assert_eq!(problem(bad), Some(TokenProblem::Form), "{bad}");
        }
    }
}
