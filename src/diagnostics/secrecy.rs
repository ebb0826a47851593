//! Which source lines are never drawn, because somebody may have pasted a secret there. Knows no types of files.

/// How many lines upwards an enclosing field is looked for.
const REACH: u32 = 64;

/// Whether a line may hold a secret: it has a private key, a password in a URL, or something below or beside `credential:`.
pub fn may_hold_secret(line: u32, text_of: impl Fn(u32) -> Option<String>) -> bool {
    let Some(text) = text_of(line) else { return false };
    let lower = text.to_lowercase();
    let password = lower.split("://").skip(1).any(|rest| rest.split(['/', '"', '\'', ' ']).next().is_some_and(|host| host.contains('@')));
    if password || lower.contains("secret-key-") || lower.contains("private key") || names_credential(&text) {
        return true;
    }
    let mut inner = indentation(&text);
    for above in (line.saturating_sub(REACH).max(1)..line).rev() {
        let Some(text) = text_of(above) else { return false };
        if inner > 0 && !text.trim().is_empty() && indentation(&text) < inner {
            if names_credential(&text) {
                return true;
            }
            inner = indentation(&text);
        }
    }
    false
}

fn indentation(text: &str) -> usize {
    text.len() - text.trim_start_matches(' ').len()
}

/// Whether `credential` or `plan_credential` stands here as the name of a field.
fn names_credential(text: &str) -> bool {
    text.match_indices("credential").any(|(at, word)| {
        let rest = text[at + word.len()..].trim_start_matches(['"', '\'']).trim_start();
        rest.strip_prefix(':').is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t']))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(text: &str) -> Vec<u32> {
        let lines: Vec<&str> = text.lines().collect();
        let line_of = |line: u32| lines.get(usize::try_from(line).ok()?.checked_sub(1)?).map(|line| (*line).to_owned());
        (1..=u32::try_from(lines.len()).expect("few")).filter(|line| may_hold_secret(*line, line_of)).collect()
    }

    #[test]
    fn a_pasted_secret_is_never_drawn() {
        assert_eq!(hidden("a:\n  credential: hunter2\n  provider: x\n"), [2]);
        assert_eq!(hidden("a: { provider: x, \"credential\": hunter2 }\nb: { plan_credential: { env: hunter2 } }\n"), [1, 2]);
        assert_eq!(hidden("a:\n  credential:\n    secret: hunter2\n\n    parts:\n      - hunter2\n  provider: x\n"), [2, 3, 5, 6]);
        assert_eq!(hidden("endpoint: https://me:hunter2@keys.example/x\nops: [AGE-SECRET-KEY-1X]\n"), [1, 2]);
    }

    #[test]
    fn other_lines_are_drawn() {
        let text = "accounts:\n  a:\n    endpoint: https://keys.example/a@b\n    scopes: [pcx:credential:read]\n    owner: \"@acme\"\n";
        assert_eq!(hidden(text), [0; 0]);
    }
}
