//! Keywright: a declarative reconciler for API keys.
