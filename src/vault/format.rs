//! How a secret is written inside its age file, and read back. Knows no encryption.
//!
//! | format | bytes |
//! |---|---|
//! | `raw` | the one part, nothing else |
//! | `json` | an object of exactly the vendor's parts in the vendor's order, compact, and a line feed |
//! | `dotenv` | `NAME=value` lines; several parts: `NAME_PART`; values in double quotes where a shell would need them |
use std::fmt;

use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use zeroize::Zeroizing;

use crate::model::{Address, Format, Secret};

/// Why a secret cannot be written or read in a format. Never holds a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormatProblem {
    #[error("the format `raw` holds one part, and this secret has {0}")]
    RawNeedsOnePart(usize),
    #[error("the secret has no part, or two parts of one name")]
    Parts,
    #[error("the part `{0}` holds a zero byte, which the format `dotenv` cannot express")]
    ZeroByte(String),
    #[error("the contents are not UTF-8 text")]
    NotText,
    /// The format's name, and what it lacks.
    #[error("the contents are not in the format `{format}`: {reason}")]
    Malformed { format: &'static str, reason: String },
}

/// Writes a secret in a format. The address gives `dotenv` its names.
pub fn write(secret: &Secret, format: Format, address: &Address) -> Result<Zeroizing<Vec<u8>>, FormatProblem> {
    let parts: Vec<(&str, &str)> = secret.parts().collect();
    check_parts(parts.iter().map(|(name, _)| *name), format)?;
    // An escape is at most six bytes a byte: the buffer never grows, so no unwiped copy is left behind.
    let name = variable(address);
    let room = parts.iter().map(|(part, value)| 6 * (part.len() + value.len()) + name.len() + 16).sum::<usize>() + 16;
    let mut out = Zeroizing::new(Vec::with_capacity(room));
    match format {
        Format::Raw => out.extend_from_slice(parts[0].1.as_bytes()),
        Format::Json => write_json(&parts, &mut out),
        Format::Dotenv => write_dotenv(&parts, &name, &mut out)?,
    }
    Ok(out)
}

/// Reads a secret of the named parts; the inverse of [`write()`].
pub fn read(bytes: &[u8], format: Format, parts: &[String]) -> Result<Secret, FormatProblem> {
    check_parts(parts.iter().map(String::as_str), format)?;
    let text = std::str::from_utf8(bytes).map_err(|_| FormatProblem::NotText)?;
    let values = match format {
        Format::Raw => vec![Zeroizing::new(text.to_owned())],
        Format::Json => read_json(text, parts)?,
        Format::Dotenv => read_dotenv(text, parts)?,
    };
    Ok(Secret::of_parts(parts.iter().cloned().zip(values).collect()))
}

/// One part of a secret in the format `json`, whatever its other parts are.
pub fn part(bytes: &[u8], name: &str) -> Result<Zeroizing<String>, FormatProblem> {
    let malformed = |reason: String| FormatProblem::Malformed { format: "json", reason };
    let text = std::str::from_utf8(bytes).map_err(|_| FormatProblem::NotText)?;
    let mut reader = serde_json::Deserializer::from_str(text);
    let found = reader.deserialize_map(Fields).map_err(|_| malformed("it has no parts".to_owned()))?;
    let known: Vec<String> = found.iter().map(|(known, _)| known.clone()).collect();
    let found = found.into_iter().find(|(known, _)| known == name).map(|(_, value)| value);
    found.ok_or_else(|| malformed(format!("no field `{}`; it has `{}`", name.escape_debug(), known.join("`, `"))))
}

/// The name of an address in the format `dotenv`: capitals, digits and `_`; `_` comes first when a digit would.
pub fn variable(address: &Address) -> String {
    let name = capitals(&address.to_string());
    if name.starts_with(|first: char| first.is_ascii_digit()) { format!("_{name}") } else { name }
}

fn capitals(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect()
}

