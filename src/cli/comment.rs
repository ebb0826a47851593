//! `comment`: keeps one comment with the plan at a pull request or merge request.
use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use zeroize::Zeroizing;

use super::apply::block_on;
use super::args::CommentArgs;
use super::exit::{Exit, Stop};
use super::host::Host;
use super::print;
use crate::apply::Surroundings;
use crate::diagnostics::{Code, Diagnostic, Severity};
use crate::files;
use crate::forge::body::MOST_BYTES;
use crate::forge::github::{self, GitHub};
use crate::forge::gitlab::{self, GitLab};
use crate::forge::{self, Access, Body, Forge, ForgeError, Patience, Written};
use crate::render::count;

/// Where the comment goes.
#[derive(Debug, PartialEq, Eq)]
struct Target {
    kind: Kind,
    /// `owner/name`, or a project.
    repository: String,
    number: u32,
    api: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    GitHub,
    GitLab,
}

impl Kind {
    fn token_variable(self) -> &'static str {
        match self {
            Self::GitHub => "GITHUB_TOKEN",
            Self::GitLab => "GITLAB_TOKEN",
        }
    }
}

pub fn run(host: &Host, args: &CommentArgs) -> Result<Exit, Stop> {
    let target = target(args, |name| host.variable(name))?;
    let body = body(&args.file)?;
    let token = token(host, args.token_env.as_deref().unwrap_or_else(|| target.kind.token_variable()))?;
    let access = Access { url: &target.api, token, author: args.author.as_deref(), patience: host };
    let failed = |error: ForgeError| not_done(&target, &error);
    let forge: Box<dyn Forge + '_> = match target.kind {
        Kind::GitHub => Box::new(GitHub::open(access, &target.repository, target.number).map_err(failed)?),
        Kind::GitLab => Box::new(GitLab::open(access, &target.repository, target.number).map_err(failed)?),
    };
    let done = block_on(forge::upsert(forge.as_ref(), &body, host))?.map_err(failed)?;
    let written = match done.written {
        Written::Created => "created",
        Written::Edited => "edited",
        Written::Unchanged => "unchanged",
    };
    let (retired, how) = match target.kind {
        Kind::GitHub => (done.retired, "minimised"),
        Kind::GitLab => (done.retired, "superseded"),
    };
    let older = if retired == 0 { String::new() } else { format!(", {} {how}", count(retired, "older one")) };
    print(format!("{}: comment {written}{older}\n", place(&target)))?;
    if done.left.is_empty() {
        return Ok(Exit::Done);
    }
    let found = done.left.iter().map(|error| {
        let message = format!("an older comment at {} still stands open: {error}", place(&target));
        let diagnostic = Diagnostic::new(Code::CommentStale, Severity::Warning, message);
        Stop::with(Exit::Partial, diagnostic.help("run the command again, or hide it by hand: its plan is not the present one")).diagnostics
    });
    Err(Stop::located(Exit::Partial, found.flatten().collect()))
}

fn place(target: &Target) -> String {
    let sign = match target.kind {
        Kind::GitHub => '#',
        Kind::GitLab => '!',
    };
    format!("{}{sign}{}", target.repository, target.number)
}

fn not_done(target: &Target, error: &ForgeError) -> Stop {
    let (code, help) = match error {
        ForgeError::Local(message) => return Stop::message(message.clone()),
        ForgeError::Unauthenticated(_) => (Code::CommentRefused, "give the job a token that is alive"),
        ForgeError::Forbidden(_) => {
            (Code::CommentRefused, "at GitHub the job needs `permissions: pull-requests: write`, at GitLab the token needs the scope `api`")
        }
        ForgeError::NotFound(_) => (Code::CommentRefused, "look at the repository and the number, and at what the token can see"),
        ForgeError::Refused(_) => {
            (Code::CommentRefused, "nothing was written by the last request; mend what it says and run the command again")
        }
        ForgeError::Throttled(_) => (Code::CommentUnanswered, "run the command again later: it finds what is there"),
        ForgeError::Unreachable(_) => (Code::CommentUnanswered, "look at the network, and run the command again"),
        ForgeError::Unanswered(_) => {
            (Code::CommentUnanswered, "run the command again: it finds what is there, and makes no second comment")
        }
    };
    let message = format!("the comment at {} is not in place: {error}", place(target));
    Stop::with(Exit::Error, Diagnostic::error(code, message).help(help))
}

/// Where to, by the arguments, else by the variables of the CI that this runs in.
fn target(args: &CommentArgs, variable: impl Fn(&str) -> Option<String>) -> Result<Target, Stop> {
    let is_github = args.github.is_some() || args.pull_request.is_some();
    let is_gitlab = args.gitlab.is_some() || args.merge_request.is_some();
    let kind = match (is_github, is_gitlab) {
        (true, _) => Kind::GitHub,
        (false, true) => Kind::GitLab,
        (false, false) if variable("GITHUB_ACTIONS").is_some() => Kind::GitHub,
        (false, false) if variable("GITLAB_CI").is_some() => Kind::GitLab,
        (false, false) => {
            let message = "where to is unknown: give `--github OWNER/REPO --pull-request NUMBER` or `--gitlab PROJECT --merge-request IID`";
            return Err(Stop::message(message));
        }
    };
    let number = |text: String| text.parse::<u32>().ok().filter(|number| *number > 0);
    let (repository, found, api, missing) = match kind {
        Kind::GitHub => {
            let of_ref = |text: String| number(text.strip_prefix("refs/pull/")?.split('/').next()?.to_owned());
            let found = args.pull_request.or_else(|| variable("GITHUB_REF").and_then(of_ref));
            let api = match &args.api {
                Some(api) => github::graphql(api),
                None => variable("GITHUB_GRAPHQL_URL")
                    .unwrap_or_else(|| github::graphql(&variable("GITHUB_API_URL").unwrap_or_else(|| github::API.to_owned()))),
            };
            (args.github.clone().or_else(|| variable("GITHUB_REPOSITORY")), found, api, ["--github", "--pull-request"])
        }
        Kind::GitLab => {
            let found = args.merge_request.or_else(|| variable("CI_MERGE_REQUEST_IID").and_then(number));
            let api = args.api.clone().or_else(|| variable("CI_API_V4_URL")).unwrap_or_else(|| gitlab::API.to_owned());
            (args.gitlab.clone().or_else(|| variable("CI_PROJECT_ID")), found, api, ["--gitlab", "--merge-request"])
        }
    };
    match (repository, found.filter(|number| *number > 0)) {
        (Some(repository), Some(number)) => Ok(Target { kind, repository, number, api }),
        (None, _) => Err(Stop::message(format!("the repository is unknown: give `{}`", missing[0]))),
        (Some(_), None) => Err(Stop::message(format!("the change is unknown: give `{}`", missing[1]))),
    }
}

