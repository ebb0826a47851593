//! How providers write instants. Knows no field and no answer.
use jiff::{Timestamp, Unit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How an instant is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TimeFormat {
    /// `2027-03-31T23:59:59Z`; written in whole seconds, read with any offset and fraction.
    #[default]
    Rfc3339,
}

impl TimeFormat {
    /// The instant of a value; `None` when it has another form.
    pub fn read(self, value: &Value) -> Option<Timestamp> {
        match self {
            Self::Rfc3339 => value.as_str()?.parse().ok(),
        }
    }

    /// An instant as this format writes it.
    pub fn write(self, instant: Timestamp) -> Value {
        match self {
            Self::Rfc3339 => Value::String(instant.round(Unit::Second).unwrap_or(instant).to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn instants_survive_the_way_there_and_back() {
        let read = |text: &str| TimeFormat::Rfc3339.read(&json!(text));
        let instant = read("2024-05-16T23:06:50.000000Z").expect("an instant");
        assert_eq!(TimeFormat::Rfc3339.write(instant), json!("2024-05-16T23:06:50Z"));
        assert_eq!(read("2024-05-17T01:06:50+02:00"), Some(instant));
        assert_eq!(TimeFormat::Rfc3339.write(read("2024-05-16T23:06:49.9Z").expect("an instant")), json!("2024-05-16T23:06:50Z"));
        assert_eq!(read("tomorrow"), None);
        assert_eq!(TimeFormat::Rfc3339.read(&json!(1_700_000_000)), None);
    }
}
