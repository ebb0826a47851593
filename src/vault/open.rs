//! Decrypts in memory, armored or binary. Reads no file.
use std::io::Read;

use age::DecryptError;
use zeroize::Zeroizing;

use super::Identities;

/// Why a secret file stays closed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenProblem {
    #[error("there is no identity to open it with")]
    NoIdentity,
    #[error("none of the identities can open it")]
    NoneFits,
    #[error("it is encrypted with a passphrase, not to recipients")]
    PassphraseFile,
    #[error("it is not an age file")]
    NotAge,
    /// The file, or a part of it, is not what was written.
    #[error("it is damaged: {0}")]
    Damaged(&'static str),
}

/// Decrypts an age file with the first identity that fits.
pub fn open(ciphertext: &[u8], identities: &Identities) -> Result<Zeroizing<Vec<u8>>, OpenProblem> {
    if identities.is_empty() {
        return Err(OpenProblem::NoIdentity);
    }
    if !is_age_file(ciphertext) {
        return Err(OpenProblem::NotAge);
    }
    let decryptor = age::Decryptor::new_buffered(age::armor::ArmoredReader::new(ciphertext))
        .map_err(|_| OpenProblem::Damaged("it ends too early, or its header or armor is broken"))?;
    if decryptor.is_scrypt() {
        return Err(OpenProblem::PassphraseFile);
    }
    let keys = identities.keys.iter().map(|key| &**key);
    let mut reader = decryptor.decrypt(keys).map_err(|error| match error {
        DecryptError::NoMatchingKeys => OpenProblem::NoneFits,
        DecryptError::InvalidMac | DecryptError::InvalidHeader => OpenProblem::Damaged("its header was changed"),
        _ => OpenProblem::Damaged("its key could not be unwrapped"),
    })?;
    // A plaintext is shorter than its file: the buffer never grows, so no unwiped copy is left behind.
    let mut plaintext = Zeroizing::new(Vec::with_capacity(ciphertext.len() + 64));
    reader.read_to_end(&mut plaintext).map_err(|_| OpenProblem::Damaged("its contents were changed or cut off"))?;
    Ok(plaintext)
}

/// Whether bytes begin as an age file does, armored or binary.
pub(super) fn is_age_file(bytes: &[u8]) -> bool {
    let bytes = bytes.trim_ascii_start();
    bytes.starts_with(b"age-encryption.org/") || bytes.starts_with(b"-----BEGIN AGE ENCRYPTED FILE-----")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::examples::{AGE_PUBLIC, AGE_SECRET};
    use crate::vault::{Recipient, generate, seal};

    fn identities(text: &str) -> Identities {
        Identities::parse(text.as_bytes(), "key.txt").expect("identities")
    }

    fn sealed() -> Vec<u8> {
        seal(b"kw example", &[Recipient::parse(AGE_PUBLIC).expect("a recipient")]).expect("sealed").ciphertext
    }

    fn problem(ciphertext: &[u8]) -> OpenProblem {
        open(ciphertext, &identities(AGE_SECRET)).expect_err("a problem")
    }

    #[test]
    fn a_binary_file_opens_as_well() {
        let recipient: age::x25519::Recipient = AGE_PUBLIC.parse().expect("a recipient");
        let binary = age::encrypt(&recipient, b"kw example").expect("encrypted");
        assert!(binary.starts_with(b"age-encryption.org/v1\n"));
        assert_eq!(&open(&binary, &identities(AGE_SECRET)).expect("opened")[..], b"kw example");
    }

    #[test]
    fn a_file_with_windows_line_ends_opens() {
        let text = String::from_utf8(sealed()).expect("text").replace('\n', "\r\n");
        assert_eq!(&open(text.as_bytes(), &identities(AGE_SECRET)).expect("opened")[..], b"kw example");
    }

    #[test]
    fn the_first_identity_that_fits_is_used() {
        let mut some = identities(&generate().0);
        assert_eq!(open(&sealed(), &some).expect_err("a problem"), OpenProblem::NoneFits);
        some.extend(identities(AGE_SECRET));
        assert_eq!(&open(&sealed(), &some).expect("opened")[..], b"kw example");
        assert_eq!(open(&sealed(), &Identities::default()).expect_err("a problem"), OpenProblem::NoIdentity);
    }

    #[test]
    fn what_is_wrong_with_a_file_is_told_apart() {
        assert_eq!(problem(b"kw_example"), OpenProblem::NotAge);
        assert_eq!(problem(b""), OpenProblem::NotAge);
        let recipient: age::x25519::Recipient = AGE_PUBLIC.parse().expect("a recipient");
        let binary = age::encrypt(&recipient, b"kw example").expect("encrypted");
        let mut changed = binary.clone();
        *changed.last_mut().expect("bytes") ^= 1;
        assert_eq!(problem(&changed), OpenProblem::Damaged("its contents were changed or cut off"));
        let mac = binary.windows(4).position(|four| four == b"--- ").expect("a header") + 4;
        let mut changed = binary.clone();
        changed[mac] = if changed[mac] == b'A' { b'B' } else { b'A' };
        assert_eq!(problem(&changed), OpenProblem::Damaged("its header was changed"));
        assert!(matches!(problem(&sealed()[..120]), OpenProblem::Damaged(_)));
        let mut key = age::scrypt::Recipient::new(secrecy::SecretString::from("example".to_owned()));
        key.set_work_factor(2);
        assert_eq!(problem(&age::encrypt(&key, b"x").expect("encrypted")), OpenProblem::PassphraseFile);
    }
}
