//! Private keys that open secret files, read from text. Knows no file; the caller asks for a passphrase.
use std::io::Read;

use age::Identity;
use secrecy::SecretString;
use zeroize::Zeroizing;

use super::open::is_age_file;

/// The private keys of one or more identity files.
#[derive(Default)]
pub struct Identities {
    pub(super) keys: Vec<Box<dyn Identity>>,
}

/// Why an identity file cannot be used. Never holds any of its text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdentityProblem {
    #[error("the identity file `{0}` is not UTF-8 text")]
    NotText(String),
    #[error("the identity file `{0}` holds no identity")]
    Empty(String),
    #[error("line {line} of the identity file `{file}` is not an age identity")]
    NoIdentity { file: String, line: usize },
    #[error("line {line} of the identity file `{file}` is a public key")]
    PublicKey { file: String, line: usize },
    /// The kind in words.
    #[error("the identity file `{file}` holds {kind}, which is not supported")]
    Unsupported { file: String, kind: &'static str },
    #[error("the SSH private key in `{0}` is damaged, or of a kind other than ed25519 and RSA")]
    DamagedSsh(String),
    #[error("the identity file `{0}` is encrypted with a passphrase, and no passphrase was given")]
    Locked(String),
    #[error("the passphrase does not open the identity file `{0}`")]
    WrongPassphrase(String),
}

impl IdentityProblem {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::NotText(_) | Self::Empty(_) | Self::NoIdentity { .. } => {
                "name a file with lines that begin with `AGE-SECRET-KEY-1`, or an OpenSSH private key"
            }
            Self::PublicKey { .. } => "name the file with the private half of this key",
            Self::Unsupported { .. } => "open the file with `age` or `rage` and the plugin for this identity",
            Self::DamagedSsh(_) => "name an OpenSSH private key of the type ed25519 or RSA as `ssh-keygen` writes it",
            Self::Locked(_) => "run the command on a terminal, which can ask for the passphrase, or name an identity without one",
            Self::WrongPassphrase(_) => "try again with the passphrase that this file was encrypted with",
        }
    }
}

impl Identities {
    /// Reads an age identity file (comments are skipped) or an OpenSSH private key. `file` is its name for messages.
    ///
    /// An encrypted one is [`IdentityProblem::Locked`]; see [`Identities::unlock`].
    pub fn parse(text: &[u8], file: &str) -> Result<Self, IdentityProblem> {
        Self::unlock(text, file, &mut || None)
    }

    /// The same, and asks for the passphrase of an encrypted file: at most once, and only when it is needed.
    pub fn unlock(text: &[u8], file: &str, passphrase: &mut dyn FnMut() -> Option<SecretString>) -> Result<Self, IdentityProblem> {
        let text = text.trim_ascii_start();
        if is_age_file(text) {
            let plain = decrypt_file(text, file, passphrase)?;
            return parse_lines(as_text(&plain, file)?, file);
        }
        if text.starts_with(b"-----BEGIN ") {
            return ssh_key(text, file, passphrase);
        }
        parse_lines(as_text(text, file)?, file)
    }

    /// Adds the identities of another file.
    pub fn extend(&mut self, other: Self) {
        self.keys.extend(other.keys);
    }

    pub fn len(&self) -> usize {
        self.keys.len()
    }

    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

/// Makes a new X25519 key pair: the text of an identity file with a `# public key:` comment, and the recipient.
pub fn generate() -> (Zeroizing<String>, String) {
    use secrecy::ExposeSecret;
    let identity = age::x25519::Identity::generate();
    let public = identity.to_public().to_string();
    let secret = identity.to_string();
    let mut text = Zeroizing::new(String::with_capacity(256));
    for part in ["# public key: ", &public, "\n", secret.expose_secret(), "\n"] {
        text.push_str(part);
    }
    (text, public)
}

fn as_text<'a>(bytes: &'a [u8], file: &str) -> Result<&'a str, IdentityProblem> {
    std::str::from_utf8(bytes).map_err(|_| IdentityProblem::NotText(file.to_owned()))
}

fn parse_lines(text: &str, file: &str) -> Result<Identities, IdentityProblem> {
    let file = || file.to_owned();
    let mut keys: Vec<Box<dyn Identity>> = Vec::new();
    for (line, number) in text.trim_start_matches('\u{feff}').lines().map(str::trim).zip(1..) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let begins = |prefix: &str| line.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
        if let Ok(key) = line.parse::<age::x25519::Identity>() {
            keys.push(Box::new(key));
        } else if begins("AGE-PLUGIN-") {
            return Err(IdentityProblem::Unsupported { file: file(), kind: "an identity of an age plugin" });
        } else if begins("AGE-SECRET-KEY-PQ-") {
            return Err(IdentityProblem::Unsupported { file: file(), kind: "a post-quantum age identity" });
        } else if begins("age1") || begins("ssh-") {
            return Err(IdentityProblem::PublicKey { file: file(), line: number });
        } else {
            return Err(IdentityProblem::NoIdentity { file: file(), line: number });
        }
    }
    if keys.is_empty() { Err(IdentityProblem::Empty(file())) } else { Ok(Identities { keys }) }
}

