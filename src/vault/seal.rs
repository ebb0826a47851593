//! Encrypts in memory. Writes no file.
use std::io::Write;

use age::armor::{ArmoredWriter, Format};
use sha2::{Digest, Sha256};

use super::Recipient;

/// An armored age file and the SHA-256 of its bytes in lower-case hexadecimal, as the ledger keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealing {
    pub ciphertext: Vec<u8>,
    pub sha256: String,
}

/// Why nothing was encrypted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealProblem {
    #[error("there is no recipient to encrypt to")]
    NoRecipient,
    #[error("encrypting failed: {0}")]
    Failed(String),
}

/// Encrypts to all recipients. A recipient that is given twice counts once.
pub fn seal(plaintext: &[u8], recipients: &[Recipient]) -> Result<Sealing, SealProblem> {
    let mut distinct: Vec<&Recipient> = Vec::with_capacity(recipients.len());
    for recipient in recipients {
        if !distinct.contains(&recipient) {
            distinct.push(recipient);
        }
    }
    if distinct.is_empty() {
        return Err(SealProblem::NoRecipient);
    }
    let failed = |error: &dyn std::fmt::Display| SealProblem::Failed(without_isolates(&error.to_string()));
    let encryptor = age::Encryptor::with_recipients(distinct.iter().map(|recipient| recipient.as_age())).map_err(|error| failed(&error))?;
    let write = || -> std::io::Result<Vec<u8>> {
        let armor = ArmoredWriter::wrap_output(Vec::new(), Format::AsciiArmor)?;
        let mut writer = encryptor.wrap_output(armor)?;
        writer.write_all(plaintext)?;
        writer.finish()?.finish()
    };
    let ciphertext = write().map_err(|error| failed(&error))?;
    let sha256 = sha256(&ciphertext);
    Ok(Sealing { ciphertext, sha256 })
}

/// Encrypts a constant, to learn before anything is created whether the recipients work.
pub fn trial(recipients: &[Recipient]) -> Result<(), SealProblem> {
    seal(b"trial", recipients).map(drop)
}

/// SHA-256 in lower-case hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(bytes))
}

/// `age` wraps what it inserts into its messages in directional isolates, which have no place in ours.
pub(super) fn without_isolates(text: &str) -> String {
    text.chars().filter(|character| !matches!(character, '\u{2066}'..='\u{2069}')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::examples::{AGE_PUBLIC, AGE_SECRET};
    use crate::vault::{Identities, generate, open};

    fn recipient(text: &str) -> Recipient {
        Recipient::parse(text).expect("a recipient")
    }

    fn count_stanzas(sealing: &Sealing) -> usize {
        let body: String = String::from_utf8_lossy(&sealing.ciphertext).lines().filter(|line| !line.starts_with('-')).collect();
        let binary = data_encoding::BASE64.decode(body.as_bytes()).expect("base64");
        String::from_utf8_lossy(&binary).lines().filter(|line| line.starts_with("-> X25519 ")).count()
    }

    #[test]
    fn a_sealing_is_an_armored_file_that_age_opens() {
        let sealing = seal(b"kw example", &[recipient(AGE_PUBLIC)]).expect("sealed");
        let text = std::str::from_utf8(&sealing.ciphertext).expect("text");
        assert!(text.starts_with("-----BEGIN AGE ENCRYPTED FILE-----\n") && text.ends_with("-----END AGE ENCRYPTED FILE-----\n"), "{text}");
        assert_eq!(sealing.sha256, sha256(&sealing.ciphertext));
        let identity: age::x25519::Identity = AGE_SECRET.parse().expect("an identity");
        assert_eq!(age::decrypt(&identity, &sealing.ciphertext).expect("opened"), b"kw example");
    }

    #[test]
    fn every_recipient_can_open_and_each_has_one_stanza() {
        let (other, public) = generate();
        let sealing = seal(b"x", &[recipient(AGE_PUBLIC), recipient(&public), recipient(AGE_PUBLIC)]).expect("sealed");
        assert_eq!(count_stanzas(&sealing), 2);
        for secret in [AGE_SECRET, &other] {
            let identities = Identities::parse(secret.as_bytes(), "key.txt").expect("identities");
            assert_eq!(&open(&sealing.ciphertext, &identities).expect("opened")[..], b"x");
        }
    }

    #[test]
    fn sealing_is_randomised_and_keeps_any_bytes() {
        let recipients = [recipient(AGE_PUBLIC)];
        let identities = Identities::parse(AGE_SECRET.as_bytes(), "key.txt").expect("identities");
        for plaintext in [vec![], vec![0, 255, 10], vec![7; 200_000]] {
            let (first, second) = (seal(&plaintext, &recipients).expect("sealed"), seal(&plaintext, &recipients).expect("sealed"));
            assert_ne!(first.sha256, second.sha256);
            assert_eq!(*open(&first.ciphertext, &identities).expect("opened"), plaintext);
        }
    }

    #[test]
    fn without_recipients_nothing_is_sealed() {
        assert_eq!(seal(b"x", &[]), Err(SealProblem::NoRecipient));
        assert_eq!(trial(&[]), Err(SealProblem::NoRecipient));
        assert_eq!(trial(&[recipient(AGE_PUBLIC)]), Ok(()));
    }

    #[test]
    fn isolates_are_stripped() {
        assert_eq!(without_isolates("a \u{2068}name\u{2069} b"), "a name b");
    }
}
