//! Makes what `git` and remotes say fit to be shown: no credentials, no control characters, no flood.

/// The most characters of a remote's words that are shown.
const LONGEST: usize = 600;

/// The words of standard error that say something, on one line.
pub fn said(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let lines = text.split(['\n', '\r']).map(str::trim).filter(|line| tells(line));
    let line = lines.map(|line| line.strip_prefix("remote: ").unwrap_or(line)).collect::<Vec<_>>().join("; ");
    let mut line = redacted(&plain(&line));
    if let Some((at, _)) = line.char_indices().nth(LONGEST) {
        line.truncate(at);
        line.push('…');
    }
    if line.is_empty() { "it gave no reason".to_owned() } else { line }
}

/// Whether a line says more than that something went on. `To <address>` names the remote's address.
fn tells(line: &str) -> bool {
    let rest = line.strip_prefix("remote:").unwrap_or(line).trim();
    let advice = ["hint:", "To ", "Done", "Enumerating", "Counting", "Compressing", "Writing", "Total ", "Delta ", "Resolving"];
    !rest.is_empty() && !advice.iter().any(|begin| rest.starts_with(begin))
}

/// The text without control and bidirectional characters, and without escape sequences.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\u{1b}' => drop(characters.by_ref().find(char::is_ascii_alphabetic)),
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{61c}' => {}
            character if character.is_control() => out.push(' '),
            character => out.push(character),
        }
    }
    out
}

/// The text with the user information and the query taken out of every address: both may hold tokens.
pub fn redacted(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, address) = rest.split_at(at + 3);
        out.push_str(before);
        let ends = |c: char| c.is_whitespace() || matches!(c, '\'' | '"' | '`' | '<' | '>');
        let address = &address[..address.find(ends).unwrap_or(address.len())];
        rest = &rest[before.len() + address.len()..];
        let authority = &address[..address.find(['/', '?', '#']).unwrap_or(address.len())];
        let shown = &address[authority.rfind('@').map_or(0, |at| at + 1)..];
        out.push_str(&shown[..shown.find(['?', '#']).unwrap_or(shown.len())]);
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_credential_of_an_address_is_shown() {
        for (text, shown) in [
            ("unable to access 'https://me:t0ken@host.example/a.git/': 403", "unable to access 'https://host.example/a.git/': 403"),
            ("https://t0ken@host", "https://host"),
            ("a https://u:p@t0ken@host:8/x?t0ken=1 b ssh://git@h/y", "a https://host:8/x b ssh://h/y"),
            ("https://host/a@b", "https://host/a@b"),
            ("x://", "x://"),
        ] {
            assert_eq!(redacted(text), shown);
        }
    }

    #[test]
    fn a_remote_cannot_paint_the_terminal_or_flood_it() {
        let said_of = |text: &str| said(text.as_bytes());
        assert_eq!(said_of("remote: \u{1b}[31mno\u{1b}[0m\u{7}\u{202e}!\nhint: x\nTo https://h\n\nfatal: b\n"), "no !; fatal: b");
        assert_eq!(said_of(&"é".repeat(5000)).chars().count(), LONGEST + 1);
        assert_eq!(said_of("\n"), "it gave no reason");
    }
}