/// The text, when it may be posted.
fn body(file: &Path) -> Result<Body, Stop> {
    let shown = if file == Path::new("-") { "standard input".to_owned() } else { file.display().to_string() };
    let bytes = bytes(file).map_err(|error| Stop::message(format!("cannot read {shown}: {error}")))?;
    Body::new(&bytes).map_err(|error| {
        let diagnostic = Diagnostic::error(Code::CommentBody, format!("{shown} is not posted: {error}"));
        Stop::with(Exit::Error, diagnostic.help("post what `keywright plan -o markdown=FILE` wrote, unchanged; nothing was sent"))
    })
}

/// At most one byte more than can be posted. A link is not followed: an artifact could lead out of itself.
fn bytes(file: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let most = MOST_BYTES as u64 + 1;
    if file == Path::new("-") {
        io::stdin().lock().take(most).read_to_end(&mut bytes)?;
    } else {
        files::open_regular(file)?.0.take(most).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

fn token(host: &Host, name: &str) -> Result<Zeroizing<String>, Stop> {
    let refuse = |message: String| {
        Stop::with(
            Exit::Error,
            Diagnostic::error(Code::CommentToken, message).help("tokens are taken from the environment alone; nothing was sent"),
        )
    };
    let text = host.variable(name).map(Zeroizing::new);
    let text = text.ok_or_else(|| refuse(format!("there is no token: the variable `{}` is not set, or empty", name.escape_debug())))?;
    let token = Zeroizing::new(text.trim().to_owned());
    let plain = token.chars().all(|character| character.is_ascii_graphic());
    if plain { Ok(token) } else { Err(refuse(format!("what the variable `{}` holds is no token", name.escape_debug()))) }
}

#[async_trait(?Send)]
impl Patience for Host {
    fn now(&self) -> Timestamp {
        self.clock().now()
    }

    async fn wait(&self, time: Duration, why: &str) {
        self.note(&format!("waiting {} seconds: {why}", time.as_secs()));
        Surroundings::wait(self, time).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(arguments: &[&str], environment: &[(&str, &str)]) -> Option<(Kind, String, u32, String)> {
        use clap::Parser as _;
        let line = ["keywright", "comment", "plan.md"].iter().chain(arguments);
        let arguments = super::super::args::Arguments::try_parse_from(line).expect("arguments");
        let super::super::args::Command::Comment(args) = arguments.command else { panic!("another command") };
        let variable = |name: &str| environment.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let target = target(&args, variable).ok()?;
        Some((target.kind, target.repository, target.number, target.api))
    }

    #[test]
    fn where_to_is_told_by_arguments_and_ci() {
        let github = |repository: &str, number, api: &str| Some((Kind::GitHub, repository.to_owned(), number, api.to_owned()));
        let gitlab = |project: &str, number, api: &str| Some((Kind::GitLab, project.to_owned(), number, api.to_owned()));
        let actions = [
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_REPOSITORY", "acme/keys"),
            ("GITHUB_REF", "refs/pull/7/merge"),
            ("GITHUB_API_URL", "https://ghe.example/api/v3"),
            ("GITHUB_GRAPHQL_URL", "https://ghe.example/api/graphql"),
        ];
        let ci =
            [("GITLAB_CI", "true"), ("CI_PROJECT_ID", "12"), ("CI_MERGE_REQUEST_IID", "3"), ("CI_API_V4_URL", "https://gl.example/api/v4")];
        let graphql = "https://api.github.com/graphql";
        assert_eq!(found(&["--github", "a/b", "--pull-request", "1"], &[]), github("a/b", 1, graphql));
        assert_eq!(found(&[], &actions), github("acme/keys", 7, "https://ghe.example/api/graphql"));
        assert_eq!(found(&["--pull-request", "9"], &actions[..4]), github("acme/keys", 9, "https://ghe.example/api/graphql"));
        assert_eq!(found(&["--api", "http://127.0.0.1:1"], &actions), github("acme/keys", 7, "http://127.0.0.1:1/graphql"));
        assert_eq!(found(&[], &ci), gitlab("12", 3, "https://gl.example/api/v4"));
        assert_eq!(found(&["--gitlab", "g/p", "--merge-request", "4"], &actions), gitlab("g/p", 4, gitlab::API));
        assert_eq!(found(&[], &[]), None);
        assert_eq!(found(&["--github", "a/b"], &[("GITHUB_REF", "refs/heads/main")]), None);
        assert_eq!(found(&["--pull-request", "0", "--github", "a/b"], &[]), None);
        assert_eq!(found(&["--merge-request", "1"], &[]), None);
    }
}