fn check_parts<'a>(names: impl Iterator<Item = &'a str>, format: Format) -> Result<(), FormatProblem> {
    let mut names: Vec<String> = match format {
        Format::Raw | Format::Json => names.map(str::to_owned).collect(),
        Format::Dotenv => names.map(capitals).collect(),
    };
    let count = names.len();
    if format == Format::Raw && count != 1 {
        return Err(FormatProblem::RawNeedsOnePart(count));
    }
    names.sort();
    names.dedup();
    if count == 0 || names.len() != count { Err(FormatProblem::Parts) } else { Ok(()) }
}

fn write_json(parts: &[(&str, &str)], out: &mut Vec<u8>) {
    for ((name, value), before) in parts.iter().zip(std::iter::once(b'{').chain(std::iter::repeat(b','))) {
        out.push(before);
        serde_json::to_writer(&mut *out, name).expect("a string has a JSON form");
        out.push(b':');
        serde_json::to_writer(&mut *out, value).expect("a string has a JSON form");
    }
    out.extend_from_slice(b"}\n");
}

fn read_json(text: &str, parts: &[String]) -> Result<Vec<Zeroizing<String>>, FormatProblem> {
    let malformed = |reason: String| FormatProblem::Malformed { format: "json", reason };
    let mut reader = serde_json::Deserializer::from_str(text);
    // serde's own texts may quote a value; only the place is safe to show.
    let place =
        |error: serde_json::Error| malformed(format!("not an object of strings, at line {} column {}", error.line(), error.column()));
    let mut found = reader.deserialize_map(Fields).map_err(place)?;
    reader.end().map_err(place)?;
    if found.len() != parts.len() {
        return Err(malformed(format!("{} fields where {} are expected", found.len(), parts.len())));
    }
    let mut value = |part: &String| {
        let at = found.iter().position(|(name, _)| name == part).ok_or_else(|| malformed(format!("no field `{part}`")))?;
        Ok(found.swap_remove(at).1)
    };
    parts.iter().map(&mut value).collect()
}

/// Reads an object of strings into values that are wiped.
struct Fields;

impl<'de> Visitor<'de> for Fields {
    type Value = Vec<(String, Zeroizing<String>)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of strings")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields: Self::Value = Vec::new();
        while let Some((name, value)) = map.next_entry::<String, String>()? {
            let value = Zeroizing::new(value);
            if fields.iter().any(|(other, _)| *other == name) {
                return Err(A::Error::custom("a field stands twice"));
            }
            fields.push((name, value));
        }
        Ok(fields)
    }
}

fn write_dotenv(parts: &[(&str, &str)], name: &str, out: &mut Vec<u8>) -> Result<(), FormatProblem> {
    for (part, value) in parts {
        if value.contains('\0') {
            return Err(FormatProblem::ZeroByte((*part).to_owned()));
        }
        out.extend_from_slice(name.as_bytes());
        if parts.len() > 1 {
            out.push(b'_');
            out.extend_from_slice(capitals(part).as_bytes());
        }
        out.push(b'=');
        if !value.is_empty() && value.bytes().all(is_plain) {
            out.extend_from_slice(value.as_bytes());
        } else {
            quote(value, out);
        }
        out.push(b'\n');
    }
    Ok(())
}

/// What stands in a `dotenv` value without quotes.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_./+=:@-".contains(&byte)
}

