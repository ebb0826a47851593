//! The rules, as tables. What a module is and where it stands is said in `src/lib.rs`.
use regex::bytes::{Regex, RegexBuilder};

use crate::source::Source;

/// What each top-level module may name; what it names stands above it.
pub const ARROWS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("files", &[]),
    ("git", &["files"]),
    ("diagnostics", &["model"]),
    ("yaml", &["diagnostics"]),
    ("profile", &["model", "diagnostics", "yaml"]),
    ("vault", &["model"]),
    ("ledger", &["model", "files", "diagnostics", "yaml"]),
    ("plan", &["model", "diagnostics", "profile"]),
    ("policy", &["model", "diagnostics", "profile", "plan"]),
    ("inventory", &["model", "profile", "plan"]),
    ("provider", &["model", "files", "profile"]),
    ("delivery", &["model", "profile", "provider"]),
    ("grant", &["model", "profile", "provider"]),
    ("forge", &["model", "profile", "provider"]),
    ("workspace", &["model", "files", "diagnostics", "yaml", "profile", "vault", "ledger", "policy", "delivery"]),
    ("apply", &["model", "files", "diagnostics", "profile", "vault", "ledger", "plan", "provider", "delivery", "grant"]),
    ("render", &["model", "diagnostics", "yaml", "profile", "plan", "inventory", "workspace"]),
    ("trust", &["model", "diagnostics", "yaml", "profile", "plan", "workspace"]),
    ("adopt", &["model", "files", "diagnostics", "yaml", "profile", "ledger", "plan", "workspace", "apply"]),
    (
        "cli",
        &[
            "adopt",
            "model",
            "files",
            "git",
            "diagnostics",
            "profile",
            "vault",
            "ledger",
            "plan",
            "policy",
            "inventory",
            "provider",
            "delivery",
            "grant",
            "forge",
            "workspace",
            "apply",
            "render",
            "trust",
        ],
    ),
    ("main", &["cli"]),
];

/// Words that only some places may use.
pub struct Ban {
    pub rule: &'static str,
    /// Beginnings of paths below `src/`; empty: everywhere.
    pub within: &'static [&'static str],
    /// Beginnings of paths that may, and why.
    pub except: &'static [(&'static str, &'static str)],
    pub pattern: &'static str,
}

impl Ban {
    pub fn regex(&self) -> Regex {
        // ASCII alone: many times faster without optimization.
        RegexBuilder::new(self.pattern).unicode(false).build().expect("a regular expression")
    }
}

pub const BANS: &[Ban] = &[
    Ban {
        rule: "plan, model and the readers of text are pure",
        within: &["plan", "policy", "inventory", "trust", "model", "diagnostics", "profile", "yaml", "render"],
        except: &[("policy/stack", "deep expressions need a stack of their own")],
        pattern: r"\b(tokio|reqwest|getrandom|std::(fs|env|net|process|thread)|SystemTime|Instant|Timestamp::now|Zoned::now|async fn|\.await)\b",
    },
    Ban {
        rule: "only `files` writes files",
        within: &[],
        except: &[("files", "it is the module that writes")],
        pattern: r"\bfs::(\{[^}]*)?\b(write|rename|remove_\w+|create_dir\w*|copy|hard_link|soft_link|set_permissions|OpenOptions)\b|\bFile::(create|create_new|options)\b|\bOpenOptions\b|\bNamedTempFile\b|\btempfile\b|\.persist\(|\.set_len\(|\bfs::symlink(_dir|_file)?\(",
    },
    Ban {
        rule: "only the transport opens sockets",
        within: &[],
        except: &[
            ("provider/transport", "it is the module that sends"),
            ("grant/redirect", "it takes the one answer of a browser, on loopback alone"),
        ],
        pattern: r"\breqwest::([^U\s]|U[^r])|\bhyper\b|\btokio::net\b|\b(TcpStream|TcpListener|UdpSocket|UnixStream)\b",
    },
    Ban {
        rule: "only `cli` reads the environment and the clock",
        within: &[],
        except: &[
            ("cli", "it hands both on as values"),
            ("provider/exchange", "retries end after real seconds, whatever the clock of plans says"),
            ("provider/transport", "the rate limit counts real time"),
        ],
        pattern: r"\bstd::env\b|\benv::(var|vars|args|current_dir|temp_dir|home_dir)|\b(Timestamp|Zoned)::now\b|\bSystemTime\b|\bInstant\b|\bDefaultClock\b",
    },
    Ban {
        rule: "only `cli` speaks to the terminal",
        within: &[],
        except: &[("cli", "it is the module that speaks")],
        pattern: r"\b(print|println|eprint|eprintln|dbg)!|\bstd(in|out|err)\(\)|\brpassword\b",
    },
    Ban {
        rule: "only `cli` and `git` run programs, only `cli` listens for signals",
        within: &[],
        except: &[
            ("cli", "credentials can come from a command"),
            ("git/program", "it runs `git`, and nothing else"),
            ("main", "it returns the exit code"),
        ],
        pattern: r"\b(std|tokio)::process\b|\bCommand::new\b|\btokio::signal\b",
    },
    Ban {
        rule: "randomness comes from few places",
        within: &[],
        except: &[
            ("cli", "markers are drawn there"),
            ("provider/keyring", "it makes tokens"),
            ("provider/exchange", "signatures have nonces"),
            ("delivery/github_actions", "sealed boxes have keys of their own"),
        ],
        pattern: r"\bgetrandom\b|\bOsRng\b|\bthread_rng\b|\brand::",
    },
    Ban {
        rule: "only `yaml` knows the YAML library",
        within: &[],
        except: &[("yaml", "it is the reader")],
        pattern: r"\bserde_(yaml|saphyr)\b",
    },
    Ban {
        rule: "what is shown or written has an order",
        within: &["plan", "policy", "inventory", "render", "ledger", "apply"],
        except: &[],
        pattern: r"\bHash(Map|Set)\b",
    },
    Ban { rule: "nothing unwraps, nothing is left to do", within: &[], except: &[], pattern: r"\.unwrap\(\)|\b(todo|unimplemented)!" },
    Ban { rule: "lints are expected with a reason", within: &[], except: &[], pattern: r"#!?\[(allow|warn)\(" },
];

