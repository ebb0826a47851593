//! What `git` is told of the environment, and where the program is. Reads no variable itself.
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::GitError;

/// Variables of git that a user may need to reach and authenticate at a remote, or to say who they are. Configuration of higher rank cannot come in by
/// them: our own settings are given on the command line, which wins. Every other `GIT_…` is taken out, among them `GIT_DIR`, `GIT_INDEX_FILE`,
/// `GIT_OBJECT_DIRECTORY`, `GIT_NAMESPACE`, `GIT_ALLOW_PROTOCOL`, `GIT_CONFIG_PARAMETERS`, and `GIT_TRACE…`, which would print credentials.
const KEPT: &[&str] = &[
    "GIT_ASKPASS",
    "GIT_AUTHOR_EMAIL",
    "GIT_AUTHOR_NAME",
    "GIT_COMMITTER_EMAIL",
    "GIT_COMMITTER_NAME",
    "GIT_CONFIG_COUNT",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_NOSYSTEM",
    "GIT_CONFIG_SYSTEM",
    "GIT_HTTP_PROXY_AUTHMETHOD",
    "GIT_PROXY_COMMAND",
    "GIT_PROXY_SSL_CAINFO",
    "GIT_PROXY_SSL_CERT",
    "GIT_PROXY_SSL_KEY",
    "GIT_SSH",
    "GIT_SSH_COMMAND",
    "GIT_SSH_VARIANT",
    "GIT_SSL_CAINFO",
    "GIT_SSL_CAPATH",
    "GIT_SSL_CERT",
    "GIT_SSL_KEY",
    "GIT_SSL_NO_VERIFY",
];

/// Beginnings of kept names that end in a number: one setting each, counted by `GIT_CONFIG_COUNT`.
const KEPT_NUMBERED: &[&str] = &["GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_"];

/// The environment of every `git` that runs. May hold credentials: it cannot be printed.
#[derive(Clone)]
pub struct Environment {
    variables: BTreeMap<OsString, OsString>,
}

impl Environment {
    /// Scrubs the variables of this process.
    pub fn new(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let mut variables: BTreeMap<_, _> = variables.into_iter().filter(|(name, _)| passes(name)).collect();
        for (name, value) in [("GIT_TERMINAL_PROMPT", "0"), ("GIT_ATTR_NOSYSTEM", "1"), ("LC_ALL", "C")] {
            variables.insert(name.into(), value.into());
        }
        variables.remove(OsStr::new("LANGUAGE"));
        Self { variables }
    }

    /// The same without some variables, such as those that hold admin credentials: neither git nor its helpers need them.
    #[must_use]
    pub fn without<'n>(mut self, names: impl IntoIterator<Item = &'n str>) -> Self {
        for name in names {
            self.variables.remove(OsStr::new(name));
        }
        self
    }

    pub(super) fn variables(&self) -> impl Iterator<Item = (&OsString, &OsString)> {
        self.variables.iter()
    }

    /// The first `git` of the search path. Relative entries are passed over: a repository must not bring its own.
    pub(super) fn program(&self) -> Result<PathBuf, GitError> {
        let (separator, name) = if cfg!(windows) { (';', "git.exe") } else { (':', "git") };
        let path = self.variables.iter().find(|(name, _)| name.eq_ignore_ascii_case("PATH")).map(|(_, path)| path.to_string_lossy());
        let candidates = path.as_deref().unwrap_or_default().split(separator).map(|directory| Path::new(directory).join(name));
        candidates.filter(|path| path.is_absolute()).find(|path| is_program(path)).ok_or(GitError::NoProgram)
    }
}

fn passes(name: &OsStr) -> bool {
    let Some(name) = name.to_str() else { return true };
    let numbered = |kept: &str| name.strip_prefix(kept).is_some_and(|number| number.parse::<u32>().is_ok());
    !name.to_ascii_uppercase().starts_with("GIT_") || KEPT.contains(&name) || KEPT_NUMBERED.iter().any(|kept| numbered(kept))
}

#[cfg(unix)]
fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata().is_ok_and(|about| about.is_file() && about.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(path: &Path) -> bool {
    path.is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Environment {
        Environment::new(variables.iter().map(|(name, value)| (OsString::from(name), OsString::from(value))))
    }

    fn names(environment: &Environment) -> Vec<&str> {
        environment.variables().filter_map(|(name, _)| name.to_str()).collect()
    }

    #[test]
    fn only_what_authenticates_is_left_of_git() {
        let environment = of(&[
            ("GIT_DIR", "/elsewhere"),
            ("GIT_TRACE_CURL", "1"),
            ("GIT_CONFIG_PARAMETERS", "'core.hooksPath=x'"),
            ("GIT_ALLOW_PROTOCOL", "ext"),
            ("GIT_TERMINAL_PROMPT", "1"),
            ("git_dir", "/elsewhere"),
            ("GIT_CONFIG_KEY_x", "a"),
            ("GIT_SSH_COMMAND", "ssh -i key"),
            ("GIT_CONFIG_COUNT", "1"),
            ("GIT_CONFIG_KEY_0", "http.extraHeader"),
            ("SSH_AUTH_SOCK", "/run/agent"),
            ("HTTPS_PROXY", "http://proxy"),
            ("HOME", "/home/me"),
            ("LANGUAGE", "de"),
            ("ADMIN_KEY", "kw example"),
        ]);
        let kept = ["GIT_CONFIG_COUNT", "GIT_CONFIG_KEY_0", "GIT_SSH_COMMAND", "HOME", "HTTPS_PROXY", "SSH_AUTH_SOCK"];
        let set = ["GIT_ATTR_NOSYSTEM", "GIT_TERMINAL_PROMPT", "LC_ALL"];
        let mut expected = [&kept[..], &set[..]].concat();
        expected.sort_unstable();
        assert_eq!(names(&environment.clone().without(["ADMIN_KEY"])), expected);
        assert_eq!(environment.variables[OsStr::new("GIT_TERMINAL_PROMPT")], "0");
    }

    #[test]
    fn git_is_found_on_the_path_and_never_beside_the_repository() {
        assert!(matches!(of(&[]).program(), Err(GitError::NoProgram)));
        assert!(matches!(of(&[("PATH", ".::bin:/nowhere")]).program(), Err(GitError::NoProgram)));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let directory = tempfile::tempdir().expect("a directory");
            let git = directory.path().join("git");
            let path = format!(".:/nowhere:{}", directory.path().display());
            std::fs::write(&git, "").expect("written");
            assert!(of(&[("PATH", &path)]).program().is_err(), "not executable");
            std::fs::set_permissions(&git, PermissionsExt::from_mode(0o755)).expect("set");
            assert_eq!(of(&[("PATH", &path)]).program().expect("found"), git);
        }
    }
}
