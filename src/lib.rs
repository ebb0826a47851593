//! Keywright: a declarative reconciler for API keys. The map of the crate; the arrows between its modules run one way:
//!
//! ```text
//! model ← diagnostics ← yaml ← profile ← workspace      text becomes meaning
//! model, diagnostics, profile's catalogue ← plan        pure
//! model ← files                                         the only module that writes files
//! model, profile ← provider     model, files ← vault, ledger
//! plan, provider, vault, ledger ← apply                 effects, through small ports
//! model, diagnostics, plan ← render                     meaning becomes text
//! everything ← cli ← main
//! ```
#![forbid(unsafe_code)]

pub mod apply;
pub mod cli;
pub mod diagnostics;
pub mod files;
pub mod ledger;
pub mod model;
pub mod plan;
pub mod profile;
pub mod provider;
pub mod render;
pub mod vault;
pub mod workspace;
pub mod yaml;
