//! Apply is killed at every point, against providers that lie: what it leaves must always be finished by the next apply.
//!
//! The whole of `keywright apply` runs in this process against a simulated provider. At every point that the seam tells, the workspace and the
//! provider are copied: that is what a process leaves that is killed there. From each copy, apply is run again, and the invariants are judged.
mod adopting;
mod attended;
mod cases;
mod doubts;
mod ends;
mod grants;
mod hands;
mod matrix;
mod place;
mod provider;
mod random;
mod reviews;
mod schedules;
mod site;
mod trusted;
mod verdict;
mod world;
