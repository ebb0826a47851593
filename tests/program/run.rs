//! Runs the program as a stranger would, in a copy of the examples, with an empty environment.
#![allow(dead_code, reason = "each test uses a different part")]
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// The top of the repository.
pub const REPOSITORY: &str = env!("CARGO_MANIFEST_DIR");
/// The program.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_keywright");

/// A command without the environment of the tests.
pub fn bare(program: &str, directory: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(directory).env_clear().env("HOME", directory);
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    command
}

/// Runs the program in a directory.
pub fn run(directory: &Path, arguments: &[&str]) -> Output {
    bare(PROGRAM, directory).args(arguments).output().expect("the program starts")
}

/// Runs the program, which must succeed, and returns its standard output.
pub fn succeed(directory: &Path, arguments: &[&str]) -> String {
    let output = run(directory, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", told(&output));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Both streams, for a failed assertion.
pub fn told(output: &Output) -> String {
    format!("{}\n{}{}", output.status, String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A directory with the examples as git has them, without what earlier runs left there.
pub fn copy_of_examples() -> TempDir {
    let copy = tempfile::tempdir().expect("a directory");
    let examples = Path::new(REPOSITORY).join("examples");
    let outputs = ["secrets", "ledger", ".keywright"];
    for (path, bytes) in tree(&examples).into_iter().filter(|(path, _)| !outputs.iter().any(|name| path.iter().any(|part| part == *name))) {
        let to = copy.path().join("examples").join(path);
        fs::create_dir_all(to.parent().expect("a parent")).expect("a directory");
        fs::write(to, bytes).expect("written");
    }
    copy
}

/// Every file below a directory with its bytes, sorted.
pub fn tree(root: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    let mut waiting = vec![root.to_owned()];
    while let Some(directory) = waiting.pop() {
        for entry in fs::read_dir(directory).expect("a directory") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                waiting.push(path);
            } else {
                files.push((path.strip_prefix(root).expect("below the root").to_owned(), fs::read(&path).expect("readable")));
            }
        }
    }
    files.sort();
    files
}
