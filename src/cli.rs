//! The command line: reads arguments, environment and clock, and hands them on as values.
use std::process::ExitCode;

/// Runs the program.
pub fn main() -> ExitCode {
    ExitCode::SUCCESS
}
