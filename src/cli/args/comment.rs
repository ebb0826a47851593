//! The arguments of `comment`.
use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Args)]
pub struct CommentArgs {
    /// What `plan -o markdown=FILE` wrote; `-`: standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// At GitHub: the repository (default in GitHub Actions: its own)
    #[arg(long, value_name = "OWNER/REPO", conflicts_with_all = ["gitlab", "merge_request"])]
    pub github: Option<String>,
    /// The pull request (default in GitHub Actions: the one that the job runs for)
    #[arg(long, value_name = "NUMBER", conflicts_with_all = ["gitlab", "merge_request"])]
    pub pull_request: Option<u32>,
    /// At GitLab: the project, by its number or path (default in GitLab CI: its own)
    #[arg(long, value_name = "PROJECT")]
    pub gitlab: Option<String>,
    /// The merge request (default in GitLab CI: the one that the job runs for)
    #[arg(long, value_name = "IID")]
    pub merge_request: Option<u32>,
    /// The address of the API of an own server.
    #[arg(
        help = "The address of the API of an own server, such as https://github.example/api/v3 or https://gitlab.example/api/v4",
        long,
        value_name = "URL"
    )]
    pub api: Option<String>,
    /// The variable that holds the token (default: GITHUB_TOKEN or GITLAB_TOKEN)
    #[arg(long, value_name = "NAME")]
    pub token_env: Option<String>,
    /// Whose comments are ours (default: those of the token's own user); apps as `name[bot]`
    #[arg(long, value_name = "LOGIN")]
    pub author: Option<String>,
}
