//! Meaning becomes text: plans, lists and diagnostics for people and programs.