/// Opens a passphrase-encrypted identity file, as `age -p` writes it.
fn decrypt_file(
    text: &[u8],
    file: &str,
    passphrase: &mut dyn FnMut() -> Option<SecretString>,
) -> Result<Zeroizing<Vec<u8>>, IdentityProblem> {
    let empty = || IdentityProblem::Empty(file.to_owned());
    let wrong = || IdentityProblem::WrongPassphrase(file.to_owned());
    let decryptor = age::Decryptor::new_buffered(age::armor::ArmoredReader::new(text)).map_err(|_| empty())?;
    if !decryptor.is_scrypt() {
        return Err(IdentityProblem::Unsupported { file: file.to_owned(), kind: "a file that is itself encrypted to an age recipient" });
    }
    let key = age::scrypt::Identity::new(passphrase().ok_or_else(|| IdentityProblem::Locked(file.to_owned()))?);
    let mut reader = decryptor.decrypt(std::iter::once(&key as &dyn Identity)).map_err(|error| match error {
        age::DecryptError::ExcessiveWork { .. } => {
            IdentityProblem::Unsupported { file: file.to_owned(), kind: "a passphrase protection that takes minutes to compute" }
        }
        _ => wrong(),
    })?;
    let mut plain = Zeroizing::new(Vec::with_capacity(text.len()));
    reader.read_to_end(&mut plain).map_err(|_| wrong())?;
    Ok(plain)
}

#[cfg(feature = "ssh")]
fn ssh_key(text: &[u8], file: &str, passphrase: &mut dyn FnMut() -> Option<SecretString>) -> Result<Identities, IdentityProblem> {
    use age::ssh;
    let identity = ssh::Identity::from_buffer(text, None).map_err(|_| IdentityProblem::DamagedSsh(file.to_owned()))?;
    let key = match identity {
        ssh::Identity::Unencrypted(key) => key,
        ssh::Identity::Encrypted(locked) => {
            let passphrase = passphrase().ok_or_else(|| IdentityProblem::Locked(file.to_owned()))?;
            locked.decrypt(passphrase).map_err(|_| IdentityProblem::WrongPassphrase(file.to_owned()))?
        }
        ssh::Identity::Unsupported(kind) => {
            let kind = match kind {
                ssh::UnsupportedKey::EncryptedPem => "an SSH key encrypted in the old PEM format",
                ssh::UnsupportedKey::EncryptedSsh(_) => "an SSH key encrypted with an unknown cipher",
                ssh::UnsupportedKey::Hardware(_) => "an SSH key on a security token",
                ssh::UnsupportedKey::Type(_) => "an SSH key of a type other than ed25519 and RSA",
            };
            return Err(IdentityProblem::Unsupported { file: file.to_owned(), kind });
        }
    };
    Ok(Identities { keys: vec![Box::new(ssh::Identity::from(key))] })
}

