//! The example workspaces are in order, and applying one again changes nothing.
#[path = "program/run.rs"]
mod run;

use run::{copy_of_examples, run, succeed, tree};

#[test]
fn examples_pass_without_a_warning() {
    let copy = copy_of_examples();
    for (workspace, keys) in [("examples/quickstart", 4), ("examples/payconex", 3)] {
        let said = succeed(copy.path(), &["-C", workspace, "check"]);
        assert_eq!(said, format!("{keys} keys in 1 account: no problems\n"));
        assert_eq!(succeed(copy.path(), &["-C", workspace, "check", "-o", "json"]), "[]\n");
    }
}

#[test]
fn the_finance_example_is_planned_without_any_account() {
    let copy = copy_of_examples();
    let said = succeed(copy.path(), &["-C", "examples/finance", "check"]);
    assert_eq!(said.matches("warning[manifest/unlisted-scope]: `brynq` does not list the scope").count(), 3, "{said}");
    assert!(said.contains("3 warnings") && !said.contains("error"), "{said}");
    let plan = succeed(copy.path(), &["-C", "examples/finance", "plan", "--offline"]);
    assert!(plan.contains("Plan: 3 to create, 0 to edit, 0 to rotate, 0 to disable. 5 attended steps. 3 warnings."), "{plan}");
    let before = tree(&copy.path().join("examples/finance"));
    succeed(copy.path(), &["-C", "examples/finance", "plan", "--offline", "--now", "2026-11-21T09:00:00Z"]);
    assert!(before == tree(&copy.path().join("examples/finance")), "planning wrote something");
}

#[test]
fn a_second_apply_changes_no_byte() {
    let copy = copy_of_examples();
    let workspace = copy.path().join("examples/quickstart");
    let before = tree(&workspace).len();
    succeed(copy.path(), &["-C", "examples/quickstart", "apply", "--yes"]);
    let after = tree(&workspace);
    let written = |ending: &str| after.iter().filter(|(path, _)| path.to_string_lossy().ends_with(ending)).count();
    assert_eq!(written(".age"), 4);
    assert!(after.len() >= before + 9, "four secrets, four ledger files, a store");
    succeed(copy.path(), &["-C", "examples/quickstart", "apply", "--yes"]);
    assert!(tree(&workspace) == after, "the second apply changed something");
    let plan = run(copy.path(), &["-C", "examples/quickstart", "plan", "--detailed-exitcode"]);
    assert_eq!(plan.status.code(), Some(0), "{}", run::told(&plan));
}

#[cfg(unix)]
#[test]
fn what_apply_writes_is_private_and_ignored() {
    use std::os::unix::fs::PermissionsExt;
    let copy = copy_of_examples();
    let workspace = copy.path().join("examples/quickstart");
    let before: Vec<_> = tree(&workspace).into_iter().map(|(path, _)| path).collect();
    succeed(copy.path(), &["-C", "examples/quickstart", "apply", "--yes"]);
    let ignored = std::fs::read_to_string(workspace.join(".gitignore")).expect("a .gitignore");
    for (path, _) in tree(&workspace).into_iter().filter(|(path, _)| !before.contains(path)) {
        let top = path.iter().next().expect("a part").to_string_lossy().into_owned();
        assert!(ignored.lines().any(|line| line.trim_matches('/') == top), "git would see `{}`", path.display());
        let mode = std::fs::metadata(workspace.join(&path)).expect("about").permissions().mode();
        let secret = path.extension().is_some_and(|ending| ending == "age") || top == ".keywright";
        assert!(!secret || mode & 0o077 == 0, "`{}` has mode {mode:o}", path.display());
    }
}
