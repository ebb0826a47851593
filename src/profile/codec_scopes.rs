//! How providers write a set of scopes. Knows no catalogue.
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::{Scope, ScopeSet};

/// How a set of scopes is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ScopeFormat {
    /// `["one", "two"]`
    #[default]
    Array,
}

impl ScopeFormat {
    /// The scopes of a value; `None` when it has another form.
    pub fn read(self, value: &Value) -> Option<ScopeSet> {
        match self {
            Self::Array => value.as_array()?.iter().map(|item| item.as_str().map(Scope::from)).collect(),
        }
    }

    /// A set as this format writes it, in order.
    pub fn write(self, scopes: &ScopeSet) -> Value {
        match self {
            Self::Array => scopes.iter().map(|scope| Value::from(scope.as_str())).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn sets_survive_the_way_there_and_back() {
        let set = ScopeFormat::Array.read(&json!(["b", "a", "b"])).expect("a set");
        assert_eq!(ScopeFormat::Array.write(&set), json!(["a", "b"]));
        assert_eq!(ScopeFormat::Array.read(&json!("a b")), None);
        assert_eq!(ScopeFormat::Array.read(&json!(["a", 1])), None);
    }
}
