//! Meaning becomes text: plans, lists and diagnostics for people and programs.

pub mod diagnostics;
pub mod text_safety;
