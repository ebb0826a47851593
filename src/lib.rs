//! Keywright: a declarative reconciler for API keys. The map of the crate; the arrows between its modules run one way, and
//! `tests/architecture/rules.rs` has them all:
//!
//! ```text
//! model ← diagnostics ← yaml ← profile                  text becomes meaning
//! model, diagnostics, profile's catalogue ← plan        pure
//! model, profile, plan ← inventory                      what is known of each key
//! model, diagnostics, profile, plan ← policy            what is allowed, pure
//! files                                                 the only module that writes files
//! files ← git                                           the only module that runs `git`
//! model ← vault     model, files, yaml ← ledger     model, profile, files ← provider
//! model, profile, provider's transport ← delivery       places that consume secrets, one file a kind
//! yaml, profile, files, vault, ledger, policy, delivery's kinds ← workspace    everything that is on disk
//! model, profile, provider's transport ← forge          comments at GitHub and GitLab, one file a forge
//! model, profile, provider's transport ← grant          issuers of grants (OAuth), and the loopback redirect
//! plan, provider, delivery, grant, vault, ledger ← apply       effects, through small ports
//! model, diagnostics, plan, profile, workspace, inventory ← render    meaning becomes text
//! workspace, plan ← trust                               what a change does to trusted files
//! workspace, plan, ledger, apply ← adopt                keys that are there already
//! everything ← cli ← main
//! ```
#![forbid(unsafe_code)]

pub mod adopt;
pub mod apply;
pub mod cli;
pub mod delivery;
pub mod diagnostics;
pub mod files;
pub mod forge;
pub mod git;
pub mod grant;
pub mod inventory;
pub mod ledger;
pub mod model;
pub mod plan;
pub mod policy;
pub mod profile;
pub mod provider;
pub mod render;
#[cfg(test)]
mod seam;
pub mod trust;
pub mod vault;
pub mod workspace;
pub mod yaml;