/// Names that say nothing, `mod.rs` among them.
pub const FORBIDDEN_NAMES: [&str; 9] = ["utils", "util", "helpers", "common", "types", "manager", "context", "prelude", "mod"];

/// The most lines of a file, its tests not counted.
pub const LONGEST: usize = 400;

/// Names of modules that a file must not use.
pub fn strays(source: &Source) -> Vec<String> {
    let module = source.module();
    let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == module) else {
        return if source.path == "lib.rs" { Vec::new() } else { vec![format!("{}: `{module}` is not in the table", source.path)] };
    };
    let stray = |name: &str| name != module && ARROWS.iter().any(|(known, _)| known == &name) && !allowed.contains(&name);
    let strays = source.names.iter().filter(|(_, name)| stray(name));
    strays.map(|(line, name)| format!("{}:{line}: `{module}` must not name `{name}`", source.path)).collect()
}

/// Uses of a banned word in a file.
pub fn violations(ban: &Ban, source: &Source) -> Vec<String> {
    let concerned = ban.within.is_empty() || ban.within.iter().any(|place| source.path.starts_with(place));
    if !concerned || ban.except.iter().any(|(place, _)| source.path.starts_with(place)) {
        return Vec::new();
    }
    let pattern = ban.regex();
    let found = pattern.find_iter(source.code.as_bytes());
    found
        .map(|found| {
            format!("{}:{}: `{}`: {}", source.path, source.line_of(found.start()), String::from_utf8_lossy(found.as_bytes()), ban.rule)
        })
        .collect()
}

#[test]
fn a_stray_arrow_is_found() {
    let of = |path: &str, text: &str| strays(&Source::new(path, text));
    assert_eq!(of("plan/x.rs", "use crate::provider::Provider;").len(), 1);
    assert_eq!(of("plan/x.rs", "\nuse crate::{model::Key, cli};"), ["plan/x.rs:2: `plan` must not name `cli`"]);
    assert_eq!(of("plan/x.rs", "fn f() { super::super::render::json(1) }").len(), 1);
    assert_eq!(of("plan.rs", "use super::apply;").len(), 1);
    assert_eq!(of("newcomer.rs", "").len(), 1);
    assert_eq!(of("plan/x.rs", "// crate::cli\nuse crate::model::Key; use super::cli; const A: &str = \"crate::cli\";").len(), 0);
    assert_eq!(of("plan/x.rs", "#[cfg(test)]\nmod tests {\n use crate::cli;\n}\n").len(), 0);
}

#[test]
fn a_banned_word_is_found() {
    let found = |path: &str, text: &str| -> usize { BANS.iter().map(|ban| violations(ban, &Source::new(path, text)).len()).sum() };
    let planted = [
        ("plan/x.rs", "use std::fs;"),
        ("plan/x.rs", "let t: HashMap<u8, u8>;"),
        ("apply/x.rs", "fs::write(path, bytes)?;"),
        ("apply/x.rs", "use std::fs::{self, remove_file};"),
        ("vault/x.rs", "File::create(path)"),
        ("provider/http.rs", "use reqwest::Client;"),
        ("provider/http.rs", "use tokio::net::TcpStream;"),
        ("apply/x.rs", "let now = Timestamp::now();"),
        ("workspace/x.rs", "std::env::var(\"X\")"),
        ("apply/x.rs", "eprintln!(\"x\");"),
        ("apply/x.rs", "io::stdout().lock()"),
        ("workspace/x.rs", "serde_yaml::from_str(x)"),
        ("cli/x.rs", "x.unwrap()"),
        ("cli/x.rs", "#[allow(dead_code)]"),
        ("vault/x.rs", "std::process::exit(1)"),
        ("git/x.rs", "tokio::process::Command::new(program)"),
        ("plan/x.rs", "getrandom::fill(&mut x)"),
    ];
    for (path, text) in planted {
        assert!(found(path, text) > 0, "{path}: {text}");
    }
    let harmless = [
        ("files.rs", "fs::write(path, bytes)?;"),
        ("workspace/x.rs", "use reqwest::Url; let about = fs::symlink_metadata(path);"),
        ("apply/x.rs", "files::write(path, bytes)?; error.use_stderr(); x.unwrap_or_default();"),
        ("cli/x.rs", "let now = Timestamp::now();"),
        ("plan/x.rs", "/* std::fs */ const A: &str = r#\"println!(\"x\")\"#;"),
        ("plan/x.rs", "#[cfg(test)]\nfn f() { x.unwrap() }"),
    ];
    for (path, text) in harmless {
        assert_eq!(found(path, text), 0, "{path}: {text}");
    }
}
