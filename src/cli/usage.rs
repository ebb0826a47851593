//! What is wrong with the arguments, without what may be a secret among them.
use std::ffi::OsString;

use clap::CommandFactory as _;

use super::args::Arguments;
use crate::model::Address;

/// Shortest word that may be a secret, in characters.
const SECRET: usize = 12;
/// Commands that take secrets from standard input.
const TAKING: [&str; 3] = ["fulfil", "authorize", "keyring"];

/// The words of a usage error without arguments that may be secrets pasted into the wrong place; `None` when there are none in it.
pub fn without_secrets(said: &str, arguments: impl Iterator<Item = OsString>) -> Option<String> {
    let all: Vec<String> = arguments.map(|word| word.to_string_lossy().into_owned()).collect();
    // Everywhere else a person looks for the word that was wrong.
    let known = Arguments::command();
    let mut commands = all.iter().filter(|word| known.find_subcommand(word).is_some()).peekable();
    if commands.peek().is_some() && commands.all(|command| !TAKING.contains(&command.as_str())) {
        return None;
    }
    let mut words: Vec<String> = all.into_iter().filter(|word| may_be_secret(word)).collect();
    // The value of `--option=VALUE` is quoted alone.
    words.extend(words.clone().iter().filter_map(|word| Some(word.split_once('=')?.1.to_owned())).filter(|word| may_be_secret(word)));
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    let hidden = words.iter().fold(said.to_owned(), |said, word| said.replace(word.as_str(), "…"));
    (hidden != said).then_some(hidden)
}

fn may_be_secret(word: &str) -> bool {
    word.chars().count() >= SECRET && !is_name(word) && word.parse::<Address>().is_err()
}

fn is_name(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    fn said(arguments: &[&str]) -> String {
        let error = Arguments::try_parse_from([&["keywright"], arguments].concat()).expect_err("a usage error").render().to_string();
        without_secrets(&error, arguments.iter().map(OsString::from)).unwrap_or(error)
    }

    #[test]
    fn a_secret_in_the_wrong_place_is_not_repeated() {
        let secret = "bxt_EXAMPLEexample0123456789";
        let json = r#"{"id":"api_1","secret":"EXAMPLE"}"#;
        let option = format!("--token={secret}");
        for arguments in [
            &["fulfil", "brex/o", secret][..],
            &["fulfil", secret],
            &["-C", "plan", "fulfil", secret],
            &["fulfil", "brex/o", json],
            &["fulfil", "brex/o", "--expires", secret],
            &["fulfil", "brex/o", &option],
            &["keyring", "check", secret],
            &[secret],
        ] {
            let said = said(arguments);
            assert!(!said.contains("EXAMPLE") && said.contains("error:") && said.contains("--help"), "{said}");
        }
    }

    #[test]
    fn other_words_are_repeated() {
        assert!(said(&["fulfil", "brex/payvy-integration", "again"]).contains("'again'"));
        assert!(said(&["plan", "--detailed-exit-code"]).contains("--detailed-exit-code"));
        assert!(said(&["-C", "Some-Directory", "open", "../../etc/passwd", "-i", "x"]).contains("etc/passwd"));
        assert!(said(&["plan", "-o", "xml"]).contains("`xml`"));
    }
}
