//! What a plain scalar means: the YAML 1.2 core schema, and nothing of YAML 1.1.

/// A scalar's meaning.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Scalar<'t> {
    Null,
    Bool(bool),
    Whole(i128),
    Float(f64),
    Text(&'t str),
}

/// The meaning of a plain scalar. `yes`, `no`, `on` and dates are texts.
pub(super) fn resolve(text: &str) -> Scalar<'_> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Scalar::Null,
        "true" | "True" | "TRUE" => return Scalar::Bool(true),
        "false" | "False" | "FALSE" => return Scalar::Bool(false),
        ".nan" | ".NaN" | ".NAN" => return Scalar::Float(f64::NAN),
        _ => {}
    }
    let first = text.as_bytes()[0];
    if !(first.is_ascii_digit() || matches!(first, b'+' | b'-' | b'.')) {
        return Scalar::Text(text);
    }
    number(text).unwrap_or(Scalar::Text(text))
}

fn number(text: &str) -> Option<Scalar<'_>> {
    let radix = |prefix, radix| {
        let digits = text.strip_prefix(prefix).filter(|digits| digits.chars().all(|digit| digit.is_digit(radix)))?;
        i128::from_str_radix(digits, radix).ok().map(Scalar::Whole)
    };
    if let Some(number) = radix("0x", 16).or_else(|| radix("0o", 8)) {
        return Some(number);
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") {
        return Some(Scalar::Float(if text.starts_with('-') { f64::NEG_INFINITY } else { f64::INFINITY }));
    }
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(at) => (&unsigned[..at], Some(&unsigned[at + 1..])),
        None => (unsigned, None),
    };
    let (whole, fraction) = mantissa.split_once('.').map_or((mantissa, None), |(whole, fraction)| (whole, Some(fraction)));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let exponent_fits = exponent.is_none_or(|exponent| {
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !exponent.is_empty() && digits(exponent)
    });
    let some_digits = !whole.is_empty() || fraction.is_some_and(|fraction| !fraction.is_empty());
    if !(digits(whole) && fraction.is_none_or(digits) && some_digits && exponent_fits) {
        return None;
    }
    if fraction.is_none()
        && exponent.is_none()
        && let Ok(whole) = text.parse()
    {
        return Some(Scalar::Whole(whole));
    }
    text.parse().ok().map(Scalar::Float)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars_follow_the_core_schema() {
        use Scalar::{Bool, Float, Null, Text, Whole};
        for (text, expected) in [
            ("", Null),
            ("~", Null),
            ("null", Null),
            ("nULL", Text("nULL")),
            ("true", Bool(true)),
            ("FALSE", Bool(false)),
            ("tRUE", Text("tRUE")),
            ("yes", Text("yes")),
            ("no", Text("no")),
            ("on", Text("on")),
            ("12", Whole(12)),
            ("-3", Whole(-3)),
            ("+3", Whole(3)),
            ("0x1F", Whole(31)),
            ("0o17", Whole(15)),
            ("0x", Text("0x")),
            ("0x+1", Text("0x+1")),
            ("-0x1", Text("-0x1")),
            ("0123", Whole(123)),
            ("1e3", Float(1000.0)),
            ("1.", Float(1.0)),
            (".5", Float(0.5)),
            (".", Text(".")),
            ("-", Text("-")),
            ("1e", Text("1e")),
            ("1_000", Text("1_000")),
            ("-.inf", Float(f64::NEG_INFINITY)),
            (".inf", Float(f64::INFINITY)),
            ("inf", Text("inf")),
            ("2026-01-01", Text("2026-01-01")),
            ("12:30:45", Text("12:30:45")),
            ("90d", Text("90d")),
        ] {
            assert_eq!(resolve(text), expected, "{text}");
        }
        assert!(matches!(resolve(".nan"), Float(nan) if nan.is_nan()));
        assert!(matches!(resolve(&"9".repeat(400)), Float(_)));
    }
}
