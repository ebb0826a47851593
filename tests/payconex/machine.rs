//! What goes wrong on our own machine: each a clear error that names the path, and nothing changed here or at the provider.
use keywright::files::process::Process;
use keywright::files::{Lock, LockHolder, Locking};

use crate::emulator::{Config, Route};
use crate::site::Site;

/// An apply that must be refused on account of this path.
#[track_caller]
fn refused(site: &Site, path: &str) {
    let ran = site.refuses(&["apply", "--yes"], 1);
    assert!(ran.stderr.contains(path) && ran.stderr.contains("help:"), "{}", ran.stderr);
}

#[test]
fn a_file_in_place_of_a_directory_stops_apply_before_the_first_write() {
    for path in ["ledger", "ledger/pay", "secrets", "secrets/pay", ".keywright/sealed", ".keywright/sealed/pay", ".keywright"] {
        let site = Site::new(Config::default());
        site.sandbox.write(path, "in the way\n");
        refused(&site, path);
        assert_eq!((site.writes(), site.keys().len()), (0, 0), "{path}");
        site.sandbox.remove(path);
        site.settle();
        site.assert_works("billing");
    }
}

#[test]
fn a_directory_in_place_of_a_file_stops_apply_before_the_first_write() {
    for path in [".keywright/journal.jsonl", "ledger/pay/billing.yaml", "secrets/pay/billing.age", ".keywright/lock"] {
        let site = Site::new(Config::default());
        site.sandbox.write(&format!("{path}/file"), "in the way\n");
        refused(&site, path);
        assert_eq!((site.writes(), site.keys().len()), (0, 0), "{path}");
        site.sandbox.remove(path);
        site.settle();
        site.assert_works("billing");
    }
}

#[test]
fn a_second_apply_at_the_same_time_is_refused() {
    let site = Site::new(Config::default());
    let process = Process::here(std::process::id());
    let me = LockHolder { process, since: "2026-11-21T09:00:00Z".parse().expect("an instant") };
    let lock = Lock::take(&site.sandbox.path(".keywright/lock"), Some(&me)).expect("a lock");
    assert!(matches!(lock, Locking::Taken(_)));
    let holder = format!("process {} on", std::process::id());
    site.refuses(&["apply", "--yes"], 1).says("apply/locked").says(&holder).says("since 2026-11-21T09:00:00Z");
    site.plan().exits(0);
    drop(lock);
    site.settle();
}

#[cfg(unix)]
#[test]
fn links_that_lead_out_are_refused() {
    use std::os::unix::fs::symlink;
    let site = Site::new(Config::default());
    let outside = site.sandbox.root().join("outside");
    std::fs::create_dir_all(outside.join("pay")).expect("a directory");
    for path in ["keys", "ledger", "secrets", "ledger/pay", "secrets/pay", ".keywright", ".keywright/lock"] {
        let at = site.sandbox.path(path);
        let kept = site.sandbox.root().join("kept");
        let had = at.exists();
        if had {
            std::fs::rename(&at, &kept).expect("moved away");
        }
        std::fs::create_dir_all(at.parent().expect("a parent")).expect("a directory");
        symlink(&outside, &at).expect("linked");
        let ran = site.sandbox.run(&["apply", "--yes"]);
        assert_eq!((ran.exit, site.keys().len()), (1, 0), "`{path}` is a link\n{}\n{}", ran.stdout, ran.stderr);
        assert!(ran.stderr.contains(path), "{}", ran.stderr);
        let left: Vec<_> = std::fs::read_dir(&outside).expect("listed").map(|entry| entry.expect("an entry").file_name()).collect();
        assert_eq!(left, ["pay"], "`{path}`");
        std::fs::remove_file(&at).expect("unlinked");
        if had {
            std::fs::rename(&kept, &at).expect("moved back");
        }
    }
}

/// A limit on the size of files stands in for a full disk.
#[cfg(unix)]
#[test]
fn a_full_disk_stops_apply_before_the_first_write() {
    let site = Site::new(Config::default());
    let command = site.sandbox.command(&["apply", "--yes"]);
    let mut limited = std::process::Command::new("sh");
    limited.args(["-c", "trap '' XFSZ; ulimit -f 1; exec \"$0\" \"$@\""]).arg(command.get_program()).args(command.get_args());
    limited.current_dir(site.sandbox.work()).env_clear();
    for (name, value) in command.get_envs() {
        limited.env(name, value.unwrap_or_default());
    }
    let tree = crate::sandbox::without_lock(site.sandbox.tree());
    let output = limited.output().expect("sh is there");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("apply/write-failed") && said.contains("account `pay` is not ready"), "{said}");
    assert_eq!((site.writes(), site.keys().len()), (0, 0));
    assert_eq!(crate::site::difference(&tree, &crate::sandbox::without_lock(site.sandbox.tree())), Vec::<String>::new());
    site.settle();
    site.assert_works("billing");
}

#[cfg(unix)]
#[test]
fn a_directory_that_cannot_be_written_stops_apply() {
    use std::os::unix::fs::PermissionsExt;
    let site = Site::new(Config::default());
    site.sandbox.write("ledger/pay/.keep", "");
    let directory = site.sandbox.path("ledger/pay");
    std::fs::set_permissions(&directory, std::fs::Permissions::from_mode(0o500)).expect("permissions");
    // Modes mean nothing to root.
    if std::fs::write(directory.join("probe"), "").is_err() {
        refused(&site, "ledger/pay");
        assert_eq!(site.writes(), 0);
    }
    std::fs::set_permissions(&directory, std::fs::Permissions::from_mode(0o700)).expect("permissions");
}

#[test]
fn results_that_cannot_be_written_are_errors() {
    let site = Site::new(Config::default());
    site.sandbox.write("file", "");
    for arguments in [&["plan", "--out", "file/plan.json"][..], &["plan", "-o", "json=file/plan.json"], &["plan", "--out", "keys"]] {
        let ran = site.refuses(arguments, 1);
        assert!(ran.stderr.contains("`file") || ran.stderr.contains("`keys`"), "{}", ran.stderr);
    }
    assert_eq!(site.emulator.count(Route::Create), 0);
}

#[cfg(target_os = "linux")]
#[test]
fn a_standard_output_that_is_full_is_an_error() {
    let site = Site::new(Config::default());
    let full = std::fs::File::options().write(true).open("/dev/full").expect("the device is there");
    let output = site.sandbox.command(&["plan"]).stdout(full).output().expect("run");
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stderr).contains("standard output"));
}