fn quote(value: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    for byte in value.bytes() {
        match byte {
            b'\\' | b'"' | b'$' | b'`' => out.extend_from_slice(&[b'\\', byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}

fn read_dotenv(text: &str, parts: &[String]) -> Result<Vec<Zeroizing<String>>, FormatProblem> {
    let malformed = |reason: String| FormatProblem::Malformed { format: "dotenv", reason };
    let body = text.strip_suffix('\n').ok_or_else(|| malformed("the last line has no end".to_owned()))?;
    let lines: Vec<&str> = body.split('\n').collect();
    if lines.len() != parts.len() {
        return Err(malformed(format!("{} lines where {} are expected", lines.len(), parts.len())));
    }
    let mut values = Vec::with_capacity(parts.len());
    let mut base = None;
    for ((line, part), number) in lines.into_iter().zip(parts).zip(1..) {
        let (name, value) = line.split_once('=').ok_or_else(|| malformed(format!("line {number} has no `=`")))?;
        let suffix = format!("_{}", capitals(part));
        let stem = if parts.len() == 1 { Some(name) } else { name.strip_suffix(suffix.as_str()) };
        let stem = stem.filter(|stem| is_name(stem) && base.is_none_or(|base| base == *stem));
        base = Some(stem.ok_or_else(|| malformed(format!("line {number} is not named after the part `{part}`")))?);
        values.push(unquote(value).ok_or_else(|| malformed(format!("the value in line {number} is not quoted as it should be")))?);
    }
    Ok(values)
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

fn unquote(value: &str) -> Option<Zeroizing<String>> {
    let Some(inner) = value.strip_prefix('"') else {
        return (!value.is_empty() && value.bytes().all(is_plain)).then(|| Zeroizing::new(value.to_owned()));
    };
    let inner = inner.strip_suffix('"')?;
    let mut text = Zeroizing::new(String::with_capacity(inner.len()));
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        text.push(match character {
            '\\' => match characters.next()? {
                'n' => '\n',
                'r' => '\r',
                escaped @ ('\\' | '"' | '$' | '`') => escaped,
                _ => return None,
            },
            '"' | '$' | '`' | '\r' => return None,
            plain => plain,
        });
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FORMATS: [Format; 3] = [Format::Raw, Format::Json, Format::Dotenv];

    fn secret(parts: &[(&str, &str)]) -> Secret {
        Secret::of_parts(parts.iter().map(|(name, value)| ((*name).to_owned(), Zeroizing::new((*value).to_owned()))).collect())
    }

    fn written(parts: &[(&str, &str)], format: Format) -> Result<String, FormatProblem> {
        let address = "payconex-prod/billing-webhooks".parse().expect("an address");
        write(&secret(parts), format, &address).map(|bytes| String::from_utf8(bytes.to_vec()).expect("text"))
    }

    fn names(parts: &[&str]) -> Vec<String> {
        parts.iter().map(|part| (*part).to_owned()).collect()
    }

    fn problem(text: &str, format: Format, parts: &[&str]) -> String {
        match read(text.as_bytes(), format, &names(parts)) {
            Ok(_) => panic!("a secret in {text:?}"),
            Err(problem) => problem.to_string(),
        }
    }

    #[test]
    fn each_format_has_its_bytes() {
        let pair = [("id", "api_1"), ("secret", "s\"é\n")];
        assert_eq!(written(&[("secret", "kw_x")], Format::Raw).as_deref(), Ok("kw_x"));
        assert_eq!(written(&[("secret", "kw_x")], Format::Json).as_deref(), Ok("{\"secret\":\"kw_x\"}\n"));
        assert_eq!(written(&pair, Format::Json).as_deref(), Ok("{\"id\":\"api_1\",\"secret\":\"s\\\"é\\n\"}\n"));
        assert_eq!(written(&[("token", "kw_x")], Format::Dotenv).as_deref(), Ok("PAYCONEX_PROD_BILLING_WEBHOOKS=kw_x\n"));
        assert_eq!(
            written(&pair, Format::Dotenv).as_deref(),
            Ok("PAYCONEX_PROD_BILLING_WEBHOOKS_ID=api_1\nPAYCONEX_PROD_BILLING_WEBHOOKS_SECRET=\"s\\\"é\\n\"\n")
        );
    }

    #[test]
    fn dotenv_values_are_quoted_where_a_shell_needs_it() {
        for (value, line) in [
            ("a_./+=:@-9", "=a_./+=:@-9\n"),
            ("", "=\"\"\n"),
            ("a b", "=\"a b\"\n"),
            ("a#b", "=\"a#b\"\n"),
            ("$(x)`y`", "=\"\\$(x)\\`y\\`\"\n"),
            ("a\\n", "=\"a\\\\n\"\n"),
            ("'", "=\"'\"\n"),
        ] {
            let text = written(&[("secret", value)], Format::Dotenv).expect("written");
            assert!(text.ends_with(line), "{text:?}");
        }
    }

    #[test]
    fn a_variable_never_begins_with_a_digit() {
        assert_eq!(variable(&"1pay/a-b".parse().expect("an address")), "_1PAY_A_B");
    }

    #[test]
    fn what_a_format_cannot_hold_is_an_error() {
        let pair = [("id", "a"), ("secret", "b")];
        assert_eq!(written(&pair, Format::Raw), Err(FormatProblem::RawNeedsOnePart(2)));
        for format in FORMATS {
            assert!(written(&[], format).is_err());
        }
        assert_eq!(written(&[("id", "a"), ("id", "b")], Format::Json), Err(FormatProblem::Parts));
        assert_eq!(written(&[("a-b", "a"), ("a_b", "b")], Format::Dotenv), Err(FormatProblem::Parts));
        assert_eq!(written(&[("secret", "a\0b")], Format::Dotenv), Err(FormatProblem::ZeroByte("secret".to_owned())));
    }

    #[test]
    fn what_was_not_written_here_is_refused_without_an_echo() {
        for (text, format, parts) in [
            ("[\"hunter2\"]", Format::Json, &["secret"][..]),
            ("\"hunter2\"", Format::Json, &["secret"]),
            ("{\"secret\":[\"hunter2\"]}", Format::Json, &["secret"]),
            ("{\"secret\":\"hunter2\",\"secret\":\"hunter2\"}", Format::Json, &["secret"]),
            ("{\"secret\":\"hunter2\",\"more\":\"hunter2\"}", Format::Json, &["secret"]),
            ("{\"hunter2\":\"x\"}", Format::Json, &["secret"]),
            ("{\"secret\":\"hunter2\"} hunter2", Format::Json, &["secret"]),
            ("A=hunter2", Format::Dotenv, &["secret"]),
            ("hunter2\n", Format::Dotenv, &["secret"]),
            ("A=hunter2\nB=hunter2\n", Format::Dotenv, &["secret"]),
            ("A=hunter2 x\n", Format::Dotenv, &["secret"]),
            ("A=\"hunter2\n", Format::Dotenv, &["secret"]),
            ("A=\"$hunter2\"\n", Format::Dotenv, &["secret"]),
            ("A_SECRET=hunter2\nA_ID=hunter2\n", Format::Dotenv, &["id", "secret"]),
            ("A_ID=hunter2\nB_SECRET=hunter2\n", Format::Dotenv, &["id", "secret"]),
        ] {
            let message = problem(text, format, parts);
            assert!(!message.contains("hunter2"), "{text:?}: {message}");
        }
        assert!(read(b"\xff", Format::Raw, &names(&["secret"])).is_err());
    }

    proptest! {
        #[test]
        fn every_format_reads_back_what_it_wrote(values in prop::collection::vec(r#"(\PC|[\x01-\x1f"$`\\])*"#, 1..4)) {
            let parts: Vec<String> = (0..values.len()).map(|number| format!("part{number}")).collect();
            let given: Vec<(&str, &str)> = parts.iter().map(String::as_str).zip(values.iter().map(String::as_str)).collect();
            for format in FORMATS {
                if format == Format::Raw && given.len() > 1 {
                    continue;
                }
                let text = written(&given, format).expect("written");
                let Ok(back) = read(text.as_bytes(), format, &parts) else { panic!("cannot read {text:?}") };
                prop_assert_eq!(back.parts().collect::<Vec<_>>(), given.clone());
            }
        }
    }
}