#[cfg(not(feature = "ssh"))]
fn ssh_key(_: &[u8], file: &str, _: &mut dyn FnMut() -> Option<SecretString>) -> Result<Identities, IdentityProblem> {
    Err(IdentityProblem::Unsupported { file: file.to_owned(), kind: "an SSH key, without which this program was built" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::examples::{AGE_PUBLIC, AGE_SECRET};
    use crate::vault::{Recipient, open, seal};

    fn problem(text: &[u8]) -> IdentityProblem {
        match Identities::parse(text, "key.txt") {
            Ok(_) => panic!("identities"),
            Err(problem) => problem,
        }
    }

    fn encrypted_file() -> Vec<u8> {
        let mut key = age::scrypt::Recipient::new(SecretString::from("example".to_owned()));
        key.set_work_factor(2);
        age::encrypt_and_armor(&key, format!("# EXAMPLE\n{AGE_SECRET}\n").as_bytes()).expect("encrypted").into_bytes()
    }

    #[test]
    fn a_generated_pair_fits_together() {
        let (text, public) = generate();
        assert!(text.starts_with(&format!("# public key: {public}\nAGE-SECRET-KEY-1")));
        let sealing = seal(b"x", &[Recipient::parse(&public).expect("a recipient")]).expect("sealed");
        let identities = Identities::parse(text.as_bytes(), "key.txt").expect("identities");
        assert_eq!(&open(&sealing.ciphertext, &identities).expect("opened")[..], b"x");
        assert_ne!(public, generate().1);
    }

    #[test]
    fn comments_blank_lines_and_windows_line_ends_are_fine() {
        let (second, _) = generate();
        let text = format!("\u{feff}# EXAMPLE\r\n\r\n  {AGE_SECRET}\r\n{}", *second);
        assert_eq!(Identities::parse(text.as_bytes(), "key.txt").expect("identities").len(), 2);
    }

    #[test]
    fn other_texts_are_named_and_never_echoed() {
        let line = |line| IdentityProblem::NoIdentity { file: "key.txt".to_owned(), line };
        let cut = format!("# EXAMPLE\n{}", &AGE_SECRET[..60]);
        assert_eq!(problem(cut.as_bytes()), line(2));
        assert!(!problem(cut.as_bytes()).to_string().contains("AGE-SECRET"));
        assert_eq!(problem(b"# nothing\n\n"), IdentityProblem::Empty("key.txt".to_owned()));
        assert_eq!(problem(b"\xff\xfe"), IdentityProblem::NotText("key.txt".to_owned()));
        assert_eq!(problem(AGE_PUBLIC.as_bytes()), IdentityProblem::PublicKey { file: "key.txt".to_owned(), line: 1 });
        for text in ["AGE-PLUGIN-YUBIKEY-1QQQQ", "AGE-SECRET-KEY-PQ-1QQQQ"] {
            assert!(matches!(problem(text.as_bytes()), IdentityProblem::Unsupported { .. }), "{text}");
        }
    }

    #[test]
    fn an_encrypted_identity_file_asks_once() {
        let text = encrypted_file();
        assert_eq!(problem(&text), IdentityProblem::Locked("key.txt".to_owned()));
        let mut asked = 0;
        let mut answer = |passphrase: &str| {
            Identities::unlock(&text, "key.txt", &mut || {
                asked += 1;
                Some(SecretString::from(passphrase.to_owned()))
            })
        };
        assert_eq!(answer("wrong").err(), Some(IdentityProblem::WrongPassphrase("key.txt".to_owned())));
        let identities = answer("example").expect("identities");
        let sealing = seal(b"x", &[Recipient::parse(AGE_PUBLIC).expect("a recipient")]).expect("sealed");
        assert!(open(&sealing.ciphertext, &identities).is_ok() && open(&sealing.ciphertext, &identities).is_ok());
        assert_eq!(asked, 2);
    }

    #[cfg(feature = "ssh")]
    mod ssh {
        use super::*;
        use crate::vault::examples::*;

        #[test]
        fn ssh_keys_open_what_is_sealed_to_them() {
            for (public, secret) in [(SSH_ED25519_PUBLIC, SSH_ED25519_SECRET), (SSH_RSA_PUBLIC, SSH_RSA_SECRET)] {
                let recipients = [Recipient::parse(AGE_PUBLIC).expect("one"), Recipient::parse(public).expect("another")];
                let sealing = seal(b"x", &recipients).expect("sealed");
                for text in [secret.to_owned(), format!("\n{secret}"), secret.replace('\n', "\r\n")] {
                    let identities = Identities::parse(text.as_bytes(), "id").expect("identities");
                    assert_eq!(&open(&sealing.ciphertext, &identities).expect("opened")[..], b"x");
                }
            }
        }

        #[test]
        fn an_encrypted_ssh_key_needs_its_passphrase() {
            let text = SSH_LOCKED_SECRET.as_bytes();
            assert_eq!(problem(text), IdentityProblem::Locked("key.txt".to_owned()));
            let unlock = |word: &str| Identities::unlock(text, "key.txt", &mut || Some(SecretString::from(word.to_owned())));
            assert_eq!(unlock("wrong").err(), Some(IdentityProblem::WrongPassphrase("key.txt".to_owned())));
            let sealing = seal(b"x", &[Recipient::parse(SSH_LOCKED_PUBLIC).expect("a recipient")]).expect("sealed");
            assert_eq!(&open(&sealing.ciphertext, &unlock("example").expect("identities")).expect("opened")[..], b"x");
        }

        #[test]
        fn a_cut_off_ssh_key_is_damaged() {
            for text in [&SSH_ED25519_SECRET[..200], "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"] {
                assert_eq!(problem(text.as_bytes()), IdentityProblem::DamagedSsh("key.txt".to_owned()));
            }
        }
    }
}
