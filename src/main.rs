//! The `keywright` program.
use std::process::ExitCode;

fn main() -> ExitCode {
    keywright::cli::main()
}
